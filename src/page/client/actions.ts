/** What a viewer may do, if the process lets it: requests with the token of this page. */

import { byId, make, setText } from './dom.ts';

/** Asks first, unless `question` is empty. */
export type Action = (what: Readonly<Record<string, string>>, question: string) => void;

export function showActions(token: string): Action {
  const said = make('output');
  const action: Action = async (what, question) => {
    if (question && !confirm(question)) return;
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(what)) address.searchParams.set(name, value);
    setText(said, '…');
    try {
      const headers = { 'x-threadmemo-token': token };
      const answer = await fetch(address, { method: 'POST', headers });
      setText(said, (await answer.text()).trim());
    } catch (error) {
      setText(said, String(error));
    }
  };
  const section = byId('actions');
  section.append(formOf(action), said);
  section.hidden = false;
  return action;
}

function formOf(action: Action): HTMLElement {
  const input = make('input');
  input.ariaLabel = input.placeholder = 'A key, as f.key(…) returns it, or a tag';
  const button = (text: string, what: string, of: 'key' | 'tag') =>
    make('button', { click: () => action({ action: what, [of]: input.value }, '') }, text);
  const form = make(
    'form',
    {},
    input,
    button('Forget the key', 'invalidate', 'key'),
    button('Make the key stale', 'expire', 'key'),
    button('Forget the tag', 'invalidate', 'tag'),
    make(
      'button',
      { click: () => action({ action: 'clear' }, 'Forget everything, in all tiers?') },
      'Clear everything',
    ),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  return form;
}
