//! Which events are folded, read or tried, in terms of the log.

use pganalytics_core::coverage::Events;
use pganalytics_core::projection::{Portion, source_sql};

/// Some events of a log.
#[derive(Clone)]
pub(super) struct Source<'a> {
    /// The segments they lie in.
    pub segments: &'a [i32],
    pub events: Events<'a>,
    /// A transaction whose events are left out.
    pub except: Option<u64>,
    /// Of those events, the ones that are in all of these portions.
    pub portions: Vec<Portion>,
}

impl<'a> Source<'a> {
    /// Those events of these segments.
    pub fn of(segments: &'a [i32], events: Events<'a>) -> Self {
        Self {
            segments,
            events,
            except: None,
            portions: vec![],
        }
    }

    /// A portion of them.
    pub fn narrowed(&self, portion: Portion) -> Self {
        let mut narrowed = self.clone();
        narrowed.portions.push(portion);
        narrowed
    }

    /// The table expression that has these columns of them.
    pub fn sql(&self, table: &str, columns: &[String]) -> String {
        let all = source_sql(table, columns, self.segments, self.events, self.except);
        let portions = self.portions.iter().map(|portion| portion.condition("e"));
        std::iter::once(all)
            .chain(portions)
            .collect::<Vec<_>>()
            .join(" AND ")
    }
}
