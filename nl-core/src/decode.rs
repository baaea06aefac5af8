//! Reading: [`Messages`] in a buffer → [`Message`] → [`Attrs`] → [`Attr`].
//!
//! Nothing is copied: all of these borrow the receive buffer. Iterators yield `Result` and end
//! after the first error; a value of the wrong size fails its accessor, never the message.

use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::wire::{
    ATTR_HDRLEN, Flags, MSG_HDRLEN, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE_MASK, NlAttr, NlMsgHdr, Wire, align4,
};
use zerocopy::FromBytes;

/// The messages of a buffer, as one receive filled it.
///
/// Ends after the first error. The last message may lack its padding.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    /// The buffer's length.
    end: usize,
}

impl<'a> Messages<'a> {
    /// The messages in `buf`.
    #[must_use]
    pub const fn new(buf: &'a [u8]) -> Self {
        Self { rest: buf, end: buf.len() }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest;
        let Some((len, message)) = split_message(rest) else {
            self.rest = &[];
            let at = self.end.wrapping_sub(rest.len());
            return if rest.is_empty() { None } else { Some(Err(bad_message(rest, at))) };
        };
        self.rest = rest.get(align4(len)..).unwrap_or_default();
        Some(Ok(message))
    }
}

/// Length and content of the message at the start of `rest`.
#[inline]
fn split_message(rest: &[u8]) -> Option<(usize, Message<'_>)> {
    let (header, _) = NlMsgHdr::ref_from_prefix(rest).ok()?;
    let len = usize::try_from(header.len.get()).ok()?;
    let bytes = rest.get(..len)?;
    Some((len, Message { header, bytes, payload: bytes.get(MSG_HDRLEN..)? }))
}

/// Why [`split_message`] gave nothing.
#[cold]
fn bad_message(rest: &[u8], at: usize) -> DecodeError {
    let have = rest.len();
    let kind = match NlMsgHdr::ref_from_prefix(rest) {
        Ok((header, _)) => Kind::BadLength { len: usize::try_from(header.len.get()).unwrap_or(usize::MAX), have },
        Err(_) => Kind::Truncated { need: MSG_HDRLEN, have },
    };
    DecodeError { what: "nlmsghdr", at, kind }
}

/// One message: its header and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    header: &'a NlMsgHdr,
    bytes: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The header.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> &'a NlMsgHdr {
        self.header
    }

    /// The message's type (`nlmsg_type`).
    #[must_use]
    #[inline]
    pub fn kind(&self) -> u16 {
        self.header.kind.get()
    }

    /// The message's flags (`nlmsg_flags`).
    #[must_use]
    #[inline]
    pub fn flags(&self) -> Flags {
        Flags::from_bits_retain(self.header.flags.get())
    }

    /// The sequence number (`nlmsg_seq`).
    #[must_use]
    #[inline]
    pub fn seq(&self) -> u32 {
        self.header.seq.get()
    }

    /// The port id (`nlmsg_pid`).
    #[must_use]
    #[inline]
    pub fn pid(&self) -> u32 {
        self.header.pid.get()
    }

    /// The whole message, header included, without the padding behind it.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All that follows the header.
    #[must_use]
    #[inline]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The family's fixed header and the attributes behind it.
    ///
    /// # Errors
    /// The message is shorter than the fixed header.
    #[inline]
    pub fn fixed<H: Wire>(&self) -> Result<(&'a H, Attrs<'a>), DecodeError> {
        let Ok((fixed, _)) = H::ref_from_prefix(self.payload) else {
            let kind = Kind::Truncated { need: size_of::<H>(), have: self.payload.len() };
            return Err(DecodeError { what: H::SPEC.name, at: MSG_HDRLEN, kind });
        };
        Ok((fixed, self.attrs_from(size_of::<H>())))
    }

    /// The attributes that start `header_len` bytes (rounded up to 4) into the payload.
    #[must_use]
    #[inline]
    pub fn attrs_from(&self, header_len: usize) -> Attrs<'a> {
        let skip = align4(header_len);
        Attrs { rest: self.payload.get(skip..).unwrap_or_default(), end: self.bytes.len() }
    }
}

/// A list of attributes: those of a message, or those nested in an attribute.
///
/// Yields every attribute, known or not; ends after the first error.
#[derive(Clone, Debug)]
pub struct Attrs<'a> {
    rest: &'a [u8],
    /// Offset in the message of the first byte behind `rest`.
    end: usize,
}

impl<'a> Attrs<'a> {
    /// The attributes in `bytes`, whose first byte is byte `at` of the message.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, end: at.wrapping_add(bytes.len()) }
    }

    /// The bytes not yet iterated over.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.rest
    }

    /// The last attribute of type `kind` (flags ignored), as the kernel itself would choose.
    ///
    /// Reads the list up to its end or its first error.
    #[must_use]
    pub fn find(&self, kind: u16) -> Option<Attr<'a>> {
        self.clone().map_while(Result::ok).filter(|a| a.kind() == kind).last()
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Result<Attr<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest;
        let at = self.end.wrapping_sub(rest.len());
        let Some((len, kind, value)) = split_attr(rest) else {
            self.rest = &[];
            return if rest.is_empty() { None } else { Some(Err(bad_attr(rest, at))) };
        };
        self.rest = rest.get(align4(len)..).unwrap_or_default();
        Some(Ok(Attr { value, kind, at }))
    }
}

/// Length, type and value of the attribute at the start of `rest`.
#[inline]
fn split_attr(rest: &[u8]) -> Option<(usize, u16, &[u8])> {
    let (header, _) = NlAttr::ref_from_prefix(rest).ok()?;
    let len = usize::from(header.len.get());
    Some((len, header.kind.get(), rest.get(ATTR_HDRLEN..len)?))
}

/// Why [`split_attr`] gave nothing.
#[cold]
fn bad_attr(rest: &[u8], at: usize) -> DecodeError {
    let have = rest.len();
    let kind = match NlAttr::ref_from_prefix(rest) {
        Ok((header, _)) => Kind::BadLength { len: usize::from(header.len.get()), have },
        Err(_) => Kind::Truncated { need: ATTR_HDRLEN, have },
    };
    DecodeError { what: "nlattr", at, kind }
}

/// One attribute: its type and value.
///
/// Integer accessors want exactly their size, in host byte order unless named `be…`; their
/// errors point at the value.
#[derive(Clone, Copy, Debug)]
pub struct Attr<'a> {
    value: &'a [u8],
    kind: u16,
    at: usize,
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $from:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The value has another size.
        #[inline]
        pub fn $name(&self) -> Result<$ty, DecodeError> {
            match self.value.try_into() {
                Ok(bytes) => Ok(<$ty>::$from(bytes)),
                Err(_) => Err(self.wrong_size(size_of::<$ty>())),
            }
        }
    )*};
}

impl<'a> Attr<'a> {
    /// The type, without the two flag bits.
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> u16 {
        self.kind & NLA_TYPE_MASK
    }

    /// The type as it is on the wire, with [`NLA_F_NESTED`] and [`NLA_F_NET_BYTEORDER`].
    #[must_use]
    #[inline]
    pub const fn raw_kind(&self) -> u16 {
        self.kind
    }

    /// Whether it says that its value is a list of attributes. Many nests do not.
    #[must_use]
    #[inline]
    pub const fn is_nested(&self) -> bool {
        self.kind & NLA_F_NESTED != 0
    }

    /// Whether it says that its value is in network byte order. Most that are do not.
    #[must_use]
    #[inline]
    pub const fn is_net_byteorder(&self) -> bool {
        self.kind & NLA_F_NET_BYTEORDER != 0
    }

    /// Offset of its header from the start of the message, in bytes.
    #[must_use]
    #[inline]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Whether byte `at` of the message is one of its header's or value's.
    #[must_use]
    pub fn covers(&self, at: usize) -> bool {
        let len = self.value.len().saturating_add(ATTR_HDRLEN);
        at.checked_sub(self.at).is_some_and(|into| into < len)
    }

    /// The value, without header and padding.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.value
    }

    /// The value as attributes.
    #[must_use]
    #[inline]
    pub const fn attrs(&self) -> Attrs<'a> {
        Attrs::new(self.value, self.at.wrapping_add(ATTR_HDRLEN))
    }

    /// The attributes that start `head_len` bytes (rounded up to 4) into the value.
    #[must_use]
    #[inline]
    pub fn attrs_from(&self, head_len: usize) -> Attrs<'a> {
        let skip = align4(head_len);
        let rest = self.value.get(skip..).unwrap_or_default();
        Attrs::new(rest, self.at.wrapping_add(ATTR_HDRLEN).wrapping_add(skip))
    }

    integers! {
        /// A `u8`.
        u8: u8 = from_ne_bytes;
        /// A host-endian `u16`.
        u16: u16 = from_ne_bytes;
        /// A host-endian `u32`.
        u32: u32 = from_ne_bytes;
        /// A host-endian `u64`.
        u64: u64 = from_ne_bytes;
        /// A host-endian `i32`.
        i32: i32 = from_ne_bytes;
        /// A host-endian `i64`.
        i64: i64 = from_ne_bytes;
        /// A big-endian `u16`.
        be16: u16 = from_be_bytes;
        /// A big-endian `u32`.
        be32: u32 = from_be_bytes;
        /// A big-endian `u64`.
        be64: u64 = from_be_bytes;
    }

    /// A string's bytes up to the first NUL, or all of them: names of links need not be UTF-8.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a [u8] {
        self.value.split(|b| *b == 0).next().unwrap_or_default()
    }

    /// A string up to the first NUL, or all of it.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn str(&self) -> Result<&'a str, DecodeError> {
        core::str::from_utf8(self.name()).map_err(|_| self.error(Kind::NotUtf8))
    }

    /// The value's first bytes as a struct; the kernel may have appended fields.
    ///
    /// # Errors
    /// The value is shorter than the struct.
    #[inline]
    pub fn prefix<T: Wire>(&self) -> Result<&'a T, DecodeError> {
        match T::ref_from_prefix(self.value) {
            Ok((value, _)) => Ok(value),
            Err(_) => Err(self.wrong_size(size_of::<T>())),
        }
    }

    /// The value's first bytes as a struct, fields that an older kernel does not have as 0.
    #[must_use]
    pub fn zero_extended<T: Wire>(&self) -> T {
        let mut value = T::new_zeroed();
        for (to, from) in value.as_mut_bytes().iter_mut().zip(self.value) {
            *to = *from;
        }
        value
    }

    #[cold]
    fn wrong_size(&self, need: usize) -> DecodeError {
        let have = self.value.len();
        self.error(match have < need {
            true => Kind::Truncated { need, have },
            false => Kind::TooLong { need, have },
        })
    }

    #[cold]
    const fn error(&self, kind: Kind) -> DecodeError {
        DecodeError { what: "attribute", at: self.at.wrapping_add(ATTR_HDRLEN), kind }
    }
}
