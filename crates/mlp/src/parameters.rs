//! All weights and biases of a network in one flat vector.

use nalgebra::{Const, DMatrixView, DMatrixViewMut, DVectorView, DVectorViewMut, Dyn, U1};

use smallbatch_base::limits;

use crate::buffer::Buffer;
use crate::{Error, Scalar};

/// Where each layer's weight and bias stand in the flat vector: layer by layer, first the weight, shape
/// `(fan_out, fan_in)` row by row, then the bias, length `fan_out`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    sizes: Vec<usize>,
    /// The start of each layer's weight; one more for the end.
    starts: Vec<usize>,
}

impl Layout {
    pub(crate) fn new(sizes: &[usize]) -> Result<Self, Error> {
        if sizes.len() < 2 {
            return Err(Error::TooFewLayers {
                n_layers: sizes.len(),
            });
        }
        if let Some(layer) = sizes.iter().position(|&size| size == 0) {
            return Err(Error::EmptyLayer {
                layer,
                sizes: sizes.to_vec(),
            });
        }
        let mut starts = vec![0_usize];
        let mut end = 0_usize;
        for pair in sizes.windows(2) {
            let (fan_in, fan_out) = (pair[0], pair[1]);
            end = fan_in
                .checked_add(1)
                .and_then(|rows| rows.checked_mul(fan_out))
                .and_then(|size| end.checked_add(size))
                .filter(|&end| end <= limits::MOST_PARAMETERS)
                .ok_or_else(|| Error::TooManyParameters {
                    sizes: sizes.to_vec(),
                })?;
            starts.push(end);
        }
        Ok(Self {
            sizes: sizes.to_vec(),
            starts,
        })
    }

    pub(crate) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// How many layers of weights there are: one less than sizes.
    pub(crate) fn n_layers(&self) -> usize {
        self.sizes.len() - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.starts[self.n_layers()]
    }

    pub(crate) fn fan_in(&self, layer: usize) -> usize {
        self.sizes[layer]
    }

    pub(crate) fn fan_out(&self, layer: usize) -> usize {
        self.sizes[layer + 1]
    }

    pub(crate) fn weight(&self, layer: usize) -> std::ops::Range<usize> {
        let start = self.starts[layer];
        start..start + self.fan_in(layer) * self.fan_out(layer)
    }

    pub(crate) fn bias(&self, layer: usize) -> std::ops::Range<usize> {
        self.weight(layer).end..self.starts[layer + 1]
    }

    /// A layer's weight and bias in a vector of this layout; empty ones in an empty vector (a moment that an optimizer does
    /// not have).
    pub(crate) fn rows_mut<'a, T>(&self, values: &'a mut [T], layer: usize) -> Rows<'a, T> {
        let (start, end) = (self.starts[layer], self.starts[layer + 1]);
        let values = values.get_mut(start..end).unwrap_or_default();
        let n_weights = self.weight(layer).len().min(values.len());
        let (weight, bias) = values.split_at_mut(n_weights);
        Rows {
            weight,
            bias,
            fan_in: self.fan_in(layer),
        }
    }
}

/// Some units of a layer: their rows of the weight, and their biases.
pub(crate) struct Rows<'a, T> {
    pub(crate) weight: &'a mut [T],
    pub(crate) bias: &'a mut [T],
    pub(crate) fan_in: usize,
}

impl<'a, T> Rows<'a, T> {
    /// Takes the first units away from these.
    pub(crate) fn split_off(&mut self, n_units: usize) -> Self {
        Self {
            weight: self.next_rows(n_units),
            bias: take_first(&mut self.bias, n_units),
            fan_in: self.fan_in,
        }
    }

    /// Takes the first rows of the weight away from these.
    pub(crate) fn next_rows(&mut self, n_rows: usize) -> &'a mut [T] {
        take_first(&mut self.weight, n_rows * self.fan_in)
    }
}

/// Takes the first numbers away from a slice: so many, or all that there are.
pub(crate) fn take_first<'a, T>(numbers: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let n = n.min(numbers.len());
    numbers.split_off_mut(..n).unwrap_or_default()
}

/// The parameters of a network, or anything of their shape: gradients, directions, moments.
///
/// One flat vector. Layer `l` (0 is the first after the inputs) has a weight `W` of shape `(fan_out, fan_in)` and a
/// bias `b` of length `fan_out`, and computes `Z = W·A + b`. In the flat vector the layers follow one another, each
/// with its weight first, row by row: all weights of one unit follow one another. (nalgebra's own matrices are stored
/// column by column; the views that [`weight`](Self::weight) gives know.)
///
/// ```
/// use smallbatch_mlp::Parameters;
///
/// let mut parameters = Parameters::<f64>::zeros(&[3, 5, 2])?;
/// assert_eq!(parameters.as_slice().len(), 3 * 5 + 5 + 5 * 2 + 2);
/// parameters.weight_mut(1)[(0, 4)] = 0.5;
/// assert_eq!(parameters.weight(1).shape(), (2, 5));
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T> {
    pub(crate) layout: Layout,
    pub(crate) values: Buffer<T>,
}

impl<T: Scalar> Parameters<T> {
    /// Parameters of a network with these layer sizes, all zero.
    ///
    /// # Errors
    /// Fewer than two sizes, or a size of 0.
    pub fn zeros(layer_sizes: &[usize]) -> Result<Self, Error> {
        Ok(Self::zeros_of(Layout::new(layer_sizes)?))
    }

    /// Parameters of a network with these layer sizes, from the flat vector.
    ///
    /// # Errors
    /// As [`Parameters::zeros`], or a vector of another length.
    pub fn from_vec(layer_sizes: &[usize], values: Vec<T>) -> Result<Self, Error> {
        let layout = Layout::new(layer_sizes)?;
        if values.len() != layout.len() {
            return Err(Error::Length {
                what: "the parameter vector",
                expected: layout.len(),
                found: values.len(),
            });
        }
        let mut parameters = Self::zeros_of(layout);
        parameters.values.copy_from_slice(&values);
        Ok(parameters)
    }

    pub(crate) fn zeros_of(layout: Layout) -> Self {
        let values = Buffer::new(layout.len());
        Self { layout, values }
    }

    /// The layer sizes: inputs, hidden layers, outputs.
    pub fn layer_sizes(&self) -> &[usize] {
        self.layout.sizes()
    }

    /// How many layers of weights there are: one less than layer sizes.
    pub fn n_layers(&self) -> usize {
        self.layout.n_layers()
    }

    /// The flat vector.
    pub fn as_slice(&self) -> &[T] {
        &self.values
    }

    /// The flat vector, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The weight of a layer, shape `(fan_out, fan_in)`.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn weight(&self, layer: usize) -> DMatrixView<'_, T, Dyn, U1> {
        let (fan_out, fan_in) = (self.layout.fan_out(layer), self.layout.fan_in(layer));
        DMatrixView::from_slice_with_strides_generic(
            &self.values[self.layout.weight(layer)],
            Dyn(fan_out),
            Dyn(fan_in),
            Dyn(fan_in),
            Const::<1>,
        )
    }

    /// The weight of a layer, shape `(fan_out, fan_in)`, to be changed.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn weight_mut(&mut self, layer: usize) -> DMatrixViewMut<'_, T, Dyn, U1> {
        let (fan_out, fan_in) = (self.layout.fan_out(layer), self.layout.fan_in(layer));
        DMatrixViewMut::from_slice_with_strides_generic(
            &mut self.values[self.layout.weight(layer)],
            Dyn(fan_out),
            Dyn(fan_in),
            Dyn(fan_in),
            Const::<1>,
        )
    }

    /// The bias of a layer, length `fan_out`.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn bias(&self, layer: usize) -> DVectorView<'_, T> {
        let slice = &self.values[self.layout.bias(layer)];
        DVectorView::from_slice(slice, slice.len())
    }

    /// The bias of a layer, length `fan_out`, to be changed.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn bias_mut(&mut self, layer: usize) -> DVectorViewMut<'_, T> {
        let slice = &mut self.values[self.layout.bias(layer)];
        let length = slice.len();
        DVectorViewMut::from_slice(slice, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_covers_the_flat_vector_once() {
        let parameters = Parameters::<f32>::zeros(&[4, 7, 1, 3]).unwrap();
        let layout = &parameters.layout;
        let mut next = 0;
        for layer in 0..layout.n_layers() {
            assert_eq!(layout.weight(layer).start, next);
            assert_eq!(layout.bias(layer).start, layout.weight(layer).end);
            assert_eq!(layout.bias(layer).len(), layout.fan_out(layer));
            next = layout.bias(layer).end;
        }
        assert_eq!(next, parameters.as_slice().len());
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert_eq!(Layout::new(&[3]), Err(Error::TooFewLayers { n_layers: 1 }));
        let error = Layout::new(&[3, 0, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 1 of [3, 0, 2] has 0 units; every layer needs at least 1"
        );
        assert!(matches!(
            Layout::new(&[usize::MAX, 2]),
            Err(Error::TooManyParameters { .. })
        ));
        for sizes in [
            &[1 << 40, 1 << 40][..],
            // It fits in the address space, and in no memory.
            &[3, 1 << 40, 3],
            &[1 << 14, 1 << 14, 1],
        ] {
            let error = Layout::new(sizes).unwrap_err().to_string();
            assert!(
                error.contains("have more than 268435456 parameters"),
                "{error}"
            );
        }
        assert!(Layout::new(&[(1 << 14) - 1, 1 << 14]).is_ok());
        let many = Layout::new(&vec![0; 100_000]).unwrap_err().to_string();
        assert!(many.len() < 200, "{many}");
    }
}
