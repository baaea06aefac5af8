//! What this host and this user allow: looked at before anything is made, and before the process becomes another's root.

use crate::failure::{Failure, code, no_user_ns};
use crate::out::Out;
use netns_sys::Error;
use netns_sys::named::{Dir, State};
use netns_sys::sort::gather;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Capabilities that count here, and their bits (linux/capability.h).
const CAPABILITIES: [(&str, u32); 6] = [
    ("CAP_SYS_ADMIN", 21),
    ("CAP_NET_ADMIN", 12),
    ("CAP_NET_BROADCAST", 11),
    ("CAP_NET_RAW", 13),
    ("CAP_SYS_PTRACE", 19),
    ("CAP_DAC_OVERRIDE", 1),
];

/// The inode number of the initial user namespace (`PROC_USER_INIT_INO`, linux/proc_ns.h).
const INITIAL_USER_NS: u64 = 0xefff_fffd;

/// What was found.
#[derive(Debug)]
pub(super) struct Host {
    release: String,
    machine: String,
    uid: u32,
    capabilities: u64,
    initial_user_ns: bool,
    max_net: Option<u64>,
    max_user: Option<u64>,
    /// How many network namespaces there are, and how that is known.
    in_use: (usize, &'static str),
    names: Names,
}

/// The directory of names.
#[derive(Debug, Default)]
struct Names {
    path: String,
    exists: bool,
    own_shared_mount: bool,
    world_writable: bool,
    count: usize,
    stale: usize,
    other: usize,
    error: Option<String>,
}

fn line(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn number(path: &str) -> Option<u64> {
    line(path)?.parse().ok()
}

impl Host {
    /// Looks.
    pub(super) fn look(dir: &Dir) -> Result<Host, Failure> {
        let no_proc = |_| {
            Failure::new(code::FAILED, Error::NoProc { op: "look at this system" }.to_string())
                .hint("  mount it first: mount -t proc proc /proc")
        };
        let status = fs::read_to_string("/proc/self/status").map_err(no_proc)?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().split_ascii_whitespace()
        };
        Ok(Host {
            release: line("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into()),
            machine: line("/proc/sys/kernel/arch").unwrap_or_else(|| std::env::consts::ARCH.into()),
            uid: field("Uid").nth(1).and_then(|uid| uid.parse().ok()).unwrap_or(u32::MAX), // real, effective, …
            capabilities: field("CapEff").next().and_then(|c| u64::from_str_radix(c, 16).ok()).unwrap_or_default(),
            initial_user_ns: fs::metadata("/proc/self/ns/user").is_ok_and(|m| m.ino() == INITIAL_USER_NS),
            max_net: number("/proc/sys/user/max_net_namespaces"),
            max_user: number("/proc/sys/user/max_user_namespaces"),
            in_use: in_use(),
            names: Names::look(dir),
        })
    }

    fn has(&self, bit: u32) -> bool {
        self.capabilities.checked_shr(bit).is_some_and(|bits| bits & 1 == 1)
    }

    /// Whether it can make and set up network namespaces as it is.
    pub(super) fn is_privileged(&self) -> bool {
        CAPABILITIES.iter().take(2).all(|(_, bit)| self.has(*bit))
    }

    pub(super) fn show_kernel(&self, out: &mut Out) {
        out.object("kernel", |out| {
            out.field("release", &self.release, format_args!("Linux {} ", self.release));
            out.field("machine", &self.machine, format_args!("on {}\n", self.machine));
        });
    }

    pub(super) fn show(&self, out: &mut Out) {
        out.text(format_args!("\nLimits, of this user in this user namespace:\n"));
        out.object("limits", |out| {
            for (key, limit) in [("max_net_namespaces", self.max_net), ("max_user_namespaces", self.max_user)] {
                match limit {
                    Some(n) => out.field(key, n, format_args!("  {key:23} {n}\n")),
                    None => out.field(key, crate::out::Value::Null, format_args!("  {key:23} unknown\n")),
                }
            }
            let (count, how) = self.in_use;
            out.field("network_namespaces", count, format_args!("  {:23} {count}", "network namespaces"));
            out.field("counted_by", how, format_args!(" ({how})\n"));
        });
        out.text(format_args!("\nPrivileges:\n"));
        out.object("privileges", |out| {
            out.field("uid", self.uid, format_args!("  {:23} {}\n", "user", self.uid));
            let (key, initial) = ("initial_user_namespace", self.initial_user_ns);
            let text = if initial { "the initial one" } else { "not the initial one" };
            out.field(key, initial, format_args!("  {:23} {text}\n", "user namespace"));
            out.text(format_args!("  {:23}", "capabilities"));
            out.list("capabilities", |out| {
                for (name, _) in CAPABILITIES.iter().filter(|(_, bit)| self.has(*bit)) {
                    out.field("", *name, format_args!(" {name}"));
                }
            });
            out.text(format_args!("{}\n", if self.capabilities == 0 { " none" } else { "" }));
            let (key, own) = ("checked_in_own_user_namespace", !self.is_privileged());
            let text = if own { "in a user namespace made for it" } else { "with the privileges at hand" };
            out.field(key, own, format_args!("  {:23} {text}\n", "checked"));
        });
        self.names.show(out);
    }
}

/// How many network namespaces there are. The kernel's own count is root's to read.
fn in_use() -> (usize, &'static str) {
    let slabs = fs::read_to_string("/proc/slabinfo").unwrap_or_default();
    let count = slabs.lines().find_map(|l| l.strip_prefix("net_namespace ")?.split_ascii_whitespace().next());
    if let Some(count) = count.and_then(|count| count.parse::<usize>().ok()) {
        return (count.saturating_add(1), "about, by /proc/slabinfo, where the initial one is not"); // so one more
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let seen: BTreeSet<u64> =
        gather(processes.filter_map(|p| fs::metadata(p.path().join("ns/net")).ok()).map(|ns| ns.ino()));
    (seen.len(), "at least: those that processes are in which this user may look into")
}

impl Names {
    fn look(dir: &Dir) -> Names {
        let mut names = Names { path: dir.path().display().to_string(), ..Names::default() };
        let Ok(meta) = fs::metadata(dir.path()) else { return names };
        names.exists = true;
        names.world_writable = meta.permissions().mode() & 0o002 != 0;
        let real = fs::canonicalize(dir.path()).unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        // ID parent major:minor root mount-point options optional-fields …, proc(5)
        names.own_shared_mount = mounts.lines().any(|mount| {
            let mut fields = mount.split(' ').skip(4);
            fields.next().is_some_and(|at| Path::new(at) == real) && fields.any(|f| f.starts_with("shared:"))
        });
        match dir.list() {
            Err(e) => names.error = Some(e.to_string()),
            Ok(entries) => entries.iter().for_each(|entry| {
                let count = match entry.state {
                    State::Ns(_) | State::Link(Some(_)) => &mut names.count,
                    State::Stale => &mut names.stale,
                    _ => &mut names.other,
                };
                *count = count.saturating_add(1);
            }),
        }
        names
    }

    fn show(&self, out: &mut Out) {
        out.text(format_args!("\nNames:\n"));
        out.object("names", |out| {
            let (path, exists) = (self.path.as_str(), self.exists);
            out.field("directory", path, format_args!("  {path:23} "));
            out.field("exists", exists, format_args!("{}\n", if exists { "is there" } else { "is not there yet" }));
            if !exists {
                return;
            }
            let text = if self.own_shared_mount { "yes" } else { "no, the first name makes it one" };
            let (key, own) = ("own_shared_mount", self.own_shared_mount);
            out.field(key, own, format_args!("  {:23} {text}\n", "shared mount of its own"));
            for (key, title, n) in [
                ("namespaces", "namespaces", self.count),
                ("stale", "stale names", self.stale),
                ("other", "other entries", self.other),
            ] {
                out.field(key, n, format_args!("  {title:23} {n}\n"));
            }
            out.json("world_writable", self.world_writable);
            if self.world_writable {
                out.text(format_args!("  Warning: everybody can write to {path} and make names lead elsewhere\n"));
            }
            if let Some(error) = &self.error {
                out.field("error", error, format_args!("  Not looked into: {error}\n"));
            }
        });
    }
}

/// What keeps this user from a user namespace, and what to do.
pub(super) fn forbidden(error: &Error) -> Failure {
    let hint = format!("  {}\n  or run it as root", no_user_ns(error));
    let message = format!("check needs root, or a user namespace of its own, which cannot be had: {error}");
    Failure::new(code::FAILED, message).hint(hint)
}
