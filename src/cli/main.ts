import {
  errorBytes,
  fileBytes,
  inputBytes,
  nodeDialer,
  nodeFileSystem,
  nodeHttpClient,
  nodePrograms,
  onStopSignal,
  outputBytes,
  systemClock,
  systemRandom,
  systemTimers,
} from '../env/index.js';
import type { CliIo } from './io.js';
import { runCli } from './program.js';

const io: CliIo = {
  input: inputBytes,
  output: outputBytes,
  errors: errorBytes,
  variables: process.env,
  environment: { dialer: nodeDialer, clock: systemClock, timers: systemTimers, random: systemRandom },
  http: nodeHttpClient,
  openFile: fileBytes,
  files: nodeFileSystem,
  programs: nodePrograms(process.argv[1] ?? ''),
  onInterrupt: (run) => onStopSignal(() => run()),
};

// Not awaited here: what is bundled of this is a script (rolldown.config.mjs).
void runCli(process.argv.slice(2), io).then((exitCode) => {
  // `start` may have set its own.
  process.exitCode = exitCode === 0 ? (process.exitCode ?? 0) : exitCode;
});
