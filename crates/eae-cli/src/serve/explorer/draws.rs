use eae::sampler::PREFIX;
use serde::Serialize;

use crate::failure::Failure;
use crate::run_folder::Trained;
use crate::sampling::Chosen;

/// Samplers of the codes of all images, and of each class that has one.
pub(super) struct Draws {
    /// Samplers of all codes. The default is first.
    samplers: Vec<Chosen>,
    /// True if the first sampler was chosen because held-out codes are most likely under it.
    pub(super) likeliest: bool,
    classes: Vec<(Class, Chosen)>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Class {
    label: u8,
    name: String,
}

/// Sampler that a request selects.
#[derive(Debug, Clone, Copy)]
pub(in crate::serve) enum Source<'a> {
    /// Sampler of all codes, by name.
    All(&'a str),
    /// Sampler of a class, by label.
    Class(u8),
}

impl Draws {
    pub(super) fn new(trained: &Trained) -> Result<Self, Failure> {
        let classes = trained.class_samplers()?.into_iter();
        let classes = classes.map(|(label, name, sampler)| (Class { label, name }, sampler.into())).collect();
        let likeliest = trained.fitted(PREFIX)?.is_some();
        Ok(Self { samplers: trained.choices()?, likeliest, classes })
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.samplers.iter().map(Chosen::name).collect()
    }

    pub(super) fn classes(&self) -> Vec<Class> {
        self.classes.iter().map(|(class, _)| class.clone()).collect()
    }

    /// Returns the default sampler.
    pub(super) fn usual(&self) -> &Chosen {
        &self.samplers[0]
    }

    pub(super) fn find(&self, source: Source<'_>) -> Result<&Chosen, String> {
        match source {
            Source::All(name) => self.samplers.iter().find(|sampler| sampler.name() == name).ok_or_else(|| {
                let known = self.names().join(", ");
                format!("the model has no sampler {name:?}; use one of {known}")
            }),
            Source::Class(label) => {
                let mut classes = self.classes.iter();
                let found = classes.find(|(class, _)| class.label == label).map(|(_, sampler)| sampler);
                found.ok_or_else(|| {
                    format!("the model has no sampler for the label {label}; /model.json lists the classes")
                })
            }
        }
    }
}
