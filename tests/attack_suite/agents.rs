//! What it takes to be believed as an agent: the three settings, each state of a mail, each kind of address, and what the
//! desk learns.

use postdesk::daemon::order;
use postdesk::model::AddrSpec;
use postdesk::model::conduct::Learnt;
use postdesk::model::desk::AgentProof;
use postdesk::store::{Reading as _, Store as _};

use super::bench::{Bench, Came, STATES, State, in_state};

const FIRST: &str = "jana@acme.example";
const FURTHER: &str = "jana@doma.example";

fn mail(state: State, from: &str, fields: &str, text: &str) -> String {
    in_state(state, from, fields, "Re: x", text)
}

/// `acts`, `asks` (at the registered address), `holds` (and tells him).
fn became(came: &Came) -> &'static str {
    let to = |template: &str| came.to(template).len();
    for sent in came.sent.iter().filter(|s| s.row.template != "answer") {
        assert_eq!(sent.row.to.email, FIRST, "asked or told elsewhere: {:?}", came.ingested);
    }
    match (came.fate().as_str(), to("answer"), to("confirm"), to("refused")) {
        ("appended", 1, 0, 0) => "acts",
        ("quarantined", 0, 1, 0) => "asks",
        ("quarantined", 0, 0, 1) => "holds",
        other => panic!("{other:?}: {:?}", came.ingested),
    }
}

/// A desk whose only ticket has a notification of jana's, and of which nothing was learnt.
fn desk(agents: AgentProof, believes: bool) -> (Bench, String) {
    let bench = Bench::new();
    let _ = bench.store.unlearn(FIRST).expect("forgets");
    let identity = format!("In-Reply-To: <{}>\r\n", bench.sent("notify-new").message_id);
    let bench = bench.reconfigured(|policy| {
        policy.desk.agents = agents;
        if !believes {
            policy.mailboxes[0].believe.clear();
        }
    });
    (bench, identity)
}

#[test]
fn each_setting_asks_of_each_state_what_the_table_says() {
    use AgentProof::{Auto, Confirm, Token};
    // Setting, whether the mailbox believes its server, and what becomes of a strong, weak, unproven and failed mail. Where
    // it believes nobody, all four are unproven.
    let rows = [
        (Auto, true, ["acts", "asks", "asks", "holds"]),
        (Confirm, true, ["acts", "asks", "asks", "holds"]),
        (Token, true, ["acts", "acts", "acts", "holds"]),
        (Auto, false, ["acts", "acts", "acts", "acts"]),
        (Confirm, false, ["asks", "asks", "asks", "asks"]),
        (Token, false, ["acts", "acts", "acts", "acts"]),
    ];
    for (agents, believes, expected) in rows {
        for (state, expected) in STATES.into_iter().zip(expected) {
            let (bench, identity) = desk(agents, believes);
            let came = bench.take(&mail(state, FIRST, &identity, "Hotovo."));
            assert_eq!(became(&came), expected, "{agents:?}, believes: {believes}, {state:?}: {:?}", came.ingested);
        }
    }
}

#[test]
fn without_the_signed_identity_nothing_is_carried_out_in_any_state() {
    for agents in [AgentProof::Auto, AgentProof::Confirm, AgentProof::Token] {
        for state in STATES {
            let (bench, _) = desk(agents, true);
            let token = format!("Subject: Re: {}\r\n", bench.token(1001));
            let raw = mail(state, FIRST, "", "#close\n\nHotovo.").replace("Subject: Re: x\r\n", &token);
            let expected = if agents == AgentProof::Token || state == State::Failed { "holds" } else { "asks" };
            assert_eq!(became(&bench.take(&raw)), expected, "{agents:?}, {state:?}");
        }
    }
}

#[test]
fn a_proven_mail_from_an_address_is_remembered_until_an_operator_takes_it_back() {
    let (bench, identity) = desk(AgentProof::Auto, true);
    let learnt = || bench.store.learnt(FIRST).expect("reads");
    // Neither weak proof, nor none, nor a confirmation is proof of that kind.
    bench.take(&mail(State::Weak, FIRST, &identity, "Jeden."));
    let asked = bench.take(&mail(State::Unproven, FIRST, &identity, "Dva."));
    let code = format!("In-Reply-To: <{}>\r\n", asked.to("confirm")[0].row.message_id);
    let yes = bench.take(&mail(State::Unproven, FIRST, &code, "Ano."));
    assert_eq!(yes.to("answer").len(), 1, "{:?}", yes.ingested);
    assert_eq!(learnt(), Learnt::default());
    // Strong proof is, whatever becomes of that mail.
    bench.take(&mail(State::Strong, FIRST, "", "Kedy bude obed?"));
    assert!(learnt().strong_since.is_some());

    // The operator turns believing off, or the forger finds a mailbox where it is off: the address still needs proof.
    let bench = bench.reconfigured(|policy| policy.mailboxes.iter_mut().for_each(|m| m.believe.clear()));
    for mailbox in ["support", "sales"] {
        let raw = mail(State::Unproven, FIRST, &identity, &format!("Falosne {mailbox}."));
        assert_eq!(became(&bench.take_checked(mailbox, raw.as_bytes(), Default::default())), "asks", "{mailbox}");
    }
    assert_eq!(bench.store.unlearn(FIRST), Ok(true));
    assert_eq!(became(&bench.take(&mail(State::Unproven, FIRST, &identity, "Znova."))), "acts");
}

#[test]
fn mail_through_a_mailbox_that_believes_nobody_needs_no_proof_that_cannot_exist() {
    let (bench, identity) = desk(AgentProof::Auto, true);
    let bench = bench.reconfigured(|policy| policy.mailboxes[1].believe.clear());
    let raw = mail(State::Unproven, FIRST, &identity, "Cez obchod.");
    assert_eq!(became(&bench.take_checked("sales", raw.as_bytes(), Default::default())), "acts");
    let raw = mail(State::Unproven, FIRST, &identity, "Cez podporu.");
    assert_eq!(became(&bench.take(&raw)), "asks");
}

#[test]
fn a_further_address_is_the_agents_once_somebody_answered_from_it() {
    for agents in [AgentProof::Auto, AgentProof::Confirm] {
        let (bench, identity) = desk(agents, true);
        let further = |bench: &Bench, text: &str| bench.take(&mail(State::Strong, FURTHER, &identity, text));
        assert_eq!(became(&further(&bench, "Prva.")), "asks", "{agents:?}");
        // The operator asks there; a word from elsewhere, a denial and a machine's answer prove nothing.
        let address = AddrSpec::parse(FURTHER).expect("an address");
        let ask = || {
            let commit = order::verify_alternate(bench.store.as_ref(), &bench.policy, &address, bench.now.get());
            commit.expect("is asked");
            let news = bench.news();
            assert_eq!((news.len(), news[0].row.to.email.as_str()), (1, FURTHER));
            format!("In-Reply-To: <{}>\r\n", news[0].row.message_id)
        };
        let first = ask();
        for wrong in [
            mail(State::Strong, "utok@zlo.example", &first, "Ano."),
            mail(State::Strong, FURTHER, &format!("{first}Auto-Submitted: auto-replied\r\n"), "Som prec."),
            mail(State::Strong, FURTHER, &first, "Nie, to nie je moja adresa."),
            // Denied once is denied.
            mail(State::Strong, FURTHER, &first, "Ano."),
        ] {
            bench.take(&wrong);
            assert_eq!(bench.store.learnt(FURTHER).expect("reads").answered_at, None, "{wrong}");
        }
        bench.take(&mail(State::Unproven, FURTHER, &ask(), "Ano."));
        assert!(bench.store.learnt(FURTHER).expect("reads").answered_at.is_some());
        assert_eq!(became(&further(&bench, "Druha.")), "acts", "{agents:?}");
        assert_eq!(bench.store.unlearn(FURTHER), Ok(true));
        assert_eq!(became(&further(&bench, "Tretia.")), "asks", "{agents:?}");
    }
    // Where no mail can be proven, an address still can; and whoever says "token" wants none of it.
    for (agents, expected) in [(AgentProof::Auto, "asks"), (AgentProof::Token, "acts")] {
        let (bench, identity) = desk(agents, false);
        assert_eq!(became(&bench.take(&mail(State::Unproven, FURTHER, &identity, "Prva."))), expected);
    }
}

#[test]
fn the_first_address_and_strangers_are_not_asked_by_auth_verify() {
    let (bench, _) = desk(AgentProof::Auto, true);
    for (address, says) in [(FIRST, "first of jana's"), ("utok@zlo.example", "No agent has")] {
        let address = AddrSpec::parse(address).expect("an address");
        let refused = order::verify_alternate(bench.store.as_ref(), &bench.policy, &address, bench.now.get());
        assert!(refused.expect_err("is refused").to_string().contains(says));
        assert!(bench.news().is_empty());
    }
}

#[test]
fn the_rule_that_applied_is_among_the_reasons() {
    for (agents, believes, says) in [
        (AgentProof::Auto, true, "mailbox support believes what mx.acme.example says"),
        (AgentProof::Auto, false, "the mailbox believes no server"),
        (AgentProof::Token, true, "`agents = \"token\"`"),
        (AgentProof::Confirm, true, "`agents = \"confirm\"`"),
    ] {
        for state in [State::Strong, State::Unproven] {
            let (bench, identity) = desk(agents, believes);
            let came = bench.take(&mail(state, FIRST, &identity, "Hotovo."));
            let reasons = came.judged.expect("a decision").reasons;
            assert!(reasons.iter().any(|r| r.contains(says)), "{agents:?} {believes} {state:?}: {reasons:?}");
        }
    }
}
