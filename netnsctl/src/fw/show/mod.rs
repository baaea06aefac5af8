//! Rules as nft(8) shows them, in its own syntax or its JSON: tables and chains here, sets and objects in `set`, rules in
//! `rule`, what is not shown because something else implies it in `implied`, what rules look at in `expr`, types of values in
//! `types`, changes in `event`.

mod event;
mod expr;
mod implied;
mod rule;
mod set;
pub mod types;

pub use event::event;

use super::read;
use super::rule::Rule;
use super::ruleset::{Ruleset, SetInfo};
use crate::out::{Escaped, Out};
use netns_sys::netlink::Conn;
use nl_core::Message;
use nl_core::netfilter::{
    self, Chain, Hook, NftTableFlags, Table, nf_inet, nfproto, nfta_device, signed, udata, verdict,
};
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
