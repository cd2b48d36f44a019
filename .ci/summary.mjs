// Adds up the results that the suites left in .test-results; exits 1 when anything failed. Last line: `N passed, N failed`.
import { existsSync, readFileSync } from 'node:fs';

const failedSteps = Number(process.argv[2] ?? 0);
let passed = 0;
let failed = 0;
for (const suite of ['native', 'native-asan', 'native-tsan', 'unit', 'long']) {
  const path = `.test-results/${suite}.json`;
  if (!existsSync(path)) {
    console.log(`${suite}: no result (the suite did not run to its end)`);
    failed += 1;
    continue;
  }
  const result = JSON.parse(readFileSync(path, 'utf8'));
  console.log(`${suite}: ${result.numPassedTests} passed, ${result.numFailedTests} failed`);
  passed += result.numPassedTests;
  failed += result.numFailedTests + (result.numFailedTests === 0 ? (result.numFailedTestSuites ?? 0) : 0);
}
if (failedSteps > 0 && failed === 0) failed = failedSteps;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
