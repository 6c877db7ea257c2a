//! The probe: the suite's own program, which a server hosts, which behaves as asked and reports what it saw.
//!
//! It speaks two languages. As a CGI script it is this same binary; as a WSGI application it is a module in Python.
//! The suite asks both for the same [steps](Step), and both report the same [`Seen`].
//!
//! | file | what it is |
//! |---|---|
//! | `language` | CGI or WSGI |
//! | `octets` | octets in a report, their checksum, and a known pattern |
//! | `step` | what the suite can ask for |
//! | `spelling` | how steps are written in a query, and read from it |
//! | `words` | what steps come to, for a reader |
//! | `seen` | what a program saw |
//! | `side` | files by which suite and program talk past the server |
//! | `modules` | the application, in Python |
//! | `around` | how the script looks around |
//! | `form` | the form of the form contract, as a script |
//! | `program` | the script |

mod around;
mod form;
mod language;
mod modules;
mod octets;
mod program;
mod seen;
mod side;
mod spelling;
mod step;
mod words;

pub(crate) use around::signals;
pub use language::Language;
pub use modules::{APPLICATION, MODULES};
pub use octets::{Octets, checksum, pattern};
pub use program::{FORM, NAMES, run};
pub use seen::{Python, Read, Seen, Signals};
pub use side::{SIDE, WAIT_LIMIT, side_file};
pub use spelling::{TOKEN, query, steps_of};
pub use step::{Step, attempt, emit, error, list, mark, ok, pairs, spawn, start, start_anew, wait, write};
pub use words::{deeds, is_dictated, told};
