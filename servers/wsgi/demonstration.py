"""A web application without a framework: one function that the server calls for each request (PEP 3333).

  - environ is a dictionary that says what was asked for: REQUEST_METHOD, PATH_INFO, QUERY_STRING, the header
    fields as HTTP_..., and the content, to be read from environ["wsgi.input"].
  - start_response is a function, to be called with the status and the header fields of the answer.
  - What is returned is the content of the answer: bytes, in one block or in several.
"""
import html
import json
import os
import time

import form

HERE = os.path.dirname(os.path.abspath(__file__))
FORM_TYPES = "application/x-www-form-urlencoded, multipart/form-data, text/plain"
# How much of a value is shown, on the page and in the log, and how many fields are in the log.
SHOWN, LOGGED, LINES = 10_000, 200, 200


class Refused(Exception):
    """The answer is this status, and a sentence that says why."""

    def __init__(self, status, sentence, *headers):
        super().__init__(sentence)
        self.status = status
        self.headers = list(headers)


def application(environ, start_response):
    # The path has been decoded, each octet to one character, as is everything in environ.
    answer = ROUTES.get(environ["PATH_INFO"])
    try:
        if answer is None:
            raise Refused("404 Not Found", "There is nothing at this address.")
        return answer(environ, start_response)
    except Refused as refused:
        return page(start_response, f"<p>{html.escape(str(refused))}</p>", refused.status, refused.headers)


def page(start_response, content, status="200 OK", headers=()):
    """A page for a person, in one block."""
    title = html.escape(status.partition(" ")[2]) if status != "200 OK" else "A WSGI application"
    text = (f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
            '<meta name="viewport" content="width=device-width">\n'
            f'<link rel="stylesheet" href="/style.css">\n<h1>{title}</h1>\n{content}\n'
            '<p><a href="/">Back to the form</a></p>\n</html>\n').encode()
    start_response(status, [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(text))),
                            *headers])
    return [text]


def file(name, media_type):
    """An answer that is a file beside this one."""
    def answer(environ, start_response):
        allow(environ, "GET, HEAD, OPTIONS")
        opened = open(os.path.join(HERE, name), "rb")
        start_response("200 OK", [("Content-Type", media_type)])
        # Reads the file block by block, and closes it in any case.
        return environ["wsgi.file_wrapper"](opened)
    return answer


def allow(environ, methods):
    """Refuses every method but these."""
    method = environ["REQUEST_METHOD"]
    if method == "OPTIONS":
        raise Refused("200 OK", f"This address takes {methods}.", ("Allow", methods))
    if method not in methods.split(", "):
        raise Refused("405 Method Not Allowed", f"This address takes {methods}.", ("Allow", methods))


def answer_form(environ, start_response):
    """Shows what a form sent: as a page, or as JSON if the client asks for it."""
    allow(environ, "GET, HEAD, POST, OPTIONS")
    try:
        fields = submitted(environ)
    except form.Malformed as error:
        raise Refused("400 Bad Request", str(error)) from None
    if len(fields) > form.MAX_FIELDS:
        raise Refused("413 Content Too Large", "This form has too many fields.")
    for field in fields[:LINES]:
        what = f"value {short(field.value)}" if field.filename is None else f"file {short(field.filename)}"
        # What was sent is text, never orders to a terminal: repr escapes control characters.
        print(f"form: name {short(field.name)}, {what}", file=environ["wsgi.errors"])
    if len(fields) > LINES:
        print(f"form: {len(fields) - LINES} more fields, not shown", file=environ["wsgi.errors"])
    source = "body" if environ["REQUEST_METHOD"] == "POST" else "query"
    if not accepts_json(environ):
        return page(start_response, table(source, fields), headers=[("Vary", "Accept")])
    text = json.dumps({"fields": [described(field) for field in fields], "source": source}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text))),
                              ("Vary", "Accept")])
    return [text]


def submitted(environ):
    """The fields of the form, wherever it is."""
    if environ["REQUEST_METHOD"] != "POST":
        return form.urlencoded(environ["QUERY_STRING"].encode("latin-1"))
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Refused("415 Unsupported Media Type", "A form comes here without a content coding.",
                      ("Accept-Encoding", "identity"))
    # This ends where the content does, and no later.
    content = environ["wsgi.input"].read()
    if not content and "CONTENT_TYPE" not in environ:
        return []
    media_type, parameters = form.parameters(environ.get("CONTENT_TYPE", "").encode("latin-1"))
    if media_type == b"application/x-www-form-urlencoded":
        return form.urlencoded(content)
    if media_type == b"multipart/form-data":
        return form.multipart(content, parameters.get(b"boundary"))
    if media_type == b"text/plain":
        return form.plain(content)
    raise Refused("415 Unsupported Media Type", "This is none of the three kinds of form.",
                  ("Accept", FORM_TYPES))


def accepts_json(environ):
    ranges = environ.get("HTTP_ACCEPT", "").split(",")
    return any(one.partition(";")[0].strip().lower() == "application/json" for one in ranges)


def described(field):
    """A field for a program: in hexadecimal digits, nothing is lost."""
    return {
        "name_hex": field.name.hex(),
        "filename_hex": None if field.filename is None else field.filename.hex(),
        "type": None if field.media_type is None else field.media_type.decode("utf-8", "replace"),
        "value_hex": field.value.hex(),
    }


def table(source, fields):
    """The fields for a person."""
    def shown(octets):
        # Text, never markup: without escape, whoever fills in the form could write the page.
        return html.escape((octets or b"")[:SHOWN].decode("utf-8", "replace"))

    place = "query of the address" if source == "query" else "content of the request"
    rows = "".join(
        f"<tr><td>{shown(field.name)}<td><pre>\n{shown(field.value)}</pre><td>{len(field.value)} B"
        f"<td>{shown(field.filename)}<td>{shown(field.media_type)}\n" for field in fields)
    return (f"<p>The form came in the {place}. Number of fields: {len(fields)}.</p>\n"
            f"<table>\n<tr><th>Name<th>Value<th>Size<th>File<th>Type\n{rows}</table>")


def short(octets):
    """A name or value in quotes; its length, if that is not all of it."""
    text = octets[:4 * LOGGED].decode("utf-8", "replace")
    is_all = len(text) <= LOGGED and len(octets) <= 4 * LOGGED
    return repr(text[:LOGGED]) + ("" if is_all else f"... ({len(octets)} octets)")


def answer_environ(environ, start_response):
    """All that the server gives an application."""
    lines = "".join(f"{name} = {value!r}\n" for name, value in sorted(environ.items()))
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [lines.encode()]


def answer_slow(environ, start_response):
    """A line a second: a function with yield returns its content bit by bit, and each goes out at once."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    for number in range(1, 6):
        yield f"Line {number} of 5\n".encode()
        time.sleep(1)


visits = 0


def answer_count(environ, start_response):
    """A variable lives in one process, and there are several: a shared number belongs in a database."""
    global visits
    visits += 1
    return page(start_response, f"<p>Process {os.getpid()} has counted {visits}. Reload the page.</p>")


def answer_crash(environ, start_response):
    """A mistake costs one answer; the log says which mistake."""
    return page(start_response, environ["NO_SUCH_VARIABLE"])


ROUTES = {
    "/": file("index.html", "text/html; charset=utf-8"),
    "/style.css": file("style.css", "text/css; charset=utf-8"),
    "/form": answer_form,
    "/environ": answer_environ,
    "/slow": answer_slow,
    "/count": answer_count,
    "/crash": answer_crash,
}
