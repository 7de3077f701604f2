//! burn on `flex`, its CPU backend in pure Rust. It takes its number of threads from `RAYON_NUM_THREADS`, which the
//! driver sets.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::{
    BinaryCrossEntropyLoss, BinaryCrossEntropyLossConfig, CrossEntropyLoss, CrossEntropyLossConfig,
    MseLoss, Reduction,
};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use peer_protocol::{
    Activation, Cell, Error, Layer, N_LOSS_SAMPLES, Optimizer, Order, Target, Training, serve,
};

fn main() -> Result<(), Error> {
    serve("0.22.1", |cell| Ok(Box::new(Burn::new(&cell))))
}

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    /// With the cell's weights. burn computes `X W + b`: its weight has shape `(fan_in, fan_out)`.
    fn new(cell: &Cell, device: &Device) -> Self {
        let layer = |layer: &Layer<'_>| {
            let shape = [layer.fan_in, layer.fan_out];
            let weight = TensorData::new(layer.transposed_weight(), shape);
            let bias = TensorData::new(layer.bias.to_vec(), [layer.fan_out]);
            Linear {
                weight: Param::from_data(weight, device),
                bias: Some(Param::from_data(bias, device)),
            }
        };
        Self {
            layers: cell.layers().iter().map(layer).collect(),
        }
    }

    fn outputs(&self, features: Tensor<2>, function: Activation) -> Tensor<2> {
        let mut activations = features;
        for (i, layer) in self.layers.iter().enumerate() {
            activations = layer.forward(activations);
            if i + 1 < self.layers.len() {
                activations = match function {
                    Activation::Relu => activation::relu(activations),
                    Activation::Tanh => activation::tanh(activations),
                    Activation::Gelu => activation::gelu(activations),
                };
            }
        }
        activations
    }
}

/// What is learned: one entry a sample, or one row.
#[derive(Clone)]
enum Answers {
    Labels(Tensor<1, Int>),
    Values(Tensor<2>),
}

enum Loss {
    Classes(CrossEntropyLoss),
    Binary(BinaryCrossEntropyLoss),
    Values(MseLoss),
}

impl Loss {
    fn forward(&self, outputs: Tensor<2>, answers: Answers) -> Result<Tensor<1>, Error> {
        Ok(match (self, answers) {
            (Self::Classes(loss), Answers::Labels(labels)) => loss.forward(outputs, labels),
            (Self::Binary(loss), Answers::Labels(labels)) => {
                loss.forward(outputs.flatten::<1>(0, 1), labels)
            }
            (Self::Values(loss), Answers::Values(values)) => {
                loss.forward(outputs, values, Reduction::Mean)
            }
            _ => return Err("the answers are not of that loss".into()),
        })
    }
}

struct Burn {
    /// None only while an update has it.
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    activation: Activation,
    loss: Loss,
    learning_rate: f64,
    features: Tensor<2>,
    answers: Answers,
    n_samples: usize,
    device: Device,
    /// None for the full batch.
    order: Option<Order>,
}

impl Burn {
    fn new(cell: &Cell) -> Self {
        let device = Device::flex().autodiff();
        let case = &cell.case;
        let shape = [case.n_samples(), case.n_features()];
        let labels = |labels: &[u32]| {
            let labels: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
            let data = TensorData::new(labels, [case.n_samples()]);
            Answers::Labels(Tensor::from_data(data, &device))
        };
        let (loss, answers) = match &case.target {
            Target::Classes(classes) => {
                let loss = CrossEntropyLossConfig::new().init(&device);
                (Loss::Classes(loss), labels(classes))
            }
            Target::Binary(answers) => {
                let config = BinaryCrossEntropyLossConfig::new().with_logits(true);
                (Loss::Binary(config.init(&device)), labels(answers))
            }
            Target::Values(values) => {
                let data = TensorData::new(values.clone(), [case.n_samples(), 1]);
                let values = Tensor::from_data(data, &device);
                (Loss::Values(MseLoss::new()), Answers::Values(values))
            }
        };
        Self {
            network: Some(Network::new(cell, &device)),
            optimizer: match cell.optimizer {
                Optimizer::Sgd => SgdConfig::new().init(),
                Optimizer::Momentum => {
                    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
                    SgdConfig::new().with_momentum(Some(momentum)).init()
                }
                Optimizer::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
            },
            activation: case.activation,
            loss,
            learning_rate: cell.learning_rate,
            features: Tensor::from_data(TensorData::new(case.features.clone(), shape), &device),
            answers,
            n_samples: case.n_samples(),
            order: (!cell.is_full()).then(|| Order::new(case.n_samples(), cell.batch)),
            device,
        }
    }
}

impl Training for Burn {
    fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
        let mut done = 0;
        while done < n_samples {
            let (features, answers) = match &mut self.order {
                None => (self.features.clone(), self.answers.clone()),
                Some(order) => {
                    let batch: Vec<i32> = order.next_batch().iter().map(|&i| i as i32).collect();
                    let shape = [batch.len()];
                    let index =
                        Tensor::<1, Int>::from_data(TensorData::new(batch, shape), &self.device);
                    (
                        self.features.clone().select(0, index.clone()),
                        match self.answers.clone() {
                            Answers::Labels(labels) => Answers::Labels(labels.select(0, index)),
                            Answers::Values(values) => Answers::Values(values.select(0, index)),
                        },
                    )
                }
            };
            done += features.dims()[0];
            let network = self.network.take().ok_or("an update failed")?;
            let loss = self
                .loss
                .forward(network.outputs(features, self.activation), answers)?;
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            self.network = Some(self.optimizer.step(self.learning_rate, network, gradients));
        }
        Ok(done)
    }

    fn loss(&mut self) -> Result<f64, Error> {
        let n_samples = N_LOSS_SAMPLES.min(self.n_samples);
        let network = self.network.as_ref().ok_or("an update failed")?;
        let features = self.features.clone().narrow(0, 0, n_samples);
        let answers = match self.answers.clone() {
            Answers::Labels(labels) => Answers::Labels(labels.narrow(0, 0, n_samples)),
            Answers::Values(values) => Answers::Values(values.narrow(0, 0, n_samples)),
        };
        let outputs = network.outputs(features, self.activation);
        let loss = self.loss.forward(outputs, answers)?;
        Ok(f64::from(loss.into_scalar::<f32>()))
    }
}
