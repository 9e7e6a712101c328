-- Who may yet come into a ticket, and which of its tokens still open it; tickets that live on in another one are found.

ALTER TABLE ticket ADD COLUMN access TEXT NOT NULL DEFAULT '{}';
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;
