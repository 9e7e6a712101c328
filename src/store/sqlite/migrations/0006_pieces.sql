-- Outgoing mails take pieces from a kept mail instead of keeping them a second time.

ALTER TABLE outbox_bytes ADD COLUMN pieces TEXT;
ALTER TABLE outbox_bytes ADD COLUMN raw INTEGER REFERENCES raw (id) ON DELETE CASCADE;
CREATE INDEX outbox_bytes_raw ON outbox_bytes (raw) WHERE raw IS NOT NULL;

-- What is asked at the start and once a week looks at a few rows, however many there are.

CREATE INDEX outbox_alarm ON outbox (queued_at) WHERE template = 'alarm';
CREATE INDEX ledger_discovered ON ledger (discovered_at);
