//! The text that `init` writes: what was said, and a word about each thing that may be wanted next.

use jiff::tz::TimeZone;

use super::Args;

/// The configuration. An error says which flag cannot be used.
pub fn config(args: &Args) -> Result<String, String> {
    let address = args.address.as_deref().unwrap_or_default();
    let mut agents = Vec::new();
    for agent in &args.agents {
        let (name, address) = agent
            .split_once('=')
            .ok_or_else(|| format!("--agent {agent}: not NAME=ADDRESS, such as jana=jana@acme.example"))?;
        agents.push((name.trim(), address.trim()));
    }
    let mut out = Text(String::new());
    out.line("# The configuration of postdesk. `postdesk check` finds every mistake in it;");
    out.line("# `postdesk init --example` shows every setting there is.");
    desk(&mut out, args, address, agents.first().map_or("", |(name, _)| name));
    mailbox(&mut out, args, address);
    outgoing(&mut out, args);
    out.line("\n# Who answers customers. `name` is what commands call them; notifications go to the first address.");
    for (name, address) in agents {
        out.line("\n[[agent]]");
        out.value("name", name);
        out.line(&format!("addresses = [{}]", quoted(address)));
    }
    out.line("\n# Groups of agents, categories with their owners, words and questions, budgets, texts of your own:");
    out.line("# see `postdesk init --example`.");
    Ok(out.0)
}

fn desk(out: &mut Text, args: &Args, address: &str, owner: &str) {
    let domain = args.domain.as_deref().unwrap_or_else(|| domain_of(address));
    out.line("\n[desk]");
    out.line("# What customers see as the sender.");
    out.value("name", args.name.as_deref().unwrap_or(address));
    out.line("# First part of the token in subjects, [PREFIX-1042-k7q2m9xf]. Changing it later orphans old tokens.");
    out.value("prefix", &args.prefix.clone().unwrap_or_else(|| prefix_of(domain)));
    out.line("# Right-hand side of the Message-IDs that the desk makes.");
    out.value("domain", domain);
    out.line("# Where nothing better is known: sk, cs, sl, hr, en or de.");
    out.value("language", args.language.as_deref().unwrap_or("en"));
    let zone = args.timezone.clone().or_else(|| TimeZone::try_system().ok()?.iana_name().map(str::to_owned));
    out.value("timezone", zone.as_deref().unwrap_or("UTC"));
    out.line("# Folder of the database and of the key that proves the desk's tokens. Back it up.");
    out.value("state", args.state.as_deref().unwrap_or("/var/lib/postdesk"));
    out.line("# Agent or group that gets what no rule gave to anybody.");
    out.value("owner", owner);
    out.line("# To whom the desk reports trouble by mail.");
    match &args.operator {
        Some(operator) => out.value("operator", operator),
        None => out.line("#operator = \"postmaster@acme.example\""),
    }
}

fn mailbox(out: &mut Text, args: &Args, address: &str) {
    let name = args.mailbox.as_deref().unwrap_or_else(|| address.split_once('@').map_or(address, |(local, _)| local));
    out.line("\n[[mailbox]]");
    out.value("name", name);
    out.value("address", address);
    out.line("# Which mail counts at the first contact: \"new\" (only what arrives from now on), \"all\", or a day.");
    out.value("start", args.start.as_deref().unwrap_or("new"));
    out.line("# true: tickets are made and shown, nothing is sent.");
    out.line(&format!("observe = {}", args.observe));
    out.line("# Whose Authentication-Results are believed: the name that your own mail server writes first into that");
    out.line("# header. With none, only the desk's own check of DKIM proves a sender.");
    let ids: Vec<String> = args.believe.iter().map(|id| quoted(id)).collect();
    out.line(&format!("believe = [{}]", ids.join(", ")));
    let Some(host) = &args.imap_host else {
        out.line("\n[mailbox.maildir]");
        out.value("path", args.maildir.as_deref().unwrap_or_default());
        return archive(out, args);
    };
    out.line("\n[mailbox.imap]");
    server(out, host, args.imap_port, args.imap_tls.as_deref());
    out.value("user", args.imap_user.as_deref().unwrap_or(address));
    out.line("# A name without \"/\" is a systemd credential, else a file beside this one (chmod 600).");
    out.value("password_file", args.imap_password_file.as_deref().unwrap_or("imap"));
    archive(out, args);
}

fn archive(out: &mut Text, args: &Args) {
    out.line("# Where mail is moved once it is taken in; absent: it stays where it is.");
    match &args.archive {
        Some(archive) => out.value("archive", archive),
        None => out.line("#archive = \"Processed\""),
    }
}

fn outgoing(out: &mut Text, args: &Args) {
    if let Some(path) = &args.outgoing_maildir {
        out.line("\n# Mail is written into this Maildir and goes nowhere.\n[outgoing.maildir]");
        return out.value("path", path);
    }
    let Some(host) = &args.smtp_host else {
        out.line("\n# Not needed while every mailbox only observes.");
        return out.line("#[outgoing.smtp]\n#host = \"smtp.acme.example\"");
    };
    out.line("\n[outgoing.smtp]");
    server(out, host, args.smtp_port, args.smtp_tls.as_deref());
    if let Some(user) = &args.smtp_user {
        out.value("user", user);
        out.value("password_file", args.smtp_password_file.as_deref().unwrap_or("smtp"));
    }
}

fn server(out: &mut Text, host: &str, port: Option<u16>, tls: Option<&str>) {
    out.value("host", host);
    if let Some(port) = port {
        out.line(&format!("port = {port}"));
    }
    if let Some(tls) = tls {
        out.value("tls", tls);
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// `desk.acme.example` → `ACME`: the last label but one.
fn prefix_of(domain: &str) -> String {
    let label = domain.rsplit('.').nth(1).unwrap_or_default();
    let prefix: String = label.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    if prefix.is_empty() { "DESK".to_owned() } else { prefix.to_ascii_uppercase() }
}

struct Text(String);

impl Text {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn value(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }
}

/// A TOML string on one line, whatever is in it.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back_from_its_quotes() {
        for text in ["ACME", "a \"b\" \\ c", "x\n[desk]\u{1}\u{7f}\u{85}", "Ľubica"] {
            let table: toml::Table = format!("k = {}", quoted(text)).parse().expect("TOML");
            assert_eq!(table["k"].as_str(), Some(text));
        }
    }

    #[test]
    fn a_prefix_comes_from_the_domain() {
        for (domain, prefix) in [("desk.acme.example", "ACME"), ("my-firm.example", "MYFIRM"), ("x", "DESK")] {
            assert_eq!(prefix_of(domain), prefix);
        }
    }
}
