//! Keys, values and expressions in nft's words, as text and as JSON. A key is a row: its words and its type.

use super::types::{self, CT, Header, META, Show, Type};
use super::{Printer, number, string};
use crate::fw::rule::{Bytes, Expr, Key, Set};
use crate::out::{Escaped, Out};
use nl_core::netfilter::expr::{FibFlags, nft_fib_result, nft_payload, nft_rt, nft_socket};
use nl_core::netfilter::nfproto;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a key is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    /// Of a header: which, and the field's name; else `None`.
    pub(super) field: Option<(&'static str, &'static str)>,
    /// Bits that are in front of the field in what was loaded.
    pub(super) shift: u32,
    /// Bits of the field.
    pub(super) bits: u32,
    pub(super) ty: &'static Type,
}

/// The number in these bytes, in the host's byte order or the network's.
pub(super) fn uint(bytes: &[u8], host: bool) -> u64 {
    let push = |n: u64, byte: &u8| n.wrapping_shl(8) | u64::from(*byte);
    match host && cfg!(target_endian = "little") {
        true => bytes.iter().rev().fold(0, push),
        false => bytes.iter().fold(0, push),
    }
}

/// How many leading bits of a mask are set, if no others are.
pub(super) fn prefix_len(mask: &[u8]) -> Option<u32> {
    let mut len: u32 = 0;
    let mut rest = mask.iter();
    for byte in rest.by_ref() {
        len = len.saturating_add(byte.leading_ones());
        if *byte != 0xff {
            if byte.count_ones() != byte.leading_ones() {
                return None;
            }
            break;
        }
    }
    rest.all(|byte| *byte == 0).then_some(len)
}

impl Printer<'_, '_> {
    /// The header that a piece of the packet is of.
    fn header(&self, base: u32) -> Option<&'static Header> {
        match base {
            nft_payload::LL_HEADER => Some(&types::ETHER),
            nft_payload::NETWORK_HEADER => match self.at.l3? {
                nfproto::IPV4 => Some(&types::IP),
                nfproto::IPV6 => Some(&types::IP6),
                nfproto::ARP => Some(&types::ARP),
                _ => None,
            },
            nft_payload::TRANSPORT_HEADER => Some(types::transport(self.at.l4)),
            _ => None,
        }
    }

    /// What a key is called; of those bits in `mask`, where one is given.
    pub(super) fn name(&self, key: Key, mask: Option<&[u8]>) -> Named {
        let named = |ty| Named { field: None, shift: 0, bits: 0, ty };
        match key {
            Key::Payload { base, offset, len } => {
                let (mut at, mut bits, mut shift) = (offset.saturating_mul(8), len.saturating_mul(8), 0);
                let none = Named { field: None, shift: 0, bits, ty: &types::INTEGER };
                let Some(header) = self.header(base) else { return none };
                let find = |header: &'static Header, at, bits| {
                    let whole = header.fields.iter().find(|f| f.1 == at && f.2 == bits);
                    // The beginning of an address: a prefix.
                    let part = || {
                        let address = |f: &&types::Field| matches!(f.3.show, Show::Ip4 | Show::Ip6);
                        header.fields.iter().filter(address).find(|f| f.1 == at && f.2 > bits)
                    };
                    whole.or_else(part).map(|f| (header, f))
                };
                if let Some(mask) = mask {
                    let number = uint(mask, false);
                    let (low, ones) = (number.trailing_zeros(), number.count_ones());
                    let whole = find(header, at, bits);
                    if mask.len() <= 8
                        && number.checked_shr(low).map(u64::trailing_ones) == Some(ones)
                        && whole.is_none()
                    {
                        at = at.saturating_add(bits.saturating_sub(low.saturating_add(ones)));
                        (bits, shift) = (ones, low);
                    }
                }
                let vlan = || find(&types::VLAN, at, bits).filter(|_| base == nft_payload::LL_HEADER);
                match find(header, at, bits).or_else(vlan) {
                    Some((header, f)) => Named { field: Some((header.name, f.0)), shift, bits: f.2, ty: f.3 },
                    None => none,
                }
            }
            Key::Meta(key) => named(row(META, key).1),
            Key::Ct(key, _) => named(match (row(CT, key).1.number, self.at.l3) {
                (0, Some(nfproto::IPV4)) if matches!(key, 8 | 9) => &types::IPV4_ADDR,
                (0, _) if matches!(key, 8 | 9) => &types::IPV6_ADDR,
                _ => row(CT, key).1,
            }),
            Key::Fib { flags, .. } if flags & FibFlags::PRESENT.bits() != 0 => named(&types::BOOLEAN),
            Key::Fib { result, .. } => named(match result {
                nft_fib_result::OIF => &types::IFINDEX,
                nft_fib_result::OIFNAME => &types::IFNAME,
                _ => &types::FIB_ADDR,
            }),
            Key::Rt(key) => named(match key {
                nft_rt::CLASSID => &types::REALM,
                nft_rt::NEXTHOP4 => &types::IPV4_ADDR,
                nft_rt::NEXTHOP6 => &types::IPV6_ADDR,
                nft_rt::XFRM => &types::BOOLEAN,
                _ => &types::HOST_INTEGER,
            }),
            Key::Socket(nft_socket::MARK, _) => named(&types::MARK),
            Key::ExtHdr { flags, .. } if flags & 1 != 0 => named(&types::BOOLEAN),
            Key::Socket(..) | Key::NumGen { .. } => named(&types::HOST_INTEGER),
            Key::ExtHdr { .. } => named(&types::INTEGER),
        }
    }

    /// The type of what an expression gives.
    pub(super) fn type_of(&self, expr: &Expr<'_>) -> &'static Type {
        match expr {
            Expr::Key(key) => self.name(*key, None).ty,
            Expr::Bits { of, .. } | Expr::Shift { of, .. } | Expr::Order { of, .. } => self.type_of(of),
            Expr::Map(_, Set::Named(name)) => {
                self.set(name).map_or(&types::UNKNOWN, |set| types::by_number(set.data_type))
            }
            _ => &types::UNKNOWN,
        }
    }

    /// A key, as member `member`.
    pub(super) fn key(&mut self, member: &str, key: Key) {
        let named = self.name(key, None);
        self.named_key(member, key, &named);
    }

    pub(super) fn named_key(&mut self, member: &str, key: Key, named: &Named) {
        let out = &mut *self.out;
        out.object(member, |out| match key {
            Key::Payload { base, offset, len } => out.object("payload", |out| match named.field {
                Some((header, field)) => {
                    string(out, "protocol", header);
                    out.push(" ");
                    string(out, "field", field);
                }
                None => {
                    let base = match base {
                        nft_payload::LL_HEADER => "ll",
                        nft_payload::NETWORK_HEADER => "nh",
                        nft_payload::TRANSPORT_HEADER => "th",
                        _ => "ih",
                    };
                    out.push("@");
                    string(out, "base", base);
                    out.push(",");
                    number(out, "offset", offset.saturating_mul(8));
                    out.push(",");
                    number(out, "len", len.saturating_mul(8));
                }
            }),
            Key::Meta(key) => out.object("meta", |out| {
                // Those that need no word in front: of interfaces.
                if !matches!(key, 4..=7 | 21 | 22) {
                    out.push("meta ");
                }
                string(out, "key", row(META, key).0);
            }),
            Key::Ct(key, direction) => out.object("ct", |out| {
                out.push("ct ");
                let direction = direction.map(|d| if d == 0 { "original" } else { "reply" });
                if let (Some(direction), false) = (direction, out.is_json()) {
                    out.push(direction);
                    out.push(" ");
                }
                string(out, "key", row(CT, key).0);
                direction.iter().for_each(|direction| out.json("dir", *direction));
            }),
            Key::Fib { result, flags } => out.object("fib", |out| {
                const FLAGS: [(&str, FibFlags); 5] = [
                    ("saddr", FibFlags::SADDR),
                    ("daddr", FibFlags::DADDR),
                    ("mark", FibFlags::MARK),
                    ("iif", FibFlags::IIF),
                    ("oif", FibFlags::OIF),
                ];
                let result = match result {
                    nft_fib_result::OIF => "oif",
                    nft_fib_result::OIFNAME => "oifname",
                    _ => "type",
                };
                out.json("result", result);
                out.push("fib ");
                out.list("flags", |out| {
                    let mut dot = "";
                    for (name, _) in FLAGS.iter().filter(|f| flags & f.1.bits() != 0) {
                        out.push(dot);
                        string(out, "", name);
                        dot = " . ";
                    }
                });
                out.push(" ");
                out.push(result);
            }),
            Key::Rt(key) => out.object("rt", |out| {
                let (name, family) = match key {
                    nft_rt::CLASSID => ("classid", ""),
                    nft_rt::NEXTHOP4 => ("nexthop", "ip"),
                    nft_rt::NEXTHOP6 => ("nexthop", "ip6"),
                    nft_rt::TCPMSS => ("mtu", ""),
                    _ => ("ipsec", ""),
                };
                out.push("rt ");
                if !family.is_empty() {
                    out.push(family);
                    out.push(" ");
                }
                string(out, "key", name);
                if !family.is_empty() {
                    out.json("family", family);
                }
            }),
            Key::Socket(key, level) => out.object("socket", |out| {
                out.push("socket ");
                string(
                    out,
                    "key",
                    ["transparent", "mark", "wildcard", "cgroupv2"].get(index(key)).unwrap_or(&"unknown"),
                );
                if let Some(level) = level.filter(|_| key == nft_socket::CGROUPV2) {
                    out.push(" level ");
                    number(out, "level", level);
                }
            }),
            Key::ExtHdr { op, kind, offset, len, flags } => exthdr(out, op, kind, (offset, len), flags),
            Key::NumGen { random, modulus, offset } => out.object("numgen", |out| {
                out.push("numgen ");
                string(out, "mode", if random { "random" } else { "inc" });
                out.push(" mod ");
                number(out, "mod", modulus);
                if offset != 0 {
                    out.push(" offset ");
                    number(out, "offset", offset);
                } else {
                    out.json("offset", 0_u64);
                }
            }),
        });
    }

    /// An expression, as member `member`; of a value, `ty` is what it is.
    pub(super) fn expr(&mut self, member: &str, expr: &Expr<'_>, ty: &'static Type) {
        match expr {
            Expr::Key(key) => self.key(member, *key),
            Expr::Value(value) => self.value(member, ty, value),
            Expr::Bits { of, mask, xor } => self.bits(member, of, mask, xor),
            Expr::Shift { of, left, bits } => {
                let word = if *left { "<<" } else { ">>" };
                self.binop(member, word, |p| p.expr("", of, ty), |p| number(p.out, "", *bits));
            }
            // nft shows nothing of it.
            Expr::Order { of, .. } => self.expr(member, of, ty),
            Expr::Map(of, set) => self.nest(member, "map", |p| {
                p.expr("key", of, ty);
                p.out.push(" map ");
                p.set_ref("data", set);
            }),
            Expr::Concat(all) => self.nest_list(member, "concat", |p| {
                let mut dot = "";
                for expr in all {
                    p.out.push(dot);
                    p.expr("", expr, ty);
                    dot = " . ";
                }
            }),
        }
    }

    /// An object as member `member` with one object as member `name`.
    pub(super) fn nest(&mut self, member: &str, name: &str, fill: impl FnOnce(&mut Self)) {
        self.open(member, b'{');
        self.open(name, b'{');
        fill(self);
        self.close(b'}');
        self.close(b'}');
    }

    pub(super) fn nest_list(&mut self, member: &str, name: &str, fill: impl FnOnce(&mut Self)) {
        self.open(member, b'{');
        self.open(name, b'[');
        fill(self);
        self.close(b']');
        self.close(b'}');
    }

    fn binop(&mut self, member: &str, op: &str, left: impl FnOnce(&mut Self), right: impl FnOnce(&mut Self)) {
        self.nest_list(member, op, |p| {
            left(p);
            p.out.push(" ");
            p.out.push(op);
            p.out.push(" ");
            right(p);
        });
    }

    /// `of & mask ^ xor`, taken apart into what people write: bits that are kept, turned and set.
    fn bits(&mut self, member: &str, of: &Expr<'_>, mask: &[u8], xor: &[u8]) {
        let ty = self.type_of(of);
        let (mut keep, mut turn, mut set) = (mask.to_vec(), xor.to_vec(), vec![0; mask.len()]);
        for ((keep, turn), set) in keep.iter_mut().zip(&mut turn).zip(&mut set) {
            *set = *turn & !*keep;
            *turn &= *keep;
            *keep |= *set;
        }
        let any = |bytes: &[u8]| bytes.iter().any(|byte| *byte != 0);
        let mut steps: Vec<(&str, Vec<u8>)> = Vec::new();
        if keep.iter().any(|byte| *byte != 0xff) {
            steps.push(("&", keep));
        }
        if any(&turn) {
            steps.push(("^", turn));
        }
        if any(&set) {
            steps.push(("|", set));
        }
        self.steps(member, of, &steps, ty);
    }

    fn steps(&mut self, member: &str, of: &Expr<'_>, steps: &[(&str, Vec<u8>)], ty: &'static Type) {
        match steps.split_last() {
            None => self.expr(member, of, ty),
            Some(((op, value), before)) => {
                self.binop(member, op, |p| p.steps("", of, before, ty), |p| p.value("", ty, value))
            }
        }
    }

    /// A value that is compared with an expression: of one whose byte order was changed, in that of the network.
    pub(super) fn value_of(&mut self, member: &str, expr: &Expr<'_>, ty: &'static Type, bytes: &[u8]) {
        match expr {
            Expr::Order { hton: true, .. } if ty.host && bytes.len() <= 8 => {
                let turned: Vec<u8> = bytes.iter().rev().copied().collect();
                self.value(member, ty, if cfg!(target_endian = "little") { &turned } else { bytes });
            }
            _ => self.value(member, ty, bytes),
        }
    }

    /// A value, as member `member`.
    pub(super) fn value(&mut self, member: &str, ty: &'static Type, bytes: &[u8]) {
        let out = &mut *self.out;
        let n = uint(bytes, ty.host);
        if ty.number == types::BOOLEAN.number && out.is_json() {
            return out.json(member, n != 0);
        }
        if let Some((name, _)) = ty.names.iter().find(|name| name.1 == n).filter(|_| !matches!(ty.show, Show::Bits)) {
            return string(out, member, name);
        }
        match ty.show {
            Show::Ip4 => match <[u8; 4]>::try_from(bytes) {
                Ok(octets) if !out.is_json() => out.bare(member, |text| text.octets(&octets)),
                Ok(octets) => out.json(member, Ipv4Addr::from(octets).to_string().as_str()),
                Err(_) => number(out, member, n),
            },
            Show::Ip6 => match <[u8; 16]>::try_from(bytes) {
                Ok(octets) => {
                    let text = Ipv6Addr::from(octets).to_string();
                    string(out, member, &text);
                }
                Err(_) => number(out, member, n),
            },
            Show::Mac => {
                let mut text = String::new();
                for (i, byte) in bytes.iter().enumerate() {
                    let _ = write!(text, "{}{byte:02x}", if i == 0 { "" } else { ":" });
                }
                string(out, member, &text);
            }
            Show::Quoted => quoted(out, member, bytes, ty.size),
            Show::Link => match self.links.get(u32::try_from(n).unwrap_or_default()) {
                Some(name) => quoted(out, member, &name, 0),
                None => number(out, member, n),
            },
            Show::Bits => self.flags(member, ty, n),
            Show::Hex if bytes.len() <= 8 => {
                let width = bytes.len().saturating_mul(2);
                out.field(member, n, format_args!("0x{n:0width$x}"));
            }
            Show::Class => {
                let text = format!("{:x}:{:x}", n >> 16, n & 0xffff);
                string(out, member, &text);
            }
            Show::Millis => duration(out, member, n),
            Show::File(names) | Show::QuotedFile(names) => {
                let name = u32::try_from(n).ok().and_then(|n| names.name(n));
                match (name, ty.show) {
                    (Some(name), Show::File(_)) => string(out, member, name),
                    (Some(name), _) => quoted(out, member, name.as_bytes(), 0),
                    _ => number(out, member, n),
                }
            }
            _ if bytes.len() <= 8 => number(out, member, n),
            _ => {
                let mut text = String::from("0x");
                bytes.iter().for_each(|byte| {
                    let _ = write!(text, "{byte:02x}");
                });
                string(out, member, &text);
            }
        }
    }

    /// Bits by their names; what has none as a number.
    pub(super) fn flags(&mut self, member: &str, ty: &Type, n: u64) {
        let known = ty.names.iter().filter(|name| n & name.1 != 0);
        let left = known.clone().fold(n, |n, name| n & !name.1);
        let many = known.clone().count().saturating_add(usize::from(left != 0)) != 1;
        let mut comma = "";
        if many {
            self.open(member, b'[');
        }
        let member = if many { "" } else { member };
        for (name, _) in known {
            self.out.push(comma);
            string(self.out, member, name);
            comma = ",";
        }
        if left != 0 || n == 0 {
            self.out.push(comma);
            let width = ty.size.saturating_mul(2);
            self.out.field(member, left, format_args!("0x{left:0width$x}"));
        }
        if many {
            self.close(b']');
        }
    }

    /// A set by its name, or what is in it if it has none.
    pub(super) fn set_ref(&mut self, member: &str, set: &Set<'_>) {
        let Set::Named(name) = set else { return };
        match self.set(name) {
            Some(set) if set.is_anonymous() => {
                let set = set.clone();
                self.anonymous(member, &set);
            }
            _ => {
                let name = Escaped(name).to_string();
                self.out.field(member, format!("@{name}").as_str(), format_args!("@{name}"));
            }
        }
    }
}

/// Text between quotes; a string of JSON. One that is shorter than `size` bytes is the beginning of names.
pub(super) fn quoted(out: &mut Out, member: &str, bytes: &[u8], size: usize) {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let star = if bytes.len() < size && bytes.len() == name.len() { "*" } else { "" };
    match out.is_json() {
        true if star.is_empty() => out.json(member, name),
        true => out.json(member, &[name, b"*"].concat()[..]),
        false => out.text(format_args!("\"{}{star}\"", Escaped(name))),
    }
}

/// A length of time in milliseconds: in words; of JSON in seconds.
pub(super) fn duration(out: &mut Out, member: &str, millis: u64) {
    if out.is_json() {
        return out.json(member, millis / 1000);
    }
    let seconds = millis / 1000;
    let parts = [
        ("d", seconds / 86_400),
        ("h", seconds / 3600 % 24),
        ("m", seconds / 60 % 60),
        ("s", seconds % 60),
        ("ms", millis % 1000),
    ];
    for (unit, n) in parts.iter().filter(|part| part.1 != 0) {
        out.text(format_args!("{n}{unit}"));
    }
    if millis == 0 {
        out.push("0s");
    }
}

/// The row of a table.
fn row(table: &'static [(&'static str, &'static Type)], at: u32) -> (&'static str, &'static Type) {
    table.get(index(at)).copied().unwrap_or(("unknown", &types::UNKNOWN))
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// An option of TCP or an extension header of IPv6: `kind`, where in it, and whether only its being there counts.
fn exthdr(out: &mut Out, op: u32, kind: u8, (offset, len): (u32, u32), flags: u32) {
    const TCP: &[(&str, u8)] = &[
        ("eol", 0),
        ("nop", 1),
        ("maxseg", 2),
        ("window", 3),
        ("sack-perm", 4),
        ("sack", 5),
        ("timestamp", 8),
        ("md5sig", 19),
        ("mptcp", 30),
        ("fastopen", 34),
    ];
    const IP6: &[(&str, u8)] = &[("hbh", 0), ("rt", 43), ("frag", 44), ("dst", 60), ("mh", 135)];
    // Of what (1: TCP), type, offset, length.
    const FIELDS: &[(u32, u8, u32, u32, &str)] = &[
        (1, 2, 1, 1, "length"),
        (1, 2, 2, 2, "size"),
        (1, 3, 2, 1, "count"),
        (1, 8, 2, 4, "tsval"),
        (1, 8, 6, 4, "tsecr"),
        (0, 0, 0, 1, "nexthdr"),
        (0, 0, 1, 1, "hdrlength"),
        (0, 43, 0, 1, "nexthdr"),
        (0, 43, 1, 1, "hdrlength"),
        (0, 43, 2, 1, "type"),
        (0, 43, 3, 1, "seg-left"),
        (0, 44, 0, 1, "nexthdr"),
        (0, 44, 4, 4, "id"),
        (0, 60, 0, 1, "nexthdr"),
        (0, 60, 1, 1, "hdrlength"),
    ];
    let (object, lead, names) = match op {
        1 => ("tcp option", "tcp option ", TCP),
        _ => ("exthdr", if flags & 1 != 0 { "exthdr " } else { "" }, IP6),
    };
    out.object(object, |out| {
        out.push(lead);
        match names.iter().find(|name| name.1 == kind) {
            Some((name, _)) => string(out, "name", name),
            None => number(out, "name", kind),
        }
        if flags & 1 == 0 {
            let field = FIELDS.iter().find(|f| (f.0, f.1, f.2, f.3) == (op, kind, offset, len));
            out.push(" ");
            match field {
                Some(field) => string(out, "field", field.4),
                None => out.text(format_args!("@{offset},{len}")),
            }
        }
    });
}

/// The key behind these bytes, without the one added: what is in front of an interval's end.
pub(super) fn before(key: &[u8]) -> Vec<u8> {
    let mut key = key.to_vec();
    for byte in key.iter_mut().rev() {
        *byte = byte.wrapping_sub(1);
        if *byte != 0xff {
            break;
        }
    }
    key
}

/// Whether all of these are zero.
pub(super) fn is_zero(bytes: &Bytes<'_>) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
