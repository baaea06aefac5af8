//! Namespaces by descriptor: what is one, whose it is, and running things inside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod sandbox;

use netns_sys::mount;
use netns_sys::{Errno, Error, Kind, Ns, NsFlags, Spawn};
use sandbox::{eventually, linux, output, run};
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

#[test]
fn identity_is_that_of_the_file() {
    let (ns, file) = (Ns::current().unwrap(), fs::metadata("/proc/self/ns/net").unwrap());
    let id = ns.id().unwrap();
    assert_eq!((id.dev, id.ino), (file.dev(), file.ino()));
    assert_eq!(Ns::open(Path::new("/proc/self/ns/net")).unwrap().id().unwrap(), id);
    assert_eq!(id.id64.is_some(), linux(6, 18));
}

#[test]
fn what_is_no_network_namespace_is_refused_unopened() {
    run("what_is_no_network_namespace_is_refused_unopened", || {
        fs::write("/run/empty", "").unwrap();
        fs::write("/run/file", "x").unwrap();
        output(Spawn::new("sh").args(["-c", "mkfifo /run/fifo"]));
        let _socket = UnixListener::bind("/run/socket").unwrap();
        for (path, seen) in [
            ("/run/empty", Kind::Stale),
            ("/run/file", Kind::File),
            ("/run", Kind::Dir),
            ("/run/fifo", Kind::Fifo),
            ("/run/socket", Kind::Socket),
            ("/dev/null", Kind::Device),
            ("/proc/self/ns/uts", Kind::OtherNs(NsFlags::UTS)),
            ("/proc/self/ns/user", Kind::OtherNs(NsFlags::USER)),
            ("/proc/self/ns/mnt", Kind::OtherNs(NsFlags::MOUNT)),
            ("/proc/self/ns/pid", Kind::OtherNs(NsFlags::PID)),
        ] {
            assert_eq!(Ns::open(Path::new(path)).unwrap_err(), Error::NotNetns { about: path.into(), seen });
        }
        assert_eq!(Ns::open(Path::new("/run/no")).unwrap_err(), Errno::ENOENT.at("open", "/run/no"));
        assert_eq!(Ns::open(Path::new("/run/\0")).unwrap_err(), Errno::EINVAL.at("open", "/run/\0"));
    });
}

#[test]
fn a_descriptor_is_judged_by_itself() {
    let home = Ns::current().unwrap();
    assert_eq!(Ns::from_fd(File::open("/proc/self/ns/net").unwrap().into()).unwrap().id(), home.id());
    let not = |fd: OwnedFd| match Ns::from_fd(fd) {
        Err(Error::NotNetns { seen, .. }) => seen,
        other => panic!("{other:?}"),
    };
    assert_eq!(not(File::open("/dev/null").unwrap().into()), Kind::Device);
    assert_eq!(not(File::open("/proc/self/ns/ipc").unwrap().into()), Kind::OtherNs(NsFlags::IPC));
    assert_eq!(not(std::os::unix::net::UnixStream::pair().unwrap().0.into()), Kind::Socket);
    let fd = home.as_fd().try_clone_to_owned().unwrap();
    assert_eq!(Ns::from_fd(OwnedFd::from(Ns::from_fd(fd).unwrap())).unwrap().id(), home.id());
}

#[test]
fn code_runs_inside_and_the_caller_stays() {
    run("code_runs_inside_and_the_caller_stays", || {
        let (home, ns) = (Ns::current().unwrap().id().unwrap(), Ns::create().unwrap());
        let id = ns.id().unwrap();
        assert_ne!(id, home);
        assert_eq!(ns.run(|| Ns::current().unwrap().id().unwrap()).unwrap(), id);
        assert_eq!(Ns::current().unwrap().id().unwrap(), home);
        let tasks = || fs::read_dir("/proc/self/task").unwrap().count();
        let before = tasks();
        let panic = std::panic::catch_unwind(|| ns.run(|| panic!("as it should"))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"as it should"));
        eventually("the threads ended", || tasks() <= before);
    });
}

#[test]
fn namespaces_of_processes_are_found() {
    run("namespaces_of_processes_are_found", || {
        let home = Ns::current().unwrap().id().unwrap();
        assert_eq!(Ns::of_pid(std::process::id()).unwrap().id().unwrap(), home);
        let other = Spawn::new("sleep").args(["1000"]).namespaces(NsFlags::NET).kill_child(9).spawn().unwrap();
        let id = Ns::of_pid(other.pid()).unwrap().id().unwrap();
        assert_ne!(id, home);
        assert_eq!(Ns::of_pidfd(other.as_fd()).unwrap().id().unwrap(), id);
        other.signal(9).unwrap();
        other.wait().unwrap();
        let pid = other.pid();
        assert_eq!(Ns::of_pid(pid).unwrap_err(), Errno::ESRCH.at("find process", pid.to_string()));
        assert_eq!(Ns::of_pidfd(other.as_fd()).unwrap_err().errno(), Some(Errno::ESRCH));
        let null = File::open("/dev/null").unwrap();
        assert_eq!(Ns::of_pidfd(null.as_fd()).unwrap_err().errno(), Some(Errno::EBADF));
    });
}

#[test]
fn the_owner_is_told() {
    run("the_owner_is_told", || {
        let ns = Ns::create().unwrap();
        let owner = File::from(ns.owner_user_ns().unwrap()).metadata().unwrap().ino();
        assert_eq!(owner, fs::metadata("/proc/self/ns/user").unwrap().ino());
        let uid = ns.owner_uid();
        // The initial user namespace is root's; a sandbox's is made by the user who is mapped to root in it.
        assert_eq!(uid, Ok(0));
    });
}

#[test]
fn without_proc_namespaces_are_made_and_found() {
    run("without_proc_namespaces_are_made_and_found", || {
        let home = Ns::current().unwrap().id().unwrap();
        mount::mount_new(c"tmpfs", Path::new("/proc")).unwrap();
        let ns = Ns::create().unwrap();
        assert_eq!(Ns::current().unwrap().id().unwrap(), home);
        assert_eq!(ns.run(|| Ns::current().unwrap().id().unwrap()).unwrap(), ns.id().unwrap());
    });
}

#[test]
fn a_sysfs_shows_the_namespace_it_was_made_in() {
    run("a_sysfs_shows_the_namespace_it_was_made_in", || {
        let ns = Ns::create().unwrap();
        let here = ns.run(mount::sysfs).unwrap().unwrap();
        let mtu = mount::open_at(here.as_fd(), Path::new("class/net/lo/mtu")).unwrap();
        assert_eq!(std::io::read_to_string(mtu).unwrap(), "65536\n");
        ns.run(|| output(Spawn::new("ip").args(["link", "set", "lo", "up", "mtu", "1234"]))).unwrap();
        let mtu =
            || std::io::read_to_string(mount::open_at(here.as_fd(), Path::new("class/net/lo/mtu")).unwrap()).unwrap();
        assert_eq!(mtu(), "1234\n");
        assert!(sandbox::mounts_at("/sys").len() <= 1);
        assert_eq!(
            mount::open_at(here.as_fd(), Path::new("class/no")).unwrap_err(),
            Errno::ENOENT.at("open", "class/no")
        );
    });
}
