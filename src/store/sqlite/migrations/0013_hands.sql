-- Tags, watchers and booked time.

ALTER TABLE ticket ADD COLUMN hands TEXT NOT NULL DEFAULT '{}';

CREATE TABLE tag (
    tag TEXT NOT NULL,
    ticket INTEGER NOT NULL REFERENCES ticket (number) ON DELETE CASCADE,
    PRIMARY KEY (tag, ticket)
) STRICT;
CREATE INDEX tag_ticket ON tag (ticket);

CREATE TABLE times (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket INTEGER NOT NULL REFERENCES ticket (number) ON DELETE CASCADE,
    agent TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX times_ticket ON times (ticket);
CREATE INDEX times_at ON times (at);
