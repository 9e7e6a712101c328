//! Attacks on a desk that has a victim's ticket with secrets in it, through the real pipeline: nobody is taken for another,
//! nobody is written to because a mail asked for it, no secret leaves.

mod bench;
#[path = "../trust/dns.rs"]
#[allow(dead_code)]
mod dns;
#[path = "../trust/signing.rs"]
#[allow(dead_code)]
mod signing;

mod accepts;
mod agents;
mod attacks;
mod bombs;
mod breakers;
mod exchange;
mod from_people;
mod genuine;
mod guesses;
mod leaks;
mod lookalike;
mod loops;
mod machines;
mod readers;
mod recheck;
mod replay;
mod revoked;
mod rules;
mod sound;
mod table;
