//! Errors as values. By default, an unhandled device error panics on an arbitrary thread. Here the
//! first error is stored, and every later operation returns it.

use std::sync::{Arc, OnceLock};

use pollster::FutureExt;

use crate::{Error, Result};

/// The first error of a device.
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
        // Only the first error counts, because later ones follow from it.
        let _ = self.0.set(error);
    }

    pub(super) fn check(&self) -> Result<()> {
        self.0.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Runs `make` on the device and returns the errors that the device reports.
    pub(super) fn guard<T>(&self, device: &wgpu::Device, make: impl FnOnce() -> T) -> Result<T> {
        self.check()?;
        let scopes = [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation]
            .map(|filter| device.push_error_scope(filter));
        let made = make();
        let mut found = None;
        // Scopes must be closed in reverse order.
        for scope in scopes.into_iter().rev() {
            found = scope.pop().block_on().or(found);
        }
        match found {
            None => self.check().map(|()| made),
            // After a device is lost, all other errors are consequences.
            Some(error) => Err(self.check().err().unwrap_or_else(|| of_wgpu(&error))),
        }
    }
}

fn of_wgpu(error: &wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => Error::Refused("the device is out of memory".to_owned()),
        other => Error::Refused(other.to_string()),
    }
}
