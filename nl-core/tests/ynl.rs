//! The tables against the kernel's machine-readable specifications of the route family
//! (Documentation/netlink/specs): from each of their operations down, every attribute has to be in
//! the same place here, with the same name, number and kind of value; every struct has to have the
//! same size; every number we have a name for has to be theirs.
//!
//! Reads the folder that the environment variable `YNL_SPECS` names.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use nl_core::route;
use nl_core::spec::{CodeSpec, NestSpec, Shape, StructSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

/// The specifications whose objects are here. There is none of next hops and of namespace ids.
const SPECS: [&str; 5] = ["rt-link", "rt-addr", "rt-route", "rt-neigh", "rt-rule"];

/// Where we differ, and why. One that no longer differs is an error too.
const DIFFERENT: &[(&str, &str)] = &[
    ("DPLL_A_ID", "the kernel writes DPLL_A_PIN_ID, which is 1 too"),
    ("FRA_TUN_ID", "the kernel reads it with nla_get_be64"),
    ("FRA_UNUSED2", "numbers that no message uses"),
    ("FRA_UNUSED3", ""),
    ("FRA_UNUSED4", ""),
    ("FRA_UNUSED5", ""),
    ("FR_ACT_RES3", "reserved"),
    ("FR_ACT_RES4", ""),
    ("IFF_POINT_TO_POINT", "IFF_POINTOPOINT in C"),
    ("IFLA_BOND_SLAVE_PRIO", "the kernel's policy says NLA_S32"),
    ("IFLA_BR_VLAN_PROTOCOL", "the kernel reads it with nla_get_be16"),
    ("IFLA_IPTUN_FLAGS", "so it is of sit; of ip6tnl it is a u32 in host byte order"),
    ("IFLA_PROTO_DOWN_REASON", "a nest of a mask and a value"),
    ("NDA_PORT", "the kernel reads it with nla_get_be16"),
    ("NETKIT_BLACKHOLE", "NETKIT_DROP in C"),
    ("NETKIT_FORWARD", "NETKIT_PASS in C"),
    ("RTA_DPORT", "the kernel's policy says NLA_BE16"),
    ("RTA_SPORT", ""),
    ("rta-cacheinfo", "the last three fields are missing there"),
];

/// YAML as far as the specifications use it: maps and lists by indentation, and plain words.
#[derive(Debug)]
enum Yaml {
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines().filter(|l| !matches!(l.trim_start().as_bytes(), [] | [b'#', ..] | b"---")) {
            let line = line.split_once(" #").map_or(line, |(line, _comment)| line);
            let (mut indent, mut line) = (line.len() - line.trim_start().len(), line.trim());
            // What starts an item that is a map is in a line of its own from here on.
            if let Some((_, item)) = line.split_once("- ").filter(|(dash, item)| dash.is_empty() && item.contains(':'))
            {
                lines.push((indent, "-"));
                (indent, line) = (indent + 2, item);
            }
            lines.push((indent, line));
        }
        Self::block(&mut lines.as_slice())
    }

    /// What starts at the first of the lines and goes on in those that are not less indented.
    fn block(lines: &mut &[(usize, &str)]) -> Self {
        let (indent, first) = lines[0];
        let mut list = Vec::new();
        let mut map = Vec::new();
        while let Some(&(at, line)) = lines.first().filter(|l| l.0 >= indent) {
            assert_eq!(at, indent, "{line}");
            if let Some(item) = line.strip_prefix('-') {
                *lines = &lines[1..];
                match item.trim() {
                    "" => list.push(Self::block(lines)),
                    item => list.push(Self::Text(item.into())),
                }
                continue;
            }
            let Some((key, value)) = line.split_once(':') else { panic!("{first} … {line}: not a map") };
            *lines = &lines[1..];
            let deeper = lines.iter().take_while(|l| l.0 > indent).count();
            // A list may start right below its key, and a text be some lines long.
            let below = deeper > 0 || lines.first().is_some_and(|l| l.0 == indent && l.1.starts_with('-'));
            let value = value.trim();
            map.push((
                key.into(),
                match below && (value.is_empty() || value.starts_with('&')) {
                    true => Self::block(lines),
                    false => {
                        *lines = &lines[deeper..];
                        Self::Text(value.into())
                    }
                },
            ));
        }
        if map.is_empty() { Self::List(list) } else { Self::Map(map) }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.iter().find(|e| e.0 == key).map(|e| &e.1),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Text(text) => Some(text.trim_matches(['"', '\''])),
            _ => None,
        }
    }

    fn list(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// The entry of a list that is called `name`.
    fn entry(&self, list: &str, name: &str) -> &Self {
        let found = self.list(list).iter().find(|e| e.text("name") == Some(name));
        found.unwrap_or_else(|| panic!("{list} has no {name}"))
    }

    fn number(&self, key: &str) -> Option<u64> {
        let text = self.text(key)?;
        let hex = text.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16));
        Some(hex.unwrap_or_else(|| text.parse()).unwrap_or_else(|_| panic!("{key}: {text}")))
    }
}

/// A name as C spells it.
fn c_name(prefix: &str, name: &str) -> String {
    format!("{prefix}{name}").replace('-', "_").to_uppercase()
}

/// A comparison of one specification with our tables.
#[derive(Default)]
struct Check {
    wrong: BTreeMap<String, String>,
    seen: BTreeSet<(String, String)>,
    attrs: usize,
    structs: usize,
    codes: usize,
}

impl Check {
    fn wrong(&mut self, name: &str, why: String) {
        self.wrong.insert(name.into(), why);
    }

    fn spec(&mut self, spec: &Yaml) {
        let operations = spec.get("operations").unwrap();
        for operation in operations.list("list") {
            let fixed = operation.text("fixed-header").or(operations.text("fixed-header"));
            let name = operation.text("name").unwrap();
            for way in ["do", "dump", "event"] {
                for half in ["request", "reply"] {
                    let Some(half) = operation.get(way).and_then(|o| o.get(half)) else { continue };
                    let Some(kind) = half.number("value") else { continue };
                    let Some(message) = route::FAMILY.find(kind.try_into().unwrap()) else {
                        self.wrong(name, format!("there is no message {kind}"));
                        continue;
                    };
                    let header = half.text("fixed-header").or(fixed).unwrap();
                    // The kernel takes what is shorter for all dumps; ours is what it answers with.
                    if header != "rtgenmsg" {
                        self.structure(spec, header, message.fixed);
                    }
                    // A message without a list of them may have others, as the requests for statistics.
                    if let (Some(set), Some(_)) = (operation.text("attribute-set"), half.get("attributes")) {
                        self.set(spec, set, message.attrs);
                    }
                }
            }
        }
    }

    /// The attributes of `set` are those of `nest`.
    fn set(&mut self, spec: &Yaml, set: &str, nest: &NestSpec) {
        if !self.seen.insert((set.into(), nest.attrs.first().map_or("", |a| a.name).into())) {
            return;
        }
        let this = spec.entry("attribute-sets", set);
        let whole = this.text("subset-of").map_or(this, |whole| spec.entry("attribute-sets", whole));
        let prefix = whole.text("name-prefix").unwrap();
        let mut kind = 0;
        for attr in whole.list("attributes") {
            let name = attr.text("name").unwrap();
            kind = attr.number("value").unwrap_or(kind + 1);
            let chosen = this.list("attributes").iter().any(|a| a.text("name") == Some(name));
            if !chosen || name == "unspec" {
                continue;
            }
            self.attrs += 1;
            let name = c_name(prefix, name);
            match nest.attrs.iter().find(|a| a.name == name) {
                Some(ours) if u64::from(ours.kind) != kind => {
                    self.wrong(&name, format!("is {kind}, ours {}", ours.kind));
                }
                Some(ours) => self.shape(spec, &name, attr, ours.shape),
                None => self.wrong(&name, format!("{kind} is not in {}", nest.prefix)),
            }
        }
    }

    /// The value of `attr` is `ours`; where they say no more than that it is bytes, whatever it is.
    fn shape(&mut self, spec: &Yaml, name: &str, attr: &Yaml, ours: Shape) {
        let kind = attr.text("type").unwrap_or("(that of the whole set)");
        let big_endian = attr.text("byte-order") == Some("big-endian");
        let right = match (kind, ours) {
            ("u32", Shape::Ip) => attr.text("display-hint") == Some("ipv4"),
            ("u8" | "u16" | "u32" | "u64" | "uint", Shape::Be) => big_endian,
            ("u8" | "u16" | "u32" | "u64" | "uint", Shape::Uint) => !big_endian,
            ("u8" | "u16" | "u32" | "u64" | "uint", Shape::Code(group) | Shape::Bits(group)) => {
                self.codes(spec, attr, group);
                !big_endian
            }
            ("s8" | "s16" | "s32" | "s64" | "sint", Shape::Int)
            | ("string", Shape::Str)
            | ("flag", Shape::Flag)
            | ("pad" | "unused", Shape::Bytes)
            | ("indexed-array", Shape::Array(_) | Shape::Bytes) => true,
            ("nest", Shape::Nest(nest) | Shape::Headed(_, nest)) => {
                self.set(spec, attr.text("nested-attributes").unwrap(), nest);
                true
            }
            ("nest", Shape::ByFamily(table)) => {
                let of_all = table.iter().find(|e| e.0 == route::af::UNSPEC).expect(name);
                self.set(spec, attr.text("nested-attributes").unwrap(), of_all.1);
                true
            }
            ("sub-message", Shape::ByName(_, table)) => {
                for format in spec.entry("sub-messages", attr.text("sub-message").unwrap()).list("formats") {
                    let kind = format.text("value").unwrap();
                    match (format.text("attribute-set"), table.iter().find(|e| e.0 == kind)) {
                        (Some(set), Some((_, nest))) => self.set(spec, set, nest),
                        (Some(_), None) => self.wrong(&format!("{name} {kind}"), "is not known".into()),
                        (None, _) => {}
                    }
                }
                true
            }
            ("binary", Shape::Struct(ours)) => {
                if let Some(theirs) = attr.text("struct") {
                    self.structure(spec, theirs, ours);
                }
                true
            }
            ("binary", _) => true,
            _ => false,
        };
        if !right {
            self.wrong(name, format!("is {kind}{}, ours {ours:?}", if big_endian { ", big-endian" } else { "" }));
        }
    }

    /// The struct they call `name` is laid out like `ours`.
    fn structure(&mut self, spec: &Yaml, name: &str, ours: &StructSpec) {
        if !self.seen.insert((name.into(), ours.name.into())) {
            return;
        }
        self.structs += 1;
        let mut at = 0;
        let mut starts = BTreeSet::new();
        for member in spec.entry("definitions", name).list("members") {
            let size = match member.text("type").unwrap() {
                "u8" | "s8" => 1,
                "u16" | "s16" => 2,
                "u32" | "s32" => 4,
                "u64" | "s64" => 8,
                "pad" | "binary" => usize::try_from(member.number("len").expect(name)).unwrap(),
                kind => panic!("{name}: {kind}"),
            };
            if member.text("type") != Some("pad") {
                starts.insert((at, size));
            }
            let ours = ours.fields.iter().find(|f| f.at == at).map(|f| f.shape);
            if let Some(Shape::Code(group) | Shape::Bits(group)) = ours {
                self.codes(spec, member, group);
            }
            at += size;
        }
        let fields: BTreeSet<_> = ours.fields.iter().map(|f| (f.at, f.size)).collect();
        let missing: Vec<_> = starts.difference(&fields).collect();
        if !missing.is_empty() || at != ours.size {
            let why = format!("{at} bytes, ours ({}) {}; offsets and sizes we lack: {missing:?}", ours.name, ours.size);
            self.wrong(name, why);
        }
    }

    /// The numbers of `group` are those of the enumeration that `user` refers to, if to any.
    fn codes(&mut self, spec: &Yaml, user: &Yaml, group: &CodeSpec) {
        let Some(definition) = user.text("enum").map(|name| spec.entry("definitions", name)) else { return };
        let bits = definition.text("type") == Some("flags");
        let prefix = definition.text("name-prefix").unwrap_or(group.prefix);
        let mut next = definition.number("value-start").unwrap_or(0);
        for entry in definition.list("entries") {
            let name = match entry {
                Yaml::Text(name) => name,
                _ => entry.text("name").unwrap(),
            };
            let number = entry.number("value").unwrap_or(next);
            next = number + 1;
            let number = if bits { 1 << number } else { number };
            let name = c_name(prefix, name);
            self.codes += 1;
            // They part words where C does not: IFF_ALL_MULTI.
            match group.codes.iter().find(|c| c.0.replace('_', "") == name.replace('_', "")) {
                Some((_, ours)) if *ours == number => {}
                ours => self.wrong(&name, format!("is {number}, ours {ours:?}")),
            }
        }
    }
}

#[test]
fn every_attribute_is_what_the_kernels_specifications_say() {
    let Some(folder) = env::var_os("YNL_SPECS") else {
        println!("SKIPPED: YNL_SPECS names no folder with the kernel's Documentation/netlink/specs");
        return;
    };
    let mut check = Check::default();
    for name in SPECS {
        let file = Path::new(&folder).join(name).with_extension("yaml");
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        check.seen.clear(); // the names are each specification's own
        check.spec(&Yaml::parse(&text));
    }
    println!("compared: {} attributes, {} structs, {} codes", check.attrs, check.structs, check.codes);
    let mut wrong = check.wrong;
    let stale: Vec<_> = DIFFERENT.iter().filter(|(name, _)| wrong.remove(*name).is_none()).collect();
    assert!(wrong.is_empty(), "{}:\n{wrong:#?}", wrong.len());
    assert!(stale.is_empty(), "no longer different: {stale:?}");
    assert!(check.attrs > 500 && check.structs > 20 && check.codes > 100, "the walk misses tables");
}
