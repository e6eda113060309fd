/**
 * Articles in SQLite. One connection, on the thread that has made the pool: `thread: 'main'` brings every
 * call there, from whichever thread it comes. Worker threads load this module too, and open nothing.
 */

import initSqlJs, { type Database } from 'sql.js';
import { invalidateTags, memoize } from 'threadmemo';

export interface Article {
  readonly id: number;
  readonly revision: number;
  readonly text: string;
}

export const articles = 20;

let opened: Promise<Database> | undefined;

function database(): Promise<Database> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Database> {
  const { Database } = await initSqlJs();
  const database = new Database();
  database.run('create table articles (id integer primary key, revision integer, text text)');
  for (let id = 1; id <= articles; id++) {
    const text = `All about ${id}. `.repeat(200);
    database.run('insert into articles values (?, 1, ?)', [id, text]);
  }
  return database;
}

export const article = memoize(
  import.meta.url,
  async function article(id: number): Promise<Article | undefined> {
    const statement = (await database()).prepare('select * from articles where id = ?', [id]);
    const found = statement.step() ? (statement.getAsObject() as unknown as Article) : undefined;
    statement.free();
    return found;
  },
  { thread: 'main', ttl: '10m', tags: (_, [id]) => [`article:${id}`] },
);

/** Saves first, and then forgets what was made of the old revision: rows, renderings and pages. */
export async function revise(id: number): Promise<void> {
  (await database()).run('update articles set revision = revision + 1 where id = ?', [id]);
  await invalidateTags(`article:${id}`);
}
