//! The printed form: the version, capacity, number of values and `missed`, then each
//! counted value, the greatest count first, with its count, and its error unless that is
//! zero: `1:100/9/1{"tea"=5,"cup"=3-1}`. In values a backslash comes before quotes and
//! backslashes. It is bytes, in the encoding of the database: a dump translates them.

use super::layout::{Entry, View, checked};
use super::{CAPACITIES, KIND};
use crate::sketch::SketchError;

/// The text of a sketch.
///
/// # Errors
/// Bytes that are no sketch.
pub fn text_of(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    let view = View::read(bytes)?.pruned();
    let mut text = format!("1:{}/{}/{}{{", view.capacity, view.rows, view.missed).into_bytes();
    for (place, entry) in view.entries.iter().enumerate() {
        text.extend(if place == 0 { &b"\""[..] } else { b",\"" });
        for byte in entry.value {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(*byte);
        }
        text.extend(format!("\"={}", entry.count).bytes());
        if entry.error > 0 {
            text.extend(format!("-{}", entry.error).bytes());
        }
    }
    text.push(b'}');
    Ok(text)
}

/// The inverse; values may be in any order.
///
/// # Errors
/// Text that no sketch is printed as.
pub fn bytes_of(text: &[u8]) -> Result<Vec<u8>, SketchError> {
    let syntax = SketchError::Syntax(KIND);
    let mut values = Vec::new();
    let (numbers, counters) = parse(text.trim_ascii(), &mut values).ok_or(syntax.clone())?;
    let [version, capacity, rows, missed] = numbers;
    if version != 1 {
        let version = u8::try_from(version).map_err(|_| syntax)?;
        return Err(SketchError::Version {
            kind: KIND,
            version,
        });
    }
    let entries = values
        .iter()
        .zip(counters)
        .map(|(value, (count, error))| Entry {
            value,
            count,
            error,
        });
    let view = View {
        capacity: u32::try_from(capacity)
            .ok()
            .filter(|capacity| CAPACITIES.contains(capacity))
            .ok_or(syntax)?,
        rows,
        missed,
        entries: entries.collect(),
    };
    if view.entries.len() > view.capacity as usize {
        return Err(KIND.malformed("It has more values than its capacity."));
    }
    checked(&view.sealed())
}

type Counters = Vec<(u64, u64)>;

fn parse(text: &[u8], values: &mut Vec<Vec<u8>>) -> Option<([u64; 4], Counters)> {
    let mut rest = text;
    let mut numbers = [0; 4];
    for (number, end) in numbers.iter_mut().zip(*b"://{") {
        *number = digits(&mut rest)?;
        take(&mut rest, end)?;
    }
    let mut counters = Vec::new();
    while take(&mut rest, b'}').is_none() {
        if !counters.is_empty() {
            take(&mut rest, b',')?;
        }
        take(&mut rest, b'"')?;
        let mut value = Vec::new();
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (escaped, after) = rest.split_first()?;
                    rest = after;
                    value.push(*escaped);
                }
                byte => value.push(*byte),
            }
        }
        values.push(value);
        take(&mut rest, b'=')?;
        let count = digits(&mut rest)?;
        let error = match take(&mut rest, b'-') {
            Some(()) => digits(&mut rest)?,
            None => 0,
        };
        counters.push((count, error));
    }
    rest.is_empty().then_some((numbers, counters))
}

fn take(rest: &mut &[u8], byte: u8) -> Option<()> {
    *rest = rest.strip_prefix(&[byte])?;
    Some(())
}

fn digits(rest: &mut &[u8]) -> Option<u64> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    str::from_utf8(digits).ok()?.parse().ok()
}
