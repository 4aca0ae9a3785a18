/// The settings by which a [`Table`](super::Table) is read.
///
/// The default takes a file of numbers as it is: it finds out by itself whether there is a header,
/// and refuses missing values and text.
///
/// ```
/// use eae_data::{Missing, Table, TableOptions, Text};
///
/// let options = TableOptions::new().missing(Missing::Keep).text(Text::Categories);
/// let table = Table::read_from("age,color\n31,red\nNA,blue\n".as_bytes(), "people.csv", &options)?;
/// assert_eq!(table.values.column(1).to_vec(), [1.0, 0.0]);
/// assert_eq!(table.complete_rows(&[0, 1]), [0]);
/// # Ok::<(), eae_data::TableError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableOptions {
    /// The kind of the first row.
    pub header: Header,
    /// The rule for missing values.
    pub missing: Missing,
    /// The rule for cells that are not numbers.
    pub text: Text,
    /// The rule for a column that only numbers the rows.
    pub index: Index,
    /// The character before the decimals.
    pub decimal: Decimal,
}

impl TableOptions {
    /// Returns the default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the first row holds the names of the columns.
    #[must_use]
    pub fn header(self, header: Header) -> Self {
        Self { header, ..self }
    }

    /// Sets what is done about missing values.
    #[must_use]
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Sets what is done about cells that are not numbers.
    #[must_use]
    pub fn text(self, text: Text) -> Self {
        Self { text, ..self }
    }

    /// Sets what is done about a column that only numbers the rows.
    #[must_use]
    pub fn index(self, index: Index) -> Self {
        Self { index, ..self }
    }

    /// Sets which character stands before the decimals.
    #[must_use]
    pub fn decimal(self, decimal: Decimal) -> Self {
        Self { decimal, ..self }
    }
}

/// The kind of the first row of a text: names of columns or data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Names if one of its cells is neither a number nor missing, or if the row is in quotes and
    /// the numbers below are not. A first row with the same columns of text as the second is
    /// data, unless its numbers look like names themselves (years, or 0, 1, 2, ...).
    #[default]
    Auto,
    /// Names, even if they are numbers.
    Yes,
    /// Data.
    No,
}

/// The rule for missing values.
///
/// An empty cell is a missing value, and so are `NA`, `N/A`, `NaN` in any case, `null`, `NULL`,
/// `Null`, `None`, `.`, `?` and `-` alone, the error values of spreadsheets such as `#N/A`, and NaN
/// in an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// The first one is an error.
    #[default]
    Error,
    /// Each becomes NaN. [`Table::complete_rows`](super::Table::complete_rows) then leaves rows
    /// out, and [`Table::require_complete`](super::Table::require_complete) refuses them, by
    /// the columns that are used.
    Keep,
}

/// The rule for cells that are neither a number nor missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Text {
    /// The first one is an error.
    #[default]
    Error,
    /// A column that has one becomes a column of codes, see
    /// [`Table::categories`](super::Table::categories).
    Categories,
}

/// The rule for a first column that only numbers the rows, as pandas and R write one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Index {
    /// Leave the column out if its name is empty or starts with `Unnamed: 0`, and its values are
    /// distinct integers from 0 on.
    #[default]
    Auto,
    /// Keep the column like any other.
    Keep,
}

/// The character before the decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimal {
    /// A point; or a comma, where semicolons or tabs separate the columns. A column must not have
    /// both.
    #[default]
    Auto,
    /// As for `Auto`, but a comma never separates columns.
    Comma,
}
