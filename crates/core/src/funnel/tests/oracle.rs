//! The definition in words of [`crate::funnel`], without a thought for time.

use super::*;

fn holds(row: &Moment, step: usize) -> bool {
    row.held >> (step - 1) & 1 == 1
}

/// The longest chain of rows, by trying all: the modes that only say which rows may follow
/// which.
pub(super) fn longest(
    rows: &[Moment],
    steps: usize,
    question: Question,
    entry: &RangeInclusive<i64>,
) -> usize {
    let mut longest = 0;
    for (place, row) in rows.iter().enumerate() {
        if holds(row, 1) && entry.contains(&row.at) {
            longest = longest.max(follow(rows, steps, question, &mut vec![place]));
        }
    }
    longest
}

fn follow(rows: &[Moment], steps: usize, question: Question, chain: &mut Vec<usize>) -> usize {
    let mut longest = chain.len();
    if longest == steps {
        return longest;
    }
    let (first, last) = (rows[chain[0]], rows[chain[chain.len() - 1]]);
    for (place, row) in rows.iter().enumerate() {
        let far = i128::from(row.at) - i128::from(first.at);
        let follows = row.at > last.at || row.at == last.at && !question.modes.increase;
        let is_free = !question.modes.once || !chain.contains(&place);
        if holds(row, chain.len() + 1) && follows && is_free && far <= question.window.into() {
            chain.push(place);
            longest = longest.max(follow(rows, steps, question, chain));
            chain.pop();
        }
    }
    longest
}

/// A chain that was read on from its first row.
pub(super) struct Chain {
    pub(super) times: Vec<i64>,
    pub(super) goes_on: bool,
}

/// The chains of all first rows.
pub(super) fn read_all(
    rows: &[Moment],
    steps: usize,
    question: Question,
    entry: &RangeInclusive<i64>,
) -> Vec<Chain> {
    let mut begins: Vec<i64> = rows
        .iter()
        .filter(|row| holds(row, 1) && entry.contains(&row.at))
        .map(|row| row.at)
        .collect();
    begins.dedup();
    let read = |begin: &i64| read(rows, steps, question, *begin);
    begins.iter().map(read).collect()
}

fn read(rows: &[Moment], steps: usize, question: Question, begin: i64) -> Chain {
    let modes = question.modes;
    let mut chain = Chain {
        times: vec![],
        goes_on: true,
    };
    let mut at = begin;
    loop {
        let now: Vec<Moment> = rows.iter().copied().filter(|row| row.at == at).collect();
        // What holds nothing comes first; then the steps, in their order.
        if modes.order && at > begin && now.iter().any(|row| row.held == 0) {
            chain.goes_on = false;
            return chain;
        }
        let before = chain.times.len();
        let mut best = (0, true);
        take(
            &now,
            steps,
            modes,
            before,
            before,
            &mut vec![],
            1,
            &mut best,
        );
        chain.times.resize(best.0.max(before), at);
        chain.goes_on = best.1;
        let level = chain.times.len();
        let is_in_the_way =
            |row: &Moment| row.held != 0 && (1..=(level + 1).min(64)).all(|step| !holds(row, step));
        if modes.order && now.iter().any(is_in_the_way) {
            chain.goes_on = false;
        }
        let next = rows.iter().map(|row| row.at).find(|next| *next > at);
        match next {
            Some(next) if chain.goes_on && level < steps => {
                if i128::from(next) - i128::from(begin) > question.window.into() {
                    return chain;
                }
                at = next;
            }
            _ => return chain,
        }
    }
}

/// Goes through the steps from `step` on, and the rows that hold each, one event after the
/// other; where more than one row may serve, tries each. `best`: the level, and whether the
/// chain goes on.
#[allow(clippy::too_many_arguments)]
fn take(
    now: &[Moment],
    steps: usize,
    modes: Modes,
    before: usize,
    level: usize,
    used: &mut Vec<usize>,
    step: usize,
    best: &mut (usize, bool),
) {
    let end = |level: usize, goes_on: bool, best: &mut (usize, bool)| {
        if level > best.0 {
            *best = (level, goes_on);
        }
    };
    if step > steps {
        return end(level, true, best);
    }
    let holding: Vec<usize> = (0..now.len())
        .filter(|row| holds(&now[*row], step))
        .collect();
    let repeats = modes.deduplication && step > 1;
    if step <= before {
        // Reached before this time.
        return match repeats && !holding.is_empty() {
            true => end(level, false, best),
            false => take(now, steps, modes, before, level, used, step + 1, best),
        };
    }
    let may_follow = step == level + 1 && !(modes.increase && level > before);
    let mut has_taken = false;
    for row in holding.iter().filter(|_| may_follow) {
        if modes.once && used.contains(row) {
            continue;
        }
        has_taken = true;
        used.push(*row);
        match repeats && holding.len() > 1 {
            true => end(step, false, best),
            false => take(now, steps, modes, before, step, used, step + 1, best),
        }
        used.pop();
        if !modes.once {
            break;
        }
    }
    if !has_taken {
        take(now, steps, modes, before, level, used, step + 1, best);
    }
}
