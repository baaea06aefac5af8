//! `rule`: routing rules, which tables are looked into for which packets.

mod show;

use super::inet::{self, Octets, got, is_any};
use super::*;
use crate::grammar::{Prefix, Result as Parsed, family_of};
use crate::names;
use nl_core::route::{
    FibRuleHdr, RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE, Rule, RuleFlags, af, fr_act, fra, rt_table, rta, rtn, rtprot,
};
use nl_core::{Flags, Message, Messages, Msg};
pub(super) use show::show;
use std::os::unix::ffi::OsStrExt;

/// What `rule` can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Add or delete one: the message's type and flags, and the rule.
    Change(u16, Flags, Spec),
    /// Show those that match.
    Show(Filter),
    /// Delete those that match, but for those of priority 0.
    Flush(Filter),
    /// Write all of this address family to standard output, for `restore`.
    Save(u8),
    /// Add those that `save` wrote, from standard input.
    Restore,
}

/// Attributes, in their order.
type Attributes = Vec<(u16, Vec<u8>)>;

/// A rule that is to be, or is to be no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    header: FibRuleHdr,
    attrs: Attributes,
}

/// Which rules to show: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    family: u8,
    not: bool,
    from: Option<Prefix>,
    to: Option<Prefix>,
    tos: Option<u8>,
    /// 0: any.
    table: u32,
    proto: Option<u8>,
    attrs: Attributes,
}

const HELP: &str = "\
Usage: netnsctl rule { add | delete } [ SELECTOR ]... [ ACTION ]...
       netnsctl rule [ show ] [ SELECTOR | table TABLE | protocol PROTO ]...
       netnsctl rule flush [ SELECTOR | table TABLE | protocol PROTO ]...
       netnsctl rule save > FILE                 netnsctl rule restore < FILE
SELECTOR := priority N | not | from PREFIX | to PREFIX | iif NAME | oif NAME | tos TOS | fwmark N[/MASK] | l3mdev |
            uidrange N-N | ipproto PROTO | sport N[-N] | dport N[-N] | tun_id N
ACTION   := table TABLE | blackhole | unreachable | prohibit | nop | goto PRIORITY | realms [FROM/]TO |
            suppress_prefixlength N | suppress_ifgroup GROUP | protocol PROTO
";

/// What `rule save` begins with.
const MAGIC: u32 = 0x7170_6986;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Change(u16, Flags),
    Show,
    Flush,
    Save,
    Restore,
    Help,
}

const VERBS: &[Keyword<Verb>] = &[
    ("list", Verb::Show),
    ("lst", Verb::Show),
    ("show", Verb::Show),
    ("save", Verb::Save),
    ("restore", Verb::Restore),
    ("add", Verb::Change(RTM_NEWRULE, Flags::CREATE.union(Flags::EXCL))),
    ("delete", Verb::Change(RTM_DELRULE, Flags::empty())),
    ("flush", Verb::Flush),
    ("help", Verb::Help),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Not,
    From,
    To,
    Tos,
    Table,
    Proto,
    Realms,
    PrefixLen,
    Group,
    Nat,
    Goto,
    Act(u8),
    Help,
    Is(Selector),
}

/// What is one attribute, or two, to a rule and to a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selector {
    Priority,
    Mark,
    Name(u16),
    L3mdev,
    Uids,
    IpProto,
    Ports(u16),
    TunId,
}

const RULE: &[Keyword<Word>] = &[
    ("preference", Word::Is(Selector::Priority)),
    ("order", Word::Is(Selector::Priority)),
    ("priority", Word::Is(Selector::Priority)),
    ("dsfield", Word::Tos),
    ("realms", Word::Realms),
    ("protocol", Word::Proto),
    ("tun_id", Word::Is(Selector::TunId)),
    ("table", Word::Table),
    ("suppress_prefixlength", Word::PrefixLen),
    ("suppress_ifgroup", Word::Group),
    ("map-to", Word::Nat),
    ("help", Word::Help),
    ("goto", Word::Goto),
    ("nop", Word::Act(fr_act::NOP)),
    ("broadcast", Word::Act(rtn::BROADCAST)),
    ("anycast", Word::Act(rtn::ANYCAST)),
    ("multicast", Word::Act(rtn::MULTICAST)),
    ("prohibit", Word::Act(fr_act::PROHIBIT)),
    ("unreachable", Word::Act(fr_act::UNREACHABLE)),
    ("blackhole", Word::Act(fr_act::BLACKHOLE)),
    ("xresolve", Word::Act(rtn::XRESOLVE)),
    ("unicast", Word::Act(fr_act::TO_TBL)),
];

/// Those that `ip` wants written out.
const RULE_WHOLE: &[Keyword<Word>] = &[
    ("not", Word::Not),
    ("from", Word::From),
    ("to", Word::To),
    ("tos", Word::Tos),
    ("fwmark", Word::Is(Selector::Mark)),
    ("lookup", Word::Table),
    ("sup_pl", Word::PrefixLen),
    ("sup_group", Word::Group),
    ("iif", Word::Is(Selector::Name(fra::IIFNAME))),
    ("dev", Word::Is(Selector::Name(fra::IIFNAME))),
    ("oif", Word::Is(Selector::Name(fra::OIFNAME))),
    ("l3mdev", Word::Is(Selector::L3mdev)),
    ("uidrange", Word::Is(Selector::Uids)),
    ("nat", Word::Nat),
    ("ipproto", Word::Is(Selector::IpProto)),
    ("sport", Word::Is(Selector::Ports(fra::SPORT_RANGE))),
    ("dport", Word::Is(Selector::Ports(fra::DPORT_RANGE))),
    ("brd", Word::Act(rtn::BROADCAST)),
    ("local", Word::Act(rtn::LOCAL)),
    ("throw", Word::Act(rtn::THROW)),
];

const FILTER: &[Keyword<Word>] = &[
    ("preference", Word::Is(Selector::Priority)),
    ("order", Word::Is(Selector::Priority)),
    ("priority", Word::Is(Selector::Priority)),
    ("tun_id", Word::Is(Selector::TunId)),
    ("lookup", Word::Table),
    ("table", Word::Table),
    ("from", Word::From),
    ("src", Word::From),
    ("protocol", Word::Proto),
    ("dst", Word::To),
    ("to", Word::To),
];

const FILTER_WHOLE: &[Keyword<Word>] = &[
    ("not", Word::Not),
    ("tos", Word::Tos),
    ("dsfield", Word::Tos),
    ("fwmark", Word::Is(Selector::Mark)),
    ("iif", Word::Is(Selector::Name(fra::IIFNAME))),
    ("dev", Word::Is(Selector::Name(fra::IIFNAME))),
    ("oif", Word::Is(Selector::Name(fra::OIFNAME))),
    ("l3mdev", Word::Is(Selector::L3mdev)),
    ("uidrange", Word::Is(Selector::Uids)),
    ("ipproto", Word::Is(Selector::IpProto)),
    ("sport", Word::Is(Selector::Ports(fra::SPORT_RANGE))),
    ("dport", Word::Is(Selector::Ports(fra::DPORT_RANGE))),
];

pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Command> {
    let verb = if words.is_end() { Verb::Show } else { words.verb("rule", VERBS)? };
    Ok(Command::Rule(match verb {
        Verb::Help => return Ok(Command::Help(HELP)),
        Verb::Change(kind, flags) => match spec(words, options, kind)? {
            Some(spec) => Request::Change(kind, flags, spec),
            None => return Ok(Command::Help(HELP)),
        },
        Verb::Show => Request::Show(filter(words, options)?),
        Verb::Flush => Request::Flush(filter(words, options)?),
        Verb::Save => {
            let said = "\"ip rule save\" does not take any arguments.";
            words.end().map_err(|usage| usage.ip(said).ip_code(1))?;
            Request::Save(options.family.unwrap_or(af::INET))
        }
        Verb::Restore => Request::Restore,
    }))
}

fn put(attrs: &mut Attributes, kind: u16, bytes: &[u8]) {
    attrs.push((kind, bytes.to_vec()));
}

/// Takes what `selector` is to be.
fn select(words: &mut Words<'_>, selector: Selector, attrs: &mut Attributes) -> Parsed<()> {
    match selector {
        Selector::Priority => {
            let priority =
                words.uint::<u32>("a priority").map_err(|e| words.wrong(e, "preference value is invalid\n"))?;
            put(attrs, fra::PRIORITY, &priority.to_ne_bytes());
        }
        Selector::Mark => {
            let (mark, mask) =
                words.pair::<u32>("a mark", '/').map_err(|e| words.wrong(e, "fwmark value is invalid\n"))?;
            put(attrs, fra::FWMARK, &mark.to_ne_bytes());
            mask.iter().for_each(|mask| put(attrs, fra::FWMASK, &mask.to_ne_bytes()));
        }
        Selector::Name(kind) => {
            let said = if kind == fra::OIFNAME { "\"oif\"" } else { "\"iif\"/\"dev\"" };
            let said = format!("{said} not a valid ifname");
            let name = words.ifname("the name of an interface").map_err(|e| words.wrong(e, &said))?;
            put(attrs, kind, &[name.as_bytes(), &[0]].concat());
        }
        Selector::L3mdev => put(attrs, fra::L3MDEV, &[1]),
        Selector::Uids => {
            let range = words.pair::<u32>("a range of user ids", '-').and_then(|(start, end)| {
                let end = end.ok_or_else(|| words.error_before("the end of the range is missing: N-N"))?;
                Ok([start, end])
            });
            let range = range.map_err(|e| words.wrong(e, "invalid UID range\n"))?.map(u32::to_ne_bytes);
            put(attrs, fra::UID_RANGE, range.as_flattened());
        }
        Selector::IpProto => {
            let proto = words.named::<u8>("an IP protocol", &names::IP_PROTOS);
            put(attrs, fra::IP_PROTO, &[proto.map_err(|e| words.wrong(e, "Invalid \"ipproto\" value\n"))?]);
        }
        Selector::Ports(kind) => {
            let said = if kind == fra::SPORT_RANGE { "invalid port range\n" } else { "invalid dport range\n" };
            let (start, end) = words.pair::<u16>("a range of ports", '-').map_err(|e| words.wrong(e, said))?;
            put(attrs, kind, [start, end.unwrap_or(start)].map(u16::to_ne_bytes).as_flattened());
        }
        Selector::TunId => {
            let id = words
                .number("a tunnel id", 0..=u64::MAX)
                .map_err(|e| words.wrong(e, "\"tun_id\" value is invalid\n"))?;
            put(attrs, fra::TUN_ID, &id.to_be_bytes());
        }
    }
    Ok(())
}

/// Takes a rule; `None` is a question for help.
fn spec(words: &mut Words<'_>, options: &Options, kind: u16) -> Parsed<Option<Spec>> {
    let adding = kind == RTM_NEWRULE;
    if words.is_end() {
        let said = format!("\"ip rule {}\" requires arguments.", if adding { "add" } else { "del" });
        return Err(words.error("which rule? a selector or an action is missing").ip(said).ip_code(1));
    }
    let mut family = options.family;
    let mut attrs = Attributes::new();
    let mut header = FibRuleHdr { action: if adding { fr_act::TO_TBL } else { fr_act::UNSPEC }, ..Default::default() };
    let (mut table, mut acts, mut l3mdev) = (0_u32, false, false);
    while !words.is_end() {
        words.eat("type");
        match word(words)? {
            Word::Help => return Ok(None),
            Word::Not => header.flags = RuleFlags::INVERT.bits().into(),
            Word::From => header.src_len = prefix(words, fra::SRC, &mut family, options, &mut attrs)?,
            Word::To => header.dst_len = prefix(words, fra::DST, &mut family, options, &mut attrs)?,
            Word::Tos => header.tos = inet::tos(words).map_err(|e| words.wrong(e, "TOS value is invalid\n"))?,
            Word::Realms => {
                let realms = inet::realms(words).map_err(|e| words.wrong(e, "invalid realms\n"))?;
                put(&mut attrs, fra::FLOW, &realms.to_ne_bytes());
            }
            Word::Proto => {
                let proto = words.named::<u8>("a protocol", &names::PROTOS);
                put(
                    &mut attrs,
                    fra::PROTOCOL,
                    &[proto.map_err(|e| words.wrong(e, "\"protocol\" value is invalid\n"))?],
                );
            }
            Word::Table => {
                table = words.named("a table", &names::TABLES).map_err(|e| words.wrong(e, "invalid table ID\n"))?;
                acts = true;
                if table > u8::MAX.into() {
                    put(&mut attrs, fra::TABLE, &table.to_ne_bytes());
                }
            }
            Word::PrefixLen => {
                let len = words.number("the length of a prefix", 0..=0x7fff_ffff);
                let len = len.map_err(|e| words.wrong(e, "suppress_prefixlength value is invalid\n"))?;
                put(&mut attrs, fra::SUPPRESS_PREFIXLEN, &u32::try_from(len).unwrap_or_default().to_ne_bytes());
            }
            Word::Group => {
                let group = words.named::<u32>("a group of links", &names::GROUPS);
                let group = group.map_err(|e| words.wrong(e, "Invalid \"suppress_ifgroup\" value\n"))?;
                put(&mut attrs, fra::SUPPRESS_IFGROUP, &group.to_ne_bytes());
            }
            Word::Nat => {
                put(&mut attrs, rta::GATEWAY, Octets::of(words.address("an address", Some(af::INET))?).bytes());
                header.action = rtn::NAT;
            }
            Word::Goto => {
                let to = words.uint::<u32>("the priority of a rule").map_err(|e| words.wrong(e, "invalid target\n"))?;
                put(&mut attrs, fra::GOTO, &to.to_ne_bytes());
                (header.action, acts) = (fr_act::GOTO, true);
            }
            Word::Act(action) => (header.action, acts) = (action, true),
            Word::Is(selector) => {
                l3mdev |= selector == Selector::L3mdev;
                select(words, selector, &mut attrs)?;
            }
        }
    }
    if l3mdev && table != 0 {
        let usage = words.error_before("a rule for l3mdev has the table of the device: it takes no other");
        return Err(usage.ip("table can not be specified for l3mdev rules").ip_code(22));
    }
    if adding && !acts && !l3mdev {
        table = rt_table::MAIN;
    }
    header.table = u8::try_from(table).unwrap_or_default();
    header.family = family.unwrap_or(af::INET);
    Ok(Some(Spec { header, attrs }))
}

/// Takes a word of a rule; what it does may be a number.
fn word(words: &mut Words<'_>) -> Parsed<Word> {
    let digit = words.peek().is_some_and(|w| w.as_bytes().first().is_some_and(u8::is_ascii_digit));
    let word = if digit {
        words.uint("a type").map(Word::Act)
    } else {
        words.keyword_of("a word of a rule", RULE_WHOLE, RULE)
    };
    word.map_err(|e| words.wrong(e, "Failed to parse rule type"))
}

/// Takes a prefix into the attribute `kind`, gives back its length, and finds the family in it.
fn prefix(
    words: &mut Words<'_>,
    kind: u16,
    family: &mut Option<u8>,
    options: &Options,
    attrs: &mut Attributes,
) -> Parsed<u8> {
    let zeros = words.peek().is_some_and(|w| w == "default") && options.family.is_some();
    if is_any(words) && !zeros {
        let _ = words.next();
        put(attrs, kind, &[]);
        return Ok(0);
    }
    let prefix = words.prefix("a prefix", *family)?;
    *family = family.or(Some(family_of(prefix.addr)));
    put(attrs, kind, Octets::of(prefix.addr).bytes());
    Ok(prefix.len)
}

fn filter(words: &mut Words<'_>, options: &Options) -> Parsed<Filter> {
    let mut family = options.family;
    let mut filter = Filter::default();
    while !words.is_end() {
        match inet::word_or_prefix(words, "a word of a filter", FILTER_WHOLE, FILTER)?.unwrap_or(Word::Help) {
            Word::Not => filter.not = true,
            Word::Tos => filter.tos = Some(inet::tos(words).map_err(|e| words.wrong(e, "TOS value is invalid\n"))?),
            Word::Table => {
                filter.table = words
                    .named("a table", &names::TABLES)
                    .map_err(|e| words.wrong(e, "table id value is invalid\n"))?;
            }
            Word::Proto if words.eat("all") => filter.proto = None,
            Word::Proto => {
                let proto = words.named("a protocol", &names::PROTOS);
                filter.proto = Some(proto.map_err(|e| words.wrong(e, "invalid \"protocol\"\n"))?);
            }
            Word::Is(selector) => select(words, selector, &mut filter.attrs)?,
            word => {
                let any = is_any(words);
                // As ip: IPv4 unless told.
                let prefix = words.prefix("a prefix", family.or(Some(af::INET).filter(|_| words.is_ip())))?;
                family = family.or(Some(family_of(prefix.addr)).filter(|_| !any));
                *(if word == Word::From { &mut filter.from } else { &mut filter.to }) = Some(prefix);
            }
        }
    }
    filter.family = family.unwrap_or(af::INET);
    Ok(filter)
}

pub(super) fn run(session: &mut Session, request: Request) -> Result<()> {
    let details = session.options.details;
    match request {
        Request::Change(kind, flags, spec) => {
            if spec.header.action == rtn::NAT {
                session.warn("Warning: route NAT is deprecated");
            }
            let task = if kind == RTM_DELRULE { "delete the rule" } else { "add the rule" };
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&spec.header);
                spec.attrs.iter().for_each(|(kind, bytes)| m.bytes(*kind, bytes));
            };
            inet::change(session, task, kind, flags, fill, |out, message| show(out, message, details))
        }
        Request::Show(filter) => {
            let fill = question(filter.family);
            inet::stream(session, "list rules", RTM_GETRULE, fill, |out, message| {
                if matches(&filter, &Rule::whole(message)?) { show(out, message, details) } else { Ok(()) }
            })
        }
        Request::Flush(filter) => {
            let conn = session.conn()?;
            let keep = |message: &Message<'_>| {
                let rule = Rule::whole(message)?;
                Ok(rule.priority()?.is_some() && matches(&filter, &rule))
            };
            let found = done("list rules", inet::dump(conn, RTM_GETRULE, question(filter.family), keep))?;
            inet::delete(conn, "delete rules", RTM_DELRULE, &found, |m, rule| m.raw(rule.payload())).map(drop)
        }
        Request::Save(family) => {
            let found = inet::dump(session.conn()?, RTM_GETRULE, question(family), |_| Ok(true));
            inet::save("save rules", MAGIC, &done("list rules", found)?)
        }
        Request::Restore => {
            let saved = inet::saved("restore rules", MAGIC, RTM_NEWRULE, [code::USAGE; 2])?;
            let conn = session.conn()?;
            Messages::new(&saved).map_while(std::result::Result::ok).try_for_each(|rule| {
                let added = conn.request(RTM_NEWRULE, rule.flags() | Flags::CREATE, |m| m.raw(rule.payload()));
                added.map(drop).map_err(|e| inet::refused("restore a rule", &e).code(code::USAGE))
            })
        }
    }
}

fn question(family: u8) -> impl Fn(&mut Msg<'_>) {
    move |m| m.fixed(&FibRuleHdr { family, ..FibRuleHdr::default() })
}

fn matches(filter: &Filter, rule: &Rule<'_>) -> bool {
    let header = rule.header;
    let within = |prefix: &Option<Prefix>, addr: Option<&[u8]>, len: u8| {
        prefix.as_ref().is_none_or(|p| len >= p.len && addr.is_none_or(|addr| p.len == 0 || inet::is_in(addr, p)))
    };
    let is = |(kind, want): &(u16, Vec<u8>)| {
        let zeros = want.iter().all(|b| *b == 0);
        match rule.attrs.find(*kind) {
            Some(have) => have.bytes() == want || zeros && !matches!(*kind, fra::PRIORITY | fra::UID_RANGE),
            None => zeros && *kind != fra::UID_RANGE,
        }
    };
    header.family == filter.family
        && (!filter.not || rule.flags().contains(RuleFlags::INVERT))
        && filter.tos.is_none_or(|tos| tos == header.tos)
        && (filter.table == 0 || rule.table() == Ok(filter.table))
        && filter.proto.is_none_or(|p| got(rule.protocol()).unwrap_or(rtprot::UNSPEC) == p)
        && within(&filter.from, got(rule.src()), header.src_len)
        && within(&filter.to, got(rule.dst()), header.dst_len)
        && filter.attrs.iter().all(is)
}
