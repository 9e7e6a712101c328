//! The JSON of tickets, their entries and history, the outbox, the quarantine and contacts. A contract: people's scripts
//! read it. A key is always there; what is absent is `null`. Names follow JMAP (RFC 8621) where JMAP has the thing.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::output::rfc3339;
use crate::model::ask::{Asked, Evidence};
use crate::model::checklist::Item;
use crate::model::facts::{Contact, Organisation};
use crate::model::hands::Worked;
use crate::model::outgoing::OutboxState;
use crate::model::ticket::{AttachmentInfo, Participant};
use crate::model::{Address, Entry, HistoryLine, Ticket, TicketChange};
use crate::store::{OutboxRow, QuarantineRow};

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(rfc3339(at)))
}

/// EmailAddress of RFC 8621 section 4.1.2.3.
pub fn address(address: &Address) -> Value {
    json!({"name": address.name, "email": address.email})
}

fn addresses(list: &[Address]) -> Value {
    list.iter().map(address).collect()
}

fn participant(p: &Participant) -> Value {
    json!({"name": p.name, "email": p.email, "addedBy": p.added_by})
}

/// `ticket list --json`: a ticket without what was said on it.
pub fn ticket(t: &Ticket) -> Value {
    json!({
        "number": t.number,
        "subject": t.subject,
        "status": t.status.word(),
        "category": t.category,
        "priority": t.priority.word(),
        "language": t.language.code(),
        "mailbox": t.mailbox,
        "requester": address(&t.requester),
        "contact": t.contact,
        "organisation": t.organisation,
        "verified": t.verified,
        "owner": t.owner,
        "group": t.group,
        "participants": t.participants.iter().map(participant).collect::<Vec<_>>(),
        "createdAt": rfc3339(t.created_at),
        "updatedAt": rfc3339(t.updated_at),
        "firstResponseDueAt": time(t.first_response_due_at),
        "resolveDueAt": time(t.resolve_due_at),
        "firstRespondedAt": time(t.first_responded_at),
        "resolvedAt": time(t.resolved_at),
        "snoozedUntil": time(t.snoozed_until),
        "mergedInto": t.merged_into,
        "linked": t.linked,
        "restricted": t.restricted,
        "asks": asks(t),
        "tags": t.hands.tags,
        "watchers": t.hands.watchers,
        "minutes": t.hands.minutes,
        "checklist": t.hands.checklist.iter().map(checklist_item).collect::<Vec<_>>(),
        "articles": {"offered": t.service.offered, "helped": t.service.helped},
    })
}

/// What its report should have: `about` by language, and where it was found.
pub fn asks(t: &Ticket) -> Value {
    let evidence = |found: &Evidence| json!({"message": found.seq, "what": found.what});
    let asked = |asked: &Asked| json!({"about": asked.about, "found": asked.found.as_ref().map(evidence)});
    t.service.asks.iter().map(asked).collect()
}

/// `ticket show N --json`: a ticket whole.
pub fn ticket_whole(t: &Ticket, entries: &[Entry], lines: &[HistoryLine], times: &[Worked]) -> Value {
    let mut value = ticket(t);
    if let Value::Object(map) = &mut value {
        map.insert("messages".into(), entries.iter().map(entry).collect());
        map.insert("history".into(), lines.iter().map(history).collect());
        map.insert("times".into(), times.iter().map(worked).collect());
    }
    value
}

fn worked(w: &Worked) -> Value {
    json!({"agent": w.agent, "minutes": w.minutes, "at": rfc3339(w.at)})
}

fn attachment(a: &AttachmentInfo) -> Value {
    json!({
        "name": a.name,
        "type": a.media_type,
        "size": a.size,
        "disposition": a.disposition,
        "cid": a.cid,
        "sha256": a.sha256,
    })
}

pub fn entry(e: &Entry) -> Value {
    json!({
        "seq": e.seq,
        "direction": e.direction.word(),
        "kind": e.kind.word(),
        "from": address(&e.from),
        "to": addresses(&e.to),
        "at": rfc3339(e.at),
        "subject": e.subject,
        "text": e.text,
        "reply": {"text": e.reply.text, "quoted": e.reply.quoted, "signature": e.reply.signature},
        "attachments": e.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "messageId": e.message_id,
        "believed": e.believed.map(|b| b.word()),
    })
}

/// One line of history. `change` is for people; `detail` is the same for programs: its `type`, and that type's fields.
pub fn history(line: &HistoryLine) -> Value {
    json!({
        "at": rfc3339(line.at),
        "actor": line.actor,
        "change": change(&line.change),
        "because": line.because,
        "detail": detail(&line.change),
    })
}

/// A change in a few words: `created`, `status: waiting`, `owner: jana`.
pub fn change(change: &TicketChange) -> String {
    change.words()
}

/// The change's own fields. They are not spread beside `change`, where `kind` or `to` would be anybody's.
fn detail(change: &TicketChange) -> Value {
    let Ok(Value::Object(fields)) = serde_json::to_value(change) else { return Value::Null };
    let mut out = Map::new();
    for (key, value) in fields {
        match key.as_str() {
            "change" => out.insert("type".into(), value),
            _ => out.insert(key, value),
        };
    }
    Value::Object(out)
}

/// The contract's word: what is being sent still waits, what came back has failed, and the last reply says why.
fn outbox_state(state: OutboxState) -> OutboxState {
    match state {
        OutboxState::Claimed | OutboxState::InData => OutboxState::Waiting,
        OutboxState::Bounced => OutboxState::Failed,
        other => other,
    }
}

pub fn outbox(row: &OutboxRow) -> Value {
    json!({
        "id": row.id,
        "ticket": row.ticket,
        "to": [address(&row.to)],
        "subject": row.subject,
        "template": row.template,
        "state": outbox_state(row.state).word(),
        "attempts": row.attempts,
        "nextAttemptAt": time(row.next_attempt_at),
        "lastReply": row.last_reply,
        "messageId": row.message_id,
        "queuedAt": rfc3339(row.queued_at),
    })
}

pub fn quarantine(row: &QuarantineRow) -> Value {
    json!({
        "id": row.id,
        "mailbox": row.mailbox,
        "digest": row.digest,
        "from": written_address(&row.from),
        "subject": (!row.subject.is_empty()).then_some(&row.subject),
        "receivedAt": rfc3339(row.received_at),
        "because": row.because,
        "attempts": row.attempts,
    })
}

/// An address that was kept as one text: `Name <email>`, or the address alone. Null where nothing could be read.
fn written_address(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Null;
    }
    match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        Some((name, email)) => address(&Address::new(Some(name.trim()), email)),
        None => address(&Address::new(None, text)),
    }
}

pub fn contact(c: &Contact) -> Value {
    json!({
        "email": c.email,
        "name": c.name,
        "organisation": c.organisation,
        "manager": c.manager,
        "language": c.language.map(|l| l.code()),
        "sla": c.sla,
        "priority": c.priority.map(|p| p.word()),
        "note": c.note,
        "provenAt": time(c.proven_at),
    })
}

pub fn organisation(o: &Organisation) -> Value {
    json!({
        "name": o.name,
        "domains": o.domains,
        "manager": o.manager,
        "language": o.language.map(|l| l.code()),
        "sla": o.sla,
        "priority": o.priority.map(|p| p.word()),
        "note": o.note,
    })
}

fn checklist_item(item: &Item) -> Value {
    json!({
        "text": item.text,
        "doneBy": item.done.as_ref().map(|done| &done.by),
        "doneAt": time(item.done.as_ref().map(|done| done.at)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Believed;
    use crate::model::message::Reply;
    use crate::model::ticket::{Direction, EntryKind};
    use crate::model::{AddrSpec, Language, Priority, Status};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    fn example() -> Ticket {
        Ticket {
            subject: "Tlačiareň nejde".into(),
            status: Status::Waiting,
            category: Some("printing".into()),
            priority: Priority::High,
            contact: Some("jan@firma.example".into()),
            organisation: Some("Firma".into()),
            verified: true,
            owner: Some("jana".into()),
            participants: vec![Participant {
                name: None,
                email: "eva@firma.example".into(),
                added_by: "jan@firma.example".into(),
            }],
            updated_at: at("2026-11-22T10:00:00.5Z"),
            resolve_due_at: Some(at("2026-11-24T09:00:00Z")),
            first_responded_at: Some(at("2026-11-22T10:00:00Z")),
            linked: vec![1040],
            thread: vec!["a@firma.example".into()],
            entries: 1,
            ..Ticket::opened(
                1042,
                "support",
                Address::new(Some("Ján Novák"), "jan@firma.example"),
                Language::Sk,
                at("2026-11-22T09:00:00Z"),
            )
        }
    }

    #[test]
    fn a_ticket_is_written_as_the_contract_says() {
        let golden = json!({
            "number": 1042, "subject": "Tlačiareň nejde", "status": "waiting", "category": "printing",
            "priority": "high", "language": "sk", "mailbox": "support",
            "requester": {"name": "Ján Novák", "email": "jan@firma.example"},
            "contact": "jan@firma.example", "organisation": "Firma", "verified": true, "owner": "jana", "group": null,
            "participants": [{"name": null, "email": "eva@firma.example", "addedBy": "jan@firma.example"}],
            "createdAt": "2026-11-22T09:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
            "firstResponseDueAt": null, "resolveDueAt": "2026-11-24T09:00:00Z",
            "firstRespondedAt": "2026-11-22T10:00:00Z", "resolvedAt": null, "snoozedUntil": null,
            "mergedInto": null, "linked": [1040], "restricted": false, "asks": [], "tags": [], "watchers": [], "minutes": 0, "checklist": [],
            "articles": {"offered": [], "helped": false},
        });
        assert_eq!(ticket(&example()).to_string(), golden.to_string());
    }

    #[test]
    fn a_whole_ticket_has_its_messages_and_history() {
        let entry = Entry {
            ticket: 1042,
            seq: 1,
            direction: Direction::Incoming,
            kind: EntryKind::Request,
            from: Address::new(None, "jan@firma.example"),
            to: vec![Address::new(Some("Podpora"), "podpora@acme.example")],
            at: at("2026-11-22T09:00:00Z"),
            subject: "Tlačiareň nejde".into(),
            text: "Nejde.\n-- \nJán".into(),
            reply: Reply { text: "Nejde.".into(), signature: "Ján".into(), ..Reply::default() },
            attachments: vec![AttachmentInfo {
                name: None,
                media_type: "image/png".into(),
                size: 7,
                disposition: "inline".into(),
                cid: Some("x@y".into()),
                sha256: "00".repeat(32),
            }],
            message_id: None,
            believed: Some(Believed::Verified),
            raw: true,
        };
        let line = HistoryLine {
            ticket: 1042,
            at: at("2026-11-22T09:00:00Z"),
            actor: "desk".into(),
            change: TicketChange::Assigned { owner: Some("jana".into()), group: None },
            because: "The desk's owner".into(),
        };
        let whole = ticket_whole(&example(), &[entry], &[line], &[]);
        let messages = json!([{
            "seq": 1, "direction": "incoming", "kind": "request",
            "from": {"name": null, "email": "jan@firma.example"},
            "to": [{"name": "Podpora", "email": "podpora@acme.example"}],
            "at": "2026-11-22T09:00:00Z", "subject": "Tlačiareň nejde", "text": "Nejde.\n-- \nJán",
            "reply": {"text": "Nejde.", "quoted": "", "signature": "Ján"},
            "attachments": [{"name": null, "type": "image/png", "size": 7, "disposition": "inline", "cid": "x@y",
                             "sha256": "00".repeat(32)}],
            "messageId": null, "believed": "verified",
        }]);
        let lines = json!([{
            "at": "2026-11-22T09:00:00Z", "actor": "desk", "change": "owner: jana", "because": "The desk's owner",
            "detail": {"type": "assigned", "owner": "jana", "group": null},
        }]);
        assert_eq!(whole["messages"].to_string(), messages.to_string());
        assert_eq!(whole["history"].to_string(), lines.to_string());
        let Value::Object(list) = ticket(&example()) else { panic!("an object") };
        assert!(list.iter().all(|(key, value)| whole.get(key) == Some(value)));
    }

    #[test]
    fn changes_read_like_words_and_keep_their_fields() {
        let said = TicketChange::Said { direction: Direction::Incoming, kind: EntryKind::Reply, seq: 3 };
        assert_eq!(change(&said), "reply (message 3)");
        assert_eq!(detail(&said), json!({"type": "said", "direction": "incoming", "kind": "reply", "seq": 3}));
        assert_eq!(change(&TicketChange::Status { to: Status::Waiting }), "status: waiting");
        assert_eq!(change(&TicketChange::Created), "created");
        assert_eq!(detail(&TicketChange::Created), json!({"type": "created"}));
        let snoozed = TicketChange::Snoozed { until: at("2026-12-01T08:00:00Z") };
        assert_eq!(change(&snoozed), "snoozed until: 2026-12-01T08:00:00Z");
        assert_eq!(detail(&snoozed), json!({"type": "snoozed", "until": "2026-12-01T08:00:00Z"}));
    }

    #[test]
    fn outbox_and_quarantine_rows_are_written_as_the_contract_says() {
        let row = OutboxRow {
            id: 7,
            ticket: None,
            to: Address::new(None, "jan@firma.example"),
            subject: "S".into(),
            template: "alarm".into(),
            state: OutboxState::Deferred,
            attempts: 2,
            next_attempt_at: Some(at("2026-11-22T10:00:00Z")),
            last_reply: Some("451 4.3.0 later".into()),
            message_id: "pd.x@desk.example".into(),
            queued_at: at("2026-11-22T09:00:00Z"),
        };
        let golden = json!({
            "id": 7, "ticket": null, "to": [{"name": null, "email": "jan@firma.example"}], "subject": "S",
            "template": "alarm", "state": "deferred", "attempts": 2, "nextAttemptAt": "2026-11-22T10:00:00Z",
            "lastReply": "451 4.3.0 later", "messageId": "pd.x@desk.example", "queuedAt": "2026-11-22T09:00:00Z",
        });
        assert_eq!(outbox(&row).to_string(), golden.to_string());
        for (state, word) in
            [("bounced", "failed"), ("failed", "failed"), ("claimed", "waiting"), ("in-data", "waiting")]
        {
            let state = OutboxState::from_word(state).expect("a state");
            assert_eq!(outbox(&OutboxRow { state, ..row.clone() })["state"], word);
        }

        let row = QuarantineRow {
            id: 3,
            mailbox: "support".into(),
            digest: "ab".repeat(32),
            from: "Ján <jan@firma.example>".into(),
            subject: "S".into(),
            received_at: at("2026-11-22T09:00:00Z"),
            because: "Two From fields".into(),
            attempts: 1,
        };
        let golden = json!({
            "id": 3, "mailbox": "support", "digest": "ab".repeat(32),
            "from": {"name": "Ján", "email": "jan@firma.example"}, "subject": "S",
            "receivedAt": "2026-11-22T09:00:00Z", "because": "Two From fields", "attempts": 1,
        });
        assert_eq!(quarantine(&row).to_string(), golden.to_string());
        assert_eq!(written_address(" "), Value::Null);
        assert_eq!(written_address("x@y.example"), json!({"name": null, "email": "x@y.example"}));
        assert_eq!(written_address("<x@y.example>"), json!({"name": null, "email": "x@y.example"}));
    }

    #[test]
    fn a_contact_has_all_its_keys() {
        let spec = AddrSpec::parse("jan@firma.example").expect("valid");
        let c = Contact { language: Some(Language::De), ..Contact::of(spec) };
        let golden = json!({
            "email": "jan@firma.example", "name": null, "organisation": null, "manager": null, "language": "de",
            "sla": null, "priority": null, "note": null, "provenAt": null,
        });
        assert_eq!(contact(&c).to_string(), golden.to_string());
    }
}
