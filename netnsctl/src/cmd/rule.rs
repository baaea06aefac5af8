//! `rule`: routing rules, which tables are looked into for which packets.

use super::inet::{self, Addr, IP_PROTOS, Named, got};
use super::*;
use crate::grammar::Result as Parsed;
use crate::names;
use crate::out::{Escaped, Value};
use nl_core::route::{FibRuleHdr, FibRulePortRange, RTM_GETRULE, Rule, RuleFlags, af, fr_act, rtprot};
use nl_core::{DecodeError, Message};

/// What `rule` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those that match.
    Show(Filter),
}

/// Which rules to show: all that is given has to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    family: u8,
    table: Option<u32>,
    priority: Option<u32>,
}

const HELP: &str = "\
Usage: netnsctl rule [ show ] [ table TABLE ] [ priority N ]
";

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    const WORDS: &[Keyword<bool>] =
        &[("table", true), ("lookup", true), ("priority", false), ("preference", false), ("order", false)];
    if !words.is_end() && !words.keyword("a command", &[("show", true), ("list", true), ("help", false)])? {
        return Ok(Command::Help(HELP));
    }
    let mut filter = Filter { family: options.family.unwrap_or(af::INET), table: None, priority: None };
    while !words.is_end() {
        match words.keyword("a word of a filter", WORDS)? {
            true => filter.table = Some(words.named("a table", &names::TABLES)?),
            false => filter.priority = Some(words.uint("a priority")?),
        }
    }
    Ok(Command::Rule(Request::Show(filter)))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let Request::Show(filter) = request;
    let header = FibRuleHdr { family: filter.family, ..FibRuleHdr::default() };
    let keep = |message: &Message<'_>| {
        let rule = Rule::parse(message)?;
        Ok(filter.table.is_none_or(|t| rule.table() == Ok(t))
            && filter.priority.is_none_or(|p| got(rule.priority()).unwrap_or_default() == p))
    };
    let conn = session.conn()?;
    let found = done("list rules", inet::dump(conn, RTM_GETRULE, |m| m.fixed(&header), keep))?;
    let details = session.options.details;
    done("list rules", inet::show(&mut session.out, &found, |out, message| show(out, message, details)))
}

/// `put`, with the space in front.
fn put(out: &mut Out, key: &str, word: &str, value: impl std::fmt::Display) {
    if out.is_json() {
        out.json(key, &value.to_string());
    } else {
        out.text(format_args!(" {word}{value}"));
    }
}

fn show(out: &mut Out, message: &Message<'_>, details: bool) -> std::result::Result<(), DecodeError> {
    let rule = Rule::parse(message)?;
    out.object("", |out| matching(out, &rule, details));
    Ok(())
}

fn matching(out: &mut Out, rule: &Rule<'_>, details: bool) {
    let header = rule.header;
    let is = |flag| rule.flags().contains(flag);
    let priority = got(rule.priority()).unwrap_or_default();
    out.field("priority", priority, format_args!("{priority}:\t"));
    if is(RuleFlags::INVERT) {
        out.field("not", Value::Null, format_args!("not "));
    }
    match got(rule.src()) {
        Some(src) => net(out, ("src", "srclen", "from "), src, header.src_len),
        None if header.src_len != 0 => {
            out.text(format_args!("from 0/{}", header.src_len));
            out.json("src", "0");
            out.json("srclen", header.src_len);
        }
        None => out.field("src", "all", format_args!("from all")),
    }
    if let Some(dst) = got(rule.dst()) {
        out.text(format_args!(" "));
        net(out, ("dst", "dstlen", "to "), dst, header.dst_len);
    }
    if header.tos != 0 {
        put(out, "tos", "tos ", format_args!("0x{:02x}", header.tos));
    }
    let mark = got(rule.fwmark()).unwrap_or_default();
    match got(rule.fwmask()).unwrap_or(u32::MAX) {
        u32::MAX if mark == 0 => {}
        0 if mark == 0 => {}
        mask => {
            put(out, "fwmark", "fwmark ", format_args!("{mark:#x}"));
            if mask != u32::MAX {
                let text = format!("{mask:#x}");
                out.field("fwmask", &text, format_args!("/{text}"));
            }
        }
    }
    for (name, key, gone, detached) in [
        (got(rule.iifname()), "iif", is(RuleFlags::IIF_DETACHED), "iif_detached"),
        (got(rule.oifname()), "oif", is(RuleFlags::OIF_DETACHED), "oif_detached"),
    ] {
        let Some(name) = name else { continue };
        out.field(key, name, format_args!(" {key} {}", Escaped(name)));
        if gone {
            out.field(detached, Value::Null, format_args!(" [detached]"));
        }
    }
    if let Some(range) = got(rule.uid_range()) {
        let (start, end) = (range.start.get(), range.end.get());
        out.field("uid_start", start, format_args!(" uidrange {start}"));
        out.field("uid_end", end, format_args!("-{end}"));
    }
    if let Some(proto) = got(rule.ip_proto()) {
        put(out, "ipproto", "ipproto ", Named(proto, IP_PROTOS));
    }
    ports(out, ["sport", "sport_start", "sport_end"], got(rule.sport_range()));
    ports(out, ["dport", "dport_start", "dport_end"], got(rule.dport_range()));
    if let Some(dscp) = got(rule.dscp()) {
        put(out, "dscp", "dscp ", dscp);
    }
    if let Some(id) = got(rule.tun_id()) {
        out.field("tun_id", id, format_args!(" tun_id {id}"));
    }
    action(out, rule);
    let proto = got(rule.protocol()).unwrap_or_default();
    if details || !matches!(proto, rtprot::UNSPEC | rtprot::KERNEL) {
        let proto = out.named(proto, &names::PROTOS);
        put(out, "protocol", "proto ", proto);
    }
    out.text(format_args!("\n"));
}

/// The table, and what else there is to do.
fn action(out: &mut Out, rule: &Rule<'_>) {
    let table = rule.table().unwrap_or_default();
    if got(rule.l3mdev()).is_some_and(|l| l != 0) {
        out.field("l3mdev", Value::Null, format_args!(" lookup [l3mdev-table]"));
    } else if table != 0 {
        let table = out.named(table, &names::TABLES);
        put(out, "table", "lookup ", table);
    }
    if let Some(len) = got(rule.suppress_prefixlen()).filter(|l| *l != u32::MAX) {
        out.field("suppress_prefixlen", len, format_args!(" suppress_prefixlength {len}"));
    }
    if let Some(group) = got(rule.suppress_ifgroup()).filter(|g| *g != u32::MAX) {
        let group = out.named(group, &names::GROUPS);
        put(out, "suppress_ifgroup", "suppress_ifgroup ", group);
    }
    if let Some(flow) = got(rule.flow()) {
        let (from, to) = (flow >> 16, flow & 0xffff);
        out.text(format_args!(" realms "));
        if from != 0 {
            out.field("flow_from", &from.to_string(), format_args!("{from}/"));
        }
        out.field("flow_to", &to.to_string(), format_args!("{to}"));
    }
    match rule.header.action {
        fr_act::TO_TBL => {}
        fr_act::GOTO => {
            let to = got(rule.goto()).unwrap_or_default();
            match to {
                0 => out.field("goto", "none", format_args!(" goto none")),
                _ => out.field("goto", to, format_args!(" goto {to}")),
            }
            if rule.flags().contains(RuleFlags::UNRESOLVED) {
                out.field("unresolved", Value::Null, format_args!(" [unresolved]"));
            }
        }
        fr_act::NOP => out.field("nop", Value::Null, format_args!(" nop")),
        action => put(out, "action", "", Named(action, inet::TYPES)),
    }
}

/// An address with its length, unless that is all of it.
fn net(out: &mut Out, (key, len_key, word): (&str, &str, &str), addr: &[u8], len: u8) {
    let text = Addr(addr).to_string();
    out.field(key, &text, format_args!("{word}{text}"));
    if usize::from(len) != addr.len().saturating_mul(8) {
        out.field(len_key, len, format_args!("/{len}"));
    }
}

fn ports(out: &mut Out, [key, first, last]: [&str; 3], range: Option<&FibRulePortRange>) {
    let Some(range) = range else { return };
    let (start, end) = (range.start.get(), range.end.get());
    if start == end {
        out.field(key, start, format_args!(" {key} {start}"));
    } else {
        out.field(first, start, format_args!(" {key} {start}"));
        out.field(last, end, format_args!("-{end}"));
    }
}
