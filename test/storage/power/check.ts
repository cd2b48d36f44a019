import assert from 'node:assert/strict';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { decodeBatches } from '../../../src/records/index.js';
import { type Image, writeImage } from '../../support/crash/recorded_disk.js';
import { Disks, Scene } from '../log_dirs_scene.js';
import { checkContents } from './contents.js';
import { type Expected, valueAt, type Written } from './expected.js';
import { cleaner, compactedTopic, diskNames, flushModeOf } from './settings.js';
import { send } from './traffic.js';

/** No directory of a recorded life has an id that these starts draw. */
const firstStart = 1000;

/** Starts a broker on what power found when it was back, and looks whether everything is there that must be. */
export async function checkImage(image: Image, expected: Expected, seed: number): Promise<void> {
  const disks = new Disks(diskNames);
  disks.starts = firstStart;
  try {
    writeImage(new Map([...image].flatMap(([name, content]) => inDisks(name, content))), disks.root);
    const scene = await Scene.open(disks, {}, flushModeOf(seed), () => cleaner);
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
      const { log } = found;
      assert.ok(log !== undefined && !found.offline, `${name} is offline: ${scene.logger.messages('error').join()}`);
      const { logStartOffset, logEndOffset } = log.log;
      const text = `${name}, ${logStartOffset} to ${logEndOffset}: ${JSON.stringify(known)}`;
      assert.ok(logStartOffset >= known.leastStart && logStartOffset <= known.mostStart, text);
      assert.ok(logEndOffset >= known.acknowledged, text);
      const written = known.written.slice(0, logEndOffset);
      assert.equal(written.length, logEndOffset, text);
      try {
        checkContents(log, { topic, generation, written, compacted: topic === compactedTopic });
      } catch (error) {
        throw new Error(text, { cause: error });
      }
      await checkAppend(scene, topic, partition, { generation, before: written });
    }
  }
  assert.deepEqual(scene.logger.messages('error'), []);
}

async function checkAppend(
  scene: Scene,
  topic: string,
  partition: number,
  known: { readonly generation: number; readonly before: readonly Written[] },
): Promise<void> {
  const found = scene.partition(topic, partition);
  const sent = send(found, { topic, ...known, what: 'plain', nowMs: scene.time.wallMs() });
  assert.equal(sent, ErrorCode.NONE);
  await scene.acknowledgedAll(topic, partition);
  const end = known.before.length;
  assert.equal(found.log?.log.logEndOffset, end + 1);
  const [batch] = [...decodeBatches(found.log.log.readCopy(end, 1 << 20, end + 1))];
  assert.equal(String(batch?.records[0]?.value), valueAt(topic, known.generation, end));
}
