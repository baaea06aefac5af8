//! What can go wrong, each with the place it went wrong at.

use crate::netlink::KernelError;
use crate::ns::NsFlags;
use crate::process::Exit;
use crate::spawn::op;
use nl_core::{DecodeError, EncodeError};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// A kernel error number, `errno(3)`. Prints its name and the C library's words: `EPERM (Operation not permitted)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

macro_rules! errno_names {
    ($($name:ident)*) => {
        impl Errno {
            $(#[doc = concat!("`", stringify!($name), "`, `errno(3)`.")] pub const $name: Errno = Errno(libc::$name);)*
            /// The symbolic name, `"EPERM"`; `None` for a number `errno(3)` of this build does not name.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $(libc::$name => Some(stringify!($name)),)* _ => None }
            }
        }
    };
}
errno_names! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
    ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ERESTART
    ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM ENODATA ETIME ENONET ENOLINK EPROTO EBADMSG EOVERFLOW ENOTUNIQ
    EBADFD ELIBBAD EILSEQ EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT
    EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
    ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EDQUOT
    ENOMEDIUM ECANCELED ENOKEY EKEYREJECTED ERFKILL
}

impl Errno {
    /// The error of the calling thread's last failed system call.
    pub(crate) fn last() -> Errno {
        Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }
    /// The words of strerror(3), those of the GNU C library whatever the one at hand: `Operation not permitted`.
    #[must_use]
    pub fn words(self) -> String {
        #[cfg(target_env = "musl")]
        if let Some(words) = gnu_words(self) {
            return words;
        }
        // std prints them and appends " (os error N)".
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        text.split(" (os error").next().unwrap_or_default().to_owned()
    }
    /// This error with its place: the operation in words and the path or name it was about (may be empty).
    pub fn at(self, op: &'static str, about: impl AsRef<OsStr>) -> Error {
        Error::Sys { op, about: about.as_ref().to_owned(), errno: self }
    }
}

/// Where those of musl differ: scripts compare what `ip` says.
#[cfg(target_env = "musl")]
fn gnu_words(errno: Errno) -> Option<String> {
    let words = match errno.0 {
        libc::EIO => "Input/output error",
        libc::ECHILD => "No child processes",
        libc::ENOMEM => "Cannot allocate memory",
        libc::EBUSY => "Device or resource busy",
        libc::EXDEV => "Invalid cross-device link",
        libc::EMFILE => "Too many open files",
        libc::ENOTTY => "Inappropriate ioctl for device",
        libc::ESPIPE => "Illegal seek",
        libc::EDOM => "Numerical argument out of domain",
        libc::ERANGE => "Numerical result out of range",
        libc::EDEADLK => "Resource deadlock avoided",
        libc::ENAMETOOLONG => "File name too long",
        libc::ELOOP => "Too many levels of symbolic links",
        libc::ETIME => "Timer expired",
        libc::ENONET => "Machine is not on the network",
        libc::EOVERFLOW => "Value too large for defined data type",
        libc::ENOTUNIQ => "Name not unique on network",
        libc::ELIBBAD => "Accessing a corrupted shared library",
        libc::EILSEQ => "Invalid or incomplete multibyte or wide character",
        libc::EUSERS => "Too many users",
        libc::ENOTSOCK => "Socket operation on non-socket",
        libc::EMSGSIZE => "Message too long",
        libc::EOPNOTSUPP => "Operation not supported",
        libc::EADDRINUSE => "Address already in use",
        libc::EADDRNOTAVAIL => "Cannot assign requested address",
        libc::ENETUNREACH => "Network is unreachable",
        libc::ENETRESET => "Network dropped connection on reset",
        libc::ECONNABORTED => "Software caused connection abort",
        libc::EISCONN => "Transport endpoint is already connected",
        libc::ENOTCONN => "Transport endpoint is not connected",
        libc::ESHUTDOWN => "Cannot send after transport endpoint shutdown",
        libc::ETIMEDOUT => "Connection timed out",
        libc::EHOSTUNREACH => "No route to host",
        libc::EINPROGRESS => "Operation now in progress",
        libc::EDQUOT => "Disk quota exceeded",
        libc::ERFKILL => "Operation not possible due to RF-kill",
        _ if errno.name().is_none() => return Some(format!("Unknown error {}", errno.0)),
        _ => return None,
    };
    Some(words.to_owned())
}

impl From<std::io::Error> for Errno {
    fn from(e: std::io::Error) -> Errno {
        Errno(e.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words();
        match self.name() {
            Some(name) => write!(f, "{name} ({words})"),
            None => write!(f, "errno {} ({words})", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Puts a place on a bare [`Errno`].
pub(crate) trait At<T> {
    fn at(self, op: &'static str, about: impl AsRef<OsStr>) -> Result<T>;
}
impl<T, E: Into<Errno>> At<T> for std::result::Result<T, E> {
    fn at(self, op: &'static str, about: impl AsRef<OsStr>) -> Result<T> {
        self.map_err(|e| e.into().at(op, about))
    }
}

/// The rule a namespace name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameRule {
    /// The name is empty.
    Empty,
    /// Longer than the 255 bytes (`NAME_MAX`) a file name can have.
    TooLong,
    /// Contains `/`.
    Slash,
    /// Is `.` or `..`.
    Dots,
    /// Contains a NUL byte.
    Nul,
    /// Contains a control character (newline, escape, …), which would garble listings and terminals.
    Control,
}

impl NameRule {
    /// What the kernel and iproute2 accept: any file name, newlines and bytes that are not UTF-8 included.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn lenient(name: &OsStr) -> std::result::Result<(), NameRule> {
        match name.as_bytes() {
            b"" => Err(NameRule::Empty),
            b"." | b".." => Err(NameRule::Dots),
            n if n.contains(&b'/') => Err(NameRule::Slash),
            n if n.contains(&0) => Err(NameRule::Nul),
            n if n.len() > 255 => Err(NameRule::TooLong),
            _ => Ok(()),
        }
    }
    /// [`NameRule::lenient`], and no control characters: what a newly made name should keep to.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn strict(name: &OsStr) -> std::result::Result<(), NameRule> {
        NameRule::lenient(name)?;
        if name.to_string_lossy().chars().any(char::is_control) {
            return Err(NameRule::Control);
        }
        Ok(())
    }
}

impl fmt::Display for NameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameRule::Empty => "it is empty",
            NameRule::TooLong => "it is longer than 255 bytes",
            NameRule::Slash => "it contains a slash",
            NameRule::Dots => "it is a directory entry of its own",
            NameRule::Nul => "it contains a NUL byte",
            NameRule::Control => "it contains a control character",
        })
    }
}

/// What was found where a network namespace was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A network namespace.
    Netns,
    /// An empty regular file with nothing mounted on it: the placeholder of a name whose namespace is gone.
    Stale,
    /// A regular file that is not an empty placeholder: it has content, or something is mounted on it.
    File,
    /// A directory.
    Dir,
    /// A symbolic link (not followed).
    Link,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device.
    Device,
    /// A namespace of another type (empty: of a type this build does not know).
    OtherNs(NsFlags),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Kind::Netns => "a network namespace",
            Kind::Stale => "an empty file with nothing mounted on it",
            Kind::File => "a regular file",
            Kind::Dir => "a directory",
            Kind::Link => "a symbolic link",
            Kind::Fifo => "a FIFO",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
            Kind::OtherNs(NsFlags::USER) => "a user namespace",
            Kind::OtherNs(NsFlags::MOUNT) => "a mount namespace",
            Kind::OtherNs(NsFlags::PID) => "a PID namespace",
            Kind::OtherNs(NsFlags::UTS) => "a UTS namespace",
            Kind::OtherNs(NsFlags::IPC) => "an IPC namespace",
            Kind::OtherNs(NsFlags::CGROUP) => "a cgroup namespace",
            Kind::OtherNs(NsFlags::TIME) => "a time namespace",
            Kind::OtherNs(_) => "a namespace of another type",
        })
    }
}

/// The one error type of this crate. `Display` is a sentence fragment, fit to follow `netnsctl: `.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    Sys {
        /// The operation in words: "unmount".
        op: &'static str,
        /// The path or name it was about; empty where there is none.
        about: OsString,
        /// The kernel's answer.
        errno: Errno,
    },
    /// The name cannot be a namespace's.
    BadName {
        /// The name as given.
        name: OsString,
        /// What is wrong with it.
        rule: NameRule,
    },
    /// The name is taken.
    Exists {
        /// The name.
        name: OsString,
        /// What has it.
        seen: Kind,
    },
    /// There is no such name.
    NoSuchName {
        /// The name.
        name: OsString,
    },
    /// The name is there, but its namespace is gone: a leftover placeholder.
    Stale {
        /// The name.
        name: OsString,
    },
    /// Something else than a network namespace.
    NotNetns {
        /// The path, name or number that was looked at.
        about: OsString,
        /// What it is.
        seen: Kind,
    },
    /// A directory or link belongs to somebody who is neither root nor the caller.
    NotOurs {
        /// Its path.
        path: OsString,
        /// The user it belongs to.
        uid: u32,
    },
    /// The kernel's limit on namespaces of one of these types is reached (`ENOSPC`, `EUSERS`; `namespaces(7)`).
    Limit {
        /// The types that were asked for.
        kinds: NsFlags,
    },
    /// `/proc` is needed and not mounted here (or shows another PID namespace).
    NoProc {
        /// What it was needed for.
        op: &'static str,
    },
    /// A program of the system that was needed (newuidmap, newgidmap) did not do its work; it has said why itself.
    Helper {
        /// Its name.
        program: &'static str,
        /// How it ended.
        exit: Exit,
    },
    /// The keeper of an ordinary user's names could not be started.
    Keeper {
        /// What it said.
        said: String,
    },
    /// The kernel refused a netlink request.
    Kernel(Box<KernelError>),
    /// What the kernel sent cannot be read.
    Decode(DecodeError),
    /// What was to be asked cannot be written as a message.
    Encode(EncodeError),
    /// A datagram was longer than the buffer for it, in bytes.
    Truncated {
        /// The datagram's length.
        need: usize,
        /// The buffer's.
        have: usize,
    },
    /// Things kept changing while the kernel listed them (`NLM_F_DUMP_INTR`): no consistent list was had.
    Interrupted,
    /// The kernel dropped messages that this socket did not receive fast enough (`ENOBUFS`, `NLMSG_OVERRUN`).
    Overrun,
    /// The kernel acknowledged a question and gave no answer.
    NoAnswer,
    /// The kernel's answer was lost (`ENOBUFS`): whether the request was carried out is not known.
    Lost,
}

/// This crate's results.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The kernel's error number, where there was one.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Error::Sys { errno, .. } => Some(*errno),
            Error::Limit { .. } => Some(Errno::ENOSPC),
            Error::Kernel(e) => Some(e.errno),
            _ => None,
        }
    }
    /// A failure to make namespaces of these types: out of space means the limit is reached.
    pub(crate) fn making(kinds: NsFlags, op: &'static str, errno: Errno) -> Error {
        match errno {
            Errno::ENOSPC | Errno::EUSERS if !kinds.is_empty() => Error::Limit { kinds },
            _ => errno.at(op, ""),
        }
    }
    /// As [`Error::making`], if that is what failed.
    pub(crate) fn limits(self, kinds: NsFlags) -> Error {
        match self {
            Error::Sys { op: op::MAKE, errno, .. } => Error::making(kinds, op::MAKE, errno),
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Sys { op, about, errno } if about.is_empty() => write!(f, "cannot {op}: {errno}"),
            Error::Sys { op, about, errno } => write!(f, "cannot {op} {about:?}: {errno}"),
            Error::BadName { name, rule } => write!(f, "{name:?} cannot name a namespace: {rule}"),
            Error::Exists { name, seen } => write!(f, "the name {name:?} is taken: it is {seen}"),
            Error::NoSuchName { name } => write!(f, "there is no namespace named {name:?}"),
            Error::Stale { name } => {
                write!(f, "the namespace of the name {name:?} is gone, only its empty file is left")
            }
            Error::NotNetns { about, seen } => write!(f, "{about:?} is not a network namespace: it is {seen}"),
            Error::NotOurs { path, uid } => {
                write!(f, "{path:?} belongs to user {uid}, neither root nor the caller: not trusted")
            }
            Error::Limit { kinds } => {
                f.write_str("the limit on namespaces is reached: see")?;
                for (i, kind) in kinds.iter().enumerate() {
                    let name = kind.name();
                    write!(f, "{} /proc/sys/user/max_{name}_namespaces", if i > 0 { " or" } else { "" })?;
                }
                f.write_str(" (namespaces still being torn down count)")
            }
            Error::Helper { program, exit: Exit::Code(code) } => write!(f, "{program} failed with exit code {code}"),
            Error::Helper { program, exit: Exit::Signal(signal) } => {
                write!(f, "{program} was killed by signal {signal}")
            }
            Error::Keeper { said } if said.is_empty() => f.write_str("the keeper of names ended without a word"),
            Error::Keeper { said } => write!(f, "the keeper of names {said}"),
            Error::Kernel(e) => e.fmt(f),
            Error::Decode(e) => write!(f, "the kernel's answer cannot be read: {e}"),
            Error::Encode(e) => write!(f, "the request does not fit a message: {e}"),
            Error::Truncated { need, have } => {
                write!(f, "the kernel's answer of {need} bytes was cut: the buffer has {have}")
            }
            Error::Interrupted => f.write_str("the kernel's list kept changing while it was read: try again"),
            Error::Overrun => f.write_str("the kernel dropped messages that were not read fast enough"),
            Error::NoAnswer => f.write_str("the kernel acknowledged the question and gave no answer"),
            Error::Lost => f.write_str("the kernel's answer was lost: whether it was done is not known"),
            Error::NoProc { op } => write!(f, "cannot {op}: /proc is needed, and is not mounted here"),
        }
    }
}

impl std::error::Error for Error {}

impl From<DecodeError> for Error {
    fn from(e: DecodeError) -> Error {
        Error::Decode(e)
    }
}

impl From<EncodeError> for Error {
    fn from(e: EncodeError) -> Error {
        Error::Encode(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_prints_name_and_words() {
        assert_eq!(Errno::EPERM.to_string(), "EPERM (Operation not permitted)");
        // Whatever the C library.
        assert_eq!(Errno(524).to_string(), "errno 524 (Unknown error 524)");
        let words =
            [Errno::EOPNOTSUPP, Errno::ENETUNREACH, Errno::EHOSTUNREACH, Errno::EADDRNOTAVAIL].map(Errno::words);
        let gnu = [
            "Operation not supported",
            "Network is unreachable",
            "No route to host",
            "Cannot assign requested address",
        ];
        assert_eq!(words, gnu);
    }

    #[test]
    fn names_are_judged_leniently_and_strictly() {
        let long = "x".repeat(256);
        for (name, lenient, strict) in [
            ("", Err(NameRule::Empty), Err(NameRule::Empty)),
            (".", Err(NameRule::Dots), Err(NameRule::Dots)),
            ("..", Err(NameRule::Dots), Err(NameRule::Dots)),
            ("a/b", Err(NameRule::Slash), Err(NameRule::Slash)),
            ("a\0b", Err(NameRule::Nul), Err(NameRule::Nul)),
            (&*long, Err(NameRule::TooLong), Err(NameRule::TooLong)),
            (&long[1..], Ok(()), Ok(())),
            ("...", Ok(()), Ok(())),
            ("a b", Ok(()), Ok(())),
            ("a\nb", Ok(()), Err(NameRule::Control)),
            ("a\x7f", Ok(()), Err(NameRule::Control)),
            ("a\u{9b}31m", Ok(()), Err(NameRule::Control)),
            ("é", Ok(()), Ok(())),
        ] {
            assert_eq!(NameRule::lenient(name.as_ref()), lenient, "{name:?}");
            assert_eq!(NameRule::strict(name.as_ref()), strict, "{name:?}");
        }
        let raw = OsStr::from_bytes(b"a\xff");
        assert_eq!((NameRule::lenient(raw), NameRule::strict(raw)), (Ok(()), Ok(())));
    }

    #[test]
    fn display_says_where_and_why() {
        let show = |e: Error| e.to_string();
        assert_eq!(show(Errno::EPERM.at("unmount", "/x")), "cannot unmount \"/x\": EPERM (Operation not permitted)");
        assert_eq!(show(Errno::EINVAL.at("fork", "")), "cannot fork: EINVAL (Invalid argument)");
        assert!(show(Error::making(NsFlags::NET, "x", Errno::ENOSPC)).contains("/proc/sys/user/max_net_namespaces "));
        let both = show(Error::making(NsFlags::USER | NsFlags::MOUNT, "x", Errno::EUSERS));
        assert!(both.contains("max_user_namespaces or /proc/sys/user/max_mnt_namespaces"), "{both}");
        let seen = Kind::OtherNs(NsFlags::UTS);
        assert!(
            show(Error::NotNetns { about: "n".into(), seen })
                .ends_with("\"n\" is not a network namespace: it is a UTS namespace")
        );
    }
}
