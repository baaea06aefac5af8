//! JSON as `ip -j` writes it: one line, or with `-p` indented by four, lists of objects as `[ {`.

use super::{Text, Value};
use std::fmt::Write as _;

/// A JSON text being written.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) text: Text,
    pretty: bool,
    /// A space behind each comma and colon.
    spaced: bool,
    depth: usize,
    /// Whether the innermost bracket has no member yet.
    empty: bool,
}

impl Json {
    pub(super) fn new(pretty: bool) -> Self {
        Self { text: Text::default(), pretty, spaced: false, depth: 0, empty: true }
    }

    pub(super) fn spaced() -> Self {
        Self { spaced: true, ..Self::new(false) }
    }

    /// What goes before a member of an object (with a key) or an element of a list (without).
    fn member(&mut self, key: &str) {
        if !self.empty {
            self.text.push(if self.spaced { ", " } else { "," });
        }
        self.empty = false;
        if !key.is_empty() {
            if self.pretty {
                self.line();
            }
            self.text.byte(b'"');
            self.text.push(key);
            self.text.push(if self.pretty || self.spaced { "\": " } else { "\":" });
        }
    }

    fn line(&mut self) {
        self.text.byte(b'\n');
        for _ in 0..self.depth {
            self.text.push("    ");
        }
    }

    pub(super) fn open(&mut self, key: &str, bracket: u8) {
        self.member(key);
        self.text.byte(bracket);
        if self.pretty && bracket == b'[' {
            self.text.byte(b' ');
        }
        self.depth = self.depth.saturating_add(1);
        self.empty = true;
    }

    pub(super) fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        if self.pretty && !self.empty {
            match bracket {
                b']' => self.text.byte(b' '),
                _ => self.line(),
            }
        }
        self.text.byte(bracket);
        self.empty = self.depth == 0;
        if self.depth == 0 {
            self.text.byte(b'\n');
        }
    }

    pub(super) fn value(&mut self, key: &str, value: Value<'_>) {
        self.member(key);
        let _ = match value {
            Value::Uint(v) => {
                self.text.number(v);
                Ok(())
            }
            Value::Int(v) => write!(self.text, "{v}"),
            Value::Hundredths(v) => write!(self.text, "{}.{:02}", v / 100, v % 100),
            Value::Number(v) => self.text.write_str(v),
            Value::Bool(v) => write!(self.text, "{v}"),
            Value::Null => write!(self.text, "null"),
            Value::Str(v) => {
                self.string(v);
                Ok(())
            }
            Value::Name(v) => {
                self.name(key, v);
                Ok(())
            }
        };
    }

    /// A member that is a number.
    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.member(key);
        self.text.number(value);
    }

    /// A member that is a string, in which `write` writes nothing to escape.
    pub(super) fn written(&mut self, key: &str, write: impl FnOnce(&mut Text)) {
        self.member(key);
        self.text.byte(b'"');
        write(&mut self.text);
        self.text.byte(b'"');
    }

    /// A name. JSON is UTF-8: of one that is not, the bytes follow in hexadecimal as `KEY_hex`.
    fn name(&mut self, key: &str, name: &[u8]) {
        let text = String::from_utf8_lossy(name);
        self.string(&text);
        if !key.is_empty() && text.as_bytes() != name {
            self.member(&format!("{key}_hex"));
            self.text.byte(b'"');
            for b in name {
                let _ = write!(self.text, "{b:02x}");
            }
            self.text.byte(b'"');
        }
    }

    fn string(&mut self, text: &str) {
        let special = |b: u8| matches!(b, 0..b' ' | b'"' | b'\\' | 0x7f);
        self.text.byte(b'"');
        if !text.bytes().any(special) {
            self.text.push(text);
            return self.text.byte(b'"');
        }
        for piece in text.split_inclusive(|c| u8::try_from(c).is_ok_and(special)) {
            let last = piece.bytes().next_back().filter(|b| special(*b));
            self.text.push(piece.get(..piece.len().saturating_sub(last.iter().len())).unwrap_or_default());
            let _ = match last {
                None => Ok(()),
                Some(b'\n') => self.text.write_str("\\n"),
                Some(b'\t') => self.text.write_str("\\t"),
                Some(b'\r') => self.text.write_str("\\r"),
                Some(b @ (b'"' | b'\\')) => write!(self.text, "\\{}", char::from(b)),
                Some(b) => write!(self.text, "\\u{b:04x}"),
            };
        }
        self.text.byte(b'"');
    }

    /// Where in the structure the text is: depth, and whether the innermost bracket is empty.
    pub(super) fn state(&self) -> (usize, bool) {
        (self.depth, self.empty)
    }

    /// Back to where `state` was.
    pub(super) fn restore(&mut self, state: (usize, bool)) {
        (self.depth, self.empty) = state;
    }
}
