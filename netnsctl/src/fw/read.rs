//! Expressions to statements: follows what registers hold. What cannot be followed is kept as it is.

use super::rule::{Expr, Key, NatKind, Reject, Rule, Set, Stmt, With};
use nl_core::netfilter::expr::{
    Bitwise, ByteOrder, Cmp, ConnLimit, Counter, Ct, Dup, DynSet, ExtHdr, Fib, Fwd, Immediate, Limit, Log, Lookup,
    Masq, Meta, NFT_REG_VERDICT, NFT_REG32_00, Nat, NatFlags, NumGen, ObjRef, Payload, Queue, Quota, Range, Redir, Rt,
    Socket, Xt, nft_bitwise, nft_cmp, nft_nat,
};
use nl_core::netfilter::{self, Data, nfta_rule_compat, udata};
use nl_core::{Attrs, DecodeError};

/// What to show of sets that rules use: the length of a key in bytes.
pub trait Sets {
    /// Length in bytes of a key of set `name` of the rule's table, where it is known.
    fn key_len(&self, name: &[u8]) -> Option<u32>;
}

/// No sets are known: a key is as long as what was loaded.
impl Sets for () {
    fn key_len(&self, _: &[u8]) -> Option<u32> {
        None
    }
}

/// Reads a rule.
///
/// # Errors
/// A list of attributes is broken.
pub fn rule<'a>(rule: &netfilter::Rule<'a>, sets: &dyn Sets) -> Result<Rule<'a>, DecodeError> {
    let compat = match rule.compat()? {
        Some(attrs) => {
            let number = |kind| attrs.find(kind).and_then(|a| a.be32().ok()).unwrap_or_default();
            Some((number(nfta_rule_compat::PROTO), number(nfta_rule_compat::FLAGS)))
        }
        None => None,
    };
    let comment = rule.userdata()?.and_then(|data| udata::string(data, udata::COMMENT)).map(Into::into);
    Ok(Rule { stmts: list(rule.list()?, sets)?, comment, compat })
}

/// Reads a list of expressions.
///
/// # Errors
/// A list of attributes is broken.
pub fn list<'a>(list: Option<Attrs<'a>>, sets: &dyn Sets) -> Result<Vec<Stmt<'a>>, DecodeError> {
    let mut reader = Reader { regs: [const { None }; SLOTS], stmts: Vec::new(), sets };
    for expr in netfilter::expressions(list.unwrap_or(Attrs::new(&[], 0))) {
        let (name, attrs) = expr?;
        if reader.expression(name, attrs.clone())?.is_none() {
            // What it reads is kept as it was too; what it loads is not known.
            (0..SLOTS).for_each(|slot| reader.put_back(slot));
            reader.regs = [const { None }; SLOTS];
            reader.stmts.push(Stmt::Raw(name.into(), attrs.bytes().into()));
        }
    }
    // What was loaded for nothing is said too.
    (0..SLOTS).for_each(|slot| reader.put_back(slot));
    Ok(reader.stmts)
}

/// Reads one expression: what an element of a set does.
///
/// # Errors
/// A list of attributes is broken.
pub fn one(expr: Attrs<'_>) -> Result<Vec<Stmt<'_>>, DecodeError> {
    let (name, attrs) = netfilter::expression(expr)?;
    let mut reader = Reader { regs: [const { None }; SLOTS], stmts: Vec::new(), sets: &() };
    if reader.expression(name, attrs.clone())?.is_none() {
        reader.stmts.push(Stmt::Raw(name.into(), attrs.bytes().into()));
    }
    Ok(reader.stmts)
}

/// Registers of 4 bytes.
const SLOTS: usize = 16;

/// What a register holds, and the expression that nothing has used yet: its name and attributes.
type Held<'a> = (Expr<'a>, Option<(&'a [u8], &'a [u8])>);

struct Reader<'a, 's> {
    regs: [Option<Held<'a>>; SLOTS],
    stmts: Vec<Stmt<'a>>,
    sets: &'s dyn Sets,
}

/// `None`: it is not understood.
type Read<T> = Result<Option<T>, DecodeError>;

/// The value of an option, else gives back that it is not understood.
macro_rules! some {
    ($option:expr) => {
        match $option {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}

impl<'a> Reader<'a, '_> {
    /// What has been loaded into `slot` and not used.
    fn put_back(&mut self, slot: usize) {
        if let Some(Some((_, unused))) = self.regs.get_mut(slot) {
            if let Some((name, attrs)) = unused.take() {
                self.stmts.push(Stmt::Raw(name.into(), attrs.into()));
            }
        }
    }

    fn load(&mut self, reg: u32, expr: Expr<'a>, from: Option<(&'a [u8], &'a [u8])>) -> Option<()> {
        let slot = slot(reg)?;
        self.put_back(slot);
        *self.regs.get_mut(slot)? = Some((expr, from));
        Some(())
    }

    /// What a register holds.
    fn get(&mut self, reg: u32) -> Option<Expr<'a>> {
        let (expr, unused) = self.regs.get_mut(slot(reg)?)?.as_mut()?;
        *unused = None;
        Some(expr.clone())
    }

    /// What the registers from `reg` on hold, `len` bytes of them.
    fn key(&mut self, reg: u32, len: Option<u32>) -> Option<Expr<'a>> {
        let first = self.get(reg)?;
        let len = len.unwrap_or(0);
        if len <= first.slots().saturating_mul(4) {
            return Some(first);
        }
        let mut slot = u32::try_from(slot(reg)?).ok()?.saturating_add(first.slots());
        let end = slot.saturating_sub(first.slots()).saturating_add(len.div_ceil(4));
        let mut all = vec![first];
        while slot < end {
            let next = self.get(slot.saturating_add(NFT_REG32_00))?;
            slot = slot.saturating_add(next.slots().max(1));
            all.push(next);
        }
        Some(Expr::Concat(all))
    }

    fn expression(&mut self, name: &'a [u8], attrs: Attrs<'a>) -> Read<()> {
        let raw = (name, attrs.bytes());
        let stmt = match name {
            b"payload" => {
                let e = Payload::parse(attrs)?;
                let key = Key::Payload { base: some!(e.base()?), offset: some!(e.offset()?), len: some!(e.len()?) };
                match e.sreg()? {
                    None => return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw))),
                    Some(sreg) => {
                        let number = |n: Option<u32>| n.unwrap_or_default();
                        let csum = (number(e.csum_type()?), number(e.csum_offset()?), number(e.csum_flags()?));
                        Stmt::Set(key, some!(self.get(sreg)), csum)
                    }
                }
            }
            b"meta" => {
                let e = Meta::parse(attrs)?;
                let key = Key::Meta(some!(e.key()?));
                match e.sreg()? {
                    None => return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw))),
                    Some(sreg) => Stmt::Set(key, some!(self.get(sreg)), (0, 0, 0)),
                }
            }
            b"ct" => {
                let e = Ct::parse(attrs)?;
                let key = Key::Ct(some!(e.key()?), e.direction()?);
                match e.sreg()? {
                    None => return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw))),
                    Some(sreg) => Stmt::Set(key, some!(self.get(sreg)), (0, 0, 0)),
                }
            }
            b"exthdr" => {
                let e = ExtHdr::parse(attrs)?;
                let key = Key::ExtHdr {
                    op: e.op()?.unwrap_or_default(),
                    kind: some!(e.kind()?),
                    offset: some!(e.offset()?),
                    len: some!(e.len()?),
                    flags: e.flags()?.unwrap_or_default(),
                };
                match e.sreg()? {
                    None => return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw))),
                    Some(sreg) => Stmt::Set(key, some!(self.get(sreg)), (0, 0, 0)),
                }
            }
            b"fib" => {
                let e = Fib::parse(attrs)?;
                let key = Key::Fib { result: some!(e.result()?), flags: some!(e.flags()?) };
                return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw)));
            }
            b"rt" => {
                let e = Rt::parse(attrs)?;
                return Ok(self.load(some!(e.dreg()?), Expr::Key(Key::Rt(some!(e.key()?))), Some(raw)));
            }
            b"socket" => {
                let e = Socket::parse(attrs)?;
                let key = Key::Socket(some!(e.key()?), e.level()?);
                return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw)));
            }
            b"numgen" => {
                let e = NumGen::parse(attrs)?;
                let key = Key::NumGen {
                    random: e.kind()? == Some(1),
                    modulus: some!(e.modulus()?),
                    offset: e.offset()?.unwrap_or_default(),
                };
                return Ok(self.load(some!(e.dreg()?), Expr::Key(key), Some(raw)));
            }
            b"immediate" => {
                let e = Immediate::parse(attrs)?;
                match (some!(e.dreg()?), some!(e.data()?)) {
                    (_, Data::Verdict(code, chain)) => Stmt::Verdict(code, chain.into()),
                    (reg, Data::Value(value)) => {
                        return Ok(self.load(reg, Expr::Value(value.into()), Some(raw)));
                    }
                }
            }
            b"bitwise" => {
                let e = Bitwise::parse(attrs)?;
                let of = Box::new(some!(self.get(some!(e.sreg()?))));
                let expr = match (e.op()?.unwrap_or_default(), e.mask()?, e.xor()?, e.data()?) {
                    (nft_bitwise::MASK_XOR, Some(Data::Value(mask)), Some(Data::Value(xor)), _) => {
                        Expr::Bits { of, mask: mask.into(), xor: xor.into() }
                    }
                    (op @ (nft_bitwise::LSHIFT | nft_bitwise::RSHIFT), _, _, Some(Data::Value(bits))) => {
                        let bits = u32::from_ne_bytes(*some!(bits.first_chunk()));
                        Expr::Shift { of, left: op == nft_bitwise::LSHIFT, bits }
                    }
                    _ => return Ok(None),
                };
                return Ok(self.load(some!(e.dreg()?), expr, Some(raw)));
            }
            b"byteorder" => {
                let e = ByteOrder::parse(attrs)?;
                let of = Box::new(some!(self.get(some!(e.sreg()?))));
                let (len, size) = (some!(e.len()?), some!(e.size()?));
                let expr = Expr::Order { of, hton: e.op()? == Some(1), len, size };
                return Ok(self.load(some!(e.dreg()?), expr, Some(raw)));
            }
            b"cmp" => {
                let e = Cmp::parse(attrs)?;
                let (op, Data::Value(value)) = (some!(e.op()?), some!(e.data()?)) else { return Ok(None) };
                let expr = some!(self.key(some!(e.sreg()?), u32::try_from(value.len()).ok()));
                match self.stmts.last_mut() {
                    // The two ends of a range.
                    Some(Stmt::Match(same, before, with))
                        if op == nft_cmp::LTE && *before == nft_cmp::GTE && *same == expr =>
                    {
                        let With::Value(from) = with else { return Ok(None) };
                        *with = With::Range(std::mem::take(from), value.into());
                        *before = nft_cmp::EQ;
                        return Ok(Some(()));
                    }
                    _ => Stmt::Match(expr, op, With::Value(value.into())),
                }
            }
            b"range" => {
                let e = Range::parse(attrs)?;
                let (Data::Value(from), Data::Value(to)) = (some!(e.from()?), some!(e.to()?)) else { return Ok(None) };
                let expr = some!(self.key(some!(e.sreg()?), u32::try_from(from.len()).ok()));
                Stmt::Match(expr, some!(e.op()?), With::Range(from.into(), to.into()))
            }
            b"lookup" => {
                let e = Lookup::parse(attrs)?;
                let name = some!(e.set()?);
                let key = some!(self.key(some!(e.sreg()?), self.sets.key_len(name)));
                let set = Set::Named(name.into());
                match e.dreg()? {
                    Some(NFT_REG_VERDICT) => Stmt::Vmap(key, set),
                    Some(dreg) => return Ok(self.load(dreg, Expr::Map(Box::new(key), set), Some(raw))),
                    None => {
                        let not = e.flags()?.unwrap_or_default() & 1 != 0;
                        Stmt::Match(key, if not { nft_cmp::NEQ } else { nft_cmp::EQ }, With::Set(set))
                    }
                }
            }
            b"dynset" => {
                let e = DynSet::parse(attrs)?;
                let set = some!(e.set()?);
                let key = some!(self.key(some!(e.sreg_key()?), self.sets.key_len(set)));
                let data = match e.sreg_data()? {
                    Some(reg) => Some(some!(self.get(reg))),
                    None => None,
                };
                let stmts = match (e.exprs()?, e.expr()?) {
                    (None, Some(expr)) => one(expr)?,
                    (all, _) => list(all, self.sets)?,
                };
                let timeout = e.timeout()?.unwrap_or_default();
                Stmt::DynSet { op: some!(e.op()?), set: set.into(), key, data, timeout, stmts }
            }
            b"counter" => {
                let e = Counter::parse(attrs)?;
                Stmt::Counter { packets: e.packets()?.unwrap_or_default(), bytes: e.bytes()?.unwrap_or_default() }
            }
            b"limit" => {
                let e = Limit::parse(attrs)?;
                Stmt::Limit {
                    rate: some!(e.rate()?),
                    unit: some!(e.unit()?),
                    burst: e.burst()?.unwrap_or_default(),
                    bytes: e.kind()? == Some(1),
                    over: e.flags()?.unwrap_or_default() & 1 != 0,
                }
            }
            b"quota" => {
                let e = Quota::parse(attrs)?;
                Stmt::Quota {
                    bytes: some!(e.bytes()?),
                    used: e.consumed()?.unwrap_or_default(),
                    over: e.flags()?.unwrap_or_default() & 1 != 0,
                }
            }
            b"connlimit" => {
                let e = ConnLimit::parse(attrs)?;
                Stmt::ConnLimit { count: some!(e.count()?), over: e.flags()?.unwrap_or_default() & 1 != 0 }
            }
            b"log" => {
                let e = Log::parse(attrs)?;
                Stmt::Log {
                    prefix: e.prefix()?.map(Into::into),
                    group: e.group()?,
                    snaplen: e.snaplen()?,
                    threshold: e.qthreshold()?,
                    level: e.level()?,
                    flags: e.flags()?,
                }
            }
            b"reject" => {
                let e = netfilter::expr::Reject::parse(attrs)?;
                Stmt::Reject(Reject { kind: some!(e.kind()?), code: e.code()?.unwrap_or_default() })
            }
            b"nat" => {
                let e = Nat::parse(attrs)?;
                let kind = match some!(e.kind()?) {
                    nft_nat::SNAT => NatKind::Snat,
                    _ => NatKind::Dnat,
                };
                let addr = some!(self.ends(e.addr_min()?, e.addr_max()?));
                let port = some!(self.ends(e.proto_min()?, e.proto_max()?));
                let family = u8::try_from(e.family()?.unwrap_or_default()).unwrap_or_default();
                Stmt::Nat { kind, family, addr, port, flags: chosen(e.flags()?) }
            }
            b"masq" => {
                let e = Masq::parse(attrs)?;
                let port = some!(self.ends(e.proto_min()?, e.proto_max()?));
                Stmt::Nat { kind: NatKind::Masquerade, family: 0, addr: None, port, flags: chosen(e.flags()?) }
            }
            b"redir" => {
                let e = Redir::parse(attrs)?;
                let port = some!(self.ends(e.proto_min()?, e.proto_max()?));
                Stmt::Nat { kind: NatKind::Redirect, family: 0, addr: None, port, flags: chosen(e.flags()?) }
            }
            b"notrack" => Stmt::NoTrack,
            b"objref" => {
                let e = ObjRef::parse(attrs)?;
                match (e.kind()?, e.name()?, e.sreg()?, e.set()?) {
                    (Some(kind), Some(name), ..) => Stmt::Object(kind, name.into()),
                    (_, _, Some(sreg), Some(set)) => {
                        let key = some!(self.key(sreg, self.sets.key_len(set)));
                        Stmt::ObjectMap(key, Set::Named(set.into()))
                    }
                    _ => return Ok(None),
                }
            }
            b"queue" => {
                let e = Queue::parse(attrs)?;
                if e.sreg()?.is_some() {
                    return Ok(None);
                }
                Stmt::Queue(some!(e.num()?), e.total()?.unwrap_or(1), e.flags()?.unwrap_or_default())
            }
            b"dup" => {
                let e = Dup::parse(attrs)?;
                let (addr, dev) = (e.addr()?, e.dev()?);
                Stmt::Dup(addr.and_then(|reg| self.get(reg)), dev.and_then(|reg| self.get(reg)))
            }
            b"fwd" => {
                let e = Fwd::parse(attrs)?;
                let addr = match e.addr()? {
                    Some(reg) => Some((e.nfproto()?.unwrap_or_default(), some!(self.get(reg)))),
                    None => None,
                };
                Stmt::Fwd(some!(self.get(some!(e.dev()?))), addr)
            }
            b"match" | b"target" => {
                let e = Xt::parse(attrs)?;
                Stmt::Xt {
                    target: name == b"target",
                    name: some!(e.name()?).into(),
                    rev: e.rev()?.unwrap_or_default(),
                    info: e.info()?.unwrap_or_default().into(),
                }
            }
            _ => return Ok(None),
        };
        self.stmts.push(stmt);
        Ok(Some(()))
    }

    /// The first and the last of what registers hold; a last one that is the first is none. `None`: a register has nothing.
    #[expect(clippy::option_option, reason = "whether it is understood, and whether it is given")]
    fn ends(&mut self, min: Option<u32>, max: Option<u32>) -> Option<Option<(Expr<'a>, Option<Expr<'a>>)>> {
        let Some(min) = min else { return Some(None) };
        let last = match max {
            Some(max) if max != min => Some(self.get(max)?),
            _ => None,
        };
        Some(Some((self.get(min)?, last)))
    }
}

/// The flags that are not said by what is given.
fn chosen(flags: Option<u32>) -> u32 {
    flags.unwrap_or_default() & !(NatFlags::MAP_IPS | NatFlags::PROTO_SPECIFIED).bits()
}

/// Where a register begins, in registers of 4 bytes.
fn slot(reg: u32) -> Option<usize> {
    let slot = match reg {
        1..=4 => reg.saturating_sub(1).saturating_mul(4),
        _ => reg.checked_sub(NFT_REG32_00)?,
    };
    usize::try_from(slot).ok().filter(|slot| *slot < SLOTS)
}
