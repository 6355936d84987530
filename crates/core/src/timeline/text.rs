//! The printed form: the number of conditions, then each moment as its time, in
//! microseconds since 2000-01-01 UTC, and the numbers of the conditions that held:
//! `3{757382400000000=1,757382460000000=2+3,757382470000000=}`. The state of an aggregate
//! that asks a question has it before the moments, in hexadecimal: `3[0a1b]{…}`. States of
//! projections are dumped so.

use super::{Growing, Moment, Timeline, TimelineError, canonical};
use std::fmt::Write;

/// The text of a stored timeline.
///
/// # Errors
/// Bytes that are no timeline.
pub fn text_of(bytes: &[u8]) -> Result<String, TimelineError> {
    let timeline = Timeline::read(bytes)?;
    let mut text = timeline.conditions().to_string();
    if !timeline.question.is_empty() {
        text.push('[');
        for byte in timeline.question {
            let _ = write!(text, "{byte:02x}");
        }
        text.push(']');
    }
    text.push('{');
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
    let (head, moments) = text
        .trim()
        .strip_suffix('}')
        .and_then(|text| text.split_once('{'))
        .ok_or(TimelineError::Syntax)?;
    let (conditions, question) = match head.split_once('[') {
        None => (head, Some(vec![])),
        Some((conditions, question)) => (conditions, question.strip_suffix(']').and_then(bytes)),
    };
    let question = question.ok_or(TimelineError::Syntax)?;
    let conditions = conditions.parse().map_err(|_| TimelineError::Syntax)?;
    let count = moments.split(',').count();
    let mut room = vec![0; Growing::room_for(&question, count)?];
    let mut growing = Growing::begin(&mut room, conditions, &question)?;
    for text in moments.split(',').filter(|text| !text.is_empty()) {
        if !growing.push(moment(text, conditions).ok_or(TimelineError::Syntax)?) {
            return Err(TimelineError::TooLong);
        }
    }
    canonical(&room)
}

/// Of two hexadecimal digits each.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
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
