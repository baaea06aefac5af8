//! `netnsctl`: see the library for all of it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    netns_sys::restore_sigpipe();
    ExitCode::from(netnsctl::run(std::env::args_os()))
}
