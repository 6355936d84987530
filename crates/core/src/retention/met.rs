//! The state of `retention()`: which conditions one entity has met.

use super::RetentionError;

/// How many conditions there may be.
const CONDITIONS: std::ops::RangeInclusive<usize> = 1..=32;

/// In the lower half a bit for each condition that was met, in the upper one a bit for
/// each that there is: what two states know together is the bits of either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met(pub i64);

impl Met {
    /// Takes the conditions of a row, the first in the lowest bit. (Rows with fewer,
    /// which only VARIADIC ARRAY[…] can bring, do not meet the others.)
    ///
    /// # Errors
    /// None, or more than there may be.
    pub fn add(self, conditions: usize, held: u64) -> Result<Self, RetentionError> {
        if !CONDITIONS.contains(&conditions) {
            return Err(RetentionError::Conditions(conditions));
        }
        let there_are = u64::MAX >> (64 - conditions);
        Ok(Self(
            self.0 | ((there_are << 32) | (held & there_are)) as i64,
        ))
    }

    /// For each condition, whether the first was met and this one too; `None` of no rows.
    #[must_use]
    pub fn retention(self) -> Option<Vec<bool>> {
        let conditions = 32 - ((self.0 >> 32) as u32).leading_zeros();
        let met = |condition: u32| self.0 >> condition & 1 == 1;
        (conditions > 0).then(|| (0..conditions).map(|i| met(0) && met(i)).collect())
    }
}
