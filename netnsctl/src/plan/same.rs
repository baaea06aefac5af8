//! Whether an object that a request is to make is there already, and the request that takes it back.

use netns_sys::netlink::Conn;
use nl_core::route::{
    FibRuleHdr, IfAddrMsg, NdMsg, NhMsg, RTM_GETADDR, RTM_GETNEIGH, RTM_GETNEXTHOP, RTM_GETROUTE, RTM_GETRULE,
    RTM_NEWADDR, RTM_NEWNEIGH, RTM_NEWNEXTHOP, RTM_NEWROUTE, RTM_NEWRULE, RtMsg, af, fra, ifa, nda, nha, rta,
};
use nl_core::{Attr, Attrs, Message, Msg};

/// What is to be known of a family of objects.
pub(super) struct Family {
    pub(super) new: u16,
    pub(super) get: u16,
    /// Bytes of the fixed header.
    pub(super) header: usize,
    /// Which of these bytes have to be the same.
    bytes: &'static [usize],
    /// The byte with the table, if no attribute says it.
    table: Option<(usize, u16)>,
    /// Attributes that an object has only if it was asked for them.
    only: &'static [u16],
    /// Bits: those asked for have to be there.
    bits: &'static [u16],
    /// Not to be compared.
    free: &'static [u16],
    /// Which bytes and attributes tell it from others: a replacement is for what agrees in these.
    key: (&'static [usize], &'static [u16]),
    /// Bytes that are state, and no part of a request to make it.
    state: &'static [usize],
    /// The attribute that names the link.
    link: Option<u16>,
    /// The link's index in the header.
    index: Option<usize>,
}

const FAMILIES: &[Family] = &[
    Family {
        new: RTM_NEWADDR,
        get: RTM_GETADDR,
        header: size_of::<IfAddrMsg>(),
        bytes: &[0, 1, 4, 5, 6, 7],
        table: None,
        only: &[],
        bits: &[ifa::FLAGS],
        free: &[ifa::CACHEINFO],
        key: (&[0, 1, 4, 5, 6, 7], &[ifa::LOCAL]),
        state: &[],
        link: None,
        index: Some(4),
    },
    Family {
        new: RTM_NEWROUTE,
        get: RTM_GETROUTE,
        header: size_of::<RtMsg>(),
        bytes: &[0, 1, 2, 3, 5, 7],
        table: Some((4, rta::TABLE)),
        only: &[rta::GATEWAY, rta::VIA, rta::MULTIPATH, rta::NH_ID, rta::ENCAP, rta::PRIORITY],
        bits: &[],
        free: &[],
        key: (&[0, 1, 2, 3], &[rta::DST, rta::PRIORITY, rta::TABLE]),
        state: &[8, 9, 10, 11],
        link: Some(rta::OIF),
        index: None,
    },
    Family {
        new: RTM_NEWNEIGH,
        get: RTM_GETNEIGH,
        header: size_of::<NdMsg>(),
        bytes: &[0, 4, 5, 6, 7, 8, 9, 10],
        table: None,
        only: &[],
        bits: &[nda::FLAGS_EXT],
        free: &[],
        key: (&[0, 4, 5, 6, 7], &[nda::DST]),
        state: &[],
        link: None,
        index: Some(4),
    },
    Family {
        new: RTM_NEWRULE,
        get: RTM_GETRULE,
        header: size_of::<FibRuleHdr>(),
        bytes: &[0, 1, 2, 3, 7],
        table: Some((4, fra::TABLE)),
        only: &[
            fra::IIFNAME,
            fra::OIFNAME,
            fra::FWMARK,
            fra::UID_RANGE,
            fra::IP_PROTO,
            fra::SPORT_RANGE,
            fra::DPORT_RANGE,
            fra::TUN_ID,
            fra::GOTO,
        ],
        bits: &[],
        free: &[],
        key: (&[], &[]),
        state: &[],
        link: None,
        index: None,
    },
    Family {
        new: RTM_NEWNEXTHOP,
        get: RTM_GETNEXTHOP,
        header: size_of::<NhMsg>(),
        bytes: &[0, 2],
        table: None,
        only: &[],
        bits: &[],
        free: &[],
        key: (&[], &[nha::ID]),
        state: &[1, 4, 5, 6, 7],
        link: Some(nha::OIF),
        index: None,
    },
];

/// The family of objects that a message of this type makes.
pub(super) fn family(new: u16) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.new == new)
}

impl Family {
    /// The index of the link that `request` is about; 0: of none.
    pub(super) fn link(&self, request: &Message<'_>) -> u32 {
        let header = self.index.and_then(|at| request.payload().get(at..)?.first_chunk().copied());
        let attr = || self.link.and_then(|kind| request.attrs_from(self.header).find(kind)?.u32().ok());
        header.map(u32::from_ne_bytes).or_else(attr).unwrap_or(0)
    }

    /// All objects there are, one behind the other.
    pub(super) fn dump(&self, conn: &mut Conn) -> netns_sys::Result<Vec<u8>> {
        conn.dump(
            self.get,
            |m| m.raw([0; 16].get(..self.header).unwrap_or_default()),
            |all: &mut Vec<u8>, message| {
                all.extend_from_slice(message.bytes());
                all.resize(nl_core::wire::align4(all.len()), 0);
                Ok(())
            },
        )
    }

    /// Whether `object`, which is there, is what `request` is to make.
    pub(super) fn is_same(&self, request: &Message<'_>, object: &Message<'_>) -> bool {
        let (asked, have) = (request.payload(), object.payload());
        let same = |at: usize| asked.get(at).is_some_and(|byte| have.get(at) == Some(byte));
        let (attrs, there) = (request.attrs_from(self.header), object.attrs_from(self.header));
        let v6 = asked.first() == Some(&af::INET6);
        let table = self.table.is_none_or(|(at, kind)| attrs.find(kind).is_some() || same(at));
        let by_id = attrs.find(rta::NH_ID).is_some() && self.new == RTM_NEWROUTE;
        // The kernel gives routes of IPv6 a metric.
        let extra = |kind: &u16| {
            let given = v6 && *kind == rta::PRIORITY || by_id && *kind == rta::GATEWAY;
            !given && attrs.find(*kind).is_none() && there.find(*kind).is_some()
        };
        self.bytes.iter().all(|at| same(*at))
            && table
            && !self.only.iter().any(extra)
            && attrs.clone().map_while(Result::ok).all(|attr| self.has(&there, &attr, v6))
    }

    /// Whether `object`, which is there, is what `request` would take the place of.
    pub(super) fn is_replaced(&self, request: &Message<'_>, object: &Message<'_>) -> bool {
        let (asked, have) = (request.payload(), object.payload());
        let (attrs, there) = (request.attrs_from(self.header), object.attrs_from(self.header));
        let v6 = asked.first() == Some(&af::INET6);
        let (bytes, kinds) = self.key;
        let agrees = |kind: u16| match (attrs.find(kind), there.find(kind)) {
            (Some(asked), _) => self.has(&there, &asked, v6),
            // Of IPv6, a route without a metric gets this one; a table below 256 is in the header too.
            (None, Some(have)) if v6 && kind == rta::PRIORITY && self.new == RTM_NEWROUTE => have.u32() == Ok(1024),
            (None, Some(_)) if kind == rta::TABLE && self.new == RTM_NEWROUTE => {
                asked.get(4).is_some_and(|byte| have.get(4) == Some(byte))
            }
            (None, have) => have.is_none(),
        };
        !(bytes.is_empty() && kinds.is_empty())
            && bytes.iter().all(|at| asked.get(*at).is_some_and(|byte| have.get(*at) == Some(byte)))
            && kinds.iter().all(|kind| agrees(*kind))
    }

    /// What makes `object` again.
    pub(super) fn again(&self, object: &Message<'_>) -> Vec<u8> {
        let mut payload = object.payload().to_vec();
        for at in self.state {
            // RTNH_F_ONLINK, linux/rtnetlink.h, is no state.
            let asked = if matches!((self.new, at), (RTM_NEWROUTE, 8) | (RTM_NEWNEXTHOP, 4)) { 4 } else { 0 };
            payload.get_mut(*at).into_iter().for_each(|byte| *byte &= asked);
        }
        payload
    }

    /// What the request to delete that which `request` makes says.
    pub(super) fn delete(&self, request: &Message<'_>, m: &mut Msg<'_>) {
        match request.attrs_from(self.header).find(nha::ID).filter(|_| self.new == RTM_NEWNEXTHOP) {
            // Nothing else may be in it.
            Some(id) => {
                m.raw(&[0; size_of::<NhMsg>()]);
                m.bytes(nha::ID, id.bytes());
            }
            None => m.raw(request.payload()),
        }
    }

    fn has(&self, there: &Attrs<'_>, attr: &Attr<'_>, v6: bool) -> bool {
        if self.free.contains(&attr.kind()) {
            return true;
        }
        let mut found = there.find(attr.kind());
        if found.is_none() && self.new == RTM_NEWADDR && attr.kind() == ifa::LOCAL && v6 {
            found = there.find(ifa::ADDRESS);
        }
        let Some(found) = found else { return false };
        if self.bits.contains(&attr.kind()) {
            return attr.u32().ok().zip(found.u32().ok()).is_some_and(|(asked, have)| asked & have == asked);
        }
        if self.new == RTM_NEWROUTE && attr.kind() == rta::MULTIPATH {
            return hops(attr.bytes()) == hops(found.bytes());
        }
        attr.bytes() == found.bytes()
    }
}

/// Next hops without their state: `struct rtnexthop { u16 len; u8 flags, hops; int ifindex; }`, linux/rtnetlink.h.
fn hops(bytes: &[u8]) -> Vec<u8> {
    let (mut plain, mut at) = (bytes.to_vec(), 0_usize);
    while let Some(len) = bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|len| u16::from_ne_bytes(*len)) {
        plain.get_mut(at.saturating_add(2)).into_iter().for_each(|flags| *flags = 0);
        at = at.saturating_add(nl_core::wire::align4(usize::from(len).max(8)));
    }
    plain
}
