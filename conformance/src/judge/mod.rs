//! What must be: expectations, each with a name, and the failures that they end in.

pub mod application;
pub mod failure;
pub mod files;
pub mod findings;
pub mod form;
pub mod lint;
pub mod output;
pub mod reply;
pub mod script;
pub mod surroundings;
