//! The rows.

use super::value::{list_log, list_mark};
use super::{Bits, Ext, IcmpType, Kind, List, Opt, Range, V4, V6, bits, opt};

/// `struct nf_nat_ipv4_multi_range_compat` with its one `nf_nat_ipv4_range` (linux/netfilter/nf_nat.h).
static OLD_RANGE: Range = Range { flags: 4, min: 8, max: 12, ports: 16 };
/// `struct nf_nat_range` and `nf_nat_range2`.
static NEW_RANGE: Range = Range { flags: 0, min: 4, max: 20, ports: 36 };

pub(super) const NAT_IPS: u32 = 1;
pub(super) const NAT_PORTS: u32 = 2;
const NAT_RANDOM: u32 = 4;
const NAT_PERSISTENT: u32 = 8;
const NAT_FULLY: u32 = 16;

/// Names of TCP's flags; of several bits the first.
pub(super) const TCP_FLAGS: &[(&str, u32)] =
    &[("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32), ("ALL", 63), ("NONE", 0)];

/// States of connections (linux/netfilter/xt_conntrack.h), in the order they are shown.
const STATES: &[(&str, u32)] =
    &[("INVALID", 1), ("NEW", 8), ("RELATED", 4), ("ESTABLISHED", 2), ("UNTRACKED", 256), ("SNAT", 64), ("DNAT", 128)];

/// Types of addresses, by the bit of their number (`RTN_*`, linux/rtnetlink.h).
const ADDRESSES: &[(&str, u32)] = &[
    ("UNSPEC", 1),
    ("UNICAST", 2),
    ("LOCAL", 4),
    ("BROADCAST", 8),
    ("ANYCAST", 16),
    ("MULTICAST", 32),
    ("BLACKHOLE", 64),
    ("UNREACHABLE", 128),
    ("PROHIBIT", 256),
    ("THROW", 512),
    ("NAT", 1024),
    ("XRESOLVE", 2048),
];

/// Levels of syslog(3).
pub(super) const LEVELS: &[(&str, u32)] = &[
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("error", 3),
    ("warn", 4),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
    ("panic", 0),
];

/// `enum ipt_reject_with` (linux/netfilter_ipv4/ipt_REJECT.h).
const REJECT_V4: &[(&str, &str, u32)] = &[
    ("icmp-net-unreachable", "net-unreach", 0),
    ("icmp-host-unreachable", "host-unreach", 1),
    ("icmp-proto-unreachable", "proto-unreach", 2),
    ("icmp-port-unreachable", "port-unreach", 3),
    ("icmp-net-prohibited", "net-prohib", 5),
    ("icmp-host-prohibited", "host-prohib", 6),
    ("tcp-reset", "tcp-rst", 7),
    ("icmp-admin-prohibited", "admin-prohib", 8),
];

/// `enum ip6t_reject_with` (linux/netfilter_ipv6/ip6t_REJECT.h).
const REJECT_V6: &[(&str, &str, u32)] = &[
    ("icmp6-no-route", "no-route", 0),
    ("icmp6-adm-prohibited", "adm-prohibited", 1),
    ("icmp6-addr-unreachable", "addr-unreach", 3),
    ("icmp6-port-unreachable", "port-unreach", 4),
    ("tcp-reset", "tcp-reset", 6),
    ("icmp6-policy-fail", "policy-fail", 7),
    ("icmp6-reject-route", "reject-route", 8),
];

/// ICMP (RFC 792 and others), as iptables calls it.
const ICMP: &[IcmpType] = &[
    ("any", 255, 0, 255),
    ("echo-reply", 0, 0, 255),
    ("pong", 0, 0, 255),
    ("destination-unreachable", 3, 0, 255),
    ("network-unreachable", 3, 0, 0),
    ("host-unreachable", 3, 1, 1),
    ("protocol-unreachable", 3, 2, 2),
    ("port-unreachable", 3, 3, 3),
    ("fragmentation-needed", 3, 4, 4),
    ("source-route-failed", 3, 5, 5),
    ("network-unknown", 3, 6, 6),
    ("host-unknown", 3, 7, 7),
    ("network-prohibited", 3, 9, 9),
    ("host-prohibited", 3, 10, 10),
    ("TOS-network-unreachable", 3, 11, 11),
    ("TOS-host-unreachable", 3, 12, 12),
    ("communication-prohibited", 3, 13, 13),
    ("host-precedence-violation", 3, 14, 14),
    ("precedence-cutoff", 3, 15, 15),
    ("source-quench", 4, 0, 255),
    ("redirect", 5, 0, 255),
    ("network-redirect", 5, 0, 0),
    ("host-redirect", 5, 1, 1),
    ("TOS-network-redirect", 5, 2, 2),
    ("TOS-host-redirect", 5, 3, 3),
    ("echo-request", 8, 0, 255),
    ("ping", 8, 0, 255),
    ("router-advertisement", 9, 0, 255),
    ("router-solicitation", 10, 0, 255),
    ("time-exceeded", 11, 0, 255),
    ("ttl-exceeded", 11, 0, 255),
    ("ttl-zero-during-transit", 11, 0, 0),
    ("ttl-zero-during-reassembly", 11, 1, 1),
    ("parameter-problem", 12, 0, 255),
    ("ip-header-bad", 12, 0, 0),
    ("required-option-missing", 12, 1, 1),
    ("timestamp-request", 13, 0, 255),
    ("timestamp-reply", 14, 0, 255),
    ("address-mask-request", 17, 0, 255),
    ("address-mask-reply", 18, 0, 255),
];

/// ICMPv6 (RFC 4443, RFC 4861), as ip6tables calls it.
const ICMPV6: &[IcmpType] = &[
    ("destination-unreachable", 1, 0, 255),
    ("no-route", 1, 0, 0),
    ("communication-prohibited", 1, 1, 1),
    ("beyond-scope", 1, 2, 2),
    ("address-unreachable", 1, 3, 3),
    ("port-unreachable", 1, 4, 4),
    ("failed-policy", 1, 5, 5),
    ("reject-route", 1, 6, 6),
    ("packet-too-big", 2, 0, 255),
    ("time-exceeded", 3, 0, 255),
    ("ttl-exceeded", 3, 0, 255),
    ("ttl-zero-during-transit", 3, 0, 0),
    ("ttl-zero-during-reassembly", 3, 1, 1),
    ("parameter-problem", 4, 0, 255),
    ("bad-header", 4, 0, 0),
    ("unknown-header-type", 4, 1, 1),
    ("unknown-option", 4, 2, 2),
    ("echo-request", 128, 0, 255),
    ("ping", 128, 0, 255),
    ("echo-reply", 129, 0, 255),
    ("pong", 129, 0, 255),
    ("router-solicitation", 133, 0, 255),
    ("router-advertisement", 134, 0, 255),
    ("neighbour-solicitation", 135, 0, 255),
    ("neighbor-solicitation", 135, 0, 255),
    ("neighbour-advertisement", 136, 0, 255),
    ("neighbor-advertisement", 136, 0, 255),
    ("redirect", 137, 0, 255),
];

const PORTS: [Bits; 2] = [bits(2, 2, 0xffff), bits(6, 2, 0xffff)];
const SPORT: Opt = opt(&["sport", "source-port"], 0, Kind::Ports, 0).list([" spt", "!", ""]);
const DPORT: Opt = opt(&["dport", "destination-port"], 1, Kind::Ports, 4).list([" dpt", "!", ""]);
const OLD_ONE: &[Bits] = &[bits(0, 4, 1)];

const fn matching(name: &'static str, size: usize, list: &'static str, options: &'static [Opt]) -> Ext {
    let list = List::With(list);
    Ext {
        name,
        kernel: name,
        is_target: false,
        family: 0,
        protocol: 0,
        revision: 0,
        size,
        init: &[],
        list,
        options,
        needs: 1,
    }
}

const fn target(name: &'static str, size: usize, options: &'static [Opt]) -> Ext {
    Ext { is_target: true, needs: 0, ..matching(name, size, "", options) }
}

/// An option of address translation that is only a bit.
const fn nat(word: &'static [&'static str], list: &'static str, at: usize, bit: u32) -> Opt {
    opt(word, bit, Kind::Flag, at).sets(bits(at, 4, bit)).list([list, "", ""])
}

const fn random(at: usize) -> Opt {
    nat(&["random"], " random", at, NAT_RANDOM)
}

const fn fully(at: usize) -> Opt {
    nat(&["random-fully"], " random-fully", at, NAT_FULLY)
}

const fn persistent(at: usize) -> Opt {
    nat(&["persistent"], " persistent", at, NAT_PERSISTENT)
}

const fn to(word: &'static [&'static str], range: &'static Range) -> Opt {
    opt(word, 0, Kind::To(range), 0).list([" to:", "", ""])
}

const fn to_ports(range: &'static Range, list: &'static str) -> Opt {
    opt(&["to-ports"], 0, Kind::ToPorts(range), 0).list([list, "", ""])
}

const fn states(word: &'static [&'static str], count: usize, set: u32, label: &'static str) -> Opt {
    // match_flags, invert_flags, state_mask
    let option = opt(word, 0, Kind::Names(STATES.split_at(count).0), 150).sets(bits(146, 2, set)).not(bits(148, 2, 1));
    option.list([" ", "! ", label])
}

/// All there are. Of those of one name, the family decides, or what is set.
pub(in super::super) static EXTS: &[Ext] = &[
    Ext {
        protocol: 6,
        init: &PORTS,
        needs: 0,
        ..matching(
            "tcp",
            12,
            " tcp",
            &[
                SPORT.not(bits(11, 1, 1)),
                DPORT.not(bits(11, 1, 2)),
                opt(&["tcp-flags"], 2, Kind::TcpFlags, 9).not(bits(11, 1, 4)).list([" flags:", "!", ""]),
                opt(&["syn"], 2, Kind::Syn, 9).not(bits(11, 1, 4)),
            ],
        )
    },
    Ext {
        protocol: 17,
        init: &PORTS,
        needs: 0,
        ..matching("udp", 10, " udp", &[SPORT.not(bits(8, 1, 1)), DPORT.not(bits(8, 1, 2))])
    },
    Ext {
        family: V4,
        protocol: 1,
        init: &[bits(0, 1, 255), bits(2, 1, 255)],
        ..matching("icmp", 4, " icmp", &[opt(&["icmp-type"], 0, Kind::Icmp(ICMP), 0).not(bits(3, 1, 1))])
    },
    Ext {
        family: V6,
        protocol: 58,
        init: &[bits(2, 1, 255)],
        ..matching("icmp6", 4, " ipv6-icmp", &[opt(&["icmpv6-type"], 0, Kind::Icmp(ICMPV6), 0).not(bits(3, 1, 1))])
    },
    // `state` sets a bit that only says so (XT_CONNTRACK_STATE_ALIAS).
    Ext { kernel: "conntrack", revision: 3, ..matching("state", 164, "", &[states(&["state"], 5, 0x2001, "state ")]) },
    Ext { revision: 3, ..matching("conntrack", 164, "", &[states(&["ctstate"], 7, 1, "ctstate ")]) },
    matching("comment", 256, "", &[opt(&["comment"], 0, Kind::Text(255, true), 0)]),
    Ext {
        revision: 1,
        ..matching(
            "mark",
            12,
            " mark match",
            &[opt(&["mark"], 0, Kind::Mark, 0).not(bits(8, 1, 1)).list([" ", "! ", ""])],
        )
    },
    // Of struct xt_rateinfo what is not the kernel's. 3 an hour.
    Ext {
        init: &[bits(0, 4, 12_000_000), bits(4, 4, 5)],
        needs: 0,
        ..matching(
            "limit",
            8,
            " limit:",
            &[
                opt(&["limit"], 0, Kind::Rate, 0).list([" avg ", "", ""]),
                opt(&["limit-burst"], 1, Kind::Number(10_000, 5), 4).list([" burst ", "", ""]),
            ],
        )
    },
    Ext {
        revision: 1,
        needs: 2,
        ..matching(
            "addrtype",
            8,
            " ADDRTYPE match",
            &[
                opt(&["src-type"], 0, Kind::Names(ADDRESSES), 0).not(bits(4, 4, 1)).list([" src-type ", "!", ""]),
                opt(&["dst-type"], 1, Kind::Names(ADDRESSES), 2).not(bits(4, 4, 2)).list([" dst-type ", "!", ""]),
                opt(&["limit-iface-in"], 2, Kind::Flag, 4).sets(bits(4, 4, 4)).list([" limit-in", "", ""]),
                opt(&["limit-iface-out"], 2, Kind::Flag, 4).sets(bits(4, 4, 8)).list([" limit-out", "", ""]),
            ],
        )
    },
    Ext {
        revision: 1,
        needs: 3,
        ..matching(
            "multiport",
            48,
            " multiport",
            &[
                multiports(&["sports", "source-ports"], 0, " sports "),
                multiports(&["dports", "destination-ports"], 1, " dports "),
                multiports(&["ports"], 2, " ports "),
            ],
        )
    },
    Ext { family: V4, init: &[bits(0, 4, 3)], ..target("REJECT", 4, &[reject(REJECT_V4)]) },
    Ext { family: V6, init: &[bits(0, 4, 4)], ..target("REJECT", 4, &[reject(REJECT_V6)]) },
    Ext {
        init: &[bits(0, 1, 4)],
        list: List::Own(list_log),
        ..target(
            "LOG",
            32,
            &[
                opt(&["log-prefix"], 0, Kind::Text(29, false), 2),
                opt(&["log-level"], 1, Kind::Level, 0),
                opt(&["log-tcp-sequence"], 2, Kind::Flag, 1).sets(bits(1, 1, 1)).list([" tcp-sequence", "", ""]),
                opt(&["log-tcp-options"], 3, Kind::Flag, 1).sets(bits(1, 1, 2)).list([" tcp-options", "", ""]),
                opt(&["log-ip-options"], 4, Kind::Flag, 1).sets(bits(1, 1, 4)).list([" ip-options", "", ""]),
                opt(&["log-uid"], 5, Kind::Flag, 1).sets(bits(1, 1, 8)).list([" uid", "", ""]),
                opt(&["log-macdecode"], 6, Kind::Flag, 1).sets(bits(1, 1, 32)).list([" macdecode", "", ""]),
            ],
        )
    },
    Ext {
        revision: 2,
        needs: 5,
        list: List::Own(list_mark),
        ..target(
            "MARK",
            8,
            &[
                opt(&["set-xmark"], 0, Kind::SetMark(|value, mask| (value, mask)), 0),
                opt(&["set-mark"], 0, Kind::SetMark(|value, mask| (value, value | mask)), 0),
                opt(&["and-mark"], 0, Kind::SetMark(|value, _| (0, !value)), 0),
                opt(&["or-mark"], 0, Kind::SetMark(|value, _| (value, value)), 0),
                opt(&["xor-mark"], 0, Kind::SetMark(|value, _| (value, 0)), 0),
            ],
        )
    },
    Ext {
        family: V4,
        init: OLD_ONE,
        ..target("MASQUERADE", 20, &[to_ports(&OLD_RANGE, " masq ports: "), random(4), fully(4)])
    },
    Ext { family: V6, ..target("MASQUERADE", 40, &[to_ports(&NEW_RANGE, " masq ports: "), random(0), fully(0)]) },
    Ext { family: V4, init: OLD_ONE, ..target("REDIRECT", 20, &[to_ports(&OLD_RANGE, " redir ports "), random(4)]) },
    Ext { family: V6, ..target("REDIRECT", 40, &[to_ports(&NEW_RANGE, " redir ports "), random(0)]) },
    Ext {
        family: V4,
        init: OLD_ONE,
        needs: 1,
        ..target("SNAT", 20, &[to(&["to-source"], &OLD_RANGE), random(4), fully(4), persistent(4)])
    },
    Ext {
        family: V6,
        revision: 1,
        needs: 1,
        ..target("SNAT", 40, &[to(&["to-source"], &NEW_RANGE), random(0), fully(0), persistent(0)])
    },
    Ext {
        revision: 2,
        needs: 1,
        ..target("DNAT", 44, &[to(&["to-destination"], &NEW_RANGE), random(0), persistent(0)])
    },
];

const fn multiports(words: &'static [&'static str], direction: u32, list: &'static str) -> Opt {
    opt(words, 0, Kind::MultiPorts(direction), 0).not(bits(47, 1, 1)).list([list, " !", ""])
}

const fn reject(names: &'static [(&'static str, &'static str, u32)]) -> Opt {
    opt(&["reject-with"], 0, Kind::Reject(names), 0).list([" reject-with ", "", ""])
}
