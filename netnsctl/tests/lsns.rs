//! Called `lsns`: what it shows is what util-linux's shows, byte for byte, in a sandbox with namespaces of many sorts.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use program::{Outcome, ok, outcome};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// Each is run as it is, and as JSON, raw, a list, and trees (see `FORMS`).
const WHAT: &[&str] = &[
    "",
    "-t net",
    "-t user",
    "-t pid",
    "-t mnt",
    "-t uts -t ipc",
    "-t time",
    "-t cgroup",
    "-t net -t user",
    "-p 1",
    "-p PID",
    "-p 99999",
    "-p 0",
    "-p -5",
    "NET",
    "USER",
];

const FORMS: &[&str] = &[
    "",
    "-l",
    "-T",
    "-Tparent",
    "-Tprocess",
    "--tree=owner",
    "-r",
    "-J",
    "-n",
    "-u",
    "-W",
    "--output-all",
    "--output-all -T",
    "--output-all -Tparent",
    "-J -T",
    "-J -Tparent",
    "-J -l",
    "-r -T",
    "-o NS,NSFS",
    "-o +PATH",
    "-o NS,TYPE,UID,PNS,ONS -T",
    "-o nsfs,COMMAND -W",
    "-J --output-all",
    "-r --output-all",
    "-J -o ns,nsfs -T",
    "-o COMMAND,NSFS,PID -T process",
    "-o PID,PPID,UID,USER,COMMAND,NS,TYPE,NPROCS,PATH",
];

/// What is refused, or odd.
const ODD: &[&str] = &[
    "--out",
    "--x=1",
    "-z",
    "-ao",
    "--json=1",
    "--output",
    "-J -r",
    "-r --json",
    "-l -T",
    "-t foo",
    "-t",
    "-Tfoo",
    "-T=parent",
    "--tree=foo",
    "--tree parent",
    "-p x",
    "-p 99999999999",
    "4",
    "0",
    "abc",
    "-o",
    "-o A,,B",
    "-o NS,,PID",
    "-o NS,FOO,X",
    "-o NS,",
    "-o ,NS",
    "-o +",
    "-p 1 NET",
    "-J 4",
    "--raw --no",
    "--raw --nohead",
    "NET 5",
    "-99",
    "-- -5",
    "-nrt net",
];

/// Runs `lsns` of the directories `path`, with these words and variables.
fn lsns(path: &str, words: &str, env: &[(&str, &str)]) -> Outcome {
    let mut command = Command::new("lsns");
    command.args(words.split_whitespace()).env("PATH", path).envs(env.iter().copied());
    outcome(&mut command, "")
}

/// A child that waits for its end: that of the stream.
fn child(words: &str) -> (Child, UnixStream) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut words = words.split('|');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let output = std::os::fd::OwnedFd::from(theirs.try_clone().unwrap());
    let child = command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs))).stdout(output).spawn().unwrap();
    drop(command);
    ours.read_exact(&mut [0]).unwrap();
    (child, ours)
}

#[test]
fn it_is_as_that_of_util_linux() {
    sandbox::run("it_is_as_that_of_util_linux", || {
        const THEIRS: &str = "/usr/bin:/bin";
        let version = Command::new("lsns").arg("--version").env("PATH", THEIRS).output();
        if !version.is_ok_and(|v| String::from_utf8_lossy(&v.stdout).contains("2.38")) {
            return sandbox::skip("lsns of util-linux 2.38");
        }
        fs::create_dir("/run/bin").unwrap();
        symlink(env!("CARGO_BIN_EXE_netnsctl"), "/run/bin/lsns").unwrap();
        ok("netns add red");
        ok("netns add blue");
        ok("netns set blue 7");
        fs::create_dir("/run/a b").unwrap();
        fs::write("/run/a b/c", "").unwrap();
        assert!(Command::new("mount").args(["--bind", "/run/netns/red", "/run/a b/c"]).status().unwrap().success());
        let netnsctl = env!("CARGO_BIN_EXE_netnsctl");
        let wait = "echo; read x; :";
        let children = [
            child(&format!("{netnsctl}|netns|exec|red|sh|-c|{wait}")),
            child(&format!("{netnsctl}|netns|exec|blue|sh|-c|sh -c '{wait}'; :|a  b\\x")),
            child(&format!("unshare|-U|sh|-c|{wait}|\u{e9}\u{1}")),
            child(&format!("unshare|-Ur|--net|--uts|sh|-c|unshare -U --ipc sh -c '{wait}'; :")),
            child(&format!("unshare|--pid|--fork|sh|-c|sh -c '{wait}'; :")),
            child(&format!("unshare|--cgroup|sh|-c|{wait}")),
        ];
        let inode = |pid: u32, what: &str| fs::metadata(format!("/proc/{pid}/ns/{what}")).unwrap().ino().to_string();
        let [red, .., user, _, _] = &children;
        let (pid, net, user) = (red.0.id().to_string(), inode(red.0.id(), "net"), inode(user.0.id(), "user"));
        let given = |words: &str| words.replace("PID", &pid).replace("NET", &net).replace("USER", &user);
        // The names of columns stay.
        let all = FORMS.iter().flat_map(|form| WHAT.iter().map(move |what| (what, form)));
        let forms = all.map(|(what, form)| format!("{} {form}", given(what)));
        let odd = ODD.iter().map(|words| words.replace("NET", &net));
        let utf8 = [("LC_ALL", "C.UTF-8")];
        let mut cases: Vec<(String, &[(&str, &str)])> = forms.chain(odd).map(|words| (words, &utf8[..])).collect();
        let c = [("LC_ALL", "C")];
        cases.extend(["", "-T", "-r -T", "-J", "-t net"].map(|words| (words.to_owned(), &c[..])));
        let mut differ = Vec::new();
        for (words, env) in &cases {
            let (theirs, ours) = (lsns(THEIRS, words, env), lsns("/run/bin:/usr/bin:/bin", words, env));
            if theirs != ours {
                differ.push(format!("lsns {words}\n--- theirs {}\n{}{}", theirs.0, theirs.1, theirs.2));
                differ.push(format!("+++ ours {}\n{}{}", ours.0, ours.1, ours.2));
            }
        }
        assert!(differ.is_empty(), "{} of {} differ\n{}", differ.len() / 2, cases.len(), differ.join("\n"));
        // That the cases are about something.
        let tree = lsns("/run/bin", "-T -t net", &utf8).1;
        assert!(tree.contains(&net) && tree.contains("/run/a b/c") && tree.contains("├─"), "{tree}");
        on_terminals(THEIRS);
        for (mut child, stream) in children {
            drop(stream);
            child.wait().unwrap();
        }
    });
}

/// On terminals of some widths, which script(1) makes.
fn on_terminals(theirs: &str) {
    if !sandbox::have("script") {
        return sandbox::skip("script(1)");
    }
    for columns in [40, 60, 80, 120] {
        for words in ["", "-T", "-t net", "-u", "-t net -T", "-t net -W", "-J"] {
            let shown = |path: &str| {
                let line = format!("stty cols {columns}; PATH={path} lsns {words}");
                let mut command = Command::new("script");
                command.args(["-qec", &line, "/dev/null"]).env("LC_ALL", "C.UTF-8").env("SHELL", "/bin/sh");
                outcome(command.env("PATH", "/usr/bin:/bin"), "")
            };
            // Its own command line may be shown, and has the path in it.
            let (theirs, ours) = (shown(theirs), shown("/run/bin:/usr/bin:/bin"));
            let plain = |o: &Outcome| o.1.lines().filter(|l| !l.contains("script")).collect::<Vec<_>>().join("\n");
            assert_eq!((theirs.0, plain(&theirs)), (ours.0, plain(&ours)), "{columns} columns: lsns {words}");
        }
    }
}
