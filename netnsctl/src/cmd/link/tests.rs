//! Links that few kernels have at hand, from messages made here, beside what `ip` shows of them.

use super::change::{Change, Value};
use super::ready::put;
use super::show::Context;
use super::{ADD, kinds};
use crate::cmd::links::Links;
use crate::cmd::{Options, Session};
use crate::grammar::{Words, split_line};
use nl_core::route::{
    IfInfoMsg, Link, LinkFlags, RTM_NEWLINK, Stats64, af, arphrd, ifla, inet6, info, proto_down_reason, vf, vf_list,
    vf_stats, vf_vlan, xdp,
};
use nl_core::{Attrs, Batch, Flags, Messages, Msg};

/// A link of type `kind` with `flags`, an address and what `fill` writes, shown with `options`; without its first words.
fn shown(options: &str, kind: u16, flags: LinkFlags, fill: impl FnOnce(&mut Msg<'_>)) -> String {
    let mut buf = [0; 4096];
    let mut batch = Batch::new(&mut buf);
    let header = IfInfoMsg { kind: kind.into(), flags: flags.bits().into(), ..IfInfoMsg::default() };
    let message = batch.message(RTM_NEWLINK, Flags::empty(), 0, |m| {
        m.fixed(&header);
        m.str(ifla::IFNAME, b"x");
        m.bytes(ifla::ADDRESS, &[2, 0, 0, 0, 0, 5]);
        fill(m);
    });
    message.unwrap();
    let count = |word| u8::try_from(options.split(' ').filter(|w| *w == word).count()).unwrap();
    let [json, statistics, human, iec, details, oneline] = ["-j", "-s", "-h", "-iec", "-d", "-o"].map(count);
    let mut session = Session::new(Options {
        json: json > 0,
        statistics,
        human: human > 0,
        iec: iec > 0,
        details: details > 0,
        oneline: oneline > 0,
        ..Options::default()
    });
    let context = Context::new(&session, Links::default(), false).unwrap();
    let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
    let link = Link::parse(&message).unwrap();
    session.out.object("", |out| context.full(out, &link));
    let text = session.out.take();
    let head = if json > 0 { r#""address":"02:00:00:00:00:05""# } else { "02:00:00:00:00:05" };
    text.split_once(head).unwrap().1.to_owned()
}

fn ether(options: &str, fill: impl FnOnce(&mut Msg<'_>)) -> String {
    shown(options, arphrd::ETHER, LinkFlags::empty(), fill)
}

#[test]
fn statistics_are_in_tables_as_wide_as_their_numbers() {
    let stats = Stats64 {
        rx_bytes: 1005.into(),
        tx_bytes: 1015.into(),
        rx_packets: 1025.into(),
        tx_packets: 99_999.into(),
        rx_dropped: 1_000_000_000_000.into(),
        tx_errors: 10_235.into(),
        rx_missed_errors: 4.into(),
        rx_over_errors: 3.into(),
        rx_compressed: 5.into(),
        tx_compressed: u64::MAX.into(),
        rx_nohandler: 6.into(),
        rx_otherhost_dropped: 77_777_777_777.into(),
        ..Stats64::default()
    };
    let fill = |m: &mut Msg<'_>| {
        m.value(ifla::STATS64, &stats);
        m.u32(ifla::CARRIER_CHANGES, 123_456_789);
    };
    let text = "
    RX:  bytes packets errors       dropped  missed   mcast           compressed
          1005    1025      0 1000000000000       4       0                    5\x20
    RX errors:  length    crc         frame    fifo overrun            nohandler   otherhost
                     0      0             0       0       3                    6 77777777777\x20
    TX:  bytes packets errors       dropped carrier collsns           compressed
          1015   99999  10235             0       0       0 18446744073709551615\x20
    TX errors: aborted   fifo        window heartbt transns
                     0      0             0       0 123456789\x20
";
    assert_eq!(ether("-s -s", fill), text);
    let text = "
    RX:  bytes packets errors dropped  missed   mcast compressed
         1.00k   1.02k      0   1.00T       4       0          5\x20
    TX:  bytes packets errors dropped carrier collsns compressed
         1.01k  100.0k  10.2k       0       0       0      18.4E\x20
";
    assert_eq!(ether("-s -h", fill), text);
    let text = ether("-s -s -h -iec", fill);
    assert!(text.contains("          1005  1.00ki      0   931Gi       4       0          5 \n"), "{text}");
    assert!(text.contains("          1015  97.7ki 10.00ki       0       0       0     16.0Ei \n"), "{text}");
    let json = r#","stats64":{"rx":{"bytes":1005,"packets":1025,"errors":0,"dropped":1000000000000,"over_errors":3,"#;
    assert!(ether("-j -s", fill).starts_with(json));
}

#[test]
fn virtual_functions_are_shown() {
    let words = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_ne_bytes()).collect::<Vec<_>>();
    let mac = |number: u32| [&number.to_ne_bytes()[..], &[2, 0, 0, 0, 0, 9], &[0; 26]].concat();
    let fill = |m: &mut Msg<'_>| {
        m.u32(ifla::NUM_VF, 2);
        m.nest(ifla::VFINFO_LIST, |m| {
            m.nest(vf_list::VF_INFO, |m| {
                m.bytes(vf::MAC, &mac(0));
                m.bytes(vf::BROADCAST, &[0xff; 32]);
                m.bytes(vf::VLAN, &words(&[0, 5, 3]));
                m.bytes(vf::TX_RATE, &words(&[0, 20]));
                m.bytes(vf::RATE, &words(&[0, 10, 20]));
                m.bytes(vf::SPOOFCHK, &words(&[0, 1]));
                m.bytes(vf::LINK_STATE, &words(&[0, 1]));
                m.bytes(vf::TRUST, &words(&[0, u32::MAX]));
                m.nest(vf::STATS, |m| {
                    m.u64(vf_stats::RX_BYTES, 1005);
                    m.u64(vf_stats::RX_PACKETS, 12_345_678_901);
                    m.u64(vf_stats::TX_DROPPED, 8);
                });
            });
            m.nest(vf_list::VF_INFO, |m| {
                m.bytes(vf::MAC, &mac(1));
                m.nest(vf::VLAN_LIST, |m| {
                    m.bytes(vf_vlan::VLAN_INFO, &[words(&[1, 7, 0]), vec![0x81, 0, 0, 0]].concat());
                    m.bytes(vf_vlan::VLAN_INFO, &[words(&[1, 8, 4]), vec![0x88, 0xa8, 0, 0]].concat());
                });
                let guid = 0x0011_2233_4455_6677_u64.to_ne_bytes();
                m.bytes(vf::IB_NODE_GUID, &[&words(&[1, 0])[..], &guid].concat());
                m.bytes(vf::TRUST, &words(&[1, 0]));
                m.bytes(vf::RSS_QUERY_EN, &words(&[1, 1]));
            });
        });
    };
    let text = "
    vf 0     link/ether 02:00:00:00:00:09 brd ff:ff:ff:ff:ff:ff, vlan 5, qos 3, tx rate 20 (Mbps), \
max_tx_rate 20Mbps, min_tx_rate 10Mbps, spoof checking on, link-state enable
    RX: bytes  packets  mcast   bcast\x20
          1005 12345678901       0       0\x20
    TX: bytes  packets   dropped\x20
             0        0        8\x20
    vf 1     link/ether 02:00:00:00:00:09, vlan 7, vlan 8, qos 4, vlan protocol 802.1ad, \
NODE_GUID 00:11:22:33:44:55:66:77, trust off, query_rss on
";
    assert_eq!(ether("-s", fill), text);
    let json = r#","vfinfo_list":[{"vf":0,"link_type":"ether","address":"02:00:00:00:00:09","broadcast":"ff:ff:ff:ff:ff:ff","vlan":5,"qos":3,"tx_rate":20,"rate":{"max_tx":20,"min_tx":10},"spoofchk":true,"link_state":"enable"},{"vf":1,"link_type":"ether","address":"02:00:00:00:00:09","vlan_list":[{"vlan":7},{"vlan":8,"qos":4,"protocol":"802.1ad"}],"node guid":"00:11:22:33:44:55:66:77","trust":false,"query_rss_en":true}]}
"#;
    assert_eq!(ether("-j", fill), json);
}

#[test]
fn programs_that_see_packets_first_are_shown() {
    // There are no such programs: of one that is there, name and more are asked for.
    let fill = |m: &mut Msg<'_>| {
        m.nest(ifla::XDP, |m| {
            m.u8(xdp::ATTACHED, 4);
            m.u32(xdp::DRV_PROG_ID, u32::MAX - 1);
            m.u32(xdp::SKB_PROG_ID, u32::MAX - 2);
        });
    };
    let text = "\n    prog/xdpgeneric id 4294967293 \n    prog/xdpdrv id 4294967294 \n";
    assert_eq!(ether("", fill), text);
}

#[test]
fn other_attributes_are_shown() {
    let fill = |m: &mut Msg<'_>| {
        m.bytes(ifla::BROADCAST, &[0xff; 6]);
        m.bytes(ifla::PERM_ADDRESS, &[2, 0, 0, 0, 0, 9]);
        m.u32(ifla::LINK, 9);
        m.i32(ifla::LINK_NETNSID, -1);
        m.i32(ifla::NEW_NETNSID, 4);
        m.i32(ifla::NEW_IFINDEX, 5);
        m.u8(ifla::PROTO_DOWN, 1);
        m.nest(ifla::PROTO_DOWN_REASON, |m| m.u32(proto_down_reason::VALUE, 0x23));
    };
    let text = " peer ff:ff:ff:ff:ff:ff permaddr 02:00:00:00:00:09 link-netnsid unknown new-netnsid 4 new-ifindex 5 \
protodown on protodown_reason <0,1,5>\n";
    assert_eq!(shown("", arphrd::ETHER, LinkFlags::POINTOPOINT, fill), text);
    let fill = |m: &mut Msg<'_>| {
        m.bytes(ifla::PHYS_PORT_ID, &[1, 2, 0xab]);
        m.bytes(ifla::PHYS_SWITCH_ID, &[10, 11, 0xff]);
        m.str(ifla::PHYS_PORT_NAME, b"p0");
        m.str(ifla::PARENT_DEV_NAME, b"0000:00:01.0");
        m.str(ifla::PARENT_DEV_BUS_NAME, b"pci");
        m.nest(ifla::AF_SPEC, |m| m.nest(af::INET6.into(), |m| m.u8(inet6::ADDR_GEN_MODE, 7)));
        m.str(ifla::IFALIAS, b"a\nb");
    };
    let text = "addrgenmode 0x07 portname p0 portid 0102ab switchid 0a0bff parentbus pci parentdev 0000:00:01.0 \
\\    alias a\\nb\n";
    assert_eq!(ether("-d -o", fill), text);
}

/// What is shown of a link that has what these words ask for.
fn asked_for(options: &str, words: &str) -> String {
    let line = split_line(format!("x type {words}").as_bytes(), true).unwrap();
    let change = Change::parse(&mut Words::new(&line).like_ip(true), ADD).unwrap();
    let name = change.kind.as_ref().and_then(|k| k.to_str()).unwrap();
    let bytes = |(kind, value)| if let Value::Bytes(bytes) = value { Some((kind, bytes)) } else { None };
    let given: Vec<_> = change.data.unwrap_or_default().into_iter().filter_map(bytes).collect();
    let data = kinds::arrange(kinds::find(name).unwrap(), &given, &Attrs::new(&[], 0), true, None);
    ether(options, |m| {
        m.nest(ifla::LINKINFO, |m| {
            m.str(info::KIND, name.as_bytes());
            m.nest(info::DATA, |m| put(m, &data));
        });
    })
}

#[test]
fn kinds_are_shown_in_the_words_they_were_asked_for_with() {
    for same in [
        "vlan protocol 802.1ad id 5 ",
        "vxlan id 5 remote 10.0.0.1 local 10.0.0.2 srcport 1 2 dstport 4789 nolearning tos 0x10 ttl 7 df set ageing none ",
        "geneve id 5 remote 2001:db8::1 ttl auto dstport 6081 noudpcsum udp6zerocsumtx ",
        "gre remote 10.0.0.1 local any ttl inherit tos inherit nopmtudisc ikey 0.0.0.5 okey 1.2.3.4 iseq ocsum fwmark 0x7 ",
        "macvlan mode passthru nopromisc bcqueuelen 9 ",
        "macsec sci 0000000000000005 protect on cipher GCM-AES-256 icvlen 16 validate check send_sci off ",
        "bareudp dstport 1 ethertype mpls_uc nomultiproto ",
        "bond mode 802.3ad miimon 100 arp_ip_target 10.0.0.1,10.0.0.2 arp_validate none xmit_hash_policy layer3+4 ",
    ] {
        let text = asked_for("-d", same);
        assert!(text.contains(&format!("\n    {same}\n")), "{text}");
    }
    let head = "remote any local any hoplimit 64 encaplimit none tclass inherit flowlabel 0x00005 ";
    let ip6 = asked_for("-d", "ip6gre encaplimit none tclass inherit flowlabel 5 encap fou encap-dport 6");
    let encap = "encap fou encap-sport auto encap-dport 6 noencap-csum encap-csum6 noencap-remcsum ";
    assert!(ip6.contains(&format!("ip6gre {head}erspan_ver 1 {encap}\n")), "{ip6}");
    let json = asked_for("-d -j", "bond arp_validate 0 ns_ip6_target ::1");
    assert!(json.contains(r#""info_data":{"ns_ip6_target":["::1"],"arp_validate":null}"#), "{json}");
    let can = asked_for("-d", "can bitrate 500000 sample-point 0.875 fd on");
    assert!(can.contains("can <FD> \n\t  bitrate 500000 sample-point 0.875\n\t  tq 0 prop-seg 0"), "{can}");
}
