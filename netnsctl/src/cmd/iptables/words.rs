//! The words of iptables(8) → a typed request. Nothing is looked up in the kernel here.

use super::ext::{self, Of, Use, V4, V6, version};
use super::rule::{Interface, Network, Spec, Target, Verdict};
use crate::cmd::face::{self, Arg, Failed, Opt};
use crate::grammar::{IFNAME_MAX, nearest, number, short_v4};
use crate::names::{IP_PROTOS, TCP_SERVICES, UDP_SERVICES};
use crate::out::Escaped;
use std::ffi::{OsStr, OsString};
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt as _;
use std::rc::Rc;
use std::slice::Iter;

/// What to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Verb {
    Append,
    Check,
    Delete,
    Insert,
    Replace,
    #[default]
    List,
    ListRules,
    Flush,
    Zero,
    New,
    Remove,
    Rename,
    Policy,
}

/// A command.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) table: String,
    pub(super) verb: Verb,
    pub(super) chain: Option<String>,
    /// Of a rule, from 1 on.
    pub(super) number: Option<u32>,
    /// The policy, or another name.
    pub(super) other: String,
    /// Where the rules to be are alike but for their addresses.
    pub(super) specs: Vec<Rc<Spec>>,
    /// `-Z` with `-L` or `-S`.
    pub(super) zero: bool,
    pub(super) verbose: bool,
    pub(super) numeric: bool,
    pub(super) exact: bool,
    pub(super) numbers: bool,
}

/// What the words ask for.
#[derive(Debug)]
pub(super) enum Asked {
    Help,
    Version,
    Do(Box<Request>),
    /// A line of iptables-restore for the other family.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Verb(Verb),
    Source,
    Destination,
    Protocol,
    Input,
    Output,
    Jump,
    Goto,
    Match,
    Table,
    Numeric,
    Verbose,
    Wait,
    WaitInterval,
    Exact,
    Fragment,
    Version,
    Help,
    Numbers,
    Modprobe,
    Counters,
    Family(u8),
    /// An option of a match (which of the rule's) or, behind the last, of the target.
    Of(usize, usize),
}

impl What {
    /// What it is called: `-s`, `--line-numbers`.
    fn name(self) -> String {
        match OPTIONS.iter().find(|option| option.3 == self) {
            Some((0, name, ..)) => format!("--{name}"),
            Some((letter, ..)) => format!("-{}", char::from(*letter)),
            None => "an option of a match or target".into(),
        }
    }
}

const OPTIONS: &[Opt<What>] = &[
    (b'A', "append", Arg::Required, What::Verb(Verb::Append)),
    (b'D', "delete", Arg::Required, What::Verb(Verb::Delete)),
    (b'C', "check", Arg::Required, What::Verb(Verb::Check)),
    (b'I', "insert", Arg::Required, What::Verb(Verb::Insert)),
    (b'R', "replace", Arg::Required, What::Verb(Verb::Replace)),
    (b'L', "list", Arg::Optional, What::Verb(Verb::List)),
    (b'S', "list-rules", Arg::Optional, What::Verb(Verb::ListRules)),
    (b'F', "flush", Arg::Optional, What::Verb(Verb::Flush)),
    (b'Z', "zero", Arg::Optional, What::Verb(Verb::Zero)),
    (b'N', "new-chain", Arg::Required, What::Verb(Verb::New)),
    (b'X', "delete-chain", Arg::Optional, What::Verb(Verb::Remove)),
    (b'E', "rename-chain", Arg::Required, What::Verb(Verb::Rename)),
    (b'P', "policy", Arg::Required, What::Verb(Verb::Policy)),
    (b's', "source", Arg::Required, What::Source),
    (b'd', "destination", Arg::Required, What::Destination),
    (0, "src", Arg::Required, What::Source),
    (0, "dst", Arg::Required, What::Destination),
    (b'p', "protocol", Arg::Required, What::Protocol),
    (b'i', "in-interface", Arg::Required, What::Input),
    (b'j', "jump", Arg::Required, What::Jump),
    (b't', "table", Arg::Required, What::Table),
    (b'm', "match", Arg::Required, What::Match),
    (b'n', "numeric", Arg::No, What::Numeric),
    (b'o', "out-interface", Arg::Required, What::Output),
    (b'v', "verbose", Arg::No, What::Verbose),
    (b'w', "wait", Arg::Optional, What::Wait),
    (b'W', "wait-interval", Arg::Optional, What::WaitInterval),
    (b'x', "exact", Arg::No, What::Exact),
    (b'f', "fragments", Arg::No, What::Fragment),
    (b'V', "version", Arg::No, What::Version),
    (b'h', "help", Arg::Optional, What::Help),
    (0, "line-numbers", Arg::No, What::Numbers),
    (b'M', "modprobe", Arg::Required, What::Modprobe),
    (b'c', "set-counters", Arg::Required, What::Counters),
    (b'g', "goto", Arg::Required, What::Goto),
    (b'4', "ipv4", Arg::No, What::Family(V4)),
    (b'6', "ipv6", Arg::No, What::Family(V6)),
];

/// What is said on a line.
struct Line<'a> {
    words: Iter<'a, OsString>,
    /// Letters left of a word.
    letters: &'a [u8],
    options: Vec<Opt<What>>,
    of: Of,
    /// In front of the next option there is a `!`.
    not: bool,
    /// What was said, each once.
    said: Vec<What>,
    /// The match of the protocol was loaded because of an option.
    implied: bool,
    request: Request,
    spec: Spec,
    target: Option<Use>,
    sources: Vec<Network>,
    destinations: Vec<Network>,
}

/// A mistake in the words.
pub(super) fn wrong(what: impl Into<String>) -> Failed {
    (2, what.into())
}

/// Reads a line of words, of `table` unless it says otherwise; in iptables-restore, it must not.
pub(super) fn parse(words: &[OsString], family: u8, table: &str, restore: bool) -> Result<Asked, Failed> {
    let mut line = Line {
        words: words.iter(),
        letters: &[],
        options: OPTIONS.to_vec(),
        of: Of { family, protocol: 0 },
        not: false,
        said: Vec::new(),
        implied: false,
        request: Request { table: table.into(), ..Request::default() },
        spec: Spec::any(family),
        target: None,
        sources: Vec::new(),
        destinations: Vec::new(),
    };
    while let Some((what, value)) = line.next()? {
        let not = std::mem::take(&mut line.not);
        match what {
            What::Help => return Ok(Asked::Help),
            What::Version => return Ok(Asked::Version),
            What::Family(of) if of == family => {}
            What::Family(_) if restore => return Ok(Asked::Nothing),
            What::Family(of) => {
                return Err(wrong(format!(
                    "this is IPv{0}'s; for IPv{1} there is ip{2}tables",
                    version(family),
                    version(of),
                    if of == V4 { "" } else { "6" }
                )));
            }
            What::Wait | What::WaitInterval | What::Table if restore => {
                return Err(wrong("-t, -w and -W cannot stand in a line of iptables-restore"));
            }
            what => line.take(what, value, not)?,
        }
    }
    line.finish().map(|request| Asked::Do(Box::new(request)))
}

impl<'a> Line<'a> {
    /// The next option and its argument.
    fn next(&mut self) -> Result<Option<(What, Option<OsString>)>, Failed> {
        loop {
            if let Some((letter, attached)) = self.letters.split_first() {
                let found = face::short_option(*letter, attached, &self.options, &mut self.words);
                let (option, taken) = found.map_err(wrong)?;
                self.letters = if taken { &[] } else { attached };
                return Ok(Some(option));
            }
            let Some(word) = self.words.next() else { return Ok(None) };
            match word.as_bytes() {
                b"!" if self.not => return Err(wrong("there are two ! in a row")),
                b"!" => self.not = true,
                b"--" if self.words.len() == 0 => return Ok(None),
                [b'-', b'-', long @ ..] if !long.is_empty() => return self.long(long).map(Some),
                [b'-', letters @ ..] if !letters.is_empty() => self.letters = letters,
                other => return Err(wrong(format!("\"{}\" is no option, nor does it belong to one", Escaped(other)))),
            }
        }
    }

    /// A long option; the first that is not known is looked for in the match of the protocol.
    fn long(&mut self, long: &[u8]) -> Result<(What, Option<OsString>), Failed> {
        let before = self.words.clone();
        match face::long_option(long, &self.options, &mut self.words) {
            Err(_) if !self.implied && ext::of_protocol(self.of).is_some() => {
                self.implied = true;
                self.words = before;
                if let Some(ext) = ext::of_protocol(self.of) {
                    self.load(Use::new(ext));
                }
                self.long(long)
            }
            found => found.map_err(|error| {
                let meant = nearest(OsStr::from_bytes(long), self.options.iter().map(|option| option.1));
                wrong(error + &meant.map_or(String::new(), |meant| format!("; did you mean --{meant}?")))
            }),
        }
    }

    /// Adds a match, with its options.
    fn load(&mut self, used: Use) {
        self.spec.matches.push(used);
        self.merge();
    }

    /// The options there are: those of what came last go first.
    fn merge(&mut self) {
        let matches = &self.spec.matches;
        let uses = matches.iter().enumerate().rev().chain(self.target.iter().map(|t| (matches.len(), t)));
        let mut options = OPTIONS.to_vec();
        for (at, used) in uses {
            let index = if at == matches.len() { usize::MAX } else { at };
            for (i, option) in used.ext.options.iter().enumerate() {
                let arg = if option.args() == 0 { Arg::No } else { Arg::Required };
                options.extend(option.words.iter().map(|word| (0, *word, arg, What::Of(index, i))));
            }
        }
        self.options = options;
    }

    /// The next word, if it is no option.
    fn operand(&mut self) -> Option<String> {
        let next = self.words.as_slice().first().filter(|_| self.letters.is_empty())?;
        let plain = !matches!(next.as_bytes().first(), None | Some(b'-' | b'!'));
        plain.then(|| self.words.next().map(|w| w.to_string_lossy().into_owned()))?
    }

    /// A rule's number, if there is one.
    fn number(&mut self) -> Result<Option<u32>, Failed> {
        let Some(word) = self.operand() else { return Ok(None) };
        let value = number(&word, true).filter(|n| *n > 0).and_then(|n| u32::try_from(n).ok());
        value.map(Some).ok_or_else(|| wrong(format!("{word:?} is no number of a rule, which are from 1 on")))
    }

    fn verb(&mut self, verb: Verb, value: Option<OsString>) -> Result<(), Failed> {
        let before = self.said.iter().find_map(|w| if let What::Verb(verb) = w { Some(*verb) } else { None });
        let lists = |verb| matches!(verb, Verb::List | Verb::ListRules);
        match before {
            None => self.request.verb = verb,
            Some(before) if (lists(before) && verb == Verb::Zero) || (before == Verb::Zero && lists(verb)) => {
                self.request.zero = true;
                self.request.verb = if lists(before) { before } else { verb };
            }
            Some(_) => return Err(wrong("there can be only one command: -A, -D, -L, ...")),
        }
        self.said.push(What::Verb(verb));
        let given = value.map(|value| value.to_string_lossy().into_owned());
        self.request.chain = given.or_else(|| self.operand()).or_else(|| self.request.chain.take());
        match verb {
            Verb::Append | Verb::Check | Verb::Flush | Verb::Remove | Verb::New => {}
            Verb::Insert | Verb::Delete | Verb::List | Verb::ListRules | Verb::Zero => {
                self.request.number = self.number()?.or(self.request.number);
            }
            Verb::Replace => match self.number()? {
                None => return Err(wrong("-R needs the number of a rule")),
                number => self.request.number = number,
            },
            Verb::Rename | Verb::Policy => match self.operand() {
                None if verb == Verb::Policy => return Err(wrong("-P needs a chain and a policy")),
                None => return Err(wrong("-E needs the old and the new name of a chain")),
                Some(other) => self.request.other = other,
            },
        }
        Ok(())
    }

    fn take(&mut self, what: What, value: Option<OsString>, not: bool) -> Result<(), Failed> {
        let once = !matches!(what, What::Verb(_) | What::Verbose | What::Match | What::Of(..) | What::Wait);
        let inverts = matches!(
            what,
            What::Source
                | What::Destination
                | What::Protocol
                | What::Input
                | What::Output
                | What::Fragment
                | What::Of(..)
        );
        if not && !inverts {
            let what = what.name();
            return Err(wrong(format!("there is no ! {what}, only of -s, -d, -p, -i, -o, -f and options of matches")));
        }
        if once && self.said.contains(&what) {
            return Err(wrong(format!("{} is there twice", what.name())));
        }
        if let What::Verb(verb) = what {
            return self.verb(verb, value);
        }
        self.said.push(what);
        let bytes = value.unwrap_or_default();
        let text = bytes.to_str().unwrap_or("\u{fffd}");
        match what {
            What::Source => self.sources = networks(text, self.of.family, not)?,
            What::Destination => self.destinations = networks(text, self.of.family, not)?,
            What::Protocol => {
                let text = text.to_ascii_lowercase();
                let known = protocol(&text)
                    .ok_or_else(|| wrong(format!("{text:?} is no protocol: a number, or a name of /etc/protocols")))?;
                if not && known == 0 {
                    return Err(wrong("! -p all is never so"));
                }
                (self.of.protocol, self.spec.protocol, self.spec.not_protocol) = (known, known, not);
            }
            What::Input => self.spec.input = interface(text, not)?,
            What::Output => self.spec.output = interface(text, not)?,
            What::Fragment if self.of.family == V6 => {
                return Err(wrong("-f is of IPv4"));
            }
            What::Fragment => self.spec.fragment = Some(!not),
            What::Match => {
                let name = if matches!(text, "icmpv6" | "ipv6-icmp") { "icmp6" } else { text };
                let ext = ext::find(name, false, self.of.family);
                self.load(Use::new(ext.ok_or_else(|| wrong(unknown("match", text, self.of.family)))?));
            }
            What::Jump | What::Goto if self.spec.target != Target::None || self.target.is_some() => {
                return Err(wrong("a rule has one target"));
            }
            What::Jump => self.jump(text)?,
            What::Goto => self.spec.target = Target::Goto(chain_name(text)?),
            What::Table => self.request.table = text.into(),
            What::Numeric => self.request.numeric = true,
            What::Verbose => self.request.verbose = true,
            What::Exact => self.request.exact = true,
            What::Numbers => self.request.numbers = true,
            // Nothing is waited for: a transaction is whole, or is made again.
            What::Wait | What::WaitInterval => {
                let _ = bytes.is_empty().then(|| self.operand());
            }
            What::Counters => {
                let (packets, bytes) = match text.split_once(',') {
                    Some((packets, bytes)) => (packets.to_owned(), Some(bytes.to_owned())),
                    None => (text.to_owned(), self.operand()),
                };
                let counters = packets.parse().ok().zip(bytes.and_then(|bytes| bytes.parse().ok()));
                let wrong = || wrong("-c needs two numbers: packets and bytes");
                (self.spec.packets, self.spec.bytes) = counters.ok_or_else(wrong)?;
            }
            What::Of(at, option) => return self.option(at, option, &bytes, not),
            // What is asked elsewhere, or not at all: modules are loaded by the kernel.
            _ => {}
        }
        Ok(())
    }

    fn option(&mut self, at: usize, option: usize, value: &OsString, not: bool) -> Result<(), Failed> {
        let second;
        let used = self.spec.matches.get_mut(at).or(self.target.as_mut());
        let Some((used, option)) = used.and_then(|used| used.ext.options.get(option).map(|o| (used, o))) else {
            return Ok(());
        };
        let mut values = vec![value.as_bytes()];
        if option.args() == 2 {
            second = self.words.next().cloned().filter(|w| !matches!(w.as_bytes().first(), None | Some(b'-' | b'!')));
            values.push(second.as_ref().ok_or_else(|| wrong("--tcp-flags needs two lists of flags"))?.as_bytes());
        }
        used.take(option, not, &values, self.of).map_err(wrong)
    }

    fn jump(&mut self, name: &str) -> Result<(), Failed> {
        self.spec.target = match Verdict::named(name) {
            Some(verdict) => Target::Verdict(verdict),
            None => match ext::find(name, true, self.of.family) {
                Some(ext) => {
                    self.target = Some(Use::new(ext));
                    self.merge();
                    Target::None
                }
                None => Target::Jump(chain_name(name)?),
            },
        };
        Ok(())
    }

    /// What was said, if it makes a whole.
    fn finish(mut self) -> Result<Request, Failed> {
        if self.not {
            return Err(wrong("behind the ! there is nothing"));
        }
        let mut uses = self.spec.matches.iter().chain(&self.target);
        uses.try_for_each(|used| used.check(self.spec.of())).map_err(wrong)?;
        if !self.said.iter().any(|what| matches!(what, What::Verb(_))) {
            return Err(wrong("what is to be done? -A, -D, -L, ..."));
        }
        if let Some(target) = self.target.take() {
            self.spec.target = Target::Ext(target);
        }
        let request = &mut self.request;
        let by_number = request.verb == Verb::Delete && request.number.is_some();
        let rule = !by_number
            && matches!(request.verb, Verb::Append | Verb::Check | Verb::Delete | Verb::Insert | Verb::Replace);
        for what in &self.said {
            let fits = match what {
                What::Numeric | What::Exact | What::Numbers => request.verb == Verb::List,
                What::Counters => {
                    matches!(request.verb, Verb::Append | Verb::Insert | Verb::Replace | Verb::Policy)
                }
                What::Verb(_) | What::Table | What::Verbose | What::Wait | What::WaitInterval | What::Modprobe => true,
                _ => rule,
            };
            if !fits {
                return Err(wrong(format!("this command does not take {}", what.name())));
            }
        }
        if let Some(chain) = &request.chain {
            chain_name(chain)?;
        }
        let drops = request.other == "DROP" || self.spec.target == Target::Verdict(Verdict::Drop);
        if request.table == "nat" && drops {
            return Err(wrong("the table nat is not to filter: it has no DROP"));
        }
        let of = |names: [&str; 2]| request.chain.as_deref().is_some_and(|chain| names.contains(&chain));
        if rule && !self.spec.output.name.is_empty() && of(["PREROUTING", "INPUT"]) {
            return Err(wrong("-o cannot be used with packets that come in"));
        }
        if rule && !self.spec.input.name.is_empty() && of(["POSTROUTING", "OUTPUT"]) {
            return Err(wrong("-i cannot be used with packets that go out"));
        }
        if rule {
            let (mut sources, mut destinations) = (self.sources, self.destinations);
            for all in [&mut sources, &mut destinations] {
                if all.is_empty() {
                    all.push(Network::default());
                }
            }
            let many = sources.len() > 1 || destinations.len() > 1;
            if many && sources.iter().chain(&destinations).any(|network| network.not) {
                return Err(wrong("! cannot be used with several addresses"));
            }
            if many && request.verb == Verb::Replace {
                return Err(wrong("one rule is replaced by one: a source and a destination"));
            }
            for source in &sources {
                for destination in &destinations {
                    let mut spec = self.spec.clone();
                    (spec.source, spec.destination) = (*source, *destination);
                    request.specs.push(Rc::new(spec));
                }
            }
        }
        Ok(self.request)
    }
}

/// That there is no such match here.
fn unknown(what: &str, name: &str, family: u8) -> String {
    format!("the {what} {:?} is not known here; known are {}", name, ext::names(what == "target", family))
}

/// A protocol by its number or name.
pub(super) fn protocol(text: &str) -> Option<u8> {
    let value = match text {
        "all" => Some(0),
        "icmpv6" => Some(58),
        "mh" | "ipv6-mh" => Some(135),
        _ => number(text, true).or_else(|| IP_PROTOS.value(text).map(u64::from)),
    };
    value.and_then(|n| u8::try_from(n).ok())
}

/// The name of a protocol.
pub(super) fn protocol_name(protocol: u8) -> Option<&'static str> {
    if protocol == 0 { Some("all") } else { IP_PROTOS.name(protocol.into()) }
}

/// A port by its number or name.
pub(super) fn port(text: &str, protocol: u8) -> Option<u16> {
    let names = if protocol == 17 { [&UDP_SERVICES, &TCP_SERVICES] } else { [&TCP_SERVICES, &UDP_SERVICES] };
    let named = || names.iter().find_map(|names| names.value(text)).map(u64::from);
    number(text, true).or_else(named).and_then(|n| u16::try_from(n).ok())
}

/// The name of a port.
pub(super) fn service(port: u32, protocol: u8) -> Option<&'static str> {
    let names = if protocol == 17 { &UDP_SERVICES } else { &TCP_SERVICES };
    names.name(port)
}

/// Whether `word` begins with `start`, in whatever letters.
pub(super) fn lower_starts(word: &str, start: &str) -> bool {
    word.get(..start.len()).is_some_and(|w| w.eq_ignore_ascii_case(start))
}

/// A chain's name, or one for a new chain.
pub(super) fn chain_name(name: &str) -> Result<String, Failed> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\u{fffd}';
    if name.is_empty() || name.len() > 28 || !name.chars().all(plain) {
        let name = Escaped(name.as_bytes());
        return Err(wrong(format!("\"{name}\" is no name of a chain: 1 to 28 characters without spaces")));
    }
    Ok(name.into())
}

/// Networks between commas, each with its mask: `ADDRESS`, `ADDRESS/LENGTH`, `ADDRESS/MASK`.
fn networks(text: &str, family: u8, not: bool) -> Result<Vec<Network>, Failed> {
    text.split(',').map(|one| network(one.trim(), family, not)).collect()
}

fn network(text: &str, family: u8, not: bool) -> Result<Network, Failed> {
    let wrong = || {
        wrong(format!(
            "{text:?} is no network of IPv{}: ADDRESS[/LENGTH or MASK]; names are not looked up",
            version(family)
        ))
    };
    let octets = |text: &str| -> Option<[u8; 16]> {
        let mut octets = [0; 16];
        if family == V4 {
            let four = short_v4(text)?.octets();
            octets.iter_mut().zip(four).for_each(|(to, from)| *to = from);
        } else {
            octets = text.parse::<Ipv6Addr>().ok()?.octets();
        }
        Some(octets)
    };
    let (addr, mask) = text.split_once('/').map_or((text, None), |(addr, mask)| (addr, Some(mask)));
    let most = if family == V4 { 32 } else { 128 };
    let length = |len: u64| -> [u8; 16] {
        let bits = u32::try_from(128_u64.saturating_sub(len)).unwrap_or(128);
        u128::MAX.checked_shl(bits).unwrap_or_default().to_be_bytes()
    };
    let dotted = |mask: &&str| if family == V4 { mask.matches('.').count() == 3 } else { mask.contains(':') };
    let mask = match mask {
        None => length(most),
        Some(mask) if dotted(&mask) => octets(mask).ok_or_else(wrong)?,
        Some(mask) => length(number(mask, true).filter(|len| *len <= most).ok_or_else(wrong)?),
    };
    // Of /0 the address is nothing.
    let mut addr = if mask == [0; 16] { mask } else { octets(addr).ok_or_else(wrong)? };
    addr.iter_mut().zip(mask).for_each(|(addr, mask)| *addr &= mask);
    Ok(Network { addr, mask, not })
}

/// An interface; behind the beginning of its name a `+`.
fn interface(name: &str, not: bool) -> Result<Interface, Failed> {
    if name.is_empty() || name.len() > IFNAME_MAX || name.contains('\u{fffd}') || name.contains(char::is_control) {
        return Err(wrong(format!("{name:?} is no name of an interface: 1 to {IFNAME_MAX} characters")));
    }
    Ok(Interface { name: name.into(), not })
}
