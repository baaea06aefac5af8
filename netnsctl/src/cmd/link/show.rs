//! `link show`: links as text (that of `ip link`) and as JSON (its keys).

use super::super::inet::put_lladdr;
use super::super::{Options, Session, done, links, links::Links, netns};
use super::change::{ADDR_GEN_MODES, REASONS, STATES};
use super::filter::Filter;
use super::programs::xdp_mode;
use crate::failure::Result;
use crate::names::GROUPS;
use crate::out::{Color, Escaped, Out, Value, padding};
use netns_sys::netlink::Conn;
use netns_sys::{Dir, Error};
use nl_core::route::{
    self, Link, LinkFlags, OperState, RTM_DELLINK, RTM_GETLINK, af, inet6, proto_down_reason, rtext_filter,
};
use nl_core::wire::align4;
use nl_core::{Message, Messages, Msg};
use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// What the links shown refer to, and how they are shown.
#[derive(Debug, Default)]
pub(in crate::cmd) struct Context {
    pub(in crate::cmd) links: Links,
    /// Names of namespaces by their ids.
    pub(in crate::cmd) namespaces: Vec<(i32, OsString)>,
    pub(super) details: bool,
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
    let master = filter.find_master(session)?;
    // What is not taken leaves an empty object.
    let (brief, empty) = (session.options.brief, session.options.ip && session.options.json);
    let show = |context: &Context, out: &mut Out, message: &Message<'_>, link: &Link<'_>| {
        if filter.takes(link, master) {
            context.record(out, message, link, brief);
        } else if empty {
            out.object("", |_| {});
        }
    };
    let mut list = List::new(session, &show)?;
    let Some(name) = &filter.name else { return list.stream(session, |m| filter.ask(m, mask, master)) };
    let got = links::get(session.conn()?, name, mask, |message| list.keep(message));
    got.map_err(|failure| failure.ip(format!("Device \"{}\" does not exist.", Escaped(name.as_bytes()))))?;
    list.finish(session)
}

/// Shows what the kernel told of a change.
pub(super) fn echo(session: &mut Session, messages: &[u8]) -> Result<()> {
    let brief = session.options.brief;
    let show = |context: &Context, out: &mut Out, message: &Message<'_>, link: &Link<'_>| {
        context.record(out, message, link, brief);
    };
    let mut list = List::new(session, &show)?;
    (list.context.of_addresses, list.context.of_events) = (Some(None), true);
    done("read the answer", Messages::new(messages).try_for_each(|m| list.keep(&m?)))?;
    if messages.is_empty() {
        // Not all changes are told; `ip` takes the acknowledgement for a link.
        session.out.list("", |out| out.object("", |_| {}));
        return Ok(());
    }
    list.finish(session)
}

/// Links being shown. One that refers to others waits until these are known.
pub(in crate::cmd) struct List<'f> {
    pub(in crate::cmd) context: Context,
    /// Shows one, if it is to be shown.
    show: &'f dyn Fn(&Context, &mut Out, &Message<'_>, &Link<'_>),
    dir: Dir,
    /// Whether names of namespaces need no more be asked for.
    namespaces: bool,
    waiting: Vec<u8>,
}

impl<'f> List<'f> {
    pub(in crate::cmd) fn new(
        session: &Session,
        show: &'f dyn Fn(&Context, &mut Out, &Message<'_>, &Link<'_>),
    ) -> Result<Self> {
        let context = Context::new(session, Links::default(), false)?;
        Ok(List { context, show, dir: session.dir.clone(), namespaces: session.options.json, waiting: Vec::new() })
    }

    /// Shows those of a dump as they come.
    pub(in crate::cmd) fn stream(mut self, session: &mut Session, ask: impl Fn(&mut Msg<'_>)) -> Result<()> {
        let (conn, out) = session.conn_and_out()?;
        let mut result = Ok(());
        out.list("", |out| {
            let start = out.mark();
            let streamed = conn.stream(RTM_GETLINK, ask, |event| match event {
                Some(message) => {
                    self.add(out, message)?;
                    out.spill();
                    Ok(())
                }
                None if out.rewind(start) => {
                    self.waiting.clear();
                    self.context.links = Links::default();
                    Ok(())
                }
                None => Err(Error::Interrupted),
            });
            result = done("list links", streamed).and_then(|()| self.rest(conn, out));
        });
        result
    }

    /// Shows those that were kept.
    pub(in crate::cmd) fn finish(mut self, session: &mut Session) -> Result<()> {
        let (conn, out) = session.conn_and_out()?;
        let mut result = Ok(());
        out.list("", |out| result = self.rest(conn, out));
        result
    }

    /// Keeps one, to be shown.
    pub(in crate::cmd) fn keep(&mut self, message: &Message<'_>) -> netns_sys::Result<()> {
        self.context.links.add(&Link::whole(message)?)?;
        self.wait(message);
        Ok(())
    }

    fn wait(&mut self, message: &Message<'_>) {
        self.waiting.extend_from_slice(message.bytes());
        self.waiting.resize(align4(self.waiting.len()), 0);
    }

    /// Shows this one of a dump, or has it wait.
    fn add(&mut self, out: &mut Out, message: &Message<'_>) -> netns_sys::Result<()> {
        let link = Link::whole(message)?;
        self.context.links.add(&link)?;
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = Messages::new(&waiting);
        let mut shown = 0_usize;
        while let Some(Ok(first)) = rest.next() {
            if !self.try_show(out, &first, &Link::whole(&first)?) {
                break;
            }
            shown = shown.saturating_add(align4(first.bytes().len()));
        }
        self.waiting = waiting;
        self.waiting.drain(..shown.min(self.waiting.len()));
        if !self.waiting.is_empty() || !self.try_show(out, message, &link) {
            self.wait(message);
        }
        Ok(())
    }

    /// Shows those that wait, with what is to be asked for.
    fn rest(&mut self, conn: &mut Conn, out: &mut Out) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        for message in Messages::new(&waiting).map_while(std::result::Result::ok) {
            let Ok(link) = Link::whole(&message) else { continue };
            if !self.namespaces && matches!(link.link_netnsid(), Ok(Some(_))) {
                self.namespaces = true;
                self.context.namespaces = netns::names_by_id(&self.dir, conn)?.into_iter().collect();
            }
            loop {
                let mark = out.mark();
                (self.show)(&self.context, out, &message, &link);
                if !self.context.links.ask_missed(conn, None)? || !out.rewind(mark) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Shows one if all is known that it refers to.
    fn try_show(&self, out: &mut Out, message: &Message<'_>, link: &Link<'_>) -> bool {
        let elsewhere = matches!(link.link_netnsid(), Ok(Some(_)));
        let known = |index: std::result::Result<Option<u32>, _>| {
            index.is_ok_and(|i| i.is_none_or(|i| i == 0 || self.context.links.has(i)))
        };
        if !known(link.master()) || if elsewhere { !self.namespaces } else { !known(link.link()) } {
            return false;
        }
        let mark = out.mark();
        (self.show)(&self.context, out, message, link);
        self.context.links.missed().is_empty() || !out.rewind(mark)
    }
}

/// What a dump of links is to leave out.
pub(in crate::cmd) fn ext_mask(options: &Options) -> u32 {
    if options.statistics > 0 { 0 } else { rtext_filter::SKIP_STATS }
}

/// The named namespaces that have an id in the one the links are in.
fn namespaces(session: &Session) -> Result<Vec<(i32, OsString)>> {
    let conn = match &session.options.ns {
        Some(ns) => session.open(ns).and_then(|ns| Conn::open_in(&ns, &route::FAMILY)),
        None => Conn::open(&route::FAMILY),
    };
    let mut conn = done("open a netlink socket", conn)?;
    Ok(netns::names_by_id(&session.dir, &mut conn)?.into_iter().collect())
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
pub(super) fn type_name(out: &Out, kind: u16) -> Cow<'static, str> {
    let mut words = TYPES.split(' ').filter(|_| !out.style().numeric);
    while let (Some(number), Some(name)) = (words.next(), words.next()) {
        if number.parse() == Ok(kind) {
            return name.into();
        }
    }
    format!("[{kind}]").into()
}

/// The flags in the order they are shown. `RUNNING` is not; that it is missing from a link that is up is.
const FLAGS: [(LinkFlags, &str); 18] = [
    (LinkFlags::LOOPBACK, "LOOPBACK"),
    (LinkFlags::BROADCAST, "BROADCAST"),
    (LinkFlags::POINTOPOINT, "POINTOPOINT"),
    (LinkFlags::MULTICAST, "MULTICAST"),
    (LinkFlags::NOARP, "NOARP"),
    (LinkFlags::ALLMULTI, "ALLMULTI"),
    (LinkFlags::PROMISC, "PROMISC"),
    (LinkFlags::MASTER, "MASTER"),
    (LinkFlags::SLAVE, "SLAVE"),
    (LinkFlags::DEBUG, "DEBUG"),
    (LinkFlags::DYNAMIC, "DYNAMIC"),
    (LinkFlags::AUTOMEDIA, "AUTOMEDIA"),
    (LinkFlags::PORTSEL, "PORTSEL"),
    (LinkFlags::NOTRAILERS, "NOTRAILERS"),
    (LinkFlags::UP, "UP"),
    (LinkFlags::LOWER_UP, "LOWER_UP"),
    (LinkFlags::DORMANT, "DORMANT"),
    (LinkFlags::ECHO, "ECHO"),
];

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
    pub(super) fn name(&self, index: u32) -> Cow<'_, [u8]> {
        self.links.name(index).map_or_else(|| format!("if{index}").into_bytes().into(), Cow::Borrowed)
    }

    /// Name and what it sits on. Gives back whether that is down.
    fn name_and_below(&self, out: &mut Out, link: &Link<'_>, width: usize, after: &str) -> bool {
        let name = link.name().ok().flatten().unwrap_or_default();
        let (text, mut below_is_down) = (Escaped(name).text(), false);
        let below_name;
        let (mut at, mut under) = ("@", Cow::default());
        if let Ok(Some(below)) = link.link() {
            if below == 0 {
                out.json("link", Value::Null);
                under = "NONE".into();
            } else if matches!(link.link_netnsid(), Ok(Some(_))) {
                out.json("link_index", below);
                under = format!("if{below}").into();
            } else {
                below_name = self.name(below);
                out.json("link", &*below_name);
                under = Escaped(&below_name).text();
                below_is_down = self.links.is_down(below);
            }
        } else {
            at = "";
        }
        let pad = padding(width, &[&text, at, &under]);
        out.paint(Some(Color::Ifname), |out| out.parts("ifname", name, &[&text, at, &under, pad, after]));
        below_is_down
    }

    fn flags(out: &mut Out, flags: LinkFlags, below_is_down: bool) {
        let no_carrier = flags.contains(LinkFlags::UP) && !flags.contains(LinkFlags::RUNNING);
        let known = FLAGS.iter().filter(|f| flags.contains(f.0)).map(|f| f.1);
        let rest = FLAGS.iter().fold(flags.difference(LinkFlags::RUNNING), |rest, f| rest.difference(f.0));
        let mut comma = "<";
        let mut put = |out: &mut Out, name: &str| {
            out.parts("", name, &[comma, name]);
            comma = ",";
        };
        out.list("flags", |out| {
            no_carrier.then_some("NO-CARRIER").into_iter().chain(known).for_each(|name| put(out, name));
            if !rest.is_empty() {
                put(out, &format!("{:x}", rest.bits()));
            }
            if below_is_down {
                put(out, "M-DOWN");
            }
        });
        out.push(if comma == "<" { "<> " } else { "> " });
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
                out.paint(color, |out| out.parts("operstate", *name, &[name, padding(width, &[name]), " "]));
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
            put_lladdr(out, "address", link.header.kind.get(), bytes, " ");
        }
        Self::flags(out, link.flags(), below_is_down);
        out.text(format_args!("\n"));
    }

    /// A link, as an object of a list.
    fn record(&self, out: &mut Out, message: &Message<'_>, link: &Link<'_>, brief: bool) {
        out.object("", |out| {
            if message.kind() == RTM_DELLINK {
                out.field("deleted", true, format_args!("Deleted "));
            }
            if brief { self.brief(out, link) } else { self.full(out, link) }
        });
    }

    /// All that is shown of a link, ended by a new line.
    pub(in crate::cmd) fn full(&self, out: &mut Out, link: &Link<'_>) {
        let (index, of_link) = (links::index_of(link), self.of_addresses.is_none());
        out.json("ifindex", index);
        out.digits(index);
        out.push(": ");
        let below_is_down = self.name_and_below(out, link, 0, ": ");
        Self::flags(out, link.flags(), below_is_down);
        if let Ok(Some(mtu)) = link.mtu() {
            out.number("mtu", "mtu ", mtu);
        }
        let programs = link.xdp().ok().flatten();
        programs.iter().for_each(|programs| xdp_mode(out, programs, of_link, self.details));
        if let Ok(Some(qdisc)) = link.qdisc() {
            out.name("qdisc", "qdisc ", qdisc);
        }
        if let Some(master) = link.master().ok().flatten().filter(|m| *m != 0) {
            let name = self.name(master);
            out.name("master", "master ", &name);
        }
        Self::state(out, link, "state ", 0);
        if let (true, Ok(Some(mode))) = (of_link, link.linkmode()) {
            match ["DEFAULT", "DORMANT"].get(usize::from(mode)) {
                Some(name) => out.string("linkmode", "mode ", name),
                None => out.field("linkmode_index", mode, format_args!("mode {mode} ")),
            }
        }
        if let Ok(Some(group)) = link.group() {
            out.code("group", "group ", out.named(group, &GROUPS));
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
        out.push("\n");
    }

    /// The second line: what the link layer has.
    fn addresses(&self, out: &mut Out, link: &Link<'_>) {
        let kind = link.header.kind.get();
        let name = type_name(out, kind);
        out.parts("link_type", &*name, &[self.newline, "    link/", &name, " "]);
        let own = link.address().ok().flatten().unwrap_or_default();
        if !own.is_empty() {
            put_lladdr(out, "address", kind, own, "");
        }
        if let Some(bytes) = link.broadcast().ok().flatten().filter(|b| !b.is_empty()) {
            broadcast(out, link, bytes);
        }
        if let Some(bytes) = link.perm_address().ok().flatten().filter(|b| !b.is_empty() && *b != own) {
            out.push(" permaddr ");
            put_lladdr(out, "permaddr", kind, bytes, "");
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
}

/// The broadcast address, or the other end's.
pub(super) fn broadcast(out: &mut Out, link: &Link<'_>, bytes: &[u8]) {
    let peer = link.flags().contains(LinkFlags::POINTOPOINT);
    out.push(if peer { " peer " } else { " brd " });
    if peer {
        out.json("link_pointtopoint", true);
    }
    put_lladdr(out, "broadcast", link.header.kind.get(), bytes, "");
}
