//! What Postfix takes, refuses, defers and demands.

use std::sync::Arc;
use std::time::Duration;

use postdesk::config::SecretSource;
use postdesk::model::outgoing::{Attempt, OutboxState, SmtpReply, Template};
use postdesk::outbox::{Secret, SmtpError, SmtpSettings, Tls};

use crate::support::outbox_store::OutboxStore;
use crate::support::postfix::{GREYLISTED, PASSWORD, Postfix, UNKNOWN, USER};
use crate::{MAIL, deliver, last_end, now, one_mail, quick, reply, settings};

fn with_login(postfix: &Postfix, port: u16, tls: Tls) -> SmtpSettings {
    SmtpSettings {
        user: Some(USER.to_owned()),
        password: Some(Secret::Text(PASSWORD.to_owned())),
        ca_file: Some(postfix.ca_file()),
        ..settings(port, tls)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postfix_takes_five_hundred_mails_over_four_connections_each_once_and_unchanged() {
    let postfix = Postfix::start();
    let store = Arc::new(OutboxStore::default());
    let body = |i: usize| [MAIL, format!("Number {i}\r\n").as_bytes()].concat();
    for i in 0..500 {
        store.queue(Template::Answer, &format!("customer{i}@inbox.example"), &body(i), now());
    }
    let report = deliver(&store, settings(postfix.plain, Tls::None)).await;
    assert_eq!((report.accepted, report.deferred, report.failed.len()), (500, 0, 0), "{:?}", report.trouble);
    assert!(store.rows().iter().all(|row| row.state == OutboxState::Sent && row.noted == 1 && row.attempts == 1));

    let mut delivered = postfix.await_delivered(500);
    assert_eq!(delivered.len(), 500, "none was delivered twice");
    delivered.sort_by(|a, b| a.delivered_to.cmp(&b.delivered_to));
    let mut sent: Vec<_> = (0..500).map(|i| (format!("customer{i}@inbox.example"), body(i))).collect();
    sent.sort();
    for (got, (to, bytes)) in delivered.iter().zip(&sent) {
        assert_eq!(&got.delivered_to, to);
        assert_eq!(got.return_path, "<desk@acme.example>");
        assert_eq!(String::from_utf8_lossy(&got.bytes), String::from_utf8_lossy(bytes));
    }
    assert!((1..=4).contains(&postfix.connections()), "{} connections", postfix.connections());
}

#[tokio::test]
async fn postfix_takes_mail_over_starttls_and_implicit_tls_with_login() {
    let postfix = Postfix::start();
    for (port, tls) in [(postfix.submission, Tls::StartTls), (postfix.smtps, Tls::Implicit)] {
        let (store, id) = one_mail();
        let report = deliver(&store, with_login(&postfix, port, tls)).await;
        assert_eq!(report.accepted, 1, "{tls:?}: {:?} {:?}", report.trouble, last_end(&store, id));
        let ability = postdesk::outbox::probe(&with_login(&postfix, port, tls)).await.expect("the server answers");
        assert!(ability.encrypted && ability.authenticated && ability.eight_bit);
        assert_eq!(ability.size_max, Some(2_000_000));
    }
    assert_eq!(postfix.await_delivered(2).len(), 2);
}

#[tokio::test]
async fn a_wrong_password_defers_the_mail_and_tells_the_operator() {
    let postfix = Postfix::start();
    let (store, id) = one_mail();
    let file = tempfile::NamedTempFile::new().expect("scratch file");
    std::fs::write(file.path(), "wrong\n").expect("written");
    let login = SmtpSettings {
        password: Some(Secret::Configured(SecretSource::File(file.path().to_owned()))),
        ..with_login(&postfix, postfix.submission, Tls::StartTls)
    };
    let report = deliver(&store, login.clone()).await;
    assert!(matches!(report.trouble, Some(SmtpError::Login { .. })), "{:?}", report.trouble);
    assert!(matches!(last_end(&store, id), Attempt::Deferred(SmtpReply { code: 535, .. })));
    assert_eq!(store.row(id).state, OutboxState::Deferred, "a login is no mail's fault");
    assert!(store.row(id).next.is_some_and(|next| next >= now() + Duration::from_secs(300)), "not soon: it may lock");

    // The file is read anew at the next connection.
    std::fs::write(file.path(), format!("{PASSWORD}\n")).expect("written");
    assert!(postdesk::outbox::probe(&login).await.expect("logs in").authenticated);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_mail_and_no_password() {
    let postfix = Postfix::start();
    for (port, tls) in [(postfix.submission, Tls::StartTls), (postfix.smtps, Tls::Implicit)] {
        let (store, id) = one_mail();
        let report = deliver(&store, SmtpSettings { ca_file: None, ..with_login(&postfix, port, tls) }).await;
        let trouble = report.trouble.expect("told");
        assert!(matches!(trouble, SmtpError::Tls { .. }), "{trouble}");
        assert!(trouble.to_string().contains("outgoing.smtp.ca_file"), "{trouble}");
        assert!(matches!(last_end(&store, id), Attempt::Deferred(_)));
    }
    // The certificate is made out to localhost and 127.0.0.1, not to every name of this machine.
    let other = SmtpSettings { host: "127.0.0.2".into(), ..with_login(&postfix, postfix.smtps, Tls::Implicit) };
    assert!(postdesk::outbox::probe(&other).await.is_err());
    assert!(!postfix.log().contains("sasl_username"), "the password left\n{}", postfix.log());
}

#[tokio::test]
async fn a_server_that_wants_a_login_is_trouble_and_no_refusal_of_the_mail() {
    let postfix = Postfix::start();
    let (store, id) = one_mail();
    let login = with_login(&postfix, postfix.submission, Tls::StartTls);
    let report = deliver(&store, SmtpSettings { user: None, password: None, ..login }).await;
    assert_eq!(store.row(id).state, OutboxState::Deferred, "{:?} {:?}", report.trouble, last_end(&store, id));
    assert!(reply(&last_end(&store, id)).text.contains("set outgoing.smtp.user"), "{:?}", last_end(&store, id));
}

#[tokio::test]
async fn a_refused_and_a_deferred_recipient_hold_up_nobody() {
    let postfix = Postfix::start();
    let store = Arc::new(OutboxStore::default());
    let queue = |to: &str| store.queue(Template::NotifyNew, to, MAIL, now());
    let unknown = queue(UNKNOWN);
    let greylisted = queue(GREYLISTED);
    let good: Vec<i64> = (0..20).map(|i| queue(&format!("agent{i}@inbox.example"))).collect();
    let report = deliver(&store, SmtpSettings { connections: 1, ..settings(postfix.plain, Tls::None) }).await;
    assert_eq!((report.accepted, report.deferred, report.failed.len()), (20, 1, 1), "{:?}", report.trouble);
    assert_eq!(report.failed[0].id, unknown);
    assert!(good.iter().all(|&id| store.row(id).state == OutboxState::Sent));
    let Attempt::Rejected(refusal) = last_end(&store, unknown) else { panic!("{:?}", last_end(&store, unknown)) };
    assert_eq!((refusal.code, refusal.enhanced.as_deref()), (550, Some("5.1.1")));
    assert!(refusal.text.contains("No such user here"), "{refusal:?}");
    assert_eq!(store.row(unknown).next, None);
    let Attempt::Deferred(later) = last_end(&store, greylisted) else { panic!("{:?}", last_end(&store, greylisted)) };
    assert_eq!((later.code, later.enhanced.as_deref()), (450, Some("4.2.1")));
    assert!(store.row(greylisted).next.is_some_and(|next| next > now() && next < now() + Duration::from_secs(70)));
    assert_eq!(postfix.connections(), 1, "a refusal does not cost the connection");
    assert_eq!(postfix.await_delivered(20).len(), 20);
}

#[tokio::test]
async fn a_mail_larger_than_the_server_takes_is_refused_before_it_is_sent() {
    let postfix = Postfix::start();
    let store = Arc::new(OutboxStore::default());
    let large =
        [MAIL, b"0123456789012345678901234567890123456789012345678901234567890123456789\r\n".repeat(30_000).as_slice()]
            .concat();
    let id = store.queue(Template::Answer, "jan@inbox.example", &large, now());
    deliver(&store, settings(postfix.plain, Tls::None)).await;
    let Attempt::Rejected(refusal) = last_end(&store, id) else { panic!("{:?}", last_end(&store, id)) };
    assert!(refusal.text.contains("2000000"), "{refusal:?}");
}

#[tokio::test]
async fn the_wrong_port_for_the_tls_is_said_as_what_it_is() {
    let postfix = Postfix::start();
    let probe = async |port, tls| {
        let settings = SmtpSettings { limits: quick(), ..with_login(&postfix, port, tls) };
        postdesk::outbox::probe(&settings).await.expect_err("cannot work").to_string()
    };
    let said = probe(postfix.plain, Tls::Implicit).await;
    assert!(said.contains("check outgoing.smtp.port and tls"), "{said}");
    let said = probe(postfix.smtps, Tls::StartTls).await;
    assert!(said.contains("No answer") && said.contains("check outgoing.smtp.port and tls"), "{said}");
    let said = probe(postfix.plain, Tls::None).await;
    assert!(said.contains("offers no way to log in") && said.contains("starttls"), "{said}");
}
