//! The work of the codec beside other libraries, all in one run, in turns; allocations counted:
//! `cargo run --release --manifest-path benches/peers/Cargo.toml [ROUNDS]`.
//!
//! Prints a table, and keeps the figures for the report. Who is not there is named.

mod bulk;
mod kernel;
mod libs;
#[cfg(libmnl)]
mod mnl;

use netns_benches::codec::{LINKS, OURS, ROUTES, TOUCH, Task, tasks, written};
use netns_benches::measure::{Figure, Row, keep, race};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static ASKED: AtomicUsize = AtomicUsize::new(0);
static COUNTING: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            ASKED.fetch_add(1, Relaxed);
        }
        // SAFETY: the caller promises what `System` wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            ASKED.fetch_add(1, Relaxed);
        }
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `System` with this layout.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations a message.
fn allocations(run: &mut dyn FnMut() -> u64, messages: u32) -> f64 {
    black_box(run());
    ASKED.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    black_box(run());
    COUNTING.store(false, Relaxed);
    ASKED.load(Relaxed) as f64 / f64::from(messages)
}

const PACKET_ROUTE: &str = "netlink-packet-route 0.34";
const BINDINGS: &str = "netlink-bindings 0.3";
const NELI: &str = "neli 0.7";
const MNL: &str = "libmnl";

fn parse(task: &mut Task, who: &'static str, capture: &'static [u8], run: fn(&[u8]) -> u64) {
    task.push(who, move || run(black_box(capture)));
}

fn all() -> Vec<Task> {
    let mut all = tasks();
    for task in &mut all {
        match task.name {
            "parse route" => {
                parse(task, BINDINGS, ROUTES, libs::bindings::routes);
                #[cfg(libmnl)]
                parse(task, MNL, ROUTES, mnl::routes);
                parse(task, PACKET_ROUTE, ROUTES, libs::packet_route::routes);
                parse(task, NELI, ROUTES, libs::neli::routes);
            }
            "parse link" => {
                parse(task, BINDINGS, LINKS, libs::bindings::links);
                #[cfg(libmnl)]
                parse(task, MNL, LINKS, mnl::links);
                parse(task, PACKET_ROUTE, LINKS, libs::packet_route::links);
                parse(task, NELI, LINKS, libs::neli::links);
            }
            "encode NEWROUTE" => {
                task.push(BINDINGS, written(libs::bindings::route));
                #[cfg(libmnl)]
                task.push(MNL, written(mnl::route));
                task.push(PACKET_ROUTE, written(libs::packet_route::route));
                task.push(NELI, written(libs::neli::route));
            }
            "encode NEWLINK veth" => {
                #[cfg(libmnl)]
                task.push(MNL, written(mnl::veth));
                task.push(PACKET_ROUTE, written(libs::packet_route::veth));
            }
            _ => {}
        }
    }
    all.retain(|t| t.runners.iter().any(|r| r.who == PACKET_ROUTE));
    all
}

/// Ours is to take at most so much of theirs.
const GOALS: &[(&str, &str, f64)] = &[
    ("parse route", TOUCH, 1.5),
    ("parse route", MNL, 0.12),
    ("parse route", PACKET_ROUTE, 0.10),
    ("parse route", NELI, 0.10),
    ("parse route", BINDINGS, 0.65),
    ("parse link", TOUCH, 1.5),
    ("parse link", MNL, 0.33),
    ("parse link", BINDINGS, 0.4),
    ("parse link", PACKET_ROUTE, 0.12),
    ("encode NEWROUTE", BINDINGS, 0.25),
    ("encode NEWROUTE", MNL, 0.10),
    ("encode NEWROUTE", PACKET_ROUTE, 0.03),
    ("encode NEWLINK veth", MNL, 0.10),
    ("encode NEWLINK veth", PACKET_ROUTE, 0.02),
    ("dump 100,000 routes", kernel::FLOOR, 1.05),
    ("dump 100,000 routes", kernel::PEER, 0.55),
];

fn main() {
    if let Ok(units) = std::env::var(bulk::INSIDE) {
        return bulk::inside(units.parse().expect("a number")).expect("units");
    }
    if std::env::var_os(kernel::INSIDE).is_some() {
        return kernel::inside().expect("routes");
    }
    let mut args = std::env::args().skip(1);
    let rounds = args.next().map_or(51, |n| n.parse().expect("ROUNDS is a number"));
    let mut rows = Vec::new();
    let goal = |task: &str, who: &str| GOALS.iter().find(|g| (g.0, g.1) == (task, who));
    println!("| what | who | ns a message (min–max) | ratio | goal | allocations |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for mut task in all() {
        let ours = (task.ours().run)();
        for runner in &mut task.runners {
            let found = (runner.run)();
            assert!(found == ours || runner.who.starts_with("floor"), "{}: {} finds other", task.name, runner.who);
        }
        let times = race(&mut task, rounds);
        let ours = times.iter().find(|r| r.who == OURS).expect("ours").figure.median;
        for (row, runner) in times.into_iter().zip(&mut task.runners) {
            let asked = allocations(&mut runner.run, task.messages);
            let goal = goal(task.name, runner.who);
            let Figure { median, least, most } = row.figure;
            let ratio = ours / median;
            let (goal, over) = goal.map_or((String::new(), ""), |g| {
                rows.push(Row::new(task.name, 0, runner.who, "goal", Figure::exactly(g.2)));
                (g.2.to_string(), if ratio > g.2 { " **over**" } else { "" })
            });
            println!(
                "| {} | {} | {median:.2} ({least:.2}–{most:.2}) | {ratio:.3}{over} | {goal} | {asked} |",
                task.name, runner.who
            );
            rows.push(row);
            rows.push(Row::new(task.name, 0, runner.who, "allocations", Figure::exactly(asked)));
        }
    }
    if !cfg!(libmnl) {
        println!("\nmissing: libmnl (libmnl-dev is not installed)");
        rows.push(Row::new("", 0, MNL, "missing", Figure::exactly(0.0)));
    }
    for row in kernel::run() {
        let goal = goal(&row.task, &row.who).map(|g| Row::new(g.0, 0, g.1, "goal", Figure::exactly(g.2)));
        rows.extend(goal.into_iter().chain([row]));
    }
    rows.extend(bulk::run());
    keep("peers", &rows);
}
