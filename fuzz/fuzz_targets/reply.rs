//! Any text as an answer, plain and as HTML.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for kind in ["plain", "html"] {
        let header = format!("Subject: Re: x\r\nContent-Type: text/{kind}; charset=utf-8");
        let message = common::read(&common::mail(&header, data));
        let squeeze = |t: &str| t.split_whitespace().collect::<String>();
        let text = squeeze(&message.text);
        for line in message.reply.text.lines() {
            let line = squeeze(line.trim_start_matches(['>', ' ']));
            assert!(text.contains(&line), "the reply has what the text has not");
        }
    }
});
