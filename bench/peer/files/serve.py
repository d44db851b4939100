"""Makes a process do tasks when it is told to, as side.Host describes."""
import os
import sys
import time
import traceback

import numpy as np


def array(folder, name, *shape):
    """The float32 numbers in a file of the folder."""
    return np.fromfile(os.path.join(folder, name), np.float32).reshape(shape)


def serve(tasks):
    """Answers the lines on stdin until they end. A task is made by tasks[name](*arguments); check() gives its results on
    the numbers it was given, run(n) does it n times."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    opened = {}
    for line in sys.stdin:
        verb, key, *words = line.split()
        answer = "ok"
        try:
            if verb == "open":
                opened[key] = tasks[words[0]](*words[1:])
            elif verb == "check":
                np.asarray(opened[key].check(), np.float32).tofile(words[0])
            elif verb == "run":
                start = time.perf_counter()
                opened[key].run(int(words[0]))
                answer = repr(time.perf_counter() - start)
            elif verb == "close":
                opened.pop(key, None)
        except Exception as e:
            traceback.print_exc()
            answer = "error " + " ".join(f"{type(e).__name__}: {e}".split())
        print(answer, file=answers, flush=True)
