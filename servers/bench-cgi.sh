#!/usr/bin/env bash
# Scripts per second through server-cgi beside its peers, the same load in turns, in one run. The script is a
# C program that writes a page and ends: with its library, and without one, which leaves just the work of
# starting it. Needs gcc, curl and wrk; lighttpd, apache2, go and python3 are measured where they are
# installed. The last rows are not servers: they start the program, read, wait, and do nothing else.
#
# usage: servers/bench-cgi.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} seconds=${2:-3}
cargo build -q --release -p servers --bin server-cgi
. servers/bench-common.sh
# Apache removes files from the directory as it ends.
trap 'stop; wait; rm -rf "$work"' EXIT
mkdir "$work/cgi-bin"

gcc -O2 -static -o "$work/cgi-bin/libc" -x c - <<'C'
#include <unistd.h>
int main(void) { return write(1, "Content-Type: text/plain\n\nok\n", 29) != 29; }
C
gcc -O2 -static -nostdlib -o "$work/cgi-bin/bare" -x c - <<'C'
static long call(long number, long a, const void *b, long c)
{
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = (long)b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}
#include <sys/syscall.h>
void _start(void)
{
  call(SYS_write, 1, "Content-Type: text/plain\n\nok\n", 29);
  call(SYS_exit, 0, 0, 0);
}
C
# usage: spawn PROGRAM WORKERS SECONDS
gcc -O2 -o "$work/spawn" -x c - <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}
int main(int argc, char **argv)
{
  int workers = atoi(argv[2]), counts[2], total = 0, count = 0;
  if (argc != 4 || pipe(counts)) return 2;
  for (int i = 0; i < workers; i++)
    if (fork() == 0) {
      for (double end = now() + atoi(argv[3]); now() < end; count++) {
        int out[2], n;
        pid_t child;
        char buffer[4096], *arguments[] = {argv[1], 0}, *environment[] = {0};
        posix_spawn_file_actions_t actions;
        if (pipe2(out, O_CLOEXEC)) return 1;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        if (posix_spawn(&child, argv[1], &actions, 0, arguments, environment)) return 1;
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        while ((n = read(out[0], buffer, sizeof buffer)) > 0) {}
        close(out[0]);
        waitpid(child, 0, 0);
      }
      return write(counts[1], &count, sizeof count) != sizeof count;
    }
  while (workers-- && read(counts[0], &count, sizeof count) == sizeof count) total += count;
  printf("%d\n", total / atoi(argv[3]));
}
C

start 'server-cgi' /cgi-bin/ target/release/server-cgi --quiet --port PORT --root "$work" --cgi-bin "$work/cgi-bin"
conf lighttpd.conf <<CONF
server.modules = ("mod_cgi")
server.port = PORT
server.bind = "127.0.0.1"
server.document-root = "$work"
server.max-keep-alive-requests = 1000000000
\$HTTP["url"] =~ "^/cgi-bin/" { cgi.assign = ("" => "") }
CONF
start 'lighttpd, mod_cgi' /cgi-bin/ lighttpd -D -f "$work/lighttpd.conf"
modules=${APACHE_MODULES:-/usr/lib/apache2/modules}
conf apache.conf <<CONF
ServerRoot $work
ServerName localhost
Listen 127.0.0.1:PORT
PidFile $work/apache.pid
ErrorLog $work/apache.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
LoadModule cgid_module $modules/mod_cgid.so
ScriptSock $work/cgid.sock
ScriptAlias /cgi-bin/ $work/cgi-bin/
MaxKeepAliveRequests 0
CONF
start 'Apache, mod_cgid' /cgi-bin/ apache2 -DFOREGROUND -f "$work/apache.conf"
if command -v go >/dev/null; then
  cat > "$work/main.go" <<'GO'
package main

import (
	"net/http"
	"net/http/cgi"
	"os"
)

func main() {
	for _, name := range []string{"libc", "bare"} {
		http.Handle("/cgi-bin/"+name, &cgi.Handler{Path: os.Args[2] + "/" + name})
	}
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
GO
  GOCACHE=$work/cache CGO_ENABLED=0 go build -o "$work/gocgi" "$work/main.go"
fi
start 'Go, net/http/cgi' /cgi-bin/ "$work/gocgi" PORT "$work/cgi-bin"
# The first python3 with --cgi: Python 3.15 has none.
python=$(python3 -c 'import sys; print(sys.executable)' || true)
start 'python3 -m http.server --cgi' /cgi-bin/ "${python:-python3}" -m http.server --cgi PORT -b 127.0.0.1 -d "$work"

leave_out_the_silent bare '^ok$'
for workers in 1 2; do names+=("posix_spawn, workers: $workers") urls+=("$workers"); done

printf '%-32s %10s %10s   (scripts/s, median of %s rounds of %s s)\n' '' libc bare "$rounds" "$seconds"
for round in $(seq "$rounds"); do
  for at in "${!names[@]}"; do
    for program in libc bare; do
      case ${names[$at]} in
        posix_spawn*) "$work/spawn" "$work/cgi-bin/$program" "${urls[$at]}" "$seconds" ;;
        *) wrk -t1 -c16 -d"${seconds}s" "${urls[$at]}$program" |
             awk -v name="${names[$at]}" '/Requests\/sec/ { print $2 } /Non-2xx|Socket errors/ { print name ": " $0 > "/dev/stderr" }' ;;
      esac >> "$work/$at-$program"
    done
  done
done
for at in "${!names[@]}"; do
  printf '%-32s %10.0f %10.0f\n' "${names[$at]}" "$(median "$at-libc")" "$(median "$at-bare")"
done
