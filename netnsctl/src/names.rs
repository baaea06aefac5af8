//! Numbers that have names: built in, and in the files of /etc/iproute2, which are read when a name is first asked for.
//!
//! A file's line is a number (decimal, or hexadecimal behind `0x`) and its name; what follows `#` is a comment. Of several
//! names of a number the last is shown. Later files win: those that come with the system, `/etc/iproute2/FILE`, and
//! `/etc/iproute2/FILE.d/*.conf`.

use crate::grammar::Keyword;
use netns_sys::sort::sort_by_key;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A group of numbers with names.
#[derive(Debug)]
pub struct Names {
    file: &'static str,
    built_in: &'static [Keyword<u32>],
    /// What is behind a number in the file.
    of: &'static str,
    read: OnceLock<Vec<(String, u32)>>,
}

/// Routing tables.
pub static TABLES: Names = Names::new("rt_tables", &[("default", 253), ("main", 254), ("local", 255)]);
/// Who made a route, a rule, a neighbour or a next hop.
pub static PROTOS: Names = Names::new(
    "rt_protos",
    &[
        ("unspec", 0),
        ("redirect", 1),
        ("kernel", 2),
        ("boot", 3),
        ("static", 4),
        ("gated", 8),
        ("ra", 9),
        ("mrt", 10),
        ("zebra", 11),
        ("bird", 12),
        ("dnrouted", 13),
        ("xorp", 14),
        ("ntk", 15),
        ("dhcp", 16),
        ("keepalived", 18),
        ("babel", 42),
        ("openr", 99),
        ("bgp", 186),
        ("isis", 187),
        ("ospf", 188),
        ("rip", 189),
        ("eigrp", 192),
    ],
);
/// How far an address or a route reaches.
pub static SCOPES: Names =
    Names::new("rt_scopes", &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)]);
/// Who made an address.
pub static ADDR_PROTOS: Names =
    Names::new("rt_addrprotos", &[("unspec", 0), ("kernel_lo", 1), ("kernel_ra", 2), ("kernel_ll", 3)]);
/// Realms of routes.
pub static REALMS: Names = Names::new("rt_realms", &[("cosmos", 0)]);
/// Types of service.
pub static DSFIELDS: Names = Names::new("rt_dsfield", &[("default", 0)]);
/// Groups of links.
pub static GROUPS: Names = Names::new("group", &[("default", 0)]);

/// Protocols over IP. Their file has a format of its own: a name, its number, other names; the first counts.
pub static IP_PROTOS: Names = Names::new(
    "/etc/protocols",
    &[
        ("icmp", 1),
        ("igmp", 2),
        ("tcp", 6),
        ("udp", 17),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("ipv6-icmp", 58),
        ("ospf", 89),
        ("sctp", 132),
    ],
);

/// Ports of TCP. Their file has lines as that of the protocols, but with the protocol behind the number.
pub static TCP_SERVICES: Names = Names::services("/tcp");
/// Ports of UDP.
pub static UDP_SERVICES: Names = Names::services("/udp");

/// A number, displayed by its name if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The number.
    pub value: u32,
    /// Its name.
    pub name: Option<&'static str>,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => self.value.fmt(f),
        }
    }
}

/// Where the files are that come with the system, in the versions of iproute2, and where the user's are.
const DIRS: [&str; 3] = ["/usr/lib/iproute2", "/usr/share/iproute2", "/etc/iproute2"];

impl Names {
    /// The names in `built_in`, and those of `file`, the name of a file in /etc/iproute2 (or the path of [`IP_PROTOS`]).
    #[must_use]
    pub const fn new(file: &'static str, built_in: &'static [Keyword<u32>]) -> Self {
        Self { file, built_in, of: "", read: OnceLock::new() }
    }

    /// Those of /etc/services that have `of` behind their number.
    const fn services(of: &'static str) -> Self {
        Self { file: "/etc/services", built_in: &[], of, read: OnceLock::new() }
    }

    /// What the files say. A file that cannot be read has no names in it.
    fn read(&self) -> &[(String, u32)] {
        self.read.get_or_init(|| {
            let mut names = Vec::new();
            if self.file.starts_with('/') {
                let text = fs::read(self.file).unwrap_or_default();
                names.extend(String::from_utf8_lossy(&text).lines().flat_map(|line| protocol(line, self.of)));
                names.reverse();
                return names;
            }
            for dir in DIRS {
                let file = Path::new(dir).join(self.file);
                let more = fs::read_dir(Path::new(dir).join(format!("{}.d", self.file)));
                let mut more: Vec<PathBuf> = more.into_iter().flatten().flatten().map(|e| e.path()).collect();
                more.retain(|p| p.extension().is_some_and(|e| e == "conf"));
                sort_by_key(&mut more, PathBuf::clone);
                for path in std::iter::once(file).chain(more) {
                    let text = fs::read(path).unwrap_or_default();
                    names.extend(String::from_utf8_lossy(&text).lines().filter_map(line));
                }
            }
            names
        })
    }

    /// The name of `value`.
    #[must_use]
    pub fn name(&self, value: u32) -> Option<&str> {
        let read = self.read().iter().rev().find(|n| n.1 == value).map(|n| n.0.as_str());
        read.or_else(|| self.built_in.iter().find(|n| n.1 == value).map(|n| n.0))
    }

    /// The number that is called `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u32> {
        let read = self.read().iter().rev().find(|n| n.0 == name).map(|n| n.1);
        read.or_else(|| self.built_in.iter().find(|n| n.0 == name).map(|n| n.1))
    }

    /// All names, to suggest one.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.built_in.iter().map(|n| n.0).chain(self.read().iter().map(|n| n.0.as_str()))
    }
}

fn line(line: &str) -> Option<(String, u32)> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let (number, name) = (words.next()?, words.next()?);
    let number = match number.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    words.next().is_none().then(|| (name.to_owned(), number))
}

/// A line of /etc/protocols, or of /etc/services, where `of` is behind the number.
fn protocol(line: &str, of: &str) -> Vec<(String, u32)> {
    let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
    let first = words.next();
    let number = words.next().and_then(|n| n.strip_suffix(of)?.parse().ok());
    let Some(number) = number else { return Vec::new() };
    first.into_iter().chain(words).map(|name| (name.to_owned(), number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_number_and_name() {
        assert_eq!(line("254\tmain"), Some(("main".into(), 254)));
        assert_eq!(line(" 0xB8  EF # expedited"), Some(("EF".into(), 0xb8)));
        for bad in ["", "# 1 a", "1", "a 1", "1 a b", "-1 a"] {
            assert_eq!(line(bad), None, "{bad}");
        }
    }

    #[test]
    fn lines_of_protocols() {
        assert_eq!(
            protocol("ipv6-icmp 58\tIPv6-ICMP # ICMP for IPv6", ""),
            [("ipv6-icmp".into(), 58), ("IPv6-ICMP".into(), 58)]
        );
        assert_eq!(["# x 1", "", "tcp", "tcp x"].map(|line| protocol(line, "")).concat(), []);
    }

    #[test]
    fn what_is_built_in_has_a_name_without_a_file() {
        static NAMES: Names = Names::new("no-such-file", &[("main", 254), ("other", 254)]);
        assert_eq!((NAMES.name(254), NAMES.name(3)), (Some("main"), None));
        assert_eq!((NAMES.value("other"), NAMES.value("oth")), (Some(254), None));
        assert_eq!(NAMES.all().count(), 2);
    }
}
