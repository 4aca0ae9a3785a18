use eae::sampler::{PREFIX, Sampler};
use serde::Serialize;

use crate::failure::Failure;
use crate::run_folder::{Trained, class_prefix};

/// Distributions to draw codes from: of all images, and of each class that has one.
pub(super) struct Draws {
    /// The one that is drawn from by default first.
    samplers: Vec<Sampler>,
    /// Whether the first is the one under which held-out codes are likeliest, and not the only one
    /// that there is.
    pub(super) likeliest: bool,
    classes: Vec<(Class, Sampler)>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Class {
    label: u8,
    name: String,
}

/// The distribution that a request is for.
#[derive(Debug, Clone, Copy)]
pub(in crate::serve) enum Source<'a> {
    /// The name of a sampler.
    All(&'a str),
    /// A label.
    Class(u8),
}

impl Draws {
    pub(super) fn new(trained: &Trained) -> Result<Self, Failure> {
        let mut classes = Vec::new();
        for (label, name) in trained.classes() {
            let fitted = trained.fitted(&class_prefix(label))?.expect("a class has samplers");
            classes.push((Class { label, name }, fitted.best().sampler.clone()));
        }
        let likeliest = trained.fitted(PREFIX)?.is_some();
        Ok(Self { samplers: trained.samplers()?, likeliest, classes })
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.samplers.iter().map(Sampler::name).collect()
    }

    pub(super) fn classes(&self) -> Vec<Class> {
        self.classes.iter().map(|(class, _)| class.clone()).collect()
    }

    /// Returns the sampler that codes are drawn from by default.
    pub(super) fn usual(&self) -> &Sampler {
        &self.samplers[0]
    }

    pub(super) fn find(&self, source: Source<'_>) -> Result<&Sampler, String> {
        match source {
            Source::All(name) => self.samplers.iter().find(|sampler| sampler.name() == name).ok_or_else(|| {
                let known = self.names().join(", ");
                format!("the model has no sampler {name:?}; it has {known}")
            }),
            Source::Class(label) => {
                let mut classes = self.classes.iter();
                let found = classes.find(|(class, _)| class.label == label).map(|(_, sampler)| sampler);
                found.ok_or_else(|| format!("the model has no sampler of a class {label}"))
            }
        }
    }
}
