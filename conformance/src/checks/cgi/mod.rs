//! Scripts: RFC 3875.

pub mod body;
pub mod command_line;
pub mod document;
pub mod fields;
pub mod life;
pub mod load;
pub mod malformed;
pub mod nph;
pub mod path;
pub mod process;
pub mod redirect;
pub mod security;
pub mod variables;
