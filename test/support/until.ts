export interface Patience {
  readonly forMs: number;
  readonly everyMs: number;
  /** What is told when it does not come to that. */
  seen(): readonly string[];
}

/** Looks again and again until it is so. @throws Error that names `what` when it takes too long */
export async function untilTrue(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { forMs, everyMs, seen }: Patience,
): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`${what}: ${seen().join('\n')}`);
}
