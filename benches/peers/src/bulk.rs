//! Bulk creation of the realistic unit (a named namespace, a veth pair born in place, IPv4 on both ends, both ends and lo
//! up, a default route) through rtnetlink and tokio, in a world of its own: a network and a mount namespace, tmpfs on /run.
//! What netnsctl and the floor take for the same is measured by `bulk` of the other workspace.

use netns_benches::measure::{Figure, Row};
use rtnetlink::packet_route::link::{InfoData, InfoVeth, LinkAttribute};
use rtnetlink::{Handle, LinkUnspec, LinkVeth, RouteMessageBuilder};
use std::ffi::CString;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::Instant;

/// How many units.
const UNITS: [u32; 3] = [10, 100, 1000];

const NAME: &str = "rtnetlink 0.24 + tokio";

type Failure = Box<dyn std::error::Error>;

fn check(result: i32) -> Result<(), Failure> {
    if result < 0 { Err(std::io::Error::last_os_error().into()) } else { Ok(()) }
}

pub fn run() -> Vec<Row> {
    let mut rows = Vec::new();
    println!("\n| units | who | µs a unit |\n| ---: | --- | ---: |");
    for units in UNITS {
        // A process each: what it made dies with it.
        let this = std::env::current_exe().expect("this program");
        let child = std::process::Command::new(this).env(INSIDE, units.to_string()).output().expect("it starts");
        let text = String::from_utf8_lossy(&child.stdout).into_owned();
        match text.trim().parse::<f64>() {
            Ok(took) if child.status.success() => {
                println!("| {units} | {NAME} | {took:.0} |");
                rows.push(Row::new("create units", units.into(), NAME, "µs", Figure::exactly(took)));
            }
            _ => println!("| {units} | {NAME} | not run: {} |", String::from_utf8_lossy(&child.stderr).trim()),
        }
    }
    rows
}

/// Set in the process that makes so many units.
pub const INSIDE: &str = "NETNS_PEERS_BULK";

/// Makes units; prints the microseconds that each took.
pub fn inside(units: u32) -> Result<(), Failure> {
    // SAFETY: strings that end in NUL, or none.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWNET | libc::CLONE_NEWNS))?;
        let none = std::ptr::null();
        check(libc::mount(none, c"/".as_ptr(), none, libc::MS_REC | libc::MS_PRIVATE, none.cast()))?;
        check(libc::mount(c"tmpfs".as_ptr(), c"/run".as_ptr(), c"tmpfs".as_ptr(), 0, none.cast()))?;
    }
    std::fs::create_dir("/run/netns")?;
    // One thread: what is entered is entered by all that runs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let start = Instant::now();
    runtime.block_on(async {
        let host = File::open("/proc/thread-self/ns/net")?;
        let handle = connection()?;
        for i in 0..units {
            unit(&host, &handle, i).await?;
        }
        Ok::<(), Failure>(())
    })?;
    println!("{}", start.elapsed().as_secs_f64() * 1e6 / f64::from(units));
    Ok(())
}

fn connection() -> Result<Handle, Failure> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    Ok(handle)
}

async fn unit(host: &File, outside: &Handle, i: u32) -> Result<(), Failure> {
    let path = format!("/run/netns/n{i}");
    File::create(&path)?;
    // SAFETY: strings that end in NUL, or none; open files.
    let inside = unsafe {
        check(libc::unshare(libc::CLONE_NEWNET))?;
        let (none, to) = (std::ptr::null(), CString::new(path)?);
        let from = c"/proc/thread-self/ns/net".as_ptr();
        check(libc::mount(from, to.as_ptr(), none, libc::MS_BIND, none.cast()))?;
        let inside = connection();
        check(libc::setns(host.as_raw_fd(), libc::CLONE_NEWNET))?;
        inside?
    };
    let (a, b) = ((i >> 6) as u8, (i << 2) as u8);
    let ends = [Ipv4Addr::new(10, 0, a, b | 1), Ipv4Addr::new(10, 0, a, b | 2)];
    // The end inside is born there, with one queue; the other end by its namespace's open file.
    let (peer, at) = (format!("v{i}"), i + 10);
    let mut far = LinkUnspec::new_with_name(&peer).index(at).setns_by_fd(host.as_raw_fd()).build();
    let queues = [LinkAttribute::NumTxQueues(1), LinkAttribute::NumRxQueues(1)];
    far.attributes.extend(queues.clone());
    let pair = LinkVeth::new("eth0", &peer).index(2).up().set_info_data(InfoData::Veth(InfoVeth::Peer(far)));
    let pair = queues.into_iter().fold(pair, |pair, q| pair.append_extra_attribute(q));
    inside.link().add(pair.build()).execute().await?;
    inside.link().set(LinkUnspec::new_with_index(1).up().build()).execute().await?;
    outside.link().set(LinkUnspec::new_with_index(at).up().build()).execute().await?;
    inside.address().add(2, IpAddr::V4(ends[1]), 30).execute().await?;
    outside.address().add(at, IpAddr::V4(ends[0]), 30).execute().await?;
    let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(ends[0]).build();
    Ok(inside.route().add(route).execute().await?)
}
