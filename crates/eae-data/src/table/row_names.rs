//! Names of rows that have no place in the header, as written by `write.table` of R.

use super::Note;
use super::cell::{Meaning, meaning};
use super::fields::unquoted;
use super::rows::numbers_rows;

/// The first fields of the rows, if each row has one field more than the header.
#[derive(Default)]
pub(super) struct RowNames {
    /// The first field of the first row.
    first: Option<String>,
    /// The names that are numbers, and NaN for missing ones.
    numbers: Vec<f64>,
    /// True if a name is text or in quotes.
    is_text: bool,
}

impl RowNames {
    /// Adds the first field of a row.
    pub(super) fn push(&mut self, field: &str, commas: bool) {
        let text = unquoted(field);
        match meaning(&text, commas) {
            Meaning::Number(number) | Meaning::Comma(number) => self.numbers.push(number),
            Meaning::Missing => self.numbers.push(f64::NAN),
            Meaning::Text => self.is_text = true,
        }
        self.is_text |= field.trim_ascii_start().starts_with('"');
        self.first.get_or_insert_with(|| text.into_owned());
    }

    /// Returns a note, or `None` if the fields cannot be names: missing numbers, fractions, and
    /// integers with gaps are data, for which the header lacks a name.
    pub(super) fn note(self) -> Option<Note> {
        let are_integers = self.numbers.iter().all(|number| number.fract() == 0.0);
        let (low, high) = self.numbers.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), &x| (l.min(x), h.max(x)));
        let have_no_gaps = high - low + 1.0 <= self.numbers.len() as f64;
        let are_names = are_integers && (self.is_text || have_no_gaps && numbers_rows(self.numbers.iter()));
        self.first.filter(|_| are_names).map(|first| Note::RowNamesLeftOut { first })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read_as, said, table};
    use super::super::{Missing, Note, TableOptions, Text};
    use ndarray::array;

    #[test]
    fn names_of_rows_are_left_out() {
        let values = array![[21.0, 6.0], [22.5, 4.0]];
        for (text, first) in [
            ("\"mpg\" \"cyl\"\n\"Mazda RX4\" 21 6\n\"Datsun\" 22.5 4\n", "Mazda RX4"),
            ("\"mpg\" \"cyl\"\n\"1\" 21 6\n\"2\" 22.5 4\n", "1"),
            ("mpg\tcyl\nMazda RX4\t21\t6\nDatsun\t22.5\t4\n", "Mazda RX4"),
            ("mpg,cyl\n7,21,6\n6,22.5,4\n", "7"),
            ("mpg,cyl\n\"7\",21,6\n\"3\",22.5,4\n", "7"),
            ("mpg;cyl\nMazda;21;6\nDatsun;22,5;4\n", "Mazda"),
        ] {
            let read = table(text);
            assert_eq!((&read.values, read.names.unwrap()), (&values, vec!["mpg".to_owned(), "cyl".to_owned()]));
            assert_eq!(read.notes[0], Note::RowNamesLeftOut { first: first.to_owned() });
        }
        assert_eq!(table("x\n1 7\n2 8").values, array![[7.0], [8.0]]);
        let kept = read_as("a,b\nx,1,\ny,2,3", TableOptions::new().missing(Missing::Keep)).unwrap();
        assert_eq!((kept.values.dim(), kept.values[[1, 1]]), ((2, 2), 3.0));
        let cell = said("a,b\nx,1,2\ny,1,red");
        assert!(cell.starts_with("line 3, column 1 (\"b\"): \"red\" is not a number; "), "{cell}");
        // Comments are compared with whole rows.
        assert_eq!(table("a,b\nx,1,2\n#y,3,4").notes.len(), 2);
    }

    #[test]
    fn other_rows_must_be_as_long_as_the_header() {
        for text in [
            // Only some rows are longer.
            "a,b\n1,2,3\n4,5\n",
            "a,b\n1,2,3\n4,5,6,7\n",
            // The first column has data.
            "a,b\n0.5,2,3\n0.7,5,6\n",
            "a,b\n1,2,3\n1,5,6\n",
            "a,b\n0.5,2,3\nNA,5,6\n0.7,5,6\n",
            "a;b\n0,5;2,5;3,5\n0,7;5,1;6,2\n",
            // Decimal commas between commas.
            "x,y\n1,5,214\n3,7,33\n",
            // The last column is empty.
            "a,b\n1,2,\n3,4,\n",
            // A tab at the end of the header leaves a column without a name.
            "a\tb\t\n1\t2\t3\n",
            // Another separator.
            "a,b\n1;5,2\n",
        ] {
            let row = text.lines().nth(1).unwrap();
            assert!(said(text).starts_with(&format!("line 2: {row:?} has ")), "{text:?}: {}", said(text));
            assert!(said(text).ends_with(" like the header, line 1"));
        }
        // Words rather than numbers.
        let options = TableOptions::new().text(Text::Categories);
        assert!(read_as("city\nNew York\nSan Francisco\n", options).unwrap_err().to_string().contains(" has 2 fields"));
    }
}
