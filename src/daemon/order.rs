//! The way of an order that no mail brought: the store's answers, a decision, one transaction.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::model::{Action, Commit, Decision, Fate, Found, Lookup, Order, OrderKind, Policy};
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

/// The decision, its mails composed.
fn decide(_order: &Order, _found: &Found, _policy: &Policy, _now: Timestamp) -> Result<Commit, String> {
    Err("This version cannot change tickets from the command line".into())
}

/// What the store is asked about an order.
fn lookup(order: &Order) -> Lookup {
    let mut tickets = vec![order.ticket];
    if let OrderKind::Merge { into } = order.what {
        tickets.push(into);
    }
    Lookup { tickets, loads: matches!(order.what, OrderKind::Assign { .. }), ..Lookup::default() }
}

/// Runs a decision inside the store's transaction. A refusal writes nothing and comes out as [`OrderError::Refused`].
fn transact(
    store: &dyn Store,
    order: &Order,
    now: Timestamp,
    decide: impl Fn(&Order, &Found) -> Result<Commit, String> + Send + Sync + 'static,
) -> Result<Commit, OrderError> {
    // A plan cannot fail: it is what mails are decided by, and every mail has a fate. So a refusal becomes a decision to
    // do nothing, and its reason is carried out beside it. The store may run a plan again: the last run counts.
    let refusal = Arc::new(Mutex::new(None));
    let plan: Plan = {
        let (refusal, order) = (refusal.clone(), order.clone());
        Arc::new(move |found: Found| {
            let (commit, refused) = match decide(&order, &found) {
                Ok(commit) => (commit, None),
                Err(because) => (Decision::new(Action::Command, Fate::Order), Some(because)),
            };
            *refusal.lock().unwrap_or_else(PoisonError::into_inner) = refused;
            commit
        })
    };
    let commit = store.order(&lookup(order), &plan, now)?;
    let refused = refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
    refused.map_or(Ok(commit), |because| Err(OrderError::Refused(because)))
}
