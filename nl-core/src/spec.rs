//! What is known about messages, as data: names, types and layouts.
//!
//! Each table is written once and read by all who need it: the constants and accessors in code,
//! [`crate::pretty`], the names in errors ([`Family::locate`]), and the test that compares every
//! value and layout with the C headers.

use crate::decode::{Attrs, Message};
use crate::wire::{MIN_TYPE, MSG_HDRLEN};

/// How the value of an attribute or of a struct's field is to be read.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// No value: being there is what it says.
    Flag,
    /// An unsigned integer in host byte order, of 1, 2, 4 or 8 bytes.
    Uint,
    /// A signed integer in host byte order.
    Int,
    /// An unsigned integer in network byte order.
    Be,
    /// A string, with or without a NUL behind it.
    Str,
    /// Bytes of no known meaning.
    Bytes,
    /// A link-layer address.
    Mac,
    /// An address: IPv4 of 4 bytes, IPv6 of 16, link-layer otherwise.
    Ip,
    /// A struct.
    Struct(&'static StructSpec),
    /// Attributes.
    Nest(&'static NestSpec),
    /// Attributes whose types are positions and whose values are nests of this kind.
    Array(&'static NestSpec),
    /// Attributes whose meaning depends on the string in the sibling attribute `.0`.
    ByName(u16, &'static [(&'static str, &'static NestSpec)]),
    /// Attributes whose meaning depends on the number in the sibling attribute `.0`: of 2 bytes in host byte order, or of
    /// 4 in network byte order.
    ByCode(u16, &'static [(u16, &'static NestSpec)]),
    /// Attributes whose meaning depends on the address family, the message's first byte.
    ByFamily(&'static [(u8, &'static NestSpec)]),
    /// A struct, padded to 4, then attributes.
    Headed(&'static StructSpec, &'static NestSpec),
    /// [`crate::route::NextHops`]: one after the other, each a struct, then attributes.
    NextHops(&'static NestSpec),
    /// An unsigned integer in host byte order that is one of these.
    Code(&'static CodeSpec),
    /// An unsigned integer in host byte order made of these bits.
    Bits(&'static CodeSpec),
    /// An unsigned integer in network byte order that is one of these.
    BeCode(&'static CodeSpec),
    /// An unsigned integer in network byte order made of these bits.
    BeBits(&'static CodeSpec),
}

/// One type of attribute.
#[derive(Clone, Copy, Debug)]
pub struct AttrSpec {
    /// The number on the wire.
    pub kind: u16,
    /// The kernel's name.
    pub name: &'static str,
    /// How to read the value.
    pub shape: Shape,
}

/// The attribute types of one nest.
#[derive(Clone, Copy, Debug)]
pub struct NestSpec {
    /// What the kernel's names begin with.
    pub prefix: &'static str,
    /// The UAPI header that defines them.
    pub header: &'static str,
    /// The types, by number.
    pub attrs: &'static [AttrSpec],
}

/// A group of numbers with names.
#[derive(Clone, Copy, Debug)]
pub struct CodeSpec {
    /// What the kernel's names begin with.
    pub prefix: &'static str,
    /// The UAPI header that defines them.
    pub header: &'static str,
    /// Kernel's name and number of each.
    pub codes: &'static [(&'static str, u64)],
}

/// One field of a struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// The kernel's name.
    pub name: &'static str,
    /// Offset in bytes.
    pub at: usize,
    /// Size in bytes.
    pub size: usize,
    /// How to read it.
    pub shape: Shape,
}

/// A struct on the wire.
#[derive(Clone, Copy, Debug)]
pub struct StructSpec {
    /// The kernel's name, without `struct`.
    pub name: &'static str,
    /// The UAPI header that defines it.
    pub header: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Its fields, by offset.
    pub fields: &'static [FieldSpec],
}

/// One type of message.
#[derive(Clone, Copy, Debug)]
pub struct MessageSpec {
    /// The number on the wire.
    pub kind: u16,
    /// The kernel's name.
    pub name: &'static str,
    /// The fixed header.
    pub fixed: &'static StructSpec,
    /// The attributes behind it.
    pub attrs: &'static NestSpec,
}

/// A netlink protocol.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The kernel's name.
    pub name: &'static str,
    /// The number `socket(2)` takes as protocol.
    pub protocol: u8,
    /// Its types of messages.
    pub messages: &'static [MessageSpec],
}

/// The names from the message down to an attribute, outermost first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    names: [&'static str; Self::DEPTH],
    len: usize,
}

impl Path {
    /// How many levels are kept; deeper ones are not looked into.
    pub const DEPTH: usize = 8;

    /// The names, outermost first; an unknown one is `"?"`.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        self.names.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, name: &'static str) {
        if let Some(slot) = self.names.get_mut(self.len) {
            *slot = name;
            self.len = self.len.saturating_add(1);
        }
    }
}

impl core::fmt::Display for Path {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (i, name) in self.names().iter().enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl CodeSpec {
    /// The kernel's name for `value`.
    #[must_use]
    pub fn name(&self, value: u64) -> Option<&'static str> {
        self.codes.iter().find(|c| c.1 == value).map(|c| c.0)
    }
}

impl NestSpec {
    /// The attribute of type `kind`.
    #[must_use]
    pub fn find(&self, kind: u16) -> Option<&'static AttrSpec> {
        self.attrs.iter().find(|a| a.kind == kind)
    }
}

/// What is known about the attributes of a list.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Their types are those of this nest.
    Types(&'static NestSpec),
    /// Their types are positions; the value of each is a nest of this kind.
    Positions(&'static NestSpec),
    /// Nothing.
    Unknown,
}

impl Level {
    /// What is known about the attribute of type `kind`.
    #[must_use]
    pub fn find(&self, kind: u16) -> Option<&'static AttrSpec> {
        match self {
            Self::Types(nest) => nest.find(kind),
            _ => None,
        }
    }

    /// What is known about the attributes nested in the one of type `kind`, where `siblings` are
    /// those beside it and `family` is the message's address family.
    #[must_use]
    pub fn inside(&self, kind: u16, siblings: &Attrs<'_>, family: u8) -> Self {
        let shape = match self {
            Self::Positions(nest) => return Self::Types(nest),
            _ => self.find(kind).map(|a| a.shape),
        };
        let nest = match shape {
            Some(Shape::Nest(nest) | Shape::Headed(_, nest)) => Some(nest),
            Some(Shape::Array(nest)) => return Self::Positions(nest),
            Some(Shape::ByFamily(table)) => table.iter().find(|e| e.0 == family).map(|e| e.1),
            Some(Shape::ByName(kind, table)) => {
                siblings.find(kind).and_then(|name| table.iter().find(|e| e.0.as_bytes() == name.name())).map(|e| e.1)
            }
            Some(Shape::ByCode(kind, table)) => {
                let number = |a: crate::Attr<'_>| a.u16().ok().or_else(|| u16::try_from(a.be32().ok()?).ok());
                let code = siblings.find(kind).and_then(number);
                table.iter().find(|e| Some(e.0) == code).map(|e| e.1)
            }
            _ => None,
        };
        nest.map_or(Self::Unknown, Self::Types)
    }

    /// Bytes of the struct in front of the attributes nested in the one of type `kind`.
    #[must_use]
    pub fn head_len(&self, kind: u16) -> usize {
        match self.find(kind).map(|a| a.shape) {
            Some(Shape::Headed(head, _)) => head.size,
            _ => 0,
        }
    }
}

impl Family {
    /// The message of type `kind`.
    #[must_use]
    pub fn find(&self, kind: u16) -> Option<&'static MessageSpec> {
        self.messages.iter().find(|m| m.kind == kind)
    }

    /// The name of the message of type `kind`, control messages included.
    #[must_use]
    pub fn message_name(&self, kind: u16) -> Option<&'static str> {
        const CONTROL: [&str; 4] = ["NLMSG_NOOP", "NLMSG_ERROR", "NLMSG_DONE", "NLMSG_OVERRUN"];
        match kind {
            1..MIN_TYPE => CONTROL.get(usize::from(kind).saturating_sub(1)).copied(),
            _ => self.find(kind).map(|m| m.name),
        }
    }

    /// The attribute that covers byte `at` of a request: what an extended acknowledgement's
    /// offset points to. With `missing`, the name of that type inside the nest at `at` (the
    /// message itself where `at` is `None`) instead: what was not there.
    ///
    /// `None` where the request or the place is not known.
    #[must_use]
    pub fn locate(&self, request: &Message<'_>, at: Option<usize>, missing: Option<u16>) -> Option<Path> {
        let spec = self.find(request.kind())?;
        let family = request.payload().first().copied().unwrap_or_default();
        let mut path = Path::default();
        let mut level = Level::Types(spec.attrs);
        let mut attrs = request.attrs_from(spec.fixed.size);
        if let Some(at) = at {
            if let Some(field) = spec.fixed.field_at(at.checked_sub(MSG_HDRLEN)?) {
                path.push(field);
                return Some(path);
            }
            while let Some(attr) = attrs.clone().map_while(Result::ok).find(|a| a.covers(at)) {
                path.push(level.find(attr.kind()).map_or("?", |a| a.name));
                let head_len = level.head_len(attr.kind());
                level = level.inside(attr.kind(), &attrs, family);
                attrs = attr.attrs_from(head_len);
                if matches!(level, Level::Unknown) {
                    break;
                }
            }
        }
        if let Some(kind) = missing {
            path.push(level.find(kind)?.name);
        }
        (path.len > 0).then_some(path)
    }
}

impl StructSpec {
    /// The name of the field that covers byte `at`.
    #[must_use]
    pub fn field_at(&self, at: usize) -> Option<&'static str> {
        let covers = |f: &&FieldSpec| f.at <= at && at < f.at.saturating_add(f.size);
        self.fields.iter().find(covers).map(|f| f.name)
    }
}

/// The shape of a struct's field, by its type.
pub trait Field {
    /// How to read it.
    const SHAPE: Shape;
}

macro_rules! field_shapes {
    ($($shape:ident: $($ty:ty),*;)*) => {$($(
        impl Field for $ty { const SHAPE: Shape = Shape::$shape; }
    )*)*};
}

field_shapes! {
    Uint: u8, crate::wire::U16, crate::wire::U32, crate::wire::U64;
    Int: i8, crate::wire::I32;
}

// On a big-endian machine these are the same types as those above, and are read the same way.
#[cfg(target_endian = "little")]
field_shapes! {
    Be: crate::wire::Be16, crate::wire::Be32, crate::wire::Be64;
}

impl<const N: usize> Field for [u8; N] {
    const SHAPE: Shape = Shape::Bytes;
}

impl Field for crate::wire::NlMsgHdr {
    const SHAPE: Shape = Shape::Struct(<Self as crate::wire::Wire>::SPEC);
}

/// A struct on the wire: the type itself and its [`StructSpec`].
///
/// `field: Type = "kernel's name",` — with `=> shape` where the type does not say it all.
macro_rules! wire {
    (
        $(#[$doc:meta])*
        pub struct $name:ident($kernel:literal, $header:literal) {
            $($(#[$fdoc:meta])* $field:ident: $ty:ty = $kname:literal $(=> $shape:expr)?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, zerocopy::FromBytes, zerocopy::IntoBytes,
            zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $ty,)*
        }

        impl $crate::wire::Wire for $name {
            const SPEC: &'static $crate::spec::StructSpec = &$crate::spec::StructSpec {
                name: $kernel,
                header: $header,
                size: size_of::<$name>(),
                fields: &[$($crate::spec::FieldSpec {
                    name: $kname,
                    at: core::mem::offset_of!($name, $field),
                    size: size_of::<$ty>(),
                    shape: $crate::spec::field_shape!($ty $(, $shape)?),
                },)*],
            };
        }
    };
}

/// The shape given, or the type's.
macro_rules! field_shape {
    ($ty:ty) => {
        <$ty as $crate::spec::Field>::SHAPE
    };
    ($ty:ty, $shape:expr) => {
        $shape
    };
}

/// A nest: a module with a constant for each attribute type, and `SPEC`, its [`NestSpec`].
///
/// `NAME = number, shape, "meaning";` — the kernel's name is the prefix and NAME, or given behind
/// `as`; a long meaning goes above.
macro_rules! attrs {
    (
        $(#[$nest_doc:meta])*
        pub mod $nest:ident($prefix:literal, $header:literal) {
            $(
                $(#[$above:meta])*
                $name:ident $(as $kname:literal)? = $kind:literal, $shape:expr $(, $doc:literal)?;
            )*
        }
    ) => {
        $(#[$nest_doc])*
        pub mod $nest {
            #[allow(unused_imports, reason = "which shapes a nest uses differs")]
            use $crate::spec::{Shape::*, kernel_name};
            #[allow(unused_imports, reason = "which structs a nest uses differs")]
            use $crate::wire::Wire;

            $(
                #[doc = concat!("`", kernel_name!($prefix, $name $(, $kname)?), "`")]
                $(#[$above])*
                $(#[doc = $doc])?
                pub const $name: u16 = $kind;
            )*

            /// All of them, for listings and checks.
            pub static SPEC: $crate::spec::NestSpec = $crate::spec::NestSpec {
                prefix: $prefix,
                header: $header,
                attrs: &[$($crate::spec::AttrSpec {
                    kind: $kind,
                    name: kernel_name!($prefix, $name $(, $kname)?),
                    shape: $shape,
                },)*],
            };
        }
    };
}

/// Prefix and name, or the name given.
macro_rules! kernel_name {
    ($prefix:literal, $name:ident) => {
        concat!($prefix, stringify!($name))
    };
    ($prefix:literal, $name:ident, $kname:literal) => {
        $kname
    };
}

/// A group of numbers with names and its [`CodeSpec`], `SPEC`: a module of constants (`mod`), a
/// newtype (`struct`), or a set of bits (`flags`).
///
/// `NAME = number, "meaning";` — the kernel's name is the prefix and NAME, or given behind `as`.
macro_rules! codes {
    (
        $(#[$($doc:tt)*])*
        pub $what:ident $group:ident($ty:ty, $prefix:literal, $header:literal) {
            $($name:ident $(as $kname:literal)? = $value:literal, $meaning:literal;)*
        }
    ) => {
        codes! {
            @$what $(#[$($doc)*])* $group $ty {
                $(
                    #[doc = concat!(
                        "`", $crate::spec::kernel_name!($prefix, $name $(, $kname)?), "`"
                    )]
                    #[doc = $meaning]
                    $name = $value;
                )*
            }
            /// All of them, for listings and checks.
            pub const SPEC: $crate::spec::CodeSpec = $crate::spec::CodeSpec {
                prefix: $prefix,
                header: $header,
                codes: &[$(($crate::spec::kernel_name!($prefix, $name $(, $kname)?), $value),)*],
            };
        }
    };
    (@mod $(#[$($doc:tt)*])* $group:ident $ty:ty {
        $($(#[$($cdoc:tt)*])* $name:ident = $value:literal;)*
    } $spec:item) => {
        $(#[$($doc)*])*
        pub mod $group {
            $($(#[$($cdoc)*])* pub const $name: $ty = $value;)*
            $spec
        }
    };
    (@struct $(#[$($doc:tt)*])* $group:ident $ty:ty {
        $($(#[$($cdoc:tt)*])* $name:ident = $value:literal;)*
    } $(#[$($sdoc:tt)*])* pub const SPEC: $sty:ty = $spec:expr;) => {
        $(#[$($doc)*])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $group(pub $ty);

        impl $group {
            $($(#[$($cdoc)*])* pub const $name: Self = Self($value);)*
            $(#[$($sdoc)*])*
            pub const SPEC: $sty = $spec;
        }
    };
    (@flags $(#[$($doc:tt)*])* $group:ident $ty:ty {
        $($(#[$($cdoc:tt)*])* $name:ident = $value:literal;)*
    } $(#[$($sdoc:tt)*])* pub const SPEC: $sty:ty = $spec:expr;) => {
        bitflags::bitflags! {
            $(#[$($doc)*])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct $group: $ty {
                $($(#[$($cdoc)*])* const $name = $value;)*
                /// Bits that have no name yet are kept.
                const _ = !0;
            }
        }

        impl $group {
            $(#[$($sdoc)*])*
            pub const SPEC: $sty = $spec;
        }
    };
}

/// The messages of a family: a constant each, and `FAMILY`, the [`Family`].
///
/// `NAME = number, fixed header, attributes, "meaning";`
macro_rules! messages {
    (
        $(#[$doc:meta])*
        pub const FAMILY: Family($family:literal, $protocol:literal) {
            $($name:ident = $kind:literal, $fixed:ty, $nest:ident, $meaning:literal;)*
        }
    ) => {
        $(#[doc = $meaning] pub const $name: u16 = $kind;)*

        $(#[$doc])*
        pub const FAMILY: $crate::spec::Family = $crate::spec::Family {
            name: $family,
            protocol: $protocol,
            messages: &[$($crate::spec::MessageSpec {
                kind: $kind,
                name: stringify!($name),
                fixed: <$fixed as $crate::wire::Wire>::SPEC,
                attrs: &$nest::SPEC,
            },)*],
        };
    };
}

/// A typed view: the attributes that have an accessor, each found in one pass. Of a message with
/// its fixed header: `View(Header, nest, …)`; of a nest: `View(nest, …)`. Where the view is used
/// inline, what is not read costs nothing.
///
/// `name: Type = method(NAME);` — `method` is one of [`crate::decode::Attr`]'s, or behind `fn` a
/// function that takes one. What it means is said at NAME; what more there is to say goes above.
macro_rules! view {
    ($(#[$doc:meta])* pub struct $view:ident($fixed:ty, $nest:ident, $prefix:literal) { $($get:tt)* }) => {
        view! {
            @view $(#[$doc])* $view $nest $prefix {
                /// The fixed header.
                pub header: &'a $fixed,
            }
            /// Reads the message once; of what type it is, the caller has looked.
            ///
            /// # Errors
            /// It is shorter than the fixed header, or its list of attributes is broken.
            /// A value of the wrong size fails its accessor only.
            parse(message: &$crate::Message<'a>) {
                let (header, attrs) = message.fixed()?;
            }
            (header, attrs) $($get)*
        }
    };
    ($(#[$doc:meta])* pub struct $view:ident($nest:ident, $prefix:literal) { $($get:tt)* }) => {
        view! {
            @view $(#[$doc])* $view $nest $prefix {}
            /// Reads the list once.
            ///
            /// # Errors
            /// The list is broken. A value of the wrong size fails its accessor only.
            parse(attrs: $crate::Attrs<'a>) {}
            (attrs) $($get)*
        }
    };
    (
        @view $(#[$doc:meta])* $view:ident $nest:ident $prefix:literal { $($header:tt)* }
        $(#[$pdoc:meta])* parse($from:ident: $From:ty) { $($read:tt)* } ($($field:ident),*)
        $($(#[$more:meta])* $get:ident: $ty:ty = $($method:ident)+($name:ident);)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $view<'a> {
            $($header)*
            /// All the attributes, in their order; of several of one type the last is in the view.
            pub attrs: $crate::Attrs<'a>,
            $($get: Option<$crate::Attr<'a>>,)*
        }

        impl<'a> $view<'a> {
            $(#[$pdoc])*
            // Out of line all fields would be filled; inline only those that are read.
            #[inline(always)]
            pub fn parse($from: $From) -> Result<Self, $crate::DecodeError> {
                $($read)*
                // In its place from the start: to move it takes longer than to fill it.
                let mut parsed = Ok(Self { $($field,)* $($get: None,)* });
                if let Ok(view) = &mut parsed {
                    for attr in view.attrs.clone() {
                        let attr = attr?;
                        match attr.kind() {
                            $($nest::$name => view.$get = Some(attr),)*
                            _ => {}
                        }
                    }
                }
                parsed
            }

            /// As [`parse`](Self::parse), compiled once for all its callers: for those that read much of it, or care for
            /// the size of the program more than for nanoseconds.
            ///
            /// # Errors
            /// As [`parse`](Self::parse).
            #[inline(never)]
            pub fn whole($from: $From) -> Result<Self, $crate::DecodeError> {
                Self::parse($from)
            }

            $(
                #[doc = concat!("[`", $prefix, stringify!($name), "`](", stringify!($nest), "::", stringify!($name), ")")]
                $(#[$more])*
                ///
                /// # Errors
                /// The value has the wrong size.
                #[inline]
                pub fn $get(&self) -> Result<Option<$ty>, $crate::DecodeError> {
                    let Some(attr) = self.$get else { return Ok(None) };
                    let value: Result<$ty, $crate::DecodeError> = view!(@$($method)+ attr);
                    let what = concat!($prefix, stringify!($name));
                    value.map(Some).map_err(|e| $crate::DecodeError { what, ..e })
                }
            )*
        }
    };
    (@name $a:ident) => { Ok($a.name()) };
    (@bytes $a:ident) => { Ok($a.bytes()) };
    (@attrs $a:ident) => { Ok($a.attrs()) };
    (@zero_extended $a:ident) => { Ok($a.zero_extended()) };
    (@fn $read:ident $a:ident) => { $read(&$a) };
    (@$method:ident $a:ident) => { $a.$method() };
}

pub(crate) use {attrs, codes, field_shape, kernel_name, messages, view, wire};
