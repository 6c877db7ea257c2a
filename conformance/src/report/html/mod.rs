//! The report as a page: one file that needs no network, and no script to be read.

mod causes;
mod chapters;
mod check;
mod conversation;
mod filter;
mod frame;
mod handbook;
mod kind;
mod octets;
mod summary;
mod visible;

pub(super) use handbook::handbook;
use maud::html;

use crate::report::data::Report;
use crate::report::printable::printable;

/// The page. What the profile hides is not in it.
pub(super) fn render(report: &Report) -> String {
    let report = &visible::visible(report);
    let title = format!("{}: {}", printable(&report.setup.profile), printable(&report.setup.server));
    let main = html! {
        (summary::summary(report))
        (causes::causes(report))
        (filter::filter(report))
        (chapters::chapters(report))
    };
    frame::document(&title, &summary::heading(report), &main)
}
