//! Streams made here, read back.

use super::*;

/// Makes streams as Outlook does.
pub struct Stream(pub Vec<u8>);

impl Stream {
    pub fn new() -> Self {
        let mut stream = Stream([&SIGNATURE.to_le_bytes()[..], &[1, 0]].concat());
        stream.add(1, 0x0008_9006, &[0, 0, 1, 0]);
        stream.add(1, OEM_CODE_PAGE, &[&1250u32.to_le_bytes()[..], &[0; 4]].concat());
        stream
    }

    pub fn add(&mut self, level: u8, tag: u32, data: &[u8]) {
        let sum = data.iter().fold(0u16, |sum, b| sum.wrapping_add(u16::from(*b)));
        self.0.push(level);
        self.0.extend(tag.to_le_bytes());
        self.0.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
        self.0.extend(data);
        self.0.extend(sum.to_le_bytes());
    }
}

/// A property list of these types, identifiers and values.
pub fn list(properties: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut out = u32::try_from(properties.len()).expect("few").to_le_bytes().to_vec();
    for (kind, id, value) in properties {
        out.extend(kind.to_le_bytes());
        out.extend(id.to_le_bytes());
        if *id >= 0x8000 {
            // A named property: its set, "by number", the number.
            out.extend([7; 16]);
            out.extend([0; 8]);
        }
        if matches!(kind, 0x1e | 0x1f | 0x102 | 0x0d) {
            out.extend(1u32.to_le_bytes());
            out.extend(u32::try_from(value.len()).expect("short").to_le_bytes());
        }
        out.extend(*value);
        out.extend(vec![0; value.len().wrapping_neg() & 3]);
    }
    out
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn stream() -> Vec<u8> {
    let mut stream = Stream::new();
    stream.add(1, BODY, b"Dobr\xfd de\xf2,\r\n\x9eiadam\0");
    stream.add(1, MESSAGE_PROPERTIES, &list(&[(0x03, 0x8001, &[1, 0, 0, 0]), (0x0b, 0x0e1f, &[1, 0, 0, 0])]));
    stream.add(2, ATTACHMENT_BEGINS, &[0; 14]);
    stream.add(2, ATTACHMENT_TITLE, b"FAKTRA~1.PDF\0");
    stream.add(2, ATTACHMENT_DATA, b"%PDF");
    stream.add(
        2,
        ATTACHMENT_PROPERTIES,
        &list(&[(0x1f, 0x3707, &utf16("Faktúra č. 7 – november.pdf")), (0x1e, 0x370e, b"application/PDF\0")]),
    );
    stream.add(2, ATTACHMENT_BEGINS, &[0; 14]);
    stream.add(2, ATTACHMENT_TITLE, b"\x9eltk\xfd.txt\0");
    stream.add(2, ATTACHMENT_PROPERTIES, &list(&[(0x102, 0x3701, b"abc"), (0x1e, 0x3712, b"<c1@x.example>\0")]));
    stream.0
}

#[test]
fn files_and_text_are_taken_out() {
    let bytes = stream();
    let found = unpack(&bytes, Hint::default()).expect("a stream");
    assert!(!found.broken);
    assert_eq!(found.text.as_deref(), Some("Dobrý deň,\r\nžiadam"));
    let [invoice, other] = &found.files[..] else { panic!("{:?}", found.files) };
    assert_eq!(
        (invoice.name.as_deref(), invoice.media_type.as_str(), invoice.bytes),
        (Some("Faktúra č. 7 – november.pdf"), "application/pdf", &b"%PDF"[..])
    );
    assert_eq!(
        (other.name.as_deref(), other.cid.as_deref(), other.bytes),
        (Some("žltký.txt"), Some("c1@x.example"), &b"abc"[..])
    );
}

#[test]
fn html_wins_over_rtf_and_an_attached_message_stays_whole() {
    let mut stream = Stream::new();
    let page = 65001u32.to_le_bytes();
    stream.add(1, MESSAGE_PROPERTIES, &list(&[(0x03, 0x3fde, &page), (0x102, 0x1013, "<p>žiadam</p>".as_bytes())]));
    stream.add(2, ATTACHMENT_BEGINS, &[0; 14]);
    let object =
        [&[0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46][..], &SIGNATURE.to_le_bytes()].concat();
    stream.add(2, ATTACHMENT_PROPERTIES, &list(&[(0x1f, 0x3001, &utf16("Re: Tlač")), (0x0d, 0x3701, &object)]));
    let found = unpack(&stream.0, Hint::default()).expect("a stream");
    assert_eq!((found.html.as_deref(), found.text), (Some("<p>žiadam</p>"), None));
    assert_eq!(found.files.len(), 1);
    assert_eq!(
        (found.files[0].name.as_deref(), found.files[0].media_type.as_str(), found.files[0].bytes),
        (Some("Re: Tlač"), "application/ms-tnef", &SIGNATURE.to_le_bytes()[..])
    );
}

#[test]
fn every_cut_of_a_stream_is_read_and_named() {
    let bytes = stream();
    assert!(unpack(b"PK\x03\x04", Hint::default()).is_none());
    let mut whole = 0;
    for end in 6..bytes.len() {
        let found = unpack(&bytes[..end], Hint::default()).expect("a stream");
        whole += usize::from(!found.broken);
    }
    // Only between two attributes does a cut look like an end.
    assert_eq!(whole, 11);
}
