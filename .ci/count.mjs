// Prints "N passed, N failed" from vitest's JSON report. A report that is missing, or that holds no test, is a failure.
import { readFileSync } from 'node:fs';

try {
  const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const failedFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + failedFiles.length;
  if (report.numPassedTests === 0 || failed > 0) process.exitCode = 1;
  console.log(`${report.numPassedTests} passed, ${failed} failed`);
} catch (error) {
  console.error(`ci: no test report: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
