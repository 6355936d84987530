//! Times between two rows, in microseconds.

/// The time between two rows one of which is at an infinity.
const INFINITE: i64 = i64::MAX;
/// The longest time that a pattern may name.
pub(super) const LONGEST: i64 = i64::MAX - 2;

/// The time from one row to a later one.
pub(super) const fn elapsed(from: i64, to: i64) -> i64 {
    const fn is_finite(at: i64) -> bool {
        at != i64::MIN && at != i64::MAX
    }
    if from == to {
        0
    } else if is_finite(from) && is_finite(to) {
        match to.checked_sub(from) {
            Some(micros) if micros < INFINITE => micros,
            _ => INFINITE - 1,
        }
    } else {
        INFINITE
    }
}

/// From a least time to a greatest, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) least: i64,
    pub(super) most: i64,
}

/// Any time.
pub(super) const ANY: Span = Span {
    least: 0,
    most: INFINITE,
};

/// Times that are allowed: in order and apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spans(pub(super) Vec<Span>);

impl Spans {
    /// All of them.
    pub(super) fn any() -> Self {
        Self(vec![ANY])
    }

    /// Those that are in `others` as well.
    pub(super) fn intersect(&self, others: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| {
            let common = |other: &Span| Span {
                least: one.least.max(other.least),
                most: one.most.min(other.most),
            };
            others.0.iter().map(common)
        });
        Self(pairs.filter(|span| span.least <= span.most).collect())
    }

    pub(super) fn contain(&self, micros: i64) -> bool {
        self.0
            .iter()
            .any(|span| (span.least..=span.most).contains(&micros))
    }
}
