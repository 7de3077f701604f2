//! The same table and plan give the same advice.

use smallbatch_advice::{AdvicePlan, Error, advise};
use smallbatch_data::TableReader;

use crate::support::{quick, table, uniform};

#[test]
fn neither_threads_nor_time_change_an_advice() {
    let mut draw = uniform(1);
    let rows = (0..60).map(|_| {
        let (a, b) = (draw(), draw());
        format!("{a:.3},{b:.3},{}", ["no", "yes"][usize::from(a * b > 0.2)])
    });
    let table = table("a,b,y", rows);
    let plan = quick(TableReader::new());
    let one = advise(&table, &plan, &mut ()).unwrap();
    let two = AdvicePlan {
        threads: 2,
        ..plan.clone()
    };
    let two = advise(&table, &two, &mut ()).unwrap();
    assert_eq!(one.advice, two.advice);
    assert_eq!(one.model, two.model);
    let other = AdvicePlan {
        base_seed: 1,
        ..plan
    };
    let other = advise(&table, &other, &mut ()).unwrap();
    assert_ne!(one.advice.id, other.advice.id);
}

#[test]
fn too_few_rows_are_refused() {
    let rows = |n: usize| table("a,y", (0..n).map(|at| format!("{at}.5,{}.25", 3 * at)));
    let plan = quick(TableReader::new());
    let error = advise(&rows(39), &plan, &mut ()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::FewRows {
                rows: 39,
                needed: 40,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("add rows"), "{error}");
    for threads in [0, 1025] {
        let plan = AdvicePlan {
            threads,
            ..plan.clone()
        };
        let error = advise(&rows(50), &plan, &mut ()).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Setting {
                    setting: "threads",
                    ..
                }
            ),
            "{error}"
        );
    }
}
