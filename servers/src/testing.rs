//! What the tests of the applications share: a request without a connection, and its answer.

use std::io;

use bytes::Bytes;

use crate::application::Application;
use crate::message::{Body, Headers, Request, Target, Version};

/// A request as the server hands it to an application.
pub(crate) fn request(method: &str, target: &str, fields: &[(&str, &str)], content: &[u8]) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut headers = Headers::default();
    fields.iter().for_each(|(name, value)| headers.push(name.to_string(), value.to_string()));
    Request {
        method: method.to_owned(),
        target: Target {
            path: path.into(),
            query: query.map(str::to_owned),
            authority: "evil.example".into(),
        },
        version: Version::Http11,
        headers,
        body: Body::Full(Bytes::copy_from_slice(content)),
        remote: ([127, 0, 0, 1], 1).into(),
        local: ([127, 0, 0, 1], 2).into(),
    }
}

/// A response, its content read to the end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) content: Vec<u8>,
    /// The length that was announced.
    pub(crate) length: Option<u64>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| std::str::from_utf8(value).expect("our fields are text"))
    }
}

/// The answer of an application, without a server around it.
pub(crate) fn answer(application: &impl Application, request: Request) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(answered(application, request)).expect("the content is complete")
}

/// The same, in a runtime that goes on. An error if the content breaks off.
pub(crate) async fn answered(application: &impl Application, request: Request) -> io::Result<Answer> {
    let mut response = application.call(request).await;
    let (mut content, length) = (Vec::new(), response.body.length());
    while let Some(block) = response.body.next().await {
        content.extend_from_slice(&block?);
    }
    Ok(Answer { status: response.status, headers: response.headers, content, length })
}
