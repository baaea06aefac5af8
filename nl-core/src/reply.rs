//! Answers: what a message means to the one who asked. No socket in here: the caller hands in
//! what it received, and is told what it is.
//!
//! ```text
//! request, ACK        →  NLMSG_ERROR, error 0                       one answer
//! request, no ACK     →  nothing, or NLMSG_ERROR with a negative errno
//! get                 →  the object, or NLMSG_ERROR
//! dump                →  objects (MULTI) …, NLMSG_DONE              DUMP_INTR on any: not consistent
//! any                 →  extended acknowledgement attributes behind ERROR and DONE (ACK_TLVS)
//! ```

use crate::decode::{Attrs, Message};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::spec::attrs;
use crate::wire::{Flags, MSG_HDRLEN, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, NlMsgErr, NlMsgHdr, align4};

attrs! {
    /// Attributes of an extended acknowledgement (`enum nlmsgerr_attrs`).
    pub mod nlmsgerr("NLMSGERR_ATTR_", "linux/netlink.h") {
        MSG = 1, Str, "What went wrong, in words.";
        OFFS = 2, Uint, "Where in the request, in bytes from its start.";
        COOKIE = 3, Bytes, "Whatever the family has to say on success.";
        POLICY = 4, Nest(&super::nlpolicy::SPEC), "What the attribute at fault would have to be.";
        MISS_TYPE = 5, Uint, "The type of an attribute that is missing.";
        /// Offset of the nest it is missing in; the message itself where absent.
        MISS_NEST = 6, Uint;
    }
}

attrs! {
    /// What an attribute has to be (`enum netlink_policy_type_attr`).
    pub mod nlpolicy("NL_POLICY_TYPE_ATTR_", "linux/netlink.h") {
        TYPE = 1, Uint, "One of `enum netlink_attribute_type`.";
        MIN_VALUE_S = 2, Int, "Smallest value of a signed integer.";
        MAX_VALUE_S = 3, Int, "Largest value of a signed integer.";
        MIN_VALUE_U = 4, Uint, "Smallest value of an unsigned integer.";
        MAX_VALUE_U = 5, Uint, "Largest value of an unsigned integer.";
        MIN_LENGTH = 6, Uint, "Smallest length in bytes.";
        MAX_LENGTH = 7, Uint, "Largest length in bytes.";
        POLICY_IDX = 8, Uint, "Index of the policy of the attributes inside.";
        POLICY_MAXTYPE = 9, Uint, "Highest type of the attributes inside.";
        BITFIELD32_MASK = 10, Uint, "Bits that may be set in a bit field.";
        PAD = 11, Bytes, "Padding.";
        MASK = 12, Uint, "Bits that may be set in an integer.";
    }
}

/// What the kernel says beside a bare number. All of it may be absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtAck<'a> {
    /// In words (`NLMSGERR_ATTR_MSG`); with an acknowledgement it is a warning.
    pub message: Option<&'a str>,
    /// Where in the request, in bytes from its start (`NLMSGERR_ATTR_OFFS`).
    pub offset: Option<u32>,
    /// The type of an attribute that is missing (`NLMSGERR_ATTR_MISS_TYPE`).
    pub missing_type: Option<u32>,
    /// Offset of the nest it is missing in (`NLMSGERR_ATTR_MISS_NEST`).
    pub missing_nest: Option<u32>,
    /// What the attribute would have to be (`NLMSGERR_ATTR_POLICY`, see [`nlpolicy`]).
    pub policy: Option<Policy>,
}

/// What the attribute at fault would have to be. `None`: not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Smallest and largest value of an unsigned integer.
    pub unsigned: (Option<u64>, Option<u64>),
    /// Smallest and largest value of a signed integer.
    pub signed: (Option<i64>, Option<i64>),
    /// Smallest and largest length in bytes.
    pub length: (Option<u32>, Option<u32>),
    /// Bits that may be set.
    pub mask: Option<u64>,
}

impl<'a> ExtAck<'a> {
    /// Reads what can be read: this explains an error and must not become one.
    #[must_use]
    pub fn parse(attrs: Attrs<'a>) -> Self {
        let mut ext = Self::default();
        for a in attrs.map_while(Result::ok) {
            match a.kind() {
                nlmsgerr::MSG => ext.message = a.str().ok(),
                nlmsgerr::OFFS => ext.offset = a.u32().ok(),
                nlmsgerr::MISS_TYPE => ext.missing_type = a.u32().ok(),
                nlmsgerr::MISS_NEST => ext.missing_nest = a.u32().ok(),
                nlmsgerr::POLICY => ext.policy = Some(Policy::parse(a.attrs())),
                _ => {}
            }
        }
        ext
    }
}

impl Policy {
    fn parse(attrs: Attrs<'_>) -> Self {
        let mut policy = Self::default();
        for a in attrs.map_while(Result::ok) {
            match a.kind() {
                nlpolicy::MIN_VALUE_U => policy.unsigned.0 = a.u64().ok(),
                nlpolicy::MAX_VALUE_U => policy.unsigned.1 = a.u64().ok(),
                nlpolicy::MIN_VALUE_S => policy.signed.0 = a.i64().ok(),
                nlpolicy::MAX_VALUE_S => policy.signed.1 = a.i64().ok(),
                nlpolicy::MIN_LENGTH => policy.length.0 = a.u32().ok(),
                nlpolicy::MAX_LENGTH => policy.length.1 = a.u32().ok(),
                nlpolicy::MASK => policy.mask = a.u64().ok(),
                nlpolicy::BITFIELD32_MASK => policy.mask = a.u32().ok().map(u64::from),
                _ => {}
            }
        }
        policy
    }
}

/// What a received message is.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// An object that was asked for.
    Data(Message<'a>),
    /// The request was carried out; there may be a warning.
    Ack(ExtAck<'a>),
    /// The request failed.
    Error {
        /// A positive errno.
        errno: i32,
        /// The kernel's explanation.
        ext: ExtAck<'a>,
    },
    /// The dump is at its end and was consistent; there may be a warning.
    Done(ExtAck<'a>),
    /// The dump is at its end, and something changed while it ran: do it again.
    Interrupted,
    /// The kernel lost data on the way.
    Overrun,
    /// Nothing (`NLMSG_NOOP`).
    Noop,
    /// Not an answer to what was asked: another sequence number or port, or a notification.
    Foreign(Message<'a>),
}

/// The state of one exchange: requests `first` … `last` were sent, and each that asks for an
/// answer gets one.
///
/// ```
/// # use nl_core::{Batch, Flags, Messages, Reply, Replies};
/// # let mut buf = [0; 64];
/// # let mut batch = Batch::new(&mut buf);
/// # batch.message(nl_core::wire::NLMSG_ERROR, Flags::CAPPED, 7, |m| {
/// #     m.raw(&0_i32.to_ne_bytes()); // error
/// #     m.raw(&[0; 16]); // the request's header
/// # })?;
/// # let received = batch.bytes();
/// let mut replies = Replies::new(7, 1, 0);
/// for message in Messages::new(received) {
///     match replies.accept(message?)? {
///         (7, Reply::Ack(_)) => {}
///         other => panic!("{other:?}"),
///     }
/// }
/// assert!(replies.is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Replies {
    first: u32,
    requests: u32,
    port: u32,
    outstanding: u32,
    interrupted: bool,
}

impl Replies {
    /// `requests` requests with sequence numbers `first`, `first + 1`, … were sent by the socket
    /// with port id `port` (0: not known, any), and each will be answered: by an acknowledgement,
    /// an error, or the end of a dump.
    #[must_use]
    pub const fn new(first: u32, requests: u32, port: u32) -> Self {
        Self { first, requests, port, outstanding: requests, interrupted: false }
    }

    /// Whether every request was answered.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.outstanding == 0
    }

    /// What `message` is, and the sequence number of the request it answers.
    ///
    /// # Errors
    /// It is an error or a DONE too short to hold its error number.
    #[inline]
    pub fn accept<'a>(&mut self, message: Message<'a>) -> Result<(u32, Reply<'a>), DecodeError> {
        let seq = message.seq();
        let ours = seq.wrapping_sub(self.first) < self.requests && (self.port == 0 || message.pid() == self.port);
        if !ours {
            return Ok((seq, Reply::Foreign(message)));
        }
        self.interrupted |= message.flags().contains(Flags::DUMP_INTR);
        let reply = match message.kind() {
            NLMSG_NOOP => Reply::Noop,
            NLMSG_OVERRUN => Reply::Overrun,
            NLMSG_ERROR => {
                self.outstanding = self.outstanding.saturating_sub(1);
                self.interrupted = false; // what it was about has ended
                error(&message)?
            }
            NLMSG_DONE => {
                self.outstanding = self.outstanding.saturating_sub(1);
                match done(&message)? {
                    Reply::Done(_) if core::mem::take(&mut self.interrupted) => Reply::Interrupted,
                    reply => reply,
                }
            }
            _ => Reply::Data(message),
        };
        Ok((seq, reply))
    }
}

/// An `NLMSG_ERROR`: number, the request's header, its payload unless capped, attributes.
fn error<'a>(message: &Message<'a>) -> Result<Reply<'a>, DecodeError> {
    let (body, _) = message.fixed::<NlMsgErr>()?;
    let mut skip = size_of::<NlMsgErr>();
    if !message.flags().contains(Flags::CAPPED) {
        let request = usize::try_from(body.msg.len.get()).unwrap_or(usize::MAX);
        skip = skip.saturating_add(align4(request.saturating_sub(MSG_HDRLEN)));
    }
    let ext = ext_ack(message, skip);
    Ok(match errno(body.error.get()) {
        0 => Reply::Ack(ext),
        errno => Reply::Error { errno, ext },
    })
}

/// An `NLMSG_DONE`: number, attributes. The number is absent in what very old kernels send.
fn done<'a>(message: &Message<'a>) -> Result<Reply<'a>, DecodeError> {
    let number = match message.payload() {
        [] => 0,
        [a, b, c, d, ..] => i32::from_ne_bytes([*a, *b, *c, *d]),
        short => {
            let kind = DecodeErrorKind::Truncated { need: 4, have: short.len() };
            return Err(DecodeError { what: "NLMSG_DONE", at: MSG_HDRLEN, kind });
        }
    };
    let ext = ext_ack(message, size_of::<i32>());
    Ok(match errno(number) {
        0 => Reply::Done(ext),
        errno => Reply::Error { errno, ext },
    })
}

fn ext_ack<'a>(message: &Message<'a>, skip: usize) -> ExtAck<'a> {
    match message.flags().contains(Flags::ACK_TLVS) {
        true => ExtAck::parse(message.attrs_from(skip)),
        false => ExtAck::default(),
    }
}

/// A positive errno of the kernel's negative one. A positive number (a dump's length, which
/// `NLMSG_DONE` may carry) is no error.
fn errno(number: i32) -> i32 {
    number.min(0).checked_neg().unwrap_or(i32::MAX)
}

/// The header of the request that an `NLMSG_ERROR` answers.
#[must_use]
pub fn answered<'a>(message: &Message<'a>) -> Option<&'a NlMsgHdr> {
    message.fixed::<NlMsgErr>().ok().map(|(body, _)| &body.msg)
}
