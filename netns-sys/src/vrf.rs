//! VRFs of processes. A VRF binds the sockets of the processes in a control group to its device: with a program of the
//! kernel's virtual machine that is run whenever one is made. Where these groups are is iproute2's layout, in the hierarchy of
//! version 2, cgroups(7): `…/[NETNS-ns/]vrf/NAME`, and `…/[NETNS-ns/]vrf` for no VRF.

use crate::error::{At, Errno, Result};
use crate::mount::c_path;
use crate::sys;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where the hierarchy is mounted if it is not mounted anywhere.
const OWN: &str = "/var/run/cgroup2";
/// Who writes 0 into it moves himself there.
const PROCS: &str = "cgroup.procs";

/// The control group of a process (`None`: of this one), `/proc/PID/cgroup`: what is before `vrf`, and the name of the VRF if
/// it is that of one.
fn group(pid: Option<u32>) -> Result<(PathBuf, Option<OsString>)> {
    let file = pid.map_or("/proc/self/cgroup".into(), |pid| format!("/proc/{pid}/cgroup"));
    let text = fs::read(&file).at("read", &file)?;
    let path = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"0::")).unwrap_or_default();
    Ok(split(path))
}

fn split(path: &[u8]) -> (PathBuf, Option<OsString>) {
    const VRF: &[u8] = b"/vrf";
    let is_end = |at: usize| path.get(at.saturating_add(VRF.len())).is_none_or(|b| *b == b'/');
    let found = path.windows(VRF.len()).enumerate().find(|(at, part)| *part == VRF && is_end(*at));
    let (before, behind) = path.split_at_checked(found.map_or(path.len(), |f| f.0)).unwrap_or_default();
    let name = behind.get(VRF.len().saturating_add(1)..).filter(|name| !name.is_empty());
    (OsStr::from_bytes(before).into(), name.map(|name| OsStr::from_bytes(name).into()))
}

/// Where the hierarchy is mounted.
fn mounted() -> Result<Option<PathBuf>> {
    let mounts = fs::read("/proc/self/mounts").at("read", "/proc/self/mounts")?;
    let path = |line: &[u8]| {
        let mut words = line.split(|b| *b == b' ').skip(1);
        let path = words.next()?;
        (words.next()? == b"cgroup2").then(|| OsStr::from_bytes(path).into())
    };
    Ok(mounts.split(|b| *b == b'\n').find_map(path))
}

/// Mounts the hierarchy, unless it is.
fn hierarchy() -> Result<PathBuf> {
    if let Some(path) = mounted()? {
        return Ok(path);
    }
    make(Path::new(OWN))?;
    c_path(Path::new(OWN))
        .and_then(|own| sys::mount(Some(c"none"), &own, Some(c"cgroup2"), 0))
        .at("mount cgroup2 on", OWN)?;
    Ok(OWN.into())
}

fn make(dir: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(dir).at("make directory", dir)
}

/// The directory of a network namespace that has a name.
fn of_netns(name: &OsStr) -> OsString {
    OsString::from_vec([name.as_bytes(), b"-ns"].concat())
}

/// The VRF a process (`None`: this one) is associated with.
///
/// # Errors
/// `ENOENT`: there is no such process.
pub fn identify(pid: Option<u32>) -> Result<Option<OsString>> {
    Ok(group(pid)?.1)
}

/// The processes associated with a VRF, in network namespaces of this name (of any, if there is none).
///
/// # Errors
/// Those of reading the hierarchy.
pub fn pids(vrf: &OsStr, netns: Option<&OsStr>) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    walk(&hierarchy()?, vrf, netns.map(of_netns).as_deref(), &mut found)?;
    Ok(found)
}

fn walk(dir: &Path, vrf: &OsStr, netns: Option<&OsStr>, found: &mut Vec<u32>) -> Result<()> {
    for entry in fs::read_dir(dir).at("read directory", dir)? {
        let entry = entry.at("read directory", dir)?;
        if entry.file_name() == "vrf" {
            if netns.is_none_or(|netns| dir.file_name() == Some(netns)) {
                let pids = fs::read_to_string(entry.path().join(vrf).join(PROCS)).unwrap_or_default();
                found.extend(pids.lines().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        } else if entry.file_type().is_ok_and(|t| t.is_dir()) {
            walk(&entry.path(), vrf, netns, found)?;
        }
    }
    Ok(())
}

/// A control group for processes of a VRF, or of none. It stays at hand where the hierarchy is out of sight.
#[derive(Debug)]
pub struct Group {
    /// Its `cgroup.procs`.
    procs: OwnedFd,
    pub(crate) dir: PathBuf,
}

impl Group {
    /// Makes that of a VRF (its name, and the index of its device; `None`: of no VRF), for processes in the network namespace
    /// of this name.
    ///
    /// # Errors
    /// `EPERM` without `CAP_BPF` and `CAP_NET_ADMIN`; `EINVAL`: the kernel was built without it; those of mkdir(2).
    pub fn make(vrf: Option<(&OsStr, u32)>, netns: Option<&OsStr>) -> Result<Group> {
        let (before, _) = group(None)?;
        let mut dir = hierarchy()?;
        dir.push(before.strip_prefix("/").unwrap_or(&before));
        if let Some(netns) = netns.map(of_netns).filter(|netns| dir.file_name() != Some(netns)) {
            dir.push(netns);
        }
        dir.push("vrf");
        dir.extend(vrf.map(|vrf| vrf.0));
        make(&dir)?;
        if let Some((_, index)) = vrf {
            let group = fs::File::open(&dir).at("open directory", &dir)?;
            let program =
                sys::bpf_load_sock(&bind_to(index)).at("load the program that binds sockets to a device", "")?;
            sys::bpf_attach_sock_create(group.as_fd(), program.as_fd()).at("attach a program to", &dir)?;
        }
        Group::open(dir)
    }

    /// That of no VRF, if this process is in that of one.
    pub(crate) fn outside() -> Result<Option<Group>> {
        let Ok((before, Some(_))) = group(None) else { return Ok(None) };
        let mounted = mounted()?.ok_or_else(|| Errno::ENOENT.at("leave the VRF: find a mount of cgroup2", ""))?;
        Group::open(mounted.join(before.strip_prefix("/").unwrap_or(&before)).join("vrf")).map(Some)
    }

    fn open(dir: PathBuf) -> Result<Group> {
        let procs = fs::OpenOptions::new().write(true).open(dir.join(PROCS)).at("open control group", &dir)?;
        Ok(Group { procs: procs.into(), dir })
    }

    /// Takes this process there.
    ///
    /// # Errors
    /// Those of writing `cgroup.procs`, cgroups(7).
    pub fn enter(&self) -> Result<()> {
        self.join().at("enter control group", &self.dir)
    }

    /// As [`Group::enter`]; async-signal-safe.
    pub(crate) fn join(&self) -> std::result::Result<(), Errno> {
        sys::write(self.procs.as_fd(), b"0").map(drop)
    }
}

/// An instruction of the kernel's virtual machine, `struct bpf_insn` (linux/bpf.h): code, destination and source register in
/// four bits each, an offset of 16 bits, a constant.
fn instruction(code: u8, to: u8, from: u8, constant: u32) -> [u8; 8] {
    let registers = if cfg!(target_endian = "big") { to << 4 | from } else { from << 4 | to };
    let [a, b, c, d] = constant.to_ne_bytes();
    [code, registers, 0, 0, a, b, c, d]
}

/// The program: of the socket (`struct bpf_sock`, linux/bpf.h) whose address register 1 has, writes the first field,
/// `bound_dev_if`, and returns 1: go on.
fn bind_to(index: u32) -> [[u8; 8]; 4] {
    const MOVE: u8 = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
    const STORE: u8 = 0x63; // BPF_STX | BPF_MEM | BPF_W
    const EXIT: u8 = 0x95; // BPF_JMP | BPF_EXIT
    [
        instruction(MOVE, 3, 0, index),
        instruction(STORE, 1, 3, 0),
        instruction(MOVE, 0, 0, 1),
        instruction(EXIT, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vrf_is_what_follows_vrf_in_the_path() {
        let is = |path: &str| {
            let (before, name) = split(path.as_bytes());
            (before.to_str().unwrap().to_owned(), name.map(|n| n.into_string().unwrap()))
        };
        let of = |before: &str, name: Option<&str>| (before.to_owned(), name.map(str::to_owned));
        assert_eq!(is("/"), of("/", None));
        assert_eq!(is("/vrf/red"), of("", Some("red")));
        assert_eq!(is("/a/blue-ns/vrf/red"), of("/a/blue-ns", Some("red")));
        assert_eq!((is("/a/vrf"), is("/a/vrf/")), (of("/a", None), of("/a", None)));
        assert_eq!(is("/vrfs/red"), of("/vrfs/red", None));
        assert_eq!(is("/vrfs/vrf/red"), of("/vrfs", Some("red")));
    }
}
