//! `read`: what is read in a mail. Needs no configuration and changes nothing.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufWriter, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::message::{Report, SourceKey};
use crate::model::{Address, Digest, Incoming, Message};
use crate::parse;

use super::Global;
use super::exit::{self, CliResult, OrExit as _};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Mails to read (.eml); `-` is standard input
    #[arg(value_name = "PATH", required_unless_present = "stdin_list")]
    paths: Vec<PathBuf>,
    /// One JSON object a mail
    #[arg(long)]
    json: bool,
    /// Read a list of paths, one a line, from standard input
    #[arg(long, conflicts_with = "paths")]
    stdin_list: bool,
}

/// Largest mail that is loaded, in bytes; of a larger one the beginning is read.
const LOAD_MAX: u64 = 50 * 1024 * 1024;

pub fn run(args: Args, _global: &Global) -> CliResult {
    let mut out = BufWriter::new(io::stdout().lock());
    let result = if args.stdin_list { list(&mut out, args.json) } else { paths(&mut out, &args.paths, args.json) };
    let result = result.and_then(|()| out.flush());
    match result {
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS).code(exit::IO),
    }
}

fn paths(out: &mut impl io::Write, paths: &[PathBuf], as_json: bool) -> io::Result<()> {
    for path in paths {
        one(out, &path.to_string_lossy(), load(path), as_json)?;
    }
    Ok(())
}

fn list(out: &mut impl io::Write, as_json: bool) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let name = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        line.clear();
        if !name.is_empty() {
            let loaded = load(&PathBuf::from(&name));
            one(out, &name, loaded, as_json)?;
        }
    }
    Ok(())
}

/// A mail's bytes and, where they are only its beginning, its full size.
type Loaded = io::Result<(Vec<u8>, Option<u64>)>;

fn load(path: &PathBuf) -> Loaded {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        let mut input = io::stdin().lock();
        (&mut input).take(LOAD_MAX).read_to_end(&mut bytes)?;
        let more = io::copy(&mut input, &mut io::sink())?;
        return Ok((bytes, (more > 0).then_some(LOAD_MAX + more)));
    }
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    file.take(LOAD_MAX).read_to_end(&mut bytes)?;
    Ok((bytes, (size > LOAD_MAX).then_some(size)))
}

fn one(out: &mut impl io::Write, name: &str, loaded: Loaded, as_json: bool) -> io::Result<()> {
    let start = Instant::now();
    let read = loaded.map_err(|e| format!("Cannot read the file: {e}")).and_then(|(bytes, size)| read(bytes, size));
    let seconds = start.elapsed().as_secs_f64();
    let text = match (read, as_json) {
        (Ok(message), true) => object(name, &message, seconds).to_string() + "\n",
        (Err(error), true) => failed(name, &error, seconds).to_string() + "\n",
        (Ok(message), false) => human(name, &message),
        (Err(error), false) => format!("{}\n  error        {}\n\n", escape(name), escape(&error)),
    };
    out.write_all(text.as_bytes())
}

/// Reads a mail; a panic is this mail's error and not the end of the others.
fn read(bytes: Vec<u8>, truncated_from: Option<u64>) -> Result<Message, String> {
    let key = SourceKey::handed_over(&Digest::of(&bytes));
    let incoming =
        Incoming { mailbox: String::new(), key, raw: Arc::from(bytes), received_at: Timestamp::now(), truncated_from };
    catch_unwind(AssertUnwindSafe(|| parse::parse(&incoming))).map_err(|_| {
        "Reading this mail failed in a way that should not be possible; please report it with the mail".to_owned()
    })
}

/// The keys of INTERFACE.md, in its order. Shared with `explain`.
pub fn object(file: &str, m: &Message, seconds: f64) -> Value {
    json!({
        "file": file,
        "error": Value::Null,
        "wallSeconds": seconds,
        "digest": m.digest.hex(),
        "size": m.size,
        "messageId": m.message_id,
        "inReplyTo": m.in_reply_to,
        "references": m.references,
        "sentAt": m.sent_at.as_ref().map(|z| z.timestamp().to_string()),
        "from": addresses(&m.from),
        "sender": addresses(&m.sender),
        "replyTo": addresses(&m.reply_to),
        "to": addresses(&m.to),
        "cc": addresses(&m.cc),
        "subject": m.subject,
        "textBody": m.text,
        "htmlBody": m.html,
        "attachments": m.attachments.iter().map(|a| json!({
            "name": a.name,
            "type": a.media_type,
            "size": a.size,
            "disposition": a.disposition,
            "cid": a.cid,
            "sha256": a.sha256.hex(),
        })).collect::<Vec<_>>(),
        "reply": { "text": m.reply.text, "quoted": m.reply.quoted, "signature": m.reply.signature },
        "forward": m.forward.as_ref().map(|f| json!({
            "from": f.from.as_ref().map(address),
            "to": addresses(&f.to),
            "cc": addresses(&f.cc),
            "subject": f.subject,
            "sentAt": f.sent_at,
            "text": f.text,
        })),
        "requester": m.requester.as_ref().map(address),
        "autoSubmitted": m.auto_submitted,
        "isAutomatic": m.is_automatic(),
        "automaticBecause": m.automatic_because,
        "class": m.class,
        "noAcknowledgement": m.no_acknowledgement,
        "report": m.report.as_ref().map(report),
        "list": m.list,
        "language": m.language,
        "tokens": m.tokens.iter().map(|t| &t.written).collect::<Vec<_>>(),
        "flags": m.flags,
    })
}

fn address(a: &Address) -> Value {
    json!({ "name": a.name, "email": a.email })
}

fn addresses(list: &[Address]) -> Value {
    list.iter().map(address).collect()
}

fn report(r: &Report) -> Value {
    json!({
        "type": r.kind,
        "feedbackType": r.feedback_type,
        "originalMessageId": r.original_message_id,
        "recipients": r.recipients.iter().map(|x| json!({
            "finalRecipient": x.final_recipient,
            "originalRecipient": x.original_recipient,
            "action": x.action,
            "status": x.status,
            "smtpReply": x.smtp_reply,
            "diagnosticCode": x.diagnostic_code,
        })).collect::<Vec<_>>(),
    })
}

/// What [`object`] gives where a mail could not be read: the same keys.
fn failed(file: &str, error: &str, seconds: f64) -> Value {
    let empty: [&str; 0] = [];
    json!({
        "file": file, "error": error, "wallSeconds": seconds, "digest": Value::Null, "size": Value::Null,
        "messageId": empty, "inReplyTo": empty, "references": empty, "sentAt": Value::Null, "from": empty,
        "sender": empty, "replyTo": empty, "to": empty, "cc": empty, "subject": Value::Null, "textBody": Value::Null,
        "htmlBody": Value::Null, "attachments": empty, "reply": Value::Null, "forward": Value::Null,
        "requester": Value::Null, "autoSubmitted": Value::Null, "isAutomatic": Value::Null,
        "automaticBecause": empty, "class": Value::Null, "noAcknowledgement": empty, "report": Value::Null,
        "list": Value::Null, "language": Value::Null, "tokens": empty, "flags": empty,
    })
}

/// For people: labelled lines, then what was written.
fn human(file: &str, m: &Message) -> String {
    let mut out = String::new();
    let people = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {label:<12} {}", escape(&value));
        }
    };
    line("from", people(&m.from));
    line("to", people(&m.to));
    line("cc", people(&m.cc));
    line("subject", m.subject.clone().unwrap_or_default());
    line("sent", m.sent_at.as_ref().map(|z| z.strftime("%Y-%m-%d %H:%M %:z").to_string()).unwrap_or_default());
    line("requester", m.requester.as_ref().map(Address::to_string).unwrap_or_default());
    line("language", m.language.clone().unwrap_or_default());
    line("tokens", m.tokens.iter().map(|t| t.written.as_str()).collect::<Vec<_>>().join(" "));
    line("automatic", m.automatic_because.join("; "));
    line("list", m.list.clone().unwrap_or_default());
    for a in &m.attachments {
        let name = a.name.as_deref().unwrap_or("(no name)");
        line("attachment", format!("{name}  {}  {} bytes", a.media_type, a.size));
    }
    if let Some(r) = &m.report {
        for x in &r.recipients {
            let who = x.final_recipient.as_deref().or(x.original_recipient.as_deref()).unwrap_or("?");
            let word = |w: &Option<String>| w.clone().unwrap_or_default();
            line("reported", format!("{who} {} {} {}", word(&x.action), word(&x.status), word(&x.diagnostic_code)));
        }
    }
    line("odd", m.flags.join(", "));
    let mut block = |label: &str, text: &str| {
        if !text.trim().is_empty() {
            let _ = writeln!(out, "  {label}:");
            for l in text.lines() {
                let _ = writeln!(out, "  | {}", escape(l));
            }
        }
    };
    block("written", &m.reply.text);
    block("signature", &m.reply.signature);
    if let Some(f) = &m.forward {
        let from = f.from.as_ref().map(Address::to_string).unwrap_or_default();
        block("forwarded", &format!("{from}\n{}\n\n{}", f.subject.as_deref().unwrap_or_default(), f.text));
    } else {
        block("history", &m.reply.quoted);
    }
    format!("{}\n{out}\n", escape(file))
}

/// Text from mails is never written raw to a terminal: control and direction characters are shown as escapes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            out.push(' ');
        } else if c.is_control() || crate::model::text::is_bidi_control(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_from_a_mail_are_shown_and_not_obeyed() {
        assert_eq!(escape("a\x1b]0;x\x07\u{9b}2J\u{202e}č"), "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{202e}č");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error_of_its_own() {
        let mut out = Vec::new();
        paths(&mut out, &["/nonexistent/a.eml".into(), "/nonexistent/b.eml".into()], true).expect("goes on");
        let lines: Vec<Value> = out
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_slice(l).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0]["error"].as_str().is_some_and(|e| e.contains("Cannot read")));
        let read = read(b"From: a@x.example\n\nHi\n".to_vec(), None).expect("reads");
        let whole = object("x", &read, 0.0);
        let keys = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        assert_eq!(keys(&lines[0]), keys(&whole), "a failed reading has the same keys");
    }
}
