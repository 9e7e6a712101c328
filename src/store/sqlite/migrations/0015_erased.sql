-- Mails that were erased at a person's request, so that they are not taken in again.

CREATE TABLE erased (
    mark TEXT PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('erased', 0);
