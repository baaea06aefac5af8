//! A table: aligned columns for people, in the layout of util-linux (libsmartcols), which also draws trees and has a JSON of
//! its own.

use super::disturbs;
use std::io::{IsTerminal as _, Write as _};

/// A column.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// The least width, if what is in it is wider than the heading.
    pub width: usize,
    /// Aligned to the right.
    pub right: bool,
    /// Cut off where the terminal is too narrow.
    pub cut: bool,
    /// A newline in a cell goes on below.
    pub wrap: bool,
    /// Where the tree is drawn, if there is one.
    pub tree: bool,
    /// A number, to JSON.
    pub number: bool,
}

/// A row: one cell for each column.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Their bytes; `None`: nothing is known.
    pub cells: Vec<Option<Vec<u8>>>,
    /// In a tree, the row it is below, which is one before it.
    pub parent: Option<usize>,
}

/// Columns and rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; below the same parent they keep their order.
    pub rows: Vec<Row>,
    /// Whether the columns' names go first.
    pub headings: bool,
    /// Whether the terminal shows UTF-8.
    pub utf8: bool,
    /// How wide the terminal is; `None`: it is none.
    pub terminal: Option<usize>,
}

/// A row with the lines of the tree.
struct Drawn<'t> {
    row: &'t Row,
    /// Before the cell.
    own: String,
    /// Before what goes on below it: in the last line of another column, in a line before.
    more: [String; 2],
}

impl Table {
    /// An empty table, for standard output as it is.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
        let terminal = std::io::stdout().is_terminal().then(|| {
            let columns = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0);
            netns_sys::terminal_width().map(usize::from).or_else(columns).unwrap_or(80)
        });
        let utf8 = locale.ends_with("utf-8") || locale.ends_with("utf8");
        Self { columns, rows: Vec::new(), headings: true, utf8, terminal }
    }

    /// The places of the rows at the top, and of those below each row.
    fn below(&self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let tree = self.columns.iter().any(|c| c.tree);
        let (mut top, mut below) = (Vec::new(), vec![Vec::new(); self.rows.len()]);
        for (place, row) in self.rows.iter().enumerate() {
            match row.parent.filter(|_| tree).and_then(|parent| below.get_mut(parent)) {
                Some(below) => below.push(place),
                None => top.push(place),
            }
        }
        (top, below)
    }

    /// The rows in the order they are shown.
    fn walk(&self) -> Vec<Drawn<'_>> {
        let [branch, last, down] = if self.utf8 { ["├─", "└─", "│ "] } else { ["|-", "`-", "| "] };
        let (top, below) = self.below();
        // Places, what is drawn before all that is below the row's parent, and before the row; from the last to the first.
        let mut todo: Vec<(usize, String, [&str; 2])> =
            top.into_iter().rev().map(|p| (p, String::new(), ["", ""])).collect();
        let mut shown = Vec::new();
        while let Some((place, art, [own, more])) = todo.pop() {
            let Some((row, children)) = self.rows.get(place).zip(below.get(place)) else { continue };
            let (own, more) = (format!("{art}{own}"), format!("{art}{more}"));
            for (i, child) in children.iter().rev().enumerate() {
                todo.push((*child, more.clone(), if i == 0 { [last, "  "] } else { [branch, down] }));
            }
            let more = [more.clone(), if children.is_empty() { more } else { format!("{more}{down}") }];
            shown.push(Drawn { row, own, more });
        }
        shown
    }

    /// Aligned.
    #[must_use]
    pub fn text(&self) -> String {
        // Each cell as the lines it has, each row with its heading first.
        let cell = |column: &Column, data: &[u8], art: &str| -> Vec<String> {
            let lines = data.split(|b| *b == b'\n' && column.wrap).map(|line| self.printable(line));
            let mut lines: Vec<String> = lines.collect();
            if let Some(first) = lines.first_mut().filter(|_| column.tree) {
                first.insert_str(0, art);
            }
            lines
        };
        let mut rows = vec![(self.columns.iter().map(|c| vec![c.name.to_owned()]).collect(), Default::default())];
        for Drawn { row, own, more } in self.walk() {
            let cells = self.columns.iter().zip(&row.cells);
            let cells: Vec<_> = cells.map(|(c, data)| cell(c, data.as_deref().unwrap_or_default(), &own)).collect();
            rows.push((cells, more));
        }
        if rows.len() == 1 {
            return String::new();
        }
        let width = |s: &String| s.chars().count();
        let mut widths: Vec<usize> = Vec::new();
        for (i, column) in self.columns.iter().enumerate() {
            let lines = rows.iter().skip(1).filter_map(|row| row.0.get(i)).flatten();
            let (widest, least) = (lines.map(width).max().unwrap_or(0), column.name.len());
            widths.push(if widest < least { least } else { widest.max(column.width) });
        }
        if let Some(terminal) = self.terminal {
            let taken = widths.iter().fold(widths.len().saturating_sub(1), |sum, w| sum.saturating_add(*w));
            let mut over = taken.saturating_sub(terminal);
            for (column, width) in self.columns.iter().zip(&mut widths).filter(|c| c.0.cut) {
                let less = over.min(width.saturating_sub(column.name.len()));
                (*width, over) = (width.saturating_sub(less), over.saturating_sub(less));
            }
        }
        let mut text = String::new();
        for (cells, [ended, more]) in rows.iter().skip(usize::from(!self.headings)) {
            for line in 0..cells.iter().map(Vec::len).max().unwrap_or(1) {
                for (i, ((column, cell), width)) in self.columns.iter().zip(cells).zip(&widths).enumerate() {
                    let is_last = i.saturating_add(1) == widths.len();
                    let goes_on = |(j, c): (usize, &Vec<String>)| c.len() > line.saturating_add(usize::from(j < i));
                    let below = match column.tree {
                        true if cells.iter().enumerate().any(goes_on) => more,
                        true => ended,
                        false => "",
                    };
                    let mut data = cell.get(line).map_or(below, String::as_str);
                    if column.cut {
                        data = data.char_indices().nth(*width).map_or(data, |(end, _)| data.get(..end).unwrap_or(data));
                    }
                    let pad = width.saturating_sub(data.chars().count());
                    let (before, behind) = match (column.right && line < cell.len(), is_last) {
                        (true, _) if !data.is_empty() => (pad, 0),
                        (_, true) => (0, 0),
                        _ => (0, pad),
                    };
                    text.extend(std::iter::repeat_n(' ', before));
                    text.push_str(data);
                    text.extend(std::iter::repeat_n(' ', behind));
                    text.push_str(if is_last { "\n" } else { " " });
                }
            }
        }
        text
    }

    /// With what a terminal would not show, or be disturbed by, as `\xNN`.
    fn printable(&self, data: &[u8]) -> String {
        let mut text = String::new();
        let escape = |text: &mut String, bytes: &[u8]| {
            bytes.iter().for_each(|b| text.push_str(&format!("\\x{b:02x}")));
        };
        for chunk in data.utf8_chunks() {
            let mut chars = chunk.valid().chars().peekable();
            while let Some(c) = chars.next() {
                let plain = !disturbs(c) && (self.utf8 || c.is_ascii()) && (c != '\\' || chars.peek() != Some(&'x'));
                if plain { text.push(c) } else { escape(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes()) }
            }
            escape(&mut text, chunk.invalid());
        }
        text
    }

    /// Parted by one space; what is no printable ASCII is `\xNN`.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut line = |cells: Vec<Vec<u8>>| {
            for (i, cell) in cells.iter().enumerate() {
                text.extend_from_slice(if i > 0 { b" " } else { b"" });
                for b in cell {
                    let _ = match b {
                        b'\\' => write!(text, "\\x5c"),
                        0x21..=0x7e => write!(text, "{}", char::from(*b)),
                        b => write!(text, "\\x{b:02x}"),
                    };
                }
            }
            text.push(b'\n');
        };
        let rows = self.walk();
        if self.headings && !rows.is_empty() {
            line(self.columns.iter().map(|c| c.name.into()).collect());
        }
        for Drawn { row, own, .. } in rows {
            let art = |c: &Column| if c.tree { own.as_bytes() } else { b"" };
            let cell = |(c, data): (&Column, &Option<Vec<u8>>)| [art(c), data.as_deref().unwrap_or_default()].concat();
            line(self.columns.iter().zip(&row.cells).map(cell).collect());
        }
        text
    }

    /// A JSON object with the rows as its member `name`.
    #[must_use]
    pub fn json(&self, name: &str) -> Vec<u8> {
        let mut text = b"{\n".to_vec();
        let (top, below) = self.below();
        self.json_list(&mut text, name, &top, &below, 1);
        text.extend_from_slice(b"\n}\n");
        text
    }

    fn json_list(&self, text: &mut Vec<u8>, name: &str, rows: &[usize], below: &[Vec<usize>], depth: usize) {
        let indent = |depth: usize| "   ".repeat(depth);
        let inside = depth.saturating_add(1);
        let first = if rows.is_empty() { String::new() } else { indent(inside) };
        let _ = write!(text, "{}\"{name}\": [\n{first}", indent(depth));
        for (i, place) in rows.iter().enumerate() {
            text.extend_from_slice(if i > 0 { b",{\n" } else { b"{\n" });
            let cells = self.rows.get(*place).map_or(&[][..], |row| &row.cells);
            for (i, (column, data)) in self.columns.iter().zip(cells).enumerate() {
                let comma = if i > 0 { ",\n" } else { "" };
                let _ = write!(
                    text,
                    "{comma}{}\"{}\": ",
                    indent(inside.saturating_add(1)),
                    column.name.to_ascii_lowercase()
                );
                match data.as_deref().filter(|data| !data.is_empty()) {
                    None => text.extend_from_slice(b"null"),
                    Some(data) if column.number => text.extend_from_slice(data),
                    Some(data) => json_string(text, data),
                }
            }
            if let Some(children) = below.get(*place).filter(|children| !children.is_empty()) {
                text.extend_from_slice(b",\n");
                self.json_list(text, "children", children, below, inside.saturating_add(1));
            }
            let _ = write!(text, "\n{}}}", indent(inside));
        }
        let _ = write!(text, "\n{}]", indent(depth));
    }
}

fn json_string(text: &mut Vec<u8>, data: &[u8]) {
    text.push(b'"');
    for b in data {
        let _ = match b {
            b'"' | b'\\' => write!(text, "\\{}", char::from(*b)),
            8 => write!(text, "\\b"),
            9 => write!(text, "\\t"),
            10 => write!(text, "\\n"),
            12 => write!(text, "\\f"),
            13 => write!(text, "\\r"),
            0..=0x1f => write!(text, "\\u00{b:02x}"),
            _ => text.write_all(&[*b]),
        };
    }
    text.push(b'"');
}
