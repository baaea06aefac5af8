//! `iptables-restore`, `ip6tables-restore`: a whole file as one transaction.

use super::tables::{BuiltIn, TABLES, Table};
use super::words::{self, Asked, wrong};
use super::{Face, Failed, Run, failed, new_name, open, policy, transact, version};
use crate::cmd::face::{self, Arg, Opt};
use crate::out::Escaped;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

const OPTIONS: &[Opt<u8>] = &[
    (b'c', "counters", Arg::No, b'c'),
    (b'v', "verbose", Arg::No, b'v'),
    (b'V', "version", Arg::No, b'V'),
    (b't', "test", Arg::No, b't'),
    (b'h', "help", Arg::No, b'h'),
    (b'n', "noflush", Arg::No, b'n'),
    (b'M', "modprobe", Arg::Required, b'M'),
    (b'T', "table", Arg::Required, b'T'),
    (b'4', "ipv4", Arg::No, b'4'),
    (b'6', "ipv6", Arg::No, b'6'),
    (b'w', "wait", Arg::Optional, b'w'),
    (b'W', "wait-interval", Arg::Optional, b'W'),
];

const HELP: &str = " [-c] [-n] [-t] [-T TABLE] [FILE]

Makes the rules of FILE (standard input), which iptables-save wrote: all of them, or none.
 -c, --counters   with what they counted
 -n, --noflush    add them to what is there
 -t, --test       read the file, and do nothing
 -T, --table      only this table of it
";

/// How a file is to be read.
#[derive(Default)]
struct How {
    counters: bool,
    noflush: bool,
    table: Option<String>,
}

pub(super) fn run(face: &Face, args: &[OsString]) -> Result<Vec<u8>, Failed> {
    let parsed = face::parse(args, OPTIONS, true);
    if let Some(error) = parsed.error {
        return Err(failed(&error));
    }
    let (mut how, mut test) = (How::default(), false);
    let mut operands = parsed.operands.into_iter().peekable();
    for (option, value) in parsed.options {
        match option {
            b'c' => how.counters = true,
            b'n' => how.noflush = true,
            b't' => test = true,
            b'T' => how.table = value.map(|value| value.to_string_lossy().into_owned()),
            b'V' => return Ok(version(face)),
            b'h' => return Ok(format!("Usage: {}{HELP}", face.name).into()),
            // Seconds to wait may stand behind it.
            b'w' | b'W' if value.is_none() => {
                let _ = operands.next_if(|word| word.as_bytes().iter().all(u8::is_ascii_digit));
            }
            _ => {}
        }
    }
    let mut text = Vec::new();
    let (name, read) = match (operands.next(), operands.next()) {
        (None, _) => ("standard input".into(), std::io::stdin().lock().read_to_end(&mut text).map(drop)),
        (Some(path), None) => {
            let read = std::fs::read(&path).map(|read| text = read);
            (Escaped(path.as_bytes()).to_string(), read)
        }
        _ => return Err(failed("there can be only one file")),
    };
    read.map_err(|error| failed(&format!("{name}: {}", netns_sys::Errno::from(error).words())))?;
    let commands = commands(face, &text, &how)?;
    if test {
        return Ok(Vec::new());
    }
    let mut conn = open()?;
    transact(&mut conn, face.family, |conn| {
        let mut run = Run { conn, family: face.family, line: 0, output: Vec::new() };
        let mut tables: Vec<Table> = Vec::new();
        for (line, command) in &commands {
            run.line = *line;
            run.step(&mut tables, command, &how).map_err(|(code, what)| (code, format!("line {line}: {what}")))?;
        }
        Ok((tables, run.output))
    })
}

/// What a line says.
enum Command {
    Table(&'static str),
    /// A chain, its policy (of a base chain), its counters.
    Chain(String, Option<Option<i32>>, Option<(u64, u64)>),
    Words(Box<words::Request>),
}

/// Reads the lines of a file; each with its number.
fn commands(face: &Face, text: &[u8], how: &How) -> Result<Vec<(usize, Command)>, Failed> {
    let mut commands = Vec::new();
    // The table, and whether it is one that is asked for.
    let mut table: Option<(&'static str, &[BuiltIn], bool)> = None;
    let mut last = 0_usize;
    for (i, line) in text.split(|b| *b == b'\n').enumerate() {
        let number = i.saturating_add(1);
        let at = |(code, what): Failed| (code, format!("line {number}: {what}"));
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let whole = split(line).map_err(wrong).map_err(at);
        let first = line.first().copied();
        match (first, table) {
            (None | Some(b'#'), _) => continue,
            (Some(b'*'), None) => {
                let name = OsStr::from_bytes(line.get(1..).unwrap_or_default()).to_string_lossy();
                let name = name.trim();
                let found = TABLES.iter().find(|t| t.0 == name);
                let found = found.ok_or_else(|| at(wrong(format!("the table {name:?} does not exist"))))?;
                let asked = how.table.as_ref().is_none_or(|only| only == name);
                table = Some((found.0, found.1, asked));
                if asked {
                    commands.push((number, Command::Table(found.0)));
                }
            }
            (_, None) => return Err(at(wrong("a table begins with *NAME"))),
            (_, Some(_)) if line == b"COMMIT" => table = None,
            (Some(b'*'), Some(_)) => return Err(at(wrong("the table before has no COMMIT"))),
            (_, Some((_, _, false))) => {}
            (Some(b':'), Some((_, built_in, _))) => {
                let chain = chain(line.get(1..).unwrap_or_default(), built_in, face.family, how.counters);
                commands.push((number, chain.map_err(at)?));
            }
            (_, Some((name, ..))) => {
                let mut words = whole?;
                let counters = words.first().and_then(|word| counters(word)).filter(|_| first == Some(b'['));
                if first == Some(b'[') {
                    let (packets, bytes) = counters.ok_or_else(|| at(wrong("counters are [PACKETS:BYTES]")))?;
                    words.remove(0);
                    if how.counters {
                        words.extend(["-c".into(), packets.to_string().into(), bytes.to_string().into()]);
                    }
                }
                if let Asked::Do(request) = words::parse(&words, face.family, name, true).map_err(at)? {
                    commands.push((number, Command::Words(request)));
                }
            }
        }
        last = number;
    }
    match table {
        Some(_) => Err(failed(&format!("behind line {last}, COMMIT is missing"))),
        None => Ok(commands),
    }
}

/// `INPUT ACCEPT [1:60]`, `mine - [0:0]`.
fn chain(line: &[u8], built_in: &[BuiltIn], family: u8, with: bool) -> Result<Command, Failed> {
    let words = split(line).map_err(wrong)?;
    let text = |i: usize| words.get(i).map(|word| word.to_string_lossy().into_owned());
    let (Some(name), Some(said)) = (text(0), text(1)) else {
        return Err(wrong("a chain is :NAME POLICY [PACKETS:BYTES]"));
    };
    let counted = words.get(2).and_then(|word| counters(word));
    if !built_in.iter().any(|base| base.0 == name) {
        new_name(&name, family)?;
        return Ok(Command::Chain(name, None, None));
    }
    let policy = policy(&said).ok_or_else(|| failed(&format!("{said:?} is no policy: ACCEPT, DROP, or - as it is")))?;
    if with && counted.is_none() {
        return Err(wrong("behind the policy, [PACKETS:BYTES] is missing"));
    }
    // Once restored, a chain counts.
    Ok(Command::Chain(name, Some(policy), Some(counted.filter(|_| with).unwrap_or_default())))
}

/// `[1:60]`.
fn counters(word: &OsStr) -> Option<(u64, u64)> {
    let (packets, bytes) = word.to_str()?.strip_prefix('[')?.strip_suffix(']')?.split_once(':')?;
    packets.parse().ok().zip(bytes.parse().ok())
}

/// The words of a line: parted by spaces; double quotes keep them together, and in these a backslash takes the next character as
/// it is.
pub(super) fn split(line: &[u8]) -> Result<Vec<OsString>, String> {
    let (mut words, mut word, mut begun, mut quoted) = (Vec::new(), Vec::new(), false, false);
    let mut bytes = line.iter();
    while let Some(b) = bytes.next() {
        match b {
            b'"' => (quoted, begun) = (!quoted, true),
            b'\\' if quoted => word.extend(bytes.next()),
            b' ' | b'\t' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            b => {
                word.push(*b);
                begun = true;
            }
        }
    }
    if quoted {
        return Err("a quote has no other half".into());
    }
    words.extend(begun.then_some(word));
    Ok(words.iter().map(|word| OsStr::from_bytes(word).to_owned()).collect())
}

impl Run<'_> {
    fn step(&mut self, tables: &mut Vec<Table>, command: &Command, how: &How) -> Result<(), Failed> {
        if let Command::Table(name) = command {
            // A table that was there before goes on from there.
            let table = match tables.iter().position(|table| table.name == *name) {
                Some(at) => tables.remove(at),
                None => self.table(name)?,
            };
            tables.push(table);
        }
        let Some(table) = tables.last_mut() else { return Ok(()) };
        match command {
            Command::Table(_) if how.noflush => {}
            Command::Table(_) => table.replace(),
            Command::Words(request) => self.apply(table, request)?,
            Command::Chain(name, Some(policy), counters) => {
                table.wanted(name).into_iter().for_each(|chain| chain.set(*policy, *counters));
            }
            Command::Chain(name, ..) => match table.wanted(name) {
                Some(chain) => chain.flush(),
                None => table.make(name, self.line),
            },
        }
        Ok(())
    }
}
