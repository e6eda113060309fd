/** What is done to 100,000 calls of the main thread that wait: for one key, or each for its own. */
import { crowdOf, type Operation, type Stage } from './operation.ts';

const count = 100_000;
const many = count.toLocaleString('en');

type Made = Awaited<ReturnType<typeof crowdOf>>;

function crowd(
  what: string,
  call: (stage: Stage, n: number) => Promise<unknown>,
  act: (stage: Stage, made: Made) => Promise<unknown>,
): Operation {
  return {
    what,
    async run(stage) {
      const made = await crowdOf(count, (n) => call(stage, n));
      await stage.watch(() => act(stage, made));
    },
  };
}

const together = (what: string, act: (stage: Stage, made: Made) => Promise<unknown>) =>
  crowd(`${many} calls of one key: ${what}`, ({ functions }) => functions.held(0), act);

const apart = (what: string, act: (stage: Stage, made: Made) => Promise<unknown>) =>
  crowd(`${many} calls of as many keys: ${what}`, ({ functions }, n) => functions.held(n), act);

const open = async ({ functions }: Stage, { all }: Made) => {
  functions.setGate(true);
  await all;
};

const close = async ({ pool }: Stage, { all }: Made) => {
  await pool.close();
  await all;
};

function aborted(what: string, signals: number): Operation {
  let controllers: AbortController[] = [];
  const signalOf = (n: number) => (controllers[n % signals] as AbortController).signal;
  return {
    what: `${many} calls of one key: ${what}`,
    async run({ functions, watch }) {
      controllers = Array.from({ length: signals }, () => new AbortController());
      const made = await crowdOf(count, (n) => functions.held.with({ signal: signalOf(n) })(0));
      await watch(async () => {
        // A hundred at a time, and for one reason: to abort a signal is the caller's own work.
        const reason = new Error('not wanted any more');
        for (const [n, controller] of controllers.entries()) {
          controller.abort(reason);
          if (n % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
        }
        await made.all;
      });
    },
  };
}

export const ofWaiters: Readonly<Record<string, Operation>> = {
  join: {
    what: `${many} calls of one key come, 500 a turn`,
    run: ({ functions, watch }) => watch(() => crowdOf(count, () => functions.held(0))),
  },
  value: together('their value', open),
  failure: crowd(
    `${many} calls of one key: their failure`,
    ({ functions }) => functions.failing(0),
    open,
  ),
  'abort-one': aborted('one signal aborts', 1),
  'abort-each': aborted('each has a signal, and all abort', count),
  timeout: {
    what: `${many} calls of one key: the timeout of all, at about one time`,
    async run({ functions, watch }) {
      const timeout = 8_000;
      const made = await crowdOf(count, () => functions.held.with({ timeout })(0));
      await watch(() => made.all);
    },
  },
  close: together('pool.close()', close),
  'clear-waiters': together('f.clear(), and their value', async (stage, made) => {
    await stage.functions.held.clear();
    await open(stage, made);
  }),
  'apart-join': {
    what: `${many} calls of as many keys come, 500 a turn`,
    run: ({ functions, watch }) => watch(() => crowdOf(count, (n) => functions.held(n))),
  },
  'apart-values': apart('their values', open),
  'apart-clear': apart('f.clear() and pool.clear()', async ({ functions, pool }) => {
    await functions.held.clear();
    await pool.clear();
  }),
  'apart-close': apart('pool.close()', close),
  'apart-withdraw': apart('pool.withdraw()', async ({ pool }) => {
    pool.withdraw();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }),
  map: {
    what: `f.map() over ${many} inputs`,
    run: ({ functions, watch }) =>
      watch(async () => {
        const inputs = Array.from({ length: count }, (_, n) => n);
        for await (const _ of functions.quick.map(inputs));
      }),
  },
};
