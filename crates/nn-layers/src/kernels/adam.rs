//! Adam's update rule for one parameter.

use super::element::Element;
use super::share::each_part;
use super::simd::Kernel;

/// The constants of a step, shared by all entries of a parameter.
#[derive(Debug, Clone, Copy)]
#[expect(unnameable_types, reason = "it seals the trait of which it is part")]
pub struct AdamStep<F> {
    pub(crate) beta1: F,
    pub(crate) beta2: F,
    pub(crate) one_minus_beta1: F,
    pub(crate) one_minus_beta2: F,
    /// Factor of the parameter that L2 decay adds to the gradient.
    pub(crate) l2: F,
    /// Factor of the parameter that remains after decoupled decay.
    pub(crate) keep: F,
    pub(crate) rate: F,
    /// Factor that scales the root of the second moment.
    pub(crate) root: F,
    pub(crate) eps: F,
}

/// Number of entries that one thread processes at a time.
const BLOCK: usize = 1 << 15;

/// Updates a parameter `x` and its moments `m` and `v` with its gradient `g`, in one pass over the
/// memory of all four.
pub(super) fn adam<F: Element>(step: AdamStep<F>, x: &mut [F], [m, v]: [&mut [F]; 2], g: &[F]) {
    let moments = m.chunks_mut(BLOCK).zip(v.chunks_mut(BLOCK));
    let blocks = x.chunks_mut(BLOCK).zip(moments).zip(g.chunks(BLOCK));
    each_part(blocks, |((x, (m, v)), g)| F::run(Update { step, x, m, v, g }));
}

struct Update<'a, F> {
    step: AdamStep<F>,
    x: &'a mut [F],
    m: &'a mut [F],
    v: &'a mut [F],
    g: &'a [F],
}

impl<F: Element> Kernel for Update<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { step, x, m, v, g } = self;
        let AdamStep { beta1, beta2, one_minus_beta1, one_minus_beta2, l2, keep, rate, root, eps } = step;
        // The moments of parameters that no longer get a gradient decay forever. CPUs are slow on
        // subnormal numbers.
        let normal = |x: F| if x.abs() < F::min_positive_value() { F::zero() } else { x };
        for (((x, m), v), &g) in x.iter_mut().zip(m).zip(v).zip(g) {
            let g = g + l2 * *x;
            *m = normal(beta1 * *m + one_minus_beta1 * g);
            *v = normal(beta2 * *v + one_minus_beta2 * g * g);
            *x = keep * *x - rate * *m / (v.sqrt() * root + eps);
        }
    }
}
