#!/usr/bin/env bash
# Requests per second of the engine beside its peers, the same load in turns, in one run. Needs wrk, curl
# and python3; nginx and lighttpd are measured where they are installed.
#
# usage: servers/bench.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} seconds=${2:-3}
cargo build -q --release -p servers --examples --bins
. servers/bench-common.sh
mkdir "$work/www"
head -c 1024 /dev/zero | tr '\0' 'x' > "$work/www/1k.txt"
cp "$work/www/1k.txt" "$work/www/index.html"
python=$(python3 -c 'import sys; print(sys.executable)')

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

leave_out_the_silent '' ''
measure 1
