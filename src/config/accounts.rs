//! `[[organisation]]`: the hours that customer firms have.

use jiff::tz::TimeZone;
use toml::Spanned;

use super::file;
use super::notes::Notes;
use super::settings::one_of;
use crate::model::account::{Package, Packages, Per};
use crate::model::text::fold;

/// Hours of one package at most.
const HOURS_MAX: f64 = 10_000.0;

pub fn packages(files: &[Spanned<file::Organisation>], zone: &TimeZone, notes: &mut Notes<'_>) -> Packages {
    let mut all: Vec<Package> = Vec::new();
    for file in files {
        let Some(package) = package(file, notes) else { continue };
        if all.iter().any(|known| fold(&known.organisation) == fold(&package.organisation)) {
            let message = format!("`{}` has hours already", package.organisation);
            notes.mistake(file.span(), "organisation.name", message, Some("One package a firm"));
        }
        all.push(package);
    }
    Packages { all, zone: Some(zone.clone()) }
}

fn package(file: &Spanned<file::Organisation>, notes: &mut Notes<'_>) -> Option<Package> {
    let (span, file) = (file.span(), file.get_ref());
    let name = file.name.as_ref().filter(|name| !name.get_ref().trim().is_empty());
    if name.is_none() {
        notes.missing(span.clone(), "organisation.name", "As the contacts call the firm");
    }
    let words = Per::ALL.iter().map(|per| (per.word(), *per)).collect::<Vec<_>>();
    let per = file.per.as_ref().map_or(Some(Per::Month), |word| one_of(word, "organisation.per", &words, notes));
    let Some(hours) = &file.hours else {
        notes.missing(span, "organisation.hours", "Such as 10, or 7.5");
        return None;
    };
    let (value, place) = match hours.get_ref() {
        toml::Value::Integer(hours) => (*hours as f64, hours_span(file)),
        toml::Value::Float(hours) => (*hours, hours_span(file)),
        _ => (f64::NAN, hours_span(file)),
    };
    if !(value > 0.0 && value <= HOURS_MAX) {
        notes.mistake(
            place,
            "organisation.hours",
            "This is no number of hours",
            Some("Such as 10, or 7.5; at most 10000"),
        );
        return None;
    }
    Some(Package { organisation: name?.get_ref().trim().to_owned(), minutes: (value * 60.0).round() as u32, per: per? })
}

fn hours_span(file: &file::Organisation) -> std::ops::Range<usize> {
    file.hours.as_ref().map_or(0..0, Spanned::span)
}
