//! The table of our own: what is in it, and how lines come and go.

use super::failed;
use super::line::{Chain, FAMILY, Line};
use crate::failure::{Failure, Result};
use crate::fw::change::{Changes, Hook, refusal};
use crate::fw::read;
use crate::fw::rule::Stmt;
use crate::fw::ruleset::{Ruleset, Which};
use crate::fw::show::rule_text;
use crate::out::{Escaped, Out};
use netns_sys::netlink::{Conn, Refused, Requests};
use netns_sys::{Errno, Error};
use nl_core::netfilter::{self, NFNL_SUBSYS_NFTABLES, signed, udata, verdict};
use nl_core::Message;

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

/// What has to change for a wish to come true.
struct Todo<'l> {
    add: Vec<&'l (&'static Chain, crate::fw::Rule<'static>)>,
    delete: Vec<(Vec<u8>, u64)>,
    policy: Option<(&'static Chain, i32)>,
    /// Chains that nothing is left in.
    empty: Vec<Vec<u8>>,
    /// Nothing is left at all.
    all: bool,
}

impl Todo<'_> {
    fn is_nothing(&self) -> bool {
        self.add.is_empty() && self.delete.is_empty() && self.policy.is_none() && self.empty.is_empty() && !self.all
    }
}

fn todo<'l>(own: &Own, line: &'l Line, wish: Wish) -> netns_sys::Result<Todo<'l>> {
    let (rules, chains) = (own.rules()?, own.chains()?);
    let mut todo = Todo { add: Vec::new(), delete: Vec::new(), policy: None, empty: Vec::new(), all: false };
    let policy_of = |name: &[u8]| chains.iter().find(|c| c.0 == name).map_or(verdict::ACCEPT, |c| c.1);
    match wish {
        Wish::There => {
            let there = |chain: &Chain| rules.iter().any(|r| r.line == line.text && r.chain == chain.name.as_bytes());
            todo.add = line.rules.iter().filter(|(chain, _)| !there(chain)).collect();
            todo.policy = line.policy.filter(|(chain, policy)| policy_of(chain.name.as_bytes()) != *policy);
        }
        Wish::Gone => {
            let gone = |r: &&OwnRule| r.line == line.text && !line.rules.is_empty();
            todo.delete = rules.iter().filter(gone).map(|r| (r.chain.clone(), r.handle)).collect();
            let set = line.policy.filter(|(chain, policy)| policy_of(chain.name.as_bytes()) == *policy);
            todo.policy = set.map(|(chain, _)| (chain, verdict::ACCEPT)).filter(|(chain, _)| {
                policy_of(chain.name.as_bytes()) != verdict::ACCEPT
            });
        }
    }
    // What no rule, and no policy of its own, is left in.
    for (name, policy) in &chains {
        let left = rules.iter().any(|r| r.chain == *name && !todo.delete.iter().any(|d| d.1 == r.handle));
        let comes = todo.add.iter().any(|(chain, _)| chain.name.as_bytes() == name);
        let policy = todo.policy.filter(|p| p.0.name.as_bytes() == name).map_or(*policy, |p| p.1);
        if !left && !comes && policy == verdict::ACCEPT {
            todo.empty.push(name.clone());
        }
    }
    let policy_new = todo.policy.is_some_and(|p| p.1 != verdict::ACCEPT);
    todo.all = own.there && todo.empty.len() == chains.len() && todo.add.is_empty() && !policy_new;
    Ok(todo)
}

/// Why a wish did not come true: nothing was changed.
pub(crate) struct Broken {
    pub(crate) error: Error,
    refused: Option<Refused>,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        Broken { error, refused: None }
    }
}

/// Makes a wish come true; false: it was true already.
pub(crate) fn grant(conn: &mut Conn, line: &Line, wish: Wish) -> std::result::Result<bool, Broken> {
    for _ in 0..TRIES {
        let own = Own::read(conn)?;
        let todo = todo(&own, line, wish)?;
        if todo.is_nothing() {
            return Ok(false);
        }
        let refused = conn.transaction_at(NFNL_SUBSYS_NFTABLES, Some(own.all.generation), |r| write(r, &todo))?;
        match refused.into_iter().next() {
            None => return Ok(true),
            // Others changed rules meanwhile.
            Some(refused) if refused.error.errno() == Some(ERESTART) => {}
            Some(refused) => return Err(Broken { error: refused.error.clone(), refused: Some(refused) }),
        }
    }
    Err(Error::Interrupted.into())
}

/// As [`grant`], with the failure in words.
pub(super) fn change(conn: &mut Conn, line: &Line, wish: Wish) -> Result<()> {
    let verb = match wish {
        Wish::There => "make",
        Wish::Gone => "take away",
    };
    let task = format!("{verb} \"fw {}\"", Escaped(line.text.as_bytes()));
    grant(conn, line, wish).map(drop).map_err(|broken| match &broken.refused {
        Some(refused) => said(&task, refused),
        None => failed(&task, &broken.error),
    })
}

/// The kernel's own number (linux/errno.h), which no C library has: begin anew.
const ERESTART: Errno = Errno(85);

fn said(task: &str, refused: &Refused) -> Failure {
    let failure = refusal(task, refused, shown);
    match refused.error.errno() {
        Some(Errno::EOPNOTSUPP | Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT | Errno::EINVAL) if refused.at.is_none() => {
            super::lacking(failure)
        }
        _ => failure,
    }
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

fn write(requests: &mut Requests<'_>, todo: &Todo<'_>) -> netns_sys::Result<()> {
    let mut changes = Changes::new(requests, FAMILY, TABLE);
    if todo.all {
        return changes.delete_table();
    }
    let hook = |chain: &Chain, policy: Option<i32>| {
        Some(Hook { kind: chain.kind, hook: chain.hook, priority: chain.priority, policy })
    };
    if !todo.add.is_empty() || todo.policy.is_some() {
        changes.table()?;
    }
    for (chain, _) in &todo.add {
        changes.chain(chain.name.as_bytes(), hook(chain, None))?;
    }
    if let Some((chain, policy)) = todo.policy {
        changes.chain(chain.name.as_bytes(), hook(chain, Some(policy)))?;
    }
    for (chain, rule) in &todo.add {
        changes.append(chain.name.as_bytes(), rule)?;
    }
    for (chain, handle) in &todo.delete {
        changes.delete_rule(chain, Some(*handle))?;
    }
    todo.empty.iter().try_for_each(|chain| changes.delete_chain(chain))
}

/// Whether a line holds.
#[cfg(feature = "plans")]
pub(crate) fn holds(conn: &mut Conn, line: &Line) -> netns_sys::Result<bool> {
    let own = Own::read(conn)?;
    Ok(todo(&own, line, Wish::There)?.is_nothing())
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
    let refused = conn.transaction(NFNL_SUBSYS_NFTABLES, |requests| {
        Changes::new(requests, FAMILY, TABLE).delete_table()
    });
    match refused.map_err(|e| failed(task, &e))?.first() {
        // Somebody else was faster.
        None => Ok(()),
        Some(refused) if refused.error.errno() == Some(Errno::ENOENT) => Ok(()),
        Some(refused) => Err(said(task, refused)),
    }
}
