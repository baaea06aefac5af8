//! CAN controllers.

use super::super::change::{Attr, Bytes, Value};
use super::Shape::*;
use super::parse::masked;
use super::print::flag_list;
use super::{Kind, Setting, both, given, kind, print, read, write};
use crate::grammar::{Result as Parsed, Words};
use crate::out::{Escaped, Out};
use netns_sys::sort::sort_by_key;
use nl_core::route::{can, can_ctrlmode_ext as ext, can_tdc as tdc};
use nl_core::wire::NLA_F_NESTED;
use nl_core::{Attr as Found, Attrs};

pub(super) const KINDS: &[Kind] = &[Kind {
    xstats: Some(xstats),
    ..kind("can", "CONFIG_CAN_DEV", &[TIMING, DATA_TIMING, CAN]).sends(&[&[given(&[
        can::BITTIMING,
        can::DATA_BITTIMING,
        can::CTRLMODE,
        TDC,
    ])]])
}];

const TDC: u16 = can::TDC | NLA_F_NESTED;
/// Size of `struct can_bittiming`: eight numbers.
const SIZE: usize = 32;

macro_rules! timing {
    ($attr:expr, $d:literal) => {
        &[
            write(concat!($d, "bitrate"), $attr, Field(0, SIZE)),
            write(concat!($d, "sample-point"), $attr, Parse(|words, attrs| sample_point(words, attrs, $attr))),
            write(concat!($d, "tq"), $attr, Field(8, SIZE)),
            write(concat!($d, "prop-seg"), $attr, Field(12, SIZE)),
            write(concat!($d, "phase-seg1"), $attr, Field(16, SIZE)),
            write(concat!($d, "phase-seg2"), $attr, Field(20, SIZE)),
            write(concat!($d, "sjw"), $attr, Field(24, SIZE)),
        ]
    };
}
const TIMING: &[Setting] = timing!(can::BITTIMING, "");
const DATA_TIMING: &[Setting] = timing!(can::DATA_BITTIMING, "d");
const CAN: &[Setting] = &[
    write("tdcv", TDC, Parse(|words, attrs| delay(words, attrs, tdc::TDCV))),
    write("tdco", TDC, Parse(|words, attrs| delay(words, attrs, tdc::TDCO))),
    write("tdcf", TDC, Parse(|words, attrs| delay(words, attrs, tdc::TDCF))),
    write("loopback", can::CTRLMODE, Masked(0x1, 4)),
    write("listen-only", can::CTRLMODE, Masked(0x2, 4)),
    write("triple-sampling", can::CTRLMODE, Masked(0x4, 4)),
    write("one-shot", can::CTRLMODE, Masked(0x8, 4)),
    write("berr-reporting", can::CTRLMODE, Masked(0x10, 4)),
    write("fd", can::CTRLMODE, Masked(0x20, 4)),
    write("fd-non-iso", can::CTRLMODE, Masked(0x80, 4)),
    write("presume-ack", can::CTRLMODE, Masked(0x40, 4)),
    write("cc-len8-dlc", can::CTRLMODE, Masked(0x100, 4)),
    write(
        "tdc-mode",
        can::CTRLMODE,
        Parse(|words, attrs| {
            let modes = [("auto", (0x200, 0x200)), ("manual", (0x400, 0x400)), ("off", (0, 0x600))];
            let (value, mask) = words.keyword("how the delay is compensated", &modes)?;
            masked(attrs, can::CTRLMODE, (value, mask), 4);
            Ok(())
        }),
    ),
    print(modes),
    read("state", can::STATE, Code(4, "ERROR-ACTIVE ERROR-WARNING ERROR-PASSIVE BUS-OFF STOPPED SLEEPING")),
    print(|out, data| {
        if let Some(bytes) = data.find(can::BERR_COUNTER).map(|a| a.bytes()) {
            out.object("berr_counter", |out| {
                let (tx, rx) = (short(bytes, 0), short(bytes, 1));
                out.field("tx", tx, format_args!("(berr-counter tx {tx}"));
                out.field("rx", rx, format_args!(" rx {rx}) "));
            });
        }
    }),
    write("restart", can::RESTART, Is(4, 1)),
    both("restart-ms", can::RESTART_MS, Num(4)).json("restart_ms"),
    write("termination", can::TERMINATION, Num(2)),
    print(|out, data| {
        bits(out, data, "", [can::BITTIMING, can::BITTIMING_CONST, can::BITRATE_CONST]);
        bits(out, data, "d", [can::DATA_BITTIMING, can::DATA_BITTIMING_CONST, can::DATA_BITRATE_CONST]);
        if let (Some(now), Some(of)) = (data.find(can::TERMINATION), data.find(can::TERMINATION_CONST)) {
            line(out);
            let now = now.u16().unwrap_or_default();
            out.field("termination", now, format_args!(" termination {now} [ "));
            list(out, "termination_const", of.bytes().chunks_exact(2).map(|c| u32::from(short(c, 0))), 0);
            out.push(" ]");
        }
        if let Some(clock) = data.find(can::CLOCK).and_then(|a| a.u32().ok()) {
            line(out);
            out.field("clock", clock, format_args!(" clock {clock} "));
        }
    }),
];

/// `0.875`, to thousandths.
fn sample_point(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>, attr: u16) -> Parsed<()> {
    let word = words.need("a sample point")?.to_str().unwrap_or_default();
    let (whole, part) = word.split_once('.').unwrap_or((word, ""));
    let digits = format!("{whole}{part:0<3.3}");
    let thousandths = Some(&digits).filter(|_| word.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let value = thousandths.and_then(|d| d.parse::<u32>().ok());
    let value = value.ok_or_else(|| words.error_before("a sample point is between 0 and 1: 0.875"))?;
    super::parse::field(attrs, attr, value, 4, SIZE);
    Ok(())
}

/// One of the numbers that compensate the delay, in the order of their attributes.
fn delay(words: &mut Words<'_>, attrs: &mut Vec<Attr<Value>>, kind: u16) -> Parsed<()> {
    let value: u32 = words.uint("a number of clock periods")?;
    let value = (kind, Bytes::Plain(value.to_ne_bytes().to_vec()));
    match attrs.iter_mut().find(|a| a.0 == TDC) {
        Some((_, Value::Bytes(Bytes::Nest(nest)))) => {
            nest.retain(|a| a.0 != kind);
            nest.push(value);
            sort_by_key(nest, |a| a.0);
        }
        _ => attrs.push((TDC, Value::Bytes(Bytes::Nest(vec![value])))),
    }
    Ok(())
}

/// The number at this position of a struct or a list of them.
fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.chunks_exact(4).nth(at).and_then(|c| c.try_into().ok());
    bytes.map_or(0, u32::from_ne_bytes)
}
fn short(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.chunks_exact(2).nth(at).and_then(|c| c.try_into().ok());
    bytes.map_or(0, u16::from_ne_bytes)
}

/// A line of its own.
fn line(out: &mut Out) {
    out.text(format_args!("{}\t ", out.newline()));
}

fn modes(out: &mut Out, data: &Attrs<'_>) {
    const NAMES: &str = "LOOPBACK=1 LISTEN-ONLY=2 TRIPLE-SAMPLING=4 ONE-SHOT=8 BERR-REPORTING=0x10 FD=0x20 FD-NON-ISO=0x80 \
                         PRESUME-ACK=0x40 CC-LEN8-DLC=0x100 TDC-AUTO=0x200 TDC-MANUAL=0x400";
    let Some(flags) = data.find(can::CTRLMODE).map(|a| word(a.bytes(), 1)) else { return };
    let supported = data.find(can::CTRLMODE_EXT).and_then(|a| a.attrs().find(ext::SUPPORTED)?.u32().ok());
    let supported = supported.filter(|_| out.is_json());
    let fixed = supported.map(|s| flags & !s);
    for (key, flags) in [("ctrlmode", Some(flags)), ("ctrlmode_supported", supported), ("ctrlmode_static", fixed)] {
        if let Some(flags) = flags.filter(|f| *f != 0) {
            flag_list(out, key, flags.into(), NAMES);
        }
    }
}

/// How bits are timed, what is possible, or the rates there are to choose from. `d` is in front of words about data bits.
fn bits(out: &mut Out, data: &Attrs<'_>, d: &str, attrs: [u16; 3]) {
    let key = if d.is_empty() { "" } else { "data_" };
    let [now, limits, rates] = attrs.map(|a| data.find(a).map(|a| a.bytes()));
    let delay = data.find(can::TDC).filter(|_| !d.is_empty());
    if let Some(rates) = rates {
        let rate = now.map_or(0, |n| word(n, 0));
        line(out);
        out.field(&format!("{key}bittiming_bitrate"), rate, format_args!(" {d}bitrate {rate}"));
        line(out);
        out.push("    [");
        list(out, &format!("{key}bitrate_const"), rates.chunks_exact(4).map(|c| word(c, 0)), 8);
        out.push(" ]");
        return;
    }
    if let Some(now) = now {
        out.object(&format!("{key}bittiming"), |out| {
            line(out);
            let (rate, point) = (word(now, 0), word(now, 1));
            out.field("bitrate", rate, format_args!(" {d}bitrate {rate}"));
            let point = format!("{}.{:03}", point / 1000, point % 1000);
            out.field("sample_point", &point, format_args!(" {d}sample-point {point}"));
            line(out);
            for (at, key) in (2..).zip(["tq", "prop_seg", "phase_seg1", "phase_seg2", "sjw", "brp"]) {
                let value = word(now, at);
                out.field(key, value, format_args!(" {d}{} {value}", key.replace('_', "-")));
            }
            delay.iter().for_each(|tdc| delay_now(out, tdc));
        });
    }
    if let Some((name, limits)) = limits.and_then(|l| l.split_at_checked(16)) {
        out.object(&format!("{key}bittiming_const"), |out| {
            line(out);
            let name = name.split(|b| *b == 0).next().unwrap_or_default();
            out.field("name", name, format_args!(" {}:", Escaped(name)));
            for (key, at) in [("tseg1", Some((0, 1))), ("tseg2", Some((2, 3))), ("sjw", None), ("brp", Some((5, 6)))] {
                // Of the jump width there is only the largest.
                let (least, most) = at.map_or((1, word(limits, 4)), |(a, b)| (word(limits, a), word(limits, b)));
                range(out, key, d, least, most);
            }
            let step = word(limits, 7);
            out.field("brp_inc", step, format_args!(" {d}brp_inc {step}"));
            delay.iter().for_each(|tdc| delay_limits(out, tdc));
        });
    }
}

fn range(out: &mut Out, key: &str, d: &str, least: u32, most: u32) {
    out.text(format_args!(" {d}{key}"));
    out.object(key, |out| {
        out.field("min", least, format_args!(" {least}"));
        out.field("max", most, format_args!("..{most}"));
    });
}

const DELAYS: [(&str, u16, u16, u16); 3] = [
    ("tdcv", tdc::TDCV, tdc::TDCV_MIN, tdc::TDCV_MAX),
    ("tdco", tdc::TDCO, tdc::TDCO_MIN, tdc::TDCO_MAX),
    ("tdcf", tdc::TDCF, tdc::TDCF_MIN, tdc::TDCF_MAX),
];

fn delay_now(out: &mut Out, tdc: &Found<'_>) {
    let values = DELAYS.map(|(key, now, ..)| (key, tdc.attrs().find(now).and_then(|a| a.u32().ok())));
    if values.iter().any(|v| v.1.is_some()) {
        out.object("tdc", |out| {
            line(out);
            for (key, value) in values.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                out.field(key, value, format_args!(" {key} {value}"));
            }
        });
    }
}

fn delay_limits(out: &mut Out, tdc: &Found<'_>) {
    out.object("tdc", |out| {
        line(out);
        for (key, _, least, most) in DELAYS {
            let find = |kind| tdc.attrs().find(kind).and_then(|a| a.u32().ok());
            if let (Some(least), Some(most)) = (find(least), find(most)) {
                range(out, key, "", least, most);
            }
        }
    });
}

/// Numbers between commas; in columns of this width, if it is not 0, six on a line.
fn list(out: &mut Out, key: &str, numbers: impl Iterator<Item = u32>, width: usize) {
    out.list(key, |out| {
        for (at, number) in numbers.enumerate() {
            if at != 0 {
                out.push(", ");
            }
            if at != 0 && at % 6 == 0 && width != 0 {
                line(out);
                out.push("     ");
            }
            out.field("", number, format_args!("{number:width$}"));
        }
    });
}

/// What went wrong.
fn xstats(out: &mut Out, bytes: &[u8]) {
    line(out);
    out.push(" re-started bus-errors arbit-lost error-warn error-pass bus-off");
    line(out);
    let keys = ["restarts", "bus_error", "arbitration_lost", "error_warning", "error_passive", "bus_off"];
    for (key, at) in keys.into_iter().zip([5, 0, 4, 1, 2, 3]) {
        let count = word(bytes, at);
        out.field(key, count, format_args!(" {count:<10}"));
    }
}
