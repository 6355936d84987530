//! States of aggregates inside the server: any order of merging, and memory.

#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    fn count(query: &str) -> i64 {
        Spi::get_one(query).unwrap().unwrap()
    }

    fn run(command: &str) {
        Spi::run(command).unwrap();
    }

    /// The twins of some aggregates, as projections derive them, and values.
    fn prepare() {
        run("INSERT INTO pganalytics_data.state_key (key) VALUES (gen_random_uuid())");
        for (twin, serial) in [
            ("stddev_state(numeric)", ["numeric_accum", "numeric"]),
            ("sum_state(bigint)", ["int8_avg_accum", "int8_avg"]),
        ] {
            let [transition, of] = serial;
            run(&format!(
                "CREATE AGGREGATE {twin} (SFUNC = {transition}, STYPE = internal, COMBINEFUNC = {of}_combine,
                     SERIALFUNC = {of}_serialize, DESERIALFUNC = {of}_deserialize,
                     FINALFUNC = pganalytics.serialize_state, FINALFUNC_MODIFY = read_write)"
            ));
        }
        run(
            "CREATE AGGREGATE sketch_state(anyelement) (SFUNC = pganalytics.hll_transition,
                 STYPE = pganalytics.hyperloglog, COMBINEFUNC = pganalytics.hll_combine);
             CREATE AGGREGATE sketch_count(anyelement) (SFUNC = pganalytics.hll_transition,
                 STYPE = pganalytics.hyperloglog, COMBINEFUNC = pganalytics.hll_combine,
                 FINALFUNC = pganalytics.hll_final_cardinality);
             CREATE AGGREGATE mean_state(integer) (SFUNC = int4_avg_accum, STYPE = bigint[], INITCOND = '{0,0}',
                 COMBINEFUNC = int4_avg_combine);
             CREATE AGGREGATE corr_state(float8, float8) (SFUNC = float8_regr_accum, STYPE = float8[],
                 INITCOND = '{0,0,0,0,0,0}', COMBINEFUNC = float8_regr_combine);
             CREATE TEMP TABLE numbers AS SELECT i, CASE WHEN i % 11 > 0 THEN i * 7919 % 1000 END AS x
                 FROM generate_series(1, 2000) i",
        );
    }

    /// Splits the values at random, merges the states in random trees, and compares the
    /// results with that of the whole. Some parts have no values.
    fn trees(aggregate: &str, twin: &str, result: &str, arguments: &str) {
        let name = aggregate.split('(').next().unwrap_or_default();
        run(&format!(
            "DO $$
             DECLARE
                 whole {result} := (SELECT {name}({arguments}) FROM numbers);
                 finished {result};
                 a int;
                 b int;
             BEGIN
                 PERFORM setseed(0.5);
                 FOR round IN 1..10 LOOP
                     CREATE TEMP TABLE forest AS
                     SELECT row_number() OVER (ORDER BY random()) AS n, s FROM (
                         SELECT {twin}({arguments}) AS s
                         FROM (SELECT *, floor(random() * 20) AS part FROM numbers OFFSET 0) p GROUP BY part
                         UNION ALL SELECT {twin}({arguments}) FROM numbers WHERE false) q;
                     WHILE (SELECT count(*) FROM forest) > 1 LOOP
                         SELECT n INTO a FROM forest ORDER BY random() LIMIT 1;
                         SELECT n INTO b FROM forest WHERE n <> a ORDER BY random() LIMIT 1;
                         UPDATE forest l SET s = pganalytics.merge_state(l.s, r.s, '{aggregate}')
                         FROM forest r WHERE l.n = a AND r.n = b;
                         DELETE FROM forest WHERE n = b;
                     END LOOP;
                     SELECT pganalytics.finish_state(s, '{aggregate}', NULL::{result}) INTO finished FROM forest;
                     IF abs(finished - whole) > 1e-9 OR finished IS NULL THEN
                         RAISE EXCEPTION '{aggregate}: % instead of %', finished, whole;
                     END IF;
                     DROP TABLE forest;
                 END LOOP;
             END $$"
        ));
        let many = count(&format!(
            "SELECT count(*) FROM (SELECT pganalytics.merge_states(s, '{aggregate}') AS s FROM (
                 SELECT {twin}({arguments}) AS s FROM numbers GROUP BY i % 17) p) q
             WHERE abs(pganalytics.finish_state(s, '{aggregate}', NULL::{result})
                       - (SELECT {name}({arguments}) FROM numbers)) < 1e-9"
        ));
        assert_eq!(many, 1, "{aggregate}");
    }

    #[pg_test]
    fn states_merge_in_any_order() {
        prepare();
        trees("stddev(numeric)", "stddev_state", "numeric", "x::numeric");
        trees("sum(bigint)", "sum_state", "numeric", "x::bigint");
        trees("sketch_count(anyelement)", "sketch_state", "bigint", "x");
        trees("avg(integer)", "mean_state", "numeric", "x");
        trees(
            "corr(float8,float8)",
            "corr_state",
            "float8",
            "x, x + i % 7",
        );
        trees("max(integer)", "max", "integer", "x");
    }

    /// Something kept for each call would come to tens of MB.
    #[pg_test]
    fn merging_takes_no_memory() {
        prepare();
        let resident = "SELECT split_part(pg_read_file('/proc/self/statm'), ' ', 2)::bigint";
        let work = "SELECT count(pganalytics.merge_state(s, t, 'stddev(numeric)'))
                         + count(pganalytics.merge_state(c, c, 'corr(float8,float8)'))
                         + count(pganalytics.finish_state(c, 'corr(float8,float8)', NULL::float8))
                         + count(pganalytics.finish_state(s, 'stddev(numeric)', NULL::numeric))
                         + length(pganalytics.merge_states(s, 'stddev(numeric)'))
                         + cardinality(pganalytics.merge_states(c, 'corr(float8,float8)'))
                    FROM (SELECT stddev_state(x) AS s, stddev_state(x * 1000) AS t, corr_state(x, i) AS c FROM numbers) p,
                         generate_series(1, 60000)";
        count(work);
        let before = count(resident);
        for _ in 0..3 {
            count(work);
        }
        let grown = (count(resident) - before) * 4;
        assert!(grown < 5_000, "grown by {grown} kB");
    }

    /// Kept with the call for one aggregate at a time.
    #[pg_test]
    fn aggregates_may_change_from_row_to_row() {
        let wrong = count(
            "SELECT count(*) FROM generate_series(1, 1000) AS i,
                 unnest(ARRAY['max(integer)', 'min(integer)']::regprocedure[]) AS a
             WHERE pganalytics.merge_state(i, 500, a)
                   <> CASE a WHEN 'max(integer)'::regprocedure THEN greatest(i, 500) ELSE least(i, 500) END",
        );
        assert_eq!(wrong, 0);
    }
}
