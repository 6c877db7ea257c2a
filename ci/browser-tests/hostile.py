"""Answers and prints what would do harm in a page where it is not text: hostile.py PORT."""
import socket
import sys

HARM = '<script>window.harm = 1</script><img src="x" onerror="window.harm = 2">"><svg onload=window.harm=3>' \
       '</pre></style></title></script><iframe srcdoc="<script>parent.harm = 4</script>">\u202e\u2066'

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
while True:
    client, _ = listener.accept()
    with client:
        client.settimeout(1)
        try:
            client.recv(65536)
            print(HARM, flush=True)
            content = HARM.encode()
            client.sendall(f"HTTP/1.1 200 {HARM}\r\nContent-Length: {len(content)}\r\nX: {HARM}\r\n\r\n".encode() + content)
        except OSError:
            pass
