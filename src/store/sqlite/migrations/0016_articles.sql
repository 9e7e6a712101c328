-- Which articles a ticket's acknowledgement offered, and whether its customer said that it is solved, before an agent answered.

ALTER TABLE ticket ADD COLUMN offered TEXT;
ALTER TABLE ticket ADD COLUMN helped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX ticket_offered ON ticket (created_at, offered, helped) WHERE offered IS NOT NULL;
