//! The SQLite back end: one writer thread, WAL, readers beside.
