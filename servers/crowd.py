#!/usr/bin/env python3
"""What slow clients cost the others: many that send a body, and one that asks for a page and sends a form.

usage: servers/crowd.py slow simple|cgi|wsgi [NUMBER]    a body at one octet a second each (1,100), for half a minute;
                                                         one that is cut off comes back
       servers/crowd.py held simple|cgi|wsgi [NUMBER]    a form with a file of which 1 MB has come, and no more (1,000)

The servers are those of `cargo build --release -p servers --bins`. Printed: how many of the slow clients were cut off, how
long the others waited in milliseconds, and the peak of the server's memory (Linux only). Exit code 1 if anybody else
was not answered, or waited for a second and a half.
"""

import multiprocessing
import re
import resource
import selectors
import socket
import statistics
import sys
import time
from pathlib import Path

import endurance

SECONDS = 30
LONGEST = 1.5
ASKS = "GET / HTTP/1.1\r\nHost: t\r\n\r\n"
FORM = "POST {} HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Joe"
URLENCODED = ("application/x-www-form-urlencoded", b"")
MULTIPART = (
    "multipart/form-data; boundary=b",
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + bytes(1 << 20),
)


def crowd(address, form, number, kind, cut):
    """Clients that have begun a form, and go on with an octet a second, or not at all."""
    media_type, begun = MULTIPART if kind == "held" else URLENCODED
    head = f"POST {form} HTTP/1.1\r\nHost: t\r\nContent-Type: {media_type}\r\nContent-Length: 9999999\r\n\r\n"
    whole = memoryview(head.encode() + begun)
    selector = selectors.DefaultSelector()

    def come():
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE, [whole])

    for _ in range(number):
        come()
    drip = time.monotonic() + 1
    while True:
        for key, events in selector.select(0.1):
            client, unsent = key.fileobj, key.data
            try:
                if events & selectors.EVENT_READ:
                    # An answer, which is a refusal, or the end.
                    raise ConnectionError(client.recv(1 << 16))
                unsent[0] = unsent[0][client.send(unsent[0]):]
                if not unsent[0]:
                    selector.modify(client, selectors.EVENT_READ, unsent)
            except ConnectionError:
                selector.unregister(client)
                client.close()
                cut.value += 1
                come()
        if kind == "slow" and time.monotonic() > drip:
            drip += 1
            for key in list(selector.get_map().values()):
                if not key.data[0]:
                    try:
                        key.fileobj.send(b"a")
                    except OSError:
                        pass


def ask(address, request):
    """How long one client waits for its answer, on a connection of its own; `None` if it gets another than 200."""
    begun = time.monotonic()
    try:
        with endurance.connect(address) as client:
            client.sendall(request.encode())
            return time.monotonic() - begun if endurance.answer(client) == 200 else None
    except OSError:
        return None


def main():
    arguments = sys.argv[1:]
    kind = arguments.pop(0) if arguments else None
    name = arguments.pop(0) if arguments else None
    number = {"slow": 1100, "held": 1000}.get(kind)
    if number is None or name not in endurance.FORMS:
        sys.exit(__doc__)
    number = int(arguments[0]) if arguments else number
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = endurance.Server(name)
    cut = multiprocessing.Value("i", 0)
    slow = multiprocessing.Process(target=crowd, args=(server.address, server.form, number, kind, cut), daemon=True)
    if number:
        slow.start()
    waited, end = [], time.monotonic() + SECONDS
    time.sleep(1)
    while time.monotonic() < end:
        for request in ASKS, FORM.format(server.form):
            waited.append(ask(server.address, request))
            time.sleep(0.02)
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    if number:
        slow.terminate()
    server.process.terminate()
    server.process.wait(30)
    answered = sorted(1000 * seconds for seconds in waited if seconds is not None)
    median, p99, slowest = statistics.median(answered), answered[len(answered) * 99 // 100], answered[-1]
    print(
        f"server-{name}, {number} {kind}: {cut.value} cut off; of {len(waited)} others {len(answered)} answered,"
        f" median {median:.1f} ms, p99 {p99:.1f} ms, slowest {slowest:.1f} ms; peak {peak:.1f} MB"
    )
    return 0 if len(answered) == len(waited) and slowest < 1000 * LONGEST else 1


if __name__ == "__main__":
    sys.exit(main())
