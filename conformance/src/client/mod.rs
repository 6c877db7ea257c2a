//! What a check can do: a check's hands, which record everything.
//!
//! | file | what it is |
//! |---|---|
//! | `random` | random choices that a seed reproduces |
//! | `capability` | what a server offers |
//! | `context` | what all checks of a run share |
//! | `asked` | what hosted programs were asked to do, in words |
//! | `tally` | how much the server was sent |
//! | `call` | a request for a hosted program |
//! | `connection` | one connection to the server |
//! | `hands` | the client: exact octets out, every answer named |
//! | `twin` | a request that is accepted, and what differs from it by one edit |
//! | `each` | one rule in several spellings: all that fail are reported together |
//! | `delivery` | one message, in every way in which it may arrive |
//! | `upload` | requests with content, and where they end for the server |
//! | `hosted` | scripts and applications, asked in the same words |
//! | `browser` | how a browser submits a form |
//! | `printed` | what the server prints |
//! | `property` | checks of many cases |

mod asked;
pub mod browser;
pub mod call;
pub mod capability;
pub mod connection;
pub mod context;
mod delivery;
mod each;
mod hands;
pub mod hosted;
pub mod printed;
pub mod property;
pub mod random;
pub mod tally;
pub mod twin;
pub mod upload;

pub use hands::Client;
