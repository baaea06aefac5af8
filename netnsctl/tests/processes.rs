//! `run` and `enter`: where programs find themselves, as whom, with what, and how they end. In sandboxes.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::{Dir, NsFlags};
use program::{Outcome, netnsctl, outcome};
use sandbox::{eventually, have};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A shell with `netnsctl` in its PATH.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    let bin = Path::new(env!("CARGO_BIN_EXE_netnsctl")).parent().unwrap().display();
    command.args(["-c", script]).env("PATH", format!("{bin}:/usr/sbin:/usr/bin:/sbin:/bin")).env("LC_ALL", "C");
    // An ordinary user's names are another matter.
    command.env_remove("XDG_RUNTIME_DIR");
    command
}

/// What a script prints; it has to say nothing on standard error.
fn sh(script: &str) -> String {
    let (code, out, err) = outcome(&mut shell(script), "");
    assert_eq!((code, &*err), (0, ""), "{script}: {out}");
    out
}

/// What becomes of a script without capabilities, but that to hand the id of root on (Linux 5.12).
fn bare(script: &str) -> Outcome {
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all,+setfcap", "sh", "-c", script]).env_remove("XDG_RUNTIME_DIR");
    command.envs(shell("").get_envs().filter_map(|(k, v)| Some((k, v?))));
    outcome(&mut command, "")
}

fn ns(pid: &str, name: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap().to_str().unwrap().to_owned()
}

const NAMES: [&str; 8] = ["net", "mnt", "pid", "uts", "ipc", "user", "cgroup", "time"];

/// Which of its namespaces are not this process'.
fn others(command: &str) -> Vec<String> {
    let script = "for n in net mnt pid uts ipc user cgroup time; do readlink /proc/self/ns/$n; done";
    let text = sh(&format!("{command} sh -c '{script}'"));
    let inside: Vec<&str> = text.lines().collect();
    NAMES
        .iter()
        .zip(inside)
        .filter(|(name, inside)| ns("self", name) != **inside)
        .map(|(n, _)| (*n).to_owned())
        .collect()
}

/// A program that runs until it is killed, with what it prints.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a script, and returns when it has printed `ready`.
    fn start(script: &str) -> Running {
        // In a group of its own, beside which there is ours: one that nobody else is in the session of cannot be stopped by TSTP.
        let mut command = shell(script);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut running = Running { out: BufReader::new(child.stdout.take().unwrap()), child };
        assert_eq!(running.line(), "ready", "{script}");
        running
    }
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
    fn kill(&self, signal: &str) {
        let killed = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }
    /// The state of a process, as in proc_pid_stat(5).
    fn state(pid: u32) -> char {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").map_or('?', |(_, rest)| rest.chars().next().unwrap())
    }
    /// The child's id; one that only put it into a PID namespace goes before, if it is seen at all.
    fn child(&self) -> u32 {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.split_whitespace().last().unwrap().parse().unwrap()
    }
    /// Its exit code, or 128 + the signal that ended it.
    fn end(mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
    }
}

#[test]
fn run_makes_a_network_namespace_with_lo_up_and_nothing_else() {
    sandbox::run("run_makes_a_network_namespace_with_lo_up_and_nothing_else", || {
        assert_eq!(others("netnsctl run"), ["net"]);
        assert_eq!(
            sh(
                "netnsctl run sh -c 'ls /sys/class/net >/dev/null; cat /proc/net/dev | grep -c :; cat /proc/net/route | wc -l'"
            ),
            "1\n1\n"
        );
        let lo = "ip -o link show lo | grep -c ,UP";
        if have("ip") {
            assert_eq!(sh(&format!("netnsctl run sh -c '{lo}'")), "1\n");
            assert_eq!(sh(&format!("netnsctl run --no-lo sh -c '{lo} || :'")), "0\n");
        }
        assert_eq!(sh("netnsctl run -- echo --mount"), "--mount\n");
        assert_eq!(sh("SHELL=/bin/echo netnsctl run"), "\n");
    });
}

#[test]
fn run_makes_the_namespaces_it_is_told_to() {
    sandbox::run("run_makes_the_namespaces_it_is_told_to", || {
        let all: Vec<String> = NAMES.map(str::to_owned).into();
        assert_eq!(others("netnsctl run -muipUCT"), all);
        assert_eq!(others("netnsctl run --mount --uts --ipc --pid --user --cgroup --time"), all);
        assert_eq!(others("netnsctl run -u"), ["net", "uts"]);
        assert_eq!(others("netnsctl run --hostname there"), ["net", "uts"]);
        assert_eq!(others("netnsctl run --pid --no-mount-proc"), ["net", "pid"]);
        assert_eq!(others("netnsctl run --kill-child"), ["net", "mnt", "pid"]);
        assert_eq!(others("netnsctl run --time"), ["net", "time"]);
        assert_eq!(others("netnsctl run --boottime 5"), ["net", "time"]);
        assert_eq!(sh("netnsctl run --hostname there hostname"), "there\n");
        // Whatever the machine's own uptime, up to three years.
        assert_eq!(sh("netnsctl run --boottime 2000000000 cut -c1-2 /proc/uptime"), "20\n");
        assert_eq!(sh("netnsctl run --pid --boottime 2000000000 cut -c1-2 /proc/uptime"), "20\n");
        assert_eq!(sh("netnsctl run --pid sh -c 'echo $$; cd /proc; echo [0-9]*'"), "1\n1\n");
        assert_eq!(sh("mkdir /run/p; netnsctl run --pid --mount-proc=/run/p sh -c 'cd /run/p; echo [0-9]*'"), "1\n");
        let shared = "grep -c shared: /proc/self/mountinfo || :";
        sh("mount -t tmpfs x /run; mount --make-shared /run");
        assert_eq!(sh(&format!("netnsctl run -m sh -c '{shared}'")), "0\n");
        assert_eq!(sh(&format!("netnsctl run -m --propagation unchanged sh -c '{shared}'")), "1\n");
        let mounted = sh("grep -c ' /run ' /proc/self/mountinfo");
        assert_eq!(sh("netnsctl run -m mount -t tmpfs x /run; grep -c ' /run ' /proc/self/mountinfo"), mounted);
        assert_eq!(sh("netnsctl run --wd /etc pwd; netnsctl run -R /usr -w /bin /bin/pwd"), "/etc\n/bin\n");
    });
}

#[test]
fn ids_are_mapped_before_the_program_runs() {
    sandbox::run("ids_are_mapped_before_the_program_runs", || {
        let show = "sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups | tr -s \" \"'";
        for child in ["", "--pid"] {
            let run = |options: &str| sh(&format!("netnsctl run {child} {options} {show}"));
            let root = "0\n0\n 0 0 1\n 0 0 1\ndeny\n";
            assert_eq!(run("--user"), root);
            assert_eq!(run("--map-root"), root);
            assert_eq!(run("--map-current"), root);
            assert_eq!(run("--map-user 5 --map-group 6"), "5\n6\n 5 0 1\n 6 0 1\ndeny\n");
            // Ranges are root's to map, from outside.
            assert_eq!(run("--map-users 0,7,1 --map-groups 0,8,1"), "7\n8\n 7 0 1\n 8 0 1\ndeny\n");
        }
        if fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295") {
            for child in ["", "--pid"] {
                let show =
                    "sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups | tr -s \" \"'";
                let run = |options: &str| sh(&format!("netnsctl run {child} {options} {show}"));
                let map = "0\n 0 0 1\n 1 100000 9\n 0 200000 10\nallow\n";
                assert_eq!(run("--map-user 0 --map-users 100000,0,10 --map-groups 200000,0,10"), map);
                let deny = map.replace("allow", "deny");
                let options = "--setgroups deny --map-user 0 --map-users 100000,0,10 --map-groups 200000,0,10";
                assert_eq!(run(options), deny);
            }
        }
        let (code, _, err) =
            outcome(&mut shell("netnsctl run --map-users 0,0,1 --map-user 0 --map-groups 5,5,0 true"), "");
        assert_eq!((code, err.contains("ids overlap")), (1, true), "{err}");
    });
}

/// In the place of newuidmap and newgidmap: says what it was told, and whether the process it is about has entered its user
/// namespace.
const MAPPER: &str = "#!/bin/sh
pid=$1; shift
test $(readlink /proc/$pid/ns/user) = $(readlink /proc/self/ns/user) || other=yes
echo ${0##*/} \"$@\" entered:$other >> /run/mapped
exit ${FAIL-0}
";

#[test]
fn who_may_not_map_ids_has_them_mapped() {
    sandbox::run("who_may_not_map_ids_has_them_mapped", || {
        if !have("setpriv") {
            return sandbox::skip("setpriv");
        }
        fs::create_dir("/run/mappers").unwrap();
        for name in ["newuidmap", "newgidmap"] {
            let path = format!("/run/mappers/{name}");
            fs::write(&path, MAPPER).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        sh("mount -t tmpfs x /etc; echo root:x:0:0::/:/bin/sh > /etc/passwd; echo root:100000:50 > /etc/subuid");
        fs::write("/etc/subgid", "root:7:3\n0:200000:60\n").unwrap();
        for child in ["", "--pid"] {
            for (options, uids, gids) in [
                ("--map-auto --map-root", "0 0 1 1 100000 49", "0 0 1 1 7 2"),
                ("--map-users auto --map-groups 3,4,5", "0 100000 50", "4 3 5"),
            ] {
                let run = |more: &str| {
                    let _ = fs::remove_file("/run/mapped");
                    bare(&format!("PATH=/run/mappers:$PATH; {more} netnsctl run {child} {options} echo done"))
                };
                let (code, out, err) = run("");
                assert_eq!((code, &*out, &*err), (0, "done\n", ""));
                let said = fs::read_to_string("/run/mapped").unwrap();
                assert_eq!(said, format!("newuidmap {uids} entered:yes\nnewgidmap {gids} entered:yes\n"));
                let (code, out, err) = run("FAIL=3");
                assert_eq!((code, &*out), (1, ""), "{err}");
                assert!(err.contains("newuidmap failed with exit code 3"), "{err}");
                assert_eq!(fs::read_to_string("/run/mapped").unwrap().lines().count(), 1);
            }
            let (code, out, err) = bare(&format!("netnsctl run {child} --map-auto true"));
            assert_eq!((code, &*out), (127, ""), "{err}");
            assert!(err.contains("\"newuidmap\"") && err.contains("package uidmap"), "{err}");
        }
        fs::remove_file("/etc/subuid").unwrap();
        assert!(outcome(&mut shell("netnsctl run --map-auto true"), "").2.contains("could not open '/etc/subuid'"));
        fs::write("/etc/subuid", "other:1:2\n").unwrap();
        assert!(outcome(&mut shell("netnsctl run --map-auto true"), "").2.contains("no line matching user \"root\""));
    });
}

#[test]
fn without_rights_it_is_root_of_its_own() {
    sandbox::run("without_rights_it_is_root_of_its_own", || {
        if !have("setpriv") {
            return sandbox::skip("setpriv");
        }
        let script = "sh -c 'id -u; tr -s \" \" < /proc/self/uid_map; mount -t tmpfs x /run && echo mounted'";
        let (code, out, err) = bare(&format!("netnsctl run -m {script}"));
        assert_eq!((code, &*out, &*err), (0, "0\n 0 0 1\nmounted\n", ""));
        let (code, out, err) = bare("netnsctl run -v --kill-child sh -c 'echo $$'");
        assert_eq!((code, &*out, err.lines().count()), (0, "1\n", 1));
        assert!(err.contains("root of a user namespace of its own"), "{err}");
        assert_eq!(sh("netnsctl run -v true"), "");
        // And what keeps it from one is named.
        let (code, _, err) = bare("netnsctl enter pid:1 --mount true");
        assert_eq!((code, err.contains("needs root")), (1, true), "{err}");
    });
}

#[test]
fn what_forbids_user_namespaces_is_named() {
    sandbox::run_in(NsFlags::USER, "what_forbids_user_namespaces_is_named", || {
        for (limit, options, says) in [
            ("user", "--user", "/proc/sys/user/max_user_namespaces is 0"),
            ("uts", "--uts --pid", "/proc/sys/user/max_uts_namespaces"),
            ("uts", "--uts", "/proc/sys/user/max_uts_namespaces"),
        ] {
            let path = format!("/proc/sys/user/max_{limit}_namespaces");
            fs::write(&path, "0").unwrap();
            let (code, _, err) = outcome(&mut shell(&format!("netnsctl run {options} true")), "");
            fs::write(&path, "1000").unwrap();
            assert_eq!((code, err.contains(says)), (1, true), "{err}");
        }
    });
}

#[test]
fn what_this_kernel_is_too_old_for_is_named() {
    sandbox::run("what_this_kernel_is_too_old_for_is_named", || {
        if !have("strace") {
            return sandbox::skip("strace");
        }
        for (call, error, words, says) in [
            ("setns", "EINVAL", "enter pid:$$ --uts true", "Linux 5.8"),
            ("clone3", "E2BIG", "run --pid --into-cgroup /run true", "Linux 5.7"),
            ("clone3", "EINVAL", "run --pid --time true", "Linux 5.6"),
            ("unshare", "EINVAL", "run --time true", "Linux 5.6"),
        ] {
            let strace = format!("strace -f -qq -o /dev/null -etrace={call} -einject={call}:error={error}");
            let (code, _, err) = outcome(&mut shell(&format!("{strace} netnsctl {words}")), "");
            assert_eq!((code, err.contains(says)), (1, true), "{words}: {err}");
        }
    });
}

#[test]
fn exit_codes_are_those_of_a_shell() {
    sandbox::run("exit_codes_are_those_of_a_shell", || {
        for how in ["run", "run --pid", "run --kill-child", "enter pid:$$", "enter pid:$$ --pid"] {
            for (command, code) in [
                ("true", 0),
                ("sh -c 'exit 7'", 7),
                ("/etc/passwd", 126),
                ("/", 126),
                ("no-such-program", 127),
                ("/no/such/program", 127),
            ] {
                assert_eq!(
                    sh(&format!("netnsctl {how} {command} 2>/dev/null; echo $?")),
                    format!("{code}\n"),
                    "{how}: {command}"
                );
            }
            // By itself, the first process of a PID namespace cannot be killed.
            for signal in ["KILL", "TERM", "INT"] {
                let inner = format!("sh -c 'sh -c \"kill -{signal} \\$\\$\"; exit $?'");
                let number = netns_sys::process::signal(signal).unwrap();
                assert_eq!(sh(&format!("netnsctl {how} {inner} 2>/dev/null; echo $?")), format!("{}\n", 128 + number));
            }
        }
        assert_eq!(sh("netnsctl run sh -c 'kill -TERM $$' 2>/dev/null; echo $?"), "143\n");
        assert_eq!(sh("netnsctl run -w /no/such true 2>/dev/null; echo $?"), "1\n");
    });
}

#[test]
fn a_program_that_waits_passes_signals_on() {
    sandbox::run("a_program_that_waits_passes_signals_on", || {
        for how in ["run --pid", "enter pid:$$ --pid"] {
            // Caught.
            for signal in ["TERM", "INT", "HUP", "USR1"] {
                let script = format!("trap \"echo got {signal}; exit 9\" {signal}; echo ready; sleep 1000 & wait");
                let mut running = Running::start(&format!("exec netnsctl {how} sh -c '{script}'"));
                running.kill(signal);
                assert_eq!((running.line(), running.end()), (format!("got {signal}"), 9), "{how}");
            }
            // Not caught: also by the first process of a PID namespace, which by itself would not notice.
            for (signal, number) in [("TERM", 15), ("INT", 2), ("QUIT", 3), ("USR2", 12)] {
                let running = Running::start(&format!("exec netnsctl {how} sh -c 'echo ready; exec sleep 1000'"));
                running.kill(signal);
                assert_eq!(running.end(), 128 + number, "{how} {signal}");
            }
            // Ignored, or of no consequence.
            let mut running = Running::start(&format!(
                "exec netnsctl {how} sh -c 'trap \"\" TERM; trap \"echo last; exit 3\" USR1; echo ready; while :; do sleep 1000 & wait; done'"
            ));
            running.kill("TERM");
            running.kill("WINCH");
            running.kill("USR1");
            assert_eq!((running.line(), running.end()), ("last".into(), 3), "{how}");
        }
    });
}

#[test]
fn what_waits_stops_with_what_it_waits_for() {
    sandbox::run("what_waits_stops_with_what_it_waits_for", || {
        for how in ["run --pid", "enter pid:$$ --pid"] {
            let running = Running::start(&format!("exec netnsctl {how} sh -c 'echo ready; exec sleep 1000'"));
            let (outer, inner) = (running.child.id(), running.child());
            for stop in [true, false] {
                if stop {
                    running.kill("TSTP");
                } else {
                    assert!(Command::new("kill").args(["-STOP", &inner.to_string()]).status().unwrap().success());
                }
                eventually("both are stopped", || Running::state(outer) == 'T' && Running::state(inner) == 'T');
                running.kill("CONT");
                eventually("both go on", || Running::state(outer) == 'S' && Running::state(inner) == 'S');
            }
            running.kill("TERM");
            assert_eq!(running.end(), 128 + 15);
        }
    });
}

#[test]
fn the_keys_of_a_terminal_reach_both() {
    sandbox::run("the_keys_of_a_terminal_reach_both", || {
        if !have("script") {
            return sandbox::skip("script");
        }
        for how in ["run", "run --pid", "enter pid:$$ --pid"] {
            let mut script = Command::new("script");
            script.args(["-qefc", "sh -im", "/dev/null"]).env("PS1", "# ").env("ENV", "");
            script.env("PATH", shell("").get_envs().find(|(k, _)| *k == "PATH").unwrap().1.unwrap());
            let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let (mut keys, mut screen) = (script.stdin.take().unwrap(), BufReader::new(script.stdout.take().unwrap()));
            let mut until = |what: &str| {
                let mut seen = Vec::new();
                while !String::from_utf8_lossy(&seen).contains(what) {
                    let mut byte = [0];
                    assert_eq!(
                        screen.read(&mut byte).unwrap(),
                        1,
                        "{how}: {what:?} not in {}",
                        String::from_utf8_lossy(&seen)
                    );
                    seen.push(byte[0]);
                }
            };
            // What is typed is echoed: so it does not contain what is waited for.
            let mut press = |text: &str| keys.write_all(text.as_bytes()).unwrap();
            press(&format!(
                "netnsctl {how} sh -c 'trap \"echo conti''nued\" CONT; echo re''ady; while :; do read x; done'\n"
            ));
            until("ready");
            press("\x1a");
            until("topped");
            until("# ");
            press("fg\n");
            until("continued");
            press("\x03");
            until("# ");
            press("echo co''de $?\n");
            until("code 130");
            press("netnsctl run --pid sh -c 'echo re''ady; read x; echo got $x'; echo co''de $?\n");
            until("ready");
            press("line\n");
            until("got line");
            until("code 0");
            press("exit\n");
            script.wait().unwrap();
        }
    });
}

#[test]
fn kill_child_leaves_nothing_whatever_happens() {
    sandbox::run("kill_child_leaves_nothing_whatever_happens", || {
        // Whoever is left holds the other end of the pipe.
        let below = "sleep 1000 & setsid sleep 1000 & (trap \"\" TERM HUP; sleep 1000) & echo ready; wait";
        for (how, signal) in
            [("run --kill-child", "KILL"), ("run --kill-child=TERM --pid", "KILL"), ("run --kill-child", "TERM")]
        {
            let script = if how.contains("=TERM") { "trap \"exit\" TERM; " } else { "" };
            let mut running = Running::start(&format!("exec netnsctl {how} sh -c '{script}{below}'"));
            running.kill(signal);
            let mut rest = String::new();
            running.out.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "");
            running.end();
        }
    });
}

#[test]
fn descriptors_are_closed_but_those_that_are_named() {
    sandbox::run("descriptors_are_closed_but_those_that_are_named", || {
        let show = "sh -c 'cd /proc/self/fd; for f in *; do test -e $f && echo -n \"$f \"; done; echo'";
        let mut hows = vec!["", "--pid", "--user"];
        // An older kernel: they are listed.
        let traced = "strace -f -qq -o /dev/null -etrace=close_range -einject=close_range:error=ENOSYS netnsctl run";
        if have("strace") {
            hows.push("strace");
        }
        for how in hows {
            let run = if how == "strace" { traced.into() } else { format!("netnsctl run {how}") };
            // The shell opens none of its own for this.
            let seen = |options: &str| sh(&format!("exec 5</dev/null 7</dev/null 9</dev/null; {run} {options} {show}"));
            assert_eq!(seen(""), "0 1 2 \n", "{how}");
            assert_eq!(seen("--keep-fd 7"), "0 1 2 7 \n", "{how}");
            assert_eq!(seen("--keep-fd 9 --keep-fd 5"), "0 1 2 5 9 \n", "{how}");
        }
        let (code, _, err) = outcome(&mut shell("netnsctl run --pid --keep-fd 8 true"), "");
        assert_eq!((code, err.contains("\"8\": EBADF")), (1, true), "{err}");
        assert_eq!(sh("netnsctl enter pid:$$ --keep-fd 5 cat <&- 5</dev/null 0</dev/null"), "");
    });
}

#[test]
fn signals_are_a_new_programs() {
    sandbox::run("signals_are_a_new_programs", || {
        let show = "grep -E ^Sig[IB] /proc/self/status";
        let ignored = "trap '' TERM INT USR1 PIPE CHLD;";
        for how in ["run", "run --pid", "enter pid:$$", "enter pid:$$ --pid"] {
            let none = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
            assert_eq!(sh(&format!("{ignored} netnsctl {how} {show}")), none, "{how}");
            // nohup means it.
            assert_eq!(
                sh(&format!("{ignored} trap '' HUP; netnsctl {how} {show}")),
                none.replace("SigIgn:\t0000000000000000", "SigIgn:\t0000000000000001"),
                "{how}"
            );
            assert_eq!(sh(&format!("env --block-signal=TERM,USR2 netnsctl {how} {show}")), none, "{how}");
        }
    });
}

#[test]
fn capabilities_are_kept_and_dropped() {
    sandbox::run("capabilities_are_kept_and_dropped", || {
        let caps = |options: &str, which: &str| {
            let text = sh(&format!("netnsctl run {options} grep ^{which}: /proc/self/status"));
            u64::from_str_radix(text.split_whitespace().nth(1).unwrap(), 16).unwrap()
        };
        for child in ["", "--pid"] {
            let with = |options: &str, which: &str| caps(&format!("{child} {options}"), which);
            let all = with("--user", "CapEff");
            assert_ne!(all, 0);
            assert_eq!(with("--map-user 5", "CapEff"), 0);
            assert_eq!(
                (with("--map-user 5 --keep-caps", "CapEff"), with("--map-user 5 --keep-caps", "CapAmb")),
                (all, all)
            );
            let (raw, admin) = (1 << 13, 1 << 12);
            for which in ["CapEff", "CapPrm", "CapBnd"] {
                assert_eq!(with("--drop-caps", which), 0, "{which}");
                assert_eq!(
                    with("--drop-caps=net_raw,CAP_NET_ADMIN", which),
                    caps("", which) & !raw & !admin,
                    "{which}"
                );
            }
            assert_eq!(with("--map-user 5 --keep-caps --drop-caps=net_raw", "CapBnd"), all & !raw);
        }
        assert!(outcome(&mut shell("netnsctl run --drop-caps=foo true"), "").2.contains("\"foo\" is no capability"));
    });
}

#[test]
fn environment_and_users_are_changed() {
    sandbox::run("environment_and_users_are_changed", || {
        assert_eq!(sh("A=1 B=2 netnsctl run --env A --env C=3=x sh -c 'echo ${A-none} $B $C'"), "none 2 3=x\n");
        let (code, _, err) = outcome(&mut shell("netnsctl run --user --setuid 7 true"), "");
        assert_eq!((code, err.contains("it is not mapped")), (1, true), "{err}");
        if fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295") {
            assert_eq!(
                sh("netnsctl run -S 5 -G 6 sh -c 'id -u; id -g; id -G; cat /proc/self/ns/net 2>/dev/null || :'"),
                "5\n6\n6\n"
            );
            // The tie to us outlives the change of user.
            let mut running = Running::start("exec netnsctl run --kill-child -S 5 -G 6 sh -c 'echo ready; sleep 1000'");
            running.kill("KILL");
            assert_eq!(running.out.read_to_string(&mut String::new()).unwrap(), 0);
        }
    });
}

#[test]
fn it_begins_in_a_cgroup() {
    let test = "it_begins_in_a_cgroup";
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let group2 =
        mounts.lines().find(|l| l.contains(" - cgroup2 ")).and_then(|l| l.split(' ').nth(4)).map(str::to_owned);
    sandbox::run(test, || {
        let dir = group2.map(|root| format!("{root}/netnsctl-test-{}", std::process::id()));
        let Some(dir) = dir.filter(|dir| fs::create_dir(dir).is_ok()) else {
            return sandbox::skip("a cgroup2 to make groups in");
        };
        // Also if what follows fails.
        struct Remove(String);
        impl Drop for Remove {
            fn drop(&mut self) {
                eventually("the group is empty", || fs::remove_dir(&self.0).is_ok());
            }
        }
        let _remove = Remove(dir.clone());
        let name = dir.rsplit('/').next().unwrap();
        for child in ["", "--pid"] {
            let seen = sh(&format!("netnsctl run {child} --into-cgroup {dir} grep ^0: /proc/self/cgroup"));
            assert!(seen.ends_with(&format!("/{name}\n")), "{seen}");
            assert_eq!(
                sh(&format!("netnsctl run {child} -C --into-cgroup {dir} grep ^0: /proc/self/cgroup")),
                "0::/\n"
            );
        }
        let (code, _, err) = outcome(&mut shell("netnsctl run --pid --into-cgroup /run true"), "");
        assert_eq!((code, err.contains("a cgroup is a directory of cgroup2")), (1, true), "{err}");
        assert!(outcome(&mut shell("netnsctl run --into-cgroup /nonex true"), "").2.contains("open the cgroup"));
    });
}

#[test]
fn enter_takes_every_kind_of_target() {
    sandbox::run("enter_takes_every_kind_of_target", || {
        let red = Dir::default().add("red".as_ref()).unwrap();
        let (ino, id64) = (red.id().unwrap().ino, red.id().unwrap().id64);
        let running = Running::start("exec netnsctl enter red sh -c 'echo ready; exec sleep 1000'");
        let pid = running.child.id();
        let socket = red.run(|| std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let socket = format!("socket:{}@{}", std::os::fd::AsRawFd::as_raw_fd(&socket), std::process::id());
        let mut targets =
            vec!["red".into(), format!("pid:{pid}"), "/run/netns/red".into(), format!("/proc/{pid}/ns/net")];
        targets.extend([format!("id:{ino}"), "fd:9".into(), socket]);
        targets.extend(id64.map(|id| format!("id:{id}")));
        for target in targets {
            let seen = sh(&format!(
                "exec netnsctl enter {target} readlink /proc/self/ns/net /proc/self/ns/mnt 9</run/netns/red"
            ));
            assert_eq!(seen, format!("net:[{ino}]\n{}\n", ns("self", "mnt")), "{target}");
        }
        assert_eq!(sh("SHELL=/bin/echo netnsctl enter red"), "\n");
        // What `netns exec` does is there for the asking.
        let seen = sh(
            "exec netnsctl enter red --etc-netns sh -c 'readlink /proc/self/ns/net; find /sys/class/net/ -type l; readlink /proc/self/ns/mnt'",
        );
        assert!(
            seen.starts_with(&format!("net:[{ino}]\n/sys/class/net/lo\n")) && !seen.contains(&ns("self", "mnt")),
            "{seen}"
        );
        running.kill("TERM");
        running.end();
        for (target, code, says) in [
            (format!("pid:{pid}"), 1, "the process has ended"),
            ("nored".into(), 255, "no namespace named"),
            ("id:9999999".into(), 255, "no network namespace with id 9999999"), // 7 is the initial one (7.3)
            ("fd:99".into(), 1, "EBADF"),
            ("/run".into(), 1, "it is a directory"),
            ("/proc/self/ns/uts".into(), 1, "it is a UTS namespace"),
        ] {
            let (have, out, err) = outcome(&mut netnsctl(["enter", &target, "true"]), "");
            assert_eq!((have, &*out, err.contains(says)), (code, "", true), "{target}: {err}");
        }
        for words in ["enter red --all true", "enter red --wd true", "enter --all red true", "enter", "-n red run true"]
        {
            let (code, _, err) = outcome(&mut netnsctl(words.split(' ')), "");
            assert_eq!((code, err.contains('^')), (255, true), "{words}: {err}");
        }
    });
}

#[test]
fn enter_takes_the_other_namespaces_of_a_process_too() {
    sandbox::run("enter_takes_the_other_namespaces_of_a_process_too", || {
        let script = "mount -t tmpfs x /run; cd /etc; export THEIRS=yes; echo ready; exec sleep 1000";
        let running =
            Running::start(&format!("exec netnsctl run -muipCT --no-mount-proc --hostname there sh -c '{script}'"));
        let pid = running.child().to_string();
        let enter = format!("netnsctl enter pid:{pid}");
        let all = NAMES.iter().copied().filter(|n| *n != "user").map(str::to_owned).collect::<Vec<_>>();
        // In another PID namespace, `self` of the old /proc is where it was.
        assert_eq!(others(&format!("{enter} --all")), all);
        for (option, expected) in [
            ("", &["net"][..]),
            ("-m", &["net", "mnt"]),
            ("-u -i", &["net", "uts", "ipc"]),
            ("--cgroup", &["net", "cgroup"]),
            ("-T", &["net", "time"]),
        ] {
            assert_eq!(others(&format!("{enter} {option}")), expected, "{option}");
        }
        assert_eq!(sh(&format!("{enter} -a sh -c 'hostname; test $$ -gt 1 -a $$ -lt 100; echo $?'")), "there\n0\n");
        assert_eq!(sh(&format!("{enter} --pid sh -c 'test $$ -lt 100; echo $?'")), "0\n");
        assert_eq!(sh(&format!("{enter} --pid --no-fork sh -c 'echo $$ | grep -c .'")), "1\n");
        assert_eq!(
            sh(&format!("{enter} --wd pwd; {enter} -m --root --wd pwd; {enter} -m --wd=/usr pwd")),
            "/etc\n/etc\n/usr\n"
        );
        assert_eq!(
            sh(&format!("THEIRS=no OURS=yes {enter} --env --env=MORE=1 sh -c 'echo $THEIRS ${{OURS-none}} $MORE'")),
            "yes none 1\n"
        );
        let mounted = sh("grep -c ' /run ' /proc/self/mountinfo").trim().parse::<u32>().unwrap();
        let there = sh(&format!("{enter} -m sh -c 'grep -c \" /run \" /proc/self/mountinfo'"));
        assert_eq!(there, format!("{}\n", mounted + 1));
        running.kill("KILL");
        // The first process of a PID namespace does not end with us, unless --kill-child says so.
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        running.end();
    });
}

#[test]
fn enter_becomes_root_of_another_user_namespace() {
    sandbox::run("enter_becomes_root_of_another_user_namespace", || {
        let running = Running::start("exec netnsctl run -muU sh -c 'echo ready; exec sleep 1000'");
        let enter = format!("netnsctl enter pid:{}", running.child.id());
        let (code, _, err) = outcome(&mut shell(&format!("{enter} --all true")), "");
        if fs::read_to_string("/proc/self/setgroups").unwrap().starts_with("deny") {
            assert_eq!((code, err.contains("--preserve-credentials")), (1, true), "{err}");
        } else {
            assert_eq!((code, &*err), (0, "")); // they were given up before
        }
        assert_eq!(others(&format!("{enter} --all --preserve-credentials")), ["net", "mnt", "uts", "user"]);
        assert_eq!(others(&format!("{enter} -U --preserve-credentials")), ["net", "user"]);
        if have("setpriv") {
            // Without rights here, by way of its user namespace, where the user is root.
            let (code, out, err) = bare(&format!("{enter} -v sh -c 'id -u; readlink /proc/self/ns/net'"));
            assert_eq!((code, out), (0, format!("0\n{}\n", ns(&running.child.id().to_string(), "net"))), "{err}");
            assert!(err.contains("user namespace of the process"), "{err}");
        }
        running.kill("TERM");
        running.end();
        // A process' number that was given away is no other process: one that is gone is an error.
        let mut gone = shell("exec sleep 1000").spawn().unwrap();
        let pid = gone.id();
        gone.kill().unwrap();
        eventually("it is a zombie", || Running::state(pid) == 'Z');
        assert_eq!(
            sh(&format!("netnsctl enter pid:{pid} --all true 2>/dev/null; echo $?")),
            "1\n",
            "a zombie has no namespaces"
        );
        gone.wait().unwrap();
        assert_eq!(sh(&format!("netnsctl enter pid:{pid} --all true 2>/dev/null; echo $?")), "1\n");
    });
}

/// The names of the calls in the block of docs/PROCESSES.md that begins with this word.
fn documented(what: &str) -> Vec<String> {
    let text = include_str!("../../docs/PROCESSES.md");
    let block = text.split("```").find(|block| block.starts_with(what)).unwrap();
    let name = |line: &str| line.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap().to_owned();
    block.lines().skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn without_close_range_and_proc_nothing_is_handed_on() {
    sandbox::run("without_close_range_and_proc_nothing_is_handed_on", || {
        if !have("strace") {
            return sandbox::skip("strace");
        }
        let read = "netnsctl run --root /usr --wd / /bin/sh -c 'read x <&7' 2>/dev/null; echo $?";
        let inject = "strace -f -qq -o /run/trace -e inject=close_range:error=ENOSYS";
        assert_eq!(sh(&format!("exec 7</dev/null; {inject} {read}")), "2\n");
        assert!(fs::read_to_string("/run/trace").unwrap().contains("INJECTED"));
    });
}

#[test]
fn enter_makes_the_calls_that_are_documented_and_no_other() {
    sandbox::run("enter_makes_the_calls_that_are_documented_and_no_other", || {
        if !have("strace") {
            return sandbox::skip("strace");
        }
        if !sandbox::linux(5, 11) {
            return sandbox::skip("Linux 5.11 (close_range that marks): what is done instead are many calls");
        }
        Dir::default().add("red".as_ref()).unwrap();
        for (block, words) in [("enter", "enter red"), ("run", "run")] {
            let _ = fs::remove_file("/run/trace");
            sh(&format!("strace -qq -o /run/trace netnsctl {words} /bin/true"));
            let trace = fs::read_to_string("/run/trace").unwrap();
            let calls = trace.lines().map(|line| line.split('(').next().unwrap());
            // In debug builds, what is closed is checked to be open; memory is the C library's to get and give back.
            let mut calls: Vec<&str> =
                calls.filter(|call| !["fcntl", "brk", "mmap", "munmap"].contains(call)).collect();
            assert_eq!(calls.iter().filter(|call| **call == "rt_sigaction").count(), 61, "{trace}");
            calls.dedup_by(|call, before| *call == "rt_sigaction" && call == before);
            let last = calls.iter().skip(1).position(|call| *call == "execve").unwrap() + 1;
            let documented = documented(block);
            let ours = &calls[..=last][calls[..=last].len() - documented.len()..];
            assert_eq!(ours, documented, "{trace}");
            // What goes before is the C library's and Rust's start.
            let start = &calls[..=last - documented.len()];
            assert!(["setns", "capget", "unshare", "statx"].iter().all(|call| !start.contains(call)), "{start:?}");
        }
    });
}
