import assert from 'node:assert/strict';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { type Image, writeImage } from '../../support/crash/recorded_disk.js';
import { Disks, Scene } from '../log_dirs_scene.js';
import { type Expected, valueAt } from './expected.js';
import { diskNames, flushModeOf } from './settings.js';

/** No directory of a recorded life has an id that these starts draw. */
const firstStart = 1000;

/** Starts a broker on what power found when it was back, and looks whether everything is there that must be. */
export async function checkImage(image: Image, expected: Expected, seed: number): Promise<void> {
  const disks = new Disks(diskNames);
  disks.starts = firstStart;
  try {
    writeImage(new Map([...image].flatMap(([name, content]) => inDisks(name, content))), disks.root);
    const scene = await Scene.open(disks, {}, flushModeOf(seed));
    try {
      await checkScene(scene, expected);
    } catch (error) {
      await scene.kill();
      throw error;
    }
    await scene.close();
  } finally {
    disks.remove();
  }
}

function inDisks(name: string, content: Buffer | undefined): Array<[string, Buffer | undefined]> {
  return name.startsWith('disks/') ? [[name.slice('disks/'.length), content]] : [];
}

async function checkScene(scene: Scene, expected: Expected): Promise<void> {
  const image = scene.cache.current();
  for (const [topic, { there, partitions, generation }] of expected.topics) {
    const exists = image.topicsByName.has(topic);
    if (there !== 'perhaps') assert.equal(exists, there === 'yes', `${topic} exists`);
    for (const [partition, known] of partitions.entries()) {
      const name = `${topic}-${partition}`;
      await scene.moved(topic, partition);
      const places = Object.values(scene.disks.list())
        .flat()
        .filter((one) => one === name || one === `${name}.stray`);
      assert.deepEqual(places, exists ? [name] : [], `directories of ${name}`);
      if (!exists) continue;
      const found = scene.partition(topic, partition);
      const log = found.log?.log;
      assert.ok(log !== undefined && !found.offline, `${name} is offline: ${scene.logger.messages('error').join()}`);
      const { logStartOffset, logEndOffset } = log;
      const text = `${name}, ${logStartOffset} to ${logEndOffset}: ${JSON.stringify(known)}`;
      assert.ok(logStartOffset >= known.leastStart && logStartOffset <= known.mostStart, text);
      assert.ok(logEndOffset >= known.acknowledged, text);
      const values = Array.from({ length: logEndOffset - logStartOffset }, (_, index) =>
        valueAt(topic, generation, logStartOffset + index),
      );
      assert.deepEqual(scene.values(topic, partition), values, text);
      const last = found.log?.producers.get(7)?.batches.at(-1)?.lastSequence;
      if (values.length > 0) assert.equal(last, logEndOffset - 1, `last sequence, ${text}`);
      if (last !== undefined) await checkAppend(scene, topic, partition, logEndOffset);
    }
  }
  assert.deepEqual(scene.logger.messages('error'), []);
}

async function checkAppend(scene: Scene, topic: string, partition: number, end: number): Promise<void> {
  scene.disks.sent.set(
    `${topic}-${partition}`,
    Array.from({ length: end }, () => ''),
  );
  assert.equal(scene.append(topic, partition, 'next'), ErrorCode.NONE);
  await scene.acknowledgedAll(topic, partition);
  assert.equal(scene.values(topic, partition).at(-1), 'next');
}
