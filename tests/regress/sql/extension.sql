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

-- Everything says what it is for, each column of a view too.
SELECT pg_describe_object(m.classid, m.objid, 0) AS silent
FROM pg_depend m JOIN pg_extension x ON m.refclassid = 'pg_extension'::regclass AND m.refobjid = x.oid
WHERE x.extname = 'pg_analytics' AND m.deptype = 'e' AND obj_description(m.objid, m.classid::regclass::name) IS NULL
UNION ALL
SELECT format('column %s of %s', a.attname, v.oid::regclass)
FROM pg_class v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
WHERE v.relnamespace = 'pganalytics'::regnamespace AND v.relkind = 'v' AND col_description(v.oid, a.attnum) IS NULL
ORDER BY 1;
