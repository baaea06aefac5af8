//! Children that do, from where a process was, what it cannot do itself once it is inside.

use crate::error::{At, Error, Result};
use crate::ns::NsFlags;
use crate::process::{Exit, image, wait};
use crate::spawn::op;
use crate::steps::{Act, Label, Step, outcome};
use crate::sys;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    sys::pipe().at("make a pipe", "")
}

pub(crate) fn own_pidfd() -> Result<OwnedFd> {
    sys::pidfd_open(std::process::id()).at("open a descriptor of this process", "")
}

/// Tells who [waits](Act::Wait) at this pipe to go on, or not to.
pub(crate) fn tell(gate: &OwnedFd, go_on: bool) {
    // We have the other end too: it cannot fail.
    let _ = sys::write(gate.as_fd(), &[u8::from(go_on)]);
}

/// Who does a part of the work of a process that goes in.
pub(crate) enum Part {
    Within(Option<Step<'static>>),
    Outside(Helper, Gate),
}

impl Part {
    pub(crate) fn step(&mut self) -> Option<Step<'_>> {
        match self {
            Part::Within(step) => step.take(),
            Part::Outside(helper, ((_, gate), _)) => {
                Some(Step::new(Act::Let(OwnedFd::as_fd(gate), helper.pidfd.as_fd()), op::MAP, helper.program))
            }
        }
    }
    pub(crate) fn end(self) -> Result<()> {
        match self {
            Part::Within(_) => Ok(()),
            Part::Outside(helper, ((_, gate), _)) => {
                tell(&gate, false);
                helper.end()
            }
        }
    }
}

/// A pipe to let somebody wait at, and a descriptor of who is to let them go.
pub(crate) type Gate = ((OwnedFd, OwnedFd), OwnedFd);

/// A child that does a part of the work from where this process was.
pub(crate) struct Helper {
    program: &'static str,
    /// What its steps were about.
    labels: Vec<Label>,
    report: OwnedFd,
    pidfd: OwnedFd,
}

impl Helper {
    /// Starts one: it waits at the gate, if there is one, takes the steps, and executes the program, if there is one.
    pub(crate) fn start(
        program: &'static str,
        args: Vec<OsString>,
        steps: Vec<Step<'static>>,
        gate: Option<&Gate>,
    ) -> Result<Helper> {
        let wait = gate.map(|((gate, _), parent)| Step::new(Act::Wait(gate.as_fd(), parent.as_fd()), op::WAIT, ""));
        let steps: Vec<Step<'_>> = wait.into_iter().chain(steps).collect();
        let mut image = match program {
            "" => None,
            program => Some(image(program.as_ref(), program.as_ref(), args.into_iter(), None)?),
        };
        let (report, tell) = pipe()?;
        let (_, pidfd) = sys::clone_exec(NsFlags::empty(), None, &steps, image.as_mut(), tell.as_fd())
            .at("start a process", program)?;
        Ok(Helper { program, labels: steps.into_iter().map(|step| step.label).collect(), report, pidfd })
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Result<()> {
        let mut records = Vec::new();
        File::from(self.report).read_to_end(&mut records).at("hear from the helper", self.program)?;
        let outcome = outcome(|n| self.labels.get(n), self.program.as_ref(), &records, &mut Vec::new()).0;
        match (outcome, wait(self.pidfd.as_fd()).at("wait for the helper", self.program)?) {
            (Ok(()), Exit::Code(0)) => Ok(()),
            (Ok(()), exit) => Err(Error::Helper { program: self.program, exit }),
            (outcome, _) => outcome,
        }
    }
}
