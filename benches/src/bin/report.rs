//! All there is to measure, as a page with plots: `cargo run --release -p netns-benches --bin report [draw]`.
//!
//! Builds the static program, runs `codec`, `versus` and the peers' program (of a workspace of its own), and writes
//! `docs/BENCHMARKS.md` and `docs/benchmarks-*.svg`. What cannot be built or run here is named on the page. With `draw`, it
//! runs nothing and draws the figures that were kept in `target/benches`.

use netns_benches::measure::{Row, keep, kept, race};
use plotters::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn main() -> Drawn {
    if std::env::args().nth(1).as_deref() != Some("draw") {
        measure();
    }
    let mut page = head();
    codec(&mut page)?;
    programs(&mut page)?;
    growth(&mut page)?;
    sizes(&mut page);
    method(&mut page);
    fs::write(format!("{ROOT}/docs/BENCHMARKS.md"), page)?;
    Ok(())
}

fn measure() {
    let mut rows = Vec::new();
    for mut task in netns_benches::codec::tasks() {
        rows.extend(race(&mut task, 51));
    }
    keep("codec", &rows);
    keep("peers", &[]);
    keep("size", &netns_benches::size::rows());
    cargo(&["musl"]);
    cargo(&["run", "--release", "-p", "netns-benches", "--bin", "versus"]);
    cargo(&["run", "--release", "--manifest-path", "benches/peers/Cargo.toml"]);
}

/// What fails is told by cargo; the page then has no figures of it.
fn cargo(args: &[&str]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo).args(args).current_dir(ROOT).status();
    if !done.is_ok_and(|s| s.success()) {
        eprintln!("not run: cargo {}", args.join(" "));
    }
}

/// What a program says of itself: the first line.
fn says(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).output();
    let line = out.ok().and_then(|o| String::from_utf8_lossy(&o.stdout).lines().next().map(str::to_owned));
    line.unwrap_or_else(|| format!("{program}: missing"))
}

fn head() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("").trim_start_matches(['\t', ':', ' ']);
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `cargo run --release -p netns-benches --bin report`; run it to have yours.\n\n",
    );
    let _ = writeln!(page, "| | |\n| --- | --- |\n| date | {} |", says("date", &["+%Y-%m-%d"]));
    let _ = writeln!(page, "| processor | {cpu}, {cpus} |");
    for (what, program, args) in [
        ("kernel", "uname", &["-srm"][..]),
        ("libc", "ldd", &["--version"]),
        ("compiler", "rustc", &["--version"]),
        ("ip", "ip", &["-V"]),
        ("nsenter, unshare, lsns", "nsenter", &["-V"]),
        ("busybox", "busybox", &[]),
    ] {
        let _ = writeln!(page, "| {what} | {} |", says(program, args));
    }
    page
}

fn of<'a>(rows: &'a [Row], task: &str, who: &str, measure: &str) -> Option<&'a Row> {
    rows.iter().find(|r| (r.task.as_str(), r.who.as_str(), r.measure.as_str()) == (task, who, measure))
}

fn tasks(rows: &[Row], n: u64) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    rows.iter()
        .filter(|r| r.n == n && r.measure != "missing" && seen.insert(&r.task))
        .map(|r| r.task.as_str())
        .collect()
}

/// `ours` in parts of `theirs`, and whether that is what was to be reached.
fn ratio(ours: f64, theirs: f64, goal: Option<&Row>) -> String {
    let ratio = ours / theirs;
    match goal {
        Some(goal) if ratio > goal.figure.median => format!("**{ratio:.3}** | {} missed", goal.figure.median),
        Some(goal) => format!("{ratio:.3} | {}", goal.figure.median),
        None => format!("{ratio:.3} |"),
    }
}

fn codec(page: &mut String) -> Drawn {
    page.push_str("\n## The codec\nA message in nanoseconds: median, least and most of interleaved runs; nl-core's in parts of it; the goal.\n");
    let peers = kept("peers").filter(|rows| !rows.is_empty());
    let Some(mut rows) = kept("codec") else {
        page.push_str(
            "
Not measured.
",
        );
        return Ok(());
    };
    match &peers {
        Some(peers) => {
            // Only what was measured in the same run is compared.
            rows.retain(|r| of(peers, &r.task, &r.who, "ns").is_none());
            rows.splice(0..0, peers.iter().cloned());
        }
        None => page.push_str(
            "\nMissing: netlink-packet-route, neli, netlink-bindings, libmnl (`benches/peers` was not run).\n",
        ),
    }
    for missing in rows.iter().filter(|r| r.measure == "missing") {
        let _ = writeln!(page, "\nMissing: {}.", missing.who);
    }
    page.push_str("\n| what | who | ns | ratio | goal | allocations |\n| --- | --- | ---: | ---: | ---: | ---: |\n");
    let mut bars = Vec::new();
    for task in tasks(&rows, 0) {
        let Some(ours) = of(&rows, task, "nl-core", "ns") else { continue };
        for row in rows.iter().filter(|r| r.task == task && r.measure == "ns") {
            let f = row.figure;
            let asked =
                of(&rows, task, &row.who, "allocations").map_or(String::new(), |r| format!("{:.0}", r.figure.median));
            let goal = of(&rows, task, &row.who, "goal");
            let ratio = ratio(ours.figure.median, f.median, goal);
            let _ = writeln!(
                page,
                "| {task} | {} | {:.1} ({:.1}–{:.1}) | {ratio} | {asked} |",
                row.who, f.median, f.least, f.most
            );
            if of(&rows, task, "libmnl", "ns").is_some() && !row.who.starts_with("floor: sum") {
                bars.push((format!("{task}: {}", row.who), f.median / ours.figure.median));
            }
        }
    }
    bar_plot("codec", "times of nl-core's (less is better)", &bars)?;
    page.push_str("\n![The codec beside others](benchmarks-codec.svg)\n");
    page.push_str("\nRoutes through the kernel, milliseconds, in turns:\n\n| what | who | ms | ratio | goal |\n| --- | --- | ---: | ---: | ---: |\n");
    for row in rows.iter().filter(|r| r.measure == "ms") {
        let Some(ours) = of(&rows, &row.task, "nl-core + netns-sys", "ms") else { continue };
        let f = row.figure;
        let ratio = ratio(ours.figure.median, f.median, of(&rows, &row.task, &row.who, "goal"));
        let _ =
            writeln!(page, "| {} | {} | {:.1} ({:.1}–{:.1}) | {ratio} |", row.task, row.who, f.median, f.least, f.most);
    }
    let units: Vec<_> = rows.iter().filter(|r| r.task == "create units").collect();
    if !units.is_empty() {
        page.push_str("\nThe realistic unit (a namespace, a veth pair, addresses, a route), µs each; what netnsctl takes is in BULK.md:\n\n| units | who | µs |\n| ---: | --- | ---: |\n");
        for row in units {
            let _ = writeln!(page, "| {} | {} | {:.0} |", row.n, row.who, row.figure.median);
        }
    }
    Ok(())
}

fn programs(page: &mut String) -> Drawn {
    page.push_str("\n## Whole programs\nMilliseconds: median, least and most; peak memory of the program itself in kB; system calls.\n");
    let Some(rows) = kept("versus") else {
        page.push_str(
            "
Not measured.
",
        );
        return Ok(());
    };
    for missing in rows.iter().filter(|r| r.measure == "missing") {
        let _ = writeln!(page, "\nMissing: {} ({}).", missing.who, missing.task);
    }
    page.push_str(
        "\n| what | who | ms | ratio | goal | kB | system calls |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut bars = Vec::new();
    for task in tasks(&rows, 0) {
        let Some(ours) = of(&rows, task, "netnsctl", "ms") else { continue };
        for row in rows.iter().filter(|r| r.task == task && r.measure == "ms") {
            let f = row.figure;
            let also = |measure| {
                of(&rows, task, &row.who, measure).map_or(String::new(), |r| format!("{:.0}", r.figure.median))
            };
            let goal = of(&rows, task, &row.who, "goal");
            let ratio = ratio(ours.figure.median, f.median, goal);
            let (memory, calls) = (also("kB"), also("system calls"));
            let _ = writeln!(
                page,
                "| {task} | {} | {:.2} ({:.2}–{:.2}) | {ratio} | {memory} | {calls} |",
                row.who, f.median, f.least, f.most
            );
            if row.who != "netnsctl" && row.who != "the kernel alone" {
                bars.push((format!("{task}: {}", row.who), f.median / ours.figure.median));
            }
        }
    }
    bar_plot("programs", "times of netnsctl's (more is slower)", &bars)?;
    page.push_str("\n![Whole programs](benchmarks-programs.svg)\n\nBulk creation and deletion: [BULK.md](BULK.md).\n");
    Ok(())
}

fn growth(page: &mut String) -> Drawn {
    let rows: Vec<Row> =
        kept("versus").unwrap_or_default().into_iter().filter(|r| r.n > 0 && r.measure == "ms").collect();
    let names: BTreeSet<&str> = rows.iter().map(|r| r.task.as_str()).collect();
    page.push_str("\n## How costs grow\nMilliseconds over the number of names (`netns list`, `enter` beside `ip netns exec`) or of veth pairs (`link show`).\n\n| what | N | netnsctl | ip | ratio |\n| --- | ---: | ---: | ---: | ---: |\n");
    let mut plots = String::new();
    for task in names {
        let line = |who: &str| -> Vec<(f64, f64)> {
            rows.iter().filter(|r| r.task == task && r.who == who).map(|r| (r.n as f64, r.figure.median)).collect()
        };
        let (ours, theirs) = (line("netnsctl"), line("ip"));
        for ((n, a), (_, b)) in ours.iter().zip(&theirs) {
            let _ = writeln!(page, "| {task} | {n} | {a:.2} | {b:.2} | {:.3} |", a / b);
        }
        let file = task.replace(' ', "-");
        line_plot(&file, task, [("netnsctl", &ours), ("ip", &theirs)])?;
        let _ = writeln!(plots, "\n![{task}](benchmarks-{file}.svg)");
    }
    page.push_str(&plots);
    Ok(())
}

fn sizes(page: &mut String) {
    page.push_str("\n## Size\n");
    let rows = kept("size").unwrap_or_default();
    for (task, head) in [
        ("build", "| the static program, stripped | kB |"),
        ("feature", "| each feature alone adds to named namespaces | kB |"),
        ("crate", "| code and named data of each crate (musl, all features) | kB |"),
    ] {
        let _ = writeln!(page, "\n{head}\n| --- | ---: |");
        for row in rows.iter().filter(|row| row.task == task) {
            let size =
                if row.measure == "missing" { "missing".into() } else { format!("{:.0}", row.figure.median / 1e3) };
            let _ = writeln!(page, "| {} | {size} |", row.who);
        }
    }
}

fn method(page: &mut String) {
    page.push_str(
        "\n## Method and limits\n\
- All who are compared run in turns in one run, behind a warm-up; only ratios of one run mean anything. Absolute times are of\n  this machine, and of what else it did.\n\
- The codec reads real captures (`nl-core/tests/golden`) that stay in the first cache; all readers have to find the same sum of\n  the same fields, all writers to write the same bytes (libmnl marks nests as such). Floors are plain loops in safe Rust.\n\
- Peers are built with the same flags (`lto = \"fat\"`, one codegen unit) and used the fastest way their documentation shows:\n  iterators where there are any. netlink-bindings cannot write a veth pair; neli's was not written.\n\
- Whole programs run in worlds of their own (network and mount namespace, tmpfs on /run), output to /dev/null. Time is that\n  from spawning to the end, as the caller waits for it. System calls are those of `strace -f -c`, with those of the `true` that\n  is started. Peak memory is VmHWM when the program ends or executes another: file pages of the static binary are in it.\n\
- \"The kernel alone\" is what the kernel takes for the same request of a program that shows nothing.\n\
- A goal that is missed is said so. What does not depend on the clock is bounded by `.ci/bounds`.\n",
    );
}

const WIDTH: u32 = 900;
const LINE: u32 = 20;
const LABELS: i32 = 430;

fn path(name: &str) -> String {
    format!("{ROOT}/docs/benchmarks-{name}.svg")
}

/// Bars on a logarithmic scale, a line each.
fn bar_plot(name: &str, title: &str, bars: &[(String, f64)]) -> Drawn {
    let lines = u32::try_from(bars.len())?;
    let path = path(name);
    let area = SVGBackend::new(&path, (WIDTH, (lines + 3) * LINE)).into_drawing_area();
    area.fill(&WHITE)?;
    let font = ("sans-serif", 13).into_font();
    area.draw(&Text::new(title.to_owned(), (LABELS, 6), font.clone()))?;
    let least = bars.iter().fold(1.0_f64, |m, b| m.min(b.1)).log10().floor();
    let most = bars.iter().fold(1.0_f64, |m, b| m.max(b.1)).log10().ceil().max(least + 1.0);
    let space = f64::from(WIDTH) - f64::from(LABELS) - 60.0;
    let x = |v: f64| LABELS + ((v.log10() - least) / (most - least) * space) as i32;
    let bottom = i32::try_from((lines + 1) * LINE + 6)?;
    let mut tick = least;
    while tick <= most {
        let at = x(10_f64.powf(tick));
        area.draw(&PathElement::new(vec![(at, 26), (at, bottom)], BLACK.mix(0.15)))?;
        area.draw(&Text::new(format!("{}×", 10_f64.powf(tick)), (at - 8, bottom + 4), font.clone()))?;
        tick += 1.0;
    }
    for (i, (label, value)) in bars.iter().enumerate() {
        let y = i32::try_from(i)? * LINE as i32 + 28;
        area.draw(&Text::new(label.clone(), (4, y + 2), font.clone()))?;
        let color = if *value < 1.0 { RGBColor(200, 120, 60) } else { RGBColor(70, 120, 180) };
        let (from, to) = (x(1.0).min(x(*value)), x(1.0).max(x(*value)).max(x(1.0) + 1));
        area.draw(&Rectangle::new([(from, y + 2), (to, y + 14)], color.filled()))?;
        area.draw(&Text::new(format!("{value:.2}"), (to + 4, y + 2), font.clone()))?;
    }
    Ok(area.present()?)
}

fn line_plot(name: &str, title: &str, lines: [(&str, &[(f64, f64)]); 2]) -> Drawn {
    let path = path(name);
    let area = SVGBackend::new(&path, (WIDTH / 2, 300)).into_drawing_area();
    area.fill(&WHITE)?;
    let all = || lines.iter().flat_map(|l| l.1).map(|p| p.1);
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max));
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{title}: ms over N"), ("sans-serif", 15))
        .margin(8)
        .set_left_and_bottom_label_area_size(40)
        .build_cartesian_2d((10.0..10_000.0).log_scale(), (least * 0.8..most * 1.2).log_scale())?;
    chart.configure_mesh().light_line_style(TRANSPARENT).draw()?;
    for ((who, points), color) in lines.into_iter().zip([RGBColor(70, 120, 180), RGBColor(200, 120, 60)]) {
        let series = LineSeries::new(points.iter().copied(), color.stroke_width(2));
        chart.draw_series(series)?.label(who).legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(BLACK.mix(0.3)).draw()?;
    Ok(area.present()?)
}
