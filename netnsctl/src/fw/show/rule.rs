//! A rule in nft's words: its statements, without the matches that others imply.

use super::expr::{is_zero, prefix_len, quoted, uint};
use super::implied::arrange;
use super::types::{self, Show, Type};
use super::{Printer, number, string};
use crate::fw::rule::{Expr, Key, NatKind, Reject, Rule, Set, Stmt, With};
use crate::out::Escaped;
use nl_core::netfilter::expr::{NatFlags, nft_cmp, nft_reject};
use nl_core::netfilter::{NFT_BREAK, NFT_CONTINUE, NFT_GOTO, NFT_JUMP, NFT_RETURN, nfproto, nft_object, verdict};
use std::fmt::Write as _;

impl Printer<'_, '_> {
    /// A rule's statements, and its comment.
    pub(super) fn rule(&mut self, rule: Rule<'_>) {
        let comment = rule.comment;
        if let (Some(comment), true) = (&comment, self.out.is_json()) {
            self.out.json("comment", &comment[..]);
        }
        self.open("expr", b'[');
        let mut space = "";
        for item in arrange(self.family, rule.stmts) {
            if item.implied {
                continue;
            }
            self.at = item.at;
            for stmt in self.split(item.stmt) {
                self.out.push(space);
                space = " ";
                self.stmt("", &stmt);
            }
        }
        self.close(b']');
        if let (Some(comment), false) = (&comment, self.out.is_json()) {
            self.out.text(format_args!("{space}comment \"{}\"", Escaped(comment)));
        }
    }

    /// Several fields that lie side by side are compared at once: a match of each.
    fn split<'a>(&self, stmt: Stmt<'a>) -> Vec<Stmt<'a>> {
        let Stmt::Match(Expr::Key(Key::Payload { base, offset, len }), nft_cmp::EQ, With::Value(value)) = &stmt else {
            return vec![stmt];
        };
        // No kernel compares more than a register's 64 bytes at once.
        if *len > 64 || usize::try_from(*len) != Ok(value.len()) {
            return vec![stmt];
        }
        let key = |offset, len| Key::Payload { base: *base, offset, len };
        if self.name(key(*offset, *len), None).field.is_some() {
            return vec![stmt];
        }
        let (mut at, end) = (*offset, offset.saturating_add(*len));
        let mut parts = Vec::new();
        while at < end {
            let len = (1..=end.saturating_sub(at)).rev().find(|len| self.name(key(at, *len), None).field.is_some());
            let Some(len) = len else { return vec![stmt] };
            let from = usize::try_from(at.saturating_sub(*offset)).unwrap_or_default();
            let to = from.saturating_add(usize::try_from(len).unwrap_or_default());
            let part = value.get(from..to).unwrap_or_default().to_vec();
            parts.push(Stmt::Match(Expr::Key(key(at, len)), nft_cmp::EQ, With::Value(part.into())));
            at = at.saturating_add(len);
        }
        parts
    }

    /// A statement, as an element.
    pub(super) fn stmt(&mut self, member: &str, stmt: &Stmt<'_>) {
        match stmt {
            Stmt::Match(left, op, right) => self.nest(member, "match", |p| p.compare(left, *op, right)),
            Stmt::Verdict(code, chain) => self.verdict(member, *code, chain),
            Stmt::Vmap(key, set) => self.nest(member, "vmap", |p| {
                p.expr("key", key, &types::UNKNOWN);
                p.out.push(" vmap ");
                p.set_ref("data", set);
            }),
            Stmt::Counter { packets, bytes } => self.nest(member, "counter", |p| {
                p.out.push("counter packets ");
                number(p.out, "packets", *packets);
                p.out.push(" bytes ");
                number(p.out, "bytes", *bytes);
            }),
            Stmt::Limit { .. } | Stmt::Quota { .. } | Stmt::ConnLimit { .. } => self.limits(member, stmt),
            Stmt::Log { .. } => self.log(member, stmt),
            Stmt::Reject(reject) => self.reject(member, *reject),
            Stmt::Nat { kind, family, addr, port, flags } => self.nat(member, *kind, *family, addr, port, *flags),
            Stmt::Set(key, value, _) => self.nest(member, "mangle", |p| {
                // A checksum covers pairs of bytes: of a smaller field, the rest is kept as it is.
                let part = match value {
                    Expr::Bits { of, mask, xor } if **of == Expr::Key(*key) && matches!(key, Key::Payload { .. }) => {
                        let field: Vec<u8> = mask.iter().map(|byte| !byte).collect();
                        let named = p.name(*key, Some(&field));
                        let value = uint(xor, false).checked_shr(named.shift).unwrap_or_default();
                        named.field.map(|_| (named, value))
                    }
                    _ => None,
                };
                let named = part.map_or_else(|| p.name(*key, None), |part| part.0);
                p.named_key("key", *key, &named);
                p.out.push(" set ");
                match part {
                    Some((named, value)) => {
                        let len = usize::try_from(named.bits.div_ceil(8)).unwrap_or(8);
                        let bytes = value.to_be_bytes();
                        p.value("value", named.ty, bytes.get(8_usize.saturating_sub(len)..).unwrap_or_default());
                    }
                    None => p.expr("value", value, named.ty),
                }
            }),
            Stmt::NoTrack => self.plain(member, "notrack"),
            Stmt::Object(kind, name) => {
                let (object, lead) = object_words(*kind);
                self.open(member, b'{');
                self.out.push(lead);
                quoted(self.out, object, name, 0);
                self.close(b'}');
            }
            Stmt::ObjectMap(key, set) => {
                let kind = match set {
                    Set::Named(name) => self.set(name).map_or(0, |set| set.object),
                    Set::Anonymous(_) => 0,
                };
                let (object, lead) = object_words(kind);
                self.open(member, b'{');
                self.out.push(lead);
                self.nest(object, "map", |p| {
                    p.expr("key", key, &types::UNKNOWN);
                    p.out.push(" map ");
                    p.set_ref("data", set);
                });
                self.close(b'}');
            }
            Stmt::DynSet { op, set, key, data, timeout, stmts } => {
                let op = ["add", "update", "delete"].get(usize::try_from(*op).unwrap_or(9)).copied().unwrap_or("add");
                self.nest(member, if data.is_some() { "map" } else { "set" }, |p| {
                    p.out.json("op", op);
                    let name = Escaped(set).to_string();
                    p.out.push(op);
                    p.out.text(format_args!(" @{name} {{ "));
                    let elem = *timeout != 0;
                    if elem {
                        p.open("elem", b'{');
                        p.open("elem", b'{');
                    }
                    p.expr(if elem { "val" } else { "elem" }, key, &types::UNKNOWN);
                    if elem {
                        p.out.push(" timeout ");
                        super::expr::duration(p.out, "timeout", *timeout);
                        p.close(b'}');
                        p.close(b'}');
                    }
                    if let Some(data) = data {
                        p.out.push(" : ");
                        p.expr("data", data, &types::UNKNOWN);
                    }
                    p.out.json("set", format!("@{name}").as_str());
                    if !stmts.is_empty() {
                        p.open("stmt", b'[');
                        for stmt in stmts {
                            p.out.push(" ");
                            p.stmt("", stmt);
                        }
                        p.close(b']');
                    }
                    p.out.push(" }");
                });
            }
            Stmt::Queue(first, total, flags) => self.nest(member, "queue", |p| {
                p.out.push("queue");
                if *flags != 0 {
                    p.out.push(" flags ");
                    let names: Vec<&str> =
                        [("bypass", 1), ("fanout", 2)].iter().filter(|f| flags & f.1 != 0).map(|f| f.0).collect();
                    p.words("flags", &names);
                }
                p.out.push(" to ");
                let last = first.saturating_add(total.saturating_sub(1));
                if last == *first {
                    return number(p.out, "num", *first);
                }
                p.nest_list("num", "range", |p| {
                    number(p.out, "", *first);
                    p.out.push("-");
                    number(p.out, "", last);
                });
            }),
            Stmt::Xt { target, name, rev, info } => self.nest(member, "xt", |p| {
                let kind = if *target { "target" } else { "match" };
                p.out.push("xt ");
                string(p.out, "type", kind);
                p.out.push(" ");
                quoted(p.out, "name", name, 0);
                if p.handles {
                    let hex = hex(info);
                    p.out.field("rev", u64::from(*rev), format_args!(" revision {rev}"));
                    p.out.field("info", hex.as_str(), format_args!(" {hex}"));
                }
            }),
            Stmt::Dup(addr, dev) => self.nest(member, "dup", |p| {
                p.out.push("dup to ");
                let ty = if p.family == nfproto::IPV6 { &types::IPV6_ADDR } else { &types::IPV4_ADDR };
                match (addr, dev) {
                    (None, Some(dev)) => p.expr("addr", dev, &types::IFINDEX),
                    _ => {
                        addr.iter().for_each(|addr| p.expr("addr", addr, ty));
                        if let Some(dev) = dev {
                            p.out.push(" device ");
                            p.expr("dev", dev, &types::IFINDEX);
                        }
                    }
                }
            }),
            Stmt::Fwd(dev, addr) => self.nest(member, "fwd", |p| {
                p.out.push("fwd ");
                if let Some((family, addr)) = addr {
                    let v6 = *family == u32::from(nfproto::IPV6);
                    p.out.push(if v6 { "ip6 to " } else { "ip to " });
                    p.expr("addr", addr, if v6 { &types::IPV6_ADDR } else { &types::IPV4_ADDR });
                    p.out.push(" device ");
                } else {
                    p.out.push("to ");
                }
                p.expr("dev", dev, &types::IFINDEX);
            }),
            Stmt::Raw(name, attrs) => self.nest(member, "raw", |p| {
                p.out.push("# ");
                p.out.field("name", &name[..], format_args!("{}", Escaped(name)));
                let hex = hex(attrs);
                p.out.field("attributes", hex.as_str(), format_args!(" {hex}"));
            }),
        }
    }

    /// A statement of one word.
    pub(super) fn plain(&mut self, member: &str, word: &str) {
        self.open(member, b'{');
        self.out.push(word);
        self.out.json(word, crate::out::Value::Null);
        self.close(b'}');
    }

    /// One word, or a list of some.
    fn words(&mut self, member: &str, words: &[&str]) {
        if let [word] = words {
            return string(self.out, member, word);
        }
        self.open(member, b'[');
        let mut comma = "";
        for word in words {
            self.out.push(comma);
            string(self.out, "", word);
            comma = ",";
        }
        self.close(b']');
    }

    fn op(&mut self, text: &str, json: &str) {
        match self.out.is_json() {
            true => self.out.json("op", json),
            false => self.out.push(text),
        }
    }

    /// A match: what is compared, how, and with what.
    fn compare(&mut self, left: &Expr<'_>, op: u32, right: &With<'_>) {
        // JSON says the operator first.
        let (text, json) = match op {
            nft_cmp::EQ => (" ", "=="),
            nft_cmp::NEQ => (" != ", "!="),
            nft_cmp::LT => (" < ", "<"),
            nft_cmp::LTE => (" <= ", "<="),
            nft_cmp::GT => (" > ", ">"),
            _ => (" >= ", ">="),
        };
        let is_json = self.out.is_json();
        if let (Expr::Bits { of, mask, xor }, With::Value(value)) = (left, right) {
            if let (Expr::Key(key), true) = (&**of, is_zero(xor)) {
                return self.masked(*key, mask, op, (text, json), value);
            }
            if is_json {
                self.op("", json);
            }
            let ty = self.type_of(left);
            self.expr("left", left, ty);
            self.out.push(if op == nft_cmp::EQ { " == " } else { text });
            return self.value("right", ty, value);
        }
        if is_json {
            self.op("", json);
        }
        let ty = self.type_of(left);
        self.expr("left", left, ty);
        self.out.push(text);
        match right {
            With::Value(value) => match left {
                Expr::Key(key @ Key::Payload { .. }) => {
                    let named = self.name(*key, None);
                    let loaded = value.len().saturating_mul(8);
                    match u32::try_from(loaded) {
                        Ok(loaded) if named.field.is_some() && named.bits > loaded => {
                            let mut whole = value.to_vec();
                            whole.resize(usize::try_from(named.bits / 8).unwrap_or_default(), 0);
                            self.prefix("right", named.ty, &whole, loaded);
                        }
                        _ => self.value("right", named.ty, value),
                    }
                }
                Expr::Concat(all) => self.concat_value("right", all, value),
                _ => self.value_of("right", left, ty, value),
            },
            With::Range(from, to) => self.nest_list("right", "range", |p| {
                p.value_of("", left, ty, from);
                p.out.push("-");
                p.value_of("", left, ty, to);
            }),
            With::Set(set) => self.set_ref("right", set),
        }
    }

    /// A comparison of some bits.
    fn masked(&mut self, key: Key, mask: &[u8], op: u32, (text, json): (&str, &str), value: &[u8]) {
        let named = self.name(key, Some(mask));
        let ty = named.ty;
        let flags = matches!(ty.show, Show::Bits);
        let zero = value.iter().all(|byte| *byte == 0);
        let mask_bits = uint(mask, ty.host);
        if flags && zero && op == nft_cmp::NEQ {
            // One of these bits.
            self.op("", "in");
            self.named_key("left", key, &named);
            self.out.push(" ");
            return self.flags("right", ty, mask_bits);
        }
        if flags && zero && op == nft_cmp::EQ {
            // None of these bits.
            self.op("", "!");
            self.named_key("left", key, &named);
            self.out.push(" ! ");
            return self.flags("right", ty, mask_bits);
        }
        let prefix = matches!(ty.show, Show::Ip4 | Show::Ip6).then(|| prefix_len(mask)).flatten();
        let part = named.shift != 0 || u32::try_from(mask.len().saturating_mul(8)).is_ok_and(|bits| bits > named.bits);
        if self.out.is_json() {
            self.op("", json);
        }
        if let (Some(len), true) = (prefix, named.field.is_some()) {
            self.named_key("left", key, &named);
            self.out.push(text);
            return self.prefix("right", ty, value, len);
        }
        if part && named.field.is_some() {
            self.named_key("left", key, &named);
            self.out.push(text);
            let number = uint(value, false).checked_shr(named.shift).unwrap_or_default();
            let bytes = number.to_be_bytes();
            let len = usize::try_from(named.bits.div_ceil(8)).unwrap_or(8);
            return self.value("right", ty, bytes.get(8_usize.saturating_sub(len)..).unwrap_or_default());
        }
        let slash = flags && !self.out.is_json() && matches!(op, nft_cmp::EQ | nft_cmp::NEQ);
        if slash {
            self.named_key("left", key, &named);
            self.out.push(text);
            self.flags("right", ty, uint(value, ty.host));
            self.out.push(" / ");
            return self.flags("", ty, mask_bits);
        }
        self.nest_list("left", "&", |p| {
            p.named_key("", key, &named);
            p.out.push(" & ");
            p.value("", ty, mask);
        });
        self.out.push(if op == nft_cmp::EQ { " == " } else { text });
        self.value("right", ty, value);
    }

    /// A prefix of so many bits.
    pub(super) fn prefix(&mut self, member: &str, ty: &'static Type, value: &[u8], len: u32) {
        self.nest(member, "prefix", |p| {
            p.value("addr", ty, value);
            p.out.push("/");
            number(p.out, "len", len);
        });
    }

    /// A value of several fields, each in whole registers.
    fn concat_value(&mut self, member: &str, all: &[Expr<'_>], value: &[u8]) {
        self.nest_list(member, "concat", |p| {
            let (mut rest, mut dot) = (value, "");
            for expr in all {
                let size = usize::try_from(expr.len()).unwrap_or_default();
                let ty = p.type_of(expr);
                p.out.push(dot);
                p.value("", ty, rest.get(..size).unwrap_or(rest));
                rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
                dot = " . ";
            }
        });
    }

    /// A verdict.
    pub(super) fn verdict(&mut self, member: &str, code: i32, chain: &[u8]) {
        let word = match code {
            verdict::DROP => "drop",
            verdict::ACCEPT => "accept",
            verdict::QUEUE => "queue",
            NFT_CONTINUE => "continue",
            NFT_BREAK => "break",
            NFT_RETURN => "return",
            NFT_JUMP => "jump",
            NFT_GOTO => "goto",
            _ => "unknown",
        };
        if !matches!(code, NFT_JUMP | NFT_GOTO) {
            return self.plain(member, word);
        }
        self.nest(member, word, |p| {
            p.out.push(word);
            p.out.push(" ");
            p.out.field("target", chain, format_args!("{}", Escaped(chain)));
        });
    }

    fn limits(&mut self, member: &str, stmt: &Stmt<'_>) {
        let over = |over: bool| if over { "over " } else { "" };
        match stmt {
            Stmt::Limit { rate, unit, burst, bytes, over: inverse } => self.nest(member, "limit", |p| {
                p.out.push("limit ");
                p.rate((*rate, *unit, *burst), *bytes, *inverse, false);
            }),
            Stmt::Quota { bytes, used, over: inverse } => self.nest(member, "quota", |p| {
                p.out.push("quota ");
                p.out.push(over(*inverse));
                p.quota(*bytes, *used, *inverse);
            }),
            Stmt::ConnLimit { count, over: inverse } => self.nest(member, "ct count", |p| {
                p.out.push("ct count ");
                p.out.push(over(*inverse));
                number(p.out, "val", *count);
                if *inverse {
                    p.out.json("inv", true);
                }
            }),
            _ => {}
        }
    }

    /// A quota, behind its name.
    pub(super) fn quota(&mut self, bytes: u64, used: u64, over: bool) {
        let (value, unit) = scaled(bytes);
        number(self.out, "val", value);
        self.out.push(" ");
        string(self.out, "val_unit", unit);
        if used != 0 {
            let (value, unit) = scaled(used);
            self.out.push(" used ");
            number(self.out, "used", value);
            self.out.push(" ");
            string(self.out, "used_unit", unit);
        }
        if over {
            self.out.json("inv", true);
        }
    }

    /// A rate, behind its name.
    pub(super) fn rate(&mut self, (rate, unit, burst): (u64, u64, u32), bytes: bool, over: bool, object: bool) {
        let per = match unit {
            1 => "second",
            60 => "minute",
            3600 => "hour",
            86400 => "day",
            _ => "week",
        };
        self.out.push(if over { "rate over " } else { "rate " });
        let (value, rate_unit) = if bytes { scaled(rate) } else { (rate, "packets") };
        number(self.out, "rate", value);
        let (burst_value, burst_unit) = if bytes { scaled(burst.into()) } else { (burst.into(), "packets") };
        if self.out.is_json() {
            // Of an object in another order than of a statement.
            if object {
                self.out.json("per", per);
            }
            self.out.json("burst", burst_value);
            if !object {
                self.out.json("per", per);
            }
            if over {
                self.out.json("inv", true);
            }
            if bytes {
                self.out.json("rate_unit", rate_unit);
                self.out.json("burst_unit", burst_unit);
            }
            return;
        }
        if bytes {
            self.out.text(format_args!(" {rate_unit}"));
        }
        self.out.text(format_args!("/{per}"));
        // 5 packets are what nobody asked for.
        if burst != 0 && (bytes || burst != 5) {
            self.out.text(format_args!(" burst {burst_value} {burst_unit}"));
        }
    }

    fn log(&mut self, member: &str, stmt: &Stmt<'_>) {
        const LEVELS: [&str; 9] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"];
        let Stmt::Log { prefix, group, snaplen, threshold, level, flags } = stmt else { return };
        let level =
            level.filter(|level| *level != 4).and_then(|level| LEVELS.get(usize::try_from(level).ok()?).copied());
        let flags = flags.unwrap_or_default();
        self.open(member, b'{');
        self.out.push("log");
        let nothing = prefix.is_none() && group.is_none() && snaplen.is_none() && threshold.is_none();
        if nothing && level.is_none() && flags == 0 {
            self.out.json("log", crate::out::Value::Null);
            return self.close(b'}');
        }
        self.open("log", b'{');
        if let Some(prefix) = prefix {
            self.out.push(" prefix ");
            quoted(self.out, "prefix", prefix, 0);
        }
        for (name, lead, value) in [
            ("group", " group ", group.map(u32::from)),
            ("snaplen", " snaplen ", *snaplen),
            ("queue-threshold", " queue-threshold ", threshold.map(u32::from)),
        ] {
            if let Some(value) = value {
                self.out.push(lead);
                number(self.out, name, value);
            }
        }
        if let Some(level) = level {
            self.out.push(" level ");
            string(self.out, "level", level);
        }
        if flags != 0 && self.out.is_json() {
            let all = [("tcp sequence", 1), ("tcp options", 2), ("ip options", 4), ("skuid", 8), ("ether", 32)];
            let names: Vec<&str> = match flags {
                0x2f => vec!["all"],
                _ => all.iter().filter(|f| flags & f.1 != 0).map(|f| f.0).collect(),
            };
            self.words("flags", &names);
        } else if flags == 0x2f {
            self.out.push(" flags all");
        } else {
            for (bits, text) in [(3, ""), (4, " flags ip options"), (8, " flags skuid"), (32, " flags ether")] {
                match (flags & bits, bits) {
                    (0, _) => {}
                    (tcp, 3) => self.out.push(match tcp {
                        1 => " flags tcp sequence",
                        2 => " flags tcp options",
                        _ => " flags tcp sequence,options",
                    }),
                    _ => self.out.push(text),
                }
            }
        }
        self.close(b'}');
        self.close(b'}');
    }

    fn reject(&mut self, member: &str, reject: Reject) {
        let several = matches!(self.family, nfproto::INET | nfproto::BRIDGE | nfproto::NETDEV);
        let (kind, ty, quiet) = match reject.kind {
            nft_reject::TCP_RST => ("tcp reset", None, false),
            nft_reject::ICMPX_UNREACH => ("icmpx", Some(&types::ICMPX_CODE), reject.code == 1),
            _ if self.at.l3 == Some(nfproto::IPV6) => {
                ("icmpv6", Some(&types::ICMPV6_CODE), reject.code == 4 && !several)
            }
            _ => ("icmp", Some(&types::ICMP_CODE), reject.code == 3 && !several),
        };
        if quiet && !self.out.is_json() {
            return self.out.push("reject");
        }
        self.nest(member, "reject", |p| {
            p.out.push("reject with ");
            string(p.out, "type", kind);
            if let Some(ty) = ty {
                p.out.push(" ");
                p.value("expr", ty, &[reject.code]);
            }
        });
    }

    fn nat(
        &mut self,
        member: &str,
        kind: NatKind,
        family: u8,
        addr: &Option<(Expr<'_>, Option<Expr<'_>>)>,
        port: &Option<(Expr<'_>, Option<Expr<'_>>)>,
        flags: u32,
    ) {
        let word = match kind {
            NatKind::Snat => "snat",
            NatKind::Dnat => "dnat",
            NatKind::Masquerade => "masquerade",
            NatKind::Redirect => "redirect",
        };
        let shown = flags & (NatFlags::PROTO_RANDOM | NatFlags::PERSISTENT | NatFlags::PROTO_RANDOM_FULLY).bits();
        self.open(member, b'{');
        self.out.push(word);
        if addr.is_none() && port.is_none() && shown == 0 {
            self.out.json(word, crate::out::Value::Null);
            return self.close(b'}');
        }
        self.open(word, b'{');
        let v6 = family == nfproto::IPV6;
        if let Some((first, last)) = addr {
            if matches!(self.family, nfproto::INET) {
                self.out.push(if v6 { " ip6" } else { " ip" });
                self.out.json("family", if v6 { "ip6" } else { "ip" });
            }
            self.out.push(if flags & NatFlags::NETMAP.bits() != 0 { " prefix to " } else { " to " });
            let ty = if v6 { &types::IPV6_ADDR } else { &types::IPV4_ADDR };
            let bracket = v6 && port.is_some() && matches!(first, Expr::Value(_));
            self.out.push(if bracket { "[" } else { "" });
            self.value_or_range("addr", first, last.as_ref(), ty);
            self.out.push(if bracket { "]" } else { "" });
        }
        if let Some((first, last)) = port {
            self.out.push(if addr.is_none() { " to :" } else { ":" });
            self.value_or_range("port", first, last.as_ref(), &types::INET_SERVICE);
        }
        let names: Vec<&str> = [("random", 4), ("fully-random", 16), ("persistent", 8)]
            .iter()
            .filter(|flag| shown & flag.1 != 0)
            .map(|flag| flag.0)
            .collect();
        if !names.is_empty() {
            self.out.push(" ");
            self.words("flags", &names);
        }
        self.close(b'}');
        self.close(b'}');
    }

    fn value_or_range(&mut self, member: &str, first: &Expr<'_>, last: Option<&Expr<'_>>, ty: &'static Type) {
        let Some(last) = last else { return self.expr(member, first, ty) };
        if let (Expr::Value(first), Expr::Value(last)) = (first, last) {
            return self.range(member, ty, first, Some(last));
        }
        self.nest_list(member, "range", |p| {
            p.expr("", first, ty);
            p.out.push("-");
            p.expr("", last, ty);
        });
    }
}

/// An object's type in JSON, and what is in front of its name.
fn object_words(kind: u32) -> (&'static str, &'static str) {
    match kind {
        nft_object::COUNTER => ("counter", "counter name "),
        nft_object::QUOTA => ("quota", "quota name "),
        nft_object::LIMIT => ("limit", "limit name "),
        nft_object::CT_HELPER => ("ct helper", "ct helper set "),
        nft_object::CT_TIMEOUT => ("ct timeout", "ct timeout set "),
        nft_object::CT_EXPECT => ("ct expectation", "ct expectation set "),
        nft_object::SYNPROXY => ("synproxy", "synproxy name "),
        nft_object::SECMARK => ("secmark", "meta secmark set "),
        _ => ("object", "object "),
    }
}

/// So many bytes, in the largest unit that leaves nothing.
pub(super) fn scaled(bytes: u64) -> (u64, &'static str) {
    let (mut value, mut unit) = (bytes, "bytes");
    for larger in ["kbytes", "mbytes"] {
        if value == 0 || value % 1024 != 0 {
            break;
        }
        (value, unit) = (value / 1024, larger);
    }
    (value, unit)
}

/// Bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    bytes.iter().for_each(|byte| {
        let _ = write!(text, "{byte:02x}");
    });
    text
}
