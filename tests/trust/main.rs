//! Whom the desk believes, and what belongs where: the rules of `docs/trust.md`, from the facts' side.

mod dns;
mod fixture;
mod from_shapes;
mod own_check;
mod signing;
mod table;
mod threads;
mod verdicts;
