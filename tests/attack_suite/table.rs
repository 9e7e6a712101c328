//! The action table of `docs/trust.md`, cell by cell: what each kind of mail may do in each state of its sender.

use jiff::SignedDuration;
use postdesk::model::{Status, Ticket};
use postdesk::store::Reading as _;

use super::bench::{Bench, Came, FIRST_ID, STATES, State, VICTIM, in_state};

const STRANGER: &str = "eva@zakaznik.example";
const COLLEAGUE: &str = "zuzana@firma.example";

/// What came of one mail, in the table's words.
struct Cell {
    bench: Bench,
    came: Came,
    before: Ticket,
}

impl Cell {
    /// `new`, `new linked`, `joins`, `held`, `bounced` and so on.
    fn fate(&self) -> &'static str {
        match (self.came.fate().as_str(), self.came.ticket()) {
            ("quarantined", None) => "held",
            ("appended", Some(1001)) => "joins",
            ("ticket", Some(number)) if self.bench.ticket(number).linked.contains(&1001) => "new, linked",
            ("ticket", Some(_)) => "new",
            other => panic!("{other:?}: {:?}", self.came.ingested),
        }
    }

    fn opened(&self) -> Option<Ticket> {
        self.came.ticket().filter(|n| *n != 1001).map(|n| self.bench.ticket(n))
    }

    fn now(&self) -> Ticket {
        self.bench.ticket(1001)
    }

    fn warns(&self, word: &str) -> bool {
        let said = match word {
            "unproven" => "Nie je preukázané",
            "external" => "nie je účastníkom",
            "#accept" => "#accept sa odosielateľ",
            "copied" => "#accept pridá všetky",
            other => panic!("{other}"),
        };
        let told = self.came.sent.iter().filter(|s| s.row.to.email == "jana@acme.example");
        told.map(|s| s.text()).any(|text| text.contains(said))
    }

    /// Who was let in by this mail.
    fn let_in(&self) -> Vec<String> {
        let ticket = self.opened().unwrap_or_else(|| self.now());
        ticket.participants.into_iter().map(|p| p.email).collect()
    }

    fn waits(&self) -> Vec<String> {
        let ticket = self.opened().unwrap_or_else(|| self.now());
        ticket.access.proposed.into_iter().map(|p| p.email).collect()
    }
}

/// One row: what the mail wants, and what becomes of it when its sender is verified strong, weak, unauthenticated, failed.
fn row<T: PartialEq + std::fmt::Debug>(
    name: &str,
    prepare: impl Fn(Bench) -> Bench,
    mail: impl Fn(&Bench, State) -> String,
    expected: [T; 4],
    seen: impl Fn(&Cell) -> T,
) {
    for (state, expected) in STATES.into_iter().zip(expected) {
        let bench = prepare(Bench::new());
        bench.pass(SignedDuration::from_hours(25));
        let before = bench.ticket(1001);
        let came = bench.take(&mail(&bench, state));
        let cell = Cell { bench, came, before };
        assert_eq!(seen(&cell), expected, "{name}, {state:?}: {:?}", cell.came.ingested);
    }
}

fn as_it_is(bench: Bench) -> Bench {
    bench
}

/// The customer's subject, with the ticket's token.
fn subject(bench: &Bench) -> String {
    format!("Re: {} Faktúra nesedí", bench.token(1001))
}

#[test]
fn opening_a_ticket() {
    let mail = |_: &Bench, state| in_state(state, VICTIM, "", "Iná vec", "Dobrý deň.");
    row("fate", as_it_is, mail, ["new", "new", "new", "held"], Cell::fate);
    let contact = |cell: &Cell| cell.opened().and_then(|t| t.contact);
    row("bound to the contact", as_it_is, mail, [Some(VICTIM.into()), Some(VICTIM.into()), None, None], contact);
    let claims = |cell: &Cell| {
        let history = cell.opened().map(|t| cell.bench.store.history(t.number).expect("reads"));
        history.is_some_and(|h| h.iter().any(|line| format!("{:?}", line.change).contains("claims to be")))
    };
    row("shown as claimed", as_it_is, mail, [false, false, true, false], claims);
    let verified = |cell: &Cell| cell.opened().map(|t| t.verified);
    row("verified", as_it_is, mail, [Some(true), Some(true), Some(false), None], verified);
}

#[test]
fn the_acknowledgement() {
    let mail = |_: &Bench, state| in_state(state, STRANGER, "", "Zvláštny predmet", "Dobrý deň.");
    let acknowledged = |cell: &Cell| cell.came.acknowledged();
    row("kind", as_it_is, mail, ["full", "full", "minimal", "no"], acknowledged);
    let repeats = |cell: &Cell| {
        let outside = cell.came.sent.iter().filter(|s| s.row.to.email == STRANGER);
        outside.map(|s| s.readable()).any(|text| text.contains("predmet"))
    };
    row("the sender's words in it", as_it_is, mail, [true, true, false, false], repeats);
}

#[test]
fn a_participant_with_a_valid_token() {
    let mail = |bench: &Bench, state| in_state(state, VICTIM, "", &subject(bench), "Ešte niečo.");
    row("fate", as_it_is, mail, ["joins", "joins", "joins", "held"], Cell::fate);
    row("a banner", as_it_is, mail, [false, false, true, false], |cell| cell.warns("unproven"));
    row("marked external", as_it_is, mail, [false; 4], |cell| cell.warns("external"));
}

#[test]
fn a_participant_without_a_token() {
    for (name, fields, written) in [
        ("by the number", String::new(), "Re: [ACME-1001] Faktúra nesedí"),
        ("by a Message-ID", format!("In-Reply-To: <{FIRST_ID}>\r\n"), "Re: Faktúra nesedí"),
    ] {
        let mail = |_: &Bench, state| in_state(state, VICTIM, &fields, written, "Ešte niečo.");
        row(name, as_it_is, mail, ["joins", "joins", "new, linked", "held"], Cell::fate);
    }
}

#[test]
fn somebody_else_with_a_valid_token() {
    let mail = |bench: &Bench, state| in_state(state, STRANGER, "", &subject(bench), "Ja tiež.");
    row("fate", as_it_is, mail, ["joins", "joins", "joins", "held"], Cell::fate);
    row("marked external", as_it_is, mail, [true, true, true, false], |cell| cell.warns("external"));
    row("becomes a participant", as_it_is, mail, [(); 4].map(|()| Vec::new()), Cell::let_in);
    let may = [vec![STRANGER.to_owned()], vec![STRANGER.to_owned()], vec![], vec![]];
    row("an agent may accept", as_it_is, mail, may, Cell::waits);
    row("and is told so", as_it_is, mail, [true, true, false, false], |cell| cell.warns("#accept"));
}

#[test]
fn a_colleague_of_the_same_organisation_with_a_valid_token() {
    let mail = |bench: &Bench, state| in_state(state, COLLEAGUE, "", &subject(bench), "Ja tiež.");
    row("fate", as_it_is, mail, ["joins", "joins", "joins", "held"], Cell::fate);
    let joined = [vec![COLLEAGUE.to_owned()], vec![], vec![], vec![]];
    row("becomes a participant", as_it_is, mail, joined, Cell::let_in);
    row("marked external", as_it_is, mail, [false, true, true, false], |cell| cell.warns("external"));
    row("an agent may accept", as_it_is, mail, [false, true, false, false], |cell| cell.warns("#accept"));
}

#[test]
fn somebody_else_without_a_token() {
    for from in [STRANGER, COLLEAGUE] {
        for (name, fields, written) in [
            ("by the number", String::new(), "Re: [ACME-1001] Faktúra nesedí"),
            ("by a Message-ID", format!("In-Reply-To: <{FIRST_ID}>\r\n"), "Re: Faktúra nesedí"),
        ] {
            let mail = |_: &Bench, state| in_state(state, from, &fields, written, "Čo je s tým?");
            row(name, as_it_is, mail, ["new, linked", "new, linked", "new, linked", "held"], Cell::fate);
        }
    }
}

#[test]
fn people_in_to_and_cc() {
    const COPIES: &str = "Cc: Šéf <sef@firma.example>, ucto@inde.example, obchod@acme.example, peter@acme.example, noreply@inde.example\r\n";
    let two = || vec!["sef@firma.example".to_owned(), "ucto@inde.example".to_owned()];
    let nobody = Vec::new;
    let opens = |_: &Bench, state| in_state(state, VICTIM, COPIES, "Iná vec", "Dobrý deň.");
    let joins = |bench: &Bench, state| in_state(state, VICTIM, COPIES, &subject(bench), "Ešte niečo.");
    let others = |bench: &Bench, state| in_state(state, STRANGER, COPIES, &subject(bench), "Ja tiež.");
    let colleague = || vec!["sef@firma.example".to_owned()];
    let other = || vec!["ucto@inde.example".to_owned()];
    row("who opens it", as_it_is, opens, [colleague(), nobody(), nobody(), nobody()], Cell::let_in);
    row("a participant", as_it_is, joins, [colleague(), nobody(), nobody(), nobody()], Cell::let_in);
    row("somebody else", as_it_is, others, [(); 4].map(|()| nobody()), Cell::let_in);
    row("who opens it: an agent accepts", as_it_is, opens, [other(), two(), nobody(), nobody()], Cell::waits);
    row("a participant: an agent accepts", as_it_is, joins, [other(), two(), nobody(), nobody()], Cell::waits);
    row("the agent is told", as_it_is, joins, [true, true, false, false], |cell| cell.warns("copied"));
    let crowd: String = (0..30).map(|n| format!("c{n}@inde.example, ")).collect();
    let crowd = format!("Cc: {}\r\n", crowd.trim_end_matches(", "));
    let many = |_: &Bench, state| in_state(state, VICTIM, &crowd, "Iná vec", "Dobrý deň.");
    row("at most ten", as_it_is, many, [(0, 10), (0, 10), (0, 0), (0, 0)], |c| (c.let_in().len(), c.waits().len()));
    let crowd = crowd.replace("inde.example", "firma.example");
    let many = |_: &Bench, state| in_state(state, VICTIM, &crowd, "Iná vec", "Dobrý deň.");
    row("at most ten colleagues", as_it_is, many, [(10, 0), (0, 10), (0, 0), (0, 0)], |c| {
        (c.let_in().len(), c.waits().len())
    });
}

#[test]
fn reopening() {
    let ended = |bench: Bench| {
        use postdesk::model::{Order, OrderKind};
        let order = Order { ticket: 1001, actor: "jana".into(), what: OrderKind::Close };
        postdesk::daemon::order::carry_out(bench.store.as_ref(), &bench.policy, &order, bench.now.get())
            .expect("closes");
        bench.news();
        bench
    };
    let mail = |bench: &Bench, state| in_state(state, VICTIM, "", &subject(bench), "Zase to nejde.");
    row("fate", ended, mail, ["joins", "joins", "new, linked", "held"], Cell::fate);
    let status = |cell: &Cell| (cell.before.status, cell.now().status);
    let (opened, closed) = ((Status::Closed, Status::Open), (Status::Closed, Status::Closed));
    row("status", ended, mail, [opened, opened, closed, closed], status);
    let later = |bench: Bench| {
        let bench = ended(bench);
        bench.pass(SignedDuration::from_hours(24 * 91));
        bench
    };
    let new = "new, linked";
    row("too late", later, mail, [new, new, new, "held"], Cell::fate);
}

#[test]
fn an_agents_reply_and_command() {
    let identity = |bench: &Bench| format!("In-Reply-To: <{}>\r\n", bench.sent("notify-new").message_id);
    let asked =
        |cell: &Cell| (cell.came.to("answer").len(), cell.came.to("confirm").len(), cell.came.to("refused").len());
    let (acts, asks, holds) = ((1, 0, 0), (0, 1, 0), (0, 0, 1));
    let agent = "jana@acme.example";
    let reply = |bench: &Bench, state| in_state(state, agent, &identity(bench), "Re: x", "Vybavené.");
    row("a reply", as_it_is, reply, [acts, asks, asks, holds], asked);
    let command = |bench: &Bench, state| in_state(state, agent, &identity(bench), "Re: x", "#close");
    let status = |cell: &Cell| cell.now().status;
    row("a command", as_it_is, command, [Status::Closed, Status::Waiting, Status::Waiting, Status::Waiting], status);
    let bare = |bench: &Bench, state| in_state(state, agent, "", &subject(bench), "Vybavené.");
    row("From without the signed identity", as_it_is, bare, [asks, asks, asks, holds], asked);
    let stranger = |bench: &Bench, state| in_state(state, STRANGER, &identity(bench), "Re: x", "#close");
    let fates = ["new, linked", "new, linked", "new, linked", "held"];
    row("the signed identity without From", as_it_is, stranger, fates, Cell::fate);
}

#[test]
fn a_restricted_request() {
    let desk = |bench: Bench| {
        bench.reconfigured(|policy| {
            policy.categories.push(postdesk::model::Category {
                name: "pristup".into(),
                words: vec!["heslo".into()],
                matches: Default::default(),
                owner: None,
                sla: None,
                priority: None,
                restricted: true,
                ask: Vec::new(),
            });
        })
    };
    let mail = |_: &Bench, state| in_state(state, VICTIM, "", "Zabudol som heslo", "Pošlite mi nové.");
    let restricted = |cell: &Cell| cell.opened().map(|t| t.restricted);
    row("restricted", desk, mail, [Some(false), Some(true), Some(true), None], restricted);
    // About a mail that failed the agent is asked whether it is genuine: that releases no request.
    let outside = |to: &&String| *to != "jana@acme.example";
    let asked = |cell: &Cell| {
        let confirm = cell.came.to("confirm");
        confirm.iter().map(|s| &s.row.to.email).filter(outside).cloned().collect::<Vec<_>>()
    };
    let victim = || vec![VICTIM.to_owned()];
    row("asked at the address on file", desk, mail, [vec![], victim(), victim(), vec![]], asked);
    row("fate", desk, mail, ["new", "new", "new", "held"], Cell::fate);
}
