//! Commands: one file an object. Each parses words into a typed request, and runs one.

#[cfg(feature = "ip")]
pub mod addr;
#[cfg(feature = "plans")]
pub mod apply;
mod batch;
#[cfg(feature = "bridge")]
pub mod bridge;
#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "ip")]
pub mod decode;
#[cfg(feature = "processes")]
pub mod enter;
#[cfg(any(feature = "processes", feature = "bridge", feature = "firewall"))]
#[cfg_attr(not(feature = "processes"), allow(dead_code, reason = "options of others have no arguments"))]
mod face;
#[cfg(feature = "firewall")]
pub mod fw;
#[cfg(feature = "ip")]
mod inet;
#[cfg(feature = "firewall")]
mod iptables;
#[cfg(feature = "plans")]
pub mod lab;
#[cfg(feature = "ip")]
pub mod link;
#[cfg(feature = "ip")]
pub mod links;
#[cfg(feature = "processes")]
pub mod ls;
#[cfg(feature = "processes")]
mod lsns;
#[cfg(feature = "ip")]
pub mod maddress;
#[cfg(feature = "ip")]
pub mod monitor;
#[cfg(feature = "ip")]
pub mod neigh;
#[cfg(feature = "ip")]
pub mod netconf;
pub mod netns;
#[cfg(feature = "ip")]
pub mod nexthop;
#[cfg(feature = "processes")]
mod nsenter;
#[cfg(feature = "ip")]
pub mod ntable;
#[cfg(feature = "processes")]
pub mod plan;
#[cfg(feature = "processes")]
mod proc;
#[cfg(feature = "processes")]
pub mod release;
#[cfg(feature = "processes")]
mod rootless;
#[cfg(feature = "ip")]
pub mod route;
#[cfg(feature = "ip")]
pub mod rule;
#[cfg(feature = "processes")]
pub mod run;
#[cfg(feature = "plans")]
pub mod sysctl;
#[cfg(feature = "processes")]
pub mod target;
#[cfg(feature = "ip")]
pub mod tuntap;
#[cfg(feature = "processes")]
mod unshare;
#[cfg(feature = "ip")]
pub mod vrf;
#[cfg(feature = "processes")]
pub mod who;

use crate::failure::{Failure, Result, code};
use crate::grammar::{self, AF_INET, AF_INET6, FAMILIES, Keyword, Words, show};
use crate::out::{Escaped, Format, Out, Style};
use netns_sys::netlink::Conn;
use netns_sys::{Dir, Errno, Error, Ns};
use nl_core::Flags;
use nl_core::pretty::Pretty;
use nl_core::route::{FAMILY, af};
use nl_core::spec::Family;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What goes before the object: how to do and to show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// As `ip` does it: its reading of words, its exit codes, its wording of errors.
    pub ip: bool,
    /// `-n NAME`: in this namespace.
    pub ns: Option<OsString>,
    /// `-j`: JSON.
    pub json: bool,
    /// `-p`: indented.
    pub pretty: bool,
    /// `-d`: more of what is known.
    pub details: bool,
    /// `-s`: counters; twice: all of them.
    pub statistics: u8,
    /// `-o`: each record on one line.
    pub oneline: bool,
    /// `-br`: a table.
    pub brief: bool,
    /// `-N`: no names of numbers.
    pub numeric: bool,
    /// `-c`: in colours.
    pub color: When,
    /// `-h`: numbers with units for people.
    pub human: bool,
    /// `-iec`: and those units are powers of 1024.
    pub iec: bool,
    /// `-4`, `-6`, `-0`, `-B`, `-M`, `-f FAMILY`: of this address family.
    pub family: Option<u8>,
    /// `-a`, `-all`: every namespace, where a command can do that.
    pub all: bool,
    /// `-force`: a batch goes on after a failure.
    pub force: bool,
    /// `-l N`: how often a flush looks whether there is still something; 0: until there is nothing.
    pub loops: Option<u32>,
    /// `-t`, `-ts`: events with their time; `Some(true)`: in the short form.
    pub timestamp: Option<bool>,
    /// As `bridge` does it; `ip` holds too.
    pub bridge: bool,
    /// `-compressvlans`: VLANs of a row as a range.
    pub compress: bool,
    /// `-rc BYTES`: the receive buffer of a monitor.
    pub rcvbuf: Option<u32>,
    /// `-echo`: show what was made.
    pub echo: bool,
    /// `--dry-run`: show the messages that would change something, and send none of them.
    pub dry_run: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Not at all.
    #[default]
    Never,
    /// Where a person sees it.
    Auto,
    /// In any case.
    Always,
}

impl Options {
    fn format(&self) -> Format {
        match (self.json, self.pretty) {
            (false, _) => Format::Text,
            (true, false) => Format::Json,
            (true, true) => Format::JsonPretty,
        }
    }

    fn style(&self) -> Style {
        let colored = match self.color {
            When::Never => false,
            When::Auto => std::io::stdout().is_terminal(),
            When::Always => true,
        };
        // The last of two or three numbers between semicolons is the background.
        let dark = || {
            let colors = std::env::var("COLORFGBG").unwrap_or_default();
            colors.rsplit_once(';').is_some_and(|c| matches!(c.1, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "8"))
        };
        Style { color: colored.then(dark), numeric: self.numeric, oneline: self.oneline }
    }
}

/// The objects: the variant of [`Command`] and the module, which has the request, how words become one, and how it is run.
macro_rules! objects {
    ($($(#[$cfg:meta])* $name:ident($module:ident);)*) => {
        /// A complete and checked command.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Command {
            $(
                $(#[$cfg])*
                #[doc = concat!("`", stringify!($module), "`.")]
                $name($module::Request),
            )*
            /// `down`, `status`, `gc`.
            #[cfg(feature = "plans")]
            Kept(apply::kept::Request),
            /// `help`, or an object's: this text.
            Help(&'static str),
            /// `-V`.
            Version,
            /// `-b FILE`: commands from a file, `-` for standard input.
            Batch(OsString),
        }

        /// An object of commands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Object {
            $($(#[$cfg])* $name,)*
            #[cfg(feature = "plans")]
            Down,
            #[cfg(feature = "plans")]
            Status,
            #[cfg(feature = "plans")]
            Gc,
            Help,
            /// One of `ip` that is not here.
            Not(&'static str),
        }

        /// Parses what follows `object`.
        fn parse_object(object: Object, words: &mut Words<'_>, options: &mut Options) -> grammar::Result<Command> {
            match object {
                $($(#[$cfg])* Object::$name => $module::parse(words, options),)*
                #[cfg(feature = "plans")]
                Object::Down => apply::kept::down(words),
                #[cfg(feature = "plans")]
                Object::Status => apply::kept::status(words),
                #[cfg(feature = "plans")]
                Object::Gc => apply::kept::gc(words),
                Object::Help => Ok(Command::Help(HELP)),
                Object::Not(name) => {
                    let said = format!("{name:?} is not supported");
                    Err(words.error_before(format!("{said} here")).ip(said))
                }
            }
        }

        fn run_command(session: &mut Session, command: Command) -> Result<()> {
            match command {
                $($(#[$cfg])* Command::$name(request) => $module::run(session, request),)*
                #[cfg(feature = "plans")]
                Command::Kept(request) => apply::kept::run(session, request),
                Command::Help(text) if session.options.ip => {
                    let text = text.trim_end().replace("netnsctl bridge", "bridge").replace("netnsctl", "ip");
                    Err(Failure::new(code::USAGE, text))
                }
                Command::Help(text) => {
                    session.out.push(text);
                    Ok(())
                }
                Command::Version => {
                    let own = env!("CARGO_PKG_VERSION");
                    if session.options.ip {
                        let program = if session.options.bridge { "bridge utility, " } else { "ip utility, iproute2-" };
                        session.out.text(format_args!("{program}{IPROUTE2} compatible, "));
                    }
                    session.out.text(format_args!("netnsctl {own}\n"));
                    Ok(())
                }
                Command::Batch(file) => batch::run(session, &file),
            }
        }
    };
}

/// The version of iproute2 whose words and output these are.
const IPROUTE2: &str = "6.1.0";

objects! {
    #[cfg(feature = "ip")]
    Addr(addr);
    #[cfg(feature = "ip")]
    Maddress(maddress);
    #[cfg(feature = "ip")]
    Route(route);
    #[cfg(feature = "ip")]
    Rule(rule);
    #[cfg(feature = "ip")]
    Neigh(neigh);
    #[cfg(feature = "ip")]
    Ntable(ntable);
    #[cfg(feature = "ip")]
    Link(link);
    #[cfg(feature = "ip")]
    Tuntap(tuntap);
    #[cfg(feature = "ip")]
    Monitor(monitor);
    Netns(netns);
    #[cfg(feature = "ip")]
    Netconf(netconf);
    #[cfg(feature = "ip")]
    Vrf(vrf);
    #[cfg(feature = "ip")]
    Nexthop(nexthop);
    #[cfg(feature = "ip")]
    Decode(decode);
    #[cfg(feature = "bridge")]
    Bridge(bridge);
    #[cfg(feature = "check")]
    Check(check);
    #[cfg(feature = "firewall")]
    Fw(fw);
    #[cfg(feature = "processes")]
    Run(run);
    #[cfg(feature = "processes")]
    Enter(enter);
    #[cfg(feature = "processes")]
    Ls(ls);
    #[cfg(feature = "processes")]
    Who(who);
    #[cfg(feature = "processes")]
    Release(release);
    #[cfg(feature = "plans")]
    Apply(apply);
    #[cfg(feature = "plans")]
    Lab(lab);
    #[cfg(feature = "plans")]
    Sysctl(sysctl);
}

/// In the order of `ip`: of those that begin alike, the first is meant.
const OBJECTS: &[Keyword<Object>] = &[
    #[cfg(feature = "ip")]
    ("address", Object::Addr),
    ("addrlabel", Object::Not("addrlabel")),
    #[cfg(feature = "ip")]
    ("maddress", Object::Maddress),
    #[cfg(feature = "ip")]
    ("route", Object::Route),
    #[cfg(feature = "ip")]
    ("rule", Object::Rule),
    #[cfg(feature = "ip")]
    ("neighbor", Object::Neigh),
    #[cfg(feature = "ip")]
    ("neighbour", Object::Neigh),
    #[cfg(feature = "ip")]
    ("ntable", Object::Ntable),
    #[cfg(feature = "ip")]
    ("ntbl", Object::Ntable),
    #[cfg(feature = "ip")]
    ("link", Object::Link),
    ("l2tp", Object::Not("l2tp")),
    ("fou", Object::Not("fou")),
    ("ila", Object::Not("ila")),
    ("macsec", Object::Not("macsec")),
    ("tunnel", Object::Not("tunnel")),
    ("tunl", Object::Not("tunnel")),
    #[cfg(feature = "ip")]
    ("tuntap", Object::Tuntap),
    #[cfg(feature = "ip")]
    ("tap", Object::Tuntap),
    ("token", Object::Not("token")),
    ("tcpmetrics", Object::Not("tcpmetrics")),
    ("tcp_metrics", Object::Not("tcp_metrics")),
    #[cfg(feature = "ip")]
    ("monitor", Object::Monitor),
    ("xfrm", Object::Not("xfrm")),
    ("mroute", Object::Not("mroute")),
    ("mrule", Object::Not("mrule")),
    ("netns", Object::Netns),
    #[cfg(feature = "ip")]
    ("netconf", Object::Netconf),
    #[cfg(feature = "ip")]
    ("vrf", Object::Vrf),
    ("sr", Object::Not("sr")),
    #[cfg(feature = "ip")]
    ("nexthop", Object::Nexthop),
    ("mptcp", Object::Not("mptcp")),
    ("ioam", Object::Not("ioam")),
    ("help", Object::Help),
    ("stats", Object::Not("stats")),
    ("amt", Object::Not("amt")),
    #[cfg(feature = "check")]
    ("check", Object::Check),
    #[cfg(feature = "ip")]
    ("decode", Object::Decode),
    #[cfg(feature = "bridge")]
    ("bridge", Object::Bridge),
    #[cfg(feature = "firewall")]
    ("fw", Object::Fw),
    #[cfg(feature = "processes")]
    ("run", Object::Run),
    #[cfg(feature = "processes")]
    ("enter", Object::Enter),
    #[cfg(feature = "processes")]
    ("ls", Object::Ls),
    #[cfg(feature = "processes")]
    ("who", Object::Who),
    #[cfg(feature = "processes")]
    ("release", Object::Release),
    #[cfg(feature = "plans")]
    ("apply", Object::Apply),
    #[cfg(feature = "plans")]
    ("down", Object::Down),
    #[cfg(feature = "plans")]
    ("status", Object::Status),
    #[cfg(feature = "plans")]
    ("gc", Object::Gc),
    #[cfg(feature = "plans")]
    ("lab", Object::Lab),
    #[cfg(feature = "plans")]
    ("sysctl", Object::Sysctl),
];

/// Options before the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    Loops,
    Family,
    Of(u8),
    Human,
    Iec,
    Statistics,
    Details,
    /// Accepted, and without effect: names are not looked up.
    Resolve,
    Oneline,
    Timestamp,
    ShortTimestamp,
    Version,
    Force,
    Batch,
    Brief,
    Json,
    Pretty,
    Rcvbuf,
    Color,
    CompressVlans,
    Help,
    Netns,
    Numeric,
    All,
    Echo,
    DryRun,
}

impl Flag {
    /// Whether `bridge` has it.
    fn is_of_bridge(self) -> bool {
        use Flag::*;
        matches!(
            self,
            Help | Version
                | Statistics
                | Details
                | Oneline
                | Timestamp
                | Family
                | Of(AF_INET | AF_INET6)
                | Netns
                | Color
                | CompressVlans
                | Force
                | Json
                | Pretty
                | Batch
        )
    }
}

/// In the order of `ip`: of those that begin alike, the first is meant.
const FLAGS: &[Keyword<Flag>] = &[
    ("loops", Flag::Loops),
    ("family", Flag::Family),
    ("4", Flag::Of(AF_INET)),
    ("6", Flag::Of(AF_INET6)),
    ("0", Flag::Of(af::PACKET)),
    ("M", Flag::Of(af::MPLS)),
    ("B", Flag::Of(af::BRIDGE)),
    ("human-readable", Flag::Human),
    ("iec", Flag::Iec),
    ("stats", Flag::Statistics),
    ("statistics", Flag::Statistics),
    ("details", Flag::Details),
    ("resolve", Flag::Resolve),
    ("oneline", Flag::Oneline),
    ("timestamp", Flag::Timestamp),
    ("tshort", Flag::ShortTimestamp),
    ("Version", Flag::Version),
    ("force", Flag::Force),
    ("batch", Flag::Batch),
    ("brief", Flag::Brief),
    ("json", Flag::Json),
    ("pretty", Flag::Pretty),
    ("rcvbuf", Flag::Rcvbuf),
    ("color", Flag::Color),
    ("compressvlans", Flag::CompressVlans),
    ("help", Flag::Help),
    ("netns", Flag::Netns),
    ("Numeric", Flag::Numeric),
    ("all", Flag::All),
    ("echo", Flag::Echo),
    ("dry-run", Flag::DryRun),
];

/// The help of all.
const HELP: &str = "\
Usage: netnsctl [ OPTIONS ] OBJECT { COMMAND | help }
       netnsctl [ -force ] -batch FILE
OBJECT  := address | route | rule | neighbour | nexthop | link | netns | tuntap | monitor | maddress | netconf |
           ntable | vrf | bridge (as in ip and bridge; help for each: `netnsctl OBJECT help`) | check | decode | fw |
           run | enter | ls | who | release
OPTIONS := -n[etns] NAME      in this namespace
           -4 | -6 | -0 | -B | -M | -f[amily] { inet | inet6 | link | bridge | mpls }
           -j[son] -p[retty]  JSON, indented
           -d[etails] -s[tatistics] -o[neline] -br[ief] -N[umeric] -h[uman-readable] -iec
           -c[olor][={ always | auto | never }]
           -t[imestamp] -ts[hort]  events with their time;  -rc[vbuf] BYTES  room for them
           -a[ll]             every namespace (netns delete, exec)
           -l[oops] N         rounds of a flush;  -echo  show what was made
           -b[atch] FILE      commands from FILE, - for standard input;  -force  go on after a failure
           --dry-run          show the messages that would change something, and send none of them
           -V[ersion]
";

/// Parses the words of a command, with `options` as what holds unless they say otherwise.
///
/// # Errors
/// The word at fault, and what would be right.
pub fn parse(words: &[OsString], options: Options) -> grammar::Result<(Options, Command)> {
    parse_words(words, options, None)
}

/// As [`parse`]; with an `object`, the words are those behind it.
fn parse_words(
    words: &[OsString],
    mut options: Options,
    object: Option<Object>,
) -> grammar::Result<(Options, Command)> {
    let mut words = Words::new(words).like_ip(options.ip);
    #[cfg(feature = "bridge")]
    let help = if options.bridge { bridge::HELP } else { HELP };
    #[cfg(not(feature = "bridge"))]
    let help = HELP;
    let of_bridge: Vec<_>;
    let flags = match options.bridge {
        true => {
            of_bridge = FLAGS.iter().copied().filter(|flag| flag.1.is_of_bridge()).collect();
            of_bridge.as_slice()
        }
        false => FLAGS,
    };
    let mut batch = None;
    while let Some(word) = words.peek().and_then(OsStr::to_str).filter(|w| w.starts_with('-') && *w != "-") {
        let _ = words.next();
        if word == "--" {
            break;
        }
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or(word);
        let whole = name;
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        let known = [OsString::from(name)];
        let known = Words::new(&known).like_ip(true).keyword("an option", flags);
        let known = known.map_err(|e| e.message.replace(&show(OsStr::new(name)), &format!("{word:?}")));
        let unknown = |message: String| {
            let help = if options.bridge { "bridge help" } else { "ip -help" };
            words.error_before(message).ip(format!("Option \"-{whole}\" is unknown, try \"{help}\"."))
        };
        let flag = known.map_err(unknown)?;
        // These are written out.
        let short = matches!(flag, Flag::Echo | Flag::DryRun) && !matches!(name, "echo" | "dry-run");
        let foreign = flag == Flag::CompressVlans && options.ip && !options.bridge;
        if short || foreign || value.is_some() && flag != Flag::Color {
            return Err(unknown(format!("{word:?} is not an option")));
        }
        match flag {
            Flag::Loops => options.loops = Some(words.uint("a number of rounds")?),
            Flag::Family => {
                let family = words.keyword("an address family", FAMILIES);
                options.family = Some(family.map_err(|usage| words.wrong(usage, "invalid protocol family"))?);
            }
            Flag::Of(family) => options.family = Some(family),
            Flag::Human => options.human = true,
            Flag::Iec => options.iec = true,
            Flag::Statistics => options.statistics = options.statistics.saturating_add(1),
            Flag::Details => options.details = true,
            Flag::Resolve => {}
            Flag::Oneline => options.oneline = true,
            Flag::Timestamp => options.timestamp = Some(options.timestamp.unwrap_or(false)),
            Flag::ShortTimestamp => options.timestamp = Some(true),
            Flag::Version => return Ok((options, Command::Version)),
            Flag::Force => options.force = true,
            Flag::Batch => batch = Some(words.need("a file of commands (or - for standard input)")?.to_owned()),
            Flag::Brief => options.brief = true,
            Flag::Json => options.json = true,
            Flag::Pretty => options.pretty = true,
            Flag::Rcvbuf => {
                let said = format!("Invalid rcvbuf size '{}'", words.typed());
                options.rcvbuf = Some(words.uint("a size in bytes").map_err(|usage| usage.ip(said))?);
            }
            Flag::Color => {
                options.color = match value {
                    None | Some("always") => When::Always,
                    Some("auto") => When::Auto,
                    Some("never") => When::Never,
                    _ => return Err(unknown(format!("{word:?}: the colours are always, auto or never"))),
                }
            }
            Flag::CompressVlans => options.compress = true,
            Flag::Help => return Ok((options, Command::Help(help))),
            Flag::Netns => {
                let path = words.peek().is_some_and(|w| w.as_encoded_bytes().contains(&b'/'));
                let word = words.peek().unwrap_or_default();
                let taken = if path { words.need("a path") } else { netns::name(&mut words) };
                let line = || not_entered(word, &Errno::EINVAL.at("enter", word)).0.ip.unwrap_or_default();
                options.ns = Some(taken.map_err(|usage| usage.ip(line()).ip_code(code::USAGE))?.to_owned());
            }
            Flag::Numeric => options.numeric = true,
            Flag::All => options.all = true,
            Flag::Echo => options.echo = true,
            Flag::DryRun => options.dry_run = true,
        }
    }
    if let Some(file) = batch {
        words.end()?;
        return Ok((options, Command::Batch(file)));
    }
    let object = match object {
        Some(object) => object,
        // Nothing but options, -h for one.
        None if words.is_end() => return Ok((options, Command::Help(help))),
        #[cfg(feature = "bridge")]
        None if options.bridge => Object::Bridge,
        None => words
            .keyword_of_ip("an object", OBJECTS, |word| format!("Object \"{word}\" is unknown, try \"ip help\"."))?,
    };
    let command = parse_object(object, &mut words, &mut options)?;
    Ok((options, command))
}

/// What commands run in: their output, and the connections they share.
#[derive(Debug)]
pub struct Session {
    /// Where to, and how.
    pub out: Out,
    /// What was asked for before the object.
    pub options: Options,
    /// The directory of names.
    pub dir: Dir,
    /// An ordinary user's names, once this process is where they are.
    #[cfg(feature = "processes")]
    own_names: rootless::OwnNames,
    /// Whether commands follow this one: the process has to stay as it is.
    in_batch: bool,
    /// Whether what changes something is held until the batch sends it.
    waiting: bool,
    /// Indices of links by namespace and name, while a batch only adds: nothing it does makes them wrong.
    indices: Vec<(Option<OsString>, OsString, u32)>,
    /// One connection for each namespace that was spoken to (`None`: the one we are in), and family of netlink.
    conns: Vec<(Option<OsString>, &'static Family, Conn)>,
    /// Nothing is done: it is planned.
    #[cfg(feature = "plans")]
    planner: Option<crate::plan::world::Planner>,
}

impl Session {
    /// A session with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut session = Self {
            out: Out::default(),
            options: Options::default(),
            dir: Dir::default(),
            #[cfg(feature = "processes")]
            own_names: rootless::OwnNames::default(),
            in_batch: false,
            waiting: false,
            indices: Vec::new(),
            conns: Vec::new(),
            #[cfg(feature = "plans")]
            planner: None,
        };
        session.set(options);
        session
    }

    /// A session that does nothing but let `planner` write down what is to be done.
    #[cfg(feature = "plans")]
    pub(crate) fn planning(planner: crate::plan::world::Planner, dir: Dir) -> Self {
        Self { planner: Some(planner), dir, ..Self::new(Options::default()) }
    }

    /// Changes the options; what was not yet written stays.
    fn set(&mut self, options: Options) {
        self.out = Out::new(options.format(), options.style());
        self.options = options;
    }

    /// The connection to the route family of the namespace that `-n` names, opened once.
    ///
    /// # Errors
    /// There is no such name; it cannot be entered.
    pub fn conn(&mut self) -> Result<&mut Conn> {
        Ok(self.conn_and_out()?.0)
    }

    /// [`Session::conn`], and where the output goes.
    ///
    /// # Errors
    /// As [`Session::conn`].
    pub fn conn_and_out(&mut self) -> Result<(&mut Conn, &mut Out)> {
        let ns = self.options.ns.clone();
        self.conn_at(ns.as_deref(), &FAMILY, Self::open)
    }

    /// The connection to netfilter of the namespace that `-n` names, opened once.
    ///
    /// # Errors
    /// As [`Session::conn`].
    #[cfg(feature = "firewall")]
    pub fn netfilter(&mut self) -> Result<&mut Conn> {
        let ns = self.options.ns.clone();
        Ok(self.conn_at(ns.as_deref(), &nl_core::netfilter::FAMILY, Self::open)?.0)
    }

    /// As [`Session::conn_and_out`], for a family of netlink, in the namespace that `open` opens by the name `ns`.
    ///
    /// # Errors
    /// As [`Session::conn`].
    pub fn conn_at(
        &mut self,
        ns: Option<&OsStr>,
        family: &'static Family,
        open: impl FnOnce(&Self, &OsStr) -> netns_sys::Result<Ns>,
    ) -> Result<(&mut Conn, &mut Out)> {
        #[cfg(feature = "plans")]
        if self.planner.is_some() {
            let Some(planner) = &mut self.planner else { return Err(Failure::new(code::FAILED, "no plan")) };
            let conn = planner.conn(ns).map_err(|error| not_entered(ns.unwrap_or_default(), &error))?;
            return Ok((conn, &mut self.out));
        }
        let index = match self.conns.iter().position(|c| c.0.as_deref() == ns && c.1.protocol == family.protocol) {
            Some(index) => index,
            None => {
                let conn = match ns {
                    None => Conn::open(family),
                    // Nothing follows that would have to be elsewhere.
                    Some(ns) if self.options.ns.as_deref() == Some(ns) && !self.in_batch => {
                        open(self, ns).and_then(|ns| ns.enter()).and_then(|()| Conn::open(family))
                    }
                    Some(ns) => open(self, ns).and_then(|ns| Conn::open_in(&ns, family)),
                };
                let conn = conn.map_err(|error| match ns {
                    Some(ns) => not_entered(ns, &error),
                    #[cfg(feature = "firewall")]
                    None if family.protocol == nl_core::netfilter::FAMILY.protocol => {
                        fw::failed("open a netlink socket", &error)
                    }
                    None => Failure::of("open a netlink socket", &error),
                });
                self.conns.push((ns.map(OsStr::to_owned), family, conn?));
                self.conns.len().saturating_sub(1)
            }
        };
        let hold = match (self.options.dry_run, self.waiting) {
            (true, _) => Some(Flags::ACK),
            (_, true) => Some(Flags::empty()),
            _ => None,
        };
        match self.conns.get_mut(index) {
            Some((.., conn)) => {
                hold.iter().for_each(|flags| conn.hold(*flags));
                Ok((conn, &mut self.out))
            }
            None => Err(Failure::new(code::FAILED, "no connection")),
        }
    }

    /// The namespace named `name`; with a slash in it, the one at that path.
    ///
    /// # Errors
    /// Those of [`Dir::open`] and [`Ns::open`].
    pub fn open(&self, name: &OsStr) -> netns_sys::Result<Ns> {
        let path = name.as_encoded_bytes().contains(&b'/');
        if path { Ns::open(Path::new(name)) } else { self.dir.open(name) }
    }

    /// What stands for a descriptor of the namespace named `name` in a plan; `None`: this is no plan.
    #[cfg(feature = "ip")]
    fn planned(&self, name: &OsStr) -> Option<netns_sys::Result<u32>> {
        #[cfg(feature = "plans")]
        if let Some(planner) = &self.planner {
            return Some(planner.number(name));
        }
        let _ = name;
        None
    }

    /// Whether nothing is done but planned: then `what` cannot be.
    #[cfg(feature = "ip")]
    fn not_in_a_plan(&self, what: &str) -> Result<()> {
        #[cfg(feature = "plans")]
        if self.planner.is_some() {
            return Err(Failure::new(code::USAGE, format!("{what} is nothing for a plan")));
        }
        let _ = what;
        Ok(())
    }

    /// Runs a line of a plan, which so far may only make and set things.
    #[cfg(feature = "plans")]
    pub(crate) fn plan_line(&mut self, words: &[OsString]) -> std::result::Result<(), grammar::Usage> {
        let (options, command) = parse(words, Options::default())?;
        // It is about the last of the words that it names, or about the whole.
        let whole = |message: String| {
            let at = words.iter().rposition(|word| message.contains(&show(word))).unwrap_or(0);
            grammar::Usage::new(at, message)
        };
        #[cfg(feature = "bridge")]
        if matches!(command, Command::Bridge(_)) {
            let instead = "a port is set up by `link set NAME master BRIDGE` and `link set NAME type bridge_slave ...`";
            return Err(whole(format!("`bridge` is nothing for a plan: {instead}")));
        }
        let Some(planner) = self.planner.as_ref().filter(|_| command.is_for_plans()) else {
            return Err(whole(
                "in a plan, things are made and set: netns add, link add, link set, addr, route, rule, neigh or \
                 nexthop add or replace, sysctl KEY=VALUE, fw"
                    .into(),
            ));
        };
        if let Command::Link(link::Request::Set(change)) = &command {
            if let (Some(name), Some(to)) = (&change.name, change.netns()) {
                let moved = planner.has_moved(options.ns.as_deref(), name, to);
                if moved.map_err(|e| whole(e.to_string()))? {
                    return Ok(());
                }
            }
        }
        if let Command::Netns(netns::Request::Add(names)) = &command {
            return names.iter().try_for_each(|name| planner.add_ns(name)).map_err(|e| whole(e.to_string()));
        }
        self.options = options;
        run_command(self, command).map_err(|failure| {
            let hint = failure.0.hint.map_or_else(String::new, |hint| format!("\n{hint}"));
            whole(format!("{}{hint}", failure.0.message))
        })
    }

    /// Runs `f` in the namespace that `-n` names: on a thread, which ends with it.
    ///
    /// # Errors
    /// There is no such name; it cannot be entered.
    pub fn inside<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T> {
        match &self.options.ns {
            None => Ok(f()),
            Some(name) => done(&format!("enter namespace {}", show(name)), self.open(name).and_then(|ns| ns.run(f))),
        }
    }

    /// Forgets the connections: a name may now lead elsewhere.
    pub fn forget_conns(&mut self) {
        self.conns.clear();
    }

    /// Says on standard error what befell, and goes on.
    pub fn warn(&self, warning: &str) {
        Failure::new(code::OK, warning).print(self.options.ip);
    }

    /// Says what the kernel warns of, that did as it was told.
    #[cfg(feature = "ip")]
    pub(crate) fn warned(&self, warning: Option<String>) {
        if let Some(warning) = warning {
            let stop = if warning.ends_with('.') { "" } else { "." };
            let words = format!("Warning: {warning}{stop}");
            Failure::new(code::OK, warning).ip(words).print(self.options.ip);
        }
    }

    /// What a change is called if it fails. In a batch that sends many together its line says it.
    #[cfg(feature = "ip")]
    fn task(&self, task: impl FnOnce() -> String) -> String {
        if self.waiting { String::new() } else { task() }
    }

    /// Says that something would be done that is no message.
    pub fn would(&mut self, what: &str) {
        self.out.text(format_args!("would {what}\n"));
    }

    /// Shows the messages that were held back.
    fn show_held(&mut self) {
        for (ns, family, conn) in &mut self.conns {
            let held = conn.held();
            if let Some(ns) = ns.as_ref().filter(|_| !held.is_empty()) {
                self.out.text(format_args!("in namespace {}:\n", show(ns)));
            }
            self.out.text(format_args!("{}", Pretty::new(&held, family)));
        }
    }

    /// Parses and runs one command, and writes what it shows.
    fn words(&mut self, words: &[OsString], options: Options, object: Option<Object>) -> Result<()> {
        let ip = options.ip;
        let parsed = parse_words(words, options, object);
        let (options, command) = parsed.map_err(|usage| Failure::usage(words, &usage, ip))?;
        self.command(options, command)
    }

    /// Runs one command, and writes what it shows.
    fn command(&mut self, options: Options, command: Command) -> Result<()> {
        self.set(options);
        #[cfg(feature = "processes")]
        rootless::before(self, &command)?;
        let result = run_command(self, command);
        #[cfg(feature = "processes")]
        rootless::after(self);
        if self.options.dry_run && result.is_ok() {
            self.show_held();
        }
        result.and(self.flush())
    }

    /// Writes what is to be shown so far.
    ///
    /// # Errors
    /// write(2).
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| Failure::new(code::FAILED, format!("cannot write the output: {e}")))
    }
}

impl Command {
    /// Whether it makes or sets something that a plan can make or set.
    #[cfg(feature = "plans")]
    fn is_for_plans(&self) -> bool {
        use nl_core::route::{RTM_NEWADDR, RTM_NEWNEIGH, RTM_NEWNEXTHOP, RTM_NEWROUTE, RTM_NEWRULE};
        match self {
            Command::Netns(netns::Request::Add(_)) | Command::Link(link::Request::Add(..) | link::Request::Set(_)) => {
                true
            }
            Command::Link(link::Request::Names(add, ..)) => *add,
            Command::Addr(addr::Request::Change(kind, ..)) => *kind == RTM_NEWADDR,
            Command::Route(route::Request::Change(kind, ..)) => *kind == RTM_NEWROUTE,
            Command::Rule(rule::Request::Change(kind, ..)) => *kind == RTM_NEWRULE,
            Command::Neigh(neigh::Request::Change(kind, ..)) => *kind == RTM_NEWNEIGH,
            Command::Nexthop(nexthop::Request::Change(kind, ..)) => *kind == RTM_NEWNEXTHOP,
            Command::Sysctl(request) => request.only_sets(),
            #[cfg(feature = "firewall")]
            Command::Fw(fw::Request::Change(_, wish)) => *wish == fw::Wish::There,
            _ => false,
        }
    }
}

/// Namespace `name` could not be entered.
fn not_entered(name: &OsStr, error: &Error) -> Failure {
    let failure = Failure::of(&format!("enter namespace {}", show(name)), error).code(code::USAGE);
    let shown = Escaped(name.as_bytes());
    let line = match error {
        Error::NoSuchName { .. } => return failure,
        Error::Sys { op: "open", errno, .. } => format!("Cannot open network namespace \"{shown}\": {}", errno.words()),
        error => {
            let words = error.errno().unwrap_or(Errno::EINVAL).words();
            format!("setting the network namespace \"{shown}\" failed: {words}\n  {}", failure.message)
        }
    };
    failure.ip(line)
}

/// Asks the kernel or the system, with `task` as what failed: "list links".
///
/// # Errors
/// `result`'s, explained.
pub fn done<T>(task: &str, result: std::result::Result<T, Error>) -> Result<T> {
    result.map_err(|e| Failure::of(task, &e))
}

/// Runs the program with these arguments, the first of which is its name; gives back the exit code.
///
/// Called `ip`, or `ip` and an object of it (`iplink`), it does what `ip` does; so does `netnsctl ip …`. Called `bridge`,
/// `brctl`, `unshare`, `nsenter` or `lsns`, it does what these do.
#[must_use]
pub fn run(mut args: impl Iterator<Item = OsString>) -> u8 {
    let program = args.next().unwrap_or_default();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str);
    #[cfg(feature = "processes")]
    match name {
        Some("unshare") => return unshare::main(&program, args.collect()),
        Some("nsenter") => return nsenter::main(&program, args.collect()),
        Some("lsns") => return lsns::main(&program, args.collect()),
        _ => {}
    }
    #[cfg(feature = "firewall")]
    if let Some(code) = name.and_then(|name| iptables::main(name, &mut args)) {
        return code;
    }
    #[cfg(feature = "bridge")]
    if name == Some("brctl") {
        return bridge::brctl::main(&args.collect::<Vec<_>>());
    }
    let bridge = cfg!(feature = "bridge") && name == Some("bridge");
    let name = name.and_then(|n| n.strip_prefix("ip"));
    let mut words: Vec<OsString> = args.collect();
    #[cfg(feature = "processes")]
    if let [keep, home] = words.as_slice() {
        if keep == netns_sys::rootless::KEEP {
            return netns_sys::rootless::keep(home);
        }
    }
    #[cfg(feature = "plans")]
    if let Some((_, words)) = words.split_first().filter(|(first, _)| *first == lab::INSIDE) {
        return lab::inside(words).map_or_else(
            |failure| {
                failure.print(false);
                failure.code
            },
            |()| code::OK,
        );
    }
    let mut options = Options { ip: bridge || name.is_some(), bridge, ..Options::default() };
    let object = name.filter(|n| !n.is_empty()).and_then(|n| OBJECTS.iter().find(|o| o.0.starts_with(n))).map(|o| o.1);
    if !options.ip && words.first().is_some_and(|w| w == "ip") {
        options.ip = true;
        words.remove(0);
    }
    let ip = options.ip;
    let result = match (words.is_empty(), object) {
        (true, None) if !bridge => {
            Err(Failure::new(code::USAGE, HELP.trim_end()).ip(HELP.trim_end().replace("netnsctl", "ip")))
        }
        _ => Session::new(options.clone()).words(&words, options, object),
    };
    match result {
        Ok(()) => code::OK,
        Err(failure) => {
            failure.print(ip);
            failure.code
        }
    }
}
