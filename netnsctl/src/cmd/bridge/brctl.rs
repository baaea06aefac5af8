//! Called `brctl`: what bridge-utils' brctl(8) does with bridges, said in its words, by netlink only.

use crate::cmd::face::{self, Arg, Opt, Parsed};
use crate::cmd::{inet, links};
use crate::out::{Escaped, Out};
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error};
use nl_core::route::{
    BridgeId, FAMILY, IfInfoMsg, Link, LinkFlags, NdMsg, Neigh, NeighFlags, NeighState, RTM_DELLINK, RTM_GETLINK,
    RTM_GETNEIGH, RTM_NEWLINK, RTM_SETLINK, af, br, brport, ifla, info, nda, rtext_filter,
};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Attrs, Flags, Message, Msg};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;

/// A command: its name, how many words it needs, what these are, what it does.
type Row = (&'static str, usize, &'static str, Act);

const COMMANDS: &[Row] = &[
    ("addbr", 1, "BRIDGE", Act::Do(add_bridge)),
    ("delbr", 1, "BRIDGE", Act::Do(delete_bridge)),
    ("addif", 2, "BRIDGE LINK...", Act::Do(add_ports)),
    ("delif", 2, "BRIDGE LINK...", Act::Do(delete_ports)),
    ("hairpin", 3, "BRIDGE PORT { on | off }", Act::Port(brport::MODE, Value::OnOff(1), "")),
    ("setageing", 2, "BRIDGE SECONDS", Act::Set(br::AGEING_TIME, Value::Time("ageing time"), "ageing time")),
    ("setbridgeprio", 2, "BRIDGE PRIORITY", Act::Set(br::PRIORITY, Value::Number("priority", 2), "bridge priority")),
    ("setfd", 2, "BRIDGE SECONDS", Act::Set(br::FORWARD_DELAY, Value::Time("forward delay"), "forward delay")),
    ("sethello", 2, "BRIDGE SECONDS", Act::Set(br::HELLO_TIME, Value::Time("hello timer"), "hello timer")),
    ("setmaxage", 2, "BRIDGE SECONDS", Act::Set(br::MAX_AGE, Value::Time("max age"), "max age")),
    ("setpathcost", 3, "BRIDGE PORT COST", Act::Port(brport::COST, Value::Number("path cost value", 4), "path cost")),
    (
        "setportprio",
        3,
        "BRIDGE PORT PRIORITY",
        Act::Port(brport::PRIORITY, Value::Number("path priority value", 2), "port priority"),
    ),
    ("show", 0, "[ BRIDGE ]...", Act::Do(show)),
    ("showmacs", 1, "BRIDGE", Act::Do(show_addresses)),
    ("showstp", 1, "BRIDGE", Act::Do(show_tree)),
    ("stp", 2, "BRIDGE { on | off }", Act::Set(br::STP_STATE, Value::OnOff(4), "stp status")),
];

/// What a command does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Do(fn(&mut Conn, &mut Out, &[OsString]) -> Done),
    /// Sets this attribute of a bridge to this value; how it is called in an error.
    Set(u16, Value, &'static str),
    /// The same, of a port.
    Port(u16, Value, &'static str),
}

/// What a value is; how it is called in an error, and of how many bytes it is.
#[derive(Clone, Copy, Debug)]
enum Value {
    OnOff(u8),
    Number(&'static str, u8),
    /// Seconds, with a fraction.
    Time(&'static str),
}

/// What is wrong, on one or more lines; empty where all was said.
type Done = Result<(), String>;

#[derive(Clone, Copy, Debug)]
enum Asked {
    Help,
    Version,
}

const OPTIONS: &[Opt<Asked>] = &[(b'h', "help", Arg::No, Asked::Help), (b'V', "version", Arg::No, Asked::Version)];

/// Runs `brctl` with these arguments; gives back the exit code.
pub(in crate::cmd) fn main(args: &[OsString]) -> u8 {
    let mut out = Out::default();
    let done = run(&mut out, args);
    let written = out.flush().map_err(|e| format!("write error: {}", Errno::from(e).words()));
    match done.and(written) {
        Ok(()) => 0,
        Err(message) => {
            if !message.is_empty() {
                let _ = writeln!(std::io::stderr(), "{message}");
            }
            1
        }
    }
}

fn run(out: &mut Out, args: &[OsString]) -> Done {
    let Parsed { options, operands, error, .. } = face::parse(args, OPTIONS, true);
    match (options.first(), error) {
        (Some((Asked::Help, _)), _) => {
            help(out);
            return Ok(());
        }
        (Some((Asked::Version, _)), _) => {
            out.text(format_args!("bridge-utils, 1.7.1 compatible netnsctl {}\n", env!("CARGO_PKG_VERSION")));
            return Ok(());
        }
        (None, Some(error)) => {
            help(out);
            let program = std::env::args_os().next().unwrap_or_default();
            return Err(format!("{}: {error}\nUnknown option '?'", shown(&program)));
        }
        (None, None) => {}
    }
    let Some((name, words)) = operands.split_first() else {
        help(out);
        return Err(String::new());
    };
    let Some((name, count, usage, act)) = COMMANDS.iter().find(|c| name == c.0) else {
        help(out);
        return Err(format!("never heard of command [{}]", shown(name)));
    };
    if words.len() < *count {
        out.text(format_args!("Incorrect number of arguments for command\nUsage: brctl {name} {usage}\n"));
        return Err(String::new());
    }
    let conn = &mut Conn::open(&FAMILY).map_err(|e| format!("can't setup bridge control: {}", words_of(&e)))?;
    let word = |at: usize| words.get(at).map(OsString::as_os_str).unwrap_or_default();
    match *act {
        Act::Do(act) => act(conn, out, words),
        Act::Set(attr, value, what) => {
            let value = value.parse(word(1))?;
            let set = value.and_then(|value| set_bridge(conn, word(0), attr, &value));
            set.map_err(|errno| format!("set {what} failed: {}", errno.words()))
        }
        Act::Port(attr, value, what) => {
            let (bridge, port) = (word(0), word(1));
            let value = value.parse(word(2))?;
            let set = value.and_then(|value| set_port(conn, bridge, port, attr, &value));
            set.map_err(|errno| match (attr, errno) {
                (brport::MODE, Errno::ENODEV) => match find(conn, port) {
                    Ok(_) => format!("bridge {} does not exist!", shown(bridge)),
                    Err(_) => format!("interface {} does not exist!", shown(port)),
                },
                (brport::MODE, _) => {
                    format!("can't set {} to hairpin on bridge {}: {}", shown(port), shown(bridge), errno.words())
                }
                _ => format!("set {what} failed: {}", errno.words()),
            })
        }
    }
}

fn help(out: &mut Out) {
    out.push("Usage: brctl COMMAND\ncommands:\n");
    for (name, _, usage, _) in COMMANDS {
        out.text(format_args!("\t{name:<14}\t{usage}\n"));
    }
}

/// A name as it may be shown.
fn shown(name: &OsStr) -> String {
    Escaped(name.as_bytes()).to_string()
}

fn words_of(error: &Error) -> String {
    error.errno().map_or_else(|| error.to_string(), Errno::words)
}

impl Value {
    /// The bytes of the value that a word is; an error of the system's where the kernel's attribute has no room for it.
    fn parse(self, word: &OsStr) -> Result<Result<Vec<u8>, Errno>, String> {
        let text = word.to_str().unwrap_or_default();
        let (number, size) = match self {
            Self::OnOff(size) => match text {
                "on" | "yes" | "1" => (1, size),
                "off" | "no" | "0" => (0, size),
                _ => return Err("expect on/off for argument".into()),
            },
            Self::Number(what, size) => {
                let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
                let number = crate::grammar::number(digits, true).ok_or_else(|| format!("bad {what}"))?;
                (if negative && number != 0 { u64::MAX } else { number }, size)
            }
            Self::Time(what) => {
                let bad = || format!("bad {what} value");
                let seconds: f64 = text.parse().map_err(|_| bad())?;
                let text = format!("{seconds:.6}");
                let (whole, rest) = text.split_once('.').ok_or_else(bad)?;
                let hundredths = rest.get(..2).map(|rest| format!("{whole}{rest}"));
                (hundredths.and_then(|h| h.parse().ok()).unwrap_or(u64::MAX), 4)
            }
        };
        let most = if size == 2 { u16::MAX.into() } else { u64::from(u32::MAX) };
        if number > most {
            return Ok(Err(Errno::ERANGE));
        }
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.truncate(size.into());
        if cfg!(target_endian = "big") {
            bytes.reverse();
        }
        Ok(Ok(bytes))
    }
}

/// A link, as far as it matters here.
#[derive(Clone, Debug, Default)]
struct Seen {
    index: u32,
    name: Vec<u8>,
    up: bool,
    /// The index of its master; 0: it has none.
    master: u32,
    bridge: bool,
    port: bool,
    /// Settings of a bridge, or of a port.
    settings: Vec<u8>,
}

impl Seen {
    fn read(message: &Message<'_>) -> netns_sys::Result<Self> {
        let link = Link::whole(message)?;
        let info = link.info().ok().flatten();
        let is = |kind: Result<Option<&[u8]>, _>| matches!(kind, Ok(Some(b"bridge")));
        let bridge = info.as_ref().is_some_and(|i| is(i.kind()));
        let own = link.protinfo().ok().flatten();
        let port = own.is_some() || info.as_ref().is_some_and(|i| is(i.slave_kind()));
        let settings = own.or_else(|| info.and_then(|i| if bridge { i.data() } else { i.slave_data() }.ok().flatten()));
        Ok(Self {
            index: links::index_of(&link),
            name: link.name()?.unwrap_or_default().to_vec(),
            up: link.flags().contains(LinkFlags::UP),
            master: link.master().ok().flatten().unwrap_or_default(),
            bridge,
            port,
            settings: settings.map(|s| s.bytes().to_vec()).unwrap_or_default(),
        })
    }

    fn name(&self) -> String {
        Escaped(&self.name).to_string()
    }

    fn settings(&self) -> Settings<'_> {
        Settings(Attrs::new(&self.settings, 0))
    }
}

/// Settings of a bridge or a port; what is not there is 0.
struct Settings<'a>(Attrs<'a>);

impl Settings<'_> {
    fn number(&self, attr: u16) -> u64 {
        let Some(attr) = self.0.find(attr) else { return 0 };
        let short = attr.u8().ok().map(u64::from).or_else(|| attr.u16().ok().map(u64::from));
        short.or_else(|| attr.u32().ok().map(u64::from)).or_else(|| attr.u64().ok()).unwrap_or_default()
    }

    fn time(&self, attr: u16) -> Time {
        Time(self.number(attr))
    }

    fn id(&self, attr: u16) -> Id {
        Id(self.0.find(attr).map(|a| a.zero_extended()).unwrap_or_default())
    }
}

/// A time in hundredths of a second.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:4}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// The id of a bridge.
struct Id(BridgeId);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}.", self.0.prio.get())?;
        self.0.addr.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The link of this name.
fn find(conn: &mut Conn, name: &OsStr) -> Result<Seen, Errno> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        links::by_name(m, name);
    };
    conn.get(RTM_GETLINK, fill, Seen::read).map_err(|e| match errno(&e) {
        // No link can have such a name.
        Errno::ERANGE | Errno::EINVAL => Errno::ENODEV,
        errno => errno,
    })
}

/// The bridge of this name.
fn find_bridge(conn: &mut Conn, name: &OsStr) -> Result<Seen, Errno> {
    let found = find(conn, name)?;
    if found.bridge { Ok(found) } else { Err(Errno::EOPNOTSUPP) }
}

fn errno(error: &Error) -> Errno {
    error.errno().unwrap_or(Errno::EIO)
}

/// The links that a dump answers with, and `is` says yes to, by name.
fn all(conn: &mut Conn, ask: impl Fn(&mut Msg<'_>), is: impl Fn(&Seen) -> bool) -> Result<Vec<Seen>, Errno> {
    let found = conn.dump(RTM_GETLINK, ask, |found: &mut Vec<Seen>, message| {
        found.extend(Some(Seen::read(message)?).filter(&is));
        Ok(())
    });
    let mut found = found.map_err(|e| errno(&e))?;
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn bridges(conn: &mut Conn) -> Result<Vec<Seen>, Errno> {
    let ask = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
        m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"bridge"));
    };
    all(conn, ask, |link| link.bridge)
}

/// The ports of this bridge, or (0) of all.
fn ports(conn: &mut Conn, bridge: u32) -> Result<Vec<Seen>, Errno> {
    // The kernel says of ports much less to those who ask as a bridge.
    let ask = |m: &mut Msg<'_>| m.fixed(&IfInfoMsg { family: af::BRIDGE, ..IfInfoMsg::default() });
    all(conn, ask, |link| link.port && (bridge == 0 || link.master == bridge))
}

fn header(link: &Seen) -> IfInfoMsg {
    IfInfoMsg { index: i32::try_from(link.index).unwrap_or_default().into(), ..IfInfoMsg::default() }
}

fn request(conn: &mut Conn, kind: u16, flags: Flags, fill: impl Fn(&mut Msg<'_>)) -> Result<(), Errno> {
    conn.request(kind, flags, fill).map(drop).map_err(|e| errno(&e))
}

fn set_bridge(conn: &mut Conn, name: &OsStr, attr: u16, value: &[u8]) -> Result<(), Errno> {
    let bridge = find_bridge(conn, name)?;
    request(conn, RTM_NEWLINK, Flags::empty(), |m| {
        m.fixed(&header(&bridge));
        m.nest(ifla::LINKINFO, |m| {
            m.bytes(info::KIND, b"bridge");
            m.nest(info::DATA, |m| m.bytes(attr, value));
        });
    })
}

fn set_port(conn: &mut Conn, bridge: &OsStr, port: &OsStr, attr: u16, value: &[u8]) -> Result<(), Errno> {
    let port = find(conn, port)?;
    let bridge = find_bridge(conn, bridge)?;
    if !port.port || port.master != bridge.index {
        return Err(Errno::ENOENT);
    }
    request(conn, RTM_SETLINK, Flags::empty(), |m| {
        m.fixed(&IfInfoMsg { family: af::BRIDGE, ..header(&port) });
        m.nest(ifla::PROTINFO | NLA_F_NESTED, |m| m.bytes(attr, value));
    })
}

fn add_bridge(conn: &mut Conn, _: &mut Out, words: &[OsString]) -> Done {
    let Some(name) = words.first() else { return Ok(()) };
    let added = request(conn, RTM_NEWLINK, Flags::CREATE | Flags::EXCL, |m| {
        m.fixed(&IfInfoMsg::default());
        m.str(ifla::IFNAME, name.as_bytes());
        m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, b"bridge"));
    });
    added.map_err(|errno| match errno {
        Errno::EEXIST => {
            format!("device {} already exists; can't create bridge with the same name", shown(name))
        }
        errno => format!("add bridge failed: {}", errno.words()),
    })
}

fn delete_bridge(conn: &mut Conn, _: &mut Out, words: &[OsString]) -> Done {
    let Some(name) = words.first() else { return Ok(()) };
    let name_shown = shown(name);
    let deleted = match find(conn, name) {
        Ok(link) if !link.bridge => Err(Errno::EPERM),
        Ok(link) if link.up => Err(Errno::EBUSY),
        Ok(link) => request(conn, RTM_DELLINK, Flags::empty(), |m| m.fixed(&header(&link))),
        Err(errno) => Err(errno),
    };
    deleted.map_err(|errno| match errno {
        Errno::ENODEV => format!("bridge {name_shown} doesn't exist; can't delete it"),
        Errno::EBUSY => format!("bridge {name_shown} is still up; can't delete it"),
        errno => format!("can't delete bridge {name_shown}: {}", errno.words()),
    })
}

/// Makes each link behind the first word a port of the bridge, which that names, as `set` does; `wrong` says what is wrong.
fn each_port(
    conn: &mut Conn,
    words: &[OsString],
    set: impl Fn(&Seen, &Seen) -> Result<u32, Errno>,
    wrong: impl Fn(&str, &str, Errno) -> String,
) -> Done {
    let Some((bridge, names)) = words.split_first() else { return Ok(()) };
    let bridge_shown = shown(bridge);
    for name in names {
        let Ok(port) = find(conn, name) else { return Err(format!("interface {} does not exist!", shown(name))) };
        let done = find_bridge(conn, bridge).and_then(|bridge| {
            let master = set(&bridge, &port)?;
            request(conn, RTM_NEWLINK, Flags::empty(), |m| {
                m.fixed(&header(&port));
                m.u32(ifla::MASTER, master);
            })
        });
        done.map_err(|errno| match errno {
            Errno::ENODEV => format!("bridge {bridge_shown} does not exist!"),
            errno => wrong(&bridge_shown, &shown(name), errno),
        })?;
    }
    Ok(())
}

fn add_ports(conn: &mut Conn, _: &mut Out, words: &[OsString]) -> Done {
    // The kernel would take it away from its master.
    let set = |bridge: &Seen, port: &Seen| if port.master == 0 { Ok(bridge.index) } else { Err(Errno::EBUSY) };
    each_port(conn, words, set, |bridge, port, errno| match errno {
        Errno::EBUSY => format!("device {port} is already a member of a bridge; can't add it to bridge {bridge}."),
        Errno::ELOOP => {
            format!("device {port} is a bridge device itself; can't add a bridge device to a bridge device.")
        }
        errno => format!("can't add {port} to bridge {bridge}: {}", errno.words()),
    })
}

fn delete_ports(conn: &mut Conn, _: &mut Out, words: &[OsString]) -> Done {
    let set = |bridge: &Seen, port: &Seen| if port.master == bridge.index { Ok(0) } else { Err(Errno::EINVAL) };
    each_port(conn, words, set, |bridge, port, errno| match errno {
        Errno::EINVAL => format!("device {port} is not a port of {bridge}"),
        errno => format!("can't delete {port} from {bridge}: {}", errno.words()),
    })
}

/// The bridge of this name, or what is wrong with it.
fn known(conn: &mut Conn, name: &OsStr) -> Result<Seen, String> {
    find_bridge(conn, name).map_err(|errno| match errno {
        Errno::ENODEV => format!("bridge {} does not exist!", shown(name)),
        _ => format!("device {} is not a bridge!", shown(name)),
    })
}

fn show(conn: &mut Conn, out: &mut Out, words: &[OsString]) -> Done {
    let cannot = |errno: Errno| format!("can't get bridges: {}", errno.words());
    let mut wrong = Vec::new();
    let bridges = match words {
        [] => bridges(conn).map_err(cannot)?,
        words => words.iter().filter_map(|word| known(conn, word).map_err(|error| wrong.push(error)).ok()).collect(),
    };
    let ports = if bridges.is_empty() { Vec::new() } else { ports(conn, 0).map_err(cannot)? };
    if !bridges.is_empty() {
        out.push("bridge name\tbridge id\t\tSTP enabled\tinterfaces\n");
    }
    for bridge in &bridges {
        let settings = bridge.settings();
        let stp = if settings.number(br::STP_STATE) == 0 { "no" } else { "yes" };
        out.text(format_args!("{}\t\t{}\t{stp}\t\t", bridge.name(), settings.id(br::BRIDGE_ID)));
        let mut between = "";
        for port in ports.iter().filter(|port| port.master == bridge.index) {
            out.push(between);
            out.push(&Escaped(&port.name).text());
            between = "\n\t\t\t\t\t\t\t";
        }
        out.push("\n");
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// An address in the forwarding database: it, the number of its port, whether it is the port's own, and its age.
type Known = ([u8; 6], u16, bool, u32);

fn show_addresses(conn: &mut Conn, out: &mut Out, words: &[OsString]) -> Done {
    let read = addresses(conn, words.first().map(OsString::as_os_str).unwrap_or_default());
    let known = read.map_err(|errno| format!("read of forward table failed: {}", errno.words()))?;
    out.push("port no\tmac addr\t\tis local?\tageing timer\n");
    for (address, port, local, age) in known {
        let local = if local { "yes" } else { "no" };
        out.text(format_args!("{port:3}\t{}\t{local}\t\t{}\n", inet::Lladdr(&address), Time(age.into())));
        out.spill();
    }
    Ok(())
}

/// What the bridge of this name knows, by address.
fn addresses(conn: &mut Conn, name: &OsStr) -> Result<Vec<Known>, Errno> {
    let bridge = find_bridge(conn, name)?.index;
    let mut ports: Vec<(u32, u16)> = ports(conn, bridge)?
        .iter()
        .map(|port| (port.index, u16::try_from(port.settings().number(brport::NO)).unwrap_or_default()))
        .collect();
    ports.sort_unstable();
    let ask = |m: &mut Msg<'_>| {
        m.fixed(&NdMsg { family: af::BRIDGE, ..NdMsg::default() });
        m.u32(nda::MASTER, bridge);
    };
    let known = conn.dump(RTM_GETNEIGH, ask, |known: &mut Vec<Known>, message| {
        let entry = Neigh::parse(message)?;
        let index = u32::try_from(entry.header.index.get()).unwrap_or_default();
        // Those of the bridge itself have no port; those that devices keep have no master.
        let port = ports.binary_search_by_key(&index, |port| port.0).ok().and_then(|at| ports.get(at));
        let own = entry.flags().contains(NeighFlags::SELF) || entry.master()? != Some(bridge);
        let address = entry.lladdr()?.and_then(|address| <[u8; 6]>::try_from(address).ok());
        if let (Some(port), Some(address), false) = (port, address, own) {
            let state = entry.state();
            let fixed = state.intersects(NeighState::PERMANENT | NeighState::NOARP);
            let age = entry.cacheinfo()?.filter(|_| !fixed).map_or(0, |info| info.updated.get());
            known.push((address, port.1, state.contains(NeighState::PERMANENT), age));
        }
        Ok(())
    });
    let mut known = known.map_err(|e| errno(&e))?;
    known.sort_by_key(|entry| entry.0);
    Ok(known)
}

fn show_tree(conn: &mut Conn, out: &mut Out, words: &[OsString]) -> Done {
    let bridge = known(conn, words.first().map(OsString::as_os_str).unwrap_or_default())?;
    let s = bridge.settings();
    let (max_age, hello, delay) = (s.time(br::MAX_AGE), s.time(br::HELLO_TIME), s.time(br::FORWARD_DELAY));
    out.text(format_args!(
        "{}\n bridge id\t\t{}\n designated root\t{}\n root port\t\t{:4}\t\t\tpath cost\t\t{:4}\n",
        bridge.name(),
        s.id(br::BRIDGE_ID),
        s.id(br::ROOT_ID),
        s.number(br::ROOT_PORT),
        s.number(br::ROOT_PATH_COST)
    ));
    // The times that are in force, and those that would be if this were the root: the kernel tells the former only.
    out.text(format_args!(" max age\t\t{max_age}\t\t\tbridge max age\t\t{max_age}\n"));
    out.text(format_args!(" hello time\t\t{hello}\t\t\tbridge hello time\t{hello}\n"));
    out.text(format_args!(" forward delay\t\t{delay}\t\t\tbridge forward delay\t{delay}\n"));
    out.text(format_args!(" ageing time\t\t{}\n", s.time(br::AGEING_TIME)));
    out.text(format_args!(
        " hello timer\t\t{}\t\t\ttcn timer\t\t{}\n topology change timer\t{}\t\t\tgc timer\t\t{}\n flags\t\t\t",
        s.time(br::HELLO_TIMER),
        s.time(br::TCN_TIMER),
        s.time(br::TOPOLOGY_CHANGE_TIMER),
        s.time(br::GC_TIMER)
    ));
    for (attr, flag) in
        [(br::TOPOLOGY_CHANGE, "TOPOLOGY_CHANGE "), (br::TOPOLOGY_CHANGE_DETECTED, "TOPOLOGY_CHANGE_DETECTED ")]
    {
        out.push(if s.number(attr) == 0 { "" } else { flag });
    }
    out.push("\n\n\n");
    let ports = ports(conn, bridge.index).map_err(|errno| format!("can't get ports: {}", errno.words()))?;
    ports.iter().for_each(|port| show_port(out, port));
    Ok(())
}

fn show_port(out: &mut Out, port: &Seen) {
    const STATES: [&str; 5] = ["disabled", "listening", "learning", "forwarding", "blocking"];
    let s = port.settings();
    let state = usize::try_from(s.number(brport::STATE)).ok().and_then(|state| STATES.get(state));
    out.text(format_args!(
        "{} ({})\n port id\t\t{:04x}\t\t\tstate\t\t{:>15}\n designated root\t{}\tpath cost\t\t{:4}\n",
        port.name(),
        s.number(brport::NO),
        s.number(brport::ID),
        state.unwrap_or(&"<INVALID STATE>"),
        s.id(brport::ROOT_ID),
        s.number(brport::COST)
    ));
    out.text(format_args!(
        " designated bridge\t{}\tmessage age timer\t{}\n designated port\t{:04x}\t\t\tforward delay timer\t{}\n",
        s.id(brport::BRIDGE_ID),
        s.time(brport::MESSAGE_AGE_TIMER),
        s.number(brport::DESIGNATED_PORT),
        s.time(brport::FORWARD_DELAY_TIMER)
    ));
    out.text(format_args!(
        " designated cost\t{:4}\t\t\thold timer\t\t{}\n flags\t\t\t",
        s.number(brport::DESIGNATED_COST),
        s.time(brport::HOLD_TIMER)
    ));
    for (attr, flag) in
        [(brport::CONFIG_PENDING, "CONFIG_PENDING "), (brport::TOPOLOGY_CHANGE_ACK, "TOPOLOGY_CHANGE_ACK ")]
    {
        out.push(if s.number(attr) == 0 { "" } else { flag });
    }
    if s.number(brport::MODE) != 0 {
        out.text(format_args!("\n hairpin mode\t\t{:4}", s.number(brport::MODE)));
    }
    out.push("\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_kernel_or_errors() {
        let bytes = |value: Value, word: &str| value.parse(word.as_ref()).map(|v| v.map_err(|errno| errno.0));
        let (time, cost, prio) = (Value::Time("time"), Value::Number("cost", 4), Value::Number("priority", 2));
        let hundredths = |n: u32| Ok(Ok(n.to_ne_bytes().to_vec()));
        for (word, value) in [("1.15", 115), ("0", 0), (".5", 50), ("1e2", 10_000), ("300", 30_000), ("0.019", 1)] {
            assert_eq!(bytes(time, word), hundredths(value), "{word}");
        }
        assert_eq!(bytes(time, "50000000"), Ok(Err(Errno::ERANGE.0)));
        assert_eq!(bytes(time, "-1"), Ok(Err(Errno::ERANGE.0)));
        for word in ["", "x", "1s", "nan", "inf", "0x10"] {
            assert_eq!(bytes(time, word), Err("bad time value".into()), "{word}");
        }
        assert_eq!(bytes(cost, "0x10"), hundredths(16));
        assert_eq!(bytes(cost, "010"), hundredths(8));
        assert_eq!(bytes(cost, "-1"), Ok(Err(Errno::ERANGE.0)));
        assert_eq!(bytes(prio, "65535"), Ok(Ok(vec![0xff; 2])));
        assert_eq!(bytes(prio, "65536"), Ok(Err(Errno::ERANGE.0)));
        assert_eq!(bytes(prio, "1 "), Err("bad priority".into()));
        for (word, on) in [("on", 1), ("yes", 1), ("1", 1), ("off", 0), ("no", 0), ("0", 0)] {
            assert_eq!(bytes(Value::OnOff(1), word), Ok(Ok(vec![on])), "{word}");
        }
        assert!(bytes(Value::OnOff(1), "On").is_err());
    }
}
