//! A rule as statements: what a person says, not what registers hold.
//!
//! A statement is made of expressions over keys (a piece of the packet, what is known about it). Bytes are as the packet or the
//! kernel has them: addresses and ports in network byte order, marks and interface indices in the host's.

use std::borrow::Cow;

/// Bytes that are the rule's own, or of the message that it was read from.
pub type Bytes<'a> = Cow<'a, [u8]>;

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule<'a> {
    /// What it does, in order; from the first that does not match on, nothing.
    pub stmts: Vec<Stmt<'a>>,
    /// The user's comment.
    pub comment: Option<Bytes<'a>>,
    /// What iptables' extensions have to know: IP protocol and flags (`NFTA_RULE_COMPAT_*`).
    pub compat: Option<(u32, u32)>,
}

/// What can be known of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Bytes of a header, see [`nl_core::netfilter::expr::nft_payload`].
    Payload {
        /// Which header.
        base: u32,
        /// From what byte on.
        offset: u32,
        /// How many bytes.
        len: u32,
    },
    /// See [`nl_core::netfilter::expr::nft_meta`].
    Meta(u32),
    /// See [`nl_core::netfilter::expr::nft_ct`]; of a direction of the connection, where that matters.
    Ct(u32, Option<u8>),
    /// What the routing tables say.
    Fib {
        /// What to ask, see [`nl_core::netfilter::expr::nft_fib_result`].
        result: u32,
        /// By what, see [`nl_core::netfilter::expr::FibFlags`].
        flags: u32,
    },
    /// See [`nl_core::netfilter::expr::nft_rt`].
    Rt(u32),
    /// See [`nl_core::netfilter::expr::nft_socket`]; the level of a control group.
    Socket(u32, Option<u32>),
    /// A field of an extension header or option.
    ExtHdr {
        /// Of what: IPv6, TCP, ….
        op: u32,
        /// Type of the header or option.
        kind: u8,
        /// From what byte of it on.
        offset: u32,
        /// How many bytes.
        len: u32,
        /// 1: whether it is there.
        flags: u32,
    },
    /// A number that counts or is random.
    NumGen {
        /// Whether it is random.
        random: bool,
        /// It stays below.
        modulus: u32,
        /// What is added.
        offset: u32,
    },
}

/// A value that a rule looks at or uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr<'a> {
    /// What is known of the packet.
    Key(Key),
    /// Some bits of it: `of & mask ^ xor`.
    Bits {
        /// Of what.
        of: Box<Expr<'a>>,
        /// Bits that are kept.
        mask: Bytes<'a>,
        /// Bits that are turned.
        xor: Bytes<'a>,
    },
    /// Shifted by so many bits.
    Shift {
        /// What.
        of: Box<Expr<'a>>,
        /// To the left.
        left: bool,
        /// How far.
        bits: u32,
    },
    /// With its bytes in the other order.
    Order {
        /// What.
        of: Box<Expr<'a>>,
        /// From the host's to the network's; else the other way.
        hton: bool,
        /// Length of all in bytes.
        len: u32,
        /// Length of a number in bytes.
        size: u32,
    },
    /// A value.
    Value(Bytes<'a>),
    /// What a map has for it.
    Map(Box<Expr<'a>>, Set<'a>),
    /// Several, one behind the other.
    Concat(Vec<Expr<'a>>),
}

/// A set or map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set<'a> {
    /// By its name; of one that was read the kernel's name of an anonymous one too.
    Named(Bytes<'a>),
    /// One that is made with the rule, and goes with it.
    Anonymous(Box<Elements>),
}

/// The elements of a set that is made with its rule: ranges of keys, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elements {
    /// nft's number of the key's type, see [`super::make::datatype`].
    pub kind: u32,
    /// Sorted, apart from each other, and of one length in bytes.
    pub ranges: Vec<(Vec<u8>, Vec<u8>)>,
}

/// How a value is compared, see [`nl_core::netfilter::expr::nft_cmp`].
pub type Op = u32;

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With<'a> {
    /// A value.
    Value(Bytes<'a>),
    /// A range, both ends included.
    Range(Bytes<'a>, Bytes<'a>),
    /// A set.
    Set(Set<'a>),
}

/// What changes addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatKind {
    /// Of the source.
    Snat,
    /// Of the destination.
    Dnat,
    /// Of the source, to the outgoing interface's.
    Masquerade,
    /// Of the destination, to this host.
    Redirect,
}

/// How a packet is rejected: type ([`nl_core::netfilter::expr::nft_reject`]) and ICMP code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The type.
    pub kind: u32,
    /// The code; without meaning for a TCP reset.
    pub code: u8,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stmt<'a> {
    /// Go on only if it compares.
    Match(Expr<'a>, Op, With<'a>),
    /// A verdict, and where to.
    Verdict(i32, Bytes<'a>),
    /// The verdict that a map has for it.
    Vmap(Expr<'a>, Set<'a>),
    /// Count.
    Counter {
        /// Packets so far.
        packets: u64,
        /// Bytes so far.
        bytes: u64,
    },
    /// Go on up to a rate.
    Limit {
        /// How many in each unit of time.
        rate: u64,
        /// The unit, in seconds.
        unit: u64,
        /// How many at once.
        burst: u32,
        /// Of bytes, not packets.
        bytes: bool,
        /// Beyond the rate instead.
        over: bool,
    },
    /// Go on up to so many bytes in all.
    Quota {
        /// How many.
        bytes: u64,
        /// Bytes so far.
        used: u64,
        /// Beyond so many instead.
        over: bool,
    },
    /// Go on up to so many connections.
    ConnLimit {
        /// How many.
        count: u32,
        /// Beyond so many instead.
        over: bool,
    },
    /// Log.
    Log {
        /// What to write in front.
        prefix: Option<Bytes<'a>>,
        /// For programs: their group.
        group: Option<u16>,
        /// For programs: bytes of the packet.
        snaplen: Option<u32>,
        /// For programs: packets to wait for.
        threshold: Option<u16>,
        /// In the kernel's log: how grave.
        level: Option<u32>,
        /// In the kernel's log: what more.
        flags: Option<u32>,
    },
    /// Drop and say so.
    Reject(Reject),
    /// Change addresses.
    Nat {
        /// Which.
        kind: NatKind,
        /// Family of the addresses ([`nl_core::netfilter::nfproto`]).
        family: u8,
        /// The new address, or the first and the last.
        addr: Option<(Expr<'a>, Option<Expr<'a>>)>,
        /// The new port, or the first and the last.
        port: Option<(Expr<'a>, Option<Expr<'a>>)>,
        /// See [`nl_core::netfilter::expr::NatFlags`], without those that say what is given.
        flags: u32,
    },
    /// Set a key to a value: a mark, a field of the packet.
    Set(Key, Expr<'a>, Checksum),
    /// Leave it out of connection tracking.
    NoTrack,
    /// Use an object: its type ([`nl_core::netfilter::nft_object`]) and name.
    Object(u32, Bytes<'a>),
    /// Use the object that a map has for it.
    ObjectMap(Expr<'a>, Set<'a>),
    /// Add to a set; what its elements do, as expressions.
    DynSet {
        /// 0: add; 1: or renew; 2: delete.
        op: u32,
        /// The set.
        set: Bytes<'a>,
        /// The key.
        key: Expr<'a>,
        /// What it maps to.
        data: Option<Expr<'a>>,
        /// How long it lives, in milliseconds; 0: not said.
        timeout: u64,
        /// What each element does.
        stmts: Vec<Stmt<'a>>,
    },
    /// Let a program decide: the first queue, how many, flags.
    Queue(u16, u16, u16),
    /// Send a copy: to an address, out of an interface.
    Dup(Option<Expr<'a>>, Option<Expr<'a>>),
    /// Send it out of an interface; to a next hop of this family.
    Fwd(Expr<'a>, Option<(u32, Expr<'a>)>),
    /// A match or target of iptables': its name, revision and struct.
    Xt {
        /// Whether it is a target.
        target: bool,
        /// Name.
        name: Bytes<'a>,
        /// Revision.
        rev: u32,
        /// The struct.
        info: Bytes<'a>,
    },
    /// An expression that is not known here: its name and attributes.
    Raw(Bytes<'a>, Bytes<'a>),
}

/// What becomes of checksums when a field of the packet is set: type, offset, flags (`NFTA_PAYLOAD_CSUM_*`).
pub type Checksum = (u32, u32, u32);
