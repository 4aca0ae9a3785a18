//! The compiled part of the Python module `knn_entropy`.
//!
//! Each function here converts its arguments, calls one function of the crate [`knn_entropy`]
//! without Python's global lock, and converts the result. The functions that users call are in
//! `python/knn_entropy`, with their documentation. Estimators are in the crate.

mod arrays;
mod columns;
mod divergence;
mod entropy;
mod information;
mod neighbors;
mod results;
mod series;
mod settings;
mod significance;
mod threads;

use pyo3::{pyfunction, pymodule};

/// Returns the version of this module.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Functions of the crate `knn-entropy` on NumPy arrays.
#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::columns::columns_about;
    #[pymodule_export]
    use crate::divergence::{jensen_shannon, kl_divergence, kl_divergence_and_gradients};
    #[pymodule_export]
    use crate::entropy::{
        correct, dither, entropies, entropy, entropy_and_gradient, lombardi_pant_entropy, neighbor_weights,
        renyi_entropy, rounding_steps, sampling_interval, truncated_entropy, truncated_entropy_and_gradient,
    };
    #[pymodule_export]
    use crate::information::{
        ksg_conditional, ksg_conditional_test, ksg_information, ksg_test, local_nonuniformity, mesner_shalizi,
        mixed_ksg, ross,
    };
    #[pymodule_export]
    use crate::neighbors::{count_neighbors, nearest_neighbors};
    #[pymodule_export]
    use crate::series::{
        information_storage, information_storage_samples, transfer_entropy, transfer_entropy_samples,
        transfer_entropy_scan, transfer_entropy_test,
    };
    #[pymodule_export]
    use crate::significance::{autocorrelation, significance, surrogate_orders};
    #[pymodule_export]
    use crate::threads::available_threads;
    #[pymodule_export]
    use crate::version;
}
