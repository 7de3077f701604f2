//! A small experiment, recorded and repeated.

use super::*;
use crate::Size;
use crate::report;

const MINE: &str = r#"
name = "mine"
question = "Which?"
reference = "a"
budgets = ["epochs", "seconds"]

[[arms]]
name = "a"
scaler = "standard"
batch = 16

[[arms]]
name = "b"
scaler = "raw"
batch = "full"

[[data]]
csv = "mine.csv"
target = "y"
predict = "numbers"
hidden = [4]
epochs = 2
patience = 3
tuning_seeds = 1

[[claims]]
id = "a-or-b"
text = "It matters."
measure = "time-to-target"
first = "a"
second = "b"
direction = "less"
margin = 0.1
"#;

/// A table with y = 2 x + noise.
fn table(slope: f64) -> String {
    let rows = (0..80).map(|i| {
        let x = f64::from(i * 37 % 80);
        format!("{x},{}\n", slope * x + f64::from(i * 11 % 7))
    });
    format!("x,y\n{}", rows.collect::<String>())
}

/// A folder with the experiment's results, and the plan that gave them.
fn recorded() -> (tempfile::TempDir, Plan) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, MINE).unwrap();
    std::fs::write(folder.path().join("mine.csv"), table(2.0)).unwrap();
    let plan = Plan {
        experiments: Vec::new(),
        files: vec![file],
        size: Size::Quick,
        seeds: Some(2),
        threads: 2,
        ..Plan::default()
    };
    let outcome = crate::run(&plan, &mut ()).unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    report::write(&outcome.results, &outcome.runs, folder.path()).unwrap();
    (folder, plan)
}

fn repeat(folder: &Path) -> Result<Verification, Error> {
    verify(&folder.join("results.json"), 1, &mut ())
}

/// Replaces a part of a file that must be there.
fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_was_recorded_comes_out_the_same() {
    let (folder, _) = recorded();
    let found = repeat(folder.path()).unwrap();
    assert!(found.is_same(), "{found}");
    // Two arms and seeds under either budget, and the runs that went on to the target.
    assert_eq!(found.missing, 0);
    assert!(found.same >= 4 && found.timed >= 4, "{found}");
    assert!(found.same_tuning > 4 && found.same_claims == 1, "{found}");
    assert_eq!(found.changed, [""; 0]);
}

#[test]
fn one_digit_that_differs_is_named() {
    let (folder, _) = recorded();
    let file = folder.path().join("runs.csv");
    let (_, runs) = report::read(&folder.path().join("results.json")).unwrap();
    let run = runs.iter().find(|run| run.budget == "epochs").unwrap();
    let loss = run.training_loss.unwrap();
    let other = f64::from_bits(loss.to_bits() + 1);
    change(&file, &loss.to_string(), &other.to_string());

    let found = repeat(folder.path()).unwrap();
    assert!(!found.is_same());
    assert_eq!(found.differences.len(), 1, "{found}");
    let difference = &found.differences[0];
    assert_eq!(difference.of, name(run));
    assert_eq!(difference.what, "training_loss");
    assert_eq!(difference.recorded, other.to_string());
    assert_eq!(difference.found, loss.to_string());
    let said = found.to_string();
    assert!(said.contains("1 numbers differ"), "{said}");
}

#[test]
fn a_rate_of_tuning_that_differs_is_named_and_a_run_that_is_gone() {
    let (folder, _) = recorded();
    let (mut results, mut runs) = report::read(&folder.path().join("results.json")).unwrap();
    let point = &mut results.arms[0].tuning[0];
    assert_eq!(point.budget, "epochs");
    point.learning_rate *= 2.0;
    runs.retain(|run| run.seed == 0);
    report::write(&results, &runs, folder.path()).unwrap();
    let found = repeat(folder.path()).unwrap();
    let whats: Vec<&str> = found
        .differences
        .iter()
        .map(|difference| difference.what.as_str())
        .collect();
    // The second seed's runs, made now, are not in the record.
    assert!(whats.len() >= 3 && whats[..2] == ["the run"; 2], "{found}");
    assert_eq!(whats[whats.len() - 1], "learning_rate", "{found}");
}

/// Asks to stop at once.
struct Stopped;

impl Progress for Stopped {
    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn an_interruption_leaves_runs_out_and_makes_no_difference() {
    let (folder, _) = recorded();
    let file = folder.path().join("results.json");
    let found = verify(&file, 1, &mut Stopped).unwrap();
    assert!(!found.is_same() && found.missing > 0, "{found}");
    assert_eq!(
        (found.differences.len(), found.same_claims),
        (0, 0),
        "{found}"
    );
}

#[test]
fn an_answer_that_does_not_follow_from_the_runs_is_named() {
    let (folder, _) = recorded();
    let (mut results, runs) = report::read(&folder.path().join("results.json")).unwrap();
    results.claims[0].effect.low = 0.123;
    report::write(&results, &runs, folder.path()).unwrap();
    let found = repeat(folder.path()).unwrap();
    assert_eq!(found.differences.len(), 1, "{found}");
    assert_eq!(found.differences[0].what, "effect");
    assert!(
        found.differences[0]
            .of
            .starts_with("a-or-b on mine, epochs"),
        "{found}"
    );
}

#[test]
fn a_record_that_cannot_be_repeated_is_refused() {
    let (folder, _) = recorded();
    // Other data under the same name.
    std::fs::write(folder.path().join("mine.csv"), table(3.0)).unwrap();
    let why = repeat(folder.path()).unwrap_err().to_string();
    assert!(why.contains("the data mine are not those"), "{why}");
    std::fs::write(folder.path().join("mine.csv"), table(2.0)).unwrap();

    let (mut results, runs) = report::read(&folder.path().join("results.json")).unwrap();
    results.environment.request = None;
    report::write(&results, &runs, folder.path()).unwrap();
    let why = repeat(folder.path()).unwrap_err().to_string();
    assert!(why.contains("does not say what was asked for"), "{why}");

    std::fs::remove_file(folder.path().join("runs.csv")).unwrap();
    let why = repeat(folder.path()).unwrap_err().to_string();
    assert!(why.contains("runs.csv"), "{why}");
}
