//! What passed between suite and server.
//!
//! | file | what it is |
//! |---|---|
//! | `octets` | octets as text: escaped, in hex; searched and replaced |
//! | `output` | what the server prints |
//! | `transcript` | the record of what a check sent and received |
//! | `reply` | what a server answered |
//! | `read` | how a reply is read from octets |

pub mod octets;
pub mod output;
pub(crate) mod read;
pub mod reply;
pub mod transcript;
