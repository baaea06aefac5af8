//! `fw`: firewall rules.

use super::{Command, Options, Session};
use crate::failure::{Failure, Result};
use crate::fw::ruleset::{Ruleset, Which};
use crate::fw::show::{self, Links, Part};
use crate::grammar::{Result as Parsed, Words};
use crate::out::{Format, Out};

/// What `fw` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Show what there is: of a family and a table, where given.
    List(u8, Option<Vec<u8>>, Option<Vec<u8>>),
}

const HELP: &str = "\
Usage: netnsctl fw list
";

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    if words.eat("help") {
        return Ok(Command::Help(HELP));
    }
    let _ = words.eat("list");
    words.end()?;
    Ok(Command::Fw(Request::List(0, None, None)))
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    match request {
        Request::List(family, table, chain) => {
            let which = Which { family, table: table.as_deref() };
            let all = Ruleset::read(session.netfilter()?, which).map_err(|e| Failure::of("list the rules", &e))?;
            if session.options.json && !session.options.pretty {
                session.out = Out::new(Format::JsonSpaced, session.out.style());
            }
            let details = session.options.details;
            let (conn, out) = session.conn_and_out()?;
            let part = Part { family, table: table.as_deref(), chain: chain.as_deref(), handles: details };
            show::ruleset(out, &all, &mut Links::new(Some(conn)), part).map_err(|e| Failure::of("show the rules", &e))
        }
    }
}
