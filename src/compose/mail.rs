//! One draft → one finished mail: who it is from, to whom, in which thread, and how it may bounce.

use lettre::message::Mailbox as MailMailbox;

use crate::model::note::NOTE_DETAIL;
use crate::model::outgoing::{Addressee, Template};
use crate::model::text::{NAME_MAX, clean_line};
use crate::model::token::{About, Generations, KeyRing, TokenKind};
use crate::model::{AddrSpec, Address, Attachment, Content, Draft, Mailbox, OutgoingMail, Policy};

use super::texts::Texts;
use super::{ComposeError, body, header, part, related, subject, weekly};

/// Attachments that a notification takes along, in bytes before encoding: most servers refuse mails over 25 to 35 MB,
/// and an agent must hear of the ticket in any case.
const NOTIFY_ATTACHMENTS_MAX: usize = 15 << 20;

/// For whom the mail's signed tokens are made.
struct Identity<'a> {
    kind: TokenKind,
    /// None: nothing that an answer could belong to, so no reply address is made.
    about: Option<About>,
    addressee: &'a str,
}

impl<'a> Identity<'a> {
    fn of(draft: &'a Draft) -> Self {
        Identity { kind: draft.addressee.kind(), about: draft.token_about(), addressee: draft.token_addressee() }
    }

    /// The id on which all notifications to an agent about a ticket hang.
    fn root(&self, policy: &Policy) -> Option<String> {
        let about = self.about.filter(|_| self.kind == TokenKind::Agent)?;
        Some(policy.keys.message_id(self.kind, about, self.addressee, "root", &policy.desk.domain))
    }
}

/// Makes one mail.
pub fn make(draft: &Draft, policy: &Policy) -> Result<OutgoingMail, ComposeError> {
    let mailbox = policy.mailbox(&draft.mailbox).ok_or(ComposeError::UnknownMailbox)?;
    let to = draft.to.spec().ok_or(ComposeError::BadRecipient)?;
    let texts = Texts::new(policy, draft.language);
    let identity = Identity::of(draft);
    let (sent_on, left_off) = attachments(draft);

    let subject = header::plain(&subject::subject(draft, policy, &texts)?, usize::MAX);
    let text = body::text(draft, policy, &texts, &left_off)?;
    let message_id = draft.message_id(policy);

    let mut block = header::Block::default();
    block.date(draft.at, &policy.desk.timezone)?;
    block.from(from(draft, policy, mailbox)?);
    block.to(recipient(draft, &to)?);
    block.cc(copies(draft)?);
    if let Some(reply_to) = reply_to(draft, &identity, policy, mailbox) {
        block.reply_to(header::mailbox(None, &reply_to)?);
    }
    block.subject(&subject);
    thread(&mut block, draft, &identity, policy, &message_id);
    mark(&mut block, draft);
    block.field("MIME-Version", "1.0");

    let mut content = Content::default();
    content.push(block.to_string().as_bytes());
    match weekly::pictured(draft, policy, &texts)? {
        Some(pictured) => related::add(&mut content, &text, &pictured, &message_id, &policy.desk.domain)?,
        None => part::add(&mut content, &text, &sent_on, &message_id)?,
    }
    Ok(OutgoingMail {
        template: draft.template,
        ticket: draft.ticket.as_ref().map(|t| t.number),
        language: draft.language,
        mailbox: mailbox.name.clone(),
        envelope_from: envelope_from(draft, &identity, policy, mailbox),
        to: Address::new(recipient_name(draft).as_deref(), to.as_str()),
        subject,
        message_id,
        content,
        text,
        observed: mailbox.observe,
    })
}

/// The desk towards customers. Agents see who spoke, so that their list of mails is readable; the address is the
/// mailbox's all the same.
fn from(draft: &Draft, policy: &Policy, mailbox: &Mailbox) -> Result<MailMailbox, ComposeError> {
    let requester = draft.ticket.as_ref().map(|t| &t.requester);
    let speaker = match draft.template {
        Template::NotifyNew
        | Template::NotifyReply
        | Template::NotifyNote
        | Template::NotifyAnswer
        | Template::NotifyConfirmed
        | Template::NotifyProven => draft.author.as_ref().or(requester),
        Template::NotifyAssigned
        | Template::NotifyMerged
        | Template::NotifyDue
        | Template::NotifySilent
        | Template::NotifyReturned => requester,
        _ => None,
    };
    let desk = clean_line(&policy.desk.name, NAME_MAX);
    let name = speaker.map(|s| clean_line(s.display(), NAME_MAX - 20)).filter(|n| !n.is_empty());
    let shown = name.map_or_else(|| desk.clone(), |name| format!("{name} ({desk})"));
    header::mailbox(Some(&shown), &mailbox.address)
}

/// How the recipient is called; None where the name may be a forger's words.
fn recipient_name(draft: &Draft) -> Option<String> {
    let named = draft.template != Template::AcknowledgementMinimal;
    draft.to.name.as_deref().filter(|_| named).map(|n| clean_line(n, NAME_MAX)).filter(|n| !n.is_empty())
}

fn recipient(draft: &Draft, to: &AddrSpec) -> Result<MailMailbox, ComposeError> {
    header::mailbox(recipient_name(draft).as_deref(), to)
}

/// Those who are shown in Cc. One whose address is none is left out: it is only shown.
fn copies(draft: &Draft) -> Result<Vec<MailMailbox>, ComposeError> {
    if draft.template == Template::AcknowledgementMinimal {
        return Ok(Vec::new());
    }
    let shown = draft.cc.iter().filter_map(|cc| {
        let spec = cc.spec()?;
        let name = cc.name.as_deref().map(|n| clean_line(n, NAME_MAX));
        Some(header::mailbox(name.as_deref(), &spec))
    });
    shown.collect()
}

/// The hidden reply address, where the mailbox can have one; else From is the mailbox already.
fn reply_to(draft: &Draft, identity: &Identity<'_>, policy: &Policy, mailbox: &Mailbox) -> Option<AddrSpec> {
    if identity.kind == TokenKind::Bounce {
        return None;
    }
    // What answers a note is a note.
    let mark = if draft.template == Template::NotifyNote { NOTE_DETAIL } else { "" };
    marked_address(mark, identity.kind, identity, policy, mailbox)
}

fn plus_address(kind: TokenKind, identity: &Identity<'_>, policy: &Policy, mailbox: &Mailbox) -> Option<AddrSpec> {
    marked_address("", kind, identity, policy, mailbox)
}

fn marked_address(
    mark: &str,
    kind: TokenKind,
    identity: &Identity<'_>,
    policy: &Policy,
    mailbox: &Mailbox,
) -> Option<AddrSpec> {
    let (local, None) = mailbox.address.subaddress() else { return None };
    let about = identity.about.filter(|_| mailbox.plus)?;
    let detail = policy.keys.address_detail(kind, about, identity.addressee);
    AddrSpec::parse(&format!("{local}+{mark}{detail}@{}", mailbox.address.domain())).ok()
}

/// Message-ID and the thread. All notifications to one agent about one ticket hang on an id that no mail has: clients
/// make one thread of them, whichever came first.
fn thread(block: &mut header::Block, draft: &Draft, identity: &Identity<'_>, policy: &Policy, own: &str) {
    let root = identity.root(policy);
    let fits = |id: &&str| header::is_message_id(id) && may_refer(id, identity, policy);
    let in_reply_to = draft.in_reply_to.as_deref().filter(fits).or(root.as_deref());
    let earlier: Vec<&str> = draft.references.iter().map(String::as_str).filter(fits).collect();
    let references = header::references(root.as_deref(), &earlier, in_reply_to);
    block.ids(own, in_reply_to, &references);
}

/// An agent's mail refers only to mails that this agent got. A customer's never to an agent's: a Message-ID made for an
/// agent is half of what proves him.
fn may_refer(id: &str, identity: &Identity<'_>, policy: &Policy) -> bool {
    // Whatever has the shape of an agent's, whether or not its check holds: one that was taken back names the agent too.
    let kind = KeyRing::claimed_kind(id);
    match identity.kind {
        TokenKind::Agent => {
            let mut generations = Generations::default();
            identity.about.iter().for_each(|about| generations.note(about.number, about.generation));
            let proven = policy.keys.prove_message_id(id, &generations);
            proven.is_some_and(|p| p.kind == TokenKind::Agent && policy.keys.is_for(&p, identity.addressee))
        }
        TokenKind::Customer | TokenKind::Bounce => !matches!(kind, Some(TokenKind::Agent | TokenKind::Confirm)),
        // A question at a registered address continues nothing.
        TokenKind::Confirm => false,
    }
}

/// The marks by which other machines know a machine's mail (RFC 3834 section 5, MS-OXCMAIL 2.2.3.2.14). A person's
/// words carry none, else the customer's system may discard them.
fn mark(block: &mut header::Block, draft: &Draft) {
    if draft.template.is_words_of_a_person() {
        return; // nor a language: the agent wrote in whichever he liked
    }
    if draft.template.is_acknowledgement() {
        block.field("Auto-Submitted", "auto-replied");
        block.field("X-Auto-Response-Suppress", "All");
    } else {
        block.field("Auto-Submitted", "auto-generated");
        if matches!(draft.addressee, Addressee::Registered { .. }) || draft.template.is_notice() {
            // No vacation notice shall answer what is asked of a person.
            block.field("X-Auto-Response-Suppress", "All");
        }
    }
    block.field("Content-Language", draft.language.code());
}

/// Where the mail goes when it bounces. Acknowledgements (RFC 3834 section 3.3) and what tells of trouble bounce
/// nowhere, so that no bounce makes the next mail.
fn envelope_from(draft: &Draft, identity: &Identity<'_>, policy: &Policy, mailbox: &Mailbox) -> Option<AddrSpec> {
    match draft.template {
        Template::Acknowledgement | Template::AcknowledgementMinimal => None,
        Template::Refused | Template::NotifyBounce | Template::Alarm => None,
        Template::Digest | Template::Weekly => None,
        Template::Answer | Template::Reminder | Template::Closed | Template::Resolved => {
            plus_address(TokenKind::Bounce, identity, policy, mailbox).or_else(|| Some(mailbox.address.clone()))
        }
        Template::ConfirmOver => None,
        Template::Confirm
        | Template::Page
        | Template::NotifyNew
        | Template::NotifyReply
        | Template::NotifyAssigned
        | Template::NotifyNote
        | Template::NotifyAnswer
        | Template::NotifyMerged
        | Template::Crossed
        | Template::Receipt
        | Template::NotifyDue
        | Template::NotifySilent
        | Template::NotifyReturned
        | Template::NotifyConfirmed
        | Template::NotifyProven => Some(mailbox.address.clone()),
    }
}

/// The attachments that go along, and the names of those that are too large for a notification. An answer takes all: an
/// agent's words are never cut short. Acknowledgements send nothing back, and an agent has his own mail already.
fn attachments(draft: &Draft) -> (Vec<&Attachment>, Vec<String>) {
    match draft.template {
        Template::Answer => return (draft.attachments.iter().collect(), Vec::new()),
        Template::NotifyNew
        | Template::NotifyReply
        | Template::NotifyAssigned
        | Template::NotifyNote
        | Template::NotifyAnswer
        | Template::NotifyMerged
        | Template::NotifyDue => {}
        _ => return (Vec::new(), Vec::new()),
    }
    let (mut sent_on, mut left_off, mut room) = (Vec::new(), Vec::new(), NOTIFY_ATTACHMENTS_MAX);
    for (i, attachment) in draft.attachments.iter().enumerate() {
        match room.checked_sub(attachment.size) {
            Some(rest) => {
                room = rest;
                sent_on.push(attachment);
            }
            None => left_off.push(part::file_name(attachment, i + 1)),
        }
    }
    (sent_on, left_off)
}
