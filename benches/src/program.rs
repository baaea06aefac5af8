//! The program that is measured: where it is, and how it is started.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where what is built goes.
///
/// # Panics
/// This program is in no such folder.
#[must_use]
pub fn target() -> PathBuf {
    let built = std::env::current_exe().expect("this program");
    built.parent().and_then(Path::parent).expect("a target directory").to_owned()
}

/// The release build of netnsctl: what `NETNSCTL` names, or the static one with musl, or with glibc, or the dynamic one.
///
/// # Panics
/// There is none.
#[must_use]
pub fn program() -> PathBuf {
    let host = |libc: &str| format!("{}-unknown-linux-{libc}", std::env::consts::ARCH);
    let paths = [host("musl"), host("gnu"), String::new()].map(|host| target().join(host).join("release/netnsctl"));
    let named = std::env::var_os("NETNSCTL").map(PathBuf::from);
    named.or_else(|| paths.into_iter().find(|p| p.exists())).expect("a release build of netnsctl")
}

/// A command without what cargo puts into the environment, which makes dynamic programs look for libraries in vain.
#[must_use]
pub fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH");
    command
}
