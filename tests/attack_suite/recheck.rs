//! Senders for whom the DNS had no answer are checked again: against a real server that is dead first and lives later, on a
//! clock that is moved.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Arc;

use jiff::SignedDuration;
use postdesk::authenticate::{Authenticator, Resolvers};
use postdesk::daemon::recheck;
use postdesk::model::desk::AgentProof;
use postdesk::model::facts::Believed;
use postdesk::model::{Category, Policy};
use postdesk::store::sqlite::{Options, SqliteStore};
use postdesk::store::{Reading as _, Store};

use super::bench::{Bench, Came, RECEIVED, Sent, VICTIM, policy};
use super::dns::Dns;
use super::signing::{Rsa, signed, signer};

const JANA: &str = "jana@acme.example";

/// A port on which nobody answers until a server is started there.
struct Dead {
    port: u16,
    _silent: (UdpSocket, TcpListener),
}

impl Dead {
    fn new() -> Self {
        for _ in 0..50 {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = tcp.local_addr().expect("bound").port();
            if let Ok(udp) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) {
                return Dead { port, _silent: (udp, tcp) };
            }
        }
        panic!("no port is free for both");
    }

    /// A resolver of its own, that remembers nothing of what others asked.
    fn authenticator(&self) -> Authenticator {
        let server = (Ipv4Addr::LOCALHOST, self.port).into();
        Authenticator::new(&Resolvers::Servers(vec![server])).expect("a resolver")
    }

    /// The server comes to life.
    fn revive(self, domains: &[&str]) -> Dns {
        let Dead { port, _silent } = self;
        drop(_silent);
        let names: Vec<String> = domains.iter().map(|d| format!("s1._domainkey.{d}")).collect();
        let record = &Rsa::shared().record;
        let records: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), record.as_str())).collect();
        (0..100)
            .find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                Dns::start_at(port, &records)
            })
            .expect("dnsmasq starts on the port that was kept for it")
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn mail(from: &str, fields: &str, subject: &str, text: &str) -> String {
    let mail = format!(
        "From: {from}\r\n{fields}To: podpora@acme.example\r\nSubject: {subject}\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <{}@x.example>\r\n\r\n{text}\r\n",
        text.len()
    );
    let domain = from.rsplit_once('@').expect("an address").1;
    let fields = ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To"];
    format!("{RECEIVED}{}", signed(&mail, &signer(Rsa::shared().key(), domain, "s1", &fields)))
}

fn arrives(bench: &Bench, authenticator: &Authenticator, raw: &str) -> Came {
    let from = raw.lines().find_map(|l| l.strip_prefix("From: ")).expect("From");
    let author = postdesk::model::AddrSpec::parse(from).ok();
    let proof = runtime().block_on(authenticator.check(raw.as_bytes(), author.as_ref()));
    bench.take_checked("support", raw.as_bytes(), proof)
}

/// Time passes, and the desk checks what is due; how many that were, and what it wrote.
fn later(bench: &Bench, authenticator: &Authenticator, seconds: i64) -> (usize, Vec<Sent>) {
    bench.pass(SignedDuration::from_secs(seconds));
    let store: Arc<dyn Store> = bench.store.clone();
    let checked = runtime().block_on(recheck::round(&store, &bench.policy, authenticator, bench.now.get()));
    (checked.expect("is checked"), bench.news())
}

/// A desk whose server judges nothing: only the DNS proves anybody.
fn desk(change: impl FnOnce(&mut Policy)) -> Bench {
    Bench::new().reconfigured(|policy| {
        policy.mailboxes.iter_mut().for_each(|m| m.believe.clear());
        policy.desk.agents = AgentProof::Confirm;
        change(policy);
    })
}

fn restricted(policy: &mut Policy) {
    policy.categories.push(Category {
        name: "pristup".into(),
        words: vec!["heslo".into()],
        matches: Default::default(),
        owner: None,
        sla: None,
        priority: None,
        restricted: true,
        ask: Vec::new(),
    });
}

fn told(bench: &Bench, ticket: i64) -> Vec<String> {
    let history = bench.store.history(ticket).expect("reads");
    history.iter().map(|line| postdesk::cli::json::change(&line.change)).collect()
}

#[test]
fn a_proven_request_is_bound_lifted_and_shown_once_the_dns_answers() {
    let (bench, dead) = (desk(restricted), Dead::new());
    let came = arrives(&bench, &dead.authenticator(), &mail(VICTIM, "", "Zabudol som heslo", "Prosím o nové."));
    let number = came.ticket().expect("a ticket");
    assert_eq!(came.believed(), "unauthenticated");
    assert_eq!(came.to("confirm").len(), 1, "the address on file is asked meanwhile");
    let before = bench.ticket(number);
    assert!(!before.verified && before.restricted && before.contact.is_none());

    // Not before its time; and after a minute without an answer nothing changes.
    assert_eq!(later(&bench, &dead.authenticator(), 59).0, 0);
    let (checked, sent) = later(&bench, &dead.authenticator(), 2);
    assert_eq!((checked, sent.len()), (1, 0));
    assert!(!bench.ticket(number).verified);
    assert_eq!(later(&bench, &dead.authenticator(), 200).0, 0);

    let dns = dead.revive(&["firma.example"]);
    let (checked, sent) = later(&bench, &dns.authenticator(), 60);
    assert_eq!(checked, 1);
    let after = bench.ticket(number);
    assert!(after.verified && !after.restricted && after.contact.as_deref() == Some(VICTIM), "{after:?}");
    assert_eq!(bench.store.entries(number).expect("reads")[0].believed, Some(Believed::Verified));
    let templates: Vec<_> = sent.iter().map(|s| (s.row.template.as_str(), s.row.to.email.as_str())).collect();
    assert_eq!(templates, [("notify-proven", JANA)]);
    assert!(sent[0].text().contains("už preukázaný"), "{}", sent[0].text());
    let told = told(&bench, number);
    for said in [
        "sender of message 1 verified, strong proof",
        "sender proven",
        "contact: jan@firma.example",
        "confirmed by proof",
    ] {
        assert!(told.iter().any(|t| t == said), "{said} in {told:?}");
    }
    // Once is enough; the address on file need not answer any more, and its answer does nothing.
    assert_eq!(later(&bench, &dns.authenticator(), 3600).0, 0);
    let answer = format!("In-Reply-To: <{}>\r\n", came.to("confirm")[0].row.message_id);
    let late = bench.take(&super::bench::unproven(VICTIM, &answer, "Re: x", "Nie, to nie ja."));
    assert!(!bench.ticket(number).restricted, "{:?}", late.ingested);
}

#[test]
fn an_agents_held_mail_is_carried_out_once_it_is_proven_and_not_after_he_denied_it() {
    for denied in [false, true] {
        let (bench, dead) = (desk(|_| ()), Dead::new());
        let identity = format!("In-Reply-To: <{}>\r\n", bench.sent("notify-new").message_id);
        let subject = format!("Re: {} x", bench.token(1001));
        let came = arrives(&bench, &dead.authenticator(), &mail(JANA, &identity, &subject, "Vybavené."));
        assert_eq!((came.fate().as_str(), came.to("confirm").len()), ("quarantined", 1));
        if denied {
            let code = format!("In-Reply-To: <{}>\r\n", came.to("confirm")[0].row.message_id);
            bench.take(&super::bench::unproven(JANA, &code, "Re: x", "Nie."));
        }
        let dns = dead.revive(&["acme.example"]);
        let (checked, sent) = later(&bench, &dns.authenticator(), 61);
        let answers = sent.iter().filter(|s| s.row.template == "answer").count();
        assert_eq!((checked, answers), (1, usize::from(!denied)), "denied: {denied}");
        assert_eq!(bench.store.quarantined().expect("reads").len(), usize::from(denied));
        assert_eq!(later(&bench, &dns.authenticator(), 3600).0, 0);
        // A confirmation that comes now does not send it a second time.
        if !denied {
            let code = format!("In-Reply-To: <{}>\r\n", came.to("confirm")[0].row.message_id);
            let late = bench.take(&super::bench::unproven(JANA, &code, "Re: x", "Ano."));
            assert!(late.to("answer").is_empty(), "{:?}", late.ingested);
        }
    }
}

#[test]
fn three_times_in_vain_is_enough_and_what_is_not_proven_stays_as_it_is() {
    let (bench, dead) = (desk(|_| ()), Dead::new());
    let came = arrives(&bench, &dead.authenticator(), &mail(VICTIM, "", "Vec", "Prosím o pomoc."));
    let number = came.ticket().expect("a ticket");
    let before = bench.ticket(number);
    for (seconds, due) in [(61, 1), (120, 0), (121, 1), (500, 0), (101, 1), (3600, 0), (86_400, 0)] {
        let (checked, sent) = later(&bench, &dead.authenticator(), seconds);
        assert_eq!((checked, sent.len()), (due, 0), "after {seconds} s");
    }
    let after = bench.ticket(number);
    assert_eq!((after.verified, after.contact, after.status), (before.verified, before.contact, before.status));
    assert!(told(&bench, number).iter().any(|t| t == "sender of message 1 checked again"));

    // An answer that proves nothing ends it at once.
    let (bench, dead) = (desk(|_| ()), Dead::new());
    let came = arrives(&bench, &dead.authenticator(), &mail(VICTIM, "", "Vec", "Prosím o pomoc."));
    let number = came.ticket().expect("a ticket");
    let dns = dead.revive(&["inde.example"]);
    assert_eq!(later(&bench, &dns.authenticator(), 61).0, 1);
    assert_eq!(later(&bench, &dns.authenticator(), 3600).0, 0);
    assert!(!bench.ticket(number).verified);
}

#[test]
fn what_is_to_be_checked_survives_a_restart_and_a_clock_that_is_set_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("desk.db");
    let open = || SqliteStore::open(&path, Options { durable: false, ..Options::default() }).expect("opens");
    let mut asking = policy("ACME", "acme.example", 7);
    asking.mailboxes[0].believe.clear();
    let dead = Dead::new();
    let bench = Bench::with_store(open(), asking.clone());
    let came = arrives(&bench, &dead.authenticator(), &mail(VICTIM, "", "Vec", "Prosím o pomoc."));
    let (number, now) = (came.ticket().expect("a ticket"), bench.now.get());
    drop((bench, came));
    let bench = Bench::with_store(open(), asking);
    bench.now.set(now - SignedDuration::from_hours(48));
    let dns = dead.revive(&["firma.example"]);
    assert_eq!(later(&bench, &dns.authenticator(), 1).0, 0, "it waits for its time");
    bench.now.set(now);
    assert_eq!(later(&bench, &dns.authenticator(), 61).0, 1);
    assert!(bench.ticket(number).verified);
}

#[test]
fn a_changed_copy_lets_nobody_in_when_it_is_proven_later() {
    let (bench, dead) = (desk(|_| ()), Dead::new());
    let genuine = mail(VICTIM, "", "Vec", "Prosím o pomoc.");
    // The copy comes while the DNS is dead, the genuine one later.
    let copy = genuine.replace("From: ", "Cc: utok@zlo.example\r\nReply-To: utok@zlo.example\r\nFrom: ");
    let copied = arrives(&bench, &dead.authenticator(), &copy).ticket().expect("a ticket");
    let dns = dead.revive(&["firma.example"]);
    let first = arrives(&bench, &dns.authenticator(), &genuine);
    assert_eq!(first.fate(), "duplicate", "the same letter: {:?}", first.ingested);
    later(&bench, &dns.authenticator(), 61);
    let ticket = bench.ticket(copied);
    assert!(ticket.participants.is_empty(), "{ticket:?}");
}
