//! `addr show`: addresses by link, as text and as JSON.

use super::FLAGS;
use super::filter::Filter;
use crate::cmd::inet::{self, got, put};
use crate::cmd::link::show::{Context, List, ext_mask};
use crate::cmd::links::{Links, index_of};
use crate::cmd::{Options, Session, done};
use crate::failure::Result;
use crate::names;
use crate::out::{Color, Escaped, Out};
use netns_sys::sort::sort_by_key;
use nl_core::route::{
    Addr, AddrFlags, IfAddrMsg, IfInfoMsg, Link, RTM_DELADDR, RTM_GETADDR, RTM_GETLINK, RTM_NEWLINK, Stats64, af, ifla,
    inet6, rtext_filter,
};
use nl_core::wire::align4;
use nl_core::{Attrs, Batch, DecodeError, Flags, Message, Messages, Msg};

/// How addresses are shown.
pub(in crate::cmd) struct Style<'s> {
    pub(in crate::cmd) links: &'s Links,
    pub(in crate::cmd) options: &'s Options,
    /// Each with its link before it.
    pub(in crate::cmd) with_dev: bool,
}

impl Style<'_> {
    /// The address that this message is about, as an object of a list.
    pub(in crate::cmd) fn message(&self, out: &mut Out, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
        let addr = Addr::whole(message)?;
        out.object("", |out| {
            if message.kind() == RTM_DELADDR {
                out.field("deleted", true, format_args!("Deleted "));
            }
            self.addr(out, &addr);
        });
        Ok(())
    }

    /// An address: its line, or its members.
    pub(in crate::cmd) fn addr(&self, out: &mut Out, addr: &Addr<'_>) {
        let (header, brief) = (addr.header, self.options.brief);
        let (index, color) = (header.index.get(), Color::of_family(header.family));
        if self.with_dev && !brief {
            let name = self.links.name(index).map_or_else(|| format!("if{index}").into_bytes(), <[u8]>::to_vec);
            out.field("index", index, format_args!("{index}: "));
            out.field("dev", name.as_slice(), format_args!("{}", Escaped(&name)));
        }
        match header.family {
            _ if brief => {}
            af::INET => out.field("family", "inet", format_args!("    inet ")),
            af::INET6 => out.field("family", "inet6", format_args!("    inet6 ")),
            other => out.field("family_index", other, format_args!("    family {other} ")),
        }
        let put_addr = |out: &mut Out, key: &str, bytes: &[u8], after: &str| {
            let text = inet::Addr(bytes).to_string();
            out.color(color, key, &text, format_args!("{text}{after}"));
        };
        if let Some(own) = got(addr.own()) {
            put_addr(out, "local", own, "");
            if let Some(peer) = got(addr.address()).filter(|a| *a != own) {
                out.push(" peer ");
                put_addr(out, "address", peer, "");
            }
            out.field("prefixlen", header.prefix_len, format_args!("/{} ", header.prefix_len));
            if let Some(metric) = got(addr.rt_priority()) {
                out.field("metric", metric, format_args!("metric {metric} "));
            }
        }
        if brief {
            return;
        }
        for (key, word, bytes) in [("broadcast", "brd ", addr.broadcast()), ("anycast", "any ", addr.anycast())] {
            if let Some(bytes) = got(bytes) {
                out.push(word);
                put_addr(out, key, bytes, " ");
            }
        }
        let scope = out.named(header.scope, &names::SCOPES);
        put(out, "scope", "scope ", scope);
        let flags = addr.flags().unwrap_or_default();
        let mut rest = flags;
        for (name, flag, _) in FLAGS {
            let word = match *name {
                "secondary" if header.family == af::INET6 => "temporary",
                "permanent" => "dynamic",
                name => name,
            };
            if rest.contains(*flag) != (word == "dynamic") {
                out.field(word, true, format_args!("{word} "));
            }
            rest.remove(*flag);
        }
        if !rest.is_empty() {
            put(out, "ifa_flags", "flags ", format_args!("{:02x}", rest.bits()));
        }
        // As newer versions of ip.
        if let Some(proto) = got(addr.proto()).filter(|_| self.options.details && !self.options.ip) {
            let proto = out.named(proto, &names::ADDR_PROTOS);
            out.json("protocol", &proto.to_string());
        }
        if let Some(label) = got(addr.label()) {
            out.field("label", label, format_args!("{}", Escaped(label)));
        }
        if let Some(info) = got(addr.cacheinfo()) {
            let (valid, preferred) = (i64::from(info.valid.get()), info.preferred.get());
            // Past it, the count goes on below 0.
            let past = flags.contains(AddrFlags::DEPRECATED) && preferred != u32::MAX;
            let preferred = if past { i32::from_ne_bytes(preferred.to_ne_bytes()).into() } else { preferred.into() };
            let newline = out.newline();
            for (key, word, seconds) in
                [("valid_life_time", "       valid_lft ", valid), ("preferred_life_time", " preferred_lft ", preferred)]
            {
                out.push(if key == "valid_life_time" { newline } else { "" });
                match seconds {
                    FOREVER => out.field(key, seconds, format_args!("{word}forever")),
                    _ => out.field(key, seconds, format_args!("{word}{seconds}sec")),
                }
            }
        }
        out.push("\n");
    }
}

const FOREVER: i64 = 0xffff_ffff;

/// Shows the links that have addresses that match, with these; without a family, also the links that have none at all.
pub(super) fn run(session: &mut Session, filter: &Filter) -> Result<()> {
    let lookup = filter.resolve(session)?;
    let options = session.options.clone();
    let packet = filter.family == Some(af::PACKET);
    let conn = session.conn()?;
    let mut addrs = Vec::new();
    if !packet {
        addrs = done("list addresses", inet::dump(conn, RTM_GETADDR, |m| lookup.ask(m), |_| Ok(true)))?;
    }
    // Where they are, by link, in the kernel's order.
    let (mut by_link, mut at) = (Vec::new(), 0_usize);
    for message in Messages::new(&addrs).map_while(std::result::Result::ok) {
        let header = message.fixed::<IfAddrMsg>();
        by_link.extend(header.map(|(header, _)| (header.index.get(), at)));
        at = at.saturating_add(align4(message.bytes().len()));
    }
    sort_by_key(&mut by_link, |at| *at);
    let of = |link: &Link<'_>| {
        let index = index_of(link);
        let start = by_link.partition_point(|a| a.0 < index);
        let all = by_link.get(start..).unwrap_or_default().iter().take_while(move |a| a.0 == index);
        let all = all.filter_map(|a| Messages::new(addrs.get(a.1..)?).next()?.ok());
        all.filter_map(|m| Addr::whole(&m).ok())
    };
    // ip asks for the links of IPv6, which are those with this.
    let v6 = options.ip && options.family == Some(af::INET6) && lookup.index == 0;
    let has_v6 = |link: &Link<'_>| got(link.af_spec()).is_some_and(|a| a.find(af::INET6.into()).is_some());
    let show_link = |context: &Context, out: &mut Out, _: &Message<'_>, link: &Link<'_>| {
        let style = Style { links: &context.links, options: &options, with_dev: options.oneline };
        let bare = filter.family.is_none_or(|f| f == af::PACKET) && of(link).next().is_none();
        let takes = lookup.takes(link);
        // What ip filters out leaves an empty object, if it is not the kernel that does it.
        let object = takes || options.ip && !filter.links.nomaster;
        if !object || v6 && !has_v6(link) || !bare && !of(link).any(|a| filter.matches(&a, style.links)) {
            return;
        }
        out.object("", |out| {
            if takes && v6 {
                reduced(link, |view| show(out, context, &style, filter, view, of(link)));
            } else if takes {
                show(out, context, &style, filter, link, of(link));
            }
        });
    };
    let mut list = List::new(session, &show_link)?;
    list.context.of_addresses = Some(filter.family.filter(|_| !packet));
    let mask = rtext_filter::VF | ext_mask(&options);
    // A dump cannot be of one link. And for one family, ip does not ask the kernel to leave something out.
    let index = i32::try_from(lookup.index).unwrap_or_default();
    let one_family = options.ip && options.family.is_some_and(|f| f != af::PACKET);
    let ask = |m: &mut Msg<'_>| match index == 0 && !one_family {
        true => lookup.ask_links(m, mask),
        false => {
            m.fixed(&IfInfoMsg { index: index.into(), ..IfInfoMsg::default() });
            m.u32(ifla::EXT_MASK, mask);
        }
    };
    if index == 0 {
        return list.stream(session, ask);
    }
    done("get a link", session.conn()?.get(RTM_GETLINK, ask, |m| list.keep(m)))?;
    list.finish(session)
}

/// A link with those of its addresses that match.
fn show<'a>(
    out: &mut Out,
    context: &Context,
    style: &Style<'_>,
    filter: &Filter,
    link: &Link<'_>,
    addrs: impl Iterator<Item = Addr<'a>>,
) {
    let (options, packet) = (style.options, filter.family == Some(af::PACKET));
    // What is said of labels is about addresses only; with -o each address has its link before it.
    let with_link = filter.label.is_none() && (options.brief || packet || !options.oneline);
    match (with_link, options.brief) {
        (true, true) if packet => context.brief(out, link),
        (true, true) => drop(context.brief_head(out, link)),
        (true, false) => context.full(out, link),
        (false, _) => {}
    }
    if !packet {
        out.list("addr_info", |out| {
            for addr in addrs {
                let matches = filter.matches(&addr, style.links);
                if matches {
                    out.object("", |out| style.addr(out, &addr));
                } else if options.ip {
                    out.object("", |_| {});
                }
                out.spill();
            }
        });
        out.push(if options.brief { "\n" } else { "" });
    }
    if with_link && !options.brief && options.statistics > 0 {
        context.stats(out, link, "");
        out.push(out.newline());
    }
}

/// A link as IPv6 sees it, which is how `ip -6` shows it.
fn reduced(link: &Link<'_>, show: impl FnOnce(&Link<'_>)) {
    let mut space = [0; 512];
    let mut view = Batch::new(&mut space);
    let filled = view.message(RTM_NEWLINK, Flags::empty(), 0, |m| {
        m.fixed(link.header);
        got(link.name()).into_iter().for_each(|v| m.str(ifla::IFNAME, v));
        got(link.address()).into_iter().for_each(|v| m.bytes(ifla::ADDRESS, v));
        got(link.mtu()).into_iter().for_each(|v| m.u32(ifla::MTU, v));
        got(link.link()).filter(|l| *l != index_of(link)).into_iter().for_each(|v| m.u32(ifla::LINK, v));
        got(link.operstate()).into_iter().for_each(|v| m.u8(ifla::OPERSTATE, v.0));
        // It has not got this, which ip asks for with an ioctl.
        got(link.txqlen()).into_iter().for_each(|v| m.u32(ifla::TXQLEN, v));
        got(link.af_spec()).and_then(|a| v6_stats(&a)).into_iter().for_each(|v| m.value(ifla::STATS64, &v));
    });
    let message = Messages::new(view.bytes()).next().and_then(std::result::Result::ok).filter(|_| filled.is_ok());
    if let Some(Ok(link)) = message.as_ref().map(Link::whole) {
        show(&link);
    }
}

/// What IPv6 counts, as far as links count it too.
fn v6_stats(families: &Attrs<'_>) -> Option<Stats64> {
    let stats = families.find(af::INET6.into())?.attrs().find(inet6::STATS)?;
    // `IPSTATS_MIB_*` of linux/snmp.h.
    let at =
        |n: usize| stats.bytes().chunks_exact(8).nth(n).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes);
    Some(Stats64 {
        rx_packets: at(1).into(),
        rx_bytes: at(2).into(),
        tx_packets: at(5).into(),
        tx_bytes: at(6).into(),
        rx_errors: at(13).into(),
        tx_errors: at(14).into(),
        multicast: at(23).into(),
        rx_frame_errors: at(31).into(),
        ..Stats64::default()
    })
}

/// Shows addresses that were saved.
pub(super) fn saved(session: &mut Session, addrs: &[u8]) -> Result<()> {
    let options = session.options.clone();
    let style = Style { links: &Links::default(), options: &options, with_dev: false };
    session.out.list("", |out| {
        out.object("", |out| {
            out.list("addr_info", |out| {
                let messages = Messages::new(addrs).map_while(std::result::Result::ok);
                for addr in messages.filter_map(|m| Addr::whole(&m).ok()) {
                    out.object("", |out| {
                        let index = addr.header.index.get();
                        out.field("index", index, format_args!("if{index}:{}", out.newline()));
                        style.addr(out, &addr);
                    });
                }
            });
        });
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::{Format, Style as Look};
    use nl_core::route::{IfaCacheInfo, RTM_NEWADDR, ifa};

    /// What no kernel of today sends is shown too.
    #[test]
    fn odd_addresses_are_shown() {
        let shown = |kind, family, flags: u32, json| {
            let mut space = [0; 256];
            let mut batch = Batch::new(&mut space);
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&IfAddrMsg { family, prefix_len: 8, scope: 7, index: 9.into(), ..IfAddrMsg::default() });
                m.bytes(ifa::ADDRESS, &[10, 0, 0, 1]);
                m.u32(ifa::FLAGS, flags);
                m.value(
                    ifa::CACHEINFO,
                    &IfaCacheInfo { preferred: (-5_i32).cast_unsigned().into(), ..Default::default() },
                );
            };
            batch.message(kind, Flags::empty(), 0, fill).unwrap();
            let format = if json { Format::Json } else { Format::Text };
            let mut out = Out::new(format, Look { oneline: true, ..Look::default() });
            let (links, options) = (Links::default(), Options::default());
            let style = Style { links: &links, options: &options, with_dev: true };
            style.message(&mut out, &Messages::new(batch.bytes()).next().unwrap().unwrap()).unwrap();
            out.take()
        };
        let deprecated = AddrFlags::DEPRECATED.bits() | AddrFlags::PERMANENT.bits();
        assert_eq!(
            shown(RTM_DELADDR, af::INET, deprecated | 0x3000, false),
            "Deleted 9: if9    inet 10.0.0.1/8 scope 7 deprecated flags 3000 \\       valid_lft 0sec preferred_lft -5sec\n"
        );
        let json = shown(RTM_NEWADDR, 45, 1, true);
        assert!(json.starts_with(r#"{"index":9,"dev":"if9","family_index":45,"local":"10.0.0.1","#), "{json}");
        assert!(json.contains(r#""secondary":true,"dynamic":true,"#) && json.contains(":4294967291}"), "{json}");
    }
}
