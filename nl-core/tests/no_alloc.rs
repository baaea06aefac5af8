//! Nothing here asks for memory: with an allocator that counts, none of it is used.

#![allow(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{touch, touch_replies};
use nl_core::{Batch, Flags, Messages, Replies, pretty::Pretty, route, wire::NLMSG_NOOP};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;

thread_local! {
    /// How often this thread asked for memory.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller promises what `System` wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `System`, by `alloc` above, with this layout.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asks for memory.
fn asked(work: impl FnOnce()) -> usize {
    let before = ASKED.with(Cell::get);
    work();
    ASKED.with(Cell::get) - before
}

/// Text in an array.
struct Text {
    bytes: [u8; 1 << 16],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let free = self.bytes.get_mut(self.len..self.len + s.len()).ok_or(std::fmt::Error)?;
        free.copy_from_slice(s.as_bytes());
        self.len += s.len();
        Ok(())
    }
}

const CAPTURES: [&[u8]; 4] = [
    include_bytes!("golden/link.bin"),
    include_bytes!("golden/route.bin"),
    include_bytes!("golden/multipath.bin"),
    include_bytes!("golden/error_offset.bin"),
];

#[test]
fn an_allocation_is_counted() {
    assert_eq!(asked(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[cfg(target_endian = "little")] // the captures are
#[test]
fn reading_everything_allocates_nothing() {
    for bytes in CAPTURES {
        assert_eq!(asked(|| assert!(touch(bytes).messages > 0)), 0);
        let cut = &bytes[..bytes.len() - 5];
        assert_eq!(asked(|| assert!(touch(cut).errors > 0)), 0);
    }
}

#[cfg(target_endian = "little")]
#[test]
fn listing_allocates_nothing() {
    for bytes in CAPTURES {
        let mut text = Text { bytes: [0; 1 << 16], len: 0 };
        let first = Messages::new(bytes).next().unwrap().unwrap();
        let work = || write!(text, "{}", Pretty::new(first.bytes(), &route::FAMILY)).unwrap();
        assert_eq!(asked(work), 0);
        assert!(text.len > 0);
    }
}

#[test]
fn encoding_allocates_nothing() {
    let mut buf = [0; 256];
    let encode = |have: usize, buf: &mut [u8]| {
        let mut batch = Batch::new(&mut buf[..have]);
        let fill = |m: &mut nl_core::Msg<'_>| {
            m.fixed(&route::IfInfoMsg::default());
            m.str(route::ifla::IFNAME, b"eth0");
            m.nest(route::ifla::LINKINFO, |m| m.str(route::info::KIND, b"veth"));
        };
        let whole = batch.message(route::RTM_NEWLINK, Flags::REQUEST, 1, fill).is_ok();
        assert_eq!(whole, have == 256);
    };
    assert_eq!(asked(|| encode(256, &mut buf)), 0);
    assert_eq!(asked(|| encode(20, &mut buf)), 0);
}

#[test]
fn classifying_answers_allocates_nothing() {
    for bytes in CAPTURES {
        assert_eq!(asked(|| touch_replies(0, u32::MAX, 0, bytes)), 0);
    }
    let mut buf = [0; 16];
    let mut batch = Batch::new(&mut buf);
    batch.message(NLMSG_NOOP, Flags::empty(), 5, |_| {}).unwrap();
    let noop = Messages::new(batch.bytes()).next().unwrap().unwrap();
    assert_eq!(asked(|| assert!(Replies::new(5, 1, 0).accept(noop).is_ok())), 0);
}
