//! Values: read from words into a struct, and shown.

use super::table::{LEVELS, NAT_IPS, NAT_PORTS, TCP_FLAGS};
use super::{How, IcmpType, Kind, Of, Opt, Range, V4, V6, bits, bytes, find, get, put, write};
use crate::cmd::iptables::words::{lower_starts, port, service};
use crate::grammar::number;
use crate::out::harmless;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How `LOG` is listed: not with its options in their order.
pub(super) fn list_log(info: &[u8], numeric: bool, to: &mut Vec<u8>) {
    let (level, flags) = (get(info, 0, 1), get(info, 1, 1));
    let name = LEVELS.iter().find(|l| l.1 == level).map(|l| l.0);
    let _ = match (numeric, name) {
        (true, _) => write!(to, " LOG flags {flags} level {level}"),
        (false, Some(name)) => write!(to, " LOG level {name}"),
        (false, None) => write!(to, " LOG UNKNOWN level {level}"),
    };
    if let Some(ext) = find("LOG", true, V4).filter(|_| !numeric) {
        let set = ext.options.iter().filter(|o| o.set.is_set(info));
        set.for_each(|o| to.extend_from_slice(o.list[0].as_bytes()));
    }
    let prefix = info.get(2..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
    if !prefix.is_empty() {
        let _ = write!(to, " prefix \"{}\"", plain(prefix));
    }
}

/// Text that does not disturb a terminal.
fn plain(text: &[u8]) -> String {
    harmless(String::from_utf8_lossy(text).into_owned())
}

/// How `MARK` is listed: what it does, whichever option said so.
pub(super) fn list_mark(info: &[u8], _: bool, to: &mut Vec<u8>) {
    let (mark, mask) = (get(info, 0, 4), get(info, 4, 4));
    let _ = match (mark, mask) {
        (0, mask) => write!(to, " MARK and 0x{:x}", !mask),
        (mark, mask) if mark == mask => write!(to, " MARK or 0x{mark:x}"),
        (mark, 0) => write!(to, " MARK xor 0x{mark:x}"),
        (mark, u32::MAX) => write!(to, " MARK set 0x{mark:x}"),
        (mark, mask) => write!(to, " MARK xset 0x{mark:x}/0x{mask:x}"),
    };
}

/// How many packets in which time, of the time that a packet takes: the number, the seconds, their name.
pub(in super::super) fn rate(takes: u32) -> (u32, u32, &'static str) {
    const UNITS: [(u32, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "min"), (1, "sec")];
    let whole = |unit: u32| unit.saturating_mul(SCALE);
    let fits = |unit: u32| {
        let (whole, takes) = (whole(unit), takes.max(1));
        takes <= whole && whole.checked_div(takes) >= whole.checked_rem(takes)
    };
    let last = UNITS.iter().skip(1).take_while(|unit| fits(unit.0)).last();
    let (seconds, name) = last.copied().unwrap_or((86_400, "day"));
    (whole(seconds).checked_div(takes).unwrap_or_default(), seconds, name)
}

/// The time that a packet takes, of so many in so many seconds.
pub(in super::super) fn takes(count: u32, seconds: u32) -> Option<u32> {
    seconds.checked_mul(SCALE)?.checked_div(count).filter(|takes| *takes > 0)
}

/// Parts of a second in which time is counted (`XT_LIMIT_SCALE`).
const SCALE: u32 = 10_000;

fn read_rate(text: &str) -> Option<u32> {
    const UNITS: [(&str, u32); 4] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)];
    let (count, unit) = text.split_once('/').unwrap_or((text, "second"));
    let seconds = UNITS.iter().find(|u| !unit.is_empty() && lower_starts(u.0, unit))?.1;
    takes(count.parse().ok()?, seconds)
}

/// Bits by their names, between commas.
fn read_names(names: &[(&str, u32)], text: &str, whole: bool) -> Option<u32> {
    text.split(',').try_fold(0, |all, word| {
        let mut names = names.iter();
        let found = if whole {
            names.find(|n| n.0.eq_ignore_ascii_case(word))
        } else {
            names.find(|n| !word.is_empty() && lower_starts(n.0, word))
        };
        found.map(|n| all | n.1)
    })
}

fn show_names(names: &[(&str, u32)], value: u32) -> Vec<u8> {
    let mut left = value;
    let mut shown = Vec::new();
    for (name, bits) in names {
        if left & bits == *bits && *bits != 0 {
            left &= !bits;
            shown.push(*name);
        }
    }
    shown.join(",").into()
}

/// A number and, behind a slash, its mask.
fn read_mark(text: &str) -> Option<(u32, u32)> {
    let read = |text| number(text, true).and_then(|n| u32::try_from(n).ok());
    match text.split_once('/') {
        Some((value, mask)) => Some((read(value)?, read(mask)?)),
        None => Some((read(text)?, u32::MAX)),
    }
}

/// A type of ICMP by its name or the beginning of that, or by its number and code.
fn read_icmp(names: &[IcmpType], text: &str) -> Result<(u32, u32, u32), String> {
    let mut named = names.iter().filter(|n| !text.is_empty() && lower_starts(n.0, text));
    match (named.next(), named.next()) {
        (Some(one), None) => return Ok((one.1, one.2, one.3)),
        (Some(one), Some(other)) => match names.iter().find(|n| n.0.eq_ignore_ascii_case(text)) {
            // As iptables does not, take what is written out.
            Some(whole) => return Ok((whole.1, whole.2, whole.3)),
            None => return Err(format!("it can be {:?} or {:?}", one.0, other.0)),
        },
        _ => {}
    }
    let byte = |text| number(text, true).filter(|n| *n < 256).and_then(|n| u32::try_from(n).ok());
    let read = match text.split_once('/') {
        None => byte(text).map(|kind| (kind, 0, 255)),
        Some((kind, codes)) => {
            let (low, high) = codes.split_once(':').unwrap_or((codes, codes));
            byte(kind).zip(byte(low)).zip(byte(high)).map(|((kind, low), high)| (kind, low, high))
        }
    };
    read.ok_or_else(|| "it is a type of ICMP, TYPE/CODE, or a name of one".into())
}

const PORT: &str = "a port is a number up to 65535 or a name of /etc/services";

/// The address at `at`, as text.
fn address(info: &[u8], at: usize, family: u8) -> String {
    if family == V4 {
        Ipv4Addr::from(bytes::<4>(info, at)).to_string()
    } else {
        Ipv6Addr::from(bytes::<16>(info, at)).to_string()
    }
}

impl Range {
    /// Reads `PORT` or `PORT-PORT`.
    fn read_ports(&self, info: &mut [u8], text: &str, of: Of) -> Result<(), String> {
        if !matches!(of.protocol, 1 | 6 | 17 | 33 | 132) {
            return Err("ports need a protocol that has some: -p tcp, udp, sctp or dccp".into());
        }
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let ports = port(low, of.protocol).zip(port(high, of.protocol)).ok_or(PORT)?;
        if ports.0 > ports.1 {
            return Err("the range of ports is upside down".into());
        }
        write(info, self.ports, &ports.0.to_be_bytes());
        write(info, self.ports.saturating_add(2), &ports.1.to_be_bytes());
        bits(self.flags, 4, NAT_PORTS).set(info);
        Ok(())
    }

    /// Reads `ADDRESS[-ADDRESS][:PORT[-PORT]]`; with ports, addresses of IPv6 are in brackets.
    fn read(&self, info: &mut [u8], text: &str, of: Of) -> Result<(), String> {
        let brackets = text.strip_prefix('[').and_then(|text| text.split_once(']')).filter(|_| of.family == V6);
        let (addresses, ports) = match brackets {
            Some((addresses, rest)) => (addresses, rest.strip_prefix(':')),
            None if text.matches(':').count() == 1 => text.split_once(':').map_or((text, None), |t| (t.0, Some(t.1))),
            None => (text, None),
        };
        ports.map_or(Ok(()), |ports| self.read_ports(info, ports, of))?;
        if addresses.is_empty() && ports.is_some() {
            return Ok(());
        }
        let (low, high) = addresses.split_once('-').unwrap_or((addresses, addresses));
        for (at, text) in [(self.min, low), (self.max, high)] {
            let octets = if of.family == V4 {
                text.parse::<Ipv4Addr>().map(|a| a.octets().to_vec())
            } else {
                text.parse::<Ipv6Addr>().map(|a| a.octets().to_vec())
            };
            write(info, at, &octets.map_err(|_| format!("{:?} is no address of IPv{}", text, version(of.family)))?);
        }
        bits(self.flags, 4, NAT_IPS).set(info);
        Ok(())
    }

    /// What [`Range::read`] reads; nothing where there is nothing.
    fn show(&self, info: &[u8], of: Of) -> Vec<u8> {
        let mut text = Vec::new();
        let [ips, ports] = [NAT_IPS, NAT_PORTS].map(|bit| bits(self.flags, 4, bit).is_set(info));
        let brackets = ips && ports && of.family == V6;
        if ips {
            let [low, high] = [self.min, self.max].map(|at| address(info, at, of.family));
            let high = if low == high { String::new() } else { format!("-{high}") };
            let (open, close) = if brackets { ("[", "]") } else { ("", "") };
            let _ = write!(text, "{open}{low}{high}{close}");
        }
        if ports {
            let port = |at| u16::from_be_bytes(bytes(info, at));
            let (low, high) = (port(self.ports), port(self.ports.saturating_add(2)));
            let _ = write!(text, ":{low}");
            if high != low {
                let _ = write!(text, "-{high}");
            }
        }
        text
    }
}

/// 4 or 6.
pub(in super::super) fn version(family: u8) -> u8 {
    if family == V4 { 4 } else { 6 }
}

impl Kind {
    /// What has to follow the option, for a help text.
    pub(super) fn hint(&self) -> String {
        let text = match self {
            Kind::Flag | Kind::Syn => "",
            Kind::Ports => " PORT[:PORT]",
            Kind::TcpFlags => " LOOKED-AT SET",
            Kind::Icmp(_) => " TYPE[/CODE]",
            Kind::Names(names) => return format!(" {}", names.iter().map(|n| n.0).collect::<Vec<_>>().join(",")),
            Kind::Text(..) => " TEXT",
            Kind::Mark | Kind::SetMark(_) => " VALUE[/MASK]",
            Kind::Rate => " N/second|minute|hour|day",
            Kind::Number(..) => " N",
            Kind::Level => " LEVEL",
            Kind::Reject(names) => return format!(" {}", names.iter().map(|n| n.0).collect::<Vec<_>>().join("|")),
            Kind::MultiPorts(_) => " PORT[:PORT],...",
            Kind::To(_) => " ADDRESS[-ADDRESS][:PORT[-PORT]]",
            Kind::ToPorts(_) => " PORT[-PORT]",
        };
        text.into()
    }
}

impl Opt {
    /// Writes the value into `info`.
    pub(super) fn read(&self, info: &mut [u8], text: &str, values: &[&[u8]], of: Of) -> Result<(), String> {
        let at = self.at;
        let next = at.saturating_add(4);
        match self.kind {
            Kind::Flag => {}
            Kind::Ports => {
                let (low, high) = text.split_once(':').unwrap_or((text, text));
                let ends = [(low, 0), (high, u16::MAX)];
                let one = |(text, or): (&str, u16)| if text.is_empty() { Some(or) } else { port(text, of.protocol) };
                let [Some(low), Some(high)] = ends.map(one) else { return Err(PORT.into()) };
                if low > high || text.is_empty() {
                    return Err("a range of ports is LOW:HIGH".into());
                }
                put(info, at, 2, low.into());
                put(info, at.saturating_add(2), 2, high.into());
            }
            Kind::TcpFlags => {
                for (i, value) in values.iter().enumerate() {
                    let flags = std::str::from_utf8(value).ok().and_then(|text| read_names(TCP_FLAGS, text, true));
                    let flags = flags.ok_or("flags of TCP are SYN, ACK, FIN, RST, URG, PSH, ALL, NONE")?;
                    if i == 0 && flags == 0 {
                        return Err("of no flags there is nothing to say".into());
                    }
                    put(info, at.saturating_add(i), 1, flags);
                }
            }
            Kind::Syn => {
                put(info, at, 1, 0x17); // FIN, SYN, RST, ACK
                put(info, at.saturating_add(1), 1, 2);
            }
            Kind::Icmp(names) => {
                let (kind, low, high) = read_icmp(names, text)?;
                [kind, low, high].iter().enumerate().for_each(|(i, value)| put(info, at.saturating_add(i), 1, *value));
            }
            Kind::Names(names) => {
                let wrong = || format!("known are {}", names.iter().map(|n| n.0).collect::<Vec<_>>().join(", "));
                put(info, at, 2, read_names(names, text, false).ok_or_else(wrong)?);
            }
            Kind::Text(most, comment) => {
                let value = values.first().copied().unwrap_or_default();
                if value.len() > most || (value.is_empty() && !comment) {
                    return Err(format!("it has at most {most} bytes, and at least one"));
                }
                if value.iter().any(u8::is_ascii_control) {
                    return Err("it is one line of text".into());
                }
                write(info, at, value);
            }
            Kind::Mark => {
                let (value, mask) = read_mark(text).ok_or("it is VALUE or VALUE/MASK")?;
                put(info, at, 4, value);
                put(info, next, 4, mask);
            }
            Kind::SetMark(of) => {
                let (value, mask) = read_mark(text).ok_or("it is VALUE or VALUE/MASK")?;
                let (value, mask) = of(value, mask);
                put(info, at, 4, value);
                put(info, next, 4, mask);
            }
            Kind::Rate => {
                put(info, at, 4, read_rate(text).ok_or("it is at most 10000/second, like 5/minute, 3/hour, 1/day")?);
            }
            Kind::Number(most, _) => {
                let value = number(text, true).and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= most);
                put(info, at, 4, value.ok_or_else(|| format!("it is a number up to {most}"))?);
            }
            Kind::Level => {
                let value = number(text, true).filter(|n| *n < 8).and_then(|n| u32::try_from(n).ok());
                let named = || LEVELS.iter().find(|l| l.0 == text).map(|l| l.1);
                put(info, at, 1, value.or_else(named).ok_or("it is a number up to 7 or a level of syslog(3)")?);
            }
            Kind::Reject(names) => {
                let mut names = names.iter();
                let named = names.find(|n| !text.is_empty() && (lower_starts(n.0, text) || lower_starts(n.1, text)));
                put(info, at, 4, named.ok_or("see iptables --help for what it can be")?.2);
            }
            Kind::MultiPorts(direction) => read_multiports(info, direction, text, of)?,
            Kind::To(range) => range.read(info, text, of)?,
            Kind::ToPorts(range) => range.read_ports(info, text, of)?,
        }
        Ok(())
    }

    /// The value in `info`, if it is worth to be shown.
    pub(super) fn show(&self, info: &[u8], of: Of, how: How) -> Option<Vec<u8>> {
        let at = self.at;
        let numeric = how != How::List(false);
        let byte = |i: usize| get(info, at.saturating_add(i), 1);
        let mut text = Vec::new();
        match self.kind {
            Kind::Flag => return self.set.is_set(info).then_some(text),
            Kind::Ports => {
                let [low, high] = [get(info, at, 2), get(info, at.saturating_add(2), 2)];
                if (low, high) == (0, 0xffff) {
                    return None;
                }
                if how != How::Save {
                    let plural = if low == high { "" } else { "s" };
                    let [label, inverted, _] = self.list;
                    let not = if self.not.is_set(info) { inverted } else { "" };
                    let _ = write!(text, "{label}{plural}:{not}");
                }
                show_ports(low, high, of, numeric, &mut text);
            }
            Kind::TcpFlags => {
                let (mask, flags) = (byte(0), byte(1));
                if mask == 0 && !self.not.is_set(info) {
                    return None;
                }
                let names = |flags: u32| match flags {
                    0 => b"NONE".to_vec(),
                    flags => show_names(TCP_FLAGS, flags),
                };
                let _ = match how {
                    How::List(true) => write!(text, "0x{mask:02X}/0x{flags:02X}"),
                    _ => {
                        text = names(mask);
                        text.push(if how == How::Save { b' ' } else { b'/' });
                        text.extend(names(flags));
                        Ok(())
                    }
                };
            }
            Kind::Syn => return None,
            Kind::Icmp(names) => return show_icmp(names, [byte(0), byte(1), byte(2)], self.not.is_set(info), how),
            Kind::Names(names) => {
                text = show_names(names, get(info, at, 2));
                return (!text.is_empty()).then_some(text);
            }
            Kind::Text(_, comment) => {
                let value = info.get(at..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
                if value.is_empty() && !comment {
                    return None;
                }
                match how {
                    How::Save => text.extend_from_slice(value),
                    How::List(_) => {
                        let _ = write!(text, " /* {} */", plain(value));
                    }
                }
            }
            Kind::Mark => {
                let (mark, mask) = (get(info, at, 4), get(info, at.saturating_add(4), 4));
                let _ = write!(text, "0x{mark:x}");
                if mask != u32::MAX {
                    let _ = write!(text, "/0x{mask:x}");
                }
            }
            // The first of them says all.
            Kind::SetMark(_) if self.words != ["set-xmark"] => return None,
            Kind::SetMark(_) => {
                let _ = write!(text, "0x{:x}/0x{:x}", get(info, at, 4), get(info, at.saturating_add(4), 4));
            }
            Kind::Rate => {
                let (count, _, name) = rate(get(info, at, 4));
                let _ = write!(text, "{count}/{name}");
            }
            Kind::Number(_, usual) => {
                let value = get(info, at, 4);
                if how == How::Save && value == usual {
                    return None;
                }
                let _ = write!(text, "{value}");
            }
            Kind::Level => {
                let level = get(info, at, 1);
                if level == 4 {
                    return None;
                }
                let _ = write!(text, "{level}");
            }
            Kind::Reject(names) => {
                let value = get(info, at, 4);
                text.extend_from_slice(names.iter().find(|n| n.2 == value)?.0.as_bytes());
            }
            Kind::MultiPorts(direction) => return show_multiports(info, direction, of, numeric),
            Kind::To(range) => text = range.show(info, of),
            Kind::ToPorts(range) => {
                text = range.show(info, of);
                if text.first() == Some(&b':') {
                    text.remove(0);
                }
            }
        }
        let empty = text.is_empty() && matches!(self.kind, Kind::To(_) | Kind::ToPorts(_));
        (!empty).then_some(text)
    }
}

fn show_ports(low: u32, high: u32, of: Of, numeric: bool, to: &mut Vec<u8>) {
    for (i, port) in [low, high].into_iter().take(if low == high { 1 } else { 2 }).enumerate() {
        let name = if numeric { None } else { service(port, of.protocol) };
        let colon = if i == 0 { "" } else { ":" };
        let _ = match name {
            Some(name) => write!(to, "{colon}{name}"),
            None => write!(to, "{colon}{port}"),
        };
    }
}

/// How a list shows a type of ICMP is as it is: without names there is a space only in front of `!`.
fn show_icmp(names: &[IcmpType], [kind, low, high]: [u32; 3], not: bool, how: How) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let named = names.iter().find(|n| (n.1, n.2, n.3) == (kind, low, high));
    let _ = match (how, named) {
        (How::Save, Some(("any", ..))) => write!(text, "any"),
        (How::Save, _) if (low, high) == (0, 255) => write!(text, "{kind}"),
        (How::Save, _) if low == high => write!(text, "{kind}/{low}"),
        (How::Save, _) => write!(text, "{kind}/{low}:{high}"),
        (How::List(false), Some(named)) => write!(text, " {}{}", if not { "!" } else { "" }, named.0),
        _ => {
            let codes = match (low, high) {
                (low, high) if low == high => format!(" code {low}"),
                (0, 255) => String::new(),
                _ => format!(" codes {low}-{high}"),
            };
            write!(text, "{}type {kind}{codes}", if not { " !" } else { "" })
        }
    };
    Some(text)
}

/// Up to 15 ports (`struct xt_multiport_v1`): flags, count, ports, which begin a range.
fn read_multiports(info: &mut [u8], direction: u32, text: &str, of: Of) -> Result<(), String> {
    if !matches!(of.protocol, 6 | 17 | 33 | 132 | 136) {
        return Err("it needs -p tcp, udp, udplite, sctp or dccp in front of it".into());
    }
    let mut count = 0_usize;
    for word in text.split(',') {
        let range = word.split_once(':');
        let (low, high) = range.map_or((word, None), |(low, high)| (low, Some(high)));
        let low = port(low, of.protocol).ok_or(PORT)?;
        let high = high.map(|high| port(high, of.protocol).ok_or(PORT)).transpose()?;
        if high.is_some_and(|high| low >= high) {
            return Err("a range of ports is LOW:HIGH".into());
        }
        put(info, 32_usize.saturating_add(count), 1, high.is_some().into());
        for port in [Some(low), high].into_iter().flatten() {
            if count >= 15 {
                return Err("there can be 15 ports; a range counts as two".into());
            }
            put(info, count.saturating_mul(2).saturating_add(2), 2, port.into());
            count = count.saturating_add(1);
        }
    }
    put(info, 0, 1, direction);
    put(info, 1, 1, u32::try_from(count).unwrap_or_default());
    Ok(())
}

fn show_multiports(info: &[u8], direction: u32, of: Of, numeric: bool) -> Option<Vec<u8>> {
    let count = usize::try_from(get(info, 1, 1)).ok().filter(|count| get(info, 0, 1) == direction && *count > 0)?;
    let mut text = Vec::new();
    let mut in_range = false;
    for i in 0..count.min(15) {
        if i > 0 {
            text.push(if in_range { b':' } else { b',' });
        }
        let port = get(info, i.saturating_mul(2).saturating_add(2), 2);
        show_ports(port, port, of, numeric, &mut text);
        in_range = !in_range && get(info, 32_usize.saturating_add(i), 1) != 0;
    }
    Some(text)
}

/// Text as iptables-restore reads it: in quotes, unless it is a plain word.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !text.is_empty() && text.iter().all(plain) {
        return text.to_vec();
    }
    let mut quoted = vec![b'"'];
    for b in text {
        if matches!(b, b'"' | b'\\' | b'\'') {
            quoted.push(b'\\');
        }
        quoted.push(*b);
    }
    quoted.push(b'"');
    quoted
}
