/** A service in one file, as it is often begun: each thread that loads it listens, too. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createPool, memoize } from 'threadmemo';

const square = memoize(import.meta.url, function square(n) {
  return n * n;
});

const server = createServer(async (_, response) => {
  response.end(await square(7).catch(({ name, message }) => `${name}: ${message}`));
});
// The threads have the port from the environment, as they would from a configuration.
server.listen(process.env.PORT ?? 0, '127.0.0.1');
await once(server, 'listening');
process.env.PORT = server.address().port;

const pool = await createPool({ threads: 1 });
console.log(await (await fetch(`http://127.0.0.1:${process.env.PORT}`)).text());
server.close();
await pool.close();
