//! The words of a route that is to be made, changed or deleted, and the message they become: attributes in the order of the
//! words, as `ip` has them.

use super::super::inet::{Attr, Dest, Made, TYPES, address, realms, tos};
use super::super::links::device;
use super::encap;
use super::show::PATH;
use super::*;
use crate::grammar::nearest;
use nl_core::route::{RtNextHop, rt_scope, rtax, rtn, rtprot};

/// A route that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// All but the table, which an attribute may say.
    header: RtMsg,
    attrs: Vec<Attr>,
    dev: Option<OsString>,
    /// What TCP is told: [`rtax`] and value; the bits of those that are locked.
    path: Vec<Attr>,
    lock: u32,
    hops: Vec<Hop>,
}

/// One of several next hops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    flags: u8,
    /// Less one, as it is on the wire.
    weight: u8,
    dev: Option<OsString>,
    attrs: Vec<Attr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    To,
    Src,
    As,
    Via,
    From,
    Tos,
    Scope,
    Proto,
    Table,
    Vrf,
    Dev,
    Onlink,
    Nexthop,
    Weight,
    Pref,
    Encap,
    TtlPropagate,
    Realms,
    /// A number: its attribute, and what `ip` calls it.
    Number(u16, &'static str),
    Path(u16),
}

/// Words that `ip` wants written out, and those it takes abbreviated, in its order.
const WHOLE: &[Keyword<Word>] = &[
    ("to", Word::To),
    ("src", Word::Src),
    ("as", Word::As),
    ("via", Word::Via),
    ("from", Word::From),
    ("tos", Word::Tos),
    ("expires", Word::Number(rta::EXPIRES, "expires")),
    ("preference", Word::Number(rta::PRIORITY, "metric")),
    ("scope", Word::Scope),
    ("mtu", Word::Path(rtax::MTU)),
    ("hoplimit", Word::Path(rtax::HOPLIMIT)),
    ("advmss", Word::Path(rtax::ADVMSS)),
    ("rtt", Word::Path(rtax::RTT)),
    ("rto_min", Word::Path(rtax::RTO_MIN)),
    ("onlink", Word::Onlink),
    ("nexthop", Word::Nexthop),
    ("nhid", Word::Number(rta::NH_ID, "id")),
    ("dev", Word::Dev),
    ("oif", Word::Dev),
    ("encap", Word::Encap),
    ("ttl-propagate", Word::TtlPropagate),
];
const SHORT: &[Keyword<Word>] = &[
    ("dsfield", Word::Tos),
    ("metric", Word::Number(rta::PRIORITY, "metric")),
    ("priority", Word::Number(rta::PRIORITY, "metric")),
    ("reordering", Word::Path(rtax::REORDERING)),
    ("window", Word::Path(rtax::WINDOW)),
    ("cwnd", Word::Path(rtax::CWND)),
    ("initcwnd", Word::Path(rtax::INITCWND)),
    ("initrwnd", Word::Path(rtax::INITRWND)),
    ("features", Word::Path(rtax::FEATURES)),
    ("quickack", Word::Path(rtax::QUICKACK)),
    ("congctl", Word::Path(rtax::CC_ALGO)),
    ("rttvar", Word::Path(rtax::RTTVAR)),
    ("ssthresh", Word::Path(rtax::SSTHRESH)),
    ("realms", Word::Realms),
    ("protocol", Word::Proto),
    ("table", Word::Table),
    ("vrf", Word::Vrf),
    ("pref", Word::Pref),
    ("fastopen_no_cookie", Word::Path(rtax::FASTOPEN_NO_COOKIE)),
];

/// The words of one of several next hops.
const WHOLE_HOP: &[Keyword<Word>] = &[
    ("via", Word::Via),
    ("dev", Word::Dev),
    ("weight", Word::Weight),
    ("onlink", Word::Onlink),
    ("encap", Word::Encap),
    ("as", Word::As),
];
const SHORT_HOP: &[Keyword<Word>] = &[("realms", Word::Realms)];

pub(super) const PREFS: &[Keyword<u8>] = &[("low", 3), ("medium", 0), ("high", 1)];

impl Spec {
    /// Takes the words of a route that is to be made, or deleted; `None`: there is no destination among them, or `help`.
    pub(super) fn parse(words: &mut Words<'_>, options: &Options, message: u16) -> Parsed<Option<Self>> {
        let adding = message == RTM_NEWROUTE;
        let mut header = RtMsg { family: options.family.unwrap_or_default(), ..RtMsg::default() };
        if adding {
            (header.protocol, header.kind) = (rtprot::BOOT, rtn::UNICAST);
        }
        let (mut scope, mut has_type, mut has_dst, mut is_via, mut nhid) = (None, false, false, false, 0);
        let mut spec = Self { header, attrs: Vec::new(), dev: None, path: Vec::new(), lock: 0, hops: Vec::new() };
        let header = &mut spec.header;
        while !words.is_end() {
            let attrs = &mut spec.attrs;
            match words.try_words(WHOLE, SHORT)?.unwrap_or(Word::To) {
                Word::To => {
                    let digit = words.peek().is_some_and(|w| w.as_bytes().first().is_some_and(u8::is_ascii_digit));
                    if let Some(kind) = if digit { None } else { words.try_keyword(TYPES)? } {
                        (header.kind, has_type) = (kind, true);
                    }
                    if wants_help(words) {
                        return Ok(None);
                    }
                    let mut known = WHOLE.iter().chain(SHORT).map(|k| k.0).chain(TYPES.iter().map(|k| k.0));
                    if has_dst {
                        let mut usage = words.again("to");
                        usage.message = match words.peek().and_then(|word| nearest(word, &mut known)) {
                            Some(near) => {
                                format!("{:?} is not a word of a route; did you mean {near:?}?", words.typed())
                            }
                            None => "there is a destination already".into(),
                        };
                        return Err(usage);
                    }
                    let dst = destination(words, header.family, known)?;
                    header.family = family_or(header.family, dst.family);
                    (header.dst_len, has_dst) = (dst.len, true);
                    if !dst.addr.is_empty() {
                        attrs.push((rta::DST, Made::Bytes(dst.addr)));
                    }
                }
                Word::From => {
                    let src = Dest::parse(words, "a source prefix", header.family)?;
                    header.family = family_or(header.family, src.family);
                    header.src_len = src.len;
                    if !src.addr.is_empty() {
                        attrs.push((rta::SRC, Made::Bytes(src.addr)));
                    }
                }
                Word::Src => {
                    let (family, addr) = address(words, "a source address", header.family)?;
                    header.family = family_or(header.family, family);
                    attrs.push((rta::PREFSRC, Made::Bytes(addr)));
                }
                Word::Via if is_via => {
                    let usage = words.error_before("there is a `via` already: several are `nexthop via …`");
                    return Err(words.wrong(usage, "use nexthop syntax to specify multiple via\n"));
                }
                Word::Via => {
                    is_via = true;
                    attrs.push(gateway(words, &mut header.family)?);
                }
                Word::As => attrs.push(new_dst(words, &mut header.family)?),
                Word::Tos => header.tos = tos(words).map_err(|e| words.wrong(e, "\"tos\" value is invalid\n"))?,
                Word::Scope => {
                    let value = words.named("a scope", &names::SCOPES);
                    scope = Some(value.map_err(|e| words.wrong(e, "invalid \"scope\" value\n"))?);
                }
                Word::Proto => {
                    let value = words.named("a protocol", &names::PROTOS);
                    header.protocol = value.map_err(|e| words.wrong(e, "\"protocol\" value is invalid\n"))?;
                }
                Word::Table => {
                    let table = words.named::<u32>("a table", &names::TABLES);
                    let table = table.map_err(|e| words.wrong(e, "\"table\" value is invalid\n"))?;
                    attrs.push((rta::TABLE, table.into()));
                }
                Word::Vrf => attrs.push((rta::TABLE, Made::Vrf(words.need("the name of a VRF")?.to_owned()))),
                Word::Dev => spec.dev = Some(device(words, "the name of an interface")?.to_owned()),
                Word::Onlink => header.flags = RouteFlags::ONLINK.bits().into(),
                Word::Number(kind, name) => {
                    let value: u32 = words.uint(name).map_err(|e| invalid(words, e, name))?;
                    if kind == rta::NH_ID {
                        nhid = value;
                    }
                    attrs.push((kind, value.into()));
                }
                Word::Pref => attrs.push((rta::PREF, Made::Bytes(vec![pref(words)?]))),
                Word::Realms => attrs.push((rta::FLOW, realms(words).map_err(|e| invalid(words, e, "realm"))?.into())),
                Word::Encap => attrs.extend(encap::parse(words, rta::ENCAP, rta::ENCAP_TYPE)?),
                Word::TtlPropagate => {
                    let on = words.keyword("enabled or disabled", &[("enabled", 1), ("disabled", 0)]);
                    let on = on.map_err(|e| invalid(words, e, "ttl-propagate"))?;
                    attrs.push((rta::TTL_PROPAGATE, Made::Bytes(vec![on])));
                }
                Word::Path(number) => {
                    let lockable =
                        !matches!(number, rtax::FEATURES | rtax::QUICKACK | rtax::FASTOPEN_NO_COOKIE | rtax::RTO_MIN);
                    if number == rtax::RTO_MIN || lockable && words.eat("lock") {
                        spec.lock |= 1_u32.checked_shl(number.into()).unwrap_or_default();
                    }
                    spec.path.push((number, path_value(words, number)?));
                }
                Word::Weight => return Err(words.error_before("weight belongs to a nexthop")),
                Word::Nexthop => {
                    words.back();
                    while !words.is_end() {
                        spec.hops.push(Hop::parse(words, &mut header.family)?);
                    }
                }
            }
        }
        if !has_dst {
            return Ok(None);
        }
        header.family = family_or(header.family, af::INET);
        header.scope = scope.unwrap_or(match header.kind {
            _ if matches!(header.family, af::INET6 | af::MPLS) => rt_scope::UNIVERSE,
            rtn::LOCAL | rtn::NAT => rt_scope::HOST,
            rtn::BROADCAST | rtn::MULTICAST | rtn::ANYCAST => rt_scope::LINK,
            _ if !adding => rt_scope::NOWHERE,
            rtn::UNSPEC | rtn::UNICAST if !is_via && spec.hops.is_empty() && nhid == 0 => rt_scope::LINK,
            _ => rt_scope::UNIVERSE,
        });
        if header.family == af::MPLS && !has_type {
            header.kind = rtn::UNICAST;
        }
        Ok(Some(spec))
    }

    /// Asks for the numbers behind the names, and gives back what writes the message.
    pub(super) fn message(mut self, session: &mut Session) -> Result<impl Fn(&mut Msg<'_>) + use<>> {
        let oif = index_or_0(session, self.dev.as_ref())?;
        Made::resolve(session, &mut self.attrs)?;
        let mut hops = Vec::new();
        for mut hop in self.hops {
            let index = index_or_0(session, hop.dev.as_ref()).map_err(|failure| {
                let said = failure.ip.clone().unwrap_or_default();
                failure.ip(format!("{said}\nError: cannot parse nexthop")).code(code::USAGE)
            })?;
            Made::resolve(session, &mut hop.attrs)?;
            hops.push((hop, index));
        }
        // A table of up to 255 goes into the header.
        let mut table = match self.header.kind {
            rtn::LOCAL | rtn::BROADCAST | rtn::NAT | rtn::ANYCAST => rt_table::LOCAL,
            _ => rt_table::MAIN,
        };
        self.attrs.retain(|attr| match attr {
            (rta::TABLE, Made::Bytes(bytes)) => {
                table = bytes.as_slice().try_into().map_or(0, u32::from_ne_bytes);
                table > 255
            }
            _ => true,
        });
        let header = RtMsg { table: u8::try_from(table).unwrap_or_default(), ..self.header };
        Ok(move |m: &mut Msg<'_>| {
            m.fixed(&header);
            Made::write(m, &self.attrs);
            if oif != 0 {
                m.u32(rta::OIF, oif);
            }
            if !self.path.is_empty() {
                m.nest(rta::METRICS, |m| {
                    Made::write(m, &self.path);
                    if self.lock != 0 {
                        m.u32(rtax::LOCK, self.lock);
                    }
                });
            }
            if !hops.is_empty() {
                m.nest(rta::MULTIPATH, |m| hops.iter().for_each(|(hop, index)| hop.write(m, *index)));
            }
        })
    }

    /// The destination, to speak of it.
    pub(super) fn dst(&self) -> String {
        match self.attrs.iter().find(|a| a.0 == rta::DST) {
            Some((_, Made::Bytes(dst))) => Net(Some(dst), self.header.dst_len).to_string(),
            _ => "default".into(),
        }
    }
}

impl Hop {
    fn parse(words: &mut Words<'_>, family: &mut u8) -> Parsed<Self> {
        if !words.eat("nexthop") {
            let word = words.peek().map(OsStr::as_bytes).unwrap_or_default();
            let said = format!("Error: \"nexthop\" or end of line is expected instead of \"{}\"", Escaped(word));
            return Err(words.error("behind a nexthop there can only be another").ip(said));
        }
        if words.is_end() {
            let said = "Error: unexpected end of line after \"nexthop\"";
            return Err(words.error("a next hop is missing: via ADDRESS, dev NAME").ip(said));
        }
        let mut hop = Self::default();
        while let Some(word) = words.try_words(WHOLE_HOP, SHORT_HOP)? {
            match word {
                Word::Via => hop.attrs.push(gateway(words, family)?),
                Word::Dev => hop.dev = Some(device(words, "the name of an interface")?.to_owned()),
                Word::Weight => {
                    let weight =
                        words.number("a weight", 1..=256).map_err(|e| words.wrong(e, "\"weight\" is invalid\n"))?;
                    hop.weight = u8::try_from(weight.saturating_sub(1)).unwrap_or(u8::MAX);
                }
                Word::Realms => {
                    hop.attrs.push((rta::FLOW, realms(words).map_err(|e| invalid(words, e, "realm"))?.into()))
                }
                Word::Encap => hop.attrs.extend(encap::parse(words, rta::ENCAP, rta::ENCAP_TYPE)?),
                Word::As => hop.attrs.push(new_dst(words, family)?),
                _ => hop.flags = u8::try_from(RouteFlags::ONLINK.bits()).unwrap_or_default(),
            }
        }
        Ok(hop)
    }

    /// Its head says how long it is with what follows.
    fn write(&self, m: &mut Msg<'_>, index: u32) {
        let len = size_of::<RtNextHop>().saturating_add(Made::size(&self.attrs));
        m.fixed(&RtNextHop {
            len: u16::try_from(len).unwrap_or(u16::MAX).into(),
            flags: self.flags,
            hops: self.weight,
            index: i32::try_from(index).unwrap_or_default().into(),
        });
        Made::write(m, &self.attrs);
    }
}

/// The family that was said, or else this one.
pub(super) fn family_or(said: u8, family: u8) -> u8 {
    if said == af::UNSPEC { family } else { said }
}

/// Whether the next word is, to `ip`, `help`.
pub(super) fn wants_help(words: &Words<'_>) -> bool {
    words
        .peek()
        .and_then(OsStr::to_str)
        .is_some_and(|w| !w.is_empty() && "help".starts_with(w) && (words.is_ip() || w.len() == 4))
}

fn invalid(words: &Words<'_>, usage: Usage, name: &str) -> Usage {
    words.wrong(usage, format_args!("\"{name}\" value is invalid\n"))
}

/// Takes a destination; where there is none, the word was perhaps meant to be one of those `known`.
pub(super) fn destination<'k>(words: &mut Words<'_>, family: u8, known: impl Iterator<Item = &'k str>) -> Parsed<Dest> {
    let word = words.peek().unwrap_or_default();
    Dest::parse(words, "a destination", family).map_err(|usage| match nearest(word, known) {
        Some(near) => usage.message(format!("{} is not a word of a route; did you mean {near:?}?", show(word))),
        None => usage,
    })
}

/// Takes a gateway; one of another family than the route's is announced by its family, and goes as `RTA_VIA`.
fn gateway(words: &mut Words<'_>, family: &mut u8) -> Parsed<Attr> {
    let said = FAMILIES.iter().find(|f| words.eat(f.0)).map_or(*family, |f| f.1);
    let (other, addr) = address(words, "a gateway", said).map_err(|mut usage| {
        if said == *family && said != af::UNSPEC {
            usage.message.push_str("; for one of the other family write `via inet6` or `via inet`");
        }
        usage
    })?;
    *family = family_or(*family, other);
    Ok(match other == *family {
        true => (rta::GATEWAY, Made::Bytes(addr)),
        false => (rta::VIA, Made::Bytes([&u16::from(other).to_ne_bytes()[..], &addr].concat())),
    })
}

fn new_dst(words: &mut Words<'_>, family: &mut u8) -> Parsed<Attr> {
    let _ = words.eat("to");
    let (other, addr) = address(words, "a new destination", *family)?;
    *family = family_or(*family, other);
    Ok((rta::NEWDST, Made::Bytes(addr)))
}

fn pref(words: &mut Words<'_>) -> Parsed<u8> {
    if let Some(pref) = words.try_words(PREFS, &[])? {
        return Ok(pref);
    }
    words.uint("a preference: low, medium, high").map_err(|e| invalid(words, e, "pref"))
}

/// Takes the value of something that TCP is told.
fn path_value(words: &mut Words<'_>, number: u16) -> Parsed<Made> {
    let name = PATH.iter().find(|p| p.0 == number).map_or("", |p| p.2);
    let says = if number == rtax::ADVMSS { "mss" } else { name };
    let value = match number {
        rtax::RTT => time(words).map(|(time, raw)| if raw { time } else { time.wrapping_mul(8) }),
        rtax::RTTVAR => time(words).map(|(time, raw)| if raw { time } else { time.wrapping_mul(4) }),
        rtax::RTO_MIN => time(words).map(|t| t.0),
        rtax::HOPLIMIT => words.uint::<u8>(name).map(u32::from),
        rtax::FEATURES => {
            let feature = words.keyword("a feature", &[("ecn", 1)]);
            return Ok(feature.map_err(|e| words.wrong(e, "\"features\" value not valid\n"))?.into());
        }
        rtax::CC_ALGO => return Ok(Made::Bytes(words.need("an algorithm of congestion control")?.as_bytes().into())),
        _ => words.uint::<u32>(name),
    };
    let value = value.map_err(|e| invalid(words, e, says))?;
    if matches!(number, rtax::QUICKACK | rtax::FASTOPEN_NO_COOKIE) && value > 1 {
        let usage = words.error_before(format!("{name} is 0 or 1"));
        return Err(words.wrong(usage, format_args!("\"{name}\" value should be 0 or 1\n")));
    }
    Ok(value.into())
}

/// Takes a time in milliseconds, rounded up, and whether it had no unit: then it is as it is on the wire.
fn time(words: &mut Words<'_>) -> Parsed<(u32, bool)> {
    let word = words.need("a time")?.to_str().unwrap_or_default();
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at_checked(digits).unwrap_or_default();
    let factor = match &*unit.to_ascii_lowercase() {
        "s" | "sec" | "secs" => Some(1000),
        "" | "ms" | "msec" | "msecs" => Some(1),
        _ => None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let millionths: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let number =
        format!("{whole}{millionths}").parse::<u64>().ok().filter(|_| number.len() > number.matches('.').count());
    let time = number.zip(factor).and_then(|(n, f)| u32::try_from(n.checked_mul(f)?.div_ceil(1_000_000)).ok());
    match time {
        Some(time) => Ok((time, unit.is_empty())),
        None => Err(words.error_before(format!("{word:?} is not a time, like 300ms or 1.5s"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_rounded_up() {
        let time = |word: &str| time(&mut Words::new(&[OsString::from(word)])).ok();
        assert_eq!(
            [time("300"), time("300ms"), time("3s")],
            [Some((300, true)), Some((300, false)), Some((3000, false))]
        );
        assert_eq!([time("1.2ms"), time("0.5Sec"), time("0.0001s")], [2, 500, 1].map(|ms| Some((ms, false))));
        for bad in ["", ".", "s", "1m", "-1", "1.2.3", "5000000s"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }
}
