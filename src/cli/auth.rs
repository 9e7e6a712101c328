//! `auth learn`: which servers write Authentication-Results into the mails that are there, where, and what that would mean
//! for the settings `believe` and `hops`. Changes nothing: whom to believe a person decides. What was learnt of agents'
//! addresses is in [`agents`].

mod agents;
mod boundary;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use super::Global;
use super::exit::{self, CliResult, Failure, OrExit as _};
use super::open;
use super::output::{Cell, Column, Out, Table, Tone, escape};
use crate::facts::{ANCHOR_EXCHANGE_ONLINE, BELOW};
use crate::model::{Incoming, Mailbox, Message, SourceKey};
use crate::parse;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List who judged the mails that are there, and propose the settings `believe` and `hops`
    ///
    /// A sender can write such fields himself: what is proposed stands in nearly all mails at the same place, directly at a
    /// Received line of the same server. Make sure that it is yours before you believe it.
    Learn(LearnArgs),
    /// List the agents' addresses: which are proven, and from which proof is asked
    Agents(agents::ListArgs),
    /// Ask at a further address of an agent's whether it is his
    ///
    /// Until somebody has answered from it, mail from an agent's further address needs a confirmation at the first one. The
    /// answer is waited for seven days.
    Verify(agents::AddressArgs),
    /// Forget what was learnt of an agent's address: that it is proven, and that proof is asked of its mail
    Forget(agents::AddressArgs),
}

#[derive(clap::Args, Debug)]
struct LearnArgs {
    /// Mails (.eml) or folders of them (a Maildir); else the newest mails that the desk has taken in
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// JSON Lines
    #[arg(long)]
    json: bool,
}

/// Mails of the desk that are looked at: the newest.
const NEWEST: usize = 2_000;
/// Of a mail, as much as holds its header.
const HEAD_MAX: u64 = 256 * 1024;
/// A field counts as a server's habit where it is in this share of the mails.
const HABIT_PERCENT: usize = 90;
/// Fewer mails show no habit.
const MAILS_MIN: usize = 5;

pub fn run(args: Args, global: &Global) -> CliResult {
    match args.command {
        Command::Learn(args) => learn(args, global),
        Command::Agents(args) => agents::list(&args, &open::desk(global)?),
        Command::Verify(args) => agents::verify(&args, &open::desk(global)?),
        Command::Forget(args) => agents::forget(&args, &open::desk(global)?),
    }
}

fn learn(args: LearnArgs, global: &Global) -> CliResult {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut mailboxes: Vec<Mailbox> = Vec::new();
    let out = if args.paths.is_empty() {
        let desk = open::desk(global)?;
        desk.kept.each_raw(NEWEST, &mut |mailbox, raw| seen.entry(mailbox.to_owned()).or_default().look(raw))?;
        mailboxes.clone_from(&desk.policy().mailboxes);
        desk.out()
    } else {
        let mut files = Vec::new();
        args.paths.iter().try_for_each(|path| collect(path, &mut files))?;
        let all = seen.entry(String::new()).or_default();
        for file in files {
            all.look(&head_of(&file)?);
        }
        Out::stdout(jiff::tz::TimeZone::UTC)
    };
    let misfits = |name: &str, seen: &Seen| {
        mailboxes.iter().find(|m| m.name == name).map(|m| seen.misfits(m)).unwrap_or_default()
    };
    if args.json { as_json(&seen, misfits, out) } else { as_text(&seen, misfits, out) }
}

/// The files at a path; of a folder, those in it and in the folders below, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let named = |e: std::io::Error| anyhow::anyhow!("Cannot read {}: {e}", path.display());
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|items| items.map(|item| item.map(|i| i.path())).collect())
        .map_err(named)
        .code(exit::DATA)?;
    inside.sort();
    inside.iter().filter(|p| p.file_name().is_some_and(|n| n != "tmp")).try_for_each(|p| collect(p, files))
}

fn head_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let named = |e: std::io::Error| anyhow::anyhow!("Cannot read {}: {e}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(named).code(exit::DATA)?;
    file.take(HEAD_MAX).read_to_end(&mut bytes).map_err(named).code(exit::DATA)?;
    Ok(bytes)
}

/// What was seen in the mails of one mailbox.
#[derive(Default)]
pub struct Seen {
    mails: usize,
    /// Mails without any Received line: nobody but their writer had a hand in them.
    without_received: usize,
    /// How many Received lines → in how many mails.
    received: BTreeMap<u32, usize>,
    fields: BTreeMap<Place, Field>,
}

/// A writer, and how many Received lines stand above what it wrote.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    received_above: u32,
    /// None: it names itself nowhere, as Exchange Online does.
    id: Option<String>,
}

#[derive(Default)]
struct Field {
    mails: usize,
    /// In so many of them the Received line directly above was written by the same server, or the one directly below.
    own_above: usize,
    own_below: usize,
    /// `dmarc=pass` → how often.
    verdicts: BTreeMap<String, usize>,
}

impl Seen {
    /// Looks at one mail; its beginning is enough.
    pub fn look(&mut self, raw: &[u8]) {
        let raw = raw.get(..HEAD_MAX as usize).unwrap_or(raw);
        let incoming = Incoming {
            mailbox: String::new(),
            key: SourceKey::maildir("learn"),
            raw: raw.into(),
            received_at: Timestamp::UNIX_EPOCH,
            truncated_from: None,
        };
        // A defect of the reader, met by one mail, must not end the listing.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parse::parse(&incoming)));
        let Ok(message) = read else { return };
        self.mails += 1;
        self.without_received += usize::from(message.structure.received == 0);
        *self.received.entry(message.structure.received).or_default() += 1;
        self.fields_of(&message, &servers(raw));
    }

    fn fields_of(&mut self, message: &Message, servers: &[String]) {
        let mut counted: Vec<Place> = Vec::new();
        for field in &message.auth_results {
            let Ok(read) = &field.parsed else { continue };
            let place = Place { received_above: field.received_above, id: read.id.clone() };
            let entry = self.fields.entry(place.clone()).or_default();
            for result in read.results.iter().filter(|r| matches!(r.method.as_str(), "dmarc" | "dkim" | "spf")) {
                *entry.verdicts.entry(format!("{}={}", result.method, result.result)).or_default() += 1;
            }
            if counted.contains(&place) {
                continue;
            }
            let above = usize::try_from(field.received_above).unwrap_or(usize::MAX);
            let by = |at: Option<usize>| at.and_then(|at| servers.get(at)).is_some_and(|by| is_same(by, &place.id));
            entry.mails += 1;
            entry.own_above += usize::from(by(above.checked_sub(1)));
            entry.own_below += usize::from(by(Some(above)));
            counted.push(place);
        }
    }

    /// The setting that the habits of these mails suggest: an entry for `believe`, and `hops`. An error says why none.
    pub fn proposal(&self) -> Result<(String, u32), String> {
        let from_outside = self.mails - self.without_received;
        if from_outside < MAILS_MIN {
            return Err(format!("{from_outside} mails that came through a server are too few to see a habit"));
        }
        let often = |count: usize| count * 100 >= from_outside * HABIT_PERCENT;
        let habits = self.fields.iter().filter(|(_, field)| often(field.mails));
        // The nearest to the reader first: the map is ordered so.
        for (place, field) in habits {
            let id = place.id.clone().unwrap_or_else(|| ANCHOR_EXCHANGE_ONLINE.to_owned());
            if often(field.own_below) {
                return Ok((id, place.received_above + 1));
            }
            if often(field.own_above) && place.id.is_some() {
                return Ok((format!("{id}{BELOW}"), place.received_above));
            }
        }
        Err("No server writes such a field into nearly all mails, at the same place and beside its own Received line: \
             leave `believe` out, the desk's own check proves whoever signs"
            .to_owned())
    }
}

/// The same server: the same name, or names in one domain (`mx.google.com` writes beside `by mx.google.com`).
fn is_same(by: &str, id: &Option<String>) -> bool {
    match id {
        None => by.ends_with(".outlook.com"),
        Some(id) => by == id,
    }
}

/// The names after `by` in the Received fields, the topmost first, in lower case.
fn servers(raw: &[u8]) -> Vec<String> {
    let head = String::from_utf8_lossy(raw);
    let mut fields: Vec<String> = Vec::new();
    for line in head.lines().take_while(|line| !line.is_empty()) {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    let received = fields.iter().filter_map(|f| f.split_once(':')).filter(|(n, _)| n.eq_ignore_ascii_case("received"));
    received.map(|(_, value)| by(value).unwrap_or_default()).collect()
}

fn by(value: &str) -> Option<String> {
    let mut words = value.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    Some(words.next()?.trim_end_matches([';', '.']).to_ascii_lowercase())
}

fn as_json(seen: &BTreeMap<String, Seen>, misfits: impl Fn(&str, &Seen) -> Vec<String>, mut out: Out) -> CliResult {
    for (mailbox, seen) in seen {
        for (place, field) in &seen.fields {
            out.json(&json!({
                "kind": "field",
                "mailbox": mailbox,
                "authservId": place.id,
                "receivedAbove": place.received_above,
                "mails": field.mails,
                "verdicts": field.verdicts,
            }));
        }
        let proposal = seen.proposal();
        out.json(&json!({
            "kind": "proposal",
            "mailbox": mailbox,
            "mails": seen.mails,
            "believe": proposal.as_ref().ok().map(|(id, _)| [id]),
            "hops": proposal.as_ref().ok().map(|(_, hops)| hops),
            "because": proposal.as_ref().err(),
            "misfits": misfits(mailbox, seen),
        }));
    }
    out.finish()
}

fn as_text(seen: &BTreeMap<String, Seen>, misfits: impl Fn(&str, &Seen) -> Vec<String>, mut out: Out) -> CliResult {
    if seen.values().all(|s| s.mails == 0) {
        out.line("There are no mails to learn from");
    }
    for (mailbox, seen) in seen {
        let name = if mailbox.is_empty() { String::new() } else { format!("Mailbox {mailbox}: ") };
        out.line(&out.look().tone(Tone::Strong, &escape(&format!("{name}{} mails", seen.mails))));
        let mut table = Table::new(&[
            Column::flexible("authserv-id"),
            Column::right("Received above"),
            Column::right("mails"),
            Column::wrapped("verdicts"),
        ]);
        for (place, field) in &seen.fields {
            let verdicts = field.verdicts.iter().map(|(verdict, count)| format!("{verdict} {count}"));
            table.row(vec![
                Cell::new(place.id.as_deref().unwrap_or("(none)")),
                Cell::new(place.received_above),
                Cell::new(field.mails),
                Cell::toned(verdicts.collect::<Vec<_>>().join(", "), Tone::Faint),
            ]);
        }
        if !table.is_empty() {
            out.table(&table);
        }
        match seen.proposal() {
            Ok((id, hops)) => {
                out.line("If this server is yours, and judges all mail from outside:");
                out.line(&format!("  believe = [\"{}\"]", escape(&id)));
                out.line(&format!("  hops    = {hops}"));
            }
            Err(because) => out.line(&format!("No proposal. {because}")),
        }
        misfits(mailbox, seen).iter().for_each(|misfit| out.line(&escape(&format!("Mind: {misfit}"))));
        out.line("");
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(heads: &[String]) -> Result<(String, u32), String> {
        let mut seen = Seen::default();
        heads.iter().for_each(|head| seen.look(format!("{head}From: a@b.example\r\n\r\nx\r\n").as_bytes()));
        seen.proposal()
    }

    fn received(by: &str) -> String {
        format!(
            "Received: from x.example (x [192.0.2.1])\r\n by {by} (Postfix) id 1; Mon, 02 Nov 2026 10:00:00 +0100\r\n"
        )
    }

    fn result(id: &str, verdict: &str) -> String {
        format!("Authentication-Results: {id}; dmarc={verdict} header.from=b.example\r\n")
    }

    #[test]
    fn the_usual_servers_are_recognised_by_where_they_write() {
        let many = |head: String| vec![head; 6];
        let (mx, lda) = ("mx.acme.example", "imap.acme.example");
        for (heads, expected) in [
            // OpenDMARC: above Postfix's line; the same with Dovecot's LMTP line on top.
            (many(result(mx, "pass") + &received(mx)), Ok((mx.to_owned(), 1))),
            (many(received(lda) + &result(mx, "pass") + &received(mx)), Ok((mx.to_owned(), 2))),
            // rspamd: directly below it.
            (many(received(mx) + &result(mx, "none")), Ok((format!("{mx}+below"), 1))),
            // Gmail: below its MX's line, which stands below one more.
            (
                many(
                    "Received: by 2002:a05:1234:0:b0:1:2:3 with SMTP id x; Mon, 02 Nov 2026 10:00:00 +0100\r\n"
                        .to_owned()
                        + &received("mx.google.com")
                        + &result("mx.google.com", "pass")
                        + &received("out.zlo.example"),
                ),
                Ok(("mx.google.com+below".to_owned(), 2)),
            ),
        ] {
            assert_eq!(learned(&heads), expected);
        }
    }

    #[test]
    fn what_senders_write_is_never_proposed() {
        let mx = "mx.acme.example";
        let forged =
            received("imap.acme.example") + &received(mx) + &result(mx, "pass") + &result("zlo.example", "pass");
        // Where nobody of ours writes one: the forger's own field is in his mails only.
        let mut heads = vec![received(mx); 50];
        heads.extend(vec![received(mx) + &result("zlo.example", "pass") + &received("zlo.example"); 5]);
        assert!(learned(&heads).is_err());
        // Three mails are no habit.
        assert!(learned(&vec![forged; 3]).is_err());
        // Mails that no server carried count for nothing.
        assert!(learned(&vec![result(mx, "pass"); 20]).is_err());
    }
}
