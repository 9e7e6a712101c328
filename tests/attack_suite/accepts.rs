//! Letting people in: only those whom the agent means, only those whom a proven mail brought.

use postdesk::store::Reading as _;

use super::bench::{Bench, Came, State, VICTIM, in_state, proven, unproven};

const COUSIN: &str = "eva@zakaznik.example";
const ATTACKER: &str = "utok@zlo.example";

/// Somebody writes with the ticket's token; the Message-ID of the notification about it.
fn writes(bench: &Bench, mail: &str) -> String {
    let came = bench.take(mail);
    assert_eq!(came.ticket(), Some(1001), "{:?}", came.ingested);
    came.to("notify-reply")[0].row.message_id.clone()
}

fn outsider(bench: &Bench, from: &str, state: State) -> String {
    let subject = format!("Re: {}", bench.token(1001));
    writes(bench, &in_state(state, from, "", &subject, "Týka sa to aj mňa."))
}

/// jana answers this notification.
fn says(bench: &Bench, notification: &str, words: &str) -> Came {
    let fields = format!("In-Reply-To: <{notification}>\r\n");
    bench.take(&proven("jana@acme.example", &fields, "Re: x", words))
}

fn answered(came: &Came) -> Vec<&str> {
    came.to("answer").iter().map(|s| s.row.to.email.as_str()).collect()
}

fn refused(came: &Came, names: &[&str]) {
    assert!(answered(came).is_empty(), "{:?}", came.ingested);
    let text = came.to("refused")[0].text();
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
}

#[test]
fn an_agent_lets_in_whom_the_notification_was_about_and_nobody_who_wrote_since() {
    for state in [State::Strong, State::Weak] {
        let bench = Bench::new();
        let told = outsider(&bench, COUSIN, state);
        let later = outsider(&bench, ATTACKER, State::Strong);
        let came = says(&bench, &told, "#accept\n\nDobrý deň obom.");
        assert_eq!(answered(&came), [VICTIM, COUSIN]);
        assert!(came.sent.iter().all(|s| !s.row.to.email.contains("zlo.example")));
        // The agent means the other one: that is his word.
        assert_eq!(answered(&says(&bench, &later, "#accept\n\nDobrý deň všetkým.")), [VICTIM, COUSIN, ATTACKER]);
    }
}

#[test]
fn an_unproven_outsider_is_not_let_in_nor_somebody_else_in_his_place() {
    let bench = Bench::new();
    let told = outsider(&bench, COUSIN, State::Unproven);
    refused(&says(&bench, &told, "#accept\n\nDobrý deň."), &[]);
    outsider(&bench, ATTACKER, State::Strong);
    refused(&says(&bench, &told, "#accept\n\nDobrý deň znova."), &[ATTACKER]);
    refused(&says(&bench, &told, &format!("#accept {COUSIN}\n\nDobrý deň.")), &[ATTACKER]);
    refused(&says(&bench, &told, "#accept nikto\n\nDobrý deň."), &["nikto"]);
    assert!(bench.ticket(1001).participants.is_empty());
    assert_eq!(answered(&says(&bench, &told, &format!("#accept <{ATTACKER}>\n\nDobrý deň."))), [VICTIM, ATTACKER]);
}

#[test]
fn without_a_thread_the_agent_names_whom_he_means_where_there_are_several() {
    let bench = Bench::new();
    outsider(&bench, COUSIN, State::Strong);
    let row = bench.sent("notify-reply");
    let bytes = bench.store.outbox_mail(row.id).expect("reads").expect("is there").1;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let address = text.lines().find_map(|l| l.strip_prefix("Reply-To: ")).expect("a reply address").to_owned();
    let say = |words: &str| bench.take(&proven("jana@acme.example", &format!("To: {address}\r\n"), "Re: x", words));
    outsider(&bench, ATTACKER, State::Strong);
    refused(&say("#accept\n\nDobrý deň."), &[COUSIN, ATTACKER]);
    assert_eq!(answered(&say(&format!("#accept {COUSIN}\n\nDobrý deň."))), [VICTIM, COUSIN]);
    assert_eq!(answered(&say("#accept\n\nDobrý deň ešte raz.")), [VICTIM, COUSIN, ATTACKER], "only one mail is left");
}

#[test]
fn those_whom_a_weakly_proven_participant_copied_are_let_in_together() {
    let bench = Bench::new();
    let copies = "Cc: Účtovníčka <ucto@inde.example>, sef@firma.example\r\n";
    let subject = format!("Re: {}", bench.token(1001));
    let told = writes(&bench, &in_state(State::Weak, VICTIM, copies, &subject, "Pridávam kolegov."));
    assert_eq!(answered(&says(&bench, &told, "Len Vám.")), [VICTIM]);
    assert_eq!(
        answered(&says(&bench, &told, "#accept\n\nVšetkým.")),
        [VICTIM, "ucto@inde.example", "sef@firma.example"]
    );
    // An unproven one, or somebody who is no participant, proposes nobody.
    for mail in [
        unproven(VICTIM, "Cc: utok@zlo.example\r\n", &subject, "Pridávam kolegu."),
        proven(ATTACKER, "Cc: druhy@zlo.example\r\n", &subject, "Pridávam kolegu."),
    ] {
        writes(&bench, &mail);
    }
    let waiting: Vec<String> = bench.ticket(1001).access.proposed.into_iter().map(|p| p.email).collect();
    assert_eq!(waiting, [ATTACKER]);
}

#[test]
fn whoever_fills_the_list_pushes_out_only_the_oldest() {
    let bench = Bench::new();
    for n in 0..30 {
        outsider(&bench, &format!("{n}@d{n}.example"), State::Strong);
    }
    let told = outsider(&bench, COUSIN, State::Strong);
    assert_eq!(bench.ticket(1001).access.proposed.len(), postdesk::model::access::PROPOSED_MAX);
    assert_eq!(answered(&says(&bench, &told, "#accept\n\nDobrý deň.")), [VICTIM, COUSIN]);
}
