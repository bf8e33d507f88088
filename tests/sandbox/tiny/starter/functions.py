"""Given: answers questions about functions."""

import json
import sys

from work import core

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"result": getattr(core, asked["function"])(**asked["arguments"])}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
