//! Requests to the kernel, as strace saw them made: those that change something, without what differs from run to run.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::Range;

/// Something sent to the kernel that changes something.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    /// One message, without what differs from run to run, and the names of the namespaces in it.
    Netlink {
        protocol: String,
        bytes: Vec<u8>,
        namespaces: Vec<String>,
    },
    Ioctl(String),
}

/// Reads what strace wrote. A call comes as one line, with the bytes it sends in lines behind it:
///
/// ```text
/// 12  socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3
/// 12  sendmsg(3, {…}, 0) = 32
///  * 32 bytes in buffer 0
///  | 00000  20 00 00 00 10 00 05 00  c8 32 06 6b 00 00 00 00   ........2.k.... |
/// ```
pub(crate) fn requests(trace: &str) -> Vec<Request> {
    let (mut protocols, mut files) = (BTreeMap::<u32, String>::new(), BTreeMap::<u32, String>::new());
    let mut requests = Vec::new();
    let mut sent: Option<(String, Vec<u8>)> = None;
    let mut unfinished = BTreeMap::new(); // by thread
    for line in trace.lines().chain([""]) {
        if let Some((_, dump)) = line.strip_prefix(" | ").and_then(|l| l.split_once("  ")) {
            if let Some((_, bytes)) = &mut sent {
                let hex = dump.get(..49).unwrap_or(dump).split_whitespace();
                bytes.extend(hex.map_while(|h| u8::from_str_radix(h, 16).ok()));
            }
            continue;
        }
        if line.starts_with(" * ") {
            continue; // the next part of the same message
        }
        if let Some((protocol, bytes)) = sent.take() {
            messages(&protocol, &bytes, &files, &mut requests);
        }
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let mut call = call.trim_start().to_owned();
        if let Some(begin) = call.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, begin.to_owned());
            continue;
        }
        if call.starts_with("<... ") {
            let begin = unfinished.remove(thread).unwrap_or_default();
            call = begin + call.split_once("resumed>").map_or("", |(_, end)| end);
        }
        let Some((what, result)) = call.rsplit_once(" = ") else { continue };
        let Some((name, args)) = what.trim_end().trim_end_matches(')').split_once('(') else { continue };
        let fd = args.split(',').next().and_then(|fd| fd.parse::<u32>().ok()).unwrap_or(u32::MAX);
        match (name, result.parse::<u32>()) {
            ("socket", Ok(new)) => {
                protocols.insert(new, args.rsplit(", ").next().unwrap_or_default().to_owned());
            }
            ("openat", Ok(new)) => {
                let path = args.split('"').nth(1).unwrap_or_default();
                files.insert(new, path.rsplit('/').next().unwrap_or_default().to_owned());
            }
            ("sendmsg" | "sendto", _) => {
                sent = protocols.get(&fd).filter(|p| p.starts_with("NETLINK_")).map(|p| (p.clone(), Vec::new()));
            }
            ("ioctl", _) => {
                let (_, args) = args.split_once(", ").unwrap_or_default();
                // TUNGET*, SIOCG*, FIO*, TCGETS…: they ask. 0xf0: SIOCGETTUNNEL, 0xf8: SIOCGET6RD, both not told by name.
                let asks = ["TUNGET", "SIOCG", "FIO", "TC", "TIOC", "NS_GET"].iter().any(|a| args.starts_with(a))
                    || args.contains("0x89, 0xf0")
                    || args.contains("0x89, 0xf8");
                if !asks {
                    // Addresses in memory say nothing.
                    let address = |w: &str| w.trim_start_matches('=').strip_prefix("0x").is_some_and(|d| d.len() > 10);
                    let words = args.split(' ').map(|w| if address(w) { "ADDRESS" } else { w });
                    requests.push(Request::Ioctl(words.collect::<Vec<_>>().join(" ")));
                }
            }
            _ => {}
        }
    }
    requests
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn length_at(bytes: &[u8], at: usize) -> usize {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap()).try_into().unwrap()
}

/// The messages in what was sent that change something, made comparable.
fn messages(protocol: &str, mut bytes: &[u8], files: &BTreeMap<u32, String>, requests: &mut Vec<Request>) {
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_DUMP: u16 = 0x300;
    const GENL_ID_CTRL: u16 = 16;
    while bytes.len() >= 16 {
        let len = length_at(bytes, 0).clamp(16, bytes.len());
        let mut message = bytes[..len].to_vec();
        bytes = &bytes[len.next_multiple_of(4).min(bytes.len())..];
        let (kind, flags) = (u16_at(&message, 4), u16_at(&message, 6));
        let changes = match protocol {
            // Three of four do: RTM_NEW, RTM_DEL, RTM_GET, RTM_SET. And ip asks for nothing, to see if RTM_NEWLINK is known.
            "NETLINK_ROUTE" => {
                let probe = kind == RTM_NEWLINK && len == 32 && message[16..].iter().all(|&b| b == 0);
                kind >= 16 && kind % 4 != 2 && !probe
            }
            "NETLINK_GENERIC" => kind > GENL_ID_CTRL && flags & NLM_F_DUMP != NLM_F_DUMP,
            "NETLINK_SOCK_DIAG" => false,
            _ => flags & NLM_F_DUMP != NLM_F_DUMP,
        };
        if changes {
            message[8..16].fill(0); // nlmsg_seq, nlmsg_pid
            if protocol == "NETLINK_ROUTE" {
                let top = header_len(kind).min(len)..len;
                clear_padding(&mut message, top, kind / 4 == 24 / 4);
            }
            let fds = if protocol == "NETLINK_ROUTE" { namespace_fds(&message) } else { Vec::new() };
            let mut namespaces = Vec::new();
            for at in fds {
                let fd = u32::from_ne_bytes(message[at.clone()].try_into().unwrap());
                namespaces.push(files.get(&fd).map_or("?", |name| name).to_owned());
                message[at].fill(0);
            }
            requests.push(Request::Netlink { protocol: protocol.to_owned(), bytes: message, namespaces });
        }
    }
}

/// Type and value of each attribute in this part of a message, as far as they are well-formed, and whether all are.
fn attributes(bytes: &[u8], part: Range<usize>) -> (Vec<(u16, Range<usize>)>, bool) {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let len = if at + 4 <= part.end { usize::from(u16_at(bytes, at)) } else { 0 };
        if len < 4 || at + len > part.end {
            return (found, false);
        }
        found.push((u16_at(bytes, at + 2), at + 4..at + len));
        at += len.next_multiple_of(4);
    }
    (found, true)
}

/// Zeroes the padding behind attributes, in which ip leaves what was on its stack: in what is marked as nested, and in the
/// next hops of a route, each a header of 8 bytes, then attributes.
fn clear_padding(message: &mut [u8], part: Range<usize>, route: bool) {
    const RTA_MULTIPATH: u16 = 9;
    for (kind, value) in attributes(message, part.clone()).0 {
        message[value.end..value.end.next_multiple_of(4).min(part.end)].fill(0);
        if kind & 0x8000 != 0 {
            clear_padding(message, value, false);
        } else if route && kind == RTA_MULTIPATH {
            let mut hop = value.start;
            while hop + 8 <= value.end {
                let end = (hop + usize::from(u16_at(message, hop)).max(8)).min(value.end);
                clear_padding(message, hop + 8..end, false);
                hop = end;
            }
        }
    }
}

/// Where the attributes of a message of NETLINK_ROUTE begin: behind its fixed header.
fn header_len(kind: u16) -> usize {
    let header = match kind / 4 * 4 {
        16 | 108 => 16,          // ifinfomsg
        20 | 104 | 116 => 8,     // ifaddrmsg, nhmsg
        84 | 112 => 8,           // br_port_msg, br_vlan_msg
        24 | 28 | 32 | 92 => 12, // rtmsg, ndmsg, fib_rule_hdr, if_stats_msg
        36 | 40 | 44 => 20,      // tcmsg
        72 => 12,                // ifaddrlblmsg
        _ => 4,                  // ndtmsg, netconfmsg, rtgenmsg
    };
    16 + header
}

/// Where a message has descriptors of namespaces.
fn namespace_fds(message: &[u8]) -> Vec<Range<usize>> {
    const IFLA_LINKINFO: u16 = 18;
    const IFLA_INFO_KIND: u16 = 1;
    const IFLA_INFO_DATA: u16 = 2;
    const IFLA_NET_NS_FD: u16 = 28;
    const VETH_INFO_PEER: u16 = 1; // and VXCAN_INFO_PEER, IFLA_NETKIT_PEER_INFO: a header and attributes of a link
    const NETNSA_FD: u16 = 3;
    let kind = u16_at(message, 4);
    let inside = |part: Range<usize>, wanted: u16| {
        let (all, _) = attributes(message, part);
        all.into_iter().filter(move |(t, v)| t & 0x3fff == wanted && v.len() >= 4).map(|(_, v)| v).collect::<Vec<_>>()
    };
    let top = header_len(kind).min(message.len())..message.len();
    let mut fds = match kind {
        16..20 => inside(top.clone(), IFLA_NET_NS_FD),
        88..92 => return inside(top, NETNSA_FD),
        _ => return Vec::new(),
    };
    for info in inside(top, IFLA_LINKINFO) {
        let pair = |kind: &[u8]| {
            [&b"veth"[..], b"vxcan", b"netkit"].contains(&kind.trim_ascii_end().strip_suffix(b"\0").unwrap_or(kind))
        };
        if inside(info.clone(), IFLA_INFO_KIND).iter().any(|k| pair(&message[k.clone()])) {
            for peer in inside(info, IFLA_INFO_DATA).into_iter().flat_map(|data| inside(data, VETH_INFO_PEER)) {
                fds.extend(inside((peer.start + 16).min(peer.end)..peer.end, IFLA_NET_NS_FD));
            }
        }
    }
    fds
}

impl fmt::Display for Request {
    /// `NEWLINK flags 605 [header] 3="v0" 18{1="veth" 2{…}}`: types of attributes with their flags, values as they lie there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OBJECTS: &[(u16, &str)] = &[
            (16, "LINK"),
            (20, "ADDR"),
            (24, "ROUTE"),
            (28, "NEIGH"),
            (32, "RULE"),
            (36, "QDISC"),
            (64, "NEIGHTBL"),
            (72, "ADDRLABEL"),
            (80, "NETCONF"),
            (84, "MDB"),
            (88, "NSID"),
            (104, "NEXTHOP"),
            (108, "LINKPROP"),
            (112, "VLAN"),
        ];
        let (protocol, bytes, namespaces) = match self {
            Request::Ioctl(call) => return write!(f, "ioctl {call}"),
            Request::Netlink { protocol, bytes, namespaces } => (protocol, bytes, namespaces),
        };
        let (kind, flags) = (u16_at(bytes, 4), u16_at(bytes, 6));
        let route = protocol == "NETLINK_ROUTE";
        match OBJECTS.iter().find(|(of, _)| route && kind / 4 * 4 == *of) {
            Some((_, object)) => write!(f, "{}{object}", ["NEW", "DEL", "GET", "SET"][usize::from(kind % 4)])?,
            None => write!(f, "{protocol} {kind}")?,
        }
        let start = if route { header_len(kind) } else { 20 }.min(bytes.len());
        write!(f, " flags {flags:x} [{}]{}", hex(&bytes[16..start]), attributes_text(bytes, start..bytes.len()))?;
        if !namespaces.is_empty() {
            write!(f, " namespaces {namespaces:?}")?;
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn attributes_text(bytes: &[u8], part: Range<usize>) -> String {
    let (all, whole) = attributes(bytes, part.clone());
    if !whole {
        return format!(" {}", hex(&bytes[part]));
    }
    let mut text = String::new();
    for (kind, at) in all {
        let value = &bytes[at.clone()];
        let string = value.strip_suffix(b"\0").unwrap_or(value);
        let (inner, nested) = attributes(bytes, at.clone());
        let nested = nested && !inner.is_empty() && inner.iter().all(|(t, _)| (1..200).contains(&(t & 0x3fff)));
        let value = if value.len() > 1 && !string.is_empty() && string.iter().all(|b| (0x20..0x7f).contains(b)) {
            // With its end, which some strings have and some have not.
            format!("={:?}", String::from_utf8_lossy(value))
        } else if nested {
            format!("{{{}}}", attributes_text(bytes, at).trim_start())
        } else {
            format!("={}", hex(value))
        };
        let flag = if kind & 0x8000 != 0 { "n" } else { "" };
        write!(text, " {}{flag}{value}", kind & 0x7fff).unwrap();
    }
    text
}

/// An example, for tests of this.
pub(crate) const TRACE: &str = "\
9  openat(AT_FDCWD, \"/var/run/netns/red\", O_RDONLY|O_CLOEXEC) = 5
9  socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3
9  sendto(3, ..., 32, 0, NULL, 0)    = 32
 | 00000  20 00 00 00 10 00 05 00  00 00 00 00 00 00 00 00   ............... |
 | 00010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................ |
9  sendmsg(3, {msg_name=NULL, msg_iov=[...]}, 0 <unfinished ...>
8  ioctl(4, TUNSETIFF, 0x7efcdb9dbea0) = 0
8  ioctl(4, SIOCGIFNAME, 0x7ffc002ad2b0) = 0
9  <... sendmsg resumed>) = 40
 * 40 bytes in buffer 0
 | 00000  28 00 00 00 10 00 05 00  c8 32 06 6b 00 00 00 00  (.......2.k.... |
 | 00010  00 00 00 00 04 00 00 00  01 00 00 00 01 00 00 00  ................ |
 | 00020  08 00 1c 00 05 00 00 00                           ........         |
9  sendmsg(3, {msg_name=NULL, msg_iov=[...]}, 0) = 32
 * 32 bytes in buffer 0
 | 00000  20 00 00 00 12 00 05 00  c9 32 06 6b 00 00 00 00   ........2.k.... |
 | 00010  00 00 00 00 04 00 00 00  01 00 00 00 01 00 00 00  ................ |
";

#[test]
fn a_trace_is_the_requests_that_change_something() {
    let text = requests(TRACE).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        text,
        [
            "ioctl TUNSETIFF, ADDRESS",
            "NEWLINK flags 5 [00000000040000000100000001000000] 28=00000000 namespaces [\"red\"]"
        ]
    );
}
