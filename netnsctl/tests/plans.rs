//! Whole plans: carried out, found, taken back; when something fails, when the program is killed, when the journal is damaged.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

mod plan;
mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::NsFlags;
use plan::{FILE, JOURNAL, apply, exists, fails, files, lines, ok, program as netnsctl, run, same, state, write};
use program::outcome;
use sandbox::eventually;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

/// Three hosts at a bridge, of all kinds of things something.
const HOSTS: &str = "\
ipv6 off
netns add h{1..3}
-n h{1..3} sysctl net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
link add br0 up type bridge
link add v{i=1..3} netns h{i} up type veth peer name p{i} up
link set p{1..3} master br0
-n h{i=1..3} addr add 10.0.0.0+{i}/24 dev v{i}
-n h{i=1..3} route add default via 10.0.0.254
-n h{i=1..3} neigh add 10.0.0.250 lladdr 02:00:00:00:00:00+{i} dev v{i}
-n h1 rule add from 10.0.0.9 table 100
-n h2 nexthop add id 7 via 10.0.0.254 dev v2
-n h3 sysctl net.ipv4.ip_forward=1
addr add 10.0.0.254/24 dev br0
addr add 192.0.2.1/32 dev lo
route add 198.51.100.0/24 via 10.0.0.3
rule add from 198.51.100.0/24 table 100
sysctl net.ipv4.ip_forward=1 net.ipv4.conf.lo.rp_filter=2
link set lo mtu 9000
";

fn wait_for(child: &mut Child) -> (i32, String) {
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code().unwrap_or(-1), err)
}

fn start(line: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netnsctl"));
    command.args(line.split_whitespace()).env_remove("XDG_RUNTIME_DIR").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn kill(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_plan_is_applied_once_and_taken_back_to_the_last() {
    sandbox::run("a_plan_is_applied_once_and_taken_back_to_the_last", || {
        ok("link set lo up");
        let before = state();
        let said = apply(HOSTS);
        assert!(said.starts_with("made 3 namespaces, ") && said.ends_with(" s\n"), "{said}");
        let (after, journal) = (state(), fs::read(JOURNAL).unwrap());
        assert_eq!(ok(&format!("apply {FILE}")), "nothing to do: all 32 lines hold\n");
        same(&after, &state(), "a second run");
        assert_eq!(fs::read(JOURNAL).unwrap(), journal);
        assert_eq!(ok(&format!("--dry-run apply {FILE}")), "nothing to do: all 32 lines hold\n");

        let shown = ok("status");
        assert!(shown.starts_with("\"p\": applied, from \"/run/p.plan\", 3 namespaces, "), "{shown}");
        assert!(shown.ends_with("; all lines hold\n"), "{shown}");
        let one = ok("status p");
        for made in
            ["  namespace \"h2\"\n", "  link br0\n", "  link p3\n", "  switch net/ipv4/ip_forward, which was 0\n"]
        {
            assert!(one.contains(made), "{made:?} in {one}");
        }
        assert_eq!(ok(&format!("status {FILE}")), one);
        let json = ok("-j status");
        for part in
            ["\"name\":\"p\"", "\"state\":\"applied\"", "\"file\":\"/run/p.plan\"", "\"namespaces\":3", "\"drift\":0"]
        {
            assert!(json.contains(part), "{part} in {json}");
        }
        assert!(ok("-j status p").contains("\"made\":["));
        assert_eq!(ok("gc"), "nothing is left behind\n");

        let dry = ok("--dry-run down p");
        assert!(dry.contains("would take back namespace \"h1\"\n"), "{dry}");
        same(&after, &state(), "down --dry-run");
        assert!(ok("down p").starts_with("\"p\": took 3 namespaces and "));
        same(&before, &state(), "after down");
        assert!(!exists("/run/netnsctl.plans"));
        fails("down p", &["no plan \"p\" was applied"]);
        fails("status p", &["no plan \"p\" was applied"]);
        assert_eq!(ok("status"), "");
    });
}

#[test]
fn what_has_drifted_is_seen_and_put_right() {
    sandbox::run("what_has_drifted_is_seen_and_put_right", || {
        let before = state();
        apply(HOSTS);
        let after = state();
        let (code, _, err) = lines(
            "-n h1 route del default\nnetns del h3\n-n h2 neigh del 10.0.0.250 dev v2\naddr del 10.0.0.254/24 dev br0\n\
             sysctl net.ipv4.ip_forward=0\nlink set p2 nomaster\n",
        );
        assert_eq!((code, &*err), (0, ""));
        // The pair of h3 goes in the kernel's own time.
        eventually("p3 is gone", || run("link show p3").0 != 0);
        let shown = ok("status");
        assert!(shown.contains(" lines do not hold: `apply` would do them\n"), "{shown}");
        let steps = ok(&format!("--dry-run apply {FILE}"));
        for line in [
            "/run/p.plan:2: netns add h3",
            "/run/p.plan:5: link add v3 netns h3 up type veth peer name p3 up",
            "/run/p.plan:6: link set p2 master br0",
            "/run/p.plan:6: link set p3 master br0",
            "/run/p.plan:8: -n h1 route add default via 10.0.0.254",
            "/run/p.plan:13: addr add 10.0.0.254/24 dev br0",
        ] {
            assert!(steps.lines().any(|l| l == line), "{line} in {steps}");
        }
        assert!(!steps.contains("netns add h1"), "{steps}");
        ok(&format!("apply {FILE}"));
        assert_eq!(ok(&format!("apply {FILE}")), "nothing to do: all 32 lines hold\n");
        let plain = |text: &str| {
            let free = [
                "ifindex",
                "link_index",
                "address",
                "link_netnsid",
                "\"lladdr",
                "\"bridge_id",
                "\"root_id",
                "\"designated",
            ];
            text.lines().filter(|l| !free.iter().any(|f| l.contains(f))).map(|l| format!("{l}\n")).collect::<String>()
        };
        let sorted = |text: String| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines.join("\n")
        };
        same(&sorted(plain(&after)), &sorted(plain(&state())), "repaired");
        ok("down p");
        same(&before, &state(), "after down");
    });
}

#[test]
fn what_fails_in_the_middle_is_taken_back_and_its_line_named() {
    sandbox::run("what_fails_in_the_middle_is_taken_back_and_its_line_named", || {
        ok("link set lo up");
        let before = state();
        // In a new namespace, behind much else; here; a switch.
        for (bad, says) in [
            ("-n h2 route add 192.0.2.0/24 via 10.9.9.9", "Nexthop has invalid gateway"),
            ("route add 192.0.2.0/24 via 10.9.9.9", "Nexthop has invalid gateway"),
            ("-n h2 sysctl net.ipv4.ip_forward=seven", "net/ipv4/ip_forward=seven"),
            ("sysctl net.ipv4.ip_default_ttl=99999", "net/ipv4/ip_default_ttl=99999"),
        ] {
            write(&format!("{HOSTS}{bad}\n"));
            fails(
                &format!("apply {FILE}"),
                &[&format!("/run/p.plan:19: {bad}: "), says, "all that was done before is taken back"],
            );
            same(&before, &state(), bad);
            fails(&format!("apply --jobs 4 {FILE}"), &["/run/p.plan:19: "]);
            same(&before, &state(), bad);
        }
        // What a plan made before is kept when more of it fails.
        apply(HOSTS);
        let applied = state();
        write(&format!("{HOSTS}netns add h4\n-n h1 route add 192.0.2.0/24 via 10.9.9.9\n"));
        fails(&format!("apply {FILE}"), &["/run/p.plan:20: "]);
        same(&applied, &state(), "the second run failed");
        ok("down p");
        same(&before, &state(), "after down");
    });
}

#[test]
fn what_fails_is_passed_over_if_told_so() {
    sandbox::run("what_fails_is_passed_over_if_told_so", || {
        let before = state();
        write(&format!(
            "{HOSTS}-n h2 route add 192.0.2.0/24 via 10.9.9.9\nnetns add h4\nroute add 192.0.2.0/24 via 10.9.9.9\n"
        ));
        let (code, out, err) = run(&format!("apply --keep-going {FILE}"));
        assert!(code == 1 && out.starts_with("made 4 namespaces, "), "{code} {out}{err}");
        assert!(
            err.contains("/run/p.plan:19: ") && err.contains("/run/p.plan:21: ") && err.contains("2 steps failed"),
            "{err}"
        );
        let shown = ok("status");
        assert!(shown.contains("4 namespaces") && shown.contains("; 2 lines do not hold"), "{shown}");
        ok("down p");
        same(&before, &state(), "after down");
    });
}

#[test]
fn where_no_more_namespaces_may_be_made_none_stay() {
    sandbox::run_in(NsFlags::USER, "where_no_more_namespaces_may_be_made_none_stay", || {
        let before = state();
        const LIMIT: &str = "/proc/sys/user/max_net_namespaces";
        fs::write(LIMIT, "20").unwrap();
        write("netns add h{1..40}\nlink add v{i=1..40} netns h{i} type veth peer name p{i}\n");
        fails(
            &format!("apply {FILE}"),
            &["/run/p.plan:1: netns add h", LIMIT, "all that was done before is taken back"],
        );
        same(&before, &state(), "after the limit");
        fails("netns add x --count 40", &["max_net_namespaces"]);
        same(&before, &state(), "after the limit");
        // The kernel frees them in its own time.
        write("netns add h{1..10}\n");
        eventually("there is room again", || run(&format!("apply {FILE}")).0 == 0);
        ok("down p");
        same(&before, &state(), "after down");
    });
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    sandbox::run("a_full_disk_leaves_all_as_it_was", || {
        let home = "/run/netnsctl.plans";
        fs::create_dir(home).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4k,mode=700", "x", home]).status().unwrap();
        assert!(mount.success());
        let before = state();
        // More than fits; in one chunk, and in several.
        for many in [300, 900] {
            write(&format!(
                "netns add h{{1..{many}}}\nlink add v{{i=1..{many}}} netns h{{i}} type veth peer name p{{i}}\n"
            ));
            fails(&format!("apply {FILE}"), &["netnsctl.plans/p\"", "No space left"]);
            same(&before, &state(), "the journal did not fit");
        }
        // Nothing at all.
        fs::write("/run/netnsctl.plans/full", vec![b'x'; 4096]).unwrap();
        write("netns add h1\n");
        fails(&format!("apply {FILE}"), &["netnsctl.plans/p\"", "No space left"]);
        fs::remove_file("/run/netnsctl.plans/full").unwrap();
        same(&before, &state(), "there was no room for the journal");
        // Room for all but the last word, which says that all is done.
        for last in 3..9 {
            let entries = 4096 - "netnsctl plan\nfile /run/p.plan\n".len() - last;
            let names: Vec<String> = (0..entries / 100).map(|n| format!("{n:096}")).collect();
            let rest = "m".repeat((entries % 100).max(5) - 4);
            write(&format!("netns add {}\nnetns add {rest}\n", names.join(" ")));
            match run(&format!("apply {FILE}")) {
                (0, ..) => drop(ok("down p")),
                (_, _, err) => assert!(err.contains("No space left"), "{err}"),
            }
            same(&before, &state(), "the journal hardly fit");
        }
    });
}

#[test]
fn what_is_wrong_is_said_all_at_once_before_anything_is_touched() {
    sandbox::run("what_is_wrong_is_said_all_at_once_before_anything_is_touched", || {
        let before = state();
        let bad = |text: &str, says: &[&str]| {
            write(text);
            let said = fails(&format!("apply {FILE}"), says);
            assert!(said.ends_with("  nothing was done\n"), "{said}");
            fails(&format!("--dry-run apply {FILE}"), says);
            let (code, _, err) = run(&format!("lab {FILE} -- true"));
            assert!(code > 0 && says.iter().all(|s| err.contains(s)), "lab: {err}");
            same(&before, &state(), text.get(..100).unwrap_or(text));
        };
        bad(
            "netns add h1\nnetns add h1\nlink add br0 type bridge\nlink add br0 type bridge\nlink set br0 mtuu 1400\nfoo\nnetns del h1\n\
             sysctl net.ipv4.ip_forward\naddr add 10.0.0.1 dev nope\n-n h9 addr add 10.0.0.1 dev lo\nip link add\n\
             bridge fdb add 02:00:00:00:00:01 dev lo\n",
            &[
                "/run/p.plan:2:11: the name \"h1\" is taken",
                "/run/p.plan:4:10: cannot add link \"br0\": RTM_NEWLINK: br0 is made twice in this plan",
                "/run/p.plan:5:14: \"mtuu\" is not an option of a link; did you mean \"mtu\"?\n  link set br0 mtuu 1400\n               ^^^^\n",
                "/run/p.plan:6:1: \"foo\" is not an object",
                "/run/p.plan:7:1: in a plan, things are made and set",
                "/run/p.plan:8:1: in a plan, things are made and set",
                "/run/p.plan:9:23: ",
                "there is no interface \"nope\"",
                "/run/p.plan:10:4: ",
                "there is no namespace named \"h9\"",
                "/run/p.plan:11:",
                "/run/p.plan:12:1: `bridge` is nothing for a plan",
            ],
        );
        bad(
            "netns add h{1..1000000000}\nnetns add h{1..3}x{1..4}\ninclude nope.plan\ninclude p.plan\nnetns add h{1\nnetns add 'h\n\
             netns add h{j}\nset 1=2\nnetns add h{1..x}\nnetns add h{1..3..0}\nfoo\n",
            &[
                "/run/p.plan:1:13: the range has 1000000000 values, 10000000 is the most\n  netns add h{1..1000000000}\n              ^^^^^",
                "/run/p.plan:2:1: ranges of one line go in step: one has 3 values, another 4",
                "/run/p.plan:3:1: cannot read /run/nope.plan: No such file",
                "/run/p.plan:4:1: /run/p.plan includes itself",
                "/run/p.plan:5:12: the brace has no other half",
                "/run/p.plan:6:11: the quote ' has no other half",
                "/run/p.plan:7:13: \"j\" is neither a number nor the name of a range",
                "/run/p.plan:8:1: set takes NAME=VALUE",
                "/run/p.plan:9:13: \"x\" is not a number",
                "/run/p.plan:10:13: the step of a range is not 0",
                "/run/p.plan:11:1: \"foo\" is not an object",
            ],
        );
        bad(
            "addr add 255.255.255.254+{i=1..3}/24 dev lo\n",
            &["/run/p.plan:1:10: 255.255.255.254 plus 2 is no address any more"],
        );
        bad(
            "addr add ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff+{1}/64 dev lo\n",
            &["/run/p.plan:1:10: ", " plus 1 is no address any more"],
        );
        bad(
            "link add br0 address ff:ff:ff:ff:ff:ff+{1} type bridge\n",
            &["/run/p.plan:1:22: ff:ff:ff:ff:ff:ff plus 1 is no address"],
        );
        bad(
            &format!("netns add h1\nnetns add {}\n", "x".repeat(1 << 20)),
            &["/run/p.plan:2:1: the line has more than 65536 bytes"],
        );
        fs::write("/run/other.plan", "include p.plan\n").unwrap();
        bad("netns add h1\ninclude other.plan\n", &["/run/other.plan:1:1: /run/p.plan includes itself"]);
        bad(
            "netns add h1\0\n\u{1b}[31m\n",
            &["/run/p.plan:1:13: there is a control character", "/run/p.plan:2:1: there is a control"],
        );
        fs::write(FILE, [0xff, 0xfe, 0, b'\n']).unwrap();
        fails(&format!("apply {FILE}"), &["/run/p.plan is not a text: it is not UTF-8"]);
        fs::write(FILE, fs::read(env!("CARGO_BIN_EXE_netnsctl")).unwrap()).unwrap();
        fails(&format!("apply {FILE}"), &["/run/p.plan"]);
        fails("apply /run/nope.plan", &["cannot read /run/nope.plan: No such file"]);
        fails("apply /run", &["cannot read /run: "]);
        same(&before, &state(), "bad files");
    });
}

#[test]
fn only_one_process_works_on_a_plan() {
    sandbox::run("only_one_process_works_on_a_plan", || {
        let before = state();
        apply(HOSTS);
        let after = state();
        let held = fs::File::open(JOURNAL).unwrap();
        assert!(netns_sys::bulk::try_lock(held.as_fd()).unwrap());
        const SAYS: &str = "the plan \"p\" is being worked on by another process";
        fails(&format!("apply {FILE}"), &[SAYS]);
        fails("down p", &[SAYS]);
        fails("status p", &[SAYS]);
        assert!(ok("status").contains(SAYS));
        let (code, _, err) = run("gc --yes");
        assert!(code == 1 && err.contains(SAYS), "{code} {err}");
        same(&after, &state(), "while it is locked");
        drop(held);
        ok("down p");
        same(&before, &state(), "after down");

        // Two at once, and `down` while one works: whoever comes second is refused, or finds it done.
        write("netns add h{1..300}\nlink add v{i=1..300} netns h{i} type veth peer name p{i}\n");
        let both: Vec<Child> = (0..2).map(|_| start(&format!("apply {FILE}"))).collect();
        let ends: Vec<(i32, String)> = both.into_iter().map(|mut child| wait_for(&mut child)).collect();
        assert!(ends.iter().any(|(code, _)| *code == 0), "{ends:?}");
        assert!(ends.iter().all(|(code, err)| *code == 0 || err.contains(SAYS)), "{ends:?}");
        assert_eq!(ok(&format!("apply {FILE}")), "nothing to do: all 600 lines hold\n");
        ok("down p");
        same(&before, &state(), "after down");
        let mut first = start(&format!("apply {FILE}"));
        eventually("it works", || exists("/run/netns/h1"));
        let (code, _, err) = run("down p");
        assert!(code == 0 || err.contains(SAYS), "{err}");
        assert_eq!(wait_for(&mut first).0, 0);
        if code != 0 {
            ok("down p");
        }
        same(&before, &state(), "after down");
    });
}

#[test]
fn an_interrupted_plan_is_taken_back() {
    sandbox::run("an_interrupted_plan_is_taken_back", || {
        let before = state();
        write("netns add h{1..700}\nlink add v{i=1..700} netns h{i} type veth peer name p{i}\n");
        for signal in ["-INT", "-TERM"] {
            let mut child = start(&format!("apply {FILE}"));
            eventually("it works", || exists("/run/netns/h1"));
            kill(&child, signal);
            let (code, err) = wait_for(&mut child);
            assert!(
                code != 0 && err.contains("interrupted") && err.contains("all that was done before is taken back"),
                "{code} {err}"
            );
            same(&before, &state(), signal);
        }
    });
}

#[test]
fn a_journal_that_was_cut_off_is_coped_with() {
    sandbox::run("a_journal_that_was_cut_off_is_coped_with", || {
        let before = state();
        let text = "netns add h1\nlink add v1 netns h1 address 02:00:00:00:00:01 type veth peer name p1 address 02:00:00:00:00:02\naddr add 192.0.2.1/32 dev lo\nsysctl net.ipv4.ip_forward=1\n";
        apply(text);
        let (after, journal) = (state(), fs::read(JOURNAL).unwrap());
        ok("down p");
        // As if it had been killed just before what it says: nothing of it is there.
        for cut in 0..journal.len() {
            fs::create_dir_all("/run/netnsctl.plans").unwrap();
            fs::set_permissions("/run/netnsctl.plans", std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
            fs::write(JOURNAL, &journal[..cut]).unwrap();
            let (code, out, err) = match cut % 3 {
                0 => run("gc --yes"),
                1 => run("down p"),
                _ => run(&format!("apply {FILE}")),
            };
            assert_eq!(code, 0, "{cut}: {out}{err}");
            if cut % 3 == 2 {
                let status = ok("status");
                assert!(status.contains("\"/run/p.plan\"") && status.contains("all lines hold"), "{cut}: {status}");
                same(&after, &state(), &format!("applied over {cut} bytes"));
                ok("down p");
            }
            same(&before, &state(), &format!("{cut} bytes"));
        }
    });
}

#[test]
fn a_damaged_journal_is_not_believed() {
    sandbox::run("a_damaged_journal_is_not_believed", || {
        apply(HOSTS);
        let (after, journal) = (state(), fs::read(JOURNAL).unwrap());
        let scribbled = |bytes: &[u8]| [journal.as_slice(), bytes].concat();
        for damaged in [
            b"something else\n".to_vec(),
            scribbled(b"nonsense\n"),
            scribbled(b"ns a b c\n"),
            scribbled(b"request - 123\n"),
            scribbled(b"link - x y\n"),
            scribbled(b"sysctl - net/../../../run/victim x\n"),
            scribbled(b"\xff\xff\n"),
            vec![0; 4096].into_iter().chain(*b"\n").collect(),
        ] {
            fs::write(JOURNAL, &damaged).unwrap();
            let says = ["is damaged in line ", "take that back by hand, then remove the file"];
            fails(&format!("apply {FILE}"), &says);
            fails("down p", &says);
            assert!(ok("status").contains("is damaged in line"));
            assert!(run("gc --yes").2.contains("is damaged in line"));
            assert_eq!(fs::read(JOURNAL).unwrap(), damaged);
            same(&after, &state(), "a damaged journal");
        }
        // Nor one that somebody else could have written.
        fs::write(JOURNAL, &journal).unwrap();
        fs::rename(JOURNAL, "/run/moved").unwrap();
        std::os::unix::fs::symlink("/run/moved", JOURNAL).unwrap();
        fails("down p", &["cannot open ", "netnsctl.plans/p\""]);
        fs::remove_file(JOURNAL).unwrap();
        fs::rename("/run/moved", JOURNAL).unwrap();
        fs::set_permissions("/run/netnsctl.plans", std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        fails("down p", &["is not a directory that only you can write to"]);
        same(&after, &state(), "not believed");
    });
}

#[test]
fn the_same_name_for_another_plan_is_refused() {
    sandbox::run("the_same_name_for_another_plan_is_refused", || {
        let before = state();
        apply("netns add h{1..N}\nset N=1\n".replace("{1..N}\nset N=1", "1").as_str());
        fs::create_dir("/run/other").unwrap();
        fs::write("/run/other/p.plan", "netns add x1\n").unwrap();
        let before_other = state();
        fails("apply /run/other/p.plan", &["\"/run/p.plan\"", "--name"]);
        same(&before_other, &state(), "refused");
        ok("apply --name q /run/other/p.plan");
        assert_eq!(ok("status").lines().count(), 2);
        ok("down p");
        assert!(exists("/run/netns/x1") && !exists("/run/netns/h1"));
        ok("down q");
        fs::remove_dir_all("/run/other").unwrap();
        same(&before, &state(), "after down");
        // Other variables are another state of the same plan.
        write("set N=1\nnetns add h{1..N}\n");
        ok(&format!("apply {FILE} --set N=2"));
        ok(&format!("apply {FILE} --set N=3"));
        let shown = ok("status");
        assert!(shown.contains("3 namespaces") && shown.contains("all lines hold"), "{shown}");
        ok("netns del h3");
        assert!(ok("status").contains("1 lines do not hold"));
        ok("down p");
        same(&before, &state(), "after down");
    });
}

#[test]
fn gc_shows_what_is_left_behind_and_takes_it_away_when_told_to() {
    sandbox::run("gc_shows_what_is_left_behind_and_takes_it_away_when_told_to", || {
        let before = state();
        assert_eq!(ok("gc"), "nothing is left behind\n");
        // A plan that was cut off.
        apply(HOSTS);
        let journal = fs::read_to_string(JOURNAL).unwrap();
        fs::write(JOURNAL, journal.trim_end().trim_end_matches("done")).unwrap();
        assert!(ok("status").starts_with("\"p\": cut off, "));
        let with = state();
        assert_eq!(ok("gc"), "plan \"p\" was cut off\n`netnsctl gc --yes` takes this away\n");
        same(&with, &state(), "gc");
        assert!(ok("--dry-run gc --yes").contains("plan \"p\" was cut off"));
        same(&with, &state(), "gc --dry-run");
        assert_eq!(ok("gc --yes"), "took away: plan \"p\" was cut off\n");
        same(&before, &state(), "gc --yes");
        // One whose file is gone.
        apply(HOSTS);
        fs::remove_file(FILE).unwrap();
        assert_eq!(ok("gc"), "plan \"p\" has lost its file\n`netnsctl gc --yes` takes this away\n");
        ok("gc --yes");
        same(&before, &state(), "gc --yes");
        // A stale name.
        fs::write("/run/netns/stale", "").unwrap();
        assert!(ok("gc").contains("name \"stale\", whose namespace is gone\n"));
        ok("gc --yes");
        same(&before, &state(), "gc --yes");
        // A namespace that only a mount keeps, with the end of a pair in it.
        ok("netns add x");
        fs::write("/run/pin", "").unwrap();
        let sh =
            |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
        sh("mount --bind /run/netns/x /run/pin");
        ok("link add v0 netns x type veth peer name v0");
        assert_eq!(ok("gc"), "nothing is left behind\n");
        ok("netns del x");
        let shown = ok("gc");
        assert!(
            shown.contains("which only the mount \"/run/pin\" keeps, with an end of a pair of links in it: v0\n"),
            "{shown}"
        );
        ok("gc --yes");
        fs::remove_file("/run/pin").unwrap();
        eventually("v0 is gone", || run("link show v0").0 != 0);
        same(&before, &state(), "gc --yes");
        assert_eq!(ok("gc"), "nothing is left behind\n");
    });
}

/// Kills the program at its `n`th system call of this kind; false: it got to its end.
fn killed_at(calls: &str, n: usize, line: &str) -> bool {
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60", "strace", "-f", "-qq", "-o", "/dev/null"]);
    command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:signal=SIGKILL:when={n}")]);
    command.arg(env!("CARGO_BIN_EXE_netnsctl")).args(line.split_whitespace()).env_remove("XDG_RUNTIME_DIR");
    let (code, out, err) = outcome(&mut command, "");
    assert!(code == 0 || code == 137 || code == -1, "{line}: {code} {out}{err}");
    code != 0
}

#[test]
fn a_kill_at_any_moment_leaves_what_can_be_finished_or_undone() {
    sandbox::run("a_kill_at_any_moment_leaves_what_can_be_finished_or_undone", || {
        if !sandbox::have("strace") {
            return sandbox::skip("strace");
        }
        // Each call, or a few of them.
        let stride = if std::env::var_os("PLAN_KILLS").is_some() { 1 } else { 11 };
        let before = state();
        let text = "ipv6 off\nnetns add h{1..2}\n-n h{1..2} sysctl net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1\nlink add v{i=1..2} address 02:00:00:00:00:00+{i} netns h{i} up type veth peer name p{i} address 02:00:00:00:01:00+{i} up\n\
                    -n h{i=1..2} addr add 10.0.0.0+{i}/24 dev v{i}\naddr add 192.0.2.1/32 dev lo\nsysctl net.ipv4.ip_forward=1\nlink set lo mtu 9000\n";
        write(text);
        ok(&format!("apply --wait {FILE}"));
        let after = state();
        let mut kills = 0;
        ok("down p");
        for calls in ["unshare", "mount", "openat", "write", "sendmsg", "close", "all"] {
            let stride = if matches!(calls, "unshare" | "mount" | "write") { 1 } else { stride };
            for n in (1..).step_by(stride) {
                if !killed_at(calls, n, &format!("apply --jobs 1 {FILE}")) {
                    ok("down p");
                    break;
                }
                kills += 1;
                if ok("status").contains("\"p\": applied") {
                    // It was about to say that it had done it all.
                    ok("down p");
                } else if n % 2 == 0 {
                    let (code, out, err) = run("gc --yes");
                    assert_eq!((code, &*err), (0, ""), "{calls} {n}: {out}");
                } else {
                    let (code, out, err) = run(&format!("apply --wait {FILE}"));
                    assert_eq!(code, 0, "{calls} {n}: {out}{err}");
                    same(&after, &state(), &format!("{calls} {n}: applied"));
                    ok("down p");
                }
                same(&before, &state(), &format!("{calls} {n}"));
            }
        }
        for calls in ["umount2", "unlinkat", "unlink", "sendmsg", "all"] {
            let stride = if matches!(calls, "umount2" | "unlinkat" | "unlink") { 1 } else { stride };
            for n in (1..).step_by(stride) {
                ok(&format!("apply {FILE}"));
                if !killed_at(calls, n, "down p") {
                    break;
                }
                kills += 1;
                if exists(JOURNAL) {
                    let (code, out, err) = run("down p");
                    assert_eq!((code, &*err), (0, ""), "{calls} {n}: {out}");
                }
                let _ = fs::remove_dir("/run/netnsctl.plans"); // an empty one may stay
                same(&before, &state(), &format!("down: {calls} {n}"));
            }
        }
        assert!(kills > 20, "{kills}");
    });
}

#[test]
fn a_name_that_somebody_takes_meanwhile_is_theirs() {
    sandbox::run("a_name_that_somebody_takes_meanwhile_is_theirs", || {
        if !sandbox::have("strace") {
            return sandbox::skip("strace");
        }
        let before = state();
        write(
            "addr add 192.0.2.1/32 dev lo\nnetns add h{1..3}\nlink add v{i=1..3} netns h{i} type veth peer name p{i}\n",
        );
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "60", "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unshare"]);
        command.args(["-e", "inject=unshare:signal=SIGSTOP:when=2", env!("CARGO_BIN_EXE_netnsctl")]);
        let mut child = command.args(["apply", "--jobs", "1", FILE]).stderr(Stdio::piped()).spawn().unwrap();
        let child_of = |pid: u32| -> Option<u32> {
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?.split_whitespace().next()?.parse().ok()
        };
        let mut stopped = None;
        eventually("it stops before the second namespace", || {
            stopped = child_of(child.id()).and_then(child_of);
            let stat = stopped.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok()).unwrap_or_default();
            stat.contains(") T ") || stat.contains(") t ") && exists("/run/netns/h1")
        });
        eventually("the first is named", || exists("/run/netns/h1"));
        fs::write("/run/netns/h2", "mine").unwrap();
        let pid = stopped.unwrap().to_string();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while child.try_wait().unwrap().is_none() && std::time::Instant::now() < end {
            assert!(Command::new("kill").args(["-CONT", &pid]).stderr(Stdio::null()).status().is_ok());
        }
        let (code, err) = wait_for(&mut child);
        assert!(code > 0 && err.contains("/run/p.plan:2: netns add h2: the name \"h2\" is taken"), "{code} {err}");
        assert!(err.contains("all that was done before is taken back"), "{err}");
        assert_eq!(fs::read_to_string("/run/netns/h2").unwrap(), "mine");
        fs::remove_file("/run/netns/h2").unwrap();
        same(&before, &state(), "after the failure");
    });
}

#[test]
fn what_was_there_is_used_and_put_back() {
    sandbox::run("what_was_there_is_used_and_put_back", || {
        let (code, _, err) = lines(
            "netns add old\nlink set lo up\n-n old link set lo up\nlink add br0 address 02:00:00:00:00:99 type bridge\nlink set br0 up\nlink set br0 down\n\
             link add v0 type veth peer name v1\nlink set v0 mtu 1400 alias before group 5 up\nlink set v1 up\naddr add 10.0.0.1/24 dev v0\nroute add 10.1.0.0/24 via 10.0.0.2\n\
             route add 10.2.0.0/24 via 10.0.0.2 metric 5\nneigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0\n\
             nexthop add id 5 via 10.0.0.2 dev v0\nrule add from 10.0.0.0/8 table 100 pref 500\n-n old addr add 127.0.0.9/8 dev lo\n",
        );
        assert_eq!((code, &*err), (0, ""));
        // DAD and neighbours of links that just came up.
        ok("sysctl net.ipv6.conf.all.disable_ipv6=1");
        let before = state();
        apply(
            "netns add old\nlink add br0 type bridge\nlink set v0 mtu 1300 alias after group 7 master br0\nlink set br0 up\n\
             addr replace 10.0.0.1/24 dev v0\naddr add 10.0.0.5/24 dev v0\nroute replace 10.1.0.0/24 via 10.0.0.3\n\
             route add 10.2.0.0/24 via 10.0.0.2 metric 5\nneigh replace 10.0.0.2 lladdr 02:00:00:00:00:03 dev v0\n\
             neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0\nnexthop replace id 5 via 10.0.0.4 dev v0\nnexthop add id 6 blackhole\n\
             rule add from 10.0.0.0/8 table 100 pref 500\nrule add from 10.3.0.0/16 table 100 pref 501\n-n old addr add 127.0.0.10/8 dev lo\n\
             -n old sysctl net.ipv4.ip_default_ttl=99\nlink set v1 txqueuelen 500\n",
        );
        assert_eq!(ok(&format!("apply {FILE}")), "nothing to do: all 17 lines hold\n");
        let now = state();
        for there in
            ["\"mtu\": 1300", "\"ifalias\": \"after\"", "\"gateway\": \"10.0.0.3\"", "02:00:00:00:00:03", "= 99"]
        {
            let there = if there == "= 99" { "\"net.ipv4.ip_default_ttl\": \"99\"" } else { there };
            assert!(now.contains(there), "{there} in {now}");
        }
        ok("down p");
        same(&before, &state(), "after down");
        // A link of another kind or with other settings in its place is a mistake of the plan.
        write("link add br0 type veth peer name x\n");
        fails(&format!("apply {FILE}"), &["/run/p.plan:1:10: ", "br0 is there, and is a bridge, not a veth"]);
        write("link add v0 type veth peer name v9\n");
        fails(&format!("apply {FILE}"), &["/run/p.plan:1:10: ", "its other end is not v9"]);
        write("link add v0 mtu 1401 type veth peer name v1\n");
        fails(&format!("apply {FILE}"), &["v0 is there, but its "]);
        same(&before, &state(), "refused");
    });
}

#[test]
fn ipv6_is_off_where_it_is_to_be_and_nowhere_else() {
    sandbox::run("ipv6_is_off_where_it_is_to_be_and_nowhere_else", || {
        let off = |link: &str| {
            fs::read_to_string(format!("/proc/sys/net/ipv6/conf/{link}/disable_ipv6")).unwrap().trim() == "1"
        };
        apply(
            "netns add h{1..4}\nlink add v1 netns h1 up type veth peer name p1 up\nlink add v2 netns h2 up type veth peer name p2 up ipv6 off\n\
             ipv6 off\nlink add v3 netns h3 up type veth peer name p3 up\nlink add br0 up type bridge\nipv6 on\n\
             link add v4 netns h4 up type veth peer name p4 up\n",
        );
        assert_eq!(["p1", "p2", "p3", "br0", "p4", "lo"].map(off), [false, true, true, true, false, false]);
        for n in 1..=4 {
            assert_eq!(
                ok(&format!("-n h{n} sysctl net.ipv6.conf.v{n}.disable_ipv6")),
                format!("net.ipv6.conf.v{n}.disable_ipv6 = 0\n")
            );
        }
        let addrs = ok("-6 addr show");
        assert!(!addrs.contains("p2") && !addrs.contains("p3") && !addrs.contains("br0"), "{addrs}");
        assert!(ok("link show p3").contains(",UP"));
    });
}

#[test]
fn wait_ends_when_all_can_be_used() {
    sandbox::run("wait_ends_when_all_can_be_used", || {
        write(
            "netns add h{1..3}\nlink add v{i=1..3} netns h{i} up type veth peer name p{i} up\n-n h{i=1..3} addr add 2001:db8::+{i}/64 dev v{i}\n",
        );
        ok(&format!("apply --wait {FILE}"));
        for ns in ["", "-n h1 ", "-n h2 ", "-n h3 "] {
            assert!(!ok(&format!("{ns}addr show tentative")).contains("inet6"), "{ns}");
            assert!(!ok(&format!("{ns}link show")).contains("LOWERLAYERDOWN"), "{ns}");
        }
        ok("down p");
        // A link whose other end stays down never is.
        write("netns add h1\nlink add v1 netns h1 up type veth peer name p1\n");
        let (code, _, err) = run(&format!("apply --wait=0 {FILE}"));
        assert!(code > 0 && err.contains("link v1 of namespace \"h1\" cannot be used yet, after 0 s"), "{code} {err}");
    });
}

#[test]
fn a_dry_run_shows_lines_or_messages_and_does_nothing() {
    sandbox::run("a_dry_run_shows_lines_or_messages_and_does_nothing", || {
        let before = state();
        write(HOSTS);
        let shown = ok(&format!("--dry-run apply {FILE}"));
        assert_eq!(shown.lines().count(), 31, "{shown}");
        assert!(shown.contains("/run/p.plan:5: link add v2 netns h2 up type veth peer name p2 up\n"), "{shown}");
        let messages = ok(&format!("-d --dry-run apply {FILE}"));
        for part in ["in namespace \"h1\":\n", "RTM_NEWLINK", "RTM_NEWROUTE", "IFLA_IFNAME", "\"v1\""] {
            assert!(messages.contains(part), "{part} in {messages}");
        }
        ok(&format!("-j --dry-run apply {FILE}"));
        same(&before, &state(), "dry runs");
    });
}

#[test]
fn sysctl_shows_and_sets() {
    sandbox::run("sysctl_shows_and_sets", || {
        ok("netns add h1");
        assert_eq!(ok("sysctl net.ipv4.ip_forward"), "net.ipv4.ip_forward = 0\n");
        assert_eq!(ok("-n h1 sysctl ipv4/ip_forward=1 net.ipv4.ip_default_ttl=65"), "");
        assert_eq!(ok("-n h1 sysctl net.ipv4.ip_forward"), "net.ipv4.ip_forward = 1\n");
        assert_eq!(ok("-n h1 -j sysctl net.ipv4.ip_forward").trim(), "[{\"net.ipv4.ip_forward\":\"1\"}]");
        assert_eq!(ok("sysctl net.ipv4.ip_forward"), "net.ipv4.ip_forward = 0\n");
        assert_eq!(ok("--dry-run sysctl net.ipv4.ip_forward=1"), "would set net/ipv4/ip_forward=1\n");
        assert_eq!(ok("sysctl net.ipv4.ip_forward"), "net.ipv4.ip_forward = 0\n");
        fails("sysctl net.ipv4.nope", &["cannot use the switch net/ipv4/nope: No such file"]);
        fails("sysctl net.ipv4.ip_forward=x", &["cannot use the switch net/ipv4/ip_forward"]);
        for bad in ["../kernel/hostname", "net//x", "net/../kernel/hostname=x", "."] {
            fails(&format!("sysctl {bad}"), &["this is no switch below net"]);
        }
        fails("sysctl kernel.hostname", &["No such file"]);
    });
}

#[test]
fn many_names_are_made_and_taken_at_once() {
    sandbox::run("many_names_are_made_and_taken_at_once", || {
        ok("netns add h{1..50} x y{a,b,c}");
        assert_eq!(files().len(), 54);
        ok("netns delete h{1..50} x y{a,b,c}");
        assert_eq!(files(), [""; 0]);
        ok("netns add n --count 20");
        assert!(exists("/run/netns/n1") && exists("/run/netns/n20") && !exists("/run/netns/n21"));
        ok("netns add k{8..2..3}");
        assert!(["k8", "k5", "k2"].iter().all(|k| exists(&format!("/run/netns/{k}"))));
        // A name that is taken: none of the others stays.
        fails("netns add m{1..9} n7 o", &["\"n7\""]);
        assert_eq!(files().len(), 23);
        let (code, _, err) = run("netns delete n --count 21");
        assert!(code > 0 && err.contains("\"n21\""), "{code} {err}");
        assert_eq!(files().len(), 3);
        fails("netns add h{1..99999999999}", &["the most"]);
        fails("netns add h{1..3}/{1..3}", &[]);
        fails("netns add h{1..3", &["the brace has no other half"]);
        // Called ip, a brace is a letter.
        ok("ip netns add h{1..2}");
        assert!(exists("/run/netns/h{1..2}"));
    });
}

#[test]
fn a_plan_comes_from_standard_input_too() {
    sandbox::run("a_plan_comes_from_standard_input_too", || {
        let before = state();
        let from = |words: &str, text: &str| outcome(&mut netnsctl(words.split_whitespace()), text);
        assert_eq!(from("apply -", "netns add h1\n").0, 0);
        assert!(ok("status").contains("\"stdin\": applied, from \"-\""));
        let (code, out, _) = from("apply -", "netns add h1\n");
        assert_eq!((code, &*out), (0, "nothing to do: all 1 lines hold\n"));
        assert_eq!(ok("gc"), "nothing is left behind\n");
        ok("down stdin");
        same(&before, &state(), "after down");
        let (code, _, err) = from("apply -", "netns add h1\nfoo\n");
        assert!(code > 0 && err.contains("-:2:1: \"foo\""), "{err}");
        same(&before, &state(), "a mistake");
        assert!(from("lab - -- true", "").2.contains("standard input is the command's"));
        fails("-n h1 apply x", &["-n goes into its lines"]);
        fails("apply x --nope", &["not an option of a plan"]);
        fails("apply x --jobs 0", &["a number of threads"]);
        fails("apply x --name a/b", &[]);
    });
}

#[test]
fn a_lab_is_there_for_its_command_and_gone_with_it() {
    sandbox::run("a_lab_is_there_for_its_command_and_gone_with_it", || {
        let before = state();
        write(HOSTS);
        let lab = |words: &[&str]| outcome(netnsctl(["lab", FILE, "--"]).args(words), "");
        let own = env!("CARGO_BIN_EXE_netnsctl");
        let (code, out, err) =
            lab(&["sh", "-c", &format!("{own} netns; {own} -n h2 addr show dev v2; {own} -j link show br0; exit 7")]);
        assert_eq!((code, &*err), (7, ""));
        assert!(
            out.starts_with("h") && out.contains("h3") && out.contains("10.0.0.2/24") && out.contains("\"br0\""),
            "{out}"
        );
        same(&before, &state(), "a lab");
        assert_eq!(lab(&["sh", "-c", "kill -9 $$"]).0, 137);
        assert_eq!(lab(&["/nope"]).0, 127);
        // Whose plan fails, the command does not run.
        write(&format!("{HOSTS}-n h2 route add 192.0.2.0/24 via 10.9.9.9\n"));
        let (code, out, err) = lab(&["echo", "run"]);
        assert!(code > 0 && out.is_empty() && err.contains("/run/p.plan:19: "), "{code} {out}{err}");
        assert_eq!(outcome(netnsctl(["lab", "--keep-going", FILE, "--"]).args(["echo", "run"]), "").1, "run\n");
        // After SIGKILL of the outer process nothing is left: all that hold its standard output are gone.
        write(HOSTS);
        let mut command = Command::new(own);
        command.args(["lab", FILE, "--wait", "--", "sh", "-c", "echo ready; sleep 1000 & sleep 1000"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(out.read_line(&mut line).unwrap(), 0);
        same(&before, &state(), "a killed lab");
    });
}

#[test]
fn a_lab_needs_no_root() {
    let user = netns_sys::process::is_root();
    let dir = std::env::temp_dir().join(format!("netnsctl-lab-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let (program, file) = (dir.join("netnsctl"), dir.join("p.plan"));
    // Where everybody can execute it.
    fs::copy(env!("CARGO_BIN_EXE_netnsctl"), &program).unwrap();
    fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(&file, HOSTS).unwrap();
    let mut command = Command::new(if user { "setpriv" } else { "env" });
    if user {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
    }
    command.arg(&program).arg("lab").arg(&file).args(["--", "sh", "-c"]).env_remove("XDG_RUNTIME_DIR");
    command.arg(format!("id -u; {} -n h1 addr show dev v1; exit 3", program.display()));
    let (code, out, err) = outcome(&mut command, "");
    fs::remove_dir_all(&dir).unwrap();
    assert_eq!((code, &*err), (3, ""), "{out}");
    assert!(out.starts_with("0\n") && out.contains("10.0.0.1/24"), "{out}");
}
