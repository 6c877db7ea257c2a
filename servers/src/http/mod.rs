//! HTTP/1.1 on a TCP connection: from bytes to a request, and from a response to bytes.
//!
//! A request's way through the folder is a straight line, and so is the reading order:
//!
//! | step | file | RFC |
//! |---|---|---|
//! | one line of a message, or the refusal of it | `lines` | 9112 2.2, 5 |
//! | which characters are allowed where | `characters` | 9110 5.6 |
//! | the head of a request, or its refusal | `parse` | 9112 2, 3, 5 |
//! | where the content ends, and the content | `framing` | 9112 6, 7 |
//! | the head of a response | `encode` | 9112 4, 6 |
//! | reading from the client, within limits | `inbound` | 9112 9.6 |
//! | content on its way to the application | `intake` | 9112 9.3 |
//! | writing to the client | `outbound` | |
//! | one connection: read, call, write, go on or close | `connection` | 9112 9 |
//! | listen, accept, stop | `server` | |
//! | who makes room when all places are taken | `crowd` | 9112 9.5 |
//! | how much of everything a client may have | `limits` | |
//! | how long a client is waited for, and how slowly content may come | `patience` | 9112 9.5 |
//! | a deadline that moves | `timer` | |
//! | the bytes of a connection, shown | `trace` | |
//!
//! What is there "for speed only" says so: without it the folder would do the same. A "check" is one of the suite that
//! holds the server to the rule beside it: `conformance explain NAME` shows it.

mod characters;
mod connection;
mod crowd;
mod encode;
mod framing;
#[cfg(fuzzing)]
#[path = "../../fuzz/properties/http.rs"]
pub mod fuzzing;
mod inbound;
mod intake;
mod limits;
mod lines;
mod outbound;
mod parse;
mod patience;
mod server;
mod timer;
mod trace;

pub(crate) use characters::{has_whole_escapes, is_reg_name};
pub use limits::Limits;
pub(crate) use lines::field;
pub use server::{Config, Server, stop_signal};
pub(crate) use timer::Timer;
pub use trace::{Seen, Watch};
