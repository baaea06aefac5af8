//! `netns exec`: programs in namespaces.

use super::{each, said_by_ip};
use crate::cmd::{Session, done, not_entered};
use crate::failure::{Failure, Result, code};
use crate::grammar::show;
use crate::out::Escaped;
use netns_sys::Error;
use netns_sys::process::{self, Exit, Spawn};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn only_said(session: &mut Session, name: &OsStr, command: &[OsString]) -> bool {
    let words = || command.iter().map(|word| show(word)).collect::<Vec<_>>().join(" ");
    super::only_said(session, || format!("run {} in namespace {}", words(), show(name)))
}

pub(super) fn one(session: &mut Session, name: &OsStr, command: &[OsString]) -> Result<()> {
    if only_said(session, name, command) {
        return Ok(());
    }
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    if session.in_batch {
        return status(spawn(session, name, command)?.status());
    }
    let ns = session.dir.open(name).map_err(|error| not_entered(name, &error))?;
    let warnings = process::enter_for_exec(&ns, Some(name)).map_err(|error| not_entered(name, &error))?;
    warn(session, name, &warnings);
    drop(ns);
    Err(not_executed(session, &process::exec(program, args), program))
}

/// Says which files of /etc/netns could not be put in place.
fn warn(session: &Session, name: &OsStr, warnings: &[Error]) {
    for warning in warnings {
        match warning {
            Error::Sys { op: "put a file of /etc/netns over", about, errno } if session.options.ip => {
                let target = Path::new(about);
                let source = Path::new("/etc/netns").join(name).join(target.file_name().unwrap_or_default());
                let escaped = |path: &Path| Escaped(path.as_os_str().as_bytes()).to_string();
                let (source, target, words) = (escaped(&source), escaped(target), errno.words());
                session.warn(&format!("Bind {source} -> {target} failed: {words}"));
            }
            warning => session.warn(&warning.to_string()),
        }
    }
}

/// Why a program cannot be run.
pub(in crate::cmd) fn not_executed(session: &Session, error: &Error, program: &OsStr) -> Failure {
    let code = u8::try_from(process::exec_failure_status(error)).unwrap_or(code::FAILED);
    let said = format!("exec of \"{}\" failed", Escaped(program.as_bytes()));
    said_by_ip(session, Failure::new(code, error.to_string()), &said, error)
}

/// Runs `command` as a child in the namespace, to its end.
fn spawn(session: &Session, name: &OsStr, command: &[OsString]) -> Result<Exit> {
    let Some((program, args)) = command.split_first() else { return Ok(Exit::Code(0)) };
    let ns = session.dir.open(name).map_err(|error| not_entered(name, &error))?;
    done("hear of the command", process::hear_children())?;
    let inside = Spawn::new(program).args(args).inside(&ns, Some(name));
    let child = inside.and_then(Spawn::spawn).map_err(|error| match &error {
        Error::Sys { op: "execute", .. } => not_executed(session, &error, program),
        error => not_entered(name, error),
    })?;
    warn(session, name, child.warnings());
    done("wait for the command", child.wait())
}

/// The exit code of a command, which has said itself what went wrong.
pub(in crate::cmd) fn status(status: i32) -> Result<()> {
    let status = u8::try_from(status).unwrap_or(code::FAILED);
    if status == code::OK { Ok(()) } else { Err(Failure::new(status, "")) }
}

pub(super) fn all(session: &mut Session, command: &[OsString]) -> Result<()> {
    let names = if session.options.ip {
        done("list namespaces", session.dir.names())?
    } else {
        let mut entries = done("list namespaces", session.dir.list())?;
        entries.retain(|e| e.state.id().is_some());
        entries.into_iter().map(|e| e.name).collect()
    };
    let mut killed = false;
    each(session, names, |session, name| {
        if only_said(session, name, command) {
            return Ok(());
        }
        session.out.text(format_args!("\nnetns: {}\n", Escaped(name.as_bytes())));
        session.flush()?;
        let exit = spawn(session, name, command)?;
        killed |= matches!(exit, Exit::Signal(_));
        status(exit.status())
    })?;
    // Of all failures, this one `ip` tells.
    status(if killed { code::FAILED.into() } else { 0 })
}
