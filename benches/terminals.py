#!/usr/bin/env python3
"""What a console costs in a terminal: bedtop beside htop, btop and bottom, in one run on one machine.

    cargo build --release
    benches/terminals.py [--seconds 12] [--json] [target/release/bedtop]

Each program runs in a pseudo-terminal of 200x50; bedtop plays a trace of 1,000 tenants back at the speed of the wall
clock, a minute a minute. A peer that is not installed is left out and said so. A frame is what comes without a pause of 5 ms.
Keys are Down, a quarter of a second apart; the time is from the key to the last byte of the frame it causes. What is beside the list
follows in a frame of its own: its bytes are in "all that follows".
Linux only: processor time, wake-ups (context switches) and memory are read from /proc.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time

PAUSE = 0.005
PEERS = {"htop": ["htop", "-d", "20"], "btop": ["btop"], "bottom": ["btm"]}
# Figure, unit, limit; the limits are those of the design.
LIMITS = [
    ("key to frame, median", "ms", 4), ("key to frame, p95", "ms", 8), ("bytes: one Down", "B", 1200), ("bytes: one Down and all that follows", "B", None), ("bytes: full repaint", "B", 16000), ("bytes: idle frame, median", "B", 2000),
    ("bytes a second idle, 200x50", "B/s", 1500), ("bytes a second idle, 80x24", "B/s", 600),
    ("wake-ups a second idle", "/s", 6), ("idle CPU", "%", 0.5), ("memory at first frame", "MiB", 30),
    ("memory steady", "MiB", 120), ("start to first frame", "ms", 50), ("quit to exit", "ms", 100),
]


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, command, size=(200, 50)):
        self.began = time.monotonic()
        self.process, self.master = pty.fork()
        if self.process == 0:
            home = tempfile.mkdtemp(prefix="terminals-")
            env = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "HOME": home,
                   "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": str(size[0]), "LINES": str(size[1])}
            time.sleep(0.02)  # until the size is set
            os.execvpe(command[0], command, env)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def frames(self, seconds, until_first=False):
        """Frames as (time of the last byte, bytes), for so long or until the first has ended."""
        frames, end, last = [], time.monotonic() + seconds, None
        while time.monotonic() < end:
            wait = PAUSE if last else end - time.monotonic()
            ready, _, _ = select.select([self.master], [], [], max(0, wait))
            if ready:
                try:
                    size = len(os.read(self.master, 1 << 20))
                except OSError:
                    break
                now = time.monotonic()
                last = (now, (last[1] if last else 0) + size)
            elif last:
                frames.append(last)
                last = None
                if until_first:
                    break
        return frames + ([last] if last else [])

    def tasks(self):
        return [f"/proc/{self.process}/task/{task}" for task in os.listdir(f"/proc/{self.process}/task")]

    def counters(self):
        """Seconds of processor, wake-ups."""
        fields = open(f"/proc/{self.process}/stat").read().rsplit(")", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        wakes = 0
        for task in self.tasks():
            try:
                status = open(task + "/status").read()
            except OSError:
                continue
            wakes += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("voluntary_ctxt"))
        return cpu, wakes

    def memory(self):
        line = next(line for line in open(f"/proc/{self.process}/status") if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def press(self, keys):
        os.write(self.master, keys)
        return time.monotonic()

    def end(self, keys=b"q"):
        """Milliseconds from the key to the end."""
        began = self.press(keys)
        while time.monotonic() - began < 5:
            done, _ = os.waitpid(self.process, os.WNOHANG)
            if done:
                os.close(self.master)
                return (time.monotonic() - began) * 1000
            self.frames(0.002)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.master)
        return float("nan")


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def median(values):
    return statistics.median(values) if values else float("nan")


def measure(command, seconds, warmup):
    figures = {}
    terminal = Terminal(command)
    first = terminal.frames(20, until_first=True)
    figures["start to first frame"] = (first[0][0] - terminal.began - 0.02) * 1000 if first else float("nan")
    figures["memory at first frame"] = terminal.memory()
    terminal.frames(warmup)
    cpu, wakes = terminal.counters()
    idle = terminal.frames(seconds)
    cpu_after, wakes_after = terminal.counters()
    figures["idle CPU"] = (cpu_after - cpu) / seconds * 100
    figures["wake-ups a second idle"] = (wakes_after - wakes) / seconds
    figures["bytes: idle frame, median"] = median([size for _, size in idle])
    figures["bytes a second idle, 200x50"] = sum(size for _, size in idle) / seconds
    times, sizes, sums = [], [], []
    for _ in range(40):
        pressed = terminal.press(b"\x1b[B")
        frames = terminal.frames(0.25)
        if frames:
            times.append((frames[0][0] - pressed) * 1000)
            sizes.append(frames[0][1])
            sums.append(sum(size for _, size in frames))
    figures["key to frame, median"], figures["key to frame, p95"] = median(times), percentile(times, 0.95)
    figures["bytes: one Down"], figures["bytes: one Down and all that follows"] = median(sizes), median(sums)
    pressed = terminal.press(b"\x0c")
    repaint = terminal.frames(0.3)
    figures["bytes: full repaint"] = max((size for _, size in repaint), default=float("nan"))
    figures["memory steady"] = terminal.memory()
    figures["quit to exit"] = terminal.end()
    small = Terminal(command, (80, 24))
    small.frames(warmup)
    figures["bytes a second idle, 80x24"] = sum(size for _, size in small.frames(seconds)) / seconds
    small.end()
    return figures


def write_usage(path, tenants):
    """Two hours of so many tenants, a row a minute for one in ten of them, and one in each ten minutes for the others."""
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    with open(path, "w") as out:
        out.write("timestamp,tenant,profile,model,invocations,input_tokens,output_tokens\n")
        for minute in range(120):
            for tenant in range(tenants):
                if tenant % 10 == 0 or (minute + tenant) % 10 == 0:
                    name, at = f"tenant-{tenant:04}", 1795093200 + minute * 60
                    out.write(f"{at},{name},{name}-chat,{model},3,{2000 + tenant},500\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bedtop", nargs="?", default="target/release/bedtop")
    parser.add_argument("--seconds", type=float, default=12, help="how long each is watched while nobody types")
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="an object a line")
    options = parser.parse_args()
    usage = os.path.join(tempfile.mkdtemp(prefix="terminals-"), "usage.csv")
    write_usage(usage, options.tenants)
    bedtop = [os.path.abspath(options.bedtop), "replay", usage, "--speed", "1", "--at", "2026-11-19T14:30:00Z"]
    engines = {"bedtop": (bedtop, 10)} | {name: (command, 3) for name, command in PEERS.items()}
    missing = [name for name, (command, _) in engines.items() if not shutil.which(command[0])]
    table = {name: measure(*[command, options.seconds, warmup]) for name, (command, warmup) in engines.items() if name not in missing}
    if options.json:
        for name, figures in table.items():
            for figure, unit, _ in LIMITS:
                print(json.dumps({"figure": figure, "engine": name, "value": round(figures[figure], 2), "unit": unit}))
        return
    print(f"{'figure':42}" + "".join(f"{name:>10}" for name in table) + f"{'limit':>10}")
    for figure, unit, limit in LIMITS:
        mark = "  OVER" if limit is not None and table["bedtop"][figure] > limit else ""
        row = "".join(f"{figures[figure]:10.1f}" for figures in table.values())
        print(f"{figure + (', ' + unit if unit else ''):42}{row}{limit if limit is not None else '':>10}{mark}")
    if missing:
        print("not installed here: " + ", ".join(missing))


if __name__ == "__main__":
    sys.exit(main())
