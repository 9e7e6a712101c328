-- Mails whose sender is to be checked again, because the DNS did not answer.

CREATE TABLE recheck (
    digest BLOB PRIMARY KEY NOT NULL,
    mailbox TEXT NOT NULL,
    ticket INTEGER,
    seq INTEGER,
    hold INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX recheck_due ON recheck (due_at);
