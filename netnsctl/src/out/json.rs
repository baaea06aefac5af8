//! JSON as `ip -j` writes it: one line, or with `-p` indented by four, lists of objects as `[ {`.

use super::Value;
use std::fmt::Write as _;

/// A JSON text being written.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) text: String,
    pretty: bool,
    depth: usize,
    /// Whether the innermost bracket has no member yet.
    empty: bool,
}

impl Json {
    pub(super) fn new(pretty: bool) -> Self {
        Self { text: String::new(), pretty, depth: 0, empty: true }
    }

    /// What goes before a member of an object (with a key) or an element of a list (without).
    fn member(&mut self, key: &str) {
        if !self.empty {
            self.text.push(',');
        }
        self.empty = false;
        if !key.is_empty() {
            if self.pretty {
                self.line();
            }
            self.string(key);
            self.text.push_str(if self.pretty { ": " } else { ":" });
        }
    }

    fn line(&mut self) {
        self.text.push('\n');
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
    }

    pub(super) fn open(&mut self, key: &str, bracket: char) {
        self.member(key);
        self.text.push(bracket);
        if self.pretty && bracket == '[' {
            self.text.push(' ');
        }
        self.depth = self.depth.saturating_add(1);
        self.empty = true;
    }

    pub(super) fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        if self.pretty && !self.empty {
            match bracket {
                ']' => self.text.push(' '),
                _ => self.line(),
            }
        }
        self.text.push(bracket);
        self.empty = self.depth == 0;
        if self.depth == 0 {
            self.text.push('\n');
        }
    }

    pub(super) fn value(&mut self, key: &str, value: Value<'_>) {
        self.member(key);
        let _ = match value {
            Value::Uint(v) => write!(self.text, "{v}"),
            Value::Int(v) => write!(self.text, "{v}"),
            Value::Hundredths(v) => write!(self.text, "{}.{:02}", v / 100, v % 100),
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

    /// A name. JSON is UTF-8: of one that is not, the bytes follow in hexadecimal as `KEY_hex`.
    fn name(&mut self, key: &str, name: &[u8]) {
        let text = String::from_utf8_lossy(name);
        self.string(&text);
        if !key.is_empty() && text.as_bytes() != name {
            self.member(&format!("{key}_hex"));
            self.text.push('"');
            for b in name {
                let _ = write!(self.text, "{b:02x}");
            }
            self.text.push('"');
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\t' => self.text.push_str("\\t"),
                '\r' => self.text.push_str("\\r"),
                c if c < ' ' || c == '\u{7f}' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
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
