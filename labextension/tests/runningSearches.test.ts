import { afterEach, describe, expect, it, vi } from 'vitest';
import { EsapError, errorOfAnswer } from '../src/api/errors';
import type { SearchState } from '../src/api/types';
import { RunningSearches } from '../src/models/runningSearches';
import { fractionAnswered, wasInterrupted } from '../src/models/search';
import { fakeClient, makeQuery, makeReport, makeState } from './fakes';

const UNKNOWN = { code: 'unknown-name', message: 'No resolver knows it.', hint: '', service: '', field: '', retryable: false };

describe('a search', () => {
  it('is as far as its services have ended, with a list of targets as far as each has answered', () => {
    expect(fractionAnswered([])).toBeNull();
    expect(fractionAnswered([makeReport({ state: 'waiting' }), makeReport({ state: 'receiving' })])).toBeNull();
    expect(fractionAnswered([makeReport({ state: 'failed' }), makeReport({ state: 'receiving' })])).toBe(0.5);
    const half = makeReport({ state: 'receiving', targets: 4, targets_done: 2 });
    expect(fractionAnswered([half, makeReport({})])).toBe(0.75);
  });

  it('is interrupted if the server that began it is gone before it ended', () => {
    expect(wasInterrupted(makeState({}))).toBe(false);
    expect(wasInterrupted(makeState({ ended: true, version: 0 }))).toBe(false);
    expect(wasInterrupted(makeState({ ended: true, interrupted: true, version: 0 }))).toBe(true);
    expect(wasInterrupted(makeState({ version: 0 }))).toBe(true);
  });
});

describe('running searches', () => {
  let searches: RunningSearches | null = null;
  afterEach(() => {
    searches?.dispose();
    vi.useRealTimers();
  });

  /** What the server lists one time after another, and how each search ended. */
  function listing(lists: SearchState[][], ended: Record<string, SearchState | EsapError> = {}): RunningSearches {
    searches = new RunningSearches(
      fakeClient({
        searches: () => Promise.resolve(lists.shift() ?? []),
        searchState: (id: string) => {
          const state = ended[id];
          return state instanceof EsapError ? Promise.reject(state) : Promise.resolve(state);
        }
      })
    );
    return searches;
  }

  it('are those that no job follows', async () => {
    const running = listing([[makeState({ id: 'long', jobs: { archive: 'j1' } }), makeState({ id: 'short' })]]);
    await running.refresh();
    expect(running.list.map(({ id }) => id)).toEqual(['short']);
  });

  it('are as the last look found them, though an earlier one is answered later', async () => {
    const answers: ((list: SearchState[]) => void)[] = [];
    searches = new RunningSearches(
      fakeClient({
        searches: () => new Promise<SearchState[]>(resolve => answers.push(resolve)),
        searchState: () => Promise.resolve(makeState({ ended: true, error: UNKNOWN as never }))
      })
    );
    const running = searches;
    const ended: string[] = [];
    running.ended.connect((_, id) => ended.push(id));
    vi.useFakeTimers();
    const first = running.refresh();
    await vi.advanceTimersByTimeAsync(1);
    answers[0]?.([makeState({})]);
    await first;
    // The usual look, and one since the server says that it has ended.
    await vi.advanceTimersByTimeAsync(800);
    running.noteChange('t1', true);
    await vi.advanceTimersByTimeAsync(20);
    answers[2]?.([]);
    await vi.advanceTimersByTimeAsync(1);
    answers[1]?.([makeState({})]);
    await vi.advanceTimersByTimeAsync(1);
    expect([running.list, running.failed.length, ended]).toEqual([[], 1, ['t1']]);
  });

  it('leave the list when they end, which is told', async () => {
    const running = listing([[makeState({})], []], { t1: makeState({ ended: true, rows: 3 }) });
    const ended: string[] = [];
    running.ended.connect((_, id) => ended.push(id));
    await running.refresh();
    expect([running.list.length, ended]).toEqual([1, []]);
    await running.refresh();
    expect([running.list, running.failed, ended]).toEqual([[], [], ['t1']]);
  });

  it('say why they failed, or that they were interrupted, until they are dismissed', async () => {
    const ids = ['unknown', 'cut', 'job', 'gone'];
    const query = makeQuery({ target: 'M 51' });
    const error = { ...UNKNOWN, line: null, column: null };
    const running = listing([ids.map(id => makeState({ id, query })), []], {
      unknown: makeState({ id: 'unknown', query, ended: true, error }),
      cut: makeState({ id: 'cut', query, ended: true, interrupted: true, version: 0 }),
      job: makeState({ id: 'job', ended: true, error, jobs: { archive: 'j1' } }),
      gone: new EsapError({ code: 'not-found', message: 'There is no search.' })
    });
    await running.refresh();
    await running.refresh();
    expect(running.failed.map(({ state, error: { message } }) => [state.id, message])).toEqual([
      ['unknown', 'No resolver knows it.'],
      ['cut', 'The search was interrupted: the Jupyter server was restarted.']
    ]);
    running.dismiss('unknown');
    expect(running.failed.map(({ state }) => state.id)).toEqual(['cut']);
    running.dismissAll();
    expect(running.failed).toEqual([]);
  });

  it('stay as they were while the server is away', async () => {
    const away = new TypeError('Failed to fetch');
    const asked = vi.fn().mockResolvedValueOnce([makeState({})]).mockRejectedValueOnce(away).mockResolvedValueOnce([]);
    const told = vi.fn().mockRejectedValueOnce(away).mockResolvedValue(makeState({ interrupted: true, version: 0 }));
    searches = new RunningSearches(fakeClient({ searches: asked, searchState: told }));
    await searches.refresh();
    await searches.refresh().catch(() => undefined);
    expect([searches.list.length, searches.error?.code]).toEqual([1, 'no-connection']);
    asked.mockResolvedValue([]);
    await searches.refresh().catch(() => undefined);
    expect(searches.list).toHaveLength(1);
    await searches.refresh();
    expect([searches.list.length, searches.failed.length, searches.error]).toEqual([0, 1, null]);
  });

  it('are looked at soon after one began, but not for one that is over at once', async () => {
    vi.useFakeTimers();
    const running = listing([[makeState({ id: 'slow' })], []], { slow: makeState({ id: 'slow', ended: true }) });
    const ended: string[] = [];
    running.ended.connect((_, id) => ended.push(id));
    running.noteChange('quick', false);
    running.noteChange('quick', true);
    expect(ended).toEqual(['quick']);
    running.noteChange('slow', false);
    await vi.advanceTimersByTimeAsync(400);
    expect(running.list).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(running.list.map(({ id }) => id)).toEqual(['slow']);
    running.noteChange('slow', true);
    await vi.advanceTimersByTimeAsync(10);
    expect(running.list).toEqual([]);
  });

  it('are cancelled at the server, or it is said why not', async () => {
    const cancelSearch = vi
      .fn(() => Promise.resolve())
      .mockRejectedValueOnce(new EsapError({ code: 'not-found', message: 'There is no search.' }));
    searches = new RunningSearches(fakeClient({ searches: () => Promise.resolve([]), cancelSearch }));
    await searches.cancel('t1');
    expect(searches.error?.message).toBe('There is no search.');
    await searches.cancel('t1');
    expect(cancelSearch.mock.calls).toEqual([['t1'], ['t1']]);
    expect(searches.error).toBeNull();
  });
});

it('waits for a server that its hub answers for', () => {
  expect(errorOfAnswer(424, null).retryable).toBe(true);
  expect(errorOfAnswer(503, null).retryable).toBe(true);
  expect(errorOfAnswer(400, null).retryable).toBe(false);
});
