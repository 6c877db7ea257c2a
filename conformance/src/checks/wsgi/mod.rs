//! Applications in Python: PEP 3333.

pub mod environ;
pub mod errors;
pub mod fields;
pub mod file_wrapper;
pub mod head;
pub mod input;
pub mod length;
pub mod life;
pub mod load;
pub mod process;
pub mod response;
pub mod start_response;
pub mod stream;
pub mod variables;
