//! A run: getting to know a server, then its checks.

pub mod profile;
pub mod proof;
pub mod reference;
pub mod runner;
pub mod scout;
pub mod turn;
