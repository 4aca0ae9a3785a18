use knn_entropy::{
    Estimate, Ksg, KsgVariant, MesnerShalizi, MixedKsg, Norm, Result, Ross, Ties, corrected_label_information,
};
use ndarray::ArrayView2;

use super::blocks::Block;

/// An estimator of information with its settings.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub(super) kind: Kind,
    pub(super) k: usize,
    pub(super) norm: Norm,
    pub(super) window: usize,
    pub(super) seed: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Ksg(KsgVariant, Rule),
    Gao,
    Ross,
    MesnerShalizi,
    Grassberger,
}

/// The rule for ties.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Count,
    Error,
    /// The step of each column.
    Dither(Vec<f64>),
}

/// The two variables of an information, and the condition. Without a condition `z` has no columns.
pub(super) struct Sides {
    pub(super) x: Block,
    pub(super) y: Block,
    pub(super) z: Block,
}

impl Sides {
    pub(super) fn blocks(&self) -> [&Block; 3] {
        [&self.x, &self.y, &self.z]
    }

    /// Returns the first rows.
    pub(super) fn first(&self, rows: usize) -> Self {
        let [x, y, z] = self.blocks().map(|block| block.first(rows));
        Self { x, y, z }
    }

    pub(super) fn rows(&self) -> usize {
        self.x.values.nrows()
    }

    /// Returns the values of the blocks with ordinary distances: without labels and periods.
    pub(super) fn numbers(&self) -> Vec<ArrayView2<'_, f64>> {
        let is_plain = |block: &&Block| block.no_labels() && block.periods.iter().all(|period| period.is_infinite());
        let blocks = self.blocks().into_iter().filter(|block| block.width() > 0);
        blocks.filter(is_plain).map(|block| block.values.view()).collect()
    }

    /// Returns the names of all columns, those of x first.
    pub(super) fn names(&self) -> Vec<String> {
        self.blocks().iter().flat_map(|block| block.names.clone()).collect()
    }

    /// Returns the divisors of all columns.
    pub(super) fn scales(&self) -> Vec<f64> {
        self.blocks().iter().flat_map(|block| block.scales.clone()).collect()
    }

    /// Returns the periods of all columns, or an empty list if no column has one.
    fn periods(&self) -> Vec<f64> {
        let all: Vec<f64> = self.blocks().iter().flat_map(|block| block.periods.clone()).collect();
        if all.iter().any(|period| period.is_finite()) { all } else { Vec::new() }
    }
}

impl Measure {
    /// Estimates the information with `x` instead of the first variable.
    pub(super) fn estimate(&self, x: ArrayView2<'_, f64>, sides: &Sides) -> Result<Estimate> {
        let (y, z) = (sides.y.values.view(), sides.z.values.view());
        let (k, norm, window) = (self.k, self.norm, self.window);
        let periods = sides.periods();
        match &self.kind {
            Kind::Ksg(variant, rule) => {
                let ties = match rule {
                    Rule::Count => Ties::Count,
                    Rule::Error => Ties::Error,
                    Rule::Dither(steps) => Ties::Dither { steps, seed: self.seed },
                };
                let ksg = Ksg::new(k).variant(*variant).norm(norm).window(window).periods(&periods).ties(ties);
                ksg.conditional_estimate(x, y, z)
            }
            Kind::Gao => MixedKsg::new(k).norm(norm).window(window).periods(&periods).estimate(x, y),
            Kind::MesnerShalizi => {
                MesnerShalizi::new(k).norm(norm).window(window).periods(&periods).conditional_estimate(x, y, z)
            }
            Kind::Grassberger => {
                let given = (sides.z.width() > 0).then(|| bits(z));
                corrected_label_information(&bits(x), &bits(y), given.as_deref())
            }
            Kind::Ross => {
                let (numbers, of_numbers, labels) =
                    if sides.y.all_labels() { (x, &sides.x, y) } else { (y, &sides.y, x) };
                let ross = Ross::new(k).norm(norm).window(window).periods(&of_numbers.periods);
                ross.estimate(numbers, &bits(labels))
            }
        }
    }

    /// Estimates the information of the variables.
    pub(super) fn of(&self, sides: &Sides) -> Result<Estimate> {
        self.estimate(sides.x.values.view(), sides)
    }
}

/// Returns each row of labels as one label that can be hashed.
fn bits(labels: ArrayView2<'_, f64>) -> Vec<Vec<u64>> {
    labels.outer_iter().map(|row| row.iter().map(|x| x.to_bits()).collect()).collect()
}
