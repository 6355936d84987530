//! `first` and `last` as state columns: the value, what it is ordered by, and the
//! position of the event.

use super::parts::Parts;
use super::refused;
use crate::catalog::names::{ColumnType, column_of, shown};
use crate::pg::Oid;
use crate::pg::query::EventSource;
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Aggregate, Held, Merge, Side, Winner};

/// Columns that belong to the same rows: those of the first aggregate that had them.
pub(super) struct Rows {
    side: Side,
    aggregate: Expr,
    by: String,
    position: String,
}

/// The column that tells apart events with the same `by`.
pub(super) const POSITION: &str = "position";

impl Parts<'_> {
    pub(super) fn winner(
        &mut self,
        aggregate: Expr,
        side: Side,
        source: &EventSource,
        event_table: Oid,
    ) -> Result<Aggregate, Error> {
        let number = column_of(
            event_table,
            || shown(event_table),
            POSITION,
            ColumnType::Bigint,
        )?;
        let position = source.bigint(number);
        if let Some(other) = aggregate.argument(2)
            && !other.same(position)
        {
            return refused(
                "first() or last() with a position that is not the event's",
                "Leave it out: events with the same \"by\" are told apart by their position.",
            );
        }
        if aggregate.orders_by_row() {
            return refused(
                "first() or last() by a row",
                "Order by one value, such as an array; position decides between equal ones.",
            );
        }
        if !aggregate.orders_by_known_collation() {
            return refused(
                "first() or last() whose collation is not determined",
                "Write by COLLATE with the collation to order by.",
            );
        }
        let beats = aggregate.winning_operator(side);
        let known = self
            .rows
            .iter()
            .find(|rows| rows.side == side && rows.aggregate.picks_the_same_rows(aggregate));
        let (by, place) = match known {
            Some(rows) => (rows.by.clone(), rows.position.clone()),
            None => self.next_two_columns(),
        };
        let merge = |held| {
            Merge::Winner(Winner {
                side,
                held,
                beats: beats.clone(),
                by: by.clone(),
                position: place.clone(),
            })
        };
        if known.is_none() {
            for held in [Held::By, Held::Position] {
                self.component(
                    None,
                    aggregate.winner_part(side, held, position),
                    merge(held),
                );
            }
            self.rows.push(Rows {
                side,
                aggregate,
                by: by.clone(),
                position: place.clone(),
            });
        }
        let value = aggregate.winner_part(side, Held::Value, position);
        let value = self.component(None, value, merge(Held::Value));
        Ok(Aggregate {
            components: vec![value],
            finish: "{0}".into(),
            sql_type: aggregate.type_sql(false),
            is_hashable: aggregate.is_hashable(),
        })
    }

    fn next_two_columns(&self) -> (String, String) {
        let next = self.components.len() + 1;
        (format!("c{next}"), format!("c{}", next + 1))
    }
}
