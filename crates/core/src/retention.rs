//! Who comes back: retention by conditions, cohorts, active users and their lifecycle.
//!
//! `retention()` is a set of conditions per entity, see [`Met`]. The others are questions
//! to a whole log, written here as one SQL query each, so that PostgreSQL plans it, in
//! parallel if it likes, and counts days, months and time zones as it always does.
//!
//! # Definitions
//! **Period.** Calendar periods follow each other without gaps from 2001-01-01, a Monday:
//! an event lies in exactly one, by its date in the time zone of the question (periods
//! of less than a day: by UTC). Between periods are differences of their numbers, so that
//! 23 and 25 hours in spring and autumn are days like any other.
//!
//! **Entity.** Whoever the events are of; equal if their text is. Events of none (NULL)
//! do not count. Nor do those before the second day of the year 1 (the empty time of Go
//! and .NET among them) and after the year 9999, the infinities included: they lie in no
//! period.
//!
//! **Range.** `"from"` and `"to"` choose whole periods: all that have a moment in
//! [from, to). What entities did before and after is seen nevertheless.
//!
//! **Cohort.** All entities that *enter* in the same period, by their first cohort event
//! ever (`first_time`), or by the first one of each period, in one cohort each.
//! They *return* with any return event that is not before their entry: at the same instant
//! is a return, so that an event which is both makes period 0 the whole cohort.
//! Calendar: the return lies in period n if its period is the n-th after that of the entry.
//! Rolling: if it lies in [entry + n periods, entry + (n + 1) periods), as PostgreSQL
//! adds intervals in the time zone (31 January + 1 month = 28 February).
//! Unbounded: in period n or any later one.
//! A period that is not over `as_of` for everybody who may have entered is not known. (For
//! rolling ones that is one period later: the last may have entered at the very end of theirs.)
//!
//! **Active** in a period is who has an event in it; rolling, in any of the last n periods.
//!
//! **Lifecycle.** In a period, *new* is who is active for the first time ever, *returning*
//! who was also active in the period before, *resurrecting* who was not, but earlier;
//! *dormant* is who was active in the period before and is not in this one.
//! (PostHog's definition; there *new* is by the creation of the person.)

mod actives;
mod cohorts;
mod error;
mod lifecycle;
mod met;
mod period;
mod source;
#[cfg(test)]
mod tests;

pub use self::actives::active_users;
pub use self::cohorts::{Cohorts, Mode, cohort_retention};
pub use self::error::RetentionError;
pub use self::lifecycle::lifecycle;
pub use self::met::Met;
pub use self::period::Period;
pub use self::source::{Source, all};
