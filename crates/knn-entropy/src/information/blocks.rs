use crate::neighbors::count_in_blocks;
use crate::samples::dithered;
use crate::{Error, Metric, Norm, Result, Samples, Ties, Warning};

/// Blocks of variables that were observed together, with the norm and the periods of their
/// coordinates.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    parts: Vec<Samples<'a>>,
    /// Largest error that rounding causes in a distance, for each block.
    errors: Vec<f64>,
    norm: Norm,
    /// Period of each coordinate, in the order of the blocks. Empty if no coordinate is periodic.
    periods: &'a [f64],
}

impl<'a> Blocks<'a> {
    pub(super) fn new(parts: Vec<Samples<'a>>, norm: Norm, periods: &'a [f64], ties: Ties<'_>) -> Result<Self> {
        let dimension: usize = parts.iter().map(Samples::dimension).sum();
        if let Some(part) = parts.iter().find(|part| part.len() != parts[0].len()) {
            return Err(Error::RowMismatch { one: parts[0].len(), other: part.len() });
        }
        if !periods.is_empty() && periods.len() != dimension {
            return Err(Error::PeriodMismatch { periods: periods.len(), dimension });
        }
        let with_errors = |parts: Vec<Samples<'a>>| {
            let errors = parts.iter().map(Samples::rounding_error).collect();
            Self { parts, errors, norm, periods }
        };
        let Ties::Dither { steps, seed } = ties else { return Ok(with_errors(parts)) };
        if steps.len() != dimension {
            return Err(Error::InvalidSteps { steps: steps.to_vec(), dimension });
        }
        let mut first = 0;
        let spread = |part: &Samples<'a>| {
            let steps = &steps[first..first + part.dimension()];
            first += part.dimension();
            dithered(part, steps, seed, first - part.dimension())
        };
        Ok(with_errors(parts.iter().map(spread).collect::<Result<_>>()?))
    }

    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Returns the number of rows.
    pub(super) fn rows(&self) -> usize {
        self.parts.first().map_or(0, Samples::len)
    }

    /// Joins some of the blocks side by side.
    pub(super) fn space(&self, which: &[usize]) -> Result<Space<'_>> {
        let parts: Vec<&Samples<'_>> = which.iter().map(|&block| &self.parts[block]).collect();
        let samples = match parts[..] {
            [part] => part.reborrow(),
            _ => Samples::beside(&parts)?,
        };
        let widths: Vec<usize> = parts.iter().map(|part| part.dimension()).collect();
        let mut periods = Vec::new();
        if !self.periods.is_empty() {
            for &block in which {
                let start: usize = self.parts[..block].iter().map(Samples::dimension).sum();
                periods.extend_from_slice(&self.periods[start..start + self.parts[block].dimension()]);
            }
        }
        Ok(Space { samples, widths, periods, norm: self.norm })
    }

    /// Returns the largest error that rounding causes in a distance within any of the blocks.
    pub(super) fn rounding_error(&self, which: &[usize]) -> f64 {
        which.iter().map(|&block| self.errors[block]).fold(0.0, f64::max)
    }

    /// Returns, for each row, the number of other rows that are not farther than its radius in any
    /// of the blocks, to within rounding.
    pub(super) fn closed(&self, which: &[usize], radii: &[f64], window: usize) -> Result<Vec<usize>> {
        let outer = |block: &usize| radii.iter().map(|r| r + self.errors[*block]).collect();
        self.space(which).map(|space| space.closed(&which.iter().map(outer).collect::<Vec<_>>(), window))
    }

    /// Returns a warning if the spreads of columns are very different. Constant columns are
    /// ignored, and periodic columns are compared by their periods alone.
    pub(super) fn scales_warning(&self) -> Option<Warning> {
        if !self.periods.is_empty() {
            return None;
        }
        Samples::scales_warning(&self.parts)
    }

    /// Returns the first constant column of each block that has one.
    pub(super) fn constant_columns(&self) -> impl Iterator<Item = (usize, usize)> {
        let constant = |(block, part): (usize, &Samples<'_>)| part.constant_column().map(|column| (block, column));
        self.parts.iter().enumerate().filter_map(constant)
    }
}

/// Blocks side by side. The distance is the largest of the distances within blocks.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) samples: Samples<'a>,
    pub(super) widths: Vec<usize>,
    pub(super) periods: Vec<f64>,
    pub(super) norm: Norm,
}

impl Space<'_> {
    /// Returns, for each row, the number of other rows within its radius in every block, including
    /// those at the radius.
    pub(super) fn closed(&self, radii: &[Vec<f64>], window: usize) -> Vec<usize> {
        let metric = match self.periods.is_empty() {
            true => Metric::Norm(self.norm),
            false => Metric::Torus(self.norm, &self.periods),
        };
        let counts = count_in_blocks(&self.samples, metric, &self.widths, radii, radii, window);
        counts.into_iter().map(|(_, within)| within).collect()
    }

    pub(super) fn metric(&self) -> Metric<'_> {
        // In the maximum norm, dividing coordinates into blocks does not change distances.
        let whole = self.norm == Norm::LInf || self.widths.len() == 1;
        match (whole, self.periods.is_empty()) {
            (true, true) => Metric::Norm(self.norm),
            (false, true) => Metric::Blocks(self.norm, &self.widths),
            (true, false) => Metric::Torus(self.norm, &self.periods),
            (false, false) => Metric::TorusBlocks(self.norm, &self.widths, &self.periods),
        }
    }
}
