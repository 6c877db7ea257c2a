"""Grades a submission for Classroom 50.

Beside this file in the bundle: course.toml (the profile, with its table [recipe]) and the program conformance. It runs in
the student's checkout and leaves result.json there. Whole points only: choose parts of the profile accordingly.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Kept out of the checkout: what is in there is the student's.
RESULT = Path(os.environ.get("RUNNER_TEMP", "/tmp")) / "conformance-result.json"


def submitted_at():
    """When the commit was made, which is the same whenever it is graded again."""
    command = ["git", "show", "--no-patch", "--format=%ct", "HEAD"]
    seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return stamp(datetime.fromtimestamp(int(seconds), timezone.utc))


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def publish():
    """The suite's result, with what only the runner knows."""
    env = os.environ
    result = json.loads(RESULT.read_text())
    result |= {
        "classroom": env["CLASSROOM"],
        "assignment": env["ASSIGNMENT"],
        "assignment_type": env["ASSIGNMENT_TYPE"],
        "owner": env["OWNER"],
        "submission": env["SUBMISSION_TAG"],
        "commit": env["COMMIT_URL"],
        "release": env["RELEASE_URL"],
        "review": env.get("REVIEW_URL") or env["COMMIT_URL"],
        "datetime": submitted_at(),
        "graded_at": stamp(datetime.now(timezone.utc)),
    }
    Path("result.json").write_text(json.dumps(result, indent=2) + "\n")


# What the student left there under these names would be written through, if it were a link.
for path in [Path("result.json"), Path("release-body.md"), RESULT]:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
program, profile = HERE / "conformance", HERE / "course.toml"
program.chmod(0o755)
command = [program, "grade", ".", "--profile", profile, "--result", f"classroom50={RESULT}"]
ended = subprocess.run([*command, "--result", "markdown=release-body.md"])
# With 0 points if the grading itself was killed: only a mistake of ours leaves no result at all, and the job fails.
if not RESULT.exists():
    sys.exit(ended.returncode or 1)
publish()
