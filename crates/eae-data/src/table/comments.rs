//! Comments that could be rows.

use super::Note;
use super::cell::{Meaning, meaning};
use super::fields::{Separator, fields, unquoted};
use super::layout::Layout;

/// The comments below the first row that could be rows, for instance because their first field is a
/// number like `#7`.
#[derive(Default)]
pub(super) struct Comments {
    /// The note about all of them.
    pub(super) note: Option<Note>,
}

impl Comments {
    /// Counts a comment if it could be a row. Before the first row of data, it may be a line of
    /// units.
    pub(super) fn push(&mut self, line: usize, comment: &str, layout: &Layout, is_below_data: bool) {
        if !could_be_row(comment, layout, is_below_data) {
            return;
        }
        let first = || Note::CommentsSkipped { lines: 0, text: comment.trim_ascii().to_owned(), line };
        if let Note::CommentsSkipped { lines, .. } = self.note.get_or_insert_with(first) {
            *lines += 1;
        }
    }
}

impl Comments {
    /// Adds a note about the comment above the first row if it could be a header whose first name
    /// is `#`.
    pub(super) fn push_above(&mut self, line: usize, comment: &str, layout: &Layout) {
        let fields: Vec<&str> = fields(comment.trim_ascii(), layout.separator).collect();
        let is_header = layout.names.is_none() && matches!(layout.separator, Separator::Byte(_)) && fields[0] == "#";
        if is_header && fields.len() > 1 && fields.len() == layout.fields() {
            self.note = Some(Note::CommentsSkipped { lines: 1, text: comment.trim_ascii().to_owned(), line });
        }
    }
}

fn could_be_row(comment: &str, layout: &Layout, is_below_data: bool) -> bool {
    let fields: Vec<&str> = fields(comment.trim_ascii(), layout.separator).collect();
    if fields.len() != layout.fields() {
        return false;
    }
    let without_mark = fields[0].trim_start_matches(['#', '%']).trim_ascii();
    let is_number = |field: &&str| {
        let meaning = meaning(&unquoted(field), layout.commas);
        matches!(meaning, Meaning::Number(_) | Meaning::Comma(_))
    };
    let has_number = is_number(&without_mark) || fields[1..].iter().any(is_number);
    match layout.separator {
        // A sentence can have as many words as a row has fields.
        Separator::Whitespace => has_number && !without_mark.is_empty(),
        // So can a sentence with commas, but it follows a space.
        Separator::Byte(_) => has_number || is_below_data && fields.len() > 1 && !fields[0][1..].starts_with(' '),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read_as, said, table};
    use super::super::{Note, TableOptions, Text};
    use ndarray::array;

    #[test]
    fn comments_that_could_be_rows_are_noted() {
        let skipped = |text: &str| match &table(text).notes[..] {
            [] => None,
            [Note::CommentsSkipped { lines, text, line }] => Some((*lines, *line, text.clone())),
            notes => panic!("{notes:?}"),
        };
        for (text, expected) in [
            ("id,a\n#1,2\n3,4\n#3,5\n5,6\n#4,7", Some((3, 2, "#1,2"))),
            ("1;2\n%3;4\n5;6\n", Some((1, 2, "%3;4"))),
            ("1 2 3\n #2 5 6\r\n7 8 9\n", Some((1, 2, "#2 5 6"))),
            ("5\n#6\n7", Some((1, 2, "#6"))),
            ("1,2\n# 3,NA", Some((1, 2, "# 3,NA"))),
            ("1,2\n#a,b", Some((1, 2, "#a,b"))),
            ("a,b\n1.5,2\n# note: outliers removed, see the paper\n3,4", None),
            // A header whose first name is a number sign.
            ("#,a,b\n1,2,3\n4,5,6", Some((1, 1, "#,a,b"))),
            ("# 1,a,b\n1,2,3\n4,5,6", None),
            ("#,a,b\nx,y,z\n4,5,6", None),
            // Ordinary comments.
            ("# 1,2\na,b\n# cm, kg\n1,2\n# the end\n#", None),
            ("1 2 3\n# and so\n4 5 6\n# 1, 2\n7 8 9", None),
            ("5\n#last", None),
        ] {
            let expected = expected.map(|(lines, line, text)| (lines, line, text.to_owned()));
            assert_eq!(skipped(text), expected);
        }
        let remedy = "begin with '#' or '%' and were skipped as comments; if they are rows, put the first field of each in \
                      double quotes";
        for text in ["id,a\n#1,2\n\n#3,4\n", "\u{feff}\n#1,2\n\n", "# a\nid,a\n\n#1,2"] {
            let line = text.lines().position(|line| line == "#1,2").unwrap() + 1;
            assert_eq!(said(text), format!("line {line}, \"#1,2\", and all lines below it {remedy}"));
        }
        assert!(said("# a\nid,a\n").starts_with("line 2, \"id,a\", is a header with no numbers below it; "));
        // The remedies help.
        assert_eq!(table("\"#\",a\n1,2\n").names, Some(vec!["#".to_owned(), "a".to_owned()]));
        let quoted = read_as("id,a\n\"#1\",2\n\"#3\",4\n", TableOptions::new().text(Text::Categories)).unwrap();
        assert_eq!((quoted.values, quoted.notes), (array![[0.0, 2.0], [1.0, 4.0]], vec![]));
    }
}
