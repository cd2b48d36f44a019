import { expect, it } from 'vitest';
import { clientMatchNotes } from '../../src/offline/client_match_notes.js';

it('names the subscriptions whose match only Java would understand', () => {
  const notes = clientMatchNotes(
    new Map([
      ['plain', new Map([['match', 'client_id=app-.*']])],
      ['everybody', new Map([['interval.ms', '1000']])],
      ['ahead', new Map([['match', 'client_id=(?=a).*']])],
    ]),
  );
  expect(notes).toEqual(['client-metrics ahead will match nobody: Illegal client matching pattern: client_id=(?=a).*']);
});
