/// Row numbers, in 32 bits if all of them fit.
#[derive(Debug)]
pub(super) enum Rows {
    /// For fewer than 2^32 rows.
    Narrow(Vec<u32>),
    Wide(Vec<usize>),
}

impl Rows {
    /// Creates zeros that can be replaced by numbers up to `largest`.
    pub(super) fn zeros(length: usize, largest: usize) -> Self {
        match u32::try_from(largest) {
            Ok(_) => Self::Narrow(vec![0; length]),
            Err(_) => Self::Wide(vec![0; length]),
        }
    }

    /// Stores numbers up to `largest`.
    pub(super) fn new(rows: impl ExactSizeIterator<Item = usize>, largest: usize) -> Self {
        let mut all = Self::zeros(rows.len(), largest);
        rows.enumerate().for_each(|(place, row)| all.set(place, row));
        all
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(rows) => rows.len(),
            Self::Wide(rows) => rows.len(),
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, place: usize) -> usize {
        match self {
            Self::Narrow(rows) => rows[place] as usize,
            Self::Wide(rows) => rows[place],
        }
    }

    #[inline(always)]
    pub(super) fn set(&mut self, place: usize, row: usize) {
        match self {
            // `zeros` has checked that `largest` fits.
            Self::Narrow(rows) => rows[place] = row as u32,
            Self::Wide(rows) => rows[place] = row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_and_returns_numbers() {
        for largest in [3, u32::MAX as usize, u32::MAX as usize + 1, usize::MAX] {
            let numbers = [2, 0, largest, 3];
            let mut rows = Rows::new(numbers.into_iter(), largest);
            assert_eq!(matches!(rows, Rows::Narrow(_)), largest <= u32::MAX as usize);
            assert_eq!((0..rows.len()).map(|place| rows.get(place)).collect::<Vec<_>>(), numbers);
            rows.set(1, largest);
            assert_eq!(rows.get(1), largest);
        }
    }
}
