//! Standardizes the vectors that enter a network, and restores the units of those that leave it.
//! The network itself treats a standardized vector as an image of one row. These steps use double
//! precision, because the deviation of a column may be small compared with its mean.

use eae::data::Columns;

use super::chain::{Chain, integer};
use super::proto::kind::{TENSOR_DOUBLE, TENSOR_FLOAT};

/// Adds the nodes from rows `[batch, columns]` to the input of the network.
pub(super) fn standardize(chain: &mut Chain<'_>, prefix: &str, columns: &Columns) {
    let [mean, scale] = moments(columns);
    // A column that was constant in training becomes 0.
    let scale: Vec<f64> = scale.into_iter().map(|scale| if scale == 0.0 { f64::INFINITY } else { scale }).collect();
    let name = |part: &str| format!("{prefix}.{part}");
    let (mean, scale) = (constant(chain, &name("mean"), mean), constant(chain, &name("scale"), scale));
    chain.then("Sub", &name("centered"), &[mean], Vec::new());
    chain.then("Div", &name("standardized"), &[scale], Vec::new());
    chain.then("Cast", &name("single"), &[], vec![integer("to", TENSOR_FLOAT.into())]);
    chain.reshape(&name("row"), [1, 1, columns.len()]);
}

/// Adds the nodes from the output of the network to rows `[batch, columns]`.
pub(super) fn restore(chain: &mut Chain<'_>, prefix: &str, columns: &Columns) {
    let [mean, scale] = moments(columns);
    let name = |part: &str| format!("{prefix}.{part}");
    let (mean, scale) = (constant(chain, &name("mean"), mean), constant(chain, &name("scale"), scale));
    chain.then("Flatten", &name("flat"), &[], vec![integer("axis", 1)]);
    chain.then("Cast", &name("double"), &[], vec![integer("to", TENSOR_DOUBLE.into())]);
    chain.then("Mul", &name("scaled"), &[scale], Vec::new());
    chain.then("Add", &name("restored"), &[mean], Vec::new());
}

fn moments(columns: &Columns) -> [Vec<f64>; 2] {
    let (mean, scale) = (0..columns.len()).map(|column| columns.moments(column)).unzip();
    [mean, scale]
}

fn constant(chain: &mut Chain<'_>, name: &str, numbers: Vec<f64>) -> String {
    chain.doubles(name, &[numbers.len()], numbers)
}
