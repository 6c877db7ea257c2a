#!/usr/bin/env bash
# Requests per second of server-wsgi beside its peers: a hello application, the same load in turns, in one run.
# Needs wrk and curl, and the peers in a virtual environment; those that are not there are left out:
#   python3 -m venv DIR && DIR/bin/pip install gunicorn waitress cheroot uwsgi granian bjoern
#
# usage: servers/bench-wsgi.sh DIR [ROUNDS] [SECONDS]
set -euo pipefail
peers=$(realpath "${1:?usage: servers/bench-wsgi.sh DIR [ROUNDS] [SECONDS]}")/bin
rounds=${2:-3} seconds=${3:-3}
cd "$(dirname "$0")/.."
cargo build -q --release -p servers --bins
server=$PWD/target/release/server-wsgi
. servers/bench-common.sh
cd "$work"
export PYTHONPATH=$work
cat > hello.py <<'PYTHON'
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
    return [b"Hello, world!\n"]
PYTHON
cat > bjoern_hello.py <<'PYTHON'
import sys, bjoern, hello
bjoern.run(hello.application, "127.0.0.1", int(sys.argv[1]))
PYTHON

start 'server-wsgi' / "$server" --quiet --app hello --port PORT
start 'server-wsgi, with its log' / "$server" --app hello --port PORT
start 'server-wsgi, 2 x 4' / "$server" --quiet --app hello --workers 2 --threads 4 --port PORT
start 'gunicorn, sync, 2' / "$peers/gunicorn" -w 2 -b 127.0.0.1:PORT hello
start 'gunicorn, gthread, 2 x 4' / "$peers/gunicorn" -w 2 --threads 4 -b 127.0.0.1:PORT hello
start 'waitress' / "$peers/waitress-serve" --host 127.0.0.1 --port PORT hello:application
start 'cheroot' / "$peers/cheroot" --bind 127.0.0.1:PORT hello:application
start 'uWSGI, --http' / "$peers/uwsgi" --http 127.0.0.1:PORT --wsgi-file hello.py --disable-logging
start 'uWSGI, --http-socket, 2' / "$peers/uwsgi" --http-socket 127.0.0.1:PORT --wsgi-file hello.py --disable-logging -p 2
start 'granian, 2' / "$peers/granian" --interface wsgi --workers 2 --host 127.0.0.1 --port PORT hello:application
if "$peers/python" -c 'import bjoern' 2>/dev/null; then
  start 'bjoern' / "$peers/python" bjoern_hello.py PORT
fi
leave_out_the_silent '' ''
measure 2
