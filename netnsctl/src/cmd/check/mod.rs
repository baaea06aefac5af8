//! `check`: shows on the kernel at hand that network namespaces do what network_namespaces(7) says (proofs.rs), what else
//! this kernel has (probes.rs), and what this host and this user allow.
//!
//! All is done in new namespaces that only this process holds, by descriptors: no name, no mount, no process. So nothing
//! stays behind, however it ends. The caller's own namespace is not touched. An ordinary user becomes root in a user
//! namespace first: for that, the process must have no other thread, and no command may follow.

mod host;
mod probes;
mod proofs;
mod world;

pub use proofs::{PROOFS, Proof};
pub use world::{Shown, Trouble, World};

use super::*;
use crate::grammar::Result as Parsed;
use host::Host;
use netns_sys::{Errno, NsFlags};
use probes::FEATURES;

/// `check [ --json ]`; JSON is an option of all commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request;

pub(super) const HELP: &str = "\
Usage: netnsctl check [ --json ]
Shows on this kernel, in namespaces of its own, that network namespaces isolate what they should.
Exit code: 0 if nothing FAILED, else 1.
";

pub(super) fn parse(words: &mut Words<'_>, options: &mut Options) -> Parsed<Command> {
    if words.eat("help") {
        return words.end().map(|()| Command::Help(HELP));
    }
    if options.ns.is_some() {
        return Err(words.error_before("check makes namespaces of its own: -n cannot be used with it"));
    }
    options.json |= words.eat("--json") || words.eat("-json") || words.eat("-j");
    words.end().map(|()| Command::Check(Request))
}

pub(super) fn run(session: &mut Session, _: Request) -> Result<()> {
    let host = Host::look(&session.dir)?;
    if !host.is_privileged() {
        if session.in_batch {
            return Err(Failure::new(code::FAILED, "check cannot be one of several commands unless it is run as root"));
        }
        netns_sys::process::become_root_in_user_ns(NsFlags::NET | NsFlags::MOUNT).map_err(|e| host::forbidden(&e))?;
    }
    let (mut lines, mut answers) = (Vec::new(), Vec::new());
    match World::create() {
        Ok(mut world) => {
            lines.push((FIRST, Ok(())));
            lines.extend(PROOFS.iter().map(|proof| (*proof, (proof.show)(&mut world))));
            answers.extend(FEATURES.iter().map(|feature| (feature, (feature.has)(&mut world))));
        }
        Err(e) => {
            let hint = if e.errno() == Some(Errno::EINVAL) { ": this kernel has no CONFIG_NET_NS" } else { "" };
            let (expected, seen) = (FIRST.sentence.into(), format!("{e}{hint}"));
            lines.push((FIRST, Err(Trouble::Failed { expected, seen })));
        }
    }
    let failed = lines.iter().filter(|(_, shown)| matches!(shown, Err(Trouble::Failed { .. }))).count();
    session.out.object("", |out| {
        out.json("version", env!("CARGO_PKG_VERSION"));
        host.show_kernel(out);
        show_proofs(out, &lines);
        show_features(out, &answers);
        host.show(out);
        out.json("ok", failed == 0);
    });
    match failed {
        0 => Ok(()),
        n => Err(Failure::new(code::FAILED, format!("{n} of {} checks FAILED on this kernel", lines.len()))),
    }
}

/// What all the others need.
const FIRST: Proof = Proof {
    name: "network namespaces",
    sentence: "can be made, entered and spoken to",
    option: "CONFIG_NET_NS",
    two_sides: false,
    show: |_| Ok(()),
};

fn show_proofs(out: &mut Out, lines: &[(Proof, Shown)]) {
    out.text(format_args!("\nOn this kernel, sentence by sentence of network_namespaces(7):\n"));
    out.list("proofs", |out| {
        for (proof, shown) in lines {
            out.object("", |out| {
                out.field("name", proof.name, format_args!("  {:23} ", proof.name));
                match shown {
                    Ok(()) => {
                        out.field("status", "ok", format_args!("ok       "));
                        out.field("sentence", proof.sentence, format_args!("{}\n", proof.sentence));
                    }
                    Err(Trouble::Failed { expected, seen }) => {
                        out.field("status", "failed", format_args!("FAILED   "));
                        out.json("sentence", proof.sentence);
                        out.field("expected", expected, format_args!("expected: {expected}\n"));
                        out.field("seen", seen, format_args!("{:35}seen: {seen}\n", ""));
                    }
                    Err(Trouble::Missing) => {
                        out.field("status", "missing", format_args!("not in this kernel: "));
                        out.json("sentence", proof.sentence);
                        out.field("option", proof.option, format_args!("{}\n", proof.option));
                    }
                    Err(Trouble::Skipped(reason)) => {
                        out.field("status", "skipped", format_args!("skipped  "));
                        out.json("sentence", proof.sentence);
                        out.field("reason", reason, format_args!("{}: {reason}\n", proof.sentence));
                    }
                }
            });
        }
    });
}

fn show_features(out: &mut Out, answers: &[(&probes::Feature, probes::Answer)]) {
    if !answers.is_empty() {
        out.text(format_args!("\nWhat else it has, asked and not told by its version (since Linux):\n"));
    }
    out.list("features", |out| {
        for (feature, has) in answers {
            out.object("", |out| {
                out.field("name", feature.name, format_args!("  {:28}", feature.name));
                out.field("since", feature.since, format_args!("{:5}", feature.since));
                match has {
                    Ok(true) => out.field("has", true, format_args!("yes\n")),
                    Ok(false) => out.field("has", false, format_args!("no\n")),
                    Err(reason) => {
                        out.json("has", crate::out::Value::Null);
                        out.field("reason", reason, format_args!("unknown: {reason}\n"));
                    }
                }
            });
        }
    });
}
