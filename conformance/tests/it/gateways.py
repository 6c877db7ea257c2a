"""Servers that host scripts and applications, each with one way that the documents allow, or one that they do not:

    gateways.py WAY PORT CGI_BIN         scripts
    gateways.py WAY PORT MODULE:NAME     an application

A thread for each client, unless WAY says otherwise, and one request on each connection.
"""

import html
import importlib
import io
import os
import socket
import subprocess
import sys
import threading
from urllib.parse import unquote_to_bytes
from wsgiref.handlers import CGIHandler

WAY, PORT, HOSTED = sys.argv[1], int(sys.argv[2]), sys.argv[3]
PAGE = (200, [("Content-Type", "text/plain")], b"a page\n")
REFUSAL = 500 if WAY == "refuses-with-500" else 404


class Refused(Exception):
    """Its argument is the status."""


def read_request(client):
    head = b""
    while b"\r\n\r\n" not in head:
        octets = client.recv(65536)
        if not octets:
            raise ConnectionError("no request")
        head += octets
    head, content = head.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.lower()
        fields[name] = fields[name] + ", " + value.strip() if name in fields else value.strip()
    length = fields.get("content-length", "0")
    length = int(length) if length.isdecimal() else 0
    while len(content) < length:
        octets = client.recv(65536)
        if not octets:
            raise ConnectionError("half a request")
        content += octets
    return method, target, version, fields, content[:length]


def in_lower_case(media_type):
    """All but what is between quotes."""
    parts = media_type.split('"')
    return '"'.join(part if at % 2 else part.lower() for at, part in enumerate(parts))


def environ_of(method, target, version, fields):
    path, _, query = target.partition("?")
    media_type = fields.get("content-type", "")
    environ = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "gateways", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(PORT), "SERVER_PROTOCOL": version, "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": method,
        "QUERY_STRING": query, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "CONTENT_LENGTH": fields.get("content-length", ""),
        "CONTENT_TYPE": in_lower_case(media_type) if WAY == "types-in-lower-case" else media_type,
    }
    own = ("content-length", "content-type", "proxy", "authorization")
    environ.update({"HTTP_" + n.upper().replace("-", "_"): v for n, v in fields.items() if n not in own and "_" not in n})
    return environ


# Scripts


def script(environ, content):
    """Status, fields and content that a script answers with."""
    path = environ["PATH_INFO"]
    if not path.startswith("/cgi-bin/"):
        return PAGE
    if "\0" in path or "/.." in path:
        raise Refused(REFUSAL)
    if WAY == "answers-options-itself" and environ["REQUEST_METHOD"] not in ("GET", "HEAD", "POST"):
        return 204, [("Allow", "GET, HEAD, POST, OPTIONS")], b""
    name, slash, rest = path[len("/cgi-bin/"):].partition("/")
    if name == "dir" and WAY != "no-script-below":
        second, slash, rest = rest.partition("/")
        name += "/" + second
    file = os.path.join(HOSTED.encode(), name.encode("latin-1"))
    if WAY == "sends-programs":
        with open(file, "rb") as program:
            return 200, [("Content-Type", "application/octet-stream")], program.read()
    if not os.access(file, os.X_OK) or os.path.isdir(file) or WAY == "no-path-info" and slash:
        raise Refused(REFUSAL)
    path_info = (slash + rest).encode("latin-1")
    if WAY == "paths-as-utf-8":
        path_info = path_info.decode("utf-8", "replace").encode("utf-8")
    variables = {name: value.encode("latin-1") for name, value in environ.items()}
    variables.update(SCRIPT_NAME=b"/cgi-bin/" + name.encode("latin-1"), PATH_INFO=path_info)
    try:
        process = subprocess.run([file], input=content, env=variables, stdout=subprocess.PIPE,
                                 cwd=os.path.dirname(file))
    except OSError:
        raise Refused(REFUSAL)
    return response(process.stdout)


def response(output):
    if WAY == "knows-only-lf":
        head, end, content = output.partition(b"\n\n")
        lines = head.split(b"\n")
    elif WAY == "knows-only-crlf":
        head, end, content = output.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
    else:
        lines, rest, end = [], output, b""
        while rest and not end:
            line, newline, rest = rest.partition(b"\n")
            if line.rstrip(b"\r"):
                lines.append(line.rstrip(b"\r"))
            else:
                end = newline
        content = rest
    if not end:
        raise Refused(502)
    status, fields = "200", []
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = value.strip()[:3]
        elif name.lower() != "content-length":
            fields.append((name, value.strip()))
    if not (status.isdecimal() and 200 <= int(status) <= 599):
        status = "200"
    if WAY == "moves-what-was-made" and any(name == "Location" for name, _ in fields) and status[0] != "3":
        status = "302"
    if status == "204" and content:
        raise Refused(500)
    return int(status), fields, content


# Applications


def application(environ, content):
    module, _, name = HOSTED.partition(":")
    if WAY == "a-process-for-each-request":
        return in_a_process(environ, content)
    called = getattr(importlib.import_module(module), name)
    if WAY == "tries-for-a-factory":
        try:
            called = called()
        except TypeError:
            pass
    errors = io.StringIO()
    environ.update({
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(content), "wsgi.errors": errors,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    })
    head, written = [], []

    def start_response(status, headers, exc_info=None):
        parts = [status, *(part for header in headers for part in header)]
        is_odd = any(control in part for control in "\r\n\0" for part in parts)
        if is_odd or not all(name.replace("-", "").isalnum() for name, _ in headers):
            raise Refused(status, headers)
        head[:] = [status, headers]
        return written.append

    result = called(environ, start_response)
    try:
        if WAY == "trusts-a-length" and hasattr(result, "__len__"):
            length = sum(len(block) for block in result)
        blocks = b"".join(written) + b"".join(result)
        if WAY == "trusts-a-length" and hasattr(result, "__len__"):
            blocks = blocks[:len(b"".join(written)) + length]
    finally:
        if hasattr(result, "close"):
            result.close()
    status, headers = int(head[0][:3]), head[1]
    if status in (204, 304) and blocks:
        raise Refused(500)
    if WAY == "types-in-lower-case":
        headers = [(n, in_lower_case(v) if n == "Content-Type" else v) for n, v in headers]
    return status, [(n, v) for n, v in headers if n.lower() != "content-length"], blocks


def in_a_process(environ, content):
    """As CGIHandler does it: a process for each request, with the variables in its own environment."""
    variables = {name: value.encode("latin-1") for name, value in environ.items()}
    for name in ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        if name in os.environ:
            variables[name] = os.environ[name].encode()
    process = subprocess.run([sys.executable, __file__, "one-request", str(PORT), HOSTED], input=content,
                             env=variables, stdout=subprocess.PIPE)
    return response(process.stdout)


# HTTP


def answer(client):
    method, target, version, fields, content = read_request(client)
    try:
        if WAY != "passes-all-on" and (not method.replace("-", "").isalnum() or "," in fields.get("content-length", "")):
            raise Refused(400)
        host = application if ":" in HOSTED else script
        status, headers, content = host(environ_of(method, target, version, fields), content)
    except Refused as refused:
        status, headers = refused.args[0], [("Content-Type", "text/html")]
        content = html.escape(repr(refused.args)).encode() + b"\n"
        if type(status) is not int:
            status = 400
    except Exception as error:
        status, headers, content = 500, [], repr(error).encode() + b"\n"
    lines = ["HTTP/1.1 %d It Is" % status, *(name + ": " + value for name, value in headers)]
    if status not in (204, 304):
        lines.append("Content-Length: %d" % len(content))
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    is_quiet = method == "HEAD" and WAY != "content-for-head"
    client.sendall(head.encode("latin-1") + (b"" if is_quiet or status in (204, 304) else content))


def serve(client):
    with client:
        try:
            answer(client)
            if WAY == "lingers-with-each":
                client.shutdown(socket.SHUT_WR)
                client.recv(1)
        except (OSError, ValueError):
            pass


def main():
    if WAY == "one-request":
        module, _, name = HOSTED.partition(":")
        return CGIHandler().run(getattr(importlib.import_module(module), name))
    listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
    while True:
        client, _ = listener.accept()
        if WAY == "lingers-with-each":
            serve(client)
        else:
            threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
