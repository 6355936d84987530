//! Patterns, read.

use super::span::{ANY, LONGEST, Span, Spans};
use super::{Event, Fault, Follows, MOST_EVENTS, MOST_SPANS, Pattern, PatternError};

impl Pattern {
    /// Reads a pattern over so many conditions.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(pattern: &str, conditions: usize) -> Result<Self, PatternError> {
        let mut parser = Parser {
            rest: pattern,
            conditions,
        };
        parser.pattern().map_err(|(fault, rest)| PatternError {
            fault,
            pattern: pattern.to_owned(),
            position: 1 + pattern[..pattern.len() - rest].chars().count(),
        })
    }
}

/// What is wrong, and how many bytes are left where it is.
type Wrong = (Fault, usize);

struct Parser<'a> {
    rest: &'a str,
    conditions: usize,
}

/// One part of a pattern.
enum Part {
    Event(Option<u8>),
    Time(Spans),
    AnyRows,
}

impl<'a> Parser<'a> {
    fn pattern(&mut self) -> Result<Pattern, Wrong> {
        let mut events = vec![];
        let mut follows = Follows::Next;
        // The last time that waits for the event after it.
        let mut open = None;
        let mut spans_before = 0;
        while !self.rest.is_empty() {
            let begin = self.rest.len();
            match self.part()? {
                Part::Event(_) if events.len() == MOST_EVENTS => {
                    return Err((Fault::TooMany, begin));
                }
                Part::Event(condition) => {
                    spans_before += follows.spans();
                    let follows = std::mem::replace(&mut follows, Follows::Next);
                    events.push(Event { condition, follows });
                    open = None;
                }
                Part::Time(_) if events.is_empty() => return Err((Fault::Time, begin)),
                Part::Time(spans) => {
                    follows = within(&follows, spans);
                    if spans_before + follows.spans() > MOST_SPANS {
                        return Err((Fault::TooManySpans, begin));
                    }
                    open = open.or(Some(begin));
                }
                Part::AnyRows => follows = within(&follows, Spans::any()),
            }
        }
        match open {
            Some(begin) => Err((Fault::Time, begin)),
            None if events.is_empty() => Err((Fault::Empty, 0)),
            None => Ok(Pattern { events }),
        }
    }

    fn part(&mut self) -> Result<Part, Wrong> {
        if self.take(".*") {
            return Ok(Part::AnyRows);
        }
        if self.take(".") {
            return Ok(Part::Event(None));
        }
        if !self.take("(?") {
            return self.wrong(Fault::Part);
        }
        let part = if self.take("t") {
            Part::Time(self.time()?)
        } else {
            Part::Event(Some(self.condition()?))
        };
        if !self.take(")") {
            return self.wrong(Fault::Parenthesis);
        }
        Ok(part)
    }

    /// The number of a condition, from 0.
    fn condition(&mut self) -> Result<u8, Wrong> {
        let begin = self.rest.len();
        let Some(digits) = self.digits() else {
            return self.wrong(Fault::Number);
        };
        let number = digits.parse().unwrap_or(u64::MAX);
        let given = self.conditions;
        usize::try_from(number)
            .ok()
            .filter(|number| (1..=given).contains(number))
            .and_then(|number| u8::try_from(number - 1).ok())
            .ok_or((Fault::Condition { number, given }, begin))
    }

    /// The times that `<= S` and the like allow.
    fn time(&mut self) -> Result<Spans, Wrong> {
        let operators = ["<=", ">=", "==", "!=", "<", ">"];
        let Some(operator) = operators.into_iter().find(|text| self.take(text)) else {
            return self.wrong(Fault::Operator);
        };
        let micros = self.seconds()?;
        let (below, at, above) = ((0, micros - 1), (micros, micros), (micros + 1, ANY.most));
        let spans = match operator {
            "<" => vec![below],
            "<=" => vec![(0, micros)],
            ">" => vec![above],
            ">=" => vec![(micros, ANY.most)],
            "==" => vec![at],
            _ => vec![below, above],
        };
        let spans = spans.into_iter().map(|(least, most)| Span { least, most });
        Ok(Spans(
            spans.filter(|span| span.least <= span.most).collect(),
        ))
    }

    /// Seconds, in microseconds.
    fn seconds(&mut self) -> Result<i64, Wrong> {
        let begin = self.rest.len();
        let Some(whole) = self.digits() else {
            return self.wrong(Fault::Seconds);
        };
        let fraction = match self.rest.strip_prefix('.') {
            None => "",
            Some(rest) => {
                self.rest = rest;
                match self.digits() {
                    Some(digits) if digits.len() <= 6 => digits,
                    _ => return Err((Fault::Seconds, begin)),
                }
            }
        };
        format!("{whole}{fraction:0<6}")
            .parse()
            .ok()
            .filter(|micros| *micros <= LONGEST)
            .ok_or((Fault::TooLong, begin))
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn wrong<T>(&self, fault: Fault) -> Result<T, Wrong> {
        Err((fault, self.rest.len()))
    }
}

impl Follows {
    fn spans(&self) -> usize {
        match self {
            Self::Next => 0,
            Self::Later(spans) => spans.0.len(),
        }
    }
}

fn within(follows: &Follows, spans: Spans) -> Follows {
    Follows::Later(match follows {
        Follows::Next => spans,
        Follows::Later(others) => others.intersect(&spans),
    })
}
