//! Many at once, and killed at any moment: what is left is whole, or made whole by the next.
//!
//! `STORM=N`: N times (else a few).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;
mod world;

use netns_sys::Dir;
use netns_sys::named::State;
use program::{netnsctl, ok, outcome};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// How often; N thousand times where `few` are the short form.
fn times(few: usize) -> usize {
    std::env::var("STORM").map_or(few, |n| n.parse().unwrap())
}

/// Numbers that are the same in no two runs.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        println!("seed: {}", now.as_nanos());
        Random(u64::try_from(now.as_nanos()).unwrap_or(1) | 1)
    }
    /// Below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Starts it, and sends the signal at some moment of the time that it takes. Gives back whether it was killed.
fn killed(line: &str, signal: i32, random: &mut Random, takes: Duration) -> bool {
    let mut command = netnsctl(line.split(' '));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_nanos(random.below(u64::try_from(takes.as_nanos()).unwrap()));
    while Instant::now() < end {
        std::hint::spin_loop();
    }
    let pid = child.id().to_string();
    if signal == 9 {
        child.kill().unwrap();
    } else {
        assert!(Command::new("kill").args([&format!("-{signal}"), &*pid]).status().unwrap().success());
    }
    child.wait().unwrap().code().is_none()
}

/// How long it takes, undisturbed.
fn duration(line: &str) -> Duration {
    let start = Instant::now();
    ok(line);
    start.elapsed()
}

fn is_stale(name: &str) -> bool {
    Dir::default().list().unwrap().iter().any(|e| e.name == name && !matches!(e.state, State::Ns(_)))
}

#[test]
fn names_whose_making_is_killed_are_made_by_the_next() {
    sandbox::run("names_whose_making_is_killed_are_made_by_the_next", || {
        let (mut random, mut kills, mut stale) = (Random::new(), 0, 0);
        let takes = duration("netns add x").max(duration("netns delete x")) * 3 / 2;
        for _ in 0..times(200) {
            kills += usize::from(killed("netns add x", 9, &mut random, takes));
            stale += usize::from(is_stale("x"));
            if Dir::default().open("x".as_ref()).is_err() {
                ok("netns add x");
            }
            kills += usize::from(killed("netns delete x", 9, &mut random, takes));
            stale += usize::from(is_stale("x"));
            if fs::symlink_metadata("/run/netns/x").is_ok() {
                ok("netns delete x");
            }
            assert!(sandbox::mounts_at("/run/netns/x").is_empty() && sandbox::mounts_at("/run/netns").len() < 2);
        }
        println!("{kills} were killed, {stale} left a file without a namespace, all were healed");
        assert!(kills > 0);
    });
}

#[test]
fn an_interrupt_leaves_no_half_made_name() {
    sandbox::run("an_interrupt_leaves_no_half_made_name", || {
        let (mut random, mut kills) = (Random::new(), 0);
        let takes = duration("netns add x").max(duration("netns delete x")) * 3 / 2;
        for _ in 0..times(200) {
            for line in ["netns add x", "netns delete x"] {
                kills += usize::from(killed(line, 2, &mut random, takes));
                assert!(!is_stale("x"), "{line} left a file without a namespace");
            }
        }
        println!("{kills} were interrupted");
        assert!(kills > 0);
    });
}

#[test]
fn many_first_adds_at_once_mount_the_directory_once() {
    sandbox::run("many_first_adds_at_once_mount_the_directory_once", || {
        let children: Vec<_> =
            (0..100).map(|i| netnsctl(["netns", "add", &format!("n{i}")]).spawn().unwrap()).collect();
        assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
        assert_eq!(sandbox::mounts_at("/run/netns").len(), 1);
        assert!((0..100).all(|i| sandbox::mounts_at(&format!("/run/netns/n{i}")).len() == 1));
        ok("-all netns delete");
    });
}

#[test]
fn of_many_who_want_one_name_one_gets_it() {
    sandbox::run("of_many_who_want_one_name_one_gets_it", || {
        let start = || netnsctl(["netns", "add", "x"]).stderr(Stdio::piped()).spawn().unwrap();
        let children: Vec<_> = (0..50).map(|_| start()).collect();
        let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
        let (won, lost): (Vec<_>, Vec<_>) = outputs.partition(|o| o.status.success());
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|o| String::from_utf8_lossy(&o.stderr).contains("\"x\" is taken")));
        assert_eq!(sandbox::mounts_at("/run/netns/x").len(), 1);
    });
}

#[test]
fn adds_and_deletes_of_the_same_names_leave_them_whole() {
    sandbox::run("adds_and_deletes_of_the_same_names_leave_them_whole", || {
        let rounds = times(100);
        thread::scope(|scope| {
            for (verb, others) in [("add", "is taken"), ("delete", "no namespace named")].repeat(2) {
                scope.spawn(move || {
                    for i in 0..rounds {
                        let (code, _, err) = outcome(&mut netnsctl(["netns", verb, &format!("n{}", i % 3)]), "");
                        assert!(code == 0 || err.contains(others), "{verb}: {err}");
                    }
                });
            }
        });
        let list = Dir::default().list().unwrap();
        assert!(list.iter().all(|e| matches!(e.state, State::Ns(_))), "{list:?}");
        let mounts = (0..3).map(|i| sandbox::mounts_at(&format!("/run/netns/n{i}")).len()).sum::<usize>();
        assert_eq!(mounts, list.len());
    });
}

#[test]
fn what_a_killed_apply_made_is_taken_away() {
    sandbox::run("what_a_killed_apply_made_is_taken_away", || {
        fs::write("/run/h", world::PLAN).unwrap();
        for conf in ["all", "default"] {
            let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"), "1");
        }
        ok("netns add mine");
        ok("link add mine0 type veth peer name mine1 netns mine");
        let before = world::state();
        let takes = duration("apply /run/h");
        ok("down /run/h");
        assert_eq!(world::state(), before);
        let (mut random, mut kills) = (Random::new(), 0);
        for round in 0..times(40) {
            kills += usize::from(killed("apply /run/h", 9, &mut random, takes));
            let undo = if ok("status").contains(": applied") { "down /run/h" } else { "gc --yes" };
            let said = ok(undo);
            assert_eq!(world::state(), before, "round {round}: {undo}: {said}");
        }
        println!("{kills} were killed");
        assert!(kills > 0);
    });
}
