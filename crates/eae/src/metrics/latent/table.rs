use std::fmt;

use super::LatentReport;
use super::check::Check;

/// Formats a table with the name, value, expected value, p-value and verdict of each check.
impl fmt::Display for LatentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, d, k, .. } = self;
        writeln!(f, "{n} codes of dimension {d}, k = {k}")?;
        write!(f, "{:<33}{:>12}{:>12}{:>9}  verdict", "", "value", "N(0, I)", "p-value")?;
        for (name, check) in self.checks() {
            match check {
                Some(Check { value, expected, p_value, verdict, .. }) => {
                    let p = p_value.map_or("-".to_owned(), probability);
                    write!(f, "\n{name:<33}{:>12}{:>12}{p:>9}  {verdict}", number(value), number(expected))?;
                }
                None => write!(f, "\n{name:<33}{0:>12}{0:>12}{0:>9}  not defined", "-")?,
            }
        }
        Ok(())
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// Formats a number in at most twelve characters.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler;

    #[test]
    fn the_table_is_aligned() {
        let codes = sampler::normal::<f64>(500, 2, 1);
        let report = LatentReport::new(codes.view(), 3, 0).unwrap();
        let table = report.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "500 codes of dimension 2, k = 3");
        assert_eq!(lines.len(), 13);
        assert!(lines[2].contains(&format!("{:.3}  as N(0, I)", report.radius_mean.p_value.unwrap())), "{table}");
        // The column of verdicts begins below its heading.
        let at = lines[1].find("verdict").unwrap();
        assert!(
            lines[2..].iter().all(|line| line[at - 2..].starts_with("  ") && !line[at..].starts_with(' ')),
            "{table}"
        );
        assert_eq!(LatentReport::new(codes.view(), 3, 0).unwrap(), report);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["radius_sd"]["verdict"], report.radius_sd.verdict.to_string());
        assert_eq!(json["radius_sd"]["value"], report.radius_sd.value);
    }
}
