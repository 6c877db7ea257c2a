//! Submissions and classes: built, run and marked, each in a process and a box of its own.
//!
//! | file | what it is |
//! |---|---|
//! | `walls` | the box: what a submission's processes may use, as far as the machine can enforce it |
//! | `bubble` | a machine of its own for a submission and its worker, where bubblewrap is installed |
//! | `layers` | all that the box consists of, and what of it this machine has |
//! | `order` | what supervisor and worker say to each other |
//! | `watch` | memory, processes and disk of a submission while it is built and while it runs |
//! | `worker` | one submission built and run, in a process that knows nothing of marks and results |
//! | `place` | the folder with all that is a submission's own, and the suite's program |
//! | `copy` | what was handed in, copied to there |
//! | `supervisor` | the other side: starts workers, and makes a result of however they end |
//! | `origin` | what results come from, and whether others come from the same |
//! | `repeat` | several runs of a submission as one |
//! | `remark` | a stored report under another profile |
//! | `store` | the folder of results |
//! | `roster` | who is in the class |
//! | `table` | the marks of a class, and what most of it gets wrong |

pub mod bubble;
mod copy;
mod layers;
mod order;
mod origin;
mod page;
pub mod place;
mod remark;
mod repeat;
mod roster;
mod store;
mod supervisor;
mod table;
pub mod walls;
mod watch;
mod worker;

pub use layers::{Layer, layers};
pub use order::{Order, Word};
pub use origin::Origin;
pub use page::page;
pub use remark::{remark, unknown};
pub use roster::{Roster, Student};
pub use store::{FOLDER, Folder, Kept, folders, keep, keep_origin, kept, names, origin, write};
pub use supervisor::{Graded, Grading, seed};
pub use table::{Row, Table};
pub use worker::work;
