//! Providers at whose domains everybody can have an address: such a domain says nothing of somebody's employer.

/// Their domains.
const DOMAINS: &[&str] = &[
    // world
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "googlemail.com",
    "hey.com",
    "icloud.com",
    "mac.com",
    "mail.com",
    "me.com",
    "msn.com",
    "pm.me",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "rocketmail.com",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "yandex.com",
    "ymail.com",
    "zohomail.eu",
    "zoho.com",
    // sk, cs
    "atlas.cz",
    "atlas.sk",
    "azet.sk",
    "centrum.cz",
    "centrum.sk",
    "chello.sk",
    "email.cz",
    "inmail.sk",
    "orangemail.sk",
    "pobox.sk",
    "post.cz",
    "post.sk",
    "quick.cz",
    "seznam.cz",
    "spoluziaci.sk",
    "stonline.sk",
    "szm.sk",
    "tiscali.cz",
    "volny.cz",
    "zoznam.sk",
    // sl, hr
    "amis.net",
    "inet.hr",
    "net.hr",
    "siol.net",
    "t-2.net",
    "t.ht.hr",
    "vip.hr",
    "volja.net",
    "zg.t-com.hr",
    // de, at, ch
    "aon.at",
    "arcor.de",
    "bluewin.ch",
    "chello.at",
    "freenet.de",
    "mailbox.org",
    "online.de",
    "posteo.de",
    "t-online.de",
    "web.de",
    // around
    "citromail.hu",
    "freemail.hu",
    "interia.pl",
    "libero.it",
    "mail.ru",
    "o2.pl",
    "onet.pl",
    "op.pl",
    "orange.fr",
    "poczta.onet.pl",
    "wp.pl",
    "yandex.ru",
];

/// Those that have a domain in many countries: `yahoo.de`, `hotmail.co.uk`.
const EVERYWHERE: &[&str] = &["gmx", "hotmail", "live", "outlook", "yahoo"];

/// Whether everybody can have an address there. `domain` in lower case.
pub fn is_free_mail(domain: &str) -> bool {
    let (first, rest) = domain.split_once('.').unwrap_or((domain, ""));
    let country =
        |rest: &str| matches!(rest, "com" | "net" | "eu") || rest.rsplit('.').next().is_some_and(|l| l.len() == 2);
    DOMAINS.contains(&domain) || (EVERYWHERE.contains(&first) && country(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_known_and_firms_are_not_taken_for_them() {
        for provider in ["gmail.com", "azet.sk", "seznam.cz", "siol.net", "net.hr", "gmx.at", "hotmail.co.uk", "web.de"]
        {
            assert!(is_free_mail(provider), "{provider}");
        }
        for firm in ["firma.example", "gmail.firma.example", "live.firma.example", "mygmail.com", "outlook.agency"] {
            assert!(!is_free_mail(firm), "{firm}");
        }
    }
}
