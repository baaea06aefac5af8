//! The typed views over what kernels sent: every accessor gives what was asked for, or an error.
#![cfg(target_endian = "little")] // the captures are
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use nl_core::reply::ExtAck;
use nl_core::route::*;
use nl_core::wire::{NLMSG_DONE, NLMSG_ERROR, Wire};
use nl_core::{Attrs, Batch, DecodeError, DecodeErrorKind, Flags, Message, Messages, Msg, Replies, Reply};

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!("golden/", $name, ".bin"))
    };
}

fn messages(capture: &[u8]) -> Vec<Message<'_>> {
    Messages::new(capture).map(Result::unwrap).collect()
}

/// The messages of type `kind` with sequence number `seq`; 0: any.
fn of_kind(capture: &[u8], kind: u16, seq: u32) -> Vec<Message<'_>> {
    let wanted = |m: &Message<'_>| m.kind() == kind && (seq == 0 || m.seq() == seq);
    messages(capture).into_iter().filter(wanted).collect()
}

fn links(capture: &[u8]) -> Vec<Link<'_>> {
    of_kind(capture, RTM_NEWLINK, 0).iter().map(|m| Link::parse(m).unwrap()).collect()
}

fn named<'a>(links: &[Link<'a>], name: &str) -> Link<'a> {
    links.iter().find(|l| l.name().unwrap() == Some(name.as_bytes())).unwrap().clone()
}

fn data<'a>(link: &Link<'a>, kind: &str) -> Attrs<'a> {
    let info = link.info().unwrap().unwrap();
    assert_eq!(info.kind().unwrap(), Some(kind.as_bytes()));
    info.data().unwrap().unwrap()
}

#[test]
fn every_link_has_a_name_an_mtu_and_whole_statistics() {
    for capture in [&golden!("link")[..], golden!("kinds"), golden!("veth")] {
        let links = links(capture);
        assert!(!links.is_empty());
        for link in links {
            assert!(link.name().unwrap().is_some_and(|n| !n.is_empty() && n.len() < 16));
            assert!(link.mtu().unwrap().unwrap() >= 1280);
            assert_eq!(link.attrs.find(ifla::STATS64).unwrap().bytes().len(), 25 * 8);
            assert_eq!(link.attrs.find(ifla::STATS).unwrap().bytes().len(), 24 * 4);
            let (wide, narrow) = (link.stats64().unwrap().unwrap(), link.stats().unwrap());
            assert_eq!(wide.tx_packets.get(), u64::from(narrow.unwrap().tx_packets.get()));
            assert!(link.map().unwrap().is_some());
            assert_eq!(link.attrs.find(ifla::MAP).unwrap().bytes().len(), 32);
            assert!(link.operstate().unwrap().is_some());
            assert_eq!(link.linkmode().unwrap(), Some(link_mode::DEFAULT));
            assert!(link.txqlen().unwrap().is_some() && link.qdisc().unwrap().is_some());
            assert_eq!(link.group().unwrap(), Some(0));
            assert!(link.promiscuity().unwrap().is_some());
            assert!(link.num_tx_queues().unwrap().unwrap() > 0);
            assert!(link.gso_max_size().unwrap().unwrap() >= 65536);
            assert!(link.gro_max_size().unwrap().is_some());
            assert!(link.tso_max_size().unwrap().is_some());
            assert!(link.carrier().unwrap().is_some());
            assert!(link.carrier_changes().unwrap().is_some());
            assert!(link.min_mtu().unwrap().is_some() && link.max_mtu().unwrap().is_some());
            assert_eq!(link.proto_down().unwrap(), Some(0));
            assert!(link.xdp().unwrap().unwrap().find(xdp::ATTACHED).is_some());
            assert!(link.af_spec().unwrap().unwrap().find(af_spec::INET).is_some());
            if link.flags().contains(LinkFlags::LOOPBACK) {
                assert_eq!(link.name().unwrap(), Some(&b"lo"[..]));
                assert_eq!(link.header.kind.get(), arphrd::LOOPBACK);
                assert_eq!(link.netns_immutable().unwrap(), Some(1));
            } else {
                assert_eq!(link.address().unwrap().unwrap().len(), 6);
                assert_eq!(link.header.kind.get(), arphrd::ETHER);
            }
        }
    }
}

#[test]
fn kinds_and_their_settings_are_read() {
    let links = links(golden!("kinds"));
    let index = |name: &str| u32::try_from(named(&links, name).index()).unwrap();

    let (v0, v1, br0) = (named(&links, "v0"), named(&links, "v1"), named(&links, "br0"));
    assert_eq!(v0.mtu().unwrap(), Some(1400));
    assert_eq!(v0.link().unwrap(), Some(index("v1")));
    assert_eq!(v0.link_netnsid().unwrap(), None);
    assert_eq!(v0.master().unwrap(), Some(index("br0")));
    assert_eq!(v0.operstate().unwrap(), Some(OperState::UP));
    assert!(v0.flags().contains(LinkFlags::UP | LinkFlags::LOWER_UP));
    let info = v0.info().unwrap().unwrap();
    assert_eq!(info.kind().unwrap(), Some(&b"veth"[..]));
    assert_eq!(info.slave_kind().unwrap(), Some(&b"bridge"[..]));
    let port = info.slave_data().unwrap().unwrap();
    assert_eq!(port.find(brport::STATE).unwrap().u8(), Ok(br_state::FORWARDING));
    assert_eq!(port.find(brport::COST).unwrap().u32(), Ok(42));
    assert_eq!(port.find(brport::MODE).unwrap().u8(), Ok(1));
    let id = port.find(brport::BRIDGE_ID).unwrap();
    let id = id.prefix::<BridgeId>().unwrap();
    assert_eq!((id.prio.get(), &id.addr[..]), (0x8000, br0.address().unwrap().unwrap()));

    assert_eq!(v1.alias().unwrap(), Some(&b"the other end"[..]));
    let names: Vec<_> = v1.alt_names().collect();
    assert_eq!(names, [&b"first"[..], b"second-and-longer-than-fifteen"]);
    assert_eq!(v0.alt_names().count(), 0);

    let bridge = data(&br0, "bridge");
    assert_eq!(bridge.find(br::FORWARD_DELAY).unwrap().u32(), Ok(400));
    assert_eq!(bridge.find(br::PRIORITY).unwrap().u16(), Ok(0x8000));
    assert_eq!(bridge.find(br::MULTI_BOOLOPT).unwrap().bytes().len(), 8);

    let vx0 = data(&named(&links, "vx0"), "vxlan");
    assert_eq!(vx0.find(vxlan::ID).unwrap().u32(), Ok(42));
    assert_eq!(vx0.find(vxlan::GROUP).unwrap().bytes(), [239, 1, 1, 1]);
    assert_eq!(vx0.find(vxlan::LOCAL).unwrap().bytes(), [10, 0, 0, 1]);
    assert_eq!(vx0.find(vxlan::LINK).unwrap().u32(), Ok(index("v1")));
    assert_eq!(vx0.find(vxlan::PORT).unwrap().be16(), Ok(4789));
    assert_eq!(vx0.find(vxlan::TTL).unwrap().u8(), Ok(7));
    let ports = vx0.find(vxlan::PORT_RANGE).unwrap();
    let ports = ports.prefix::<PortRange>().unwrap();
    assert_eq!((ports.low.get(), ports.high.get()), (1000, 2000));
    let vx6 = data(&named(&links, "vx6"), "vxlan");
    assert_eq!(vx6.find(vxlan::GROUP6).unwrap().bytes().len(), 16);
    assert_eq!(vx6.find(vxlan::UDP_ZERO_CSUM6_RX).unwrap().u8(), Ok(1));

    let macvlan_data = data(&named(&links, "mv0"), "macvlan");
    assert_eq!(macvlan_data.find(macvlan::MODE).unwrap().u32(), Ok(macvlan_mode::BRIDGE));
    assert_eq!(named(&links, "mv0").link().unwrap(), Some(index("v1")));
}

#[test]
fn the_other_end_of_a_veth_is_known_by_namespace_id() {
    let link = named(&links(golden!("veth")), "w0");
    assert_eq!(link.link_netnsid().unwrap(), Some(7));
    assert!(link.link().unwrap().is_some_and(|index| index > 0));
}

#[test]
fn a_bridge_tells_its_ports_in_its_own_family() {
    let links = links(golden!("bridge"));
    let port = named(&links, "v0");
    assert_eq!(port.header.family, af::BRIDGE);
    let state = port.protinfo().unwrap().unwrap().find(brport::COST).unwrap();
    assert_eq!(state.u32(), Ok(42));
}

#[test]
fn ipv6_addresses_have_flags_and_lifetimes() {
    let addrs = of_kind(golden!("addr6"), RTM_NEWADDR, 0);
    let addrs: Vec<_> = addrs.iter().map(|m| Addr::parse(m).unwrap()).collect();
    assert!(addrs.iter().all(|a| a.header.family == af::INET6));
    let find = |own: &str| {
        let own: std::net::Ipv6Addr = own.parse().unwrap();
        addrs.iter().find(|a| a.own().unwrap() == Some(&own.octets()[..])).unwrap().clone()
    };
    let plain = find("2001:db8::1");
    assert_eq!((plain.header.prefix_len, plain.local().unwrap()), (64, None));
    assert_eq!(plain.flags().unwrap(), AddrFlags::NODAD | AddrFlags::PERMANENT);
    assert_eq!(plain.cacheinfo().unwrap().unwrap().valid.get(), u32::MAX);
    let peer = find("2001:db8:1::1");
    assert_eq!(peer.header.prefix_len, 128);
    assert_eq!(peer.address().unwrap().unwrap()[15], 2);
    let info = peer.cacheinfo().unwrap().unwrap();
    assert!((990..=1000).contains(&info.valid.get()));
    assert!((490..=500).contains(&info.preferred.get()));
    let local = addrs.iter().find(|a| a.header.scope == rt_scope::LINK).unwrap();
    assert_eq!(local.proto().unwrap(), Some(ifaprot::KERNEL_LL));
}

#[test]
fn hops_have_attributes_of_their_own() {
    let v4 = of_kind(golden!("multipath"), RTM_NEWROUTE, 4);
    let mut routes = v4.iter().map(|m| Route::parse(m).unwrap());
    let route = routes.rfind(|r| r.attrs.find(rta::MULTIPATH).is_some()).unwrap();
    assert_eq!((route.dst().unwrap(), route.header.dst_len), (Some(&[10, 9, 0, 0][..]), 16));
    assert_eq!((route.table().unwrap(), route.header.kind), (254, rtn::UNICAST));
    let hops: Vec<_> = route.multipath().unwrap().unwrap().map(Result::unwrap).collect();
    assert_eq!(hops.iter().map(|h| h.header.hops).collect::<Vec<_>>(), [2, 0, 0]);
    let gateway = |h: &NextHop<'_>| h.attrs.find(rta::GATEWAY).map(|a| a.bytes().to_vec());
    assert_eq!(gateway(&hops[0]), Some(vec![10, 0, 0, 2]));
    assert_eq!(gateway(&hops[1]), Some(vec![10, 0, 0, 3]));
    assert_eq!(gateway(&hops[2]), None);
    let (family, address) = via(&hops[2].attrs.find(rta::VIA).unwrap()).unwrap();
    assert_eq!((family, address[..2].to_vec(), address.len()), (10, vec![0xfe, 0x80], 16));
    let flags = RouteFlags::from_bits_retain(hops[2].header.flags.into());
    assert!(flags.contains(RouteFlags::ONLINK));
    // The place of an attribute is counted from the message's start.
    let at = hops[1].attrs.find(rta::GATEWAY).unwrap().at();
    assert_eq!(v4.last().unwrap().bytes()[at + 4..at + 8], [10, 0, 0, 3]);

    let v6 = of_kind(golden!("multipath"), RTM_NEWROUTE, 5);
    let mut v6 = v6.iter().map(|m| Route::parse(m).unwrap());
    let route = v6.find(|r| r.header.dst_len == 48).unwrap();
    assert_eq!(route.priority().unwrap(), Some(77));
    let weights: Vec<_> = route.multipath().unwrap().unwrap().map(|h| h.unwrap().header.hops).collect();
    assert_eq!(weights, [0, 4]);

    let table = of_kind(golden!("multipath"), RTM_NEWROUTE, 6);
    let route = Route::parse(&table[0]).unwrap();
    assert_eq!(route.table().unwrap(), 1000);
    assert_eq!(u32::from(route.header.table), rt_table::COMPAT);
    assert_eq!(route.header.protocol, rtprot::BIRD);
    assert_eq!(route.via().unwrap().map(|v| v.0), Some(10));
    assert_eq!(route.prefsrc().unwrap(), Some(&[10, 0, 0, 1][..]));
    let metrics = route.metrics().unwrap().unwrap();
    assert_eq!(metrics.find(rtax::MTU).unwrap().u32(), Ok(1300));
    assert_eq!(metrics.find(rtax::ADVMSS).unwrap().u32(), Ok(1200));
    assert_eq!(route.multipath().unwrap().map_or(0, Iterator::count), 0);
}

#[test]
fn rules_say_all_they_match() {
    let rules = of_kind(golden!("rule"), RTM_NEWRULE, 7);
    let rules: Vec<_> = rules.iter().map(|m| Rule::parse(m).unwrap()).collect();
    let by = |priority: u32| rules.iter().find(|r| r.priority().unwrap().unwrap_or(0) == priority).unwrap().clone();
    let full = by(100);
    assert_eq!((full.src().unwrap(), full.header.src_len), (Some(&[10, 0, 0, 0][..]), 8));
    assert_eq!((full.dst().unwrap(), full.header.dst_len), (Some(&[10, 1, 0, 0][..]), 16));
    assert_eq!(full.iifname().unwrap(), Some(&b"v0"[..]));
    assert_eq!(full.oifname().unwrap(), Some(&b"v1"[..]));
    assert_eq!((full.fwmark().unwrap(), full.fwmask().unwrap()), (Some(5), Some(0xff)));
    let uids = full.uid_range().unwrap().unwrap();
    assert_eq!((uids.start.get(), uids.end.get()), (1000, 2000));
    assert_eq!(full.ip_proto().unwrap(), Some(6));
    let ports = full.sport_range().unwrap().unwrap();
    assert_eq!((ports.start.get(), ports.end.get()), (80, 90));
    let ports = full.dport_range().unwrap().unwrap();
    assert_eq!((ports.start.get(), ports.end.get()), (443, 443));
    assert_eq!((full.table().unwrap(), full.header.action), (1000, fr_act::TO_TBL));
    assert!(by(50).flags().contains(RuleFlags::INVERT));
    assert_eq!((by(50).header.action, by(50).goto().unwrap()), (fr_act::GOTO, Some(100)));
    assert_eq!(by(60).header.action, fr_act::BLACKHOLE);
    assert_eq!(by(70).suppress_prefixlen().unwrap(), Some(0));
    assert_eq!((by(32766).table().unwrap(), by(0).table().unwrap()), (254, 255));
    assert_eq!(of_kind(golden!("rule"), RTM_NEWRULE, 8).len(), 3);
}

#[test]
fn neighbours_and_addresses_of_the_large_captures_are_whole() {
    let neighbours = of_kind(golden!("neigh"), RTM_NEWNEIGH, 0);
    assert!(!neighbours.is_empty());
    for m in neighbours {
        let n = Neigh::parse(&m).unwrap();
        assert!(matches!(n.dst().unwrap().unwrap().len(), 4 | 16));
        assert!(n.lladdr().unwrap().is_none_or(|mac| mac.len() == 6));
        assert!(n.cacheinfo().unwrap().is_some() && n.probes().unwrap().is_some());
        assert!(!n.state().is_empty() && n.ext_flags().unwrap().is_empty());
    }
    for m in of_kind(golden!("addr"), RTM_NEWADDR, 0) {
        let a = Addr::parse(&m).unwrap();
        assert!(a.own().unwrap().is_some() && a.cacheinfo().unwrap().is_some());
        assert!(a.flags().unwrap().contains(AddrFlags::PERMANENT));
    }
}

#[test]
fn namespace_ids_are_read_and_none_is_minus_one() {
    let ids = of_kind(golden!("nsid"), RTM_NEWNSID, 11);
    let ids: Vec<_> = ids.iter().map(|m| Nsid::parse(m).unwrap().nsid().unwrap()).collect();
    assert!(ids.contains(&Some(7)) && ids.len() == 2);
    let own = of_kind(golden!("nsid"), RTM_NEWNSID, 12);
    assert_eq!(Nsid::parse(&own[0]).unwrap().nsid().unwrap(), Some(NSID_NOT_ASSIGNED));
}

#[test]
fn an_acknowledgement_completes_and_a_dump_ends_with_done() {
    let capture = messages(golden!("ack"));
    let mut replies = Replies::new(capture[0].seq(), 1, 0);
    assert!(matches!(replies.accept(capture[1]).unwrap(), (9, Reply::Ack(_))));
    assert!(replies.is_complete());
    let dump = messages(golden!("kinds"));
    let (last, rest) = dump.split_last().unwrap();
    assert_eq!(last.kind(), NLMSG_DONE);
    let mut replies = Replies::new(1, 1, 0);
    assert!(rest.iter().all(|m| matches!(replies.accept(*m), Ok((1, Reply::Data(_))))));
    assert!(matches!(replies.accept(*last), Ok((1, Reply::Done(_)))) && replies.is_complete());
}

/// The request and what the kernel said to it.
fn refused(capture: &[u8]) -> (Message<'_>, i32, ExtAck<'_>) {
    let capture = messages(capture);
    assert_eq!((capture.len(), capture[1].kind()), (2, NLMSG_ERROR));
    match Replies::new(capture[0].seq(), 1, 0).accept(capture[1]).unwrap().1 {
        Reply::Error { errno, ext } => (capture[0], errno, ext),
        other => panic!("{other:?}"),
    }
}

/// What the offset in `ext` points to.
fn place(request: &Message<'_>, ext: &ExtAck<'_>) -> String {
    let at = ext.offset.map(|at| at as usize);
    FAMILY.locate(request, at, None).unwrap().to_string()
}

#[test]
fn errors_name_the_attribute_also_inside_a_peer() {
    let (request, errno, ext) = refused(golden!("error_offset"));
    let peer = "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_IFNAME";
    assert_eq!((errno, place(&request, &ext).as_str()), (34, peer));
    let (request, errno, ext) = refused(golden!("error_policy"));
    assert_eq!((errno, place(&request, &ext).as_str()), (34, "IFLA_MTU"));
    assert!(ext.message.is_some());
    let (request, errno, ext) = refused(golden!("error_text"));
    assert_eq!((errno, place(&request, &ext).as_str()), (17, "NETNSA_FD"));
    assert_eq!(ext.message, Some("Peer netns already has a nsid assigned"));
    let (_, errno, ext) = refused(golden!("error_missing"));
    assert_eq!((errno, ext.missing_type, ext.missing_nest), (22, Some(1), None));
}

#[test]
fn hops_never_panic_and_end_after_the_first_error() {
    let v4 = of_kind(golden!("multipath"), RTM_NEWROUTE, 4);
    let attr = v4.iter().rev().find_map(|m| m.attrs_from(12).find(rta::MULTIPATH)).unwrap();
    let whole = attr.bytes();
    for cut in 0..whole.len() {
        let mut message = vec![0; 4];
        message[..2].copy_from_slice(&u16::try_from(4 + cut).unwrap().to_ne_bytes());
        message.extend(&whole[..cut]);
        let attr = Attrs::new(&message, 28).next().unwrap().unwrap();
        let mut hops = NextHops::new(&attr);
        let errors = hops.by_ref().filter(Result::is_err).count();
        assert!(errors <= 1 && hops.next().is_none());
    }
    // A length of 0 must not loop.
    let zero = [12, 0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    let attr = Attrs::new(&zero, 28).next().unwrap().unwrap();
    let error = NextHops::new(&attr).next().unwrap().unwrap_err();
    assert_eq!((error.what, error.at), ("rtnexthop", 32));
    assert_eq!(error.kind, DecodeErrorKind::BadLength { len: 0, have: 8 });
}

#[test]
fn a_value_of_another_size_fails_its_accessor_and_says_which_way() {
    let mut buf = [0; 128];
    let mut batch = Batch::new(&mut buf);
    let fill = |m: &mut Msg<'_>| {
        m.fixed(&IfInfoMsg::default());
        m.u16(ifla::MTU, 1500);
        m.u64(ifla::TXQLEN, 1000);
        m.str(ifla::IFNAME, b"v\xff0");
        m.bytes(ifla::OPERSTATE, &[]);
        m.u32(ifla::GROUP, 3);
    };
    batch.message(RTM_NEWLINK, Flags::empty(), 1, fill).unwrap();
    let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
    let link = Link::parse(&message).unwrap();
    let kind = DecodeErrorKind::Truncated { need: 4, have: 2 };
    assert_eq!(link.mtu(), Err(DecodeError { what: "IFLA_MTU", at: 36, kind }));
    let kind = DecodeErrorKind::TooLong { need: 4, have: 8 };
    assert_eq!(link.txqlen(), Err(DecodeError { what: "IFLA_TXQLEN", at: 44, kind }));
    let name = link.attrs.find(ifla::IFNAME).unwrap();
    assert_eq!(name.str(), Err(DecodeError { what: "attribute", at: 56, kind: DecodeErrorKind::NotUtf8 }));
    assert_eq!(link.name().unwrap(), Some(&b"v\xff0"[..]));
    let kind = DecodeErrorKind::Truncated { need: 1, have: 0 };
    assert_eq!(link.operstate().unwrap_err().kind, kind);
    assert_eq!((link.group(), link.master()), (Ok(Some(3)), Ok(None)));
}

#[test]
fn what_a_header_has_no_room_for_fails_as_its_attribute_does() {
    fn read<H: Wire, R>(fixed: H, kind: u16, get: impl Fn(&Message<'_>) -> R) -> R {
        let mut buf = [0; 64];
        let mut batch = Batch::new(&mut buf);
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&fixed);
            m.u16(kind, 7);
        };
        batch.message(RTM_NEWROUTE, Flags::empty(), 1, fill).unwrap();
        get(&Messages::new(batch.bytes()).next().unwrap().unwrap())
    }
    let what = |error: Option<DecodeError>| error.map(|e| e.what);
    let table = read(RtMsg::default(), rta::TABLE, |m| Route::parse(m).unwrap().table().err());
    assert_eq!(what(table), Some("RTA_TABLE"));
    let table = read(FibRuleHdr::default(), fra::TABLE, |m| Rule::parse(m).unwrap().table().err());
    assert_eq!(what(table), Some("FRA_TABLE"));
    let flags = read(IfAddrMsg::default(), ifa::FLAGS, |m| Addr::parse(m).unwrap().flags().err());
    assert_eq!(what(flags), Some("IFA_FLAGS"));
    let flags = read(NdMsg::default(), nda::FLAGS_EXT, |m| Neigh::parse(m).unwrap().ext_flags().err());
    assert_eq!(what(flags), Some("NDA_FLAGS_EXT"));
    let router = NdMsg { flags: 0x88, state: 0x82.into(), ..Default::default() };
    let bits = |m: &Message<'_>| Neigh::parse(m).map(|n| (n.flags(), n.state())).unwrap();
    let want = (NeighFlags::ROUTER | NeighFlags::PROXY, NeighState::PERMANENT | NeighState::REACHABLE);
    assert_eq!(read(router, nda::VLAN, bits), want);
    // Without the attribute it is the header's.
    let header = |m: &Message<'_>| Route::parse(m).unwrap().table().unwrap();
    assert_eq!(read(RtMsg { table: 9, ..Default::default() }, rta::UID, header), 9);
    let header = |m: &Message<'_>| Addr::parse(m).unwrap().flags().unwrap();
    assert_eq!(read(IfAddrMsg { flags: 0x80, ..Default::default() }, ifa::LABEL, header), AddrFlags::PERMANENT);
}

#[test]
fn attributes_that_are_wider_than_the_header_count_more() {
    fn read<H: Wire, R>(fixed: H, kind: u16, get: impl Fn(&Message<'_>) -> R) -> R {
        let mut buf = [0; 64];
        let mut batch = Batch::new(&mut buf);
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&fixed);
            m.u32(kind, 0x305);
        };
        batch.message(RTM_NEWROUTE, Flags::empty(), 1, fill).unwrap();
        get(&Messages::new(batch.bytes()).next().unwrap().unwrap())
    }
    let table = read(RtMsg { table: 9, ..Default::default() }, rta::TABLE, |m| Route::parse(m).unwrap().table());
    assert_eq!(table, Ok(0x305));
    let table = read(FibRuleHdr { table: 9, ..Default::default() }, fra::TABLE, |m| Rule::parse(m).unwrap().table());
    assert_eq!(table, Ok(0x305));
    let flags = read(IfAddrMsg { flags: 9, ..Default::default() }, ifa::FLAGS, |m| Addr::parse(m).unwrap().flags());
    assert_eq!(flags.unwrap().bits(), 0x305);
    let flags = read(NdMsg { flags: 9, ..Default::default() }, nda::FLAGS_EXT, |m| {
        let neigh = Neigh::parse(m).unwrap();
        (neigh.ext_flags().unwrap().bits(), neigh.flags().bits())
    });
    assert_eq!(flags, (0x305, 9));
    let flags =
        read(RtMsg { flags: 0x1004.into(), ..Default::default() }, rta::OIF, |m| Route::parse(m).unwrap().flags());
    assert_eq!(flags, RouteFlags::ONLINK | RouteFlags::ROUTE_LOOKUP_TABLE);
    let flags =
        read(FibRuleHdr { flags: 6.into(), ..Default::default() }, fra::GOTO, |m| Rule::parse(m).unwrap().flags());
    assert_eq!(flags, RuleFlags::INVERT | RuleFlags::UNRESOLVED);
    let fixed = IfInfoMsg { index: (-3).into(), flags: 0x41.into(), ..Default::default() };
    let link = read(fixed, ifla::MTU, |m| Link::parse(m).map(|l| (l.index(), l.flags(), l.mtu())).unwrap());
    assert_eq!(link, (-3, LinkFlags::UP | LinkFlags::RUNNING, Ok(Some(0x305))));
}
