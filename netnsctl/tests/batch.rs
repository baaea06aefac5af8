//! Batches: order, failures, what is sent in one go and what is taken back; lines that come one by one; dry runs.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::{netnsctl, ok, outcome};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

fn batch(input: &str) -> (i32, String, String) {
    outcome(&mut netnsctl(["-b", "-"]), input)
}

#[test]
fn nothing_behind_a_failed_line_is_done() {
    sandbox::run("nothing_behind_a_failed_line_is_done", || {
        ok("link set lo up");
        // Over 128 lines: the failed one is in the second send, and has some before and behind it there.
        let mut lines = String::new();
        for i in 0..200 {
            let _ = writeln!(lines, "route add 10.0.{i}.0/24 dev lo");
        }
        let broken = lines.replace("10.0.150.0/24 dev", "10.0.7.0/24 dev"); // line 151: line 8 once more
        let (code, out, err) = batch(&broken);
        assert_eq!((code, &*out), (1, ""), "{err}");
        assert!(err.contains("File exists") && err.contains("Command failed -:151\n"), "{err}");
        let left = ok("route");
        assert_eq!(left.lines().count(), 150, "{left}");
        assert!(left.contains("10.0.149.0/24") && !left.contains("10.0.151.0/24"), "{left}");
        ok("route flush table main");

        let (code, _, err) = outcome(&mut netnsctl(["-force", "-b", "-"]), &broken);
        assert_eq!((code, err.matches("Command failed").count()), (1, 1), "{err}");
        assert_eq!(ok("route").lines().count(), 199);
        ok("route flush table main");
    });
}

#[test]
fn rules_and_neighbours_behind_a_failed_line_are_taken_back() {
    sandbox::run("rules_and_neighbours_behind_a_failed_line_are_taken_back", || {
        ok("link add v0 type veth peer name v1");
        ok("link set v0 up");
        let lines = "rule add table 7 priority 5\nneigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev v0\n";
        let again = format!("{lines}rule add table 8\nrule add table 7 priority 5\n");
        let behind = "rule add table 9\n-6 rule add table 9\nneigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0\n";
        let before = ok("-6 rule");
        let (code, _, err) = batch(&format!("{again}{behind}"));
        assert!(code == 1 && err.contains("Command failed -:4\n"), "{err}");
        let rules = ok("rule");
        assert!(rules.contains("lookup 7") && rules.contains("lookup 8") && !rules.contains("lookup 9"), "{rules}");
        assert_eq!(ok("-6 rule"), before);
        assert_eq!(ok("-4 neigh"), "10.0.0.1 dev v0 lladdr 02:00:00:00:00:01 PERMANENT \n");
    });
}

#[test]
fn lines_that_ask_see_what_was_added_before_them() {
    sandbox::run("lines_that_ask_see_what_was_added_before_them", || {
        let lines = "netns add a\n-n a link set lo up\n-n a addr add 10.0.0.1/8 dev lo\n-n a route add 10.1.0.0/16 dev lo\n\
                     -n a route get 10.1.2.3\nlink set lo up\nroute add 10.2.0.0/16 dev lo\n-n a route show 10.1.0.0/16\n\
                     route show\n";
        let (code, out, err) = batch(lines);
        assert_eq!((code, &*err), (0, ""));
        let shown: Vec<_> = out.lines().filter(|l| !l.trim().is_empty() && !l.contains("cache")).collect();
        assert_eq!(shown.len(), 3, "{out}");
        assert!(shown[0].starts_with("10.1.2.3 dev lo") && shown[1].starts_with("10.1.0.0/16 dev lo"), "{out}");
        assert!(shown[2].starts_with("10.2.0.0/16 dev lo"), "{out}");
        // A line that cannot be read comes behind those before it, also in what is said.
        let (code, _, err) = batch("route add 10.2.0.0/16 dev lo\nroute add nonsense\nroute add 10.3.0.0/16 dev lo\n");
        assert!(code == 1 && err.contains("Command failed -:1") && !err.contains("nonsense"), "{err}");
        assert!(!ok("route").contains("10.3.0.0"));
        // Nor does a link that is not there hide them.
        let (code, _, err) = batch("route add 10.4.0.0/16 dev lo\nroute add 10.5.0.0/16 dev none\n");
        assert!(code == 1 && err.contains("Command failed -:2") && ok("route").contains("10.4.0.0"), "{err}");
    });
}

#[test]
fn whoever_waits_for_a_line_gets_it_done() {
    sandbox::run("whoever_waits_for_a_line_gets_it_done", || {
        ok("link set lo up");
        let mut child = netnsctl(["-b", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        for i in 1..4 {
            writeln!(to, "addr add 10.0.0.{i}/32 dev lo").unwrap();
            // Nothing is said when it is done: another process sees it.
            sandbox::eventually("the line is done", || ok("addr").contains(&format!("10.0.0.{i}/32")));
        }
        to.write_all(b"route add 10.1.0.0/16 dev lo\nroute").unwrap();
        sandbox::eventually("the line is done, though the next has begun", || ok("route").contains("10.1.0.0/16"));
        writeln!(to, " show").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert!(line.starts_with("10.1.0.0/16"), "{line}");
        drop(to);
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn a_dry_run_sends_nothing() {
    sandbox::run("a_dry_run_sends_nothing", || {
        ok("link set lo up");
        let shown = ok("--dry-run link add v0 mtu 1400 type veth peer name v1");
        for line in [
            "RTM_NEWLINK at byte 0:",
            "REQUEST|ACK|EXCL|CREATE",
            "IFLA_IFNAME \"v0\"",
            "IFLA_MTU 1400",
            "VETH_INFO_PEER",
        ] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        assert!(!ok("link").contains("v0"));
        let (code, out, err) = outcome(
            &mut netnsctl(["--dry-run", "-b", "-"]),
            "addr add 10.0.0.1/8 dev lo\nroute add 10.0.0.0/8 dev lo\nlink set lo down\n",
        );
        assert_eq!((code, &*err), (0, ""));
        assert_eq!(["RTM_NEWADDR at", "RTM_NEWROUTE at", "LINK at"].map(|m| out.matches(m).count()), [1; 3], "{out}");
        assert_eq!(
            (ok("route"), ok("addr").contains("10.0.0.1"), ok("link").contains("UP")),
            (String::new(), false, true)
        );
        // What it shows is what `decode` makes of the bytes.
        let hex = "14000000 12000103 07000000 00000000 00000000"; // RTM_GETLINK, a dump, one u32 behind it
        let (code, out, err) = outcome(&mut netnsctl(["decode", "-"]), hex);
        assert_eq!((code, &*err), (0, ""));
        assert!(out.starts_with("RTM_GETLINK at byte 0: 20 bytes, REQUEST|DUMP, seq 7, pid 0\n"), "{out}");
    });
}
