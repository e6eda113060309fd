"""The same as functions/disk/run.js, in Python: python3 disk.py <contestant> <directory> store|read <entries>."""

import json
import sys
import time

BATCH = 50


def text(n):
    return (f"text {n} " * 200)[:1000]


def fields(n):
    return {
        f"field{i}": n + i * 1.5 if i % 2 == 0 else (f"field {n} " * 20)[:75]
        for i in range(20)
    }


VALUES = {"text": text, "fields": fields}


def load(contestant):
    """A function that opens a directory and gives the two functions, memoized, and what closes it."""
    if contestant == "joblib":
        from joblib import Memory

        def open_joblib(directory):
            memory = Memory(directory, verbose=0)
            return {kind: memory.cache(value) for kind, value in VALUES.items()}, lambda: None

        return open_joblib
    from diskcache import Cache

    def open_diskcache(directory):
        cache = Cache(directory)
        return {kind: cache.memoize()(value) for kind, value in VALUES.items()}, cache.close

    return open_diskcache


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def store(functions, close, entries):
    start = time.perf_counter()
    for call in functions.values():
        for n in range(entries):
            call(n)
    close()
    return {"store": 1e6 * (time.perf_counter() - start) / (entries * len(functions))}


def read_batches(call, start, end):
    """Microseconds a hit, in each batch."""
    times = []
    for first in range(start, end - BATCH + 1, BATCH):
        begun = time.perf_counter()
        for n in range(first, first + BATCH):
            call(n)
        times.append(1e6 * (time.perf_counter() - begun) / BATCH)
    return times


def read(functions, close, entries):
    found = {}
    half = 1 + BATCH * ((entries - 2) // BATCH // 2)
    # The first half of each kind warms up.
    for call in functions.values():
        read_batches(call, 1, half)
    for kind, call in functions.items():
        before = time.process_time()
        times = read_batches(call, half, entries - 1)
        found[f"{kind}Cpu"] = 1e6 * (time.process_time() - before) / (len(times) * BATCH)
        found[kind] = median(times)
        if call(entries - 1) != VALUES[kind](entries - 1):
            raise ValueError(f"another value of {kind}")
    close()
    return found


def main():
    contestant, directory, job, entries = sys.argv[1:]
    begun = time.perf_counter()
    open_directory = load(contestant)
    functions, close = open_directory(directory)
    if job == "store":
        numbers = store(functions, close, int(entries))
    else:
        functions["text"](0)
        ready = 1e3 * (time.perf_counter() - begun)
        numbers = {**read(functions, close, int(entries)), "ready": ready}
    print(json.dumps(numbers))


main()
