import { afterEach, describe, expect, it } from 'vitest';
import { EsapError } from '../src/api/errors';
import type { ServerSession } from '../src/api/types';
import { OwnServer } from '../src/models/ownServer';
import { fakeClient } from './fakes';

const NOON = Date.parse('2026-11-22T12:00:00Z');

function session(minutes: number | null, most = 600, used: number | null = 50): ServerSession {
  const at = (after: number): string => new Date(NOON + after * 60_000).toISOString();
  return {
    life: {
      started_at: at(-60),
      ends_at: minutes === null ? null : at(minutes),
      at_most: minutes === null ? null : at(most),
      idle_minutes: 60,
      warn_minutes: 15,
      contact: ''
    },
    storage: { path: '/home/alice', limit: 100, used, free: used === null ? 100 : 100 - used }
  };
}

describe('the own server', () => {
  let server: OwnServer | null = null;
  let now = NOON;

  afterEach(() => {
    server?.dispose();
    now = NOON;
  });

  function make(...answers: ServerSession[]): OwnServer {
    const next = (): Promise<ServerSession> => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return answer ? Promise.resolve(answer) : Promise.reject(new EsapError({ code: 'x', message: 'x' }));
    };
    server = new OwnServer(fakeClient({ session: next, keepAlive: next }), () => now);
    return server;
  }

  it('has an end that can be put off as far as the site allows', async () => {
    const own = make(session(20), session(20, 20));
    await own.refresh();
    expect(own.secondsLeft).toBe(1200);
    expect(own.canKeepAlive).toBe(true);
    await own.refresh();
    expect(own.canKeepAlive).toBe(false);
  });

  it('is said to end once, when the end is near', async () => {
    const own = make(session(20), session(20), session(400));
    let warned = 0;
    own.ending.connect(() => {
      warned += 1;
    });
    await own.refresh();
    await own.lookAtClock();
    expect(warned).toBe(0);
    now = NOON + 6 * 60_000;
    await own.lookAtClock();
    expect(warned).toBe(1);
    await own.keepAlive();
    expect(own.isEnding).toBe(false);
    await own.lookAtClock();
    expect(warned).toBe(1);
  });

  it('is not said to end if another tab has put it off', async () => {
    const own = make(session(20), session(400));
    let warned = 0;
    own.ending.connect(() => {
      warned += 1;
    });
    await own.refresh();
    now = NOON + 6 * 60_000;
    await own.lookAtClock();
    expect(warned).toBe(0);
    expect(own.secondsLeft).toBeGreaterThan(20_000);
  });

  it('has no end outside a hub', async () => {
    const own = make({ ...session(null), life: null });
    await own.refresh();
    expect(own.secondsLeft).toBeNull();
    expect(own.isEnding).toBe(false);
  });

  it.each([
    [null, null, false],
    [89, 0.89, false],
    [90, 0.9, true]
  ])('with %s of 100 bytes used is %s full', async (used, fullness, nearly) => {
    const own = make(session(null, 600, used));
    await own.refresh();
    expect(own.fullness).toEqual(fullness);
    expect(own.isNearlyFull).toBe(nearly);
  });
});
