//! Rare classes that count as much as frequent ones.

use smallbatch_advice::{AdvicePlan, advise};
use smallbatch_data::TableReader;
use smallbatch_pipeline::Measures;

use crate::support::{check, quick, table, uniform};

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
