import { createPool } from 'threadmemo';
import { endless, type Page, render, type Theme } from './render.ts';

const pool = await createPool({ threads: 1 });
await render('warm', 'light');
const failure = await endless
  .with({ timeout: 100 })('x')
  .catch(({ name }: Error) => name);
const theme: Theme = 'dark';
const pages: Page[] = await Promise.all([render('hello', theme), render('hello', theme)]);
const { threadsLost } = pool.stats();
console.log(JSON.stringify({ pages, computations: render.stats().computations }));
console.log(JSON.stringify({ failure, threadsLost }));
