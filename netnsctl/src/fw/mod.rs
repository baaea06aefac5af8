//! The middle of the firewall: what `fw` and `iptables` make rules with, and what they read them with.
//!
//! ```text
//! words → make: a Rule, statement by statement → write: expressions → change: one transaction → kernel
//!                     ▲                                                                           │
//! text, JSON ←────────┴──────────────── read: statements ← expressions ← ruleset: a dump ←────────┘
//! ```
//!
//! There is one way to make a rule. To add some, in one transaction with all else that is to change:
//!
//! ```no_run
//! use netnsctl::fw::{Rule, Side, change::Changes};
//! use netns_sys::netlink::Conn;
//! use nl_core::netfilter::{self, nfproto, expr::CtState, verdict};
//! let mut conn = Conn::open(&netfilter::FAMILY)?;
//! let refused = conn.transaction(netfilter::NFNL_SUBSYS_NFTABLES, |requests| {
//!     let mut changes = Changes::new(requests, nfproto::IPV4, b"filter");
//!     let mut rule = Rule::default();
//!     rule.l4proto(6, false).ports(Side::Dst, &[(22, 22), (80, 89)], false);
//!     rule.ct_state(CtState::NEW.bits(), false).counter().verdict(verdict::ACCEPT, "");
//!     rule.comment = Some(b"web"[..].into());
//!     changes.append(b"INPUT", &rule)
//! })?;
//! # Ok::<(), netns_sys::Error>(())
//! ```
//!
//! Nothing of it was done if `refused` has anything in it; [`change::refusal`] says it in words. With `--dry-run`
//! the messages are held and shown, as those of the route family.

pub mod change;
pub mod make;
pub mod read;
pub mod rule;
pub mod ruleset;
pub mod show;
pub mod write;

pub use make::Side;
pub use rule::{Expr, Key, Rule, Stmt};

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::make::{Side, proto};
    use super::rule::NatKind;
    use super::{Rule, read, write};
    use nl_core::netfilter::expr::{CtState, nft_reject};
    use nl_core::netfilter::{self, NFT_MSG_NEWRULE, NfGenMsg, nfproto, verdict};
    use nl_core::{Batch, Flags, Messages};

    #[test]
    fn what_is_written_is_read() {
        let mut rule = Rule { comment: Some(b"why"[..].into()), compat: Some((6, 0)), ..Rule::default() };
        let prefix = |addr: &str, len| crate::grammar::Prefix { addr: addr.parse().unwrap(), len };
        rule.addr(nfproto::INET, Side::Src, prefix("10.1.2.3", 24), false)
            .addr(nfproto::INET, Side::Dst, prefix("10.1.2.3", 25), true)
            .iface(Side::Src, b"eth0", false)
            .iface(Side::Dst, b"veth*", true)
            .l4proto(proto::TCP, false)
            .ports(Side::Dst, &[(80, 80)], false)
            .ports(Side::Src, &[(1024, 65535)], false)
            .ports(Side::Src, &[(1, 9)], true)
            .ct_state(CtState::NEW.bits(), false)
            .mark(false, 1, 3, false)
            .mark(true, 1, u32::MAX, true)
            .set_mark(true, 1, 3)
            .addrtype(Side::Dst, 2, false)
            .limit(5, 60, 7)
            .log(Some(b"x"), Some(4))
            .counter()
            .reject(nft_reject::TCP_RST, 0)
            .nat(NatKind::Dnat, Some(("::1".parse().unwrap(), "::2".parse().unwrap())), Some((1, 2)), 4)
            .nat(NatKind::Masquerade, None, None, 0)
            .verdict(verdict::ACCEPT, "")
            .verdict(netfilter::NFT_JUMP, "there");
        let mut buf = vec![0; 16384];
        let mut batch = Batch::new(&mut buf);
        batch
            .message(NFT_MSG_NEWRULE, Flags::empty(), 1, |m| {
                m.fixed(&NfGenMsg::default());
                write::rule(m, &rule, &mut std::iter::empty());
            })
            .unwrap();
        let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
        assert_eq!(read::rule(&netfilter::Rule::parse(&message).unwrap(), &()).unwrap(), rule);
    }
    /// All of a ruleset as the kernel dumped it (its `.txt` says which).
    #[cfg(target_endian = "little")]
    const DUMPED: &[u8] = include_bytes!("../../../nl-core/tests/golden/nft.bin");

    #[cfg(target_endian = "little")]
    fn shown(bytes: &[u8], json: bool) -> Option<String> {
        use super::ruleset::Ruleset;
        use super::show::{Links, Part, ruleset};
        use crate::out::{Format, Out, Style};
        let all = Ruleset::of(bytes).ok()?;
        let mut out = Out::new(if json { Format::JsonSpaced } else { Format::Text }, Style::default());
        ruleset(&mut out, &all, &mut Links::new(None), Part { handles: true, ..Part::default() }).ok()?;
        Some(out.take())
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn what_is_unknown_is_kept_and_shown() {
        let text = shown(DUMPED, false).unwrap();
        let rule = text.lines().find(|line| line.contains("# hash 0x")).unwrap();
        // The expressions of the unknown one are all there, in their order.
        let names: Vec<_> = rule.split(" # ").map(|part| part.split(' ').next().unwrap_or_default()).collect();
        assert!(rule.trim().starts_with("# payload 0x") && rule.contains("# hash 0x"), "{rule}");
        assert!(names.contains(&"hash"), "{names:?}");
        assert!(text.contains("xt match \"multiport\" revision 1 0x") && text.contains("xt target \"LOG\""), "{text}");
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn any_changed_byte_can_be_shown_and_does_not_disturb_a_terminal() {
        let mut bytes = DUMPED.to_vec();
        for i in 0..bytes.len() {
            let old = bytes[i];
            bytes[i] = [0, 0xff, old ^ 0x80, old ^ 1, old.wrapping_add(4)][i % 5];
            let text = shown(&bytes, i % 2 == 0).unwrap_or_default();
            assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "byte {i}");
            bytes[i] = old;
        }
    }
}
