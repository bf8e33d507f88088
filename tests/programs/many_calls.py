"""Makes calls, and says what they cost: `many_calls.py CALLS THREADS`.

Prints a JSON object: seconds of processor time a call (the whole process's), while the first and the last tenth of them
was made, and the most memory that it ever had, in bytes (of `getrusage`'s, some may be that of whoever started it).
"""

import json
import re
import sys
import threading
import time
from pathlib import Path


def leaf(number, text):
    return text


def branch(count):
    for number in range(count):
        leaf(number, "text")


def work(calls):
    """`calls` calls, but for a few, in ten parts; the processor time of each."""
    took = []
    for _ in range(10):
        began = time.process_time()
        branch(calls // 10)
        took.append(time.process_time() - began)
    return took


def main(calls, threads):
    if threads == 1:
        took = work(calls)
    else:
        workers = [threading.Thread(target=work, args=(calls // threads,)) for _ in range(threads)]
        began = time.process_time()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took = [(time.process_time() - began) / 10] * 10
    each = calls // 10
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
    print(json.dumps({"first": took[0] / each, "last": took[-1] / each, "all": sum(took) / calls, "memory": memory}))


main(int(sys.argv[1]), int(sys.argv[2]))
