//! BPF programs, as far as links have them (XDP): those pinned in a file system, and what is known of one.

use crate::error::{At, Errno, Result};
use crate::sys;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the kernel knows of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name; may be empty.
    pub name: Vec<u8>,
    /// A hash of its instructions.
    pub tag: [u8; 8],
    /// It was translated to the processor's own instructions.
    pub jited: bool,
    /// When it was loaded, in nanoseconds since the system started.
    pub load_time: u64,
    /// The user who loaded it.
    pub uid: u32,
    /// The id of its types; 0: it has none.
    pub btf_id: u32,
}

impl Program {
    /// The one with this id.
    ///
    /// # Errors
    /// bpf(2): `EPERM` without `CAP_SYS_ADMIN`, `ENOENT`: there is none, `EINVAL` before Linux 4.13, `ENOSYS`.
    pub fn get(id: u32) -> Result<Program> {
        let program = sys::bpf_program(id).at("open a BPF program", id.to_string())?;
        let info = sys::bpf_info(program.as_fd()).at("ask for a BPF program", id.to_string())?;
        Ok(Program::new(&info.map(u64::to_ne_bytes).concat()))
    }

    /// `struct bpf_prog_info`, linux/bpf.h.
    fn new(info: &[u8]) -> Program {
        fn at<const N: usize>(info: &[u8], at: usize) -> [u8; N] {
            info.get(at..).and_then(|b| b.first_chunk()).copied().unwrap_or([0; N])
        }
        let name: [u8; 16] = at(info, 64);
        Program {
            name: name.into_iter().take_while(|b| *b != 0).collect(),
            tag: at(info, 8),
            jited: at(info, 16) != [0; 4],
            load_time: u64::from_ne_bytes(at(info, 40)),
            uid: u32::from_ne_bytes(at(info, 48)),
            btf_id: u32::from_ne_bytes(at(info, 128)),
        }
    }
}

/// The program pinned at `path`, in a file system of type bpf.
///
/// # Errors
/// bpf(2): `ENOENT`, `EACCES`, `EPERM`; `EINVAL`: it is something else.
pub fn pinned(path: &Path) -> Result<OwnedFd> {
    let op = "open a pinned BPF program";
    let c = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL.at(op, path))?;
    sys::bpf_pinned(&c).at(op, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_program_is_described() {
        let Ok(fd) = sys::bpf_load(*b"netnsctl_test\0\0\0") else { return }; // not root, or a kernel without
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
        let field = |name: &str| info.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim().to_owned();
        let program = Program::get(field("prog_id:").parse().unwrap()).unwrap();
        let tag: String = program.tag.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((program.name.as_slice(), tag), (&b"netnsctl_test"[..], field("prog_tag:")));
        assert_eq!((program.jited, program.uid), (field("prog_jited:") == "1", sys::geteuid()));
        assert!(program.load_time > 0 && program.btf_id == 0);
        assert_eq!(Program::get(u32::MAX).unwrap_err().errno(), Some(Errno::ENOENT));
    }

    #[test]
    fn what_is_not_pinned_is_refused() {
        assert!(pinned(Path::new("/proc/self/no-such")).is_err() && pinned(Path::new("/proc/self/stat")).is_err());
    }
}
