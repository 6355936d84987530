//! The text; what it answers is compared with plain SQL in tests/regress.

use super::*;
use crate::window::WindowError;

fn columns() -> Vec<Column> {
    let column = |name: &str, sql_type: &str, kind| Column {
        name: name.into(),
        sql_type: sql_type.into(),
        kind,
    };
    vec![
        column("day", "timestamp with time zone", Kind::Instant),
        column("shop", "text", Kind::Other),
        column("sales", "numeric(10,2)", Kind::Exact),
        column("note", "text", Kind::Other),
    ]
}

fn asked(columns: &[Column]) -> Question<'_> {
    Question {
        relation: "\"public\".\"daily\"",
        columns,
        time: "day",
        width: Width {
            months: 0,
            days: 1,
            micros: 0,
        },
        from: None,
        to: None,
        method: "zero",
        timezone: None,
        by: &[],
    }
}

#[test]
fn every_name_and_value_is_quoted() {
    let mut columns = columns();
    columns[3].name = "no\"te".into();
    let by = ["shop".to_owned()];
    let question = Question {
        timezone: Some("it's"),
        by: &by,
        from: Some(0),
        ..asked(&columns)
    };
    let sql = fill_gaps(&question).unwrap();
    for part in [
        "r.\"no\"\"te\" AS c3",
        "'it''s'::pg_catalog.text",
        "'2000-01-01 00:00:00+00'::pg_catalog.timestamptz",
        "0::numeric(10,2)",
        "SELECT DISTINCT c1 FROM given",
    ] {
        assert!(sql.contains(part), "{part}\n{sql}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut columns = columns();
    let by = |name: &str| vec![name.to_owned()];
    let error = |question: &Question| fill_gaps(question).unwrap_err();
    let of = |time| Question {
        time,
        ..asked(&columns)
    };
    assert_eq!(error(&of("Day")), FillError::Column("Day".into()));
    assert_eq!(error(&of("shop")), FillError::NotTime("shop".into()));
    let series = by("day");
    let question = Question {
        by: &series,
        ..of("day")
    };
    assert_eq!(error(&question), FillError::TimeInBy("day".into()));
    let question = Question {
        method: "LAST",
        ..of("day")
    };
    assert_eq!(error(&question), FillError::Method("LAST".into()));
    let question = Question {
        to: Some(i64::MAX),
        ..of("day")
    };
    let infinite = FillError::Window(WindowError::NotFinite("range"));
    assert_eq!(error(&question), infinite);
    let mut width = of("day").width;
    width.months = 1;
    let question = Question { width, ..of("day") };
    assert_eq!(
        error(&question),
        FillError::Window(WindowError::Mixed("width"))
    );
    columns[0].kind = Kind::Date;
    let question = Question {
        timezone: Some("UTC"),
        ..asked(&columns)
    };
    assert_eq!(error(&question), FillError::NoZone("day".into()));
    width = Width {
        months: 0,
        days: 0,
        micros: 1,
    };
    let question = Question {
        width,
        ..asked(&columns)
    };
    assert_eq!(error(&question), FillError::PartOfDay);
}
