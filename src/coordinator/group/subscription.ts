import { ConsumerProtocolSubscription } from '../../protocol/data/consumer_protocol.js';
import { DecodeError, Reader } from '../../protocol/reader.js';

/**
 * Topics of a consumer's subscription, as the classic consumer protocol puts it in its join metadata: a version, then the
 * message. Version 0 is the prefix of every later one, so that is all that is read. Undefined when it is something else.
 */
export function subscribedTopicsOf(metadata: Uint8Array): readonly string[] | undefined {
  const reader = new Reader(metadata);
  try {
    if (reader.int16() < 0) return undefined;
    return ConsumerProtocolSubscription.decode(reader, 0).topics;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
