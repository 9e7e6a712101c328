-- Which words the search index has (a view of it, which keeps nothing of its own), and lists of ended tickets.

CREATE VIRTUAL TABLE entry_vocabulary USING fts5vocab (entry_words, instance);
CREATE INDEX ticket_ended ON ticket (status, updated_at, number) WHERE live = 0;
