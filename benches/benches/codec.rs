//! The wire codec, each task beside its floor: a plain safe loop over the same bytes.
#![expect(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn bench(c: &mut Criterion) {
    for mut task in netns_benches::codec::tasks() {
        let mut g = c.benchmark_group(task.name);
        g.throughput(Throughput::Elements(task.messages.into()));
        for runner in &mut task.runners {
            g.bench_function(runner.who, |b| b.iter(&mut runner.run));
        }
        g.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
