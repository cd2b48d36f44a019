import { type Command, InvalidArgumentError } from 'commander';
import { dumpFile } from '../../../offline/dump/dump.js';
import { DumpNotes } from '../../../offline/dump/notes.js';
import {
  metadataLogRecords,
  offsetsRecords,
  type PlainDecoder,
  plainDecoders,
  plainRecords,
  type RecordDecoder,
  shareGroupRecords,
  transactionRecords,
} from '../../../offline/dump/record_decoders.js';
import { nameOf, parentOf } from '../../../offline/log_files.js';
import { type OfflinePorts, takeLock } from '../../../offline/offline_directory.js';
import { ExitCode, PartialFailure, UsageError } from '../../exit_codes.js';
import { positiveInteger } from '../../values.js';
import type { LogCommand } from './log_command.js';

interface DumpLogOptions {
  readonly paths: readonly string[];
  readonly deep: boolean;
  readonly decoder: RecordDecoder | undefined;
  readonly skipRecordMetadata: boolean;
  readonly maxBytes: number | undefined;
  readonly sanityOnly: boolean;
  readonly verifyOnly: boolean;
}

interface Flags {
  readonly files?: string;
  readonly deepIteration?: true;
  readonly printDataLog?: true;
  readonly keyDecoderClass?: PlainDecoder;
  readonly valueDecoderClass?: PlainDecoder;
  readonly offsetsDecoder?: true;
  readonly transactionLogDecoder?: true;
  readonly clusterMetadataDecoder?: true;
  readonly shareGroupStateDecoder?: true;
  readonly skipRecordMetadata?: true;
  readonly maxBytes?: number;
  readonly indexSanityCheck?: true;
  readonly verifyIndexOnly?: true;
}

/** What a directory's files are shown in the order of. */
const shownSuffixes = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot', '.checkpoint'];

export const dumpLogFiles: LogCommand<DumpLogOptions> = {
  name: 'dump',
  define: (command: Command): Command =>
    command
      .description("show what is in log, index and snapshot files, as Kafka's kafka-dump-log does")
      .argument('[path...]', 'files, or directories of partitions')
      .option('--files <file,...>', 'files, separated by commas')
      .option('--deep-iteration', 'show the records, too')
      .option('--print-data-log', 'show keys and values of records, too')
      .option('--key-decoder-class <class>', 'StringDecoder, IntegerDecoder or LongDecoder', plainDecoder)
      .option('--value-decoder-class <class>', 'StringDecoder, IntegerDecoder or LongDecoder', plainDecoder)
      .option('--offsets-decoder', 'records are those of __consumer_offsets')
      .option('--transaction-log-decoder', 'records are those of __transaction_state')
      .option('--cluster-metadata-decoder', "records are those of KRaft's metadata log")
      .option('--share-group-state-decoder', 'records are those of __share_group_state')
      .option('--skip-record-metadata', 'of records show keys and values only')
      .option('--max-bytes <bytes>', 'show the first bytes of each log only', positiveInteger)
      .option('--max-message-size <bytes>', 'taken and not needed: batches of every size are read', positiveInteger)
      .option('--index-sanity-check', 'of indexes show only whether a broker would rebuild them')
      .option('--verify-index-only', 'of indexes show only what does not fit the log'),
  read: (command) => {
    const flags = command.opts<Flags>();
    const paths = [...command.args, ...(flags.files?.split(',') ?? [])].map((path) =>
      // As a Java File prints it.
      path
        .trim()
        .replaceAll(/\/{2,}/g, '/')
        .replace(/(.)\/$/, '$1'),
    );
    if (paths.length === 0) throw new UsageError('nothing to show: name files with --files, or as arguments');
    const decoder = decoderOf(flags);
    return {
      paths,
      deep: flags.deepIteration === true || decoder !== undefined,
      decoder,
      skipRecordMetadata: flags.skipRecordMetadata ?? false,
      maxBytes: flags.maxBytes,
      sanityOnly: flags.indexSanityCheck ?? false,
      verifyOnly: flags.verifyIndexOnly ?? false,
    };
  },
  run: async (options, { io, report }, ports) => {
    const paths = await filesOf(options.paths, ports);
    const notes = new DumpNotes();
    const locks: Array<{ release(): void }> = [];
    try {
      for (const directory of await logDirectoriesOf(paths, ports))
        locks.push(takeLock(ports.locks, directory, 'shared'));
      for (const path of paths)
        for await (const text of dumpFile(ports.tools, path, options, notes)) await io.output.write(text);
      for (const line of notes.lines()) await report.note(line);
    } finally {
      for (const lock of locks) lock.release();
    }
    if (notes.failed) throw new PartialFailure(ExitCode.failed);
  },
};

function plainDecoder(name: string): PlainDecoder {
  const decoder =
    plainDecoders[
      nameOf(name.replaceAll('.', '/'))
        .replace(/Decoder$/, '')
        .toLowerCase()
    ];
  if (decoder === undefined) throw new InvalidArgumentError('StringDecoder, IntegerDecoder or LongDecoder is expected');
  return decoder;
}

function decoderOf(flags: Flags): RecordDecoder | undefined {
  if (flags.offsetsDecoder) return offsetsRecords;
  if (flags.transactionLogDecoder) return transactionRecords;
  if (flags.clusterMetadataDecoder) return metadataLogRecords;
  if (flags.shareGroupStateDecoder) return shareGroupRecords;
  const { keyDecoderClass: key, valueDecoderClass: value } = flags;
  if (flags.printDataLog !== true && key === undefined && value === undefined) return undefined;
  const byDefault = plainDecoders.string as PlainDecoder;
  return plainRecords(key ?? byDefault, value ?? byDefault);
}

/** Where a broker that serves these files would hold its lock: two levels up, or one. */
async function logDirectoriesOf(paths: readonly string[], { tools }: OfflinePorts): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const path of paths) {
    if ((await tools.stat(path)) === undefined) continue;
    const parent = parentOf(await tools.realPath(path));
    found.add(parent).add(parentOf(parent));
  }
  return found;
}

/** Directories stand for the files in them that can be shown, by name. */
async function filesOf(paths: readonly string[], { files, tools }: OfflinePorts): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if ((await tools.stat(path))?.kind !== 'directory') {
      found.push(path);
      continue;
    }
    const names = ((await files.listDirectory(path)) ?? [])
      .filter(({ name, kind }) => kind === 'file' && shownSuffixes.some((suffix) => name.endsWith(suffix)))
      .map(({ name }) => name);
    found.push(...names.sort().map((name) => `${path}/${name}`));
  }
  return found;
}
