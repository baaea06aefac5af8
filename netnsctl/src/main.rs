//! `netnsctl`: see the library for all of it.
#![forbid(unsafe_code)]
#![no_main]

netns_sys::main!(netnsctl::run);
