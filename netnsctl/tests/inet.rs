//! `addr`, `route`, `neigh`, `rule`: what they make, delete and show; that it is what `ip` makes and shows; bad input.
#![allow(missing_docs, clippy::unwrap_used)]

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
        assert_eq!(compared, 24 + 81 + 4);
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
        fails("-n a addr add 10.0.0.1/24 dev v0", 2, "already assigned");
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
fn the_route_taken_is_shown() {
    sandbox::run("the_route_taken_is_shown", || {
        set_up();
        let get = ok("-n a route get 10.2.3.4");
        assert!(get.starts_with("10.2.3.4 via 10.0.0.9 dev v0 src 10.0.0.1"), "{get}");
        fails("-n a route get 10.4.0.1", 2, "EINVAL");
        fails("-n a route get 10.0.0.300", 255, "each part is 0 to 255");
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
