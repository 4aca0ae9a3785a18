use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Network, Preset};

/// The networks of a model. In files this is the name of a preset, or a table with `encoder` and
/// `decoder`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Architecture {
    /// The networks of a preset.
    Preset(Preset),
    /// User-defined networks.
    Own(Network),
}

impl Architecture {
    /// Returns the layers for images `[height, width, channels]`.
    pub fn network(&self, image: [usize; 3]) -> Cow<'_, Network> {
        match self {
            Self::Preset(preset) => Cow::Owned(preset.network(image)),
            Self::Own(network) => Cow::Borrowed(network),
        }
    }
}

impl From<Preset> for Architecture {
    fn from(preset: Preset) -> Self {
        Self::Preset(preset)
    }
}

impl From<Network> for Architecture {
    fn from(network: Network) -> Self {
        Self::Own(network)
    }
}

/// Formats the architecture for use in a sentence.
impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(preset) => preset.fmt(f),
            Self::Own(_) => f.write_str("the described network"),
        }
    }
}

/// Implemented by hand because the derived implementation loses the line number of the mistake.
impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Architecture;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a preset, or a table of `encoder` and `decoder`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Architecture, E> {
                Preset::deserialize(StrDeserializer::new(name)).map(Architecture::Preset)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Architecture, A::Error> {
                Network::deserialize(MapAccessDeserializer::new(map)).map(Architecture::Own)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_name_or_a_table() {
        let read = |text: &str| serde_json::from_str::<Architecture>(text);
        let own = r#"{"encoder":["dense 3","tanh"],"decoder":["dense 12"]}"#;
        for text in [r#""conv28""#, own] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert_eq!(read(r#""mlp""#).unwrap(), Preset::Mlp.into());
        for (text, expected) in [
            ("3", "expected the name of a preset, or a table of `encoder` and `decoder`"),
            (r#""conv29""#, "unknown variant `conv29`, expected one of `mlp`"),
            (r#"{"encoder":[]}"#, "missing field `decoder`"),
            (r#"{"encoder":[],"decoder":[],"middle":[]}"#, "unknown field `middle`"),
            (r#"{"encoder":["dense"],"decoder":[]}"#, "`dense` is not a layer"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
