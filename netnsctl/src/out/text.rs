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

    /// Appends ASCII characters. A few of them in pieces of a fixed size, of which the second overlaps the first: that takes no
    /// call, and musl's memcpy(3) is slow to start.
    #[inline]
    pub fn ascii(&mut self, bytes: &[u8]) {
        match bytes.len() {
            0 => {}
            1..4 => bytes.iter().for_each(|byte| self.0.push(*byte)),
            4..8 => self.pieces::<4>(bytes),
            8..16 => self.pieces::<8>(bytes),
            16..=32 => self.pieces::<16>(bytes),
            _ => self.0.extend_from_slice(bytes),
        }
    }

    /// Appends `bytes`, of which there are `N` to `2 * N`.
    #[inline]
    fn pieces<const N: usize>(&mut self, bytes: &[u8]) {
        if let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) {
            self.0.extend_from_slice(first);
            let twice = N.saturating_mul(2).saturating_sub(bytes.len());
            self.0.truncate(self.0.len().saturating_sub(twice));
            self.0.extend_from_slice(last);
        }
    }

    /// Appends `text`.
    #[inline]
    pub fn push(&mut self, text: &str) {
        self.ascii(text.as_bytes());
    }

    /// Appends octets, in decimal digits between dots.
    #[inline]
    pub fn octets(&mut self, octets: &[u8]) {
        for octet in octets {
            self.ascii(&OCTETS.get(usize::from(*octet)).copied().unwrap_or_default());
            let unused = usize::from(*octet < 100).saturating_add(usize::from(*octet < 10));
            self.0.truncate(self.0.len().saturating_sub(unused));
        }
        self.0.truncate(self.0.len().saturating_sub(usize::from(!octets.is_empty())));
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

/// The text of each octet, with a dot behind it.
static OCTETS: [[u8; 4]; 256] = octets();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "the compiler does it"
)]
const fn octets() -> [[u8; 4]; 256] {
    let mut texts = [[0; 4]; 256];
    let mut octet = 0;
    while octet < texts.len() {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let (mut at, mut digit) = (
            0,
            if octet < 10 {
                2
            } else if octet < 100 {
                1
            } else {
                0
            },
        );
        while digit < digits.len() {
            texts[octet][at] = b'0' + digits[digit] as u8;
            (at, digit) = (at + 1, digit + 1);
        }
        texts[octet][at] = b'.';
        octet += 1;
    }
    texts
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        String::from_utf8(text.0).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
