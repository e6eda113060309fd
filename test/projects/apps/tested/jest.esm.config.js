export default { testMatch: ['**/*.jest.spec.js'], transform: {}, testTimeout: 60_000 };
