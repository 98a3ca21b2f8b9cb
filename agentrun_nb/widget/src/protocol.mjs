/**
 * The shapes of what kernel and page say to each other. Every string in them is hostile.
 *
 * @typedef {{buffer: number, gzip: boolean, high?: BufferRef, small?: boolean}} BufferRef of many floats the lower halves, and `high` the upper ones; of `small` codes a byte each
 * @typedef {{created: BufferRef, started: BufferRef, completed: BufferRef, until: BufferRef, status: BufferRef, version: BufferRef, deployment: BufferRef, mode: BufferRef, reason: BufferRef, error: BufferRef, exit: BufferRef, ids: BufferRef}} ColumnRefs
 * @typedef {{kind: "runs" | "run" | "json", uid: string, n: number, now: number, read_at: number | null, title: string, complete: boolean | null, verdict: string, statuses: string[], versions: string[], deployments: string[], modes: string[], reasons: string[], errors: string[], reasons_clipped: boolean, names: Record<string, string>,
 *   columns: ColumnRefs | Record<string, never>, docs: BufferRef | null, groups: Groups | null, last_success: Record<string, LastSuccess> | null, last_success_cut: boolean, text: BufferRef | null, note: string, no_previews: string, screen: Screen | null, head: Head | null, version: number}} Page `head` is told once, when the page opens; `docs` are with a page of one run or of a file, and are asked for otherwise; `groups` and `last_success` (by the row of a failed run) are in files alone, which have no kernel to ask; `names` are those of deployments and versions that are known; `version` counts the changes that the page has taken; `verdict` says in words whether runs are `complete`, `note` the same with how many came
 * @typedef {"none" | "deployment_id" | "version_id" | "status"} Grouping by what the runs of a timeline are grouped
 * @typedef {{start: number, end: number, by: Grouping | "time" | "version" | null, folded: boolean, colour?: string | null}} Screen how the timeline stood when it was last looked at; `by` null: as it fits; "time" and "version" stand in files of earlier versions; `colour` is the path of the column by which runs are coloured, null: by their statuses
 * @typedef {{name: string, kind: string, meaning: string}} Field a column of a table; `kind` is text, time, int, bool, category or json
 * @typedef {{label: string, light: string, dark: string, shape: string}} Look
 * @typedef {{name: string, label: string, light: string, dark: string, shape: string, terminal: boolean, succeeded: boolean, failed: boolean, waiting: boolean, retained: boolean}} StatusRow
 * @typedef {{rows: number, bands: number, single: number, marks: number, columns: number}} Limits of a timeline: runs in rows, groups in bands, runs that are drawn one by one, and those most of which are too short to be seen as long as they are; and of a table: columns from documents
 * @typedef {{fields: Field[], outputs: Field[], statuses: StatusRow[], unknown: Look, none: Look, stack: number[], limits: Limits, shades: Shades}} Head
 * @typedef {[light: string, dark: string]} Colour
 * @typedef {{categories: Colour[], other: Colour, steps: Colour[]}} Shades by which values of a column are told apart: the most frequent ones, all others, and numbers from low to high
 * @typedef {string | number | boolean | null} Scalar
 * @typedef {Record<string, Scalar> & {unread?: any, no_preview?: string | null}} OutputRow
 * @typedef {{row: number, fields: Record<string, Scalar>, fetched: string | null, absent: string[], left_out: string[], unread: Record<string, string>, input: string | null, output_manifest: string | null, outputs: OutputRow[],
 *   extra: string | null, notes: string | null, error: string | null, not_read: string | null, phases: Phase[]}} RunDoc
 * @typedef {{phase: string, kind: "logged" | "observed", start: [number | null, number], end: [number, number | null]}} Phase a phase of a run; `start` and `end` are the earliest and the latest moments, in ms, and null where nobody knows
 * @typedef {{path_a: string | null, path_b: string | null, change: string, a: string | null, b: string | null}} Difference
 * @typedef {{a: OutputRow | null, b: OutputRow | null}} Pair
 * @typedef {{fingerprint: string, example: string, n: number}} FailureGroup runs that failed in the same way: what is the same, the reason of the last of them, how many they are
 * @typedef {{codes: BufferRef, list: FailureGroup[], more: number}} Groups the groups of failures, the largest first, the group of each run, and how many runs are in groups that are left out
 * @typedef {{row: number | null, of: "version" | "deployment" | null, comparison?: Comparison}} LastSuccess the last success before a run, and the comparison of the two
 * @typedef {{count: number, differences: Difference[], outputs: Pair[]}} Comparison
 *
 * @typedef {{created: Float64Array, started: Float64Array, completed: Float64Array, until: Float64Array, status: Uint32Array, version: Uint32Array, deployment: Uint32Array, mode: Uint32Array, reason: Uint32Array, error: Uint32Array, exit: Float64Array, ids: string[]}} Columns
 * @typedef {{looked: Uint32Array, changed: Uint32Array, added: number, doc: RunDoc | null}} Renewed the rows that were looked at again, those of them that say something else now, how many of these are new, and the document of the one run of a page
 * @typedef {{page: Page, columns: Columns | null, docs: RunDoc[] | null, text: string | null}} Held what the page has been given, unpacked
 *
 * @typedef {{alone?: boolean, get(name: string): any, set(name: string, value: unknown): void, save_changes(): void, send(content: object): void,
 *   on(event: string, callback: (...values: any[]) => void): void, off(event: string, callback?: ((...values: any[]) => void) | null): void}} Model
 */
export {};
