//! How results are printed: tables on a terminal, plain columns in a pipe, JSON Lines; never raw text from mails.
