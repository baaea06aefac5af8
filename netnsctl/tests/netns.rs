//! `netns`, batches, and what happens to bad input: the built program, in sandboxes.
#![allow(missing_docs, clippy::unwrap_used)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::{Dir, Ns, Spawn};
use program::{fails, netnsctl, ok, outcome, run};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

#[test]
fn names_are_made_listed_and_deleted() {
    sandbox::run("names_are_made_listed_and_deleted", || {
        assert_eq!(ok("netns"), "");
        assert_eq!(ok("-j netns list"), "[]\n");
        ok("netns add red");
        ok("netns add blue");
        assert_eq!(ok("netns list"), "blue\nred\n");
        assert_eq!(ok("-j netns"), "[{\"name\":\"blue\"},{\"name\":\"red\"}]\n");
        assert_eq!(ok("net l"), "blue\nred\n");
        fails("netns add red", 1, "\"red\" is taken");
        ok("netns delete red");
        fails("netns del red", 255, "no namespace named \"red\"");
        ok("-all netns delete");
        assert_eq!(ok("netns"), "");
    });
}

#[test]
fn names_that_cannot_be_are_refused_with_the_word_pointed_at() {
    sandbox::run("names_that_cannot_be_are_refused_with_the_word_pointed_at", || {
        let long = "x".repeat(256);
        for (name, says) in [
            ("", "is empty"),
            (".", "directory entry"),
            ("..", "directory entry"),
            ("a/b", "slash"),
            (&*long, "longer than 255"),
            ("a\nb", "control character"),
            ("\u{1b}[2J", "control character"),
        ] {
            let (code, _, err) = outcome(&mut netnsctl(["netns", "add", name]), "");
            assert!(code == 255 && err.contains(says) && err.contains('^'), "{name:?}: {err}");
            assert!(!err.contains('\u{1b}'), "{err:?}");
        }
        assert_eq!(ok("netns"), "");
        assert!(!Path::new("/run/netns").exists(), "nothing is made for a bad name");
    });
}

#[test]
fn strange_names_of_others_are_shown_safely_and_can_be_removed() {
    sandbox::run("strange_names_of_others_are_shown_safely_and_can_be_removed", || {
        for name in [&b"a b"[..], b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b"-dash", b"back\\slash"] {
            Dir::default().add(OsStr::from_bytes(name)).unwrap();
        }
        let text = ok("netns");
        assert_eq!(text, "-dash\na b\nback\\\\slash\nesc\\x1b[31m\nnew\\nline\n\\xff\\xfe\n");
        let json = ok("-j netns");
        assert!(json.contains(r#"{"name":"new\nline"}"#) && json.contains(r#""name_hex":"fffe""#), "{json}");
        for name in [&b"a b"[..], b"new\nline", b"esc\x1b[31m", b"\xff\xfe", b"back\\slash"] {
            let (code, _, err) = outcome(netnsctl(["netns", "delete"]).arg(OsStr::from_bytes(name)), "");
            assert_eq!((code, &*err), (0, ""));
        }
        ok("netns delete -- -dash");
        assert_eq!(ok("netns"), "");
    });
}

#[test]
fn odd_entries_are_named_and_only_leftovers_are_removed() {
    sandbox::run("odd_entries_are_named_and_only_leftovers_are_removed", || {
        ok("netns add real");
        let dir = Path::new("/run/netns");
        fs::write(dir.join("stale"), "").unwrap();
        fs::write(dir.join("content"), "keep").unwrap();
        fs::create_dir(dir.join("dir")).unwrap();
        assert!(Command::new("mkfifo").arg(dir.join("fifo")).status().unwrap().success());
        std::os::unix::fs::symlink("/nowhere", dir.join("dangling")).unwrap();
        std::os::unix::fs::symlink("/proc/self/ns/net", dir.join("link")).unwrap();
        let list = ok("-d netns");
        for line in ["content (not", "dangling (a link", "dir (not", "fifo (not", "link\n", "real\n", "stale (stale"] {
            assert!(list.lines().any(|l| format!("{l}\n").starts_with(line)), "{line}: {list}");
        }
        for odd in ["content", "dir", "fifo"] {
            fails(&format!("netns delete {odd}"), 1, "is not a network namespace");
            fails(&format!("-n {odd} netns list-id"), 255, "is not a network namespace");
        }
        fails("netns exec stale true", 255, "is gone");
        for gone in ["stale", "dangling", "link", "real"] {
            ok(&format!("netns delete {gone}"));
        }
        let (code, _, err) = run("-all netns delete");
        assert_eq!((code, err.lines().count()), (1, 3), "each failure is told: {err}");
        assert_eq!(fs::read(dir.join("content")).unwrap(), b"keep");
    });
}

#[test]
fn a_directory_that_is_none_is_an_error() {
    sandbox::run("a_directory_that_is_none_is_an_error", || {
        fs::write("/run/netns", "").unwrap();
        for line in ["netns", "netns add a", "-all netns delete"] {
            fails(line, 1, "ENOTDIR");
        }
        fs::remove_file("/run/netns").unwrap();
        fs::create_dir("/run/real").unwrap();
        std::os::unix::fs::symlink("/run/real", "/run/netns").unwrap();
        ok("netns add a");
        assert!(Path::new("/run/real/a").exists());
        assert_eq!(ok("netns"), "a\n");
        ok("netns delete a");
    });
}

#[test]
fn exit_codes_of_exec() {
    sandbox::run("exit_codes_of_exec", || {
        ok("netns add a");
        let inside = ok("netns exec a readlink /proc/self/ns/net");
        assert_ne!(inside.trim(), fs::read_link("/proc/self/ns/net").unwrap().to_string_lossy());
        assert_eq!(ok("netns exec a ls /sys/class/net"), "lo\n");
        let sh = |script: &str| outcome(&mut netnsctl(["netns", "exec", "a", "sh", "-c", script]), "").0;
        assert_eq!((sh("exit 0"), sh("exit 7")), (0, 7));
        fails("netns exec a no-such-command", 127, "no-such-command");
        fails("netns exec a /etc/passwd", 126, "EACCES");
        fails("netns exec nobody true", 255, "no namespace named");
        fails("netns exec a", 255, "command to run is missing");
        ok("netns add b");
        let (code, out, _) = outcome(&mut netnsctl(["-all", "netns", "exec", "sh", "-c", "echo x; exit 3"]), "");
        assert_eq!((code, &*out), (3, "\nnetns: a\nx\n\nnetns: b\nx\n"), "all run, and the failure shows");
    });
}

#[test]
fn ids_are_set_once_and_shown() {
    sandbox::run("ids_are_set_once_and_shown", || {
        ok("netns add a");
        ok("netns add b");
        ok("netns set a 7");
        ok("netns set b auto");
        assert_eq!(ok("netns"), "a (id: 7)\nb (id: 0)\n");
        assert_eq!(ok("-j netns"), "[{\"name\":\"a\",\"id\":7},{\"name\":\"b\",\"id\":0}]\n");
        assert_eq!(ok("netns list-id nsid 7"), "nsid 7 (iproute2 netns name: a)\n");
        assert_eq!(ok("-j netns list-id"), "[{\"nsid\":0,\"name\":\"b\"},{\"nsid\":7,\"name\":\"a\"}]\n");
        fails("netns set a 8", 2, "already has a nsid");
        ok("netns add c");
        fails("netns set c 7", 2, "NETNSA_NSID");
        fails("netns set c -1", 255, "0 to 2147483647");
        fails("netns set nobody 1", 255, "no namespace named");
    });
}

#[test]
fn more_names_than_answers_fit_a_socket_are_listed_with_their_ids() {
    sandbox::run("more_names_than_answers_fit_a_socket_are_listed_with_their_ids", || {
        let script: String = (0..300).map(|i| format!("netns add n{i}\nnetns set n{i} {i}\n")).collect();
        assert_eq!(outcome(&mut netnsctl(["-b", "-"]), &script), (0, String::new(), String::new()));
        let list = ok("netns");
        assert_eq!(list.lines().count(), 300);
        assert!((0..300).all(|i| list.lines().any(|l| l == format!("n{i} (id: {i})"))), "{list}");
    });
}

#[test]
fn processes_and_open_files_of_a_namespace_are_found() {
    sandbox::run("processes_and_open_files_of_a_namespace_are_found", || {
        ok("netns add a");
        let ns = Dir::default().open("a".as_ref()).unwrap();
        assert_eq!(ok("netns pids a"), "");
        let mut child = Command::new(env!("CARGO_BIN_EXE_netnsctl"))
            .args(["netns", "exec", "a", "sh", "-c", "echo in; read x"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let (pid, me) = (child.id(), std::process::id());
        assert_eq!(ok("netns pids a"), format!("{pid}\n"));
        assert_eq!(ok(&format!("netns identify {pid}")), "a\n");
        assert_eq!(ok("netns identify"), "");
        let all = ok("-j netns pids a --threads --fds");
        let fd = format!("{{\"pid\":{me},\"fd\":{}}}", ns.fd_number());
        assert!(all.contains(&fd) && all.contains(&format!("{{\"pid\":{pid}}}")), "{all}");
        ok(&format!("netns attach again {pid}"));
        assert_eq!(ok(&format!("netns identify {pid}")), "a\nagain\n");
        drop(child.stdin.take());
        child.wait().unwrap();
        let inside = ns.run(|| {
            let (send, receive) = std::sync::mpsc::channel();
            let thread = thread::spawn(move || receive.recv());
            let shown = ok("netns pids a --threads");
            send.send(()).unwrap();
            thread.join().unwrap().unwrap();
            shown
        });
        assert!(inside.unwrap().lines().any(|l| l.starts_with(&format!("{me} thread "))));
        fails("netns attach x 4194304", 1, "ESRCH");
        fails("netns attach x 0", 255, "1 to 2147483647");
    });
}

#[test]
fn delete_waits_until_the_peers_are_gone() {
    sandbox::run("delete_waits_until_the_peers_are_gone", || {
        use netns_sys::netlink::Conn;
        use nl_core::Flags;
        use nl_core::route::{FAMILY, IfInfoMsg, Link, RTM_GETLINK, RTM_NEWLINK, ifla, info, veth};
        let has = |name: &str| {
            let by_name = |m: &mut nl_core::Msg<'_>| {
                m.fixed(&IfInfoMsg::default());
                m.str(ifla::IFNAME, name.as_bytes());
            };
            let found = Conn::open(&FAMILY).unwrap().get(RTM_GETLINK, by_name, |m| Ok(Link::parse(m)?.index()));
            found.is_ok()
        };
        let pair = |ns: &Ns, name: &[u8], inside: &[u8]| {
            let mut conn = Conn::open(&FAMILY).unwrap();
            let made = conn.request(RTM_NEWLINK, Flags::CREATE | Flags::EXCL, |m| {
                m.fixed(&IfInfoMsg::default());
                m.str(ifla::IFNAME, name);
                m.nest(ifla::LINKINFO, |m| {
                    m.str(info::KIND, b"veth");
                    m.nest(info::DATA, |m| {
                        m.nest(veth::PEER, |m| {
                            m.fixed(&IfInfoMsg::default());
                            m.str(ifla::IFNAME, inside);
                            m.u32(ifla::NET_NS_FD, ns.fd_number());
                        });
                    });
                });
            });
            made.unwrap();
        };
        let ns = Dir::default().add("a".as_ref()).unwrap();
        let other = Dir::default().add("b".as_ref()).unwrap();
        pair(&ns, b"here", b"in0");
        other.run(|| pair(&ns, b"there", b"in1")).unwrap_or_else(|e| panic!("{e}"));
        drop(ns);
        let there = || other.run(|| has("there")).unwrap();
        assert!(has("here") && there());
        ok("netns delete a --wait");
        assert!(!has("here"), "its end is gone when the command returns");
        assert!(!there(), "and that in another namespace");

        let held = Dir::default().add("c".as_ref()).unwrap();
        pair(&held, b"held", b"in0");
        let (code, _, err) = run("netns delete c --wait=0");
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("1 peers of its links are still there"), "{err}");
        fails("netns delete b --wait=soon", 255, "whole number of seconds");
    });
}

#[test]
fn a_batch_stops_at_the_first_failure_unless_forced() {
    sandbox::run("a_batch_stops_at_the_first_failure_unless_forced", || {
        let script = "# a comment\nnetns add a\n\nnetns add \\\n  a\nnetns add 'b c' # and another\n-j netns\n";
        let (code, out, err) = outcome(&mut netnsctl(["-b", "-"]), script);
        assert_eq!((code, &*out), (1, ""));
        assert!(err.contains("\"a\" is taken") && err.ends_with("Command failed -:4\n"), "{err}");
        let (code, out, err) = outcome(&mut netnsctl(["-force", "-batch", "-"]), script);
        assert_eq!((code, &*out), (1, "[{\"name\":\"a\"},{\"name\":\"b c\"}]\n"));
        assert_eq!(err.matches("Command failed").count(), 2, "{err}");
        fs::write("/run/file", "netns exec a sh -c 'exit 3'\n").unwrap();
        let (code, _, err) = run("-b /run/file");
        assert_eq!((code, &*err), (1, "Command failed /run/file:1\n"));
        let (_, _, err) = outcome(&mut netnsctl(["-b", "-"]), "netns add 'x\n");
        assert!(err.contains("no other half"), "{err}");
        fails("-b /nowhere", 1, "/nowhere");
        fails("-b - more", 255, "too much");
    });
}

#[test]
fn monitor_tells_of_names_as_they_come_and_go() {
    sandbox::run("monitor_tells_of_names_as_they_come_and_go", || {
        ok("netns add first");
        let mut monitor = netnsctl(["netns", "monitor"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(monitor.stdout.take().unwrap()));
        // It watches once it has its inotify descriptor.
        let watching = || {
            let fds = fs::read_dir(format!("/proc/{}/fdinfo", monitor.id())).into_iter().flatten().flatten();
            fds.into_iter().any(|fd| fs::read_to_string(fd.path()).is_ok_and(|i| i.contains("inotify wd:")))
        };
        while !watching() {
            thread::yield_now();
        }
        ok("netns add second");
        ok("netns delete first");
        let mut next = || lines.next().unwrap().unwrap();
        assert_eq!((next(), next()), ("add second".into(), "delete first".into()));
        monitor.kill().unwrap();
        monitor.wait().unwrap();
    });
}

#[test]
fn mistyped_words_get_a_suggestion_and_exit_255() {
    for (line, says) in [
        ("nets list", "did you mean \"netns\"?"),
        ("netns lsit", "did you mean \"list\"?"),
        ("netns m n", "too much"),
        ("netns frobnicate", "known are"),
        ("-x netns", "is not an option"),
        ("-n", "name of a namespace is missing"),
        ("netns list-id nsid", "missing"),
        ("netns pids a --thread --what", "is not an option of netns pids"),
    ] {
        let (code, out, err) = run(line);
        assert_eq!((code, &*out), (255, ""), "{line}: {err}");
        assert!(err.contains(says) && err.contains('^'), "{line}: {err}");
    }
    let (code, out, err) = outcome(&mut Command::new(env!("CARGO_BIN_EXE_netnsctl")), "");
    assert!((code, &*out) == (255, "") && err.contains("Usage:"), "{err}");
    assert!(run("netns help").1.starts_with("Usage: netnsctl netns"));
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_quiet() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = netnsctl(["help"]);
    let output = command.stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the output"));
    let output = netnsctl(["frobnicate"]).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(255), "nobody to tell is no reason to crash");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // As a shell starts it: with SIGPIPE at its default, whatever the test runner has made of it.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" help", env!("CARGO_BIN_EXE_netnsctl")]);
    let output = shell.stdout(writer).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn programs_get_the_signals_as_they_came_and_closed_streams_stay_out_of_the_way() {
    sandbox::run("programs_get_the_signals_as_they_came_and_closed_streams_stay_out_of_the_way", || {
        ok("netns add a");
        fs::write("/run/batch", "netns exec a grep -E ^Sig[IB] /proc/self/status\n").unwrap();
        let shell = |script: &str| outcome(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_netnsctl")]), "");
        for run in ["netns exec a grep -E ^Sig[IB] /proc/self/status", "-batch /run/batch"] {
            for (trap, ignored) in [("", false), ("trap '' PIPE;", true)] {
                let text = shell(&format!("{trap} exec \"$0\" {run}")).1;
                let mask = |what: &str| {
                    let line = text.lines().find_map(|l| l.strip_prefix(what)).unwrap_or_else(|| panic!("{text}"));
                    u64::from_str_radix(line.trim(), 16).unwrap()
                };
                assert_eq!((mask("SigIgn:") & 1 << 12 != 0, mask("SigBlk:")), (ignored, 0), "{trap} {run}");
            }
        }
        assert_eq!(shell("exec \"$0\" netns exec a readlink /proc/self/fd/0 <&-").1, "/dev/null\n");
        assert_eq!(shell("exec \"$0\" netns list >&-"), (0, String::new(), String::new()));
    });
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    sandbox::run("a_dry_run_says_what_would_be_done_and_does_nothing", || {
        ok("netns add a");
        for (line, says) in [
            ("netns add b", "would make a network namespace named \"b\"\n"),
            ("netns attach b 1", "would give the namespace of process 1 the name \"b\"\n"),
            ("netns delete a --wait", "would take the name \"a\" away\n"),
            ("-all netns delete", "would take the name \"a\" away\n"),
            ("netns exec a touch /run/done", "would run \"touch\" \"/run/done\" in namespace \"a\"\n"),
            ("-all netns exec touch /run/done", "would run \"touch\" \"/run/done\" in namespace \"a\"\n"),
        ] {
            assert_eq!(ok(&format!("--dry-run {line}")), says);
        }
        assert!(ok("--dry-run netns set a 5").contains("RTM_NEWNSID"));
        assert_eq!(ok("netns"), "a\n");
        assert!(!Path::new("/run/done").exists());
    });
}

#[test]
fn without_privilege_it_says_what_is_needed() {
    sandbox::run("without_privilege_it_says_what_is_needed", || {
        let bare = |line: &str| {
            let mut command = Command::new("setpriv");
            command.args(["--inh-caps=-all", "--bounding-set=-all", env!("CARGO_BIN_EXE_netnsctl")]);
            outcome(command.args(line.split(' ')), "")
        };
        let (code, _, err) = bare("netns add a");
        assert!(code == 1 && err.contains("EPERM") && err.contains("needs root"), "{code}: {err}");
        assert!(!Path::new("/run/netns/a").exists());
        ok("netns add a");
        assert_eq!(bare("netns").1, "a\n", "looking needs none");
        let (code, _, err) = bare("netns exec a true");
        assert!(code == 255 && err.contains("needs root"), "{code}: {err}");
        let (code, _, err) = bare("netns delete a");
        assert!(code == 1 && err.contains("needs root"), "{code}: {err}");
    });
}

#[test]
fn the_limit_on_namespaces_is_named() {
    sandbox::run_in(netns_sys::NsFlags::USER, "the_limit_on_namespaces_is_named", || {
        fs::write("/proc/sys/user/max_net_namespaces", "0").unwrap();
        fails("netns add a", 1, "max_net_namespaces");
        assert_eq!(ok("netns"), "");
        assert!(!Path::new("/run/netns/a").exists());
    });
}

#[test]
fn two_at_once_make_one_directory_and_one_winner() {
    sandbox::run("two_at_once_make_one_directory_and_one_winner", || {
        let all: Vec<_> = (0..20)
            .map(|i| netnsctl(["netns", "add", &format!("n{}", i / 2)]).stderr(Stdio::null()).spawn().unwrap())
            .collect();
        let won = all.into_iter().filter_map(|mut c| c.wait().unwrap().success().then_some(())).count();
        assert_eq!(won, 10, "of two that want one name, one gets it");
        assert_eq!(ok("netns").lines().count(), 10);
        assert_eq!(sandbox::mounts_at("/run/netns").len(), 1);
    });
}

#[test]
fn without_proc_what_needs_none_works_and_the_rest_says_so() {
    sandbox::run("without_proc_what_needs_none_works_and_the_rest_says_so", || {
        ok("netns add before");
        netns_sys::mount::mount_new(c"tmpfs", Path::new("/proc")).unwrap();
        assert_eq!(ok("netns"), "before\n");
        ok("netns add a");
        ok("netns delete a");
        fails("netns pids before", 1, "/proc");
        let exit = Spawn::new(env!("CARGO_BIN_EXE_netnsctl"))
            .args(["netns", "exec", "before", "true"])
            .spawn()
            .unwrap()
            .wait();
        assert!(exit.unwrap().success());
    });
}
