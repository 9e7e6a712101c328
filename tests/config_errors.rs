//! Every mistake in a configuration is found, at once, with its place, and says nothing secret.

use std::path::Path;

use postdesk::config::{CheckFiles, Config, Mistake, parse};

/// A desk in which nothing is wrong.
const GOOD: &str = r#"
[desk]
name = "ACME podpora"
prefix = "ACME"
domain = "desk.acme.example"
language = "sk"
timezone = "Europe/Bratislava"
owner = "technical"

[[mailbox]]
name = "support"
address = "podpora@acme.example"
believe = ["mx.acme.example"]
[mailbox.imap]
host = "imap.acme.example"
user = "podpora"
password_file = "imap"

[outgoing.smtp]
host = "smtp.acme.example"

[[agent]]
name = "jana"
addresses = ["jana@acme.example"]

[[agent]]
name = "peter"
addresses = ["peter@acme.example"]

[[group]]
name = "technical"
members = ["jana", "peter"]

[[category]]
name = "billing"
words = ["faktúra"]
"#;

fn read(text: &str) -> Result<Config, Vec<Mistake>> {
    parse(Path::new("config.toml"), text, CheckFiles::None)
}

/// The mistakes of the good desk with one text put in place of another.
fn mistakes(from: &str, to: &str) -> Vec<Mistake> {
    assert_eq!(GOOD.matches(from).count(), 1, "{from} stands there once");
    read(&GOOD.replace(from, to)).err().unwrap_or_default()
}

#[test]
fn the_good_desk_is_good() {
    let config = read(GOOD).expect("no mistake");
    assert_eq!(config.policy.desk.owner.name(), "technical");
    assert_eq!(config.policy.categories[0].words, ["faktura"]);
    assert!(config.hints.is_empty(), "{:?}", config.hints);
}

#[test]
fn unknown_keys_are_all_found_each_with_the_key_that_was_meant() {
    let found = mistakes("prefix = \"ACME\"", "prefx = \"ACME\"\ntimezon = 3\nlanguages = \"sk\"");
    let hints: Vec<_> = found.iter().map(|m| (m.line, m.column, m.key.as_str(), m.hint.as_deref())).collect();
    assert_eq!(
        hints,
        [
            (4, 1, "desk.prefx", Some("Did you mean `prefix`?")),
            (5, 1, "desk.timezon", Some("Did you mean `timezone`?")),
            (6, 1, "desk.languages", Some("Did you mean `language`?")),
        ]
    );
}

/// Checks that putting `to` in place of `from` in the good desk makes exactly one mistake, at this key, saying this.
fn one(from: &str, to: &str, key: &str, said: &str) {
    let found = mistakes(from, to);
    let [mistake] = found.as_slice() else { panic!("{to}: {} mistakes: {found:#?}", found.len()) };
    assert_eq!(mistake.key, key, "{to}");
    assert!(mistake.to_string().contains(said), "{to}: {mistake}");
    assert!(mistake.line > 0 && mistake.column > 0, "{to}: {mistake}");
    assert!(mistake.hint.is_some() || mistake.message.starts_with("Expected "), "{to} has no hint: {mistake}");
}

const BILLING: &str = "words = [\"faktúra\"]";
const MEMBERS: &str = "members = [\"jana\", \"peter\"]";
const JANA: &str = "addresses = [\"jana@acme.example\"]";
const PETER: &str = "addresses = [\"peter@acme.example\"]";
const IMAP_HOST: &str = "host = \"imap.acme.example\"";
const SMTP_HOST: &str = "host = \"smtp.acme.example\"";
const PASSWORD: &str = "password_file = \"imap\"";

#[test]
fn each_mistake_in_the_desk_is_named() {
    for prefix in ["", "ACME-1", "ACMEACMEACME1", "Á"] {
        one("prefix = \"ACME\"", &format!("prefix = \"{prefix}\""), "desk.prefix", "1 to 12 letters");
    }
    one("domain = \"desk.acme.example\"", "domain = \"desk\"", "desk.domain", "no domain name");
    one("language = \"sk\"", "language = \"slovak\"", "desk.language", "One of: sk, cs, sl, hr, en, de");
    one("Europe/Bratislava", "Europe/Bratislva", "desk.timezone", "Did you mean \"Europe/Bratislava\"");
    one("owner = \"technical\"", "owner = \"tecnical\"", "desk.owner", "Did you mean `technical`?");
    one("owner = \"technical\"", "owner = \"technical\"\noperator = \"root\"", "desk.operator", "no address");
    let to_itself = "owner = \"technical\"\noperator = \"podpora@acme.example\"";
    one("owner = \"technical\"", to_itself, "desk.operator", "address of a mailbox");
    one("name = \"ACME podpora\"", "name = \" \"", "desk.name", "empty");
    one("[desk]", "[dns]\nservers = [\"dns.acme.example\"]\n[desk]", "dns.servers", "no address of a resolver");
    one("[desk]", "[dns]\nservers = [\"127.0.0.1\"]\noff = true\n[desk]", "dns.servers", "Remove one");
    one("[desk]", "[log]\nlevel = \"loud\"\n[desk]", "log.level", "One of: error, warn, info, debug, trace");
    let found = mistakes("[desk]", "[limits]\nmax_mail_bytes = 1\npoll_seconds = 0\n[desk]");
    let keys: Vec<_> = found.iter().map(|m| m.key.as_str()).collect();
    assert_eq!(keys, ["limits.max_mail_bytes", "limits.poll_seconds"]);
}

#[test]
fn each_mistake_about_people_is_named() {
    one(JANA, "", "agent.addresses", "`addresses` is missing");
    one(JANA, "addresses = []", "agent.addresses", "no address");
    one(JANA, "addresses = [\"Jana <jana@acme.example>\"]", "agent.addresses", "An address alone");
    one(JANA, "addresses = [\"PETER@acme.example\"]", "agent.addresses", "stands here already");
    one(JANA, "addresses = [\"podpora@acme.example\"]", "agent.addresses", "address of a mailbox");
    let jana_group = format!("{MEMBERS}\n[[group]]\nname = \"Jana\"\nmembers = [\"jana\"]");
    one(MEMBERS, &jana_group, "group.name", "taken already");
    let operator = format!("{MEMBERS}\n[[group]]\nname = \"Operator\"\nmembers = [\"jana\"]");
    one(MEMBERS, &operator, "group.name", "a word of the desk's own");
    one(MEMBERS, "", "group.members", "missing");
    one(MEMBERS, "members = []", "group.members", "no members");
    one(MEMBERS, "members = [\"jana\", \"petr\"]", "group.members", "Did you mean `peter`?");
    one(MEMBERS, "members = [\"technical\"]", "group.members", "There is: jana, peter");
    one(MEMBERS, &format!("{MEMBERS}\nassign = \"random\""), "group.assign", "least-open, round-robin, nobody");
    one(JANA, &format!("{JANA}\naway = [{{ from = 2026-02-30, until = 2026-03-01 }}]"), "", "not TOML");
    one(JANA, &format!("{JANA}\naway = [{{ from = \"soon\", until = 2026-03-01 }}]"), "agent.away.from", "no day");
    one(JANA, &format!("{JANA}\naway = [{{ until = 2026-03-01 }}]"), "agent.away.from", "missing");
    one(
        JANA,
        &format!("{JANA}\naway = [{{ from = 2026-03-02, until = 2026-03-01 }}]"),
        "agent.away",
        "before the first",
    );
    let away = format!("{JANA}\naway = [{{ from = 2026-03-02, until = 2026-03-04, substitute = \"petr\" }}]");
    one(JANA, &away, "agent.away.substitute", "Did you mean `peter`?");
    one(JANA, &format!("{JANA}\nlanguage = \"xx\""), "agent.language", "One of");
    let jana = "name = \"jana\"";
    let found = mistakes(jana, "name = \"jana nováková\"");
    assert!(found.iter().any(|m| m.key == "agent.name" && m.to_string().contains("One word")), "{found:#?}");
}

#[test]
fn a_desk_of_disabled_agents_is_no_desk() {
    let off = |text: String, addresses: &str| text.replace(addresses, &format!("{addresses}\ndisabled = true"));
    let text = off(off(GOOD.replace("owner = \"technical\"\n", ""), JANA), PETER);
    let found = read(&text).expect_err("nobody is there");
    assert_eq!(found.iter().map(|m| m.key.as_str()).collect::<Vec<_>>(), ["agent.disabled"], "{found:#?}");
    one(JANA, &format!("{JANA}\ndisabled = true\n[[agent]]\nname = \"x\""), "agent.addresses", "missing");
}

/// The keys of the mistakes of the good desk with one text put in place of another.
fn keys(from: &str, to: &str) -> Vec<String> {
    mistakes(from, to).into_iter().map(|m| m.key).collect()
}

#[test]
fn a_mistake_hides_no_other() {
    let second =
        "[[agent]]\nname = \"Jana\"\naddresses = [\"x\"]\nlanguage = \"xx\"\ndigest = \"late\"\npager = \"y\"\n";
    let found = keys("[[group]]", &format!("{second}[[group]]"));
    assert_eq!(found, ["agent.name", "agent.addresses", "agent.language", "agent.digest", "agent.pager"]);
    let nameless =
        "[[agent]]\naddresses = [\"peter@acme.example\"]\naway = [{ from = \"soon\", until = 2026-03-01 }]\n";
    let found = keys("[[group]]", &format!("{nameless}[[group]]"));
    assert_eq!(found, ["agent.name", "agent.addresses", "agent.away.from"]);

    let both = "[mailbox.maildir]\npath = \"\"\n[outgoing.maildir]\npath = \"\"\n[outgoing.smtp]\nconnections = 99";
    let found = keys("[outgoing.smtp]\nhost = \"smtp.acme.example\"", both);
    let sources = ["mailbox.maildir", "mailbox.maildir.path"];
    let ways = ["outgoing.maildir", "outgoing.maildir.path", "outgoing.smtp.host", "outgoing.smtp.connections"];
    assert_eq!(found, [&sources[..], &ways].concat());
    let imap = "host = \"imap.acme.example\"\n";
    let found = keys(imap, "folder = \"A\"\narchive = \"A\"\nport = 0\n[mailbox.maildir]\npath = \"m\"\n[x]\n");
    assert!(found.contains(&"mailbox.imap.archive".into()) && found.contains(&"mailbox.imap.host".into()), "{found:?}");

    let twice = "[[mailbox]]\nname = \"support\"\naddress = \"podpora@acme.example\"\nbelieve = [\"x\"]\n[mailbox.maildir]\npath = \"m\"\n";
    let found = keys("[outgoing.smtp]", &format!("{twice}[outgoing.smtp]"));
    assert_eq!(found, ["mailbox.name", "mailbox.address"]);
}

#[test]
fn what_would_end_a_line_early_is_named() {
    for sign in ["\\u0000", "\\r\\n", "\\n", "\\u007f"] {
        for (from, key) in [(IMAP_HOST, "folder"), (IMAP_HOST, "archive")] {
            one(from, &format!("{from}\n{key} = \"A{sign}B\""), &format!("mailbox.imap.{key}"), "control character");
        }
        one("user = \"podpora\"", &format!("user = \"a{sign}b\""), "mailbox.imap.user", "control character");
        let login = format!("{SMTP_HOST}\nuser = \"a{sign}b\"\npassword_file = \"x\"");
        one(SMTP_HOST, &login, "outgoing.smtp.user", "control character");
        let maildir = format!("[outgoing.maildir]\npath = \"a{sign}b\"");
        one("[outgoing.smtp]\nhost = \"smtp.acme.example\"", &maildir, "outgoing.maildir.path", "control character");
    }
}

#[test]
fn one_mistake_makes_no_others() {
    let named = format!("{BILLING}\nmatch = {{ mailbox = \"support\" }}");
    for (from, to) in [
        ("user = \"podpora\"", ""),
        ("address = \"podpora@acme.example\"", "address = \"podpora\""),
        ("address = \"podpora@acme.example\"", "address = 3"),
        (IMAP_HOST, "host = 3"),
    ] {
        let found = read(&GOOD.replace(from, to).replace(BILLING, &named)).expect_err("a mistake");
        assert_eq!(found.len(), 1, "{to}: {found:#?}");
    }
}

/// Jana and Peter away, each the other's substitute, from the days given.
fn both_away(jana: &str, peter: &str) -> Vec<String> {
    let away = |from: &str, to: &str| format!("away = [{{ from = {from}, until = {from}, substitute = \"{to}\" }}]");
    let text = GOOD
        .replace(JANA, &format!("{JANA}\n{}", away(jana, "Peter")))
        .replace(PETER, &format!("{PETER}\n{}", away(peter, "jana")));
    circles(&text)
}

/// What is said about circles in a configuration that is valid all the same: two who stand in for each other both have
/// holidays, and the desk must start on those days too.
fn circles(text: &str) -> Vec<String> {
    let config = read(text).expect("a circle is no mistake");
    config.hints.iter().map(|h| h.message.clone()).filter(|m| m.contains("circle")).collect()
}

#[test]
fn substitutes_who_are_away_on_the_same_day_form_a_circle() {
    let found = both_away("2026-08-03", "2026-08-03");
    assert_eq!(found, ["On 2026-08-03 the substitutes form a circle: jana → Peter → jana"]);
    assert!(both_away("2026-08-03", "2026-08-04").is_empty(), "one after the other is none");
    let own = format!("{JANA}\naway = [{{ from = 2026-03-02, until = 2026-03-04, substitute = \"jana\" }}]");
    one(JANA, &own, "agent.away.substitute", "circle: jana → jana");
}

#[test]
fn a_circle_of_three_is_found_once_and_a_chain_is_none() {
    let agents = |last: &str| {
        let agent = |name: &str, to: &str| {
            let away = format!("away = [{{ from = 2026-08-01, until = 2026-08-09, substitute = \"{to}\" }}]");
            format!("[[agent]]\nname = \"{name}\"\naddresses = [\"{name}@acme.example\"]\n{away}\n")
        };
        format!("{}{}{}[[agent]]\nname = \"jana\"", agent("a", "b"), agent("b", "c"), agent("c", last))
    };
    let in_good = |last: &str| circles(&GOOD.replacen("[[agent]]\nname = \"jana\"", &agents(last), 1));
    assert_eq!(in_good("a"), ["On 2026-08-01 the substitutes form a circle: a → b → c → a"]);
    assert!(in_good("jana").is_empty());
}

#[test]
fn each_mistake_in_a_category_is_named() {
    one(BILLING, "match = { subject = 'a(b' }", "category.match.subject", "unclosed group");
    one(BILLING, "match = { text = '(?=a)' }", "category.match.text", "look-around");
    one(BILLING, "match = { text = 'a*' }", "category.match.text", "empty text");
    one(BILLING, "match = { text = '((a{1000}){1000}){1000}' }", "category.match.text", "cannot be used");
    one(BILLING, "match = { mailbox = \"suport\" }", "category.match.mailbox", "Did you mean `support`?");
    one(BILLING, "match = { attachment = \"png\" }", "category.match.attachment", "image/*");
    one(BILLING, "words = [\"\"]\nmatch = { from = 'x' }", "category.words", "empty");
    one(BILLING, &format!("{BILLING}\npriority = \"hihg\""), "category.priority", "low, normal, high, urgent");
    one(BILLING, &format!("{BILLING}\nowner = \"nobody\""), "category.owner", "not an agent or a group");
    one(BILLING, &format!("{BILLING}\n[[category]]\nname = \"Billing\"\nwords = [\"x\"]"), "category.name", "two");
    let ask = |ask: &str| format!("{BILLING}\n[[category.ask]]\n{ask}");
    one(BILLING, &ask("present = { attachment = \"image/*\" }"), "category.ask.about", "missing");
    one(BILLING, &ask("about = { sk = \"x\" }"), "category.ask.present", "missing");
    one(BILLING, &ask("about = { xx = \"x\" }\npresent = { text = 'x' }"), "category.ask.about", "One of: sk");
    one(BILLING, &ask("about = { sk = \"x\" }\npresent = {}"), "category.ask.present", "what to look for");
    let both = "about = { sk = \"x\" }\npresent = { text = 'x', attachment = \"*/*\" }";
    one(BILLING, &ask(both), "category.ask.present", "more than one");
}

#[test]
fn each_mistake_in_a_mailbox_is_named() {
    let address = "address = \"podpora@acme.example\"";
    one(address, "", "mailbox.address", "missing");
    one(address, "address = \"podpora\"", "mailbox.address", "no address");
    let start = |start: &str| format!("{address}\nstart = {start}");
    for bad in ["\"now\"", "true", "2026-01-01T10:00:00Z"] {
        one(address, &start(bad), "mailbox.start", "2026-01-01");
    }
    one("believe = [\"mx.acme.example\"]", "believe = [\"mx acme\"]", "mailbox.believe", "authserv-id");
    one(IMAP_HOST, "", "mailbox.imap.host", "missing");
    one(IMAP_HOST, "host = \"imaps://imap.acme.example\"", "mailbox.imap.host", "no name of a server");
    one(IMAP_HOST, &format!("{IMAP_HOST}\nport = 70000"), "mailbox.imap.port", "from 0 to 65535");
    one(IMAP_HOST, &format!("{IMAP_HOST}\nport = 0"), "mailbox.imap.port", "no port 0");
    one(IMAP_HOST, &format!("{IMAP_HOST}\narchive = \"INBOX\""), "mailbox.imap.archive", "where it is");
    one("user = \"podpora\"", "", "mailbox.imap.user", "missing");
    one(PASSWORD, "", "mailbox.imap.password_file", "missing");
    one(PASSWORD, &format!("{PASSWORD}\npassword_env = \"X\""), "mailbox.imap.password_env", "Keep one");
    one(PASSWORD, "password_command = []", "mailbox.imap.password_command", "no command");
    one("[outgoing.smtp]", "[mailbox.maildir]\npath = \"x\"\n[outgoing.smtp]", "mailbox.maildir", "both");
    let second = |address: &str, rest: &str| {
        format!("[[mailbox]]\nname = \"two\"\n{address}\nbelieve = [\"x.y\"]\n{rest}\n[outgoing.smtp]")
    };
    let maildir = "[mailbox.maildir]\npath = \"m\"";
    one("[outgoing.smtp]", &second(address, maildir), "mailbox.address", "stands here already");
    let other = "address = \"sales@acme.example\"\naliases = [\"Podpora@acme.example\"]";
    one("[outgoing.smtp]", &second(other, maildir), "mailbox.aliases", "stands here already");
    one("[outgoing.smtp]", &second("address = \"x@acme.example\"", ""), "mailbox", "where its mail comes from");
    let same = "[mailbox.imap]\nhost = \"IMAP.acme.example\"\nuser = \"podpora\"\npassword_env = \"X\"";
    one("[outgoing.smtp]", &second("address = \"x@acme.example\"", same), "mailbox.imap", "Two mailboxes read this");
}

#[test]
fn unencrypted_connections_beyond_this_machine_must_be_said_twice() {
    for host in ["imap.acme.example", "192.0.2.1", "127.0.0.1.acme.example"] {
        let to = format!("host = \"{host}\"\ntls = \"none\"");
        one(IMAP_HOST, &to, "mailbox.imap.tls", "allow_plaintext = true");
        assert!(mistakes(IMAP_HOST, &format!("{to}\nallow_plaintext = true")).is_empty());
    }
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
        assert!(mistakes(IMAP_HOST, &format!("host = \"{host}\"\ntls = \"none\"")).is_empty(), "{host}");
    }
    one(SMTP_HOST, &format!("{SMTP_HOST}\ntls = \"none\""), "outgoing.smtp.tls", "could be read on the way");
}

#[test]
fn each_mistake_about_outgoing_mail_is_named() {
    one(SMTP_HOST, "", "outgoing.smtp.host", "missing");
    one(SMTP_HOST, &format!("{SMTP_HOST}\nuser = \"x\""), "outgoing.smtp.user", "without a password");
    one(SMTP_HOST, &format!("{SMTP_HOST}\npassword_env = \"X\""), "outgoing.smtp.user", "missing");
    one(SMTP_HOST, &format!("{SMTP_HOST}\nhello = \"x_y\""), "outgoing.smtp.hello", "no domain name");
    one(SMTP_HOST, &format!("{SMTP_HOST}\nconnections = 0"), "outgoing.smtp.connections", "1 to 16");
    let smtp = "[outgoing.smtp]\nhost = \"smtp.acme.example\"";
    one(smtp, "", "outgoing", "how mail leaves");
    one(smtp, &format!("{smtp}\n[outgoing.maildir]\npath = \"x\""), "outgoing.maildir", "both");
    let observing = GOOD.replace(smtp, "").replace("believe =", "observe = true\nbelieve =");
    assert!(read(&observing).is_ok(), "a desk that only observes needs no way out");
    let imap = "[mailbox.imap]\nhost = \"imap.acme.example\"\nuser = \"podpora\"\npassword_file = \"imap\"";
    let text = GOOD.replace(imap, "[mailbox.maildir]\npath = \"m\"").replace(smtp, "[outgoing.maildir]\npath = \"m\"");
    let found = read(&text).expect_err("a loop");
    assert!(found[0].message.contains("come back"), "{found:?}");
}

#[test]
fn mistakes_of_all_kinds_come_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("prefix = \"ACME\"", "prefix = \"AC ME\"")
        .replace("address = \"podpora@acme.example\"", "address = 3")
        .replace("user = \"podpora\"", "usr = \"podpora\"")
        .replace(SMTP_HOST, "host = \"smtp.acme.example\"\ntls = \"maybe\"")
        .replace(MEMBERS, "members = [\"jana\", 7, \"petr\"]")
        .replace(BILLING, "word = [\"x\"]\nmatch = { subjct = 'x', from = '(' }\nrestricted = \"yes\"");
    let found = read(&text).expect_err("mistakes");
    let keys: Vec<_> = found.iter().map(|m| m.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "desk.prefix",
            "mailbox.address",
            "mailbox.imap.user",
            "mailbox.imap.usr",
            "outgoing.smtp.tls",
            "group.members",
            "group.members",
            "category.word",
            "category.match.subjct",
            "category.match.from",
            "category.restricted",
        ]
    );
    assert!(found.is_sorted_by_key(|m| (m.line, m.column)));
}

#[test]
fn an_empty_file_says_what_is_needed() {
    let found = read("").expect_err("nothing is there");
    let keys: Vec<_> = found.iter().map(|m| m.key.as_str()).collect();
    assert_eq!(keys, ["agent", "mailbox", "outgoing"]);
}

#[test]
fn the_smallest_desk_needs_a_mailbox_an_agent_and_a_way_out() {
    let text = "mailbox = [{ address = \"help@acme.example\", maildir = { path = \"in\" } }]\n\
                outgoing.maildir.path = \"out\"\n\
                agent = [{ name = \"jana\", addresses = [\"jana@acme.example\"] }]";
    let config = read(text).expect("defaults for all the rest");
    let desk = &config.policy.desk;
    assert_eq!(
        (desk.name.as_str(), desk.prefix.as_str(), desk.domain.as_str(), desk.owner.name()),
        ("help@acme.example", "DESK", "acme.example", "jana")
    );
    assert_eq!(config.policy.mailboxes[0].name, "help");
}

#[test]
fn several_slips_of_syntax_are_each_shown_with_their_line() {
    let found = read("name = foo\n[desk]\nprefix = ACME\n").expect_err("no TOML");
    assert_eq!(found.iter().map(|m| m.line).collect::<Vec<_>>(), [1, 3], "{found:#?}");
    assert!(found.iter().all(|m| m.message.starts_with("This is not TOML")));
}

#[test]
fn a_mistake_is_printed_with_its_line_and_a_caret() {
    let found = mistakes("prefix = \"ACME\"", "prefx  = \"ACME\"");
    let expected = "error: Unknown key `prefx`\n --> config.toml:4:1\n  |\n4 | prefx  = …\n  | ^^^^^\n  = key: desk.prefx\n  \
                    = help: Did you mean `prefix`?\n";
    assert_eq!(found[0].to_string(), expected);
}

#[test]
fn a_password_in_the_wrong_place_is_never_repeated() {
    for wrong in [
        "password = \"hunter2\"",
        "password = hunter2",
        "pasword_file = \"hunter2\"",
        "password_file = [\"hunter2\"]",
        "password_file = \"hunter2",
        "password_file = \"\"\"\nhunter2\\q\"\"\"",
        "password_file = { file = \"hunter2\" }",
        "password_command = \"hunter2\"",
        "password_command = [\"pass\", [\"hunter2\"]]",
        "password_command = [\n\"pass\",\n[\"hunter2\"]\n]",
        "password_file hunter2",
        "hunter2",
        "secret = { name = \"hunter2\", user = 3 }",
        "password_env = true\npassword_file = \"hunter2\"",
    ] {
        let found = mistakes(PASSWORD, wrong);
        assert!(!found.is_empty(), "{wrong}");
        let said: String = found.iter().map(ToString::to_string).collect();
        assert!(!said.contains("hunter2"), "{wrong}: {said}");
        assert!(!format!("{found:?}").contains("hunter2"), "{wrong}");
    }
}

#[test]
fn a_config_does_not_show_its_secrets_in_debug_output() {
    let config = read(&GOOD.replace(PASSWORD, "password_env = \"hunter2\"")).expect("valid");
    assert!(!format!("{config:?}").contains("hunter2"));
}
