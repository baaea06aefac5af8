//! The built program, run and judged.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

/// Exit code, standard output, standard error.
pub(crate) type Outcome = (i32, String, String);

/// The program, to be run with these words.
pub(crate) fn netnsctl<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netnsctl"));
    // A PATH that all users may search: one that is closed to the user is EACCES to execvp(3), not ENOENT.
    command.args(args).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Runs it with `input` on standard input.
pub(crate) fn outcome(command: &mut Command, input: &str) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Runs the program with the words of `line`.
pub(crate) fn run(line: &str) -> Outcome {
    outcome(&mut netnsctl(line.split_whitespace()), "")
}

/// As [`run`], and it has to succeed in silence on standard error.
pub(crate) fn ok(line: &str) -> String {
    let (code, out, err) = run(line);
    assert_eq!((code, &*err), (0, ""), "{line}");
    out
}

/// As [`run`], and it has to fail with this code, say this, and print nothing.
pub(crate) fn fails(line: &str, code: i32, says: &str) {
    let (have, out, err) = run(line);
    assert_eq!((have, &*out), (code, ""), "{line}: {err}");
    assert!(err.starts_with("netnsctl: ") && err.contains(says), "{line}: {err}");
}
