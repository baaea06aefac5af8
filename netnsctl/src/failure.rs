//! A failed command: the exit code, what to say, and what to do about it.

use crate::grammar::{INCOMPLETE, Usage, show};
use crate::out::{Escaped, harmless};
use netns_sys::spawn::op;
use netns_sys::{Errno, Error, NsFlags, process};
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::ops::{Deref, DerefMut};
use std::os::unix::ffi::OsStrExt;

/// Exit codes, the ones `ip` has.
pub mod code {
    /// All done.
    pub const OK: u8 = 0;
    /// A name or file of a namespace, a batch or one of several commands failed; a check failed.
    pub const FAILED: u8 = 1;
    /// The kernel refused it.
    pub const KERNEL: u8 = 2;
    /// The words of the command; a name that cannot be one; a namespace that is not there.
    pub const USAGE: u8 = 255;
}

/// A command that failed. As small as can be: every `?` moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub Box<Failed>);

/// What a [`Failure`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The exit code, see [`code`].
    pub code: u8,
    /// What was asked and what went wrong, on one line; empty where all was said already.
    pub message: String,
    /// The command with the word at fault underlined, or what to do.
    pub hint: Option<String>,
    /// What `ip` says instead, where that differs; what is behind its first line begins with two spaces.
    pub ip: Option<String>,
}

/// What commands give back.
pub type Result<T> = std::result::Result<T, Failure>;

impl Deref for Failure {
    type Target = Failed;

    fn deref(&self) -> &Failed {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Failed {
        &mut self.0
    }
}

impl Failure {
    /// A failure with this exit code and message.
    #[must_use]
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self(Box::new(Failed { code, message: message.into(), hint: None, ip: None }))
    }

    /// Says it on standard error; with `ip` in its words.
    pub fn print(&self, ip: bool) {
        if self.message.is_empty() {
            return;
        }
        let text = match (&self.ip, ip) {
            (Some(words), true) => words.clone(),
            (None, true) => self.message.clone(),
            _ => self.to_string(),
        };
        // Where standard error is closed or full, there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what `ip` says in this case.
    #[must_use]
    pub fn ip(mut self, words: impl Into<String>) -> Self {
        self.ip = Some(words.into());
        self
    }

    /// With another message.
    #[must_use]
    pub fn message(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    /// With another exit code.
    #[must_use]
    pub fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// What is wrong with `words`, with the word underlined; the exit code is that of `ip`, if `ip` is true.
    #[must_use]
    pub fn usage(words: &[OsString], usage: &Usage, ip: bool) -> Self {
        let (mut line, mut marks) = (String::from("  "), String::from("  "));
        for (i, word) in words.iter().enumerate() {
            let plain = word.to_str().is_some_and(|w| !w.is_empty() && w.bytes().all(|b| (0x21..0x7f).contains(&b)));
            let word = if plain { word.to_string_lossy().into_owned() } else { show(word) };
            let mark = if i == usage.at { "^" } else { " " };
            let _ = write!(marks, "{} ", mark.repeat(word.chars().count()));
            let _ = write!(line, "{word} ");
        }
        if usage.at >= words.len() {
            marks.push('^');
        }
        let hint = format!("{}\n{}", line.trim_end(), marks.trim_end());
        let code = if ip { usage.ip_code } else { code::USAGE };
        let message = harmless(usage.message.clone());
        let ip = match (&usage.ip, words.get(usage.at)) {
            (Some(ip), _) => harmless(ip.clone()),
            (None, None) => INCOMPLETE.into(),
            (None, Some(word)) => {
                format!("Error: argument \"{}\" is wrong: {message}", Escaped(word.as_bytes()))
            }
        };
        let more = if ip.ends_with(&message) { String::new() } else { format!("\n  {message}") };
        Self::new(code, message).ip(format!("{ip}{more}\n{hint}")).hint(hint)
    }

    /// `error` befell `task`: "add namespace \"a\"".
    #[must_use]
    pub fn of(task: &str, error: &Error) -> Self {
        let code = match error {
            Error::Kernel(_) => code::KERNEL,
            Error::BadName { .. } | Error::NoSuchName { .. } => code::USAGE,
            _ => code::FAILED,
        };
        let message = match error {
            // These say all there is to say.
            Error::BadName { .. } | Error::NoSuchName { .. } | Error::Exists { .. } | Error::Stale { .. } => {
                error.to_string()
            }
            _ => format!("cannot {task}: {error}"),
        };
        Self(Box::new(Failed { code, message, hint: advice(error).map(|a| format!("  {a}")), ip: like_ip(error) }))
    }
}

impl Failure {
    /// A program could not be started for `task`: 126 or 127 if it was the program's fault, as shells have it.
    #[must_use]
    pub fn of_start(task: &str, error: &Error, kinds: NsFlags) -> Self {
        let failure = match error {
            Error::Sys { op: op::EXECUTE, .. } => {
                let code = u8::try_from(process::exec_failure_status(error)).unwrap_or(code::FAILED);
                Self::new(code, error.to_string())
            }
            _ => Self::of(task, error),
        };
        match explain(error, kinds) {
            Some(why) => failure.hint(format!("  {why}")),
            None => failure,
        }
    }
}

/// What explains that namespaces of these types could not be made or entered, where it is known; and what to do.
#[must_use]
pub fn explain(error: &Error, kinds: NsFlags) -> Option<String> {
    let (op, errno) = match error {
        Error::Limit { .. } => (op::MAKE, Errno::ENOSPC),
        Error::Sys { op, errno, .. } => (*op, *errno),
        _ => return None,
    };
    Some(match (op, errno) {
        (op::MAKE, Errno::EPERM | Errno::ENOSPC | Errno::EUSERS | Errno::EACCES) if kinds.contains(NsFlags::USER) => {
            no_user_ns(error)
        }
        (op::MAKE, Errno::EPERM) => "this needs root, or a user namespace as well (--user)".into(),
        (op::MAKE, Errno::ENOSPC | Errno::EUSERS) => error.to_string(),
        (op::MAKE, Errno::EINVAL | Errno::ENOSYS) if kinds.contains(NsFlags::TIME) => {
            "time namespaces need Linux 5.6 or newer, and CONFIG_TIME_NS".into()
        }
        (op::MAKE, Errno::EINVAL) => "this kernel does not have all of these types of namespaces".into(),
        (op::CGROUP, Errno::E2BIG | Errno::ENOSYS) => {
            "a child can be started in a cgroup with Linux 5.7 or newer".into()
        }
        (op::CGROUP, Errno::EBADF) => "a cgroup is a directory of cgroup2".into(),
        (op::CGROUP, Errno::EBUSY) => "this cgroup has controllers for its children, so it may have no process".into(),
        (op::ENTER, Errno::EINVAL) if netns_sys::probe::setns_by_pidfd() == Ok(false) => {
            "to enter several namespaces of a process needs Linux 5.8 or newer".into()
        }
        (op::ENTER, Errno::ESRCH) => "the process has ended".into(),
        (op::ENTER, Errno::EPERM) => "this needs root, or the user namespace they belong to as well (--user)".into(),
        (op::MAP, Errno::EPERM) => "ids can be mapped that the caller has, or by root, or by newuidmap".into(),
        (op::MAP, Errno::EINVAL) => "ids overlap, or some do not exist in this user namespace".into(),
        (op::EXECUTE, Errno::ENOENT) if matches!(error, Error::Sys { about, .. } if is_mapper(about)) => {
            "ids that are not the caller's are mapped by newuidmap and newgidmap, of the package uidmap".into()
        }
        (op::GROUPS, Errno::EPERM) => "this user namespace does not allow it: --preserve-credentials".into(),
        (op::GID | op::UID, Errno::EINVAL) => "it is not mapped in this user namespace".into(),
        (op::PROC, Errno::EPERM) => {
            "the proc at hand is covered in part (a container's), so no new one is allowed".into()
        }
        _ => return None,
    })
}

fn is_mapper(program: &std::ffi::OsStr) -> bool {
    program == "newuidmap" || program == "newgidmap"
}

/// What keeps this user from a user namespace, and what to do.
#[must_use]
pub fn no_user_ns(error: &Error) -> String {
    let number = |path: &str| std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let is = |path: &str, value| number(path) == Some(value);
    let why = if is("/proc/sys/user/max_user_namespaces", 0) {
        "/proc/sys/user/max_user_namespaces is 0: no user namespaces; raise it: sysctl user.max_user_namespaces=10000"
    } else if !std::path::Path::new("/proc/self/ns/user").exists() {
        "this kernel has no user namespaces (CONFIG_USER_NS)"
    } else if is("/proc/sys/kernel/unprivileged_userns_clone", 0) {
        "/proc/sys/kernel/unprivileged_userns_clone is 0: user namespaces are root's; allow them: \
         sysctl kernel.unprivileged_userns_clone=1"
    } else if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1) {
        "AppArmor forbids it: give this program a profile with `userns,`, or allow it: \
         sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    } else if matches!(error, Error::Limit { .. }) {
        return error.to_string();
    } else if error.errno() == Some(Errno::EPERM) {
        "a seccomp filter (of a container), a security module or a changed root directory (chroot) forbids it"
    } else {
        "it is not known why"
    };
    why.into()
}

/// What `ip` says of it.
fn like_ip(error: &Error) -> Option<String> {
    Some(match error {
        Error::Kernel(kernel) => {
            let said = match &kernel.message {
                Some(words) => format!("Error: {}.", words.trim_end_matches('.')),
                None => format!("RTNETLINK answers: {}", kernel.errno.words()),
            };
            // Which attribute it is about `ip` does not say.
            let more = kernel.about();
            if more.is_empty() { said } else { format!("{said}\n  {}{more}", kernel.request) }
        }
        Error::NoSuchName { name } => {
            let words = Errno::ENOENT.words();
            format!("Cannot open network namespace \"{}\": {words}", Escaped(name.as_bytes()))
        }
        _ => return None,
    })
}

/// What to do about the usual ones.
fn advice(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Stale { .. } => "remove it with `netnsctl netns delete NAME`, or add it again",
        Error::Limit { .. } => "end what uses namespaces, or raise the limit: `sysctl user.max_net_namespaces`",
        Error::Exists { .. } => "choose another name, or delete this one first",
        Error::NoSuchName { .. } => "`netnsctl netns list` shows the names there are",
        Error::Interrupted | Error::Overrun => "try again when less is changing",
        _ => match error.errno()? {
            Errno::ESRCH => "the process has ended",
            Errno::EPERM | Errno::EACCES => "this needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN: try with sudo",
            Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT => {
                "this kernel was built without it, or its module is not loaded"
            }
            _ => return None,
        },
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "netnsctl: {}", self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\n{hint}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_fault_is_underlined() {
        let words: Vec<OsString> = ["link", "a b", "mtuu"].map(OsString::from).into();
        let usage = Usage::new(2, "no".into());
        let text = Failure::usage(&words, &usage, false).to_string();
        assert_eq!(text, "netnsctl: no\n  link \"a b\" mtuu\n             ^^^^");
        let text = Failure::usage(&words, &usage.at(3), false).to_string();
        assert!(text.ends_with("mtuu\n                  ^"), "{text}");
    }

    #[test]
    fn what_ip_says_of_a_word_does_not_disturb_a_terminal() {
        let words: Vec<OsString> = ["a\u{1b}[2J\u{202e}", "add"].map(OsString::from).into();
        let usage = crate::cmd::parse(&words, crate::cmd::Options { ip: true, ..Default::default() }).unwrap_err();
        let said = Failure::usage(&words, &usage, true).0.ip.unwrap();
        assert!(said.starts_with("Object \"a\\x1b[2J\\u{202e}\" is unknown"), "{said}");
        let odd = Usage::new(0, "\u{7}\tcaf\u{e9}\n".into());
        assert_eq!(Failure::usage(&words, &odd, true).message, "\\x07\tcaf\u{e9}\n");
    }
}
