//! A run: first the suite gets to know the server, then it runs the checks.

mod again;
mod death;
mod examiner;
mod itself;
mod late;
pub mod lessons;
mod life;
pub mod names;
mod pairing;
pub mod profile;
pub mod proof;
mod reading;
pub mod recipe;
pub mod reference;
mod regain;
pub mod runner;
pub mod scout;
mod spot;
pub mod turn;
mod world;

pub use reading::ProfileError;
