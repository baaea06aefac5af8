//! The whole program beside `ip` (and `lsns`, `nsenter`, `unshare`):
//! `cargo run --release -p netns-benches --bin versus [ROUNDS [WORD]]`.
//!
//! Makes worlds of its own (namespaces, an empty /run on tmpfs), as root or as an ordinary user; runs both programs in turns,
//! ROUNDS times (21) behind a warm-up; prints medians with the least and the most, the ratio, and peak memory. Only ratios of
//! one run mean anything; beside them stands what the kernel alone took of ip's time. With WORD, only the comparisons that have it in their name.
//!
//! The program measured is the static one (built for musl, or by `cargo static`) if it is there, else the plain release
//! build; NETNSCTL names another. Memory is what wait4(2) tells: never less than this program's own, which forks.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a tool of development"
)]

use netns_sys::mount::{self, Propagation};
use netns_sys::netlink::Conn;
use netns_sys::{Dir, NsFlags, Spawn};
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
use wait4::Wait4;

/// A comparison: how the world is made (by `ip -batch`), what is run in it, and what is to be reached.
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

fn links() -> String {
    (0..LINKS).fold(String::new(), |mut lines, i| {
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
        floor: Some(Floor::Dump(RTM_GETROUTE)),
    },
    Case {
        name: "link show, 1,000 veth pairs",
        world: links,
        names: 0,
        ours: "link show",
        theirs: "link show",
        after: "",
        goal: 0.5,
        floor: Some(Floor::Dump(RTM_GETLINK)),
    },
    Case {
        name: "addr show, 1,000 veth pairs",
        world: links,
        names: 0,
        ours: "addr show",
        theirs: "addr show",
        after: "",
        goal: 1.0,
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
        floor: Some(Floor::New),
    },
    Case { name: "-V", world: String::new, names: 0, ours: "-V", theirs: "-V", after: "", goal: 0.6, floor: None },
];

/// Set in the process that is in a world of its own.
const INSIDE: &str = "NETNSCTL_VERSUS";

fn main() {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args.next().map_or(21, |n| n.parse().expect("ROUNDS is a number"));
    let only = args.next().unwrap_or_default();
    if let Ok(case) = std::env::var(INSIDE) {
        let case = CASES.iter().find(|c| c.name == case).expect("a case");
        return inside(case, rounds);
    }
    if !Command::new("ip").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return println!("not run: needs iproute2");
    }
    println!("{}", program().display());
    println!(
        "| what | netnsctl, ms (min–max) | ip, ms (min–max) | ratio | goal | the kernel alone | peak memory, kB |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    for case in CASES.iter().filter(|c| c.name.contains(&only)) {
        let mut kinds = NsFlags::NET | NsFlags::MOUNT;
        kinds.set(NsFlags::USER, !root);
        let this = std::env::current_exe().expect("this program");
        let spawn = Spawn::new(this).args([rounds.to_string()]).env(INSIDE, Some(case.name.as_ref())).namespaces(kinds);
        let spawn = if root { spawn } else { spawn.map_ids(0, 0) };
        let exit = spawn.spawn().and_then(|child| child.wait()).expect("a world of its own");
        assert!(exit.success(), "{}: {exit:?}", case.name);
    }
}

/// The program that is measured.
fn program() -> PathBuf {
    let host = |libc: &str| format!("{}-unknown-linux-{libc}", std::env::consts::ARCH);
    let built = std::env::current_exe().expect("this program");
    let target = built.parent().and_then(Path::parent).expect("a target directory").to_owned();
    let paths = [host("musl"), host("gnu"), String::new()].map(|host| target.join(host).join("release/netnsctl"));
    let named = std::env::var_os("NETNSCTL").map(PathBuf::from);
    named.or_else(|| paths.into_iter().find(|p| p.exists())).expect("a release build of netnsctl")
}

fn inside(case: &Case, rounds: usize) {
    mount::set_propagation(Path::new("/"), Propagation::Private).expect("private mounts");
    mount::mount_new(c"tmpfs", Path::new("/run")).expect("an empty /run");
    let ip = |args: &str| {
        let done = Command::new("ip").args(args.split(' ')).status().expect("ip");
        assert!(done.success(), "ip {args}");
    };
    if case.names > 0 {
        // All of one namespace: it is the names that cost.
        ip("netns add n0");
        let dir = Dir::default();
        let ns = dir.open("n0".as_ref()).expect("a namespace");
        (1..case.names).for_each(|i| dir.attach(format!("n{i}").as_ref(), &ns).expect("a name"));
    }
    let world = (case.world)();
    if !world.is_empty() {
        fs::write("/run/world", world).expect("a file");
        let made = Command::new(program()).args(["-batch", "/run/world"]).status().expect("netnsctl");
        assert!(made.success());
    }
    fs::write("/run/batch", routes(ADDED).replace("link set lo up\n", "")).expect("a file");
    let theirs =
        if case.theirs.starts_with('/') { case.theirs.split_once(' ').expect("words") } else { ("ip", case.theirs) };
    let programs = [(program(), case.ours), (PathBuf::from(theirs.0), theirs.1)];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut memory = [0_u64; 2];
    for round in 0..=rounds {
        for (which, (program, args)) in programs.iter().enumerate() {
            let (took, peak) = measure(program, args);
            if round > 0 {
                times.get_mut(which).into_iter().for_each(|t| t.push(took));
                memory.get_mut(which).into_iter().for_each(|m| *m = peak.max(*m));
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
    let [ours, theirs, floor] = times.map(|mut all| {
        all.sort_by(f64::total_cmp);
        let at = |i: usize| all.get(i).copied().unwrap_or_default();
        (at(all.len() / 2), at(0), at(all.len().saturating_sub(1)))
    });
    let shown = |(median, least, most)| format!("{median:.2} ({least:.2}–{most:.2})");
    let ratio = ours.0 / theirs.0;
    println!(
        "| {} | {} | {} | {ratio:.3}{} | {} | {} | {} : {} |",
        case.name,
        shown(ours),
        shown(theirs),
        if ratio > case.goal { " **over**" } else { "" },
        case.goal,
        case.floor.map_or_else(String::new, |_| format!("{:.2} = {:.3}", floor.0, floor.0 / theirs.0)),
        memory[0],
        memory[1],
    );
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
            Floor::New => {
                let exit = Spawn::new("true").namespaces(NsFlags::NET).spawn().and_then(|child| child.wait());
                assert!(exit.expect("a namespace").success());
            }
        }
    }
}

/// Milliseconds and kB. The output goes to a pipe that nothing slows down: /dev/null.
fn measure(program: &Path, args: &str) -> (f64, u64) {
    let mut command = Command::new(program);
    command.args(args.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let used = child.wait4().expect("its end");
    let took = start.elapsed().as_secs_f64() * 1e3;
    assert!(used.status.success(), "{} {args}", program.display());
    (took, used.rusage.maxrss / 1024)
}
