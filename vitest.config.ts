import { defineConfig } from 'vitest/config';

// `npm test` runs everything but test/long; `npm run test:long` (after it in .ci/run) runs only that.
const long = process.env.MILLRACE_SUITE === 'long';

export default defineConfig({
  test: {
    include: long ? ['test/long/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: long ? [] : ['test/long/**'],
    testTimeout: long ? 600_000 : 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: `.test-results/${long ? 'long' : 'unit'}.json` }]],
  },
});
