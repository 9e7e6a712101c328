//! Floor 1: reports. [`Gathering`] counts what the store shows and makes [`Figures`] of it; [`sections`] lays them out as
//! tables for every form of output; [`page()`] is the one with charts. Pure: no clock, no I/O.

mod figures;
mod gather;
mod page;
mod section;
mod svg;

pub use figures::{
    Account, Agent, Article, Basis, Day, Figures, Kept, Mails, Measure, Spread, Tally, Times, Totals, Undelivered,
    Urgency, percentile,
};
pub use gather::Gathering;
pub use page::{Heading, page};
pub use section::{Column, Kind, Section, Span, Value, duration, percent, sections};
