//! Reply templates: what `check` finds in the operator's files, by file and line, and that no template runs away.

use std::path::Path;

use postdesk::config::{CheckFiles, Mistake, parse};
use postdesk::decide::{TEMPLATE_VALUES, check_templates};
use postdesk::model::Policy;

const CONFIG: &str = r#"
[[mailbox]]
address = "podpora@acme.example"
[mailbox.maildir]
path = "in"
[outgoing.maildir]
path = "out"
[[agent]]
name = "jana"
addresses = ["jana@acme.example"]
[templates]
folder = "templates"
"#;

fn read(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Policy, Vec<Mistake>>) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("templates")).expect("is made");
    std::fs::create_dir_all(folder.path().join("in/new")).expect("is made");
    for (name, text) in files {
        std::fs::write(folder.path().join("templates").join(name), text).expect("is written");
    }
    let policy = parse(&folder.path().join("config.toml"), CONFIG, CheckFiles::ButPasswords).map(|c| c.policy);
    (folder, policy)
}

/// File, line and words of every mistake in one template.
fn mistakes(text: &str) -> Vec<(String, usize, String)> {
    let (_folder, policy) = read(&[("x.sk.md", text)]);
    let found = check_templates(&policy.expect("is read")).into_iter();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    found.map(|m| (name(&m.file), m.line, m.what)).collect()
}

#[test]
fn a_sound_template_has_no_mistakes() {
    let every: String = TEMPLATE_VALUES.iter().map(|value| format!("{{{{ {value} }}}}\n")).collect();
    assert_eq!(mistakes(&format!("---\nabout: all of it\n---\n{every}{{{{ own|upper }}}}")), []);
    assert_eq!(mistakes("{% if contact.name %}{{ contact.name }}{% else %}-{% endif %}"), []);
    assert_eq!(mistakes(""), []);
}

#[test]
fn every_mistake_is_named_by_file_and_line() {
    for (text, line, words) in [
        ("a\n{{ contact.nmae }}\n", 2, "There is no value \"contact.nmae\"; there is ticket.number"),
        ("---\nabout: x\n---\na\nb\n{% if ticket.sla %}x{% endif %}\n", 6, "There is no value \"ticket.sla\""),
        ("a\n\n{{ contact.name", 3, "syntax error"),
        ("{% for x in y %}", 1, "syntax error"),
        ("a\n{{ contact.name|shout }}\n", 2, "shout"),
        ("{% include \"/etc/passwd\" %}", 1, ""),
        ("{{ own.deeper }}", 1, "There is no value \"own.deeper\""),
    ] {
        let found = mistakes(text);
        let [(file, at, what)] = found.as_slice() else { panic!("{text:?}: {found:?}") };
        assert_eq!((file.as_str(), *at), ("x.sk.md", line), "{text:?}: {what}");
        assert!(what.contains(words), "{text:?}: {what}");
    }
}

#[test]
fn a_template_that_would_not_end_is_a_mistake() {
    for text in [
        "{% macro a(n) %}{{ a(n) }}{{ a(n) }}{% endmacro %}{{ a(1) }}",
        "{% macro a(n) %}{% for c in n %}{{ a(n) }}{% endfor %}{% endmacro %}{{ a(\"aaaaaaaa\") }}",
        "{% set x = \"aaaaaaaaaaaaaaaa\" %}{% for a in x %}{% for b in x %}{% for c in x %}{% for d in x %}{% for e in x %}\
         x{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    ] {
        let started = std::time::Instant::now();
        assert_eq!(mistakes(text).len(), 1, "{text:?}");
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{text:?} took {:?}", started.elapsed());
    }
}

#[test]
fn what_is_wrong_with_the_files_themselves_is_named_too() {
    let (_folder, policy) = read(&[
        ("Vpn Reset.md", "x"),
        ("vpn.xx.md", "x"),
        ("head.md", "---\nabout: x\nx"),
        ("key.md", "---\nabout: x\ntitle: y\n---\nx"),
        ("large.md", &"x".repeat(70_000)),
        ("fine.md", "x"),
        ("notes.txt", "{{"),
    ]);
    let said: Vec<(String, usize)> = policy
        .expect_err("has mistakes")
        .into_iter()
        .map(|m| (m.file.file_name().unwrap_or_default().to_string_lossy().into_owned(), m.line))
        .collect();
    let mut said = said;
    said.sort();
    let expected = [("Vpn Reset.md", 0), ("head.md", 1), ("key.md", 3), ("large.md", 0), ("vpn.xx.md", 0)];
    assert_eq!(said, expected.map(|(name, line)| (name.to_owned(), line)));
}
