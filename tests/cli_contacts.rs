//! `contact` by the real program on a real database.

mod cli_support;

use cli_support::{Bench, fill};
use serde_json::{Value, json};

const GOOD: &str = "email;organisation;manager;name;language\n\
                    @firma.example;Firma;technical;;sk\n\
                    jan@firma.example;Firma;;Ján Novák;\n\
                    eva@other.example;;jana;=Eva;de\n";

#[test]
fn contacts_are_imported_once_and_come_back() {
    let bench = Bench::new();
    std::fs::write(bench.path("people.csv"), GOOD).expect("is written");
    let dry = bench.run(&["contact", "import", "people.csv", "--dry-run"]).text();
    assert_eq!(dry, "2 contacts and 1 organisation could be imported from people.csv\n");
    assert!(!bench.path("state").exists());
    let text = bench.run(&["contact", "import", "people.csv"]).text();
    assert_eq!(text, "Imported 2 contacts and 1 organisation: 3 added, 0 updated, 0 unchanged\n");
    let text = bench.run_with(&["contact", "import", "-"], GOOD.replace("Ján Novák", "Ján N.").as_bytes()).text();
    assert_eq!(text, "Imported 2 contacts and 1 organisation: 0 added, 1 updated, 2 unchanged\n");

    let listed = bench.run(&["contact", "list", "--json"]).json();
    let eva = json!({
        "email": "eva@other.example", "name": "=Eva", "organisation": null, "manager": "jana", "language": "de",
        "sla": null, "priority": null, "note": null, "provenAt": null,
    });
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], eva);

    let csv = bench.run(&["contact", "export"]).text();
    assert!(csv.contains("\"'@firma.example\"") && csv.contains("\"'=Eva\""), "{csv}");
    let other = Bench::new();
    let text = other.run_with(&["contact", "import", "-"], csv.as_bytes()).text();
    assert_eq!(text, "Imported 2 contacts and 1 organisation: 3 added, 0 updated, 0 unchanged\n");
    assert_eq!(other.run(&["contact", "list", "--json"]).json(), listed);
    assert_eq!(other.run(&["contact", "export"]).text(), csv);
}

#[test]
fn nothing_is_imported_with_a_bad_row_unless_asked_for() {
    let bench = Bench::new();
    let text = "email,manager\njan@firma.example,jana\n@gmail.com,\neva@firma.example,petr\n";
    let ran = bench.run_with(&["contact", "import", "-"], text.as_bytes());
    ran.refused(65, "2 bad rows in standard input: nothing was imported");
    assert!(
        ran.stderr.contains("standard input: line 3: Everybody can have an address at gmail.com"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("line 4: The manager \"petr\""), "{}", ran.stderr);
    assert!(bench.run(&["contact", "list"]).text().is_empty());

    let ran = bench.run_with(&["contact", "import", "-", "--skip-bad"], text.as_bytes());
    assert_eq!(ran.text(), "Imported 1 contact and 0 organisations: 1 added, 0 updated, 0 unchanged, 2 left out\n");
    assert!(ran.stderr.contains("line 3"));
    assert_eq!(bench.run(&["contact", "list"]).text(), "jan@firma.example\t\t\tjana\t\t\t\t\n");

    bench.run_with(&["contact", "import", "-"], b"mail,name\n").refused(65, "did you mean \"email\"?");
    bench.run(&["contact", "import", "none.csv"]).refused(65, "Cannot read none.csv");
}

#[test]
fn an_address_is_shown_with_its_organisation_and_tickets() {
    let bench = Bench::new();
    fill(&bench.store());
    bench.run_with(&["contact", "import", "-"], GOOD.as_bytes()).text();
    let [shown] = bench.run(&["contact", "show", "Jan@firma.example", "--json"]).json().try_into().expect("one");
    assert_eq!(shown["contact"]["name"], "Ján Novák");
    assert_eq!(shown["organisation"]["domains"], json!(["firma.example"]));
    assert_eq!(shown["tickets"][0]["number"], 1001);
    let text = bench.run(&["contact", "show", "jan@firma.example"]).text();
    assert!(text.contains("technical (the organisation's)") && text.contains("1001\topen"), "{text}");

    let [shown] = bench.run(&["contact", "show", "new@firma.example", "--json"]).json().try_into().expect("one");
    assert_eq!((&shown["contact"], &shown["organisation"]["name"]), (&Value::Null, &json!("Firma")));
    bench.run(&["contact", "show", "x@nowhere.example"]).refused(65, "Nothing is known of x@nowhere.example");
    bench.run(&["contact", "show", "nonsense"]).refused(65, "is not an address");
}

#[test]
fn several_addresses_of_one_person_and_several_domains_of_one_firm_are_one_row() {
    let bench = Bench::new();
    let people = "email,name,organisation\n\"@firma.example, @firma-sk.example\",,Firma\n\
                  jan@firma.example jan@doma.example,Ján Novák,Firma\n";
    let text = bench.run_with(&["contact", "import", "-"], people.as_bytes()).text();
    assert_eq!(text, "Imported 2 contacts and 1 organisation: 3 added, 0 updated, 0 unchanged\n");
    let [shown] = bench.run(&["contact", "show", "jan@doma.example", "--json"]).json().try_into().expect("one");
    assert_eq!(shown["otherAddresses"], json!(["jan@firma.example"]));
    assert_eq!(shown["organisation"]["domains"], json!(["firma-sk.example", "firma.example"]));
    assert!(bench.run(&["contact", "show", "jan@firma.example"]).text().contains("jan@doma.example"));

    let csv = bench.run(&["contact", "export"]).text();
    assert!(csv.contains("\"jan@doma.example jan@firma.example\""), "{csv}");
    let other = Bench::new();
    other.run_with(&["contact", "import", "-"], csv.as_bytes()).text();
    assert_eq!(other.run(&["contact", "export"]).text(), csv);
    // A third address, in a later import.
    other.run_with(&["contact", "import", "-"], b"email\njan@doma.example jan@tretia.example\n").text();
    let [shown] = other.run(&["contact", "show", "jan@firma.example", "--json"]).json().try_into().expect("one");
    assert_eq!(shown["otherAddresses"], json!(["jan@doma.example", "jan@tretia.example"]));

    for (bad, because) in [
        ("email\njan@a.example @b.example\n", "mixes addresses and domains"),
        ("email\njan@a.example jan@a\n", "is not an address"),
        ("email\njan@a.example\nevа@a.example jan@a.example\n", "stands in line 2 already"),
        ("email,organisation\n@a.example @gmail.com,A\n", "Everybody can have an address"),
    ] {
        let ran = bench.run_with(&["contact", "import", "-"], bad.as_bytes());
        assert!(ran.code == Some(65) && ran.stderr.contains(because), "{bad}: {}", ran.stderr);
    }
    assert_eq!(bench.run(&["contact", "list"]).text().lines().count(), 2);
}
