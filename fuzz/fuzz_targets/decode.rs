//! Any bytes → everything that reads.

#![no_main]

#[path = "../../nl-core/tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::touch(bytes);
});
