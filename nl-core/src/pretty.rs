//! Messages as a listing: one line a header, an attribute or a struct, nests indented.
//!
//! ```text
//! RTM_NEWLINK at byte 0: 56 bytes, REQUEST|CREATE|EXCL, seq 1, pid 0
//!     16  ifinfomsg {ifi_family AF_UNSPEC, __ifi_pad 0, ifi_type 0, ifi_index 0, …}
//!     32  IFLA_IFNAME "br0"
//!     40  IFLA_LINKINFO
//!     44    IFLA_INFO_KIND "bridge"
//!     ▲ bytes from the start of the message: what an extended acknowledgement's offset counts
//! ```
//!
//! All bytes are in it but for padding and what lies behind `...`. What cannot be read is
//! said behind a `!`, then shown in hexadecimal. Strings are escaped:
//! nothing from the wire reaches the output but as printable ASCII.

use crate::decode::{Attr, Attrs, Message, Messages};
use crate::error::{DecodeError, DecodeErrorKind};
use crate::reply::nlmsgerr;
use crate::route::{NextHops, RtNextHop};
use crate::spec::{CodeSpec, Family, Level, NestSpec, Shape, StructSpec};
use crate::wire::{ATTR_HDRLEN, Flags, MSG_HDRLEN, NLMSG_DONE, NLMSG_ERROR, NlMsgErr, NlMsgHdr, Wire, align4};
use core::fmt::{self, Display, Formatter, Write};
use core::net::{Ipv4Addr, Ipv6Addr};
use zerocopy::IntoBytes;

/// Displays the messages in a buffer, line by line. Any bytes will do.
///
/// ```
/// use nl_core::{Batch, Flags, pretty::Pretty, reply::nlmsgerr, route::FAMILY, wire::NLMSG_DONE};
/// let mut buf = [0; 64];
/// let mut batch = Batch::new(&mut buf);
/// batch.message(NLMSG_DONE, Flags::MULTI | Flags::ACK_TLVS, 7, |m| {
///     m.raw(&0_i32.to_ne_bytes());
///     m.str(nlmsgerr::MSG, b"Hi");
/// })?;
/// assert_eq!(
///     Pretty::new(batch.bytes(), &FAMILY).to_string(),
///     "NLMSG_DONE at byte 0: 28 bytes, MULTI|ACK_TLVS, seq 7, pid 0\n    16  error 0\n    20  NLMSGERR_ATTR_MSG \"Hi\"\n",
/// );
/// # Ok::<(), nl_core::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pretty<'a> {
    bytes: &'a [u8],
    family: &'a Family,
}

impl<'a> Pretty<'a> {
    /// A listing of `bytes`, messages of `family`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], family: &'a Family) -> Self {
        Self { bytes, family }
    }
}

/// Nests deeper than this are shown as bytes.
const MAX_DEPTH: usize = 16;

/// Bytes of a value that are shown in hexadecimal; of a longer one, so many and its length.
const MAX_HEX: usize = 32;

/// Names of bits.
type Names = [(&'static str, u64)];

macro_rules! flags {
    ($($name:ident)*) => { const { &[$((stringify!($name), flag(Flags::$name)),)*] } };
}

/// `u64::from` is not const, and `as` is not used here.
const fn flag(flag: Flags) -> u64 {
    let [a, b] = flag.bits().to_le_bytes();
    u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0])
}

const COMMON: &Names = flags!(REQUEST MULTI ACK ECHO DUMP_INTR DUMP_FILTERED);

/// The names of the flags' upper byte, for a message of this type and name.
fn upper_flags(kind: u16, name: &str) -> &'static Names {
    match kind {
        NLMSG_ERROR | NLMSG_DONE => flags!(CAPPED ACK_TLVS),
        _ if name.contains("_GET") => flags!(DUMP ROOT MATCH ATOMIC),
        _ if name.contains("_DEL") => flags!(NONREC BULK),
        _ if name.contains("_NEW") || name.contains("_SET") => {
            flags!(REPLACE EXCL CREATE APPEND)
        }
        _ => &[],
    }
}

impl Display for Pretty<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut listing = Listing { f, family: self.family, address_family: 0 };
        let mut at: usize = 0;
        for message in Messages::new(self.bytes) {
            match message {
                Ok(message) => {
                    listing.header(message.header(), format_args!("at byte {at}: "))?;
                    listing.body(&message, 0)?;
                    at = at.saturating_add(align4(message.bytes().len()));
                }
                Err(e) => listing.broken(e, self.bytes.get(at..).unwrap_or_default(), 0)?,
            }
        }
        Ok(())
    }
}

struct Listing<'f, 'g> {
    f: &'f mut Formatter<'g>,
    family: &'f Family,
    /// Of the message at hand: its first byte.
    address_family: u8,
}

impl Listing<'_, '_> {
    /// Begins a line about byte `at` of the message.
    fn line(&mut self, at: usize, depth: usize) -> fmt::Result {
        let indent = depth.saturating_mul(2);
        write!(self.f, "{at:>6}  {:indent$}", "")
    }

    /// What is wrong, and the bytes that could not be read.
    fn broken(&mut self, e: DecodeError, rest: &[u8], depth: usize) -> fmt::Result {
        self.line(e.at, depth)?;
        write!(self.f, "! {e}: ")?;
        hex(self.f, rest, " ")?;
        self.f.write_char('\n')
    }

    /// The bytes from `skip` of `message` on, where nothing is known about them.
    fn rest(&mut self, message: &Message<'_>, skip: usize, depth: usize) -> fmt::Result {
        let Some(rest) = message.payload().get(skip..).filter(|rest| !rest.is_empty()) else {
            return Ok(());
        };
        self.line(MSG_HDRLEN.saturating_add(skip), depth)?;
        hex(self.f, rest, " ")?;
        self.f.write_char('\n')
    }

    /// The rest of a line: a message's header.
    fn header(&mut self, header: &NlMsgHdr, place: fmt::Arguments<'_>) -> fmt::Result {
        let kind = header.kind.get();
        let name = self.family.message_name(kind);
        match name {
            Some(name) => write!(self.f, "{name} {place}")?,
            None => write!(self.f, "type {kind} {place}")?,
        }
        write!(self.f, "{} bytes, ", header.len)?;
        let upper = upper_flags(kind, name.unwrap_or_default());
        bits(self.f, header.flags.get().into(), COMMON.iter().chain(upper))?;
        writeln!(self.f, ", seq {}, pid {}", header.seq, header.pid)
    }

    /// What follows a message's header.
    fn body(&mut self, message: &Message<'_>, depth: usize) -> fmt::Result {
        let payload = message.payload();
        match (message.kind(), self.family.find(message.kind())) {
            (NLMSG_ERROR, _) => self.error(message, depth),
            (NLMSG_DONE, _) => match payload.first_chunk() {
                Some(number) => {
                    self.line(MSG_HDRLEN, depth)?;
                    writeln!(self.f, "error {}", i32::from_ne_bytes(*number))?;
                    self.ext_ack(message, size_of::<i32>(), depth)
                }
                None if payload.is_empty() => Ok(()),
                None => {
                    let kind = DecodeErrorKind::Truncated { need: 4, have: payload.len() };
                    let e = DecodeError { what: "NLMSG_DONE", at: MSG_HDRLEN, kind };
                    self.broken(e, payload, depth)
                }
            },
            (_, Some(spec)) => {
                self.address_family = payload.first().copied().unwrap_or_default();
                self.line(MSG_HDRLEN, depth)?;
                write!(self.f, "{} ", spec.fixed.name)?;
                let fixed = payload.get(..spec.fixed.size).unwrap_or(payload);
                structure(self.f, spec.fixed, fixed)?;
                self.f.write_char('\n')?;
                let attrs = message.attrs_from(spec.fixed.size);
                self.attrs(attrs, Level::Types(spec.attrs), depth)
            }
            (_, None) => self.rest(message, 0, depth),
        }
    }

    /// An `NLMSG_ERROR`: the number, the request (offsets counted from its own start), attributes.
    fn error(&mut self, message: &Message<'_>, depth: usize) -> fmt::Result {
        let error = match message.fixed::<NlMsgErr>() {
            Ok((error, _)) => error,
            Err(e) => return self.broken(e, message.payload(), depth),
        };
        self.line(MSG_HDRLEN, depth)?;
        writeln!(self.f, "error {}", error.error)?;
        self.line(MSG_HDRLEN.saturating_add(size_of::<i32>()), depth)?;
        self.header(&error.msg, format_args!("answered: "))?;
        let mut skip = size_of::<NlMsgErr>();
        if !message.flags().contains(Flags::CAPPED) {
            let inside = message.payload().get(size_of::<i32>()..).unwrap_or_default();
            let deeper = depth.saturating_add(1);
            match Messages::new(inside).next() {
                Some(Ok(request)) if deeper < MAX_DEPTH => {
                    self.body(&request, deeper)?;
                    skip = size_of::<i32>().saturating_add(align4(request.bytes().len()));
                }
                Some(Err(e)) => return self.broken(e, inside, deeper),
                _ => return self.rest(message, skip, deeper),
            }
        }
        self.ext_ack(message, skip, depth)
    }

    /// The attributes of an extended acknowledgement, if the flags say that there are any.
    fn ext_ack(&mut self, message: &Message<'_>, skip: usize, depth: usize) -> fmt::Result {
        match message.flags().contains(Flags::ACK_TLVS) {
            true => self.attrs(message.attrs_from(skip), Level::Types(&nlmsgerr::SPEC), depth),
            false => self.rest(message, skip, depth),
        }
    }

    fn attrs(&mut self, mut list: Attrs<'_>, level: Level, depth: usize) -> fmt::Result {
        let siblings = list.clone();
        loop {
            let rest = list.bytes();
            match list.next() {
                Some(Ok(attr)) => self.attr(&attr, level, &siblings, depth)?,
                Some(Err(e)) => return self.broken(e, rest, depth),
                None => return Ok(()),
            }
        }
    }

    fn attr(&mut self, attr: &Attr<'_>, level: Level, siblings: &Attrs<'_>, depth: usize) -> fmt::Result {
        self.line(attr.at(), depth)?;
        let spec = level.find(attr.kind());
        let in_array = matches!(level, Level::Positions(_));
        match spec {
            Some(spec) => self.f.write_str(spec.name)?,
            None if in_array => write!(self.f, "[{}]", attr.kind())?,
            None => write!(self.f, "type {}", attr.kind())?,
        }
        let deeper = depth.saturating_add(1);
        let shape = match spec.map_or(Shape::Bytes, |s| s.shape) {
            Shape::Uint if attr.is_net_byteorder() => Shape::Be,
            shape => shape,
        };
        let mut head_len = 0;
        match shape {
            Shape::Flag if attr.bytes().is_empty() => return self.f.write_char('\n'),
            shape if deeper >= MAX_DEPTH => return self.value(shape, attr.bytes()),
            Shape::NextHops(nest) => return self.next_hops(attr, nest, deeper),
            Shape::Nest(_) | Shape::Array(_) | Shape::ByName(..) | Shape::ByCode(..) | Shape::ByFamily(_) => {}
            Shape::Bytes if in_array || attr.is_nested() => {}
            Shape::Headed(head, _) => {
                self.f.write_char(' ')?;
                structure(self.f, head, attr.bytes().get(..head.size).unwrap_or(attr.bytes()))?;
                head_len = head.size;
            }
            shape => return self.value(shape, attr.bytes()),
        }
        self.f.write_char('\n')?;
        let inside = level.inside(attr.kind(), siblings, self.address_family);
        self.attrs(attr.attrs_from(head_len), inside, deeper)
    }

    /// The rest of a line: a value.
    fn value(&mut self, shape: Shape, bytes: &[u8]) -> fmt::Result {
        self.f.write_char(' ')?;
        value(self.f, shape, bytes)?;
        self.f.write_char('\n')
    }

    /// The rest of a line, and a line for each next hop, its attributes below it.
    fn next_hops(&mut self, attr: &Attr<'_>, nest: &'static NestSpec, depth: usize) -> fmt::Result {
        self.f.write_char('\n')?;
        let mut skip: usize = 0;
        for hop in NextHops::new(attr) {
            let at = attr.at().saturating_add(ATTR_HDRLEN).saturating_add(skip);
            match hop {
                Ok(hop) => {
                    self.line(at, depth)?;
                    write!(self.f, "{} ", RtNextHop::SPEC.name)?;
                    structure(self.f, RtNextHop::SPEC, hop.header.as_bytes())?;
                    self.f.write_char('\n')?;
                    self.attrs(hop.attrs, Level::Types(nest), depth.saturating_add(1))?;
                    skip = skip.saturating_add(align4(hop.header.len.get().into()));
                }
                Err(e) => self.broken(e, attr.bytes().get(skip..).unwrap_or_default(), depth)?,
            }
        }
        Ok(())
    }
}

/// A value of this shape; as bytes where it does not have it.
fn value(f: &mut Formatter<'_>, shape: Shape, bytes: &[u8]) -> fmt::Result {
    match shape {
        Shape::Uint => number(f, bytes, host_uint(bytes)),
        Shape::Be => number(f, bytes, uint(bytes, true)),
        Shape::Int => number(f, bytes, int(bytes)),
        Shape::Code(codes) => code(f, codes, bytes, host_uint(bytes)),
        Shape::BeCode(codes) => code(f, codes, bytes, uint(bytes, true)),
        Shape::Bits(codes) => flags(f, codes, bytes, host_uint(bytes)),
        Shape::BeBits(codes) => flags(f, codes, bytes, uint(bytes, true)),
        Shape::Str => {
            let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
            write!(f, "\"{}\"", text.escape_ascii())
        }
        Shape::Ip => match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(v4), _) => write!(f, "{}", Ipv4Addr::from(v4)),
            (_, Ok(v6)) => write!(f, "{}", Ipv6Addr::from(v6)),
            _ => hex(f, bytes, ":"),
        },
        Shape::Mac => hex(f, bytes, ":"),
        Shape::Struct(spec) => structure(f, spec, bytes),
        _ => hex(f, bytes, " "),
    }
}

/// The fields there are, then what is missing of the struct or behind it.
fn structure(f: &mut Formatter<'_>, spec: &StructSpec, bytes: &[u8]) -> fmt::Result {
    f.write_char('{')?;
    let mut shown: usize = 0;
    for field in spec.fields {
        let end = field.at.saturating_add(field.size);
        let Some(bytes) = bytes.get(field.at..end) else { break };
        write!(f, "{}{} ", if shown == 0 { "" } else { ", " }, field.name)?;
        value(f, field.shape, bytes)?;
        shown = end;
    }
    f.write_char('}')?;
    if bytes.len() < spec.size {
        write!(f, " ! {} of {} bytes", bytes.len(), spec.size)?;
    }
    match bytes.get(shown..) {
        None | Some([]) => Ok(()),
        Some(more) => {
            f.write_str(" + ")?;
            hex(f, more, " ")
        }
    }
}

fn code(f: &mut Formatter<'_>, codes: &CodeSpec, bytes: &[u8], n: Option<u64>) -> fmt::Result {
    match n.and_then(|n| codes.name(n)) {
        Some(name) => f.write_str(name),
        None => number(f, bytes, n),
    }
}

fn flags(f: &mut Formatter<'_>, codes: &CodeSpec, bytes: &[u8], n: Option<u64>) -> fmt::Result {
    match n {
        Some(n) => bits(f, n, codes.codes.iter()),
        None => number::<u64>(f, bytes, None),
    }
}

fn number<N: Display>(f: &mut Formatter<'_>, bytes: &[u8], number: Option<N>) -> fmt::Result {
    match number {
        Some(number) => write!(f, "{number}"),
        None => {
            f.write_str("! not a number: ")?;
            hex(f, bytes, " ")
        }
    }
}

fn host_uint(bytes: &[u8]) -> Option<u64> {
    uint(bytes, cfg!(target_endian = "big"))
}

fn uint(bytes: &[u8], big_endian: bool) -> Option<u64> {
    let push = |n: u64, byte: &u8| n.wrapping_shl(u8::BITS) | u64::from(*byte);
    match (bytes.len(), big_endian) {
        (1 | 2 | 4 | 8, true) => Some(bytes.iter().fold(0, push)),
        (1 | 2 | 4 | 8, false) => Some(bytes.iter().rev().fold(0, push)),
        _ => None,
    }
}

fn int(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [a] => Some(i8::from_ne_bytes([a]).into()),
        [a, b] => Some(i16::from_ne_bytes([a, b]).into()),
        [a, b, c, d] => Some(i32::from_ne_bytes([a, b, c, d]).into()),
        _ => bytes.try_into().ok().map(i64::from_ne_bytes),
    }
}

/// The names of the bits that are set, the rest as a number.
fn bits<'n>(f: &mut Formatter<'_>, value: u64, names: impl Iterator<Item = &'n (&'static str, u64)>) -> fmt::Result {
    let mut rest = value;
    let mut separator = "";
    for (name, bits) in names {
        if *bits != 0 && rest & bits == *bits {
            write!(f, "{separator}{name}")?;
            separator = "|";
            rest &= !bits;
        }
    }
    match (rest, separator) {
        (0, "") => f.write_char('0'),
        (0, _) => Ok(()),
        _ => write!(f, "{separator}{rest:#x}"),
    }
}

fn hex(f: &mut Formatter<'_>, bytes: &[u8], separator: &str) -> fmt::Result {
    for (i, byte) in bytes.iter().take(MAX_HEX).enumerate() {
        write!(f, "{}{byte:02x}", if i == 0 { "" } else { separator })?;
    }
    match bytes.len() {
        0 => f.write_str("(nothing)"),
        len if len > MAX_HEX => write!(f, " ... ({len} bytes)"),
        _ => Ok(()),
    }
}
