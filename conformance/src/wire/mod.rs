//! What passed between suite and server.

pub mod octets;
pub mod output;
pub(crate) mod read;
pub mod reply;
pub mod transcript;
