//! The counters of a link: tables of one row each, or JSON.

use super::show::Context;
use crate::out::Out;
use nl_core::route::Link;
use nl_core::wire::U64;
use std::fmt::Write as _;

/// A counter: its column, the title there (empty: not in text), its key (empty: not in JSON), its value if there is one.
type Row = (usize, &'static str, &'static str, Option<u64>);

impl Context {
    /// The number, with a unit for people if they ask for it.
    pub(super) fn count(&self, value: u64) -> String {
        let base: u64 = if self.iec { 1024 } else { 1000 };
        if !self.human || value < base {
            return value.to_string();
        }
        let times = |unit: u64| value.checked_div(unit).unwrap_or_default();
        let (mut unit, mut prefix) = (base, 'k');
        for next in ['M', 'G', 'T', 'P', 'E'] {
            if times(base) < unit {
                break;
            }
            (unit, prefix) = (unit.saturating_mul(base), next);
        }
        let precision: usize = match times(unit) {
            0..10 => 2,
            10..100 => 1,
            _ => 0,
        };
        let float = |v: u64| {
            let [high, low] = [v >> 32, v & 0xffff_ffff].map(|v| u32::try_from(v).map_or(0.0, f64::from));
            high * 4_294_967_296.0 + low
        };
        let i = if self.iec { "i" } else { "" };
        format!("{:.precision$}{prefix}{i}", float(value) / float(unit))
    }

    /// The counters, where they are asked for; `begin` goes before them.
    pub(in crate::cmd) fn stats(&self, out: &mut Out, link: &Link<'_>, begin: &'static str) {
        let (1.., Ok(Some(s))) = (self.statistics, link.stats64()) else { return };
        let of = |value: U64| Some(value.get());
        let some = |value: U64| of(value).filter(|v| *v != 0);
        let rx: &[Row] = &[
            (0, "bytes", "bytes", of(s.rx_bytes)),
            (1, "packets", "packets", of(s.rx_packets)),
            (2, "errors", "errors", of(s.rx_errors)),
            (3, "dropped", "dropped", of(s.rx_dropped)),
            (4, "missed", "", of(s.rx_missed_errors)),
            (4, "", "over_errors", of(s.rx_over_errors)),
            (5, "mcast", "multicast", of(s.multicast)),
            (6, "compressed", "compressed", some(s.rx_compressed)),
        ];
        let rx_errors: &[Row] = &[
            (1, "length", "length_errors", of(s.rx_length_errors)),
            (2, "crc", "crc_errors", of(s.rx_crc_errors)),
            (3, "frame", "frame_errors", of(s.rx_frame_errors)),
            (4, "fifo", "fifo_errors", of(s.rx_fifo_errors)),
            (5, "overrun", "", of(s.rx_over_errors)),
            (5, "", "missed_errors", of(s.rx_missed_errors)),
            (6, NOHANDLER, NOHANDLER, some(s.rx_nohandler)),
            (7, OTHERHOST, OTHERHOST, some(s.rx_otherhost_dropped)),
        ];
        let tx: &[Row] = &[
            (0, "bytes", "bytes", of(s.tx_bytes)),
            (1, "packets", "packets", of(s.tx_packets)),
            (2, "errors", "errors", of(s.tx_errors)),
            (3, "dropped", "dropped", of(s.tx_dropped)),
            (4, "carrier", "carrier_errors", of(s.tx_carrier_errors)),
            (5, "collsns", "collisions", of(s.collisions)),
            (6, "compressed", "compressed", some(s.tx_compressed)),
        ];
        let tx_errors: &[Row] = &[
            (1, "aborted", "aborted_errors", of(s.tx_aborted_errors)),
            (2, "fifo", "fifo_errors", of(s.tx_fifo_errors)),
            (3, "window", "window_errors", of(s.tx_window_errors)),
            (4, "heartbt", "heartbeat_errors", of(s.tx_heartbeat_errors)),
            (5, "transns", "carrier_changes", link.carrier_changes().ok().flatten().map(u64::from)),
        ];
        let (rx_errors, tx_errors) = if self.statistics > 1 { (rx_errors, tx_errors) } else { (&[][..], &[][..]) };
        if out.is_json() {
            return out.object("stats64", |out| {
                for (key, rows, errors) in [("rx", rx, rx_errors), ("tx", tx, tx_errors)] {
                    out.object(key, |out| {
                        for (_, _, key, value) in rows.iter().chain(errors).filter(|r| !r.2.is_empty()) {
                            value.iter().for_each(|value| out.json(key, *value));
                        }
                    });
                }
            });
        }
        // Each column is as wide as its widest number, in all tables; `ip` counts those of the last as if one further.
        let mut widths = [10, 7, 6, 7, 7, 7, 10, 9];
        let tables = [("RX:", rx), ("RX errors:", rx_errors), ("TX:", tx), ("TX errors:", tx_errors)];
        for (skip, rows) in [0, 0, 0, 1].into_iter().zip(tables).filter(|_| !self.human) {
            for (column, _, _, value) in rows.1.iter().filter(|r| !r.1.is_empty()) {
                let digits = value.map_or(0, |v| v.to_string().len());
                widths.get_mut(column.saturating_add(skip)).into_iter().for_each(|w| *w = digits.max(*w));
            }
        }
        let mut begin = begin;
        for (head, rows) in tables.into_iter().filter(|t| !t.1.is_empty()) {
            let (mut titles, mut numbers) = (String::new(), String::new());
            if head.ends_with("errors:") {
                // The first column is left free.
                let _ = write!(titles, "{head:w$}", w = widths[0]);
                let _ = write!(numbers, "{:w$} ", "", w = widths[0]);
            }
            for (column, title, _, value) in rows.iter().filter(|r| !r.1.is_empty()) {
                let width = widths.get(*column).copied().unwrap_or_default();
                let title = match value {
                    Some(value) => {
                        let _ = write!(numbers, "{:>width$} ", self.count(*value));
                        *title
                    }
                    None if [NOHANDLER, OTHERHOST].contains(title) => continue,
                    // Its place is left free.
                    None => "",
                };
                let _ = match column {
                    0 => write!(titles, "{head}{title:>w$}", w = width.saturating_sub(head.len())),
                    _ => write!(titles, " {title:>width$}"),
                };
            }
            out.text(format_args!("{begin}    {titles}{}    {numbers}", self.newline));
            begin = self.newline;
        }
    }
}

const NOHANDLER: &str = "nohandler";
const OTHERHOST: &str = "otherhost";
