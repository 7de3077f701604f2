//! candle on its CPU backend. It takes its number of threads from `RAYON_NUM_THREADS`, which the driver sets.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Module, Tensor, Var};
use candle_nn::{AdamW, Linear, Optimizer as _, ParamsAdamW, SGD, loss};
use peer_protocol::{
    Activation, Cell, Error, N_LOSS_SAMPLES, Optimizer, Order, Target, Training, serve,
};

fn main() -> Result<(), Error> {
    serve("0.11.1", |cell| Ok(Box::new(Candle::new(&cell)?)))
}

struct Candle {
    layers: Vec<Linear>,
    rule: Rule,
    activation: Activation,
    loss: fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>,
    features: Tensor,
    /// Classes, or a column of numbers.
    targets: Tensor,
    /// None for the full batch.
    order: Option<Order>,
}

enum Rule {
    Sgd(SGD),
    Momentum(Momentum),
    Adam(AdamW),
}

/// candle's SGD has no momentum: v = 0.9 v + gradient, weight = weight - rate v.
struct Momentum {
    weights_and_velocities: Vec<(Var, Var)>,
    learning_rate: f64,
}

impl Momentum {
    fn new(weights: Vec<Var>, learning_rate: f64) -> candle_core::Result<Self> {
        let with_velocity = |weight: Var| {
            let velocity = Var::zeros(weight.shape(), weight.dtype(), weight.device())?;
            Ok((weight, velocity))
        };
        Ok(Self {
            weights_and_velocities: weights
                .into_iter()
                .map(with_velocity)
                .collect::<candle_core::Result<_>>()?,
            learning_rate,
        })
    }

    fn step(&self, gradients: &GradStore) -> candle_core::Result<()> {
        for (weight, velocity) in &self.weights_and_velocities {
            if let Some(gradient) = gradients.get(weight) {
                velocity.set(&((velocity.as_tensor() * 0.9)? + gradient)?)?;
                weight.set(&weight.sub(&(velocity.as_tensor() * self.learning_rate)?)?)?;
            }
        }
        Ok(())
    }
}

impl Candle {
    fn new(cell: &Cell) -> Result<Self, Error> {
        let device = Device::Cpu;
        let case = &cell.case;
        let (mut layers, mut weights) = (Vec::new(), Vec::new());
        for layer in cell.layers() {
            let shape = (layer.fan_out, layer.fan_in);
            let weight = Var::from_slice(layer.weight, shape, &device)?;
            let bias = Var::from_slice(layer.bias, layer.fan_out, &device)?;
            layers.push(Linear::new(
                weight.as_tensor().clone(),
                Some(bias.as_tensor().clone()),
            ));
            weights.extend([weight, bias]);
        }
        let learning_rate = cell.learning_rate;
        let rule = match cell.optimizer {
            Optimizer::Sgd => Rule::Sgd(SGD::new(weights, learning_rate)?),
            Optimizer::Momentum => Rule::Momentum(Momentum::new(weights, learning_rate)?),
            Optimizer::Adam => Rule::Adam(AdamW::new(
                weights,
                ParamsAdamW {
                    lr: learning_rate,
                    weight_decay: 0.0,
                    ..ParamsAdamW::default()
                },
            )?),
        };
        let shape = (case.n_samples(), case.n_features());
        let column = (case.n_samples(), 1);
        let (loss, targets): (fn(&Tensor, &Tensor) -> _, _) = match &case.target {
            Target::Classes(labels) => (
                loss::cross_entropy,
                Tensor::from_slice(labels, case.n_samples(), &device)?,
            ),
            Target::Binary(answers) => (
                loss::binary_cross_entropy_with_logit,
                Tensor::from_slice(answers, column, &device)?.to_dtype(DType::F32)?,
            ),
            Target::Values(values) => (loss::mse, Tensor::from_slice(values, column, &device)?),
        };
        Ok(Self {
            activation: case.activation,
            loss,
            targets,
            layers,
            rule,
            features: Tensor::from_slice(&case.features, shape, &device)?,
            order: (!cell.is_full()).then(|| Order::new(case.n_samples(), cell.batch)),
        })
    }

    fn loss_on(&self, features: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
        let mut activations = features.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            activations = layer.forward(&activations)?;
            if i + 1 < self.layers.len() {
                activations = match self.activation {
                    Activation::Relu => activations.relu()?,
                    Activation::Tanh => activations.tanh()?,
                    Activation::Gelu => activations.gelu_erf()?,
                };
            }
        }
        (self.loss)(&activations, targets)
    }
}

impl Training for Candle {
    fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
        let mut done = 0;
        while done < n_samples {
            let (features, targets) = match &mut self.order {
                None => (self.features.clone(), self.targets.clone()),
                Some(order) => {
                    let batch = order.next_batch();
                    let index = Tensor::from_slice(batch, batch.len(), &Device::Cpu)?;
                    (
                        self.features.index_select(&index, 0)?,
                        self.targets.index_select(&index, 0)?,
                    )
                }
            };
            let gradients = self.loss_on(&features, &targets)?.backward()?;
            match &mut self.rule {
                Rule::Sgd(rule) => rule.step(&gradients)?,
                Rule::Momentum(rule) => rule.step(&gradients)?,
                Rule::Adam(rule) => rule.step(&gradients)?,
            }
            done += features.dim(0)?;
        }
        Ok(done)
    }

    fn loss(&mut self) -> Result<f64, Error> {
        let n_samples = N_LOSS_SAMPLES.min(self.targets.dim(0)?);
        let features = self.features.narrow(0, 0, n_samples)?;
        let targets = self.targets.narrow(0, 0, n_samples)?;
        Ok(f64::from(
            self.loss_on(&features, &targets)?.to_scalar::<f32>()?,
        ))
    }
}
