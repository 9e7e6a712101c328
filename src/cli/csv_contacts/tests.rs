//! Contacts as spreadsheets write them.

use proptest::prelude::*;

use super::*;
use crate::cli::test_desk::policy;

fn sheet(text: &str) -> Sheet {
    read(text.as_bytes(), &policy(), &[]).expect("the header is fine")
}

fn reasons(sheet: &Sheet) -> Vec<String> {
    sheet.bad.iter().map(ToString::to_string).collect()
}

#[test]
fn columns_come_in_any_order_and_case() {
    let sheet = sheet("Name, EMAIL ,priority\nJán Novák,Jan@Firma.example,High\n,eva@firma.example,\n\n");
    assert_eq!(reasons(&sheet), Vec::<String>::new());
    let [jan, eva] = sheet.contacts.as_slice() else { panic!("two contacts: {sheet:?}") };
    assert_eq!((jan.email.as_str(), jan.name.as_deref()), ("jan@firma.example", Some("Ján Novák")));
    assert_eq!(jan.priority, Some(Priority::High));
    assert_eq!((eva.name.as_deref(), eva.priority), (None, None));
}

#[test]
fn excel_writes_semicolons_marks_and_windows_1250() {
    let plain = "email;name;organisation\njan@firma.example;\"Ján; Ľ. Šťastný\";Žilina s.r.o.\n";
    let marked = format!("\u{feff}{plain}");
    let said = format!("sep=;\r\n{}", plain.replace('\n', "\r\n"));
    let (cp1250, _, lossy) = encoding_rs::WINDOWS_1250.encode(plain);
    assert!(!lossy);
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(plain.replace(';', "\t").replace("Ján\t", "Ján;").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, read_as) in [
        (plain.as_bytes(), None),
        (marked.as_bytes(), None),
        (said.as_bytes(), None),
        (&cp1250, Some("windows-1250")),
        (&utf16, None),
    ] {
        let sheet = read(bytes, &policy(), &[]).expect("is read");
        assert_eq!(reasons(&sheet), Vec::<String>::new());
        assert_eq!(sheet.read_as, read_as);
        let contact = sheet.contacts.first().expect("one contact");
        assert_eq!(contact.name.as_deref(), Some("Ján; Ľ. Šťastný"));
        assert_eq!(contact.organisation.as_deref(), Some("Žilina s.r.o."));
    }
}

#[test]
fn a_header_that_is_not_ours_is_refused_with_the_nearest_column() {
    let refused = |text: &str| read(text.as_bytes(), &policy(), &[]).expect_err("is refused");
    let columns = "(columns are: email, name, organisation, manager, language, sla, priority, note)";
    assert_eq!(
        refused("email,organization\n"),
        format!("Unknown column \"organization\"; did you mean \"organisation\"? {columns}")
    );
    assert_eq!(refused("email,shoe size\n"), format!("Unknown column \"shoe size\" {columns}"));
    assert_eq!(refused("name,note\n"), format!("The column \"email\" is missing {columns}"));
    assert_eq!(refused("email,name,Email\n"), "The column \"email\" is there twice");
    assert!(refused("jan@firma.example,Jan\n").starts_with("The first line must be the header: email, name"));
    assert!(refused("").contains("\"email\" is missing"));
    assert!(refused("PK\u{3}\u{4}\0\0").contains("not a CSV file"));
}

#[test]
fn every_bad_row_is_named_by_its_line() {
    let sheet = sheet(
        "email,name,organisation,manager,language,priority\n\
         jan@firma.example,\"two\nlines\",,jana,sk,\n\
         not an address,,,,,\n\
         eva@firma.example,,,petr,,\n\
         eva@firma.example,,,,xx,\n\
         eva@firma.example,,,,,asap\n\
         eva@firma.example,,\n\
         JAN@firma.example,,,,,\n\
         ,Nobody,,,,\n\
         podpora+x@acme.example,,,,,\n\
         ok@firma.example,,,Technical,en-GB,\n",
    );
    assert_eq!(
        reasons(&sheet),
        [
            "line 4: \"not an address\" is not an address that mail can be sent to: Not exactly one \"@\"",
            "line 5: The manager \"petr\" is neither an agent nor a group of the configuration; did you mean \"peter\"? \
             (known are: jana, peter, technical)",
            "line 6: Unknown language \"xx\" (known are: sk, cs, sl, hr, en, de)",
            "line 7: Unknown priority \"asap\" (known are: low, normal, high, urgent)",
            "line 8: It has 3 fields, the header has 6; is a separator or a quote missing?",
            "line 9: jan@firma.example stands in line 2 already",
            "line 10: The email is missing",
            "line 11: podpora+x@acme.example is an address of the desk itself (mailbox \"support\")",
        ]
    );
    let taken: Vec<_> = sheet.contacts.iter().map(|c| (c.email.as_str(), c.manager.as_deref())).collect();
    assert_eq!(taken, [("jan@firma.example", Some("jana")), ("ok@firma.example", Some("technical"))]);
    assert_eq!(sheet.contacts.first().and_then(|c| c.name.as_deref()), Some("two lines"));
}

#[test]
fn rows_of_domains_make_one_organisation() {
    let sheet = sheet(
        "email,organisation,manager,sla\n\
         @Firma.example,Firma s.r.o.,jana,gold\n\
         @firma-sk.example,FIRMA S.R.O.,,\n\
         jan@firma.example,firma s.r.o.,,\n\
         @other.example,Firma s.r.o.,peter,\n\
         @gmail.com,Firma s.r.o.,,\n\
         @nowhere,Firma s.r.o.,,\n\
         @unnamed.example,,,\n",
    );
    let [firma] = sheet.organisations.as_slice() else { panic!("one organisation: {sheet:?}") };
    assert_eq!(firma.name, "Firma s.r.o.");
    assert_eq!(firma.domains, ["firma.example", "firma-sk.example"]);
    assert_eq!((firma.manager.as_deref(), firma.sla.as_deref()), (Some("jana"), Some("gold")));
    assert_eq!(sheet.contacts.first().and_then(|c| c.organisation.as_deref()), Some("Firma s.r.o."));
    let lines: Vec<_> = sheet.bad.iter().map(|b| b.line).collect();
    assert_eq!(lines, [5, 6, 7, 8]);
    let reasons = reasons(&sheet).join("\n");
    for part in ["has another manager", "Everybody can have an address at gmail.com", "is no domain", "needs the name"]
    {
        assert!(reasons.contains(part), "{part} is missing in\n{reasons}");
    }
}

#[test]
fn a_domain_on_file_stays_with_its_organisation() {
    let known =
        [Organisation { name: "Firma".into(), domains: vec!["firma.example".into()], ..Organisation::default() }];
    let text = "email,organisation\n@firma.example,Other\n@firma.example,FIRMA\n";
    let sheet = read(text.as_bytes(), &policy(), &known).expect("is read");
    assert_eq!(reasons(&sheet), ["line 2: The domain firma.example belongs to \"Firma\" already"]);
    assert_eq!(sheet.organisations, known);
}

#[test]
fn no_field_is_a_formula_and_all_come_back() {
    let contact = Contact {
        name: Some("@SUM(A1)".into()),
        organisation: Some("-2+3".into()),
        language: Some(Language::Hr),
        sla: Some("+gold".into()),
        priority: Some(Priority::Low),
        note: Some("=cmd|' /C calc'!A0; \"quoted\",\nnext".into()),
        ..Contact::of(AddrSpec::parse("=1+1@firma.example").expect("valid"))
    };
    let organisations = [Organisation {
        name: "-2+3".into(),
        domains: vec!["firma.example".into()],
        manager: Some("jana".into()),
        ..Organisation::default()
    }];
    let text = write(std::slice::from_ref(&contact), &organisations, |_| Vec::new()).expect("is written");
    let mut raw = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
    for record in raw.records() {
        for field in &record.expect("is CSV") {
            assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field:?} is a formula");
        }
    }
    let back = read(&text, &policy(), &[]).expect("is read");
    assert_eq!(reasons(&back), Vec::<String>::new());
    assert_eq!(back.contacts, [contact]);
    assert_eq!(back.organisations, organisations);
}

proptest! {
    #[test]
    fn a_shielded_field_comes_back(field in "['=+@\\-\t\ra]{0,4}.{0,8}") {
        let shielded = shield(&field);
        prop_assert!(!shielded.starts_with(['=', '+', '-', '@', '\t', '\r']));
        prop_assert_eq!(unshield(&shielded), field);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[b"email,name\n", bytes.as_slice()].concat(), &policy(), &[]);
        let _ = read(&bytes, &policy(), &[]);
    }
}
