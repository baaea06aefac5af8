//! What keeps a namespace alive: each sort, alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod sandbox;

use netns_sys::holders::{Holder, Look, Namespace, holders, mounts, namespaces};
use netns_sys::mount::{self, Propagation};
use netns_sys::netlink::Socket;
use netns_sys::{Child, Dir, Ns, NsFlags, NsId, Spawn, Stdio};
use sandbox::{eventually, output, run, skip};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A child in new namespaces of these types, which ends with the stream.
fn child(kinds: NsFlags, script: &str) -> (Child, UnixStream) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let script = format!("{script}; echo; read x");
    let spawn = Spawn::new("sh").args(["-c", &script]).namespaces(kinds).kill_child(9);
    let spawn = if kinds.contains(NsFlags::USER) { spawn.map_ids(0, 0) } else { spawn };
    let spawn = spawn.stdio(Stdio::In, &theirs).and_then(|s| s.stdio(Stdio::Out, &theirs)).unwrap();
    let child = spawn.spawn().unwrap();
    drop(theirs);
    ours.read_exact(&mut [0]).unwrap();
    (child, ours)
}

fn end((child, stream): (Child, UnixStream)) {
    drop(stream);
    child.wait().unwrap();
}

/// All that keeps it.
fn kept(id: &NsId) -> Vec<Holder> {
    let mut kept = Vec::new();
    // A thread that was joined, those of the looks themselves too, may still be seen for a moment.
    eventually("a look at one and a survey see the same, or nothing at all", || {
        let found = holders(id, Look::ALL).unwrap();
        assert_eq!((found.hidden.sockets, found.hidden.mounts), (0, 0));
        kept = found.found;
        let all = namespaces(NsFlags::NET, Look { owners: false, ..Look::ALL }).unwrap().0;
        let same: Vec<&Namespace> = all.iter().filter(|ns| ns.id == *id).collect();
        same.len() == usize::from(!kept.is_empty()) && same.iter().all(|ns| ns.holders == kept)
    });
    kept
}

fn me() -> u32 {
    std::process::id()
}

#[test]
fn each_sort_alone_keeps_a_namespace_and_is_found() {
    run("each_sort_alone_keeps_a_namespace_and_is_found", || {
        // Nothing of it but its identity.
        let ns = Ns::create().unwrap();
        let id = ns.id().unwrap();
        let fd = ns.fd_number();
        assert_eq!(kept(&id), [Holder::Fd { pid: me(), fd }], "a descriptor");

        let socket = Socket::open_in(&ns, 0).unwrap();
        drop(ns);
        let mine = |holder: &Holder| matches!(holder, Holder::Socket { pid, .. } if *pid == me());
        eventually(
            "a socket alone, without the thread that opened it",
            || matches!(&kept(&id)[..], [only] if mine(only)),
        );
        let find = || namespaces(NsFlags::NET, Look::ALL).unwrap().0.into_iter().find(|ns| ns.id == id).unwrap();
        let again = find().open().unwrap();
        assert_eq!(again.id(), Ok(id), "and can be opened by it");

        again
            .run(|| {
                drop(socket);
                let inside = Ns::current().unwrap();
                let thread = |holder: &Holder| matches!(holder, Holder::Thread { pid, .. } if *pid == me());
                assert_eq!(kept(&id).iter().filter(|h| thread(h)).count(), 1, "{:?}", kept(&id));
                let fds: Vec<Holder> = kept(&id).into_iter().filter(|h| !thread(h)).collect();
                assert!(fds.contains(&Holder::Fd { pid: me(), fd: inside.fd_number() }));
            })
            .unwrap();
        eventually("the thread is gone", || kept(&id) == [Holder::Fd { pid: me(), fd: again.fd_number() }]);

        let inside = Spawn::new("sh").args(["-c", "echo; read x"]).inside(&again, None).unwrap();
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let inside =
            inside.stdio(Stdio::In, &theirs).and_then(|s| s.stdio(Stdio::Out, &theirs)).unwrap().spawn().unwrap();
        drop((theirs, again));
        ours.read_exact(&mut [0]).unwrap();
        assert_eq!(kept(&id), [Holder::Process { pid: inside.pid() }]);
        assert_eq!(find().open().and_then(|ns| ns.id()), Ok(id));
        end((inside, ours));
        assert_eq!(kept(&id), []);
    });
}

#[test]
fn names_mounts_elsewhere_and_what_was_opened_there_are_found() {
    run("names_mounts_elsewhere_and_what_was_opened_there_are_found", || {
        let id = Dir::default().add(OsStr::new("a")).unwrap().id().unwrap();
        let own = fs::metadata("/proc/self/ns/mnt").unwrap().ino();
        let at = |pid, namespace, path: &str| Holder::Mount { pid, namespace, path: path.into() };
        let here = |holder: &Holder| matches!(holder, Holder::Mount { namespace, .. } if *namespace == own);
        let [Holder::Mount { path, .. }] = &kept(&id)[..] else { panic!("{:?}", kept(&id)) };
        assert_eq!(path, Path::new("/run/netns/a"));
        assert_eq!(mounts().unwrap(), [(NsFlags::NET, id.ino, PathBuf::from("/run/netns/a"))]);

        // Opened by its name, the descriptor has that path, however long the name is no more.
        let file = File::open("/run/netns/a").unwrap();
        let fd = Holder::Fd { pid: me(), fd: u32::try_from(file.as_raw_fd()).unwrap() };
        assert!(kept(&id).contains(&fd));
        Dir::default().remove(OsStr::new("a")).unwrap();
        assert_eq!(kept(&id), [fd]);

        // A mount in another mount namespace, at a path with a space in it.
        fs::write("/run/b c", "").unwrap();
        let ns = Ns::from_fd(OwnedFd::from(file)).unwrap();
        Dir::default().attach(OsStr::new("b"), &ns).unwrap();
        drop(ns);
        mount::set_propagation(Path::new("/run/netns"), Propagation::Private).unwrap();
        let other = child(NsFlags::MOUNT, "mount --bind /run/netns/b '/run/b c' && umount /run/netns/b");
        Dir::default().remove(OsStr::new("b")).unwrap();
        let namespace = fs::metadata(format!("/proc/{}/ns/mnt", other.0.pid())).unwrap().ino();
        assert_eq!(kept(&id), [at(other.0.pid(), namespace, "/run/b c")]);
        assert!(!kept(&id).iter().any(here) && namespace != own);
        let all = namespaces(NsFlags::NET, Look::ALL).unwrap().0;
        let found = all.iter().find(|ns| ns.id == id).unwrap();
        assert_eq!(found.open().and_then(|ns| ns.id()), Ok(id), "through the root of that process");
        end(other);
        assert_eq!(kept(&id), []);
    });
}

#[test]
fn a_descriptor_of_tun_is_a_socket() {
    run("a_descriptor_of_tun_is_a_socket", || {
        let ns = Ns::create().unwrap();
        let id = ns.id().unwrap();
        match ns.run(|| File::options().read(true).write(true).open("/dev/net/tun")).unwrap() {
            Ok(file) => {
                drop(ns);
                let fd = u32::try_from(file.as_raw_fd()).unwrap();
                assert_eq!(kept(&id), [Holder::Socket { pid: me(), fd }]);
            }
            Err(_) => skip("/dev/net/tun"),
        }
    });
}

#[test]
fn owners_and_parents_are_found_through_what_they_own() {
    run("owners_and_parents_are_found_through_what_they_own", || {
        // A user namespace that nobody is in any more: only the network namespace is kept, by a descriptor.
        let made = child(NsFlags::USER | NsFlags::NET, ":");
        let (pid, ns) = (made.0.pid(), Ns::of_pid(made.0.pid()).unwrap());
        let owner = fs::metadata(format!("/proc/{pid}/ns/user")).unwrap().ino();
        end(made);
        let (id, here) = (ns.id().unwrap(), fs::metadata("/proc/self/ns/user").unwrap().ino());
        let (all, _) = namespaces(NsFlags::NET | NsFlags::USER, Look::ALL).unwrap();
        let find = |ino| all.iter().find(|ns| ns.id.ino == ino).unwrap();
        assert_eq!(find(id.ino).owner, Some(owner));
        let user = find(owner);
        assert_eq!((user.kind, &user.holders[..]), (NsFlags::USER, &[Holder::Namespace { ino: id.ino }][..]));
        assert_eq!((user.owner, find(id.ino).owner_uid), (Some(here), user.owner_uid));
        assert!(find(here).holders.contains(&Holder::Namespace { ino: owner }));
        let without = namespaces(NsFlags::NET | NsFlags::USER, Look { owners: false, ..Look::ALL }).unwrap().0;
        assert!(without.iter().all(|ns| ns.id.ino != owner));

        // The children of this one will be in another PID namespace.
        let script = "echo; read x";
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let spawn = Spawn::new("unshare").args(["--pid", "sh", "-c", &format!("sh -c '{script}'; :")]);
        let spawn = spawn.stdio(Stdio::In, &theirs).and_then(|s| s.stdio(Stdio::Out, &theirs)).unwrap();
        let outer = spawn.spawn().unwrap();
        drop(theirs);
        ours.read_exact(&mut [0]).unwrap();
        let (all, _) = namespaces(NsFlags::PID, Look::ALL).unwrap();
        let pids = fs::metadata("/proc/self/ns/pid").unwrap().ino();
        let inner = all.iter().find(|ns| ns.holders.contains(&Holder::ForChildren { pid: outer.pid() })).unwrap();
        assert_eq!(inner.parent, Some(pids));
        assert!(inner.holders.iter().any(|h| matches!(h, Holder::Process { .. })), "{inner:?}");
        end((outer, ours));
    });
}

#[test]
fn all_types_are_found() {
    run("all_types_are_found", || {
        let all = namespaces(NsFlags::all(), Look::default()).unwrap().0;
        for (name, kind) in NsFlags::NAMES {
            let Ok(file) = fs::metadata(format!("/proc/self/ns/{name}")) else { continue };
            let found = all.iter().find(|ns| ns.id.ino == file.ino()).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((found.kind, found.id.dev), (kind, file.dev()));
            assert!(found.holders.contains(&Holder::Process { pid: me() }), "{name}: {found:?}");
        }
    });
}

#[test]
fn what_is_hidden_is_counted() {
    const TEST: &str = "what_is_hidden_is_counted";
    if sandbox::mode().as_deref() == Some("bare") {
        let _own = UnixStream::pair().unwrap();
        let (all, hidden) = namespaces(NsFlags::NET, Look::ALL).unwrap();
        assert!(hidden.processes > 0, "the process that has started this one may more than it");
        if sandbox::linux(5, 14) {
            assert_eq!((hidden.sockets, hidden.mounts), (0, 0), "its own can be asked, being where it is itself");
        }
        let own = Ns::current().and_then(|ns| ns.id()).unwrap();
        assert_eq!(all.iter().map(|ns| ns.id).collect::<Vec<_>>(), [own]);
        assert!(all[0].holders.contains(&Holder::Process { pid: me() }));
        return;
    }
    run(TEST, || {
        let exe = std::env::current_exe().unwrap();
        let bare = Spawn::new("setpriv").args(["--inh-caps=-all", "--bounding-set=-all"]);
        let bare = bare.args([exe.as_os_str(), TEST.as_ref(), "--exact".as_ref(), "--nocapture".as_ref()]);
        let text = output(bare.env("NETNS_TEST_MODE", Some("bare".as_ref())));
        assert!(text.contains("1 passed"), "{text}");
        let (_, hidden) = namespaces(NsFlags::NET, Look::ALL).unwrap();
        // A socket of the outside may be among our descriptors, and be asked by nobody here.
        assert_eq!((hidden.processes, hidden.mounts, hidden.classed), (0, 0, 0));
    });
}
