//! Settings: attributes → text and JSON.

use super::super::super::inet::{Addr, Lladdr};
use super::super::show::Context;
use super::{PROTOS, SHOW, Setting, Shape, When, Where, codes, find, ip};
use crate::out::{Escaped, Out, Value};
use nl_core::route::{BridgeId, LinkInfo, PortRange};
use nl_core::{Attr, Attrs};
use std::borrow::Cow;
use std::fmt;

/// The name that `names` (see [`Shape`]) has for a number.
fn name_of(value: u64, names: &'static str) -> Option<&'static str> {
    codes(names).find(|n| n.1 == value).map(|n| n.0)
}

/// An integer of up to 8 bytes in host byte order.
pub(super) fn uint(attr: &Attr<'_>) -> u64 {
    integer(attr.bytes(), cfg!(target_endian = "big"))
}

/// An integer; 0 if it has more than 8 bytes.
fn integer(bytes: &[u8], big: bool) -> u64 {
    let shift = |value: u64, byte: &u8| value.wrapping_shl(8) | u64::from(*byte);
    match (bytes.len(), big) {
        (9.., _) => 0,
        (_, true) => bytes.iter().fold(0, shift),
        (_, false) => bytes.iter().rev().fold(0, shift),
    }
}

/// `<A,B> `, a list in JSON: the bits of `value` by their names; what is left in hexadecimal.
pub(super) fn flag_list(out: &mut Out, key: &str, value: u64, names: &'static str) {
    let mut set: Vec<String> = codes(names).filter(|n| value & n.1 != 0).map(|n| n.0.to_owned()).collect();
    let rest = codes(names).fold(value, |rest, n| rest & !n.1);
    set.extend((rest != 0).then(|| format!("{rest:x}")));
    out.text(format_args!("<{}> ", set.join(",")));
    out.list(key, |out| set.iter().for_each(|name| out.json("", name)));
}

/// What goes before a value.
struct Lead<'s>(&'s Setting);

impl fmt::Display for Lead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.text {
            Some(text) => f.write_str(text),
            None => write!(f, "{} ", self.0.word()),
        }
    }
}

impl Context {
    /// The kind and its settings; those of a port. What is below it is `here`, or in another namespace.
    pub(in super::super) fn info(&self, out: &mut Out, info: &LinkInfo<'_>, here: bool) {
        if let Ok(Some(kind)) = info.kind() {
            out.field("info_kind", kind, format_args!("{}    {} ", self.newline, Escaped(kind)));
            let kind = std::str::from_utf8(kind).unwrap_or_default();
            self.data(out, "info_data", kind, info.data().ok().flatten(), here);
            let xstats = find(kind).and_then(|k| k.xstats).filter(|_| self.statistics > 0);
            if let (Some(show), Ok(Some(bytes))) = (xstats, info.xstats()) {
                out.object("info_xstats", |out| show(out, bytes));
            }
        }
        if let Ok(Some(kind)) = info.slave_kind() {
            out.field("info_slave_kind", kind, format_args!("{}    {}_slave ", self.newline, Escaped(kind)));
            let kind = format!("{}_slave", String::from_utf8_lossy(kind));
            self.data(out, "info_slave_data", &kind, info.slave_data().ok().flatten(), true);
        }
    }

    /// Those of a port's settings that `attrs` names, as `bridge` shows them: in that order, by the words that set them.
    #[cfg(feature = "bridge")]
    pub(in super::super) fn of_port(&self, out: &mut Out, attrs: &[u16], data: &Attrs<'_>) {
        let rows = || find("bridge_slave").into_iter().flat_map(|kind| kind.settings(SHOW | super::TOOL));
        for row in attrs.iter().filter_map(|attr| rows().find(|row| row.attr == *attr)) {
            self.setting(out, &Setting { json: None, ..*row }, data, true);
        }
    }

    fn data(&self, out: &mut Out, key: &str, kind: &str, data: Option<Attrs<'_>>, here: bool) {
        if let Some(kind) = find(kind).filter(|k| k.settings(SHOW).next().is_some()) {
            out.object(key, |out| {
                data.iter().for_each(|data| kind.settings(SHOW).for_each(|s| self.setting(out, s, data, here)));
            });
        }
    }

    /// One setting: `word value `.
    fn setting(&self, out: &mut Out, s: &Setting, data: &Attrs<'_>, here: bool) {
        let set = |attr, bits: u32| data.find(attr).is_some_and(|a| uint(&a) & u64::from(bits) != 0);
        let (attr, v6) = match s.shape {
            Shape::Print(print) => return print(out, data),
            Shape::Ip(v6, _) if data.find(s.attr).is_none() => (data.find(v6), true),
            _ => (data.find(s.attr), false),
        };
        let bytes = attr.map(|a| a.bytes()).unwrap_or_default();
        let network =
            matches!(s.shape, Shape::Be(_) | Shape::BeHex(_) | Shape::Proto | Shape::Part(_) | Shape::BeBits(_));
        let value = integer(bytes, network || cfg!(target_endian = "big"));
        let (zero, has) = (bytes.iter().all(|b| *b == 0), |bits: u32| value & u64::from(bits) != 0);
        let shown = match s.shown {
            Where::There => attr.is_some(),
            Where::Anywhere => true,
            Where::NotZero => !zero,
            Where::NotZeroInText => !zero || attr.is_some() && out.is_json(),
            Where::Set(attr, bits) => set(attr, bits),
            Where::Unset(other, bits) => attr.is_some() && !set(other, bits),
        };
        let (json, lead, word, quiet) = (s.json.unwrap_or(s.word()), Lead(s), s.word(), format_args!(""));
        if !shown || json.is_empty() && out.is_json() {
            return;
        }
        let numeric = out.style().numeric;
        let mut text = |text: &str| out.field(json, text, format_args!("{lead}{text} "));
        match s.shape {
            Shape::Num(_) | Shape::Be(_) | Shape::Table => out.field(json, value, format_args!("{lead}{value} ")),
            Shape::Int => {
                let value = attr.and_then(|a| a.i32().ok()).unwrap_or_default();
                out.field(json, value, format_args!("{lead}{value} "));
            }
            Shape::Hex(_) | Shape::BeHex(_) if value == 0 => text("0"),
            Shape::Hex(_) | Shape::BeHex(_) => text(&format!("{value:#x}")),
            Shape::Or(_, names) => match name_of(value, names) {
                Some(name) => out.field(json, value, format_args!("{lead}{name} ")),
                None => out.field(json, value, format_args!("{lead}{value} ")),
            },
            Shape::Code(_, names) => match name_of(value, names) {
                Some(name) => text(name),
                None => out.field(json, value, format_args!("{lead}{value} ")),
            },
            Shape::Proto if numeric => text(&format!("[{value}]")),
            Shape::Proto => text(&name_of(value, PROTOS).map_or_else(|| format!("[{value}]"), str::to_owned)),
            Shape::Is(_, is) if is == value => out.field(json, true, format_args!("{lead}")),
            Shape::OnOff => {
                out.field(json, value != 0, format_args!("{lead}{} ", if value != 0 { "on" } else { "off" }))
            }
            Shape::Switch(when) => match (value != 0, when) {
                (false, When::On) => {}
                (true, When::OffInText) | (false, When::OnInText) => out.field(json, value != 0, quiet),
                (on, _) => out.field(json, on, format_args!("{}{lead}", if on { "" } else { "no" })),
            },
            Shape::Flag => {
                let on = attr.is_some();
                out.field(json, on, format_args!("{}{lead}", if on { "" } else { "no" }));
            }
            Shape::Bits(_, bits) if has(bits) => out.field(json, true, format_args!("{lead}")),
            Shape::BeBits(bits) if has(bits.into()) => out.field(json, true, format_args!("{lead}")),
            Shape::BitOf(_, names) if codes(names).any(|n| value & n.1 != 0) => {
                out.field(json, true, format_args!("{lead}"));
            }
            Shape::BitsIf(arg, bits) if has(bits) => out.field(json, true, format_args!("{lead}{arg} ")),
            Shape::Masked(bit, at) => {
                // In either half of 8 bytes.
                let half = |at| bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_ne_bytes(*b));
                if half(4_usize.saturating_sub(at)) & bit != 0 {
                    let on = u32::from(half(at) & bit != 0);
                    out.field(json, on, format_args!("{lead}{on} "));
                }
            }
            Shape::Part(mask) => {
                let value = (value & u64::from(mask)).wrapping_shr(mask.trailing_zeros());
                let digits = usize::try_from(mask.count_ones() / 4).unwrap_or_default();
                text(&format!("0x{value:0digits$x}"));
            }
            Shape::Mac => text(&Lladdr(bytes).to_string()),
            Shape::Ip(_, group) => {
                let multicast = match bytes {
                    [a, _, _, _] => (0xe0..0xf0).contains(a),
                    bytes => bytes.first() == Some(&0xff),
                };
                if !zero && multicast == group {
                    let addr = Addr(bytes).to_string();
                    let key = if v6 { format!("{json}6") } else { json.to_owned() };
                    out.field(&key, &addr, format_args!("{lead}{addr} "));
                }
            }
            Shape::End(_) if zero && s.shown == Where::Anywhere => text("any"),
            Shape::End(_) => text(&Addr(bytes).to_string()),
            Shape::Key(flags) => {
                let flags = data.find(flags).map_or(0, |f| integer(f.bytes(), true));
                let has = if flags == 0 { !zero } else { flags & u64::from(ip::KEY) != 0 };
                if has {
                    text(&Addr(bytes).to_string());
                }
            }
            Shape::Dev if value == 0 && s.shown == Where::Anywhere => {
                out.field(json, Value::Null, format_args!("{lead}<none> "));
            }
            Shape::Dev => {
                let index = u32::try_from(value).unwrap_or_default();
                let name = match index {
                    0 => Cow::from(&b"*"[..]),
                    _ if here => self.name(index),
                    _ => format!("if{index}").into_bytes().into(),
                };
                out.field(json, &*name, format_args!("{lead}{} ", Escaped(&name)));
            }
            Shape::Ports => {
                let PortRange { low, high } = attr.map(|a| a.zero_extended()).unwrap_or_default();
                out.object(json, |out| {
                    out.field("low", low.get(), format_args!("{lead}{low} "));
                    out.field("high", high.get(), format_args!("{high} "));
                });
            }
            Shape::Tos => match value {
                0 => {}
                1 => out.field(json, "0x1", format_args!("{word} inherit ")),
                _ => text(&format!("{value:#x}")),
            },
            Shape::Timer => {
                let time = format!("{}.{:02}", value / 100, value % 100);
                out.field(json, Value::Hundredths(value), format_args!("{lead}{time:>7} "));
            }
            Shape::BridgeId => {
                let id: BridgeId = attr.map(|a| a.zero_extended()).unwrap_or_default();
                text(&format!("{:04x}.{}", id.prio, id.addr.map(|b| format!("{b:x}")).join(":")));
            }
            _ => {}
        }
    }
}
