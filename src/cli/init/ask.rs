//! The questions of `init`, each with an answer that Enter gives.

use std::io::{self, BufRead, Write};

use super::Args;
use crate::model::AddrSpec;

/// How often a question is asked again before its answer is taken as it is; the check then says what is wrong.
const PATIENCE: usize = 5;

/// Asks for what the flags left open. A question ends at the end of the input.
pub fn missing(mut args: Args, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<Args> {
    let mut ask = Ask { input, output };
    ask.say("Enter takes what stands in [brackets]. Everything can be changed later in the file.\n")?;
    if args.address.is_none() {
        args.address = ask.until("Address that customers write to", None, is_address)?;
    }
    let address = args.address.clone().unwrap_or_default();
    let domain = address.split_once('@').map_or("", |(_, domain)| domain).to_owned();
    if args.name.is_none() {
        args.name = ask.text("Name that customers see as the sender", Some(&address))?;
    }
    if args.language.is_none() {
        args.language =
            ask.until("Language where nothing better is known (sk, cs, sl, hr, en, de)", Some("en"), |l| {
                crate::model::Language::ALL.iter().any(|known| known.code() == l)
            })?;
    }
    if args.imap_host.is_none() && args.maildir.is_none() {
        args.imap_host = ask.text("IMAP server", Some(&format!("imap.{domain}")))?;
    }
    if args.imap_host.is_some() && args.imap_user.is_none() {
        args.imap_user = ask.text("IMAP user", Some(&address))?;
    }
    if args.imap_host.is_some() && args.imap_password_file.is_none() {
        let question = "File of the IMAP password, or name of a systemd credential";
        args.imap_password_file = ask.text(question, Some("imap"))?;
    }
    if args.smtp_host.is_none() && args.outgoing_maildir.is_none() {
        args.smtp_host = ask.text("SMTP server", Some(&format!("smtp.{domain}")))?;
        if args.smtp_host.is_some() && args.smtp_user.is_none() {
            args.smtp_user = ask.text("SMTP user (\"-\": no login)", Some(&address))?.filter(|user| user != "-");
        }
    }
    if args.smtp_user.is_some() && args.smtp_password_file.is_none() {
        let question = "File of the SMTP password, or name of a systemd credential";
        args.smtp_password_file = ask.text(question, Some("smtp"))?;
    }
    if !args.observe {
        let question = "Only observe at first: make tickets and send nothing (yes, no)";
        let answer = ask.until(question, Some("yes"), |a| ["yes", "no", "y", "n"].contains(&a))?;
        args.observe = answer.is_some_and(|answer| answer.starts_with('y'));
    }
    if args.agents.is_empty() {
        let is_agent = |a: &str| a.split_once('=').is_some_and(|(_, address)| is_address(address));
        let mut question = "Somebody who answers, as NAME=ADDRESS";
        while let Some(agent) = ask.until(question, None, is_agent)? {
            args.agents.push(agent);
            question = "One more (Enter: that is all)";
        }
    }
    Ok(args)
}

fn is_address(text: &str) -> bool {
    AddrSpec::parse(text).is_ok()
}

struct Ask<'a, In, Out> {
    input: &'a mut In,
    output: &'a mut Out,
}

impl<In: BufRead, Out: Write> Ask<'_, In, Out> {
    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{text}")
    }

    fn text(&mut self, question: &str, default: Option<&str>) -> io::Result<Option<String>> {
        match default {
            Some(default) => write!(self.output, "{question} [{default}]: ")?,
            None => write!(self.output, "{question}: ")?,
        }
        self.output.flush()?;
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            self.say("")?;
        }
        let answer = line.trim();
        Ok(if answer.is_empty() { default.map(str::to_owned) } else { Some(answer.to_owned()) })
    }

    fn until(
        &mut self,
        question: &str,
        default: Option<&str>,
        fine: impl Fn(&str) -> bool,
    ) -> io::Result<Option<String>> {
        let mut answer = self.text(question, default)?;
        for _ in 1..PATIENCE {
            match &answer {
                Some(text) if !fine(text) => {
                    self.say("That cannot be used.")?;
                    answer = self.text(question, default)?;
                }
                _ => break,
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(args: Args, answers: &str) -> (Args, String) {
        let mut said = Vec::new();
        let args = missing(args, &mut answers.as_bytes(), &mut said).expect("no error");
        (args, String::from_utf8(said).expect("text"))
    }

    #[test]
    fn an_address_and_an_agent_are_enough() {
        let answers = "help@acme.example\n\n\n\n\n\n\n\n\n\njana=jana@acme.example\n\n";
        let (args, _) = answered(Args::default(), answers);
        assert_eq!(args.imap_host.as_deref(), Some("imap.acme.example"));
        assert_eq!(args.imap_user.as_deref(), Some("help@acme.example"));
        assert_eq!(args.smtp_password_file.as_deref(), Some("smtp"));
        assert!(args.observe);
        let text = super::super::compose(&args, std::path::Path::new("config.toml")).expect("valid");
        assert!(text.contains("observe = true"), "{text}");
    }

    #[test]
    fn a_wrong_answer_is_asked_again_and_the_end_of_input_ends_it() {
        let (args, said) = answered(Args::default(), "help\nhelp@acme.example\n");
        assert_eq!(args.address.as_deref(), Some("help@acme.example"));
        assert!(said.contains("That cannot be used."));
        assert!(args.agents.is_empty());
    }

    #[test]
    fn what_the_flags_say_is_not_asked() {
        let args = Args {
            address: Some("help@acme.example".into()),
            name: Some("ACME".into()),
            language: Some("sk".into()),
            maildir: Some("in".into()),
            outgoing_maildir: Some("out".into()),
            observe: true,
            agents: vec!["jana=jana@acme.example".into()],
            ..Args::default()
        };
        let (_, said) = answered(args, "");
        assert!(!said.contains(": "), "{said}");
    }
}
