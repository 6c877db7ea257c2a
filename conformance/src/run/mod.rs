//! A run: first the suite gets to know the server, then it runs the checks.

mod again;
mod examiner;
mod late;
pub mod names;
pub mod profile;
pub mod proof;
pub mod recipe;
pub mod reference;
pub mod runner;
pub mod scout;
pub mod turn;
mod world;
