//! `check` names every mistake in the operator's own texts, run as the real program.

use std::process::Command;

fn check(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/config.toml");
    let config = std::fs::read_to_string(demo).expect("the demo's configuration") + "\n[texts]\nfolder = \"texts\"\n";
    std::fs::create_dir_all(folder.path().join("texts")).expect("writable");
    std::fs::write(folder.path().join("config.toml"), config).expect("writable");
    std::fs::write(folder.path().join("texts/sk.toml"), text).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .args(["--config", "config.toml", "check"])
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn own_texts_that_can_be_filled_in_are_valid() {
    let (code, said) = check("signature = '''\n{{ agent }}, {{ desk }}, tel. 02/555 01 00\n'''\n");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_text_that_is_none_and_a_placeholder_that_is_none_are_named() {
    let (code, said) = check("signatur = \"x\"\nanswer = \"y\"\nacknowledgement-minimal = \"{{ subject }}\"\n");
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("did you mean \"signature\"?"), "{said}");
    assert!(said.contains("there is no placeholder \"subject\" for it"), "{said}");
    assert!(said.contains("3 mistakes"), "{said}");
}
