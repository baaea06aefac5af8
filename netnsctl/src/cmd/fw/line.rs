//! A line: its words, and the rules it stands for.

use crate::fw::make::{Side, family_of, proto};
use crate::fw::rule::{NatKind, Rule};
use crate::fw::write::COMMENT_MAX;
use crate::grammar::{Keyword, Result as Parsed, Usage, Words, show};
use crate::names::IP_PROTOS;
use nl_core::netfilter::expr::{CtState, nft_reject, nft_reject_icmpx};
use nl_core::netfilter::{nf_inet, nfproto, verdict};
use std::ffi::OsStr;
use std::fmt::Display;
use std::net::IpAddr;

/// What kind of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Masquerade,
    Forward,
    Allow,
    Drop,
    Reject,
    Policy,
}

/// A chain of the table: its name and type, and where it sits.
#[derive(Debug, PartialEq, Eq)]
pub struct Chain {
    pub name: &'static str,
    pub kind: &'static str,
    pub hook: u32,
    pub priority: i32,
}

const fn chain(name: &'static str, kind: &'static str, hook: u32, priority: i32) -> Chain {
    Chain { name, kind, hook, priority }
}

static INPUT: Chain = chain("input", "filter", nf_inet::LOCAL_IN, 0);
static FORWARD: Chain = chain("forward", "filter", nf_inet::FORWARD, 0);
static OUTPUT: Chain = chain("output", "filter", nf_inet::LOCAL_OUT, 0);
static PREROUTING: Chain = chain("nat_prerouting", "nat", nf_inet::PRE_ROUTING, -100);
static NAT_OUTPUT: Chain = chain("nat_output", "nat", nf_inet::LOCAL_OUT, -100);
static POSTROUTING: Chain = chain("nat_postrouting", "nat", nf_inet::POST_ROUTING, 100);

/// The family of the table.
pub(crate) const FAMILY: u8 = nfproto::INET;

/// A line, ready to be made or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its words, as its rules carry them.
    pub text: String,
    /// Its rules, and the chains they are in.
    pub rules: Vec<(&'static Chain, Rule<'static>)>,
    /// The policy of a chain that it sets.
    pub policy: Option<(&'static Chain, i32)>,
}

const HOOKS: &[Keyword<usize>] = &[("in", 0), ("out", 1), ("forward", 2), ("input", 0), ("output", 1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    From,
    To,
    Iif,
    Oif,
    Proto,
    Known(u8),
    Port,
    Sport,
    Type,
    State,
    Mark,
    Limit,
    Addrtype,
    Log,
    Not,
}

const WORDS: &[Keyword<Word>] = &[
    ("from", Word::From),
    ("to", Word::To),
    ("iif", Word::Iif),
    ("oif", Word::Oif),
    ("proto", Word::Proto),
    ("tcp", Word::Known(proto::TCP)),
    ("udp", Word::Known(proto::UDP)),
    ("icmp", Word::Known(proto::ICMP)),
    ("icmpv6", Word::Known(proto::ICMPV6)),
    ("port", Word::Port),
    ("dport", Word::Port),
    ("sport", Word::Sport),
    ("type", Word::Type),
    ("state", Word::State),
    ("mark", Word::Mark),
    ("limit", Word::Limit),
    ("addrtype", Word::Addrtype),
    ("log", Word::Log),
    ("not", Word::Not),
];

const STATES: &[Keyword<u32>] = &[
    ("new", CtState::NEW.bits()),
    ("established", CtState::ESTABLISHED.bits()),
    ("related", CtState::RELATED.bits()),
    ("invalid", CtState::INVALID.bits()),
    ("untracked", CtState::UNTRACKED.bits()),
];
const UNITS: &[Keyword<u64>] = &[("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400)];
const ADDRTYPES: &[Keyword<u32>] = &[("unicast", 1), ("local", 2), ("broadcast", 3), ("multicast", 5)];

impl Line {
    /// What takes it back, where it did not hold before: words of `fw`.
    #[cfg(feature = "plans")]
    pub(crate) fn undoing(&self) -> String {
        match self.policy {
            Some((_, verdict::ACCEPT)) => self.text.replace("accept", "drop"),
            _ => format!("delete {}", self.text),
        }
    }
}

/// The words of a line being put together, and what was said of the packets.
#[derive(Default)]
struct Draft {
    text: String,
    rule: Rule<'static>,
    family: Option<u8>,
    proto: Option<u8>,
}

impl Draft {
    fn say(&mut self, word: impl Display) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&word.to_string());
    }

    fn addr(&mut self, words: &mut Words<'_>, side: Side, not: bool) -> Parsed<()> {
        let prefix = words.prefix("an address or prefix", None)?;
        let family = family_of(prefix.addr);
        if self.family.is_some_and(|before| before != family) {
            return Err(words.error_before("IPv4 and IPv6 do not go together"));
        }
        self.family = Some(family);
        let whole = if prefix.addr.is_ipv4() { 32 } else { 128 };
        match prefix.len == whole {
            true => self.say(prefix.addr),
            false => self.say(prefix),
        }
        self.rule.addr(FAMILY, side, prefix, not);
        Ok(())
    }

    fn iface(&mut self, words: &mut Words<'_>, side: Side, not: bool) -> Parsed<()> {
        let name = words.ifname("the name of an interface")?;
        let name = plain(words, name)?;
        self.say(name);
        self.rule.iface(side, name.as_bytes(), not);
        Ok(())
    }

    fn l4proto(&mut self, words: &Words<'_>, proto: u8, not: bool) -> Parsed<()> {
        if self.proto.is_some() {
            return Err(words.error_before("the protocol is said already"));
        }
        self.proto = Some(proto).filter(|_| !not);
        self.rule.l4proto(proto, not);
        Ok(())
    }

    fn end(self, words: &Words<'_>) -> Parsed<(String, Rule<'static>)> {
        if self.text.len() > COMMENT_MAX {
            let text = format!("a line has at most {COMMENT_MAX} characters, this has {}", self.text.len());
            return Err(words.error_before(text));
        }
        let mut rule = self.rule;
        rule.comment = Some(self.text.clone().into_bytes().into());
        Ok((self.text, rule))
    }
}

/// A word that can stand in a line as it is.
fn plain<'w>(words: &Words<'_>, word: &'w OsStr) -> Parsed<&'w str> {
    let fits = |w: &&str| w.bytes().all(|b| matches!(b, b'!'..=b'~') && !matches!(b, b'"' | b'\'' | b'#' | b'\\'));
    word.to_str()
        .filter(fits)
        .ok_or_else(|| words.error_before(format!("{} has characters that cannot be in a line of rules", show(word))))
}

/// `N` or `N-N`.
fn port_range(words: &Words<'_>, text: &str) -> Parsed<(u16, u16)> {
    let wrong = || words.error_before(format!("{text:?} is no port from 0 to 65535, nor a range of them"));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| -> Option<u16> { crate::grammar::number(text, false).and_then(|n| u16::try_from(n).ok()) };
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(wrong()),
    }
}

fn shown((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Takes the words of a line behind its first.
pub(super) fn parse(words: &mut Words<'_>, kind: Kind) -> Parsed<Line> {
    match kind {
        Kind::Masquerade => masquerade(words),
        Kind::Forward => forward(words),
        Kind::Policy => policy(words),
        Kind::Allow => filter(words, "allow", verdict::ACCEPT),
        Kind::Drop => filter(words, "drop", verdict::DROP),
        Kind::Reject => filter(words, "reject", REJECT),
    }
}

/// No verdict of the kernel's: the rule rejects.
const REJECT: i32 = i32::MIN;

fn masquerade(words: &mut Words<'_>) -> Parsed<Line> {
    const MATCHES: &[Keyword<Word>] = &[("from", Word::From), ("to", Word::To), ("oif", Word::Oif), ("not", Word::Not)];
    let mut draft = Draft::default();
    draft.say("masquerade");
    matches(words, &mut draft, MATCHES)?;
    draft.rule.counter().nat(NatKind::Masquerade, None, None, 0);
    let (text, rule) = draft.end(words)?;
    Ok(Line { text, rules: vec![(&POSTROUTING, rule)], policy: None })
}

fn policy(words: &mut Words<'_>) -> Parsed<Line> {
    let hook = words.keyword("a direction", HOOKS)?;
    // To take it away it need not be said.
    let drop = words.keyword("a policy", &[("accept", false), ("drop", true)])?;
    let (name, chain) = direction(hook);
    let text = format!("policy {name} {}", if drop { "drop" } else { "accept" });
    Ok(Line { text, rules: Vec::new(), policy: Some((chain, if drop { verdict::DROP } else { verdict::ACCEPT })) })
}

fn direction(hook: usize) -> (&'static str, &'static Chain) {
    match hook {
        0 => ("in", &INPUT),
        1 => ("out", &OUTPUT),
        _ => ("forward", &FORWARD),
    }
}

fn forward(words: &mut Words<'_>) -> Parsed<Line> {
    const MATCHES: &[Keyword<Word>] = &[("from", Word::From), ("iif", Word::Iif), ("not", Word::Not)];
    let protocol = words.keyword("a protocol", &[("tcp", proto::TCP), ("udp", proto::UDP)])?;
    let text = words.need("a port")?;
    let ports = port_range(words, plain(words, text)?)?;
    if !words.eat("to") {
        return Err(words.error("`to` is missing, and where to: to ADDRESS:PORT"));
    }
    let to = words.need("where to: ADDRESS:PORT")?;
    let (addr, to_ports) = endpoint(words, plain(words, to)?)?;
    let mut draft = Draft { family: Some(family_of(addr)), ..Draft::default() };
    draft.say("forward");
    draft.say(if protocol == proto::TCP { "tcp" } else { "udp" });
    draft.say(shown(ports));
    draft.say("to");
    draft.say(match (to_ports, addr) {
        (None, addr) => addr.to_string(),
        (Some(ports), IpAddr::V4(addr)) => format!("{addr}:{}", shown(ports)),
        (Some(ports), IpAddr::V6(addr)) => format!("[{addr}]:{}", shown(ports)),
    });
    draft.rule.nfproto(FAMILY, family_of(addr)).addrtype(Side::Dst, 2, false);
    let local = draft.rule.clone();
    matches(words, &mut draft, MATCHES)?;
    let from_anywhere = draft.rule == local;
    let finish = |rule: &mut Rule<'static>| {
        rule.l4proto(protocol, false).ports(Side::Dst, &[ports], false);
        rule.counter().nat(NatKind::Dnat, Some((addr, addr)), to_ports, 0);
    };
    finish(&mut draft.rule);
    let (text, rule) = draft.end(words)?;
    let mut rules = vec![(&PREROUTING, rule)];
    if from_anywhere {
        let mut own = Rule { comment: Some(text.clone().into_bytes().into()), ..local };
        finish(&mut own);
        rules.push((&NAT_OUTPUT, own));
    }
    Ok(Line { text, rules, policy: None })
}

/// `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`.
fn endpoint(words: &Words<'_>, text: &str) -> Parsed<(IpAddr, Option<(u16, u16)>)> {
    let wrong = || words.error_before(format!("{text:?} is not where to: ADDRESS:PORT, or [ADDRESS]:PORT of IPv6"));
    if let Ok(addr) = text.parse::<IpAddr>() {
        return Ok((addr, None));
    }
    let (addr, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare = addr.strip_prefix('[').and_then(|addr| addr.strip_suffix(']'));
    let addr: IpAddr = match bare {
        Some(addr) => IpAddr::V6(addr.parse().map_err(|_| wrong())?),
        None => IpAddr::V4(addr.parse().map_err(|_| wrong())?),
    };
    Ok((addr, Some(port_range(words, port)?)))
}

fn filter(words: &mut Words<'_>, name: &str, code: i32) -> Parsed<Line> {
    let hook = words.keyword("a direction", HOOKS)?;
    let (direction, chain) = direction(hook);
    let mut draft = Draft::default();
    draft.say(name);
    draft.say(direction);
    matches(words, &mut draft, WORDS)?;
    draft.rule.counter();
    match (code, draft.proto) {
        (REJECT, Some(proto::TCP)) => draft.rule.reject(nft_reject::TCP_RST, 0),
        (REJECT, _) => draft.rule.reject(nft_reject::ICMPX_UNREACH, nft_reject_icmpx::PORT_UNREACH),
        (code, _) => draft.rule.verdict(code, ""),
    };
    let (text, rule) = draft.end(words)?;
    Ok(Line { text, rules: vec![(chain, rule)], policy: None })
}

/// Takes all matches there are.
fn matches(words: &mut Words<'_>, draft: &mut Draft, table: &[Keyword<Word>]) -> Parsed<()> {
    let mut log: Option<Option<String>> = None;
    while !words.is_end() {
        let mut word = words.keyword("what to match", table)?;
        let not = word == Word::Not;
        if not {
            word = words.keyword("what not to match", table)?;
            draft.say("not");
        }
        if not && matches!(word, Word::Limit | Word::Addrtype | Word::Log | Word::Not | Word::Type) {
            return Err(words.error_before("`not` goes before from, to, iif, oif, proto, port, sport, state and mark"));
        }
        draft.say(name_of(word));
        match word {
            Word::From => draft.addr(words, Side::Src, not)?,
            Word::To => draft.addr(words, Side::Dst, not)?,
            Word::Iif => draft.iface(words, Side::Src, not)?,
            Word::Oif => draft.iface(words, Side::Dst, not)?,
            Word::Known(proto) => draft.l4proto(words, proto, not)?,
            Word::Proto => {
                let proto: u8 = words.named("a protocol", &IP_PROTOS)?;
                draft.say(proto);
                draft.l4proto(words, proto, not)?;
            }
            Word::Port | Word::Sport => {
                ports(words, draft, if word == Word::Port { Side::Dst } else { Side::Src }, not)?
            }
            Word::Type => {
                if !matches!(draft.proto, Some(proto::ICMP | proto::ICMPV6)) {
                    return Err(words.error_before("a type is one of icmp or icmpv6, which goes before it"));
                }
                let kind: u8 = words.uint("a type of ICMP")?;
                draft.say(kind);
                draft.rule.icmp(kind, None, false);
            }
            Word::State => {
                let text = words.need("states of connections")?;
                let text = plain(words, text)?;
                let mut bits = 0;
                for name in text.split(',') {
                    let known = STATES.iter().find(|s| s.0 == name);
                    let names: Vec<&str> = STATES.iter().map(|s| s.0).collect();
                    let unknown = || words.error_before(format!("{name:?} is no state: {}", names.join(", ")));
                    bits |= known.ok_or_else(unknown)?.1;
                }
                let names: Vec<&str> = STATES.iter().filter(|s| bits & s.1 != 0).map(|s| s.0).collect();
                draft.say(names.join(","));
                draft.rule.ct_state(bits, not);
            }
            Word::Mark => {
                let (mark, mask) = words.pair::<u32>("a mark", '/')?;
                draft.say(mask.map_or_else(|| format!("{mark:#x}"), |mask| format!("{mark:#x}/{mask:#x}")));
                draft.rule.mark(false, mark, mask.unwrap_or(u32::MAX), not);
            }
            Word::Limit => limit(words, draft)?,
            Word::Addrtype => {
                let kind = words.keyword("a type of address", ADDRTYPES)?;
                draft.say(ADDRTYPES.iter().find(|t| t.1 == kind).map_or("", |t| t.0));
                draft.rule.addrtype(Side::Dst, kind, false);
            }
            Word::Log => {
                if log.is_some() {
                    return Err(words.error_before("`log` is said already"));
                }
                let known = |word: &&OsStr| table.iter().any(|k| *word == OsStr::new(k.0));
                let prefix = match words.peek().filter(|word| !known(word)) {
                    Some(word) => {
                        let _ = words.next();
                        let prefix = plain(words, word)?;
                        draft.say(prefix);
                        Some(prefix.to_owned())
                    }
                    None => None,
                };
                log = Some(prefix);
            }
            Word::Not => {}
        }
    }
    if let Some(prefix) = log {
        draft.rule.log(prefix.as_deref().map(str::as_bytes), None);
    }
    Ok(())
}

fn name_of(word: Word) -> &'static str {
    WORDS.iter().find(|w| w.1 == word).map_or("", |w| w.0)
}

fn ports(words: &mut Words<'_>, draft: &mut Draft, side: Side, not: bool) -> Parsed<()> {
    if !matches!(draft.proto, Some(proto::TCP | proto::UDP | 132 | 33 | 136)) {
        return Err(words.error_before("ports are those of tcp or udp, which goes before them"));
    }
    let text = words.need("ports")?;
    let list: Vec<(u16, u16)> =
        plain(words, text)?.split(',').map(|text| port_range(words, text)).collect::<Parsed<_>>()?;
    let text: Vec<String> = list.iter().map(|ports| shown(*ports)).collect();
    draft.say(text.join(","));
    draft.rule.ports(side, &list, not);
    Ok(())
}

fn limit(words: &mut Words<'_>, draft: &mut Draft) -> Parsed<()> {
    let text = words.need("a limit: N/second")?;
    let text = plain(words, text)?;
    let wrong = |words: &Words<'_>| -> Usage {
        words.error_before(format!("{text:?} is no limit: N/second, N/minute, N/hour or N/day"))
    };
    let (rate, unit) = text.split_once('/').ok_or_else(|| wrong(words))?;
    let unit = UNITS.iter().find(|u| u.0.starts_with(unit) && !unit.is_empty()).ok_or_else(|| wrong(words))?;
    let rate: u64 = rate.parse().ok().filter(|rate| *rate > 0).ok_or_else(|| wrong(words))?;
    draft.say(format_args!("{rate}/{}", unit.0));
    let mut burst = 5;
    if words.eat("burst") {
        burst = words.uint("how many at once")?;
        draft.say("burst");
        draft.say(burst);
    }
    draft.rule.limit(rate, unit.1, burst);
    Ok(())
}
