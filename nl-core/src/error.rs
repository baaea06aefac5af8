//! What can be wrong with bytes, and where.

use core::fmt;

/// Bytes that could not be read as what they should be.
///
/// ```
/// # use nl_core::{DecodeError, DecodeErrorKind};
/// let e = DecodeError { what: "IFLA_MTU", at: 52, kind: DecodeErrorKind::Truncated { need: 4, have: 2 } };
/// assert_eq!(e.to_string(), "IFLA_MTU at byte 52: needs 4 bytes, has 2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What was being read: the kernel's name for it where known.
    pub what: &'static str,
    /// Offset in bytes from the start of the message (for a message header: of the buffer).
    pub at: usize,
    /// What was wrong.
    pub kind: DecodeErrorKind,
}

/// What was wrong with the bytes a [`DecodeError`] points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// Fewer bytes than it takes.
    Truncated {
        /// Bytes it takes.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// More bytes than the value has.
    TooLong {
        /// Bytes it takes.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// The length a header gives is shorter than the header, or longer than what is left.
    BadLength {
        /// Length given, in bytes.
        len: usize,
        /// Bytes left, the header included.
        have: usize,
    },
    /// A string that is not UTF-8.
    NotUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: ", self.what, self.at)?;
        match self.kind {
            DecodeErrorKind::Truncated { need, have } | DecodeErrorKind::TooLong { need, have } => {
                write!(f, "needs {need} bytes, has {have}")
            }
            DecodeErrorKind::BadLength { len, have } => {
                write!(f, "says it is {len} bytes long where {have} are left")
            }
            DecodeErrorKind::NotUtf8 => f.write_str("not UTF-8"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A message that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The buffer is too small; the batch is as it was before the message.
    NoSpace {
        /// Bytes the batch would take with the message.
        need: usize,
        /// Bytes the buffer has.
        have: usize,
    },
    /// An attribute (with all that is nested in it) is longer than its 16-bit length can say.
    AttrTooLong {
        /// The attribute's type, flags included.
        kind: u16,
        /// Its length in bytes, header included.
        len: usize,
    },
    /// A string with a NUL byte in it, which the kernel would cut there.
    NulInString {
        /// The attribute's type, flags included.
        kind: u16,
    },
    /// A message longer than its 32-bit length can say.
    MessageTooLong,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoSpace { need, have } => write!(f, "needs a buffer of {need} bytes, has {have}"),
            Self::AttrTooLong { kind, len } => {
                write!(f, "attribute {kind} would be {len} bytes long, 65535 is the most")
            }
            Self::NulInString { kind } => write!(f, "attribute {kind}: a NUL byte in a string"),
            Self::MessageTooLong => f.write_str("message longer than 4 GiB"),
        }
    }
}

impl core::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_error_says_what_it_takes_and_what_there_is() {
        let decode = |kind| DecodeError { what: "IFLA_MTU", at: 52, kind }.to_string();
        let says = [
            (decode(DecodeErrorKind::Truncated { need: 4, have: 2 }), "IFLA_MTU at byte 52: needs 4 bytes, has 2"),
            (decode(DecodeErrorKind::TooLong { need: 4, have: 8 }), "IFLA_MTU at byte 52: needs 4 bytes, has 8"),
            (
                decode(DecodeErrorKind::BadLength { len: 3, have: 9 }),
                "IFLA_MTU at byte 52: says it is 3 bytes long where 9 are left",
            ),
            (decode(DecodeErrorKind::NotUtf8), "IFLA_MTU at byte 52: not UTF-8"),
            (EncodeError::NoSpace { need: 20, have: 16 }.to_string(), "needs a buffer of 20 bytes, has 16"),
            (
                EncodeError::AttrTooLong { kind: 3, len: 70_000 }.to_string(),
                "attribute 3 would be 70000 bytes long, 65535 is the most",
            ),
            (EncodeError::NulInString { kind: 3 }.to_string(), "attribute 3: a NUL byte in a string"),
            (EncodeError::MessageTooLong.to_string(), "message longer than 4 GiB"),
        ];
        says.into_iter().for_each(|(said, want)| assert_eq!(said, want));
    }
}
