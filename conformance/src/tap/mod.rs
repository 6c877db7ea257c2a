//! What passes between any client and any server, seen from a place in between, and shown so that a room can read it.
//!
//! | file | what it is |
//! |---|---|
//! | `event` | what happens on a connection, and the file that keeps it |
//! | `head` | what a head says about what comes after it |
//! | `message` | octets to the parts of messages, as they come, both ways of a connection |
//! | `content` | how much of some content is shown, and the fields of a form |
//! | `sends` | which forms were sent, and what follows them |
//! | `line` | a line of the view: who, what, and in which paint |
//! | `text` | a line of a message in pieces, each with its paint |
//! | `annotate` | events to lines |
//! | `terminal` | lines for a terminal |
//! | `relay` | connections passed on, octet for octet, and reported |
//! | `replay` | the requests of a file, sent again |
//! | `page` | the lines as a page that goes on as they come |
//!
//! All but the last three do no I/O.

mod annotate;
mod content;
mod event;
mod head;
mod line;
mod message;
mod page;
mod relay;
mod replay;
mod sends;
mod terminal;
mod text;

pub use annotate::Annotator;
pub use event::{Event, Side, What, from_lines, to_line};
pub use line::{Line, Paint};
pub use page::Page;
pub use relay::{Recorder, Reports, recorder, relay};
pub use replay::{Answered, Conversation, Request, conversations, send_again};
pub use terminal::render;
