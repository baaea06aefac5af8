//! A rule as iptables has it: what it looks at, and how that is shown.

use super::ext::{How, Of, Use, V4};
use super::words::protocol_name;
use crate::out::Escaped;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) family: u8,
    pub(super) source: Network,
    pub(super) destination: Network,
    pub(super) input: Interface,
    pub(super) output: Interface,
    /// 0: any.
    pub(super) protocol: u8,
    pub(super) not_protocol: bool,
    /// `-f`: only what is not the first fragment, or (false) only that.
    pub(super) fragment: Option<bool>,
    pub(super) matches: Vec<Use>,
    pub(super) target: Target,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// Addresses: of IPv4 the first four bytes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) addr: [u8; 16],
    pub(super) mask: [u8; 16],
    pub(super) not: bool,
}

/// An interface; `+` at the end: all whose names begin so. Empty: any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) not: bool,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// It goes on.
    None,
    Verdict(Verdict),
    Jump(String),
    Goto(String),
    Ext(Use),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Drop,
    Return,
}

const VERDICTS: [(&str, Verdict); 3] =
    [("ACCEPT", Verdict::Accept), ("DROP", Verdict::Drop), ("RETURN", Verdict::Return)];

impl Verdict {
    pub(super) fn named(name: &str) -> Option<Verdict> {
        VERDICTS.iter().find(|v| v.0 == name).map(|v| v.1)
    }
}

/// Rules are the same whatever they counted.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        let what = |s: &Self| (s.family, s.source, s.destination, s.protocol, s.not_protocol, s.fragment);
        what(self) == what(other)
            && (&self.input, &self.output, &self.matches) == (&other.input, &other.output, &other.matches)
            && self.target == other.target
    }
}

impl Eq for Spec {}

impl Network {
    pub(super) fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// How many leading ones the mask consists of.
    pub(super) fn length(&self, family: u8) -> Option<u32> {
        let mask = u128::from_be_bytes(self.mask);
        let ones = mask.leading_ones();
        (ones == mask.count_ones() && (family != V4 || ones <= 32)).then_some(ones)
    }

    /// ` -s 10.0.0.0/8`.
    fn save(&self, letter: char, family: u8, to: &mut Vec<u8>) {
        if self.is_any() {
            return;
        }
        let (not, addr) = (if self.not { " !" } else { "" }, address(self.addr, family));
        let _ = match self.length(family) {
            Some(length) => write!(to, "{not} -{letter} {addr}/{length}"),
            None => write!(to, "{not} -{letter} {addr}/{}", address(self.mask, family)),
        };
    }

    /// A column of a list.
    fn list(&self, family: u8, numeric: bool, to: &mut Vec<u8>) {
        let any = if family == V4 { self.mask } else { self.addr } == [0; 16];
        let most = if family == V4 { 32 } else { 128 };
        let text = match self.length(family) {
            _ if any && !numeric => "anywhere".to_owned(),
            Some(length) if length == most => address(self.addr, family),
            Some(length) => format!("{}/{length}", address(self.addr, family)),
            None => format!("{}/{}", address(self.addr, family), address(self.mask, family)),
        };
        let _ = write!(to, "{}{text:<19} ", if self.not { '!' } else { ' ' });
    }
}

/// An address as text.
fn address(octets: [u8; 16], family: u8) -> String {
    match octets {
        [a, b, c, d, ..] if family == V4 => Ipv4Addr::from([a, b, c, d]).to_string(),
        octets => Ipv6Addr::from(octets).to_string(),
    }
}

/// Which columns a list has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) verbose: bool,
    pub(super) numeric: bool,
    pub(super) exact: bool,
    pub(super) numbers: bool,
}

/// How a rule's counters are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counters {
    No,
    /// `[1:60]` in front.
    Front,
    /// `-c 1 60`.
    Option,
}

impl Spec {
    /// A rule for all packets, that does nothing.
    pub(super) fn any(family: u8) -> Spec {
        Spec {
            family,
            source: Network::default(),
            destination: Network::default(),
            input: Interface::default(),
            output: Interface::default(),
            protocol: 0,
            not_protocol: false,
            fragment: None,
            matches: Vec::new(),
            target: Target::None,
            packets: 0,
            bytes: 0,
        }
    }

    /// What its matches and target have to know of it.
    pub(super) fn of(&self) -> Of {
        Of { family: self.family, protocol: if self.not_protocol { 0 } else { self.protocol } }
    }

    /// The name of the target.
    fn target(&self) -> &str {
        match &self.target {
            Target::None => "",
            Target::Verdict(verdict) => VERDICTS.iter().find(|v| v.1 == *verdict).map_or("", |v| v.0),
            Target::Jump(chain) | Target::Goto(chain) => chain,
            Target::Ext(target) => target.ext.name,
        }
    }

    /// As words that make it again, with a line end.
    pub(super) fn save(&self, chain: &str, counters: Counters, to: &mut Vec<u8>) {
        let (packets, bytes) = (self.packets, self.bytes);
        if counters == Counters::Front {
            let _ = write!(to, "[{packets}:{bytes}] ");
        }
        let _ = write!(to, "-A {chain}"); // a Vec takes all
        self.source.save('s', self.family, to);
        self.destination.save('d', self.family, to);
        for (letter, interface) in [('i', &self.input), ('o', &self.output)] {
            if !interface.name.is_empty() {
                let not = if interface.not { " !" } else { "" };
                let _ = write!(to, "{not} -{letter} {}", interface.name);
            }
        }
        if self.protocol != 0 {
            let not = if self.not_protocol { " !" } else { "" };
            let _ = match protocol_name(self.protocol) {
                Some(name) => write!(to, "{not} -p {name}"),
                None => write!(to, "{not} -p {}", self.protocol),
            };
        }
        let fragment = match self.fragment {
            Some(true) => " -f",
            Some(false) => " ! -f",
            None => "",
        };
        to.extend_from_slice(fragment.as_bytes());
        for used in &self.matches {
            let _ = write!(to, " -m {}", used.ext.name);
            used.show(self.of(), How::Save, to);
        }
        if counters == Counters::Option {
            let _ = write!(to, " -c {packets} {bytes}");
        }
        if self.target != Target::None {
            let option = if matches!(self.target, Target::Goto(_)) { 'g' } else { 'j' };
            let _ = write!(to, " -{option} {}", self.target());
        }
        if let Target::Ext(target) = &self.target {
            target.show(self.of(), How::Save, to);
        }
        to.push(b'\n');
    }

    /// As a line of a list.
    pub(super) fn list(&self, number: usize, columns: Columns, to: &mut Vec<u8>) {
        if columns.numbers {
            let _ = write!(to, "{number:<4} ");
        }
        if columns.verbose {
            let _ = write!(to, "{} {} ", count(self.packets, columns.exact), count(self.bytes, columns.exact));
        }
        let name = protocol_name(self.protocol).filter(|_| !columns.numeric);
        let name = name.map_or_else(|| self.protocol.to_string(), str::to_owned);
        let target = Escaped(self.target().as_bytes()).to_string();
        let fragment = match self.fragment {
            Some(true) => "-f",
            Some(false) => "!f",
            None => "--",
        };
        let not = if self.not_protocol { '!' } else { ' ' };
        let _ = write!(to, "{target:<9} {not}{name:<4} {fragment} ");
        if columns.verbose {
            for (i, interface) in [&self.input, &self.output].into_iter().enumerate() {
                let any = if columns.numeric { "*" } else { "any" };
                let name = if interface.name.is_empty() { any } else { &interface.name };
                let text = format!("{}{name}", if interface.not { "!" } else { "" });
                let _ = write!(to, "{}{text:<6} ", if i == 0 { " " } else { "" });
            }
        }
        self.source.list(self.family, columns.numeric, to);
        self.destination.list(self.family, columns.numeric, to);
        if matches!(self.target, Target::Goto(_)) {
            to.extend_from_slice(b"[goto] ");
        }
        let target = if let Target::Ext(target) = &self.target { Some(target) } else { None };
        for used in self.matches.iter().chain(target) {
            used.show(self.of(), How::List(columns.numeric), to);
        }
        to.push(b'\n');
    }
}

/// A counter in its column: as it is, or with a unit.
pub(super) fn count(value: u64, exact: bool) -> String {
    if exact { format!("{value:8}") } else { scaled(value, 5) }
}

/// A counter with a unit, `width` columns wide.
pub(super) fn scaled(value: u64, width: usize) -> String {
    if value <= 99_999 {
        return format!("{value:width$}");
    }
    let mut value = value;
    let less = width.saturating_sub(1);
    for unit in ['K', 'M', 'G'] {
        value = value.saturating_add(500) / 1000;
        if value <= 9999 {
            return format!("{value:less$}{unit}");
        }
    }
    format!("{:less$}T", value.saturating_add(500) / 1000)
}
