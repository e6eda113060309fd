export default {
  mode: 'production',
  target: 'node20',
  entry: { main: './one-file.js' },
  output: { path: `${import.meta.dirname}/webpack`, module: true, filename: '[name].mjs' },
  experiments: { outputModule: true },
  externals: { threadmemo: 'module threadmemo' },
  // Without this line webpack writes the path of its own input in place of import.meta.url.
  module: { parser: { javascript: { importMeta: process.env.IMPORT_META === 'baked' } } },
};
