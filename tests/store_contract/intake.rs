//! The way of a mail: ledger, savepoints, dedupe, quarantine, what is written and how it is read back.

use postdesk::store::{Reading, Store, TicketFilter};

use super::support::*;

#[test]
fn a_mail_becomes_a_ticket_with_all_that_belongs_to_it() {
    let place = super::sqlite();
    let store = place.open();
    let number = opened(&take_in(&*store, &mail(1)));
    assert_eq!(number, 1001);
    let ticket = store.ticket(number).expect("reads").expect("is there");
    assert_eq!(ticket.subject, "Nejde mi tlačiareň 1");
    assert_eq!(store.tickets(&TicketFilter::default()).expect("lists"), vec![ticket]);
    assert_eq!(store.entries(number).expect("reads").len(), 1);
    assert_eq!(store.history(number).expect("reads").len(), 1);
    assert_eq!(store.raw_mails(number).expect("reads"), vec![(noon(), mail(1).raw())]);
    let claimed = store.claim(noon(), std::time::Duration::from_secs(60), 10).expect("claims");
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].attempts, 1);
    assert_eq!(store.ledger("podpora", "INBOX").expect("reads").len(), 1);
}
