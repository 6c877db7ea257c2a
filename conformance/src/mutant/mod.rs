//! A server with one lie: what a check must catch to be worth running.
//!
//! | file | what it is |
//! |---|---|
//! | `lie` | one plausible lie, and how a check says it |
//! | `answers` | what mutants with a mind of their own share |
//! | `naive` | servers as many begin, which run no programs |
//! | `running` | a mutant at work |

mod answers;
mod lie;
pub mod naive;
mod running;

pub use answers::{
    BAD_REQUEST, NOT_FOUND, OK, answer_by_reads, decodes_heads, next_head, next_request, read_once, report,
};
pub use lie::{
    Mutant, gateway, hears, instead_of, keeps, misreads, misreads_request, prints, reads, replies, serves,
};
pub use running::Running;
