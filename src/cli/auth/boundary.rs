//! Whether `believe` and `hops` fit the mails that are there: what stands on the wrong side of the trust boundary is pointed out.

use super::Seen;
use crate::facts::{ANCHOR_EXCHANGE_ONLINE, BELOW};
use crate::model::Mailbox;

/// Fewer mails than this show nothing.
const MAILS_MIN: usize = 5;

impl Seen {
    /// Sentences about what does not fit; none where all does, or where nobody is believed.
    pub fn misfits(&self, mailbox: &Mailbox) -> Vec<String> {
        let hops = mailbox.hops;
        let mut said = Vec::new();
        if mailbox.believe.is_empty() || self.mails == 0 {
            return said;
        }
        let short: usize = self.received.range(1..hops).map(|(_, mails)| mails).sum();
        if short > 0 {
            said.push(format!(
                "{short} of {} mails have fewer Received lines than `hops` = {hops}: nothing is believed of them. Where your own \
                 people write such mail, that is so; where it is mail from outside, `hops` is too large, and in other mails a \
                 sender's own line may be counted as yours",
                self.mails
            ));
        }
        for believed in &mailbox.believe {
            said.extend(self.misfit(believed, hops));
        }
        said
    }

    fn misfit(&self, believed: &str, hops: u32) -> Option<String> {
        let (id, below) = match believed.strip_suffix(BELOW) {
            Some(id) => (id, true),
            None => (believed, false),
        };
        let anchored = id.eq_ignore_ascii_case(ANCHOR_EXCHANGE_ONLINE);
        let is_it = |written: Option<&str>| match written {
            Some(written) => !anchored && written.eq_ignore_ascii_case(id),
            None => anchored,
        };
        // Where a field of this writer counts: above the boundary, or exactly at it.
        let counts = |above: u32| if below { above == hops } else { above < hops };
        let of_it = || self.fields.iter().filter(|(place, _)| is_it(place.id.as_deref()));
        let beyond: usize = of_it()
            .filter(|(p, _)| p.received_above > hops || !below && p.received_above == hops)
            .map(|(_, f)| f.mails)
            .sum();
        let within: usize = of_it().filter(|(place, _)| counts(place.received_above)).map(|(_, f)| f.mails).sum();
        let deepest =
            of_it().filter(|(place, _)| counts(place.received_above)).map(|(place, _)| place.received_above).max();
        if beyond > 0 {
            let (mails, name) =
                (self.mails, if anchored { "without an identifier".to_owned() } else { format!("of {id}") });
            let why = match within {
                0 => format!(
                    "none stands above: if this server is yours, `hops` = {hops} is too small, or it writes below its line (`{id}{BELOW}`)"
                ),
                _ => "a sender wrote it himself, or mail passes your servers twice; it does not count".to_owned(),
            };
            return Some(format!(
                "Authentication-Results {name} stand below the trust boundary in {beyond} of {mails} mails: {why}"
            ));
        }
        if self.mails >= MAILS_MIN && within == 0 {
            return Some(format!(
                "No Authentication-Results of {id} is in any of {} mails: `believe` names a server that judges none",
                self.mails
            ));
        }
        // Its own Received line is the one below its field; those further down are not this server's.
        let line = deepest.filter(|_| !below && !anchored)? + 1;
        (line < hops && self.mails >= MAILS_MIN).then(|| {
            format!(
                "{id} writes above Received line {line}, and `hops` = {hops} counts further down: make sure that lines {} to {hops} \
                 are your own servers' too, else a sender can write fields that are believed",
                line + 1
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CheckFiles, parse};

    fn mailbox(believe: &str, hops: u32) -> Mailbox {
        let text = format!(
            "[desk]\nstate = \"s\"\n[[mailbox]]\naddress = \"podpora@acme.example\"\nbelieve = [\"{believe}\"]\nhops = {hops}\n\
             [mailbox.maildir]\npath = \"in\"\n[outgoing.maildir]\npath = \"out\"\n[[agent]]\nname = \"jana\"\naddresses = [\"jana@acme.example\"]\n"
        );
        let config = parse(std::path::Path::new("config.toml"), &text, CheckFiles::None).expect("is valid");
        config.policy.mailboxes[0].clone()
    }

    fn seen(head: &str, mails: usize) -> Seen {
        let mut seen = Seen::default();
        (0..mails).for_each(|_| seen.look(format!("{head}From: a@b.example\r\n\r\nx\r\n").as_bytes()));
        seen
    }

    const MX: &str = "Received: from x by mx.acme.example; Mon, 02 Nov 2026 10:00:00 +0100\r\n";
    const LMTP: &str = "Received: from mx by imap.acme.example with LMTP; Mon, 02 Nov 2026 10:00:00 +0100\r\n";
    const OURS: &str = "Authentication-Results: mx.acme.example; dmarc=pass header.from=b.example\r\n";

    #[test]
    fn what_stands_on_the_wrong_side_is_pointed_out() {
        let said = |head: String, believe: &str, hops| seen(&head, 6).misfits(&mailbox(believe, hops)).join("\n");
        assert_eq!(said(format!("{OURS}{MX}{LMTP}"), "mx.acme.example", 1), "");
        assert_eq!(said(format!("{MX}{OURS}"), "mx.acme.example+below", 1), "");
        // Forged below; LMTP's line forgotten; rspamd's place not told; a line too many; nobody who judges.
        let forged = said(format!("{OURS}{MX}{OURS}"), "mx.acme.example", 1);
        assert!(forged.contains("6 of 6 mails") && forged.contains("a sender wrote it himself"), "{forged}");
        let forgotten = said(format!("{LMTP}{OURS}{MX}"), "mx.acme.example", 1);
        assert!(forgotten.contains("`hops` = 1 is too small"), "{forgotten}");
        let below = said(format!("{MX}{OURS}"), "mx.acme.example", 1);
        assert!(below.contains("`mx.acme.example+below`"), "{below}");
        let further = said(format!("{OURS}{MX}{MX}"), "mx.acme.example", 2);
        assert!(further.contains("lines 2 to 2"), "{further}");
        let short = said(format!("{OURS}{MX}"), "mx.acme.example", 3);
        assert!(short.contains("6 of 6 mails have fewer Received lines"), "{short}");
        let nobody = said(MX.to_owned(), "mx.acme.example", 1);
        assert!(nobody.contains("judges none"), "{nobody}");
    }
}
