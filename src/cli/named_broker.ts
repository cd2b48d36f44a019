import type { Admin, ConfigResource } from '../client/index.js';
import { NotFoundError } from './exit_codes.js';

/** Whether the broker that was named, if one was, is in the cluster. @throws NotFoundError */
export async function checkBroker(admin: Admin, brokerId: number | undefined): Promise<void> {
  if (brokerId === undefined) return;
  const { brokers } = await admin.describeCluster();
  if (!brokers.some(({ nodeId }) => nodeId === brokerId)) throw new NotFoundError(`broker ${brokerId} does not exist`);
}

/** The same of the broker whose configs or loggers are meant. @throws NotFoundError */
export async function checkBrokerOf(admin: Admin, { type, name }: ConfigResource): Promise<void> {
  const isOfOne = (type === 'broker' || type === 'broker-logger') && /^\d+$/.test(name);
  if (isOfOne) await checkBroker(admin, Number(name));
}
