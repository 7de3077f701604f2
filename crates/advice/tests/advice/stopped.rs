//! Whoever stops a search keeps what was complete.

use smallbatch_advice::{Advised, Conclusion, Error, Progress, Status, Way, advise};
use smallbatch_data::{Table, TableReader};

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
    let partial = stopped("search").unwrap();
    assert!(!partial.advice.is_complete);
    // Where there is none, it counts.
    assert_eq!(write(&partial)[1], folder.path().join("advice.json"));
    let full = advise(&curved(), &quick(TableReader::new()), &mut ()).unwrap();
    assert!(full.advice.is_complete);
    assert_eq!(write(&full)[1], folder.path().join("advice.json"));
    let complete = std::fs::read(folder.path().join("advice.json")).unwrap();
    assert_eq!(
        write(&partial)[1],
        folder.path().join("stopped/advice.json")
    );
    assert!(std::fs::read(folder.path().join("advice.json")).unwrap() == complete);
}

/// The last thing that is trained are more networks of what is advised.
#[test]
fn without_the_other_folds_an_advice_is_not_complete() {
    let advised = stopped("the model on other folds").unwrap();
    assert!(!advised.advice.is_complete);
    check(&advised, &curved());
}
