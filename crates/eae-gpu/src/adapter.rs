//! Which adapter is taken: by what the user has said, and never a software one silently.

use std::env::{self, VarError};
use std::fmt;

use crate::{Error, Result};

/// Whether there is to be a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// No.
    Off,
    /// If there is one.
    #[default]
    Auto,
    /// Yes, and its lack is an error.
    Require,
}

/// What the user has said about the adapter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AdapterChoice {
    /// Whether there is to be one.
    pub mode: Mode,
    /// Its number in [`adapters`](crate::adapters), or a part of its name.
    pub adapter: Option<String>,
    /// Bytes that buffers may take, [`None`] for a default.
    pub budget: Option<u64>,
    /// Whether shaders are checked for indices out of bounds and for loops without an end as they
    /// run.
    pub checked: bool,
}

/// An adapter, and whether it would be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// As the driver calls it.
    pub name: String,
    /// By which interface: Vulkan, Metal or Dx12.
    pub backend: String,
    /// The kind of device.
    pub kind: DeviceKind,
    /// The driver, and its version.
    pub driver: String,
    /// What it can do.
    pub limits: Limits,
}

/// The kind of device that an adapter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceKind {
    /// A card.
    Discrete,
    /// A part of the processor.
    Integrated,
    /// A share of another machine's.
    Virtual,
    /// The driver does not say.
    Other,
    /// The processor itself: software.
    Cpu,
}

/// The limits that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a buffer.
    pub buffer: u64,
    /// Bytes of a buffer that one kernel sees.
    pub binding: u64,
    /// Bytes that a workgroup shares.
    pub shared: u32,
    /// Invocations of a workgroup.
    pub threads: u32,
}

impl AdapterChoice {
    /// Names the adapter, by its number or a part of its name.
    #[must_use]
    pub fn adapter(self, adapter: impl Into<String>) -> Self {
        Self { adapter: Some(adapter.into()), ..self }
    }

    /// Sets the bytes that buffers may take.
    #[must_use]
    pub fn budget(self, bytes: u64) -> Self {
        Self { budget: Some(bytes), ..self }
    }

    /// Sets whether shaders are checked as they run.
    #[must_use]
    pub fn checked(self, checked: bool) -> Self {
        Self { checked, ..self }
    }

    /// What `EAE_GPU` (`off`, `auto` or `require`), `EAE_GPU_ADAPTER` (a number, or a part of a
    /// name), `EAE_GPU_MEM_MB` and `EAE_GPU_CHECKED` (`0` or `1`) say.
    ///
    /// # Errors
    ///
    /// If one of them says something else.
    pub fn from_env() -> Result<Self> {
        Self::parse(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(value)) => Err(value.to_string_lossy().into_owned()),
        })
    }

    fn parse(variable: impl Fn(&'static str) -> std::result::Result<Option<String>, String>) -> Result<Self> {
        let wrong = |name, value, expected| Error::Variable { name, value, expected };
        let text = |name, expected| variable(name).map_err(|value| wrong(name, value, expected));
        let (name, expected) = ("EAE_GPU", "`off`, `auto` or `require`");
        let mode = match text(name, expected)?.as_deref() {
            None | Some("" | "auto") => Mode::Auto,
            Some("off") => Mode::Off,
            Some("require") => Mode::Require,
            Some(other) => return Err(wrong(name, other.to_owned(), expected)),
        };
        let adapter = text("EAE_GPU_ADAPTER", "a number or a part of a name")?.filter(|name| !name.is_empty());
        let (name, expected) = ("EAE_GPU_MEM_MB", "a whole number of megabytes above 0");
        let budget = match text(name, expected)? {
            None => None,
            Some(value) => match value.parse::<u64>() {
                Ok(megabytes) if megabytes > 0 => Some(megabytes.saturating_mul(1 << 20)),
                _ => return Err(wrong(name, value, expected)),
            },
        };
        let (name, expected) = ("EAE_GPU_CHECKED", "`0` or `1`");
        let checked = match text(name, expected)?.as_deref() {
            None | Some("" | "0") => false,
            Some("1") => true,
            Some(other) => return Err(wrong(name, other.to_owned(), expected)),
        };
        Ok(Self { mode, adapter, budget, checked })
    }

    /// The place of the adapter to take among all there are.
    ///
    /// # Errors
    ///
    /// If there is none that may be taken, or none is called as the one that was named.
    pub fn among(&self, adapters: &[Adapter]) -> Result<usize> {
        if self.mode == Mode::Off {
            return Err(Error::Off);
        }
        let Some(wanted) = &self.adapter else {
            let hardware = (0..adapters.len()).filter(|&i| adapters[i].why_not().is_none());
            // The first of the best kind.
            let best = hardware.min_by_key(|&i| (adapters[i].kind, i));
            return best.ok_or_else(|| Error::NoAdapter { found: list(adapters) });
        };
        let by_number = wanted.parse().ok().filter(|&i: &usize| i < adapters.len());
        let called_so = |i: &usize| adapters[*i].name.to_lowercase().contains(&wanted.to_lowercase());
        let named = by_number.or_else(|| (0..adapters.len()).filter(called_so).min_by_key(|&i| (adapters[i].kind, i)));
        named.ok_or_else(|| Error::NotFound { wanted: wanted.clone(), found: list(adapters) })
    }
}

impl Adapter {
    /// Why it is not taken unless it is named, if there is a reason.
    pub fn why_not(&self) -> Option<&'static str> {
        (self.kind == DeviceKind::Cpu).then_some("it is software, and slower than the processor without it")
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{:?}, {}]", self.name, self.kind, self.backend)
    }
}

fn list(adapters: &[Adapter]) -> String {
    if adapters.is_empty() {
        return "none".to_owned();
    }
    let one = |(i, adapter): (usize, &Adapter)| match adapter.why_not() {
        Some(reason) => format!("{i}: {adapter}, not taken unless named: {reason}"),
        None => format!("{i}: {adapter}"),
    };
    adapters.iter().enumerate().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: DeviceKind) -> Adapter {
        let limits = Limits { buffer: 1 << 28, binding: 1 << 27, shared: 1 << 14, threads: 256 };
        let [name, backend, driver] = [name, "Vulkan", "a driver"].map(str::to_owned);
        Adapter { name, backend, kind, driver, limits }
    }

    fn named(name: &str) -> AdapterChoice {
        AdapterChoice { adapter: Some(name.to_owned()), ..AdapterChoice::default() }
    }

    #[test]
    fn cards_come_first_and_software_only_by_name() {
        let software = adapter("llvmpipe (LLVM 15)", DeviceKind::Cpu);
        let both = [
            software.clone(),
            adapter("Iris", DeviceKind::Integrated),
            adapter("A card", DeviceKind::Discrete),
            adapter("A card", DeviceKind::Discrete),
        ];
        assert_eq!(AdapterChoice::default().among(&both), Ok(2));
        assert_eq!(named("iris").among(&both), Ok(1));
        assert_eq!(named("3").among(&both), Ok(3));
        let only = [software];
        let Err(Error::NoAdapter { found }) = AdapterChoice::default().among(&only) else {
            panic!("software was taken")
        };
        assert!(found.contains("llvmpipe") && found.contains("named"), "{found}");
        assert_eq!(named("LLVM").among(&only), Ok(0));
        assert!(matches!(named("4").among(&only), Err(Error::NotFound { wanted, .. }) if wanted == "4"));
        assert!(matches!(AdapterChoice::default().among(&[]), Err(Error::NoAdapter { found }) if found == "none"));
        assert_eq!(AdapterChoice { mode: Mode::Off, ..named("0") }.among(&only), Err(Error::Off));
    }

    #[test]
    fn what_the_environment_says() {
        let says = |wanted: &'static str, value: &'static str| {
            AdapterChoice::parse(move |name| Ok((name == wanted).then(|| value.to_owned())))
        };
        assert_eq!(AdapterChoice::parse(|_| Ok(None)), Ok(AdapterChoice::default()));
        assert_eq!(says("EAE_GPU", "require").unwrap().mode, Mode::Require);
        assert_eq!(says("EAE_GPU_ADAPTER", "a").unwrap(), named("a"));
        assert_eq!(says("EAE_GPU_MEM_MB", "3").unwrap().budget, Some(3 << 20));
        assert!(says("EAE_GPU_CHECKED", "1").unwrap().checked);
        for (name, value) in
            [("EAE_GPU", "on"), ("EAE_GPU_MEM_MB", "0"), ("EAE_GPU_MEM_MB", "-1"), ("EAE_GPU_CHECKED", "yes")]
        {
            let error = says(name, value).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{name} is `{value}`")), "{error}");
        }
        assert!(matches!(AdapterChoice::parse(|_| Err("?".to_owned())), Err(Error::Variable { .. })));
    }
}
