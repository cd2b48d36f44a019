// The project's own benchmark: every section interleaves what it compares, and the report computes what we lose.
//
//   npm run bench -- --quick                  both target tables and durability, many partitions: below 5 minutes
//   npm run bench                             more rounds, and the matrix and the latencies at fixed rates: below 25 minutes
//
//   --sections reference,kafka,...            only these
//   --only 'part of a workload's name'        only these workloads of `reference` and `matrix`
//   --with kafka                              an error, by name, when what Kafka needs is missing (else the section is left out)
//   --rounds N --seconds S                    instead of the defaults
//   --directory DIR                           where all servers but Kafka write
//   --out NAME                                results go to bench/results/NAME.{json,md,html}; `-` writes no files
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchEnvironment } from './harness/environment.mjs';
import { writeResults } from './harness/results.mjs';
import { startMillrace } from './harness/servers.mjs';
import { buildBench } from './native/build.mjs';
import { runDurability } from './sections/durability.mjs';
import { kafkaSectionMissing, runKafka } from './sections/kafka.mjs';
import { runMatrix } from './sections/matrix.mjs';
import { runPartitions } from './sections/partitions.mjs';
import { runRates } from './sections/rates.mjs';
import { runReference } from './sections/reference.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    sections: { type: 'string' },
    only: { type: 'string', default: '' },
    with: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
  },
});
const begunMs = performance.now();
const elapsed = () => `${((performance.now() - begunMs) / 1000).toFixed(0).padStart(4)} s`;
const { quick } = values;
const context = {
  ...buildBench(),
  quick,
  rounds: Number(values.rounds ?? (quick ? 5 : 9)),
  isShort: quick && values.rounds === undefined,
  seconds: Number(values.seconds ?? (quick ? 0.6 : 1)),
  directory: mkdtempSync(join(values.directory, 'millrace-bench-')),
  wanted: ({ name }) => name.includes(values.only),
  progress: (line) => console.error(`${elapsed()}  ${line}`),
};

const sections = {
  reference: async () => {
    const millrace = await startMillrace({ data: join(context.directory, 'millrace') });
    const section = await runReference(context, millrace);
    await millrace.stop();
    return section;
  },
  kafka: async () => {
    const missing = kafkaSectionMissing();
    if (missing === undefined) return runKafka(context);
    if (values.with === 'kafka') throw new Error(`--with kafka: not here: ${missing}`);
    context.progress(`left out: Apache Kafka; not here: ${missing}`);
    return undefined;
  },
  durability: () => runDurability(context),
  partitions: () => runPartitions(context),
  rates: () => runRates(context),
  matrix: () => runMatrix(context),
};
const standard = ['reference', 'kafka', 'durability', 'partitions'];
const names = values.sections?.split(',') ?? (quick ? standard : [...standard, 'rates', 'matrix']);
const unknown = names.find((name) => sections[name] === undefined);
if (unknown !== undefined) throw new Error(`no section ${unknown}; there are ${Object.keys(sections).join(', ')}`);

// Ctrl-C too leaves nothing behind.
process.on('SIGINT', () => process.exit(130));
process.on('exit', () => rmSync(context.directory, { recursive: true, force: true }));

const environment = benchEnvironment();
const done = [];
for (const name of names) {
  context.progress(`section ${name}`);
  const section = await sections[name]();
  if (section !== undefined) done.push(section);
}
const files = writeResults(environment, done, {
  name: values.out ?? `${environment.date.slice(0, 10)}-${environment.commit.split(',')[0]}${quick ? '-quick' : ''}`,
  rounds: context.rounds,
  seconds: context.seconds,
});
for (const file of files) context.progress(`written: ${file}`);
