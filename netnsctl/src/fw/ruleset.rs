//! All that is there: a dump of tables, chains, rules, sets, elements and objects, of one generation of the rules.
//!
//! The messages are kept as they came, one behind the other; what is in them is read when it is shown.

use super::read::Sets;
use netns_sys::netlink::Conn;
use netns_sys::{Error, Result};
use nl_core::netfilter::{
    self, NFT_MSG_DELSET, NFT_MSG_GETCHAIN, NFT_MSG_GETFLOWTABLE, NFT_MSG_GETGEN, NFT_MSG_GETOBJ, NFT_MSG_GETRULE,
    NFT_MSG_GETSET, NFT_MSG_GETSETELEM, NFT_MSG_GETTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWOBJ, NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET, NFT_MSG_NEWSETELEM, NFT_MSG_NEWTABLE, NfGenMsg, SetFlags, Table, nfta_rule, nfta_set_elem_list,
    udata,
};
use nl_core::wire::align4;
use nl_core::{Message, Messages, Msg};
use std::ops::Range;

/// How often a dump that something changed under is run again.
const TRIES: u32 = 10;

/// Messages, one behind the other, each padded to 4.
#[derive(Debug, Default)]
pub struct Kept(Vec<u8>);

impl Kept {
    fn push(&mut self, message: &Message<'_>) {
        self.0.extend_from_slice(message.bytes());
        self.0.resize(align4(self.0.len()), 0);
    }

    /// The messages.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        Messages::new(&self.0).map_while(std::result::Result::ok)
    }

    fn within(&self, range: Range<usize>) -> impl Iterator<Item = Message<'_>> {
        Messages::new(self.0.get(range).unwrap_or_default()).map_while(std::result::Result::ok)
    }
}

/// What has to be known of a set to read and show what uses it.
#[derive(Clone, Debug)]
pub struct SetInfo {
    family: u8,
    table: Box<[u8]>,
    name: Box<[u8]>,
    /// Bits of [`SetFlags`].
    pub flags: u32,
    /// nft's number of its keys' type.
    pub key_type: u32,
    /// Length of a key in bytes.
    pub key_len: u32,
    /// nft's number of the type of what it maps to.
    pub data_type: u32,
    /// Type of the objects it maps to ([`nl_core::netfilter::nft_object`]).
    pub object: u32,
    /// Whether its keys are numbers in the host's byte order.
    pub host: bool,
    /// Where its elements are among the messages.
    elements: Range<usize>,
}

impl SetInfo {
    /// Whether it goes with its rule.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.flags & SetFlags::ANONYMOUS.bits() != 0
    }

    fn read(message: &Message<'_>, elements: Range<usize>) -> Result<Option<SetInfo>> {
        let set = netfilter::Set::parse(message)?;
        let (Some(table), Some(name)) = (set.table()?, set.name()?) else { return Ok(None) };
        Ok(Some(SetInfo {
            family: set.header.family,
            table: table.into(),
            name: name.into(),
            flags: set.flags()?.unwrap_or_default(),
            key_type: set.key_type()?.unwrap_or_default(),
            key_len: set.key_len()?.unwrap_or_default(),
            data_type: set.data_type()?.unwrap_or_default(),
            object: set.obj_type()?.unwrap_or_default(),
            host: set.userdata()?.and_then(|data| udata::number(data, udata::SET_KEYBYTEORDER)) == Some(1),
            elements,
        }))
    }

    fn key(&self) -> (u8, &[u8], &[u8]) {
        (self.family, &self.table, &self.name)
    }
}

/// Family, table and chain, and where its rules are.
type Chunk = (u8, Box<[u8]>, Box<[u8]>, Range<usize>);

/// All rules and what they use.
#[derive(Debug, Default)]
pub struct Ruleset {
    /// Number of the generation.
    pub generation: u32,
    /// Tables.
    pub tables: Kept,
    /// Chains.
    pub chains: Kept,
    /// Rules.
    pub rules: Kept,
    /// Sets and maps.
    pub sets: Kept,
    /// Stateful objects.
    pub objects: Kept,
    /// Flow tables.
    pub flowtables: Kept,
    /// By family, table and name.
    infos: Vec<SetInfo>,
    elements: Kept,
    /// Where the rules of each chain are: by family, table and chain.
    chunks: Vec<Chunk>,
}

/// Which rules: of one family, table and chain, as far as they are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'w> {
    /// Family ([`nl_core::netfilter::nfproto`]); 0: any.
    pub family: u8,
    /// Name of the table.
    pub table: Option<&'w [u8]>,
}

impl Ruleset {
    /// Reads what there is; again from the start, where something changed meanwhile.
    ///
    /// # Errors
    /// The kernel's; [`Error::Interrupted`] where it changes all the time.
    pub fn read(conn: &mut Conn, which: Which<'_>) -> Result<Ruleset> {
        for _ in 0..TRIES {
            let generation = generation(conn)?;
            let ruleset = match Self::read_once(conn, which) {
                // What it is about is gone.
                Err(Error::Kernel(e)) if e.errno == netns_sys::Errno::ENOENT => None,
                result => Some(result?),
            };
            match ruleset {
                Some(ruleset) if self::generation(conn)? == generation => return Ok(Ruleset { generation, ..ruleset }),
                _ => {}
            }
        }
        Err(Error::Interrupted)
    }

    fn read_once(conn: &mut Conn, which: Which<'_>) -> Result<Ruleset> {
        let header = NfGenMsg { family: which.family, ..NfGenMsg::default() };
        let mut all = Ruleset::default();
        let keep = |conn: &mut Conn, kind: u16, to: &mut Kept| {
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&header);
                if let (NFT_MSG_GETRULE, Some(table)) = (kind, which.table) {
                    m.str(nfta_rule::TABLE, table);
                }
            };
            conn.stream(kind, fill, |message| {
                match message {
                    None => to.0.clear(),
                    Some(message) => to.push(message),
                }
                Ok(())
            })
        };
        keep(conn, NFT_MSG_GETTABLE, &mut all.tables)?;
        if all.tables.0.is_empty() {
            return Ok(all);
        }
        keep(conn, NFT_MSG_GETCHAIN, &mut all.chains)?;
        keep(conn, NFT_MSG_GETSET, &mut all.sets)?;
        keep(conn, NFT_MSG_GETRULE, &mut all.rules)?;
        for (kind, to) in [(NFT_MSG_GETOBJ, &mut all.objects), (NFT_MSG_GETFLOWTABLE, &mut all.flowtables)] {
            match keep(conn, kind, to) {
                // An older kernel does not know these.
                Err(Error::Kernel(e)) if e.errno == netns_sys::Errno::EINVAL => {}
                result => result?,
            }
        }
        all.read_elements(conn, which)?;
        all.index()?;
        Ok(all)
    }

    /// The ruleset that these messages describe, in any order and of any origin; those of a set's elements behind the set.
    ///
    /// # Errors
    /// A message is broken.
    pub fn of(messages: &[u8]) -> Result<Ruleset> {
        let mut all = Ruleset::default();
        for message in Messages::new(messages) {
            let message = message?;
            match message.kind() {
                NFT_MSG_NEWTABLE => all.tables.push(&message),
                NFT_MSG_NEWCHAIN => all.chains.push(&message),
                NFT_MSG_NEWRULE => all.rules.push(&message),
                NFT_MSG_NEWOBJ => all.objects.push(&message),
                NFT_MSG_NEWSET => {
                    all.sets.push(&message);
                    all.note(&message);
                }
                _ => all.note(&message),
            }
        }
        all.index()?;
        Ok(all)
    }

    /// Remembers a set and its elements, as they are told of.
    pub fn note(&mut self, message: &Message<'_>) {
        match message.kind() {
            NFT_MSG_NEWSET => {
                let end = self.elements.0.len();
                if let Some(info) = SetInfo::read(message, end..end).ok().flatten() {
                    let at = self.infos.binary_search_by(|other| other.key().cmp(&info.key()));
                    match at.map(|at| self.infos.get_mut(at)) {
                        Ok(Some(known)) => *known = info,
                        Ok(None) => {}
                        Err(at) => self.infos.insert(at, info),
                    }
                }
            }
            NFT_MSG_NEWSETELEM => {
                let Ok(list) = netfilter::Elements::parse(message) else { return };
                let (table, name) = (list.table().ok().flatten(), list.set().ok().flatten());
                let key = (list.header.family, table.unwrap_or_default(), name.unwrap_or_default());
                let Ok(at) = self.infos.binary_search_by(|info| info.key().cmp(&key)) else { return };
                // Those of a set come together. Of one with a name that is changed later, they are shown nowhere.
                let Some(info) = self.infos.get_mut(at) else { return };
                if info.elements.end != self.elements.0.len() {
                    info.elements.start = self.elements.0.len();
                }
                self.elements.push(message);
                info.elements.end = self.elements.0.len();
            }
            NFT_MSG_DELSET => {
                let Ok(set) = netfilter::Set::parse(message) else { return };
                let (table, name) = (set.table().ok().flatten(), set.name().ok().flatten());
                let key = (set.header.family, table.unwrap_or_default(), name.unwrap_or_default());
                self.infos.retain(|info| info.key() != key);
                if self.infos.iter().all(|info| info.elements.is_empty()) {
                    self.elements.0.clear();
                }
            }
            _ => {}
        }
    }

    fn read_elements(&mut self, conn: &mut Conn, which: Which<'_>) -> Result<()> {
        for message in self.sets.iter() {
            let set = netfilter::Set::parse(&message)?;
            let (table, name) = (set.table()?.unwrap_or_default(), set.name()?.unwrap_or_default());
            if which.table.is_some_and(|wanted| wanted != table) {
                continue;
            }
            let start = self.elements.0.len();
            let fill = |m: &mut Msg<'_>| {
                m.fixed(&NfGenMsg { family: set.header.family, ..NfGenMsg::default() });
                m.str(nfta_set_elem_list::SET, name);
                m.str(nfta_set_elem_list::TABLE, table);
            };
            let elements = &mut self.elements;
            conn.stream(NFT_MSG_GETSETELEM, fill, |message| {
                match message {
                    None => elements.0.truncate(start),
                    Some(message) => elements.push(message),
                }
                Ok(())
            })?;
            self.infos.extend(SetInfo::read(&message, start..self.elements.0.len())?);
        }
        self.infos.sort_by(|a, b| a.key().cmp(&b.key()));
        Ok(())
    }

    /// Finds where the rules of each chain are: the kernel gives them chain by chain.
    fn index(&mut self) -> Result<()> {
        let mut at = 0_usize;
        for message in self.rules.iter() {
            let rule = netfilter::Rule::parse(&message)?;
            let (family, table, chain) =
                (rule.header.family, rule.table()?.unwrap_or_default(), rule.chain()?.unwrap_or_default());
            let end = at.saturating_add(align4(message.bytes().len()));
            match self.chunks.last_mut() {
                Some(last) if last.0 == family && *last.1 == *table && *last.2 == *chain => last.3.end = end,
                _ => self.chunks.push((family, table.into(), chain.into(), at..end)),
            }
            at = end;
        }
        self.chunks.sort_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
        Ok(())
    }

    /// The rules of a chain, in their order.
    pub fn rules_of(&self, family: u8, table: &[u8], chain: &[u8]) -> impl Iterator<Item = Message<'_>> {
        let found = self.chunks.binary_search_by(|c| (c.0, &*c.1, &*c.2).cmp(&(family, table, chain)));
        let range = found.ok().and_then(|at| self.chunks.get(at)).map_or(0..0, |c| c.3.clone());
        self.rules.within(range)
    }

    /// A set, by its name.
    #[must_use]
    pub fn set(&self, family: u8, table: &[u8], name: &[u8]) -> Option<&SetInfo> {
        let found = self.infos.binary_search_by(|info| info.key().cmp(&(family, table, name)));
        found.ok().and_then(|at| self.infos.get(at))
    }

    /// The messages with a set's elements.
    pub fn elements_of(&self, set: &SetInfo) -> impl Iterator<Item = Message<'_>> {
        self.elements.within(set.elements.clone())
    }

    /// Whether a table is there.
    #[must_use]
    pub fn has_table(&self, family: u8, name: &[u8]) -> bool {
        let is = |message: &Message<'_>| {
            Table::parse(message).is_ok_and(|t| t.header.family == family && t.name().ok().flatten() == Some(name))
        };
        self.tables.iter().any(|message| is(&message))
    }

    /// The sets of a table, for reading its rules.
    #[must_use]
    pub fn sets_in<'r>(&'r self, family: u8, table: &'r [u8]) -> SetsIn<'r> {
        SetsIn { ruleset: self, family, table }
    }
}

/// The sets of one table.
#[derive(Clone, Copy, Debug)]
pub struct SetsIn<'r> {
    ruleset: &'r Ruleset,
    family: u8,
    table: &'r [u8],
}

impl Sets for SetsIn<'_> {
    fn key_len(&self, name: &[u8]) -> Option<u32> {
        self.ruleset.set(self.family, self.table, name).map(|set| set.key_len)
    }
}

/// The number of the present generation of the rules.
///
/// # Errors
/// The kernel's.
pub fn generation(conn: &mut Conn) -> Result<u32> {
    let read = |message: &Message<'_>| Ok(netfilter::Gen::parse(message)?.id()?.unwrap_or_default());
    conn.get(NFT_MSG_GETGEN, |m| m.fixed(&NfGenMsg::default()), read)
}
