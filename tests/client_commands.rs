//! Commands from the mail programs that agents have: mutt writes them above what it quotes, s-nail below it. What they send
//! goes through the whole desk but its servers (those are in `mail_clients.rs`). Needs Debian's `mutt`, `s-nail` and
//! `bsdutils` (`script`); without them the test fails and says so.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use postdesk::cli::stage::{Scene, Stage};
use postdesk::model::{Status, Ticket};
use postdesk::store::{Reading as _, TicketFilter};

const KEY: &str = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

/// A desk, and an agent's home beside it.
struct Office {
    folder: tempfile::TempDir,
    stage: Stage,
    mails: u32,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories");
        let state = folder.path().join("state");
        std::fs::create_dir(&state).expect("a folder");
        std::fs::write(state.join("key"), KEY).expect("a key");
        std::fs::set_permissions(state.join("key"), std::fs::Permissions::from_mode(0o600)).expect("made private");
        let config = std::fs::read_to_string(stories.join("desk.toml")).expect("a configuration");
        let contacts = std::fs::read(stories.join("contacts.csv")).expect("contacts");
        let stage = Stage::set(folder.path(), &config, &contacts).expect("the stage is set");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        Office { folder, stage, mails: 0 }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A mail comes, as its sender's servers and ours pass it on. `Date` is the desk's, not this machine's.
    async fn comes(&mut self, domain: &str, mail: &str) -> Scene {
        self.mails += 1;
        let date = format!("Mon, 13 Jul 2026 09:{:02}:00 +0200", self.mails);
        let head = format!(
            "Authentication-Results: mx.acme.example; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\n\
             Received: from mail.{domain} (mail.{domain} [192.0.2.7]) by mx.acme.example with ESMTPS; {date}\nDate: {date}\n"
        );
        let rest: Vec<&str> = mail.lines().filter(|line| !line.starts_with("Date: ")).collect();
        let bytes = format!("{head}{}\n", rest.join("\n"));
        self.stage.play(self.mails, &format!("{:02}-in.eml", self.mails), bytes.as_bytes()).await.expect("is played")
    }

    async fn customer(&mut self, subject: &str, fields: &str, text: &str) -> Scene {
        let id = self.mails + 1;
        let mail = format!(
            "From: Martin Kral <martin.kral@tatry.example>\nTo: podpora@acme.example\nSubject: {subject}\n\
             Message-ID: <c{id}@tatry.example>\n{fields}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 8bit\n\n{text}\n"
        );
        self.comes("tatry.example", &mail).await
    }

    fn ticket(&self) -> Ticket {
        self.stage.store.ticket(1001).expect("is read").expect("is there")
    }

    /// The last notification to an agent, as the only mail of his mailbox.
    fn deliver(&self, scene: &Scene, to: &str) {
        let sent = scene.sent.iter().rfind(|sent| sent.row.to.email == to).expect("the agent is told");
        let mut mbox = b"From desk Mon Jul 13 09:00:00 2026\n".to_vec();
        mbox.extend(sent.bytes.iter().filter(|byte| **byte != b'\r'));
        mbox.push(b'\n');
        std::fs::write(self.home().join("mbox"), mbox).expect("is written");
    }

    /// What stands in for sendmail: it keeps the mail.
    fn sendmail(&self) -> PathBuf {
        self.script("sendmail.sh", "cat > \"$OUT\"")
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("may be run");
        path
    }

    fn run(&self, mut program: Command, input: &str, name: &str) -> String {
        let out = self.home().join("out");
        let _ = std::fs::remove_file(&out);
        program.env("HOME", self.home()).env("OUT", &out).env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
        program.env("MAILRC", "/dev/null").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            program.spawn().unwrap_or_else(|e| panic!("{name} is not installed: apt-get install {name} ({e})"));
        let mut stdin = child.stdin.take().expect("is piped");
        stdin.write_all(input.as_bytes()).expect("is read");
        std::thread::spawn(move || {
            // A terminal whose other end is gone ends the program before it has sent.
            std::thread::sleep(std::time::Duration::from_secs(8));
            drop(stdin);
        });
        let output = child.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        std::fs::read_to_string(&out).unwrap_or_else(|e| panic!("{name} sent nothing ({e}): {said}"))
    }

    /// mutt: the words above the quotation.
    fn mutt(&self, words: &str) -> String {
        std::fs::write(self.home().join("words"), words).expect("is written");
        let editor = self.script(
            "editor.sh",
            "{ cat \"$HOME/words\"; cat \"$1\"; } > \"$1.new\" && cat \"$1.new\" > \"$1\" && rm \"$1.new\"",
        );
        let (home, sendmail) = (self.home(), self.sendmail());
        let rc = format!(
            "set editor=\"{}\"\nset sendmail=\"{}\"\nset folder=\"{}\"\nset from=\"peter@acme.example\"\n\
             set realname=\"Peter Horvat\"\nset use_from=yes\nset fast_reply=yes\nset include=yes\nset copy=no\n\
             set sendmail_wait=0\nset charset=\"utf-8\"\nset quit=yes\nset move=no\nset reply_to=yes\n\
             set abort_unmodified=no\n",
            editor.display(),
            sendmail.display(),
            home.display()
        );
        std::fs::write(home.join("muttrc"), rc).expect("is written");
        let line = format!("mutt -n -F {0}/muttrc -f {0}/mbox -e 'push <reply><send-message><quit>'", home.display());
        assert!(Path::new("/usr/bin/mutt").exists(), "mutt is not installed: apt-get install mutt");
        let mut program = Command::new("timeout");
        program.args(["30", "script", "-qec", &line, "/dev/null"]);
        self.run(program, "", "mutt")
    }

    /// s-nail: the words below the quotation, which it puts first.
    fn s_nail(&self, words: &str) -> String {
        let mut program = Command::new("s-nail");
        program.args(["-#", "-~", "-n", "-S", "v15-compat=yes", "-S", "from=peter@acme.example", "-S"]);
        program.arg(format!("mta={}", self.sendmail().display()));
        program.args(["-S", "sendwait", "-S", "ttycharset=utf-8", "-S", "sendcharsets=utf-8", "-S", "quote"]);
        program.args(["-S", "indentprefix=> ", "-f"]).arg(self.home().join("mbox"));
        self.run(program, &format!("reply 1\n{words}\n~.\nquit\n"), "s-nail")
    }
}

fn sent_to<'s>(scene: &'s Scene, email: &str) -> Vec<&'s str> {
    scene.sent.iter().filter(|s| s.row.to.email == email).map(|s| s.row.template.as_str()).collect()
}

fn text(scene: &Scene, email: &str) -> String {
    let sent = scene.sent.iter().find(|s| s.row.to.email == email).expect("is sent");
    let mail = mail_parser::MessageParser::default().parse(&sent.bytes).expect("parses");
    mail.body_text(0).expect("has a text").into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutt_and_s_nail_carry_a_conversation_to_its_end() {
    let mut office = Office::open();
    let told = office.customer("Nejde tlaciaren", "", "Dobrý deň,\nhlási chybu E-04.").await;
    office.deliver(&told, "peter@acme.example");

    // mutt: commands above the words, above the quotation.
    let mail = office.mutt("#Čas 25m\n#tag tlačiareň\n\nVymeňte toner, prosím.\n\n");
    let answered = office.comes("acme.example", &mail).await;
    assert_eq!(sent_to(&answered, "martin.kral@tatry.example"), ["answer"], "{mail}");
    let answer = text(&answered, "martin.kral@tatry.example");
    assert!(answer.starts_with("Vymeňte toner, prosím.") && !answer.contains('#'), "{answer}");
    let ticket = office.ticket();
    assert_eq!((ticket.status, ticket.hands.minutes), (Status::Waiting, 25));
    assert_eq!(ticket.hands.tags, ["tlačiareň"]);
    let tagged = |tag: &str| {
        let filter = TicketFilter { tag: Some(tag.to_owned()), ..TicketFilter::default() };
        office.stage.store.tickets(&filter).expect("lists").len()
    };
    assert_eq!((tagged("Tlačiareň"), tagged("vpn")), (1, 0));
    let times = office.stage.store.times(1001).expect("reads");
    assert_eq!(times.iter().map(|t| (t.agent.as_str(), t.minutes)).collect::<Vec<_>>(), [("peter", 25)]);

    // The customer answers; s-nail knows no Reply-To of ours by heart, and writes below what it quotes.
    let id = answered.sent[0].row.message_id.clone();
    let fields = format!("In-Reply-To: <{id}>\nReferences: <{id}>\n");
    let again = office.customer("Re: Nejde tlaciaren", &fields, "Pomohlo, ďakujem. Ešte: kde kúpim toner?").await;
    office.deliver(&again, "peter@acme.example");
    let mail = office.s_nail("#note\nMá zmluvu, pošleme mu ho zadarmo.");
    assert!(mail.contains("\n> ") || mail.contains("\n>"), "it quotes first: {mail}");
    let noted = office.comes("acme.example", &mail).await;
    assert_eq!(sent_to(&noted, "martin.kral@tatry.example"), Vec::<&str>::new());
    let entries = office.stage.store.entries(1001).expect("is read");
    assert_eq!(entries.last().map(|e| e.reply.text.as_str()), Some("Má zmluvu, pošleme mu ho zadarmo."));

    // And once more, with an end to it: the commands below the words, below the quotation.
    let mail = office.s_nail("Pošleme Vám ho.\n\n#Vyriešené");
    let ended = office.comes("acme.example", &mail).await;
    let answer = text(&ended, "martin.kral@tatry.example");
    assert!(answer.starts_with("Pošleme Vám ho.") && !answer.contains('#'), "{answer}");
    assert_eq!(office.ticket().status, Status::Resolved);

    // A wrong command comes back, and the customer hears nothing.
    let mail = office.mutt("#clsoe\nTak teda.\n\n");
    let refused = office.comes("acme.example", &mail).await;
    assert_eq!(sent_to(&refused, "martin.kral@tatry.example"), Vec::<&str>::new());
    assert_eq!(sent_to(&refused, "peter@acme.example"), ["refused"]);
}
