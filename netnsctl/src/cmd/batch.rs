//! `-batch FILE`: commands from a file, a line each.
//!
//! What only adds (a route, an address, …) and comes in a row is sent in one go, as far as the input is at hand: the kernel
//! answers many requests about as fast as one. It carries out those behind a failed one too; these are then deleted again, so
//! that, as ever, nothing behind the failed line was done. That is exact, since they were made not to be there before
//! (`NLM_F_EXCL`).

use super::{Command, FAMILY, Options, Session, parse};
use crate::failure::{Failure, Result, code};
use crate::grammar::{show, split_into};
use netns_sys::netlink::Conn;
use nl_core::{Flags, Messages};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::os::fd::AsFd;

/// How much of the file is read at once, in bytes.
const READ: usize = 64 * 1024;

/// Runs the commands of `file` (`-`: standard input) in order. Stops at the first that fails; with `-force` goes on.
pub(super) fn run(session: &mut Session, file: &OsStr) -> Result<()> {
    let ip = session.options.ip;
    let cannot = |e: io::Error| {
        let words = e.raw_os_error().map_or_else(|| e.to_string(), |n| netns_sys::Errno(n).words());
        Failure::new(code::FAILED, format!("cannot read {}: {e}", show(file)))
            .ip(format!("Cannot open file \"{}\" for reading: {words}", file.to_string_lossy().escape_debug()))
    };
    let input = match file.to_str() {
        Some("-") => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        _ => File::open(file),
    };
    let mut input = BufReader::with_capacity(READ, input.map_err(cannot)?);
    let base = session.options.clone();
    session.in_batch = true;
    let mut batch =
        Batch { base, name: file, words: Vec::new(), waiting: Vec::new(), text: Vec::new(), ns: None, failed: false };
    let mut number = 0_usize;
    let mut line = Vec::new();
    loop {
        line.clear();
        // Whoever sends a line and waits for it gets it done.
        if !input.buffer().contains(&b'\n') && !batch.settle(session) {
            break;
        }
        if input.read_until(b'\n', &mut line).map_err(cannot)? == 0 {
            break;
        }
        number = number.saturating_add(1);
        // A backslash at the end of a line goes on with the next.
        let first = number;
        while line.ends_with(b"\\\n") {
            line.truncate(line.len().saturating_sub(2));
            if input.read_until(b'\n', &mut line).map_err(cannot)? == 0 {
                break;
            }
            number = number.saturating_add(1);
        }
        if !batch.line(session, &line, if ip { number } else { first }) {
            break;
        }
    }
    batch.settle(session);
    session.in_batch = false;
    match batch.failed {
        true => Err(Failure::new(code::FAILED, "")),
        false => Ok(()),
    }
}

struct Batch<'b> {
    /// What holds for every line.
    base: Options,
    name: &'b OsStr,
    /// The words of the last line.
    words: Vec<OsString>,
    /// The numbers of the lines whose requests are held, and where in `text` they end.
    waiting: Vec<(usize, usize)>,
    text: Vec<u8>,
    /// The namespace they are for.
    ns: Option<OsString>,
    failed: bool,
}

impl Batch<'_> {
    /// Says that a line failed. Gives back whether to go on.
    fn fail(&mut self, number: usize, failure: &Failure) -> bool {
        failure.print(self.base.ip);
        let _ = writeln!(io::stderr(), "Command failed {}:{number}", self.name.to_string_lossy().escape_debug());
        self.failed = true;
        self.base.force
    }

    /// Does what a line says. Gives back whether to go on.
    fn line(&mut self, session: &mut Session, line: &[u8], number: usize) -> bool {
        let mut words = std::mem::take(&mut self.words);
        let go_on = match split_into(&mut words, line, self.base.ip) {
            Ok(()) => words.is_empty() || self.command(session, &words, line, number),
            Err(usage) => {
                let failure = Failure::new(code::USAGE, usage.0.message).ip(usage.0.ip.unwrap_or_default());
                self.settle(session) && self.fail(number, &failure)
            }
        };
        self.words = words;
        go_on
    }

    fn command(&mut self, session: &mut Session, words: &[OsString], line: &[u8], number: usize) -> bool {
        let parsed = parse(words, self.base.clone());
        let result = match parsed {
            Ok((options, command)) if command.only_adds() && !options.dry_run && !options.echo => {
                let full = self.waiting.len() >= Conn::SEND_REQUESTS || options.ns != self.ns;
                if full && !self.settle(session) {
                    return false;
                }
                self.ns.clone_from(&options.ns);
                session.waiting = true;
                let result = session.command(options, command);
                session.waiting = false;
                if result.is_ok() {
                    self.text.extend_from_slice(line);
                    self.waiting.push((number, self.text.len()));
                    return true;
                }
                result
            }
            parsed => {
                if !self.settle(session) {
                    return false;
                }
                session.indices.clear();
                match parsed {
                    Ok((options, command)) => session.command(options, command),
                    Err(usage) => Err(Failure::usage(words, &usage, self.base.ip)),
                }
            }
        };
        match result {
            Ok(()) => true,
            Err(failure) => self.settle(session) && self.fail(number, &failure),
        }
    }

    /// Sends what waits. Gives back whether to go on.
    fn settle(&mut self, session: &mut Session) -> bool {
        let (waiting, text) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.text));
        let go_on = self.send(session, &waiting, &text);
        (self.waiting, self.text) = (waiting, text);
        self.waiting.clear();
        self.text.clear();
        go_on
    }

    /// Sends the requests of the lines `waiting`, whose `text` is for what is said of those that fail.
    fn send(&mut self, session: &mut Session, waiting: &[(usize, usize)], text: &[u8]) -> bool {
        let Some((first, _)) = waiting.first() else { return true };
        let Some((.., conn)) = session.conns.iter_mut().find(|c| c.0 == self.ns && c.1.protocol == FAMILY.protocol)
        else {
            return true;
        };
        let held = conn.held();
        let failed = match conn.send(&held) {
            Ok(failed) => failed,
            Err(error) => return self.fail(*first, &Failure::of("carry out the commands from this line on", &error)),
        };
        let mut go_on = true;
        for (position, error) in &failed {
            let Some((number, end)) = waiting.get(*position) else { continue };
            let start = position.checked_sub(1).and_then(|before| waiting.get(before)).map_or(0, |before| before.1);
            let line = text.get(start..*end).unwrap_or_default();
            let task = format!("do \"{}\"", line.trim_ascii().escape_ascii());
            go_on = self.fail(*number, &Failure::of(&task, error));
            if !go_on {
                undo(conn, &held, &failed, *position);
                break;
            }
        }
        go_on
    }
}

/// Deletes what the messages behind the one at `position` made, but for those that failed themselves.
fn undo(conn: &mut Conn, sent: &[u8], failed: &[(usize, netns_sys::Error)], position: usize) {
    let sent = Messages::new(sent).map_while(std::result::Result::ok).enumerate();
    let mut made: Vec<_> = sent.skip(position.saturating_add(1)).collect();
    made.retain(|(at, _)| !failed.iter().any(|f| f.0 == *at));
    let undone = conn.batch(|requests| {
        // Behind RTM_NEW… comes RTM_DEL….
        made.iter().rev().try_for_each(|(_, message)| {
            requests.request(message.kind().saturating_add(1), Flags::empty(), |m| m.raw(message.payload()))
        })
    });
    match undone.map(|left| left.len()) {
        Ok(0) => {}
        _ => {
            let _ = writeln!(io::stderr(), "  and some of what the lines behind it made could not be undone");
        }
    }
}

impl Command {
    /// Whether it does no more than to add what must not be there, by one message.
    fn only_adds(&self) -> bool {
        match self {
            #[cfg(feature = "ip")]
            Command::Addr(super::addr::Request::Change(_, flags, _))
            | Command::Neigh(super::neigh::Request::Change(_, flags, _))
            | Command::Route(super::route::Request::Change(_, flags, _))
            | Command::Rule(super::rule::Request::Change(_, flags, _)) => *flags == Flags::CREATE | Flags::EXCL,
            _ => false,
        }
    }
}
