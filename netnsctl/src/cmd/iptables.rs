//! Called `iptables`, `ip6tables`, or one of these with `-save` or `-restore`: what those of iptables-nft do, for everyday rules.
//!
//! The rules are where iptables-nft has them, and made as it makes them: each sees the other's. What a rule is made of is in two
//! rooms: `rule` has what all rules have, `ext` a row for each match and target.

mod convert;
mod ext;
mod restore;
mod rule;
mod save;
mod tables;
mod words;

use super::face::{self, Failed};
use crate::fw::change::{Changes, refusal};
use crate::fw::ruleset::generation;
use crate::fw::{read, show};
use crate::out::Escaped;
use ext::{V4, V6};
use netns_sys::netlink::Conn;
use netns_sys::{Errno, Error};
use nl_core::Messages;
use nl_core::netfilter::{self, NFNL_SUBSYS_NFTABLES, verdict};
use rule::{Columns, Counters, Target, scaled};
use std::ffi::OsString;
use std::io::Write as _;
use tables::{Chain, Entry, Is, Table};
use words::{Asked, Request, Verb, wrong};

/// One of the programs.
#[derive(Debug)]
struct Face {
    name: &'static str,
    family: u8,
    run: fn(&Face, &[OsString]) -> Result<Vec<u8>, Failed>,
}

static FACES: [Face; 6] = [
    Face { name: "iptables", family: V4, run: command },
    Face { name: "ip6tables", family: V6, run: command },
    Face { name: "iptables-save", family: V4, run: save::run },
    Face { name: "ip6tables-save", family: V6, run: save::run },
    Face { name: "iptables-restore", family: V4, run: restore::run },
    Face { name: "ip6tables-restore", family: V6, run: restore::run },
];

/// Runs as the program `name`, if it is one of these; gives back the exit code.
pub(super) fn main(name: &str, args: impl Iterator<Item = OsString>) -> Option<u8> {
    let face = FACES.iter().find(|face| face.name == name)?;
    Some(face::end(face.name, (face.run)(face, &args.collect::<Vec<_>>())))
}

const HELP: &str = "\
Usage: PROGRAM [-t TABLE] COMMAND [RULE] [OPTIONS]

Commands:
 -A CHAIN RULE             add a rule at the end
 -I CHAIN [N] RULE         add it as the Nth (1)
 -R CHAIN N RULE           put it in the place of the Nth
 -D CHAIN N|RULE           delete the Nth, or the first that is so
 -C CHAIN RULE             is there one? (exit code)
 -L|-S [CHAIN [N]]         list; show as words (-L with -n, -v, -x, --line-numbers)
 -F|-Z [CHAIN]             delete all rules; set counters to 0 (-Z CHAIN N: of one)
 -N|-X CHAIN               make a chain; delete an empty one (without a name: all)
 -E CHAIN NAME             rename a chain
 -P CHAIN ACCEPT|DROP      what becomes of a packet at its end
Tables: filter (where none is named), nat, mangle, raw, security

Rules (those with * can have a ! in front):
 -s|-d ADDRESS[/MASK],...*   source, destination        -p PROTOCOL*    number or name; all
 -i|-o NAME[+]*              incoming, outgoing interface
 -j TARGET    -g CHAIN       what to do; go on in CHAIN  -c PACKETS BYTES  counters to begin with
 -f*                         fragments but the first (IPv4)
Matches (-m NAME; those of -p need no -m):
";

/// The options of all matches and targets, from their table.
fn help(face: &Face) -> Vec<u8> {
    let mut text = HELP.replace("PROGRAM", face.name).into_bytes();
    for is_target in [false, true] {
        if is_target {
            text.extend_from_slice(b"Targets:\n ACCEPT, DROP, RETURN, a chain\n");
        }
        ext::list(is_target, face.family, &mut text);
    }
    text
}

fn version(face: &Face) -> Vec<u8> {
    format!("{} v1.8.9 (nf_tables) compatible netnsctl {}\n", face.name, env!("CARGO_PKG_VERSION")).into()
}

/// What a command cannot find, and the like: as iptables says it, for scripts that look for it.
const NO_CHAIN: &str = "No chain/target/match by that name.";
const NO_RULE: &str = "Bad rule (does a matching rule exist in that chain?).";

fn failed(what: &str) -> Failed {
    (1, what.into())
}

/// A question or a transaction failed.
fn refused(error: &Error) -> Failed {
    let what = match error.errno() {
        Some(Errno::EPERM) => "Permission denied (you must be root)".into(),
        _ if crate::fw::change::is_absent(error) => format!("this kernel has no nftables (CONFIG_NF_TABLES): {error}"),
        _ => error.to_string(),
    };
    (4, what)
}

fn open() -> Result<Conn, Failed> {
    Conn::open(&netfilter::FAMILY).map_err(|error| refused(&error))
}

/// Runs `make`, which only reads, until nothing changed meanwhile.
fn unchanging(conn: &mut Conn, mut make: impl FnMut(&mut Conn) -> Result<Vec<u8>, Failed>) -> Result<Vec<u8>, Failed> {
    transact(conn, 0, |conn| Ok((Vec::new(), make(conn)?)))
}

/// How often a transaction is made again because something changed under it.
const TRIES: usize = 1000;

/// Runs `make`, which reads tables and changes them, and carries the changes out; once more if something changed meanwhile.
fn transact(
    conn: &mut Conn,
    family: u8,
    mut make: impl FnMut(&mut Conn) -> Result<(Vec<Table>, Vec<u8>), Failed>,
) -> Result<Vec<u8>, Failed> {
    for _ in 0..TRIES {
        let before = generation(conn).map_err(|error| refused(&error))?;
        let (tables, output) = make(conn)?;
        if !tables.iter().any(Table::is_changed) {
            if generation(conn).map_err(|error| refused(&error))? == before {
                return Ok(output);
            }
            continue;
        }
        let mut lines = Vec::new();
        let write = |requests: &mut netns_sys::netlink::Requests<'_>| {
            for table in &tables {
                table.write(&mut Changes::new(requests, family, table.name.as_bytes()), &mut lines)?;
            }
            Ok(())
        };
        let refusals = conn.transaction_at(NFNL_SUBSYS_NFTABLES, Some(before), write);
        let refusals = refusals.map_err(|error| refused(&error))?;
        match refusals.first() {
            None => return Ok(output),
            Some(first) if first.error.errno() == Some(Errno::ERESTART) => {}
            Some(first) => {
                let line = lines.get(first.position).copied().unwrap_or_default();
                let task = if line > 0 { format!("do line {line}") } else { "do that".into() };
                let failure = refusal(&task, first, |message| shown(message, family).unwrap_or_default());
                return Err((4, failure.0.message));
            }
        }
    }
    Err((4, "others change the rules all the time: try again".into()))
}

/// A refused rule, as iptables says it.
fn shown(message: &nl_core::Message<'_>, family: u8) -> Option<String> {
    let rule = netfilter::Rule::parse(message).ok()?;
    let chain = String::from_utf8_lossy(rule.chain().ok()??).into_owned();
    let rule = read::rule(&rule, &()).ok()?;
    let Some(spec) = convert::spec(&rule, family) else { return Some(show::rule_text(family, rule)) };
    let mut text = Vec::new();
    spec.save(&chain, Counters::No, &mut text);
    Some(Escaped(text.trim_ascii_end()).to_string())
}

/// `iptables`, `ip6tables`.
fn command(face: &Face, args: &[OsString]) -> Result<Vec<u8>, Failed> {
    let request = match words::parse(args, face.family, "filter", false)? {
        Asked::Help => return Ok(help(face)),
        Asked::Version => return Ok(version(face)),
        Asked::Nothing => return Ok(Vec::new()),
        Asked::Do(request) => request,
    };
    let mut conn = open()?;
    transact(&mut conn, face.family, |conn| {
        let mut run = Run { conn, family: face.family, line: 0, output: Vec::new() };
        let mut table = run.table(&request.table)?;
        run.apply(&mut table, &request)?;
        Ok((vec![table], run.output))
    })
}

/// Commands being run.
struct Run<'c> {
    conn: &'c mut Conn,
    family: u8,
    /// Of a file.
    line: usize,
    output: Vec<u8>,
}

impl Run<'_> {
    fn table(&mut self, name: &str) -> Result<Table, Failed> {
        let table = Table::read(self.conn, self.family, name).map_err(|error| refused(&error))?;
        table.ok_or_else(|| (3, format!("the table {name:?} does not exist")))
    }

    fn read(&mut self, table: &mut Table, chain: Option<&str>, again: bool) -> Result<(), Failed> {
        table.read_rules(self.conn, self.family, chain, again).map_err(|error| refused(&error))
    }

    /// Does in `table` what is asked.
    fn apply(&mut self, table: &mut Table, request: &Request) -> Result<(), Failed> {
        let line = self.line;
        let chain = request.chain.as_deref();
        for spec in &request.specs {
            if let Target::Jump(to) | Target::Goto(to) = &spec.target {
                if table.chain(to).is_none() {
                    return Err(wrong(format!(
                        "the chain {to:?} does not exist, and a target of that name is not known here"
                    )));
                }
            }
        }
        let named = chain.unwrap_or_default();
        let index = request.number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).saturating_sub(1);
        match request.verb {
            Verb::Append | Verb::Insert | Verb::Replace | Verb::Delete | Verb::Check
                if table.chain(named).is_none() =>
            {
                return Err(failed(if request.verb == Verb::Check { NO_RULE } else { NO_CHAIN }));
            }
            Verb::Append => {
                let entries = request.specs.iter().map(|spec| Entry::new(spec, line));
                table.wanted(named).into_iter().for_each(|chain| chain.rules.extend(entries.clone()));
            }
            Verb::Insert => {
                if index > 0 {
                    self.read(table, chain, false)?;
                }
                let Some(chain) = table.wanted(named) else { return Err(failed(NO_CHAIN)) };
                for spec in &request.specs {
                    if index > chain.rules.len() {
                        return Err(failed("Index of insertion too big."));
                    }
                    chain.rules.insert(index, Entry::new(spec, line));
                }
            }
            Verb::Replace => {
                self.read(table, chain, false)?;
                let chain = table.wanted(named).filter(|chain| index < chain.rules.len());
                let (Some(chain), Some(spec)) = (chain, request.specs.first()) else {
                    return Err(failed("Index of replacement too big."));
                };
                chain.replace(index, Entry::new(spec, line));
            }
            Verb::Delete | Verb::Check => self.find(table, request, named, index)?,
            Verb::List | Verb::ListRules => self.list(table, request)?,
            Verb::Flush => self.flush(table, request)?,
            Verb::Zero => self.zero(table, request)?,
            Verb::New => {
                if table.chain(named).is_some() {
                    return Err(failed("Chain already exists."));
                }
                self::new_name(named, self.family)?;
                table.make(named, line);
            }
            Verb::Remove => self.remove(table, request)?,
            Verb::Rename => {
                if table.chain(&request.other).is_some() {
                    return Err(failed("File exists."));
                }
                if table.chain(named).is_none_or(|chain| chain.base.is_some()) {
                    return Err(failed(NO_CHAIN));
                }
                self::new_name(&request.other, self.family)?;
                table.rename(named, &request.other);
            }
            Verb::Policy => {
                let policy = policy(&request.other).ok_or_else(|| failed("Bad policy name."))?;
                let chain = table.wanted(named).filter(|chain| chain.base.is_some());
                chain.ok_or_else(|| failed("Bad built-in chain name."))?.set(policy, None);
            }
        }
        if request.zero {
            self.zero(table, request)?;
        }
        if request.verbose && matches!(request.verb, Verb::Append | Verb::Insert | Verb::Replace | Verb::Check) {
            request.specs.iter().for_each(|spec| spec.save(named, Counters::No, &mut self.output));
        }
        Ok(())
    }

    /// Finds rules, to delete them or to say whether they are there.
    fn find(&mut self, table: &mut Table, request: &Request, named: &str, index: usize) -> Result<(), Failed> {
        self.read(table, Some(named), false)?;
        let Some(chain) = table.chain(named) else { return Err(failed(NO_CHAIN)) };
        if request.verb == Verb::Delete && request.number.is_some() {
            if index >= chain.rules.len() {
                return Err(failed("Index of deletion too big."));
            }
            chain.delete(index, self.line);
            return Ok(());
        }
        for spec in &request.specs {
            // As it would come back from the kernel.
            let again = convert::spec(&convert::rule(spec), self.family);
            let same = |entry: &Entry| again.is_some() && entry.spec.as_deref() == again.as_ref();
            let found = chain.rules.iter().position(same).ok_or_else(|| failed(NO_RULE))?;
            if request.verb == Verb::Delete {
                chain.delete(found, self.line);
            }
        }
        Ok(())
    }

    fn flush(&mut self, table: &mut Table, request: &Request) -> Result<(), Failed> {
        let Some(name) = &request.chain else {
            table.chains.iter_mut().for_each(|chain| {
                if request.verbose && chain.is_there() {
                    let _ = writeln!(self.output, "Flushing chain `{}'", chain.name); // a Vec takes all
                }
                chain.flush();
            });
            return Ok(());
        };
        table.wanted(name).ok_or_else(|| failed(NO_CHAIN))?.flush();
        Ok(())
    }

    fn zero(&mut self, table: &mut Table, request: &Request) -> Result<(), Failed> {
        let chain = request.chain.as_deref();
        self.read(table, chain, true)?;
        let verbose = request.verbose;
        let mut zero = |chain: &mut Chain| {
            if verbose && chain.is_there() {
                let _ = writeln!(self.output, "Zeroing chain `{}'", chain.name); // a Vec takes all
            }
            chain.zero();
        };
        let Some(name) = chain else {
            table.chains.iter_mut().for_each(zero);
            return Ok(());
        };
        let chain = table.chain(name).filter(|chain| chain.is_there()).ok_or_else(|| failed(NO_CHAIN))?;
        match request.number.and_then(|n| usize::try_from(n).ok()) {
            None => zero(chain),
            Some(n) if n > chain.rules.len() => return Err(failed("Index of counter too big.")),
            Some(n) => chain.zero_rule(n.saturating_sub(1)),
        }
        Ok(())
    }

    fn remove(&mut self, table: &mut Table, request: &Request) -> Result<(), Failed> {
        let names: Vec<String> = match &request.chain {
            Some(name) => vec![name.clone()],
            None => table.chains.iter().map(|chain| chain.name.clone()).collect(),
        };
        for name in names {
            if table.chain(&name).is_none() {
                return Err(failed(NO_CHAIN));
            }
            let gone = table.remove(&name);
            if request.chain.is_some() && !gone {
                return Err(failed("Directory not empty."));
            }
        }
        Ok(())
    }

    /// `-L`, `-S`.
    fn list(&mut self, table: &mut Table, request: &Request) -> Result<(), Failed> {
        let chain = request.chain.as_deref();
        if chain.is_some_and(|chain| table.chain(chain).is_none()) {
            return Err(failed(NO_CHAIN));
        }
        self.read(table, chain, request.zero)?;
        if table.others {
            let name = table.name;
            let _ = writeln!(
                self.output,
                "# Table `{name}' contains incompatible base-chains, use 'nft' tool to list them."
            );
        }
        let chains: Vec<&Chain> = table.chains.iter().filter(|c| chain.is_none_or(|name| c.name == name)).collect();
        let columns = Columns {
            verbose: request.verbose,
            numeric: request.numeric,
            exact: request.exact,
            numbers: request.numbers,
        };
        let wanted = |number: usize| request.number.is_none_or(|n| usize::try_from(n) == Ok(number));
        let counters = if request.verbose { Counters::Option } else { Counters::No };
        let save = request.verb == Verb::ListRules;
        if save && request.number.is_none() {
            chains.iter().for_each(|chain| chain.declare(request.verbose, &mut self.output));
        }
        for (i, chain) in chains.into_iter().enumerate() {
            if !save && request.number.is_none() {
                if i > 0 {
                    self.output.push(b'\n');
                }
                chain.header(columns, &mut self.output);
            }
            for (i, entry) in chain.rules.iter().enumerate() {
                let number = i.saturating_add(1);
                match &entry.spec {
                    _ if !wanted(number) || entry.is == Is::Unread => {}
                    Some(spec) if save => spec.save(&chain.name, counters, &mut self.output),
                    Some(spec) => spec.list(number, columns, &mut self.output),
                    None => entry.unreadable(self.family, &chain.name, number, &mut self.output),
                }
            }
        }
        Ok(())
    }
}

/// The policy of this name; `-`: as it is.
fn policy(name: &str) -> Option<Option<i32>> {
    match name {
        "ACCEPT" => Some(Some(verdict::ACCEPT)),
        "DROP" => Some(Some(verdict::DROP)),
        "-" => Some(None),
        _ => None,
    }
}

fn policy_name(policy: Option<i32>) -> &'static str {
    if policy == Some(verdict::DROP) { "DROP" } else { "ACCEPT" }
}

/// A chain's new name: it must not be one of a target.
fn new_name(name: &str, family: u8) -> Result<(), Failed> {
    words::chain_name(name)?;
    if name.starts_with(['-', '!']) || rule::Verdict::named(name).is_some() || ext::find(name, true, family).is_some() {
        return Err(wrong(format!("{name:?} is a target, or begins with - or !: no name for a chain")));
    }
    Ok(())
}

impl Chain {
    /// `-P INPUT ACCEPT`, `-N mine`.
    fn declare(&self, counters: bool, to: &mut Vec<u8>) {
        let _ = match self.base {
            None => writeln!(to, "-N {}", self.name),
            Some(_) if counters => {
                writeln!(to, "-P {} {} -c {} {}", self.name, policy_name(self.policy), self.packets, self.bytes)
            }
            Some(_) => writeln!(to, "-P {} {}", self.name, policy_name(self.policy)),
        };
    }

    /// What stands above its rules in a list.
    fn header(&self, columns: Columns, to: &mut Vec<u8>) {
        let _ = write!(to, "Chain {} (", Escaped(self.name.as_bytes()));
        let _ = match self.base {
            None => {
                let rules = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
                write!(to, "{} references", self.uses.saturating_sub(rules))
            }
            Some(_) => write!(to, "policy {}", policy_name(self.policy)),
        };
        if self.base.is_some() && columns.verbose {
            let number = |n: u64| if columns.exact { n.to_string() } else { scaled(n, 0) };
            let _ = write!(to, " {} packets, {} bytes", number(self.packets), number(self.bytes));
        }
        to.extend_from_slice(b")\n");
        if columns.numbers {
            to.extend_from_slice(b"num  ");
        }
        if columns.verbose {
            let _ =
                if columns.exact { write!(to, "{:>8} {:>10} ", "pkts", "bytes") } else { write!(to, " pkts bytes ") };
        }
        to.extend_from_slice(b"target     prot opt");
        if columns.verbose {
            to.extend_from_slice(b" in     out    ");
        }
        let _ = writeln!(to, " {:<19}  {:<19} ", "source", "destination");
    }
}

impl Entry {
    /// A rule that iptables has no words for, in those of nft.
    fn unreadable(&self, family: u8, chain: &str, number: usize, to: &mut Vec<u8>) {
        let message = Messages::new(&self.raw).next().and_then(Result::ok);
        let text = message.and_then(|message| shown(&message, family)).unwrap_or_default();
        let _ = writeln!(to, "# rule {number} of {}, in nft's words: {text}", Escaped(chain.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::ext::{EXTS, How, Of, Use};
    use super::rule::{Counters, Spec};
    use super::words::{self, Asked};
    use super::*;
    use proptest::prelude::*;

    fn specs(line: &str, family: u8) -> Vec<Spec> {
        let words = restore::split(line.as_bytes()).unwrap();
        match words::parse(&words, family, "filter", false) {
            Ok(Asked::Do(request)) => request.specs.iter().map(|spec| Spec::clone(spec)).collect(),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn saved(spec: &Spec) -> String {
        let mut text = Vec::new();
        spec.save("there", Counters::No, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_rule_comes_back_from_nftables_and_from_words() {
        for (family, line) in [
            (V4, "-A FORWARD ! -s 10.0.0.0/9 -d 10.1.0.0/255.0.255.0 -i eth0 ! -o e+ ! -p udp ! -f -j ACCEPT"),
            (
                V4,
                "-A INPUT -p tcp --syn ! --dport 80:90 --sport 7 -m limit --limit 7/min -m mark ! --mark 1/3 -g there",
            ),
            (
                V4,
                "-A INPUT -p udp --sport 1 --dport 2 -m comment --comment \"a \\\" 'b' \\\\\" -j LOG --log-prefix \"x y\"",
            ),
            (V4, "-A INPUT ! -i + -p tcp -m multiport ! --ports 1,2:3 -m state --state NEW -j SNAT --to-source :1-2"),
            (V6, "-A INPUT -s 2001:db8::/33 -p tcp -j DNAT --to-destination [::1-::2]:80 --random"),
            (V6, "-A INPUT -p icmpv6 --icmpv6-type 1/4 -m addrtype ! --src-type LOCAL -j REJECT"),
        ] {
            let specs = specs(line, family);
            let again = convert::spec(&convert::rule(&specs[0]), family);
            assert_eq!(again.as_ref(), Some(&specs[0]), "{line}");
            assert_eq!(self::specs(saved(&specs[0]).trim_end(), family), specs, "{line}");
        }
        assert_eq!(specs("-A INPUT -s 1.1.1.1,2.2.2.2 -d 3.3.3.3,4.4.4.4", V4).len(), 4);
    }

    fn any_use() -> impl Strategy<Value = (usize, bool, u8, Vec<u8>, bool)> {
        let small = prop_oneof![Just(0_u8), Just(1), Just(2), Just(255), any::<u8>()];
        (0..EXTS.len(), any::<bool>(), any::<u8>(), proptest::collection::vec(small, 0..300), any::<bool>())
    }

    proptest! {
        /// Whatever the kernel has: what is read of it is all of it.
        #[test]
        fn what_is_read_of_a_struct_makes_it_again((at, six, protocol, bytes, fits) in any_use()) {
            let ext = &EXTS[at];
            let mut info = Use::new(ext).info;
            if fits {
                info.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
            } else {
                info = bytes;
            }
            let of = Of { family: if six { V6 } else { V4 }, protocol };
            if let Some(used) = Use::of_kernel(ext.kernel.as_bytes(), ext.is_target, ext.revision, &info, of) {
                let mut text = Vec::new();
                used.show(of, How::Save, &mut text);
                used.show(of, How::List(true), &mut Vec::new());
                used.show(of, How::List(false), &mut Vec::new());
                let option = if ext.is_target { "-j" } else { "-m" };
                let line = format!("-A INPUT -p {protocol} {option} {}{}", used.ext.name, String::from_utf8_lossy(&text));
                if protocol != 0 && String::from_utf8(text).is_ok() {
                    let spec = specs(&line, of.family).remove(0);
                    let again = if let Target::Ext(target) = &spec.target { target } else { &spec.matches[0] };
                    prop_assert_eq!(&again.info, &info, "{}", line);
                }
            }
        }

        /// Whatever rule the kernel has: what is read of it, is read of the rule that is made of that.
        #[test]
        fn what_is_read_of_a_rule_makes_it_again(
            picks in proptest::collection::vec(0..PIECES.len(), 0..4),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
            six: bool,
        ) {
            let mut line = String::from("-A there -p tcp");
            picks.iter().for_each(|at| line.extend([" ", PIECES[*at]]));
            let family = if six { V6 } else { V4 };
            let parsed = words::parse(&restore::split(line.as_bytes()).unwrap(), family, "filter", false);
            let Ok(Asked::Do(request)) = parsed else { return Ok(()) };
            let mut buf = vec![0; 8192];
            let mut batch = nl_core::Batch::new(&mut buf);
            batch
                .message(netfilter::NFT_MSG_NEWRULE, nl_core::Flags::empty(), 1, |m| {
                    m.fixed(&netfilter::NfGenMsg::default());
                    crate::fw::write::rule(m, &convert::rule(&request.specs[0]), &mut std::iter::empty());
                })
                .unwrap();
            let mut bytes = batch.bytes().to_vec();
            for (at, to) in changes {
                let at = at.index(bytes.len().saturating_sub(20)).saturating_add(20);
                bytes[at] = to;
            }
            let message = Messages::new(&bytes).next().unwrap().unwrap();
            let read = netfilter::Rule::parse(&message).and_then(|rule| read::rule(&rule, &()));
            let Some(spec) = read.ok().and_then(|rule| convert::spec(&rule, family)) else { return Ok(()) };
            let mut text = Vec::new();
            spec.save("there", Counters::No, &mut text);
            let Ok(text) = String::from_utf8(text) else { return Ok(()) };
            let again = convert::spec(&convert::rule(&spec), family);
            prop_assert_eq!(again.as_ref(), Some(&spec), "{}", text);
            prop_assert_eq!(specs(text.trim_end(), family), [spec], "{}", text);
        }

        /// Pieces of rules in any order are a rule or a mistake, and the rule comes back.
        #[test]
        fn pieces_in_any_order(picks in proptest::collection::vec(0..PIECES.len(), 0..6), protocol in 0..5_usize, six: bool) {
            let protocol = ["", "-p tcp", "-p udp", "-p icmp", "! -p icmpv6"][protocol];
            let mut line = format!("-A there {protocol}");
            picks.iter().for_each(|at| line.extend([" ", PIECES[*at]]));
            let family = if six { V6 } else { V4 };
            let words = restore::split(line.as_bytes()).unwrap();
            if let Ok(Asked::Do(request)) = words::parse(&words, family, "filter", false) {
                for spec in &request.specs {
                    let again = convert::spec(&convert::rule(spec), family);
                    prop_assert!(again.is_some(), "{}: {}", line, saved(spec));
                    let again = again.unwrap();
                    let third = convert::spec(&convert::rule(&again), family);
                    prop_assert_eq!(third.as_ref(), Some(&again), "{}", line);
                    prop_assert_eq!(specs(saved(&again).trim_end(), family), [again], "{}", line);
                }
            }
        }
    }

    const PIECES: &[&str] = &[
        "-s 10.0.0.0/8",
        "! -d 1.1.1.1",
        "-s 1.1.1.1,2.2.2.2",
        "-d fe80::/10",
        "! -s ::1",
        "-s 10.1.0.0/255.0.255.0",
        "-i eth0",
        "! -o eth+",
        "-i +",
        "! -o +",
        "-f",
        "! -f",
        "-c 5 6",
        "-j ACCEPT",
        "-j DROP",
        "-j there",
        "-g there",
        "-j RETURN",
        "-j LOG --log-prefix \"a b\" --log-level 3",
        "-j LOG --log-uid",
        "-j REJECT",
        "-j REJECT --reject-with tcp-reset",
        "-j MARK --set-mark 1/3",
        "-j MARK --and-mark 7",
        "-t nat -j MASQUERADE --to-ports 1-9 --random",
        "-t nat -j SNAT --to-source 10.0.0.1-10.0.0.2:7",
        "-t nat -j DNAT --to-destination [::1]:80 --persistent",
        "-t nat -j REDIRECT",
        "--dport 80",
        "! --sport 1:9",
        "--dport :7",
        "! --dport :7",
        "--sport 9:",
        "--syn",
        "! --tcp-flags ALL SYN,ACK",
        "-m tcp",
        "-m udp",
        "--icmp-type 8",
        "-m icmp6 ! --icmpv6-type 1/4",
        "-m state --state NEW",
        "-m conntrack ! --ctstate RELATED,ESTABLISHED",
        "-m comment --comment \"a 'b' \\\"\"",
        "-m comment --comment x",
        "-m mark --mark 0x1/0xff",
        "-m mark ! --mark 7",
        "-m limit",
        "-m limit --limit 7/min --limit-burst 9",
        "-m addrtype ! --dst-type LOCAL",
        "-m addrtype --src-type UNICAST,LOCAL --limit-iface-in",
        "-m multiport ! --dports 1,2:3",
        "-m multiport --ports 5",
    ];
}
