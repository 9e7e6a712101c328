-- What was learnt of agents' addresses.

CREATE TABLE agent_address (
    email TEXT PRIMARY KEY NOT NULL,
    strong_since INTEGER,
    answered_at INTEGER
) STRICT;
