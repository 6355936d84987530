//! The state of `first` and `last`: of all rows of a group one wins, and is kept as three
//! columns: its value, what it is ordered by, and the position of its event, which tells
//! apart rows that are ordered by the same.

/// Which row wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one before all others.
    First,
    /// The one after all others.
    Last,
}

/// Which column of the row that won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The value that was asked for.
    Value,
    /// What it is ordered by.
    By,
    /// The position of its event.
    Position,
}

impl Side {
    /// The side that an aggregate asks for.
    #[must_use]
    pub fn of(schema: &str, name: &str) -> Option<Self> {
        match (schema, name) {
            ("pganalytics", "first") => Some(Self::First),
            ("pganalytics", "last") => Some(Self::Last),
            _ => None,
        }
    }

    /// The aggregate over (value, by, position) that returns a column of the winner.
    #[must_use]
    pub fn aggregate(self, held: Held) -> &'static str {
        match (self, held) {
            (Self::First, Held::Value) => "pganalytics.first",
            (Self::First, Held::By) => "pganalytics.first_by",
            (Self::First, Held::Position) => "pganalytics.first_position",
            (Self::Last, Held::Value) => "pganalytics.last",
            (Self::Last, Held::By) => "pganalytics.last_by",
            (Self::Last, Held::Position) => "pganalytics.last_position",
        }
    }
}

/// How a column of the winner merges: all columns come from the same side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Which row wins.
    pub side: Side,
    /// Which column of it this is.
    pub held: Held,
    /// The operator by which the winner's `by` stands to that of others, as it is
    /// written in `OPERATOR()`.
    pub beats: String,
    /// The state column that holds `by`.
    pub by: String,
    /// The state column that holds the position; NULL if no row has come.
    pub position: String,
}

impl Winner {
    /// The column of the winner of two states, given as table aliases; of equals `left`.
    pub(super) fn pair(&self, column: &str, left: &str, right: &str) -> String {
        let Self {
            beats,
            by,
            position,
            ..
        } = self;
        let beyond = match self.side {
            Side::First => "<",
            Side::Last => ">",
        };
        format!(
            "CASE WHEN {right}{position} IS NULL THEN {left}{column} \
             WHEN {left}{position} IS NULL OR {right}{by} OPERATOR({beats}) {left}{by} \
             OR (NOT {left}{by} OPERATOR({beats}) {right}{by} \
             AND {right}{position} OPERATOR(pg_catalog.{beyond}) {left}{position}) \
             THEN {right}{column} ELSE {left}{column} END"
        )
    }

    /// The aggregate that merges this column of many states.
    #[must_use]
    pub fn many(&self, column: &str, alias: &str) -> String {
        format!(
            "{}({alias}{column}, {alias}{}, {alias}{})",
            self.side.aggregate(self.held),
            self.by,
            self.position
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winner(side: Side, held: Held) -> Winner {
        Winner {
            side,
            held,
            beats: "pg_catalog.>".into(),
            by: "c1".into(),
            position: "c2".into(),
        }
    }

    #[test]
    fn only_the_aggregates_of_the_extension_are_taken() {
        assert_eq!(Side::of("pganalytics", "last"), Some(Side::Last));
        assert_eq!(Side::of("public", "last"), None);
        assert_eq!(Side::of("pganalytics", "last_by"), None);
    }

    #[test]
    fn the_first_is_the_one_with_the_smallest_position() {
        let text = winner(Side::First, Held::Value).pair("c3", "s.", "t.");
        assert!(text.contains("t.c2 OPERATOR(pg_catalog.<) s.c2"), "{text}");
    }

    #[test]
    fn many_are_merged_by_the_aggregate_itself() {
        let last = |held| winner(Side::Last, held).many("c3", "g.");
        assert_eq!(last(Held::Value), "pganalytics.last(g.c3, g.c1, g.c2)");
        assert_eq!(
            last(Held::Position),
            "pganalytics.last_position(g.c3, g.c1, g.c2)"
        );
    }
}
