-- How far a folder's old mail goes: without it nobody could tell later what was there before from what was skipped.
ALTER TABLE cursor ADD COLUMN there_before INTEGER NOT NULL DEFAULT 0;
UPDATE cursor SET there_before = coalesce(
    (SELECT min(ledger.uid) - 1 FROM ledger WHERE ledger.mailbox = cursor.mailbox AND ledger.folder = cursor.folder
     AND ledger.uid_validity = cursor.uid_validity AND ledger.uid > 0),
    last_uid
);
-- What was shown and has no fate yet.
CREATE INDEX ledger_open ON ledger (mailbox, id) WHERE fate IS NULL;
