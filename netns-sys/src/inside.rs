//! Inside a named network namespace as `netns exec` is: with all that goes with it.

use crate::error::{At, Errno, Error, NameRule, Result};
use crate::ns::{Ns, NsFlags};
use crate::spawn::op;
use crate::steps::{Act, Entry, Step, c_string, take};
use crate::vrf::Group;
use libc::{MS_BIND, MS_REC, MS_SLAVE};
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;

/// Inside a network namespace, with all that goes with it.
#[derive(Debug)]
pub(crate) struct Inside {
    entry: Entry,
    name: Option<OsString>,
    /// Where to go from that of a VRF.
    no_vrf: Result<Option<Group>>,
}

impl Inside {
    pub(crate) fn of(ns: &Ns, name: Option<&OsStr>) -> Result<Inside> {
        let fd = ns.as_fd().try_clone_to_owned().at("duplicate a descriptor", "")?;
        let entry = Entry { fd, kinds: NsFlags::NET, done: Cell::new(false) };
        Ok(Inside { entry, name: name.map(OsStr::to_owned), no_vrf: Group::outside() })
    }
}

/// The step into a control group.
pub(crate) fn join<'a>(group: &'a Group) -> Step<'a> {
    Step::new(Act::Join(group), op::CGROUP, &group.dir)
}

/// The steps to where a program run in this namespace should find itself: in no VRF, in it, in a mount namespace of its own
/// that tells the host nothing, with a /sys that shows it and the files of /etc/netns/NAME in the place of /etc's.
pub(crate) fn steps_inside<'a>(inside: &'a Inside, warnings: &mut Vec<Error>) -> Result<Vec<Step<'a>>> {
    let name = inside.name.as_deref();
    let slave = Act::Mount { source: None, target: c"/".into(), fs: None, flags: MS_SLAVE | MS_REC };
    let sysfs = Act::FreshSysfs(c_string(name.unwrap_or(OsStr::new("sysfs")))?);
    let mut steps = Vec::new();
    match &inside.no_vrf {
        Ok(group) => steps.extend(group.iter().map(|group| join(group).optional())),
        Err(e) => warnings.push(e.clone()),
    }
    steps.extend([
        Step::new(Act::Enter(&inside.entry), "enter the network namespace", name.unwrap_or_default()),
        Step::new(Act::Unshare(NsFlags::MOUNT), "make a mount namespace", ""),
        Step::new(slave, "stop mounts from reaching the host: mount --make-rslave", "/"),
        Step::new(sysfs, "mount a fresh sysfs on", "/sys"),
    ]);
    let Some(name) = name else { return Ok(steps) };
    NameRule::lenient(name).map_err(|rule| Error::BadName { name: name.to_owned(), rule })?;
    let dir = Path::new("/etc/netns").join(name);
    let entries = match fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) => {
            if e.kind() != std::io::ErrorKind::NotFound {
                warnings.push(Errno::from(e).at("read directory", &dir));
            }
            return Ok(steps);
        }
    };
    for entry in entries {
        let file = entry.at("read directory", &dir)?.file_name();
        let (source, target) = (dir.join(&file), Path::new("/etc").join(&file));
        // mount(2) follows a link to where the file really is (/etc/resolv.conf likes to be one).
        let act = Act::Mount { source: Some(c_string(source)?), target: c_string(&target)?, fs: None, flags: MS_BIND };
        steps.push(Step::new(act, op::ETC, target).optional());
    }
    Ok(steps)
}

/// Takes the calling thread where `netns exec` runs programs: out of its VRF, into `ns`, and into a mount namespace of its own
/// with a fresh /sys and, if the namespace has a name, the files of /etc/netns/NAME bound over those of /etc. There is no way
/// back: for a process about to [`crate::process::exec`]. Returns warnings: files that could not be put in place.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`; [`Error::BadName`]; those of mount(2). The thread may then be halfway.
pub fn enter_for_exec(ns: &Ns, name: Option<&OsStr>) -> Result<Vec<Error>> {
    let mut warnings = Vec::new();
    let inside = Inside::of(ns, name)?;
    take(&steps_inside(&inside, &mut warnings)?, &mut warnings)?;
    Ok(warnings)
}
