//! What is known of a packet at each statement, and which matches another one implies: these nft does not show.

use super::At;
use crate::fw::rule::{Expr, Key, Reject, Stmt, With};
use nl_core::netfilter::expr::{nft_cmp, nft_meta, nft_payload, nft_reject};
use nl_core::netfilter::nfproto;

/// A statement, and what is known of the packet where it is.
pub(super) struct Item<'a> {
    pub(super) stmt: Stmt<'a>,
    pub(super) at: At,
    /// Whether another one implies it.
    pub(super) implied: bool,
}

/// Protocol numbers that an ethernet type or netfilter's family stand for.
fn family_of(key: Key, value: &[u8]) -> Option<u8> {
    match (key, value) {
        (Key::Meta(nft_meta::NFPROTO), [family]) => Some(*family),
        (
            Key::Meta(nft_meta::PROTOCOL) | Key::Payload { base: nft_payload::LL_HEADER, offset: 12 | 16, len: 2 },
            [high, low],
        ) => match u16::from_be_bytes([*high, *low]) {
            0x0800 => Some(nfproto::IPV4),
            0x86dd => Some(nfproto::IPV6),
            0x0806 => Some(nfproto::ARP),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a key says what the transport protocol is; and of what header it is the field.
fn says_transport(key: Key, l3: Option<u8>) -> bool {
    match key {
        Key::Meta(nft_meta::L4PROTO) => true,
        Key::Payload { base: nft_payload::NETWORK_HEADER, offset, len: 1 } => {
            (offset == 9 && l3 == Some(nfproto::IPV4)) || (offset == 6 && l3 == Some(nfproto::IPV6))
        }
        _ => false,
    }
}

/// Whether it says that a VLAN tag comes next.
fn is_vlan(key: Key, value: &[u8]) -> bool {
    matches!(key, Key::Payload { base: nft_payload::LL_HEADER, offset: 12, len: 2 }) && value == [0x81, 0]
}

/// Calls `on` with each key of an expression.
fn keys(expr: &Expr<'_>, on: &mut dyn FnMut(Key)) {
    match expr {
        Expr::Key(key) => on(*key),
        Expr::Bits { of, .. } | Expr::Shift { of, .. } | Expr::Order { of, .. } | Expr::Map(of, _) => keys(of, on),
        Expr::Concat(all) => all.iter().for_each(|expr| keys(expr, on)),
        Expr::Value(_) => {}
    }
}

/// Calls `on` with each key of a statement.
fn stmt_keys(stmt: &Stmt<'_>, on: &mut dyn FnMut(Key)) {
    match stmt {
        Stmt::Match(expr, ..) | Stmt::Vmap(expr, _) | Stmt::ObjectMap(expr, _) => keys(expr, on),
        Stmt::Set(key, expr, _) => {
            on(*key);
            keys(expr, on);
        }
        Stmt::DynSet { key, data, stmts, .. } => {
            keys(key, on);
            data.iter().for_each(|data| keys(data, on));
            stmts.iter().for_each(|stmt| stmt_keys(stmt, on));
        }
        Stmt::Nat { addr, port, .. } => {
            for (first, last) in addr.iter().chain(port) {
                keys(first, on);
                last.iter().for_each(|last| keys(last, on));
            }
        }
        _ => {}
    }
}

/// The statements with what is known where each is.
pub(super) fn arrange<'a>(family: u8, stmts: Vec<Stmt<'a>>) -> Vec<Item<'a>> {
    let l3 = matches!(family, nfproto::IPV4 | nfproto::IPV6 | nfproto::ARP).then_some(family);
    let mut at = At { l3, l4: None };
    let mut items: Vec<Item<'a>> = Vec::with_capacity(stmts.len());
    // The matches that say what header comes next, until something says the same.
    let (mut link, mut net, mut transport): (Option<usize>, Option<usize>, Option<usize>) = (None, None, None);
    for stmt in stmts {
        let imply = |index: &mut Option<usize>, items: &mut Vec<Item<'a>>| {
            if let Some(item) = index.take().and_then(|index| items.get_mut(index)) {
                item.implied = true;
            }
        };
        stmt_keys(&stmt, &mut |key| match key {
            Key::Payload { base: nft_payload::NETWORK_HEADER, .. } => imply(&mut net, &mut items),
            Key::Payload { base: nft_payload::LL_HEADER, offset, .. } => {
                let tagged = |index: usize| {
                    let stmt = items.get(index).map(|item| &item.stmt);
                    matches!(stmt, Some(Stmt::Match(Expr::Key(Key::Payload { .. }), ..)))
                };
                if link.is_some_and(tagged) == (offset >= 14) {
                    imply(&mut link, &mut items);
                }
            }
            Key::ExtHdr { op: 0, .. } if at.l3 == Some(nfproto::IPV6) => imply(&mut net, &mut items),
            Key::Payload { base: nft_payload::TRANSPORT_HEADER, .. } if at.l4.is_some() => {
                // Where there are several families, a field of one of them says more than the protocol.
                let field = |index: usize| {
                    let stmt = items.get(index).map(|item| &item.stmt);
                    matches!(stmt, Some(Stmt::Match(Expr::Key(Key::Payload { .. }), ..)))
                };
                let several = matches!(family, nfproto::INET | nfproto::BRIDGE | nfproto::NETDEV);
                if !(several && transport.is_some_and(field)) {
                    imply(&mut transport, &mut items);
                }
                if matches!((at.l3, at.l4), (Some(nfproto::IPV4), Some(1)) | (Some(nfproto::IPV6), Some(58))) {
                    imply(&mut net, &mut items);
                }
            }
            _ => {}
        });
        match &stmt {
            Stmt::Reject(Reject { kind: nft_reject::ICMP_UNREACH, .. }) if family == nfproto::INET => {
                imply(&mut net, &mut items);
            }
            Stmt::Reject(Reject { kind: nft_reject::TCP_RST, .. })
                if matches!(family, nfproto::IPV4 | nfproto::IPV6) =>
            {
                imply(&mut transport, &mut items);
            }
            // What is done up to here is done for that protocol only: it has to be said.
            Stmt::Match(..) => {}
            _ => (link, net, transport) = (None, None, None),
        }
        let index = items.len();
        let mut known = at;
        if let Stmt::Match(Expr::Key(key), nft_cmp::EQ, With::Value(value)) = &stmt {
            if let Some(family) = family_of(*key, value) {
                (known.l3, net) = (Some(family), Some(index));
            } else if says_transport(*key, at.l3) {
                (known.l4, transport) = (value.first().copied(), Some(index));
            } else if *key == Key::Meta(nft_meta::IIFTYPE) || (is_vlan(*key, value)) {
                link = Some(index);
            }
        }
        items.push(Item { stmt, at, implied: false });
        at = known;
    }
    items
}
