//! rust-mlp 0.1 with its `matrixmultiply` feature, through `Mlp::fit`. It has one thread.

use std::rc::Rc;

use peer_protocol::{
    Activation, Case, Cell, Error, N_LOSS_SAMPLES, Optimizer, Target, Training, serve,
};
use rust_mlp::{Dataset, FitConfig, Loss, Mlp, Shuffle};
use serde_json::json;

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

/// The network with the cell's weights, which it takes only as a saved model, in JSON.
fn model(cell: &Cell) -> Result<Mlp, Error> {
    let hidden = match cell.case.activation {
        Activation::Relu => "relu",
        Activation::Tanh => "tanh",
        Activation::Gelu => return Err("it has no GELU".into()),
    };
    let layers = cell.layers();
    let n_layers = layers.len();
    let saved = layers.into_iter().enumerate().map(|(i, layer)| {
        json!({
            "in_dim": layer.fan_in,
            "out_dim": layer.fan_out,
            "activation": {"kind": if i + 1 == n_layers { "identity" } else { hidden }},
            "weights": layer.weight,
            "biases": layer.bias,
        })
    });
    let saved = json!({"format_version": 1, "layers": saved.collect::<Vec<_>>()});
    Ok(Mlp::from_json_str(&saved.to_string())?)
}

impl RustMlp {
    fn new(cell: Cell) -> Result<Self, Error> {
        let case = Rc::clone(&cell.case);
        let (loss, divisor) = match case.target {
            Target::Classes(_) => (Loss::SoftmaxCrossEntropy, case.n_outputs() as f64),
            Target::Binary(_) => (Loss::BinaryCrossEntropyWithLogits, 1.0),
            Target::Values(_) => (Loss::Mse, 2.0),
        };
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
            model: model(&cell)?,
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
