//! The state table, row by row.

use postdesk::facts::establish;
use postdesk::model::facts::{Authenticity, OwnProof, ProofOutcome};
use postdesk::model::{Found, Message};

use super::fixture::*;

fn own(outcome: ProofOutcome) -> OwnProof {
    OwnProof { outcome, ..OwnProof::default() }
}

fn aligned() -> ProofOutcome {
    ProofOutcome::Aligned { domain: "firma.example".into() }
}

const NOTHING: ProofOutcome = ProofOutcome::Nothing { policy_unmet: false };
const UNMET: ProofOutcome = ProofOutcome::Nothing { policy_unmet: true };

fn judged(message: &Message, outcome: ProofOutcome) -> Authenticity {
    establish(message, "support", &own(outcome), Found::default(), &policy()).authenticity
}

fn state(authenticity: &Authenticity) -> String {
    match authenticity.strength {
        Some(strength) => format!("{} {strength}", authenticity.believed),
        None => authenticity.believed.to_string(),
    }
}

/// What our server says after its identifier, the own check, the state.
#[test]
fn every_row_of_the_state_table_holds() {
    let pass = "dmarc=pass header.from=firma.example";
    let dkim = "dkim=pass header.d=firma.example";
    let spf = "spf=pass smtp.mailfrom=jan@firma.example";
    let dead = ProofOutcome::TempError;
    let off = ProofOutcome::NotChecked;
    let rows: Vec<(String, ProofOutcome, &str)> = vec![
        // DMARC passed for our From domain, whatever the own check says.
        (pass.into(), NOTHING, "verified weak"),
        (pass.into(), off.clone(), "verified weak"),
        (pass.into(), dead.clone(), "verified weak"),
        (pass.into(), UNMET, "verified weak"),
        (pass.into(), aligned(), "verified strong"),
        (format!("{dkim}; {pass}"), NOTHING, "verified strong"),
        (format!("dkim=pass header.d=mail.firma.example; {pass}"), NOTHING, "verified strong"),
        (format!("dkim=pass header.d=jini.example; {pass}"), NOTHING, "verified weak"),
        // None or absent, and an aligned DKIM signature.
        (dkim.into(), NOTHING, "verified strong"),
        (dkim.into(), dead.clone(), "verified strong"),
        (format!("{dkim}; dmarc=none header.from=firma.example"), off.clone(), "verified strong"),
        (format!("{dkim}; dmarc=bestguesspass header.from=firma.example"), off.clone(), "verified strong"),
        ("dkim=pass header.i=jan@firma.example".into(), off.clone(), "verified strong"),
        ("dkim=pass header.d=mail.firma.example".into(), NOTHING, "unauthenticated"),
        // None, and only aligned SPF.
        (format!("{spf}; dmarc=none"), NOTHING, "verified weak"),
        (format!("{spf}; dmarc=none"), off.clone(), "verified weak"),
        (format!("{spf}; dmarc=none"), aligned(), "verified strong"),
        (spf.into(), NOTHING, "verified weak"),
        ("spf=pass smtp.mailfrom=jan@jini.example; dmarc=none".into(), NOTHING, "unauthenticated"),
        // DMARC failed.
        ("dmarc=fail header.from=firma.example".into(), NOTHING, "failed"),
        ("dmarc=fail header.from=firma.example".into(), off.clone(), "failed"),
        ("dmarc=fail header.from=firma.example".into(), dead.clone(), "failed"),
        ("dmarc=fail".into(), NOTHING, "failed"),
        ("dmarc=fail header.from=firma.example".into(), aligned(), "unauthenticated"),
        (format!("{dkim}; {spf}; dmarc=fail header.from=firma.example"), NOTHING, "failed"),
        // Nothing said, or nothing usable.
        ("none".into(), NOTHING, "unauthenticated"),
        ("none".into(), dead.clone(), "unauthenticated"),
        ("none".into(), UNMET, "unauthenticated"),
        ("none".into(), aligned(), "verified strong"),
        (format!("{pass} (open"), NOTHING, "unauthenticated"),
        (format!("{pass} (open"), dead.clone(), "unauthenticated"),
        (format!("{pass} (open"), aligned(), "verified strong"),
        ("dmarc=temperror header.from=firma.example".into(), NOTHING, "unauthenticated"),
        (format!("{dkim}; dmarc=temperror header.from=firma.example"), NOTHING, "unauthenticated"),
        ("dmarc=permerror header.from=firma.example".into(), dead.clone(), "unauthenticated"),
        ("dmarc=temperror header.from=firma.example".into(), aligned(), "verified strong"),
        // Our server saw another From than this desk.
        ("dmarc=pass header.from=utok.example".into(), NOTHING, "failed"),
        ("dmarc=pass header.from=utok.example".into(), aligned(), "failed"),
        ("dmarc=none header.from=utok.example".into(), NOTHING, "failed"),
        ("dmarc=pass header.from=news.firma.example".into(), NOTHING, "unauthenticated"),
        ("dmarc=pass".into(), NOTHING, "unauthenticated"),
    ];
    for (said, outcome, expected) in rows {
        let mail = with_results(message("jan@firma.example"), &[(0, &format!("mx.acme.example; {said}"))]);
        let got = judged(&mail, outcome.clone());
        assert_eq!(state(&got), expected, "{said} and {outcome:?}: {}", got.because);
        assert!(!got.because.is_empty() && !got.because.ends_with('.'), "{}", got.because);
        assert!(got.evidence.len() >= 3, "{:?}", got.evidence);

        let mut broken = mail.clone();
        broken.structure.from_fields = 2;
        assert_eq!(state(&judged(&broken, outcome.clone())), "failed", "two From fields: {said}");
        // Whatever was proven: beyond the bounds of reading something else may stand.
        let mut large = mail;
        large.flags.push("header-block-too-large".into());
        let expected = if expected == "failed" { expected } else { "unauthenticated" };
        assert_eq!(state(&judged(&large, outcome)), expected, "not read whole: {said}");
    }
}

#[test]
fn nobody_is_an_agent_whose_header_was_not_read_whole() {
    let pass = "mx.acme.example; dmarc=pass header.from=acme.example; dkim=pass header.d=acme.example";
    let mut mail = with_results(message("jana@acme.example"), &[(0, pass)]);
    assert_eq!(state(&judged(&mail, NOTHING)), "verified strong");
    mail.flags.push("header-block-too-large".into());
    assert_eq!(state(&judged(&mail, NOTHING)), "failed");
}

#[test]
fn no_field_at_all_leaves_it_to_the_own_check() {
    let mail = message("jan@firma.example");
    for (outcome, expected) in [
        (NOTHING, "unauthenticated"),
        (UNMET, "unauthenticated"),
        (ProofOutcome::NotChecked, "unauthenticated"),
        (ProofOutcome::TempError, "unauthenticated"),
        (aligned(), "verified strong"),
        (ProofOutcome::Aligned { domain: "utok.example".into() }, "unauthenticated"),
        (ProofOutcome::Aligned { domain: String::new() }, "unauthenticated"),
    ] {
        assert_eq!(state(&judged(&mail, outcome.clone())), expected, "{outcome:?}");
    }
    let got = judged(&mail, ProofOutcome::TempError);
    assert!(got.because.contains("checked again"), "{}", got.because);
    let got = judged(&mail, UNMET);
    assert!(got.because.contains("policy"), "{}", got.because);
}

#[test]
fn a_mailbox_that_is_not_configured_believes_nobody() {
    let mail = with_results(
        message("jan@firma.example"),
        &[(0, "mx.acme.example; dmarc=pass header.from=firma.example; dkim=pass header.d=firma.example")],
    );
    let facts = establish(&mail, "gone", &OwnProof::default(), Found::default(), &policy());
    assert_eq!(state(&facts.authenticity), "unauthenticated");
}
