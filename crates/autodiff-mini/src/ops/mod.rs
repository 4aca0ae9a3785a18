//! Every operation is a method of [`Var`](crate::Var) made through
//! [`Tape::custom`](crate::Tape::custom), its gradient beside its value. One file, one family.

mod arithmetic;
mod broadcast;
mod elementary;
mod matmul;
mod reduce;
mod shape;
