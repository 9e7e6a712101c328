//! The keyed checks by which the desk recognises its own words: the subject token, the signed Message-ID and the signed
//! plus-address. One codec, used both where they are made (compose) and where they are proven (facts).
//!
//! A token proves "has seen our mail", never who somebody is. Nothing here is random: the same cause under the same key
//! gives the same token, so that a replay gives the same bytes.

mod mac;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::mac::{mac, normalise, same};
use super::message::{Digest, TokenText};

/// Subject check: 8 characters, 40 bits.
const SUBJECT_LEN: usize = 8;
/// Hidden check: 16 characters, 80 bits.
const HIDDEN_LEN: usize = 16;
/// The addressee's pseudonym inside hidden tokens: 6 characters, 30 bits.
const ADDRESSEE_LEN: usize = 6;
/// The cause inside a Message-ID: 10 characters, 50 bits.
const CAUSE_LEN: usize = 10;

/// For whom a hidden token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    Customer,
    Agent,
    /// A notification by the desk to which nobody should answer; only a bounce carries it back.
    Bounce,
    /// A confirmation mail: the number is that of what is held, not a ticket's.
    Confirm,
}

impl TokenKind {
    fn letter(self) -> char {
        match self {
            TokenKind::Customer => 'c',
            TokenKind::Agent => 'a',
            TokenKind::Bounce => 'b',
            TokenKind::Confirm => 'f',
        }
    }

    fn from_letter(text: &str) -> Option<Self> {
        match text {
            "c" => Some(TokenKind::Customer),
            "a" => Some(TokenKind::Agent),
            "b" => Some(TokenKind::Bounce),
            "f" => Some(TokenKind::Confirm),
            _ => None,
        }
    }
}

/// One secret and its one-character id (a digit or letter of `mac::ALPHABET`).
#[derive(Clone)]
pub struct Key {
    pub id: char,
    pub secret: [u8; 32],
}

/// The keys: the first makes, all prove. Not printable.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({})", self.keys.iter().map(|k| k.id).collect::<String>())
    }
}

/// What a token is about: the number of a ticket, or of what is held, and how often its tokens were taken back before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    pub number: i64,
    pub generation: u32,
}

impl From<i64> for About {
    fn from(number: i64) -> Self {
        About { number, generation: 0 }
    }
}

/// How often the tokens of tickets were taken back; of a ticket that is not in it, never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations(BTreeMap<i64, u32>);

impl Generations {
    pub fn note(&mut self, ticket: i64, generation: u32) {
        if generation > 0 {
            self.0.insert(ticket, generation);
        }
    }

    fn of(&self, ticket: i64) -> u32 {
        self.0.get(&ticket).copied().unwrap_or(0)
    }
}

/// Earlier generations whose tokens are still told from such as were never made.
const REMEMBERED: u32 = 16;

/// A hidden token whose check held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub ticket: i64,
    pub kind: TokenKind,
    /// It was taken back since: made by this desk, and worth nothing.
    pub revoked: bool,
    /// The pseudonym of the addressee; compare with [`KeyRing::is_for`].
    addressee: String,
    key: char,
}

impl KeyRing {
    /// `keys` in the order of preference, the current one first; None where there is none.
    pub fn new(keys: Vec<Key>) -> Option<Self> {
        if keys.is_empty() { None } else { Some(KeyRing { keys }) }
    }

    fn current(&self) -> &Key {
        &self.keys[0] // `new` refuses an empty ring
    }

    /// The eight characters that prove a ticket's number in a subject.
    pub fn subject_check(&self, prefix: &str, about: impl Into<About>) -> String {
        subject_check(self.current(), prefix, about.into())
    }

    /// `[ACME-1042-k7q2m9xf]`
    pub fn subject_token(&self, prefix: &str, about: impl Into<About>) -> String {
        let about = about.into();
        format!("[{prefix}-{}-{}]", about.number, self.subject_check(prefix, about))
    }

    /// Whether a subject token's check holds under any key. A token without a check never does.
    pub fn proves_subject(&self, token: &TokenText, generations: &Generations) -> bool {
        self.subject(token, generations) == Some(Held::Now)
    }

    /// Whether it held once, and was taken back since.
    pub fn is_revoked_subject(&self, token: &TokenText, generations: &Generations) -> bool {
        self.subject(token, generations) == Some(Held::Before)
    }

    fn subject(&self, token: &TokenText, generations: &Generations) -> Option<Held> {
        let check = normalise(token.check.as_deref()?);
        held(generations.of(token.number), |generation| {
            let about = About { number: token.number, generation };
            // All keys are tried, whichever fits: how long it takes says nothing.
            self.keys.iter().fold(false, |any, key| any | same(&subject_check(key, &token.prefix, about), &check))
        })
    }

    /// `[ACME-17-0123456789abcdef]`: proves, in a subject, a confirmation mail by 80 bits. Mail clients that drop
    /// In-Reply-To keep the subject.
    pub fn confirm_token(&self, prefix: &str, hold: i64, who: &str) -> String {
        format!("[{prefix}-{hold}-{}]", confirm_check(self.current(), hold, who))
    }

    /// Whether a code in a subject was made for this hold and this addressee.
    pub fn proves_confirm(&self, token: &TokenText, hold: i64, who: &str) -> bool {
        let Some(check) = &token.check else { return false };
        token.number == hold && self.keys.iter().any(|key| same(&confirm_check(key, hold, who), &normalise(check)))
    }

    /// Whether a subject token has the shape of a confirmation's: its number is no ticket's then.
    pub fn is_confirm_shaped(token: &TokenText) -> bool {
        token.check.as_ref().is_some_and(|check| check.len() == HIDDEN_LEN)
    }

    /// The left-hand side of a Message-ID of ours: `pd.1c.1042.ADDRES.CAUSECAUSE.CHECKCHECKCHECK0`. `cause` is anything
    /// that is the same again when the same mail is made again.
    pub fn message_id(
        &self,
        kind: TokenKind,
        about: impl Into<About>,
        addressee: &str,
        cause: &str,
        domain: &str,
    ) -> String {
        format!("{}@{domain}", id_of(self.current(), kind, about.into(), addressee, cause))
    }

    /// Whether it is the Message-ID that [`KeyRing::message_id`] makes of these, or made under an earlier key.
    pub fn is_message_id(
        &self,
        id: &str,
        kind: TokenKind,
        about: impl Into<About>,
        addressee: &str,
        cause: &str,
    ) -> bool {
        let (left, about) = (left_of(id), about.into());
        self.keys.iter().fold(false, |any, key| any | same(&id_of(key, kind, about, addressee, cause), &left))
    }

    /// The detail for a plus-address: `podpora+1c-1042-ADDRES-CHECKCHECKCHECK0@…`, without the plus.
    pub fn address_detail(&self, kind: TokenKind, about: impl Into<About>, addressee: &str) -> String {
        let (key, about) = (self.current(), about.into());
        let who = pseudonym(key, addressee);
        let check = hidden_check(key, kind, about, &who, "address");
        format!("{}{}-{}-{who}-{check}", key.id, kind.letter(), about.number)
    }

    /// Proves a Message-ID (without angle brackets) to be one that this desk made. The domain is not part of the proof:
    /// some gateways rewrite it.
    pub fn prove_message_id(&self, id: &str, generations: &Generations) -> Option<Proven> {
        let left = left_of(id);
        let parts: Vec<&str> = left.split('.').collect();
        let ["pd", head, ticket, who, cause, check] = parts.as_slice() else { return None };
        if cause.len() != CAUSE_LEN {
            return None; // so that a plus-address's check is no Message-ID's
        }
        self.prove(head, ticket, (who, cause), check, generations)
    }

    /// For whom something of the shape of our Message-IDs would have been made, its check aside.
    pub fn claimed_kind(id: &str) -> Option<TokenKind> {
        let left = left_of(id);
        let mut parts = left.split('.');
        let (Some("pd"), Some(head), 4) = (parts.next(), parts.next(), parts.clone().count()) else { return None };
        TokenKind::from_letter(head.get(1..)?)
    }

    /// Of what ticket, or of what that is held, something of the shape of our Message-IDs would be, its check aside.
    pub fn claimed_number(id: &str) -> Option<i64> {
        KeyRing::claimed_kind(id)?;
        id.split('.').nth(2)?.parse().ok().filter(|number| *number >= 0)
    }

    /// Proves the detail of a plus-address. Mail systems may change its case.
    pub fn prove_address_detail(&self, detail: &str, generations: &Generations) -> Option<Proven> {
        let lower = detail.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('-').collect();
        let [head, ticket, who, check] = parts.as_slice() else { return None };
        self.prove(head, ticket, (who, "address"), check, generations)
    }

    fn prove(
        &self,
        head: &str,
        ticket: &str,
        (who, cause): (&str, &str),
        check: &str,
        generations: &Generations,
    ) -> Option<Proven> {
        let mut chars = head.chars();
        let id = chars.next()?;
        let kind = TokenKind::from_letter(chars.as_str())?;
        let number: i64 = ticket.parse().ok()?;
        let key = self.keys.iter().find(|k| k.id == id)?;
        if number.to_string() != ticket {
            return None;
        }
        // What is held has a number of its own, whose tokens nobody takes back.
        let latest = if kind == TokenKind::Confirm { 0 } else { generations.of(number) };
        let held =
            held(latest, |generation| same(&hidden_check(key, kind, About { number, generation }, who, cause), check))?;
        Some(Proven { ticket: number, kind, revoked: held == Held::Before, addressee: who.to_owned(), key: id })
    }

    /// Whether a proven token was made for this addressee (an agent's name, or an address).
    pub fn is_for(&self, proven: &Proven, addressee: &str) -> bool {
        self.keys
            .iter()
            .find(|k| k.id == proven.key)
            .is_some_and(|key| same(&pseudonym(key, addressee), &proven.addressee))
    }

    /// By what a signature is known again, under each key; the first is the one to keep.
    pub fn signature_marks(&self, signature: &Digest) -> Vec<String> {
        self.keys.iter().map(|key| mac(key, "signature", &[&signature.hex()], 26)).collect()
    }

    /// Keyed digests by which something is recognised that is no longer stored, under each key; the first is the one to keep.
    pub fn tombstones(&self, what: &Digest) -> Vec<String> {
        self.keys.iter().map(|key| mac(key, "tombstone", &[&what.hex()], 26)).collect()
    }
}

/// Whether a check holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Now,
    /// It was taken back since.
    Before,
}

/// Tries the latest generation and those before it, all of them, so that the time it takes says nothing.
fn held(latest: u32, holds: impl Fn(u32) -> bool) -> Option<Held> {
    let now = holds(latest);
    let before = (latest.saturating_sub(REMEMBERED)..latest).fold(false, |any, generation| any | holds(generation));
    match (now, before) {
        (true, _) => Some(Held::Now),
        (false, true) => Some(Held::Before),
        (false, false) => None,
    }
}

/// The parts of a check, with the generation where there was more than one: the first is not written, and so the bytes
/// are those that were made before there were generations.
fn with_generation(parts: &[&str], about: About, key: &Key, purpose: &str, len: usize) -> String {
    let generation = about.generation.to_string();
    match about.generation {
        0 => mac(key, purpose, parts, len),
        _ => mac(key, purpose, &[parts, &[&generation]].concat(), len),
    }
}

fn subject_check(key: &Key, prefix: &str, about: About) -> String {
    let parts = [&*prefix.to_ascii_lowercase(), &about.number.to_string()];
    with_generation(&parts, about, key, "subject", SUBJECT_LEN)
}

fn hidden_check(key: &Key, kind: TokenKind, about: About, who: &str, cause: &str) -> String {
    let parts = [&*kind.letter().to_string(), &about.number.to_string(), who, cause];
    with_generation(&parts, about, key, "hidden", HIDDEN_LEN)
}

/// A Message-ID's left-hand side.
fn id_of(key: &Key, kind: TokenKind, about: About, addressee: &str, cause: &str) -> String {
    let who = pseudonym(key, addressee);
    let cause = mac(key, "cause", &[cause], CAUSE_LEN);
    let check = hidden_check(key, kind, about, &who, &cause);
    format!("pd.{}{}.{}.{who}.{cause}.{check}", key.id, kind.letter(), about.number)
}

/// What stands before the "@", in lower case: some gateways change it.
fn left_of(id: &str) -> String {
    id.split_once('@').map_or(id, |(left, _)| left).to_ascii_lowercase()
}

fn confirm_check(key: &Key, hold: i64, who: &str) -> String {
    hidden_check(key, TokenKind::Confirm, hold.into(), &who.to_ascii_lowercase(), "subject")
}

fn pseudonym(key: &Key, addressee: &str) -> String {
    mac(key, "addressee", &[&addressee.to_ascii_lowercase()], ADDRESSEE_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[(char, u8)]) -> KeyRing {
        KeyRing::new(ids.iter().map(|&(id, byte)| Key { id, secret: [byte; 32] }).collect()).expect("not empty")
    }

    fn text(number: i64, check: &str) -> TokenText {
        TokenText { prefix: "ACME".into(), number, check: Some(check.into()), written: String::new() }
    }

    /// No ticket's tokens were ever taken back.
    fn never() -> Generations {
        Generations::default()
    }

    fn proves(keys: &KeyRing, token: &TokenText) -> bool {
        keys.proves_subject(token, &never())
    }

    #[test]
    fn what_was_taken_back_is_told_from_what_was_never_made() {
        let keys = ring(&[('2', 9), ('1', 7)]);
        let mut generations = Generations::default();
        generations.note(1042, 2);
        for (generation, now) in [(0, false), (1, false), (2, true), (3, false)] {
            let about = About { number: 1042, generation };
            let token = text(1042, &keys.subject_check("ACME", about));
            assert_eq!(keys.proves_subject(&token, &generations), now, "{generation}");
            assert_eq!(keys.is_revoked_subject(&token, &generations), generation < 2, "{generation}");
            let id = keys.message_id(TokenKind::Agent, about, "jana", "x", "desk.example");
            let detail = keys.address_detail(TokenKind::Customer, about, "jan@firma.example");
            for proven in [keys.prove_message_id(&id, &generations), keys.prove_address_detail(&detail, &generations)] {
                let revoked = (generation < 3).then_some(!now);
                assert_eq!(proven.map(|p| p.revoked), revoked, "{generation}");
            }
            assert!(keys.is_message_id(&id, TokenKind::Agent, about, "jana", "x"));
            assert!(!keys.is_message_id(&id, TokenKind::Agent, about, "jana", "y"));
        }
        // Of another ticket with the same check, and of what is held, nothing was taken back.
        let about = About { number: 1043, generation: 1 };
        assert!(!keys.proves_subject(&text(1043, &keys.subject_check("ACME", about)), &generations));
        let confirm = keys.message_id(TokenKind::Confirm, 1042, "jana", "x", "desk.example");
        assert_eq!(keys.prove_message_id(&confirm, &generations).map(|p| p.revoked), Some(false));
    }

    #[test]
    fn a_subject_token_proves_its_own_number_only() {
        let keys = ring(&[('1', 7)]);
        let check = keys.subject_check("ACME", 1042);
        assert_eq!(check.len(), 8);
        assert!(proves(&keys, &text(1042, &check)));
        assert!(proves(&keys, &text(1042, &check.to_uppercase())));
        assert!(!proves(&keys, &text(1043, &check)));
        assert!(!proves(&keys, &text(1042, &check[..7])));
        assert!(!proves(&keys, &TokenText { check: None, ..text(1042, "") }));
        assert!(!proves(&ring(&[('1', 8)]), &text(1042, &check)));
    }

    #[test]
    fn a_confirmation_code_is_bound_to_what_is_held_and_to_whom() {
        let keys = ring(&[('1', 7)]);
        let written = keys.confirm_token("ACME", 17, "Jana");
        let check = written.trim_end_matches(']').rsplit('-').next().expect("a check").to_owned();
        assert_eq!(check.len(), 16);
        let token = text(17, &check);
        assert!(KeyRing::is_confirm_shaped(&token) && !KeyRing::is_confirm_shaped(&text(17, &check[..8])));
        assert!(keys.proves_confirm(&token, 17, "jana") && !proves(&keys, &token));
        assert!(!keys.proves_confirm(&token, 18, "jana") && !keys.proves_confirm(&token, 17, "peter"));
        assert!(!keys.proves_confirm(&text(18, &check), 18, "jana"));
        assert!(!ring(&[('1', 8)]).proves_confirm(&token, 17, "jana"));
        for i in 0..check.len() {
            let other = if &check[i..=i] == "0" { "1" } else { "0" };
            let forged = format!("{}{other}{}", &check[..i], &check[i + 1..]);
            assert!(!keys.proves_confirm(&text(17, &forged), 17, "jana"), "{forged} was believed");
        }
    }

    #[test]
    fn old_keys_still_prove_and_the_new_one_makes() {
        let old = ring(&[('1', 7)]);
        let rotated = ring(&[('2', 9), ('1', 7)]);
        let id = old.message_id(TokenKind::Agent, 5, "jana", "x", "desk.example");
        let proven = rotated.prove_message_id(&id, &never()).expect("still proves");
        assert!(rotated.is_for(&proven, "jana") && !rotated.is_for(&proven, "peter"));
        assert!(proves(&rotated, &text(5, &old.subject_check("ACME", 5))));
        assert_ne!(old.subject_check("ACME", 5), rotated.subject_check("ACME", 5));
    }

    #[test]
    fn every_character_of_a_hidden_token_counts() {
        let keys = ring(&[('1', 7)]);
        let id = keys.message_id(TokenKind::Customer, 1042, "jan@firma.example", "cause", "desk.example");
        assert_eq!(keys.prove_message_id(&id, &never()).map(|p| (p.ticket, p.kind)), Some((1042, TokenKind::Customer)));
        let left = id.split_once('@').expect("has a domain").0;
        for (i, c) in left.char_indices() {
            let other = if c == '0' { '1' } else { '0' };
            let forged = format!("{}{other}{}@desk.example", &left[..i], &left[i + 1..]);
            assert_eq!(keys.prove_message_id(&forged, &never()), None, "{forged} was believed");
        }
        let detail = keys.address_detail(TokenKind::Agent, 1042, "jana");
        assert!(keys.prove_address_detail(&detail, &never()).is_some());
        assert!(keys.prove_address_detail(&detail.replacen("1a", "1c", 1), &never()).is_none());
        let confirm = keys.address_detail(TokenKind::Confirm, 1042, "jana");
        assert_eq!(keys.prove_address_detail(&confirm, &never()).map(|p| p.kind), Some(TokenKind::Confirm));
        assert!(keys.prove_address_detail(&confirm.replacen("1f", "1a", 1), &never()).is_none());
        // A check made for one place proves nothing in another.
        let parts: Vec<&str> = detail.split('-').collect();
        let moved = format!("pd.{}.{}.{}.address.{}@d", parts[0], parts[1], parts[2], parts[3]);
        assert!(keys.prove_message_id(&moved, &never()).is_none());
    }
}
