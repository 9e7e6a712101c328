//! The desk's own words, a file a language, and the operator's words over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::model::{Language, Policy, text::clean_line};

/// Placeholders that the operator's texts may use besides those that the built-in text of the same key uses.
const ALSO: &[(&str, &[&str])] =
    &[("acknowledgement", &["name", "token"]), ("acknowledgement-minimal", &["token"]), ("signature", &["number"])];

fn source(language: Language) -> &'static str {
    match language {
        Language::Sk => include_str!("texts/sk.toml"),
        Language::Cs => include_str!("texts/cs.toml"),
        Language::Sl => include_str!("texts/sl.toml"),
        Language::Hr => include_str!("texts/hr.toml"),
        Language::En => include_str!("texts/en.toml"),
        Language::De => include_str!("texts/de.toml"),
    }
}

/// The built-in texts, made ready once a process.
struct BuiltIn {
    /// Name `sk/signature` → template.
    templates: Environment<'static>,
    /// Those in which nothing is to be filled in, which are most: what they say.
    plain: BTreeMap<Language, HashMap<String, String>>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    let mut built_in = BuiltIn { templates: environment(), plain: BTreeMap::new() };
    for language in Language::ALL {
        let texts: BTreeMap<String, String> =
            toml::from_str(source(language)).expect("the built-in texts are TOML: a test holds it");
        for (key, text) in texts {
            let is_plain = !text.contains('{');
            let name = template_name(language, &key);
            let templates = &mut built_in.templates;
            templates
                .add_template_owned(name.clone(), text)
                .expect("the built-in texts are templates: a test holds it");
            if is_plain && let Ok(said) = templates.get_template(&name).and_then(|template| template.render(())) {
                built_in.plain.entry(language).or_default().insert(key, said);
            }
        }
    }
    built_in
});

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // A block on a line of its own leaves no empty line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are distinct"));
    environment
}

fn filled<'n>(values: impl Iterator<Item = (&'n str, Value)>) -> Value {
    Value::from(values.map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<String, Value>>())
}

fn template_name(language: Language, key: &str) -> String {
    format!("{}/{key}", language.code())
}

/// The texts of one language.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    language: Language,
    own: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Texts<'a> {
    pub fn new(policy: &'a Policy, language: Language) -> Self {
        Texts { language, own: policy.texts.get(&language) }
    }

    /// The text of a key. The operator's wins; one that fails (see [`check`]) gives way to the built-in one, because a
    /// mail with plainer words is better than none.
    pub fn say(&self, key: &str, values: &[(&'static str, Value)]) -> String {
        let own = self.own.and_then(|own| own.get(key));
        if let (None, Some(said)) = (own, self.plain(key)) {
            return said.clone();
        }
        let values = filled(values.iter().cloned());
        if let Some(Ok(text)) = own.map(|own| BUILT_IN.templates.render_named_str(key, own, &values)) {
            return text;
        }
        let rendered =
            BUILT_IN.templates.get_template(&template_name(self.language, key)).and_then(|t| t.render(&values));
        rendered.unwrap_or_else(|_| key.to_owned()) // cannot be, by the tests; and if it is, it shall be seen
    }

    fn plain(&self, key: &str) -> Option<&'static String> {
        BUILT_IN.plain.get(&self.language)?.get(key)
    }

    /// A word of the program in this language: the text `kind-word` where there is one, else the word as it is.
    pub fn word(&self, kind: &str, word: &str, values: &[(&'static str, Value)]) -> String {
        let key = format!("{kind}-{word}");
        let template = || BUILT_IN.templates.get_template(&template_name(self.language, &key));
        if word.contains('/') || self.plain(&key).is_none() && template().is_err() {
            return clean_line(word, 500);
        }
        self.say(&key, values)
    }
}

/// The keys of a language's built-in texts and the placeholders of each.
fn placeholders(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let prefix = template_name(language, "");
    let own = BUILT_IN.templates.templates().filter_map(|(name, template)| {
        let key = name.strip_prefix(&prefix)?;
        Some((key.to_owned(), template.undeclared_variables(false).into_iter().collect()))
    });
    own.collect()
}

/// Every mistake in the operator's own texts, a sentence each: unknown keys, templates that cannot be read, placeholders
/// that the desk does not fill.
pub fn check(texts: &BTreeMap<Language, BTreeMap<String, String>>) -> Vec<String> {
    let known = placeholders(Language::default());
    let mut mistakes = Vec::new();
    for (language, own) in texts {
        for (key, text) in own {
            let place = format!("Text {key:?} ({language})");
            let Some(allowed) = known.get(key) else {
                mistakes.push(format!("{place}: there is no such text{}", nearest(key, known.keys())));
                continue;
            };
            if let Err(why) = check_text(key, text, allowed) {
                mistakes.push(format!("{place}: {why}"));
            }
        }
    }
    mistakes
}

fn check_text(key: &str, text: &str, allowed: &BTreeSet<String>) -> Result<(), String> {
    let also = ALSO.iter().find(|(k, _)| *k == key).map_or(&[][..], |(_, names)| names);
    let names: BTreeSet<&str> = allowed.iter().map(String::as_str).chain(also.iter().copied()).collect();
    let template = BUILT_IN.templates.template_from_named_str(key, text).map_err(|e| match e.line() {
        Some(line) => format!("line {line} of it cannot be read as a template: {e:#}"),
        None => format!("it cannot be read as a template: {e:#}"),
    })?;
    let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    used.sort();
    for name in used {
        if !names.contains(name.as_str()) {
            let list = names.iter().copied().collect::<Vec<_>>().join(", ");
            let what = if list.is_empty() { "it has none".to_owned() } else { format!("it has {list}") };
            return Err(format!("there is no placeholder {name:?} for it; {what}"));
        }
    }
    // A trial, once with everything and once with nothing: unknown filters and wrong types show only when rendered.
    for full in [true, false] {
        let value = |name: &str| match (name, full) {
            ("asks" | "have", true) => Value::from(vec!["x"]),
            ("asks" | "have", false) => Value::from(Vec::<String>::new()),
            (_, true) => Value::from("x"),
            (_, false) => Value::from(""),
        };
        let values = filled(names.iter().map(|name| (*name, value(name))));
        template.render(&values).map_err(|e| format!("it cannot be filled in: {e:#}"))?;
    }
    Ok(())
}

fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> String {
    let best = known.map(|k| (strsim::jaro_winkler(key, k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, name)) if score > 0.8 => format!("; did you mean {name:?}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_same_texts_with_the_same_placeholders() {
        let english = placeholders(Language::En);
        assert!(english.len() > 40, "only {} texts", english.len());
        for language in Language::ALL {
            let own = placeholders(language);
            for (key, names) in &english {
                assert_eq!(own.get(key), Some(names), "{language}: {key}");
            }
            assert_eq!(own.len(), english.len(), "{language} has texts that English has not");
        }
    }

    #[test]
    fn the_built_in_texts_pass_their_own_check() {
        for language in Language::ALL {
            let own: BTreeMap<String, String> = toml::from_str(source(language)).expect("TOML");
            assert_eq!(check(&BTreeMap::from([(language, own)])), Vec::<String>::new());
        }
    }

    #[test]
    fn mistakes_in_own_texts_are_named() {
        let mistakes = |key: &str, text: &str| {
            check(&BTreeMap::from([(Language::Sk, BTreeMap::from([(key.to_owned(), text.to_owned())]))])).join("\n")
        };
        assert!(mistakes("acknowledgment", "x").contains("did you mean \"acknowledgement\""));
        assert!(mistakes("signature", "{{ agnet }}").contains("no placeholder \"agnet\" for it; it has agent"));
        assert!(mistakes("signature", "{{ agent").contains("line 1"));
        assert!(mistakes("signature", "{{ agent|shout }}").contains("shout"));
        assert!(mistakes("acknowledgement-minimal", "{{ subject }}").contains("no placeholder \"subject\""));
        assert_eq!(mistakes("signature", "{{ agent }}, {{ desk }}"), "");
    }
}
