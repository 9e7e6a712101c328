//! The work on one mail: the case at hand, and a ticket being changed with every change recorded as it is made.

use jiff::Timestamp;

use crate::model::address::AddrSpec;
use crate::model::decision::View;
use crate::model::facts::{Authenticity, Contact, Earlier, Organisation, Sender};
use crate::model::hands::Worked;
use crate::model::message::Reply;
use crate::model::outgoing::Draft;
use crate::model::text::clean_line;
use crate::model::ticket::{AttachmentInfo, Direction, EntryKind, HistoryLine};
use crate::model::{
    Action, Address, Attachment, Believed, Decision, Entry, Facts, Fate, Language, Mailbox, Message, Policy, Strength,
    Ticket, TicketChange, TicketNumber,
};

/// Characters of evidence that are kept with a mail.
const EVIDENCE_MAX: usize = 2_000;

/// Who does what nobody in particular does.
pub const DESK: &str = "desk";
pub const CUSTOMER: &str = "customer";

/// One mail and all that is known about it.
pub struct Case<'a> {
    pub message: &'a Message,
    pub mailbox: &'a Mailbox,
    pub facts: &'a Facts,
    pub policy: &'a Policy,
    pub now: Timestamp,
}

impl<'a> Case<'a> {
    /// `mailbox` names a configured mailbox; an unknown name falls to the first, which configuration guarantees.
    pub fn new(message: &'a Message, mailbox: &str, facts: &'a Facts, policy: &'a Policy, now: Timestamp) -> Self {
        let mailbox = policy.mailbox(mailbox).unwrap_or(&policy.mailboxes[0]);
        Case { message, mailbox, facts, policy, now }
    }

    pub fn believed(&self) -> Believed {
        self.facts.authenticity.believed
    }

    pub fn is_verified(&self) -> bool {
        self.believed() == Believed::Verified
    }

    pub fn is_strong(&self) -> bool {
        self.is_verified() && self.facts.authenticity.strength == Some(Strength::Strong)
    }

    /// The author himself named the ticket to which the mail was joined: nobody else can have written that on its way.
    pub fn is_thread_his(&self) -> bool {
        self.is_verified() && self.facts.thread.covered
    }

    /// The author wrote to the desk: what he wrote to somebody else, anybody may have sent on to us.
    pub fn is_to_us(&self) -> bool {
        let ours =
            |people: &[Address]| people.iter().filter_map(Address::spec).any(|a| self.policy.own_address(&a).is_some());
        let covered = self.facts.covered;
        self.is_verified() && ((covered.to && ours(&self.message.to)) || (covered.cc && ours(&self.message.cc)))
    }

    /// When the mail was written, by what it says itself, and never later than now: a backlog is no flood.
    pub fn written_at(&self) -> Timestamp {
        self.message.sent_at.as_ref().map_or(self.now, |at| at.timestamp().min(self.now))
    }

    /// The first From address, where it is usable.
    pub fn author(&self) -> Option<AddrSpec> {
        self.message.from.first().and_then(Address::spec)
    }

    pub fn author_as_written(&self) -> Address {
        self.message.from.first().cloned().unwrap_or_default()
    }

    pub fn contact(&self) -> Option<&Contact> {
        self.facts.found.contact.as_ref()
    }

    pub fn subject(&self) -> &str {
        self.message.subject.as_deref().unwrap_or_default()
    }

    /// Identifies this mail as the cause of others.
    pub fn cause(&self) -> String {
        self.message.digest.hex()
    }

    /// Contact, then text, then mailbox, then desk.
    pub fn language(&self) -> Language {
        let written = || self.message.language.as_deref().and_then(Language::from_code);
        let known = self.contact().and_then(|c| c.language);
        let firm = || self.facts.organisation.as_ref().and_then(|o| o.language);
        known.or_else(written).or_else(firm).or(self.mailbox.language).unwrap_or(self.policy.desk.language)
    }

    pub fn work(&self, ticket: Ticket) -> Work<'a> {
        let mut work = Work::new(ticket, self.policy, self.now);
        work.said.clone_from(&self.facts.found.said);
        work.contact.clone_from(&self.facts.found.contact);
        work.organisation.clone_from(&self.facts.organisation);
        work.spent.clone_from(&self.facts.found.spent);
        work
    }

    /// The facts as `explain` shows them.
    pub fn view(&self, permitted: bool) -> View {
        let sender_name = match &self.facts.sender {
            Sender::Agent(name) => self.policy.agent(name).map(|a| a.display.clone()),
            Sender::Contact(contact) => contact.name.clone(),
            Sender::Stranger | Sender::Ourselves => None,
        };
        View {
            sender: self.facts.sender.clone(),
            sender_name: sender_name.or_else(|| self.author_as_written().name),
            organisation: self.facts.organisation.as_ref().map(|o| o.name.clone()),
            authenticity: self.facts.authenticity.clone(),
            thread_ticket: self.facts.thread.ticket.as_ref().map(|t| t.number),
            thread_by: self.facts.thread.by,
            permitted,
            thread_because: self.facts.thread.because.clone(),
        }
    }

    pub fn ignore(&self, because: impl Into<String>) -> Decision {
        let because = because.into();
        let mut decision = Decision::new(Action::Ignore, Fate::Ignored { because: because.clone() });
        decision.reasons.push(because);
        decision
    }

    pub fn quarantine(&self, because: impl Into<String>) -> Decision {
        let because = because.into();
        let mut decision = Decision::new(Action::Quarantine, Fate::Quarantined { because: because.clone() });
        decision.reasons.push(because);
        decision
    }

    pub fn duplicate(&self, earlier: &Earlier) -> Decision {
        let mut decision = Decision::new(Action::Ignore, Fate::Duplicate { ticket: earlier.ticket });
        decision.reasons.push(match earlier.ticket {
            Some(number) => format!("The same mail was taken in before, into ticket {number}"),
            None => format!("The same mail was taken in before ({})", earlier.fate),
        });
        decision
    }

    /// This mail as an entry of a ticket.
    pub fn entry(&self, kind: EntryKind, direction: Direction) -> Entry {
        let message = self.message;
        Entry {
            ticket: 0,
            seq: 0,
            direction,
            kind,
            from: self.author_as_written(),
            to: message.to.iter().chain(&message.cc).cloned().collect(),
            at: self.now,
            subject: self.subject().to_owned(),
            text: message.text.clone(),
            reply: message.reply.clone(),
            attachments: message.attachments.iter().map(attachment_info).collect(),
            message_id: message.id().map(str::to_owned),
            believed: Some(self.believed()),
            raw: true,
        }
    }
}

/// Pictures below this size that the text shows in place are a signature's logo.
const LOGO_MAX: usize = 16 * 1024;

/// A signature's logo, not something that somebody sent.
pub fn is_logo(attachment: &Attachment) -> bool {
    attachment.cid.is_some()
        && attachment.disposition != "attachment"
        && attachment.media_type.starts_with("image/")
        && attachment.size < LOGO_MAX
}

/// What is kept of an attachment beside the mail it came in.
pub fn attachment_info(attachment: &Attachment) -> AttachmentInfo {
    AttachmentInfo {
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        size: attachment.size as u64,
        disposition: attachment.disposition.clone(),
        cid: attachment.cid.clone(),
        sha256: attachment.sha256.hex(),
    }
}

/// A ticket in the hands of whoever changes it: every change is applied and written into the history at once.
pub struct Work<'a> {
    pub ticket: Ticket,
    pub history: Vec<HistoryLine>,
    pub entries: Vec<Entry>,
    pub outgoing: Vec<Draft>,
    pub times: Vec<Worked>,
    pub tags: Vec<(TicketNumber, String, bool)>,
    /// See [`Decision::turns`].
    pub turns: Vec<(String, String)>,
    /// See [`Decision::moved`].
    pub moved: Vec<(TicketNumber, u32, TicketNumber, u32)>,
    /// What was said before, where it was asked for.
    pub said: Vec<Entry>,
    /// The customer on file about whom the store was asked.
    pub contact: Option<Contact>,
    pub organisation: Option<Organisation>,
    /// Minutes that were booked for firms with hours before.
    pub spent: Vec<(String, u32)>,
    pub policy: &'a Policy,
    pub now: Timestamp,
    pub actor: String,
}

impl<'a> Work<'a> {
    pub fn new(ticket: Ticket, policy: &'a Policy, now: Timestamp) -> Self {
        Work {
            ticket,
            history: Vec::new(),
            entries: Vec::new(),
            outgoing: Vec::new(),
            times: Vec::new(),
            tags: Vec::new(),
            turns: Vec::new(),
            moved: Vec::new(),
            said: Vec::new(),
            contact: None,
            organisation: None,
            spent: Vec::new(),
            policy,
            now,
            actor: DESK.to_owned(),
        }
    }

    /// From here on, what is done is done by this one: an agent's name, `customer`, `desk`, `operator`.
    pub fn by(mut self, actor: &str) -> Self {
        self.actor = actor.to_owned();
        self
    }

    pub fn change(&mut self, change: TicketChange, because: impl Into<String>) {
        let before = self.ticket.status;
        self.ticket.apply(&change, self.now);
        self.history.push(HistoryLine {
            ticket: self.ticket.number,
            at: self.now,
            actor: self.actor.clone(),
            change: change.clone(),
            because: because.into(),
        });
        match &change {
            TicketChange::Tagged { tag } => self.tags.push((self.ticket.number, tag.clone(), true)),
            TicketChange::Untagged { tag } => self.tags.push((self.ticket.number, tag.clone(), false)),
            _ => {}
        }
        super::clock::follow(self, before, &change);
    }

    pub fn event(&mut self, what: impl Into<String>, because: impl Into<String>) {
        self.change(TicketChange::Event { what: what.into() }, because);
    }

    /// Something that the desk does by itself while somebody else acts.
    pub fn event_by_desk(&mut self, what: impl Into<String>, because: impl Into<String>) {
        let actor = std::mem::replace(&mut self.actor, DESK.to_owned());
        self.event(what, because);
        self.actor = actor;
    }

    /// Keeps with the story whether the sender of the entry just added was believed, and on what evidence: keys are rotated
    /// away and signatures expire, so that it could not be found out again.
    pub fn note_verdict(&mut self, authenticity: &Authenticity) {
        self.note_verdict_of(self.ticket.entries, authenticity);
    }

    /// The same of an earlier entry.
    pub fn note_verdict_of(&mut self, seq: u32, authenticity: &Authenticity) {
        let strength = authenticity.strength.map(|s| format!(", {s} proof")).unwrap_or_default();
        let what = format!("sender of message {seq} {}{strength}", authenticity.believed);
        let grounds = std::iter::once(&authenticity.because).chain(&authenticity.evidence);
        let because = grounds.map(String::as_str).collect::<Vec<_>>().join("; ");
        self.event_by_desk(what, clean_line(&because, EVIDENCE_MAX));
    }

    /// Adds an entry at the ticket's end, and remembers its Message-ID where the customer knows it.
    pub fn say(&mut self, mut entry: Entry, because: impl Into<String>) {
        entry.ticket = self.ticket.number;
        entry.seq = self.ticket.entries + 1;
        let (direction, kind, seq) = (entry.direction, entry.kind, entry.seq);
        if let (Direction::Incoming | Direction::Outgoing, Some(id)) = (direction, &entry.message_id) {
            self.ticket.remember(id);
        }
        self.change(TicketChange::Said { direction, kind, seq }, because);
        self.entries.push(entry);
    }

    /// An entry for words that the desk or an agent writes: `message_id` is that of the mail which carries them.
    pub fn own_entry(&self, kind: EntryKind, from: Address, to: Vec<Address>, text: &str) -> Entry {
        Entry {
            ticket: self.ticket.number,
            seq: 0,
            direction: if kind == EntryKind::Note { Direction::Note } else { Direction::Outgoing },
            kind,
            from,
            to,
            at: self.now,
            subject: self.ticket.subject.clone(),
            text: text.to_owned(),
            reply: Reply { text: text.to_owned(), ..Reply::default() },
            attachments: Vec::new(),
            message_id: None,
            believed: None,
            raw: false,
        }
    }

    /// What was said on this ticket, oldest first, for somebody who has to know the whole story: also what must not be told
    /// the customer, and whose word is whose.
    pub fn story(&self) -> String {
        let zone = &self.policy.desk.timezone;
        let told =
            |e: &&Entry| !matches!(e.kind, EntryKind::Automatic | EntryKind::Acknowledgement | EntryKind::Notice);
        let mine = |e: &&Entry| e.ticket == self.ticket.number;
        let words = |e: &Entry| {
            let at = e.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
            format!("{} ({at}{}):\n{}", self.speaker(e), self.caution(e), e.reply.text.trim())
        };
        let mut out: Vec<String> = Vec::new();
        let mut last = 0;
        for entry in self.said.iter().filter(mine).chain(&self.entries) {
            if entry.seq > last + 1 {
                out.push(format!("[… {}]", entry.seq - last - 1)); // the store gives the first and the last of a long one
            }
            last = entry.seq;
            out.extend(Some(entry).filter(told).map(words));
        }
        out.join("\n\n")
    }

    /// An agent by his name; whoever wrote from outside with his address, for anybody can call himself what he likes.
    fn speaker(&self, entry: &Entry) -> String {
        match entry.direction {
            Direction::Incoming => entry.from.to_string(),
            Direction::Outgoing | Direction::Note => entry.from.display().to_owned(),
        }
    }

    fn caution(&self, entry: &Entry) -> String {
        let from_outside = entry.direction == Direction::Incoming;
        let unbelieved = entry.believed.filter(|b| *b != Believed::Verified).map(Believed::word);
        let stranger = (!self.ticket.is_participant(&entry.from.email)).then_some("no participant");
        let kept = (entry.direction == Direction::Note).then_some("note");
        let words = [kept, unbelieved.filter(|_| from_outside), stranger.filter(|_| from_outside)];
        words.into_iter().flatten().map(|word| format!(", {word}")).collect()
    }

    /// The mailbox from whose address this ticket is answered.
    pub fn mailbox(&self) -> &'a Mailbox {
        self.policy.mailbox(&self.ticket.mailbox).unwrap_or(&self.policy.mailboxes[0])
    }

    /// Hands everything over to a decision about another ticket.
    pub fn join(mut self, decision: &mut Decision) {
        self.ticket.service.next_at = super::clock::next(&self.ticket, self.policy);
        decision.tickets.push(self.ticket);
        decision.history.extend(self.history);
        decision.entries.extend(self.entries);
        decision.outgoing.extend(self.outgoing);
        decision.times.extend(self.times);
        decision.tags.extend(self.tags);
        decision.turns.extend(self.turns);
        decision.moved.extend(self.moved);
    }

    /// Hands everything over to a decision.
    pub fn into_decision(self, action: Action, fate: Fate) -> Decision {
        let mut decision = Decision::new(action, fate);
        self.join(&mut decision);
        decision
    }
}
