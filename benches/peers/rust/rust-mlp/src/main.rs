//! rust-mlp 0.1 with its `matrixmultiply` feature, through `Mlp::fit`. It has one thread.

use std::rc::Rc;

use peer_protocol::{
    Activation as Function, Case, Cell, Error, N_LOSS_SAMPLES, Optimizer, Target, Training, serve,
};
use rust_mlp::{Activation, Dataset, FitConfig, Loss, Mlp, MlpBuilder, Shuffle};

fn main() -> Result<(), Error> {
    serve("0.1.0", |cell| Ok(Box::new(RustMlp::new(cell)?)))
}

struct RustMlp {
    model: Mlp,
    config: FitConfig,
    /// Its loss is that of the others divided by this.
    divisor: f64,
    cell: Cell,
    /// The first samples, or all: what the next training sees in each epoch.
    dataset: Dataset,
    head: Dataset,
}

/// The first samples, with one-hot targets where they are classes.
fn first(case: &Case, n_samples: usize) -> Result<Dataset, Error> {
    let n_outputs = case.n_outputs();
    let targets = match &case.target {
        Target::Classes(labels) => {
            let mut targets = vec![0.0; n_samples * n_outputs];
            for (target, &label) in targets.chunks_mut(n_outputs).zip(labels) {
                target[label as usize] = 1.0;
            }
            targets
        }
        Target::Binary(answers) => answers[..n_samples].iter().map(|&x| x as f32).collect(),
        Target::Values(values) => values[..n_samples].to_vec(),
    };
    let features = case.first_features(n_samples).to_vec();
    Ok(Dataset::from_flat(
        features,
        targets,
        case.n_features(),
        n_outputs,
    )?)
}

impl RustMlp {
    fn new(cell: Cell) -> Result<Self, Error> {
        let case = Rc::clone(&cell.case);
        let hidden = match case.activation {
            Function::Relu => Activation::ReLU,
            Function::Tanh => Activation::Tanh,
            Function::Gelu => return Err("it has no GELU".into()),
        };
        let (loss, divisor) = match case.target {
            Target::Classes(_) => (Loss::SoftmaxCrossEntropy, case.n_outputs() as f64),
            Target::Binary(_) => (Loss::BinaryCrossEntropyWithLogits, 1.0),
            Target::Values(_) => (Loss::Mse, 2.0),
        };
        let mut builder = MlpBuilder::new(case.n_features())?;
        for (i, &size) in case.layer_sizes.iter().enumerate().skip(1) {
            let is_last = i + 1 == case.layer_sizes.len();
            let activation = if is_last {
                Activation::Identity
            } else {
                hidden
            };
            builder = builder.add_layer(size, activation)?;
        }
        // This makes the same updates.
        let rate_for_its_loss = cell.learning_rate * divisor;
        let (optimizer, learning_rate) = match cell.optimizer {
            Optimizer::Sgd => (rust_mlp::Optimizer::Sgd, rate_for_its_loss),
            Optimizer::Momentum => (
                rust_mlp::Optimizer::SgdMomentum { momentum: 0.9 },
                rate_for_its_loss,
            ),
            Optimizer::Adam => (
                rust_mlp::Optimizer::Adam {
                    beta1: 0.9,
                    beta2: 0.999,
                    eps: 1e-8,
                },
                cell.learning_rate,
            ),
        };
        Ok(Self {
            model: builder.build_with_seed(1)?,
            config: FitConfig {
                epochs: 1,
                lr: learning_rate as f32,
                batch_size: cell.batch,
                shuffle: if cell.is_full() {
                    Shuffle::None
                } else {
                    Shuffle::Seeded(2)
                },
                optimizer,
                loss,
                ..FitConfig::default()
            },
            divisor,
            dataset: first(&case, case.n_samples())?,
            head: first(&case, N_LOSS_SAMPLES.min(case.n_samples()))?,
            cell,
        })
    }
}

impl Training for RustMlp {
    /// Whole epochs, or an epoch of the first samples where a whole one would be too long.
    fn prepare(&mut self, n_samples: usize) -> Result<(), Error> {
        let case = &self.cell.case;
        let part = n_samples.next_multiple_of(self.cell.batch);
        let n_used = part.min(case.n_samples());
        if n_used != self.dataset.len() {
            self.dataset = first(case, n_used)?;
        }
        let epochs = (n_samples as f64 / n_used as f64).round() as usize;
        self.config.epochs = epochs.max(1);
        Ok(())
    }

    fn train(&mut self, _n_samples: usize) -> Result<usize, Error> {
        self.model.fit(&self.dataset, None, self.config.clone())?;
        Ok(self.dataset.len() * self.config.epochs)
    }

    fn loss(&mut self) -> Result<f64, Error> {
        let evaluated = self.model.evaluate(&self.head, self.config.loss, &[])?;
        Ok(f64::from(evaluated.loss) * self.divisor)
    }
}
