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

/** The error in an answer that is not a success. */
export function errorOfAnswer(status: number, body: unknown): EsapError {
  if (isErrorFields(body)) {
    return new EsapError(body);
  }
  if (status === 404) {
    return new EsapError({ code: MISSING, message: 'The ESAP server extension does not answer.' });
  }
  if (status === 401 || status === 403) {
    return new EsapError({
      code: SIGN_IN_NEEDED,
      message: 'The Jupyter server refused the request.',
      hint: 'Reload the page to sign in again.'
    });
  }
  return new EsapError({
    code: 'server',
    message: `The Jupyter server answered ${status}.`,
    retryable: status >= 500
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
      message: 'The Jupyter server cannot be reached.',
      hint: 'It may be restarting.',
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
