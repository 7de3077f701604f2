//! A graph as it grows: every tensor and every operation once, however often it is asked for.

use std::collections::{HashMap, HashSet};

use super::proto::{
    AttributeProto, AttributeType, DataType, GraphProto, NodeProto, TensorProto, ValueInfoProto,
};

/// The domain of operators for texts; the others are in the unnamed one.
pub(super) const OF_TEXTS: &str = "ai.onnx.ml";

/// The name of a tensor.
pub(super) type Name = String;

/// Nodes and constants. The same operation on the same tensors is one node, so that what all members need is computed once.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    /// What was made, by its content.
    made: HashMap<Vec<u8>, Name>,
    taken: HashSet<Name>,
}

impl Graph {
    /// A graph whose inputs and outputs have these names.
    pub(super) fn new<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            taken: taken.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// What an operator makes of tensors.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str]) -> Name {
        self.node_with(operator, inputs, Vec::new())
    }

    /// The same of an operator with attributes.
    pub(super) fn node_with(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> Name {
        let node = NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            op_type: Some(operator.to_owned()),
            domain: (operator == "LabelEncoder").then(|| OF_TEXTS.to_owned()),
            attribute: attributes,
            ..NodeProto::default()
        };
        let content = prost::Message::encode_to_vec(&node);
        if let Some(name) = self.made.get(&content) {
            return name.clone();
        }
        let name = self.free(operator, self.nodes.len());
        self.made.insert(content, name.clone());
        self.nodes.push(NodeProto {
            output: vec![name.clone()],
            name: Some(name.clone()),
            ..node
        });
        name
    }

    /// The tensor under the name of an output.
    pub(super) fn output(&mut self, tensor: &str, name: &str) {
        let node = self.free("Identity", self.nodes.len());
        self.nodes.push(NodeProto {
            input: vec![tensor.to_owned()],
            output: vec![name.to_owned()],
            name: Some(node),
            op_type: Some("Identity".to_owned()),
            ..NodeProto::default()
        });
    }

    /// Numbers of double precision, of this shape.
    pub(super) fn doubles(&mut self, shape: &[usize], numbers: &[f64]) -> Name {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(DataType::Double, shape, bytes)
    }

    /// A number.
    pub(super) fn double(&mut self, number: f64) -> Name {
        self.doubles(&[], &[number])
    }

    /// Numbers of single precision, of this shape.
    pub(super) fn floats(&mut self, shape: &[usize], numbers: &[f32]) -> Name {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(DataType::Float, shape, bytes)
    }

    /// Whole numbers, of this shape.
    pub(super) fn integers(&mut self, shape: &[usize], numbers: &[i64]) -> Name {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(DataType::Int64, shape, bytes)
    }

    /// A list of texts.
    pub(super) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Name {
        let string_data: Vec<_> = texts.into_iter().map(|t| t.as_bytes().to_vec()).collect();
        self.add(TensorProto {
            dims: vec![as_i64(string_data.len())],
            data_type: Some(DataType::Text as i32),
            string_data,
            ..TensorProto::default()
        })
    }

    fn constant(&mut self, data_type: DataType, shape: &[usize], bytes: Vec<u8>) -> Name {
        self.add(TensorProto {
            dims: shape.iter().map(|&size| as_i64(size)).collect(),
            data_type: Some(data_type as i32),
            raw_data: Some(bytes),
            ..TensorProto::default()
        })
    }

    fn add(&mut self, tensor: TensorProto) -> Name {
        let content = prost::Message::encode_to_vec(&tensor);
        if let Some(name) = self.made.get(&content) {
            return name.clone();
        }
        let name = self.free("constant", self.constants.len());
        self.made.insert(content, name.clone());
        self.constants.push(TensorProto {
            name: Some(name.clone()),
            ..tensor
        });
        name
    }

    /// Converts to a type of numbers.
    pub(super) fn cast(&mut self, tensor: &str, to: DataType) -> Name {
        self.node_with("Cast", &[tensor], vec![integer("to", to as i64)])
    }

    /// Side by side.
    pub(super) fn concat(&mut self, tensors: &[Name]) -> Name {
        match tensors {
            [only] => only.clone(),
            _ => {
                let inputs: Vec<&str> = tensors.iter().map(String::as_str).collect();
                self.node_with("Concat", &inputs, vec![integer("axis", 1)])
            }
        }
    }

    /// The graph with these inputs and outputs.
    pub(super) fn finish(
        self,
        inputs: Vec<ValueInfoProto>,
        outputs: Vec<ValueInfoProto>,
    ) -> GraphProto {
        GraphProto {
            node: self.nodes,
            name: Some("smallbatch".to_owned()),
            initializer: self.constants,
            input: inputs,
            output: outputs,
        }
    }

    fn free(&mut self, what: &str, count: usize) -> Name {
        let mut name = format!("{what}_{count}");
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

/// An attribute that is a whole number.
pub(super) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        i: Some(value),
        ..attribute(name, AttributeType::Int)
    }
}

/// An attribute of whole numbers.
pub(super) fn integers(name: &str, values: Vec<i64>) -> AttributeProto {
    AttributeProto {
        ints: values,
        ..attribute(name, AttributeType::Ints)
    }
}

/// An attribute that is a number of single precision.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        f: Some(value),
        ..attribute(name, AttributeType::Float)
    }
}

/// An attribute of texts.
pub(super) fn texts<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> AttributeProto {
    let values = values.into_iter().map(|text| text.as_bytes().to_vec());
    AttributeProto {
        strings: values.collect(),
        ..attribute(name, AttributeType::Texts)
    }
}

fn attribute(name: &str, of: AttributeType) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(of as i32),
        ..AttributeProto::default()
    }
}

/// A size, as the format has it.
pub(super) fn as_i64(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
