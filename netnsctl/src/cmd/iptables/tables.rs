//! The tables of iptables as nftables has them: read, changed here, and written as one transaction.
//!
//! A chain is a list of entries: rules that are there, and rules to be. Commands change the list, and what is different in the end
//! is what is sent. Rules are read only where a command looks at them; until then one entry stands for all of them.

use super::convert;
use super::rule::Spec;
use super::words::chain_name;
use crate::fw::change::{Changes, Hook};
use crate::fw::read;
use crate::fw::rule::{Rule, Stmt};
use netns_sys::Result;
use netns_sys::netlink::Conn;
use nl_core::netfilter::expr::{Counter, nfta_counter};
use nl_core::netfilter::{
    self, NFT_MSG_DELCHAIN, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETTABLE, NFT_MSG_NEWCHAIN, NfGenMsg, nest,
    nfta_chain, nfta_hook, nfta_rule, signed, unsigned, verdict,
};
use nl_core::{Flags, Messages};
use std::rc::Rc;

/// A base chain that iptables has: its name, type, hook (`nf_inet`).
pub(super) type BuiltIn = (&'static str, &'static str, u32, i32);

/// The tables, in the order they are saved, and their base chains in that of the hooks.
pub(super) const TABLES: &[(&str, &[BuiltIn])] = &[
    (
        "mangle",
        &[
            ("PREROUTING", "filter", 0, -150),
            ("INPUT", "filter", 1, -150),
            ("FORWARD", "filter", 2, -150),
            ("OUTPUT", "route", 3, -150),
            ("POSTROUTING", "filter", 4, -150),
        ],
    ),
    ("security", &[("INPUT", "filter", 1, 150), ("FORWARD", "filter", 2, 150), ("OUTPUT", "filter", 3, 150)]),
    ("raw", &[("PREROUTING", "filter", 0, -300), ("OUTPUT", "filter", 3, -300)]),
    ("filter", &[("INPUT", "filter", 1, 0), ("FORWARD", "filter", 2, 0), ("OUTPUT", "filter", 3, 0)]),
    (
        "nat",
        &[
            ("PREROUTING", "nat", 0, -100),
            ("INPUT", "nat", 1, 100),
            ("OUTPUT", "nat", 3, -100),
            ("POSTROUTING", "nat", 4, 100),
        ],
    ),
];

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    built_in: &'static [BuiltIn],
    /// It is there.
    pub(super) exists: bool,
    /// It was there, and is to be replaced.
    replaced: bool,
    /// It is to be there.
    wanted: bool,
    pub(super) chains: Vec<Chain>,
    /// There are base chains that iptables does not have, or chains whose names it cannot say.
    pub(super) others: bool,
}

/// A chain.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) base: Option<BuiltIn>,
    pub(super) policy: Option<i32>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    handle: u64,
    /// Rules in it, and jumps to it.
    pub(super) uses: u32,
    state: State,
    written: Written,
    /// Its rules are to go.
    flushed: bool,
    pub(super) rules: Vec<Entry>,
    /// Rules that are to go, by their handles, and on whose word.
    gone: Vec<(u64, usize)>,
    /// On what line of a file it was named.
    line: usize,
}

/// What is to be written of a base chain that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Written {
    #[default]
    Nothing,
    Policy,
    Counters,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// It is only as if it were there.
    #[default]
    Imagined,
    Kept,
    New,
    /// It is there under this name.
    Renamed(String),
    Deleted,
}

/// A rule of a chain.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) is: Is,
    /// What it is to iptables, if it can be said in its words.
    pub(super) spec: Option<Rc<Spec>>,
    /// The kernel's message of one that cannot, or that is written again.
    pub(super) raw: Vec<u8>,
    /// On what line of a file it was.
    line: usize,
}

/// Where a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// Not one, but all there are.
    Unread,
    /// In the kernel, by its handle.
    Kept(u64),
    New,
    /// In the place of one that is in the kernel.
    Instead(u64),
    /// In the kernel, and its counters are to be 0.
    Zeroed(u64),
}

impl Entry {
    /// A rule to be.
    pub(super) fn new(spec: &Rc<Spec>, line: usize) -> Entry {
        Entry { is: Is::New, spec: Some(Rc::clone(spec)), raw: Vec::new(), line }
    }

    /// The rule to be.
    fn rule(&self) -> Rule<'static> {
        self.spec.as_deref().map(convert::rule).unwrap_or_default()
    }

    /// The rule as the kernel has it.
    fn kept(&self) -> Option<Rule<'_>> {
        let message = Messages::new(&self.raw).next()?.ok()?;
        read::rule(&netfilter::Rule::parse(&message).ok()?, &()).ok()
    }

    /// Whether one of its counters is not 0.
    fn has_counted(&self) -> bool {
        let not_zero =
            |stmt: &Stmt<'_>| matches!(stmt, Stmt::Counter { packets, bytes } if (*packets, *bytes) != (0, 0));
        match &self.spec {
            Some(spec) => (spec.packets, spec.bytes) != (0, 0),
            None => self.kept().is_some_and(|rule| rule.stmts.iter().any(not_zero)),
        }
    }

    /// Writes the rule as it is, but for its counters.
    fn write_zeroed(&self, changes: &mut Changes<'_, '_>, chain: &[u8], handle: u64) -> Result<()> {
        let Some(mut rule) = self.kept() else { return Ok(()) };
        for stmt in &mut rule.stmts {
            if let Stmt::Counter { packets, bytes } = stmt {
                (*packets, *bytes) = (0, 0);
            }
        }
        rule.compat = Some(convert::compat(&rule));
        changes.replace(chain, handle, &rule)
    }
}

/// A question about a table of a family.
fn question(family: u8) -> NfGenMsg {
    NfGenMsg { family, ..NfGenMsg::default() }
}

impl Chain {
    /// How many rules it has, with what is read of them.
    pub(super) fn has_rules(&self) -> bool {
        self.rules.iter().any(|entry| entry.is != Is::Unread || self.uses > 0)
    }

    /// The base chain that there would be.
    fn imagined(base: BuiltIn) -> Chain {
        Chain { name: base.0.into(), base: Some(base), policy: Some(verdict::ACCEPT), ..Chain::default() }
    }

    /// That it has to be there.
    fn want(&mut self) {
        if self.state == State::Imagined {
            self.state = State::New;
        }
    }

    pub(super) fn is_there(&self) -> bool {
        matches!(self.state, State::Kept | State::New | State::Renamed(_))
    }

    /// The name it has in the kernel.
    fn kept_name(&self) -> &str {
        if let State::Renamed(before) = &self.state { before } else { &self.name }
    }

    /// Takes all rules away.
    pub(super) fn flush(&mut self) {
        self.flushed |= matches!(self.state, State::Kept | State::Renamed(_));
        self.rules.clear();
        self.gone.clear();
    }

    /// Sets the policy (nothing: it stays) and counters (nothing: they are not spoken of).
    pub(super) fn set(&mut self, policy: Option<i32>, counters: Option<(u64, u64)>) {
        self.want();
        self.policy = policy.or(self.policy);
        self.written = if counters.is_some() { Written::Counters } else { Written::Policy };
        (self.packets, self.bytes) = counters.unwrap_or((self.packets, self.bytes));
    }

    /// Sets the counters of a rule to 0.
    pub(super) fn zero_rule(&mut self, index: usize) {
        let Some(entry) = self.rules.get_mut(index) else { return };
        if let (true, Is::Kept(handle)) = (entry.has_counted(), entry.is) {
            entry.is = Is::Zeroed(handle);
        }
        if let Some(spec) = entry.spec.as_mut().map(Rc::make_mut) {
            (spec.packets, spec.bytes) = (0, 0);
        }
    }

    /// Sets all counters to 0.
    pub(super) fn zero(&mut self) {
        if self.base.is_some() && self.is_there() {
            self.set(None, Some((0, 0)));
        }
        (0..self.rules.len()).for_each(|index| self.zero_rule(index));
    }
}

impl Table {
    /// Reads table `name` and its chains, but no rules. Nothing: iptables has no such table.
    pub(super) fn read(conn: &mut Conn, family: u8, name: &str) -> Result<Option<Table>> {
        let Some((name, built_in)) = TABLES.iter().find(|t| t.0 == name) else { return Ok(None) };
        let exists = conn.dump(
            NFT_MSG_GETTABLE,
            |m| m.fixed(&question(family)),
            |exists, message| {
                *exists |= netfilter::Table::parse(message)?.name()? == Some(name.as_bytes());
                Ok(())
            },
        )?;
        let mut table =
            Table { name, built_in, exists, replaced: false, wanted: false, chains: Vec::new(), others: false };
        if exists {
            let read = conn.dump(
                NFT_MSG_GETCHAIN,
                |m| m.fixed(&question(family)),
                |read, message| table.chain_of(message, read),
            );
            (table.chains, table.others) = read?;
        }
        table.complete();
        Ok(Some(table))
    }

    /// Adds the base chains that would be there.
    fn complete(&mut self) {
        for base in self.built_in {
            if !self.chains.iter().any(|chain| chain.base.is_some_and(|b| b.0 == base.0)) {
                self.chains.push(Chain::imagined(*base));
            }
        }
        let order = |chain: &Chain| chain.base.map_or(u32::MAX, |base| base.2);
        self.chains.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
    }

    fn chain_of(&self, message: &nl_core::Message<'_>, read: &mut (Vec<Chain>, bool)) -> Result<()> {
        let chain = netfilter::Chain::parse(message)?;
        if chain.table()? != Some(self.name.as_bytes()) {
            return Ok(());
        }
        let name = std::str::from_utf8(chain.name()?.unwrap_or_default()).unwrap_or_default();
        if chain_name(name).is_err() {
            read.1 = true;
            return Ok(());
        }
        let mut base = None;
        if let Some(hook) = chain.hook()? {
            let hook = netfilter::Hook::parse(hook)?;
            let kind = chain.kind()?.unwrap_or_default();
            let at = (hook.hooknum()?, hook.priority()?.map(signed));
            let same = |b: &&BuiltIn| b.0 == name && b.1.as_bytes() == kind && at == (Some(b.2), Some(b.3));
            base = self.built_in.iter().find(same).copied();
            if base.is_none() {
                read.1 = true;
                return Ok(());
            }
        }
        let uses = chain.uses()?.unwrap_or_default();
        let counters = chain.counters()?.map(Counter::parse).transpose()?;
        let number = |n: Option<u64>| n.unwrap_or_default();
        let (packets, bytes) = match counters {
            Some(counters) => (number(counters.packets()?), number(counters.bytes()?)),
            None => (0, 0),
        };
        let unread = Entry { is: Is::Unread, spec: None, raw: Vec::new(), line: 0 };
        read.0.push(Chain {
            name: name.into(),
            base,
            policy: chain.policy()?.map(signed),
            packets,
            bytes,
            handle: number(chain.handle()?),
            uses,
            state: State::Kept,
            rules: vec![unread],
            ..Chain::default()
        });
        Ok(())
    }

    /// Reads the rules of a chain, or of all, where they are not read yet. `again`: they are to be written again.
    pub(super) fn read_rules(&mut self, conn: &mut Conn, family: u8, chain: Option<&str>, again: bool) -> Result<()> {
        let unread = |c: &Chain| c.rules.iter().any(|r| r.is == Is::Unread) && chain.is_none_or(|name| c.name == name);
        let one = self.chains.iter().find(|c| chain.is_some() && unread(c)).map(|c| c.kept_name().to_owned());
        if one.is_none() && (chain.is_some() || !self.chains.iter().any(unread)) {
            return Ok(());
        }
        let table = self.name;
        let ask = |m: &mut nl_core::Msg<'_>| {
            m.fixed(&question(family));
            m.str(nfta_rule::TABLE, table.as_bytes());
            one.iter().for_each(|chain| m.str(nfta_rule::CHAIN, chain.as_bytes()));
        };
        let read: Vec<(Vec<u8>, Entry)> = conn.dump(NFT_MSG_GETRULE, ask, |all: &mut Vec<_>, message| {
            let rule = netfilter::Rule::parse(message)?;
            let (of, chain) = (rule.table()?, rule.chain()?.unwrap_or_default());
            if of == Some(table.as_bytes()) && one.as_ref().is_none_or(|one| one.as_bytes() == chain) {
                let is = Is::Kept(rule.handle()?.unwrap_or_default());
                let spec = convert::spec(&read::rule(&rule, &())?, family).map(Rc::new);
                let raw = if again || spec.is_none() { message.bytes().to_vec() } else { Vec::new() };
                all.push((chain.to_vec(), Entry { is, spec, raw, line: 0 }));
            }
            Ok(())
        })?;
        let mut read = read.into_iter().peekable();
        while let Some((name, _)) = read.peek() {
            let name = name.clone();
            let mut rules = Vec::new();
            while let Some((_, entry)) = read.next_if(|(chain, _)| *chain == name) {
                rules.push(entry);
            }
            if let Some(chain) = self.chains.iter_mut().find(|c| c.kept_name().as_bytes() == name && unread(c)) {
                chain.fill(rules);
            }
        }
        // Where none came there are none.
        self.chains.iter_mut().filter(|c| unread(c)).for_each(|c| c.fill(Vec::new()));
        Ok(())
    }

    /// A chain that is there, or a base chain that would be.
    pub(super) fn chain(&mut self, name: &str) -> Option<&mut Chain> {
        self.chains.iter_mut().find(|c| c.name == name && c.state != State::Deleted)
    }

    /// A chain to change, which is then there.
    pub(super) fn wanted(&mut self, name: &str) -> Option<&mut Chain> {
        if self.built_in.iter().any(|base| base.0 == name) {
            self.revive(name);
        }
        self.wanted |= self.chain(name).is_some();
        let chain = self.chain(name)?;
        chain.want();
        Some(chain)
    }

    /// Makes a chain.
    pub(super) fn make(&mut self, name: &str, line: usize) {
        self.wanted = true;
        if self.revive(name) {
            return;
        }
        self.chains.push(Chain { name: name.into(), state: State::New, line, ..Chain::default() });
    }

    /// Takes a chain away. False: it is a base chain that is in use.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let Some(chain) = self.chain(name) else { return true };
        if let State::Renamed(before) = &chain.state {
            (chain.name, chain.state) = (before.clone(), State::Kept);
        }
        let name = chain.name.clone();
        let kept = chain.state == State::Kept;
        let in_use = chain.policy != Some(verdict::ACCEPT) || chain.has_rules();
        match chain.base {
            Some(_) if !kept || in_use => return !kept,
            _ if kept => chain.state = State::Deleted,
            _ => self.chains.retain(|c| c.name != name),
        }
        true
    }

    /// Takes back that a chain was deleted; its rules are gone all the same.
    fn revive(&mut self, name: &str) -> bool {
        let deleted = self.chains.iter_mut().find(|c| c.name == name && c.state == State::Deleted);
        deleted.map(|chain| (chain.state, chain.flushed) = (State::Kept, true)).is_some()
    }

    pub(super) fn rename(&mut self, name: &str, other: &str) {
        if let Some(chain) = self.chain(name) {
            if chain.state == State::Kept {
                chain.state = State::Renamed(name.into());
            }
            chain.name = other.into();
        }
    }

    /// Forgets all that is in it: it is to be made anew.
    pub(super) fn replace(&mut self) {
        self.replaced = self.exists;
        self.others = false;
        self.chains.clear();
        self.complete();
    }

    /// Whether anything is to be written.
    pub(super) fn is_changed(&self) -> bool {
        let chain = |chain: &Chain| {
            let kept = matches!(chain.state, State::Kept | State::Imagined) && chain.written == Written::Nothing;
            let read = |entry: &Entry| matches!(entry.is, Is::Unread | Is::Kept(_));
            !kept || chain.flushed || !chain.gone.is_empty() || !chain.rules.iter().all(read)
        };
        self.replaced || (self.wanted && !self.exists) || self.chains.iter().any(chain)
    }

    /// Writes what is different. `lines` gets the line of a file of each change.
    pub(super) fn write(&self, changes: &mut Changes<'_, '_>, lines: &mut Vec<usize>) -> Result<()> {
        let mut count = |changed: Result<()>, line: usize| {
            lines.push(line);
            changed
        };
        if self.replaced {
            count(changes.delete_table(), 0)?;
        }
        let new = self.chains.iter().any(|c| c.state == State::New);
        if (self.wanted || new) && (self.replaced || !self.exists) {
            count(changes.table(), 0)?;
        }
        for chain in &self.chains {
            let name = chain.name.as_bytes();
            match (&chain.state, chain.base) {
                (State::New, None) => count(changes.chain(name, None), chain.line)?,
                (State::New | State::Kept, Some(base))
                    if chain.state == State::New || chain.written != Written::Nothing =>
                {
                    count(chain.write_base(changes, base), chain.line)?;
                }
                (State::Renamed(_), _) => {
                    let rename = |m: &mut nl_core::Msg<'_>| {
                        m.str(nfta_chain::NAME, name);
                        m.be64(nfta_chain::HANDLE, chain.handle);
                    };
                    count(changes.request(NFT_MSG_NEWCHAIN, Flags::empty(), nfta_chain::TABLE, rename), chain.line)?;
                }
                _ => {}
            }
        }
        for chain in self.chains.iter().filter(|c| c.flushed) {
            count(changes.delete_rule(chain.kept_name().as_bytes(), None), chain.line)?;
        }
        for chain in self.chains.iter().filter(|c| c.state != State::Imagined) {
            chain.write_rules(changes, &mut count)?;
        }
        for chain in self.chains.iter().filter(|c| c.state == State::Deleted) {
            // Not with its rules.
            let kind = (NFT_MSG_DELCHAIN, Flags::from_bits_retain(NLM_F_NONREC));
            let named = |m: &mut nl_core::Msg<'_>| m.str(nfta_chain::NAME, chain.name.as_bytes());
            count(changes.request(kind.0, kind.1, nfta_chain::TABLE, named), chain.line)?;
        }
        Ok(())
    }
}

/// Do not delete what is in it (linux/netlink.h).
const NLM_F_NONREC: u16 = 0x100;

impl Chain {
    /// Puts the rules that are there in the place of what stood for them.
    fn fill(&mut self, rules: Vec<Entry>) {
        if let Some(at) = self.rules.iter().position(|r| r.is == Is::Unread) {
            self.rules.splice(at..=at, rules);
        }
    }

    fn write_base(&self, changes: &mut Changes<'_, '_>, base: BuiltIn) -> Result<()> {
        let (name, kind, hook, priority) = base;
        let policy = self.policy;
        if self.written != Written::Counters {
            return changes.chain(name.as_bytes(), Some(Hook { kind, hook, priority, policy }));
        }
        changes.request(NFT_MSG_NEWCHAIN, Flags::CREATE, nfta_chain::TABLE, |m| {
            m.str(nfta_chain::NAME, name.as_bytes());
            nest(m, nfta_chain::HOOK, |m| {
                m.be32(nfta_hook::HOOKNUM, hook);
                m.be32(nfta_hook::PRIORITY, unsigned(priority));
            });
            policy.iter().for_each(|policy| m.be32(nfta_chain::POLICY, unsigned(*policy)));
            m.str(nfta_chain::TYPE, kind.as_bytes());
            nest(m, nfta_chain::COUNTERS, |m| {
                m.be64(nfta_counter::BYTES, self.bytes);
                m.be64(nfta_counter::PACKETS, self.packets);
            });
        })
    }

    /// Writes new rules, then those in the place of others, and then takes away what is no longer there.
    fn write_rules(
        &self,
        changes: &mut Changes<'_, '_>,
        count: &mut impl FnMut(Result<()>, usize) -> Result<()>,
    ) -> Result<()> {
        let name = self.kept_name().as_bytes();
        let mut rules = self.rules.as_slice();
        while let Some(start) = rules.iter().position(|r| r.is == Is::New) {
            let rest = rules.get(start..).unwrap_or_default();
            let run = rest.iter().take_while(|r| r.is == Is::New).count();
            let (run, behind) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            rules = behind;
            match behind.first().map(|r| r.is) {
                Some(Is::Kept(handle) | Is::Instead(handle) | Is::Zeroed(handle)) => {
                    for entry in run {
                        count(changes.insert(name, Some(handle), &entry.rule()), entry.line)?;
                    }
                }
                // In front of all there are, the last one first.
                Some(_) => {
                    for entry in run.iter().rev() {
                        count(changes.insert(name, None, &entry.rule()), entry.line)?;
                    }
                }
                None => {
                    for entry in run {
                        count(changes.append(name, &entry.rule()), entry.line)?;
                    }
                }
            }
        }
        for entry in &self.rules {
            match entry.is {
                Is::Instead(handle) => count(changes.replace(name, handle, &entry.rule()), entry.line)?,
                Is::Zeroed(handle) => count(entry.write_zeroed(changes, name, handle), entry.line)?,
                _ => {}
            }
        }
        for (handle, line) in &self.gone {
            count(changes.delete_rule(name, Some(*handle)), *line)?;
        }
        Ok(())
    }

    /// Takes a rule away.
    pub(super) fn delete(&mut self, index: usize, line: usize) {
        if index < self.rules.len() {
            if let Is::Kept(handle) | Is::Instead(handle) | Is::Zeroed(handle) = self.rules.remove(index).is {
                self.gone.push((handle, line));
            }
        }
    }

    /// Puts a rule in the place of another.
    pub(super) fn replace(&mut self, index: usize, mut entry: Entry) {
        if let Some(before) = self.rules.get_mut(index) {
            if let Is::Kept(handle) | Is::Instead(handle) | Is::Zeroed(handle) = before.is {
                entry.is = Is::Instead(handle);
            }
            *before = entry;
        }
    }
}
