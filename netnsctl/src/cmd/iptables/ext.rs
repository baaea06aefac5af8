//! The matches and targets of x_tables, a row each: what they are told, how that is read and shown.
//!
//! What one of them is told is kept as the kernel has it, a struct of linux/netfilter/xt_*.h, whether it goes there as such or
//! as expressions (`convert.rs`). An option says where in it its value is, and so is read and written without code of its own.

mod table;
mod value;

use super::words::protocol_name;
use crate::out::Escaped;
use std::io::Write as _;
pub(super) use table::EXTS;
pub(super) use value::{rate, takes, version};

/// Families (linux/netfilter.h).
pub(super) const V4: u8 = 2;
pub(super) const V6: u8 = 10;

/// A match or a target.
#[derive(Debug)]
pub(super) struct Ext {
    /// Behind `-m` or `-j`.
    pub(super) name: &'static str,
    /// To the kernel, which may know two names by one.
    pub(super) kernel: &'static str,
    pub(super) is_target: bool,
    /// Only of this family; 0: of both.
    family: u8,
    /// Only of this protocol, whose options are known without `-m`; 0: of all.
    protocol: u8,
    pub(super) revision: u32,
    /// Bytes of its struct, without padding.
    size: usize,
    /// What is not 0 to begin with.
    init: &'static [Bits],
    list: List,
    pub(super) options: &'static [Opt],
    /// One of the first so many options has to be there.
    needs: usize,
}

/// How it begins in a list.
#[derive(Debug)]
enum List {
    With(&'static str),
    /// All of it.
    Own(fn(&[u8], bool, &mut Vec<u8>)),
}

/// Bits of a number of `len` bytes, in the machine's order.
#[derive(Clone, Copy, Debug)]
struct Bits {
    at: usize,
    len: usize,
    bits: u32,
}

const NONE: Bits = bits(0, 1, 0);

const fn bits(at: usize, len: usize, bits: u32) -> Bits {
    Bits { at, len, bits }
}

impl Bits {
    fn set(self, info: &mut [u8]) {
        put(info, self.at, self.len, get(info, self.at, self.len) | self.bits);
    }

    fn is_set(self, info: &[u8]) -> bool {
        self.bits != 0 && get(info, self.at, self.len) & self.bits == self.bits
    }
}

/// An option of a match or target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opt {
    /// Its names, without dashes; the first is shown.
    pub(super) words: &'static [&'static str],
    kind: Kind,
    /// Where its value is.
    at: usize,
    /// Of the options of a group, one can be given, once.
    group: u32,
    /// What it sets besides.
    set: Bits,
    /// What `!` sets; nothing: it cannot stand there.
    not: Bits,
    /// What stands in front of it in a list: always, where it is inverted, and behind that.
    list: [&'static str; 3],
}

const fn opt(words: &'static [&'static str], group: u32, kind: Kind, at: usize) -> Opt {
    Opt { words, kind, at, group, set: NONE, not: NONE, list: ["", "", ""] }
}

impl Opt {
    const fn sets(self, set: Bits) -> Opt {
        Opt { set, ..self }
    }

    const fn not(self, not: Bits) -> Opt {
        Opt { not, ..self }
    }

    const fn list(self, list: [&'static str; 3]) -> Opt {
        Opt { list, ..self }
    }

    /// How many words follow it.
    pub(super) fn args(&self) -> usize {
        match self.kind {
            Kind::Flag | Kind::Syn => 0,
            Kind::TcpFlags => 2,
            _ => 1,
        }
    }
}

/// What an option's value is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// There is none.
    Flag,
    /// A range of ports, in the machine's order.
    Ports,
    /// Which flags of TCP to look at, and which of them are set.
    TcpFlags,
    /// One such.
    Syn,
    /// A type of ICMP, and a range of its codes.
    Icmp(&'static [IcmpType]),
    /// Names of bits, two bytes of them.
    Names(&'static [(&'static str, u32)]),
    /// Text of at most so many bytes; in a list with quotes, or as a comment.
    Text(usize, bool),
    /// A mark and its mask.
    Mark,
    /// What becomes of a mark: the bits to clear and those to flip, made of a value and a mask.
    SetMark(fn(u32, u32) -> (u32, u32)),
    /// How much time a packet takes, in ten thousandths of a second.
    Rate,
    /// A number up to this; shown where it is not that.
    Number(u32, u32),
    /// A level of the system's log.
    Level,
    /// A number by its name and the other name of that.
    Reject(&'static [(&'static str, &'static str, u32)]),
    /// Ports and ranges of ports; in which direction.
    MultiPorts(u32),
    /// Addresses and ports to translate to.
    To(&'static Range),
    /// Only ports.
    ToPorts(&'static Range),
}

/// What rules need to know where values are read and shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    pub(super) family: u8,
    /// The rule's protocol; 0: any.
    pub(super) protocol: u8,
}

/// How to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// As words that make it again.
    Save,
    /// In a list; without names of numbers.
    List(bool),
}

/// A type of ICMP: its name, its number, the range of its codes.
type IcmpType = (&'static str, u32, u32, u32);

/// Where in a struct of address translation there is what.
#[derive(Debug)]
pub(super) struct Range {
    flags: usize,
    min: usize,
    max: usize,
    ports: usize,
}

/// The match or target of this name.
pub(super) fn find(name: &str, is_target: bool, family: u8) -> Option<&'static Ext> {
    EXTS.iter().find(|e| e.name == name && e.is_target == is_target && (e.family == 0 || e.family == family))
}

/// The match that goes with a protocol.
pub(super) fn of_protocol(of: Of) -> Option<&'static Ext> {
    let mut known = EXTS.iter().filter(|e| e.family == 0 || e.family == of.family);
    known.find(|e| e.protocol != 0 && e.protocol == of.protocol)
}

/// The names of all matches or targets.
pub(super) fn names(is_target: bool, family: u8) -> String {
    let known = EXTS.iter().filter(|e| e.is_target == is_target && (e.family == 0 || e.family == family));
    known.map(|e| e.name).collect::<Vec<_>>().join(", ")
}

/// Appends all matches or targets and what they can be told, a line each.
pub(super) fn list(is_target: bool, family: u8, to: &mut Vec<u8>) {
    for ext in EXTS.iter().filter(|e| e.is_target == is_target && (e.family == 0 || e.family == family)) {
        let _ = write!(to, " {}:", ext.name); // a Vec takes all
        for option in ext.options {
            let not = if option.not.bits == 0 { "" } else { "*" };
            let word = option.words.first().copied().unwrap_or_default();
            let _ = write!(to, " --{word}{}{not}", option.kind.hint());
        }
        to.push(b'\n');
    }
}

fn bytes<const N: usize>(info: &[u8], at: usize) -> [u8; N] {
    info.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn write(info: &mut [u8], at: usize, bytes: &[u8]) {
    let to = info.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
    to.into_iter().for_each(|to| to.copy_from_slice(bytes));
}

/// The number of `len` bytes at `at`, in the machine's order.
pub(super) fn get(info: &[u8], at: usize, len: usize) -> u32 {
    match len {
        1 => u32::from(bytes::<1>(info, at)[0]),
        2 => u16::from_ne_bytes(bytes(info, at)).into(),
        _ => u32::from_ne_bytes(bytes(info, at)),
    }
}

/// Writes it; what does not fit is cut off.
pub(super) fn put(info: &mut [u8], at: usize, len: usize, value: u32) {
    let [.., c, d] = value.to_be_bytes();
    match len {
        1 => write(info, at, &[d]),
        2 => write(info, at, &u16::from_be_bytes([c, d]).to_ne_bytes()),
        _ => write(info, at, &value.to_ne_bytes()),
    }
}

/// A match or target in a rule.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) ext: &'static Ext,
    /// What it is told.
    pub(super) info: Vec<u8>,
    /// The groups of options that were given.
    given: u32,
}

impl PartialEq for Use {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.ext, other.ext) && self.info == other.info
    }
}

impl Eq for Use {}

impl Use {
    /// Before anything is said of it.
    pub(super) fn new(ext: &'static Ext) -> Use {
        // XT_ALIGN
        let mut info = vec![0; ext.size.next_multiple_of(align_of::<u64>())];
        ext.init.iter().for_each(|init| init.set(&mut info));
        Use { ext, info, given: 0 }
    }

    /// What the kernel has of one: nothing, where that is more than can be shown.
    pub(super) fn of_kernel(name: &[u8], is_target: bool, revision: u32, info: &[u8], of: Of) -> Option<Use> {
        let known = |ext: &&&Ext| {
            let one = ext.kernel.as_bytes() == name && ext.revision == revision && ext.is_target == is_target;
            one && (ext.family == 0 || ext.family == of.family)
        };
        EXTS.iter().filter(|ext| known(&ext)).find_map(|ext| {
            let read = Use { ext, info: info.to_vec(), given: 0 };
            read.is_whole(of).then_some(read)
        })
    }

    /// Whether what is shown would make the same again.
    pub(super) fn is_whole(&self, of: Of) -> bool {
        let mut again = Use::new(self.ext);
        for option in self.ext.options {
            let Some(value) = option.show(&self.info, of, How::Save) else { continue };
            let values: Vec<&[u8]> = match option.args() {
                2 => value.split(|b| *b == b' ').collect(),
                n => [&*value].into_iter().take(n).collect(),
            };
            if again.take(option, option.not.is_set(&self.info), &values, of).is_err() {
                return false;
            }
        }
        again.info == self.info && again.check(of).is_ok()
    }

    /// Takes an option with its values, which are as many as [`Opt::args`] says.
    pub(super) fn take(&mut self, option: &Opt, not: bool, values: &[&[u8]], of: Of) -> Result<(), String> {
        let word = option.words.first().copied().unwrap_or_default();
        let group = 1_u32.checked_shl(option.group).unwrap_or_default();
        if self.given & group != 0 {
            return Err(format!("{}: --{word}, or what it excludes, was said already", self.ext.name));
        }
        self.given |= group;
        if not && option.not.bits == 0 {
            return Err(format!("{}: there is no ! --{word}", self.ext.name));
        }
        option.set.set(&mut self.info);
        if not {
            option.not.set(&mut self.info);
        }
        let value = values.first().copied().unwrap_or_default();
        if not && matches!(option.kind, Kind::Ports) && value == b"0:65535" {
            return Err(format!("{}: ! --{word} 0:65535 is never so", self.ext.name));
        }
        let text = std::str::from_utf8(value).unwrap_or("\u{fffd}");
        option.read(&mut self.info, text, values, of).map_err(|what| {
            let value = Escaped(value);
            format!("{}: --{word} \"{value}\": {what}", self.ext.name)
        })
    }

    /// Whether all that has to be said was said.
    pub(super) fn check(&self, of: Of) -> Result<(), String> {
        if self.ext.protocol != 0 && self.ext.protocol != of.protocol {
            return Err(format!("{} needs -p {}", self.ext.name, protocol_name(self.ext.protocol).unwrap_or_default()));
        }
        let needed = self.ext.options.get(..self.ext.needs).unwrap_or_default();
        let given = |o: &Opt| self.given & 1_u32.checked_shl(o.group).unwrap_or_default() != 0;
        if needed.is_empty() || needed.iter().any(given) {
            return Ok(());
        }
        let words: Vec<_> = needed.iter().filter_map(|o| o.words.first()).map(|w| format!("--{w}")).collect();
        Err(format!("{} needs {}", self.ext.name, words.join(" or ")))
    }

    /// Appends it, without `-m NAME` or `-j NAME`.
    pub(super) fn show(&self, of: Of, how: How, to: &mut Vec<u8>) {
        match (&self.ext.list, how) {
            (List::Own(list), How::List(numeric)) => return list(&self.info, numeric, to),
            (List::With(with), How::List(_)) => to.extend_from_slice(with.as_bytes()),
            (_, How::Save) => {}
        }
        for option in self.ext.options {
            let Some(value) = option.show(&self.info, of, how) else { continue };
            let not = option.not.is_set(&self.info);
            let quote = how == How::Save && matches!(option.kind, Kind::Text(..));
            let value = if quote { value::quoted(&value) } else { value };
            if how == How::Save {
                let word = option.words.first().copied().unwrap_or_default();
                let (not, space) = (if not { " !" } else { "" }, if value.is_empty() { "" } else { " " });
                let _ = write!(to, "{not} --{word}{space}"); // a Vec takes all
            } else {
                let [before, inverted, behind] = option.list.map(str::as_bytes);
                // The label of ports has a plural.
                if !matches!(option.kind, Kind::Ports) {
                    to.extend_from_slice(before);
                    to.extend_from_slice(if not { inverted } else { b"" });
                    to.extend_from_slice(behind);
                }
            }
            to.extend_from_slice(&value);
        }
    }
}
