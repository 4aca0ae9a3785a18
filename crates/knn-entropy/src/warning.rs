use std::fmt;

/// A reason to doubt an estimate, returned by [`Estimate::warnings`](crate::Estimate::warnings).
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
    /// Rows are repeated although their numbers are continuous, for example because rows were
    /// recorded twice. Every estimator mistakes the copies for a peak of the density.
    Repeated {
        /// The number of rows that repeat an earlier one.
        copies: usize,
        /// The number of rows.
        rows: usize,
    },
    /// The spreads of columns differ so much that one column alone determines the distances. An
    /// information or a divergence does not depend on the columns' units, but an estimate does. So
    /// does the error of an entropy. Use
    /// [`Correction::Standardize`](crate::Correction::Standardize), and for a divergence the same
    /// factors for both sets.
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
    /// Many rows are the only ones with their combination of labels, so the information between
    /// labels is too high. Merge rare labels, or use more rows.
    RareLabels {
        /// The number of such rows.
        alone: usize,
        /// The number of rows.
        rows: usize,
    },
    /// The numbers of a column are multiples of a step that is not small compared with the
    /// distances between neighbors, which biases an entropy. [`dither`](crate::dither) removes this
    /// bias.
    Rounded {
        /// The column.
        column: usize,
        /// The step of the rounding.
        step: f64,
        /// The geometric mean of the distances to the k-th neighbor.
        distance: f64,
    },
    /// All numbers of a column are equal, so the column carries no information.
    Constant {
        /// The block of variables: 0 for x, 1 for y, 2 for z.
        block: usize,
        /// The column within the block.
        column: usize,
    },
    /// The estimate is within one nat of the largest value that the rows can give. At that value,
    /// neighborhoods contain only the k neighbors themselves in every block. The truth can be
    /// arbitrarily larger. Consider [`LocalNonuniformity`](crate::LocalNonuniformity).
    Saturated {
        /// The fraction of rows whose neighborhoods contain only the k neighbors.
        share: f64,
        /// The largest possible estimate, about `psi(n) - psi(k)` for two variables.
        bound: f64,
    },
    /// Some samples lie far from the Gaussian of their own neighbors, as in the tails of a
    /// heavy-tailed distribution, and contribute too much.
    HeavyTails {
        /// The number of such samples.
        rows: usize,
        /// The contribution of their distance from the Gaussians to the estimate, in nats.
        nats: f64,
    },
    /// Rows of p are also rows of q. Each was excluded from the neighbors of its copy.
    SharedRows {
        /// The number of rows of p that are also in q.
        count: usize,
        /// The first of them, in p.
        first: usize,
        /// The first copy of this row in q.
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
                    "{tied} of {rows} rows ({percent:.1} %) have neighbors at equal distances, which suggests rounded or discrete \
                     numbers"
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
                "the largest standard deviation of a column is {} times the smallest, and the estimate depends on the units of \
                 the columns; standardize the columns",
                times(ratio)
            ),
            Self::LeftOut { count, rows } => {
                write!(f, "{count} of {rows} rows have a label that no other row has, and were left out")
            }
            Self::RareLabels { alone, rows } => write!(
                f,
                "{alone} of {rows} rows are the only ones with their combination of labels, so the estimate is too high; merge \
                 rare labels, or use more rows"
            ),
            Self::Rounded { column, step, distance } => write!(
                f,
                "column {column} is rounded to multiples of {}, which is not small beside the distance of neighbors, {}; \
                 dither the column by its step",
                short(step),
                short(distance)
            ),
            Self::Constant { block, column } => {
                let names = ["x", "y", "z"];
                let name = names.get(block).map_or_else(|| format!("block {block}"), |name| (*name).to_owned());
                write!(f, "column {column} of {name} is constant and carries no information")
            }
            Self::Saturated { share, bound } => write!(
                f,
                "the estimate is a lower bound: no estimate from these rows can exceed {bound:.3} nats, and the neighborhoods \
                 of {:.0} % of them contain only the k nearest neighbors; use more rows",
                100.0 * share
            ),
            Self::HeavyTails { rows, nats } => write!(
                f,
                "{rows} rows lie far from the Gaussians of their neighbors and add {nats:.2} nats, as heavy tails do; use the \
                 Kozachenko-Leonenko estimator"
            ),
            Self::SharedRows { count, first, copy } => write!(
                f,
                "{count} rows of p are also rows of q, the first of them row {first} of p and row {copy} of q; each was left \
                 out of its own neighbors"
            ),
        }
    }
}

/// Formats a number with four digits: `0.1` for 0.09999999999999999, `2.5e-9` for small numbers.
fn short(number: f64) -> String {
    let rounded = format!("{number:.3e}").parse().unwrap_or(number);
    if (1e-4..1e6).contains(&rounded) { format!("{rounded}") } else { format!("{rounded:e}") }
}

/// Formats a large ratio: `2094`, or `2e6` from a million on.
fn times(ratio: f64) -> String {
    if ratio < 1e6 { format!("{ratio:.0}") } else { format!("{ratio:.0e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_numbers_are_short() {
        let text = Warning::Rounded { column: 2, step: 0.099_999_999_999_999_99, distance: 6.0 / 7.0 }.to_string();
        let expected = "column 2 is rounded to multiples of 0.1, which is not small beside the distance of neighbors, 0.8571; \
                        dither the column by its step";
        assert_eq!(text, expected);
        assert_eq!([2.5e-9, 1e-4, 12_500.0, 3e20].map(short), ["2.5e-9", "0.0001", "12500", "3e20"]);
    }
}
