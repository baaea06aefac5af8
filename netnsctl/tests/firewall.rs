//! `fw` beside nft(8), over real packets, and where it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![cfg(feature = "firewall")]

mod program;
#[path = "../../netns-sys/tests/sandbox/mod.rs"]
mod sandbox;

use netns_sys::netlink::Conn;
use netns_sys::{Dir, Errno, Ns};
use netnsctl::fw::change::{Changes, Hook, expression_at, refusal};
use netnsctl::fw::ruleset::{Ruleset, Which};
use netnsctl::fw::{Rule, show};
use nl_core::netfilter::{FAMILY, NFNL_SUBSYS_NFTABLES, NFT_JUMP, nfproto, verdict};
use program::{fails, netnsctl, ok, outcome, run};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

/// The version whose words and JSON ours are.
const NFTABLES: &str = "nftables v1.0.6 ";

fn nft() -> Command {
    let mut nft = Command::new("nft");
    nft.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
    nft
}

/// Whether there is the nft that this is compared with.
fn have_nft() -> bool {
    let version = nft().arg("--version").output();
    let have = version.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).starts_with(NFTABLES));
    if !have {
        sandbox::skip("the package nftables, in version 1.0.6");
    }
    have
}

fn nft_does(words: &str) -> Result<String, String> {
    let (code, out, err) = outcome(nft().arg(words), "");
    if code == 0 { Ok(out) } else { Err(format!("nft {words}: {err}")) }
}

fn nft_list() -> String {
    nft_does("list ruleset").unwrap()
}

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn nft_lists_our_rules_as_its_own() {
    sandbox::run("nft_lists_our_rules_as_its_own", || {
        if !have_nft() {
            return;
        }
        let table = include_str!("nft/made.table");
        for line in lines(table) {
            let (words, _) = line.split_once(" => ").unwrap();
            assert_eq!(ok(&format!("fw {words}")), "");
        }
        let ours = nft_list();
        assert_eq!(ok("fw list"), ours);
        // Once more: nothing changes.
        for line in lines(table) {
            ok(&format!("fw {}", line.split_once(" => ").unwrap().0));
        }
        assert_eq!(nft_list(), ours);

        ok("fw flush");
        assert_eq!(nft_list(), "");
        let mut script = String::from("table inet netnsctl {\n");
        // In the order in which ours come to be.
        let mut chains: Vec<(&str, String)> = Vec::new();
        let mut policies = BTreeMap::new();
        for line in lines(table) {
            let (words, made) = line.split_once(" => ").unwrap();
            if let Some(policy) = made.strip_prefix("policy ") {
                let (chain, policy) = policy.split_once(' ').unwrap();
                policies.insert(chain, policy);
                continue;
            }
            for rule in made.split(" && ") {
                let (chain, rule) = rule.split_once(' ').unwrap();
                if !chains.iter().any(|c| c.0 == chain) {
                    chains.push((chain, String::new()));
                }
                let rules = &mut chains.iter_mut().find(|c| c.0 == chain).unwrap().1;
                *rules += &format!("{rule} comment \"{words}\"\n");
            }
        }
        for (chain, rules) in chains {
            let hook = match chain {
                "nat_postrouting" => "nat hook postrouting priority srcnat",
                "nat_prerouting" => "nat hook prerouting priority dstnat",
                "nat_output" => "nat hook output priority -100",
                "input" => "filter hook input priority filter",
                "forward" => "filter hook forward priority filter",
                _ => "filter hook output priority filter",
            };
            let policy = policies.get(chain).unwrap_or(&"accept");
            script += &format!("chain {chain} {{ type {hook}; policy {policy};\n{rules}}}\n");
        }
        script += "}\n";
        let (code, _, err) = outcome(nft().args(["-f", "-"]), &script);
        assert_eq!((code, &*err), (0, ""), "{script}");
        similar(&ours, &nft_list());
    });
}

/// The same, or the first lines that differ.
fn similar(ours: &str, theirs: &str) {
    if ours != theirs {
        let mut theirs = theirs.lines();
        let differ: Vec<_> =
            ours.lines().map(|line| (line, theirs.next().unwrap_or("(end)"))).filter(|l| l.0 != l.1).take(9).collect();
        panic!("ours, theirs: {differ:#?}");
    }
}

/// The objects that a listing in JSON is made of: each begins with what it is.
fn objects(json: &str) -> Vec<String> {
    let mut text = json.to_owned();
    for kind in ["table", "chain", "rule", "set", "map", "counter", "quota", "limit"] {
        text = text.replace(&format!(", {{\"{kind}\": {{\"family\""), &format!("\n{{\"{kind}\": {{\"family\""));
    }
    text.lines().map(str::to_owned).collect()
}

#[test]
fn fw_lists_the_rules_of_nft_as_nft_does() {
    sandbox::run("fw_lists_the_rules_of_nft_as_nft_does", || {
        if !have_nft() {
            return;
        }
        fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0").unwrap();
        ok("link set lo up");
        let mut refused = 0;
        for with_text in [false, true] {
            for line in lines(include_str!("nft/shown.table")) {
                let (text, line) = line.strip_prefix("text ").map_or((false, line), |line| (true, line));
                let (may, line) = line.strip_prefix("try ").map_or((false, line), |line| (true, line));
                if text != with_text {
                    continue;
                }
                let words = match line.split_once(' ').unwrap() {
                    ("rule", rule) => format!("add rule {rule}"),
                    (_, words) => words.to_owned(),
                };
                match nft_does(&words) {
                    Err(error) if !may => panic!("{error}"),
                    done => refused += usize::from(done.is_err()),
                }
            }
            let theirs = nft_list();
            assert!(theirs.lines().count() > 200);
            similar(&ok("fw list"), &theirs);
            if !with_text {
                let (ours, theirs) = (objects(&ok("-j fw list")), objects(&nft_json()));
                let differ: Vec<_> = ours.iter().zip(&theirs).filter(|(a, b)| a != b).take(5).collect();
                assert!(differ.is_empty() && ours.len() == theirs.len(), "ours, theirs: {differ:#?}");
                assert_eq!(ok("-j fw list"), nft_json());
            }
        }
        assert!(refused < 12, "the kernel refused {refused} of them");
        let (_, part, _) = run("fw list ip6 f i");
        assert_eq!(part, nft_does("list chain ip6 f i").unwrap());
        similar(&ok("-d fw list"), &outcome(nft().args(["-a", "list", "ruleset"]), "").1);
        fails("fw list ip nosuch", 2, "there is no table ip nosuch");
    });
}

fn nft_json() -> String {
    let (code, out, err) = outcome(nft().args(["-j", "list", "ruleset"]), "");
    assert_eq!((code, &*err), (0, ""));
    out
}

#[test]
fn a_line_takes_away_what_it_made_and_nothing_else() {
    sandbox::run("a_line_takes_away_what_it_made_and_nothing_else", || {
        let generation = || ok("fw list");
        ok("fw allow in tcp port 22");
        let one = generation();
        ok("fw forward tcp 8080 to 10.0.0.2:80");
        ok("fw policy in drop");
        ok("fw drop in udp");
        assert!(generation().contains("policy drop"));
        for line in ["policy in drop", "drop in udp", "forward tcp 8080 to 10.0.0.2:80"] {
            ok(&format!("fw delete {line}"));
            ok(&format!("fw delete {line}"));
        }
        assert_eq!(generation(), one);
        ok("fw delete allow in tcp port 22");
        assert_eq!(generation(), "");
        ok("fw flush");
        // Words that mean the same are the same line.
        ok("fw allow in from 10.0.0.1/32 tcp dport 0x16");
        ok("fw delete allow input from 10.0.0.1 tcp port 22");
        assert_eq!(generation(), "");
        // In another namespace.
        ok("netns add a");
        ok("-n a fw allow in tcp port 22");
        assert_eq!((generation(), ok("-n a fw list")), (String::new(), one));
        let held = ok("-n a --dry-run fw drop in udp");
        assert!(held.contains("NFT_MSG_NEWRULE") && held.contains("NFTA_META_KEY NFT_META_L4PROTO"), "{held}");
        assert!(!ok("-n a fw list").contains("udp"));
        ok("netns delete a");
    });
}

#[test]
fn what_is_wrong_is_said_at_its_word() {
    sandbox::run("what_is_wrong_is_said_at_its_word", || {
        for (line, says) in [
            ("fw alow in", "did you mean \"allow\"?"),
            ("fw allow", "a direction is missing"),
            ("fw allow in port 22", "goes before them"),
            ("fw allow in tcp port 70000", "no port from 0 to 65535"),
            ("fw allow in tcp port 9-5", "nor a range of them"),
            ("fw allow in from 10.0.0.1 to ::1", "do not go together"),
            ("fw allow in state old", "is no state: new, established"),
            ("fw allow in limit 5", "is no limit"),
            ("fw allow in tcp udp", "said already"),
            ("fw allow in not log", "`not` goes before"),
            ("fw forward tcp 80 at 10.0.0.1", "`to` is missing"),
            ("fw forward tcp 80 to ::1:80:x", "[ADDRESS]:PORT of IPv6"),
            ("fw policy in reject", "is not a policy"),
            ("fw masquerade iif eth0", "is not what to match"),
            ("fw allow in iif a\"b", "cannot be in a line"),
            ("fw list inet t c x", "too much here"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let (code, out, err) = outcome(&mut netnsctl(words), "");
            assert_eq!((code, &*out), (255, ""), "{line}: {err}");
            assert!(err.contains(says), "{line}: {err}");
        }
        let long =
            format!("fw allow in tcp port {}", (1000..1030).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        fails(&long, 255, "a line has at most 128 characters");
        assert_eq!(ok("fw list"), "");
    });
}

/// Adds a good rule and a bad one, as one transaction.
#[test]
fn a_bad_rule_changes_nothing_and_is_named() {
    sandbox::run("a_bad_rule_changes_nothing_and_is_named", || {
        let mut conn = Conn::open(&FAMILY).unwrap();
        let refused = conn
            .transaction(NFNL_SUBSYS_NFTABLES, |requests| {
                let mut changes = Changes::new(requests, nfproto::IPV4, b"t");
                changes.table()?;
                let hook = Hook { kind: "filter", hook: 1, priority: 0, policy: Some(verdict::DROP) };
                changes.chain(b"in", Some(hook))?;
                let mut good = Rule::default();
                good.l4proto(6, false).counter().verdict(verdict::ACCEPT, "");
                changes.append(b"in", &good)?;
                let mut bad = Rule::default();
                bad.l4proto(17, false).counter().verdict(NFT_JUMP, "nowhere");
                changes.append(b"in", &bad)?;
                changes.append(b"in", &good)
            })
            .unwrap();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].position, 3);
        assert_eq!(expression_at(&refused[0]), Some((4, "immediate".into())));
        let text = refusal("add the rules", &refused[0], |m| {
            let rule = nl_core::netfilter::Rule::parse(m).unwrap();
            show::rule_text(nfproto::IPV4, netnsctl::fw::read::rule(&rule, &()).unwrap())
        });
        let text = text.to_string();
        for part in
            ["cannot add the rules", "ENOENT", "expression 4, immediate", "meta l4proto udp counter", "jump nowhere"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(ok("fw list"), "");
        let all = Ruleset::read(&mut conn, Which::default()).unwrap();
        assert_eq!(all.tables.iter().count(), 0);
        // Of another generation nothing is changed either.
        let late = conn.transaction_at(NFNL_SUBSYS_NFTABLES, Some(all.generation.wrapping_add(1)), |requests| {
            Changes::new(requests, nfproto::IPV4, b"t").table()
        });
        assert_eq!(late.unwrap()[0].error.errno(), Some(Errno::ERESTART));
        assert_eq!(ok("fw list"), "");
    });
}

#[test]
fn those_who_change_rules_at_once_all_get_theirs() {
    sandbox::run("those_who_change_rules_at_once_all_get_theirs", || {
        thread::scope(|scope| {
            for n in 0..4 {
                scope.spawn(move || {
                    (1..=5).for_each(|port| drop(ok(&format!("fw allow in tcp port {}", n * 5 + port))))
                });
            }
        });
        assert_eq!(ok("fw counters").lines().count(), 20);
    });
}

#[test]
fn a_kernel_without_nftables_says_so() {
    sandbox::run("a_kernel_without_nftables_says_so", || {
        if !sandbox::have("strace") {
            return sandbox::skip("the package strace");
        }
        for line in ["fw list", "fw allow in tcp", "fw flush", "fw counters"] {
            let mut strace = Command::new("strace");
            strace.args(["-qq", "-o", "/run/trace", "-e", "trace=socket"]);
            strace.args(["-e", "inject=socket:error=EPROTONOSUPPORT:when=1", env!("CARGO_BIN_EXE_netnsctl")]);
            let (code, out, err) = outcome(strace.args(line.split(' ')), "");
            assert_eq!((code, &*out), (1, ""), "{line}: {err}");
            assert!(err.contains("this kernel has no nftables: CONFIG_NF_TABLES"), "{line}: {err}");
        }
    });
}

/// A client, a router and a server, each in a namespace of its own; the client knows of the router only.
fn triangle() -> (Ns, Ns, Ns) {
    let lines = "netns add client\nnetns add router\nnetns add server\n\
        link add c0 netns router type veth peer name eth0 netns client\n\
        link add s0 netns router type veth peer name eth0 netns server\n\
        -n client addr add 10.1.0.2/24 dev eth0\n-n client addr add fd01::2/64 dev eth0 nodad\n\
        -n router addr add 10.1.0.1/24 dev c0\n-n router addr add fd01::1/64 dev c0 nodad\n\
        -n router addr add 10.2.0.1/24 dev s0\n-n router addr add fd02::1/64 dev s0 nodad\n\
        -n server addr add 10.2.0.2/24 dev eth0\n-n server addr add fd02::2/64 dev eth0 nodad\n\
        -n client link set eth0 up\n-n server link set eth0 up\n-n router link set c0 up\n-n router link set s0 up\n\
        -n router link set lo up\n-n server link set lo up\n\
        -n client route add default via 10.1.0.1\n-n client route add default via fd01::1\n\
        -n router sysctl net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1\n";
    let (code, _, err) = outcome(&mut netnsctl(["-b", "-"]), lines);
    assert_eq!((code, &*err), (0, ""));
    let open = |name: &str| Dir::default().open(OsStr::new(name)).unwrap();
    (open("client"), open("router"), open("server"))
}

/// Serves in `ns`, on all addresses of both families: to each that connects the address it has here.
fn serve(ns: &Ns, port: u16) {
    let listener = ns.run(|| TcpListener::bind(("::", port))).unwrap().unwrap();
    thread::spawn(move || {
        while let Ok((mut stream, from)) = listener.accept() {
            let _ = stream.write_all(from.ip().to_canonical().to_string().as_bytes());
        }
    });
}

/// What is answered to who connects from `ns`.
fn ask(ns: &Ns, to: &str) -> Result<String, ErrorKind> {
    ask_for(ns, to, Duration::from_secs(20))
}

/// Who connects from `ns` gets no answer.
fn silent(ns: &Ns, to: &str) {
    assert_eq!(ask_for(ns, to, Duration::from_millis(500)), Err(ErrorKind::TimedOut), "{to}");
}

fn ask_for(ns: &Ns, to: &str, patience: Duration) -> Result<String, ErrorKind> {
    let to: SocketAddr = to.parse().unwrap();
    ns.run(|| {
        let mut stream = TcpStream::connect_timeout(&to, patience).map_err(|e| e.kind())?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(|e| e.kind())?;
        Ok(text)
    })
    .unwrap()
}

#[test]
fn packets_go_where_the_rules_say() {
    sandbox::run("packets_go_where_the_rules_say", || {
        let (client, router, server) = triangle();
        serve(&server, 80);
        // Without a way back there is no answer; masqueraded there is, and the server sees the router.
        silent(&client, "10.2.0.2:80");
        ok("-n router fw masquerade oif s0");
        assert_eq!(ask(&client, "10.2.0.2:80").as_deref(), Ok("10.2.0.1"));
        assert_eq!(ask(&client, "[fd02::2]:80").as_deref(), Ok("fd02::1"));

        // A port of the router's leads to the server: from outside and from the router itself.
        assert_eq!(ask(&client, "10.1.0.1:8080"), Err(ErrorKind::ConnectionRefused));
        ok("-n router fw forward tcp 8080 to 10.2.0.2:80");
        ok("-n router fw forward tcp 8080 to [fd02::2]:80");
        assert_eq!(ask(&client, "10.1.0.1:8080").as_deref(), Ok("10.2.0.1"));
        assert_eq!(ask(&client, "[fd01::1]:8080").as_deref(), Ok("fd02::1"));
        assert_eq!(ask(&router, "10.1.0.1:8080").as_deref(), Ok("10.2.0.1"));
        assert_eq!(ask(&router, "[fd01::1]:8080").as_deref(), Ok("fd02::1"));
        // Not what goes to others.
        assert_eq!(ask(&router, "10.2.0.2:8080"), Err(ErrorKind::ConnectionRefused));
        ok("-n router fw delete forward tcp 8080 to 10.2.0.2:80");
        assert_eq!(ask(&client, "10.1.0.1:8080"), Err(ErrorKind::ConnectionRefused));
        assert_eq!(ask(&client, "[fd01::1]:8080").as_deref(), Ok("fd02::1"));

        // Rejected at once; dropped without an answer; and allowed again.
        for (family, to) in [("10.2.0.0/16", "10.2.0.2:80"), ("fd02::/64", "[fd02::2]:80")] {
            ok(&format!("-n router fw reject forward to {family} tcp port 80"));
            assert_eq!(ask(&client, to), Err(ErrorKind::ConnectionRefused));
            ok(&format!("-n router fw delete reject forward to {family} tcp port 80"));
            ok(&format!("-n router fw drop forward to {family} tcp port 80"));
            silent(&client, to);
            let counted = ok("-n router fw counters");
            let line = counted.lines().find(|l| l.contains("drop forward")).unwrap();
            let packets: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
            assert!(packets > 0, "{counted}");
            ok(&format!("-n router fw delete drop forward to {family} tcp port 80"));
            assert!(ask(&client, to).is_ok());
        }

        // Nothing comes in but what is allowed, and the answers.
        ok("-n server fw policy in drop");
        silent(&client, "10.2.0.2:80");
        ok("-n server fw allow in tcp port 80");
        ok("-n server fw allow in icmpv6");
        assert!(ask(&client, "10.2.0.2:80").is_ok());
        assert!(ask(&client, "[fd02::2]:80").is_ok());
        ok("-n server fw delete policy in drop");

        // UDP that is rejected is told by ICMP.
        ok("-n router fw reject in udp port 9");
        for (from, to) in [("10.1.0.2:0", "10.1.0.1:9"), ("[fd01::2]:0", "[fd01::1]:9")] {
            let told = client.run(|| {
                let socket = UdpSocket::bind(from).unwrap();
                socket.connect(to).unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                socket.send(b"x").unwrap();
                socket.recv(&mut [0; 9]).map_err(|e| e.kind())
            });
            assert_eq!(told.unwrap(), Err(ErrorKind::ConnectionRefused));
        }
    });
}

#[test]
fn a_plan_makes_rules_and_takes_them_back() {
    sandbox::run("a_plan_makes_rules_and_takes_them_back", || {
        let plan = "netns add r\nnetns add h{1..3}\nlink add v{i=1..3} netns r type veth peer name eth0 netns h{i}\n\
            -n r fw masquerade from 10.0.0.0/8\n-n h{1..3} fw policy in drop\n-n h{1..3} fw allow in state established,related\n\
            fw allow in tcp port {1..3}\nfw forward tcp 80 to 10.0.0.2\n";
        fs::write("/run/a.plan", plan).unwrap();
        ok("fw drop in udp");
        ok("fw allow in tcp port 2");
        let before = ok("fw list");
        assert!(ok("apply /run/a.plan").starts_with("made 4 namespaces"));
        assert_eq!(ok("-n h2 fw counters").lines().count(), 1);
        assert!(ok("-n h3 fw list").contains("policy drop"));
        assert_eq!(ok("fw counters").lines().count(), 6);
        let made = ok("fw list");
        assert!(ok("apply /run/a.plan").starts_with("nothing to do"));
        assert_eq!(ok("fw list"), made);
        // What somebody took away is made again, and only that.
        ok("fw delete allow in tcp port 3");
        assert!(ok("apply /run/a.plan").starts_with("made 0 namespaces, 1 request"));
        assert_eq!(ok("fw counters").lines().count(), 6);
        ok("down a");
        assert_eq!(ok("fw list"), before);

        // A plan that fails leaves nothing.
        fs::write("/run/b.plan", "fw allow in tcp port 7\nnetns add x\nfw policy in drop\nlink add y type nosuch\n")
            .unwrap();
        let (code, _, err) = run("apply /run/b.plan");
        assert!(code != 0 && err.contains("taken back"), "{err}");
        assert_eq!(ok("fw list"), before);
        fs::write("/run/c.plan", "fw delete allow in tcp port 2\n").unwrap();
        fails("apply /run/c.plan", 255, "in a plan, things are made and set");
    });
}

#[test]
fn what_changes_is_shown_as_nft_shows_it() {
    sandbox::run("what_changes_is_shown_as_nft_shows_it", || {
        if !have_nft() {
            return;
        }
        let listening = || {
            let table = fs::read_to_string("/proc/thread-self/net/netlink").unwrap();
            let rows = table.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>());
            rows.filter(|row| row[1] == "12" && row[3] != "00000000").count()
        };
        let start = |mut command: Command, to: &str, more: usize| {
            let child = command.stdout(fs::File::create(to).unwrap()).spawn().unwrap();
            sandbox::eventually("a monitor listens", || listening() == more);
            child
        };
        let ours = start(netnsctl(["fw", "monitor"]), "/run/ours", 1);
        let mut theirs = nft();
        theirs.arg("monitor");
        let theirs = start(theirs, "/run/theirs", 2);
        for words in [
            "add table inet t",
            "add chain inet t i { type filter hook input priority 0 ; policy drop ; }",
            "add chain inet t c",
            "add rule inet t i tcp dport { 22, 80 } counter accept comment \"x\"",
            "add rule inet t i udp dport { 1-5, 9 } ip saddr { 10.0.0.0/8, 192.168.1.1 }",
            "insert rule inet t i jump c",
            "flush chain inet t i",
            "delete chain inet t c",
            "delete table inet t",
            "add table ip last",
        ] {
            nft_does(words).unwrap();
        }
        let read = |path: &str| fs::read_to_string(path).unwrap();
        let end = |path: &str| {
            read(path).lines().last().is_some_and(|l| l.starts_with("# new")) && read(path).contains("ip last")
        };
        sandbox::eventually("all is shown", || end("/run/ours") && end("/run/theirs"));
        for mut child in [ours, theirs] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        similar(&read("/run/ours"), &read("/run/theirs"));
    });
}
