import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import type { SignInState } from '../src/api/types';
import { lookAgainAfter, secondsToLive, SignIn } from '../src/models/signIn';
import { formatLife } from '../src/panels/format';
import { fakeClient, makeSignInState } from './fakes';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const PROMPT = {
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://id.example.org/device',
  verification_uri_complete: '',
  expires_at: '2026-11-22T10:10:00Z'
};
const OWN = { audience: '', expires_at: '2026-11-22T11:00:00Z', problem: '' };

describe('a token', () => {
  it('lives until it ends, if it says when', () => {
    expect(secondsToLive(OWN, NOW)).toBe(3600);
    expect(secondsToLive(OWN, NOW + 4_000_000)).toBe(0);
    expect(secondsToLive({ ...OWN, expires_at: null }, NOW)).toBeNull();
  });

  it('has a life that is told in words', () => {
    const trans = nullTranslator.load('esap_jupyter');
    expect(formatLife(59, trans)).toBe('less than a minute');
    expect(formatLife(3_599, trans)).toBe('59 min');
    expect(formatLife(7_260, trans)).toBe('2 h 1 min');
    expect(formatLife(5 * 86_400, trans)).toBe('5 days');
  });
});

describe('the next look', () => {
  it('comes soon while the person is awaited elsewhere, and when a token ends', () => {
    expect(lookAgainAfter(makeSignInState({ prompt: PROMPT }), NOW)).toBe(2_000);
    expect(lookAgainAfter(makeSignInState({ problem: 'Your sign-in has ended.' }), NOW)).toBe(2_000);
    const ending = { ...OWN, expires_at: '2026-11-22T10:00:10Z' };
    expect(lookAgainAfter(makeSignInState({ tokens: [OWN, ending] }), NOW)).toBe(10_000);
    expect(lookAgainAfter(makeSignInState({ tokens: [OWN] }), NOW)).toBe(30_000);
  });
});

describe('signing in', () => {
  let signIn: SignIn | null = null;
  afterEach(() => signIn?.dispose());

  it('waits for the person, and is done when the services know them', async () => {
    const states: SignInState[] = [
      makeSignInState({}),
      makeSignInState({ prompt: PROMPT }),
      makeSignInState({ username: 'bob', tokens: [OWN], can_sign_out: true })
    ];
    const beginSignIn = vi.fn().mockResolvedValue(PROMPT);
    signIn = new SignIn(fakeClient({ signInState: () => Promise.resolve(states.shift()), beginSignIn }));
    await signIn.refresh();
    expect(signIn.signedIn).toBe(false);
    await signIn.begin();
    expect(beginSignIn).toHaveBeenCalledOnce();
    expect(signIn.state?.prompt?.user_code).toBe('ABCD-EFGH');
    await signIn.refresh();
    expect(signIn.signedIn).toBe(true);
    expect(signIn.busy).toBe(false);
  });

  it('can be given up', async () => {
    const giveUpSignIn = vi.fn().mockResolvedValue(undefined);
    signIn = new SignIn(fakeClient({ signInState: () => Promise.resolve(makeSignInState({})), giveUpSignIn }));
    await signIn.giveUp();
    expect(giveUpSignIn).toHaveBeenCalledOnce();
    expect(signIn.state?.prompt).toBeNull();
  });

  it('says why it could not begin, and keeps what is known', async () => {
    const away = new EsapError({ code: 'service-unreachable', message: 'The provider does not answer.' });
    signIn = new SignIn(
      fakeClient({
        signInState: () => Promise.resolve(makeSignInState({})),
        beginSignIn: () => Promise.reject(away)
      })
    );
    await signIn.refresh();
    await signIn.begin();
    expect(signIn.error).toBe(away);
    expect(signIn.busy).toBe(false);
    expect(signIn.state?.can_sign_in).toBe(true);
  });
});
