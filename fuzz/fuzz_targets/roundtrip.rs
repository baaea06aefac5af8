//! Any list of operations → the same list.

#![no_main]

#[path = "../../nl-core/tests/common/mod.rs"]
mod common;

use arbitrary::{Arbitrary, Result, Unstructured};
use common::{Message, Op};

/// Nests deeper than this are not asked for.
const DEPTH: usize = 12;

fn message(u: &mut Unstructured<'_>) -> Result<Message> {
    Ok(Message {
        kind: u.arbitrary()?,
        flags: u.arbitrary()?,
        seq: u.arbitrary()?,
        fixed: u.arbitrary()?,
        ops: ops(u, 0)?,
    })
}

fn ops(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<Op>> {
    let mut ops = Vec::new();
    while ops.len() < 64 && u.arbitrary()? {
        ops.push(op(u, depth)?);
    }
    Ok(ops)
}

fn op(u: &mut Unstructured<'_>, depth: usize) -> Result<Op> {
    let kind = u.arbitrary()?;
    Ok(match u.int_in_range(0..=if depth < DEPTH { 13 } else { 11 })? {
        0 => Op::U8(kind, u.arbitrary()?),
        1 => Op::U16(kind, u.arbitrary()?),
        2 => Op::U32(kind, u.arbitrary()?),
        3 => Op::U64(kind, u.arbitrary()?),
        4 => Op::I32(kind, u.arbitrary()?),
        5 => Op::Be16(kind, u.arbitrary()?),
        6 => Op::Be32(kind, u.arbitrary()?),
        7 => Op::Be64(kind, u.arbitrary()?),
        8 => Op::Flag(kind),
        9 => {
            let mut text = Vec::arbitrary(u)?;
            text.retain(|byte| *byte != 0);
            Op::Str(kind, text)
        }
        10 => Op::Bytes(kind, u.arbitrary()?),
        11 => Op::Struct(kind, u.arbitrary()?),
        12 => Op::Nest(kind, ops(u, depth + 1)?),
        _ => Op::NestWith(kind, u.arbitrary()?, ops(u, depth + 1)?),
    })
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut u = Unstructured::new(input);
    let mut messages = Vec::new();
    while messages.len() < 8 && !u.is_empty() {
        let Ok(message) = message(&mut u) else { break };
        messages.push(message);
    }
    common::roundtrip(&messages);
    if messages.iter().map(Message::size).sum::<usize>() < 512 {
        common::too_small(&messages);
    }
});
