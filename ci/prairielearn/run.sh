#!/usr/bin/env bash
# The entry point of a question that PrairieLearn grades from outside. The folder tests/ of the question has this file,
# course.toml (the profile, with its table [recipe]) and the program conformance. In its info.json:
#     "externalGradingOptions": {
#         "enabled": true, "timeout": 510, "entrypoint": "/grade/tests/run.sh",
#         "image": "an image with what servers need to be built and run"
#     }
cd "$(dirname "$0")/.." || exit
mkdir -p results
rm -rf results/results.json
chmod +x tests/conformance
# The results are there from the start, with 0 points.
tests/conformance grade student --profile tests/course.toml --result prairielearn=results/results.json
code=$?
# Results count, not the exit code. There are none if the suite itself is at fault: then there must be no mark.
[[ -e results/results.json ]] || exit "$code"
