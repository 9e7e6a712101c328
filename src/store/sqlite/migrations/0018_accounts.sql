-- For which firm time was booked: its account is that of the firm to which the ticket belonged then.

ALTER TABLE times ADD COLUMN organisation TEXT;
UPDATE times SET organisation = (SELECT organisation FROM ticket WHERE number = times.ticket);
CREATE INDEX times_organisation ON times (organisation, at, minutes) WHERE organisation IS NOT NULL;
