//! Pages of numbers and of classes, and what texts and numbers that nobody expects make of them.

use super::*;
use crate::escape::escape;

const EVIL: &str = "<b a=\"x\">'&";

/// A page of numbers, or of classes.
fn page(of_classes: bool) -> AdvicePage {
    let way = |name: &str, times: Option<(f64, Option<f64>, Option<f64>)>| AdviceWay {
        name: name.into(),
        is_advised: name == "the network found",
        recipe: "network of 32 units: standard inputs".into(),
        times,
        is_open: name == "a straight line",
        measures: vec!["87.4 %".into(), "2.77".into()],
        remark: String::new(),
    };
    let curve = |name: &str, losses: [f64; 3]| AdviceCurve {
        name: name.into(),
        points: (1..)
            .zip(losses)
            .map(|(epoch, loss)| AdviceLoss {
                epoch: f64::from(epoch) * 10.0,
                training: 0.9 * loss,
                held_out: loss,
            })
            .collect(),
        best: Some(20.0),
    };
    AdvicePage {
        program: "smallbatch 0.1.0".into(),
        data: "cars".into(),
        target: "mpg".into(),
        headline: "Standardize the inputs: so 87.4 % of the variance of \"mpg\" is explained."
            .into(),
        facts: "392 rows, 5 features; \"mpg\" is a number.".into(),
        notes: (1..=5)
            .map(|at| format!("column {at} has 1 missing cell"))
            .collect(),
        measures: ["explained", "RMSE"].map(str::to_owned).to_vec(),
        ways: vec![
            way("the network found", Some((1.0, Some(1.0), Some(1.0)))),
            way("a straight line", Some((1.3, Some(0.8), Some(2.1)))),
            way("the same, raw inputs", Some((5e16, Some(4e-8), Some(7e40)))),
            AdviceWay {
                remark: "diverged in 2 of 5 folds".into(),
                measures: Vec::new(),
                ..way("the same, full batch", None)
            },
            way("a default network", Some((3.1, None, Some(9.3)))),
            way("always the same", Some((8.6, Some(4.1), None))),
        ],
        lesson: vec!["on raw inputs the same network ends at 1.9 times the loss".into()],
        curves: vec![
            curve("the network found", [0.5, 0.12, 0.13]),
            curve("the same, raw inputs", [0.8, 9.0, f64::NAN]),
        ],
        line_loss: Some(0.2),
        predictions: if of_classes {
            AdvicePredictions::Classes {
                names: ["no", "yes"].map(str::to_owned).to_vec(),
                confusion: vec![vec![90, 3], vec![2, 5]],
                probability_of: "\"yes\"".into(),
                calibration: vec![(0.05, 0.04, 80), (0.6, 0.5, 20)],
            }
        } else {
            AdvicePredictions::Numbers {
                points: (0..40)
                    .map(|at| (f64::from(at), f64::from(at + at % 3)))
                    .collect(),
                rows: 392,
                half_width: Some(4.1),
            }
        },
        importance: (0..14)
            .map(|at| (format!("column {at}"), 0.4 - 0.03 * f64::from(at)))
            .collect(),
        expected: Ok(vec![
            Expectation {
                claim: "1. Standardizing speeds training".into(),
                holds: "84 of 100".into(),
                words: "Raw inputs need 9.2 times as many updates".into(),
                range: "6.1 or more".into(),
                ratio: Some([9.2, 6.1, f64::INFINITY]),
            },
            Expectation {
                claim: "2. Memory grows".into(),
                holds: "–".into(),
                words: "Its answer is counted".into(),
                ..Expectation::default()
            },
        ]),
        tried_columns: ["#loss", "inputs"].map(str::to_owned).to_vec(),
        tried: vec![vec!["0.13".into(), "standard".into()]],
        method: vec![("Folds".into(), "The rows are cut into 5 folds.".into())],
    }
}

/// The page without its style and script.
fn content(page: &AdvicePage) -> String {
    let html = advice_html(page);
    let (_, body) = html.split_once("<body>").expect("a body");
    let (content, _) = body.split_once("<script>").expect("a script");
    content.to_owned()
}

/// The page as it was looked at; see the crate's other snapshots.
#[test]
fn the_page_is_the_one_that_was_looked_at() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/advice.html");
    let all = content(&page(false)) + &content(&page(true));
    if std::env::var_os("KEEP_SNAPSHOTS").is_some() {
        std::fs::write(&file, &all).expect("written");
    }
    let before = std::fs::read_to_string(&file).expect("a snapshot");
    let at = before.lines().zip(all.lines()).position(|(a, b)| a != b);
    assert!(before == all, "differs, first in line {at:?}");
}

#[test]
fn no_text_becomes_markup() {
    for of_classes in [false, true] {
        let mut page = page(of_classes);
        let evil = || EVIL.to_owned();
        (
            page.program,
            page.data,
            page.target,
            page.headline,
            page.facts,
        ) = (evil(), evil(), evil(), evil(), evil());
        for texts in [
            &mut page.notes,
            &mut page.measures,
            &mut page.lesson,
            &mut page.tried_columns,
            &mut page.tried[0],
        ] {
            texts.fill(evil());
        }
        for way in &mut page.ways {
            (way.name, way.recipe, way.remark) = (evil(), evil(), evil());
            way.measures.fill(evil());
        }
        page.curves.iter_mut().for_each(|curve| curve.name = evil());
        page.importance
            .iter_mut()
            .for_each(|(name, _)| *name = evil());
        page.method = vec![(evil(), evil())];
        page.expected = Ok(vec![Expectation {
            claim: evil(),
            holds: evil(),
            words: evil(),
            range: evil(),
            ratio: None,
        }]);
        if let AdvicePredictions::Classes {
            names,
            probability_of,
            ..
        } = &mut page.predictions
        {
            *names = vec![evil(), evil()];
            *probability_of = evil();
        }
        let content = content(&page);
        assert!(!content.contains("<b a"), "markup came through");
        assert!(content.contains(&escape(EVIL)));
        page.expected = Err(evil());
        assert!(!self::content(&page).contains("<b a"));
    }
}

#[test]
fn identifiers_are_unique_and_links_lead_somewhere() {
    for of_classes in [false, true] {
        let content = content(&page(of_classes));
        let after = |text: &'static str| {
            let parts = content.split(text).skip(1);
            parts
                .filter_map(|rest| rest.split('"').next())
                .collect::<Vec<_>>()
        };
        let identifiers = after(" id=\"");
        let distinct: std::collections::HashSet<_> = identifiers.iter().collect();
        assert_eq!(distinct.len(), identifiers.len());
        for target in after("href=\"#") {
            assert!(identifiers.contains(&target), "{target}");
        }
        assert_eq!(after("<section id=\"").len(), 6);
        assert_eq!(
            content.matches("role=\"img\"").count(),
            content.matches("<desc ").count()
        );
    }
}

#[test]
fn what_is_no_number_is_not_printed_and_what_is_not_there_not_shown() {
    let mut page = page(false);
    page.line_loss = Some(f64::NAN);
    page.importance[0].1 = f64::NAN;
    page.ways[1].times = Some((f64::NAN, None, Some(f64::INFINITY)));
    page.predictions = AdvicePredictions::Numbers {
        points: vec![(f64::NAN, 1.0), (1.0, 1.0)],
        rows: 2,
        half_width: Some(f64::INFINITY),
    };
    let content = content(&page);
    for word in ["NaN", ">inf", "Infinity"] {
        assert!(!content.contains(word), "{word}");
    }
    assert!(content.contains("Too few rows vouch"));
    // A way that explodes does not press all others into a dot.
    assert!(content.contains("≥ 1,000") && !content.contains(">1e15<"));

    let empty = self::content(&AdvicePage::default());
    assert!(!empty.contains("<section") && !empty.contains("<table"));
}
