//! The table itself: every command there is, one entry each.

use super::arguments::{address, digest, find, items, minutes, number, outsider, tags, until};
use super::{Ask, Command, Effect, Which, names, nothing_after};
use crate::decide::templates;
use crate::model::text::fold;
use crate::model::{Priority, Status};

const CC_ADD: &[&str] = &["add", "pridaj", "pridej", "dodaj", "hinzufugen", "hinzufuegen", "+"];
const CC_REMOVE: &[&str] = &["remove", "odober", "odeber", "odstrani", "ukloni", "entfernen", "-"];

/// The word by which a reply template is called.
pub const TEMPLATE: &str = "template";
const MINE: &[&str] = &["", "mine", "my", "moje", "moja", "meine"];
const OPEN: &[&str] = &["open", "all", "otvorene", "otevrene", "odprti", "otvoreni", "offen", "vsetko"];
const LATE: &[&str] = &["late", "meskajuce", "zpozdene", "zamude", "kasni", "spat", "uberfallig"];
const FREE: &[&str] = &["free", "unassigned", "volne", "prosti", "slobodni", "frei"];

/// Every command there is. The words in `also` are, in this order, Slovak, Czech, Slovenian, Croatian and German.
pub const COMMANDS: &[Command] = &[
    Command {
        word: "close",
        also: ["zatvor zavri uzavri", "zavri uzavri", "zapri", "zatvori", "schliessen"],
        argument: "",
        does: "closes the ticket; words in the same mail go to the customer first",
        understand: |said| nothing_after(said, Effect::Status(Status::Closed)),
    },
    Command {
        word: "resolve",
        also: ["vyriesene", "vyreseno reseno", "reseno", "rijeseno", "geloest gelost"],
        argument: "",
        does: "marks the ticket as resolved; words in the same mail go to the customer first",
        understand: |said| nothing_after(said, Effect::Status(Status::Resolved)),
    },
    Command {
        word: "reopen",
        also: ["otvor", "otevri", "odpri", "otvori", "oeffnen offnen"],
        argument: "",
        does: "opens an ended ticket again",
        understand: |said| nothing_after(said, Effect::Status(Status::Open)),
    },
    Command {
        word: "wait",
        also: ["cakaj", "cekej pocekej", "pocakaj", "cekaj", "warten"],
        argument: "",
        does: "the next word is the customer's",
        understand: |said| nothing_after(said, Effect::Status(Status::Waiting)),
    },
    Command {
        word: "assign",
        also: ["prirad prideli", "prirad prideli", "dodeli", "dodijeli", "zuweisen"],
        argument: "WHO",
        does: "gives the ticket to an agent or a group, who is told with the whole story",
        understand: |said| {
            let known = || names(said.policy);
            let who = said.argument.trim_start_matches('@');
            if who.is_empty() {
                return Err(format!("#assign needs a name: {}", known()));
            }
            let found = said.policy.assignee(who).filter(|to| said.is_here(to));
            found.map(Effect::Assign).ok_or_else(|| format!("nobody here is called {who}: {}", known()))
        },
    },
    Command {
        word: "take",
        also: ["beriem", "beru", "vzamem", "uzimam", "nehme"],
        argument: "",
        does: "makes the ticket yours",
        understand: |said| nothing_after(said, Effect::Take),
    },
    Command {
        word: "note",
        also: ["poznamka", "poznamka", "opomba", "biljeska", "notiz"],
        argument: "",
        does: "keeps the words of this mail from the customer: colleagues see them, nobody else",
        understand: |said| nothing_after(said, Effect::Note),
    },
    Command {
        word: "priority",
        also: ["priorita", "priorita", "prioriteta", "prioritet", "prioritaet prioritat"],
        argument: "low|normal|high|urgent",
        does: "sets the priority",
        understand: |said| {
            let priority = Priority::from_word(&fold(said.argument));
            priority
                .map(Effect::Priority)
                .ok_or_else(|| format!("{:?} is no priority: low, normal, high or urgent", said.argument))
        },
    },
    Command {
        word: "category",
        also: ["kategoria", "kategorie", "kategorija", "kategorija", "kategorie"],
        argument: "NAME",
        does: "files the ticket under another category",
        understand: |said| {
            let categories = &said.policy.categories;
            let found = categories.iter().find(|c| fold(&c.name) == fold(said.argument));
            let known = || categories.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            found
                .map(|c| Effect::Category(c.name.clone()))
                .ok_or_else(|| format!("{:?} is no category: {}", said.argument, known()))
        },
    },
    Command {
        word: "snooze",
        also: ["odloz", "odloz", "odlozi", "odgodi", "zurueckstellen zuruckstellen"],
        argument: "2d|3h|1w|2026-12-01",
        does: "puts the ticket away until then; a word of the customer's brings it back at once",
        understand: |said| until(said.argument, said.policy, said.now).map(Effect::Snooze),
    },
    Command {
        word: "merge",
        also: ["zluc spoj", "sluc", "zdruzi", "spoji", "zusammenfuehren zusammenfuhren"],
        argument: "N",
        does: "lets this ticket live on in ticket N; both tokens go on to work; words in the same mail go to the customer there",
        understand: |said| number(said.argument).map(Effect::Merge),
    },
    Command {
        word: "link",
        also: ["prepoj", "propoj", "povezi", "povezi", "verknuepfen verknupfen"],
        argument: "N",
        does: "notes that ticket N has to do with this one; #1042 in your words does the same",
        understand: |said| number(said.argument).map(Effect::Link),
    },
    Command {
        word: "split",
        also: ["rozdel", "rozdel", "razdeli", "razdvoji", "teilen"],
        argument: "[SUBJECT]",
        does: "makes the customer's mail that you answer a ticket of its own; words in the same mail answer it there",
        understand: |said| Ok(Effect::Split(Some(said.argument.to_owned()).filter(|subject| !subject.is_empty()))),
    },
    Command {
        word: "watch",
        also: ["sleduj", "sleduj", "spremljaj", "prati", "beobachten"],
        argument: "",
        does: "tells you too whatever is said on the ticket, though it is not yours",
        understand: |said| nothing_after(said, Effect::Watch(true)),
    },
    Command {
        word: "unwatch",
        also: ["nesleduj", "nesleduj", "nespremljaj", "neprati", "nichtbeobachten"],
        argument: "",
        does: "tells you no longer",
        understand: |said| nothing_after(said, Effect::Watch(false)),
    },
    Command {
        word: "cc",
        also: ["kopia", "kopie", "kopija", "kopija", "kopie"],
        argument: "add|remove ADDRESS",
        does: "lets somebody outside read along from now on, or no longer",
        understand: |said| {
            let (verb, rest) = said.argument.split_once(char::is_whitespace).unwrap_or(("", said.argument));
            match fold(verb).as_str() {
                v if CC_ADD.contains(&v) || v.is_empty() => {
                    outsider(rest, said.policy).map(|address| Effect::Copy { add: true, address })
                }
                v if CC_REMOVE.contains(&v) => address(rest).map(|address| Effect::Copy { add: false, address }),
                _ => Err(format!("{verb:?} says nothing to it: #cc add ADDRESS or #cc remove ADDRESS")),
            }
        },
    },
    Command {
        word: "for",
        also: ["pre", "pro", "za", "za", "fuer fur"],
        argument: "ADDRESS",
        does: "in a new mail to the desk: opens a ticket for this customer, who is told so (with #send: who gets your words instead); in a ticket of your own: makes it that customer's",
        understand: |said| outsider(said.argument, said.policy).map(Effect::For),
    },
    Command {
        word: "spam",
        also: ["", "", "", "", ""],
        argument: "",
        does: "closes the ticket without a word to its sender, and tags it so",
        understand: |said| nothing_after(said, Effect::Spam),
    },
    Command {
        word: "accept",
        also: ["prijmi prijat", "prijmi", "sprejmi", "prihvati", "annehmen"],
        argument: "[ADDRESS]",
        does: "makes the proven outsider whose mail you answer, or those whom a participant copied, participants, who get your words too",
        understand: |said| match said.argument {
            "" => Ok(Effect::Accept(None)),
            argument => address(argument).map(|address| Effect::Accept(Some(address))),
        },
    },
    Command {
        word: "reject",
        also: ["odmietni", "odmitni", "zavrni", "odbij", "ablehnen"],
        argument: "",
        does: "in answer to the question about a mail that was put aside: leaves it out for good (#accept lets it in)",
        understand: |said| nothing_after(said, Effect::Reject),
    },
    Command {
        word: "revoke",
        also: ["zneplatni", "zneplatni", "preklici", "opozovi", "widerrufen"],
        argument: "",
        does: "takes the ticket's tokens back: those in earlier mails prove nothing any more",
        understand: |said| nothing_after(said, Effect::Revoke),
    },
    Command {
        word: "override",
        also: ["vynimka", "vyjimka", "izjema", "iznimka", "ausnahme"],
        argument: "REASON",
        does: "takes the mark off a restricted request that is not proven; the reason stands in the history",
        understand: |said| match said.argument {
            "" => Err("#override needs the reason, in words: #override I called him back on his number".to_owned()),
            reason => Ok(Effect::Override(reason.to_owned())),
        },
    },
    Command {
        word: "time",
        also: ["cas", "cas", "cas", "vrijeme", "zeit"],
        argument: "25m|1h30m",
        does: "books time that you worked on the ticket",
        understand: |said| minutes(said.argument).map(Effect::Time),
    },
    Command {
        word: "tag",
        also: ["znacka stitok", "znacka stitek", "oznaka", "oznaka", "etikett"],
        argument: "T",
        does: "tags the ticket; with a minus before it, takes the tag off: #tag vpn -printer",
        understand: |said| tags(said.argument).map(|(on, off)| Effect::Tag { on, off }),
    },
    Command {
        word: "done",
        also: ["hotovo", "hotovo", "opravljeno", "gotovo", "erledigt"],
        argument: "[N …]",
        does: "ticks items of the ticket's checklist off, all of them where none is named",
        understand: |said| items(said.argument).map(|items| Effect::Done { items, done: true }),
    },
    Command {
        word: "undone",
        also: ["nehotovo", "nehotovo", "neopravljeno", "negotovo", "unerledigt"],
        argument: "[N …]",
        does: "takes ticks off the checklist again",
        understand: |said| items(said.argument).map(|items| Effect::Done { items, done: false }),
    },
    Command {
        word: TEMPLATE,
        also: ["sablona", "sablona", "predloga", "predlozak", "vorlage"],
        argument: "[NAME [VALUE=…]]",
        does: "puts a reply template's words where it stands, in the customer's language; alone, lists the templates",
        understand: |said| match said.argument {
            "" => Ok(Effect::Ask(Ask::Templates)),
            argument => templates::call(argument, said.policy).map(Effect::Template),
        },
    },
    Command {
        word: "digest",
        also: ["prehlad", "prehled", "pregled", "pregled", "uebersicht ubersicht"],
        argument: "on|off [weekly]",
        does: "turns the daily digest, or the weekly report, on or off for you; also in answer to it",
        understand: |said| digest(said.argument).map(|(kind, on)| Effect::Digest { kind, on }),
    },
    Command {
        word: "history",
        also: ["historia", "historie", "zgodovina", "povijest", "verlauf"],
        argument: "",
        does: "sends you what happened to the ticket, and why",
        understand: |said| nothing_after(said, Effect::Ask(Ask::History)),
    },
    Command {
        word: "find",
        also: ["hladaj najdi", "hledej najdi", "najdi isci", "nadi trazi", "suche finde"],
        argument: "WORDS",
        does: "sends you the tickets that have these words; works in a new mail to the desk too",
        understand: |said| find(said.argument).map(|words| Effect::Ask(Ask::Find(words))),
    },
    Command {
        word: "list",
        also: ["zoznam", "seznam", "seznam", "popis", "liste"],
        argument: "[mine|open|late|free|WHO]",
        does: "sends you a list of live tickets: yours, all, those that are late, those that nobody has taken, or somebody's; works in a new mail to the desk too",
        understand: |said| {
            let which = match fold(said.argument) {
                word if MINE.contains(&word.as_str()) => Which::Mine,
                word if OPEN.contains(&word.as_str()) => Which::Open,
                word if LATE.contains(&word.as_str()) => Which::Late,
                word if FREE.contains(&word.as_str()) => Which::Free,
                _ => {
                    let who = said.argument.trim_start_matches('@');
                    let found = said.policy.assignee(who).map(|to| Which::Of(to.name().to_owned()));
                    found.ok_or_else(|| format!("nobody here is called {who}: {}", names(said.policy)))?
                }
            };
            Ok(Effect::Ask(Ask::List(which)))
        },
    },
    Command {
        word: "send",
        also: ["posli", "posli", "poslji", "posalji", "senden"],
        argument: "",
        does: "sends your answer that waits because somebody else answered in between; or the words of this mail, where they would have stayed inside",
        understand: |said| nothing_after(said, Effect::Send),
    },
    Command {
        word: "help",
        also: ["pomoc", "pomoc napoveda", "pomoc", "pomoc", "hilfe"],
        argument: "",
        does: "sends you this list; works in a new mail to the desk too",
        understand: |said| nothing_after(said, Effect::Ask(Ask::Help)),
    },
];
