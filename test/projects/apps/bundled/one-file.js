import { isMainThread } from 'node:worker_threads';
import { render } from './render.js';

async function main() {
  const call = () => render('hello', { name: 'dark' });
  const pages = await Promise.all([call(), call()]);
  console.log(JSON.stringify({ pages, computations: render.stats().computations }));
}
if (isMainThread) main();
