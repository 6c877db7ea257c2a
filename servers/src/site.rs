//! The site that every server shows: the form at `/form`, files everywhere else.

use percent_encoding::percent_decode_str;

use crate::application::Application;
use crate::files::Files;
use crate::form::Form;
use crate::message::{Request, Response};

/// A form and the files around it.
#[derive(Debug)]
pub struct Site {
    /// Answers at `/form`.
    pub form: Form,
    /// Answer at every other address.
    pub files: Files,
}

impl Application for Site {
    async fn call(&self, request: Request) -> Response {
        // `/%66orm` is the same address (RFC 3986 6.2.2.2).
        if percent_decode_str(&request.target.path).eq(b"/form".iter().copied()) {
            self.form.call(request).await
        } else {
            self.files.call(request).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, request};

    #[test]
    fn the_form_has_one_address_however_it_is_encoded() {
        let site = Site { form: Form, files: Files::built_in(crate::simple::PAGES) };
        for (path, expected) in [
            ("/form", "GET, HEAD, POST, OPTIONS"),
            ("/%66orm", "GET, HEAD, POST, OPTIONS"),
            ("/form/", "GET, HEAD, OPTIONS"),
            ("/Form", "GET, HEAD, OPTIONS"),
            ("/", "GET, HEAD, OPTIONS"),
        ] {
            let answer = answer(&site, request("OPTIONS", path, &[], b""));
            assert_eq!(answer.field("Allow"), Some(expected), "{path}");
        }
    }
}
