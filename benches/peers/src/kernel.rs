//! Routes through the kernel: all of them dumped, and many added, by nl-core over `netns_sys::netlink::Conn`, by rtnetlink
//! and tokio, and by receiving alone; in turns, in a network namespace of their own.

use netns_benches::measure::{Figure, Row};
use netns_sys::netlink::Conn;
use nl_core::route::{self, RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE, Route, RtMsg, rt_scope, rta, rtn};
use nl_core::{Flags, Msg};
use rtnetlink::{Handle, RouteMessageBuilder, packet_route::route::RouteAttribute};
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Instant;

const DUMPED: u32 = 100_000;
const ADDED: u32 = 10_000;
const ROUNDS: usize = 9;
pub const OURS: &str = "nl-core + netns-sys";
pub const FLOOR: &str = "floor: received alone";
pub const PEER: &str = "rtnetlink 0.24 + tokio";

/// Set in the process that is in a namespace of its own.
pub const INSIDE: &str = "NETNS_PEERS_KERNEL";

type Failure = Box<dyn std::error::Error>;

pub fn run() -> Vec<Row> {
    let this = std::env::current_exe().expect("this program");
    let child = Command::new(this).env(INSIDE, "1").output().expect("it starts");
    let text = String::from_utf8_lossy(&child.stdout).into_owned();
    print!("{text}");
    if !child.status.success() {
        println!("routes through the kernel: not run: {}", String::from_utf8_lossy(&child.stderr).trim());
        return Vec::new();
    }
    let row = |line: &str| {
        let [_, task, who, median, least, most, _] = line.split(" | ").collect::<Vec<_>>().try_into().ok()?;
        let number = |text: &str| text.parse().ok();
        let figure = Figure { median: number(median)?, least: number(least)?, most: number(most)? };
        Some(Row::new(task, 0, who, "ms", figure))
    };
    text.lines().filter_map(row).collect()
}

fn address(i: u32) -> [u8; 4] {
    (0x0b00_0000 + i).to_be_bytes()
}

fn batch(conn: &mut Conn, kind: u16, flags: Flags, count: u32) {
    let (scope, table) = (rt_scope::LINK, 254);
    let header = RtMsg { family: 2, dst_len: 32, table, protocol: 4, scope, kind: rtn::UNICAST, ..RtMsg::default() };
    let failed = conn.batch(|requests| {
        (0..count).try_for_each(|i| {
            requests.request(kind, flags, |m| {
                m.fixed(&header);
                m.bytes(rta::DST, &address(i));
                m.u32(rta::OIF, 1);
            })
        })
    });
    assert!(failed.expect("routes").is_empty());
}

/// The sum of destinations, gateways, tables and links, or only how many there are.
fn dump(conn: &mut Conn, parsed: bool) -> u64 {
    let ask = |m: &mut Msg<'_>| m.fixed(&RtMsg { family: 2, ..RtMsg::default() });
    let mut sum = 0_u64;
    let each = |message: Option<&nl_core::Message<'_>>| {
        match message {
            None => sum = 0,
            Some(message) if parsed => {
                let route = Route::parse(message)?;
                let dst = route.dst()?.map_or(0, |d| u64::from(*d.last().unwrap_or(&0)));
                sum += dst + u64::from(route.oif()?.unwrap_or(0));
            }
            Some(_) => sum += 1,
        }
        Ok(())
    };
    conn.stream(RTM_GETROUTE, ask, each).expect("routes");
    sum
}

async fn peer_dump(handle: &Handle) -> Result<u64, Failure> {
    use futures_util::TryStreamExt;
    let mut routes = handle.route().get(RouteMessageBuilder::<Ipv4Addr>::new().build()).execute();
    let mut sum = 0_u64;
    while let Some(route) = routes.try_next().await? {
        for attribute in &route.attributes {
            sum += match attribute {
                RouteAttribute::Destination(rtnetlink::packet_route::route::RouteAddress::Inet(a)) => {
                    a.octets()[3].into()
                }
                RouteAttribute::Oif(oif) => u64::from(*oif),
                _ => 0,
            };
        }
    }
    Ok(sum)
}

async fn peer_add(handle: &Handle) -> Result<(), Failure> {
    use rtnetlink::packet_route::route::{RouteProtocol, RouteScope};
    for i in 0..ADDED {
        let [a, b, c, d] = address(i);
        let route = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(Ipv4Addr::new(a, b, c, d), 32);
        let route = route.output_interface(1).scope(RouteScope::Link).protocol(RouteProtocol::Static);
        handle.route().add(route.build()).execute().await?;
    }
    Ok(())
}

fn timed(all: &mut Vec<f64>, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    all.push(start.elapsed().as_secs_f64() * 1e3);
}

/// Measures, and prints a line each.
pub fn inside() -> Result<(), Failure> {
    // SAFETY: it takes no pointer.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    let mut conn = Conn::open(&route::FAMILY)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        handle.link().set(rtnetlink::LinkUnspec::new_with_index(1).up().build()).execute().await?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            timed(&mut ours, || batch(&mut conn, RTM_NEWROUTE, Flags::CREATE | Flags::EXCL, ADDED));
            batch(&mut conn, RTM_DELROUTE, Flags::empty(), ADDED);
            let start = Instant::now();
            peer_add(&handle).await?;
            theirs.push(start.elapsed().as_secs_f64() * 1e3);
            batch(&mut conn, RTM_DELROUTE, Flags::empty(), ADDED);
        }
        show("add 10,000 routes", [(OURS, ours), (PEER, theirs)]);

        batch(&mut conn, RTM_NEWROUTE, Flags::CREATE | Flags::EXCL, DUMPED);
        let (mut ours, mut floor, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(dump(&mut conn, true), peer_dump(&handle).await?, "both read the same");
        for _ in 0..ROUNDS {
            timed(&mut floor, || assert!(dump(&mut conn, false) >= DUMPED.into()));
            timed(&mut ours, || assert!(dump(&mut conn, true) > 0));
            let start = Instant::now();
            peer_dump(&handle).await?;
            theirs.push(start.elapsed().as_secs_f64() * 1e3);
        }
        show("dump 100,000 routes", [(OURS, ours), (FLOOR, floor), (PEER, theirs)]);
        Ok(())
    })
}

fn show<const N: usize>(task: &str, all: [(&str, Vec<f64>); N]) {
    for (who, times) in all {
        let f = Figure::of(times);
        println!(" | {task} | {who} | {:.2} | {:.2} | {:.2} | ms", f.median, f.least, f.most);
    }
}
