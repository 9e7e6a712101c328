//! An agent's whole conversation from real mail clients: mutt and s-nail read the notification from a Maildir and answer
//! through a real Postfix; Thunderbird and Outlook are here with the headers and the quoting that they write. Between them
//! and the customer stand a real Dovecot, a real Postfix and the real program as a daemon.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mail_parser::{Message, MessageParser};
use support::desk::{Daemon, Desk, LONG, customers_mail};
use support::dovecot::Dovecot;
use support::eventually;
use support::postfix::{Delivered, Postfix};

const CUSTOMER: &str = "martin@zakaznik.example";
const AGENT: &str = "jana@inbox.example";
/// With letters that some charsets lack, and one word so long that clients break its line.
const WORDS: &str =
    "Dobrý deň, reštartujte ju, prosím, a vypnite ju najmenej na minútu zo zásuvky, inak sa to zopakuje.";

struct World {
    dovecot: Dovecot,
    postfix: Postfix,
    desk: Desk,
    _daemon: Daemon,
    /// Mails that were looked at.
    seen: Vec<Vec<u8>>,
    scratch: tempfile::TempDir,
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("parses")
}

/// A field as it stands in the header, unfolded.
fn field(bytes: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let prefix = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&prefix)).expect("has the field").to_owned()
}

/// The text as the client shows it to the agent.
fn shown(bytes: &[u8]) -> String {
    parsed(bytes).body_text(0).expect("has a text").replace("\r\n", "\n")
}

impl World {
    fn open() -> Self {
        let (dovecot, postfix) = (Dovecot::start(), Postfix::start());
        // LMTP adds a Received line above that of the server which authenticated the mail.
        let mailbox = Desk::mailbox("support", "podpora", &dovecot, Some("Processed"));
        let desk = Desk::with(postfix.plain, "", &mailbox.replace("plus = true", "plus = true\nhops = 2"));
        let daemon = desk.watch(1);
        let scratch = tempfile::tempdir().expect("a scratch folder");
        World { dovecot, postfix, desk, _daemon: daemon, seen: Vec::new(), scratch }
    }

    /// The next mail that Postfix delivered to somebody whose address begins so.
    fn next_to(&mut self, address: &str) -> Delivered {
        let found = eventually(&format!("a mail to {address}"), LONG, || {
            let new = |d: &Delivered| d.delivered_to.starts_with(address) && !self.seen.contains(&d.bytes);
            self.postfix.delivered().into_iter().find(new)
        });
        self.seen.push(found.bytes.clone());
        found
    }

    /// The agent's mail reaches the desk's own server, which says that it is hers.
    fn reaches_the_desk(&self, mail: &[u8]) {
        let mut whole = b"Authentication-Results: mx.acme.example; dkim=pass header.d=inbox.example; dmarc=pass \
            header.from=inbox.example\r\nReceived: from mail.inbox.example by mx.acme.example with ESMTPS; Mon, 16 Nov 2026 \
            09:00:00 +0100\r\n"
            .to_vec();
        whole.extend_from_slice(mail);
        self.dovecot.deliver_lmtp("podpora", &whole);
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text).expect("is written");
        path
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.file(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("may be run");
        path
    }

    /// A Maildir with one mail in it.
    fn maildir(&self, mail: &[u8]) -> PathBuf {
        let folder = self.scratch.path().join(format!("maildir-{}", self.seen.len()));
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).expect("is made");
        }
        // As a delivery agent on this machine writes it.
        let text = String::from_utf8(mail.to_vec()).expect("our mails are ASCII").replace("\r\n", "\n");
        std::fs::write(folder.join("new/1.mail"), text).expect("is written");
        folder
    }

    /// Customer → ticket → the agent answers with a command and words → the customer answers → the agent ends it.
    fn conversation(mut self, answer: impl Fn(&mut World, &[u8], &str)) {
        let hello = "Dobrý deň,\r\n\r\nod rána netlačíme.\r\n\r\nMartin";
        let subject = "=?utf-8?q?Nejde_tla=C4=8Diare=C5=88?=";
        self.dovecot.deliver_lmtp("podpora", &customers_mail(CUSTOMER, subject, "m1@zakaznik.example", "", hello));
        self.next_to(CUSTOMER);
        let notification = self.next_to(AGENT).bytes;
        assert!(shown(&notification).contains("od rána netlačíme."));
        answer(&mut self, &notification, &format!("#priority high\n\n{WORDS}"));
        let relayed = self.next_to(CUSTOMER).bytes;
        let text = shown(&relayed);
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            format!("{WORDS} -- Jana Nováková ACME podpora")
        );
        let whole = String::from_utf8_lossy(&relayed).into_owned() + &text;
        for private in [AGENT, "-=-=-=-", "#priority", "napísal", "wrote"] {
            assert!(!whole.contains(private), "{private:?} went to the customer:\n{whole}");
        }
        let id = field(&relayed, "Message-ID");
        let extra = format!("In-Reply-To: {id}\r\nReferences: <m1@zakaznik.example> {id}\r\n");
        let again = customers_mail(CUSTOMER, "Re: Nejde", "m2@zakaznik.example", &extra, "Zase nič.\r\n\r\nMartin");
        self.dovecot.deliver_lmtp("podpora", &again);
        let second = self.next_to(AGENT).bytes;
        assert!(shown(&second).contains("Zase nič."));
        answer(&mut self, &second, "#Close");
        let ticket = eventually("the ticket is closed", LONG, || {
            let ticket = self.desk.json(&["ticket", "show", "1001", "--json"]).remove(0);
            (ticket["status"] == "closed").then_some(ticket)
        });
        assert_eq!(ticket["priority"], "high", "{ticket}");
        let news = self.postfix.delivered().into_iter().filter(|d| !self.seen.contains(&d.bytes)).count();
        assert_eq!(news, 0, "nobody got a mail more");
    }
}

fn run(client: &mut Command, input: &Path, home: &Path) {
    let input = std::fs::File::open(input).expect("is read");
    let variables = [("LC_ALL", "C.UTF-8"), ("TERM", "xterm")];
    let output = client
        .envs(variables)
        .env("HOME", home)
        .env_remove("MAILRC")
        .stdin(Stdio::from(input))
        .output()
        .unwrap_or_else(|error| panic!("{client:?}: {error}; scripts/test installs it"));
    assert!(
        output.status.success(),
        "{client:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// mutt, as a person uses it: the first mail, `r`, the editor with the quoted text, `y`. It speaks SMTP to Postfix itself.
fn mutt(world: &mut World, notification: &[u8], words: &str) {
    // An editor in which the agent types above what the client quotes.
    mutt_with(world, notification, words, "{ cat WORDS; printf '\\n\\n'; cat \"$1\"; }");
}

/// The same with the words below the whole quotation, as many a mutt user writes.
fn mutt_below(world: &mut World, notification: &[u8], words: &str) {
    mutt_with(world, notification, words, "{ cat \"$1\"; printf '\\n'; cat WORDS; }");
}

/// `typing`: a shell's command that writes what the agent leaves in the editor.
fn mutt_with(world: &mut World, notification: &[u8], words: &str, typing: &str) {
    let maildir = world.maildir(notification);
    let words = world.file("words", words);
    let typing = typing.replace("WORDS", &words.display().to_string());
    let editor = world
        .script("editor", &format!("#!/bin/sh\n{typing} > \"$1.new\" && cat \"$1.new\" > \"$1\" && rm \"$1.new\"\n"));
    let settings = world.file(
        "muttrc",
        &format!(
            "set mbox_type=Maildir\nset folder=\"{home}\"\nset spoolfile=\"{maildir}\"\nset realname=\"Jana Novakova\"\n\
             set from=\"{AGENT}\"\nset use_from=yes\nset hostname=\"inbox.example\"\nset editor=\"{editor}\"\n\
             set smtp_url=\"smtp://127.0.0.1:{port}/\"\nset ssl_starttls=no\nset ssl_force_tls=no\nset include=yes\nset fast_reply=yes\n\
             set reply_to=yes\nset copy=no\nset quit=yes\nset delete=no\nset wait_key=no\nset sleep_time=0\nset beep=no\n\
             set charset=utf-8\nset abort_unmodified=no\npush \"<first-entry><reply><send-message><quit>\"\n",
            home = world.scratch.path().display(),
            maildir = maildir.display(),
            editor = editor.display(),
            port = world.postfix.plain,
        ),
    );
    let command = format!("mutt -n -F {} -f {}", settings.display(), maildir.display());
    // script(1) is the terminal that mutt wants.
    run(
        Command::new("timeout").args(["60", "script", "-qec", &command, "/dev/null"]),
        Path::new("/dev/null"),
        world.scratch.path(),
    );
    let sent = world.next_to("podpora");
    assert!(!field(&sent.bytes, "In-Reply-To").is_empty() && sent.delivered_to.contains('+'), "{}", sent.delivered_to);
    world.reaches_the_desk(&sent.bytes);
}

/// s-nail in batch mode: `reply`, the words, `~m` below them, which quotes the mail with its header.
fn s_nail(world: &mut World, notification: &[u8], words: &str) {
    let maildir = world.maildir(notification);
    let typed = world.file("typed", &format!("reply 1\n{words}\n\n~m 1\n.\nquit\n"));
    let mta = format!("mta=smtp://127.0.0.1:{}", world.postfix.plain);
    let from = format!("from=Jana Novakova <{AGENT}>");
    let mut client = Command::new("timeout");
    client.args(["60", "s-nail", "-:", "/", "-#", "-~"]);
    for setting in [
        "v15-compat",
        &mta,
        &from,
        "smtp-auth=none",
        "sendwait",
        "dot",
        "nosave",
        "reply-to-honour",
        "indentprefix=> ",
        "ttycharset=utf-8",
        "sendcharsets=utf-8",
        "hostname=inbox.example",
        "smtp-hostname=inbox.example",
    ] {
        client.args(["-S", setting]);
    }
    run(client.arg("-f").arg(&maildir), &typed, world.scratch.path());
    let sent = world.next_to("podpora");
    assert!(field(&sent.bytes, "User-Agent").starts_with("s-nail"), "it is s-nail's");
    world.reaches_the_desk(&sent.bytes);
}

#[test]
fn mutt_leads_a_whole_conversation() {
    World::open().conversation(mutt);
}

#[test]
fn whoever_writes_below_the_quotation_is_heard_too() {
    World::open().conversation(mutt_below);
}

#[test]
fn s_nail_leads_a_whole_conversation() {
    World::open().conversation(s_nail);
}

fn quoted(text: &str) -> String {
    text.lines()
        .map(|line| if line.starts_with('>') { format!(">{line}\r\n") } else { format!("> {line}\r\n") })
        .collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Thunderbird, plain text: format=flowed, soft breaks, its Slovak attribution above the quotation.
fn thunderbird_plain(world: &mut World, notification: &[u8], words: &str) {
    let id = field(notification, "Message-ID");
    let flowed = words.replace("prosím, a ", "prosím, a \r\n").replace("\n\n", "\r\n\r\n");
    let mail = format!(
        "Message-ID: <1b0b8e0c-5a4e-4c0e-9d5b-{n:012}@inbox.example>\r\nDate: Mon, 16 Nov 2026 09:10:00 +0100\r\nMIME-Version: 1.0\r\n\
         User-Agent: Mozilla Thunderbird\r\nSubject: Re: {subject}\r\nContent-Language: sk\r\nTo: {to}\r\n\
         References: {id}\r\nFrom: =?UTF-8?Q?Jana_Nov=C3=A1kov=C3=A1?= <{AGENT}>\r\nIn-Reply-To: {id}\r\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {flowed}\r\n\r\nDňa 16. 11. 2026 o 9:00 ACME podpora napísal(a):\r\n{quoted}\r\n",
        n = world.seen.len(),
        subject = field(notification, "Subject"),
        to = field(notification, "Reply-To"),
        quoted = quoted(&shown(notification)),
    );
    world.reaches_the_desk(mail.as_bytes());
}

/// Thunderbird, HTML: `moz-cite-prefix`, the notification in a `moz-quote-pre`, a plain part beside it.
fn thunderbird_html(world: &mut World, notification: &[u8], words: &str) {
    let id = field(notification, "Message-ID");
    let lines: String = words
        .lines()
        .map(|l| if l.is_empty() { "<p><br></p>\r\n".to_owned() } else { format!("<p>{}</p>\r\n", html(l)) })
        .collect();
    let notification_text = shown(notification);
    let mail = format!(
        "Message-ID: <6d7c6a3e-0f0e-4b7e-8e57-{n:012}@inbox.example>\r\nDate: Mon, 16 Nov 2026 09:10:00 +0100\r\nMIME-Version: 1.0\r\n\
         User-Agent: Mozilla Thunderbird\r\nSubject: Re: {subject}\r\nTo: {to}\r\nReferences: {id}\r\nContent-Language: sk\r\n\
         From: =?UTF-8?Q?Jana_Nov=C3=A1kov=C3=A1?= <{AGENT}>\r\nIn-Reply-To: {id}\r\n\
         Content-Type: multipart/alternative;\r\n boundary=\"------------0Zt4Xh7mK\"\r\n\r\n\
         This is a multi-part message in MIME format.\r\n--------------0Zt4Xh7mK\r\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {plain}\r\n\r\nDňa 16. 11. 2026 o 9:00 ACME podpora napísal(a):\r\n{quoted}\r\n--------------0Zt4Xh7mK\r\n\
         Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         <!DOCTYPE html>\r\n<html>\r\n  <head>\r\n    <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\">\r\n  </head>\r\n  <body>\r\n\
         {lines}    <div class=\"moz-cite-prefix\">Dňa 16. 11. 2026 o 9:00 ACME podpora napísal(a):<br>\r\n    </div>\r\n    <blockquote type=\"cite\"\r\n      cite=\"mid:{bare}\">\r\n      <pre wrap=\"\" class=\"moz-quote-pre\">{pre}</pre>\r\n    </blockquote>\r\n  </body>\r\n</html>\r\n\r\n--------------0Zt4Xh7mK--\r\n",
        n = world.seen.len(),
        subject = field(notification, "Subject"),
        to = field(notification, "Reply-To"),
        plain = words.replace('\n', "\r\n"),
        quoted = quoted(&notification_text),
        bare = id.trim_matches(['<', '>']),
        pre = html(&notification_text).replace('\n', "\r\n"),
    );
    world.reaches_the_desk(mail.as_bytes());
}

/// Outlook: Word's HTML, no quotation marks but a block with From and Sent above the old mail, windows-1250, its own thread
/// fields.
fn outlook(world: &mut World, notification: &[u8], words: &str) {
    let id = field(notification, "Message-ID");
    let old = shown(notification);
    let subject = parsed(notification).subject().expect("has one").to_owned();
    let head = [
        ("Od:", "ACME podpora <podpora@acme.example>".to_owned()),
        ("Odoslané:", "pondelok 16. novembra 2026 9:00".to_owned()),
        ("Komu:", format!("Jana Nováková <{AGENT}>")),
        ("Predmet:", subject.clone()),
    ];
    let paragraph = |line: &str| {
        let line = if line.is_empty() { "<o:p>&nbsp;</o:p>".to_owned() } else { format!("{}<o:p></o:p>", html(line)) };
        format!("<p class=\"MsoNormal\"><span style=\"mso-fareast-language:EN-US\">{line}</span></p>\r\n")
    };
    let block: String = head.iter().map(|(name, value)| format!("<b>{name}</b> {}<br>\r\n", html(value))).collect();
    let said: String = words.lines().chain([""]).map(paragraph).collect();
    let earlier: String = old.lines().map(paragraph).collect();
    let page = format!(
        "<html xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:w=\"urn:schemas-microsoft-com:office:word\" xmlns=\"http://www.w3.org/TR/REC-html40\">\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1250\">\r\n<meta name=\"Generator\" content=\"Microsoft Word 15 (filtered medium)\">\r\n<style><!--\r\np.MsoNormal {{margin:0cm; font-size:11.0pt;}}\r\n--></style>\r\n</head>\r\n<body lang=\"SK\" link=\"#0563C1\" vlink=\"#954F72\">\r\n<div class=\"WordSection1\">\r\n{said}<div>\r\n<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\r\n<p class=\"MsoNormal\">{block}</p>\r\n</div>\r\n</div>\r\n{earlier}</div>\r\n</body>\r\n</html>\r\n"
    );
    let lines: String = head.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
    let plain = format!("{words}\n\n{lines}\n{old}").replace('\n', "\r\n");
    let encode = |text: &str| {
        use base64::Engine as _;
        let (bytes, ..) = encoding_rs::WINDOWS_1250.encode(text);
        let line = base64::engine::general_purpose::STANDARD.encode(&bytes);
        line.as_bytes().chunks(76).map(|l| format!("{}\r\n", String::from_utf8_lossy(l))).collect::<String>()
    };
    let mail = format!(
        "From: =?windows-1250?Q?Jana_Nov=E1kov=E1?= <{AGENT}>\r\nTo: {to}\r\nSubject: RE: {subject}\r\nThread-Topic: {subject}\r\n\
         Thread-Index: AQHbN9c0Qm5Vb3c1YUqG2Y0o5N8m1rK7\r\nDate: Mon, 16 Nov 2026 08:10:00 +0000\r\n\
         Message-ID: <AM0PR01MB{n:04}@AM0PR01MB0001.eurprd01.prod.exchangelabs.com>\r\nReferences: {id}\r\nIn-Reply-To: {id}\r\n\
         Accept-Language: sk-SK, en-US\r\nContent-Language: sk-SK\r\nX-MS-Has-Attach:\r\nX-MS-TNEF-Correlator:\r\n\
         Content-Type: multipart/alternative;\r\n\tboundary=\"_000_AM0PR01MB{n:04}_\"\r\nMIME-Version: 1.0\r\n\r\n\
         --_000_AM0PR01MB{n:04}_\r\nContent-Type: text/plain; charset=\"windows-1250\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{plain}\r\n\
         --_000_AM0PR01MB{n:04}_\r\nContent-Type: text/html; charset=\"windows-1250\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{page}\r\n\
         --_000_AM0PR01MB{n:04}_--\r\n",
        to = field(notification, "Reply-To"),
        subject = field(notification, "Subject"),
        n = world.seen.len(),
        plain = encode(&plain),
        page = encode(&page),
    );
    world.reaches_the_desk(mail.as_bytes());
}

#[test]
fn thunderbird_leads_a_whole_conversation_in_plain_text_and_in_html() {
    World::open().conversation(thunderbird_plain);
    World::open().conversation(thunderbird_html);
}

#[test]
fn outlook_leads_a_whole_conversation() {
    World::open().conversation(outlook);
}
