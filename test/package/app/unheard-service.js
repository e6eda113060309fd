/** A service in one file that has no listener for `error`: threads that listen, too, die of it. */

import { createServer } from 'node:http';
import { createPool, memoize } from 'threadmemo';

const square = memoize(import.meta.url, function square(n) {
  return n * n;
});

const server = createServer(async (_, response) => {
  response.end(await square(7).catch(({ name, message }) => `${name}: ${message}`));
});
await new Promise((listening) => server.listen(process.env.PORT ?? 0, '127.0.0.1', listening));
process.env.PORT = server.address().port;

const pool = await createPool({ threads: 1 });
console.log(await (await fetch(`http://127.0.0.1:${process.env.PORT}`)).text());
server.close();
await pool.close();
