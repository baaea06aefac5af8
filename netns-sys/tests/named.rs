//! The directory of names: what it becomes, what it refuses, and what a failure leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod sandbox;

use netns_sys::mount::{self, Propagation};
use netns_sys::named::{Change, Entry, State};
use netns_sys::{Dir, Errno, Error, Kind, NameRule, Ns, NsFlags, Spawn};
use sandbox::{again, eventually, have, linux, mode, mounts_at, output, run, run_in, skip};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Barrier;

const NETNS: &str = "/run/netns";

fn o(s: &str) -> &OsStr {
    OsStr::new(s)
}
fn sh(script: &str) -> String {
    output(Spawn::new("sh").args(["-ec", script]))
}
fn state(dir: &Dir, name: &str) -> State {
    dir.list().unwrap().into_iter().find(|e| e.name == name).expect(name).state
}
/// Every thread of this process is in this namespace, or ended.
fn assert_all_threads_in(ns: &Ns) {
    let here = ns.id().unwrap();
    eventually("all threads are at home", || {
        let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
        threads.flat_map(|t| Ns::open(&t.path().join("ns/net"))).all(|ns| ns.id().unwrap() == here)
    });
}

fn add_list_open_remove() {
    let (dir, home) = (Dir::default(), Ns::current().unwrap());
    let made = dir.add(o("b")).unwrap();
    dir.add(o("a")).unwrap();
    assert_all_threads_in(&home);
    assert_ne!(made.id(), home.id());
    let list = dir.list().unwrap();
    assert_eq!(list.iter().map(|e| &*e.name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(list[1], Entry { name: "b".into(), state: State::Ns(made.id().unwrap()) });
    assert_eq!(dir.open(o("b")).unwrap().id(), made.id());
    assert_eq!(dir.path(), Path::new("/var/run/netns"));
    assert_eq!(mounts_at(NETNS).len(), 1);
    assert_eq!(mounts_at("/run/netns/b").len(), 1);
    assert_eq!(fs::metadata(NETNS).unwrap().mode() & 0o777, 0o755);
    dir.remove(o("b")).unwrap();
    assert_eq!(dir.names().unwrap(), ["a"]);
    assert!(mounts_at("/run/netns/b").is_empty());
    assert_eq!(dir.remove(o("b")), Err(Error::NoSuchName { name: "b".into() }));
    assert!(matches!(dir.open(o("b")), Err(Error::NoSuchName { .. })));
    dir.remove(o("a")).unwrap();
    assert_all_threads_in(&home);
}

#[test]
fn a_name_is_added_listed_opened_and_removed() {
    run("a_name_is_added_listed_opened_and_removed", add_list_open_remove);
}

#[test]
fn many_names_are_taken_away_and_each_failure_is_told() {
    run("many_names_are_taken_away_and_each_failure_is_told", || {
        let dir = Dir::default();
        let names: Vec<OsString> = (0..300).map(|i| format!("n{i}").into()).collect();
        let names: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
        let ns = dir.add(names[0]).unwrap();
        names[1..].iter().for_each(|name| dir.attach(name, &ns).unwrap());
        dir.remove(names[7]).unwrap();
        sh(
            "umount /run/netns/n200; mount --bind /proc/self/ns/net /run/netns/n9; rm /run/netns/n200; echo x > /run/netns/n200",
        );
        let failed = dir.remove_all(&names).unwrap();
        let missing = Error::NoSuchName { name: names[7].to_owned() };
        assert_eq!(failed[0], (7, missing));
        assert!(matches!(failed[1..], [(200, Error::NotNetns { .. })]), "{failed:?}");
        assert_eq!(dir.names().unwrap(), [names[200]]);
        assert_eq!(mounts_at(&format!("{NETNS}/n9")).len(), 0);
    });
}

/// Runs `test` inside a sandbox, its body under strace, which makes the kernel older or worse. False: no strace.
fn with_faults(test: &str, faults: &[&str], body: impl FnOnce()) {
    if mode().as_deref() == Some("traced") {
        return body();
    }
    run(test, || {
        if !have("strace") {
            return skip("strace");
        }
        // Before, mount(2) takes the part of the calls that the faults are for.
        if !linux(5, 12) && faults.iter().any(|f| f.contains(":when=")) {
            return skip("Linux 5.12 (mount_setattr)");
        }
        let exe = std::env::current_exe().unwrap();
        let mut args: Vec<OsString> = ["-f", "-qq", "-o", "/run/trace", "--seccomp-bpf"].map(Into::into).to_vec();
        let calls: Vec<_> = faults.iter().map(|f| f.split(':').next().unwrap()).collect();
        args.push(format!("-etrace={}", calls.join(",")).into());
        args.extend(faults.iter().map(|f| format!("-einject={f}").into()));
        args.extend([exe.into(), test.into(), "--exact".into(), "--nocapture".into()]);
        let text = output(Spawn::new("strace").args(args).env("NETNS_TEST_MODE", Some(o("traced"))));
        let trace = fs::read_to_string("/run/trace").unwrap();
        assert!(trace.contains("(INJECTED)") || trace.contains("(DELAYED)"), "no fault came to pass:\n{trace}\n{text}");
    });
}

#[test]
fn kernels_without_the_new_mount_calls_do_as_well() {
    let faults = ["open_tree:error=ENOSYS", "move_mount:error=ENOSYS", "mount_setattr:error=ENOSYS"];
    with_faults("kernels_without_the_new_mount_calls_do_as_well", &faults, || {
        mount::set_propagation(Path::new("/run"), Propagation::Shared).unwrap();
        one_mount_each_below_a_shared_one();
        sh("umount -l /run/netns; rm -r /run/netns");
        add_list_open_remove();
    });
}

#[test]
fn kernels_without_mount_setattr_do_as_well() {
    let faults = ["mount_setattr:error=ENOSYS"];
    with_faults("kernels_without_mount_setattr_do_as_well", &faults, add_list_open_remove);
}

#[test]
fn a_filter_that_denies_the_new_mount_calls_does_not_matter() {
    let faults = ["open_tree:error=EPERM", "move_mount:error=EPERM", "mount_setattr:error=EPERM"];
    with_faults("a_filter_that_denies_the_new_mount_calls_does_not_matter", &faults, add_list_open_remove);
}

#[test]
fn a_failed_first_add_leaves_nothing() {
    // The second move_mount is that of the name; the first mounts the directory.
    with_faults("a_failed_first_add_leaves_nothing", &["move_mount:error=EIO:when=2"], || {
        let (dir, home) = (Dir::default(), Ns::current().unwrap());
        let e = dir.add(o("a")).unwrap_err();
        assert_eq!(e, Errno::EIO.at("mount the namespace on", "/var/run/netns/a"));
        assert!(!Path::new(NETNS).exists());
        assert!(mounts_at(NETNS).is_empty());
        assert_all_threads_in(&home);
    });
}

#[test]
fn a_failed_add_leaves_the_other_names() {
    with_faults("a_failed_add_leaves_the_other_names", &["move_mount:error=EIO:when=3"], || {
        let dir = Dir::default();
        dir.add(o("a")).unwrap();
        dir.add(o("b")).unwrap_err();
        assert_eq!(dir.names().unwrap(), ["a"]);
        assert!(matches!(state(&dir, "a"), State::Ns(_)));
    });
}

#[test]
fn a_failed_mount_of_the_directory_leaves_nothing() {
    with_faults("a_failed_mount_of_the_directory_leaves_nothing", &["move_mount:error=EIO:when=1"], || {
        assert_eq!(Dir::default().add(o("a")).unwrap_err(), Errno::EIO.at("make a shared mount of", "/var/run/netns"));
        assert!(!Path::new(NETNS).exists());
    });
}

#[test]
fn the_limit_on_namespaces_is_named_and_leaves_nothing() {
    run_in(NsFlags::USER, "the_limit_on_namespaces_is_named_and_leaves_nothing", || {
        let home = Ns::current().unwrap();
        fs::write("/proc/sys/user/max_net_namespaces", "1").unwrap();
        let e = Dir::default().add(o("a")).unwrap_err();
        assert_eq!(e, Error::Limit { kinds: NsFlags::NET });
        assert!(e.to_string().contains("/proc/sys/user/max_net_namespaces"), "{e}");
        assert!(!Path::new(NETNS).exists());
        assert_all_threads_in(&home);
        let e = Spawn::new("true").namespaces(NsFlags::NET).spawn().unwrap_err();
        assert_eq!(e, Error::Limit { kinds: NsFlags::NET });
    });
}

#[test]
fn the_limit_on_mount_namespaces_does_not_matter() {
    run_in(NsFlags::USER, "the_limit_on_mount_namespaces_does_not_matter", || {
        fs::write("/proc/sys/user/max_mnt_namespaces", "1").unwrap();
        Dir::default().add(o("a")).unwrap();
        assert_eq!((mounts_at(NETNS).len(), mounts_at("/run/netns/a").len()), (1, 1));
    });
}

#[test]
fn without_the_right_to_mount_nothing_is_left() {
    let test = "without_the_right_to_mount_nothing_is_left";
    if mode().as_deref() == Some("powerless") {
        // Root of a new user namespace, but not of the one that owns the mounts: may make namespaces, not mount.
        let e = Dir::default().add(o("a")).unwrap_err();
        assert_eq!(e.errno(), Some(Errno::EPERM), "{e}");
        assert!(!Path::new(NETNS).exists());
        return;
    }
    run(test, || {
        sh("chmod 1777 /run");
        output(again(test, "powerless").namespaces(NsFlags::USER).map_ids(0, 0));
    });
}

#[test]
fn a_missing_directory_is_an_empty_one() {
    run("a_missing_directory_is_an_empty_one", || {
        let dir = Dir::default();
        assert_eq!((dir.names().unwrap(), dir.list().unwrap()), (vec![], vec![]));
        assert_eq!(dir.identify(&Ns::current().unwrap().id().unwrap()).unwrap(), Vec::<OsString>::new());
        assert_eq!(dir.remove(o("a")), Err(Error::NoSuchName { name: "a".into() }));
        assert!(matches!(dir.open(o("a")), Err(Error::NoSuchName { .. })));
        assert!(!Path::new(NETNS).exists());
    });
}

#[test]
fn a_file_in_the_directorys_place_is_an_error() {
    run("a_file_in_the_directorys_place_is_an_error", || {
        fs::write(NETNS, "").unwrap();
        let dir = Dir::default();
        let errors = [
            dir.names().unwrap_err(),
            dir.list().unwrap_err(),
            dir.open(o("a")).unwrap_err(),
            dir.remove(o("a")).unwrap_err(),
            dir.add(o("a")).unwrap_err(),
            dir.watch().unwrap_err(),
        ];
        for e in errors {
            assert_eq!(e.errno(), Some(Errno::ENOTDIR));
            assert!(e.to_string().contains("directory \"/var/run/netns\": ENOTDIR"), "{e}");
        }
        assert!(Path::new(NETNS).is_file());
    });
}

#[test]
fn somebody_elses_directory_is_not_used() {
    run("somebody_elses_directory_is_not_used", || {
        fs::create_dir(NETNS).unwrap();
        // In a user namespace nobody else is there to give it to, but /usr is somebody else's.
        let (path, uid) = match lchown(NETNS, Some(1234), None) {
            Ok(()) => (NETNS, 1234),
            Err(_) => ("/usr", fs::metadata("/usr").unwrap().uid()),
        };
        let dir = Dir::at(path);
        let theirs = Error::NotOurs { path: path.into(), uid };
        assert_eq!(dir.add(o("a")).unwrap_err(), theirs);
        assert_eq!(dir.remove(o("a")).unwrap_err(), theirs);
        assert!(!Path::new(path).join("a").exists());
    });
}

fn one_mount_each_below_a_shared_one() {
    let dir = Dir::default();
    for name in ["a", "b"] {
        dir.add(o(name)).unwrap();
    }
    let (run, netns) = (mounts_at("/run").pop().unwrap(), mounts_at(NETNS));
    let peers = |line: &str| line.split(' ').find(|w| w.starts_with("shared:")).map(str::to_owned);
    assert_eq!(netns.len(), 1, "{netns:?}");
    assert!(peers(&run).is_some() && peers(&netns[0]).is_some());
    assert_ne!(peers(&run), peers(&netns[0]));
    assert_eq!((mounts_at("/run/netns/a").len(), mounts_at("/run/netns/b").len()), (1, 1));
}

#[test]
fn below_a_shared_mount_each_name_is_mounted_once() {
    run("below_a_shared_mount_each_name_is_mounted_once", || {
        mount::set_propagation(Path::new("/run"), Propagation::Shared).unwrap();
        one_mount_each_below_a_shared_one();
    });
}

#[test]
fn parallel_first_adds_mount_the_directory_once() {
    // Each mount takes long enough for all the others to come to the same point.
    let test = "parallel_first_adds_mount_the_directory_once";
    with_faults(test, &["move_mount:delay_enter=20000"], || {
        mount::set_propagation(Path::new("/run"), Propagation::Shared).unwrap();
        let (names, barrier): (Vec<String>, _) = ((0..8).map(|i| format!("n{i}")).collect(), Barrier::new(8));
        std::thread::scope(|s| {
            for name in &names {
                s.spawn(|| {
                    barrier.wait();
                    Dir::default().add(o(name)).unwrap();
                });
            }
        });
        assert_eq!(mounts_at(NETNS).len(), 1);
        for name in &names {
            assert_eq!(mounts_at(&format!("{NETNS}/{name}")).len(), 1, "{name}");
        }
        assert_eq!(Dir::default().names().unwrap().len(), 8);
    });
}

#[test]
fn names_that_go_while_they_are_listed_are_left_out() {
    run("names_that_go_while_they_are_listed_are_left_out", || {
        fs::create_dir(NETNS).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|s| {
            s.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    for i in 0..20 {
                        fs::write(format!("{NETNS}/{i}"), "").unwrap();
                    }
                    for i in 0..20 {
                        fs::remove_file(format!("{NETNS}/{i}")).unwrap();
                    }
                }
            });
            for _ in 0..500 {
                let odd: Vec<_> =
                    Dir::default().list().unwrap().into_iter().filter(|e| e.state != State::Stale).collect();
                if !odd.is_empty() {
                    done.store(true, std::sync::atomic::Ordering::Relaxed);
                }
                assert_eq!(odd, []);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    });
}

#[test]
fn a_device_or_fifo_is_never_really_opened() {
    let test = "a_device_or_fifo_is_never_really_opened";
    with_faults(test, &["openat:delay_exit=1"], || {
        let dir = Dir::default();
        sh("mkdir /run/netns; cd /run/netns; mkfifo fifo /run/fifo; : > null; mount --bind /dev/null null");
        sh(": > /run/netns/mounted; mount --bind /run/fifo /run/netns/mounted; ln -s /dev/null /run/netns/link");
        for name in ["fifo", "null", "mounted", "link"] {
            dir.open(o(name)).unwrap_err();
            Ns::open(&Path::new(NETNS).join(name)).unwrap_err();
        }
        dir.list().unwrap();
        for name in ["fifo", "null", "mounted"] {
            dir.remove(o(name)).unwrap_err();
        }
        let trace = fs::read_to_string("/run/trace").unwrap();
        let mut opens =
            trace.lines().filter(|l| ["fifo\"", "null\"", "mounted\"", "link\""].iter().any(|n| l.contains(n)));
        assert!(opens.clone().any(|l| l.contains("O_PATH")), "nothing was traced");
        // (sh opens them too: to make them, for writing.)
        assert_eq!(opens.find(|l| l.contains("O_RDONLY") && !l.contains("O_PATH")), None);
    });
}

#[test]
fn parallel_adds_of_one_name_succeed_once() {
    run("parallel_adds_of_one_name_succeed_once", || {
        let barrier = Barrier::new(8);
        let won = std::thread::scope(|s| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    s.spawn(|| {
                        barrier.wait();
                        Dir::default().add(o("x"))
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).filter(|r| r.is_ok()).count()
        });
        assert_eq!((won, mounts_at("/run/netns/x").len()), (1, 1));
    });
}

#[test]
fn a_name_appears_in_mount_namespaces_that_copied_the_directory() {
    run("a_name_appears_in_mount_namespaces_that_copied_the_directory", || {
        let dir = Dir::default();
        dir.add(o("a")).unwrap();
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let copy = Spawn::new("sh").args(["-c", "read x; grep -c /run/netns/b /proc/self/mountinfo"]);
        let copy = copy.namespaces(NsFlags::MOUNT).stdio(netns_sys::Stdio::In, &theirs).unwrap();
        let copy = copy.stdio(netns_sys::Stdio::Out, &theirs).unwrap();
        drop(theirs);
        let child = copy.spawn().unwrap();
        dir.add(o("b")).unwrap();
        std::io::Write::write_all(&mut &ours, b"go\n").unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut &ours, &mut text).unwrap();
        assert_eq!(text, "1\n");
        child.wait().unwrap();
    });
}

#[test]
fn a_taken_name_says_by_what() {
    run("a_taken_name_says_by_what", || {
        let dir = Dir::default();
        dir.add(o("ns")).unwrap();
        sh("cd /run/netns; echo x > file; mkdir dir; mkfifo fifo; ln -s nowhere link");
        let uts = "touch /run/uts; : > /run/netns/uts; mount --bind /proc/self/ns/uts /run/netns/uts";
        sh(&format!("{uts}; : > /run/netns/null; mount --bind /dev/null /run/netns/null"));
        sh(": > /run/empty; : > /run/netns/empty; mount --bind /run/empty /run/netns/empty");
        for (name, seen) in [
            ("ns", Kind::Netns),
            ("file", Kind::File),
            ("dir", Kind::Dir),
            ("fifo", Kind::Fifo),
            ("link", Kind::Link),
            ("uts", Kind::OtherNs(NsFlags::UTS)),
            ("null", Kind::Device),
            ("empty", Kind::File),
        ] {
            assert_eq!(dir.add(o(name)).unwrap_err(), Error::Exists { name: name.into(), seen });
        }
        assert_eq!(mounts_at("/run/netns/ns").len(), 1);
    });
}

#[test]
fn a_stale_name_is_seen_taken_over_and_removed() {
    run("a_stale_name_is_seen_taken_over_and_removed", || {
        let dir = Dir::default();
        dir.add(o("old")).unwrap();
        sh("umount -l /run/netns/old; : > /run/netns/other");
        assert_eq!((state(&dir, "old"), state(&dir, "other")), (State::Stale, State::Stale));
        assert!(matches!(dir.open(o("old")), Err(Error::Stale { .. })));
        let ns = dir.add(o("old")).unwrap();
        assert_eq!(state(&dir, "old"), State::Ns(ns.id().unwrap()));
        assert_eq!(mounts_at("/run/netns/old").len(), 1);
        dir.remove(o("other")).unwrap();
        dir.remove(o("old")).unwrap();
        assert_eq!(dir.names().unwrap(), Vec::<OsString>::new());
    });
}

#[test]
fn a_takeover_that_fails_leaves_the_stale_name() {
    with_faults("a_takeover_that_fails_leaves_the_stale_name", &["move_mount:error=EIO:when=2"], || {
        fs::create_dir(NETNS).unwrap();
        fs::write("/run/netns/x", "").unwrap();
        Dir::default().add(o("x")).unwrap_err();
        assert!(Path::new("/run/netns/x").exists());
        assert!(mounts_at(NETNS).is_empty());
    });
}

#[test]
fn what_is_no_namespaces_name_is_listed_refused_and_untouched() {
    run("what_is_no_namespaces_name_is_listed_refused_and_untouched", || {
        let dir = Dir::default();
        sh("mkdir /run/netns; cd /run/netns; echo x > file; mkdir dir; mkfifo fifo");
        sh(": > /run/netns/uts; mount --bind /proc/self/ns/uts /run/netns/uts");
        sh(
            ": > /run/netns/null; mount --bind /dev/null /run/netns/null; mkdir /run/netns/mnt; mount -t tmpfs none /run/netns/mnt",
        );
        sh(": > /run/empty; : > /run/netns/empty; mount --bind /run/empty /run/netns/empty");
        let _socket = UnixListener::bind("/run/netns/socket").unwrap();
        for (name, seen) in [
            ("file", Kind::File),
            ("dir", Kind::Dir),
            ("fifo", Kind::Fifo),
            ("socket", Kind::Socket),
            ("uts", Kind::OtherNs(NsFlags::UTS)),
            ("null", Kind::Device),
            ("mnt", Kind::Dir),
            ("empty", Kind::File),
        ] {
            let not = Error::NotNetns { about: format!("/var/run/netns/{name}").into(), seen };
            assert_eq!(state(&dir, name), State::Other(seen), "{name}");
            assert_eq!(dir.open(o(name)).unwrap_err(), not);
            assert_eq!(dir.remove(o(name)).unwrap_err(), not);
        }
        assert_eq!(fs::read("/run/netns/file").unwrap(), b"x\n");
        assert!(fs::metadata("/run/netns/fifo").unwrap().file_type().is_fifo());
        assert_eq!((mounts_at("/run/netns/uts").len(), mounts_at("/run/netns/mnt").len()), (1, 1));
    });
}

#[test]
fn links_are_followed_and_removed_alone() {
    run("links_are_followed_and_removed_alone", || {
        let dir = Dir::default();
        let (ns, home) = (dir.add(o("ns")).unwrap(), Ns::current().unwrap());
        symlink("/proc/self/ns/net", "/run/netns/proc").unwrap();
        symlink("ns", "/run/netns/name").unwrap();
        symlink("nowhere", "/run/netns/dangling").unwrap();
        symlink("/proc/self/ns/uts", "/run/netns/uts").unwrap();
        fs::write("/run/content", "x").unwrap();
        symlink("/run/content", "/run/netns/content").unwrap();
        sh("mkfifo /run/fifo; ln -s /run/fifo /run/netns/fifo");
        assert_eq!(dir.open(o("proc")).unwrap().id(), home.id());
        assert_eq!(dir.open(o("name")).unwrap().id(), ns.id());
        assert_eq!(dir.open(o("dangling")).unwrap_err(), Errno::ENOENT.at("open", "/var/run/netns/dangling"));
        assert!(matches!(dir.open(o("uts")), Err(Error::NotNetns { seen: Kind::OtherNs(NsFlags::UTS), .. })));
        assert!(matches!(dir.open(o("fifo")), Err(Error::NotNetns { seen: Kind::Fifo, .. })));
        assert_eq!(state(&dir, "proc"), State::Link(home.id().ok()));
        assert_eq!(state(&dir, "name"), State::Link(ns.id().ok()));
        for name in ["dangling", "uts", "content", "fifo"] {
            assert_eq!(state(&dir, name), State::Link(None), "{name}");
        }
        for name in ["proc", "name", "dangling", "uts", "content", "fifo"] {
            dir.remove(o(name)).unwrap();
        }
        assert_eq!(dir.names().unwrap(), ["ns"]);
        assert_eq!(mounts_at("/run/netns/ns").len(), 1);
        assert_eq!(fs::read("/run/content").unwrap(), b"x");
    });
}

#[test]
fn somebody_elses_link_is_not_followed() {
    run("somebody_elses_link_is_not_followed", || {
        let dir = Dir::default();
        dir.add(o("ns")).unwrap();
        symlink("/proc/self/ns/net", "/run/netns/link").unwrap();
        if lchown("/run/netns/link", Some(1234), None).is_err() {
            return skip("root: a user namespace of one user has nobody else");
        }
        assert_eq!(dir.open(o("link")).unwrap_err(), Error::NotOurs { path: "/var/run/netns/link".into(), uid: 1234 });
        assert_eq!(state(&dir, "link"), State::Link(None));
        dir.remove(o("link")).unwrap();
    });
}

#[test]
fn odd_names_are_listed_and_removed() {
    run("odd_names_are_listed_and_removed", || {
        let dir = Dir::default();
        let long = "x".repeat(255);
        let names = [o("a\nb"), o("a b"), OsStr::from_bytes(b"a\xff"), o("-f"), o("..."), o("*"), o(&long)];
        for name in names {
            let ns = dir.add(name).unwrap();
            assert_eq!(dir.open(name).unwrap().id(), ns.id());
        }
        let mut sorted = names.map(OsStr::to_owned);
        sorted.sort();
        assert_eq!(dir.list().unwrap().into_iter().map(|e| e.name).collect::<Vec<_>>(), sorted);
        for name in names {
            dir.remove(name).unwrap();
        }
        assert_eq!(dir.names().unwrap(), Vec::<OsString>::new());
    });
}

#[test]
fn bad_names_are_refused_before_anything_happens() {
    run("bad_names_are_refused_before_anything_happens", || {
        let (dir, home, long) = (Dir::default(), Ns::current().unwrap(), "x".repeat(256));
        for (name, rule) in [
            ("", NameRule::Empty),
            (".", NameRule::Dots),
            ("..", NameRule::Dots),
            ("a/b", NameRule::Slash),
            ("../x", NameRule::Slash),
            ("a\0b", NameRule::Nul),
            (&long, NameRule::TooLong),
        ] {
            let bad = Error::BadName { name: name.into(), rule };
            assert_eq!(dir.add(o(name)).unwrap_err(), bad);
            assert_eq!(dir.attach(o(name), &home).unwrap_err(), bad);
            assert_eq!(dir.open(o(name)).unwrap_err(), bad);
            assert_eq!(dir.remove(o(name)).unwrap_err(), bad);
        }
        assert!(!Path::new(NETNS).exists());
    });
}

#[test]
fn mounts_on_top_of_each_other_are_all_removed() {
    run("mounts_on_top_of_each_other_are_all_removed", || {
        let dir = Dir::default();
        dir.add(o("x")).unwrap();
        sh("for i in 1 2 3; do mount --bind /proc/self/ns/net /run/netns/x; done");
        assert_eq!(mounts_at("/run/netns/x").len(), 4);
        dir.remove(o("x")).unwrap();
        assert!(mounts_at("/run/netns/x").is_empty() && !Path::new("/run/netns/x").exists());
    });
}

#[test]
fn a_name_in_use_is_removed_and_its_namespace_lives_on() {
    run("a_name_in_use_is_removed_and_its_namespace_lives_on", || {
        let dir = Dir::default();
        let ns = dir.add(o("x")).unwrap();
        ns.run(|| dir.remove(o("x"))).unwrap().unwrap();
        let inside = ns.run(|| Ns::current().unwrap().id().unwrap()).unwrap();
        assert_eq!(ns.id().unwrap(), inside);
    });
}

#[test]
fn all_names_of_a_namespace_are_found() {
    run("all_names_of_a_namespace_are_found", || {
        let dir = Dir::default();
        let ns = dir.add(o("b")).unwrap();
        dir.attach(o("a"), &ns).unwrap();
        dir.add(o("other")).unwrap();
        symlink("a", "/run/netns/c").unwrap();
        let mut names = dir.identify(&ns.id().unwrap()).unwrap();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c"]);
        let home = Ns::current().unwrap().id().unwrap();
        assert_eq!(dir.identify(&home).unwrap(), Vec::<OsString>::new());
    });
}

#[test]
fn another_directory_by_a_link_works() {
    run("another_directory_by_a_link_works", || {
        fs::create_dir_all("/run/user/netns").unwrap();
        symlink("/run/user/netns", "/run/link").unwrap();
        let dir = Dir::at("/run/link");
        dir.add(o("x")).unwrap();
        assert_eq!((mounts_at("/run/user/netns").len(), mounts_at("/run/user/netns/x").len()), (1, 1));
        dir.remove(o("x")).unwrap();
        assert_eq!(Dir::at("/run/user/netns").names().unwrap(), Vec::<OsString>::new());
        let e = Dir::at("/run/no/such").add(o("x")).unwrap_err();
        assert_eq!(e, Errno::ENOENT.at("make directory", "/run/no/such"));
    });
}

#[test]
fn without_proc_names_work() {
    run("without_proc_names_work", || {
        mount::mount_new(c"tmpfs", Path::new("/proc")).unwrap();
        let dir = Dir::default();
        let ns = dir.add(o("x")).unwrap();
        assert_eq!(dir.open(o("x")).unwrap().id(), ns.id());
        assert_eq!(Ns::open(Path::new("/run/netns/x")).unwrap().id(), ns.id());
        assert_eq!(state(&dir, "x"), State::Ns(ns.id().unwrap()));
        dir.remove(o("x")).unwrap();
        assert_eq!(dir.names().unwrap(), Vec::<OsString>::new());
    });
}

#[test]
fn changes_are_seen_as_they_come() {
    run("changes_are_seen_as_they_come", || {
        let dir = Dir::default();
        let mut watch = dir.watch().unwrap();
        let mut next = || watch.next().unwrap().unwrap();
        dir.add(o("a")).unwrap();
        assert_eq!(next(), Change::Added("a".into()));
        sh("umount -l /run/netns/a");
        dir.add(o("a")).unwrap();
        assert_eq!(next(), Change::Added("a".into()));
        dir.add(o("b c\n")).unwrap();
        dir.remove(o("a")).unwrap();
        assert_eq!([next(), next()], [Change::Added("b c\n".into()), Change::Removed("a".into())]);
        assert!(watch.is_empty());
    });
}

#[test]
fn dropped_changes_and_a_lost_directory_are_told() {
    run("dropped_changes_and_a_lost_directory_are_told", || {
        fs::create_dir(NETNS).unwrap();
        let mut watch = Dir::default().watch().unwrap();
        let max: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
        for i in 0..=max / 2 {
            fs::write(format!("{NETNS}/{i}"), "").unwrap();
            fs::remove_file(format!("{NETNS}/{i}")).unwrap();
        }
        let seen = watch.by_ref().position(|c| c.unwrap() == Change::Overflow).unwrap();
        assert_eq!(seen, max);
        fs::remove_dir(NETNS).unwrap();
        assert_eq!(watch.next(), Some(Ok(Change::Gone)));
        assert_eq!(watch.next(), None);
    });
}

#[test]
fn iproute2_and_we_see_the_same_names() {
    run("iproute2_and_we_see_the_same_names", || {
        let version = std::process::Command::new("ip").arg("-V").output();
        if !version.is_ok_and(|v| String::from_utf8_lossy(&v.stdout).contains("iproute2")) {
            return skip("ip (iproute2)");
        }
        let dir = Dir::default();
        dir.add(o("ours")).unwrap();
        sh("ip netns add theirs; ip netns exec ours true; ip netns exec theirs true");
        assert_eq!(dir.list().unwrap().iter().filter(|e| matches!(e.state, State::Ns(_))).count(), 2);
        assert_eq!(mounts_at(NETNS).len(), 1);
        sh("ip netns del ours");
        dir.remove(o("theirs")).unwrap();
        assert_eq!(dir.names().unwrap(), Vec::<OsString>::new());
        sh("umount /run/netns; ip netns add theirs");
        dir.add(o("ours")).unwrap();
        assert_eq!(mounts_at(NETNS).len(), 1);
    });
}
