//! The property: a design run whole, stopped, made again, and repeated with other seeds.

mod shared;

use std::sync::LazyLock;

use smallbatch_report::results::Results;
use smallbatch_sweep::{Progress, Status};

use crate::design::{Design, LESSON};
use crate::{RunOutcome, RunPlan, Size, coverage, preregister, run};

/// A small design: two tables, raw and standardized inputs, full batch and batches of 32.
const SMALL: &str = r#"
name = "small"
tables = ["wine", "yacht", "thyroid"]
[rule]
hidden = [8]
updates = 40
epochs = 2
long = 3
targets = [0.8, 0.5]
horizon = 5
[sizes.quick]
repetitions = 4
tuning_seeds = 2
pairs = 2
[sizes.default]
repetitions = 8
tuning_seeds = 2
pairs = 2
[sizes.thorough]
repetitions = 16
tuning_seeds = 2
pairs = 2
[[ways]]
name = "raw"
scaling = "raw"
[[ways]]
name = "standardized"
[[ways]]
name = "full batch"
batch = "full"
[[claims]]
id = "raw-is-worse"
title = "Raw inputs"
question = "Are raw inputs worse?"
[claims.primary]
text = "Raw inputs are worse."
words = "{effect} times the loss."
exceeds = 1.1
parts = [{ measure = "training-loss", first = ["raw"], second = ["standardized"] }]
[[claims.secondary]]
text = "They are slower."
words = "{effect} times the updates."
exceeds = 1.1
parts = [{ measure = "updates-to-target", first = ["raw"], second = ["standardized"] }]
[[claims]]
id = "same-place"
title = "Destination"
question = "Do both arrive?"
[claims.primary]
text = "Both arrive."
words = "{effect} times."
within = 1.25
parts = [{ measure = "destination", first = ["full batch"], second = ["standardized"] }]
"#;

/// The plan of the small design, written to a folder.
fn plan(folder: &tempfile::TempDir) -> RunPlan {
    let file = folder.path().join("small.toml");
    std::fs::write(&file, SMALL).unwrap();
    RunPlan {
        size: Size::Quick,
        file: Some(file),
        threads: 2,
        ..RunPlan::default()
    }
}

fn made(plan: &RunPlan) -> RunOutcome {
    let outcome = run(plan, &mut ()).unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    outcome
}

/// The small design as it stands, by two threads and without a cache: several tests compare with it.
static SMALL_RUN: LazyLock<RunOutcome> =
    LazyLock::new(|| made(&plan(&tempfile::tempdir().unwrap())));

/// What does not depend on the clock or the machine.
fn numbers(results: &Results) -> String {
    format!(
        "{:?} {:?} {:?}",
        results.answers, results.tables, results.effects
    )
}

#[test]
fn results_do_not_depend_on_threads_or_the_cache_and_nothing_is_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    let first = &*SMALL_RUN;
    let cached = RunPlan {
        threads: 1,
        cache: Some(folder.path().join("cache")),
        ..plan.clone()
    };
    let second = made(&cached);
    assert_eq!(numbers(&first.results), numbers(&second.results));
    assert_eq!((second.n_made, second.n_reused), (first.n_made, 0));
    let third = made(&cached);
    assert_eq!((third.n_made, third.n_reused), (0, first.n_made));
    assert_eq!(numbers(&first.results), numbers(&third.results));
    assert_eq!(
        first.results.design_hash,
        preregister(&plan).unwrap().design_hash
    );
}

#[test]
fn another_base_seed_is_a_replication_of_the_same_design() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    let other = RunPlan {
        base_seed: 1,
        ..plan.clone()
    };
    let (a, b) = (&SMALL_RUN.results, made(&other).results);
    assert_eq!(a.design_hash, b.design_hash);
    let pairs = |results: &Results| -> Vec<Vec<f64>> {
        let effects = results.effects.iter();
        effects.map(|effect| effect.pairs.clone()).collect()
    };
    let same = pairs(a)
        .iter()
        .zip(&pairs(&b))
        .filter(|(a, b)| a == b)
        .count();
    // Pairs that are cut at the horizon are equal.
    assert!(2 * same < pairs(a).len(), "{same} effects are the same");
    let changed = SMALL.replace("exceeds = 1.1", "exceeds = 1.2");
    std::fs::write(plan.file.as_ref().unwrap(), changed).unwrap();
    assert_ne!(preregister(&plan).unwrap().design_hash, a.design_hash);
}

/// Interrupts once a third of the work is done.
struct AThird(bool);

impl Progress for AThird {
    fn report(&mut self, status: &Status<'_>) {
        self.0 |= status.fraction > 0.3;
    }

    fn interrupted(&self) -> bool {
        self.0
    }
}

#[test]
fn complete_repetitions_count_when_it_is_interrupted_and_the_same_call_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = RunPlan {
        cache: Some(folder.path().join("cache")),
        threads: 1,
        ..plan(&folder)
    };
    let stopped = run(&plan, &mut AThird(false)).unwrap();
    assert!(stopped.is_interrupted && stopped.n_made > 0);
    let n = stopped.results.design.n_complete;
    assert!(n < 4, "{n}");
    assert!(!stopped.results.omissions.is_empty());
    let rest = made(&plan);
    assert_eq!(rest.results.design.n_complete, 4);
    assert!(rest.n_reused >= stopped.n_made && rest.n_made > 0);
    assert_eq!(numbers(&rest.results), numbers(&SMALL_RUN.results));
}

#[test]
fn an_answer_has_all_tables_the_same_number_of_repetitions_and_its_secondary_ones_are_not_counted()
{
    let results = &SMALL_RUN.results;
    let primary: Vec<_> = results
        .answers
        .iter()
        .filter(|answer| answer.primary)
        .collect();
    assert_eq!(primary.len(), 2);
    for answer in &primary {
        assert_eq!((answer.n_tables, answer.n_repetitions), (3, 4));
        assert!(answer.p_corrected >= answer.p, "{answer:?}");
    }
    let raw = primary[0];
    assert!(raw.estimate.unwrap() > 2.0, "{raw:?}");
    let secondary = results.answers.iter().filter(|answer| !answer.primary);
    let mut measures = secondary.map(|answer| (answer.measure.as_str(), answer.p_corrected));
    assert_eq!(measures.next(), Some(("updates to the target", None)));
    // Each effect on a table is there to be computed again.
    for table in results
        .tables
        .iter()
        .filter(|table| table.estimate.is_some())
    {
        let effects = results.effects.iter().filter(|effect| {
            (&effect.claim, &effect.unit, &effect.table)
                == (&table.claim, &table.unit, &table.table)
                && effect.target == table.target
        });
        let means: Vec<f64> = effects
            .map(|effect| effect.pairs.iter().sum::<f64>() / effect.pairs.len() as f64)
            .collect();
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        assert!(
            (mean.exp() / table.estimate.unwrap() - 1.0).abs() < 1e-9,
            "{table:?}"
        );
    }
}

/// The small form of `cargo xtask coverage`: repeated whole, with other base seeds.
#[test]
fn intervals_contain_what_other_runs_found() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    // Tables of numbers: on those that are learned exactly a loss is at its bound, or by chance is not.
    let text = SMALL.replace(
        "\"wine\", \"yacht\", \"thyroid\"",
        "\"yacht\", \"auto_mpg\", \"concrete\"",
    );
    std::fs::write(plan.file.as_ref().unwrap(), text).unwrap();
    let runs: Vec<Results> = (0..5)
        .map(|base_seed| {
            made(&RunPlan {
                base_seed,
                ..plan.clone()
            })
            .results
        })
        .collect();
    let found = coverage(&runs);
    let all = found.all.unwrap();
    assert!(all.share() >= 0.85, "{found}");
    assert!(found.contradictions.is_empty(), "{found}");
    // The first laboratory's way: an interval over the pairs of one repetition, as if split and rates were known.
    let mut narrow = runs.clone();
    for results in &mut narrow {
        for table in &mut results.tables {
            if let Some(estimate) = table.estimate {
                // Four repetitions give t = 3.18; of sixteen runs taken as one, 2.13 and half the width.
                let half = (table.high / estimate).ln() * 2.13 / 3.18 / 2.0;
                (table.low, table.high) = (estimate * (-half).exp(), estimate * half.exp());
            }
        }
    }
    let naive = coverage(&narrow).all.unwrap();
    assert!(
        naive.share() < all.share() - 0.1,
        "{} {}",
        naive.share(),
        all.share()
    );
}

#[test]
fn the_lesson_has_ten_claims_with_one_primary_question_each() {
    let design = Design::parse(LESSON, "lesson.toml").unwrap();
    assert_eq!(design.claims.len(), 10);
    for claim in &design.claims {
        assert!(
            claim.primary.is_some() != claim.memory.is_some(),
            "{}",
            claim.id
        );
        for (_, question) in claim.questions() {
            assert!(question.words.contains("{effect}"), "{}", question.words);
            assert!(question.hypothesis().is_ok());
        }
    }
}

#[test]
fn a_table_that_cannot_be_run_is_left_out_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    let text = SMALL.replace(
        "\"thyroid\"",
        "\"thyroid\", \"no-such-table\", \"none.csv\"",
    );
    std::fs::write(plan.file.as_ref().unwrap(), text).unwrap();
    let results = made(&plan).results;
    let omitted: Vec<&str> = results
        .omissions
        .iter()
        .map(|omission| omission.table.as_str())
        .collect();
    assert_eq!(omitted, ["no-such-table", "none.csv"]);
    assert_eq!(results.answers[0].n_tables, 3);
    let none = SMALL.replace("\"wine\", \"yacht\", \"thyroid\"", "\"none.csv\"");
    std::fs::write(plan.file.as_ref().unwrap(), none).unwrap();
    let error = run(&plan, &mut ()).unwrap_err().to_string();
    assert!(error.starts_with("no table is left"), "{error}");
}

#[test]
fn a_table_that_fails_costs_the_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    // Nothing but constants: no scaler takes that. Unless it is declared, a constant is left out when the table is read.
    let rows: String = (0..60).map(|row| format!("1,{}.5\n", row % 7)).collect();
    std::fs::write(folder.path().join("wine_flat.csv"), format!("x,y\n{rows}")).unwrap();
    let declared = "[columns]\nx = \"number\"\n";
    std::fs::write(folder.path().join("wine_flat.toml"), declared).unwrap();
    let text = SMALL.replace("\"wine\", ", "\"wine\", \"wine_flat.csv\", ");
    std::fs::write(plan.file.as_ref().unwrap(), text).unwrap();
    let outcome = run(&plan, &mut ()).unwrap();
    assert!(!outcome.failures.is_empty());
    let results = outcome.results;
    let omitted: Vec<&str> = results
        .omissions
        .iter()
        .map(|omission| omission.table.as_str())
        .collect();
    assert_eq!(omitted, ["wine_flat"]);
    assert!(results.omissions[0].reason.contains("wine_flat"));
    assert_eq!(results.answers[0].n_tables, 3);
    assert_eq!(results.answers[0].n_repetitions, 4);
}

#[test]
fn a_design_reads_the_settings_beside_a_table_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    // With the last column as target there would be five classes, and a feature that is no number.
    let rows: String = (0..60)
        .map(|row| format!("{},{}.5,{}\n", row * 3 % 17, row % 7, ["a", "b"][row % 2]))
        .collect();
    std::fs::write(folder.path().join("mine.csv"), format!("y,x,kind\n{rows}")).unwrap();
    let settings = "target = \"y\"\ntask = \"numbers\"\nignore = [\"kind\"]\n";
    std::fs::write(folder.path().join("mine.toml"), settings).unwrap();
    let text = SMALL.replace("\"thyroid\"", "\"mine.csv\"");
    std::fs::write(plan.file.as_ref().unwrap(), text).unwrap();
    let results = made(&plan).results;
    let mine = results.datasets.iter().find(|note| note.table == "mine");
    let mine = mine.expect("read");
    assert_eq!((mine.n_features, mine.target.as_str()), (1, "a number"));
}

#[test]
fn a_size_takes_the_smallest_tables_and_asks_the_details_of_the_smallest_of_these() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    // 178 x 13 numbers of wine, 308 x 6 of yacht, 215 x 5 of thyroid.
    let quick = "[sizes.quick]\ntables = 2\ndetails = 1\n";
    std::fs::write(
        plan.file.as_ref().unwrap(),
        SMALL.replace("[sizes.quick]\n", quick),
    )
    .unwrap();
    let results = made(&plan).results;
    let names: Vec<&str> = results
        .datasets
        .iter()
        .map(|note| note.table.as_str())
        .collect();
    assert_eq!(names, ["yacht", "thyroid"]);
    assert_eq!(
        results.omissions[0].reason,
        "the quick size takes the 2 smallest tables, not wine"
    );
    let n_tables = |answer: &smallbatch_report::results::AnswerNote| answer.n_tables;
    let of = |primary| {
        results
            .answers
            .iter()
            .filter(move |answer| answer.primary == primary)
    };
    assert!(of(true).all(|answer| n_tables(answer) == 2));
    assert!(of(false).all(|answer| n_tables(answer) == 1));
}

#[test]
fn the_lesson_is_about_the_population() {
    let design = Design::parse(LESSON, "lesson.toml").unwrap();
    let tables = crate::tables::load(&design, &RunPlan::default(), None).unwrap();
    assert_eq!(tables.names().len(), 38);
    assert!(tables.names().contains(&"airfoil_by_run".to_owned()));
}

#[test]
fn what_the_committed_results_let_one_expect_holds_for_any_table() {
    let results = crate::committed().unwrap();
    assert_eq!(results.design.size, "thorough");
    let wine = smallbatch_data::builtin::wine().unwrap();
    let wine = smallbatch_sweep::NamedTable::new("wine", "UCI 109", wine);
    let foresights = crate::foresee(&results, &wine).unwrap();
    assert_eq!(foresights.len(), 10);
    for foresight in foresights {
        match foresight.expected {
            Ok(expected) => {
                assert!(expected.low < expected.estimate && expected.estimate < expected.high);
                assert!(
                    expected
                        .share
                        .is_some_and(|share| (0.0..=1.0).contains(&share))
                );
            }
            Err(reason) => assert_eq!(
                (foresight.claim.as_str(), reason.as_str()),
                (
                    "full-batch-memory",
                    "its answer is counted, not averaged over tables"
                )
            ),
        }
    }
}

/// Whatever is changed in a file of results is found, but for what was measured, and the machine.
#[test]
fn a_verification_finds_whatever_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&folder);
    let file = folder.path().join("results.json");
    let results = made(&plan).results;
    // What `verify` does, of which there are more than one here.
    let again = crate::run::again(&plan, &results, &mut ())
        .unwrap()
        .unwrap();
    let verified = |results: &Results| crate::verify::compared(results, &again).unwrap();
    let same = verified(&results);
    assert!(same.is_same(), "{same}");
    type Change = fn(&mut Results);
    let changes: [(&str, Change); 11] = [
        ("claims", |all| all.claims.clear()),
        ("claims[0].title", |all| all.claims[0].title.push('!')),
        ("answers[0].estimate", |all| {
            all.answers[0].estimate = Some(7.0);
        }),
        ("answers[1].first", |all| all.answers[1].first.clear()),
        ("tables[2].low", |all| all.tables[2].low -= 1e-9),
        ("ways[0].rates[1]", |all| all.ways[0].rates[1] *= 2.0),
        ("ways[1].curve[1].loss", |all| {
            all.ways[1].curve[1].loss = None;
        }),
        ("datasets[0].fingerprint", |all| {
            all.datasets[0].fingerprint.clear();
        }),
        ("[] became", |all| all.effects.clear()),
        ("became", |all| all.effects[3].is_measured = true),
        ("variance", |all| all.variance.truncate(1)),
    ];
    for (place, change) in changes {
        let mut changed = results.clone();
        change(&mut changed);
        let found = verified(&changed);
        assert!(!found.is_same(), "{place}");
        assert!(found.to_string().contains(place), "{place}: {found}");
    }
    let mut other = results.clone();
    other.environment.processor = "another".into();
    assert!(verified(&other).is_same());
    other.design_hash.clear();
    assert!(crate::verify(&file, &other, 2, &mut ()).is_err());
}
