//! `bridge link`: the ports of bridges. Their settings are those of a `bridge_slave`.

use super::super::bridge::{dumped, find, said, show_words, usage, verb};
use super::super::*;
use super::change::{Attr, Bytes, Change, Value};
use super::kinds::{self, Kind, SET, TOOL};
use super::ready::{Ready, put};
use super::show::{Context, List};
use crate::grammar::{Result as Parsed, show as quoted};
use crate::out::Out;
use nl_core::route::{BridgeFlags, IfInfoMsg, Link, RTM_DELLINK, RTM_SETLINK, bridge, bridge_mode, brport, ifla};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Message, Msg};

/// What `bridge link` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show all ports, or this one.
    Show(Option<OsString>),
    /// Change one.
    Set(Set),
}

/// A change of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    dev: OsString,
    settings: Vec<Attr<Value>>,
    flags: BridgeFlags,
    mode: Option<u16>,
}

pub(in crate::cmd) const HELP: &str = "\
Usage: netnsctl bridge link [ show ] [ dev NAME ]
       netnsctl bridge link set dev NAME [ SETTING VALUE ]... [ hwmode { vepa | veb } ] [ self ] [ master ]
SETTING := state | priority | cost | guard | hairpin | fastleave | root_block | learning | learning_sync | flood |
           mcast_flood | bcast_flood | mcast_router | mcast_to_unicast | neigh_suppress | vlan_tunnel | isolated |
           locked | backup_port (or nobackup_port), and the others of `netnsctl link help bridge_slave`
";

/// The order in which `bridge` sends settings; others come last.
const SENT: &[u16] = &[
    brport::GUARD,
    brport::MODE,
    brport::FAST_LEAVE,
    brport::PROTECT,
    brport::UNICAST_FLOOD,
    brport::MULTICAST_ROUTER,
    brport::MCAST_FLOOD,
    brport::BCAST_FLOOD,
    brport::MCAST_TO_UCAST,
    brport::LEARNING,
    brport::LEARNING_SYNC,
    brport::COST,
    brport::PRIORITY,
    brport::STATE,
    brport::NEIGH_SUPPRESS,
    brport::VLAN_TUNNEL,
    brport::ISOLATED,
    brport::LOCKED,
    brport::BACKUP_PORT,
];

/// Those that it shows always, and those that are details, in order.
const SHOWN: &[u16] = &[brport::STATE, brport::PRIORITY, brport::COST];
const DETAILS: &[u16] = &[
    brport::MODE,
    brport::GUARD,
    brport::PROTECT,
    brport::FAST_LEAVE,
    brport::LEARNING,
    brport::LEARNING_SYNC,
    brport::UNICAST_FLOOD,
    brport::MCAST_FLOOD,
    brport::BCAST_FLOOD,
    brport::MULTICAST_ROUTER,
    brport::MCAST_TO_UCAST,
    brport::NEIGH_SUPPRESS,
    brport::VLAN_TUNNEL,
    brport::BACKUP_PORT,
    brport::ISOLATED,
    brport::LOCKED,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Set,
    Show,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("set", Verb::Set),
    ("change", Verb::Set),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("help", Verb::Help),
];

/// Takes the words of a request; `None` is a question for help.
pub(in crate::cmd) fn parse(words: &mut Words<'_>) -> Parsed<Option<Request>> {
    match verb(words, "link", &[], VERBS, Verb::Show)? {
        Verb::Set => set_words(words).map(Some),
        Verb::Show => Ok(Some(Request::Show(show_words(words, None)?.dev))),
        Verb::Help => Ok(None),
    }
}

fn kind() -> Option<&'static Kind> {
    kinds::find("bridge_slave")
}

fn set_words(words: &mut Words<'_>) -> Parsed<Request> {
    let settings = kind().into_iter().flat_map(|kind| kinds::words_of(kind, SET | TOOL));
    let own = ["dev", "self", "master", "hwmode"].into_iter();
    let known: Vec<Keyword<&str>> = own.chain(settings).map(|word| (word, word)).collect();
    let (mut set, mut dev) = (Set::default(), None);
    while !words.is_end() {
        let word = words.keyword_of("a word of `bridge link set`", &known, &[]).map_err(|u| u.ip(usage(HELP)))?;
        match word {
            "dev" => dev = Some(links::device(words, "the name of an interface")?.to_owned()),
            "self" => set.flags |= BridgeFlags::SELF,
            "master" => set.flags |= BridgeFlags::MASTER,
            "hwmode" => {
                set.flags = BridgeFlags::SELF;
                let modes = [("vepa", bridge_mode::VEPA), ("veb", bridge_mode::VEB)];
                let mode = words.keyword_of("a mode", &modes, &[]);
                set.mode = Some(mode.map_err(|u| u.ip("Mode argument must be \"vepa\" or \"veb\"."))?);
            }
            word => {
                let Some(kind) = kind() else { continue };
                let setting = kinds::setting(kind, words, word, SET | TOOL, &mut set.settings);
                setting.map_err(|usage| match (word, usage.ip_code) {
                    ("state", _) if usage.at < words.at() || !words.is_end() => {
                        usage.ip_code(255).ip("Error: invalid STP port state")
                    }
                    // It ends with the number of an error.
                    (_, 1) => usage.ip_code(234),
                    _ => usage,
                })?;
            }
        }
    }
    let Some(dev) = dev else {
        return Err(words.error("the name of the port is missing: dev NAME").ip("Device is a required argument."));
    };
    set.dev = dev;
    // Of a setting that is given twice, the last counts.
    let mut at = 0_usize;
    let all = set.settings.clone();
    set.settings.retain(|setting| {
        at = at.saturating_add(1);
        all.iter().skip(at).all(|later| later.0 != setting.0)
    });
    set.settings.sort_by_key(|s| SENT.iter().position(|attr| *attr == s.0).unwrap_or(SENT.len()));
    Ok(Request::Set(set))
}

pub(in crate::cmd) fn run(session: &mut Session, request: &Request) -> Result<()> {
    match request {
        Request::Show(dev) => list(session, dev.as_deref()),
        Request::Set(set) => change(session, set),
    }
}

fn change(session: &mut Session, set: &Set) -> Result<()> {
    let header = IfInfoMsg {
        family: af::BRIDGE,
        index: i32::try_from(find(session, &set.dev, "Cannot find bridge device")?).unwrap_or_default().into(),
        ..IfInfoMsg::default()
    };
    let (none, mut ready) = (Change::default(), Ready::default());
    let values = set.settings.iter().map(|setting| {
        ready.value(session, None, &none, setting).map_err(|failure| match &setting.1 {
            Value::Dev(name) => failure.ip(format!("Error: device {} does not exist", Escaped(name.as_bytes()))),
            _ => failure,
        })
    });
    let settings: Vec<Attr<Bytes>> = values.collect::<Result<_>>()?;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&header);
        m.nest(ifla::PROTINFO | NLA_F_NESTED, |m| put(m, &settings));
        if !set.flags.is_empty() || set.mode.is_some() {
            m.nest(ifla::AF_SPEC, |m| {
                if !set.flags.is_empty() {
                    m.u16(bridge::FLAGS, set.flags.bits());
                }
                set.mode.iter().for_each(|mode| m.u16(bridge::MODE, *mode));
            });
        }
    };
    let done =
        inet::request(session, &format!("change port {}", quoted(&set.dev)), RTM_SETLINK, Flags::empty(), fill, |_| {
            Ok(())
        });
    said(session, done)
}

fn list(session: &mut Session, dev: Option<&OsStr>) -> Result<()> {
    let only = match dev {
        Some(dev) => Some(find(session, dev, "Cannot find device")?),
        None => None,
    };
    let each = |context: &Context, out: &mut Out, message: &Message<'_>, link: &Link<'_>| {
        if only.is_none_or(|only| only == links::index_of(link)) {
            show(context, out, message, link);
        }
    };
    let listed = List::new(session, &each)?.without_namespaces().stream(session, |m| {
        m.fixed(&IfInfoMsg { family: af::BRIDGE, ..IfInfoMsg::default() });
        m.u32(ifla::EXT_MASK, nl_core::route::rtext_filter::VF);
    });
    dumped(session, listed)
}

/// Shows a port, as an object of a list.
pub(in crate::cmd) fn show(context: &Context, out: &mut Out, message: &Message<'_>, link: &Link<'_>) {
    out.object("", |out| {
        if message.kind() == RTM_DELLINK {
            out.field("deleted", true, format_args!("Deleted "));
        }
        context.head(out, link);
        context.master(out, link);
        if let Ok(Some(settings)) = link.protinfo() {
            context.of_port(out, SHOWN, &settings);
            if context.details {
                out.text(format_args!("{}    ", context.newline));
                context.of_port(out, DETAILS, &settings);
            }
        }
        let mode = link.af_spec().ok().flatten().and_then(|spec| spec.find(bridge::MODE)?.u16().ok());
        match mode {
            Some(bridge_mode::VEB) => out.string("hwmode", "hwmode ", "VEB"),
            Some(bridge_mode::VEPA) => out.string("hwmode", "hwmode ", "VEPA"),
            Some(other) => out.string("hwmode", "hwmode ", &format!("{other:#x}")),
            None => {}
        }
        out.push("\n");
    });
}
