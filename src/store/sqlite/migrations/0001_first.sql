-- The desk as it began. What each column means stands in docs/schema.sql. Never change this file: add the next one.

CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('next-ticket', 1001);

CREATE TABLE raw (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    packed BLOB NOT NULL
) STRICT;

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity INTEGER NOT NULL DEFAULT 0,
    uid INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    discovered_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER,
    truncated_from INTEGER,
    digest BLOB,
    fingerprint BLOB,
    message_key BLOB,
    raw INTEGER REFERENCES raw (id),
    fate TEXT,
    ticket INTEGER,
    because TEXT NOT NULL DEFAULT '',
    reasons TEXT NOT NULL DEFAULT '[]',
    sender TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    settled_at INTEGER,
    filed_at INTEGER,
    reopened INTEGER NOT NULL DEFAULT 0,
    UNIQUE (mailbox, folder, uid_validity, uid, name)
) STRICT;
CREATE INDEX ledger_digest ON ledger (digest) WHERE digest IS NOT NULL;
CREATE INDEX ledger_message ON ledger (message_key, fingerprint) WHERE message_key IS NOT NULL;
CREATE INDEX ledger_unfiled ON ledger (mailbox, id) WHERE fate IS NOT NULL AND filed_at IS NULL;
CREATE INDEX ledger_quarantined ON ledger (id) WHERE fate = 'quarantined';

CREATE TABLE cursor (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    last_uid INTEGER NOT NULL,
    since INTEGER NOT NULL DEFAULT 0,
    by_date_up_to INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, folder)
) STRICT;

CREATE TABLE ticket (
    number INTEGER PRIMARY KEY,
    subject TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    live INTEGER NOT NULL,
    category TEXT,
    priority TEXT NOT NULL,
    language TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    requester_name TEXT,
    requester_email TEXT NOT NULL DEFAULT '',
    requester_key TEXT NOT NULL DEFAULT '',
    contact TEXT,
    organisation TEXT,
    verified INTEGER NOT NULL DEFAULT 0,
    restricted INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    owner_group TEXT,
    participants TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    first_response_due_at INTEGER,
    resolve_due_at INTEGER,
    first_responded_at INTEGER,
    resolved_at INTEGER,
    snoozed_until INTEGER,
    merged_into INTEGER,
    linked TEXT NOT NULL DEFAULT '[]',
    thread TEXT NOT NULL DEFAULT '[]',
    entries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ticket_updated ON ticket (updated_at, number);
CREATE INDEX ticket_live ON ticket (updated_at, number) WHERE live = 1;
CREATE INDEX ticket_requester ON ticket (requester_key, created_at, number);
CREATE INDEX ticket_organisation ON ticket (organisation, updated_at) WHERE organisation IS NOT NULL;

CREATE TABLE load (
    owner TEXT PRIMARY KEY NOT NULL,
    tickets INTEGER NOT NULL DEFAULT 0
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

CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    seq INTEGER NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_name TEXT,
    from_email TEXT NOT NULL DEFAULT '',
    recipients TEXT NOT NULL DEFAULT '[]',
    at INTEGER NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    reply TEXT NOT NULL DEFAULT '',
    quoted TEXT NOT NULL DEFAULT '',
    signature TEXT NOT NULL DEFAULT '',
    marker INTEGER NOT NULL DEFAULT 0,
    attachments TEXT NOT NULL DEFAULT '[]',
    message_id TEXT,
    message_key BLOB,
    believed TEXT,
    raw INTEGER REFERENCES raw (id),
    UNIQUE (ticket, seq)
) STRICT;
CREATE INDEX entry_message ON entry (message_key) WHERE message_key IS NOT NULL;

CREATE VIRTUAL TABLE entry_words USING fts5 (
    subject, requester, text,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL REFERENCES ticket (number),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    change TEXT NOT NULL,
    because TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX history_ticket ON history (ticket, id);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    template TEXT NOT NULL,
    ticket INTEGER,
    language TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    envelope_from TEXT,
    to_name TEXT,
    to_email TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL,
    message_key BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER,
    ambiguous INTEGER NOT NULL DEFAULT 0,
    queued_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    last_reply TEXT
) STRICT;
CREATE INDEX outbox_fresh ON outbox (id) WHERE state = 'waiting' AND attempts = 0;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'deferred', 'failed', 'claimed', 'in-data', 'bounced');
CREATE INDEX outbox_message ON outbox (message_key);

CREATE TABLE outbox_bytes (
    outbox INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE acknowledgement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    email TEXT NOT NULL,
    domain TEXT NOT NULL
) STRICT;
CREATE INDEX acknowledgement_at ON acknowledgement (at);
CREATE INDEX acknowledgement_email ON acknowledgement (email, at);
CREATE INDEX acknowledgement_domain ON acknowledgement (domain, at);

CREATE TABLE turn (
    owner_group TEXT PRIMARY KEY NOT NULL,
    member TEXT NOT NULL
) STRICT;

CREATE TABLE organisation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    manager TEXT,
    language TEXT,
    sla TEXT,
    priority TEXT,
    note TEXT,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE organisation_domain (
    domain TEXT PRIMARY KEY NOT NULL,
    organisation INTEGER NOT NULL REFERENCES organisation (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX organisation_domain_of ON organisation_domain (organisation);

CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    name TEXT,
    organisation TEXT,
    manager TEXT,
    language TEXT,
    sla TEXT,
    priority TEXT,
    note TEXT,
    proven_at INTEGER,
    changed_at INTEGER NOT NULL
) STRICT;
