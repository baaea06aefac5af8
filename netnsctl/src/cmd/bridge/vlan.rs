//! `bridge vlan`: the VLANs of bridges and their ports, and the tunnels they are mapped to.

use super::*;
use crate::cmd::inet::got;
use crate::cmd::link::bytes_of;
use crate::out::{Color, padding};
use nl_core::route::{
    BrVlanMsg, BridgeFlags, BridgeVlanFlags, BridgeVlanInfo, BridgeVlanXstats, IfInfoMsg, IfStatsMsg, Link,
    RTM_DELLINK, RTM_DELVLAN, RTM_GETLINK, RTM_GETSTATS, RTM_GETVLAN, RTM_NEWVLAN, RTM_SETLINK, VlanDumpFlags, bridge,
    bridge_xstats, ifla, ifla_stats, link_xstats, mdba, rtext_filter, vlan_tunnel, vlandb, vlandb_dump, vlandb_entry,
    vlandb_gopts, vlandb_stats,
};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Attrs, DecodeError, Message, Messages, Msg};

/// What `bridge vlan` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show VLANs.
    Show(Shown),
    /// Show tunnels.
    Tunnels(Shown),
    /// Show the bridges' settings.
    Global(Shown),
    /// Add or delete: the message's type, and what.
    Change(u16, Change),
    /// Set: the nest's type, and the link and its settings.
    Set(u16, OsString, Vec<(u16, Vec<u8>)>),
}

/// VLANs of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    dev: OsString,
    vids: (u16, Option<u16>),
    info: BridgeVlanFlags,
    flags: BridgeFlags,
    tunnels: Option<(u32, Option<u32>)>,
}

pub(super) const HELP: &str = "\
Usage: netnsctl bridge vlan [ show ] [ dev NAME ] [ vid VID ]
       netnsctl bridge vlan { add | del } vid VID[-VID] dev NAME [ tunnel_info id ID[-ID] ] [ pvid ] [ untagged ]
              [ self ] [ master ]
       netnsctl bridge vlan set vid VID[-VID] dev NAME [ state STATE ] [ mcast_router { 0 | 1 | 2 } ]
              [ mcast_max_groups NUMBER ] [ neigh_suppress { on | off } ]
       netnsctl bridge vlan tunnelshow [ dev NAME ] [ vid VID ]
       netnsctl bridge vlan global [ show ] [ dev BRIDGE ] [ vid VID ]
       netnsctl bridge vlan global set vid VID[-VID] dev BRIDGE [ SETTING VALUE ]...
SETTING := mcast_snooping | mcast_querier | mcast_igmp_version | mcast_mld_version | mcast_last_member_count |
           mcast_startup_query_count | mcast_last_member_interval | mcast_startup_query_interval |
           mcast_membership_interval | mcast_querier_interval | mcast_query_interval | mcast_query_response_interval
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16),
    Show,
    Tunnels,
    Set,
    Global,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(RTM_SETLINK)),
    ("delete", Verb::Change(RTM_DELLINK)),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("tunnelshow", Verb::Tunnels),
    ("set", Verb::Set),
    ("help", Verb::Help),
];

/// A setting: its word, its attribute, the bytes of its value.
type Setting = (&'static str, u16, u8);

/// Those of a VLAN at a port. `state` and what is on or off have words.
const OPTIONS: &[Setting] = &[
    ("state", vlandb_entry::STATE, 1),
    ("mcast_router", vlandb_entry::MCAST_ROUTER, 1),
    ("mcast_max_groups", vlandb_entry::MCAST_MAX_GROUPS, 4),
    ("neigh_suppress", vlandb_entry::NEIGH_SUPPRESS, 1),
];

/// Those of a VLAN of the bridge's, in the order they are shown.
const GLOBAL: &[Setting] = &[
    ("mcast_snooping", vlandb_gopts::MCAST_SNOOPING, 1),
    ("mcast_querier", vlandb_gopts::MCAST_QUERIER, 1),
    ("mcast_igmp_version", vlandb_gopts::MCAST_IGMP_VERSION, 1),
    ("mcast_mld_version", vlandb_gopts::MCAST_MLD_VERSION, 1),
    ("mcast_last_member_count", vlandb_gopts::MCAST_LAST_MEMBER_CNT, 4),
    ("mcast_last_member_interval", vlandb_gopts::MCAST_LAST_MEMBER_INTVL, 8),
    ("mcast_startup_query_count", vlandb_gopts::MCAST_STARTUP_QUERY_CNT, 4),
    ("mcast_startup_query_interval", vlandb_gopts::MCAST_STARTUP_QUERY_INTVL, 8),
    ("mcast_membership_interval", vlandb_gopts::MCAST_MEMBERSHIP_INTVL, 8),
    ("mcast_querier_interval", vlandb_gopts::MCAST_QUERIER_INTVL, 8),
    ("mcast_query_interval", vlandb_gopts::MCAST_QUERY_INTVL, 8),
    ("mcast_query_response_interval", vlandb_gopts::MCAST_QUERY_RESPONSE_INTVL, 8),
];

const STATES: &[Keyword<u64>] =
    &[("disabled", 0), ("listening", 1), ("learning", 2), ("forwarding", 3), ("blocking", 4)];

pub(super) fn parse(words: &mut Words<'_>) -> Parsed<Option<Request>> {
    let vid = Some("vid");
    Ok(match verb(words, "vlan", &[("global", Verb::Global)], VERBS, Verb::Show)? {
        Verb::Show => Some(Request::Show(show_words(words, vid)?)),
        Verb::Tunnels => Some(Request::Tunnels(show_words(words, vid)?)),
        Verb::Change(kind) => change_words(words)?.map(|change| Request::Change(kind, change)),
        Verb::Set => settings(words, vlandb::ENTRY, OPTIONS)?,
        Verb::Global if words.is_end() => Some(Request::Global(Shown::default())),
        Verb::Global => {
            let verbs = [("show", Verb::Show), ("lst", Verb::Show), ("list", Verb::Show), ("set", Verb::Set)];
            match words.keyword_of("a command", &verbs, &[]).map_err(|wrong| wrong.ip(usage(HELP)))? {
                Verb::Set => settings(words, vlandb::GLOBAL_OPTIONS, GLOBAL)?,
                _ => Some(Request::Global(show_words(words, vid)?)),
            }
        }
        Verb::Help => None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Dev,
    Vid,
    Is(BridgeFlags),
    Be(BridgeVlanFlags),
    Tunnel,
    Set(Setting),
    Help,
}

const CHANGE: &[Keyword<Word>] = &[
    ("dev", Word::Dev),
    ("vid", Word::Vid),
    ("self", Word::Is(BridgeFlags::SELF)),
    ("master", Word::Is(BridgeFlags::MASTER)),
    ("pvid", Word::Be(BridgeVlanFlags::PVID)),
    ("untagged", Word::Be(BridgeVlanFlags::UNTAGGED)),
    ("tunnel_info", Word::Tunnel),
];

const HELP_WORD: &[Keyword<Word>] = &[("help", Word::Help)];

/// Takes one VLAN id, or a range; none is checked yet.
fn vids(words: &mut Words<'_>) -> Parsed<(u16, Option<u16>)> {
    words.pair("a VLAN id", '-')
}

/// What is wrong with VLAN ids.
fn check(words: &Words<'_>, (first, last): (u16, Option<u16>)) -> Parsed<()> {
    let wrong = |what: &str, said: String| Err(words.error(what).ip(said));
    match last {
        _ if first >= 4096 => wrong("a VLAN id is less than 4096", format!("Invalid VLAN ID \"{first}\"")),
        Some(last) if first >= last || last >= 4096 => {
            let what = "a range of VLANs has its first id, then a larger one less than 4096";
            wrong(what, format!("Invalid VLAN range \"{first}-{last}\""))
        }
        _ => Ok(()),
    }
}

/// What is missing.
fn required(words: &Words<'_>) -> Usage {
    words.error("dev NAME and vid VID are both needed").ip("Device and VLAN ID are required arguments.")
}

fn change_words(words: &mut Words<'_>) -> Parsed<Option<Change>> {
    let (mut change, mut dev, mut range) = (Change::default(), None, None);
    while !words.is_end() {
        match passed(words, "a word of a VLAN", CHANGE, HELP_WORD)? {
            Some(Word::Dev) => dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Vid) => range = Some(vids(words)?),
            Some(Word::Is(flag)) => change.flags |= flag,
            Some(Word::Be(flag)) => change.info |= flag,
            Some(Word::Tunnel) => {
                let id = words.keyword("the word id", &[("id", ())]);
                id.map_err(|usage| words.wrong(usage, "tunnel id expected"))?;
                let ids = words.pair("the id of a tunnel", '-');
                let ids = ids.and_then(|(first, last): (u32, Option<u32>)| match first.max(last.unwrap_or(0)) {
                    0..0x100_0000 => Ok((first, last)),
                    _ => Err(words.error_before("the id of a tunnel has 24 bits")),
                });
                change.tunnels = Some(ids.map_err(|usage| words.wrong(usage, "invalid tun id"))?);
            }
            Some(Word::Help) if words.is_ip() => drop(words.need("what comes behind help")?),
            Some(Word::Help) => return Ok(None),
            _ => {}
        }
    }
    (change.dev, change.vids) = dev.zip(range).ok_or_else(|| required(words))?;
    check(words, change.vids)?;
    if change.vids.1.is_some() {
        change.info |= BridgeVlanFlags::RANGE_BEGIN;
        if change.info.contains(BridgeVlanFlags::PVID) {
            let said = "pvid cannot be configured for a vlan range";
            return Err(words.error("packets without a VLAN are of one (pvid), not of a range").ip(said));
        }
    }
    Ok(Some(change))
}

/// Takes settings, which go into the nest `kind` in the order they come.
fn settings(words: &mut Words<'_>, kind: u16, table: &'static [Setting]) -> Parsed<Option<Request>> {
    let own = [("dev", Word::Dev), ("vid", Word::Vid)].into_iter();
    let known: Vec<Keyword<Word>> = own.chain(table.iter().map(|row| (row.0, Word::Set(*row)))).collect();
    let (mut dev, mut vid, mut attrs) = (None, false, Vec::new());
    while !words.is_end() {
        match passed(words, "a setting of a VLAN", &known, HELP_WORD)? {
            Some(Word::Dev) => dev = Some(device(words, "the name of an interface")?.to_owned()),
            Some(Word::Vid) => {
                let (first, last) = vids(words)?;
                check(words, (first, last))?;
                vid = true;
                let info = BridgeVlanInfo { flags: BridgeVlanFlags::ONLY_OPTS.bits().into(), vid: first.into() };
                let (attr, value, end) = match kind {
                    vlandb::ENTRY => (vlandb_entry::INFO, bytes_of(&info).to_vec(), vlandb_entry::RANGE),
                    _ => (vlandb_gopts::ID, first.to_ne_bytes().to_vec(), vlandb_gopts::RANGE),
                };
                attrs.push((attr, value));
                attrs.extend(last.map(|last| (end, last.to_ne_bytes().to_vec())));
            }
            Some(Word::Set((word, attr, size))) => attrs.push((attr, value(words, word, size)?)),
            Some(Word::Help) if words.is_ip() => drop(words.need("what comes behind help")?),
            Some(Word::Help) => return Ok(None),
            _ => {}
        }
    }
    let dev = dev.filter(|_| vid).ok_or_else(|| required(words))?;
    Ok(Some(Request::Set(kind, dev, attrs)))
}

/// Takes the value of a setting, of so many bytes.
fn value(words: &mut Words<'_>, word: &str, size: u8) -> Parsed<Vec<u8>> {
    let digit = words.peek().is_some_and(|w| w.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit));
    let value = match word {
        "state" if !digit => {
            words.keyword_of("a state", STATES, &[]).map_err(|usage| usage.ip("Error: invalid STP state"))?
        }
        "neigh_suppress" if !digit => words.on_off(word)?.into(),
        _ => {
            let most = u64::MAX >> 64_u32.saturating_sub(u32::from(size).saturating_mul(8)).min(63);
            let number = words.number(&format!("the value of {word}"), 0..=most);
            number.map_err(|usage| words.wrong(usage, format!("invalid {word}")))?
        }
    };
    Ok(match size {
        1 => vec![u8::try_from(value).unwrap_or(u8::MAX)],
        4 => u32::try_from(value).unwrap_or(u32::MAX).to_ne_bytes().to_vec(),
        _ => value.to_ne_bytes().to_vec(),
    })
}

pub(super) fn run(session: &mut Session, request: &Request) -> Result<()> {
    match request {
        Request::Show(filter) if session.options.details => list(session, filter, Of::Details),
        Request::Show(filter) if session.options.statistics > 0 => list(session, filter, Of::Statistics),
        Request::Show(filter) => list(session, filter, Of::Vlans),
        Request::Tunnels(filter) if session.options.statistics > 0 => list(session, filter, Of::Statistics),
        Request::Tunnels(filter) => list(session, filter, Of::Tunnels),
        Request::Global(filter) => list(session, filter, Of::Global),
        Request::Change(kind, change) => {
            let index = find(session, &change.dev, "Cannot find bridge device")?;
            let index = i32::try_from(index).unwrap_or_default().into();
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&IfInfoMsg { family: af::BRIDGE, index, ..IfInfoMsg::default() });
                m.nest(ifla::AF_SPEC, |m| change.write(m));
            };
            let verb = if *kind == RTM_DELLINK { "delete" } else { "add" };
            let done = inet::request(session, &format!("{verb} VLANs"), *kind, Flags::empty(), fill, |_| Ok(()));
            said(session, done)
        }
        Request::Set(kind, dev, attrs) => {
            let index = find(session, dev, "Cannot find network device")?;
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&BrVlanMsg { family: af::BRIDGE, index: index.into(), ..BrVlanMsg::default() });
                m.nest(*kind | NLA_F_NESTED, |m| attrs.iter().for_each(|(attr, value)| m.bytes(*attr, value)));
            };
            let done = inet::request(session, "set VLANs", RTM_NEWVLAN, Flags::empty(), fill, |_| Ok(()));
            said(session, done)
        }
    }
}

impl Change {
    fn write(&self, m: &mut Msg<'_>) {
        if !self.flags.is_empty() {
            m.u16(bridge::FLAGS, self.flags.bits());
        }
        let (first, last) = self.vids;
        let Some((tunnel, end)) = self.tunnels else {
            let flags = self.info;
            vlan(m, flags, first);
            let flags = flags.difference(BridgeVlanFlags::RANGE_BEGIN) | BridgeVlanFlags::RANGE_END;
            return last.iter().for_each(|last| vlan(m, flags, *last));
        };
        let begin = if last.is_some() { BridgeVlanFlags::RANGE_BEGIN } else { BridgeVlanFlags::empty() };
        mapping(m, first, tunnel, begin);
        last.iter().for_each(|last| mapping(m, *last, end.unwrap_or(0), BridgeVlanFlags::RANGE_END));
    }
}

fn vlan(m: &mut Msg<'_>, flags: BridgeVlanFlags, vid: u16) {
    m.value(bridge::VLAN_INFO, &BridgeVlanInfo { flags: flags.bits().into(), vid: vid.into() });
}

/// A VLAN that is mapped to a tunnel.
fn mapping(m: &mut Msg<'_>, vid: u16, tunnel: u32, flags: BridgeVlanFlags) {
    m.nest(bridge::VLAN_TUNNEL_INFO, |m| {
        m.u32(vlan_tunnel::ID, tunnel);
        m.u16(vlan_tunnel::VID, vid);
        m.u16(vlan_tunnel::FLAGS, flags.bits());
    });
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Vlans,
    Tunnels,
    Details,
    Statistics,
    Global,
}

fn list(session: &mut Session, filter: &Shown, of: Of) -> Result<()> {
    let dev = find_or_0(session, filter.dev.as_ref(), "Cannot find device")?;
    let links = Links::load(session.conn()?)?;
    let Options { compress, statistics, .. } = session.options;
    let style = Style { links: &links, statistics: statistics > 0, vid: filter.vid };
    let title = match of {
        Of::Tunnels => "port              vlan-id    tunnel-id\n",
        Of::Statistics => "port              vlan-id\n",
        _ => "port              vlan-id  \n",
    };
    let kind = match of {
        Of::Vlans | Of::Tunnels => RTM_GETLINK,
        Of::Details | Of::Global => RTM_GETVLAN,
        Of::Statistics => RTM_GETSTATS,
    };
    let of_statistics: &[u16] = match of {
        Of::Statistics => &[ifla_stats::LINK_XSTATS, ifla_stats::LINK_XSTATS_SLAVE],
        _ => &[0],
    };
    let mut kept = Vec::new();
    for stats in of_statistics {
        let ask = |m: &mut Msg<'_>| match of {
            Of::Vlans | Of::Tunnels => {
                m.fixed(&IfInfoMsg { family: af::BRIDGE, ..IfInfoMsg::default() });
                let ranges = if compress { rtext_filter::BRVLAN_COMPRESSED } else { rtext_filter::BRVLAN };
                m.u32(ifla::EXT_MASK, ranges);
            }
            Of::Details | Of::Global => {
                m.fixed(&BrVlanMsg { family: af::BRIDGE, ..BrVlanMsg::default() });
                let mut flags = if of == Of::Global { VlanDumpFlags::GLOBAL } else { VlanDumpFlags::empty() };
                flags.set(VlanDumpFlags::STATS, of == Of::Details && statistics > 0);
                m.u32(vlandb_dump::FLAGS, flags.bits());
            }
            Of::Statistics => {
                let filter_mask = 1_u32.wrapping_shl(u32::from(*stats).wrapping_sub(1)).into();
                m.fixed(&IfStatsMsg { filter_mask, ..IfStatsMsg::default() });
            }
        };
        let more = inet::dump(session.conn()?, kind, ask, |message| Ok(dev == 0 || dev == index(message)));
        let more = dumped(session, done("list VLANs", more));
        kept.extend(more.inspect_err(|_| session.out.push(title))?);
    }
    let mut shown = Ok(());
    session.out.list("", |out| {
        out.push(title);
        shown = style.ports(out, &kept, of);
    });
    done("show VLANs", shown.map_err(netns_sys::Error::from))
}

/// The interface index that a message is about: in the headers of links, VLANs and statistics alike it is at byte 4.
fn index(message: &Message<'_>) -> u32 {
    let bytes = message.payload().get(4..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

/// How VLANs are shown.
struct Style<'l> {
    links: &'l Links,
    statistics: bool,
    /// The VLAN that is shown only; 0: all.
    vid: u16,
}

/// A port whose name was shown, and lines of it so far.
struct Port<'p> {
    index: u32,
    lines: usize,
    style: &'p Style<'p>,
}

/// In front of the second line of a port, and of more about a VLAN.
const NEXT: &str = "                  ";
const MORE: &str = "                    ";

impl Port<'_> {
    /// Begins a line: the port's name, or room for it.
    fn line(&mut self, out: &mut Out) {
        if self.lines == 0 {
            let name = self.style.links.text(self.index);
            out.paint(Some(Color::Ifname), |out| out.text(format_args!("{name}{}  ", padding(16, &[&name]))));
        } else {
            out.push(NEXT);
        }
        self.lines = self.lines.saturating_add(1);
    }
}

type Shows = std::result::Result<(), DecodeError>;

impl Style<'_> {
    /// Shows the ports that messages are about, each once.
    fn ports(&self, out: &mut Out, messages: &[u8], of: Of) -> Shows {
        let mut rest = Messages::new(messages).peekable();
        while let Some(first) = rest.next() {
            let first = first?;
            let mut port = Port { index: index(&first), lines: 0, style: self };
            let mark = out.mark();
            let mut shown = Ok(());
            out.object("", |out| {
                if first.kind() == RTM_DELVLAN {
                    out.json("deleted", true);
                }
                let unknown = self.links.text(port.index);
                out.json("ifname", self.links.name(port.index).unwrap_or(unknown.as_bytes()));
                out.list(if of == Of::Tunnels { "tunnels" } else { "vlans" }, |out| {
                    shown = self.message(out, &mut port, &first, of);
                    // Those of one port go on in the next message.
                    let this = port.index;
                    let same = |m: &std::result::Result<Message<'_>, DecodeError>| {
                        matches!(of, Of::Details | Of::Global) && m.as_ref().is_ok_and(|m| index(m) == this)
                    };
                    while let Some(Ok(more)) = rest.next_if(same) {
                        shown = shown.and(self.message(out, &mut port, &more, of));
                    }
                });
            });
            shown?;
            if port.lines == 0 {
                out.rewind(mark);
            }
        }
        Ok(())
    }

    fn message(&self, out: &mut Out, port: &mut Port<'_>, message: &Message<'_>, of: Of) -> Shows {
        match of {
            Of::Vlans | Of::Tunnels => {
                let Some(spec) = got(Link::parse(message)?.af_spec()) else { return Ok(()) };
                self.rows(out, port, &spec, of);
            }
            Of::Details | Of::Global => {
                let (_, attrs) = message.fixed::<BrVlanMsg>()?;
                for attr in attrs {
                    let attr = attr?;
                    match attr.kind() {
                        vlandb::ENTRY if of == Of::Details => self.entry(out, port, &attr.attrs()),
                        vlandb::GLOBAL_OPTIONS => self.global(out, port, &attr.attrs()),
                        _ => {}
                    }
                }
            }
            Of::Statistics => {
                let (_, attrs) = message.fixed::<IfStatsMsg>()?;
                for kind in [ifla_stats::LINK_XSTATS, ifla_stats::LINK_XSTATS_SLAVE] {
                    let found = attrs.find(kind).and_then(|stats| stats.attrs().find(link_xstats::BRIDGE));
                    let all = found.into_iter().flat_map(|found| found.attrs()).map_while(std::result::Result::ok);
                    for attr in all.filter(|attr| attr.kind() == bridge_xstats::VLAN) {
                        self.counters(out, port, &attr.zero_extended());
                    }
                }
            }
        }
        Ok(())
    }

    /// VLANs or tunnels, whose ranges are two attributes each.
    fn rows(&self, out: &mut Out, port: &mut Port<'_>, spec: &Attrs<'_>, of: Of) {
        let mut first = (0, 0);
        for attr in spec.clone().map_while(std::result::Result::ok) {
            let row = match (of, attr.kind()) {
                (Of::Vlans, bridge::VLAN_INFO) => {
                    let info: BridgeVlanInfo = attr.zero_extended();
                    Some((info.vid.get(), 0, info.flags.get()))
                }
                (Of::Tunnels, bridge::VLAN_TUNNEL_INFO) => tunnel(&attr.attrs()),
                _ => None,
            };
            let Some((vid, tunnel, flags)) = row else { continue };
            let flags = BridgeVlanFlags::from_bits_retain(flags);
            let end = flags.contains(BridgeVlanFlags::RANGE_END);
            if !end {
                first = (vid, tunnel);
            }
            if self.vid != 0 && vid > self.vid && !end {
                break;
            }
            if flags.contains(BridgeVlanFlags::RANGE_BEGIN) || vid < self.vid {
                continue;
            }
            port.line(out);
            out.object("", |out| {
                let width = range(out, "vlan", first.0.into(), vid.into());
                if of == Of::Tunnels {
                    out.text(format_args!("{}  ", padding(9, &[&"0".repeat(width)])));
                    range(out, "tunid", first.1, tunnel);
                } else {
                    vlan_flags(out, flags);
                }
            });
            out.push(out.newline());
        }
    }

    /// A VLAN, with all that is known of it.
    fn entry(&self, out: &mut Out, port: &mut Port<'_>, attrs: &Attrs<'_>) {
        let Some(info) = attrs.find(vlandb_entry::INFO) else { return };
        let info: BridgeVlanInfo = info.zero_extended();
        let first = info.vid.get();
        let last = attrs.find(vlandb_entry::RANGE).and_then(|a| a.u16().ok()).unwrap_or(first);
        if self.vid != 0 && !(first..=last).contains(&self.vid) {
            return;
        }
        port.line(out);
        out.object("", |out| {
            range(out, "vlan", first.into(), last.into());
            vlan_flags(out, BridgeVlanFlags::from_bits_retain(info.flags.get()));
            out.push(out.newline());
            out.push(MORE);
            let state = attrs.find(vlandb_entry::STATE).and_then(|a| a.u8().ok()).unwrap_or_default();
            match STATES.iter().find(|known| known.1 == state.into()) {
                Some((name, _)) => out.string("state", "state ", name),
                None => out.field("state", state, format_args!("state ({state}) ")),
            }
            if let Some(router) = attrs.find(vlandb_entry::MCAST_ROUTER).and_then(|a| a.u8().ok()) {
                out.number("mcast_router", "mcast_router ", router);
            }
            out.push(out.newline());
            if self.statistics {
                let stats = attrs.find(vlandb_entry::STATS).map(|stats| stats.attrs());
                let number = |attr| stats.as_ref().and_then(|s| s.find(attr)?.u64().ok()).unwrap_or_default();
                let received = (number(vlandb_stats::RX_BYTES), number(vlandb_stats::RX_PACKETS));
                traffic(out, received, (number(vlandb_stats::TX_BYTES), number(vlandb_stats::TX_PACKETS)));
            }
        });
    }

    /// Counters of a VLAN.
    fn counters(&self, out: &mut Out, port: &mut Port<'_>, stats: &BridgeVlanXstats) {
        let flags = BridgeVlanFlags::from_bits_retain(stats.flags.get());
        let vid = stats.vid.get();
        // Those of ports are told with the ports.
        let of_port = flags.contains(BridgeVlanFlags::MASTER) && !flags.contains(BridgeVlanFlags::BRENTRY);
        if of_port || self.vid != 0 && self.vid != vid {
            return;
        }
        port.line(out);
        out.object("", |out| {
            out.field("vid", vid, format_args!("{vid}"));
            vlan_flags(out, flags);
            out.push(out.newline());
            let received = (stats.rx_bytes.get(), stats.rx_packets.get());
            traffic(out, received, (stats.tx_bytes.get(), stats.tx_packets.get()));
        });
    }

    /// The bridge's settings for a VLAN.
    fn global(&self, out: &mut Out, port: &mut Port<'_>, attrs: &Attrs<'_>) {
        let short = |attr| attrs.find(attr).and_then(|a| a.u16().ok());
        let first = short(vlandb_gopts::ID).unwrap_or_default();
        let last = short(vlandb_gopts::RANGE).unwrap_or(first);
        if self.vid != 0 && !(first..=last).contains(&self.vid) {
            return;
        }
        port.line(out);
        out.object("", |out| {
            range(out, "vlan", first.into(), last.into());
            out.push(out.newline());
            out.push(MORE);
            for (word, attr, size) in GLOBAL {
                let value = attrs.find(*attr).and_then(|a| match size {
                    1 => a.u8().ok().map(u64::from),
                    4 => a.u32().ok().map(u64::from),
                    _ => a.u64().ok(),
                });
                value.iter().for_each(|value| out.number(word, &format!("{word} "), *value));
            }
            out.push(out.newline());
            let Some(routers) = attrs.find(vlandb_gopts::MCAST_ROUTER_PORTS) else { return };
            out.push(MORE);
            out.push("router ports: ");
            let mut first = true;
            let ports = routers.attrs().find(mdba::ROUTER).map(|ports| ports.attrs());
            out.list("router_ports", |out| {
                for router in ports.into_iter().flatten().map_while(std::result::Result::ok) {
                    out.object("", |out| {
                        if self.statistics && !std::mem::take(&mut first) {
                            out.text(format_args!("{}{MORE}              ", out.newline()));
                        }
                        put_link(out, "port", "", self.links, mdb::port_index(&router), " ");
                        if self.statistics {
                            mdb::router_stats(out, &router);
                        }
                    });
                }
            });
            out.push(out.newline());
        });
    }
}

/// VLAN, tunnel and flags of a mapping.
fn tunnel(attrs: &Attrs<'_>) -> Option<(u16, u32, u16)> {
    let vid = attrs.find(vlan_tunnel::VID)?.u16().ok()?;
    let tunnel = attrs.find(vlan_tunnel::ID).and_then(|a| a.u32().ok()).unwrap_or_default();
    Some((vid, tunnel, attrs.find(vlan_tunnel::FLAGS).and_then(|a| a.u16().ok()).unwrap_or_default()))
}

/// A number or a range of them; gives back how wide its text is.
fn range(out: &mut Out, key: &str, first: u32, last: u32) -> usize {
    out.field(key, first, format_args!("{first}"));
    let mut width = first.to_string().len();
    if first != last {
        out.field(&format!("{key}End"), last, format_args!("-{last}"));
        width = width.saturating_add(last.to_string().len()).saturating_add(1);
    }
    width
}

fn vlan_flags(out: &mut Out, flags: BridgeVlanFlags) {
    if flags.is_empty() {
        return;
    }
    out.list("flags", |out| {
        for (flag, word) in [(BridgeVlanFlags::PVID, "PVID"), (BridgeVlanFlags::UNTAGGED, "Egress Untagged")] {
            if flags.contains(flag) {
                out.parts("", word, &[" ", word]);
            }
        }
    });
}

/// Bytes and packets received, and sent.
fn traffic(out: &mut Out, received: (u64, u64), sent: (u64, u64)) {
    let keys = [["RX", "rx_bytes", "rx_packets"], ["TX", "tx_bytes", "tx_packets"]];
    for ([way, in_bytes, in_packets], (bytes, packets)) in keys.into_iter().zip([received, sent]) {
        out.push(MORE);
        out.field(in_bytes, bytes, format_args!("{way}: {bytes} bytes"));
        out.field(in_packets, packets, format_args!(" {packets} packets\n"));
    }
}

/// Shows what an event tells of VLANs.
pub(in crate::cmd) fn event(out: &mut Out, message: &Message<'_>, links: &Links, options: &Options) -> Shows {
    if message.kind() == RTM_DELVLAN {
        out.push("Deleted ");
    }
    Style { links, statistics: options.statistics > 0, vid: 0 }.ports(out, message.bytes(), Of::Details)
}
