//! The memory of a training, measured in this process: it is alone in it, since other tests would disturb it.

use smallbatch_sweep::MemoryProbe;

#[test]
fn one_lump_takes_what_its_layers_hold_and_mini_batches_do_not() {
    let probe = |samples| MemoryProbe {
        data: "two-inputs".into(),
        samples,
        seed: 0,
        hidden: vec![64],
        updates: 1,
        batch: 32,
    };
    let (Some(few), Some(many)) = (
        probe(10_000).measure().unwrap(),
        probe(60_000).measure().unwrap(),
    ) else {
        return; // This system does not say.
    };
    let added = |way: usize| (many[way] as f64 - few[way] as f64) / 50_000.0;
    // Values and gradients of 64 units: 512 bytes.
    assert!(
        added(0) > 200.0 && added(0) > 4.0 * added(2),
        "{few:?} {many:?}"
    );
}
