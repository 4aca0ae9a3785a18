//! The choice of an adapter by the user's settings. A software adapter is never chosen silently.

use std::env::{self, VarError};
use std::fmt;

use crate::{Error, Result};

/// The use of a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// No GPU is used.
    Off,
    /// A GPU is used if there is one.
    #[default]
    Auto,
    /// A GPU is required, and its absence is an error.
    Require,
}

/// The user's choice of an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AdapterChoice {
    /// The use of a GPU.
    pub mode: Mode,
    /// The number in [`adapters`](crate::adapters), or a part of the name.
    pub adapter: Option<String>,
    /// Budget of buffers in bytes, or [`None`] for a default.
    pub budget: Option<u64>,
    /// If true, shaders are checked at run time for indices out of bounds and for endless loops.
    pub checked: bool,
}

/// An adapter and its properties.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// The name reported by the driver.
    pub name: String,
    /// The graphics API: Vulkan, Metal or Dx12.
    pub backend: String,
    /// The kind of device.
    pub kind: DeviceKind,
    /// The driver and its version.
    pub driver: String,
    /// The limits.
    pub limits: Limits,
}

/// The kind of device of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceKind {
    /// A graphics card.
    Discrete,
    /// A GPU integrated in the CPU.
    Integrated,
    /// A virtual GPU.
    Virtual,
    /// A device whose kind the driver does not report.
    Other,
    /// The CPU itself, that is, a software adapter.
    Cpu,
}

/// The limits of a device that matter to this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest size of a buffer in bytes.
    pub buffer: u64,
    /// Largest part of a buffer that a kernel can access, in bytes.
    pub binding: u64,
    /// Shared memory of a workgroup in bytes.
    pub shared: u32,
    /// Largest number of invocations in a workgroup.
    pub threads: u32,
}

impl AdapterChoice {
    /// Selects the adapter by its number or a part of its name.
    #[must_use]
    pub fn adapter(self, adapter: impl Into<String>) -> Self {
        Self { adapter: Some(adapter.into()), ..self }
    }

    /// Sets the budget of buffers in bytes.
    #[must_use]
    pub fn budget(self, bytes: u64) -> Self {
        Self { budget: Some(bytes), ..self }
    }

    /// Sets whether shaders are checked at run time.
    #[must_use]
    pub fn checked(self, checked: bool) -> Self {
        Self { checked, ..self }
    }

    /// Reads the choice from the variables `EAE_GPU` (`off`, `auto` or `require`),
    /// `EAE_GPU_ADAPTER` (a number, or a part of a name), `EAE_GPU_MEM_MB` and `EAE_GPU_CHECKED`
    /// (`0` or `1`).
    ///
    /// # Errors
    ///
    /// If a variable has an invalid value.
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

    /// Returns the index of the chosen adapter.
    ///
    /// # Errors
    ///
    /// If there is no suitable adapter, or none has the given name.
    pub fn among(&self, adapters: &[Adapter]) -> Result<usize> {
        if self.mode == Mode::Off {
            return Err(Error::Off);
        }
        let Some(wanted) = &self.adapter else {
            let hardware = (0..adapters.len()).filter(|&i| adapters[i].why_not().is_none());
            // The first adapter of the best kind.
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
    /// Returns the reason why the adapter is only used if it is named, or `None`.
    pub fn why_not(&self) -> Option<&'static str> {
        (self.kind == DeviceKind::Cpu).then_some("it is a software adapter, which is slower than the CPU code")
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
        Some(reason) => format!("{i}: {adapter}, used only if named: {reason}"),
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
    fn cards_come_first_and_software_must_be_named() {
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
            panic!("a software adapter was chosen")
        };
        assert!(found.contains("llvmpipe") && found.contains("named"), "{found}");
        assert_eq!(named("LLVM").among(&only), Ok(0));
        assert!(matches!(named("4").among(&only), Err(Error::NotFound { wanted, .. }) if wanted == "4"));
        assert!(matches!(AdapterChoice::default().among(&[]), Err(Error::NoAdapter { found }) if found == "none"));
        assert_eq!(AdapterChoice { mode: Mode::Off, ..named("0") }.among(&only), Err(Error::Off));
    }

    #[test]
    fn environment_variables_are_parsed() {
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
