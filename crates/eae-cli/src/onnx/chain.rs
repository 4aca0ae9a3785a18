//! Builds a graph in which each node takes the output of the node before it.

use nn_layers::{Weights, WeightsError};

use super::proto::{Attribute, Node, Tensor, kind};

/// Graph under construction.
pub(super) struct Chain<'a> {
    pub(super) nodes: Vec<Node>,
    pub(super) constants: Vec<Tensor>,
    /// Name of the output of the last node.
    pub(super) value: String,
    /// Prefix of the names of nodes, for layers that the graph contains twice.
    pub(super) prefix: &'static str,
    weights: &'a Weights,
}

impl<'a> Chain<'a> {
    /// Creates an empty chain that starts at `input`, with the arrays of the layers in `weights`.
    pub(super) fn new(input: &str, weights: &'a Weights) -> Self {
        Self { nodes: Vec::new(), constants: Vec::new(), value: input.to_owned(), prefix: "", weights }
    }

    /// Appends a node to the last value, with further inputs from constants. Its output has the
    /// name of the node, after the prefix.
    pub(super) fn then(&mut self, op: &str, name: &str, constants: &[String], attribute: Vec<Attribute>) {
        let last = std::mem::replace(&mut self.value, format!("{}{name}", self.prefix));
        let inputs: Vec<&str> = [&last].into_iter().chain(constants).map(String::as_str).collect();
        self.node(op, &inputs, name, attribute);
    }

    /// Adds a node with any values and constants as inputs. Its output has the name of the node.
    /// The last value of the chain does not change.
    pub(super) fn node(&mut self, op: &str, inputs: &[&str], name: &str, attribute: Vec<Attribute>) {
        self.nodes.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![format!("{}{name}", self.prefix)],
            name: format!("{}{name}", self.prefix),
            op_type: op.to_owned(),
            attribute,
        });
    }

    /// Splits a value along its last axis and returns the names of the parts.
    pub(super) fn split<const N: usize>(&mut self, value: &str, sizes: &str, names: [String; N]) -> [String; N] {
        self.node("Split", &[value, sizes], &format!("{value}.parts"), vec![integer("axis", -1)]);
        self.nodes.last_mut().expect("a node was just added").output = names.to_vec();
        names
    }

    /// Adds a constant of 64-bit integers and returns its name.
    pub(super) fn numbers(&mut self, name: String, numbers: &[usize]) -> String {
        let bytes = numbers.iter().flat_map(|&number| (number as i64).to_le_bytes()).collect();
        self.constant(name, kind::TENSOR_INT64, &[numbers.len()], bytes)
    }

    /// Adds a constant of 32-bit integers and returns its name.
    pub(super) fn small_numbers(&mut self, name: &str, numbers: &[i32]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name.to_owned(), kind::TENSOR_INT32, &[numbers.len()], bytes)
    }

    /// Adds a constant in double precision and returns its name.
    pub(super) fn doubles(&mut self, name: &str, shape: &[usize], numbers: impl IntoIterator<Item = f64>) -> String {
        let bytes = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
        self.constant(name.to_owned(), kind::TENSOR_DOUBLE, shape, bytes)
    }

    /// Adds a constant in single precision and returns its name.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], numbers: impl IntoIterator<Item = f64>) -> String {
        let bytes = numbers.into_iter().flat_map(|number| (number as f32).to_le_bytes()).collect();
        self.constant(name.to_owned(), kind::TENSOR_FLOAT, shape, bytes)
    }

    /// Adds an array of the layers as a constant of the same name. If there is no such array, adds
    /// one with `features` times the value `otherwise`.
    pub(super) fn features(&mut self, name: String, features: usize, otherwise: f32) -> Result<String, WeightsError> {
        if self.weights.shape(&name).is_some() {
            return self.array(name);
        }
        Ok(self.constant(name, kind::TENSOR_FLOAT, &[features], otherwise.to_le_bytes().repeat(features)))
    }

    /// Adds an array of the layers as a constant of the same name.
    pub(super) fn array(&mut self, name: String) -> Result<String, WeightsError> {
        let shape = self.weights.shape(&name).unwrap_or_default();
        let array = self.weights.get::<f32>(&name, shape)?;
        let bytes = array.iter().flat_map(|x| x.to_le_bytes()).collect();
        Ok(self.constant(name, kind::TENSOR_FLOAT, shape, bytes))
    }

    /// Adds a constant, unless there is one of this name.
    fn constant(&mut self, name: String, data_type: i32, shape: &[usize], raw_data: Vec<u8>) -> String {
        if self.constants.iter().any(|constant| constant.name == name) {
            return name;
        }
        let dims = shape.iter().map(|&side| side as i64).collect();
        self.constants.push(Tensor { dims, data_type, name: name.clone(), raw_data });
        name
    }

    /// Reshapes each sample of the batch.
    pub(super) fn reshape(&mut self, name: &str, sample: [usize; 3]) {
        // 0 keeps the size of the batch axis.
        let shape = [&[0], &sample[..]].concat();
        let shape = self.numbers(format!("{name}.shape"), &shape);
        self.then("Reshape", name, &[shape], Vec::new());
    }

    /// Permutes the features of rows that are flattened images of shape `sides`, so that the axes
    /// of the images are in the order `order`.
    pub(super) fn reorder(&mut self, name: &str, sides: [usize; 3], order: [usize; 3]) {
        self.reshape(&format!("{name}.image"), sides);
        let order = [0, order[0] + 1, order[1] + 1, order[2] + 1];
        self.then("Transpose", &format!("{name}.permuted"), &[], vec![integers("perm", &order)]);
        self.then("Flatten", name, &[], vec![integer("axis", 1)]);
    }

    /// Makes the last value the output. Several names divide its `features` into equal parts.
    pub(super) fn give(&mut self, names: &[&str], features: usize) {
        if let ([name], Some(last)) = (names, self.nodes.last_mut()) {
            last.output = vec![(*name).to_owned()];
            return;
        }
        let parts = vec![features / names.len(); names.len()];
        let parts = self.numbers("parts".to_owned(), &parts);
        self.then("Split", "split", &[parts], vec![integer("axis", 1)]);
        let last = self.nodes.last_mut().expect("a node was just added");
        last.output = names.iter().map(|&name| name.to_owned()).collect();
    }
}

pub(super) fn float(name: &str, value: f64) -> Attribute {
    Attribute { name: name.to_owned(), kind: kind::ATTRIBUTE_FLOAT, f: Some(value as f32), ..Attribute::default() }
}

pub(super) fn integer(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), kind: kind::ATTRIBUTE_INT, i: Some(value), ..Attribute::default() }
}

pub(super) fn integers(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|&value| value as i64).collect();
    Attribute { name: name.to_owned(), kind: kind::ATTRIBUTE_INTS, ints, ..Attribute::default() }
}
