#!/usr/bin/env bash
# Which mistakes in the servers would nobody notice? Changes one thing after the other in servers/src, and looks whether a
# test of the servers fails, or else a check of the suite.
#
# usage: servers/mutants.sh [SHARD]    1 of 30 by default, as 0/30: some fifty mutants, spread over all files, an hour
#
# It takes `cargo install cargo-mutants`. Works in a copy of what is committed, in target/mutants; what was missed is printed.
# Some changes change nothing that can be seen: the size of a buffer, the text of a refusal.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD copy=$PWD/target/mutants
shard=${1:-0/30}
cargo build --release
suite=$here/target/release/conformance

rm -rf "$copy/src" && mkdir -p "$copy/src"
git archive HEAD | tar -x -C "$copy/src"
cd "$copy/src"
export CARGO_TARGET_DIR=$copy/target CARGO_PROFILE_DEV_DEBUG=0
cargo mutants --in-place --package servers --exclude 'servers/fuzz/**' --output "$copy" \
  --shard "$shard" --sharding round-robin --timeout 120 -- --lib --test programs || true

fails() { # profile options...
  local profile=$1
  shift
  ! timeout 300 "$suite" run --profile "$profile" -- \
    "$CARGO_TARGET_DIR/debug/server-$profile" --host {host} --port {port} "$@" </dev/null >"$copy/$profile.txt" 2>&1 ||
    grep -q '^warning ' "$copy/$profile.txt"
}
python3 - "$copy/mutants.out" <<'END' | while IFS=$'\t' read -r diff mutant; do
import json, sys
for outcome in json.load(open(sys.argv[1] + "/outcomes.json"))["outcomes"]:
    if outcome["summary"] == "MissedMutant":
        print(sys.argv[1] + "/" + outcome["diff_path"], outcome["scenario"]["Mutant"]["name"], sep="\t")
END
  patch -s -p0 <"$diff"
  cargo build -q -p servers --bins </dev/null
  if fails simple --root {root} ||
    fails cgi --root {root} --cgi-bin {cgi_bin} ||
    fails wsgi --app {app} --path {wsgi} --stream; then
    echo "caught by the suite: $mutant"
  else
    echo "MISSED: $mutant"
  fi
  patch -s -R -p0 <"$diff"
done
