//! What an advice is worth: on fresh rows, for rare classes, in time, and where there is nothing to say.

use smallbatch_advice::{AdvicePlan, Conclusion, Way, advise};
use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::{Levels, Measures, Pipeline, row_losses};

use crate::support::{advised, check, quick, right, table, uniform};

/// Prices of houses: a sum of effects, the town's factor, and a noise that grows with the price.
fn houses(n: usize, seed: u64) -> Table {
    let mut draw = uniform(seed);
    let rows = (0..n).map(|_| {
        let (size, age, garden) = (40.0 + 120.0 * draw(), 90.0 * draw(), draw());
        let town = (4.0 * draw()) as usize;
        let noise: f64 = (0..6).map(|_| draw() - 0.5).sum();
        let factor = [1.0, 1.3, 0.8, 1.1][town];
        let price = factor * (2.0 * size - 0.4 * age + 30.0 * garden) * (0.15 * noise).exp();
        let town = ["Bonn", "Ulm", "Kiel", "Jena"][town];
        format!(
            "{size:.0},{age:.0},{town},{garden:.2},{:.1}",
            price.max(5.0)
        )
    });
    table("size,age,town,garden,price", rows)
}

/// Ten measurements of which four matter a little, as of patients: a straight line is all there is.
fn patients(n: usize, seed: u64) -> Table {
    let mut draw = uniform(seed);
    let rows = (0..n).map(|_| {
        let x: Vec<f64> = (0..10).map(|_| 2.0 * draw() - 1.0).collect();
        let noise: f64 = (0..12).map(|_| draw() - 0.5).sum();
        let y = 150.0 + 40.0 * x[0] + 30.0 * x[1] - 20.0 * x[2] + 10.0 * x[3] + 50.0 * noise;
        let cells: Vec<String> = x.iter().map(|x| format!("{x:.3}")).collect();
        format!("{},{y:.1}", cells.join(","))
    });
    table("a,b,c,d,e,f,g,h,i,j,progression", rows)
}

/// On 1000 fresh rows the saved model is not worse than the straight line that was judged, by more than the standard error of the
/// difference.
#[test]
fn on_fresh_rows_the_model_is_as_good_as_a_straight_line() {
    type Make = fn(usize, u64) -> Table;
    for make in [houses as Make, patients] {
        let (table, fresh) = (make(200, 1), make(1_000, 2));
        let advised = advised(&table);
        let line = advised.advice.judged(Way::Line).unwrap().recipe.clone();
        let line = Pipeline::fit(&table, &TableReader::new(), &line.unwrap(), 0).unwrap();
        let losses = |model: &Pipeline| {
            let frame = model.schema().labelled_frame(&fresh).unwrap().frame;
            row_losses(
                &model.predict(&fresh).unwrap().values,
                &frame.target.unwrap(),
            )
        };
        let pairs = losses(&advised.model).into_iter().zip(losses(&line));
        let differences: Vec<f64> = pairs.map(|(model, line)| model - line).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        assert!(
            mean <= error,
            "{mean} with a standard error of {error}: {}",
            advised.advice
        );
    }
}

/// One target that is a billion times the others is all that a squared error sees: nothing explains it, and that is said.
#[test]
fn less_than_nothing_is_not_advised_as_something() {
    let mut draw = uniform(3);
    let rows = (0..80).map(|at| {
        let x = draw();
        let y = if at == 7 { 1e9 } else { 3.0 * x + draw() };
        format!("{x:.3},{:.3},{y:.3}", draw())
    });
    let advised = advised(&table("a,b,y", rows));
    let advice = &advised.advice;
    assert!(
        advice.conclusion == Conclusion::CannotTell || right(advised.model.held_out()) > 0.0,
        "{advice}"
    );
}

/// With a column of times the model is one network, trained on all rows, and each was judged by the past alone.
#[test]
fn in_time_the_past_predicts_the_future() {
    let mut draw = uniform(4);
    let rows = (0..120).map(|at| {
        let (day, x) = ((53 * at) % 120, draw());
        format!(
            "{day},{x:.3},{:.3}",
            2.0 * x + 0.05 * f64::from(day) + 0.1 * draw()
        )
    });
    let table = table("day,x,y", rows);
    let plan = quick(TableReader::new().time("day"));
    let advised = advise(&table, &plan, &mut ()).unwrap();
    check(&advised, &table);
    let advice = &advised.advice;
    assert_eq!((advice.folds, advised.model.members().len()), (4, 1));
    // Nothing is before the first fifth.
    assert_eq!(advised.model.held_out().rows, 96);
    let said = advice.to_string().replace('\n', " ");
    assert!(
        said.contains("The last 96 rows by \"day\" were each predicted from earlier ones."),
        "{said}"
    );
    let later = Table::read("day,x\n130,0.5\n".as_bytes()).unwrap();
    let value = advised.model.predict(&later).unwrap().values[0];
    assert!((value - 7.55).abs() < 0.7, "{value}: {advice}");
}

/// One row in ten is rare, and most of these look like the others: nobody says "rare" of them who counts each row alike.
#[test]
fn a_balanced_training_finds_more_of_a_rare_class() {
    let mut draw = uniform(1);
    let rows = (0..400).map(|at| {
        let rare = at % 10 == 0;
        let noise: f64 = (0..12).map(|_| draw() - 0.5).sum();
        let x = noise + if rare { 1.5 } else { 0.0 };
        format!(
            "{x:.3},{:.3},{}",
            draw(),
            ["often", "rare"][usize::from(rare)]
        )
    });
    let table = table("x,u,class", rows);
    let recall = |balanced| {
        let plan = AdvicePlan {
            balanced,
            ..quick(TableReader::new())
        };
        let advised = advise(&table, &plan, &mut ()).unwrap();
        if !balanced {
            check(&advised, &table);
        }
        let Measures::Classes { confusion, .. } = &advised.model.held_out().measures else {
            panic!("the target is classes")
        };
        confusion[1][1] as f64 / confusion[1].iter().sum::<usize>() as f64
    };
    let (plain, balanced) = (recall(false), recall(true));
    assert!(balanced > plain + 0.3, "{plain} and {balanced}");
}

/// Three persons, each of whom is held out in turn.
#[test]
fn of_few_groups_each_is_a_fold() {
    let mut draw = uniform(5);
    let rows = (0..60).map(|at| {
        let x = draw();
        format!("p{},{x:.9},{:.3}", at % 3, 2.0 * x + 0.1 * draw())
    });
    let table = table("who,x,y", rows);
    let plan = quick(TableReader::new().groups("who"));
    let advised = advise(&table, &plan, &mut ()).unwrap();
    check(&advised, &table);
    assert_eq!(advised.advice.folds, 3);
    let text = advised.advice.to_string().replace('\n', " ");
    assert!(
        text.contains("Rows with the same \"who\" were kept together."),
        "{text}"
    );
    assert!(right(advised.model.held_out()) > 0.95, "{}", advised.advice);
}

/// Two columns of many categories, each with its own effect: what a feature for each category explains, no mean by category does.
#[test]
fn a_line_sees_each_of_many_categories() {
    let mut draw = uniform(7);
    let towns: Vec<f64> = (0..80).map(|_| 6.0 * draw()).collect();
    let shops: Vec<f64> = (0..120).map(|_| 6.0 * draw()).collect();
    let rows = (0..1_200).map(|_| {
        let (town, shop) = ((80.0 * draw()) as usize, (120.0 * draw()) as usize);
        let (x, noise) = (draw(), draw() - 0.5);
        let y = towns[town] + shops[shop] + x + noise;
        format!("t{town},s{shop},{x:.3},{y:.3}")
    });
    let advised = advised(&table("town,shop,x,y", rows));
    let line = advised.advice.judged(Way::Line).unwrap();
    assert_eq!(line.recipe.as_ref().unwrap().levels(), Levels::All);
    let Measures::Numbers { r2, .. } = line.scores.as_ref().unwrap().measures else {
        unreachable!()
    };
    assert!(r2 > 0.97, "{}", advised.advice);
}

/// Sixty rows of two hundred columns, three of which matter.
#[test]
fn of_more_columns_than_rows_the_few_that_matter_are_found() {
    let mut draw = uniform(8);
    let rows = (0..60).map(|_| {
        let x: Vec<f64> = (0..200).map(|_| 2.0 * draw() - 1.0).collect();
        let y = 3.0 * x[5] - 2.0 * x[50] + 1.5 * x[150] + 0.1 * draw();
        let cells: Vec<String> = x.iter().map(|x| format!("{x:.3}")).collect();
        format!("{},{y:.3}", cells.join(","))
    });
    let names: Vec<String> = (0..200).map(|at| format!("x{at}")).collect();
    let advised = advised(&table(&format!("{},y", names.join(",")), rows));
    let advice = &advised.advice;
    assert_eq!(advice.conclusion, Conclusion::Line);
    let Measures::Numbers { r2, .. } = advised.model.held_out().measures else {
        unreachable!()
    };
    assert!(r2 > 0.98, "{advice}");
    assert!(advice.headline.contains("leaves features out"), "{advice}");
}
