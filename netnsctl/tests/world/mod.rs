//! What commands are tried on, and all that they could have changed of it.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used)]

use crate::program::{netnsctl, outcome};
use std::fmt::Write as _;
use std::fs;

/// Writes what it sees of its surroundings into /run/ran. Starts no process: the faults are not for it.
pub(crate) const MARK: &str =
    "#!/bin/sh\n{ echo /sys/class/net/*; while read -r l x; do echo \"$l\"; done; } </proc/net/dev >/run/ran\n";

pub(crate) const PLAN: &str = "\
netns add h{1..2}
link add br0 type bridge
link set br0 up
link add v{i=1..2} type veth peer name eth0 netns h{i}
link set v{1..2} master br0 up
-n h{i=1..2} link set eth0 up
-n h{i=1..2} addr add 10.0.0.{i}/24 dev eth0
-n h{1..2} route add default via 10.0.0.9
";

/// All there is that a command could have changed, as text, without what is not the same twice.
pub(crate) fn state() -> String {
    let mut text = String::new();
    let mut files: Vec<_> = fs::read_dir("/run").unwrap().flatten().map(|e| e.path()).collect();
    let below = |dir: &str| fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    files.extend(below("/run/netns").chain(below("/run/netnsctl.plans")));
    files.sort();
    // The directory of names is made if needed, and no name is in the way of the next.
    let empty = below("/run/netns").next().is_none();
    // So is that of journals; an empty one is none.
    let begun = |path: &str| path.starts_with("/run/netnsctl.plans/") && fs::metadata(path).is_ok_and(|f| f.len() == 0);
    let no_plan = below("/run/netnsctl.plans").all(|path| begun(&path.to_string_lossy()));
    let ours = |path: &str| {
        path == "/run/trace" || path == "/run/netns" && empty || path == "/run/netnsctl.plans" && no_plan || begun(path)
    };
    for file in files.iter().filter(|f| !ours(&f.to_string_lossy())) {
        let _ = writeln!(text, "{}", file.display());
        if file.ends_with("ran") {
            let _ = writeln!(text, "{}", fs::read_to_string(file).unwrap());
        }
        if file.starts_with("/run/netnsctl.plans") && file.is_file() {
            let _ = writeln!(
                text,
                "{}",
                if fs::read_to_string(file).unwrap().ends_with("done\n") { "done" } else { "cut off" }
            );
        }
    }
    let mut mounts: Vec<String> = fs::read_to_string("/proc/self/mountinfo").unwrap().lines().map(mount).collect();
    mounts.sort();
    let mounts = mounts.iter().filter(|m| m.starts_with("/run/") || m.starts_with("/sys "));
    mounts.filter(|m| !ours(m.split(' ').next().unwrap())).for_each(|m| {
        let _ = writeln!(text, "{m}");
    });
    let listed = outcome(&mut netnsctl(["-d", "netns"]), "").1;
    let _ = writeln!(text, "{listed}");
    let names = listed.lines().filter(|l| !l.contains("stale")).map(|l| l.split(' ').next().unwrap().to_owned());
    for name in std::iter::once(String::new()).chain(names) {
        let _ = writeln!(text, "in {name}:");
        let mut command = netnsctl(Vec::<&str>::new());
        if !name.is_empty() {
            command.args(["-n", &name]);
        }
        let lines = "-o link show\n-o -4 addr show\n-4 route show table all\nrule show\nneigh show nud permanent\n";
        let shown = outcome(command.args(["-b", "-"]), lines);
        text.extend(shown.1.lines().map(settled));
        text.push_str(&shown.2);
    }
    text
}

/// Where it is mounted, and whether it is shared.
fn mount(line: &str) -> String {
    let mut words = line.split(' ').skip(4);
    let at = words.next().unwrap();
    format!("{at} {}", if words.any(|w| w.starts_with("shared:")) { "shared" } else { "private" })
}

/// A line of `show`, without numbers that the kernel chose, and what changes by itself in a moment.
fn settled(line: &str) -> String {
    let mut out = String::new();
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match word {
            "state" | "link/ether" | "link-netnsid" | "qdisc" | "qlen" | "brd" => drop(words.next()),
            "linkdown" | "broadcast" | "\\" => {}
            word if word.starts_with('<') => out.push_str(if word.contains(",UP") { "up " } else { "down " }),
            word if word.ends_with(':') && word.trim_end_matches(':').parse::<u32>().is_ok() => {}
            word => {
                out.push_str(word.split('@').next().unwrap());
                out.push(' ');
            }
        }
    }
    out.push('\n');
    out
}
