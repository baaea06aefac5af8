//! `link show`: links as text (that of `ip link`) and as JSON (its keys).

use super::super::inet::{Addr, Lladdr};
use super::super::{Options, Session, done, links, links::Links, netns};
use super::kinds::{self, Kind, SHOW, Setting, Shape, When};
use crate::failure::Result;
use crate::grammar::show;
use crate::out::{Escaped, Out, Value};
use netns_sys::netlink::Conn;
use nl_core::route::{
    self, BrBoolOptMulti, BridgeId, IfInfoMsg, Link, LinkFlags, LinkInfo, PortRange, RTM_GETLINK, af, arphrd, ifla,
    inet6, rtext_filter,
};
use nl_core::{Attr, Attrs, Messages, Msg};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

/// Which links to show: all that are like this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this name.
    pub name: Option<OsString>,
    /// That are up.
    pub up: bool,
    /// Of this group.
    pub group: Option<u32>,
    /// With this master.
    pub master: Option<OsString>,
    /// Without a master.
    pub nomaster: bool,
    /// Of this kind.
    pub kind: Option<OsString>,
}

impl Filter {
    /// Whether `link` is to be shown; `master` is the index of the one asked for.
    fn takes(&self, link: &Link<'_>, master: Option<u32>) -> bool {
        let has = link.master().ok().flatten().filter(|m| *m != 0);
        let info = link.info().ok().flatten();
        let kind = |kind: &OsString| {
            let kinds = info.as_ref().map(|i| (i.kind().ok().flatten(), i.slave_kind().ok().flatten()));
            let (own, of_master) = kinds.unwrap_or_default();
            match kind.as_bytes().strip_suffix(b"_slave") {
                Some(kind) => of_master == Some(kind),
                None => own == Some(kind.as_bytes()),
            }
        };
        (!self.up || link.flags().contains(LinkFlags::UP))
            && self.group.is_none_or(|g| link.group().ok().flatten() == Some(g))
            && (master.is_none() || has == master)
            && (!self.nomaster || has.is_none())
            && self.kind.as_ref().is_none_or(kind)
    }
}

/// What the links shown refer to, and how they are shown.
#[derive(Debug, Default)]
pub(in crate::cmd) struct Context {
    links: Links,
    /// Names of namespaces by their ids.
    namespaces: Vec<(i32, OsString)>,
    details: bool,
    statistics: u8,
    /// What begins a new line of the same record.
    newline: &'static str,
    /// As `ip address` shows them: without their mode, and where it is about one family, without what the link layer has.
    pub(in crate::cmd) of_addresses: Option<Option<u8>>,
}

/// Shows the links that `filter` takes.
pub(super) fn run(session: &mut Session, filter: &Filter) -> Result<()> {
    let options = session.options.clone();
    let mask = ext_mask(&options);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, mask);
        filter.name.iter().for_each(|name| links::by_name(m, name));
    };
    let conn = session.conn()?;
    let (messages, mut found) = match &filter.name {
        Some(name) => {
            let got = conn.get(RTM_GETLINK, fill, |m| Ok(m.bytes().to_vec()));
            let bytes = links::explain(conn, &format!("show interface {}", show(name)), name, got)?;
            (bytes, Links::default())
        }
        None => {
            let dump = conn.dump(RTM_GETLINK, fill, |all: &mut (Vec<u8>, Links), m| {
                all.0.extend_from_slice(m.bytes());
                all.0.resize(nl_core::wire::align4(all.0.len()), 0);
                Ok(all.1.add(&Link::parse(m)?)?)
            });
            done("list links", dump)?
        }
    };
    let master = match &filter.master {
        Some(name) => Some(links::find(conn, name)?),
        None => None,
    };
    let all = Messages::new(&messages).map(|m| Link::parse(&m?)).collect::<std::result::Result<Vec<_>, _>>();
    let mut all = done("read links", all.map_err(netns_sys::Error::from))?;
    all.retain(|link| filter.takes(link, master));
    if filter.name.is_some() && options.details {
        found = Links::load(conn)?; // settings name others too
    } else if filter.name.is_some() {
        for link in &all {
            for index in [link.link(), link.master()].into_iter().filter_map(|i| i.ok().flatten()) {
                found.also(conn, index)?;
            }
        }
    }
    let context = Context::new(session, found, &all)?;
    session.out.list("", |out| {
        for link in &all {
            out.object("", |out| if options.brief { context.brief(out, link) } else { context.full(out, link) });
        }
    });
    Ok(())
}

/// What a dump of links is to leave out.
pub(in crate::cmd) fn ext_mask(options: &Options) -> u32 {
    if options.statistics > 0 { 0 } else { rtext_filter::SKIP_STATS }
}

/// The named namespaces that have an id in the one the links are in.
fn namespaces(session: &Session) -> Result<Vec<(i32, OsString)>> {
    let names = done("list namespaces", session.dir.names())?;
    let names: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
    let conn = match &session.options.ns {
        Some(ns) => session.open(ns).and_then(|ns| Conn::open_in(&ns, &route::FAMILY)),
        None => Conn::open(&route::FAMILY),
    };
    let ids = netns::nsids(&session.dir, &mut done("open a netlink socket", conn)?, &names, usize::MAX)?;
    Ok(ids.into_iter().zip(names).filter_map(|(id, name)| Some((id?, name.to_owned()))).collect())
}

/// A number, or the name it has.
fn name_of(value: u64, names: &[(&'static str, u64)]) -> Option<&'static str> {
    names.iter().find(|n| n.1 == value).map(|n| n.0)
}

/// Link-layer types by the names `ip` has for them.
const TYPES: &[(u16, &str)] = &[
    (arphrd::ETHER, "ether"),
    (arphrd::INFINIBAND, "infiniband"),
    (arphrd::CAN, "can"),
    (arphrd::MCTP, "mctp"),
    (arphrd::PPP, "ppp"),
    (arphrd::RAWIP, "rawip"),
    (arphrd::TUNNEL, "ipip"),
    (arphrd::TUNNEL6, "tunnel6"),
    (arphrd::LOOPBACK, "loopback"),
    (arphrd::SIT, "sit"),
    (arphrd::IPGRE, "gre"),
    (arphrd::PIMREG, "pimreg"),
    (arphrd::IEEE80211, "ieee802.11"),
    (arphrd::IEEE80211_RADIOTAP, "ieee802.11/radiotap"),
    (arphrd::IEEE802154, "ieee802.15.4"),
    (arphrd::IP6GRE, "gre6"),
    (arphrd::NETLINK, "netlink"),
    (arphrd::SIXLOWPAN, "6lowpan"),
    (arphrd::VSOCKMON, "vsockmon"),
    (arphrd::NONE, "none"),
    (arphrd::VOID, "void"),
];

/// The flags in the order they are shown. `RUNNING` is not; that it is missing from a link that is up is.
const FLAG_ORDER: &str = "LOOPBACK BROADCAST POINTOPOINT MULTICAST NOARP ALLMULTI PROMISC MASTER SLAVE DEBUG DYNAMIC \
                          AUTOMEDIA PORTSEL NOTRAILERS UP LOWER_UP DORMANT ECHO";

/// A link-layer address; of a tunnel, an IP address.
fn address(kind: u16, bytes: &[u8]) -> String {
    match (kind, bytes.len()) {
        (arphrd::TUNNEL | arphrd::SIT | arphrd::IPGRE, 4) | (arphrd::TUNNEL6 | arphrd::IP6GRE, 16) => {
            Addr(bytes).to_string()
        }
        _ => Lladdr(bytes).to_string(),
    }
}

/// An integer of 1, 2, 4 or 8 bytes in host byte order.
fn uint(attr: &Attr<'_>) -> u64 {
    let small = attr.u8().map(u64::from).or_else(|_| attr.u16().map(u64::from));
    small.or_else(|_| attr.u32().map(u64::from)).or_else(|_| attr.u64()).unwrap_or(0)
}

impl Context {
    /// To show `all`, which refer to `links`, as the options say.
    pub(in crate::cmd) fn new(session: &Session, links: Links, all: &[Link<'_>]) -> Result<Context> {
        let options = &session.options;
        let elsewhere = all.iter().any(|l| matches!(l.link_netnsid(), Ok(Some(_))));
        let namespaces = if elsewhere && !options.json { namespaces(session)? } else { Vec::new() };
        let newline = if options.oneline { "\\" } else { "\n" };
        let (details, statistics) = (options.details, options.statistics);
        Ok(Context { links, namespaces, details, statistics, newline, of_addresses: None })
    }

    /// The name of the link with this index, or `if` and the index.
    fn name(&self, index: u32) -> Vec<u8> {
        self.links.name(index).map_or_else(|| format!("if{index}").into_bytes(), <[u8]>::to_vec)
    }

    /// Name and what it sits on. Gives back whether that is down.
    fn name_and_below(&self, out: &mut Out, link: &Link<'_>, width: usize, after: &str) -> bool {
        let name = link.name().ok().flatten().unwrap_or_default();
        let (mut text, mut below_is_down) = (Escaped(name).to_string(), false);
        if let Ok(Some(below)) = link.link() {
            if below == 0 {
                out.json("link", Value::Null);
                text.push_str("@NONE");
            } else if matches!(link.link_netnsid(), Ok(Some(_))) {
                out.json("link_index", below);
                let _ = write!(text, "@if{below}");
            } else {
                let name = self.name(below);
                out.json("link", name.as_slice());
                let _ = write!(text, "@{}", Escaped(&name));
                below_is_down = !self.links.is_up(below);
            }
        }
        out.field("ifname", name, format_args!("{text:<width$}{after}"));
        below_is_down
    }

    fn flags(out: &mut Out, flags: LinkFlags, below_is_down: bool) {
        let mut names: Vec<String> = Vec::new();
        if flags.contains(LinkFlags::UP) && !flags.contains(LinkFlags::RUNNING) {
            names.push("NO-CARRIER".into());
        }
        let mut rest = flags.difference(LinkFlags::RUNNING);
        for name in FLAG_ORDER.split(' ') {
            if let Some(flag) = LinkFlags::from_name(name).filter(|f| flags.contains(*f)) {
                names.push(name.into());
                rest.remove(flag);
            }
        }
        names.extend((!rest.is_empty()).then(|| format!("{:x}", rest.bits())));
        names.extend(below_is_down.then(|| "M-DOWN".into()));
        out.text(format_args!("<{}> ", names.join(",")));
        out.list("flags", |out| names.iter().for_each(|n| out.json("", n)));
    }

    /// `state UP`: what is shown of the operational state.
    fn state(link: &Link<'_>) -> String {
        const STATES: [&str; 7] = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];
        let state = link.operstate().ok().flatten().unwrap_or_default().0;
        STATES.get(usize::from(state)).map_or_else(|| format!("{state:#x}"), |s| (*s).to_owned())
    }

    /// Name and state, as the brief form begins. Gives back whether what it sits on is down.
    pub(in crate::cmd) fn brief_head(&self, out: &mut Out, link: &Link<'_>) -> bool {
        let below_is_down = self.name_and_below(out, link, 16, " ");
        let state = Self::state(link);
        out.field("operstate", &state, format_args!("{state:<14} "));
        below_is_down
    }

    fn brief(&self, out: &mut Out, link: &Link<'_>) {
        let below_is_down = self.brief_head(out, link);
        if let Some(bytes) = link.address().ok().flatten().filter(|b| !b.is_empty()) {
            let text = address(link.header.kind.get(), bytes);
            out.field("address", &text, format_args!("{text} "));
        }
        Self::flags(out, link.flags(), below_is_down);
        out.text(format_args!("\n"));
    }

    /// All that is shown of a link, ended by a new line.
    pub(in crate::cmd) fn full(&self, out: &mut Out, link: &Link<'_>) {
        let index = links::index_of(link);
        out.field("ifindex", index, format_args!("{index}: "));
        let below_is_down = self.name_and_below(out, link, 0, ": ");
        Self::flags(out, link.flags(), below_is_down);
        if let Ok(Some(mtu)) = link.mtu() {
            out.field("mtu", mtu, format_args!("mtu {mtu} "));
        }
        if let Ok(Some(qdisc)) = link.qdisc() {
            out.field("qdisc", qdisc, format_args!("qdisc {} ", Escaped(qdisc)));
        }
        if let Some(master) = link.master().ok().flatten().filter(|m| *m != 0) {
            let name = self.name(master);
            out.field("master", name.as_slice(), format_args!("master {} ", Escaped(&name)));
        }
        let state = Self::state(link);
        out.field("operstate", &state, format_args!("state {state} "));
        if let (None, Ok(Some(mode))) = (self.of_addresses, link.linkmode()) {
            let text = name_of(mode.into(), &[("DEFAULT", 0), ("DORMANT", 1)]).map_or(mode.to_string(), str::to_owned);
            out.field("linkmode", &text, format_args!("mode {text} "));
        }
        if let Ok(Some(group)) = link.group() {
            let text = name_of(group.into(), &[("default", 0)]).map_or(group.to_string(), str::to_owned);
            out.field("group", &text, format_args!("group {text} "));
        }
        if let Some(qlen) = link.txqlen().ok().flatten().filter(|q| *q != 0) {
            out.field("txqlen", qlen, format_args!("qlen {qlen}"));
        }
        if !matches!(self.of_addresses, Some(Some(_))) {
            self.addresses(out, link);
        }
        self.peer_namespace(out, link);
        if self.details {
            self.details(out, link);
        }
        if let Some(alias) = link.alias().ok().flatten().filter(|a| !a.is_empty()) {
            out.field("ifalias", alias, format_args!("{}    alias {}", self.newline, Escaped(alias)));
        }
        if self.of_addresses.is_none() {
            self.stats(out, link, self.newline);
        }
        if link.alt_names().next().is_some() {
            out.list("altnames", |out| {
                link.alt_names()
                    .for_each(|n| out.field("", n, format_args!("{}    altname {}", self.newline, Escaped(n))));
            });
        }
        out.text(format_args!("\n"));
    }

    /// The second line: what the link layer has.
    fn addresses(&self, out: &mut Out, link: &Link<'_>) {
        let kind = link.header.kind.get();
        let name = TYPES.iter().find(|t| t.0 == kind).map_or_else(|| format!("[{kind}]"), |t| t.1.to_owned());
        out.field("link_type", &name, format_args!("{}    link/{name} ", self.newline));
        let own = link.address().ok().flatten().unwrap_or_default();
        if !own.is_empty() {
            let text = address(kind, own);
            out.field("address", &text, format_args!("{text}"));
        }
        if let Some(bytes) = link.broadcast().ok().flatten().filter(|b| !b.is_empty()) {
            let (text, peer) = (address(kind, bytes), link.flags().contains(LinkFlags::POINTOPOINT));
            if peer {
                out.json("link_pointtopoint", true);
            }
            out.field("broadcast", &text, format_args!(" {} {text}", if peer { "peer" } else { "brd" }));
        }
        if let Some(bytes) = link.perm_address().ok().flatten().filter(|b| !b.is_empty() && *b != own) {
            let text = address(kind, bytes);
            out.field("permaddr", &text, format_args!(" permaddr {text}"));
        }
    }

    fn peer_namespace(&self, out: &mut Out, link: &Link<'_>) {
        match (link.link_netnsid(), self.namespaces.iter().find(|n| Ok(Some(n.0)) == link.link_netnsid())) {
            (Ok(Some(_)), Some((_, name))) => {
                out.text(format_args!(" link-netns {}", Escaped(name.as_bytes())));
            }
            (Ok(Some(id)), _) if id >= 0 => out.field("link_netnsid", id, format_args!(" link-netnsid {id}")),
            (Ok(Some(_)), _) => out.text(format_args!(" link-netnsid unknown")),
            _ => {}
        }
        if matches!(link.proto_down(), Ok(Some(1..))) {
            out.field("proto_down", true, format_args!(" protodown on "));
        }
    }

    fn details(&self, out: &mut Out, link: &Link<'_>) {
        let mut number = |key, word: &str, value: Option<u32>| {
            if let Some(value) = value {
                out.field(key, value, format_args!("{word} {value} "));
            }
        };
        number("promiscuity", " promiscuity", link.promiscuity().ok().flatten());
        number("allmulti", " allmulti", link.allmulti().ok().flatten());
        number("min_mtu", "minmtu", link.min_mtu().ok().flatten());
        number("max_mtu", "maxmtu", link.max_mtu().ok().flatten());
        if let Ok(Some(info)) = link.info() {
            let here = matches!(link.link_netnsid(), Ok(None));
            out.object("linkinfo", |out| self.info(out, &info, here));
        }
        let families = link.af_spec().ok().flatten().filter(|_| self.of_addresses.is_none());
        let mode = families.and_then(|a| a.find(af::INET6.into()));
        if let Some(mode) = mode.and_then(|a| a.attrs().find(inet6::ADDR_GEN_MODE)).map(|a| uint(&a)) {
            let text = name_of(mode, kinds::ADDR_GEN).map_or(mode.to_string(), str::to_owned);
            out.field("inet6_addr_gen_mode", &text, format_args!("addrgenmode {text} "));
        }
        let mut number = |key, word: &str, value: Option<u32>| {
            if let Some(value) = value {
                out.field(key, value, format_args!("{word} {value} "));
            }
        };
        number("num_tx_queues", "numtxqueues", link.num_tx_queues().ok().flatten());
        number("num_rx_queues", "numrxqueues", link.num_rx_queues().ok().flatten());
        number("gso_max_size", "gso_max_size", link.gso_max_size().ok().flatten());
        number("gso_max_segs", "gso_max_segs", link.gso_max_segs().ok().flatten());
        number("tso_max_size", "tso_max_size", link.tso_max_size().ok().flatten());
        number("tso_max_segs", "tso_max_segs", link.tso_max_segs().ok().flatten());
        number("gro_max_size", "gro_max_size", link.gro_max_size().ok().flatten());
        if let Ok(Some(name)) = link.phys_port_name() {
            out.field("phys_port_name", name, format_args!("portname {} ", Escaped(name)));
        }
        for (key, word, bytes) in
            [("phys_port_id", "portid", link.phys_port_id()), ("phys_switch_id", "switchid", link.phys_switch_id())]
        {
            if let Ok(Some(bytes)) = bytes {
                let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                out.field(key, &text, format_args!("{word} {text} "));
            }
        }
        for (key, name) in [("parentbus", link.parent_dev_bus_name()), ("parentdev", link.parent_dev_name())] {
            if let Ok(Some(name)) = name {
                out.field(key, name, format_args!("{key} {} ", Escaped(name)));
            }
        }
    }

    /// The kind and its settings; those of a port. What is below it is `here`, or in another namespace.
    fn info(&self, out: &mut Out, info: &LinkInfo<'_>, here: bool) {
        if let Ok(Some(kind)) = info.kind() {
            out.field("info_kind", kind, format_args!("{}    {} ", self.newline, Escaped(kind)));
            if let Ok(Some(data)) = info.data() {
                self.data(out, "info_data", kinds::KINDS, kind, (&data, here));
            }
        }
        if let Ok(Some(kind)) = info.slave_kind() {
            out.field("info_slave_kind", kind, format_args!("{}    {}_slave ", self.newline, Escaped(kind)));
            if let Ok(Some(data)) = info.slave_data() {
                self.data(out, "info_slave_data", kinds::PORTS, kind, (&data, true));
            }
        }
    }

    fn data(&self, out: &mut Out, key: &str, known: &[Kind], kind: &[u8], (data, here): (&Attrs<'_>, bool)) {
        let settings = known.iter().find(|k| k.name.as_bytes() == kind).map_or(&[][..], |k| k.settings);
        if settings.is_empty() {
            return;
        }
        out.object(key, |out| {
            settings.iter().filter(|s| s.on & SHOW != 0).for_each(|s| self.setting(out, s, data, here));
        });
    }

    /// One setting: `word value `.
    fn setting(&self, out: &mut Out, setting: &Setting, data: &Attrs<'_>, here: bool) {
        let Setting { word, json, .. } = *setting;
        let other = match setting.shape {
            Shape::Ip(v6, _) => data.find(v6).map(|a| (a, true)),
            Shape::Ttl(inherit) => data.find(inherit).filter(|a| a.bytes() != [0]).map(|a| (a, true)),
            _ => None,
        };
        let Some((attr, other)) = other.or_else(|| data.find(setting.attr).map(|a| (a, false))) else { return };
        let value = uint(&attr);
        if setting.quiet && value == 0 && !out.is_json() {
            return;
        }
        let quiet = format_args!("");
        match setting.shape {
            Shape::Ttl(_) if other => out.text(format_args!("{word} inherit ")),
            Shape::Ttl(_) if value == 0 => out.field(json, value, format_args!("{word} auto ")),
            Shape::Num(_) | Shape::Ttl(_) => out.field(json, value, format_args!("{word} {value} ")),
            Shape::Be(_) => {
                let value = attr.be16().map(u32::from).or_else(|_| attr.be32()).unwrap_or(0);
                out.field(json, value, format_args!("{word} {value} "));
            }
            Shape::Hex(_) => {
                let text = if value == 0 { "0".into() } else { format!("{value:#x}") };
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Code(_, names) => match name_of(value, names) {
                Some(name) => out.field(json, name, format_args!("{word} {name} ")),
                None => out.field(json, value, format_args!("{word} {value} ")),
            },
            Shape::Proto => {
                let value = attr.be16().unwrap_or(0);
                let text = name_of(value.into(), kinds::PROTOS).map_or(format!("{value:#06x}"), str::to_owned);
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Is(_, is) if is == value => out.field(json, true, format_args!("{word} ")),
            Shape::OnOff => {
                out.field(json, value != 0, format_args!("{word} {} ", if value != 0 { "on" } else { "off" }))
            }
            Shape::Switch(when) => match (value != 0, when) {
                (false, When::On) => {}
                (true, When::OffInText) | (false, When::OnInText) => out.field(json, value != 0, quiet),
                (on, _) => out.field(json, on, format_args!("{}{word} ", if on { "" } else { "no" })),
            },
            Shape::Flag => out.field(json, true, format_args!("{word} ")),
            Shape::Bit(bit) => {
                let set = u32::from(attr.zero_extended::<BrBoolOptMulti>().value.get() & bit != 0);
                out.field(json, set, format_args!("{word} {set} "));
            }
            Shape::Mac => {
                let text = Lladdr(attr.bytes()).to_string();
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Ip(_, multicast) => {
                let text = Addr(attr.bytes()).to_string();
                let Ok(addr) = text.parse::<IpAddr>() else { return };
                if addr.is_unspecified() || multicast.is_some_and(|m| m != addr.is_multicast()) {
                    return;
                }
                let key = if other { format!("{json}6") } else { json.to_owned() };
                out.field(&key, &text, format_args!("{word} {text} "));
            }
            Shape::Dev => {
                let index = attr.u32().unwrap_or(0);
                let name = if here { self.name(index) } else { format!("if{index}").into_bytes() };
                out.field(json, name.as_slice(), format_args!("{word} {} ", Escaped(&name)));
            }
            Shape::Ports => {
                let PortRange { low, high } = attr.zero_extended();
                out.object(json, |out| {
                    out.field("low", low.get(), format_args!("{word} {low} "));
                    out.field("high", high.get(), format_args!("{high} "));
                });
            }
            Shape::Tos => match value {
                0 => {}
                1 => out.field(json, "0x1", format_args!("{word} inherit ")),
                _ => out.field(json, &format!("{value:#x}"), format_args!("{word} {value:#x} ")),
            },
            Shape::Timer => {
                let text = format!("{}.{:02}", value / 100, value % 100);
                out.field(json, Value::Hundredths(value), format_args!("{word} {text:>7} "));
            }
            Shape::BridgeId => {
                let id: BridgeId = attr.zero_extended();
                let addr = id.addr.map(|b| format!("{b:x}")).join(":");
                let text = format!("{:04x}.{addr}", id.prio);
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Names(names) => {
                let set: Vec<_> =
                    names.iter().filter(|n| attr.zero_extended::<BrBoolOptMulti>().value.get() & n.1 != 0).collect();
                out.list(json, |out| set.iter().for_each(|n| out.json("", n.0)));
                out.text(format_args!("<{}> ", set.iter().map(|n| n.0).collect::<Vec<_>>().join(",")));
            }
            _ => {}
        }
    }

    /// Two tables of one row each.
    /// The counters, where they are asked for; `begin` goes before them.
    pub(in crate::cmd) fn stats(&self, out: &mut Out, link: &Link<'_>, mut begin: &'static str) {
        let (1.., Ok(Some(s))) = (self.statistics, link.stats64()) else { return };
        let rx =
            [s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped, s.rx_missed_errors, s.multicast, s.rx_compressed];
        let tx =
            [s.tx_bytes, s.tx_packets, s.tx_errors, s.tx_dropped, s.tx_carrier_errors, s.collisions, s.tx_compressed];
        let (rx, tx) = (rx.map(|v| v.get()), tx.map(|v| v.get()));
        let mut widths = [10, 7, 6, 7, 7, 7, 10];
        for (width, (rx, tx)) in widths.iter_mut().zip(rx.into_iter().zip(tx)) {
            *width = rx.max(tx).to_string().len().max(*width);
        }
        let of_rx = ["bytes", "packets", "errors", "dropped", "missed", "mcast", "compressed"];
        let of_tx = ["bytes", "packets", "errors", "dropped", "carrier", "collsns", "compressed"];
        for (head, words, values) in [("RX:", of_rx, rx), ("TX:", of_tx, tx)] {
            let shown = if values.last() == Some(&0) { 6 } else { 7 };
            let (mut titles, mut numbers) = (String::new(), String::new());
            for (i, ((word, value), width)) in words.into_iter().zip(values).zip(widths).enumerate() {
                let word = if i < shown { word } else { "" };
                // The head takes its place from the first column.
                let space = if i == 0 { width.saturating_sub(head.len()) } else { width };
                let _ = write!(titles, "{word:>space$}{}", if i < 6 { " " } else { "" });
                if i < shown {
                    let _ = write!(numbers, "{value:>width$} ");
                }
            }
            out.text(format_args!("{begin}    {head}{titles}{}    {numbers}", self.newline));
            begin = self.newline;
        }
        out.object("stats64", |out| {
            let of_rx = ["bytes", "packets", "errors", "dropped", "over_errors", "multicast", "compressed"];
            let of_tx = ["bytes", "packets", "errors", "dropped", "carrier_errors", "collisions", "compressed"];
            // Text shows what the host missed, JSON what the ring had no room for.
            let [bytes, packets, errors, dropped, _, multicast, compressed] = rx;
            let rx = [bytes, packets, errors, dropped, s.rx_over_errors.get(), multicast, compressed];
            for (key, keys, values) in [("rx", of_rx, rx), ("tx", of_tx, tx)] {
                out.object(key, |out| {
                    let shown = if values.last() == Some(&0) { 6 } else { 7 };
                    keys.into_iter().zip(values).take(shown).for_each(|(key, value)| out.json(key, value));
                });
            }
        });
    }
}
