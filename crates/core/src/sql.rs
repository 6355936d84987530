//! Quoting, the one door through which names and values enter SQL text.

use chrono::Datelike;

use crate::window::MICROS_PER_DAY;

/// An identifier, always in double quotes.
#[must_use]
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A schema-qualified identifier.
#[must_use]
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// A string literal, whatever `standard_conforming_strings` says.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A literal of type timestamptz, of PostgreSQL's number for it; the same in every DateStyle.
#[must_use]
pub fn timestamptz(micros: i64) -> String {
    let text = match micros {
        i64::MIN => "-infinity".to_owned(),
        i64::MAX => "infinity".to_owned(),
        _ => instant(micros),
    };
    format!("'{text}'::pg_catalog.timestamptz")
}

/// The condition that a time lies in `[from, to)`, all as SQL, after `joint`; nothing without
/// bounds.
#[must_use]
pub fn in_range(joint: &str, time: &str, from: Option<String>, to: Option<String>) -> String {
    let bounds: Vec<_> = [(">=", from), ("<", to)]
        .into_iter()
        .filter_map(|(operator, bound)| {
            Some(format!("{time} OPERATOR(pg_catalog.{operator}) {}", bound?))
        })
        .collect();
    if bounds.is_empty() {
        return String::new();
    }
    format!("{joint}{}", bounds.join(" AND "))
}

fn instant(micros: i64) -> String {
    // The Gregorian calendar repeats after 400 years: chrono's ends before PostgreSQL's.
    const CYCLE: i64 = 146_097;
    let (days, time) = (
        micros.div_euclid(MICROS_PER_DAY),
        micros.rem_euclid(MICROS_PER_DAY),
    );
    let since = chrono::Days::new(days.rem_euclid(CYCLE).unsigned_abs());
    let date = chrono::NaiveDate::from_ymd_opt(2000, 1, 1)
        .and_then(|first| first.checked_add_days(since))
        .unwrap_or_default();
    let year = i64::from(date.year()) + 400 * days.div_euclid(CYCLE);
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    let (seconds, fraction) = (time / 1_000_000, time % 1_000_000);
    let fraction = match fraction {
        0 => String::new(),
        _ => format!(".{fraction:06}"),
    };
    format!(
        "{year:04}-{:02}-{:02} {:02}:{:02}:{:02}{fraction}+00{era}",
        date.month(),
        date.day(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_break_out() {
        assert_eq!(ident(r#"a"b"#), r#""a""b""#);
        assert_eq!(qualified("s", "Ümläut t"), "\"s\".\"Ümläut t\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'"), r"E'a\\'''");
    }

    #[test]
    fn a_range_has_two_bounds_or_one_or_none() {
        let range = |from: Option<&str>, to: Option<&str>| {
            in_range(" AND ", "t", from.map(Into::into), to.map(Into::into))
        };
        assert_eq!(range(None, None), "");
        assert_eq!(range(Some("a"), None), " AND t OPERATOR(pg_catalog.>=) a");
        assert_eq!(
            range(Some("a"), Some("b")),
            " AND t OPERATOR(pg_catalog.>=) a AND t OPERATOR(pg_catalog.<) b"
        );
    }

    #[test]
    fn instants_are_written_for_every_date_style() {
        let text = |micros| timestamptz(micros).replace("::pg_catalog.timestamptz", "");
        assert_eq!(text(0), "'2000-01-01 00:00:00+00'");
        assert_eq!(text(-1), "'1999-12-31 23:59:59.999999+00'");
        assert_eq!(text(i64::MAX), "'infinity'");
        assert_eq!(text(i64::MIN), "'-infinity'");
        assert_eq!(
            text(-211_813_488_000_000_000),
            "'4714-11-24 00:00:00+00 BC'"
        );
        assert_eq!(
            text(9_223_371_331_199_999_999),
            "'294276-12-31 23:59:59.999999+00'"
        );
    }
}
