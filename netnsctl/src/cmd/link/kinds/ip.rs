//! Tunnels by IP. To change one, iproute2 sends again what it already is, too.

use super::super::super::inet::Addr;
use super::super::change::{Attr, Bytes, Value};
use super::Rule::{Alone, Wanted};
use super::Shape::*;
use super::When::{Always, OffInText, On};
use super::Where::{Anywhere, NotZero, Unset};
use super::parse::{number, octets};
use super::print::uint;
use super::{Given, Kind, Sent, Setting, When, Where, always, both, given, kind, not_zero, print, read, sent, write};
use crate::grammar::{AF_INET, AF_INET6, Prefix, Result as Parsed, Words};
use crate::out::{Out, Value as Json};
use nl_core::Attrs;
use nl_core::route::{gre, ip6_tnl_f as f, iptun, tunnel_encap_flag as encap, vti, xfrm};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const KINDS: &[Kind] = &[
    kind("gre", "CONFIG_NET_IPGRE", GRE).sends(GRE_SENT).checks(gre_check).all_again(),
    kind("gretap", "CONFIG_NET_IPGRE", GRE).sends(GRE_SENT).checks(gre_check).all_again(),
    kind("erspan", "CONFIG_NET_IPGRE", ERSPAN).sends(ERSPAN_SENT).checks(gre_check).all_again(),
    kind("ip6gre", "CONFIG_IPV6_GRE", GRE6).sends(GRE6_SENT).all_again(),
    kind("ip6gretap", "CONFIG_IPV6_GRE", GRE6).sends(GRE6_SENT).all_again(),
    kind("ip6erspan", "CONFIG_IPV6_GRE", GRE6).sends(GRE6_SENT).all_again(),
    kind("ipip", "CONFIG_NET_IPIP", IPIP)
        .sends(&[IPTUN_SENT, IPIP_SENT, IPTUN_ENCAP_SENT])
        .checks(ipip_check)
        .all_again(),
    kind("sit", "CONFIG_IPV6_SIT", SIT)
        .sends(&[IPTUN_SENT, IPIP_SENT, IPTUN_ENCAP_SENT, SIT_SENT])
        .checks(ipip_check)
        .all_again(),
    kind("ip6tnl", "CONFIG_IPV6_TUNNEL", IP6TNL).sends(&[IPTUN_SENT, IP6TNL_SENT, IPTUN_ENCAP6_SENT]).all_again(),
    kind("vti", "CONFIG_NET_IPVTI", &[VTI_ENDS, VTI]).sends(&[VTI_SENT]).all_again(),
    kind("vti6", "CONFIG_IPV6_VTI", &[VTI6_ENDS, VTI]).sends(&[VTI_SENT]).all_again(),
    kind("xfrm", "CONFIG_XFRM_INTERFACE", &[XFRM]).sends(&[XFRM_SENT]).checks(xfrm_check),
];

const GRE: &[&[Setting]] = &[GRE_EXTERNAL, GRE_ENDS, GRE4_HEAD, GRE4, KEYS, GRE_FWMARK, GRE_ENCAP];
const ERSPAN: &[&[Setting]] = &[GRE_EXTERNAL, GRE_ENDS, GRE4_HEAD, GRE4, KEYS, GRE_FWMARK, ERSPANS, GRE_ENCAP];
const GRE6: &[&[Setting]] = &[GRE_EXTERNAL, GRE6_ENDS, GRE6_HEAD, KEYS, GRE6_MARK, ERSPANS, GRE_ENCAP];
const IPIP: &[&[Setting]] = &[IPTUN_EXTERNAL, IPIP_MODE, IPIP_ENDS, IPIP_HEAD, IPTUN_FWMARK, IPTUN_ENCAP];
const SIT: &[&[Setting]] = &[IPTUN_EXTERNAL, IPIP_MODE, IPIP_ENDS, IPIP_HEAD, SIXRD, IPTUN_FWMARK, IPTUN_ENCAP];
const IP6TNL: &[&[Setting]] = &[IPTUN_EXTERNAL, IP6TNL_MODE, IP6TNL_ENDS, IP6TNL_HEAD, IP6TNL_MARK, IPTUN_ENCAP];

const GRE_SENT: &[&[Sent]] = &[GRE_KEYS_SENT, GRE4_SENT, GRE_ENCAP_SENT];
const ERSPAN_SENT: &[&[Sent]] = &[GRE_KEYS_SENT, GRE4_SENT, ERSPANS_SENT, GRE_ENCAP_SENT];
const GRE6_SENT: &[&[Sent]] = &[GRE_KEYS_SENT, GRE6_HEAD_SENT, ERSPANS_SENT, GRE_ENCAP6_SENT];

const GRE_EXTERNAL: &[Setting] = &[both("=external", gre::COLLECT_METADATA, Flag)];
const IPTUN_EXTERNAL: &[Setting] = &[both("=external", iptun::COLLECT_METADATA, Flag)];

/// The two ends and the device below.
const fn ends(remote: u16, local: u16, link: u16, family: u8) -> [Setting; 3] {
    [
        both("remote", remote, End(family)).shown(Anywhere),
        both("local", local, End(family)).shown(Anywhere),
        both("dev", link, Dev).json("link").shown(NotZero),
    ]
}
const GRE_ENDS: &[Setting] = &ends(gre::REMOTE, gre::LOCAL, gre::LINK, AF_INET);
const GRE6_ENDS: &[Setting] = &ends(gre::REMOTE, gre::LOCAL, gre::LINK, AF_INET6);
const IPIP_ENDS: &[Setting] = &ends(iptun::REMOTE, iptun::LOCAL, iptun::LINK, AF_INET);
const IP6TNL_ENDS: &[Setting] = &ends(iptun::REMOTE, iptun::LOCAL, iptun::LINK, AF_INET6);
const VTI_ENDS: &[Setting] = &ends(vti::REMOTE, vti::LOCAL, vti::LINK, AF_INET);
const VTI6_ENDS: &[Setting] = &ends(vti::REMOTE, vti::LOCAL, vti::LINK, AF_INET6);

const fn fwmark(attr: u16) -> Setting {
    both("=fwmark", attr, Hex(4)).shown(NotZero)
}
const GRE_FWMARK: &[Setting] = &[fwmark(gre::FWMARK)];
const IPTUN_FWMARK: &[Setting] = &[fwmark(iptun::FWMARK)];

/// What the header of IPv4 outside has.
const fn head4(ttl: u16, tos: u16, pmtudisc: u16, when: When, shown: Where) -> [Setting; 3] {
    [
        both("ttl hoplimit hlim", ttl, Or(1, "inherit")).shown(Anywhere),
        both("tos tclass tc dsfield", tos, Tos),
        both("[no]pmtudisc", pmtudisc, Switch(when)).shown(shown),
    ]
}
const GRE4_HEAD: &[Setting] = &head4(gre::TTL, gre::TOS, gre::PMTUDISC, OffInText, Where::There);
const IPIP_HEAD: &[Setting] = &head4(iptun::TTL, iptun::TOS, iptun::PMTUDISC, Always, Anywhere);
const GRE4: &[Setting] = &[both("=[no]ignore-df", gre::IGNORE_DF, Switch(On)).json("ignore_df")];

/// What the header of IPv6 outside has.
const fn head6(ttl: u16, limit: u16, flowinfo: u16, flags: u16) -> [Setting; 8] {
    const CLASS: &str = "tclass tos tc dsfield";
    const LABEL: &str = "=flowlabel =fl";
    let (class, label) = (f::USE_ORIG_TCLASS, f::USE_ORIG_FLOWLABEL);
    [
        both("hoplimit ttl hlim", ttl, Or(1, "inherit")).json("ttl").shown(Anywhere),
        both("=encaplimit", limit, Or(1, "none=0x100")).json("encap_limit").shown(Unset(flags, f::IGN_ENCAP_LIMIT)),
        both("=encaplimit", flags, BitsIf("none", f::IGN_ENCAP_LIMIT)).json("ip6_tnl_f_ign_encap_limit"),
        both(CLASS, flowinfo, Part(0x0ff0_0000)).shown(Unset(flags, class)),
        both(CLASS, flags, BitsIf("inherit", class)).json("ip6_tnl_f_use_orig_tclass"),
        both(LABEL, flowinfo, Part(0x000f_ffff)).shown(Unset(flags, label)),
        both(LABEL, flags, BitsIf("inherit", label)).json("ip6_tnl_f_use_orig_flowlabel"),
        both("=dscp", flags, BitOf(4, "inherit=16")).text("dscp inherit ").json("ip6_tnl_f_rcv_dscp_copy"),
    ]
}
const GRE6_HEAD: &[Setting] = &head6(gre::TTL, gre::ENCAP_LIMIT, gre::FLOWINFO, gre::FLAGS);
const IP6TNL_HEAD: &[Setting] = &head6(iptun::TTL, iptun::ENCAP_LIMIT, iptun::FLOWINFO, iptun::FLAGS);

const fn mark6(flags: u16, fwmark: u16) -> [Setting; 4] {
    [
        both("=[no]allow-localremote", flags, Bits(4, f::ALLOW_LOCAL_REMOTE)).json("ip6_tnl_f_allow_local_remote"),
        write("=fwmark", fwmark, Or(4, "inherit")),
        both("=fwmark", flags, BitsIf("inherit", f::USE_ORIG_FWMARK)).json("ip6_tnl_f_use_orig_fwmark"),
        read("fwmark", fwmark, Hex(4)).shown(NotZero),
    ]
}
const GRE6_MARK: &[Setting] = &mark6(gre::FLAGS, gre::FWMARK);
const IP6TNL_MARK: &[Setting] = &mark6(iptun::FLAGS, iptun::FWMARK);

pub(super) const KEY: u16 = 0x2000;
const SEQ: u16 = 0x1000;
const CSUM: u16 = 0x8000;
const KEYS: &[Setting] = &[
    both("ikey key", gre::IKEY, Key(gre::IFLAGS)),
    write("[no]ikey [no]key", gre::IFLAGS, BeBits(KEY)),
    write("noikey nokey", gre::IKEY, Is(4, 0)),
    both("okey key", gre::OKEY, Key(gre::OFLAGS)),
    write("[no]okey [no]key", gre::OFLAGS, BeBits(KEY)),
    write("nookey nokey", gre::OKEY, Is(4, 0)),
    both("[no]iseq [no]seq", gre::IFLAGS, BeBits(SEQ)),
    both("[no]oseq [no]seq", gre::OFLAGS, BeBits(SEQ)),
    both("[no]icsum [no]csum", gre::IFLAGS, BeBits(CSUM)),
    both("[no]ocsum [no]csum", gre::OFLAGS, BeBits(CSUM)),
];
const GRE_KEYS_SENT: &[Sent] = &[
    sent(Alone, (0, 0), &[gre::COLLECT_METADATA]),
    always(4, 0, &[gre::IKEY, gre::OKEY]),
    always(2, 0, &[gre::IFLAGS, gre::OFLAGS]),
    not_zero(&[gre::LOCAL, gre::REMOTE]),
];
const GRE4_SENT: &[Sent] = &[
    always(1, 1, &[gre::PMTUDISC]),
    sent(Wanted, (1, 0), &[gre::IGNORE_DF]),
    always(1, 0, &[gre::TOS]),
    not_zero(&[gre::LINK]),
    always(1, 0, &[gre::TTL]),
    always(4, 0, &[gre::FWMARK]),
];
const GRE6_HEAD_SENT: &[Sent] = &[
    not_zero(&[gre::LINK]),
    always(1, 64, &[gre::TTL]),
    always(1, 4, &[gre::ENCAP_LIMIT]),
    always(4, 0, &[gre::FLOWINFO, gre::FLAGS, gre::FWMARK]),
];

const ERSPANS: &[Setting] = &[
    both("=erspan", gre::ERSPAN_INDEX, Num(4)).text("erspan_index ").json("erspan_index").range(1, 0xf_ffff),
    both("=erspan_ver", gre::ERSPAN_VER, Num(1)).range(0, 2),
    both("=erspan_dir", gre::ERSPAN_DIR, Code(1, "ingress egress")),
    both("=erspan_hwid", gre::ERSPAN_HWID, Hex(2)),
];
const ERSPANS_SENT: &[Sent] = &[
    always(1, 1, &[gre::ERSPAN_VER]),
    not_zero(&[gre::ERSPAN_INDEX]).beside(gre::ERSPAN_VER, 1),
    always(1, 0, &[gre::ERSPAN_DIR]).beside(gre::ERSPAN_VER, 2),
    always(2, 0, &[gre::ERSPAN_HWID]).beside(gre::ERSPAN_VER, 2),
];

/// A broadcast tunnel: its group is its key, too.
fn gre_check(given: &mut Given<'_>) -> Option<&'static str> {
    let group = given.bytes(gre::REMOTE).map(<[u8]>::to_vec).filter(|a| matches!(a.first(), Some(0xe0..0xf0)))?;
    for (key, flags) in [(gre::IKEY, gre::IFLAGS), (gre::OKEY, gre::OFLAGS)] {
        if given.bytes(key).is_none_or(|key| key.iter().all(|b| *b == 0)) {
            given.attrs.push((key, Value::Bytes(Bytes::Plain(group.clone()))));
            let bit = KEY.to_be_bytes().to_vec();
            given.attrs.push((flags, Value::Bytes(Bytes::Patch(bit.clone(), bit))));
        }
    }
    let local = given.bytes(gre::LOCAL).is_some_and(|a| a.iter().any(|b| *b != 0));
    (given.add && !local).then_some("a tunnel to a group needs a source address: local ADDRESS")
}

const IPIP_MODE: &[Setting] = &[both(
    "=mode",
    iptun::PROTO,
    Code(1, "any ipip=4 ip4ip4=4 ipv4/ipv4=4 ip6ip=41 ipv6/ipv4=41 mplsip=137 mpls/ipv4=137 any/ipv4=0"),
)
.text("")
.json("proto")];
const IP6TNL_MODE: &[Setting] = &[both(
    "=mode",
    iptun::PROTO,
    Code(1, "any ip6ip6=41 ipv6/ipv6=41 ipip6=4 ip/ipv6=4 ipv4/ipv6=4 ip4ip6=4 any/ipv6=0"),
)
.text("")
.json("proto")];
const IPTUN_SENT: &[Sent] = &[
    always(1, 0, &[iptun::PROTO]),
    sent(Alone, (0, 0), &[iptun::COLLECT_METADATA]),
    not_zero(&[iptun::LOCAL, iptun::REMOTE]),
];
const IPIP_SENT: &[Sent] = &[
    always(1, 1, &[iptun::PMTUDISC]),
    always(1, 0, &[iptun::TOS, iptun::TTL]),
    always(4, 0, &[iptun::LINK, iptun::FWMARK]),
];
const IP6TNL_SENT: &[Sent] = &[
    always(1, 64, &[iptun::TTL]),
    always(1, 4, &[iptun::ENCAP_LIMIT]),
    always(4, 0, &[iptun::FLOWINFO, iptun::FLAGS, iptun::LINK, iptun::FWMARK]),
];

fn ipip_check(given: &mut Given<'_>) -> Option<&'static str> {
    let no_discovery = given.bytes(iptun::PMTUDISC) == Some(&[0]);
    let ttl = given.bytes(iptun::TTL).is_some_and(|t| t != [0]);
    (ttl && no_discovery).then_some("Error: a ttl and nopmtudisc do not go together")
}

const SIXRD: &[Setting] = &[
    both("=isatap", iptun::FLAGS, Bits(2, 1)),
    write("=6rd-prefix", iptun::SIXRD_PREFIX, Parse(|words, attrs| sixrd(words, attrs, AF_INET6))),
    write("=6rd-relay_prefix", iptun::SIXRD_RELAY_PREFIX, Parse(|words, attrs| sixrd(words, attrs, AF_INET))),
    write(
        "=6rd-reset",
        iptun::SIXRD_PREFIX,
        Parse(|_, attrs| {
            let addr = IpAddr::from([0x2002, 0, 0, 0, 0, 0, 0, 0]);
            put_sixrd(attrs, Prefix { addr, len: 16 });
            put_sixrd(attrs, Prefix { addr: Ipv4Addr::UNSPECIFIED.into(), len: 0 });
            Ok(())
        }),
    ),
    print(show_sixrd),
];
const SIT_SENT: &[Sent] = &[
    always(2, 0, &[iptun::FLAGS]),
    given(&[iptun::SIXRD_PREFIX, iptun::SIXRD_PREFIXLEN, iptun::SIXRD_RELAY_PREFIX, iptun::SIXRD_RELAY_PREFIXLEN]),
];

fn sixrd(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>, family: u8) -> Parsed<()> {
    put_sixrd(attrs, words.prefix("a 6rd prefix", Some(family))?);
    Ok(())
}

fn put_sixrd(attrs: &mut Vec<Attr<Value>>, prefix: Prefix) {
    let (addr, len) = match prefix.addr {
        IpAddr::V6(_) => (iptun::SIXRD_PREFIX, iptun::SIXRD_PREFIXLEN),
        IpAddr::V4(_) => (iptun::SIXRD_RELAY_PREFIX, iptun::SIXRD_RELAY_PREFIXLEN),
    };
    attrs.push((addr, Value::Bytes(Bytes::Plain(octets(prefix.addr)))));
    attrs.push((len, number(prefix.len.into(), 2, false)));
}

fn show_sixrd(out: &mut Out, data: &Attrs<'_>) {
    for (addr, len, word, key) in [
        (iptun::SIXRD_PREFIX, iptun::SIXRD_PREFIXLEN, "6rd-prefix", "prefix"),
        (iptun::SIXRD_RELAY_PREFIX, iptun::SIXRD_RELAY_PREFIXLEN, "6rd-relay_prefix", "relay_prefix"),
    ] {
        let len = data.find(len).and_then(|l| l.u16().ok()).unwrap_or_default();
        let Some(addr) = data.find(addr).filter(|a| a.bytes().iter().any(|b| *b != 0)) else { return };
        let text = Addr(addr.bytes()).to_string();
        out.field(key, &text, format_args!("{word} {text}"));
        out.field(&format!("{key}len"), len, format_args!("/{len} "));
    }
}

/// Another header between the two: type, flags, source and destination port.
const fn wrap([kind, flags, sport, dport]: [u16; 4], shown: Setting) -> [Setting; 8] {
    [
        write("=noencap", kind, Is(2, 0)),
        write("=encap", kind, Code(2, "none fou gue")),
        write("=encap-sport", sport, BeOr(2, "auto")),
        write("=encap-dport", dport, Be(2)),
        write("=[no]encap-csum", flags, Bits(2, encap::CSUM)),
        write("=[no]encap-udp6-csum", flags, Bits(2, encap::CSUM6)),
        write("=[no]encap-remcsum", flags, Bits(2, encap::REMCSUM)),
        shown,
    ]
}
const OF_GRE: [u16; 4] = [gre::ENCAP_TYPE, gre::ENCAP_FLAGS, gre::ENCAP_SPORT, gre::ENCAP_DPORT];
const OF_IPTUN: [u16; 4] = [iptun::ENCAP_TYPE, iptun::ENCAP_FLAGS, iptun::ENCAP_SPORT, iptun::ENCAP_DPORT];
const GRE_ENCAP: &[Setting] = &wrap(OF_GRE, print(|out, data| show_wrap(out, data, OF_GRE)));
const IPTUN_ENCAP: &[Setting] = &wrap(OF_IPTUN, print(|out, data| show_wrap(out, data, OF_IPTUN)));

const GRE_ENCAP_SENT: &[Sent] = &[always(2, 0, &OF_GRE)];
const GRE_ENCAP6_SENT: &[Sent] =
    &[always(2, 0, &[gre::ENCAP_TYPE]), CSUM6_GRE, always(2, 0, &[gre::ENCAP_SPORT, gre::ENCAP_DPORT])];
const IPTUN_ENCAP_SENT: &[Sent] = &[always(2, 0, &OF_IPTUN)];
// Over IPv6 there are checksums unless told otherwise.
const IPTUN_ENCAP6_SENT: &[Sent] =
    &[always(2, 0, &[iptun::ENCAP_TYPE]), CSUM6_IPTUN, always(2, 0, &[iptun::ENCAP_SPORT, iptun::ENCAP_DPORT])];
const CSUM6_GRE: Sent = always(2, 2, &[gre::ENCAP_FLAGS]);
const CSUM6_IPTUN: Sent = always(2, 2, &[iptun::ENCAP_FLAGS]);

fn show_wrap(out: &mut Out, data: &Attrs<'_>, attrs: [u16; 4]) {
    let [kind, flags, sport, dport] = attrs.map(|a| data.find(a));
    let Some(kind) = kind.map(|k| uint(&k)).filter(|k| *k != 0) else { return };
    let flags = flags.and_then(|f| f.u16().ok()).unwrap_or_default();
    let [sport, dport] = [sport, dport].map(|p| p.and_then(|p| p.be16().ok()).unwrap_or_default());
    out.push("encap ");
    out.object("encap", |out| {
        match kind {
            1 => out.field("type", "fou", format_args!("fou ")),
            2 => out.field("type", "gue", format_args!("gue ")),
            _ => out.field("type", Json::Null, format_args!("unknown ")),
        }
        match sport {
            0 => out.field("sport", 0_u8, format_args!("encap-sport auto ")),
            _ => out.field("sport", sport, format_args!("encap-sport {sport} ")),
        }
        out.field("dport", dport, format_args!("encap-dport {dport} "));
        for (key, bit) in [("csum", encap::CSUM), ("csum6", encap::CSUM6), ("remcsum", encap::REMCSUM)] {
            let on = u32::from(flags) & bit != 0;
            out.field(key, on, format_args!("{}encap-{key} ", if on { "" } else { "no" }));
        }
    });
}

const VTI: &[Setting] =
    &[both("ikey key", vti::IKEY, Key(0)), both("okey key", vti::OKEY, Key(0)), fwmark(vti::FWMARK)];
const VTI_SENT: &[Sent] = &[
    always(4, 0, &[vti::IKEY, vti::OKEY]),
    not_zero(&[vti::LOCAL, vti::REMOTE]),
    always(4, 0, &[vti::FWMARK]),
    not_zero(&[vti::LINK]),
];

const XFRM: &[Setting] = &[
    both("=external", xfrm::COLLECT_METADATA, Flag),
    write("dev", xfrm::LINK, Dev),
    both("if_id", xfrm::IF_ID, Hex(4)).range(1, u64::MAX),
];
const XFRM_SENT: &[Sent] = &[given(&[xfrm::COLLECT_METADATA, xfrm::LINK])];

fn xfrm_check(given: &mut Given<'_>) -> Option<&'static str> {
    match (given.has(xfrm::COLLECT_METADATA), given.has(xfrm::IF_ID), given.has(xfrm::LINK)) {
        (true, false, false) | (false, true, _) => None,
        (true, ..) => Some("external stands alone: without if_id and dev"),
        (false, ..) => Some("Error: argument \"IF_ID\" is required"),
    }
}
