//! The netlink socket: [`Socket`] sends and receives, [`Conn`] asks and gets answers.
//!
//! What others learned the hard way is done once, here: only datagrams of the kernel are believed
//! (another process can send to any netlink socket), answers are matched by sequence number and
//! port id, a cut datagram is noticed, an inconsistent dump is run again, and an error comes with
//! the kernel's own words and the name of the attribute it is about.

use crate::error::{At, Errno, Error, Result};
use crate::ns::Ns;
use crate::sys;
use nl_core::reply::Policy;
use nl_core::route::RTM_NEWLINK;
use nl_core::spec::Family;
use nl_core::wire::{NLMSG_ERROR, NLMSG_NOOP, align4};
use nl_core::{Batch, EncodeError, ExtAck, Flags, Message, Messages, Msg, Replies, Reply};
use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most a dump's datagram holds (`NLMSG_GOODSIZE` and what `netlink_dump` allocates at most), in bytes.
const RECV_SIZE: usize = 32 * 1024;

/// How many bytes of requests go out in one send: well below the default `SO_SNDBUF` of 212,992.
const SEND_SIZE: usize = 64 * 1024;

/// How many requests that are not acknowledged go out in one send.
const UNACKNOWLEDGED: usize = 1000;

/// How often a receive that fails is tried again.
const RECV_TRIES: u32 = 3;

/// How often an inconsistent dump is run before giving up.
const DUMP_TRIES: u32 = 10;

/// A netlink socket, netlink(7). It belongs for ever to the network namespace it was opened in.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    port: u32,
}

/// What one receive got from the kernel.
#[derive(Debug)]
pub struct Datagram<'b> {
    /// Its bytes: one or more messages.
    pub bytes: &'b [u8],
    /// With [`Socket::listen_all_nsid`], the id of the namespace it comes from; `None` for the socket's own.
    pub nsid: Option<i32>,
}

impl Socket {
    /// A socket of netlink protocol `protocol` (`NETLINK_ROUTE` is 0) in the calling thread's namespace, with strict
    /// checking of requests and extended acknowledgements where the kernel has them (4.20, 4.12).
    ///
    /// # Errors
    /// socket(2), bind(2), setsockopt(2).
    pub fn open(protocol: u8) -> Result<Socket> {
        Socket::open_for(protocol, &[])
    }

    /// Like [`Socket::open`]; it receives the notifications of these groups (`RTNLGRP_*` and the like, 1 to 32) from the first
    /// moment on, of all of them at once. What the kernel does not know is ignored.
    ///
    /// # Errors
    /// As [`Socket::open`].
    pub fn open_for(protocol: u8, groups: &[u32]) -> Result<Socket> {
        let bit = |group: &u32| group.checked_sub(1).and_then(|bit| 1_u32.checked_shl(bit)).unwrap_or_default();
        let groups = groups.iter().fold(0, |mask, group| mask | bit(group));
        let fd = sys::netlink_socket(protocol.into()).at("open a netlink socket", "")?;
        sys::netlink_bind(fd.as_fd(), groups).at("bind a netlink socket", "")?;
        let port = sys::netlink_port(fd.as_fd()).at("read a netlink socket's port id", "")?;
        let socket = Socket { fd, port };
        for option in [libc::NETLINK_CAP_ACK, libc::NETLINK_EXT_ACK, libc::NETLINK_GET_STRICT_CHK] {
            match socket.option(option, 1) {
                Err(Error::Sys { errno: Errno::ENOPROTOOPT, .. }) => {} // an older kernel
                result => result?,
            }
        }
        Ok(socket)
    }

    /// Like [`Socket::open`], in namespace `ns`. The calling thread stays where it is.
    ///
    /// # Errors
    /// Those of [`Socket::open`] and [`Ns::run`].
    pub fn open_in(ns: &Ns, protocol: u8) -> Result<Socket> {
        ns.run(|| Socket::open(protocol))?
    }

    /// A socket without any option, made by one system call: for [`Socket::send_unacknowledged`]. It has no port id yet.
    ///
    /// # Errors
    /// socket(2).
    pub fn plain(protocol: u8) -> Result<Socket> {
        let fd = sys::netlink_socket(protocol.into()).at("open a netlink socket", "")?;
        Ok(Socket { fd, port: 0 })
    }

    /// Sends requests that ask for no acknowledgement, as few datagrams, and gives back those that were refused: their
    /// sequence numbers and why. The kernel carries out what is sent before it returns from the send, and tells every refusal:
    /// where there is nothing to receive, all went well.
    ///
    /// # Errors
    /// Those of [`Socket::send`] and [`Socket::recv`]: how much was carried out is not known.
    pub fn send_unacknowledged(&self, messages: &[u8], refused: &mut Vec<(u32, Errno)>) -> Result<()> {
        let mut rest = messages;
        let mut answer = [0; 4096];
        while !rest.is_empty() {
            let (mut len, mut count) = (0_usize, 0_usize);
            for message in Messages::new(rest) {
                let next = len.saturating_add(align4(message?.bytes().len()));
                if len > 0 && (next > SEND_SIZE || count >= UNACKNOWLEDGED) {
                    break;
                }
                (len, count) = (next, count.saturating_add(1));
            }
            let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            self.send(now)?;
            rest = later;
            loop {
                let bytes = match self.try_recv(&mut answer) {
                    Ok(None) => break,
                    Ok(Some(datagram)) => datagram.bytes.len(),
                    // A refusal has the whole request in it. The beginning will do.
                    Err(Error::Truncated { have, .. }) => have,
                    Err(error) => return Err(error),
                };
                refused.extend(answer.get(..bytes).and_then(refusal));
            }
        }
        Ok(())
    }

    /// The port id, which the kernel puts into the answers (`nl_pid`).
    #[must_use]
    pub fn port(&self) -> u32 {
        self.port
    }

    fn option(&self, option: i32, value: i32) -> Result<()> {
        sys::setsockopt(self.fd.as_fd(), libc::SOL_NETLINK, option, value).at("set a netlink socket's option", "")
    }

    /// Whether the kernel has extended acknowledgements (4.12), which are then on.
    #[must_use]
    pub fn has_ext_ack(&self) -> bool {
        self.is_on(libc::NETLINK_EXT_ACK)
    }

    /// Whether the kernel has strict checking of requests (4.20), which is then on.
    #[must_use]
    pub fn has_strict_check(&self) -> bool {
        self.is_on(libc::NETLINK_GET_STRICT_CHK)
    }

    fn is_on(&self, option: i32) -> bool {
        sys::getsockopt(self.fd.as_fd(), libc::SOL_NETLINK, option).is_ok_and(|value| value != 0)
    }

    /// Joins multicast group `group` (`RTNLGRP_*` and the like): its notifications will be received.
    ///
    /// # Errors
    /// setsockopt(2).
    pub fn join(&self, group: u32) -> Result<()> {
        self.option(libc::NETLINK_ADD_MEMBERSHIP, i32::try_from(group).unwrap_or(i32::MAX))
    }

    /// Receives notifications of all namespaces that have an id here too (`NETLINK_LISTEN_ALL_NSID`, Linux 4.2).
    ///
    /// # Errors
    /// setsockopt(2): `EPERM` without `CAP_NET_BROADCAST`.
    pub fn listen_all_nsid(&self) -> Result<()> {
        self.option(libc::NETLINK_LISTEN_ALL_NSID, 1)
    }

    /// Adds a link-layer multicast address to those that interface `name` of the socket's namespace receives, or deletes it
    /// (`SIOCADDMULTI`, `SIOCDELMULTI`, netdevice(7)).
    ///
    /// # Errors
    /// `ENODEV`: no such interface; `EINVAL`: it cannot do that, or is down; `ENOENT`: it has no such address; `EPERM`.
    pub fn multicast(&self, add: bool, name: &OsStr, addr: [u8; 6]) -> Result<()> {
        sys::multicast(self.fd.as_fd(), add, name, addr).at("change the multicast addresses of", name)
    }

    /// Room for what was not yet received, in bytes, of which the kernel gives no more than `net.core.rmem_max` says.
    ///
    /// # Errors
    /// setsockopt(2).
    pub fn set_receive_buffer(&self, bytes: u32) -> Result<()> {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        sys::setsockopt(self.fd.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, bytes).at("set a receive buffer", "")
    }

    /// Room for a send of `bytes` (sendmsg(2) refuses what exceeds the send buffer): as much as it takes with `CAP_NET_ADMIN`
    /// over the whole machine, else no more than `net.core.wmem_max` says.
    ///
    /// # Errors
    /// setsockopt(2).
    pub fn set_send_buffer(&self, bytes: usize) -> Result<()> {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        let set = |option| sys::setsockopt(self.fd.as_fd(), libc::SOL_SOCKET, option, bytes);
        set(libc::SO_SNDBUFFORCE).or_else(|_| set(libc::SO_SNDBUF)).at("set a send buffer", "")
    }

    /// Sends `messages` to the kernel as one datagram.
    ///
    /// # Errors
    /// sendmsg(2): `EMSGSIZE` where they exceed the send buffer.
    pub fn send(&self, messages: &[u8]) -> Result<()> {
        self.send_all(&[IoSlice::new(messages)])
    }

    fn send_all(&self, parts: &[IoSlice<'_>]) -> Result<()> {
        sys::send(self.fd.as_fd(), parts, 0).map(drop).at("send to the kernel", "")
    }

    /// Waits for the next datagram of the kernel's. Those of other processes are dropped.
    ///
    /// # Errors
    /// [`Error::Overrun`]: the kernel had to drop notifications. [`Error::Truncated`]: `buf` is too small, it names the
    /// size that would have done; the datagram is gone. recvmsg(2).
    pub fn recv<'b>(&self, buf: &'b mut [u8]) -> Result<Datagram<'b>> {
        self.recv_with(buf, 0)
    }

    /// Like [`Socket::recv`], but `None` instead of waiting.
    ///
    /// # Errors
    /// As [`Socket::recv`].
    pub fn try_recv<'b>(&self, buf: &'b mut [u8]) -> Result<Option<Datagram<'b>>> {
        match self.recv_with(buf, libc::MSG_DONTWAIT) {
            Err(Error::Sys { errno: Errno::EAGAIN, .. }) => Ok(None),
            result => result.map(Some),
        }
    }

    fn recv_with<'b>(&self, buf: &'b mut [u8], flags: i32) -> Result<Datagram<'b>> {
        loop {
            let got = match sys::recv(self.fd.as_fd(), buf, flags | libc::MSG_TRUNC) {
                Err(Errno::ENOBUFS) => return Err(Error::Overrun),
                result => result.at("receive from the kernel", "")?,
            };
            if got.pid != 0 {
                continue;
            }
            let have = buf.len();
            return match buf.get(..got.len) {
                Some(bytes) if got.flags & libc::MSG_TRUNC == 0 => Ok(Datagram { bytes, nsid: got.nsid }),
                _ => Err(Error::Truncated { need: got.len, have }),
            };
        }
    }
}

/// Sequence number and error of the refused request that an answer is about, which may be cut off: `struct nlmsghdr`, then
/// `struct nlmsgerr`, netlink(7).
fn refusal(answer: &[u8]) -> Option<(u32, Errno)> {
    let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
    let seq = u32::from_ne_bytes(*answer.get(8..)?.first_chunk()?);
    let errno = i32::from_ne_bytes(*answer.get(16..)?.first_chunk()?);
    (kind == NLMSG_ERROR && errno != 0).then(|| (seq, Errno(errno.saturating_neg())))
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A change that a [`Conn::transaction`] was refused for.
#[cfg(feature = "netfilter")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which of the changes, from 0 on.
    pub position: usize,
    /// Why.
    pub error: Error,
    /// The change: its whole message.
    pub message: Vec<u8>,
    /// Which byte of it is at fault, where the kernel says it.
    pub at: Option<usize>,
}

/// The kernel's refusal of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelError {
    /// The request: `RTM_NEWLINK`.
    pub request: &'static str,
    /// The error number.
    pub errno: Errno,
    /// The kernel's own words (`NLMSGERR_ATTR_MSG`).
    pub message: Option<String>,
    /// The attribute or header field it is about, outermost first: `IFLA_LINKINFO.IFLA_INFO_KIND`.
    pub attribute: Option<String>,
    /// The attribute that is missing.
    pub missing: Option<String>,
    /// What the attribute would have to be.
    pub policy: Option<Policy>,
    /// Which byte of the request it is about (`NLMSGERR_ATTR_OFFS`).
    pub offset: Option<u32>,
}

impl KernelError {
    /// Names what `ext` only points to: `request` is the message it is about.
    fn new(family: &Family, request: Option<Message<'_>>, errno: i32, ext: &ExtAck<'_>) -> KernelError {
        let place = |offset: Option<u32>| offset.and_then(|o| usize::try_from(o).ok());
        let missing = ext.missing_type.and_then(|t| u16::try_from(t).ok());
        let name = |at, missing| family.locate(&request?, at, missing).map(|path| path.to_string());
        KernelError {
            request: request.and_then(|r| family.message_name(r.kind())).unwrap_or("request"),
            errno: Errno(errno),
            message: ext.message.map(str::to_owned),
            attribute: ext.offset.and_then(|_| name(place(ext.offset), None)),
            missing: missing.and_then(|_| name(place(ext.missing_nest), missing)),
            policy: ext.policy,
            offset: ext.offset,
        }
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.request)?;
        match &self.message {
            Some(message) => write!(f, "{} ({})", message.trim_end_matches('.'), self.errno)?,
            None => write!(f, "{}", self.errno)?,
        }
        f.write_str(&self.about())
    }
}

impl KernelError {
    /// Which attribute it is about, and what that would have to be: `, about IFLA_MTU, its value is at least 68`. Empty where
    /// the kernel did not say.
    #[must_use]
    pub fn about(&self) -> String {
        let mut text = String::new();
        let _ = self.write_about(&mut text); // a String takes all
        text
    }

    fn write_about(&self, f: &mut String) -> fmt::Result {
        if let Some(attribute) = &self.attribute {
            write!(f, ", about {attribute}")?;
        }
        if let Some(missing) = &self.missing {
            write!(f, ", missing {missing}")?;
        }
        let Some(policy) = self.policy else { return Ok(()) };
        let mut range = |what, low: Option<i128>, high: Option<i128>| match (low, high) {
            (Some(low), Some(high)) => write!(f, ", {what} is {low} to {high}"),
            (Some(low), None) => write!(f, ", {what} is at least {low}"),
            (None, Some(high)) => write!(f, ", {what} is at most {high}"),
            (None, None) => Ok(()),
        };
        range("its value", policy.unsigned.0.map(i128::from), policy.unsigned.1.map(i128::from))?;
        range("its value", policy.signed.0.map(i128::from), policy.signed.1.map(i128::from))?;
        range("its length in bytes", policy.length.0.map(i128::from), policy.length.1.map(i128::from))
    }
}

/// What answers requests in the place of the kernel: for plans that are made before anything is done, and for tests.
pub trait Kernel: fmt::Debug {
    /// Answers one request: appends its messages to `answers`, each padded to 4, with the request's sequence number: objects
    /// and an acknowledgement, an error, or the end of a dump.
    fn answer(&mut self, request: &Message<'_>, answers: &mut Vec<u8>);
}

/// Where requests go.
#[derive(Debug)]
enum To {
    Socket(Socket),
    /// With the answers that were not yet received.
    Other(Box<dyn Kernel>, Vec<u8>),
}

impl To {
    fn send(&mut self, parts: &[IoSlice<'_>]) -> Result<()> {
        match self {
            To::Socket(socket) => socket.send_all(parts),
            To::Other(kernel, answers) => parts.iter().flat_map(|part| Messages::new(part)).try_for_each(|message| {
                kernel.answer(&message?, answers);
                Ok(())
            }),
        }
    }

    /// Receives into `buf`; gives back how much. `EAGAIN`: nothing is there, and it was not to `wait`.
    fn recv(&mut self, buf: &mut Vec<u8>, wait: bool) -> Result<usize> {
        match self {
            To::Socket(socket) => {
                let flags = if wait { 0 } else { libc::MSG_DONTWAIT };
                socket.recv_with(buf, flags).map(|datagram| datagram.bytes.len())
            }
            To::Other(_, answers) if answers.is_empty() => Err(Error::NoAnswer),
            To::Other(_, answers) => {
                std::mem::swap(buf, answers);
                answers.clear();
                Ok(buf.len())
            }
        }
    }
}

/// Writes the body of a request. What [`Conn`] does is compiled once, not for every writer and reader of its callers.
type Fill<'f> = &'f dyn Fn(&mut Msg<'_>);
/// Takes a message that was received.
type Each<'f> = &'f mut dyn FnMut(&Message<'_>) -> Result<()>;

/// Requests and their answers over one [`Socket`].
///
/// ```no_run
/// use netns_sys::netlink::Conn;
/// use nl_core::{Flags, route::{self, IfInfoMsg, Link, RTM_GETLINK}};
/// let mut conn = Conn::open(&route::FAMILY)?;
/// let names: Vec<Vec<u8>> = conn.dump(
///     RTM_GETLINK,
///     |m| m.fixed(&IfInfoMsg::default()),
///     |names: &mut Vec<_>, message| {
///         names.extend(Link::parse(message)?.name()?.map(<[u8]>::to_vec));
///         Ok(())
///     },
/// )?;
/// # Ok::<(), netns_sys::Error>(())
/// ```
#[derive(Debug)]
pub struct Conn {
    to: To,
    /// The port id that answers carry; 0: any.
    port: u32,
    family: &'static Family,
    seq: u32,
    /// Requests on their way out.
    requests: Vec<u8>,
    /// What was received.
    answers: Vec<u8>,
    /// Changing requests that wait, see [`Conn::hold`].
    held: Option<(Vec<u8>, Flags)>,
}

impl Conn {
    /// How many requests go out in one send: the kernel answers all of them before we receive the first answer, and each of
    /// those takes about 1 kB of an `SO_RCVBUF` of 212,992. What does not fit it drops.
    pub const SEND_REQUESTS: usize = 128;

    /// A connection in the calling thread's namespace.
    ///
    /// # Errors
    /// Those of [`Socket::open`].
    pub fn open(family: &'static Family) -> Result<Conn> {
        Ok(Conn::over(Socket::open(family.protocol)?, family))
    }

    /// A connection in namespace `ns`. The calling thread stays where it is.
    ///
    /// # Errors
    /// Those of [`Socket::open_in`].
    pub fn open_in(ns: &Ns, family: &'static Family) -> Result<Conn> {
        Ok(Conn::over(Socket::open_in(ns, family.protocol)?, family))
    }

    /// A connection over a socket that was opened for it.
    #[must_use]
    pub fn over(socket: Socket, family: &'static Family) -> Conn {
        let port = socket.port;
        Conn {
            to: To::Socket(socket),
            port,
            family,
            seq: 0,
            requests: Vec::new(),
            answers: vec![0; RECV_SIZE],
            held: None,
        }
    }

    /// From now on [`Conn::request`] and [`Conn::batch`] send nothing, and keep what they would have sent; `request` with
    /// `flags` added (`ACK`, as when it sends, or none, to [`Conn::send`] many). Questions go out as ever.
    pub fn hold(&mut self, flags: Flags) {
        self.held.get_or_insert_with(|| (Vec::with_capacity(RECV_SIZE), flags)).1 = flags;
    }

    /// The messages held so far, one behind the other; requests are sent again from now on.
    #[must_use]
    pub fn held(&mut self) -> Vec<u8> {
        self.held.take().unwrap_or_default().0
    }

    /// Sends messages that were [`Conn::held`], as [`Conn::batch`] does. Gives back those that failed, by position.
    ///
    /// # Errors
    /// As [`Conn::batch`].
    pub fn send(&mut self, messages: &[u8]) -> Result<Vec<(usize, Error)>> {
        let mut failed = Vec::new();
        self.transact(messages, &mut |position, reply| {
            failed.extend(reply.err().map(|error| (position, error)));
            Ok(())
        })?;
        Ok(failed)
    }

    /// A connection to something else than the kernel.
    #[must_use]
    pub fn to(kernel: Box<dyn Kernel>, family: &'static Family) -> Conn {
        let (to, answers) = (To::Other(kernel, Vec::new()), Vec::new());
        Conn { to, port: 0, family, seq: 0, requests: Vec::new(), answers, held: None }
    }

    /// The socket, if it is the kernel that this speaks to.
    #[must_use]
    pub fn socket(&self) -> Option<&Socket> {
        match &self.to {
            To::Socket(socket) => Some(socket),
            To::Other(..) => None,
        }
    }

    /// Carries out one request, and waits for the acknowledgement. `flags` are added to `REQUEST | ACK`.
    /// Gives back the kernel's warning, if it has one.
    ///
    /// # Errors
    /// [`Error::Kernel`] if the kernel refuses it; the socket's.
    pub fn request(&mut self, kind: u16, flags: Flags, fill: impl Fn(&mut Msg<'_>)) -> Result<Option<String>> {
        self.request_with(kind, flags, fill, |_| Ok(()))
    }

    /// As [`Conn::request`]; what the kernel sends back before the acknowledgement (with `ECHO`, the notification that
    /// everybody gets) is handed to `on`.
    ///
    /// # Errors
    /// As [`Conn::request`]; those of `on`.
    pub fn request_with(
        &mut self,
        kind: u16,
        flags: Flags,
        fill: impl Fn(&mut Msg<'_>),
        mut on: impl FnMut(&Message<'_>) -> Result<()>,
    ) -> Result<Option<String>> {
        self.change(kind, flags, &fill, &mut on)
    }

    fn change(&mut self, kind: u16, flags: Flags, fill: Fill<'_>, on: Each<'_>) -> Result<Option<String>> {
        if let Some((_, more)) = self.held {
            Requests::new(self).push(kind, flags | more, fill)?;
            self.keep();
            return Ok(None);
        }
        let mut warning = None;
        let mut exchange = |conn: &mut Self| {
            conn.exchange(kind, flags | Flags::ACK, fill, &mut |reply| {
                match reply {
                    Reply::Ack(ext) => warning = ext.message.map(str::to_owned),
                    Reply::Data(message) => on(&message)?,
                    _ => {}
                }
                Ok(())
            })
        };
        match exchange(self) {
            // Asked once more, the kernel says of what is done that it is there, or is not. But what has no name is made twice.
            Err(Error::Lost) if kind != RTM_NEWLINK || self.names_a_link(kind, fill) => match exchange(self) {
                Err(Error::Kernel(e)) if is_done(kind, flags, e.errno) => Ok(Some(DONE_UNSEEN.to_owned())),
                Err(Error::Kernel(e)) if e.errno == Errno::EEXIST || is_absent(e.errno) => Err(Error::Lost),
                result => result.map(|_| warning),
            },
            result => result.map(|_| warning),
        }
    }

    fn names_a_link(&mut self, kind: u16, fill: Fill<'_>) -> bool {
        let mut requests = Requests::new(self);
        let written = requests.push(kind, Flags::empty(), fill);
        let mut messages = Messages::new(&self.requests).map_while(std::result::Result::ok);
        let named = |m: &Message<'_>| {
            let link = nl_core::route::Link::whole(m).ok()?;
            Some(link.index() != 0 || link.name().ok()?.is_some_and(|name| !name.contains(&b'%')))
        };
        written.is_ok() && messages.next().and_then(|m| named(&m)) == Some(true)
    }

    /// Asks for one object and gives back what `read` makes of it.
    ///
    /// # Errors
    /// [`Error::Kernel`] if the kernel refuses it; [`Error::NoAnswer`]; those of `read`; the socket's.
    pub fn get<T>(
        &mut self,
        kind: u16,
        fill: impl Fn(&mut Msg<'_>),
        mut read: impl FnMut(&Message<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut object = None;
        self.ask(kind, &fill, &mut |message| {
            object = Some(read(message)?);
            Ok(())
        })?;
        object.ok_or(Error::NoAnswer)
    }

    fn ask(&mut self, kind: u16, fill: Fill<'_>, on: Each<'_>) -> Result<()> {
        self.rerun(&mut |conn| {
            conn.exchange(kind, Flags::ACK, fill, &mut |reply| match reply {
                Reply::Data(message) => on(&message),
                _ => Ok(()),
            })
            .map(drop)
        })
    }

    /// Asks for all objects; `each` puts every one into what is given back. A dump that something changed under is run
    /// again from the start, with a new `T`.
    ///
    /// # Errors
    /// [`Error::Kernel`] if the kernel refuses it; [`Error::Interrupted`] if it never was consistent; those of `each`;
    /// the socket's.
    pub fn dump<T: Default>(
        &mut self,
        kind: u16,
        fill: impl Fn(&mut Msg<'_>),
        mut each: impl FnMut(&mut T, &Message<'_>) -> Result<()>,
    ) -> Result<T> {
        let mut all = T::default();
        self.stream(kind, fill, |event| match event {
            None => {
                all = T::default();
                Ok(())
            }
            Some(message) => each(&mut all, message),
        })?;
        Ok(all)
    }

    /// Asks for all objects and hands them to `on` as they come; nothing of them is kept here. `None` says that the dump
    /// begins, once more if something changed under it: what came before is void.
    ///
    /// # Errors
    /// As [`Conn::dump`]; those of `on`, which end it.
    pub fn stream(
        &mut self,
        kind: u16,
        fill: impl Fn(&mut Msg<'_>),
        mut on: impl FnMut(Option<&Message<'_>>) -> Result<()>,
    ) -> Result<()> {
        self.stream_to(kind, &fill, &mut on)
    }

    fn stream_to(
        &mut self,
        kind: u16,
        fill: Fill<'_>,
        on: &mut dyn FnMut(Option<&Message<'_>>) -> Result<()>,
    ) -> Result<()> {
        self.rerun(&mut |conn| {
            on(None)?;
            let mut interrupted = false;
            let whole = conn.exchange(kind, Flags::DUMP, fill, &mut |reply| match reply {
                Reply::Data(message) => on(Some(&message)),
                Reply::Interrupted => {
                    interrupted = true;
                    Ok(())
                }
                _ => Ok(()),
            })?;
            if interrupted || !whole { Err(Error::Interrupted) } else { Ok(()) }
        })
    }

    /// Runs a reading exchange again where it was inconsistent, or its answer did not fit into the buffer.
    fn rerun(&mut self, f: &mut dyn FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let mut tries = 1;
        loop {
            match f(self) {
                Err(Error::Truncated { need, have }) if need > have => {
                    self.drain()?;
                    self.answers.resize(need, 0);
                }
                Err(Error::Interrupted) if tries < DUMP_TRIES => {}
                // No room for the answer, or for all of the one before, which the kernel then is still at.
                Err(e) if tries < DUMP_TRIES && (e == Error::Lost || is_full(&e)) => self.drain()?,
                result => return result,
            }
            tries = tries.saturating_add(1);
            if tries > DUMP_TRIES.saturating_mul(2) {
                return Err(Error::Interrupted);
            }
        }
    }

    /// Throws away what is still to be received of an exchange that was given up.
    fn drain(&mut self) -> Result<()> {
        let To::Socket(socket) = &self.to else { return Ok(()) };
        loop {
            match socket.try_recv(&mut self.answers) {
                Ok(None) => return Ok(()),
                Ok(Some(_)) | Err(Error::Truncated { .. } | Error::Overrun) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one request and hands every answer to `on` until it is complete. False: some may be missing.
    fn exchange(
        &mut self,
        kind: u16,
        flags: Flags,
        fill: Fill<'_>,
        on: &mut dyn FnMut(Reply<'_>) -> Result<()>,
    ) -> Result<bool> {
        let mut requests = Requests::new(self);
        requests.push(kind, flags, fill)?;
        let (first, count) = (requests.first, requests.count);
        let sent = std::mem::take(&mut self.requests);
        self.to.send(&[IoSlice::new(&sent)])?;
        let result = self.answers(&sent, first, first, count, &mut |_, reply| on(reply?));
        self.requests = sent;
        result
    }

    /// Sends many requests in few sends, and gives back those that failed, by position. A failed one does not keep the
    /// kernel from carrying out those behind it. They are not acknowledged one by one: an error always is told, and an
    /// acknowledged `NLMSG_NOOP` behind them says that all were carried out.
    ///
    /// # Errors
    /// [`Error::Encode`]: nothing was sent. The socket's: how much was carried out is not known.
    pub fn batch(&mut self, fill: impl FnOnce(&mut Requests<'_>) -> Result<()>) -> Result<Vec<(usize, Error)>> {
        fill(&mut Requests::new(self))?;
        self.send_written()
    }

    /// Carries out all of the changes that `fill` writes, or, if one of them is refused, none: a transaction of netfilter's
    /// subsystem `subsystem` (`NFNL_SUBSYS_*`). Gives back those that were refused.
    ///
    /// # Errors
    /// [`Error::Encode`], `EMSGSIZE` (more than the send buffer may hold): nothing was done. The socket's.
    #[cfg(feature = "netfilter")]
    pub fn transaction(
        &mut self,
        subsystem: u16,
        fill: impl FnOnce(&mut Requests<'_>) -> Result<()>,
    ) -> Result<Vec<Refused>> {
        self.transaction_at(subsystem, None, fill)
    }

    /// As [`Conn::transaction`], if the rules still are of this generation; else it fails with `ERESTART`, and nothing is done.
    ///
    /// # Errors
    /// As [`Conn::transaction`].
    #[cfg(feature = "netfilter")]
    pub fn transaction_at(
        &mut self,
        subsystem: u16,
        generation: Option<u32>,
        fill: impl FnOnce(&mut Requests<'_>) -> Result<()>,
    ) -> Result<Vec<Refused>> {
        use nl_core::netfilter::{NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NfGenMsg, nfnl_batch};
        let edge = |requests: &mut Requests<'_>, kind| {
            let whose = NfGenMsg { res_id: subsystem.into(), ..NfGenMsg::default() };
            requests.request(kind, Flags::empty(), |m| {
                m.fixed(&whose);
                let generation = generation.filter(|_| kind == NFNL_MSG_BATCH_BEGIN);
                generation.iter().for_each(|generation| m.be32(nfnl_batch::GENID, *generation));
            })
        };
        let whole = |requests: &mut Requests<'_>| {
            edge(requests, NFNL_MSG_BATCH_BEGIN)?;
            fill(requests)?;
            edge(requests, NFNL_MSG_BATCH_END)
        };
        whole(&mut Requests::new(self))?;
        if self.keep() {
            return Ok(Vec::new());
        }
        let sent = std::mem::take(&mut self.requests);
        let result = self.send_whole(&sent);
        self.requests = sent;
        result
    }

    /// Sends the messages `all` in one send; gives back those that were refused.
    #[cfg(feature = "netfilter")]
    fn send_whole(&mut self, all: &[u8]) -> Result<Vec<Refused>> {
        let Some(Ok(begin)) = Messages::new(all).next() else { return Ok(Vec::new()) };
        let first = begin.seq();
        if let (To::Socket(socket), true) = (&self.to, all.len() > SEND_SIZE) {
            // What the kernel adds to it is less than as much again.
            socket.set_send_buffer(all.len().saturating_mul(2))?;
        }
        self.to.send(&[IoSlice::new(all)])?;
        // The kernel passes over what is behind the end, so this goes by itself.
        self.seq = self.seq.wrapping_add(1);
        let barrier = self.seq;
        let mut space = [0; nl_core::wire::MSG_HDRLEN];
        let mut behind = Batch::new(&mut space);
        behind.message(NLMSG_NOOP, Flags::REQUEST | Flags::ACK, barrier, |_| {})?;
        self.to.send(&[IoSlice::new(behind.bytes())])?;
        let count = barrier.wrapping_sub(first).saturating_add(1);
        let mut refused = Vec::new();
        let answered = self.answers(all, barrier, first, count, &mut |seq, reply| {
            if let Err(error) = reply {
                let request = Messages::new(all).map_while(std::result::Result::ok).find(|r| r.seq() == seq);
                let at = match &error {
                    Error::Kernel(kernel) => kernel.offset.and_then(|at| usize::try_from(at).ok()),
                    _ => None,
                };
                let message = request.map(|r| r.bytes().to_vec()).unwrap_or_default();
                // The first message is the beginning of the transaction.
                let position = usize::try_from(seq.wrapping_sub(first)).unwrap_or_default().saturating_sub(1);
                refused.push(Refused { position, error, message, at });
            }
            Ok(())
        });
        match answered {
            Err(error) if refused.is_empty() => Err(error),
            _ => Ok(refused),
        }
    }

    fn send_written(&mut self) -> Result<Vec<(usize, Error)>> {
        if self.keep() {
            return Ok(Vec::new());
        }
        let all = std::mem::take(&mut self.requests);
        let failed = self.send(&all);
        self.requests = all;
        failed
    }

    /// Adds the requests that were written to those held. False: none are held, they are to be sent.
    fn keep(&mut self) -> bool {
        let Some((held, _)) = &mut self.held else { return false };
        held.extend_from_slice(&self.requests);
        true
    }

    /// Like [`Conn::batch`], with every answer handed to `on`: the position of its request and what it is. Questions are
    /// answered with their object or an error.
    ///
    /// # Errors
    /// As [`Conn::batch`]; those of `on`.
    pub fn batch_with(
        &mut self,
        fill: impl FnOnce(&mut Requests<'_>) -> Result<()>,
        mut on: impl FnMut(usize, Result<Reply<'_>>) -> Result<()>,
    ) -> Result<()> {
        fill(&mut Requests::new(self))?;
        let all = std::mem::take(&mut self.requests);
        let result = self.transact(&all, &mut on);
        self.requests = all;
        result
    }

    /// Sends the messages `all`, in their order and in few sends, and hands every answer to `on`, with the position of its
    /// message.
    fn transact(&mut self, all: &[u8], on: &mut dyn FnMut(usize, Result<Reply<'_>>) -> Result<()>) -> Result<()> {
        let Some(Ok(message)) = Messages::new(all).next() else { return Ok(()) };
        let (mut first, mut before) = (message.seq(), 0_usize);
        let mut rest = all;
        while !rest.is_empty() {
            let (mut len, mut seqs) = (0_usize, Vec::new());
            for message in Messages::new(rest) {
                let message = message?;
                let next = len.saturating_add(align4(message.bytes().len()));
                if seqs.len() == Self::SEND_REQUESTS || (next > SEND_SIZE && len > 0) {
                    break;
                }
                len = next;
                seqs.push(message.seq());
            }
            first = seqs.first().copied().unwrap_or(first);
            // Behind all of them, whoever numbered them.
            self.seq = seqs.iter().copied().fold(self.seq, u32::max).wrapping_add(1);
            let barrier = self.seq;
            let mut space = [0; nl_core::wire::MSG_HDRLEN];
            let mut behind = Batch::new(&mut space);
            behind.message(NLMSG_NOOP, Flags::REQUEST | Flags::ACK, barrier, |_| {})?;
            let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            self.to.send(&[IoSlice::new(now), IoSlice::new(behind.bytes())])?;
            let count = barrier.wrapping_sub(first).saturating_add(1);
            self.answers(now, barrier, first, count, &mut |seq, reply| match seqs.iter().position(|s| *s == seq) {
                Some(position) => on(before.saturating_add(position), reply),
                None => reply.map(drop),
            })?;
            before = before.saturating_add(seqs.len());
            rest = later;
        }
        Ok(())
    }

    /// Receives until the request with sequence number `last` is answered: the kernel carries out those of one send in
    /// their order. `sent` are requests with `count` sequence numbers from `first` on. False: some answers may be missing.
    fn answers(
        &mut self,
        sent: &[u8],
        last: u32,
        first: u32,
        count: u32,
        on: &mut dyn FnMut(u32, Result<Reply<'_>>) -> Result<()>,
    ) -> Result<bool> {
        let mut replies = Replies::new(first, count, self.port);
        let (mut broken, mut complete, mut failures) = (Ok(()), false, 0);
        while !complete {
            let len = match self.to.recv(&mut self.answers, failures == 0) {
                // The kernel has answered when it returns from the send: what is not there then never will be.
                Err(Error::Sys { errno: Errno::EAGAIN, .. }) if failures > 0 => return Err(Error::Lost),
                Err(Error::Sys { .. } | Error::Overrun) if failures < RECV_TRIES => {
                    failures = failures.saturating_add(1);
                    continue;
                }
                len => len?,
            };
            for message in Messages::new(self.answers.get(..len).unwrap_or_default()) {
                let (seq, reply) = replies.accept(message?)?;
                let reply = match reply {
                    Reply::Foreign(_) | Reply::Noop => continue,
                    Reply::Overrun => return Err(Error::Overrun),
                    Reply::Error { errno, ext } => {
                        let mut requests = Messages::new(sent).map_while(std::result::Result::ok);
                        let request = requests.find(|r| r.seq() == seq);
                        Err(Error::Kernel(Box::new(KernelError::new(self.family, request, errno, &ext))))
                    }
                    reply => Ok(reply),
                };
                complete |= seq == last && !matches!(reply, Ok(Reply::Data(_)));
                // The exchange is read to its end also after a failure, so that the next one starts clean.
                if broken.is_ok() {
                    broken = on(seq, reply);
                }
            }
        }
        broken.map(|()| failures == 0)
    }
}

/// The kernel had no room for the beginning of a dump, or is not at the end of the one before.
fn is_full(error: &Error) -> bool {
    matches!(error, Error::Kernel(e) if matches!(e.errno, Errno::ENOBUFS | Errno::EBUSY))
}

/// The warning of what was done, though the kernel's acknowledgement was lost.
const DONE_UNSEEN: &str = "the kernel's answer was lost; asked again, it says that this is done";

/// Whether this refusal of a request that was sent twice says that it was carried out.
fn is_done(kind: u16, flags: Flags, errno: Errno) -> bool {
    // Of each four, linux/rtnetlink.h: RTM_NEW…, RTM_DEL…, RTM_GET…, RTM_SET….
    match kind % 4 {
        0 => flags.contains(Flags::CREATE) && errno == Errno::EEXIST,
        1 => is_absent(errno),
        _ => false,
    }
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENODEV | Errno::ESRCH | Errno::EADDRNOTAVAIL)
}

/// Requests being written for [`Conn::batch`].
#[derive(Debug)]
pub struct Requests<'c> {
    buf: &'c mut Vec<u8>,
    seq: &'c mut u32,
    first: u32,
    count: u32,
}

impl<'c> Requests<'c> {
    fn new(conn: &'c mut Conn) -> Requests<'c> {
        conn.requests.clear();
        let first = conn.seq.wrapping_add(1);
        Requests { buf: &mut conn.requests, seq: &mut conn.seq, first, count: 0 }
    }

    /// Adds a request; `flags` are added to `REQUEST`.
    ///
    /// # Errors
    /// [`Error::Encode`]: what `fill` wrote does not fit a message. The batch is as it was.
    pub fn request(&mut self, kind: u16, flags: Flags, fill: impl Fn(&mut Msg<'_>)) -> Result<()> {
        self.push(kind, flags, &fill)
    }

    fn push(&mut self, kind: u16, flags: Flags, fill: Fill<'_>) -> Result<()> {
        let (start, seq) = (self.buf.len(), self.seq.wrapping_add(1));
        let mut room = 512_usize;
        loop {
            self.buf.resize(start.saturating_add(room), 0);
            let mut batch = Batch::new(self.buf.get_mut(start..).unwrap_or_default());
            let result = batch.message(kind, flags | Flags::REQUEST, seq, fill);
            let len = batch.bytes().len();
            match result {
                Err(EncodeError::NoSpace { need, .. }) if need > room => room = need,
                _ => {
                    self.buf.truncate(start.saturating_add(len));
                    result?;
                    *self.seq = seq;
                    self.count = self.count.saturating_add(1);
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::route::{FAMILY, IfInfoMsg, RTM_GETLINK, RTM_NEWLINK, ifla, info};
    use nl_core::wire::{NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN};
    use std::os::unix::net::UnixDatagram;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    const PORT: u32 = 7;

    /// A connection to a kernel of the test's own: `kernel` gets each request and gives the datagrams to answer with.
    /// Over a UNIX socket, whose datagrams have no `nl_pid`, as the kernel's have 0.
    fn conn(mut kernel: impl FnMut(Message<'_>) -> Vec<Vec<u8>> + Send + 'static) -> Conn {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        thread::spawn(move || {
            let mut buf = vec![0; 1 << 18];
            while let Ok(len @ 1..) = theirs.recv(&mut buf) {
                for request in Messages::new(&buf[..len]) {
                    for answer in kernel(request.unwrap()) {
                        theirs.send(&answer).unwrap();
                    }
                }
            }
        });
        Conn::over(Socket { fd: ours.into(), port: PORT }, &FAMILY)
    }

    /// A message to port 7, with what `fill` writes.
    fn message(kind: u16, flags: Flags, seq: u32, fill: impl Fn(&mut Msg<'_>)) -> Vec<u8> {
        let mut buf = vec![0; 1 << 17];
        let mut batch = Batch::new(&mut buf);
        batch.message(kind, flags, seq, fill).unwrap();
        let mut bytes = batch.bytes().to_vec();
        bytes[12..16].copy_from_slice(&PORT.to_ne_bytes());
        bytes
    }

    fn link(seq: u32, flags: Flags, name: &[u8], padding: usize) -> Vec<u8> {
        message(RTM_NEWLINK, flags | Flags::MULTI, seq, |m| {
            m.fixed(&IfInfoMsg::default());
            m.str(ifla::IFNAME, name);
            m.bytes(0x3fff, &vec![0; padding]);
        })
    }

    fn done(seq: u32, flags: Flags) -> Vec<u8> {
        message(NLMSG_DONE, flags | Flags::MULTI, seq, |m| m.raw(&[0; 4]))
    }

    fn error(seq: u32, errno: i32, ext: impl Fn(&mut Msg<'_>)) -> Vec<u8> {
        message(NLMSG_ERROR, Flags::CAPPED | Flags::ACK_TLVS, seq, |m| {
            m.raw(&errno.wrapping_neg().to_ne_bytes());
            m.raw(&[0; 16]);
            ext(m);
        })
    }

    fn names(conn: &mut Conn) -> Result<Vec<Vec<u8>>> {
        conn.dump(
            RTM_GETLINK,
            |m| m.fixed(&IfInfoMsg::default()),
            |names: &mut Vec<_>, message| {
                names.extend(nl_core::route::Link::whole(message)?.name()?.map(<[u8]>::to_vec));
                Ok(())
            },
        )
    }

    #[test]
    fn datagrams_of_other_processes_are_dropped() {
        const USERSOCK: u8 = 2; // NETLINK_USERSOCK: a protocol over which anybody may send to anybody
        let (victim, other) = (Socket::open(USERSOCK).unwrap(), Socket::open(USERSOCK).unwrap());
        let forged = done(1, Flags::empty());
        let send = || sys::netlink_send_to(other.as_fd(), victim.port(), &forged).unwrap();
        send();
        let mut buf = [0; 64];
        assert_eq!(sys::recv(victim.as_fd(), &mut buf, 0).unwrap().pid, other.port(), "it did get there");
        send();
        assert!(victim.try_recv(&mut buf).unwrap().is_none());
    }

    /// What a dump says that runs while others, with the rights to it, send what they like to its socket: answers with the right
    /// sequence number and port id. `sent` counts those.
    fn attacked(protocol: u8, kind: u16, body: &[u8], sent: &AtomicU32) -> Vec<Result<usize>> {
        const DUMPS: u32 = 400;
        let turn = AtomicU32::new(0);
        let socket = Socket::open(protocol).unwrap();
        let port = socket.port();
        thread::scope(|scope| {
            for other in [Socket::open(protocol).unwrap(), Socket::open(protocol).unwrap()] {
                let turn = &turn;
                scope.spawn(move || {
                    // Until nobody is there any more to send to.
                    loop {
                        let seq = turn.load(Ordering::Relaxed);
                        for seq in [seq, seq.wrapping_add(1)] {
                            let none = Flags::empty();
                            let mut all = [link(seq, none, b"forged", 0), done(seq, none), error(seq, 1, |_| {})];
                            for forged in &mut all {
                                forged[12..16].copy_from_slice(&port.to_ne_bytes());
                                match sys::netlink_send_to(other.as_fd(), port, forged) {
                                    Err(Errno(libc::ECONNREFUSED)) => return,
                                    done => sent.fetch_add(done.is_ok().into(), Ordering::Relaxed),
                                };
                            }
                        }
                    }
                });
            }
            while sent.load(Ordering::Relaxed) == 0 {
                thread::yield_now();
            }
            let mut conn = Conn::over(socket, &FAMILY);
            let dump = |_| {
                turn.store(conn.seq.wrapping_add(1), Ordering::Relaxed);
                let mut count = 0;
                let fill = |m: &mut Msg<'_>| m.raw(body);
                conn.stream(kind, fill, |message| {
                    // Whatever it is called by the protocol: no answer of the kernel's is that short and has this in it.
                    assert!(
                        message.is_none_or(|m| !m.bytes().windows(6).any(|b| b == b"forged")),
                        "a forged answer was believed"
                    );
                    count = if message.is_some() { usize::saturating_add(count, 1) } else { 0 };
                    Ok(())
                })?;
                Ok(count)
            };
            (0..DUMPS).map(dump).collect()
        })
    }

    #[test]
    fn forged_answers_to_a_running_dump_are_not_believed() {
        crate::sandbox::run("netlink::tests::forged_answers_to_a_running_dump_are_not_believed", || {
            // GETTABLE of nf_tables, with a struct nfgenmsg; CTRL_CMD_GETFAMILY, with a struct genlmsghdr.
            for (protocol, kind, body) in
                [(0, RTM_GETLINK, &[0; 16][..]), (12, 0x0a01, &[0; 4]), (16, 16, &[3, 1, 0, 0])]
            {
                let calm = Conn::over(Socket::open(protocol).unwrap(), &FAMILY).dump(
                    kind,
                    |m| m.raw(body),
                    |count: &mut usize, _| {
                        *count += 1;
                        Ok(())
                    },
                );
                let sent = AtomicU32::new(0);
                let results = attacked(protocol, kind, body, &sent);
                assert!(sent.into_inner() > 100, "protocol {protocol}: nothing was sent");
                // Where its buffer is full of what they sent, there is no room for the kernel's answer, and that is said.
                let lost = |r: &Result<usize>| match r {
                    Err(Error::Overrun | Error::Lost | Error::Interrupted) => true,
                    Err(e) => e.errno() == Some(Errno::ENOBUFS),
                    Ok(_) => false,
                };
                let wrong: Vec<_> = results.iter().filter(|r| **r != calm && !lost(r)).collect();
                assert!(wrong.is_empty(), "protocol {protocol}: {calm:?}, not {wrong:?}");
                assert!(results.contains(&calm), "protocol {protocol}: {:?}", results.first());
            }
        });
    }

    #[test]
    fn answers_in_another_order_are_told_apart() {
        let mut held = Vec::new();
        let mut conn = conn(move |request| {
            let (seq, number) = (request.seq(), request.payload().first().copied());
            let Some(number) = number else {
                // The barrier: now all at once, the last first.
                let all: Vec<u8> = held.drain(..).rev().flatten().collect();
                return vec![[all, error(seq, 0, |_| {})].concat()];
            };
            held.push(error(seq, number.into(), |_| {}));
            vec![]
        });
        let sent = conn.batch(|requests| {
            (1..=5_u8).try_for_each(|n| requests.request(RTM_NEWLINK, Flags::empty(), |m| m.raw(&[n; 16])))
        });
        let mut sent: Vec<_> = sent.unwrap().into_iter().map(|(at, error)| (at, error.errno().unwrap().0)).collect();
        sent.sort_unstable();
        assert_eq!(sent, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
    }

    #[test]
    fn an_interrupted_dump_is_run_again_from_the_start() {
        let mut runs = 0;
        let mut conn = conn(move |request| {
            runs += 1;
            let interrupted = if runs < 3 { Flags::DUMP_INTR } else { Flags::empty() };
            vec![
                link(request.seq(), interrupted, format!("run{runs}").as_bytes(), 0),
                done(request.seq(), Flags::empty()),
            ]
        });
        assert_eq!(names(&mut conn), Ok(vec![b"run3".to_vec()]));
    }

    #[test]
    fn a_dump_that_never_is_consistent_fails_in_the_end() {
        let mut conn = conn(|request| vec![done(request.seq(), Flags::DUMP_INTR)]);
        assert_eq!(names(&mut conn), Err(Error::Interrupted));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_asked_for_again_with_room() {
        let mut conn = conn(|request| {
            vec![link(request.seq(), Flags::empty(), b"long", 60_000), done(request.seq(), Flags::empty())]
        });
        assert_eq!(names(&mut conn), Ok(vec![b"long".to_vec()]));
        let mut small = [0; 16];
        conn.socket().unwrap().send(&message(RTM_GETLINK, Flags::REQUEST, 9, |_| {})).unwrap();
        assert_eq!(conn.socket().unwrap().recv(&mut small).unwrap_err(), Error::Truncated { need: 60_048, have: 16 });
    }

    #[test]
    fn answers_to_other_questions_are_passed_over() {
        let mut conn = conn(|request| {
            let (seq, none) = (request.seq(), Flags::empty());
            let mut other_port = link(seq, none, b"other port", 0);
            other_port[12..16].copy_from_slice(&8_u32.to_ne_bytes());
            vec![link(seq + 1, none, b"other seq", 0), error(seq - 1, 1, |_| {}), other_port, done(seq, none)]
        });
        assert_eq!(names(&mut conn), Ok(vec![]));
    }

    #[test]
    fn a_refusal_names_the_attribute_and_what_is_missing() {
        let mut conn = conn(|request| {
            // ifinfomsg (16 + 16), IFLA_LINKINFO (32), IFLA_INFO_KIND (36)
            vec![error(request.seq(), 22, |m| {
                m.str(1, b"Bad kind.");
                m.u32(2, 36);
                m.u32(5, 2);
                m.u32(6, 32);
            })]
        });
        let refusal = conn.request(RTM_NEWLINK, Flags::CREATE, |m| {
            m.fixed(&IfInfoMsg::default());
            m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"x"));
        });
        let Err(Error::Kernel(e)) = refusal else { panic!("{refusal:?}") };
        assert_eq!(
            e.to_string(),
            "RTM_NEWLINK: Bad kind (EINVAL (Invalid argument)), about IFLA_LINKINFO.IFLA_INFO_KIND, \
             missing IFLA_LINKINFO.IFLA_INFO_DATA"
        );
    }

    #[test]
    fn lost_data_and_short_errors_are_errors() {
        let mut lost = conn(|request| vec![message(NLMSG_OVERRUN, Flags::empty(), request.seq(), |_| {})]);
        assert_eq!(names(&mut lost), Err(Error::Overrun));
        let mut short = conn(|request| vec![message(NLMSG_ERROR, Flags::empty(), request.seq(), |m| m.raw(&[0; 8]))]);
        assert!(matches!(names(&mut short), Err(Error::Decode(_))));
        let mut cut = conn(|request| vec![link(request.seq(), Flags::empty(), b"cut", 0)[..30].to_vec()]);
        assert!(matches!(names(&mut cut), Err(Error::Decode(_))));
    }

    #[test]
    fn a_warning_comes_with_success() {
        let mut conn = conn(|request| vec![error(request.seq(), 0, |m| m.str(1, b"mind the gap"))]);
        let warning = conn.request(RTM_NEWLINK, Flags::empty(), |m| m.fixed(&IfInfoMsg::default()));
        assert_eq!(warning, Ok(Some("mind the gap".into())));
    }

    #[test]
    fn a_batch_over_many_sends_says_which_failed() {
        let mut conn = conn(|request| {
            let Ok((header, _)) = request.fixed::<IfInfoMsg>() else {
                return vec![error(request.seq(), 0, |_| {})]; // the barrier
            };
            match header.index.get() % 1000 {
                999 => vec![error(request.seq(), 17, |_| {})],
                _ => vec![],
            }
        });
        for _ in 0..2 {
            let failed = conn
                .batch(|requests| {
                    (0..3000).try_for_each(|index: i32| {
                        requests.request(RTM_NEWLINK, Flags::empty(), |m| {
                            m.fixed(&IfInfoMsg { index: index.into(), ..IfInfoMsg::default() });
                            m.bytes(1, &[0; 40]);
                        })
                    })
                })
                .unwrap();
            assert_eq!(failed.iter().map(|f| f.0).collect::<Vec<_>>(), [999, 1999, 2999]);
        }
    }

    #[test]
    fn what_does_not_fit_a_message_is_not_sent() {
        let mut conn = conn(|_| panic!("nothing is sent"));
        let result = conn.request(RTM_NEWLINK, Flags::empty(), |m| m.bytes(1, &[0; 70_000]));
        assert!(matches!(result, Err(Error::Encode(EncodeError::AttrTooLong { .. }))));
    }
}
