import { digest, type Left, RecordedDisk } from '../../support/crash/recorded_disk.js';
import type { Recording } from '../../support/crash/recording.js';
import { type Call, callsIn } from '../../support/crash/trace.js';
import { Prng } from '../../support/prng.js';
import { checkImage } from './check.js';
import { Expected, type Mark } from './expected.js';
import { recordedDirectories } from './settings.js';

/** All of these at each call when no call is left out; one of them otherwise. */
const lefts: readonly Left[] = ['nothing', 'everything', 'some', 'some', 'some'];

/**
 * Cuts power behind each call of a recorded life, or each `every`-th or so, and starts again from what is left. The count of images.
 *
 * @throws Error that names seed and call, with what is wrong as its cause
 */
export async function cutPower(seed: number, { directory, trace }: Recording, every: number): Promise<number> {
  const disk = new RecordedDisk(directory, recordedDirectories);
  const random = new Prng(seed);
  const expected = new Expected();
  const marks = new Marks(expected);
  let images = 0;
  let seen = new Set<string>();
  let at = 0;
  for (const call of callsIn(trace)) {
    at += 1;
    const matters = disk.apply(call);
    if (call.kind === 'write' && disk.nameOf(call.fd) === 'marks') {
      // What is written next changes nothing that is expected of an image so far.
      if (marks.read(call.bytes.toString())) seen = new Set();
      continue;
    }
    if (!matters || random.below(every) !== 0) continue;
    for (const left of every > 1 ? [random.pick(lefts)] : lefts) {
      const image = disk.powerCut(left, random);
      const name = digest(image);
      if (seen.has(name)) continue;
      seen.add(name);
      images += 1;
      try {
        await checkImage(image, expected, seed);
      } catch (error) {
        throw new Error(`seed ${seed}: power cut behind call ${at} (${described(call)}), unsynced is left: ${left}`, {
          cause: error,
        });
      }
    }
  }
  return images;
}

/** Lines as they are written. */
class Marks {
  private text = '';

  constructor(private readonly expected: Expected) {}

  /** Whether they ask for more than those before. */
  read(written: string): boolean {
    const lines = (this.text + written).split('\n');
    this.text = lines.pop() ?? '';
    const marks = lines.map((line) => JSON.parse(line) as Mark);
    for (const mark of marks) this.expected.take(mark);
    return marks.some(({ is }) => is !== 'writing');
  }
}

function described(call: Call): string {
  const { bytes, ...rest } = { bytes: undefined, ...call };
  return JSON.stringify(bytes === undefined ? rest : { ...rest, sizeBytes: (bytes as Buffer).length });
}
