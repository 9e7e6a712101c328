//! Contacts and organisations, and lists for people.

use postdesk::model::decision::{Action, Commit, Fate};
use postdesk::model::facts::{Contact, Lookup, Organisation};
use postdesk::model::ticket::{Priority, Status, Ticket};
use postdesk::model::{Address, Language};
use postdesk::store::{ContactCounts, TicketFilter};

use super::support::*;

pub fn contact(email: &str) -> Contact {
    Contact::of(spec(email))
}

fn counts(added: usize, updated: usize, unchanged: usize) -> ContactCounts {
    ContactCounts { added, updated, unchanged }
}

pub fn an_import_adds_updates_and_forgets_nothing(place: &BackEnd) {
    let store = place.open();
    let whole = Contact {
        name: Some("Jana Ľ.".to_owned()),
        organisation: Some("Firma".to_owned()),
        manager: Some("eva".to_owned()),
        language: Some(Language::Sl),
        sla: Some("gold".to_owned()),
        priority: Some(Priority::High),
        note: Some("VIP".to_owned()),
        ..contact("Jana@firma.example")
    };
    let firm = Organisation {
        name: "Firma".to_owned(),
        domains: vec!["Firma.example".to_owned()],
        manager: Some("ivo".to_owned()),
        language: Some(Language::De),
        sla: Some("silver".to_owned()),
        priority: Some(Priority::Low),
        note: Some("n".to_owned()),
    };
    let put = |contacts: &[Contact], firms: &[Organisation]| store.put_contacts(contacts, firms, noon()).expect("puts");
    assert_eq!(put(std::slice::from_ref(&whole), std::slice::from_ref(&firm)), counts(2, 0, 0));
    assert_eq!(store.contact("JANA@firma.example").expect("reads"), Some(whole.clone()));
    assert_eq!(put(&[contact("jana@firma.example")], &[]), counts(0, 0, 1), "what is None leaves what is known");
    let renamed = Contact { name: Some("Jana Nová".to_owned()), ..contact("jana@firma.example") };
    let more =
        Organisation { domains: vec!["firma.test".to_owned()], name: "Firma".to_owned(), ..Organisation::default() };
    assert_eq!(put(&[renamed], &[more]), counts(0, 2, 0));
    assert_eq!(store.contacts().expect("reads"), [Contact { name: Some("Jana Nová".to_owned()), ..whole }]);
    let domains = vec!["firma.example".to_owned(), "firma.test".to_owned()];
    assert_eq!(store.organisations().expect("reads"), [Organisation { domains, ..firm }]);
    assert_eq!(store.contact("x@firma.example").expect("reads"), None);
}

pub fn a_proof_is_never_taken_away(place: &BackEnd) {
    let store = place.open();
    let proven = |at| Contact { proven_at: at, ..contact("jana@firma.example") };
    let known = |at| {
        store.put_contacts(&[proven(at)], &[], noon()).expect("puts");
        store.contact("jana@firma.example").expect("reads").expect("is there").proven_at
    };
    assert_eq!(known(None), None);
    assert_eq!(known(Some(noon())), Some(noon()));
    assert_eq!(known(None), Some(noon()));
    assert_eq!(known(Some(noon() - minutes(60))), Some(noon()), "an older proof is not the last one");
    assert_eq!(known(Some(noon() + minutes(60))), Some(noon() + minutes(60)));
}

pub fn the_organisation_is_the_contacts_else_the_domains(place: &BackEnd) {
    let store = place.open();
    let firm = |name: &str, domain: &str| Organisation {
        name: name.to_owned(),
        domains: vec![domain.to_owned()],
        ..Organisation::default()
    };
    let external = Contact { organisation: Some("Iná".to_owned()), ..contact("externista@firma.example") };
    let named = Contact { organisation: Some("Len meno".to_owned()), ..contact("x@y.example") };
    let people = [external, contact("jana@firma.example"), named];
    store.put_contacts(&people, &[firm("Firma", "firma.example"), firm("Iná", "ina.example")], noon()).expect("puts");
    let told = |email: &str| {
        let told = found(&*store, &Lookup { sender: Some(spec(email)), ..Lookup::default() }, noon());
        (told.contact.is_some(), told.organisation.map(|o| o.name))
    };
    assert_eq!(told("externista@firma.example"), (true, Some("Iná".to_owned())));
    assert_eq!(told("jana@firma.example"), (true, Some("Firma".to_owned())));
    assert_eq!(told("nikto@firma.example"), (false, Some("Firma".to_owned())));
    assert_eq!(told("nikto@pod.firma.example"), (false, None), "a subdomain may be anybody's");
    assert_eq!(told("x@y.example"), (true, Some("Len meno".to_owned())));
    // A domain belongs to one: the last who claims it.
    store.put_contacts(&[], &[firm("Iná", "firma.example")], noon()).expect("puts");
    assert_eq!(told("nikto@firma.example").1.as_deref(), Some("Iná"));
}

pub fn a_search_folds_case_and_diacritics(place: &BackEnd) {
    let store = place.open();
    let cases = [
        ("Faktúra za apríl", "durdevic@firma.example", "Đurđević z Łodzi píše o Straße"),
        ("Žiadosť", "jana@firma.example", "nič"),
    ];
    for (uid, (subject, from, text)) in (1..).zip(cases) {
        let mail = Mail { subject: subject.to_owned(), from, text: text.to_owned(), ..mail(uid) };
        opened(&take_in(&*store, &mail));
    }
    let search = |words: &str| -> Vec<i64> {
        let filter = TicketFilter { search: Some(words.to_owned()), ..TicketFilter::default() };
        store.tickets(&filter).expect("searches").iter().map(|ticket| ticket.number).collect()
    };
    for words in ["faktura", "FAKTÚRA", "durdevic", "Đurđević", "lodz", "strasse", "april faktur", "firma durdevic"]
    {
        assert!(search(words).contains(&1001), "{words}");
    }
    assert_eq!(search("ziadost"), [1002]);
    assert_eq!(search("jana@firma.example"), [1002]);
    assert_eq!(search("jana@firma.exam"), [1002]);
    assert_eq!(search("firma@jana.example"), Vec::<i64>::new(), "what stands together is found together");
    assert_eq!(search("firma jana example"), [1002]);
    assert_eq!(search("faktura ziadost"), Vec::<i64>::new(), "all the words");
    assert_eq!(search("nenajde"), Vec::<i64>::new());
    // Words of later entries count, and words may stand in different ones.
    let mut commit = Commit::new(Action::Command, Fate::Order);
    commit.entries.push(entry(1002, 2, "eva@acme.example", "s", "dobropis pripravený", None, noon()));
    store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
    assert_eq!(search("dobropis nic"), [1002]);
}

/// A beginning that few words have is looked for in another way than one that many have, and a word that is in many tickets
/// in another way than one that is in few: the answers are the same.
pub fn a_search_finds_the_same_whichever_way_it_goes(place: &BackEnd) {
    let store = place.open();
    const TICKETS: i64 = 1_300;
    let opened: Vec<Ticket> = (0..TICKETS)
        .map(|n| {
            let mut ticket = ticket(1001 + n, "a@b.example", "Tlačiareň", noon() + minutes(n));
            // The newest change is not the newest number.
            ticket.updated_at = noon() + minutes((n * 7) % TICKETS);
            if n % 3 == 0 {
                ticket.status = Status::Closed;
            }
            ticket
        })
        .collect();
    for part in opened.chunks(100) {
        let mut commit = Commit::new(Action::Command, Fate::Order);
        for ticket in part {
            let frequency = if ticket.number % 50 == 0 { "vzacne" } else { "bezne" };
            let itself = if ticket.number % 100 == 0 { "kod" } else { "" };
            let text = format!("serial{0:04} kod{0:04} {itself} {frequency}", ticket.number);
            commit.entries.push(entry(ticket.number, 1, "a@b.example", "s", &text, None, noon()));
        }
        commit.tickets = part.to_vec();
        store.order(&Lookup::default(), &fixed(commit), noon()).expect("is written");
    }
    let newest = |fits: &dyn Fn(&Ticket) -> bool, limit: usize| -> Vec<i64> {
        let mut fitting: Vec<&Ticket> = opened.iter().filter(|ticket| fits(ticket)).collect();
        fitting.sort_by_key(|ticket| std::cmp::Reverse((ticket.updated_at, ticket.number)));
        fitting.iter().take(limit).map(|ticket| ticket.number).collect()
    };
    let search = |words: &str, limit: Option<usize>, all: bool| -> Vec<i64> {
        let filter = TicketFilter { search: Some(words.to_owned()), limit, all, ..TicketFilter::default() };
        store.tickets(&filter).expect("searches").iter().map(|ticket| ticket.number).collect()
    };
    let live = |ticket: &Ticket| ticket.status.is_live();
    for limit in [Some(20), None] {
        let shown = limit.unwrap_or(usize::MAX);
        // In every ticket; 1,300 words begin so.
        assert_eq!(search("tlaciaren", limit, true), newest(&|_| true, shown));
        assert_eq!(search("serial", limit, true), newest(&|_| true, shown));
        assert_eq!(search("serial tlac", limit, false), newest(&live, shown));
        // So do as many with this, which is a word of its own.
        assert_eq!(search("kod", limit, true), newest(&|t| t.number % 100 == 0, shown));
        // Ten words begin so; one does.
        assert_eq!(search("serial205", limit, true), newest(&|t| (2050..2060).contains(&t.number), shown));
        assert_eq!(search("serial2053", limit, true), [2053]);
        assert_eq!(search("vzac", limit, true), newest(&|t| t.number % 50 == 0, shown));
        assert_eq!(
            search("bez serial20", limit, false),
            newest(&|t| live(t) && (2000..2100).contains(&t.number) && t.number % 50 != 0, shown)
        );
    }
    let closed = TicketFilter { status: Some(Status::Closed), limit: Some(20), ..TicketFilter::default() };
    let closed: Vec<i64> = store.tickets(&closed).expect("lists").iter().map(|ticket| ticket.number).collect();
    assert_eq!(closed, newest(&|t| !live(t), 20));
}

pub fn a_search_is_never_a_query(place: &BackEnd) {
    let store = place.open();
    opened(&take_in(&*store, &Mail { subject: "[ACME-1042-k7q2m9xf] a-b \"c\"".to_owned(), ..mail(1) }));
    let nasty = [
        "[ACME-1042]",
        "a-b",
        "\"",
        "\"c",
        "a AND",
        "NOT",
        "subject:x",
        "*",
        "NEAR(a b",
        "'; DROP TABLE ticket; --",
        "^a",
        "+",
        "",
        "   ",
        "{a}",
        "\0",
        "%",
    ];
    for words in nasty {
        let filter = TicketFilter { search: Some(words.to_owned()), ..TicketFilter::default() };
        store.tickets(&filter).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    let filter = TicketFilter { search: Some("[acme-1042-K7Q2M9XF]".to_owned()), ..TicketFilter::default() };
    assert_eq!(store.tickets(&filter).expect("searches").len(), 1);
}

pub fn lists_are_filtered_and_newest_first(place: &BackEnd) {
    let store = place.open();
    let mut tickets: Vec<Ticket> = (0..6).map(|n| ticket(1001 + n, "a@b.example", "t", noon() + minutes(n))).collect();
    tickets[0].updated_at = noon() + minutes(100);
    tickets[1].owner = Some("Eva".to_owned());
    tickets[1].category = Some("tlač".to_owned());
    tickets[2].group = Some("it".to_owned());
    tickets[2].priority = Priority::Urgent;
    tickets[3].status = Status::Closed;
    tickets[3].owner = Some("eva".to_owned());
    tickets[4].organisation = Some("Firma".to_owned());
    tickets[4].requester = Address::new(None, "Jana@Firma.example");
    tickets[5].mailbox = "predaj".to_owned();
    tickets[5].status = Status::Waiting;
    put_tickets(&*store, tickets);
    let list = |filter: TicketFilter| -> Vec<i64> {
        store.tickets(&filter).expect("lists").iter().map(|ticket| ticket.number).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let none = TicketFilter::default;
    assert_eq!(list(none()), [1001, 1006, 1005, 1003, 1002], "live ones, newest change first");
    assert_eq!(list(TicketFilter { all: true, ..none() }), [1001, 1006, 1005, 1004, 1003, 1002]);
    assert_eq!(list(TicketFilter { limit: Some(2), ..none() }), [1001, 1006]);
    assert_eq!(list(TicketFilter { status: Some(Status::Closed), ..none() }), [1004], "asked for by name");
    assert_eq!(list(TicketFilter { status: Some(Status::Waiting), ..none() }), [1006]);
    assert_eq!(list(TicketFilter { owner: some("eva"), ..none() }), [1002]);
    assert_eq!(list(TicketFilter { owner: some("EVA"), all: true, ..none() }), [1004, 1002]);
    assert_eq!(list(TicketFilter { owner: some("it"), ..none() }), [1003]);
    assert_eq!(list(TicketFilter { unassigned: true, ..none() }), [1001, 1006, 1005, 1003]);
    assert_eq!(list(TicketFilter { category: some("tlač"), ..none() }), [1002]);
    assert_eq!(list(TicketFilter { priority: Some(Priority::Urgent), ..none() }), [1003]);
    assert_eq!(list(TicketFilter { mailbox: some("predaj"), ..none() }), [1006]);
    assert_eq!(list(TicketFilter { organisation: some("Firma"), ..none() }), [1005]);
    assert_eq!(list(TicketFilter { requester: some("jana@FIRMA.example"), ..none() }), [1005]);
    let both = TicketFilter { mailbox: some("predaj"), unassigned: true, status: Some(Status::New), ..none() };
    assert_eq!(list(both), Vec::<i64>::new());
}
