//! Lists of what stays, while other things come and go: nothing of it is missed, nothing is there twice, or the command fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::{netnsctl, ok, outcome, run};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn what_stays_is_in_every_list() {
    sandbox::run("what_stays_is_in_every_list", || {
        const STAYS: std::ops::Range<usize> = 10..50;
        let stays: String = STAYS
            .map(|i| {
                format!(
                    "link add s{i} type veth peer name t{i}\nlink set s{i} up\nlink set t{i} up\naddr add 10.7.{i}.1/24 dev s{i}\n\
                     route add 10.8.{i}.0/24 via 10.7.{i}.9\nrule add pref {} table 77\n\
                     neigh add 10.7.{i}.9 lladdr 02:00:00:00:00:09 dev s{i}\n",
                    7000 + i
                )
            })
            .collect();
        assert_eq!(outcome(&mut netnsctl(["-b", "-"]), &stays), (0, String::new(), String::new()));
        let rounds = std::env::var("STORM").map_or(12, |n| n.parse().unwrap());
        let (done, add) = (AtomicBool::new(false), |i: usize| {
            format!(
                "link add c{i} type veth peer name d{i}\nlink set c{i} up\naddr add 10.9.{i}.1/24 dev c{i}\n\
                 route add 10.10.{i}.0/24 dev c{i}\nrule add pref {} table 78\nneigh add 10.9.{i}.9 lladdr 02:00:00:00:00:08 dev c{i}\n",
                6000 + i
            )
        });
        let (mut lists, mut refused) = (0, 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..rounds {
                    let script: String = (0..10)
                        .map(add)
                        .chain((0..10).map(|i| format!("rule delete pref {}\nlink delete c{i}\n", 6000 + i)))
                        .collect();
                    let (_, _, err) = outcome(&mut netnsctl(["-force", "-b", "-"]), &script);
                    assert_eq!(err, "");
                }
                done.store(true, Ordering::Relaxed);
            });
            while !done.load(Ordering::Relaxed) {
                // A word of each entry, `#` for its number.
                for (line, word) in [
                    ("-o link show", ": s#@"),
                    ("-o -4 addr show", " 10.7.#.1/24 "),
                    ("route show", "10.8.#.0/24 via"),
                    ("rule show", "70#:"),
                    ("neigh show nud permanent", "10.7.#.9 "),
                ] {
                    let (code, out, err) = run(line);
                    lists += 1;
                    if code != 0 {
                        assert!(err.contains("kept changing"), "{line}: {err}");
                        refused += 1;
                        continue;
                    }
                    for i in STAYS {
                        let word = word.replace('#', &i.to_string());
                        assert_eq!(out.matches(&word).count(), 1, "{line}: {word}\n{out}");
                    }
                }
            }
        });
        println!("{lists} lists, {refused} given up");
        assert!(lists > 20 && refused * 2 < lists, "{lists}, {refused}");
        ok("link show");
    });
}
