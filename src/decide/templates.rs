//! Reply templates filled in: `#template vpn-reset` becomes the operator's words in the customer's language, where it
//! stands. What a mail said is only ever a value. A value that is not there is an error for the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use super::act::Refusal;
use super::commands::Commanded;
use super::work::Case;
use crate::model::reply_template::{ReplyTemplate, TEXT_MAX, TemplateText};
use crate::model::subject;
use crate::model::text::{clean_line, clean_text};
use crate::model::{Agent, Language, Policy, Ticket};

/// Steps that a template may take: thousands of times what one needs, and over in a moment.
const FUEL: u64 = 100_000;
/// How deep its macros may call each other.
const DEPTH: usize = 50;
/// Longest value of one place, in characters.
const VALUE_MAX: usize = 500;

/// Every value that the desk fills in, where it knows it.
pub const VALUES: &[&str] = &[
    "ticket.number",
    "ticket.subject",
    "ticket.category",
    "ticket.priority",
    "ticket.opened",
    "contact.name",
    "contact.email",
    "contact.organisation",
    "agent.name",
    "desk.name",
    "desk.address",
];

/// What an agent asks for: `vpn-reset user=jan code="12 34"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    /// In this language, whatever the customer's is.
    pub language: Option<Language>,
    /// What the agent fills in himself.
    pub given: BTreeMap<String, String>,
}

/// About whom a template speaks.
pub struct About<'a> {
    pub ticket: &'a Ticket,
    pub agent: &'a Agent,
}

/// A call that can be carried out: the template is there, and only values are given for which it has places.
pub fn call(argument: &str, policy: &Policy) -> Result<Call, String> {
    let mut words = words(argument)?.into_iter();
    let written = words.next().unwrap_or_default();
    let (name, code) = match written.split_once('.') {
        Some((name, code)) => (name, Some(code)),
        None => (written.as_str(), None),
    };
    let name = crate::model::text::fold(name);
    let Some(template) = policy.templates.get(&name) else {
        return Err(format!("there is no template {name:?}{}", nearest(&name, policy)));
    };
    let language = match code {
        Some(code) => {
            let known = Language::from_code(code).filter(|l| template.texts.contains_key(&Some(*l)));
            Some(known.ok_or_else(|| not_in(&name, code, template))?)
        }
        None => None,
    };
    let mut given = BTreeMap::new();
    let places: BTreeSet<String> = template.texts.values().flat_map(places).collect();
    for word in words {
        let Some((key, value)) = word.split_once('=') else {
            return Err(format!("{word:?} says nothing to it: values are written as NAME=VALUE"));
        };
        if !places.contains(key) {
            let has = if places.is_empty() { "none".to_owned() } else { list(&places) };
            return Err(format!("{name} has no place {key:?} to fill in; it has {has}"));
        }
        given.insert(key.to_owned(), value.to_owned());
    }
    Ok(Call { name, language, given })
}

/// The words of a call for a customer.
pub fn fill(call: &Call, about: &About, policy: &Policy) -> Result<String, String> {
    let Some(template) = policy.templates.get(&call.name) else {
        return Err(format!("there is no template {:?}", call.name));
    };
    let language = call.language.unwrap_or(about.ticket.language);
    let text = template.text(language).ok_or_else(|| not_in(&call.name, language.code(), template))?;
    let missing: BTreeSet<String> = places(text).into_iter().filter(|p| !call.given.contains_key(p)).collect();
    if let Some(first) = missing.first() {
        let how = format!("#template {} {first}=…", call.name);
        return Err(format!("these values are not filled in: {}; write {how}", list(&missing)));
    }
    let filled = render(text, values(call, about, policy)).map_err(|error| error.what)?;
    Ok(clean_text(&filled).trim().to_owned())
}

/// A line each for `#template` alone: name, languages, places, what it is for.
pub fn listing(language: Language, policy: &Policy) -> Vec<String> {
    let one = |(name, template): (&String, &ReplyTemplate)| {
        let places: BTreeSet<String> = template.texts.values().flat_map(places).collect();
        let given: String = places.iter().map(|place| format!(" {place}=…")).collect();
        let languages = template.languages().into_iter().collect::<Vec<_>>().join(" ");
        let about = template.about(language).map(|about| format!(": {}", clean_line(about, VALUE_MAX)));
        format!("#template {name}{given} ({languages}){}", about.unwrap_or_default())
    };
    policy.templates.iter().map(one).collect()
}

/// Puts the words of every template into an agent's, where it was called.
pub fn expand(case: &Case, agent: &Agent, ticket: &Ticket, mut commanded: Commanded) -> Result<Commanded, Refusal> {
    let calls = std::mem::take(&mut commanded.calls);
    if calls.is_empty() || !commanded.mistakes.is_empty() {
        return Ok(commanded);
    }
    let about = About { ticket, agent };
    let mut words = String::new();
    let mut done = 0;
    for (at, written, call) in calls {
        let filled = fill(&call, &about, case.policy);
        let filled = filled.map_err(|why| Refusal::of("command", &written, why, &commanded))?;
        join(&mut words, commanded.words.get(done..at).unwrap_or_default());
        join(&mut words, &filled);
        done = at;
    }
    join(&mut words, commanded.words.get(done..).unwrap_or_default());
    commanded.words = words;
    Ok(commanded)
}

/// Adds a part below the others, an empty line between them.
fn join(words: &mut String, part: &str) {
    let part = part.trim_matches('\n').trim_end();
    if part.trim().is_empty() {
        return;
    }
    if !words.is_empty() {
        words.push_str("\n\n");
    }
    words.push_str(part);
}

fn not_in(name: &str, code: &str, template: &ReplyTemplate) -> String {
    let has = template.languages().into_iter().collect::<Vec<_>>().join(", ");
    format!("{name} is not written in {code}; it is in {has}")
}

fn nearest(name: &str, policy: &Policy) -> String {
    let scored = policy.templates.keys().map(|known| (strsim::jaro_winkler(name, known), known));
    match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((score, known)) if score > 0.8 => format!("; did you mean {known}?"),
        Some(_) => "; #template alone lists them".to_owned(),
        None => "; the desk has none".to_owned(),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Words apart; what stands in quotation marks is one.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quoted, mut any) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' | '“' | '”' | '„' => (quoted, any) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if quoted {
        return Err("a quotation mark has no other".to_owned());
    }
    words.extend(any.then_some(word));
    Ok(words)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    // A condition may ask for what is not there; what is written must be there.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_recursion_limit(DEPTH);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("capitalize", minijinja::filters::capitalize);
    environment.add_filter("trim", minijinja::filters::trim);
    environment.add_filter("default", minijinja::filters::default);
    environment.add_test("defined", minijinja::tests::is_defined);
    let syntax = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment
}

/// What is wrong with a template, and on which of its lines, from 1; 0 where no line says.
struct Wrong {
    what: String,
    line: usize,
}

fn wrong(error: &minijinja::Error) -> Wrong {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "it goes on for too long".to_owned(),
        ErrorKind::UndefinedError => "a value that it needs is not there".to_owned(),
        _ => format!("{error:#}"),
    };
    Wrong { what: clean_line(&what, VALUE_MAX), line: error.line().unwrap_or(0) }
}

/// Writes no more than a mail of an agent's may be long.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > TEXT_MAX {
            return Err(std::io::Error::other("it becomes longer than a template may be"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn render(text: &TemplateText, values: Value) -> Result<String, Wrong> {
    let environment = environment();
    let template = environment.template_from_str(&text.text).map_err(|error| wrong(&error))?;
    let missing = named(&template.undeclared_variables(true)).find(|name| {
        let (table, key) = name.split_once('.').unwrap_or((name, ""));
        VALUES.contains(&name.as_str())
            && values.get_attr(table).and_then(|table| table.get_attr(key)).is_ok_and(|value| value.is_undefined())
    });
    let mut out = Bounded(Vec::new());
    let done = template.render_captured_to(values, &mut out);
    done.map_err(|error| match (error.kind(), missing) {
        (ErrorKind::UndefinedError, Some(name)) => {
            Wrong { what: format!("{name} is not known for this ticket"), line: error.line().unwrap_or(0) }
        }
        _ => wrong(&error),
    })?;
    Ok(String::from_utf8_lossy(&out.0).into_owned())
}

fn named(undeclared: &std::collections::HashSet<String>) -> impl Iterator<Item = String> + use<> {
    let mut names: Vec<String> = undeclared.iter().cloned().collect();
    names.sort();
    names.into_iter()
}

/// The places of a template that an agent fills in: names that are none of the desk's.
fn places(text: &TemplateText) -> BTreeSet<String> {
    let environment = environment();
    let Ok(template) = environment.template_from_str(&text.text) else { return BTreeSet::new() };
    let names = named(&template.undeclared_variables(true));
    names.filter(|name| !is_of_the_desk(name)).collect()
}

fn is_of_the_desk(name: &str) -> bool {
    let table = name.split('.').next().unwrap_or_default();
    VALUES.iter().any(|value| value.split('.').next() == Some(table))
}

fn values(call: &Call, about: &About, policy: &Policy) -> Value {
    let line = |text: &str| Some(clean_line(text, VALUE_MAX)).filter(|line| !line.is_empty()).map(Value::from);
    let ticket = about.ticket;
    let opened = ticket.created_at.to_zoned(policy.desk.timezone.clone()).date();
    let mailbox = policy.mailbox(&ticket.mailbox).or(policy.mailboxes.first());
    let known = |name: &str| match name {
        "ticket.number" => Some(Value::from(ticket.number)),
        "ticket.subject" => line(&subject::bare(&ticket.subject, &policy.desk.prefix)),
        "ticket.category" => ticket.category.as_deref().and_then(line),
        "ticket.priority" => line(ticket.priority.word()),
        "ticket.opened" => line(&opened.to_string()),
        "contact.name" => ticket.requester.name.as_deref().and_then(line),
        "contact.email" => line(&ticket.requester.email),
        "contact.organisation" => ticket.organisation.as_deref().and_then(line),
        "agent.name" => line(&about.agent.display),
        "desk.name" => line(&policy.desk.name),
        "desk.address" => mailbox.and_then(|m| line(m.address.as_str())),
        _ => None,
    };
    filled(known, &call.given)
}

/// Tables of the desk's values, and what the agent gave.
fn filled(known: impl Fn(&str) -> Option<Value>, given: &BTreeMap<String, String>) -> Value {
    let mut tables: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for name in VALUES {
        let (table, key) = name.split_once('.').unwrap_or((name, ""));
        let table = tables.entry(table.to_owned()).or_default();
        table.extend(known(name).map(|value| (key.to_owned(), value)));
    }
    let given = given.iter().map(|(key, value)| (key.clone(), Value::from(clean_line(value, VALUE_MAX))));
    let tables = tables.into_iter().map(|(table, values)| (table, Value::from(values)));
    Value::from(tables.chain(given).collect::<BTreeMap<String, Value>>())
}

/// A mistake in a template's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMistake {
    pub file: PathBuf,
    /// From 1; 0 where it is the whole file.
    pub line: usize,
    pub what: String,
}

/// Every mistake in the operator's templates: what cannot be read, values that the desk does not have, what fails when it is
/// filled in, with everything known and with as little as there may be.
pub fn check(policy: &Policy) -> Vec<TemplateMistake> {
    let texts = policy.templates.values().flat_map(|template| template.texts.values());
    texts.filter_map(|text| check_text(text).err().map(|wrong| mistake(text, wrong))).collect()
}

fn mistake(text: &TemplateText, wrong: Wrong) -> TemplateMistake {
    let line = if wrong.line == 0 { 0 } else { text.line + wrong.line - 1 };
    TemplateMistake { file: text.file.clone(), line, what: wrong.what }
}

fn check_text(text: &TemplateText) -> Result<(), Wrong> {
    let environment = environment();
    let template = environment.template_from_str(&text.text).map_err(|error| wrong(&error))?;
    for name in named(&template.undeclared_variables(true)) {
        let unknown = is_of_the_desk(&name) && !VALUES.contains(&name.as_str());
        if unknown || name.contains('.') && !is_of_the_desk(&name) {
            let line = text.text.lines().position(|line| line.contains(&name)).map_or(0, |at| at + 1);
            return Err(Wrong { what: format!("There is no value {name:?}; there is {}", VALUES.join(", ")), line });
        }
    }
    let given: BTreeMap<String, String> = places(text).into_iter().map(|place| (place, "x".to_owned())).collect();
    render(text, filled(|_| Some(Value::from("x")), &given)).map(drop)
}
