//! What a funnel is asked: its window and modes, as a timeline keeps them.

use super::FunnelError;
use crate::session::gap;
use crate::window::Width;
use std::fmt::{self, Display, Formatter};

/// What a chain must keep to beyond the order of its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// No other row in between.
    pub order: bool,
    /// Each step later than the one before it.
    pub increase: bool,
    /// A row serves as one step at most.
    pub once: bool,
    /// No step twice.
    pub deduplication: bool,
}

impl Modes {
    /// Names joined by commas, those of Doris and StarRocks too; none at all is the default.
    ///
    /// # Errors
    /// A name that is none of them.
    pub fn parse(text: &str) -> Result<Self, FunnelError> {
        let mut modes = Self::default();
        if text.trim().is_empty() {
            return Ok(modes);
        }
        for name in text.split(',').map(str::trim) {
            match name {
                "default" => {}
                "strict_order" | "fixed" => modes.order = true,
                "strict_increase" | "increase" => modes.increase = true,
                "strict_once" => modes.once = true,
                "strict_deduplication" | "deduplication" => modes.deduplication = true,
                _ => return Err(FunnelError::Mode(name.to_owned())),
            }
        }
        Ok(modes)
    }

    /// Whether rows on which no condition holds matter.
    #[must_use]
    pub const fn reads_others(self) -> bool {
        self.order
    }

    fn bits(self) -> u8 {
        [self.order, self.increase, self.once, self.deduplication]
            .iter()
            .rev()
            .fold(0, |bits, mode| bits << 1 | u8::from(*mode))
    }
}

impl Display for Modes {
    fn fmt(&self, text: &mut Formatter) -> fmt::Result {
        let names = [
            (self.order, "strict_order"),
            (self.increase, "strict_increase"),
            (self.once, "strict_once"),
            (self.deduplication, "strict_deduplication"),
        ];
        let mut comma = "";
        for (_, name) in names.iter().filter(|(is_set, _)| *is_set) {
            write!(text, "{comma}{name}")?;
            comma = ",";
        }
        Ok(())
    }
}

/// A window and modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// In microseconds, above zero.
    pub window: i64,
    /// The modes.
    pub modes: Modes,
}

impl Question {
    /// Of the arguments of a function.
    ///
    /// # Errors
    /// A window without a fixed length above zero, or no modes.
    pub fn new(window: Width, modes: &str) -> Result<Self, FunnelError> {
        Ok(Self {
            window: gap(window).ok_or(FunnelError::Window)?,
            modes: Modes::parse(modes)?,
        })
    }

    /// As a timeline keeps it: the window in eight bytes, little-endian, and a bit for each mode.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 9] {
        let mut bytes = [self.modes.bits(); 9];
        bytes[..8].copy_from_slice(&self.window.to_le_bytes());
        bytes
    }

    /// The inverse.
    ///
    /// # Errors
    /// Bytes that are no such question.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FunnelError> {
        let (window, &[bits @ 0..16]) = bytes.split_first_chunk::<8>().ok_or(FunnelError::State)?
        else {
            return Err(FunnelError::State);
        };
        let question = Self {
            window: i64::from_le_bytes(*window),
            modes: Modes {
                order: bits & 1 != 0,
                increase: bits & 2 != 0,
                once: bits & 4 != 0,
                deduplication: bits & 8 != 0,
            },
        };
        (question.window > 0)
            .then_some(question)
            .ok_or(FunnelError::State)
    }

    /// Whether `start` is at most the window before `at`, which is not before it.
    pub(super) const fn holds(self, start: i64, at: i64) -> bool {
        // Of two numbers of 64 bits the difference fits without a sign.
        at.wrapping_sub(start) as u64 <= self.window as u64
    }
}
