//! Text as a page shows it.

use maud::{Markup, html};

/// Sets what stands between backticks as code.
pub(super) fn with_code(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Quotes a path for a shell, where it needs that.
pub(super) fn quoted(path: &str) -> String {
    if path.chars().all(|c| c.is_alphanumeric() || "/._-+=:@".contains(c)) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// The name of a sampler, with its flag between backticks.
pub(super) fn sampler_name(sampler: &str) -> String {
    match sampler {
        "normal" | "N(0, I)" => "N(0, I)".to_owned(),
        "mixture" => "mixture of Gaussians, `--sampler gmm`".to_owned(),
        other => format!("{other}, `--sampler {other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_for_a_shell() {
        assert_eq!(quoted("/runs/digits-1"), "/runs/digits-1");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("<it's>"), r"'<it'\''s>'");
    }

    #[test]
    fn code_between_backticks() {
        assert_eq!(with_code("a `--b <c>`.").into_string(), "a <code>--b &lt;c&gt;</code>.");
    }
}
