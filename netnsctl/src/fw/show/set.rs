//! Sets, maps and stateful objects in nft's words.

use super::expr;
use super::types::{self, Show, Type};
use super::{Printer, number, string};
use crate::fw::read;
use crate::fw::rule::Stmt;
use crate::fw::ruleset::SetInfo;
use crate::out::Escaped;
use nl_core::netfilter::{self, Data, ElemFlags, Element, SetFlags, nft_object, udata};
use nl_core::{Attrs, Message};

impl<'p> Printer<'p, '_> {
    pub(super) fn objects(&mut self, blank: &mut &str) -> netns_sys::Result<()> {
        use netfilter::expr::{ConnLimit, Counter, Limit, Quota};
        for message in self.ruleset.objects.iter() {
            let object = netfilter::Object::parse(&message)?;
            if object.header.family != self.family || object.table()? != Some(self.table) {
                continue;
            }
            let (name, handle) = (object.name()?.unwrap_or_default(), object.handle()?);
            let kind = object.kind()?.unwrap_or_default();
            let word = object_word(kind);
            let (data, userdata) = (object.data()?.unwrap_or(Attrs::new(&[], 0)), object.userdata()?);
            self.out.push(blank);
            *blank = "\n";
            self.item(word, |p| {
                p.out.field("name", name, format_args!("\t{word} {} {{", Escaped(name)));
                p.out.json("table", p.table);
                p.out.json("handle", handle.unwrap_or_default());
                p.handle(handle);
                p.out.push("\n");
                p.comment("\t\t", userdata, udata::COMMENT);
                p.out.push("\t\t");
                match kind {
                    nft_object::COUNTER => {
                        let counter = Counter::parse(data)?;
                        p.out.push("packets ");
                        number(p.out, "packets", counter.packets()?.unwrap_or_default());
                        p.out.push(" bytes ");
                        number(p.out, "bytes", counter.bytes()?.unwrap_or_default());
                    }
                    nft_object::QUOTA => {
                        let quota = Quota::parse(data)?;
                        let over = quota.flags()?.unwrap_or_default() & 1 != 0;
                        let (bytes, used) = (quota.bytes()?.unwrap_or_default(), quota.consumed()?.unwrap_or_default());
                        p.out.push(if over { "over " } else { "" });
                        if p.out.is_json() {
                            p.out.json("bytes", bytes);
                            p.out.json("used", used);
                            p.out.json("inv", over);
                        } else {
                            p.quota(bytes, used, over);
                        }
                    }
                    nft_object::LIMIT => {
                        let l = Limit::parse(data)?;
                        let (rate, unit) = (l.rate()?.unwrap_or_default(), l.unit()?.unwrap_or_default());
                        let (burst, over) = (l.burst()?.unwrap_or_default(), l.flags()?.unwrap_or_default() & 1 != 0);
                        p.rate((rate, unit, burst), l.kind()? == Some(1), over, true);
                    }
                    nft_object::CONNLIMIT => {
                        let count = ConnLimit::parse(data)?.count()?.unwrap_or_default();
                        p.out.push("ct count ");
                        number(p.out, "val", count);
                    }
                    _ => p.out.text(format_args!("# type {kind}, {} bytes", data.bytes().len())),
                }
                p.out.push("\n\t}\n");
                Ok(())
            })?;
        }
        Ok(())
    }

    pub(super) fn sets(&mut self, blank: &mut &str) -> netns_sys::Result<()> {
        for message in self.ruleset.sets.iter() {
            let set = netfilter::Set::parse(&message)?;
            let name = set.name()?.unwrap_or_default();
            if set.header.family != self.family || set.table()? != Some(self.table) {
                continue;
            }
            let Some(info) = self.set(name).filter(|info| !info.is_anonymous()) else { continue };
            self.out.push(blank);
            *blank = "\n";
            self.set_block(&set, name, info)?;
        }
        Ok(())
    }

    fn set_block(&mut self, set: &netfilter::Set<'_>, name: &[u8], info: &SetInfo) -> netns_sys::Result<()> {
        const FLAGS: [(&str, SetFlags); 4] = [
            ("constant", SetFlags::CONSTANT),
            ("dynamic", SetFlags::EVAL),
            ("interval", SetFlags::INTERVAL),
            ("timeout", SetFlags::TIMEOUT),
        ];
        let is = |flag: SetFlags| info.flags & flag.bits() != 0;
        let map = is(SetFlags::MAP) || is(SetFlags::OBJECT);
        let word = if map { "map" } else { "set" };
        let (handle, userdata) = (set.handle()?, set.userdata()?);
        let timeout = set.timeout()?.unwrap_or_default();
        let gc = set.gc_interval()?.unwrap_or_default();
        let size = match set.desc()?.and_then(|desc| desc.find(netfilter::nfta_set_desc::SIZE)) {
            Some(size) => size.be32()?,
            None => 0,
        };
        let types = types::fields(info.key_type);
        let data = match set.obj_type()? {
            Some(nft_object::COUNTER) => "counter".to_string(),
            Some(nft_object::QUOTA) => "quota".to_string(),
            Some(nft_object::LIMIT) => "limit".to_string(),
            _ => {
                let names: Vec<&str> = match info.data_type {
                    0xffff_ff00 => vec!["verdict"],
                    other => types::fields(other).iter().map(|ty| ty.name).collect(),
                };
                names.join(" . ")
            }
        };
        self.item(word, |p| {
            p.out.field("name", name, format_args!("\t{word} {} {{", Escaped(name)));
            p.out.json("table", p.table);
            p.handle(handle);
            let names: Vec<&str> = types.iter().map(|ty| ty.name).collect();
            p.out.text(format_args!("\n\t\ttype {}", names.join(" . ")));
            p.words_or_one("type", &names);
            p.out.json("handle", handle.unwrap_or_default());
            if map {
                p.out.field("map", data.as_str(), format_args!(" : {data}"));
            }
            p.out.push("\n");
            p.comment_json(userdata, udata::SET_COMMENT);
            if set.policy()? == Some(1) {
                p.out.field("policy", "memory", format_args!("\t\tpolicy memory\n"));
            }
            if size != 0 {
                p.out.field("size", u64::from(size), format_args!("\t\tsize {size}\n"));
            }
            let flags: Vec<&str> = FLAGS
                .iter()
                .filter(|f| is(f.1))
                .filter(
                    |f| if p.out.is_json() { f.1 != SetFlags::EVAL } else { f.1 != SetFlags::TIMEOUT || timeout == 0 },
                )
                .map(|f| f.0)
                .collect();
            if !flags.is_empty() {
                p.out.text(format_args!("\t\tflags {}\n", flags.join(",")));
                p.open("flags", b'[');
                flags.iter().for_each(|flag| p.out.json("", *flag));
                p.close(b']');
            }
            for (member, millis) in [("timeout", timeout), ("gc-interval", u64::from(gc))] {
                if millis != 0 {
                    p.out.text(format_args!("\t\t{member} "));
                    expr::duration(p.out, member, millis);
                    p.out.push("\n");
                }
            }
            if userdata.and_then(|data| udata::number(data, udata::SET_MERGE_ELEMENTS)) == Some(1) {
                p.out.field("auto-merge", true, format_args!("\t\tauto-merge\n"));
            }
            let stmts = read_stmts(set.exprs()?, set.expr()?)?;
            if !p.out.is_json() {
                p.set_stmts(&stmts);
                p.comment("\t\t", userdata, udata::SET_COMMENT);
            }
            p.elements(info)?;
            if p.out.is_json() && !stmts.is_empty() {
                p.open("stmt", b'[');
                p.set_stmts(&stmts);
                p.close(b']');
            }
            p.out.push("\t}\n");
            Ok(())
        })
    }

    /// What each element does. Of an element-to-be nothing has been counted.
    fn set_stmts(&mut self, stmts: &[Stmt<'_>]) {
        for stmt in stmts {
            self.out.push("\t\t");
            match stmt {
                Stmt::Counter { packets: 0, bytes: 0 } => self.plain("", "counter"),
                stmt => self.stmt("", stmt),
            }
            self.out.push("\n");
        }
    }

    fn words_or_one(&mut self, member: &str, words: &[&str]) {
        match words {
            [one] => self.out.json(member, *one),
            many => {
                self.open(member, b'[');
                many.iter().for_each(|word| self.out.json("", *word));
                self.close(b']');
            }
        }
    }

    fn comment_json(&mut self, userdata: Option<&[u8]>, kind: u8) {
        if let Some(comment) = userdata.and_then(|data| udata::string(data, kind)) {
            self.out.json("comment", comment);
        }
    }

    /// What is in a set without a name, in its rule.
    pub(super) fn anonymous(&mut self, member: &str, info: &SetInfo) {
        let elems = Self::elements_in(self.ruleset.elements_of(info), info).unwrap_or_default();
        self.open(member, b'{');
        self.list(&elems, &key_fields(info), info, |_| ", ");
        self.close(b'}');
    }

    /// Elements between braces; `between` says what goes in front of the one at a position.
    pub(super) fn list(
        &mut self,
        elems: &[Elem<'_>],
        fields: &[&'static Type],
        info: &SetInfo,
        between: impl Fn(usize) -> &'static str,
    ) {
        self.open(if info.is_anonymous() || !self.member.is_empty() { "set" } else { "elem" }, b'[');
        self.out.push("{ ");
        for (i, elem) in elems.iter().enumerate() {
            if i != 0 {
                self.out.push(between(i));
            }
            self.element(elem, fields, info);
        }
        self.out.push(" }");
        self.close(b']');
    }

    /// The elements of a set with a name.
    fn elements(&mut self, info: &SetInfo) -> netns_sys::Result<()> {
        let elems = Self::elements_in(self.ruleset.elements_of(info), info)?;
        if elems.is_empty() {
            return Ok(());
        }
        let fields = key_fields(info);
        let per_line = match &fields[..] {
            [one] => one.per_line,
            _ => 1,
        };
        self.out.push("\t\telements = ");
        let new_line = |i: usize| i.checked_rem(per_line) == Some(0);
        self.list(&elems, &fields, info, |i| if new_line(i) { ",\n\t\t\t     " } else { ", " });
        self.out.push("\n");
        Ok(())
    }

    /// The elements of a set in nft's order: by their keys; of one of ranges each with its last key.
    pub(super) fn elements_in<'e>(
        messages: impl Iterator<Item = Message<'e>>,
        info: &SetInfo,
    ) -> netns_sys::Result<Vec<Elem<'e>>> {
        let interval = info.flags & SetFlags::INTERVAL.bits() != 0;
        let mut all: Vec<(Elem<'e>, bool)> = Vec::new();
        for message in messages {
            for element in netfilter::Elements::parse(&message)?.iter() {
                let element = element?;
                let bytes = |data: Option<Data<'e>>| match data {
                    Some(Data::Value(bytes)) => Some(bytes),
                    _ => None,
                };
                let flags = element.flags()?.unwrap_or_default();
                let first = bytes(element.key()?).unwrap_or_default();
                let end = flags & ElemFlags::INTERVAL_END.bits() != 0;
                let catchall = flags & ElemFlags::CATCHALL.bits() != 0;
                let last = bytes(element.key_end()?).map(<[u8]>::to_vec);
                all.push((Elem { element, first, last, catchall }, end));
            }
        }
        // Ranges of several fields are in the kernel's order.
        if all.iter().any(|(elem, _)| elem.last.is_some()) {
            return Ok(all.into_iter().map(|(elem, _)| elem).collect());
        }
        let host = (types::by_number(info.key_type).host || info.host) && !interval;
        let order = |bytes: &[u8]| -> Vec<u8> {
            match host && cfg!(target_endian = "little") {
                true => bytes.iter().rev().copied().collect(),
                false => bytes.to_vec(),
            }
        };
        all.sort_by_cached_key(|(elem, end)| (elem.catchall, order(elem.first), !*end));
        if !interval {
            return Ok(all.into_iter().map(|(elem, _)| elem).collect());
        }
        let mut elems: Vec<Elem<'e>> = Vec::new();
        let mut open = false;
        for (elem, end) in all {
            if let (true, Some(last)) = (open, elems.last_mut()) {
                last.last = Some(expr::before(elem.first));
            }
            open = !end && !elem.catchall;
            if !end {
                elems.push(elem);
            }
        }
        if let (true, Some(last)) = (open, elems.last_mut()) {
            last.last = Some(vec![0xff; last.first.len()]);
        }
        Ok(elems)
    }

    fn element(&mut self, elem: &Elem<'_>, fields: &[&'static Type], info: &SetInfo) {
        let data = elem.element.data().ok().flatten();
        let object = elem.element.objref().ok().flatten();
        let mapped = data.is_some() || object.is_some();
        if mapped {
            self.open("", b'[');
        }
        self.element_key(elem, fields);
        if let Some(data) = data {
            self.out.push(" : ");
            match data {
                Data::Verdict(code, chain) => self.verdict("", code, chain),
                Data::Value(value) => {
                    let fields = types::fields(info.data_type);
                    self.fields("", &fields, value, None);
                }
            }
        }
        if let Some(object) = object {
            self.out.push(" : ");
            expr::quoted(self.out, "", object, 0);
        }
        if mapped {
            self.close(b']');
        }
    }

    fn element_key(&mut self, elem: &Elem<'_>, fields: &[&'static Type]) {
        let e = &elem.element;
        let timeout = e.timeout().ok().flatten();
        let expires = e.expiration().ok().flatten();
        let comment = e.userdata().ok().flatten().and_then(|data| udata::string(data, udata::COMMENT));
        let stmts = read_stmts(e.exprs().ok().flatten(), e.expr().ok().flatten()).unwrap_or_default();
        let more = timeout.is_some() || expires.is_some() || comment.is_some() || !stmts.is_empty();
        let member = if more { "val" } else { "" };
        if more {
            self.open("", b'{');
            self.open("elem", b'{');
        }
        match elem.catchall {
            true => string(self.out, member, "*"),
            false => self.fields(member, fields, elem.first, elem.last.as_deref()),
        }
        if !more {
            return;
        }
        if let Some(timeout) = timeout {
            self.out.push(" timeout ");
            expr::duration(self.out, "timeout", timeout);
        }
        if let Some(expires) = expires {
            self.out.push(" expires ");
            expr::duration(self.out, "expires", expires);
        }
        if let (Some(comment), true) = (comment, self.out.is_json()) {
            self.out.json("comment", comment);
        }
        for stmt in &stmts {
            self.out.push(" ");
            match (stmt, self.out.is_json()) {
                (Stmt::Counter { packets, bytes }, true) => self.out.object("counter", |out| {
                    out.json("packets", *packets);
                    out.json("bytes", *bytes);
                }),
                (_, true) => {}
                _ => self.stmt("", stmt),
            }
        }
        if let (Some(comment), false) = (comment, self.out.is_json()) {
            self.out.text(format_args!(" comment \"{}\"", Escaped(comment)));
        }
        self.close(b'}');
        self.close(b'}');
    }

    /// The fields of a key, one behind the other, each in whole registers; with `last`, ranges.
    fn fields(&mut self, member: &str, fields: &[&'static Type], first: &[u8], last: Option<&[u8]>) {
        if let [ty] = fields {
            return self.range(member, ty, first, last);
        }
        self.nest_list(member, "concat", |p| {
            let (mut at, mut dot) = (0_usize, "");
            for ty in fields {
                let end = at.saturating_add(ty.size);
                let part = |bytes: &'_ [u8]| -> Vec<u8> { bytes.get(at..end).unwrap_or_default().to_vec() };
                let (first, last) = (part(first), last.map(part));
                p.out.push(dot);
                p.range("", ty, &first, last.as_deref());
                at = end.next_multiple_of(4);
                dot = " . ";
            }
        });
    }

    /// One value, a prefix, or a range.
    pub(super) fn range(&mut self, member: &str, ty: &'static Type, first: &[u8], last: Option<&[u8]>) {
        let Some(last) = last.filter(|last| *last != first) else { return self.value(member, ty, first) };
        let differ: Vec<u8> = first.iter().zip(last).map(|(a, b)| !(a ^ b)).collect();
        let clear = first.iter().zip(&differ).all(|(byte, mask)| byte & !mask == 0);
        let full = last.iter().zip(&differ).all(|(byte, mask)| byte | mask == 0xff);
        match (expr::prefix_len(&differ), ty.show) {
            (Some(len), Show::Ip4 | Show::Ip6) if clear && full => self.prefix(member, ty, first, len),
            (Some(len), Show::Quoted) if clear && full && len % 8 == 0 => {
                let whole = usize::try_from(len / 8).unwrap_or_default();
                expr::quoted(self.out, member, first.get(..whole).unwrap_or_default(), ty.size);
            }
            _ => {
                self.nest_list(member, "range", |p| {
                    p.value("", ty, first);
                    p.out.push("-");
                    p.value("", ty, last);
                });
            }
        }
    }
}

/// An element and the last key of its range.
pub(super) struct Elem<'a> {
    element: Element<'a>,
    first: &'a [u8],
    last: Option<Vec<u8>>,
    catchall: bool,
}

/// What a stateful object is called.
pub(super) fn object_word(kind: u32) -> &'static str {
    match kind {
        nft_object::COUNTER => "counter",
        nft_object::QUOTA => "quota",
        nft_object::CT_HELPER => "ct helper",
        nft_object::LIMIT => "limit",
        nft_object::CT_TIMEOUT => "ct timeout",
        nft_object::CT_EXPECT => "ct expectation",
        nft_object::SECMARK => "secmark",
        nft_object::SYNPROXY => "synproxy",
        _ => "object",
    }
}

/// The types of a key's fields.
pub(super) fn key_fields(info: &SetInfo) -> Vec<&'static Type> {
    match types::fields(info.key_type)[..] {
        [ty] if ty.number == types::INTEGER.number && info.host => vec![&types::HOST_INTEGER],
        ref fields => fields.to_vec(),
    }
}

/// What each element of a set does.
fn read_stmts<'a>(list: Option<Attrs<'a>>, one: Option<Attrs<'a>>) -> netns_sys::Result<Vec<Stmt<'a>>> {
    Ok(match (list, one) {
        (None, Some(one)) => read::one(one)?,
        (list, _) => read::list(list, &())?,
    })
}
