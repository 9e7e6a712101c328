//! The confirmation loop by the real program on a real database: `contact verify`, `explain` of a mail that would be held,
//! and what an operator's `quarantine retry` does to a held mail.

mod cli_support;

use cli_support::Bench;
use postdesk::store::Reading as _;
use serde_json::Value;

const PEOPLE: &str = "email,name,language\njan@firma.example,Ján Novák,sk\n";

/// A bench with a contact, whose agents must confirm where `confirm` says so.
fn bench(confirm: bool) -> Bench {
    let bench = Bench::new();
    if confirm {
        let config = std::fs::read_to_string(bench.path("config.toml")).expect("is there");
        let config = config.replacen("owner = \"jana\"", "owner = \"jana\"\nagents = \"confirm\"", 1);
        std::fs::write(bench.path("config.toml"), config).expect("is written");
    }
    bench.run_with(&["contact", "import", "-"], PEOPLE.as_bytes()).text();
    bench
}

fn mail(from: &str, id: &str, reference: Option<&str>, subject: &str, text: &str) -> String {
    let reference = reference.map(|id| format!("In-Reply-To: <{id}>\r\n")).unwrap_or_default();
    format!(
        "Received: from a.example by mx.acme.example; Mon, 23 Nov 2026 09:00:00 +0100\r\nFrom: {from}\r\n\
         To: podpora@acme.example\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 09:00:00 +0100\r\n\
         Message-ID: <{id}>\r\n{reference}\r\n{text}\r\n"
    )
}

fn ingest(bench: &Bench, mail: &str) -> Value {
    bench.run_with(&["ingest", "--json", "-"], mail.as_bytes()).json().remove(0)
}

/// Message-IDs of what waits in the outbox under a template, newest last, with the addressees.
fn sent(bench: &Bench, template: &str) -> Vec<(String, String)> {
    let mut rows = bench.store().outbox(true).expect("reads");
    rows.sort_by_key(|row| row.id);
    rows.into_iter().filter(|row| row.template == template).map(|row| (row.message_id, row.to.email)).collect()
}

fn proven(bench: &Bench) -> Value {
    bench.run(&["contact", "list", "--json"]).json()[0]["provenAt"].clone()
}

#[test]
fn a_contacts_address_is_proven_by_an_answer_and_stays_proven() {
    let bench = bench(false);
    bench.run(&["contact", "verify", "nobody@firma.example"]).refused(65, "There is no contact of this address");
    bench.run(&["contact", "verify", "no address"]).refused(65, "is not an address");
    let text = bench.run(&["contact", "verify", "Jan@Firma.example"]).text();
    assert!(text.starts_with("jan@firma.example is asked by mail; an answer until "), "{text}");
    let asked = sent(&bench, "confirm");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, "jan@firma.example");
    assert_eq!(proven(&bench), Value::Null, "asking proves nothing");

    // Somebody else's answer, though he has seen the mail, and a guess at the token.
    let id = asked[0].0.as_str();
    let other = ingest(&bench, &mail("eva@firma.example", "e1@firma.example", Some(id), "Re: x", "Ano."));
    assert_eq!(other["fate"], "quarantined", "{other}");
    let guess = id.replacen("pd.1f.1.", "pd.1f.2.", 1);
    ingest(&bench, &mail("jan@firma.example", "j1@firma.example", Some(&guess), "Re: x", "Áno."));
    assert_eq!(proven(&bench), Value::Null);

    let own = ingest(&bench, &mail("jan@firma.example", "j2@firma.example", Some(id), "Re: x", "Áno."));
    assert!(own["because"].as_str().is_some_and(|b| b.contains("it is proven")), "{own}");
    assert_ne!(proven(&bench), Value::Null);
    let before = proven(&bench);
    bench.run_with(&["contact", "import", "-"], PEOPLE.replace("Novák", "Nový").as_bytes()).text();
    assert_eq!(proven(&bench), before, "an import takes no proof away");

    // Proof of the address is no proof of a mail.
    let later = mail("jan@firma.example", "j3@firma.example", None, "Heslo", "Pošlite mi ho.");
    let told = bench.run_with(&["explain", "--json", "-"], later.as_bytes()).json().remove(0);
    assert_eq!(told["sender"]["believed"], "unauthenticated", "{told}");
}

#[test]
fn one_address_is_asked_a_few_times_a_day_only() {
    let bench = bench(false);
    for _ in 0..3 {
        bench.run(&["contact", "verify", "jan@firma.example"]).text();
    }
    bench.run(&["contact", "verify", "jan@firma.example"]).refused(65, "had 3 confirmation mails in 24 hours");
    let asked = sent(&bench, "confirm");
    assert_eq!(asked.len(), 3);
    assert!(asked[0].0 != asked[1].0 && asked[1].0 != asked[2].0, "each question has a code of its own");
}

/// A ticket of Ján's, and Jana's answer to its notification, unproven.
fn held(bench: &Bench) -> String {
    ingest(bench, &mail("jan@firma.example", "j1@firma.example", None, "Tlačiareň", "Nejde."));
    let notification = sent(bench, "notify-new").remove(0).0;
    mail("jana@acme.example", "a1@acme.example", Some(&notification), "Re: Tlačiareň", "Skúste to teraz.")
}

#[test]
fn explain_says_that_a_mail_would_be_held_and_holds_nothing() {
    let bench = bench(true);
    let answer = held(&bench);
    let told = bench.run_with(&["explain", "--json", "-"], answer.as_bytes()).json().remove(0);
    assert_eq!((&told["decision"]["action"], &told["decision"]["fate"]), (&"quarantine".into(), &"quarantined".into()));
    assert_eq!((&told["held"]["kind"], &told["held"]["who"]), (&"agent".into(), &"jana".into()), "{told}");
    assert_eq!(told["held"]["ticket"], 1001);
    assert_eq!(told["outgoing"][0]["template"], "confirm");
    let text = bench.run_with(&["explain", "-"], answer.as_bytes()).text();
    assert!(text.contains("this mail, until jana confirms it from the registered address"), "{text}");
    assert_eq!(sent(&bench, "confirm").len(), 0);
    assert_eq!(bench.store().quarantined().expect("reads").len(), 0);
}

#[test]
fn a_held_mail_is_not_released_by_being_taken_in_again_and_asks_once() {
    let bench = bench(true);
    let answer = held(&bench);
    assert_eq!(ingest(&bench, &answer)["fate"], "quarantined");
    let id = bench.store().quarantined().expect("reads")[0].id.to_string();
    let text = bench.run(&["quarantine", "retry", &id]).text();
    assert!(text.contains("still in quarantine: A mail from agent jana is held until it is confirmed"), "{text}");
    assert_eq!(sent(&bench, "confirm").len(), 1, "the same mail asks once");
    assert_eq!(sent(&bench, "answer").len(), 0);

    let question = sent(&bench, "confirm").remove(0).0;
    ingest(&bench, &mail("jana@acme.example", "a2@acme.example", Some(&question), "Re: x", "Áno."));
    let answers = sent(&bench, "answer");
    assert_eq!(answers.len(), 1, "released once: {answers:?}");
    assert_eq!(answers[0].1, "jan@firma.example");
    assert_eq!(bench.store().quarantined().expect("reads").len(), 0);

    // The same bytes, and the same confirmation under another id, do nothing more.
    ingest(&bench, &answer);
    ingest(&bench, &mail("jana@acme.example", "a3@acme.example", Some(&question), "Re: x", "Áno."));
    assert_eq!(sent(&bench, "answer").len(), 1);
    assert_eq!(sent(&bench, "confirm-over").len(), 1);
}

#[test]
fn forgers_of_an_agents_name_cannot_fill_the_agents_mailbox() {
    let bench = bench(true);
    let answer = held(&bench);
    for n in 0..25 {
        let forged = answer.replacen("a1@acme.example", &format!("f{n}@acme.example"), 1);
        assert_eq!(ingest(&bench, &forged)["fate"], "quarantined");
    }
    assert_eq!(sent(&bench, "confirm").len(), 20);
    assert_eq!(sent(&bench, "answer").len(), 0);
    assert_eq!(bench.store().quarantined().expect("reads").len(), 25, "nothing is lost");
}
