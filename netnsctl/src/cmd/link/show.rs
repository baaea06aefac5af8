//! `link show`: links as text (that of `ip link`) and as JSON (its keys).

pub(super) use super::super::inet::lladdr as address;
use super::super::{Options, Session, done, links, links::Links, netns};
use super::change::{ADDR_GEN_MODES, REASONS, STATES};
use super::kinds::{self, Shape};
use super::ready::wrong;
use crate::failure::Result;
use crate::names::GROUPS;
use crate::out::{Color, Escaped, Out, Value};
use netns_sys::netlink::Conn;
use nl_core::route::{
    self, IfInfoMsg, Link, LinkFlags, OperState, RTM_DELLINK, RTM_GETLINK, af, ifla, inet6, info, proto_down_reason,
    rtext_filter, xdp, xdp_attached,
};
use nl_core::{Attrs, Message, Messages, Msg};
use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
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
    /// With this master; `true`: which is a VRF.
    pub master: Option<(OsString, bool)>,
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
    pub(in crate::cmd) links: Links,
    /// Names of namespaces by their ids.
    pub(in crate::cmd) namespaces: Vec<(i32, OsString)>,
    details: bool,
    pub(super) statistics: u8,
    /// Numbers of the statistics have units for people, of powers of 1024.
    pub(super) human: bool,
    pub(super) iec: bool,
    /// What begins a new line of the same record.
    pub(super) newline: &'static str,
    /// As `ip address` shows them: without their mode, and where it is about one family, without what the link layer has.
    pub(in crate::cmd) of_addresses: Option<Option<u8>>,
    /// Without the length of the queue: as `ip` shows events.
    pub(in crate::cmd) of_events: bool,
}

/// Shows the links that `filter` takes.
pub(super) fn run(session: &mut Session, filter: &Filter) -> Result<()> {
    let mask = rtext_filter::VF | ext_mask(&session.options);
    let mut master = None;
    if let Some((name, vrf)) = &filter.master {
        let found = if *vrf { links::find_vrf(session.conn()?, name) } else { links::find(session.conn()?, name) };
        let says = if *vrf { "Not a valid VRF name" } else { "Device does not exist" };
        master = Some(found.map_err(|failure| wrong(session, failure, name, says))?);
    }
    let keep = |(kept, found): &mut (Vec<u8>, Links), message: &Message<'_>| {
        let link = Link::parse(message)?;
        found.add(&link)?;
        if filter.takes(&link, master) {
            kept.extend_from_slice(message.bytes());
            kept.resize(nl_core::wire::align4(kept.len()), 0);
        }
        Ok(())
    };
    let conn = session.conn()?;
    let all = match &filter.name {
        Some(name) => {
            let all = RefCell::default();
            let got = links::get(conn, name, mask, |message| keep(&mut all.borrow_mut(), message));
            got.map_err(|failure| failure.ip(format!("Device \"{}\" does not exist.", Escaped(name.as_bytes()))))?;
            all.into_inner()
        }
        None => {
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&IfInfoMsg::default());
                m.u32(ifla::EXT_MASK, mask);
                // The kernel leaves out some of what is not asked for, if it knows how.
                master.iter().for_each(|master| m.u32(ifla::MASTER, *master));
                let kind = filter.kind.iter().filter(|kind| !super::change::is_port(kind));
                kind.for_each(|kind| m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, kind.as_bytes())));
            };
            done("list links", conn.dump(RTM_GETLINK, fill, keep))?
        }
    };
    show(session, &all.0, all.1, None)
}

/// Shows what the kernel told of a change.
pub(super) fn echo(session: &mut Session, messages: &[u8]) -> Result<()> {
    show(session, messages, Links::default(), Some(None))
}

fn show(session: &mut Session, messages: &[u8], mut found: Links, of_addresses: Option<Option<u8>>) -> Result<()> {
    let options = session.options.clone();
    let conn = session.conn()?;
    let all = || Messages::new(messages).map_while(std::result::Result::ok);
    let mut elsewhere = false;
    for link in all().filter_map(|m| Link::parse(&m).ok()) {
        if matches!(link.link_netnsid(), Ok(Some(_))) {
            elsewhere = true;
        } else if let Ok(Some(below)) = link.link() {
            found.also(conn, below)?;
        }
        for index in link.master().ok().flatten().into_iter().chain(named(&link).filter(|_| options.details)) {
            found.also(conn, index)?;
        }
    }
    let mut context = Context::new(session, found, elsewhere)?;
    (context.of_addresses, context.of_events) = (of_addresses, of_addresses.is_some());
    session.out.list("", |out| {
        for message in all() {
            let Ok(link) = Link::parse(&message) else { continue };
            out.object("", |out| {
                if message.kind() == RTM_DELLINK {
                    out.field("deleted", true, format_args!("Deleted "));
                }
                if options.brief { context.brief(out, &link) } else { context.full(out, &link) }
            });
            out.spill();
        }
    });
    Ok(())
}

/// The indices of links that the settings of this one name.
fn named(link: &Link<'_>) -> impl Iterator<Item = u32> {
    let info = link.info().ok().flatten();
    let of = |known: &[kinds::Kind], kind: Option<&[u8]>, data: Option<Attrs<'_>>| {
        let settings = known.iter().find(|k| Some(k.name.as_bytes()) == kind).map_or(&[][..], |k| k.settings);
        let devices = settings.iter().filter(|s| matches!(s.shape, Shape::Dev));
        devices.filter_map(|s| data.as_ref()?.find(s.attr)?.u32().ok()).collect::<Vec<u32>>()
    };
    let port = info.as_ref().map(|i| of(kinds::PORTS, i.slave_kind().ok().flatten(), i.slave_data().ok().flatten()));
    // What is below a link may be in another namespace.
    let own = info.as_ref().filter(|_| matches!(link.link_netnsid(), Ok(None)));
    let own = own.map(|i| of(kinds::KINDS, i.kind().ok().flatten(), i.data().ok().flatten()));
    port.into_iter().chain(own).flatten()
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
    let ids = netns::nsids(&session.dir, &mut done("open a netlink socket", conn)?, &names)?;
    Ok(ids.into_iter().zip(names).filter_map(|(id, name)| Some((id?, name.to_owned()))).collect())
}

/// Link-layer types (`ARPHRD_*`, linux/if_arp.h), each followed by the name that `ip` has for it.
const TYPES: &str = "\
    0 netrom 1 ether 2 eether 3 ax25 4 pronet 5 chaos 6 ieee802 7 arcnet 8 atalk 15 dlci 19 atm 23 \
    metricom 24 ieee1394 32 infiniband 256 slip 257 cslip 258 slip6 259 cslip6 260 rsrvd 264 adapt 270 \
    rose 271 x25 272 hwx25 280 can 512 ppp 513 hdlc 516 lapb 517 ddcmp 518 rawhdlc 768 ipip 769 tunnel6 \
    770 frad 771 skip 772 loopback 773 ltalk 774 fddi 775 bif 776 sit 777 ip/ddp 778 gre 779 pimreg 780 \
    hippi 781 ash 782 econet 783 irda 784 fcpp 785 fcal 786 fcpl 787 fcfb0 788 fcfb1 789 fcfb2 790 fcfb3 \
    791 fcfb4 792 fcfb5 793 fcfb6 794 fcfb7 795 fcfb8 796 fcfb9 797 fcfb10 798 fcfb11 799 fcfb12 800 tr \
    801 ieee802.11 802 ieee802.11/prism 803 ieee802.11/radiotap 804 ieee802.15.4 805 \
    ieee802.15.4/monitor 820 phonet 821 phonet_pipe 822 caif 823 gre6 824 netlink 825 6lowpan 65534 none \
    65535 void";

/// The name of a link-layer type, unless numbers are asked for.
pub(super) fn type_name(out: &Out, kind: u16) -> String {
    let mut words = TYPES.split(' ').filter(|_| !out.style().numeric);
    while let (Some(number), Some(name)) = (words.next(), words.next()) {
        if number.parse() == Ok(kind) {
            return name.to_owned();
        }
    }
    format!("[{kind}]")
}

/// The flags in the order they are shown. `RUNNING` is not; that it is missing from a link that is up is.
const FLAG_ORDER: &str = "LOOPBACK BROADCAST POINTOPOINT MULTICAST NOARP ALLMULTI PROMISC MASTER SLAVE DEBUG DYNAMIC \
                          AUTOMEDIA PORTSEL NOTRAILERS UP LOWER_UP DORMANT ECHO";

/// What a message tells of, by number.
const EVENTS: [&str; 7] =
    ["NONE", "REBOOT", "FEATURE CHANGE", "BONDING FAILOVER", "NOTIFY PEERS", "RESEND IGMP", "BONDING OPTION"];

impl Context {
    /// To show what refers to `links`, as the options say; `elsewhere`: some of it refers to other namespaces.
    pub(in crate::cmd) fn new(session: &Session, links: Links, elsewhere: bool) -> Result<Context> {
        let options = &session.options;
        Ok(Context {
            links,
            namespaces: if elsewhere && !options.json { namespaces(session)? } else { Vec::new() },
            details: options.details,
            statistics: options.statistics,
            human: options.human,
            iec: options.iec,
            newline: if options.oneline { "\\" } else { "\n" },
            ..Context::default()
        })
    }

    /// The name of the link with this index, or `if` and the index.
    pub(super) fn name(&self, index: u32) -> Vec<u8> {
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
                below_is_down = self.links.is_down(below);
            }
        }
        out.color(Some(Color::Ifname), "ifname", name, format_args!("{text:<width$}{after}"));
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

    /// The operational state, padded to `width`, behind `word`.
    fn state(out: &mut Out, link: &Link<'_>, word: &str, width: usize) {
        let Ok(Some(state)) = link.operstate() else { return };
        let color = match state {
            OperState::UP => Some(Color::Up),
            OperState::DOWN => Some(Color::Down),
            _ => None,
        };
        match STATES.get(usize::from(state.0)) {
            Some(name) => {
                out.push(word);
                out.color(color, "operstate", *name, format_args!("{name:<width$} "));
            }
            None => out.field("operstate_index", state.0, format_args!("state {:#x}", state.0)),
        }
    }

    /// Name and state, as the brief form begins. Gives back whether what it sits on is down.
    pub(in crate::cmd) fn brief_head(&self, out: &mut Out, link: &Link<'_>) -> bool {
        let below_is_down = self.name_and_below(out, link, 16, " ");
        Self::state(out, link, "", 14);
        below_is_down
    }

    pub(in crate::cmd) fn brief(&self, out: &mut Out, link: &Link<'_>) {
        let below_is_down = self.brief_head(out, link);
        if let Some(bytes) = link.address().ok().flatten().filter(|b| !b.is_empty()) {
            let text = address(link.header.kind.get(), bytes);
            out.color(Some(Color::Mac), "address", &text, format_args!("{text} "));
        }
        Self::flags(out, link.flags(), below_is_down);
        out.text(format_args!("\n"));
    }

    /// All that is shown of a link, ended by a new line.
    pub(in crate::cmd) fn full(&self, out: &mut Out, link: &Link<'_>) {
        let (index, of_link) = (links::index_of(link), self.of_addresses.is_none());
        out.field("ifindex", index, format_args!("{index}: "));
        let below_is_down = self.name_and_below(out, link, 0, ": ");
        Self::flags(out, link.flags(), below_is_down);
        if let Ok(Some(mtu)) = link.mtu() {
            out.field("mtu", mtu, format_args!("mtu {mtu} "));
        }
        let programs = link.xdp().ok().flatten();
        programs.iter().for_each(|programs| xdp_mode(out, programs, of_link));
        if let Ok(Some(qdisc)) = link.qdisc() {
            out.field("qdisc", qdisc, format_args!("qdisc {} ", Escaped(qdisc)));
        }
        if let Some(master) = link.master().ok().flatten().filter(|m| *m != 0) {
            let name = self.name(master);
            out.field("master", name.as_slice(), format_args!("master {} ", Escaped(&name)));
        }
        Self::state(out, link, "state ", 0);
        if let (true, Ok(Some(mode))) = (of_link, link.linkmode()) {
            match ["DEFAULT", "DORMANT"].get(usize::from(mode)) {
                Some(name) => out.field("linkmode", *name, format_args!("mode {name} ")),
                None => out.field("linkmode_index", mode, format_args!("mode {mode} ")),
            }
        }
        if let Ok(Some(group)) = link.group() {
            let text = out.named(group, &GROUPS).to_string();
            out.field("group", &text, format_args!("group {text} "));
        }
        if let Some(qlen) = link.txqlen().ok().flatten().filter(|q| *q != 0 && !self.of_events) {
            let qlen = i32::from_ne_bytes(qlen.to_ne_bytes());
            out.field("txqlen", qlen, format_args!("qlen {qlen}"));
        }
        if let Some(event) = link.event().ok().flatten().filter(|e| *e != 0) {
            match EVENTS.get(usize::try_from(event).unwrap_or(usize::MAX)) {
                Some(name) => out.field("event", *name, format_args!("event {name} ")),
                None => out.field("event", event, format_args!("event {event} ")),
            }
        }
        if self.details || self.of_addresses.flatten().is_none_or(|family| family == af::PACKET) {
            self.addresses(out, link);
        }
        self.namespaces(out, link);
        self.proto_down(out, link);
        if self.details {
            self.details(out, link);
        }
        let more = of_link || self.details;
        if let Some(alias) = link.alias().ok().flatten().filter(|_| more) {
            out.field("ifalias", alias, format_args!("{}    alias {}", self.newline, Escaped(alias)));
        }
        programs.iter().filter(|_| more).for_each(|programs| self.xdp_programs(out, programs));
        if of_link {
            self.stats(out, link, self.newline);
        }
        if let (Some(list), Ok(Some(_))) = (link.vfinfo_list().ok().flatten().filter(|_| more), link.num_vf()) {
            self.functions(out, link, &list);
        }
        if matches!(link.prop_list(), Ok(Some(_))) {
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
        let name = type_name(out, kind);
        out.field("link_type", &name, format_args!("{}    link/{name} ", self.newline));
        let own = link.address().ok().flatten().unwrap_or_default();
        if !own.is_empty() {
            let text = address(kind, own);
            out.color(Some(Color::Mac), "address", &text, format_args!("{text}"));
        }
        if let Some(bytes) = link.broadcast().ok().flatten().filter(|b| !b.is_empty()) {
            broadcast(out, link, &address(kind, bytes));
        }
        if let Some(bytes) = link.perm_address().ok().flatten().filter(|b| !b.is_empty() && *b != own) {
            let text = address(kind, bytes);
            out.push(" permaddr ");
            out.color(Some(Color::Mac), "permaddr", &text, format_args!("{text}"));
        }
    }

    /// Other namespaces: of what is below it, and where it goes.
    fn namespaces(&self, out: &mut Out, link: &Link<'_>) {
        let name = |id| self.namespaces.iter().find(|n| n.0 == id).map(|n| Escaped(n.1.as_bytes()));
        if let Ok(Some(id)) = link.link_netnsid() {
            out.json("link_netnsid", id);
            match name(id) {
                Some(name) => out.text(format_args!(" link-netns {name}")),
                None if id >= 0 => out.text(format_args!(" link-netnsid {id}")),
                None => out.push(" link-netnsid unknown"),
            }
        }
        if let Ok(Some(id)) = link.new_netnsid() {
            match name(id) {
                Some(name) => out.text(format_args!(" new-netns {name}")),
                None => out.text(format_args!(" new-netnsid {id}")),
            }
        }
        if let Ok(Some(index)) = link.new_ifindex() {
            out.text(format_args!(" new-ifindex {index}"));
        }
    }

    fn proto_down(&self, out: &mut Out, link: &Link<'_>) {
        let Ok(Some(down)) = link.proto_down() else { return };
        if down != 0 {
            out.field("proto_down", true, format_args!(" protodown on "));
        }
        let reasons =
            link.proto_down_reason().ok().flatten().and_then(|r| r.find(proto_down_reason::VALUE)?.u32().ok());
        let Some(reasons) = reasons.filter(|r| *r != 0) else { return };
        let reasons = (0_u32..32).filter(|bit| reasons & 1_u32.checked_shl(*bit).unwrap_or_default() != 0);
        let names: Vec<String> = reasons.map(|bit| out.named(bit, &REASONS).to_string()).collect();
        out.text(format_args!("protodown_reason <{}>", names.join(",")));
        out.list("proto_down_reason", |out| names.iter().for_each(|name| out.json("", name)));
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
        let mode = families.and_then(|a| a.find(af::INET6.into())?.attrs().find(inet6::ADDR_GEN_MODE)?.u8().ok());
        if let Some(mode) = mode {
            let text =
                ADDR_GEN_MODES.get(usize::from(mode)).map_or_else(|| format!("{mode:#04x}"), |m| (*m).to_owned());
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

    /// The programs that see packets first, a line each.
    fn xdp_programs(&self, out: &mut Out, programs: &Attrs<'_>) {
        let mode = programs.find(xdp::ATTACHED).and_then(|a| a.u8().ok()).unwrap_or(xdp_attached::NONE);
        let several = [(xdp::SKB_PROG_ID, "generic"), (xdp::DRV_PROG_ID, "drv"), (xdp::HW_PROG_ID, "offload")];
        let several = several.into_iter().filter(|_| mode == xdp_attached::MULTI);
        for (kind, word) in std::iter::once((xdp::PROG_ID, "")).chain(several) {
            if let Some(id) = program(programs, kind).filter(|id| *id != 0 && mode != xdp_attached::NONE) {
                out.text(format_args!("{}    prog/xdp{word} id {id} ", self.newline));
            }
        }
    }
}

/// The broadcast address, or the other end's.
pub(super) fn broadcast(out: &mut Out, link: &Link<'_>, text: &str) {
    let peer = link.flags().contains(LinkFlags::POINTOPOINT);
    out.push(if peer { " peer " } else { " brd " });
    if peer {
        out.json("link_pointtopoint", true);
    }
    out.color(Some(Color::Mac), "broadcast", text, format_args!("{text}"));
}

/// The id of a program.
fn program(programs: &Attrs<'_>, kind: u16) -> Option<u32> {
    programs.find(kind).and_then(|a| a.u32().ok())
}

/// Where programs see packets first, and in JSON which.
fn xdp_mode(out: &mut Out, programs: &Attrs<'_>, of_link: bool) {
    let mode = programs.find(xdp::ATTACHED).and_then(|a| a.u8().ok()).unwrap_or(xdp_attached::NONE);
    let id = program(programs, xdp::PROG_ID).filter(|id| *id != 0);
    match mode {
        xdp_attached::NONE => return,
        xdp_attached::DRV => out.push("xdp"),
        xdp_attached::SKB => out.push("xdpgeneric"),
        xdp_attached::HW => out.push("xdpoffload"),
        xdp_attached::MULTI => out.push("xdpmulti"),
        mode => out.text(format_args!("xdp[{mode}]")),
    }
    if let Some(id) = id.filter(|_| !of_link) {
        out.text(format_args!("/id:{id}"));
    }
    out.push(" ");
    let shown = |out: &mut Out, id: u32| out.object("prog", |out| out.json("id", id));
    out.object("xdp", |out| {
        out.json("mode", mode);
        id.iter().for_each(|id| shown(out, *id));
        out.list("attached", |out| {
            let modes = [(xdp::SKB_PROG_ID, xdp_attached::SKB), (xdp::DRV_PROG_ID, xdp_attached::DRV)];
            let modes = modes.into_iter().chain([(xdp::HW_PROG_ID, xdp_attached::HW)]);
            let mut attached: Vec<_> =
                modes.filter_map(|(kind, mode)| Some((program(programs, kind)?, mode))).collect();
            if attached.is_empty() {
                attached.extend(id.map(|id| (id, mode)));
            }
            for (id, mode) in attached {
                out.object("", |out| {
                    out.json("mode", mode);
                    shown(out, id);
                });
            }
        });
    });
}
