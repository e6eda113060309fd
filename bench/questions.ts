/** Which results do the documents show, in which words, and which figure of each is the picture? */

export interface QuotedFigure {
  readonly part: string;
  /** The id of the metric. */
  readonly id: string;
  readonly question: string;
  readonly ours: string;
  readonly theirs: readonly string[];
  readonly unit: string;
  readonly digits: number;
}

export interface QuotedResult {
  readonly scenario: string;
  readonly title: string;
  readonly says: string;
  readonly parts: readonly string[];
  /** Its first row is drawn; all rows stand in README.md. */
  readonly picture?: {
    readonly file: string;
    readonly title: string;
    readonly rows: readonly QuotedFigure[];
  };
}

export const questions: readonly QuotedResult[] = [
  {
    scenario: 'hit',
    title: 'A hit, in a worker',
    says: 'A `Map` and `lru-cache` hold only what their own thread has put there. lmdb, Redis and a cache\nbehind a port are shared, as threadmemo is.',
    parts: ['near, 1 worker', 'shared, 1 worker'],
    picture: {
      file: 'hit.svg',
      title: 'Nanoseconds of a repeated hit in a worker, by cache',
      rows: [
        {
          part: 'near, 1 worker',
          id: 'string',
          question: 'a repeated hit in a worker',
          ours: 'threadmemo',
          theirs: ['lru-cache', 'lmdb', 'port', 'redis'],
          unit: 'ns',
          digits: 0,
        },
      ],
    },
  },
  {
    scenario: 'miss',
    title: 'A miss',
    says: 'A trivial function with keys that never repeat: the whole cost of a call that computes.',
    parts: ['miss'],
    picture: {
      file: 'miss.svg',
      title: 'Calls a second that all compute, 64 callers',
      rows: [
        {
          part: 'miss',
          id: 'throughput',
          question: 'calls a second that all compute, 64 callers',
          ours: 'threadmemo',
          theirs: ['piscina', 'p-memoize'],
          unit: '',
          digits: 0,
        },
      ],
    },
  },
  {
    scenario: 'stampede',
    title: 'A stampede',
    says: 'Many callers ask for the same new keys at once.',
    parts: ['stampede'],
    picture: {
      file: 'stampede.svg',
      title: 'Computations of a stampede',
      rows: [
        {
          part: 'stampede',
          id: 'computations',
          question: 'computations of a stampede',
          ours: 'threadmemo',
          theirs: ['lru-in-workers', 'p-memoize'],
          unit: '',
          digits: 0,
        },
      ],
    },
  },
  {
    scenario: 'fragments',
    title: 'A service from cold',
    says: 'Pages that two workers render from shared fragments.',
    parts: ['fragments'],
    picture: {
      file: 'fragments.svg',
      title: 'Pages a second from a cold cache',
      rows: [
        {
          part: 'fragments',
          id: 'cold',
          question: 'pages a second, made of shared fragments, from cold',
          ours: 'threadmemo',
          theirs: ['lru-cache', 'port', 'redis'],
          unit: '',
          digits: 0,
        },
      ],
    },
  },
  {
    scenario: 'fleet',
    title: 'A fleet',
    says: 'Three processes over one Redis.',
    parts: ['fleet stampede', 'fleet hits'],
    picture: {
      file: 'fleet.svg',
      title: 'Computations in three processes that want the same 50 keys',
      rows: [
        {
          part: 'fleet stampede',
          id: 'computations',
          question: 'computations, three processes that want the same 50 keys',
          ours: 'threadmemo',
          theirs: ['async-cache-dedupe', 'bentocache', 'layered-loader'],
          unit: '',
          digits: 0,
        },
      ],
    },
  },
];
