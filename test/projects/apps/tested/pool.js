// pool.js
import { createPool } from 'threadmemo';

export const pool = await createPool({ threads: 2 });
