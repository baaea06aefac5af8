//! `ls` and `who`: the built program, in sandboxes.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::mount::{self, Propagation};
use netns_sys::netlink::Socket;
use netns_sys::{Dir, Ns, NsFlags, Spawn, Stdio};
use program::{Outcome, fails, netnsctl, ok, outcome, run};
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A child that runs `script` and then waits for its end: that of the stream.
fn child(spawn: impl FnOnce(Spawn) -> Spawn, script: &str) -> (netns_sys::Child, UnixStream) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let spawn = spawn(Spawn::new("sh").args(["-c", &format!("{script}; echo; read x")]).kill_child(9));
    let child = spawn.stdio(Stdio::In, &theirs).and_then(|s| s.stdio(Stdio::Out, &theirs)).unwrap().spawn().unwrap();
    drop(theirs);
    ours.read_exact(&mut [0]).unwrap();
    (child, ours)
}

fn end((child, stream): (netns_sys::Child, UnixStream)) {
    drop(stream);
    child.wait().unwrap();
}

fn inode(ns: &Ns) -> String {
    ns.id().unwrap().ino.to_string()
}

/// Runs it, and it has to succeed. A socket of the test runner may be among our descriptors: to a user its namespace is hidden.
fn list(line: &str) -> String {
    let (code, out, err) = run(line);
    assert!(code == 0 && (err.is_empty() || err.contains("not looked into: sockets: ")), "{line}: {err}");
    out
}

/// The column `column` of the row of namespace `inode`; `None`: there is no such row.
fn cell(inode: &str, column: &str) -> Option<String> {
    let rows = list(&format!("ls --no-headings -o INODE,{column}"));
    let row = rows.lines().find_map(|l| l.split_once(' ').filter(|r| r.0 == inode));
    row.map(|r| r.1.trim().to_owned())
}

fn me() -> u32 {
    std::process::id()
}

#[test]
fn every_namespace_is_listed_whatever_keeps_it() {
    sandbox::run("every_namespace_is_listed_whatever_keeps_it", || {
        let ns = Ns::create().unwrap();
        let own = inode(&Ns::current().unwrap());
        let id = inode(&ns);
        let pinned = || cell(&id, "PINNED");
        assert_eq!(cell(&own, "PINNED").as_deref(), Some("-"));
        assert_eq!(pinned().as_deref(), Some("fds:1"));
        assert!(!list("ls --quick -o INODE").contains(&id));
        assert_eq!(cell(&id, "LINKS").as_deref(), Some("1"), "lo");
        assert_eq!(cell(&id, "NAMES").as_deref(), Some("-"));

        Dir::default().attach("a".as_ref(), &ns).unwrap();
        Dir::default().attach("b".as_ref(), &ns).unwrap();
        let socket = Socket::open_in(&ns, 0).unwrap();
        ns.run(|| assert_eq!(pinned().as_deref(), Some("threads:1,fds:1,sockets:1"))).unwrap();
        drop(ns);
        sandbox::eventually("the thread has ended", || pinned().as_deref() == Some("sockets:1"));
        drop(socket);
        assert_eq!(pinned().as_deref(), Some("-"));
        assert_eq!(cell(&id, "NAMES").as_deref(), Some("a,b"));
        assert_eq!(cell(&id, "PROCS").as_deref(), Some("0"));

        let inside = child(|s| s.inside(&Dir::default().open("a".as_ref()).unwrap(), None).unwrap(), ":");
        assert_eq!(cell(&id, "PROCS").as_deref(), Some("1"));
        assert_eq!(cell(&id, "PID").as_deref(), Some(&*inside.0.pid().to_string()));
        assert_eq!(cell(&id, "COMMAND").as_deref(), Some("sh -c :; echo; read x"));
        ok("netns delete a");
        ok("netns set b 7");
        assert_eq!(cell(&id, "NSID").as_deref(), Some("7"));

        // Only a mount in another mount namespace is left.
        mount::set_propagation(Path::new("/run/netns"), Propagation::Private).unwrap();
        let script = "mount --bind /run/netns/b /etc/hostname && umount /run/netns/b";
        let other = child(|s| s.namespaces(NsFlags::MOUNT), script);
        end(inside);
        ok("netns delete b");
        assert_eq!(pinned().as_deref(), Some("/etc/hostname"));
        let json = list("ls -j -o inode,pinned");
        let namespace = fs::metadata(format!("/proc/{}/ns/mnt", other.0.pid())).unwrap().ino();
        let found = format!("{{\"path\":\"/etc/hostname\",\"mount_ns\":{namespace},\"pid\":{}}}", other.0.pid());
        assert!(json.contains(&found), "{json}");
        end(other);
        assert_eq!(pinned(), None);
    });
}

#[test]
fn types_trees_and_filters() {
    sandbox::run("types_trees_and_filters", || {
        let nested = child(|s| s.namespaces(NsFlags::USER | NsFlags::NET | NsFlags::UTS).map_ids(0, 0), ":");
        let of = |what: &str| {
            let path = format!("/proc/{}/ns/{what}", nested.0.pid());
            fs::metadata(path).unwrap().ino().to_string()
        };
        let (net, user, uts) = (of("net"), of("user"), of("uts"));
        let lines = |line: &str| list(line).lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>();
        let inodes = |line: &str| lines(&format!("ls --no-headings -o INODE {line}"));
        let own = inode(&Ns::current().unwrap());
        // A socket of the test runner, outside, may be among our descriptors: then its namespace is listed too.
        let all = lines("ls -o inode");
        assert!(all.first().is_some_and(|l| l == "INODE") && all.contains(&own) && all.contains(&net), "{all:?}");
        assert_eq!(inodes(&format!("--pid {}", nested.0.pid())), [&*net]);
        assert!(inodes("-t uts").contains(&uts) && !inodes("-t uts").contains(&net));
        for all in [inodes("-t all"), inodes("-t net,uts -t user")] {
            assert!([&net, &user, &uts].iter().all(|ino| all.contains(ino)), "{all:?}");
        }
        assert_eq!(cell(&net, "USERNS").as_deref(), Some(&*user));
        let types = lines("ls -n -t net,user -o TYPE");
        assert!(types.contains(&"net".into()) && types.contains(&"user".into()));

        let tree = list("ls --tree -n -o INODE,TYPE");
        let of_owner = tree.lines().position(|l| l.contains(&user)).unwrap();
        let below = tree.lines().nth(of_owner + 1).unwrap();
        assert!(below.contains(&net) && below.ends_with("net"), "{tree}");
        assert!(below.starts_with(' ') || below.starts_with('│') || below.starts_with('|'), "{tree}");

        ok("netns add named");
        let name = inode(&Dir::default().open("named".as_ref()).unwrap());
        assert_eq!(inodes("--named"), [&*name]);
        assert!(inodes("--empty").contains(&name) && !inodes("--empty").contains(&own));
        assert!(!inodes("--unnamed").contains(&name));
        assert_eq!(inodes("--named --unnamed --user 12345"), [""; 0]);
        let json = list("ls -j --named");
        assert!(json.starts_with("[{") && json.contains("\"names\":[\"named\"],\"processes\":0,"), "{json}");
        assert!(json.contains("\"links\":1") && json.contains("\"owner_name\":") && json.ends_with("}]\n"), "{json}");
        assert_eq!(list("ls --json --named -o inode"), format!("[{{\"inode\":{name}}}]\n"));
        assert_eq!(list("-j ls --named -o +pid,inode").matches("\"inode\"").count(), 1, "no column twice");
        end(nested);
    });
}

#[test]
fn who_tells_all_that_keeps_a_namespace_and_how_to_be_rid_of_it() {
    sandbox::run("who_tells_all_that_keeps_a_namespace_and_how_to_be_rid_of_it", || {
        ok("netns add a");
        let ns = Dir::default().open("a".as_ref()).unwrap();
        let (ino, fd) = (inode(&ns), ns.fd_number());
        let socket = Socket::open_in(&ns, 0).unwrap();
        let inside = child(|s| s.inside(&ns, None).unwrap(), ":");
        let elsewhere = child(|s| s.namespaces(NsFlags::MOUNT), "mount --bind /run/netns/a /etc/hostname");
        fs::write("/run/a b", "").unwrap();
        assert!(
            Spawn::new("mount").args(["--bind", "/run/netns/a", "/run/a b"]).spawn().unwrap().wait().unwrap().success()
        );
        let (pid, other) = (inside.0.pid(), elsewhere.0.pid());
        let (text, json) = ns.run(|| (ok("who a"), ok("who a -j"))).unwrap();
        let user = "(root)";
        for says in [
            format!("net:[{ino}]"),
            "named \"a\"".into(),
            format!("\n  process {pid} {user}: sh -c :; echo; read x\n"),
            format!(" of process {} {user}: ", me()),
            format!("\n  descriptor {fd} of process {} ", me()),
            format!("\n  socket {} of process {} ", std::os::fd::AsRawFd::as_raw_fd(&socket.as_fd()), me()),
            "\n  mount /run/netns/a, the name \"a\"\n".into(),
            "\n  mount /run/a b\n".into(),
            format!(", that of process {other} {user}: sh -c mount"),
            "\n  netnsctl netns delete a\n  umount '/run/a b'\n".into(),
            format!("\n  nsenter -t {other} -m umount /etc/hostname\n"),
        ] {
            assert!(text.contains(&says), "{says:?} in {text}");
        }
        assert!(text.lines().any(|l| l.starts_with("  thread ")), "{text}");
        let kill = text.lines().find(|l| l.starts_with("  kill ")).unwrap_or_else(|| panic!("{text}"));
        assert!(kill.split(' ').any(|p| p == pid.to_string()), "{text}");
        for says in [
            format!("\"inode\":{ino},"),
            format!("{{\"kind\":\"process\",\"pid\":{pid},\"uid\":0,\"command\":\"sh -c :; echo; read x\"}}"),
            format!("{{\"kind\":\"descriptor\",\"fd\":{fd},\"pid\":{},", me()),
            "{\"kind\":\"mount\",\"path\":\"/run/netns/a\",\"name\":\"a\"}".into(),
            "\"devices\":[],\"commands\":[\"netnsctl netns delete a\",".into(),
        ] {
            assert!(json.contains(&says), "{says:?} in {json}");
        }
        // What it says to do does it.
        end(inside);
        end(elsewhere);
        drop((socket, ns));
        for command in ["netnsctl netns delete a", "umount '/run/a b'"] {
            let command = command.replace("netnsctl", env!("CARGO_BIN_EXE_netnsctl"));
            assert!(Spawn::new("sh").args(["-c", &command]).spawn().unwrap().wait().unwrap().success());
        }
        assert_eq!(cell(&ino, "PINNED"), None);
    });
}

#[test]
fn a_namespace_can_be_said_in_many_ways() {
    sandbox::run("a_namespace_can_be_said_in_many_ways", || {
        ok("netns add a");
        let ns = Dir::default().open("a".as_ref()).unwrap();
        let id = ns.id().unwrap();
        let socket = Socket::open_in(&ns, 0).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&socket.as_fd());
        let inside = child(|s| s.inside(&ns, None).unwrap(), ":");
        let is = |(code, out, err): Outcome| {
            assert_eq!((code, &*err), (0, ""));
            assert!(out.contains(&format!("\"inode\":{},", id.ino)), "{out}");
        };
        let mut targets = vec![
            "a".to_owned(),
            "/run/netns/a".into(),
            format!("pid:{}", inside.0.pid()),
            format!("id:{}", id.ino),
            format!("socket:{number}@{}", me()),
            format!("/proc/{}/fd/{}", me(), ns.fd_number()),
        ];
        targets.extend(id.id64.map(|id| format!("id:{id}")));
        for target in targets {
            is(run(&format!("who -j {target}")));
        }
        // Its standard input: the namespace, a process in it, a socket.
        let given = |fd: OwnedFd| {
            let output = netnsctl(["-j", "who", "fd:0"]).stdin(fd).output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
        };
        is(given(ns.as_fd().try_clone_to_owned().unwrap()));
        is(given(inside.0.as_fd().try_clone_to_owned().unwrap()));
        is(given(socket.as_fd().try_clone_to_owned().unwrap()));
        let (code, _, err) = given(fs::File::open("/dev/null").unwrap().into());
        assert!(code == 1 && err.contains("it is a device"), "{err}");

        let gone = inside.0.pid();
        end(inside);
        fails(&format!("who pid:{gone}"), 1, "ESRCH");
        fails("who fd:77", 1, "EBADF");
        fails("who socket:0@1", 1, "");
        fails("who id:1", 255, "no network namespace with id 1");
        fails("who nobody", 255, "no namespace named");
        fails("who /run", 1, "it is a directory");
        for bad in ["pid:", "pid:x", "pid:-1", "pid:+1", "fd:4294967296", "id:", "socket:1", "socket:1@", "a\u{7}/.."] {
            let (code, out, err) = outcome(&mut netnsctl(["who", bad]), "");
            assert!(code != 0 && out.is_empty() && err.starts_with("netnsctl: "), "{bad}: {err}");
        }
    });
}

#[test]
fn words_of_ls_and_who_that_are_none() {
    for (line, says) in [
        ("ls --frob", "is not an option of ls"),
        ("ls -o INODE,foo", "\"foo\" is no column"),
        ("ls -o", "list of columns is missing"),
        ("ls -t foo", "\"foo\" is no type"),
        ("ls --user no-such-user", "no such user"),
        ("ls --pid x", "id of a process"),
        ("who", "a namespace is missing"),
        ("who a b", "too much"),
        ("who pid:x", "a number behind the colon"),
        ("who socket:3", "socket:N@PID"),
    ] {
        let (code, out, err) = run(line);
        assert_eq!((code, &*out), (255, ""), "{line}: {err}");
        assert!(err.contains(says) && err.contains('^'), "{line}: {err}");
    }
    assert!(run("ls help").1.starts_with("Usage: netnsctl ls"));
    assert!(run("who --help").1.starts_with("Usage: netnsctl who"));
}

#[test]
fn what_cannot_be_looked_into_is_said() {
    sandbox::run("what_cannot_be_looked_into_is_said", || {
        let bare = |line: &str| {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--inh-caps=-all", "--bounding-set=-all", env!("CARGO_BIN_EXE_netnsctl")]);
            outcome(command.args(line.split(' ')), "")
        };
        ok("netns add a");
        for line in ["ls", "who a", "netns pids a"] {
            let (code, _, err) = bare(line);
            assert!(code == 0 && err.contains("without privilege not looked into: processes: "), "{line}: {err}");
        }
        let (_, out, _) = bare("who a");
        assert!(out.contains("its links could not be looked at"), "{out}");
        let (_, out, _) = bare("-j who a");
        assert!(out.contains("\"devices\":null") && out.contains("\"hidden\":{\"processes\":"), "{out}");
        assert!(
            bare("ls -o NAMES,LINKS").1.lines().any(|l| l.split_whitespace().eq(["a", "-"])),
            "links are not known"
        );
    });
}
