//! burn on `flex`, its CPU backend in pure Rust. It takes its number of threads from `RAYON_NUM_THREADS`, which the
//! driver sets.

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use peer_protocol::{Cell, Error, N_LOSS_SAMPLES, Optimizer, Order, Training, serve};

fn main() -> Result<(), Error> {
    serve("0.22.1", |cell| Ok(Box::new(Burn::new(&cell))))
}

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(layer_sizes: &[usize], device: &Device) -> Self {
        let layer = |sizes: &[usize]| LinearConfig::new(sizes[0], sizes[1]).init(device);
        Self {
            layers: layer_sizes.windows(2).map(layer).collect(),
        }
    }

    fn logits(&self, features: Tensor<2>) -> Tensor<2> {
        let mut activations = features;
        for (i, layer) in self.layers.iter().enumerate() {
            activations = layer.forward(activations);
            if i + 1 < self.layers.len() {
                activations = activation::relu(activations);
            }
        }
        activations
    }
}

struct Burn {
    /// None only while an update has it.
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    loss: CrossEntropyLoss,
    learning_rate: f64,
    features: Tensor<2>,
    labels: Tensor<1, Int>,
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
        let labels: Vec<i32> = case.labels.iter().map(|&label| label as i32).collect();
        Self {
            network: Some(Network::new(&case.layer_sizes, &device)),
            optimizer: match cell.optimizer {
                Optimizer::Sgd => SgdConfig::new().init(),
                Optimizer::Momentum => {
                    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
                    SgdConfig::new().with_momentum(Some(momentum)).init()
                }
                Optimizer::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
            },
            loss: CrossEntropyLossConfig::new().init(&device),
            learning_rate: cell.learning_rate,
            features: Tensor::from_data(TensorData::new(case.features.clone(), shape), &device),
            labels: Tensor::from_data(TensorData::new(labels, [case.n_samples()]), &device),
            n_samples: case.n_samples(),
            device,
            order: (!cell.is_full()).then(|| Order::new(case.n_samples(), cell.batch)),
        }
    }
}

impl Training for Burn {
    fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
        let mut done = 0;
        while done < n_samples {
            let (features, labels) = match &mut self.order {
                None => (self.features.clone(), self.labels.clone()),
                Some(order) => {
                    let batch: Vec<i32> = order.next_batch().iter().map(|&i| i as i32).collect();
                    let shape = [batch.len()];
                    let index =
                        Tensor::<1, Int>::from_data(TensorData::new(batch, shape), &self.device);
                    (
                        self.features.clone().select(0, index.clone()),
                        self.labels.clone().select(0, index),
                    )
                }
            };
            done += labels.dims()[0];
            let network = self.network.take().ok_or("an update failed")?;
            let loss = self.loss.forward(network.logits(features), labels);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            self.network = Some(self.optimizer.step(self.learning_rate, network, gradients));
        }
        Ok(done)
    }

    fn loss(&mut self) -> Result<f64, Error> {
        let n_samples = N_LOSS_SAMPLES.min(self.n_samples);
        let network = self.network.as_ref().ok_or("an update failed")?;
        let features = self.features.clone().narrow(0, 0, n_samples);
        let labels = self.labels.clone().narrow(0, 0, n_samples);
        let loss = self.loss.forward(network.logits(features), labels);
        Ok(f64::from(loss.into_scalar::<f32>()))
    }
}
