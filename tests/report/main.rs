//! Reports: a desk whose figures were reckoned by hand, in every form of output; sums that must agree whatever the desk; and
//! the page as a browser shows it.

mod browser;
mod desk;
mod sums;

use desk::{EVIL, known_desk};
use serde_json::{Value, json};

const NOVEMBER: [&str; 4] = ["--since", "2026-11-01", "--until", "2026-11-30"];

fn section(rows: &[Value], key: &str) -> Vec<Value> {
    rows.iter()
        .filter(|row| row["section"] == key)
        .map(|row| {
            let mut row = row.clone();
            row.as_object_mut().expect("an object").remove("section");
            row
        })
        .collect()
}

#[test]
fn the_figures_are_those_reckoned_by_hand() {
    let bench = known_desk();
    let rows = bench.run(&[&["report", "--json"][..], &NOVEMBER].concat()).json();
    let totals: Vec<u64> = section(&rows, "totals").iter().map(|r| r["count"].as_u64().expect("a count")).collect();
    assert_eq!(
        totals,
        [5, 4, 1, 0, 0, 2, 1, 1, 1],
        "opened, resolved, live, offered, helped, in, by machines, answers, by the desk"
    );

    let volume = section(&rows, "volume");
    assert_eq!(volume.len(), 30, "every day of November");
    let on = |day: &str| volume.iter().find(|r| r["day"] == day).expect("the day").clone();
    assert_eq!(
        on("2026-11-02"),
        json!({"day": "2026-11-02", "opened": 1, "resolved": 1, "mailsIn": 1, "automatic": 1, "answers": 1, "byDesk": 1})
    );
    assert_eq!((&on("2026-11-03")["opened"], &on("2026-11-03")["resolved"]), (&json!(2), &json!(2)));
    assert_eq!(on("2026-11-14")["opened"], 0);

    let hours = section(&rows, "hours");
    assert_eq!((&hours[9]["hour"], &hours[9]["monday"], &hours[8]["monday"]), (&json!("09:00"), &json!(1), &json!(0)));
    assert_eq!(hours[23]["thursday"], 1, "23:30 there is 22:30 in UTC");

    let time = |what: &str, clock: &str, tickets: u64, p: [u64; 5]| {
        json!({"what": what, "clock": clock, "tickets": tickets, "p50Seconds": p[0], "p75Seconds": p[1],
               "p90Seconds": p[2], "p95Seconds": p[3], "longestSeconds": p[4]})
    };
    const H: u64 = 3600;
    let sla = "SLA standard, working time of calendar office";
    let wall = "no SLA, wall time";
    assert_eq!(
        section(&rows, "times"),
        [
            time("first response", sla, 2, [H, 5 * H, 5 * H, 5 * H, 5 * H]),
            time("first response", wall, 1, [24 * H; 5]),
            time("resolution", sla, 2, [H, 9 * H, 9 * H, 9 * H, 9 * H]),
            time("resolution", wall, 2, [48 * H, 72 * H, 72 * H, 72 * H, 72 * H]),
        ]
    );
}

#[test]
fn promises_load_and_urgency_are_those_reckoned_by_hand() {
    let bench = known_desk();
    let rows = bench.run(&[&["report", "--json"][..], &NOVEMBER].concat()).json();
    let kept = |of: &str, name: Value, respond: [Value; 3], resolve: [Value; 3]| {
        json!({of: name,
               "respondShare": respond[0], "respondKept": respond[1], "respondMissed": respond[2], "respondRunning": 0,
               "resolveShare": resolve[0], "resolveKept": resolve[1], "resolveMissed": resolve[2], "resolveRunning": 0})
    };
    let of = |share: f64, kept: u64, missed: u64| [json!(share), json!(kept), json!(missed)];
    assert_eq!(
        section(&rows, "slaByCategory"),
        [
            kept("category", json!("printing"), of(1.0, 1, 0), of(1.0, 2, 0)),
            kept("category", json!("billing"), of(0.0, 0, 1), of(0.0, 0, 1)),
        ]
    );
    assert_eq!(
        section(&rows, "slaByOrganisation"),
        [
            kept("organisation", json!("Firma"), of(0.5, 1, 1), of(0.5, 1, 1)),
            kept("organisation", Value::Null, [Value::Null, json!(0), json!(0)], of(1.0, 1, 0)),
        ]
    );
    let agent = |name: Value, n: [u64; 5], share: Value, booked: u64| {
        json!({"agent": name, "live": n[0], "opened": n[1], "resolved": n[2], "kept": n[3], "missed": n[4], "share": share,
               "bookedSeconds": booked * 60})
    };
    assert_eq!(
        section(&rows, "agents"),
        [
            agent(json!("jana"), [0, 3, 3, 3, 0], json!(1.0), 60),
            agent(json!("peter"), [1, 1, 0, 0, 2], json!(0.0), 55),
            agent(Value::Null, [0, 1, 1, 0, 0], Value::Null, 0),
        ]
    );
    let urgent = |name: Value, n: [u64; 3], share: f64| json!({"organisation": name, "tickets": n[0], "called": n[1], "raised": n[2], "share": share});
    assert_eq!(
        section(&rows, "urgency"),
        [
            urgent(json!(EVIL), [1, 1, 0], 1.0),
            urgent(json!("Firma"), [3, 1, 1], 0.3333),
            urgent(Value::Null, [1, 0, 0], 0.0),
        ]
    );
    assert_eq!(section(&rows, "bounces"), [json!({"domain": "firma.example", "cameBack": 1, "givenUp": 0})]);
}

#[test]
fn accounts_are_counted_by_their_months_and_over_use_is_marked() {
    let bench = known_desk();
    let account = |firm: Value, since: Value, n: [Value; 4]| {
        let [booked, hours, left, over] = n;
        json!({"organisation": firm, "since": since, "bookedSeconds": booked, "hoursSeconds": hours,
               "leftSeconds": left, "overSeconds": over})
    };
    let minutes = |m: [i64; 4]| m.map(|m| json!(m * 60));
    let none = |m: i64| [json!(m * 60), Value::Null, Value::Null, Value::Null];
    let accounts =
        |period: &[&str]| section(&bench.run(&[&["report", "--json"][..], period].concat()).json(), "accounts");
    assert_eq!(
        accounts(&NOVEMBER),
        [
            account(json!("Firma"), json!("2026-11-01"), minutes([100, 90, 0, 10])),
            account(json!("Quarterly"), json!("2026-10-01"), minutes([0, 1200, 1200, 0])),
            account(Value::Null, Value::Null, none(15)),
        ]
    );
    // Half of a month: its account is that of the month up to there.
    assert_eq!(
        accounts(&["--since", "2026-11-05", "--until", "2026-11-10"])[0],
        account(json!("Firma"), json!("2026-11-01"), minutes([60, 90, 30, 0]))
    );
    let ever = accounts(&["--until", "2026-11-30"]);
    assert_eq!(ever[0], account(json!("Firma"), json!("2026-10-01"), minutes([45, 90, 45, 0])));
    let page = bench.run(&[&["report", "--html", "-"][..], &NOVEMBER].concat()).text();
    assert!(page.contains("OVER by 10 min"), "{page}");
}

#[test]
fn a_period_has_what_happened_in_it() {
    let bench = known_desk();
    let totals = |period: &[&str]| -> Vec<u64> {
        let rows = bench.run(&[&["report", "--json"][..], period].concat()).json();
        section(&rows, "totals").iter().take(2).map(|r| r["count"].as_u64().expect("a count")).collect()
    };
    assert_eq!(totals(&[]), [6, 4], "since ever");
    assert_eq!(totals(&["--until", "2026-10-31"]), [1, 0]);
    assert_eq!(totals(&["--since", "2026-11-07", "--until", "2026-11-07"]), [1, 0], "the last day belongs to it");
    assert_eq!(totals(&["--since", "2026-11-07T09:00:01Z"]), [0, 1], "to the second");
    bench.run(&["report", "--since", "2026-11-07", "--until", "2026-11-06"]).refused(64, "ends before it begins");
    bench.run(&["report", "--since", "tomorrow"]).refused(64, "a day as 2026-11-30");
}

#[test]
fn no_field_of_the_csv_is_a_formula() {
    let text = known_desk().run(&[&["report", "--csv"][..], &NOVEMBER].concat()).text();
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = csv.records().map(|row| row.expect("a row")).collect();
    assert!(rows.iter().flatten().all(|field| !field.starts_with(['=', '+', '-', '@'])), "{text}");
    let has = |row: [&str; 6]| rows.iter().any(|r| r.iter().eq(row));
    assert!(has(["urgency", &format!("'{EVIL}"), "", "called", "1", "count"]), "{text}");
    assert!(has(["times", "resolution", "no SLA, wall time", "p90Seconds", "259200", "seconds"]), "{text}");
    assert!(has(["slaByOrganisation", "Firma", "", "respondShare", "0.5000", "share"]), "{text}");
}

#[test]
fn a_pipe_gets_plain_columns() {
    let text = known_desk().run(&[&["report"][..], &NOVEMBER].concat()).text();
    assert!(text.contains("agents\tjana\t0\t3\t3\t3\t0\t1.0000\t3600\n"), "{text}");
    assert!(
        text.contains("times\tfirst response\tno SLA, wall time\t1\t86400\t86400\t86400\t86400\t86400\n"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn an_empty_desk_has_a_report_too() {
    let bench = desk::bench();
    drop(bench.store());
    let rows = bench.run(&["report", "--json"]).json();
    assert_eq!(section(&rows, "totals").len(), 9);
    assert_eq!(rows.len(), 11, "{rows:?}");
    assert!(bench.run(&["report", "--html", "-"]).text().starts_with("<!DOCTYPE html>"));
    bench.run(&["report", "--html", "no/such/folder.html"]).refused(73, "no/such/folder.html");
}
