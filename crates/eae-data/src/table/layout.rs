//! The layout of a text, derived from its first two rows.

use super::cell::{Meaning, decimal_comma, meaning};
use super::fields::{Given, Separator, fields, is_open, unquoted};
use super::options::Header;
use super::{LineProblem, Note, TableOptions, TableProblem, counted};
use crate::npy::excerpt;

/// A line of text that is neither blank nor a comment, with its line number, from 1.
pub(super) type Numbered = (usize, String);

/// The format of the rows.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) separator: Separator,
    /// True if a comma in a cell may be a decimal comma.
    pub(super) commas: bool,
    pub(super) names: Option<Vec<String>>,
    /// The number of columns, without the names of rows.
    pub(super) columns: usize,
    /// The first row below the header, if it has one field more than the header. This field may be
    /// the name of the row.
    pub(super) named: Option<Numbered>,
    pub(super) note: Option<Note>,
    /// True if the file names its separator.
    pub(super) is_given: bool,
    /// The line that determined the number of columns: the header, or else the first row.
    line: usize,
}

impl Layout {
    /// Determines the format of the rows. If the layout has names, the first line is the header.
    /// The separator is known if the file names it.
    pub(super) fn new(
        first: &Numbered,
        second: Option<&Numbered>,
        separator: Option<Separator>,
        options: &TableOptions,
    ) -> Result<Self, TableProblem> {
        let given = Given { separator, decimal: options.decimal };
        let (line, text) = (first.0, first.1.as_str());
        let below = second.map(|(_, text)| text.as_str());
        let (is_header, note) = match options.header {
            Header::Yes => (true, None),
            Header::No => (false, None),
            Header::Auto => is_header(first, below, given),
        };
        let separator = match (is_header, below) {
            (false, _) => likely_separator(text, below, given),
            (true, Some(row)) if separator.is_none() && is_decimal_below_one_name(row, text) => Separator::SEMICOLON,
            (true, Some(row)) => separator_below(text, row, given),
            (true, None) => return Err(TableProblem::HeaderAlone { line, text: excerpt(text) }),
        };
        if let Some(field) = fields(text, separator).find(|field| is_open(field)) {
            return Err(TableProblem::Line { line, problem: LineProblem::OpenQuote(excerpt(field)) });
        }
        let named = second.filter(|(_, row)| is_header && starts_with_name(row, text, separator, given));
        // A tab at the end of every line does not separate fields.
        let text = text.trim_ascii_end();
        let columns = fields(text, separator).count();
        let names =
            is_header.then(|| fields(text, separator).map(|field| unquoted(field).replace('\n', " ")).collect());
        Ok(Self {
            separator,
            commas: separator.leaves_commas(given),
            names,
            columns,
            named: named.cloned(),
            note,
            is_given: given.separator.is_some(),
            line,
        })
    }

    /// Returns the number of fields in a row.
    pub(super) fn fields(&self) -> usize {
        self.columns + usize::from(self.named.is_some())
    }

    /// Returns the error for a row of another length. If only some rows are one field longer than
    /// the header, the first of them is wrong.
    pub(super) fn ragged(&self, line: usize, found: usize, row: &str) -> TableProblem {
        let (line, found, row) =
            self.named.as_ref().map_or((line, found, row), |(line, row)| (*line, self.fields(), row));
        let separator = match self.separator {
            Separator::TAB => "tabs".to_owned(),
            Separator::Byte(byte) => format!("{:?}", char::from(byte)),
            Separator::Whitespace => "spaces".to_owned(),
        };
        let first = if self.names.is_some() { "the header" } else { "the first row" };
        let (row, found) = (excerpt(row), counted(found, "field"));
        let expected = self.columns;
        TableProblem::Line {
            line,
            problem: LineProblem::Ragged { row, found, separator, expected, first, line: self.line },
        }
    }
}

/// Decides whether the first line holds names, and returns a note if the user should check the
/// decision.
fn is_header((line, text): &Numbered, below: Option<&str>, given: Given) -> (bool, Option<Note>) {
    let Some(separator) = of_numbers(text, given) else {
        let Some(below) = below else { return (true, None) };
        let separator = likely_separator(below, Some(text), given);
        let of_line = |line| meanings(line, separator, given);
        if !is_like(&of_line(text), &of_line(below)) {
            return (true, None);
        }
        return (false, Some(Note::FirstRowHasText { row: text.clone(), line: *line }));
    };
    let Some(below) = below else { return (false, None) };
    let quoted = |field: &str| field.starts_with('"');
    let all_quoted = fields(text, separator).all(quoted);
    // Quoted numbers above unquoted numbers are names. The names of rows may also be quoted text.
    let of_numbers = |field: &&str| meaning(&unquoted(field), separator.leaves_commas(given)) != Meaning::Text;
    let mut numbers = fields(below, separator).filter(of_numbers).collect::<Vec<_>>();
    if numbers.len() > 1 && numbers[0] == fields(below, separator).next().unwrap_or_default() {
        numbers.remove(0);
    }
    (all_quoted && !numbers.is_empty() && !numbers.into_iter().any(quoted), None)
}

/// Returns true if the first row is data like the second: text in the same columns, and numbers in
/// others.
fn is_like(first: &[Meaning], second: &[Meaning]) -> bool {
    let same = |(a, b): (&Meaning, &Meaning)| match (a, b) {
        (Meaning::Missing, _) | (_, Meaning::Missing) => true,
        (Meaning::Text, b) => *b == Meaning::Text,
        (_, b) => *b != Meaning::Text,
    };
    let numbers = |row: &[Meaning]| -> Vec<f64> { row.iter().filter_map(number).collect() };
    let (above, below) = (numbers(first), numbers(second));
    first.len() == second.len() && first.iter().zip(second).all(same) && !above.is_empty() && !are_names(&above, &below)
}

fn number(meaning: &Meaning) -> Option<f64> {
    match *meaning {
        Meaning::Number(value) | Meaning::Comma(value) => Some(value),
        Meaning::Missing | Meaning::Text => None,
    }
}

/// Returns true if numbers above others are probably names: years above other numbers, or 0, 1, 2,
/// ... above fractions.
pub(super) fn are_names(first: &[f64], second: &[f64]) -> bool {
    let are_years = |row: &[f64]| row.iter().all(|year| year.fract() == 0.0 && (1800.0..=2100.0).contains(year));
    let count_up = first.len() > 2
        && (first[0] == 0.0 || first[0] == 1.0)
        && first.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    let increase = first.windows(2).all(|pair| pair[0] < pair[1]);
    let integers = second.iter().all(|value| value.fract() == 0.0);
    are_years(first) && increase && !are_years(second) || count_up && !integers
}

/// Returns true if 0, 1, 2, ... above other numbers could be names, as pandas writes for a frame
/// without them. Two integers are too common.
pub(super) fn could_be_positions(first: &[f64], second: &[f64]) -> bool {
    let are_positions = first.iter().enumerate().all(|(position, &number)| number == position as f64);
    are_positions && (first.len() > 2 || second.iter().any(|value| value.fract() != 0.0))
}

/// Returns true if a row has one field more than the header, and could be a name and numbers.
fn starts_with_name(row: &str, header: &str, separator: Separator, given: Given) -> bool {
    let count = |line, separator| fields(line, separator).count();
    let row = row.trim_ascii_end();
    let others = [Separator::SEMICOLON, Separator::COMMA, Separator::TAB, Separator::PIPE]
        .into_iter()
        .filter(|other| *other != separator);
    count(row, separator) == count(header, separator) + 1
        && others.into_iter().all(|other| count(header, other) == 1)
        && meanings(row, separator, given)[1..].iter().any(|meaning| number(meaning).is_some())
}

fn meanings(line: &str, separator: Separator, given: Given) -> Vec<Meaning> {
    let commas = separator.leaves_commas(given);
    fields(line, separator).map(|field| meaning(&unquoted(field), commas)).collect()
}

/// Returns the separator that makes a line a row of numbers. A missing value does not make a line a
/// header.
fn of_numbers(line: &str, given: Given) -> Option<Separator> {
    Separator::in_line(line, given).find(|separator| {
        let commas = separator.leaves_commas(given);
        fields(line, *separator).all(|field| meaning(&unquoted(field), commas) != Meaning::Text)
    })
}

/// Returns true if `1,5` is a single number, because there is a single name above it and no
/// semicolon separates fields.
fn is_decimal_below_one_name(row: &str, header: &str) -> bool {
    decimal_comma(&unquoted(row.trim_ascii())).is_some() && fields(header, Separator::COMMA).nth(1).is_none()
}

/// Returns the separator of a row below a header.
fn separator_below(header: &str, row: &str, given: Given) -> Separator {
    let separator = likely_separator(row, Some(header), given);
    if fields(row, separator).nth(1).is_some() {
        return separator;
    }
    // A single field is the last resort.
    let of_names = |separator: &Separator| starts_with_name(row, header, *separator, given);
    Separator::in_line(row, given).find(of_names).unwrap_or(separator)
}

/// Returns the separator of a row of data, which gives as many fields as the other line if
/// possible.
fn likely_separator(row: &str, other: Option<&str>, given: Given) -> Separator {
    let count = |line: &str, separator| fields(line.trim_ascii_end(), separator).count();
    let fits = |separator: &Separator| other.is_none_or(|other| count(other, *separator) == count(row, *separator));
    if let Some(separator) = of_numbers(row, given) {
        return separator;
    }
    let numbers = |separator: &Separator| meanings(row, *separator, given).iter().filter_map(number).count();
    let mut best: Option<(usize, Separator)> = None;
    for separator in Separator::in_line(row, given).filter(fits) {
        let found = numbers(&separator);
        // Among equal separators, the first is the most likely. A single field is the last resort.
        let found = if count(row, separator) > 1 { found + 1 } else { 0 };
        if best.is_none_or(|(most, _)| found > most) {
            best = Some((found, separator));
        }
    }
    let any = || Separator::in_line(row, given).next().unwrap_or(Separator::Whitespace);
    best.map_or_else(any, |(_, separator)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str, header: Header) -> Layout {
        let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.to_owned()));
        let (first, second) = (lines.next().unwrap(), lines.next());
        Layout::new(&first, second.as_ref(), None, &TableOptions::new().header(header)).unwrap()
    }

    #[test]
    fn headers_are_detected() {
        for (text, is_header) in [
            ("2019,2020\n1.5,2", false),
            ("\"2019\",\"2020\"\n1.5,2", true),
            ("\"2019\",\"2020\"\n\"1.5\",\"2\"", false),
            ("\"1\",\"2\",\"3\"\n4,\"5\",6", false),
            ("\"1\",\"2\",\"3\"\n4,\"red\",6", true),
            ("\"7\"\n8", true),
            ("\"\",\"2019\"\n\"1\",2.5", true),
            ("1,NA,3\n4,5,6", false),
            (",a\n0,1", true),
            ("a,b\nc,d", true),
            // Text in the same columns of both rows.
            ("1,50%,3\n2,40%,5", false),
            ("5.1,3.5,1.4,0.2,setosa\n4.9,3,1.4,0.2,setosa", false),
            ("5.1,setosa\nNA,setosa", false),
            ("country,2019,2020\nFrance,1.5,2", true),
            ("country,2019\nFrance,1.5", true),
            ("name,0,1,2\nann,0.5,1,2", true),
            ("name,born\nann,2019", true),
            ("ann,2019\nbob,2020", false),
        ] {
            assert_eq!(layout(text, Header::Auto).names.is_some(), is_header, "{text:?}");
            assert!(layout(text, Header::Yes).names.is_some());
            assert!(layout(text, Header::No).names.is_none());
        }
        let note = layout("1,50%,3\n2,40%,5", Header::Auto).note;
        assert_eq!(note, Some(Note::FirstRowHasText { row: "1,50%,3".to_owned(), line: 1 }));
    }

    #[test]
    fn separators() {
        for (text, separator, columns) in [
            ("a;b\n1,5;2,5", Separator::SEMICOLON, 2),
            ("1,5\t2,5", Separator::TAB, 2),
            ("1,5", Separator::COMMA, 2),
            ("height in cm\n1,5", Separator::SEMICOLON, 1),
            ("a,b\n1,5", Separator::COMMA, 2),
            ("red, dark\t1\nblue, light\t2", Separator::TAB, 2),
            ("New York,5,blue\nParis,6,red", Separator::COMMA, 3),
            ("name,note,x\nann,a; b,1", Separator::COMMA, 3),
            ("\"a;b\",1\n\"c;d\",2", Separator::COMMA, 2),
            ("1\t2\t\n3\t4\t", Separator::TAB, 2),
            ("a|b\n1|2", Separator::PIPE, 2),
            ("1,5|2,5\n3|4", Separator::PIPE, 2),
            ("red, dark|1\nblue, light|2", Separator::PIPE, 2),
            ("a|b,c\n1,2", Separator::COMMA, 2),
            ("a\tb\tc\n1\t2\t", Separator::TAB, 3),
            ("name\nan apple", Separator::Whitespace, 1),
        ] {
            let found = layout(text, Header::Auto);
            assert_eq!((found.separator, found.columns), (separator, columns), "{text:?}");
        }
    }

    #[test]
    fn numeric_headers_are_detected() {
        let years = [2019.0, 2020.0, 2021.0];
        assert!(are_names(&years, &[1.5, 2020.0, 3.0]) && !are_names(&years, &[2020.0, 2021.0, 2022.0]));
        assert!(!are_names(&[2020.0, 2019.0], &[1.5, 2.5]));
        assert!(are_names(&[0.0, 1.0, 2.0], &[0.5, 1.0, 2.0]) && !are_names(&[0.0, 1.0, 2.0], &[5.0, 1.0, 7.0]));
        assert!(!are_names(&[0.0, 1.0], &[0.5, 1.5]) && !are_names(&[0.0, 2.0, 4.0], &[0.5, 1.0, 2.0]));
    }
}
