//! Building a [`Rule`], a statement a call. What a match needs in front of it (the family in a table of both, the protocol in
//! front of ports) is added where it is not there.

use super::rule::{Elements, Expr, Key, NatKind, Reject, Rule, Set, Stmt, With};
use crate::grammar::Prefix;
use nl_core::netfilter::expr::{nft_cmp, nft_ct, nft_fib_result, nft_meta, nft_payload};
use nl_core::netfilter::nfproto;
use std::net::IpAddr;

/// nft's numbers of types, which sets carry (nftables, datatype.h).
pub mod datatype {
    /// An IPv4 address.
    pub const IPV4_ADDR: u32 = 7;
    /// An IPv6 address.
    pub const IPV6_ADDR: u32 = 8;
    /// A protocol of IP.
    pub const INET_PROTO: u32 = 12;
    /// A port.
    pub const INET_SERVICE: u32 = 13;
}

/// Which of two: of addresses and ports, of interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where it comes from.
    Src,
    /// Where it goes to.
    Dst,
}

/// Protocols of IP that are spoken of by name.
pub mod proto {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ICMP of IPv6.
    pub const ICMPV6: u8 = 58;
}

fn op(not: bool) -> u32 {
    if not { nft_cmp::NEQ } else { nft_cmp::EQ }
}

/// `nfproto::IPV4` or `IPV6`, of an address.
#[must_use]
pub fn family_of(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { nfproto::IPV4 } else { nfproto::IPV6 }
}

/// The bytes of an address.
#[must_use]
pub fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// `len` bits of `size` bytes.
fn mask(len: u8, size: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let before = i.saturating_mul(8);
        let bits = usize::from(len).saturating_sub(before).min(8);
        u8::try_from(0xff00_u32 >> bits & 0xff).unwrap_or_default()
    };
    (0..size).map(byte).collect()
}

impl<'a> Rule<'a> {
    /// Adds a statement.
    pub fn push(&mut self, stmt: Stmt<'a>) -> &mut Self {
        self.stmts.push(stmt);
        self
    }

    fn value(&mut self, key: Key, not: bool, value: impl Into<Vec<u8>>) -> &mut Self {
        self.push(Stmt::Match(Expr::Key(key), op(not), With::Value(value.into().into())))
    }

    /// As [`Rule::value`], unless it already is said.
    fn depends(&mut self, key: Key, value: u8) -> &mut Self {
        let stmt = Stmt::Match(Expr::Key(key), nft_cmp::EQ, With::Value(vec![value].into()));
        if !self.stmts.contains(&stmt) {
            self.stmts.push(stmt);
        }
        self
    }

    /// Only packets of IPv4 or IPv6 (`family`), in a table of family `table`.
    pub fn nfproto(&mut self, table: u8, family: u8) -> &mut Self {
        match table {
            nfproto::INET => self.depends(Key::Meta(nft_meta::NFPROTO), family),
            _ => self,
        }
    }

    /// Only packets whose source or destination is in `prefix`, in a table of family `table`; `not`: is not. The bits behind
    /// the prefix are of no account.
    pub fn addr(&mut self, table: u8, side: Side, prefix: Prefix, not: bool) -> &mut Self {
        let (bytes, offsets) = match prefix.addr {
            IpAddr::V4(addr) => (addr.octets().to_vec(), [12, 16]),
            IpAddr::V6(addr) => (addr.octets().to_vec(), [8, 24]),
        };
        self.nfproto(table, family_of(prefix.addr));
        if prefix.len == 0 && !not {
            return self;
        }
        let [src, dst] = offsets;
        let offset = if side == Side::Src { src } else { dst };
        let mask = mask(prefix.len, bytes.len());
        let kept: Vec<u8> = bytes.iter().zip(&mask).map(|(byte, mask)| byte & mask).collect();
        // A prefix of whole bytes is compared as these, as nft(8) does it.
        let whole = if prefix.len % 8 == 0 && prefix.len > 0 { usize::from(prefix.len / 8) } else { bytes.len() };
        let key = |len| Key::Payload {
            base: nft_payload::NETWORK_HEADER,
            offset,
            len: u32::try_from(len).unwrap_or_default(),
        };
        if prefix.len % 8 == 0 && prefix.len > 0 {
            return self.value(key(whole), not, kept.get(..whole).unwrap_or_default());
        }
        let of = Box::new(Expr::Key(key(bytes.len())));
        let bits = Expr::Bits { of, mask: mask.into(), xor: vec![0; bytes.len()].into() };
        self.push(Stmt::Match(bits, op(not), With::Value(kept.into())))
    }

    /// Only packets of an interface; a name that ends in `*` is the beginning of one.
    pub fn iface(&mut self, side: Side, name: &[u8], not: bool) -> &mut Self {
        let key = if side == Side::Src { nft_meta::IIFNAME } else { nft_meta::OIFNAME };
        let mut value = name.to_vec();
        match name.strip_suffix(b"*") {
            Some(beginning) => value.truncate(beginning.len()),
            None => value.resize(16, 0),
        }
        self.value(Key::Meta(key), not, value)
    }

    /// Only packets of a transport protocol.
    pub fn l4proto(&mut self, proto: u8, not: bool) -> &mut Self {
        self.value(Key::Meta(nft_meta::L4PROTO), not, [proto])
    }

    /// Only packets of these source or destination ports, first and last of each; the protocol goes before ([`Rule::l4proto`]).
    pub fn ports(&mut self, side: Side, ports: &[(u16, u16)], not: bool) -> &mut Self {
        let offset = if side == Side::Src { 0 } else { 2 };
        let key = Expr::Key(Key::Payload { base: nft_payload::TRANSPORT_HEADER, offset, len: 2 });
        let bytes = |port: u16| port.to_be_bytes().to_vec();
        let with = match ports {
            [(first, last)] if first == last => With::Value(bytes(*first).into()),
            [(first, last)] => With::Range(bytes(*first).into(), bytes(*last).into()),
            _ => {
                let mut sorted = ports.to_vec();
                sorted.sort_unstable();
                let mut ranges: Vec<(u16, u16)> = Vec::new();
                for (first, last) in sorted {
                    match ranges.last_mut() {
                        Some(before) if first <= before.1 => before.1 = before.1.max(last),
                        _ => ranges.push((first, last)),
                    }
                }
                let ranges = ranges.into_iter().map(|(first, last)| (bytes(first), bytes(last))).collect();
                With::Set(Set::Anonymous(Box::new(Elements { kind: datatype::INET_SERVICE, ranges })))
            }
        };
        self.push(Stmt::Match(key, op(not), with))
    }

    /// Only ICMP packets of this type, and code where given; of IPv6 where the protocol that goes before says so.
    pub fn icmp(&mut self, kind: u8, code: Option<u8>, not: bool) -> &mut Self {
        let key = |offset| Key::Payload { base: nft_payload::TRANSPORT_HEADER, offset, len: 1 };
        self.value(key(0), not, [kind]);
        match code {
            Some(code) => self.value(key(1), not, [code]),
            None => self,
        }
    }

    /// Only packets of connections in one of these states ([`nl_core::netfilter::expr::CtState`]).
    pub fn ct_state(&mut self, states: u32, not: bool) -> &mut Self {
        self.flags(Key::Ct(nft_ct::STATE, None), states, not)
    }

    /// Only packets of connections with one of these bits of status ([`nl_core::netfilter::expr::CtStatus`]).
    pub fn ct_status(&mut self, status: u32, not: bool) -> &mut Self {
        self.flags(Key::Ct(nft_ct::STATUS, None), status, not)
    }

    /// Only where one of these bits is set; `not`: none.
    fn flags(&mut self, key: Key, bits: u32, not: bool) -> &mut Self {
        let of = Box::new(Expr::Key(key));
        let zero = [0; 4].to_vec();
        let some = Expr::Bits { of, mask: bits.to_ne_bytes().to_vec().into(), xor: zero.clone().into() };
        self.push(Stmt::Match(some, op(!not), With::Value(zero.into())))
    }

    /// Only packets with this mark, in these bits; `ct`: of these connections.
    pub fn mark(&mut self, ct: bool, mark: u32, mask: u32, not: bool) -> &mut Self {
        let key = if ct { Key::Ct(nft_ct::MARK, None) } else { Key::Meta(nft_meta::MARK) };
        let of = Expr::Key(key);
        let expr = match mask {
            u32::MAX => of,
            _ => Expr::Bits { of: Box::new(of), mask: mask.to_ne_bytes().to_vec().into(), xor: [0; 4].to_vec().into() },
        };
        self.push(Stmt::Match(expr, op(not), With::Value(mark.to_ne_bytes().to_vec().into())))
    }

    /// Sets the mark of the packet or, `ct`, of its connection: the bits of `mask` are cleared, those of `mark` turned.
    pub fn set_mark(&mut self, ct: bool, mark: u32, mask: u32) -> &mut Self {
        let key = if ct { Key::Ct(nft_ct::MARK, None) } else { Key::Meta(nft_meta::MARK) };
        let bytes = |n: u32| n.to_ne_bytes().to_vec().into();
        let to = match mask {
            u32::MAX => Expr::Value(bytes(mark)),
            _ => Expr::Bits { of: Box::new(Expr::Key(key)), mask: bytes(!mask), xor: bytes(mark) },
        };
        self.push(Stmt::Set(key, to, (0, 0, 0)))
    }

    /// Only packets whose source or destination is of this type (`RTN_*`).
    pub fn addrtype(&mut self, side: Side, kind: u32, not: bool) -> &mut Self {
        use nl_core::netfilter::expr::FibFlags;
        let flags = if side == Side::Src { FibFlags::SADDR } else { FibFlags::DADDR };
        let key = Key::Fib { result: nft_fib_result::ADDRTYPE, flags: flags.bits() };
        self.value(key, not, kind.to_ne_bytes())
    }

    /// Only up to `rate` packets each `unit` seconds, `burst` at once.
    pub fn limit(&mut self, rate: u64, unit: u64, burst: u32) -> &mut Self {
        self.push(Stmt::Limit { rate, unit, burst, bytes: false, over: false })
    }

    /// Counts.
    pub fn counter(&mut self) -> &mut Self {
        self.push(Stmt::Counter { packets: 0, bytes: 0 })
    }

    /// Writes to the kernel's log, with this in front.
    pub fn log(&mut self, prefix: Option<&[u8]>, level: Option<u32>) -> &mut Self {
        let prefix = prefix.map(|prefix| prefix.to_vec().into());
        self.push(Stmt::Log { prefix, group: None, snaplen: None, threshold: None, level, flags: None })
    }

    /// A verdict ([`nl_core::netfilter::verdict`], `NFT_JUMP`, `NFT_GOTO`, `NFT_RETURN`), and where to.
    pub fn verdict(&mut self, code: i32, chain: &str) -> &mut Self {
        self.push(Stmt::Verdict(code, chain.as_bytes().to_vec().into()))
    }

    /// Drops and says so.
    pub fn reject(&mut self, kind: u32, code: u8) -> &mut Self {
        self.push(Stmt::Reject(Reject { kind, code }))
    }

    /// Changes source or destination to an address, or one of a range, and to a port, or one of a range.
    pub fn nat(
        &mut self,
        kind: NatKind,
        addr: Option<(IpAddr, IpAddr)>,
        port: Option<(u16, u16)>,
        flags: u32,
    ) -> &mut Self {
        fn ends<'a, T: PartialEq>((first, last): (T, T), bytes: impl Fn(T) -> Vec<u8>) -> (Expr<'a>, Option<Expr<'a>>) {
            let other = (first != last).then(|| Expr::Value(bytes(last).into()));
            (Expr::Value(bytes(first).into()), other)
        }
        let family = addr.map_or(0, |addr| family_of(addr.0));
        let addr = addr.map(|addr| ends(addr, octets));
        let port = port.map(|port| ends(port, |port: u16| port.to_be_bytes().to_vec()));
        self.push(Stmt::Nat { kind, family, addr, port, flags })
    }
}
