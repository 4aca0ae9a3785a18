use std::fmt;

/// A reason to doubt an estimate, which [`Estimate::warnings`](crate::Estimate::warnings) returns
/// beside the number.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Rows have several neighbors at the same distance, to the rounding of the coordinates.
    /// Continuous variables have no such ties, so the numbers were rounded or are discrete.
    Ties {
        /// The number of tied rows.
        tied: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Rows are repeated although their numbers are continuous, as where rows were recorded twice.
    /// Every estimate takes the copies for a peak of the density.
    Repeated {
        /// The number of rows that repeat an earlier one.
        copies: usize,
        /// The number of rows.
        rows: usize,
    },
    /// The spreads of columns differ so much that distances are those of one column alone. The
    /// information does not depend on the columns' units, but an estimate does:
    /// [`Correction::Standardize`](crate::Correction::Standardize).
    Scales {
        /// The largest standard deviation divided by the smallest.
        ratio: f64,
    },
    /// Rows have a label that no other row has, and were left out.
    LeftOut {
        /// The number of such rows.
        count: usize,
        /// The number of rows.
        rows: usize,
    },
    /// The numbers of a column are multiples of a step that is not small beside the distances
    /// between neighbors, which biases an entropy. [`dither`](crate::dither) removes that bias.
    Rounded {
        /// The column.
        column: usize,
        /// The step of the rounding.
        step: f64,
        /// The geometric mean of the distances to the k-th neighbor.
        distance: f64,
    },
    /// All numbers of a column are equal, so that it carries no information.
    Constant {
        /// The block of variables: 0 for x, 1 for y, 2 for z.
        block: usize,
        /// The column within the block.
        column: usize,
    },
    /// The estimate is within a nat of the largest value that the rows can give, where
    /// neighborhoods hold nothing but the k neighbors themselves in every block. The truth can
    /// be anything above, and infinite: [`LocalNonuniformity`](crate::LocalNonuniformity).
    Saturated {
        /// The share of rows whose neighborhoods hold nothing else.
        share: f64,
        /// The largest estimate that is possible, about `psi(n) - psi(k)` for two variables.
        bound: f64,
    },
    /// Some samples lie far from the Gaussian of their own neighbors, as in the tails of a
    /// heavy-tailed distribution, and contribute too much.
    HeavyTails {
        /// The number of such samples.
        rows: usize,
        /// The nats that their distance from the Gaussians contributes to the estimate.
        nats: f64,
    },
    /// Rows of p are also rows of q. Each was left out of the neighbors of its copy.
    SharedRows {
        /// The number of rows of p that q has, too.
        count: usize,
        /// The first of them, in p.
        first: usize,
        /// Its first copy, in q.
        copy: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ties { tied, rows } => {
                let percent = 100.0 * tied as f64 / rows as f64;
                write!(
                    f,
                    "{tied} of {rows} rows ({percent:.1} %) have neighbors at equal distances, as rounded and discrete numbers \
                     do"
                )
            }
            Self::Repeated { copies, rows } => {
                write!(
                    f,
                    "{copies} of {rows} rows repeat an earlier row; if rows were recorded twice, leave the copies out"
                )
            }
            Self::Scales { ratio } => write!(
                f,
                "the largest spread of a column is {ratio:.0} times the smallest, and the estimate depends on their units; \
                 standardize the columns"
            ),
            Self::LeftOut { count, rows } => {
                write!(f, "{count} of {rows} rows have a label that no other row has, and were left out")
            }
            Self::Rounded { column, step, distance } => write!(
                f,
                "column {column} is rounded to multiples of {step}, and neighbors are only {distance:.3e} apart; dither the \
                 column by its step"
            ),
            Self::Constant { block, column } => {
                let names = ["x", "y", "z"];
                let name = names.get(block).map_or_else(|| format!("block {block}"), |name| (*name).to_owned());
                write!(f, "column {column} of {name} is constant and carries no information")
            }
            Self::Saturated { share, bound } => write!(
                f,
                "the estimate is a lower bound: no estimate from these rows can exceed {bound:.3} nats, and {:.0} % of them \
                 have no neighbors but the nearest; take more rows",
                100.0 * share
            ),
            Self::HeavyTails { rows, nats } => write!(
                f,
                "{rows} rows lie far from the Gaussians of their neighbors and add {nats:.2} nats, as heavy tails do; use the \
                 Kozachenko-Leonenko estimator"
            ),
            Self::SharedRows { count, first, copy } => write!(
                f,
                "{count} rows of p are rows of q, too, the first of them row {first} of p and row {copy} of q; each was left \
                 out of its own neighbors"
            ),
        }
    }
}
