//! Rules as text (that of `ip rule`) and as JSON (its keys).

use super::super::inet::{self, got};
use super::super::*;
use crate::names;
use crate::out::{Color, Escaped, Value};
use nl_core::route::{FibRulePortRange, RTM_DELRULE, Rule, RuleFlags, fr_act, rta, rtn, rtprot};
use nl_core::{DecodeError, Message};
use std::fmt;

/// Shows the rule that `message` carries.
pub(in crate::cmd) fn show(
    out: &mut Out,
    message: &Message<'_>,
    details: bool,
) -> std::result::Result<(), DecodeError> {
    let rule = Rule::whole(message)?;
    out.object("", |out| {
        if message.kind() == RTM_DELRULE {
            out.field("deleted", true, format_args!("Deleted "));
        }
        print(out, &rule, details);
    });
    Ok(())
}

/// Puts a value behind its word; in JSON as a string.
fn say(out: &mut Out, key: &str, word: &str, value: impl fmt::Display) {
    if out.is_json() {
        out.json(key, &value.to_string());
    } else {
        out.text(format_args!(" {word}{value}"));
    }
}

fn print(out: &mut Out, rule: &Rule<'_>, details: bool) {
    let header = rule.header;
    let is = |flag| rule.flags().contains(flag);
    let priority = got(rule.priority()).unwrap_or_default();
    out.field("priority", priority, format_args!("{priority}:\t"));
    if is(RuleFlags::INVERT) {
        out.field("not", Value::Null, format_args!("not "));
    }
    match (got(rule.src()), header.src_len) {
        (None, 0) => out.field("src", "all", format_args!("from all")),
        (src, len) => net(out, header.family, ["src", "srclen", "from "], src, len),
    }
    match (got(rule.dst()), header.dst_len) {
        (None, 0) => {}
        (dst, len) => net(out, header.family, ["dst", "dstlen", " to "], dst, len),
    }
    if header.tos != 0 {
        let tos = inet::tos_text(out, header.tos);
        say(out, "tos", "tos ", tos);
    }
    let (mark, mask) = (got(rule.fwmark()), got(rule.fwmask()));
    if mark.is_some() || mask.is_some() {
        let mark = hex(mark.unwrap_or_default());
        say(out, "fwmark", "fwmark ", mark);
        if let Some(mask) = mask.filter(|mask| *mask != u32::MAX).map(hex) {
            out.field("fwmask", &mask, format_args!("/{mask}"));
        }
    }
    for (name, key, gone, detached) in [
        (got(rule.iifname()), "iif", is(RuleFlags::IIF_DETACHED), "iif_detached"),
        (got(rule.oifname()), "oif", is(RuleFlags::OIF_DETACHED), "oif_detached"),
    ] {
        let Some(name) = name else { continue };
        out.text(format_args!(" {key} "));
        out.color(Some(Color::Ifname), key, name, format_args!("{}", Escaped(name)));
        if gone {
            out.field(detached, Value::Null, format_args!(" [detached]"));
        }
    }
    if got(rule.l3mdev()).is_some_and(|l| l != 0) {
        out.field("l3mdev", Value::Null, format_args!(" lookup [l3mdev-table]"));
    }
    if let Some(range) = got(rule.uid_range()) {
        let (start, end) = (range.start.get(), range.end.get());
        out.field("uid_start", start, format_args!(" uidrange {start}"));
        out.field("uid_end", end, format_args!("-{end}"));
    }
    if let Some(proto) = got(rule.ip_proto()) {
        let unnamed = || format!("ipproto-{proto}");
        let proto = out.named(proto, &names::IP_PROTOS).name.map_or_else(unnamed, str::to_owned);
        say(out, "ipproto", "ipproto ", proto);
    }
    ports(out, ["sport", "sport_start", "sport_end"], got(rule.sport_range()));
    ports(out, ["dport", "dport_start", "dport_end"], got(rule.dport_range()));
    if let Some(dscp) = got(rule.dscp()) {
        say(out, "dscp", "dscp ", dscp);
    }
    if let Some(id) = got(rule.tun_id()) {
        out.field("tun_id", id, format_args!(" tun_id {id}"));
    }
    action(out, rule);
    if let Some(proto) = got(rule.protocol()).filter(|p| details || !matches!(*p, rtprot::UNSPEC | rtprot::KERNEL)) {
        let proto = out.named(proto, &names::PROTOS);
        say(out, "protocol", "proto ", proto);
    }
    out.push("\n");
}

/// As the C library writes it: 0 without `0x`.
fn hex(number: u32) -> String {
    if number == 0 { "0".into() } else { format!("{number:#x}") }
}

/// The table, and what else there is to do.
fn action(out: &mut Out, rule: &Rule<'_>) {
    let table = rule.table().unwrap_or_default();
    if table != 0 {
        let name = out.named(table, &names::TABLES);
        say(out, "table", "lookup ", name);
        if let Some(len) = got(rule.suppress_prefixlen()).filter(|l| *l != u32::MAX) {
            out.field("suppress_prefixlen", len, format_args!(" suppress_prefixlength {len}"));
        }
        if let Some(group) = got(rule.suppress_ifgroup()).filter(|g| *g != u32::MAX) {
            let group = out.named(group, &names::GROUPS);
            say(out, "suppress_ifgroup", "suppress_ifgroup ", group);
        }
    }
    if let Some(flow) = got(rule.flow()) {
        let [from, to] = [flow >> 16, flow & 0xffff].map(|realm| out.named(realm, &names::REALMS));
        out.push(" realms ");
        if from.value != 0 {
            let from = from.to_string();
            out.field("flow_from", &from, format_args!("{from}/"));
        }
        let to = to.to_string();
        out.field("flow_to", &to, format_args!("{to}"));
    }
    match rule.header.action {
        fr_act::TO_TBL => {}
        rtn::NAT => match rule.attrs.find(rta::GATEWAY) {
            Some(to) => say(out, "nat_gateway", "map-to ", inet::Addr(to.bytes())),
            None => out.field("masquerade", Value::Null, format_args!(" masquerade")),
        },
        fr_act::GOTO => {
            match got(rule.goto()) {
                Some(to) => out.field("goto", to, format_args!(" goto {to}")),
                None => out.field("goto", "none", format_args!(" goto none")),
            }
            if rule.flags().contains(RuleFlags::UNRESOLVED) {
                out.field("unresolved", Value::Null, format_args!(" [unresolved]"));
            }
        }
        fr_act::NOP => out.field("nop", Value::Null, format_args!(" nop")),
        action => {
            let action = inet::type_name(out, action);
            say(out, "action", "", action);
        }
    }
}

/// An address with its length, unless that is all of it.
fn net(out: &mut Out, family: u8, [key, len_key, word]: [&str; 3], addr: Option<&[u8]>, len: u8) {
    out.push(word);
    let text = addr.map_or_else(|| "0".into(), |addr| inet::Addr(addr).to_string());
    out.color(Color::of_family(family).filter(|_| addr.is_some()), key, &text, format_args!("{text}"));
    if addr.is_none_or(|addr| usize::from(len) != addr.len().saturating_mul(8)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::route::{FibRuleHdr, RTM_NEWRULE, af, fra};
    use nl_core::{Batch, Flags, Messages, Msg};

    /// What kernels of today do not say, or those of tomorrow may.
    #[test]
    fn rules_that_kernels_no_longer_make() {
        let text = |kind, header: &FibRuleHdr, fill: &dyn Fn(&mut Msg<'_>)| {
            let mut space = [0; 256];
            let mut batch = Batch::new(&mut space);
            let write = |m: &mut Msg<'_>| {
                m.fixed(header);
                fill(m);
            };
            batch.message(kind, Flags::empty(), 1, write).unwrap();
            let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
            let mut out = Out::default();
            show(&mut out, &message, false).unwrap();
            out.take()
        };
        let header = FibRuleHdr { family: af::INET, src_len: 8, dst_len: 4, action: rtn::NAT, ..FibRuleHdr::default() };
        assert_eq!(text(RTM_NEWRULE, &header, &|_| {}), "0:\tfrom 0/8 to 0/4 masquerade\n");
        let nat = |m: &mut Msg<'_>| m.bytes(rta::GATEWAY, &[10, 0, 0, 1]);
        assert_eq!(text(RTM_DELRULE, &header, &nat), "Deleted 0:\tfrom 0/8 to 0/4 map-to 10.0.0.1\n");
        let header = FibRuleHdr { family: af::INET6, action: 77, ..FibRuleHdr::default() };
        let more = |m: &mut Msg<'_>| {
            m.u8(fra::DSCP, 46);
            m.u8(fra::SPORT_RANGE, 1);
            m.u32(999, 1);
        };
        assert_eq!(text(RTM_NEWRULE, &header, &more), "0:\tfrom all dscp 46 77\n");
    }
}
