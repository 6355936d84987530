//! Plans that a backend keeps.

#[pgrx::pg_schema]
mod tests {
    use crate::pg::spi::{self, Under};
    use pgrx::prelude::*;

    fn many() {
        for number in 0..1_000 {
            let rows = spi::run_kept(&format!("SELECT {number}"), vec![], Under::Active);
            assert_eq!(rows[0].number::<i32>(0), number);
        }
    }

    #[pg_test]
    fn old_plans_are_freed() {
        many();
        let plans = "SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'SPI Plan'";
        assert!(Spi::get_one::<i64>(plans).unwrap().unwrap() < 250);
    }

    #[pg_test]
    fn a_plan_in_use_is_not() {
        let rows = spi::read_kept("VALUES (1), (2)", vec![], Under::Active, |row| {
            many();
            row.value(0).is_some()
        });
        assert_eq!(rows, [true, true]);
        let again = spi::run_kept("VALUES (1), (2)", vec![], Under::Active);
        assert_eq!(again.len(), 2);
    }
}
