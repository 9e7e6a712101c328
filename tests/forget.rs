//! `contact forget` by the real program, on a desk that holds every kind of trace of a person: afterwards no file of the desk
//! has a word of it, others' tickets are still there, and the mailbox cannot bring the mails back.

mod cli_support;

use std::path::Path;

use cli_support::Bench;
use postdesk::store::Reading as _;
use serde_json::{Value, json};

const PERSON: &str = "zdislava.kvapilova@firma.example";

/// What must not be found any more: the address, the name as it is written and as it is folded, words that only she wrote.
const TRACES: &[&str] =
    &["zdislava", "kvapilov", "xylofonista", "ornitologick", "perpetuum", "zvonkohra", "paleontologia"];

fn bench() -> Bench {
    let bench = Bench::new();
    let config = std::fs::read_to_string(bench.path("config.toml")).expect("is there");
    let config = config
        .replacen(
            "address = \"podpora@acme.example\"",
            "address = \"podpora@acme.example\"\nbelieve = [\"mx.acme.example\"]\nplus = true",
            1,
        )
        .replacen("owner = \"jana\"", "owner = \"jana\"\nagents = \"token\"", 1)
        + "\n[[category]]\nname = \"access\"\nwords = [\"heslo\"]\nrestricted = true\n";
    std::fs::write(bench.path("config.toml"), config).expect("is written");
    let people = format!(
        "email,name,organisation,note\n@firma.example,,Firma,\n{PERSON},Zdislava Kvapilová,Firma,xylofonista\n\
         jan@firma.example,Ján Novák,Firma,volá sa s {PERSON}\n"
    );
    bench.run_with(&["contact", "import", "-"], people.as_bytes()).text();
    bench
}

fn mail(from: &str, id: &str, verdict: &str, fields: &str, subject: &str, text: &str) -> String {
    let address = from.rsplit(['<', '>']).find(|part| part.contains('@')).unwrap_or(from);
    let domain = address.rsplit_once('@').map_or("", |(_, d)| d);
    let verdict = match verdict {
        "" => String::new(),
        verdict => format!(
            "Authentication-Results: mx.acme.example; dkim={verdict} header.d={domain}; dmarc={verdict} header.from={domain}\r\n"
        ),
    };
    format!(
        "{verdict}Received: from a.example by mx.acme.example; Mon, 23 Nov 2026 09:00:00 +0100\r\nFrom: {from}\r\n\
         To: podpora@acme.example\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 09:00:00 +0100\r\nMessage-ID: <{id}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n{fields}\r\n{text}\r\n"
    )
}

fn ingest(bench: &Bench, mail: &str) -> Value {
    bench.run_with(&["ingest", "--json", "-"], mail.as_bytes()).json().remove(0)
}

/// The subject token of a ticket, and the Message-ID of the newest mail of this kind about it.
fn token(bench: &Bench, ticket: i64) -> String {
    let rows = bench.store().outbox(true).expect("reads");
    let row = rows.iter().filter(|r| r.ticket == Some(ticket)).find(|r| r.subject.contains("[ACME-")).expect("a token");
    let start = row.subject.find("[ACME-").expect("a token");
    row.subject[start..].split_inclusive(']').next().expect("ends").to_owned()
}

fn newest(bench: &Bench, template: &str, ticket: i64) -> String {
    let rows = bench.store().outbox(true).expect("reads");
    let of_it = rows.iter().filter(|r| r.ticket == Some(ticket) && r.template == template);
    of_it.max_by_key(|r| r.id).expect("was sent").message_id.clone()
}

const FROM: &str = "Zdislava Kvapilová <zdislava.kvapilova@firma.example>";

/// A desk with every kind of trace. The mails that she wrote, and the number of a colleague's ticket in which she took part.
fn fill(bench: &Bench) -> (Vec<String>, i64) {
    let mut hers = Vec::new();
    let mut take = |mail: String| {
        let told = ingest(bench, &mail);
        hers.push(mail);
        told
    };
    // Her own ticket, proven; an agent answers it and writes a note.
    let opened = take(mail(
        FROM,
        "z1@firma.example",
        "pass",
        "",
        "Xylofonista potrebuje pomoc",
        "Ornitologická porada je preč.",
    ));
    assert_eq!(opened["fate"], "ticket", "{opened}");
    let own = opened["ticket"].as_i64().expect("a number");
    let answer = newest(bench, "notify-new", own);
    ingest(
        bench,
        &mail(
            "jana@acme.example",
            "a1@acme.example",
            "pass",
            &format!("In-Reply-To: <{answer}>\r\n"),
            "Re: x",
            "Dobrý deň, pani Kvapilová, skúste perpetuum mobile.",
        ),
    );
    // A colleague's ticket: she joins by its token, he answers and quotes her; an agent names her.
    let colleagues = ingest(
        bench,
        &mail("jan@firma.example", "j1@firma.example", "pass", "", "Tlačiareň", "Nejde nám tlač na prízemí."),
    );
    let ticket = colleagues["ticket"].as_i64().expect("a number");
    let subject = format!("Re: Tlačiareň {}", token(bench, ticket));
    let joined =
        take(mail(FROM, "z2@firma.example", "pass", "", &subject, "Aj u nás hrá zvonkohra namiesto tlačiarne."));
    assert_eq!(joined["ticket"].as_i64(), Some(ticket), "{joined}");
    let quoting = format!(
        "Kolegyňa má pravdu, volajte pani Kvapilovej.\r\n\r\nDňa 23. 11. 2026 {FROM} napísala:\r\n> Aj u nás hrá zvonkohra\r\n> namiesto tlačiarne.\r\n"
    );
    ingest(bench, &mail("jan@firma.example", "j2@firma.example", "pass", "", &subject, &quoting));
    // In quarantine; asked about; guessing; restricted and asked; bounced.
    assert_eq!(
        take(mail(FROM, "z3@firma.example", "fail", "", "Paleontologia", "Paleontologia je veda."))["fate"],
        "quarantined"
    );
    take(mail(FROM, "z4@firma.example", "pass", "", "Re: [ACME-1001-00000000] zvonkohra", "Zvonkohra znova."));
    take(mail(FROM, "z5@firma.example", "", "", "Heslo", "Prosím nové heslo, paleontologia."));
    bench.run(&["contact", "verify", PERSON]).text();
    let bounce = format!(
        "From: MAILER-DAEMON@firma.example\r\nTo: podpora@acme.example\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n\
         Message-ID: <b1@firma.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n{PERSON}: no such user\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {PERSON}\r\n\
         Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{}>\r\nFrom: podpora@acme.example\r\n\r\nx\r\n--b--\r\n",
        newest(bench, "answer", own)
    );
    ingest(bench, &bounce);
    // Somebody else writes of her, in a text that only base64 holds, and wants her to have the answer.
    use base64::Engine as _;
    let of_her = base64::engine::general_purpose::STANDARD.encode(format!("Volajte {PERSON}, prosím."));
    let to_her = format!("Reply-To: {PERSON}\r\n");
    let other = mail("eva@other.example", "e1@other.example", "pass", &to_her, "Iné", "").replace("8bit", "base64");
    assert_eq!(ingest(bench, &(other + &of_her + "\r\n"))["fate"], "ticket");
    (hers, ticket)
}

/// What no mail of the above leaves behind.
fn remember(bench: &Bench) {
    let store = rusqlite::Connection::open(bench.path("state/postdesk.db")).expect("opens");
    for sql in [
        "INSERT INTO mistrust (email, proven, until) VALUES (?1, 0, 1)",
        "INSERT INTO agent_address (email, strong_since) VALUES (?1, 1)",
        "INSERT INTO peer_tag (email, tag, ticket) VALUES (?1, '#1', 1001)",
        "INSERT INTO notice (at, kind, what) VALUES (1, 'alarm', 'A mail of ' || ?1 || ' was put aside')",
        "INSERT INTO history (ticket, at, actor, change, because) SELECT number, 1, 'desk', \
         json_object('change', 'participant-removed', 'email', ?1), 'xylofonista' FROM ticket WHERE requester_key = 'jan@firma.example'",
        "UPDATE ticket SET hands = json_object('checklist', json_array(json_object('text', 'Zavolať pani Kvapilovej na ' || ?1))) \
         WHERE requester_key = 'jan@firma.example'",
        "INSERT INTO times (ticket, agent, minutes, at) SELECT number, 'jana', 5, 1 FROM ticket WHERE ?1 <> ''",
        "INSERT INTO tag (tag, ticket) SELECT 'vip', number FROM ticket WHERE ?1 <> ''",
        "UPDATE ticket SET access = json_object('generation', 0, 'reply_to', ?1, 'proposed', json_array(json_object('email', ?1, 'name', \
         'Zdislava', 'by', ?1, 'mail', ''))) WHERE requester_key = 'jan@firma.example'",
    ] {
        store.execute(&sql.replace("'xylofonista'", "'Because of Kvapilová'"), [PERSON]).expect(sql);
    }
}

/// Every file below a folder, and its bytes in lower case.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).expect("reads").flatten() {
        match item.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push((path.display().to_string(), std::fs::read(&path).expect("reads").to_ascii_lowercase())),
        }
    }
    found
}

/// Where a trace stands: in the bytes of the desk's files, or in a mail that is kept packed.
fn found(bench: &Bench) -> Vec<String> {
    let mut hits = Vec::new();
    let mut look = |place: &str, bytes: &[u8]| {
        for trace in TRACES.iter().chain(&["kvapilová", "ornitologická"]) {
            let trace = trace.to_lowercase();
            if bytes.windows(trace.len()).any(|w| w == trace.as_bytes()) {
                hits.push(format!("{trace} in {place}"));
            }
        }
    };
    for (name, bytes) in files(&bench.path("state")) {
        look(&name, &bytes);
    }
    let store = bench.store();
    let lower = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase().into_bytes();
    let read = |bytes: &[u8]| {
        let message = mail_parser::MessageParser::default().parse(bytes).expect("a mail");
        message.body_text(0).unwrap_or_default().into_owned()
    };
    store
        .each_raw(10_000, &mut |_, raw| {
            look("a raw mail", &lower(raw));
            look("the text of a raw mail", &lower(read(raw).as_bytes()));
        })
        .expect("reads");
    for row in store.outbox(true).expect("reads") {
        let (_, bytes) = store.outbox_mail(row.id).expect("reads").expect("is there");
        look("an outgoing mail", &lower(&bytes));
        look("the text of an outgoing mail", &lower(read(&bytes).as_bytes()));
    }
    hits
}

#[test]
fn nothing_of_a_forgotten_person_is_left_and_her_mails_do_not_come_back() {
    let bench = bench();
    let (hers, colleagues) = fill(&bench);
    remember(&bench);
    // The daemon runs beside.
    let daemon = bench.store();
    assert_eq!(daemon.contacts().expect("reads").len(), 2);
    let before = found(&bench);
    for trace in TRACES {
        assert!(before.iter().any(|hit| hit.starts_with(trace)), "{trace} was there: {before:#?}");
    }
    bench.run(&["contact", "forget", PERSON]).refused(64, "--yes");
    let [would] = bench.run(&["contact", "forget", PERSON, "--dry-run", "--json"]).json().try_into().expect("one");
    assert_eq!(found(&bench), before, "nothing is changed by looking");
    let [erased] = bench.run(&["contact", "forget", PERSON, "--yes", "--json"]).json().try_into().expect("one");
    for key in [
        "contact",
        "tickets",
        "ticketsOfOthers",
        "entries",
        "struck",
        "mails",
        "quarantined",
        "outgoing",
        "unsent",
        "remembered",
    ] {
        assert_eq!(erased[key], would[key], "{key}");
        assert!(erased[key] != json!(0) && erased[key] != json!([]) && erased[key] != json!(false), "{key}: {erased}");
    }
    assert_eq!(found(&bench), Vec::<String>::new());

    // What others have is still theirs, and can be found by their words.
    let [shown] = bench.run(&["ticket", "show", &colleagues.to_string(), "--json"]).json().try_into().expect("one");
    assert_eq!(shown["requester"]["email"], "jan@firma.example");
    let said: Vec<&str> =
        shown["messages"].as_array().expect("a list").iter().filter_map(|m| m["text"].as_str()).collect();
    assert!(said.iter().any(|t| t.contains("Nejde nám tlač")), "{said:?}");
    assert!(said.iter().any(|t| t.contains("Kolegyňa má pravdu, volajte pani (erased).")), "{said:?}");
    let search = |word: &str| bench.run(&["ticket", "list", "--all", "--search", word, "--json"]).json().len();
    assert_eq!((search("kolegyna"), search("kvapilova"), search("zvonkohra")), (1, 0, 0));
    bench.run(&["ticket", "history", &colleagues.to_string(), "--json"]).json();

    // The mailbox still has her mails, and shows them again: by the same bytes, and with other lines of the hops.
    for mail in &hers {
        let again = ingest(&bench, mail);
        assert!(again["because"].as_str().is_some_and(|b| b.contains("erased")), "{again}");
        let detour = mail.replacen("Received: from a.example", "Received: from detour.example", 1);
        let again = ingest(&bench, &detour);
        assert!(again["because"].as_str().is_some_and(|b| b.contains("erased")), "{again}");
    }
    assert_eq!(found(&bench), Vec::<String>::new());
    assert_eq!(bench.run(&["contact", "forget", PERSON, "--yes"]).text(), format!("Nothing is kept about {PERSON}\n"));

    // She may write again, and is a stranger.
    let new = ingest(&bench, &mail(FROM, "z9@firma.example", "pass", "", "Nová vec", "Dobrý deň."));
    assert_eq!(new["fate"], "ticket");
    assert!(new["ticket"].as_i64() > Some(colleagues), "no number is given twice");
}

#[test]
fn who_belongs_to_the_desk_is_not_forgotten_by_it() {
    let bench = bench();
    bench.run(&["contact", "forget", "jana@acme.example", "--yes"]).refused(77, "an address of agent jana");
    bench.run(&["contact", "forget", "podpora+x@acme.example", "--yes"]).refused(77, "one of the desk's own addresses");
    bench.run(&["contact", "forget", "nonsense", "--yes"]).refused(65, "is not an address");
}

#[test]
fn a_person_gets_all_that_is_kept_about_them() {
    let bench = bench();
    let (_, colleagues) = fill(&bench);
    let [all] = bench.run(&["contact", "export", PERSON]).json().try_into().expect("one");
    assert_eq!(all["contact"]["name"], "Zdislava Kvapilová");
    let tickets = all["tickets"].as_array().expect("a list");
    let own = tickets.iter().find(|t| t["subject"] == "Xylofonista potrebuje pomoc").expect("her first");
    assert_eq!(own["messages"].as_array().map(Vec::len), Some(4), "{own}");
    assert!(own["mails"].as_array().is_some_and(|mails| !mails.is_empty()));
    assert_eq!(all["elsewhere"][0]["number"].as_i64(), Some(colleagues));
    let said = all["elsewhere"][0]["messages"][0]["text"].as_str().expect("a text");
    assert!(said.contains("zvonkohra"), "{said}");
    bench.run(&["contact", "export", "x@nowhere.example"]).refused(65, "Nothing is known");
}
