-- What people must hear of, written in the transaction that caused it; and when what was last said, done or seen.

CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    outbox INTEGER REFERENCES outbox (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX notice_once ON notice (kind, what) WHERE outbox IS NULL;
CREATE UNIQUE INDEX notice_outbox ON notice (outbox) WHERE outbox IS NOT NULL;

CREATE TABLE moment (
    what TEXT PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- An agent may be asked about a mail that was put aside.
CREATE INDEX hold_mail ON hold (made_at) WHERE kind = 'mail';
