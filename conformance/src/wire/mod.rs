//! What passed between suite and server.

pub mod octets;
pub mod output;
pub mod reply;
pub mod transcript;
