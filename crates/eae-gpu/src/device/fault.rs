//! Errors as values. By default an error that nobody asked for panics, and on whichever thread it
//! comes up; here the first one is remembered, and everything that follows ends in it.

use std::sync::{Arc, OnceLock};

use pollster::FutureExt;

use crate::{Error, Result};

/// The first thing that went wrong with a device.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<OnceLock<Error>>);

impl Faults {
    pub(super) fn watch(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let [uncaptured, lost] = [faults.clone(), faults.clone()];
        device.on_uncaptured_error(Arc::new(move |error| uncaptured.set(of_wgpu(&error))));
        device.set_device_lost_callback(move |reason, message| lost.set(Error::Lost(format!("{reason:?}: {message}"))));
        faults
    }

    pub(super) fn set(&self, error: Error) {
        // Only the first: the others follow from it.
        let _ = self.0.set(error);
    }

    pub(super) fn check(&self) -> Result<()> {
        self.0.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Makes something on the device, and says what the device has against it.
    pub(super) fn guard<T>(&self, device: &wgpu::Device, make: impl FnOnce() -> T) -> Result<T> {
        self.check()?;
        let scopes = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation]
            .map(|filter| device.push_error_scope(filter));
        let made = make();
        let mut found = None;
        // In the reverse order, as they must be.
        for scope in scopes.into_iter().rev() {
            found = scope.pop().block_on().or(found);
        }
        match found {
            None => self.check().map(|()| made),
            // Of a device that is gone, everything else is a consequence.
            Some(error) => Err(self.check().err().unwrap_or_else(|| of_wgpu(&error))),
        }
    }
}

fn of_wgpu(error: &wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => Error::Refused("it is out of memory".to_owned()),
        other => Error::Refused(other.to_string()),
    }
}
