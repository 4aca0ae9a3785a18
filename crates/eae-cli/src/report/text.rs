//! Formatting of text.

use std::path::Path;

use maud::{Markup, html};

/// Sets text between backticks as code.
pub(super) fn with_code(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Quotes a path for a shell if necessary.
pub(super) fn quoted(path: &str) -> String {
    if path.chars().all(|c| c.is_alphanumeric() || "/._-+=:@".contains(c)) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// Replaces absolute paths in the text by file names, so that a shared page does not reveal the
/// folders of the machine.
pub(super) fn without_folders<'a>(text: &str, paths: impl IntoIterator<Item = &'a Path>) -> String {
    paths.into_iter().fold(text.to_owned(), |text, path| match path.file_name() {
        Some(name) if path.is_absolute() => text.replace(&path.display().to_string(), &name.to_string_lossy()),
        _ => text,
    })
}

/// Returns the name of a sampler for readers, with its flag between backticks.
pub(super) fn sampler_name(sampler: &str) -> String {
    match sampler {
        "normal" | "N(0, I)" => "N(0, I)".to_owned(),
        "refined" => "N(0, I) refined, `--sampler refined`".to_owned(),
        "mixture" => "mixture of Gaussians, `--sampler gmm`".to_owned(),
        other => format!("{other}, `--sampler {other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted("/runs/digits-1"), "/runs/digits-1");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("<it's>"), r"'<it'\''s>'");
    }

    #[test]
    fn folders_of_absolute_paths_are_removed() {
        let without = |text: &str, path: &str| without_folders(text, [Path::new(path)]);
        assert_eq!(without("csv:/home/me/data/a b.csv", "/home/me/data/a b.csv"), "csv:a b.csv");
        assert_eq!(without("images = '/photos'", "/photos"), "images = 'photos'");
        assert_eq!(without("npy:x/a.npy", "x/a.npy"), "npy:x/a.npy");
    }

    #[test]
    fn text_between_backticks_is_code() {
        assert_eq!(with_code("a `--b <c>`.").into_string(), "a <code>--b &lt;c&gt;</code>.");
    }
}
