//! Facts about the computers of all ranks.

use eae_ranks::{RankResult, Ranks};

/// A rank's computer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// The processor's architecture and the vector instructions that kernels choose from.
    pub(crate) cpu: String,
}

/// Returns the computer of each rank.
pub(crate) fn all(ranks: &dyn Ranks) -> RankResult<Vec<Host>> {
    let mine = format!("{}\n{}", gethostname::gethostname().to_string_lossy(), cpu());
    let host = |bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (name, cpu) = text.split_once('\n').unwrap_or((&text, ""));
        Host { name: name.to_owned(), cpu: cpu.to_owned() }
    };
    Ok(ranks.all_gather(mine.as_bytes())?.into_iter().map(host).collect())
}

/// Returns a warning if processors differ. Sums of kernels for different vector widths and the
/// logarithms of different libraries can differ in the last bits.
pub(crate) fn mixed(hosts: &[Host]) -> Option<String> {
    let first = &hosts[0];
    let (rank, other) = hosts.iter().enumerate().find(|(_, host)| host.cpu != first.cpu)?;
    Some(format!(
        "the processors differ: {} (rank 0, {}) and {} (rank {rank}, {}); results can differ in the last bits from those of equal \
         processors",
        first.cpu, first.name, other.cpu, other.name
    ))
}

fn cpu() -> String {
    let mut features = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let known = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ];
        features.extend(known.into_iter().filter(|(_, present)| *present).map(|(name, _)| name));
    }
    features.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae_ranks::{One, Threads};

    #[test]
    fn different_processors_are_named() {
        let host = |name: &str, cpu: &str| Host { name: name.to_owned(), cpu: cpu.to_owned() };
        let hosts = [host("a", "x86_64 avx2"), host("a", "x86_64 avx2"), host("b", "x86_64 avx2 avx512f")];
        assert!(mixed(&hosts).unwrap().contains("x86_64 avx2 avx512f (rank 2, b)"));
        assert_eq!(mixed(&hosts[..2]), None);
        let here = all(&One).unwrap();
        assert!(here[0].cpu.starts_with(std::env::consts::ARCH));
        let equal = Threads::run(3, |ranks| all(ranks).unwrap());
        assert!(equal.iter().all(|hosts| hosts.len() == 3 && mixed(hosts).is_none()));
    }
}
