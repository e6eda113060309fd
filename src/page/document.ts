/**
 * The page as a browser gets it: the file that the build has made, with what this process says in its first tag,
 * and a policy under which nothing runs, and nothing is loaded, but what stands in that file.
 */

import { createHash } from 'node:crypto';
import { pageText } from '../installed.ts';
import type { PageHeaders } from './visit.ts';

export interface PageDocument {
  readonly text: string;
  readonly headers: PageHeaders;
}

export interface PageFacts {
  /** Hexadecimal. */
  readonly page: string;
  /** Hexadecimal; none where there are no actions. */
  readonly token: string | undefined;
  readonly showKeys: boolean;
}

/** @throws {MissingPackageError} when a bundler has left the file out */
export function documentOf({ page, token, showKeys }: PageFacts): PageDocument {
  const built = pageText();
  const data = [
    `data-page="${page}"`,
    ...(token === undefined ? [] : [`data-token="${token}"`]),
    ...(showKeys ? ['data-keys'] : []),
  ].join(' ');
  return {
    text: built.replace('<html ', `<html ${data} `),
    headers: { ...safeHeaders, 'content-security-policy': policyOf(built) },
  };
}

/** Of every answer. */
export const safeHeaders: PageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

function policyOf(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashIn(html, 'script')}`,
    `style-src ${hashIn(html, 'style')}`,
    "connect-src 'self'",
    // The icon, which stands in the file.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

/** Of what stands in the only element of this name. */
function hashIn(html: string, tag: string): string {
  const from = html.indexOf('>', html.indexOf(`<${tag}`)) + 1;
  const text = html.slice(from, html.lastIndexOf(`</${tag}>`));
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
