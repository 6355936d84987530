//! Windows as SQL sees them.

#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    fn count(query: &str) -> i64 {
        Spi::get_one(query).unwrap().unwrap()
    }

    #[pg_test]
    fn windows_hold_their_instant() {
        let outside = count(
            "SELECT count(*) FROM
               generate_series('1600-01-01'::timestamptz, '2400-01-01', '17 days 03:05:07.089') AS ts,
               unnest(ARRAY['7 minutes', '11 hours', '5 days', '7 months', '3 years']::interval[]) AS width
             WHERE NOT (pganalytics.tumble(ts, width) <= ts AND ts < pganalytics.tumble(ts, width) + width)",
        );
        assert_eq!(outside, 0);
    }

    #[pg_test]
    fn windows_agree_with_date_bin() {
        let different = count(
            "SELECT count(*) FROM
               generate_series('1600-01-01'::timestamp, '2400-01-01', '17 days 03:05:07.089') AS ts,
               unnest(ARRAY['7 minutes', '11 hours', '5 days', '1 day -01:00']::interval[]) AS width
             WHERE pganalytics.tumble(ts, width) <> date_bin(width, ts, '2001-01-01')
               AND ts >= '2001-01-01'",
        );
        assert_eq!(different, 0);
    }

    #[pg_test]
    fn the_last_timestamps_have_windows() {
        let last = Spi::get_one::<String>(
            "SELECT pganalytics.tumble('294276-12-31 23:59:59.999999'::timestamp, '1 month')::text",
        );
        assert_eq!(last.unwrap().unwrap(), "294276-12-01 00:00:00");
    }

    #[pg_test(error = "window width must not mix months with days or time")]
    fn mixed_widths_are_refused() {
        count("SELECT count(pganalytics.tumble(now(), '1 month 1 second'))");
    }
}
