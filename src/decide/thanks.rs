//! A reply that says thanks and nothing else. What ended stays ended then: the customer is content. Decided by lists of
//! words, one a language, of which every word of the mail must be one; whatever else it says, it is a reply like others.

use crate::model::Language;
use crate::model::text::fold;

use super::work::Case;

/// Longer mails say something else too.
const WORDS_MAX: usize = 25;

/// The words of one language, folded.
struct List {
    language: Language,
    /// One of these must be said.
    thanks: &'static str,
    /// What is said around it. None of them asks, denies or tells of a trouble.
    around: &'static str,
}

const LISTS: [List; 6] = [
    List {
        language: Language::Sk,
        thanks: "dakujem dakujeme vdaka dik diky dakujeem dakujem",
        around: "velmi pekne krasne moc este raz a za vasu vas vam tvoju pomoc ochotu odpoved informaciu informacie rychlu \
                 rychlost rychle riesenie vyriesenie vybavenie podporu spolupracu uz to vsetko je ide funguje v poriadku ok \
                 okej super vyborne skvele parada perfektne dobry pekny prijemny krasny den vikend vecer zvysok dna prajem \
                 prajeme s pozdravom pozdravom pozdravujem zdravim mili mily kolegovia",
    },
    List {
        language: Language::Cs,
        thanks: "dekuji dekujeme dekuju diky dik vdaka",
        around: "moc velmi mockrat pekne jeste jednou a za vasi vas vam tvoji pomoc ochotu odpoved informaci informace rychlou \
                 rychlost rychle reseni vyreseni vyrizeni podporu spolupraci uz to vsechno vse je jede funguje v poradku ok \
                 super vyborne skvele parada perfektni perfektne dobry pekny prijemny hezky krasny den vikend vecer zbytek dne \
                 preji prejeme s pozdravem pozdravem zdravim mili mily kolegove",
    },
    List {
        language: Language::Sl,
        thanks: "hvala zahvaljujem zahvaljujemo zahvaljujeva",
        around: "lepa najlepsa iskrena se enkrat in za vaso vas vam tvojo pomoc odgovor informacijo informacije hiter hitro \
                 hitrost resitev podporo sodelovanje trud to vse zdaj sedaj je dela deluje v redu ok super odlicno krasno \
                 dober lep prijeten dan vikend vecer se naprej zelim zelimo lep pozdrav lepo pozdravljeni lp spostovani",
    },
    List {
        language: Language::Hr,
        thanks: "hvala zahvaljujem zahvaljujemo",
        around: "lijepa puno jos jednom i na za vasu vam vasem vasoj tvojoj pomoci pomoc odgovoru odgovor informaciji \
                 informaciju brzom brzoj brzo rjesenje podrsci podrska suradnji to sve sada sad je radi u redu ok super odlicno \
                 dobar lijep ugodan dan vikend vecer zelim zelimo lijep pozdrav lijepi srdacan pozdravljam lp postovani",
    },
    List {
        language: Language::En,
        thanks: "thanks thank thankyou thx cheers ty",
        around: "you very much so a lot again many indeed and for your the this that all help support quick fast prompt reply \
                 response answer information assistance time patience great perfect excellent super wonderful brilliant good \
                 ok okay fine it its is works working now solved fixed resolved done have nice good day weekend evening best \
                 kind warm regards wishes sincerely dear hi hello team",
    },
    List {
        language: Language::De,
        thanks: "danke dankeschon dankeschoen dank vielendank bedanke",
        around: "vielen herzlichen besten lieben schonen schoenen ich mich wir sehr schon schoen nochmal nochmals und fur fuer \
                 die das den ihre eure deine ihnen euch hilfe unterstutzung unterstuetzung antwort schnelle rasche information \
                 losung loesung muhe muehe es ist lauft laeuft funktioniert geht jetzt alles wieder gut ok okay super prima \
                 perfekt bestens in ordnung tag wochenende abend wunsche wuensche mit freundlichen grussen gruessen grusse \
                 gruesse gruss lg mfg viele liebe beste hallo guten",
    },
];

/// Why this mail is nothing but thanks; None where it says anything else, asks anything, or brings a file.
pub fn only(case: &Case) -> Option<String> {
    let message = case.message;
    if message.attachments.iter().any(|attachment| !super::work::is_logo(attachment)) || message.forward.is_some() {
        return None;
    }
    let text = message.reply.text.trim();
    if text.contains('?') || text.chars().any(char::is_numeric) {
        return None;
    }
    let author = case.author_as_written();
    let own = fold(&format!("{} {}", author.name.unwrap_or_default(), author.email));
    let own: Vec<&str> = words(&own).collect();
    said(text, &own)
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// `own`: the sender's name, under which people write their thanks.
fn said(text: &str, own: &[&str]) -> Option<String> {
    let folded = fold(text);
    let said: Vec<&str> = words(&folded).collect();
    if said.len() > WORDS_MAX {
        return None;
    }
    let has = |list: &str, word: &&str| list.split_whitespace().any(|known| known == *word);
    let list = LISTS.iter().find(|list| {
        said.iter().any(|word| has(list.thanks, word))
            && said.iter().all(|word| has(list.thanks, word) || has(list.around, word) || own.contains(word))
    })?;
    let thanks: Vec<&str> = said.iter().copied().filter(|word| has(list.thanks, word)).collect();
    Some(format!(
        "It says thanks and nothing else: every word is in the list of thanks in {} ({})",
        list.language,
        thanks.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_in_every_language_are_thanks() {
        for (language, text) in [
            ("sk", "Ďakujem veľmi pekne, už to funguje.\n\nPrajem pekný deň\nMartin Kráľ"),
            ("sk", "Vďaka za rýchlu pomoc!"),
            ("cs", "Děkuji mockrát, už to jede. Hezký den"),
            ("sl", "Najlepša hvala za hiter odgovor!\nLep pozdrav"),
            ("hr", "Puno hvala na brzom odgovoru.\nSrdačan pozdrav\nKráľ"),
            ("en", "Thank you very much for the quick reply, it works now.\n\nKind regards\nMartin"),
            ("en", "thanks"),
            ("de", "Vielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen"),
        ] {
            let because =
                said(text, &["martin", "kral"]).unwrap_or_else(|| panic!("{text:?} was not taken for thanks"));
            assert!(because.contains(&format!("thanks in {language} (")), "{text:?}: {because}");
        }
    }

    #[test]
    fn whatever_else_is_said_is_heard() {
        for text in [
            "",
            "Ďakujem, ale stále to nefunguje.",
            "Ďakujem. A čo tlačiareň v sklade",
            "Nie, ďakujem.",
            "Děkuji, prosím ještě o fakturu.",
            "Hvala, a ne dela.",
            "Thanks, but it is not working.",
            "Thank you. Please close my account too.",
            "It works now.",
            "Danke, aber es geht nicht.",
            "Pekný deň",
            "Thanks, Dana",
            &"thanks ".repeat(26),
        ] {
            assert_eq!(said(text, &["martin", "kral"]), None, "{text:?}");
        }
    }

    #[test]
    fn the_lists_are_folded_and_deny_nothing() {
        let denials = [
            "nie",
            "ne",
            "nejde",
            "nefunguje",
            "neni",
            "nema",
            "ni",
            "nije",
            "nemoj",
            "not",
            "no",
            "never",
            "but",
            "nicht",
            "kein",
            "keine",
            "nein",
            "aber",
            "ale",
            "ampak",
            "ali",
            "prosim",
            "molim",
            "please",
            "bitte",
        ];
        for list in LISTS {
            for word in list.thanks.split_whitespace().chain(list.around.split_whitespace()) {
                assert_eq!(fold(word), word, "{}", list.language);
                assert!(!denials.contains(&word), "{}: {word}", list.language);
            }
        }
    }
}
