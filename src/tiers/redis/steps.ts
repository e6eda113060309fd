/**
 * What is asked of Redis in one turn of the event loop travels in one script call; of a cluster, in one for
 * each slot, because a script stays in a slot. Each step has an answer of its own.
 *
 * Invariants: steps are sent in the order in which they were asked for, and `flush` sends them before what is
 * sent after it. A step that was not reached, because those before it have found much, has done nothing, and is
 * sent again. One that is refused rejects alone; where a call is not answered, all of its steps reject.
 */

import { nextTick } from '../../runtime/globals.ts';
import type { Argument, RedisReply } from './connection.ts';
import type { RedisKey } from './names.ts';
import type { RandomBytes } from './random.ts';
import { FAILED, type RedisSend, runScript, scripts } from './scripts.ts';

/** Steps in a call: Redis does nothing else meanwhile. */
const MOST = 64;
/** Bytes of bodies in a call. What is larger travels alone, and is not copied. */
const MOST_BYTES = 65_536;

/** See `scripts.steps`. */
export type Step = 'g' | 'l' | 'r' | 'p' | 's';

/** What all calls have in common. */
export interface StepsParts {
  /** In the given session only, if there is a number. */
  readonly send: (session: number | undefined) => RedisSend;
  /** Notes what a step was refused, or that it was not. */
  readonly noted: (step: Step, refusal: Error | undefined) => void;
  readonly process: string;
  /** Milliseconds that a lease lives. */
  readonly life: string;
  /** Milliseconds for which generations are kept. */
  readonly keep: string;
  /** What the channels of processes begin with. */
  readonly wakes: string;
  readonly random: RandomBytes;
  readonly isCluster: boolean;
}

interface Asked {
  readonly step: Step;
  readonly key: RedisKey;
  readonly words: readonly string[];
  readonly body: Buffer | undefined;
  readonly session: number | undefined;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: unknown) => void;
}

interface Call {
  readonly steps: Asked[];
  bytes: number;
}

export class RedisSteps {
  readonly #parts: StepsParts;
  /** By slot, where that matters, and session. */
  readonly #calls = new Map<string, Call>();
  #bySlot: boolean;
  #isPlanned = false;

  constructor(parts: StepsParts) {
    this.#parts = parts;
    this.#bySlot = parts.isCluster;
  }

  /** @param session in which it is sent, if in none other */
  ask(
    step: Step,
    key: RedisKey,
    words: readonly string[] = [],
    body?: Buffer,
    session?: number,
  ): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      this.#add({ step, key, words, body, session, resolve, reject });
    });
  }

  /** Sends what waits for the end of the turn. */
  flush(): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { steps } of calls) void this.#send(steps);
  }

  #add(asked: Asked): void {
    const { key, body, session } = asked;
    const name = `${this.#bySlot ? key.all : ''} ${session ?? ''}`;
    const bytes = body?.length ?? 0;
    let call = this.#calls.get(name);
    if (call && (call.steps.length >= MOST || call.bytes + bytes > MOST_BYTES)) {
      void this.#send(call.steps);
      call = undefined;
    }
    if (!call) {
      call = { steps: [], bytes: 0 };
      this.#calls.set(name, call);
    }
    call.steps.push(asked);
    call.bytes += bytes;
    this.#sendLater();
  }

  #sendLater(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    nextTick(() => {
      this.#isPlanned = false;
      this.flush();
    });
  }

  async #send(steps: readonly Asked[]): Promise<void> {
    const send = this.#parts.send(steps[0]?.session);
    let answers: RedisReply;
    try {
      answers = await runScript(send, scripts.steps, keysOf(steps), this.#wordsOf(steps));
      if (!Array.isArray(answers) || answers.length === 0)
        throw new Error('Redis has not answered');
    } catch (error) {
      if (!this.#bySlot && isForOneSlot(error)) this.#beginSlots(steps);
      else for (const { reject } of steps) reject(error);
      return;
    }
    for (const [at, asked] of steps.entries()) {
      const answer = answers[at];
      if (answer === undefined) this.#add(asked);
      else this.#answer(asked, answer);
    }
  }

  #answer({ step, resolve, reject }: Asked, answer: RedisReply): void {
    const isFailed = Array.isArray(answer) && answer[0] === FAILED;
    const refusal = isFailed ? new Error(String(answer[1])) : undefined;
    this.#parts.noted(step, refusal);
    if (refusal) reject(refusal);
    else resolve(answer);
  }

  /** It has done none of them: there is a cluster, although the client knows nothing of it. */
  #beginSlots(steps: readonly Asked[]): void {
    this.#bySlot = true;
    for (const asked of steps) this.#add(asked);
  }

  #wordsOf(steps: readonly Asked[]): Argument[] {
    const { process, life, keep, wakes, random } = this.#parts;
    const bodies = steps.flatMap(({ body }) => body ?? []);
    const [only = Buffer.alloc(0), ...others] = bodies;
    const all = others.length > 0 ? Buffer.concat(bodies) : only;
    const words: Argument[] = [process, life, keep, random.take(16), wakes, all];
    for (const asked of steps) {
      words.push(asked.step, ...asked.words);
      if (asked.body) words.push(String(asked.body.length));
    }
    return words;
  }
}

function keysOf(steps: readonly Asked[]): string[] {
  const keys: string[] = [];
  for (const { step, key } of steps) {
    keys.push(key.record, key.all, key.own);
    if (step !== 'g' && step !== 'p') keys.push(key.lease);
  }
  return keys;
}

function isForOneSlot(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('CROSSSLOT');
}
