//! The plans in examples/: each carried out in a lab, where packets then go where it says they do.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]

mod plan;
mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::Dir;
use program::outcome;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

/// Who talks to whom: a namespace, whose address the other is to see; the other, at its address.
const TALKS: &str = "TALKS";

/// Sends a few bytes there and back, in each pair.
fn talk(pairs: &str) {
    let dir = Dir::at("/run/netns");
    for pair in pairs.split(' ') {
        let words: Vec<&str> = pair.split(',').collect();
        let [from, seen, to, address] = words[..] else { panic!("{pair}") };
        let address: IpAddr = address.parse().unwrap();
        let inside = |name: &str| dir.open(OsStr::new(name)).unwrap();
        let listener = inside(to).run(|| TcpListener::bind((address, 7)).unwrap()).unwrap();
        let connect = || TcpStream::connect_timeout(&(address, 7).into(), Duration::from_secs(10)).unwrap();
        let mut client = inside(from).run(connect).unwrap();
        let (mut server, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), seen.parse::<IpAddr>().unwrap(), "{pair}");
        let mut bytes = [0; 5];
        client.write_all(b"there").unwrap();
        server.read_exact(&mut bytes).unwrap();
        server.write_all(&bytes).unwrap();
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"there", "{pair}");
    }
    println!("all have talked");
}

fn example(test: &str, file: &str, pairs: &str, set: &[&str]) {
    if let Ok(pairs) = std::env::var(TALKS) {
        return talk(&pairs);
    }
    sandbox::run(test, || {
        let before = plan::state();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(file);
        let mut lab = plan::program([OsStr::new("lab"), OsStr::new("--wait"), path.as_os_str()]);
        for variable in set {
            lab.args(["--set", variable]);
        }
        lab.arg("--").arg(std::env::current_exe().unwrap()).args([test, "--exact", "--nocapture"]).env(TALKS, pairs);
        let (code, out, err) = outcome(&mut lab, "");
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("all have talked"), "{out}{err}");
        plan::same(&before, &plan::state(), "after the lab");
        // The same, to stay.
        let sets: String = set.iter().map(|s| format!(" --set {s}")).collect();
        let path = path.display();
        assert!(plan::ok(&format!("apply {path}{sets}")).starts_with("made "));
        assert!(plan::ok(&format!("apply {path}{sets}")).starts_with("nothing to do: "));
        plan::ok(&format!("down {path}"));
        plan::same(&before, &plan::state(), "after down");
    });
}

#[test]
fn two_hosts() {
    example("two_hosts", "two-hosts.plan", "left,10.0.0.1,right,10.0.0.2 right,10.0.0.2,left,10.0.0.1", &[]);
}

#[test]
fn a_router() {
    example("a_router", "router.plan", "client,10.0.1.2,server,10.0.2.2 server,10.0.2.2,client,10.0.1.2", &[]);
}

#[test]
fn a_bridge() {
    example("a_bridge", "bridge.plan", "host3,10.0.0.3,host8,10.0.0.8 host8,10.0.0.8,host1,10.0.0.1", &[]);
}

#[test]
fn a_ring() {
    let pairs = "r1,10.255.0.1,r11,10.255.0.11 r20,10.255.0.20,r1,10.255.0.1 r7,10.255.0.7,r6,10.255.0.6";
    example("a_ring", "ring.plan", pairs, &[]);
    example("a_ring", "ring.plan", "r3,10.255.0.3,r2,10.255.0.2", &["N=3"]);
}

#[test]
fn a_thousand() {
    example("a_thousand", "thousand.plan", "h1,10.1.0.6,h100,10.1.1.146", &["N=100"]);
}
