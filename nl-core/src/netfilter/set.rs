//! Sets and maps, and their elements.
//!
//! ```text
//! NFTA_SET_*: what a key (and, of a map, what it maps to) is, in bytes and by the user's own type
//! NFTA_SET_ELEM_LIST_ELEMENTS { NFTA_LIST_ELEM { NFTA_SET_ELEM_KEY { NFTA_DATA_VALUE }, … }, … }
//!
//! a range of an interval set: an element where it begins, one with INTERVAL_END behind its end
//! ```

use super::{Data, NfGenMsg};
use crate::spec::{attrs, codes, view};
use crate::{Attrs, DecodeError};

attrs! {
    /// Attributes of a set (`enum nft_set_attributes`).
    pub mod nfta_set("NFTA_SET_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of its table.";
        NAME = 2, Str, "Name; with `%d` in it, of an anonymous one, the kernel's to complete.";
        FLAGS = 3, BeBits(&super::SetFlags::SPEC), "Flags.";
        KEY_TYPE = 4, Be, "What a key is: the user's own.";
        KEY_LEN = 5, Be, "Length of a key in bytes.";
        DATA_TYPE = 6, Be, "What it maps to: the user's own, or `0xffffff00`, a verdict.";
        DATA_LEN = 7, Be, "Length of that in bytes.";
        POLICY = 8, Be, "0: speed; 1: memory.";
        DESC = 9, Nest(&super::nfta_set_desc::SPEC), "What is known beforehand.";
        ID = 10, Be, "Number of it within its transaction.";
        TIMEOUT = 11, Be, "How long elements live, in milliseconds.";
        GC_INTERVAL = 12, Be, "How often dead ones are swept away, in milliseconds.";
        USERDATA = 13, Bytes, "The user's own.";
        PAD = 14, Bytes, "Padding.";
        OBJ_TYPE = 15, BeCode(&super::super::nft_object::SPEC), "What kind of objects it maps to.";
        HANDLE = 16, Be, "Handle.";
        EXPR = 17, Nest(&super::super::expr::nfta_expr::SPEC), "An expression of each element.";
        EXPRESSIONS = 18, Nest(&super::super::nfta_list::SPEC), "Expressions of each element.";
        TYPE = 19, Str, "How the kernel keeps it.";
        COUNT = 20, Be, "How many elements it has.";
    }
}

codes! {
    /// Flags of a set (`enum nft_set_flags`).
    pub flags SetFlags(u32, "NFT_SET_", "linux/netfilter/nf_tables.h") {
        ANONYMOUS = 0x1, "It goes with its rule.";
        CONSTANT = 0x2, "It does not change once a rule uses it.";
        INTERVAL = 0x4, "Its keys are ranges.";
        MAP = 0x8, "It maps to something.";
        TIMEOUT = 0x10, "Its elements may die.";
        EVAL = 0x20, "Rules may change it.";
        OBJECT = 0x40, "It maps to stateful objects.";
        CONCAT = 0x80, "Its keys have several fields.";
        EXPR = 0x100, "Its elements have expressions.";
    }
}

attrs! {
    /// What is known of a set beforehand (`enum nft_set_desc_attributes`).
    pub mod nfta_set_desc("NFTA_SET_DESC_", "linux/netfilter/nf_tables.h") {
        SIZE = 1, Be, "Number of elements at most.";
        CONCAT = 2, Nest(&super::nfta_set_fields::SPEC), "Fields of a key.";
    }
}

attrs! {
    /// The fields of a key.
    pub mod nfta_set_fields("NFTA_LIST_", "linux/netfilter/nf_tables.h") {
        ELEM = 1, Nest(&super::nfta_set_field::SPEC), "A field.";
    }
}

attrs! {
    /// Attributes of a key's field (`enum nft_set_field_attributes`).
    pub mod nfta_set_field("NFTA_SET_FIELD_", "linux/netfilter/nf_tables.h") {
        LEN = 1, Be, "Length in bytes.";
    }
}

attrs! {
    /// Attributes of a list of elements (`enum nft_set_elem_list_attributes`).
    pub mod nfta_set_elem_list("NFTA_SET_ELEM_LIST_", "linux/netfilter/nf_tables.h") {
        TABLE = 1, Str, "Name of the table.";
        SET = 2, Str, "Name of the set.";
        ELEMENTS = 3, Nest(&super::nfta_set_elems::SPEC), "The elements.";
        SET_ID = 4, Be, "The set, by number within the transaction.";
    }
}

attrs! {
    /// The elements.
    pub mod nfta_set_elems("NFTA_LIST_", "linux/netfilter/nf_tables.h") {
        ELEM = 1, Nest(&super::nfta_set_elem::SPEC), "An element.";
    }
}

attrs! {
    /// Attributes of an element (`enum nft_set_elem_attributes`).
    pub mod nfta_set_elem("NFTA_SET_ELEM_", "linux/netfilter/nf_tables.h") {
        KEY = 1, Nest(&super::super::nfta_data::SPEC), "Key.";
        DATA = 2, Nest(&super::super::nfta_data::SPEC), "What it maps to.";
        FLAGS = 3, BeBits(&super::ElemFlags::SPEC), "Flags.";
        TIMEOUT = 4, Be, "How long it lives, in milliseconds.";
        EXPIRATION = 5, Be, "How long it still lives, in milliseconds.";
        USERDATA = 6, Bytes, "The user's own.";
        EXPR = 7, Nest(&super::super::expr::nfta_expr::SPEC), "Its expression.";
        PAD = 8, Bytes, "Padding.";
        OBJREF = 9, Str, "Name of the object it maps to.";
        KEY_END = 10, Nest(&super::super::nfta_data::SPEC), "The last key, where keys have several fields.";
        EXPRESSIONS = 11, Nest(&super::super::nfta_list::SPEC), "Its expressions.";
    }
}

codes! {
    /// Flags of an element (`enum nft_set_elem_flags`).
    pub flags ElemFlags(u32, "NFT_SET_ELEM_", "linux/netfilter/nf_tables.h") {
        INTERVAL_END = 0x1, "A range ends in front of it.";
        CATCHALL = 0x2, "What no other element has.";
    }
}

view! {
    /// A set or map, as `NFT_MSG_NEWSET` and `NFT_MSG_DELSET` carry it.
    pub struct Set(NfGenMsg, nfta_set, "NFTA_SET_") {
        table: &'a [u8] = name(TABLE);
        name: &'a [u8] = name(NAME);
        flags: u32 = be32(FLAGS);
        key_type: u32 = be32(KEY_TYPE);
        key_len: u32 = be32(KEY_LEN);
        data_type: u32 = be32(DATA_TYPE);
        data_len: u32 = be32(DATA_LEN);
        policy: u32 = be32(POLICY);
        /// See [`nfta_set_desc`].
        desc: crate::Attrs<'a> = attrs(DESC);
        timeout: u64 = be64(TIMEOUT);
        gc_interval: u32 = be32(GC_INTERVAL);
        obj_type: u32 = be32(OBJ_TYPE);
        handle: u64 = be64(HANDLE);
        userdata: &'a [u8] = bytes(USERDATA);
        /// See [`super::expression`].
        expr: crate::Attrs<'a> = attrs(EXPR);
        /// See [`super::expressions`].
        exprs: crate::Attrs<'a> = attrs(EXPRESSIONS);
    }
}

view! {
    /// Elements, as `NFT_MSG_NEWSETELEM` and `NFT_MSG_DELSETELEM` carry them.
    pub struct Elements(NfGenMsg, nfta_set_elem_list, "NFTA_SET_ELEM_LIST_") {
        table: &'a [u8] = name(TABLE);
        set: &'a [u8] = name(SET);
        list: crate::Attrs<'a> = attrs(ELEMENTS);
    }
}

impl<'a> Elements<'a> {
    /// The elements.
    pub fn iter(&self) -> impl Iterator<Item = Result<Element<'a>, DecodeError>> + use<'a> {
        self.list().ok().flatten().unwrap_or(Attrs::new(&[], 0)).map(|elem| Element::parse(elem?.attrs()))
    }
}

view! {
    /// An element of a set.
    pub struct Element(nfta_set_elem, "NFTA_SET_ELEM_") {
        key: Data<'a> = fn data(KEY);
        key_end: Data<'a> = fn data(KEY_END);
        data: Data<'a> = fn data(DATA);
        flags: u32 = be32(FLAGS);
        timeout: u64 = be64(TIMEOUT);
        expiration: u64 = be64(EXPIRATION);
        userdata: &'a [u8] = bytes(USERDATA);
        objref: &'a [u8] = name(OBJREF);
        /// See [`super::expression`].
        expr: crate::Attrs<'a> = attrs(EXPR);
        /// See [`super::expressions`].
        exprs: crate::Attrs<'a> = attrs(EXPRESSIONS);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a view's accessor calls")]
fn data<'a>(attr: &crate::Attr<'a>) -> Result<Data<'a>, DecodeError> {
    Ok(Data::read(attr.attrs()))
}

/// What nftables' own programs keep in `USERDATA`: one behind the other a type, a length and so
/// many bytes, the first two of a byte each. No header of the kernel's has it (libnftnl, udata.h).
pub mod udata {
    /// Comment of a rule, table, chain, element or object, with a NUL behind it.
    pub const COMMENT: u8 = 0;
    /// Of an element: flags, 4 bytes in host byte order; 1: an open interval.
    pub const ELEM_FLAGS: u8 = 1;
    /// Of a set: byte order of its keys, 4 bytes in host byte order; 1: host, 2: network.
    pub const SET_KEYBYTEORDER: u8 = 0;
    /// Of a set: byte order of what it maps to.
    pub const SET_DATABYTEORDER: u8 = 1;
    /// Of a set: whether neighbouring ranges are shown as one.
    pub const SET_MERGE_ELEMENTS: u8 = 2;
    /// Of a set: what expression its key is of.
    pub const SET_KEY_TYPEOF: u8 = 3;
    /// Of a set: what expression it maps to.
    pub const SET_DATA_TYPEOF: u8 = 4;
    /// Of a set: comment.
    pub const SET_COMMENT: u8 = 7;

    /// The entries, up to the first that does not fit.
    pub fn iter(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = bytes;
        core::iter::from_fn(move || {
            let (&[kind, len], behind) = rest.split_first_chunk()?;
            let (value, behind) = behind.split_at_checked(len.into())?;
            rest = behind;
            Some((kind, value))
        })
    }

    /// The string of type `kind`, without the NUL behind it.
    #[must_use]
    pub fn string(bytes: &[u8], kind: u8) -> Option<&[u8]> {
        iter(bytes).find(|e| e.0 == kind).map(|e| e.1.split(|b| *b == 0).next().unwrap_or_default())
    }

    /// The number of 4 bytes of type `kind`.
    #[must_use]
    pub fn number(bytes: &[u8], kind: u8) -> Option<u32> {
        iter(bytes).find(|e| e.0 == kind).and_then(|e| Some(u32::from_ne_bytes(*e.1.first_chunk()?)))
    }
}
