//! `monitor` beside `ip monitor`: both programs at once in the same namespace, and of the same recordings.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::{Ns, process};
use nl_core::route::{
    IfAddrMsg, IfInfoMsg, NdMsg, NetConfMsg, PrefixCacheInfo, PrefixMsg, RtGenMsg, RtMsg, ifa, ifla, nda, netconfa,
    netnsa, prefixa, rta,
};
use nl_core::{Batch, Flags, Msg};
use program::{netnsctl, ok, outcome};
use sandbox::eventually;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

/// `ip`, if it is the version whose output ours is.
fn ip() -> Option<fn() -> Command> {
    fn ip() -> Command {
        let mut ip = Command::new("ip");
        ip.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        ip
    }
    let version = ip().arg("-V").output().ok()?;
    String::from_utf8_lossy(&version.stdout).contains("iproute2-6.1.").then_some(ip)
}

fn like_ip() -> Command {
    let mut command = netnsctl(["ip"]);
    command.env("LC_ALL", "C");
    command
}

/// How many sockets of this namespace listen to groups of the route family.
fn listening() -> usize {
    let table = fs::read_to_string("/proc/thread-self/net/netlink").unwrap();
    // sk Eth Pid Groups …
    let rows = table.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[1] == "0" && row[3] != "00000000").count()
}

/// Does what the lines say, by ourselves.
fn change(lines: &str) {
    let (code, _, err) = outcome(&mut netnsctl(["-b", "-"]), lines);
    assert_eq!((code, &*err), (0, ""));
}

/// No addresses and routes that the kernel makes in its own time.
fn no_autoconf() {
    for (setting, value) in [("addr_gen_mode", "1"), ("accept_dad", "0"), ("accept_ra", "0")] {
        fs::write(format!("/proc/sys/net/ipv6/conf/default/{setting}"), value).unwrap();
    }
}

/// A monitor whose output goes to a file.
struct Watch {
    child: Child,
    path: PathBuf,
}

impl Watch {
    fn start(mut command: Command, options: &str, words: &str, name: &str) -> Watch {
        let path = PathBuf::from(format!("/run/{name}"));
        command.args(options.split_whitespace()).arg("monitor").args(words.split_whitespace());
        let child = command.stdin(Stdio::null()).stdout(File::create(&path).unwrap()).spawn().unwrap();
        Watch { child, path }
    }
    fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.path).unwrap()).into_owned()
    }
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.text()
    }
}

/// Options, words, and of which kind the events are that are waited for.
const SETS: &[(&str, &str, &str)] = &[
    ("", "", "link"),
    ("", "all", "link"),
    ("", "label", "link"),
    ("-d", "all", "link"),
    ("-s", "all", "link"),
    ("-s -s", "all", "link"),
    ("-o", "all", "link"),
    ("-o -d", "all", "link"),
    ("-br", "link address neigh label", "link"),
    ("-br", "link", "link"),
    ("-j", "all", "link"),
    ("-N", "all", "link"),
    ("-c=always", "all", "link"),
    ("-c=always -j", "all", "link"),
    ("-t", "all", "link"),
    ("-ts", "all", "link"),
    ("-ts", "", "link"),
    ("-rc 1000000", "link", "link"),
    ("-4", "all", "link"),
    ("-6", "all", "link"),
    ("-0", "all", "link"),
    ("-4", "link address route", "link"),
    ("", "link", "link"),
    ("-d", "link", "link"),
    ("", "link address label all-nsid", "link"),
    ("", "address", "address"),
    ("-6", "address link", "link"),
    ("", "route", "route"),
    ("-4", "route label", "route"),
    ("", "neigh", "link"),
    ("-s", "neigh", "link"),
    ("", "netconf", "link"),
    ("-6", "netconf", "link"),
    ("", "rule", "rule"),
    ("", "nexthop", "nexthop"),
    ("-d", "nexthop label", "nexthop"),
    ("", "nsid", "nsid"),
    ("", "dev lo link all", "lo"),
    ("", "rule nsid prefix", "rule"),
];

/// What one event of each kind is about.
struct Mark {
    name: &'static str,
    net: u8,
    number: u16,
}
const BEGIN: Mark = Mark { name: "begin0", net: 255, number: 25501 };
const MIDDLE: Mark = Mark { name: "middle0", net: 254, number: 25502 };
const END: Mark = Mark { name: "end0", net: 253, number: 25503 };

impl Mark {
    fn make(&self) {
        let Mark { name, net, number } = self;
        change(&format!(
            "link add {name} type bridge\n\
             link set {name} up\n\
             addr add 10.{net}.0.1/24 dev {name}\n\
             route add 10.{net}.1.0/24 via 10.{net}.0.9\n\
             neigh add 10.{net}.0.8 lladdr 02:00:00:00:00:08 dev {name}\n\
             rule add from 10.{net}.0.0/16 table 100 priority {number}\n\
             nexthop add id {number} via 10.{net}.0.7 dev {name}\n\
             netns add {name}\n\
             netns set {name} {number}\n\
             link set lo mtu {number}\n"
        ));
    }
    /// How the event of this kind shows.
    fn shows(&self, kind: &str) -> String {
        let Mark { name, net, number } = self;
        match kind {
            "address" => format!("10.{net}.0.1"),
            "route" => format!("10.{net}.1.0/24"),
            "rule" => format!("{number}:"),
            "nexthop" => format!("id {number}"),
            "nsid" => format!("nsid {number}"),
            "lo" => format!("mtu {number}"),
            _ => (*name).to_owned(),
        }
    }
}

const CHANGES: &str = "\
link add v0 type veth peer name v1
addr add 10.0.0.1/24 dev v0
link set v0 up
link set v1 up
addr add 2001:db8::1/64 dev v0
addr add 10.0.0.9/32 peer 10.0.0.10 dev v1 label v1:x
link set v1 master begin0
link property add dev v0 altname a-longer-name
link set v0 mtu 1400 alias hello
link set v0 group 5
route add 10.2.0.0/16 via 10.0.0.77 metric 50 proto static src 10.0.0.1
route add blackhole 10.4.0.0/16
route add 10.5.0.0/16 nexthop via 10.0.0.3 dev v0 weight 2 nexthop via 10.0.0.4 dev v0
-6 route add 2001:db8:5::/48 via 2001:db8::9 metric 7
route replace 10.2.0.0/16 via 10.0.0.78 metric 50
route del 10.4.0.0/16
neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0
neigh change 10.0.0.7 lladdr 02:00:00:00:00:08 dev v0
neigh add proxy 10.0.0.8 dev v0
neigh add 2001:db8::8 lladdr 02:00:00:00:00:08 dev v0 nud stale
neigh del 10.0.0.7 dev v0
rule add from 10.0.0.0/8 table 100 priority 5
rule add fwmark 0x3/0xff iif v0 unreachable priority 6
rule del priority 5
-6 rule add to 2001:db8::/32 table main priority 7
nexthop add id 7 via 10.0.0.5 dev v0
nexthop add id 8 group 7
route add 10.7.0.0/16 nhid 7
nexthop del id 8
netns add other
netns set other 5
-n other link add far0 index 77 type bridge
-n other link set far0 up
-n other addr add 10.9.0.1/24 dev far0
addr change 10.0.0.1/24 dev v0 valid_lft 1000 preferred_lft 500
addr del 10.0.0.9/32 peer 10.0.0.10 dev v1
link set v1 down
link set v1 nomaster
link add mv0 link v1 type macvlan mode bridge
link set v1 up
link set mv0 up
link property del dev v0 altname a-longer-name
";

/// What is asked for by index must still be there when it is: these wait until all is shown.
const DELETED: &str = "\
-n other link del far0
link set v0 down
link del v0
";

/// Runs all monitors while the same happens for all. Gives back for each of [`SETS`] what differed, if anything did.
fn watched(ip: fn() -> Command) -> Vec<Option<String>> {
    no_autoconf();
    let start = |(i, (options, words, _)): (usize, &(&str, &str, &str))| {
        let ours = Watch::start(like_ip(), options, words, &format!("ours{i}"));
        (ours, Watch::start(ip(), options, words, &format!("theirs{i}")))
    };
    let pairs: Vec<_> = SETS.iter().enumerate().map(start).collect();
    let shown = |mark: &Mark| {
        mark.make();
        for ((ours, theirs), (options, words, kind)) in pairs.iter().zip(SETS) {
            let text = mark.shows(kind);
            eventually(&format!("{options} monitor {words} shows {text}"), || {
                [ours, theirs].iter().all(|watch| watch.text().contains(&text))
            });
        }
    };
    eventually("all listen", || listening() == 2 * SETS.len());
    shown(&BEGIN);
    change(CHANGES);
    fs::write("/proc/sys/net/ipv4/conf/v0/forwarding", "1").unwrap();
    shown(&MIDDLE);
    change(DELETED);
    shown(&END);
    let compare = |((ours, theirs), (options, words, kind)): ((Watch, Watch), &(&str, &str, &str))| {
        let [ours, theirs] = [ours, theirs].map(|watch| comparable(&watch.end(), &END.shows(kind)));
        assert!(!theirs.is_empty(), "{options} monitor {words}");
        let at = ours.lines().zip(theirs.lines()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| text.lines().skip(at.saturating_sub(1)).take(4).collect::<Vec<_>>().join("\n");
        let told = || format!("{options} monitor {words}: ours\n{}\ntheirs\n{}\n", around(&ours), around(&theirs));
        (ours != theirs).then(told)
    };
    pairs.into_iter().zip(SETS).map(compare).collect()
}

#[test]
fn events_are_those_of_ip() {
    /// What the kernel does in its own time comes to some sockets before, to others behind what is done meanwhile.
    const TRIES: usize = 4;
    sandbox::run("events_are_those_of_ip", || {
        let Some(ip) = ip() else { return sandbox::skip("iproute2 6.1") };
        let mut differ: Vec<Option<String>> = vec![Some(String::new()); SETS.len()];
        for _ in 0..TRIES {
            let world = || {
                process::enter_for_exec(&Ns::create().unwrap(), None).unwrap();
                sandbox::set_up();
                watched(ip)
            };
            // One in which an event never came to either of the two says nothing.
            let Ok(again) = thread::scope(|scope| scope.spawn(world).join()) else { continue };
            differ = differ.into_iter().zip(again).map(|(before, now)| before.and(now)).collect();
            if differ.iter().all(Option::is_none) {
                return;
            }
        }
        panic!("{}", differ.into_iter().flatten().collect::<String>());
    });
}

/// What is before `last`, without the times.
fn comparable(text: &str, last: &str) -> String {
    let text = text.split(last).next().unwrap();
    let mut comparable = String::new();
    for line in text.split_inclusive('\n') {
        let line = match line.split_once(": ") {
            Some(("Timestamp", time)) => {
                time.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || " :".contains(c))
            }
            _ => line,
        };
        let parts = line.split("[20").enumerate().map(|(i, p)| if i == 0 { p } else { p.split_once("] ").unwrap().1 });
        comparable.extend(parts);
    }
    comparable
}

/// A message as rtmon(8) writes it.
fn message(kind: u16, fill: impl Fn(&mut Msg<'_>)) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut batch = Batch::new(&mut buf);
    batch.message(kind, Flags::empty(), 0, fill).unwrap();
    let mut bytes = batch.bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// What is rare, odd or of other systems.
fn rare() -> Vec<Vec<u8>> {
    let prefix = |index: i32, flags, lifetimes: bool| {
        message(52, move |m| {
            let header = PrefixMsg { family: 10, index: index.into(), kind: 3, len: 64, flags, ..PrefixMsg::default() };
            m.fixed(&header);
            m.bytes(prefixa::ADDRESS, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            if lifetimes {
                m.value(prefixa::CACHEINFO, &PrefixCacheInfo { preferred: 100.into(), valid: 200.into() });
            }
        })
    };
    let nsid = |kind, id| {
        message(kind, move |m| {
            m.fixed(&RtGenMsg::default());
            m.i32(netnsa::NSID, id);
        })
    };
    let conf = |kind, index| {
        message(kind, move |m| {
            m.fixed(&NetConfMsg { family: 2 });
            m.i32(netconfa::IFINDEX, index);
            m.i32(netconfa::FORWARDING, 1);
        })
    };
    let addr = |kind, index: u32| {
        message(kind, move |m| {
            m.fixed(&IfAddrMsg { family: 2, prefix_len: 24, flags: 0x80, index: index.into(), ..IfAddrMsg::default() });
            m.bytes(ifa::ADDRESS, &[10, 0, 0, 1]);
            m.bytes(ifa::LOCAL, &[10, 0, 0, 1]);
        })
    };
    let link = |kind| {
        message(kind, |m| {
            m.fixed(&IfInfoMsg { kind: 1.into(), index: 55.into(), ..IfInfoMsg::default() });
            m.str(ifla::IFNAME, b"fifty5");
        })
    };
    let neigh = |kind, family| {
        message(kind, move |m| {
            m.fixed(&NdMsg { family, index: 1.into(), ..NdMsg::default() });
            m.bytes(nda::DST, &[10, 0, 0, 7]);
        })
    };
    let route = |kind, flags: u32| {
        message(kind, move |m| {
            m.fixed(&RtMsg { family: 2, dst_len: 32, table: 254, kind: 1, flags: flags.into(), ..RtMsg::default() });
            m.bytes(rta::DST, &[10, 0, 0, 7]);
            m.u32(rta::OIF, 55);
        })
    };
    let time = message(15, |m| m.raw(&[1_700_000_000_u32.to_ne_bytes(), 42_u32.to_ne_bytes()].concat()));
    vec![
        prefix(1, 3, true),
        prefix(1, 1, false),
        prefix(77, 0, true),
        time,
        nsid(88, 5),
        nsid(88, -1),
        nsid(89, 5),
        conf(80, -1),
        conf(81, -2),
        conf(80, 77),
        addr(20, 55),
        link(16),
        addr(20, 55),
        route(24, 0),
        route(24, 0x200),
        route(25, 0),
        link(17),
        addr(21, 55),
        neigh(30, 2),
        neigh(29, 2),
        message(200, |m| m.raw(b"odd")),
        message(18, |m| m.fixed(&IfInfoMsg::default())),
        message(1, |_| {}),
        message(3, |m| m.raw(&[0; 4])),
    ]
}

#[test]
fn recordings_are_played_as_by_ip() {
    sandbox::run("recordings_are_played_as_by_ip", || {
        let Some(ip) = ip() else { return sandbox::skip("iproute2 6.1") };
        no_autoconf();
        let mut rtmon =
            Command::new("rtmon").env("PATH", "/usr/sbin:/usr/bin").args(["file", "/run/recorded"]).spawn().unwrap();
        eventually("it records", || listening() == 1);
        BEGIN.make();
        change(CHANGES);
        change(DELETED);
        END.make();
        eventually("all is recorded", || String::from_utf8_lossy(&fs::read("/run/recorded").unwrap()).contains("end0"));
        rtmon.kill().unwrap();
        rtmon.wait().unwrap();
        let rare = rare();
        fs::write("/run/rare", rare.concat()).unwrap();
        fs::write("/run/empty", "").unwrap();
        fs::write("/run/cut", &rare[0][..10]).unwrap();
        fs::write("/run/cut-later", [&*rare[0], &rare[1][..30]].concat()).unwrap();
        fs::write("/run/short", [&*rare[0], &8_u32.to_ne_bytes(), &[0; 12]].concat()).unwrap();
        fs::write("/run/long", [&20_000_u32.to_ne_bytes()[..], &[0; 20_000]].concat()).unwrap();
        fs::write("/run/negative", [&(-5_i32).to_ne_bytes()[..], &[0; 20]].concat()).unwrap();
        let mut cases: Vec<String> = Vec::new();
        for file in ["recorded", "rare"] {
            for options in ["", "-d", "-s", "-o", "-br", "-j", "-N", "-4", "-6", "-c=always", "-d -o"] {
                for words in ["", "label", "all-nsid label", "dev lo", "dev lo label", "link label"] {
                    cases.push(format!("{options} monitor {words} file /run/{file}"));
                }
            }
        }
        for file in ["empty", "cut", "cut-later", "short", "long", "negative", "nothing", "."] {
            cases.push(format!("monitor file /run/{file}"));
        }
        for case in cases {
            let run = |mut command: Command| {
                let output = command.args(case.split_whitespace()).output().unwrap();
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                let err: String = text(output.stderr).split_inclusive('\n').filter(|l| !l.starts_with("  ")).collect();
                (output.status.code(), text(output.stdout), err)
            };
            let (ours, theirs) = (run(like_ip()), run(ip()));
            let lines = ours.1.lines().zip(theirs.1.lines());
            let first = lines.enumerate().find(|(_, (a, b))| a != b);
            assert!(ours == theirs, "{case}: {first:?}\n{:?} {}\n{:?} {}", ours.0, ours.2, theirs.0, theirs.2);
        }
    });
}

#[test]
fn events_are_objects_and_labels_are_not_left_alone() {
    sandbox::run("events_are_objects_and_labels_are_not_left_alone", || {
        ok("netns add a");
        ok("netns set a 7");
        let json = Watch::start(netnsctl([""; 0]), "-j -ts", "link rule nsid all-nsid", "json");
        let only = Watch::start(netnsctl([""; 0]), "", "link label dev lo", "only");
        eventually("both listen", || listening() == 2);
        change("-n a link set lo up\nlink add x0 type bridge\nrule add priority 5 table 9\nlink set lo mtu 1600\n");
        eventually("all is shown", || json.text().contains("\"mtu\":1600") && only.text().contains("mtu 1600"));
        let (json, only) = (json.end(), only.end());
        let find = |what: &str| json.lines().find(|l| l.contains(what)).unwrap_or_else(|| panic!("{what}: {json}"));
        assert!(find("\"nsid\":7").starts_with("{\"event\":\"link\",\"time\":\"20"), "{json}");
        assert!(find("\"x0\"").contains("\"objects\":[{\"ifindex\":"), "{json}");
        assert!(find("\"rule\"").contains("\"objects\":[{\"priority\":5,"), "{json}");
        assert!(json.lines().all(|l| l.starts_with('{') && l.ends_with('}')), "{json}");
        assert!(only.starts_with("[LINK]1: lo: ") && only.matches("[LINK]").count() == 1, "{only}");
    });
}

#[test]
fn lost_events_are_told_and_names_are_learned_anew() {
    sandbox::run("lost_events_are_told_and_names_are_learned_anew", || {
        no_autoconf();
        let signal = |name: &str, watch: &Watch| {
            assert!(Command::new("kill").args([name, &watch.child.id().to_string()]).status().unwrap().success());
        };
        let watch = Watch::start(netnsctl([""; 0]), "-rc 1", "link address", "lost");
        eventually("it listens", || listening() == 1);
        change("link add before type bridge\n");
        eventually("it shows", || watch.text().contains(": before: "));
        signal("-STOP", &watch);
        let many: String = (0..50).map(|i| format!("link add x{i} type bridge\n")).collect();
        change(&format!("{many}link set before name renamed\n"));
        signal("-CONT", &watch);
        eventually("it tells", || watch.text().contains("overrun\n"));
        change("addr add 10.0.0.1/24 dev renamed\n");
        eventually("it knows the name", || watch.text().contains(": renamed    inet 10.0.0.1/24"));
        watch.end();
    });
}

#[test]
fn a_closed_pipe_ends_it() {
    sandbox::run("a_closed_pipe_ends_it", || {
        let mut child = netnsctl(["monitor", "link"]).stdout(Stdio::piped()).spawn().unwrap();
        eventually("it listens", || listening() == 1);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        change("link set lo mtu 1501\n");
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains("mtu 1501"), "{line}");
        drop(out);
        change("link set lo mtu 1502\n");
        assert_eq!(child.wait().unwrap().signal(), Some(13), "SIGPIPE");
    });
}

#[test]
fn a_reader_gets_each_event_at_once() {
    sandbox::run("a_reader_gets_each_event_at_once", || {
        let mut child = netnsctl(["monitor", "link"]).stdout(Stdio::piped()).spawn().unwrap();
        eventually("it listens", || listening() == 1);
        let mut out = child.stdout.take().unwrap();
        for mtu in 1501..1505 {
            change(&format!("link set lo mtu {mtu}\n"));
            let (mut text, mut buf) = (String::new(), [0; 4096]);
            while !text.contains(&format!("mtu {mtu}")) {
                let len = out.read(&mut buf).unwrap();
                text.push_str(&String::from_utf8_lossy(&buf[..len]));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
}
