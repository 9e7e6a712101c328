-- What was promised for each ticket, when the clock has to look at it, and whether its customer called it urgent.

ALTER TABLE ticket ADD COLUMN service TEXT NOT NULL DEFAULT '{}';
ALTER TABLE ticket ADD COLUMN clock_at INTEGER;
ALTER TABLE ticket ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
CREATE INDEX ticket_clock ON ticket (clock_at) WHERE clock_at IS NOT NULL;
CREATE INDEX ticket_of_organisation ON ticket (organisation, number) WHERE organisation IS NOT NULL;
