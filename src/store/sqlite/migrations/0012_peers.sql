-- How much mail comes from an address, how much of all mail machines write, and by which number another desk calls a ticket.

CREATE TABLE pace (
    email TEXT NOT NULL,
    proven INTEGER NOT NULL,
    since INTEGER NOT NULL,
    mails INTEGER NOT NULL,
    parked_until INTEGER,
    PRIMARY KEY (email, proven)
) STRICT;
CREATE INDEX pace_since ON pace (since);

CREATE TABLE automatic (
    day INTEGER PRIMARY KEY,
    mails INTEGER NOT NULL
) STRICT;

CREATE TABLE peer_tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    tag TEXT NOT NULL,
    ticket INTEGER NOT NULL,
    UNIQUE (email, tag)
) STRICT;
