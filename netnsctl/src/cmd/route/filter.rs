//! Which routes to show, delete or save: the words, the question to the kernel, and whether a route matches.

use super::super::inet::{Dest, TYPES, realms, tos};
use super::super::links::{self, device};
use super::spec::destination;
use super::*;
use crate::names::Names;

/// Which routes: all that is given has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was said before the object; 0: nothing.
    pub(super) family: u8,
    /// 0: all.
    pub(super) table: u32,
    vrf: Option<OsString>,
    /// Those of the cache.
    pub(super) cloned: bool,
    /// Those of the cache as well as the others.
    any: bool,
    pub(super) proto: Option<u8>,
    pub(super) scope: Option<u8>,
    /// Bit n for the type n; 0: all.
    kinds: u64,
    pub(super) tos: Option<u8>,
    iif: Option<OsString>,
    oif: Option<OsString>,
    mark: Option<u32>,
    pub(super) metric: Option<u32>,
    /// Realms, and which bits of them.
    realms: Option<(u32, u32)>,
    via: Option<Dest>,
    src: Option<Dest>,
    dst: Range,
    from: Range,
    /// Not what IPv6 has where there is no other default route: it is not to be deleted.
    pub(super) spare_last: bool,
    /// Indices of the links.
    pub(super) iif_index: u32,
    pub(super) oif_index: u32,
}

/// A prefix or what is within it, and a prefix or what is around it; an exact one is both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Range {
    root: Option<Dest>,
    around: Option<Dest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Table,
    Vrf,
    Cached,
    Tos,
    Proto,
    Scope,
    Type,
    Dev,
    Iif,
    Mark,
    Metric,
    Via,
    Src,
    Realms,
    From,
    To,
    Root,
    Match,
    Exact,
}

/// Words that `ip` wants written out, and those it takes abbreviated, in its order.
const WHOLE: &[Keyword<Word>] = &[
    ("tos", Word::Tos),
    ("dev", Word::Dev),
    ("oif", Word::Dev),
    ("iif", Word::Iif),
    ("mark", Word::Mark),
    ("preference", Word::Metric),
    ("via", Word::Via),
    ("src", Word::Src),
];
const SHORT: &[Keyword<Word>] = &[
    ("table", Word::Table),
    ("vrf", Word::Vrf),
    ("cached", Word::Cached),
    ("cloned", Word::Cached),
    ("dsfield", Word::Tos),
    ("protocol", Word::Proto),
    ("scope", Word::Scope),
    ("type", Word::Type),
    ("metric", Word::Metric),
    ("priority", Word::Metric),
    ("realms", Word::Realms),
    ("from", Word::From),
    ("to", Word::To),
    ("root", Word::Root),
    ("match", Word::Match),
    ("exact", Word::Exact),
];
const HOW: &[Keyword<Word>] = &[("root", Word::Root), ("match", Word::Match), ("exact", Word::Exact)];

impl Filter {
    pub(super) fn parse(words: &mut Words<'_>, options: &Options) -> Parsed<Option<Self>> {
        let family = options.family.unwrap_or_default();
        let mut filter = Self { family, table: rt_table::MAIN, ..Self::default() };
        while !words.is_end() {
            match words.try_words(WHOLE, SHORT)?.unwrap_or(Word::Exact) {
                Word::Table if words.eat("all") => filter.table = 0,
                Word::Table if words.eat("cache") => filter.cloned = true,
                Word::Table if words.eat("help") => return Ok(None),
                Word::Table => {
                    let table = words.named("a table, all or cache", &names::TABLES);
                    filter.table = table.map_err(|e| words.wrong(e, "table id value is invalid\n"))?;
                }
                Word::Vrf => {
                    filter.vrf = Some(words.need("the name of a VRF")?.to_owned());
                    filter.kinds = !(1 << rtn::LOCAL | 1 << rtn::BROADCAST);
                }
                Word::Cached => filter.cloned = true,
                Word::Tos => filter.tos = Some(tos(words).map_err(|e| words.wrong(e, "TOS value is invalid\n"))?),
                Word::Proto => {
                    filter.proto = code_or_all(words, "a protocol", &names::PROTOS, "invalid \"protocol\"\n")?
                }
                Word::Scope => filter.scope = code_or_all(words, "a scope", &names::SCOPES, "invalid \"scope\"\n")?,
                Word::Type => {
                    let kind = match words.try_keyword(TYPES)? {
                        Some(kind) => Ok(kind),
                        None => words.uint("a type"),
                    };
                    let kind = kind.map_err(|e| words.wrong(e, "node type value is invalid\n"))?;
                    filter.kinds = 1_u64.checked_shl(kind.into()).unwrap_or_default();
                }
                Word::Dev => filter.oif = Some(device(words, "the name of an interface")?.to_owned()),
                Word::Iif => filter.iif = Some(device(words, "the name of an interface")?.to_owned()),
                Word::Mark => {
                    filter.mark = Some(words.uint("a mark").map_err(|e| words.wrong(e, "invalid mark value"))?);
                }
                Word::Metric => {
                    let metric = words.uint("a metric");
                    filter.metric = Some(metric.map_err(|e| words.wrong(e, "\"metric\" value is invalid\n"))?);
                }
                Word::Via => {
                    let family = FAMILIES.iter().find(|f| words.eat(f.0)).map_or(family, |f| f.1);
                    filter.via = Some(Dest::parse(words, "a gateway", family)?);
                }
                Word::Src => filter.src = Some(Dest::parse(words, "a source address", family)?),
                Word::Realms => {
                    let text = words.peek().unwrap_or_default().as_bytes();
                    let value = realms(words).map_err(|e| words.wrong(e, "invalid realms\n"))?;
                    let mut mask = u32::MAX;
                    if value & 0xffff == 0 && text.ends_with(b"/") {
                        mask &= 0xffff_0000;
                    }
                    if value >> 16 == 0 && (text.starts_with(b"/") || !text.contains(&b'/')) {
                        mask &= 0xffff;
                    }
                    filter.realms = Some((value, mask));
                }
                word => {
                    let net = if word == Word::From { &mut filter.from } else { &mut filter.dst };
                    let how = match word {
                        Word::From | Word::To => words.try_keyword(HOW)?.unwrap_or(Word::Exact),
                        how => how,
                    };
                    let known = WHOLE.iter().chain(SHORT).map(|k| k.0);
                    let dest = Some(destination(words, family, known)?);
                    match how {
                        Word::Root => net.root = dest,
                        Word::Match => net.around = dest,
                        _ => *net = Range { root: dest.clone(), around: dest },
                    }
                }
            }
        }
        Ok(Some(filter))
    }

    /// All routes there can be.
    pub(super) fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// Asks for the numbers behind the names.
    pub(super) fn resolve(&mut self, session: &mut Session) -> Result<()> {
        if let Some(name) = &self.vrf {
            self.table = links::vrf(session.conn()?, name)?.1;
        }
        self.iif_index = index_or_0(session, self.iif.as_ref())?;
        self.oif_index = index_or_0(session, self.oif.as_ref())?;
        Ok(())
    }

    /// As `ip`: IPv4 unless told, but all there is of all tables.
    pub(super) fn dump_family(&self) -> u8 {
        if self.family == af::UNSPEC && self.table != 0 { af::INET } else { self.family }
    }

    /// The question for the routes that match. The kernel (from 4.20 on) answers with not much more than that.
    pub(super) fn question(&self) -> impl Fn(&mut Msg<'_>) + use<> {
        let flags = if self.cloned { RouteFlags::ROUTE_CLONED } else { RouteFlags::empty() };
        let header = RtMsg {
            family: self.dump_family(),
            protocol: self.proto.unwrap_or_default(),
            flags: flags.bits().into(),
            ..RtMsg::default()
        };
        let (table, oif) = (self.table, self.oif_index);
        move |m| {
            m.fixed(&header);
            for (kind, value) in [(rta::TABLE, table), (rta::OIF, oif)] {
                if value != 0 {
                    m.u32(kind, value);
                }
            }
        }
    }

    // Out of line, what it reads of the route would have to be in memory.
    #[inline(always)]
    pub(super) fn matches(&self, route: &Route<'_>) -> bool {
        let header = route.header;
        let has = |value: Option<u32>, want: u32| value.unwrap_or_default() == want;
        (self.family == af::UNSPEC || header.family == self.family)
            && !(self.spare_last
                && (header.family, header.dst_len, header.kind) == (af::INET6, 0, rtn::UNREACHABLE)
                && got(route.priority()) == Some(u32::MAX))
            && (self.any || self.cloned == route.flags().contains(RouteFlags::ROUTE_CLONED))
            && (self.table == 0 || route.table() == Ok(self.table))
            && self.proto.is_none_or(|p| header.protocol == p)
            && self.scope.is_none_or(|s| header.scope == s)
            && (self.kinds == 0 || self.kinds & 1_u64.checked_shl(header.kind.into()).unwrap_or_default() != 0)
            && self.tos.is_none_or(|t| header.tos == t)
            && (self.iif_index == 0 || has(got(route.iif()), self.iif_index))
            && (self.oif_index == 0 || has(got(route.oif()), self.oif_index))
            && self.mark.is_none_or(|m| has(got(route.mark()), m))
            && self.metric.is_none_or(|m| has(got(route.priority()), m))
            && self.realms.is_none_or(|(want, mask)| (got(route.flow()).unwrap_or_default() ^ want) & mask == 0)
            && self.dst.matches(header.family, header.dst_len, || got(route.dst()))
            && self.from.matches(header.family, header.src_len, || got(route.src()))
            && self.src.as_ref().is_none_or(|w| is_in(w, header.family, got(route.prefsrc())))
            && self.via.as_ref().is_none_or(|want| match got(route.via()) {
                Some((family, addr)) => is_in(want, u8::try_from(family).unwrap_or_default(), Some(addr)),
                None => is_in(want, header.family, got(route.gateway())),
            })
    }

    /// Whether every route that matches has the same gateway; of a family without addresses, as `ip` has it, it has.
    pub(super) fn says_via(&self, family: u8) -> bool {
        self.via.as_ref().map_or(0, |v| v.len) == inet::host_len(family)
    }

    /// Whether every route that matches has the same source address.
    pub(super) fn says_src(&self, family: u8) -> bool {
        self.src.as_ref().map_or(0, |s| s.len) == inet::host_len(family)
    }

    /// Whether every route that matches has the same realms.
    pub(super) fn says_realms(&self) -> bool {
        self.realms.is_some_and(|r| r.1 == u32::MAX)
    }
}

impl Range {
    #[inline]
    fn matches<'a>(&self, family: u8, len: u8, addr: impl FnOnce() -> Option<&'a [u8]>) -> bool {
        if self.root.is_none() && self.around.is_none() {
            return true;
        }
        let addr = addr().unwrap_or_default();
        // Of no family, `default` has a length, but `any` and `all` say nothing.
        let is = |dest: &Option<Dest>, fits: &dyn Fn(&Dest) -> bool| match dest {
            Some(dest) if dest.family != af::UNSPEC => dest.family == family && fits(dest),
            Some(dest) if dest.is_default => fits(dest),
            _ => true,
        };
        is(&self.root, &|d| d.len <= len && inet::same_bits(addr, &d.addr, d.len))
            && is(&self.around, &|d| len <= d.len && inet::same_bits(addr, &d.addr, len))
    }
}

fn is_in(want: &Dest, family: u8, addr: Option<&[u8]>) -> bool {
    want.family == af::UNSPEC
        || want.family == family && inet::same_bits(addr.unwrap_or_default(), &want.addr, want.len)
}

fn code_or_all(words: &mut Words<'_>, what: &str, names: &Names, says: &str) -> Parsed<Option<u8>> {
    let mut ahead = words.clone();
    match ahead.named(what, names) {
        Err(_) if words.eat("all") => Ok(None),
        result => {
            *words = ahead;
            result.map(Some).map_err(|e| words.wrong(e, says))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nl_core::Batch;
    use nl_core::route::rtprot;

    /// Kernels before 4.20 do not filter: what they send too much is left out here.
    #[test]
    fn what_the_kernel_did_not_filter_is() {
        let mut space = [0; 256];
        let mut batch = Batch::new(&mut space);
        let header = RtMsg { family: af::INET, dst_len: 16, protocol: rtprot::STATIC, ..RtMsg::default() };
        let header = RtMsg { table: 254, kind: rtn::UNICAST, ..header };
        let fill = |m: &mut Msg<'_>| {
            m.fixed(&header);
            m.bytes(rta::DST, &[10, 2, 0, 0]);
            m.u32(rta::OIF, 3);
            m.u32(rta::FLOW, 0x5_0006);
        };
        batch.message(RTM_NEWROUTE, Flags::empty(), 1, fill).unwrap();
        let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
        let route = Route::parse(&message).unwrap();
        let is = |line: &str, oif| {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let mut filter = Filter::parse(&mut Words::new(&words), &Options::default()).unwrap().unwrap();
            filter.oif_index = oif;
            filter.matches(&route)
        };
        let fitting = [
            ["", "table all", "proto static", "type unicast", "realms 5/6", "realms 6", "realms 5/"],
            ["root 10.0.0.0/8", "match 10.2.3.4", "10.2.0.0/16", "root default", "exact any", "from any", "via any"],
        ];
        for line in fitting.concat() {
            assert!(is(line, 0) && is(line, 3) && !is(line, 4), "{line}");
        }
        let others = [
            ["table 7", "proto boot", "type local", "realms 5/7", "realms 7", "cached", "metric 5"],
            [
                "root 10.2.0.0/24",
                "match 10.3.0.1",
                "match ::1",
                "10.2.0.0/15",
                "match default",
                "via 10.0.0.1",
                "mark 1",
            ],
        ];
        for line in others.concat() {
            assert!(!is(line, 0), "{line}");
        }
    }
}
