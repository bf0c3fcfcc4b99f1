import { asWritten, type Words } from '../words';

/** What the server says when something went wrong; the same words as in Python. */
export interface ErrorFields {
  code: string;
  message: string;
  hint?: string;
  service?: string;
  field?: string;
  retryable?: boolean;
  line?: number | null;
  column?: number | null;
}

/** An error that a person can read: what happened, and what to do next. */
export class EsapError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly service: string;
  readonly field: string;
  readonly retryable: boolean;
  /** Where in an ADQL query, counted from 1, if the service said so. */
  readonly line: number | null;
  readonly column: number | null;

  constructor(fields: ErrorFields) {
    super(fields.message);
    this.name = 'EsapError';
    this.code = fields.code;
    this.hint = fields.hint ?? '';
    this.service = fields.service ?? '';
    this.field = fields.field ?? '';
    this.retryable = fields.retryable ?? false;
    this.line = fields.line ?? null;
    this.column = fields.column ?? null;
  }

  /** Whether the server has no ESAP at these routes: the extension is missing, disabled or older than this. */
  get isMissingExtension(): boolean {
    return this.code === MISSING;
  }
}

/** A service wants to know who asks. */
export const SIGN_IN_NEEDED = 'sign-in-needed';

const MISSING = 'extension-missing';

let trans: Pick<Words, '__'> = asWritten;

/** Say in this language what the page itself finds wrong; what the server says is as it says it. */
export function translateErrors(words: Pick<Words, '__'>): void {
  trans = words;
}

/** The error in an answer that is not a success. */
export function errorOfAnswer(status: number, body: unknown): EsapError {
  if (isErrorFields(body)) {
    return new EsapError(body);
  }
  if (status === 404) {
    return new EsapError({ code: MISSING, message: trans.__('The ESAP server extension does not answer.') });
  }
  if (status === 401 || status === 403) {
    return new EsapError({
      code: SIGN_IN_NEEDED,
      message: trans.__('The Jupyter server refused the request.'),
      hint: trans.__('Reload the page to sign in again.')
    });
  }
  return new EsapError({
    code: 'server',
    message: trans.__('The Jupyter server answered %1.', status),
    // 424 is what a hub answers in place of a server that is not there.
    retryable: status >= 500 || status === 424
  });
}

/** The error of a success that says nothing. */
export function emptyAnswer(status: number): EsapError {
  return new EsapError({
    code: 'bad-answer',
    message: trans.__('The Jupyter server answered %1 without content.', status)
  });
}

/** The error of a search whose server went away before it ended; one that a job follows can be resumed. */
export function searchInterrupted(hasJob = false): EsapError {
  return new EsapError({
    code: 'interrupted',
    message: trans.__('The search was interrupted: the Jupyter server was restarted.'),
    hint: hasJob
      ? trans.__('Resume it in Jobs.')
      : trans.__('What had arrived is kept in the table; ask again for the rest.')
  });
}

/** The error of rows that were chosen by their places, which other rows have now. */
export function rowsMoved(): EsapError {
  return new EsapError({
    code: 'rows-moved',
    message: trans.__('More rows have come meanwhile.'),
    hint: trans.__('Select the rows again.')
  });
}

/** Whatever was thrown, as an error that a person can read. */
export function asEsapError(thrown: unknown): EsapError {
  if (thrown instanceof EsapError) {
    return thrown;
  }
  if (thrown instanceof TypeError) {
    // What `fetch` throws when there is no connection.
    return new EsapError({
      code: 'no-connection',
      message: trans.__('The Jupyter server cannot be reached.'),
      hint: trans.__('It may be restarting.'),
      retryable: true
    });
  }
  return new EsapError({ code: 'error', message: thrown instanceof Error ? thrown.message : String(thrown) });
}

function isErrorFields(body: unknown): body is ErrorFields {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'message' in body &&
    typeof body.message === 'string'
  );
}
