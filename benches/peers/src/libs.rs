//! The Rust libraries, each by the fastest way that its documentation shows.

/// netlink-packet-route: messages as trees of enums.
pub mod packet_route {
    use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage};
    use netlink_packet_route::route::{
        RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
    };
    use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
    use std::net::Ipv4Addr;

    fn each(mut buf: &[u8], one: impl Fn(RouteNetlinkMessage) -> u64) -> u64 {
        let mut sum = 0;
        while !buf.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(buf).expect("a message");
            buf = &buf[(message.header.length as usize).next_multiple_of(4).min(buf.len())..];
            if let NetlinkPayload::InnerMessage(inner) = message.payload {
                sum += one(inner);
            }
        }
        sum
    }

    fn address(a: &RouteAddress) -> u64 {
        if let RouteAddress::Inet(a) = a { a.to_bits().into() } else { 0 }
    }

    pub fn routes(buf: &[u8]) -> u64 {
        each(buf, |message| {
            let RouteNetlinkMessage::NewRoute(route) = message else { return 0 };
            let field = |a: &RouteAttribute| match a {
                RouteAttribute::Destination(a) | RouteAttribute::Gateway(a) => address(a),
                RouteAttribute::Oif(n) | RouteAttribute::Priority(n) => (*n).into(),
                _ => 0,
            };
            route.attributes.iter().map(field).sum()
        })
    }

    pub fn links(buf: &[u8]) -> u64 {
        each(buf, |message| {
            let RouteNetlinkMessage::NewLink(link) = message else { return 0 };
            let first = |b: &[u8]| b.first().copied().unwrap_or(0).into();
            let field = |a: &LinkAttribute| match a {
                LinkAttribute::IfName(s) | LinkAttribute::Qdisc(s) => first(s.as_bytes()),
                LinkAttribute::Address(b) => first(b),
                LinkAttribute::Mtu(n)
                | LinkAttribute::Link(n)
                | LinkAttribute::TxQueueLen(n)
                | LinkAttribute::Group(n) => u64::from(*n),
                LinkAttribute::OperState(s) => u8::from(*s).into(),
                LinkAttribute::Mode(m) => u8::from(*m).into(),
                LinkAttribute::Carrier(n) => (*n).into(),
                _ => 0,
            };
            link.attributes.iter().map(field).sum()
        })
    }

    fn write(buf: &mut [u8], message: RouteNetlinkMessage) -> usize {
        let mut header = NetlinkHeader::default();
        header.flags = 0x601;
        header.sequence_number = 7;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
        message.finalize();
        message.serialize(buf);
        message.buffer_len()
    }

    pub fn route(buf: &mut [u8]) -> usize {
        let mut route = RouteMessage::default();
        route.header = RouteHeader {
            address_family: AddressFamily::Inet,
            destination_prefix_length: 24,
            table: 254,
            protocol: RouteProtocol::Boot,
            scope: RouteScope::Universe,
            kind: RouteType::Unicast,
            ..RouteHeader::default()
        };
        route.attributes = vec![
            RouteAttribute::Destination(RouteAddress::Inet(Ipv4Addr::new(10, 1, 2, 0))),
            RouteAttribute::Gateway(RouteAddress::Inet(Ipv4Addr::new(10, 0, 0, 1))),
            RouteAttribute::Oif(3),
            RouteAttribute::Priority(100),
        ];
        write(buf, RouteNetlinkMessage::NewRoute(route))
    }

    pub fn veth(buf: &mut [u8]) -> usize {
        let end = |name: &str, ns| vec![LinkAttribute::IfName(name.into()), LinkAttribute::NetNsFd(ns)];
        let mut peer = LinkMessage::default();
        peer.attributes = end("w0", 6);
        let mut link = LinkMessage::default();
        link.attributes = end("v0", 5);
        link.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        write(buf, RouteNetlinkMessage::NewLink(link))
    }
}

/// netlink-bindings: generated from the kernel's specifications; iterators over the bytes.
pub mod bindings {
    use netlink_bindings::rt_link::{LinkAttrs, OpGetlinkDump};
    use netlink_bindings::rt_route::{OpGetrouteDump, OpNewrouteDo, RouteAttrs, Rtmsg};
    use std::cell::RefCell;
    use std::net::IpAddr;

    /// It leaves the walk over the messages to its socket: this is what that does.
    fn each(mut buf: &[u8], kind: u16, one: impl Fn(&[u8]) -> u64) -> u64 {
        let mut sum = 0;
        while buf.len() >= 16 {
            let len = u32::from_ne_bytes([buf[0], buf[1], buf[2], buf[3]]) as usize;
            if u16::from_ne_bytes([buf[4], buf[5]]) == kind {
                sum += one(&buf[16..len]);
            }
            buf = buf.get(len.next_multiple_of(4)..).unwrap_or_default();
        }
        sum
    }

    fn address(a: IpAddr) -> u64 {
        if let IpAddr::V4(a) = a { a.to_bits().into() } else { 0 }
    }

    pub fn routes(buf: &[u8]) -> u64 {
        each(buf, 24, |message| {
            let (_, attrs) = OpGetrouteDump::decode_request(message);
            let mut sum = 0;
            for attr in attrs {
                sum += match attr.expect("a value") {
                    RouteAttrs::Dst(a) | RouteAttrs::Gateway(a) => address(a),
                    RouteAttrs::Oif(n) | RouteAttrs::Priority(n) => n.into(),
                    _ => 0,
                };
            }
            sum
        })
    }

    pub fn links(buf: &[u8]) -> u64 {
        each(buf, 16, |message| {
            let (_, attrs) = OpGetlinkDump::decode_request(message);
            let mut sum = 0;
            let first = |b: &[u8]| b.first().copied().unwrap_or(0).into();
            for attr in attrs {
                sum += match attr.expect("a value") {
                    LinkAttrs::Ifname(s) | LinkAttrs::Qdisc(s) => first(s.to_bytes()),
                    LinkAttrs::Address(b) => first(b),
                    LinkAttrs::Mtu(n) | LinkAttrs::Link(n) | LinkAttrs::Txqlen(n) | LinkAttrs::Group(n) => n.into(),
                    LinkAttrs::Operstate(n) | LinkAttrs::Linkmode(n) | LinkAttrs::Carrier(n) => n.into(),
                    _ => 0,
                };
            }
            sum
        })
    }

    pub fn route(buf: &mut [u8]) -> usize {
        thread_local!(static OUT: RefCell<Vec<u8>> = RefCell::default());
        OUT.with_borrow_mut(|out| {
            out.clear();
            let mut header = Rtmsg::new();
            (header.rtm_family, header.rtm_dst_len, header.rtm_table) = (2, 24, 254);
            (header.rtm_protocol, header.rtm_type) = (3, 1);
            // The message's header, too, its socket would put in front.
            out.extend_from_slice(&[60, 0, 0, 0, 24, 0, 1, 6, 7, 0, 0, 0, 0, 0, 0, 0]);
            OpNewrouteDo::encode_request(out, &header)
                .push_dst([10, 1, 2, 0].into())
                .push_gateway([10, 0, 0, 1].into())
                .push_oif(3)
                .push_priority(100);
            buf[..out.len()].copy_from_slice(out);
            out.len()
        })
    }
}

/// neli: structs with buffers of attributes.
pub mod neli {
    use neli::consts::nl::{NlTypeWrapper, NlmF};
    use neli::consts::rtnl::{Ifla, RtAddrFamily, RtScope, RtTable, Rta, Rtm, Rtn, Rtprot};
    use neli::nl::{NlPayload, Nlmsghdr, NlmsghdrBuilder};
    use neli::rtnl::{Ifinfomsg, RtattrBuilder, Rtmsg, RtmsgBuilder};
    use neli::types::{Buffer, RtBuffer};
    use neli::{FromBytes, FromBytesWithInput, ToBytes};
    use netns_benches::codec::{be, first};
    use std::fmt::Debug;
    use std::io::Cursor;

    fn each<P>(buf: &[u8], one: impl Fn(&P) -> u64) -> u64
    where
        P: neli::Size + FromBytesWithInput<Input = usize> + Debug,
    {
        let mut at = Cursor::new(buf);
        let mut sum = 0;
        while (at.position() as usize) < buf.len() {
            let message = Nlmsghdr::<NlTypeWrapper, P>::from_bytes(&mut at).expect("a message");
            if let NlPayload::Payload(p) = message.nl_payload() {
                sum += one(p);
            }
        }
        sum
    }

    fn number(b: &[u8]) -> u64 {
        match *b {
            [a] => a.into(),
            [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
            _ => 0,
        }
    }

    pub fn routes(buf: &[u8]) -> u64 {
        each(buf, |route: &Rtmsg| {
            let field = |a: &neli::rtnl::Rtattr<Rta, Buffer>| match a.rta_type() {
                Rta::Dst | Rta::Gateway => be(Some(a.rta_payload().as_ref())),
                Rta::Oif | Rta::Priority => number(a.rta_payload().as_ref()),
                _ => 0,
            };
            route.rtattrs().iter().map(field).sum()
        })
    }

    pub fn links(buf: &[u8]) -> u64 {
        each(buf, |link: &Ifinfomsg| {
            let field = |a: &neli::rtnl::Rtattr<Ifla, Buffer>| match a.rta_type() {
                Ifla::Ifname | Ifla::Address | Ifla::Qdisc => first(Some(a.rta_payload().as_ref())),
                Ifla::Mtu
                | Ifla::Link
                | Ifla::Txqlen
                | Ifla::Group
                | Ifla::Operstate
                | Ifla::Linkmode
                | Ifla::Carrier => number(a.rta_payload().as_ref()),
                _ => 0,
            };
            link.rtattrs().iter().map(field).sum()
        })
    }

    pub fn route(buf: &mut [u8]) -> usize {
        let mut attrs = RtBuffer::new();
        let mut put = |kind, value: &[u8]| {
            attrs.push(RtattrBuilder::default().rta_type(kind).rta_payload(value).build().expect("an attribute"));
        };
        put(Rta::Dst, &[10, 1, 2, 0]);
        put(Rta::Gateway, &[10, 0, 0, 1]);
        put(Rta::Oif, &3_u32.to_ne_bytes());
        put(Rta::Priority, &100_u32.to_ne_bytes());
        let route = RtmsgBuilder::default()
            .rtm_family(RtAddrFamily::Inet)
            .rtm_dst_len(24)
            .rtm_src_len(0)
            .rtm_tos(0)
            .rtm_table(RtTable::Main)
            .rtm_protocol(Rtprot::Boot)
            .rtm_scope(RtScope::Universe)
            .rtm_type(Rtn::Unicast)
            .rtattrs(attrs)
            .build()
            .expect("a route");
        let message = NlmsghdrBuilder::default()
            .nl_type(Rtm::Newroute)
            .nl_flags(NlmF::REQUEST | NlmF::CREATE | NlmF::EXCL)
            .nl_seq(7)
            .nl_pid(0)
            .nl_payload(NlPayload::Payload(route))
            .build()
            .expect("a message");
        let mut out = Cursor::new(Vec::with_capacity(64));
        message.to_bytes(&mut out).expect("bytes");
        let out = out.into_inner();
        buf[..out.len()].copy_from_slice(&out);
        out.len()
    }
}
