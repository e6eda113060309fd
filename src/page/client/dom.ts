/** Elements, which are made of text only: what comes from the process is never read as HTML. */

type Child = Node | string;

interface Properties {
  readonly class?: string;
  readonly title?: string;
  readonly click?: () => void;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (properties.class) element.className = properties.class;
  if (properties.title) element.title = properties.title;
  if (properties.click) element.addEventListener('click', properties.click);
  element.append(...children);
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`there is no #${id}`);
  return element;
}

/** Leaves alone what is as it should be: a reader may have selected it. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Two lines: what it is called, and where it is. */
export function nameLines({ name, module }: { name: string; module: string }): Node[] {
  return [make('span', { class: 'name' }, name), make('span', { class: 'module' }, module)];
}
