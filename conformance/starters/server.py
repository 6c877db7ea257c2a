"""A web server to begin with: it answers GET / and closes the connection. The rest is yours.

python3 server.py PORT
"""

import socket
import sys

PAGE = b"<!DOCTYPE html>\n<title>It works</title>\n<h1>It works</h1>\n"


def read_head(connection):
    """The request line and the fields: everything up to the empty line."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 16384:
        received = connection.recv(4096)
        if not received:
            break
        head += received
    return head


def response(status, content):
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


def answer(head):
    words = head.split(b"\r\n")[0].split(b" ")
    if len(words) != 3:
        return response("400 Bad Request", b"")
    if words[0] == b"GET" and words[1] == b"/":
        return response("200 OK", PAGE)
    return response("404 Not Found", b"")


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection, _ = listener.accept()
        with connection:
            # A client that says nothing must not stop the server.
            connection.settimeout(5)
            try:
                connection.sendall(answer(read_head(connection)))
            except OSError as error:
                print(error, flush=True)


main()
