/** The tools that users have, in the versions of package.json beside this file. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createProject, type Project } from '../package/project.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** A project with the tools and with the files of `apps/<app>`. */
export async function createProjectWithTools(app: string): Promise<Project> {
  if (!existsSync(`${folder}node_modules/.package-lock.json`)) {
    throw new Error('the tools are not installed: npm ci --prefix test/projects');
  }
  return createProject({ app: `${folder}apps/${app}`, tools: folder });
}

/** `npm`, or another command that reaches the registry as the shell that runs the tests does. */
export const online = (command: string, args: readonly string[], cwd: string) =>
  promisify(execFile)(command, [...args], { cwd });

/** Where the package that a tool's name stands for lies. */
export const toolFolder = (name: string) => `${folder}node_modules/${name}`;

/** To pack the package, on a slow machine. */
export const SETUP_MS = 300_000;
