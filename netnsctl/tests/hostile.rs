//! Surroundings that somebody else has prepared, or nobody: odd files, swaps, limits, closed streams, full and read-only file
//! systems. What was there is there afterwards, nothing hangs, and what cannot be done is said.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;
mod world;

use netns_sys::{Dir, Ns};
use program::{Outcome, fails, netnsctl, ok, outcome, run};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

/// Runs a script, in which `$0` is the program.
fn shell(script: &str) -> Outcome {
    outcome(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_netnsctl")]), "")
}

#[test]
fn a_directory_that_anybody_can_write_to_is_warned_of() {
    sandbox::run("a_directory_that_anybody_can_write_to_is_warned_of", || {
        ok("netns add a");
        for mode in [0o777, 0o1777, 0o757] {
            fs::set_permissions("/run/netns", fs::Permissions::from_mode(mode)).unwrap();
            for line in ["netns add b", "netns delete b"] {
                let (code, _, err) = run(line);
                assert!(code == 0 && err.contains("anybody") && err.contains("/var/run/netns"), "{line}: {err}");
            }
            let (code, _, err) = run("ip netns add b");
            assert_eq!((code, &*err), (0, ""), "`ip` says nothing");
            run("netns delete b");
        }
        fs::set_permissions("/run/netns", fs::Permissions::from_mode(0o755)).unwrap();
        ok("netns add b");
    });
}

#[test]
fn what_is_swapped_while_it_is_looked_at_is_not_mistaken() {
    sandbox::run("what_is_swapped_while_it_is_looked_at_is_not_mistaken", || {
        let dir = Dir::default();
        let (other, home) = (dir.add("other".as_ref()).unwrap(), Ns::current().unwrap().id().unwrap());
        fs::write("/run/netns/content", "keep").unwrap();
        assert!(Command::new("mkfifo").arg("/run/netns/fifo").status().unwrap().success());
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let links = [
                    "/run/content",
                    "/run/fifo",
                    "/run/netns/other",
                    "/proc/self/ns/net",
                    "/proc/self/ns/uts",
                    "/dev/tty",
                ];
                for target in links.iter().cycle() {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    symlink(target, "/run/netns/new").unwrap();
                    fs::rename("/run/netns/new", "/run/netns/x").unwrap();
                    let _ = fs::remove_file("/run/netns/x");
                    // In its place: a name whose namespace is gone, content, a FIFO.
                    let _ = fs::write("/run/netns/x", "");
                    let _ = fs::hard_link("/run/netns/content", "/run/netns/new")
                        .and_then(|()| fs::rename("/run/netns/new", "/run/netns/x"));
                    let _ = fs::hard_link("/run/netns/fifo", "/run/netns/new")
                        .and_then(|()| fs::rename("/run/netns/new", "/run/netns/x"));
                }
            });
            let name = OsStr::new("x");
            for _ in 0..3000 {
                if let Ok(ns) = dir.open(name) {
                    let id = ns.id().unwrap();
                    assert!(id == other.id().unwrap() || id == home, "another namespace");
                }
                let _ = dir.remove(name);
                let _ = dir.list();
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(fs::read_to_string("/run/netns/content").unwrap(), "keep");
        assert_eq!(sandbox::mounts_at("/run/netns/other").len(), 1, "what a link points to stays");
        assert!(fs::symlink_metadata("/run/netns/fifo").is_ok());
    });
}

#[test]
fn mounts_at_odd_paths_are_found() {
    sandbox::run("mounts_at_odd_paths_are_found", || {
        let path = "/run/a b\\040c\nd\te#f";
        fs::write(path, "").unwrap();
        let ns = Ns::create().unwrap();
        let mounted =
            ns.run(|| Command::new("mount").args(["--bind", "/proc/thread-self/ns/net", path]).status().unwrap());
        if !mounted.unwrap().success() {
            return sandbox::skip("mount");
        }
        let inode = ns.id().unwrap().ino.to_string();
        drop(ns);
        let text = ok("gc");
        let line = text.lines().find(|line| line.contains(&inode)).unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains(r"/run/a b\\040c\nd\te#f"), "{line}");
        ok("gc --yes");
        assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains("040c"), "it is not mounted any more");
    });
}

#[test]
fn closed_streams_are_no_files_to_write_to() {
    sandbox::run("closed_streams_are_no_files_to_write_to", || {
        fs::write("/run/h", world::PLAN).unwrap();
        let fds = shell("ls /proc/self/fd >/run/fds; cat /run/fds").1;
        for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
            assert_eq!(
                shell(&format!("exec \"$0\" netns add x {closed}")),
                (0, String::new(), String::new()),
                "{closed}"
            );
            let code = shell(&format!("exec \"$0\" netns add x {closed}")).0;
            assert_eq!(code, 1, "{closed}: the name is taken");
            assert_eq!(fs::metadata("/run/netns/x").unwrap().len(), 0);
            let (code, _, err) = shell(&format!("exec \"$0\" apply /run/h {closed}"));
            assert_eq!((code, &*err), (0, ""), "{closed}");
            let journal = fs::read_to_string("/run/netnsctl.plans/h").unwrap();
            assert!(journal.starts_with("netnsctl plan\n") && journal.ends_with("\ndone\n"), "{closed}: {journal}");
            shell(&format!("exec \"$0\" apply /run/nowhere {closed}"));
            assert_eq!(fs::read_to_string("/run/netnsctl.plans/h").unwrap(), journal);
            let code = shell(&format!("exec \"$0\" down h {closed}")).0;
            assert_eq!(code, 0, "{closed}");
            let inside = shell(&format!("exec \"$0\" netns exec x sh -c 'ls /proc/self/fd >/run/fds' {closed}"));
            assert_eq!((inside.0, fs::read_to_string("/run/fds").unwrap()), (0, fds.clone()), "{closed}: none is ours");
            ok("netns delete x");
        }
    });
}

#[test]
fn output_that_is_lost_is_told_unless_nobody_wants_it() {
    sandbox::run("output_that_is_lost_is_told_unless_nobody_wants_it", || {
        let names: String = (0..3000).map(|i| format!("n{i} ")).collect();
        fs::create_dir("/run/netns").unwrap();
        names.split_whitespace().for_each(|name| fs::write(format!("/run/netns/{name}"), "").unwrap());
        for line in
            ["netns", "-d netns", "-j netns", "link show", "-j link show", "route show table all", "ls", "status"]
        {
            let full = fs::File::options().write(true).open("/dev/full").unwrap();
            let output = netnsctl(line.split(' ')).stdout(full).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            // What has nothing to say has nothing to lose.
            if !run(line).1.is_empty() {
                assert!(output.status.code() == Some(1) && said.contains("cannot write the output"), "{line}: {said}");
            }
            let (code, out, err) = shell(&format!("{{ \"$0\" {line}; echo $? >/run/code; }} | head -c 1"));
            assert!(code == 0 && out.len() < 2 && !err.contains("cannot write"), "{line}: {err}");
        }
    });
}

#[test]
fn few_descriptors_and_little_memory_are_enough_or_an_error() {
    sandbox::run("few_descriptors_and_little_memory_are_enough_or_an_error", || {
        fs::write("/run/h", world::PLAN).unwrap();
        for conf in ["all", "default"] {
            let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{conf}/disable_ipv6"), "1");
        }
        ok("netns add x");
        ok("netns set x 0"); // by which a link's other end is found
        let (before, mut enough) = (world::state(), 0);
        let lines = [
            ("netns add y", "netns delete y"),
            ("netns add y z{1..20}", "netns delete y z{1..20}"),
            ("link add v0 type veth peer name v1 netns x", "link delete v0"),
            ("apply /run/h", "down /run/h"),
            ("netns exec x true", ""),
            ("run true", ""),
            ("enter x true", ""),
            ("netns", ""),
            ("ls", ""),
        ];
        for limit in
            (3..12).chain([16, 24]).map(|n| format!("-n {n}")).chain(["-l 0", "-f 0", "-s 100"].map(str::to_owned))
        {
            for (line, undo) in lines {
                let (code, _, err) = shell(&format!("ulimit {limit}; exec \"$0\" {line}"));
                if code == 0 {
                    enough += 1;
                    if !undo.is_empty() {
                        ok(undo);
                    }
                } else {
                    // (Of no file at all, SIGXFSZ is the word.)
                    let told = code > 0 && !err.trim().is_empty() || code == -1 && limit == "-f 0";
                    assert!(told, "{limit}: {line}: {code} {err}");
                    if err.contains("could not be taken back") {
                        ok("down /run/h");
                    }
                }
                assert_eq!(world::state(), before, "{limit}: {line}: {code} {err}");
            }
        }
        assert!(enough > 50, "{enough}");
    });
}

#[test]
fn a_read_only_or_full_directory_is_left_as_it_is() {
    sandbox::run("a_read_only_or_full_directory_is_left_as_it_is", || {
        let mount = |words: &str| assert!(Command::new("mount").args(words.split(' ')).status().unwrap().success());
        fs::write("/run/h", world::PLAN).unwrap();
        ok("netns add x");
        for read_only in ["/run/netns", "/run"] {
            mount(&format!("-o remount,bind,ro,nosuid,nodev {read_only}"));
            let before = world::state();
            fails("netns add y", 1, "EROFS");
            fails("netns delete x", 1, "EROFS");
            let (code, _, err) = run("-all netns delete");
            assert!(code == 1 && err.contains("EROFS"), "{err}");
            assert_eq!(world::state(), before, "{read_only}");
        }
        assert_eq!(ok("netns exec x find /sys/class/net/ -type l"), "/sys/class/net/lo\n");
        fails("apply /run/h", 1, "Read-only");
        for again in ["/run", "/run/netns"] {
            mount(&format!("-o remount,bind,rw,nosuid,nodev {again}"));
        }
        ok("netns delete x");
        assert!(Command::new("umount").args(["-l", "/run/netns"]).status().unwrap().success());

        // No inode is left, then no page.
        fs::create_dir("/run/small").unwrap();
        mount("-t tmpfs -o nr_inodes=2 none /run/small");
        fs::create_dir("/run/small/netns").unwrap();
        let full = Dir::at("/run/small/netns").add("y".as_ref()).unwrap_err();
        assert!(full.to_string().contains("ENOSPC"), "{full}");
        assert_eq!(
            (fs::read_dir("/run/small/netns").unwrap().count(), sandbox::mounts_at("/run/small/netns").len()),
            (0, 0)
        );
        mount("-t tmpfs -o size=32k none /run");
        fs::write("/run/h", world::PLAN).unwrap();
        let _ = fs::write("/run/fill", vec![0; 1 << 16]);
        let before = world::state();
        fails("apply /run/h", 1, "No space left");
        let _ = fs::remove_dir("/run/netnsctl.plans");
        assert_eq!(world::state(), before);
        fs::remove_file("/run/fill").unwrap();
        ok("apply /run/h");
        ok("down /run/h");
    });
}

#[test]
fn inherited_masks_and_ignored_signals_change_nothing_and_are_passed_on() {
    sandbox::run("inherited_masks_and_ignored_signals_change_nothing_and_are_passed_on", || {
        ok("netns add a");
        for block in ["", "--block-signal=CHLD", "--block-signal", "--ignore-signal=CHLD", "--ignore-signal"] {
            let env = |line: &str| shell(&format!("exec env {block} \"$0\" {line}"));
            let masks = |line: &str| {
                let (code, out, err) = env(&format!("{line} grep -E ^Sig[BI] /proc/self/status"));
                assert_eq!((code, &*err), (0, ""), "{block}");
                out
            };
            let (_, before, _) = shell(&format!("exec env {block} grep -E ^Sig[BI] /proc/self/status"));
            assert_eq!(masks("netns exec a"), before, "{block}");
            assert_eq!(env("-all netns exec sh -c 'exit 3'").0, 3, "{block}: the end of a child is told");
            for line in ["netns add b", "netns add c d", "netns delete b c d"] {
                assert_eq!(env(line), (0, String::new(), String::new()), "{block} {line}");
            }
        }
    });
}

#[test]
fn names_of_others_cannot_speak_to_a_terminal() {
    sandbox::run("names_of_others_cannot_speak_to_a_terminal", || {
        let odd = OsStr::from_bytes(b"\x1b]0;owned\x07\x9b2J\r\n");
        Dir::default().add(odd).unwrap();
        fs::write("/run/netns/\u{1b}[31m", "").unwrap();
        fs::write("/run/netns/\u{202e}c", "x").unwrap();
        let lines: [&[&str]; 12] = [
            &["netns"],
            &["-d", "netns"],
            &["-all", "netns", "exec", "true"],
            &["ls"],
            &["ls", "--tree"],
            &["gc"],
            &["netns", "exec", "NAME", "/nowhere"],
            &["netns", "set", "NAME", "7"],
            &["netns", "list-id"],
            &["-n", "NAME", "link", "show", "nobody"],
            &["who", "NAME"],
            &["-all", "netns", "delete"],
        ];
        for line in lines {
            let words = line.iter().map(|word| if *word == "NAME" { odd } else { OsStr::new(word) });
            for mode in [None, Some("ip")] {
                let output = netnsctl(mode.into_iter().map(OsStr::new).chain(words.clone()))
                    .stdin(Stdio::null())
                    .output()
                    .unwrap();
                for bytes in [output.stdout, output.stderr] {
                    let text = String::from_utf8(bytes).unwrap_or_else(|_| panic!("{line:?}: bytes that are no text"));
                    let raw = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t') || *c == '\u{202e}');
                    assert_eq!(raw, None, "{line:?}: {text:?}");
                }
            }
        }
    });
}
