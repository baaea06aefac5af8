//! `addr`, `route`, `neigh`, `rule`: what they make, delete and show; that it is what `ip` makes and shows; bad input.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::{fails, netnsctl, ok, outcome};
use std::process::Command;

/// A namespace `a` with two veth pairs to `b`, all up, and addresses: what most tests begin with.
fn set_up() {
    let script = "
        netns add a
        netns add b
        link add v0 netns a type veth peer name v0 netns b
        link add v1 netns a type veth peer name v1 netns b
        -n a link set lo up
        -n a link set v0 up
        -n a link set v1 up
        -n b link set v0 up
        -n b link set v1 up
        -n a addr add 10.0.0.1/24 brd + dev v0
        -n a addr add 10.0.0.2/24 dev v0 label v0:x
        -n a addr add 10.1.0.1 peer 10.1.0.2/32 dev v1
        -n a addr add 2001:db8::1/64 dev v0 nodad
        -n a addr add 2001:db8::2/64 dev v0 nodad valid_lft 3000 preferred_lft 1000
        -n a route add default via 10.0.0.254
        -n a route add 10.2.0.0/16 via 10.0.0.9 metric 50 proto static src 10.0.0.1
        -n a route add 10.3.0.0/16 dev v1 table 100 mtu 1400
        -n a route add blackhole 10.4.0.0/16
        -n a route add unreachable 2001:db8:4::/48
        -n a route add 10.5.0.0/16 nexthop via 10.0.0.3 dev v0 weight 2 nexthop via 10.1.0.2 dev v1
        -n a route add 10.6.0.0/16 via inet6 2001:db8::9 dev v0
        -n a -6 route add default via 2001:db8::9 dev v0 metric 7
    ";
    let result = outcome(&mut netnsctl(["-b", "-"]), script);
    assert_eq!(result, (0, String::new(), String::new()));
}

fn ip(line: &str) -> String {
    let output = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_shown_is_what_ip_shows() {
    sandbox::run("what_is_shown_is_what_ip_shows", || {
        if !sandbox::have("ip") {
            return sandbox::skip("iproute2");
        }
        set_up();
        ip("-n a rule add from 10.0.0.0/8 table 100 priority 5");
        ip("-n a rule add fwmark 0x3/0xff iif v0 unreachable priority 6");
        ip("-n a -6 rule add to 2001:db8::/32 table main priority 7");
        ip("-n a neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0");
        ip("-n a neigh add 2001:db8::9 lladdr 02:00:00:00:00:0a dev v0 router");
        // Until duplicate address detection is over, what is shown changes by itself.
        sandbox::eventually("no address is tentative", || !ok("-n a addr").contains("tentative"));
        let mut compared = 0;
        for options in ["", "-o ", "-br ", "-j ", "-j -p ", "-4 "] {
            for words in ["addr", "addr show dev v0", "addr show up scope global", "a show to 10.0.0.0/24"] {
                let line = format!("{options}-n a {words}");
                // Seconds pass between the two.
                let still = |text: String| {
                    let seconds = (900..=1000).chain(2900..=3000).map(|n| n.to_string());
                    seconds.fold(text, |text, n| text.replace(&n, "N"))
                };
                // `ip` leaves an empty object for what it filters out.
                let theirs = ip(&line).replace(",{}", "").replace("{},", "");
                assert_eq!(still(ok(&line)), still(theirs), "{line}");
                compared += 1;
            }
        }
        for options in ["", "-o ", "-j ", "-j -p ", "-4 ", "-6 ", "-d "] {
            let words = [
                "route",
                "route show table all",
                "route show table 100",
                "route show dev v0",
                "route show proto static",
                "route show 10.2.0.0/16",
                "route show root 10.0.0.0/8",
                "route show type blackhole",
                "route show scope link",
                "route show metric 50",
                "route show via 10.0.0.9",
                "route show src 10.0.0.1",
                "route show match 10.2.3.4",
                "rule",
                "neigh",
                "neigh show nud permanent",
                "neigh show dev v1",
            ];
            // To both, an IPv4 prefix or a table that has no IPv6 routes is an error with -6.
            for words in words.into_iter().filter(|w| options != "-6 " || !w.contains("10")) {
                let line = format!("{options}-n a {words}");
                let ages = |text: String| {
                    let words = text.split(' ').map(|w| if w.ends_with("sec") { "Nsec" } else { w });
                    words.collect::<Vec<_>>().join(" ")
                };
                assert_eq!(ages(ok(&line)), ages(ip(&line)), "{line}");
                compared += 1;
            }
        }
        for words in ["route get 10.0.0.7", "route get 10.2.3.4", "-j route get 10.0.0.7", "route get 2001:db8::7"] {
            let line = format!("-n a {words}");
            assert_eq!(ok(&line), ip(&line), "{line}");
            compared += 1;
        }
        assert_eq!(compared, 24 + 113 + 4);
    });
}

#[test]
fn what_ip_made_is_deleted_and_the_other_way_round() {
    sandbox::run("what_ip_made_is_deleted_and_the_other_way_round", || {
        if !sandbox::have("ip") {
            return sandbox::skip("iproute2");
        }
        set_up();
        ip("-n a addr add 10.9.0.1/24 dev v1");
        ip("-n a route add 10.10.0.0/16 via 10.9.0.2");
        ok("-n a route del 10.10.0.0/16");
        ok("-n a addr del 10.9.0.1/24 dev v1");
        ip("-n a route del 10.2.0.0/16");
        ip("-n a route del blackhole 10.4.0.0/16");
        ip("-n a addr del 10.0.0.2/24 dev v0");
        let routes = ok("-n a route");
        assert!(!["10.2.", "10.4.", "10.9.", "10.10."].iter().any(|gone| routes.contains(gone)), "{routes}");
        assert!(!ok("-n a addr").contains("10.0.0.2/24"));
    });
}

#[test]
fn addresses_and_routes_are_changed_replaced_and_flushed() {
    sandbox::run("addresses_and_routes_are_changed_replaced_and_flushed", || {
        set_up();
        fails("-n a route add 10.2.0.0/16 via 10.0.0.9 metric 50", 2, "EEXIST");
        ok("-n a route replace 10.2.0.0/16 via 10.0.0.8 metric 50");
        assert!(ok("-n a route show 10.2.0.0/16").contains("via 10.0.0.8"));
        fails("-n a route change 10.99.0.0/16 via 10.0.0.8", 2, "ENOENT");
        fails("-n a addr add 10.0.0.1/24 dev v0", 2, "it exists already");
        ok("-n a addr replace 2001:db8::2/64 dev v0 valid_lft forever preferred_lft forever");
        assert!(!ok("-n a -6 addr show dev v0 scope global").contains("dynamic"));
        ok("-n a route flush table 100");
        assert_eq!(ok("-n a route show table 100"), "");
        ok("-n a addr flush dev v0 scope global");
        assert_eq!(ok("-n a -j addr show dev v0 scope global").matches("\"local\"").count(), 0);
        assert!(ok("-n a addr").contains("10.1.0.1 peer 10.1.0.2/32"));
    });
}

#[test]
fn rules_and_neighbours_are_changed_and_flushed() {
    sandbox::run("rules_and_neighbours_are_changed_and_flushed", || {
        ok("link add v0 type veth peer name v1");
        ok("link set v0 up");
        // The family is that of the prefix.
        ok("rule add from 2001:db8::/32 table 100 priority 5");
        assert_eq!(ok("-6 rule show table 100"), "5:\tfrom 2001:db8::/32 lookup 100\n");
        assert_eq!(ok("rule show from 2001:db8::/32"), ok("-6 rule show table 100"));
        ok("rule add fr 10.0.0.0/8 proto static table 7");
        ok("rule add to 10.0.0.0/8 proto 99 table 8");
        assert_eq!(ok("rule show proto 99").lines().count(), 1);
        ok("rule flush proto static");
        assert!(!ok("rule").contains("lookup 7") && ok("rule").contains("lookup 8"));
        fails("rule add l3mdev table 5", 255, "takes no other");
        fails("rule add p 5", 255, "can be");
        fails("rule del priority 77", 2, "ENOENT");
        fails("rule save x", 255, "too much");
        let plan = ok("--dry-run rule add priority 9 sport 53 lookup main");
        assert!(plan.contains("RTM_NEWRULE") && plan.contains("FRA_SPORT_RANGE"), "{plan}");
        assert!(!ok("rule").contains("9:"));

        ok("neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0");
        fails("neigh add 10.0.0.2 lladdr 02:00:00:00:00:03 dev v0", 2, "EEXIST");
        ok("neigh replace 10.0.0.2 lladdr 02:00:00:00:00:03 dev v0");
        assert_eq!(ok("neigh get 10.0.0.2 dev v0"), "10.0.0.2 dev v0 lladdr 02:00:00:00:00:03 PERMANENT \n");
        let plan = ok("--dry-run -s neigh flush nud permanent");
        assert_eq!(plan.matches("RTM_DELNEIGH").count(), 1, "{plan}");
        assert_eq!(ok("-4 neigh").lines().count(), 1);
        ok("neigh flush nud permanent");
        assert_eq!(ok("-4 neigh"), "");
        fails("neigh flush", 255, "which neighbours?");
        fails("neigh add 10.0.0.2", 255, "dev NAME is missing");
        fails("netconf show nonsense", 255, "known are dev");
        fails("ntable change name arp_cache retrns 5", 255, "did you mean \"retrans\"?");
    });
}

#[test]
fn addresses_are_saved_and_restored_whole() {
    sandbox::run("addresses_are_saved_and_restored_whole", || {
        set_up();
        let saved = netnsctl("-n a addr save dev v0 scope global".split(' ')).output().unwrap().stdout;
        let before = ok("-n a -j addr show dev v0 scope global");
        ok("-n a addr flush dev v0 scope global");
        let restore = |bytes: &[u8]| {
            std::fs::write("/run/saved", bytes).unwrap();
            let input = std::fs::File::open("/run/saved").unwrap();
            netnsctl("-n a addr restore".split(' ')).stdin(input).output().unwrap().status.code()
        };
        // What is cut, or something else, is not restored in part.
        for end in [0, 3, 12, 30, saved.len() - 4] {
            assert_eq!(restore(&saved[..end]), Some(255), "{end}");
        }
        let mut link = saved.clone();
        let last = link.len() - 4;
        link.extend_from_within(4..20);
        link[last + 4..last + 8].copy_from_slice(&16_u32.to_ne_bytes());
        link[last + 8] = 16; // RTM_NEWLINK
        assert_eq!(restore(&link), Some(255));
        assert!(!ok("-n a addr show dev v0").contains("global"));
        assert_eq!(restore(&saved), Some(0));
        assert_eq!(restore(&saved), Some(0), "they are there already");
        let after = ok("-n a -j addr show dev v0 scope global");
        let count = |text: &str| text.matches("\"local\"").count();
        assert_eq!((count(&after), count(&before)), (4, 4));
    });
}

#[test]
fn multicast_addresses_and_tun_devices_are_those_of_the_namespace() {
    sandbox::run("multicast_addresses_and_tun_devices_are_those_of_the_namespace", || {
        set_up();
        assert!(ok("-n a --dry-run maddr add 01:00:5e:00:00:09 dev v0").contains("would add 01:00:5e:00:00:09"));
        ok("-n a maddr add 01:00:5e:00:00:09 dev v0");
        let all = ok("-n a -j maddr show dev v0");
        let head = r#"[{"ifindex":2,"ifname":"v0","maddr":[{"link":"#;
        assert!(all.starts_with(head) && all.contains(r#"{"link":"01:00:5e:00:00:09","features":"static"}"#), "{all}");
        assert!(ok("-n a -4 maddr show v0").contains("inet  224.0.0.1\n"));
        assert!(!ok("-n b maddr").contains("00:09") && !ok("maddr").contains("00:09"));
        ok("-n a maddr del 01:00:5e:00:00:09 dev v0");
        fails("-n a maddr del 01:00:5e:00:00:09 dev v0", 1, "ENOENT");
        fails("-n a maddr add 01:00:5e:00:00 dev v0", 255, "6 bytes");
        if std::fs::File::options().read(true).write(true).open("/dev/net/tun").is_err() {
            return sandbox::skip("a /dev/net/tun that this user may open");
        }
        assert!(ok("-n a --dry-run tuntap add t0 mode tun").contains("would add the tun device"));
        ok("-n a tuntap add t0 mode tap user root group 7 vnet_hdr");
        assert_eq!(ok("-n a tuntap"), "t0: tap vnet_hdr persist user 0 group 7\n");
        assert_eq!((ok("tuntap"), ok("-n b -j tuntap")), (String::new(), "[]\n".into()));
        fails("-n a tuntap add t0 mode tap", 1, "EBUSY");
        fails("-n a tuntap add t1", 255, "the mode is missing");
        fails("-n a tuntap add t1 mode tun user nobody-knows", 255, "there is no user");
        ok("-n a tuntap del t0 mode tap");
        assert_eq!(ok("-n a tuntap"), "");
    });
}

#[test]
fn the_route_taken_is_shown() {
    sandbox::run("the_route_taken_is_shown", || {
        set_up();
        let get = ok("-n a route get 10.2.3.4");
        assert!(get.starts_with("10.2.3.4 via 10.0.0.9 dev v0 src 10.0.0.1"), "{get}");
        fails("-n a route get 10.4.0.1", 2, "EINVAL");
        fails("-n a route get 10.0.0.300", 255, "each part is 0 to 255");
    });
}

/// A request: type, flags, fixed header, attributes.
type Sent = (u16, u16, Vec<u8>, Vec<(u16, Vec<u8>)>);

/// The request to change an address or a route (or to look one up) that a command sends, its attributes in
/// the order of their types. What strace dumps of each send is what counts.
fn request(program: &str, line: &str) -> Sent {
    let output = Command::new("strace")
        .args(["-f", "-e", "trace=sendmsg,sendto", "-e", "write=3,4,5,6", program, "-n", "a"])
        .args(line.split(' '))
        .output()
        .unwrap();
    let mut sends: Vec<Vec<u8>> = Vec::new();
    for dumped in String::from_utf8_lossy(&output.stderr).lines().filter_map(|l| l.split(" | ").nth(1)) {
        let (at, hex) = dumped.split_once("  ").unwrap();
        if at == "00000" {
            sends.push(Vec::new());
        }
        let bytes = hex[..48].split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap());
        sends.last_mut().unwrap().extend(bytes);
    }
    let short = |b: &[u8], at: usize| u16::from_ne_bytes([b[at], b[at + 1]]);
    let sent = sends.into_iter().find(|s| (20..=26).contains(&short(s, 4)));
    let sent = sent.unwrap_or_else(|| panic!("{program} {line}: {output:?}"));
    let (kind, flags) = (short(&sent, 4), short(&sent, 6) & !4); // ip asks for no acknowledgement of a get
    let header = 16 + if kind < 24 { 8 } else { 12 };
    (kind, flags, sent[16..header].to_vec(), attributes(&sent[header..]))
}

fn attributes(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    while let [l, m, t, u, ..] = *bytes {
        let (len, kind) = (usize::from(u16::from_ne_bytes([l, m])), u16::from_ne_bytes([t, u]) & 0x3fff);
        all.push((kind, bytes[4..len].to_vec()));
        bytes = bytes.get((len + 3) & !3..).unwrap_or_default();
    }
    all.sort();
    all
}

#[test]
fn requests_carry_what_those_of_ip_do() {
    sandbox::run("requests_carry_what_those_of_ip_do", || {
        if !sandbox::have("ip") || !sandbox::have("strace") {
            return sandbox::skip("iproute2 and strace");
        }
        set_up();
        // Some fail for the second, since the first did it: what counts is what was asked.
        for line in [
            "addr add 10.20.0.1/24 dev v1",
            "addr add 10.20.1.1/24 brd + dev v1",
            "addr add 10.20.2.1/31 brd + dev v1",
            "addr add 10.20.3.1/24 brd - dev v1",
            "addr add 10.20.4.1 dev v1",
            "addr add 127.0.0.5/8 dev v1",
            "addr add 10.20.5.1/24 dev v1 noprefixroute valid_lft 100 preferred_lft 50",
            "addr add 10.20.6.1 peer 10.20.6.2/24 dev v1 metric 5 label v1:1 scope link",
            "addr replace 2001:db8:9::1/64 dev v1 nodad home",
            "addr change 2001:db8:9::1/64 dev v1 mngtmpaddr",
            "addr del 10.20.1.1/24 brd + dev v1",
            "addr del 10.20.4.1/32 dev v1",
            "addr del 2001:db8:9::1 dev v1",
            "route add default dev v0 metric 5",
            "-6 route add default dev v0",
            "route add 10.30.0.0/16 via 10.0.0.254 dev v0 src 10.0.0.1 metric 7 table 1000 proto static onlink",
            "route append 10.31.0.0/16 dev v0 table 200 scope host",
            "route replace 10.32.0.0/16 via inet6 fe80::1 dev v0",
            "route change 10.32.0.0/16 via 10.0.0.253 advmss 1000 hoplimit 3 congctl reno",
            "route add local 10.33.0.1 dev lo",
            "route add broadcast 10.33.0.3 dev v0",
            "route add throw default table 9",
            "route add 10.34.0.0/16 nexthop via 10.0.0.253 dev v0 weight 3 nexthop dev v1 onlink",
            "route add 10.35.0.0/16 nhid 5",
            "route add 2001:db8:30::/48 via fe80::1 dev v0 pref low expires 100",
            "route add 2001:db8:31::/48 from 2001:db8::/32 dev v0",
            "route del 10.34.0.0/16",
            "route del blackhole 10.4.0.0/16",
            "route del local 10.33.0.1 dev lo",
            "route del 2001:db8:30::/48",
            "route get 10.0.0.7 from 10.0.0.1 oif v0 mark 5",
            "route get fibmatch 10.0.0.7",
            "route get 2001:db8::7 ipproto tcp sport 5 dport 7 uid 5",
        ] {
            assert_eq!(request(env!("CARGO_BIN_EXE_netnsctl"), line), request("ip", line), "{line}");
        }
    });
}

#[test]
fn a_flush_takes_what_matches_and_leaves_the_rest() {
    sandbox::run("a_flush_takes_what_matches_and_leaves_the_rest", || {
        set_up();
        // The primary takes its secondary along, before it is that one's turn.
        ok("-n a addr flush dev v0 to 10.0.0.0/8");
        assert_eq!(ok("-n a -4 addr show dev v0"), "");
        assert!(ok("-n a -6 addr show dev v0").contains("2001:db8::1/64"));
        ok("-n a addr flush label v1");
        assert!(!ok("-n a addr").contains("10.1.0.1"));
        ok("-n a addr add 10.0.0.1/24 dev v0");
        ok("-n a route add 10.7.0.0/16 dev v0 proto 99");
        ok("-n a route add 10.8.0.0/16 dev v0 proto 99 table 7");
        ok("-n a route add 10.9.0.0/16 dev v0 proto static table 7");
        ok("-n a route flush table all proto 99");
        assert_eq!(ok("-n a route show table all proto 99"), "");
        assert_eq!(ok("-n a route show table 7"), "10.9.0.0/16 dev v0 proto static scope link \n");
        assert!(ok("-n a route show dev v0").starts_with("10.0.0.0/24 proto kernel"));
        fails("-n a route flush", 255, "which routes?");
        fails("-n a addr flush", 255, "which addresses?");
    });
}

#[test]
fn routes_by_next_hop_objects_are_flushed() {
    sandbox::run("routes_by_next_hop_objects_are_flushed", || {
        if !sandbox::have("ip") {
            return sandbox::skip("iproute2");
        }
        set_up();
        ip("-n a nexthop add id 5 via 10.0.0.252 dev v0");
        ip("-n a nexthop add id 6 dev v1");
        ip("-n a nexthop add id 7 group 5/6,3");
        ok("-n a route add 10.12.0.0/16 nhid 5 proto 99");
        ok("-n a route add 10.13.0.0/16 nhid 7 proto 99");
        assert_eq!(ok("-n a route"), ip("-n a route"));
        ok("-n a route flush proto 99");
        assert_eq!(ok("-n a route show proto 99"), "");
    });
}

#[test]
fn bad_input_is_refused_before_anything_is_done() {
    sandbox::run("bad_input_is_refused_before_anything_is_done", || {
        ok("netns add a");
        for (line, says) in [
            ("addr add 10.0.0.300/24 dev lo", "each part is 0 to 255"),
            ("addr add 010.0.0.1/24 dev lo", "octal"),
            ("addr add 10.0.0.1/33 dev lo", "0 to 32"),
            ("addr add 2001:db8::1/129 dev lo", "0 to 128"),
            ("addr add 10.0.0.1/24", "missing"),
            ("addr add 10.0.0.1/24 dev", "missing"),
            ("addr add 10.0.0.1/24 dv lo", "did you mean \"dev\"?"),
            ("addr frob", "known are"),
            ("route add", "missing"),
            ("route add 10.0.0.0/8 via", "missing"),
            ("route add 10.0.0.0/8 metrc 5 dev lo", "did you mean \"metric\"?"),
            ("route add 10.0.0.0/8 metric 99999999999 dev lo", "0 to 4294967295"),
            ("route add 10.0.0.0/8 table x", "table"),
            ("-4 route add 2001:db8::/32 dev lo", "IPv4"),
            ("addr add dev lo", "the address is missing"),
            ("addr add 10.0.0.1/24 10.0.0.2/24 dev lo", "an address already"),
            ("addr add 10.0.0.1/24 dev lo label eth0", "begins with the name"),
            ("addr add 10.0.0.1/24 dev lo valid_lft 5 preferred_lft 6", "longer than it is valid"),
            ("addr add ::1/64 dev lo brd +", "IPv6 has no broadcast"),
            ("addr add 10.0.0.1/24 dev lo scope 256", "0 to 255"),
            ("addr show dev lo scop globul", "did you mean \"global\"?"),
            ("route add 10.0.0.0/8 10.1.0.0/16 dev lo", "a destination already"),
            ("route add 10.0.0.0/8 via fe80::1 dev lo", "via inet6"),
            ("route add 10.0.0.0/8 nexthop", "a next hop is missing"),
            ("route add 10.0.0.0/8 nexthop dev lo weight 257", "1 to 256"),
            ("route add 10.0.0.0/8 tos 10 dev lo", "hexadecimal"),
            ("route add 10.0.0.0/8 mtu lock x dev lo", "0 to 4294967295"),
            ("route add 10.0.0.0/8 metric 010 dev lo", "octal"),
            ("route get", "missing"),
            ("route get 10.0.0.1/8", "only /32"),
            ("route show frm 10.0.0.0/8", "not a word of a route"),
            ("neigh show 10.0.0.0/33", "0 to 32"),
            ("rule show priority -1", "0 to 4294967295"),
            ("neigh show nud nonsense", "nud"),
            ("rule nonsense", "known are"),
        ] {
            fails(&format!("-n a {line}"), 255, says);
        }
        fails("-n a addr add 10.0.0.1/24 dev l0", 1, "did you mean \"lo\"?");
        fails("-n a addr show dev l0", 1, "did you mean \"lo\"?");
        fails("-n a route add 10.0.0.0/8 via 10.9.9.9", 2, "bring the link up");
        fails("-n nobody addr", 255, "no namespace named");
        assert_eq!(ok("-n a route show table all"), "");
    });
}
