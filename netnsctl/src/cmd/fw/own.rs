//! The table of our own: what is in it, and how lines come and go.

use super::failed;
use super::line::{Chain, FAMILY, Line};
use crate::failure::{Failure, Result};
use crate::fw::change::{Changes, Hook, is_absent, refusal};
use crate::fw::read;
use crate::fw::rule::Stmt;
use crate::fw::ruleset::{Ruleset, Which};
use crate::fw::show::rule_text;
use crate::out::{Escaped, Out};
use netns_sys::netlink::{Conn, Refused, Requests};
use netns_sys::{Errno, Error};
use nl_core::Message;
use nl_core::netfilter::{self, NFNL_SUBSYS_NFTABLES, signed, udata, verdict};
use std::collections::BTreeMap;

/// The table's name.
pub(crate) const TABLE: &[u8] = b"netnsctl";

/// How often a change is tried while others change rules too.
const TRIES: u32 = 20;

/// What is to become of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to hold.
    There,
    /// It is to be gone.
    Gone,
}

/// What is in the table.
struct Own {
    all: Ruleset,
    there: bool,
}

/// One of the rules there.
pub(super) struct OwnRule {
    chain: Vec<u8>,
    handle: u64,
    line: String,
    packets: u64,
    bytes: u64,
}

impl OwnRule {
    pub(super) fn show(&self, out: &mut Out) {
        out.object("", |out| {
            out.field("packets", self.packets, format_args!("{:>10} ", self.packets));
            out.field("bytes", self.bytes, format_args!("{:>12} ", self.bytes));
            out.field("chain", &self.chain[..], format_args!("{:<16}", Escaped(&self.chain).to_string()));
            out.field("line", self.line.as_str(), format_args!("{}\n", Escaped(self.line.as_bytes())));
        });
    }
}

impl Own {
    fn read(conn: &mut Conn) -> netns_sys::Result<Own> {
        let all = Ruleset::read(conn, Which { family: FAMILY, table: Some(TABLE) })?;
        let there = all.has_table(FAMILY, TABLE);
        Ok(Own { all, there })
    }

    fn rules(&self) -> netns_sys::Result<Vec<OwnRule>> {
        let mut rules = Vec::new();
        for message in self.all.rules.iter() {
            let rule = netfilter::Rule::parse(&message)?;
            let line = rule.userdata()?.and_then(|data| udata::string(data, udata::COMMENT)).unwrap_or_default();
            let stmts = read::list(rule.list()?, &())?;
            let counter = stmts.iter().find_map(|stmt| match stmt {
                Stmt::Counter { packets, bytes } => Some((*packets, *bytes)),
                _ => None,
            });
            let (packets, bytes) = counter.unwrap_or_default();
            rules.push(OwnRule {
                chain: rule.chain()?.unwrap_or_default().to_vec(),
                handle: rule.handle()?.unwrap_or_default(),
                line: String::from_utf8_lossy(line).into_owned(),
                packets,
                bytes,
            });
        }
        Ok(rules)
    }

    /// The chains of the table: name and policy.
    fn chains(&self) -> netns_sys::Result<Vec<(Vec<u8>, i32)>> {
        let mut chains = Vec::new();
        for message in self.all.chains.iter() {
            let chain = netfilter::Chain::parse(&message)?;
            if chain.header.family == FAMILY && chain.table()? == Some(TABLE) {
                let policy = chain.policy()?.map_or(verdict::ACCEPT, signed);
                chains.push((chain.name()?.unwrap_or_default().to_vec(), policy));
            }
        }
        Ok(chains)
    }
}

/// Lines, one after the other, from the first on each time it is called.
pub(crate) type Lines<'l> = dyn Fn(&mut dyn FnMut(&Line, Wish) -> netns_sys::Result<()>) -> netns_sys::Result<()> + 'l;

/// Writes what has to change for wishes to come true.
struct Writer<'c, 'r> {
    changes: Changes<'c, 'r>,
    /// Handles of the rules there are and come, by line and chain; of those to come none.
    rules: BTreeMap<(String, Vec<u8>), Vec<u64>>,
    /// The chains there are and come: how many rules are in each, and its policy.
    chains: BTreeMap<Vec<u8>, (usize, i32)>,
    there: bool,
    changed: bool,
}

impl<'c, 'r> Writer<'c, 'r> {
    fn new(requests: &'r mut Requests<'c>, own: &Own) -> netns_sys::Result<Self> {
        let mut chains: BTreeMap<_, _> = own.chains()?.into_iter().map(|(name, policy)| (name, (0, policy))).collect();
        let mut rules: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for rule in own.rules()? {
            let rules_in = &mut chains.entry(rule.chain.clone()).or_insert((0_usize, verdict::ACCEPT)).0;
            *rules_in = rules_in.saturating_add(1);
            rules.entry((rule.line, rule.chain)).or_default().push(rule.handle);
        }
        let changes = Changes::new(requests, FAMILY, TABLE);
        Ok(Writer { changes, rules, chains, there: own.there, changed: false })
    }

    /// Makes a chain that is not there, or sets a policy.
    fn chain(&mut self, chain: &Chain, policy: Option<i32>) -> netns_sys::Result<()> {
        let name = chain.name.as_bytes();
        let now = self.chains.get(name).map(|c| c.1);
        if now.is_some() && (policy.is_none() || policy == now) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.there, true) {
            self.changes.table()?;
        }
        self.changed = true;
        self.chains.entry(name.to_vec()).or_insert((0, verdict::ACCEPT)).1 = policy.or(now).unwrap_or(verdict::ACCEPT);
        let hook = Hook { kind: chain.kind, hook: chain.hook, priority: chain.priority, policy };
        self.changes.chain(name, Some(hook))
    }

    fn wish(&mut self, line: &Line, wish: Wish) -> netns_sys::Result<()> {
        if let Some((chain, policy)) = line.policy {
            let now = self.chains.get(chain.name.as_bytes()).map_or(verdict::ACCEPT, |c| c.1);
            match wish {
                Wish::There if now != policy => self.chain(chain, Some(policy))?,
                Wish::Gone if now == policy && now != verdict::ACCEPT => self.chain(chain, Some(verdict::ACCEPT))?,
                _ => {}
            }
        }
        for (chain, rule) in &line.rules {
            let name = chain.name.as_bytes();
            let key = (line.text.clone(), name.to_vec());
            match wish {
                Wish::There => {
                    if self.rules.contains_key(&key) {
                        continue;
                    }
                    self.chain(chain, None)?;
                    self.changes.append(name, rule)?;
                    self.rules.insert(key, Vec::new());
                    self.count(name, |n| n.saturating_add(1));
                }
                Wish::Gone => {
                    for handle in self.rules.remove(&key).unwrap_or_default() {
                        self.changes.delete_rule(name, Some(handle))?;
                        self.count(name, |n| n.saturating_sub(1));
                    }
                }
            }
            self.changed = true;
        }
        Ok(())
    }

    fn count(&mut self, chain: &[u8], change: impl Fn(usize) -> usize) {
        if let Some((rules, _)) = self.chains.get_mut(chain) {
            *rules = change(*rules);
        }
    }

    /// Takes away what nothing is left in. False: nothing changes at all.
    fn end(mut self) -> netns_sys::Result<bool> {
        let unused = |c: &(usize, i32)| *c == (0, verdict::ACCEPT);
        let empty: Vec<&Vec<u8>> = self.chains.iter().filter(|c| unused(c.1)).map(|c| c.0).collect();
        let all = self.there && empty.len() == self.chains.len();
        empty.iter().try_for_each(|chain| self.changes.delete_chain(chain))?;
        if all {
            self.changes.delete_table()?;
        }
        Ok(self.changed || all || !empty.is_empty())
    }
}

/// Why a wish did not come true: nothing was changed.
pub(crate) struct Broken {
    pub(crate) error: Error,
    refused: Option<Box<Refused>>,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        Broken { error, refused: None }
    }
}

/// Makes wishes come true, all at once; false: they were true already.
pub(crate) fn grant(conn: &mut Conn, lines: &Lines<'_>) -> std::result::Result<bool, Broken> {
    for _ in 0..TRIES {
        let own = Own::read(conn)?;
        let mut changes = false;
        let generation = Some(own.all.generation);
        let refused = conn.transaction_at(NFNL_SUBSYS_NFTABLES, generation, |requests| {
            let mut writer = Writer::new(requests, &own)?;
            drop(own);
            lines(&mut |line, wish| writer.wish(line, wish))?;
            changes = writer.end()?;
            // What is empty is not sent.
            if changes { Ok(()) } else { Err(NOTHING) }
        });
        match refused {
            Err(NOTHING) if !changes => return Ok(false),
            refused => match refused?.into_iter().next() {
                None => return Ok(true),
                // Others changed rules meanwhile.
                Some(refused) if refused.error.errno() == Some(Errno::ERESTART) => {}
                Some(refused) => return Err(Broken { error: refused.error.clone(), refused: Some(Box::new(refused)) }),
            },
        }
    }
    Err(Error::Interrupted.into())
}

/// There is nothing to do.
const NOTHING: Error = Error::NoAnswer;

/// As [`grant`], with the failure in words; `what` are the lines: "fw allow in".
pub(super) fn change(conn: &mut Conn, what: &str, lines: &Lines<'_>) -> Result<()> {
    let task = format!("carry out {what}");
    grant(conn, lines).map(drop).map_err(|broken| match &broken.refused {
        Some(refused) => said(&task, refused),
        None => failed(&task, &broken.error),
    })
}

fn said(task: &str, refused: &Refused) -> Failure {
    let failure = refusal(task, refused, shown);
    if refused.at.is_none() && is_absent(&refused.error) { super::lacking(failure) } else { failure }
}

/// A rule that was refused, in nft's words.
pub(super) fn shown(message: &Message<'_>) -> String {
    let rule = netfilter::Rule::parse(message).ok();
    let rule = rule.filter(|_| message.kind() == netfilter::NFT_MSG_NEWRULE);
    let read = rule.and_then(|rule| Some((rule.header.family, rule.chain().ok()?, read::rule(&rule, &()).ok()?)));
    read.map_or_else(String::new, |(family, chain, rule)| {
        format!("rule \"{}\" of chain {}", rule_text(family, rule), Escaped(chain.unwrap_or_default()))
    })
}

/// Whether a line holds.
#[cfg(feature = "plans")]
pub(crate) fn holds(conn: &mut Conn, line: &Line) -> netns_sys::Result<bool> {
    let own = Own::read(conn)?;
    let (rules, chains) = (own.rules()?, own.chains()?);
    let there = |chain: &Chain| rules.iter().any(|r| r.line == line.text && r.chain == chain.name.as_bytes());
    let policy = |chain: &Chain| chains.iter().find(|c| c.0 == chain.name.as_bytes()).map_or(verdict::ACCEPT, |c| c.1);
    Ok(line.rules.iter().all(|(chain, _)| there(chain)) && line.policy.is_none_or(|(chain, p)| policy(chain) == p))
}

/// The rules there are.
pub(super) fn rules(conn: &mut Conn) -> netns_sys::Result<Vec<OwnRule>> {
    Own::read(conn)?.rules()
}

/// Takes the table away, if it is there.
pub(super) fn flush(conn: &mut Conn) -> Result<()> {
    let task = "take away the rules";
    if !Own::read(conn).map_err(|e| failed(task, &e))?.there {
        return Ok(());
    }
    let refused =
        conn.transaction(NFNL_SUBSYS_NFTABLES, |requests| Changes::new(requests, FAMILY, TABLE).delete_table());
    match refused.map_err(|e| failed(task, &e))?.first() {
        // Somebody else was faster.
        None => Ok(()),
        Some(refused) if refused.error.errno() == Some(Errno::ENOENT) => Ok(()),
        Some(refused) => Err(said(task, refused)),
    }
}
