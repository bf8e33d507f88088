#!/usr/bin/env bash
# Gradescope runs this once, as root, to make the image; what was uploaded lies in /autograder/source.
set -euo pipefail
apt-get update -q
apt-get install -qy --no-install-recommends python3 python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/python -m pip install -q -r /autograder/source/unmagic/coursework/platforms/requirements.txt
cd /autograder/source/unmagic
/autograder/venv/bin/python -m unmagic doctor || echo "No class can be graded in this image: see above."
