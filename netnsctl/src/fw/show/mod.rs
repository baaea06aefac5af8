//! Rules as nft(8) shows them, in its own syntax or its JSON: tables, chains, sets here; rules in `rule`, what they look at in
//! `expr`, types of values in `types`.

mod event;
mod expr;
mod rule;
pub mod types;

pub use event::event;

use self::types::{Show, Type};
use super::read;
use super::rule::Rule;
use super::ruleset::{Ruleset, SetInfo};
use crate::out::{Escaped, Out};
use netns_sys::netlink::Conn;
use nl_core::netfilter::{
    self, Chain, Data, ElemFlags, Element, Hook, NftTableFlags, SetFlags, Table, nf_inet, nfproto, nft_object,
    nfta_device, signed, udata, verdict,
};
use nl_core::{Attrs, Message};
use std::collections::BTreeMap;

/// The version of nftables whose syntax this is.
pub const NFTABLES: (&str, &str) = ("1.0.6", "Lester Gooch #5");

/// Names of links by their index, asked for once each.
#[derive(Debug)]
pub struct Links<'c> {
    conn: Option<&'c mut Conn>,
    known: BTreeMap<u32, Option<Vec<u8>>>,
}

impl<'c> Links<'c> {
    /// Those of this connection's namespace (of the route family), if there is one.
    pub fn new(conn: Option<&'c mut Conn>) -> Self {
        Self { conn, known: BTreeMap::new() }
    }

    fn get(&mut self, index: u32) -> Option<Vec<u8>> {
        use nl_core::route::{IfInfoMsg, Link, RTM_GETLINK};
        let conn = &mut self.conn;
        let ask = || {
            let header = IfInfoMsg { index: i32::try_from(index).ok()?.into(), ..IfInfoMsg::default() };
            let read = |m: &Message<'_>| Ok(Link::parse(m)?.name()?.map(<[u8]>::to_vec));
            conn.as_mut()?.get(RTM_GETLINK, |m| m.fixed(&header), read).ok().flatten()
        };
        self.known.entry(index).or_insert_with(ask).clone()
    }
}

/// What is known of a packet at a statement: network protocol (a family of netfilter's) and transport protocol.
#[derive(Clone, Copy, Debug, Default)]
struct At {
    l3: Option<u8>,
    l4: Option<u8>,
}

/// Shows what is in one table.
pub struct Printer<'p, 'c> {
    out: &'p mut Out,
    ruleset: &'p Ruleset,
    links: &'p mut Links<'c>,
    family: u8,
    table: &'p [u8],
    /// With handles, as `nft -a`.
    handles: bool,
    at: At,
    /// In JSON, the member that an object is; none: an element of a list.
    member: &'static str,
}

/// A family in nft's words.
#[must_use]
pub fn family_name(family: u8) -> &'static str {
    match family {
        nfproto::INET => "inet",
        nfproto::IPV4 => "ip",
        nfproto::IPV6 => "ip6",
        nfproto::ARP => "arp",
        nfproto::BRIDGE => "bridge",
        nfproto::NETDEV => "netdev",
        _ => "unknown",
    }
}

/// A hook in nft's words.
fn hook_name(family: u8, hook: u32) -> &'static str {
    match (family, hook) {
        (nfproto::ARP, 0) => "input",
        (nfproto::ARP, 1) => "output",
        (nfproto::NETDEV, 0) | (_, nf_inet::INGRESS) => "ingress",
        (nfproto::NETDEV, 1) => "egress",
        (_, nf_inet::PRE_ROUTING) => "prerouting",
        (_, nf_inet::LOCAL_IN) => "input",
        (_, nf_inet::FORWARD) => "forward",
        (_, nf_inet::LOCAL_OUT) => "output",
        (_, nf_inet::POST_ROUTING) => "postrouting",
        _ => "unknown",
    }
}

/// Priorities that have a name: of the family of bridges, and of the others; and the only hook where it is used.
const BRIDGE_PRIORITIES: &[(&str, i32, Option<u32>)] =
    &[("dstnat", -300, Some(0)), ("filter", -200, None), ("out", 100, Some(3)), ("srcnat", 300, Some(4))];
const PRIORITIES: &[(&str, i32, Option<u32>)] = &[
    ("raw", -300, None),
    ("mangle", -150, None),
    ("dstnat", -100, Some(0)),
    ("filter", 0, None),
    ("security", 50, None),
    ("srcnat", 100, Some(4)),
];

/// A priority by the name that is at most 10 away.
#[must_use]
pub fn priority_name(family: u8, hook: u32, priority: i32) -> String {
    let table = match family {
        nfproto::BRIDGE => BRIDGE_PRIORITIES,
        _ => PRIORITIES,
    };
    let fits = |p: &&(&str, i32, Option<u32>)| {
        let here = p.2.is_none_or(|only| only == hook);
        let plain = !matches!(family, nfproto::ARP | nfproto::NETDEV) || p.0 == "filter";
        here && plain && priority.saturating_sub(p.1).saturating_abs() <= 10
    };
    match table.iter().find(fits) {
        None => priority.to_string(),
        Some((name, standard, _)) => match priority.saturating_sub(*standard) {
            0 => (*name).to_string(),
            more @ 1.. => format!("{name} + {more}"),
            less => format!("{name} - {}", less.saturating_neg()),
        },
    }
}

/// A string, as member `member` or as text.
fn string(out: &mut Out, member: &str, text: &str) {
    out.parts(member, text, &[text]);
}

/// A number, as member `member` or as text.
fn number(out: &mut Out, member: &str, value: impl Into<u64>) {
    let value = value.into();
    match out.is_json() {
        true => out.json(member, value),
        false => out.digits(value),
    }
}

/// Which part of all is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part<'w> {
    /// Family; 0: any.
    pub family: u8,
    /// Name of the table.
    pub table: Option<&'w [u8]>,
    /// Name of the chain.
    pub chain: Option<&'w [u8]>,
    /// With handles, as `nft -a`.
    pub handles: bool,
}

/// Shows tables and all in them.
///
/// # Errors
/// A message is broken.
pub fn ruleset(out: &mut Out, all: &Ruleset, links: &mut Links<'_>, part: Part<'_>) -> netns_sys::Result<()> {
    let mut result = Ok(());
    out.object("", |out| {
        out.list("nftables", |out| {
            out.object("", |out| {
                if out.is_json() {
                    out.object("metainfo", |out| {
                        out.json("version", NFTABLES.0);
                        out.json("release_name", NFTABLES.1);
                        out.json("json_schema_version", 1_u64);
                    });
                }
            });
            result = tables(out, all, links, part);
        });
    });
    result
}

fn tables(out: &mut Out, all: &Ruleset, links: &mut Links<'_>, part: Part<'_>) -> netns_sys::Result<()> {
    for message in all.tables.iter() {
        let table = Table::parse(&message)?;
        let name = table.name()?.unwrap_or_default();
        let family = table.header.family;
        if (part.family != 0 && part.family != family) || part.table.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let mut printer = Printer {
            out,
            ruleset: all,
            links,
            family,
            table: name,
            handles: part.handles,
            at: At::default(),
            member: "",
        };
        printer.table(&table, part.chain)?;
        out.spill();
    }
    Ok(())
}

impl<'p> Printer<'p, '_> {
    /// Opens an object or list of JSON.
    fn open(&mut self, member: &str, bracket: u8) {
        self.out.open(member, bracket);
    }

    fn close(&mut self, bracket: u8) {
        self.out.close(bracket);
    }

    fn set(&self, name: &[u8]) -> Option<&'p SetInfo> {
        self.ruleset.set(self.family, self.table, name)
    }

    /// One of the objects that a listing in JSON is made of.
    fn item(&mut self, kind: &str, fill: impl FnOnce(&mut Self) -> netns_sys::Result<()>) -> netns_sys::Result<()> {
        self.open(self.member, b'{');
        self.open(kind, b'{');
        self.out.json("family", family_name(self.family));
        let result = fill(self);
        self.close(b'}');
        self.close(b'}');
        result
    }

    fn handle(&mut self, handle: Option<u64>) {
        if let (Some(handle), true) = (handle, self.handles) {
            self.out.text(format_args!(" # handle {handle}"));
        }
    }

    fn comment(&mut self, tabs: &str, userdata: Option<&[u8]>, kind: u8) {
        if let Some(comment) = userdata.and_then(|data| udata::string(data, kind)) {
            self.out.field("comment", comment, format_args!("{tabs}comment \"{}\"\n", Escaped(comment)));
        }
    }

    fn table(&mut self, table: &Table<'_>, chain: Option<&[u8]>) -> netns_sys::Result<()> {
        let (name, handle) = (table.name()?.unwrap_or_default(), table.handle()?);
        let flags = table.flags()?.unwrap_or_default();
        let words: Vec<&str> = [("dormant", NftTableFlags::DORMANT), ("owner", NftTableFlags::OWNER)]
            .iter()
            .filter(|f| flags & f.1.bits() != 0)
            .map(|f| f.0)
            .collect();
        self.out.text(format_args!("table {} {} {{", family_name(self.family), Escaped(name)));
        self.handle(handle);
        self.out.push("\n");
        if !words.is_empty() {
            self.out.text(format_args!("\tflags {}\n", words.join(",")));
        }
        let userdata = table.userdata()?;
        self.item("table", |p| {
            p.out.json("name", name);
            p.out.json("handle", handle.unwrap_or_default());
            words.iter().for_each(|word| p.out.json("flags", *word));
            p.comment("\t", userdata, udata::COMMENT);
            Ok(())
        })?;
        let more = !words.is_empty() || userdata.is_some_and(|data| udata::string(data, udata::COMMENT).is_some());
        let mut blank = if more { "\n" } else { "" };
        if chain.is_none() {
            self.objects(&mut blank)?;
            self.sets(&mut blank)?;
        }
        let ruleset = self.ruleset;
        let mine = |family: u8, of: Option<&[u8]>| family == self.family && of == Some(name);
        let chains: Vec<_> = ruleset
            .chains
            .iter()
            .map(|message| Chain::parse(&message))
            .filter(|c| c.as_ref().is_ok_and(|c| mine(c.header.family, c.table().ok().flatten())))
            .collect::<Result<_, _>>()?;
        let chains = chains.iter().filter(|c| chain.is_none_or(|wanted| c.name().ok().flatten() == Some(wanted)));
        if self.out.is_json() {
            // All chains, then all rules.
            chains.clone().try_for_each(|c| self.chain(c))?;
            chains.clone().try_for_each(|c| self.rules(c))?;
        } else {
            for c in chains {
                self.out.push(blank);
                blank = "\n";
                self.chain(c)?;
                self.rules(c)?;
                self.out.push("\t}\n");
            }
        }
        self.out.push("}\n");
        Ok(())
    }

    fn chain(&mut self, chain: &Chain<'_>) -> netns_sys::Result<()> {
        let name = chain.name()?.unwrap_or_default();
        let (handle, userdata) = (chain.handle()?, chain.userdata()?);
        self.item("chain", |p| {
            p.out.json("table", p.table);
            p.out.field("name", name, format_args!("\tchain {} {{", Escaped(name)));
            p.out.json("handle", handle.unwrap_or_default());
            p.handle(handle);
            p.out.push("\n");
            p.comment("\t\t", userdata, udata::COMMENT);
            if chain.hook()?.is_some() {
                p.out.push("\t\t");
                p.base(chain)?;
                p.out.push("\n");
            }
            Ok(())
        })
    }

    /// What makes a chain a base chain.
    fn base(&mut self, chain: &Chain<'_>) -> netns_sys::Result<()> {
        let family = self.family;
        let p = self;
        let Some(hook) = chain.hook()? else { return Ok(()) };
        let hook = Hook::parse(hook)?;
        let number = hook.hooknum()?.unwrap_or_default();
        let priority = signed(hook.priority()?.unwrap_or_default());
        let kind = String::from_utf8_lossy(chain.kind()?.unwrap_or_default()).into_owned();
        let hook_name = hook_name(family, number);
        p.out.field("type", kind.as_str(), format_args!("type {} ", Escaped(kind.as_bytes())));
        p.out.field("hook", hook_name, format_args!("hook {hook_name} "));
        p.out.json("prio", i64::from(priority));
        let devices: Vec<&[u8]> = match hook.devs()? {
            Some(devs) => {
                devs.filter_map(Result::ok).filter(|a| a.kind() == nfta_device::NAME).map(|a| a.name()).collect()
            }
            None => hook.dev()?.into_iter().collect(),
        };
        match &devices[..] {
            [] => {}
            [one] => p.out.field("dev", *one, format_args!("device \"{}\" ", Escaped(one))),
            many => {
                let names: Vec<String> = many.iter().map(|name| Escaped(name).to_string()).collect();
                p.out.text(format_args!("devices = {{ {} }} ", names.join(", ")));
                p.open("dev", b'[');
                many.iter().for_each(|name| p.out.json("", *name));
                p.close(b']');
            }
        }
        p.out.text(format_args!("priority {};", priority_name(family, number, priority)));
        let policy = chain.policy()?.map(signed);
        let word = match policy {
            Some(verdict::DROP) => "drop",
            _ => "accept",
        };
        if policy.is_some() {
            p.out.field("policy", word, format_args!(" policy {word};"));
        }
        Ok(())
    }

    fn rules(&mut self, chain: &Chain<'_>) -> netns_sys::Result<()> {
        let name = chain.name()?.unwrap_or_default();
        for message in self.ruleset.rules_of(self.family, self.table, name) {
            let rule = netfilter::Rule::parse(&message)?;
            self.out.push("\t\t");
            self.rule_item(name, &rule)?;
            self.out.push("\n");
            self.out.spill();
        }
        Ok(())
    }

    fn rule_item(&mut self, chain: &[u8], message: &netfilter::Rule<'_>) -> netns_sys::Result<()> {
        let handle = message.handle()?;
        let rule = read::rule(message, &self.ruleset.sets_in(self.family, self.table))?;
        self.item("rule", |p| {
            p.out.json("table", p.table);
            p.out.json("chain", chain);
            p.out.json("handle", handle.unwrap_or_default());
            p.rule(rule);
            p.handle(handle);
            Ok(())
        })
    }

    fn objects(&mut self, blank: &mut &str) -> netns_sys::Result<()> {
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

    fn sets(&mut self, blank: &mut &str) -> netns_sys::Result<()> {
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
    fn set_stmts(&mut self, stmts: &[super::rule::Stmt<'_>]) {
        for stmt in stmts {
            self.out.push("\t\t");
            match stmt {
                super::rule::Stmt::Counter { packets: 0, bytes: 0 } => self.plain("", "counter"),
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
    fn anonymous(&mut self, member: &str, info: &SetInfo) {
        let elems = Self::elements_in(self.ruleset.elements_of(info), info).unwrap_or_default();
        self.open(member, b'{');
        self.list(&elems, &key_fields(info), info, |_| ", ");
        self.close(b'}');
    }

    /// Elements between braces; `between` says what goes in front of the one at a position.
    fn list(
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
    fn elements_in<'e>(
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
                (super::rule::Stmt::Counter { packets, bytes }, true) => self.out.object("counter", |out| {
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
    fn range(&mut self, member: &str, ty: &'static Type, first: &[u8], last: Option<&[u8]>) {
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
struct Elem<'a> {
    element: Element<'a>,
    first: &'a [u8],
    last: Option<Vec<u8>>,
    catchall: bool,
}

/// What a stateful object is called.
fn object_word(kind: u32) -> &'static str {
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
fn key_fields(info: &SetInfo) -> Vec<&'static Type> {
    match types::fields(info.key_type)[..] {
        [ty] if ty.number == types::INTEGER.number && info.host => vec![&types::HOST_INTEGER],
        ref fields => fields.to_vec(),
    }
}

/// What each element of a set does.
fn read_stmts<'a>(list: Option<Attrs<'a>>, one: Option<Attrs<'a>>) -> netns_sys::Result<Vec<super::rule::Stmt<'a>>> {
    Ok(match (list, one) {
        (None, Some(one)) => read::one(one)?,
        (list, _) => read::list(list, &())?,
    })
}

/// A rule in nft's words.
#[must_use]
pub fn rule_text(family: u8, rule: Rule<'_>) -> String {
    let (mut out, ruleset, mut links) = (Out::default(), Ruleset::default(), Links::new(None));
    let mut printer = Printer {
        out: &mut out,
        ruleset: &ruleset,
        links: &mut links,
        family,
        table: &[],
        handles: false,
        at: At::default(),
        member: "",
    };
    printer.rule(rule);
    out.take()
}
