//! Numbers like `5.612`, whose point or comma may separate thousands.

/// The least number of cells with a separator, and of cells without, for a note.
const LEAST: usize = 3;

/// The state of a column whose numbers could all be integers with separators of thousands.
#[derive(Default)]
pub(super) struct Thousands {
    /// The row and the content of the first cell with a separator.
    first: Option<(usize, String)>,
    separated: usize,
    /// The number of integers below 1000.
    small: usize,
    /// True if some number cannot be such an integer.
    is_refuted: bool,
}

impl Thousands {
    /// Adds the cell of a number.
    pub(super) fn push(&mut self, row: usize, cell: &str) {
        if self.is_refuted {
            return;
        }
        match is_separated(cell) {
            Some(true) => {
                self.first.get_or_insert_with(|| (row, cell.to_owned()));
                self.separated += 1;
            }
            Some(false) => self.small += 1,
            None => self.is_refuted = true,
        }
    }

    /// Returns the row and the content of the first cell with a separator, if the column probably
    /// has separators of thousands. Numbers rounded to 0.001 would rarely have either three
    /// decimals or none.
    pub(super) fn first(&self) -> Option<(usize, &str)> {
        let is_likely = !self.is_refuted && self.separated.min(self.small) >= LEAST;
        self.first.as_ref().filter(|_| is_likely).map(|(row, cell)| (*row, cell.as_str()))
    }
}

/// Returns true for `5.612` or `5,612`, false for an integer below 1000, and `None` otherwise.
fn is_separated(cell: &str) -> Option<bool> {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (whole, thousands) = digits.split_once(['.', ',']).map_or((digits, None), |(a, b)| (a, Some(b)));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let starts = (1..=3).contains(&whole.len()) && are_digits(whole);
    match thousands {
        None => starts.then_some(false),
        Some(part) => (starts && !whole.starts_with('0') && part.len() == 3 && are_digits(part)).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Note;
    use super::super::tests::table;

    #[test]
    fn separators_of_thousands_are_noted() {
        let noted = |cells: &str| {
            let text = format!("a;b\n{}", cells.split(' ').map(|cell| format!("{cell};1\n")).collect::<String>());
            let notes = table(text).notes;
            notes.into_iter().find_map(|note| match note {
                Note::Thousands { cell, line } => Some((cell, line)),
                _ => None,
            })
        };
        for (cells, first) in [
            ("5.612 141 1.532 696 12.077 5", Some(("5.612", 2))),
            ("0 141 -5,612 2,883 696 112,077", Some(("-5,612", 4))),
            // Too few to tell.
            ("5.612 141 1.532 696 12.077", None),
            ("5.612 1.532 12.077 4.111", None),
            ("141 696 5 7", None),
            // Measurements: other digits, a leading zero, a large integer.
            ("5.612 141 1.532 696 12.077 5 1.5", None),
            ("5.612 141 1.532 696 12.077 5 0.612", None),
            ("5.612 141 1.532 696 12.077 5 1000", None),
            ("5.612 141 1.532 696 12.077 5 1e2", None),
        ] {
            assert_eq!(noted(cells), first.map(|(cell, line)| (cell.to_owned(), line)), "{cells}");
        }
        // A comma that separates columns cannot separate thousands elsewhere.
        assert_eq!(table("5.612,1\n141,1\n1.532,1\n696,1\n12.077,1\n5,1").notes, []);
        let notes = table("5.612\t1\n141\t1\n1.532\t1\n696\t1\n12.077\t1\n5\t1").notes;
        assert_eq!(
            notes[0].to_string(),
            "\"5.612\" in line 1 was read with a decimal point, but the other numbers of its column have three digits \
             after a point or are integers below 1000; if the points separate thousands, write the numbers without them"
        );
    }
}
