//! `netconf`: settings of links that say what is forwarded.

use super::inet::{self, got, index, put, put_dev};
use super::links::{Links, device};
use super::*;
use crate::grammar::{Result as Parsed, family_name};
use crate::out::{Color, Escaped};
use nl_core::route::{NetConf, NetConfMsg, RTM_DELNETCONF, RTM_GETNETCONF, netconfa};
use nl_core::{DecodeError, Message, Msg};

/// What `netconf` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show the settings of this link (`None`: of all, and the general ones).
    Show(Option<OsString>),
}

const HELP: &str = "\
Usage: netnsctl netconf [ show ] [ dev NAME ]
";

/// What there is of each link in the order it is shown: on or off, but for the filter.
const SETTINGS: &[(u16, &str)] = &[
    (netconfa::FORWARDING, "forwarding"),
    (netconfa::RP_FILTER, "rp_filter"),
    (netconfa::MC_FORWARDING, "mc_forwarding"),
    (netconfa::PROXY_NEIGH, "proxy_neigh"),
    (netconfa::IGNORE_ROUTES_WITH_LINKDOWN, "ignore_routes_with_linkdown"),
    (netconfa::INPUT, "input"),
];

const FILTERS: &[Keyword<i32>] = &[("off", 0), ("strict", 1), ("loose", 2)];

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    const VERBS: &[Keyword<bool>] = &[("show", true), ("lst", true), ("list", true), ("help", false)];
    if !words.is_end() && !words.verb("netconf", VERBS)? {
        return Ok(Command::Help(HELP));
    }
    let mut dev = None;
    while !words.is_end() {
        if words.eat("dev") {
            dev = Some(device(words, "the name of an interface")?.to_owned());
        } else if words.is_ip() {
            let _ = words.next(); // it passes over what it does not know
        } else {
            words.keyword("a word of a filter", &[("dev", ())])?;
            words.back();
        }
    }
    Ok(Command::Netconf(Request::Show(dev)))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let Request::Show(dev) = request;
    let index = match &dev {
        None => None,
        Some(name) => {
            let said = format!("Device \"{}\" does not exist.", Escaped(name.as_encoded_bytes()));
            Some(index(session, name).map_err(|failure| failure.ip(said))?)
        }
    };
    let links = Links::load(session.conn()?)?;
    let family = session.options.family;
    let fill = |m: &mut Msg<'_>| m.fixed(&NetConfMsg { family: family.unwrap_or(af::UNSPEC) });
    inet::stream(session, "list settings", RTM_GETNETCONF, fill, |out, message| {
        let conf = NetConf::parse(message)?;
        let is = family.is_none_or(|f| f == conf.header.family)
            && index.is_none_or(|i| got(conf.ifindex()).and_then(|c| u32::try_from(c).ok()) == Some(i));
        if is { show(out, message, &links) } else { Ok(()) }
    })
}

/// Shows the settings that `message` carries.
pub(super) fn show(out: &mut Out, message: &Message<'_>, links: &Links) -> std::result::Result<(), DecodeError> {
    let conf = NetConf::parse(message)?;
    out.object("", |out| {
        if message.kind() == RTM_DELNETCONF {
            out.field("deleted", true, format_args!("Deleted "));
        }
        put(out, "family", "", family_name(conf.header.family));
        match got(conf.ifindex()) {
            None => {}
            Some(-1) => out.color(Some(Color::Ifname), "interface", "all", format_args!("all ")),
            Some(-2) => out.color(Some(Color::Ifname), "interface", "default", format_args!("default ")),
            Some(index) => put_dev(out, "interface", "", links, u32::try_from(index).unwrap_or_default()),
        }
        for (kind, name) in SETTINGS {
            let Some(value) = conf.attrs.find(*kind).and_then(|a| a.i32().ok()) else { continue };
            match FILTERS.iter().find(|f| f.1 == value) {
                _ if *kind != netconfa::RP_FILTER => {
                    let text = if value == 0 { "off" } else { "on" };
                    out.field(name, value != 0, format_args!("{name} {text} "));
                }
                Some((filter, _)) => out.field(name, *filter, format_args!("{name} {filter} ")),
                None => out.field(name, value, format_args!("{name} {value} ")),
            }
        }
        out.push("\n");
    });
    Ok(())
}
