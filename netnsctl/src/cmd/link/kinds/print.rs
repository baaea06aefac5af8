//! Settings: attributes → text and JSON.

use super::super::super::inet::{Addr, Lladdr};
use super::super::show::Context;
use super::{KINDS, Kind, PORTS, PROTOS, SHOW, Setting, Shape, When};
use crate::out::{Escaped, Out, Value};
use nl_core::route::{BrBoolOptMulti, BridgeId, LinkInfo, PortRange};
use nl_core::{Attr, Attrs};
use std::net::IpAddr;

/// A number, or the name it has.
fn name_of(value: u64, names: &[(&'static str, u64)]) -> Option<&'static str> {
    names.iter().find(|n| n.1 == value).map(|n| n.0)
}

/// An integer of 1, 2, 4 or 8 bytes in host byte order.
fn uint(attr: &Attr<'_>) -> u64 {
    let small = attr.u8().map(u64::from).or_else(|_| attr.u16().map(u64::from));
    small.or_else(|_| attr.u32().map(u64::from)).or_else(|_| attr.u64()).unwrap_or(0)
}

impl Context {
    /// The kind and its settings; those of a port. What is below it is `here`, or in another namespace.
    pub(in super::super) fn info(&self, out: &mut Out, info: &LinkInfo<'_>, here: bool) {
        if let Ok(Some(kind)) = info.kind() {
            out.field("info_kind", kind, format_args!("{}    {} ", self.newline, Escaped(kind)));
            if let Ok(Some(data)) = info.data() {
                self.data(out, "info_data", KINDS, kind, (&data, here));
            }
        }
        if let Ok(Some(kind)) = info.slave_kind() {
            out.field("info_slave_kind", kind, format_args!("{}    {}_slave ", self.newline, Escaped(kind)));
            if let Ok(Some(data)) = info.slave_data() {
                self.data(out, "info_slave_data", PORTS, kind, (&data, true));
            }
        }
    }

    fn data(&self, out: &mut Out, key: &str, known: &[Kind], kind: &[u8], (data, here): (&Attrs<'_>, bool)) {
        let settings = known.iter().find(|k| k.name.as_bytes() == kind).map_or(&[][..], |k| k.settings);
        if settings.is_empty() {
            return;
        }
        out.object(key, |out| {
            settings.iter().filter(|s| s.on & SHOW != 0).for_each(|s| self.setting(out, s, data, here));
        });
    }

    /// One setting: `word value `.
    fn setting(&self, out: &mut Out, setting: &Setting, data: &Attrs<'_>, here: bool) {
        let Setting { word, json, .. } = *setting;
        let other = match setting.shape {
            Shape::Ip(v6, _) => data.find(v6).map(|a| (a, true)),
            Shape::Ttl(inherit) => data.find(inherit).filter(|a| a.bytes() != [0]).map(|a| (a, true)),
            _ => None,
        };
        let Some((attr, other)) = other.or_else(|| data.find(setting.attr).map(|a| (a, false))) else { return };
        let value = uint(&attr);
        if setting.quiet && value == 0 && !out.is_json() {
            return;
        }
        let quiet = format_args!("");
        match setting.shape {
            Shape::Ttl(_) if other => out.text(format_args!("{word} inherit ")),
            Shape::Ttl(_) if value == 0 => out.field(json, value, format_args!("{word} auto ")),
            Shape::Num(_) | Shape::Ttl(_) => out.field(json, value, format_args!("{word} {value} ")),
            Shape::Be(_) => {
                let value = attr.be16().map(u32::from).or_else(|_| attr.be32()).unwrap_or(0);
                out.field(json, value, format_args!("{word} {value} "));
            }
            Shape::Hex(_) => {
                let text = if value == 0 { "0".into() } else { format!("{value:#x}") };
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Code(_, names) => match name_of(value, names) {
                Some(name) => out.field(json, name, format_args!("{word} {name} ")),
                None => out.field(json, value, format_args!("{word} {value} ")),
            },
            Shape::Proto => {
                let value = attr.be16().unwrap_or(0);
                let text = name_of(value.into(), PROTOS).map_or(format!("{value:#06x}"), str::to_owned);
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Is(_, is) if is == value => out.field(json, true, format_args!("{word} ")),
            Shape::OnOff => {
                out.field(json, value != 0, format_args!("{word} {} ", if value != 0 { "on" } else { "off" }))
            }
            Shape::Switch(when) => match (value != 0, when) {
                (false, When::On) => {}
                (true, When::OffInText) | (false, When::OnInText) => out.field(json, value != 0, quiet),
                (on, _) => out.field(json, on, format_args!("{}{word} ", if on { "" } else { "no" })),
            },
            Shape::Flag => out.field(json, true, format_args!("{word} ")),
            Shape::Bit(bit) => {
                let set = u32::from(attr.zero_extended::<BrBoolOptMulti>().value.get() & bit != 0);
                out.field(json, set, format_args!("{word} {set} "));
            }
            Shape::Mac => {
                let text = Lladdr(attr.bytes()).to_string();
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Ip(_, multicast) => {
                let text = Addr(attr.bytes()).to_string();
                let Ok(addr) = text.parse::<IpAddr>() else { return };
                if addr.is_unspecified() || multicast.is_some_and(|m| m != addr.is_multicast()) {
                    return;
                }
                let key = if other { format!("{json}6") } else { json.to_owned() };
                out.field(&key, &text, format_args!("{word} {text} "));
            }
            Shape::Dev => {
                let index = attr.u32().unwrap_or(0);
                let name = if here { self.name(index) } else { format!("if{index}").into_bytes() };
                out.field(json, name.as_slice(), format_args!("{word} {} ", Escaped(&name)));
            }
            Shape::Ports => {
                let PortRange { low, high } = attr.zero_extended();
                out.object(json, |out| {
                    out.field("low", low.get(), format_args!("{word} {low} "));
                    out.field("high", high.get(), format_args!("{high} "));
                });
            }
            Shape::Tos => match value {
                0 => {}
                1 => out.field(json, "0x1", format_args!("{word} inherit ")),
                _ => out.field(json, &format!("{value:#x}"), format_args!("{word} {value:#x} ")),
            },
            Shape::Timer => {
                let text = format!("{}.{:02}", value / 100, value % 100);
                out.field(json, Value::Hundredths(value), format_args!("{word} {text:>7} "));
            }
            Shape::BridgeId => {
                let id: BridgeId = attr.zero_extended();
                let addr = id.addr.map(|b| format!("{b:x}")).join(":");
                let text = format!("{:04x}.{addr}", id.prio);
                out.field(json, &text, format_args!("{word} {text} "));
            }
            Shape::Names(names) => {
                let set: Vec<_> =
                    names.iter().filter(|n| attr.zero_extended::<BrBoolOptMulti>().value.get() & n.1 != 0).collect();
                out.list(json, |out| set.iter().for_each(|n| out.json("", n.0)));
                out.text(format_args!("<{}> ", set.iter().map(|n| n.0).collect::<Vec<_>>().join(",")));
            }
            _ => {}
        }
    }
}
