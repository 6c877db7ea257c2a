#!/usr/bin/env bash
# VPL starts this beside the files of a submission, and then what it writes as vpl_execution. The execution files of the
# activity, kept when running: this file, course.toml (the profile, with its table [recipe]) and the program conformance.
# The most that the activity gives is the total of the profile.
set -euo pipefail
# The student's would be run if anything here failed.
rm -rf vpl_execution
cat > vpl_execution <<'END'
#!/usr/bin/env bash
set -euo pipefail
# No file of the student can be in the way of what is made here.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/submission"
tar -cf - --exclude='./vpl_*' --exclude=./conformance --exclude=./course.toml . | tar -xf - -C "$place/submission"
chmod +x conformance
# The result is there from the start, with 0 points. There is none if the suite itself is at fault.
code=0
./conformance grade "$place/submission" --profile course.toml --result vpl="$place/result.txt" --out "$place/results" \
    >/dev/null 2>&1 || code=$?
cat "$place/result.txt" 2>/dev/null || { printf '<|--\n-The grading itself failed\n--|>\n'; exit "$code"; }
END
chmod +x vpl_execution
