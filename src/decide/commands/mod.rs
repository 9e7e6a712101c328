//! What an agent can say to the desk in the first lines of a mail: ONE table ([`table`]), from which the parser, the help
//! and the documentation come. A new command is one entry there.

mod arguments;
mod table;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use unicode_normalization::char::is_combining_mark;

use crate::model::asked::Listed;
use crate::model::desk::Assignee;
use crate::model::digest::DigestKind;
use crate::model::text::{fold, is_invisible};
use crate::model::{AddrSpec, Language, Policy, Priority, Status, TicketNumber};

use super::templates::Call;

pub use table::{COMMANDS, TEMPLATE};

/// One command.
pub struct Command {
    /// Without the `#`; folded, lower case.
    pub word: &'static str,
    /// The same in the desk's other languages, folded, in the order of [`Command::LANGUAGES`]; of several, with spaces
    /// between them, the first is the one that is taught.
    pub also: [&'static str; 5],
    /// What follows it, for people; empty where nothing does.
    pub argument: &'static str,
    /// In English; the text files say it in every language (`does-WORD`).
    pub does: &'static str,
    understand: fn(&Said) -> Result<Effect, String>,
}

impl Command {
    pub const LANGUAGES: [Language; 5] = [Language::Sk, Language::Cs, Language::Sl, Language::Hr, Language::De];

    /// Its words besides the English one, each once.
    pub fn aliases(&self) -> Vec<&'static str> {
        let mut aliases: Vec<&str> = Vec::new();
        for word in self.also.iter().flat_map(|words| words.split_whitespace()) {
            if !aliases.contains(&word) {
                aliases.push(word);
            }
        }
        aliases
    }

    /// Its word in a language, which may be the English one.
    pub fn word_in(&self, language: Language) -> &'static str {
        let at = Self::LANGUAGES.iter().position(|l| *l == language);
        let words = at.and_then(|at| self.also.get(at)).copied().unwrap_or_default();
        words.split_whitespace().next().unwrap_or(self.word)
    }

    fn is_called(&self, word: &str) -> bool {
        self.word == word || self.also.iter().any(|words| words.split_whitespace().any(|w| w == word))
    }
}

/// What stands behind a command's word, and what is known where it is read.
pub struct Said<'a> {
    /// Without white space around it.
    pub argument: &'a str,
    pub policy: &'a Policy,
    pub now: Timestamp,
}

impl Said<'_> {
    /// Tickets are given to nobody who has left.
    fn is_here(&self, to: &Assignee) -> bool {
        match to {
            Assignee::Agent(name) => self.policy.agent(name).is_some_and(|agent| !agent.disabled),
            Assignee::Group(_) => true,
        }
    }
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
    /// Put away until then.
    Snooze(Timestamp),
    /// The agent hears of everything on it, or no longer.
    Watch(bool),
    /// Somebody outside gets copies, or no longer.
    Copy {
        add: bool,
        address: AddrSpec,
    },
    Spam,
    /// Items of the checklist are done, or are not; none named: all.
    Done {
        items: Vec<usize>,
        done: bool,
    },
    /// A reply template's words go along, where it stands.
    Template(Call),
    /// What the desk tells the agent by itself, it tells or does not.
    Digest {
        kind: DigestKind,
        on: bool,
    },
    /// Minutes.
    Time(u32),
    Tag {
        on: Vec<String>,
        off: Vec<String>,
    },
    /// This ticket lives on in that one.
    Merge(TicketNumber),
    Link(TicketNumber),
    /// The customer's mail in question becomes a ticket of its own, under this subject.
    Split(Option<String>),
    /// The ticket is this customer's.
    For(AddrSpec),
    Ask(Ask),
    /// The words go to the customer though they would not by themselves.
    Send,
}

/// What an agent asks the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Help,
    History,
    Templates,
    Find(String),
    List(Which),
}

/// Whose tickets, or which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Mine,
    Open,
    Late,
    Free,
    /// An agent's or a group's name.
    Of(String),
}

impl Which {
    /// The text above the list.
    pub fn key(&self) -> &'static str {
        match self {
            Which::Mine => "receipt-list-mine",
            Which::Open => "receipt-list-open",
            Which::Late => "receipt-list-late",
            Which::Free => "receipt-list-free",
            Which::Of(_) => "receipt-list-of",
        }
    }

    pub fn who(&self) -> Option<&str> {
        match self {
            Which::Of(who) => Some(who),
            _ => None,
        }
    }

    /// What the store is asked, for whom it is asked.
    pub fn of(&self, agent: &str, now: Timestamp) -> Listed {
        match self {
            Which::Mine => Listed::Of(agent.to_owned()),
            Which::Open => Listed::Open,
            Which::Late => Listed::Late(now),
            Which::Free => Listed::Free,
            Which::Of(who) => Listed::Of(who.clone()),
        }
    }
}

fn nothing_after(said: &Said, effect: Effect) -> Result<Effect, String> {
    match said.argument {
        "" => Ok(effect),
        argument => Err(format!("{argument:?} after it says nothing to it")),
    }
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
    /// What of the text is his signature, and stays inside.
    pub signature: String,
    /// Where in the words (bytes) a reply template's come in, in their order; with what was written there.
    pub calls: Vec<(usize, String, Call)>,
}

/// Takes the command lines off the top of a text, and those off its end that stand apart from it. A line is a command
/// where it begins with `#` and a letter and its word stands in the table. A word that is in no table is text, unless it
/// is a slip of one that is (one letter wrong, missing or swapped) or stands among commands: then it is a mistake, and the
/// whole mail is not carried out. Whatever stands right behind a command's word or a slip of one, a letter or a digit
/// excepted, makes no text of it: `#note, for us` is no word to the customer.
pub fn take_commands(text: &str, policy: &Policy, now: Timestamp) -> Commanded {
    let mut commanded = Commanded::default();
    let mut unknown = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(line) = command_line(rest.lines().next().unwrap_or_default()) {
        match line.command {
            Some(command) => commanded.understand(command, &line, policy, now),
            None => unknown.push((line.written.to_owned(), line.slip())),
        }
        rest = rest.split_once('\n').map_or("", |(_, below)| below).trim_start_matches(is_blank);
    }
    let among = !commanded.effects.is_empty() || !commanded.mistakes.is_empty();
    if among || unknown.iter().any(|(_, slip)| slip.is_some()) {
        commanded.mistakes.extend(unknown.into_iter().map(|(written, slip)| (written, no_such(slip))));
    } else {
        rest = text;
    }
    let above = commanded.effects.len();
    let (words, last) = split_end(rest.trim());
    for line in last.lines().filter_map(command_line) {
        match line.command {
            Some(command) => commanded.understand(command, &line, policy, now),
            None => commanded.mistakes.push((line.written.to_owned(), no_such(line.slip()))),
        }
    }
    let below = commanded.effects.len();
    commanded.amid(words, policy, now);
    commanded.place_templates(above..below);
    commanded
}

impl Commanded {
    fn understand(&mut self, command: &Command, line: &Line, policy: &Policy, now: Timestamp) {
        let understood = match signed_line(line.argument).and_then(|other| other.command) {
            Some(other) => Err(format!("#{} stands on its line: each command has a line of its own", other.word)),
            None => (command.understand)(&Said { argument: line.argument, policy, now }),
        };
        match understood {
            Ok(effect) => self.effects.push((line.written.to_owned(), effect)),
            Err(why) => self.mistakes.push((line.written.to_owned(), why)),
        }
    }
}

/// What stands amid the words.
impl Commanded {
    /// What somebody meant for the desk must not be told to the customer because it stands in the wrong place. A reply
    /// template may stand anywhere.
    fn amid(&mut self, words: &str, policy: &Policy, now: Timestamp) {
        for line in words.split_inclusive('\n') {
            let known = signed_line(line).and_then(|line| Some((line.command?, line)));
            let Some((command, line_of)) = known else {
                self.words.push_str(line);
                continue;
            };
            match (command.understand)(&Said { argument: line_of.argument, policy, now }) {
                Ok(Effect::Template(call)) => {
                    self.calls.push((self.words.len(), line_of.written.to_owned(), call));
                    continue;
                }
                Ok(_) => {
                    let why = "it stands amid the words; commands are the first lines, or the last below an empty one";
                    self.mistakes.push((line_of.written.to_owned(), why.to_owned()));
                }
                Err(why) if command.word == TEMPLATE => self.mistakes.push((line_of.written.to_owned(), why)),
                Err(_) => {}
            }
            self.words.push_str(line);
        }
    }

    /// Templates among the commands above the words come before these, those below the words after them.
    fn place_templates(&mut self, below: std::ops::Range<usize>) {
        let amid = std::mem::take(&mut self.calls);
        let mut last = Vec::new();
        for (at, (written, effect)) in self.effects.iter().enumerate() {
            let Effect::Template(call) = effect else { continue };
            match below.contains(&at) {
                true => last.push((self.words.len(), written.clone(), call.clone())),
                false => self.calls.push((0, written.clone(), call.clone())),
            }
        }
        let named = amid.iter().map(|(_, written, call)| (written.clone(), Effect::Template(call.clone())));
        self.effects.extend(named);
        self.calls.extend(amid.into_iter().chain(last));
    }
}

/// White space, and what nobody sees.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// The words, and the commands below them: the last lines of a text are commands where each of them is one in the table,
/// or a slip of one, and an empty line stands above them. Nobody ends a letter to a customer with one by chance.
pub fn split_end(text: &str) -> (&str, &str) {
    let mut start = text.len();
    for line in text.lines().rev() {
        if line.trim_matches(is_blank).is_empty() {
            // Above the first commands from below an empty line must stand; between them it may.
            let (words, last) = (text[..start].trim_end(), &text[start..]);
            return if last.trim().is_empty() { (text, "") } else { (words, last) };
        }
        let is_command = is_command(line);
        let Some(at) = text[..start].trim_end_matches(['\n', '\r']).len().checked_sub(line.len()) else { break };
        if !is_command {
            break;
        }
        start = at;
    }
    (text, "")
}

/// A line that may be a command, taken apart.
struct Line<'a> {
    written: &'a str,
    /// Folded.
    word: String,
    argument: &'a str,
    command: Option<&'static Command>,
    /// White space, a colon or nothing follows the word.
    apart: bool,
}

impl Line<'_> {
    /// The command of which its word is a slip.
    fn slip(&self) -> Option<&'static str> {
        slip_of(&self.word)
    }
}

/// What is wrong with a word that is in no table.
fn no_such(slip: Option<&str>) -> String {
    match slip {
        Some(meant) => format!("there is no such command; did you mean #{meant}?"),
        None => "there is no such command".to_owned(),
    }
}

/// Letters; some programs write the marks above them as characters of their own.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

/// What a hand puts right behind a command that means nothing.
fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | ',' | ';')
}

/// The word of a command as it was written, folded: `# Close.` → `close`.
pub fn word_of(written: &str) -> String {
    let letters = written.chars().skip_while(|c| !c.is_alphabetic()).take_while(|c| is_letter(*c));
    fold(&letters.collect::<String>())
}

/// Whether a line is a command, or a slip of one.
pub fn is_command(line: &str) -> bool {
    command_line(line).is_some_and(|line| line.command.is_some() || line.slip().is_some())
}

/// A line that is a command, or may have been meant as one: its word is in the table or a slip of one that is, or stands
/// apart from the rest.
fn command_line(line: &str) -> Option<Line<'_>> {
    signed_line(line).filter(|l| l.command.is_some() || l.apart || l.slip().is_some())
}

/// `#assign jana` → (`#assign jana`, `assign`, `jana`). A space after the `#` and a full stop after the word are slips of
/// the hand where the word is a command: they must not send it to the customer, and neither must any other sign behind the
/// word. Telephones put a no-break space or something invisible where nobody typed it.
fn signed_line(line: &str) -> Option<Line<'_>> {
    let written = line.trim_matches(is_blank);
    let after = written.strip_prefix(['#', '＃'])?;
    let tight = after.trim_start_matches(is_blank);
    let end = tight.find(|c: char| !is_letter(c)).unwrap_or(tight.len());
    let (word, argument) = tight.split_at(end);
    let word = fold(word);
    let command = COMMANDS.iter().find(|c| c.is_called(&word));
    if word.is_empty()
        || argument.starts_with(char::is_alphanumeric)
        || (tight.len() < after.len() && command.is_none())
    {
        return None;
    }
    let apart = argument.is_empty() || argument.starts_with(|c: char| is_blank(c) || c == ':');
    let stopped = command.is_some() && argument.chars().all(|c| is_blank(c) || is_stop(c));
    let argument = if stopped { "" } else { argument.trim_start_matches(is_stop) };
    Some(Line { written, word, argument: argument.trim_matches(|c: char| is_blank(c) || c == ':'), command, apart })
}

/// The command of which a word is a slip: words of four letters or more that differ by one edit, or by two swapped
/// neighbours.
fn slip_of(word: &str) -> Option<&'static str> {
    let known = COMMANDS.iter().flat_map(|c| std::iter::once(c.word).chain(c.aliases()).map(move |w| (w, c.word)));
    let length = word.chars().count();
    // The words of the table are ASCII; one edit changes a length by one at most, and counting is cheaper than comparing.
    let mut near = known.filter(|(w, _)| w.len() >= 4 && w.len().abs_diff(length) <= 1);
    near.find(|(w, _)| strsim::osa_distance(w, word) == 1).map(|(_, command)| command)
}
