//! Names for an ordinary user: a command that is about names goes to where that user's are, see [`netns_sys::rootless`].
//!
//! Not in the mode of `ip`, which knows no such names.

#[cfg(feature = "ip")]
use super::link;
use super::{Command, Session, done, netns};
use crate::failure::{Failure, Result, code};
use netns_sys::rootless::{Home, Keeper, Lock};

/// What a session knows of the user's own names.
#[derive(Debug, Default)]
pub(super) struct OwnNames {
    keeper: Option<Keeper>,
    /// Held by a command that makes or removes a name.
    lock: Option<Lock>,
    /// Names were changed: there may be none now.
    changed: bool,
}

/// Whether the caller is an ordinary user; once it has entered its namespaces it is root there.
fn is_ordinary(session: &Session) -> bool {
    !session.options.ip && session.own_names.keeper.is_none() && !netns_sys::process::is_root()
}

/// Goes to where the user's names are, if the command is about names and there are any, or it is to make one.
pub(super) fn before(session: &mut Session, command: &Command) -> Result<()> {
    let (adds, removes) = match command {
        Command::Netns(netns::Request::Add(_)) => (true, false),
        Command::Netns(netns::Request::Delete { .. }) => (false, true),
        #[cfg(feature = "plans")]
        Command::Apply(_) => (true, false),
        #[cfg(feature = "plans")]
        Command::Kept(_) => (false, true),
        #[cfg(feature = "ip")]
        Command::Link(_) => (false, false),
        Command::Netns(_) => (false, false),
        _ if session.options.ns.is_none() => return Ok(()),
        _ => (false, false),
    };
    if is_ordinary(session) && !(session.options.dry_run && adds) {
        let home = match Home::of_user() {
            Some(home) => home,
            None if adds => {
                let failure =
                    Failure::new(code::FAILED, "an ordinary user's names need XDG_RUNTIME_DIR, which is not set");
                return Err(failure.hint("  set it to a directory of yours that goes when you log out, or be root"));
            }
            None => return Ok(()),
        };
        let task = "find your names of namespaces";
        if adds || removes && done(task, home.keeper())?.is_some() {
            session.own_names.lock = Some(done(task, home.lock())?);
        }
        loop {
            let found = match &session.own_names.lock {
                Some(lock) if adds => Some(done(task, home.start(lock))?),
                _ => done(task, home.keeper())?,
            };
            let Some(keeper) = found else { break };
            // One that was about to end is followed by another, or none.
            if let Some(dir) = done(task, keeper.join())? {
                (session.dir, session.own_names.keeper) = (dir, Some(keeper));
                break;
            }
        }
    }
    session.own_names.changed |= adds || removes;
    #[cfg(feature = "ip")]
    if let (Some(keeper), Command::Link(link::Request::Add(change, _)), None) =
        (&session.own_names.keeper, command, &session.options.ns)
    {
        // A link whose ends are all elsewhere is not made here, where an ordinary user has no right to.
        if change.is_elsewhere() {
            session.options.ns = Some(format!("/proc/{}/ns/net", keeper.pid()).into());
        }
    }
    Ok(())
}

/// Ends the keeper when there is no name left, or none could be made; in a batch, at its end. The command is done: where this
/// fails, the next one ends it.
pub(super) fn after(session: &mut Session) {
    let lock = session.own_names.lock.take();
    if !session.own_names.changed || session.in_batch || session.own_names.keeper.is_none() {
        return;
    }
    if !session.dir.names().is_ok_and(|names| names.is_empty()) {
        return;
    }
    let (Some(keeper), Some(home)) = (session.own_names.keeper.take(), Home::of_user()) else { return };
    if let Ok(lock) = lock.map_or_else(|| home.lock(), Ok) {
        let _ = keeper.end(&lock);
    }
}
