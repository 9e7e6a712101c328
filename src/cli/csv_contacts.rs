//! Contacts as CSV (RFC 4180): how spreadsheets write them, read with every mistake named by its line; and written so
//! that no spreadsheet takes a text for a formula.

use std::collections::BTreeMap;
use std::fmt;

use super::{names, open};
use crate::model::address::is_domain;
use crate::model::facts::{Contact, Organisation};
use crate::model::text::{NAME_MAX, clean_line, clean_text, fold};
use crate::model::{AddrSpec, Language, Policy, Priority};

/// The columns, in the order in which they are written. Only the first must be there.
pub const COLUMNS: [&str; 8] = ["email", "name", "organisation", "manager", "language", "sla", "priority", "note"];
/// Longest note, in characters.
const NOTE_MAX: usize = 2000;
/// Longest name of an organisation or a service level, in characters.
const LABEL_MAX: usize = 120;

/// What a file says.
#[derive(Debug, Default)]
pub struct Sheet {
    pub contacts: Vec<Contact>,
    /// Those that rows name by domain.
    pub organisations: Vec<Organisation>,
    /// Addresses that one row names: of one person.
    pub people: Vec<Vec<AddrSpec>>,
    pub bad: Vec<BadRow>,
    /// The file was not UTF-8 and was read as this.
    pub read_as: Option<&'static str>,
}

/// A row that cannot be taken, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    pub because: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.because)
    }
}

/// Reads a whole file. `known`: the organisations that are on file already, whose domains no other may take. An error
/// means that nothing can be said of the rows: not text, or a header that is not ours.
pub fn read(bytes: &[u8], policy: &Policy, known: &[Organisation]) -> Result<Sheet, String> {
    let (text, read_as) = decode(bytes)?;
    let (body, skipped_lines, separator) = separator(&text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(true).from_reader(body.as_bytes());
    let header = reader.headers().map_err(|e| format!("The header cannot be read: {e}"))?.clone();
    let columns = columns(&header)?;
    let mut into = Gather::new(policy, known);
    into.sheet.read_as = read_as;
    for record in reader.records() {
        let record = record.map_err(|e| format!("The file cannot be read as CSV: {e}"))?;
        let line = record.position().map_or(0, |p| p.line()) + skipped_lines;
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if let Err(because) = Row::of(&record, &columns).and_then(|row| into.take(row, line)) {
            into.sheet.bad.push(BadRow { line, because });
        }
    }
    Ok(into.finish())
}

/// UTF-8 with or without a byte order mark, UTF-16 with one, else windows-1250: what Excel writes in our countries.
fn decode(bytes: &[u8]) -> Result<(String, Option<&'static str>), String> {
    let (text, read_as) = match (encoding_rs::Encoding::for_bom(bytes), std::str::from_utf8(bytes)) {
        (Some((encoding, _)), _) => (encoding.decode(bytes).0.into_owned(), None),
        (None, Ok(text)) => (text.to_owned(), None),
        (None, Err(_)) => {
            let encoding = encoding_rs::WINDOWS_1250;
            (encoding.decode(bytes).0.into_owned(), Some(encoding.name()))
        }
    };
    if text.contains('\0') {
        return Err("This is not a CSV file: it contains NUL bytes; save the sheet as \"CSV UTF-8\"".into());
    }
    Ok((text, read_as))
}

/// The text without Excel's `sep=` line, how many lines that were, and what separates the fields: of comma, semicolon
/// and TAB the one that the header has most of.
fn separator(text: &str) -> (&str, u64, u8) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some([separator @ (b',' | b';' | b'\t')]) = first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        return (rest, 1, *separator);
    }
    let count = |separator: u8| first.bytes().filter(|b| *b == separator).count();
    let separator = [b';', b'\t'].into_iter().fold(b',', |best, s| if count(s) > count(best) { s } else { best });
    (text, 0, separator)
}

/// Which of [`COLUMNS`] each column of the file is.
fn columns(header: &csv::StringRecord) -> Result<Vec<usize>, String> {
    let known = COLUMNS.join(", ");
    let mut columns = Vec::new();
    for title in header {
        let name = title.trim().to_lowercase();
        let Some(at) = COLUMNS.iter().position(|c| *c == name) else {
            if title.contains('@') {
                return Err(format!("The first line must be the header: {known}"));
            }
            let hint = names::hint(&name, COLUMNS);
            return Err(format!("Unknown column {:?}{hint} (columns are: {known})", title.trim()));
        };
        if columns.contains(&at) {
            return Err(format!("The column {name:?} is there twice"));
        }
        columns.push(at);
    }
    if columns.contains(&0) {
        Ok(columns)
    } else {
        Err(format!("The column \"email\" is missing (columns are: {known})"))
    }
}

/// One row's fields in the order of [`COLUMNS`]; an empty one is absent.
struct Row {
    fields: [Option<String>; COLUMNS.len()],
}

impl Row {
    fn of(record: &csv::StringRecord, columns: &[usize]) -> Result<Row, String> {
        if record.len() != columns.len() {
            let (has, wants) = (record.len(), columns.len());
            return Err(format!("It has {has} fields, the header has {wants}; is a separator or a quote missing?"));
        }
        let mut fields = [const { None }; COLUMNS.len()];
        for (value, at) in record.iter().zip(columns) {
            let value = unshield(value.trim()).trim();
            if let Some(field) = fields.get_mut(*at).filter(|_| !value.is_empty()) {
                *field = Some(value.to_owned());
            }
        }
        Ok(Row { fields })
    }

    fn field(&self, column: &str) -> Option<&str> {
        COLUMNS.iter().position(|c| *c == column).and_then(|at| self.fields.get(at)?.as_deref())
    }

    fn label(&self, column: &str, max: usize) -> Option<String> {
        self.field(column).map(|text| clean_line(text, max)).filter(|text| !text.is_empty())
    }
}

/// What a row says of a person or a firm alike.
#[derive(Clone)]
struct Terms {
    manager: Option<String>,
    language: Option<Language>,
    sla: Option<String>,
    priority: Option<Priority>,
    note: Option<String>,
}

impl Terms {
    fn of(row: &Row, policy: &Policy) -> Result<Terms, String> {
        let manager = row.field("manager").map(|who| manager(who, policy)).transpose()?;
        let language = row.field("language").map(|code| {
            let known = Language::ALL.map(Language::code).join(", ");
            Language::from_code(code).ok_or_else(|| format!("Unknown language {code:?} (known are: {known})"))
        });
        let priority = row.field("priority").map(|word| {
            let known = Priority::ALL.iter().map(|p| p.word()).collect::<Vec<_>>().join(", ");
            Priority::from_word(&word.to_lowercase())
                .ok_or_else(|| format!("Unknown priority {word:?} (known are: {known})"))
        });
        let note = row.field("note").map(clean_text);
        if note.as_ref().is_some_and(|n| n.chars().count() > NOTE_MAX) {
            return Err(format!("The note is longer than {NOTE_MAX} characters"));
        }
        let sla = row.label("sla", LABEL_MAX);
        Ok(Terms { manager, language: language.transpose()?, sla, priority: priority.transpose()?, note })
    }
}

/// An agent's or group's name as the configuration writes it.
fn manager(who: &str, policy: &Policy) -> Result<String, String> {
    if let Some(found) = policy.assignee(who) {
        return Ok(found.name().to_owned());
    }
    let known = names::people(policy);
    let hint = names::hint(who, known.iter().copied());
    let known = open::list(known);
    Err(format!("The manager {who:?} is neither an agent nor a group of the configuration{hint} (known are: {known})"))
}

/// Takes rows one by one and holds them against each other and against what is on file.
struct Gather<'a> {
    policy: &'a Policy,
    known: &'a [Organisation],
    sheet: Sheet,
    /// Address or `@domain` → the line that gave it.
    lines: BTreeMap<String, u64>,
    /// Folded name → organisation.
    organisations: BTreeMap<String, Organisation>,
}

impl<'a> Gather<'a> {
    fn new(policy: &'a Policy, known: &'a [Organisation]) -> Self {
        Gather { policy, known, sheet: Sheet::default(), lines: BTreeMap::new(), organisations: BTreeMap::new() }
    }

    fn take(&mut self, row: Row, line: u64) -> Result<(), String> {
        let email = row.field("email").ok_or("The email is missing")?.to_lowercase();
        let terms = Terms::of(&row, self.policy)?;
        // Several addresses of one person, or several domains of one organisation.
        let mut cells: Vec<&str> =
            email.split([' ', ',', ';', '|', '\t', '\n']).filter(|cell| !cell.is_empty()).collect();
        if cells.iter().any(|cell| !cell.contains('@')) {
            cells = vec![&email];
        }
        let domains: Vec<&str> = cells.iter().filter_map(|cell| cell.strip_prefix('@')).collect();
        if let Some((cell, earlier)) = cells.iter().find_map(|cell| Some((cell, self.lines.get(*cell)?))) {
            return Err(format!("{cell} stands in line {earlier} already"));
        }
        if domains.is_empty() {
            self.take_contacts(&cells, &row, terms)?;
        } else if domains.len() == cells.len() {
            self.take_domains(&domains, &row, terms)?;
        } else {
            return Err(format!("{email:?} mixes addresses and domains: give them a row each"));
        }
        self.lines.extend(cells.iter().map(|cell| ((*cell).to_owned(), line)));
        Ok(())
    }

    /// All of them, or none.
    fn take_contacts(&mut self, emails: &[&str], row: &Row, terms: Terms) -> Result<(), String> {
        let before = self.sheet.contacts.len();
        for email in emails {
            if let Err(because) = self.take_contact(email, row, terms.clone()) {
                self.sheet.contacts.truncate(before);
                return Err(because);
            }
        }
        let taken: Vec<AddrSpec> = self.sheet.contacts.iter().skip(before).map(|c| c.email.clone()).collect();
        if taken.len() > 1 {
            self.sheet.people.push(taken);
        }
        Ok(())
    }

    fn take_domains(&mut self, domains: &[&str], row: &Row, terms: Terms) -> Result<(), String> {
        let before = self.organisations.clone();
        for domain in domains {
            if let Err(because) = self.take_domain(domain, row, terms.clone()) {
                self.organisations = before;
                return Err(because);
            }
        }
        Ok(())
    }

    fn take_contact(&mut self, email: &str, row: &Row, terms: Terms) -> Result<(), String> {
        let spec = AddrSpec::parse(email)
            .map_err(|why| format!("{email:?} is not an address that mail can be sent to: {why}"))?;
        if let Some((mailbox, _)) = self.policy.own_address(&spec) {
            return Err(format!("{email} is an address of the desk itself (mailbox {:?})", mailbox.name));
        }
        let organisation = row.label("organisation", LABEL_MAX).map(|name| {
            let spelt = self.spelling(&name);
            let new = || Organisation { name: spelt.clone(), ..Organisation::default() };
            self.organisations.entry(fold(&spelt)).or_insert_with(new).name.clone()
        });
        let Terms { manager, language, sla, priority, note } = terms;
        let name = row.label("name", NAME_MAX);
        let contact =
            Contact { email: spec, name, organisation, manager, language, sla, priority, note, proven_at: None };
        self.sheet.contacts.push(contact);
        Ok(())
    }

    fn take_domain(&mut self, domain: &str, row: &Row, terms: Terms) -> Result<(), String> {
        if !is_domain(domain) {
            return Err(format!(
                "\"@{domain}\" is no domain of two or more letter-digit-hyphen labels (write xn--… for others)"
            ));
        }
        if crate::model::free_mail::is_free_mail(domain) {
            return Err(format!(
                "Everybody can have an address at {domain}: it is no organisation's; list its people one by one"
            ));
        }
        let name = row.label("organisation", LABEL_MAX).or_else(|| row.label("name", LABEL_MAX));
        let name = self.spelling(&name.ok_or("A domain needs the name of its organisation (column \"organisation\")")?);
        let key = fold(&name);
        let owns = |o: &&Organisation| o.domains.iter().any(|d| d.eq_ignore_ascii_case(domain)) && fold(&o.name) != key;
        if let Some(other) = self.known.iter().find(owns) {
            return Err(format!("The domain {domain} belongs to {:?} already", other.name));
        }
        let mut organisation = self
            .organisations
            .get(&key)
            .cloned()
            .unwrap_or_else(|| Organisation { name: name.clone(), ..Organisation::default() });
        let differs = |column: &str| format!("Another row of {name:?} has another {column}");
        agree(&mut organisation.manager, terms.manager).ok_or_else(|| differs("manager"))?;
        agree(&mut organisation.language, terms.language).ok_or_else(|| differs("language"))?;
        agree(&mut organisation.sla, terms.sla).ok_or_else(|| differs("sla"))?;
        agree(&mut organisation.priority, terms.priority).ok_or_else(|| differs("priority"))?;
        agree(&mut organisation.note, terms.note).ok_or_else(|| differs("note"))?;
        organisation.domains.push(domain.to_owned());
        self.organisations.insert(key, organisation);
        Ok(())
    }

    /// An organisation's name as it is on file, whatever case and accents this row writes it with.
    fn spelling(&self, name: &str) -> String {
        let key = fold(name);
        self.known.iter().find(|o| fold(&o.name) == key).map_or_else(|| name.to_owned(), |o| o.name.clone())
    }

    fn finish(mut self) -> Sheet {
        // One that only contacts name says nothing of itself: the store makes it with its name.
        self.sheet.organisations = self.organisations.into_values().filter(|o| !o.domains.is_empty()).collect();
        self.sheet
    }
}

/// Takes a value over where there is none; None where there is another one.
fn agree<T: PartialEq>(known: &mut Option<T>, new: Option<T>) -> Option<()> {
    match (&known, new) {
        (_, None) => Some(()),
        (None, new) => {
            *known = new;
            Some(())
        }
        (Some(old), Some(new)) => (*old == new).then_some(()),
    }
}

/// Writes what [`read`] takes back: organisations as a row for each domain, then contacts.
///
/// `others`: further addresses of a contact. People whose addresses say the same are one row.
pub fn write(
    contacts: &[Contact],
    organisations: &[Organisation],
    others: impl Fn(&Contact) -> Vec<String>,
) -> Result<Vec<u8>, csv::Error> {
    // Every field is quoted: a spreadsheet that splits at another separator still sees where fields begin.
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for organisation in organisations {
        let Organisation { name, domains, manager, language, sla, priority, note } = organisation;
        for domain in domains {
            let email = format!("@{domain}");
            let fields = [
                Some(email.as_str()),
                None,
                Some(name.as_str()),
                manager.as_deref(),
                language.map(Language::code),
                sla.as_deref(),
                priority.map(Priority::word),
                note.as_deref(),
            ];
            writer.write_record(fields.map(|f| shield(f.unwrap_or_default())))?;
        }
    }
    let mut written: Vec<String> = Vec::new();
    for c in contacts {
        if written.iter().any(|email| email == c.email.as_str()) {
            continue;
        }
        let same =
            |other: &&Contact| Contact { email: c.email.clone(), proven_at: c.proven_at, ..(*other).clone() } == *c;
        let also = others(c);
        let also = contacts.iter().filter(|o| also.iter().any(|email| email == o.email.as_str())).filter(same);
        let mut emails = vec![c.email.to_string()];
        emails.extend(also.map(|other| other.email.to_string()));
        let cell = emails.join(" ");
        written.extend(emails);
        let fields = [
            Some(cell.as_str()),
            c.name.as_deref(),
            c.organisation.as_deref(),
            c.manager.as_deref(),
            c.language.map(Language::code),
            c.sla.as_deref(),
            c.priority.map(Priority::word),
            c.note.as_deref(),
        ];
        writer.write_record(fields.map(|f| shield(f.unwrap_or_default())))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

/// Whether a spreadsheet would take a field for a formula, or [`unshield`] would take an apostrophe from it.
fn needs_shield(field: &str) -> bool {
    field.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// An apostrophe before what a spreadsheet would calculate (CSV injection, CWE-1236).
pub fn shield(field: &str) -> String {
    if needs_shield(field) { format!("'{field}") } else { field.to_owned() }
}

fn unshield(field: &str) -> &str {
    field.strip_prefix('\'').filter(|_| needs_shield(field)).unwrap_or(field)
}

#[cfg(test)]
mod tests;
