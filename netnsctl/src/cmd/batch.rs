//! `-batch FILE`: commands from a file, a line each.

use super::Session;
use crate::failure::{Failure, Result, code};
use crate::grammar::{show, split_line};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};

/// Runs the commands of `file` (`-`: standard input) in order. Stops at the first that fails; with `-force` goes on.
pub(super) fn run(session: &mut Session, file: &OsStr) -> Result<()> {
    let cannot = |e: io::Error| Failure::new(code::FAILED, format!("cannot read {}: {e}", show(file)));
    let mut input: Box<dyn BufRead> = match file.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(BufReader::new(File::open(file).map_err(cannot)?)),
    };
    let base = session.options.clone();
    session.in_batch = true;
    let (mut number, mut failed) = (0_usize, false);
    let mut line = Vec::new();
    loop {
        line.clear();
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
        let result = split_line(&line)
            .map_err(|usage| Failure::new(code::USAGE, usage.message))
            .and_then(|words| if words.is_empty() { Ok(()) } else { session.words(&words, base.clone(), None) });
        let Err(failure) = result else { continue };
        failure.print(base.ip);
        let _ = writeln!(io::stderr(), "Command failed {}:{first}", file.to_string_lossy().escape_debug());
        failed = true;
        if !base.force {
            break;
        }
    }
    match failed {
        true => Err(Failure::new(code::FAILED, "")),
        false => Ok(()),
    }
}
