//! One connection to the server.
//!
//! | file | what it is |
//! |---|---|
//! | `reader` | what comes, read in a thread of its own |
//! | `stream` | exact octets out, answers in, with limits on every wait |
//! | `expect` | what a connection must do: close, stay quiet, go on |
//! | `unread` | what the server has still to read, as the system sees it |
//! | `hosted` | what it must do while a hosted program is at work |
//! | `tap` | somebody else's client on the connection |

mod expect;
mod hosted;
mod reader;
mod stream;
mod tap;
mod unread;

pub use expect::NO_SURPLUS;
pub use stream::Connection;
