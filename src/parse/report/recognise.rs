//! Whether a mail without a machine-readable report is a bounce all the same.

use std::sync::LazyLock;

use regex::RegexSet;

use crate::model::text::fold;
use crate::parse::charset::Hint;
use crate::parse::entity::Part;
use crate::parse::headers::{self, Headers};
use crate::parse::quotation::{Prefix, prefix};
use crate::parse::scan::Block;

/// Subjects of bounces, folded.
static SUBJECTS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"undeliver",
        r"non[ -]?deliver",
        r"not deliver",
        r"undelivered",
        r"deliver(y|ing)? (status|has |problem|error|failure|failed|notification|report|incomplete|warning|delayed)",
        r"fail(ed|ure)( in)? deliver",
        r"failure notice",
        r"failure delivery",
        r"mail (delivery|system) (failed|failure|error|problem|status|subsystem|warning)",
        r"returned (mail|to sender)",
        r"return(ed)? to sender",
        r"returned message",
        r"mail(box)? (is )?(full|error)",
        r"message (delivery |status|could not|not delivered)",
        r"could not (be )?deliver",
        r"cannot deliver",
        r"can't deliver",
        r"unable to deliver",
        r"rejected (mail|message)",
        r"mail (failure|could not)",
        r"error sending",
        r"bounced? mail",
        r"delayed (mail|delivery)|mail delayed|delivery delayed",
        r"warning: (could not send|message still)|warning: message",
        r"user unknown",
        r"unknown user",
        r"undeliverable",
        r"delivery failure",
        r"message you sent blocked|blocked by",
        r"not found in|non remis|echec de (la )?remise|echec de la distribution|non distribu",
        r"unzustellbar|zustellung.*(fehl|nicht)|nicht zustellbar|zustellungsstatus|unzustellbare",
        r"nedorucit|nedorucen|nedoruceni|dorucovani.*(selhal|nezdar)|sprava.*nebola dorucena",
        r"nepodarilo sa dorucit|nepodarilo se doruc",
        r"ni mogoce dostaviti|nedostav|ni bilo mogoce|nedostavljeno|nedostavljivo|neisporuc|nije isporucen",
        r"isporuka.*neusp",
        r"niedostarcz|nie mozna dostarczyc|zwrot|nie dostarczono|blad dostarczania",
        r"kezbesithetetlen|nem kezbesitheto|kezbesitesi",
        r"no se puede entregar|no entregado|correo devuelto|devuelto|fallo en la entrega|error de entrega",
        r"impossibile recapitare|mancat[ao] consegna|non recapitabile|mancato recapito",
        r"onbestelbaar|niet bezorgd|niet afgeleverd",
        r"nao (e possivel )?entregar|nao entregue|falha na entrega",
        r"не\s?доставлен|не удается доставить|недоставлен|невозможно доставить|ошибка доставки",
        r"не може бути доставлен|недоставк",
        r"kunde inte levereras|kunne ikke leveres|oleverbart",
        r"配信|配送|送信できません|エラー|無法傳遞|退信",
    ])
    .ok()
});

/// Sentences of bounces, folded: somebody's mail to somebody was not delivered.
static SENTENCES: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"could ?n[o']t be delivered",
        r"cannot be delivered",
        r"can't be delivered",
        r"(wasn't|was not|were not|not been|weren't|isn't) (successfully )?(able to )?deliver",
        r"permanent(ly)? (fatal )?(errors?|failed|failure)",
        r"delivery to the following",
        r"delivery (of|to) .{0,80}(failed|aborted|delayed)",
        r"unable to deliver",
        r"did not reach",
        r"not deliver(ed|able)",
        r"undeliverable",
        r"could not deliver",
        r"couldn't deliver",
        r"fail(ed|ure)? to deliver",
        r"failed addresses|address(\(es\)|es)? failed",
        r"had (transient|permanent|delivery) |had permanent",
        r"i'm afraid i wasn't able",
        r"returned to sender|mail is returned|message is returned|returned (mail|message)",
        r"error (occurred )?while (trying to )?deliver|error delivering|trouble delivering",
        r"problems? delivering|error sending|error in (sending|delivering)",
        r"(recipient|user|mailbox|address)s? .{0,60}(unknown|not found|rejected|full|does not exist|doesn't exist|disabled|exceed|inactive|not accept|unavailable)",
        r"no such (user|mailbox|recipient)",
        r"(over|exceeded|exceeds) .{0,30}(quota|size|limit)",
        r"mailbox (is )?full",
        r"message (has been |was |is )?(rejected|refused|blocked|too large|too big)",
        r"(has|have) been (rejected|delayed|blocked|refused)",
        r"not a valid user",
        r"invalid (user|recipient|address)",
        r"smtp error",
        r"remote host said",
        r"error message below",
        r"transcript of session",
        r"reason for (the )?(failure|return|rejection)",
        r"host (unknown|not found)",
        r"\b5\d\d[ -]\d\.\d\.\d",
        r"delivery (failure|failed|error|has failed|attempt)",
        r"spam|virus",
        r"cannot (be )?sen[dt]|could not (be )?sen[dt]",
        r"zustell|konnte nicht|nedoruc|nepodar|dostav|isporuc|doreczon|dostarczon|kezbesit|remis|distribu",
        r"entreg|recapit|consegn|bezorg|доставл",
    ])
    .ok()
});

/// Vacation notices and challenges are no bounces, however their texts begin.
static OTHERS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"out of (the )?office",
        r"^auto(matic|:|-)",
        r"vacation",
        r"on holiday",
        r"automatic (reply|response)",
        r"autoreply|auto-reply|auto reply",
        r"click (on )?the following link",
        r"verify your|verification|action required|approve|whitelist|confirm (your|that you)",
    ])
    .ok()
});

fn any(set: &LazyLock<Option<RegexSet>>, text: &str) -> bool {
    set.as_ref().is_some_and(|s| s.is_match(text))
}

/// Judges a mail by who sent it, its subject, and the first lines of its text.
pub fn is_bounce(block: &Block<'_>, headers: &Headers, root: &Part<'_>, text: &str, hint: Hint) -> bool {
    let subject = fold(headers.subject.as_deref().unwrap_or_default());
    let report = root.kind.word == "multipart/report"
        && root.kind.param("report-type").is_none_or(|t| t.eq_ignore_ascii_case("delivery-status"));
    let failed = block.first("X-Failed-Recipients").is_some();
    let subject_says = any(&SUBJECTS, &subject);
    let null_path = headers.return_path.as_deref() == Some("");
    let daemon = is_daemon(headers);
    if !(failed || report || subject_says || null_path || daemon) {
        // Whatever the text says: the rest is spared for every ordinary mail.
        return false;
    }
    let head: String = text.chars().take(4000).collect();
    let head = fold(&head);
    let says = any(&SENTENCES, &head);
    let challenge = any(&OTHERS, &head) || any(&OTHERS, &subject);
    if failed || report && (says && !challenge || subject_says || head.trim().is_empty() || daemon) {
        return true;
    }
    let other = any(&OTHERS, &subject) || any(&OTHERS, &head) && !daemon;
    let auto = headers::value(block, "Auto-Submitted", hint).is_some_and(|v| !v.trim().eq_ignore_ascii_case("no"));
    let returned = returns_a_mail(root, text);
    if other {
        return false;
    }
    let coded = super::codes::smtp_reply(&head).is_some();
    // Whoever sends a bounce on to us is a person who wants help with it.
    let person = !daemon && prefix(headers.subject.as_deref().unwrap_or_default()) != Prefix::None;
    if person {
        return false;
    }
    daemon && (subject_says || says && (null_path || auto || coded || is_only_daemon(headers)))
        || null_path && says && (subject_says || returned)
        || subject_says && says && (auto || returned)
        || is_nobody(headers) && null_path && says
}

/// Names that no person writes under. A postmaster may be one.
fn is_only_daemon(headers: &Headers) -> bool {
    headers.from.iter().any(|a| {
        let local = a.email.split('@').next().unwrap_or_default().to_lowercase();
        local.contains("daemon") || fold(a.name.as_deref().unwrap_or_default()).contains("mail delivery")
    })
}

/// Names and addresses under which mail systems write.
fn is_daemon(headers: &Headers) -> bool {
    let Some(from) = headers.from.first() else { return headers.return_path.as_deref() == Some("") };
    let local: String = from.email.split('@').next().unwrap_or_default().to_lowercase();
    let local: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = fold(from.name.as_deref().unwrap_or_default());
    [
        "mailerdaemon",
        "postmaster",
        "maildeliverysystem",
        "maildeliverysubsystem",
        "mailsystem",
        "maildaemon",
        "smtpdaemon",
        "bouncehandler",
        "microsoftexchange",
        "mailadministrator",
        "systemadministrator",
        "mailadmin",
        "maileradmin",
        "bounce",
        "bounces",
        "mailgateway",
    ]
    .iter()
    .any(|d| local.starts_with(d))
        || [
            "mail delivery",
            "mailer-daemon",
            "mailer daemon",
            "system administrator",
            "postmaster",
            "mail administrator",
            "delivery subsystem",
            "mail system",
            "microsoft outlook",
            "microsoft exchange",
            "systemadministrator",
            "internet mail delivery",
            "mail delivery system",
        ]
        .iter()
        .any(|d| name.starts_with(d))
}

fn is_nobody(headers: &Headers) -> bool {
    headers.from.first().is_none_or(|f| f.email.is_empty())
}

/// Whether the mail carries a copy of another one.
fn returns_a_mail(root: &Part<'_>, text: &str) -> bool {
    let mut leaves = Vec::new();
    root.leaves(&mut leaves);
    leaves.iter().any(|l| matches!(l.kind.word.as_str(), "message/rfc822" | "text/rfc822-headers" | "message/global"))
        || text.lines().any(|l| l.trim_start_matches(['>', ' ']).to_ascii_lowercase().starts_with("message-id:"))
        || super::bounce::copy_start(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(SUBJECTS.is_some() && SENTENCES.is_some() && OTHERS.is_some());
    }
}
