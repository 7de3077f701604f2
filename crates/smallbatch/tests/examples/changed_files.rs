//! Every reader of a file, on files that were changed at random: it takes one or refuses it, and does not panic. `fuzz` does the same for
//! as long as one likes; its readers, files and changes are these.

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod fuzz;

use proptest::prelude::*;

/// So many changed files of each kind. An experiment is planned whole, which takes longer.
fn n_files(target: &str) -> u32 {
    match target {
        "experiment" => 6,
        "results" | "csv" => 40,
        _ => 100,
    }
}

fn on_changed_files(target: &'static str) {
    for seed in fuzz::valid(target) {
        assert!(
            fuzz::read(target, &seed),
            "a valid file of {} bytes",
            seed.len()
        );
    }
    let seeds = fuzz::seeds(target);
    let config = ProptestConfig {
        cases: n_files(target),
        // The change is not smaller for a smaller number.
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(change in any::<u64>())| {
        fuzz::read(target, &fuzz::Changes::new(change).of(&seeds));
    });
}

macro_rules! tests {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                on_changed_files(stringify!($name));
            }
        )*

        #[test]
        fn every_reader_is_here() {
            let mut here: Vec<&str> = vec![$(stringify!($name)),*];
            here.extend(["parquet", "arrow"]);
            here.sort_unstable();
            let mut all = fuzz::TARGETS.to_vec();
            all.sort_unstable();
            assert_eq!(here, all);
        }
    };
}

tests!(
    csv, npy, npz, idx, schema, model, checkpoint, experiment, results, cache, import
);

#[cfg(feature = "parquet")]
#[test]
fn parquet() {
    on_changed_files("parquet");
}

#[cfg(feature = "arrow")]
#[test]
fn arrow() {
    on_changed_files("arrow");
}
