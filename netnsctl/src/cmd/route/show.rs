//! Routes as text (that of `ip route`) and as JSON (its keys).

use super::*;

/// How routes are shown: what the filter says of all of them is not said of each.
pub(super) struct Style<'s> {
    pub(super) links: &'s Links,
    pub(super) filter: &'s Filter,
    pub(super) details: bool,
    pub(super) oneline: bool,
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

/// `RTCF_*` (linux/in_route.h): the flags of a looked up route, in the upper half of the field.
const CACHE_FLAGS: &[(u32, &str)] =
    &[(0x8000_0000, "local"), (0x1000_0000, "brd"), (0x2000_0000, "mc"), (0x0004_0000, "redirected")];

/// [`rtax`] and the key and word it is shown by.
const PATH: &[(u16, &str, &str)] = &[
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

impl Style<'_> {
    /// Shows the route that `message` carries.
    pub(super) fn show(&self, out: &mut Out, message: &Message<'_>) -> std::result::Result<(), DecodeError> {
        let route = Route::parse(message)?;
        out.object("", |out| self.route(out, &route));
        Ok(())
    }

    fn newline(&self, out: &mut Out) {
        out.text(format_args!("{}", if self.oneline { "\\" } else { "\n" }));
    }

    fn route(&self, out: &mut Out, route: &Route<'_>) {
        let (header, filter) = (route.header, self.filter);
        let cloned = route.flags().contains(RouteFlags::ROUTE_CLONED);
        if header.kind != rtn::UNICAST || self.details {
            put(out, "type", "", Named(header.kind, TYPES));
        }
        put(out, "dst", "", Net(got(route.dst()), header.dst_len));
        if let Some(src) = got(route.src()) {
            put(out, "from", "from ", Net(Some(src), header.src_len));
        }
        if header.tos != 0 {
            put(out, "tos", "tos ", format_args!("0x{:02x}", header.tos));
        }
        if let Some(id) = got(route.nh_id()) {
            out.field("nhid", id, format_args!("nhid {id} "));
        }
        self.hop(out, got(route.gateway()), got(route.via()), got(route.oif()));
        let table = got(route.table().map(Some)).unwrap_or_default();
        if filter.table.is_none() && table != 0 && (table != rt_table::MAIN || self.details) {
            let table = out.named(table, &names::TABLES);
            put(out, "table", "table ", table);
        }
        if !cloned {
            if filter.proto.is_none() && (header.protocol != rtprot::BOOT || self.details) {
                let proto = out.named(header.protocol, &names::PROTOS);
                put(out, "protocol", "proto ", proto);
            }
            if filter.scope.is_none() && (header.scope != rt_scope::UNIVERSE || self.details) {
                let scope = out.named(header.scope, &names::SCOPES);
                put(out, "scope", "scope ", scope);
            }
        }
        if let (Some(src), None) = (got(route.prefsrc()), filter.src) {
            put(out, "prefsrc", "src ", Addr(src));
        }
        if let (Some(metric), None) = (got(route.priority()), filter.metric) {
            out.field("metric", metric, format_args!("metric {metric} "));
        }
        // The upper half is something else where it is cloned.
        let mask = if cloned { 0xffff } else { u32::MAX };
        flags(out, RouteFlags::from_bits_retain(route.flags().bits() & mask));
        if let Some(mark) = got(route.mark()) {
            match mark {
                16.. => out.field("mark", mark, format_args!("mark {mark:#x} ")),
                _ => out.field("mark", mark, format_args!("mark {mark} ")),
            }
        }
        if let Some(flow) = got(route.flow()) {
            realms(out, flow);
        }
        if let Some(uid) = got(route.uid()) {
            out.field("uid", uid, format_args!("uid {uid} "));
        }
        if cloned && header.family == af::INET {
            self.newline(out);
            out.text(format_args!("    cache "));
            let set = || CACHE_FLAGS.iter().filter(|f| route.flags().bits() & f.0 != 0);
            out.list("cache", |out| {
                for (i, (_, name)) in set().enumerate() {
                    out.field("", *name, format_args!("{}{name}", if i == 0 { "<" } else { "," }));
                }
            });
            out.text(format_args!("{}", if set().next().is_some() { "> " } else { "" }));
        }
        if let Some(info) = got(route.cacheinfo()) {
            expiry(out, &info);
        }
        if let Some(path) = got(route.metrics()) {
            out.list("metrics", |out| out.object("", |out| metrics(out, &path)));
        }
        if let Some(iif) = got(route.iif()) {
            put_dev(out, "iif", "iif ", self.links, iif);
        }
        if let Some(pref) = got(route.pref()) {
            let name = Named(pref, PREFS).to_string();
            out.field("pref", &name, format_args!("pref {name}"));
        }
        if let Some(hops) = got(route.multipath()) {
            out.list("nexthops", |out| {
                hops.map_while(std::result::Result::ok).for_each(|hop| self.next_hop(out, &hop))
            });
        }
        out.text(format_args!("\n"));
    }

    /// What `via` and `dev` say.
    fn hop(&self, out: &mut Out, gateway: Option<&[u8]>, via: Option<(u16, &[u8])>, oif: Option<u32>) {
        match (gateway, via) {
            _ if self.filter.via.is_some() => {}
            (Some(gateway), _) => put(out, "gateway", "via ", Addr(gateway)),
            (None, Some((family, addr))) => {
                let family = if family == u16::from(af::INET6) { "inet6" } else { "inet" };
                out.object("via", |out| {
                    out.field("family", family, format_args!("via {family} "));
                    put(out, "host", "", Addr(addr));
                });
            }
            _ => {}
        }
        if let (Some(oif), None) = (oif, &self.filter.dev) {
            put_dev(out, "dev", "dev ", self.links, oif);
        }
    }

    fn next_hop(&self, out: &mut Out, hop: &nl_core::route::NextHop<'_>) {
        self.newline(out);
        out.text(format_args!("\tnexthop "));
        out.object("", |out| {
            let find = |kind| hop.attrs.find(kind);
            let index = u32::try_from(hop.header.index.get()).ok().filter(|i| *i != 0);
            self.hop(out, find(rta::GATEWAY).map(|a| a.bytes()), find(rta::VIA).and_then(|a| via(&a).ok()), index);
            let weight = u16::from(hop.header.hops).saturating_add(1);
            out.field("weight", weight, format_args!("weight {weight} "));
            flags(out, RouteFlags::from_bits_retain(hop.header.flags.into()));
        });
    }
}

fn flags(out: &mut Out, flags: RouteFlags) {
    out.list("flags", |out| {
        for (_, name) in FLAGS.iter().filter(|f| flags.contains(f.0)) {
            out.field("", *name, format_args!("{name} "));
        }
    });
}

fn realms(out: &mut Out, flow: u32) {
    let (from, to) = (flow >> 16, flow & 0xffff);
    out.text(format_args!("realms "));
    out.object("flow", |out| {
        if from != 0 {
            out.field("from", &from.to_string(), format_args!("{from}/"));
        }
        out.field("to", &to.to_string(), format_args!("{to} "));
    });
}

fn expiry(out: &mut Out, info: &RtaCacheInfo) {
    let (expires, error) = (info.expires.get() / 100, i32::from_ne_bytes(info.error.get().to_ne_bytes()));
    if info.expires.get() != 0 {
        out.field("expires", expires, format_args!("expires {expires}sec "));
    }
    if error != 0 {
        out.field("error", error, format_args!("error {error} "));
    }
}

fn metrics(out: &mut Out, path: &Attrs<'_>) {
    let lock = path.find(rtax::LOCK).and_then(|a| a.u32().ok()).unwrap_or_default();
    for attr in path.clone().flatten() {
        let Some((number, key, word)) = PATH.iter().find(|p| p.0 == attr.kind()) else { continue };
        let locked = lock & 1_u32.checked_shl((*number).into()).unwrap_or_default() != 0;
        let lock = if locked { "lock " } else { "" };
        if *number == rtax::CC_ALGO {
            let name = attr.name();
            out.field(key, name, format_args!("{word} {lock}{} ", Escaped(name)));
            continue;
        }
        let Ok(value) = attr.u32() else { continue };
        let millis = match *number {
            rtax::RTT => value / 8,
            rtax::RTTVAR => value / 4,
            _ => value,
        };
        match *number {
            rtax::FEATURES => {
                out.text(format_args!("{word} {lock}"));
                if value & 1 != 0 {
                    out.field("ecn", Value::Null, format_args!("ecn "));
                }
                if value & !1 != 0 {
                    put(out, key, "", format_args!("{:#x}", value & !1));
                }
            }
            rtax::RTT | rtax::RTTVAR | rtax::RTO_MIN if millis >= 1000 => {
                out.field(key, millis, format_args!("{word} {lock}{}s ", f64::from(millis) / 1000.0));
            }
            rtax::RTT | rtax::RTTVAR | rtax::RTO_MIN => {
                out.field(key, millis, format_args!("{word} {lock}{millis}ms "))
            }
            _ => out.field(key, value, format_args!("{word} {lock}{value} ")),
        }
    }
}
