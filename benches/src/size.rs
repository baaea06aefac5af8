//! How large the program is: by how it is built, by feature, and by crate.

use crate::measure::{Figure, Row};
use crate::program::target;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What is built: as who, with which of the aliases in `.cargo/config.toml`, and which features.
const BUILDS: &[(&str, &str, &[&str])] = &[
    ("musl, all features", "musl", &[]),
    ("musl, optimized for size (`cargo small`)", "small", &[]),
    ("glibc", "static", &[]),
    ("musl, named namespaces alone", "musl", &["--no-default-features"]),
    ("the same, for size", "small", &["--no-default-features"]),
];

/// Builds it in all ways, and gives the bytes of each. What cannot be built is missing.
///
/// # Panics
/// Cargo.toml cannot be read.
#[must_use]
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |task: &str, who: &str, bytes: Option<f64>| {
        let measure = if bytes.is_some() { "bytes" } else { "missing" };
        rows.push(Row::new(task, 0, who, measure, Figure::exactly(bytes.unwrap_or_default())));
    };
    for (who, alias, args) in BUILDS {
        row("build", who, build(alias, args, "symbols").map(|path| bytes(&path)));
    }
    let alone = build("musl", &["--no-default-features"], "symbols").map(|path| bytes(&path));
    for feature in features() {
        let with =
            build("musl", &["--no-default-features", "--features", &feature], "symbols").map(|path| bytes(&path));
        row("feature", &feature, with.zip(alone).map(|(with, alone)| with - alone));
    }
    for (name, bytes) in build("musl", &[], "none").map(|path| crates(&path)).unwrap_or_default() {
        row("crate", &name, Some(bytes));
    }
    rows
}

fn bytes(path: &PathBuf) -> f64 {
    fs::metadata(path).expect("what was built").len() as f64
}

/// The default features of netnsctl.
fn features() -> Vec<String> {
    let manifest = fs::read_to_string(format!("{ROOT}/netnsctl/Cargo.toml")).expect("netnsctl's manifest");
    let line = manifest.lines().find_map(|line| line.strip_prefix("default = ")).expect("its default features");
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn build(alias: &str, args: &[&str], strip: &str) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([alias, "--quiet", "-p", "netnsctl"]).args(args).current_dir(ROOT);
    let done = command.env("CARGO_TARGET_DIR", target()).env("CARGO_PROFILE_RELEASE_STRIP", strip).status();
    let libc = if alias == "static" { "gnu" } else { "musl" };
    let path = target().join(format!("{}-unknown-linux-{libc}/release/netnsctl", std::env::consts::ARCH));
    done.is_ok_and(|status| status.success()).then_some(path)
}

/// The bytes of code and data of each crate, by its symbols; what is inlined counts where it ends up, and what has no name
/// (constants, tables for starting and unwinding) is not counted.
fn crates(path: &PathBuf) -> BTreeMap<String, f64> {
    let listed = Command::new("nm").args(["--print-size", "--size-sort", "--demangle"]).arg(path).output();
    let text = listed.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    let mut crates = BTreeMap::new();
    for line in text.lines() {
        let mut parts = line.splitn(4, ' ').skip(1);
        let size = parts.next().and_then(|size| u64::from_str_radix(size, 16).ok());
        let (Some(size), Some(kind), Some(name)) = (size, parts.next(), parts.next()) else { continue };
        if "tTrRdD".contains(kind) {
            *crates.entry(of_crate(name)).or_default() += size as f64;
        }
    }
    crates
}

/// The crate of a symbol: the first that its path names.
fn of_crate(symbol: &str) -> String {
    const KNOWN: &[&str] =
        &["netnsctl", "netns_sys", "nl_core", "core", "alloc", "std", "gimli", "addr2line", "rustc_demangle"];
    let names = symbol.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let known = names.filter(|name| KNOWN.contains(name)).map(|name| match name {
        "core" | "alloc" => "core and alloc, for types of all crates",
        "std" => "std",
        "gimli" | "addr2line" | "rustc_demangle" => "std: backtraces",
        name => name,
    });
    known.into_iter().next().unwrap_or("libc and others").to_owned()
}
