//! `decode`: explains netlink messages, as bytes or as hexadecimal digits.

use super::{Command, Options, Session};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words, show};
use nl_core::pretty::Pretty;
use nl_core::route::FAMILY;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};

/// What `decode` can be asked for: a file, `-` for standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(OsString);

const HELP: &str = "\
Usage: netnsctl decode [ FILE | - ]
FILE: messages of NETLINK_ROUTE, one behind the other, as bytes or in hexadecimal (20:00:00:00 or 20 00 or \\x20\\x00)
";

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    if words.eat("help") {
        return Ok(Command::Help(HELP));
    }
    let file = words.next().map_or("-".into(), OsString::from);
    words.end()?;
    Ok(Command::Decode(Request(file)))
}

pub(super) fn run(session: &mut Session, Request(file): Request) -> Result<()> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut bytes).map(drop),
        _ => fs::read(&file).map(|read| bytes = read),
    };
    read.map_err(|e| Failure::new(code::FAILED, format!("cannot read {}: {e}", show(&file))))?;
    let bytes = unhex(&bytes).unwrap_or(bytes);
    session.out.text(format_args!("{}", Pretty::new(&bytes, &FAMILY)));
    Ok(())
}

/// The bytes that hexadecimal digits stand for; `None` where `text` is something else. `\x`, `0x`, colons, commas, quotes and
/// white space may be between pairs of digits.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(bytes),
            [b'\\', b'x', more @ ..] | [b'0', b'x', more @ ..] => more,
            [b':' | b',' | b'"', more @ ..] => more,
            [space, more @ ..] if space.is_ascii_whitespace() => more,
            [high, low, more @ ..] => {
                let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
                bytes.push(digit(*high)? << 4 | digit(*low)?);
                more
            }
            [_] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_in_the_usual_forms() {
        for text in ["1400ab", "14:00:ab", "14 00\nab\n", "\\x14\\x00\\xab", "0x14, 0x00, 0xAB", "\"\\x14\\x00\\xab\""]
        {
            assert_eq!(unhex(text.as_bytes()), Some(vec![0x14, 0, 0xab]), "{text}");
        }
        for other in [&b"\x14\x00\x00\x00"[..], b"1", b"14 0g", b"\xff\xff"] {
            assert_eq!(unhex(other), None, "{other:?}");
        }
    }
}
