//! What the faces of other programs (`unshare`, `nsenter`, `lsns`, `iptables`) share: options as getopt_long(3) reads them, and how
//! they end.

#[cfg(feature = "processes")]
use netns_sys::Exit;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Whether an option takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    /// None.
    No,
    /// One has to follow.
    Required,
    /// One may be attached.
    Optional,
}

/// An option: its letter (0: it has none), its long name, whether it takes an argument, what it stands for.
pub(super) type Opt<T> = (u8, &'static str, Arg, T);

/// What the words of a command are.
#[derive(Debug)]
pub(super) struct Parsed<T> {
    /// The options and their arguments, in the order they came.
    pub(super) options: Vec<(T, Option<OsString>)>,
    /// Which word each began in; last: that of the error.
    pub(super) places: Vec<usize>,
    /// What is no option.
    pub(super) operands: Vec<OsString>,
    /// What was wrong with the option behind the last.
    pub(super) error: Option<String>,
}

/// Reads the options of `table`, before and (if `permute`) behind operands.
pub(super) fn parse<T: Copy>(args: &[OsString], table: &[Opt<T>], permute: bool) -> Parsed<T> {
    let mut parsed = Parsed { options: Vec::new(), places: Vec::new(), operands: Vec::new(), error: None };
    let (count, mut args) = (args.len(), args.iter());
    while let Some(arg) = args.next() {
        let bytes = arg.as_bytes();
        let place = count.saturating_sub(args.len().saturating_add(1));
        if bytes == b"--" {
            parsed.operands.extend(args.by_ref().cloned());
        } else if let Some(long) = bytes.strip_prefix(b"--") {
            parsed.places.push(place);
            match long_option(long, table, &mut args) {
                Ok(option) => parsed.options.push(option),
                Err(error) => return Parsed { error: Some(error), ..parsed },
            }
        } else if let Some(letters) = bytes.strip_prefix(b"-").filter(|letters| !letters.is_empty()) {
            let mut rest = letters;
            while let Some((letter, attached)) = rest.split_first() {
                parsed.places.push(place);
                match short_option(*letter, attached, table, &mut args) {
                    Ok((option, taken)) => {
                        parsed.options.push(option);
                        rest = if taken { &[] } else { attached };
                    }
                    Err(error) => return Parsed { error: Some(error), ..parsed },
                }
            }
        } else {
            parsed.operands.push(arg.clone());
            if !permute {
                parsed.operands.extend(args.by_ref().cloned());
            }
        }
    }
    parsed
}

pub(super) type Found<T> = (T, Option<OsString>);

pub(super) fn long_option<'a, T: Copy>(
    long: &[u8],
    table: &[Opt<T>],
    args: &mut impl Iterator<Item = &'a OsString>,
) -> Result<Found<T>, String> {
    let (name, attached) = match long.iter().position(|b| *b == b'=').and_then(|at| long.split_at_checked(at)) {
        Some((name, value)) => (name, value.get(1..).map(|value| OsString::from_vec(value.to_vec()))),
        None => (long, None),
    };
    let shown = String::from_utf8_lossy(name);
    let matching: Vec<_> = table.iter().filter(|o| o.1.as_bytes().starts_with(name)).collect();
    let exact = matching.iter().find(|o| o.1.as_bytes() == name);
    let (_, name, arg, option) = match (exact, matching.as_slice()) {
        (Some(found), _) | (None, [found]) => *found,
        (None, []) => return Err(format!("unrecognized option '--{}'", String::from_utf8_lossy(long))),
        (None, several) => {
            let names: String = several.iter().map(|o| format!(" '--{}'", o.1)).collect();
            return Err(format!("option '--{shown}' is ambiguous; possibilities:{names}"));
        }
    };
    let value = match (arg, attached) {
        (Arg::No, Some(_)) => return Err(format!("option '--{name}' doesn't allow an argument")),
        (Arg::Required, None) => {
            Some(args.next().cloned().ok_or_else(|| format!("option '--{name}' requires an argument"))?)
        }
        (_, attached) => attached,
    };
    Ok((*option, value))
}

/// Gives back also whether what is attached was its argument.
pub(super) fn short_option<'a, T: Copy>(
    letter: u8,
    attached: &[u8],
    table: &[Opt<T>],
    args: &mut impl Iterator<Item = &'a OsString>,
) -> Result<(Found<T>, bool), String> {
    let shown = String::from_utf8_lossy(&[letter]).into_owned();
    let found = table.iter().find(|o| o.0 == letter && letter != 0);
    let (.., arg, option) = found.ok_or_else(|| format!("invalid option -- '{shown}'"))?;
    let value = Some(attached).filter(|a| *arg != Arg::No && !a.is_empty()).map(|a| OsString::from_vec(a.to_vec()));
    let value = match (arg, value) {
        (Arg::Required, None) => {
            Some(args.next().cloned().ok_or_else(|| format!("option requires an argument -- '{shown}'"))?)
        }
        (_, value) => value,
    };
    Ok(((*option, value), *arg != Arg::No))
}

/// A failure: the exit code, and what to say behind the program's name; empty where all was said, or there is nothing to say.
pub(super) type Failed = (u8, String);

/// Says that an option was none: as getopt(3) does, by the name it was called by, and where to find those there are.
#[cfg(feature = "processes")]
pub(super) fn misused(program: &std::ffi::OsStr, name: &str, error: &str) -> Failed {
    let help = format!("Try '{name} --help' for more information.");
    let _ = writeln!(std::io::stderr(), "{}: {error}\n{help}", program.to_string_lossy());
    (1, String::new())
}

/// The line of `--version`.
#[cfg(feature = "processes")]
pub(super) fn version(name: &str) -> String {
    format!("{name} from util-linux 2.38 compatible netnsctl {}\n", env!("CARGO_PKG_VERSION"))
}

/// Ends as a command did.
#[cfg(feature = "processes")]
pub(super) fn exit(exit: Exit) -> Result<Vec<u8>, Failed> {
    match u8::try_from(exit.follow()) {
        Ok(0) => Ok(Vec::new()),
        code => Err((code.unwrap_or(1), String::new())),
    }
}

/// Writes the output, or says what failed; gives back the exit code.
pub(super) fn end(name: &str, result: Result<Vec<u8>, Failed>) -> u8 {
    let written = result.and_then(|output| {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(&output).and_then(|()| stdout.flush());
        written.map_err(|e| (1, format!("write error: {}", netns_sys::Errno::from(e).words())))
    });
    let Err((code, message)) = written else { return 0 };
    if !message.is_empty() {
        let _ = writeln!(std::io::stderr(), "{name}: {message}");
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Opt<char>] = &[
        (b'a', "all", Arg::No, 'a'),
        (b'o', "output", Arg::Required, 'o'),
        (0, "output-all", Arg::No, 'O'),
        (b'T', "tree", Arg::Optional, 'T'),
    ];

    fn parsed(line: &str, permute: bool) -> (String, Vec<OsString>, Option<String>) {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let Parsed { options, operands, error, .. } = parse(&args, TABLE, permute);
        let options = options.iter().map(|(o, v)| format!("{o}{}", v.as_ref().map_or("", |v| v.to_str().unwrap())));
        (options.collect::<Vec<_>>().join(" "), operands, error)
    }

    #[test]
    fn options_are_those_of_getopt() {
        assert_eq!(parsed("-aoX -o Y --all", true).0, "a oX oY a");
        assert_eq!(
            parsed("-Tx -T x --tree=y --tree y", true),
            ("Tx T Ty T".into(), vec!["x".into(), "y".into()], None)
        );
        assert_eq!(parsed("--output=Z --output W --al -", true), ("oZ oW a".into(), vec!["-".into()], None));
        assert_eq!(parsed("x -a", false), (String::new(), vec!["x".into(), "-a".into()], None));
        assert_eq!(parsed("-a -- -o", true), ("a".into(), vec!["-o".into()], None));
        for (line, error) in [
            ("-z", "invalid option -- 'z'"),
            ("-ao", "option requires an argument -- 'o'"),
            ("--x=1", "unrecognized option '--x=1'"),
            ("--out", "option '--out' is ambiguous; possibilities: '--output' '--output-all'"),
            ("--all=1", "option '--all' doesn't allow an argument"),
            ("--output", "option '--output' requires an argument"),
        ] {
            assert_eq!(parsed(line, true).2.as_deref(), Some(error), "{line}");
        }
    }
}
