//! Signatures that hold, on mails that they do not prove.

use postdesk::model::facts::{Believed, Sender};

use super::RECEIVED;
use super::dns::Dns;
use super::fixture::policy;
use super::pipeline::{checked, state};
use super::signing::{self, Rsa, sign, signed, signer};

/// Signatures that hold, on mails that they do not prove.
#[test]
fn no_borrowed_signature_proves_another_author() {
    let key = Rsa::shared();
    let dns = Dns::start(&[
        ("s1._domainkey.firma.example", &key.record),
        ("s1._domainkey.zlo.example", &key.record),
        ("_dmarc.firma.example", "v=DMARC1; p=reject"),
        ("_dmarc.zlo.example", "v=DMARC1; p=none"),
    ]);
    let authenticator = dns.authenticator();
    let genuine = sign(&signing::mail("jan@firma.example"), "firma.example", "s1");
    let as_zlo = |mail: &str| sign(mail, "zlo.example", "s1");
    let unsigned = signing::mail("jan@firma.example");
    let uncovered = signed(&unsigned, &signer(key.key(), "firma.example", "s1", &["To", "Subject", "Date"]));
    let mails: Vec<String> = vec![
        unsigned.clone(),
        as_zlo(&unsigned),
        as_zlo(&as_zlo(&unsigned)),
        as_zlo(&unsigned).replace("d=zlo.example", "d=firma.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=firma.example.zlo.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=zlo.example; d=firma.example"),
        as_zlo(&unsigned).replace("d=zlo.example", "d=zlo.example; i=jan@firma.example"),
        uncovered.replace("jan@firma.example", "sef@firma.example"),
        uncovered,
        genuine.replace("jan@firma.example", "sef@firma.example"),
        genuine.replacen("From: jan@", "From: sef@", 1),
        genuine.replacen("faktúra", "záloha", 1),
        genuine.replacen("Subject: ", "Subject: Storno ", 1),
        format!("From: sef@firma.example\r\n{genuine}"),
        genuine.replacen("From: jan@firma.example\r\n", "From: jan@firma.example\r\nFrom: sef@firma.example\r\n", 1),
        format!(" From: sef@firma.example\r\n{genuine}"),
        format!("From : sef@firma.example\r\n{genuine}"),
        format!("From: <sef@firma.example>\r{genuine}"),
        genuine.replacen("From: jan@firma.example", "From: jan@firma.example, sef@firma.example", 1),
        genuine.replacen("From: jan@firma.example", "From: sef@firma.example <jan@firma.example>", 1),
        genuine.replacen("From: jan@firma.example", "Sender: jan@firma.example\r\nFrom: sef@firma.example", 1),
        genuine.replacen("s=s1", "s=s2", 1),
        genuine.replacen("rsa-sha256", "rsa-sha1", 1),
        genuine.replacen("rsa-sha256", "ed25519-sha256", 1),
        genuine.replacen("bh=", "l=0; bh=", 1),
        genuine.replacen("bh=", "x=1; bh=", 1),
    ];
    for mail in mails {
        for head in ["", RECEIVED] {
            if mail.starts_with(' ') && !head.is_empty() {
                continue; // a part of the line above it, and the rest is the genuine mail
            }
            let mail = format!("{head}{mail}");
            let got = checked(mail.as_bytes(), &policy(), &authenticator);
            assert_ne!(got.authenticity.believed, Believed::Verified, "{mail}\n{:#?}", got.authenticity);
        }
    }
    let got = checked(format!("{RECEIVED}{genuine}").as_bytes(), &policy(), &authenticator);
    assert_eq!(state(&got), "verified strong", "{:#?}", got.authenticity);
    // What a list adds without covering it changes nobody's identity.
    let added = format!("Reply-To: utok@zlo.example\r\nSender: utok@zlo.example\r\n{genuine}");
    let got = checked(added.as_bytes(), &policy(), &authenticator);
    assert_eq!((state(&got), got.sender), ("verified strong".to_owned(), Sender::Stranger));
}
