//! What a sketch costs: per row, per merge, per reading and writing.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use pganalytics_core::hash::{Value, hash};
use pganalytics_core::hyperloglog::{add, begin, cardinality, merge, sealed};
use pganalytics_core::sketch::SketchError;

fn state_of(count: i64) -> Result<Vec<u8>, SketchError> {
    let mut state = begin(None);
    for value in 0..count {
        if let Some(grown) = add(&mut state, None, hash(Value::Integer(value)))? {
            state = grown;
        }
    }
    Ok(state)
}

fn distinct(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("add");
    for count in [100i64, 5_000, 1_000_000] {
        group.throughput(Throughput::Elements(count.unsigned_abs()));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| state_of(count))
        });
    }
    group.finish();
    for count in [100, 5_000, 100_000] {
        let Ok(state) = state_of(count) else { return };
        let Ok(bytes) = sealed(&state) else { return };
        let mut group = criterion.benchmark_group(count.to_string());
        group.bench_function("seal", |bencher| bencher.iter(|| sealed(black_box(&state))));
        group.bench_function("cardinality", |bencher| {
            bencher.iter(|| cardinality(black_box(&state)))
        });
        group.bench_function("merge", |bencher| {
            bencher.iter_batched_ref(
                || state.clone(),
                |state| merge(state, black_box(&bytes)),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

fn text_hash(criterion: &mut Criterion) {
    let user = "user-1234567890".as_bytes();
    criterion.bench_function("hash of a text", |bencher| {
        bencher.iter(|| hash(Value::Text(black_box(user))));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    distinct(&mut criterion);
    text_hash(&mut criterion);
    criterion.final_summary();
}
