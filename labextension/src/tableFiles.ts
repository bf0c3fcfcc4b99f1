import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { spreadsheetIcon } from '@jupyterlab/ui-components';
import { FITS, VOTABLE, XML } from './fileTypes';

/** The name of the factory of tables. */
export const TABLE_FACTORY = 'esap-table-of-file';

const PARQUET = 'esap-parquet';
const ECSV = 'esap-ecsv';

/** The types that may be opened as tables, and those that are when they are clicked twice. */
export const TABLE_TYPES = [FITS, VOTABLE, XML, PARQUET, ECSV, 'csv'];
export const ALWAYS_TABLES = [PARQUET, ECSV];

const TABLE_SUFFIX = /\.((vot|votable|xml|fits?|fts|csv|ecsv)(\.gz)?|parquet)$/i;

/** Whether a file may hold a table, by its name. */
export function hasTable(path: string): boolean {
  return TABLE_SUFFIX.test(path);
}

/** Make the types of files known that are tables and nothing else. */
export function addTableTypes(registry: DocumentRegistry): void {
  const common: Partial<DocumentRegistry.IFileType> = { contentType: 'file', icon: spreadsheetIcon };
  registry.addFileType({
    ...common,
    name: PARQUET,
    displayName: 'Parquet',
    extensions: ['.parquet'],
    mimeTypes: ['application/vnd.apache.parquet'],
    fileFormat: 'base64'
  });
  registry.addFileType({ ...common, name: ECSV, displayName: 'ECSV', extensions: ['.ecsv'], fileFormat: 'text' });
}
