//! Files, whole or in part, to clients that may have them already.
//!
//! | what | file | RFC |
//! |---|---|---|
//! | the files of a directory, or the pages built into a program | `files` | 9110 9.3 |
//! | the way to a file, and to nothing outside the root | `beneath` | |
//! | small files in memory, as long as they do not change | `cache` | |
//! | whether the client has this version already | `conditional` | 9110 13 |
//! | a part of a file, or several | `range` | 9110 14 |
//! | a file, ready to be sent | `content` | |

mod beneath;
mod cache;
mod conditional;
mod content;
#[expect(clippy::module_inception, reason = "the folder is about files, and so is the first file to read")]
mod files;
#[cfg(fuzzing)]
#[path = "../../fuzz/properties/files.rs"]
pub mod fuzzing;
mod range;

pub(crate) use beneath::descend;
pub(crate) use content::body;
pub use files::{Files, Pages};
pub(crate) use files::{STYLE, decoded};
