//! The wire codec, each task beside its floor: a plain safe loop over the same bytes.
#![expect(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nl_core::route::{IfInfoMsg, Link, RTM_NEWLINK, RTM_NEWROUTE, Route, RtMsg, rta};
use nl_core::{Batch, Flags, Messages};
use std::hint::black_box;

const ROUTES: &[u8] = include_bytes!("../../nl-core/tests/golden/route.bin");
const LINKS: &[u8] = include_bytes!("../../nl-core/tests/golden/link.bin");

/// The floor of parsing: every message's length, and of every attribute length, type and the
/// value's first byte, added up. `fixed` is the size of the fixed header.
fn touch(mut buf: &[u8], fixed: usize) -> u64 {
    let mut sum = 0;
    while let Some(head) = buf.first_chunk::<4>() {
        let len = u32::from_ne_bytes(*head) as usize;
        let mut attrs = buf.get(16 + fixed..len).unwrap_or_default();
        while let Some(&[a, b, c, d]) = attrs.first_chunk::<4>() {
            let alen = usize::from(u16::from_ne_bytes([a, b]));
            let Some(value) = attrs.get(4..alen) else { break };
            sum += u64::from(u16::from_ne_bytes([c, d])) + u64::from(value.first().copied().unwrap_or(0));
            attrs = attrs.get((alen + 3) & !3..).unwrap_or_default();
        }
        buf = buf.get((len + 3) & !3..).unwrap_or_default();
    }
    sum
}

fn be(bytes: Option<&[u8]>) -> u64 {
    bytes.and_then(|b| b.first_chunk::<4>()).map_or(0, |b| u64::from(u32::from_be_bytes(*b)))
}

fn routes(buf: &[u8]) -> u64 {
    let mut sum = 0;
    for message in Messages::new(buf) {
        let message = message.unwrap();
        if message.kind() != RTM_NEWROUTE {
            continue;
        }
        let route = Route::parse(&message).unwrap();
        sum += be(route.dst().unwrap())
            + be(route.gateway().unwrap())
            + u64::from(route.oif().unwrap().unwrap_or(0))
            + u64::from(route.priority().unwrap().unwrap_or(0));
    }
    sum
}

/// Ten fields of each link: the ones a listing shows.
fn links(buf: &[u8]) -> u64 {
    let mut sum = 0;
    for message in Messages::new(buf) {
        let message = message.unwrap();
        if message.kind() != RTM_NEWLINK {
            continue;
        }
        let link = Link::parse(&message).unwrap();
        let first = |bytes: Option<&[u8]>| u64::from(bytes.and_then(|b| b.first()).copied().unwrap_or(0));
        sum += first(link.name().unwrap())
            + first(link.address().unwrap())
            + first(link.qdisc().unwrap())
            + u64::from(link.mtu().unwrap().unwrap_or(0))
            + u64::from(link.link().unwrap().unwrap_or(0))
            + u64::from(link.txqlen().unwrap().unwrap_or(0))
            + u64::from(link.group().unwrap().unwrap_or(0))
            + u64::from(link.operstate().unwrap().unwrap_or_default().0)
            + u64::from(link.linkmode().unwrap().unwrap_or(0))
            + u64::from(link.carrier().unwrap().unwrap_or(0));
    }
    sum
}

fn encode(buf: &mut [u8]) -> usize {
    let mut batch = Batch::new(buf);
    let header = RtMsg { family: 2, dst_len: 24, table: 254, protocol: 3, kind: 1, ..RtMsg::default() };
    batch
        .message(RTM_NEWROUTE, Flags::REQUEST | Flags::CREATE | Flags::EXCL, 7, |m| {
            m.fixed(&header);
            m.bytes(rta::DST, &[10, 1, 2, 0]);
            m.bytes(rta::GATEWAY, &[10, 0, 0, 1]);
            m.u32(rta::OIF, 3);
            m.u32(rta::PRIORITY, 100);
        })
        .unwrap();
    batch.bytes().len()
}

/// The floor of encoding: the same 60 bytes at fixed places.
fn encode_fixed(buf: &mut [u8]) -> usize {
    let Some(b) = buf.first_chunk_mut::<60>() else { return 0 };
    b[0..4].copy_from_slice(&60_u32.to_ne_bytes());
    b[4..6].copy_from_slice(&24_u16.to_ne_bytes());
    b[6..8].copy_from_slice(&0x601_u16.to_ne_bytes());
    b[8..12].copy_from_slice(&7_u32.to_ne_bytes());
    b[12..16].fill(0);
    b[16..28].copy_from_slice(&[2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]);
    for (at, kind, value) in [
        (28, 1_u16, [10, 1, 2, 0]),
        (36, 5, [10, 0, 0, 1]),
        (44, 4, 3_u32.to_ne_bytes()),
        (52, 6, 100_u32.to_ne_bytes()),
    ] {
        b[at..at + 2].copy_from_slice(&8_u16.to_ne_bytes());
        b[at + 2..at + 4].copy_from_slice(&kind.to_ne_bytes());
        b[at + 4..at + 8].copy_from_slice(&value);
    }
    60
}

fn bench(c: &mut Criterion) {
    let mut g = c.benchmark_group("parse route");
    g.throughput(Throughput::Elements(101));
    g.bench_function("floor: touch every attribute", |b| b.iter(|| touch(black_box(ROUTES), 12)));
    g.bench_function("typed view, 4 fields", |b| b.iter(|| routes(black_box(ROUTES))));
    g.finish();

    let mut g = c.benchmark_group("parse link");
    g.throughput(Throughput::Elements(25));
    g.bench_function("floor: touch every attribute", |b| b.iter(|| touch(black_box(LINKS), size_of::<IfInfoMsg>())));
    g.bench_function("typed view, 10 fields", |b| b.iter(|| links(black_box(LINKS))));
    g.finish();

    let mut g = c.benchmark_group("encode NEWROUTE, 4 attributes");
    let mut buf = [0; 128];
    let (mut ours, mut floor) = ([0; 128], [0; 128]);
    assert_eq!((encode(&mut ours), ours), (encode_fixed(&mut floor), floor));
    g.bench_function("floor: fixed layout", |b| b.iter(|| encode_fixed(black_box(&mut buf))));
    g.bench_function("batch", |b| b.iter(|| encode(black_box(&mut buf))));
    g.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
