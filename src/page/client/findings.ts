/** What a person should know first. */

import type { PageFinding } from '../snapshot.ts';
import { byId, make } from './dom.ts';

let shown = '';

export function showFindings(findings: readonly PageFinding[]): void {
  const text = JSON.stringify(findings);
  if (text === shown) return;
  shown = text;
  const items = findings.map((each) => make('li', { class: each.kind }, each.text));
  const nothing = make(
    'li',
    { class: 'nothing' },
    'Nothing fails, and nothing was found that does not pay.',
  );
  byId('findings').replaceChildren(...(items.length > 0 ? items : [nothing]));
}
