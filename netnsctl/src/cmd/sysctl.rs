//! `sysctl`: the kernel's switches of a network namespace, below /proc/sys/net.

use super::{Command, Options, Session, done};
use crate::failure::{Failure, Result, code};
use crate::grammar::{Result as Parsed, Words};
use netns_sys::Errno;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Switches, and the values they are to have; `None`: it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Vec<(String, Option<String>)>);

impl Request {
    /// Whether none is shown.
    pub(super) fn only_sets(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_some())
    }
}

const HELP: &str = "\
Usage: netnsctl [ -n NAME ] sysctl { KEY | KEY=VALUE }...
Shows switches of the network namespace, or sets them: net.ipv4.ip_forward=1. With dots or with slashes
(net/ipv4/conf/eth0.1/forwarding, where a name has a dot); net can be left out.
";

/// The path below /proc/sys, from a name with dots or with slashes.
pub(crate) fn path(key: &str) -> Option<String> {
    let path = if key.contains('/') { key.to_owned() } else { key.replace('.', "/") };
    let path = path.trim_matches('/');
    let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let path = if path.starts_with("net/") { path.to_owned() } else { format!("net/{path}") };
    (inside && !path.contains('\0')).then_some(path)
}

pub(super) fn parse(words: &mut Words<'_>, _options: &Options) -> Parsed<Command> {
    if words.eat("help") && words.is_end() {
        return Ok(Command::Help(HELP));
    }
    let mut switches = Vec::new();
    while switches.is_empty() || !words.is_end() {
        let word = words.need("a switch, net.ipv4.ip_forward for one")?;
        let Some(text) = word.to_str() else { return Err(words.error_before("this is no switch")) };
        let (key, value) =
            text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.trim().to_owned())));
        let Some(path) = path(key.trim()) else { return Err(words.error_before("this is no switch below net")) };
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            return Err(words.error_before("a value has no NUL byte"));
        }
        switches.push((path, value));
    }
    Ok(Command::Sysctl(Request(switches)))
}

fn file(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key)
}

pub(super) fn run(session: &mut Session, Request(switches): Request) -> Result<()> {
    if let Some(planner) = &session.planner {
        let ns = session.options.ns.as_deref();
        let mut set = switches.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        return done("plan a switch", set.try_for_each(|(key, value)| planner.sysctl(ns, key, value)));
    }
    if session.options.dry_run && switches.iter().any(|(_, value)| value.is_some()) {
        let shown = |(key, value): &(String, Option<String>)| {
            format!("{key}{}", value.as_ref().map_or_else(String::new, |value| format!("={value}")))
        };
        let all: Vec<String> = switches.iter().map(shown).collect();
        session.would(&format!("set {}", all.join(" ")));
        return Ok(());
    }
    // Which namespace's they are, the kernel asks the thread that opens them.
    let all = session
        .inside(|| switches.into_iter().map(|(key, value)| (one(&key, value.as_deref()), key)).collect::<Vec<_>>())?;
    let all = all.into_iter().map(|(value, key)| value.map(|v| (key.clone(), v)).map_err(|e| failed(&key, &e)));
    let all: Vec<_> = all.collect::<Result<_>>()?;
    session.out.list("", |out| {
        for (key, value) in all.iter().filter_map(|(key, value)| Some((key.replace('/', "."), value.as_ref()?))) {
            out.object("", |out| out.field(&key, value.as_str(), format_args!("{key} = {value}\n")));
        }
    });
    Ok(())
}

fn failed(key: &str, error: &std::io::Error) -> Failure {
    let errno = Errno(error.raw_os_error().unwrap_or(0));
    let failure = Failure::new(code::FAILED, format!("cannot use the switch {key}: {}", errno.words()));
    match errno {
        Errno::ENOENT => failure.hint("  this kernel does not have it, or the link it is of is not there"),
        _ => failure,
    }
}

/// Shows one, or sets it.
fn one(key: &str, value: Option<&str>) -> std::io::Result<Option<String>> {
    match value {
        Some(value) => write(key, value).map(|()| None),
        None => {
            let mut text = String::new();
            File::open(file(key))?.read_to_string(&mut text)?;
            Ok(Some(text.trim_end().to_owned()))
        }
    }
}

/// Sets a switch of the calling thread's namespace.
pub(crate) fn write(key: &str, value: &str) -> std::io::Result<()> {
    File::options().write(true).open(file(key))?.write_all(value.as_bytes())
}
