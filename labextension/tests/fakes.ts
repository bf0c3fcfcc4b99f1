import { type EsapClient } from '../src/api/client';
import type { Column, DID, Job, Query, SearchState, ServiceReport, SignInState } from '../src/api/types';

/** A client of which only what a test needs is there. */
export function fakeClient(methods: Partial<Record<keyof EsapClient, unknown>>): EsapClient {
  return methods as unknown as EsapClient;
}

export function makeColumn(name: string, kind: Column['kind'] = 'number', given: Partial<Column> = {}): Column {
  return { name, kind, type: 'double', unit: '', ucd: '', utype: '', xtype: '', description: '', ...given };
}

export function makeReport(given: Partial<ServiceReport>): ServiceReport {
  return {
    service: 'archive',
    title: '',
    state: 'complete',
    rows: 0,
    targets: 0,
    targets_done: 0,
    seconds: 0.1,
    code: '',
    message: '',
    hint: '',
    retryable: false,
    ...given
  };
}

export function makeState(given: Partial<SearchState>): SearchState {
  return {
    id: 't1',
    query: null,
    reports: [],
    rows: 0,
    begun_at: '2026-11-22T10:00:00Z',
    seconds: 1,
    ended: false,
    interrupted: false,
    jobs: {},
    error: null,
    version: 1,
    ...given
  };
}

export function makeQuery(given: Partial<Query>): Query {
  return {
    services: [],
    product: 'images',
    target: '',
    position: null,
    targets: [],
    radius: 0.1,
    keyword: '',
    adql: '',
    row_limit: 10_000,
    parameters: {},
    ...given
  };
}

export function makeJob(given: Partial<Job>): Job {
  return {
    id: 'j1',
    kind: 'staging',
    title: 'M 51',
    phase: 'EXECUTING',
    interrupted: false,
    owner: '',
    progress: {
      done: 0,
      total: null,
      unit: 'bytes',
      files_done: 0,
      files_total: null,
      rate: 0,
      active: [],
      message: ''
    },
    parameters: {},
    results: {},
    left_out: [],
    error_code: '',
    error_message: '',
    error_hint: '',
    created_at: '2026-11-22T10:00:00Z',
    started_at: null,
    ended_at: null,
    ...given
  };
}

export function makeSignInState(given: Partial<SignInState>): SignInState {
  return {
    source: '',
    username: '',
    name: '',
    issuer: '',
    groups: [],
    tokens: [],
    can_sign_in: true,
    can_sign_out: false,
    sign_in_url: '',
    prompt: null,
    problem: '',
    hint: '',
    ...given
  };
}

export function makeDid(given: Partial<DID>): DID {
  return {
    scope: 'demo',
    name: 'file',
    type: 'FILE',
    bytes: 1,
    length: null,
    adler32: '',
    md5: '',
    account: '',
    created_at: null,
    metadata: {},
    ...given
  };
}
