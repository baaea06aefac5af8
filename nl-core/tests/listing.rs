//! The listing of what is odd: cut, too deep, of no known meaning; and into a writer that is full.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test")]

use nl_core::pretty::Pretty;
use nl_core::reply::nlmsgerr;
use nl_core::route::{self, FAMILY, bond, br, ifla, inet6, info, nda, rta, vf_list};
use nl_core::wire::{NLA_F_NESTED, NLMSG_DONE, NLMSG_ERROR, Wire};
use nl_core::{Batch, Flags, Msg};
use std::fmt::{self, Write};

fn message(kind: u16, flags: Flags, fill: impl FnOnce(&mut Msg<'_>)) -> Vec<u8> {
    let mut buf = vec![0xaa; 4096];
    let mut batch = Batch::new(&mut buf);
    batch.message(kind, flags, 5, fill).unwrap();
    batch.bytes().to_vec()
}

/// The lines behind that of the header.
fn listing(bytes: &[u8]) -> Vec<String> {
    Pretty::new(bytes, &FAMILY).to_string().lines().skip(1).map(str::to_owned).collect()
}

/// The attributes of a message with this fixed header, from their names on.
fn attrs<H: Wire>(kind: u16, fixed: &H, fill: impl FnOnce(&mut Msg<'_>)) -> Vec<String> {
    let lines = listing(&message(kind, Flags::empty(), |m| {
        m.fixed(fixed);
        fill(m);
    }));
    lines.iter().skip(1).map(|line| line[8..].to_owned()).collect()
}

fn link(fill: impl FnOnce(&mut Msg<'_>)) -> Vec<String> {
    attrs(route::RTM_NEWLINK, &route::IfInfoMsg::default(), fill)
}

#[test]
fn the_end_of_a_dump_is_listed_whether_or_not_it_says_a_number() {
    assert_eq!(listing(&message(NLMSG_DONE, Flags::MULTI, |_| {})), [""; 0]);
    let whole = message(NLMSG_DONE, Flags::MULTI, |m| m.raw(&(-4_i32).to_ne_bytes()));
    assert_eq!(listing(&whole), ["    16  error -4"]);
    let mut cut = message(NLMSG_DONE, Flags::MULTI, |m| m.raw(&[7, 8, 0]));
    cut[0..4].copy_from_slice(&18_u32.to_ne_bytes());
    assert_eq!(listing(&cut), ["    16  ! NLMSG_DONE at byte 16: needs 4 bytes, has 2: 07 08"]);
}

#[test]
fn an_error_that_is_cut_is_listed_as_far_as_it_goes() {
    let cut = message(NLMSG_ERROR, Flags::CAPPED, |m| m.raw(&[0; 16]));
    let bytes = ["00"; 16].join(" ");
    assert_eq!(listing(&cut), [format!("    16  ! nlmsgerr at byte 16: needs 20 bytes, has 16: {bytes}")]);
}

#[test]
fn the_words_behind_an_uncapped_error_are_at_their_place() {
    let request = message(route::RTM_NEWNSID, Flags::REQUEST, |m| {
        m.fixed(&route::RtGenMsg::default());
        m.u32(route::netnsa::FD, 9);
    });
    let error = message(NLMSG_ERROR, Flags::ACK_TLVS, |m| {
        m.raw(&(-17_i32).to_ne_bytes());
        m.raw(&request);
        m.str(nlmsgerr::MSG, b"there is one");
    });
    let lines = listing(&error);
    assert_eq!(lines[1], "    20  RTM_NEWNSID answered: 28 bytes, REQUEST, seq 5, pid 0");
    assert_eq!(lines[3], "    20    NETNSA_FD 9");
    assert_eq!(lines[4..], ["    48  NLMSGERR_ATTR_MSG \"there is one\""]);
}

#[test]
fn errors_about_errors_end_somewhere() {
    let mut bytes = message(NLMSG_ERROR, Flags::CAPPED, |m| m.raw(&[0; 20]));
    for _ in 0..40 {
        bytes = message(NLMSG_ERROR, Flags::empty(), |m| {
            m.raw(&[0; 4]);
            m.raw(&bytes);
        });
    }
    let lines = listing(&bytes);
    // Two lines for each of the levels that are looked into, then the bytes of what is left.
    assert_eq!(lines.len(), 2 * 16 + 1);
    assert!(lines[32].ends_with(" bytes)"), "{}", lines[32]);
}

#[test]
fn bytes_of_no_known_meaning_are_listed_as_they_are() {
    let unknown = message(999, Flags::empty(), |m| m.raw(&[1, 2, 3, 4]));
    assert_eq!(listing(&unknown), ["    16  01 02 03 04"]);
    assert_eq!(listing(&message(999, Flags::empty(), |_| {})), [""; 0]);
    assert!(Pretty::new(&unknown, &FAMILY).to_string().starts_with("type 999 at byte 0: 20 bytes, 0, seq 5"));
    let nested = link(|m| m.nest(1000 | NLA_F_NESTED, |m| m.bytes(7, &[1, 2])));
    assert_eq!(nested, ["type 1000", "  type 7 01 02"]);
    assert_eq!(link(|m| m.bytes(1000, &[6, 0, 7, 0, 1, 2, 0, 0])), ["type 1000 06 00 07 00 01 02 00 00"]);
    assert_eq!(link(|m| m.bytes(1000, &[])), ["type 1000 (nothing)"]);
    let (just, more) = (["05"; 32].join(" "), " ... (33 bytes)");
    assert_eq!(link(|m| m.bytes(1000, &[5; 32])), [format!("type 1000 {just}")]);
    assert_eq!(link(|m| m.bytes(1000, &[5; 33])), [format!("type 1000 {just}{more}")]);
}

#[test]
fn a_list_by_position_is_one_of_nests() {
    let ports = attrs(route::RTM_NEWSTATS, &route::IfStatsMsg::default(), |m| {
        m.nest(route::ifla_stats::LINK_OFFLOAD_XSTATS, |m| {
            m.nest(route::offload_xstats::HW_S_INFO, |m| {
                m.nest(3, |m| m.u8(route::offload_xstats_info::REQUEST, 1));
            });
        });
    });
    let want = [
        "IFLA_STATS_LINK_OFFLOAD_XSTATS",
        "  IFLA_OFFLOAD_XSTATS_HW_S_INFO",
        "    [3]",
        "      IFLA_OFFLOAD_XSTATS_HW_S_INFO_REQUEST 1",
    ];
    assert_eq!(ports, want);
}

#[test]
fn what_an_attribute_holds_depends_on_its_siblings_and_on_the_family() {
    let kind = |kind: &[u8]| {
        link(|m| {
            m.nest(ifla::LINKINFO, |m| {
                m.str(info::KIND, kind);
                m.nest(info::DATA, |m| m.u8(bond::MODE, 4));
                m.str(info::SLAVE_KIND, b"bridge");
                m.nest(info::SLAVE_DATA, |m| m.u8(route::brport::STATE, route::br_state::FORWARDING));
            });
        })
    };
    assert_eq!(kind(b"bond")[3], "    IFLA_BOND_MODE BOND_MODE_8023AD");
    assert_eq!(kind(b"bond")[6], "    IFLA_BRPORT_STATE BR_STATE_FORWARDING");
    assert_eq!(kind(b"nobody knows")[3], "    type 1 04");
    let encap = |kind: u16| {
        attrs(route::RTM_NEWROUTE, &route::RtMsg::default(), |m| {
            m.nest(rta::ENCAP, |m| m.u8(2, 64));
            m.u16(rta::ENCAP_TYPE, kind);
        })
    };
    assert_eq!(encap(route::lwtunnel_encap::MPLS)[1], "  MPLS_IPTUNNEL_TTL 64");
    assert_eq!(encap(99)[1], "  type 2 40");
    let share = |family| {
        let fixed = route::IfInfoMsg { family, ..Default::default() };
        attrs(route::RTM_NEWLINK, &fixed, |m| m.nest(ifla::PROTINFO, |m| m.u32(inet6::FLAGS, 3)))
    };
    assert_eq!(share(route::af::INET6)[1], "  IFLA_INET6_FLAGS 3");
    assert_eq!(share(route::af::MPLS)[1], "  type 1 03 00 00 00".replace("03 00 00 00", &hex(3)));
}

fn hex(number: u32) -> String {
    number.to_ne_bytes().map(|byte| format!("{byte:02x}")).join(" ")
}

#[test]
fn values_are_shown_as_what_they_are_and_as_bytes_where_they_are_not() {
    let at = |m: &mut Msg<'_>| {
        m.bytes(ifla::OPERSTATE, &[6]);
        m.bytes(ifla::OPERSTATE, &[99]);
        m.bytes(ifla::OPERSTATE, &[1, 2, 3]);
        m.bytes(ifla::EXT_MASK, &[1, 2, 3]);
        m.u32(ifla::EXT_MASK, 0x101);
        m.bytes(ifla::LINK_NETNSID, &[0xff]);
        m.bytes(ifla::LINK_NETNSID, &(-2_i16).to_ne_bytes());
        m.bytes(ifla::LINK_NETNSID, &(-3_i64).to_ne_bytes());
        m.bytes(ifla::LINK_NETNSID, &[1, 2, 3]);
        m.u64(ifla::MTU, u64::MAX);
        m.bytes(ifla::IFNAME, b"a\n\0");
        m.bytes(ifla::IFNAME, b"\xff");
        m.bytes(ifla::ADDRESS, &[]);
    };
    let want = [
        "IFLA_OPERSTATE IF_OPER_UP",
        "IFLA_OPERSTATE 99",
        "IFLA_OPERSTATE ! not a number: 01 02 03",
        "IFLA_EXT_MASK ! not a number: 01 02 03",
        "IFLA_EXT_MASK RTEXT_FILTER_VF|0x100",
        "IFLA_LINK_NETNSID -1",
        "IFLA_LINK_NETNSID -2",
        "IFLA_LINK_NETNSID -3",
        "IFLA_LINK_NETNSID ! not a number: 01 02 03",
        "IFLA_MTU 18446744073709551615",
        "IFLA_IFNAME \"a\\n\"",
        "IFLA_IFNAME \"\\xff\"",
        "IFLA_ADDRESS (nothing)",
    ];
    assert_eq!(link(at), want);
    let ip = attrs(route::RTM_NEWNEIGH, &route::NdMsg::default(), |m| {
        m.bytes(nda::DST, &[10, 0, 0, 1]);
        m.bytes(nda::DST, &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        m.bytes(nda::DST, &[2, 0, 0, 0, 0, 1]);
    });
    assert_eq!(ip, ["NDA_DST 10.0.0.1", "NDA_DST fe80::1", "NDA_DST 02:00:00:00:00:01"]);
    // A flag has no value; if it has, it is shown.
    let flag = |bytes: &[u8]| {
        link(|m| {
            m.nest(ifla::LINKINFO, |m| {
                m.str(info::KIND, b"bridge");
                m.nest(info::DATA, |m| m.bytes(br::FDB_FLUSH, bytes));
            });
        })
        .pop()
        .unwrap()
    };
    assert_eq!(flag(&[]).trim(), "IFLA_BR_FDB_FLUSH");
    assert_eq!(flag(&[1]).trim(), "IFLA_BR_FDB_FLUSH 01");
}

#[test]
fn structs_that_grew_or_were_cut_say_so() {
    let info = |bytes: &[u8]| {
        attrs(route::RTM_NEWNEIGH, &route::NdMsg::default(), |m| m.bytes(nda::CACHEINFO, bytes)).remove(0)
    };
    let (zero, more) = ([0; 16], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6]);
    let whole = "NDA_CACHEINFO {ndm_confirmed 0, ndm_used 0, ndm_updated 0, ndm_refcnt 0}";
    assert_eq!(info(&zero), whole);
    assert_eq!(info(&more), format!("{whole} + 05 06"));
    assert_eq!(info(&zero[..6]), "NDA_CACHEINFO {ndm_confirmed 0} ! 6 of 16 bytes + 00 00");
    assert_eq!(info(&[]), "NDA_CACHEINFO {} ! 0 of 16 bytes");
}

#[test]
fn broken_hops_are_shown_as_bytes() {
    let hops = |bytes: &[u8]| attrs(route::RTM_NEWROUTE, &route::RtMsg::default(), |m| m.bytes(rta::MULTIPATH, bytes));
    let len = |len: u16| len.to_ne_bytes();
    let [a, b] = len(8);
    let (good, [c, d]) = ([a, b, 0, 2, 0, 0, 0, 0], len(50));
    let head = "  rtnexthop {rtnh_len 8, rtnh_flags 0, rtnh_hops 2, rtnh_ifindex 0}";
    assert_eq!(hops(&good), ["RTA_MULTIPATH", head]);
    let bad = [c, d, 0, 0, 0, 0, 0, 0];
    let lines = hops(&[good, bad].concat());
    assert_eq!(lines[..2], ["RTA_MULTIPATH", head]);
    // The fixed header ends at 28, the attribute's at 32, the first hop at 40.
    let want = "  ! rtnexthop at byte 40: says it is 50 bytes long where 8 are left: ";
    assert_eq!(lines[2..], [format!("{want}{c:02x} {d:02x} 00 00 00 00 00 00")]);
    let bytes = message(route::RTM_NEWROUTE, Flags::empty(), |m| {
        m.fixed(&route::RtMsg::default());
        m.bytes(rta::MULTIPATH, &[good, bad].concat());
    });
    let at: Vec<_> = listing(&bytes).iter().map(|line| line[..6].trim().to_owned()).collect();
    assert_eq!(at, ["16", "28", "32", "40"]);
}

#[test]
fn a_list_of_functions_is_a_nest_of_nests() {
    let lines = link(|m| {
        m.nest(ifla::VFINFO_LIST, |m| {
            m.nest(vf_list::VF_INFO, |m| m.bytes(route::vf::MAC, &[1]));
            m.nest(vf_list::VF_INFO, |m| m.nest(route::vf::STATS, |m| m.u64(route::vf_stats::RX_PACKETS, 7)));
        });
    });
    assert_eq!(lines[2], "    IFLA_VF_MAC 01");
    assert_eq!(lines[5], "      IFLA_VF_STATS_RX_PACKETS 7");
}

/// Takes so many bytes, and then no more.
struct Full(String, usize);

impl Write for Full {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if s.len() > self.1 - self.0.len() {
            return Err(fmt::Error);
        }
        self.0.push_str(s);
        Ok(())
    }
}

#[test]
fn a_listing_ends_where_its_writer_does() {
    let mut bytes = message(route::RTM_NEWROUTE, Flags::REQUEST | Flags::CREATE, |m| {
        m.fixed(&route::RtMsg::default());
        m.u32(rta::OIF, 3);
        m.bytes(rta::DST, &[10, 0, 0, 1]);
        m.bytes(rta::GATEWAY, &[2; 6]);
        m.bytes(rta::NEWDST, &[9; 40]);
        m.u8(rta::TTL_PROPAGATE, 1);
        m.bytes(rta::PRIORITY, &[1, 2, 3]);
        m.u32(rta::TABLE, 254);
        m.nest(rta::METRICS, |m| {
            m.str(route::rtax::CC_ALGO, b"bbr");
            m.u32(route::rtax::FEATURES, 0x101);
        });
        m.bytes(rta::CACHEINFO, &[0; 35]);
        m.nest_with(rta::MULTIPATH, &[0; 2], |_| {});
        let [a, b] = 16_u16.to_ne_bytes();
        m.nest_with(rta::MULTIPATH, &[a, b, 1, 0, 0, 0, 0, 0], |m| m.u32(rta::FLOW, 1));
        m.nest(1000 | NLA_F_NESTED, |m| m.nest(1001 | NLA_F_NESTED, |_| {}));
    });
    bytes.extend(message(route::RTM_NEWLINK, Flags::empty(), |m| {
        m.fixed(&route::IfInfoMsg::default());
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, b"veth");
            m.nest(info::DATA, |m| m.nest_with(route::veth::PEER, &[0; 16], |m| m.str(ifla::IFNAME, b"p")));
        });
        m.bytes(ifla::MTU, &[]);
        m.raw(&[1, 0, 0, 0]);
    }));
    bytes.extend(message(NLMSG_DONE, Flags::ACK_TLVS, |m| {
        m.raw(&[0; 4]);
        m.str(nlmsgerr::MSG, b"x");
    }));
    bytes.extend(message(NLMSG_DONE, Flags::empty(), |m| m.raw(&[0; 8])));
    bytes.extend(message(NLMSG_ERROR, Flags::empty(), |m| {
        m.raw(&[0; 4]);
        m.raw(&message(999, Flags::empty(), |m| m.raw(&[1; 4])));
    }));
    bytes.extend(message(NLMSG_ERROR, Flags::CAPPED, |m| m.raw(&[0; 3])));
    bytes.extend([1; 7]);
    let whole = Pretty::new(&bytes, &FAMILY).to_string();
    for most in 0..whole.len() {
        let mut full = Full(String::new(), most);
        assert!(write!(full, "{}", Pretty::new(&bytes, &FAMILY)).is_err(), "{most}");
        assert!(whole.starts_with(&full.0), "{most}");
    }
    assert!(write!(Full(String::new(), whole.len()), "{}", Pretty::new(&bytes, &FAMILY)).is_ok());
}

#[test]
fn control_messages_have_names_in_every_family() {
    for family in [&FAMILY, &nl_core::netfilter::FAMILY] {
        let names: Vec<_> = (0..16).map(|kind| family.message_name(kind)).collect();
        let control = ["NLMSG_NOOP", "NLMSG_ERROR", "NLMSG_DONE", "NLMSG_OVERRUN"].map(Some);
        assert_eq!((names[0], &names[1..5]), (None, &control[..]));
        assert!(names[5..].iter().all(Option::is_none), "{names:?}");
    }
    assert_eq!(FAMILY.message_name(route::RTM_NEWLINK), Some("RTM_NEWLINK"));
}
