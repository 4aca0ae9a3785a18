use crate::Norm;

/// The rule for points exactly at the radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Only points nearer than the radius are within it.
    Open,
    /// Points not farther than the radius are within it.
    Closed,
}

/// Boundaries of the inner and the outer region that are counted around each point.
pub(super) const BOTH: [Boundary; 2] = [Boundary::Open, Boundary::Closed];

impl Boundary {
    #[inline(always)]
    pub(super) fn holds(self, distance: f64, radius: f64) -> bool {
        match self {
            Self::Open => distance < radius,
            Self::Closed => distance <= radius,
        }
    }
}

/// A ball, described by the keys of the points within.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ball {
    pub(super) boundary: Boundary,
    pub(super) radius: f64,
    /// The largest key within.
    pub(super) limit: f64,
    /// True if keys determine which points are within, that is, if no key in question overflows or
    /// underflows.
    pub(super) safe: bool,
}

impl Ball {
    pub(super) fn new(norm: Norm, boundary: Boundary, radius: f64) -> Self {
        let holds = |distance| boundary.holds(distance, radius);
        let (limit, safe) = match norm {
            // No point is within, which also covers a radius of NaN.
            _ if !holds(0.0) => (-1.0, true),
            _ if holds(f64::INFINITY) => (f64::INFINITY, true),
            Norm::L2 if radius > 1e-140 && radius < 1e150 => {
                // The square is rounded, so move to the last number whose root is within.
                let mut limit = radius * radius;
                while !holds(limit.sqrt()) {
                    limit = limit.next_down();
                }
                while holds(limit.next_up().sqrt()) {
                    limit = limit.next_up();
                }
                (limit, true)
            }
            Norm::L2 if radius <= 1e-140 => (1e-278, false),
            Norm::L2 => (f64::INFINITY, false),
            Norm::L1 | Norm::LInf if holds(radius) => (radius, true),
            Norm::L1 | Norm::LInf => (radius.next_down(), true),
        };
        Self { boundary, radius, limit, safe }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_the_largest_key_within() {
        for radius in [0.1, 1.0 / 3.0, 1.0, 2.0_f64.sqrt(), 1e-100, 1e100] {
            for boundary in [Boundary::Open, Boundary::Closed] {
                let ball = Ball::new(Norm::L2, boundary, radius);
                assert!(ball.safe);
                assert!(boundary.holds(ball.limit.sqrt(), radius));
                assert!(!boundary.holds(ball.limit.next_up().sqrt(), radius));
            }
        }
    }

    #[test]
    fn invalid_radii_contain_no_points() {
        for norm in [Norm::L1, Norm::L2, Norm::LInf] {
            for radius in [f64::NAN, -1.0, f64::NEG_INFINITY] {
                assert!(Ball::new(norm, Boundary::Closed, radius).limit < 0.0);
            }
            assert!(Ball::new(norm, Boundary::Open, 0.0).limit < 0.0);
            assert!(Ball::new(norm, Boundary::Closed, f64::INFINITY).limit.is_infinite());
        }
    }
}
