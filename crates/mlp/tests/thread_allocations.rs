//! After the first step nothing is allocated on any thread. One test, since every thread of the process is counted.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::alloc::System;
use std::time::Duration;

use nalgebra::DMatrix;
use smallbatch_mlp::{Batch, MlpSpec, OptimizerSpec, Targets};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A network, and how many samples it is given, of which a workspace takes so many at a time.
struct Path {
    name: &'static str,
    sizes: [usize; 4],
    n_samples: usize,
    chunk: usize,
}

const PATHS: [Path; 5] = [
    Path {
        name: "one chunk of a large network, cut by units",
        sizes: [200, 200, 64, 5],
        n_samples: 32,
        chunk: 32,
    },
    Path {
        name: "one chunk of a small network, cut by samples",
        sizes: [100, 128, 64, 5],
        n_samples: 32,
        chunk: 32,
    },
    Path {
        name: "many chunks of a small network, in shards",
        sizes: [10, 32, 16, 5],
        n_samples: 300,
        chunk: 32,
    },
    Path {
        name: "many chunks of a large network, cut by units",
        sizes: [200, 200, 64, 5],
        n_samples: 300,
        chunk: 128,
    },
    Path {
        name: "outputs in parts",
        sizes: [100, 200, 64, 150],
        n_samples: 64,
        chunk: 64,
    },
];

fn allocations(path: &Path, optimizer: OptimizerSpec, threads: usize, is_automatic: bool) -> usize {
    let Path {
        sizes,
        n_samples,
        chunk,
        ..
    } = *path;
    #[allow(clippy::cast_precision_loss)]
    let all = DMatrix::from_fn(sizes[0], 2 * n_samples, |i, j| {
        (i as f32 * 1.3 + j as f32 * 2.1).sin()
    });
    let labels: Vec<u32> = (0..5).cycle().take(n_samples).collect();
    let order: Vec<usize> = (0..n_samples).map(|j| 2 * j + 1).collect();
    let gathered = Batch::new(all.as_view(), Targets::Labels(&labels)).samples(&order);
    let lying = Batch::new(all.columns(0, n_samples), Targets::Labels(&labels));
    let mut network = MlpSpec::new(sizes).dropout(0.1).build::<f32>(1).unwrap();
    let mut workspace = if is_automatic {
        network.workspace_with_automatic_threads(n_samples, threads)
    } else {
        network.workspace_with_threads(chunk, threads).unwrap()
    };
    let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
    let mut logits = DMatrix::zeros(sizes[3], n_samples);
    let mut go = |n_steps| {
        for _ in 0..n_steps {
            for batch in [&gathered, &lying] {
                network
                    .train_step(batch, &mut optimizer, 1e-3, 0, &mut workspace)
                    .unwrap();
                network
                    .loss_and_logits(batch, &mut workspace, &mut logits)
                    .unwrap();
            }
            network
                .forward_into(all.columns(0, n_samples), &mut workspace, &mut logits)
                .unwrap();
        }
    };
    let mut count = |n_steps| {
        let region = Region::new(ALLOCATOR);
        go(n_steps);
        let counted = region.change();
        counted.allocations + counted.reallocations
    };
    // The standard library allocates when a thread waits for the first time; no buffer is made late.
    let first = count(1);
    assert!(first <= threads, "{first} in the first steps");
    count(10)
}

#[test]
fn no_thread_allocates_after_the_first_step() {
    // What is counted is real, on another thread too.
    let region = Region::new(ALLOCATOR);
    std::thread::spawn(|| std::hint::black_box(vec![0_u8; 1_000]))
        .join()
        .unwrap();
    assert!(region.change().bytes_allocated >= 1_000);
    // The thread that waits for this one has begun to by then.
    std::thread::sleep(Duration::from_millis(50));

    for path in &PATHS {
        for optimizer in [
            OptimizerSpec::sgd(),
            OptimizerSpec::momentum(0.9),
            OptimizerSpec::adamw(0.01),
            OptimizerSpec::sgd().clip_norm(1.0),
        ] {
            for (threads, is_automatic) in [(1, false), (2, false), (3, false), (2, true)] {
                let found = allocations(path, optimizer, threads, is_automatic);
                assert_eq!(
                    found, 0,
                    "{}, {threads} threads, automatic: {is_automatic}, {optimizer:?}",
                    path.name
                );
            }
        }
    }
}
