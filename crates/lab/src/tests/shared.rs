//! The property: machines that share a run end with what one machine would have.

use std::fs;
use std::path::Path;

use super::{SMALL_RUN, plan};
use crate::{Error, RunPlan, SharedJob, SharedRun};

/// The small design, planned in `sweep` beside it.
fn planned(folder: &tempfile::TempDir) -> SharedRun {
    SharedRun::plan(&plan(folder), &folder.path().join("sweep")).unwrap()
}

/// As another process does: the folder is all that it knows.
fn compute(folder: &Path, jobs: &[SharedJob]) -> Result<usize, Error> {
    let computed = SharedRun::open(folder)?.compute(jobs, 2, None, &mut ());
    computed.map(|(n, _)| n)
}

/// All of it but where and when: the text of the results.
fn text(outcome: &crate::RunOutcome) -> String {
    let mut results = outcome.results.clone();
    results.environment = Default::default();
    serde_json::to_string(&results).unwrap()
}

#[test]
fn what_machines_share_is_the_run_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let run = planned(&folder);
    let sweep = folder.path().join("sweep");
    assert_eq!(run.jobs().len(), 12);
    assert_eq!(run.design_hash(), SMALL_RUN.results.design_hash);
    // What is elsewhere is not needed: the folder is moved to another machine.
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&sweep, &elsewhere).unwrap();
    fs::remove_file(folder.path().join("small.toml")).unwrap();
    let (first, last) = run.jobs().split_at(5);
    assert_eq!(compute(&elsewhere, last).unwrap(), 7);
    let run = SharedRun::open(&elsewhere).unwrap();
    let missing = run.collect(false, None, &mut ()).unwrap_err();
    assert!(
        missing.to_string().starts_with("5 of 12 jobs in "),
        "{missing}"
    );
    assert_eq!(compute(&elsewhere, first).unwrap(), 5);
    assert_eq!(compute(&elsewhere, run.jobs()).unwrap(), 0);
    let outcome = run.collect(false, None, &mut ()).unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert_eq!(text(&outcome), text(&SMALL_RUN));
    let machines = &outcome.results.environment.machines;
    assert_eq!(machines.len(), 1);
    assert_eq!(machines[0].repetitions.len(), 12);
    assert!(machines[0].seconds > 0.0 && machines[0].program.len() == 32);
}

#[test]
fn what_is_complete_can_be_collected_and_more_repetitions_add_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep");
    let run = planned(&folder);
    // Two repetitions of all three tables, and one more of the first.
    assert_eq!(compute(&sweep, &run.jobs()[..7]).unwrap(), 7);
    let outcome = run.collect(true, None, &mut ()).unwrap();
    assert_eq!(outcome.results.design.n_complete, 2);
    assert_eq!(outcome.results.omissions.len(), 3);
    let more = RunPlan {
        repetitions: Some(8),
        ..plan(&folder)
    };
    let more = SharedRun::plan(&more, &sweep).unwrap();
    assert_eq!(more.jobs().len(), 24);
    assert_eq!(&more.jobs()[..12], run.jobs());
    let n_done = more.jobs().iter().filter(|job| more.is_done(job)).count();
    assert_eq!(n_done, 7);
}

#[test]
fn a_result_that_is_damaged_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep");
    let run = planned(&folder);
    let job = &run.jobs()[0];
    compute(&sweep, &run.jobs()[..1]).unwrap();
    let file = sweep.join("results").join(&job.job);
    let whole = fs::read(&file).unwrap();
    for length in [0, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(!run.is_done(job), "{length}");
    }
    let mut other = whole.clone();
    other[whole.len() / 2] ^= 1;
    fs::write(&file, &other).unwrap();
    assert_eq!(compute(&sweep, &run.jobs()[..1]).unwrap(), 1);
    assert!(run.is_done(job));
    // A result in another's place is none: the hash of its job is in it.
    let second = sweep.join("results").join(&run.jobs()[1].job);
    fs::copy(&file, second).unwrap();
    assert!(!run.is_done(&run.jobs()[1]));
}

#[test]
fn jobs_are_named_by_line_number_or_hash() {
    let folder = tempfile::tempdir().unwrap();
    let run = planned(&folder);
    let second = &run.jobs()[1];
    let lines = fs::read_to_string(folder.path().join("sweep/jobs.jsonl")).unwrap();
    for name in [lines.lines().nth(1).unwrap(), "2", &second.job] {
        assert_eq!(run.job(name).unwrap(), second);
    }
    for name in ["0", "13", "x", &"0".repeat(32), ""] {
        assert!(
            matches!(run.job(name), Err(Error::UnknownJob { .. })),
            "{name}"
        );
    }
}

#[test]
fn another_table_design_or_plan_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("mine");
    fs::create_dir(&tables).unwrap();
    let table = |slope: f64| -> String {
        let rows = (0..60).map(|at| {
            let x = f64::from(at * 37 % 60);
            format!("{x},{},{}\n", x * x, slope * x + f64::from(at % 7))
        });
        format!("a,b,y\n{}", rows.collect::<String>())
    };
    fs::write(tables.join("line.csv"), table(2.0)).unwrap();
    fs::write(tables.join("line.toml"), "task = \"numbers\"\n").unwrap();
    fs::write(tables.join("notes.txt"), "not for machines").unwrap();
    let own = RunPlan {
        tables: Some(tables),
        ..plan(&folder)
    };
    let sweep = folder.path().join("sweep");
    let run = SharedRun::plan(&own, &sweep).unwrap();
    assert!(!sweep.join("tables/notes.txt").exists());
    compute(&sweep, &run.jobs()[..1]).unwrap();
    let copied = sweep.join("tables/line.csv");
    fs::write(&copied, table(3.0)).unwrap();
    for error in [
        compute(&sweep, &run.jobs()[1..2]).unwrap_err(),
        run.collect(true, None, &mut ()).unwrap_err(),
    ] {
        assert!(error.to_string().ends_with("plan anew"), "{error}");
    }
    fs::remove_file(&copied).unwrap();
    let error = compute(&sweep, &run.jobs()[1..2]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the table line: it is not there any more"
    );
    for other in [
        RunPlan {
            base_seed: 1,
            ..own.clone()
        },
        plan(&folder),
    ] {
        let error = SharedRun::plan(&other, &sweep).unwrap_err();
        assert!(
            error.to_string().ends_with("name another folder"),
            "{error}"
        );
    }
    let plan_file = sweep.join("plan.json");
    let saved = fs::read_to_string(&plan_file).unwrap();
    fs::write(
        &plan_file,
        saved.replace("\"base_seed\": 0", "\"base_seed\": 7"),
    )
    .unwrap();
    let error = SharedRun::open(&sweep).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn jobs_that_are_not_those_of_the_plan_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep");
    let run = planned(&folder);
    compute(&sweep, run.jobs()).unwrap();
    let file = sweep.join("jobs.jsonl");
    let lines = fs::read_to_string(&file).unwrap();
    let swapped = lines.replace("wine", "X").replace("yacht", "wine");
    let short: String = lines
        .lines()
        .take(9)
        .map(|line| format!("{line}\n"))
        .collect();
    for other in [swapped.replace('X', "yacht"), short, String::new()] {
        fs::write(&file, other).unwrap();
        let error = SharedRun::open(&sweep).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("it is not that of the plan; plan anew"),
            "{error}"
        );
    }
    // To plan anew helps, and keeps what was computed.
    let again = planned(&folder);
    assert!(again.jobs().iter().all(|job| again.is_done(job)));
}

#[test]
fn a_folder_of_somebody_elses_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let error = SharedRun::plan(&plan(&folder), folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it has other files; name another folder"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Tables and settings that are gone do not stay behind, and a table's settings may be called as a design usually is.
#[test]
fn planned_anew_the_copies_are_those_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, sweep) = (folder.path().join("mine"), folder.path().join("sweep"));
    fs::create_dir(&mine).unwrap();
    let table = |factor: usize| -> String {
        let rows = (0..60).map(|at| format!("{},{},{}\n", at * 37 % 60, at % 7, factor * at));
        format!("a,b,y\n{}", rows.collect::<String>())
    };
    for (name, factor) in [("design", 2), ("other", 3), ("third", 4)] {
        fs::write(mine.join(name).with_extension("csv"), table(factor)).unwrap();
    }
    fs::write(mine.join("design.toml"), "target = \"a\"\n").unwrap();
    let design = super::SMALL.replace(
        r#"["wine", "yacht", "thyroid"]"#,
        r#"["design.csv", "other.csv", "third.csv", "gone.csv"]"#,
    );
    fs::write(mine.join("own.toml"), design).unwrap();
    let by_design = RunPlan {
        file: Some(mine.join("own.toml")),
        ..plan(&folder)
    };
    let run = SharedRun::plan(&by_design, &sweep).unwrap();
    assert_eq!(run.jobs().len(), 12);
    compute(&sweep, &run.jobs()[..1]).unwrap();
    let by_folder = RunPlan {
        tables: Some(mine.clone()),
        ..plan(&folder)
    };
    let sweep = folder.path().join("by-folder");
    fs::remove_file(mine.join("own.toml")).unwrap();
    let before = SharedRun::plan(&by_folder, &sweep).unwrap();
    fs::remove_file(mine.join("design.toml")).unwrap();
    fs::remove_file(mine.join("third.csv")).unwrap();
    let now = SharedRun::plan(&by_folder, &sweep).unwrap();
    assert_eq!((before.jobs().len(), now.jobs().len()), (12, 8));
    assert_eq!(compute(&sweep, now.jobs()).unwrap(), 8);
    now.collect(false, None, &mut ()).unwrap();
}

#[test]
fn a_table_that_cannot_be_repeated_is_said_once_and_by_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine");
    fs::create_dir(&mine).unwrap();
    // One row of a class: most splits have none in the part that is trained on, or none to test.
    let rows: String = (0..60)
        .map(|at| {
            format!(
                "{},{}\n",
                at * 37 % 60,
                if at == 7 { "rare" } else { "usual" }
            )
        })
        .collect();
    fs::write(mine.join("rare.csv"), format!("a,y\n{rows}")).unwrap();
    let line = |at: u32| format!("{},{},{at}\n", at * 37 % 60, at % 7);
    let rows: String = (0..60).map(line).collect();
    fs::write(mine.join("line.csv"), format!("a,b,y\n{rows}")).unwrap();
    let own = RunPlan {
        tables: Some(mine),
        ..plan(&folder)
    };
    let run = SharedRun::plan(&own, &folder.path().join("sweep")).unwrap();
    let (n, failures) = run.compute(run.jobs(), 2, None, &mut ()).unwrap();
    assert!(n == 8 && failures.len() > 1, "{n}, {failures:?}");
    assert!(
        failures[0].starts_with("cannot repeat rare: "),
        "{failures:?}"
    );
    let outcome = run.collect(false, None, &mut ()).unwrap();
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.results.design.n_complete, 4);
}
