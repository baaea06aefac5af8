//! What a plan means is what its lines mean, run one by one: random plans, both ways, in two worlds that are then compared.
//! More of them with `PROPTEST_CASES=N`.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

mod plan;
mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A namespace with a plan carried out in it, one way or the other; it answers as long as it is asked.
struct World {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    failed: bool,
    said: String,
}

impl World {
    fn new(file: &str, how: &str) -> World {
        // IPv6 addresses can be used at once; the kernel makes none itself, which depends on when it hears of a carrier.
        let script = format!(
            "exec 2>&1; mount -t tmpfs x /run/netns && mount -t tmpfs y /run/netnsctl.plans && chmod 700 /run/netnsctl.plans
             for d in all default; do echo 0 > /proc/sys/net/ipv6/conf/$d/accept_dad; done; echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode
             timeout -s KILL 20 $N {how} {file}; echo \"code $?\"
             while read ask; do $N -j -p -d -b $ask; ls /run/netns /run/netnsctl.plans; echo end; done"
        );
        let own = env!("CARGO_BIN_EXE_netnsctl");
        let mut child = Command::new(own)
            .args(["run", "--mount", "--", "sh", "-c", &script])
            .env("N", own)
            .env_remove("XDG_RUNTIME_DIR")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut from = BufReader::new(child.stdout.take().unwrap());
        let said = until(&mut from, "code ");
        World { to: child.stdin.take().unwrap(), child, from, failed: !said.ends_with("code 0\n"), said }
    }

    fn ask(&mut self, file: &str) -> String {
        writeln!(self.to, "{file}").unwrap();
        let answer = until(&mut self.from, "end");
        let (objects, names) = answer.split_once("/run/netns:").unwrap();
        // The journal of a plan that was carried out.
        let names: Vec<&str> = names.lines().filter(|name| self.failed || *name != "p").collect();
        let objects = plan::objects(objects, kept);
        // When the kernel hears of a carrier, or of none, and whether it tells, is chance.
        format!("{}\n\n{}", names.join(" "), objects.replace("\"NO-CARRIER\",", "").replace("\"linkdown\" ", ""))
    }

    fn end(mut self) {
        drop(self.to);
        assert!(self.child.wait().unwrap().success(), "{}", self.said);
    }
}

/// Lines, to the first that begins so.
fn until(from: &mut BufReader<ChildStdout>, begin: &str) -> String {
    let (mut all, mut at) = (String::new(), 0);
    while from.read_line(&mut all).unwrap() > 0 && !all[at..].starts_with(begin) {
        at = all.len();
    }
    all
}

/// What has to be the same: neither indices, nor what the kernel draws by lot, nor numbers of queues.
fn kept(key: &str, value: &str) -> bool {
    const FREE: [&str; 14] = [
        "ifindex",
        "link_index",
        "link_netnsid",
        "operstate",
        "num_tx_queues",
        "num_rx_queues",
        "bridge_id",
        "root_id",
        "designated_bridge",
        "designated_root",
        "port_id",
        "port_no",
        "permaddr",
        "expires",
    ];
    // Addresses that a plan gives begin so; link-local ones come from those that it does not give.
    let by_lot = key == "address" && !value.contains("\"02:00:00:00:") || value.contains("\"fe80:");
    !FREE.contains(&key) && !by_lot
}

/// One line, by lot: what, and four numbers to choose by.
type Op = (u8, u8, u8, u8, u8);

#[derive(Clone)]
struct Link {
    ns: usize,
    name: String,
    kind: &'static str,
    up: bool,
    addrs: Vec<u8>,
}

/// The lines of a plan, and those that they mean.
#[derive(Default)]
struct Lines {
    plan: String,
    single: String,
    spaces: usize,
    links: Vec<Link>,
}

impl Lines {
    fn new(spaces: usize, ops: &[Op]) -> Lines {
        let mut lines = Lines { spaces, ..Lines::default() };
        if spaces > 0 {
            let singles: Vec<String> = (1..=spaces).map(|n| format!("netns add n{n}")).collect();
            lines.ranged(&format!("netns add n{{1..{spaces}}}"), &singles);
            let set = |n: &str| {
                format!(
                    "-n n{n} sysctl net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.addr_gen_mode=1"
                )
            };
            let singles: Vec<String> = (1..=spaces).map(|n| set(&n.to_string())).collect();
            lines.ranged(&set(&format!("{{1..{spaces}}}")), &singles);
        }
        ops.iter().for_each(|op| lines.op(*op));
        lines
    }

    fn ranged(&mut self, line: &str, singles: &[String]) {
        self.plan.push_str(&format!("{line}\n"));
        singles.iter().for_each(|line| self.single.push_str(&format!("{line}\n")));
    }

    fn line(&mut self, ns: usize, line: &str) {
        let line = if ns == 0 { line.to_owned() } else { format!("-n n{ns} {line}") };
        self.ranged(&line, std::slice::from_ref(&line));
    }

    fn add(&mut self, ns: usize, name: &str, kind: &'static str, up: bool) {
        self.links.push(Link { ns, name: name.to_owned(), kind, up, addrs: Vec::new() });
    }

    /// A link that was made before, of a kind; rarely one that was not.
    fn link(&self, by: u8, kinds: &[&str]) -> Option<usize> {
        let some: Vec<usize> =
            (0..self.links.len()).filter(|l| kinds.is_empty() || kinds.contains(&self.links[*l].kind)).collect();
        some.get(usize::from(by) % some.len().max(1)).copied()
    }

    /// Both ends of a pair are up.
    fn has_carrier(&self, link: usize) -> bool {
        let link = &self.links[link];
        let other = |l: &&Link| l.name[..1] != link.name[..1] && l.name[1..] == link.name[1..];
        link.up && self.links.iter().find(other).is_some_and(|other| other.up)
    }

    fn op(&mut self, (what, a, b, c, d): Op) {
        let ns = |by: u8| usize::from(by) % (self.spaces + 1);
        let number = self.links.len();
        let netns = |ns: usize, here: usize| match ns {
            _ if ns == here => String::new(),
            0 => String::new(),
            ns => format!(" netns n{ns}"),
        };
        // Where `netns` cannot say it: there is no name for where the program is.
        let place = |ns: usize, here: usize| if ns == 0 { here } else { ns };
        let extra = ["", " mtu 1400", " address 02:00:00:00:00:0XX", " group 7", " txqueuelen 77"][usize::from(d) % 5]
            .replace("0XX", &format!("{:02x}", number + 1));
        let up = if d & 64 == 0 { " up" } else { "" };
        match what % 24 {
            0..=4 => {
                let (here, one, two) = (ns(a), ns(b), ns(c));
                let (v, p) = (format!("v{number}"), format!("p{number}"));
                let (one, two) = (place(one, here), place(two, here));
                let peer_up = if d & 32 == 0 { " up" } else { "" };
                self.line(
                    here,
                    &format!(
                        "link add {v}{extra}{up}{} type veth peer name {p}{peer_up}{}",
                        netns(one, here),
                        netns(two, here)
                    ),
                );
                self.add(one, &v, "veth", !up.is_empty());
                self.add(two, &p, "veth", !peer_up.is_empty());
            }
            5 => {
                let here = ns(a);
                let there = place(ns(b), here);
                self.line(here, &format!("link add br{number}{extra}{up}{} type bridge", netns(there, here)));
                self.add(there, &format!("br{number}"), "bridge", !up.is_empty());
            }
            6 => {
                let Some(below) = self.link(a, &["veth", "bridge"]) else { return };
                let here = self.links[below].ns;
                let there = place(ns(b), here);
                let (below, mode) = (self.links[below].name.clone(), ["bridge", "private", "vepa"][usize::from(c) % 3]);
                self.line(
                    here,
                    &format!("link add mv{number}{extra} link {below}{} type macvlan mode {mode}", netns(there, here)),
                );
                self.add(there, &format!("mv{number}"), "macvlan", false);
            }
            7 => {
                let here = ns(a);
                let below = self.link(b, &["veth"]).filter(|l| self.links[*l].ns == here && c & 1 == 0);
                let dev = below.map_or_else(String::new, |l| format!(" dev {}", self.links[l].name));
                let id = number + 1;
                self.line(here, &format!("link add vx{number}{up} type vxlan id {id} dstport 4789{dev} nolearning"));
                self.add(here, &format!("vx{number}"), "vxlan", !up.is_empty());
            }
            8..=12 => {
                let Some(link) = self.link(a, &[]) else { return };
                let (here, name) = (self.links[link].ns, self.links[link].name.clone());
                let change = match b % 9 {
                    0..=2 => {
                        self.links[link].up = true;
                        "up".into()
                    }
                    3 => format!("mtu {}", 1280 + u32::from(c)),
                    4 => format!("address 02:00:00:00:01:{c:02x}"),
                    5 => format!("group {c}"),
                    6 => format!("alias a{c}"),
                    _ => {
                        let bridges = |l: &&Link| l.kind == "bridge" && l.ns == here;
                        let Some(bridge) = self.links.iter().find(bridges) else { return };
                        if self.links[link].kind == "bridge" && d % 16 != 0 {
                            return;
                        }
                        format!("master {}", bridge.name)
                    }
                };
                self.line(here, &format!("link set {name} {change}"));
            }
            13 => {
                // A move, of what is down: else the other end loses its carrier, sooner or later.
                let Some(link) = self.link(a, &["veth", "macvlan"]).filter(|l| !self.links[*l].up) else { return };
                let moved = self.links.remove(link);
                let to = place(ns(b), moved.ns);
                if to == moved.ns {
                    return self.links.insert(link, moved);
                }
                self.line(moved.ns, &format!("link set {} netns n{to}", moved.name));
                self.add(to, &moved.name, moved.kind, false);
            }
            14..=16 => {
                let Some(link) = self.link(a, &[]) else { return };
                let Link { ns: here, name, .. } = self.links[link].clone();
                let subnet = link + 1;
                match b % 3 {
                    0 if c % 4 == 0 => {
                        // A range: three lines.
                        let line = |sum: &str| format!("addr add {sum}/24 dev {name}");
                        let at = if here == 0 { String::new() } else { format!("-n n{here} ") };
                        let singles: Vec<String> =
                            (0..3).map(|i| at.clone() + &line(&format!("10.2.{subnet}.{}", 10 + i * 3 + 1))).collect();
                        self.ranged(&(at.clone() + &line(&format!("10.2.{subnet}.10+{{i=1..7..3}}"))), &singles);
                        self.links[link].addrs.push(2);
                    }
                    0 | 1 => {
                        let host = c % 8 + 1;
                        self.line(here, &format!("addr add 10.1.{subnet}.{host}/24 dev {name}"));
                        self.links[link].addrs.push(1);
                    }
                    _ => self.line(here, &format!("addr add 2001:db8:{subnet}::{}/64 dev {name}", c % 8 + 1)),
                }
            }
            17 | 18 => {
                let Some(link) = self.link(a, &[]) else { return };
                let Link { ns: here, name, up, addrs, .. } = self.links[link].clone();
                if !up && d % 16 != 0 {
                    return;
                }
                let subnet = link + 1;
                match (b % 4, addrs.first()) {
                    (0, Some(net)) => self.line(here, &format!("route add 172.16.{c}.0/24 via 10.{net}.{subnet}.200")),
                    (1, Some(net)) => {
                        self.line(here, &format!("route add default via 10.{net}.{subnet}.200 metric {c} table 100"))
                    }
                    (2, _) => self.line(here, &format!("route add 2001:db8:ff{c:02x}::/48 dev {name} metric 5")),
                    _ => self.line(here, &format!("route add 172.17.{c}.0/24 dev {name}")),
                }
            }
            19 => self.line(ns(a), &format!("rule add from 10.{b}.0.0/16 table 100 pref {}", 1000 + u32::from(c))),
            20 => {
                let Some(link) = self.link(a, &["veth", "bridge", "macvlan"]) else { return };
                let (here, name) = (self.links[link].ns, self.links[link].name.clone());
                self.line(
                    here,
                    &format!(
                        "neigh {} 10.1.1.{b} lladdr 02:00:00:00:02:{c:02x} dev {name}",
                        ["add", "replace"][usize::from(d % 2)]
                    ),
                );
            }
            // A next hop needs a carrier there and then; in a plan it waits for one.
            21 => match self.link(a, &["veth"]).filter(|l| b % 2 == 0 && self.has_carrier(*l)) {
                Some(link) => {
                    let Link { ns: here, name, .. } = self.links[link].clone();
                    self.line(here, &format!("nexthop add id {} dev {name}", u32::from(c) + 1));
                }
                None => self.line(ns(a), &format!("nexthop add id {} blackhole", u32::from(c) + 1)),
            },
            22 => {
                let set = [
                    "net.ipv4.ip_forward=1",
                    "net.ipv4.ip_default_ttl=77",
                    "net.ipv4.conf.lo.rp_filter=2",
                    "net.ipv6.conf.all.forwarding=1",
                ];
                self.line(ns(a), &format!("sysctl {}", set[usize::from(b) % 4]));
            }
            // Now and then something that cannot be.
            _ => match b % 8 {
                0 => self.line(ns(a), "route add 192.0.2.0/24 via 203.0.113.1"),
                1 => self.line(ns(a), "link set nope up"),
                2 => self.line(ns(a), "link set lo mtu 1000000000"),
                _ => self.line(ns(a), ["link set lo up", "addr add 127.0.0.9/8 dev lo"][usize::from(c) % 2]),
            },
        }
    }
}

const PLAN: &str = "/run/p.plan";
const SINGLE: &str = "/run/single";
const ASK: &str = "/run/ask";
const ASK_HERE: &str = "/run/ask-here";

#[test]
fn a_plan_is_what_its_lines_are_one_by_one() {
    sandbox::run("a_plan_is_what_its_lines_are_one_by_one", || {
        std::fs::create_dir_all("/run/netns").unwrap();
        std::fs::create_dir_all("/run/netnsctl.plans").unwrap();
        std::fs::write(ASK_HERE, plan::questions("")).unwrap();
        std::fs::write(PLAN, "").unwrap();
        let mut empty = World::new(PLAN, "-b");
        let nothing = empty.ask(ASK_HERE);
        empty.end();
        // The same cases each time, unless more are asked for.
        let more = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
        let rng = match more {
            None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
            Some(_) => TestRng::from_seed(RngAlgorithm::ChaCha, &seed()),
        };
        let cases = more.unwrap_or(60);
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_iters: 400,
            max_shrink_time: 30_000,
            ..Config::default()
        };
        let ops = proptest::collection::vec(any::<Op>(), 1..25);
        let result = TestRunner::new_with_rng(config, rng).run(&(0..4_usize, ops), |(spaces, ops)| {
            let lines = Lines::new(spaces, &ops);
            std::fs::write(PLAN, &lines.plan).unwrap();
            std::fs::write(SINGLE, &lines.single).unwrap();
            let all: String = std::iter::once(String::new())
                .chain((1..=spaces).map(|n| format!("n{n}")))
                .map(|ns| plan::questions(&ns))
                .collect();
            std::fs::write(ASK, all).unwrap();
            let (mut whole, mut single) = (World::new(PLAN, "apply"), World::new(SINGLE, "-b"));
            prop_assert_eq!(
                whole.failed,
                single.failed,
                "{}\nas a plan: {}\none by one: {}",
                lines.single,
                whole.said,
                single.said
            );
            if whole.failed {
                let left = whole.ask(ASK_HERE);
                prop_assert!(left == nothing, "{}\n{}\nleft: {}", lines.plan, whole.said, differs(&nothing, &left));
            } else {
                // The kernel takes its time with carriers, and what comes of them.
                let end = Instant::now() + Duration::from_secs(4);
                loop {
                    let (a, b) = (whole.ask(ASK), single.ask(ASK));
                    if a == b {
                        break;
                    }
                    prop_assert!(Instant::now() < end, "{}\n{}", lines.single, differs(&b, &a));
                }
            }
            whole.end();
            single.end();
            Ok(())
        });
        result.unwrap_or_else(|e| panic!("{e}"));
    });
}

/// Bytes that are others each time.
fn seed() -> [u8; 32] {
    let mut bytes = [0; 32];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom").unwrap(), &mut bytes).unwrap();
    bytes
}

/// Lines that only one has, in their blocks.
fn differs(a: &str, b: &str) -> String {
    let blocks = |text: &str| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (blocks(a), blocks(b));
    let only =
        |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>().join("\n\n");
    format!("only one by one:\n{}\n\nonly as a plan:\n{}", only(&a, &b), only(&b, &a))
}
