/// The line numbers of the rows of a table. Rows on consecutive lines need no additional memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lines {
    rows: usize,
    /// The first row of each run of rows on consecutive lines, and the line of that row.
    runs: Vec<(usize, usize)>,
}

impl Lines {
    /// Adds the next row, which is on this line.
    pub(super) fn push(&mut self, line: usize) {
        let follows = self.runs.last().is_some_and(|&(row, first)| first + (self.rows - row) == line);
        if !follows {
            self.runs.push((self.rows, line));
        }
        self.rows += 1;
    }

    /// Returns the lines of some rows, in order.
    pub(super) fn only(&self, rows: &[usize]) -> Self {
        let mut lines = Self::default();
        rows.iter().filter_map(|&row| self.line(row)).for_each(|line| lines.push(line));
        lines
    }

    /// Returns the line of a row.
    pub(super) fn line(&self, row: usize) -> Option<usize> {
        let run = self.runs.partition_point(|&(first, _)| first <= row).checked_sub(1)?;
        let (first, line) = self.runs[run];
        (row < self.rows).then_some(line + (row - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_lines() {
        let mut lines = Lines::default();
        let numbers = [2, 3, 4, 7, 9, 10];
        numbers.iter().for_each(|&line| lines.push(line));
        assert_eq!(lines.runs.len(), 3);
        (0..6).for_each(|row| assert_eq!(lines.line(row), Some(numbers[row])));
        let some = lines.only(&[0, 2, 5]);
        assert_eq!([0, 1, 2].map(|row| some.line(row)), [Some(2), Some(4), Some(10)]);
        assert_eq!((lines.line(6), Lines::default().line(0)), (None, None));
    }
}
