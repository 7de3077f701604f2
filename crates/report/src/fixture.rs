//! Results with all that a report can meet, for the tests of what draws them.

use crate::results::*;

/// Ten claims on four tables, with every verdict, cut pairs, a table where neither side trained, claims of two parts, a spread
/// between tables, something counted, a replication and omissions. The file also shows that this layout keeps loading: what is
/// new in the records must not change it.
pub(crate) fn file() -> Results {
    serde_json::from_str(include_str!("results/results-2.json")).expect("results")
}

/// The same with what later files have, too.
pub(crate) fn results() -> Results {
    let mut results = file();
    for answer in &mut results.answers {
        answer.brief = format!("{{effect}} times the {}", answer.measure);
        answer.first = vec!["full batch".into()];
        answer.second = vec!["standardized".into()];
        if answer.claim == "test-uses-train-statistics" {
            answer.batch = Some(if answer.primary { 8 } else { 2 });
        }
    }
    results.summary = [
        ("standardize-speeds-training", "Standardize"),
        ("minibatch-is-faster", "Use small batches"),
    ]
    .map(|(claim, advice)| Summary {
        claim: claim.into(),
        yes: format!("{advice}: {{effect}} times, on {{share}} of 10 new tables."),
        no: "No: {effect} times, on {share} of 10 new tables.".into(),
        open: "Perhaps: {effect} times, on {share} of 10 new tables.".into(),
    })
    .into();
    let kinds = [
        "landscape",
        "curves",
        "overfitting",
        "rates",
        "batch-sizes",
        "own-statistics",
        "noise-scale",
        "targets",
        "memory",
    ];
    for (at, note) in results.claims.iter_mut().enumerate() {
        if note.id == "minibatch-is-faster" {
            note.called = vec!["raw".into(), "batches of 32".into()];
        }
        note.pictures = kinds
            .iter()
            .enumerate()
            .filter(|(kind, name)| kind % 3 == at % 3 || **name == "targets")
            .map(|(_, kind)| (*kind).to_owned())
            .collect();
    }
    results
}

pub(crate) fn primary<'a>(results: &'a Results, claim: &str) -> &'a AnswerNote {
    results.primary(claim).expect("answered")
}

/// All strings but names of enumerations become `text`. Names that belong together stay together.
pub(crate) fn replace_texts(results: &mut Results, text: &str) {
    fn walk(value: &mut serde_json::Value, key: &str, text: &str) {
        const NAMES: [&str; 6] = ["scale", "verdict", "before", "now", "needed", "fact"];
        match value {
            serde_json::Value::String(old) if !NAMES.contains(&key) => *old = text.into(),
            serde_json::Value::Array(items) => {
                items.iter_mut().for_each(|item| walk(item, key, text));
            }
            serde_json::Value::Object(fields) => {
                fields
                    .iter_mut()
                    .for_each(|(key, item)| walk(item, key, text));
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(&*results).expect("JSON");
    walk(&mut value, "", text);
    *results = serde_json::from_value(value).expect("results");
}

/// All numbers that are no counts become `number`.
pub(crate) fn replace_numbers(results: &mut Results, number: f64) {
    numbers(results)
        .into_iter()
        .for_each(|place| *place = number);
}

/// The places of all numbers that are no counts and that may be missing or odd.
pub(crate) fn numbers(results: &mut Results) -> Vec<&mut f64> {
    let mut all: Vec<&mut f64> = vec![&mut results.environment.elapsed_seconds];
    for AnswerNote {
        target,
        estimate,
        threshold,
        tau,
        p,
        p_corrected,
        parts,
        prediction,
        ..
    } in &mut results.answers
    {
        all.push(threshold);
        all.extend(
            [target, estimate, tau, p, p_corrected]
                .into_iter()
                .flatten(),
        );
        all.extend(parts.iter_mut().filter_map(|part| part.estimate.as_mut()));
        all.extend(
            prediction
                .iter_mut()
                .filter_map(|prediction| prediction.share.as_mut()),
        );
    }
    for TableAnswer {
        estimate, target, ..
    } in &mut results.tables
    {
        all.extend([estimate, target].into_iter().flatten());
    }
    for Variance {
        between_tables,
        split_and_tuning,
        initialization_and_order,
        ..
    } in &mut results.variance
    {
        all.extend([between_tables, split_and_tuning, initialization_and_order]);
    }
    for note in &mut results.datasets {
        all.extend([&mut note.deviation_ratio, &mut note.condition_number]);
    }
    for WayNote {
        rates,
        seconds_per_update,
        tuning,
        curve,
        ..
    } in &mut results.ways
    {
        all.extend(rates);
        all.extend(seconds_per_update);
        for TuningPoint {
            learning_rate,
            loss,
            ..
        } in tuning
        {
            all.push(learning_rate);
            all.extend(loss);
        }
        for CurvePoint {
            epochs,
            seconds,
            loss,
            low,
            high,
            validation_loss,
            ..
        } in curve
        {
            all.push(epochs);
            all.extend(
                [seconds, loss, low, high, validation_loss]
                    .into_iter()
                    .flatten(),
            );
        }
    }
    all.extend(
        results
            .effects
            .iter_mut()
            .flat_map(|effect| &mut effect.pairs),
    );
    for Landscape {
        mean,
        deviation,
        samples,
        valleys,
        ..
    } in &mut results.landscapes
    {
        all.extend(
            mean.iter_mut()
                .chain(deviation)
                .chain(samples.iter_mut().flatten()),
        );
        all.extend(
            valleys
                .iter_mut()
                .flat_map(|valley| valley.curvatures.iter_mut().chain(&mut valley.minimum)),
        );
    }
    all.extend(results.memory.iter_mut().map(|point| &mut point.bytes));
    all
}
