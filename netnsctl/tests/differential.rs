//! `netnsctl` under the name `ip`, and iproute2's `ip`: the same words, compared byte for byte.
//!
//! A table `ip/NAME.table` is run twice at once, in two worlds, OURS and THEIRS, each with a network namespace, mounts and a
//! /run of its own, so that the same commands make the same indexes and names. A line is a case: blank, a `#` comment, or
//!
//! ```text
//! VERB WORDS [## PART[,PART]: why this part differs and is meant to]     PART: request, stdout, stderr, code
//! ```
//!
//! | verb | who runs it where | what is compared |
//! | --- | --- | --- |
//! | `both WORDS` | theirs in both worlds | nothing; it has to succeed |
//! | `try WORDS` | theirs in both worlds | that it does the same in both: for what a kernel may lack |
//! | `run WORDS` | ours in OURS, theirs in THEIRS, traced | requests that change something, code, stdout, stderr |
//! | `fail WORDS` | ours in OURS, theirs in THEIRS | code, stdout, stderr |
//! | `as NAME WORDS` | as `fail`, each called through a link NAME | code, stdout, stderr |
//! | `fw NAME WORDS` | as `as`, then `nft list ruleset` in each, and both in both worlds list and save the tables | code, stdout, stderr, all of the lists |
//! | `peek NAME WORDS` | as `show1`, called through a link NAME | as `show` |
//! | `sh SCRIPT` | `sh -c SCRIPT` with `$IP` ours in OURS, theirs in THEIRS | code, stdout, stderr |
//! | `show WORDS` | both in both worlds, in each of [`MODES`] | code, stdout, stderr of the two in the same world |
//! | `show1 WORDS` | as `show`, without a mode | as `show` |
//! | `kind KIND WORDS` | `run link add fake0 type KIND WORDS`, and `show` the link that was asked for, in [`FAKE_MODES`] | both |
//! | `rekind KIND WORDS` | `run link set fake0 type KIND WORDS`, of the last `kind` | as `run` |
//! | `given KIND HEX` | `show` a link with these attributes of its kind (of its own, if that is `link`) | as `show` |
//!
//! The last three are in front of a kernel that knows every kind of link, `ip/fake.c`: most kernels lack some.
//!
//! The program is `ip`, or in a table `bridge_NAME` or `brctl` the one of that name; `both` and `try` are `ip` in any case.
//! What `brctl` asks for by ioctls we ask for by netlink: with `brctl`, `run` compares no requests.
//!
//! Words are parted as in a batch file, with quotes. A script begins in an empty directory of its world's, and waits for what
//! the kernel does in its own time with `until $IP … | grep -q …; do :; done`.
//!
//! Not compared are: numbers of sequence, port and descriptor in requests (instead of a namespace's descriptor, the name it
//! was opened by); RTM_GET*, dumps, look-ups of generic netlink families and ioctls that get; on stderr, lines of ours that
//! begin with two spaces and that theirs has not (hints, the kernel's attribute). In `show`, a number that changes by itself
//! has to lie between what theirs shows before and after ours. In `fw` and `peek`: what begins with `# Generated` or
//! `# Completed`; and of mistakes in the words (`NAME v1.8.9 (nf_tables): `) only that there are some.
//!
//! Another version of iproute2 than [`IPROUTE2`] is compared with only if asked:
//! `NETNSCTL_DIFF=text cargo test --test differential NAME` compares only the lines that contain the text, which may be
//! empty; lines that make state still run.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[path = "ip/fake.rs"]
mod fake;
#[path = "ip/requests.rs"]
mod requests;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::{Ns, NsFlags, process};
use netnsctl::grammar::split_line;
use requests::{Request, TRACE, requests};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, io, sync::mpsc, thread};

const MODES: &[&str] =
    &["", "-d", "-s", "-s -s", "-d -s", "-o", "-o -d", "-br", "-j", "-j -p", "-j -d", "-j -s", "-c=always", "-N"];
const FAKE_MODES: &[&str] = &["-d", "-o -d", "-j -d", "-d -s -N"];
const OURS: &str = "/run/ours";
const THEIRS: &str = "/run/theirs";
/// What is compared with.
const IPROUTE2: &str = "6.1";
const IPTABLES: &str = "iptables v1.8.9 (nf_tables)";
/// With what tables are looked at.
const PEEKS: [&[&str]; 3] = [&["-save", "-c"], &["", "-S", "-v"], &["", "-L", "-n", "-v", "-x", "--line-numbers"]];
/// An ordinary user's may be without `ip`.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
const SHOWN_AT_MOST: usize = 200;
/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

macro_rules! tables {
    ($($name:ident),* $(,)?) => {
        const TABLES: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            table(stringify!($name), include_str!(concat!("ip/", stringify!($name), ".table")));
        })*
    };
}

tables!(
    addr,
    bridge_fdb,
    bridge_link,
    bridge_mdb,
    bridge_vlan,
    brctl,
    devices,
    iptables,
    kinds,
    link,
    maddress,
    monitor,
    neigh,
    netconf,
    netns,
    nexthop,
    ntable,
    route,
    rule,
    smoke,
    tuntap,
    vrf
);

#[test]
fn every_table_is_run() {
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ip")).unwrap();
    let files = files.filter_map(|f| Some(f.unwrap().file_name().to_str()?.strip_suffix(".table")?.to_owned()));
    assert_eq!(files.collect::<BTreeSet<_>>(), TABLES.iter().map(|&t| t.to_owned()).collect());
}

/// The test of one table. Not `sandbox::run`: its last line is for those who see a passing test, too.
fn table(name: &str, text: &str) {
    if sandbox::mode().as_deref() == Some("sandbox") {
        sandbox::set_up();
        return in_sandbox(name, text);
    }
    let output = sandbox::output(sandbox::in_sandbox(NsFlags::empty(), sandbox::again(name, "sandbox")));
    assert!(output.contains("test result: ok. 1 passed"), "the test did not run\n{output}");
    let lines = output.lines().filter_map(|l| l.find("differential ").map(|at| &l[at..]));
    let skips = output.lines().filter_map(|l| l.find("SKIPPED: ").map(|at| &l[at..]));
    for line in lines.chain(skips) {
        let _ = writeln!(io::stderr(), "{name}: {line}"); // past the capture of the test harness
    }
}

fn in_sandbox(name: &str, text: &str) {
    let filter = env::var("NETNSCTL_DIFF");
    let Some(ip) = find("ip").filter(|ip| version(ip).contains("iproute2")) else {
        return sandbox::skip("iproute2");
    };
    // Other versions print other things. Who asks for a comparison gets it.
    if filter.is_err() && !version(&ip).contains(&format!("iproute2-{IPROUTE2}.")) {
        return sandbox::skip(&format!("iproute2 {IPROUTE2}, here is {}", version(&ip).trim_end()));
    }
    // There, and allowed to trace.
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|o| o.status.success()) {
        return sandbox::skip("strace");
    }
    let called = program(name);
    if find(called).is_none() {
        return sandbox::skip(called);
    }
    let mut cases = parse(name, text, &filter.unwrap_or_default());
    let firewall = cases.iter().any(|c| c.verb == "peek");
    if firewall {
        let there = find("iptables").is_some_and(|program| version(&program).contains(IPTABLES));
        if !there || find("nft").is_none() {
            return sandbox::skip(&format!("{IPTABLES} and nft"));
        }
    }
    if !fake::can_be_made() {
        let all = cases.len();
        cases.retain(|case| !case.fake);
        if cases.len() < all {
            sandbox::skip(&format!("a C compiler, and a program linked dynamically: {} cases", all - cases.len()));
        }
    }
    let faked = cases.iter().any(|c| c.fake);
    let world = |ours: bool| {
        // This thread and the programs it starts; it ends with the table, and the world with it.
        process::enter_for_exec(&Ns::create().unwrap(), None).unwrap();
        sandbox::set_up();
        let more: &[&str] = if firewall { &["ip", "iptables-restore"] } else { &["ip"] };
        for dir in [OURS, THEIRS] {
            fs::create_dir(dir).unwrap();
            let names = cases.iter().filter_map(|c| c.name()).chain(more.iter().chain([&called]).map(OsStr::new));
            for name in names.collect::<BTreeSet<_>>() {
                let theirs = || name.to_str().and_then(find).unwrap_or_else(|| ip.clone());
                let program = if dir == OURS { env!("CARGO_BIN_EXE_netnsctl").into() } else { theirs() };
                std::os::unix::fs::symlink(program, Path::new(dir).join(name)).unwrap();
            }
        }
        fs::create_dir("/run/scratch").unwrap();
        if faked {
            fake::make();
        }
        cases.iter().map(|case| perform(case, called, ours)).collect::<Vec<_>>()
    };
    let (ours, theirs) = thread::scope(|scope| {
        let theirs = scope.spawn(|| world(false));
        let ours = scope.spawn(|| world(true)).join().unwrap();
        (ours, theirs.join().unwrap())
    });
    let (mut compared, mut agreed, mut by_design, mut report, mut failures) = (0, 0, 0, String::new(), 0);
    for (case, done) in cases.iter().zip(ours.iter().zip(&theirs)) {
        let verdict = judge(case, done.0, done.1);
        compared += usize::from(case.compared());
        if case.compared() && verdict.is_empty() {
            *(if case.marks.is_empty() { &mut agreed } else { &mut by_design }) += 1;
        }
        if !verdict.is_empty() {
            failures += 1;
            if failures <= SHOWN_AT_MOST {
                write!(report, "{name}.table:{}: {}\n{verdict}", case.line, case.text).unwrap();
            }
        }
    }
    let last = format!("differential {name}: {compared} cases, {agreed} agreed, {by_design} differ by design");
    if failures > 0 {
        println!("\n{report}{last}, {failures} FAILED");
        panic!("{failures} cases of {name}.table differ");
    }
    println!("\n{last}");
}

/// The program that a table is about.
fn program(table: &str) -> &str {
    match table.split_once('_').map_or(table, |t| t.0) {
        program @ ("bridge" | "brctl") => program,
        _ => "ip",
    }
}

fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(PATH).map(|d| d.join(program)).find(|p| p.is_file())
}

fn version(ip: &Path) -> String {
    Command::new(ip).arg("-V").output().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Request,
    Stdout,
    Stderr,
    Code,
}

#[derive(Debug)]
struct Case {
    line: usize,
    verb: String,
    /// As written, without the mark.
    text: String,
    words: Vec<OsString>,
    marks: BTreeSet<Part>,
    /// The filter takes it.
    wanted: bool,
    /// In front of the other kernel.
    fake: bool,
}

impl Case {
    fn compared(&self) -> bool {
        self.wanted && !matches!(&*self.verb, "both" | "try" | "given")
    }
    /// The other name of the program.
    fn name(&self) -> Option<&OsStr> {
        matches!(&*self.verb, "as" | "peek").then(|| self.words[0].as_os_str())
    }
}

fn parse(name: &str, text: &str, filter: &str) -> Vec<Case> {
    let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let case = |(at, line): (usize, &str)| {
        let wrong = |what: &str| -> ! { panic!("{name}.table:{}: {what}: {line}", at + 1) };
        let (text, mark) = line.split_once(" ## ").map_or((line, None), |(text, mark)| (text, Some(mark)));
        let text = text.trim_end();
        let marks = mark.map_or_else(BTreeSet::new, |mark| {
            let Some((parts, reason)) = mark.split_once(": ") else { wrong("no reason") };
            if reason.trim().is_empty() {
                wrong("no reason");
            }
            let part = |part: &str| match part.trim() {
                "request" => Part::Request,
                "stdout" => Part::Stdout,
                "stderr" => Part::Stderr,
                "code" => Part::Code,
                _ => wrong("no such part"),
            };
            parts.split(',').map(part).collect()
        });
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let fake = match verb {
            "kind" => &[("run", "link add fake0 type "), ("show", "link show fake0")][..],
            "rekind" => &[("run", "link set fake0 type ")],
            "given" => &[("given", ""), ("show", "link show fake0")],
            _ => &[],
        };
        if !fake.is_empty() {
            let words = split_line(rest.as_bytes(), false).unwrap_or_else(|_| wrong("a quote without its other half"));
            let case = |&(verb, before): &(&str, &str)| {
                let shows = verb == "show";
                let before = before.split_whitespace().map(OsString::from);
                let marks = marks.iter().copied().filter(|m| shows == (*m == Part::Stdout)).collect();
                let words = before.chain(words.iter().filter(|_| !shows).cloned()).collect();
                let (verb, text) = (verb.to_owned(), text.to_owned());
                Case { line: at + 1, verb, text, words, marks, wanted: line.contains(filter), fake: true }
            };
            return fake.iter().map(case).collect::<Vec<_>>();
        }
        if verb == "fw" {
            return peeked(at + 1, text, rest, &marks, line.contains(filter));
        }
        let words = match verb {
            "sh" => vec![rest.into()],
            "both" | "try" | "run" | "fail" | "as" | "peek" | "show" | "show1" => {
                split_line(rest.as_bytes(), false).unwrap_or_else(|_| wrong("a quote without its other half"))
            }
            _ => wrong("no such verb"),
        };
        if matches!(verb, "as" | "peek") && words.is_empty() {
            wrong("no name");
        }
        let wanted = line.contains(filter);
        let (verb, text) = (verb.to_owned(), text.to_owned());
        vec![Case { line: at + 1, verb, text, words, marks, wanted, fake: false }]
    };
    lines.flat_map(case).collect()
}

/// The cases of `fw NAME WORDS`.
fn peeked(line: usize, text: &str, rest: &str, marks: &BTreeSet<Part>, wanted: bool) -> Vec<Case> {
    let words = split_line(rest.as_bytes(), false).unwrap();
    let family = words[0].to_str().unwrap().split('-').next().unwrap().to_owned();
    let table = words.iter().position(|w| w == "-t").map_or(OsStr::new("filter"), |at| &words[at + 1]).to_owned();
    let case = |verb: &str, words: Vec<OsString>, marks: BTreeSet<Part>| {
        let (verb, text) = (verb.to_owned(), text.to_owned());
        Case { line, verb, text, words, marks, wanted, fake: false }
    };
    let peeks = PEEKS.iter().map(|peek| {
        let words = [format!("{family}{}", peek[0]).into()].into_iter().chain(peek[1..].iter().map(Into::into));
        let table = ["-t".into(), table.clone()].into_iter().filter(|_| peek[0].is_empty());
        case("peek", words.chain(table).collect(), BTreeSet::new())
    });
    let nft = case("sh", vec!["nft list ruleset".into()], BTreeSet::new());
    [case("as", words, marks.clone()), nft].into_iter().chain(peeks).collect()
}

/// What a program did.
#[derive(Debug, Default)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
    requests: Vec<Request>,
}

/// What came of a case in one world.
#[derive(Debug)]
enum Done {
    Nothing,
    /// By the program of this world, to be compared with that of the other.
    Once(Ran),
    /// By both programs: what differed in which mode.
    Shown(Vec<(&'static str, Vec<Difference>)>),
}

fn perform(case: &Case, program: &str, ours: bool) -> Done {
    let mine = if ours { OURS } else { THEIRS };
    let ip = format!("{mine}/{program}");
    let verb = &*case.verb;
    match verb {
        "both" | "try" => Done::Once(run(format!("{THEIRS}/ip"), &case.words)),
        "run" if case.wanted && program != "brctl" => {
            let traced = ["-f", "-qq", "-o", "/run/trace", "--seccomp-bpf", "-e", "signal=none", "-s", "0"];
            let calls = ["-e", "trace=socket,openat,sendmsg,sendto,ioctl", "-e", "write=all", "--"];
            let words = traced.iter().chain(&calls).map(Into::into).chain(called(&ip, &case.words, case.fake));
            let ran = run("strace", &words.collect::<Vec<_>>());
            let trace = String::from_utf8_lossy(&fs::read("/run/trace").unwrap_or_default()).into_owned();
            if case.fake && case.words[1] == "add" {
                fake::take_over();
            }
            Done::Once(Ran { requests: requests(&trace), ..ran })
        }
        _ if case.fake && !case.wanted => Done::Nothing,
        "run" | "fail" => Done::Once(run(&ip, &case.words)),
        "given" => {
            fake::give(&case.words[0], &case.words[1..].join("".as_ref()));
            Done::Nothing
        }
        "as" => Done::Once(run(Path::new(mine).join(&case.words[0]), &case.words[1..])),
        "peek" => {
            let [ours, theirs] = [OURS, THEIRS].map(|dir| run(Path::new(dir).join(&case.words[0]), &case.words[1..]));
            let differences = compare(&ours, &theirs);
            Done::Shown(if differences.is_empty() { Vec::new() } else { vec![("", differences)] })
        }
        "sh" => Done::Once(run_in("/run/scratch", "sh".as_ref(), &["-c".into(), case.words[0].clone()], Some(&ip))),
        _ if !case.wanted => Done::Nothing,
        _ => {
            let modes = match verb {
                "show" if case.fake => FAKE_MODES,
                "show" => MODES,
                _ => &[""],
            };
            let shown = modes.iter().map(|&mode| (mode, show(mode, program, &case.words, case.fake)));
            Done::Shown(shown.filter(|(_, differences)| !differences.is_empty()).collect())
        }
    }
}

/// The program and its words; `fake`: in front of the other kernel.
fn called(ip: &str, words: &[OsString], fake: bool) -> Vec<OsString> {
    let env = ["env".into()].into_iter().chain(fake::ENV.map(|(name, value)| format!("{name}={value}").into()));
    env.filter(|_| fake).chain([ip.into()]).chain(words.iter().cloned()).collect()
}

/// Both programs in this world, more than once if what they show changes by itself.
fn show(mode: &str, program: &str, words: &[OsString], fake: bool) -> Vec<Difference> {
    let words: Vec<OsString> = mode.split_whitespace().map(Into::into).chain(words.iter().cloned()).collect();
    let by = |dir: &str| {
        let words = called(&format!("{dir}/{program}"), &words, fake);
        run(&words[0], &words[1..])
    };
    let mut before = by(THEIRS);
    for left in (0..5).rev() {
        let ours = by(OURS);
        let mut differences = compare(&ours, &before);
        // Of a list that cannot be had, theirs prints how its JSON begins.
        let unfinished = ours.code != 0 && ours.stdout.is_empty() && before.stdout.trim_end() == "[";
        differences.retain(|d| !(unfinished && d.part == Part::Stdout));
        if differences.is_empty() {
            return differences;
        }
        let after = by(THEIRS);
        if (&before.stdout, before.code, &before.stderr) == (&after.stdout, after.code, &after.stderr) {
            return differences; // nothing changes by itself
        }
        let only_stdout = differences.iter().all(|d| d.part == Part::Stdout);
        if only_stdout && between(&before.stdout, &ours.stdout, &after.stdout) {
            return Vec::new();
        }
        if left == 0 {
            return differences;
        }
        before = after;
    }
    Vec::new()
}

/// The three are the same but for numbers, and each number of `middle` lies between the other two.
fn between(before: &str, middle: &str, after: &str) -> bool {
    let tokens = |text: &str| {
        let mut tokens: Vec<String> = Vec::new();
        let mut number = None;
        for c in text.chars() {
            let digit = c.is_ascii_digit() || c == '.';
            if number.replace(digit) != Some(digit) {
                tokens.push(String::new());
            }
            tokens.last_mut().unwrap().push(c);
        }
        tokens
    };
    let (a, b, c) = (tokens(before), tokens(middle), tokens(after));
    let number = |text: &str| text.parse::<f64>().ok();
    let lies = |a: &str, b: &str, c: &str| match (number(a), number(b), number(c)) {
        _ if a == c => a == b,
        (Some(a), Some(b), Some(c)) => a.min(c) <= b && b <= a.max(c),
        _ => false,
    };
    a.len() == b.len() && b.len() == c.len() && (0..a.len()).all(|i| lies(&a[i], &b[i], &c[i]))
}

fn run(program: impl AsRef<OsStr>, words: &[OsString]) -> Ran {
    run_in("/", program.as_ref(), words, None)
}

fn run_in(dir: &str, program: &OsStr, words: &[OsString], ip: Option<&str>) -> Ran {
    let mut command = Command::new(program);
    command.args(words).current_dir(dir).env_clear().env("PATH", PATH).env("LC_ALL", "C");
    command.envs(ip.map(|ip| ("IP", ip)));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    let Ok(output) = receive.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        return Ran {
            code: -1,
            stderr: format!("does not end within {PATIENCE:?}: {program:?} {words:?}\n"),
            ..Ran::default()
        };
    };
    let output = output.unwrap();
    // Bytes that are no text stay different where they were.
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|e| e.as_bytes().escape_ascii().to_string());
    let name = Path::new(program).file_name().unwrap().to_string_lossy();
    let (mut stdout, mut stderr) = (text(output.stdout), text(output.stderr));
    if name.contains("tables") {
        stdout = without_dates(&stdout);
        let wrong = [2, 3].contains(&output.status.code().unwrap_or(-1)) && !stderr.is_empty();
        stderr = if wrong { format!("{name}: words\n") } else { stderr };
    }
    Ran { code: output.status.code().unwrap_or(-1), stdout, stderr, requests: Vec::new() }
}

/// What iptables-save says, without when it said that.
fn without_dates(text: &str) -> String {
    text.split_inclusive('\n').filter(|l| !l.starts_with("# Generated") && !l.starts_with("# Completed")).collect()
}

#[derive(Debug, PartialEq)]
struct Difference {
    part: Part,
    text: String,
}

fn compare(ours: &Ran, theirs: &Ran) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut differs = |part, text| differences.push(Difference { part, text });
    if ours.code != theirs.code {
        differs(Part::Code, format!("    ours {}, theirs {}\n", ours.code, theirs.code));
    }
    if ours.requests != theirs.requests {
        let list = |who, requests: &[Request]| requests.iter().map(|r| format!("    {who}: {r}\n")).collect::<String>();
        differs(Part::Request, list("ours  ", &ours.requests) + &list("theirs", &theirs.requests));
    }
    if ours.stdout != theirs.stdout {
        differs(Part::Stdout, first_difference(&ours.stdout, &theirs.stdout));
    }
    let stderr = without_hints(&ours.stderr, &theirs.stderr);
    if stderr != theirs.stderr {
        differs(Part::Stderr, first_difference(&stderr, &theirs.stderr));
    }
    differences
}

/// Ours without the lines behind its first that begin with two spaces and that theirs has not there.
fn without_hints(ours: &str, theirs: &str) -> String {
    let mut theirs = theirs.split_inclusive('\n').peekable();
    let mut kept = String::new();
    for line in ours.split_inclusive('\n') {
        if theirs.peek() == Some(&line) {
            theirs.next();
        } else if line.starts_with("  ") && !kept.is_empty() {
            continue;
        }
        kept.push_str(line);
    }
    kept
}

/// The first line that differs, of each, and the one before; of long lines, what is around the first difference.
fn first_difference(ours: &str, theirs: &str) -> String {
    const AROUND: usize = 60;
    let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (lines(ours), lines(theirs));
    let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let line = |lines: &[String]| lines.get(at).map_or(Vec::new(), |l| l.chars().collect());
    let (a, b): (Vec<char>, Vec<char>) = (line(&ours), line(&theirs));
    let from = a.iter().zip(&b).take_while(|(a, b)| a == b).count().saturating_sub(AROUND);
    let part = |chars: &[char]| {
        let text = chars.iter().skip(from).take(2 * AROUND).collect::<String>();
        let (left, right) = (from > 0, chars.len() > from + 2 * AROUND);
        let dots = |cut: bool| if cut { "…" } else { "" };
        if chars.is_empty() { "(end)".to_owned() } else { format!("{}{text:?}{}", dots(left), dots(right)) }
    };
    let mut text = String::new();
    if let Some(before) = at.checked_sub(1) {
        let chars = ours[before].chars().take(2 * AROUND).collect::<String>();
        writeln!(text, "    line {at}: {chars:?}").unwrap();
    }
    let number = at + 1;
    writeln!(text, "    ours   {number}: {}\n    theirs {number}: {}", part(&a), part(&b)).unwrap();
    text
}

/// What is wrong with a case; nothing: it agrees, or differs where it is meant to and only there.
fn judge(case: &Case, ours: &Done, theirs: &Done) -> String {
    // (where, difference)
    let mut found: Vec<(String, &Difference)> = Vec::new();
    let once;
    match (ours, theirs) {
        (Done::Once(ours), Done::Once(theirs)) if !case.compared() => {
            let fails = |ran: &Ran| ran.code != 0;
            return match &*case.verb {
                "both" if fails(ours) || fails(theirs) => format!("  theirs failed: {}{}", ours.stderr, theirs.stderr),
                "try" if ours.code != theirs.code => format!("  only in one world: {}{}", ours.stderr, theirs.stderr),
                _ => String::new(),
            };
        }
        (Done::Once(ours), Done::Once(theirs)) => {
            once = compare(ours, theirs);
            found.extend(once.iter().map(|d| (String::new(), d)));
        }
        (Done::Shown(ours), Done::Shown(theirs)) => {
            for (world, shown) in [("OURS", ours), ("THEIRS", theirs)] {
                let differences = shown.iter().flat_map(|(mode, ds)| ds.iter().map(move |d| (mode, d)));
                found.extend(
                    differences
                        .map(|(mode, d)| (format!(" ({world}{}{mode})", if mode.is_empty() { "" } else { " " }), d)),
                );
            }
        }
        _ => return String::new(),
    }
    let mut verdict = String::new();
    for mark in case.marks.iter().filter(|m| !found.iter().any(|(_, d)| d.part == **m)) {
        writeln!(verdict, "  no longer differs: {mark:?}; take the mark away").unwrap();
    }
    // The same difference in several modes and worlds is told once.
    let mut told: BTreeMap<(Part, &str), Vec<&str>> = BTreeMap::new();
    for (place, d) in found.iter().filter(|(_, d)| !case.marks.contains(&d.part)) {
        told.entry((d.part, &d.text)).or_default().push(place);
    }
    let rest = told.len().saturating_sub(4);
    for ((part, text), places) in told.into_iter().take(4) {
        write!(verdict, "  {part:?}{}\n{text}", places.concat()).unwrap();
    }
    if rest > 0 {
        writeln!(verdict, "  … and {rest} more").unwrap();
    }
    verdict
}

// The engine itself.

#[test]
fn a_changed_request_differs_and_a_changed_number_of_its_own_does_not() {
    let ran = |trace: &str| Ran { requests: requests(trace), ..Ran::default() };
    let differs = |from: &str, to: &str| {
        let changed = TRACE.replace(from, to);
        assert_ne!(changed, TRACE);
        compare(&ran(&changed), &ran(TRACE)).iter().any(|d| d.part == Part::Request)
    };
    assert!(differs("01 00 00 00 01 00 00 00", "01 00 00 00 00 00 00 00"));
    assert!(differs("10 00 05 00  c8", "10 00 05 06  c8"));
    assert!(differs("netns/red", "netns/blue"));
    assert!(differs("TUNSETIFF", "TUNSETPERSIST"));
    assert!(!differs("c8 32 06 6b", "01 00 00 00"));
    assert!(!differs("0x7ffc002ad2b0", "0x7ffc002ad2c0"));
    assert!(!differs("c9 32", "c7 32"));
}

#[test]
fn what_changes_by_itself_lies_between() {
    assert!(between("lft 12sec x", "lft 11sec x", "lft 10sec x"));
    assert!(between("timer 0.90", "timer 1.02", "timer 1.1"));
    assert!(!between("lft 12sec x", "lft 9sec x", "lft 10sec x"));
    assert!(!between("a 1 lft 12", "a 2 lft 12", "a 1 lft 10"));
    assert!(!between("lft 12sec", "lft 12 sec", "lft 11sec"));
}

#[test]
fn hints_behind_the_first_line_are_dropped_and_nothing_else() {
    let stderr = |ours: &str, theirs: &str| without_hints(ours, theirs) == theirs;
    assert!(stderr("Error: a.\n  hint\n  b\n", "Error: a.\n"));
    assert!(stderr("Error: a.\n  hint\nfailed -:1\n", "Error: a.\nfailed -:1\n"));
    assert!(!stderr("  hint\nError: a.\n", "Error: a.\n"));
    assert!(!stderr("Error: a.\n hint\n", "Error: a.\n"));
    assert!(!stderr("Usage: a\n  b\n", "Usage: a\n  c\n"));
    assert!(!stderr("Error: a.", "Error: a.\n"));
}

#[test]
fn a_mark_that_no_longer_holds_is_a_failure() {
    let cases = parse("t", "# comment\n\nfail link ## stderr,code: better words\nrun link set 'a b' up", "fail");
    assert_eq!((cases[0].line, cases[1].line, cases.len()), (3, 4, 2));
    assert_eq!((&*cases[1].words[2].to_string_lossy(), cases[0].wanted, cases[1].wanted), ("a b", true, false));
    let ran = |code, stderr: &str| Done::Once(Ran { code, stderr: stderr.to_owned(), ..Ran::default() });
    let judge = |ours: &Done| judge(&cases[0], ours, &ran(1, "x\n"));
    assert_eq!(judge(&ran(2, "y\n")), "");
    assert_eq!(judge(&ran(1, "y\n")), "  no longer differs: Code; take the mark away\n");
    assert_eq!(judge(&ran(1, "x\n")).lines().count(), 2);
    let stdout = Done::Once(Ran { code: 2, stdout: "z".to_owned(), stderr: "y\n".to_owned(), ..Ran::default() });
    assert!(judge(&stdout).starts_with("  Stdout"));
}
