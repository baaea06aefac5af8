//! Called `unshare` and `nsenter`: what util-linux's do, said in the same words, in a sandbox; see util-linux/processes.table.
#![allow(missing_docs, clippy::unwrap_used)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::outcome;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::Command;

const TABLE: &str = include_str!("util-linux/processes.table");

/// What the lines may use.
const PRELUDE: &str = r#"
left() { while [ "$(readlink /proc/$1/ns/$2)" = "$(readlink /proc/self/ns/$2)" ]; do :; done; }
mapped() { left $1 user; until grep -q . /proc/$1/gid_map; do :; done; }
"#;

/// What a line of the shell says and its exit code, with the programs of `bin` before others.
fn said(bin: &str, line: &str) -> String {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{PRELUDE}{line}")])
        .env("PATH", format!("{bin}:/usr/sbin:/usr/bin:/sbin:/bin"))
        .env("LC_ALL", "C");
    let (code, out, err) = outcome(&mut shell, "");
    // Numbers of processes differ, and what explains is ours.
    let lines = out.lines().chain(err.lines()).filter(|line| !line.starts_with("  "));
    let lines = lines.map(|line| line.split('/').map(number).collect::<Vec<_>>().join("/"));
    lines.collect::<Vec<_>>().join("\n") + &format!("\nexit code {code}")
}

fn number(part: &str) -> &str {
    if part.len() > 1 && part.bytes().all(|b| b.is_ascii_digit()) { "N" } else { part }
}

#[test]
fn unshare_and_nsenter_are_those_of_util_linux() {
    let test = "unshare_and_nsenter_are_those_of_util_linux";
    sandbox::run(test, || {
        let version = Command::new("unshare").arg("--version").output().unwrap();
        if !version.stdout.starts_with(b"unshare from util-linux 2.38") {
            return sandbox::skip("util-linux 2.38");
        }
        fs::create_dir("/run/bin").unwrap();
        for name in ["unshare", "nsenter"] {
            symlink(env!("CARGO_BIN_EXE_netnsctl"), format!("/run/bin/{name}")).unwrap();
        }
        let (mut agreed, mut wrong) = (0, String::new());
        for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (line, reason) = line.split_once(" ## ").map_or((line, None), |(line, reason)| (line, Some(reason)));
            let (theirs, ours) = (said("/usr/bin", line), said("/run/bin", line));
            match (theirs == ours, reason) {
                (true, None) | (false, Some(_)) => agreed += 1,
                (true, Some(reason)) => wrong += &format!("{line}\n  they do not differ, though: {reason}\n"),
                (false, None) => wrong += &format!("{line}\n--- theirs\n{theirs}\n--- ours\n{ours}\n"),
            }
        }
        // Past the test harness, which keeps what a passing test prints to itself.
        writeln!(std::io::stderr(), "unshare, nsenter: {agreed} lines as expected").unwrap();
        assert!(wrong.is_empty(), "{wrong}");
    });
}
