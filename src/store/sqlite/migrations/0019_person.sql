-- Several addresses of one person.

ALTER TABLE contact ADD COLUMN person INTEGER;
CREATE INDEX contact_person ON contact (person) WHERE person IS NOT NULL;
