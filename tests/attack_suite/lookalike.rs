//! Senders who look like somebody else: the agent is warned, in her own language; honest ones are not suspected.

use postdesk::model::facts::{Contact, Organisation};
use postdesk::model::{AddrSpec, Language};
use postdesk::store::Store as _;

use super::bench::{Bench, Came, policy, proven};

/// The warning as it stands in the notification.
fn warned(came: &Came) -> bool {
    let mail = came.sent.iter().find(|s| s.row.template.starts_with("notify")).expect("the agent is told");
    mail.text().contains("!! Adresa alebo meno odosielateľa sa podobá")
}

/// A firm and two people on file.
fn put_people(bench: &Bench) {
    let spec = |text| AddrSpec::parse(text).expect("an address");
    let contact = |email, name: &str| Contact { name: Some(name.to_owned()), ..Contact::of(spec(email)) };
    let firm = Organisation {
        name: "Veľkoodberateľ".to_owned(),
        domains: vec!["velkoodberatel.example".to_owned()],
        ..Organisation::default()
    };
    let people =
        [contact("eva@velkoodberatel.example", "Eva Dlhá"), contact("peter.novotny@posta.example", "Peter Novotný")];
    bench.store.put_contacts(&people, &[firm], bench.now.get()).expect("are put");
}

#[test]
fn doubles_are_pointed_out() {
    let bench = Bench::new();
    put_people(&bench);
    for from in [
        "Ján Novák <jan@firrna.example>",
        "jan@f1rma.example",
        "jan@flrma.example",
        "jan@xn--firm-83d.example", // a Cyrillic a
        "jan@fir-ma.example",
        "podpora@acrne.example",
        "\"jan@firma.example\" <utok@zlo.example>",
        "\"podpora@acme.example via Mail\" <utok@zlo.example>",
        "=?utf-8?Q?Jana_Nov=C3=A1kov=C3=A1?= <utok@zlo.example>",
        "JANA NOVAKOVA <utok@zlo.example>",
        "=?utf-8?Q?J=D0=B0na_Nov=C3=A1kov=C3=A1?= <utok@zlo.example>", // likewise
        "ACME podpora <utok@zlo.example>",
        "podpora@acne.example",
        "podpora@acmee.example",
        "podpora@amce.example",
        // Of a firm on file but for one letter.
        "info@velkyodberatel.example",
        "info@vekoodberatel.example",
        "info@velkoodberatell.example",
        "info@evlkoodberatel.example",
        // Contacts.
        "=?utf-8?Q?Eva_Dlh=C3=A1?= <eva@uplneinde.example>",
        "\"Dlha, Eva\" <eva@uplneinde.example>",
        "peternovotny@posta.example",
        "peter-n0votny@posta.example",
    ] {
        let came = bench.take(&proven(from, "", "Prosba", &format!("Od {from}")));
        assert!(warned(&came), "{from}");
        let reasons = &came.judged.as_ref().expect("is judged").reasons;
        assert!(reasons.iter().any(|r| r.starts_with("Mind the sender: ")), "{from}: {reasons:?}");
    }
    // On the victim's ticket: his name over another address.
    let subject = format!("Re: {} Faktúra", bench.token(1001));
    let came = bench.take(&proven("=?utf-8?Q?J=C3=A1n_Nov=C3=A1k?= <utok@zlo.example>", "", &subject, "Nový účet"));
    assert_eq!(came.ticket(), Some(1001));
    assert!(warned(&came));
    let notified = came.sent.iter().find(|s| s.row.template.starts_with("notify")).expect("the agent is told");
    assert!(notified.text().contains("(jan@firma.example)"), "whom he resembles is said: {}", notified.text());
}

#[test]
fn honest_senders_are_not_suspected() {
    let bench = Bench::new();
    put_people(&bench);
    for from in [
        "Ján Novák <jan@firma.example>",
        "\"jan@firma.example\" <jan@firma.example>",
        "Eva Malá <eva@firma.example>",
        "Jana <jana@ina.example>",
        "Firma s.r.o. <info@forma.example>",
        "noreply@firmy.example",
        "\"Novák, Peter\" <peter@nova.example>",
        "=?utf-8?Q?Eva_Dlh=C3=A1?= <eva@velkoodberatel.example>",
        "peter.novotny@posta.example",
        "peter.novotna@posta.example",
        "info@malyodberatel.example",
    ] {
        let came = bench.take(&proven(from, "", "Prosba", &format!("Od {from}")));
        assert!(!warned(&came), "{from}");
    }
}

#[test]
fn the_warning_is_there_in_every_language() {
    for language in Language::ALL {
        let mut policy = policy("ACME", "acme.example", 7);
        policy.agents.iter_mut().for_each(|a| a.language = Some(language));
        let bench = Bench::empty(policy);
        let lines = |from: &str| {
            let came = bench.take(&proven(from, "", "x", from));
            came.to("notify-new")[0]
                .text()
                .lines()
                .filter(|l| l.starts_with("!! "))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (honest, double) = (lines("jan@firma.example"), lines("jan@f1rma.example"));
        assert!(honest.is_empty(), "{language}: {honest:?}");
        assert!(double.len() == 1 && !double[0].contains("look-alike"), "{language}: {double:?}");
    }
}
