//! Writes a sampler as the first part of a graph, from noise to codes.

use eae::sampler::{Gaussianization, Mixture, Refinement, Sampler};
use ndarray::{ArrayBase, ArrayView1, ArrayView2, Axis, Data, Dimension};

use super::chain::{Chain, integer, integers};
use super::proto::Attribute;
use super::proto::kind::{TENSOR_DOUBLE, TENSOR_FLOAT, TENSOR_INT32};

/// Name of the input for draws from N(0, I).
pub(crate) const NOISE: &str = "noise";
/// Name of the input for draws from U(0, 1), which select the components of a mixture.
const UNIFORM: &str = "uniform";

/// Returns the names of the inputs of a generator with this sampler.
pub(crate) fn inputs(sampler: &Sampler) -> &'static [&'static str] {
    match sampler {
        Sampler::Mixture(mixture) if mixture.components() > 1 => &[NOISE, UNIFORM],
        _ => &[NOISE],
    }
}

/// Adds the nodes that turn noise `[batch, latent]`, the last value of the chain, into codes.
pub(super) fn draw(chain: &mut Chain<'_>, sampler: &Sampler) {
    let codes = match sampler {
        Sampler::Sphere { latent } => {
            let lengths = node(chain, "ReduceL2", &[NOISE], vec![integers("axes", &[1])]);
            let directions = node(chain, "Div", &[NOISE, &lengths], Vec::new());
            let radius = chain.floats("sampler.radius", &[1], [(*latent as f64).sqrt()]);
            node(chain, "Mul", &[&directions, &radius], Vec::new())
        }
        Sampler::Gaussian(gaussian) => affine(chain, gaussian.root(), gaussian.mean()),
        Sampler::Mixture(mixture) if mixture.components() > 1 => component(chain, mixture),
        Sampler::Mixture(mixture) => affine(chain, mixture.factors().index_axis(Axis(0), 0), mixture.means().row(0)),
        Sampler::Gaussianization(map) => inverse(chain, map),
        // N(0, I): the noise is the code.
        _ => return,
    };
    chain.value = codes;
}

/// Adds the nodes of `(code - m) / s`. The code is the first part of the `outputs` of the encoder,
/// the last value of the chain.
pub(super) fn standardize(chain: &mut Chain<'_>, outputs: usize, refinement: &Refinement) {
    let latent = refinement.mean().len();
    let mut code = chain.value.clone();
    if outputs > latent {
        let sizes = chain.numbers("sampler.sizes".to_owned(), &[latent, outputs - latent]);
        [code, _] = chain.split(&code, &sizes, ["code", "log_variance"].map(|part| format!("sampler.{part}")));
    }
    let mean = single(chain, "mean", refinement.mean());
    let deviation = single(chain, "deviation", refinement.deviation());
    let off = node(chain, "Sub", &[&code, &mean], Vec::new());
    chain.value = node(chain, "Div", &[&off, &deviation], Vec::new());
}

/// Adds the nodes of `m + F z`.
fn affine(chain: &mut Chain<'_>, factor: ArrayView2<'_, f64>, mean: ArrayView1<'_, f64>) -> String {
    let factor = single(chain, "factor", factor);
    let mean = single(chain, "mean", mean);
    node(chain, "Gemm", &[NOISE, &factor, &mean], vec![integer("transB", 1)])
}

/// Adds the nodes of `m_k + F_k z`. The component `k` of a row is the number of cumulative weights
/// that are not larger than its uniform number.
fn component(chain: &mut Chain<'_>, mixture: &Mixture) -> String {
    let sums = mixture.weights().into_iter().scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    let bounds: Vec<f64> = sums.take(mixture.components() - 1).collect();
    let bounds = chain.floats("sampler.bounds", &[bounds.len()], bounds);
    let reached = node(chain, "GreaterOrEqual", &[UNIFORM, &bounds], Vec::new());
    let chosen = count(chain, &reached, 1);

    let (factors, means) = (single(chain, "factors", mixture.factors()), single(chain, "means", mixture.means()));
    let factor = node(chain, "Gather", &[&factors, &chosen], Vec::new());
    let mean = node(chain, "Gather", &[&means, &chosen], Vec::new());
    let last = chain.numbers("sampler.last".to_owned(), &[2]);
    let column = node(chain, "Unsqueeze", &[NOISE, &last], Vec::new());
    let scaled = node(chain, "MatMul", &[&factor, &column], Vec::new());
    let off = node(chain, "Squeeze", &[&scaled, &last], Vec::new());
    node(chain, "Add", &[&off, &mean], Vec::new())
}

/// Adds the inverse of the map, in double precision, because errors grow from layer to layer.
fn inverse(chain: &mut Chain<'_>, map: &Gaussianization) -> String {
    let noise = node(chain, "Cast", &[NOISE], vec![integer("to", TENSOR_DOUBLE.into())]);
    let z = if map.layers() > 0 { layers(chain, map, noise) } else { noise };
    let directions = double(chain, "sampler.directions", map.scaled_directions());
    let mean = double(chain, "sampler.mean", map.mean());
    let off = node(chain, "MatMul", &[&z, &directions], Vec::new());
    let codes = node(chain, "Add", &[&off, &mean], Vec::new());
    node(chain, "Cast", &[&codes], vec![integer("to", TENSOR_FLOAT.into())])
}

/// Adds the inverse of the layers, the last layer first. Each coordinate passes through its inverse
/// spline, and the result through the rotation.
fn layers(chain: &mut Chain<'_>, map: &Gaussianization, mut z: String) -> String {
    let d = map.latent();
    let [x, y, slopes] = map.knots();
    let pieces = x.len_of(Axis(2)) + 1;
    let last = chain.numbers("sampler.last".to_owned(), &[2]);
    let ones = chain.numbers("sampler.ones".to_owned(), &[1; PARTS]);
    // The tables of the coordinates are concatenated. Each has one row for every piece.
    let starts: Vec<i32> = (0..d).map(|i| (i * pieces) as i32).collect();
    let starts = chain.small_numbers("sampler.starts", &starts);
    for (layer, rotation) in map.rotations().outer_iter().enumerate().rev() {
        let name = |part: &str| format!("sampler.{layer}.{part}");
        let of_layer = [&x, &y, &slopes].map(|knots| knots.index_axis(Axis(0), layer));
        let table: Vec<f64> =
            (0..d).flat_map(|i| spline(of_layer.map(|knots| knots.row(i).to_vec()))).flatten().collect();
        let table = chain.doubles(&name("pieces"), &[d * pieces, PARTS], table);
        let knots = double(chain, &name("knots"), of_layer[1]);

        let column = node(chain, "Unsqueeze", &[&z, &last], Vec::new());
        let reached = node(chain, "GreaterOrEqual", &[&column, &knots], Vec::new());
        let piece = count(chain, &reached, 2);
        let row = node(chain, "Add", &[&piece, &starts], Vec::new());
        let parts = node(chain, "Gather", &[&table, &row], Vec::new());
        let parts: [String; PARTS] = chain.split(&parts, &ones, std::array::from_fn(|part| name(&part.to_string())));
        let back = spline_inverse(chain, &column, &parts.each_ref().map(String::as_str));
        let flat = node(chain, "Squeeze", &[&back, &last], Vec::new());
        let rotation = double(chain, &name("rotation"), rotation);
        z = node(chain, "MatMul", &[&flat, &rotation], Vec::new());
    }
    z
}

/// Number of coefficients of a piece of a spline.
const PARTS: usize = 7;

/// Returns the pieces of a spline through `[x, y, slopes]`. The first piece is the line below all
/// knots, the last the line above them. A line is a rational function with bend 0.
fn spline([x, y, slopes]: [Vec<f64>; 3]) -> Vec<[f64; PARTS]> {
    let line = |i: usize| [x[i], y[i], 1.0, 0.0, 0.0, slopes[i] * slopes[i], 2.0 * slopes[i]];
    let inner = (1..x.len()).map(|i| {
        let (width, height) = (x[i] - x[i - 1], y[i] - y[i - 1]);
        let (secant, left, right) = (height / width, slopes[i - 1], slopes[i]);
        let bend = left + right - 2.0 * secant;
        [x[i - 1], y[i - 1], width, bend, height * (secant - left), height * left, 2.0 * secant]
    });
    [line(0)].into_iter().chain(inner).chain([line(x.len() - 1)]).collect()
}

/// Adds the inverse of a spline at a value in the piece with these coefficients, as in
/// [`Gaussianization::inverse`]: a quadratic equation gives the position within the piece, as a
/// fraction of its width.
fn spline_inverse(chain: &mut Chain<'_>, value: &str, parts: &[&str; PARTS]) -> String {
    let [left, bottom, width, bend, first, second, twice_secant] = *parts;
    let mut of = |op: &str, inputs: &[&str]| node(chain, op, inputs, Vec::new());
    let up = of("Sub", &[value, bottom]);
    let excess = of("Mul", &[&up, bend]);
    let a = of("Add", &[first, &excess]);
    let b = of("Sub", &[second, &excess]);
    let minus_2c = of("Mul", &[twice_secant, &up]);
    let twice_a = of("Add", &[&a, &a]);
    let minus_4ac = of("Mul", &[&twice_a, &minus_2c]);
    let square = of("Mul", &[&b, &b]);
    let discriminant = of("Add", &[&square, &minus_4ac]);
    // Only rounding can make the discriminant negative.
    let discriminant = of("Relu", &[&discriminant]);
    let root = of("Sqrt", &[&discriminant]);
    let down = of("Add", &[&b, &root]);
    let part = of("Div", &[&minus_2c, &down]);
    let off = of("Mul", &[&part, width]);
    of("Add", &[left, &off])
}

/// Adds the number of true values along an axis.
fn count(chain: &mut Chain<'_>, truths: &str, axis: usize) -> String {
    let numbers = node(chain, "Cast", &[truths], vec![integer("to", TENSOR_INT32.into())]);
    let axis = chain.numbers(format!("{numbers}.axis"), &[axis]);
    node(chain, "ReduceSum", &[&numbers, &axis], vec![integer("keepdims", 0)])
}

/// Adds a node and returns the name of its output.
fn node(chain: &mut Chain<'_>, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
    let name = format!("sampler.{op}.{}", chain.nodes.len());
    chain.node(op, inputs, &name, attributes);
    name
}

fn single<S: Data<Elem = f64>, D: Dimension>(chain: &mut Chain<'_>, name: &str, array: ArrayBase<S, D>) -> String {
    chain.floats(&format!("sampler.{name}"), array.shape(), array.iter().copied())
}

fn double<S: Data<Elem = f64>, D: Dimension>(chain: &mut Chain<'_>, name: &str, array: ArrayBase<S, D>) -> String {
    chain.doubles(name, array.shape(), array.iter().copied())
}
