//! The whole program beside `ip` (and `lsns`, `nsenter`, `unshare`, `nft`):
//! `cargo run --release -p netns-benches --bin versus [ROUNDS [WORD]]`.
//!
//! Makes worlds of its own (namespaces, an empty /run on tmpfs), as root or as an ordinary user; runs both programs in turns,
//! ROUNDS times (21) behind a warm-up; prints medians with the least and the most, the ratio, and peak memory. Only ratios of
//! one run mean anything; beside them stand what the kernel alone took of ip's time, and system calls (strace -f -c). With
//! WORD, only the comparisons that have it in their name. The figures of a whole run are kept for the report.
//!
//! The program measured is the static one (built for musl, or by `cargo static`) if it is there, else the plain release
//! build; NETNSCTL names another.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a tool of development"
)]

use netns_benches::measure::{Figure, Row, add, keep};
use netns_benches::program::{clean, program};
use netns_sys::mount::{self, Propagation};
use netns_sys::netlink::Conn;
use netns_sys::{Dir, NsFlags, Spawn};
use nl_core::netfilter::{
    self, Data, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWTABLE, NfGenMsg,
    expr, nest, nfproto, nfta_chain, nfta_hook, nfta_rule, nfta_table,
};
use nl_core::route::{
    self, IfInfoMsg, RTM_GETLINK, RTM_GETROUTE, RTM_NEWROUTE, RtMsg, ifla, rt_scope, rta, rtext_filter, rtn,
};
use nl_core::{Flags, Msg};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A comparison: how the world is made (by `ip -batch`), what is run in it, and what is to be reached.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Lines of `ip -batch`.
    world: fn() -> String,
    /// Names of namespaces to make first.
    names: usize,
    ours: &'static str,
    /// Words for `ip`; with a slash in front, for the program of that path.
    theirs: &'static str,
    /// Run by `ip` behind each measurement, to have the world as it was.
    after: &'static str,
    /// Ours is to take at most so much of theirs.
    goal: f64,
    /// Of how many, where the question is how the cost grows with that.
    n: u64,
    /// What the kernel takes for it in any program, where that is much of it.
    floor: Option<Floor>,
}

/// What the kernel is asked for, by this program itself: nothing is parsed or shown, no program is started.
#[derive(Clone, Copy)]
enum Floor {
    /// All objects.
    Dump(u16),
    /// To add the routes of the batch.
    Add,
    /// To run `true` in a new network namespace.
    New,
    /// All firewall rules.
    Rules,
    /// To add the firewall rules of the file.
    AddRules,
}

const ROUTES: usize = 100_000;
const LINKS: usize = 1_000;
const ADDED: usize = 10_000;
const NAMES: usize = 10_000;

fn routes(count: usize) -> String {
    let mut lines = String::from("link set lo up\n");
    for i in 0..count {
        let _ = writeln!(lines, "route add 11.{}.{}.{} dev lo proto static", i >> 16, i >> 8 & 255, i & 255);
    }
    lines
}

/// Each of the firewall rules: the third and second byte of a source, and a port.
fn rules() -> impl Iterator<Item = ([u8; 3], u16)> {
    (0..ADDED).map(|i| ([10, (i >> 8 & 255) as u8, (i & 255) as u8], (i % 60_000) as u16 + 1))
}

/// Those as lines of `fw`, and as nft's for the same.
fn rule_files() -> (String, String) {
    let mut files = (String::new(), String::new());
    files.1 += "table inet netnsctl {\nchain input {\ntype filter hook input priority filter; policy accept;\n";
    for ([a, b, c], port) in rules() {
        let line = format!("allow in from {a}.{b}.{c}.0/24 tcp port {port}");
        let _ = writeln!(files.1, "ip saddr {a}.{b}.{c}.0/24 tcp dport {port} counter accept comment \"{line}\"");
        let _ = writeln!(files.0, "{line}");
    }
    files.1 += "}\n}\n";
    files
}

fn links<const N: usize>() -> String {
    (0..N).fold(String::new(), |mut lines, i| {
        let _ = writeln!(lines, "link add a{i} type veth peer name b{i}");
        lines
    })
}

const CASES: &[Case] = &[
    Case {
        name: "route show, 100,000 routes",
        world: || routes(ROUTES),
        names: 0,
        ours: "route show",
        theirs: "route show",
        after: "",
        goal: 0.35,
        n: 0,
        floor: Some(Floor::Dump(RTM_GETROUTE)),
    },
    Case {
        name: "-j route show, 100,000 routes",
        world: || routes(ROUTES),
        names: 0,
        ours: "-j route show",
        theirs: "-j route show",
        after: "",
        goal: 0.35,
        n: 0,
        floor: Some(Floor::Dump(RTM_GETROUTE)),
    },
    Case {
        name: "link show, 1,000 veth pairs",
        world: links::<LINKS>,
        names: 0,
        ours: "link show",
        theirs: "link show",
        after: "",
        goal: 0.5,
        n: 0,
        floor: Some(Floor::Dump(RTM_GETLINK)),
    },
    Case {
        name: "addr show, 1,000 veth pairs",
        world: links::<LINKS>,
        names: 0,
        ours: "addr show",
        theirs: "addr show",
        after: "",
        goal: 1.0,
        n: 0,
        floor: Some(Floor::Dump(RTM_GETLINK)),
    },
    Case {
        name: "netns list, 10,000 names",
        world: String::new,
        names: NAMES,
        ours: "netns list",
        theirs: "netns list",
        after: "",
        goal: 0.05,
        n: 0,
        floor: None,
    },
    Case {
        name: "batch, 10,000 route add",
        world: || "link set lo up\n".into(),
        names: 0,
        ours: "-batch /run/batch",
        theirs: "-batch /run/batch",
        after: "route flush table main",
        goal: 0.35,
        n: 0,
        floor: Some(Floor::Add),
    },
    Case {
        name: "-n NAME link show, 1 name",
        world: String::new,
        names: 1,
        ours: "-n n0 link show",
        theirs: "-n n0 link show",
        after: "",
        goal: 0.6,
        n: 0,
        floor: None,
    },
    Case {
        name: "-n NAME link show, 10,000 names",
        world: String::new,
        names: NAMES,
        ours: "-n n0 link show",
        theirs: "-n n0 link show",
        after: "",
        goal: 0.1,
        n: 0,
        floor: None,
    },
    Case {
        name: "ls beside lsns -t net",
        world: String::new,
        names: 0,
        ours: "ls",
        theirs: "/usr/bin/lsns -t net",
        after: "",
        goal: 0.5,
        n: 0,
        floor: None,
    },
    Case {
        name: "netns pids NAME",
        world: String::new,
        names: 1,
        ours: "netns pids n0",
        theirs: "netns pids n0",
        after: "",
        goal: 0.7,
        n: 0,
        floor: None,
    },
    Case {
        name: "enter NAME true beside nsenter",
        world: String::new,
        names: 1,
        ours: "enter n0 true",
        theirs: "/usr/bin/nsenter --net=/run/netns/n0 true",
        after: "",
        goal: 0.55,
        n: 0,
        floor: None,
    },
    Case {
        name: "enter NAME true beside netns exec, 1 name",
        world: String::new,
        names: 1,
        ours: "enter n0 true",
        theirs: "netns exec n0 true",
        after: "",
        goal: 0.45,
        n: 0,
        floor: None,
    },
    Case {
        name: "enter NAME true beside netns exec, 10,000 names",
        world: String::new,
        names: NAMES,
        ours: "enter n0 true",
        theirs: "netns exec n0 true",
        after: "",
        goal: 0.06,
        n: 0,
        floor: None,
    },
    Case {
        name: "run true beside unshare -n",
        world: String::new,
        names: 0,
        ours: "run true",
        theirs: "/usr/bin/unshare -n true",
        after: "",
        goal: 0.6,
        n: 0,
        floor: Some(Floor::New),
    },
    Case {
        name: "fw list beside nft, 10,000 rules",
        world: || "fw batch /run/rules\n".into(),
        names: 0,
        ours: "fw list",
        theirs: "/usr/sbin/nft list ruleset",
        after: "",
        goal: 0.5,
        n: 0,
        floor: Some(Floor::Rules),
    },
    Case {
        name: "-j fw list beside nft, 10,000 rules",
        world: || "fw batch /run/rules\n".into(),
        names: 0,
        ours: "-j fw list",
        theirs: "/usr/sbin/nft -j list ruleset",
        after: "",
        goal: 0.5,
        n: 0,
        floor: Some(Floor::Rules),
    },
    Case {
        name: "fw batch beside nft, 10,000 rules",
        world: String::new,
        names: 0,
        ours: "fw batch /run/rules",
        theirs: "/usr/sbin/nft -f /run/rules.nft",
        after: "fw flush",
        goal: 0.5,
        n: 0,
        floor: Some(Floor::AddRules),
    },
    Case {
        name: "-V",
        world: String::new,
        names: 0,
        ours: "-V",
        theirs: "-V",
        after: "",
        goal: 0.6,
        n: 0,
        floor: None,
    },
];

const BUSYBOX: &str = "/bin/busybox";
const NFT: &str = "/usr/sbin/nft";

/// Beside what has no goal, and how costs grow.
fn cases() -> Vec<Case> {
    let case = |name: String, ours, theirs| Case {
        name: name.leak(),
        world: String::new,
        names: 0,
        ours,
        theirs,
        after: "",
        goal: f64::INFINITY,
        n: 0,
        floor: None,
    };
    let beside = |name: &str, ours, theirs| case(format!("{name} beside busybox"), ours, theirs);
    let links: fn() -> String = links::<LINKS>;
    let mut all = CASES.to_vec();
    all.extend([
        Case { world: links, ..beside("link show, 1,000 veth pairs", "link show", "/bin/busybox ip link show") },
        Case {
            world: || routes(ROUTES),
            ..beside("route show, 100,000 routes", "route show", "/bin/busybox ip route show")
        },
        Case {
            names: 1,
            ..beside("enter NAME true", "enter n0 true", "/bin/busybox nsenter --net=/run/netns/n0 true")
        },
        beside("run true", "run true", "/bin/busybox unshare -n true"),
    ]);
    let pairs: [(u64, fn() -> String); 4] =
        [(10, self::links::<10>), (100, self::links::<100>), (1_000, links), (10_000, self::links::<10_000>)];
    for (n, world) in pairs {
        let names = usize::try_from(n).expect("few");
        all.push(Case { n, names, ..case(format!("growth: netns list, {n}"), "netns list", "netns list") });
        all.push(Case { n, names, ..case(format!("growth: enter, {n}"), "enter n0 true", "netns exec n0 true") });
        all.push(Case { n, world, ..case(format!("growth: link show, {n}"), "link show", "link show") });
    }
    all
}

/// Set in the process that is in a world of its own.
const INSIDE: &str = "NETNSCTL_VERSUS";

/// The word to it that says that all comparisons are made, and their figures kept.
const KEEP: &str = "keep";

fn main() {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args.next().map_or(21, |n| n.parse().expect("ROUNDS is a number"));
    let only = args.next().unwrap_or_default();
    if let Ok(case) = std::env::var(INSIDE) {
        let case = cases().into_iter().find(|c| c.name == case).expect("a case");
        return inside(&case, rounds, only == KEEP);
    }
    if !Command::new("ip").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return println!("not run: needs iproute2");
    }
    println!("{}", program().display());
    println!(
        "| what | netnsctl, ms (min–max) | ip, ms (min–max) | ratio | goal | the kernel alone | peak memory, kB | system calls |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if only.is_empty() {
        keep("versus", &[]);
    }
    for case in cases().iter().filter(|c| c.name.contains(&only)) {
        let mut kinds = NsFlags::NET | NsFlags::MOUNT;
        kinds.set(NsFlags::USER, !root);
        let this = std::env::current_exe().expect("this program");
        let spawn = Spawn::new(this)
            .args([rounds.to_string().as_str(), if only.is_empty() { KEEP } else { "" }])
            .env(INSIDE, Some(case.name.as_ref()))
            .namespaces(kinds);
        let spawn = if root { spawn } else { spawn.map_ids(0, 0) };
        let exit = spawn.spawn().and_then(|child| child.wait()).expect("a world of its own");
        assert!(exit.success(), "{}: {exit:?}", case.name);
    }
}

fn inside(case: &Case, rounds: usize, kept: bool) {
    mount::set_propagation(Path::new("/"), Propagation::Private).expect("private mounts");
    mount::mount_new(c"tmpfs", Path::new("/run")).expect("an empty /run");
    let ip = |args: &str| {
        let mut command = if args.starts_with("fw ") { Command::new(program()) } else { Command::new("ip") };
        let done = command.args(args.split(' ')).status().expect("ip");
        assert!(done.success(), "ip {args}");
    };
    if case.names > 0 {
        // All of one namespace: it is the names that cost.
        ip("netns add n0");
        let dir = Dir::default();
        let ns = dir.open("n0".as_ref()).expect("a namespace");
        (1..case.names).for_each(|i| dir.attach(format!("n{i}").as_ref(), &ns).expect("a name"));
    }
    let (ours, theirs) = rule_files();
    fs::write("/run/rules", ours).expect("a file");
    fs::write("/run/rules.nft", theirs).expect("a file");
    let world = (case.world)();
    if !world.is_empty() {
        fs::write("/run/world", world).expect("a file");
        let made = Command::new(program()).args(["-batch", "/run/world"]).status().expect("netnsctl");
        assert!(made.success());
    }
    fs::write("/run/batch", routes(ADDED).replace("link set lo up\n", "")).expect("a file");
    let theirs =
        if case.theirs.starts_with('/') { case.theirs.split_once(' ').expect("words") } else { ("ip", case.theirs) };
    if [BUSYBOX, NFT].contains(&theirs.0) && !Path::new(theirs.0).exists() {
        let name = theirs.0.rsplit('/').next().unwrap_or_default();
        if kept {
            add("versus", &[Row::new(case.name, 0, name, "missing", Figure::exactly(0.0))]);
        }
        return println!("| {} | missing: {name} |", case.name);
    }
    let programs = [(program(), case.ours), (PathBuf::from(theirs.0), theirs.1)];
    let calls = programs.clone().map(|(program, args)| {
        let count = calls(&program, args);
        if !case.after.is_empty() {
            ip(case.after);
        }
        count
    });
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let memory = programs.clone().map(|(program, args)| {
        let peak = peak(&program, args).unwrap_or(0);
        if !case.after.is_empty() {
            ip(case.after);
        }
        peak
    });
    for round in 0..=rounds {
        for (which, (program, args)) in programs.iter().enumerate() {
            let took = measure(program, args);
            if round > 0 {
                times.get_mut(which).into_iter().for_each(|t| t.push(took));
            }
            if !case.after.is_empty() {
                ip(case.after);
            }
        }
        if let Some(floor) = case.floor {
            let start = Instant::now();
            floor.run();
            times[2].push(start.elapsed().as_secs_f64() * 1e3);
            if !case.after.is_empty() {
                ip(case.after);
            }
        }
    }
    let [ours, others, floor] = times.map(Figure::of);
    let shown = |f: Figure| format!("{:.2} ({:.2}–{:.2})", f.median, f.least, f.most);
    let ratio = ours.median / others.median;
    println!(
        "| {} | {} | {} | {ratio:.3}{} | {} | {} | {} : {} | {} : {} |",
        case.name,
        shown(ours),
        shown(others),
        if ratio > case.goal { " **over**" } else { "" },
        if case.goal.is_finite() { case.goal.to_string() } else { String::new() },
        case.floor.map_or_else(String::new, |_| format!("{:.2} = {:.3}", floor.median, floor.median / others.median)),
        memory[0],
        memory[1],
        calls[0],
        calls[1],
    );
    let task = case.name.strip_prefix("growth: ").and_then(|t| t.split(',').next()).unwrap_or(case.name);
    let who = Path::new(theirs.0).file_name().and_then(|n| n.to_str()).unwrap_or(theirs.0);
    let row = |who, measure, figure| Row::new(task, case.n, who, measure, figure);
    let mut rows = Vec::new();
    for (i, (who, times)) in [("netnsctl", ours), (who, others)].into_iter().enumerate() {
        rows.push(row(who, "ms", times));
        rows.push(row(who, "kB", Figure::exactly(memory[i] as f64)));
        rows.push(row(who, "system calls", Figure::exactly(calls[i] as f64)));
    }
    if case.goal.is_finite() {
        rows.push(row(who, "goal", Figure::exactly(case.goal)));
    }
    if case.floor.is_some() {
        rows.push(row("the kernel alone", "ms", floor));
    }
    if kept {
        add("versus", &rows);
    }
    std::io::stdout().flush().expect("output");
}

impl Floor {
    fn run(self) {
        let mut conn = Conn::open(&route::FAMILY).expect("a socket");
        match self {
            Floor::Dump(RTM_GETLINK) => {
                let ask = |m: &mut Msg<'_>| {
                    m.fixed(&IfInfoMsg::default());
                    m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
                };
                conn.stream(RTM_GETLINK, ask, |_| Ok(())).expect("links");
            }
            Floor::Dump(kind) => {
                let ask = |m: &mut Msg<'_>| m.fixed(&RtMsg { family: 2, ..RtMsg::default() });
                conn.stream(kind, ask, |_| Ok(())).expect("routes");
            }
            Floor::Add => {
                let (scope, kind) = (rt_scope::LINK, rtn::UNICAST);
                let header = RtMsg { family: 2, dst_len: 32, table: 254, protocol: 4, scope, kind, ..RtMsg::default() };
                let failed = conn.batch(|requests| {
                    (0..ADDED).try_for_each(|i| {
                        let octets = [11, (i >> 16 & 255) as u8, (i >> 8 & 255) as u8, (i & 255) as u8];
                        requests.request(RTM_NEWROUTE, Flags::CREATE | Flags::EXCL, |m| {
                            m.fixed(&header);
                            m.bytes(rta::DST, &octets);
                            m.u32(rta::OIF, 1);
                        })
                    })
                });
                assert!(failed.expect("routes").is_empty());
            }
            Floor::Rules => {
                let mut conn = Conn::open(&netfilter::FAMILY).expect("a socket");
                conn.stream(NFT_MSG_GETRULE, |m| m.fixed(&NfGenMsg::default()), |_| Ok(())).expect("rules");
            }
            Floor::AddRules => add_rules(),
            Floor::New => {
                let exit = Spawn::new("true").namespaces(NsFlags::NET).spawn().and_then(|child| child.wait());
                assert!(exit.expect("a namespace").success());
            }
        }
    }
}

/// What the lines of the file come to, written by this program.
fn add_rules() {
    let mut conn = Conn::open(&netfilter::FAMILY).expect("a socket");
    let ours = NfGenMsg { family: nfproto::INET, ..NfGenMsg::default() };
    let load = |m: &mut Msg<'_>, key: u32| {
        expr::write(m, b"meta", |m| {
            m.be32(expr::nfta_meta::KEY, key);
            m.be32(expr::nfta_meta::DREG, 1);
        });
    };
    let packet = |m: &mut Msg<'_>, [base, offset, len]: [u32; 3]| {
        expr::write(m, b"payload", |m| {
            m.be32(expr::nfta_payload::DREG, 1);
            m.be32(expr::nfta_payload::BASE, base);
            m.be32(expr::nfta_payload::OFFSET, offset);
            m.be32(expr::nfta_payload::LEN, len);
        });
    };
    let cmp = |m: &mut Msg<'_>, value: &[u8]| {
        expr::write(m, b"cmp", |m| {
            m.be32(expr::nfta_cmp::SREG, 1);
            m.be32(expr::nfta_cmp::OP, expr::nft_cmp::EQ);
            Data::Value(value).write(m, expr::nfta_cmp::DATA);
        });
    };
    let refused = conn.transaction(NFNL_SUBSYS_NFTABLES, |requests| {
        requests.request(NFT_MSG_NEWTABLE, Flags::CREATE, |m| {
            m.fixed(&ours);
            m.str(nfta_table::NAME, b"netnsctl");
        })?;
        requests.request(NFT_MSG_NEWCHAIN, Flags::CREATE, |m| {
            m.fixed(&ours);
            m.str(nfta_chain::TABLE, b"netnsctl");
            m.str(nfta_chain::NAME, b"input");
            nest(m, nfta_chain::HOOK, |m| {
                m.be32(nfta_hook::HOOKNUM, 1);
                m.be32(nfta_hook::PRIORITY, 0);
            });
            m.str(nfta_chain::TYPE, b"filter");
        })?;
        rules().try_for_each(|(prefix, port)| {
            requests.request(NFT_MSG_NEWRULE, Flags::CREATE | Flags::APPEND, |m| {
                m.fixed(&ours);
                m.str(nfta_rule::TABLE, b"netnsctl");
                m.str(nfta_rule::CHAIN, b"input");
                nest(m, nfta_rule::EXPRESSIONS, |m| {
                    load(m, expr::nft_meta::NFPROTO);
                    cmp(m, &[2]);
                    packet(m, [1, 12, 3]);
                    cmp(m, &prefix);
                    load(m, expr::nft_meta::L4PROTO);
                    cmp(m, &[6]);
                    packet(m, [2, 2, 2]);
                    cmp(m, &port.to_be_bytes());
                    expr::write(m, b"counter", |_| {});
                    expr::write(m, b"immediate", |m| {
                        m.be32(expr::nfta_immediate::DREG, 0);
                        Data::Verdict(1, &[]).write(m, expr::nfta_immediate::DATA);
                    });
                });
                m.bytes(nfta_rule::USERDATA, &[0; 48]);
            })
        })
    });
    assert_eq!(refused.expect("rules"), []);
}

/// Peak memory in kB of the program itself, until it ends or becomes another: strace stops it there for a while.
/// `ru_maxrss` would tell that of whoever started it where this is more.
fn peak(program: &Path, args: &str) -> Option<u64> {
    let mut strace = clean(Path::new("strace"));
    strace.args(["-o", "/dev/null", "-e", "trace=execve,exit_group"]);
    strace.args(["-e", "inject=execve,exit_group:delay_enter=30000"]).arg(program).args(args.split(' '));
    let mut strace = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let name = program.file_name()?.to_str()?;
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let mut peak = None;
    while strace.try_wait().ok()?.is_none() {
        let children = fs::read_to_string(&children).unwrap_or_default();
        for pid in children.split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let value = |key: &str| status.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
            let kb = value("VmHWM:").and_then(|v| v.strip_suffix(" kB")?.parse().ok());
            if value("Name:") == Some(name) {
                peak = peak.max(kb);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    peak
}

/// How many system calls, those of what is started too; 0 if strace is not there.
fn calls(program: &Path, args: &str) -> u64 {
    let mut strace = clean(Path::new("strace"));
    strace.args(["-f", "-c", "-o", "/run/calls"]).arg(program).args(args.split(' '));
    let done = strace.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !done.is_ok_and(|s| s.success()) {
        return 0;
    }
    let text = fs::read_to_string("/run/calls").unwrap_or_default();
    let total = text.lines().find(|l| l.ends_with(" total"));
    total.and_then(|l| l.split_whitespace().nth(3)?.parse().ok()).unwrap_or(0)
}

/// Milliseconds. The output goes to a pipe that nothing slows down: /dev/null.
fn measure(program: &Path, args: &str) -> f64 {
    let mut command = clean(program);
    command.args(args.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("it starts");
    let took = start.elapsed().as_secs_f64() * 1e3;
    assert!(status.success(), "{} {args}", program.display());
    took
}
