//! The shape of a projection without GROUP BY and aggregates.

use super::{column, refused, set_returning};
use crate::catalog::names::{ColumnType, columns_of, shown};
use crate::pg::Oid;
use crate::pg::query::{EventSource, Query};
use crate::pg::tree::Contents;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Column, Kind, Shape};

/// The event's own columns in each row, by number.
pub(super) struct Own([i16; 2]);

impl Own {
    /// Those of an event table.
    pub(super) fn of(event_table: Oid) -> Result<Self, Error> {
        let wanted = [
            ("event_id", ColumnType::Uuid),
            ("position", ColumnType::Bigint),
        ];
        columns_of(event_table, || shown(event_table), wanted).map(Self)
    }

    /// Adds them to what a query reads of the table at `index`.
    pub(super) fn read(&self, index: i32, contents: &mut Contents) {
        let own = self.0.iter().map(|number| (index, *number));
        contents.columns.extend(own);
    }
}

pub(super) fn shape(query: &Query, source: &EventSource, own: &Own) -> Result<Shape, Error> {
    if query.having().is_some() {
        return refused("HAVING without GROUP BY or aggregate", "Use WHERE.");
    }
    let [event_id, position] = own.0;
    let event_id = source.uuid(event_id);
    let position = source.bigint(position);
    let mut exprs = vec![event_id, position];
    let mut outputs = vec![];
    let mut columns = vec![];
    for (place, output) in query.outputs().into_iter().enumerate() {
        if output.expr.returns_set() {
            return set_returning();
        }
        let mut column = column("o", place, output.expr, true);
        if output.expr.same(event_id) {
            column.name = "event_id".into();
        } else if output.expr.same(position) {
            column.name = "position".into();
        } else {
            exprs.push(output.expr);
        }
        columns.push(column);
        outputs.push(output.name);
    }
    // The event's own columns come last, unless the query has columns of their names.
    for (name, sql_type) in [("event_id", "uuid"), ("position", "bigint")] {
        if !outputs.iter().any(|output| output == name) {
            columns.push(Column {
                name: name.into(),
                sql_type: sql_type.into(),
                collation: None,
            });
            outputs.push(name.into());
        }
    }
    Ok(Shape {
        kind: Kind::Stateless(columns),
        delta: query.rows(source, &exprs),
        fans_out: query.fans_out(),
        outputs,
        ..Shape::default()
    })
}
