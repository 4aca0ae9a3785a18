//! What the library promises, seen from outside.

mod parity;
