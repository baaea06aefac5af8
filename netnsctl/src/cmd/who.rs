//! `who`.

use super::{Command, Options, Session};
use crate::failure::Result;
use crate::grammar::{Result as Parsed, Words};

/// What `who` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {}

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    Err(words.error("not yet"))
}

pub(super) fn run(_session: &mut Session, request: Request) -> Result<()> {
    match request {}
}
