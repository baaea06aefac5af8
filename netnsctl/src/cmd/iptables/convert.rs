//! A rule of iptables' as statements of nftables, and back: the same that iptables-nft makes, so that either reads the other's.

use super::ext::{self, Use, V4, rate, takes};
use super::rule::{Interface, Network, Spec, Target, Verdict};
use crate::fw::rule::{Expr, Key, Rule, Stmt, With};
use nl_core::Attrs;
use nl_core::netfilter::expr::{Meta, nft_cmp, nft_meta, nft_payload};
use nl_core::netfilter::{NFT_GOTO, NFT_JUMP, NFT_RETURN, verdict};
use std::borrow::Cow;

/// Where addresses are in the header of IPv4 and IPv6, and how long they are.
fn places(family: u8) -> ([u32; 2], u32) {
    if family == V4 { ([12, 16], 4) } else { ([8, 24], 16) }
}

/// The type of transport that IPv4 says in its header.
const PROTOCOL: u32 = 9;
/// Where IPv4 has the offset of a fragment; the bits of it.
const FRAGMENT: u32 = 6;
const FRAGMENT_BITS: [u8; 2] = [0x1f, 0xff];
/// What iptables-nft compares an interface's name with where none is meant.
const NO_NAME: &[u8] = b"INVAL/D\0";

fn op(not: bool) -> u32 {
    if not { nft_cmp::NEQ } else { nft_cmp::EQ }
}

fn payload(base: u32, offset: u32, len: u32) -> Expr<'static> {
    Expr::Key(Key::Payload { base, offset, len })
}

fn is(expr: Expr<'static>, op: u32, value: Vec<u8>) -> Stmt<'static> {
    Stmt::Match(expr, op, With::Value(value.into()))
}

fn masked(of: Expr<'static>, mask: Vec<u8>) -> Expr<'static> {
    let xor = vec![0; mask.len()].into();
    Expr::Bits { of: Box::new(of), mask: mask.into(), xor }
}

/// The rule that does what `spec` says.
pub(super) fn rule(spec: &Spec) -> Rule<'static> {
    let mut stmts = Vec::new();
    let interfaces = [(&spec.input, nft_meta::IIFNAME), (&spec.output, nft_meta::OIFNAME)];
    interfaces.iter().for_each(|(interface, key)| stmts.extend(named(interface, *key)));
    if spec.protocol != 0 {
        stmts.push(is(Expr::Key(Key::Meta(nft_meta::L4PROTO)), op(spec.not_protocol), vec![spec.protocol]));
    }
    let (offsets, len) = places(spec.family);
    for (network, offset) in [&spec.source, &spec.destination].into_iter().zip(offsets) {
        stmts.extend(addressed(network, offset, len, spec.family));
    }
    if let Some(later) = spec.fragment {
        let field = masked(payload(nft_payload::NETWORK_HEADER, FRAGMENT, 2), FRAGMENT_BITS.into());
        stmts.push(is(field, op(later), vec![0, 0]));
    }
    spec.matches.iter().for_each(|used| matched(used, &mut stmts));
    stmts.push(Stmt::Counter { packets: spec.packets, bytes: spec.bytes });
    let verdict = |code, chain: &str| Stmt::Verdict(code, Cow::Owned(chain.as_bytes().to_vec()));
    match &spec.target {
        Target::None => {}
        Target::Verdict(Verdict::Accept) => stmts.push(verdict(verdict::ACCEPT, "")),
        Target::Verdict(Verdict::Drop) => stmts.push(verdict(verdict::DROP, "")),
        Target::Verdict(Verdict::Return) => stmts.push(verdict(NFT_RETURN, "")),
        Target::Jump(chain) => stmts.push(verdict(NFT_JUMP, chain)),
        Target::Goto(chain) => stmts.push(verdict(NFT_GOTO, chain)),
        Target::Ext(target) => stmts.push(xt(target)),
    }
    let mut rule = Rule { stmts, ..Rule::default() };
    rule.compat = Some(compat(&rule));
    rule
}

/// What extensions have to know of a rule, which the kernel does not give back: its protocol, and whether it is any other
/// (`NFT_RULE_COMPAT_F_INV`).
pub(super) fn compat(rule: &Rule<'_>) -> (u32, u32) {
    let protocol = |stmt: &Stmt<'_>| match stmt {
        Stmt::Match(Expr::Key(Key::Meta(nft_meta::L4PROTO)), op, With::Value(value)) => {
            let flags = if *op == nft_cmp::NEQ { 2 } else { 0 };
            value.first().map(|protocol| (u32::from(*protocol), flags))
        }
        _ => None,
    };
    rule.stmts.iter().find_map(protocol).unwrap_or_default()
}

fn xt(used: &Use) -> Stmt<'static> {
    Stmt::Xt {
        target: used.ext.is_target,
        name: used.ext.kernel.as_bytes().into(),
        rev: used.ext.revision,
        info: used.info.clone().into(),
    }
}

fn named(interface: &Interface, key: u32) -> Option<Stmt<'static>> {
    let expr = Expr::Key(Key::Meta(key));
    let name = interface.name.as_bytes();
    match name.strip_suffix(b"+") {
        None if name.is_empty() => None,
        None => Some(is(expr, op(interface.not), [name, b"\0"].concat())),
        Some([]) if !interface.not => None,
        Some([]) => Some(is(expr, nft_cmp::EQ, NO_NAME.into())),
        Some(start) => Some(is(expr, op(interface.not), start.into())),
    }
}

fn addressed(network: &Network, offset: u32, len: u32, family: u8) -> Option<Stmt<'static>> {
    if network.is_any() {
        return None;
    }
    let cut = |bytes: [u8; 16], len: u32| bytes.get(..usize::try_from(len).ok()?).map(<[u8]>::to_vec);
    // Whole bytes are compared as such.
    let whole = network.length(family).filter(|bits| bits % 8 == 0 && *bits > 0);
    let len = whole.map_or(len, |bits| bits / 8);
    let mut expr = payload(nft_payload::NETWORK_HEADER, offset, len);
    if whole.is_none() {
        expr = masked(expr, cut(network.mask, len)?);
    }
    Some(is(expr, op(network.not), cut(network.addr, len)?))
}

/// What a match is to nftables, which has some of its own.
fn matched(used: &Use, to: &mut Vec<Stmt<'static>>) {
    let byte = |at| ext::get(&used.info, at, 1);
    let ports = |at: usize| (ext::get(&used.info, at, 2), ext::get(&used.info, at.saturating_add(2), 2));
    match used.ext.name {
        // Without anything said, they are there for those who look for them.
        "tcp" | "udp" if *used == Use::new(used.ext) => to.push(xt(used)),
        name @ ("tcp" | "udp") => {
            let not = |at| {
                let (not_at, bit) = inverted(name, at);
                byte(not_at) & bit != 0
            };
            let (mask, flags) = if name == "tcp" { (byte(FLAGS), byte(FLAGS.saturating_add(1))) } else { (0, 0) };
            if mask != 0 {
                let [mask, flags] = [mask, flags].map(|b| vec![u8::try_from(b).unwrap_or_default()]);
                let field = masked(payload(nft_payload::TRANSPORT_HEADER, 13, 1), mask);
                to.push(is(field, op(not(FLAGS)), flags));
            }
            ported(ports(SOURCE), not(SOURCE), ports(DESTINATION), not(DESTINATION), to);
        }
        "limit" => {
            let (count, unit, _) = rate(ext::get(&used.info, 0, 4));
            let (rate, unit, burst) = (count.into(), unit.into(), ext::get(&used.info, 4, 4));
            to.push(Stmt::Limit { rate, unit, burst, bytes: false, over: false });
        }
        "mark" => {
            let (mark, mask) = (ext::get(&used.info, 0, 4), ext::get(&used.info, 4, 4));
            let mut expr = Expr::Key(Key::Meta(nft_meta::MARK));
            if mask != u32::MAX {
                expr = masked(expr, mask.to_ne_bytes().into());
            }
            to.push(is(expr, op(byte(8) != 0), mark.to_ne_bytes().into()));
        }
        _ => to.push(xt(used)),
    }
}

type Ports = (u32, u32);

fn ported(source: Ports, not_source: bool, destination: Ports, not_destination: bool, to: &mut Vec<Stmt<'static>>) {
    let bytes = |port: u32| u16::try_from(port).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    let single = |ports: Ports| ports.0 != 0 && ports.0 == ports.1;
    if single(source) && single(destination) && not_source == not_destination {
        let both = payload(nft_payload::TRANSPORT_HEADER, 0, 4);
        return to.push(is(both, op(not_source), [bytes(source.0), bytes(destination.0)].concat()));
    }
    for (ports, not, offset) in [(source, not_source, 0), (destination, not_destination, 2)] {
        let field = payload(nft_payload::TRANSPORT_HEADER, offset, 2);
        match ports {
            (0, 0xffff) => {}
            (low, high) if low == high => to.push(is(field, op(not), bytes(low))),
            (0, high) => to.push(is(field, if not { nft_cmp::GT } else { nft_cmp::LTE }, bytes(high))),
            (low, high) => {
                let range = With::Range(bytes(low).into(), bytes(high).into());
                to.push(Stmt::Match(field, op(not), range));
            }
        }
    }
}

/// What `rule` says, in the words of iptables. Nothing: it says more than those can.
pub(super) fn spec(rule: &Rule<'_>, family: u8) -> Option<Spec> {
    let mut reader = Reader { spec: Spec::any(family), counted: false, ended: false };
    for stmt in &rule.stmts {
        reader.take(stmt)?;
    }
    let mut spec = reader.spec;
    if let Some(comment) = &rule.comment {
        let mut used = Use::new(ext::find("comment", false, family)?);
        used.take(used.ext.options.first()?, false, &[comment], spec.of()).ok()?;
        spec.matches.push(used);
    }
    let protocol = spec.of();
    let whole = |used: &Use| used.is_whole(protocol);
    let target = if let Target::Ext(target) = &spec.target { Some(target) } else { None };
    spec.matches.iter().chain(target).all(whole).then_some(spec)
}

struct Reader {
    spec: Spec,
    counted: bool,
    /// There was a target.
    ended: bool,
}

impl Reader {
    /// Takes a statement; nothing: it is not one of iptables'.
    fn take(&mut self, stmt: &Stmt<'_>) -> Option<()> {
        match stmt {
            // `-i +`: it is loaded, and not looked at.
            Stmt::Raw(name, attrs) if **name == *b"meta" => {
                let meta = Meta::parse(Attrs::new(attrs, 0)).ok()?;
                let key = meta.key().ok()?;
                let named = matches!(key, Some(nft_meta::IIFNAME | nft_meta::OIFNAME));
                return (named && meta.sreg().ok()?.is_none()).then_some(());
            }
            _ if self.ended => return None,
            // What has to be so for a packet to be counted is in front of the counter, and all of it.
            Stmt::Match(..) | Stmt::Limit { .. } | Stmt::Xt { target: false, .. } if self.counted => return None,
            Stmt::Counter { packets, bytes } if !self.counted => {
                (self.spec.packets, self.spec.bytes, self.counted) = (*packets, *bytes, true);
            }
            Stmt::Match(expr, op, with) => self.matched(expr, *op, with)?,
            Stmt::Limit { rate, unit, burst, bytes: false, over: false } => {
                let mut used = Use::new(ext::find("limit", false, self.spec.family)?);
                let takes = takes(u32::try_from(*rate).ok()?, u32::try_from(*unit).ok()?)?;
                ext::put(&mut used.info, 0, 4, takes);
                ext::put(&mut used.info, 4, 4, *burst);
                let (rate_again, unit_again, _) = self::rate(takes);
                if (u64::from(rate_again), u64::from(unit_again)) != (*rate, *unit) {
                    return None;
                }
                self.spec.matches.push(used);
            }
            Stmt::Xt { target, name, rev, info } => {
                let used = Use::of_kernel(name, *target, *rev, info, self.spec.of())?;
                if *target {
                    (self.spec.target, self.ended) = (Target::Ext(used), true);
                } else {
                    self.spec.matches.push(used);
                }
            }
            Stmt::Verdict(code, chain) => {
                let chain = || std::str::from_utf8(chain).ok().filter(|c| super::words::chain_name(c).is_ok());
                self.spec.target = match *code {
                    verdict::ACCEPT => Target::Verdict(Verdict::Accept),
                    verdict::DROP => Target::Verdict(Verdict::Drop),
                    NFT_RETURN => Target::Verdict(Verdict::Return),
                    NFT_JUMP => Target::Jump(chain()?.into()),
                    NFT_GOTO => Target::Goto(chain()?.into()),
                    _ => return None,
                };
                self.ended = true;
            }
            _ => return None,
        }
        Some(())
    }

    fn matched(&mut self, expr: &Expr<'_>, op: u32, with: &With<'_>) -> Option<()> {
        let (key, mask) = match expr {
            Expr::Key(key) => (key, None),
            Expr::Bits { of, mask, xor } => match &**of {
                Expr::Key(key) if xor.iter().all(|b| *b == 0) => (key, Some(&**mask)),
                _ => return None,
            },
            _ => return None,
        };
        let not = op == nft_cmp::NEQ;
        let spec = &mut self.spec;
        let (offsets, most) = places(spec.family);
        let value = if let With::Value(value) = with { Some(&**value) } else { None };
        let equal = matches!(op, nft_cmp::EQ | nft_cmp::NEQ);
        match *key {
            Key::Payload { base: nft_payload::TRANSPORT_HEADER, offset, .. } => {
                return self.transport(offset, mask, op, with);
            }
            _ if !equal => return None,
            Key::Meta(nft_meta::L4PROTO) if mask.is_none() => protocol(spec, value?, not)?,
            Key::Meta(key @ (nft_meta::IIFNAME | nft_meta::OIFNAME)) if mask.is_none() => {
                let interface = if key == nft_meta::IIFNAME { &mut spec.input } else { &mut spec.output };
                if !interface.name.is_empty() {
                    return None;
                }
                *interface = interface_named(value?, not)?;
            }
            Key::Meta(nft_meta::MARK) => {
                let mut used = Use::new(ext::find("mark", false, spec.family)?);
                let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_ne_bytes);
                ext::put(&mut used.info, 0, 4, number(value?)?);
                ext::put(&mut used.info, 4, 4, mask.map_or(Some(u32::MAX), number)?);
                ext::put(&mut used.info, 8, 1, not.into());
                spec.matches.push(used);
            }
            Key::Payload { base: nft_payload::NETWORK_HEADER, offset, len } => {
                if offset == PROTOCOL && len == 1 && spec.family == V4 && mask.is_none() {
                    return protocol(spec, value?, not);
                }
                if offset == FRAGMENT && len == 2 && spec.family == V4 && mask == Some(&FRAGMENT_BITS) {
                    let first = spec.fragment.is_none() && value? == [0, 0];
                    spec.fragment = first.then_some(not);
                    return first.then_some(());
                }
                let network = match offset {
                    offset if offset == offsets[0] => &mut spec.source,
                    offset if offset == offsets[1] => &mut spec.destination,
                    _ => return None,
                };
                if !network.is_any() || len > most {
                    return None;
                }
                *network = network_of(value?, mask, len, not)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// What is looked at of the transport header goes into the match of its protocol, or another where that is full.
    fn transport(&mut self, offset: u32, mask: Option<&[u8]>, op: u32, with: &With<'_>) -> Option<()> {
        let ext = ext::of_protocol(self.spec.of()).filter(|ext| matches!(ext.name, "tcp" | "udp"))?;
        let port = |bytes: &[u8]| bytes.try_into().ok().map(|b| u32::from(u16::from_be_bytes(b)));
        let equal = matches!(op, nft_cmp::EQ | nft_cmp::NEQ);
        // Where it is in the match, and the two numbers there: mask and flags, or ports.
        let said: Vec<(usize, u32, u32)> = match (offset, mask, with) {
            (13, mask, With::Value(value)) if ext.name == "tcp" && equal => {
                let ([mask], [flags]) = (mask.unwrap_or(&[0xff]), &**value) else { return None };
                vec![(FLAGS, (*mask).into(), (*flags).into())]
            }
            (0, None, With::Value(value)) if value.len() == 4 && equal => {
                let (source, destination) = value.split_at_checked(2)?;
                let (source, destination) = (port(source)?, port(destination)?);
                vec![(SOURCE, source, source), (DESTINATION, destination, destination)]
            }
            (0 | 2, None, with) => {
                let (low, high) = match (with, op) {
                    (With::Range(low, high), _) if equal => (port(low)?, port(high)?),
                    (With::Value(value), nft_cmp::LTE) => (0, port(value)?),
                    (With::Value(value), nft_cmp::GT) => {
                        (port(value)?.checked_add(1).filter(|low| *low <= 0xffff)?, 0xffff)
                    }
                    (With::Value(value), nft_cmp::LT) => (0, port(value)?.checked_sub(1)?),
                    (With::Value(value), nft_cmp::GTE) => (port(value)?, 0xffff),
                    (With::Value(value), _) if equal => (port(value)?, port(value)?),
                    _ => return None,
                };
                vec![(if offset == 0 { SOURCE } else { DESTINATION }, low, high)]
            }
            _ => return None,
        };
        let unsaid = Use::new(ext);
        let len = |at| if at == FLAGS { 1 } else { 2 };
        let numbers = |used: &Use, at: usize| {
            [at, at.saturating_add(len(at))].map(|at_one| ext::get(&used.info, at_one, len(at)))
        };
        let free = |used: &Use| {
            let free = |(at, ..): &(usize, u32, u32)| numbers(used, *at) == numbers(&unsaid, *at);
            used.ext.name == ext.name && said.iter().all(free)
        };
        let matches = &mut self.spec.matches;
        if !matches.iter().any(free) {
            matches.push(unsaid.clone());
        }
        let used = matches.iter_mut().rfind(|used| free(used))?;
        for (at, first, second) in &said {
            ext::put(&mut used.info, *at, len(*at), *first);
            ext::put(&mut used.info, at.saturating_add(len(*at)), len(*at), *second);
            if op == nft_cmp::NEQ {
                let (not_at, bit) = inverted(ext.name, *at);
                let before = ext::get(&used.info, not_at, 1);
                ext::put(&mut used.info, not_at, 1, before | bit);
            }
        }
        Some(())
    }
}

/// Where `struct xt_tcp` and `xt_udp` have ports, and the first of these what is looked at of its flags.
const SOURCE: usize = 0;
const DESTINATION: usize = 4;
const FLAGS: usize = 9;

/// Where they have the bit that inverts one of these, and which it is.
fn inverted(name: &str, at: usize) -> (usize, u32) {
    let bit = match at {
        SOURCE => 1,
        DESTINATION => 2,
        _ => 4,
    };
    (if name == "tcp" { 11 } else { 8 }, bit)
}

fn protocol(spec: &mut Spec, value: &[u8], not: bool) -> Option<()> {
    let [protocol] = value else { return None };
    let first = spec.protocol == 0 && *protocol != 0;
    (spec.protocol, spec.not_protocol) = (*protocol, not);
    first.then_some(())
}

fn interface_named(value: &[u8], not: bool) -> Option<Interface> {
    if value == NO_NAME && !not {
        return Some(Interface { name: "+".into(), not: true });
    }
    let end = value.iter().position(|b| *b == 0);
    let name = std::str::from_utf8(value.get(..end.unwrap_or(value.len()))?).ok()?;
    let plain = !name.is_empty() && name.len() <= 15 && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    // A name that ends so would be read as the beginning of names.
    let name = if end.is_none() { format!("{name}+") } else { name.to_owned() };
    (plain && (end.is_none() || !name.ends_with('+'))).then_some(Interface { name, not })
}

fn network_of(value: &[u8], mask: Option<&[u8]>, len: u32, not: bool) -> Option<Network> {
    let len = usize::try_from(len).ok()?;
    let mut network = Network { not, ..Network::default() };
    network.addr.get_mut(..len)?.copy_from_slice(value.get(..len)?);
    match mask {
        Some(mask) => network.mask.get_mut(..len)?.copy_from_slice(mask.get(..len)?),
        None => network.mask.get_mut(..len)?.fill(0xff),
    }
    let inside = network.addr.iter().zip(network.mask).all(|(addr, mask)| addr & !mask == 0);
    inside.then_some(network)
}
