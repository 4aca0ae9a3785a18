//! The interpretation of a cell of text.

use super::fields::SPREADSHEET_ERRORS;

/// The interpretation of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Number(f64),
    /// A number written with a decimal comma.
    Comma(f64),
    Missing,
    Text,
}

/// Interprets a cell without its quotes. A comma is a decimal comma only if `commas` is set.
pub(super) fn meaning(cell: &str, commas: bool) -> Meaning {
    match cell.parse::<f64>() {
        Ok(value) if value.is_nan() => Meaning::Missing,
        Ok(value) => Meaning::Number(value),
        Err(_) if is_missing(cell) => Meaning::Missing,
        Err(_) if commas => decimal_comma(cell).map_or(Meaning::Text, Meaning::Comma),
        Err(_) => Meaning::Text,
    }
}

const MINUS: char = '\u{2212}';

/// The hyphen, the minus sign, and the dashes of typography.
const DASHES: [char; 4] = ['-', MINUS, '\u{2013}', '\u{2014}'];

fn is_missing(cell: &str) -> bool {
    let is_any = |markers: &[&str]| markers.iter().any(|marker| cell.eq_ignore_ascii_case(marker));
    // In other letter cases, some of the first are words or symbols, such as Na for sodium.
    matches!(cell, "NA" | "NaT" | "None" | "." | "?")
        || is_any(&["n/a", "<na>", "null"])
        || is_dashes(cell)
        || is_any(&SPREADSHEET_ERRORS)
}

/// Returns true for an empty cell, and for hyphens, minus signs and dashes of any number.
fn is_dashes(cell: &str) -> bool {
    cell.trim_matches(DASHES).is_empty()
}

/// Parses a number like `1,5`, with digits on both sides of its only comma.
pub(super) fn decimal_comma(cell: &str) -> Option<f64> {
    let (whole, decimals) = cell.split_once(',')?;
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let plain =
        is_digit(whole.as_bytes().last()) && is_digit(decimals.as_bytes().first()) && !whole.contains(['.', 'e', 'E']);
    // A second comma, or a point, is not a digit.
    plain.then(|| format!("{whole}.{decimals}").parse().ok())?
}

/// Returns a remedy for a cell that is not a number.
pub(super) fn remedy(cell: &str) -> &'static str {
    let starts_with_digit = cell.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit());
    let only = |others: &str| cell.chars().all(|c| c.is_ascii_digit() || others.contains(c));
    match cell {
        _ if cell.strip_prefix(&DASHES[1..]).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
            "write its minus sign as a hyphen, as in -0.5"
        }
        _ if starts_with_digit && cell.ends_with('%') => {
            "take the percent signs out of the column, or leave the column out"
        }
        _ if starts_with_digit && cell.contains(['#', '%']) => "put the comment on a line of its own",
        _ if starts_with_digit && cell.contains(',') && only("+-.,eE") => {
            "write it with a decimal point and without separators of thousands"
        }
        _ if starts_with_digit && only(".,' \u{a0}\u{202f}_") => "write it without separators of thousands",
        _ => "write a number like 2, -0.5 or 1e-3, leave the column out, or read text as categories",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_interpreted() {
        let cases = [
            ("1", Meaning::Number(1.0)),
            ("-.5e3", Meaning::Number(-500.0)),
            ("inf", Meaning::Number(f64::INFINITY)),
            ("1e400", Meaning::Number(f64::INFINITY)),
            ("1,5", Meaning::Comma(1.5)),
            ("-1,25e-2", Meaning::Comma(-0.0125)),
            ("NaN", Meaning::Missing),
            ("-nan", Meaning::Missing),
            ("#N/A", Meaning::Missing),
            ("", Meaning::Missing),
            ("-", Meaning::Missing),
            ("n/a", Meaning::Missing),
            ("NaT", Meaning::Missing),
            ("<NA>", Meaning::Missing),
            ("<na>", Meaning::Missing),
            ("Null", Meaning::Missing),
            ("#ref!", Meaning::Missing),
            ("--", Meaning::Missing),
            ("\u{2212}", Meaning::Missing),
            ("\u{2013}", Meaning::Missing),
            ("Na", Meaning::Text),
            ("none", Meaning::Text),
            ("-a-", Meaning::Text),
            ("\u{2212}5", Meaning::Text),
            ("50%", Meaning::Text),
            ("1,", Meaning::Text),
            (",5", Meaning::Text),
            ("1,5,2", Meaning::Text),
            ("1.234,5", Meaning::Text),
            ("1,234.5", Meaning::Text),
            ("a,5", Meaning::Text),
        ];
        for (cell, expected) in cases {
            assert_eq!(meaning(cell, true), expected, "{cell:?}");
        }
        assert_eq!(meaning("1,5", false), Meaning::Text);
    }

    #[test]
    fn remedies_fit_the_cell() {
        for (cell, expected) in [
            ("50%", "percent signs"),
            ("-6.25%last", "a line of its own"),
            ("2e-3 # the first", "a line of its own"),
            ("1,5", "a decimal point"),
            ("1.234,5", "a decimal point"),
            ("1 000", "separators of thousands"),
            ("1'000.5", "separators of thousands"),
            ("\u{2212}0.5", "as a hyphen"),
            ("red", "as categories"),
            ("#", "as categories"),
            ("2024-01-05", "as categories"),
        ] {
            assert!(remedy(cell).contains(expected), "{cell}: {}", remedy(cell));
        }
    }
}
