//! Macros that turn a metric, known at run time, into a geometry known at compile time.

/// Runs an expression with the geometry of a norm in any dimension.
macro_rules! with_norm {
    ($norm:expr, |$geometry:ident| $body:expr) => {{
        use $crate::geometry::{Largest, Plain, SumOfSizes, SumOfSquares};
        match $norm {
            $crate::Norm::L1 => {
                let $geometry = Plain::<SumOfSizes, 0>::new();
                $body
            }
            $crate::Norm::L2 => {
                let $geometry = Plain::<SumOfSquares, 0>::new();
                $body
            }
            $crate::Norm::LInf => {
                let $geometry = Plain::<Largest, 0>::new();
                $body
            }
        }
    }};
}

/// Runs an expression with the geometry of a norm on a torus.
macro_rules! with_periods {
    ($norm:expr, $periods:expr, |$geometry:ident| $body:expr) => {{
        use $crate::geometry::{Largest, Periodic, SumOfSizes, SumOfSquares};
        match $norm {
            $crate::Norm::L1 => {
                let $geometry = Periodic::<SumOfSizes>::new($periods);
                $body
            }
            $crate::Norm::L2 => {
                let $geometry = Periodic::<SumOfSquares>::new($periods);
                $body
            }
            $crate::Norm::LInf => {
                let $geometry = Periodic::<Largest>::new($periods);
                $body
            }
        }
    }};
}

/// Runs an expression with the geometry of a metric in `d` dimensions.
macro_rules! with_geometry {
    ($metric:expr, $d:expr, |$geometry:ident| $body:expr) => {{
        #[allow(unused_imports, reason = "the body may use its functions")]
        use $crate::geometry::Geometry as _;
        use $crate::geometry::{Blocks, Largest, Plain, SumOfSquares};
        use $crate::metric::{with_norm, with_periods};
        match ($metric, $d) {
            ($crate::Metric::Norm($crate::Norm::L2), 2) => {
                let $geometry = Plain::<SumOfSquares, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 3) => {
                let $geometry = Plain::<SumOfSquares, 3>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 4) => {
                let $geometry = Plain::<SumOfSquares, 4>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 2) => {
                let $geometry = Plain::<Largest, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 3) => {
                let $geometry = Plain::<Largest, 3>::new();
                $body
            }
            ($crate::Metric::Norm(norm), _) => with_norm!(norm, |$geometry| $body),
            ($crate::Metric::Torus(norm, periods), _) => with_periods!(norm, periods, |$geometry| $body),
            ($crate::Metric::Blocks(norm, widths), _) => with_norm!(norm, |inner| {
                let $geometry = Blocks::new(widths, inner);
                $body
            }),
            ($crate::Metric::TorusBlocks(norm, widths, periods), _) => with_periods!(norm, periods, |inner| {
                let $geometry = Blocks::new(widths, inner);
                $body
            }),
        }
    }};
}

pub(crate) use {with_geometry, with_norm, with_periods};
