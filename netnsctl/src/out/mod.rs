//! What a command shows: one record, written as text or as JSON.
//!
//! A command says each thing once, with its JSON key, its value and its text; [`Out`] writes the
//! one or the other. All of it is collected and written at the end in one go.

mod json;
#[cfg(feature = "processes")]
pub mod table;
mod text;

use crate::names::{Named, Names};
use json::Json;
use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
pub use text::Text;

/// A value of a record.
#[derive(Clone, Copy, Debug)]
pub enum Value<'v> {
    /// An unsigned integer.
    Uint(u64),
    /// A signed integer.
    Int(i64),
    /// An unsigned number of hundredths.
    Hundredths(u64),
    /// A number as it is to be written.
    Number(&'v str),
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
    /// JSON on one line, with a space behind each comma and colon.
    JsonSpaced,
    /// JSON, indented.
    JsonPretty,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colours; `Some(true)`: for a dark background.
    pub color: Option<bool>,
    /// Numbers that have names are shown as numbers.
    pub numeric: bool,
    /// What would be a new line of the same record is a backslash.
    pub oneline: bool,
}

/// What text is about, where it has a colour; those of `ip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// The name of an interface: cyan.
    Ifname,
    /// A link-layer address: yellow.
    Mac,
    /// An IPv4 address: magenta.
    Inet,
    /// An IPv6 address: blue.
    Inet6,
    /// What is up: green.
    Up,
    /// What is down: red.
    Down,
}

impl Color {
    /// That of addresses of this family.
    #[must_use]
    pub fn of_family(family: u8) -> Option<Color> {
        match family {
            crate::grammar::AF_INET => Some(Color::Inet),
            crate::grammar::AF_INET6 => Some(Color::Inet6),
            _ => None,
        }
    }

    const fn digit(self) -> char {
        match self {
            Color::Down => '1',
            Color::Up => '2',
            Color::Mac => '3',
            Color::Inet6 => '4',
            Color::Inet => '5',
            Color::Ifname => '6',
        }
    }
}

/// How much is held back before some of it is written: until then, an output can be taken back.
const HOLD: usize = 64 * 1024;

/// Where a command's output goes.
#[derive(Debug, Default)]
pub struct Out {
    text: Text,
    json: Option<Json>,
    style: Style,
    /// How often something was written.
    written: u32,
    /// The first error of writing, for the end.
    broken: Option<io::Error>,
}

/// A place in an output, to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    written: u32,
    len: usize,
    json: (usize, bool),
}

impl Out {
    /// An empty output.
    #[must_use]
    pub fn new(format: Format, style: Style) -> Self {
        let json = match format {
            Format::Text => None,
            Format::Json => Some(Json::new(false)),
            Format::JsonSpaced => Some(Json::spaced()),
            Format::JsonPretty => Some(Json::new(true)),
        };
        Self { json, style, ..Self::default() }
    }

    /// How text looks.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// What begins a new line of the same record.
    #[must_use]
    pub fn newline(&self) -> &'static str {
        if self.style.oneline { "\\" } else { "\n" }
    }

    /// Text that `fill` writes, in this colour.
    #[inline]
    pub fn paint(&mut self, color: Option<Color>, fill: impl FnOnce(&mut Self)) {
        let Some((color, dark)) = color.zip(self.style.color).filter(|_| self.json.is_none()) else {
            return fill(self);
        };
        self.text(format_args!("\x1b[{}3{}m", if dark { "1;" } else { "" }, color.digit()));
        fill(self);
        self.text(format_args!("\x1b[0m"));
    }

    /// As [`Out::field`], in this colour.
    pub fn color<'v>(
        &mut self,
        color: Option<Color>,
        key: &str,
        value: impl Into<Value<'v>>,
        text: fmt::Arguments<'_>,
    ) {
        self.paint(color, |out| out.field(key, value, text));
    }

    /// The number `value`, by its name in `names` unless numbers are asked for.
    #[must_use]
    pub fn named(&self, value: impl Into<u32>, names: &'static Names) -> Named {
        let value = value.into();
        Named { value, name: if self.style.numeric { None } else { names.name(value) } }
    }

    /// Text that needs no formatting.
    #[inline]
    pub fn push(&mut self, text: &str) {
        if self.json.is_none() {
            self.text.push(text);
        }
    }

    fn buffer(&mut self) -> &mut Text {
        match &mut self.json {
            Some(json) => &mut json.text,
            None => &mut self.text,
        }
    }

    /// This place.
    pub fn mark(&mut self) -> Mark {
        let json = self.json.as_ref().map_or((0, true), Json::state);
        Mark { written: self.written, len: self.buffer().len(), json }
    }

    /// Takes back what came after `mark`. False: some of it was written already, and nothing was taken back.
    pub fn rewind(&mut self, mark: Mark) -> bool {
        if self.written == mark.written {
            self.buffer().truncate(mark.len);
            self.json.iter_mut().for_each(|json| json.restore(mark.json));
        }
        self.written == mark.written
    }

    /// Writes what there is, if it is much: for long lists, after each of their records. An error is told at the end.
    pub fn spill(&mut self) {
        if self.buffer().len() >= HOLD {
            self.written = self.written.saturating_add(1);
            let text = std::mem::take(self.buffer());
            // Past Rust's own buffer, which would look for the end of a line in all of it.
            let to = io::stdout().as_fd().try_clone_to_owned();
            if let Err(error) = to.and_then(|to| File::from(to).write_all(text.bytes())) {
                self.broken.get_or_insert(error);
            }
            *self.buffer() = text;
            self.buffer().truncate(0);
        }
    }

    /// Whether it is JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// Text only.
    pub fn text(&mut self, text: fmt::Arguments<'_>) {
        if self.json.is_none() {
            let _ = self.text.write_fmt(text); // a Text takes all
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

    /// A member `key` of the current object, or its text, which is in `parts`.
    pub fn parts<'v>(&mut self, key: &str, value: impl Into<Value<'v>>, parts: &[&str]) {
        match &mut self.json {
            Some(json) => json.value(key, value.into()),
            None => parts.iter().for_each(|part| self.text.push(part)),
        }
    }

    /// Text only: a number.
    pub fn digits(&mut self, value: impl Into<u64>) {
        if self.json.is_none() {
            self.text.number(value.into());
        }
    }

    /// A member `key`, a string; its text stands between `before` and a space. This and those below format nothing: they
    /// are for long lists.
    #[inline(always)]
    pub fn string(&mut self, key: &str, before: &str, value: &str) {
        match &mut self.json {
            Some(json) => json.value(key, Value::Str(value)),
            None => {
                self.text.push(before);
                self.text.push(value);
                self.text.byte(b' ');
            }
        }
    }

    /// As [`Out::string`], for a name.
    pub fn name(&mut self, key: &str, before: &str, name: &[u8]) {
        match plain(name) {
            Some(plain) => self.string(key, before, plain),
            None => self.field(key, name, format_args!("{before}{} ", Escaped(name))),
        }
    }

    /// As [`Out::string`], for a number.
    #[inline]
    pub fn number(&mut self, key: &str, before: &str, value: impl Into<u64>) {
        let value = value.into();
        match &mut self.json {
            Some(json) => json.number(key, value),
            None => {
                self.text.push(before);
                self.text.number(value);
                self.text.byte(b' ');
            }
        }
    }

    /// A member `key`, a string, or its text: both what `write` writes, which is nothing that JSON would have to escape.
    #[inline]
    pub fn bare(&mut self, key: &str, write: impl FnOnce(&mut Text)) {
        match &mut self.json {
            Some(json) => json.written(key, write),
            None => write(&mut self.text),
        }
    }

    /// As [`Out::bare`]; the text stands between `before` and a space.
    #[inline]
    pub fn written(&mut self, key: &str, before: &str, write: impl FnOnce(&mut Text)) {
        match &mut self.json {
            Some(json) => json.written(key, write),
            None => {
                self.text.push(before);
                write(&mut self.text);
                self.text.byte(b' ');
            }
        }
    }

    /// As [`Out::string`], for a number that may have a name.
    #[inline(always)]
    pub fn code(&mut self, key: &str, before: &str, code: Named) {
        match code.name {
            Some(name) => self.string(key, before, name),
            None => self.written(key, before, |text| text.number(code.value.into())),
        }
    }

    /// A list, as member `key` (or element, or the whole, where `key` is empty), filled by `fill`.
    #[inline]
    pub fn list(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.nest(key, b"[]", fill);
    }

    /// An object, as member `key` (or element, or the whole, where `key` is empty), filled by `fill`.
    #[inline]
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.nest(key, b"{}", fill);
    }

    #[inline]
    fn nest(&mut self, key: &str, brackets: &[u8; 2], fill: impl FnOnce(&mut Self)) {
        let [open, close] = *brackets;
        self.open(key, open);
        fill(self);
        self.close(close);
    }

    /// Opens a list or an object, as member `key`, where its end is not in one function: [`Out::close`] has to follow.
    #[inline]
    pub(crate) fn open(&mut self, key: &str, bracket: u8) {
        if let Some(json) = &mut self.json {
            json.open(key, bracket);
        }
    }

    /// Closes what [`Out::open`] opened.
    #[inline]
    pub(crate) fn close(&mut self, bracket: u8) {
        if let Some(json) = &mut self.json {
            json.close(bracket);
        }
    }

    /// Takes what is not yet written.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(self.buffer());
        String::from_utf8_lossy(text.bytes()).into_owned()
    }

    /// Writes all of it to standard output.
    ///
    /// # Errors
    /// write(2).
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let text = std::mem::take(self.buffer());
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.bytes())?;
        stdout.flush()
    }
}

/// As many spaces as `parts` have characters less than `width`, which is at most 32.
#[must_use]
pub fn padding(width: usize, parts: &[&str]) -> &'static str {
    const SPACES: &str = "                                ";
    let len = if width == 0 { 0 } else { parts.iter().flat_map(|part| part.chars()).count() };
    SPACES.get(..width.saturating_sub(len)).unwrap_or_default()
}

/// A name as text: what would disturb a terminal or a reader of lines is escaped, `\n`, `\\`, `\x1b`.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'n>(pub &'n [u8]);

impl<'n> Escaped<'n> {
    /// The text.
    #[must_use]
    pub fn text(self) -> Cow<'n, str> {
        plain(self.0).map_or_else(|| self.to_string().into(), Cow::Borrowed)
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plain) = plain(self.0) {
            return f.write_str(plain);
        }
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    c => write_harmless(f, c)?,
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        Ok(())
    }
}

/// A name that is the same escaped: of printable ASCII that stands for itself, as good as all are.
#[must_use]
pub fn plain(name: &[u8]) -> Option<&str> {
    let plain = |b: &u8| matches!(b, b' '..=b'~') && *b != b'\\';
    std::str::from_utf8(name).ok().filter(|_| name.iter().all(plain))
}

/// Control characters, and those that change the direction of text or end a line.
fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `c`, escaped if it disturbs.
fn write_harmless(to: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        c if disturbs(c) && u32::from(c) < 0x80 => write!(to, "\\x{:02x}", u32::from(c)),
        c if disturbs(c) => write!(to, "\\u{{{:x}}}", u32::from(c)),
        c => to.write_char(c),
    }
}

/// Lines of text with words of others in them: all but line ends and tabs that would disturb a terminal is escaped.
#[must_use]
pub fn harmless(lines: String) -> String {
    let own = |c: char| matches!(c, '\n' | '\t');
    if !lines.chars().any(|c| disturbs(c) && !own(c)) {
        return lines;
    }
    let mut clean = String::new();
    for c in lines.chars() {
        let _ = if own(c) { clean.write_char(c) } else { write_harmless(&mut clean, c) };
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(format: Format) -> String {
        let mut out = Out::new(format, Style::default());
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
    fn what_was_not_written_can_be_taken_back() {
        for format in [Format::Text, Format::Json, Format::JsonPretty] {
            let mut out = Out::new(format, Style::default());
            out.list("", |out| {
                out.field("", 1_u8, format_args!("1"));
                let mark = out.mark();
                out.object("", |out| out.field("a", 2_u8, format_args!("2")));
                assert!(out.rewind(mark));
                out.object("", |out| out.field("b", 3_u8, format_args!("3")));
            });
            let mut plain = Out::new(format, Style::default());
            plain.list("", |out| {
                out.field("", 1_u8, format_args!("1"));
                out.object("", |out| out.field("b", 3_u8, format_args!("3")));
            });
            assert_eq!(out.take(), plain.take());
        }
    }

    #[test]
    fn colours_are_those_of_ip() {
        let style = Style { color: Some(false), ..Style::default() };
        let mut out = Out::new(Format::Text, style);
        out.color(Some(Color::Ifname), "ifname", "v0", format_args!("v0: "));
        out.color(None, "", "x", format_args!("x"));
        assert_eq!(out.take(), "\x1b[36mv0: \x1b[0mx");
        let mut out = Out::new(Format::Text, Style { color: Some(true), ..style });
        out.color(Some(Color::Mac), "", "x", format_args!("x"));
        assert_eq!(out.take(), "\x1b[1;33mx\x1b[0m");
    }

    #[test]
    fn names_cannot_disturb_a_terminal() {
        let text = Escaped("a\u{1b}[2J\u{9b}\u{202e}\\é\r".as_bytes()).to_string();
        assert_eq!(text, "a\\x1b[2J\\u{9b}\\u{202e}\\\\é\\x0d");
    }
}
