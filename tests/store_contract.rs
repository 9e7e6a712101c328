//! The promises of [`Store`] and [`Reading`], kept by every back end: the tests see only the two traits and a way to
//! open one. A second back end adds one line at the end of this file.

#[path = "store_contract/support.rs"]
mod support;

#[path = "store_contract/intake.rs"]
mod intake;

fn sqlite() -> support::BackEnd {
    support::BackEnd::sqlite()
}
