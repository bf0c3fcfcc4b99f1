import { describe, expect, it } from 'vitest';
import { EsapError } from '../src/api/errors';
import { Upload } from '../src/models/upload';
import { fakeClient } from './fakes';

function clientOf(scopes: string[], rses: string[]): Upload {
  const client = fakeClient({
    scopes: () => Promise.resolve(scopes),
    account: () => Promise.resolve('jdoe'),
    writableRSEs: () => Promise.resolve(rses.map(name => ({ name, type: 'DISK', free: null })))
  });
  return new Upload(client, ['night/a.fits', 'night/b.fits']);
}

describe('what is asked before an upload', () => {
  it('begins with the own scope and the first RSE that can be written', async () => {
    const upload = clientOf(['test', 'user.jdoe'], ['SITE', 'OTHER']);
    expect(upload.ready).toBe(false);
    await upload.choose('lake');
    expect(upload.ready).toBe(true);
    upload.change({ dataset: 'night', days: '1.5' });
    expect(upload.request).toEqual({
      service: 'lake',
      files: ['night/a.fits', 'night/b.fits'],
      to: 'user.jdoe:night',
      rse: 'SITE',
      lifetime: 129_600
    });
  });

  it('is not ready without an RSE, or with a lifetime that is none', async () => {
    const nowhere = clientOf(['test'], []);
    await nowhere.choose('lake');
    expect(nowhere.ready).toBe(false);
    const upload = clientOf(['test'], ['SITE']);
    await upload.choose('lake');
    for (const days of ['-1', '0', 'a week']) {
      upload.change({ days });
      expect(upload.ready).toBe(false);
    }
    upload.change({ days: '' });
    expect(upload.request.lifetime).toBeNull();
  });

  it('says why a data lake does not answer', async () => {
    const refused = new EsapError({ code: 'sign-in-needed', message: 'There is no token to show to Rucio.' });
    const upload = new Upload(
      fakeClient({
        scopes: () => Promise.resolve([]),
        account: () => Promise.reject(refused),
        writableRSEs: () => Promise.reject(refused)
      }),
      ['a']
    );
    await upload.choose('lake');
    expect(upload.error?.message).toBe('There is no token to show to Rucio.');
    expect(upload.ready).toBe(false);
  });
});
