import { join } from 'node:path';
import { expect } from 'vitest';
import { ErrorCode } from '../../src/protocol/errors.js';
import type { Breakage } from '../support/breaking_ports.js';
import { Disks, Scene } from './log_dirs_scene.js';

/** Records are deleted while the move is under way. */
const deletionStep = 20;

/** A move under appends of which the call number `at` breaks. Gives the calls that were made. */
async function brokenMove(
  how: Breakage,
  at: number | RegExp,
): Promise<{ readonly calls: number; readonly broken: string }> {
  const disks = new Disks(['a', 'b', 'c']);
  try {
    return await breakMove(disks, how, at);
  } finally {
    disks.remove();
  }
}

async function breakMove(
  disks: Disks,
  how: Breakage,
  at: number | RegExp,
): Promise<{ readonly calls: number; readonly broken: string }> {
  let scene = await Scene.open(disks);
  await scene.create('t');
  for (let i = 0; i < 9; i += 1) scene.append('t');
  await scene.acknowledgedAll('t');
  expect(disks.list()).toEqual({ a: ['t-0'], b: [], c: [] });
  const { ports } = scene;
  if (typeof at === 'number') ports.arm(how, at);
  else ports.armAt(how, at);
  let steps = 0;
  let certainStart = 0;
  ports.onStep = () => {
    steps += 1;
    if (steps % 2 === 0 && steps < 60) scene.append('t');
    if (steps !== deletionStep) return;
    const { errorCode } = scene.partition('t').deleteRecords(2);
    scene.logs.checkpoint().then(
      () => {
        if (errorCode === ErrorCode.NONE && !scene.partition('t').offline) certainStart = 2;
      },
      () => {},
    );
  };
  await Promise.race([scene.logs.moves.alter('t', 0, join(disks.root, 'b'), true), scene.until(() => ports.dead)]);
  await scene.moved('t');
  ports.onStep = () => {};
  const { calls, broken = 'nothing' } = ports;
  if (!ports.dead) {
    ports.disarm();
    scene.append('t');
    await scene.acknowledgedAll('t');
  }
  await scene.kill();
  scene = await Scene.open(disks);
  await scene.moved('t');
  const places = Object.values(disks.list()).flat();
  expect(places.filter((name) => name === 't-0')).toHaveLength(1);
  expect(places.filter((name) => name.endsWith('stray'))).toEqual([]);
  const { log } = scene.partition('t');
  const start = log?.log.logStartOffset ?? -1;
  const end = log?.log.logEndOffset ?? -1;
  // What was deleted stays deleted, and comes back at most while nobody was told that it is.
  expect([certainStart, 2]).toContain(start);
  const sent = disks.sent.get('t-0') ?? [];
  expect(scene.values('t')).toEqual(sent.slice(start, end));
  for (const value of disks.acknowledged.get('t-0') ?? []) expect(sent.indexOf(value)).toBeLessThan(end);
  expect(log?.producers.get(7)?.batches.at(-1)?.lastSequence).toBe(end - 1);
  sent.length = end;
  expect(scene.append('t')).toBe(ErrorCode.NONE);
  await scene.close();
  return { calls, broken };
}

/** A move that breaks at each `every`-th call, and at those that matter most. */
export async function brokenMoves(how: Breakage, every: number): Promise<void> {
  const { calls } = await brokenMove(how, 0);
  expect(calls).toBeGreaterThan(30);
  for (let at = 1; at <= calls; at += every) await brokenMove(how, at);
  // By name again: where exactly appends fall between the calls is not the same in every run.
  const steps = [
    /^open .*-future/,
    /^flush/,
    /^write .*moved-to/,
    /^rename .*-future/,
    /^sync .*\/b$/,
    /^rename .*\/a\/t-0$/,
  ];
  for (const step of steps) expect((await brokenMove(how, step)).broken).toMatch(step);
}
