//! Mail that somebody hands over: .eml files, folders of them, Maildirs, mbox files, standard input.
