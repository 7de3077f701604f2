//! Networks that PyTorch or scikit-learn trained, from safetensors.

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{Activation, Error, Loss, Mlp, MlpSpec, Parameters, Scalar};

/// What the tensors of a standard scaler are called.
const MEAN: &str = "scaler.mean";
const SCALE: &str = "scaler.scale";

/// A linear layer's tensors.
#[derive(Default)]
struct Linear<'a> {
    weight: Option<TensorView<'a>>,
    bias: Option<TensorView<'a>>,
}

impl<T: Scalar> Mlp<T> {
    /// A network of the weights that PyTorch saved of a `torch.nn.Sequential`: `save_file(model.state_dict(), path)` of
    /// `safetensors.torch`.
    ///
    /// Its modules are `Linear` layers with the same activation after each but the last, whose outputs are logits: no softmax, sigmoid or
    /// exponential stands behind it. Dropout may stand anywhere, since it has no tensors. The file does not say what the
    /// activation and the loss were, so they are asked for.
    ///
    /// The tensors are `0.weight`, `0.bias`, `2.weight` and so on, of F32 or F64, with the same prefix before each number or none. A
    /// layer without a bias gets zeros. If there are `scaler.mean` and `scaler.scale`, one number a feature, they are folded into the
    /// first layer as by [`fold_input_scaling`](Self::fold_input_scaling), so that the network takes raw inputs. `docs/production.md` has
    /// the ten lines of Python that write such a file of scikit-learn's `MLPClassifier` or `MLPRegressor`.
    ///
    /// What is allocated is no more than what the bytes hold.
    ///
    /// ```no_run
    /// use smallbatch_mlp::{Activation, Loss, Mlp};
    ///
    /// let bytes = std::fs::read("model.safetensors")?;
    /// let network = Mlp::<f32>::from_safetensors(&bytes, Activation::Relu, Loss::softmax_cross_entropy())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSequential`] for bytes that are no safetensors file, hold other tensors than these, or layers that do not fit together;
    /// as [`MlpSpec::validate`] for a loss that does not suit the outputs.
    pub fn from_safetensors(
        bytes: &[u8],
        activation: Activation,
        loss: Loss,
    ) -> Result<Self, Error> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| none(format!("they are no whole safetensors file ({error})")))?;
        let (layers, mut scaler) = sorted(&tensors)?;
        let numbers: Vec<u64> = layers.keys().copied().collect();
        if let Some(pair) = numbers.windows(2).find(|pair| pair[0] + 1 == pair[1])
            && activation != Activation::Identity
        {
            return Err(none(format!(
                "no activation stands between the layers {} and {}",
                pair[0], pair[1]
            )));
        }
        let sizes = sizes(&layers)?;
        let mut parameters = Parameters::<T>::zeros(&sizes)?;
        for (at, (number, layer)) in layers.into_iter().enumerate() {
            let (weight, bias) = (parameters.layout.weight(at), parameters.layout.bias(at));
            let values = &mut parameters.values;
            for (tensor, range, what) in
                [(layer.weight, weight, "weight"), (layer.bias, bias, "bias")]
            {
                if let Some(tensor) = tensor {
                    copy(&tensor, &mut values[range], || format!("{number}.{what}"))?;
                }
            }
        }
        let spec = MlpSpec::new(sizes).activation(activation).loss(loss);
        let mut network = Self::from_parameters(spec, parameters)?;
        match (scaler.remove(MEAN), scaler.remove(SCALE)) {
            (None, None) => {}
            (Some(mean), Some(scale)) => {
                let shift = list(&mean, MEAN, network.spec().n_inputs())?;
                let scale = list(&scale, SCALE, network.spec().n_inputs())?;
                network.fold_input_scaling(&shift, &scale)?;
            }
            _ => return Err(none(format!("they have one of {MEAN} and {SCALE} alone"))),
        }
        Ok(network)
    }
}

fn none(reason: String) -> Error {
    Error::NoSequential { reason }
}

type Sorted<'a> = (
    BTreeMap<u64, Linear<'a>>,
    BTreeMap<&'static str, TensorView<'a>>,
);

/// The layers by their numbers, and the scaler's tensors.
fn sorted<'a>(tensors: &SafeTensors<'a>) -> Result<Sorted<'a>, Error> {
    let mut layers: BTreeMap<u64, Linear<'a>> = BTreeMap::new();
    let mut scaler = BTreeMap::new();
    let mut prefix: Option<String> = None;
    for (name, tensor) in tensors.tensors() {
        let shown: String = name.chars().take(60).collect();
        if !matches!(tensor.dtype(), Dtype::F32 | Dtype::F64) {
            return Err(none(format!(
                "the tensor {shown:?} is of {:?}; save it as F32 or F64",
                tensor.dtype()
            )));
        }
        if let Some(name) = [MEAN, SCALE].into_iter().find(|known| *known == name) {
            scaler.insert(name, tensor);
            continue;
        }
        let mut parts = name.rsplitn(3, '.');
        let (what, number) = (parts.next(), parts.next().and_then(|n| n.parse().ok()));
        let before = parts.next().unwrap_or_default();
        let (Some(what @ ("weight" | "bias")), Some(number)) = (what, number) else {
            return Err(none(format!(
                "the tensor {shown:?} is no weight or bias of a Linear layer such as \"0.weight\""
            )));
        };
        if prefix.get_or_insert_with(|| before.to_owned()) != before {
            return Err(none(format!("the tensor {shown:?} is of another module")));
        }
        let layer: &mut Linear<'a> = layers.entry(number).or_default();
        let place = if what == "weight" {
            &mut layer.weight
        } else {
            &mut layer.bias
        };
        if place.replace(tensor).is_some() {
            return Err(none(format!("the tensor {shown:?} is there twice")));
        }
    }
    Ok((layers, scaler))
}

/// The sizes of the layers, checked against each other.
fn sizes(layers: &BTreeMap<u64, Linear<'_>>) -> Result<Vec<usize>, Error> {
    let mut sizes = Vec::new();
    for (number, layer) in layers {
        let shape = layer.weight.as_ref().map_or(&[][..], TensorView::shape);
        let &[fan_out, fan_in] = shape else {
            return Err(none(format!(
                "the tensor \"{number}.weight\" has the shape {shape:?}; a Linear layer's has (units, inputs)"
            )));
        };
        match sizes.last() {
            None => sizes.push(fan_in),
            Some(&before) if before == fan_in => {}
            Some(before) => {
                return Err(none(format!(
                    "the layer {number} takes {fan_in} inputs, and the one before has {before} units"
                )));
            }
        }
        if let Some(bias) = &layer.bias
            && bias.shape() != [fan_out]
        {
            return Err(none(format!(
                "the tensor \"{number}.bias\" has the shape {:?}, not ({fan_out})",
                bias.shape()
            )));
        }
        sizes.push(fan_out);
    }
    if sizes.is_empty() {
        return Err(none("they have no layer".to_owned()));
    }
    Ok(sizes)
}

/// The numbers of a tensor, in the order of its bytes.
fn numbers<'a>(tensor: &TensorView<'a>) -> Box<dyn Iterator<Item = f64> + 'a> {
    let bytes = tensor.data();
    if tensor.dtype() == Dtype::F64 {
        let (numbers, _) = bytes.as_chunks();
        Box::new(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)))
    } else {
        let (numbers, _) = bytes.as_chunks();
        Box::new(numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b))))
    }
}

/// Copies what is row by row to where it is row by row, too.
fn copy<T: Scalar>(
    tensor: &TensorView<'_>,
    to: &mut [T],
    name: impl Fn() -> String,
) -> Result<(), Error> {
    for (to, number) in to.iter_mut().zip(numbers(tensor)) {
        *to = T::of(number);
        if !to.is_finite() {
            return Err(none(format!(
                "the tensor {:?} has the number {number:e}, which is not finite as {}",
                name(),
                std::any::type_name::<T>()
            )));
        }
    }
    Ok(())
}

/// One number a feature.
fn list(tensor: &TensorView<'_>, name: &str, n_features: usize) -> Result<Vec<f64>, Error> {
    if tensor.shape() != [n_features] {
        return Err(none(format!(
            "the tensor {name:?} has the shape {:?}, not ({n_features})",
            tensor.shape()
        )));
    }
    Ok(numbers(tensor).collect())
}
