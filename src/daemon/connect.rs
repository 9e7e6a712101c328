//! From the configuration's words to the sources and the way out.

use std::io;

use jiff::SignedDuration;

use crate::authenticate::{AuthenticateError, Authenticator, Resolvers};
use crate::config;
use crate::inbound::{self, ImapSettings, ImapSource, MaildirSettings, MaildirSource};
use crate::outbox::{self, OutgoingSettings, Pace, SmtpSettings};

/// The desk's own check of senders. Where the system names no resolver that can be used there is none: then nobody is
/// proven by it, and mail comes in all the same. Servers that the operator named must be usable.
pub fn authenticator(dns: &config::Dns) -> Result<Authenticator, AuthenticateError> {
    match dns {
        config::Dns::Servers(servers) => Authenticator::new(&Resolvers::Servers(servers.clone())),
        config::Dns::Off => Ok(Authenticator::off()),
        config::Dns::System => Ok(Authenticator::new(&Resolvers::System).unwrap_or_else(|error| {
            tracing::warn!(%error, "Senders are not checked by the DNS");
            Authenticator::off()
        })),
    }
}

/// The source of a mailbox, not yet opened.
pub fn source(source: &config::MailboxSource, limits: &config::Limits) -> inbound::Source {
    match &source.from {
        config::Source::Imap(imap) => inbound::Source::Imap(ImapSource::new(self::imap(imap, limits))),
        config::Source::Maildir(maildir) => inbound::Source::Maildir(self::maildir(maildir)),
    }
}

fn maildir(maildir: &config::Maildir) -> MaildirSource {
    let (path, archive) = (maildir.path.clone(), maildir.archive.clone());
    MaildirSource::new(MaildirSettings { path, archive, poll: MaildirSettings::POLL })
}

fn imap(imap: &config::Imap, limits: &config::Limits) -> ImapSettings {
    let password = imap.login.password.clone();
    let load = move || password.load().map(|secret| secret.expose().to_owned()).map_err(io::Error::other);
    ImapSettings {
        host: imap.server.host.clone(),
        port: imap.server.port,
        tls: match imap.server.tls {
            config::Tls::Implicit => inbound::Tls::Implicit,
            config::Tls::Starttls => inbound::Tls::StartTls,
            config::Tls::None => inbound::Tls::None,
        },
        user: imap.login.user.clone(),
        password: inbound::Secret::from_fn(load),
        folder: imap.folder.clone(),
        archive: imap.archive.clone(),
        ca_file: imap.server.ca_file.clone(),
        allow_plain: imap.server.allow_plaintext,
        patience: limits.timeout,
        poll: limits.poll,
    }
}

/// The way out; None where every mailbox only observes.
pub fn outgoing(outgoing: &config::Outgoing, limits: &config::Limits) -> Option<OutgoingSettings> {
    match &outgoing.via {
        config::OutgoingVia::Smtp(smtp) => Some(OutgoingSettings::Smtp(Box::new(self::smtp(smtp, limits)))),
        config::OutgoingVia::Maildir(path) => Some(OutgoingSettings::Maildir(path.clone())),
        config::OutgoingVia::Nowhere => None,
    }
}

/// How the outbox paces itself.
pub fn pace(outgoing: &config::Outgoing) -> Pace {
    let give_up = SignedDuration::try_from(outgoing.give_up).unwrap_or(SignedDuration::MAX);
    Pace { give_up, ..Pace::default() }
}

fn smtp(smtp: &config::Smtp, limits: &config::Limits) -> SmtpSettings {
    let tls = match smtp.server.tls {
        config::Tls::Implicit => outbox::Tls::Implicit,
        config::Tls::Starttls => outbox::Tls::StartTls,
        config::Tls::None => outbox::Tls::None,
    };
    let mut settings = SmtpSettings::new(&smtp.server.host, smtp.server.port, tls, &smtp.hello);
    settings.allow_plaintext = smtp.server.allow_plaintext;
    settings.user = smtp.login.as_ref().map(|l| l.user.clone());
    settings.password = smtp.login.as_ref().map(|l| outbox::Secret::Configured(l.password.clone()));
    settings.ca_file.clone_from(&smtp.server.ca_file);
    settings.connections = smtp.connections;
    settings.limits.connect = settings.limits.connect.min(limits.timeout);
    settings
}
