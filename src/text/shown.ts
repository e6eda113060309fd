/**
 * A value as it may stand in an error or a warning: short, on one line, and without what is secret.
 *
 * What a user hands in by mistake may be the right thing in the wrong place: a URL with a password, a
 * client that knows one, a secret. So of objects only their class or a few plain properties are
 * shown, of bytes their number, and of texts no credentials.
 */

import { inspect, types } from 'node:util';
import { printable, withoutPasswords } from './printable.ts';

const LONGEST_TEXT = 100;
const MOST_READ = 4096;
const MOST_PARTS = 8;
const PRIVATE = /pass|pwd|secret|token|auth|cred|key|url|uri|user|server|host|client|connection/i;

export function shown(value: unknown): string {
  if (typeof value === 'string') return textShown(value);
  if (typeof value === 'bigint') return `${textShown(String(value)).slice(1, -1)}n`;
  if (typeof value === 'function') return `[Function: ${shortened(value.name) || 'anonymous'}]`;
  if (typeof value !== 'object' || value === null) return shortened(inspect(value));
  return objectShown(value);
}

function textShown(text: string): string {
  return printable(inspect(shortened(withoutPasswords(text.slice(0, MOST_READ)))));
}

/** A text of any length as it fits into a sentence. */
export function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

function objectShown(object: object): string {
  if (types.isProxy(object)) return 'a Proxy';
  if (types.isDate(object) || types.isRegExp(object)) return shortened(inspect(object));
  if (object instanceof URL) return `the URL ${placeOf(object)}`;
  const name = nameOf(object);
  if (ArrayBuffer.isView(object)) return `${name || 'view'} of ${object.byteLength} bytes`;
  if (Array.isArray(object)) return `[ ${listShown(object)} ]`;
  if (name !== '' && name !== 'Object') return `${article(name)} ${shortened(name)}`;
  const parts = Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([, { enumerable }]) => enumerable)
    .map(([key, { value }]) => `${shortened(printable(key))}: ${partShown(key, value)}`);
  return parts.length > 0 ? `{ ${listed(parts, parts.length)} }` : '{}';
}

/** It may have billions of holes. */
function listShown(list: readonly unknown[]): string {
  const first = Array.from(list.slice(0, MOST_PARTS), (each) => partShown('', each));
  return listed(first, list.length);
}

/** Without what may let its reader in: user, password, query and fragment. */
function placeOf({ protocol, host, pathname }: URL): string {
  return shortened(printable(`${protocol}//${host}${pathname}`));
}

function partShown(key: string, value: unknown): string {
  if (typeof value === 'function') return '[Function]';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[...]' : '{...}';
  return PRIVATE.test(key) && value !== undefined ? '...' : shown(value);
}

function listed(parts: readonly string[], count: number): string {
  const more = count - MOST_PARTS;
  const first = parts.slice(0, MOST_PARTS).join(', ');
  return more > 0 ? `${first}, and ${more} more` : first;
}

/** The name of its class, without running anything of the object's own. */
function nameOf(object: object): string {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === null || types.isProxy(prototype)) return '';
  const made = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof made === 'function' ? String(made.name) : '';
}

function article(name: string): string {
  return /^[aeiou]/i.test(name) ? 'an' : 'a';
}
