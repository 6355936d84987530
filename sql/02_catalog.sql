-- What the extension knows of event tables and projections. Relations are kept
-- as regclass, which dumps as a name; indexes are not, because a restore makes
-- them after it has loaded these tables. No foreign keys: a parallel restore loads
-- the tables in any order. Their owner alone writes here.

CREATE SEQUENCE pganalytics_data.event_table_id AS integer;
COMMENT ON SEQUENCE pganalytics_data.event_table_id IS 'numbers of event tables, used in the names of what belongs to them';

CREATE TABLE pganalytics_data.event_table (
    id integer PRIMARY KEY,
    relation regclass NOT NULL UNIQUE,
    position_sequence regclass NOT NULL UNIQUE,
    heads regclass NOT NULL,
    versions text NOT NULL CHECK (versions IN ('auto', 'optional', 'required')),
    dedup_window interval CHECK (dedup_window >= interval '0'),
    segment_interval interval NOT NULL CHECK (segment_interval > interval '0'),
    segment_size bigint CHECK (segment_size > 0),
    retention interval CHECK (retention > interval '0'),
    allowed_lateness interval CHECK (allowed_lateness >= interval '0'),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pganalytics_data.event_table IS 'event tables and their options';

CREATE TABLE pganalytics_data.segment (
    relation regclass PRIMARY KEY,
    event_table integer NOT NULL,
    number integer NOT NULL,
    state text NOT NULL
        CHECK (state IN ('spare', 'active', 'closing', 'shut', 'sealed', 'bounded', 'frozen')),
    -- Virtual ids of the transactions that must end before the next state.
    holders text[],
    roll_requested boolean NOT NULL DEFAULT false,
    -- Ids are entered into ledger and next_ledger, and looked up in past_ledger too.
    ledger regclass,
    next_ledger regclass,
    past_ledger regclass,
    active_since timestamptz,
    closed_at timestamptz,
    rows bigint,
    first_position bigint,
    last_position bigint,
    first_occurred_at timestamptz,
    last_occurred_at timestamptz,
    last_txid xid8,
    UNIQUE (event_table, number)
);
CREATE UNIQUE INDEX segment_active ON pganalytics_data.segment (event_table) WHERE state = 'active';
COMMENT ON TABLE pganalytics_data.segment IS
    'the partitions of event tables, where they are in their lives, and the ledgers their ids are entered into';

CREATE TABLE pganalytics_data.duplicate (
    event_table integer NOT NULL,
    event_id uuid NOT NULL,
    position bigint NOT NULL,
    times bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE pganalytics_data.duplicate IS
    'events that were skipped because their id is in the log; a row for each time until maintenance adds them up';

CREATE TABLE pganalytics_data.watermark (
    event_table integer PRIMARY KEY,
    checkpoint pg_snapshot NOT NULL,
    watermark timestamptz,
    latest_event timestamptz,
    late_events bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    advanced_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE pganalytics_data.watermark IS
    'the watermarks of event tables, kept also while they are turned off, and how far the log has been read for them';

CREATE TABLE pganalytics_data.incarnation (
    marker uuid PRIMARY KEY,
    epoch integer NOT NULL UNIQUE
);
COMMENT ON TABLE pganalytics_data.incarnation IS
    'the clusters this database has lived in; txids of the later ones are greater';

CREATE SEQUENCE pganalytics_data.projection_id AS integer;
COMMENT ON SEQUENCE pganalytics_data.projection_id IS
    'numbers of projections and of their generations, used in the names of what belongs to them';

CREATE TABLE pganalytics_data.projection (
    id integer PRIMARY KEY,
    relation regclass NOT NULL UNIQUE,
    -- The one that is read, and the one that is built to take its place.
    generation integer NOT NULL UNIQUE,
    successor integer UNIQUE,
    mode text NOT NULL DEFAULT 'async' CHECK (mode IN ('async', 'inline')),
    access_key uuid NOT NULL,
    paused_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    last_error_state text,
    last_error_at timestamptz,
    failures integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE pganalytics_data.projection IS 'projections, and what went wrong last';

CREATE TABLE pganalytics_data.generation (
    id integer PRIMARY KEY,
    projection integer NOT NULL,
    definition regclass NOT NULL,
    state regclass NOT NULL UNIQUE,
    event_table regclass NOT NULL,
    query text NOT NULL,
    settings text[] NOT NULL,
    -- What this covers is none of its business.
    since pg_snapshot NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX generation_projection ON pganalytics_data.generation (projection);
COMMENT ON TABLE pganalytics_data.generation IS
    'the states of projections, the text of their queries and the settings they were created under';

CREATE TABLE pganalytics_data.checkpoint (
    generation integer PRIMARY KEY,
    checkpoint pg_snapshot NOT NULL,
    -- While a backlog is folded in batches: what this snapshot sees from one position
    -- to the other, up to the position reached.
    next pg_snapshot,
    first_position bigint,
    reached_position bigint,
    last_position bigint,
    began_at timestamptz,
    events_folded bigint NOT NULL DEFAULT 0,
    folds bigint NOT NULL DEFAULT 0,
    last_fold timestamptz,
    -- Every transaction folds what it appends; checkpoint says nothing then.
    is_inline boolean NOT NULL DEFAULT false,
    CHECK (num_nulls(next, first_position, reached_position, last_position) IN (0, 4))
) WITH (fillfactor = 50);
COMMENT ON TABLE pganalytics_data.checkpoint IS 'how far the generations of projections have folded';

CREATE TABLE pganalytics_data.dead_letter (
    generation integer NOT NULL,
    event_id uuid NOT NULL,
    position bigint NOT NULL,
    segment integer NOT NULL,
    event_type text NOT NULL,
    aggregate_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    sqlstate text NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    discarded_at timestamptz,
    discarded_by text,
    reason text,
    PRIMARY KEY (generation, position),
    CHECK ((discarded_at IS NULL) = (discarded_by IS NULL) AND (discarded_at IS NULL) = (reason IS NULL))
);
COMMENT ON TABLE pganalytics_data.dead_letter IS
    'events that generations of projections have set aside because their queries fail on them';

-- Whoever knows it can make states that a deserialize function chokes on: nobody but the
-- owner reads it.
CREATE TABLE pganalytics_data.state_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key uuid NOT NULL
);
COMMENT ON TABLE pganalytics_data.state_key IS 'the secret that aggregate states are sealed with; made when the first is';

-- A dump takes the rows whose relations exist: what was dropped leaves its row
-- until the next sweep.
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.event_table',
    'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class)');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.event_table_id', '');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.segment',
    'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class)');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.duplicate', '');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.watermark',
    'WHERE event_table IN (SELECT id FROM pganalytics_data.event_table
                           WHERE relation IN (SELECT oid FROM pg_catalog.pg_class))');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.incarnation', '');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.projection',
    'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class)');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.projection_id', '');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.generation',
    'WHERE state IN (SELECT oid FROM pg_catalog.pg_class) AND projection IN (
         SELECT id FROM pganalytics_data.projection WHERE relation IN (SELECT oid FROM pg_catalog.pg_class))');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.checkpoint',
    'WHERE generation IN (SELECT id FROM pganalytics_data.generation
                          WHERE state IN (SELECT oid FROM pg_catalog.pg_class))');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.dead_letter',
    'WHERE generation IN (SELECT id FROM pganalytics_data.generation
                          WHERE state IN (SELECT oid FROM pg_catalog.pg_class))');
SELECT pg_catalog.pg_extension_config_dump('pganalytics_data.state_key', '');
