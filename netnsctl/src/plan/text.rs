//! A plan's text: files of command lines, with ranges, arithmetic, variables and includes.
//!
//! ```text
//! set N=10                                                a default for a variable; `--set N=20` goes before it
//! include common.plan                                     beside this file
//! netns add h{i=1..N}                                     a range with a name
//! link add v{1..N} netns h{1..N} type veth peer name p{1..N}    several go in step
//! -n h{i=1..N} addr add 10.1.0.0+{i*4+2}/30 dev v{i}      arithmetic; an address plus a number
//! netns add {red,green,blue}                              a range of words
//! ```
//!
//! A line with ranges means all its lines, one by one; it is kept as it is written, and its lines are made when they are
//! asked for. What is between single quotes is taken as it is.

use crate::grammar::show;
use netns_sys::sort::sort_by_key;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Most bytes of a file, and of a line.
const FILE_MAX: u64 = 16 << 20;
const LINE_MAX: usize = 64 << 10;
/// Most lines that all files mean.
const LINES_MAX: u64 = 10_000_000;
/// Files within files.
const DEPTH_MAX: usize = 16;

/// A whole plan, as it is written.
#[derive(Debug, Default)]
pub struct Text {
    files: Vec<PathBuf>,
    lines: Vec<Template>,
}

/// Where in the files something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1 on.
    pub line: u32,
    /// The first column, from 1 on, in characters.
    pub column: u32,
}

/// What is wrong with a plan, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// In words.
    pub message: String,
    /// The line.
    pub text: String,
    /// How many characters are at fault, from the column on.
    pub width: usize,
}

impl Mistake {
    /// Whether the other is in the same line of the same file.
    pub(super) fn is_beside(&self, other: &Mistake) -> bool {
        (self.place.line, &self.place.file) == (other.place.line, &other.place.file)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        write!(f, "{}:{line}:{column}: {}", file.display(), self.message)?;
        if !self.text.is_empty() {
            let before = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
            write!(f, "\n  {}\n  {:before$}{}", self.text, "", "^".repeat(self.width.max(1)))?;
        }
        Ok(())
    }
}

/// One line as it is written.
#[derive(Clone, Debug)]
struct Template {
    file: usize,
    line: u32,
    source: String,
    words: Vec<Word>,
    ranges: Vec<Range>,
    /// How many lines it means.
    count: u64,
}

/// A word: its place in the line, in characters, and what it is made of.
#[derive(Clone, Debug)]
struct Word {
    at: usize,
    width: usize,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<u8>),
    /// The value of this range of the line.
    Range(usize),
    Value(Expr),
    /// An address, plus a number.
    Sum(Addr, Expr),
}

#[derive(Clone, Debug)]
struct Range {
    name: Option<String>,
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    /// First, step, how many.
    Numbers(i64, i64, u64),
    Words(Vec<String>),
}

#[derive(Clone, Copy, Debug)]
enum Addr {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Mac(u64),
}

#[derive(Clone, Debug)]
enum Expr {
    Number(i64),
    Range(usize),
    Negate(Box<Expr>),
    Pair(Box<Expr>, char, Box<Expr>),
}

/// One of the lines that a plan means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its words.
    pub words: Vec<OsString>,
    /// Where it is from.
    pub from: Origin,
}

/// Which line as written a line is of, and which of the lines that that means; both from 0 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The line as written.
    pub source: u32,
    /// One of its lines.
    pub nth: u32,
}

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

impl Text {
    /// Reads a plan; `-` is standard input. `variables` are those of `--set`.
    ///
    /// # Errors
    /// All mistakes there are, in their order.
    pub fn read(path: &Path, variables: &Variables) -> Result<Text, Vec<Mistake>> {
        let mut reader =
            Reader { text: Text::default(), mistakes: Vec::new(), given: variables, variables: variables.clone() };
        let from = Place { file: path.to_owned(), line: 0, column: 0 };
        reader.file(path, &mut Vec::new(), &from, "");
        reader.finish()
    }

    /// As [`Text::read`], of a text that is no file.
    ///
    /// # Errors
    /// As [`Text::read`].
    pub fn parse(name: &str, text: &str, variables: &Variables) -> Result<Text, Vec<Mistake>> {
        let mut reader =
            Reader { text: Text::default(), mistakes: Vec::new(), given: variables, variables: variables.clone() };
        reader.text.files.push(name.into());
        reader.lines(0, text, &mut vec![name.into()]);
        reader.finish()
    }

    /// How many lines it means.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.count))
    }

    /// Whether it means none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All the lines it means.
    pub fn lines(&self) -> impl Iterator<Item = Result<Line, Mistake>> {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX); // there are no more than LINES_MAX
        self.lines.iter().zip(0_u32..).flat_map(move |(template, source)| {
            (0..template.count).map(move |nth| self.expand(template, Origin { source, nth: number(nth) }))
        })
    }

    /// Which line the one with this number is of, among all there are, from 0 on.
    #[must_use]
    pub fn origin(&self, number: u32) -> Origin {
        let mut rest = u64::from(number);
        for (source, template) in (0_u32..).zip(&self.lines) {
            match rest.checked_sub(template.count) {
                Some(behind) => rest = behind,
                None => return Origin { source, nth: u32::try_from(rest).unwrap_or(u32::MAX) },
            }
        }
        Origin::default()
    }

    fn expand(&self, template: &Template, from: Origin) -> Result<Line, Mistake> {
        let words = template.words.iter().map(|word| self.word(template, word, from.nth.into()));
        Ok(Line { words: words.collect::<Result<_, _>>()?, from })
    }

    fn template(&self, from: Origin) -> Option<&Template> {
        self.lines.get(usize::try_from(from.source).ok()?)
    }

    /// A line, as it would be typed, behind its place: `lab.plan:3: link add v1 type veth`.
    #[must_use]
    pub fn show(&self, from: Origin) -> String {
        let words = self.template(from).and_then(|template| self.expand(template, from).ok()).map(|line| line.words);
        let words: Vec<String> = words.unwrap_or_default().iter().map(|word| show_plain(word)).collect();
        format!("{}: {}", self.place(from), words.join(" "))
    }

    fn word(&self, template: &Template, word: &Word, nth: u64) -> Result<OsString, Mistake> {
        let mut bytes = Vec::new();
        for piece in &word.pieces {
            let done = match piece {
                Piece::Text(text) => {
                    bytes.extend_from_slice(text);
                    Ok(())
                }
                Piece::Range(at) => template.ranges.get(*at).map_or(Ok(()), |range| range.write(nth, &mut bytes)),
                Piece::Value(expr) => {
                    expr.value(&template.ranges, nth).map(|v| bytes.extend_from_slice(v.to_string().as_bytes()))
                }
                Piece::Sum(addr, expr) => expr
                    .value(&template.ranges, nth)
                    .and_then(|by| {
                        addr.plus(by).ok_or_else(|| format!("{} plus {by} is no address any more", addr.show()))
                    })
                    .map(|sum| bytes.extend_from_slice(sum.as_bytes())),
            };
            done.map_err(|message| self.mistake(template, word.at, word.width, message))?;
        }
        Ok(OsStr::from_bytes(&bytes).to_owned())
    }

    fn mistake(&self, template: &Template, at: usize, width: usize, message: String) -> Mistake {
        let file = self.files.get(template.file).cloned().unwrap_or_default();
        let column = u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX);
        Mistake { place: Place { file, line: template.line, column }, message, text: template.source.clone(), width }
    }

    /// A mistake in word `word` (one past the last: what is missing) of a line.
    #[must_use]
    pub fn wrong(&self, line: &Line, word: usize, message: impl Into<String>) -> Mistake {
        let Some(template) = self.template(line.from) else {
            let place = Place { file: PathBuf::new(), line: 0, column: 0 };
            return Mistake { place, message: message.into(), text: String::new(), width: 0 };
        };
        let (at, width) = template.words.get(word).map_or_else(
            || (template.words.last().map_or(0, |w| w.at.saturating_add(w.width).saturating_add(1)), 1),
            |w| (w.at, w.width),
        );
        self.mistake(template, at, width, message.into())
    }

    /// The place of a line: `file:line`.
    #[must_use]
    pub fn place(&self, from: Origin) -> String {
        let Some(template) = self.template(from) else { return String::new() };
        let file = self.files.get(template.file).map(|f| f.display().to_string()).unwrap_or_default();
        format!("{file}:{}", template.line)
    }
}

impl Range {
    fn write(&self, nth: u64, to: &mut Vec<u8>) -> Result<(), String> {
        match &self.values {
            Values::Numbers(..) => to.extend_from_slice(self.number(nth)?.to_string().as_bytes()),
            Values::Words(words) => {
                let word = usize::try_from(nth).ok().and_then(|n| words.get(n)).map_or("", String::as_str);
                to.extend_from_slice(word.as_bytes());
            }
        }
        Ok(())
    }

    fn number(&self, nth: u64) -> Result<i64, String> {
        match &self.values {
            Values::Numbers(first, step, _) => {
                let nth = i64::try_from(nth).ok();
                nth.and_then(|n| n.checked_mul(*step)?.checked_add(*first)).ok_or_else(too_large)
            }
            Values::Words(words) => {
                let word = usize::try_from(nth).ok().and_then(|n| words.get(n)).map_or("", String::as_str);
                word.parse().map_err(|_| format!("{word:?} is not a number to calculate with"))
            }
        }
    }

    fn count(&self) -> u64 {
        match &self.values {
            Values::Numbers(_, _, count) => *count,
            Values::Words(words) => u64::try_from(words.len()).unwrap_or(u64::MAX),
        }
    }
}

/// A word, between quotes where it needs them.
fn show_plain(word: &OsStr) -> String {
    match word.to_str() {
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) => text.to_owned(),
        _ => show(word),
    }
}

fn too_large() -> String {
    "the number is too large".into()
}

impl Expr {
    fn value(&self, ranges: &[Range], nth: u64) -> Result<i64, String> {
        match self {
            Expr::Number(number) => Ok(*number),
            Expr::Range(at) => ranges.get(*at).map_or(Ok(0), |range| range.number(nth)),
            Expr::Negate(of) => of.value(ranges, nth)?.checked_neg().ok_or_else(too_large),
            Expr::Pair(a, op, b) => {
                let (a, b) = (a.value(ranges, nth)?, b.value(ranges, nth)?);
                let value = match op {
                    '+' => a.checked_add(b),
                    '-' => a.checked_sub(b),
                    '*' => a.checked_mul(b),
                    _ if b == 0 => return Err("a number is divided by 0".into()),
                    '/' => a.checked_div(b),
                    _ => a.checked_rem(b),
                };
                value.ok_or_else(too_large)
            }
        }
    }
}

impl Addr {
    fn parse(text: &str) -> Option<Addr> {
        if let Ok(addr) = text.parse() {
            return Some(Addr::V4(addr));
        }
        if let Ok(addr) = text.parse() {
            return Some(Addr::V6(addr));
        }
        let parts: Vec<u64> =
            text.split(':').map_while(|p| u64::from_str_radix(p, 16).ok().filter(|_| p.len() <= 2)).collect();
        let whole = parts.len() == 6 && text.split(':').count() == 6;
        whole.then(|| Addr::Mac(parts.into_iter().fold(0, |mac, part| mac << 8 | part)))
    }

    fn plus(self, by: i64) -> Option<String> {
        Some(match self {
            Addr::V4(addr) => {
                let sum = i64::from(addr.to_bits()).checked_add(by)?;
                Ipv4Addr::from_bits(u32::try_from(sum).ok()?).to_string()
            }
            Addr::V6(addr) => {
                let by = i128::from(by);
                let sum = match by {
                    0.. => addr.to_bits().checked_add(by.unsigned_abs())?,
                    _ => addr.to_bits().checked_sub(by.unsigned_abs())?,
                };
                Ipv6Addr::from_bits(sum).to_string()
            }
            Addr::Mac(addr) => {
                let sum = i64::try_from(addr).ok()?.checked_add(by)?;
                let sum = u64::try_from(sum).ok().filter(|s| *s < 1 << 48)?;
                let [_, _, bytes @ ..] = sum.to_be_bytes();
                bytes.map(|b| format!("{b:02x}")).join(":")
            }
        })
    }

    fn show(self) -> String {
        self.plus(0).unwrap_or_default()
    }
}

/// Reads files into a text, and collects what is wrong.
struct Reader<'v> {
    text: Text,
    mistakes: Vec<Mistake>,
    /// Those that a plan cannot change.
    given: &'v Variables,
    variables: Variables,
}

impl Reader<'_> {
    fn finish(self) -> Result<Text, Vec<Mistake>> {
        let mut mistakes = self.mistakes;
        if mistakes.is_empty() && self.text.len() > LINES_MAX {
            let place = Place { file: self.text.files.first().cloned().unwrap_or_default(), line: 0, column: 0 };
            let message = format!("the plan means {} lines, {LINES_MAX} is the most", self.text.len());
            mistakes.push(Mistake { place, message, text: String::new(), width: 0 });
        }
        if mistakes.is_empty() {
            return Ok(self.text);
        }
        // With those of the commands in the other lines, to tell all at once.
        let text = &self.text;
        for (template, source) in text.lines.iter().zip(0_u32..) {
            let line = text.expand(template, Origin { source, nth: 0 });
            let wrong = line.and_then(|line| match super::run::parsed(&line.words) {
                Ok(()) => Ok(()),
                Err(usage) => Err(text.wrong(&line, usage.at, usage.0.message)),
            });
            mistakes.extend(wrong.err());
        }
        let order = |mistake: &Mistake| (text.files.iter().position(|f| *f == mistake.place.file), mistake.place.line);
        sort_by_key(&mut mistakes, order);
        Err(mistakes)
    }

    /// Reads a file, which `from` (a line, with its text) includes; `open` are those that are being read.
    fn file(&mut self, path: &Path, open: &mut Vec<PathBuf>, from: &Place, line: &str) {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut wrong = |message: String| {
            let width = line.chars().count();
            self.mistakes.push(Mistake { place: from.clone(), message, text: line.to_owned(), width });
        };
        if open.contains(&real) {
            return wrong(format!("{} includes itself", path.display()));
        }
        if open.len() >= DEPTH_MAX {
            return wrong(format!("files are included in files more than {DEPTH_MAX} deep"));
        }
        let read = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            let file: Box<dyn Read> =
                if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
            file.take(FILE_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = match read() {
            Ok(bytes) => bytes,
            Err(e) => return wrong(format!("cannot read {}: {e}", path.display())),
        };
        if u64::try_from(bytes.len()).is_ok_and(|len| len > FILE_MAX) {
            return wrong(format!("{} has more than {FILE_MAX} bytes", path.display()));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return wrong(format!("{} is not a text: it is not UTF-8", path.display()));
        };
        self.text.files.push(path.to_owned());
        let file = self.text.files.len().saturating_sub(1);
        open.push(real);
        self.lines(file, &text, open);
        open.pop();
    }

    fn lines(&mut self, file: usize, text: &str, open: &mut Vec<PathBuf>) {
        let mut lines = text.lines().zip(1_u32..);
        while let Some((first, number)) = lines.next() {
            let mut source = first.to_owned();
            // A backslash at the end goes on with the next line.
            while source.ends_with('\\') {
                source.pop();
                let Some((more, _)) = lines.next() else { break };
                source.push_str(more);
            }
            let template = Template { file, line: number, source, words: Vec::new(), ranges: Vec::new(), count: 1 };
            match self.line(template, open) {
                Ok(()) => {}
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
    }

    fn line(&mut self, mut template: Template, open: &mut Vec<PathBuf>) -> Result<(), Mistake> {
        if template.source.len() > LINE_MAX {
            template.source.clear();
            let message = format!("the line has more than {LINE_MAX} bytes");
            return Err(self.text.mistake(&template, 0, 0, message));
        }
        if let Some(at) = template.source.chars().position(|c| c.is_control() && c != '\t') {
            template.source = String::new();
            return Err(self.text.mistake(&template, at, 1, "there is a control character in the line".into()));
        }
        let scanned = Scan::new(&template.source, &self.variables).line();
        let (words, ranges) =
            scanned.map_err(|(at, width, message)| self.text.mistake(&template, at, width, message))?;
        if words.is_empty() {
            return Ok(());
        }
        (template.words, template.ranges) = (words, ranges);
        let counts: Vec<u64> = template.ranges.iter().map(Range::count).collect();
        if let Some(count) = counts.first() {
            if let Some(other) = counts.iter().find(|c| *c != count) {
                let message = format!("ranges of one line go in step: one has {count} values, another {other}");
                let width = template.source.chars().count();
                return Err(self.text.mistake(&template, 0, width, message));
            }
            template.count = *count;
        }
        let plain = |word: &Word| match word.pieces.as_slice() {
            [Piece::Text(text)] => String::from_utf8(text.clone()).ok(),
            _ => None,
        };
        match template.words.first().and_then(plain).as_deref() {
            Some("include") => {
                let Some(path) = template.words.get(1).and_then(plain).filter(|_| template.words.len() == 2) else {
                    return Err(self.text.mistake(&template, 0, 7, "include takes the path of one file".into()));
                };
                let beside = self.text.files.get(template.file).and_then(|f| f.parent()).unwrap_or(Path::new(""));
                let from = self.text.mistake(&template, 0, 0, String::new()).place;
                let source = template.source.clone();
                self.file(&beside.join(path), open, &from, &source);
            }
            Some("set") => {
                let pair = template.words.get(1).and_then(plain).filter(|_| template.words.len() == 2);
                let pair = pair.as_deref().and_then(variable);
                let Some((name, value)) = pair else {
                    return Err(self.text.mistake(&template, 0, 3, "set takes NAME=VALUE".into()));
                };
                if !self.given.contains_key(&name) {
                    self.variables.insert(name, value);
                }
            }
            _ => self.text.lines.push(template),
        }
        Ok(())
    }
}

/// NAME=VALUE: a name of letters, digits and underscores that does not begin with a digit.
#[must_use]
pub fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    is_name(name).then(|| (name.to_owned(), value.to_owned()))
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What is wrong: the first character, how many, and why.
type Wrong = (usize, usize, String);

/// Reads one line.
struct Scan<'s> {
    chars: Vec<char>,
    at: usize,
    ranges: Vec<Range>,
    variables: &'s Variables,
}

impl<'s> Scan<'s> {
    fn new(line: &str, variables: &'s Variables) -> Self {
        Self { chars: line.chars().collect(), at: 0, ranges: Vec::new(), variables }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(c)
    }

    fn line(mut self) -> Result<(Vec<Word>, Vec<Range>), Wrong> {
        // Names of ranges may be used before they are given.
        self.find_ranges()?;
        let (mut words, mut range) = (Vec::new(), 0);
        loop {
            while self.peek().is_some_and(|c| c.is_whitespace()) {
                let _ = self.next();
            }
            match self.peek() {
                None | Some('#') => return Ok((words, self.ranges)),
                Some(_) => words.push(self.word(&mut range)?),
            }
        }
    }

    /// The ranges of the line, in their order.
    fn find_ranges(&mut self) -> Result<(), Wrong> {
        let mut quote = None;
        let mut before = ' ';
        while let Some(c) = self.next() {
            match (quote, c) {
                (Some(q), _) if q == c => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None | Some('"'), '\\') => drop(self.next()),
                (Some('\''), _) => {}
                (_, '{') => {
                    let (start, body) = self.braces()?;
                    if let Some(range) = self.range(start, &body)? {
                        self.ranges.push(range);
                    }
                }
                _ => {}
            }
            before = c;
        }
        self.at = 0;
        Ok(())
    }

    /// What is between braces, of which the first was just taken, and where it begins.
    fn braces(&mut self) -> Result<(usize, String), Wrong> {
        let start = self.at;
        let mut body = String::new();
        loop {
            match self.next() {
                Some('}') => return Ok((start, body)),
                Some(c) => body.push(c),
                None => return Err((start.saturating_sub(1), 1, "the brace has no other half".into())),
            }
        }
    }

    /// The range that `body` is; `None`: it is an expression.
    fn range(&self, start: usize, body: &str) -> Result<Option<Range>, Wrong> {
        let width = body.chars().count();
        let wrong = |message: String| (start, width, message);
        let (name, values) = match body.split_once('=') {
            Some((name, values)) if is_name(name) => (Some(name.to_owned()), values),
            Some((name, _)) => {
                return Err(wrong(format!("{name:?} is no name: letters, digits and _, no digit first")));
            }
            None => (None, body),
        };
        if name.as_ref().is_some_and(|n| self.ranges.iter().any(|r| r.name.as_ref() == Some(n))) {
            return Err(wrong("there is a range of this name in the line".into()));
        }
        let values = if let Some((first, rest)) = values.split_once("..") {
            let (last, step) = rest.split_once("..").map_or((rest, None), |(last, step)| (last, Some(step)));
            let number = |text: &str| {
                let value = self.variables.get(text).map_or(text, String::as_str);
                value.parse::<i64>().map_err(|_| wrong(format!("{text:?} is not a number")))
            };
            let (first, last, step) = (number(first)?, number(last)?, step.map_or(Ok(1), number)?);
            if step == 0 {
                return Err(wrong("the step of a range is not 0".into()));
            }
            // Downwards too, as in a shell.
            let step = if (last < first) == (step < 0) { step } else { step.checked_neg().unwrap_or(1) };
            let count = first.abs_diff(last).checked_div(step.unsigned_abs()).unwrap_or(0);
            let count = count.saturating_add(1);
            if count > LINES_MAX {
                return Err(wrong(format!("the range has {count} values, {LINES_MAX} is the most")));
            }
            Values::Numbers(first, step, count)
        } else if values.contains(',') {
            Values::Words(values.split(',').map(str::to_owned).collect())
        } else if name.is_some() {
            return Err(wrong("a range is FIRST..LAST, FIRST..LAST..STEP, or WORD,WORD".into()));
        } else {
            return Ok(None);
        };
        Ok(Some(Range { name, values }))
    }

    /// A word; `range` counts the ranges that were met.
    fn word(&mut self, range: &mut usize) -> Result<Word, Wrong> {
        let at = self.at;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut text = String::new();
        let mut quote = None;
        while let Some(c) = self.peek() {
            if quote.is_none() && c.is_whitespace() {
                break;
            }
            let _ = self.next();
            match (quote, c) {
                (Some(q), _) if q == c => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None | Some('"'), '\\') => text.extend(self.next()),
                (None | Some('"'), '{') => {
                    let (start, body) = self.braces()?;
                    if self.range(start, &body).is_ok_and(|r| r.is_some()) || body.contains('=') {
                        let sum = text.strip_suffix('+').and_then(Addr::parse);
                        let before = std::mem::take(&mut text);
                        pieces.extend((sum.is_none() && !before.is_empty()).then(|| Piece::Text(before.into_bytes())));
                        pieces.push(sum.map_or(Piece::Range(*range), |addr| Piece::Sum(addr, Expr::Range(*range))));
                        *range = range.saturating_add(1);
                        continue;
                    }
                    if let Some(value) = self.variables.get(body.as_str()) {
                        text.push_str(value);
                        continue;
                    }
                    let expr = self.expression(start, &body)?;
                    // An address before a plus is added to.
                    let addr = text.strip_suffix('+').and_then(Addr::parse);
                    match addr {
                        Some(addr) => {
                            text.clear();
                            pieces.push(Piece::Sum(addr, expr));
                        }
                        None => {
                            pieces.extend(
                                (!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text).into_bytes())),
                            );
                            pieces.push(Piece::Value(expr));
                        }
                    }
                }
                _ => text.push(c),
            }
        }
        if let Some(quote) = quote {
            return Err((at, 1, format!("the quote {quote} has no other half")));
        }
        if !text.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(text.into_bytes()));
        }
        Ok(Word { at, width: self.at.saturating_sub(at), pieces })
    }

    fn expression(&self, start: usize, body: &str) -> Result<Expr, Wrong> {
        let mut tokens = Tokens { scan: self, chars: body.chars().collect(), at: 0 };
        let wrong = |(at, message): (usize, String)| (start.saturating_add(at), 1, message);
        let expr = tokens.sum(0).map_err(wrong)?;
        match tokens.peek() {
            None => Ok(expr),
            Some(c) => Err(wrong((tokens.at, format!("{c:?} is not expected in a calculation")))),
        }
    }
}

/// Arithmetic: `+ - * / %`, parentheses, numbers, and names of ranges and variables.
struct Tokens<'s> {
    scan: &'s Scan<'s>,
    chars: Vec<char>,
    at: usize,
}

impl Tokens<'_> {
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at = self.at.saturating_add(1);
        }
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, chars: &str) -> Option<char> {
        let c = self.peek().filter(|c| chars.contains(*c))?;
        self.at = self.at.saturating_add(1);
        Some(c)
    }

    fn sum(&mut self, depth: usize) -> Result<Expr, (usize, String)> {
        let mut left = self.product(depth)?;
        while let Some(op) = self.take("+-") {
            left = Expr::Pair(Box::new(left), op, Box::new(self.product(depth)?));
        }
        Ok(left)
    }

    fn product(&mut self, depth: usize) -> Result<Expr, (usize, String)> {
        let mut left = self.atom(depth)?;
        while let Some(op) = self.take("*/%") {
            left = Expr::Pair(Box::new(left), op, Box::new(self.atom(depth)?));
        }
        Ok(left)
    }

    fn atom(&mut self, depth: usize) -> Result<Expr, (usize, String)> {
        if depth > 32 {
            return Err((self.at, "the calculation is nested too deep".into()));
        }
        let deeper = depth.saturating_add(1);
        if self.take("-").is_some() {
            return Ok(Expr::Negate(Box::new(self.atom(deeper)?)));
        }
        if self.take("(").is_some() {
            let inside = self.sum(deeper)?;
            return match self.take(")") {
                Some(_) => Ok(inside),
                None => Err((self.at, "the parenthesis has no other half".into())),
            };
        }
        let _ = self.peek();
        let start = self.at;
        let mut word = String::new();
        while let Some(c) = self.chars.get(self.at).filter(|c| c.is_ascii_alphanumeric() || **c == '_') {
            word.push(*c);
            self.at = self.at.saturating_add(1);
        }
        if let Some(at) = self.scan.ranges.iter().position(|r| r.name.as_deref() == Some(word.as_str())) {
            return Ok(Expr::Range(at));
        }
        let text = self.scan.variables.get(&word).unwrap_or(&word);
        text.parse().map(Expr::Number).map_err(|_| {
            let what = if word.is_empty() {
                "a number is missing".into()
            } else {
                format!("{word:?} is neither a number nor the name of a range of this line or of a variable (--set)")
            };
            (start, what)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_with(text: &str, set: &[(&str, &str)]) -> Result<Vec<String>, Vec<Mistake>> {
        let variables = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let text = Text::parse("test", text, &variables)?;
        let join = |line: Line| line.words.join(OsStr::new(" ")).into_string().unwrap();
        text.lines().map(|line| line.map(join)).collect::<Result<_, _>>().map_err(|m| vec![m])
    }

    fn lines(text: &str) -> Vec<String> {
        lines_with(text, &[]).unwrap_or_else(|m| panic!("{}", m[0]))
    }

    fn wrong(text: &str) -> String {
        lines_with(text, &[]).unwrap_err().iter().map(|m| format!("{m}\n")).collect()
    }

    #[test]
    fn ranges_make_lines_and_go_in_step() {
        assert_eq!(lines("a{1..3} b # c"), ["a1 b", "a2 b", "a3 b"]);
        assert_eq!(lines("a{1..7..3}"), ["a1", "a4", "a7"]);
        assert_eq!(lines("a{3..1}"), ["a3", "a2", "a1"]);
        assert_eq!(lines("{red,green} x{1..2}"), ["red x1", "green x2"]);
        assert_eq!(lines("a\n\n  # nothing\nb \\\n  c"), ["a", "b c"]);
        assert!(wrong("a{1..2} b{1..3}").contains("go in step: one has 2 values, another 3"));
        assert!(wrong("a{1..1000000000}").contains("1000000000 values"));
        assert!(wrong("{i=1..2} {i=1..2}").contains("of this name"));
        assert!(wrong("{1..2..0}").contains("not 0"));
    }

    #[test]
    fn names_and_arithmetic() {
        assert_eq!(lines("{i} h{i=1..2} {i*4+2} {(i + 1) * -2} {7/2} {7%4}"), ["1 h1 6 -4 3 3", "2 h2 10 -6 3 3"]);
        assert_eq!(lines("{i=1..2} {j=5..6} {i*j}"), ["1 5 5", "2 6 12"]);
        assert!(wrong("{i+}").contains("neither a number nor"), "{}", wrong("{i+}"));
        assert!(wrong("x {1+}").contains("a number is missing"));
        assert!(wrong("{i=1..2} {i/(i-1)}").contains("divided by 0"));
        assert!(wrong("{9223372036854775807+1}").contains("too large"));
        let deep = format!("{{{}1{}}}", "(".repeat(100), ")".repeat(100));
        assert!(wrong(&deep).contains("too deep"));
    }

    #[test]
    fn addresses_plus_numbers() {
        assert_eq!(lines("10.1.0.0+{i*4+2}/30 {i=64..65}"), ["10.1.1.2/30 64", "10.1.1.6/30 65"]);
        assert_eq!(
            lines("2001:db8::+{256} 02:00:00:00:00:ff+{1} 10.0.1.0+{-1}"),
            ["2001:db8::100 02:00:00:00:01:00 10.0.0.255"]
        );
        assert!(wrong("255.255.255.255+{1}").contains("no address any more"));
        assert!(wrong("ff:ff:ff:ff:ff:ff+{1}").contains("no address any more"));
        assert!(wrong("::+{-1}").contains("no address any more"));
        // A plus behind anything else is a plus.
        assert_eq!(lines("a+{1}"), ["a+1"]);
    }

    #[test]
    fn variables_come_from_outside_or_from_the_plan() {
        let text = "set N=2\nset DEV=lo\nh{i=1..N} {DEV} {N*2}";
        assert_eq!(lines(text), ["h1 lo 4", "h2 lo 4"]);
        assert_eq!(lines_with(text, &[("N", "1"), ("DEV", "v0")]).unwrap(), ["h1 v0 2"]);
        assert!(wrong("set 1=2").contains("NAME=VALUE"));
    }

    #[test]
    fn quotes_keep_words_and_braces() {
        assert_eq!(lines("'a {b}' \"c {1+1}\" d\\ e \\{x"), ["a {b} c 2 d e {x"]);
        assert!(wrong("a 'b").contains("no other half"));
        assert!(wrong("a {b").contains("no other half"));
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_place() {
        let all = wrong("a\nb {x}\n\nset\nc 'd\nfoo\u{1}\n");
        assert_eq!(all.matches("test:").count(), 4, "{all}");
        assert!(all.starts_with("test:2:4: \"x\" is neither"), "{all}");
        assert!(all.contains("\n  b {x}\n     ^\n"), "{all}");
        let text = Text::parse("test", "a  bb{1..2}\n", &Variables::new()).unwrap();
        let line = text.lines().nth(1).unwrap().unwrap();
        assert_eq!(text.wrong(&line, 1, "no").to_string(), "test:1:4: no\n  a  bb{1..2}\n     ^^^^^^^^");
        assert_eq!(text.wrong(&line, 2, "more").place.column, 13);
        assert!(wrong(&"x".repeat(LINE_MAX + 1)).contains("more than 65536 bytes"));
    }

    #[test]
    fn files_are_included_beside_the_file_and_never_in_a_circle() {
        let dir = std::env::temp_dir().join(format!("netnsctl-plan-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("sub")).unwrap();
        let write = |name: &str, text: &[u8]| std::fs::write(dir.join(name), text).unwrap();
        write("a", b"one\ninclude sub/b\nthree {N}\n");
        write("sub/b", b"set N=7\ntwo\n");
        write("loop", b"include sub/loop\n");
        write("sub/loop", b"include ../loop\n");
        write("missing", b"include nowhere\n\xff");
        let read = |name: &str| Text::read(&dir.join(name), &Variables::new());
        let text = read("a").unwrap();
        let words: Vec<_> = text.lines().map(|l| l.unwrap().words).collect();
        assert_eq!(words, [vec!["one"], vec!["two"], vec!["three", "7"]]);
        let looped = read("loop").unwrap_err();
        assert!(looped.len() == 1 && looped[0].message.contains("includes itself"), "{looped:?}");
        assert!(looped[0].place.file.ends_with("sub/loop"));
        assert!(read("missing").unwrap_err()[0].message.contains("not UTF-8"));
        assert!(read("sub").unwrap_err()[0].message.contains("cannot read"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
