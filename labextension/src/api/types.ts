import type { components, operations } from './schema';

/** The words of ESAP, as the server's OpenAPI document defines them. */
type Schemas = components['schemas'];

export type AccountUsage = Schemas['AccountUsage'];
export type Added = Schemas['Added'];
export type Capability = Schemas['Capability'];
export type Column = Schemas['Column'];
export type ColumnDescription = Schemas['ColumnDescription'];
export type ColumnStatistics = Omit<Schemas['ColumnStatistics'], 'quartiles'> & {
  quartiles: readonly number[] | null;
};
export type Condition = Schemas['Condition'];
export type CurveDescription = Schemas['CurveDescription'];
export type Density = Omit<Schemas['Density'], 'x' | 'y'> & {
  x: readonly number[] | null;
  y: readonly number[] | null;
};
export type DevicePrompt = Schemas['DevicePrompt'];
export type DID = Schemas['DID'];
export type DIDPage = Schemas['DIDPage'];
export type Example = Schemas['Example'];
export type FileContent = Schemas['FileContent'];
export type HeaderCard = Schemas['HeaderCard'];
export type FileTable = Schemas['FileTable'];
export type Histogram = Schemas['Histogram'];
export type ImageDescription = Schemas['ImageDescription'];
export type Item = Schemas['Item'];
export type Job = Schemas['Job'];
export type JobList = Schemas['JobList'];
export type KnownToken = Schemas['KnownToken'];
export type Link = Schemas['Link'];
export type Order = Schemas['Order'];
export type PastQuery = Schemas['PastQuery'];
export type Phase = Schemas['Phase'];
export type Query = Schemas['Query-Output'];
export type PixelDescription = Schemas['PixelDescription'];
export type Position = Schemas['Position'];
export type Product = Query['product'];
export type ReplicaOnRSE = Schemas['ReplicaOnRSE'];
export type ReplicaPage = Schemas['ReplicaPage'];
export type RSE = Schemas['RSE'];
export type Rule = Schemas['Rule'];
export type SearchState = Schemas['SearchState'];
export type SkyFrame = Schemas['SkyFrame'];
export type SkyDensity = Schemas['SkyDensity'];
export type RegisteredService = Schemas['RegisteredService'];
export type SavedQuery = Schemas['SavedQuery'];
export type TableSummary = Schemas['TableSummary'];
export type ServerStatus = Schemas['ServerStatus'];
export type ServiceReport = Schemas['ServiceReport'];
export type ServerLife = Schemas['ServerLife'];
export type ServerSession = Schemas['ServerSession'];
export type ServiceStatus = Schemas['ServiceStatus'];
export type StorageRoom = Schemas['StorageRoom'];
export type SignInState = Schemas['SignInState'];
export type TableDescription = Schemas['TableDescription'];
export type TableDetails = Schemas['TableDetails'];
export type Target = Query['targets'][number];
export type Workspace = Schemas['Workspace'];
export type WritableRSE = Schemas['WritableRSE'];

type Body<Name extends 'start_upload' | 'add_rule' | 'start_staging'> =
  operations[Name]['requestBody']['content']['application/json'];

export type NewRule = Body<'add_rule'>;
export type NewStaging = Body<'start_staging'>;
export type NewUpload = Body<'start_upload'>;
export type DIDSearch = operations['list_dids']['parameters']['query'];

type NewQuery = operations['start_query']['requestBody']['content']['application/json'];

export type AdqlMode = NonNullable<NewQuery['mode']>;
/** Tables that go with an ADQL query, by name. */
export type Uploads = NonNullable<NewQuery['uploads']>;
