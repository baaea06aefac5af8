//! The tables against the C headers: every constant's value, every struct's size, and offset and
//! size of each field, as the C compiler sees them.
//!
//! What the installed headers do not know yet must be in `newer.txt` with its value, so that a
//! mistyped name cannot pass for a new one.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use nl_core::spec::{CodeSpec, Family, NestSpec, Shape, StructSpec};
use nl_core::wire::{self, Wire};
use nl_core::{Flags, netfilter, reply, route};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fs};

const NEWER: &str = include_str!("newer.txt");

/// What C is asked for under a name, and what we say: a constant's value and 0; a struct's size
/// and its alignment (which we do not say); a field's offset and size.
#[derive(Debug, PartialEq, Eq)]
struct Fact {
    ask: [String; 2],
    ours: [i64; 2],
}

#[derive(Default)]
struct Facts {
    by_name: BTreeMap<String, Fact>,
    headers: BTreeSet<&'static str>,
    seen: BTreeSet<(usize, &'static str)>,
}

impl Facts {
    fn add(&mut self, name: &str, ask: [String; 2], ours: [i64; 2]) {
        let fact = Fact { ask, ours };
        if let Some(before) = self.by_name.get(name) {
            assert_eq!(before, &fact, "{name} has two values");
        }
        self.by_name.insert(name.into(), fact);
    }

    fn constant(&mut self, name: &str, value: i64) {
        // A netfilter message's type on the wire has the subsystem in its upper byte.
        let ask = match name.starts_with("NFT_MSG_") {
            true => format!("NFNL_SUBSYS_NFTABLES << 8 | {name}"),
            false => name.to_string(),
        };
        self.add(name, [ask, "0".into()], [value, 0]);
    }

    fn is_new<T>(&mut self, table: &'static T, header: &'static str) -> bool {
        self.headers.insert(header);
        self.seen.insert((std::ptr::from_ref(table) as usize, header))
    }

    fn family(&mut self, family: &Family) {
        self.constant(family.name, family.protocol.into());
        for m in family.messages {
            self.constant(m.name, m.kind.into());
            self.structure(m.fixed);
            self.nest(m.attrs);
        }
    }

    fn nest(&mut self, nest: &'static NestSpec) {
        if self.is_new(nest, nest.header) {
            for a in nest.attrs {
                self.constant(a.name, a.kind.into());
                self.shape(a.shape);
            }
        }
    }

    fn codes(&mut self, group: &'static CodeSpec) {
        if self.is_new(group, group.header) {
            for &(name, value) in group.codes {
                self.constant(name, value.try_into().unwrap());
            }
        }
    }

    fn structure(&mut self, s: &'static StructSpec) {
        let c = format!("struct {}", s.name);
        let size = [format!("sizeof({c})"), format!("_Alignof({c})")];
        self.headers.insert(s.header);
        self.add(&c, size, [s.size as i64, 0]);
        // A hole has no name.
        for f in s.fields.iter().filter(|f| !f.name.is_empty()) {
            let ask = [format!("offsetof({c}, {})", f.name), format!("sizeof((({c} *)0)->{})", f.name)];
            self.add(&format!("{}.{}", s.name, f.name), ask, [f.at as i64, f.size as i64]);
            self.shape(f.shape);
        }
    }

    fn shape(&mut self, shape: Shape) {
        match shape {
            Shape::Struct(s) => self.structure(s),
            Shape::Nest(n) | Shape::Array(n) | Shape::NextHops(n) => self.nest(n),
            Shape::ByName(_, table) => table.iter().for_each(|e| self.nest(e.1)),
            Shape::ByCode(_, table) => table.iter().for_each(|e| self.nest(e.1)),
            Shape::ByFamily(table) => table.iter().for_each(|e| self.nest(e.1)),
            Shape::Headed(s, n) => {
                self.structure(s);
                self.nest(n);
            }
            Shape::Code(group) | Shape::Bits(group) | Shape::BeCode(group) | Shape::BeBits(group) => self.codes(group),
            _ => {}
        }
    }
}

/// Everything this crate says about the kernel's interface.
fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.family(&route::FAMILY);
    facts.family(&netfilter::FAMILY);
    [route::CODES, netfilter::CODES].concat().into_iter().for_each(|group| facts.codes(group));
    facts.nest(&reply::nlmsgerr::SPEC);
    for s in [wire::NlMsgHdr::SPEC, wire::NlAttr::SPEC, wire::NlMsgErr::SPEC] {
        facts.structure(s);
    }
    facts.structure(wire::GenlMsgHdr::SPEC);
    facts.structure(route::NextHopGrp::SPEC);
    for flag in <Flags as bitflags::Flags>::FLAGS.iter().filter(|f| f.is_named()) {
        facts.constant(&format!("NLM_F_{}", flag.name()), flag.value().bits().into());
    }
    for (name, value) in [
        ("NLMSG_NOOP", wire::NLMSG_NOOP),
        ("NLMSG_ERROR", wire::NLMSG_ERROR),
        ("NLMSG_DONE", wire::NLMSG_DONE),
        ("NLMSG_OVERRUN", wire::NLMSG_OVERRUN),
        ("NLMSG_MIN_TYPE", wire::MIN_TYPE),
        ("NLA_F_NESTED", wire::NLA_F_NESTED),
        ("NLA_F_NET_BYTEORDER", wire::NLA_F_NET_BYTEORDER),
        ("NFNL_SUBSYS_NFTABLES", netfilter::NFNL_SUBSYS_NFTABLES),
    ] {
        facts.constant(name, value.into());
    }
    for (name, value) in [
        ("NFT_CONTINUE", netfilter::NFT_CONTINUE),
        ("NFT_BREAK", netfilter::NFT_BREAK),
        ("NFT_JUMP", netfilter::NFT_JUMP),
        ("NFT_GOTO", netfilter::NFT_GOTO),
        ("NFT_RETURN", netfilter::NFT_RETURN),
    ] {
        facts.constant(name, value.into());
    }
    facts.constant("NFT_REG_VERDICT", netfilter::expr::NFT_REG_VERDICT.into());
    facts.constant("NFT_REG_1", netfilter::expr::NFT_REG_1.into());
    facts.constant("NFT_REG32_00", netfilter::expr::NFT_REG32_00.into());
    facts.constant("NETNSA_NSID_NOT_ASSIGNED", route::NSID_NOT_ASSIGNED.into());
    facts
}

/// A program that prints each name and its two numbers, one line of source a name, after
/// `first_line` lines.
fn program(facts: &Facts, names: &[&String]) -> (String, usize) {
    // The C library's socket.h goes before the kernel's headers, which then do without theirs.
    let mut headers: Vec<_> = facts.headers.iter().copied().collect();
    headers.sort_by_key(|h| !h.starts_with("sys/"));
    let mut c = String::from("#include <stddef.h>\n#include <stdio.h>\n");
    // One that is newer than the others is left out where it is not there.
    headers.iter().for_each(|h| c += &format!("#if __has_include(<{h}>)\n#include <{h}>\n#endif\n"));
    c += "static const struct { const char *name; long long v[2]; } facts[] = {\n";
    let first_line = c.lines().count();
    for name in names {
        let [a, b] = &facts.by_name[*name].ask;
        c += &format!("{{ \"{name}\", {{ (long long)({a}), (long long)({b}) }} }},\n");
    }
    c += "};\nint main(void) {\nfor (size_t i = 0; i < sizeof facts / sizeof *facts; i++)\n";
    c += "printf(\"%s=%lld=%lld\\n\", facts[i].name, facts[i].v[0], facts[i].v[1]);\nreturn 0; }\n";
    (c, first_line)
}

/// Compiles `source`; what the compiler said.
fn compile(source: &str, to: &Path) -> (ExitStatus, String) {
    let file = to.with_extension("c");
    fs::write(&file, source).unwrap();
    let cc = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&cc)
        .env("LC_ALL", "C")
        .args(["-w", "-fmax-errors=0", "-fno-diagnostics-show-caret", "-o"])
        .args([to, &file])
        .output()
        .unwrap_or_else(|e| panic!("C compiler {cc:?}: {e}; install the packages gcc and linux-libc-dev"));
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The lines of the source that the compiler found errors in.
fn lines_with_errors(said: &str) -> BTreeSet<usize> {
    let line = |l: &str| l.split_once(".c:")?.1.split_once(':')?.0.parse().ok();
    said.lines().filter(|l| l.contains(" error: ")).filter_map(line).collect()
}

fn pair(text: &str, by: char) -> Option<(String, [i64; 2])> {
    let mut words = text.split(by).filter(|w| !w.is_empty());
    let name = words.next()?.to_string();
    let first = words.next()?.parse().ok()?;
    Some((name, [first, words.next().map_or(Some(0), |w| w.parse().ok())?]))
}

#[test]
fn every_constant_and_layout_is_what_the_c_headers_say() {
    let facts = facts();
    let names: Vec<_> = facts.by_name.keys().collect();
    assert!(names.len() > 900, "{} names: the walk misses tables", names.len());

    let program_file: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uapi");
    let (source, first_line) = program(&facts, &names);
    let (status, said) = compile(&source, &program_file);
    let bad = lines_with_errors(&said);
    let is_bad = |i: usize| bad.contains(&(first_line + 1 + i));
    let known: Vec<_> = (0..names.len()).filter(|i| !is_bad(*i)).map(|i| names[i]).collect();
    let unknown: BTreeSet<_> = (0..names.len()).filter(|i| is_bad(*i)).map(|i| names[i]).collect();
    if !status.success() {
        let (source, _) = program(&facts, &known);
        let (status, again) = compile(&source, &program_file);
        assert!(status.success(), "install the packages gcc and linux-libc-dev:\n{said}\n{again}");
    }

    // RUNNER: what runs a program of this target, where the machine itself does not.
    let runner = env::var("RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace().map(Path::new).chain([program_file.as_path()]);
    let printed = Command::new(words.next().unwrap()).args(words).output().unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    let c: BTreeMap<_, _> = printed.lines().map(|l| pair(l, '=').unwrap()).collect();
    assert_eq!(c.len(), known.len());
    let comment = |l: &&str| !l.is_empty() && !l.starts_with('#');
    let newer: BTreeMap<_, _> = NEWER.lines().filter(comment).map(|l| pair(l, ' ').expect(l)).collect();

    let mut wrong = Vec::new();
    for (name, fact) in &facts.by_name {
        if let Some(&[value, more]) = c.get(name) {
            let ours = match name.starts_with("struct ") {
                // Padding behind the last field is the compiler's, not the kernel's.
                true => [(fact.ours[0] + more - 1) / more * more, more],
                false => fact.ours,
            };
            if ours != [value, more] {
                wrong.push(format!("{name}: ours {ours:?}, the headers' {:?}", [value, more]));
            }
        } else if !newer.contains_key(name) {
            wrong.push(format!("{name}: neither in the headers nor in newer.txt"));
        }
        if newer.get(name).is_some_and(|n| *n != fact.ours) {
            wrong.push(format!("{name}: ours {:?}, newer.txt's {:?}", fact.ours, newer[name]));
        }
    }
    for name in newer.keys().filter(|n| !facts.by_name.contains_key(*n)) {
        wrong.push(format!("{name}: in newer.txt, but no table has it"));
    }
    println!("{} names compared with C, newer than these headers: {unknown:?}", c.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn structs_may_lie_anywhere() {
    macro_rules! check {
        ($($ty:ty)*) => {$(
            assert_eq!(align_of::<$ty>(), 1, "{}", <$ty as Wire>::SPEC.name);
            let fields = <$ty as Wire>::SPEC.fields;
            let end = fields.iter().try_fold(0, |at, f| (f.at == at).then_some(at + f.size));
            assert_eq!(end, Some(size_of::<$ty>()), "{}: a gap", <$ty as Wire>::SPEC.name);
        )*};
    }
    use netfilter::NfGenMsg;
    use route::*;
    use wire::{GenlMsgHdr, NlAttr, NlMsgErr, NlMsgHdr};
    check! {
        NlMsgHdr NlAttr NlMsgErr GenlMsgHdr NfGenMsg IfInfoMsg IfAddrMsg RtMsg FibRuleHdr NdMsg
        NdtMsg RtGenMsg NhMsg NetConfMsg IfStatsMsg Stats Stats64 IfMap IflaCacheInfo IfaCacheInfo
        NdaCacheInfo NdtConfig NdtStats RtaCacheInfo RtaMfcStats RtNextHop RtVia NextHopGrp
        FibRuleUidRange FibRulePortRange BridgeId BrBoolOptMulti BridgeVlanInfo VlanFlagsMask
        VlanQosMapping PortRange BrPortMsg BrMdbEntry BrVlanMsg BridgeVlanXstats
    }
}
