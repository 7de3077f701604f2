//! The programs in `examples` run, and print what they promise.
//!
//! `cargo test` builds them beside the tests; `cargo test --test examples` alone does not.

use std::process::Command;

/// What an example prints.
fn printed(name: &str) -> String {
    let test = std::env::current_exe().expect("this test is a file");
    // target/debug/deps/examples-… and target/debug/examples/….
    let built = test.ancestors().nth(2).expect("a folder of builds");
    let program = built
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&program).output().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo build -p smallbatch --examples` builds it",
            program.display()
        )
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// The number after these words.
fn number_after(text: &str, words: &str) -> f64 {
    let (_, rest) = text
        .split_once(words)
        .unwrap_or_else(|| panic!("no {words:?} in\n{text}"));
    let number: String = rest
        .trim_start()
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
        .collect();
    number
        .parse()
        .unwrap_or_else(|_| panic!("no number after {words:?} in\n{text}"))
}

#[test]
fn classify_is_right_about_nearly_all_patients_and_saves_its_model() {
    let text = printed("classify");
    assert!(text.starts_with("569 rows, 30 features"), "{text}");
    assert!(number_after(&text, "test accuracy ") > 0.93, "{text}");
    assert!(number_after(&text, "ROC curve ") > 0.97, "{text}");
    let of_classes = [
        "patient, benign: probability ",
        "patient, malignant: probability ",
    ]
    .map(|words| number_after(&text, words));
    assert!(
        (of_classes[0] + of_classes[1] - 1.0).abs() < 0.002,
        "{text}"
    );
    assert!(
        text.contains("the saved model predicts the same: true"),
        "{text}"
    );
}

#[test]
fn regress_errs_far_less_than_the_mean_and_predicts_new_cars() {
    let text = printed("regress");
    assert!(
        text.starts_with("mpg: on rows that were held out"),
        "{text}"
    );
    let error = number_after(&text, "root mean squared error ");
    let of_mean = number_after(&text, "of always the mean ");
    assert!(error < 3.5 && of_mean > 7.0, "{text}");
    // A heavy car of 1970 and a light one of 1982.
    let [heavy, light] = ["new car 1: ", "new car 2: "].map(|words| number_after(&text, words));
    assert!(heavy < 20.0 && light > 25.0, "{text}");
}

#[test]
fn batches_arrive_in_fewer_epochs_than_the_full_batch() {
    let text = printed("batch_size");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().collect())
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(names, ["16", "32", "full"], "{text}");
    let epochs: Vec<f64> = rows
        .iter()
        .map(|row| row[2].parse().expect("epochs"))
        .collect();
    assert!(
        epochs[2] > 4.0 * epochs[0].max(epochs[1])
            && text.matches("the target loss is reached").count() == 3,
        "{text}"
    );
    // How many seconds, depends on the machine and the moment.
    let seconds: Vec<f64> = rows
        .iter()
        .map(|row| row[4].parse().expect("seconds"))
        .collect();
    assert!(seconds.iter().all(|&seconds| seconds > 0.0), "{text}");
}
