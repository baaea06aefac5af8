//! Changes of tables, chains, sets and rules, for one transaction ([`Conn::transaction`]).
//!
//! [`Conn::transaction`]: netns_sys::netlink::Conn::transaction

use super::rule::{Elements, Rule};
use super::write;
use netns_sys::Error;
use netns_sys::netlink::{Refused, Requests};
use nl_core::netfilter::{
    ElemFlags, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE, NFT_MSG_DELTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM, NFT_MSG_NEWTABLE, NfGenMsg, SetFlags, expr, nest, nfta_chain, nfta_data, nfta_hook, nfta_list,
    nfta_rule, nfta_set, nfta_set_desc, nfta_set_elem, nfta_set_elem_list, nfta_table, unsigned,
};
use nl_core::{Flags, Message, Msg};

/// Where packets come to a base chain from, and in what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook<'n> {
    /// `filter`, `nat` or `route`.
    pub kind: &'n str,
    /// See [`nl_core::netfilter::nf_inet`].
    pub hook: u32,
    /// Order among the chains of a hook.
    pub priority: i32,
    /// What becomes of a packet that comes to its end; see [`nl_core::netfilter::verdict`].
    pub policy: Option<i32>,
}

/// Writes the changes of one table.
#[derive(Debug)]
pub struct Changes<'c, 'r> {
    requests: &'r mut Requests<'c>,
    family: u8,
    table: &'r [u8],
    /// The last number given to a set.
    sets: u32,
}

type Result = netns_sys::Result<()>;

impl<'c, 'r> Changes<'c, 'r> {
    /// Changes of table `table` of family `family` ([`nl_core::netfilter::nfproto`]).
    pub fn new(requests: &'r mut Requests<'c>, family: u8, table: &'r [u8]) -> Self {
        Self { requests, family, table, sets: 0 }
    }

    /// Any request: `attr` is the attribute of the table's name.
    ///
    /// # Errors
    /// It does not fit a message.
    pub fn request(&mut self, kind: u16, flags: Flags, attr: u16, fill: impl Fn(&mut Msg<'_>)) -> Result {
        let (family, table) = (self.family, self.table);
        self.requests.request(kind, flags, |m| {
            m.fixed(&NfGenMsg { family, ..NfGenMsg::default() });
            m.str(attr, table);
            fill(m);
        })
    }

    /// Makes the table, unless it is there.
    ///
    /// # Errors
    /// Its name does not fit a message.
    pub fn table(&mut self) -> Result {
        self.request(NFT_MSG_NEWTABLE, Flags::CREATE, nfta_table::NAME, |m| m.be32(nfta_table::FLAGS, 0))
    }

    /// Deletes the table and all in it. It has to be there.
    ///
    /// # Errors
    /// Its name does not fit a message.
    pub fn delete_table(&mut self) -> Result {
        self.request(NFT_MSG_DELTABLE, Flags::empty(), nfta_table::NAME, |_| {})
    }

    /// Makes a chain, or sets a base chain's policy; a chain that is there stays as it is otherwise.
    ///
    /// # Errors
    /// Its name does not fit a message.
    pub fn chain(&mut self, name: &[u8], hook: Option<Hook<'_>>) -> Result {
        self.request(NFT_MSG_NEWCHAIN, Flags::CREATE, nfta_chain::TABLE, |m| {
            m.str(nfta_chain::NAME, name);
            if let Some(hook) = hook {
                nest(m, nfta_chain::HOOK, |m| {
                    m.be32(nfta_hook::HOOKNUM, hook.hook);
                    m.be32(nfta_hook::PRIORITY, unsigned(hook.priority));
                });
                hook.policy.iter().for_each(|policy| m.be32(nfta_chain::POLICY, unsigned(*policy)));
                m.str(nfta_chain::TYPE, hook.kind.as_bytes());
            }
        })
    }

    /// Deletes a chain, which must have no rules, or be in a table that goes.
    ///
    /// # Errors
    /// Its name does not fit a message.
    pub fn delete_chain(&mut self, name: &[u8]) -> Result {
        self.request(NFT_MSG_DELCHAIN, Flags::empty(), nfta_chain::TABLE, |m| m.str(nfta_chain::NAME, name))
    }

    /// Adds a rule at the end of a chain.
    ///
    /// # Errors
    /// It does not fit a message.
    pub fn append(&mut self, chain: &[u8], rule: &Rule<'_>) -> Result {
        self.rule(Flags::CREATE | Flags::APPEND, chain, nfta_rule::POSITION, None, rule)
    }

    /// Adds a rule in front of the one with handle `before`, or at the start of a chain.
    ///
    /// # Errors
    /// It does not fit a message.
    pub fn insert(&mut self, chain: &[u8], before: Option<u64>, rule: &Rule<'_>) -> Result {
        self.rule(Flags::CREATE, chain, nfta_rule::POSITION, before, rule)
    }

    /// Puts a rule in the place of the one with this handle.
    ///
    /// # Errors
    /// It does not fit a message.
    pub fn replace(&mut self, chain: &[u8], handle: u64, rule: &Rule<'_>) -> Result {
        self.rule(Flags::CREATE | Flags::REPLACE, chain, nfta_rule::HANDLE, Some(handle), rule)
    }

    fn rule(&mut self, flags: Flags, chain: &[u8], attr: u16, handle: Option<u64>, rule: &Rule<'_>) -> Result {
        let first = self.sets.saturating_add(1);
        for elements in write::anonymous(rule) {
            self.anonymous(elements)?;
        }
        let last = self.sets;
        self.request(NFT_MSG_NEWRULE, flags, nfta_rule::TABLE, |m| {
            m.str(nfta_rule::CHAIN, chain);
            handle.iter().for_each(|handle| m.be64(attr, *handle));
            write::rule(m, rule, &mut (first..=last));
        })
    }

    /// Deletes the rule with this handle, or all of the chain.
    ///
    /// # Errors
    /// A name does not fit a message.
    pub fn delete_rule(&mut self, chain: &[u8], handle: Option<u64>) -> Result {
        self.request(NFT_MSG_DELRULE, Flags::empty(), nfta_rule::TABLE, |m| {
            m.str(nfta_rule::CHAIN, chain);
            handle.iter().for_each(|handle| m.be64(nfta_rule::HANDLE, *handle));
        })
    }

    /// Makes a set that goes with the rule that comes next.
    fn anonymous(&mut self, elements: &Elements) -> Result {
        self.sets = self.sets.saturating_add(1);
        let id = self.sets;
        let interval = elements.ranges.iter().any(|(first, last)| first != last);
        let key_len = elements.ranges.first().map_or(0, |r| u32::try_from(r.0.len()).unwrap_or_default());
        let flags = SetFlags::ANONYMOUS | SetFlags::CONSTANT;
        let flags = if interval { flags | SetFlags::INTERVAL } else { flags };
        self.request(NFT_MSG_NEWSET, Flags::CREATE, nfta_set::TABLE, |m| {
            m.str(nfta_set::NAME, b"__set%d");
            m.be32(nfta_set::FLAGS, flags.bits());
            m.be32(nfta_set::KEY_TYPE, elements.kind);
            m.be32(nfta_set::KEY_LEN, key_len);
            m.be32(nfta_set::ID, id);
            let size = u32::try_from(elements.ranges.len()).unwrap_or_default();
            nest(m, nfta_set::DESC, |m| {
                if !interval {
                    m.be32(nfta_set_desc::SIZE, size);
                }
            });
        })?;
        // As nft(8) has it: what lies in front of the first range, then beginnings and ends in turn.
        let mut keys: Vec<(Vec<u8>, bool)> = Vec::new();
        for (first, last) in &elements.ranges {
            if interval && keys.is_empty() && first.iter().any(|byte| *byte != 0) {
                keys.push((vec![0; first.len()], true));
            }
            match keys.last() {
                // A range begins where the one before ends.
                Some((end, true)) if end == first && !keys.is_empty() && keys.len() > 1 => {
                    keys.pop();
                }
                _ => {}
            }
            keys.push((first.clone(), false));
            if interval {
                keys.extend(next(last).map(|key| (key, true)));
            }
        }
        self.request(NFT_MSG_NEWSETELEM, Flags::CREATE, nfta_set_elem_list::TABLE, |m| {
            m.str(nfta_set_elem_list::SET, b"__set%d");
            m.be32(nfta_set_elem_list::SET_ID, id);
            nest(m, nfta_set_elem_list::ELEMENTS, |m| {
                for (key, end) in &keys {
                    nest(m, nfta_list::ELEM, |m| {
                        if *end {
                            m.be32(nfta_set_elem::FLAGS, ElemFlags::INTERVAL_END.bits());
                        }
                        nest(m, nfta_set_elem::KEY, |m| m.bytes(nfta_data::VALUE, key));
                    });
                }
            });
        })
    }
}

/// The key behind `key`; none behind the last.
fn next(key: &[u8]) -> Option<Vec<u8>> {
    let mut key = key.to_vec();
    for byte in key.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(key);
        }
    }
    None
}

/// Which expression of a refused rule the kernel's words are about: its number, from 1 on, and its name.
#[must_use]
pub fn expression_at(refused: &Refused) -> Option<(usize, String)> {
    let message = nl_core::Messages::new(&refused.message).next()?.ok()?;
    if message.kind() != NFT_MSG_NEWRULE {
        return None;
    }
    let rule = nl_core::netfilter::Rule::parse(&message).ok()?;
    let mut list = rule.list().ok()??.map_while(std::result::Result::ok).enumerate();
    let (index, elem) = list.find(|(_, elem)| elem.covers(refused.at.unwrap_or(usize::MAX)))?;
    let name = elem.attrs().find(expr::nfta_expr::NAME)?.name();
    Some((index.saturating_add(1), String::from_utf8_lossy(name).into_owned()))
}

/// The first refusal, in words: `task`, what the kernel says, and the expression it is about. `show` shows the refused rule.
#[must_use]
pub fn refusal(task: &str, refused: &Refused, show: impl Fn(&Message<'_>) -> String) -> crate::failure::Failure {
    let message = nl_core::Messages::new(&refused.message).next().and_then(std::result::Result::ok);
    let what = message.map(|m| show(&m)).filter(|what| !what.is_empty());
    let mut failure = crate::failure::Failure::of(task, &refused.error);
    let about = expression_at(refused).map(|(number, name)| format!("expression {number}, {name}"));
    let more: Vec<String> = about.into_iter().chain(what.map(|what| format!("in {what}"))).collect();
    if !more.is_empty() {
        failure.message = format!("{}: {}", failure.message, more.join(" "));
    }
    failure
}

/// Whether the kernel has no nftables: what it says to a question about it.
#[must_use]
pub fn is_absent(error: &Error) -> bool {
    use netns_sys::Errno;
    matches!(error.errno(), Some(Errno::EPROTONOSUPPORT | Errno::EINVAL | Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT))
}
