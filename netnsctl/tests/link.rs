//! `link`: what it makes, changes, deletes and shows; and that it shows it as `ip` does.
#![allow(clippy::expect_used)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::Dir;
use program::{fails, ok};
use sandbox::{have, run, skip};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

fn namespaces(names: &[&str]) {
    for name in names {
        Dir::default().add(OsStr::new(name)).expect(name);
    }
}

/// The names of the links there are, as `-br` shows them.
fn links(options: &str) -> Vec<String> {
    shown(&format!("{options} -br link"))
}

fn shown(line: &str) -> Vec<String> {
    let text = ok(line);
    text.lines().filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "lo").map(str::to_owned).collect()
}

fn assert_shows(line: &str, all: &[&str]) {
    let text = ok(line);
    all.iter().for_each(|part| assert!(text.contains(part), "{line}: no {part:?} in\n{text}"));
}

#[test]
fn both_ends_of_a_veth_are_made_where_they_are_to_be() {
    run("both_ends_of_a_veth_are_made_where_they_are_to_be", || {
        namespaces(&["a", "b"]);
        ok("link add eth0 netns a up mtu 1400 address 02:00:00:00:00:01 type veth \
            peer name eth0 netns b up mtu 1401 address 02:00:00:00:00:02 txqueuelen 7");
        assert!(links("").is_empty());
        assert_shows("-n a link show eth0", &[",UP,LOWER_UP> mtu 1400 ", "state UP", "link/ether 02:00:00:00:00:01 "]);
        assert_shows("-n b link show eth0", &[",UP,LOWER_UP> mtu 1401 ", " qlen 7\n", "link/ether 02:00:00:00:00:02 "]);
        // Without namespaces, both ends are where the request is: in that of `-n`.
        ok("-n a link add v0 type veth peer v1 up");
        assert_shows("-n a link show up", &[": v1@v0: <", ",UP,M-DOWN> "]);
        assert_eq!(links("-n a").len(), 3);
        assert!(links("").is_empty());
    });
}

#[test]
fn what_cannot_be_finished_is_undone() {
    run("what_cannot_be_finished_is_undone", || {
        if !have("strace") {
            return skip("strace");
        }
        namespaces(&["a"]);
        // The first message makes both ends, the second sets the peer up: that one fails.
        for peer in ["peer name v1 up", "peer name v1 netns a up"] {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/run/trace", "-etrace=sendmsg", "-einject=sendmsg:error=ENOMEM:when=2"]);
            strace
                .arg(env!("CARGO_BIN_EXE_netnsctl"))
                .args("link add v0 type veth".split_whitespace())
                .args(peer.split_whitespace());
            let output = strace.output().expect("strace");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(text.contains("set up peer \"v1\"") && text.contains("ENOMEM"), "{text}");
            assert!(!output.status.success());
            assert!(links("").is_empty() && links("-n a").is_empty());
        }
    });
}

#[test]
fn a_tun_is_made_in_its_namespace_and_deleted_like_any_link() {
    run("a_tun_is_made_in_its_namespace_and_deleted_like_any_link", || {
        if std::fs::File::options().read(true).write(true).open("/dev/net/tun").is_err() {
            return skip("a /dev/net/tun that this user may open");
        }
        namespaces(&["a", "b"]);
        ok("-n a link add t0 type tun user 0 pi");
        ok("-n a link add t1 netns b mtu 1300 up group 4 type tap multi_queue vnet_hdr");
        assert_eq!((links(""), links("-n a"), links("-n b")), (vec![], vec!["t0".into()], vec!["t1".into()]));
        assert_shows(
            "-n a -d link show t0",
            &["link/none ", "\n    tun type tun pi on vnet_hdr off persist on user root "],
        );
        let tap = "\n    tun type tap pi off vnet_hdr on multi_queue numqueues 0 numdisabled 0 persist on ";
        assert_shows("-n b -d link show t1", &["UP> mtu 1300 ", " group 4 ", "link/ether ", tap]);
        fails("-n b link add t1 type tun", 1, "that name is taken");
        fails("link add t2 mtu 9999999 type tap", 2, "cannot add link \"t2\"");
        fails("link add t2 master nope type tap", 1, "there is no interface \"nope\"");
        assert!(links("").is_empty(), "what the kernel did not take in full is gone");
        ok("-n b link delete t1");
        assert!(links("-n b").is_empty());
    });
}

#[test]
fn a_link_is_changed_moved_and_renamed_at_once() {
    run("a_link_is_changed_moved_and_renamed_at_once", || {
        namespaces(&["a"]);
        // The name it has is taken where it goes, so is the one it gets where it is.
        ok("link add v0 type veth peer name v1");
        ok("-n a link add v0 type veth peer name x1");
        ok("link set v0 netns a name v1 up mtu 1300 txqueuelen 9 address 02:00:00:00:00:07");
        assert_shows("-n a link show v1", &["UP> mtu 1300 ", " qlen 9\n", "link/ether 02:00:00:00:00:07 "]);
        let left = links("");
        assert!(left.len() == 1 && left[0].starts_with("v1@if"), "{left:?}");
        ok("link set v1 arp off promisc on allmulticast on multicast off alias two addrgenmode none group 12");
        let all = ["<BROADCAST,NOARP,ALLMULTI,PROMISC> ", " group 12 ", "\n    alias two\n", "addrgenmode none "];
        assert_shows("-d link show v1", &all);
        ok("link set dev v1 arp on promisc off alias one group default down");
        assert_shows("link show v1", &["<BROADCAST,ALLMULTI> ", " group default ", "\n    alias one\n"]);
    });
}

#[test]
fn a_namespace_is_given_by_name_process_or_path() {
    run("a_namespace_is_given_by_name_process_or_path", || {
        // A name that looks like a number is a name.
        namespaces(&["1", "a"]);
        ok("link add i0 netns 1 type ifb");
        assert_eq!(links("-n 1"), ["i0"]);
        ok("link add i1 netns /run/netns/a type ifb");
        assert_eq!(links("-n a"), ["i1"]);
        let mut child = Command::new("sleep").arg("1000").spawn().expect("sleep");
        ok(&format!("-n a link set i1 netns {}", child.id()));
        assert_eq!(links(""), ["i1"]);
        child.kill().and_then(|()| child.wait()).expect("its end");
        fails("link add i2 netns 4000000 type ifb", 1, "ESRCH");
        fails("link add i2 netns nope type ifb", 255, "there is no namespace named \"nope\"");
        fails("link add i2 netns /run type ifb", 1, "it is a directory");
    });
}

#[test]
fn the_link_below_may_be_in_another_namespace() {
    run("the_link_below_may_be_in_another_namespace", || {
        namespaces(&["below", "there"]);
        ok("-n below link add v0 index 40 type veth peer name v1");
        ok("link add m0 link v0 link-netns below type macvlan mode private");
        ok("link add m1 link v0 link-netns below netns there type macvlan mode private");
        assert_shows("-d link show m0", &[": m0@if40: ", " link-netns below ", "\n    macvlan mode private "]);
        assert_shows("-n there link show m1", &[": m1@if40: ", " link-netns below\n"]);
        // The kind's own word for it is not a name there: 40 is another link's index there.
        ok("-n there link add here index 40 type ifb");
        ok("-n below link add x0 type vxlan id 1 dev v0 dstport 4789");
        ok("-n below link set x0 netns there");
        assert_shows("-n there -d link show x0", &[": x0", "vxlan id 1 dev if40 "]);
        fails("link add m2 link m0 link-netns below type macvlan", 1, "there is no interface \"m0\"");
    });
}

#[test]
fn settings_of_a_kind_are_set_and_shown() {
    run("settings_of_a_kind_are_set_and_shown", || {
        ok(
            "link add br0 type bridge forward_delay 300 no_linklocal_learn 1 mcast_query_interval 5000 group_fwd_mask 0x10",
        );
        ok("link set br0 type bridge priority 7 ageing_time 1000 group_address 01:80:c2:00:00:04");
        let bridge = ["bridge forward_delay 300 ", " ageing_time 1000 ", " priority 7 ", " group_fwd_mask 0x10 "];
        assert_shows("-d link show br0", &bridge);
        let more = [" no_linklocal_learn 1 ", " mcast_query_interval 5000 ", " group_address 01:80:c2:00:00:04 "];
        assert_shows("-d link show br0", &more);
        ok("link add v0 type veth peer name v1");
        ok("link set v0 master br0");
        ok("link set v0 type bridge_slave hairpin on cost 50 learning off");
        assert_shows("-d link show v0", &[" master br0 ", "bridge_slave ", " cost 50 hairpin on ", " learning off "]);
        ok("link set v0 nomaster");
        fails("link set v0 type bridge_slave cost 7", 2, "set its master first");
        ok(
            "link add vx0 type vxlan id 7 remote fd00::1 dev v1 dstport 4789 srcport 10 20 nolearning ttl 3 tos inherit",
        );
        let vxlan = "vxlan id 7 remote fd00::1 dev v1 srcport 10 20 dstport 4789 nolearning tos inherit ttl 3 ";
        assert_shows("-d link show vx0", &[vxlan]);
        assert_shows("-d -j link show vx0", &[r#""remote6":"fd00::1","link":"v1","port_range":{"low":10,"high":20}"#]);
        ok("link add vx1 type vxlan id 8 ttl inherit dstport 4790");
        assert_shows("-d link show vx1", &[" ttl inherit "]);
        fails("link add vx2 type vxlan id 8 remote 239.1.1.1", 255, "239.1.1.1 is a multicast address");
        fails("link add br1 type bridge stp_stat3 1", 255, "did you mean \"stp_state\"?");
        fails("link add br1 type bridge_slave", 255, "is for `link set`");
    });
}

#[test]
fn groups_and_kinds_choose_links() {
    run("groups_and_kinds_choose_links", || {
        for line in
            ["i0 group 5 type ifb", "i1 group 5 type ifb", "v2 type veth peer name v3", "br0 group 5 type bridge"]
        {
            ok(&format!("link add {line}"));
        }
        ok("link set v2 master br0");
        ok("link set group 5 mtu 1234");
        assert_eq!(ok("link show group 5").matches(" mtu 1234 ").count(), 3);
        assert_shows("link show v2", &[" mtu 1500 "]);
        assert_eq!(shown("-br link show type bridge"), ["br0"]);
        assert_eq!(shown("-br link show master br0"), ["v2@v3"]);
        assert_eq!(shown("-br link show type bridge_slave"), ["v2@v3"]);
        assert_eq!(shown("-br link show nomaster type veth"), ["v3@v2"]);
        assert_eq!(ok("-j link show up type ifb"), "[]\n");
        fails("link delete i0 type bridge", 1, "there is none of kind \"bridge\"");
        ok("link delete group 5 type ifb");
        assert_eq!(links(""), ["v3@v2", "v2@v3", "br0"]);
        ok("link delete group 5");
        assert_eq!(links(""), ["v3@v2", "v2@v3"]);
        fails("link delete group 5", 2, "ENODEV");
        // Both ends are of the group: the second is gone with the first.
        ok("link set v2 group 6");
        ok("link set v3 group 6");
        ok("link delete group 6 type veth");
        assert!(links("").is_empty());
    });
}

#[test]
fn a_failure_says_what_to_do() {
    run("a_failure_says_what_to_do", || {
        ok("link add eth0 type veth peer name eth1");
        fails("link add eth0 type ifb", 2, "that name (or index) is taken there");
        fails("link set eht0 up", 1, "did you mean \"eth0\"?");
        fails("link delete nothing-like-it", 1, "`netnsctl link show` shows those there are");
        fails("link show eth2", 1, "there is no interface \"eth2\"");
        fails("link add sixteen-letters1 type ifb", 255, "it has 16 bytes, 15 is the most");
        fails("link add x type no-such-kind", 2, "\"no-such-kind\" may not be in this kernel");
        fails("link add x type ifb mtu 1400", 255, "no options of \"ifb\" are known here");
        fails("link add x", 255, "the kind of device is missing");
        fails("link add x alias me type ifb", 255, "is not an option of a link");
        fails("link add x type veth peer mtu 1400 up", 255, "a peer needs a name to be set up");
        fails("link set eth0 mtu 1", 2, "mtu less than device minimum");
        fails("link set up", 255, "the name of the interface (or a group) is missing");
        let mut left = links("");
        left.sort();
        assert_eq!(left, ["eth0@eth1", "eth1@eth0"]);
    });
}

#[test]
fn a_kernel_without_a_kind_names_its_option() {
    run("a_kernel_without_a_kind_names_its_option", || {
        if program::run("link add d0 type dummy").0 == 0 {
            return skip("a kernel without CONFIG_DUMMY");
        }
        fails("link add d0 type dummy", 2, "\"dummy\" may not be in this kernel (CONFIG_DUMMY)");
    });
}

#[test]
fn a_name_that_begins_like_a_keyword_is_a_name() {
    run("a_name_that_begins_like_a_keyword_is_a_name", || {
        for name in ["a", "m", "t", "net"] {
            ok(&format!("link add {name} mtu 1400 type ifb"));
            ok(&format!("link set {name} mt 1300 u"));
            assert_shows(&format!("link show {name}"), &[",UP,LOWER_UP> mtu 1300 "]);
        }
        ok("link add name up type ifb");
        ok("link set dev up up");
        ok("link add dev dev type ifb");
        assert_eq!(links("").len(), 6);
    });
}

#[test]
fn alternative_names_are_given_and_taken() {
    run("alternative_names_are_given_and_taken", || {
        ok("link add i0 type ifb");
        ok("link property add i0 altname a-name-of-more-than-fifteen-letters altname short");
        assert_shows(
            "link show short",
            &["i0: ", "\n    altname a-name-of-more-than-fifteen-letters\n    altname short\n"],
        );
        ok("link set a-name-of-more-than-fifteen-letters mtu 1300");
        assert_shows(
            "-j link show i0",
            &["\"mtu\":1300,", "\"altnames\":[\"a-name-of-more-than-fifteen-letters\",\"short\"]"],
        );
        ok("link property del dev i0 altname short");
        fails("link show short", 1, "there is no interface \"short\"");
        fails("link property add i0 short", 255, "\"short\" is not a word of link property");
        fails("link property add altname x", 255, "the name of the interface is missing");
        fails("link set i0 mtu 1300 mtu 1400", 255, "mtu was said already");
        fails("link set i0 address 1:2", 1, "the address of \"i0\" has 6 bytes, not 2");
    });
}

#[test]
fn a_dry_run_shows_all_that_would_be_done() {
    run("a_dry_run_shows_all_that_would_be_done", || {
        namespaces(&["a", "b"]);
        let shown = ok("--dry-run link add v0 netns a type veth peer name v1 netns b up arp off");
        let messages = shown.matches(" at byte 0: ").count();
        assert!(messages == 2 && shown.contains("\nin namespace \"b\":\nRTM_NEWLINK at byte 0: "), "{shown}");
        assert_eq!(shown.matches("ifi_change IFF_UP}").count(), 1, "{shown}");
        assert!(
            ok("--dry-run link add t0 mtu 1300 type tap").starts_with("would make tap \"t0\"\nRTM_NEWLINK at byte 0: ")
        );
        ok("link add i0 type ifb");
        assert!(ok("--dry-run link delete i0").starts_with("RTM_DELLINK at byte 0: "));
        assert!(ok("--dry-run link property add i0 altname x").contains("IFLA_ALT_IFNAME \"x\""));
        let shown = ok("--dry-run link set i0 vf 1 trust on xdp off");
        for line in
            ["IFLA_VF_TRUST 01 00 00 00 01 00 00 00", "IFLA_XDP_FD -1", "IFLA_XDP_FLAGS XDP_FLAGS_UPDATE_IF_NOEXIST"]
        {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        assert_eq!((links(""), links("-n a"), links("-n b")), (vec!["i0".into()], vec![], vec![]));
    });
}

#[test]
fn names_cannot_disturb_a_terminal() {
    run("names_cannot_disturb_a_terminal", || {
        let name = OsStr::from_bytes(b"a\x1b[31m\xff");
        let args = ["link", "add", "-", "type", "ifb"].map(|w| if w == "-" { name } else { OsStr::new(w) });
        let output = Command::new(env!("CARGO_BIN_EXE_netnsctl")).args(args).output().expect("netnsctl");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(links(""), [r"a\x1b[31m\xff"]);
        assert_shows("-j link", &[r#""ifname":"a\u001b[31m"#, r#""ifname_hex":"611b5b33316dff""#]);
    });
}

#[test]
fn text_and_json_are_those_of_ip() {
    run("text_and_json_are_those_of_ip", || {
        if !have("ip") {
            return skip("ip (iproute2)");
        }
        namespaces(&["a", "b"]);
        for line in [
            "link set lo up",
            "link add v0 up type veth peer name v1 netns a up",
            "link add v2 netns b mtu 1400 type veth peer name v3 netns a",
            "link add w0 type veth peer name w1",
            "link add br0 type bridge",
            "link set w0 master br0",
            "link set br0 alias some-text group 7 promisc on",
            "link add m0 link w1 up type macvlan mode bridge",
            "link add m1 link w1 type macvtap",
            "link add x0 type vxlan id 42 remote 10.0.0.1 local 10.0.0.2 dev w1 dstport 4789",
            "link add x1 type vxlan id 3 group 239.1.1.1 dev w1 dstport 0 ttl 4 tos 8 nolearning proxy df set noudpcsum",
            "link add x2 type vxlan external dstport 4790",
            "link add i0 txqueuelen 0 type ifb",
        ] {
            ok(line);
        }
        for kind in ["tun", "tap"] {
            let _ = program::run(&format!("link add {kind} type {kind}")); // not all may open /dev/net/tun
        }
        let ip = |line: &str| {
            let output = Command::new("ip").args(line.split_whitespace()).output().expect("ip");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        assert!(ip("link property add dev w1 altname a-long-alternative-name altname short").is_empty());
        // Carriers settle and packets come in their own time: what counts is when `ip` sees the same before and after.
        let compare = |line: &str| {
            let still = (0..50).find_map(|_| {
                let (before, ours) = (ip(line), ok(line));
                (before == ip(line)).then_some((ours, before))
            });
            let (ours, theirs) = still.expect("a moment in which nothing changes");
            assert_eq!(ours, theirs, "{line}");
        };
        let ways = ["", "show dev lo", "show m0", "show dev v0", "show a-long-alternative-name", "show type veth"];
        for options in ["", "-o", "-br", "-s", "-s -o", "-j", "-j -p", "-j -s", "-br -j"] {
            for way in ways.into_iter().chain(["show master br0", "show up", "list group 7"]) {
                // In JSON `ip` lists an empty object for each link that is not to be shown.
                if !(options.contains("-j") && matches!(way, "show up" | "list group 7")) {
                    compare(&format!("{options} link {way}"));
                }
            }
            compare(&format!("{options} -n a link"));
            compare(&format!("{options} -n b link"));
        }
        // More of the kinds: those whose timers stand still.
        for link in ["m0", "m1", "x0", "x1", "x2", "i0", "lo"] {
            for options in ["-d", "-d -j", "-d -o"] {
                compare(&format!("{options} link show {link}"));
            }
        }
    });
}
