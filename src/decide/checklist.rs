//! A numbered list of requests in the mail that opens a ticket becomes its checklist; agents tick items off.

use crate::model::checklist::numbered;
use crate::model::{EntryText, TicketChange};

use super::work::Work;
