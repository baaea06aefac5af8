//! Events as text (that of `ip monitor`) and as JSON (an object each).

use super::*;
use crate::cmd::inet::Addr;
use crate::out::Out;
use netns_sys::LocalTime;
use nl_core::route::{self as nl, Neigh, NetConf, Route, RouteFlags, RouterPrefix, Rule};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) type Shown = std::result::Result<(), DecodeError>;

impl Monitor {
    /// Shows an event, if it is about what was asked for: then, or to `ip` in any case, behind its time and label.
    pub(super) fn show(
        &self,
        out: &mut Out,
        kind: Kind,
        label: &str,
        nsid: Option<i32>,
        message: &Message<'_>,
    ) -> Shown {
        let Some(fits) = self.fits(kind, message)? else { return Ok(()) };
        if !fits && !self.options.ip {
            return Ok(());
        }
        let time = self.options.timestamp.and_then(|_| now());
        if out.is_json() {
            let mut shown = Ok(());
            out.object("", |out| {
                out.json("event", &label.to_lowercase());
                time.iter().for_each(|(time, micros)| out.json("time", &format!("{time:#}.{micros:06}")));
                nsid.iter().for_each(|nsid| out.json("nsid", *nsid));
                out.list("objects", |out| shown = self.body(out, kind, message));
            });
            return shown;
        }
        match (time, self.options.timestamp) {
            (Some((time, micros)), Some(true)) => out.text(format_args!("[{time:#}.{micros:06}] ")),
            (Some((time, micros)), _) => out.text(format_args!("Timestamp: {time} {micros} usec\n")),
            _ => {}
        }
        match nsid {
            Some(nsid) if self.all_nsid => out.text(format_args!("[nsid {nsid}]")),
            None if self.all_nsid => out.push("[nsid current]"),
            _ => {}
        }
        if self.label {
            out.text(format_args!("[{label}]"));
        }
        if fits { self.body(out, kind, message) } else { Ok(()) }
    }

    /// Whether a message is about what was asked for. `None`: it is passed over without a word.
    fn fits(&self, kind: Kind, message: &Message<'_>) -> std::result::Result<Option<bool>, DecodeError> {
        let family = |of: u8| self.options.family.is_none_or(|family| family == of);
        let dev = |index: i64| self.dev == 0 || index == i64::from(self.dev);
        Ok(Some(match kind {
            Kind::Link => dev(Link::whole(message)?.index().into()),
            Kind::Addr => dev(nl::Addr::whole(message)?.header.index.get().into()),
            Kind::Route => {
                let route = Route::whole(message)?;
                if route.flags().contains(RouteFlags::ROUTE_CLONED) || route.header.family >= af::IPMR {
                    return Ok(None);
                }
                family(route.header.family) && dev(got(route.oif()).unwrap_or_default().into())
            }
            Kind::Rule => family(Rule::whole(message)?.header.family),
            Kind::Neigh => {
                let neigh = Neigh::whole(message)?;
                if !family(neigh.header.family) {
                    return Ok(None);
                }
                dev(neigh.header.index.get().into())
            }
            Kind::Netconf => dev(got(NetConf::parse(message)?.ifindex()).unwrap_or_default().into()),
            Kind::Prefix => {
                /// Of router advertisements (`ND_OPT_PREFIX_INFORMATION`); there are no others.
                const ADVERTISED: u8 = 3;
                let header = RouterPrefix::parse(message)?.header;
                family(af::INET6) && header.family == af::INET6 && header.kind == ADVERTISED
            }
            _ => true,
        }))
    }

    fn body(&self, out: &mut Out, kind: Kind, message: &Message<'_>) -> Shown {
        let (options, links) = (&self.options, &self.context.links);
        match kind {
            Kind::Link => {
                let link = Link::whole(message)?;
                out.object("", |out| {
                    if message.kind() == RTM_DELLINK {
                        out.field("deleted", true, format_args!("Deleted "));
                    }
                    match (options.brief, options.ip) {
                        (false, _) => self.context.full(out, &link),
                        (true, false) => self.context.brief(out, &link),
                        // That is all, not even a new line.
                        (true, true) => drop(self.context.brief_head(out, &link)),
                    }
                });
                Ok(())
            }
            Kind::Addr => {
                addr::show::Style { links, options, with_dev: true }.message(out, message)?;
                out.push(if options.brief && !options.ip { "\n" } else { "" });
                Ok(())
            }
            Kind::Route => route::event(out, message, links, options, self.dev, &self.objects),
            Kind::Prefix => self.prefix(out, message),
            Kind::Neigh => {
                let Options { brief, statistics, .. } = *options;
                neigh::Style { links, dev: self.dev, brief, statistics: statistics > 0 }.show(out, message)
            }
            Kind::Netconf => netconf::show(out, message, links),
            Kind::Rule => rule::show(out, message, options.details),
            Kind::Nsid => {
                let view = Nsid::parse(message)?;
                let nsid = view.nsid()?.unwrap_or(NSID_NOT_ASSIGNED);
                let name = self.context.namespaces.iter().find(|n| n.0 == nsid).map(|n| n.1.as_os_str());
                netns::show_nsid(out, nsid, view.current_nsid()?, message.kind() == RTM_DELNSID, name);
                Ok(())
            }
            Kind::Nexthop | Kind::NexthopBucket => nexthop::event(out, message, links, options),
        }
    }

    /// A prefix that a router announced.
    fn prefix(&self, out: &mut Out, message: &Message<'_>) -> Shown {
        let prefix = RouterPrefix::parse(message)?;
        let header = prefix.header;
        out.object("", |out| {
            if let Some(address) = got(prefix.address()) {
                let text = format!("{}/{}", Addr(address), header.len);
                // (without a space behind it, as `ip` has it)
                out.field("prefix", &text, format_args!("prefix {text}"));
            }
            let dev = self.context.links.text(u32::try_from(header.index.get()).unwrap_or_default());
            out.field("dev", &*dev, format_args!("dev {} ", Escaped(dev.as_bytes())));
            for (bit, name) in [(1, "onlink"), (2, "autoconf")] {
                if header.flags & bit != 0 {
                    out.field(name, true, format_args!("{name} "));
                }
            }
            if let Some(info) = got(prefix.cacheinfo()) {
                let (valid, preferred) = (info.valid.get(), info.preferred.get());
                out.field("valid", valid, format_args!("valid {valid} "));
                out.field("preferred", preferred, format_args!("preferred {preferred} "));
            }
            out.push("\n");
        });
        Ok(())
    }
}

/// A time as asctime(3) writes it, or (`{:#}`) as in ISO 8601.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) LocalTime);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let LocalTime { year, month, day, weekday, hour, minute, second } = self.0;
        if f.alternate() {
            return write!(f, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        }
        let name = |names: &[&'static str], at: i32| usize::try_from(at).ok().and_then(|at| names.get(at).copied());
        let (weekday, month) = (name(&DAYS, weekday), name(&MONTHS, month.saturating_sub(1)));
        let (weekday, month) = (weekday.unwrap_or("???"), month.unwrap_or("???"));
        write!(f, "{weekday} {month}{day:3} {hour:02}:{minute:02}:{second:02} {year}")
    }
}

/// Now, and the microseconds.
fn now() -> Option<(Time, u32)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some((Time(local_time(i64::try_from(now.as_secs()).ok()?)?), now.subsec_micros()))
}
