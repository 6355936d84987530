//! The printed form: the number of conditions, then each moment as its time, in
//! microseconds since 2000-01-01 UTC, and the numbers of the conditions that held:
//! `3{757382400000000=1,757382460000000=2+3,757382470000000=}`.

use super::{Growing, Moment, Timeline, TimelineError, canonical};
use std::fmt::Write;

/// The text of a stored timeline.
///
/// # Errors
/// Bytes that are no timeline.
pub fn text_of(bytes: &[u8]) -> Result<String, TimelineError> {
    let timeline = Timeline::read(bytes)?;
    let mut text = format!("{}{{", timeline.conditions());
    for (place, moment) in timeline.sorted().into_iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{}=", moment.at);
        let held =
            (1..=timeline.conditions()).filter(|number| moment.held >> (number - 1) & 1 == 1);
        for (place, number) in held.enumerate() {
            let plus = if place == 0 { "" } else { "+" };
            let _ = write!(text, "{plus}{number}");
        }
    }
    text.push('}');
    Ok(text)
}

/// The inverse; moments may be in any order.
///
/// # Errors
/// Text that no timeline is printed as.
pub fn bytes_of(text: &str) -> Result<Vec<u8>, TimelineError> {
    let (conditions, moments) = text
        .trim()
        .strip_suffix('}')
        .and_then(|text| text.split_once('{'))
        .ok_or(TimelineError::Syntax)?;
    let conditions = conditions.parse().map_err(|_| TimelineError::Syntax)?;
    let mut room = vec![0; Growing::first_room(&[])? + 16 * moments.len()];
    let mut growing = Growing::begin(&mut room, conditions, &[])?;
    for text in moments.split(',').filter(|text| !text.is_empty()) {
        if !growing.push(moment(text, conditions).ok_or(TimelineError::Syntax)?) {
            return Err(TimelineError::TooLong);
        }
    }
    canonical(&room)
}

fn moment(text: &str, conditions: usize) -> Option<Moment> {
    let (at, numbers) = text.split_once('=')?;
    let mut held = 0;
    for number in numbers.split('+').filter(|number| !number.is_empty()) {
        let number: usize = number.parse().ok()?;
        held |= (1..=conditions)
            .contains(&number)
            .then(|| 1 << (number - 1))?;
    }
    let at = at.trim().parse().ok()?;
    Some(Moment { at, held })
}
