//! What takes no privileges: what errors say, signals by name, sockets that are refused something, requests that are held or
//! answered by something else than the kernel.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use netns_sys::netlink::{Conn, Kernel, KernelError, Socket};
use netns_sys::{Errno, Error, Exit, Kind, NameRule, NsFlags, probe, process};
use nl_core::reply::Policy;
use nl_core::route::{FAMILY, IfInfoMsg, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK, ifla};
use nl_core::wire::{NLMSG_DONE, NLMSG_ERROR};
use nl_core::{Batch, DecodeError, DecodeErrorKind, EncodeError, Flags, Message, Msg};
use std::collections::BTreeSet;
use std::os::fd::AsFd;

#[test]
fn each_error_says_what_it_is_about() {
    let name = || "a\nb".into();
    for (error, says) in [
        (Error::BadName { name: name(), rule: NameRule::Control }, r#""a\nb" cannot name a namespace: it contains"#),
        (Error::Exists { name: name(), seen: Kind::Netns }, r#"the name "a\nb" is taken: it is a network namespace"#),
        (Error::NoSuchName { name: name() }, r#"there is no namespace named "a\nb""#),
        (Error::Stale { name: name() }, r#"the namespace of the name "a\nb" is gone"#),
        (Error::NotNetns { about: name(), seen: Kind::Fifo }, r#""a\nb" is not a network namespace: it is a FIFO"#),
        (Error::NotOurs { path: name(), uid: 7 }, r#""a\nb" belongs to user 7"#),
        (Error::Helper { program: "newuidmap", exit: Exit::Code(3) }, "newuidmap failed with exit code 3"),
        (Error::Helper { program: "newuidmap", exit: Exit::Signal(9) }, "newuidmap was killed by signal 9"),
        (Error::Keeper { said: String::new() }, "the keeper of names ended without a word"),
        (Error::Keeper { said: "is ill".into() }, "the keeper of names is ill"),
        (
            Error::Decode(DecodeError { what: "IFLA_MTU", at: 52, kind: DecodeErrorKind::NotUtf8 }),
            "the kernel's answer cannot be read: IFLA_MTU at byte 52",
        ),
        (Error::Encode(EncodeError::NulInString { kind: 3 }), "the request does not fit a message: attribute 3"),
        (Error::Truncated { need: 9, have: 8 }, "the kernel's answer of 9 bytes was cut: the buffer has 8"),
        (Error::Interrupted, "the kernel's list kept changing"),
        (Error::Overrun, "the kernel dropped messages"),
        (Error::NoAnswer, "the kernel acknowledged the question and gave no answer"),
        (Error::Lost, "whether it was done is not known"),
        (Error::NoProc { op: "count" }, "cannot count: /proc is needed"),
    ] {
        let said = error.to_string();
        assert!(said.contains(says) && !said.contains('\n'), "{said}");
        assert_eq!(error.errno(), None);
    }
    assert_eq!(Error::Limit { kinds: NsFlags::NET }.errno(), Some(Errno::ENOSPC));
}

#[test]
fn rules_and_kinds_have_words_of_their_own() {
    use NameRule::*;
    let rules = [Empty, TooLong, Slash, Dots, Nul, Control].map(|rule| rule.to_string());
    assert_eq!(BTreeSet::from(rules).len(), 6);
    use Kind::*;
    let others =
        NsFlags::NAMES.map(|(_, flag)| OtherNs(flag)).into_iter().filter(|kind| *kind != OtherNs(NsFlags::NET));
    let kinds = [Netns, Stale, File, Dir, Link, Fifo, Socket, Device, OtherNs(NsFlags::empty())];
    let words: BTreeSet<_> = kinds.into_iter().chain(others).map(|kind| kind.to_string()).collect();
    assert_eq!(words.len(), 9 + 7, "{words:?}");
}

#[test]
fn signals_are_known_by_name_and_number() {
    use process::signal;
    for (name, number) in [
        ("TERM", Some(15)),
        ("sigkill", Some(9)),
        ("SIGhup", Some(1)),
        ("9", Some(9)),
        ("64", Some(64)),
        ("RTMIN", None),
        ("RTMIN+0", Some(libc::SIGRTMIN())),
        ("SIGRTMAX-0", Some(libc::SIGRTMAX())),
        ("rtmax-1", Some(libc::SIGRTMAX() - 1)),
        ("RT3", Some(libc::SIGRTMIN() + 3)),
        ("RTMIN+99", None),
        ("RTMAX-99", None),
        ("0", None),
        ("65", None),
        ("+9", None),
        ("-9", None),
        ("SIG", None),
        ("", None),
        ("NONE", None),
    ] {
        assert_eq!(signal(name), number, "{name:?}");
    }
}

#[test]
fn a_process_is_found_by_its_descriptor_only() {
    let own = process::open(std::process::id()).unwrap();
    assert_eq!(process::pid_of(own.as_fd()), Ok(std::process::id()));
    assert_eq!(process::is_there(own.as_fd()), Ok(()));
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(process::pid_of(file.as_fd()).unwrap_err().errno(), Some(Errno::EBADF));
    assert_eq!(process::is_there(file.as_fd()).unwrap_err().errno(), Some(Errno::EBADF));
    assert_eq!(process::inherited(1_000_000).unwrap_err().errno(), Some(Errno::EBADF));
    assert!(process::open(i32::MAX.unsigned_abs()).is_err());
    let child = std::process::Command::new("true").spawn().unwrap();
    let (gone, mut child) = (process::open(child.id()).unwrap(), child);
    child.wait().unwrap();
    assert_eq!(process::pid_of(gone.as_fd()).unwrap_err().errno(), Some(Errno::ESRCH));
    assert_eq!(process::is_there(gone.as_fd()).unwrap_err().errno(), Some(Errno::ESRCH));
}

#[test]
fn what_the_kernel_knows_it_says_or_a_filter_does_not_let_it() {
    // On a kernel that can run this at all, what is older than it is there, unless a filter forbids the question.
    for known in [probe::clone3(), probe::clone_into_cgroup(), probe::pidfd_getfd()] {
        assert!(matches!(known, Ok(_) | Err(Errno::EPERM)), "{known:?}");
    }
}

fn refused(policy: Policy) -> KernelError {
    KernelError {
        request: "RTM_NEWLINK",
        errno: Errno::EINVAL,
        message: Some("no such thing.".into()),
        attribute: Some("IFLA_MTU".into()),
        offset: None,
        missing: Some("IFLA_INFO_KIND".into()),
        policy: Some(policy),
    }
}

#[test]
fn a_refusal_says_what_the_value_would_have_to_be() {
    let about = |policy: Policy| refused(policy).about();
    let place = ", about IFLA_MTU, missing IFLA_INFO_KIND";
    let none = Policy::default();
    assert_eq!(about(none), place);
    assert_eq!(about(Policy { unsigned: (Some(68), None), ..none }), format!("{place}, its value is at least 68"));
    assert_eq!(about(Policy { unsigned: (None, Some(9)), ..none }), format!("{place}, its value is at most 9"));
    assert_eq!(about(Policy { signed: (Some(-1), Some(7)), ..none }), format!("{place}, its value is -1 to 7"));
    assert_eq!(about(Policy { length: (Some(6), Some(6)), ..none }), format!("{place}, its length in bytes is 6 to 6"));
    let whole = "RTM_NEWLINK: no such thing (EINVAL (Invalid argument)), about IFLA_MTU, missing IFLA_INFO_KIND";
    assert_eq!(refused(none).to_string(), whole);
    let bare = KernelError { message: None, attribute: None, missing: None, policy: None, ..refused(none) };
    assert_eq!(bare.to_string(), "RTM_NEWLINK: EINVAL (Invalid argument)");
    assert_eq!(Error::Kernel(Box::new(bare)).errno(), Some(Errno::EINVAL));
}

#[test]
fn a_socket_says_what_it_cannot_do() {
    let socket = Socket::open_for(0, &[1, 0, 99]).unwrap();
    assert_ne!(socket.port(), 0);
    assert_eq!(socket.join(u32::MAX).unwrap_err().errno(), Some(Errno::EINVAL));
    assert_eq!(socket.join(5), Ok(()));
    assert_eq!(socket.set_receive_buffer(u32::MAX), Ok(()));
    // EPERM comes before ENODEV.
    let refused = socket.multicast(true, "no-such-link".as_ref(), [1, 0, 0x5e, 0, 0, 1]).unwrap_err();
    assert!(matches!(refused.errno(), Some(Errno::ENODEV | Errno::EPERM)), "{refused}");
    assert!(Socket::open(255).is_err());
}

fn delete(m: &mut Msg<'_>) {
    m.fixed(&IfInfoMsg { index: i32::MAX.into(), ..Default::default() });
}

#[test]
fn without_acknowledgements_every_refusal_is_told_and_nothing_else() {
    let mut buf = vec![0; 200_000];
    let mut batch = Batch::new(&mut buf);
    for seq in 0..2_500 {
        // Most are nothing to do (NLMSG_NOOP).
        match seq % 25 {
            7 => batch.message(RTM_DELLINK, Flags::REQUEST, seq, delete).unwrap(),
            _ => batch.message(1, Flags::REQUEST, seq, |_| {}).unwrap(),
        }
    }
    let mut refused = Vec::new();
    Socket::plain(0).unwrap().send_unacknowledged(batch.bytes(), &mut refused).unwrap();
    let seqs: Vec<_> = refused.iter().map(|r| r.0).collect();
    assert_eq!(seqs, (0..2_500).filter(|seq| seq % 25 == 7).collect::<Vec<_>>());
    assert!(refused.iter().all(|r| matches!(r.1, Errno::ENODEV | Errno::EPERM)), "{:?}", refused[0]);
    let broken = &batch.bytes()[..20];
    assert!(matches!(
        Socket::plain(0).unwrap().send_unacknowledged(&broken[..10], &mut refused),
        Err(Error::Decode(_))
    ));
}

/// Has one link, `lo`, and refuses to delete it.
#[derive(Debug)]
struct One;

impl Kernel for One {
    fn answer(&mut self, request: &Message<'_>, answers: &mut Vec<u8>) {
        let (mut buf, seq) = ([0; 256], request.seq());
        let mut batch = Batch::new(&mut buf);
        let link = |m: &mut Msg<'_>| {
            m.fixed(&IfInfoMsg { index: 1.into(), ..Default::default() });
            m.str(ifla::IFNAME, b"lo");
        };
        let number =
            |number: i32| move |m: &mut Msg<'_>| m.raw(&[number.to_ne_bytes(), [0; 4]].concat().repeat(3)[..20]);
        match request.kind() {
            RTM_GETLINK if request.flags().contains(Flags::DUMP) => {
                batch.message(RTM_NEWLINK, Flags::MULTI, seq, link).unwrap();
                batch.message(NLMSG_DONE, Flags::MULTI, seq, |m| m.raw(&[0; 4])).unwrap();
            }
            RTM_GETLINK => {
                batch.message(RTM_NEWLINK, Flags::empty(), seq, link).unwrap();
                batch.message(NLMSG_ERROR, Flags::CAPPED, seq, number(0)).unwrap();
            }
            RTM_DELLINK => batch.message(NLMSG_ERROR, Flags::CAPPED, seq, number(-95)).unwrap(),
            _ => batch.message(NLMSG_ERROR, Flags::CAPPED, seq, number(0)).unwrap(),
        }
        answers.extend_from_slice(batch.bytes());
    }
}

#[test]
fn requests_are_answered_by_what_they_are_sent_to() {
    let mut conn = Conn::to(Box::new(One), &FAMILY);
    assert!(conn.socket().is_none());
    let name = |message: &Message<'_>| Ok(nl_core::route::Link::parse(message)?.name()?.unwrap_or_default().to_vec());
    let fill = |m: &mut Msg<'_>| m.fixed(&IfInfoMsg::default());
    assert_eq!(conn.get(RTM_GETLINK, fill, name).unwrap(), b"lo");
    let all = conn.dump(RTM_GETLINK, fill, |all: &mut Vec<_>, message| {
        all.push(name(message)?);
        Ok(())
    });
    assert_eq!(all.unwrap(), [b"lo"]);
    assert_eq!(conn.request(RTM_NEWLINK, Flags::CREATE, fill), Ok(None));
    let refused = conn.request(RTM_DELLINK, Flags::empty(), delete).unwrap_err();
    assert_eq!(refused.errno(), Some(Errno(95)));
    assert!(refused.to_string().starts_with("RTM_DELLINK: EOPNOTSUPP"), "{refused}");
}

#[test]
fn what_is_held_is_sent_later_and_what_failed_of_it_is_told() {
    let mut conn = Conn::to(Box::new(One), &FAMILY);
    let fill = |m: &mut Msg<'_>| m.fixed(&IfInfoMsg::default());
    conn.hold(Flags::ACK);
    assert_eq!(conn.request(RTM_NEWLINK, Flags::CREATE, fill), Ok(None));
    assert_eq!(conn.request(RTM_DELLINK, Flags::empty(), delete), Ok(None), "not sent, so not refused");
    let failed = conn.batch(|requests| requests.request(RTM_NEWLINK, Flags::ACK, fill)).unwrap();
    assert!(failed.is_empty());
    let held = conn.held();
    let kinds: Vec<_> = nl_core::Messages::new(&held).map(|m| m.unwrap().kind()).collect();
    assert_eq!(kinds, [RTM_NEWLINK, RTM_DELLINK, RTM_NEWLINK]);
    assert!(conn.held().is_empty(), "taken once");
    let failed = conn.send(&held).unwrap();
    assert_eq!(failed.iter().map(|(at, error)| (*at, error.errno())).collect::<Vec<_>>(), [(1, Some(Errno(95)))]);
    assert_eq!(conn.request(RTM_DELLINK, Flags::empty(), delete).unwrap_err().errno(), Some(Errno(95)));
}
