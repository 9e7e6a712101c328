//! What an agent's program leaves of a notification in his answer, however it mangles it: nothing of it reaches a customer.

use postdesk::daemon::order;
use postdesk::model::outgoing::MARKER;
use postdesk::model::{Language, Order, OrderKind};
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, SECRETS, VICTIM, policy, proven};

const WORDS: &str = "Skúste to prosím teraz znova.";
const SIGNATURE: &str = "-- \nJana Nováková\nmobil 0900 123 456, jana@doma.example";
/// As Outlook puts it below the words.
const BARE_SIGNATURE: &str = "S pozdravom\n\nIng. Jana Nováková\nvedúca podpory\nmobil 0900 123 456";

type Mangle = fn(&str) -> String;

/// What is done with the notification before the agent's words are put to it.
const MANGLED: &[(&str, Mangle)] = &[
    ("as it is", |n| n.to_owned()),
    ("quoted", |n| prefixed(n, "> ")),
    ("quoted twice", |n| prefixed(n, "> > ")),
    ("quoted with bars", |n| prefixed(n, "| ")),
    ("indented", |n| prefixed(n, "    ")),
    ("wrapped at 12 and quoted", |n| prefixed(&wrapped(n, 12), "> ")),
    ("wrapped at 12, quoted, then quoted again", |n| prefixed(&wrapped(&prefixed(n, "> "), 14), "> ")),
    ("wrapped at 30 without quoting", |n| wrapped(n, 30)),
    ("the marker line is gone", |n| without_marker(n)),
    ("the marker line is gone, quoted", |n| prefixed(&without_marker(n), "> ")),
    ("the marker line was translated", |n| n.replace(MARKER, "prosím, odpovedajte hore")),
    ("the marker lost its signs", |n| n.replace("-=-=-=-", "")),
    ("the marker lost its spaces", |n| n.replace(MARKER, &MARKER.replace(' ', ""))),
    ("all on one line", |n| n.split_whitespace().collect::<Vec<_>>().join(" ")),
    ("empty lines between all", |n| n.lines().map(|l| format!("{l}\n\n")).collect()),
    ("emphasised by a converter", |n| n.lines().map(|l| format!("*{l}*\n")).collect()),
    ("only its end", |n| n.lines().skip(6).map(|l| format!("{l}\n")).collect()),
    ("only its end, quoted", |n| prefixed(&n.lines().skip(6).map(|l| format!("{l}\n")).collect::<String>(), "> ")),
];

/// What stands above it.
const HEADED: &[(&str, &str)] = &[
    ("nothing", ""),
    ("an attribution", "On Mon, 2 Nov 2026 at 10:00, Ján Novák (ACME podpora) <podpora@acme.example> wrote:\n"),
    ("an attribution in Slovak", "Dňa po 2. 11. 2026 o 10:00 Ján Novák (ACME podpora) <@REPLY@> napísal(a):\n"),
    (
        "a header block",
        "-----Original Message-----\nFrom: Ján Novák (ACME podpora) <podpora@acme.example>\nSent: Monday, November 2, 2026 10:00\n\
         To: Jana Nováková <jana@acme.example>\nSubject: @SUBJECT@\n\n",
    ),
    (
        "a header block with everything",
        "Od: \"Ján Novák (ACME podpora)\" [mailto:@REPLY@]\nOdoslané: pondelok\nKomu: jana@doma.example\nMessage-ID: <@ID@>\n\
         In-Reply-To: <@ID@>\nPredmet: @SUBJECT@\n\n",
    ),
];

fn prefixed(text: &str, prefix: &str) -> String {
    text.lines().map(|l| format!("{prefix}{l}\n")).collect()
}

fn without_marker(text: &str) -> String {
    text.lines().filter(|l| !l.contains(MARKER)).map(|l| format!("{l}\n")).collect()
}

/// Broken after so many characters, wherever that is.
fn wrapped(text: &str, width: usize) -> String {
    let line = |l: &str| {
        let all: Vec<char> = l.chars().collect();
        if all.is_empty() {
            "\n".to_owned()
        } else {
            all.chunks(width).map(|c| c.iter().collect::<String>() + "\n").collect()
        }
    };
    text.lines().map(line).collect()
}

fn html(text: &str, quoted: bool) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n");
    if quoted { format!("<blockquote type=\"cite\">{escaped}</blockquote>") } else { format!("<div>{escaped}</div>") }
}

/// What must not be in a customer's mail: tokens of the agent's, the marker, notes, his addresses, his signature.
fn forbidden(bench: &Bench) -> Vec<String> {
    let jana = |row: &postdesk::store::OutboxRow| row.to.email.starts_with("jana@");
    let ids = bench.store.outbox(true).expect("reads").into_iter().filter(jana).map(|r| r.message_id);
    let mut all: Vec<String> = ids
        .map(|id| id.split_once('@').map_or(id.clone(), |(left, _)| left.rsplit('.').next().unwrap_or(left).to_owned()))
        .collect();
    all.extend(
        ["-=-=-", SECRETS[2], "SEKRETARIAT-4714", "0900 123 456", "jana@doma.example", "jana@acme.example"]
            .map(str::to_owned),
    );
    all
}

/// Either the agent's words alone went to the customer, or nothing did and the agent was told.
fn clean(bench: &Bench, came: &Came, what: &str) -> bool {
    let answers = came.to("answer");
    for answer in &answers {
        let readable = answer.readable().replace(['\r', '\n', ' '], "");
        for secret in forbidden(bench) {
            assert!(!readable.contains(&secret.replace(' ', "")), "{what}: {secret} in\n{}", answer.text());
        }
        for label in ["Poznámka ku kontaktu", "Prečo Vy", "Čo napíšete nad", "Odosielateľ:"] {
            assert!(!answer.text().contains(label), "{what}: {label} in\n{}", answer.text());
        }
        assert!(answer.text().contains("Skúste"), "{what}: the words are lost\n{}", answer.text());
    }
    if answers.is_empty() {
        let told = came.to("refused");
        assert_eq!(told.len(), 1, "{what}: neither sent nor told: {:?}", came.ingested);
        assert!(told[0].row.to.email == "jana@acme.example", "{what}");
        assert!(came.sent.iter().all(|s| s.row.to.email != VICTIM), "{what}");
        assert!(!bench.store.entries(1001).expect("reads").iter().any(|e| e.text.contains(what)), "{what}");
    }
    !answers.is_empty()
}

#[test]
fn nothing_of_a_notification_reaches_the_customer() {
    let (mut sent, mut held) = (0, 0);
    for template in ["notify-new", "notify-note"] {
        for (mangled, mangle) in MANGLED {
            let bench = Bench::new();
            let note =
                &Order { ticket: 1001, actor: "peter".into(), what: OrderKind::Note { text: SECRETS[2].into() } };
            order::carry_out(bench.store.as_ref(), &bench.policy, note, bench.now.get()).expect("carried out");
            let notification = Notification::of(&bench, template);
            for (headed, head) in HEADED {
                let (text, head) = (mangle(&notification.text), notification.fill(head));
                for (layout, (kind, body)) in layouts(&text, &head).into_iter().enumerate() {
                    let what = format!("{template}, {mangled}, {headed}, layout {layout}");
                    // What answers a note stays inside, unless he says otherwise.
                    let body = match (template, kind) {
                        ("notify-note", "html") => body.replacen(WORDS, &format!("#send<br>{WORDS}"), 1),
                        ("notify-note", _) => body.replacen(WORDS, &format!("#send\n{WORDS}"), 1),
                        _ => body,
                    };
                    let fields = format!(
                        "In-Reply-To: <{}>\r\nContent-Type: text/{kind}; charset=utf-8\r\nMessage-ID: <l{sent}.{held}@acme.example>\r\n",
                        notification.id
                    );
                    let came = bench.take(&proven("jana@acme.example", &fields, "Re: Faktúra", &body));
                    if clean(&bench, &came, &what) { sent += 1 } else { held += 1 }
                }
            }
        }
    }
    assert_eq!(sent + held, 2 * MANGLED.len() * HEADED.len() * LAYOUTS);
    assert!(sent > 200, "{sent} were sent, {held} held: too many answers are held back");
}

/// What jana got.
struct Notification {
    text: String,
    reply_to: String,
    id: String,
    subject: String,
}

impl Notification {
    fn of(bench: &Bench, template: &str) -> Self {
        let row = bench.sent(template);
        let (_, bytes) = bench.store.outbox_mail(row.id).expect("reads").expect("is there");
        let mail = super::bench::Sent { row: row.clone(), bytes };
        Notification {
            text: mail.text().replace('\r', ""),
            reply_to: mail.field("Reply-To").expect("a reply address").trim_matches(['<', '>']).to_owned(),
            id: row.message_id,
            subject: row.subject,
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@REPLY@", &self.reply_to).replace("@ID@", &self.id).replace("@SUBJECT@", &self.subject)
    }
}

const LAYOUTS: usize = 9;

/// The answer above, below and around it; as text, and as HTML with and without a quotation.
fn layouts(text: &str, head: &str) -> [(&'static str, String); LAYOUTS] {
    let quote = format!("{head}{text}");
    [
        ("plain", format!("{WORDS}\n\n{SIGNATURE}\n\n{quote}")),
        ("plain", format!("{quote}\n{WORDS}\n\n{SIGNATURE}")),
        ("plain", format!("{WORDS}\n{quote}")),
        ("html", format!("<p>{WORDS}</p>{}{}", html(head, false), html(text, true))),
        ("html", format!("<p>{WORDS}</p>{}", html(&quote, false))),
        ("html", format!("{}<p>{WORDS}</p>", html(&quote, true))),
        ("plain", format!("{WORDS}\n\n{BARE_SIGNATURE}\n\n{quote}")),
        ("plain", format!("{quote}\n{WORDS}\n\n{BARE_SIGNATURE}")),
        ("html", format!("<p>{WORDS}</p>{}{}", html(BARE_SIGNATURE, false), html(&quote, true))),
    ]
}

#[test]
fn a_notification_that_is_attached_is_held() {
    let bench = Bench::new();
    let row = bench.sent("notify-new");
    let (_, bytes) = bench.store.outbox_mail(row.id).expect("reads").expect("is there");
    let original = String::from_utf8_lossy(&bytes).into_owned();
    for (kind, name) in
        [("message/rfc822", "original.eml"), ("application/octet-stream", "x.bin"), ("text/plain", "x.txt")]
    {
        let fields = format!(
            "In-Reply-To: <{}>\r\nContent-Type: multipart/mixed; boundary=\"q\"\r\nMessage-ID: <{name}@acme.example>\r\n",
            row.message_id
        );
        let body = format!(
            "--q\nContent-Type: text/plain; charset=utf-8\n\n{WORDS}\n--q\nContent-Type: {kind}; name=\"{name}\"\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\n{original}\n--q--"
        );
        let came = bench.take(&proven("jana@acme.example", &fields, "Re: x", &body));
        assert_eq!((came.to("answer").len(), came.to("refused").len()), (0, 1), "{kind}: {:?}", came.ingested);
    }
}

#[test]
fn private_addresses_and_notes_are_held_and_ordinary_words_are_not() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    let answer = |n: usize, words: &str| {
        let fields = format!("In-Reply-To: <{notified}>\r\nMessage-ID: <p{n}@acme.example>\r\n");
        bench.take(&proven("jana@acme.example", &fields, "Re: Faktúra", words))
    };
    let held = [
        "Píšte mi radšej na jana@doma.example.".to_owned(),
        "Kolega: PETER@acme.example".to_owned(),
        format!("Peter píše: {} nikomu nevravieť", SECRETS[2]),
        format!("Váš tiket je {}", bench.token(1001)),
    ];
    for (n, words) in held.iter().enumerate() {
        let came = answer(n, words);
        assert_eq!((came.to("answer").len(), came.to("refused").len()), (0, 1), "{words}: {:?}", came.ingested);
    }
    let fine = [
        "Váš tiket má číslo ACME-1001, píšte na podpora@acme.example.",
        "Predmet zmluvy: dodávka\nStav: vybavené\nĎakujeme.",
        "Status: done. That is why you see the new price.",
        "Vzorec: a-=b; c=-=d\nWe wrote to jana@acme.example.com instead.",
        "> Kedy to bude?\nZajtra.",
        "Volajte +421 905 123 456 (pd. 1 až 5).",
    ];
    for (n, words) in fine.iter().enumerate() {
        let came = answer(100 + n, words);
        assert_eq!(came.to("answer").len(), 1, "{words}: {:?}", came.ingested);
    }
}

/// A signature that no separator announces: with an address in it every answer was refused, without one the customer got the
/// private telephone.
#[test]
fn a_signature_without_a_separator_stays_inside() {
    let bench = Bench::new();
    let notified = bench.sent("notify-new").message_id;
    let answer = |n: usize, kind: &str, words: &str| {
        let fields = format!(
            "In-Reply-To: <{notified}>\r\nContent-Type: text/{kind}; charset=utf-8\r\nMessage-ID: <p{n}@acme.example>\r\n"
        );
        bench.take(&proven("jana@acme.example", &fields, "Re: Faktúra", words))
    };
    let below = format!("{BARE_SIGNATURE}\njana@acme.example");
    let text = format!("{WORDS}\n\n{below}");
    for (n, (kind, mail)) in [("plain", text.clone()), ("html", html(&text, false))].into_iter().enumerate() {
        let came = answer(n, kind, &mail);
        let answers = came.to("answer");
        assert_eq!(answers.len(), 1, "{:?}", came.ingested);
        assert!(clean(&bench, &came, "a signature") && answers[0].text().contains("S pozdravom"));
        let entry = bench.store.entries(1001).expect("reads").pop().expect("is there");
        let (_, signature) = below.split_once("\n\n").expect("a formula and a signature");
        assert_eq!(
            (entry.reply.text, entry.reply.signature),
            (format!("{WORDS}\n\nS pozdravom"), signature.to_owned())
        );
    }
    let note = answer(9, "plain", &format!("#note\n{text}"));
    assert_eq!(note.to("answer").len(), 0);
    let entry = bench.store.entries(1001).expect("reads").pop().expect("is there");
    assert!(entry.reply.text.ends_with("S pozdravom") && entry.reply.signature.contains("0900 123 456"), "{entry:?}");
}

#[test]
fn the_phrases_are_those_of_the_texts() {
    use postdesk::model::residue::{LABELS, OPENINGS, PHRASES};
    use postdesk::model::text::fold;
    for language in Language::ALL {
        let mut policy = policy("ACME", "acme.example", 7);
        policy.agents.iter_mut().for_each(|a| a.language = Some(language));
        let bench = Bench::empty(policy);
        let came = bench.take(&proven(VICTIM, "", "x", "y"));
        let text = fold(&came.to("notify-new")[0].text());
        let phrases = PHRASES.iter().filter(|p| text.contains(&fold(p))).count();
        let opened = OPENINGS.iter().any(|(a, b)| text.contains(&format!("{}1001{}", fold(a), fold(b))));
        assert!(opened, "{language}: no opening in\n{text}");
        let labels = LABELS.iter().filter(|l| text.contains(&format!("\n{}:", fold(l)))).count();
        assert!(phrases >= 2 && labels >= 2, "{language}: {phrases} phrases, {labels} labels in\n{text}");
    }
}
