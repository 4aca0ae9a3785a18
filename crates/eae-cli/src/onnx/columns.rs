//! Vectors in their own units, around a network that takes and gives them standardized, as images
//! of one row. In double precision: beside its mean, the deviation of a column may be small.

use eae::data::Columns;

use super::chain::{Chain, integer};
use super::proto::kind::{TENSOR_DOUBLE, TENSOR_FLOAT};

/// From rows `[batch, columns]` to what the network takes.
pub(super) fn standardize(chain: &mut Chain<'_>, prefix: &str, columns: &Columns) {
    let [mean, scale] = moments(columns);
    // A column that was constant is 0, whatever it is now.
    let scale: Vec<f64> = scale.into_iter().map(|scale| if scale == 0.0 { f64::INFINITY } else { scale }).collect();
    let name = |part: &str| format!("{prefix}.{part}");
    let (mean, scale) = (constant(chain, &name("mean"), mean), constant(chain, &name("scale"), scale));
    chain.then("Sub", &name("centred"), &[mean], Vec::new());
    chain.then("Div", &name("standardized"), &[scale], Vec::new());
    chain.then("Cast", &name("single"), &[], vec![integer("to", TENSOR_FLOAT.into())]);
    chain.reshape(&name("row"), [1, 1, columns.len()]);
}

/// From what the network gives to rows `[batch, columns]`.
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
