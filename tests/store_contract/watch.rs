//! What people must hear of, when what was last said, and what came when.

use jiff::SignedDuration;
use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::Lookup;
use postdesk::model::outgoing::{Attempt, SmtpReply, Template};
use postdesk::store::pack;
use postdesk::store::watch::{ALARMS_MAX, Noticed};

use super::support::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn alarms(store: &dyn Both) -> Vec<(String, u32)> {
    let notices = store.notices().expect("reads").into_iter();
    let alarm = |notice: postdesk::store::watch::Notice| match notice.what {
        Noticed::Alarm(sentence) => Some((sentence, notice.times)),
        _ => None,
    };
    notices.filter_map(alarm).collect()
}

fn order(store: &dyn Both, change: impl FnOnce(&mut Commit)) {
    let mut commit = Commit::new(Action::Command, Fate::Order);
    change(&mut commit);
    let plan: postdesk::store::Plan = std::sync::Arc::new(move |_| commit.clone());
    store.order(&Lookup::default(), &plan, noon()).expect("is written");
}

pub fn what_people_must_hear_of_stands_until_it_is_told(place: &BackEnd) {
    let store = place.open();
    for _ in 0..3 {
        order(&*store, |commit| commit.alarms.push("A loop".to_owned()));
    }
    store.quarantine(&mail(1).incoming(), pack(&mail(1).raw()).expect("packs"), "broken", noon()).expect("puts aside");
    drop(store);
    // Whoever kills the desk now takes nothing away.
    let store = place.open();
    let notices = store.notices().expect("reads");
    assert_eq!(notices.len(), 2);
    assert_eq!((&notices[0].what, notices[0].times, notices[0].at), (&Noticed::Alarm("A loop".into()), 3, noon()));
    assert_eq!(notices[1].what, Noticed::Quarantined { mailbox: "podpora".into() });
    // A mail that is tried again and stays where it is is no news.
    let id = store.quarantined().expect("reads")[0].id;
    let again = store.quarantine_reopen(id).expect("reopens").expect("is there");
    store.quarantine(&again, pack(&again.raw).expect("packs"), "still broken", noon()).expect("puts aside");
    assert_eq!(store.notices().expect("reads")[1].times, 1);
    order(&*store, |commit| commit.told.push(notices[0].id));
    assert_eq!(store.notices().expect("reads").len(), 1);
    order(&*store, |commit| commit.alarms.push("A loop".to_owned()));
    assert_eq!(alarms(&*store), [("A loop".to_owned(), 1)], "what happens after it was told is news");
}

pub fn mail_that_does_not_leave_is_noted_with_its_end(place: &BackEnd) {
    let store = place.open();
    let mails = ["refused", "taken", "unwritable", "again"].map(|name| {
        let to = if name == "unwritable" { "no address" } else { "a@b.example" };
        outgoing(Template::Answer, None, to, name)
    });
    store.order(&Lookup::default(), &sends(mails.to_vec()), noon()).expect("queues");
    let lease = std::time::Duration::from_secs(600);
    let claimed = store.claim(noon(), lease, 10).expect("claims");
    let id = |name: &str| claimed.iter().find(|e| e.message_id.starts_with(name)).expect("is claimed").id;
    let reply = |code, text: &str| SmtpReply { code, enhanced: None, text: text.to_owned() };
    let no = Attempt::Rejected(reply(550, "No such person"));
    store.settle(id("refused"), &no, None, noon()).expect("settles");
    store.settle(id("taken"), &Attempt::Accepted(reply(250, "ok")), None, noon()).expect("settles");
    store.settle(id("again"), &no, None, noon()).expect("settles");
    // An operator who takes one in hand need not be told of it.
    store.outbox_retry(Some(id("again")), noon()).expect("retries");
    let failed: Vec<_> = store
        .notices()
        .expect("reads")
        .into_iter()
        .map(|notice| match notice.what {
            Noticed::Undelivered(failure) => failure,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(failed.len(), 2);
    assert_eq!((failed[0].to.email.as_str(), failed[0].attempts), ("no address", 0));
    assert_eq!((failed[1].outbox, failed[1].template), (id("refused"), Template::Answer));
    assert_eq!((failed[1].last_reply.as_str(), failed[1].ambiguous), ("550 No such person", false));
}

pub fn a_flood_of_alarms_is_cut_off_and_counted(place: &BackEnd) {
    let store = place.open();
    for n in 0..ALARMS_MAX + 20 {
        order(&*store, |commit| commit.alarms.push(format!("Alarm {n}")));
    }
    assert_eq!(alarms(&*store).len(), ALARMS_MAX);
    order(&*store, |commit| commit.alarms.push("Alarm 7".to_owned()));
    assert!(alarms(&*store).contains(&("Alarm 7".to_owned(), 2)), "what is known is counted on");
}

pub fn a_thing_is_said_once_in_its_pause(place: &BackEnd) {
    let store = place.open();
    let say = |minutes: i64| {
        let now = noon() + SignedDuration::from_mins(minutes);
        store.note_moment("trouble:podpora:login", HOUR, Some("It is refused"), now).expect("is noted")
    };
    assert_eq!(store.moment("trouble:podpora:login").expect("reads"), None);
    assert_eq!([say(0), say(10), say(59), say(60), say(61)], [true, false, false, true, false]);
    assert_eq!(alarms(&*store), [("It is refused".to_owned(), 2)]);
    assert_eq!(store.moment("trouble:podpora:login").expect("reads"), Some(noon() + HOUR));
    // A clock that was set back does not silence the desk for years.
    assert!(say(-600_000));
    assert!(store.note_moment("other", HOUR, None, noon()).expect("is noted"));
    assert_eq!(alarms(&*store).len(), 1, "nothing is said of it");
}

pub fn what_came_is_told_in_the_order_of_discovery(place: &BackEnd) {
    let store = place.open();
    let hours = |n: i64| noon() + SignedDuration::from_hours(n);
    let keys: Vec<_> = (1..=6).map(|uid| mail(uid).key).collect();
    for (n, key) in keys.iter().enumerate() {
        store.discover("podpora", std::slice::from_ref(key), hours(n as i64)).expect("discovers");
    }
    // The third was there before the desk came, the fifth is only begun.
    let old = Fate::Ignored { because: "old".into() };
    store.give_fate("podpora", &keys[2..3], &old, hours(2)).expect("is given");
    for uid in [1, 2, 4, 6] {
        let mut one = mail(uid);
        one.received_at = hours(i64::from(uid));
        take_in(&*store, &one);
    }
    let received = |after, since| {
        let came = store.came(after, since, 10).expect("reads");
        (came.iter().map(|c| c.received_at).collect::<Vec<_>>(), came.last().map_or(0, |c| c.id))
    };
    let (all, last) = received(0, hours(-1));
    assert_eq!(all, [1, 2, 4, 6].map(hours));
    assert_eq!(received(last, hours(-1)), (vec![], 0));
    assert_eq!(received(0, hours(3)).0, [4, 6].map(hours), "discovered since then");
    assert_eq!(received(0, hours(99)).0, []);
    assert_eq!(store.came(0, hours(-1), 2).expect("reads").len(), 2);
    assert_eq!(store.counts(hours(3)).expect("counts"), (3, 2));
}
