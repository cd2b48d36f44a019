// Loaded into a broker of a soak (`node --expose-gc --import`): at SIGUSR2 a full collection, then what is alive goes to a file.
import { renameSync, writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  globalThis.gc();
  const file = process.env.MILLRACE_BENCH_ALIVE;
  writeFileSync(`${file}.tmp`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.tmp`, file);
});
