//! The most similar name, for suggestions.

/// Returns the name with the fewest edits from the given one, ignoring case, if the number of edits
/// is small for its length.
pub(super) fn nearest<'a>(given: &str, names: &'a [String]) -> Option<&'a str> {
    let given: Vec<char> = given.trim().to_lowercase().chars().collect();
    // Longer names are not typing errors, and the comparison takes time proportional to the product
    // of the lengths.
    if given.is_empty() || given.len() > 100 {
        return None;
    }
    let near = names.iter().take(1000).filter_map(|name| {
        let known: Vec<char> = name.to_lowercase().chars().take(101).collect();
        let edits = distance(&given, &known);
        (edits <= given.len().max(known.len()) / 3).then_some((edits, name.as_str()))
    });
    near.min_by_key(|&(edits, _)| edits).map(|(_, name)| name)
}

/// Returns the number of insertions, deletions, substitutions and swaps of neighbors that turn one
/// text into the other (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        (before, last) = (last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found() {
        let names = ["height", "weight", "Age", "body mass"].map(str::to_owned);
        for (given, expected) in [
            ("hieght", Some("height")),
            ("WEIGHT", Some("weight")),
            ("age", Some("Age")),
            ("body-mass", Some("body mass")),
            ("color", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &names), expected);
        }
        let distance = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!([distance("kitten", "sitting"), distance("", "abc"), distance("abcd", "acbd")], [3, 3, 1]);
    }
}
