//! Answers and forwards as the usual clients write them, in our customers' languages: a table of clients times languages.

use super::read;

/// A language, as clients in it write around a quotation: an answer, a question, attribution lines, device lines, and the
/// labels From, Sent, To, Subject, Date with the divider of an answered and of a forwarded mail.
struct Client {
    language: &'static str,
    answer: &'static str,
    question: &'static str,
    attributions: &'static [&'static str],
    devices: &'static [&'static str],
    labels: [&'static str; 5],
    original: &'static str,
    forwarded: &'static [&'static str],
}

const CLIENTS: &[Client] = &[
    Client {
        language: "sk",
        answer: "Ďakujem, pomohlo to.",
        question: "Dobrý deň, skúste reštart.",
        attributions: &[
            "ut 4. 8. 2026 o 9:31 Podpora <p@d.example> napísal(a):",
            "Dňa 4. 8. 2026 o 9:31 Podpora napísal(a):",
            "4. 8. 2026 o 9:31, Podpora <p@d.example>:",
            "Dňa 2026-08-04 09:31 Podpora napísal(a):",
            "V utorok, 4. augusta 2026 o 9:31, Podpora <p@d.example> napísal(a):",
        ],
        devices: &[
            "Odoslané z iPhonu",
            "Odoslané zo zariadenia Galaxy",
            "Odoslané z Outlooku pre Android",
            "Získajte Outlook pre iOS",
        ],
        labels: ["Od", "Odoslané", "Komu", "Predmet", "Dátum"],
        original: "Pôvodná správa",
        forwarded: &["Preposlaná správa", "Posielaná správa ďalej"],
    },
    Client {
        language: "cs",
        answer: "Děkuji, pomohlo to.",
        question: "Dobrý den, zkuste restart.",
        attributions: &[
            "út 4. 8. 2026 v 9:31 odesílatel Podpora <p@d.example> napsal:",
            "Dne 04. 08. 26 v 9:31 Podpora napsal(a):",
            "4. 8. 2026 v 9:31, Podpora <p@d.example>:",
            "Dne úterý 4. srpna 2026 v 9:31, Podpora <p@d.example> napsal(a):",
        ],
        devices: &[
            "Odesláno z mého iPhonu",
            "Odesláno z telefonu Samsung Galaxy",
            "Získat Outlook pro iOS",
            "Odesláno ze Seznam Email",
        ],
        labels: ["Od", "Odesláno", "Komu", "Předmět", "Datum"],
        original: "Původní zpráva",
        forwarded: &["Přeposlaná zpráva"],
    },
    Client {
        language: "sl",
        answer: "Hvala, zdaj dela.",
        question: "Pozdravljeni, poskusite znova zagnati.",
        attributions: &[
            "V V tor., 4. avg. 2026 ob 09:31 je oseba Podpora <p@d.example> napisala:",
            "Dne 4. 8. 2026 ob 9:31 je Podpora napisal(a):",
            "4. avg. 2026, ob 09:31, Podpora <p@d.example> je napisal(-a):",
            "V torek, 4. avgust 2026 ob 09:31 je Podpora <p@d.example> napisal/a:",
        ],
        devices: &[
            "Poslano iz mojega iPhona",
            "Poslano iz telefona Galaxy",
            "Pridobite Outlook za iOS",
            "Poslano s telefona Huawei",
        ],
        labels: ["Od", "Poslano", "Za", "Zadeva", "Datum"],
        original: "Izvirno sporočilo",
        forwarded: &["Posredovano sporočilo"],
    },
    Client {
        language: "hr",
        answer: "Hvala, sada radi.",
        question: "Poštovani, pokušajte ponovno pokrenuti.",
        attributions: &[
            "uto, 4. kol 2026. u 09:31 Podrška <p@d.example> napisao je:",
            "4. 8. 2026. u 9:31, Podrška piše:",
            "4. kol 2026., u 09:31, Podrška <p@d.example> je napisao/la:",
            "Dana 2026-08-04 09:31, Podrška je napisao(la):",
        ],
        devices: &[
            "Poslano s mog iPhonea",
            "Poslano iz programa Outlook za Android",
            "Nabavite Outlook za iOS",
            "Poslano sa Samsung mobitela",
        ],
        labels: ["Šalje", "Poslano", "Prima", "Predmet", "Datum"],
        original: "Izvorna poruka",
        forwarded: &["Proslijeđena poruka"],
    },
    Client {
        language: "de",
        answer: "Vielen Dank, jetzt geht es.",
        question: "Bitte starten Sie neu.",
        attributions: &[
            "Am Di., 4. Aug. 2026 um 09:31 Uhr schrieb Support <p@d.example>:",
            "Am 04.08.26 um 09:31 schrieb Support:",
            "Am 04.08.2026 um 09:31 schrieb Support <p@d.example>:",
        ],
        devices: &["Von meinem iPhone gesendet", "Gesendet von Outlook für Android", "Gesendet mit Proton Mail."],
        labels: ["Von", "Gesendet", "An", "Betreff", "Datum"],
        original: "Ursprüngliche Nachricht",
        forwarded: &["Weitergeleitete Nachricht"],
    },
    Client {
        language: "en",
        answer: "Thank you, it works now.",
        question: "Please restart it.",
        attributions: &[
            "On Tue, 4 Aug 2026 at 09:31, Support <p@d.example> wrote:",
            "On Aug 4, 2026, at 9:31 AM, Support <p@d.example> wrote:",
            "On 04/08/2026 09:31, Support wrote:",
            "---- Support wrote ----",
        ],
        devices: &[
            "Sent from my iPhone",
            "Sent from Outlook for Android",
            "Get Outlook for iOS",
            "Sent with Proton Mail secure email.",
        ],
        labels: ["From", "Sent", "To", "Subject", "Date"],
        original: "Original Message",
        forwarded: &["Forwarded message"],
    },
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The bodies in which the usual clients put an answer above (or below) a quotation: plain text or HTML.
fn answered(c: &Client) -> Vec<(&'static str, String)> {
    let (a, q) = (c.answer, c.question);
    let mut bodies = Vec::new();
    for line in c.attributions {
        bodies.push(("plain", format!("{a}\n\n{line}\n\n> {q}\n")));
        bodies.push(("plain", format!("{a}\n\n{line}\n> {q}\n")));
        bodies.push(("plain", format!("{a}\n\n{line}\n\n{q}\n")));
        bodies.push(("plain", format!("{line}\n> {q}\n\n{a}\n")));
        bodies.push(("plain", format!("{a}\n\n> {line}\n> {q}\n")));
        bodies.push((
            "html",
            format!(
                "<div>{a}</div><div><br></div><div>{}<br></div><blockquote type=cite>{q}</blockquote>",
                escaped(line)
            ),
        ));
        bodies.push((
            "html",
            format!(
                "<p>{a}</p><div class=gmail_quote>{}<br><blockquote class=gmail_quote>{q}</blockquote></div>",
                escaped(line)
            ),
        ));
        bodies.push((
            "html",
            format!("<div>{a}</div><div class=yahoo_quoted><div>{}</div><div>{q}</div></div>", escaped(line)),
        ));
    }
    let [from, sent, to, subject, date] = c.labels;
    for block in [
        format!("{from}: P <p@d.example>\n{sent}: 4. 8. 2026 9:31\n{to}: c@x.example\n{subject}: x"),
        format!("{from}: P <p@d.example>\n{date}: 4. 8. 2026 9:31\n{to}: c@x.example\n{subject}: x"),
        "From: P <p@d.example>\nSent: Tuesday, August 4, 2026 9:31 AM\nTo: c@x.example\nSubject: x".to_owned(),
    ] {
        bodies.push(("plain", format!("{a}\n\n{block}\n\n{q}\n")));
        bodies.push(("plain", format!("{a}\n\n-----{}-----\n{block}\n\n{q}\n", c.original)));
        bodies.push(("plain", format!("{a}\n\n-------- {} --------\n{block}\n\n{q}\n", c.original)));
        bodies.push(("plain", format!("{a}\n________________________________\n{block}\n\n{q}\n")));
        let quoted: String = block.lines().map(|l| format!("> {l}\n")).collect();
        bodies.push(("plain", format!("{a}\n\n______________________________________\n{quoted}>\n> {q}\n")));
        let lines = escaped(&block).replace('\n', "<br>");
        bodies.push(("html", format!("<div class=WordSection1><p class=MsoNormal>{a}</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal>{lines}</p></div><p class=MsoNormal>{q}</p></div>")));
        bodies.push((
            "html",
            format!("<div>{a}</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg>{lines}</div><div>{q}</div>"),
        ));
        for device in c.devices {
            bodies.push(("plain", format!("{a}\n\n{device}\n________________________________\n{block}\n\n{q}\n")));
        }
    }
    for device in c.devices {
        bodies.push(("plain", format!("{a}\n\n{device}\n")));
        bodies.push(("plain", format!("{a}\n\n{device}\n\n{}\n> {q}\n", c.attributions.first().expect("one"))));
    }
    bodies
}

#[test]
fn an_answer_is_found_in_every_client_and_language() {
    for c in CLIENTS {
        for (kind, body) in answered(c) {
            let mail = format!(
                "From: c@x.example\nSubject: Re: x\nIn-Reply-To: <1@d.example>\nContent-Type: text/{kind}; charset=utf-8\n\n{body}"
            );
            let message = read(mail.as_bytes());
            assert_eq!(message.reply.text, c.answer, "{body}");
            assert!(message.forward.is_none(), "{body}");
            assert_eq!(message.language.as_deref(), Some(c.language), "{body}");
        }
    }
}

#[test]
fn a_forwarded_mail_is_found_in_every_client_and_language() {
    for c in CLIENTS {
        let [from, sent, to, subject, date] = c.labels;
        let q = c.question;
        let mut bodies = Vec::new();
        for phrase in c.forwarded {
            bodies.push(format!("---------- {phrase} ---------\n{from}: Jan Novák <jan@f.example>\nDate: 4. 8. 2026\nSubject: S\nTo: <c@x.example>\n\n{q}\n"));
            bodies.push(format!("-------- {phrase} --------\n{subject}: \tS\n{date}: \tTue, 4 Aug 2026\n{from}: \tJan Novák <jan@f.example>\n{to}: \tc@x.example\n\n\n{q}\n"));
            bodies.push(format!("   ----- {phrase} ----- {from}: Jan Novák <jan@f.example>{to}: \"c@x.example\" <c@x.example>{sent}: 4. 8. 2026 9:31 CEST{subject}: S\n{q}\n"));
        }
        bodies.push(format!(
            "{from}: Jan Novák <jan@f.example>\n{sent}: 4. 8. 2026\n{to}: c@x.example\n{subject}: S\n\n{q}\n"
        ));
        bodies.push(format!("-----{}-----\n{from}: Jan Novák [mailto:jan@f.example]\n{sent}: 4. 8. 2026\n{to}: c@x.example\n{subject}: S\n\n{q}\n", c.original));
        for body in bodies {
            for above in ["", "FYI\n\n"] {
                let mail = format!(
                    "From: c@x.example\nSubject: Fwd: S\nContent-Type: text/plain; charset=utf-8\n\n{above}{body}"
                );
                let message = read(mail.as_bytes());
                let forward = message.forward.unwrap_or_else(|| panic!("no forward in {body}"));
                let sender = forward.from.expect("a sender");
                assert_eq!(
                    (sender.name.as_deref(), sender.email.as_str()),
                    (Some("Jan Novák"), "jan@f.example"),
                    "{body}"
                );
                assert_eq!((forward.subject.as_deref(), forward.text.as_str()), (Some("S"), q), "{body}");
                let requester = message.requester.expect("a requester").email;
                assert_eq!(requester, if above.is_empty() { "jan@f.example" } else { "c@x.example" }, "{body}");
            }
        }
    }
}
