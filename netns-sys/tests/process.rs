//! Starting programs: in new namespaces, inside named ones, and what they inherit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod sandbox;

use netns_sys::netlink::Conn;
use netns_sys::process::{self, Exit};
use netns_sys::vrf::{self, Group};
use netns_sys::{Dir, Errno, Error, Ns, NsFlags, PollFd, Spawn, Stdio};
use nl_core::Flags;
use nl_core::route::{FAMILY, IfInfoMsg, RTM_NEWLINK};
use sandbox::{again, have, mode, mounts_at, output, run};
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn sh(script: &str) -> Spawn {
    Spawn::new("sh").args(["-c", script])
}
fn exit(spawn: Spawn) -> Exit {
    spawn.spawn().unwrap().wait().unwrap()
}

#[test]
fn the_end_of_a_program_is_told() {
    assert_eq!(exit(sh("exit 7")), Exit::Code(7));
    assert_eq!(exit(sh("kill -TERM $$")), Exit::Signal(15));
    assert_eq!((Exit::Code(7).status(), Exit::Signal(9).status()), (7, 137));
    assert!(Exit::Code(0).success() && !Exit::Signal(0).success());
    let child = Spawn::new("sleep").args(["1000"]).spawn().unwrap();
    let mut ready = [PollFd::readable(child.as_fd())];
    assert_eq!(netns_sys::poll(&mut ready, Some(Duration::ZERO)), Ok(0));
    child.signal(15).unwrap();
    assert_eq!(netns_sys::poll(&mut ready, None), Ok(1));
    assert!(ready[0].is_ready());
    assert_eq!(child.wait(), Ok(Exit::Signal(15)));
    assert_eq!(child.signal(15).unwrap_err().errno(), Some(Errno::ESRCH));
    assert_eq!(child.wait().unwrap_err().errno(), Some(Errno::ECHILD));
}

#[test]
fn what_cannot_be_executed_is_an_error_of_spawn_and_leaves_no_zombie() {
    run("what_cannot_be_executed_is_an_error_of_spawn_and_leaves_no_zombie", what_cannot_be_executed);
}

fn what_cannot_be_executed() {
    let dir = Path::new("/run");
    fs::write(dir.join("data"), "x").unwrap();
    let data = dir.join("data").into_os_string();
    let fails = |program: &OsStr| {
        let e = Spawn::new(program).env("PATH", Some("/usr/bin:/bin:".as_ref())).spawn().unwrap_err();
        (process::exec_failure_status(&e), e)
    };
    assert_eq!(fails(OsStr::new("no-such-program")), (127, Errno::ENOENT.at("execute", "no-such-program")));
    assert_eq!(fails(OsStr::new("/no/such")), (127, Errno::ENOENT.at("execute", "/no/such")));
    assert_eq!(fails(OsStr::new("")), (127, Errno::ENOENT.at("execute", "")));
    assert_eq!(fails(&data), (126, Errno::EACCES.at("execute", &data)));
    assert_eq!(fails(OsStr::new("/")), (126, Errno::EACCES.at("execute", "/")));
    assert_eq!(fails(OsStr::new("a\0b")), (126, Errno::EINVAL.at("pass on a string with a NUL byte", "a\0b")));
    let e = Spawn::new("true").current_dir("/no/such").spawn().unwrap_err();
    assert_eq!(e, Errno::ENOENT.at("change to directory", "/no/such"));
    // In PATH, one that may not be executed is passed over for one that may, and remembered if there is none.
    let path = format!("{}:/usr/bin:/bin", dir.display());
    fs::write(dir.join("true"), "x").unwrap();
    let in_path = |program: &str| Spawn::new(program).env("PATH", Some(path.as_ref())).spawn();
    assert!(in_path("true").unwrap().wait().unwrap().success());
    assert_eq!(in_path("data").unwrap_err().errno(), Some(Errno::EACCES));
    // A script without #! is the shell's.
    let script = dir.join("script");
    fs::write(&script, "exit $(($1 + $#))").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(exit(Spawn::new(&script).args(["40", "x"])), Exit::Code(42));
    assert_eq!(exit(Spawn::new("script").args(["40"]).env("PATH", Some(path.as_ref()))), Exit::Code(41));
}

#[test]
fn a_failed_start_leaves_no_child() {
    run("a_failed_start_leaves_no_child", || {
        Spawn::new("no-such-program").spawn().unwrap_err();
        Spawn::new("true").current_dir("/no/such").namespaces(NsFlags::USER).map_ids(0, 0).spawn().unwrap_err();
        let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        assert_eq!(children, "");
    });
}

#[test]
fn environment_directory_and_streams_are_given() {
    let text = output(
        sh("echo $HOME:$GIVEN:${REMOVED-none}; pwd; echo err >&2")
            .current_dir("/dev")
            .args(["x"])
            .env("GIVEN", Some("yes".as_ref())),
    );
    assert_eq!(text, format!("{}:yes:none\n/dev\nerr\n", std::env::var("HOME").unwrap_or_default()));
    assert_eq!(output(sh("echo ${HOME-none}").env("HOME", None)), "none\n");
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let child =
        Spawn::new("cat").stdio(Stdio::In, &theirs).unwrap().stdio(Stdio::Out, &theirs).unwrap().spawn().unwrap();
    drop(theirs);
    ours.write_all(b"in and out").unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let mut text = String::new();
    ours.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), child.wait()), ("in and out", Ok(Exit::Code(0))));
}

#[test]
fn nothing_but_the_streams_is_inherited() {
    let script = "ls /proc/self/fd | wc -l";
    let expected = Command::new("sh").args(["-c", script]).output().unwrap().stdout;
    let (_ours, theirs) = UnixStream::pair().unwrap();
    let _ns = Ns::current().unwrap();
    let text = output(sh(script).stdio(Stdio::In, &theirs).unwrap());
    assert_eq!(text.as_bytes(), expected, "what the tests were started with, and nothing of theirs");
}

#[test]
fn namespaces_are_new_and_ids_mapped() {
    run("namespaces_are_new_and_ids_mapped", || {
        let kinds = [
            ("net", NsFlags::NET),
            ("user", NsFlags::USER),
            ("mnt", NsFlags::MOUNT),
            ("pid", NsFlags::PID),
            ("uts", NsFlags::UTS),
            ("ipc", NsFlags::IPC),
            ("cgroup", NsFlags::CGROUP),
            ("time", NsFlags::TIME),
        ];
        let all = kinds.iter().fold(NsFlags::empty(), |all, (_, k)| all | *k);
        let script = "for n in net user mnt pid uts ipc cgroup time; do readlink /proc/self/ns/$n || echo none; done";
        let here: Vec<String> = output(sh(script)).lines().map(str::to_owned).collect();
        let there: Vec<String> = output(sh(script).namespaces(all).map_ids(0, 0)).lines().map(str::to_owned).collect();
        for (i, (name, _)) in kinds.iter().enumerate() {
            assert_ne!(here[i], there[i], "{name}");
        }
        let ids =
            "id -u; id -g; tr -s ' ' </proc/self/uid_map; tr -s ' ' </proc/self/gid_map; cat /proc/self/setgroups";
        let text = output(sh(ids).namespaces(NsFlags::USER).map_ids(0, 0));
        assert_eq!(text, "0\n0\n 0 0 1\n 0 0 1\ndeny\n");
        let text = output(sh(ids).namespaces(NsFlags::USER).map_ids(1000, 2000));
        assert_eq!(text, "1000\n2000\n 1000 0 1\n 2000 0 1\ndeny\n");
        assert_eq!(output(sh("echo $$").namespaces(NsFlags::PID)), "1\n");
    });
}

#[test]
fn a_map_that_is_refused_is_an_error() {
    run("a_map_that_is_refused_is_an_error", || {
        // No new user namespace: its maps are written already.
        let e = sh(": > /run/ran").map_ids(0, 0).spawn().unwrap_err();
        assert!(fs::metadata("/run/ran").is_err(), "the program ran all the same");
        assert_eq!(e, Errno::EPERM.at("map user and group ids: write", "uid_map"));
        assert_eq!(fs::read_to_string("/proc/thread-self/children").unwrap_or_default(), "");
    });
}

#[test]
fn clone_does_where_clone3_is_missing() {
    let test = "clone_does_where_clone3_is_missing";
    if mode().as_deref() == Some("traced") {
        // No thread of std's can be started here either, but by clone as well.
        let kinds = NsFlags::NET | NsFlags::USER | NsFlags::PID;
        assert_eq!(output(sh("echo $$; id -u").namespaces(kinds).map_ids(0, 0)), "1\n0\n");
        let e = sh("").namespaces(NsFlags::TIME).spawn().unwrap_err();
        assert_eq!(e.errno(), Some(Errno::ENOSYS));
        return;
    }
    run(test, || {
        if !have("strace") {
            return sandbox::skip("strace");
        }
        let exe = std::env::current_exe().unwrap();
        let spawn = Spawn::new("strace").args(["-f", "-qq", "-o", "/run/trace", "-etrace=clone3"]);
        let spawn = spawn.args(["-einject=clone3:error=ENOSYS"]).args([exe.as_os_str()]).args([test, "--exact"]);
        output(spawn.env("NETNS_TEST_MODE", Some("traced".as_ref())));
        assert!(fs::read_to_string("/run/trace").unwrap().contains("(INJECTED)"));
    });
}

/// A middle process starts a child tied to it and ends; the child's end is seen as the end of the stream it holds.
fn tied(test: &str, kinds: NsFlags) {
    if mode().as_deref() == Some("middle") {
        let child = Spawn::new("sleep").args(["1000"]).namespaces(kinds).kill_child(9).spawn().unwrap();
        println!("started {}", child.pid());
        return; // the test process ends here, or is killed before
    }
    run(test, || {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let middle = again(test, "middle").stdio(Stdio::Out, &theirs).unwrap().spawn().unwrap();
        drop(theirs);
        let mut text = String::new();
        ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        ours.read_to_string(&mut text).expect("the child outlived its parent");
        assert!(text.contains("started"), "{text}");
        middle.wait().unwrap();
    });
}

#[test]
fn a_tied_child_ends_with_its_parent() {
    tied("a_tied_child_ends_with_its_parent", NsFlags::empty());
}

#[test]
fn a_tied_child_in_a_pid_namespace_ends_with_its_parent() {
    tied("a_tied_child_in_a_pid_namespace_ends_with_its_parent", NsFlags::PID);
}

#[test]
fn the_parent_ending_before_the_tie_is_noticed() {
    let test = "the_parent_ending_before_the_tie_is_noticed";
    if mode().as_deref() == Some("middle") {
        println!("started");
        let e = Spawn::new("sleep").args(["1000"]).namespaces(NsFlags::PID).kill_child(9).spawn();
        unreachable!("killed before the child was tied: {e:?}");
    }
    run(test, || {
        if !have("strace") {
            return sandbox::skip("strace");
        }
        // The child is held up before prctl takes effect, its parent is killed at the read that waits for its report.
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let exe = std::env::current_exe().unwrap();
        let spawn = Spawn::new("strace").args(["-f", "-qq", "-o", "/run/trace", "-etrace=prctl,wait4,poll"]);
        let spawn = spawn.args(["-einject=prctl:delay_enter=300000"]).args([exe.as_os_str()]);
        let spawn = spawn.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        let spawn = spawn.env("NETNS_TEST_MODE", Some("middle".as_ref())).stdio(Stdio::Out, &theirs).unwrap();
        let strace = spawn.spawn().unwrap();
        drop(theirs);
        let mut text = [0; 7];
        while !text.starts_with(b"started") {
            text.rotate_left(1);
            ours.read_exact(&mut text[6..]).unwrap();
        }
        // Its child exists once the middle process has one; it is found by its parent's list of children.
        let middle = loop {
            let all = fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().into_string().ok());
            let tree: Vec<String> = all.filter(|n| n.parse::<u32>().is_ok()).collect();
            let parent = |pid: &String| -> Option<String> {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
                Some(stat.rsplit(')').next()?.split(' ').nth(2)?.to_owned())
            };
            let of = |p: &str| tree.iter().find(|c| parent(c).as_deref() == Some(p)).cloned();
            if let Some(middle) = of(&strace.pid().to_string()) {
                if of(&middle).is_some() {
                    break middle;
                }
            }
            std::thread::yield_now();
        };
        output(Spawn::new("kill").args(["-9", &middle]));
        ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        ours.read_to_end(&mut Vec::new()).expect("the child outlived its parent");
        strace.wait().unwrap();
    });
}

fn inside_is_as_it_should_be(enter: impl FnOnce(&Ns, &OsStr, &str) -> String) {
    let mount_tmpfs = |at: &str| output(Spawn::new("mount").args(["-t", "tmpfs", "none", at]));
    mount_tmpfs("/etc");
    fs::create_dir_all("/etc/netns/x y").unwrap();
    fs::create_dir_all("/run/resolver").unwrap();
    fs::write("/run/resolver/conf", "host").unwrap();
    symlink("/run/resolver/conf", "/etc/resolv.conf").unwrap();
    symlink("/run/nowhere", "/etc/dangling").unwrap();
    fs::write("/etc/hosts", "host").unwrap();
    fs::create_dir("/etc/dir").unwrap();
    for file in ["resolv.conf", "hosts", "missing", "dangling"] {
        fs::write(format!("/etc/netns/x y/{file}"), "inside").unwrap();
    }
    fs::create_dir("/etc/netns/x y/dir").unwrap();
    fs::write("/etc/netns/x y/dir/f", "inside").unwrap();
    netns_sys::mount::set_propagation("/".as_ref(), netns_sys::mount::Propagation::Shared).unwrap();
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    let (before, home) = (mounts(), Ns::current().unwrap());
    let name = OsStr::new("x y");
    let ns = Dir::at("/run/names").add(name).unwrap();
    netns_sys::Dir::at("/run/names").remove(name).unwrap();
    output(Spawn::new("umount").args(["/run/names"]));
    let script =
        "readlink /proc/self/ns/net; cat /etc/resolv.conf /etc/hosts /etc/dir/f; echo; cat /run/resolver/conf; echo;
        echo sysfs $(stat -c %d /sys); mount -t tmpfs none /run";
    let text = enter(&ns, name, script);
    let inode = ns.id().unwrap().ino;
    assert!(text.contains(&format!("net:[{inode}]\ninsideinsideinside\ninside\n")), "{text}");
    let old_sysfs = fs::metadata("/sys").unwrap().dev();
    let new_sysfs = text.lines().find_map(|l| l.strip_prefix("sysfs ")).unwrap();
    assert_ne!(new_sysfs, old_sysfs.to_string(), "a sysfs of another network namespace is another file system");
    assert_eq!(before, mounts(), "the host's mounts are what they were");
    assert_eq!(Ns::current().unwrap().id(), home.id());
    assert_eq!(fs::read_to_string("/etc/resolv.conf").unwrap(), "host");
}

fn assert_warnings(warnings: &[Error]) {
    let mut about: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    about.sort();
    let words =
        |file| format!("cannot put a file of /etc/netns over \"/etc/{file}\": ENOENT (No such file or directory)");
    assert_eq!(about, [words("dangling"), words("missing")]);
}

#[test]
fn a_program_started_inside_finds_its_own_surroundings() {
    run("a_program_started_inside_finds_its_own_surroundings", || {
        inside_is_as_it_should_be(|ns, name, script| {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            let spawn = sh(script).inside(ns, Some(name)).unwrap().stdio(Stdio::Out, &theirs).unwrap();
            drop(theirs);
            let child = spawn.spawn().unwrap();
            assert_warnings(child.warnings());
            let mut text = String::new();
            ours.read_to_string(&mut text).unwrap();
            assert_eq!(child.wait(), Ok(Exit::Code(0)));
            text
        });
    });
}

#[test]
fn a_process_that_enters_finds_its_own_surroundings() {
    let test = "a_process_that_enters_finds_its_own_surroundings";
    if mode().as_deref() == Some("enter") {
        let ns = Ns::of_pid(std::env::var("OF").unwrap().parse().unwrap()).unwrap();
        let warnings = process::enter_for_exec(&ns, Some(OsStr::new("x y"))).unwrap();
        assert_warnings(&warnings);
        panic!("{}", process::exec(OsStr::new("sh"), ["-c", &std::env::var("SCRIPT").unwrap()]));
    }
    run(test, || {
        inside_is_as_it_should_be(|ns, _, script| {
            let holder = ns.run(|| Spawn::new("sleep").args(["1000"]).spawn().unwrap()).unwrap();
            let enter = again(test, "enter").env("SCRIPT", Some(script.as_ref()));
            let text = output(enter.env("OF", Some(holder.pid().to_string().as_ref())));
            holder.signal(9).unwrap();
            holder.wait().unwrap();
            text
        });
    });
}

#[test]
fn without_a_name_or_files_inside_works_too() {
    run("without_a_name_or_files_inside_works_too", || {
        let (ns, before) = (Ns::create().unwrap(), mounts_at("/run").len());
        for name in [None, Some(OsStr::new("no-such-name"))] {
            let child = sh("exit 3").inside(&ns, name).unwrap().spawn().unwrap();
            assert_eq!((child.warnings(), child.wait()), (&[][..], Ok(Exit::Code(3))));
        }
        let e = sh("").inside(&ns, Some(OsStr::new("../.."))).unwrap().spawn().unwrap_err();
        assert!(matches!(e, Error::BadName { .. }));
        assert_eq!(mounts_at("/run").len(), before);
    });
}

#[test]
fn without_sys_inside_works_too() {
    run("without_sys_inside_works_too", || {
        // A root with nothing in it but what a shell needs: no /sys.
        let script =
            "set -e; cd /run; mkdir root; mount -t tmpfs none root; cd root; mkdir proc run; mount -t proc p proc
            for d in usr lib lib64 bin sbin etc; do [ ! -e /$d ] || { mkdir $d; mount --rbind /$d $d; }; done
            cp $0 t; exec chroot . /t inside_without_sys --exact --nocapture";
        output(sh(script).args([std::env::current_exe().unwrap()]).env("NETNS_TEST_MODE", Some("nosys".as_ref())));
    });
}

#[test]
fn inside_without_sys() {
    if mode().as_deref() == Some("nosys") {
        assert!(fs::metadata("/sys").is_err());
        let child = sh("exit 3").inside(&Ns::create().unwrap(), None).unwrap().spawn().unwrap();
        assert_eq!(child.wait(), Ok(Exit::Code(3)));
    }
}

#[test]
fn a_read_only_sys_that_cannot_be_detached_is_covered_read_only() {
    run("a_read_only_sys_that_cannot_be_detached_is_covered_read_only", || {
        // Mounts that came with the mount namespace of another user namespace are locked.
        output(sh("mount -o remount,bind,ro /sys"));
        let text = output(
            again("inside_a_user_namespace", "locked")
                .namespaces(NsFlags::USER | NsFlags::MOUNT | NsFlags::NET)
                .map_ids(0, 0),
        );
        assert!(text.contains("covered: ro"), "{text}");
    });
}

#[test]
fn inside_a_user_namespace() {
    if mode().as_deref() == Some("locked") {
        let show = "grep ' /sys ' /proc/self/mountinfo | tail -n 1 | cut -d' ' -f6 | sed 's/^/covered: /'";
        let child = sh(show).inside(&Ns::create().unwrap(), None).unwrap().spawn().unwrap();
        assert_eq!(child.wait(), Ok(Exit::Code(0)));
    }
}

#[test]
fn a_child_of_a_thread_outlives_it_untied() {
    let child = std::thread::spawn(|| Spawn::new("sleep").args(["1000"]).spawn().unwrap()).join().unwrap();
    child.signal(0).unwrap();
    assert_eq!(netns_sys::poll(&mut [PollFd::readable(child.as_fd())], Some(Duration::ZERO)), Ok(0));
    child.signal(9).unwrap();
    assert_eq!(child.wait(), Ok(Exit::Signal(9)));
}

#[test]
fn processes_of_a_vrf_bind_their_sockets_to_it_until_they_enter_a_namespace() {
    run("processes_of_a_vrf_bind_their_sockets_to_it_until_they_enter_a_namespace", processes_of_a_vrf);
}

/// Where the process was, before it was put in the group of a VRF; takes it back there, and removes the groups.
struct Back(std::path::PathBuf);
impl Drop for Back {
    fn drop(&mut self) {
        let netns = self.0.join("t1-ns");
        fs::write(self.0.join("cgroup.procs"), "0").unwrap();
        for dir in [netns.join("vrf/red"), netns.join("vrf"), netns] {
            let _ = fs::remove_dir(dir);
        }
    }
}

fn processes_of_a_vrf() {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mounted = mounts.lines().find_map(|l| l.split_once(" cgroup2 ")).and_then(|l| l.0.split(' ').nth(1));
    let path = || fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = path().lines().find_map(|l| l.strip_prefix("0::/").map(str::to_owned)).unwrap_or_default();
    let Some(mounted) = mounted.filter(|m| fs::write(Path::new(m).join(&own).join("cgroup.procs"), "0").is_ok()) else {
        return sandbox::skip("a control group (version 2) to write to");
    };
    let back = Back(Path::new(mounted).join(&own));
    let connect = || std::net::UdpSocket::bind("0.0.0.0:0").and_then(|s| s.connect("127.0.0.1:9"));
    let (red, t1) = (OsStr::new("red"), OsStr::new("t1"));
    let ns = Ns::current().unwrap();
    // Of a device that is not there nothing can be reached; 127.0.0.1 by `lo` (1), if that is up.
    let up = IfInfoMsg { index: 1.into(), flags: 1.into(), change: 1.into(), ..IfInfoMsg::default() };
    Conn::open(&FAMILY).unwrap().request(RTM_NEWLINK, Flags::empty(), |m| m.fixed(&up)).unwrap();
    connect().unwrap();
    match Group::make(Some((red, 77)), Some(t1)) {
        Err(e) if matches!(e.errno(), Some(Errno::EPERM | Errno::EACCES)) => {
            return sandbox::skip("the right to load programs");
        }
        group => group.unwrap().enter().unwrap(),
    }
    assert_eq!(connect().unwrap_err().raw_os_error(), Some(Errno::ENODEV.0));
    assert_eq!(vrf::identify(None).unwrap().as_deref(), Some(red));
    // In the place of the other program; and the directories are those there are.
    let group = Group::make(Some((red, 1)), Some(t1)).unwrap();
    connect().unwrap();
    assert!(!vrf::pids(red, Some(t1)).unwrap().is_empty());
    assert_eq!(vrf::pids(red, Some(OsStr::new("t2"))), Ok(Vec::new()));
    let place = |spawn: Spawn| {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let spawn = spawn.args(["/proc/self/cgroup"]).stdio(Stdio::Out, &theirs).unwrap();
        drop(theirs);
        assert!(exit(spawn).success());
        let mut text = String::new();
        ours.read_to_string(&mut text).unwrap();
        text.lines().find_map(|l| l.strip_prefix("0::").map(str::to_owned)).unwrap()
    };
    assert!(place(Spawn::new("cat")).ends_with("/t1-ns/vrf/red"));
    assert!(place(Spawn::new("cat").inside(&ns, None).unwrap()).ends_with("/t1-ns/vrf"));
    fs::write(back.0.join("cgroup.procs"), "0").unwrap();
    assert!(place(Spawn::new("cat").group(group)).ends_with("/t1-ns/vrf/red"));
    assert_eq!(vrf::identify(None), Ok(None));
}
