/**
 * A plugin of typedoc: modules are called what users import, `threadmemo/redis` and not `redis`, and
 * `@throws {KeyError} when …` names the class, which the Markdown leaves out otherwise.
 */

import { readFileSync } from 'node:fs';
import { Converter, ReflectionKind } from 'typedoc';

const described = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const names = new Map(
  Object.entries(described.exports)
    .filter(([, { types }]) => types)
    .map(([subpath, { types }]) => [
      types.replace('./dist/src/', '').replace('.d.ts', ''),
      subpath.replace('.', described.name),
    ]),
);

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = names.get(module.name) ?? module.name;
    }
    for (const { comment } of Object.values(project.reflections)) {
      for (const tag of comment?.blockTags ?? []) {
        const type = tag.typeAnnotation?.replace(/^\{|\}$/g, '');
        if (type)
          tag.content.unshift({ kind: 'code', text: `\`${type}\`` }, { kind: 'text', text: ' ' });
      }
    }
  });
}
