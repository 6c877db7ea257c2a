#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image for the autograder. Edit: what servers need to be built and run.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends python3 gcc make
