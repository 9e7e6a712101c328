-- What is remembered of addresses: guesses, mail that came back, complaints; and which domains look alike.

CREATE TABLE guess (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    email TEXT NOT NULL,
    proven INTEGER NOT NULL,
    wrong INTEGER NOT NULL
) STRICT;
CREATE INDEX guess_at ON guess (at);
CREATE INDEX guess_email ON guess (email, proven, at);

CREATE TABLE mistrust (
    email TEXT NOT NULL,
    proven INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (email, proven)
) STRICT;
CREATE INDEX mistrust_until ON mistrust (until);

CREATE TABLE conduct (
    email TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    failed_at INTEGER,
    complained_at INTEGER
) STRICT;

CREATE TABLE domain_skeleton (
    domain TEXT PRIMARY KEY NOT NULL REFERENCES organisation_domain (domain) ON DELETE CASCADE,
    skeleton TEXT NOT NULL
) STRICT;
CREATE INDEX domain_skeleton_of ON domain_skeleton (skeleton);
