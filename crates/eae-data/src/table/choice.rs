use std::collections::HashSet;

use thiserror::Error;

use super::fields::{Separator, fields, unquoted};
use super::nearest::nearest;
use super::{Table, counted};

/// A list of columns that does not fit the table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}; the file has {has}")]
pub struct ChoiceError {
    /// The problem with the list.
    pub problem: Box<ChoiceProblem>,
    /// The columns of the table, in words.
    pub has: String,
}

/// A problem with a list of columns.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChoiceProblem {
    /// The column does not exist.
    #[error("there is no column {item:?}{}{}", in_list(.item, .list), did_you_mean(.nearest))]
    Unknown {
        /// The name or number of the column.
        item: String,
        /// The list that contains it.
        list: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// A range runs from right to left.
    #[error("the range {first}-{last} runs backwards; write {last}-{first}")]
    Backwards {
        /// The first number.
        first: usize,
        /// The last number.
        last: usize,
    },
    /// A column is chosen twice.
    #[error("column {column} appears more than once in {list:?}; name it once")]
    Twice {
        /// The column.
        column: usize,
        /// The list.
        list: String,
    },
    /// A name belongs to several columns.
    #[error("columns {first} and {second} are both called {name:?}; choose one by its number")]
    SameName {
        /// The name.
        name: String,
        /// The first such column.
        first: usize,
        /// The second.
        second: usize,
    },
    /// A number, range or list of columns is also the name of another column.
    #[error("{item:?} is the name of column {named} and also stands for {by_number}; write {quoted} or {numbers}")]
    Ambiguous {
        /// The name.
        item: String,
        /// The column of this name.
        named: usize,
        /// The other meaning, in words.
        by_number: String,
        /// The name in double quotes, which can only mean the name.
        quoted: String,
        /// A text that can only mean the numbers.
        numbers: String,
    },
}

fn in_list(item: &str, list: &str) -> String {
    if item == list.trim() { String::new() } else { format!(" as in {list:?}") }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |name| format!(" (did you mean {name:?}?)"))
}

impl Table {
    /// Returns the columns selected by a list such as `0,2-5,age`.
    ///
    /// - A list consists of numbers counted from 0, ranges with both ends, and names from the
    ///   header, separated by commas.
    /// - A list that equals the name of a column selects that column, so `body mass, kg`, `x-y` and
    ///   `2019` need no quotes.
    /// - Text in double quotes is always a name: `"body mass, kg",age`. A quote within a name is
    ///   doubled.
    /// - A number that is the name of one column and the index of another is an error. `"3"` is the
    ///   name and `3-3` the index. This also applies to ranges, and to lists that are also names.
    ///
    /// # Errors
    ///
    /// If a column does not exist or is selected more than once, or a part of the list is
    /// ambiguous.
    pub fn columns(&self, list: &str) -> Result<Vec<usize>, ChoiceError> {
        let names = self.names.as_deref().unwrap_or_default();
        let count = self.values.ncols();
        choose(list, names, count)
            .map_err(|problem| ChoiceError { problem: Box::new(problem), has: describe_columns(count, names) })
    }
}

fn choose(list: &str, names: &[String], count: usize) -> Result<Vec<usize>, ChoiceProblem> {
    let by_items = by_items(list, names, count);
    // For a single item, the meaning of the item is decisive.
    if fields(list, Separator::COMMA).nth(1).is_none() {
        return by_items;
    }
    let item = list.trim_ascii();
    match (column_called(item, names)?, by_items) {
        (None, by_items) => by_items,
        (Some(named), Err(_)) => Ok(vec![named]),
        (Some(named), Ok(columns)) => {
            let numbers: Vec<String> = columns.iter().map(usize::to_string).collect();
            Err(ambiguous(item, named, &counted(columns.len(), "column"), numbers.join(",")))
        }
    }
}

fn ambiguous(item: &str, named: usize, by_number: &str, numbers: String) -> ChoiceProblem {
    let quoted = format!("\"{}\"", item.replace('"', "\"\""));
    ChoiceProblem::Ambiguous { item: item.to_owned(), named, by_number: by_number.to_owned(), quoted, numbers }
}

/// Returns the columns of the items of a list, in order.
fn by_items(list: &str, names: &[String], count: usize) -> Result<Vec<usize>, ChoiceProblem> {
    let (mut found, mut taken) = (Vec::new(), HashSet::new());
    for item in fields(list, Separator::COMMA) {
        let range = range_of(item).filter(|&(first, last)| first.max(last) < count);
        let named = match column_called(&unquoted(item), names) {
            // A number selects one of several columns with the same name.
            Err(_) if range.is_some() => None,
            named => named?,
        };
        let (first, last) = match (range, named) {
            (Some((first, last)), Some(named)) if first <= last && (first, last) != (named, named) => {
                // A range that is also a name can be written as a list of numbers.
                let is_number = !item.contains('-');
                let numbers: Vec<String> = (first..=last).map(|column| column.to_string()).collect();
                let numbers = if is_number { format!("{first}-{last}") } else { numbers.join(",") };
                let by_number =
                    if is_number { format!("column {first}") } else { format!("columns {first} to {last}") };
                return Err(ambiguous(item, named, &by_number, numbers));
            }
            (Some((first, last)), None) if first > last => return Err(ChoiceProblem::Backwards { first, last }),
            (_, Some(column)) => (column, column),
            (Some(range), None) => range,
            (None, None) => {
                let item = unquoted(item).into_owned();
                let nearest = nearest(&item, names).map(str::to_owned);
                return Err(ChoiceProblem::Unknown { item, list: list.to_owned(), nearest });
            }
        };
        for column in first..=last {
            if !taken.insert(column) {
                return Err(ChoiceProblem::Twice { column, list: list.to_owned() });
            }
            found.push(column);
        }
    }
    Ok(found)
}

/// Returns the only column with this name.
fn column_called(name: &str, names: &[String]) -> Result<Option<usize>, ChoiceProblem> {
    let mut named = names.iter().enumerate().filter(|(_, known)| *known == name).map(|(column, _)| column);
    match (named.next(), named.next()) {
        (Some(first), Some(second)) => Err(ChoiceProblem::SameName { name: name.to_owned(), first, second }),
        (first, _) => Ok(first),
    }
}

/// Parses `3` or `2-5`.
fn range_of(item: &str) -> Option<(usize, usize)> {
    if item.starts_with('"') {
        return None;
    }
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    Some((first.trim_ascii().parse().ok()?, last.trim_ascii().parse().ok()?))
}

/// Describes the available columns, shortened if there are many.
fn describe_columns(count: usize, names: &[String]) -> String {
    let most = 20;
    let listed: Vec<String> = names.iter().take(most).enumerate().map(|(i, name)| format!("{i} ({name})")).collect();
    let listed = match listed[..] {
        [] if count == 1 => "0".to_owned(),
        [] => format!("0 to {}", count - 1),
        _ => listed.join(", "),
    };
    format!("{}: {listed}{}", counted(count, "column"), if names.len() > most { ", ..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::ChoiceProblem;

    #[test]
    fn lists_of_columns() {
        let plain = table("1,2,3,4");
        let named = table("age,\"a, b\",x-y,2019,\"age 2\"\n1,2,3,4,5");
        for (list, expected) in [("0,1", vec![0, 1]), ("3", vec![3]), (" 2 - 3 , 0", vec![2, 3, 0]), ("1-1", vec![1])] {
            assert_eq!(plain.columns(list).unwrap(), expected);
            assert_eq!(named.columns(list).unwrap(), expected);
        }
        let by_name = named.columns("age,1-2,age 2").unwrap();
        assert_eq!(by_name, [0, 1, 2, 4]);
        assert_eq!(named.columns("x-y,\"a, b\", \"age\"").unwrap(), [2, 1, 0]);
        // Quotes are not needed for a single name, or for a number that is not the index of a
        // column.
        assert_eq!(named.columns(" a, b ").unwrap(), [1]);
        assert_eq!(named.columns("x-y").unwrap(), [2]);
        assert_eq!(*named.columns("2019,\"2019\"").unwrap_err().problem, twice(3, "2019,\"2019\""));
        assert_eq!(named.columns("0,2019").unwrap(), [0, 3]);
        // Column names of pandas without a header, for which both meanings agree.
        assert_eq!(table("\"0\",\"1\"\n1.5,2").columns("1,0").unwrap(), [1, 0]);
    }

    fn twice(column: usize, list: &str) -> ChoiceProblem {
        ChoiceProblem::Twice { column, list: list.to_owned() }
    }

    #[test]
    fn ambiguous_lists_are_errors() {
        let table = table("x,2,1-2,\"x,z\",z\n1,2,3,4,5");
        let said = |list: &str| table.columns(list).unwrap_err().problem.to_string();
        assert_eq!(said("2"), "\"2\" is the name of column 1 and also stands for column 2; write \"2\" or 2-2");
        assert_eq!(
            said("1-2"),
            "\"1-2\" is the name of column 2 and also stands for columns 1 to 2; write \"1-2\" or 1,2"
        );
        assert_eq!(said("x,z"), "\"x,z\" is the name of column 3 and also stands for 2 columns; write \"x,z\" or 0,4");
        // Each proposed text has the stated meaning.
        for (list, expected) in
            [("\"2\"", vec![1]), ("2-2", vec![2]), ("\"1-2\"", vec![2]), ("\"x,z\"", vec![3]), ("0,4", vec![0, 4])]
        {
            assert_eq!(table.columns(list).unwrap(), expected);
        }
    }

    #[test]
    fn missing_columns_are_errors() {
        let plain = table("1,2,3,4");
        let all = "; the file has 4 columns: 0 to 3";
        for (list, expected) in [
            ("4", "there is no column \"4\""),
            ("0,2-9999999999999", "there is no column \"2-9999999999999\" as in \"0,2-9999999999999\""),
            ("99999999999999999999", "there is no column \"99999999999999999999\""),
            ("age", "there is no column \"age\""),
            ("-1", "there is no column \"-1\""),
            ("", "there is no column \"\""),
            ("0,,1", "there is no column \"\" as in \"0,,1\""),
            ("9-1", "there is no column \"9-1\""),
            ("3-1", "the range 3-1 runs backwards; write 1-3"),
            ("1,0-2", "column 1 appears more than once in \"1,0-2\"; name it once"),
        ] {
            assert_eq!(plain.columns(list).unwrap_err().to_string(), format!("{expected}{all}"));
        }
        assert!(table("5").columns("1").unwrap_err().to_string().ends_with("; the file has 1 column: 0"));
        let named = table("x,height,x\n1,2,3");
        let all = "the file has 3 columns: 0 (x), 1 (height), 2 (x)";
        let twice = format!("columns 0 and 2 are both called \"x\"; choose one by its number; {all}");
        assert_eq!(named.columns("height,x").unwrap_err().to_string(), twice);
        assert_eq!(
            named.columns("hieght").unwrap_err().to_string(),
            format!("there is no column \"hieght\" (did you mean \"height\"?); {all}")
        );
        let wide: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
        let wide = table(format!("{}\n{}", wide.join(" "), "1 ".repeat(50)));
        assert!(wide.columns("z").unwrap_err().to_string().ends_with(", 19 (c19), ..."));
    }
}
