//! What the benchmark is told on its command line.

use super::generator::Profile;

pub const USAGE: &str = "\
usage: scripts/bench [OPTIONS]
  --mails N          mails in the mailbox (5000)
  --rounds N         rounds, each of which runs everything once, in turn (5)
  --profile NAME     drain (sizes of 4, 60 and 400 KB) or support (plain mails, 40 % replies) (drain)
  --tls              IMAP over TLS, for both
  --no-delivery      the SMTP server is down: acknowledgements stay in the outbox
  --only NAME        mbsync, run or ingest, and nothing else
  --seed N           of the generator (1)
  --keep             leaves the scratch folder, and says where it is";

#[derive(Clone, Debug)]
pub struct Options {
    pub mails: usize,
    pub rounds: usize,
    pub profile: Profile,
    pub tls: bool,
    pub delivery: bool,
    pub only: Option<Contestant>,
    pub seed: u64,
    pub keep: bool,
}

/// What takes its turn in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// Debian's isync: copies the mailbox into a Maildir.
    Mbsync,
    /// `postdesk run`: makes tickets of the mailbox.
    Run,
    /// `postdesk ingest`: makes tickets of the same mails, handed over as a Maildir.
    Ingest,
}

impl Contestant {
    pub const ALL: [Contestant; 3] = [Contestant::Mbsync, Contestant::Run, Contestant::Ingest];

    pub fn name(self) -> &'static str {
        match self {
            Contestant::Mbsync => "mbsync",
            Contestant::Run => "postdesk run",
            Contestant::Ingest => "postdesk ingest",
        }
    }
}

/// None: there is nothing to do but to show the usage.
pub fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        mails: 5000,
        rounds: 5,
        profile: Profile::Drain,
        tls: false,
        delivery: true,
        only: None,
        seed: 1,
        keep: false,
    };
    let mut arguments = arguments.filter(|a| a != "--bench");
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--tls" => options.tls = true,
            "--no-delivery" => options.delivery = false,
            "--keep" => options.keep = true,
            "--mails" => options.mails = number(&value()?)?.max(1),
            "--rounds" => options.rounds = number(&value()?)?.max(1),
            "--seed" => options.seed = number(&value()?)? as u64,
            "--profile" => {
                options.profile = match value()?.as_str() {
                    "drain" => Profile::Drain,
                    "support" => Profile::Support,
                    other => return Err(format!("There is no profile {other:?}")),
                }
            }
            "--only" => {
                options.only = Some(match value()?.as_str() {
                    "mbsync" => Contestant::Mbsync,
                    "run" => Contestant::Run,
                    "ingest" => Contestant::Ingest,
                    other => return Err(format!("{other:?} does not take part")),
                });
            }
            other => return Err(format!("Unknown option {other}")),
        }
    }
    Ok(Some(options))
}

fn number(text: &str) -> Result<usize, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text:?} is no number"))
}
