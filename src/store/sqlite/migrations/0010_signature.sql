-- Signatures by which mails were proven, so that none proves a second mail.

CREATE TABLE signature (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mark TEXT NOT NULL UNIQUE,
    consequences BLOB NOT NULL
) STRICT;
