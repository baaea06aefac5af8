//! What each answer means, and which attribute an error is about.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::as_conversions, reason = "a test")]

mod common;

use common::touch_replies;
use nl_core::reply::{Policy, answered, nlmsgerr, nlpolicy};
use nl_core::route::{self, FAMILY, ifla, info, veth};
use nl_core::wire::{NLA_F_NESTED, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN, NlMsgErr, NlMsgHdr};
use nl_core::{Batch, DecodeError, DecodeErrorKind, Flags, Messages, Msg, Replies, Reply};

const SEQ: u32 = 7;

/// Hands a message to `replies` and tells what became of it as text: the lifetimes end here.
fn accept(
    replies: &mut Replies,
    kind: u16,
    flags: Flags,
    seq: u32,
    fill: impl FnOnce(&mut Msg<'_>),
) -> Result<String, DecodeError> {
    let mut buf = [0xaa; 1024];
    let mut batch = Batch::new(&mut buf);
    batch.message(kind, flags, seq, fill).unwrap();
    let (of, reply) = replies.accept(Messages::new(batch.bytes()).next().unwrap()?)?;
    assert_eq!(of, seq);
    Ok(match reply {
        Reply::Data(m) => format!("data {}", m.kind()),
        Reply::Ack(ext) => format!("ack {:?}", ext.message),
        Reply::Error { errno, ext } => format!("error {errno} {:?}", ext.message),
        Reply::Done(ext) => format!("done {:?}", ext.message),
        Reply::Interrupted => "interrupted".into(),
        Reply::Overrun => "overrun".into(),
        Reply::Noop => "noop".into(),
        Reply::Foreign(m) => format!("foreign {}", m.kind()),
    })
}

/// The fixed part of an `NLMSG_ERROR`, for a request whose header says that it is `len` long.
fn head(error: i32, len: u32) -> NlMsgErr {
    NlMsgErr { error: error.into(), msg: NlMsgHdr { len: len.into(), ..Default::default() } }
}

fn hello(m: &mut Msg<'_>) {
    m.str(nlmsgerr::MSG, b"hello");
}

#[test]
fn a_zero_error_is_an_acknowledgement_and_may_carry_a_warning() {
    let mut replies = Replies::new(SEQ, 2, 0);
    let plain = |m: &mut Msg<'_>| m.fixed(&head(0, 16));
    assert_eq!(accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, SEQ, plain).unwrap(), "ack None");
    assert!(!replies.is_complete());
    let warned = |m: &mut Msg<'_>| {
        m.fixed(&head(0, 16));
        hello(m);
    };
    let flags = Flags::CAPPED | Flags::ACK_TLVS;
    let got = accept(&mut replies, NLMSG_ERROR, flags, SEQ + 1, warned).unwrap();
    assert_eq!(got, "ack Some(\"hello\")");
    assert!(replies.is_complete());
}

#[test]
fn a_get_is_answered_by_data_which_completes_nothing() {
    let mut replies = Replies::new(SEQ, 1, 0);
    let got = accept(&mut replies, route::RTM_NEWLINK, Flags::empty(), SEQ, |_| {}).unwrap();
    assert_eq!((got.as_str(), replies.is_complete()), ("data 16", false));
}

#[test]
fn an_error_is_a_positive_errno_with_all_that_the_kernel_says() {
    let mut buf = [0xaa; 1024];
    let mut batch = Batch::new(&mut buf);
    let flags = Flags::CAPPED | Flags::ACK_TLVS;
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&head(-34, 500));
        m.str(nlmsgerr::MSG, b"out of range");
        m.u32(nlmsgerr::OFFS, 48);
        m.bytes(nlmsgerr::COOKIE, &[1, 2, 3]);
        m.u32(nlmsgerr::MISS_TYPE, 3);
        m.u32(nlmsgerr::MISS_NEST, 36);
        m.flag(999);
        m.nest(nlmsgerr::POLICY | NLA_F_NESTED, |m| {
            m.u32(nlpolicy::TYPE, 4);
            m.u64(nlpolicy::MIN_VALUE_U, 68);
            m.u64(nlpolicy::MAX_VALUE_U, u64::MAX);
            m.u64(nlpolicy::MIN_VALUE_S, (-5_i64) as u64);
            m.u64(nlpolicy::MAX_VALUE_S, 5);
            m.u32(nlpolicy::MIN_LENGTH, 1);
            m.u32(nlpolicy::MAX_LENGTH, 15);
            m.u64(nlpolicy::MASK, 0xf0);
        });
    };
    batch.message(NLMSG_ERROR, flags, SEQ, fill).unwrap();
    let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
    assert_eq!(answered(&message).unwrap().len.get(), 500);
    let (seq, reply) = Replies::new(SEQ, 1, 0).accept(message).unwrap();
    let Reply::Error { errno, ext } = reply else { panic!("{reply:?}") };
    assert_eq!((seq, errno, ext.message), (SEQ, 34, Some("out of range")));
    assert_eq!((ext.offset, ext.missing_type, ext.missing_nest), (Some(48), Some(3), Some(36)));
    let policy = Policy {
        unsigned: (Some(68), Some(u64::MAX)),
        signed: (Some(-5), Some(5)),
        length: (Some(1), Some(15)),
        mask: Some(0xf0),
    };
    assert_eq!(ext.policy, Some(policy));
}

#[test]
fn the_mask_of_a_bit_field_is_a_mask_too() {
    let mut buf = [0; 128];
    let mut batch = Batch::new(&mut buf);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&head(-22, 16));
        m.nest(nlmsgerr::POLICY, |m| m.u32(nlpolicy::BITFIELD32_MASK, 7));
    };
    batch.message(NLMSG_ERROR, Flags::CAPPED | Flags::ACK_TLVS, SEQ, fill).unwrap();
    let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
    let (_, reply) = Replies::new(SEQ, 1, 0).accept(message).unwrap();
    let Reply::Error { ext, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(ext.policy.unwrap().mask, Some(7));
}

#[test]
fn an_uncapped_error_has_the_request_in_front_of_the_explanation() {
    // Padded to 4: 16 bytes of header and 21 of payload are 40.
    for (len, payload) in [(16, 0), (36, 20), (37, 21)] {
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&head(-22, len));
            m.raw(&[0xee; 40][..payload]);
            hello(m);
        };
        let mut replies = Replies::new(SEQ, 1, 0);
        let got = accept(&mut replies, NLMSG_ERROR, Flags::ACK_TLVS, SEQ, fill).unwrap();
        assert_eq!(got, "error 22 Some(\"hello\")");
    }
}

#[test]
fn without_the_flag_what_follows_an_error_is_no_explanation() {
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&head(-22, 16));
        hello(m);
    };
    let mut replies = Replies::new(SEQ, 1, 0);
    let got = accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, SEQ, fill).unwrap();
    assert_eq!(got, "error 22 None");
}

#[test]
fn an_explanation_that_cannot_be_read_is_no_error_of_its_own() {
    for len in [0, 15, 17, 1000, u32::MAX] {
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&head(-1, len));
            m.raw(&[0xff; 9]);
        };
        for flags in [Flags::ACK_TLVS, Flags::ACK_TLVS | Flags::CAPPED] {
            let mut replies = Replies::new(SEQ, 1, 0);
            let got = accept(&mut replies, NLMSG_ERROR, flags, SEQ, fill).unwrap();
            assert_eq!(got, "error 1 None");
        }
    }
}

#[test]
fn the_lowest_error_number_has_an_errno() {
    let mut replies = Replies::new(SEQ, 1, 0);
    let fill = |m: &mut Msg<'_>| m.fixed(&head(i32::MIN, 16));
    let got = accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, SEQ, fill).unwrap();
    assert_eq!(got, format!("error {} None", i32::MAX));
}

#[test]
fn a_dump_ends_with_done_which_may_be_empty_warn_or_carry_an_error() {
    let done = |flags, fill: &dyn Fn(&mut Msg<'_>)| {
        let mut replies = Replies::new(SEQ, 1, 0);
        let got = accept(&mut replies, NLMSG_DONE, flags, SEQ, fill).unwrap();
        assert!(replies.is_complete());
        got
    };
    let multi = Flags::MULTI;
    assert_eq!(done(multi, &|_| {}), "done None");
    assert_eq!(done(multi, &|m| m.raw(&0_i32.to_ne_bytes())), "done None");
    assert_eq!(done(multi, &|m| m.raw(&5_i32.to_ne_bytes())), "done None");
    assert_eq!(done(multi, &|m| m.raw(&(-95_i32).to_ne_bytes())), "error 95 None");
    let warned = |number: i32| {
        done(multi | Flags::ACK_TLVS, &move |m| {
            m.raw(&number.to_ne_bytes());
            hello(m);
        })
    };
    assert_eq!(warned(0), "done Some(\"hello\")");
    assert_eq!(warned(-22), "error 22 Some(\"hello\")");
}

#[test]
fn an_inconsistent_dump_ends_interrupted_wherever_it_was_said() {
    let multi = Flags::MULTI;
    let said = Flags::MULTI | Flags::DUMP_INTR;
    for (on_data, on_done) in [(said, multi), (multi, said), (said, said)] {
        let mut replies = Replies::new(SEQ, 1, 0);
        let got = accept(&mut replies, route::RTM_NEWLINK, on_data, SEQ, |_| {}).unwrap();
        assert_eq!(got, "data 16");
        let got = accept(&mut replies, NLMSG_DONE, on_done, SEQ, |_| {}).unwrap();
        assert_eq!((got.as_str(), replies.is_complete()), ("interrupted", true));
    }
}

#[test]
fn an_inconsistent_dump_is_told_of_once() {
    let mut replies = Replies::new(SEQ, 2, 0);
    let said = Flags::MULTI | Flags::DUMP_INTR;
    assert_eq!(accept(&mut replies, NLMSG_DONE, said, SEQ, |_| {}).unwrap(), "interrupted");
    let next = accept(&mut replies, NLMSG_DONE, Flags::MULTI, SEQ + 1, |_| {});
    assert_eq!(next.unwrap(), "done None");
}

#[test]
fn a_foreign_inconsistent_dump_does_not_interrupt_ours() {
    let mut replies = Replies::new(SEQ, 1, 0);
    let said = Flags::MULTI | Flags::DUMP_INTR;
    accept(&mut replies, route::RTM_NEWLINK, said, SEQ + 1, |_| {}).unwrap();
    let got = accept(&mut replies, NLMSG_DONE, Flags::MULTI, SEQ, |_| {}).unwrap();
    assert_eq!(got, "done None");
}

#[test]
fn overrun_and_noop_answer_nothing() {
    let mut replies = Replies::new(SEQ, 1, 0);
    for (kind, want) in [(NLMSG_OVERRUN, "overrun"), (NLMSG_NOOP, "noop")] {
        assert_eq!(accept(&mut replies, kind, Flags::empty(), SEQ, |_| {}).unwrap(), want);
        assert!(!replies.is_complete());
    }
}

#[test]
fn another_sequence_number_is_foreign() {
    let mut replies = Replies::new(SEQ, 2, 0);
    for seq in [0, SEQ - 1, SEQ + 2, u32::MAX] {
        let fill = |m: &mut Msg<'_>| m.fixed(&head(0, 16));
        let got = accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, seq, fill).unwrap();
        assert_eq!((got.as_str(), replies.is_complete()), ("foreign 2", false));
    }
}

#[test]
fn another_port_is_foreign_unless_ours_is_not_known() {
    for (port, from, want) in [(5, 5, true), (5, 6, false), (5, 0, false), (0, 6, true)] {
        let mut buf = [0; 64];
        let mut batch = Batch::new(&mut buf);
        batch.message(NLMSG_ERROR, Flags::CAPPED, SEQ, |m| m.fixed(&head(0, 16))).unwrap();
        let mut bytes = batch.bytes().to_vec();
        bytes[12..16].copy_from_slice(&u32::to_ne_bytes(from));
        let message = Messages::new(&bytes).next().unwrap().unwrap();
        let mut replies = Replies::new(SEQ, 1, port);
        let (_, reply) = replies.accept(message).unwrap();
        assert_eq!(matches!(reply, Reply::Ack(_)), want);
        assert_eq!(matches!(reply, Reply::Foreign(_)), !want);
        assert_eq!(replies.is_complete(), want);
        touch_replies(SEQ, 1, port, &bytes);
    }
}

#[test]
fn sequence_numbers_wrap() {
    let first = u32::MAX - 1;
    let mut replies = Replies::new(first, 4, 0);
    let fill = |m: &mut Msg<'_>| m.fixed(&head(0, 16));
    let mut ack = |seq| accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, seq, fill).unwrap();
    assert_eq!(ack(first - 1), "foreign 2");
    assert_eq!(ack(2), "foreign 2");
    for seq in [first, u32::MAX, 0, 1] {
        assert_eq!(ack(seq), "ack None");
    }
    assert!(replies.is_complete());
}

#[test]
fn more_answers_than_requests_leave_it_complete() {
    let mut replies = Replies::new(SEQ, 1, 0);
    for _ in 0..3 {
        let fill = |m: &mut Msg<'_>| m.fixed(&head(0, 16));
        accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, SEQ, fill).unwrap();
        assert!(replies.is_complete());
    }
}

#[test]
fn no_request_has_no_answers() {
    let mut replies = Replies::new(SEQ, 0, 0);
    assert!(replies.is_complete());
    let got = accept(&mut replies, NLMSG_DONE, Flags::MULTI, SEQ, |_| {}).unwrap();
    assert_eq!(got, "foreign 3");
}

#[test]
fn a_truncated_error_is_an_error_with_a_place() {
    for have in [0, 4, 16] {
        let mut replies = Replies::new(SEQ, 1, 0);
        let fill = |m: &mut Msg<'_>| m.raw(&[0; 20][..have]);
        let error = accept(&mut replies, NLMSG_ERROR, Flags::CAPPED, SEQ, fill).unwrap_err();
        let kind = DecodeErrorKind::Truncated { need: 20, have };
        assert_eq!(error, DecodeError { what: "nlmsgerr", at: 16, kind });
        assert!(replies.is_complete(), "it was the answer, whatever it said");
    }
    let mut bytes = [0; 18];
    bytes[..4].copy_from_slice(&18_u32.to_ne_bytes());
    bytes[4..6].copy_from_slice(&NLMSG_DONE.to_ne_bytes());
    let done = Messages::new(&bytes).next().unwrap().unwrap();
    let error = Replies::new(0, 1, 0).accept(done).unwrap_err();
    let kind = DecodeErrorKind::Truncated { need: 4, have: 2 };
    assert_eq!(error, DecodeError { what: "NLMSG_DONE", at: 16, kind });
}

/// A request to make a veth, and the offsets of its attributes: the kind, the data in which the
/// peer lies, the peer, the peer's name.
fn veth_request(read: impl FnOnce(&nl_core::Message<'_>, [usize; 4])) {
    let mut at = [0; 4];
    let mut buf = [0; 256];
    let mut batch = Batch::new(&mut buf);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&route::IfInfoMsg::default());
        m.str(ifla::IFNAME, b"a");
        m.flag(2000);
        m.nest(ifla::LINKINFO | NLA_F_NESTED, |m| {
            at[0] = m.len();
            m.str(info::KIND, b"veth");
            at[1] = m.len();
            m.nest(info::DATA, |m| {
                at[2] = m.len();
                m.nest_with(veth::PEER, &[0; 16], |m| {
                    at[3] = m.len();
                    m.str(ifla::IFNAME, b"b");
                });
            });
        });
    };
    batch.message(route::RTM_NEWLINK, Flags::REQUEST, SEQ, fill).unwrap();
    read(&Messages::new(batch.bytes()).next().unwrap().unwrap(), at);
}

#[test]
fn an_offset_is_named_by_the_attributes_around_it() {
    veth_request(|request, [kind, data, peer, name]| {
        let locate = |at| FAMILY.locate(request, Some(at), None).map(|path| path.to_string());
        let named = |at, want: &str| assert_eq!(locate(at).as_deref(), Some(want), "{at}");
        named(16, "ifi_family");
        named(20, "ifi_index");
        named(23, "ifi_index");
        named(32, "IFLA_IFNAME");
        named(37, "IFLA_IFNAME");
        named(40, "?");
        named(44, "IFLA_LINKINFO");
        named(kind, "IFLA_LINKINFO.IFLA_INFO_KIND");
        named(kind + 5, "IFLA_LINKINFO.IFLA_INFO_KIND");
        named(data, "IFLA_LINKINFO.IFLA_INFO_DATA");
        named(peer, "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER");
        named(name, "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_IFNAME");
        assert_eq!(locate(0), None, "the message's header");
        assert_eq!(locate(38), None, "padding");
        assert_eq!(locate(request.bytes().len()), None);
        assert_eq!(locate(usize::MAX), None);
    });
}

#[test]
fn a_missing_attribute_is_named_in_the_nest_it_is_missing_in() {
    veth_request(|request, [_, data, peer, _]| {
        let locate = |nest, missing| FAMILY.locate(request, nest, Some(missing)).map(|path| path.to_string());
        assert_eq!(locate(None, ifla::MTU).as_deref(), Some("IFLA_MTU"));
        assert_eq!(locate(Some(44), info::KIND).as_deref(), Some("IFLA_LINKINFO.IFLA_INFO_KIND"));
        let path = "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER";
        assert_eq!(locate(Some(data), veth::PEER).as_deref(), Some(path));
        let path = "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_MTU";
        assert_eq!(locate(Some(peer), ifla::MTU).as_deref(), Some(path));
        assert_eq!(locate(None, 3000), None);
        assert_eq!(locate(Some(40), 1), None, "inside of what is not known");
    });
}

#[test]
fn of_a_place_that_is_too_deep_the_outer_names_are_kept() {
    let mut at = 0;
    let mut buf = [0; 1024];
    let mut batch = Batch::new(&mut buf);
    fn peer(m: &mut Msg<'_>, depth: usize, at: &mut usize) {
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| {
                m.nest_with(veth::PEER, &[0; 16], |m| match depth {
                    0 => {
                        *at = m.len();
                        m.str(ifla::IFNAME, b"b");
                    }
                    _ => peer(m, depth - 1, at),
                });
            });
        });
    }
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&route::IfInfoMsg::default());
        peer(m, 2, &mut at);
    };
    batch.message(route::RTM_NEWLINK, Flags::REQUEST, SEQ, fill).unwrap();
    let request = Messages::new(batch.bytes()).next().unwrap().unwrap();
    let path = FAMILY.locate(&request, Some(at), None).unwrap();
    let level = ["IFLA_LINKINFO", "IFLA_INFO_DATA", "VETH_INFO_PEER"];
    assert_eq!(path.names(), &level.repeat(3)[..8]);
    assert_eq!(path.to_string(), level.repeat(3)[..8].join("."));
    assert_eq!(FAMILY.locate(&request, None, None), None, "nothing was asked");
}

#[test]
fn nothing_is_named_in_a_request_of_a_type_that_is_not_known() {
    let mut buf = [0; 64];
    let mut batch = Batch::new(&mut buf);
    batch.message(999, Flags::REQUEST, SEQ, |m| m.u32(1, 1)).unwrap();
    let request = Messages::new(batch.bytes()).next().unwrap().unwrap();
    assert_eq!(FAMILY.locate(&request, Some(16), None), None);
    assert_eq!(FAMILY.locate(&request, None, Some(1)), None);
}

#[cfg(target_endian = "little")] // the captures are
#[test]
fn the_kernels_offsets_name_the_attribute_at_fault() {
    let located = |capture: &[u8]| {
        let mut messages = Messages::new(capture).map(Result::unwrap);
        let (request, answer) = (messages.next().unwrap(), messages.next().unwrap());
        let (_, reply) = Replies::new(request.seq(), 1, 0).accept(answer).unwrap();
        let Reply::Error { errno, ext } = reply else { panic!("{reply:?}") };
        let at = usize::try_from(ext.offset.unwrap()).unwrap();
        (errno, FAMILY.locate(&request, Some(at), None).unwrap().to_string())
    };
    let name = "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_IFNAME";
    assert_eq!(located(include_bytes!("golden/error_offset.bin")), (34, name.into()));
    assert_eq!(located(include_bytes!("golden/error_policy.bin")), (34, "IFLA_MTU".into()));
    assert_eq!(located(include_bytes!("golden/error_text.bin")), (17, "NETNSA_FD".into()));
}
