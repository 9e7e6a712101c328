//! Nothing is lost and nothing is taken in twice, whatever people and servers do to a mailbox: the real program as a
//! daemon, against a real Dovecot.

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod backup;
mod clocks;
mod disk;
mod disk_faults;
mod folder;
mod health;
mod hostile;
mod kept;
mod lies;
mod load;
mod people;
mod poison;
mod proxy;
mod sweep;
