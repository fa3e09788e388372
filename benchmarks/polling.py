"""Suite 4: polling the tally, whole and unchanged (304), over 64 kept-alive connections."""

import http.client
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.contestants import ARENA, POLLED, RUN_DIR, has_nginx
from benchmarks.fanout import taking_part, tally_payload
from benchmarks.results import Outcome, Table, figure, percent, progress, times
from benchmarks.servers import Generator, Server, free_port, running

AT_ONCE = 64
WARM_SECONDS = 1.0
"""Before the first pass: Node compiles what runs often."""
NGINX = "nginx"
NGINX_TITLE = "nginx, one-second cache before FastAPI"
CONFIGURATION = """
worker_processes 1; daemon off; error_log stderr crit; pid {directory}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  proxy_cache_path {directory}/cache keys_zone=tally:1m;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://127.0.0.1:{behind}; proxy_cache tally; proxy_cache_valid 200 1s;
      proxy_cache_use_stale updating; proxy_cache_lock on;
    }}
  }}
}}
"""


def run(passes: int, seconds: float, only: Sequence[str] = ()) -> Outcome:
    contestants, left_out = taking_part(POLLED, 1, only)
    payload = tally_payload()
    found: dict[str, dict[str, list[dict[str, float]]]] = {"200": {}, "304": {}}
    with ExitStack() as stack:
        stage: list[tuple[str, Server | None, int, int, str]] = []
        for each in contestants:
            server = stack.enter_context(running(each, payload))
            path = f"{server.arena.path}/tally" if server.arena else "/tally"
            stage.append((each.key, server, server.port, server.pid, path))
            if each.key == "fastapi-model" and has_nginx() and (not only or NGINX in only):
                port, pid = stack.enter_context(_nginx(server.port))
                stage.append((NGINX, None, port, pid, path))
        if not has_nginx():
            left_out.append("nginx is left out: it is not installed (Debian: nginx-light).")
        generator = stack.enter_context(Generator("pollers"))
        for number in range(passes):
            for status, taken in found.items():
                for key, _, port, pid, path in stage:
                    progress(f"polling, {status}, pass {number + 1}: {key}")
                    tag = tag_of(port, path) if status == "304" else ""
                    common = {"port": port, "pid": pid, "path": path, "tag": tag, "at_once": AT_ONCE}
                    generator.ask("poll", **common, seconds=0.2 if number else WARM_SECONDS)
                    taken.setdefault(key, []).append(_summed(generator.ask("poll", **common, seconds=seconds)))
    figures = {
        status: {key: {name: median(each[name] for each in all_) for name in all_[0]} for key, all_ in taken.items()}
        for status, taken in found.items()
    }
    return Outcome("polling", [_table(status, passes, figures[status], left_out) for status in found], figures)


def _summed(window: dict[str, Any]) -> dict[str, float]:
    return {
        "us": 1e6 * window["server_cpu_s"] / window["answers"],
        "per_second": window["answers"] / window["seconds"],
        "bytes": window["bytes"],
        "generator": window["generator_busy"],
    }


def tag_of(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as line:
        line.request("GET", path)
        answer = line.getresponse()
        answer.read()
        return answer.headers["ETag"]


@contextmanager
def _nginx(behind: int) -> Iterator[tuple[int, int]]:
    """Run nginx on the server's core before another server. Yields its port and process."""
    port, directory = free_port(), RUN_DIR / f"nginx.{behind}"
    directory.mkdir(parents=True, exist_ok=True)
    configuration: Path = directory / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=directory, port=port, behind=behind))
    program = shutil.which("nginx")
    assert program is not None
    child = subprocess.Popen([program, "-c", configuration, "-e", "stderr"], preexec_fn=machine.pin_to_servers_core)
    try:
        for _ in range(100):
            try:
                tag_of(port, "/tally")
                break
            except OSError:
                continue
        yield port, child.pid
    finally:
        child.terminate()
        child.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _table(status: str, passes: int, figures: dict[str, Any], left_out: list[str]) -> Table:
    table = Table(
        f"Polling the tally: {status}, median of {passes}",
        ["server", "µs of CPU a request", "to Arena", "requests/s", "bytes", "generator"],
    )
    own = figures.get(ARENA.key, {}).get("us")
    titles = {each.key: each.title for each in POLLED} | {NGINX: NGINX_TITLE}
    for key, title in titles.items():
        if key in figures:
            each = figures[key]
            row = [figure(each["us"]), times(each["us"], own), figure(each["per_second"])]
            table.rows.append([title, *row, figure(each["bytes"], 4), percent(each["generator"])])
    table.notes = ["Requests a second are bounded by the generator where its core is busy; compare the CPU.", *left_out]
    return table
