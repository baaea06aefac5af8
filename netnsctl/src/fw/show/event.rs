//! What changes, as `nft monitor` shows it: one line a change.

use super::set::{key_fields, object_word};
use super::{At, Links, Printer, family_name};
use crate::fw::ruleset::Ruleset;
use crate::out::{Escaped, Out};
use nl_core::netfilter::{
    self, Chain, Elements, NFT_MSG_DELCHAIN, NFT_MSG_DELOBJ, NFT_MSG_DELRULE, NFT_MSG_DELSET, NFT_MSG_DELSETELEM,
    NFT_MSG_DELTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWGEN, NFT_MSG_NEWOBJ, NFT_MSG_NEWRULE, NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM, NFT_MSG_NEWTABLE, Object, Table,
};
use nl_core::{Flags, Message};

/// Shows one change; `known` are the sets there are ([`Ruleset::note`]).
///
/// # Errors
/// The message is broken.
pub fn event(out: &mut Out, known: &Ruleset, links: &mut Links<'_>, message: &Message<'_>) -> netns_sys::Result<()> {
    let verb = match message.kind() {
        NFT_MSG_NEWGEN => {
            let generation = netfilter::Gen::parse(message)?;
            let (id, pid) = (generation.id()?.unwrap_or_default(), generation.pid()?.unwrap_or_default());
            let name = Escaped(generation.process()?.unwrap_or_default()).to_string();
            out.text(format_args!("# new generation {id} by process {pid} ({name})\n"));
            return Ok(());
        }
        NFT_MSG_NEWRULE if !message.flags().contains(Flags::APPEND) => "insert",
        NFT_MSG_NEWTABLE | NFT_MSG_NEWCHAIN | NFT_MSG_NEWRULE | NFT_MSG_NEWSET | NFT_MSG_NEWSETELEM
        | NFT_MSG_NEWOBJ => "add",
        NFT_MSG_DELTABLE | NFT_MSG_DELCHAIN | NFT_MSG_DELRULE | NFT_MSG_DELSET | NFT_MSG_DELSETELEM
        | NFT_MSG_DELOBJ => "delete",
        _ => return Ok(()),
    };
    let (header, attrs) = message.fixed::<netfilter::NfGenMsg>()?;
    // All of them begin with the table's name.
    let table = attrs.find(1).map_or(&[][..], |a| a.name());
    let at = At::default();
    let mut printer =
        Printer { out, ruleset: known, links, family: header.family, table, handles: false, at, member: "" };
    printer.event(verb, message)
}

impl Printer<'_, '_> {
    fn event(&mut self, verb: &'static str, message: &Message<'_>) -> netns_sys::Result<()> {
        let lead = |kind: &str| format!("{verb} {kind} {} {}", family_name(self.family), Escaped(self.table));
        match message.kind() {
            NFT_MSG_NEWTABLE | NFT_MSG_DELTABLE => {
                let (lead, table) = (lead("table"), Table::parse(message)?);
                let (name, handle) = (table.name()?.unwrap_or_default(), table.handle()?.unwrap_or_default());
                self.line(verb, &lead, |p| {
                    p.item("table", |p| {
                        p.out.json("name", name);
                        p.out.json("handle", handle);
                        Ok(())
                    })
                })
            }
            NFT_MSG_NEWCHAIN | NFT_MSG_DELCHAIN => {
                let (lead, chain) = (lead("chain"), Chain::parse(message)?);
                let name = chain.name()?.unwrap_or_default();
                let handle = chain.handle()?.unwrap_or_default();
                let shown = message.kind() == NFT_MSG_NEWCHAIN && chain.hook()?.is_some();
                self.line(verb, &format!("{lead} {}", Escaped(name)), |p| {
                    p.item("chain", |p| {
                        p.out.json("table", p.table);
                        p.out.json("name", name);
                        p.out.json("handle", handle);
                        if !shown {
                            return Ok(());
                        }
                        p.out.push(" { ");
                        p.base(&chain)?;
                        p.out.push(" }");
                        Ok(())
                    })
                })
            }
            NFT_MSG_NEWRULE | NFT_MSG_DELRULE => {
                let (lead, rule) = (lead("rule"), netfilter::Rule::parse(message)?);
                let chain = rule.chain()?.unwrap_or_default();
                let lead = format!("{lead} {}", Escaped(chain));
                if message.kind() == NFT_MSG_DELRULE && !self.out.is_json() {
                    let handle = rule.handle()?.unwrap_or_default();
                    return self.line(verb, &format!("{lead} handle {handle}"), |_| Ok(()));
                }
                self.line(verb, &format!("{lead} "), |p| p.rule_item(chain, &rule))
            }
            NFT_MSG_NEWSETELEM | NFT_MSG_DELSETELEM => {
                let (lead, list) = (lead("element"), Elements::parse(message)?);
                let name = list.set()?.unwrap_or_default();
                let Some(info) = self.set(name).filter(|info| !info.is_anonymous()).cloned() else { return Ok(()) };
                let elems = Self::elements_in(std::iter::once(*message), &info)?;
                let fields = key_fields(&info);
                self.line(verb, &format!("{lead} {} ", Escaped(name)), |p| {
                    p.item("element", |p| {
                        p.out.json("table", p.table);
                        p.out.json("name", name);
                        p.open("elem", b'{');
                        p.list(&elems, &fields, &info, |_| ", ");
                        p.close(b'}');
                        Ok(())
                    })
                })
            }
            NFT_MSG_NEWSET | NFT_MSG_DELSET => {
                let (lead, set) = (lead("set"), netfilter::Set::parse(message)?);
                let name = set.name()?.unwrap_or_default();
                if message.kind() == NFT_MSG_NEWSET && self.set(name).is_none_or(|info| info.is_anonymous()) {
                    return Ok(());
                }
                self.named(verb, "set", &format!("{lead} {}", Escaped(name)), name, set.handle()?)
            }
            _ => {
                let object = Object::parse(message)?;
                let name = object.name()?.unwrap_or_default();
                let kind = object_word(object.kind()?.unwrap_or_default());
                let lead =
                    format!("{verb} {kind} {} {} {}", family_name(self.family), Escaped(self.table), Escaped(name));
                self.named(verb, kind, &lead, name, object.handle()?)
            }
        }
    }

    fn line(
        &mut self,
        verb: &'static str,
        text: &str,
        fill: impl FnOnce(&mut Self) -> netns_sys::Result<()>,
    ) -> netns_sys::Result<()> {
        // The object of the change is an element of nothing.
        self.open("", b'{');
        self.out.push(text);
        self.member = verb;
        let result = fill(self);
        self.close(b'}');
        self.out.push("\n");
        result
    }

    fn named(
        &mut self,
        verb: &'static str,
        kind: &str,
        lead: &str,
        name: &[u8],
        handle: Option<u64>,
    ) -> netns_sys::Result<()> {
        self.line(verb, lead, |p| {
            p.item(kind, |p| {
                p.out.json("name", name);
                p.out.json("table", p.table);
                p.out.json("handle", handle.unwrap_or_default());
                Ok(())
            })
        })
    }
}
