//! `netnsctl check`: what it shows here, that each proof can fail, and that it leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::{Ns, NsFlags, Spawn, Stdio};
use netnsctl::cmd::check::{PROOFS, Trouble, World};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_netnsctl");

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn run(program: &mut Command) -> Output {
    program.output().expect("it starts")
}

/// `json` without the value it begins with, and the white space around that; panics if it is none.
fn skip_value(json: &str) -> &str {
    let json = json.trim_start();
    let rest = match json.chars().next().expect("a value") {
        open @ ('{' | '[') => {
            let (close, keyed) = if open == '{' { ('}', true) } else { (']', false) };
            let mut rest = json[1..].trim_start();
            if !rest.starts_with(close) {
                loop {
                    if keyed {
                        assert!(rest.starts_with('"'), "a key: {rest}");
                        rest = skip_value(rest).strip_prefix(':').expect("a colon");
                    }
                    rest = skip_value(rest);
                    match rest.strip_prefix(',') {
                        Some(more) => rest = more.trim_start(),
                        None => break,
                    }
                }
            }
            rest.strip_prefix(close).unwrap_or_else(|| panic!("a {close}: {rest}"))
        }
        '"' => {
            let (mut end, mut escaped) = (None, false);
            for (i, c) in json.char_indices().skip(1) {
                assert!(c >= ' ', "a control character in a string");
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => {
                        end = Some(i);
                        break;
                    }
                    _ => {}
                }
            }
            &json[end.expect("the end of a string") + 1..]
        }
        _ => {
            let len = json.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(json.len());
            let word = &json[..len];
            assert!(matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok(), "a value: {word}");
            &json[len..]
        }
    };
    rest.trim_start()
}

/// The strings that member `key` has, anywhere in `json`.
fn members<'j>(json: &'j str, key: &str) -> Vec<&'j str> {
    let before = format!("\"{key}\":\"");
    json.split(&before).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Nothing is wrong, and text and JSON say the same of the same lines. `command` gives a command without arguments.
fn shows_all(command: impl Fn() -> Command) {
    let lines = run(command().arg("check"));
    let (out, err) = (text(&lines.stdout), text(&lines.stderr));
    assert!(lines.status.success() && err.is_empty(), "{out}{err}");
    let json = run(command().args(["check", "--json"]));
    let (json, err) = (text(&json.stdout), text(&json.stderr));
    assert_eq!((err.as_str(), skip_value(&json)), ("", ""), "{json}");
    // Other people's namespaces come and go.
    let uncounted = |json: &str| {
        let (head, tail) = json.split_once("\"network_namespaces\":").expect("a count");
        [head, tail.trim_start_matches(|c: char| c.is_ascii_digit())].map(str::to_owned)
    };
    let again = text(&run(command().args(["-j", "check"])).stdout);
    assert_eq!(uncounted(&again), uncounted(&json));

    let names: Vec<_> = PROOFS.iter().map(|p| p.name).collect();
    let shown: Vec<_> = members(&json, "name").into_iter().filter(|n| names.contains(n)).collect();
    assert_eq!(shown, names);
    let statuses = members(&json, "status");
    assert_eq!(statuses.len(), names.len() + 1, "the first is that there are namespaces at all");
    for (name, status) in names.iter().zip(&statuses[1..]) {
        let line = out.lines().find(|l| l.trim_start().starts_with(&format!("{name}  "))).expect(name);
        let line = line.trim_start().strip_prefix(name).unwrap().trim_start();
        let status = match *status {
            "missing" => "not in this kernel: CONFIG_",
            "ok" | "skipped" => status,
            other => panic!("{name}: {other}"),
        };
        assert!(line.starts_with(status), "{line}");
        assert!(!line.starts_with("skipped") || *name == "physical devices", "{line}");
    }
    assert!(json.ends_with("\"ok\":true}\n"));
    assert_eq!(json.matches("\"has\":").count(), members(&json, "since").len());
}

#[test]
fn all_that_this_kernel_has_is_shown() {
    sandbox::run("all_that_this_kernel_has_is_shown", || {
        let before = traces("netnsctl");
        shows_all(|| Command::new(PROGRAM));
        assert_eq!(traces("netnsctl"), before);
    });
}

/// The program, where everybody can execute it, under another name.
fn copy(name: &str) -> PathBuf {
    let path = Path::new("/run").join(name);
    fs::copy(PROGRAM, &path).expect("a copy");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

#[test]
fn an_ordinary_user_is_shown_the_same() {
    const TEST: &str = "an_ordinary_user_is_shown_the_same";
    let refused_in_batch = |mut program: Command| {
        let batch = std::env::temp_dir().join(format!("netnsctl-check-{}", std::process::id()));
        fs::write(&batch, "check\n").expect("a file");
        let out = run(program.arg("-b").arg(&batch));
        fs::remove_file(&batch).expect("its end");
        assert_eq!(out.status.code(), Some(1));
        assert!(text(&out.stderr).contains("unless it is run as root"), "{}", text(&out.stderr));
    };
    if sandbox::mode().is_none() && !is_root() {
        shows_all(|| Command::new(PROGRAM));
        return refused_in_batch(Command::new(PROGRAM));
    }
    sandbox::run(TEST, || {
        if !sandbox::have("setpriv") {
            return sandbox::skip("setpriv");
        }
        let program = copy("netnsctl");
        let user = || {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
            command
        };
        shows_all(user);
        refused_in_batch(user());
    });
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("/proc")) == 0
}

#[test]
fn every_proof_of_two_sides_fails_when_both_sides_are_one_namespace() {
    sandbox::run("every_proof_of_two_sides_fails_when_both_sides_are_one_namespace", || {
        let same = |ns: &Ns| Ns::from_fd(ns.as_fd().try_clone_to_owned().unwrap()).unwrap();
        let mut proven = 0;
        for proof in PROOFS {
            // Each in a world of its own: what a failed one leaves is in nobody's way.
            let (a, hub) = (Ns::create().unwrap(), Ns::create().unwrap());
            let mut world = World::of(same(&a), a, hub).unwrap();
            let shown = (proof.show)(&mut world);
            println!("{}: {shown:?}", proof.name);
            match shown {
                Err(Trouble::Failed { expected, .. }) if proof.two_sides => {
                    // Because of what it is about, not because the world is odd.
                    assert_ne!(expected, "the kernel does it", "{}", proof.name);
                    proven += 1;
                }
                Err(Trouble::Missing) => {}
                other => assert!(!proof.two_sides, "{}: {other:?}", proof.name),
            }
            let (a, b, hub) = (Ns::create().unwrap(), Ns::create().unwrap(), Ns::create().unwrap());
            let shown = (proof.show)(&mut World::of(a, b, hub).unwrap());
            assert!(!matches!(shown, Err(Trouble::Failed { .. })), "{} alone: {shown:?}", proof.name);
        }
        assert!(proven > 6, "{proven}");
    });
}

/// What a run could leave behind: names, devices, mounts, processes that are called `name`.
fn traces(name: &str) -> [Vec<String>; 3] {
    let lines = |path: &str| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let devices = lines("/proc/self/net/dev").iter().map(|l| l.split(':').next().unwrap().to_owned()).collect();
    let processes =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|p| fs::read_to_string(p.path().join("comm")).ok());
    let mut others: Vec<_> = processes.filter(|comm| comm.trim() == name).collect();
    others.extend(fs::read_dir("/run").unwrap().flatten().map(|e| e.path().display().to_string()));
    others.sort_unstable();
    [devices, lines("/proc/self/mountinfo"), others]
}

#[test]
fn killed_at_any_moment_it_leaves_nothing() {
    sandbox::run("killed_at_any_moment_it_leaves_nothing", || {
        let name = format!("chk{}", std::process::id());
        let program = copy(&name);
        let before = traces(&name);
        let mut cut_short = 0;
        for moment in 0..40 {
            let null = File::options().write(true).open("/dev/null").unwrap();
            let spawn = Spawn::new(&program).args(["check"]).stdio(Stdio::Out, &null).unwrap();
            let child = spawn.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(moment * 3));
            let _ = child.signal(if moment % 2 == 0 { 9 } else { 2 });
            cut_short += u32::from(!child.wait().unwrap().success());
            assert_eq!(traces(&name), before, "after {moment}");
        }
        assert!(cut_short > 3, "{cut_short}");
    });
}

#[test]
fn it_says_what_is_in_its_way() {
    sandbox::run_in(NsFlags::USER, "it_says_what_is_in_its_way", || {
        for (script, code, says) in [
            ("exec \"$0\" check >/dev/full", 1, "cannot write the output"),
            ("exec \"$0\" check <&- >&-", 0, ""),
            ("exec \"$0\" -n x check", 255, "-n cannot be used with it"),
            ("exec \"$0\" check more", 255, "is too much here"),
            ("mount -t tmpfs none /proc && exec \"$0\" check", 1, "/proc is needed"),
        ] {
            let out = run(Command::new("unshare").args(["-m", "sh", "-c", script, PROGRAM]));
            let err = text(&out.stderr);
            assert_eq!(out.status.code(), Some(code), "{script}: {err}");
            assert!(err.contains(says) && err.is_empty() == says.is_empty(), "{script}: {err}");
        }
        if !sandbox::have("setpriv") {
            return sandbox::skip("setpriv");
        }
        fs::write("/proc/sys/user/max_user_namespaces", "0").expect("a limit of this user namespace");
        let out = run(Command::new("setpriv").args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM, "check"]));
        let err = text(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{err}");
        assert!(err.contains("max_user_namespaces is 0") && err.contains("or run it as root"), "{err}");
    });
}
