//! `who`: what keeps a namespace alive, and how to be rid of it.

use super::target::{self, NameDirs, Target, target_help};
use super::{Command, Options, Session, done, netns, proc};
use crate::failure::Result;
use crate::grammar::{Keyword, Result as Parsed, Words, show};
use crate::out::{Escaped, Out, Value};
use netns_sys::holders::{Hidden, Holder, Holders, Look, holders};
use netns_sys::netlink::Conn;
use netns_sys::sort::sort_by_key;
use netns_sys::{Ns, NsId};
use nl_core::route::{FAMILY, IfInfoMsg, Link, LinkFlags, RTM_GETLINK, ifla, rtext_filter};
use nl_core::{DecodeError, Msg};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// What `who` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Of this namespace.
    pub target: Target,
}

const HELP: &str = concat!(
    "\
Usage: netnsctl who TARGET [ -j ]
Shows what keeps a network namespace alive: processes and single threads in it, open files of it, sockets (and
descriptors of /dev/net/tun) that live in it and processes outside have, mounts in any mount namespace; whether
devices are stranded in it; and how to be rid of it. What could not be looked into is said.
",
    target_help!()
);

/// Parses what follows `who`.
pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    const WORDS: &[Keyword<bool>] =
        &[("-j", true), ("--json", true), ("-h", false), ("--help", false), ("help", false)];
    let mut target = None;
    while !words.is_end() {
        match words.try_keyword(WORDS)? {
            Some(true) => options.json = true,
            Some(false) => return Ok(Command::Help(HELP)),
            None if target.is_none() => target = Some(target::parse(words)?),
            None => words.end()?,
        }
    }
    let target = target.map_or_else(|| target::parse(words), Ok)?;
    Ok(Command::Who(Request { target }))
}

/// What was found out.
struct Found {
    id: NsId,
    names: Vec<OsString>,
    /// Without this process.
    holders: Vec<Holder>,
    /// The links that are no software; `None`: it could not be entered to ask for them.
    devices: Option<Vec<Device>>,
    hidden: Hidden,
    dirs: NameDirs,
}

/// A link that goes back to the initial namespace when this one ends, and is stranded in it till then.
struct Device {
    name: Vec<u8>,
    /// What it is made of.
    parent: Option<Vec<u8>>,
}

/// Runs one request.
pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let task = format!("find what keeps namespace {}", request.target);
    let ns = request.target.open(session)?.ns;
    let id = done(&task, ns.id())?;
    let Holders { mut found, hidden } = done(&task, holders(&id, Look::ALL))?;
    // What we do to it ourselves is over in a moment; mounts stay.
    found.retain(|h| h.pid() != Some(std::process::id()) || matches!(h, Holder::Mount { .. }));
    let dirs = NameDirs::of(session);
    sort_by_key(&mut found, |holder| order(holder, dirs.mount_ns));
    let mut names = done("list namespaces", session.dir.identify(&id))?;
    let mounted = |holder: &Holder| match holder {
        Holder::Mount { path, namespace, .. } => dirs.name(path, *namespace).map(OsStr::to_owned),
        _ => None,
    };
    names.extend(found.iter().filter_map(mounted));
    names.sort_unstable();
    names.dedup();
    let found = Found { id, names, holders: found, devices: devices(&ns).ok(), hidden, dirs };
    session.out.object("", |out| found.show(out, &ns, &request.target));
    netns::warn_hidden(session, &found.hidden);
    Ok(())
}

/// In the order they are shown.
fn order(holder: &Holder, mount_ns: u64) -> u8 {
    match holder {
        Holder::Process { .. } => 0,
        Holder::Thread { .. } => 1,
        Holder::Fd { .. } => 2,
        Holder::Socket { .. } => 3,
        Holder::Mount { namespace, .. } if *namespace == mount_ns => 4,
        _ => 5,
    }
}

/// The devices in a namespace.
fn devices(ns: &Ns) -> netns_sys::Result<Vec<Device>> {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u32(ifla::EXT_MASK, rtext_filter::SKIP_STATS);
    };
    Conn::open_in(ns, &FAMILY)?.dump(RTM_GETLINK, fill, |devices: &mut Vec<Device>, message| {
        devices.extend(device(&Link::whole(message)?)?);
        Ok(())
    })
}

/// What has no kind was not made by software; the loopback is the namespace's own.
fn device(link: &Link<'_>) -> std::result::Result<Option<Device>, DecodeError> {
    let kind = link.info()?.and_then(|info| info.kind().ok().flatten());
    let stays = kind.is_some() || link.flags().contains(LinkFlags::LOOPBACK);
    let parent = link.parent_dev_name()?.map(<[u8]>::to_vec);
    Ok(link.name()?.filter(|_| !stays).map(|name| Device { name: name.to_vec(), parent }))
}

impl Found {
    fn show(&self, out: &mut Out, ns: &Ns, target: &Target) {
        out.field("inode", self.id.ino, format_args!("net:[{}]", self.id.ino));
        self.id.id64.iter().for_each(|id| out.field("id", *id, format_args!(", id {id}")));
        out.list("names", |out| {
            for name in &self.names {
                out.field("", name.as_os_str(), format_args!(", named {}", show(name)));
            }
        });
        if let Ok(uid) = ns.owner_uid() {
            let name = proc::user_name(uid);
            out.field("owner", uid, format_args!(", of {name}'s user namespace"));
            out.json("owner_name", &name);
        }
        out.push(if self.holders.is_empty() {
            "\nnothing that can be seen from here keeps it\n"
        } else {
            "\nkept by\n"
        });
        out.list("holders", |out| {
            self.holders.iter().for_each(|holder| out.object("", |out| self.holder(out, holder)))
        });
        let lasting = self.lasting();
        match &self.devices {
            None => out.field(
                "devices",
                Value::Null,
                format_args!("its links could not be looked at: it cannot be entered\n"),
            ),
            Some(devices) if lasting.is_none() => out.list("devices", |out| {
                devices.iter().for_each(|device| out.object("", |out| device.show(out)));
            }),
            Some(_) => {}
        }
        if let Some(why) = lasting {
            return out.field("lasting", why, format_args!("{why}\n"));
        }
        let commands = self.commands(target);
        out.push(if commands.is_empty() { "" } else { "to be rid of it\n" });
        out.list("commands", |out| {
            commands.iter().for_each(|command| out.field("", command, format_args!("  {command}\n")));
        });
        if out.is_json() {
            let Hidden { processes, sockets, classed, mounts, .. } = self.hidden;
            out.object("hidden", |out| {
                out.json("processes", processes);
                out.json("sockets", sockets.saturating_add(classed));
                out.json("mount_namespaces", mounts);
            });
        }
    }

    fn holder(&self, out: &mut Out, holder: &Holder) {
        let (kind, number) = match holder {
            Holder::Process { .. } => ("process", None),
            Holder::Thread { tid, .. } => ("thread", Some(("tid", *tid))),
            Holder::Fd { fd, .. } => ("descriptor", Some(("fd", *fd))),
            Holder::Socket { fd, .. } => ("socket", Some(("fd", *fd))),
            _ => ("mount", None),
        };
        out.field("kind", kind, format_args!("  {kind} "));
        if let Holder::Mount { namespace, path, .. } = holder {
            let shown = Escaped(path.as_os_str().as_bytes());
            out.field("path", path.as_os_str(), format_args!("{shown}"));
            let name = self.dirs.name(path, *namespace);
            name.iter().for_each(|name| out.field("name", *name, format_args!(", the name {}", show(name))));
            if *namespace == self.dirs.mount_ns {
                return out.push("\n");
            }
            out.field("mount_ns", *namespace, format_args!(", in mount namespace {namespace}, that of "));
        }
        if let Some((key, number)) = number {
            out.field(key, number, format_args!("{number} of "));
        }
        let Some(pid) = holder.pid() else { return };
        let word = if kind == "process" { "" } else { "process " };
        out.field("pid", pid, format_args!("{word}{pid}"));
        let uid = proc::user(pid);
        uid.iter().for_each(|uid| out.field("uid", *uid, format_args!(" ({})", proc::user_name(*uid))));
        if let Some(command) = proc::command(pid) {
            let text = Escaped(&command).to_string();
            let end = text.char_indices().nth(COMMAND_WIDTH);
            let (text, more) = end.map_or((&*text, ""), |(end, _)| (text.get(..end).unwrap_or_default(), "…"));
            out.field("command", command.as_slice(), format_args!(": {text}{more}"));
        }
        out.push("\n");
    }

    /// Why it will not end.
    fn lasting(&self) -> Option<&'static str> {
        let process = |holder: &Holder| if let Holder::Process { pid } = holder { Some(*pid) } else { None };
        let mut pids = self.holders.iter().filter_map(process);
        if pids.clone().any(proc::is_kernel) {
            return Some("it is the initial network namespace, which lasts as long as the kernel");
        }
        pids.find(|pid| *pid == 1).map(|_| "process 1 is in it: it lasts as long as this system or container")
    }

    /// What to do, in the order to do it.
    fn commands(&self, target: &Target) -> Vec<String> {
        let mut commands = Vec::new();
        let mut add = |command: String| {
            if !commands.contains(&command) {
                commands.push(command);
            }
        };
        for device in self.devices.iter().flatten() {
            let name = shell(OsStr::from_bytes(&device.name));
            let target = if let Target::Name(name) = target { shell(name) } else { target.to_string() };
            add(format!("netnsctl enter {target} -- netnsctl link set {name} netns 1"));
        }
        let mut pids = BTreeSet::new();
        for holder in &self.holders {
            match holder {
                Holder::Mount { pid, namespace, path } => {
                    let here = *namespace == self.dirs.mount_ns;
                    add(match self.dirs.name(path, *namespace) {
                        Some(name) => format!("netnsctl netns delete {}", shell(name)),
                        None if here => format!("umount {}", shell(path.as_os_str())),
                        None => format!("nsenter -t {pid} -m umount {}", shell(path.as_os_str())),
                    });
                }
                other => pids.extend(other.pid().filter(|pid| *pid != 1 && !proc::is_kernel(*pid))),
            }
        }
        if !pids.is_empty() {
            add(pids.iter().fold("kill".into(), |command, pid| format!("{command} {pid}")));
        }
        commands
    }
}

/// How much of a command line is shown.
const COMMAND_WIDTH: usize = 80;

impl Device {
    fn show(&self, out: &mut Out) {
        let name = Escaped(&self.name);
        out.field("ifname", self.name.as_slice(), format_args!("device {name}"));
        if let Some(parent) = &self.parent {
            out.field("parent", parent.as_slice(), format_args!(" ({})", Escaped(parent)));
        }
        out.push(" is stranded in it, until it ends or the device is taken out\n");
    }
}

/// A word as a shell takes it; one that would disturb a terminal as bash, ksh, zsh, and sh (POSIX.1-2024) take it.
fn shell(word: &OsStr) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+:@".contains(b);
    let bytes = word.as_bytes();
    match word.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Some(text) if Escaped(bytes).to_string() == text.replace('\\', "\\\\") => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        _ => {
            let escaped = |b: &u8| if plain(b) { char::from(*b).to_string() } else { format!("\\{b:03o}") };
            format!("$'{}'", bytes.iter().map(escaped).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::route::{RTM_NEWLINK, info};
    use nl_core::{Batch, Flags, Messages};

    #[test]
    fn what_no_software_made_is_stranded() {
        let stranded = |flags, fill: &dyn Fn(&mut Msg<'_>)| {
            let mut space = [0; 256];
            let mut batch = Batch::new(&mut space);
            let message = |m: &mut Msg<'_>| {
                m.fixed(&IfInfoMsg { flags, ..IfInfoMsg::default() });
                m.str(ifla::IFNAME, b"x0");
                fill(m);
            };
            batch.message(RTM_NEWLINK, Flags::empty(), 1, message).unwrap();
            let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
            let found = device(&Link::whole(&message).unwrap()).unwrap();
            found.map(|d| (String::from_utf8(d.name).unwrap(), d.parent.map(|p| String::from_utf8(p).unwrap())))
        };
        let kind = |m: &mut Msg<'_>| m.nest(ifla::LINKINFO, |m| m.str(info::KIND, b"veth"));
        assert_eq!(
            stranded(0.into(), &|m| m.str(ifla::PARENT_DEV_NAME, b"virtio3")),
            Some(("x0".into(), Some("virtio3".into())))
        );
        assert_eq!(stranded(0.into(), &|_| {}), Some(("x0".into(), None)));
        assert_eq!(stranded(0.into(), &kind), None);
        assert_eq!(stranded(LinkFlags::LOOPBACK.bits().into(), &|_| {}), None);
    }

    #[test]
    fn commands_are_quoted_for_the_shell() {
        let quoted = |word: &str| shell(OsStr::new(word));
        assert_eq!((quoted("/run/a-b"), quoted("a b"), quoted("")), ("/run/a-b".into(), "'a b'".into(), "''".into()));
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!((quoted("a\\b"), quoted("\u{1b}[m")), ("'a\\b'".into(), "$'\\033\\133m'".into()));
    }
}
