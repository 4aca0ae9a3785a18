use std::collections::HashSet;

use thiserror::Error;

use super::text::{Separator, fields, name};
use super::{Table, counted};

/// Columns that a table does not have, or not so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}, the file has {has}")]
pub struct ChoiceError {
    problem: String,
    /// What there is to choose from.
    has: String,
}

impl Table {
    /// The columns that a list means, such as `0,3-5,age`: numbers from 0, ranges with both ends, names from the header. A
    /// number or a range that the table has is one even if a column is called so, a name in double quotes is always a name.
    ///
    /// # Errors
    ///
    /// If there is no such column, or one is there more than once.
    pub fn columns(&self, list: &str) -> Result<Vec<usize>, ChoiceError> {
        let names = self.names.as_deref().unwrap_or_default();
        let count = self.values.ncols();
        let fail = |problem: String| Err(ChoiceError { problem, has: describe_columns(count, names) });
        let (mut found, mut taken) = (Vec::new(), HashSet::new());
        for item in fields(list, Separator::Byte(b',')) {
            let range = range_of(item).filter(|&(first, last)| first.max(last) < count);
            let name = name(item);
            let mut named = names.iter().enumerate().filter(|(_, known)| **known == name);
            let (first, last) = match (range, named.next(), named.next()) {
                (Some((first, last)), ..) if first > last => {
                    return fail(format!("the range {item} of columns runs backwards, it must be {last}-{first}"));
                }
                (Some(range), ..) => range,
                (None, Some((column, _)), None) => (column, column),
                (None, Some((a, _)), Some((b, _))) => {
                    return fail(format!("columns {a} and {b} are both called {item:?}, choose one by its number"));
                }
                (None, None, _) => return fail(format!("there is no column {item:?} as in {list:?}")),
            };
            for column in first..=last {
                if !taken.insert(column) {
                    return fail(format!("column {column} is there more than once in {list:?}, name it once"));
                }
                found.push(column);
            }
        }
        Ok(found)
    }
}

/// `3` or `2-5`.
fn range_of(item: &str) -> Option<(usize, usize)> {
    if item.starts_with('"') {
        return None;
    }
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    Some((first.trim_ascii().parse().ok()?, last.trim_ascii().parse().ok()?))
}

/// What there is to choose from, cut off where nobody would read on.
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

    #[test]
    fn lists_of_columns() {
        let plain = table("1,2,3,4");
        let named = table("age,\"a, b\",x-y,2,age 2\n1,2,3,4,5");
        for (list, expected) in [("0,1", vec![0, 1]), ("3", vec![3]), (" 2 - 3 , 0", vec![2, 3, 0]), ("1-1", vec![1])] {
            assert_eq!(plain.columns(list).unwrap(), expected);
            assert_eq!(named.columns(list).unwrap(), expected);
        }
        let by_name = named.columns("age,1-2,age 2").unwrap();
        assert_eq!(by_name, [0, 1, 2, 4]);
        assert_eq!(named.columns("x-y,\"a, b\", \"age\"").unwrap(), [2, 1, 0]);
        // A number is a place, unless in quotes.
        assert_eq!(named.columns("2,\"2\"").unwrap(), [2, 3]);
        assert_eq!(table("x,2019\n1,2").columns("2019").unwrap(), [1]);
    }

    #[test]
    fn lists_of_columns_that_are_not_there() {
        let plain = table("1,2,3,4");
        let all = ", the file has 4 columns: 0 to 3";
        for (list, expected) in [
            ("4", "there is no column \"4\" as in \"4\""),
            ("0,2-9999999999999", "there is no column \"2-9999999999999\" as in \"0,2-9999999999999\""),
            ("99999999999999999999", "there is no column \"99999999999999999999\" as in \"99999999999999999999\""),
            ("age", "there is no column \"age\" as in \"age\""),
            ("-1", "there is no column \"-1\" as in \"-1\""),
            ("", "there is no column \"\" as in \"\""),
            ("0,,1", "there is no column \"\" as in \"0,,1\""),
            ("9-1", "there is no column \"9-1\" as in \"9-1\""),
            ("3-1", "the range 3-1 of columns runs backwards, it must be 1-3"),
            ("1,0-2", "column 1 is there more than once in \"1,0-2\", name it once"),
        ] {
            assert_eq!(plain.columns(list).unwrap_err().to_string(), format!("{expected}{all}"));
        }
        assert!(table("5").columns("1").unwrap_err().to_string().ends_with(", the file has 1 column: 0"));
        let named = table("x,y,x\n1,2,3");
        let all = "the file has 3 columns: 0 (x), 1 (y), 2 (x)";
        let twice = format!("columns 0 and 2 are both called \"x\", choose one by its number, {all}");
        assert_eq!(named.columns("y,x").unwrap_err().to_string(), twice);
        assert!(named.columns("z").unwrap_err().to_string().ends_with(all));
        let wide: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
        let wide = table(format!("{}\n{}", wide.join(" "), "1 ".repeat(50)));
        assert!(wide.columns("z").unwrap_err().to_string().ends_with(", 19 (c19), ..."));
    }
}
