/** What cannot cross to another thread, with the path that is named, below its root. */

export interface Refused {
  readonly value: unknown;
  readonly path: string;
  readonly says: string;
}

class Connection {
  readonly host = 'a';
}

function refused(value: unknown, says: string, path = ''): Refused {
  return { value, path, says };
}

export function refusals(): Record<string, Refused> {
  return { ...living(), ...disguised(), ...memory(), ...adorned(), ...places() };
}

function living(): Record<string, Refused> {
  return {
    'a function': refused(() => 1, 'a function'),
    'a class': refused(Connection, 'a function'),
    'a symbol': refused(Symbol('s'), 'a symbol'),
    'a boxed symbol': refused(Object(Symbol('s')), 'a boxed symbol'),
    'a class instance': refused(new Connection(), 'an instance of Connection'),
    'a Proxy': refused(new Proxy({}, {}), 'a Proxy'),
    'a Proxy of an array': refused(new Proxy([], {}), 'a Proxy'),
    'a Promise': refused(Promise.resolve(1), 'a Promise'),
    'a WeakMap': refused(new WeakMap(), 'an instance of WeakMap'),
    'a WeakSet': refused(new WeakSet(), 'an instance of WeakSet'),
    'a WeakRef': refused(new WeakRef({}), 'an instance of WeakRef'),
    'a generator': refused((function* () {})(), 'a generator'),
    'an arguments object': refused(argumentsObject(), 'an arguments object'),
  };
}

function argumentsObject(): unknown {
  // The only way to one that the linter accepts.
  return new Function('return arguments')(1, 2);
}

function disguised(): Record<string, Refused> {
  class MyMap extends Map {}
  class MyError extends Error {}
  return {
    'a subclass of Map': refused(new MyMap(), 'an instance of MyMap'),
    'a subclass of Error': refused(new MyError('x'), 'an instance of MyError'),
    'a subclass of Array': refused(new (class List extends Array {})(), 'an instance of List'),
    'an object that only looks like a Map': refused(Object.create(Map.prototype), 'Map'),
    'an object that only looks like an Error': refused(Object.create(Error.prototype), 'Error'),
    'an Error that only looks like an object': refused(
      Object.setPrototypeOf(new Error('x'), Object.prototype),
      'Object',
    ),
    'bytes that claim another class': refused(
      Object.setPrototypeOf(new Uint8Array(1), Int8Array.prototype),
      'Int8Array',
    ),
  };
}

function memory(): Record<string, Refused> {
  const detached = new ArrayBuffer(8);
  const orphan = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const resizable = new (ArrayBuffer as unknown as Resizable)(8, { maxByteLength: 16 });
  const shared = new SharedArrayBuffer(8);
  return {
    'a SharedArrayBuffer': refused(shared, 'other threads can change'),
    'a view of a SharedArrayBuffer': refused(new Uint8Array(shared), 'other threads can change'),
    'a Buffer of a SharedArrayBuffer': refused(Buffer.from(shared), 'other threads can change'),
    'a detached ArrayBuffer': refused(detached, 'detached'),
    'a view of a detached ArrayBuffer': refused(orphan, 'detached'),
    'a resizable ArrayBuffer': refused(resizable, 'resizable'),
    'a view of a resizable ArrayBuffer': refused(new Uint8Array(resizable), 'resizable'),
    'an empty resizable ArrayBuffer': refused(
      new (ArrayBuffer as unknown as Resizable)(0, { maxByteLength: 16 }),
      'resizable',
    ),
  };
}

function adorned(): Record<string, Refused> {
  const more = (value: object) => refused(Object.assign(value, { extra: 1 }), '"extra"');
  const anyProperty = (value: object) => refused(Object.assign(value, { extra: 1 }), 'a property');
  return {
    'a Map with a property': more(new Map()),
    'a Set with a property': more(new Set()),
    'a Date with a property': more(new Date()),
    'a RegExp with a property': more(/a/),
    'a boxed string with a property': more(new String('ab')),
    'a boxed number with a property': more(new Number(1)),
    'an ArrayBuffer with a property': more(new ArrayBuffer(1)),
    'a DataView with a property': more(new DataView(new ArrayBuffer(1))),
    'a few bytes with a property': anyProperty(new Uint8Array(2)),
    'many bytes with a property': anyProperty(new Uint8Array(2000)),
    'a Buffer with a property': anyProperty(Buffer.alloc(2000)),
    'an object with a symbol': refused({ [Symbol('mine')]: 1 }, 'Symbol(mine)'),
    'an array with a symbol': refused(Object.assign([], { [Symbol('mine')]: 1 }), 'Symbol(mine)'),
    'an object with a toStringTag': refused({ [Symbol.toStringTag]: 'X' }, 'toStringTag'),
    'an odd lastIndex': refused(Object.assign(/a/, { lastIndex: {} }), 'lastIndex'),
    'an error with an odd message': refused(
      Object.assign(new Error('x'), { message: 1 }),
      'not a string',
    ),
  };
}

function places(): Record<string, Refused> {
  const bad = () => {};
  return {
    'in an object': refused({ a: 1, conn: bad }, 'a function', '.conn'),
    'under an odd key': refused(
      { items: [0, 1, 2, { 'odd key': bad }] },
      'a function',
      '.items[3]["odd key"]',
    ),
    'under a key like an index': refused({ 0: bad }, 'a function', '["0"]'),
    'in an array': refused([1, [bad]], 'a function', '[1][0]'),
    'in a named property of an array': refused(
      Object.assign([1], { more: bad }),
      'a function',
      '.more',
    ),
    'as a value of a Map': refused(new Map([['k', bad]]), 'a function', '.get("k")'),
    'as a value of a Map under an object': refused(new Map([[{}, bad]]), 'a function', ' value #1'),
    'as a key of a Map': refused(
      new Map<unknown, unknown>([
        ['a', 1],
        [bad, 1],
      ]),
      'a function',
      ' key #2',
    ),
    'in a Set': refused(new Set([1, bad]), 'a function', ' member #2'),
    'as a cause': refused(new Error('x', { cause: { bad } }), 'a function', '.cause.bad'),
    'an error that is its own cause': refused(ownCause(), 'a cycle', '.cause'),
    'among the errors': refused(new AggregateError([bad], 'x'), 'a function', '.errors[0]'),
    'in a field of an error': refused(
      Object.assign(new Error('x'), { socket: bad }),
      'a function',
      '.socket',
    ),
  };
}

/** What no key can be made of, and what a result may be all the same: trees whose nodes know their parents. */
export function cycles(): Record<string, Refused> {
  const self: { a?: unknown } = {};
  self.a = { b: [self] };
  const map = new Map<string, unknown>();
  map.set('me', map);
  return {
    'a cycle': refused(self, 'a cycle', '.a.b[0]'),
    'a cycle in a Map': refused(map, 'a cycle', '.get("me")'),
  };
}

function ownCause(): Error {
  const error = new Error('x');
  error.cause = error;
  return error;
}
