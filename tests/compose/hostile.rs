//! Whatever strangers write, it stays a value: nothing of it becomes a field, a part or a line of the mail's own.

use postdesk::model::outgoing::{Template, Value};
use postdesk::model::{AddrSpec, Address, Draft, Language};
use proptest::prelude::*;

use crate::desk::{attachment, draft, mail, ticket};
use crate::sound::hold;

/// What strangers put into names, subjects and texts.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(vec![
        "\r\nBcc: evil@attacker.example",
        "\n\n<html>",
        "\r",
        "\0",
        "=?utf-8?q?a=0D=0ABcc:_x@attacker.example?=",
        "=\u{200b}?utf-8?q?a=0D=0ABcc:_x@attacker.example?=",
        "\u{202e}gpj.exe",
        "\u{feff}\u{200b}",
        "\" <evil@attacker.example>",
        "\\\"",
        "[ACME-1042-00000000]",
        "Re: Re: ",
        "../../etc/passwd",
        "\r\n.\r\n",
        "--=_00000000000000000000000000000000\r\n",
        "{{ desk }}{% raw %}",
        "Žltý kôň, ďakujem",
        "日本語の長い件名です",
        "👩‍🔧",
        "a@b.example, c@d.example",
    ]);
    proptest::collection::vec(
        prop_oneof![nasty.prop_map(str::to_owned), "\\PC{0,30}", "[\\x00-\\x7f]{0,90}", "[a-z]{0,300}"],
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_the_input_becomes_structure(
        (name, subject, text, id, file) in (hostile(), hostile(), hostile(), hostile(), hostile()),
        (media_type, value, cause) in ("[a-z]{0,5}/?[a-z+.-]{0,9}|\\PC{0,9}", hostile(), hostile()),
        (template, language) in (0..Template::ALL.len(), 0..Language::ALL.len()),
    ) {
        let base = draft(Template::ALL[template], Language::ALL[language]);
        let who = Address { name: Some(name.clone()), email: base.to.email.clone() };
        let values = base.values.keys().map(|k| (*k, Value::Text(value.clone()))).collect();
        let hostile = Draft {
            ticket: base.ticket.as_ref().map(|_| ticket(&subject, who.clone())),
            to: who.clone(),
            cc: vec![Address { name: Some(name.clone()), email: "x@y.example".into() }, Address::new(Some(&name), &id)],
            author: Some(Address { name: Some(name), email: id.clone() }),
            in_reply_to: Some(id.clone()),
            references: vec![id.clone(), format!("{id}@x")],
            attachments: vec![attachment(&file, &media_type, text.as_bytes())],
            text,
            values,
            cause,
            ..base
        };
        let made = mail(hostile.clone());
        hold(&made);
        prop_assert_eq!(made, mail(hostile));
    }

    #[test]
    fn every_address_that_the_desk_writes_to_can_be_written(
        local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9_-]{1,20}){0,2}",
        domain in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z0-9])?){1,3}",
    ) {
        let email = format!("{local}@{domain}").to_ascii_lowercase();
        prop_assume!(AddrSpec::parse(&email).is_ok());
        let made = mail(Draft { to: Address::new(Some("X"), &email), ..draft(Template::Answer, Language::En) });
        prop_assert_eq!(&made.to.email, &email);
        hold(&made);
    }
}
