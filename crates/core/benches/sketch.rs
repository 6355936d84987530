//! What a sketch costs: per row, per merge, per reading and writing.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use pganalytics_core::hash::{Value, hash};
use pganalytics_core::hyperloglog::{DEFAULT_PRECISION, Sketch, SketchError};

fn sketch_of(count: i64) -> Result<Sketch, SketchError> {
    let mut sketch = Sketch::new(DEFAULT_PRECISION)?;
    (0..count).for_each(|value| sketch.add(hash(Value::Integer(value))));
    Ok(sketch)
}

fn add(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("add");
    for count in [100i64, 5_000, 1_000_000] {
        group.throughput(Throughput::Elements(count.unsigned_abs()));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| sketch_of(count))
        });
    }
    group.finish();
}

fn read_merge_write(criterion: &mut Criterion) {
    for count in [100, 5_000, 100_000] {
        let Ok(mut sketch) = sketch_of(count) else {
            return;
        };
        let Ok(bytes) = sketch.to_bytes() else { return };
        let mut group = criterion.benchmark_group(count.to_string());
        group.bench_function("read", |bencher| {
            bencher.iter(|| Sketch::from_bytes(black_box(&bytes)));
        });
        group.bench_function("write", |bencher| bencher.iter(|| sketch.to_bytes()));
        group.bench_function("cardinality", |bencher| {
            bencher.iter(|| sketch.cardinality())
        });
        group.bench_function("merge", |bencher| {
            bencher.iter_batched_ref(
                || sketch.clone(),
                |left| left.merge(&sketch),
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
    add(&mut criterion);
    read_merge_write(&mut criterion);
    text_hash(&mut criterion);
    criterion.final_summary();
}
