//! The kernel in front of the kernel, `fake.c`, and its link.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::process::Command;

const LOG: &str = "/run/fake.log";
const LINK: &str = "/run/fake.link";
const LIBRARY: &str = "/run/fake.so";

/// What puts a program in front of it.
pub(crate) const ENV: [(&str, &str); 3] = [("LD_PRELOAD", LIBRARY), ("FAKE_LOG", LOG), ("FAKE_LINK", LINK)];

const STATS64: u16 = 23;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;

/// Whether there is a C compiler, and a program that loads libraries.
pub(crate) fn can_be_made() -> bool {
    let loads = cfg!(all(target_env = "gnu", not(target_feature = "crt-static")));
    loads && Command::new("cc").arg("--version").output().is_ok_and(|o| o.status.success())
}

pub(crate) fn make() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ip/fake.c");
    assert!(Command::new("cc").args(["-shared", "-fPIC", "-o", LIBRARY, source]).status().unwrap().success());
}

/// Makes the link what was asked for, if anything was.
pub(crate) fn take_over() {
    let request = fs::read(LOG).unwrap_or_default();
    let top = attrs(request.get(32..).unwrap_or_default());
    write(top.into_iter().find(|a| a.0 == 18).map_or(Vec::new(), |a| attrs(a.1)));
    let _ = fs::remove_file(LOG);
}

/// Makes the link one of this kind, with these attributes of it in hexadecimal. Of the kind `link` they are the link's own.
pub(crate) fn give(kind: &OsStr, hex: &OsString) {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let data = hex.as_encoded_bytes().chunks(2).map(byte).collect::<Vec<_>>();
    if kind == "link" {
        let mut link = head();
        if !attrs(&data).iter().any(|a| a.0 == STATS64) {
            put(&mut link, STATS64, &[0; 200]);
        }
        return fs::write(LINK, [link, data].concat()).unwrap();
    }
    write(vec![(INFO_KIND, kind.as_encoded_bytes()), (INFO_DATA, &data)]);
}

/// Type and value of each attribute in `bytes`.
fn attrs(bytes: &[u8]) -> Vec<(u16, &[u8])> {
    nl_core::Attrs::new(bytes, 0).map(|a| a.unwrap()).map(|a| (a.kind(), a.bytes())).collect()
}

/// Writes the link's message, from behind its header: name, length of the queue, counters, and kind and settings as a
/// request has them.
fn write(info: Vec<(u16, &[u8])>) {
    let (mut port, mut nest) = (false, Vec::new());
    for (kind, value) in info {
        let master = value.strip_suffix(b"_slave").filter(|_| kind == INFO_KIND);
        port |= master.is_some();
        let value = master.unwrap_or(value);
        let value = if kind == INFO_KIND { [value, b"\0"].concat() } else { value.to_vec() };
        // Those of a port are 4 and 5.
        put(&mut nest, if port && kind <= INFO_DATA { kind + 3 } else { kind }, &value);
    }
    let mut link = head();
    let attrs: [(u16, &[u8]); 3] = [(13, &1000_u32.to_ne_bytes()), (STATS64, &[0; 200]), (18, &nest)];
    attrs.into_iter().for_each(|(kind, value)| put(&mut link, kind, value));
    fs::write(LINK, link).unwrap();
}

/// Header and name.
fn head() -> Vec<u8> {
    const ETHER: u16 = 1;
    let mut link = [0, ETHER].map(u16::to_ne_bytes).concat();
    link.extend([77, 0, 0].map(u32::to_ne_bytes).concat());
    put(&mut link, 3, b"fake0\0");
    link
}

fn put(to: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let len = u16::try_from(4 + value.len()).unwrap();
    to.extend([len.to_ne_bytes(), kind.to_ne_bytes()].concat());
    to.extend(value);
    to.resize(to.len().next_multiple_of(4), 0);
}
