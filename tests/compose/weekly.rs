//! The weekly report as another program takes it apart: the plain text beside the HTML, and a picture behind every name that
//! the HTML gives one.

use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use postdesk::model::Language;
use postdesk::model::outgoing::{Template, Value};

use crate::desk::{draft, mail};
use crate::sound::bytes;

#[test]
fn every_picture_of_the_report_is_there_and_has_words_in_its_place() {
    for language in Language::ALL {
        let made = mail(draft(Template::Weekly, language));
        let bytes = bytes(&made);
        let read = MessageParser::default().parse(&bytes).expect("parses");
        let kinds: Vec<String> = read
            .parts
            .iter()
            .map(|part| {
                part.content_type()
                    .map_or_else(String::new, |c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()))
            })
            .collect();
        let expected = [
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "image/png",
            "image/png",
        ];
        assert_eq!(kinds, expected, "{language}");
        let html = read.body_html(0).expect("has HTML").into_owned();
        let images: Vec<&str> = html.split("<img ").skip(1).filter_map(|rest| rest.split('>').next()).collect();
        assert_eq!(images.len(), 3, "{html}");
        for image in images {
            let cid =
                image.split("src=\"cid:").nth(1).and_then(|rest| rest.split('"').next()).expect("names a picture");
            let part = read.parts.iter().find(|part| part.content_id() == Some(cid)).expect("the picture is there");
            let (PartType::InlineBinary(png) | PartType::Binary(png)) = &part.body else { panic!("{:?}", part.body) };
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xaeB`\x82"), "a whole PNG");
            let alt = image.split("alt=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            assert!(alt.contains(", "), "{alt:?} says what the picture shows");
        }
        // Each number of the HTML's table stands in the plain text too.
        let cells = html.split("<td ").skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once("</td>"));
        for (cell, _) in cells {
            assert!(made.text.contains(cell), "{cell:?} is not in the text:\n{}", made.text);
        }
    }
}

#[test]
fn a_report_without_weeks_is_a_mail_too() {
    let mut bare = draft(Template::Weekly, Language::Sl);
    bare.values.insert("weeks", Value::Weeks(Vec::new()));
    let made = mail(bare);
    let bytes = bytes(&made);
    let read = MessageParser::default().parse(&bytes).expect("parses");
    assert_eq!(read.parts.len(), 7);
}
