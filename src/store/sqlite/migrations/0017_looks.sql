-- What contacts and organisations look like: also names and addresses, and domains but for one letter. Filled by the program
-- when it brings a database up to date.

DROP TABLE domain_skeleton;
CREATE TABLE looks (
    kind TEXT NOT NULL,
    whose TEXT NOT NULL,
    looks TEXT NOT NULL,
    backwards TEXT NOT NULL,
    PRIMARY KEY (kind, whose)
) STRICT;
CREATE INDEX looks_of ON looks (kind, looks);
CREATE INDEX looks_backwards ON looks (kind, backwards);
