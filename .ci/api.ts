/**
 * What users can import, with its types, one report a subpath in `docs/api/`: a change of the public
 * types is a change of a report, and shows in its review. `npm run api` writes them; with `--check`
 * it fails if one is not as the code is.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const root = resolve(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string } | string>;
};

/** Writes the report of one subpath, or compares it; answers whether it is as it was. */
function report(subpath: string, types: string): boolean {
  const name = subpath === '.' ? 'threadmemo' : basename(subpath);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: resolve(root, 'api-extractor.json'),
    packageJsonFullPath: resolve(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: resolve(root, types),
      compiler: { tsconfigFilePath: resolve(root, 'tsconfig.json') },
      newlineKind: 'lf',
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: resolve(root, 'docs/api'),
        reportTempFolder: resolve(root, 'build/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      // Its advice is another than ours.
      message.handled = message.category === 'console';
    },
  });
  return !apiReportChanged;
}

const changed = Object.entries(exports)
  .flatMap(([subpath, target]) => (typeof target === 'string' ? [] : [{ subpath, ...target }]))
  .filter(({ subpath, types }) => !report(subpath, types));
if (check && changed.length > 0) {
  console.error('The public types have changed: `npm run api` writes their reports anew.');
  spawnSync('git', ['diff', '--no-index', 'docs/api', 'build/api'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = 1;
}
