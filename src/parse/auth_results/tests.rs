//! Vectors of Authentication-Results: what servers write, and what forgers would like them to have written.

use super::*;
use proptest::prelude::*;

/// `id|method=result{ptype.name=value,…}|…`
fn told(value: &str) -> String {
    let read = match parse(value) {
        Ok(read) => read,
        Err(because) => return format!("void: {because}"),
    };
    let mut out = read.id.unwrap_or_else(|| "-".to_owned());
    for result in read.results {
        let properties: Vec<String> =
            result.properties.iter().map(|p| format!("{}.{}={}", p.ptype, p.name, p.value)).collect();
        out.push_str(&format!("|{}={}{{{}}}", result.method, result.result, properties.join(",")));
    }
    out
}

fn reads(value: &str, expected: &str) {
    assert_eq!(told(value), expected, "{value}");
}

fn voids(value: &str) {
    assert!(parse(value).is_err(), "{value} was read as {}", told(value));
}

#[test]
fn what_real_servers_write_is_read() {
    reads(
        "mx.google.com; dkim=pass header.i=@firma.example header.s=s1 header.b=ab/Cd+e; \
         spf=pass (google.com: domain of a@firma.example designates 1.2.3.4 as permitted sender) \
         smtp.mailfrom=a@firma.example; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=firma.example",
        "mx.google.com|dkim=pass{header.i=@firma.example,header.s=s1}|spf=pass{smtp.mailfrom=a@firma.example}\
         |dmarc=pass{header.from=firma.example}",
    );
    reads(
        "spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=firma.example; dkim=pass (signature was verified) \
         header.d=firma.example;dmarc=pass action=none header.from=firma.example;compauth=pass reason=100",
        "-|spf=pass{smtp.mailfrom=firma.example}|dkim=pass{header.d=firma.example}\
         |dmarc=pass{header.from=firma.example}|compauth=pass{}",
    );
    reads(
        "spf=none (sender IP is 192.0.2.1) smtp.helo=mail.firma.example; acme.example; dkim=none (message not signed) \
         header.d=none;acme.example; dmarc=none action=none header.from=firma.example;",
        "-|spf=none{smtp.helo=mail.firma.example}|dkim=none{header.d=none}|dmarc=none{header.from=firma.example}",
    );
    reads("mx.example; dmarc=pass(p=NONE) header.from=a.example;", "mx.example|dmarc=pass{header.from=a.example}");
    reads(
        "mx.example; spf=none smtp.mailfrom=SRS0=x/y=a@b.example smtp.remote-ip=2001:db8::1; dkim=none",
        "mx.example|spf=none{smtp.mailfrom=SRS0=x/y=a@b.example}|dkim=none{}",
    );
}

#[test]
fn strays_are_listed() {
    let read = parse("mx; dkim=pass header.d=a.example header.b=x/y; dmarc=none action=none; spf/2=pass").unwrap();
    assert_eq!(read.skipped, ["header.b=x/y", "action=none", "spf/2=pass"]);
    assert_eq!(read.results.len(), 2);
}

#[test]
fn the_grammar_is_read_whole() {
    reads("MX.Own.Example 1; DMARC=PASS Header.From=A.example", "mx.own.example|dmarc=pass{header.from=A.example}");
    reads("mx.own.example/1; dkim=none", "mx.own.example|dkim=none{}");
    reads("\"mx.own.example\" 1 ; dkim=none", "mx.own.example|dkim=none{}");
    reads("mx (our own (outer) server) ; (x) dkim (y) / (z) 1 = pass", "mx|dkim=pass{}");
    reads(
        "mx; dkim=pass reason=\"good; dmarc=pass\" header (a) . (b) d (c) = (d) a.example",
        "mx|dkim=pass{header.d=a.example}",
    );
    reads(
        "mx; auth=pass smtp.auth=\"a b; dmarc=pass header.from=x.example\" smtp.mailfrom=\"j k\"@b.example",
        "mx|auth=pass{smtp.auth=a b; dmarc=pass header.from=x.example,smtp.mailfrom=j k@b.example}",
    );
    reads("mx; none", "mx");
    reads("mx 1; NONE (nothing was checked)", "mx");
    reads("mx; dmarc=pass header.from=žiara.example", "mx|dmarc=pass{header.from=žiara.example}");
    reads("mx; dkim=fail (dmarc=pass (really\\) header.from=a) x) header.d=b", "mx|dkim=fail{header.d=b}");
}

#[test]
fn what_could_hide_or_forge_voids() {
    for value in [
        "",
        "   ",
        ";",
        "; dmarc=pass header.from=a.example",
        "(mx.own.example); dmarc=pass",
        "\"\"; dmarc=pass",
        "mx.own.example",
        "mx.own.example evil.example; dmarc=pass",
        "mx.own.example dmarc=pass header.from=a.example",
        "mx.own.example 2; dmarc=pass",
        "mx.own.example 1 2; dmarc=pass",
        "mx@own; dmarc=pass",
        "mx.own,evil; dmarc=pass",
        "\"mx.own.example; x\"; dmarc=pass",
        "mx; dkim=fail (open; dmarc=pass header.from=a.example",
        "mx; dkim=fail (nested (open); dmarc=pass header.from=a.example",
        "mx; dkim=fail) ; dmarc=pass header.from=a.example",
        "mx; dkim=fail reason=\"open; dmarc=pass header.from=a.example",
        "mx; dkim=fail reason=\"ends in a backslash\\",
        "mx; dkim=fail (ends in a backslash\\",
        "mx; dkim=pa\\ss",
        "mx; dmarc=pass\0 header.from=a.example",
        "mx; dmarc=pass (\0) header.from=a.example",
        "mx; dmarc=pass reason=\"\0\" header.from=a.example",
        "mx;\r\n dmarc=pass header.from=a.example",
        "mx; spf=pass dmarc=pass header.from=a.example",
        "mx; x=(dmarc=pass)",
        "mx; =pass",
        "mx; dmarc",
        "mx; dmarc==pass",
        "mx; spf pass smtp.mailfrom=a.example; dmarc=pass header.from=a.example",
        "mx; acme.example; dmarc=pass header.from=a.example",
        "mx; dkim=fail header.d=a.example dkim=pass header.d=a.example",
        "mx; dmarc=pass\"\" header.from=a.example",
        "mx; none; dmarc=pass header.from=a.example",
        "mx; dmarc=pass header.from=a.example; none",
    ] {
        voids(value);
    }
    voids(&format!("mx; dkim=none {}", "(x)".repeat(30_000)));
    voids(&format!("mx{}", "; dkim=none".repeat(201)));
}

#[test]
fn a_result_is_only_what_stands_where_a_result_stands() {
    for value in [
        "mx; spf=fail reason=\"dmarc=pass header.from=a.example\"",
        "mx; spf=fail (dmarc=pass header.from=a.example)",
        "mx; notdmarc=pass header.from=a.example",
        "mx; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=a.example\"@evil.example",
        "mx; x-dmarc=pass header.from=a.example",
    ] {
        let read = parse(value).expect("well formed");
        assert!(read.results.iter().all(|r| r.method != "dmarc"), "{value}");
    }
}

#[test]
fn a_malformed_deciding_value_is_kept_so_that_it_matches_nothing() {
    reads("mx; dmarc=pass header.from=a.example/b header.from=", "mx|dmarc=pass{header.from=a.example/b,header.from=}");
    reads("mx; dkim=pass header.d= header.from=x.example", "mx|dkim=pass{header.d=header.from=x.example}");
}

proptest! {
    #[test]
    fn any_text_ends_in_a_reading_or_a_reason(value in "[a-z0-9 ;=.()\\\\\"/@\u{0}-\u{20}é-]{0,120}") {
        let _ = parse(&value);
    }

    #[test]
    fn a_comment_changes_nothing(inside in "[a-z =;.()]{0,30}") {
        let balanced: String = inside.chars().filter(|c| !"()".contains(*c)).collect();
        let with = format!("mx; dkim=pass ({balanced}) header.d=a.example");
        prop_assert_eq!(parse(&with), parse("mx; dkim=pass header.d=a.example"));
    }
}
