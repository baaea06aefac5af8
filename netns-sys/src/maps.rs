//! Which users and groups of the caller's user namespace there are in a new one, and as whom: user_namespaces(7).

use crate::error::{At, Result};
use crate::process::is_capable;
use crate::spawn::op;
use crate::steps::{Act, Step, c_string};
use crate::sys;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Consecutive ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first, in the new user namespace.
    pub inside: u32,
    /// The first, in the caller's.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// The maps of a new user namespace. Empty ones are not written: then all ids are those of nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maps {
    /// Users.
    pub uids: Vec<Range>,
    /// Groups.
    pub gids: Vec<Range>,
    /// Whether setgroups(2) is allowed inside; `None`: unless the kernel demands that it is not (where a user maps the own
    /// group only).
    pub setgroups: Option<bool>,
}

/// The caller's effective user and group.
#[must_use]
pub fn own_ids() -> (u32, u32) {
    (sys::geteuid(), sys::getegid())
}

impl Maps {
    /// The caller's effective user and group as these (0, 0: as root); there are no others.
    #[must_use]
    pub fn own(uid: u32, gid: u32) -> Maps {
        Maps::of(Some(uid), &[], Some(gid), &[])
    }
    /// The caller's effective user as this one, if it is to be there, and more users [`around`] it; groups likewise.
    #[must_use]
    pub fn of(user: Option<u32>, users: &[Range], group: Option<u32>, groups: &[Range]) -> Maps {
        let map = |one: Option<u32>, own: fn() -> u32, more: &[Range]| match one {
            Some(one) => around(one, own(), more),
            None => more.to_vec(),
        };
        Maps { uids: map(user, sys::geteuid, users), gids: map(group, sys::getegid, groups), setgroups: None }
    }
}

/// `outside` as `inside`, and these ranges around it: what of them would be mapped twice is left out, and the ids behind it
/// move up.
#[must_use]
pub fn around(inside: u32, outside: u32, ranges: &[Range]) -> Vec<Range> {
    let mut all = vec![Range { inside, outside, count: 1 }];
    for range in ranges {
        let has = |first: u32, id: u32| id.checked_sub(first).is_some_and(|offset| offset < range.count);
        let twice = has(range.inside, inside) || has(range.outside, outside);
        let (mut to, mut from, mut left) = (range.inside, range.outside, range.count.saturating_sub(twice.into()));
        while left > 0 {
            to = to.saturating_add(u32::from(to == inside));
            from = from.saturating_add(u32::from(from == outside));
            let until = |id: u32, hole: u32| hole.checked_sub(id).unwrap_or(u32::MAX);
            let count = left.min(until(to, inside)).min(until(from, outside)).max(1);
            all.push(Range { inside: to, outside: from, count });
            (to, from, left) = (to.saturating_add(count), from.saturating_add(count), left.saturating_sub(count));
        }
    }
    all
}

/// The ranges that a file like /etc/subuid gives to a user, by number or by this name; inside one behind the other, from 0 on.
///
/// # Errors
/// The file cannot be read.
pub fn subordinate(file: &Path, uid: u32, name: Option<&str>) -> Result<Vec<Range>> {
    let text = fs::read(file).at("read", file)?;
    let mut inside: u32 = 0;
    let range = |line: &str| {
        let mut fields = line.trim_end().split(':');
        let user = fields.next()?;
        let (outside, count) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let is = Some(user) == name || user.parse() == Ok(uid);
        let range = is.then_some(Range { inside, outside, count })?;
        inside = inside.saturating_add(count);
        Some(range)
    };
    Ok(String::from_utf8_lossy(&text).lines().filter_map(range).collect())
}

/// The lines of a map's file.
fn lines(ranges: &[Range]) -> String {
    ranges.iter().fold(String::new(), |mut text, r| {
        let _ = writeln!(text, "{} {} {}", r.inside, r.outside, r.count);
        text
    })
}

/// A part of what maps need.
pub(crate) enum Task {
    /// What the process that is to have them can do itself.
    Within(Step<'static>),
    /// What has to be done from outside.
    Outside(Step<'static>),
    /// A program of the system has to do it.
    Program(&'static str, Vec<OsString>),
}

/// Capabilities, linux/capability.h.
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;

/// What the maps of process `pid` need, in this order; to itself, /proc shows it as `own`.
pub(crate) fn tasks(maps: &Maps, pid: &dyn Fn() -> String, own: &str) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let write = |pid: &str, file: &str, text: String| -> Result<Step<'static>> {
        Ok(Step::new(Act::Write(None, c_string(format!("/proc/{pid}/{file}"))?, text), op::MAP, file))
    };
    let all: [(_, _, _, fn() -> u32, _); 2] = [
        ("uid_map", "newuidmap", &maps.uids, sys::geteuid, CAP_SETUID),
        ("gid_map", "newgidmap", &maps.gids, sys::getegid, CAP_SETGID),
    ];
    for (file, program, ranges, id, capability) in all {
        let only_own = matches!(ranges.as_slice(), [Range { outside, count: 1, .. }] if *outside == id());
        if let Some(allowed) = maps.setgroups.or(only_own.then_some(false)).filter(|_| file == "gid_map") {
            let word = if allowed { "allow" } else { "deny" };
            tasks.push(Task::Within(write(own, "setgroups", word.into())?));
        }
        if ranges.is_empty() {
            continue;
        }
        let text = lines(ranges);
        tasks.push(if only_own {
            Task::Within(write(own, file, text)?)
        } else if is_capable(capability) {
            Task::Outside(write(&pid(), file, text)?)
        } else {
            let numbers = text.split_ascii_whitespace().map(OsString::from);
            Task::Program(program, std::iter::once(pid().into()).chain(numbers).collect())
        });
    }
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(all: &[(u32, u32, u32)]) -> Vec<Range> {
        all.iter().map(|&(inside, outside, count)| Range { inside, outside, count }).collect()
    }

    #[test]
    fn a_range_goes_around_what_is_mapped() {
        let one = |i, o, r| around(i, o, &ranges(&[r]));
        assert_eq!(one(0, 1000, (0, 100_000, 65536)), ranges(&[(0, 1000, 1), (1, 100_000, 65535)]));
        assert_eq!(
            one(1000, 1000, (0, 100_000, 65536)),
            ranges(&[(1000, 1000, 1), (0, 100_000, 1000), (1001, 101_000, 64535)])
        );
        assert_eq!(one(5, 7, (0, 0, 10)), ranges(&[(5, 7, 1), (0, 0, 5), (6, 5, 2), (8, 8, 2)]));
        assert_eq!(one(7, 5, (0, 0, 10)), ranges(&[(7, 5, 1), (0, 0, 5), (5, 6, 2), (8, 8, 2)]));
        assert_eq!(one(5, 5, (0, 0, 10)), ranges(&[(5, 5, 1), (0, 0, 5), (6, 6, 4)]));
        assert_eq!(one(0, 9, (10, 20, 5)), ranges(&[(0, 9, 1), (10, 20, 5)]));
        assert_eq!(one(0, 9, (0, 20, 1)), ranges(&[(0, 9, 1)]));
        assert_eq!(one(0, 0, (1, 1, u32::MAX)), ranges(&[(0, 0, 1), (1, 1, u32::MAX)]));
        assert_eq!(one(0, 0, (0, 0, u32::MAX)), ranges(&[(0, 0, 1), (1, 1, u32::MAX - 1)]));
    }

    #[test]
    fn subordinate_ids_are_found_by_name_and_number() {
        let file = std::env::temp_dir().join(format!("netns-subid-{}", std::process::id()));
        fs::write(&file, "ann:100000:65536\n# x\n7:200000:10\n\nann:1\nann:x:1\nann:300000:5\n").unwrap();
        let found = subordinate(&file, 7, Some("ann"));
        fs::remove_file(&file).unwrap();
        assert_eq!(found, Ok(ranges(&[(0, 100_000, 65536), (65536, 200_000, 10), (65546, 300_000, 5)])));
        assert!(subordinate(&file, 7, None).is_err());
    }
}
