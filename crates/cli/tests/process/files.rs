//! Tables in other files than text, and tables that memory does not hold.

use std::fs;

use crate::support::{rows, said_in, smallbatch, text};

const LINE: &str = "[line]\npenalty = 0.001\n";

/// As numpy saves numbers: `shape` is `(rows, columns)`.
fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[test]
fn every_verb_takes_an_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let values: Vec<f64> = (0..200)
        .flat_map(|row| {
            let (a, b) = (
                f64::from(row * 37 % 200) / 7.0,
                f64::from(row * 11 % 200) / 3.0,
            );
            [a, b, 2.0 * a - b]
        })
        .collect();
    fs::write(path.join("houses.npy"), npy("(200, 3)", &values)).unwrap();
    fs::write(path.join("line.toml"), LINE).unwrap();
    let run = |arguments: &[&str]| {
        let (code, said) = said_in(path, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    };
    let said = run(&["inspect", "houses.npy"]);
    assert!(said.contains("houses: 200 rows; predicts \"c2\""), "{said}");
    let said = run(&["train", "houses.npy", "--recipe", "line.toml"]);
    assert!(said.contains("a row a sample"), "{said}");
    assert!(run(&["evaluate", "out", "houses.npy"]).contains("100.0 %"));
    let said = run(&["predict", "out", "houses.npy"]);
    assert!(
        said.lines().filter(|line| line.contains(',')).count() > 200,
        "{said}"
    );
    let said = run(&["advise", "houses.npy", "--quick", "--out", "advised"]);
    assert!(said.contains("a straight line"), "{said}");

    fs::write(path.join("cut.npy"), npy("(200, 3)", &values[..500])).unwrap();
    for arguments in [
        &["inspect", "cut.npy"][..],
        &["train", "cut.npy"],
        &["advise", "cut.npy"],
        &["predict", "out", "cut.npy"],
        &["evaluate", "out", "cut.npy"],
    ] {
        let (code, said) = said_in(path, arguments);
        assert_ne!(code, Some(0), "{arguments:?}: {said}");
        let error = "cut.npy: it ends too early: 800 of the 4800 bytes";
        assert!(said.contains(error), "{arguments:?}: {said}");
        assert!(!said.contains("cut.npy: cut.npy"), "{said}");
    }
}

#[test]
fn a_table_that_memory_does_not_hold_is_trained_on_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows = rows(120_000, |row| {
        let (a, b) = (row * 7_919 % 1_000, row * 104_729 % 999);
        format!("{a},{b},{}\n", 3 * a + b)
    });
    fs::write(path.join("houses.csv"), format!("a,b,price\n{rows}")).unwrap();
    let recipe = "[network]\nhidden = [8]\nepochs = 1\nlearning_rate = 0.01\nbatch_size = 256\n";
    fs::write(path.join("network.toml"), recipe).unwrap();
    fs::write(path.join("line.toml"), LINE).unwrap();
    let train = |recipe: &str| {
        let output = smallbatch(&["train", "houses.csv", "--memory", "1", "--recipe", recipe])
            .current_dir(path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let said = train("network.toml");
    assert!(said.contains(" rows from a file; on rows"), "{said}");
    // The model, and nothing of the rows.
    assert_eq!(fs::read_dir(path.join("out")).unwrap().count(), 1);
    assert!(train("line.toml").contains("trained on 100000 rows; on rows"));
}
