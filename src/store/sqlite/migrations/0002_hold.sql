-- What waits for a word from a registered address. What each column means stands in docs/schema.sql. Never change this
-- file: add the next one.

INSERT INTO counter (name, value) VALUES ('next-hold', 1);

CREATE TABLE hold (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    ticket INTEGER,
    digest BLOB,
    state TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX hold_who ON hold (who, made_at);
CREATE INDEX hold_digest ON hold (digest) WHERE digest IS NOT NULL;
CREATE INDEX hold_released ON hold (number) WHERE state = 'released';
