//! libmnl, through its C interface: a table of attributes filled by its callback, getters of its own.

use netns_benches::codec::{be, first};
use std::ffi::{c_char, c_int, c_void};
use std::ptr::null;

const LAST: usize = 79;
const OK: c_int = 1;

#[repr(C)]
struct Attr {
    len: u16,
    kind: u16,
}

#[repr(C)]
struct Header {
    len: u32,
    kind: u16,
    flags: u16,
    seq: u32,
    pid: u32,
}

unsafe extern "C" {
    fn mnl_nlmsg_ok(h: *const Header, len: c_int) -> bool;
    fn mnl_nlmsg_next(h: *const Header, len: *mut c_int) -> *const Header;
    fn mnl_attr_parse(
        h: *const Header,
        offset: u32,
        cb: extern "C" fn(*const Attr, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn mnl_attr_get_type(a: *const Attr) -> u16;
    fn mnl_attr_type_valid(a: *const Attr, max: u16) -> c_int;
    fn mnl_attr_get_u32(a: *const Attr) -> u32;
    fn mnl_attr_get_u8(a: *const Attr) -> u8;
    fn mnl_attr_get_payload(a: *const Attr) -> *const u8;
    fn mnl_attr_get_payload_len(a: *const Attr) -> u16;
    fn mnl_nlmsg_put_header(buf: *mut c_void) -> *mut Header;
    fn mnl_nlmsg_put_extra_header(h: *mut Header, size: usize) -> *mut c_void;
    fn mnl_attr_put(h: *mut Header, kind: u16, len: usize, data: *const c_void);
    fn mnl_attr_put_u32(h: *mut Header, kind: u16, data: u32);
    fn mnl_attr_put_strz(h: *mut Header, kind: u16, data: *const c_char);
    fn mnl_attr_nest_start(h: *mut Header, kind: u16) -> *mut Attr;
    fn mnl_attr_nest_end(h: *mut Header, start: *mut Attr);
}

type Table = [*const Attr; LAST + 1];

extern "C" fn fill(a: *const Attr, table: *mut c_void) -> c_int {
    // SAFETY: libmnl hands on a checked attribute and the table that `each` gave it.
    unsafe {
        if mnl_attr_type_valid(a, LAST as u16) >= 0 {
            (*table.cast::<Table>())[usize::from(mnl_attr_get_type(a))] = a;
        }
    }
    OK
}

/// Every message of `kind`, its attributes behind `header` bytes in a table.
fn each(buf: &[u8], kind: u16, header: u32, one: impl Fn(&Table) -> u64) -> u64 {
    let (mut left, mut sum) = (buf.len() as c_int, 0);
    // SAFETY: libmnl checks each message against what is left of `buf`.
    unsafe {
        let mut message = buf.as_ptr().cast::<Header>();
        while mnl_nlmsg_ok(message, left) {
            if (*message).kind == kind {
                let mut table: Table = [null(); LAST + 1];
                mnl_attr_parse(message, header, fill, (&raw mut table).cast());
                sum += one(&table);
            }
            message = mnl_nlmsg_next(message, &mut left);
        }
    }
    sum
}

fn u32_(a: *const Attr) -> u64 {
    // SAFETY: from the table of a message that lives; the kernel sends these with 4 bytes.
    if a.is_null() { 0 } else { unsafe { mnl_attr_get_u32(a) }.into() }
}

fn u8_(a: *const Attr) -> u64 {
    // SAFETY: as above, 1 byte.
    if a.is_null() { 0 } else { unsafe { mnl_attr_get_u8(a) }.into() }
}

fn bytes<'a>(a: *const Attr) -> Option<&'a [u8]> {
    // SAFETY: as above; libmnl has checked the length.
    (!a.is_null())
        .then(|| unsafe { std::slice::from_raw_parts(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a).into()) })
}

pub fn routes(buf: &[u8]) -> u64 {
    each(buf, 24, 12, |t| be(bytes(t[1])) + be(bytes(t[5])) + u32_(t[4]) + u32_(t[6]))
}

pub fn links(buf: &[u8]) -> u64 {
    each(buf, 16, 16, |t| {
        first(bytes(t[3]))
            + first(bytes(t[1]))
            + first(bytes(t[6]))
            + u32_(t[4])
            + u32_(t[5])
            + u32_(t[13])
            + u32_(t[27])
            + u8_(t[16])
            + u8_(t[17])
            + u8_(t[33])
    })
}

fn start(buf: &mut [u8], kind: u16) -> *mut Header {
    assert!(buf.len() >= 256);
    // SAFETY: the buffer is large enough for all that is put below.
    unsafe {
        let h = mnl_nlmsg_put_header(buf.as_mut_ptr().cast());
        (*h).kind = kind;
        (*h).flags = 0x601;
        (*h).seq = 7;
        h
    }
}

pub fn route(buf: &mut [u8]) -> usize {
    let h = start(buf, 24);
    // SAFETY: as above.
    unsafe {
        let fixed = mnl_nlmsg_put_extra_header(h, 12).cast::<[u8; 12]>();
        *fixed = [2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
        mnl_attr_put(h, 1, 4, [10_u8, 1, 2, 0].as_ptr().cast());
        mnl_attr_put(h, 5, 4, [10_u8, 0, 0, 1].as_ptr().cast());
        mnl_attr_put_u32(h, 4, 3);
        mnl_attr_put_u32(h, 6, 100);
        (*h).len as usize
    }
}

pub fn veth(buf: &mut [u8]) -> usize {
    let h = start(buf, 16);
    // SAFETY: as above.
    unsafe {
        mnl_nlmsg_put_extra_header(h, 16);
        mnl_attr_put_strz(h, 3, c"v0".as_ptr());
        mnl_attr_put_u32(h, 28, 5);
        let linkinfo = mnl_attr_nest_start(h, 18);
        mnl_attr_put_strz(h, 1, c"veth".as_ptr());
        let data = mnl_attr_nest_start(h, 2);
        let peer = mnl_attr_nest_start(h, 1);
        mnl_nlmsg_put_extra_header(h, 16);
        mnl_attr_put_strz(h, 3, c"w0".as_ptr());
        mnl_attr_put_u32(h, 28, 6);
        for nest in [peer, data, linkinfo] {
            mnl_attr_nest_end(h, nest);
        }
        (*h).len as usize
    }
}
