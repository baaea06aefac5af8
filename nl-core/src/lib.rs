//! Netlink messages, encoded and decoded in place.
//!
//! Bytes in, messages out, and back: this crate knows no socket, no file descriptor and no file.
//! It needs no std, allocates nothing, contains no unsafe code, and depends on `zerocopy` and
//! `bitflags` only.
//!
//! # Model
//! - A received buffer is an iterator of [`Message`]s, a message a fixed header and an iterator
//!   of [`Attr`]ibutes, an attribute a value or attributes again. All borrow the buffer.
//! - A typed view ([`route::Link`], [`route::Route`], …) is a fixed header and the attributes it
//!   has accessors for, found in one pass; accessors read values on demand.
//! - A [`Batch`] writes messages into a buffer of the caller's.
//! - [`Replies`] says what each answer means.
//! - [`pretty::Pretty`] lists messages for people.
//!
//! # Guarantees
//! - No input makes it panic, loop without end, or read outside of the buffer.
//! - Unknown attributes, kinds and flags are yielded as they are; a value of the wrong size fails
//!   its accessor, never the message.
//! - Lengths are computed, never given; one that does not fit its field is an error.
//! - Every error names what it is about and where it is.
//!
//! # Example
//! ```
//! use nl_core::{Batch, Flags, Messages, route::{IfInfoMsg, Link, RTM_NEWLINK, ifla}};
//! let mut buf = [0; 128];
//! let mut batch = Batch::new(&mut buf);
//! batch.message(RTM_NEWLINK, Flags::REQUEST | Flags::ACK, 1, |m| {
//!     m.fixed(&IfInfoMsg::default());
//!     m.str(ifla::IFNAME, b"eth0");
//!     m.u32(ifla::MTU, 1400);
//! })?;
//! for message in Messages::new(batch.bytes()) {
//!     let link = Link::parse(&message?)?;
//!     assert_eq!(link.name()?, Some(&b"eth0"[..]));
//!     assert_eq!(link.mtu()?, Some(1400));
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod decode;
pub mod encode;
pub mod error;
#[cfg(feature = "netfilter")]
pub mod netfilter;
pub mod pretty;
pub mod reply;
pub mod route;
pub mod spec;
pub mod wire;

pub use decode::{Attr, Attrs, Message, Messages};
pub use encode::{Batch, Msg};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use reply::{ExtAck, Replies, Reply};
pub use wire::Flags;
