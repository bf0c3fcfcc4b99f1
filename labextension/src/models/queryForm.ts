import { type EsapClient } from '../api/client';
import type { Product } from '../api/types';
import { Changing } from './changing';

/** A JSON Schema, as far as query forms need one. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  /** For which products the field is of use; all, if it does not say. */
  products?: Product[];
}

export type FieldKind = 'text' | 'number' | 'integer' | 'choice' | 'flag' | 'time' | 'json';

/** A field that at least one of the chosen services knows. */
export interface QueryField {
  name: string;
  title: string;
  description: string;
  kind: FieldKind;
  /** Of a choice; the empty one says nothing. */
  choices: readonly string[];
  /** Which of the services know it. */
  services: readonly string[];
}

/** What a person typed into further fields, by name. */
export type FieldValues = Readonly<Record<string, unknown>>;

/** The fields of several services' query forms for a product: each once, in the order in which they come. */
export function fieldsOf(forms: ReadonlyMap<string, Schema>, product: Product): QueryField[] {
  const fields = new Map<string, QueryField>();
  for (const [service, form] of forms) {
    for (const [name, given] of Object.entries(form.properties ?? {})) {
      if (given.products && !given.products.includes(product)) {
        continue;
      }
      const known = fields.get(name);
      if (known) {
        fields.set(name, { ...known, services: [...known.services, service] });
        continue;
      }
      const schema = plain(given, form);
      fields.set(name, {
        name,
        title: given.title ?? schema.title ?? name,
        description: given.description ?? schema.description ?? '',
        kind: kindOf(schema),
        choices: (schema.enum ?? []).filter(each => each !== '' && each !== null).map(String),
        services: [service]
      });
    }
  }
  return [...fields.values()];
}

/** What is sent: of each field that says something its value, of the field's type as far as it can be read. */
export function parametersOf(values: FieldValues, fields: readonly QueryField[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const typed = typeof value === 'string' ? typedValue(value.trim(), fields.find(field => field.name === name)) : value;
    if (typed !== '' && typed !== null && typed !== undefined) {
      given[name] = typed;
    }
  }
  return given;
}

/** A value as the input shows it. */
export function textOf(value: unknown, kind: FieldKind): string {
  if (value === null || value === undefined) {
    return '';
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // An input of date and time takes no zone; the fields are in UTC.
  return kind === 'time' ? text.replace(/(?:Z|\+00:00)$/, '') : text;
}

/** The query forms of the services, asked for once each. */
export class QueryForms extends Changing {
  private readonly _forms = new Map<string, Schema>();
  private readonly _asked = new Set<string>();

  constructor(private readonly _client: EsapClient) {
    super();
  }

  /** The fields that some of these services know; those whose form is not there yet are left out. */
  fields(services: readonly string[], product: Product): QueryField[] {
    const forms = new Map<string, Schema>();
    for (const service of services) {
      const form = this._forms.get(service);
      if (form) {
        forms.set(service, form);
      }
    }
    return fieldsOf(forms, product);
  }

  isThere(service: string): boolean {
    return this._forms.has(service);
  }

  /** The fields that any service knows whose form is there. */
  allFields(product: Product): QueryField[] {
    return fieldsOf(this._forms, product);
  }

  /** Ask for those that are not there; one that cannot be had has no fields. */
  async load(services: readonly string[]): Promise<void> {
    const missing = services.filter(service => !this._asked.has(service));
    missing.forEach(service => this._asked.add(service));
    await Promise.all(
      missing.map(async service => {
        try {
          this._forms.set(service, await this._client.queryForm(service));
        } catch {
          this._asked.delete(service);
          return;
        }
        this.emitChanged();
      })
    );
  }
}

function plain(schema: Schema, form: Schema): Schema {
  const reference = schema.$ref?.split('/').pop();
  if (reference) {
    return plain(form.$defs?.[reference] ?? {}, form);
  }
  // An optional value is written as a choice between its type and null.
  const options = (schema.anyOf ?? schema.allOf ?? []).filter(option => option.type !== 'null');
  const [only] = options;
  return options.length === 1 && only ? { ...plain(only, form), ...(schema.title ? { title: schema.title } : {}) } : schema;
}

function kindOf(schema: Schema): FieldKind {
  if (schema.enum) {
    return 'choice';
  }
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' ? 'time' : 'text';
    case 'number':
    case 'integer':
      return schema.type;
    case 'boolean':
      return 'flag';
    default:
      return 'json';
  }
}

/** What cannot be read goes as it is: the server says what is wrong with it, and names the field. */
function typedValue(text: string, field: QueryField | undefined): unknown {
  if (text === '' || !field) {
    return text;
  }
  if (field.kind === 'number' || field.kind === 'integer') {
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }
  if (field.kind === 'flag') {
    return text === 'true';
  }
  if (field.kind === 'json') {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text;
}
