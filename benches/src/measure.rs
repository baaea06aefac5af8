//! Measuring in turns, and the figures as rows that any program here writes and the report reads.

use crate::codec::Task;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The middle of many measurements, and the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Figure {
    /// Of measurements; none are 0.
    #[must_use]
    pub fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |i: usize| all.get(i).copied().unwrap_or_default();
        Self { median: at(all.len() / 2), least: at(0), most: at(all.len().saturating_sub(1)) }
    }

    /// One that is always the same.
    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is done.
    pub task: String,
    /// To how many; 0 where that is not the question.
    pub n: u64,
    /// Who does it.
    pub who: String,
    /// Of what: `ns`, `ms`, `kB`, `syscalls`, `allocations`, …
    pub measure: String,
    /// The figure.
    pub figure: Figure,
}

impl Row {
    /// A row.
    #[must_use]
    pub fn new(task: &str, n: u64, who: &str, measure: &str, figure: Figure) -> Self {
        Self { task: task.into(), n, who: who.into(), measure: measure.into(), figure }
    }
}

/// Where the figures called `name` are kept.
#[must_use]
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/benches")).join(name).with_extension("tsv")
}

/// Keeps figures, instead of those that were kept under the name before.
///
/// # Panics
/// They cannot be written.
pub fn keep(name: &str, rows: &[Row]) {
    let _ = fs::remove_file(file(name));
    add(name, rows);
}

/// Keeps figures, behind those that are kept under the name.
///
/// # Panics
/// They cannot be written.
pub fn add(name: &str, rows: &[Row]) {
    let path = file(name);
    let line = |r: &Row| {
        let f = &r.figure;
        format!("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", r.task, r.n, r.who, r.measure, f.median, f.least, f.most)
    };
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).expect("a file");
    file.write_all(rows.iter().map(line).collect::<String>().as_bytes()).expect("a file");
}

/// What was kept under a name, if anything was.
#[must_use]
pub fn kept(name: &str) -> Option<Vec<Row>> {
    let text = fs::read_to_string(file(name)).ok()?;
    let row = |line: &str| {
        let [task, n, who, measure, median, least, most] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let number = |s: &str| s.parse().ok();
        let figure = Figure { median: number(median)?, least: number(least)?, most: number(most)? };
        Some(Row::new(task, n.parse().ok()?, who, measure, figure))
    };
    text.lines().map(row).collect()
}

/// How long one measurement of the codec takes.
const SAMPLE: Duration = Duration::from_millis(2);

/// Nanoseconds a message of each who does the task: all in turns, `rounds` times behind a warm-up.
#[must_use]
pub fn race(task: &mut Task, rounds: usize) -> Vec<Row> {
    let timed = |run: &mut dyn FnMut() -> u64, times: u32| {
        let start = Instant::now();
        for _ in 0..times {
            std::hint::black_box(run());
        }
        start.elapsed()
    };
    let times: Vec<u32> = task
        .runners
        .iter_mut()
        .map(|r| {
            timed(&mut r.run, 20);
            let once = timed(&mut r.run, 100).max(Duration::from_nanos(100)) / 100;
            u32::try_from(SAMPLE.as_nanos() / once.as_nanos().max(1)).map_or(1, |n| n.max(1))
        })
        .collect();
    let mut all = vec![Vec::new(); task.runners.len()];
    for _ in 0..rounds {
        for ((runner, times), all) in task.runners.iter_mut().zip(&times).zip(&mut all) {
            let took = timed(&mut runner.run, *times);
            all.push(took.as_secs_f64() * 1e9 / f64::from(*times) / f64::from(task.messages));
        }
    }
    let row = |(runner, all): (&crate::codec::Runner, _)| Row::new(task.name, 0, runner.who, "ns", Figure::of(all));
    task.runners.iter().zip(all).map(row).collect()
}
