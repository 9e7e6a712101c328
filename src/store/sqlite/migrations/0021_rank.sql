-- What goes first of the mail that waits: see Template::rank.

ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_fresh;
CREATE INDEX outbox_fresh ON outbox (rank, id) WHERE state = 'waiting' AND attempts = 0;
