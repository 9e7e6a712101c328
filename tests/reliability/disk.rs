//! A full disk and a locked database: taking in stops, nothing is lost, and it goes on by itself.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::support::desk::{Desk, LONG, customers_mail};
use crate::support::dovecot::Dovecot;
use crate::support::{eventually, free_port};

fn mail(n: usize, bytes: usize) -> Vec<u8> {
    // Of a kind that does not get smaller by packing.
    let mut x = n as u64 + 1;
    let mut body = String::with_capacity(bytes);
    while body.len() < bytes {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        body.push_str(&format!("{:016x}", x ^ (x >> 29)));
        if body.len().is_multiple_of(64) {
            body.push_str("\r\n");
        }
    }
    customers_mail(&format!("c{n}@inbox.example"), &format!("Vec {n}"), &format!("m{n}@inbox.example"), "", &body)
}

fn tickets(desk: &Desk) -> usize {
    desk.json(&["ticket", "list", "--all", "--json"]).len()
}

/// A small file system of its own in the place of the desk's state folder. Only root can make one.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("is made");
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&at).status();
        mounted.is_ok_and(|status| status.success()).then_some(Small(at))
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().expect("runs").success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn on_a_full_disk_taking_in_stops_and_goes_on_when_there_is_room_again() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), Some("Processed"));
    let Some(disk) = Small::mount(desk.state(), "6m") else {
        eprintln!("not root, or no tmpfs may be mounted here: a full disk is not tried");
        return;
    };
    let daemon = desk.watch(1);
    let count = 120;
    (0..count).for_each(|n| dovecot.deliver("podpora", &mail(n, 100_000)));
    eventually("the disk is full", LONG, || daemon.said("database or disk is full").then_some(()));
    let so_far = tickets(&desk);
    assert!(so_far < count, "{so_far} tickets fit on the disk: the test needs more mail");
    let filed = dovecot.files("podpora", "Processed").len();
    let inbox = dovecot.files("podpora", "INBOX").len();
    assert!(filed <= so_far, "{filed} mails are filed, {so_far} are in the database");
    assert_eq!(filed + inbox, count, "what is not taken in stays on the server");

    disk.resize("200m");
    eventually("all are taken in", Duration::from_secs(120), || (tickets(&desk) == count).then_some(()));
    eventually("all are filed", LONG, || (dovecot.files("podpora", "Processed").len() == count).then_some(()));
    assert!(desk.run(&["audit"]).status.success());
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty(), "no mail is blamed for the disk");
    daemon.stop();
}

#[test]
fn while_the_database_is_locked_nothing_is_lost_and_nobody_is_blamed() {
    let dovecot = Dovecot::start();
    let desk = Desk::new(&dovecot, free_port(), Some("Processed"));
    let daemon = desk.watch(1);
    let locker = rusqlite::Connection::open(desk.database()).expect("opens");
    locker.execute_batch("BEGIN IMMEDIATE").expect("is locked");
    (0..10).for_each(|n| dovecot.deliver("podpora", &mail(n, 1000)));
    // Longer than the desk waits for a lock.
    std::thread::sleep(Duration::from_secs(23));
    assert_eq!(tickets(&desk), 0, "reading goes on");
    assert_eq!(dovecot.files("podpora", "INBOX").len(), 10, "nothing is moved that was not written");
    assert!(daemon.said("locked"), "{}", daemon.log());
    locker.execute_batch("ROLLBACK").expect("is unlocked");
    eventually("all are taken in", LONG, || (tickets(&desk) == 10).then_some(()));
    eventually("all are filed", LONG, || dovecot.files("podpora", "INBOX").is_empty().then_some(()));
    assert!(desk.json(&["quarantine", "list", "--json"]).is_empty());
    assert!(desk.run(&["audit"]).status.success());
    daemon.stop();
}
