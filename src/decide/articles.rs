//! Answers before an agent: which articles an acknowledgement offers, and the customer's word that it is solved.

use crate::model::article::{OFFERED_MAX, Suggestion};
use crate::model::text::fold;
use crate::model::{Category, Language, Sender, Status, TicketChange};

use super::work::{Case, Work};

/// Articles that `explain` shows at most.
const SHOWN_MAX: usize = 10;

/// The word by which a customer says that it is solved, as the acknowledgement names it.
pub fn solved_word(language: Language) -> &'static str {
    match language {
        Language::Sk => "#vyriešené",
        Language::Cs => "#vyřešeno",
        Language::Sl => "#rešeno",
        Language::Hr => "#riješeno",
        Language::En => "#solved",
        Language::De => "#gelöst",
    }
}

/// The articles that have anything of the mail, and what is to be offered of them; that stands in the ticket from here on.
pub fn suggest(case: &Case, work: &mut Work) -> Vec<Suggestion> {
    let articles = &case.policy.articles;
    if articles.all.is_empty() {
        return Vec::new();
    }
    let why_not = not_offered(case, work);
    let mut suggestions: Vec<Suggestion> = Vec::new();
    let mut offered = Vec::new();
    for fit in articles.fits(case.subject(), &case.message.reply.text) {
        let Some(article) = articles.all.get(fit.article) else { continue };
        let because = if article.language.is_some_and(|l| l != work.ticket.language) {
            Err(format!("its language is not the customer's ({})", work.ticket.language))
        } else if article.category.is_some() && article.category != work.ticket.category {
            Err(format!("it is for tickets of category {}", article.category.as_deref().unwrap_or_default()))
        } else if fit.score < articles.threshold {
            Err(format!("{:.2} is less than {:.2}", fit.score, articles.threshold))
        } else if let Some(why_not) = why_not {
            Err(why_not.to_owned())
        } else if offered.len() >= OFFERED_MAX {
            Err(format!("{OFFERED_MAX} fit better"))
        } else {
            offered.push(article.name.clone());
            Ok(format!("{:.2} is {:.2} or more", fit.score, articles.threshold))
        };
        let (is_offered, because) = (because.is_ok(), because.unwrap_or_else(|why_not| why_not));
        suggestions.push(Suggestion {
            article: article.name.clone(),
            title: article.title.clone(),
            score: fit.score,
            matched: fit.matched,
            offered: is_offered,
            because,
        });
    }
    work.ticket.service.offered = offered;
    suggestions.truncate(SHOWN_MAX);
    suggestions
}

/// Why nothing at all is offered on this ticket.
fn not_offered(case: &Case, work: &Work) -> Option<&'static str> {
    let named = |c: &&Category| Some(&c.name) == work.ticket.category.as_ref();
    let category = case.policy.categories.iter().find(named);
    match () {
        () if category.is_some_and(|c| c.restricted) => Some("its category is restricted"),
        () if matches!(case.facts.sender, Sender::Agent(_)) => Some("an agent sent it"),
        () if !case.is_verified() => Some("the sender is not proven"),
        () => None,
    }
}

/// The acknowledgement leaves: what it offers is written down.
pub fn record(work: &mut Work, suggestions: &[Suggestion]) {
    let offered = suggestions.iter().filter(|s| s.offered);
    let said: Vec<String> = offered.map(|s| format!("{} ({:.2})", s.article, s.score)).collect();
    if !said.is_empty() {
        work.event("offered articles", said.join(", "));
    }
}

/// No acknowledgement leaves, and so nothing is offered.
pub fn withdraw(work: &mut Work, suggestions: &mut [Suggestion]) {
    work.ticket.service.offered.clear();
    for suggestion in suggestions.iter_mut().filter(|s| s.offered) {
        suggestion.offered = false;
        "there is no acknowledgement".clone_into(&mut suggestion.because);
    }
}

/// What stands in the acknowledgement: an item for each article.
pub fn offers(work: &Work) -> Vec<String> {
    let all = &work.policy.articles.all;
    let offered = work.ticket.service.offered.iter().filter_map(|name| all.iter().find(|a| a.name == *name));
    offered.map(|article| article.offer()).collect()
}

/// A believed participant says on the first line, and with nothing else on it, that it is solved: so it is. True where the mail
/// was that.
pub fn solved(case: &Case, work: &mut Work) -> bool {
    if !says_solved(&case.message.reply.text) {
        return false;
    }
    if !case.is_thread_his() {
        work.event_by_desk("said to be solved", "Its sender is not proven, so it stays as it is");
        return false;
    }
    if !work.ticket.status.is_live() {
        return true;
    }
    work.change(TicketChange::Status { to: Status::Resolved }, "The customer says that it is solved");
    let service = &mut work.ticket.service;
    if !service.offered.is_empty() && work.ticket.first_responded_at.is_none() {
        service.helped = true;
        let offered = service.offered.join(", ");
        work.event_by_desk("answered by an article", format!("Solved before an agent answered; offered: {offered}"));
    }
    true
}

fn says_solved(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let Some(word) = first.strip_prefix('#') else { return false };
    let word = fold(word.trim().trim_end_matches(['.', '!']));
    word == "geloest" || Language::ALL.into_iter().any(|l| fold(solved_word(l)).trim_start_matches('#') == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_stands_alone_on_the_first_line_in_any_language() {
        for text in
            ["#solved", "\n  #Vyriešené!\n\nĎakujem", "#reseno", "# solved", "#GELÖST", "#geloest", "#riješeno."]
        {
            assert!(says_solved(text), "{text:?}");
        }
        for text in
            ["", "solved", "#solved thanks", "Thanks\n#solved", "not #solved", "#resolved", "#close", "> #solved"]
        {
            assert!(!says_solved(text), "{text:?}");
        }
    }
}
