"""Servers such as students hand in, each awkward in one way: awkward.py WAY PORT ROOT.

One blocking thread, one client after the other, but for those with SEVERAL_AT_ONCE.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

WAY, PORT, ROOT = sys.argv[1], int(sys.argv[2]), sys.argv[3]
SEVERAL_AT_ONCE = {
    "holds-a-lock-for-ever", "answers-in-200-ms", "one-in-twenty-is-a-500", "mixes-up-its-clients", "knows-scripts-by-extension"
}
TYPES = {".html": "text/html", ".txt": "text/plain", ".css": "text/css", ".json": "application/json"}
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}
COUNT = 0
CURRENT = None
LOCK = threading.Lock()


def read_head(client, buffer, first):
    while b"\r\n\r\n" not in buffer:
        octets = client.recv(4096)
        if not octets:
            if WAY == "dies-of-a-silent-connection" and first and not buffer:
                raise SystemExit("nobody said anything")
            return None, b""
        buffer += octets
    return buffer.split(b"\r\n\r\n", 1)


def response(status, content, media_type, close, head_only=False):
    colon = " : " if WAY == "a-blank-before-the-colon" else ": "
    fields = [("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())), ("Content-Type", media_type)]
    if WAY != "no-lengths":
        fields.append(("Content-Length", str(len(content))))
    if close:
        fields.append(("Connection", "close"))
    head = f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n" + "".join(n + colon + v + "\r\n" for n, v in fields) + "\r\n"
    return head.encode() + (b"" if head_only else content)


def form(text):
    pairs = [p.partition(b"=") for p in text.split(b"&") if p]
    plain = lambda octets: unquote_to_bytes(octets.replace(b"+", b" ")).hex()
    return [{"name_hex": plain(n), "value_hex": plain(v), "filename_hex": None, "type": None} for n, _, v in pairs]


def answer(method, target, fields, content):
    """Status, content and media type."""
    global COUNT, CURRENT
    COUNT += 1
    if WAY == "mixes-up-its-clients":
        # What many do: the request in progress is kept where all threads see it.
        CURRENT = (target, content)
        time.sleep(0.001)
        target, content = CURRENT
    if WAY == "one-in-twenty-is-a-500" and COUNT % 20 == 0:
        return 500, b"sorry\n", "text/plain"
    if WAY == "answers-in-200-ms":
        time.sleep(0.2)
    path, _, query = target.partition("?")
    if WAY == "refuses-files" and fields.get("content-type", "").startswith("multipart/"):
        return 415, b"no\n", "text/plain"
    if WAY == "thanks-in-html" and path == "/form":
        return 200, b"<p>Thank you</p>\n", "text/html"
    if WAY == "knows-scripts-by-extension" and path.startswith("/cgi-bin/"):
        return script(method, path, query, fields, content)
    if path == "/form" and WAY != "get-of-the-root-only":
        source = "body" if method == "POST" else "query"
        report = {"fields": form(content if method == "POST" else query.encode()), "source": source}
        for field in report["fields"]:
            print(bytes.fromhex(field["name_hex"]), bytes.fromhex(field["value_hex"]), flush=True)
        return 200, json.dumps(report).encode(), "application/json"
    if method not in ("GET", "HEAD"):
        return 405, b"no\n", "text/plain"
    if WAY == "get-of-the-root-only" and path != "/":
        return 404, b"no\n", "text/plain"
    name = os.path.normpath(ROOT + "/" + unquote(path))
    if not name.startswith(os.path.normpath(ROOT)):
        return 404, b"no\n", "text/plain"
    if os.path.isdir(name):
        name += "/index.html"
    try:
        with open(name, "rb") as file:
            return 200, file.read(), TYPES.get(os.path.splitext(name)[1], "application/octet-stream")
    except OSError:
        return 404, b"no\n", "text/plain"


def script(method, path, query, fields, content):
    """Runs a script in Python, as long as its name says that it is one."""
    name, end, info = path.partition(".py")
    file = os.path.normpath(ROOT + unquote(name) + end)
    if not end or not file.startswith(ROOT + "/cgi-bin/") or not os.path.isfile(file):
        return 404, b"no\n", "text/plain"
    variables = {"HTTP_" + n.upper().replace("-", "_"): v for n, v in fields.items() if n != "proxy"}
    variables.update(
        GATEWAY_INTERFACE="CGI/1.1", SERVER_PROTOCOL="HTTP/1.1", SERVER_SOFTWARE="awkward", SERVER_NAME="127.0.0.1",
        SERVER_PORT=str(PORT), REMOTE_ADDR="127.0.0.1", REQUEST_METHOD=method, SCRIPT_NAME=unquote(name) + end,
        PATH_INFO=unquote(info), QUERY_STRING=query, PATH=os.environ["PATH"],
    )
    if content:
        variables["CONTENT_LENGTH"] = str(len(content))
        variables["CONTENT_TYPE"] = fields.get("content-type", "")
    run = subprocess.run([sys.executable, file], input=content, env=variables, stdout=subprocess.PIPE, timeout=5)
    head, _, body = run.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
    said = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head.decode("latin-1").split("\n"))}
    if run.returncode or "content-type" not in said:
        return 500, b"sorry\n", "text/plain"
    return int(said.get("status", "200").split()[0]), body, said["content-type"]


def serve(client):
    buffer, first = b"", True
    while True:
        head, rest = read_head(client, buffer, first)
        first = False
        if head is None:
            return
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if WAY == "answers-only-to-its-name" and not any(l.lower().startswith("host: course.example:") for l in lines):
            client.sendall(response(404, b"who?\n", "text/plain", True))
            return
        if WAY == "dies-without-host" and not any(l.lower().startswith("host:") for l in lines):
            raise SystemExit(int("no \\ host"))
        fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[0].isalpha():
            client.sendall(response(400, b"bad\n", "text/plain", True))
            return
        length = int(fields.get("content-length", "0"))
        if length and WAY == "hangs-when-content-comes-with-the-head":
            rest = client.recv(length) if len(rest) < length else client.recv(1) + rest
        while len(rest) < length:
            octets = client.recv(65536)
            if not octets:
                return
            rest += octets
        content, buffer = rest[:length], rest[length:]
        close = "close" in fields.get("connection", "").lower() or words[2] == "HTTP/1.0" or WAY == "no-lengths"
        if WAY == "holds-a-lock-for-ever" and words[0] == "POST":
            LOCK.acquire()
        status, body, media_type = answer(words[0], words[1], fields, content)
        client.sendall(response(status, body, media_type, close, words[0] == "HEAD"))
        if close:
            return


def ten_lines(listener):
    """What many begin with: each odd request, and each missing file, is an exception that nobody catches."""
    while True:
        client, _ = listener.accept()
        method, path, version = client.recv(1024).decode().split("\r\n")[0].split(" ")
        with open(ROOT + (path if path != "/" else "/index.html"), "rb") as file:
            content = file.read()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        client.close()


def main():
    if WAY == "starts-in-8-s":
        time.sleep(8)
    if WAY == "becomes-a-daemon":
        if os.fork():
            os._exit(0)
        os.setsid()
        if os.fork():
            os._exit(0)
    if WAY == "dies-of-sigpipe":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(64)
    if WAY == "ten-lines":
        ten_lines(listener)
    while True:
        client, _ = listener.accept()
        try:
            if WAY in SEVERAL_AT_ONCE:
                threading.Thread(target=contained, args=(client,), daemon=True).start()
            else:
                contained(client)
        finally:
            if WAY == "answers-only-the-first-request":
                time.sleep(1000)


def contained(client):
    try:
        serve(client)
    except (OSError, ValueError) as error:
        if WAY == "dies-without-host" or WAY == "dies-of-sigpipe" and isinstance(error, BrokenPipeError):
            raise
        print("error:", error, flush=True)
    finally:
        client.close()


main()
