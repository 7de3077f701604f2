//! Checkpoints whose checksum is right, and whose parts do not fit together.

use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, MlpSpec, OptimizerSpec};

use super::*;
use crate::{Checkpoints, EarlyStopping, Schedule, Silent};

fn data() -> Dataset<f64> {
    let features = DMatrix::from_fn(1, 20, |_, sample| (sample * 7 % 20) as f64 / 10.0 - 1.0);
    let labels = features.iter().map(|&x| u32::from(x > 0.0)).collect();
    Dataset::new(features, Target::classes(labels)).unwrap()
}

fn trainer() -> Trainer {
    Trainer::new(MlpSpec::new([1, 3, 2]))
        .batch_size(BatchSize::Mini(5))
        .budget(Budget::Epochs(5))
        .early_stopping(EarlyStopping::patience(3))
}

/// After two epochs of four updates.
fn state() -> State<f64> {
    let data = data();
    let mut session = trainer().start(&data, Some(&data)).unwrap();
    for _ in 0..3 {
        session.advance(&mut Silent).unwrap();
    }
    assert_eq!(session.update(), 8);
    session.checkpoint().0
}

#[test]
fn each_part_that_does_not_fit_is_named() {
    type Edit = fn(&mut State<f64>);
    let edits: [(&str, Edit); 20] = [
        ("`learning_rate` is -1", |state| {
            state.trainer.learning_rate = -1.0;
        }),
        ("its epochs have another number of updates", |state| {
            state.trainer.batch_size = BatchSize::Mini(4);
        }),
        ("its epochs have another number of updates", |state| {
            state.trainer.batch_size = BatchSize::Full;
        }),
        ("its number of updates does not follow", |state| {
            state.update = u64::MAX;
        }),
        ("its number of updates does not follow", |state| {
            state.update = 13;
        }),
        ("made more updates than there were", |state| {
            state.update = 7;
        }),
        ("its moments are another model's", |state| {
            state.optimizer = OptimizerSpec::adam().build(9).unwrap();
        }),
        ("its optimizer is not the one", |state| {
            state.optimizer = OptimizerSpec::sgd().build(14).unwrap();
        }),
        ("its model is not the one", |state| {
            state.trainer.model = state.trainer.model.clone().activation(Activation::Tanh);
        }),
        ("its best weights are another model's", |state| {
            state.best.as_mut().unwrap().parameters.pop();
        }),
        ("its best weights are of no evaluation", |state| {
            state.best.as_mut().unwrap().record.training_loss += 1.0;
        }),
        ("it has best weights, and no early stopping", |state| {
            state.trainer.early_stopping = None;
        }),
        ("its seconds of training are not a time", |state| {
            state.seconds = f64::NAN;
        }),
        ("its number of updates does not follow", |state| {
            state.seconds = 0.0;
        }),
        ("its latest learning rate is none", |state| {
            state.given_rate = Some(f64::INFINITY);
        }),
        ("its mean of batch losses is none", |state| {
            state.batch_losses.add(f64::INFINITY, 1.0);
        }),
        ("it has seen a plateau", |state| {
            let plateau = Schedule::reduce_on_plateau(1);
            state.plateau.observe(&plateau, 1.0);
        }),
        ("it has ended as its trainer cannot end", |state| {
            state.outcome = Some(Outcome::TargetReached);
        }),
        ("its evaluations are not in order", |state| {
            let last = *state.history.last().unwrap();
            state.history.push(last);
        }),
        ("its number of updates does not follow", |state| {
            state.history = History::default();
            state.best = None;
        }),
    ];
    let data = data();
    let resume = |state| Trainer::resume(Checkpoint(state), &data, Some(&data));
    resume(state()).unwrap();
    for (at, (said, edit)) in edits.into_iter().enumerate() {
        let mut state = state();
        edit(&mut state);
        // By its file: the checksum is that of the edited state.
        let Ok(bytes) = Checkpoint(state).to_bytes() else {
            panic!("edit {at} cannot be saved")
        };
        let Checkpoint(state) = Checkpoint::from_bytes(&bytes).unwrap();
        let error = resume(state).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("edit {at} is accepted"));
        assert!(error.contains(said), "edit {at}: {error}");
    }
}

/// The one part that another checks: an optimizer refuses moments of another length when it is read.
#[test]
fn moments_of_another_length_are_refused() {
    let mut json = serde_json::to_value(&state().optimizer).unwrap();
    json["first"].as_array_mut().unwrap().pop();
    let error = serde_json::from_value::<Optimizer<f64>>(json).unwrap_err();
    assert!(error.to_string().contains("first moment"), "{error}");
}

#[test]
fn numbers_of_another_size_are_another_kind() {
    let bytes = Checkpoint(state()).to_bytes().unwrap();
    let error = Checkpoint::<f32>::from_bytes(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the checkpoint is damaged: it is no checkpoint-f32 of smallbatch; use an earlier one"
    );
}

/// On a processor with other vectors a training comes to other bits, so it does not go on by itself.
#[test]
fn what_other_vectors_computed_is_not_gone_on_with_unasked() {
    let scratch = tempfile::tempdir().unwrap();
    let (data, mut state) = (data(), state());
    let fit = |checkpoints: &Checkpoints| {
        trainer().fit_saved(&data, Some(&data), &mut Silent, checkpoints)
    };
    let own = Checkpoints::in_folder(scratch.path().join("own"));
    own.save(&Checkpoint(state.clone())).unwrap();
    fit(&own).unwrap();
    state.vectors = "another".into();
    let other = Checkpoints::in_folder(scratch.path().join("other"));
    other.save(&Checkpoint(state.clone())).unwrap();
    let error = fit(&other).unwrap_err();
    assert!(
        matches!(error, Error::CheckpointOther { what, .. } if what.contains("vector")),
        "{error}"
    );
    // Who asks for it knows it.
    let checkpoint = Checkpoint(state);
    assert_eq!(checkpoint.vectors(), "another");
    assert!(Trainer::resume(checkpoint, &data, Some(&data)).is_ok());
}

#[test]
fn weights_and_moments_that_are_not_finite_are_no_checkpoint() {
    let data = data();
    let mut state = state();
    state.model.parameters_mut().bias_mut(0)[1] = f64::NAN;
    let error = Trainer::resume(Checkpoint(state), &data, Some(&data))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("are not finite"), "{error}");
}
