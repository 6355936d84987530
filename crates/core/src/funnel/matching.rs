//! Rows of one time, each to serve as one step at most: how many steps in a row find one.
//!
//! Steps are matched to rows one by one; a step whose rows are all taken asks the steps
//! that have them to take others (an augmenting path). If it cannot be helped so, it
//! cannot be helped at all.

/// How many rows of a step are looked at: with more, one is always left for it.
const ENOUGH: usize = 64;

/// The rows that matter to a matching, as sets of conditions: of each condition the first
/// [`ENOUGH`].
pub(super) fn candidates(rows: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut seen = [0_usize; 64];
    let mut open = u64::MAX;
    let mut kept = vec![];
    for row in rows {
        let mut matters = row & open;
        if matters != 0 {
            kept.push(row);
        }
        while matters != 0 {
            let step = matters.trailing_zeros() as usize;
            matters &= matters - 1;
            seen[step] += 1;
            if seen[step] == ENOUGH {
                open &= !(1 << step);
            }
        }
    }
    kept
}

/// Which level a chain of `level` reaches by these rows.
pub(super) fn reached(rows: &[u64], level: usize, steps: usize) -> usize {
    // The step that each row serves as.
    let mut taken = vec![None; rows.len()];
    (level..steps)
        .find(|step| !find_row(rows, *step, &mut taken, &mut 0))
        .unwrap_or(steps)
}

/// Finds a row for the step, without asking the steps in `asked`.
fn find_row(rows: &[u64], step: usize, taken: &mut [Option<usize>], asked: &mut u64) -> bool {
    *asked |= 1 << step;
    let free = (0..rows.len())
        .filter(|row| rows[*row] >> step & 1 == 1)
        .find(|row| match taken[*row] {
            None => true,
            Some(other) => *asked >> other & 1 == 0 && find_row(rows, other, taken, asked),
        });
    if let Some(row) = free {
        taken[row] = Some(step);
    }
    free.is_some()
}
