//! What may take long can be interrupted. By whom, the core does not know: it calls a function
//! that it was given every now and then, which unwinds when it is time to stop.

use std::sync::OnceLock;

static CHECK: OnceLock<fn()> = OnceLock::new();

/// After how many steps it is called: a fraction of a millisecond.
const STEPS: usize = 1 << 16;

/// What is to be called. The first word holds.
pub fn on_check(check: fn()) {
    let _ = CHECK.set(check);
}

/// Work that counts its steps.
#[derive(Default)]
pub struct Work(usize);

impl Work {
    /// So many more steps are done.
    #[inline]
    pub fn done(&mut self, steps: usize) {
        self.0 += steps;
        if self.0 >= STEPS {
            self.0 = 0;
            check();
        }
    }
}

#[cold]
fn check() {
    if let Some(check) = CHECK.get() {
        check();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static CHECKS: Cell<usize> = const { Cell::new(0) };
    }

    /// How often `work` lets itself be interrupted. Other tests, in other threads, do not count.
    pub fn checks(work: impl FnOnce()) -> usize {
        on_check(|| CHECKS.set(CHECKS.get() + 1));
        CHECKS.set(0);
        work();
        CHECKS.get()
    }

    #[test]
    fn small_steps_add_up() {
        let steps = |count: usize, size| {
            let mut work = Work::default();
            checks(|| (0..count).for_each(|_| work.done(size)))
        };
        assert_eq!(steps(STEPS - 1, 1), 0);
        assert_eq!(steps(3 * STEPS, 1), 3);
        assert_eq!(steps(5, STEPS), 5);
    }
}
