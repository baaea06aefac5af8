//! What a plan has made, and how to take it back: a text, one line a step, written before the step is done.
//!
//! ```text
//! netnsctl plan                       always the first line
//! file /home/u/lab.plan               the plan's file
//! set                                 variables it was given, anew:
//! set N=10                            one of them
//! ns h1                               a namespace of this name
//! link - 12 br0                       in the namespace - (where the program was): the link with this index and name
//! tied - 13 v1                        the same, but it goes with one of these namespaces
//! request - 1400…                     a netlink message to send, in hexadecimal
//! sysctl - net/ipv4/ip_forward 0      a switch, and its old value
//! fw - delete%20allow%20in            words of `fw` to carry out
//! done                                all of it is there
//! ```
//!
//! In names, what is no printable ASCII, and `%`, is `%` and two digits. What was written to a file outlives the process that
//! was killed; a cut-off last line says nothing was done of it yet.

use super::text::Variables;
use super::world::{Name, Undo};
use crate::cmd::sysctl;
use crate::failure::{Failure, Result, code};
use crate::grammar::show;
use netns_sys::{Dir, Errno};
use nl_core::Messages;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// One thing that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Ns(OsString),
    /// In the namespace of this name; empty: where the program was.
    In(OsString, Undo),
}

/// The journal of a plan, locked.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// The plan's file.
    pub(crate) plan: PathBuf,
    pub(crate) set: Variables,
    pub(crate) entries: Vec<Entry>,
    /// Whether all was made that is in it.
    pub(crate) done: bool,
    /// How long the part is that was done before, and how many entries are in it.
    settled: u64,
    settled_entries: usize,
    /// Something of what was said could not be taken back: it is kept for the next time.
    pub(crate) keep: bool,
}

const FIRST: &str = "netnsctl plan";

/// Where journals are: beside the directory of names.
pub(crate) fn home(dir: &Dir) -> PathBuf {
    dir.path().with_file_name("netnsctl.plans")
}

/// The names of all plans that have one. What is empty is none: who was about to begin it was stopped.
pub(crate) fn names(dir: &Dir) -> Result<Vec<OsString>> {
    let home = home(dir);
    let entries = match fs::read_dir(&home) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| failed("read", &home, &e))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(|e| failed("read", &home, &e))?.file_name());
    }
    names.sort_unstable();
    Ok(names)
}

/// The lines with the variables; a later group of them goes before an earlier.
fn header(set: &Variables) -> String {
    let mut text = String::from("set\n");
    for (name, value) in set {
        text.push_str("set ");
        escape(format!("{name}={value}").as_bytes(), &mut text);
        text.push('\n');
    }
    text
}

fn failed(task: &str, path: &Path, error: &std::io::Error) -> Failure {
    let words = error.raw_os_error().map_or_else(|| error.to_string(), |n| Errno(n).words());
    Failure::new(code::FAILED, format!("cannot {task} {}: {words}", show(path.as_os_str())))
}

fn escape(bytes: &[u8], to: &mut String) {
    for byte in bytes {
        match byte {
            b'%' | ..=b' ' | 0x7f.. => {
                let _ = write!(to, "%{byte:02x}");
            }
            byte => to.push(char::from(*byte)),
        }
    }
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

impl Entry {
    fn write(&self, to: &mut String) {
        let (place, undo) = match self {
            Entry::Ns(name) => {
                to.push_str("ns ");
                escape(name.as_bytes(), to);
                return to.push('\n');
            }
            Entry::In(place, undo) => (place, undo),
        };
        to.push_str(match undo {
            Undo::Link(..) => "link ",
            Undo::Tied(..) => "tied ",
            Undo::Request(_) => "request ",
            Undo::Sysctl(..) => "sysctl ",
            #[cfg(feature = "firewall")]
            Undo::Firewall(_) => "fw ",
        });
        if place.is_empty() {
            to.push('-')
        } else {
            escape(place.as_bytes(), to)
        }
        match undo {
            Undo::Link(name, index) | Undo::Tied(name, index) => {
                let _ = write!(to, " {index} ");
                escape(name.bytes(), to);
            }
            Undo::Request(bytes) => {
                to.push(' ');
                bytes.iter().for_each(|byte| {
                    let _ = write!(to, "{byte:02x}");
                });
            }
            #[cfg(feature = "firewall")]
            Undo::Firewall(words) => {
                to.push(' ');
                escape(words.as_bytes(), to);
            }
            Undo::Sysctl(switch) => {
                let _ = write!(to, " {} ", switch.0);
                escape(switch.1.as_bytes(), to);
            }
        }
        to.push('\n');
    }

    fn parse(line: &str) -> Option<Entry> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let place = words.next()?;
        if kind == "ns" {
            return words.next().is_none().then(|| unescape(place).map(|name| Entry::Ns(OsString::from_vec(name))))?;
        }
        let place = if place == "-" { OsString::new() } else { OsString::from_vec(unescape(place)?) };
        let first = words.next()?;
        let mut rest = || words.next().and_then(unescape);
        let undo = match kind {
            "link" => Undo::Link(Name::new(&rest()?)?, first.parse().ok()?),
            "tied" => Undo::Tied(Name::new(&rest()?)?, first.parse().ok()?),
            "request" if first.len() % 2 != 0 => return None,
            "request" => {
                let digits =
                    first.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
                let bytes: Vec<u8> = digits.collect::<Option<_>>()?;
                let whole = Messages::new(&bytes).next()?.ok()?.bytes().len() == bytes.len();
                Undo::Request(Some(bytes).filter(|_| whole)?.into())
            }
            #[cfg(feature = "firewall")]
            "fw" => {
                let words = String::from_utf8(unescape(first)?).ok()?;
                Undo::Firewall(crate::cmd::fw::planned(&words).map(|_| words)?.into())
            }
            "sysctl" if sysctl::path(first).as_deref() == Some(first) => {
                Undo::Sysctl(Box::new((first.to_owned(), String::from_utf8(rest()?).ok()?)))
            }
            _ => return None,
        };
        words.next().is_none().then_some(Entry::In(place, undo))
    }
}

impl Journal {
    /// That of the plan `name`; made, if there is none and `plan` says its file. It is locked until dropped.
    pub(crate) fn open(dir: &Dir, name: &OsStr, plan: Option<(&Path, &Variables)>) -> Result<Option<Journal>> {
        let home = home(dir);
        if name.as_bytes().contains(&b'/') || name.is_empty() || name == "." || name == ".." {
            return Err(Failure::new(code::USAGE, format!("{} cannot be the name of a plan", show(name))));
        }
        if plan.is_some() {
            match fs::DirBuilder::new().mode(0o700).recursive(true).create(&home) {
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(failed("make directory", &home, &e)),
                _ => {}
            }
        }
        let own = |found: &fs::Metadata| found.uid() == netns_sys::process::user();
        match fs::symlink_metadata(&home) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed("look at", &home, &e)),
            Ok(found) if found.is_dir() && own(&found) && found.mode() & 0o022 == 0 => {}
            Ok(_) => {
                let message = format!("{} is not a directory that only you can write to: not used", home.display());
                return Err(Failure::new(code::FAILED, message));
            }
        }
        let path = home.join(name);
        let file = loop {
            let mut options = File::options();
            // No link is followed, and no FIFO waited for.
            options
                .read(true)
                .append(true)
                .create(plan.is_some())
                .mode(0o600)
                .custom_flags(netns_sys::bulk::NO_SURPRISE);
            let file = match options.open(&path) {
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
                file => file.map_err(|e| failed("open", &path, &e))?,
            };
            let found = file.metadata().map_err(|e| failed("look at", &path, &e))?;
            if !found.is_file() || !own(&found) {
                return Err(Failure::new(code::FAILED, format!("{} is not a file of yours", path.display())));
            }
            match netns_sys::bulk::try_lock(file.as_fd()) {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("the plan {} is being worked on by another process", show(name));
                    return Err(Failure::new(code::FAILED, message).hint("  wait until it has ended"));
                }
                Err(error) => return Err(Failure::of("lock the journal", &error)),
            }
            // Who had the lock before may have removed the file.
            if fs::symlink_metadata(&path).is_ok_and(|now| now.ino() == found.ino() && now.dev() == found.dev()) {
                break file;
            }
        };
        let (plan_file, set, entries) = (PathBuf::new(), Variables::new(), Vec::new());
        let mut journal = Journal {
            path,
            file,
            plan: plan_file,
            set,
            entries,
            done: false,
            settled: 0,
            settled_entries: 0,
            keep: false,
        };
        journal.read()?;
        let Some((plan, set)) = plan else { return Ok(Some(journal)) };
        if journal.entries.is_empty() {
            // Also where its first lines were cut off.
            return match journal.cut(0).and_then(|()| journal.begin(plan, set)) {
                Ok(()) => Ok(Some(journal)),
                Err(failure) => journal.remove().and(Err(failure)),
            };
        }
        if journal.plan != plan {
            let (name, known) = (show(name), show(journal.plan.as_os_str()));
            let message = format!("the plan {name} was applied from another file, {known}");
            let hint = "  give this one another name (--name NAME), or take that one down first";
            return Err(Failure::new(code::FAILED, message).hint(hint));
        }
        if journal.done && journal.set != *set {
            let text = header(set);
            journal.write(&text)?;
            journal.set.clone_from(set);
        }
        Ok(Some(journal))
    }

    fn begin(&mut self, plan: &Path, set: &Variables) -> Result<()> {
        let mut text = format!("{FIRST}\nfile ");
        escape(plan.as_os_str().as_bytes(), &mut text);
        text.push('\n');
        text.push_str(&header(set));
        self.write(&text)?;
        (self.done, self.settled) = (true, u64::try_from(text.len()).unwrap_or(0));
        (self.plan, self.set) = (plan.to_owned(), set.clone());
        Ok(())
    }

    fn read(&mut self) -> Result<()> {
        let mut text = Vec::new();
        self.file.read_to_end(&mut text).map_err(|e| failed("read", &self.path, &e))?;
        // A line that was cut off: what it is about was not begun.
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at.saturating_add(1));
        let text = text.get(..whole).unwrap_or_default();
        if whole == 0 {
            return self.cut(0);
        }
        self.done = false;
        let damaged = |line: usize| {
            let path = show(self.path.as_os_str());
            let message = format!("the journal {path} is damaged in line {line}: nothing is done with it");
            let hint = "  it lists what the plan made: take that back by hand, then remove the file";
            Failure::new(code::FAILED, message).hint(hint)
        };
        let text = std::str::from_utf8(text).map_err(|_| damaged(1))?;
        let mut lines = text.lines().zip(1_usize..);
        if lines.next().map(|l| l.0) != Some(FIRST) {
            return Err(damaged(1));
        }
        let mut at = FIRST.len().saturating_add(1);
        for (line, number) in lines {
            at = at.saturating_add(line.len()).saturating_add(1);
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            let plain = || unescape(rest).ok_or_else(|| damaged(number));
            match kind {
                "file" => self.plan = OsString::from_vec(plain()?).into(),
                "set" if rest.is_empty() => self.set.clear(),
                "set" => {
                    let text = String::from_utf8(plain()?).map_err(|_| damaged(number))?;
                    let (name, value) = text.split_once('=').ok_or_else(|| damaged(number))?;
                    self.set.insert(name.to_owned(), value.to_owned());
                }
                "done" => {
                    self.done = true;
                    self.settled_entries = self.entries.len();
                }
                _ => {
                    self.done = false;
                    self.entries.push(Entry::parse(line).ok_or_else(|| damaged(number))?);
                }
            }
            if self.done || self.entries.is_empty() {
                self.settled = u64::try_from(at).unwrap_or(u64::MAX);
            }
        }
        self.cut(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// What was said of a run that did not get to its end.
    pub(crate) fn half_made(&self) -> &[Entry] {
        if self.done { &[] } else { self.entries.get(self.settled_entries..).unwrap_or_default() }
    }

    fn cut(&mut self, len: u64) -> Result<()> {
        let done = self.file.set_len(len).and_then(|()| self.file.seek(SeekFrom::End(0)));
        done.map(drop).map_err(|e| failed("cut", &self.path, &e))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.file.write_all(text.as_bytes()).map_err(|e| failed("write", &self.path, &e))
    }

    /// Says what is about to be made.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> Result<()> {
        let mut text = String::new();
        entries.iter().for_each(|entry| entry.write(&mut text));
        if text.is_empty() { Ok(()) } else { self.write(&text) }
    }

    /// What was said since all was done was taken back, and is tried again.
    pub(crate) fn again(&mut self) -> Result<()> {
        if self.keep {
            return Ok(());
        }
        let settled = self.settled;
        self.cut(settled)
    }

    /// All that was said is made.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.write("done\n")
    }

    /// What was said since all was done was taken back: it is as it was before. Without anything in it, it goes.
    pub(crate) fn forget(mut self) -> Result<()> {
        let empty = self.entries.is_empty() || !self.done && self.settled_entries == 0;
        if empty && !self.keep {
            return self.remove();
        }
        self.again()
    }

    /// All of it was taken back.
    pub(crate) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(|e| failed("remove", &self.path, &e))?;
        if let Some(home) = self.path.parent() {
            let _ = fs::remove_dir(home); // if it was the last
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_are_written() {
        let entries = [
            Entry::Ns("a b%\n".into()),
            Entry::In(OsString::new(), Undo::Link(Name::new(b"br0").unwrap(), 7)),
            Entry::In("h 1".into(), Undo::Tied(Name::new(b"v\xff").unwrap(), 8)),
            Entry::In(OsString::new(), Undo::Request([16, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].into())),
            Entry::In("x".into(), Undo::Sysctl(Box::new(("net/ipv4/ip_forward".into(), "1 2\t3".into())))),
            #[cfg(feature = "firewall")]
            Entry::In("x".into(), Undo::Firewall("delete allow in tcp port 22".into())),
        ];
        for entry in entries {
            let mut line = String::new();
            entry.write(&mut line);
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert_eq!(Entry::parse(line.trim_end()), Some(entry), "{line:?}");
        }
        for bad in [
            "",
            "ns",
            "ns a b",
            "link - x br0",
            "request - 1",
            "request - zz",
            "request - 123",
            "request - 10000000ff00",
            "sysctl - k",
            "fw - flush",
            "fw - %2",
            "sysctl - net/../../etc/x 1",
            "what - 1 2",
        ] {
            assert_eq!(Entry::parse(bad), None, "{bad:?}");
        }
    }
}
