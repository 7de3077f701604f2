//! Whoever stops a search keeps what was complete.

use smallbatch_advice::{AdvicePlan, Advised, Conclusion, Error, Progress, Status, Way, advise};
use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::Pipeline;

use crate::support::{check, quick, table, uniform};

/// Stops as soon as this is being done.
struct Until(&'static str, bool);

impl Progress for Until {
    fn report(&mut self, status: &Status<'_>) {
        self.1 |= status.message.contains(self.0);
    }

    fn interrupted(&self) -> bool {
        self.1
    }
}

fn curved() -> Table {
    let mut draw = uniform(1);
    let rows = (0..150).map(|_| {
        let (x, z) = (4.0 * draw() - 2.0, draw());
        format!("{x:.3},{z:.3},{:.4}", x * x + z + 0.1 * draw())
    });
    table("x,z,y", rows)
}

fn stopped(at: &'static str) -> Result<Advised, Error> {
    advise(&curved(), &quick(TableReader::new()), &mut Until(at, false))
}

#[test]
fn after_the_lines_there_is_an_advice() {
    let advised = stopped("search").unwrap();
    check(&advised, &curved());
    let advice = &advised.advice;
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.starts_with("stopped before the end")),
        "{advice}"
    );
    assert!(advice.judged(Way::Found).is_none());
    assert_eq!(advice.advised(), Way::Line);
    assert!(
        advice.headline.contains("No network was tried."),
        "{advice}"
    );
}

#[test]
fn after_the_search_the_network_counts() {
    let advised = stopped("raw inputs").unwrap();
    check(&advised, &curved());
    let advice = &advised.advice;
    assert_eq!(advice.conclusion, Conclusion::Network, "{advice}");
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.starts_with("stopped before the end")),
        "{advice}"
    );
    assert!(advice.judged(Way::Raw).is_none());
}

#[test]
fn before_anything_is_known_there_is_none() {
    let mut at_once = Until("", true);
    let error = advise(&curved(), &quick(TableReader::new()), &mut at_once).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn what_was_stopped_does_not_replace_a_complete_advice() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = || Err("not asked".to_owned());
    let write = |advised: &Advised| advised.write(folder.path(), nothing()).unwrap();
    let mut partial = stopped("search").unwrap();
    assert!(!partial.advice.is_complete);
    // Where there is none, it counts.
    assert_eq!(write(&partial)[1], folder.path().join("advice.json"));
    // As each advice that was not stopped: `advised` checks that.
    partial.advice.is_complete = true;
    assert_eq!(write(&partial)[1], folder.path().join("advice.json"));
    partial.advice.is_complete = false;
    let complete = std::fs::read(folder.path().join("advice.json")).unwrap();
    assert_eq!(
        write(&partial)[1],
        folder.path().join("stopped/advice.json")
    );
    assert!(std::fs::read(folder.path().join("advice.json")).unwrap() == complete);
}

/// Power is lost while an advice replaces another: model and advice are each the old or the new one, and tell of a mixture themselves.
#[test]
fn a_loss_of_power_leaves_each_file_whole_and_a_mixture_can_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/out");
    let write = |advised: &Advised| advised.write(&out, Err("not asked".to_owned())).unwrap();
    let old = stopped("search").unwrap();
    let plan = AdvicePlan {
        base_seed: 7,
        ..quick(TableReader::new())
    };
    let new = advise(&curved(), &plan, &mut Until("search", false)).unwrap();
    assert_ne!(old.advice.id, new.advice.id);
    let ((), recording) = smallbatch_files::power::record(folder.path(), || {
        for (step, advised) in [(1, &old), (2, &new)] {
            write(advised);
            smallbatch_files::power::done(step);
        }
    })
    .unwrap();
    let left_over = tempfile::tempdir().unwrap();
    let mut pairs = std::collections::BTreeSet::new();
    for left in recording.losses() {
        let at = left_over.path().join("left");
        left.lay_out(&at).unwrap();
        let at = at.join("new/out");
        let advice = std::fs::read_to_string(at.join("advice.json"))
            .ok()
            .map(|text| {
                assert_eq!(smallbatch_files::check_json(&text), Ok(true));
                serde_json::from_str::<serde_json::Value>(&text).unwrap()["id"].to_string()
            });
        let model = at.join("model.safetensors");
        let model = model.is_file().then(|| Pipeline::load(&model).unwrap());
        let model = model.map(|model| format!("\"{}\"", model.advice()));
        let newest = format!(
            "\"{}\"",
            [&old, &new][usize::from(left.done == 2)].advice.id
        );
        if left.done > 0 {
            assert!(advice.is_some() && model.is_some());
        }
        if left.done == 2 {
            assert_eq!((&advice, &model), (&Some(newest.clone()), &Some(newest)));
        }
        pairs.insert((advice, model));
    }
    // Both, one of each kind, and none: the identities differ where the files do not belong together.
    assert!(
        pairs
            .iter()
            .any(|(advice, model)| advice.is_some() && model.is_some() && advice != model)
    );
}

/// The last thing that is trained are more networks of what is advised.
#[test]
fn without_the_other_folds_an_advice_is_not_complete() {
    let advised = stopped("the model on other folds").unwrap();
    assert!(!advised.advice.is_complete);
    check(&advised, &curved());
}
