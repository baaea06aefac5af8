//! Routes as the kernel sends them, in a file: four bytes that say so, then messages.

use super::*;
use std::io::{self, IsTerminal, Read as _, Write as _};

/// What a file begins with.
const MAGIC: u32 = 0x4531_1224;

/// How much is held back before some of it is written, in bytes.
const HOLD: usize = 64 * 1024;

/// Writes those that match to standard output.
pub(super) fn save(session: &mut Session, mut filter: Filter) -> Result<()> {
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() {
        return Err(Failure::new(code::FAILED, "Not sending a binary stream to stdout"));
    }
    filter.resolve(session)?;
    let mut held = MAGIC.to_ne_bytes().to_vec();
    let (start, mut is_written, mut written) = (held.len(), false, Ok(()));
    let saved = session.conn()?.stream(RTM_GETROUTE, filter.question(), |event| match event {
        None if is_written => Err(Error::Interrupted),
        None => {
            held.truncate(start);
            Ok(())
        }
        Some(message) => {
            if filter.matches(&Route::parse(message)?) {
                held.extend_from_slice(message.bytes());
            }
            if held.len() >= HOLD && written.is_ok() {
                is_written = true;
                written = stdout.write_all(&held);
                held.clear();
            }
            Ok(())
        }
    });
    match saved {
        Err(error) if is_no_table(&filter, &error) => {}
        saved => inet::dumped("list routes", "Dump terminated", saved)?,
    }
    let written = written.and_then(|()| stdout.write_all(&held)).and_then(|()| stdout.flush());
    written.map_err(|e| Failure::new(code::FAILED, format!("cannot write the output: {e}")))
}

/// The messages on standard input.
fn read() -> Result<Vec<u8>> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Failure::new(code::FAILED, "Can't restore route dump from a terminal"));
    }
    let mut bytes = Vec::new();
    let read = stdin.read_to_end(&mut bytes);
    read.map_err(|e| Failure::new(code::FAILED, format!("cannot read standard input: {e}")))?;
    let mut magic = [0; size_of::<u32>()];
    magic.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
    let magic = u32::from_ne_bytes(magic);
    if magic != MAGIC {
        let whole = u8::from(bytes.len() >= size_of::<u32>());
        return Err(Failure::new(code::FAILED, format!("Magic mismatch ({whole} elems, {magic:x} magic)")));
    }
    Ok(bytes.split_off(size_of::<u32>()))
}

/// Hands the messages of a file to `each`.
fn routes(bytes: &[u8], mut each: impl FnMut(&Message<'_>, &Route<'_>) -> Result<()>) -> Result<()> {
    for message in Messages::new(bytes) {
        let broken = |e: DecodeError| Failure::new(code::KERNEL, e.to_string()).ip("rtnl-from_file: truncated message");
        let message = message.map_err(broken)?;
        if !matches!(message.kind(), RTM_NEWROUTE | RTM_DELROUTE) {
            return Err(Failure::new(code::KERNEL, format!("a message of type {} is not a route", message.kind())));
        }
        each(&message, &Route::parse(&message).map_err(broken)?)?;
    }
    Ok(())
}

/// Makes the routes of standard input: local addresses first, then networks on links, then what leads through these.
pub(super) fn restore(session: &mut Session) -> Result<()> {
    let bytes = read()?;
    for pass in 0..3 {
        routes(&bytes, |message, route| {
            let (src, dst) = (got(route.prefsrc()), got(route.dst()));
            let when = match got(route.gateway()) {
                Some(_) => 2,
                None if src.is_none() || src == dst => 0,
                None => 1,
            };
            // One that was deleted is not made.
            if when != pass || message.kind() != RTM_NEWROUTE {
                return Ok(());
            }
            let flags = message.flags() | Flags::CREATE;
            match session.conn()?.request(RTM_NEWROUTE, flags, |m| m.raw(message.payload())) {
                // It is there: so much the better.
                Err(error) if error.errno() == Some(Errno::EEXIST) => Ok(()),
                result => done("restore a route", result.map(drop)),
            }
        })?;
    }
    Ok(())
}

/// Shows the routes of standard input.
pub(super) fn show(session: &mut Session) -> Result<()> {
    let bytes = read()?;
    session.out = Out::new(Format::Text, session.out.style());
    let filter = Filter::default();
    let links = Links::load(session.conn()?)?;
    let style = style(session, &links, &filter)?;
    routes(&bytes, |message, _| done("show a route", style.show(&mut session.out, message).map_err(Error::from)))
}
