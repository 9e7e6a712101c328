//! Whom the desk believes, and what belongs where: the rules of `docs/trust.md`, from the facts' side.

#[allow(dead_code)]
mod dns;
mod fixture;
mod from_shapes;
mod genuine;
mod own_check;
#[allow(dead_code)]
mod pipeline;
mod signing;
mod table;
mod threads;
mod verdicts;
