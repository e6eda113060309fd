/**
 * The site: the pages of docs/ as they are, with a search that asks no other host. `.ci/docs.ts` copies
 * them to pages/, since what a page needs of Vue is looked for above it.
 */

import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const described = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { repository?: { url: string }; description: string };
const repository = described.repository?.url.replace(/^git\+|\.git$/g, '');

const page = (text: string, link: string) => ({ text, link });
const guide = (text: string, name: string) => page(text, `/guides/${name}`);

/** A link out of docs/ is one into the repository; without an address of that it leads nowhere. */
function outward(href: string): string {
  const path = href.replace(/^(?:\.\.\/)+/, '');
  return repository
    ? `${repository}/blob/main/${path}`
    : `https://www.npmjs.com/package/threadmemo`;
}

/** Three threads and one memory; in the page itself, so that browsers ask for no file. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke="#3451b2" stroke-width="3">' +
  '<path d="M6 4v12M16 4v12M26 4v12"/><rect x="3" y="18" width="26" height="10" rx="3"/></g></svg>';

export default defineConfig({
  title: 'threadmemo',
  description: described.description,
  lang: 'en',
  // The path below which the site is served; `.github/workflows/site.yml` knows it.
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: 'pages',
  outDir: '../../build/site',
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  cacheDir: '../../build/site-cache',
  cleanUrls: true,
  lastUpdated: false,
  // Tables of eight columns take the place of the outline.
  transformPageData(page) {
    if (/^(?:comparison|numbers)\.md$/.test(page.relativePath)) page.frontmatter['aside'] = false;
  },
  markdown: {
    config(md) {
      md.core.ruler.push('links-into-the-repository', ({ tokens }) => {
        for (const { children } of tokens) {
          for (const token of children ?? []) {
            const href = token.type === 'link_open' ? token.attrGet('href') : null;
            if (
              href &&
              /^(?:\.\.\/)+(?:src|test|bench|examples|workers|[A-Z]+(?:\.md)?(?:#|$))/.test(href)
            ) {
              token.attrSet('href', outward(href));
            }
          }
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Tutorial', '/tutorial'),
      guide('Guides', 'choosing'),
      page('Reference', '/reference/'),
      page('How it works', '/architecture'),
    ],
    sidebar: [
      {
        text: 'Learn',
        items: [
          page('threadmemo', '/'),
          page('Tutorial', '/tutorial'),
          page('All pages', '/pages'),
        ],
      },
      {
        text: 'Functions',
        items: [
          guide('What to memoize', 'choosing'),
          guide('Arguments, values, errors', 'values'),
          guide('Where a function runs', 'where-it-runs'),
          guide('Freshness', 'freshness'),
          guide('Tags', 'tags'),
        ],
      },
      {
        text: 'Services',
        items: [
          guide('A service', 'service'),
          guide('Routes', 'web-routes'),
          guide('NestJS', 'nestjs'),
          guide('Observing', 'observing'),
          guide('OpenTelemetry', 'tracing'),
          guide('The page', 'page'),
          guide('Production checklist', 'production'),
        ],
      },
      {
        text: 'Stores and machines',
        items: [
          guide('Tiers', 'tiers'),
          guide('Disk', 'disk'),
          guide('Redis', 'redis'),
          guide('The command', 'command-line'),
          guide('Data pipelines', 'machine-learning'),
          page('Writing a tier', '/writing-a-tier'),
        ],
      },
      {
        text: 'Development',
        items: [
          guide('Testing', 'testing'),
          guide('Debugging', 'debugging'),
          guide('Why it was computed', 'why-a-miss'),
          guide('Does it pay?', 'does-it-pay'),
          guide('Bundlers and CommonJS', 'bundlers'),
          guide('Workers of your own', 'own-workers'),
        ],
      },
      {
        text: 'Moving',
        items: [
          guide('From another cache', 'moving'),
          guide('From Python', 'from-python'),
          page('Upgrading', '/upgrading'),
          page('Comparison', '/comparison'),
          page('Differences', '/differences'),
        ],
      },
      {
        text: 'Look up',
        items: [
          page('Reference', '/reference/'),
          page('Error codes', '/errors'),
          page('Glossary', '/glossary'),
        ],
      },
      {
        text: 'Understand',
        items: [
          page('Architecture', '/architecture'),
          page('Decisions', '/decisions/'),
          page('Eviction', '/eviction'),
          page('Numbers', '/numbers'),
          page('Security', '/security'),
        ],
      },
    ],
  },
});
