//! The report as a page: one file that needs no network, and no script to be read.

mod causes;
mod chapters;
mod check;
mod conversation;
pub(super) mod filter;
pub(crate) mod frame;
mod handbook;
mod kind;
pub(crate) mod octets;
mod summary;
pub(crate) mod table;

pub(super) use handbook::handbook;
use maud::html;

use crate::report::data::Report;
use crate::report::printable::printable;
use crate::report::visible::visible;

/// The page. What the profile hides is not in it.
pub(super) fn render(report: &Report) -> String {
    let report = &visible(report);
    let title = format!("{}: {}", printable(&report.setup.profile), printable(&report.setup.server));
    let main = html! {
        (summary::summary(report))
        (causes::causes(report))
        (filter::filter(report))
        (chapters::chapters(report))
    };
    frame::document(&title, &summary::heading(report), &main)
}
