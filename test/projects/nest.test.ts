/** NestJS: a provider whose work is memoized, and whose HttpException arrives as one. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Project } from '../package/project.ts';
import { createProjectWithTools, SETUP_MS } from './tools.ts';

let project: Project;
beforeAll(async () => {
  project = await createProjectWithTools('nest');
}, SETUP_MS);
afterAll(() => project?.remove());

test('answers a hit, and 404 for a NotFoundException out of a worker thread', {
  timeout: 120_000,
}, async () => {
  const lamp = '200 {"article":"lamp","price":4}';
  const none = '404 {"message":"there is no none","error":"Not Found","statusCode":404}';
  expect(await project.node('main.js')).toEqual({
    code: 0,
    stdout: `${[lamp, lamp, none, 'true 404 1'].join('\n')}\n`,
    stderr: '',
  });
});
