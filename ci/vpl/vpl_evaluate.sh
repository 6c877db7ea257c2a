#!/usr/bin/env bash
# VPL starts this beside the files of a submission, and then what it writes as vpl_execution. The execution files of the
# activity, kept when running: this file, course.toml (the profile, with its table [recipe]) and the program conformance.
# The most that the activity gives is the total of the profile.
set -euo pipefail
# The student's would be run if anything here failed. All else is in a folder that no file of theirs can be in the way of.
rm -rf vpl_execution
place=$(mktemp -d ./vpl_XXXXXXXX)
trap 'rm -rf "$place"' ERR
mkdir "$place/submission"
chmod +x conformance
tar -cf - --exclude='./vpl_*' --exclude=./conformance --exclude=./course.toml . | tar -xf - -C "$place/submission"
cat > vpl_execution <<END
#!/usr/bin/env bash
place=$place
END
cat >> vpl_execution <<'END'
trap 'rm -rf "$place"' EXIT
# The result is there from the start, with 0 points. There is none if the suite itself is at fault.
./conformance grade "$place/submission" --profile course.toml --result vpl="$place/result.txt" --out "$place/results" \
    >/dev/null 2>&1
code=$?
cat "$place/result.txt" 2>/dev/null || { printf '<|--\n-The grading itself failed\n--|>\n'; exit "$code"; }
END
chmod +x vpl_execution
