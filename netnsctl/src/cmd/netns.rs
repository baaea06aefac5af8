//! `netns`: named namespaces.
use super::*;
use crate::grammar::Result as Parsed;
/// What `netns` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The names.
    List,
}
/// Takes a name.
///
/// # Errors
/// It cannot be one.
pub fn name<'a>(words: &mut Words<'a>) -> Parsed<&'a OsStr> {
    let word = words.need("the name of a namespace")?;
    match netns_sys::NameRule::lenient(word) {
        Ok(()) => Ok(word),
        Err(rule) => Err(words.error_before(Error::BadName { name: word.to_owned(), rule }.to_string())),
    }
}
pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    words.end()?;
    Ok(Command::Netns(Request::List))
}
pub(super) fn run(_session: &mut Session, _request: Request) -> Result<()> {
    Ok(())
}
