//! Statements to expressions, as nft(8) writes them: registers are given out from the first on, for each statement anew.

use super::rule::{Bytes, Expr, Key, NatKind, Rule, Set, Stmt, With};
use nl_core::netfilter::expr::{
    NFT_REG_1, NFT_REG_VERDICT, NFT_REG32_00, nft_bitwise, nft_cmp, nfta_bitwise, nfta_byteorder, nfta_cmp,
    nfta_connlimit, nfta_counter, nfta_ct, nfta_dup, nfta_dynset, nfta_exthdr, nfta_fib, nfta_fwd, nfta_immediate,
    nfta_limit, nfta_log, nfta_lookup, nfta_masq, nfta_match, nfta_meta, nfta_nat, nfta_ng, nfta_objref, nfta_payload,
    nfta_queue, nfta_quota, nfta_range, nfta_redir, nfta_reject, nfta_rt, nfta_socket, write, write_raw,
};
use nl_core::netfilter::expr::{nft_meta, nft_nat};
use nl_core::netfilter::{Data, nest, nfta_rule, nfta_rule_compat, udata};
use nl_core::{EncodeError, Msg};

/// The longest comment in bytes, as nft(8) has it.
pub const COMMENT_MAX: usize = 128;

/// Writes the rule's expressions, comment and what iptables' extensions have to know. `sets` are the numbers of the anonymous
/// sets within the transaction, in the order of [`anonymous`].
pub fn rule(m: &mut Msg<'_>, rule: &Rule<'_>, sets: &mut dyn Iterator<Item = u32>) {
    nest(m, nfta_rule::EXPRESSIONS, |m| Writer { m, sets }.stmts(&rule.stmts));
    if let Some((proto, flags)) = rule.compat {
        nest(m, nfta_rule::COMPAT, |m| {
            m.be32(nfta_rule_compat::PROTO, proto);
            m.be32(nfta_rule_compat::FLAGS, flags);
        });
    }
    if let Some(comment) = &rule.comment {
        user_string(m, nfta_rule::USERDATA, udata::COMMENT, comment);
    }
}

/// Writes user data that is one string.
pub fn user_string(m: &mut Msg<'_>, attr: u16, kind: u8, string: &[u8]) {
    let Ok(len) = u8::try_from(string.len().saturating_add(1)) else {
        return m.fail(EncodeError::AttrTooLong { kind: attr, len: string.len() });
    };
    m.bytes(attr, &[&[kind, len], string, &[0]].concat());
}

/// The sets that have to be made with the rule, in the order they are looked up in.
pub fn anonymous<'r>(rule: &'r Rule<'_>) -> Vec<&'r super::rule::Elements> {
    let set = |stmt: &'r Stmt<'_>| match stmt {
        Stmt::Match(_, _, With::Set(Set::Anonymous(elements))) | Stmt::Vmap(_, Set::Anonymous(elements)) => {
            Some(&**elements)
        }
        _ => None,
    };
    rule.stmts.iter().filter_map(set).collect()
}

impl Key {
    /// Length in bytes of what it loads.
    #[must_use]
    pub fn len(&self) -> u32 {
        use nl_core::netfilter::expr::{nft_ct, nft_fib_result, nft_rt, nft_socket};
        match *self {
            Key::Payload { len, .. } | Key::ExtHdr { len, .. } => len,
            Key::Meta(key) => match key {
                nft_meta::IIFNAME | nft_meta::OIFNAME | nft_meta::BRI_IIFNAME | nft_meta::BRI_OIFNAME => 16,
                nft_meta::IIFKIND | nft_meta::OIFKIND | nft_meta::SDIFNAME => 16,
                nft_meta::NFPROTO | nft_meta::L4PROTO | nft_meta::PKTTYPE | nft_meta::SECPATH => 1,
                nft_meta::TIME_DAY | nft_meta::NFTRACE => 1,
                nft_meta::PROTOCOL | nft_meta::IIFTYPE | nft_meta::OIFTYPE | nft_meta::BRI_IIFPVID => 2,
                nft_meta::BRI_IIFVPROTO => 2,
                nft_meta::TIME_NS => 8,
                _ => 4,
            },
            Key::Ct(key, _) => match key {
                nft_ct::DIRECTION | nft_ct::L3PROTOCOL | nft_ct::PROTOCOL => 1,
                nft_ct::PROTO_SRC | nft_ct::PROTO_DST | nft_ct::ZONE => 2,
                nft_ct::PKTS | nft_ct::BYTES | nft_ct::AVGPKT => 8,
                nft_ct::HELPER | nft_ct::LABELS | nft_ct::SRC_IP6 | nft_ct::DST_IP6 => 16,
                nft_ct::SRC | nft_ct::DST => 16,
                _ => 4,
            },
            Key::Fib { result: nft_fib_result::OIFNAME, .. } | Key::Rt(nft_rt::NEXTHOP6) => 16,
            Key::Rt(nft_rt::TCPMSS) => 2,
            Key::Rt(nft_rt::XFRM) | Key::Socket(nft_socket::TRANSPARENT | nft_socket::WILDCARD, _) => 1,
            Key::Socket(nft_socket::CGROUPV2, _) => 8,
            _ => 4,
        }
    }

    /// Whether it loads nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Expr<'_> {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        match self {
            Expr::Key(key) => key.len(),
            Expr::Bits { of, .. } | Expr::Shift { of, .. } | Expr::Order { of, .. } => of.len(),
            Expr::Value(value) => u32::try_from(value.len()).unwrap_or(u32::MAX),
            Expr::Map(..) => 4,
            Expr::Concat(all) => all.iter().map(Expr::slots).fold(0, u32::saturating_add).saturating_mul(4),
        }
    }

    /// How many registers of 4 bytes it fills.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.len().div_ceil(4)
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The name of a register that begins `slot` times 4 bytes into them.
fn register(slot: u32) -> u32 {
    match slot % 4 {
        0 => (slot / 4).saturating_add(NFT_REG_1),
        _ => slot.saturating_add(NFT_REG32_00),
    }
}

struct Writer<'w, 'b> {
    m: &'w mut Msg<'b>,
    sets: &'w mut dyn Iterator<Item = u32>,
}

impl Writer<'_, '_> {
    fn stmts(&mut self, stmts: &[Stmt<'_>]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    /// Loads an expression into the registers from `slot` on.
    fn load(&mut self, expr: &Expr<'_>, slot: u32) {
        let reg = register(slot);
        match expr {
            Expr::Key(key) => self.key(key, reg, true),
            Expr::Bits { of, mask, xor } => {
                self.load(of, slot);
                write(self.m, b"bitwise", |m| {
                    m.be32(nfta_bitwise::SREG, reg);
                    m.be32(nfta_bitwise::DREG, reg);
                    m.be32(nfta_bitwise::LEN, len32(mask));
                    m.be32(nfta_bitwise::OP, nft_bitwise::MASK_XOR);
                    Data::Value(mask).write(m, nfta_bitwise::MASK);
                    Data::Value(xor).write(m, nfta_bitwise::XOR);
                });
            }
            Expr::Shift { of, left, bits } => {
                self.load(of, slot);
                write(self.m, b"bitwise", |m| {
                    m.be32(nfta_bitwise::SREG, reg);
                    m.be32(nfta_bitwise::DREG, reg);
                    m.be32(nfta_bitwise::LEN, of.len());
                    m.be32(nfta_bitwise::OP, if *left { nft_bitwise::LSHIFT } else { nft_bitwise::RSHIFT });
                    Data::Value(&bits.to_ne_bytes()).write(m, nfta_bitwise::DATA);
                });
            }
            Expr::Order { of, hton, len, size } => {
                self.load(of, slot);
                write(self.m, b"byteorder", |m| {
                    m.be32(nfta_byteorder::SREG, reg);
                    m.be32(nfta_byteorder::DREG, reg);
                    m.be32(nfta_byteorder::OP, (*hton).into());
                    m.be32(nfta_byteorder::LEN, *len);
                    m.be32(nfta_byteorder::SIZE, *size);
                });
            }
            Expr::Value(value) => write(self.m, b"immediate", |m| {
                m.be32(nfta_immediate::DREG, reg);
                Data::Value(value).write(m, nfta_immediate::DATA);
            }),
            Expr::Map(key, set) => self.lookup(key, set, slot, Some(reg), false),
            Expr::Concat(all) => {
                let mut slot = slot;
                for expr in all {
                    self.load(expr, slot);
                    slot = slot.saturating_add(expr.slots());
                }
            }
        }
    }

    /// Loads a key into a register, or sets it from one.
    fn key(&mut self, key: &Key, reg: u32, load: bool) {
        let pick = |dreg, sreg| if load { dreg } else { sreg };
        match *key {
            Key::Payload { base, offset, len } => write(self.m, b"payload", |m| {
                m.be32(pick(nfta_payload::DREG, nfta_payload::SREG), reg);
                m.be32(nfta_payload::BASE, base);
                m.be32(nfta_payload::OFFSET, offset);
                m.be32(nfta_payload::LEN, len);
            }),
            Key::Meta(key) => write(self.m, b"meta", |m| {
                m.be32(nfta_meta::KEY, key);
                m.be32(pick(nfta_meta::DREG, nfta_meta::SREG), reg);
            }),
            Key::Ct(key, direction) => write(self.m, b"ct", |m| {
                m.be32(nfta_ct::KEY, key);
                m.be32(pick(nfta_ct::DREG, nfta_ct::SREG), reg);
                direction.iter().for_each(|direction| m.u8(nfta_ct::DIRECTION, *direction));
            }),
            Key::Fib { result, flags } => write(self.m, b"fib", |m| {
                m.be32(nfta_fib::FLAGS, flags);
                m.be32(nfta_fib::RESULT, result);
                m.be32(nfta_fib::DREG, reg);
            }),
            Key::Rt(key) => write(self.m, b"rt", |m| {
                m.be32(nfta_rt::KEY, key);
                m.be32(nfta_rt::DREG, reg);
            }),
            Key::Socket(key, level) => write(self.m, b"socket", |m| {
                m.be32(nfta_socket::KEY, key);
                m.be32(nfta_socket::DREG, reg);
                level.iter().for_each(|level| m.be32(nfta_socket::LEVEL, *level));
            }),
            Key::ExtHdr { op, kind, offset, len, flags } => write(self.m, b"exthdr", |m| {
                m.be32(pick(nfta_exthdr::DREG, nfta_exthdr::SREG), reg);
                m.u8(nfta_exthdr::TYPE, kind);
                m.be32(nfta_exthdr::OFFSET, offset);
                m.be32(nfta_exthdr::LEN, len);
                m.be32(nfta_exthdr::OP, op);
                m.be32(nfta_exthdr::FLAGS, flags);
            }),
            Key::NumGen { random, modulus, offset } => write(self.m, b"numgen", |m| {
                m.be32(nfta_ng::DREG, reg);
                m.be32(nfta_ng::MODULUS, modulus);
                m.be32(nfta_ng::TYPE, random.into());
                m.be32(nfta_ng::OFFSET, offset);
            }),
        }
    }

    /// Looks `key` up, and loads `dreg` with what the map has for it.
    fn lookup(&mut self, key: &Expr<'_>, set: &Set<'_>, slot: u32, dreg: Option<u32>, not: bool) {
        self.load(key, slot);
        let id = self.set_id(set);
        write(self.m, b"lookup", |m| {
            m.be32(nfta_lookup::SREG, register(slot));
            dreg.iter().for_each(|dreg| m.be32(nfta_lookup::DREG, *dreg));
            m.str(nfta_lookup::SET, set_name(set));
            id.iter().for_each(|id| m.be32(nfta_lookup::SET_ID, *id));
            if not {
                m.be32(nfta_lookup::FLAGS, 1);
            }
        });
    }

    fn set_id(&mut self, set: &Set<'_>) -> Option<u32> {
        match set {
            Set::Named(_) => None,
            Set::Anonymous(_) => self.sets.next(),
        }
    }

    fn cmp(&mut self, op: u32, value: &[u8]) {
        write(self.m, b"cmp", |m| {
            m.be32(nfta_cmp::SREG, register(0));
            m.be32(nfta_cmp::OP, op);
            Data::Value(value).write(m, nfta_cmp::DATA);
        });
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) {
        match stmt {
            Stmt::Match(expr, op, With::Set(set)) => self.lookup(expr, set, 0, None, *op == nft_cmp::NEQ),
            Stmt::Match(expr, op, with) => {
                self.load(expr, 0);
                match with {
                    With::Range(from, to) if *op == nft_cmp::NEQ => write(self.m, b"range", |m| {
                        m.be32(nfta_range::SREG, register(0));
                        m.be32(nfta_range::OP, *op);
                        Data::Value(from).write(m, nfta_range::FROM_DATA);
                        Data::Value(to).write(m, nfta_range::TO_DATA);
                    }),
                    With::Range(from, to) => {
                        self.cmp(nft_cmp::GTE, from);
                        self.cmp(nft_cmp::LTE, to);
                    }
                    With::Value(value) => self.cmp(*op, value),
                    With::Set(_) => {}
                }
            }
            Stmt::Verdict(code, chain) => write(self.m, b"immediate", |m| {
                m.be32(nfta_immediate::DREG, NFT_REG_VERDICT);
                Data::Verdict(*code, chain).write(m, nfta_immediate::DATA);
            }),
            Stmt::Vmap(key, map) => self.lookup(key, map, 0, Some(NFT_REG_VERDICT), false),
            Stmt::Counter { packets, bytes } => write(self.m, b"counter", |m| {
                m.be64(nfta_counter::BYTES, *bytes);
                m.be64(nfta_counter::PACKETS, *packets);
            }),
            Stmt::Limit { rate, unit, burst, bytes, over } => write(self.m, b"limit", |m| {
                m.be64(nfta_limit::RATE, *rate);
                m.be64(nfta_limit::UNIT, *unit);
                m.be32(nfta_limit::BURST, *burst);
                m.be32(nfta_limit::TYPE, (*bytes).into());
                m.be32(nfta_limit::FLAGS, (*over).into());
            }),
            Stmt::Quota { bytes, used, over } => write(self.m, b"quota", |m| {
                m.be64(nfta_quota::BYTES, *bytes);
                m.be32(nfta_quota::FLAGS, (*over).into());
                m.be64(nfta_quota::CONSUMED, *used);
            }),
            Stmt::ConnLimit { count, over } => write(self.m, b"connlimit", |m| {
                m.be32(nfta_connlimit::COUNT, *count);
                m.be32(nfta_connlimit::FLAGS, (*over).into());
            }),
            Stmt::Log { prefix, group, snaplen, threshold, level, flags } => write(self.m, b"log", |m| {
                prefix.iter().for_each(|prefix| m.str(nfta_log::PREFIX, prefix));
                group.iter().for_each(|group| m.be16(nfta_log::GROUP, *group));
                snaplen.iter().for_each(|snaplen| m.be32(nfta_log::SNAPLEN, *snaplen));
                threshold.iter().for_each(|threshold| m.be16(nfta_log::QTHRESHOLD, *threshold));
                level.iter().for_each(|level| m.be32(nfta_log::LEVEL, *level));
                flags.iter().for_each(|flags| m.be32(nfta_log::FLAGS, *flags));
            }),
            Stmt::Reject(reject) => write(self.m, b"reject", |m| {
                m.be32(nfta_reject::TYPE, reject.kind);
                m.u8(nfta_reject::ICMP_CODE, reject.code);
            }),
            Stmt::Nat { kind, family, addr, port, flags } => self.nat(*kind, *family, addr, port, *flags),
            Stmt::Set(Key::Payload { base, offset, len }, value, (kind, csum, more)) => {
                self.load(value, 0);
                write(self.m, b"payload", |m| {
                    m.be32(nfta_payload::SREG, register(0));
                    m.be32(nfta_payload::BASE, *base);
                    m.be32(nfta_payload::OFFSET, *offset);
                    m.be32(nfta_payload::LEN, *len);
                    m.be32(nfta_payload::CSUM_TYPE, *kind);
                    m.be32(nfta_payload::CSUM_OFFSET, *csum);
                    m.be32(nfta_payload::CSUM_FLAGS, *more);
                });
            }
            Stmt::Set(key, value, _) => {
                self.load(value, 0);
                self.key(key, register(0), false);
            }
            Stmt::NoTrack => write(self.m, b"notrack", |_| {}),
            Stmt::Object(kind, name) => write(self.m, b"objref", |m| {
                m.be32(nfta_objref::IMM_TYPE, *kind);
                m.str(nfta_objref::IMM_NAME, name);
            }),
            Stmt::ObjectMap(key, set) => {
                self.load(key, 0);
                let id = self.set_id(set);
                write(self.m, b"objref", |m| {
                    m.be32(nfta_objref::SET_SREG, register(0));
                    m.str(nfta_objref::SET_NAME, set_name(set));
                    id.iter().for_each(|id| m.be32(nfta_objref::SET_ID, *id));
                });
            }
            Stmt::DynSet { op, set, key, data, timeout, stmts } => {
                self.load(key, 0);
                let behind = key.slots();
                data.iter().for_each(|data| self.load(data, behind));
                write(self.m, b"dynset", |m| {
                    m.be32(nfta_dynset::SREG_KEY, register(0));
                    data.iter().for_each(|_| m.be32(nfta_dynset::SREG_DATA, register(behind)));
                    m.be32(nfta_dynset::OP, *op);
                    m.str(nfta_dynset::SET_NAME, set);
                    if *timeout != 0 {
                        m.be64(nfta_dynset::TIMEOUT, *timeout);
                    }
                    if !stmts.is_empty() {
                        nest(m, nfta_dynset::EXPRESSIONS, |m| {
                            Writer { m, sets: &mut std::iter::empty() }.stmts(stmts);
                        });
                    }
                });
            }
            Stmt::Queue(num, total, flags) => write(self.m, b"queue", |m| {
                m.be16(nfta_queue::NUM, *num);
                m.be16(nfta_queue::TOTAL, *total);
                m.be16(nfta_queue::FLAGS, *flags);
            }),
            Stmt::Dup(addr, dev) => {
                addr.iter().for_each(|addr| self.load(addr, 0));
                dev.iter().for_each(|dev| self.load(dev, 4));
                write(self.m, b"dup", |m| {
                    addr.iter().for_each(|_| m.be32(nfta_dup::SREG_ADDR, register(0)));
                    dev.iter().for_each(|_| m.be32(nfta_dup::SREG_DEV, register(4)));
                });
            }
            Stmt::Fwd(dev, addr) => {
                self.load(dev, 0);
                addr.iter().for_each(|(_, addr)| self.load(addr, 4));
                write(self.m, b"fwd", |m| {
                    m.be32(nfta_fwd::SREG_DEV, register(0));
                    if let Some((family, _)) = addr {
                        m.be32(nfta_fwd::SREG_ADDR, register(4));
                        m.be32(nfta_fwd::NFPROTO, *family);
                    }
                });
            }
            Stmt::Xt { target, name, rev, info } => write(self.m, if *target { b"target" } else { b"match" }, |m| {
                m.str(nfta_match::NAME, name);
                m.be32(nfta_match::REV, *rev);
                m.bytes(nfta_match::INFO, info);
            }),
            Stmt::Raw(name, attrs) => write_raw(self.m, name, attrs),
        }
    }

    fn nat(&mut self, kind: NatKind, family: u8, addr: &Ends<'_>, port: &Ends<'_>, flags: u32) {
        let mut slot = 0;
        let mut regs = [None; 4];
        let values = addr.iter().map(|addr| (0, addr)).chain(port.iter().map(|port| (2, port)));
        for (at, (first, last)) in values {
            for (at, value) in [(at, Some(first)), (at | 1, last.as_ref())] {
                if let (Some(value), Some(reg)) = (value, regs.get_mut(at)) {
                    self.load(value, slot);
                    *reg = Some(register(slot));
                    slot = slot.saturating_add(4);
                }
            }
        }
        let [addr_min, addr_max, port_min, port_max] = regs;
        let put = |m: &mut Msg<'_>, kind, number: Option<u32>| number.iter().for_each(|number| m.be32(kind, *number));
        let flags = Some(flags).filter(|flags| *flags != 0);
        match kind {
            NatKind::Snat | NatKind::Dnat => write(self.m, b"nat", |m| {
                m.be32(nfta_nat::TYPE, if kind == NatKind::Snat { nft_nat::SNAT } else { nft_nat::DNAT });
                m.be32(nfta_nat::FAMILY, family.into());
                put(m, nfta_nat::REG_ADDR_MIN, addr_min);
                put(m, nfta_nat::REG_ADDR_MAX, addr_max);
                put(m, nfta_nat::REG_PROTO_MIN, port_min);
                put(m, nfta_nat::REG_PROTO_MAX, port_max);
                put(m, nfta_nat::FLAGS, flags);
            }),
            NatKind::Masquerade => write(self.m, b"masq", |m| {
                put(m, nfta_masq::FLAGS, flags);
                put(m, nfta_masq::REG_PROTO_MIN, port_min);
                put(m, nfta_masq::REG_PROTO_MAX, port_max);
            }),
            NatKind::Redirect => write(self.m, b"redir", |m| {
                put(m, nfta_redir::REG_PROTO_MIN, port_min);
                put(m, nfta_redir::REG_PROTO_MAX, port_max);
                put(m, nfta_redir::FLAGS, flags);
            }),
        }
    }
}

type Ends<'a> = Option<(Expr<'a>, Option<Expr<'a>>)>;

fn set_name<'s>(set: &'s Set<'_>) -> &'s [u8] {
    match set {
        Set::Named(name) => name,
        Set::Anonymous(_) => b"__set%d",
    }
}

fn len32(bytes: &Bytes<'_>) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
