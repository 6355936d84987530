//! Derived aggregates: an aggregate's twin that returns its state.

use crate::sql::literal;

/// What an aggregate is made of, as SQL; names quoted and qualified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// Its arguments as CREATE AGGREGATE has them.
    pub arguments: String,
    /// The transition function.
    pub transition: String,
    /// The type of the state.
    pub state_type: String,
    /// The estimated size of a state, 0: by its type.
    pub space: i32,
    /// The combine function.
    pub combine: String,
    /// The functions that write and read an internal state.
    pub serial: Option<(String, String)>,
    /// The state of no input.
    pub initial: Option<String>,
    /// `safe`, `restricted` or `unsafe`.
    pub parallel: String,
}

impl Derivation {
    /// The statement that makes the derived aggregate `name`: a plain state is its
    /// result, an internal one is written down by `serialize_state`.
    ///
    /// Serialize functions may tidy up the state, hence not FINALFUNC_MODIFY =
    /// read_only, which would let them do so within a window.
    #[must_use]
    pub fn create_sql(&self, name: &str) -> String {
        let mut clauses = vec![
            format!("SFUNC = {}", self.transition),
            format!("STYPE = {}", self.state_type),
            format!("SSPACE = {}", self.space),
            format!("COMBINEFUNC = {}", self.combine),
            format!("PARALLEL = {}", self.parallel),
        ];
        if let Some((write, read)) = &self.serial {
            clauses.push(format!("SERIALFUNC = {write}, DESERIALFUNC = {read}"));
            clauses.push(
                "FINALFUNC = pganalytics.serialize_state, FINALFUNC_MODIFY = read_write".into(),
            );
        }
        if let Some(initial) = &self.initial {
            clauses.push(format!("INITCOND = {}", literal(initial)));
        }
        let arguments = if self.arguments.is_empty() {
            "*"
        } else {
            &self.arguments
        };
        format!(
            "CREATE AGGREGATE {name} ({arguments}) ({})",
            clauses.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Derivation;

    #[test]
    fn only_internal_states_are_written_down() {
        let plain = Derivation {
            arguments: String::new(),
            transition: "s.add".into(),
            state_type: "bigint[]".into(),
            space: 0,
            combine: "s.combine".into(),
            serial: None,
            initial: Some("{'0'}".into()),
            parallel: "safe".into(),
        };
        assert_eq!(
            plain.create_sql("d.partial"),
            "CREATE AGGREGATE d.partial (*) (SFUNC = s.add, STYPE = bigint[], SSPACE = 0, COMBINEFUNC = s.combine, \
             PARALLEL = safe, INITCOND = '{''0''}')"
        );
        let internal = Derivation {
            arguments: "x numeric".into(),
            state_type: "internal".into(),
            serial: Some(("s.write".into(), "s.read".into())),
            initial: None,
            ..plain
        };
        assert!(
            internal
                .create_sql("d.partial")
                .contains("FINALFUNC = pganalytics.serialize_state")
        );
    }
}
