//! What mail programs say in their HTML: classes, ids and styles by which history, signatures and hidden text are known.

use super::tokens::Tag;

/// What a tag's class or id says of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    None,
    /// The history that the client put there.
    History,
    Signature,
    /// Everything below is history.
    Below,
}

/// Substrings of classes and ids, lower case.
const MARKS: &[(&str, Mark)] = &[
    ("gmail_quote", Mark::History),
    ("yahoo_quoted", Mark::History),
    ("yqt", Mark::History),
    ("protonmail_quote", Mark::History),
    ("tutanota_quote", Mark::History),
    ("zmail_extra", Mark::History),
    ("olk_src_body_section", Mark::History),
    ("mail_android_quote", Mark::History),
    ("quoted-reply", Mark::History),
    ("wmquote", Mark::History),
    ("moz-forward-container", Mark::History),
    ("divrplyfwdmsg", Mark::Below),
    ("appendonsend", Mark::Below),
    ("stopspelling", Mark::Below),
    ("divrpf", Mark::Below),
    ("zwchr", Mark::Below),
    ("mail-editor-reference-message-container", Mark::History),
    ("gmail_signature", Mark::Signature),
    ("moz-signature", Mark::Signature),
    ("ms-outlook-mobile-signature", Mark::Signature),
    ("protonmail_signature_block", Mark::Signature),
    ("applemailsignature", Mark::Signature),
    ("mailbird_signature", Mark::Signature),
];

/// Reads a tag's class and id.
pub fn mark(tag: &Tag<'_>) -> Mark {
    if !["div", "span", "blockquote", "hr", "p", "table", "td"].iter().any(|n| tag.is(n)) {
        return Mark::None;
    }
    for attribute in ["class", "id", "data-marker"] {
        let Some(value) = tag.attribute(attribute) else { continue };
        let value = value.to_ascii_lowercase();
        if let Some((_, mark)) = MARKS.iter().find(|(word, _)| value.contains(word)) {
            return *mark;
        }
        if attribute == "id" && (value == "signature" || value == "x_signature") {
            return Mark::Signature;
        }
    }
    Mark::None
}

/// The style attribute in lower case without white space, ended by `;`.
pub fn style(tag: &Tag<'_>) -> String {
    let mut style = tag.attribute("style").unwrap_or_default().to_ascii_lowercase();
    style.truncate(style.floor_char_boundary(4096));
    style.retain(|c| !c.is_whitespace());
    style.push(';');
    style
}

/// Whether nobody sees the element: preheaders and tracking text.
pub fn hidden(style: &str) -> bool {
    [
        "display:none",
        "mso-hide:all",
        "visibility:hidden",
        "font-size:0;",
        "font-size:0px",
        "max-height:0;",
        "max-height:0px",
        "opacity:0;",
    ]
    .iter()
    .any(|s| style.contains(s))
}

/// A border or rule drawn above: Outlook's divider between answer and history.
pub fn border_above(style: &str) -> bool {
    style.contains("border-top:solid") || style.contains("border-top:1px") || style.contains("border-top:1pt")
}

/// Paragraphs that are lines: Word's `MsoNormal`, and those without margins.
pub fn tight(tag: &Tag<'_>, style: &str) -> bool {
    let class = tag.attribute("class").unwrap_or_default();
    class.contains("Mso")
        || style.contains("margin:0")
        || style.contains("margin-top:0")
        || style.contains("margin-bottom:0")
}

/// Whether a blockquote quotes: some editors use it to indent.
pub fn quotes(tag: &Tag<'_>, style: &str) -> bool {
    if tag.attribute("type").is_some_and(|t| t.eq_ignore_ascii_case("cite"))
        || tag.attribute("cite").is_some()
        || tag.attribute("class").is_some_and(|c| c.contains("quote"))
    {
        return true;
    }
    !(style.contains("border:none") || style.contains("border:0") || style.contains("margin:00040px"))
}

/// Whether a declaration marks its text as with a pen.
fn highlighted(declaration: &str) -> bool {
    const PENS: [&str; 6] = ["yellow", "lime", "aqua", "#ffff00", "#ff0", "rgb(255,255,0)"];
    let background = declaration.strip_prefix("background-color:").or_else(|| declaration.strip_prefix("background:"));
    background.is_some_and(|colour| PENS.contains(&colour)) || declaration.starts_with("mso-highlight:")
}

/// Whether the text has a colour that somebody chose: red, blue, green, and not black, grey or a dark shade.
pub fn coloured(tag: &Tag<'_>, style: &str) -> bool {
    let attribute = tag.attribute("color").filter(|_| tag.is("font")).map(str::to_ascii_lowercase);
    let declared = style.split(';').find_map(|d| d.strip_prefix("color:")).map(str::to_owned);
    if style.split(';').any(highlighted) {
        return true;
    }
    let Some(colour) = declared.or(attribute) else { return false };
    let colour = colour.trim();
    if ["red", "blue", "green", "purple", "magenta", "orange", "fuchsia"].contains(&colour) {
        return true;
    }
    let channels: Vec<u32> = match (colour.strip_prefix('#'), colour.strip_prefix("rgb(")) {
        (Some(hex), _) if hex.len() == 6 && hex.is_ascii() => {
            (0..3).filter_map(|i| u32::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect()
        }
        (_, Some(list)) => list.trim_end_matches(')').split(',').filter_map(|c| c.parse().ok()).collect(),
        _ => return false,
    };
    match (channels.iter().max(), channels.iter().min()) {
        // Word's and Outlook's own dark blues stay below.
        (Some(max), Some(min)) => max - min >= 112,
        _ => false,
    }
}
