import type { EsapClient } from '../api/client';
import { asEsapError, type EsapError } from '../api/errors';
import type { CurveDescription, FileContent, HeaderCard } from '../api/types';
import { Changing } from './changing';

/** Points that are drawn together. */
export interface CurveSeries {
  name: string;
  x: Float64Array;
  y: Float64Array;
  error: Float64Array | null;
}

/** A spectrum or a light curve of a file. */
export class Curve extends Changing {
  description: CurveDescription | null = null;
  series: readonly CurveSeries[] = [];
  error: EsapError | null = null;
  isLoading = false;
  private _column = '';
  private _hdu: number | null;
  private _generation = 0;

  constructor(
    private readonly _client: EsapClient,
    readonly path: string,
    readonly content: FileContent,
    hdu: number | null
  ) {
    super();
    this._hdu = hdu;
  }

  /** None in a VOTable. */
  get hdu(): number | null {
    return this._hdu;
  }

  /** Read what it is, and its points. */
  async open(): Promise<void> {
    this._generation += 1;
    const generation = this._generation;
    this.error = null;
    this.isLoading = true;
    this.emitChanged();
    try {
      const [description, numbers] = await Promise.all([
        this._client.curve(this.path, this._hdu, this._column),
        this._client.curvePoints(this.path, this._hdu, this._column)
      ]);
      if (generation === this._generation) {
        this.description = description;
        this.series = splitPoints(description, numbers);
      }
    } catch (thrown) {
      if (generation === this._generation) {
        this.error = asEsapError(thrown);
      }
    }
    if (generation === this._generation) {
      this.isLoading = false;
      this.emitChanged();
    }
  }

  /** Show another column against the same axis. */
  async setColumn(name: string): Promise<void> {
    this._column = name;
    await this.open();
  }

  /** Show what another HDU holds. */
  async setHdu(hdu: number): Promise<void> {
    this._hdu = hdu;
    this._column = '';
    await this.open();
  }

  header(): Promise<HeaderCard[]> {
    return this._hdu === null ? Promise.resolve([]) : this._client.header(this.path, this._hdu);
  }

  dispose(): void {
    this._generation += 1;
  }
}

/** The numbers come as all x, all y and all errors, one series after the other in each. */
export function splitPoints({ series }: CurveDescription, numbers: Float64Array): CurveSeries[] {
  const points = numbers.length / 3;
  let from = 0;
  return series.map(each => {
    const [first, last] = [from, from + each.points];
    from = last;
    const part = (which: number): Float64Array => numbers.subarray(which * points + first, which * points + last);
    return { name: each.name, x: part(0), y: part(1), error: each.has_errors ? part(2) : null };
  });
}
