//! The way of an order that no mail brought: the store's answers, a decision, one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::model::{Action, AddrSpec, Commit, Decision, Fate, Found, Lookup, Order, OrderKind, Policy};
use crate::store::{Plan, Store, StoreError};

/// Why an order was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The ticket's state, or who asks, does not allow it.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries out an order whole, or not at all. Returns what was written.
pub fn carry_out(store: &dyn Store, policy: &Policy, order: &Order, now: Timestamp) -> Result<Commit, OrderError> {
    let policy = policy.clone();
    transact(store, order, now, move |order, found| decide(order, found, &policy, now))
}

/// Asks a contact, at the address on file, to prove it by an answer.
pub fn verify_contact(
    store: &dyn Store,
    policy: &Policy,
    address: &AddrSpec,
    now: Timestamp,
) -> Result<Commit, OrderError> {
    let (sender, holds_of) = (Some(address.clone()), Some(address.to_string()));
    let asked = Lookup { sender, holds_of, ..Lookup::default() };
    let policy = policy.clone();
    transact_on(store, &asked, now, move |found| {
        crate::decide::verify(found, &policy, now).map(|decision| crate::compose::compose(decision, &policy))
    })
}

/// Asks at a further address of an agent's whether it is the agent's.
pub fn verify_alternate(
    store: &dyn Store,
    policy: &Policy,
    address: &AddrSpec,
    now: Timestamp,
) -> Result<Commit, OrderError> {
    let asked = Lookup { holds_of: Some(address.to_string()), ..Lookup::default() };
    let (policy, address) = (policy.clone(), address.clone());
    transact_on(store, &asked, now, move |found| {
        let decision = crate::decide::verify_alternate(&address, found, &policy, now)?;
        Ok(crate::compose::compose(decision, &policy))
    })
}

/// The decision, its mails composed.
fn decide(order: &Order, found: &Found, policy: &Policy, now: Timestamp) -> Result<Commit, String> {
    let decision = crate::decide::order(order, found, policy, now)?;
    Ok(super::ingest::finish(crate::compose::compose(decision, policy)))
}

/// What the store is asked about an order.
fn lookup(order: &Order) -> Lookup {
    let mut tickets = vec![order.ticket];
    if let OrderKind::Merge { into } = order.what {
        tickets.push(into);
    }
    let assigns = matches!(order.what, OrderKind::Assign { .. });
    let story = assigns || matches!(order.what, OrderKind::Revoke | OrderKind::Merge { .. });
    Lookup { tickets, story, loads: assigns, ..Lookup::default() }
}

/// [`transact_on`] what an order needs to know.
fn transact(
    store: &dyn Store,
    order: &Order,
    now: Timestamp,
    decide: impl Fn(&Order, &Found) -> Result<Commit, String> + Send + Sync + 'static,
) -> Result<Commit, OrderError> {
    let (asked, order) = (lookup(order), order.clone());
    transact_on(store, &asked, now, move |found| decide(&order, found))
}

/// Runs a decision inside the store's transaction. A refusal writes nothing and comes out as [`OrderError::Refused`].
fn transact_on(
    store: &dyn Store,
    asked: &Lookup,
    now: Timestamp,
    decide: impl Fn(&Found) -> Result<Commit, String> + Send + Sync + 'static,
) -> Result<Commit, OrderError> {
    // A plan cannot fail: it is what mails are decided by, and every mail has a fate. So a refusal becomes a decision to
    // do nothing, and its reason is carried out beside it. The store may run a plan again: the last run counts.
    let refusal = Arc::new(Mutex::new(None));
    let plan: Plan = {
        let refusal = refusal.clone();
        Arc::new(move |found: Found| {
            let (commit, refused) = match decide(&found) {
                Ok(commit) => (commit, None),
                Err(because) => (Decision::new(Action::Command, Fate::Order), Some(because)),
            };
            *refusal.lock().unwrap_or_else(PoisonError::into_inner) = refused;
            commit
        })
    };
    let commit = store.order(asked, &plan, now)?;
    let refused = refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
    refused.map_or(Ok(commit), |because| Err(OrderError::Refused(because)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ticket::FIRST_NUMBER;
    use crate::model::{Address, HistoryLine, Language, Status, Ticket, TicketChange};
    use crate::store::Reading as _;
    use crate::store::sqlite::SqliteStore;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("valid")
    }

    fn ticket(number: i64) -> Ticket {
        Ticket {
            status: Status::Open,
            ..Ticket::opened(number, "support", Address::new(None, "jan@firma.example"), Language::En, now())
        }
    }

    fn order(what: OrderKind) -> Order {
        Order { ticket: FIRST_NUMBER, actor: "jana".into(), what }
    }

    fn filled() -> std::sync::Arc<SqliteStore> {
        let store = SqliteStore::scratch().expect("opens");
        let made = |_: &Order, found: &Found| {
            let tickets = vec![ticket(found.next_ticket), ticket(found.next_ticket + 1)];
            Ok(Commit { tickets, ..Decision::new(Action::Command, Fate::Order) })
        };
        transact(store.as_ref(), &order(OrderKind::Close), now(), made).expect("is written");
        store
    }

    /// Closes the order's ticket as the store found it.
    fn close(order: &Order, found: &Found) -> Result<Commit, String> {
        let found = found.tickets.iter().find(|(asked, _)| *asked == order.ticket);
        let mut ticket = found.map(|(_, ticket)| ticket.clone()).ok_or("There is no such ticket")?;
        let change = TicketChange::Status { to: Status::Closed };
        ticket.apply(&change, now());
        let line = HistoryLine {
            ticket: ticket.number,
            at: now(),
            actor: order.actor.clone(),
            change,
            because: "An order".into(),
        };
        Ok(Commit { tickets: vec![ticket], history: vec![line], ..Decision::new(Action::Command, Fate::Order) })
    }

    #[test]
    fn an_order_is_decided_over_what_the_store_has_and_written_whole() {
        let store = filled();
        let commit = transact(store.as_ref(), &order(OrderKind::Close), now(), close).expect("is carried out");
        assert_eq!(commit.history.len(), 1);
        let ticket = store.ticket(FIRST_NUMBER).expect("is read").expect("is there");
        assert_eq!(ticket.status, Status::Closed);
        assert_eq!(store.history(FIRST_NUMBER).expect("is read"), commit.history);
    }

    #[test]
    fn a_refused_order_writes_nothing_and_says_why() {
        let store = filled();
        let unknown = Order { ticket: 1099, ..order(OrderKind::Close) };
        let refused = transact(store.as_ref(), &unknown, now(), close).expect_err("is refused");
        assert!(matches!(&refused, OrderError::Refused(why) if why == "There is no such ticket"), "{refused:?}");
        assert_eq!(store.ticket(FIRST_NUMBER).expect("is read").map(|t| t.status), Some(Status::Open));
        assert!(store.history(FIRST_NUMBER).expect("is read").is_empty());
    }

    #[test]
    fn both_tickets_of_a_merge_are_looked_up() {
        let store = filled();
        let both =
            |_: &Order, found: &Found| Err(format!("{:?}", found.tickets.iter().map(|t| t.0).collect::<Vec<_>>()));
        let merge = order(OrderKind::Merge { into: FIRST_NUMBER + 1 });
        let refused = transact(store.as_ref(), &merge, now(), both).expect_err("is refused");
        assert_eq!(refused.to_string(), "[1001, 1002]");
    }
}
