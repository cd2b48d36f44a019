import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type CampaignResult, runCampaign } from './chaos/campaign.js';
import { hasConfluent } from './chaos/confluent.js';

// `test/long/campaign.mjs` makes it longer.
const kills = Number(process.env.MILLRACE_CHAOS_KILLS ?? 25);
const seed = Number(process.env.MILLRACE_CHAOS_SEED ?? 1);
const modes = (process.env.MILLRACE_CHAOS_MODES ?? 'group,os')
  .split(',')
  .filter((mode) => mode === 'group' || mode === 'os');
const confluent = hasConfluent();
if (!confluent) console.log('chaos: librdkafka is skipped, not installed: apt-get install python3-confluent-kafka');

function report(mode: string, result: CampaignResult): string {
  const { refusals, noDisk } = result;
  const refused = [...refusals].map(([code, count]) => `${count} times error ${code}`).join(', ');
  const disk =
    noDisk === ''
      ? `${result.fullDisks} full disks (${result.killsWhileFull} kills in one)`
      : `no full disk: ${noDisk}`;
  return `seed ${seed}, flush mode ${mode}: ${result.kills} kills, ${result.stops} stops, ${disk}; ${result.acknowledged} of ${result.sent} records acknowledged, ${result.read} reads, ${result.commits} commits; refused: ${refused || 'nothing'}; ${result.anomalies.length} anomalies`;
}

for (const flushMode of modes)
  it(`loses, repeats and reorders nothing in ${kills} kills, stops and full disks (flush mode ${flushMode})`, async () => {
    const result = await runCampaign({
      seed,
      kills,
      flushMode,
      confluent,
      onProgress: (text) => console.log(`seed ${seed}, ${flushMode}: ${text}`),
    });
    console.log(report(flushMode, result));
    const file = process.env.MILLRACE_CHAOS_RESULT;
    if (file !== undefined) {
      const { anomalies, refusals, leftOver, noDisk, ...counts } = result;
      writeFileSync(
        file,
        JSON.stringify({
          ...counts,
          anomalies: anomalies.length,
          refused: [...refusals.values()].reduce((a, b) => a + b, 0),
        }),
      );
    }
    expect(result.anomalies.slice(0, 20)).toEqual([]);
    expect(result.leftOver).toEqual([]);
    // Nobody gave up: all that was sent is there.
    expect(result.acknowledged).toBe(result.sent);
    expect(result.kills).toBe(kills);
    expect(result.commits).toBeGreaterThan(kills);
  });
