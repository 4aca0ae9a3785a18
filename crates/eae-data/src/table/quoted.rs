//! Rows with line breaks in quoted fields.

use std::io::BufRead;

use super::fields::{Separator, fields, is_open, is_quoted, text_of};
use super::{LineProblem, TableProblem};
use crate::npy::excerpt;

/// Returns a row whose last quoted field continues on the next lines, or `None` if all its fields
/// end. Reads these lines and counts them. Before the layout is known, the first separator is the
/// most likely one.
pub(super) fn continued(
    row: &str,
    separators: &[Separator],
    reader: &mut impl BufRead,
    line: &mut usize,
) -> Result<Option<String>, TableProblem> {
    let Some(open) = separators.first().and_then(|likely| fields(row, *likely).find(|field| is_open(field))) else {
        return Ok(None);
    };
    let not_closed = TableProblem::Line { line: *line, problem: LineProblem::OpenQuote(excerpt(open)) };
    let has_open = |row: &str, separator| fields(row, separator).any(is_open);
    let mut separators = separators.to_vec();
    separators.retain(|separator| has_open(row, *separator));
    let (mut whole, mut bytes) = (row.to_owned(), Vec::new());
    while reader.read_until(b'\n', &mut bytes).map_err(TableProblem::Read)? > 0 {
        *line += 1;
        let text = text_of(&bytes).map_err(|problem| TableProblem::Line { line: *line, problem })?;
        whole.push('\n');
        whole.push_str(text);
        // Two quotes stand for one, and do not close a field.
        if text.replace("\"\"", "").contains('"') {
            // If text follows the quote, it opens a field of another row rather than closes this
            // one.
            let is_sound = |field: &str| !field.contains('\n') || is_open(field) || is_quoted(field);
            separators.retain(|separator| fields(&whole, *separator).all(is_sound));
            if separators.is_empty() {
                break;
            }
            if let Some(&separator) = separators.iter().find(|separator| !has_open(&whole, **separator)) {
                // A row of its own that ends in a lone quote, such as a ditto mark, was not meant
                // to close the field.
                let [one, other] = [row, text].map(|row| Vec::from_iter(fields(row, separator)));
                if one.len() > 1
                    && one.len() == other.len()
                    && other.last().is_some_and(|last| last.trim_ascii() == "\"")
                {
                    break;
                }
                return Ok(Some(whole));
            }
        }
        bytes.clear();
    }
    Err(not_closed)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read_as, said, table};
    use super::super::{TableOptions, Text};
    use ndarray::array;

    #[test]
    fn quoted_fields_have_line_breaks() {
        let options = TableOptions::new().text(Text::Categories);
        let read =
            read_as("name,x\n\"Smith\n# 1\",1.5\r\n\"Li\r\n\r\n\"\"2\"\"\",2\n7,3\n\"a\nb\",5\nc,6", options).unwrap();
        assert_eq!(read.categories[0].as_ref().unwrap(), &["7", "Li\n\n\"2\"", "Smith\n# 1", "a\nb", "c"]);
        assert_eq!(read.values.column(1).to_vec(), [1.5, 2.0, 3.0, 5.0, 6.0]);
        assert_eq!((0..5).map(|row| read.line(row).unwrap()).collect::<Vec<_>>(), [2, 4, 7, 8, 10]);
        // In the header, and in several fields of a row.
        for text in [
            "\"mass\n(kg)\",\"length\n(m)\"\n1,2",
            "\"mass\n(kg)\";\"length\r\n(m)\"\n1;2",
            "\"mass\n(kg)\" \"length\n(m)\"\n1 2",
        ] {
            let read = table(text);
            assert_eq!(read.names.unwrap(), ["mass (kg)", "length (m)"], "{text:?}");
            assert_eq!(read.values, array![[1.0, 2.0]]);
        }
        assert!(said("name,x\n\"a\nb\",1\nc,d").starts_with("line 2, column 0"));
        let later = read_as("name,x\n\"a\nb\",1\nc,2,3", options).unwrap_err().to_string();
        assert!(later.starts_with("x: line 4: \"c,2,3\" has 3 fields"), "{later}");
    }

    #[test]
    fn quotes_that_are_not_closed_are_errors() {
        // Ditto marks, of which two would be the quotes of a field.
        let ditto = format!("x,unit\n0.5,cm\n{}", "0.37,\"\n".repeat(6));
        let said_of = |text: &str| read_as(text, TableOptions::new().text(Text::Categories)).unwrap_err().to_string();
        assert!(said_of(&ditto).starts_with("x: line 3: a double quote is not closed"), "{}", said_of(&ditto));
        for text in ["x,name\n1,\"a\n2,b\n3,c", "x,name\n1,\"a\n2,\"b\"\n3,c", "x,name\n1,\"a\n2,\"b\n\"c\"\n"] {
            let said = said_of(text);
            assert!(said.starts_with("x: line 2: a double quote is not closed in \"\\\"a\"; "), "{said}");
        }
        assert!(said(b"1,\"2\n\xff\",3").starts_with("line 2: byte 1 is 0xff"));
    }
}
