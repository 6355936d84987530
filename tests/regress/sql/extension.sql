-- CREATE EXTENSION in a database of its own, and what it brings.
CREATE DATABASE regress_extension;
\connect regress_extension
CREATE EXTENSION pg_analytics;
SELECT extname, extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_analytics';

-- The schemas it brings; nothing is left of them afterwards.
SELECT o.identity
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_analytics',
     pg_identify_object(d.classid, d.objid, 0) o
WHERE d.deptype = 'e' AND o.type = 'schema'
ORDER BY 1;

DROP EXTENSION pg_analytics;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pganalytics%';
\connect regression
DROP DATABASE regress_extension;
