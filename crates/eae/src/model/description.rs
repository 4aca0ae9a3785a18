//! The description of a model in its file.

use std::borrow::Cow;
use std::path::Path;

use nn_layers::Weights;
use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::data::Columns;
use crate::network::{Architecture, Ending, Plan};

/// Metadata key of the [`Description`].
const KEY: &str = "eae";

/// Largest latent dimension. A larger number is most likely a typing error, so it is refused before
/// memory is allocated for it.
const MOST_LATENT: usize = 1 << 16;

/// The information needed to rebuild the model, apart from its weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) model: Architecture,
    /// Height, width and channels.
    pub(super) image: [usize; 3],
    pub(super) latent: usize,
    #[serde(default)]
    pub(super) ending: Ending,
    /// The columns, for a model of vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) columns: Option<Columns>,
}

impl Description {
    pub(super) fn write(&self, weights: &mut Weights) {
        weights.metadata.insert(KEY.to_owned(), serde_json::to_string(self).expect("plain data"));
    }

    /// Reads the description from a file, and checks that the file has enough numbers for the
    /// weights of the model.
    pub(super) fn read(weights: &Weights, path: &Path) -> Result<Self, ModelError> {
        let wrong = |problem: String| ModelError::Description { path: path.display().to_string(), problem, key: KEY };
        let none = "the file has no description, which only `Autoencoder::read` can do without";
        let text = weights.metadata.get(KEY).ok_or_else(|| wrong(none.into()))?;
        let description: Self = serde_json::from_str(text).map_err(|e| wrong(format!("`{text}`: {e}")))?;
        if let Some(columns) = description.columns.as_ref().filter(|columns| description.image != [1, columns.len(), 1])
        {
            return Err(wrong(format!("{} columns do not fit images of shape {:?}", columns.len(), description.image)));
        }
        let unfit = |problem| ModelError::Unfit { path: path.display().to_string(), problem: Box::new(problem) };
        let (numbers, found) = (description.plan().map_err(unfit)?.numbers(), weights.element_count());
        // This check misses small differences. Reading the weights finds them and names the tensor
        // that does not fit.
        if numbers / 2 > found {
            return Err(wrong(format!("the networks have {numbers} weights, but the file holds only {found}")));
        }
        Ok(description)
    }

    /// Computes the shapes of all layers without allocating memory for the weights.
    pub(super) fn plan(&self) -> Result<Plan, ModelError> {
        let &Self { ref model, image, latent, ending, ref columns } = self;
        if !(1..=MOST_LATENT).contains(&latent) {
            return Err(ModelError::Latent { latent, most: MOST_LATENT });
        }
        let network = match (model, columns) {
            (Architecture::Preset(preset), Some(_)) => Cow::Owned(preset.network(image).linear()),
            _ => model.network(image),
        };
        if let (Architecture::Preset(preset), None) = (model, columns)
            && !preset.takes(image)
        {
            return Err(ModelError::Size { preset: *preset, image });
        }
        let plan = network.plan(image, latent, ending);
        let plan = plan.and_then(|plan| if columns.is_some() { plan.linear() } else { Ok(plan) });
        plan.map_err(|problem| ModelError::Network {
            architecture: model.to_string(),
            samples: match columns {
                Some(columns) => {
                    format!("vectors of {} column{}", columns.len(), if columns.len() == 1 { "" } else { "s" })
                }
                None => format!("images of shape {image:?}"),
            },
            problem: Box::new(problem),
        })
    }
}
