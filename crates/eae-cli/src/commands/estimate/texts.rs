//! Columns of text that are no labels: numbers with a unit, dates, and texts that hardly repeat.

use std::collections::HashMap;

use super::blocks::{LABELS, are_mostly_numbers};
use super::input::Data;
use super::print::percent;

/// Smallest share of the labels that must be dates, or numbers with the same unit.
const MOST: f64 = 0.95;
/// Largest share of the rows whose label may be unique.
const ALONE: f64 = 0.5;
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Returns the reason why a column of text cannot be used as labels, and what to do.
pub(super) fn unusable(data: &Data, column: usize) -> Option<String> {
    let labels = data.table.categories[column].as_ref()?;
    // Text among numbers has an error of its own, which names the cell.
    if are_mostly_numbers(labels) {
        return None;
    }
    let values = data.values(&[column]);
    let (name, described) = (data.column(column), data.table.describe(column));
    let way_out = format!("or name it in --labels {name} if its texts are classes");
    let first = labels.first()?;
    if labels.len() > LABELS {
        if labels.iter().filter(|label| is_date(label)).count() as f64 >= MOST * labels.len() as f64 {
            return Some(format!(
                "{described} has dates or times, such as {first}, which have no distances; replace them by numbers such as \
                 the days since the first, {way_out}"
            ));
        }
        if let Some((before, after)) = affixes(labels) {
            return Some(format!("{described} {}, {way_out}", of_affixes(first, &before, &after)));
        }
    }
    let alone = alone(values.iter().copied());
    (alone > ALONE).then(|| {
        format!(
            "{described} is text, and {} of its rows have a text that no other row has, so the texts are no labels; leave \
             the column out, or merge its texts into classes that repeat",
            percent(alone)
        )
    })
}

/// Returns the fraction of values that no other one equals. Missing values do not count.
pub(super) fn alone(values: impl Iterator<Item = f64>) -> f64 {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    values.filter(|x| !x.is_nan()).for_each(|x| *counts.entry(x.to_bits()).or_default() += 1);
    let rows: usize = counts.values().sum();
    counts.values().filter(|count| **count == 1).count() as f64 / rows.max(1) as f64
}

/// Returns the texts before and after the numbers if nearly all labels are numbers with the same
/// texts.
fn affixes(labels: &[String]) -> Option<(String, String)> {
    let mut counts: HashMap<(String, String), usize> = HashMap::new();
    for affixes in labels.iter().filter_map(|label| split(label)) {
        *counts.entry(affixes).or_default() += 1;
    }
    let (affixes, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count as f64 >= MOST * labels.len() as f64).then_some(affixes)
}

/// Returns the texts before and after the number in a label such as `$155.00` or `72.9 kg`. Names
/// such as `user 7` are no numbers, so letters in front must be a currency.
fn split(label: &str) -> Option<(String, String)> {
    let label = label.trim();
    let start = label.find(|c: char| c.is_ascii_digit())?;
    let before = label[..start].trim_end_matches('.').replace(['-', '+', '\u{2212}'], "");
    let is_currency = before.contains(['$', '€', '£', '¥', '₹']);
    let is_code = before.trim().len() == 3 && before.trim().chars().all(|c| c.is_ascii_uppercase());
    if before.contains(char::is_alphabetic) && !is_currency && !is_code {
        return None;
    }
    let number = &label[start..];
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(number.len());
    let end = number[..end].trim_end_matches(['.', ',']).len();
    Some((before, number[end..].to_owned()))
}

/// Describes numbers with texts around them, and says how to remove the texts.
fn of_affixes(example: &str, before: &str, after: &str) -> String {
    let quoted = |text: &str| {
        text.chars()
            .flat_map(|c| if "$.*[\\]^+?(){}|".contains(c) { vec!['\\', c] } else { vec![c] })
            .collect::<String>()
    };
    let (what, script) = match (before, after) {
        ("", "") => {
            return format!("has numbers with commas, such as {example}, which are text; write them without commas");
        }
        (before, "") => (format!("{before:?} before"), format!("s|{}([0-9.])|\\1|g", quoted(before))),
        ("", after) => (format!("{after:?} after"), format!("s|([0-9.]){}|\\1|g", quoted(after))),
        (before, after) => (
            format!("{before:?} before and {after:?} after"),
            format!("s|{}([0-9.,]+){}|\\1|g", quoted(before), quoted(after)),
        ),
    };
    format!(
        "has numbers with {what} them, such as {example}, which are text; remove that text, for example with sed -E '{script}'"
    )
}

/// Returns true for a date such as `2024-01-31`, `31.1.24` or `Jan 31, 2024`, with or without a
/// time, or for a time such as `10:30`.
fn is_date(label: &str) -> bool {
    let groups: Vec<&str> = label.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let words: Vec<&str> = label.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let is_month = |word: &&str| {
        let word = word.to_lowercase();
        MONTHS.iter().any(|month| *month == word || month[..3] == word) || word == "sept"
    };
    if words.iter().any(is_month) {
        return words.len() <= 3 && !groups.is_empty();
    }
    // The letters of a time are T, Z, AM, PM or a short name of its zone.
    let mut separators = label.trim().split(|c: char| c.is_ascii_digit()).filter(|between| !between.is_empty());
    let [first, second, third] = std::array::from_fn(|_| separators.next());
    let separated = first.is_some_and(|first| ["-", "/", "."].contains(&first)) && first == second && first != third;
    // A phone number or an address has longer groups, or more.
    let digits = groups.iter().take(3).map(|group| group.len()).collect::<Vec<_>>();
    let of_date = separated && matches!(digits[..], [4, 1..=2, 1..=2] | [1..=2, 1..=2, 2 | 4]);
    let of_time = first == Some(":");
    (of_date || of_time) && groups.iter().all(|group| group.len() <= 9) && words.iter().all(|word| word.len() <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        let dates = "2024-01-31 31.1.24 1/31/2024 2024-01-31T10:30:00Z 10:30 9:05:59.5";
        for date in
            dates.split(' ').chain(["Jan 31, 2024", "31-Dec-2024", "5 March 2024", "2024-01-31 10:30 CET", "10:30 PM"])
        {
            assert!(is_date(date), "{date}");
        }
        let words =
            ["a", "72.9 kg", "1.5", "$155.00", "12-A", "Marble 7", "Marble 7 of the second kind here", "Mark 12"];
        let numbers = ["Decoder 3", "1-2", "192.168.0.1", "555-123-4567", "1.2.3.4"];
        for other in words.into_iter().chain(numbers) {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn numbers_with_units() {
        let of = |label: &str| split(label).map(|(before, after)| format!("{before}|{after}"));
        for (label, expected) in [
            ("$155.00", "$|"),
            ("-$1,155.00", "$|"),
            ("72.9 kg", "| kg"),
            ("95.9%", "|%"),
            ("USD 7", "USD |"),
            ("R$ .5", "R$ |"),
            ("+3 m2", "| m2"),
            ("1,234", "|"),
        ] {
            assert_eq!(of(label).as_deref(), Some(expected), "{label}");
        }
        assert_eq!([of("user 7"), of("id12"), of("red")], [None, None, None]);
        let labels = |of: fn(usize) -> String| (0..40).map(of).collect::<Vec<_>>();
        assert_eq!(affixes(&labels(|i| format!("{i} kg"))), Some((String::new(), " kg".to_owned())));
        assert_eq!(affixes(&labels(|i| format!("{i} {}", ["kg", "g"][i % 2]))), None);
    }

    #[test]
    fn values_that_are_alone() {
        assert_eq!(alone([1.0, 2.0, 2.0, f64::NAN, 3.0].into_iter()), 0.5);
        assert_eq!(alone(std::iter::empty()), 0.0);
    }
}
