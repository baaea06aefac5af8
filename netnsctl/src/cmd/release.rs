//! `release`: an ordinary user's names are let go, all of them at once.

use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words};
use netns_sys::rootless::Home;

/// What `release` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request;

const HELP: &str = "\
Usage: netnsctl release
Ends the process that keeps the names which an ordinary user made with `netns add`: they are gone, and so is every namespace
among them in which no process is.
";

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    if words.eat("help") {
        return Ok(Command::Help(HELP));
    }
    words.end()?;
    Ok(Command::Release(Request))
}

pub(super) fn run(session: &mut Session, _: Request) -> Result<()> {
    let task = "let go of your names";
    let none = || Failure::new(code::FAILED, "you have no names of namespaces of your own");
    let home = Home::of_user().ok_or_else(none)?;
    let found = done(task, home.keeper())?;
    if session.options.dry_run {
        found.iter().for_each(|keeper| session.would(&format!("end process {}", keeper.pid())));
        return Ok(());
    }
    let lock = if found.is_some() { done(task, home.lock())? } else { return Err(none()) };
    match done(task, home.keeper())? {
        Some(keeper) => done(task, keeper.end(&lock)),
        None => Ok(()), // somebody was faster
    }
}
