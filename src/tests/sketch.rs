//! Sketches inside the server: memory, plans, and what comes in from outside.

#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    fn count(query: &str) -> i64 {
        Spi::get_one(query).unwrap().unwrap()
    }

    fn run(command: &str) {
        Spi::run(command).unwrap();
    }

    /// CDNOW's customers are numbered 00001 to 23570 without gaps.
    #[pg_test]
    fn the_customers_of_cdnow_are_within_three_sigma() {
        let estimate = count(
            "SELECT pganalytics.approx_count_distinct(lpad(i::text, 5, '0'))
             FROM generate_series(1, 23570) AS i",
        );
        assert!(
            (estimate - 23_570).abs() < 23_570 * 3 * 104 / 100 / 128,
            "{estimate}"
        );
    }

    #[pg_test]
    fn every_split_gives_the_estimate_of_the_whole() {
        let different = count(
            "WITH events AS (
               SELECT g, i * g AS x, i % 13 AS part
               FROM unnest(ARRAY[1, 10, 100, 5000, 7000, 30000]) AS g, generate_series(1, g) AS i
             ), parts AS (SELECT g, part, pganalytics.hll(x) AS sketch FROM events GROUP BY g, part)
             SELECT count(*)
             FROM (SELECT g, pganalytics.approx_count_distinct(x) AS n, pganalytics.hll(x) AS sketch
                   FROM events GROUP BY g) AS whole
             JOIN (SELECT g, pganalytics.rollup(sketch) AS sketch FROM parts GROUP BY g) AS merged
             USING (g)
             WHERE n <> pganalytics.cardinality(whole.sketch)
                OR n <> pganalytics.cardinality(merged.sketch)
                OR whole.sketch::text <> merged.sketch::text",
        );
        assert_eq!(different, 0);
    }

    #[pg_test]
    fn a_fold_over_unions_gives_the_sketch_of_the_whole() {
        run("CREATE TEMP TABLE state (sketch pganalytics.hyperloglog)");
        run("INSERT INTO state SELECT pganalytics.hll(NULL::int)");
        for batch in 0..20 {
            run(&format!(
                "UPDATE state SET sketch = pganalytics.hyperloglog_union(sketch, tail)
                 FROM (SELECT pganalytics.hll(i) AS tail
                       FROM generate_series({batch} * 900, {batch} * 900 + 1000) AS i) AS t"
            ));
        }
        assert_eq!(
            count("SELECT pganalytics.cardinality(sketch) FROM state"),
            count(
                "SELECT pganalytics.approx_count_distinct(i) FROM generate_series(0, 19 * 900 + 1000) AS i"
            )
        );
    }

    /// States that are never dropped grow the backend by some 30 MB here; the allocator
    /// may keep a few MB once, however many rounds there are.
    #[pg_test]
    fn states_are_dropped_with_their_groups() {
        let resident = "SELECT split_part(pg_read_file('/proc/self/statm'), ' ', 2)::bigint";
        let work = "SELECT count(n) FROM (
                      SELECT pganalytics.approx_count_distinct(x) OVER (PARTITION BY x / 20000) AS n
                      FROM generate_series(1, 200000) AS x OFFSET 0) AS w";
        count(work);
        let before = count(resident);
        for _ in 0..80 {
            count(work);
        }
        let grown = (count(resident) - before) * 4;
        assert!(grown < 10_000, "grown by {grown} kB");
    }

    #[pg_test]
    fn domains_count_as_what_they_are_over() {
        run("CREATE DOMAIN pg_temp.positive AS numeric CHECK (VALUE > 0)");
        assert_eq!(
            count(
                "SELECT pganalytics.cardinality(pganalytics.hyperloglog_union(
                     pganalytics.hll(i::pg_temp.positive), pganalytics.hll(i)))
                 FROM generate_series(1, 70) AS i"
            ),
            70
        );
    }

    fn receive(table: &str, query: &str) {
        let file = format!("pg_analytics_test_{table}.bin");
        let directory = Spi::get_one::<String>("SELECT current_setting('data_directory')");
        let path = format!("{}/{file}", directory.unwrap().unwrap());
        run(&format!(
            "CREATE TEMP TABLE {table} (sketch pganalytics.hyperloglog)"
        ));
        run(&format!("COPY ({query}) TO '{path}' (FORMAT binary)"));
        run(&format!("COPY {table} FROM '{path}' (FORMAT binary)"));
    }

    #[pg_test]
    fn binary_output_is_read_back() {
        let query = "SELECT pganalytics.hll(i) FROM generate_series(1, 9000) AS i";
        receive("whole", query);
        assert_eq!(
            count(&format!(
                "SELECT count(*) FROM (({query}) EXCEPT ALL TABLE whole) AS d"
            )),
            0
        );
    }

    #[pg_test(error = "invalid binary form of hyperloglog")]
    fn damaged_binary_input_is_refused() {
        receive("damaged", "SELECT '\\x010e00003406'::bytea");
    }

    #[pg_test(error = "unknown version 7 of hyperloglog")]
    fn binary_input_of_another_version_is_refused() {
        receive("later", "SELECT '\\x070e0000000000'::bytea");
    }
}
