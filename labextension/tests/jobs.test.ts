import { afterEach, describe, expect, it, vi } from 'vitest';
import { EsapError } from '../src/api/errors';
import type { Job, JobList } from '../src/api/types';
import { canResume, fractionDone, isRunning, Jobs, resultsOf, secondsLeft } from '../src/models/jobs';
import { fakeClient, makeJob } from './fakes';

const PROGRESS = makeJob({}).progress;

function listOf(jobs: readonly Job[], version = 1): JobList {
  return { jobs: [...jobs], ids: jobs.map(job => job.id), version };
}

describe('a job', () => {
  it('can be resumed when it failed, was stopped or was interrupted', () => {
    expect(canResume(makeJob({ phase: 'ERROR' }))).toBe(true);
    expect(canResume(makeJob({ phase: 'ABORTED' }))).toBe(true);
    expect(canResume(makeJob({ interrupted: true }))).toBe(true);
    expect(canResume(makeJob({}))).toBe(false);
    expect(isRunning(makeJob({ interrupted: true }))).toBe(false);
  });

  it('tells how far it is as far as that is known', () => {
    const half = makeJob({ progress: { ...PROGRESS, done: 50, total: 100, rate: 10 } });
    expect(fractionDone(half)).toBe(0.5);
    expect(secondsLeft(half)).toBe(5);
    expect(fractionDone(makeJob({}))).toBeNull();
    expect(secondsLeft(makeJob({}))).toBeNull();
    expect(fractionDone(makeJob({ phase: 'COMPLETED' }))).toBe(1);
  });

  it('has files or a table, or neither yet', () => {
    expect(resultsOf(makeJob({}))).toEqual({ files: [], failed: [], tableId: '' });
    expect(resultsOf(makeJob({ results: { table: 't9' } })).tableId).toBe('t9');
  });
});

describe('the jobs', () => {
  let jobs: Jobs | null = null;
  afterEach(() => jobs?.dispose());

  it('say when one that was running has ended', async () => {
    const answers = [[makeJob({})], [makeJob({ phase: 'COMPLETED' })]].map(each => listOf(each));
    jobs = new Jobs(fakeClient({ jobs: () => Promise.resolve(answers.shift()) }));
    const ended: string[] = [];
    jobs.ended.connect((_, job) => ended.push(job.id));
    await jobs.refresh();
    expect(jobs.running).toHaveLength(1);
    expect(ended).toEqual([]);
    await jobs.refresh();
    expect(ended).toEqual(['j1']);
  });

  it('are asked for what changed since, and merged with what is known', async () => {
    const first = listOf([makeJob({ id: 'new' }), makeJob({ id: 'gone' }), makeJob({ id: 'old' })], 5);
    const second: JobList = { jobs: [makeJob({ id: 'newest' }), makeJob({ id: 'new', title: 'M 31' })], ids: ['newest', 'new', 'old'], version: 8 };
    const asked = vi.fn().mockResolvedValueOnce(first).mockResolvedValueOnce(second);
    jobs = new Jobs(fakeClient({ jobs: asked }));
    await jobs.refresh();
    await jobs.refresh();
    expect(asked.mock.calls).toEqual([[0], [5]]);
    expect(jobs.list.map(job => [job.id, job.title])).toEqual([
      ['newest', 'M 51'],
      ['new', 'M 31'],
      ['old', 'M 51']
    ]);
  });

  it('keep what is known while the server is away, and say that it is', async () => {
    const asked = vi
      .fn()
      .mockResolvedValueOnce(listOf([makeJob({})]))
      .mockRejectedValue(new EsapError({ code: 'no-connection', message: 'The server cannot be reached.' }));
    jobs = new Jobs(fakeClient({ jobs: asked }));
    await jobs.refresh();
    await jobs.refresh().catch(() => undefined);
    expect(jobs.list).toHaveLength(1);
    expect(jobs.error?.code).toBe('no-connection');
  });

  it('read the results of one that the list has without them', async () => {
    const file = { item: 'i1', path: '/home/jo/m51.fits', bytes: 1, verified: 'md5' };
    const asked = vi.fn().mockResolvedValue(makeJob({ results: { files: [file] } }));
    const list = [makeJob({ id: 'long', left_out: ['results'] }), makeJob({ id: 'short', left_out: ['parameters'] })];
    jobs = new Jobs(fakeClient({ jobs: () => Promise.resolve(listOf(list)), job: asked }));
    await jobs.refresh();
    const whole = await jobs.whole('long');
    expect(resultsOf(whole ?? makeJob({})).files).toEqual([file]);
    expect(await jobs.whole('short')).toBe(list[1]);
    expect(asked.mock.calls).toEqual([['long']]);
  });

  it('tell why one cannot be cancelled', async () => {
    const refused = new EsapError({ code: 'not-found', message: 'There is no such job.' });
    jobs = new Jobs(fakeClient({ cancelJob: () => Promise.reject(refused) }));
    await jobs.cancel('j1');
    expect(jobs.error?.message).toBe('There is no such job.');
  });
});
