//! `bridge monitor` beside iproute2's, and what its 6.1 does not have yet. The rest is compared in ip/bridge_*.table.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use nl_core::route::{
    BrMdbEntry, BrPortMsg, BrVlanMsg, BridgeVlanInfo, IfInfoMsg, NdMsg, NdaCacheInfo, bridge, brport, ifla, mdb_eattr,
    mdb_pattr, mdb_srcattr, mdb_srclist, mdba, mdba_entry, mdba_mdb, mdba_router, nda, vlandb, vlandb_entry,
    vlandb_gopts, vlandb_stats,
};
use nl_core::wire::{NLA_F_NESTED, Wire};
use nl_core::{Batch, Flags, Msg};
use program::{fails, netnsctl, ok, outcome};
use sandbox::eventually;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

/// iproute2's `bridge`, if it is the version whose output ours is; ours is made ready beside it.
fn both() -> Option<[fn() -> Command; 2]> {
    fn clean(path: &str) -> Command {
        let mut command = Command::new(path);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command
    }
    let version = clean("bridge").arg("-V").output().ok()?;
    if !String::from_utf8_lossy(&version.stdout).contains("bridge utility, 6.1.") {
        return None;
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_netnsctl"), "/run/bridge").unwrap();
    Some([|| clean("/run/bridge"), || clean("bridge")])
}

/// Options, and words behind `monitor`.
const SETS: &[(&str, &str)] = &[
    ("", ""),
    ("", "all"),
    ("-d", "all"),
    ("-s", "all"),
    ("-d -s", "all"),
    ("-o -d", "all"),
    ("-t", "all"),
    ("-j", "all"),
    ("-c=always", "all"),
    ("", "link"),
    ("", "fdb"),
    ("", "fdb mdb"),
    ("-d", "mdb link"),
];

const CHANGES: &str = "\
link add v0 type veth peer name w0
link add v1 type veth peer name w1
link set v0 master br0
link set v1 master br0
link set v0 up
link set w0 up
link set br0 up
bridge link set dev v0 cost 77 hairpin on
bridge fdb add 02:00:00:00:00:05 dev v0 master static
bridge fdb add 02:00:00:00:00:06 dev v0 self
bridge fdb replace 02:00:00:00:00:05 dev v1 master
bridge fdb del 02:00:00:00:00:05 dev v1 master
bridge mdb add dev br0 port v0 grp 239.1.1.1 permanent
bridge mdb add dev br0 port v0 grp ff0e::1 permanent
bridge mdb del dev br0 port v0 grp 239.1.1.1
link set v1 nomaster
link set v0 mtu 1400
";

/// The last events. `bridge` writes out what it shows of links and addresses only.
const END: &str = "\
bridge mdb add dev br0 port v0 grp 239.9.9.9 permanent
link set v0 mtu 1399
bridge fdb add 02:00:00:00:ee:ee dev v0 master static
";
const LAST: [&str; 3] = ["239.9.9.9", "mtu 1399", "02:00:00:00:ee:ee"];

fn change(lines: &str) {
    let (code, _, err) = outcome(&mut netnsctl(["-b", "-"]), lines);
    assert_eq!((code, &*err), (0, ""));
}

/// What was shown before the last events, without times; and without the state of the link below, which `bridge` learns once.
fn comparable(text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| !LAST.iter().any(|last| line.contains(last)));
    lines.filter(|line| !line.starts_with("Timestamp: ")).map(|line| line.replace(",M-DOWN", "")).collect()
}

#[test]
fn events_are_those_of_bridge() {
    sandbox::run("events_are_those_of_bridge", || {
        let Some(programs) = both() else { return sandbox::skip("iproute2 6.1") };
        // The kernel would learn and make addresses in its own time.
        fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
        change("link add br0 address 02:00:00:00:00:01 type bridge\n");
        let start = |set: usize, which: usize| -> Child {
            let (options, words) = SETS[set];
            let mut command = programs[which]();
            command.args(options.split_whitespace()).arg("monitor").args(words.split_whitespace());
            command.stdin(Stdio::null()).stdout(File::create(format!("/run/{set}.{which}")).unwrap()).spawn().unwrap()
        };
        let read = |set: usize, which: usize| fs::read_to_string(format!("/run/{set}.{which}")).unwrap();
        let mut children: Vec<Child> = (0..SETS.len()).flat_map(|set| [start(set, 0), start(set, 1)]).collect();
        let listening = || {
            let table = fs::read_to_string("/proc/thread-self/net/netlink").unwrap();
            let rows = table.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>());
            rows.filter(|row| row[1] == "0" && row[3] != "00000000").count()
        };
        eventually("all listen", || listening() == children.len());
        change(CHANGES);
        change(END);
        for (set, (_, words)) in SETS.iter().enumerate() {
            let last = if words.contains("fdb") || !words.contains("link") { LAST[2] } else { LAST[1] };
            eventually("the last event", || (0..2).all(|which| read(set, which).contains(last)));
        }
        children.iter_mut().for_each(|child| {
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let mut wrong = String::new();
        for (set, (options, words)) in SETS.iter().enumerate() {
            let [ours, theirs] = [0, 1].map(|which| comparable(&read(set, which)));
            assert!(theirs.len() > 2, "{options} monitor {words}: {theirs:?}");
            if ours != theirs {
                let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
                wrong += &format!("{options} monitor {words}:\n  {:?}\n  {:?}\n", ours.get(at), theirs.get(at));
            }
        }
        assert!(wrong.is_empty(), "ours, theirs of\n{wrong}");
    });
}

/// A message as rtmon(8) writes it.
fn message(kind: u16, fill: impl Fn(&mut Msg<'_>)) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut batch = Batch::new(&mut buf);
    batch.message(kind, Flags::empty(), 0, fill).unwrap();
    let mut bytes = batch.bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// VLANs of a port.
fn vlans(kind: u16) -> Vec<u8> {
    message(kind, |m| {
        m.fixed(&BrVlanMsg { family: 7, index: 2.into(), ..BrVlanMsg::default() });
        for (vid, last, flags, state, router) in
            [(1, None, 6, 3, None), (5, Some(9_u16), 0, 4, Some(2_u8)), (12, None, 4, 9, Some(1))]
        {
            m.nest(vlandb::ENTRY | NLA_F_NESTED, |m| {
                m.value(vlandb_entry::INFO, &BridgeVlanInfo { flags: u16::into(flags), vid: u16::into(vid) });
                last.iter().for_each(|last| m.u16(vlandb_entry::RANGE, *last));
                m.u8(vlandb_entry::STATE, state);
                m.nest(vlandb_entry::STATS | NLA_F_NESTED, |m| {
                    for (attr, value) in [
                        (vlandb_stats::RX_BYTES, 1000),
                        (vlandb_stats::RX_PACKETS, 10),
                        (vlandb_stats::TX_BYTES, u64::MAX),
                        (vlandb_stats::TX_PACKETS, 7),
                    ] {
                        m.u64(attr, value);
                    }
                });
                router.iter().for_each(|router| m.u8(vlandb_entry::MCAST_ROUTER, *router));
            });
        }
    })
}

/// A bridge's settings for VLANs.
fn settings() -> Vec<u8> {
    message(112, |m| {
        m.fixed(&BrVlanMsg { family: 7, index: 2.into(), ..BrVlanMsg::default() });
        for (vid, last, routers) in [(1_u16, None, false), (20, Some(30_u16), true)] {
            m.nest(vlandb::GLOBAL_OPTIONS | NLA_F_NESTED, |m| {
                m.u16(vlandb_gopts::ID, vid);
                last.iter().for_each(|last| m.u16(vlandb_gopts::RANGE, *last));
                for (attr, value) in [
                    (vlandb_gopts::MCAST_SNOOPING, 1),
                    (vlandb_gopts::MCAST_IGMP_VERSION, 3),
                    (vlandb_gopts::MCAST_MLD_VERSION, 2),
                    (vlandb_gopts::MCAST_QUERIER, 0),
                ] {
                    m.u8(attr, value);
                }
                m.u32(vlandb_gopts::MCAST_LAST_MEMBER_CNT, 2);
                m.u32(vlandb_gopts::MCAST_STARTUP_QUERY_CNT, 3);
                for (attr, value) in [
                    (vlandb_gopts::MCAST_LAST_MEMBER_INTVL, 100),
                    (vlandb_gopts::MCAST_MEMBERSHIP_INTVL, 26000),
                    (vlandb_gopts::MCAST_QUERIER_INTVL, 25500),
                    (vlandb_gopts::MCAST_QUERY_INTVL, 12500),
                    (vlandb_gopts::MCAST_QUERY_RESPONSE_INTVL, 1000),
                    (vlandb_gopts::MCAST_STARTUP_QUERY_INTVL, u64::MAX),
                ] {
                    m.u64(attr, value);
                }
                if routers {
                    m.nest(vlandb_gopts::MCAST_ROUTER_PORTS | NLA_F_NESTED, |m| m.nest(mdba::ROUTER, router));
                }
            });
        }
    })
}

/// Ports with routers.
fn router(m: &mut Msg<'_>) {
    for (index, timer, kind) in [(1_u32, 12345, 1), (2, 0, 2), (3, 7, 3)] {
        m.nest_with(mdba_router::PORT | NLA_F_NESTED, &index.to_ne_bytes(), |m| {
            m.u32(mdb_pattr::TIMER, timer);
            m.u8(mdb_pattr::TYPE, kind);
        });
    }
}

fn bytes<T: Wire>(value: &T) -> &[u8] {
    value.as_bytes()
}

/// Groups; kind 86 is what older kernels answer with.
fn groups(kind: u16) -> Vec<u8> {
    message(kind, |m| {
        m.fixed(&BrPortMsg { family: 7, index: 1.into(), ..BrPortMsg::default() });
        m.nest(mdba::MDB, |m| {
            for (flags, vid, addr, proto) in
                [(0, 0, [239, 1, 1, 1], 0x800), (0x0f, 7, [0xff, 0x0e, 0, 1], 0x86dd), (2, 0, [1, 2, 3, 4], 0)]
            {
                let mut all = [0; 16];
                all[..4].copy_from_slice(&addr);
                let entry = BrMdbEntry {
                    index: 2.into(),
                    state: flags & 1,
                    flags,
                    vid: u16::into(vid),
                    addr: all,
                    proto: u16::into(proto),
                };
                let head = [bytes(&entry), &[0, 0]].concat();
                let len = if proto == 0x800 { 4 } else { 16 };
                m.nest(mdba_mdb::ENTRY, |m| {
                    m.nest_with(mdba_entry::INFO, &head, |m| {
                        m.u32(mdb_eattr::TIMER, 25999);
                        let timers: &[u32] = if proto == 0 { &[] } else { &[0, 1234] };
                        m.nest(mdb_eattr::SRC_LIST | NLA_F_NESTED, |m| {
                            for timer in timers {
                                m.nest(mdb_srclist::ENTRY | NLA_F_NESTED, |m| {
                                    m.bytes(mdb_srcattr::ADDRESS, &vec![10; len]);
                                    m.u32(mdb_srcattr::TIMER, *timer);
                                });
                            }
                        });
                        m.u8(mdb_eattr::GROUP_MODE, u8::from(vid == 7));
                        if vid == 7 {
                            m.bytes(mdb_eattr::SOURCE, &vec![9; len]);
                        }
                        m.u8(mdb_eattr::RTPROT, 4);
                    });
                });
            }
        });
        m.nest(mdba::ROUTER, router);
    })
}

/// Entries of a forwarding database with all they can have.
fn entries() -> Vec<u8> {
    [
        (0x80_u16, 0x42_u8, None),
        (0x40, 0x14, Some(3_i32)),
        (0x02, 0xb0, None),
        (0x04, 2, None),
        (0x01, 4, None),
        (0, 4, None),
    ]
    .into_iter()
    .flat_map(|(state, flags, nsid)| {
        message(if state == 4 { 29 } else { 28 }, |m| {
            m.fixed(&NdMsg { family: 7, index: 1.into(), state: state.into(), flags, ..NdMsg::default() });
            m.bytes(nda::LLADDR, &[2, 0, 0, 0, 0, 1]);
            m.bytes(nda::DST, if state == 2 { &[0xfd; 16] } else { &[10, 0, 0, 1] });
            m.u16(nda::VLAN, state);
            m.be16(nda::PORT, 4789);
            m.u32(nda::VNI, 100);
            m.u32(nda::SRC_VNI, 200);
            m.u32(nda::IFINDEX, 1);
            m.u32(nda::NH_ID, 5);
            nsid.iter().for_each(|nsid| m.i32(nda::LINK_NETNSID, *nsid));
            m.u32(nda::MASTER, 1);
            m.value(nda::CACHEINFO, &NdaCacheInfo { used: 1234.into(), updated: 99.into(), ..NdaCacheInfo::default() });
        })
    })
    .collect()
}

/// A port in hardware.
fn port() -> Vec<u8> {
    message(16, |m| {
        m.fixed(&IfInfoMsg { family: 7, index: 1.into(), flags: 0x1003.into(), ..IfInfoMsg::default() });
        m.str(ifla::IFNAME, b"lo");
        m.u32(ifla::MTU, 1500);
        m.nest(ifla::PROTINFO | NLA_F_NESTED, |m| {
            m.u8(brport::STATE, 3);
            m.u16(brport::PRIORITY, 32);
            m.u32(brport::COST, 100);
            (4..=12).chain([25, 27, 28, 29, 30, 32, 33, 39]).for_each(|attr| m.u8(attr, 1));
            m.u32(brport::BACKUP_PORT, 1);
        });
        m.nest(ifla::AF_SPEC, |m| m.u16(bridge::MODE, 1));
    })
}

#[test]
fn recordings_are_shown_as_by_bridge() {
    sandbox::run("recordings_are_shown_as_by_bridge", || {
        let Some(programs) = both() else { return sandbox::skip("iproute2 6.1") };
        let recording = [vlans(112), vlans(113), settings(), groups(84), groups(85), entries(), port()].concat();
        fs::write("/run/recording", recording).unwrap();
        let mut compared = 0;
        for options in ["", "-d", "-s", "-d -s", "-o", "-o -d -s", "-c=always", "-j"] {
            for words in ["", "all", "link"] {
                let said = programs.map(|program| {
                    let mut command = program();
                    command.args(options.split_whitespace()).args(["monitor", "file", "/run/recording"]);
                    outcome(command.args(words.split_whitespace()), "")
                });
                let [ours, theirs] = &said;
                if ours != theirs {
                    let differ = ours.1.lines().zip(theirs.1.lines()).find(|(a, b)| a != b);
                    panic!("{options} monitor {words}: {differ:?}, {:?}", (&ours.0, &ours.2, &theirs.0, &theirs.2));
                }
                compared += theirs.1.lines().count();
            }
        }
        assert!(compared > 500, "{compared} lines");
        let json = ok("-j bridge monitor file /run/recording");
        assert_eq!(json.matches("\"deleted\":true").count(), 1 + 3 + 1, "{json}");
    });
}

#[test]
fn groups_are_replaced_got_and_flushed() {
    sandbox::run("groups_are_replaced_got_and_flushed", || {
        change(
            "link add br0 type bridge mcast_igmp_version 3\nlink add v0 type veth peer name w0\nlink set v0 master br0\n",
        );
        change("link set br0 up\nlink set v0 up\nlink set w0 up\n");
        ok("bridge mdb add dev br0 port v0 grp 239.1.1.1 permanent");
        let get = "bridge mdb get dev br0 grp 239.1.1.1";
        if ok("bridge mdb").is_empty() {
            return sandbox::skip("multicast groups (CONFIG_BRIDGE_IGMP_SNOOPING)");
        }
        let (code, first, err) = program::run(get);
        if code == 2 && err.contains("not supported") {
            return sandbox::skip("Linux 6.8 or newer");
        }
        assert_eq!(first, "dev br0 port v0 grp 239.1.1.1 permanent\n", "{err}");
        fails("bridge mdb add dev br0 port v0 grp 239.1.1.1 permanent", 2, "exist");
        ok(
            "bridge mdb replace dev br0 port v0 grp 239.1.1.1 permanent filter_mode include source_list 10.0.0.1,10.0.0.2 proto static",
        );
        let all = ok(&format!("-d {get}"));
        assert!(all.contains(" filter_mode include source_list 10.0.0.2/0.00,10.0.0.1/0.00 proto static"), "{all}");
        ok("bridge mdb add dev br0 port v0 grp 239.1.1.2 permanent vid 0");
        ok("bridge mdb flush dev br0 nopermanent");
        assert!(ok("bridge mdb").contains("239.1.1.2"));
        ok("bridge mdb flush dev br0 port v0 permanent");
        let left = ok("bridge mdb"); // the kernel joins groups of its own
        assert!(!left.contains("239.1.1"), "{left}");
        fails("bridge mdb flush dev br0 grp 239.1.1.1", 255, "not one group");
        fails("bridge mdb get dev br0", 255, "the group is missing");
        fails("bridge mdb add dev br0 grp 239.1.1.1", 255, "the name of the port is missing");
    });
}
