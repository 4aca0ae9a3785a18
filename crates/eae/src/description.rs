//! What the file of a model says of it.

use std::borrow::Cow;
use std::path::Path;

use nn_layers::Weights;
use serde::{Deserialize, Serialize};

use crate::data::Columns;
use crate::network::{Architecture, Plan};
use crate::{Ending, ModelError};

/// The entry of a file's metadata that holds the [`Description`]. A single one, since a file's metadata have no order, and
/// the same model should be the same file.
pub(crate) const KEY: &str = "eae";

/// More is a slip of the finger, and better an error than an attempt to allocate it.
pub(crate) const MOST_LATENT: usize = 1 << 16;

/// Enough to make the model again, but for its weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) model: Architecture,
    /// Height, width, channels.
    pub(crate) image: [usize; 3],
    pub(crate) latent: usize,
    #[serde(default)]
    pub(crate) ending: Ending,
    /// Of vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) columns: Option<Columns>,
}

impl Description {
    pub(crate) fn write(&self, weights: &mut Weights) {
        weights.metadata.insert(KEY.to_owned(), serde_json::to_string(self).expect("plain data"));
    }

    /// From a file; of a model that its tensors could fill.
    pub(crate) fn read(weights: &Weights, path: &Path) -> Result<Self, ModelError> {
        let wrong = |problem: String| ModelError::Description { path: path.display().to_string(), problem };
        let text = weights.metadata.get(KEY).ok_or_else(|| wrong("it has no description".into()))?;
        let description: Self = serde_json::from_str(text).map_err(|e| wrong(format!("`{text}`: {e}")))?;
        if let Some(columns) = description.columns.as_ref().filter(|columns| description.image != [1, columns.len(), 1])
        {
            return Err(wrong(format!("{} columns and images of shape {:?}", columns.len(), description.image)));
        }
        let unfit = |source| ModelError::Unfit { path: path.display().to_string(), source: Box::new(source) };
        let (numbers, found) = (description.plan().map_err(unfit)?.numbers(), weights.element_count());
        // What is only a little off is let through: when its weights are read, the tensor is named that does not fit.
        if numbers / 2 > found {
            return Err(wrong(format!("networks of {numbers} numbers are too large for the {found} in it")));
        }
        Ok(description)
    }

    /// All shapes, before anything is made.
    pub(crate) fn plan(&self) -> Result<Plan, ModelError> {
        let &Self { ref model, image, latent, ending, ref columns } = self;
        if !(1..=MOST_LATENT).contains(&latent) {
            return Err(ModelError::Latent(latent));
        }
        let network = match (model, columns) {
            (Architecture::Preset(preset), Some(_)) => Cow::Owned(preset.network(image).linear()),
            _ => model.network(image),
        };
        let plan = network.plan(image, latent, ending);
        let plan = plan.and_then(|plan| if columns.is_some() { plan.linear() } else { Ok(plan) });
        plan.map_err(|source| ModelError::Network {
            architecture: model.to_string(),
            samples: match columns {
                Some(columns) => format!("vectors of {} numbers", columns.len()),
                None => format!("images of shape {image:?}"),
            },
            source: Box::new(source),
        })
    }
}
