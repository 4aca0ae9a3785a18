//! The fields of a line of text.

use std::borrow::Cow;
use std::iter;

use super::LineProblem;
use super::options::Decimal;

/// The separator of the fields of a line. Spaces around a separator are ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Separator {
    Byte(u8),
    Whitespace,
}

/// The separator and the decimal mark of a text, as far as they are known before it is read.
#[derive(Clone, Copy)]
pub(super) struct Given {
    /// The separator that the file names.
    pub(super) separator: Option<Separator>,
    pub(super) decimal: Decimal,
}

impl Given {
    /// Returns all possible separators, most likely first.
    pub(super) fn separators(self, line: &str) -> Vec<Separator> {
        let others = Separator::LIKELY.into_iter().filter(|_| self.separator.is_none());
        Separator::in_line(line, self).take(1).chain(others).collect()
    }
}

impl Separator {
    pub(super) const TAB: Self = Self::Byte(b'\t');
    pub(super) const COMMA: Self = Self::Byte(b',');
    pub(super) const SEMICOLON: Self = Self::Byte(b';');
    pub(super) const PIPE: Self = Self::Byte(b'|');
    const LIKELY: [Self; 5] = [Self::SEMICOLON, Self::COMMA, Self::TAB, Self::PIPE, Self::Whitespace];

    /// Returns the separators of a line, most likely first: a comma may be part of a field between
    /// semicolons, and a space part of any field. A separator that the file names is the only one.
    pub(super) fn in_line(line: &str, given: Given) -> impl Iterator<Item = Self> {
        let likely = Self::LIKELY
            .into_iter()
            .filter(move |&separator| separator != Self::COMMA || given.decimal != Decimal::Comma)
            .filter(move |&separator| separator == Self::Whitespace || fields(line, separator).nth(1).is_some());
        given.separator.into_iter().chain(likely.filter(move |_| given.separator.is_none()))
    }

    /// Returns the separator that a first line such as `sep=;` names. Excel writes and reads this
    /// line, also in quotes.
    pub(super) fn named_by(line: &str) -> Option<Self> {
        let line = unquoted(line);
        let (name, separator) = line.split_at_checked(4)?;
        match separator.as_bytes() {
            [byte @ (b'\t' | b'!'..=b'~')] if !byte.is_ascii_alphanumeric() && !b"\"+-.".contains(byte) => {
                name.eq_ignore_ascii_case("sep=").then_some(Self::Byte(*byte))
            }
            _ => None,
        }
    }

    /// Returns true if a comma within a field may be a decimal comma.
    pub(super) fn leaves_commas(self, given: Given) -> bool {
        given.decimal == Decimal::Comma || self != Self::COMMA && self != Self::Whitespace
    }

    fn is_at(self, byte: u8) -> bool {
        match self {
            Self::Byte(separator) => byte == separator,
            Self::Whitespace => byte.is_ascii_whitespace(),
        }
    }

    /// Returns the length of the first field, if another follows. A quote counts only at the start
    /// of a field.
    fn find(self, line: &str) -> Option<usize> {
        let start = line.len() - line.trim_start_matches(' ').len();
        let quoted = if line[start..].starts_with('"') { closing_quote(&line[start..])? + 1 } else { 0 };
        let rest = &line.as_bytes()[start + quoted..];
        rest.iter().position(|&byte| self.is_at(byte)).map(|end| start + quoted + end)
    }
}

/// Returns the position of the closing quote. Two quotes stand for one.
fn closing_quote(field: &str) -> Option<usize> {
    let bytes = field.as_bytes();
    let mut place = 1;
    loop {
        place += bytes.get(place..)?.iter().position(|&byte| byte == b'"')?;
        if bytes.get(place + 1) != Some(&b'"') {
            return Some(place);
        }
        place += 2;
    }
}

/// Splits a line into its fields, without the spaces around them.
pub(super) fn fields(line: &str, separator: Separator) -> impl Iterator<Item = &str> {
    // A tab at the end may precede an empty field.
    let mut rest = Some(if separator == Separator::TAB { line } else { line.trim_ascii_end() });
    iter::from_fn(move || {
        let line = match separator {
            Separator::Byte(_) => rest?,
            Separator::Whitespace => rest?.trim_ascii_start(),
        };
        let end = separator.find(line);
        rest = end.map(|end| &line[end + 1..]);
        Some(line[..end.unwrap_or(line.len())].trim_ascii())
    })
}

/// Returns true if a field starts with a quote that is never closed.
pub(super) fn is_open(field: &str) -> bool {
    field.starts_with('"') && closing_quote(field).is_none()
}

/// Returns true if quotes are around the whole field.
pub(super) fn is_quoted(field: &str) -> bool {
    field.starts_with('"') && closing_quote(field) == Some(field.len() - 1)
}

/// Returns a field without the double quotes around it.
pub(super) fn unquoted(field: &str) -> Cow<'_, str> {
    match field.strip_prefix('"').and_then(|field| field.strip_suffix('"')) {
        Some(inner) if inner.contains('"') => inner.replace("\"\"", "\"").into(),
        Some(inner) => inner.into(),
        None => field.into(),
    }
}

/// The content of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Row(&'a str),
    /// A comment, in any encoding.
    Comment(&'a [u8]),
    Blank,
}

/// Returns the content of a line.
pub(super) fn content(line: &[u8], is_first: bool) -> Result<Content<'_>, LineProblem> {
    let line = if is_first { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) } else { line };
    if is_comment(line.trim_ascii_start()) && !line.contains(&0) {
        return Ok(Content::Comment(line));
    }
    let text = text_of(line)?;
    Ok(if text.trim_ascii().is_empty() { Content::Blank } else { Content::Row(text) })
}

/// Returns the text of a line.
pub(super) fn text_of(line: &[u8]) -> Result<&str, LineProblem> {
    if let Some(place) = line.iter().position(|&byte| byte == 0) {
        return Err(LineProblem::Nul(place + 1));
    }
    let text = str::from_utf8(line).map_err(|e| {
        let place = e.valid_up_to();
        let before = String::from_utf8_lossy(&line[place.saturating_sub(20)..place]).into_owned();
        LineProblem::Encoding { byte: place + 1, value: line[place], before }
    })?;
    // Keep a tab at either end, because it may be next to an empty field.
    let text = text.trim_end_matches([' ', '\r', '\n']);
    if text.contains('\r') {
        return Err(LineProblem::CarriageReturn);
    }
    Ok(text)
}

/// The error values that spreadsheets write into cells.
pub(super) const SPREADSHEET_ERRORS: [&str; 8] =
    ["#N/A", "#NA", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!"];

fn is_comment(line: &[u8]) -> bool {
    let ends = |rest: &[u8]| rest.first().is_none_or(|byte| b",;\t\r\n".contains(byte));
    let is_cell = || {
        SPREADSHEET_ERRORS.iter().any(|error| {
            let parts = line.split_at_checked(error.len());
            parts.is_some_and(|(cell, rest)| cell.eq_ignore_ascii_case(error.as_bytes()) && ends(rest))
        })
    };
    matches!(line.first(), Some(b'#' | b'%')) && !is_cell()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_quotes() {
        for (line, separator, expected) in [
            ("a, b ,c", Separator::COMMA, vec!["a", "b", "c"]),
            ("\"a, b\",c", Separator::COMMA, vec!["a, b", "c"]),
            ("\"a \"\"b\"\", c\" ;1", Separator::SEMICOLON, vec!["a \"b\", c", "1"]),
            // A quote within a field is an ordinary character, here for inches.
            ("12\" vinyl,3", Separator::COMMA, vec!["12\" vinyl", "3"]),
            ("a,12\"", Separator::COMMA, vec!["a", "12\""]),
            ("\"\",\"\"\"\"", Separator::COMMA, vec!["", "\""]),
            ("\t\"x\ty\"\t", Separator::TAB, vec!["", "x\ty", ""]),
            (" \"a b\"  c ", Separator::Whitespace, vec!["a b", "c"]),
            ("1,2,", Separator::COMMA, vec!["1", "2", ""]),
        ] {
            let found: Vec<_> = fields(line, separator).map(unquoted).collect();
            assert_eq!(found, expected, "{line:?}");
            assert!(!fields(line, separator).any(is_open));
        }
        assert!(fields("1,\"2,3", Separator::COMMA).any(is_open));
        assert!(is_open("\"") && is_open("\"a\"\"") && !is_open("\"a\"\"\""));
    }

    #[test]
    fn a_first_line_names_the_separator() {
        for (line, separator) in [
            ("sep=;", Some(b';')),
            ("\"sep=,\"", Some(b',')),
            ("SEP=|", Some(b'|')),
            ("sep=\t", Some(b'\t')),
            ("sep=", None),
            ("sep=5", None),
            ("sep=;1", None),
            ("sex=;", None),
            ("größe", None),
        ] {
            assert_eq!(Separator::named_by(line), separator.map(Separator::Byte), "{line}");
        }
    }

    #[test]
    fn comments_start_a_line() {
        // The encoding of a comment does not matter.
        for comment in [&b"# 1,2"[..], b"  % units", b"\t#", b"#", b"#N/A for none", b"% gr\xf6sse"] {
            assert_eq!(content(comment, false), Ok(Content::Comment(comment)), "{comment:?}");
        }
        for blank in [&b""[..], b" \t\r\n"] {
            assert_eq!(content(blank, false), Ok(Content::Blank));
        }
        for row in ["50%,1", "1 # 2", "a#", "#N/A,2", "#DIV/0!", "#ref!\t1", "\"#1\",2"] {
            assert_eq!(content(row.as_bytes(), false), Ok(Content::Row(row)));
        }
        assert_eq!(content("\u{feff}# 1".as_bytes(), true), Ok(Content::Comment(b"# 1")));
    }
}
