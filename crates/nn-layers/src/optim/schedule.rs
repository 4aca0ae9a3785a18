use std::f64::consts::PI;

/// A learning rate as a function of the step, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// A constant rate.
    Constant(f64),
    /// Rises from `peak / 25` to `peak` over the first 30 % of `steps`, then falls to
    /// `peak / 250 000`, both along half a cosine (Smith and Topin, 2019). The constants are those
    /// of PyTorch's `OneCycleLR`.
    OneCycle {
        /// The maximum rate.
        peak: f64,
        /// Number of steps.
        steps: usize,
    },
    /// Falls from `peak` to 0 along half a cosine (Loshchilov and Hutter, ICLR 2017).
    Cosine {
        /// The initial rate.
        peak: f64,
        /// Number of steps.
        steps: usize,
    },
    /// Multiplies the rate by `factor` every `every` steps.
    Step {
        /// The initial rate.
        peak: f64,
        /// The factor.
        factor: f64,
        /// Number of steps between multiplications, at least 1.
        every: usize,
    },
}

impl Schedule {
    /// Returns the rate of a step. After the end of a schedule the rate stays constant.
    pub fn at(self, step: usize) -> f64 {
        match self {
            Self::Constant(rate) => rate,
            Self::OneCycle { peak, steps } => {
                let last = steps.saturating_sub(1) as f64;
                let top = 0.3 * steps as f64 - 1.0;
                let step = (step as f64).min(last);
                if step <= top {
                    cosine(peak / 25.0, peak, step / top)
                } else {
                    cosine(peak, peak / 250_000.0, (step - top) / (last - top))
                }
            }
            Self::Cosine { peak, steps } => cosine(peak, 0.0, step.min(steps) as f64 / steps.max(1) as f64),
            Self::Step { peak, factor, every } => peak * factor.powf((step / every.max(1)) as f64),
        }
    }
}

/// Interpolates from `start` to `end` along half a cosine, as `t` goes from 0 to 1.
fn cosine(start: f64, end: f64, t: f64) -> f64 {
    // With a single step `t` is 0 / 0.
    let t = if t.is_nan() { 0.0 } else { t };
    end + (start - end) / 2.0 * (1.0 + (PI * t).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn one_cycle_matches_pytorch() {
        // torch 2.15: OneCycleLR(optimizer, max_lr=1e-3, total_steps=20), `get_last_lr()` before
        // each step.
        let expected = PYTORCH_ONE_CYCLE;
        let schedule = Schedule::OneCycle { peak: 1e-3, steps: 20 };
        for (step, &rate) in expected.iter().enumerate() {
            assert_relative_eq!(schedule.at(step), rate, max_relative = 1e-12);
        }
        assert_eq!(schedule.at(1000), schedule.at(19));
    }

    #[test]
    fn schedules_are_finite_and_nonnegative_for_any_length() {
        for steps in 0..12 {
            for step in 0..20 {
                for schedule in [
                    Schedule::OneCycle { peak: 1.0, steps },
                    Schedule::Cosine { peak: 1.0, steps },
                    Schedule::Step { peak: 1.0, factor: 0.5, every: steps },
                ] {
                    let rate = schedule.at(step);
                    assert!((0.0..=1.0).contains(&rate), "{schedule:?} at {step}: {rate}");
                }
            }
        }
    }

    #[test]
    fn cosine_and_step_schedules() {
        let cosine = Schedule::Cosine { peak: 2.0, steps: 10 };
        assert_relative_eq!(cosine.at(5), 1.0, max_relative = 1e-15);
        assert_eq!((cosine.at(0), cosine.at(10), cosine.at(11)), (2.0, 0.0, 0.0));
        let steps = Schedule::Step { peak: 8.0, factor: 0.5, every: 3 };
        assert_eq!([0, 2, 3, 6].map(|step| steps.at(step)), [8.0, 8.0, 4.0, 2.0]);
    }

    const PYTORCH_ONE_CYCLE: [f64; 20] = [
        3.9999999999999996e-05,
        0.0001316718427000252,
        0.0003716718427000253,
        0.0006683281572999747,
        0.0009083281572999747,
        0.001,
        0.0009874640062350875,
        0.0009504846320134736,
        0.0008909161775710499,
        0.000811745653949763,
        0.0007169430017913008,
        0.0006112620219362892,
        0.0005000019999999999,
        0.00038874197806371076,
        0.0002830609982086992,
        0.00018825834605023698,
        0.00010908782242895002,
        4.9519367986526286e-05,
        1.2539993764912554e-05,
        4e-09,
    ];
}
