//! The stored form, version 1. Everything is little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 0 | version: 1 |
//! | 1 | 1 if no moment is less than the one before it, else 0 |
//! | 2 | number of conditions |
//! | 3–4 | length of the question |
//! | 5–8 | bytes in use, these included; what follows them is room to grow |
//! | 9… | the question, then the moments: time (8 bytes) and conditions (1, 2, 4 or 8) |

use super::{CONDITIONS, Moment, Timeline, TimelineError};

const VERSION: u8 = 1;
const HEADER: usize = 9;
const TIME: usize = 8;
/// What a state may take: PostgreSQL's values end at 1 GB, and one that grows is there twice.
const MOST_BYTES: usize = 1 << 29;
/// What a state with one short question takes at first; from then on it doubles.
const FIRST_BYTES: usize = 60;

#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) is_ordered: bool,
    pub(super) conditions: u8,
    question: u16,
    used: u32,
}

impl Header {
    /// Bytes of a moment.
    pub(super) const fn width(self) -> usize {
        TIME + match self.conditions {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            _ => 8,
        }
    }

    const fn used(self) -> usize {
        self.used as usize
    }

    const fn first_moment(self) -> usize {
        HEADER + self.question as usize
    }

    fn read(bytes: &[u8]) -> Result<Self, TimelineError> {
        let Some(&[version, ordered, conditions, q0, q1, u0, u1, u2, u3]) =
            bytes.first_chunk::<HEADER>()
        else {
            return Err(TimelineError::Malformed("It is too short."));
        };
        if version != VERSION {
            return Err(TimelineError::Version(version));
        }
        let header = Self {
            is_ordered: ordered == 1,
            conditions,
            question: u16::from_le_bytes([q0, q1]),
            used: u32::from_le_bytes([u0, u1, u2, u3]),
        };
        let moments = header.used().checked_sub(header.first_moment());
        let is_sound = ordered <= 1
            && CONDITIONS.contains(&usize::from(conditions))
            && header.used() <= bytes.len()
            && moments.is_some_and(|bytes| bytes % header.width() == 0);
        is_sound
            .then_some(header)
            .ok_or(TimelineError::Malformed("Its header is wrong."))
    }

    fn write(self, room: &mut [u8]) {
        let [q0, q1] = self.question.to_le_bytes();
        let [u0, u1, u2, u3] = self.used.to_le_bytes();
        let ordered = u8::from(self.is_ordered);
        room[..HEADER].copy_from_slice(&[
            VERSION,
            ordered,
            self.conditions,
            q0,
            q1,
            u0,
            u1,
            u2,
            u3,
        ]);
    }
}

/// Header, question and moments.
pub(super) fn split(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), TimelineError> {
    let header = Header::read(bytes)?;
    let (question, moments) = bytes[HEADER..header.used()].split_at(header.first_moment() - HEADER);
    Ok((header, question, moments))
}

/// The moments as they lie, put at the end of `read`.
pub(super) fn read_into(header: Header, bytes: &[u8], read: &mut Vec<Moment>) {
    // A loop for each width: bytes of a known number are read without a call.
    match header.width() - TIME {
        1 => read.extend(
            bytes
                .as_chunks::<{ TIME + 1 }>()
                .0
                .iter()
                .map(|of| moment(of)),
        ),
        2 => read.extend(
            bytes
                .as_chunks::<{ TIME + 2 }>()
                .0
                .iter()
                .map(|of| moment(of)),
        ),
        4 => read.extend(
            bytes
                .as_chunks::<{ TIME + 4 }>()
                .0
                .iter()
                .map(|of| moment(of)),
        ),
        _ => read.extend(
            bytes
                .as_chunks::<{ TIME + 8 }>()
                .0
                .iter()
                .map(|of| moment(of)),
        ),
    }
}

#[inline(always)]
fn moment(bytes: &[u8]) -> Moment {
    let (time, conditions) = bytes.split_at(TIME);
    let mut held = [0; 8];
    held[..conditions.len()].copy_from_slice(conditions);
    Moment {
        at: i64::from_le_bytes(time.try_into().unwrap_or_default()),
        held: u64::from_le_bytes(held),
    }
}

/// A timeline in room of its own, which takes more moments while there is room left.
pub struct Growing<'a> {
    header: Header,
    room: &'a mut [u8],
}

impl<'a> Growing<'a> {
    /// How much room to begin with.
    ///
    /// # Errors
    /// A question that is too long.
    pub fn first_room(question: &[u8]) -> Result<usize, TimelineError> {
        u16::try_from(question.len()).map_err(|_| TimelineError::TooLong)?;
        Ok((FIRST_BYTES + question.len()).next_multiple_of(64) - 4)
    }

    /// How much room so many moments need at most.
    ///
    /// # Errors
    /// More than a value may take, or a question that is too long.
    pub fn room_for(question: &[u8], moments: usize) -> Result<usize, TimelineError> {
        let most = moments.saturating_mul(TIME + size_of::<u64>());
        Some(Self::first_room(question)?.saturating_add(most))
            .filter(|room| *room <= MOST_BYTES)
            .ok_or(TimelineError::TooLong)
    }

    /// How much room to go on with, when there was not enough for `more` bytes.
    ///
    /// # Errors
    /// More than a value may take.
    pub fn next_room(room: usize, more: usize) -> Result<usize, TimelineError> {
        // With PostgreSQL's four bytes before it, powers of two stay so: no room is lost.
        let next = (room + 4 + more).next_power_of_two().max(2 * (room + 4)) - 4;
        Some(next)
            .filter(|next| *next <= MOST_BYTES)
            .ok_or(TimelineError::TooLong)
    }

    /// An empty one, in room of [`Growing::first_room`].
    ///
    /// # Errors
    /// Not so many conditions, or too little room.
    pub fn begin(
        room: &'a mut [u8],
        conditions: usize,
        question: &[u8],
    ) -> Result<Self, TimelineError> {
        let header = Header {
            is_ordered: true,
            conditions: u8::try_from(conditions)
                .ok()
                .filter(|_| CONDITIONS.contains(&conditions))
                .ok_or(TimelineError::Conditions(conditions))?,
            question: u16::try_from(question.len()).map_err(|_| TimelineError::TooLong)?,
            used: u32::try_from(HEADER + question.len()).map_err(|_| TimelineError::TooLong)?,
        };
        room.get_mut(HEADER..header.used())
            .ok_or(TimelineError::TooLong)?
            .copy_from_slice(question);
        header.write(room);
        Ok(Self { header, room })
    }

    /// One that was begun.
    ///
    /// # Errors
    /// Bytes that are no timeline.
    pub fn go_on(room: &'a mut [u8]) -> Result<Self, TimelineError> {
        Header::read(room).map(|header| Self { header, room })
    }

    /// How many conditions its moments tell of.
    #[must_use]
    pub fn conditions(&self) -> usize {
        usize::from(self.header.conditions)
    }

    /// What the aggregate was asked.
    #[must_use]
    pub fn question(&self) -> &[u8] {
        &self.room[HEADER..self.header.first_moment()]
    }

    /// Adds a moment; `false` if there is no room for it.
    pub fn push(&mut self, moment: Moment) -> bool {
        let (begin, width) = (self.header.used(), self.header.width());
        let is_ordered = self.header.is_ordered && self.last() <= Some(moment);
        let Some(place) = self.room.get_mut(begin..begin + width) else {
            return false;
        };
        let (time, conditions) = place.split_at_mut(TIME);
        time.copy_from_slice(&moment.at.to_le_bytes());
        conditions.copy_from_slice(&moment.held.to_le_bytes()[..width - TIME]);
        self.header.used += width as u32;
        self.header.is_ordered = is_ordered;
        self.header.write(self.room);
        true
    }

    /// Adds the moments of another; `false` if there is no room for them.
    ///
    /// # Errors
    /// One of other conditions or another question.
    pub fn merge(&mut self, other: &Timeline) -> Result<bool, TimelineError> {
        if self.header.conditions != other.header.conditions {
            return Err(TimelineError::Mismatch("numbers of conditions"));
        }
        if self.question() != other.question {
            return Err(TimelineError::Mismatch("arguments"));
        }
        let (begin, more) = (self.header.used(), other.moments);
        let Some(first) = more.get(..other.header.width()).map(moment) else {
            return Ok(true);
        };
        let follows = self.last() <= Some(first);
        let Some(place) = self.room.get_mut(begin..begin + more.len()) else {
            return Ok(false);
        };
        place.copy_from_slice(more);
        self.header.is_ordered &= other.header.is_ordered && follows;
        self.header.used += more.len() as u32;
        self.header.write(self.room);
        Ok(true)
    }

    fn last(&self) -> Option<Moment> {
        let (first, end) = (self.header.first_moment(), self.header.used());
        let begin = end.checked_sub(self.header.width())?;
        (begin >= first).then(|| moment(&self.room[begin..end]))
    }
}

/// The form of a timeline that is the same for the same moments and question: in order,
/// without room to grow. For values that leave an aggregate, and for states that were
/// written down.
///
/// # Errors
/// Bytes that are no timeline.
pub fn canonical(bytes: &[u8]) -> Result<Vec<u8>, TimelineError> {
    let timeline = Timeline::read(bytes)?;
    let mut room = vec![0; HEADER + timeline.question.len() + timeline.moments.len()];
    let mut grown = Growing::begin(&mut room, timeline.conditions(), timeline.question)?;
    for moment in timeline.sorted() {
        grown.push(moment);
    }
    Ok(room)
}

/// Whether bytes that came from outside are a canonical timeline.
///
/// # Errors
/// What they are not.
pub fn checked(bytes: &[u8]) -> Result<(), TimelineError> {
    let timeline = Timeline::read(bytes)?;
    let conditions = timeline.conditions();
    let known = u64::MAX >> (64 - conditions);
    let fits = |moment: &Moment| moment.held & !known == 0;
    match timeline.sorted() {
        sorted if !sorted.iter().all(fits) => Err(TimelineError::Malformed(
            "It tells of conditions it has not.",
        )),
        _ if canonical(bytes)? != bytes => Err(TimelineError::Malformed("It is not in order.")),
        _ => Ok(()),
    }
}
