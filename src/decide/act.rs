//! Carries out a believed agent's mail: all of it, or nothing.

use crate::model::digest::DigestKind;
use crate::model::message::Digest;
use crate::model::outgoing::Row;
use crate::model::text::{clean_line, fold};
use crate::model::ticket::{Direction, EntryKind};
use crate::model::{Action, Address, Agent, Attachment, Decision, Fate, Hold, HoldState, Status, Ticket, TicketChange};

use super::agent::{add_note, answer, assign, assign_to, lift, relayed, tell_answer};
use super::asking::{QUESTIONS_MAX, mentioned};
use super::commands::{Commanded, Effect, word_of};
use super::leak::{self, leak};
use super::work::{Case, Work};
use super::{access, bounds, checklist, crossed, hands, inform, merge, note_address, proof, resolved};

/// Why a believed agent's mail is not carried out.
pub struct Refusal {
    /// A word that the text files know.
    pub key: &'static str,
    pub because: String,
    /// The commands that were understood, and those that were not, with what is wrong with them.
    pub understood: Vec<String>,
    pub not: Vec<(String, String)>,
}

impl Refusal {
    pub fn new(key: &'static str, because: impl Into<String>) -> Self {
        Refusal { key, because: because.into(), understood: Vec::new(), not: Vec::new() }
    }

    /// A command that was understood and cannot be carried out here.
    pub fn of(key: &'static str, written: &str, why: impl Into<String>, commanded: &Commanded) -> Self {
        let why = why.into();
        let others = commanded.effects.iter().map(|(written, _)| written).filter(|other| *other != written);
        let understood = others.cloned().collect();
        Refusal { key, not: vec![(written.to_owned(), why.clone())], because: why, understood }
    }

    pub fn misunderstood(commanded: &Commanded) -> Self {
        Refusal {
            key: "command",
            because: "A command was not understood, so nothing was done and nothing was sent".to_owned(),
            understood: commanded.effects.iter().map(|(written, _)| written.clone()).collect(),
            not: commanded.mistakes.clone(),
        }
    }

    /// The commands, each with what is wrong with it.
    pub fn commands(&self) -> Vec<(String, Option<String>)> {
        let understood = self.understood.iter().map(|written| (written.clone(), None));
        understood.chain(self.not.iter().map(|(written, why)| (written.clone(), Some(why.clone())))).collect()
    }

    /// What is not understood, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.not.iter().map(|(written, why)| format!("{written}: {why}")).collect()
    }
}

/// An agent's mail, as far as it can be judged without its ticket.
pub struct Said<'c> {
    pub name: &'c str,
    pub commanded: &'c Commanded,
    pub files: Vec<Attachment>,
    /// There are words, or files, for somebody.
    pub says: bool,
    /// They are for colleagues only.
    pub note: bool,
}

impl<'c> Said<'c> {
    pub fn of(case: &Case, name: &'c str, commanded: &'c Commanded) -> Result<Self, Refusal> {
        if !commanded.mistakes.is_empty() {
            return Err(Refusal::misunderstood(commanded));
        }
        let files = relayed(case.message);
        // Quote marks and rules that were left over are no answer.
        let is_word = |c: char| !c.is_whitespace() && !c.is_ascii_punctuation();
        let says = commanded.words.contains(is_word) || !files.is_empty();
        let mut said = Said { name, commanded, files, says, note: false };
        let sends = said.written(|e| *e == Effect::Send).is_some();
        let told = said.written(|e| *e == Effect::Note).is_some();
        said.note = told || (note_address::is_note(case) && !sends);
        // A note may say whatever it likes; but where it is one only because of what it answers, what is left of the
        // notification shows that his words were not found.
        let matters = |key: &str| !said.note || (!told && key == "no-marker");
        if let Some(leak) = leak(case, &commanded.words, &said.files).filter(|leak| matters(leak.key)) {
            return Err(Refusal::new(leak.key, leak.because));
        }
        // What opens a ticket and goes to nobody may be short of something: its agent is warned.
        let goes_out = says && (sends || case.facts.thread.ticket.is_some());
        if let Some(because) = bounds::cuts_short(case.message).filter(|_| goes_out) {
            return Err(Refusal::new("cut-short", because));
        }
        if let Some(because) = leak::another_mail(case).filter(|_| goes_out) {
            return Err(Refusal::new("another-mail", because));
        }
        if commanded.effects.is_empty() && !says {
            return Err(Refusal::new("nothing-said", "There was nothing to send: no words, no command"));
        }
        if told && !says {
            return Err(Refusal::new("nothing-said", "A note without words"));
        }
        if let Some(written) = said.quoted(case) {
            let why = "a customer wrote this word too, so whose it is cannot be told; say it with the word of another language";
            return Err(Refusal::of("cannot", written, why, commanded));
        }
        let asks = |e: &Effect| matches!(e, Effect::Ask(_));
        let many = commanded.effects.iter().filter(|(_, e)| asks(e)).count() > QUESTIONS_MAX;
        said.without(asks, many, &format!("at most {QUESTIONS_MAX} questions in one mail"))?;
        let reject = "it answers the question about a mail that was put aside, and this is another mail";
        said.without(|e| *e == Effect::Reject, true, reject)?;
        let spam = "nothing is sent to whoever sends spam; words in the same mail need #note";
        said.without(|e| *e == Effect::Spam, says && !said.note, spam)?;
        said.without(|e| *e == Effect::Send, told, "a note is not sent: one of the two")?;
        Ok(said)
    }

    /// A command whose word a customer wrote, too: a program that quotes badly may have made it the agent's. Only the word
    /// counts, because such a program may change the rest.
    fn quoted(&self, case: &Case) -> Option<&'c str> {
        let said = case.facts.found.said.iter().filter(|e| e.direction == Direction::Incoming).map(|e| &e.text);
        let theirs = said.chain(case.message.forward.iter().map(|forward| &forward.text));
        let squeezed = |text: &String| fold(&clean_line(text, usize::MAX)).replace("# ", "#");
        // Folding is the dear part: nearly no customer writes the sign.
        let theirs: Vec<String> = theirs.filter(|text| text.contains(['#', '＃'])).map(squeezed).collect();
        let written = self.commanded.effects.iter().map(|(written, _)| written.as_str());
        written.into_iter().find(|written| theirs.iter().any(|text| text.contains(&format!("#{}", word_of(written)))))
    }

    /// The first command of a kind, as it was written.
    pub fn written(&self, is: impl Fn(&Effect) -> bool) -> Option<&'c str> {
        self.commanded.effects.iter().find(|(_, effect)| is(effect)).map(|(written, _)| written.as_str())
    }

    /// Such a command is refused where something is so.
    pub fn without(&self, is: impl Fn(&Effect) -> bool, so: bool, why: &str) -> Result<(), Refusal> {
        match self.written(is).filter(|_| so) {
            Some(written) => Err(Refusal::of("cannot", written, why, self.commanded)),
            None => Ok(()),
        }
    }

    /// Carries one step out for each command; the first that cannot be ends it all.
    fn each(&self, mut step: impl FnMut(&str, &Effect) -> Result<(), String>) -> Result<(), Refusal> {
        for (written, effect) in &self.commanded.effects {
            let key = if matches!(effect, Effect::Accept(_)) { "accept" } else { "cannot" };
            step(written, effect).map_err(|why| Refusal::of(key, written, why, self.commanded))?;
        }
        Ok(())
    }
}

/// Which digests he wants from now on.
fn wishes<'s>(said: &'s Said<'_>) -> impl Iterator<Item = (String, bool)> + 's {
    said.commanded.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Digest { kind, on } => Some((DigestKind::off(*kind, said.name), !on)),
        _ => None,
    })
}

/// What else follows from a mail than a changed ticket.
#[derive(Default)]
pub struct Rest<'a> {
    pub others: Vec<Work<'a>>,
    holds: Vec<Hold>,
    left_out: Vec<(Digest, String)>,
    /// What the agent is told.
    pub receipt: Vec<Row>,
    /// Another's words that he has to see.
    quoted: String,
}

impl Rest<'_> {
    /// `ticket`: the one at hand, as it stands now.
    pub fn settle(mut self, case: &Case, agent: &Agent, said: &Said, ticket: Option<&Ticket>, decision: &mut Decision) {
        self.receipt.extend(inform::answers(case, agent, said.commanded, ticket));
        if !self.receipt.is_empty() {
            let mut draft = inform::receipt(case, agent, ticket.cloned(), self.receipt);
            draft.text = self.quoted;
            decision.outgoing.push(draft);
        }
        self.others.into_iter().for_each(|other| other.join(decision));
        decision.holds.extend(self.holds);
        decision.moments.extend(wishes(said));
        decision.left_out.extend(self.left_out);
        decision.commands = said.commanded.effects.iter().map(|(written, _)| (written.clone(), None)).collect();
        decision.reasons.extend(said.commanded.effects.iter().map(|(written, _)| format!("Carried out: {written}")));
        let signed = !said.commanded.signature.is_empty();
        let why = "What stands below a line with nothing but the agent's own name is a signature, and stays inside";
        decision.reasons.extend(signed.then(|| why.to_owned()));
    }
}

pub fn act(case: &Case, agent: &Agent, ticket: &Ticket, commanded: &Commanded) -> Result<Decision, Refusal> {
    let name = agent.name.as_str();
    let said = Said::of(case, name, commanded)?;
    let (mut work, mut rest) = (case.work(ticket.clone()).by(name), Rest::default());
    if let Some(decision) = in_between(case, &said, ticket, &mut rest)? {
        return Ok(decision);
    }
    elsewhere(case, &said, &mut work, &mut rest)?;
    before_the_words(case, &said, &mut work)?;
    let action = match (said.says, said.note) {
        (true, true) => {
            add_note(case, name, &mut work, commanded);
            Action::Note
        }
        (true, false) => {
            answer(case, name, &mut work, commanded, said.files.clone());
            Action::Relay
        }
        (false, _) => {
            let entry = case.entry(EntryKind::Note, Direction::Note);
            work.say(entry, "Commands by mail");
            Action::Command
        }
    };
    carry_out(case, &said, &mut work, &mut rest)?;
    links(case, &said, &mut work, &mut rest);
    if action == Action::Relay {
        tell_answer(name, &mut work, &commanded.words, &case.cause());
    }
    let (number, now) = (work.ticket.number, work.ticket.clone());
    let mut decision = work.into_decision(action, Fate::Appended(number));
    decision.view = Some(case.view(true));
    decision.reasons.extend(match case.facts.confirmed {
        true => vec![case.facts.authenticity.because.clone()],
        false => vec![
            format!("{name} is believed: From is the agent's address, and the reply identity was signed for {name}"),
            proof::because(case),
        ],
    });
    rest.settle(case, agent, &said, Some(&now), &mut decision);
    Ok(decision)
}

/// What happened since the agent read what he answers. His words wait for his word then; commands are carried out, and he
/// hears of it.
fn in_between(case: &Case, said: &Said, ticket: &Ticket, rest: &mut Rest) -> Result<Option<Decision>, Refusal> {
    let sends = said.written(|e| *e == Effect::Send);
    let waiting = crossed::waiting(case, ticket);
    let to_customer = said.says && !said.note;
    if let Some(written) = sends.filter(|_| !said.says) {
        if said.commanded.effects.len() > 1 {
            let why = "it stands alone: the answer that waits has its own commands";
            return Err(Refusal::of("cannot", written, why, said.commanded));
        }
        let Some(hold) = waiting else {
            return Err(Refusal::of("cannot", written, "no answer of yours waits on this ticket", said.commanded));
        };
        rest.holds.push(Hold { state: HoldState::Released, ..hold.clone() });
        return Ok(None);
    }
    let crossing = crossed::crossing(case, ticket, said.name).filter(|_| !crossed::is_released(case));
    match crossing {
        // The same bytes once more: he was told.
        Some(_) if to_customer && sends.is_none() && crossed::is_held(case) => {
            return Ok(Some(case.quarantine(format!("An answer by {} waits for #send already", said.name))));
        }
        Some(crossing) if to_customer && sends.is_none() => {
            return Ok(Some(crossed::hold(case, said.name, ticket, &said.commanded.words, &crossing)));
        }
        Some(crossing)
            if !to_customer && said.written(|e| matches!(e, Effect::Status(_) | Effect::Snooze(_))).is_some() =>
        {
            let key = if crossing.what == "merged" { "receipt-merged" } else { "receipt-answered" };
            let about = match crossing.what {
                "merged" => crossed::meant(case).map(|n| n.to_string()).unwrap_or_default(),
                _ => crossing.actor.clone(),
            };
            rest.receipt.push(Row::Title(key, about));
            rest.quoted = crossing.words;
        }
        _ => {}
    }
    if let Some(line) = crossed::taken(case, ticket, said.name) {
        let at = line.at.to_zoned(case.policy.desk.timezone.clone()).strftime("%Y-%m-%d %H:%M");
        let why = format!(
            "{} took it meanwhile ({at}); #take in answer to this mail gives it to you all the same",
            line.actor
        );
        said.without(|e| *e == Effect::Take, true, &why)?;
    }
    // Other words in its place.
    if let Some(hold) = waiting.filter(|_| to_customer) {
        rest.holds.push(Hold { state: HoldState::Denied, ..hold.clone() });
        rest.left_out.extend(hold.digest.map(|digest| (digest, format!("{} sent another answer instead", said.name))));
    }
    Ok(None)
}

/// Another ticket than that of the token is the one at hand from now on.
fn elsewhere<'a>(case: &Case<'a>, said: &Said, work: &mut Work<'a>, rest: &mut Rest<'a>) -> Result<(), Refusal> {
    let moves = |e: &Effect| matches!(e, Effect::Merge(_) | Effect::Split(_));
    let several = said.commanded.effects.iter().filter(|(_, e)| moves(e)).count() > 1;
    said.without(moves, several, "one of them in one mail")?;
    said.each(|written, effect| {
        let other = match effect {
            Effect::Merge(number) => {
                let target = merge::named(case.facts, *number)?.clone();
                merge::merge(work, target, written, &case.cause(), &mut rest.receipt)?
            }
            Effect::Split(subject) => merge::split(case, work, subject.as_deref(), written)?,
            _ => return Ok(()),
        };
        rest.others.push(std::mem::replace(work, other));
        Ok(())
    })
}

/// To whom the words go, and whether they may.
fn before_the_words(case: &Case, said: &Said, work: &mut Work) -> Result<(), Refusal> {
    said.each(|written, effect| match effect {
        Effect::Accept(who) => access::accept(case, work, said.name, who.as_ref(), written),
        Effect::Copy { add, address } => hands::copy(work, said.name, *add, address, written),
        Effect::Override(reason) => lift(work, said.name, reason),
        Effect::For(address) => {
            let name = case.contact().filter(|c| c.email == *address).and_then(|c| c.name.clone());
            hands::give(case, work, Address { name, email: address.to_string() }, written)
        }
        _ => Ok(()),
    })
}

/// Who reads along on a ticket that is being opened.
pub fn copies(said: &Said, work: &mut Work) -> Result<(), Refusal> {
    said.each(|written, effect| match effect {
        Effect::Copy { add, address } => hands::copy(work, said.name, *add, address, written),
        _ => Ok(()),
    })
}

/// The other commands, after the words.
pub fn carry_out<'a>(case: &Case<'a>, said: &Said, work: &mut Work<'a>, rest: &mut Rest<'a>) -> Result<(), Refusal> {
    let (name, cause) = (said.name, case.cause());
    said.each(|written, effect| {
        match effect {
            // Before the words, with them, or told of in the end.
            Effect::Note | Effect::Accept(_) | Effect::Copy { .. } | Effect::Reject | Effect::Override(_) => {}
            Effect::Merge(_) | Effect::Split(_) | Effect::For(_) | Effect::Send | Effect::Ask(_) => {}
            Effect::Template(_) | Effect::Digest { .. } => {}
            Effect::Revoke => {
                let absorbed = &case.facts.found.absorbed;
                rest.others.extend(access::revoke(work, absorbed, written));
            }
            Effect::Status(Status::Resolved) => resolved::resolve(work, written),
            Effect::Status(to) => {
                if work.ticket.status != *to {
                    work.change(TicketChange::Status { to: *to }, written);
                }
            }
            Effect::Take => assign(name, work, Some(name.to_owned()), work.ticket.group.clone(), written, &cause),
            Effect::Assign(to) => assign_to(name, work, to, &case.facts.found, written, &cause),
            Effect::Priority(to) => work.change(TicketChange::Priority { to: *to }, written),
            Effect::Category(to) => work.change(TicketChange::Category { to: Some(to.clone()) }, written),
            Effect::Snooze(until) => work.change(TicketChange::Snoozed { until: *until }, written),
            Effect::Watch(on) => hands::watch(work, name, *on, written),
            Effect::Spam => return hands::spam(work, written),
            Effect::Time(minutes) => hands::book(work, name, *minutes, written),
            Effect::Done { items, done } => return checklist::tick(work, name, items, *done, written),
            Effect::Tag { on, off } => return hands::tag(work, on, off, written),
            Effect::Link(number) => {
                let other = merge::named(case.facts, *number)?;
                if is_at_hand(work, rest, other) {
                    return Err(format!("ticket {number} is at hand already"));
                }
                rest.others.extend(merge::link(work, other, written)?);
            }
        }
        Ok(())
    })
}

/// Two changed copies of one ticket would undo each other.
fn is_at_hand(work: &Work, rest: &Rest, ticket: &Ticket) -> bool {
    work.ticket.number == ticket.number || rest.others.iter().any(|other| other.ticket.number == ticket.number)
}

/// `#1042` in the words.
fn links<'a>(case: &Case<'a>, said: &Said, work: &mut Work<'a>, rest: &mut Rest<'a>) {
    for number in mentioned(&said.commanded.words) {
        let Ok(other) = merge::named(case.facts, number) else { continue };
        if !is_at_hand(work, rest, other) {
            let because = format!("#{number} stands in the words");
            rest.others.extend(merge::link(work, other, &because).ok().flatten());
        }
    }
}
