//! `tuntap`: devices whose packets go to a program.

use super::*;
use crate::grammar::Result as Parsed;
use crate::out::{Color, Escaped};
use netns_sys::mount;
use netns_sys::sort::sort_by_key;
use netns_sys::tun::Tun;
use nl_core::Msg;
use nl_core::route::{IfInfoMsg, Link, RTM_GETLINK, ifla, info, tun};
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

/// What `tuntap` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show all.
    Show,
    /// Add (or delete) the one of this name; empty: the kernel names it.
    Change(bool, Tun, OsString),
}

const HELP: &str = "\
Usage: netnsctl tuntap { add | delete } [ [ dev ] NAME ] mode { tun | tap } [ user USER ] [ group GROUP ]
                [ one_queue ] [ pi ] [ vnet_hdr ] [ multi_queue ]
       netnsctl tuntap [ show ]
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(bool),
    Show,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("add", Verb::Change(true)),
    ("delete", Verb::Change(false)),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("list", Verb::Show),
    ("help", Verb::Help),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    User,
    Group,
    Mode,
    Pi,
    OneQueue,
    VnetHdr,
    MultiQueue,
    Dev,
    Name,
    Help,
}

/// The first two say who may attach: to delete one they mean nothing.
const WORDS: &[Keyword<Word>] = &[
    ("user", Word::User),
    ("group", Word::Group),
    ("mode", Word::Mode),
    ("pi", Word::Pi),
    ("one_queue", Word::OneQueue),
    ("vnet_hdr", Word::VnetHdr),
    ("multi_queue", Word::MultiQueue),
    ("dev", Word::Dev),
    ("name", Word::Name),
    ("help", Word::Help),
    ("m", Word::Mode),
];

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("tuntap", VERBS)? };
    let add = match verb {
        Verb::Change(add) => add,
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Show => {
            // ip does not look at them.
            let _ = if words.is_ip() { words.rest() } else { &[] };
            return words.end().map(|()| Command::Tuntap(Request::Show));
        }
    };
    let known = WORDS.get(if add { 0 } else { 2 }..).unwrap_or_default();
    let (mut tun, mut tap, mut name) = (Tun::default(), None, OsStr::new(""));
    while !words.is_end() {
        match words.try_keyword(known)?.unwrap_or(Word::Name) {
            Word::Help => return Ok(Command::Help(HELP)),
            Word::User => tun.user = id(words, "user", "/etc/passwd")?,
            Word::Group => tun.group = id(words, "group", "/etc/group")?,
            Word::Mode => {
                let typed = words.typed();
                let mode = words.keyword("a mode", &[("tun", false), ("tap", true)]);
                let mode = mode
                    .map_err(|e| if words.is_end() { e } else { e.ip(format!("Unknown tunnel mode \"{typed}\"")) })?;
                if tap.replace(mode).is_some_and(|before| before != mode) {
                    let says = "You managed to ask for more than one tunnel mode.";
                    return Err(words.error_before("there is a mode already").ip(says));
                }
            }
            Word::Pi => tun.pi = true,
            Word::OneQueue => tun.one_queue = true,
            Word::VnetHdr => tun.vnet_hdr = true,
            Word::MultiQueue => tun.multi_queue = true,
            word => {
                let word = if word == Word::Dev { "dev" } else { "name" };
                let typed = words.typed();
                if word == "name" && !name.is_empty() && !words.is_end() {
                    let says = format!("Error: either \"name\" is duplicate, or \"{typed}\" is a garbage.");
                    return Err(words.error("there is a name already").ip(says));
                }
                let taken = words.ifname("the name of a device");
                name = taken.map_err(|e| words.wrong(e, format_args!("\"{word}\" not a valid ifname")))?;
            }
        }
    }
    let Some(tap) = tap else {
        let says = "You failed to specify a tunnel mode";
        return Err(words.error("the mode is missing: mode tun, or mode tap").ip(says).ip_code(1));
    };
    Ok(Command::Tuntap(Request::Change(add, Tun { tap, ..tun }, name.to_owned())))
}

/// Takes the number of a user or a group, or a name that `file` has a number for. -1 is nobody.
fn id(words: &mut Words<'_>, what: &str, file: &str) -> Parsed<Option<u32>> {
    let word = words.need(&format!("a {what}"))?.to_str().unwrap_or_default();
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let entry = || text.lines().find_map(|l| l.strip_prefix(word)?.strip_prefix(':')?.split(':').nth(1)?.parse().ok());
    let number = word.parse::<i32>().ok().map(|n| u32::from_ne_bytes(n.to_ne_bytes())).or_else(|| word.parse().ok());
    match number.or_else(entry) {
        Some(id) => Ok(Some(id).filter(|id| *id != u32::MAX)),
        None => {
            let says = format!("invalid {what} \"{}\"", Escaped(word.as_bytes()));
            Err(words.error_before(format!("there is no {what} {word:?}")).ip(says))
        }
    }
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Show => show_all(session),
        Request::Change(add, tun, name) => {
            let kind = if tun.tap { "tap" } else { "tun" };
            let task = format!("{} the {kind} device {}", if add { "add" } else { "delete" }, show(&name));
            if session.options.dry_run {
                session.would(&task);
                return Ok(());
            }
            let result = session.inside(|| if add { tun.add(None, &name) } else { tun.delete(None, &name) })?;
            result.map_err(|error| {
                let failure = Failure::of(&task, &error);
                match error {
                    Error::Sys { op, errno, .. } => failure.ip(format!("{op}: {}", errno.words())),
                    _ => failure,
                }
            })
        }
    }
}

/// `IFF_*` of linux/if_tun.h.
const FLAGS: &[(&str, u32)] = &[
    ("tun", 0x0001),
    ("tap", 0x0002),
    ("pi", PI),
    ("one_queue", ONE_QUEUE),
    ("multi_queue", 0x0100),
    ("vnet_hdr", 0x4000),
    ("persist", 0x0800),
    // It has the bit of IFF_NO_PI, and so is said of those with `pi`.
    ("filter", PI),
];
/// In place of `IFF_NO_PI`.
const PI: u32 = 0x1000;
const ONE_QUEUE: u32 = 0x2000;
/// What netlink does not tell of: with `IFF_ONE_QUEUE` those of NAPI.
const UNTOLD: u32 = ONE_QUEUE | 0x0030;

/// A device that is there.
#[derive(Debug, Default)]
struct Device {
    name: Vec<u8>,
    /// As in [`FLAGS`].
    flags: u32,
    user: Option<u32>,
    group: Option<u32>,
}

fn show_all(session: &mut Session) -> Result<()> {
    let ask = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.nest(ifla::LINKINFO, |m| m.bytes(info::KIND, b"tun"));
    };
    let dump = session.conn()?.dump(RTM_GETLINK, ask, |all: &mut Vec<Device>, message| {
        let link = Link::whole(message)?;
        let info = link.info()?.filter(|i| i.kind() == Ok(Some(b"tun")));
        let Some((name, data)) = link.name()?.zip(info.and_then(|i| i.data().ok().flatten())) else { return Ok(()) };
        let byte = |kind| data.find(kind).and_then(|a| a.u8().ok()).unwrap_or_default();
        let number = |kind| data.find(kind).and_then(|a| a.u32().ok());
        let mut flags = u32::from(byte(tun::TYPE));
        for (kind, flag) in [(tun::PI, PI), (tun::MULTI_QUEUE, 0x100), (tun::VNET_HDR, 0x4000), (tun::PERSIST, 0x800)] {
            flags |= if byte(kind) != 0 { flag } else { 0 };
        }
        all.push(Device { name: name.to_vec(), flags, user: number(tun::OWNER), group: number(tun::GROUP) });
        Ok(())
    });
    let mut all = done("list links", dump)?;
    // What netlink does not tell of, where the privileges suffice to see the namespace's /sys.
    session.inside(|| {
        let sysfs = mount::sysfs().ok();
        for device in &mut all {
            let path = Path::new("class/net").join(OsStr::from_bytes(&device.name)).join("tun_flags");
            let file = sysfs.as_ref().and_then(|dir| mount::open_at(dir.as_fd(), &path).ok());
            let text = file.and_then(|f| std::io::read_to_string(f).ok()).unwrap_or_default();
            let flags = u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).unwrap_or_default();
            device.flags |= flags & UNTOLD;
        }
    })?;
    let details = session.options.details;
    session.out.list("", |out| all.iter().for_each(|device| out.object("", |out| device.show(out, details))));
    Ok(())
}

impl Device {
    fn show(&self, out: &mut Out, details: bool) {
        out.color(Some(Color::Ifname), "ifname", self.name.as_slice(), format_args!("{}:", Escaped(&self.name)));
        out.list("flags", |out| {
            let mut rest = self.flags;
            for (name, flag) in FLAGS.iter().filter(|f| self.flags & f.1 != 0) {
                out.field("", *name, format_args!(" {name}"));
                rest &= !flag;
            }
            if rest != 0 {
                let text = format!("{rest:#x}");
                out.field("", &text, format_args!(" {text}"));
            }
        });
        for (key, id) in [("user", self.user), ("group", self.group)] {
            if let Some(id) = id {
                out.field(key, id, format_args!(" {key} {id}"));
            }
        }
        if details {
            out.text(format_args!("{}\tAttached to processes:", out.newline()));
            out.list("processes", |out| {
                for (name, pid) in attached(&self.name) {
                    out.object("", |out| {
                        out.field("name", name.as_slice(), format_args!("{}", Escaped(&name)));
                        out.field("pid", pid, format_args!("({pid})"));
                    });
                }
            });
        }
        out.push("\n");
    }
}

/// The processes that have a descriptor of this device, as far as they may be looked into.
fn attached(name: &[u8]) -> Vec<(Vec<u8>, u32)> {
    let numbers = |dir: &Path| {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let mut numbers: Vec<u32> = entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
        sort_by_key(&mut numbers, |n| *n);
        numbers
    };
    let mut found = Vec::new();
    for pid in numbers(Path::new("/proc")).into_iter().filter(|pid| *pid != std::process::id()) {
        let dir = Path::new("/proc").join(pid.to_string());
        for fd in numbers(&dir.join("fd")) {
            let to = fs::read_link(dir.join(format!("fd/{fd}"))).unwrap_or_default();
            if to != Path::new("/dev/net/tun") {
                continue;
            }
            let info = fs::read(dir.join(format!("fdinfo/{fd}"))).unwrap_or_default();
            if info.split(|b| *b == b'\n').any(|l| l.strip_prefix(b"iff:\t") == Some(name)) {
                let comm = fs::read(dir.join("comm")).unwrap_or_default();
                found.push((comm.trim_ascii_end().to_vec(), pid));
            }
        }
    }
    found
}
