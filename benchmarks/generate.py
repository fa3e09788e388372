"""The load generator's process: `python -m benchmarks.generate CROWD`, a JSON command a line in, an answer a line out.

Between commands its connections live on: PINGs are answered. Ended by the end of its input.
"""

import gc
import json
import os
import select
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import machine
from benchmarks.crowds import CROWDS
from benchmarks.loop import Loop

QUIET_SECONDS = 0.05


def main() -> None:
    machine.raise_open_files()
    machine.pin_to_generators_core()
    loop = Loop()
    crowd = CROWDS[sys.argv[1]](loop)
    gc.freeze()
    gc.disable()  # it would stop the clock of every measurement; a generator lives for minutes
    for command in _commands(loop):
        began, own_cpu = time.monotonic(), machine.cpu_s(os.getpid())
        try:
            answer: dict[str, Any] = crowd.do(command)
        except (ConnectionError, TimeoutError, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer.setdefault("generator_busy", (machine.cpu_s(os.getpid()) - own_cpu) / (time.monotonic() - began))
        print(json.dumps(answer), flush=True)


def _commands(loop: Loop) -> Iterator[dict[str, Any]]:
    waiting = b""
    while True:
        while not select.select([sys.stdin], [], [], 0)[0]:
            loop.turn(QUIET_SECONDS)
        come = os.read(sys.stdin.fileno(), 1 << 20)
        if not come:
            return
        waiting += come
        while b"\n" in waiting:
            line, _, waiting = waiting.partition(b"\n")
            yield json.loads(line)


if __name__ == "__main__":
    main()
