//! `maddress`: the multicast addresses that links receive.

use super::inet::{Addr, Lladdr};
use super::*;
use crate::grammar::Result as Parsed;
use crate::out::{Color, Escaped};
use netns_sys::sort::sort_by_key;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// What `maddress` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show those of one link, or of all.
    Show(Option<OsString>),
    /// Add (or delete) a link-layer one.
    Change(bool, OsString, [u8; 6]),
}

const HELP: &str = "\
Usage: netnsctl maddress { add | delete } [ address ] LLADDR dev NAME
       netnsctl maddress [ show ] [ [ dev ] NAME ]
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
    ("list", Verb::Show),
    ("show", Verb::Show),
    ("lst", Verb::Show),
    ("help", Verb::Help),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Dev,
    Address,
    Help,
}

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("maddr", VERBS)? };
    let (dev, short): (_, &[Keyword<Word>]) = match verb {
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Show => (Word::Dev, &[("help", Word::Help)]),
        Verb::Change(_) => (Word::Address, &[("address", Word::Address), ("help", Word::Help)]),
    };
    let (mut name, mut addr) = (None, None);
    while !words.is_end() {
        let word = words.try_words(&[("dev", Word::Dev)], short)?.unwrap_or(dev);
        let typed = words.typed();
        let twice = |what: &str| format!("Error: duplicate \"{what}\": \"{typed}\" is the second value.");
        match word {
            Word::Help => return Ok(Command::Help(HELP)),
            Word::Dev if name.is_some() && !words.is_end() => {
                let says = match verb {
                    Verb::Show => format!("Error: either \"dev\" is duplicate, or \"{typed}\" is a garbage."),
                    _ => twice("dev"),
                };
                return Err(words.error("there is an interface already").ip(says));
            }
            Word::Dev if verb == Verb::Show => name = Some(words.need("the name of an interface")?),
            Word::Dev => {
                let dev = words.ifname("the name of an interface");
                name = Some(dev.map_err(|e| words.wrong(e, "\"dev\" not a valid ifname"))?);
            }
            Word::Address if addr.is_some() && !words.is_end() => {
                return Err(words.error("there is an address already").ip(twice("address")));
            }
            Word::Address => {
                let bytes = words.lladdr("a link-layer address")?;
                let len = bytes.len();
                addr = Some(<[u8; 6]>::try_from(bytes).map_err(|_| {
                    let says = format!("Error: Invalid address length {len} - must be 6 bytes");
                    words.error_before("a link-layer address has 6 bytes here").ip(says).ip_code(1)
                })?);
            }
        }
    }
    let name = name.map(OsStr::to_owned);
    Ok(Command::Maddress(match (verb, name, addr) {
        (Verb::Change(add), Some(name), Some(addr)) => Request::Change(add, name, addr),
        (Verb::Change(add), Some(name), None) if words.is_ip() => Request::Change(add, name, [0; 6]),
        (Verb::Change(_), Some(_), None) => return Err(words.error("the address is missing")),
        (Verb::Change(_), None, _) => {
            let says = "Not enough information: \"dev\" is required.";
            return Err(words.error("the interface is missing: dev NAME").ip(says));
        }
        (_, name, _) => Request::Show(name),
    }))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::Show(dev) => show_all(session, dev.as_deref()),
        Request::Change(add, dev, addr) => {
            let task = format!("{} {} {}", if add { "add" } else { "delete" }, Lladdr(&addr), show(&dev));
            if session.options.dry_run {
                session.would(&task);
                return Ok(());
            }
            let socket = session.conn()?.socket();
            let done = socket.map_or(Err(Error::NoAnswer), |socket| socket.multicast(add, &dev, addr));
            done.map_err(|e| {
                let words = e.errno().map(netns_sys::Errno::words).unwrap_or_default();
                Failure::of(&task, &e).ip(format!("ioctl: {words}"))
            })
        }
    }
}

/// An address that a link receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    index: u32,
    name: Vec<u8>,
    family: u8,
    addr: Vec<u8>,
    users: u32,
    /// Somebody asked for it; else a protocol needs it.
    fixed: bool,
}

/// The files of /proc/net, in the order of `ip`.
const FILES: [(u8, &str); 3] = [(af::PACKET, "dev_mcast"), (AF_INET, "igmp"), (AF_INET6, "igmp6")];

/// The entries in the file for this family:
///
/// ```text
/// dev_mcast   2    v0              1     0     01005e000001
/// igmp        2    v0        :     1      V3
///                                  010000E0     1 0:00000000               0
/// igmp6       2    v0              ff0200000000000000000000000000fb     1 0000000C 0
/// ```
fn entries(family: u8, text: &[u8]) -> Vec<Entry> {
    let number = |word: &[u8]| std::str::from_utf8(word).ok().and_then(|w| w.parse::<u32>().ok()).unwrap_or_default();
    let hex = |word: &[u8]| {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        word.chunks(2).map(byte).collect::<Option<Vec<u8>>>()
    };
    let (mut all, mut link) = (Vec::new(), Entry::default());
    for line in text.split(|b| *b == b'\n') {
        let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
        let (addr, users) = match (family, words.as_slice()) {
            (AF_INET, [addr, users, ..]) if line.starts_with(b"\t") => {
                // The network's order, written as a number of this machine's.
                let addr = std::str::from_utf8(addr).ok().and_then(|a| u32::from_str_radix(a, 16).ok());
                (addr.map(|a| a.to_ne_bytes().to_vec()), users)
            }
            (AF_INET, [index, name, ..]) => {
                link = Entry {
                    index: number(index),
                    name: name.strip_suffix(b":").unwrap_or(name).to_vec(),
                    family,
                    ..link
                };
                continue;
            }
            (AF_INET6, [index, name, addr, users, ..]) => {
                link = Entry { index: number(index), name: name.to_vec(), family, ..link };
                (hex(addr), users)
            }
            (af::PACKET, [index, name, users, fixed, addr, ..]) => {
                link = Entry { index: number(index), name: name.to_vec(), family, fixed: *fixed != b"0", ..link };
                (hex(addr), users)
            }
            _ => continue,
        };
        all.extend(addr.map(|addr| Entry { addr, users: number(users), ..link.clone() }));
    }
    all
}

fn show_all(session: &mut Session, dev: Option<&OsStr>) -> Result<()> {
    let family = session.options.family;
    let files = FILES.iter().filter(|f| family.is_none_or(|family| family == f.0));
    // /proc/net is that of the process, and a namespace is entered by a thread.
    let read = || {
        let read =
            |f: &(u8, &str)| entries(f.0, &fs::read(format!("/proc/thread-self/net/{}", f.1)).unwrap_or_default());
        files.flat_map(read).collect::<Vec<_>>()
    };
    let mut all = session.inside(read)?;
    all.retain(|e| dev.is_none_or(|dev| dev.as_bytes() == e.name));
    sort_by_key(&mut all, |e| e.index);
    let oneline = session.options.oneline;
    session.out.list("", |out| {
        for of_link in all.chunk_by(|a, b| a.index == b.index && !oneline) {
            out.object("", |out| link(out, of_link));
        }
    });
    Ok(())
}

/// A link with its addresses.
fn link(out: &mut Out, entries: &[Entry]) {
    if let Some(Entry { index, name, .. }) = entries.first() {
        out.field("ifindex", *index, format_args!("{index}:"));
        out.color(Some(Color::Ifname), "ifname", name.as_slice(), format_args!("\t{}", Escaped(name)));
        out.push(out.newline());
    }
    out.list("maddr", |out| {
        for entry in entries {
            out.object("", |out| {
                let (text, key) = match entry.family {
                    af::PACKET => (Lladdr(&entry.addr).to_string(), "link"),
                    _ => (Addr(&entry.addr).to_string(), "address"),
                };
                match entry.family {
                    AF_INET => out.field("family", "inet", format_args!("\tinet  ")),
                    AF_INET6 => out.field("family", "inet6", format_args!("\tinet6 ")),
                    _ => out.push("\tlink  "),
                }
                let color = Color::of_family(entry.family).unwrap_or(Color::Mac);
                out.color(Some(color), key, &text, format_args!("{text}"));
                if entry.users != 1 {
                    out.field("users", entry.users, format_args!(" users {}", entry.users));
                }
                if entry.fixed {
                    out.field("features", "static", format_args!(" static"));
                }
                out.push("\n");
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read() {
        let text = |family, text: &str| {
            let entry =
                |e: Entry| format!("{} {} {} {} {}", e.index, Escaped(&e.name), Addr(&e.addr), e.users, e.fixed);
            entries(family, text.as_bytes()).into_iter().map(entry).collect::<Vec<_>>()
        };
        let link = "2    v0              1     0     01005e000001\n3    v1  2 1     333300000001\nx\n2 v0 1 0 zz\n";
        assert_eq!(text(af::PACKET, link), ["2 v0 01:00:5e:00:00:01 1 false", "3 v1 33:33:00:00:00:01 2 true"]);
        let head = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n";
        let group = u32::from_ne_bytes([224, 0, 0, 1]);
        let igmp = format!("{head}1\tlo        :     1      V3\n\t\t\t\t{group:08X}     2 0:00000000\t\t0\n")
            + &format!("2\tlong-name-1:     1      V3\n\t\t\t\t{group:08X}     1 0:00000000\t\t0\n");
        assert_eq!(text(AF_INET, &igmp), ["1 lo 224.0.0.1 2 false", "2 long-name-1 224.0.0.1 1 false"]);
        let igmp6 = "1    lo              ff020000000000000000000000000001     1 0000000C 0\n";
        assert_eq!(text(AF_INET6, igmp6), ["1 lo ff02::1 1 false"]);
    }
}
