/** One call of the function, and the lines that it answers. */

import type { Held } from '../call/side.ts';
import { NotUtf8 } from './lines.ts';
import { type LineOutcome, OPEN } from './outcome.ts';

export class LineAnswer {
  /** The line. */
  readonly source: string;
  outcome: LineOutcome = OPEN;
  /** Lines that are in the window because of it. */
  uses = 0;
  /** Lines with the same text that came while it was open. */
  joined = 0;
  /** The value in the cache, if it is there: before the call, and then after it. */
  held: Held | undefined;

  constructor(source: string | NotUtf8) {
    this.source = source instanceof NotUtf8 ? source.shown : source;
  }

  get settled(): boolean {
    return this.outcome !== OPEN;
  }

  /** Characters that it holds. */
  get size(): number {
    const { outcome, source } = this;
    return source.length + (outcome.state === 'value' ? outcome.text.length : 0);
  }
}
