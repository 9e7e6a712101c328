//! How a command gets at the desk: its configuration, and what it keeps.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Global;
use super::exit::{self, Failure};
use super::lone_key::{self, LoneKey};
use super::output::Out;
use crate::config::{self, Config};
use crate::model::{Policy, Ticket, TicketNumber};
use crate::store::erase::Erase;
use crate::store::sqlite::{Options, SqliteStore};
use crate::store::{Reading, Store, TicketFilter};

/// What is kept, for changing and for reading.
pub trait Kept: Store + Reading + Erase {}

impl<T: Store + Reading + Erase> Kept for T {}

/// The desk as a command sees it. The daemon may be running beside.
pub struct Desk {
    pub config: Config,
    pub kept: Arc<dyn Kept>,
}

/// Where the configuration is looked for when neither `--config` nor `$POSTDESK_CONFIG` names it.
const USUAL_PLACES: [&str; 2] = ["config.toml", "/etc/postdesk/config.toml"];

/// The configuration's path: as named, else the first of [`USUAL_PLACES`] that is there.
pub fn config_path(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(path) = &global.config {
        return Ok(path.clone());
    }
    let found = USUAL_PLACES.iter().map(Path::new).find(|path| path.exists());
    found.map(Path::to_owned).ok_or_else(|| {
        let places = USUAL_PLACES.join(" nor ");
        let text =
            format!("There is no configuration: neither {places}; name one with --config, or make one with `init`");
        exit::fail(exit::CONFIG, text)
    })
}

/// Reads the configuration; an error has every mistake in it.
pub fn config(global: &Global) -> Result<Config, Failure> {
    let path = config_path(global)?;
    config::load(&path).map_err(|mistakes| {
        let (code, what) = if mistakes.iter().all(|m| m.forbidden) {
            (exit::NO_PERMISSION, "This desk is not yours to use: run as the user that it belongs to")
        } else {
            (exit::CONFIG, "The configuration cannot be used")
        };
        let mistakes: Vec<String> = mistakes.iter().map(|m| m.to_string().trim_end().to_owned()).collect();
        exit::fail(code, format!("{what}\n{}", mistakes.join("\n")))
    })
}

/// Makes the state folder and the key where they are missing.
fn open_keys(config: &mut Config) -> Result<(), Failure> {
    if config.database().exists() && matches!(config::keys::load(&config.state), Ok(None)) {
        eprintln!(
            "postdesk: The key is gone and a new one is made: tokens in earlier mails are not recognised any more"
        );
    }
    config.open_keys().map_err(|error| {
        let code = match error.kind() {
            ErrorKind::PermissionDenied => exit::NO_PERMISSION,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => exit::TEMPORARY,
            ErrorKind::InvalidData => exit::CONFIG,
            _ => exit::CANT_CREATE,
        };
        Failure { code, error: error.into() }
    })
}

/// Opens the desk as it is. Where it has no database yet nothing is made, so that a look never leaves files behind:
/// there is nothing to see then, which is said.
pub fn desk(global: &Global) -> Result<Desk, Failure> {
    let config = config(global)?;
    let path = config.database();
    let kept = if path.exists() {
        SqliteStore::open(&path, Options { create: false, ..Options::default() })?
    } else {
        eprintln!("postdesk: There is no database yet ({}); the first mail or import makes it", path.display());
        SqliteStore::scratch()?
    };
    Ok(Desk { config, kept })
}

/// The configuration for what may be the desk's first content: makes the state folder and the key where needed. What there
/// is to tell of the key is told once the database is there.
pub fn config_to_fill(global: &Global) -> Result<(Config, LoneKey), Failure> {
    let mut config = config(global)?;
    let lone_key = lone_key::look(&config);
    open_keys(&mut config)?;
    Ok((config, lone_key))
}

/// [`config_to_fill`], and makes the database where there is none.
pub fn desk_to_fill(global: &Global) -> Result<Desk, Failure> {
    let (config, lone_key) = config_to_fill(global)?;
    let kept = SqliteStore::open(&config.database(), Options::default())?;
    if let Some(told) = lone_key.tell(kept.as_ref()) {
        eprintln!("postdesk: Warning: {told}");
    }
    Ok(Desk { config, kept })
}

impl Desk {
    pub fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// The policy for what makes mails: its tokens must last, so the key is made where there is none yet.
    pub fn lasting_policy(&self) -> Result<Policy, Failure> {
        let mut config = self.config.clone();
        open_keys(&mut config)?;
        Ok(config.policy)
    }

    /// Standard output in the desk's time zone.
    pub fn out(&self) -> Out {
        Out::stdout(self.policy().desk.timezone.clone())
    }

    /// A ticket that must be there.
    pub fn ticket(&self, number: TicketNumber) -> Result<Ticket, Failure> {
        if let Some(ticket) = self.kept.ticket(number)? {
            return Ok(ticket);
        }
        let latest = self.kept.tickets(&TicketFilter { all: true, limit: Some(3), ..TicketFilter::default() })?;
        let known = match latest.as_slice() {
            [] => "there are no tickets yet".to_owned(),
            some => format!("changed last: {}", list(some.iter().map(|t| t.number))),
        };
        Err(exit::fail(exit::DATA, format!("There is no ticket {number} ({known})")))
    }
}

/// `a, b, c`.
pub fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}
