//! Mails for the benchmark, made from a seed: the same seed, profile and key give the same bytes, on every machine.

use super::sentences::{LANGUAGES, Language};

/// The desk's prefix in subject tokens, its authserv-id and its address: the configuration says the same.
pub const PREFIX: &str = "BENCH";
pub const SERVER: &str = "mx.desk.example";
pub const ADDRESS: &str = "podpora@desk.example";
/// The number that a desk gives its first ticket.
const FIRST_TICKET: i64 = 1001;

/// What the mails are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// 70 % of 4 KB (half of them with an HTML alternative), 25 % of 60 KB and 5 % of 400 KB with an attachment; every
    /// one opens a ticket.
    Drain,
    /// Plain support mails of 1 to 3 KB, 40 % of them replies to earlier tickets: half of these by the token in the
    /// subject, half by References alone.
    Support,
}

/// A mailbox's content, and what it must come to.
pub struct Corpus {
    pub mails: Vec<Vec<u8>>,
    /// How many of the mails open a ticket.
    pub tickets: usize,
}

impl Corpus {
    pub fn bytes(&self) -> usize {
        self.mails.iter().map(Vec::len).sum()
    }
}

/// `token`: the subject token of a ticket under the desk's key.
pub fn corpus(profile: Profile, count: usize, seed: u64, token: impl Fn(i64) -> String) -> Corpus {
    let mut chance = Chance(seed);
    let mut opened: Vec<Opened> = Vec::new();
    let mut mails = Vec::with_capacity(count);
    for n in 0..count {
        let mail = match profile {
            Profile::Support if !opened.is_empty() && chance.percent(40) => {
                let which = chance.below(opened.len());
                reply(&mut chance, n, &mut opened[which], &token)
            }
            _ => {
                let number = FIRST_TICKET + i64::try_from(opened.len()).expect("a count of mails");
                let ticket = Opened::by(&mut chance, n, number);
                let mail = request(&mut chance, n, profile, &ticket);
                opened.push(ticket);
                mail
            }
        };
        mails.push(mail);
    }
    Corpus { mails, tickets: opened.len() }
}

/// A ticket as its customer knows it.
struct Opened {
    number: i64,
    name: String,
    domain: String,
    email: String,
    subject: String,
    /// The customer's own mails of it, oldest first, with angle brackets.
    ids: Vec<String>,
    language: &'static Language,
}

impl Opened {
    /// Every ticket is somebody else's: acknowledgements are limited by address.
    fn by(chance: &mut Chance, n: usize, number: i64) -> Self {
        let language = &LANGUAGES[chance.below(LANGUAGES.len())];
        let name = format!("{} {}", chance.of(language.names), chance.of(language.surnames));
        let domain = format!("firma{}.example", chance.below(1000));
        let subject = format!("{} ({})", chance.of(language.subjects), chance.below(90_000) + 10_000);
        let email = format!("zakaznik.{number}@{domain}");
        Opened { number, name, email, subject, ids: vec![message_id(n, &domain)], domain, language }
    }
}

fn message_id(n: usize, domain: &str) -> String {
    format!("<{n:08}.mail@{domain}>")
}

fn request(chance: &mut Chance, n: usize, profile: Profile, ticket: &Opened) -> Vec<u8> {
    let mut mail = head(chance, n, ticket, &ticket.ids[0], &ticket.subject);
    if profile == Profile::Support {
        let length = 600 + chance.below(1200);
        return plain(mail, &letter(chance, ticket, length));
    }
    match chance.below(100) {
        0..35 => plain(mail, &letter(chance, ticket, 3000)),
        35..70 => {
            let text = letter(chance, ticket, 1300);
            alternative(&mut mail, &text);
            mail
        }
        70..95 => {
            let text = letter(chance, ticket, 1200);
            attached(&mut mail, chance, &text, 43_000);
            mail
        }
        _ => {
            let text = letter(chance, ticket, 1200);
            attached(&mut mail, chance, &text, 298_000);
            mail
        }
    }
}

/// A customer's answer to the desk, with what he answers below it.
fn reply(chance: &mut Chance, n: usize, ticket: &mut Opened, token: &impl Fn(i64) -> String) -> Vec<u8> {
    let by_token = chance.percent(50);
    let id = message_id(n, &ticket.domain);
    let subject = if by_token {
        format!("Re: {} {}", token(ticket.number), ticket.subject)
    } else {
        format!("Re: {}", ticket.subject)
    };
    let mut mail = head(chance, n, ticket, &id, &subject);
    if !by_token {
        let references = ticket.ids.join("\r\n ");
        let last = ticket.ids.last().expect("the first mail has an id");
        mail.extend_from_slice(format!("In-Reply-To: {last}\r\nReferences: {references}\r\n").as_bytes());
    }
    let length = 200 + chance.below(400);
    let mut text = letter(chance, ticket, length);
    text.push_str(&format!("\r\nOn Mon, 16 Nov 2026 at 09:00, ACME podpora <{ADDRESS}> wrote:\r\n"));
    for _ in 0..6 {
        text.push_str(&format!("> {}\r\n", chance.of(ticket.language.sentences)));
    }
    ticket.ids.push(id);
    plain(mail, &text)
}

/// The header block as the desk's own server hands a believed mail on, but for what says the kind of content.
fn head(chance: &mut Chance, n: usize, from: &Opened, id: &str, subject: &str) -> Vec<u8> {
    let (domain, email) = (&from.domain, &from.email);
    let (hour, minute, second) = (n / 3600 % 24, n / 60 % 60, n % 60);
    let time = format!("{hour:02}:{minute:02}:{second:02} +0100");
    let hop = chance.below(1 << 30);
    format!(
        "Return-Path: <{email}>\r\n\
         Authentication-Results: {SERVER};\r\n\
         \tdkim=pass header.d={domain} header.s=s1;\r\n\
         \tspf=pass smtp.mailfrom={email};\r\n\
         \tdmarc=pass header.from={domain}\r\n\
         Received: from mail.{domain} (mail.{domain} [192.0.2.{ip}])\r\n\
         \tby {SERVER} (Postfix) with ESMTPS id {hop:08X}\r\n\
         \tfor <{ADDRESS}>; Mon, 16 Nov 2026 {time}\r\n\
         Received: from [10.0.0.{ip}] (unknown [10.0.0.{ip}])\r\n\
         \tby mail.{domain} with ESMTPSA id {hop:08x}; Mon, 16 Nov 2026 {time}\r\n\
         From: {name} <{email}>\r\n\
         To: ACME podpora <{ADDRESS}>\r\n\
         Subject: {subject}\r\n\
         Date: Mon, 16 Nov 2026 {time}\r\n\
         Message-ID: {id}\r\n\
         User-Agent: Mozilla Thunderbird\r\n\
         MIME-Version: 1.0\r\n",
        ip = hop % 250 + 1,
        name = encoded_word(&from.name),
        subject = encoded_word(subject),
    )
    .into_bytes()
}

/// RFC 2047, one word; text that is ASCII stays as it is.
fn encoded_word(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("=?utf-8?B?{}?=", base64(text.as_bytes())) }
}

/// Paragraphs of about `length` bytes between a greeting and a signature.
fn letter(chance: &mut Chance, from: &Opened, length: usize) -> String {
    let mut text = format!("{}\r\n\r\n", from.language.greeting);
    while text.len() < length {
        for _ in 0..2 + chance.below(3) {
            text.push_str(chance.of(from.language.sentences));
            text.push_str(if chance.percent(70) { " " } else { "\r\n" });
        }
        text.push_str("\r\n\r\n");
    }
    let name = &from.name;
    text.push_str(&format!("{}\r\n\r\n-- \r\n{name}\r\ntel. +421 2 {:06}\r\n", from.language.closing, from.number));
    text
}

fn plain(mut mail: Vec<u8>, text: &str) -> Vec<u8> {
    mail.extend_from_slice(
        b"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    );
    mail.extend_from_slice(text.as_bytes());
    mail
}

fn alternative(mail: &mut Vec<u8>, text: &str) {
    let paragraphs: String =
        text.split("\r\n\r\n").map(|p| format!("<p>{}</p>\r\n", p.replace("\r\n", "<br>"))).collect();
    let html = format!(
        "<html><head><meta charset=\"utf-8\"><style>p {{ margin: 0 }}</style></head>\r\n<body>{paragraphs}</body></html>\r\n"
    );
    mail.extend_from_slice(
        format!(
            "Content-Type: multipart/alternative; boundary=\"=_alt\"\r\n\r\n\
             --=_alt\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n\
             --=_alt\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n\
             --=_alt--\r\n"
        )
        .as_bytes(),
    );
}

/// `size`: of the attachment's content, which cannot be compressed, as that of a photo or a PDF.
fn attached(mail: &mut Vec<u8>, chance: &mut Chance, text: &str, size: usize) {
    let content: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| chance.next().to_le_bytes()).collect();
    mail.extend_from_slice(
        format!(
            "Content-Type: multipart/mixed; boundary=\"=_mix\"\r\n\r\n\
             --=_mix\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n\
             --=_mix\r\nContent-Type: image/jpeg; name=\"foto.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"foto.jpg\"\r\n\r\n"
        )
        .as_bytes(),
    );
    for line in content.chunks(57) {
        mail.extend_from_slice(base64(line).as_bytes());
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"--=_mix--\r\n");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// SplitMix64: every seed is good, and the sequence is the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 up to `end`, without it.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }

    fn of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }
}
