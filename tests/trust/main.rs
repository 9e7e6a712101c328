//! Whom the desk believes, and what belongs where: the rules of `docs/trust.md`, from the facts' side.

mod fixture;
mod from_shapes;
mod table;
mod threads;
mod verdicts;
