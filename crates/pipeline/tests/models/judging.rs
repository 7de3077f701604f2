//! What a model says of a table.

use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::{Error, Measures, Pipeline};

use crate::support::{fit, houses, line, table, uniform};

#[test]
fn a_model_is_judged_on_its_own_table_and_on_another() {
    let model = fit(&houses(200, 1), &line());
    let held_out = model.held_out();
    assert_eq!(held_out.rows, 200);
    let Measures::Numbers { rmse, r2, .. } = held_out.measures else {
        panic!("the target is a number")
    };
    let said = format!(
        "200 rows: RMSE {rmse:.4}, R² {r2:.4}, loss {:.4} of the constant's",
        held_out.relative_loss()
    );
    assert_eq!(held_out.to_string(), said);
    assert_eq!(
        model.to_string(),
        format!(
            "y by {}, trained {} times; held out: {said}",
            model.recipe(),
            model.members().len()
        )
    );
    let one = Table::read("town,b,a\nUlm,0.5,1\nUlm,0.5,x\n".as_bytes()).unwrap();
    let said = model.predict(&one).unwrap().to_string();
    assert_eq!(said, "y of 1 row, 1 more cannot be read");
    let (own, inside) = model.evaluate(&houses(200, 1)).unwrap();
    // It saw these rows.
    assert!(
        own.loss < held_out.loss,
        "{} and {}",
        own.loss,
        held_out.loss
    );
    assert!(inside.unwrap() >= 0.9);
    let (other, _) = model.evaluate(&houses(400, 9)).unwrap();
    // The mean of 400 squared errors and that of 200, of a noise of the same distribution: 0.2²/12 in the mean.
    assert!(
        (other.loss / held_out.loss - 1.0).abs() < 0.3,
        "{} and {}",
        other.loss,
        held_out.loss
    );
    let Measures::Numbers { rmse, mae, r2 } = other.measures else {
        panic!("the target is a number")
    };
    assert!((rmse - other.loss.sqrt()).abs() < 1e-12 && mae < rmse && r2 > 0.99);
    assert!((other.relative_loss() - (1.0 - r2)).abs() < 1e-12);
}

#[test]
fn without_the_target_a_table_is_predicted_but_not_judged() {
    let model = fit(&houses(60, 1), &line());
    let table = Table::read("town,b,extra,a\nUlm,0.5,?,1\nBonn,0.5,!,1\n".as_bytes()).unwrap();
    let predictions = model.predict(&table).unwrap();
    // 2a - b + 3 in Ulm: columns are found by name, whatever their order.
    let near = |at: usize, y: f64| (predictions.values[at] - y).abs() < 0.2;
    assert!(near(0, 4.5) && near(1, 1.5), "{}", predictions.values);
    assert_eq!(predictions.lines, [2, 3]);
    let error = model.evaluate(&table).unwrap_err();
    assert!(matches!(error, Error::NoTarget { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the table has no column \"y\", which is needed to evaluate"
    );
    let table = Table::read("town,b\nUlm,0.5\n".as_bytes()).unwrap();
    let error = model.predict(&table).unwrap_err();
    assert!(error.to_string().contains("\"a\""), "{error}");
}

/// A cell that is missing or new, and a row that cannot be read, cost nothing but themselves.
#[test]
fn what_is_new_is_told_and_predicted() {
    let model = fit(&houses(60, 1), &line());
    let text = "a,b,town\n1,0.5,Ulm\n,0.5,Ulm\nNA,0.5,Tromso\nmuch,0.5,Ulm\n1,0.5,\n1,0.5,Bonn\n";
    let predictions = model
        .predict(&Table::read(text.as_bytes()).unwrap())
        .unwrap();
    assert_eq!(predictions.lines, [2, 3, 4, 6, 7]);
    assert!(predictions.values.iter().all(|value| value.is_finite()));
    let bad: Vec<u64> = predictions.bad_rows.iter().map(|row| row.line).collect();
    assert_eq!(bad, [5]);
    let new: Vec<&str> = predictions
        .notices
        .iter()
        .map(|notice| notice.what.as_str())
        .collect();
    assert!(new.iter().any(|what| what.contains("Tromso")), "{new:?}");
    // A new town is between those that are known.
    let [ulm, new, bonn] = [0, 2, 4].map(|at| predictions.values[at]);
    assert!(bonn - 1.5 < new && new < ulm + 1.5, "{bonn}, {new}, {ulm}");
}

#[test]
fn probabilities_are_that_and_the_class_is_the_most_probable() {
    let mut draw = uniform(2);
    let rows = (0..90).map(|_| {
        let x = draw();
        let class = ["low", "middle", "high"][(3.0 * x) as usize];
        format!("{x:.3},{class}")
    });
    let model = fit(&table("x,level", rows), &line());
    let table = Table::read("x\n0.01\n0.5\n0.99\n9e4\n".as_bytes()).unwrap();
    let predictions = model.predict(&table).unwrap();
    for column in predictions.values.column_iter() {
        assert!((column.sum() - 1.0).abs() < 1e-6, "{column}");
        assert!(column.iter().all(|p| (0.0..=1.0).contains(p)));
    }
    let classes: Vec<_> = (0..4).map(|row| predictions.class(row)).collect();
    assert_eq!(
        classes,
        [Some("low"), Some("middle"), Some("high"), Some("high")]
    );
    let text = predictions.to_csv().unwrap();
    assert!(
        text.starts_with("line,prediction,p(high),p(low),p(middle)\n2,low,"),
        "{text}"
    );
    let Measures::Classes { auc, confusion, .. } = &model.held_out().measures else {
        panic!("the target is classes")
    };
    assert!(auc.unwrap() > 0.8, "{auc:?}");
    assert_eq!(confusion.iter().flatten().sum::<usize>(), 90);
}

#[test]
fn a_handful_of_rows_is_refused() {
    let error = Pipeline::fit(&houses(9, 1), &TableReader::new(), &line(), 0).unwrap_err();
    let said = "9 rows are too few to train and judge on; 10 or more are needed";
    assert_eq!(error.to_string(), said);
    Pipeline::fit(&houses(10, 1), &TableReader::new(), &line(), 0).unwrap();
}

/// Three persons make three folds, and one none.
#[test]
fn of_few_groups_each_is_a_fold() {
    let mut draw = uniform(4);
    let mut people = |n: usize| {
        let rows = (0..60).map(|at| {
            let x = draw();
            format!("p{},{x:.9},{:.4}", at % n, 2.0 * x + 0.1 * draw())
        });
        table("who,x,y", rows.collect::<Vec<_>>())
    };
    let reader = TableReader::new().groups("who");
    let model = Pipeline::fit(&people(3), &reader, &line(), 0).unwrap();
    assert_eq!((model.members().len(), model.held_out().rows), (3, 60));
    let error = Pipeline::fit(&people(1), &reader, &line(), 0).unwrap_err();
    assert!(error.to_string().contains("1 different rows"), "{error}");
}
