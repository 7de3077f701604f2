//! What a training sees, and what becomes of it.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use smallbatch_data::{Folds, FrameValues, Table, TableReader, Target, Task};
use smallbatch_pipeline::{
    Course, CrossFit, Error, Fold, Line, Measures, NetworkRecipe, Pipeline, Recipe,
};

use crate::support::{diverging_network, fit, frame, houses, line, small_network, table, uniform};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn r2(model: &Pipeline) -> f64 {
    match model.held_out().measures {
        Measures::Numbers { r2, .. } => r2,
        Measures::Classes { .. } => panic!("of classes there is no R²"),
    }
}

#[test]
fn a_training_that_diverges_gives_no_model() {
    let houses = houses(80, 1);
    let recipe = Recipe::Network(diverging_network());
    let error = Pipeline::fit(&houses, &TableReader::new(), &recipe, 0).unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("5 of 5 trainings diverged"), "{said}");
    assert!(said.contains("a lower learning rate"), "{said}");
}

/// Of five trainings one may diverge: then the recipe is worth nothing, however good the other four are.
#[test]
fn one_fold_that_diverges_is_enough() {
    let table = houses(80, 1);
    let schema = TableReader::new().schema(&table).unwrap();
    let frame = schema.labelled_frame(&table).unwrap().frame;
    let folds = Folds::new(&frame, 5, 0).unwrap();
    let good = Recipe::Network(small_network());
    let bad = Recipe::Network(diverging_network());
    let course = |fold: usize, recipe| {
        let (training, held_out) = folds.rows(fold);
        let fold = Fold::new(&frame, &training, &held_out).unwrap();
        fold.train(recipe, 0, &GO_ON).unwrap()
    };
    let sound: Vec<_> = (0..5).map(|fold| course(fold, &good)).collect();
    let mut broken = sound.clone();
    broken[3] = course(3, &bad);
    let (sound, broken) = (
        CrossFit::new(good.clone(), sound, &folds),
        CrossFit::new(good, broken, &folds),
    );
    assert_eq!((sound.n_diverged(), broken.n_diverged()), (0, 1));
    assert!(sound.loss().is_finite() && broken.loss() == f64::INFINITY);
    let model = Pipeline::new(schema, &frame, &[(&folds, &broken)], 0);
    assert!(matches!(model, Err(Error::Broken { .. })));
}

#[test]
fn a_seed_decides_a_model() {
    let houses = houses(60, 2);
    let recipe = Recipe::Network(small_network());
    let model = |seed| Pipeline::fit(&houses, &TableReader::new(), &recipe, seed).unwrap();
    let (first, again, other) = (model(3), model(3), model(4));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let predicted = |model: &Pipeline| model.predict(&houses).unwrap().values;
    assert_ne!(predicted(&first), predicted(&other));
}

/// A file of JSON would have no number for it, and could not be read again.
#[test]
fn a_history_has_no_losses_that_are_not_finite() {
    let frame = frame(&houses(80, 3), &TableReader::new());
    let (training, held_out): (Vec<usize>, Vec<usize>) = ((0..60).collect(), (60..80).collect());
    let fold = Fold::new(&frame, &training, &held_out).unwrap();
    let recipe = Recipe::Network(small_network());
    let mut course = fold.train(&recipe, 7, &GO_ON).unwrap();
    let last = course.looks.len() - 1;
    let n_epochs = course.member(last).unwrap().history.len();
    assert!(n_epochs > 2);
    course.looks[last].losses[0] = f64::INFINITY;
    course.looks[last - 1].training_loss = f64::NAN;
    let history = course.member(last).unwrap().history;
    assert_eq!(history.len(), n_epochs - 2);
}

/// Rows held out may say anything: what is fitted to the others stays as it is, to the bit.
#[test]
fn nothing_is_fitted_to_rows_held_out() {
    let frame = frame(&houses(80, 3), &TableReader::new());
    let training: Vec<usize> = (0..60).collect();
    let held_out: Vec<usize> = (60..80).collect();
    let mut other = frame.clone();
    for column in &mut other.columns {
        match &mut column.values {
            FrameValues::Numbers(values) => {
                values[60..]
                    .iter_mut()
                    .for_each(|value| *value = 1e6 - 5.0 * *value);
                values[61] = f64::NAN;
            }
            FrameValues::Categories { codes, .. } => {
                codes[60..]
                    .iter_mut()
                    .for_each(|code| *code = FrameValues::UNSEEN);
            }
        }
    }
    if let Some(Target::Values { values, .. }) = &mut other.target {
        values.columns_mut(60, 20).apply(|y| *y = 100.0 - *y);
    }
    let recipes = [line(), Recipe::Network(small_network())];
    for recipe in &recipes {
        let train = |frame| {
            let fold = Fold::new(frame, &training, &held_out).unwrap();
            fold.train(recipe, 7, &GO_ON).unwrap()
        };
        let (one, another) = (train(&frame), train(&other));
        // The history says what was lost on rows held out; nothing else depends on them.
        let member = |course: &Course, look| {
            let mut member = course.member(look)?;
            for epoch in &mut member.history {
                epoch.held_out_loss = 0.0;
            }
            Some(member)
        };
        assert_eq!(member(&one, 0), member(&another, 0), "{recipe}");
        assert!(one.member(0).is_some());
        assert_ne!(one.looks[0].losses, another.looks[0].losses);
        // Whoever looks at rows held out to end a training may end it earlier, but trains no other network.
        let common = one.looks.len().min(another.looks.len()) - 1;
        assert_eq!(member(&one, common), member(&another, common), "{recipe}");
        // Whereas another training row changes it.
        let mut changed = frame.clone();
        if let Some(Target::Values { values, .. }) = &mut changed.target {
            values[0] += 1.0;
        }
        assert_ne!(one.member(0), train(&changed).member(0), "{recipe}");
    }
}

/// In each shop all rows have the same random target, and a street of their own: who sees one row of a shop knows the others.
#[test]
fn rows_of_a_group_are_on_one_side() {
    let mut draw = uniform(4);
    let targets: Vec<f64> = (0..30).map(|_| draw()).collect();
    let rows = (0..300).map(|at| {
        let shop = at % 30;
        format!("s{shop},street {shop},{:.9},{:.3}", draw(), targets[shop])
    });
    let table = table("shop,street,x,y", rows);
    let open = fit(&table, &line());
    assert!(r2(&open) > 0.9, "{}", r2(&open));
    let reader = TableReader::new().groups("shop");
    let frame = frame(&table, &reader);
    let groups = frame.groups.clone().unwrap();
    let folds = Folds::new(&frame, 5, 0).unwrap();
    for fold in 0..folds.n_folds() {
        let (training, held_out) = folds.rows(fold);
        let shops = |rows: Vec<usize>| -> BTreeSet<u32> {
            rows.into_iter().map(|row| groups[row]).collect()
        };
        assert!(shops(training).is_disjoint(&shops(held_out)));
    }
    let closed = Pipeline::fit(&table, &reader, &line(), 0).unwrap();
    assert!(r2(&closed) < 0.1, "{}", r2(&closed));
}

#[test]
fn by_time_the_past_predicts_and_one_network_is_kept() {
    let mut draw = uniform(5);
    // Rows in no order of time.
    let rows = (0..100).map(|at| {
        let day = (37 * at) % 100;
        let x = draw();
        format!(
            "2024-{:02}-{:02},{x:.3},{:.3}",
            1 + day / 25,
            1 + day % 25,
            2.0 * x + 0.01 * day as f64
        )
    });
    let table = table("day,x,y", rows);
    let reader = TableReader::new().time("day");
    let frame = frame(&table, &reader);
    let times = frame.times.clone().unwrap();
    let folds = Folds::new(&frame, 5, 0).unwrap();
    assert_eq!(folds.n_folds(), 4);
    for fold in 0..4 {
        let (training, held_out) = folds.rows(fold);
        let latest = training
            .iter()
            .map(|&row| times[row])
            .fold(f64::MIN, f64::max);
        let earliest = held_out
            .iter()
            .map(|&row| times[row])
            .fold(f64::MAX, f64::min);
        assert!(latest < earliest, "fold {fold}: {latest} and {earliest}");
    }
    for recipe in [line(), Recipe::Network(small_network())] {
        let model = Pipeline::fit(&table, &reader, &recipe, 0).unwrap();
        assert_eq!(model.members().len(), 1, "{recipe}");
        // Nothing predicts the first stretch.
        assert_eq!(model.held_out().rows, 80);
    }
    assert_eq!(fit(&table, &line()).members().len(), 5);
}

/// Nine rows in ten say 0 and count 1, the others say 10 and count 9: of all rows together half.
#[test]
fn a_row_counts_by_its_weight() {
    let mut draw = uniform(6);
    let rows = (0..200).map(|at| {
        let (y, weight) = if at % 10 == 0 {
            ("10.5", 9)
        } else {
            ("0.5", 1)
        };
        format!("{:.3},{weight},{y}", draw())
    });
    let table = table("x,weight,y", rows);
    let reader = TableReader::new().weights("weight").task(Task::Regression);
    let network = Recipe::Network(small_network());
    for (recipe, near) in [(line(), 0.5), (network, 2.0)] {
        let model = Pipeline::fit(&table, &reader, &recipe, 0).unwrap();
        let mean = model.predict(&table).unwrap().values.mean();
        assert!((mean - 5.5).abs() < near, "{recipe}: {mean}");
    }
    let reader = TableReader::new().ignore(["weight"]).task(Task::Regression);
    let without = Pipeline::fit(&table, &reader, &line(), 0).unwrap();
    let mean = without.predict(&table).unwrap().values.mean();
    assert!((mean - 1.5).abs() < 0.5, "{mean}");
}

/// The mean of exp(…) is not exp(the mean of …): a model of logarithms is corrected for that.
#[test]
fn logarithms_are_taken_back_without_a_bias() {
    let mut draw = uniform(7);
    let rows = (0..300).map(|_| {
        let x = draw();
        let noise: f64 = (0..4).map(|_| draw() - 0.5).sum();
        format!("{x:.4},{:.5}", (2.0 * x + 1.5 * noise).exp())
    });
    let table = table("x,y", rows);
    let recipe = Recipe::Line(Line {
        penalty: 1e-4,
        logarithm: true,
        ..Line::default()
    });
    let model = fit(&table, &recipe);
    let predicted = model.predict(&table).unwrap().values.mean();
    let frame = frame(&table, &TableReader::new());
    let mean = frame.target.unwrap().as_values().unwrap().mean();
    assert!(
        (predicted / mean - 1.0).abs() < 0.03,
        "{predicted} and {mean}"
    );
}

#[test]
fn numbers_of_any_size_do_no_harm() {
    let with = |most: &str| {
        let mut draw = uniform(8);
        let rows = (0..80).map(|at| {
            let x = draw();
            let huge = if at == 7 { most } else { "1" };
            format!("{x:.4},{:.4}e30,{huge},{:.4}e-20", draw(), 3.0 * x)
        });
        table("x,large,huge,y", rows)
    };
    let table = with("1e100");
    let network = NetworkRecipe {
        epochs: 64,
        ..small_network()
    };
    for recipe in [line(), Recipe::Network(network)] {
        let model = fit(&table, &recipe);
        let predictions = model.predict(&table).unwrap();
        let mut values = predictions.values.iter();
        assert!(values.all(|value| value.is_finite()), "{recipe}");
        assert!(r2(&model) > 0.5, "{recipe}: {}", r2(&model));
        // Later ones may be larger than all before, though not beyond all bounds.
        let later = "x,large,huge\n1e6,-1e36,1e106\n-1e6,1e36,-1e106\n";
        let later = model.predict(&Table::read(later.as_bytes()).unwrap());
        let later = later.unwrap().values;
        assert!(
            later.iter().all(|value| value.is_finite()),
            "{recipe}: {later}"
        );
    }
    // Its square is none that a number can hold.
    let error = Pipeline::fit(&with("1e300"), &TableReader::new(), &line(), 0).unwrap_err();
    assert!(error.to_string().contains("\"huge\""), "{error}");
}

/// Features around 1e-300 are standardized as any others. A target there is refused for what it is, and not for the learning rate.
#[test]
fn tiny_features_are_learned_from_and_a_tiny_target_is_named() {
    let of = |feature: &str, target: &str| {
        let mut draw = uniform(3);
        let rows = (0..80).map(|_| {
            let (a, b) = (draw() - 0.5, draw() - 0.5);
            format!("{a:.4}{feature},{b:.4}{feature},{:.6}{target}", 2.0 * a - b)
        });
        table("a,b,y", rows)
    };
    let network = Recipe::Network(small_network());
    for recipe in [&line(), &network] {
        let model = |feature| Pipeline::fit(&of(feature, ""), &TableReader::new(), recipe, 0);
        let (tiny, plain) = (model("e-300").unwrap(), model("").unwrap());
        let (tiny, plain) = (r2(&tiny), r2(&plain));
        // The same to rounding: that of the features' means and of single precision.
        assert!(
            plain > 0.3 && (tiny - plain).abs() < 0.01,
            "{recipe}: {tiny}, {plain}"
        );
        for unit in ["e-300", "e300"] {
            let table = of("", unit);
            let error = Pipeline::fit(&table, &TableReader::new(), recipe, 0).unwrap_err();
            assert!(matches!(error, Error::TargetUnit { .. }), "{error}");
            let said = error.to_string();
            assert!(
                said.contains("\"y\"") && said.contains("another unit"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_recipe_that_cannot_be_is_refused_before_anything_is_trained() {
    let houses = houses(60, 1);
    let refused = |recipe: Recipe| {
        let error = Pipeline::fit(&houses, &TableReader::new(), &recipe, 0).unwrap_err();
        error.to_string()
    };
    let network = small_network();
    let line = |penalty| {
        Recipe::Line(Line {
            penalty,
            ..Line::default()
        })
    };
    let more_than_all = Recipe::Line(Line {
        l1: 1.5,
        ..Line::default()
    });
    assert_eq!(
        refused(more_than_all),
        "`l1` is 1.5; it must be from 0 (ridge) to 1 (lasso)"
    );
    assert_eq!(
        refused(line(-1.0)),
        "`penalty` is -1; it must be finite and at least 0"
    );
    for (recipe, words) in [
        (
            NetworkRecipe {
                learning_rate: -1.0,
                ..network.clone()
            },
            "-1",
        ),
        (
            NetworkRecipe {
                epochs: 0,
                ..network.clone()
            },
            "epoch",
        ),
        (
            NetworkRecipe {
                hidden: vec![0],
                ..network.clone()
            },
            "0",
        ),
        (
            NetworkRecipe {
                dropout: 1.0,
                ..network
            },
            "dropout",
        ),
    ] {
        let said = refused(Recipe::Network(recipe));
        assert!(said.contains(words), "{said}");
    }
}
