//! What is encoded is what is decoded, whatever it is.

#![allow(clippy::as_conversions, clippy::arithmetic_side_effects, reason = "a test")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Message, Op, copy, roundtrip, too_small, touch};
use nl_core::pretty::Pretty;
use nl_core::spec::{AttrSpec, Shape};
use nl_core::wire::NLA_F_NET_BYTEORDER;
use nl_core::{Batch, DecodeErrorKind, EncodeError, Flags, Messages, Msg, route};
use proptest::collection::vec;
use proptest::prelude::*;

fn op() -> impl Strategy<Value = Op> {
    let k = any::<u16>;
    let bytes = || vec(any::<u8>(), 0..20);
    let leaf = prop_oneof![
        (k(), any::<u8>()).prop_map(|(k, v)| Op::U8(k, v)),
        (k(), any::<u16>()).prop_map(|(k, v)| Op::U16(k, v)),
        (k(), any::<u32>()).prop_map(|(k, v)| Op::U32(k, v)),
        (k(), any::<u64>()).prop_map(|(k, v)| Op::U64(k, v)),
        (k(), any::<i32>()).prop_map(|(k, v)| Op::I32(k, v)),
        (k(), any::<u16>()).prop_map(|(k, v)| Op::Be16(k, v)),
        (k(), any::<u32>()).prop_map(|(k, v)| Op::Be32(k, v)),
        (k(), any::<u64>()).prop_map(|(k, v)| Op::Be64(k, v)),
        k().prop_map(Op::Flag),
        (k(), vec(1..=u8::MAX, 0..20)).prop_map(|(k, v)| Op::Str(k, v)),
        (k(), bytes()).prop_map(|(k, v)| Op::Bytes(k, v)),
        (k(), any::<[u8; 4]>()).prop_map(|(k, v)| Op::Struct(k, v)),
    ];
    leaf.prop_recursive(5, 40, 6, move |op| {
        prop_oneof![
            (k(), vec(op.clone(), 0..6)).prop_map(|(k, ops)| Op::Nest(k, ops)),
            (k(), bytes(), vec(op, 0..6)).prop_map(|(k, head, ops)| Op::NestWith(k, head, ops)),
        ]
    })
}

fn message() -> impl Strategy<Value = Message> {
    let k = any::<u16>;
    (k(), k(), any::<u32>(), any::<Option<[u8; 4]>>(), vec(op(), 0..8))
        .prop_map(|(kind, flags, seq, fixed, ops)| Message { kind, flags, seq, fixed, ops })
}

/// An attribute of a link that is no nest, and what it is in the listing.
fn link_attr() -> impl Strategy<Value = (&'static AttrSpec, [u8; 4])> {
    let known = route::ifla::SPEC.attrs;
    (0..known.len(), any::<[u8; 4]>()).prop_map(|(i, seed)| (&known[i], seed))
}

/// Puts an attribute of this shape, and says how it is to be listed. `None`: not one of these.
fn put(m: &mut Msg<'_>, spec: &AttrSpec, seed: [u8; 4]) -> Option<String> {
    let number = u32::from_ne_bytes(seed);
    let [a, b, c, d] = seed;
    let text = match spec.shape {
        Shape::Uint => {
            m.u32(spec.kind, number);
            format!(" {number}")
        }
        Shape::Int => {
            m.i32(spec.kind, i32::from_ne_bytes(seed));
            format!(" {}", i32::from_ne_bytes(seed))
        }
        Shape::Be => {
            m.be32(spec.kind, number);
            format!(" {number}")
        }
        Shape::Str => {
            m.str(spec.kind, &[b'a' + a % 26, b'"', 0x1b, b'A' + b % 26]);
            format!(r#" "{}\"\x1b{}""#, char::from(b'a' + a % 26), char::from(b'A' + b % 26))
        }
        Shape::Mac => {
            m.bytes(spec.kind, &[2, 0, a, b, c, d]);
            format!(" 02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
        }
        Shape::Ip => {
            m.bytes(spec.kind, &seed);
            format!(" {a}.{b}.{c}.{d}")
        }
        Shape::Flag => {
            m.flag(spec.kind);
            String::new()
        }
        Shape::Bytes => {
            m.bytes(spec.kind, &seed);
            format!(" {a:02x} {b:02x} {c:02x} {d:02x}")
        }
        _ => return None,
    };
    Some(format!("  {}{text}", spec.name))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded(messages in vec(message(), 0..4)) {
        roundtrip(&messages);
    }

    #[test]
    fn too_small_a_buffer_names_the_size_and_keeps_the_batch(messages in vec(message(), 1..3)) {
        too_small(&messages);
    }

    #[test]
    fn the_listing_names_what_was_put_in(
        attrs in vec(link_attr(), 0..12),
        flags in any::<u16>(),
        seq: u32,
    ) {
        let mut buf = [0xaa; 1024];
        let mut batch = Batch::new(&mut buf);
        let mut want = Vec::new();
        batch.message(route::RTM_NEWLINK, Flags::from_bits_retain(flags), seq, |m| {
            m.fixed(&route::IfInfoMsg { index: 7.into(), ..Default::default() });
            for (spec, seed) in &attrs {
                let at = m.len();
                want.extend(put(m, spec, *seed).map(|line| format!("{at:>6}{line}")));
            }
        }).unwrap();
        let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
        let lines: Vec<_> = text.lines().collect();
        prop_assert!(lines[0].starts_with("RTM_NEWLINK at byte 0: "), "{text}");
        prop_assert!(lines[0].ends_with(&format!(", seq {seq}, pid 0")), "{text}");
        prop_assert_eq!(lines[0].contains("CREATE"), flags & 0x400 != 0);
        prop_assert!(lines[1].contains("ifi_index 7"), "{text}");
        prop_assert_eq!(&lines[2..], want);
    }

    #[test]
    fn unknown_attributes_survive_decode_and_encode(mut message in message()) {
        message.kind = route::RTM_NEWNSID;
        message.fixed = Some([0; 4]);
        let mut buf = vec![0xaa; message.size()];
        let mut batch = Batch::new(&mut buf);
        message.encode(&mut batch).unwrap();
        prop_assert_eq!(&copy(batch.bytes()), batch.bytes());
    }

    #[test]
    fn any_bytes_can_be_read(bytes in vec(any::<u8>(), 0..400)) {
        touch(&bytes);
    }

    #[test]
    fn any_list_of_attributes_can_be_read(kind in 16..120_u16, bytes in vec(any::<u8>(), 0..400)) {
        let mut buf = [0; 600];
        let mut batch = Batch::new(&mut buf);
        batch.message(kind, Flags::empty(), 1, |m| m.raw(&bytes)).unwrap();
        prop_assert_eq!(touch(batch.bytes()).messages, 1);
    }
}

#[test]
fn a_nul_in_a_string_anywhere_fails_the_message() {
    for depth in 0..4 {
        let mut op = Op::Str(9, b"a\0".to_vec());
        for _ in 0..depth {
            op = Op::Nest(1, vec![Op::Flag(1), op]);
        }
        let message = Message { kind: 1, flags: 0, seq: 0, fixed: None, ops: vec![op] };
        for have in [0, 200] {
            let mut buf = vec![0xaa; have];
            let mut batch = Batch::new(&mut buf);
            let error = message.encode(&mut batch);
            assert_eq!(error, Err(EncodeError::NulInString { kind: 9 }));
            assert_eq!((batch.bytes(), batch.messages()), (&[][..], 0));
        }
    }
}

#[test]
fn a_broken_header_behind_a_message_of_odd_length_is_where_the_padding_ends() {
    let mut bytes = [0; 24 + 5];
    bytes[..4].copy_from_slice(&21_u32.to_ne_bytes());
    touch(&bytes);
    let error = Messages::new(&bytes).nth(1).unwrap().unwrap_err();
    assert_eq!(error.at, 24);
    assert_eq!(error.kind, DecodeErrorKind::Truncated { need: 16, have: 5 });
}

#[test]
fn flags_of_the_upper_byte_are_named_by_what_the_message_is() {
    let listed = |kind, flags| {
        let mut buf = [0; 64];
        let mut batch = Batch::new(&mut buf);
        batch.message(kind, Flags::from_bits_retain(flags), 0, |_| {}).unwrap();
        let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
        text.split(", ").nth(1).unwrap().to_owned()
    };
    use nl_core::wire::{NLMSG_DONE, NLMSG_ERROR};
    let all = 0x8f05;
    assert_eq!(listed(route::RTM_NEWLINK, all), "REQUEST|ACK|REPLACE|EXCL|CREATE|APPEND|0x8000");
    assert_eq!(listed(route::RTM_SETLINK, 0x100), "REPLACE");
    assert_eq!(listed(route::RTM_GETLINK, all), "REQUEST|ACK|DUMP|ATOMIC|0x8800");
    assert_eq!(listed(route::RTM_GETLINK, 0x100), "ROOT");
    assert_eq!(listed(route::RTM_DELLINK, all), "REQUEST|ACK|NONREC|BULK|0x8c00");
    assert_eq!(listed(NLMSG_ERROR, 0x300), "CAPPED|ACK_TLVS");
    assert_eq!(listed(NLMSG_DONE, 0x202), "MULTI|ACK_TLVS");
    assert_eq!(listed(999, 0x300), "0x300");
    assert_eq!(listed(route::RTM_NEWLINK, 0), "0");
}

/// The listing of a link message with these bytes behind the fixed header.
fn listing(raw: &[u8]) -> String {
    let mut buf = [0; 4096];
    let mut batch = Batch::new(&mut buf);
    let add = |m: &mut Msg<'_>| {
        m.fixed(&route::IfInfoMsg::default());
        m.raw(raw);
    };
    batch.message(route::RTM_NEWLINK, Flags::empty(), 0, add).unwrap();
    let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
    text.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).unwrap().1.to_owned()
}

#[test]
#[cfg(target_endian = "little")]
fn the_listing_says_what_is_wrong_and_where_then_shows_the_bytes() {
    let short = [7, 0, 4, 0, 1, 2, 3, 0, 2, 0, 9, 9];
    let want = "    32  IFLA_MTU ! not a number: 01 02 03\n    \
        40  ! nlattr at byte 40: says it is 2 bytes long where 4 are left: 02 00 09 09\n";
    assert_eq!(listing(&short), want);
    let nested = [12, 0, 18, 0, 8, 0, 1, 0, b'a', 0, 0, 0, 12, 0, 18, 0, 99, 0, 1, 0, 5, 6, 7, 8];
    let want = "    32  IFLA_LINKINFO\n    36    IFLA_INFO_KIND \"a\\x00\\x00\"\n    \
        44  IFLA_LINKINFO\n    \
        48    ! nlattr at byte 48: says it is 99 bytes long where 8 are left: 63 00 01 00 05 06 07 08\n";
    assert_eq!(listing(&nested), want);
}

#[test]
#[cfg(target_endian = "little")]
fn an_error_is_listed_with_the_request_it_answers() {
    let mut request = [0; 64];
    let mut request = Batch::new(&mut request);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&route::IfInfoMsg::default());
        m.u32(route::ifla::MTU, 1);
    };
    request.message(route::RTM_NEWLINK, Flags::REQUEST, 5, fill).unwrap();
    let listed = |flags, raw: &[u8], number: i32| {
        let mut buf = [0; 256];
        let mut batch = Batch::new(&mut buf);
        let fill = |m: &mut Msg<'_>| {
            m.raw(&number.to_ne_bytes());
            m.raw(raw);
            m.u32(nl_core::reply::nlmsgerr::OFFS, 32);
        };
        batch.message(nl_core::wire::NLMSG_ERROR, flags, 5, fill).unwrap();
        let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
        text.split_once('\n').unwrap().1.to_owned()
    };
    let head = "    16  error -22\n    20  RTM_NEWLINK answered: 40 bytes, REQUEST, seq 5, pid 0\n";
    let body = "    16    ifinfomsg {ifi_family AF_UNSPEC, __ifi_pad 0, ifi_type ARPHRD_NETROM, \
        ifi_index 0, ifi_flags 0, ifi_change 0}\n    32    IFLA_MTU 1\n";
    let whole = listed(Flags::ACK_TLVS, request.bytes(), -22);
    assert_eq!(whole, format!("{head}{body}    60  NLMSGERR_ATTR_OFFS 32\n"));
    let capped = listed(Flags::ACK_TLVS | Flags::CAPPED, &request.bytes()[..16], -22);
    assert_eq!(capped, format!("{head}    36  NLMSGERR_ATTR_OFFS 32\n"));
    let unexplained = listed(Flags::CAPPED, &request.bytes()[..16], -22);
    assert_eq!(unexplained, format!("{head}    36  08 00 02 00 20 00 00 00\n"));
    let cut = listed(Flags::ACK_TLVS, &request.bytes()[..16], -22);
    assert!(cut.starts_with(head) && cut.contains("! nlmsghdr at byte 0: says it is 40"), "{cut}");
}

#[test]
fn what_is_in_network_byte_order_is_listed_as_the_number_it_is() {
    let mut buf = [0; 128];
    let mut batch = Batch::new(&mut buf);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&route::NdMsg::default());
        m.be16(route::nda::PORT, 4789);
        m.be32(route::nda::VNI | NLA_F_NET_BYTEORDER, 70_000);
        m.u32(route::nda::VNI, 70_000);
        m.i32(route::nda::LINK_NETNSID, -1);
    };
    batch.message(route::RTM_NEWNEIGH, Flags::empty(), 0, fill).unwrap();
    let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
    let lines: Vec<_> = text.lines().skip(2).map(|line| &line[8..]).collect();
    let want = ["NDA_PORT 4789", "NDA_VNI 70000", "NDA_VNI 70000", "NDA_LINK_NETNSID -1"];
    assert_eq!(lines, want);
}

#[test]
fn a_long_value_is_cut_and_its_length_said() {
    let mut attr = [0; 104];
    attr[..2].copy_from_slice(&104_u16.to_ne_bytes());
    attr[2..4].copy_from_slice(&999_u16.to_ne_bytes());
    let bytes = ["00"; 32].join(" ");
    assert_eq!(listing(&attr), format!("    32  type 999 {bytes} ... (100 bytes)\n"));
}

#[test]
fn nests_too_deep_are_shown_as_bytes() {
    let mut attrs = Vec::new();
    for _ in 0..500 {
        let len = u16::try_from(attrs.len() + 4).unwrap();
        let header = [len.to_ne_bytes(), (0x8000_u16 | 1000).to_ne_bytes()];
        attrs = [header.as_flattened(), &attrs].concat();
    }
    let text = listing(&attrs);
    assert_eq!(text.lines().count(), 16);
    assert!(text.lines().last().unwrap().ends_with(" ... (1936 bytes)"), "{text}");
}

#[test]
fn a_message_shorter_than_its_fixed_header_is_listed_as_far_as_it_goes() {
    let mut buf = [0; 64];
    let mut batch = Batch::new(&mut buf);
    batch.message(route::RTM_GETLINK, Flags::DUMP, 0, |m| m.raw(&[17, 0, 0, 0])).unwrap();
    let text = Pretty::new(batch.bytes(), &route::FAMILY).to_string();
    let want = "ifinfomsg {ifi_family AF_PACKET, __ifi_pad 0, ifi_type ARPHRD_NETROM} ! 4 of 16 bytes\n";
    assert!(text.ends_with(want), "{text}");
    let cut = &batch.bytes()[..10];
    let text = Pretty::new(cut, &route::FAMILY).to_string();
    assert!(text.starts_with("     0  ! nlmsghdr at byte 0: needs 16 bytes, has 10: "), "{text}");
    assert!(Messages::new(cut).all(|message| message.is_err()));
}
