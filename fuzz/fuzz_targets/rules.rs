//! Any bytes → a ruleset → text and JSON; each of its rules → expressions → the same rule.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netnsctl::fw::ruleset::Ruleset;
use netnsctl::fw::show::{Links, Part, ruleset};
use netnsctl::fw::{read, write};
use netnsctl::out::{Format, Out, Style};
use nl_core::netfilter::{NFT_MSG_NEWRULE, NfGenMsg, Rule};
use nl_core::{Batch, Flags, Messages};

fuzz_target!(|input: &[u8]| {
    let Ok(all) = Ruleset::of(input) else { return };
    for format in [Format::Text, Format::JsonSpaced] {
        let mut out = Out::new(format, Style::default());
        if ruleset(&mut out, &all, &mut Links::new(None), Part { handles: true, ..Part::default() }).is_ok() {
            let shown = out.take();
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
        }
    }
    let mut buf = vec![0; input.len() * 16 + 4096];
    for message in all.rules.iter() {
        let Ok(first) = Rule::parse(&message).map_err(drop).and_then(|rule| read::rule(&rule, &()).map_err(drop))
        else {
            continue;
        };
        let mut batch = Batch::new(&mut buf);
        let written = batch.message(NFT_MSG_NEWRULE, Flags::empty(), 1, |m| {
            m.fixed(&NfGenMsg::default());
            write::rule(m, &first, &mut std::iter::empty());
        });
        // Not all bytes that were read are a message that can be written: a name with a NUL, a comment that is too long.
        if written.is_ok() {
            let message = Messages::new(batch.bytes()).next().unwrap().unwrap();
            read::rule(&Rule::parse(&message).unwrap(), &()).unwrap();
        }
    }
});
