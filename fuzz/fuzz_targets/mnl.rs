//! The same bytes, read by us and by libmnl: the same messages, the same attributes at the same
//! places, the same values, and of an answer the same verdict.
//!
//! Where the two differ, and why, is said where it is let pass.

#![no_main]

use nl_core::wire::{ATTR_HDRLEN, Flags, MIN_TYPE, MSG_HDRLEN, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN};
use nl_core::{Attrs, DecodeErrorKind, Message, Messages, Replies, Reply, route};
use std::ffi::{c_int, c_uint, c_void};

#[link(name = "mnl")]
unsafe extern "C" {
    fn mnl_nlmsg_ok(message: *const u8, len: c_int) -> bool;
    fn mnl_nlmsg_next(message: *const u8, len: *mut c_int) -> *const u8;
    fn mnl_attr_ok(attr: *const u8, len: c_int) -> bool;
    fn mnl_attr_next(attr: *const u8) -> *const u8;
    fn mnl_attr_get_type(attr: *const u8) -> u16;
    fn mnl_attr_get_payload_len(attr: *const u8) -> u16;
    fn mnl_attr_get_payload(attr: *const u8) -> *const u8;
    fn mnl_attr_validate(attr: *const u8, kind: c_int) -> c_int;
    fn mnl_attr_get_u8(attr: *const u8) -> u8;
    fn mnl_attr_get_u16(attr: *const u8) -> u16;
    fn mnl_attr_get_u32(attr: *const u8) -> u32;
    fn mnl_attr_get_u64(attr: *const u8) -> u64;
    fn mnl_cb_run(
        buf: *const c_void,
        len: usize,
        seq: c_uint,
        port: c_uint,
        each: Option<extern "C" fn(*const u8, *mut c_void) -> c_int>,
        data: *mut c_void,
    ) -> c_int;
}

/// libmnl's types of values, `enum mnl_attr_data_type`.
const MNL_TYPE_U8: c_int = 1;
const MNL_TYPE_NUL_STRING: c_int = 10;

extern "C" fn data(_: *const u8, seen: *mut c_void) -> c_int {
    unsafe { *seen.cast::<bool>() = true };
    1 // MNL_CB_OK
}

/// The list of attributes in `bytes`, which are byte `at` of the message and what follows.
fn attrs(bytes: &[u8], at: usize, depth: usize) {
    let mut theirs = bytes.as_ptr();
    let end = bytes.as_ptr_range().end;
    let left = |theirs: *const u8| c_int::try_from(end as isize - theirs as isize).unwrap();
    for attr in Attrs::new(bytes, at) {
        let ok = unsafe { mnl_attr_ok(theirs, left(theirs)) };
        // libmnl ends in silence where we say what is wrong.
        assert_eq!(ok, attr.is_ok(), "{attr:?}");
        let Ok(attr) = attr else {
            assert!(left(theirs) > 0);
            return;
        };
        unsafe {
            assert_eq!(theirs as usize - bytes.as_ptr() as usize, attr.at() - at);
            assert_eq!(mnl_attr_get_type(theirs), attr.kind());
            assert_eq!(usize::from(mnl_attr_get_payload_len(theirs)), attr.bytes().len());
            assert_eq!(mnl_attr_get_payload(theirs), attr.bytes().as_ptr());
            // An integer of ours has exactly its size: half of a longer one is another number on
            // big-endian machines. libmnl takes what is at least as long.
            let ours = [attr.u8().is_ok(), attr.u16().is_ok(), attr.u32().is_ok(), attr.u64().is_ok()];
            for (kind, ours) in (MNL_TYPE_U8..).zip(ours) {
                let theirs = mnl_attr_validate(theirs, kind) == 0;
                assert_eq!(ours, theirs && attr.bytes().len() == 1 << (kind - 1));
            }
            attr.u8().into_iter().for_each(|value| assert_eq!(value, mnl_attr_get_u8(theirs)));
            attr.u16().into_iter().for_each(|value| assert_eq!(value, mnl_attr_get_u16(theirs)));
            attr.u32().into_iter().for_each(|value| assert_eq!(value, mnl_attr_get_u32(theirs)));
            attr.u64().into_iter().for_each(|value| assert_eq!(value, mnl_attr_get_u64(theirs)));
            // Their string ends with the value, ours with the first NUL or the value.
            if mnl_attr_validate(theirs, MNL_TYPE_NUL_STRING) == 0 {
                assert!(attr.name().len() < attr.bytes().len());
            }
        }
        if depth < 4 {
            attrs(attr.bytes(), attr.at() + ATTR_HDRLEN, depth + 1);
        }
        theirs = unsafe { mnl_attr_next(theirs) };
    }
    assert!(!unsafe { mnl_attr_ok(theirs, left(theirs)) });
}

/// What is thought of a message as the answer to request `seq`.
fn answer(message: &Message<'_>, seq: u32) {
    let mut seen = false;
    let bytes = message.bytes();
    let verdict = unsafe { mnl_cb_run(bytes.as_ptr().cast(), bytes.len(), seq, 0, Some(data), (&raw mut seen).cast()) };
    let errno = std::io::Error::last_os_error().raw_os_error();
    let ours = Replies::new(seq, 1, 0).accept(*message);
    // Sequence number 0 is any to libmnl, on either side; to us it is a number as any other.
    if seq == 0 || message.seq() == 0 {
        return;
    }
    if seq != message.seq() {
        assert!(matches!(ours, Ok((_, Reply::Foreign(_)))));
        assert_eq!((verdict, errno), (-1, Some(libc_errno::EPROTO)));
        return;
    }
    // libmnl stops at the first message of an inconsistent dump, we tell at its end.
    if message.flags().contains(Flags::DUMP_INTR) {
        assert_eq!((verdict, errno), (-1, Some(libc_errno::EINTR)));
        return;
    }
    match (message.kind(), ours) {
        (NLMSG_NOOP, Ok((_, Reply::Noop))) | (NLMSG_OVERRUN, Ok((_, Reply::Overrun))) => assert_eq!(verdict, 1),
        (NLMSG_ERROR, Ok((_, Reply::Ack(_)))) => {
            // A positive number, which the kernel does not send, is no error to us and one to libmnl.
            assert!(verdict == 0 || errno.is_some_and(|errno| errno > 0));
        }
        (NLMSG_ERROR, Ok((_, Reply::Error { errno: ours, .. }))) => {
            assert_eq!(verdict, -1);
            // The lowest number has no positive counterpart.
            assert!(errno == Some(ours) || ours == i32::MAX);
        }
        (NLMSG_ERROR, Err(_)) => assert_eq!((verdict, errno), (-1, Some(libc_errno::EBADMSG))),
        // libmnl does not read the number that DONE carries.
        (NLMSG_DONE, Ok((_, Reply::Done(_) | Reply::Error { .. })) | Err(_)) => assert_eq!(verdict, 0),
        (kind, Ok((_, Reply::Data(_)))) => {
            // Control messages of other numbers are nothing to libmnl.
            assert_eq!((verdict, seen), (1, kind >= MIN_TYPE));
        }
        (kind, ours) => panic!("{kind}: {ours:?}"),
    }
}

/// Of errno(3), Linux.
mod libc_errno {
    pub const EINTR: i32 = 4;
    pub const EPROTO: i32 = 71;
    pub const EBADMSG: i32 = 74;
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((seq, received)) = input.split_first_chunk() else { return };
    let seq = u32::from_le_bytes(*seq);
    // libmnl reads integers where they are: so that they are aligned.
    let mut words = vec![0_u32; received.len().div_ceil(4)];
    let bytes = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), received.len()) };
    bytes.copy_from_slice(received);
    let bytes = &*bytes;

    let (mut theirs, mut left) = (bytes.as_ptr(), c_int::try_from(bytes.len()).unwrap());
    for message in Messages::new(bytes) {
        let ok = unsafe { mnl_nlmsg_ok(theirs, left) };
        if let Err(error) = message {
            // libmnl 1.0.4 takes a length over 2 GiB for a negative one, which is less than what is left.
            let negative = matches!(error.kind, DecodeErrorKind::BadLength { len, .. } if len > 0x7fff_ffff);
            assert!(!ok || negative, "{error}");
            return;
        }
        let message = message.unwrap();
        assert!(ok, "{message:?}");
        assert_eq!(theirs, message.bytes().as_ptr());
        let fixed = route::FAMILY.find(message.kind()).map_or(0, |spec| spec.fixed.size).next_multiple_of(4);
        let list = message.attrs_from(fixed);
        // libmnl counts the padding behind a message as its own, and looks for attributes there
        // too; so this is asked for the bytes that are the message.
        attrs(list.bytes(), MSG_HDRLEN + fixed.min(message.payload().len()), 0);
        answer(&message, seq);
        theirs = unsafe { mnl_nlmsg_next(theirs, &raw mut left) };
    }
    assert!(!unsafe { mnl_nlmsg_ok(theirs, left) });
});
