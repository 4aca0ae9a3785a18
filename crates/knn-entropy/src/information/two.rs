//! The second algorithm of Kraskov, Stoegbauer and Grassberger. Each block has its own radius,
//! given by the smallest rectangle that contains the k neighbors.

use rayon::prelude::*;
use statrs::function::gamma::digamma;

use super::blocks::{Blocks, Space};
use super::counting::{Local, Sum, finite_radii, one_radius};
use crate::settings::Settings;
use crate::settings::window::digamma_of_usable;
use crate::{Error, Metric, Result, Samples};

/// Returns the local values, and true if any row coincides with another. Rows without ties use
/// rectangles, and other rows use [`one_radius`].
pub(super) fn local_values(blocks: &Blocks<'_>, sum: Sum, settings: &Settings<'_>) -> Result<(Local, bool)> {
    let (n, k, window) = (blocks.rows(), settings.k, settings.window);
    if k == 0 {
        return Err(Error::ZeroK);
    }
    let all: Vec<usize> = (0..blocks.count()).collect();
    let joint = blocks.space(&all)?;
    // One additional neighbor, if every row has one, shows whether the k-th is tied.
    let more = k.saturating_add(1).min(n.saturating_sub(window.saturating_mul(2).saturating_add(1))).max(k);
    let neighbors = settings.search.among(&joint.samples, more, joint.metric(), window)?;
    let radii = finite_radii(&neighbors, k)?;
    let spaces = all.iter().map(|&block| blocks.space(&[block])).collect::<Result<Vec<_>>>()?;
    let errors: Vec<f64> = all.iter().map(|&block| blocks.rounding_error(&[block])).collect();
    // Distances around a circle require coordinates between 0 and the period.
    let metrics: Vec<Metric<'_>> = spaces.iter().map(Space::metric).collect();
    let points: Vec<Samples<'_>> =
        metrics.iter().zip(&spaces).map(|(metric, space)| metric.normalized(&space.samples)).collect();
    let distance =
        |block: usize, i: usize, j: usize| metrics[block].distance(points[block].point(i), points[block].point(j));
    let reach = |block: usize, i: usize| {
        neighbors.indices.row(i).iter().take(k).map(|&j| distance(block, i, j)).fold(0.0, f64::max)
    };
    let of_rows = |reach: &(dyn Fn(usize) -> f64 + Sync)| -> Vec<f64> {
        (0..n).into_par_iter().with_min_len(1024).map(reach).collect()
    };
    let reaches: Vec<Vec<f64>> = all.iter().map(|&block| of_rows(&|i| reach(block, i))).collect();
    let outer: Vec<Vec<f64>> =
        reaches.iter().zip(&errors).map(|(reach, error)| reach.iter().map(|r| r + error).collect()).collect();
    let as_near = |i: usize, j: usize| all.iter().all(|&block| distance(block, i, j) <= radii[i] + errors[block]);
    let mut tied: Vec<bool> = (0..n).map(|i| more > k && as_near(i, neighbors.indices[[i, k]])).collect();
    let mut counts: Vec<Vec<usize>> = Vec::new();
    for block in &all {
        let inner: Vec<f64> = reaches[*block].iter().map(|r| r - errors[*block]).collect();
        let space = &spaces[*block];
        let shells = settings.search.count_shells(&space.samples, &inner, &outer[*block], space.metric(), window)?;
        for (tied, (shell, reach)) in tied.iter_mut().zip(shells.iter().zip(&reaches[*block])) {
            *tied |= shell.1 - shell.0 > 1 || *reach <= errors[*block];
        }
        counts.push(shells.into_iter().map(|shell| shell.1).collect());
    }
    let subspaces = sum.subspaces(all.len());
    let within = |which: &Vec<usize>| match which[..] {
        [block] => Ok(counts[block].clone()),
        _ => {
            let radii: Vec<Vec<f64>> = which.iter().map(|&block| outer[block].clone()).collect();
            Ok(blocks.space(which)?.closed(&radii, window))
        }
    };
    let counts = subspaces.iter().map(within).collect::<Result<Vec<_>>>()?;
    // The first algorithm provides the values of rows with ties and the facts for warnings.
    let mut local = one_radius(blocks, sum, settings, &radii)?;
    let of_all = digamma_of_usable(window, n);
    let psi = |count: usize| digamma(count as f64);
    let (of_k, share) = (psi(k), 1.0 / k as f64);
    for i in (0..n).filter(|&i| !tied[i] && !local.tied[i]) {
        local.values[i] = match (sum, &counts[..]) {
            (Sum::Given, [z, xz, yz]) => {
                let [xz, yz] = [xz, yz].map(|counts| psi(counts[i]) - 1.0 / counts[i] as f64);
                of_k - 2.0 * share + psi(z[i]) - xz - yz
            }
            _ => {
                let others = all.len() as f64 - 1.0;
                of_k + others * (of_all(i) - share) - counts.iter().map(|counts| psi(counts[i])).sum::<f64>()
            }
        };
    }
    Ok((local, neighbors.any_coincide()))
}
