//! What an agent can say to the desk in the first lines of a mail: ONE table, from which the parser, the help and the
//! documentation come. A new command is one entry here.

use crate::model::desk::Assignee;
use crate::model::{AddrSpec, Policy, Priority, Status};

/// One command.
pub struct Command {
    /// Without the `#`; folded, lower case.
    pub word: &'static str,
    /// The same in the desk's other languages, folded.
    pub aliases: &'static [&'static str],
    /// What follows it, for people; empty where nothing does.
    pub argument: &'static str,
    pub does: &'static str,
    understand: fn(&str, &Policy) -> Result<Effect, String>,
}

/// What a command does to the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Status(Status),
    Assign(Assignee),
    Take,
    /// Somebody who waits for it becomes a participant: the one named, else those whom the mail in question brought.
    Accept(Option<AddrSpec>),
    /// A mail that was put aside is left out for good.
    Reject,
    /// The ticket's tokens prove nothing any more.
    Revoke,
    /// The words below are for colleagues only.
    Note,
    Priority(Priority),
    Category(String),
    /// What is restricted may be carried out, for this reason.
    Override(String),
}

/// Every command there is.
pub const COMMANDS: &[Command] = &[
    Command {
        word: "close",
        aliases: &["zatvor", "zavri", "uzavri", "zapri", "zatvori", "schliessen"],
        argument: "",
        does: "closes the ticket; words in the same mail go to the customer first",
        understand: |argument, _| nothing_after(argument, Effect::Status(Status::Closed)),
    },
    Command {
        word: "resolve",
        aliases: &["vyriesene", "vyreseno", "reseno", "rijeseno", "geloest"],
        argument: "",
        does: "marks the ticket as resolved; words in the same mail go to the customer first",
        understand: |argument, _| nothing_after(argument, Effect::Status(Status::Resolved)),
    },
    Command {
        word: "reopen",
        aliases: &["otvor", "otevri", "odpri", "otvori", "oeffnen"],
        argument: "",
        does: "opens an ended ticket again",
        understand: |argument, _| nothing_after(argument, Effect::Status(Status::Open)),
    },
    Command {
        word: "wait",
        aliases: &["cakaj", "cekej", "pocakaj", "cekaj", "warten"],
        argument: "",
        does: "the next word is the customer's",
        understand: |argument, _| nothing_after(argument, Effect::Status(Status::Waiting)),
    },
    Command {
        word: "assign",
        aliases: &["prirad", "prideli", "dodeli", "dodijeli", "zuweisen"],
        argument: "WHO",
        does: "gives the ticket to an agent or a group, who is told with the whole story",
        understand: |argument, policy| {
            if argument.is_empty() {
                return Err(format!("#assign needs a name: {}", names(policy)));
            }
            let who = argument.trim_start_matches('@');
            policy
                .assignee(who)
                .map(Effect::Assign)
                .ok_or_else(|| format!("nobody here is called {who}: {}", names(policy)))
        },
    },
    Command {
        word: "take",
        aliases: &["beriem", "beru", "vzamem", "uzimam", "nehme"],
        argument: "",
        does: "makes the ticket yours",
        understand: |argument, _| nothing_after(argument, Effect::Take),
    },
    Command {
        word: "accept",
        aliases: &["prijmi", "prijat", "sprejmi", "prihvati", "annehmen"],
        argument: "[ADDRESS]",
        does: "makes the proven outsider whose mail you answer, or those whom a participant copied, participants, who get your words too",
        understand: |argument, _| {
            let bare = argument.trim_matches(['<', '>']);
            match AddrSpec::parse(bare) {
                _ if argument.is_empty() => Ok(Effect::Accept(None)),
                Ok(address) => Ok(Effect::Accept(Some(address))),
                Err(_) => Err(format!("{argument:?} is no address")),
            }
        },
    },
    Command {
        word: "revoke",
        aliases: &["zneplatni", "preklici", "opozovi", "widerrufen"],
        argument: "",
        does: "takes the ticket's tokens back: those in earlier mails prove nothing any more",
        understand: |argument, _| nothing_after(argument, Effect::Revoke),
    },
    Command {
        word: "reject",
        aliases: &["odmietni", "odmitni", "zavrni", "odbij", "ablehnen"],
        argument: "",
        does: "in answer to the question about a mail that was put aside: leaves it out for good (#accept lets it in)",
        understand: |argument, _| nothing_after(argument, Effect::Reject),
    },
    Command {
        word: "note",
        aliases: &["poznamka", "opomba", "biljeska", "notiz"],
        argument: "",
        does: "keeps the words of this mail from the customer: colleagues see them, nobody else",
        understand: |argument, _| nothing_after(argument, Effect::Note),
    },
    Command {
        word: "priority",
        aliases: &["priorita", "prioriteta", "prioritet", "prioritaet"],
        argument: "low|normal|high|urgent",
        does: "sets the priority",
        understand: |argument, _| {
            Priority::from_word(&argument.to_lowercase())
                .map(Effect::Priority)
                .ok_or_else(|| format!("{argument:?} is no priority: low, normal, high or urgent"))
        },
    },
    Command {
        word: "category",
        aliases: &["kategoria", "kategorie", "kategorija"],
        argument: "NAME",
        does: "files the ticket under another category",
        understand: |argument, policy| {
            let found = policy.categories.iter().find(|c| c.name.eq_ignore_ascii_case(argument));
            let known = || policy.categories.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            found
                .map(|c| Effect::Category(c.name.clone()))
                .ok_or_else(|| format!("{argument:?} is no category: {}", known()))
        },
    },
    Command {
        word: "override",
        aliases: &["vynimka", "vyjimka", "izjema", "iznimka", "ausnahme"],
        argument: "REASON",
        does: "takes the mark off a restricted request that is not proven; the reason stands in the history",
        understand: |argument, _| match argument.split_whitespace().count() {
            0 => Err("#override needs the reason, in words: #override I called him back on his number".to_owned()),
            _ => Ok(Effect::Override(argument.to_owned())),
        },
    },
];

fn nothing_after(argument: &str, effect: Effect) -> Result<Effect, String> {
    if argument.is_empty() { Ok(effect) } else { Err(format!("{argument:?} after it says nothing to it")) }
}

fn names(policy: &Policy) -> String {
    let agents = policy.agents.iter().filter(|a| !a.disabled).map(|a| a.name.as_str());
    agents.chain(policy.groups.iter().map(|g| g.name.as_str())).collect::<Vec<_>>().join(", ")
}

/// An agent's mail, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commanded {
    /// In the order written, with the words as written.
    pub effects: Vec<(String, Effect)>,
    /// What was not understood: the words as written, and what is wrong with them.
    pub mistakes: Vec<(String, String)>,
    /// The text below the commands.
    pub words: String,
}

/// Takes the command lines off the top of a text. A line is a command where it begins with `#` and a letter and its word
/// stands in the table. A word that is in no table is text, unless it is a slip of one that is (one letter wrong, missing
/// or swapped) or stands among commands: then it is a mistake, and the whole mail is not carried out.
pub fn take_commands(text: &str, policy: &Policy) -> Commanded {
    let mut commanded = Commanded::default();
    let mut unknown = Vec::new();
    let mut rest = text.trim_start();
    while let Some((written, word, argument)) = command_line(rest.lines().next().unwrap_or_default()) {
        match COMMANDS.iter().find(|c| c.word == word || c.aliases.contains(&word.as_str())) {
            Some(command) => match (command.understand)(argument, policy) {
                Ok(effect) => commanded.effects.push((written.to_owned(), effect)),
                Err(why) => commanded.mistakes.push((written.to_owned(), why)),
            },
            None => unknown.push((written.to_owned(), slip_of(&word))),
        }
        rest = rest.split_once('\n').map_or("", |(_, below)| below).trim_start();
    }
    let among = !commanded.effects.is_empty() || !commanded.mistakes.is_empty();
    if among || unknown.iter().any(|(_, slip)| slip.is_some()) {
        commanded.mistakes.extend(unknown.into_iter().map(|(written, slip)| match slip {
            Some(meant) => (written, format!("there is no such command; did you mean #{meant}?")),
            None => (written, "there is no such command".to_owned()),
        }));
        commanded.words = rest.trim().to_owned();
    } else {
        commanded.words = text.trim().to_owned();
    }
    commanded
}

/// `#assign jana` → (`#assign jana`, `assign`, `jana`). A space after the `#` and a full stop after the word are slips of
/// the hand where the word is a command: they must not send it to the customer.
fn command_line(line: &str) -> Option<(&str, String, &str)> {
    let line = line.trim();
    let after = line.strip_prefix('#')?;
    let tight = after.trim_start();
    let end = tight.find(|c: char| !c.is_alphabetic()).unwrap_or(tight.len());
    let (word, argument) = tight.split_at(end);
    let folded = crate::model::text::fold(word);
    let known = COMMANDS.iter().any(|c| c.word == folded || c.aliases.contains(&folded.as_str()));
    let stopped = known && argument.chars().all(|c| matches!(c, '.' | '!' | ',' | ';'));
    let apart = argument.is_empty() || argument.starts_with([' ', '\t', '\u{a0}', ':']);
    if word.is_empty() || !(apart || stopped) || (tight.len() < after.len() && !known) {
        return None;
    }
    let argument = if stopped { "" } else { argument.trim_matches(|c: char| c.is_whitespace() || c == ':') };
    Some((line, folded, argument))
}

/// The command of which a word is a slip: words of four letters or more that differ by one edit, or by two swapped
/// neighbours.
fn slip_of(word: &str) -> Option<&'static str> {
    let known = COMMANDS
        .iter()
        .flat_map(|c| std::iter::once(c.word).chain(c.aliases.iter().copied()).map(move |w| (w, c.word)));
    known.filter(|(w, _)| w.len() >= 4).find(|(w, _)| strsim::osa_distance(w, word) == 1).map(|(_, command)| command)
}
