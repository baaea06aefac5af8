//! The bytes of an output: UTF-8, which nobody checks again.

use std::fmt;

/// Text being written.
#[derive(Debug, Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Forgets what is behind the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Appends an ASCII character.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Appends ASCII characters.
    #[inline]
    pub fn ascii(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends `text`.
    #[inline]
    pub fn push(&mut self, text: &str) {
        self.ascii(text.as_bytes());
    }

    /// Appends a number, in decimal digits.
    #[inline]
    pub fn number(&mut self, value: u64) {
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), value);
        for (i, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' | u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            at = i;
            if rest == 0 {
                break;
            }
        }
        self.ascii(digits.get(at..).unwrap_or_default());
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
