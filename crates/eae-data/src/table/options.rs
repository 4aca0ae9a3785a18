/// The settings for reading a [`Table`](super::Table).
///
/// The default reads a file of numbers: it detects a header, and rejects missing values and text.
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
    /// The decimal separator.
    pub decimal: Decimal,
}

impl TableOptions {
    /// Creates the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the first row contains the names of the columns.
    #[must_use]
    pub fn header(self, header: Header) -> Self {
        Self { header, ..self }
    }

    /// Sets the rule for missing values.
    #[must_use]
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Sets the rule for cells that are not numbers.
    #[must_use]
    pub fn text(self, text: Text) -> Self {
        Self { text, ..self }
    }

    /// Sets the rule for a column that only numbers the rows.
    #[must_use]
    pub fn index(self, index: Index) -> Self {
        Self { index, ..self }
    }

    /// Sets the decimal separator.
    #[must_use]
    pub fn decimal(self, decimal: Decimal) -> Self {
        Self { decimal, ..self }
    }
}

/// The kind of the first row of a text: names of columns or data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// Names if a cell is neither a number nor missing, or if the row is in quotes and the numbers
    /// below are not. A first row with text in the same columns as the second row is data, unless
    /// its numbers look like names themselves (years, or 0, 1, 2, ...).
    #[default]
    Auto,
    /// Names, even if they are numbers.
    Yes,
    /// Data.
    No,
}

/// The rule for missing values.
///
/// Missing values are empty cells, `NA`, `NaT`, `None`, `.`, `?`, in any case of letters `N/A`,
/// `<NA>`, `NaN`, `null` and the error values of spreadsheets such as `#REF!`, cells of only
/// hyphens, minus signs or dashes such as `--`, and NaN in an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// The first missing value is an error.
    #[default]
    Error,
    /// Missing values become NaN. [`Table::complete_rows`](super::Table::complete_rows) then
    /// returns the rows without missing values in the used columns, and
    /// [`Table::require_complete`](super::Table::require_complete) rejects them.
    Keep,
}

/// The rule for cells that are neither a number nor missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Text {
    /// The first such cell is an error.
    #[default]
    Error,
    /// A column with such a cell becomes a column of category codes, see
    /// [`Table::categories`](super::Table::categories).
    Categories,
}

/// The rule for a first column that only numbers the rows, as written by pandas and R. A first
/// column of names or numbers of rows for which the header has no field is always left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Index {
    /// Leave the column out if its name is empty or starts with `Unnamed: 0`, and its values are
    /// distinct integers from 0 on.
    #[default]
    Auto,
    /// Keep the column like any other.
    Keep,
}

/// The decimal separator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decimal {
    /// A point, or a comma if semicolons or tabs separate the columns. A column must not have both.
    #[default]
    Auto,
    /// Like `Auto`, but a comma never separates columns.
    Comma,
}
