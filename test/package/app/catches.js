import { createPool } from 'threadmemo';
import { find, NotFound } from './errors.js';

const pool = await createPool({ threads: 1 });
const [first, second] = (await Promise.allSettled([find('x'), find('x')])).map(
  (each) => each.reason,
);
console.log(
  JSON.stringify({
    isNotFound: [first, second].map((error) => error instanceof NotFound),
    isOne: first === second,
    made: NotFound.made,
    described: first.describe(),
  }),
);
await pool.close();
