/** The broker cannot start; the message is one sentence for the operator, with the remedy. */
export class BrokerStartError extends Error {
  override readonly name = 'BrokerStartError';
}
