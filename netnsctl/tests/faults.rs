//! A fault at each system call of each command that changes something, in turn: an error, or death. What is left is either
//! the state before, and an error that says so, or the state after, and success; and what death leaves, the same command
//! heals. The commands are in faults/commands.table.
//!
//! `FAULTS=all` injects every fault at every call, and `FAULTS=WORDS` in the commands that contain these words; else a sample
//! of them is taken. strace(1) injects.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;
mod world;

use program::ok;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};
use world::{MARK, PLAN, state};

/// As an `apply` leaves it that was killed.
const CUT_OFF: &str = "netnsctl plan\nfile /run/h\nns h1\nns h2\nlink - INDEX br0\n";

const LINES: &str = "addr add 10.0.0.1/24 dev v0\naddr add 10.0.1.1/24 dev v0\nrule add table 7 pref 7\n";

/// Faults that the kernel does not know: brk(2) never fails with an error number, who a process is is always told, futex(2)
/// of private memory allocates nothing, and close(2) frees the descriptor whatever it says, as an injected error does not.
const IMPOSSIBLE: &[(&str, &str)] =
    &[("brk", ""), ("getpid", ""), ("gettid", ""), ("geteuid", ""), ("getuid", ""), ("close", ""), ("futex", "ENOMEM")];

/// The error that is most likely to happen to a call.
const LIKELY: &[(&str, &str)] = &[
    ("openat", "EMFILE"),
    ("socket", "EMFILE"),
    ("mount", "ENOSPC"),
    ("umount2", "EBUSY"),
    ("mkdir", "ENOSPC"),
    ("unshare", "ENOSPC"),
    ("setns", "EPERM"),
    ("sendmsg", "ENOBUFS"),
    ("recvmsg", "ENOBUFS"),
    ("unlink", "EBUSY"),
    ("unlinkat", "EBUSY"),
    ("mknodat", "ENOSPC"),
    ("bind", "EADDRINUSE"),
    ("clone", "EAGAIN"),
    ("clone3", "EAGAIN"),
    ("execve", "EACCES"),
    ("write", "ENOSPC"),
    ("read", "EIO"),
    ("setsockopt", "ENOPROTOOPT"),
    ("getsockname", "ENOBUFS"),
    ("flock", "ENOLCK"),
    ("move_mount", "EINVAL"),
    ("open_tree", "EPERM"),
    ("fsopen", "EPERM"),
    ("ioctl", "EPERM"),
    ("capget", "EINVAL"),
    ("capset", "EPERM"),
    ("prctl", "EPERM"),
    ("statfs", "EIO"),
    ("fstatfs", "EIO"),
    ("statx", "EIO"),
    ("chdir", "EACCES"),
    ("pidfd_open", "ESRCH"),
    ("ftruncate", "EIO"),
    ("getdents64", "EIO"),
];

/// One line of the table.
struct Case {
    before: Vec<&'static str>,
    command: &'static str,
    /// What takes back that part of it which was done when it was killed, as the same command says of it that it is there.
    back: Option<&'static str>,
    /// It does many things. When some of them fail, each is told, the others are done, and it can be run again for the rest.
    many: bool,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("faults/commands.table").lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines.map(case).collect()
}

fn case(line: &'static str) -> Case {
    let (before, command) = line.split_once("=>").unwrap_or(("", line));
    let before = before.split(';').map(str::trim).filter(|b| !b.is_empty()).collect();
    let (command, back) =
        command.split_once("<=").map_or((command, None), |(command, back)| (command, Some(back.trim())));
    let command = command.trim();
    Case { before, command: command.trim_start_matches("~ "), back, many: command.starts_with('~') }
}

/// Makes what is there before the command.
fn prepare(case: &Case) {
    use std::os::unix::fs::PermissionsExt as _;
    for conf in ["all", "default"] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"), "1");
    }
    for (file, text) in [("mark", MARK), ("h", PLAN), ("lines", LINES)] {
        fs::write(format!("/run/{file}"), text).unwrap();
    }
    fs::set_permissions("/run/mark", fs::Permissions::from_mode(0o755)).unwrap();
    let lines = case.before.iter().flat_map(|line| match *line {
        "pair" => vec!["link add v0 type veth peer name v1", "link set v0 up", "link set v1 up"],
        line => vec![line],
    });
    for line in lines {
        match line {
            "stale" => {
                fs::create_dir("/run/netns").unwrap();
                fs::write("/run/netns/x", "").unwrap();
            }
            "cut-off" => {
                ok("netns add h1");
                fs::write("/run/netns/h2", "").unwrap();
                ok("link add br0 type bridge");
                let index = fs::read_to_string("/sys/class/net/br0/ifindex");
                let index = index.unwrap_or_else(|_| ok("-o link show br0").split(':').next().unwrap().to_owned());
                fs::DirBuilder::new().create("/run/netnsctl.plans").unwrap();
                fs::set_permissions("/run/netnsctl.plans", fs::Permissions::from_mode(0o700)).unwrap();
                fs::write("/run/netnsctl.plans/h", CUT_OFF.replace("INDEX", index.trim())).unwrap();
            }
            line => drop(ok(&words(line).join(" "))),
        }
    }
}

/// The words of a command, with the paths of the files there are.
fn words(line: &str) -> Vec<String> {
    let word = |word: &str| match word {
        "mark" | "h" | "lines" => format!("/run/{word}"),
        word => word.to_owned(),
    };
    line.split(' ').map(word).collect()
}

/// How a command ended: exit code (-1: killed by a signal, -2: not at all), standard error.
fn strace(fault: &str, command: &str) -> (i32, String) {
    let _ = fs::remove_file("/run/trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-o", "/run/trace", "-s", "0"]);
    if let Some((call, _)) = fault.split_once(':') {
        strace.args(["-e", &format!("trace={call}"), "-e", &format!("inject={fault}")]);
    }
    strace.arg(env!("CARGO_BIN_EXE_netnsctl")).args(words(command));
    // Where Cargo would have it look for libraries first.
    strace.env_remove("LD_LIBRARY_PATH");
    // A file: what the program started may still have a pipe when it has ended.
    let err = fs::File::create("/run/trace.err").unwrap();
    let mut child = strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(err).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code().unwrap_or_else(|| -status.signal().unwrap_or(1)),
            None if Instant::now() > end => {
                child.kill().unwrap();
                child.wait().unwrap();
                break -1000;
            }
            None => thread::sleep(Duration::from_millis(1)),
        }
    };
    let said = fs::read_to_string("/run/trace.err").unwrap();
    fs::remove_file("/run/trace.err").unwrap();
    (status, said)
}

/// One command with one fault, in a world of its own: prints what is to be known of it.
fn one(case: &Case, fault: &str, want: Option<(String, String)>) {
    prepare(case);
    let before = if want.is_none() { state() } else { String::new() };
    let (code, said) = strace(fault, case.command);
    let after = state();
    let Some((before, want)) = want else {
        assert_eq!(code, 0, "{} => {}: {said}", case.before.join("; "), case.command);
        fs::write(file("before"), before).unwrap();
        fs::write(file("after"), after).unwrap();
        fs::copy("/run/trace", file("trace")).unwrap();
        return;
    };
    let trace = fs::read_to_string("/run/trace").unwrap_or_default();
    let killed = code == -9 || trace.contains("killed by SIGKILL");
    if !killed && !trace.contains("(INJECTED)") {
        return println!("RESULT missed");
    }
    let difference = |from: &str, to: &str| {
        let (from, to): (BTreeSet<_>, BTreeSet<_>) = (from.lines().collect(), to.lines().collect());
        let gone = from.difference(&to).map(|l| format!("-{l}"));
        gone.chain(to.difference(&from).map(|l| format!("+{l}"))).collect::<Vec<_>>().join(" ")
    };
    let violation = if code == -1000 {
        Some("it hangs".into())
    } else if killed || case.many && code > 0 && after != before && !said.trim().is_empty() {
        let heals = after == want || {
            case.back.map(|back| strace("", back));
            let (code, said) = strace("", case.command);
            let healed = state();
            if healed == want && (code == 0 || case.many) {
                true
            } else {
                println!("again: {code} {} {}", said.trim(), difference(&want, &healed));
                false
            }
        };
        (!heals).then(|| format!("what is left is not healed: {}", difference(&want, &after)))
    } else if code < 0 {
        Some("it crashes".into())
    } else if !fault.contains(":when=") && code != 0 && !NEEDED.iter().any(|call| fault.starts_with(call)) {
        Some("it cannot do without".into())
    } else if code == 0 {
        (after != want).then(|| format!("exit 0, but {}", difference(&want, &after)))
    } else if said.trim().is_empty() {
        Some("no word of an error".into())
    } else if said.contains("whether it was done is not known") {
        (!fault.contains("..")).then(|| "an answer is there to be had".into())
    } else if said.contains("cannot write the output") {
        (after != want).then(|| "it is not done".into())
    } else if after == want && want != before {
        Some("an error, but it is done".into())
    } else {
        (after != before).then(|| format!("an error, and {}", difference(&before, &after)))
    };
    let kind = if killed {
        "killed"
    } else if code == 0 {
        "tolerated"
    } else {
        "refused"
    };
    println!("RESULT {kind}");
    if let Some(violation) = violation {
        println!(
            "VIOLATION {} => {} with {fault}: exit {code}: {violation}: {}",
            case.before.join("; "),
            case.command,
            said.trim()
        );
    }
}

/// Where the worlds tell each other of what they have found.
fn file(what: &str) -> String {
    let dir = std::env::var("FAULTS_DIR").unwrap();
    format!("{dir}/{what}{}", std::env::var("FAULTS_CASE").unwrap())
}

/// What to do to a command whose calls these were: call, which of them, and the fault.
fn faults(trace: &str, all: bool) -> Vec<String> {
    const NO_FAULT: &[&str] = &[
        "exit",
        "exit_group",
        "rt_sigreturn",
        "arch_prctl",
        "set_tid_address",
        "set_robust_list",
        "rseq",
        "restart_syscall",
    ];
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut seen, mut found, mut began, mut turn) = (BTreeSet::new(), Vec::new(), false, 0_usize);
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
        // musl has no second way to memory: without mmap(2) a program ends, as it may at any call, which is tried below. Its
        // first futex(2) wakes, which cannot fail.
        let of_musl = cfg!(target_env = "musl") && ["mmap", "futex"].contains(&call);
        if !call.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') || NO_FAULT.contains(&call) || of_musl {
            continue;
        }
        let count = counts.entry((pid, call)).or_default();
        *count += 1;
        let (first, n) = (call == "execve" && *count == 1 && seen.is_empty(), *count);
        // What goes before is the loader's and the C library's, which say no word and crash, and has changed nothing.
        began |= call == "fcntl";
        if first || !seen.insert((call, n)) || !began {
            continue;
        }
        let errors = ["ENOMEM", "EINTR", LIKELY.iter().find(|l| l.0 == call).map_or("", |l| l.1)];
        let possible = |error: &&str| {
            !error.is_empty() && !IMPOSSIBLE.iter().any(|i| i.0 == call && (i.1.is_empty() || i.1 == *error))
        };
        let errors = errors.iter().copied().filter(possible).map(|error| format!("{call}:error={error}:when={n}"));
        let mut these: Vec<String> = errors.chain([format!("{call}:signal=SIGKILL:when={n}")]).collect();
        if !all {
            turn += 1;
            // One in three, each with one of its faults in turn.
            these = if turn % 3 == 0 { vec![these.swap_remove(turn / 3 % these.len())] } else { Vec::new() };
        }
        found.extend(these);
        // What comes behind is the program's that was executed.
        if call == "execve" && began && !rest.contains("-1 E") {
            break;
        }
    }
    found
}

/// Runs each case and judges it with each of the faults that `select` makes of its calls, in worlds of their own.
fn sweep(test: &str, cases: &[Case], select: impl Fn(&Case, &str) -> Vec<String> + Sync) {
    if sandbox::mode().as_deref() == Some("world") {
        sandbox::set_up();
        let case = &cases[std::env::var("FAULTS_CASE").unwrap().parse::<usize>().unwrap()];
        let fault = std::env::var("FAULTS_FAULT").unwrap();
        let read = |what| fs::read_to_string(file(what)).unwrap();
        return one(case, &fault, (!fault.is_empty()).then(|| (read("before"), read("after"))));
    }
    if !sandbox::have("strace") {
        return eprintln!("{test}: SKIPPED: needs strace");
    }
    let dir = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let run = |case: usize, fault: &str| {
        let world = sandbox::again(test, "world").env("FAULTS_DIR", Some(dir.as_os_str()));
        let world =
            world.env("FAULTS_CASE", Some(case.to_string().as_ref())).env("FAULTS_FAULT", Some(OsStr::new(fault)));
        sandbox::output(sandbox::in_sandbox(netns_sys::NsFlags::empty(), world))
    };
    let next = AtomicUsize::new(0);
    let found = Mutex::new((BTreeMap::<String, usize>::new(), Vec::<String>::new()));
    thread::scope(|scope| {
        // Most of the time, the kernel makes those wait who make and leave namespaces.
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) * 4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    run(at, "");
                    let trace = fs::read_to_string(dir.join(format!("trace{at}"))).unwrap();
                    for fault in select(case, &trace) {
                        let text = run(at, &fault);
                        let mut found = found.lock().unwrap();
                        for kind in text.lines().filter_map(|l| l.split("RESULT ").nth(1)) {
                            *found.0.entry(kind.to_owned()).or_default() += 1;
                        }
                        let lines = text.lines().filter(|l| l.starts_with("VIOLATION") || l.starts_with("again"));
                        found.1.extend(lines.map(str::to_owned));
                    }
                }
            });
        }
    });
    fs::remove_dir_all(&dir).unwrap();
    let (kinds, violations) = found.into_inner().unwrap();
    println!("{kinds:?}");
    let count = violations.iter().filter(|v| v.starts_with("VIOLATION")).count();
    assert!(count == 0, "{count} violations:\n{}", violations.join("\n"));
}

#[test]
fn a_fault_changes_nothing_or_is_of_no_consequence() {
    let wanted = std::env::var("FAULTS").unwrap_or_default();
    let all = !wanted.is_empty();
    let cases: Vec<Case> = cases().into_iter().filter(|c| wanted == "all" || c.command.contains(&wanted)).collect();
    sweep("a_fault_changes_nothing_or_is_of_no_consequence", &cases, |_, trace| faults(trace, all));
}

/// Calls that old kernels do not have, and that filters made before them refuse.
const NEWER: &[&str] = &[
    "openat2",
    "open_tree",
    "move_mount",
    "mount_setattr",
    "clone3",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "statx",
    "close_range",
    "fsopen",
    "fsconfig",
    "fsmount",
    "getrandom",
    "rseq",
    "prlimit64",
    "memfd_create",
    "bpf",
    "execveat",
    "faccessat2",
    "waitid",
    "listns",
];

/// There is no way around these, on Linux 4.20 (statx), for processes 5.4. Threads are made by the C library, for which clone3
/// may be missing, but not be refused.
const NEEDED: &[&str] = &["statx", "pidfd_open", "waitid", "clone3:error=EPERM"];

#[test]
fn what_a_kernel_or_a_filter_lacks_is_done_without() {
    sweep("what_a_kernel_or_a_filter_lacks_is_done_without", &cases(), |_, trace| {
        let newer = NEWER.iter().filter(|call| trace.contains(&format!(" {call}(")));
        newer.flat_map(|call| ["ENOSYS", "EPERM"].map(|error| format!("{call}:error={error}"))).collect()
    });
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again() {
    sweep("an_answer_that_is_lost_is_asked_for_again", &cases(), |case, trace| {
        // Many at once cannot be asked for again. A plan takes back what it does not know.
        let (all, alone) = (trace.matches(" recvmsg(").count(), !case.many && !case.command.contains("-batch"));
        (1..=all).filter(|_| alone).map(|n| format!("recvmsg:error=EAGAIN:when={n}..{}", n + 1)).collect()
    });
}

/// What the C library does for memory and threads, and how all end.
const COMMON: &[&str] = &[
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "futex",
    "getrandom",
    "fcntl",
    "set_robust_list",
    "rseq",
    "exit",
    "exit_group",
    "prlimit64",
    "rt_sigreturn",
    "restart_syscall",
];

/// Which calls each command made, by the words it begins with.
/// musl makes older calls, as docs/SYSCALLS.md says.
fn as_in_glibc(call: &str) -> &str {
    match call {
        "open" if cfg!(target_env = "musl") => "openat",
        "stat" | "lstat" | "fstat" if cfg!(target_env = "musl") => "statx",
        call => call,
    }
}

static CALLS: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

#[test]
fn every_system_call_is_documented() {
    let reading = include_str!("faults/reading.table").lines();
    let cases: Vec<Case> = cases().into_iter().chain(reading.filter(|l| !l.starts_with('#')).map(case)).collect();
    sweep("every_system_call_is_documented", &cases, |case, trace| {
        let words: Vec<&str> = case.command.split(' ').collect();
        let words = if words[0] == "-n" {
            &words[2..]
        } else if words[0] == "-all" || words[0] == "-j" {
            &words[1..]
        } else {
            &words
        };
        let single =
            ["apply", "down", "gc", "run", "enter", "ls", "who", "status", "-batch", "check"].contains(&words[0]);
        let name =
            if single { words[0].to_owned() } else { words.iter().take(2).copied().collect::<Vec<_>>().join(" ") };
        let mut calls = CALLS.lock().unwrap();
        let calls = calls.entry(name).or_default();
        let mut began = false;
        for line in trace.lines() {
            let call = line.split_once(' ').and_then(|(_, rest)| rest.trim_start().split_once('(')).map_or("", |l| l.0);
            began |= call == "fcntl";
            if began
                && !call.is_empty()
                && call.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
                && !COMMON.contains(&call)
            {
                calls.insert(as_in_glibc(call).to_owned());
            }
            if call == "execve" && began && !line.contains("-1 E") {
                break;
            }
        }
        Vec::new()
    });
    let calls = CALLS.lock().unwrap();
    if calls.is_empty() {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/SYSCALLS.md");
    let text = fs::read_to_string(path).unwrap();
    let (begin, end) =
        ("<!-- calls: written by SYSCALLS=write cargo test -p netnsctl --test faults -->\n", "<!-- end of calls -->");
    let (head, rest) = text.split_once(begin).unwrap();
    let (table, tail) = rest.split_once(end).unwrap();
    if std::env::var("SYSCALLS").is_ok_and(|v| v == "write") {
        let line = |(name, calls): (&String, &BTreeSet<String>)| {
            format!("| `{name}` | {} |\n", calls.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
        };
        let rows: String = calls.iter().filter(|c| !c.1.is_empty()).map(line).collect();
        let table = format!("\n| command | calls |\n| --- | --- |\n{rows}\n");
        return fs::write(path, format!("{head}{begin}{table}{end}{tail}")).unwrap();
    }
    let known: BTreeMap<&str, BTreeSet<&str>> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, calls)| (name, calls.trim_end_matches(" |").split(' ').collect()))
        .collect();
    // Instead of what an older kernel, a filter or an ordinary user does not have.
    let instead: BTreeSet<&str> = head.split_once("\n## Instead").unwrap().1.split('`').skip(1).step_by(2).collect();
    for (name, calls) in calls.iter().filter(|c| !c.1.is_empty()) {
        let calls: BTreeSet<&str> = calls.iter().map(String::as_str).collect();
        let documented = known.get(&**name).unwrap_or_else(|| panic!("docs/SYSCALLS.md says nothing of {name}"));
        let new: Vec<_> = calls.difference(documented).filter(|call| !instead.contains(**call)).collect();
        assert!(new.is_empty(), "{name} makes calls that docs/SYSCALLS.md does not have: {new:?}");
        // As root on a new kernel, all of them are made; those of glibc, that is.
        if netns_sys::process::user() == 0 && sandbox::linux(6, 11) && cfg!(not(target_env = "musl")) {
            let gone: Vec<_> = documented.difference(&calls).filter(|call| !instead.contains(**call)).collect();
            assert!(gone.is_empty(), "{name} does not make calls that docs/SYSCALLS.md has: {gone:?}");
        }
    }
}
