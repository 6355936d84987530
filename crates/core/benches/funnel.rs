//! What a funnel costs: the level of 100,000 users with ten events each, from their
//! states as they lie.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use pganalytics_core::funnel::{self, Modes, Question};
use pganalytics_core::timeline::{Growing, Moment, Timeline, TimelineError};

const USERS: u64 = 100_000;
const EVENTS: u64 = 10;
const HOUR: i64 = 3_600_000_000;

/// The states of all users, as the transitions of the aggregate leave them. `late`: every
/// other event comes after the one that follows it.
fn states(question: Question, late: bool) -> Result<Vec<Vec<u8>>, TimelineError> {
    let bytes = question.to_bytes();
    let mut seed = 1_u64;
    let mut random = || {
        // Of a linear congruential generator the high bits are good enough here.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    (0..USERS)
        .map(|_| {
            let mut room = vec![0; 256];
            let mut state = Growing::begin(&mut room, 3, &bytes)?;
            for event in 0..EVENTS as i64 {
                let event = if late { event ^ 1 } else { event };
                let at = event * 20 * HOUR + (random() % 20) as i64 * HOUR;
                let held = 1 << (random() % 3);
                state.push(Moment { at, held });
            }
            Ok(room)
        })
        .collect()
}

fn measure(criterion: &mut Criterion, modes: Modes, late: bool) {
    let question = Question {
        window: 7 * 24 * HOUR,
        modes,
    };
    let Ok(states) = states(question, late) else {
        return;
    };
    let name = format!("{modes}{}", if late { " (out of order)" } else { "" });
    let mut group = criterion.benchmark_group("funnel");
    group.throughput(Throughput::Elements(USERS * EVENTS));
    group.bench_function(
        if name.is_empty() {
            "default".to_owned()
        } else {
            name
        },
        |bencher| {
            let mut room = vec![];
            bencher.iter(|| {
                let level = |state: &Vec<u8>| {
                    let timeline = Timeline::read(black_box(state)).ok()?;
                    funnel::level_of(&timeline, &mut room).ok()
                };
                states.iter().filter_map(level).sum::<usize>()
            });
        },
    );
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for mode in [
        "",
        "strict_increase",
        "strict_once",
        "strict_order",
        "strict_deduplication",
    ] {
        let Ok(modes) = Modes::parse(mode) else {
            return;
        };
        measure(&mut criterion, modes, false);
    }
    measure(&mut criterion, Modes::default(), true);
    criterion.final_summary();
}
