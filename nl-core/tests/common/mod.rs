//! What tests and fuzz targets share: reading everything there is in some bytes ([`touch`],
//! [`touch_replies`]) and a list of operations to encode and find again ([`Message`]).

#![allow(dead_code, reason = "each test and fuzz target uses a part")]
#![allow(clippy::as_conversions, clippy::arithmetic_side_effects, reason = "not the product")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "it shall fail")]

use core::fmt::{self, Write};
use core::hint::black_box;
use nl_core::decode::{Attr, Attrs, Message as Decoded, Messages};
use nl_core::pretty::Pretty;
use nl_core::route;
use nl_core::wire::{ATTR_HDRLEN, GenlMsgHdr, NLA_TYPE_MASK, NlMsgErr, Wire, align4};
use nl_core::{Batch, EncodeError, Flags, Msg, Replies, Reply, netfilter, reply};

/// What [`touch`] saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) messages: usize,
    pub(crate) attrs: usize,
    /// Broken messages and lists, and values that a view of the message's own type cannot read.
    pub(crate) errors: usize,
}

/// Reads everything in `bytes` in every way there is, and checks what must always hold.
/// Allocates nothing.
pub(crate) fn touch(bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let mut at = 0;
    for message in Messages::new(bytes) {
        match message {
            Ok(message) => {
                seen.messages += 1;
                assert_eq!(message.bytes(), &bytes[at..at + message.bytes().len()]);
                at += align4(message.bytes().len());
                touch_message(&message, &mut seen);
            }
            Err(e) => {
                seen.errors += 1;
                assert_eq!(e.at, at);
                write!(Sink, "{e} {e:?}").unwrap();
            }
        }
    }
    for family in [&route::FAMILY, &netfilter::FAMILY] {
        write!(Sink, "{}", Pretty::new(bytes, family)).unwrap();
    }
    touch_replies(0, u32::MAX, 0, bytes);
    seen
}

fn touch_message(message: &Decoded<'_>, seen: &mut Seen) {
    black_box((message.kind(), message.flags(), message.seq(), message.pid()));
    let spec = route::FAMILY.find(message.kind()).or_else(|| netfilter::FAMILY.find(message.kind()));
    let fixed = spec.map_or(0, |s| s.fixed.size);
    let before = seen.errors;
    touch_attrs(message, message.attrs_from(fixed), 0, seen);
    if spec.is_none() {
        seen.errors = before; // nobody said that there are attributes
    }
    seen.errors += touch_views(message, spec.map_or("", |s| s.fixed.name));
    touch_rules(message);
    black_box(reply::ExtAck::parse(message.attrs_from(size_of::<NlMsgErr>())));
    black_box(reply::answered(message));
    let len = message.bytes().len();
    for at in [0, 15, 16, 17, 16 + fixed, 20 + fixed, len / 2, len, usize::MAX] {
        for missing in [None, Some(0), Some(1), Some(u16::MAX)] {
            let path = route::FAMILY.locate(message, Some(at), missing);
            path.iter().for_each(|path| write!(Sink, "{path}").unwrap());
        }
    }
}

/// Every list below `list`, taking any value for a list that is marked as one or might be.
fn touch_attrs(message: &Decoded<'_>, list: Attrs<'_>, depth: usize, seen: &mut Seen) {
    for attr in list {
        match attr {
            Ok(attr) => {
                seen.attrs += 1;
                touch_attr(message, &attr);
                if depth < 6 {
                    let mut below = Seen::default();
                    touch_attrs(message, attr.attrs(), depth + 1, &mut below);
                    if depth == 0 {
                        for skip in [1, 8, usize::MAX] {
                            touch_attrs(message, attr.attrs_from(skip), depth + 1, &mut below);
                        }
                    }
                    for hop in route::NextHops::new(&attr) {
                        let Ok(hop) = hop else { break };
                        touch_attrs(message, hop.attrs, depth + 1, &mut below);
                    }
                    seen.attrs += below.attrs; // its errors are no errors: it may not be a nest
                }
            }
            Err(e) => {
                seen.errors += 1;
                assert!(e.at <= message.bytes().len());
                write!(Sink, "{e}").unwrap();
            }
        }
    }
}

fn touch_attr(message: &Decoded<'_>, a: &Attr<'_>) {
    let value = a.at() + ATTR_HDRLEN;
    assert_eq!(message.bytes()[value..value + a.bytes().len()], *a.bytes());
    assert!(a.covers(a.at()) && a.covers(value - 1) && !a.covers(value + a.bytes().len()));
    assert_eq!(a.kind(), a.raw_kind() & NLA_TYPE_MASK);
    black_box((a.is_nested(), a.is_net_byteorder(), a.name(), a.str().is_ok()));
    let sizes = [a.u8().is_ok(), a.u16().is_ok(), a.u32().is_ok(), a.u64().is_ok()];
    assert_eq!(sizes, [1, 2, 4, 8].map(|size| a.bytes().len() == size));
    assert_eq!(sizes[1..], [a.be16().is_ok(), a.be32().is_ok(), a.be64().is_ok()]);
    assert_eq!(sizes[2..], [a.i32().is_ok(), a.i64().is_ok()]);
    assert_eq!(a.prefix::<NlMsgErr>().is_ok(), a.bytes().len() >= size_of::<NlMsgErr>());
    let extended = a.zero_extended::<route::Stats64>();
    if let Ok(prefix) = a.prefix::<route::Stats64>() {
        assert_eq!(*prefix, extended);
    }
    black_box(route::via(a).is_ok());
}

macro_rules! views {
    ($($view:ident($fixed:ident): $($get:ident)*;)*) => {
        /// Every accessor of every view. Of those of the message's own type, how many failed.
        fn touch_views(message: &Decoded<'_>, own: &str) -> usize {
            let mut errors = 0;
            $({
                let mut failed = 0;
                match route::$view::parse(message) {
                    Ok(view) => { $(failed += usize::from(black_box(view.$get()).is_err());)* }
                    Err(_) => failed += 1,
                }
                if route::$fixed::SPEC.name == own {
                    errors += failed;
                }
            })*
            if let Ok(link) = route::Link::parse(message) {
                black_box((link.index(), link.flags()));
                let found = link.attrs.find(route::ifla::IFNAME);
                assert_eq!(link.name().unwrap(), found.map(|a| a.name()), "the last of its type");
                link.alt_names().for_each(|name| { black_box(name); });
                if let Ok(Some(info)) = link.info() {
                    black_box((info.kind().is_ok(), info.data().is_ok(), info.xstats().is_ok()));
                    black_box((info.slave_kind().is_ok(), info.slave_data().is_ok()));
                }
            }
            if let Ok(neigh) = route::Neigh::parse(message) {
                black_box((neigh.state(), neigh.flags()));
            }
            if let Ok(route) = route::Route::parse(message) {
                black_box(route.flags());
                let hops = route.multipath().unwrap().into_iter().flatten().filter_map(Result::ok);
                hops.flat_map(|hop| hop.attrs).for_each(|a| { black_box(a).ok(); });
            }
            if let Ok(rule) = route::Rule::parse(message) {
                black_box(rule.flags());
            }
            errors
        }
    };
}

views! {
    Addr(IfAddrMsg): address local label broadcast anycast cacheinfo multicast rt_priority
        target_netnsid proto flags own;
    Link(IfInfoMsg): address broadcast name mtu link qdisc stats stats64 master protinfo txqlen map
        linkmode alias num_vf vfinfo_list af_spec group promiscuity num_tx_queues num_rx_queues
        carrier phys_port_id carrier_changes phys_switch_id link_netnsid phys_port_name proto_down
        proto_down_reason gso_max_segs gso_max_size xdp event new_netnsid target_netnsid
        carrier_up_count carrier_down_count new_ifindex min_mtu max_mtu prop_list perm_address
        parent_dev_name parent_dev_bus_name gro_max_size tso_max_size tso_max_segs allmulti
        gso_ipv4_max_size gro_ipv4_max_size netns_immutable headroom tailroom operstate info;
    Neigh(NdMsg): dst lladdr cacheinfo probes vlan port vni via_ifindex master link_netnsid src_vni
        protocol nh_id ext_flags;
    NetConf(NetConfMsg): ifindex forwarding rp_filter mc_forwarding proxy_neigh
        ignore_routes_with_linkdown;
    NextHopObject(NhMsg): id group oif gateway;
    Nsid(RtGenMsg): nsid current_nsid;
    Route(RtMsg): dst src iif oif gateway priority prefsrc metrics flow cacheinfo mark newdst pref
        encap_type encap expires uid nh_id table via;
    Rule(FibRuleHdr): dst src iifname oifname goto priority fwmark fwmask flow tun_id
        suppress_ifgroup suppress_prefixlen l3mdev uid_range protocol ip_proto sport_range
        dport_range sport_mask dport_mask dscp dscp_mask flowlabel flowlabel_mask table;
}

macro_rules! touch_all {
    ($from:expr, $($view:path: $($get:ident)*;)*) => {$(
        if let Ok(view) = <$view>::parse($from) {
            $(black_box(view.$get().is_ok());)*
        }
    )*};
}

/// Every accessor of netfilter's views, and the expressions in all lists that might be of such.
fn touch_rules(message: &Decoded<'_>) {
    use netfilter::{Chain, Elements, FlowTable, Gen, Object, Rule, Set, Table, expr};
    touch_all! {
        message,
        Table: name flags handle userdata owner;
        Chain: table name handle hook policy kind flags userdata counters uses;
        Rule: table chain handle position userdata compat list;
        Set: table name flags key_type key_len data_type data_len policy desc timeout gc_interval obj_type handle userdata
            expr exprs;
        Elements: table set list;
        Object: table name kind data handle userdata;
        FlowTable: table name handle hook flags;
        Gen: id pid process;
    }
    if let Ok(Some(hook)) = Chain::parse(message).and_then(|chain| chain.hook()) {
        touch_all!(hook, netfilter::Hook: hooknum priority dev devs;);
    }
    for element in Elements::parse(message).iter().flat_map(Elements::iter).map_while(Result::ok) {
        black_box((element.key().is_ok(), element.key_end().is_ok(), element.data().is_ok(), element.flags().is_ok()));
        for (kind, value) in element.userdata().ok().flatten().iter().flat_map(|data| netfilter::udata::iter(data)) {
            black_box((kind, value));
        }
    }
    for (name, data) in Rule::parse(message).iter().flat_map(Rule::expressions).map_while(Result::ok) {
        black_box(name);
        // Each as if it were any.
        touch_all! {
            data.clone(),
            expr::Immediate: dreg data;
            expr::Bitwise: sreg dreg len mask xor op data;
            expr::ByteOrder: sreg dreg op len size;
            expr::Cmp: sreg op data;
            expr::Range: sreg op from to;
            expr::Lookup: set sreg dreg flags;
            expr::DynSet: set op sreg_key sreg_data timeout expr exprs flags;
            expr::Payload: dreg base offset len sreg csum_type csum_offset csum_flags;
            expr::ExtHdr: dreg kind offset len flags op sreg;
            expr::Ct: dreg key direction sreg;
            expr::Log: group prefix snaplen qthreshold level flags;
            expr::Nat: kind family addr_min addr_max proto_min proto_max flags;
            expr::ObjRef: kind name sreg set;
            expr::Xt: name rev info;
        }
    }
}

/// Takes `bytes` for the answers to requests, and checks the count of those still to come.
pub(crate) fn touch_replies(first: u32, requests: u32, port: u32, bytes: &[u8]) {
    let mut replies = Replies::new(first, requests, port);
    let mut answers: u32 = 0;
    for message in Messages::new(bytes).map_while(Result::ok) {
        let ours = message.seq().wrapping_sub(first) < requests && (port == 0 || message.pid() == port);
        match replies.accept(message) {
            Ok((seq, reply)) => {
                assert_eq!(seq, message.seq());
                assert_eq!(ours, !matches!(reply, Reply::Foreign(_)));
                match reply {
                    Reply::Error { errno, .. } => assert!(errno > 0),
                    Reply::Interrupted | Reply::Overrun | Reply::Noop => {}
                    Reply::Data(m) | Reply::Foreign(m) => assert_eq!(m.bytes(), message.bytes()),
                    Reply::Ack(_) | Reply::Done(_) => {}
                }
                answers += u32::from(matches!(
                    reply,
                    Reply::Ack(_) | Reply::Done(_) | Reply::Error { .. } | Reply::Interrupted
                ));
            }
            Err(e) => {
                assert!(ours && e.at == 16);
                answers += 1;
            }
        }
        assert_eq!(replies.is_complete(), answers >= requests);
    }
}

/// Takes text, and checks that it is lines of printable ASCII.
pub(crate) struct Sink;

impl Write for Sink {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        assert!(s.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~')), "{s:?}");
        Ok(())
    }
}

/// One call of [`Msg`]'s; the number is the attribute's type, flags included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    U8(u16, u8),
    U16(u16, u16),
    U32(u16, u32),
    U64(u16, u64),
    I32(u16, i32),
    Be16(u16, u16),
    Be32(u16, u32),
    Be64(u16, u64),
    Flag(u16),
    Str(u16, Vec<u8>),
    Bytes(u16, Vec<u8>),
    Struct(u16, [u8; 4]),
    Nest(u16, Vec<Op>),
    /// With something in front.
    NestWith(u16, Vec<u8>, Vec<Op>),
}

/// A message to encode.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) seq: u32,
    /// The fixed header, of 4 bytes.
    pub(crate) fixed: Option<[u8; 4]>,
    pub(crate) ops: Vec<Op>,
}

fn genl([cmd, version, a, b]: [u8; 4]) -> GenlMsgHdr {
    GenlMsgHdr { cmd, version, reserved: u16::from_ne_bytes([a, b]).into() }
}

impl Op {
    fn write(&self, m: &mut Msg<'_>) {
        match self {
            Self::U8(kind, v) => m.u8(*kind, *v),
            Self::U16(kind, v) => m.u16(*kind, *v),
            Self::U32(kind, v) => m.u32(*kind, *v),
            Self::U64(kind, v) => m.u64(*kind, *v),
            Self::I32(kind, v) => m.i32(*kind, *v),
            Self::Be16(kind, v) => m.be16(*kind, *v),
            Self::Be32(kind, v) => m.be32(*kind, *v),
            Self::Be64(kind, v) => m.be64(*kind, *v),
            Self::Flag(kind) => m.flag(*kind),
            Self::Str(kind, v) => m.str(*kind, v),
            Self::Bytes(kind, v) => m.bytes(*kind, v),
            Self::Struct(kind, v) => m.value(*kind, &genl(*v)),
            Self::Nest(kind, ops) => m.nest(*kind, |m| ops.iter().for_each(|op| op.write(m))),
            Self::NestWith(kind, head, ops) => {
                m.nest_with(*kind, head, |m| ops.iter().for_each(|op| op.write(m)));
            }
        }
    }

    /// Bytes it takes, from the definition of an attribute: 4, the value, and padding to 4.
    fn size(&self) -> usize {
        let value = match self {
            Self::U8(..) => 1,
            Self::U16(..) | Self::Be16(..) => 2,
            Self::U32(..) | Self::I32(..) | Self::Be32(..) | Self::Struct(..) => 4,
            Self::U64(..) | Self::Be64(..) => 8,
            Self::Flag(_) => 0,
            Self::Str(_, v) => v.len() + 1,
            Self::Bytes(_, v) => v.len(),
            Self::Nest(_, ops) => size(ops),
            Self::NestWith(_, head, ops) => head.len().div_ceil(4) * 4 + size(ops),
        };
        4 + value.div_ceil(4) * 4
    }

    /// Whether `attr` is what this wrote.
    fn check(&self, attr: &Attr<'_>) {
        let kind = match self {
            Self::U8(kind, v) => (attr.u8() == Ok(*v)).then_some(*kind),
            Self::U16(kind, v) => (attr.u16() == Ok(*v)).then_some(*kind),
            Self::U32(kind, v) => (attr.u32() == Ok(*v)).then_some(*kind),
            Self::U64(kind, v) => (attr.u64() == Ok(*v)).then_some(*kind),
            Self::I32(kind, v) => (attr.i32() == Ok(*v)).then_some(*kind),
            Self::Be16(kind, v) => (attr.be16() == Ok(*v)).then_some(*kind),
            Self::Be32(kind, v) => (attr.be32() == Ok(*v)).then_some(*kind),
            Self::Be64(kind, v) => (attr.be64() == Ok(*v)).then_some(*kind),
            Self::Flag(kind) => attr.bytes().is_empty().then_some(*kind),
            Self::Str(kind, v) => (attr.name() == v && attr.bytes().strip_suffix(&[0]) == Some(v)).then_some(*kind),
            Self::Bytes(kind, v) => (attr.bytes() == v).then_some(*kind),
            Self::Struct(kind, v) => (attr.prefix() == Ok(&genl(*v))).then_some(*kind),
            Self::Nest(kind, ops) => {
                check(ops, attr.attrs());
                Some(*kind)
            }
            Self::NestWith(kind, head, ops) => {
                check(ops, attr.attrs_from(head.len()));
                attr.bytes().starts_with(head).then_some(*kind)
            }
        };
        assert_eq!(kind, Some(attr.raw_kind()), "{self:?} became {attr:?}");
    }
}

fn size(ops: &[Op]) -> usize {
    ops.iter().map(Op::size).sum()
}

fn check(ops: &[Op], list: Attrs<'_>) {
    let list: Vec<_> = list.map(Result::unwrap).collect();
    assert_eq!(ops.len(), list.len());
    ops.iter().zip(&list).for_each(|(op, attr)| op.check(attr));
}

impl Message {
    pub(crate) fn encode(&self, batch: &mut Batch<'_>) -> Result<(), EncodeError> {
        batch.message(self.kind, Flags::from_bits_retain(self.flags), self.seq, |m| {
            self.fixed.iter().for_each(|fixed| m.fixed(&genl(*fixed)));
            self.ops.iter().for_each(|op| op.write(m));
        })
    }

    /// Bytes it takes.
    pub(crate) fn size(&self) -> usize {
        16 + self.fixed.map_or(0, |fixed| fixed.len()) + size(&self.ops)
    }

    /// Whether `message` is what this wrote.
    pub(crate) fn check(&self, message: &Decoded<'_>) {
        assert_eq!((self.kind, self.seq, 0), (message.kind(), message.seq(), message.pid()));
        assert_eq!(self.flags, message.flags().bits());
        match self.fixed {
            Some(fixed) => {
                let (header, attrs) = message.fixed::<GenlMsgHdr>().unwrap();
                assert_eq!(*header, genl(fixed));
                check(&self.ops, attrs);
            }
            None => check(&self.ops, message.attrs_from(0)),
        }
    }
}

/// Encodes `messages`, decodes them, and finds the same; the buffer behind them is untouched.
pub(crate) fn roundtrip(messages: &[Message]) {
    let total: usize = messages.iter().map(Message::size).sum();
    let mut buf = vec![0xaa; total + 64];
    let mut batch = Batch::new(&mut buf);
    for message in messages {
        message.encode(&mut batch).unwrap();
    }
    assert_eq!((batch.bytes().len(), batch.messages()), (total, messages.len()));
    let decoded: Vec<_> = Messages::new(batch.bytes()).map(Result::unwrap).collect();
    assert_eq!(decoded.len(), messages.len());
    messages.iter().zip(&decoded).for_each(|(message, decoded)| message.check(decoded));
    touch(batch.bytes());
    assert_eq!(copy(batch.bytes()), batch.bytes());
    assert_eq!(buf[total..], [0xaa; 64]);
}

/// Encodes `messages` into a buffer of every smaller size: the first that does not fit names
/// exactly the size it takes, and what was there before it is intact.
pub(crate) fn too_small(messages: &[Message]) {
    let total: usize = messages.iter().map(Message::size).sum();
    let mut whole = vec![0; total];
    let mut batch = Batch::new(&mut whole);
    messages.iter().for_each(|message| message.encode(&mut batch).unwrap());
    for have in 0..total {
        let mut buf = vec![0xaa; have];
        let mut batch = Batch::new(&mut buf);
        let mut need = 0;
        for message in messages {
            need += message.size();
            match message.encode(&mut batch) {
                Ok(()) => assert!(need <= have),
                Err(e) => {
                    assert_eq!(e, EncodeError::NoSpace { need, have });
                    break;
                }
            }
        }
        assert!(need > have);
        assert_eq!(*batch.bytes(), whole[..batch.bytes().len()]);
        assert_eq!(Messages::new(batch.bytes()).filter(Result::is_ok).count(), batch.messages());
    }
}

/// `bytes`, decoded and encoded again, without looking at what any of it means.
pub(crate) fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut buf = vec![0xaa; bytes.len() + 8];
    let mut batch = Batch::new(&mut buf);
    let mut pids = Vec::new();
    for message in Messages::new(bytes) {
        let message = message.unwrap();
        let spec = route::FAMILY.find(message.kind()).or_else(|| netfilter::FAMILY.find(message.kind()));
        // What has no attributes goes as it is.
        let fixed = spec.map(|s| s.fixed.size).filter(|size| {
            let whole = align4(*size) == *size && message.payload().len() >= *size;
            whole && is_list(message.attrs_from(*size))
        });
        let (head, attrs) = match fixed {
            Some(size) => (&message.payload()[..size], message.attrs_from(size)),
            None => (message.payload(), Attrs::new(&[], 0)),
        };
        let add = |m: &mut Msg<'_>| {
            m.raw(head);
            copy_attrs(m, attrs);
        };
        batch.message(message.kind(), message.flags(), message.seq(), add).unwrap();
        pids.push((batch.bytes().len() - align4(message.bytes().len()), message.pid()));
    }
    let mut copy = batch.bytes().to_vec();
    for (at, pid) in pids {
        copy[at + 12..at + 16].copy_from_slice(&pid.to_ne_bytes());
    }
    copy
}

fn copy_attrs(m: &mut Msg<'_>, list: Attrs<'_>) {
    for attr in list.map(Result::unwrap) {
        match attr.is_nested() && is_list(attr.attrs()) {
            true => m.nest(attr.raw_kind(), |m| copy_attrs(m, attr.attrs())),
            false => m.bytes(attr.raw_kind(), attr.bytes()),
        }
    }
}

/// Whether these are attributes, each padded to 4 with zeros: what an encoder writes.
fn is_list(mut list: Attrs<'_>) -> bool {
    loop {
        let rest = list.bytes();
        match list.next() {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(attr)) => {
                let len = ATTR_HDRLEN + attr.bytes().len();
                let padding = rest.get(len..align4(len));
                if padding.is_none_or(|padding| padding.iter().any(|b| *b != 0)) {
                    return false;
                }
            }
        }
    }
}
