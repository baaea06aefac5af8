//! `iptables` and its like: what no other program is needed for to see. Beside those of iptables-nft: `differential.rs`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[allow(unused, reason = "a part of it is used")]
mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::{Outcome, netnsctl, outcome};
use std::fmt::Write as _;
use std::os::unix::process::CommandExt as _;

/// Runs it as the program that `line` begins with.
fn run(line: &str, input: &str) -> Outcome {
    let mut words = line.split_whitespace();
    let name = words.next().unwrap();
    outcome(netnsctl(words).arg0(name), input)
}

/// As [`run`], and it has to succeed and say nothing on standard error.
fn ok(line: &str, input: &str) -> String {
    let (code, out, err) = run(line, input);
    assert_eq!((code, &*err), (0, ""), "{line}");
    out
}

/// As [`run`], and it has to fail with this code, say this, and nothing else.
fn fails(line: &str, input: &str, code: i32, says: &str) {
    let (have, out, err) = run(line, input);
    assert_eq!((have, &*out), (code, ""), "{line}: {err}");
    assert!(err.contains(says) && err.lines().count() == 1, "{line}: {err}");
}

/// All tables of a family, without the lines that say who wrote them.
fn saved(name: &str) -> String {
    let all = ok(&format!("{name}-save -c"), "");
    all.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

const TWO_TABLES: &str =
    "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

#[test]
fn a_file_is_restored_whole_or_not_at_all() {
    sandbox::run("a_file_is_restored_whole_or_not_at_all", || {
        ok("iptables-restore", TWO_TABLES);
        let before = saved("iptables");
        assert!(before.contains("*nat\n") && before.contains(":INPUT DROP [0:0]\n"), "{before}");
        // What the kernel refuses in the last table keeps the first from being changed.
        let refused = "*filter\n-A INPUT -j DROP\nCOMMIT\n*nat\n-A POSTROUTING -j REDIRECT\nCOMMIT\n";
        for how in ["", "-n"] {
            let says = "line 5: NFT_MSG_NEWRULE: EINVAL (Invalid argument)";
            fails(&format!("iptables-restore {how}"), refused, 4, says);
            fails(&format!("iptables-restore {how}"), refused, 4, "in -A POSTROUTING -j REDIRECT");
            assert_eq!(saved("iptables"), before);
        }
        for (bad, code, says) in [
            ("*filter\n-F\nCOMMIT\n*nat\n-A OUTPUT --nonsense\nCOMMIT\n", 2, "line 5: unrecognized option"),
            ("*filter\n-F\nCOMMIT\n*nat\n-A nothing -j ACCEPT\nCOMMIT\n", 1, "line 5: No chain/target/match"),
            ("*filter\n-F\nCOMMIT\n*nat\n-F\n", 1, "behind line 5, COMMIT is missing"),
            ("*filter\n-F\n*nat\n-F\nCOMMIT\n", 2, "line 3: the table before has no COMMIT"),
            ("-F\n", 2, "line 1: a table begins with *NAME"),
            ("*filter\n-A INPUT -m comment --comment \"a\nCOMMIT\n", 2, "line 2: a quote"),
            ("*filter\n[1:2 -A INPUT\nCOMMIT\n", 2, "line 2: counters are"),
            ("*filter\n:INPUT\nCOMMIT\n", 2, "line 2: a chain is"),
            ("*filter\n:LOG - [0:0]\nCOMMIT\n", 2, "line 2: \"LOG\" is a target"),
            ("*filter\n-t nat -F\nCOMMIT\n", 2, "line 2: -t"),
        ] {
            fails("iptables-restore", bad, code, says);
            fails("iptables-restore -n", bad, code, says);
            assert_eq!(saved("iptables"), before, "{bad}");
        }
        assert_eq!(ok("iptables-restore --test", "*filter\n-F\nCOMMIT\n"), "");
        assert_eq!(saved("iptables"), before);
        assert_eq!(saved("ip6tables"), "");
        // What is made, named anew and deleted within a file.
        ok("iptables-restore -n", "*filter\n-N a\n-A a -j DROP\n-N b\nCOMMIT\n");
        ok("iptables-restore -n", "*filter\n-D a 1\n-E a c\n-X c\n-X b\n-N b\n-A b -j RETURN\n-N d\n-X d\nCOMMIT\n");
        assert_eq!(ok("iptables -S", "").lines().filter(|l| l.starts_with("-N")).collect::<Vec<_>>(), ["-N b"]);
        assert_eq!(ok("iptables -S b", ""), "-N b\n-A b -j RETURN\n");
    });
}

#[test]
fn many_rules_are_one_transaction() {
    sandbox::run("many_rules_are_one_transaction", || {
        let mut text = String::from("*filter\n:FORWARD DROP [0:0]\n:mine - [0:0]\n");
        for i in 0..10_000 {
            let (a, b) = (i / 250, i % 250);
            writeln!(text, "-A mine -s 10.{a}.{b}.1/32 -p tcp -m tcp --dport {} -j ACCEPT", i % 60_000 + 1).unwrap();
        }
        let whole = format!("{text}COMMIT\n");
        ok("iptables-restore", &whole);
        let shown = ok("iptables -S mine", "");
        let rules: Vec<&str> = shown.lines().filter(|line| line.starts_with("-A")).collect();
        let given: Vec<&str> = whole.lines().filter(|line| line.starts_with("-A")).collect();
        assert_eq!(rules, given);
        // One more of which the kernel refuses the last, and nothing is different.
        fails("iptables-restore", &format!("{text}-A mine -j MASQUERADE\nCOMMIT\n"), 4, "line 10004: ");
        assert_eq!(ok("iptables -S mine", ""), shown);
        ok("iptables -D mine 10000", "");
        ok("iptables -I mine 9999 -j DROP", "");
        let shown = ok("iptables -S mine", "");
        assert_eq!(shown.lines().rev().take(2).collect::<Vec<_>>(), [given[9998], "-A mine -j DROP"]);
    });
}

#[test]
fn many_at_once_lose_nothing() {
    sandbox::run("many_at_once_lose_nothing", || {
        ok("iptables -N mine", "");
        ok("iptables -A mine -j RETURN", "");
        let programs: Vec<_> = (0..8)
            .map(|program| {
                std::thread::spawn(move || {
                    for i in 0..10 {
                        // At the end, in front of what is at the end, and one that is taken away again.
                        ok(&format!("iptables -A mine -s 10.0.{program}.{i} -j ACCEPT"), "");
                        ok(&format!("iptables -I mine 2 -s 10.1.{program}.{i} -j ACCEPT"), "");
                        ok(&format!("iptables -A mine -s 10.2.{program}.{i} -j ACCEPT"), "");
                        ok(&format!("iptables -D mine -s 10.2.{program}.{i} -j ACCEPT"), "");
                    }
                })
            })
            .collect();
        programs.into_iter().for_each(|program| program.join().unwrap());
        let shown = ok("iptables -S mine", "");
        let mut rules: Vec<&str> = shown.lines().filter(|line| line.starts_with("-A")).collect();
        assert_eq!(rules[0], "-A mine -j RETURN");
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), 161, "{shown}");
        assert!(!shown.contains("10.2."), "{shown}");
        // Each takes away another first one: which that is, is what it was when the transaction is done.
        let programs: Vec<_> =
            (0..7).map(|_| std::thread::spawn(|| (0..23).for_each(|_| drop(ok("iptables -D mine 1", ""))))).collect();
        programs.into_iter().for_each(|program| program.join().unwrap());
        assert_eq!(ok("iptables -S mine", ""), "-N mine\n");
    });
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    sandbox::run("what_is_not_known_is_refused_by_name", || {
        for (line, code, says) in [
            (
                "iptables -A INPUT -m hashlimit --hashlimit 5/s",
                2,
                "the match \"hashlimit\" is not known here; known are tcp",
            ),
            ("iptables -A INPUT -j TCPMSS --clamp-mss-to-pmtu", 2, "unrecognized option '--clamp-mss-to-pmtu'"),
            ("iptables -A INPUT -j TCPMSS", 2, "the chain \"TCPMSS\" does not exist, and a target of that name"),
            ("iptables -A INPUT -m conntrack --ctproto 6", 2, "unrecognized option '--ctproto'"),
            ("iptables -A INPUT -p tcp --tcp-option 5", 2, "unrecognized option '--tcp-option'"),
            ("iptables -A INPUT -p tcp --dprt 5", 2, "'--dprt'; did you mean --dport?"),
            ("iptables -A INPUT -s localhost", 2, "names are not looked up"),
            ("iptables -A INPUT -p tcp ! --dport 0:65535", 2, "is never so"),
            ("iptables -A INPUT -p tcp --tcp-flags NONE SYN", 2, "of no flags"),
            ("iptables -t nat -A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:80-90/80", 2, "a port is"),
            ("iptables -A INPUT -m comment --comment \u{1b}[2J", 2, "\"\\x1b[2J\": it is one line of text"),
            ("ip6tables -A INPUT -f -j ACCEPT", 2, "-f is of IPv4"),
            ("iptables -t broute -L", 3, "the table \"broute\" does not exist"),
            ("iptables-save -t broute", 1, "the table \"broute\" does not exist"),
        ] {
            fails(line, "", code, says);
        }
        assert_eq!((saved("iptables"), saved("ip6tables")), (String::new(), String::new()));
    });
}

#[test]
fn who_may_not_is_told() {
    sandbox::run("who_may_not_is_told", || {
        let help = ok("iptables --help", "");
        assert!(help.contains(" multiport: --sports PORT") && help.contains("Usage: iptables "), "{help}");
        assert!(ok("ip6tables -V", "").starts_with("ip6tables v1.8.9 (nf_tables) "));
        assert!(ok("ip6tables-restore --help", "").starts_with("Usage: ip6tables-restore "));
        assert!(ok("iptables-save -h", "").starts_with("Usage: iptables-save "));
        if !sandbox::have("setpriv") {
            return sandbox::skip("setpriv");
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_netnsctl"), "/run/iptables").unwrap();
        let mut drop = std::process::Command::new("setpriv");
        drop.args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "/run/iptables", "-A", "INPUT"]);
        let said = "iptables: Permission denied (you must be root)\n";
        assert_eq!(outcome(&mut drop, ""), (4, String::new(), said.to_owned()));
    });
}
