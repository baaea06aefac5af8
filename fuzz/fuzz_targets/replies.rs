//! Any requests, any bytes → what the bytes answer.

#![no_main]

#[path = "../../nl-core/tests/common/mod.rs"]
mod common;

use libfuzzer_sys::fuzz_target;

// The input: the first sequence number, the number of requests and the port (4, 1 and 4 bytes,
// little-endian), then what was received.
fuzz_target!(|input: &[u8]| {
    let Some(([a, b, c, d, requests, e, f, g, h], received)) = input.split_first_chunk() else {
        return;
    };
    let first = u32::from_le_bytes([*a, *b, *c, *d]);
    let port = u32::from_le_bytes([*e, *f, *g, *h]);
    common::touch_replies(first, (*requests).into(), port, received);
});
