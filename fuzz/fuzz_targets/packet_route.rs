//! The same bytes, read by us and by netlink-packet-route: the same lists of attributes and the
//! same verdict on them; and of a message that it takes, the same header and attributes.
//!
//! It refuses a message for one value that it does not understand, which we do not: then only the
//! lists are compared.

#![no_main]

use netlink_packet_core::{NetlinkBuffer, Nla, NlasIterator, ParseableParametrized};
use netlink_packet_route::RouteNetlinkMessage as Theirs;
use nl_core::wire::{ATTR_HDRLEN, MSG_HDRLEN};
use nl_core::{Attrs, Message, Messages, route};
use std::panic::{catch_unwind, set_hook, take_hook};

/// Compares a list, and what may be nested in it.
fn lists(bytes: &[u8], at: usize, depth: usize) {
    let mut theirs = NlasIterator::new(bytes);
    for attr in Attrs::new(bytes, at) {
        let other = theirs.next().expect("they end earlier");
        assert_eq!(attr.is_ok(), other.is_ok(), "{attr:?} {other:?}");
        let (Ok(attr), Ok(other)) = (attr, other) else { break };
        assert_eq!((attr.kind(), attr.bytes()), (other.kind(), other.value()));
        assert_eq!(attr.is_nested(), other.nested_flag());
        assert_eq!(attr.is_net_byteorder(), other.network_byte_order_flag());
        if depth < 4 {
            lists(attr.bytes(), attr.at() + ATTR_HDRLEN, depth + 1);
        }
    }
    assert!(theirs.next().is_none(), "they end later");
}

/// Attributes whose value is one integer: they have to be the same number in both.
type Plain = &'static [u16];

/// Compares the attributes of a message that they have understood.
fn same<T: Nla>(theirs: &[T], ours: Attrs<'_>, plain: Plain) {
    let ours: Vec<_> = ours.map(|attr| attr.expect("they found no fault in the list")).collect();
    let kinds: Vec<_> = theirs.iter().map(|attr| attr.kind() & 0x3fff).collect();
    assert_eq!(kinds, ours.iter().map(|attr| attr.kind()).collect::<Vec<_>>());
    for (theirs, ours) in theirs.iter().zip(&ours).filter(|(_, ours)| plain.contains(&ours.kind())) {
        let mut value = vec![0; theirs.value_len()];
        theirs.emit_value(&mut value);
        assert_eq!(value, ours.bytes(), "{}", ours.kind());
    }
}

fn message(message: &Message<'_>) {
    let (kind, payload) = (message.kind(), message.payload());
    // What panics there is no verdict.
    let Ok(Ok(theirs)) = catch_unwind(|| Theirs::parse_with_param(payload, kind)) else { return };
    // Requests without a whole fixed header, as old programs send them, they take; we do not.
    let short = route::FAMILY.find(kind).is_some_and(|spec| payload.len() < spec.fixed.size);
    if short {
        return;
    }
    match theirs {
        Theirs::NewLink(theirs) | Theirs::DelLink(theirs) | Theirs::GetLink(theirs) | Theirs::SetLink(theirs) => {
            use route::ifla::*;
            let ours = route::Link::parse(message).expect("they have");
            assert_eq!((ours.index(), ours.flags().bits()), (theirs.header.index as i32, theirs.header.flags.bits()));
            // Types that they have no name for all become 0xffff.
            let layer = u16::from(theirs.header.link_layer_type);
            assert!(layer == ours.header.kind.get() || layer == route::arphrd::VOID);
            let plain = &[MTU, LINK, MASTER, TXQLEN, GROUP, NUM_TX_QUEUES, NUM_RX_QUEUES, MIN_MTU, MAX_MTU, NET_NS_FD];
            same(&theirs.attributes, ours.attrs, plain);
        }
        Theirs::NewAddress(theirs) | Theirs::DelAddress(theirs) | Theirs::GetAddress(theirs) => {
            use route::ifa::*;
            let ours = route::Addr::parse(message).expect("they have");
            assert_eq!(
                (ours.header.index.get(), ours.header.prefix_len),
                (theirs.header.index, theirs.header.prefix_len)
            );
            same(&theirs.attributes, ours.attrs, &[ADDRESS, LOCAL, FLAGS, RT_PRIORITY, PROTO]);
        }
        Theirs::NewRoute(theirs) | Theirs::DelRoute(theirs) | Theirs::GetRoute(theirs) => {
            use route::rta::*;
            let ours = route::Route::parse(message).expect("they have");
            let (a, b) = (&theirs.header, ours.header);
            assert_eq!((a.destination_prefix_length, a.source_prefix_length), (b.dst_len, b.src_len));
            assert_eq!((a.table, u8::from(a.protocol), u8::from(a.kind)), (b.table, b.protocol, b.kind));
            same(&theirs.attributes, ours.attrs, &[IIF, OIF, PRIORITY, TABLE, MARK, EXPIRES, UID]);
        }
        Theirs::NewNeighbour(theirs) | Theirs::DelNeighbour(theirs) | Theirs::GetNeighbour(theirs) => {
            use route::nda::*;
            let ours = route::Neigh::parse(message).expect("they have");
            assert_eq!(theirs.header.ifindex as i32, ours.header.index.get());
            same(&theirs.attributes, ours.attrs, &[LLADDR, PROBES, VLAN, PORT, VNI, IFINDEX, SRC_VNI]);
        }
        Theirs::NewRule(theirs) | Theirs::DelRule(theirs) | Theirs::GetRule(theirs) => {
            use route::fra::*;
            let ours = route::Rule::parse(message).expect("they have");
            assert_eq!((theirs.header.dst_len, theirs.header.src_len), (ours.header.dst_len, ours.header.src_len));
            same(&theirs.attributes, ours.attrs, &[GOTO, PRIORITY, FWMARK, FWMASK, TABLE, FLOW, UID_RANGE]);
        }
        Theirs::NewNsId(theirs) | Theirs::DelNsId(theirs) | Theirs::GetNsId(theirs) => {
            let ours = route::Nsid::parse(message).expect("they have");
            same(&theirs.attributes, ours.attrs, &[1, 2, 3, 4, 5]);
        }
        _ => {}
    }
}

libfuzzer_sys::fuzz_target!(
    init: {
        // A panic inside of theirs is caught; any other ends the process all the same.
        let abort = take_hook();
        set_hook(Box::new(move |panic| {
            if !panic.location().is_some_and(|at| at.file().contains("netlink-packet-")) {
                abort(panic);
            }
        }));
    },
    |bytes: &[u8]| {
        for (at, ours) in Messages::new(bytes).map_while(Result::ok).map(|m| {
            (m.bytes().as_ptr() as usize - bytes.as_ptr() as usize, m)
        }) {
            let theirs = NetlinkBuffer::new_checked(&bytes[at..]).expect("they have");
            assert_eq!((theirs.message_type(), theirs.flags()), (ours.kind(), ours.flags().bits()));
            assert_eq!((theirs.sequence_number(), theirs.port_number()), (ours.seq(), ours.pid()));
            assert_eq!(theirs.payload(), ours.payload());
            let fixed = route::FAMILY.find(ours.kind()).map_or(0, |spec| spec.fixed.size).next_multiple_of(4);
            lists(ours.attrs_from(fixed).bytes(), MSG_HDRLEN + fixed.min(ours.payload().len()), 0);
            message(&ours);
        }
    }
);
