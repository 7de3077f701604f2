//! Single columns: which matters, which gives the target away; and the unit of the target.

use smallbatch_advice::{Conclusion, Way};
use smallbatch_data::Table;
use smallbatch_pipeline::{Line, Recipe};

use crate::support::{advised, table, uniform};

/// price = exp(2·size + noise), a positive number that grows by factors; three columns that say nothing, and names that fill a line.
fn houses(n: usize) -> Table {
    let mut draw = uniform(1);
    let long = "an_exceedingly_long_name_of_a_column_that_fills_more_than_a_whole_line_of_the_terminal_by_itself";
    let rows = (0..n).map(|at| {
        let size = draw();
        let noise: f64 = (0..4).map(|_| draw() - 0.5).sum();
        let price = 1e5 * (2.0 * size + 0.3 * noise).exp();
        let cell = if at == 5 {
            "NA".into()
        } else {
            format!("{:.3}", draw())
        };
        format!("{:.3},{size:.3},{cell},{:.3},{price:.1}", draw(), draw())
    });
    table(&format!("u,size,{long}_1,v,{long}_2"), rows)
}

#[test]
fn the_column_that_matters_is_found_and_logarithms_are_taken_where_they_help() {
    let advised = advised(&houses(200));
    let advice = &advised.advice;
    let (first, growth) = &advice.importance[0];
    assert_eq!(first, "size");
    assert!(
        *growth > 0.5
            && advice.importance[1..]
                .iter()
                .all(|(_, other)| *other < 0.1 * growth)
    );
    let line = advice.judged(Way::Line).unwrap().recipe.as_ref();
    assert!(
        matches!(
            line,
            Some(Recipe::Line(Line {
                logarithm: true,
                ..
            }))
        ),
        "{line:?}"
    );
    assert!(
        !advice.to_string().contains("gives the target away"),
        "{advice}"
    );
}

/// A table in which one column is the target in another unit, and one whose number or word says the class.
#[test]
fn a_column_that_gives_the_target_away_is_named() {
    let mut draw = uniform(2);
    let given_away = |table: &Table| -> Vec<String> {
        let advised = advised(table);
        let notes = advised.advice.notes.iter();
        let away = notes.filter(|note| note.contains("gives the target away"));
        away.map(|note| note.split('"').nth(1).unwrap().to_owned())
            .collect()
    };
    let rows = (0..120).map(|_| {
        let (a, b, noise) = (draw(), draw(), draw());
        let price = a + b * b + noise;
        format!("{a:.3},{b:.3},{:.3},{price:.4}", 100.0 * price)
    });
    assert_eq!(
        given_away(&table("a,b,price in cents,price", rows)),
        ["price in cents"]
    );
    let mut draw = uniform(3);
    let rows = (0..120).map(|_| {
        let (a, refund) = (draw(), if draw() < 0.3 { 10.0 + draw() } else { draw() });
        let (class, letter) = if refund > 5.0 {
            ("returned", "R")
        } else {
            ("kept", "K")
        };
        format!("{a:.3},{refund:.3},{letter},{class}")
    });
    assert_eq!(
        given_away(&table("a,refund,letter,class", rows)),
        ["refund", "letter"]
    );
}

/// Raw inputs that no single precision holds: that training fails in every fold, and the advice shows it and does without.
#[test]
fn what_fails_is_shown_and_not_advised() {
    let mut draw = uniform(4);
    let rows = (0..100).map(|_| {
        let x = 2.0 * draw() - 1.0;
        format!("{x:.4}e39,{:.4},{:.4}", draw(), x * x + 0.01 * draw())
    });
    let advised = advised(&table("x,u,y", rows));
    let advice = &advised.advice;
    let raw = advice.judged(Way::Raw).unwrap();
    assert_eq!((raw.diverged, raw.scores.as_ref()), (5, None));
    let text = advice.to_string();
    assert!(
        text.contains("the same, raw inputs   diverged in 5 of 5 folds"),
        "{text}"
    );
    assert!(advice.headline.contains("diverges in 5 of 5"), "{text}");
    assert_eq!(advice.gain(Way::Raw, Way::Found).unwrap().ratio, None);
    assert_eq!(advice.conclusion, Conclusion::Network);
}
