import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualTime } from '../../src/env/index.js';
import { type DiskLimits, DiskSpace } from '../../src/storage/disk_space.js';
import { MemoryLogger } from '../../src/telemetry/index.js';

const mib = 1024 * 1024;
let time: VirtualTime;
let logger: MemoryLogger;
let limits: DiskLimits;
let usableBytes: number;
let totalBytes: number;
let broken: boolean;
let looks: number;
let sweeps: number;
let space: DiskSpace;

beforeEach(async () => {
  time = new VirtualTime({ startWallMs: 1_700_000_000_000 });
  logger = new MemoryLogger();
  limits = { reserveBytes: 10 * mib, resumeBytes: 30 * mib, checkIntervalMs: 1000 };
  usableBytes = 100 * mib;
  totalBytes = 1000 * mib;
  broken = false;
  looks = 0;
  sweeps = 0;
  const files = {
    diskSpace: async () => {
      looks += 1;
      if (broken) throw new Error('statfs');
      return { totalBytes, usableBytes };
    },
  };
  space = new DiskSpace(
    { clock: time, timers: time, files, logger },
    '/data',
    () => limits,
    () => {
      sweeps += 1;
    },
  );
  await space.look();
});

/** Appends of clients until one is refused; how many bytes were taken. */
function appendUntilRefused(sizeBytes: number): number {
  let taken = 0;
  while (space.refusal(sizeBytes, time.wallMs()) === undefined) {
    space.appended(sizeBytes);
    taken += sizeBytes;
  }
  return taken;
}

const messages = (level: 'warn' | 'info') => logger.messages(level);

describe('records of producers', () => {
  it('are taken up to the reserve although nobody looks between', () => {
    expect(appendUntilRefused(mib)).toBe(90 * mib);
    expect(space.full).toBe(false);
  });

  it('are refused by estimate only until a look finds that there is room', async () => {
    appendUntilRefused(mib);
    // Retention deleted something meanwhile.
    usableBytes = 60 * mib;
    await space.look();
    expect(space.refusal(mib, time.wallMs())).toBeUndefined();
    expect(messages('warn')).toEqual([]);
  });

  it('are taken again above the second mark only', async () => {
    usableBytes = 9 * mib;
    await space.look();
    expect(space.full).toBe(true);
    for (const bytes of [10 * mib, 29 * mib]) {
      usableBytes = bytes;
      await time.advance(1000);
      expect(space.refusal(1, time.wallMs())).toMatch(/disk of \/data is full/);
    }
    usableBytes = 30 * mib;
    await time.advance(1000);
    expect(space.refusal(1, time.wallMs())).toBeUndefined();
  });

  it('are refused after a write found no room, although the system says there is some', async () => {
    space.exhausted('pwritev /data/t-0/0.log: NO_SPACE (EDQUOT)');
    expect(space.refusal(1, time.wallMs())).toBeDefined();
    await time.advance(5000);
    expect(space.full).toBe(true);
    await time.advance(20_000);
    expect(space.full).toBe(false);
    expect(messages('warn')).toHaveLength(1);
    expect(messages('warn')[0]).toContain('EDQUOT');
  });

  it('need no reserve when none is wanted', async () => {
    limits = { reserveBytes: 0, resumeBytes: -1, checkIntervalMs: 1000 };
    usableBytes = 1;
    await space.look();
    expect(space.refusal(1, time.wallMs())).toBeUndefined();
    expect(space.refusal(2, time.wallMs())).toBeDefined();
  });

  it('are taken while the free space cannot be told', async () => {
    broken = true;
    await space.look();
    await space.look();
    expect(space.refusal(mib, time.wallMs())).toBeUndefined();
    expect(messages('warn')).toHaveLength(1);
  });
});

describe('the operator', () => {
  it('is told once, with path, bytes and remedy, and once when it is over', async () => {
    usableBytes = 5 * mib;
    await space.look();
    for (let i = 0; i < 10; i += 1) {
      space.refusal(1, time.wallMs());
      await time.advance(1000);
    }
    expect(messages('warn')).toHaveLength(1);
    expect(messages('warn')[0]).toMatch(
      /the disk of \/data is full: 5242880 of 1048576000 bytes are free, less than the reserve of 10485760 .* lower retention.ms .* when 31457280 bytes are free/,
    );
    usableBytes = 50 * mib;
    await time.advance(1000);
    expect(messages('info')).toEqual([
      'the disk of /data has 52428800 bytes free again: records of producers are taken; it was full for 11 s, 10 batches were refused',
    ]);
  });
});

describe('looks', () => {
  it('are none while nothing is appended, and at most one an interval far from the reserve', async () => {
    await time.advance('7d');
    expect(looks).toBe(1);
    for (let i = 0; i < 100; i += 1) {
      space.refusal(1, time.wallMs());
      space.appended(1);
      await Promise.resolve();
    }
    expect(looks).toBe(2);
    await time.advance(1000);
    space.refusal(1, time.wallMs());
    expect(looks).toBe(3);
  });

  it('come sooner when much was appended', async () => {
    space.appended(30 * mib);
    space.refusal(1, time.wallMs());
    expect(looks).toBe(2);
  });

  it('do not forget what is appended while they are under way', async () => {
    const looking = space.look();
    space.appended(5 * mib);
    await looking;
    expect(space.estimatedBytes).toBe(95 * mib);
  });

  it('go on while the disk is full, and now and then what may be deleted is', async () => {
    usableBytes = 0;
    await space.look();
    expect(sweeps).toBe(1);
    await time.advance(10_000);
    expect(looks).toBe(12);
    expect(sweeps).toBe(3);
    space.close();
    await time.advance(10_000);
    expect(looks).toBe(12);
  });
});

it('keeps 5 % for itself, 256 MiB at most, unless it is told otherwise', async () => {
  limits = { reserveBytes: -1, resumeBytes: -1, checkIntervalMs: 1000 };
  space.reconfigured();
  expect([space.reserveBytes, space.resumeBytes]).toEqual([50 * mib, 100 * mib]);
  totalBytes = 1e12;
  await space.look();
  expect([space.reserveBytes, space.resumeBytes]).toEqual([256 * mib, 512 * mib]);
});

it('lets background writers have what is above the reserve, and half of it when there is nothing above', async () => {
  expect([space.roomFor(90 * mib), space.roomFor(91 * mib)]).toEqual([true, false]);
  usableBytes = 8 * mib;
  await space.look();
  expect([space.roomFor(4 * mib), space.roomFor(5 * mib)]).toEqual([true, false]);
});
