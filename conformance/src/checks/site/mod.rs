//! What a site serves: files and a form.

pub mod changes;
pub mod conditional;
pub mod delivery;
pub mod files;
pub mod form;
pub mod log;
pub mod multipart;
pub mod parts;
pub mod range;
pub mod urlencoded;
