-- What waited before there were ranks gets its own: see Template::rank.
--
-- From this version on the keys of the desk's own Message-IDs begin with their ticket's number (message_key in sql.rs). Those
-- that are there stay as they are, and are found.

UPDATE outbox SET rank = 1 WHERE state = 'waiting' AND attempts = 0 AND template NOT IN
    ('acknowledgement', 'acknowledgement-minimal', 'answer', 'reminder', 'closed', 'resolved', 'confirm', 'confirm-over',
     'page', 'alarm');
