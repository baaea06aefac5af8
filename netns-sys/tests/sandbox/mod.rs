//! Namespaces of its own for each privileged test, as root and as an ordinary user: it runs again, alone, in a fresh mount,
//! PID and network namespace (and user namespace, where the user is not root), with an empty /run, and leaves nothing behind.
//! Used by netns-sys and, through `#[path]`, by netnsctl.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects)]

use netns_sys::mount::{self, Propagation};
use netns_sys::{Errno, Error, NsFlags, Spawn, Stdio};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

const MODE: &str = "NETNS_TEST_MODE";

/// The part that this process plays in its test; `None`: it was started by the user.
pub(crate) fn mode() -> Option<String> {
    std::env::var(MODE).ok()
}

/// This test binary, to run the test `test` once more, in another part.
pub(crate) fn again(test: &str, mode: &str) -> Spawn {
    let exe = std::env::current_exe().expect("the path of this test binary");
    Spawn::new(exe).args([test, "--exact", "--nocapture", "--test-threads=1"]).env(MODE, Some(mode.as_ref()))
}

/// Runs it, and gives what it printed; panics with that if it failed.
pub(crate) fn output(spawn: Spawn) -> String {
    let (mut ours, theirs) = UnixStream::pair().expect("a socket pair");
    let spawn = spawn.stdio(Stdio::Out, &theirs).and_then(|s| s.stdio(Stdio::Err, &theirs)).expect("descriptors");
    drop(theirs);
    let child = spawn.spawn().unwrap_or_else(|e| panic!("{e}"));
    let mut text = Vec::new();
    ours.read_to_end(&mut text).expect("its output");
    let exit = child.wait().expect("its end");
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(exit.success(), "{exit:?}\n{text}");
    text
}

/// Runs `body`, the body of the test `test`, in a sandbox.
pub(crate) fn run(test: &str, body: impl FnOnce()) {
    run_in(NsFlags::empty(), test, body);
}

/// As [`run`], with more new namespaces.
pub(crate) fn run_in(more: NsFlags, test: &str, body: impl FnOnce()) {
    if mode().as_deref() == Some("sandbox") {
        set_up();
        return body();
    }
    let text = output(in_sandbox(more, again(test, "sandbox")));
    assert!(text.contains("test result: ok. 1 passed"), "the test did not run: is {test:?} its name?\n{text}");
    if let Some((_, why)) = text.split_once("SKIPPED: ") {
        // Past the test harness, which keeps what a passing test prints to itself.
        let _ = writeln!(std::io::stderr(), "{test}: SKIPPED: {}", why.lines().next().unwrap_or_default());
    }
}

/// In the fresh namespaces of a sandbox; the program still has to [`set_up`].
pub(crate) fn in_sandbox(more: NsFlags, spawn: Spawn) -> Spawn {
    let root = fs::metadata("/proc/self").expect("/proc").uid() == 0;
    let mut kinds = NsFlags::MOUNT | NsFlags::PID | NsFlags::NET | more;
    kinds.set(NsFlags::USER, !root || more.contains(NsFlags::USER));
    if kinds.contains(NsFlags::USER) {
        // Ask first, for a message of our own.
        let can = Spawn::new("true").namespaces(NsFlags::USER).map_ids(0, 0).spawn().and_then(|c| c.wait());
        match can {
            Err(e @ (Error::Limit { .. } | Error::Sys { errno: Errno::EPERM | Errno::EACCES, .. })) => {
                panic!("this kernel forbids user namespaces to this user, and privileged tests need one or root: {e}")
            }
            can => assert!(can.expect("true").success()),
        }
    }
    let spawn = if kinds.contains(NsFlags::USER) { spawn.map_ids(0, 0) } else { spawn };
    spawn.namespaces(kinds).kill_child(9)
}

/// Makes the mounts of a sandbox, in the process that is in one.
pub(crate) fn set_up() {
    mount::set_propagation(Path::new("/"), Propagation::Private).expect("private mounts");
    // Where the /proc at hand is covered in part (containers), the kernel refuses a new one. Then the old one has to do: its
    // `self` is right, its process numbers are those outside.
    if let Err(e) = mount::mount_new(c"proc", Path::new("/proc")) {
        eprintln!("note: {e}; going on with the old /proc");
    }
    mount::mount_new(c"tmpfs", Path::new("/run")).expect("an empty /run");
    if fs::canonicalize("/var/run").is_ok_and(|p| p != Path::new("/run")) {
        mount::mount_new(c"tmpfs", Path::new("/var/run")).expect("an empty /var/run");
    }
}

/// Says that the test did not test, because `what` is missing here.
pub(crate) fn skip(what: &str) {
    println!("SKIPPED: needs {what}");
}

/// The lines of /proc/self/mountinfo whose mount point is `path`; not those below an older /run, which ours covers.
pub(crate) fn mounts_at(path: &str) -> Vec<String> {
    let info = fs::read_to_string("/proc/self/mountinfo").expect("mountinfo");
    let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
    let mounts: Vec<Vec<&str>> = info.leak().lines().map(words).collect();
    let run = mounts.iter().rfind(|m| m[4] == "/run").map(|m| m[0]);
    let is_ours = |mount: &&Vec<&str>| {
        let parent = |m: &Vec<&str>| mounts.iter().find(|other| other[0] == m[1]);
        run.is_none()
            || std::iter::successors(Some(*mount), |m| parent(m).filter(|p| p[0] != m[0])).any(|m| Some(m[0]) == run)
    };
    mounts.iter().filter(|m| m[4] == path).filter(is_ours).map(|m| m.join(" ")).collect()
}

/// Is there a program of this name?
pub(crate) fn have(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|d| d.join(program).is_file())
}

/// The kernel is at least this version.
pub(crate) fn linux(major: u32, minor: u32) -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("osrelease");
    let version: Vec<u32> = release.split(['.', '-']).take(2).map_while(|n| n.parse().ok()).collect();
    version >= vec![major, minor]
}

/// Waits until `state` holds, for what the kernel does in its own time: a joined thread is seen to end a little later.
pub(crate) fn eventually(what: &str, mut state: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !state() {
        assert!(std::time::Instant::now() < end, "never came to pass: {what}");
        std::thread::yield_now();
    }
}
