//! What is made of measurements, and what becomes of those that fail. What is measured is tested in a process of its own, by
//! the program's tests: others in this one use memory meanwhile.

use super::*;
use crate::experiment::definition::Definition;
use crate::experiment::plan::{ExperimentName, Size};
use crate::experiment::sources::Shelf;
use crate::statistics::Verdict;

/// The experiment that comes with the program.
fn study() -> MemoryStudy {
    let built_in = ExperimentName::Memory;
    match crate::experiment::built_in(built_in, Size::Quick, &mut Shelf::new(0)).unwrap() {
        Definition::Memory(study) => study,
        other => panic!("{other:?}"),
    }
}

#[test]
fn growth_is_told_from_the_memory_that_was_measured() {
    // 1,000 bytes a sample in one lump, nothing in chunks, eight bytes in mini-batches; a little noise.
    let row = |noise: u64| -> Vec<[u64; 3]> {
        [25_000_u64, 50_000, 100_000]
            .map(|n| [1_000 * n + noise, 300_000 + noise, 8 * n + noise])
            .into()
    };
    let measured = [row(0), row(8_192), row(4_096)];
    let study = study();
    for (way, verdict, estimate) in [
        (Way::Lump, Verdict::Supported, 1_000.0),
        (Way::Chunks, Verdict::Equivalent, 0.0),
        (Way::Mini, Verdict::Equivalent, 8.0),
    ] {
        let found = study.claim(&study.cases[0], way, &measured).unwrap();
        assert_eq!(found.verdict, verdict, "{}", found.statement);
        assert!((found.effect.estimate.unwrap() - estimate).abs() < 1e-9);
        assert_eq!(found.holds(), Some(true));
    }
}

#[test]
fn unknown_data_are_refused() {
    let probe = MemoryProbe {
        data: "digit".into(),
        samples: 10,
        hidden: vec![4],
        updates: 1,
        batch: 2,
    };
    let error = probe.measure().unwrap_err();
    assert!(error.to_string().contains("augmented-digits"), "{error}");
}

fn found(measure: impl Fn(&MemoryProbe) -> Result<Option<[u64; 3]>, Error>) -> Findings {
    let plan = Plan {
        size: Size::Quick,
        threads: usize::MAX,
        ..Plan::default()
    };
    assert!(study().estimate(&plan).is_finite());
    study().run_with(&plan, &mut Ledger::new(&mut (), 1.0), measure)
}

#[test]
fn where_the_system_does_not_tell_the_results_say_so() {
    let findings = found(|_| Ok(None));
    assert!(findings.claims.is_empty() && findings.failure.is_none());
    let datasets: Vec<&str> = findings
        .omissions
        .iter()
        .filter(|omission| omission.claim.as_deref() == Some(CLAIM))
        .filter(|omission| omission.kind == OmissionKind::NotMeasurableHere)
        .map(|omission| omission.dataset.as_str())
        .collect();
    assert_eq!(datasets, Data::ALL.map(Data::name));
}

#[test]
fn a_failure_keeps_what_was_measured_before() {
    let findings = found(|probe| match probe.data.as_str() {
        "two-inputs" => Ok(Some([300 * probe.samples as u64, 4096, 4096])),
        _ => MemoryProbe {
            data: "no such data".into(),
            ..probe.clone()
        }
        .measure(),
    });
    assert_eq!(findings.claims.len(), Way::ALL.len());
    assert!(findings.failure.is_some());
    // More seeds would not measure the memory more often.
    let noisy = [
        vec![[9, 0, 0]; 3],
        vec![[9, 0, 0], [9, 0, 0], [9, 0, 9_000_000]],
    ];
    let study = study();
    let open = study.claim(&study.cases[1], Way::Mini, &noisy).unwrap();
    assert_eq!(open.verdict, Verdict::Inconclusive { more_seeds: None });
}

#[test]
fn what_is_asked_of_a_process_survives_json() {
    let asked = MemoryProbe {
        data: "two-inputs".into(),
        samples: 25_000,
        hidden: vec![32, 8],
        updates: 3,
        batch: 16,
    };
    let text = serde_json::to_string(&asked).unwrap();
    assert_eq!(serde_json::from_str::<MemoryProbe>(&text).unwrap(), asked);
    assert!(serde_json::from_str::<MemoryProbe>("{\"data\": \"two-inputs\"}").is_err());
}
