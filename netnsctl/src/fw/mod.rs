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
}
