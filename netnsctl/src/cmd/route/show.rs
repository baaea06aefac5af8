//! Routes as text (that of `ip route`) and as JSON (its keys).

use super::super::inet::{Addr, Look, put, put_dev, put_name};
use super::super::nexthop;
use super::*;
use crate::names::{Named, Names};
use crate::out::{Color, Text, Value, plain};
use nl_core::route::{CacheFlags, NextHop, RtaCacheInfo, rt_scope, rtax, rtprot};
use std::cell::Cell;
use std::fmt::Write as _;

/// How routes are shown: what the filter says of all of them is not said of each.
pub(super) struct Style<'s> {
    look: Look<'s>,
    filter: &'s Filter,
    /// The next hop objects, where they are to be shown.
    pub(super) objects: Objects,
    proto: Last,
    scope: Last,
    /// The index of the link that was shown last, with its name, if that needs no escaping.
    dev: Cell<(u32, &'s str)>,
}

/// The name that was looked up last: mostly it is the next, too.
#[derive(Debug, Default)]
pub(super) struct Last(Cell<Option<Named>>);

impl Last {
    fn named(&self, out: &Out, value: u8, names: &'static Names) -> Named {
        let value = u32::from(value);
        if let Some(named) = self.0.get().filter(|n| n.value == value) {
            return named;
        }
        let named = out.named(value, names);
        self.0.set(Some(named));
        named
    }
}

/// Flags with the names they are shown by, in their order.
const FLAGS: &[(RouteFlags, &str)] = &[
    (RouteFlags::DEAD, "dead"),
    (RouteFlags::ONLINK, "onlink"),
    (RouteFlags::PERVASIVE, "pervasive"),
    (RouteFlags::OFFLOAD, "offload"),
    (RouteFlags::TRAP, "trap"),
    (RouteFlags::ROUTE_NOTIFY, "notify"),
    (RouteFlags::LINKDOWN, "linkdown"),
    (RouteFlags::UNRESOLVED, "unresolved"),
    (RouteFlags::ROUTE_OFFLOAD, "rt_offload"),
    (RouteFlags::ROUTE_TRAP, "rt_trap"),
    (RouteFlags::ROUTE_OFFLOAD_FAILED, "rt_offload_failed"),
];

/// The same of a looked up route.
const CACHE_FLAGS: &[(CacheFlags, &str)] = &[
    (CacheFlags::LOCAL, "local"),
    (CacheFlags::REJECT, "reject"),
    (CacheFlags::MULTICAST, "mc"),
    (CacheFlags::BROADCAST, "brd"),
    (CacheFlags::DNAT, "dst-nat"),
    (CacheFlags::SNAT, "src-nat"),
    (CacheFlags::MASQ, "masq"),
    (CacheFlags::DIRECTDST, "dst-direct"),
    (CacheFlags::DIRECTSRC, "src-direct"),
    (CacheFlags::REDIRECTED, "redirected"),
    (CacheFlags::DOREDIRECT, "redirect"),
    (CacheFlags::FAST, "fastroute"),
    (CacheFlags::NOTIFY, "notify"),
    (CacheFlags::TPROXY, "proxy"),
];

/// [`rtax`], and the key and the word it is shown by.
pub(super) const PATH: &[(u16, &str, &str)] = &[
    (rtax::MTU, "mtu", "mtu"),
    (rtax::WINDOW, "window", "window"),
    (rtax::RTT, "rtt", "rtt"),
    (rtax::RTTVAR, "rttvar", "rttvar"),
    (rtax::SSTHRESH, "ssthresh", "ssthresh"),
    (rtax::CWND, "cwnd", "cwnd"),
    (rtax::ADVMSS, "advmss", "advmss"),
    (rtax::REORDERING, "reordering", "reordering"),
    (rtax::HOPLIMIT, "hoplimit", "hoplimit"),
    (rtax::INITCWND, "initcwnd", "initcwnd"),
    (rtax::FEATURES, "features", "features"),
    (rtax::RTO_MIN, "rto_min", "rto_min"),
    (rtax::INITRWND, "initrwnd", "initrwnd"),
    (rtax::QUICKACK, "quickack", "quickack"),
    (rtax::CC_ALGO, "congestion", "congctl"),
    (rtax::FASTOPEN_NO_COOKIE, "fastopen_no_cookie", "fastopen_no_cookie"),
];

impl<'s> Style<'s> {
    pub(super) fn new(options: &Options, links: &'s Links, filter: &'s Filter) -> Self {
        Self {
            look: Look::new(options, links),
            filter,
            objects: Vec::new(),
            proto: Last::default(),
            scope: Last::default(),
            dev: Cell::default(),
        }
    }

    /// Shows the route that `message` carries, if it matches.
    pub(super) fn show(&self, out: &mut Out, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
        // Not moved: it is large.
        match &Route::parse(message) {
            Ok(route) if self.filter.matches(route) => {
                out.object("", |out| {
                    if message.kind() == RTM_DELROUTE {
                        out.field("deleted", true, format_args!("Deleted "));
                    }
                    self.route(out, route);
                });
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(*error),
        }
    }

    // As [`Filter::matches`].
    #[inline(always)]
    fn route(&self, out: &mut Out, route: &Route<'_>) {
        let (header, filter) = (route.header, self.filter);
        let cloned = route.flags().contains(RouteFlags::ROUTE_CLONED);
        if header.kind != rtn::UNICAST || self.look.details {
            let name = inet::type_name(out, header.kind);
            put(out, "type", "", name);
        }
        match got(route.dst()) {
            Some(dst) => net(out, "dst", "", header, dst, header.dst_len),
            None if header.dst_len == 0 => out.string("dst", "", "default"),
            // The space is ip's.
            None => out.written("dst", "", |text| {
                let _ = write!(text, "0/{} ", header.dst_len);
            }),
        }
        match got(route.src()) {
            Some(src) => net(out, "from", "from ", header, src, header.src_len),
            None if header.src_len == 0 => {}
            None => out.written("src", "from ", |text| {
                let _ = write!(text, "0/{}", header.src_len);
            }),
        }
        if let Some(id) = got(route.nh_id()) {
            out.number("nhid", "nhid ", id);
        }
        if let Some(to) = got(route.newdst()) {
            put_addr(out, "to", "as to ", header.family, to);
        }
        show_encap(out, self.look, got(route.encap_type()), got(route.encap()));
        if header.tos != 0 && filter.tos.is_none() {
            let tos = inet::tos_text(out, header.tos);
            out.string("tos", "tos ", &tos);
        }
        if let Some(gateway) = got(route.gateway()).filter(|_| !filter.says_via(header.family)) {
            put_addr(out, "gateway", "via ", header.family, gateway);
        }
        if let Some((family, addr)) = got(route.via()) {
            put_via(out, family, addr);
        }
        if let Some(oif) = got(route.oif()).filter(|_| filter.oif_index == 0) {
            self.dev(out, "dev", "dev ", oif);
        }
        if filter.table == 0 {
            let table = route.table().unwrap_or_default();
            if table != 0 && (table != rt_table::MAIN || self.look.details) {
                let table = out.named(table, &names::TABLES);
                out.code("table", "table ", table);
            }
        }
        if !cloned {
            if filter.proto.is_none() && (header.protocol != rtprot::BOOT || self.look.details) {
                let proto = self.proto.named(out, header.protocol, &names::PROTOS);
                out.code("protocol", "proto ", proto);
            }
            if filter.scope.is_none() && (header.scope != rt_scope::UNIVERSE || self.look.details) {
                let scope = self.scope.named(out, header.scope, &names::SCOPES);
                out.code("scope", "scope ", scope);
            }
        }
        if let Some(src) = got(route.prefsrc()).filter(|_| !filter.says_src(header.family)) {
            put_addr(out, "prefsrc", "src ", header.family, src);
        }
        if let Some(metric) = got(route.priority()).filter(|_| filter.metric.is_none()) {
            out.number("metric", "metric ", metric);
        }
        // The upper half is something else where it is cloned.
        let mask = if cloned { 0xffff } else { u32::MAX };
        flags(out, route.flags().bits() & mask);
        match got(route.mark()) {
            None | Some(0) => {}
            Some(mark @ 1..16) => out.number("mark", "mark ", mark),
            Some(mark) => out.field("mark", mark, format_args!("mark {mark:#x} ")),
        }
        if let Some(flow) = got(route.flow()).filter(|_| !filter.says_realms()) {
            put_realms(out, flow);
        }
        if let Some(uid) = got(route.uid()) {
            out.number("uid", "uid ", uid);
        }
        if cloned && header.family == af::INET {
            cache_flags(out, CacheFlags::from_bits_retain(route.flags().bits() & 0xffff_0000));
        }
        if matches!(header.family, af::INET | af::INET6) {
            got(route.cacheinfo()).iter().for_each(|info| self.cache(out, info));
        }
        if let Some(path) = got(route.metrics()) {
            out.list("metrics", |out| out.object("", |out| metrics(out, &path)));
        }
        if let Some(iif) = got(route.iif()).filter(|_| filter.iif_index == 0) {
            self.dev(out, "iif", "iif ", iif);
        }
        if let Some(pref) = got(route.pref()) {
            // The last word of most routes: no space behind it.
            match PREFS.iter().find(|p| p.1 == pref) {
                Some((name, _)) => {
                    out.json("pref", *name);
                    out.push("pref ");
                    out.push(name);
                }
                None => out.field("pref", pref, format_args!("{pref}")),
            }
        }
        if let Some(on) = got(route.ttl_propagate()) {
            let word = if on == 0 { "disabled" } else { "enabled" };
            // The spelling is ip's.
            out.field("ttl-propogate", on != 0, format_args!("ttl-propogate {word}"));
        }
        if let Some(id) = got(route.nh_id()) {
            self.object(out, id);
        }
        if let Some(hops) = got(route.multipath()) {
            let multicast = cloned && header.kind == rtn::MULTICAST;
            out.list("nexthops", |out| {
                for (i, hop) in hops.map_while(std::result::Result::ok).enumerate() {
                    match (multicast, i) {
                        (false, _) => out.text(format_args!("{}\tnexthop ", out.newline())),
                        (true, 0) => out.push("Oifs: "),
                        (true, _) => out.push(" "),
                    }
                    out.object("", |out| self.hop(out, header, multicast, &hop));
                }
            });
        }
        out.push("\n");
    }

    fn hop(&self, out: &mut Out, header: &RtMsg, multicast: bool, hop: &NextHop<'_>) {
        let find = |kind| hop.attrs.find(kind);
        let encap_type = find(rta::ENCAP_TYPE).and_then(|a| a.u16().ok());
        show_encap(out, self.look, encap_type, find(rta::ENCAP).map(|a| a.attrs()));
        if let Some(to) = find(rta::NEWDST) {
            put_addr(out, "to", "as to ", header.family, to.bytes());
        }
        if let Some(gateway) = find(rta::GATEWAY) {
            put_addr(out, "gateway", "via ", header.family, gateway.bytes());
        }
        if let Some((family, addr)) = find(rta::VIA).and_then(|a| via(&a).ok()) {
            put_via(out, family, addr);
        }
        if let Some(flow) = find(rta::FLOW).and_then(|a| a.u32().ok()) {
            put_realms(out, flow);
        }
        let index = u32::try_from(hop.header.index.get()).unwrap_or_default();
        let hops = u16::from(hop.header.hops);
        if multicast {
            let name = self.look.links.text(index);
            out.field("dev", &name, format_args!("{name}"));
            if hops != 1 {
                out.field("ttl", hops, format_args!("(ttl>{hops})"));
            }
            out.push(" ");
        } else {
            put_name(out, "dev", "dev ", self.look.links, index);
            if header.family != af::MPLS {
                out.number("weight", "weight ", hops.saturating_add(1));
            }
        }
        flags(out, hop.header.flags.into());
    }

    /// As [`put_dev`].
    #[inline]
    fn dev(&self, out: &mut Out, key: &str, word: &str, index: u32) {
        match self.dev.get() {
            (last, name) if last == index && index != 0 => {
                out.push(word);
                out.paint(Some(Color::Ifname), |out| out.string(key, "", name));
            }
            _ => {
                if let Some(name) = self.look.links.name(index).and_then(plain) {
                    self.dev.set((index, name));
                }
                put_dev(out, key, word, self.look.links, index);
            }
        }
    }

    /// Shows the next hop object of this id.
    fn object(&self, out: &mut Out, id: u32) {
        let Some((_, object)) = self.objects.iter().find(|o| o.0 == id) else { return };
        let Some(Ok(message)) = Messages::new(object).next() else { return };
        out.push("\n\tnh_info ");
        let _ = nexthop::show(out, "nh_info", self.look, &message);
    }

    fn cache(&self, out: &mut Out, info: &RtaCacheInfo) {
        let expires = info.expires.get() / 100;
        if info.expires.get() != 0 {
            out.field("expires", expires, format_args!("expires {expires}sec "));
        }
        let mut number = |key: &str, before: &str, value: u32| {
            if value != 0 {
                out.number(key, before, value);
            }
        };
        number("error", "error ", info.error.get());
        if self.look.statistics {
            number("users", "users ", info.clntref.get());
            number("used", "used ", info.used.get());
            let age = info.last_use.get();
            if age != 0 {
                out.field("age", age / 100, format_args!("age {}sec ", age / 100));
            }
        }
    }
}

/// A destination or source of a route, in the colour of its family.
fn net(out: &mut Out, key: &str, before: &str, header: &RtMsg, addr: &[u8], len: u8) {
    // Multicast routing has families of its own.
    let family = match header.family {
        af::IPMR if header.kind == rtn::MULTICAST => af::INET,
        af::IP6MR if header.kind == rtn::MULTICAST => af::INET6,
        family => family,
    };
    out.paint(Color::of_family(family), |out| {
        out.written(key, before, |text| {
            write_addr(text, family, addr);
            if len != inet::host_len(header.family) {
                text.byte(b'/');
                text.number(len.into());
            }
        });
    });
}

/// An address in the colour of its family.
pub(in super::super) fn put_addr(out: &mut Out, key: &str, before: &str, family: u8, addr: &[u8]) {
    out.push(before);
    out.paint(Color::of_family(family), |out| out.written(key, "", |text| write_addr(text, family, addr)));
}

fn write_addr(text: &mut Text, family: u8, addr: &[u8]) {
    match family {
        af::MPLS => labels(text, addr),
        af::INET | af::INET6 | af::PACKET => Addr(addr).write(text),
        _ => text.push("???"),
    }
}

/// Labels of MPLS, down to the bottom of the stack.
pub(super) fn labels(text: &mut Text, entries: &[u8]) {
    for (i, entry) in entries.chunks_exact(4).enumerate() {
        let entry = entry.try_into().map_or(0, u32::from_be_bytes);
        if i > 0 {
            text.byte(b'/');
        }
        text.number((entry >> 12).into());
        if entry & 0x100 != 0 {
            break;
        }
    }
}

fn put_via(out: &mut Out, family: u16, addr: &[u8]) {
    let family = u8::try_from(family).unwrap_or_default();
    out.object("via", |out| {
        out.string("family", "via ", grammar::family_name(family));
        put_addr(out, "host", "", family, addr);
    });
}

#[inline]
pub(in super::super) fn flags(out: &mut Out, flags: u32) {
    let flags = RouteFlags::from_bits_retain(flags);
    if flags.is_empty() && !out.is_json() {
        return;
    }
    out.list("flags", |out| {
        for (_, name) in FLAGS.iter().filter(|f| flags.contains(f.0)) {
            out.string("", "", name);
        }
    });
}

fn put_realms(out: &mut Out, flow: u32) {
    let (from, to) = (flow >> 16, flow & 0xffff);
    out.push(if from == 0 { "realm " } else { "realms " });
    out.object("flow", |out| {
        if from != 0 {
            let from = out.named(from, &names::REALMS).to_string();
            out.field("from", &from, format_args!("{from}/"));
        }
        let to = out.named(to, &names::REALMS);
        out.code("to", "", to);
    });
}

fn cache_flags(out: &mut Out, flags: CacheFlags) {
    out.text(format_args!("{}    cache {}", out.newline(), if flags.is_empty() { "" } else { "<" }));
    let mut rest = flags;
    out.list("cache", |out| {
        for (flag, name) in CACHE_FLAGS.iter().filter(|f| flags.contains(f.0)) {
            rest.remove(*flag);
            out.field("", *name, format_args!("{name}{}", if rest.is_empty() { "> " } else { "," }));
        }
    });
}

fn metrics(out: &mut Out, path: &Attrs<'_>) {
    let lock = path.find(rtax::LOCK).and_then(|a| a.u32().ok()).unwrap_or_default();
    for (number, key, word) in PATH {
        let attr = path.find(*number);
        let locked = lock & 1_u32.checked_shl((*number).into()).unwrap_or_default() != 0;
        let value = attr.and_then(|a| a.u32().ok()).unwrap_or_default();
        if attr.is_none() && !locked || *number == rtax::HOPLIMIT && value == u32::MAX {
            continue;
        }
        out.push(word);
        out.push(if locked { " lock " } else { " " });
        match *number {
            rtax::CC_ALGO => out.name(key, "", attr.map(|a| a.name()).unwrap_or_default()),
            rtax::FEATURES => {
                if value & 1 != 0 {
                    out.field("ecn", Value::Null, format_args!("ecn "));
                }
                if value & !1 != 0 {
                    out.field(key, &format!("{value:#x}"), format_args!("{value:#x} "));
                }
            }
            rtax::RTT | rtax::RTTVAR | rtax::RTO_MIN => {
                let millis = match *number {
                    rtax::RTT => value / 8,
                    rtax::RTTVAR => value / 4,
                    _ => value,
                };
                match millis {
                    1000.. => out.field(key, millis, format_args!("{}s ", inet::general(f64::from(millis) / 1000.0))),
                    _ => out.field(key, millis, format_args!("{millis}ms ")),
                }
            }
            _ => out.number(key, "", value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::Batch;
    use nl_core::route::{ioam6_iptunnel, lwtunnel_encap};

    /// As JSON, which `showdump` is not.
    fn json(family: u8, fill: impl Fn(&mut Msg<'_>)) -> String {
        let mut space = [0; 256];
        let mut batch = Batch::new(&mut space);
        let header = RtMsg { family, dst_len: inet::host_len(family), kind: rtn::UNICAST, ..RtMsg::default() };
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&header);
            fill(m);
        };
        batch.message(RTM_NEWROUTE, Flags::empty(), 1, fill).unwrap();
        let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
        let (links, filter) = (Links::default(), Filter::default());
        let mut out = Out::new(Format::Json, crate::out::Style::default());
        Style::new(&Options::default(), &links, &filter).show(&mut out, &message).unwrap();
        out.take()
    }

    #[test]
    fn what_this_kernel_may_lack_has_the_keys_of_ip() {
        let mpls = json(af::MPLS, |m| {
            m.bytes(rta::DST, &(100_u32 << 12 | 0x100).to_be_bytes());
            m.bytes(rta::NEWDST, &[200_u32 << 12, 300 << 12 | 0x100].map(u32::to_be_bytes).concat());
            m.bytes(rta::VIA, &[&2_u16.to_ne_bytes()[..], &[10, 0, 0, 2]].concat());
            m.u32(rta::OIF, 7);
            m.u8(rta::TTL_PROPAGATE, 1);
        });
        let via = "\"via\":{\"family\":\"inet\",\"host\":\"10.0.0.2\"}";
        let head = format!("{{\"dst\":\"100\",\"to\":\"200/300\",{via},\"dev\":\"if7\",\"protocol\":\"unspec\"");
        assert_eq!(mpls, format!("{head},\"flags\":[],\"ttl-propogate\":true}}\n"));
        let ioam6 = json(af::INET6, |m| {
            m.nest(rta::ENCAP, |m| {
                m.u8(ioam6_iptunnel::MODE, 1);
                m.bytes(ioam6_iptunnel::TRACE, &[0, 123, 0, 3, 0x80, 0, 0, 0]);
                m.u32(ioam6_iptunnel::FREQ_K, 1);
                m.u32(ioam6_iptunnel::FREQ_N, 2);
            });
            m.u16(rta::ENCAP_TYPE, lwtunnel_encap::IOAM6);
        });
        let trace = "\"trace\":null,\"prealloc\":null,\"type\":\"800000\",\"ns\":123,\"size\":12";
        assert!(
            ioam6.contains(&format!("\"encap\":\"ioam6\",\"freqk\":1,\"freqn\":2,\"mode\":\"inline\",{trace},")),
            "{ioam6}"
        );
    }
}
