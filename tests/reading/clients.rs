//! Answers and forwards as the usual clients write them: a table of clients times languages (`clients.toml`), every
//! combination once, and conversations put together out of it by chance.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;

use super::read;

/// A language, as clients in it write around a quotation. What each key means stands in the file.
#[derive(Deserialize)]
pub struct Language {
    code: String,
    named: bool,
    answer: String,
    question: String,
    attributions: Vec<String>,
    #[serde(default)]
    heads: Vec<String>,
    devices: Vec<String>,
    labels: [String; 6],
    original: Vec<String>,
    forwarded: Vec<String>,
    #[serde(default)]
    apple: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    language: Vec<Language>,
}

static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| toml::from_str::<Table>(include_str!("clients.toml")).expect("the table of clients").language);

const NAME: &str = "Jana Horváthová";
const EMAIL: &str = "jana@firma.example";

impl Language {
    fn attribution(&self, which: usize) -> String {
        filled(&self.attributions[which % self.attributions.len()])
    }

    /// Header blocks as Outlook and its kin write them.
    fn blocks(&self) -> Vec<String> {
        let [from, sent, to, cc, subject, date] = &self.labels;
        let written = "4. 8. 2026 9:31";
        vec![
            format!("{from}: {NAME} <{EMAIL}>\n{sent}: {written}\n{to}: p@d.example\n{subject}: x"),
            format!(
                "{from}: {NAME} <{EMAIL}>\n{sent}: {written}\n{to}: p@d.example <p@d.example>; Iný <i@x.example>\n{cc}: Tretí <t@x.example>\n{subject}: x"
            ),
            format!("{from}: {NAME} [mailto:{EMAIL}]\n{sent}: {written}\n{to}: p@d.example\n{subject}: x"),
            format!("{from}: {NAME} <{EMAIL}>\n{date}: {written}\n{to}: p@d.example\n{subject}: x"),
            format!("{from}: {NAME}\n{sent}: {written}\n{to}: Podpora\n{subject}: x"),
            format!("{from}:\t{NAME} <{EMAIL}>\n{date}:\t{written}\n{to}:\tp@d.example\n{subject}:\tx"),
        ]
    }
}

fn filled(template: &str) -> String {
    template.replace("{N}", NAME).replace("{E}", EMAIL)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn quoted(text: &str) -> String {
    text.lines().map(|l| if l.is_empty() { ">\n".to_owned() } else { format!("> {l}\n") }).collect()
}

/// Wraps lines at blanks, as programs do that know no flowed text.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut length = 0;
        for word in line.split(' ') {
            let count = word.chars().count();
            if length > 0 && length + 1 + count > width {
                out.push('\n');
                length = 0;
            } else if length > 0 {
                out.push(' ');
                length += 1;
            }
            out.push_str(word);
            length += count;
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}

/// The bodies in which clients put an answer above, below or into what an attribution line heads.
fn attributed(l: &Language, line: &str) -> Vec<(&'static str, String)> {
    let (a, q) = (&l.answer, &l.question);
    let (html, history) = (escaped(line), quoted(&format!("{q}\n\nPodpora")));
    let mailto = line.replace(&format!("<{EMAIL}>"), &format!("<mailto:{EMAIL}>"));
    vec![
        ("plain", format!("{a}\n\n{line}\n\n{history}")),
        ("plain", format!("{a}\n{line}\n{history}")),
        ("plain", format!("{a}\n\n{}\n{history}", wrapped(line, 72))),
        ("plain", format!("{a}\n\n{}\n\n{history}", wrapped(line, 48))),
        ("plain", format!("{a}\n\n{}\n{history}", line.replace(' ', "\u{a0}"))),
        ("plain", format!("{a}\n\n{mailto}\n{history}")),
        ("plain", format!("{line}\n{history}\n{a}\n")),
        ("plain", format!("{a}\n\n{}", quoted(&format!("{line}\n{q}")))),
        ("html", format!("<div>{a}</div><div><br></div><div>{html}<br></div><blockquote type=cite>{q}</blockquote>")),
        (
            "html",
            format!(
                "<div dir=ltr>{a}</div><br><div class=\"gmail_quote gmail_quote_container\"><div class=gmail_attr>{html}<br></div><blockquote class=gmail_quote style=\"margin:0 0 0 .8ex;border-left:1px #ccc solid\">{q}</blockquote></div>"
            ),
        ),
        (
            "html",
            format!(
                "<p>{a}</p><div class=moz-cite-prefix>{html}<br></div><blockquote type=cite cite=\"mid:1@d.example\"><p>{q}</p></blockquote>"
            ),
        ),
        ("html", format!("<div>{a}</div><div class=yahoo_quoted><div>{html}</div><div>{q}</div></div>")),
        ("html", format!("<div>{a}</div><div class=protonmail_quote>{html}<br><blockquote>{q}</blockquote></div>")),
    ]
}

/// The same for header blocks, with what stands between the answer and them.
fn headed(l: &Language, block: &str) -> Vec<(&'static str, String)> {
    let (a, q) = (&l.answer, &l.question);
    let lines = escaped(block).replace('\n', "<br>");
    let bold: String = block
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(label, value)| format!("<b>{label}:</b>{}<br>", escaped(value)))
        .collect();
    let rows: String = block
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(label, value)| format!("<tr><th align=right>{label}: </th><td>{}</td></tr>", escaped(value)))
        .collect();
    let stars: String = block.lines().filter_map(|l| l.split_once(':')).map(|(l, v)| format!("*{l}:*{v}\n")).collect();
    let mut bodies = vec![
        ("plain", format!("{a}\n\n{block}\n\n{q}\n")),
        ("plain", format!("{a}\n________________________________\n{block}\n\n{q}\n")),
        ("plain", format!("{a}\n\n{stars}\n{q}\n")),
        ("plain", format!("{a}\n\n______________________________________\n{}>\n> {q}\n", quoted(block))),
        (
            "html",
            format!(
                "<div class=WordSection1><p class=MsoNormal>{a}<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal>{bold}</p></div><p class=MsoNormal>{q}</p></div>"
            ),
        ),
        (
            "html",
            format!("<div>{a}</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg>{bold}</div><div>{q}</div>"),
        ),
        ("html", format!("<p>{a}</p><hr><p>{lines}</p><p>{q}</p>")),
        ("html", format!("<p>{a}</p><table>{rows}</table><p>{q}</p>")),
        (
            "html",
            format!(
                "<div>{a}</div><div name=quote style=\"border-left:2px solid #C3D9E5\"><div>{bold}</div><div name=quoted-content>{q}</div></div>"
            ),
        ),
    ];
    for original in &l.original {
        bodies.push(("plain", format!("{a}\n\n-----{original}-----\n{block}\n\n{q}\n")));
        bodies.push(("plain", format!("{a}\n\n-------- {original} --------\n{block}\n\n{q}\n")));
        bodies.push(("plain", format!("{a}\n\n---------- {original} ----------\n{block}\n\"{q}\"\n")));
    }
    bodies
}

fn answers(l: &Language) -> Vec<(&'static str, String)> {
    let (a, q) = (&l.answer, &l.question);
    let mut bodies: Vec<_> = l.attributions.iter().flat_map(|line| attributed(l, &filled(line))).collect();
    bodies.extend(l.blocks().iter().flat_map(|block| headed(l, block)));
    for head in &l.heads {
        let history = if head.ends_with('>') { format!("> {q}") } else { q.clone() };
        bodies.push(("plain", format!("{a}\n\n{}\n\n{history}\n", filled(head))));
    }
    for device in &l.devices {
        let line = l.attribution(0);
        bodies.push(("plain", format!("{a}\n\n{device}\n")));
        bodies.push(("plain", format!("{a}\n\n{device}\n\n{line}\n> {q}\n")));
        bodies.push(("plain", format!("{a}\n\n{line}\n> {q}\n\n{device}\n")));
        let block = &l.blocks()[0];
        bodies.push(("plain", format!("{a}\n\n{device}\n________________________________\n{block}\n\n{q}\n")));
    }
    bodies
}

fn as_mail(kind: &str, subject: &str, header: &str, body: &str) -> Vec<u8> {
    format!("From: c@x.example\nSubject: {subject}\n{header}Content-Type: text/{kind}; charset=utf-8\n\n{body}")
        .into_bytes()
}

const ANSWER: &str = "In-Reply-To: <1@d.example>\n";

#[test]
fn an_answer_is_found_in_every_client_and_language() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for l in LANGUAGES.iter() {
        for (kind, body) in answers(l) {
            let message = read(&as_mail(kind, "Re: x", ANSWER, &body));
            count += 1;
            let named = !l.named || message.language.as_deref() == Some(l.code.as_str());
            if message.reply.text != l.answer || message.forward.is_some() || !named {
                wrong.push(format!("{} {:?} {:?}\n{body}", l.code, message.language, message.reply.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n----\n"));
    assert!(count > 5_000, "only {count} answers: is the table whole?");
}

/// Forwarded mails, the divider in every shape that clients give it.
fn forwards(l: &Language) -> Vec<String> {
    let [from, sent, to, _, subject, date] = &l.labels;
    let q = &l.question;
    let mut bodies = Vec::new();
    for phrase in l.forwarded.iter().chain(l.original.first()) {
        bodies.push(format!("---------- {phrase} ---------\n{from}: {NAME} <{EMAIL}>\nDate: 4. 8. 2026\nSubject: S\nTo: <c@x.example>\n\n{q}\n"));
        bodies.push(format!("-------- {phrase} --------\n{subject}: \tS\n{date}: \tTue, 4 Aug 2026\n{from}: \t{NAME} <{EMAIL}>\n{to}: \tc@x.example\n\n\n{q}\n"));
        bodies.push(format!("-----{phrase}-----\n{from}: {NAME} [mailto:{EMAIL}]\n{sent}: 4. 8. 2026\n{to}: c@x.example\n{subject}: S\n\n{q}\n"));
        bodies.push(format!(
            "------ {phrase} ------\n{from} \"{NAME}\" <{EMAIL}>\n{to} c@x.example\n{date} 4.8.2026 9:31:12\n{subject} S\n\n{q}\n"
        ));
    }
    for phrase in &l.forwarded {
        bodies.push(format!("   ----- {phrase} ----- {from}: {NAME} <{EMAIL}>{to}: \"c@x.example\" <c@x.example>{sent}: 4. 8. 2026 9:31 CEST{subject}: S\n{q}\n"));
    }
    bodies.push(format!("{from}: {NAME} <{EMAIL}>\n{sent}: 4. 8. 2026\n{to}: c@x.example\n{subject}: S\n\n{q}\n"));
    if let [phrase, from, subject, date, to] = &l.apple[..] {
        let block =
            format!("{from}: {NAME} <{EMAIL}>\n{subject}: S\n{date}: 4. 8. 2026 9:31\n{to}: c@x.example\n\n{q}");
        bodies.push(format!("{phrase}:\n\n{block}\n"));
        bodies.push(format!("{phrase}:\n\n{}", quoted(&block)));
    }
    bodies
}

#[test]
fn a_forwarded_mail_is_found_in_every_client_and_language() {
    let mut wrong = Vec::new();
    for l in LANGUAGES.iter() {
        for body in forwards(l) {
            for above in ["", "FYI\n\n"] {
                let message = read(&as_mail("plain", "Fwd: S", "", &format!("{above}{body}")));
                let forward = message.forward.unwrap_or_default();
                let sender = forward.from.map(|a| (a.name.unwrap_or_default(), a.email));
                let requester = message.requester.map(|a| a.email).unwrap_or_default();
                let right = sender == Some((NAME.to_owned(), EMAIL.to_owned()))
                    && forward.subject.as_deref() == Some("S")
                    && forward.text == l.question
                    && requester == if above.is_empty() { EMAIL } else { "c@x.example" };
                if !right {
                    wrong.push(format!(
                        "{} {sender:?} {:?} {:?} {requester}\n{above}{body}",
                        l.code, forward.subject, forward.text
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n----\n"));
}

/// One writer's mail in a conversation: which language and attribution, how the client puts it.
#[derive(Clone, Debug)]
struct Turn {
    language: usize,
    line: usize,
    /// Above the quotation with an attribution, with a header block, below the quotation, or between its lines.
    style: usize,
    device: bool,
}

/// The text of the newest mail of a conversation; `words` are what each writer wrote, the newest last.
fn conversation(turns: &[Turn], words: &[String]) -> String {
    let mut text = String::new();
    for (i, (turn, own)) in turns.iter().zip(words).enumerate() {
        let l = &LANGUAGES[turn.language % LANGUAGES.len()];
        let own = if turn.device && i + 1 == turns.len() {
            format!("{own}\n\n{}", l.devices[turn.line % l.devices.len()])
        } else {
            own.clone()
        };
        if i == 0 {
            text = format!("{own}\n");
            continue;
        }
        let line = l.attribution(turn.line);
        text = match turn.style % 4 {
            0 => format!("{own}\n\n{line}\n{}", quoted(&text)),
            1 => format!("{own}\n\n{}\n\n{text}", l.blocks()[turn.line % 5]),
            2 => format!("{line}\n{}\n{own}\n", quoted(&text)),
            _ => {
                let (first, second) = own.split_once(' ').unwrap_or((&own, ""));
                format!("{line}\n{}\n{first}\n\n> Tatranka\n\n{second}\n", quoted(&text))
            }
        };
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn of_a_conversation_the_last_words_survive_and_nothing_else(
        turns in prop::collection::vec(
            (0usize..100, 0usize..100, 0usize..4, any::<bool>())
                .prop_map(|(language, line, style, device)| Turn { language, line, style, device }),
            2..5,
        ),
    ) {
        let words: Vec<String> = (0..turns.len()).map(|i| format!("Abcdef{i} ghijkl{i}.")).collect();
        let body = conversation(&turns, &words);
        let message = read(&as_mail("plain", "Re: x", ANSWER, &body));
        let written = &message.reply.text;
        let last = turns.len() - 1;
        for word in words[last].split(' ') {
            prop_assert!(written.contains(word), "{word} is lost: {written:?}\n{body}");
        }
        for word in words[..last].iter().flat_map(|w| w.split(' ')).chain([EMAIL, NAME, "Tatranka"]) {
            prop_assert!(!written.contains(word), "{word} is foreign: {written:?}\n{body}");
        }
    }
}
