//! A mail on its way in: the bytes as they came ([`Incoming`]) and what was read in them ([`Message`]).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::content::Span;

/// SHA-256 of bytes as they came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Digest(sha2::Sha256::digest(bytes).into())
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The inverse of [`Digest::hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
        }
        Some(Digest(out))
    }
}

/// Lower-case hexadecimal digits, two for each byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex()[..12])
    }
}

/// Where a mail stood when the source showed it. Together with the mailbox's name this is the key of the ledger, and it
/// never comes back for another mail (RFC 3501 section 2.3.1.1; the Maildir's unique name).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceKey {
    /// IMAP folder, or `maildir`, or `file` for mail that was handed over by `ingest`.
    pub folder: String,
    /// IMAP UIDVALIDITY; 0 elsewhere.
    pub uid_validity: u32,
    /// IMAP UID; 0 elsewhere.
    pub uid: u32,
    /// Maildir's unique name (without the `:2,` flags), or the digest of a mail handed over; empty for IMAP.
    pub name: String,
}

impl SourceKey {
    pub fn imap(folder: &str, uid_validity: u32, uid: u32) -> Self {
        SourceKey { folder: folder.to_owned(), uid_validity, uid, name: String::new() }
    }

    pub fn maildir(unique: &str) -> Self {
        SourceKey { folder: "maildir".to_owned(), uid_validity: 0, uid: 0, name: unique.to_owned() }
    }

    /// A mail that somebody handed over: it is known by its bytes alone, so that handing it over twice changes nothing.
    pub fn handed_over(digest: &Digest) -> Self {
        SourceKey { folder: "file".to_owned(), uid_validity: 0, uid: 0, name: digest.hex() }
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.uid != 0 {
            write!(f, "{};uidvalidity={};uid={}", self.folder, self.uid_validity, self.uid)
        } else {
            write!(f, "{}/{}", self.folder, self.name)
        }
    }
}

/// A mail as a source gave it.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Name of the configured mailbox.
    pub mailbox: String,
    pub key: SourceKey,
    pub raw: Arc<[u8]>,
    /// When the mail reached us: IMAP's INTERNALDATE where known, else when it was taken in. `Date:` is a claim.
    pub received_at: Timestamp,
    /// `raw` is only the beginning of a mail that is larger than the desk takes in: its full size in bytes.
    pub truncated_from: Option<u64>,
}

/// One MIME leaf that is not the text: decoded content and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Decoded file name as sent (not yet cleaned for any use as a name), or none.
    pub name: Option<String>,
    /// `type/subtype`, lower case.
    pub media_type: String,
    /// `attachment`, `inline`, or another word of RFC 2183, lower case.
    pub disposition: String,
    /// Content-ID without its angle brackets.
    pub cid: Option<String>,
    /// Decoded bytes; for text parts the bytes before any change of charset. Only their beginning after
    /// [`Attachment::keep_beginning`].
    pub content: Bytes,
    /// Of all its content, in bytes.
    pub size: usize,
    pub sha256: Digest,
    /// Where the mail has it, if it came with one that has it in a form in which it can be sent on.
    pub span: Option<Span>,
}

impl Attachment {
    /// As much of an attachment as rules look into, in bytes.
    const BEGINNING: usize = 64 * 1024;

    /// What rules look into.
    pub fn beginning(&self) -> &[u8] {
        self.content.get(..Self::BEGINNING).unwrap_or(&self.content)
    }

    /// Gives up the content of a large one that the kept mail has and from which it can be sent on: a decoded copy of a
    /// mail of 50 MB beside it is what memory is short of. Texts stay whole, their bytes are looked at when they are sent.
    pub fn keep_beginning(&mut self) {
        if self.span.is_some() && self.content.len() > 4 * Self::BEGINNING && !self.media_type.starts_with("text/") {
            self.content = Bytes::copy_from_slice(self.beginning());
        }
    }
}

/// RFC 3834 section 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutoSubmitted {
    #[default]
    No,
    AutoGenerated,
    AutoReplied,
    /// RFC 5436 section 2.7.1.
    AutoNotified,
}

/// Who or what wrote a mail. This says nothing of whether it may be acknowledged: [`Message::no_acknowledgement`] does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A person, as far as can be told. A mailing list's or newsletter's mail is a person's too.
    #[default]
    Person,
    /// A vacation notice or another answer by a machine to one mail (RFC 3834).
    AutoReply,
    /// A machine's mail that answers nothing: monitoring, an order confirmation (`auto-generated`).
    Machine,
    /// A delivery status notification (RFC 3464) or a free-form bounce.
    Bounce,
    /// A message disposition notification (RFC 8098).
    Receipt,
    /// A feedback report (RFC 5965).
    Complaint,
}

/// What the sender wrote this time, apart from the history below it. Together the three parts are all of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Never empty where the text is not: where folding would leave nothing, nothing is folded.
    pub text: String,
    pub quoted: String,
    pub signature: String,
    /// The desk's own marker line ([`super::outgoing::MARKER`]) was found, and all that it heads was cut.
    pub marker: bool,
    /// Lines of the text, the first being 0, above which something was taken out. Known while the mail is at hand.
    pub gaps: Vec<usize>,
    /// Between the text and what heads the desk's marker stood what reads like another mail, and was quoted: who wrote that
    /// one, as far as it says. It may be the sender's own words. Known while the mail is at hand.
    pub another: Option<String>,
}

/// The mail that a person forwarded, as far as the forwarding client wrote it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub subject: Option<String>,
    /// As written: clients write dates in every form there is.
    pub sent_at: Option<String>,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportType {
    DeliveryStatus,
    DispositionNotification,
    FeedbackReport,
}

/// One recipient of a delivery report (RFC 3464 section 2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportRecipient {
    pub final_recipient: Option<String>,
    pub original_recipient: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed`, `expanded`.
    pub action: Option<String>,
    /// RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
    /// Three digits, such as `550`.
    pub smtp_reply: Option<String>,
    pub diagnostic_code: Option<String>,
}

/// What a machine reports about an earlier mail (RFC 3464, 8098, 5965), or what was read out of a bounce that follows
/// no RFC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub kind: ReportType,
    /// RFC 5965 section 3.1, such as `abuse`.
    pub feedback_type: Option<String>,
    /// Without angle brackets.
    pub original_message_id: Option<String>,
    /// Every Message-ID found in what the report returned, without angle brackets: where ours is hidden.
    pub returned_ids: Vec<String>,
    pub recipients: Vec<ReportRecipient>,
}

/// One Authentication-Results field (RFC 8601) and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthResultsField {
    /// The unfolded value.
    pub value: String,
    /// What it says; or why it is void.
    pub parsed: Result<AuthResults, String>,
    /// How many Received fields stand above it. 0: nearer to us than every hop.
    pub received_above: u32,
}

/// The content of an Authentication-Results field (RFC 8601 section 2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResults {
    /// authserv-id, lower case; None where there is none (Exchange Online).
    pub id: Option<String>,
    pub results: Vec<MethodResult>,
    /// Items that stray from the grammar harmlessly and were passed over.
    pub skipped: Vec<String>,
}

/// One `method=result` with its properties; words lower case, values as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    pub method: String,
    pub result: String,
    pub reason: Option<String>,
    pub properties: Vec<Property>,
}

/// `ptype.property=value`, such as `header.from=firma.example`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    pub ptype: String,
    pub name: String,
    pub value: String,
}

/// What a scan of the raw header block saw, independent of the MIME parser: the ground for believing `From:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// How many From fields there are. Anything but 1 makes the sender unbelievable.
    pub from_fields: u32,
    /// The From field's raw, unfolded value, of the first one.
    pub from_raw: String,
    /// Broken rules, each in words: what makes a header block mean different things to different parsers (NUL, control
    /// characters, bare CR or LF, a line without a colon, white space before the colon, a folded first line).
    pub broken: Vec<&'static str>,
    /// How many Received fields there are (RFC 5321 section 4.4).
    pub received: u32,
    pub instances: Instances,
}

/// How many fields there are of each name from which rights follow: a signature covers the lowest ones, as many as it names
/// (RFC 6376 section 5.4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    pub to: u32,
    pub cc: u32,
    pub subject: u32,
    pub in_reply_to: u32,
    pub references: u32,
}

/// A DKIM signature (RFC 6376) as it stands in a mail, verified by nobody yet. The default covers nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `d=`, lower case.
    pub domain: String,
    /// `s=`, lower case.
    pub selector: String,
    /// The domain of `i=`, lower case; else that of `d=`.
    pub identity: String,
    /// `h=`: names of fields, lower case, as often as they stand there.
    pub covers: Vec<String>,
    /// It has an `l=`: what follows the part of the text that it covers is anybody's.
    pub is_partial: bool,
    /// `b=` without white space: its beginning may stand in a verdict (`header.b`, RFC 6008).
    pub written: String,
    /// By what it is known again.
    pub mark: Digest,
}

impl Default for Signature {
    fn default() -> Self {
        Signature {
            domain: String::new(),
            selector: String::new(),
            identity: String::new(),
            covers: Vec::new(),
            is_partial: true,
            written: String::new(),
            mark: Digest([0; 32]),
        }
    }
}

impl Signature {
    /// By what a signature is known again: its bytes, however `b=` is written.
    pub fn mark_of(bytes: &[u8]) -> Digest {
        Digest::of(bytes)
    }

    /// Whether it covers all `instances` of a field.
    pub fn covers_all(&self, name: &str, instances: u32) -> bool {
        let named = self.covers.iter().filter(|n| *n == name).count();
        u32::try_from(named).unwrap_or(u32::MAX) >= instances
    }
}

/// A subject token as found, unproven. `[ACME-1042-k7q2m9xf]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenText {
    pub prefix: String,
    pub number: i64,
    /// None where only the number is there: `[ACME-1042]`.
    pub check: Option<String>,
    /// As it stood, brackets included.
    pub written: String,
}

/// A mail as it was read. Reading never fails: what could not be understood is missing here and named in `flags`.
#[derive(Clone, Debug)]
pub struct Message {
    pub digest: Digest,
    /// Bytes of the raw mail.
    pub size: u64,
    /// Without angle brackets, as are the next two. More than one is malformed, and is kept.
    pub message_id: Vec<String>,
    pub in_reply_to: Vec<String>,
    /// In the order written; at most 100, the last ones.
    pub references: Vec<String>,
    /// `Date:`, where it can be read.
    pub sent_at: Option<jiff::Zoned>,
    pub from: Vec<Address>,
    pub sender: Vec<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    /// Decoded and cleaned; None where there is no such field.
    pub subject: Option<String>,
    /// All readable text: every text part, in order; HTML as text where there is no plain one. At most 1 MB.
    pub text: String,
    /// The HTML as sent, decoded from its charset.
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    pub reply: Reply,
    pub forward: Option<Forward>,
    /// To whom a ticket would belong: Reply-To gives no rights, so this is From, or the forwarded sender where the
    /// forwarder said nothing himself.
    pub requester: Option<Address>,
    pub auto_submitted: AutoSubmitted,
    pub class: Class,
    /// Why `class` is not a person, a sign each; empty for a person.
    pub automatic_because: Vec<String>,
    /// Signs that this mail must not be acknowledged though a person may have written it (`Precedence`, `List-*`,
    /// `X-Auto-Response-Suppress`, a null Return-Path, a no-reply address).
    pub no_acknowledgement: Vec<String>,
    pub report: Option<Report>,
    /// List-Id's identifier (RFC 2919).
    pub list: Option<String>,
    /// ISO 639-1; None rather than a guess.
    pub language: Option<String>,
    /// Subject tokens, in the order of the subject.
    pub tokens: Vec<TokenText>,
    /// What may be other desks' numbers of their tickets, folded, in the order of the subject; at most 4.
    pub foreign_tags: Vec<String>,
    /// Addresses in Delivered-To, X-Original-To, Envelope-To and similar: where a mail went that names us nowhere.
    pub delivered_to: Vec<String>,
    /// Return-Path's address; `Some("")` is the null path `<>`.
    pub return_path: Option<String>,
    pub auth_results: Vec<AuthResultsField>,
    /// The topmost first; at most 50.
    pub signatures: Vec<Signature>,
    pub structure: Structure,
    /// What was malformed or odd and how it was read all the same.
    pub flags: Vec<String>,
}

impl Message {
    /// Nobody typed this mail.
    pub fn is_automatic(&self) -> bool {
        self.class != Class::Person
    }

    /// It was read with this flag (`docs/reading.md`).
    pub fn is_flagged(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// Who wrote the mail that was forwarded, whatever the forwarder wrote above it: whom an agent's forward is about.
    pub fn forwarded_author(&self) -> Option<&Address> {
        self.forward.as_ref().and_then(|forward| forward.from.as_ref())
    }

    /// The first Message-ID, where there is one.
    pub fn id(&self) -> Option<&str> {
        self.message_id.first().map(String::as_str)
    }

    /// All in it from which something follows: a copy with the same signature that differs in this was changed on its way.
    pub fn consequences(&self) -> Digest {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(self.fingerprint().0);
        for list in [&self.in_reply_to, &self.references] {
            hash_part(&mut hash, list.join(" ").as_bytes());
        }
        for list in [&self.to, &self.cc] {
            hash_part(&mut hash, list.iter().map(|a| a.email.as_str()).collect::<Vec<_>>().join(" ").as_bytes());
        }
        Digest(hash.finalize().into())
    }

    /// The content's identity: two mails with the same fingerprint are one mail that arrived twice, whatever the hops
    /// between wrote into their headers. Covers From, Date, Subject, Message-ID, text and attachments.
    pub fn fingerprint(&self) -> Digest {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        let mut part = |bytes: &[u8]| hash_part(&mut hash, bytes);
        part(self.from.first().map_or("", |a| &a.email).as_bytes());
        part(self.sent_at.as_ref().map(|z| z.timestamp().to_string()).unwrap_or_default().as_bytes());
        part(self.subject.as_deref().unwrap_or_default().as_bytes());
        part(self.id().unwrap_or_default().as_bytes());
        part(self.text.as_bytes());
        for attachment in &self.attachments {
            part(&attachment.sha256.0);
        }
        Digest(hash.finalize().into())
    }
}

fn hash_part(hash: &mut sha2::Sha256, bytes: &[u8]) {
    use sha2::Digest as _;
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
