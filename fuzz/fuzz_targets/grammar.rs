//! Any lines of a batch file → words → a typed request, or an error about one of the words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netnsctl::Failure;
use netnsctl::cmd::{Options, parse};
use netnsctl::grammar::split_line;

fuzz_target!(|input: &[u8]| {
    for line in input.split(|b| *b == b'\n') {
        for ip in [false, true] {
            let Ok(words) = split_line(line, ip) else { continue };
            if let Err(usage) = parse(&words, Options { ip, ..Options::default() }) {
                assert!(usage.at <= words.len() && !usage.message.is_empty());
                let failure = Failure::usage(&words, &usage, ip);
                for shown in [failure.to_string(), failure.0.ip.unwrap_or_default()] {
                    assert!(!shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
                }
            }
        }
    }
});
