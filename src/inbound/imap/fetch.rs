//! The bytes of mails: many to a command, one in memory, and exactly one answer for each.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_imap::imap_proto::{AttributeValue, Response};

use super::link::{Completion, Link, Reply, unexpected_continue};
use crate::inbound::error::{SourceError, will_pass};
use crate::inbound::{Fetched, Opened, Room, Shown, Sink, kept_of_oversize};

const DOING: &str = "the fetching of mail";
/// Mails to a command.
const AT_ONCE: usize = 100;

/// Wanted and not yet answered, by UID.
type Pending<'a> = BTreeMap<u32, &'a Shown>;

/// Where answers go, and for which mails there were some.
pub(super) struct Answers<'a> {
    sink: &'a Sink,
    given: HashSet<u32>,
}

impl<'a> Answers<'a> {
    pub(super) fn to(sink: &'a Sink) -> Self {
        Answers { sink, given: HashSet::new() }
    }

    pub(super) async fn give(&mut self, answer: Fetched) -> Result<(), SourceError> {
        let uid = answer.key().uid;
        self.sink.give(answer).await?;
        self.given.insert(uid);
        Ok(())
    }

    pub(super) fn has(&self, uid: u32) -> bool {
        self.given.contains(&uid)
    }
}

/// See [`crate::inbound::Source::fetch`].
pub(super) async fn fetch(
    link: &mut Link,
    opened: &Opened,
    wanted: &[&Shown],
    max_size: u64,
    answers: &mut Answers<'_>,
) -> Result<(), SourceError> {
    let small = |shown: &Shown| shown.size.is_some_and(|size| size <= max_size);
    let mut rest = wanted;
    while let Some(first) = rest.first() {
        let run = if small(first) { rest.iter().take(AT_ONCE).take_while(|s| small(s)).count() } else { 1 };
        let (now, later) = rest.split_at(run);
        rest = later;
        let mut pending = Pending::new();
        for shown in now {
            if shown.key.folder == opened.folder && shown.key.uid_validity == opened.uid_validity {
                pending.insert(shown.key.uid, shown);
            } else {
                // The folder was made anew: this UID would name another mail.
                answers.give(Fetched::Vanished { key: shown.key.clone() }).await?;
            }
        }
        fetch_run(link, pending, max_size, answers).await?;
    }
    Ok(())
}

/// Mails that are fetched by one command: all of them small, or a single one that is large or of unknown size.
async fn fetch_run(
    link: &mut Link,
    mut pending: Pending<'_>,
    max_size: u64,
    answers: &mut Answers<'_>,
) -> Result<(), SourceError> {
    if pending.is_empty() {
        return Ok(());
    }
    let all = pending.len();
    let done = ask(link, &mut pending, max_size, answers).await?;
    if pending.is_empty() {
        return Ok(());
    }
    if !done.ok && will_pass(&done.text) {
        return Err(SourceError::Refused { doing: DOING, because: done.text });
    }
    // An answer that lacks a mail may mean that it is gone, or that the server stumbled over it or over another one.
    let got_some = pending.len() < all;
    let there = still_there(link, &pending).await?;
    let mut withheld = Vec::new();
    let mut got_later = false;
    for (uid, shown) in pending {
        if !there.contains(&uid) {
            answers.give(Fetched::Vanished { key: shown.key.clone() }).await?;
            continue;
        }
        let mut alone = Pending::from([(uid, shown)]);
        let done = ask(link, &mut alone, max_size, answers).await?;
        if alone.is_empty() {
            got_later = true;
        } else {
            let because = if done.ok { "The server gives no content for it".to_owned() } else { done.text };
            withheld.push(Fetched::Withheld { key: shown.key.clone(), because });
        }
    }
    if !done.ok && withheld.len() > 1 && !got_some && !got_later {
        // All of them: it is the server's trouble, not the mails'.
        return Err(SourceError::Refused { doing: DOING, because: done.text });
    }
    for answer in withheld {
        answers.give(answer).await?;
    }
    Ok(())
}

/// Asks for all that is pending; what comes goes to the sink and is pending no more.
async fn ask(
    link: &mut Link,
    pending: &mut Pending<'_>,
    max_size: u64,
    answers: &mut Answers<'_>,
) -> Result<Completion, SourceError> {
    let kept = kept_of_oversize(max_size);
    let size = pending.values().map(|shown| shown.size).max().flatten();
    // A size of which the server was sure is checked by us; the others are cut by the server.
    let (item, literal) = match size {
        Some(size) if size <= max_size => {
            ("BODY.PEEK[]".to_owned(), max_size.saturating_mul(2).saturating_add(1024 * 1024))
        }
        Some(_) => (format!("BODY.PEEK[]<0.{kept}>"), kept),
        None => {
            let most = max_size.saturating_add(1).min(u64::from(u32::MAX));
            (format!("BODY.PEEK[]<0.{most}>"), most)
        }
    };
    link.allow_literal(Some(literal));
    let tag = link.send(&format!("UID FETCH {} (UID {item})", uid_set(pending.keys().copied())), DOING).await?;
    link.allow_answer(literal.saturating_mul(pending.len() as u64));
    loop {
        match link.next(&tag, DOING).await? {
            Reply::Untagged(heard) => {
                let Some((uid, body)) = heard.parsed().and_then(body_of) else { continue };
                let Some(shown) = pending.remove(&uid) else { continue };
                let mail = mail(shown, body, max_size);
                // The parser's buffer must not stand beside the copy while the sink is full.
                drop(heard);
                answers.give(mail).await?;
            }
            Reply::Done(done) => {
                link.allow_literal(None);
                return Ok(done);
            }
            Reply::Continue => return Err(unexpected_continue(DOING)),
        }
    }
}

/// UID and content of a FETCH answer. NIL and an empty string are no content: a mail has at least a line.
fn body_of<'a>(response: &'a Response<'_>) -> Option<(u32, &'a [u8])> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut body) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Some(*value),
            AttributeValue::BodySection { section: None, data: Some(data), .. } if !data.is_empty() => {
                body = Some(data.as_ref());
            }
            _ => {}
        }
    }
    Some((uid?, body?))
}

fn mail(shown: &Shown, body: &[u8], max_size: u64) -> Fetched {
    let got = body.len() as u64;
    let full = shown.size.unwrap_or(got).max(got);
    let oversize = full > max_size;
    let kept = if oversize {
        usize::try_from(kept_of_oversize(max_size)).unwrap_or(usize::MAX).min(body.len())
    } else {
        body.len()
    };
    Fetched::Mail {
        key: shown.key.clone(),
        raw: Arc::from(body.get(..kept).unwrap_or(body)),
        received_at: shown.received_at,
        truncated_from: oversize.then_some(full),
        room: Room::default(),
    }
}

/// Which of these the folder still has. The NOOP lets the server tell of what was expunged meanwhile, which it may not do
/// during a FETCH (RFC 3501 section 7.4.1).
async fn still_there(link: &mut Link, pending: &Pending<'_>) -> Result<Vec<u32>, SourceError> {
    link.must("NOOP", DOING, |_| ()).await?;
    let mut there = Vec::new();
    let done = link
        .run(&format!("UID FETCH {} (UID)", uid_set(pending.keys().copied())), DOING, |response| {
            if let Response::Fetch(_, attributes) = response {
                there.extend(attributes.iter().filter_map(|attribute| match attribute {
                    AttributeValue::Uid(uid) => Some(*uid),
                    _ => None,
                }));
            }
        })
        .await?;
    // Some servers refuse where nothing is left to tell of; others where they are in trouble. Both are taken for trouble.
    if !done.ok {
        return Err(SourceError::Refused { doing: DOING, because: done.text });
    }
    Ok(there)
}

/// Ascending UIDs as an IMAP set: `3:5,9`.
pub(super) fn uid_set(uids: impl IntoIterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => runs.push((uid, uid)),
        }
    }
    let written: Vec<String> =
        runs.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}:{b}") }).collect();
    written.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_short() {
        assert_eq!(uid_set([1, 2, 3, 5, 9, 10]), "1:3,5,9:10");
        assert_eq!(uid_set([u32::MAX - 1, u32::MAX]), "4294967294:4294967295");
        assert_eq!(uid_set([]), "");
    }
}
