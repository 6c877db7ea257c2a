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
        match percent_decode_str(&request.target.path).eq(b"/form".iter().copied()) {
            true => self.form.call(request).await,
            false => self.files.call(request).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Body, Headers, Target, Version};

    #[test]
    fn the_form_has_one_address_however_it_is_encoded() {
        let site = Site { form: Form, files: Files::built_in() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for (path, expected) in [
            ("/form", "GET, HEAD, POST, OPTIONS"),
            ("/%66orm", "GET, HEAD, POST, OPTIONS"),
            ("/form/", "GET, HEAD, OPTIONS"),
            ("/Form", "GET, HEAD, OPTIONS"),
            ("/", "GET, HEAD, OPTIONS"),
        ] {
            let request = Request {
                method: "OPTIONS".into(),
                target: Target { path: path.into(), query: None, authority: String::new() },
                version: Version::Http11,
                headers: Headers::default(),
                body: Body::Empty,
                remote: ([127, 0, 0, 1], 1).into(),
                local: ([127, 0, 0, 1], 2).into(),
            };
            let response = runtime.block_on(site.call(request));
            assert_eq!(response.headers.get("Allow"), Some(expected.as_bytes()), "{path}");
        }
    }
}
