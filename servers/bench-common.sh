# What the three measures of the servers have in common. Sourced in the directory of the workspace, with `rounds`
# and `seconds` set.
work=$(mktemp -d)
chmod 755 "$work"
# Each server is a process group of its own, so that it can be stopped with its workers.
set -m
stop() {
  # The shell would name each job that it sees end.
  exec 2>/dev/null
  for process in $(jobs -p); do kill -TERM -- "-$process" || true; done
}
trap 'stop; rm -rf "$work"' EXIT

port=18080
names=() urls=() logs=()
start() { # name path command..., with PORT for the port
  local name=$1 path=$2
  shift 2
  command -v "$1" >/dev/null || { echo "$name: $1 is not installed: left out" >&2; return 0; }
  port=$((port + 1))
  "${@//PORT/$port}" >"$work/$port.log" 2>&1 &
  names+=("$name") urls+=("http://127.0.0.1:$port$path") logs+=("$work/$port.log")
}
conf() { sed "s/PORT/$((port + 1))/" > "$work/$1"; }

leave_out_the_silent() { # path-after-each-url line-that-the-answer-holds
  local at
  for at in "${!urls[@]}"; do
    for _ in {1..100}; do
      curl -sf "${urls[$at]}$1" | grep -q -- "$2" && continue 2
      sleep 0.1
    done
    echo "${names[$at]} does not answer here: left out" >&2
    tail -n 5 "${logs[$at]}" >&2
    unset "names[at]" "urls[at]"
  done
}

median() { sort -n "$work/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

measure() { # threads of wrk
  local round at connections
  printf '%-36s %12s %12s   (requests/s, median of %s rounds of %s s)\n' '' '16 conn.' '64 conn.' "$rounds" "$seconds"
  for round in $(seq "$rounds"); do
    for at in "${!names[@]}"; do
      for connections in 16 64; do
        wrk -t"$1" -c"$connections" -d"${seconds}s" "${urls[$at]}" |
          awk '/Requests\/sec/ { print $2 }' >> "$work/$at-$connections"
      done
    done
  done
  for at in "${!names[@]}"; do
    printf '%-36s %12.0f %12.0f\n' "${names[$at]}" "$(median "$at-16")" "$(median "$at-64")"
  done
}
