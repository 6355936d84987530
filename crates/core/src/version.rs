//! Which version an event gets, or why it is refused.

use crate::error::Error;

/// What an event table does about versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// A version that is not given is assigned: head + 1.
    Auto,
    /// A version that is not given stays NULL and costs no lock.
    Optional,
    /// A version must be given.
    Required,
}

impl Versions {
    /// The option of `create_event_table`, as the user writes it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err(Error::BadArgument {
                message: format!("unrecognized value for \"versions\": \"{text}\""),
                hint: "It is one of 'auto', 'optional' and 'required'.",
            }),
        }
    }

    /// Whether an event needs the lock on its aggregate's head.
    #[must_use]
    pub fn needs_head(self, given: Option<i64>) -> bool {
        given.is_some() || self != Self::Optional
    }

    /// The version an event gets on top of `head` (0: no events yet).
    ///
    /// Only called where [`Versions::needs_head`] holds, with the head locked.
    /// `aggregate` names it for the error.
    pub fn next(
        self,
        head: i64,
        given: Option<i64>,
        aggregate: impl FnOnce() -> String,
    ) -> Result<i64, Error> {
        match given {
            Some(version) if version == head + 1 => Ok(version),
            Some(version) => Err(Error::VersionConflict {
                aggregate: aggregate(),
                head,
                given: version,
            }),
            None if self == Self::Required => Err(Error::VersionRequired {
                aggregate: aggregate(),
            }),
            None => Ok(head + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_versions_must_follow_the_head() {
        for mode in [Versions::Auto, Versions::Optional, Versions::Required] {
            assert_eq!(mode.next(0, Some(1), || "a".into()), Ok(1));
            assert_eq!(mode.next(7, Some(8), || "a".into()), Ok(8));
            for wrong in [0, 7, 9, -1, i64::MAX] {
                assert!(matches!(
                    mode.next(7, Some(wrong), || "a".into()),
                    Err(Error::VersionConflict { head: 7, .. })
                ));
            }
        }
    }

    #[test]
    fn missing_versions_follow_the_option() {
        assert_eq!(Versions::Auto.next(4, None, || "a".into()), Ok(5));
        assert!(Versions::Required.next(4, None, || "a".into()).is_err());
        assert!(!Versions::Optional.needs_head(None));
        assert!(Versions::Optional.needs_head(Some(1)));
        assert!(Versions::parse("maybe").is_err());
    }
}
