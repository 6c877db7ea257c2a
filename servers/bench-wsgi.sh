#!/usr/bin/env bash
# Requests per second of server-wsgi beside its peers: a hello application, the same load in turns, in one run.
# Needs wrk, and the peers in a virtual environment; those that are not there are left out:
#   python3 -m venv DIR && DIR/bin/pip install gunicorn waitress cheroot uwsgi granian bjoern
#
# usage: servers/bench-wsgi.sh DIR [ROUNDS] [SECONDS]
set -euo pipefail
peers=$(realpath "${1:?usage: servers/bench-wsgi.sh DIR [ROUNDS] [SECONDS]}")/bin
rounds=${2:-3} seconds=${3:-3}
cd "$(dirname "$0")/.."
cargo build -q --release -p servers --bins
server=$PWD/target/release/server-wsgi
work=$(mktemp -d)
trap 'for process in $(jobs -p); do kill -TERM -- "-$process" 2>/dev/null || true; done; rm -rf "$work"' EXIT
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

# Each server is a process group of its own, so that it can be stopped with its workers.
set -m
port=18180
names=() ports=()
start() { # name command..., with PORT for the port
  local name=$1
  shift
  [ -x "$1" ] || { echo "$name is not installed: left out" >&2; return 0; }
  port=$((port + 1))
  "${@//PORT/$port}" >"$work/$port.log" 2>&1 &
  names+=("$name") ports+=("$port")
}
start 'server-wsgi' "$server" --quiet --app hello --port PORT
start 'server-wsgi, with its log' "$server" --app hello --port PORT
start 'server-wsgi, 2 x 4' "$server" --quiet --app hello --workers 2 --threads 4 --port PORT
start 'gunicorn, sync, 2' "$peers/gunicorn" -w 2 -b 127.0.0.1:PORT hello
start 'gunicorn, gthread, 2 x 4' "$peers/gunicorn" -w 2 --threads 4 -b 127.0.0.1:PORT hello
start 'waitress' "$peers/waitress-serve" --host 127.0.0.1 --port PORT hello:application
start 'cheroot' "$peers/cheroot" --bind 127.0.0.1:PORT hello:application
start 'uWSGI, --http' "$peers/uwsgi" --http 127.0.0.1:PORT --wsgi-file hello.py --disable-logging
start 'uWSGI, --http-socket, 2' "$peers/uwsgi" --http-socket 127.0.0.1:PORT --wsgi-file hello.py --disable-logging -p 2
start 'granian, 2' "$peers/granian" --interface wsgi --workers 2 --host 127.0.0.1 --port PORT hello:application
if "$peers/python" -c 'import bjoern' 2>/dev/null; then
  start 'bjoern' "$peers/python" bjoern_hello.py PORT
fi
for port in "${ports[@]}"; do
  for attempt in $(seq 100); do
    curl -s -o /dev/null "http://127.0.0.1:$port/" && break
    [ "$attempt" -lt 100 ] || { echo "nothing answers on port $port:"; cat "$work/$port.log"; }
    sleep 0.1
  done
done
printf '%-36s %12s %12s   (requests/s, median of %s rounds of %s s)\n' '' '16 conn.' '64 conn.' "$rounds" "$seconds"
for round in $(seq "$rounds"); do
  for at in "${!names[@]}"; do
    for connections in 16 64; do
      wrk -t2 -c"$connections" -d"${seconds}s" "http://127.0.0.1:${ports[$at]}/" |
        awk '/Requests\/sec/ { print $2 }' >> "$work/$at-$connections"
    done
  done
done
for at in "${!names[@]}"; do
  median() { sort -n "$work/$at-$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
  printf '%-36s %12.0f %12.0f\n' "${names[$at]}" "$(median 16)" "$(median 64)"
done
