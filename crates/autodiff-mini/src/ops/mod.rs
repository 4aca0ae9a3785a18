//! Operations, as methods of [`Var`](crate::Var). Each is made by
//! [`Tape::custom`](crate::Tape::custom), with its gradient beside its value.

mod arithmetic;
mod broadcast;
mod elementary;
mod matmul;
mod reduce;
mod shape;
