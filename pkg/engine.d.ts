import type {
  Finding, ForecastOptions, ForecastResult, FunnelOptions, FunnelResult, LoadOptions, QualityResult, SegmentsOptions, SegmentsResult,
  SimulateOptions, Summary, TableName,
} from "./dist/types.js";

export * from "./dist/types.js";

/** A string with a line break is CSV text, another is a URL. Rows are objects by column name; columns are arrays by column name. */
export type Data = File | Blob | URL | string | ArrayBuffer | ArrayBufferView | Record<string, unknown>[] | Record<string, ArrayLike<unknown>>;

export interface Sources {
  deals?: Data;
  history?: Data;
  customers?: Data;
  orders?: Data;
  /** Calls, mails and meetings about deals; several tables of them may stand in `files`. */
  interactions?: Data;
  /** Joined to the deals by key. */
  dimensions?: Data[];
  /** Of these it is recognised what they are. */
  files?: Data[];
  simulate?: SimulateOptions;
}

export interface Hosting {
  wasmUrl?: string | URL;
  /** Where `core/crm_analytics_analyses.wasm` is, fetched while the data are read. */
  analysesUrl?: string | URL;
  createWorker?: () => Worker;
  module?: WebAssembly.Module | Promise<WebAssembly.Module>;
  analyses?: WebAssembly.Module | Promise<WebAssembly.Module>;
}

export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (progress: { phase: string; share: number }) => void;
  /** Reject pending calls of the same method as "superseded". */
  latest?: boolean;
}

/** `code` is stable; `details` name the value, the rule and the place. */
export class CrmError extends Error {
  constructor(code: string, message: string, details?: Record<string, unknown>);
  code: string;
  details: Record<string, unknown>;
}

export class Engine {
  /** The worker, for diagnosis: ending it does no harm, the next call starts another. */
  worker: Worker | undefined;
  summary(): Summary;
  quality(call?: CallOptions): Promise<QualityResult>;
  /** All rows behind a finding as the text of a CSV file: line, code of the finding, and the columns of the table. */
  offending(finding: Pick<Finding, "code" | "table" | "column">, call?: CallOptions): Promise<string>;
  funnel(options?: FunnelOptions, call?: CallOptions): Promise<FunnelResult>;
  forecast(options?: ForecastOptions, call?: CallOptions): Promise<ForecastResult>;
  segments(options?: SegmentsOptions, call?: CallOptions): Promise<SegmentsResult>;
  records(table: TableName, rows: ArrayLike<number>, call?: CallOptions): Promise<Record<string, string | null>[]>;
  /** Bytes of WebAssembly memory; since that never shrinks, the peak so far. */
  memoryBytes(call?: CallOptions): Promise<number>;
  /** Options that are not named stay as they are. */
  reload(changes: LoadOptions, call?: CallOptions): Promise<Summary>;
  dispose(): void;
}

/** Reads and recognises CRM data in a worker of its own. */
export function open(given: Sources & LoadOptions & Hosting, call?: CallOptions): Promise<Engine>;
