//! What the kernel really sends, whole, cut anywhere, broken anywhere, and anywhere in memory.
#![cfg(target_endian = "little")] // the captures are
#![allow(clippy::as_conversions, clippy::arithmetic_side_effects, reason = "a test")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Seen, copy, touch};
use nl_core::{Messages, netfilter, pretty::Pretty, route};
use std::ops::Range;

/// The captures: name and bytes.
fn captures() -> Vec<(String, Vec<u8>)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "bin") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            all.push((name, std::fs::read(path).unwrap()));
        }
    }
    all.sort();
    assert!(all.len() >= 4);
    all
}

/// The one that is not of the route family: its names and views do not apply.
const OTHER_FAMILY: &str = "error_missing.bin";

/// The one that is of netfilter.
const RULES: &str = "nft.bin";

/// Where each message lies, padding included.
fn places(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    Messages::new(bytes)
        .map(|message| {
            let start = at;
            at += message.unwrap().bytes().len().next_multiple_of(4);
            start..at.min(bytes.len())
        })
        .collect()
}

/// A few messages of each type, the first ones and the last.
fn sample(bytes: &[u8], of_each: usize) -> Vec<Range<usize>> {
    let mut seen = std::collections::BTreeMap::<u16, usize>::new();
    let places = places(bytes);
    let last = places.len() - 1;
    let mut keep = |(i, place): (usize, Range<usize>)| {
        let kind = u16::from_ne_bytes([bytes[place.start + 4], bytes[place.start + 5]]);
        let count = seen.entry(kind).or_default();
        *count += 1;
        (*count <= of_each || i == last).then_some(place)
    };
    places.into_iter().enumerate().filter_map(&mut keep).collect()
}

/// `bytes` in the middle of a larger buffer, `at` bytes from its start.
fn at_offset(bytes: &[u8], at: usize, buf: &mut Vec<u8>, read: impl FnOnce(&[u8])) {
    buf.clear();
    buf.resize(at, 0xff);
    buf.extend_from_slice(bytes);
    buf.extend_from_slice(&[0xff; 64]);
    read(&buf[at..at + bytes.len()]);
}

#[test]
fn every_accessor_reads_what_the_kernel_sends() {
    for (name, bytes) in captures() {
        let Seen { messages, attrs, errors } = touch(&bytes);
        assert!(messages > 0, "{name}");
        match name.as_str() {
            OTHER_FAMILY => continue,
            "error_policy.bin" => assert_eq!(errors, 1, "its IFLA_MTU of 2 bytes"),
            _ => assert_eq!(errors, 0, "{name}"),
        }
        assert!(attrs > 0, "{name}");
    }
}

#[test]
fn decoded_and_encoded_again_it_is_the_same() {
    for (name, bytes) in captures() {
        assert!(copy(&bytes) == bytes, "{name}");
    }
}

#[test]
fn the_listing_of_what_the_kernel_sends_finds_nothing_broken() {
    for (name, bytes) in captures().into_iter().filter(|(name, _)| name != OTHER_FAMILY) {
        let family = if name == RULES { &netfilter::FAMILY } else { &route::FAMILY };
        let text = Pretty::new(&bytes, family).to_string();
        assert!(!text.contains(" type ") || name != RULES, "{name}: all of it is described");
        let broken = text.lines().find(|line| line.contains("! "));
        assert_eq!(broken, None, "{name}");
        let headers = text.lines().filter(|line| line.contains(" at byte ")).count();
        assert_eq!(headers, places(&bytes).len(), "{name}");
    }
}

#[test]
fn any_prefix_at_any_offset_can_be_read() {
    let mut buf = Vec::new();
    for (_, bytes) in captures() {
        let places = places(&bytes);
        for (i, place) in places.iter().enumerate() {
            for end in place.clone() {
                for offset in 0..8 {
                    // Whole messages in front of the cut one are read the same wherever it is
                    // cut: they are counted here, and looked into below.
                    at_offset(&bytes[..end], offset, &mut buf, |cut| {
                        let messages = Messages::new(cut);
                        assert!(messages.filter(Result::is_ok).count() <= i + 1);
                    });
                    at_offset(&bytes[place.start..end], offset, &mut buf, |cut| {
                        let seen = touch(cut);
                        assert_eq!((seen.messages + seen.errors > 0), end > place.start);
                    });
                }
            }
        }
    }
}

#[test]
fn a_message_that_says_it_is_shorter_can_be_read() {
    let mut buf = Vec::new();
    for (_, bytes) in captures() {
        for place in sample(&bytes, 1) {
            let offsets = |len: usize| if place.len() <= 128 { 0..8 } else { len % 8..len % 8 + 1 };
            for len in 0..=place.len() {
                let mut message = bytes[place.start..place.start + len].to_vec();
                if let Some(field) = message.first_chunk_mut::<4>() {
                    *field = (len as u32).to_ne_bytes();
                }
                for offset in offsets(len) {
                    at_offset(&message, offset, &mut buf, |cut| {
                        assert_eq!(touch(cut).messages, usize::from(len >= 16));
                    });
                }
            }
        }
    }
}

#[test]
fn any_changed_byte_can_be_read() {
    for (_, bytes) in captures() {
        for place in sample(&bytes, 1) {
            let sparse = place.len() > 256; // then one value a byte, another one each
            // With what lies behind, for lengths that grow.
            let mut window = bytes[place.start..bytes.len().min(place.end + 256)].to_vec();
            for i in 0..place.len() {
                let old = window[i];
                let values = [0, 0xff, old ^ 0x80, old ^ 1, old.wrapping_add(4)];
                let pick = if sparse { i % values.len()..i % values.len() + 1 } else { 0..5 };
                for new in &values[pick] {
                    window[i] = *new;
                    touch(&window);
                }
                window[i] = old;
            }
        }
    }
}
