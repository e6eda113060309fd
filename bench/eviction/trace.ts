/** Where do the requests come from? Files of recorded programs, or made ones, if there are none. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Trace {
  readonly name: string;
  /** Keys from 0, in the order of the requests. */
  readonly requests: Uint32Array;
  /** By key: bytes of the entry, its bookkeeping among them. */
  readonly bytes: Float64Array;
  /** By key: microseconds that computing the value takes. */
  readonly cost: Float64Array;
}

/** What an entry takes beside its value. */
const BOOKKEEPING = 57;

/** Every `.gz` of the folder: a request a line, `key size cost`. */
export function tracesIn(folder: string): Trace[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.gz'));
  return files.sort().map((file) => readTrace(file.slice(0, -3), join(folder, file)));
}

function readTrace(name: string, path: string): Trace {
  const lines = gunzipSync(readFileSync(path)).toString().split('\n').filter(Boolean);
  const requests = new Uint32Array(lines.length);
  const bytes: number[] = [];
  const cost: number[] = [];
  for (const [at, line] of lines.entries()) {
    const [key = 0, size = 0, micros = 0] = line.split(' ').map(Number);
    requests[at] = key;
    bytes[key] = size + BOOKKEEPING;
    cost[key] = micros;
  }
  return { name, requests, bytes: Float64Array.from(bytes), cost: Float64Array.from(cost) };
}

/** The bytes of all its keys. */
export function distinctBytes({ bytes }: Trace): number {
  return bytes.reduce((sum, each) => sum + each, 0);
}

/** All keys alike: what is left is the choice by use. */
export function alike(trace: Trace): Trace {
  const keys = trace.bytes.length;
  return { ...trace, bytes: new Float64Array(keys).fill(1), cost: new Float64Array(keys).fill(1) };
}

/** In five pieces that share no key: what was learned of one is of no use in the next. */
export function inPieces(trace: Trace, pieces = 5): Trace {
  const requests = new Uint32Array(trace.requests.length);
  const bytes: number[] = [];
  const cost: number[] = [];
  let renamed = new Map<number, number>();
  let piece = -1;
  for (const [at, key] of trace.requests.entries()) {
    const now = Math.floor((at * pieces) / requests.length);
    if (now !== piece) renamed = new Map();
    piece = now;
    let name = renamed.get(key);
    if (name === undefined) {
      name = bytes.push(trace.bytes[key] as number) - 1;
      cost.push(trace.cost[key] as number);
      renamed.set(key, name);
    }
    requests[at] = name;
  }
  return { ...trace, requests, bytes: Float64Array.from(bytes), cost: Float64Array.from(cost) };
}
