export default {
  testTimeout: 60_000,
  testMatch: ['**/realms.jest.spec.js', '**/*.swc.spec.js'],
  transform: { '\\.js$': ['@swc/jest', { module: { type: 'commonjs' } }] },
  // An ES module, like any other that Jest is to run as CommonJS.
  transformIgnorePatterns: ['node_modules/(?!threadmemo/)'],
};
