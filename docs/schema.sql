-- The database of postdesk, as it stands after every migration in src/store/sqlite/migrations/.
-- tests/schema_doc.rs holds this file equal to the real one, column by column, and asks a word about each column.
--
-- Times are microseconds since 1970-01-01 in UTC. Truth is 0 or 1. Lists are JSON. NULL means "there is none" where a
-- column allows it. Words (states, kinds) are those of src/model/; the database does not check them, the program that
-- reads them does. PRAGMA application_id is 0x5044736b ("PDsk"), PRAGMA user_version the number of migrations done.

-- Numbers that are given once and never again.
CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL, -- 'next-ticket', 'next-hold'; 'erased': how many rows that table has
    value INTEGER NOT NULL -- the number that is given next
) STRICT;

-- Raw mails, whole: everything else about a mail can be derived from it again. The same bytes are kept once.
CREATE TABLE raw (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
    digest BLOB NOT NULL UNIQUE, -- SHA-256 of the bytes as they came
    size INTEGER NOT NULL, -- bytes before packing; unpacking is bounded by it
    received_at INTEGER NOT NULL, -- when the mail first reached us (IMAP INTERNALDATE)
    packed BLOB NOT NULL -- the bytes, zstd (RFC 8878)
) STRICT;

-- Every item that a source ever showed, and what became of it. Rows are never deleted: their keys keep a mail from
-- being taken in twice even after its ticket, and everything about its sender, was erased.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- also the number of a mail in quarantine
    mailbox TEXT NOT NULL, -- name of the configured mailbox
    folder TEXT NOT NULL, -- IMAP folder; 'maildir'; 'file' for mail that was handed over
    uid_validity INTEGER NOT NULL DEFAULT 0, -- IMAP UIDVALIDITY; 0 elsewhere
    uid INTEGER NOT NULL DEFAULT 0, -- IMAP UID; 0 elsewhere
    name TEXT NOT NULL DEFAULT '', -- unique name in a Maildir; digest of a mail handed over; empty for IMAP
    discovered_at INTEGER NOT NULL, -- when the source first showed it
    attempts INTEGER NOT NULL DEFAULT 0, -- tries to take it in, counted before each
    received_at INTEGER, -- when the mail reached us; NULL until it was read
    truncated_from INTEGER, -- full size in bytes, where more came than the desk takes in
    digest BLOB, -- SHA-256 of the bytes; NULL until it was read, and after an erasure
    fingerprint BLOB, -- SHA-256 of the content, whatever the hops wrote into the header; NULL where it could not be parsed
    message_key BLOB, -- SHA-256 of the Message-ID, brackets and case of the domain aside; of one that looks like the desk's own, the ticket's number (8 bytes) and the beginning of that; NULL where there is none
    raw INTEGER REFERENCES raw (id), -- the mail itself; NULL until it was read, and after an erasure
    fate TEXT, -- ticket, appended, bounce, duplicate, ignored, quarantined, order; NULL while only discovered
    ticket INTEGER, -- the ticket in which it ended, where one did; it may be erased since
    because TEXT NOT NULL DEFAULT '', -- why, of the ignored and the quarantined
    reasons TEXT NOT NULL DEFAULT '[]', -- list of sentences: how it was decided
    sender TEXT NOT NULL DEFAULT '', -- who wrote it; only while it is in quarantine
    subject TEXT NOT NULL DEFAULT '', -- its subject; only while it is in quarantine
    settled_at INTEGER, -- when it got its fate
    filed_at INTEGER, -- when it was moved to the archive folder, or at once where nothing is to be moved
    reopened INTEGER NOT NULL DEFAULT 0, -- 1: in quarantine, and the next ingestion gives it a new fate
    UNIQUE (mailbox, folder, uid_validity, uid, name)
) STRICT;
CREATE INDEX ledger_digest ON ledger (digest) WHERE digest IS NOT NULL;
CREATE INDEX ledger_message ON ledger (message_key, fingerprint) WHERE message_key IS NOT NULL;
CREATE INDEX ledger_unfiled ON ledger (mailbox, id) WHERE fate IS NOT NULL AND filed_at IS NULL;
CREATE INDEX ledger_quarantined ON ledger (id) WHERE fate = 'quarantined';
CREATE INDEX ledger_open ON ledger (mailbox, id) WHERE fate IS NULL;
CREATE INDEX ledger_discovered ON ledger (discovered_at);

-- How far each folder of a source was taken in.
CREATE TABLE cursor (
    mailbox TEXT NOT NULL, -- name of the configured mailbox
    folder TEXT NOT NULL, -- IMAP folder
    uid_validity INTEGER NOT NULL, -- under which the next column counts
    last_uid INTEGER NOT NULL, -- every UID up to this one is in the ledger, or was there before the desk came
    since INTEGER NOT NULL DEFAULT 0, -- mail that arrived before this time is old: it was there before the desk came, or is not wanted
    by_date_up_to INTEGER NOT NULL DEFAULT 0, -- UIDs up to this one are judged by the time of their arrival, later ones are new
    there_before INTEGER NOT NULL DEFAULT 0, -- UIDs up to this one were there before the desk came, and have no rows
    PRIMARY KEY (mailbox, folder)
) STRICT;

-- Tickets as they stand, each written whole.
CREATE TABLE ticket (
    number INTEGER PRIMARY KEY, -- as people say it: from 1001, without gaps, never given twice
    subject TEXT NOT NULL DEFAULT '', -- of the mail that opened it
    status TEXT NOT NULL, -- new, open, waiting, snoozed, resolved, closed, merged
    live INTEGER NOT NULL, -- 1 where the status means that somebody still owes something
    category TEXT, -- name of the configured category
    priority TEXT NOT NULL, -- low, normal, high, urgent
    language TEXT NOT NULL, -- ISO 639-1: in which the desk writes to the requester
    mailbox TEXT NOT NULL, -- name of the mailbox through which it came and is answered
    requester_name TEXT, -- as the requester's mail gave it
    requester_email TEXT NOT NULL DEFAULT '', -- as the requester's mail gave it
    requester_key TEXT NOT NULL DEFAULT '', -- the address in lower case, by which it is found
    contact TEXT, -- address of the contact, once the sender was believed to be that contact
    organisation TEXT, -- name of the organisation
    verified INTEGER NOT NULL DEFAULT 0, -- 1: the mail that opened it was believed
    restricted INTEGER NOT NULL DEFAULT 0, -- 1: asks for what is done for verified senders only
    owner TEXT, -- name of the agent
    owner_group TEXT, -- name of the group whose turn it is, or through which the owner was found
    participants TEXT NOT NULL DEFAULT '[]', -- list of {name, email, added_by}: who else gets copies
    created_at INTEGER NOT NULL, -- when it was opened
    updated_at INTEGER NOT NULL, -- when something last happened to it
    first_response_due_at INTEGER, -- by when somebody must have answered
    resolve_due_at INTEGER, -- by when it must be resolved
    first_responded_at INTEGER, -- when an agent first answered
    resolved_at INTEGER, -- when it was resolved or closed
    snoozed_until INTEGER, -- until when it is put away
    merged_into INTEGER, -- the ticket in which it lives on
    linked TEXT NOT NULL DEFAULT '[]', -- list of numbers of tickets that may belong to it
    thread TEXT NOT NULL DEFAULT '[]', -- list of Message-IDs of the conversation, oldest first
    entries INTEGER NOT NULL DEFAULT 0, -- how many entries it has
    service TEXT NOT NULL DEFAULT '{}', -- what was promised for it and how far that has come, see src/model/promise.rs
    clock_at INTEGER, -- when the clock has to look at it next
    urgency INTEGER NOT NULL DEFAULT 0, -- 1: its customer called it urgent; 2: and was heeded
    access TEXT NOT NULL DEFAULT '{}', -- which tokens still open it, addresses that an agent may let in, and where its first mail wanted answers, see src/model/access.rs
    hands TEXT NOT NULL DEFAULT '{}', -- tags, watchers, booked time and the checklist, see src/model/hands.rs
    sla TEXT, -- name of its SLA; as in service, for reports
    stopped_at INTEGER, -- since when its clock stands; as in service, for reports
    waits TEXT, -- when its clock stood before: list of [from, until]; as in service, for reports; NULL where it never did
    offered TEXT, -- list of the articles that its acknowledgement offered; as in service, for reports; NULL where it did not
    helped INTEGER NOT NULL DEFAULT 0 -- 1: its customer then said that it is solved, before an agent answered; as in service
) STRICT;
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ticket_clock ON ticket (clock_at) WHERE clock_at IS NOT NULL;
CREATE INDEX ticket_of_organisation ON ticket (organisation, number) WHERE organisation IS NOT NULL;
CREATE INDEX ticket_updated ON ticket (updated_at, number);
CREATE INDEX ticket_live ON ticket (updated_at, number) WHERE live = 1;
CREATE INDEX ticket_ended ON ticket (status, updated_at, number) WHERE live = 0;
CREATE INDEX ticket_requester ON ticket (requester_key, created_at, number);
CREATE INDEX ticket_organisation ON ticket (organisation, updated_at) WHERE organisation IS NOT NULL;
CREATE INDEX ticket_figures ON ticket (created_at, status, category, organisation, owner, urgency, first_response_due_at, resolve_due_at, first_responded_at, resolved_at, sla, stopped_at, waits);
CREATE INDEX ticket_offered ON ticket (created_at, offered, helped) WHERE offered IS NOT NULL;
CREATE INDEX ticket_resolved ON ticket (resolved_at, created_at) WHERE resolved_at IS NOT NULL;

-- Which tickets have which tags: those of ticket.hands, to find them by.
CREATE TABLE tag (
    tag TEXT NOT NULL, -- in lower case
    ticket INTEGER NOT NULL REFERENCES ticket (number) ON DELETE CASCADE, -- which has it
    PRIMARY KEY (tag, ticket)
) STRICT;
CREATE INDEX tag_ticket ON tag (ticket);

-- Time that agents booked on tickets.
CREATE TABLE times (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which it was booked
    ticket INTEGER NOT NULL REFERENCES ticket (number) ON DELETE CASCADE, -- on which
    agent TEXT NOT NULL, -- name of the agent
    minutes INTEGER NOT NULL, -- how long
    at INTEGER NOT NULL, -- when it was booked
    organisation TEXT -- of which firm the ticket was then: on its account it goes
) STRICT;
CREATE INDEX times_ticket ON times (ticket);
CREATE INDEX times_at ON times (at);
CREATE INDEX times_organisation ON times (organisation, at, minutes) WHERE organisation IS NOT NULL;

-- Live tickets of each agent, kept by triggers so that assigning costs the same with a million tickets.
CREATE TABLE load (
    owner TEXT PRIMARY KEY NOT NULL, -- name of the agent
    tickets INTEGER NOT NULL DEFAULT 0 -- how many live tickets the agent owns
) STRICT;
CREATE TRIGGER load_of_new_ticket AFTER INSERT ON ticket
WHEN NEW.live = 1 AND NEW.owner IS NOT NULL
BEGIN
    INSERT INTO load (owner, tickets) VALUES (NEW.owner, 1)
    ON CONFLICT (owner) DO UPDATE SET tickets = tickets + 1;
END;
CREATE TRIGGER load_of_changed_ticket AFTER UPDATE OF live, owner ON ticket
WHEN OLD.live <> NEW.live OR OLD.owner IS NOT NEW.owner
BEGIN
    UPDATE load SET tickets = tickets - 1 WHERE OLD.live = 1 AND owner = OLD.owner;
    INSERT INTO load (owner, tickets) SELECT NEW.owner, 1 WHERE NEW.live = 1 AND NEW.owner IS NOT NULL
    ON CONFLICT (owner) DO UPDATE SET tickets = tickets + 1;
END;
CREATE TRIGGER load_of_erased_ticket AFTER DELETE ON ticket
WHEN OLD.live = 1 AND OLD.owner IS NOT NULL
BEGIN
    UPDATE load SET tickets = tickets - 1 WHERE owner = OLD.owner;
END;

-- What was said on a ticket: mails in, mails out, notes.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order of arrival over all tickets
    ticket INTEGER NOT NULL REFERENCES ticket (number), -- where it stands
    seq INTEGER NOT NULL, -- 1, 2, 3, … within the ticket
    direction TEXT NOT NULL, -- incoming, outgoing, note
    kind TEXT NOT NULL, -- request, reply, external, automatic, acknowledgement, answer, note
    from_name TEXT, -- who said it
    from_email TEXT NOT NULL DEFAULT '', -- who said it
    recipients TEXT NOT NULL DEFAULT '[]', -- list of {name, email}
    at INTEGER NOT NULL, -- when it was said
    subject TEXT NOT NULL DEFAULT '', -- decoded
    text TEXT NOT NULL DEFAULT '', -- all of the text
    reply TEXT NOT NULL DEFAULT '', -- what was said this time
    quoted TEXT NOT NULL DEFAULT '', -- the history below it, folded away
    signature TEXT NOT NULL DEFAULT '', -- the signature, folded away
    marker INTEGER NOT NULL DEFAULT 0, -- 1: the desk's marker line was found, and what it heads was cut
    attachments TEXT NOT NULL DEFAULT '[]', -- list of {name, type, size, disposition, cid, sha256}
    message_id TEXT, -- without angle brackets
    message_key BLOB, -- as in ledger, by which replies find the ticket
    believed TEXT, -- verified, unauthenticated, failed; NULL where no mail came in
    raw INTEGER REFERENCES raw (id), -- the mail of which it was read; NULL for what the desk wrote itself
    UNIQUE (ticket, seq)
) STRICT;
CREATE INDEX entry_message ON entry (message_key) WHERE message_key IS NOT NULL;

-- How many entries there were, kept by a trigger for reports: it outlives the entries.
CREATE TABLE volume (
    quarter INTEGER NOT NULL, -- quarters of an hour since 1970-01-01 (UTC) in which they were said
    kind TEXT NOT NULL, -- as in entry
    mails INTEGER NOT NULL, -- how many
    PRIMARY KEY (quarter, kind)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER volume_of_entry AFTER INSERT ON entry
BEGIN
    INSERT INTO volume (quarter, kind, mails) VALUES (NEW.at / 900000000, NEW.kind, 1)
    ON CONFLICT (quarter, kind) DO UPDATE SET mails = mails + 1;
END;

-- Words of entries, folded (src/model/text.rs) before they come here. Contentless: it can find, but not tell.
-- rowid = ticket * 2^20 + seq.
CREATE VIRTUAL TABLE entry_words USING fts5 (
    subject, -- of the ticket
    requester, -- name and address
    text, -- the reply's first 32 KB
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
-- The index's own words, to look up which begin alike. Keeps nothing.
CREATE VIRTUAL TABLE entry_vocabulary USING fts5vocab (entry_words, instance);

-- What happened to tickets. Only ever added to.
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which it happened
    ticket INTEGER NOT NULL REFERENCES ticket (number), -- to which one
    at INTEGER NOT NULL, -- when it happened
    actor TEXT NOT NULL, -- an agent's name, customer, desk or operator
    change TEXT NOT NULL, -- JSON: TicketChange of src/model/ticket.rs
    because TEXT NOT NULL DEFAULT '' -- why, in words
) STRICT;
CREATE INDEX history_ticket ON history (ticket, id);

-- Mails on their way out, one row a recipient.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of queueing; never used again
    template TEXT NOT NULL, -- what kind of mail it is: Template of src/model/outgoing.rs
    ticket INTEGER, -- to which ticket it belongs; NULL for alarms
    language TEXT NOT NULL, -- ISO 639-1
    mailbox TEXT NOT NULL, -- name of the mailbox in whose name it leaves
    envelope_from TEXT, -- envelope sender; NULL is the null path
    to_name TEXT, -- the recipient
    to_email TEXT NOT NULL, -- the recipient
    subject TEXT NOT NULL DEFAULT '', -- as in its header, decoded
    message_id TEXT NOT NULL, -- without angle brackets; the same at every try
    message_key BLOB NOT NULL, -- as in ledger, by which a bounce finds it
    state TEXT NOT NULL, -- waiting, deferred, failed, claimed, in-data, sent, bounced, observed, dropped
    attempts INTEGER NOT NULL DEFAULT 0, -- tries, counted before each
    due_at INTEGER, -- next try, or end of the lease of who is sending it; NULL: at once (never tried) or not by itself
    ambiguous INTEGER NOT NULL DEFAULT 0, -- 1: a try ended between the final dot and the reply, so it may have arrived
    queued_at INTEGER NOT NULL, -- when it was written
    changed_at INTEGER NOT NULL, -- when its state last changed
    last_reply TEXT, -- what the server said last, or what stands for it, on one line
    rank INTEGER NOT NULL DEFAULT 0 -- of what waits, the lower goes first: Template::rank
) STRICT;
CREATE INDEX outbox_fresh ON outbox (rank, id) WHERE state = 'waiting' AND attempts = 0;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced');
CREATE INDEX outbox_message ON outbox (message_key);
CREATE INDEX outbox_alarm ON outbox (queued_at) WHERE template = 'alarm';

-- Their bytes, apart, because a row of outbox is rewritten at every step of its way.
CREATE TABLE outbox_bytes (
    outbox INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE, -- whose they are
    bytes BLOB NOT NULL, -- the finished mail (RFC 5322) without its pieces: these leave, at every try the same
    pieces TEXT, -- list of {at, start, end, form}: before which of the bytes which of a raw mail's stand, see src/model/content.rs; NULL where it has none
    raw INTEGER REFERENCES raw (id) ON DELETE CASCADE -- the mail that has the pieces; NULL where it has none
) STRICT;
CREATE INDEX outbox_bytes_raw ON outbox_bytes (raw) WHERE raw IS NOT NULL;

-- Acknowledgements that count against the budgets. Old rows are deleted as new ones come.
CREATE TABLE acknowledgement (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were decided
    at INTEGER NOT NULL, -- when it was decided
    email TEXT NOT NULL, -- to whom, in lower case
    domain TEXT NOT NULL -- what stands after the @
) STRICT;
CREATE INDEX acknowledgement_at ON acknowledgement (at);
CREATE INDEX acknowledgement_email ON acknowledgement (email, at);
CREATE INDEX acknowledgement_domain ON acknowledgement (domain, at);

-- Whose turn it was last in groups that take turns.
CREATE TABLE turn (
    owner_group TEXT PRIMARY KEY NOT NULL, -- name of the group
    member TEXT NOT NULL -- name of the agent chosen last
) STRICT;

-- Customer firms.
CREATE TABLE organisation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- for organisation_domain
    name TEXT NOT NULL UNIQUE, -- by which contacts and tickets refer to it
    manager TEXT, -- name of the agent or group that looks after it
    language TEXT, -- ISO 639-1
    sla TEXT, -- name of the configured SLA
    priority TEXT, -- low, normal, high, urgent
    note TEXT, -- for agents
    changed_at INTEGER NOT NULL -- when this row was last written
) STRICT;

-- By which addresses a firm's people are known.
CREATE TABLE organisation_domain (
    domain TEXT PRIMARY KEY NOT NULL, -- in lower case; exactly this one, not those below it
    organisation INTEGER NOT NULL REFERENCES organisation (id) ON DELETE CASCADE -- whose it is
) STRICT;
CREATE INDEX organisation_domain_of ON organisation_domain (organisation);

-- People whom the desk knows.
CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order of coming
    email TEXT NOT NULL UNIQUE, -- in lower case
    name TEXT, -- what to call them
    organisation TEXT, -- name of the organisation
    manager TEXT, -- name of the agent or group that looks after them
    language TEXT, -- ISO 639-1
    sla TEXT, -- name of the configured SLA
    priority TEXT, -- low, normal, high, urgent
    note TEXT, -- for agents
    proven_at INTEGER, -- when the address was last proven; never taken back
    changed_at INTEGER NOT NULL, -- when this row was last written
    person INTEGER -- the same for all addresses of one person: the smallest of their ids; NULL where only this one is known
) STRICT;
CREATE INDEX contact_person ON contact (person) WHERE person IS NOT NULL;

-- What waits, or waited, for an answer from a registered address.
CREATE TABLE hold (
    number INTEGER PRIMARY KEY, -- in the tokens of the confirmation mail; never given twice; no ticket's
    kind TEXT NOT NULL, -- agent (a mail in an agent's name), request (a restricted one), address (a contact's), alternate (an agent's further one)
    who TEXT NOT NULL, -- the agent's name, or the address in lower case: to whom the tokens are bound
    ticket INTEGER, -- what it is about
    digest BLOB, -- SHA-256 of the raw mail that waits in quarantine; NULL where no mail does
    state TEXT NOT NULL, -- waiting, released (the mail is to be decided again), done, denied
    made_at INTEGER NOT NULL, -- when it was asked
    until INTEGER NOT NULL, -- an answer after this does nothing
    told INTEGER NOT NULL DEFAULT 0 -- 1: who answered too late, or again, was told so
) STRICT;
CREATE INDEX hold_who ON hold (who, made_at);
CREATE INDEX hold_digest ON hold (digest) WHERE digest IS NOT NULL;
CREATE INDEX hold_released ON hold (number) WHERE state = 'released';
CREATE INDEX hold_mail ON hold (made_at) WHERE kind = 'mail';

-- Mails with ticket checks that do not hold. Old rows are deleted as new ones come.
CREATE TABLE guess (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came
    at INTEGER NOT NULL, -- when it was decided
    email TEXT NOT NULL, -- the address in From, in lower case; empty where there is none
    proven INTEGER NOT NULL, -- 1: the mail was verified
    wrong INTEGER NOT NULL -- how many guesses it counts as
) STRICT;
CREATE INDEX guess_at ON guess (at);
CREATE INDEX guess_email ON guess (email, proven, at);

-- Senders who guessed too often: their ticket checks count for nothing for a while.
CREATE TABLE mistrust (
    email TEXT NOT NULL, -- the address in From, in lower case
    proven INTEGER NOT NULL, -- 1: its verified mails, 0: the others
    until INTEGER NOT NULL, -- until when; then the row is deleted
    PRIMARY KEY (email, proven)
) STRICT;
CREATE INDEX mistrust_until ON mistrust (until);

-- How mail to an address fared.
CREATE TABLE conduct (
    email TEXT PRIMARY KEY NOT NULL, -- in lower case
    failures INTEGER NOT NULL DEFAULT 0, -- mails that came back for good since the last sign of life
    failed_at INTEGER, -- when the last of them did
    complained_at INTEGER -- when a mail of the desk's was reported as unwanted from there
) STRICT;

-- What was learnt of agents' addresses. `auth forget` deletes a row.
CREATE TABLE agent_address (
    email TEXT PRIMARY KEY NOT NULL, -- in lower case
    strong_since INTEGER, -- when mail from it was first strongly proven: from then on proof is asked of it
    answered_at INTEGER -- when a mail that only the agent could read was last answered from it
) STRICT;

-- Signatures by which mails were proven. Old rows are deleted as new ones come.
CREATE TABLE signature (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came
    mark TEXT NOT NULL UNIQUE, -- keyed digest of the signature (RFC 6376, b=)
    consequences BLOB NOT NULL -- SHA-256 of all in the mail from which something follows: another one with this signature is a replay
) STRICT;

-- Mails whose sender is to be checked again, because the DNS did not answer.
CREATE TABLE recheck (
    digest BLOB PRIMARY KEY NOT NULL, -- SHA-256 of the raw mail
    mailbox TEXT NOT NULL, -- to which it came
    ticket INTEGER, -- in which it stands; NULL while it is in quarantine
    seq INTEGER, -- which entry of that ticket it is
    hold INTEGER, -- the question to a contact that it caused
    tries INTEGER NOT NULL DEFAULT 0, -- counted before each
    due_at INTEGER NOT NULL -- when it is checked next
) STRICT;
CREATE INDEX recheck_due ON recheck (due_at);

-- How much mail comes from an address. Old rows are deleted as new ones come.
CREATE TABLE pace (
    email TEXT NOT NULL, -- the address in From, in lower case
    proven INTEGER NOT NULL, -- 1: its verified mails, 0: the others
    since INTEGER NOT NULL, -- when the hour began in which they are counted, by the mails' own times
    mails INTEGER NOT NULL, -- how many came in it
    parked_until INTEGER, -- its mail is put aside until then
    PRIMARY KEY (email, proven)
) STRICT;
CREATE INDEX pace_since ON pace (since);

-- How much mail machines wrote. Rows older than 60 days are deleted.
CREATE TABLE automatic (
    day INTEGER PRIMARY KEY, -- days since 1970-01-01 (UTC)
    mails INTEGER NOT NULL -- how many came
) STRICT;

-- By which numbers other desks call our tickets. Old rows are deleted as new ones come.
CREATE TABLE peer_tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were told
    email TEXT NOT NULL, -- of the other desk, in lower case
    tag TEXT NOT NULL, -- its number, as it stands in a subject, folded
    ticket INTEGER NOT NULL, -- number of the ticket of ours that it means
    UNIQUE (email, tag)
) STRICT;

-- What contacts and organisations look like, to find those who only look like them.
CREATE TABLE looks (
    kind TEXT NOT NULL, -- domain (an organisation's), address, name (a contact's)
    whose TEXT NOT NULL, -- the domain, or the contact's address
    looks TEXT NOT NULL, -- what is left without what an eye overlooks
    backwards TEXT NOT NULL, -- the same from its end
    PRIMARY KEY (kind, whose)
) STRICT;
CREATE INDEX looks_of ON looks (kind, looks);
CREATE INDEX looks_backwards ON looks (kind, backwards);

-- What people must hear of and have not heard yet. A row is written in the transaction that causes it, and deleted in the
-- one that queues the mail which tells of it.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which it happened
    at INTEGER NOT NULL, -- when it first happened
    kind TEXT NOT NULL, -- alarm, quarantined, undelivered
    what TEXT NOT NULL, -- of an alarm the sentence; of quarantined the mailbox; else empty
    times INTEGER NOT NULL DEFAULT 1, -- how often it happened since it was last told
    outbox INTEGER REFERENCES outbox (id) ON DELETE CASCADE -- the mail that will not go again by itself, of undelivered
) STRICT;
CREATE UNIQUE INDEX notice_once ON notice (kind, what) WHERE outbox IS NULL;
CREATE UNIQUE INDEX notice_outbox ON notice (outbox) WHERE outbox IS NOT NULL;

-- When something was last said, done or seen.
CREATE TABLE moment (
    what TEXT PRIMARY KEY NOT NULL, -- such as 'morning', 'alarm', 'open:support', 'trouble:support:login', 'digest:jana', 'digest-off:jana'
    at INTEGER NOT NULL -- when that was, the last time
) STRICT;

-- Mails that were erased at a person's request, so that a mailbox that still has them does not bring them back. Rows are never
-- deleted; without the desk's key they tell nothing.
CREATE TABLE erased (
    mark TEXT PRIMARY KEY NOT NULL, -- keyed digest of a mail's bytes, or of its content
    at INTEGER NOT NULL -- when it was erased
) STRICT;
