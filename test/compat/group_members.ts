import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TalkingProcess } from '../support/talking_process.js';
import { findDrivers, kafkaJars } from './drivers.js';

export type GroupProtocol = 'classic' | 'consumer';

/** A client library that can be a member of a consumer group of either protocol. */
export interface MemberProgram {
  readonly name: string;
  readonly command: readonly string[];
}

const here = join(import.meta.dirname, 'drivers');

/** Java programs are compiled once, which is less work than a compilation in each of many short processes. */
export class JavaPrograms {
  private readonly directory = mkdtempSync(join(tmpdir(), 'millrace-java-'));

  /** Undefined where Java or Kafka's jars are not. */
  command(source: string): readonly string[] | undefined {
    const jars = kafkaJars();
    if (jars === undefined) return undefined;
    execFileSync('javac', ['-cp', `${jars}/*`, '-d', this.directory, join(here, source)]);
    const name = source.replace(/^.*\/|\.java$/g, '');
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256M'];
    return ['java', ...flags, '-cp', `${jars}/*:${this.directory}`, name];
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The installed ones; the others are named in the output. */
export async function memberPrograms(java: JavaPrograms): Promise<MemberProgram[]> {
  const found: MemberProgram[] = [];
  for (const driver of await findDrivers()) {
    if (!['java', 'confluent-kafka-javascript', 'franz-go'].includes(driver.name)) continue;
    const command =
      driver.name === 'java'
        ? java.command('group_members/GroupMember.java')
        : driver.command === undefined
          ? undefined
          : driver.name === 'franz-go'
            ? [...driver.command, 'group-member']
            : [process.execPath, join(here, 'group_members/rdkafka_node.mjs')];
    if (command !== undefined) found.push({ name: driver.name, command });
    else console.log(`compat: groups of ${driver.name} are skipped, not installed: ${driver.missing}`);
  }
  return found;
}

/** A member as a process: what it was assigned last, and everything it read, in the order in which it came. */
export class GroupMember {
  assigned: readonly string[] = [];
  /** Every assignment, in order. */
  readonly assignments: Array<readonly string[]> = [];
  readonly read: Array<readonly [string, number]> = [];
  /** Its exit status, once it has ended. */
  status: number | null | undefined;
  private readonly process: TalkingProcess;

  constructor(
    readonly program: MemberProgram,
    readonly protocol: GroupProtocol,
    options: {
      readonly port: number;
      readonly subscription: string;
      readonly group: string;
      readonly instance?: string;
    },
  ) {
    const [file = '', ...first] = program.command;
    const { port, subscription, group, instance = '-' } = options;
    const args = [...first, `127.0.0.1:${port}`, subscription, group, protocol, instance];
    this.process = new TalkingProcess(file, args, (said) => this.hear(said as Said));
    void this.process.ended.then((status) => {
      this.status = status;
    });
  }

  get problem(): string {
    const { assigned, read, status } = this;
    const errors = this.process.errors.slice(-1500);
    return JSON.stringify({
      name: this.program.name,
      protocol: this.protocol,
      assigned,
      read: read.length,
      status,
      errors,
    });
  }

  /** Closes the client; its exit status, null when it had to be killed. */
  async leave(): Promise<number | null> {
    this.process.leave();
    const killer = setTimeout(() => this.process.kill(), 15_000);
    return this.process.ended.finally(() => clearTimeout(killer));
  }

  kill(): Promise<number | null> {
    this.process.kill();
    return this.process.ended;
  }

  private hear(said: Said): void {
    if ('assigned' in said) {
      this.assigned = said.assigned;
      this.assignments.push(said.assigned);
    } else this.read.push([said.read, said.offset]);
  }
}

type Said = { readonly assigned: readonly string[] } | { readonly read: string; readonly offset: number };
