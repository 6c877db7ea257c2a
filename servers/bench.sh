#!/usr/bin/env bash
# Requests per second of the engine beside its peers, the same load in turns, in one run. Needs wrk and
# python3; nginx and lighttpd are measured where they are installed.
#
# usage: servers/bench.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} seconds=${2:-3}
cargo build -q --release -p servers --examples --bins
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/www"
head -c 1024 /dev/zero | tr '\0' 'x' > "$work/www/1k.txt"
cp "$work/www/1k.txt" "$work/www/index.html"
python=$(python3 -c 'import sys; print(sys.executable)')

port=18080
names=() urls=()
start() { # name path command..., with PORT for the port
  local name=$1 path=$2
  shift 2
  command -v "$1" >/dev/null || { echo "$1 is not installed: left out" >&2; return 0; }
  port=$((port + 1))
  "${@//PORT/$port}" >/dev/null 2>&1 &
  names+=("$name") urls+=("http://127.0.0.1:$port$path")
}
conf() { sed "s/PORT/$((port + 1))/" > "$work/$1"; }

start 'hello, ours' / target/release/examples/hello PORT
start 'hello, hyper' / target/release/examples/hello-hyper PORT
start 'file, server-simple' /1k.txt target/release/server-simple --quiet --port PORT --root "$work/www"
start 'file, server-simple, with its log' /1k.txt target/release/server-simple --port PORT --root "$work/www"
conf nginx.conf <<CONF
daemon off; pid $work/nginx.pid; error_log stderr; worker_processes 2;
events {} http { access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
uwsgi_temp_path $work/u; scgi_temp_path $work/s; keepalive_requests 1000000000; server { listen 127.0.0.1:PORT; root $work/www; } }
CONF
start 'file, nginx' /1k.txt nginx -c "$work/nginx.conf"
conf lighttpd.conf <<CONF
server.port = PORT
server.bind = "127.0.0.1"
server.document-root = "$work/www"
server.max-keep-alive-requests = 1000000000
CONF
start 'file, lighttpd' /1k.txt lighttpd -D -f "$work/lighttpd.conf"
start 'file, python3 -m http.server' /1k.txt "$python" -m http.server PORT -b 127.0.0.1 -d "$work/www"

for url in "${urls[@]}"; do
  until python3 -c "import urllib.request; urllib.request.urlopen('$url').read()" 2>/dev/null; do sleep 0.1; done
done
printf '%-36s %12s %12s   (requests/s, median of %s rounds of %s s)\n' '' '16 conn.' '64 conn.' "$rounds" "$seconds"
for round in $(seq "$rounds"); do
  for at in "${!names[@]}"; do
    for connections in 16 64; do
      wrk -t1 -c"$connections" -d"${seconds}s" "${urls[$at]}" | awk '/Requests\/sec/ { print $2 }' >> "$work/$at-$connections"
    done
  done
done
for at in "${!names[@]}"; do
  median() { sort -n "$work/$at-$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
  printf '%-36s %12.0f %12.0f\n' "${names[$at]}" "$(median 16)" "$(median 64)"
done
