//! Writing: a [`Batch`] of messages → [`Msg`] → nests.
//!
//! Everything goes into the caller's buffer; lengths are computed, never given. Inside a message
//! nothing returns an error: the first one sticks, the end of the message reports it, and the
//! batch is then as it was before that message. Counting goes on past the end of the buffer, so
//! the error names the size that would do, and an empty buffer measures.
//!
//! ```
//! use nl_core::{Batch, Flags, route::{IfInfoMsg, RTM_NEWLINK, ifla, info}};
//! let mut buf = [0; 256];
//! let mut batch = Batch::new(&mut buf);
//! batch.message(RTM_NEWLINK, Flags::REQUEST | Flags::CREATE | Flags::EXCL, 1, |m| {
//!     m.fixed(&IfInfoMsg::default());
//!     m.str(ifla::IFNAME, b"br0");
//!     m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"bridge"));
//! })?;
//! assert_eq!(batch.bytes().len(), 56);
//! # Ok::<(), nl_core::EncodeError>(())
//! ```

use crate::error::EncodeError;
use crate::wire::{ATTR_HDRLEN, Flags, MSG_HDRLEN, NlAttr, NlMsgHdr, Wire, align4};

/// Messages, one behind the other, in a buffer of the caller's.
#[derive(Debug)]
pub struct Batch<'b> {
    buf: &'b mut [u8],
    len: usize,
    messages: usize,
}

impl<'b> Batch<'b> {
    /// An empty batch that writes into `buf`.
    #[must_use]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, len: 0, messages: 0 }
    }

    /// The messages so far; each begins at a multiple of 4.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// How many messages there are.
    #[must_use]
    pub const fn messages(&self) -> usize {
        self.messages
    }

    /// Forgets all messages, to fill the buffer anew.
    pub const fn clear(&mut self) {
        self.len = 0;
        self.messages = 0;
    }

    /// Appends a message of type `kind` with sequence number `seq`, whose payload `fill` writes.
    ///
    /// # Errors
    /// The first error of what `fill` wrote, or too small a buffer. The batch is then unchanged.
    #[inline]
    pub fn message(
        &mut self,
        kind: u16,
        flags: Flags,
        seq: u32,
        fill: impl FnOnce(&mut Msg<'_>),
    ) -> Result<(), EncodeError> {
        let space = self.buf.get_mut(self.len..).unwrap_or_default();
        let have = space.len();
        let mut m = Msg { space, len: MSG_HDRLEN, error: None };
        fill(&mut m);
        let (len, error) = (m.len, m.error);
        if let Some(error) = error {
            return Err(error);
        }
        let Ok(wire_len) = u32::try_from(len) else {
            return Err(EncodeError::MessageTooLong);
        };
        let header = NlMsgHdr {
            len: wire_len.into(),
            kind: kind.into(),
            flags: flags.bits().into(),
            seq: seq.into(),
            pid: 0.into(),
        };
        // All values are padded as they are written, so `len` is a multiple of 4 but for an odd
        // fixed header at the very end; its padding was written and counted by `raw`.
        match m.space.first_chunk_mut::<MSG_HDRLEN>() {
            Some(to) if len <= have => *to = zerocopy::transmute!(header),
            _ => {
                let need = self.len.saturating_add(len);
                return Err(EncodeError::NoSpace { need, have: self.buf.len() });
            }
        }
        self.len = self.len.saturating_add(len);
        self.messages = self.messages.saturating_add(1);
        Ok(())
    }
}

/// A message being written, or an attribute with others nested in it.
#[derive(Debug)]
pub struct Msg<'b> {
    /// The buffer from the message's first byte on.
    space: &'b mut [u8],
    /// Bytes written, or that would have been had there been space. Always a multiple of 4.
    len: usize,
    error: Option<EncodeError>,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $to:ident;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self, kind: u16, value: $ty) {
            self.bytes(kind, &value.$to());
        }
    )*};
}

impl Msg<'_> {
    /// Bytes of the message so far, its header included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing follows the header yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == MSG_HDRLEN
    }

    /// Makes the message fail with `error`, unless it already failed.
    #[cold]
    pub fn fail(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }

    /// The fixed header of the message's family. Goes first.
    #[inline]
    pub fn fixed<H: Wire>(&mut self, header: &H) {
        self.raw(header.as_bytes());
    }

    /// Bytes as they are, padded to 4: what is neither header nor attribute.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        let start = self.len;
        self.len = start.saturating_add(align4(bytes.len()));
        if let Some(slot) = self.space.get_mut(start..self.len) {
            fill(slot, bytes);
        }
    }

    integers! {
        /// An attribute with a `u8`.
        u8: u8 = to_ne_bytes;
        /// An attribute with a host-endian `u16`.
        u16: u16 = to_ne_bytes;
        /// An attribute with a host-endian `u32`.
        u32: u32 = to_ne_bytes;
        /// An attribute with a host-endian `u64`.
        u64: u64 = to_ne_bytes;
        /// An attribute with a host-endian `i32`.
        i32: i32 = to_ne_bytes;
        /// An attribute with a big-endian `u16`.
        be16: u16 = to_be_bytes;
        /// An attribute with a big-endian `u32`.
        be32: u32 = to_be_bytes;
        /// An attribute with a big-endian `u64`.
        be64: u64 = to_be_bytes;
    }

    /// An attribute that says all by being there.
    #[inline]
    pub fn flag(&mut self, kind: u16) {
        self.bytes(kind, &[]);
    }

    /// An attribute with a struct.
    #[inline]
    pub fn value<T: Wire>(&mut self, kind: u16, value: &T) {
        self.bytes(kind, value.as_bytes());
    }

    /// An attribute with a string; the NUL behind it is added.
    #[inline]
    pub fn str(&mut self, kind: u16, value: &[u8]) {
        if value.contains(&0) {
            self.fail(EncodeError::NulInString { kind });
        }
        self.put(kind, value, value.len().saturating_add(1));
    }

    /// An attribute with these bytes.
    #[inline]
    pub fn bytes(&mut self, kind: u16, value: &[u8]) {
        self.put(kind, value, value.len());
    }

    /// An attribute of `value_len` bytes: those of `value`, then zeros.
    #[inline]
    fn put(&mut self, kind: u16, value: &[u8], value_len: usize) {
        let start = self.len;
        let len = value_len.saturating_add(ATTR_HDRLEN);
        self.len = start.saturating_add(align4(len));
        let Ok(wire_len) = u16::try_from(len) else {
            return self.fail(EncodeError::AttrTooLong { kind, len });
        };
        let slot = self.space.get_mut(start..self.len).unwrap_or_default();
        if let Some((header, slot)) = slot.split_first_chunk_mut::<ATTR_HDRLEN>() {
            *header = attr_header(wire_len, kind);
            fill(slot, value);
        }
    }

    /// An attribute whose value are the attributes that `fill` writes.
    ///
    /// `kind` goes onto the wire as it is: where the kernel wants [`crate::wire::NLA_F_NESTED`],
    /// it is the caller's to set.
    #[inline]
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        self.nest_with(kind, &[], fill);
    }

    /// Like [`Msg::nest`], with `head` in front of the nested attributes, padded to 4.
    #[inline]
    pub fn nest_with(&mut self, kind: u16, head: &[u8], fill: impl FnOnce(&mut Self)) {
        let start = self.len;
        self.len = start.saturating_add(ATTR_HDRLEN);
        self.raw(head);
        fill(self);
        let len = self.len.saturating_sub(start);
        let Ok(wire_len) = u16::try_from(len) else {
            return self.fail(EncodeError::AttrTooLong { kind, len });
        };
        let slot = self.space.get_mut(start..).unwrap_or_default();
        if let Some(header) = slot.first_chunk_mut::<ATTR_HDRLEN>() {
            *header = attr_header(wire_len, kind);
        }
    }
}

#[inline]
fn attr_header(len: u16, kind: u16) -> [u8; ATTR_HDRLEN] {
    zerocopy::transmute!(NlAttr { len: len.into(), kind: kind.into() })
}

/// Copies `from` to the start of `to` (which is at least as long) and zeroes the rest.
#[inline]
fn fill(to: &mut [u8], from: &[u8]) {
    if let Some((head, padding)) = to.split_at_mut_checked(from.len()) {
        head.copy_from_slice(from);
        padding.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NLMSG_NOOP;
    use std::{vec, vec::Vec};

    fn one(buf: &mut [u8], fill: impl FnOnce(&mut Msg<'_>)) -> Result<Vec<u8>, EncodeError> {
        let mut batch = Batch::new(buf);
        batch.message(NLMSG_NOOP, Flags::empty(), 7, fill)?;
        Ok(batch.bytes().to_vec())
    }

    #[test]
    fn padding_is_zeroed_whatever_was_in_the_buffer() {
        let bytes = one(&mut [0xaa; 64], |m| {
            m.bytes(1, &[1, 2, 3]);
            m.str(2, b"ab");
            m.u8(3, 9);
            m.raw(&[5]);
        })
        .unwrap();
        let want = [7, 0, 1, 0, 1, 2, 3, 0, 7, 0, 2, 0, b'a', b'b', 0, 0, 5, 0, 3, 0, 9, 0, 0, 0, 5, 0, 0, 0];
        #[cfg(target_endian = "little")]
        assert_eq!(bytes[MSG_HDRLEN..], want);
        assert_eq!(bytes.len(), MSG_HDRLEN + want.len());
    }

    #[test]
    fn too_small_a_buffer_leaves_the_batch_intact_and_names_the_size() {
        let mut buf = [0xaa; 40];
        let mut batch = Batch::new(&mut buf);
        batch.message(1, Flags::empty(), 1, |m| m.u32(1, 1)).unwrap();
        let before = batch.bytes().to_vec();
        let more = |m: &mut Msg<'_>| m.nest(1, |m| m.bytes(2, &[0; 30]));
        let error = batch.message(1, Flags::empty(), 2, more).unwrap_err();
        assert_eq!(error, EncodeError::NoSpace { need: 24 + 16 + 4 + 36, have: 40 });
        assert_eq!((batch.bytes(), batch.messages()), (&before[..], 1));
        batch.clear();
        assert_eq!(batch.message(1, Flags::empty(), 2, |m| m.bytes(2, &[0; 20])), Ok(()));
    }

    #[test]
    fn an_empty_buffer_measures() {
        let error = one(&mut [], |m| m.nest(1, |m| m.str(2, b"abc"))).unwrap_err();
        assert_eq!(error, EncodeError::NoSpace { need: 16 + 4 + 8, have: 0 });
    }

    #[test]
    fn a_nest_over_65535_bytes_is_an_error_not_a_wrapped_length() {
        let mut buf = vec![0; 200_000];
        let just = one(&mut buf, |m| m.nest(1, |m| m.bytes(2, &[0; 65_535 - 8 - 3])));
        assert!(just.is_ok());
        let error = one(&mut buf, |m| m.nest(1, |m| (0..2).for_each(|_| m.bytes(2, &[0; 40_000]))));
        assert_eq!(error, Err(EncodeError::AttrTooLong { kind: 1, len: 80_012 }));
        let error = one(&mut buf, |m| m.bytes(3, &[0; 65_532]));
        assert_eq!(error, Err(EncodeError::AttrTooLong { kind: 3, len: 65_536 }));
    }

    #[test]
    fn the_first_error_sticks() {
        let error = one(&mut [0; 64], |m| {
            m.str(4, b"a\0b");
            m.bytes(5, &[0; 70_000]);
        });
        assert_eq!(error, Err(EncodeError::NulInString { kind: 4 }));
    }

    #[test]
    fn a_buffer_with_room_for_the_header_only_is_not_written_to() {
        let mut buf = [0xaa; 20];
        let error = Batch::new(&mut buf).message(1, Flags::empty(), 1, |m| m.u64(1, 1)).unwrap_err();
        assert_eq!(error, EncodeError::NoSpace { need: 16 + 12, have: 20 });
        let error = Batch::new(&mut buf).message(1, Flags::empty(), 1, |m| m.nest(1, |m| m.u32(1, 1))).unwrap_err();
        assert_eq!(error, EncodeError::NoSpace { need: 16 + 4 + 8, have: 20 });
        assert_eq!(buf[..16], [0xaa; 16]);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn over_4_gib_is_an_error_not_a_wrapped_length() {
        let bytes = vec![0; 1 << 24];
        let measure = |times: usize, more: usize| {
            one(&mut [], |m| {
                (0..times).for_each(|_| m.raw(&bytes));
                m.raw(&bytes[..more]);
            })
        };
        let most = 4_294_967_292; // the largest multiple of 4 that 32 bits can say
        let just = measure(255, (1 << 24) - MSG_HDRLEN - 4);
        assert_eq!(just, Err(EncodeError::NoSpace { need: most, have: 0 }));
        assert_eq!(measure(255, (1 << 24) - MSG_HDRLEN - 3), Err(EncodeError::MessageTooLong));
        assert_eq!(measure(512, 0), Err(EncodeError::MessageTooLong));
    }

    #[test]
    fn a_message_knows_its_length_as_it_grows() {
        let bytes = one(&mut [0; 64], |m| {
            assert_eq!((m.is_empty(), m.len()), (true, MSG_HDRLEN));
            m.nest_with(1, &[1, 2, 3, 4, 5], |m| assert_eq!(m.len(), MSG_HDRLEN + 4 + 8));
            assert!(!m.is_empty());
            m.flag(2);
            assert_eq!(m.len(), MSG_HDRLEN + 12 + 4);
        });
        assert_eq!(bytes.unwrap().len(), MSG_HDRLEN + 16);
    }
}
