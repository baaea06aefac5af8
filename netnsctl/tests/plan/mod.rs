//! Plans and the worlds they are carried out in; to be used in a sandbox, whose /run is its own.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, clippy::panic)]

use super::program::{Outcome, outcome};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The plan's file; it is called `p`.
pub(crate) const FILE: &str = "/run/p.plan";
/// Its journal.
pub(crate) const JOURNAL: &str = "/run/netnsctl.plans/p";

/// The program, killed should it hang.
pub(crate) fn program<A: AsRef<OsStr>>(words: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_netnsctl")]).args(words);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env_remove("XDG_RUNTIME_DIR").env("LC_ALL", "C");
    command
}

/// Runs it with the words of `line`.
pub(crate) fn run(line: &str) -> Outcome {
    outcome(&mut program(line.split_whitespace()), "")
}

/// As [`run`], and it has to succeed in silence on standard error.
pub(crate) fn ok(line: &str) -> String {
    let (code, out, err) = run(line);
    assert_eq!((code, &*err), (0, ""), "{line}: {out}");
    out
}

/// As [`run`], and it has to fail, and say all this. Gives back all it said.
pub(crate) fn fails(line: &str, says: &[&str]) -> String {
    let (code, out, err) = run(line);
    assert!(code > 0 && out.is_empty() && err.starts_with("netnsctl: "), "{line}: {code} {out}{err}");
    says.iter().for_each(|text| assert!(err.contains(text), "{line}: no {text:?} in {err}"));
    err
}

pub(crate) fn write(text: &str) {
    fs::write(FILE, text).unwrap();
}

/// Carries out a plan of these lines.
pub(crate) fn apply(text: &str) -> String {
    write(text);
    ok(&format!("apply {FILE}"))
}

/// Runs commands, a line each.
pub(crate) fn lines(text: &str) -> Outcome {
    outcome(&mut program(["-b", "-"]), text)
}

/// The names of namespaces, and what else is below /run, but for the plan itself.
pub(crate) fn files() -> Vec<String> {
    let below = |dir: &str| {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(move |e| e.path().display().to_string()).collect::<Vec<_>>()
    };
    let mut all = [below("/run"), below("/run/netns"), below("/run/netnsctl.plans")].concat();
    // The directory of names stays, as ever.
    all.retain(|path| path != "/run/netns" && path != "/run/mount" && !path.ends_with(".plan"));
    all.sort();
    all
}

const QUESTIONS: [&str; 8] = [
    "link show",
    "addr show",
    "-4 route show table all",
    "-6 route show table all",
    "-4 rule show",
    "-6 rule show",
    "neigh show nud permanent",
    "nexthop show",
];

/// Switches that tests set.
pub(crate) const SWITCHES: [&str; 4] =
    ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/lo/rp_filter", "net/ipv4/ip_default_ttl"];

/// The questions that [`objects`] is the answer to, for this namespace (empty: the one around).
pub(crate) fn questions(ns: &str) -> String {
    let at = if ns.is_empty() { String::new() } else { format!("-n {ns} ") };
    let ask: String = QUESTIONS.map(|question| format!("{at}{question}\n")).concat();
    format!("{ask}{at}sysctl {}\n", SWITCHES.join(" "))
}

/// Of what `-j -p -d` answers, all objects, one a block and sorted, without the lines that are not `kept`.
pub(crate) fn objects(answer: &str, kept: impl Fn(&str, &str) -> bool) -> String {
    let mut objects: Vec<String> = Vec::new();
    for line in answer.lines() {
        let (key, value) = line.trim_start().trim_start_matches('"').split_once('"').unwrap_or((line, ""));
        if line.starts_with('[') || line.starts_with("    }") {
            objects.push(String::new());
        } else if let (true, Some(object)) = (!key.ends_with("_timer") && kept(key, value), objects.last_mut()) {
            object.push_str(line.trim());
            object.push('\n');
        }
    }
    // The kernel adds it when a link gets its carrier, which comes and goes in its own time.
    let own = |object: &str| object.contains("\"dst\": \"ff00::/8\"") && object.contains("\"protocol\": \"kernel\"");
    objects.retain(|object| !object.is_empty() && !own(object));
    objects.sort();
    objects.join("\n")
}

/// All that is in a namespace (empty: this one), but for lines of JSON with one of these keys.
pub(crate) fn inside(ns: &str, without: &[&str]) -> String {
    let (code, out, err) = outcome(&mut program(["-j", "-p", "-d", "-b", "-"]), &questions(ns));
    assert_eq!((code, &*err), (0, ""), "{ns}");
    format!("== {ns}\n{}", objects(&out, |key, _| !without.contains(&key)))
}

/// What changes by itself, while time passes.
const RESTLESS: [&str; 3] = ["operstate", "expires", "tso_max_size"];

/// All there is: files, and what is in each namespace.
pub(crate) fn state() -> String {
    let names = fs::read_dir("/run/netns").into_iter().flatten().flatten().map(|e| e.file_name());
    let mut names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
    names.sort();
    let mut all = files().join("\n");
    for name in std::iter::once(String::new()).chain(names) {
        all.push_str(&inside(&name, &RESTLESS));
    }
    all
}

/// Compares, and shows what differs.
pub(crate) fn same(before: &str, after: &str, what: &str) {
    if before == after {
        return;
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (lines(before), lines(after));
    let gone: Vec<_> = a.iter().filter(|l| !b.contains(l)).collect();
    let new: Vec<_> = b.iter().filter(|l| !a.contains(l)).collect();
    panic!("{what}: gone {gone:#?}, new {new:#?}\n{before}\n--\n{after}");
}

pub(crate) fn exists(path: &str) -> bool {
    Path::new(path).symlink_metadata().is_ok()
}
