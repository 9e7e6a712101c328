//! Mails by somebody who wants to be taken for another, or into another's ticket: none is believed. Every mail goes
//! through the real reader; those that carry signatures go through the real check over DNS too.

#[path = "../trust/dns.rs"]
#[allow(dead_code)]
mod dns;
#[path = "../trust/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "../trust/pipeline.rs"]
mod pipeline;
#[path = "../trust/signing.rs"]
#[allow(dead_code)]
mod signing;

mod authors;
mod borrowed;
mod confirm;
mod desk;
mod tokens;
mod verdicts;

/// What our server puts on top of what it was given.
const RECEIVED: &str = "Received: from evil.example (evil.example [192.0.2.66]) by mx.acme.example (Postfix) with ESMTPS\r\n \
                        id 4Xy for <podpora@acme.example>; Mon, 02 Nov 2026 10:00:00 +0100\r\n";

const REST: &str = "To: podpora@acme.example\r\nSubject: Zmena hesla\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
                    Message-ID: <x1@zlo.example>\r\nContent-Type: text/plain\r\n\r\nProsim o nove heslo.\r\n";

/// What our server made of such a mail: it saw the attacker, it was fooled itself, it could not tell, it says nothing.
const OUR_SERVER: &[&str] = &[
    "Authentication-Results: mx.acme.example; dkim=pass header.d=zlo.example; dmarc=pass header.from=zlo.example\r\n",
    "Authentication-Results: mx.acme.example; dkim=pass header.d=firma.example; dmarc=pass header.from=firma.example\r\n",
    "Authentication-Results: mx.acme.example; dmarc=none; spf=pass smtp.mailfrom=zlo.example\r\n",
    "",
];
