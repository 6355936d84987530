//! The text of what DISTINCT adds.

use super::super::{Component, Kind, Merge, delta_sql, fold_sql};
use super::*;

fn column(name: &str) -> Column {
    Column {
        name: name.into(),
        sql_type: "pg_catalog.text".into(),
        collation: None,
    }
}

fn shape(values: Vec<Values>) -> Shape {
    let component = |name| Component {
        column: column(name),
        merge: Merge::function("f", "a()"),
    };
    Shape {
        kind: Kind::Grouped,
        fans_out: false,
        labels: vec![],
        keys: vec![column("k1")],
        hashable: vec![0],
        components: vec![component("c1"), component("c2")],
        values,
        delta: "SELECT FROM event_source".into(),
        ..Shape::default()
    }
}

fn distinct() -> Shape {
    shape(vec![Values {
        table: Values::table_of(7, 0),
        columns: vec![column("v1")],
        found: "SELECT v FROM event_source".into(),
        aggregated: "SELECT k1, count(v1) FROM fresh_1".into(),
        nothing: "SELECT count(v1) FROM fresh_1 WHERE false".into(),
        components: vec![1],
    }])
}

#[test]
fn nothing_is_added_without_distinct() {
    let shape = shape(vec![]);
    assert_eq!(shape.delta_rows(), shape.delta);
    assert!(fold_sql(&shape, "s", "e").starts_with("WITH delta AS MATERIALIZED (WITH event"));
}

#[test]
fn a_component_comes_from_the_events_or_from_its_values() {
    let rows = distinct().delta_rows();
    assert!(rows.starts_with("SELECT m.k1, m.c1, COALESCE(x0.c2, n0.c2), m.events FROM"));
    assert!(rows.contains("AS m (k1, c1, events)"), "{rows}");
}

#[test]
fn a_read_notes_no_values_and_a_fold_does_at_the_top() {
    assert!(!delta_sql(&distinct(), "s", "e").contains("INSERT"));
    let fold = fold_sql(&distinct(), "s", "e");
    let noted = "noted_1 AS (INSERT INTO \"pganalytics_data\".\"seen_7_1\" (v1, k1)";
    assert!(
        fold.starts_with("WITH event_source") && fold.contains(noted),
        "{fold}"
    );
}

#[test]
fn delimiters_cannot_break_out() {
    assert!(sorted_text(Some("it's"), "text").contains("(u, 'it''s'::text ORDER"));
    assert!(sorted_text(Some(r"{0}\'"), "text").contains(r"E'\x7B0}\\'''::text"));
    assert!(sorted_text(None, "text").contains("NULL::text"));
}

#[test]
fn only_known_aggregates_ignore_repetition() {
    assert!(ignores_repetition("pg_catalog", "max"));
    assert!(!ignores_repetition("pg_catalog", "sum") && !ignores_repetition("public", "max"));
}
