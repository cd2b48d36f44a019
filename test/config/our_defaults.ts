/** Defaults that are ours on purpose; test/compat/DIFFERENCES.md says why. */
export const OUR_DEFAULTS: Readonly<Record<string, { kafka: string; ours: string }>> = {
  'socket.receive.buffer.bytes': { kafka: '102400', ours: '-1' },
  'socket.send.buffer.bytes': { kafka: '102400', ours: '-1' },
};
