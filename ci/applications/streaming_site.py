"""An application without a framework, which streams in both directions."""

import hashlib


def application(environ, start_response):
    answer = PATHS.get(environ["PATH_INFO"])
    if answer is None:
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return []
    return answer(environ, start_response)


def upload(environ, start_response):
    """The digest of what has come so far, a line for every 64 KiB, while the rest is still on its way."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    digest = hashlib.sha256()
    while block := environ["wsgi.input"].read(64 * 1024):
        digest.update(block)
        yield digest.hexdigest().encode() + b"\n"


def lines(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return sum(1 for _ in environ["wsgi.input"]).to_bytes(4, "big"),


def stream(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return (bytes([number % 251]) * 4096 for number in range(1280))


def written(environ, start_response):
    """With the callable that start_response returns, as applications older than WSGI do."""
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(100):
        write(b"line %d\n" % number)
    return [b"the end\n"]


def file(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/x-python")])
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 100)


def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<p>No framework</p>\n"]


PATHS = {
    "/": page,
    "/upload": upload,
    "/lines": lines,
    "/stream": stream,
    "/written": written,
    "/file": file,
}
