//! The programs in `examples` run, and print what they promise.
//!
//! `cargo test` builds them beside the tests; `cargo test --test examples` alone does not.

// Together: linking all crates takes longer than running either.
#[cfg(feature = "lab")]
mod changed_files;

use std::process::Command;

use smallbatch::train::Outcome;

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
fn batch_scores_each_row() {
    let text = printed("batch");
    assert!(
        text.starts_with("line,prediction,p(0),p(1),p(2)\n2,0,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 179, "{text}");
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

#[test]
fn bytes_give_the_bits_of_numbers_in_a_quarter_of_the_memory() {
    let text = printed("bytes");
    let [copied, stored] =
        ["scaled copy: ", "on reading: "].map(|words| number_after(&text, words));
    assert!(copied == 4.0 * stored, "{text}");
    assert!(
        text.contains("the same model, to the last bit: true"),
        "{text}"
    );
    assert!(number_after(&text, "test accuracy ") > 0.9, "{text}");
    assert!(text.contains("the first image shows a 0"), "{text}");
}

#[test]
fn cross_validation_chooses_the_width_of_the_lowest_mean_loss() {
    let text = printed("cross_validation");
    let rows: Vec<(f64, f64)> = text
        .lines()
        .skip(1)
        .take(3)
        .map(|row| (number_after(row, " "), number_after(row, "]")))
        .collect();
    let best = rows.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let (width, _) = best.expect("three widths");
    assert_eq!(number_after(&text, "\nwidth "), *width, "{text}");
    assert!(number_after(&text, "accuracy ") > 0.93, "{text}");
}

#[test]
fn an_ensemble_has_a_lower_loss_than_its_members_on_average() {
    let text = printed("ensemble");
    let losses: Vec<f64> = (1..=5)
        .map(|seed| number_after(&text, &format!("seed {seed} ")))
        .collect();
    let mean = losses.iter().sum::<f64>() / 5.0;
    assert!(number_after(&text, "all 5 ") < mean, "{text}");
}

#[test]
fn both_outputs_are_predicted_better_than_by_their_means() {
    let text = printed("multi_output");
    for output in ["dB: ", "m: "] {
        let (_, of_output) = text.split_once(output).expect("an output");
        let error = number_after(of_output, "error ");
        assert!(error < 0.6 * number_after(of_output, "the mean "), "{text}");
    }
}

#[test]
fn an_observer_gives_the_rates_and_ends_the_training() {
    let text = printed("observer");
    let accuracies: Vec<f64> = text
        .lines()
        .filter(|line| line.starts_with("epoch"))
        .map(|line| number_after(line, "validation accuracy "))
        .collect();
    let (last, before) = accuracies.split_last().expect("epochs");
    assert!(*last >= 0.96, "{text}");
    assert!(before.iter().all(|&accuracy| accuracy < 0.96), "{text}");
    assert!(number_after(&text, "epoch  1: rate ") < number_after(&text, "epoch  3: rate "));
    assert!(
        text.trim_end().ends_with(&Outcome::Interrupted.to_string()),
        "{text}"
    );
}

#[test]
fn quantiles_are_in_order_and_cover_most_samples() {
    let text = printed("quantiles");
    for row in text.lines().skip(1).take(3) {
        let [median, high] = ["(", ".. "].map(|words| number_after(row, words));
        let low = number_after(&row[7..], "");
        assert!(low < median && median < high, "{text}");
    }
    let (_, last) = text.trim_end().rsplit_once('\n').expect("lines");
    assert!((60.0..=95.0).contains(&number_after(last, "")), "{text}");
}

#[test]
fn the_range_test_suggests_a_rate_whose_neighbours_are_not_much_better() {
    let text = printed("range_test");
    let losses: Vec<f64> = text
        .lines()
        .filter(|line| line.starts_with("rate "))
        .map(|line| number_after(line, "validation loss "))
        .collect();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(losses.len() == 5 && losses[2] < 2.0 * lowest, "{text}");
    assert!(losses[0] > 2.0 * losses[2], "{text}");
}

#[test]
fn a_training_goes_on_to_the_same_bits() {
    let text = printed("resume");
    let stopped = number_after(&text, "stopped after ");
    assert!(stopped < number_after(&text, "ended after "), "{text}");
    assert!(
        text.contains("with other data: the checkpoint was made with other training data"),
        "{text}"
    );
    assert!(
        text.contains("the same bits as without a stop: true"),
        "{text}"
    );
}
