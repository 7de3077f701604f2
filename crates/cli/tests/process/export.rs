//! A saved model in other forms.

use std::fs;
use std::process::Command;

use crate::support::{modelled, refused, said_in, text};

#[test]
fn a_model_becomes_a_header_that_predicts_what_the_program_does() {
    let folder = modelled();
    let path = folder.path();
    let export = [
        "export",
        "out",
        "--c",
        "houses.h",
        "--rust",
        "houses.rs",
        "--onnx",
        "houses.onnx",
    ];
    let (code, said) = said_in(path, &export);
    assert_eq!(
        (code, &*said),
        (
            Some(0),
            "wrote houses.rs\nwrote houses.h\nwrote houses.onnx\n"
        )
    );
    let rust = fs::read_to_string(path.join("houses.rs")).unwrap();
    assert!(rust.contains("pub static MODEL: predict::Model"), "{rust}");

    let main = r#"
#include <stdio.h>
#include "houses.h"
int main(void) {
    double cells[HOUSES_N_CELLS], price[HOUSES_N_OUTPUTS];
    houses_clear(cells);
    cells[HOUSES_SIZE] = 54;
    cells[HOUSES_TOWN] = houses_level(HOUSES_TOWN, "Ulm");
    if (!houses_predict(cells, price)) return 1;
    printf("%.4f %.4f\n", price[0], HOUSES_HALF_WIDTH_90);
    return 0;
}
"#;
    fs::write(path.join("main.c"), main).unwrap();
    let compiled = Command::new("cc")
        .args([
            "-std=c99", "-Wall", "-Wextra", "-Werror", "main.c", "-o", "main",
        ])
        .current_dir(path)
        .output();
    let Ok(compiled) = compiled else {
        eprintln!("SKIPPED: there is no C compiler `cc` (on Debian `apt-get install gcc`)");
        return;
    };
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));
    let printed = text(&Command::new(path.join("main")).output().unwrap().stdout);
    let numbers: Vec<f64> = printed
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();

    fs::write(path.join("new.csv"), "size,town\n54,Ulm\n").unwrap();
    let (code, said) = said_in(path, &["predict", "out", "new.csv"]);
    assert_eq!(code, Some(0), "{said}");
    let row: Vec<f64> = said
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .map(|n| n.parse().unwrap())
        .collect();
    // The line, the prediction, the ends of the interval; its fused operations round elsewhere.
    assert!((numbers[0] - row[1]).abs() < 1e-2, "{printed} {said}");
    assert!(
        (numbers[1] - (row[3] - row[1])).abs() < 1e-2,
        "{printed} {said}"
    );
}

#[test]
fn a_form_and_a_model_are_needed() {
    let said = refused(&["export", "out"], 2);
    assert!(
        said.contains("--rust <FILE.rs>|--c <FILE.h>") || said.contains("--rust"),
        "{said}"
    );
    let said = refused(&["export", "no-such-folder", "--c", "x.h"], 1);
    assert!(said.contains("no-such-folder"), "{said}");
    let folder = modelled();
    let (code, said) = said_in(folder.path(), &["export", "out", "--c", "nowhere/x.h"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("cannot write nowhere/x.h") && said.contains("make its folder"),
        "{said}"
    );
}
