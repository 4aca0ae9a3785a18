//! Formatting of numbers.

use maud::{Markup, html};

/// Formats a number with about four digits.
pub(super) fn short(x: f64) -> String {
    let text = match x.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-3..1e6).contains(&size) => format!("{x:.1e}"),
        size if size < 10.0 => format!("{x:.3}"),
        size if size < 100.0 => format!("{x:.2}"),
        size if size < 1000.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    };
    text.replace('-', "\u{2212}")
}

/// Shows a number with about four digits. All digits are in the attribute `value`.
pub(super) fn number(x: f64) -> Markup {
    html! { data value=(x) { (short(x)) } }
}

/// Shows a share in percent. All digits of the share are in the attribute `value`.
pub(super) fn percent(share: f64) -> Markup {
    html! { data value=(share) { (percentage(share)) } }
}

/// Formats a share in percent with at most one decimal.
pub(super) fn percentage(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    format!("{}\u{202f}%", text.strip_suffix(".0").unwrap_or(&text))
}

/// Formats an integer with narrow no-break spaces between groups of three digits.
pub(super) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Formats a number and a noun, with a plural in "s" unless the number is 1.
pub(super) fn counted(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Formats a duration in seconds, minutes or hours.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..=119 => format!("{whole} s"),
        120..=7199 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_readers() {
        let texts = [0.0, 0.000123, 0.12345, -1.5, 52.893, 953.81, 2290.4, 1e9].map(short);
        assert_eq!(texts, ["0", "1.2e\u{2212}4", "0.123", "\u{2212}1.500", "52.89", "953.8", "2290", "1.0e9"]);
        assert_eq!(number(0.1 + 0.2).into_string(), "<data value=\"0.30000000000000004\">0.300</data>");
        assert_eq!([0.0, 0.01, 0.02149].map(percentage), ["0\u{202f}%", "1\u{202f}%", "2.1\u{202f}%"]);
        assert_eq!([7, 1000, 1234567].map(count), ["7", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "step")), ["0 steps", "1 step", "2 steps"]);
        assert_eq!([1.4, 107.0, 130.0, 7322.0].map(duration), ["1 s", "107 s", "2 min 10 s", "2 h 2 min"]);
    }
}
