"""What does a hit cost in Python's caches? Prints JSON: contestant, kind, nanoseconds a hit."""

import functools
import json
import shutil
import tempfile
import time

SECONDS = 0.05
ROUNDS = 7

VALUES = {
    "string": "threadmemo" * 10,
    "fields": {f"field{i}": i * 1.5 if i % 2 == 0 else f"text {i}" for i in range(20)},
    "bytes": b"threadmem0" * 6_554,
}


def value(kind):
    return VALUES[kind]


def contestants(folder):
    """Each a function of the kind; those whose packages are missing are left out."""
    found = {"dict": dict(VALUES).__getitem__, "functools.lru_cache": functools.lru_cache(value)}
    try:
        from diskcache import Cache

        found["diskcache"] = Cache(folder + "/diskcache").memoize()(value)
    except ImportError:
        pass
    try:
        from joblib import Memory

        found["joblib.Memory"] = Memory(folder + "/joblib", verbose=0).cache(value)
    except ImportError:
        pass
    return found


def nanoseconds(read, kind):
    read(kind)
    batch = 1
    while True:
        start = time.perf_counter_ns()
        for _ in range(batch):
            read(kind)
        elapsed = time.perf_counter_ns() - start
        if elapsed >= SECONDS * 1e9 / 4:
            return elapsed / batch
        batch *= 2


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def main():
    folder = tempfile.mkdtemp(prefix="threadmemo-bench-")
    try:
        field = contestants(folder)
        rounds = {name: {kind: [] for kind in VALUES} for name in field}
        for _ in range(ROUNDS):
            for name, read in field.items():
                for kind in VALUES:
                    rounds[name][kind].append(nanoseconds(read, kind))
        medians = {name: {kind: median(ns) for kind, ns in kinds.items()} for name, kinds in rounds.items()}
        print(json.dumps(medians))
    finally:
        shutil.rmtree(folder)


main()
