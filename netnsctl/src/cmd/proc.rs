//! What /proc says of a process, and /etc/passwd of a user.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::OnceLock;

/// The command line, its words parted by spaces; of one that has none (the kernel's threads) its name.
pub(super) fn command(pid: u32) -> Option<Vec<u8>> {
    let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).ok().filter(|text| !text.is_empty());
    let mut text = read("cmdline").or_else(|| read("comm"))?;
    text.pop(); // the NUL or newline at the end
    text.iter_mut().filter(|b| **b == 0).for_each(|b| *b = b' ');
    Some(text)
}

/// A field of /proc/PID/stat, counted from the one behind the name, which may have anything in it: `4 (name) S 2 ...`.
fn stat(pid: u32, field: usize) -> Option<u32> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    std::str::from_utf8(stat.rsplit(|b| *b == b')').next()?).ok()?.split(' ').nth(field)?.parse().ok()
}

/// The parent.
pub(super) fn parent(pid: u32) -> Option<u32> {
    stat(pid, 2)
}

/// Whether it is a thread of the kernel's.
pub(super) fn is_kernel(pid: u32) -> bool {
    const PF_KTHREAD: u32 = 0x0020_0000; // linux/sched.h
    stat(pid, 7).is_some_and(|flags| flags & PF_KTHREAD != 0)
}

/// The user it runs as.
pub(super) fn user(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|m| m.uid())
}

/// The names of users: those in /etc/passwd.
fn users() -> &'static [(String, u32)] {
    static USERS: OnceLock<Vec<(String, u32)>> = OnceLock::new();
    USERS.get_or_init(|| {
        let text = fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
        let entry = |line: &str| {
            let mut fields = line.split(':');
            Some((fields.next().filter(|name| !name.is_empty())?.to_owned(), fields.nth(1)?.parse().ok()?))
        };
        text.lines().filter_map(entry).collect()
    })
}

/// A user's name; without one, the number.
pub(super) fn user_name(uid: u32) -> String {
    users().iter().find(|u| u.1 == uid).map_or_else(|| uid.to_string(), |u| u.0.clone())
}

/// A user, by name or number.
pub(super) fn user_id(name: &std::ffi::OsStr) -> Option<u32> {
    let known = users().iter().find(|u| u.0.as_bytes() == name.as_bytes()).map(|u| u.1);
    known.or_else(|| name.to_str()?.parse().ok())
}
