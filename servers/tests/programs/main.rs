//! The three servers as programs, seen from outside.

mod end;
mod full;
mod quiet;
mod running;
