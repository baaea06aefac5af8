//! Names of an ordinary user: they outlive the command, are found by the next, and go with the last of them or their keeper.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An ordinary user's home for names, gone with all in it when dropped.
struct User {
    dir: PathBuf,
    program: PathBuf,
    ordinary: bool,
}

impl User {
    fn new(name: &str) -> User {
        let ordinary = !netns_sys::process::is_root();
        let dir = std::env::temp_dir().join(format!("netnsctl-{name}-{}", std::process::id()));
        let program = if ordinary { env!("CARGO_BIN_EXE_netnsctl").into() } else { dir.join("program") };
        fs::create_dir_all(dir.join("xdg")).unwrap();
        if !ordinary {
            // Where everybody can execute it.
            fs::copy(env!("CARGO_BIN_EXE_netnsctl"), &program).unwrap();
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
            std::os::unix::fs::chown(dir.join("xdg"), Some(65534), Some(65534)).unwrap();
        }
        fs::set_permissions(dir.join("xdg"), fs::Permissions::from_mode(0o700)).unwrap();
        User { dir, program, ordinary }
    }

    fn home(&self) -> PathBuf {
        self.dir.join("xdg/netnsctl")
    }

    /// This program, run by the user.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.ordinary {
            true => Command::new(program),
            false => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]).arg(program);
                command
            }
        };
        command.env("XDG_RUNTIME_DIR", self.dir.join("xdg")).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } =
            self.command(&self.program).args(line.split_whitespace()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap_or(-1), text(stdout), text(stderr))
    }

    fn ok(&self, line: &str) -> String {
        let (code, out, err) = self.run(line);
        assert_eq!((code, &*err), (0, ""), "{line}");
        out
    }

    /// The keeper's process id; `None`: there is none.
    fn keeper(&self) -> Option<u32> {
        let home = self.home();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut pids = processes.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
        pids.find(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|b| *b == 0).any(|arg| arg == home.as_os_str().as_encoded_bytes())
        })
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = self.run("release");
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// As root in a sandbox, whose processes end with it; as an ordinary user just so.
fn with_user(test: &str, body: impl FnOnce(&User)) {
    if !netns_sys::process::is_root() && sandbox::mode().is_none() {
        return body(&User::new(test));
    }
    sandbox::run(test, || match sandbox::have("setpriv") {
        true => body(&User::new(test)),
        false => sandbox::skip("setpriv"),
    });
}

#[test]
fn names_outlive_the_command_and_are_found_by_the_next() {
    with_user("names_outlive_the_command_and_are_found_by_the_next", |user| {
        user.ok("netns add red");
        user.ok("netns add blue");
        assert_eq!(user.ok("netns"), "blue\nred\n");
        user.ok("link add v0 netns red type veth peer name v1 netns blue");
        user.ok("-n red addr add 10.0.0.1/24 dev v0");
        user.ok("-n red link set v0 up");
        user.ok("-n blue link set v1 up");
        assert!(user.ok("-n red -br addr show dev v0").contains("10.0.0.1/24"));
        assert!(user.ok("netns exec blue ls /sys/class/net").contains("v1"));
        assert!(user.ok("netns exec blue id -u").starts_with("0\n"));
        user.ok("-n red link set v0 netns blue");
        assert!(user.ok("-n blue link").contains("v0"));
        // The host's links are still what a command without a name is about.
        assert!(!user.ok("link").contains("v0"));
        let (code, _, err) = user.run("netns add red");
        assert!(code == 1 && err.contains("is taken"), "{err}");
        let (code, _, err) = user.run("-n green link");
        assert!(code == 255 && err.contains("no namespace named \"green\""), "{err}");
        // Nothing of them is seen outside.
        assert_eq!(fs::read_dir(user.home().join("netns")).unwrap().count(), 0);
        user.ok("netns delete red");
        assert!(user.keeper().is_some());
        user.ok("netns delete blue");
        assert_eq!((user.keeper(), user.home().join("keeper").exists()), (None, false), "with the last name it goes");
        assert_eq!(user.ok("netns"), "");
    });
}

#[test]
fn all_go_at_once() {
    with_user("all_go_at_once", |user| {
        let (code, _, err) = user.run("release");
        assert!(code == 1 && err.contains("you have no names"), "{err}");
        user.ok("netns add a");
        user.ok("netns add b");
        user.ok("release");
        assert_eq!((user.keeper(), user.ok("netns").as_str()), (None, ""));
        user.ok("netns add c");
        user.ok("-all netns delete");
        assert_eq!(user.keeper(), None);
        let batch = user.dir.join("batch");
        fs::write(&batch, "netns add a\nnetns delete a\nnetns add b\n-n b link\nnetns delete b\n").unwrap();
        assert!(user.ok(&format!("-b {}", batch.display())).contains("lo"));
        assert_eq!(user.keeper(), None, "a batch's last name is seen at its end");
    });
}

#[test]
fn a_keeper_that_was_killed_is_followed_by_another() {
    with_user("a_keeper_that_was_killed_is_followed_by_another", |user| {
        let script = r#"exec 5</dev/zero 6>/dev/full; exec "$0" netns add a"#;
        let added = user.command(Path::new("sh")).args(["-c", script]).arg(&user.program).status().unwrap();
        assert!(added.success());
        let keeper = user.keeper().unwrap();
        let fds = fs::read_dir(format!("/proc/{keeper}/fd")).unwrap().count();
        assert_eq!(fds, 4, "three standard streams and its socket");
        let status = fs::read_to_string(format!("/proc/{keeper}/status")).unwrap();
        let value = |key: &str| status.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().to_owned();
        assert_eq!((value("Name:"), value("Threads:")), ("netns-keeper".into(), "1".into()));
        assert!(user.command(Path::new("kill")).args(["-9", &keeper.to_string()]).status().unwrap().success());
        sandbox::eventually("it is gone", || user.keeper() != Some(keeper));
        assert_eq!(user.ok("netns"), "");
        user.ok("netns add a");
        assert!(user.keeper().is_some_and(|new| new != keeper));
    });
}

#[test]
fn two_at_once_start_one_keeper() {
    with_user("two_at_once_start_one_keeper", |user| {
        let children: Vec<_> = (0..10)
            .map(|i| user.command(&user.program).args(["netns", "add", &format!("n{i}")]).spawn().unwrap())
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(user.ok("netns").lines().count(), 10);
    });
}

#[test]
fn what_is_in_its_way_is_said() {
    with_user("what_is_in_its_way_is_said", |user| {
        let line = ["netns", "add", "a"];
        let out = user.command(&user.program).args(line).env_remove("XDG_RUNTIME_DIR").output().unwrap();
        let err = String::from_utf8(out.stderr).unwrap();
        assert!(out.status.code() == Some(1) && err.contains("XDG_RUNTIME_DIR"), "{err}");
        // A file in the place of the directory.
        fs::write(user.home(), "").unwrap();
        let (code, _, err) = user.run("netns add a");
        assert!(code == 1 && !err.is_empty(), "{err}");
        fs::remove_file(user.home()).unwrap();
        if !user.ordinary {
            fs::create_dir(user.home()).unwrap(); // root's
            let (code, _, err) = user.run("netns add a");
            assert!(code == 1 && err.contains("not trusted"), "{err}");
            fs::remove_dir(user.home()).unwrap();
        }
        // A name that is refused leaves no keeper behind without a name.
        let (code, _, err) = user.run("netns add a/b");
        assert!(code == 255 && err.contains("slash"), "{err}");
        assert_eq!(user.keeper(), None);
        assert!(user.run("netns attach a 1").0 != 0 && user.keeper().is_none());
        // What the user is not allowed to change stays as it was.
        let (code, _, _) = user.run("link set lo down");
        assert_eq!(code, 2);
    });
}

#[test]
fn ls_and_who_know_them_too() {
    with_user("ls_and_who_know_them_too", |user| {
        user.ok("netns add red");
        // What belongs to others is hidden, which is said.
        let shown = |line: &str| {
            let (code, out, err) = user.run(line);
            assert!(code == 0 && (err.is_empty() || err.contains("not looked into")), "{line}: {err}");
            out
        };
        assert_eq!(
            shown("ls -n --named -o NAMES,PROCS,PINNED").split_whitespace().collect::<Vec<_>>(),
            ["red", "0", "-"]
        );
        let who = shown("who red");
        assert!(who.contains("named \"red\"") && who.contains("\n  netnsctl netns delete red\n"), "{who}");
        assert!(!who.contains("kill"), "{who}");
        let (code, _, err) = user.run("who blue");
        assert!(code == 255 && err.contains("no namespace named \"blue\""), "{err}");
    });
}
