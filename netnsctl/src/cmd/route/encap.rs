//! Lightweight tunnels of routes and next hops: the words behind `encap`, and how they are shown.

use super::super::inet::{Addr, Attr, Look, Made, address, tos};
use super::super::links::{Links, device};
use super::*;
use crate::out::{Color, Value};
use nl_core::route::seg6_local_action::END_B6_ENCAP;
use nl_core::route::{
    ioam6_iptunnel, lwt_bpf, lwt_bpf_prog, lwt_xfrm, lwtunnel_encap, lwtunnel_ip, lwtunnel_ip_opt_erspan,
    lwtunnel_ip_opt_geneve, lwtunnel_ip_opt_vxlan, lwtunnel_ip_opts, lwtunnel_ip6, mpls_iptunnel, rpl_iptunnel,
    seg6_iptunnel, seg6_local, seg6_local_cnt, seg6_local_flv,
};
use nl_core::wire::NLA_F_NESTED;
use std::net::Ipv6Addr;

/// A kind of tunnel: its name, its number, and its settings in the order they are shown in.
struct Kind(&'static str, u16, &'static [Field]);

/// JSON's key; what stands before it in text, which among spaces is its word; its attribute; how it is read and shown.
struct Field(&'static str, &'static str, u16, Form);

/// How a value is read and shown.
#[derive(Clone, Copy)]
enum Form {
    /// 64 bits in network byte order.
    Id,
    /// An address of this family, in its colour.
    Addr(u8),
    /// An address of this family.
    Host(u8),
    /// Labels of MPLS, without a word.
    Labels,
    Byte,
    /// A byte, in words a type of service.
    Tos,
    Uint,
    Table,
    Link,
    Action,
    /// A word of its own for each bit of one attribute.
    Bit(u16),
    /// The segments of an action.
    Srh,
    /// The mode, then segments.
    Mode,
    Rpl,
    Counters,
    Flavors,
    Bpf,
    Opts,
}

/// The kinds, in the order of their numbers.
static KINDS: [Kind; 10] = [
    Kind("mpls", lwtunnel_encap::MPLS, MPLS),
    Kind("ip", lwtunnel_encap::IP, IP),
    Kind("ila", lwtunnel_encap::ILA, &[]),
    Kind("ip6", lwtunnel_encap::IP6, IP6),
    Kind("seg6", lwtunnel_encap::SEG6, &[Field("", "", seg6_iptunnel::SRH, Form::Mode)]),
    Kind("bpf", lwtunnel_encap::BPF, BPF),
    Kind("seg6local", lwtunnel_encap::SEG6_LOCAL, SEG6_LOCAL),
    Kind("rpl", lwtunnel_encap::RPL, &[Field("", "", rpl_iptunnel::SRH, Form::Rpl)]),
    Kind("ioam6", lwtunnel_encap::IOAM6, &[]),
    Kind("xfrm", lwtunnel_encap::XFRM, XFRM),
];
const MPLS: &[Field] =
    &[Field("dst", " ", mpls_iptunnel::DST, Form::Labels), Field("ttl", "ttl ", mpls_iptunnel::TTL, Form::Byte)];
const IP: &[Field] = &[
    Field("id", "id ", lwtunnel_ip::ID, Form::Id),
    Field("src", "src ", lwtunnel_ip::SRC, Form::Addr(af::INET)),
    Field("dst", "dst ", lwtunnel_ip::DST, Form::Addr(af::INET)),
    Field("ttl", "ttl ", lwtunnel_ip::TTL, Form::Byte),
    Field("tos", "tos ", lwtunnel_ip::TOS, Form::Tos),
    Field("key", "key ", lwtunnel_ip::FLAGS, Form::Bit(0x4)),
    Field("csum", "csum ", lwtunnel_ip::FLAGS, Form::Bit(0x1)),
    Field("seq", "seq ", lwtunnel_ip::FLAGS, Form::Bit(0x8)),
    Field("", "", lwtunnel_ip::OPTS, Form::Opts),
];
const IP6: &[Field] = &[
    Field("id", "id ", lwtunnel_ip6::ID, Form::Id),
    Field("src", "src ", lwtunnel_ip6::SRC, Form::Addr(af::INET6)),
    Field("dst", "dst ", lwtunnel_ip6::DST, Form::Addr(af::INET6)),
    Field("hoplimit", "hoplimit ", lwtunnel_ip6::HOPLIMIT, Form::Byte),
    Field("tc", "tc ", lwtunnel_ip6::TC, Form::Tos),
    Field("key", "key ", lwtunnel_ip6::FLAGS, Form::Bit(0x4)),
    Field("csum", "csum ", lwtunnel_ip6::FLAGS, Form::Bit(0x1)),
    Field("seq", "seq ", lwtunnel_ip6::FLAGS, Form::Bit(0x8)),
    Field("", "", lwtunnel_ip6::OPTS, Form::Opts),
];
const BPF: &[Field] = &[
    Field("in", "in ", lwt_bpf::IN, Form::Bpf),
    Field("out", "out ", lwt_bpf::OUT, Form::Bpf),
    Field("xmit", "xmit ", lwt_bpf::XMIT, Form::Bpf),
    Field("headroom", " ", lwt_bpf::XMIT_HEADROOM, Form::Uint),
];
const SEG6_LOCAL: &[Field] = &[
    Field("action", "action ", seg6_local::ACTION, Form::Action),
    Field("srh", "srh", seg6_local::SRH, Form::Srh),
    Field("table", "table ", seg6_local::TABLE, Form::Table),
    Field("vrftable", "vrftable ", seg6_local::VRFTABLE, Form::Table),
    Field("nh4", "nh4 ", seg6_local::NH4, Form::Host(af::INET)),
    Field("nh6", "nh6 ", seg6_local::NH6, Form::Host(af::INET6)),
    Field("iif", "iif ", seg6_local::IIF, Form::Link),
    Field("oif", "oif ", seg6_local::OIF, Form::Link),
    Field("endpoint", "endpoint ", seg6_local::BPF, Form::Bpf),
    Field("stats64", "count", seg6_local::COUNTERS, Form::Counters),
    Field("flavors", "flavors ", seg6_local::FLAVORS, Form::Flavors),
];
const XFRM: &[Field] = &[
    Field("if_id", "if_id ", lwt_xfrm::IF_ID, Form::Uint),
    Field("link_dev", "link_dev ", lwt_xfrm::LINK, Form::Link),
];

/// How segments get into a packet, by number.
const MODES: &[Keyword<u32>] = &[("inline", 0), ("encap", 1), ("l2encap", 2), ("encap.red", 3), ("l2encap.red", 4)];
/// What the end of a segment does, by number.
#[rustfmt::skip]
const ACTIONS: &[Keyword<u32>] = &[
    ("End", 1), ("End.X", 2), ("End.T", 3), ("End.DX2", 4), ("End.DX6", 5), ("End.DX4", 6), ("End.DT6", 7), ("End.DT4", 8),
    ("End.B6", 9), ("End.B6.Encaps", END_B6_ENCAP), ("End.BM", 11), ("End.S", 12), ("End.AS", 13), ("End.AM", 14),
    ("End.BPF", 15), ("End.DT46", 16),
];
/// Variants of an action, by the number of their bit.
const FLAVORS: &[Keyword<u32>] = &[("psp", 1), ("usp", 2), ("usd", 3), ("next-csid", 4)];

fn named(names: &[Keyword<u32>], value: u32, unknown: &'static str) -> &'static str {
    names.iter().find(|n| n.1 == value).map_or(unknown, |n| n.0)
}

/// Takes what follows `encap`: the attribute with the settings, and the one with the kind.
pub(in super::super) fn parse(words: &mut Words<'_>, encap: u16, encap_type: u16) -> Parsed<[Attr; 2]> {
    let names = KINDS.each_ref().map(|k| (k.0, k.1));
    let code = words.keyword_of("a kind of tunnel", &names, &[]);
    let code = code.map_err(|e| words.wrong(e, "\"encap type\" value is invalid\n"))?;
    let name = words.before();
    let mut ahead = words.clone();
    ahead.need("a setting of the tunnel")?;
    if words.is_ip() && ahead.is_end() {
        return Err(ahead.error("more words are missing").ip("Error: unexpected end of line after \"encap\""));
    }
    let attrs = match code {
        lwtunnel_encap::SEG6 => seg6(words)?,
        lwtunnel_encap::RPL => vec![(rpl_iptunnel::SRH, Made::Bytes(rpl(&segments(words)?)))],
        lwtunnel_encap::ILA | lwtunnel_encap::BPF | lwtunnel_encap::IOAM6 => {
            let said = format!("encap {name} is not supported");
            return Err(words.error_before(format!("{said} here")).ip(said));
        }
        _ => settings(words, code)?,
    };
    Ok([(encap | NLA_F_NESTED, Made::Nest(attrs)), (encap_type, Made::Bytes(code.to_ne_bytes().into()))])
}

fn settings(words: &mut Words<'_>, code: u16) -> Parsed<Vec<Attr>> {
    let fields = KINDS.iter().find(|k| k.1 == code).map(|k| k.2).unwrap_or_default();
    let (mut attrs, mut bits, mut seen) = (Vec::new(), None, Vec::new());
    let (mut action, mut srh) = (0, None);
    if code == lwtunnel_encap::MPLS {
        attrs.push((mpls_iptunnel::DST, Made::Bytes(address(words, "labels", af::MPLS)?.1)));
    }
    while let Some(Field(_, before, attr, form)) = fields.iter().find(|f| words.peek().is_some_and(|w| w == f.1.trim()))
    {
        let (word, what) = (before.trim(), "its value");
        let _ = words.next();
        if seen.contains(&word) {
            if matches!(form, Form::Bit(_)) {
                words.back();
            }
            return Err(words.again(word));
        }
        seen.push(word);
        let invalid = |words: &Words<'_>, usage| words.wrong(usage, format_args!("\"{word}\" value is invalid\n"));
        let value = match *form {
            Form::Id => {
                let id = words.number(what, 0..=u64::MAX).map_err(|e| invalid(words, e))?;
                Made::Bytes(id.to_be_bytes().into())
            }
            Form::Addr(family) | Form::Host(family) => Made::Bytes(address(words, what, family)?.1),
            Form::Byte => Made::Bytes(vec![words.uint(what).map_err(|e| invalid(words, e))?]),
            Form::Tos => Made::Bytes(vec![tos(words).map_err(|e| invalid(words, e))?]),
            Form::Uint => match words.uint::<u32>(what) {
                Ok(0) => return Err(invalid(words, words.error_before("it is not 0"))),
                value => value.map_err(|e| invalid(words, e))?.into(),
            },
            Form::Table => {
                let says = if word == "table" { "invalid table id\n" } else { "invalid vrf table id\n" };
                words.named::<u32>("a table", &names::TABLES).map_err(|e| words.wrong(e, says))?.into()
            }
            Form::Link => Made::Link(device(words, "the name of an interface")?.to_owned()),
            Form::Action => {
                action = words.keyword_of("an action", ACTIONS, &[]).map_err(|e| invalid(words, e))?;
                action.into()
            }
            Form::Bit(bit) => {
                bits = Some((*attr, bits.map_or(0, |b: (u16, u16)| b.1) | bit));
                continue;
            }
            Form::Counters => {
                let zero = |kind| (kind, Made::Bytes(vec![0; 8]));
                Made::Nest([seg6_local_cnt::PACKETS, seg6_local_cnt::BYTES, seg6_local_cnt::ERRORS].map(zero).into())
            }
            Form::Flavors => Made::Nest(flavors(words)?),
            Form::Srh => {
                srh = Some((segments(words)?, hmac(words)?));
                continue;
            }
            _ => return Err(words.error_before(format!("{word} is not supported here")).ip("not supported")),
        };
        let nested = if matches!(value, Made::Nest(_)) { NLA_F_NESTED } else { 0 };
        attrs.push((attr | nested, value));
    }
    if code == lwtunnel_encap::SEG6_LOCAL && action == 0 {
        return Err(words.error("the action is missing").ip("Missing action type"));
    }
    if code == lwtunnel_encap::XFRM && !seen.contains(&"if_id") {
        return Err(words.error("if_id is missing").ip("Usage: ip route ... encap xfrm if_id IF_ID [ link_dev LINK ]"));
    }
    attrs.extend(bits.map(|(attr, bits)| (attr, Made::Bytes(bits.to_be_bytes().into()))));
    let encaps = action == END_B6_ENCAP;
    attrs.extend(srh.map(|(segs, key)| (seg6_local::SRH, Made::Bytes(segment_header(&segs, encaps, key)))));
    Ok(attrs)
}

fn flavors(words: &mut Words<'_>) -> Parsed<Vec<Attr>> {
    let list = words.need("flavours")?.to_str().unwrap_or_default();
    let bit = |name: &str| FLAVORS.iter().find(|f| f.0.eq_ignore_ascii_case(name)).map(|f| 1_u32 << f.1);
    let add = |all: u32, bit: Option<u32>| bit.filter(|b| all & b == 0).map(|b| all | b);
    let bits = list.split(',').map(bit).try_fold(0, add).ok_or_else(|| {
        let usage = words.error_before(format!("{list:?} are not different ones of psp, usp, usd and next-csid"));
        words.wrong(usage, "invalid \"flavors\" attribute\n")
    })?;
    let mut attrs = vec![(seg6_local_flv::OPERATION, bits.into())];
    let lengths = [
        ("lblen", seg6_local_flv::LCBLOCK_BITS, "\"locator-block length\" value is invalid\n"),
        ("nflen", seg6_local_flv::LCNODE_FN_BITS, "\"locator-node function length\" value is invalid\n"),
    ];
    for (word, attr, says) in lengths {
        if list.contains("next-csid") && words.eat(word) {
            attrs.push((attr, Made::Bytes(vec![words.uint("a length in bits").map_err(|e| words.wrong(e, says))?])));
        }
    }
    Ok(attrs)
}

/// Takes `segs` and segments between commas.
fn segments(words: &mut Words<'_>) -> Parsed<Vec<Ipv6Addr>> {
    if !words.eat("segs") {
        let usage = words.error("segs is missing: segments between commas");
        return Err(words.wrong(usage, "missing \"segs\" attribute for srh\n"));
    }
    let list = words.need("segments")?.to_str().unwrap_or_default();
    let segment = |text: &str| {
        text.parse().map_err(|_| {
            let said = format!("Error: inet6 address is expected rather than \"{}\".", Escaped(text.as_bytes()));
            words.error_before(format!("{text:?} is not an IPv6 address")).ip(said).ip_code(1)
        })
    };
    list.split(',').filter(|s| !s.is_empty()).map(segment).collect()
}

fn hmac(words: &mut Words<'_>) -> Parsed<u32> {
    if words.eat("hmac") { words.uint("the id of a key") } else { Ok(0) }
}

fn seg6(words: &mut Words<'_>) -> Parsed<Vec<Attr>> {
    if !words.eat("mode") {
        let usage = words.error("the mode is missing: mode inline, encap, encap.red, l2encap or l2encap.red");
        return Err(words.wrong(usage, "\"segs\" provided before \"mode\"\n"));
    }
    let mode = words.keyword_of("a mode", MODES, &[]).map_err(|e| words.wrong(e, "\"mode\" value is invalid\n"))?;
    let segs = segments(words)?;
    let header = segment_header(&segs, mode != 0, hmac(words)?);
    Ok(vec![(seg6_iptunnel::SRH, Made::Bytes([&mode.to_ne_bytes()[..], &header].concat()))])
}

/// A segment routing header (RFC 8754), the last segment first; unless a packet is put into another, room for its
/// destination, which is the last. `key` is the id of the key for an HMAC, which the kernel fills in; 0: none.
fn segment_header(segs: &[Ipv6Addr], encaps: bool, key: u32) -> Vec<u8> {
    let last = u8::try_from(segs.len().saturating_sub(usize::from(encaps))).unwrap_or(u8::MAX);
    let mut bytes = vec![0, 0, 4, last, last, if key == 0 { 0 } else { 0x08 }, 0, 0];
    bytes.extend([0; 16].iter().filter(|_| !encaps));
    bytes.extend(segs.iter().rev().flat_map(Ipv6Addr::octets));
    if key != 0 {
        bytes.extend([5, 38, 0, 0].into_iter().chain(key.to_be_bytes()).chain([0; 32]));
    }
    with_length(bytes)
}

/// A source routing header of RPL (RFC 6554), uncompressed.
fn rpl(segs: &[Ipv6Addr]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 3, u8::try_from(segs.len()).unwrap_or(u8::MAX), 0, 0, 0, 0];
    bytes.extend(segs.iter().rev().flat_map(Ipv6Addr::octets));
    with_length(bytes)
}

/// With its length in units of 8 bytes, less one, as the second byte.
fn with_length(mut header: Vec<u8>) -> Vec<u8> {
    let len = u8::try_from((header.len() / 8).saturating_sub(1)).unwrap_or(u8::MAX);
    header.get_mut(1).into_iter().for_each(|b| *b = len);
    header
}

/// Shows a tunnel of the kind `code`, if there is one.
pub(in super::super) fn show_encap(out: &mut Out, look: Look<'_>, code: Option<u16>, attrs: Option<Attrs<'_>>) {
    let Some((code, attrs)) = code.zip(attrs) else { return };
    let kind = KINDS.iter().find(|k| k.1 == code);
    out.string("encap", " encap ", kind.map_or("unknown", |k| k.0));
    if code == lwtunnel_encap::IOAM6 {
        let _ = ioam6(out, &attrs);
    }
    for field in kind.map(|k| k.2).unwrap_or_default() {
        if let Some(attr) = attrs.find(field.2).filter(|_| look.statistics || !matches!(field.3, Form::Counters)) {
            let _ = field.show(out, look.links, &attr);
        }
    }
}

impl Field {
    fn show(&self, out: &mut Out, links: &Links, attr: &nl_core::Attr<'_>) -> std::result::Result<(), DecodeError> {
        let Self(key, before, _, form) = self;
        let bytes = attr.bytes();
        match *form {
            Form::Id => out.number(key, before, attr.be64()?),
            Form::Addr(family) => out.paint(Color::of_family(family), |out| {
                out.written(key, before, |text| Addr(bytes).write(text));
            }),
            Form::Host(_) => out.written(key, before, |text| Addr(bytes).write(text)),
            Form::Labels => out.written(key, before, |text| show::labels(text, bytes)),
            Form::Byte | Form::Tos => out.number(key, before, attr.u8()?),
            Form::Uint => out.number(key, before, attr.u32()?),
            Form::Table => {
                let table = out.named(attr.u32()?, &names::TABLES);
                out.code(key, before, table);
            }
            Form::Link => inet::put_name(out, key, before, links, attr.u32()?),
            Form::Action => {
                let action = attr.u32()?;
                let unknown = if action == 0 { "<unknown>" } else { "<invalid>" };
                out.string(key, before, named(ACTIONS, action, unknown));
            }
            Form::Bit(bit) => {
                if attr.be16()? & bit != 0 {
                    out.field(key, true, format_args!("{before}"));
                }
            }
            Form::Srh => out.object(key, |out| segment_list(out, bytes)),
            Form::Mode => {
                let (mode, header) = bytes.split_at_checked(4).unwrap_or_default();
                let mode = u32::from_ne_bytes(mode.try_into().unwrap_or_default());
                out.string("mode", "mode ", named(MODES, mode, "<unknown>"));
                segment_list(out, header);
            }
            Form::Rpl => {
                if let Some((head, segs)) = bytes.split_at_checked(8) {
                    segs_of(out, usize::from(head.get(3).copied().unwrap_or_default()), segs);
                }
            }
            Form::Counters => out.object(key, |out| {
                let names = [
                    ("packets", "packets ", seg6_local_cnt::PACKETS),
                    ("bytes", "bytes ", seg6_local_cnt::BYTES),
                    ("errors", "errors ", seg6_local_cnt::ERRORS),
                ];
                for (key, before, kind) in names {
                    out.number(key, before, attr.attrs().find(kind).and_then(|a| a.u64().ok()).unwrap_or_default());
                }
            }),
            Form::Flavors => {
                let find = |kind| attr.attrs().find(kind);
                if let Some(bits) = find(seg6_local_flv::OPERATION).and_then(|a| a.u32().ok()) {
                    out.push(before);
                    let set = || FLAVORS.iter().filter(|f| bits & 1 << f.1 != 0);
                    out.list(key, |out| {
                        for (i, (name, _)) in set().enumerate() {
                            out.field("", *name, format_args!("{}{name}", if i == 0 { "" } else { "," }));
                        }
                    });
                    out.push(" ");
                }
                let lengths = [
                    ("lblen", "lblen ", seg6_local_flv::LCBLOCK_BITS),
                    ("nflen", "nflen ", seg6_local_flv::LCNODE_FN_BITS),
                ];
                for (key, before, kind) in lengths {
                    find(kind).and_then(|a| a.u8().ok()).into_iter().for_each(|bits| out.number(key, before, bits));
                }
            }
            Form::Bpf => match attr.attrs().find(lwt_bpf_prog::NAME) {
                Some(name) => out.name(key, before, name.name()),
                None => out.field(key, "<unknown>", format_args!("{before}")),
            },
            Form::Opts => options(out, &attr.attrs()),
        }
        Ok(())
    }
}

fn segment_list(out: &mut Out, header: &[u8]) {
    let Some(([_, len, _, _, first, flags, _, _], segs)) = header.split_first_chunk() else { return };
    segs_of(out, usize::from(*first).saturating_add(1), segs);
    if flags & 0x08 != 0 {
        // The id of the key is 4 bytes into the last 40.
        let at = (usize::from(*len).saturating_add(1) << 3).saturating_sub(36);
        let key = header.get(at..).and_then(<[u8]>::first_chunk).map(|id| u32::from_be_bytes(*id)).unwrap_or_default();
        out.field("hmac", &format!("{key:#x}"), format_args!("hmac {key:X} "));
    }
}

/// Shows so many segments, the last one of which comes first.
fn segs_of(out: &mut Out, count: usize, segs: &[u8]) {
    out.text(format_args!("segs {count} [ "));
    out.list("segs", |out| {
        for seg in segs.chunks_exact(16).take(count).rev() {
            out.paint(Some(Color::Inet6), |out| out.written("", "", |text| Addr(seg).write(text)));
        }
    });
    out.push("] ");
}

fn ioam6(out: &mut Out, attrs: &Attrs<'_>) -> Option<()> {
    const MODES: &[Keyword<u8>] = &[("inline", 1), ("encap", 2), ("auto", 3)];
    let find = |kind| attrs.find(kind);
    let mode = find(ioam6_iptunnel::MODE)?.u8().ok()?;
    let trace = find(ioam6_iptunnel::TRACE)?.bytes();
    let (k, n) = (find(ioam6_iptunnel::FREQ_K)?.u32().ok()?, find(ioam6_iptunnel::FREQ_N)?.u32().ok()?);
    out.field("freqk", k, format_args!("freq {k}"));
    out.number("freqn", "/", n);
    let dst = find(ioam6_iptunnel::DST).filter(|_| mode != 1);
    if dst.is_none() && mode != 1 {
        return None;
    }
    out.string("mode", "mode ", MODES.iter().find(|m| m.1 == mode).map_or("<unknown>", |m| m.0));
    if let Some(dst) = dst {
        out.written("tundst", "tundst ", |text| Addr(dst.bytes()).write(text));
    }
    let [a, b, _, left, kind @ .., _] = trace.first_chunk::<8>()?;
    let (namespace, left) = (u16::from_be_bytes([*a, *b]), left & 0x7f);
    let kind = kind.iter().fold(0, |all: u32, b| all << 8 | u32::from(*b));
    out.field("trace", Value::Null, format_args!("trace "));
    out.field("prealloc", Value::Null, format_args!("prealloc "));
    out.field("type", &format!("{kind:x}"), format_args!("type {kind:#08x} "));
    out.number("ns", "ns ", namespace);
    out.number("size", "size ", u32::from(left).saturating_mul(4));
    Some(())
}

/// Shows the options of the kind of tunnel.
fn options(out: &mut Out, attrs: &Attrs<'_>) {
    let mut list = |key: &str, fill: &dyn Fn(&mut Out)| {
        out.text(format_args!("{}\t{key} ", out.newline()));
        out.list(key, fill);
    };
    let number = |attrs: &Attrs<'_>, kind| {
        let bytes = attrs.find(kind).map(|a| a.bytes()).unwrap_or_default();
        bytes.iter().fold(0_u64, |all, b| all << 8 | u64::from(*b))
    };
    if let Some(geneve) = attrs.find(lwtunnel_ip_opts::GENEVE) {
        list("geneve_opts", &|out| {
            let mut class_type = (0, 0);
            let mut rest = geneve.attrs();
            while let Some(Ok(attr)) = rest.next() {
                match attr.kind() {
                    lwtunnel_ip_opt_geneve::CLASS => class_type.0 = attr.be16().unwrap_or_default(),
                    lwtunnel_ip_opt_geneve::TYPE => class_type.1 = attr.u8().unwrap_or_default(),
                    _ => out.object("", |out| {
                        let data = attr.bytes().iter().fold(String::new(), |data, b| data + &format!("{b:02x}"));
                        out.field("class", class_type.0, format_args!("{}", class_type.0));
                        out.field("type", class_type.1, format_args!(":{}", class_type.1));
                        let last = rest.bytes().is_empty();
                        out.field("data", &data, format_args!(":{data}{}", if last { " " } else { "," }));
                    }),
                }
            }
        });
    } else if let Some(vxlan) = attrs.find(lwtunnel_ip_opts::VXLAN) {
        let gbp = vxlan.attrs().find(lwtunnel_ip_opt_vxlan::GBP).and_then(|a| a.u32().ok()).unwrap_or_default();
        list("vxlan_opts", &|out| out.object("", |out| out.number("gbp", "", gbp)));
    } else if let Some(erspan) = attrs.find(lwtunnel_ip_opts::ERSPAN) {
        let attrs = erspan.attrs();
        let version = number(&attrs, lwtunnel_ip_opt_erspan::VER);
        let is = |first: bool, kind| if (version == 1) == first { number(&attrs, kind) } else { 0 };
        let index = is(true, lwtunnel_ip_opt_erspan::INDEX);
        let dir = is(false, lwtunnel_ip_opt_erspan::DIR);
        let hwid = is(false, lwtunnel_ip_opt_erspan::HWID);
        list("erspan_opts", &|out| {
            out.object("", |out| {
                out.field("ver", version, format_args!("{version}"));
                out.field("index", index, format_args!(":{index}"));
                out.field("dir", dir, format_args!(":{dir}"));
                out.number("hwid", ":", hwid);
            });
        });
    }
}
