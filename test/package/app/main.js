import { createPool } from 'threadmemo';
import { endless, render } from './render.js';

const pool = await createPool({ threads: 1 });
await render('warm', 'light');
const failure = await endless
  .with({ timeout: 100 })('x')
  .catch(({ name }) => name);
const pages = await Promise.all([render('hello', 'dark'), render('hello', 'dark')]);
const { threadsLost } = pool.stats();
console.log(JSON.stringify({ pages, computations: render.stats().computations }));
console.log(JSON.stringify({ failure, threadsLost }));
