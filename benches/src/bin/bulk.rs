//! Plans beside what the kernel takes, and beside `ip`: `cargo run --release -p netns-benches --bin bulk [ROUNDS [WORD]]`.
//!
//! Each measurement has a world of its own (user, network and mount namespaces, an empty /run on tmpfs), so it needs no
//! rights. What is compared runs in turns, ROUNDS times (7) behind a warm-up; between two runs it waits until the kernel has
//! freed all namespaces of the one before. Printed are microseconds a unit, medians with the least and the most. Only ratios
//! of one run mean anything. With WORD, only the measurements that have it in their name.
//!
//! The unit: a namespace, a veth born in place, IPv4 at both ends, both ends and lo up, a default route.
//!
//! Of this program the whole process is measured: start, reading and checking the plan, the journal. Of the floors, only the
//! making. There are two: NSFLOOR names a C program that takes the words below; `floor` is the same with the library:
//! what [`Dir::add_all`] does for each, and one send. NETNSCTL names another program to be measured.
#![allow(clippy::expect_used, clippy::panic, reason = "a tool of development")]

use netns_benches::program::program;
use netns_sys::mount::{self, Propagation};
use netns_sys::netlink::Socket;
use netns_sys::{Dir, Ns, NsFlags, Spawn};
use nl_core::route::{
    FAMILY, IfAddrMsg, IfInfoMsg, LinkFlags, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE, RtMsg, af, ifa, ifla, info,
    rt_table, rta, rtn, rtprot, veth,
};
use nl_core::{Batch, Flags, Msg};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use wait4::Wait4;

/// Set in the process that is in a world of its own: which measurement; or `floor`.
const INSIDE: &str = "NETNSCTL_BULK";

type Measurement = (&'static str, fn(usize));

const ALL: &[Measurement] = &[
    ("named namespaces only", named),
    ("the unit", unit),
    ("the unit, growth without IPv6 at the host's ends", growth),
    ("system calls", calls),
    ("waits", waits),
    ("down", down),
    ("names taken away", names_taken),
    ("memory", memory),
    ("bridge", bridge),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds: usize = args.first().map_or(7, |n| n.parse().expect("ROUNDS is a number"));
    let only = args.get(1).map_or("", String::as_str);
    if let Ok(what) = std::env::var(INSIDE) {
        if what == "floor" {
            return floor(rounds, only == "unit");
        }
        let (_, measure) = ALL.iter().find(|(name, _)| *name == what).expect("a measurement");
        settle();
        return measure(rounds);
    }
    println!("{}", program().display());
    println!("| what | netnsctl | beside | µs | ratio | goal |");
    println!("| --- | ---: | --- | ---: | ---: | ---: |");
    for (name, _) in ALL.iter().filter(|(name, _)| name.contains(only)) {
        let this = std::env::current_exe().expect("this program");
        let kinds = NsFlags::USER | NsFlags::NET | NsFlags::MOUNT;
        let spawn = Spawn::new(this).args([rounds.to_string()]).env(INSIDE, Some(name.as_ref()));
        let exit = spawn.namespaces(kinds).map_ids(0, 0).spawn().and_then(|child| child.wait());
        assert!(exit.as_ref().is_ok_and(|e| e.success()), "{name}: {exit:?}");
    }
}

/// Makes the world.
fn settle() {
    mount::set_propagation(Path::new("/"), Propagation::Private).expect("private mounts");
    mount::mount_new(c"tmpfs", Path::new("/run")).expect("an empty /run");
    let _ = fs::create_dir("/run/netns");
    run(Command::new(program()).args(["link", "set", "lo", "up"]));
}

/// Runs a program to its end; seconds, and what it says.
fn run(command: &mut Command) -> (f64, String) {
    let start = Instant::now();
    command.env_remove("LD_LIBRARY_PATH"); // which cargo sets, and dynamic programs look for libraries in
    let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("it starts");
    let took = start.elapsed().as_secs_f64();
    assert!(done.status.success(), "{command:?}: {}", done.status);
    (took, String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Runs it in a network namespace of its own: where thousands of links have come and gone, new ones take longer. The floor in C
/// does the same.
fn run_fresh(command: &Command) -> (f64, String) {
    let mut fresh = Command::new(program());
    fresh.arg("run").arg(command.get_program()).args(command.get_args());
    fresh.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(&mut fresh)
}

/// Waits until the kernel has freed all namespaces of this world but the world's own: it counts them for each user
/// namespace, and counts one down when nothing of it is left.
fn freed() {
    const LIMIT: &str = "/proc/sys/user/max_net_namespaces";
    let limit = fs::read(LIMIT).expect("a limit");
    fs::write(LIMIT, "2").expect("a lower limit");
    while Ns::create().is_err() {
        std::thread::sleep(Duration::from_micros(500));
    }
    fs::write(LIMIT, limit).expect("the limit");
}

/// The same, and that of the last question too.
fn quiet() {
    freed();
    std::thread::sleep(Duration::from_millis(100));
}

fn name(i: usize) -> OsString {
    format!("n{i}").into()
}

/// Takes all names away, and waits until the kernel has freed their namespaces.
fn clear() {
    let names = Dir::default().names().unwrap_or_default();
    let names: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
    assert_eq!(Dir::default().remove_all(&names), Ok(Vec::new()));
    let _ = fs::remove_dir_all(Dir::default().path().with_file_name("netnsctl.plans"));
    quiet();
}

/// Lines of a plan.
fn names_plan(n: usize) -> String {
    format!("netns add n{{1..{n}}}\n")
}

fn unit_plan(n: usize) -> String {
    let each = format!("{{i=1..{n}}}");
    names_plan(n)
        + &format!("link add v{each} type veth peer name eth0 netns n{{i}}\n")
        + &format!("addr add 10.0.0.0+{{i*4+1}}/30 dev v{each}\nlink set v{each} up\n")
        + &format!("-n n{each} link set lo up\n-n n{each} link set eth0 up\n")
        + &format!("-n n{each} addr add 10.0.0.0+{{i*4+2}}/30 dev eth0\n")
        + &format!("-n n{each} route add default via 10.0.0.0+{{i*4+1}}\n")
}

fn unit_plan_without_ipv6(n: usize) -> String {
    "ipv6 off\n".to_owned() + &unit_plan(n)
}

fn bridge_plan(n: usize) -> String {
    let each = format!("{{i=1..{n}}}");
    names_plan(n)
        + "ipv6 off\nlink add br0 type bridge\nlink set br0 up\naddr add 10.0.0.1/8 dev br0\n"
        + &format!("-n n{each} sysctl net.ipv6.conf.default.disable_ipv6=1\n")
        + &format!("link add v{each} master br0 type veth peer name eth0 netns n{{i}}\nlink set v{each} up\n")
        + &format!("-n n{each} link set lo up\n-n n{each} link set eth0 up\n")
        + &format!("-n n{each} addr add 10.0.0.0+{{i+1}}/8 dev eth0\n")
}

fn apply(plan: &str, jobs: usize) -> Command {
    fs::write("/run/p.plan", plan).expect("a file");
    let mut command = Command::new(program());
    command.args(["apply", "/run/p.plan", "--jobs", &jobs.to_string()]);
    command
}

/// Microseconds a unit to carry a plan out.
fn applied(plan: fn(usize) -> String, n: usize, jobs: usize) -> f64 {
    let took = run_fresh(&apply(&plan(n), jobs)).0 * 1e6 / n as f64;
    clear();
    took
}

/// What the C floor says, microseconds a unit.
struct CFloor {
    made: f64,
    unmounted: f64,
    freed: f64,
}

fn c_floor(n: usize, words: &str) -> Option<CFloor> {
    let program = std::env::var_os("NSFLOOR")?;
    let fixed = "persist=bind mnt=sharedtmpfs quiet=1 prefd=1 holdfd=1 T=1";
    let mut command = Command::new(program);
    command.arg(format!("N={n}")).args(fixed.split(' ')).args(words.split_whitespace());
    let said = run(&mut command).1;
    quiet();
    let figures: Vec<f64> = said.split(" us/ns").filter_map(|part| part.rsplit(' ').next()?.parse().ok()).collect();
    let [made, _cpu, _links, unmounted, freed] = figures[..] else { panic!("{said}") };
    Some(CFloor { made, unmounted, freed })
}

const C_UNIT: &str = "veth=1 queues1=1 hostbatch=1000";

/// Microseconds a unit that the floor of the library takes.
fn own_floor(n: usize, unit: bool) -> f64 {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args([n.to_string().as_str(), if unit { "unit" } else { "names" }]).env(INSIDE, "floor");
    let said = run_fresh(&command).1;
    clear();
    said.trim().parse().expect("microseconds")
}

/// Makes namespaces, or units, as fast as the library can.
fn floor(n: usize, unit: bool) {
    let names: Vec<OsString> = (1..=n).map(name).collect();
    let names: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
    let host = Ns::current().expect("a namespace");
    let outside = Mutex::new(Vec::new());
    let send = |bytes: &[u8]| {
        let mut refused = Vec::new();
        let sent = Socket::plain(FAMILY.protocol).and_then(|socket| socket.send_unacknowledged(bytes, &mut refused));
        assert!(sent.is_ok() && refused.is_empty(), "{sent:?} {refused:?}");
    };
    let start = Instant::now();
    let added = Dir::default().add_all(&names, 1, |at| {
        if unit {
            let i = at + 1;
            send(&messages(|to| inside(to, i, host.fd_number())));
            outside.lock().expect("no panic").extend(messages(|to| at_host(to, i)));
        }
        Ok(())
    });
    assert!(added.as_ref().is_ok_and(|added| added.failed.is_empty()), "{added:?}");
    send(&outside.into_inner().expect("no panic"));
    println!("{}", start.elapsed().as_secs_f64() * 1e6 / n as f64);
}

/// What one of several does in its turn: microseconds a unit. `None`: it is not there, or had turns enough.
type Turn<'t> = Box<dyn FnMut() -> Option<f64> + 't>;

/// Median, least, most.
type Figures = Option<[f64; 3]>;

fn figures(mut all: Vec<f64>) -> Figures {
    all.sort_by(f64::total_cmp);
    Some([*all.get(all.len() / 2)?, *all.first()?, *all.last()?])
}

/// Lets each have its turns; the first is to warm up.
fn take_turns<const N: usize>(rounds: usize, mut all: [Turn<'_>; N]) -> [Figures; N] {
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..=rounds {
        for (turn, times) in all.iter_mut().zip(&mut times) {
            times.extend(turn().filter(|_| round > 0));
        }
    }
    times.map(figures)
}

/// Some turns, for what takes long.
fn seldom<'t>(turns: usize, mut turn: impl FnMut() -> f64 + 't) -> Turn<'t> {
    let mut left = turns + 1;
    Box::new(move || {
        left = left.checked_sub(1)?;
        Some(turn())
    })
}

fn row(what: &str, ours: Figures, beside: &str, theirs: Figures, goal: Option<f64>) {
    let shown =
        |f: Figures| f.map_or("missing".into(), |[median, min, max]| format!("{median:.1} ({min:.1}–{max:.1})"));
    let ratio = ours.zip(theirs).map(|(ours, theirs)| ours[0] / theirs[0]);
    let over = if ratio.zip(goal).is_some_and(|(ratio, goal)| ratio > goal) { " **over**" } else { "" };
    let ratio = ratio.map_or("–".into(), |ratio| format!("{ratio:.3}{over}"));
    let goal = goal.map_or("–".into(), |goal| goal.to_string());
    println!("| {what} | {} | {beside} | {} | {ratio} | {goal} |", shown(ours), shown(theirs));
    std::io::stdout().flush().expect("output");
}

/// A figure with a bound of its own.
fn bound(what: &str, figure: f64, about: &str, goal: Option<f64>) {
    let over = if goal.is_some_and(|goal| figure > goal) { " **over**" } else { "" };
    let goal = goal.map_or("–".into(), |goal| goal.to_string());
    println!("| {what} | {figure:.2}{over} | {about} | | | {goal} |");
}

/// Microseconds a unit of a script for `ip` or for a shell.
fn script(n: usize, program: &str, words: &[&str]) -> f64 {
    let took = run_fresh(Command::new(program).args(words)).0 * 1e6 / n as f64;
    clear();
    took
}

fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (1..=n).map(line).collect()
}

fn dotted(i: usize, end: usize) -> String {
    std::net::Ipv4Addr::from(address(i, end)).to_string()
}

fn named(rounds: usize) {
    const N: usize = 1000;
    fs::write("/run/batch", lines(N, |i| format!("netns add n{i}\n"))).expect("a file");
    let [one, two, c, own, ip] = take_turns(
        rounds,
        [
            Box::new(|| Some(applied(names_plan, N, 1))),
            Box::new(|| Some(applied(names_plan, N, 2))),
            Box::new(|| c_floor(N, "veth=0").map(|f| f.made)),
            Box::new(|| Some(own_floor(N, false))),
            Box::new(|| Some(script(N, "ip", &["-batch", "/run/batch"]))),
        ],
    );
    row("named only, N = 1000, --jobs 1", one, "C floor", c, Some(1.03));
    row("", one, "floor of the library", own, None);
    row("", one, "ip -batch", ip, None);
    row("named only, N = 1000, --jobs 2", two, "ip -batch", ip, Some(0.7));
    row("", two, "C floor", c, None);
}

/// The best that `ip` can be told: the host's side in one batch, then a batch for each namespace.
fn best_script(n: usize) {
    let host = |i| {
        format!(
            "netns add n{i}\nlink add v{i} up numtxqueues 1 numrxqueues 1 type veth peer name eth0 numtxqueues 1 \
             numrxqueues 1 netns n{i}\naddr add {}/30 dev v{i}\n",
            dotted(i, 1)
        )
    };
    fs::write("/run/batch", lines(n, host)).expect("a file");
    for i in 1..=n {
        let (own, gateway) = (dotted(i, 2), dotted(i, 1));
        let inside = "link set lo up\nlink set eth0 up\naddr add ";
        fs::write(format!("/run/batch{i}"), format!("{inside}{own}/30 dev eth0\nroute add default via {gateway}\n"))
            .expect("a file");
    }
    let script = format!("set -e; ip -batch /run/batch; for i in $(seq {n}); do ip -n n$i -batch /run/batch$i; done");
    fs::write("/run/best", script).expect("a file");
}

/// A command a line, as such scripts are written; but no link is moved.
fn shell_script(n: usize) {
    let unit = |i| {
        let (own, gateway) = (dotted(i, 2), dotted(i, 1));
        format!(
            "ip netns add n{i}\nip link add v{i} type veth peer name eth0 netns n{i}\nip addr add {gateway}/30 dev v{i}\n\
             ip link set v{i} up\nip -n n{i} link set lo up\nip -n n{i} addr add {own}/30 dev eth0\n\
             ip -n n{i} link set eth0 up\nip -n n{i} route add default via {gateway}\n"
        )
    };
    fs::write("/run/shell", format!("set -e\n{}", lines(n, unit))).expect("a file");
}

fn unit(rounds: usize) {
    const N: usize = 1000;
    best_script(N);
    shell_script(N);
    let [one, two, c, own, best, shell] = take_turns(
        rounds,
        [
            Box::new(|| Some(applied(unit_plan, N, 1))),
            Box::new(|| Some(applied(unit_plan, N, 2))),
            Box::new(|| c_floor(N, C_UNIT).map(|f| f.made)),
            Box::new(|| Some(own_floor(N, true))),
            seldom(3, || script(N, "sh", &["/run/best"])),
            seldom(1, || script(N, "sh", &["/run/shell"])),
        ],
    );
    row("unit, N = 1000, --jobs 1", one, "C floor", c, Some(1.05));
    row("", one, "floor of the library", own, None);
    row("unit, N = 1000, --jobs 2", two, "C floor", c, Some(1.05));
    row("", two, "best script for ip -batch (3 turns)", best, Some(0.15));
    row("", two, "shell loop of ip (1 turn)", shell, Some(0.04));
}

fn growth(rounds: usize) {
    let plan = unit_plan_without_ipv6;
    let floor = |n| c_floor(n, &format!("{C_UNIT} hostv6off=1")).map(|f| f.made);
    let [one, one4, two, two4, c, c4] = take_turns(
        rounds.div_ceil(2),
        [
            Box::new(|| Some(applied(plan, 1000, 1))),
            Box::new(|| Some(applied(plan, 4000, 1))),
            Box::new(|| Some(applied(plan, 1000, 2))),
            Box::new(|| Some(applied(plan, 4000, 2))),
            Box::new(|| floor(1000)),
            Box::new(|| floor(4000)),
        ],
    );
    row("unit, ipv6 off, N = 4000, --jobs 1", one4, "itself, N = 1000", one, Some(1.25));
    row("unit, ipv6 off, N = 4000, --jobs 2", two4, "itself, N = 1000", two, Some(1.25));
    row("unit, ipv6 off, N = 1000, --jobs 1", one, "C floor", c, None);
    row("unit, ipv6 off, N = 4000, --jobs 1", one4, "C floor", c4, None);
}

/// How often each system call is made: by `strace -c`.
fn counted(command: &Command) -> BTreeMap<String, f64> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o", "/run/strace"]).arg(command.get_program()).args(command.get_args());
    run(&mut strace);
    let table = fs::read_to_string("/run/strace").expect("a table");
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, calls) = (words.last()?, words.get(3)?.parse().ok()?);
        Some((name.to_string(), calls))
    };
    table.lines().filter_map(line).collect()
}

/// System calls a unit: what more of them make more of.
fn calls_of(what: &str, goal: Option<f64>, mut counted: impl FnMut(usize) -> BTreeMap<String, f64>) {
    let (few, many) = (counted(100), counted(1100));
    let each = many.iter().map(|(name, calls)| (name, (calls - few.get(name).unwrap_or(&0.0)) / 1000.0));
    let mut each: Vec<_> = each.filter(|(_, calls)| *calls >= 0.005).collect();
    each.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total = each.iter().find(|(name, _)| *name == "total").map_or(0.0, |each| each.1);
    let shown = each.iter().filter(|(name, _)| *name != "total").fold(String::new(), |mut shown, (name, calls)| {
        let _ = write!(shown, "{name} {calls:.2} ");
        shown
    });
    bound(what, total, shown.trim_end(), goal);
}

fn calls(_rounds: usize) {
    for jobs in [1, 2] {
        calls_of(&format!("system calls a unit, with the host's batches, --jobs {jobs}"), Some(8.2), |n| {
            let counted = counted(&apply(&unit_plan(n), jobs));
            clear();
            counted
        });
    }
    calls_of("system calls a unit, down", None, |n| {
        run(&mut apply(&unit_plan(n), 2));
        let counted = counted(Command::new(program()).args(["down", "p"]));
        clear();
        counted
    });
}

/// How often the makers wait for all processors.
fn waits(_rounds: usize) {
    const FUNCTIONS: [&str; 3] = ["rcu_barrier", "synchronize_rcu_expedited", "synchronize_rcu"];
    const N: usize = 200;
    let tracing = Path::new("/sys/kernel/tracing");
    // Some refuse it to root too.
    if fs::write(tracing.join("set_ftrace_filter"), FUNCTIONS.join(" ")).is_err() {
        return println!(
            "| waits for all processors | not counted | needs /sys/kernel/tracing, CONFIG_FUNCTION_TRACER | | | 0 |"
        );
    }
    let set = |file: &str, value: &str| fs::write(tracing.join(file), value).expect("root may trace");
    let count = |what: &str, command: &mut Command, goal: Option<f64>| {
        set("set_ftrace_filter", &FUNCTIONS.join(" "));
        set("trace", "");
        set("current_tracer", "function");
        run(command);
        let trace = fs::read_to_string(tracing.join("trace")).expect("a trace");
        set("current_tracer", "nop");
        set("set_ftrace_filter", "");
        for function in FUNCTIONS {
            let called = format!(": {function} <");
            let ours = |line: &&str| line.trim_start().starts_with("netnsctl") && line.contains(&called);
            bound(&format!("{function} {what}"), trace.lines().filter(ours).count() as f64 / N as f64, "", goal);
        }
    };
    count("a name, --jobs 1", &mut apply(&names_plan(N), 1), Some(0.01));
    clear();
    for jobs in [1, 2] {
        count(&format!("a unit, --jobs {jobs}"), &mut apply(&unit_plan(N), jobs), Some(0.01));
        // That these are seen is to be seen here: an unmount waits.
        count("a unit, down", Command::new(program()).args(["down", "p"]), None);
        clear();
    }
}

fn down(rounds: usize) {
    const N: usize = 1000;
    const FEW: usize = 50;
    let take_down = || {
        run(&mut apply(&unit_plan(N), 2));
        let start = Instant::now();
        run(Command::new(program()).args(["down", "p"]));
        freed();
        let took = start.elapsed().as_secs_f64() * 1e6 / N as f64;
        clear();
        Some(took)
    };
    let link_by_link = || {
        run(&mut apply(&unit_plan(FEW), 2));
        fs::write("/run/batch", lines(FEW, |i| format!("link del v{i}\n"))).expect("a file");
        let took = run(Command::new("ip").args(["-batch", "/run/batch"])).0 * 1e6 / FEW as f64;
        clear();
        took
    };
    let floor = || c_floor(N, C_UNIT).map(|f| f.freed);
    let [ours, c, each] = take_turns(rounds, [Box::new(take_down), Box::new(floor), seldom(3, link_by_link)]);
    row("down, N = 1000, until all is freed", ours, "C floor", c, Some(1.1));
    row("", ours, "ip -batch, link del, 50 (3 turns)", each, Some(0.05));
}

fn names_taken(rounds: usize) {
    const N: usize = 4000;
    let delete = || {
        run(&mut apply(&names_plan(N), 2));
        let names: Vec<OsString> = (1..=N).map(name).collect();
        let took = run(Command::new(program()).args(["netns", "delete"]).args(names)).0 * 1e6 / N as f64;
        clear();
        Some(took)
    };
    let floor = || c_floor(N, "veth=0").map(|f| f.unmounted);
    let [ours, c] = take_turns(rounds.div_ceil(2), [Box::new(delete), Box::new(floor)]);
    row("netns delete, N = 4000, a name", ours, "C floor", c, None);
    bound("the same, µs", ours.map_or(0.0, |f| f[0]), "", Some(40.0));
}

/// Peak memory, kB. Never less than this program's own, which starts it.
fn peak(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let used = child.wait4().expect("its end");
    assert!(used.status.success(), "{command:?}");
    used.rusage.maxrss / 1024
}

fn memory(_rounds: usize) {
    const MANY: usize = 10_000;
    const FEW: usize = 100;
    let each = |n: u64, few: u64| n.saturating_sub(few) as f64 / (MANY - FEW) as f64;
    let dry = |n| {
        fs::write("/run/p.plan", unit_plan(n)).expect("a file");
        peak(Command::new(program()).args(["--dry-run", "apply", "/run/p.plan"]))
    };
    let (few, many) = (dry(FEW), dry(MANY));
    bound("memory a unit, N = 10,000, --dry-run, kB", each(many, few), &format!("{few} kB, {many} kB"), Some(1.0));
    let made = |n| {
        let peak = peak(&mut apply(&unit_plan_without_ipv6(n), 2));
        let down = self::peak(Command::new(program()).args(["down", "p"]));
        clear();
        [peak, down]
    };
    let ([few, few_down], [many, many_down]) = (made(FEW), made(MANY));
    bound(
        "memory a unit, N = 10,000, apply, ipv6 off, kB",
        each(many, few),
        &format!("{few} kB, {many} kB"),
        Some(1.0),
    );
    let shown = format!("{few_down} kB, {many_down} kB");
    bound("memory a unit, N = 10,000, down, kB", each(many_down, few_down), &shown, None);
}

fn bridge(rounds: usize) {
    const SIZES: [usize; 4] = [125, 250, 500, 1000];
    for n in SIZES {
        let floor = || c_floor(n, &format!("{C_UNIT} bridge=1 v6off=1 hostv6off=1")).map(|f| f.made);
        let [ours, c] =
            take_turns(rounds.div_ceil(2), [Box::new(|| Some(applied(bridge_plan, n, 1))), Box::new(floor)]);
        row(&format!("a bridge with {n} ports, ipv6 off, --jobs 1"), ours, "C floor", c, None);
    }
}

fn messages(fill: impl FnOnce(&mut Batch<'_>)) -> Vec<u8> {
    let mut room = [0; 1024];
    let mut batch = Batch::new(&mut room);
    fill(&mut batch);
    batch.bytes().to_vec()
}

fn message(to: &mut Batch<'_>, kind: u16, fill: impl FnOnce(&mut Msg<'_>)) {
    let new = if kind == RTM_NEWLINK { Flags::empty() } else { Flags::CREATE | Flags::EXCL };
    to.message(kind, Flags::REQUEST | new, 0, fill).expect("room");
}

/// Behind all indices of links that are there.
const FIRST: usize = 100_000;

fn link(index: usize, up: bool) -> IfInfoMsg {
    let up = if up { LinkFlags::UP.bits() } else { 0 };
    let index = i32::try_from(index).expect("small").into();
    IfInfoMsg { index, flags: up.into(), change: up.into(), ..IfInfoMsg::default() }
}

fn address(i: usize, end: usize) -> [u8; 4] {
    u32::try_from((10 << 24) + i * 4 + end).expect("small").to_be_bytes()
}

fn addr(to: &mut Batch<'_>, index: usize, address: [u8; 4]) {
    message(to, RTM_NEWADDR, |m| {
        let index = u32::try_from(index).expect("small").into();
        m.fixed(&IfAddrMsg { family: af::INET, prefix_len: 30, index, ..IfAddrMsg::default() });
        m.bytes(ifa::LOCAL, &address);
        m.bytes(ifa::ADDRESS, &address);
    });
}

/// What is sent in a namespace.
fn inside(to: &mut Batch<'_>, i: usize, host: u32) {
    message(to, RTM_NEWLINK, |m| m.fixed(&link(1, true)));
    let one_queue =
        |m: &mut Msg<'_>| [ifla::NUM_TX_QUEUES, ifla::NUM_RX_QUEUES].iter().for_each(|kind| m.u32(*kind, 1));
    let made = to.message(RTM_NEWLINK, Flags::REQUEST | Flags::CREATE | Flags::EXCL, 0, |m| {
        m.fixed(&link(2, true));
        m.str(ifla::IFNAME, b"eth0");
        one_queue(m);
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| {
                m.nest(veth::PEER, |m| {
                    m.fixed(&link(FIRST + i, false));
                    m.str(ifla::IFNAME, format!("v{i}").as_bytes());
                    m.u32(ifla::NET_NS_FD, host);
                    one_queue(m);
                });
            });
        });
    });
    made.expect("room");
    addr(to, 2, address(i, 2));
    message(to, RTM_NEWROUTE, |m| {
        let table = u8::try_from(rt_table::MAIN).expect("small");
        m.fixed(&RtMsg { family: af::INET, table, protocol: rtprot::STATIC, kind: rtn::UNICAST, ..RtMsg::default() });
        m.bytes(rta::GATEWAY, &address(i, 1));
        m.u32(rta::OIF, 2);
    });
}

/// What is sent where the other ends are.
fn at_host(to: &mut Batch<'_>, i: usize) {
    message(to, RTM_NEWLINK, |m| m.fixed(&link(FIRST + i, true)));
    addr(to, FIRST + i, address(i, 1));
}
