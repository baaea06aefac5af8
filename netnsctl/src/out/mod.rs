//! What a command shows: one record, written as text or as JSON.
//!
//! A command says each thing once, with its JSON key, its value and its text; [`Out`] writes the
//! one or the other. All of it is collected and written at the end in one go.

mod json;

use json::Json;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

/// A value of a record.
#[derive(Clone, Copy, Debug)]
pub enum Value<'v> {
    /// An unsigned integer.
    Uint(u64),
    /// A signed integer.
    Int(i64),
    /// An unsigned number of hundredths.
    Hundredths(u64),
    /// A truth value.
    Bool(bool),
    /// A string.
    Str(&'v str),
    /// A name: bytes that need not be UTF-8.
    Name(&'v [u8]),
    /// Nothing.
    Null,
}

macro_rules! values {
    ($($ty:ty => |$v:ident| $value:expr;)*) => {$(
        impl<'v> From<$ty> for Value<'v> {
            fn from($v: $ty) -> Self { $value }
        }
    )*};
}

values! {
    u8 => |v| Self::Uint(v.into());
    u16 => |v| Self::Uint(v.into());
    u32 => |v| Self::Uint(v.into());
    u64 => |v| Self::Uint(v);
    usize => |v| u64::try_from(v).map_or(Self::Null, Self::Uint);
    i32 => |v| Self::Int(v.into());
    i64 => |v| Self::Int(v);
    bool => |v| Self::Bool(v);
    &'v str => |v| Self::Str(v);
    &'v String => |v| Self::Str(v);
    &'v [u8] => |v| Self::Name(v);
    &'v std::ffi::OsStr => |v| Self::Name(std::os::unix::ffi::OsStrExt::as_bytes(v));
}

/// How to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// JSON on one line.
    Json,
    /// JSON, indented.
    JsonPretty,
}

/// Where a command's output goes.
#[derive(Debug, Default)]
pub struct Out {
    text: String,
    json: Option<Json>,
}

impl Out {
    /// An empty output.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let json = match format {
            Format::Text => None,
            Format::Json => Some(Json::new(false)),
            Format::JsonPretty => Some(Json::new(true)),
        };
        Self { text: String::new(), json }
    }

    /// Whether it is JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// Text only.
    pub fn text(&mut self, text: fmt::Arguments<'_>) {
        if self.json.is_none() {
            let _ = self.text.write_fmt(text); // a String takes all
        }
    }

    /// A member `key` of the current object (an element of the current list where `key` is empty), or its text.
    pub fn field<'v>(&mut self, key: &str, value: impl Into<Value<'v>>, text: fmt::Arguments<'_>) {
        match &mut self.json {
            Some(json) => json.value(key, value.into()),
            None => self.text(text),
        }
    }

    /// A member `key` of the current object that text does not show.
    pub fn json<'v>(&mut self, key: &str, value: impl Into<Value<'v>>) {
        if let Some(json) = &mut self.json {
            json.value(key, value.into());
        }
    }

    /// A list, as member `key` (or element, or the whole, where `key` is empty), filled by `fill`.
    pub fn list(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.nest(key, b"[]", fill);
    }

    /// An object, as member `key` (or element, or the whole, where `key` is empty), filled by `fill`.
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.nest(key, b"{}", fill);
    }

    fn nest(&mut self, key: &str, brackets: &[u8; 2], fill: impl FnOnce(&mut Self)) {
        let [open, close] = brackets.map(char::from);
        if let Some(json) = &mut self.json {
            json.open(key, open);
        }
        fill(self);
        if let Some(json) = &mut self.json {
            json.close(close);
        }
    }

    /// Takes what was written so far.
    pub fn take(&mut self) -> String {
        match &mut self.json {
            Some(json) => json.take(),
            None => std::mem::take(&mut self.text),
        }
    }

    /// Writes all of it to standard output.
    ///
    /// # Errors
    /// write(2).
    pub fn flush(&mut self) -> io::Result<()> {
        let text = self.take();
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }
}

/// A name as text: what would disturb a terminal or a reader of lines is escaped, `\n`, `\\`, `\x1b`.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'n>(pub &'n [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    c if disturbs(c) && u32::from(c) < 0x80 => write!(f, "\\x{:02x}", u32::from(c))?,
                    c if disturbs(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        Ok(())
    }
}

/// Control characters, and those that change the direction of text or end a line.
fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(format: Format) -> String {
        let mut out = Out::new(format);
        out.list("", |out| {
            for name in [&b"a\"\n"[..], b"\xff"] {
                out.object("", |out| {
                    out.field("name", name, format_args!("{}\n", Escaped(name)));
                    out.json("id", 7_u32);
                    out.list("tags", |out| out.field("", "x", format_args!("")));
                });
            }
            out.object("", |_| {});
        });
        out.take()
    }

    #[test]
    fn one_record_text_and_json() {
        assert_eq!(record(Format::Text), "a\"\\n\n\\xff\n");
        let json = r#"[{"name":"a\"\n","id":7,"tags":["x"]},{"name":"�","name_hex":"ff","id":7,"tags":["x"]},{}]"#;
        assert_eq!(record(Format::Json), format!("{json}\n"));
        let pretty = record(Format::JsonPretty);
        assert!(pretty.starts_with("[ {\n        \"name\": \"a\\\"\\n\",\n        \"id\": 7,\n"), "{pretty}");
    }

    #[test]
    fn names_cannot_disturb_a_terminal() {
        let text = Escaped("a\u{1b}[2J\u{9b}\u{202e}\\é\r".as_bytes()).to_string();
        assert_eq!(text, "a\\x1b[2J\\u{9b}\\u{202e}\\\\é\\x0d");
    }
}
