/** Numbers of a result in bulk: typed arrays in JavaScript, arrays in the command line's JSON. */
export type Floats = Float64Array;
export type Indices = Uint32Array;

export type TableName = "deals" | "history" | "customers" | "orders" | "interactions" | "dimension";
export type OutcomeName = "open" | "won" | "lost" | "hold" | "closed";
/** Milliseconds since 1970-01-01T00:00Z. */
export type Instant = number;

/** Role → column name. What is left out is recognised. `null` says that no column has the role. */
export interface Mapping {
  deals?: Partial<Record<"id" | "created_at" | "closed_at" | "outcome" | "stage" | "amount" | "owner" | "customer_id" | "product" | "source" | "expected_close" | "probability" | "lost_reason" | "weight" | "stage_entered_at" | "stage_times" | "stage_order" | "currency" | "is_closed" | "is_won" | "is_deleted" | "is_active" | "won_at" | "lost_at", string | null>>;
  history?: Partial<Record<"deal_id" | "stage" | "entered_at" | "exited_at" | "closed_at" | "weight" | "field" | "old" | "to" | "duration", string | null>>;
  customers?: Partial<Record<"id", string | null>>;
  orders?: Partial<Record<"customer_id" | "date" | "amount" | "quantity" | "unit_price" | "weight", string | null>>;
  /** Of the first interactions table, and of others that have the same columns. */
  interactions?: Partial<Record<"deal_id" | "at" | "kind" | "weight", string | null>>;
  /** Text of the outcome or stage column → outcome. */
  outcomes?: Record<string, OutcomeName>;
  /** Open stages in funnel order. */
  stages?: string[];
  /** What the stage is called in the `field` column of an audit. */
  stageField?: string;
  /** Stage → columns of the deals table about it. */
  stageColumns?: Record<string, Partial<Record<"entered_at" | "exited_at" | "latest" | "cumulative", string>>>;
  /** Values to read as another value, by column or role: `{product: {"GTXPro": "GTX Pro"}}`; in joins and in every analysis. Only what stands here is applied. */
  same?: Record<string, Record<string, string>>;
  /** Points for what the columns of a deal say, for `rules()`. */
  rules?: Rule[];
}

/** A condition on a column of the deals (by name, else by role) and the points of deals for which it holds. */
export interface Rule {
  column: string;
  operator: "=" | "≠" | "!=" | "in" | "<" | "≤" | "<=" | ">" | "≥" | ">=" | "between" | "is empty";
  /** Two values for "between", any number for "in", none for "is empty". Dates are ISO texts or ms. */
  value?: RuleValue | RuleValue[];
  points: number;
}

export type RuleValue = string | number | null;

export interface LoadOptions {
  mapping?: Mapping;
  /** ISO text or milliseconds; the newest instant in the data when missing. */
  asOf?: string | Instant;
  /** Zone of local days and of times without a zone: an IANA name, or "local" for that of the host; `utcOffsetMinutes` when missing. */
  timeZone?: string;
  /** The same as minutes east of UTC, without summer time; 0 when missing. */
  utcOffsetMinutes?: number;
  /** Calendar of periods, and of the years 1300 to 1499 in files where a header does not say it; "gregorian" (those years Jalali) when missing. */
  calendar?: Calendar;
  /** First day of the week, 0 (Sunday) to 6; when missing Monday, for Jalali Saturday, for Umm al-Qura Sunday. */
  weekStart?: number;
  /** Month of the calendar with which the fiscal year begins, 1 to 12; 1 when missing. */
  fiscalYearStart?: number;
  /** Durations count these hours only. `days`: 0 (Sunday) to 6. `from`, `to`: local times such as "09:00". `holidays`: local days, "2025-03-21" or "1404/01/01". */
  workingTime?: { days: number[]; from: string; to: string; holidays?: string[] };
  /** Consecutive rows of the same stage: one stay ("collapse", the default) or several ("separate"). */
  repeats?: "collapse" | "separate";
}

/** What the core takes: it has no rules of time zones, `time-zone.js` hands it the table of the host's. */
export type CoreLoadOptions = Omit<LoadOptions, "timeZone">;

/** Values of one column: numbers (NaN is missing), instants in ms (NaN is missing), texts to be typed as the cells of a file are (empty is missing), the same by their place in `cells`, or texts by their place in `levels`, which stay texts. */
export type ColumnValues = Float64Array | { instants: Float64Array } | string[] | { codes: Uint32Array; cells: string[] } | { codes: Uint32Array; levels: string[] };

export interface LeftOut {
  table: string;
  /** Stable code; the dashboard has a sentence for each. */
  reason: string;
  count: number;
  exampleLines: number[];
  exampleValues: string[];
}

/** What every result carries. */
export interface Meta {
  version: string;
  analysis: "quality" | "funnel" | "forecast" | "pipeline" | "reps" | "rules" | "what_if" | "segments";
  /** null where the data hold no date and none was given. */
  asOf: Instant | null;
  seed: number | null;
  /** The options as used, defaults filled in. */
  options: Record<string, unknown>;
  rowsUsed: number;
  rowsLeftOut: LeftOut[];
}

export interface Estimate {
  value: number;
  low: number;
  high: number;
  n: number;
}

/* ---------- what was loaded ---------- */

export interface ColumnSummary {
  name: string;
  kind: "number" | "instant" | "text";
  role: string | null;
  missing: number;
  /** Number of distinct values; texts only. */
  distinct: number | null;
  /** First values as read, for the mapping panel. */
  examples: string[];
  /** How the dates of the column were read: "yyyy-mm-dd", "dd-mm-yy", "m/d/yyyy", "jalali yyyy/mm/dd", …; with the evidence. */
  dateOrder: string | null;
  dateEvidence: string | null;
}

export interface TableSummary {
  table: TableName;
  source: string;
  rows: number;
  separator: string | null;
  columns: ColumnSummary[];
}

export interface JoinSummary {
  /** Table whose rows look for a partner by their `column`: "deals", "history", "orders" or "interactions". */
  table: string;
  /** Name of the table that holds the keys: a dimension table, that of the deals or that of the customers. */
  source: string;
  column: string;
  /** Rows of `table`; those without a value count as neither. */
  matched: number;
  unmatched: number;
  /** Values without a partner, the most frequent 100, with the nearest key of the other side if it differs only in case, spaces or one letter. */
  nearMisses: { value: string; nearest: string | null; count: number }[];
  /** Keys that no row uses: the first 100, and how many there are. */
  unused: string[];
  unusedCount: number;
}

/** `handle.summary()`: what was recognised. */
export interface Summary {
  /** Zone of local days and of shown times; `UTC` or such as `+03:30` where it is an offset alone. */
  timeZone: string;
  /** Calendar of periods. */
  calendar: Calendar;
  /** null where the data hold no date and none was given. */
  asOf: Instant | null;
  /** Where as_of comes from. */
  asOfFrom: "option" | "newest";
  firstInstant: Instant | null;
  lastInstant: Instant | null;
  /** The system whose export one of the tables is. */
  crm: string | null;
  /** Systems that fit one of the tables equally well; it is read as nobody's. */
  crmRivals: string[];
  notes: ("closed_at_may_be_expected" | "amounts_converted")[];
  tables: TableSummary[];
  joins: JoinSummary[];
  /** In the form of the option, complete: keep it, edit it, pass it again. */
  mapping: Mapping;
  /** Roles that an analysis needs and that no column was recognised for, or two columns compete for. */
  unsure: { table: TableName; role: string; candidates: string[]; neededBy: string[] }[];
  historyForm: "entry_log" | "from_to" | "audit" | "wide" | "totals" | "current_stage" | null;
  /** What that form cannot tell; the dashboard has a sentence for each. */
  historyLacks: ("first_stage_assumed" | "history_begins_later" | "reentries_merged" | "no_timestamps" | "order_assumed" | "earlier_stages_unknown")[];
  /** Deals without rows in the history table whose stays are read from the deals table. */
  historyFilled: number;
  counts: { deals: number; open: number; won: number; lost: number; hold: number; closed: number; passages: number; stages: number; orders: number; customers: number; interactions: number };
  leftOut: LeftOut[];
}

export interface Finding {
  code: string;
  /** As in the summary; a dimension table by its own name. */
  table: string;
  column: string | null;
  /** Rows (weighted) concerned, and their share of those that could have been. */
  count: number;
  share: number;
  severity: "info" | "warning" | "error";
  affects: string[];
  exampleLines: number[];
  /** What stands there, or the evidence. */
  exampleValues: string[];
  /** `lost`: the analysis leaves these rows out; else it uses them, and they can mislead it. */
  costs: { analysis: string; rows: number; of: number; lost: boolean }[];
  /** What to do; the dashboard has a sentence for each. */
  fix: "fill_in" | "leave_empty" | "keep_amount" | "correct" | "remove_duplicates" | "merge_levels" | "close_or_update" | "map_columns" | "add_history" | "check_import" | "check_units" | "load_newer" | "know";
  /** Levels to merge: `mapping.same[column][value] = nearest` does so. */
  nearMisses: { value: string; nearest: string | null; count: number }[];
}

export interface QualityResult {
  meta: Meta;
  /** What is wrong, worst first, and what it costs. */
  findings: Finding[];
  /**
   * One per analysis. `score`, 0 to 100: 100 × usable ÷ of × (1 − d × share) for every finding about rows that are used, d = 0.5 for an
   * error and 0.25 for a warning; for the forecast also × min(1, won ÷ 40, lost ÷ 40). null: its tables are not there.
   * `limitedBy`: codes of findings, the strongest first; also "too_few_closed" and "missing_table".
   */
  scores: { analysis: "funnel" | "forecast" | "segments"; score: number | null; usable: number; of: number; limitedBy: string[] }[];
  /** What to mend first. `finding` is a place in `findings`; `gained`: rows that an analysis would gain, `cleared`: rows that would no longer mislead one. */
  fixes: { finding: number; fix: Finding["fix"]; gained: number; cleared: number }[];
}

/* ---------- funnel ---------- */

export interface FunnelOptions {
  /** Confidence level of all intervals; 0.95 when missing. */
  confidence?: number;
  /** Horizon of the restricted mean in days; the largest duration when missing. */
  horizonDays?: number;
  /** Attribute column (`owner`, `product`, …): the funnel of the deals with value `groupValue` only. */
  filterColumn?: string;
  filterValue?: string;
  /** What deals are counted by; "month" when missing. */
  period?: Period;
  /** Calendar of the periods; that of the load options when missing. */
  calendar?: Calendar;
  /** Column that groups are compared by: any column of the deals, `owner`, `stage`, or `period`: the period of creation. None when missing. */
  groupBy?: string;
  /**
   * What to compute beside `meta` and `counts`; all when missing. What is not asked for is then empty or null. `["groups"]` regroups what is shown already;
   * the second and further calls on the same data are many times faster than the first.
   */
  parts?: FunnelPart[];
  /** Groups shown, the largest ones, from 2 to 60; 30 when missing. */
  mostGroups?: number;
  /** Paths shown, the commonest ones; 10 when missing. */
  mostVariants?: number;
  /** Stuck deals listed; 500 when missing. All are counted. */
  mostStuck?: number;
}

/** A field of `FunnelResult`; of each stage, `stages` stands for how long deals stay, `exits` for where they go, `conversion` for how many get there. */
export type FunnelPart =
  "current" | "cycle" | "stages" | "exits" | "conversion" | "transitions" | "variants" | "stuck" | "velocity" | "bottlenecks" | "groups" | "cohorts" | "periods";

export type Calendar = "gregorian" | "jalali" | "umm-al-qura";
export type Period = "day" | "week" | "month" | "quarter" | "fiscal_year";

/** Deals by period, from the first with a deal to the one of `asOf`, empty ones included; the newest 600 where there are more. Weighted. */
export interface PeriodCounts {
  period: Period;
  calendar: Calendar;
  /** First local day of each period, counted from 1970-01-01, and at the end the day after the last one: one more than periods. */
  startDay: Floats;
  created: Floats;
  won: Floats;
  lost: Floats;
  /** Sum of the known amounts of the deals won, and the deals won without one. */
  wonAmount: Floats;
  wonWithoutAmount: Floats;
  /** Whether the last period goes on after the day of `asOf`. */
  lastIsPartial: boolean;
  /** Creations, wins and losses before the first period shown. */
  earlier: number;
}

export interface Quantile {
  p: number;
  /** null: not reached. */
  days: number | null;
  low: number | null;
  high: number | null;
}

/** Kaplan–Meier. One entry per distinct event time, starting with the first; S = 1 before it. */
export interface SurvivalCurve {
  n: number;
  events: number;
  censored: number;
  timeDays: Floats;
  atRisk: Floats;
  eventCount: Floats;
  survival: Floats;
  standardError: Floats;
  /** log(-log) interval. */
  low: Floats;
  high: Floats;
  /** 25, 50, 75 and 90 %. */
  quantiles: Quantile[];
  restrictedMean: { horizonDays: number; days: number; standardError: number; low: number; high: number };
  /** Survival where observation ends. */
  atEnd: number;
  lastDays: number;
  /** What other tools show: of the finished ones only. */
  finishedMeanDays: number | null;
  finishedMedianDays: number | null;
}

/** Aalen–Johansen. At every time the incidences and `remaining` sum to 1. */
export interface Incidence {
  timeDays: Floats;
  causes: { cause: string; events: number; incidence: Floats; standardError: Floats; low: Floats; high: Floats; final: number; finalLow: number; finalHigh: number; medianDaysGiven: number | null }[];
  remaining: Floats;
}

/** A duration in a few numbers; fields as in `SurvivalCurve`. */
export interface DurationSummary {
  n: number;
  events: number;
  quantiles: Quantile[];
  restrictedMean: SurvivalCurve["restrictedMean"];
  atEnd: number;
  lastDays: number;
  finishedMeanDays: number | null;
  finishedMedianDays: number | null;
}

/** Deals (weighted) that got to a stage in one definition; shares are null for the first stage. */
export interface Conversion {
  deals: number;
  /** Sum of the known amounts, and deals without one. */
  value: number;
  withoutValue: number;
  ofFirst: Estimate | null;
  ofPrevious: Estimate | null;
  /** By value, over the deals with a known amount; `n` is the effective number of deals behind it. */
  valueOfFirst: Estimate | null;
  valueOfPrevious: Estimate | null;
}

export interface StageResult {
  stage: string;
  passages: number;
  deals: number;
  dealsWithReentry: number;
  left: number;
  stillHere: number;
  /** null: no passage has a duration. */
  duration: SurvivalCurve | null;
  /** Days of first stays, and of the stays of deals that came back; null where there are none. */
  firstPass: DurationSummary | null;
  reentry: DurationSummary | null;
  /** By target: `won`, `lost`, `hold`, `closed`, `stage:<name>`. */
  exits: Incidence | null;
  /** By kind: `next`, `skip`, `back`, `again` (the same stage once more), `won`, `lost`, `hold`, `closed`; those that occur. */
  exitKinds: Incidence | null;
  /**
   * Three definitions. `visited`: the deal was in this stage itself; shares are of the deals that were in the other stage. `reached`: here, in a later stage,
   * or won. `eventual`: probability of ever getting here or further, open deals not counted as drop-outs
   * (Aalen–Johansen; counts as `reached`), of the first stage only where stages × moves stay below 100 million. null where it was not asked for.
   */
  conversion: { visited: Conversion; reached: Conversion; eventual: Conversion } | null;
}

/** Moves between stages. */
export interface Transitions {
  stages: string[];
  /** Row-major, stages × stages. */
  counts: Floats;
  /** Per stage, stays that end otherwise or go on: with its row of `counts` they sum to all stays. */
  won: Floats;
  lost: Floats;
  hold: Floats;
  closed: Floats;
  stillHere: Floats;
  /** Moves over one or more stages, moves back, and the deals that made any. */
  skips: number;
  backs: number;
  dealsWithSkip: number;
  dealsWithBack: number;
}

/** The most common paths, re-entries included. */
export interface Variants {
  /** `path`: places in funnel order. */
  top: { path: Indices; deals: number; open: number; won: number; lost: number; closed: number; value: number }[];
  /** How many different paths there are, the deals on all of them, and on those that are not in `top`. */
  distinct: number;
  deals: number;
  otherDeals: number;
}

/** Open deals that have been in their stage for longer than nine of ten of the stays of deals that were won later. */
export interface Stuck {
  /** `stage` null: the whole cycle, where there is no stage history. `group` null: all deals; groups of at least 30 such stays have one of their own. */
  thresholds: { stage: string | null; group: string | null; days: number; low: number | null; high: number | null; n: number }[];
  /** All stuck deals, their known amounts, and how many have none. */
  count: number;
  value: number;
  withoutValue: number;
  /** Open deals whose stage has no threshold: fewer than 10 such stays. */
  unjudged: number;
  /** At most `mostStuck`: the furthest beyond their threshold, as a multiple of it, first. */
  deals: StuckDeal[];
}

export interface StuckDeal {
  id: string;
  /** Row of the deals table, for `handle.records`. */
  row: number;
  stage: string | null;
  owner: string | null;
  group: string | null;
  amount: number | null;
  ageDays: number;
  thresholdDays: number;
  /** Probability that a deal that is still here after `wonAfterDays` (at most its age) is won in the end; null where no such deal has ended yet. */
  won: Estimate | null;
  wonAfterDays: number;
}

/** Open deals × win rate × mean won amount ÷ mean cycle length, in amount per day. */
export interface Velocity {
  openDeals: number;
  /** Aalen–Johansen. */
  winRate: Estimate | null;
  meanWonAmount: number | null;
  wonWithoutAmount: number;
  /** Restricted mean of the cycle. */
  cycleDays: number;
  perDay: number | null;
  /** What other tools show: win rate of closed deals, mean days of the deals won. */
  plain: { winRate: Estimate | null; cycleDays: number | null; perDay: number | null };
}

/** What stages would give if deals stayed there no longer than in the best third of the groups of `column`; the largest first. */
export interface Bottlenecks {
  column: string;
  stages: {
    stage: string;
    medianDays: number;
    bestThirdDays: number;
    /** Groups of at least 30 stays that were compared. */
    groups: number;
    savedDaysPerDeal: number;
    /** For all open deals. */
    dealDays: number;
    /** Amount per day that the shorter cycle would bring. */
    perDay: number | null;
  }[];
}

/** Groups of one column side by side. */
export interface Groups {
  column: string;
  /** The largest first. */
  groups: GroupResult[];
  /** Those that are not shown and in no comparison. `names`: the largest 100 of them. */
  rest: { groups: number; deals: number; names: (string | null)[] } | null;
  tests: GroupTest[];
  /** The heat map: stage × group, row-major by stage in funnel order; `groups.length` entries per stage. */
  stages: GroupStage[];
}

export interface GroupResult {
  /** null: deals without a value. */
  name: string | null;
  deals: number;
  /** Fewer than 30 deals. */
  isSmall: boolean;
  counts: FunnelResult["counts"];
  wonValue: number;
  cycle: DurationSummary | null;
  /** At most 200 points. */
  curve: { timeDays: Floats; survival: Floats; low: Floats; high: Floats } | null;
  /** Probability of a win where observation ends (Aalen–Johansen). */
  won: Estimate | null;
  wonWithinDays: { days: number; probability: Estimate | null }[];
  /** What other tools show. */
  wonShareOfClosed: Estimate | null;
}

export interface GroupStage {
  /** Stays, and those that ended. */
  n: number;
  events: number;
  /** Fewer than 30 stays. */
  isSmall: boolean;
  /** null: not reached, or nobody was here. */
  medianDays: number | null;
  low: number | null;
  high: number | null;
  restrictedMeanDays: number | null;
  /** Share of stays that lead to a later stage or a win (Aalen–Johansen). */
  forward: Estimate | null;
}

/** Whether groups differ: `log_rank` in durations until any end, `gray` in the share that ends by `cause`. */
export interface GroupTest {
  /** null: the whole cycle. */
  stage: string | null;
  test: "log_rank" | "gray";
  cause: "won" | "lost" | "next" | null;
  chiSquare: number;
  degreesOfFreedom: number;
  p: number;
  /** Adjusted (Benjamini–Hochberg) for all tests of the kind. */
  adjustedP: number;
}

/** Deals by the period of their creation, in order of time; the newest 120 periods that have any. */
export interface Cohorts {
  period: Period;
  calendar: Calendar;
  cohorts: {
    /** First local day, counted from 1970-01-01, and the day after the last one. */
    startDay: number;
    endDay: number;
    deals: number;
    won: number;
    open: number;
    /** By 30, 60 and 90 days; `probability` null (an empty cell, not zero) where no deal of the cohort could yet be watched for so long. */
    wonWithinDays: { days: number; probability: Estimate | null }[];
    /** Up to this age all of its deals were watched; cells beyond rest on the older part of the cohort. */
    completeDays: number;
  }[];
  /** Deals of earlier cohorts. */
  earlier: number;
}

export interface FunnelResult {
  meta: Meta;
  /** "deals": no stage history, so only the whole cycle is known. */
  source: "history" | "deals";
  /** Hours of a working day, where all durations are in working days (`LoadOptions.workingTime`); null where days are days. */
  workingDayHours: number | null;
  counts: { open: number; won: number; lost: number; hold: number; closed: number };
  /** Deals per current stage, with their amount. */
  current: { stage: string; deals: number; open: number; won: number; lost: number; amount: number; withoutAmount: number }[];
  /** Creation to close. */
  cycle: { duration: SurvivalCurve; outcomes: Incidence; wonWithinDays: { days: number; probability: Estimate | null }[]; medianDaysGivenWon: { p: number; days: number | null; low: number | null; high: number | null } | null; wonShareOfClosed: Estimate | null; wonShareOfAll: Estimate | null; wonMeanDays: number | null; wonMedianDays: number | null } | null;
  stages: StageResult[];
  transitions: Transitions;
  /** null without a stage history. */
  variants: Variants | null;
  stuck: Stuck;
  /** null without `cycle`. */
  velocity: Velocity | null;
  /** By the groups of `groupBy`, or else of `owner`; null where no stage has three groups of 30 stays. */
  bottlenecks: Bottlenecks | null;
  /** null without `groupBy`. */
  groups: Groups | null;
  /** null where no deal has the dates. */
  cohorts: Cohorts | null;
  /** null where no deal has a date. */
  periods: PeriodCounts | null;
}

/** Which deals `dealsBehind` gives; of several conditions all hold. Each names a number of `FunnelResult`: there are as many deals as it says. */
export interface DealConditions {
  /** In the group at this place of `groups.groups`. */
  group?: number;
  /** Stage: deals as in `conversion.visited`. */
  visited?: string;
  /** Stage: deals as in `conversion.reached`. */
  reached?: string;
  /** Stage: deals with a stay in it. */
  from?: string;
  /** With a stay, in `from` where that is given, that ended so: "won", "lost", "hold", "closed", "stage:<name>", or "still_here". */
  to?: string;
  /** As `path` in `variants.top`. */
  path?: ArrayLike<number>;
  /** Created on these local days (from 1970-01-01): the first one, and the day after the last one; as in `periods.startDay` and in cohorts. */
  created?: [number, number];
  /** Won or lost on such days. */
  closed?: [number, number];
  /** Deals on hold are open. */
  outcome?: OutcomeName;
  /** `key` of a segment of the last `segments()`. */
  segment?: string;
  /** Rows of the deals table. */
  rows?: ArrayLike<number>;
  /** Only deals with usable dates, as in cohorts. */
  withCycle?: boolean;
}

/** Deals in the order of the deals table, in columns. */
export interface DealList {
  /** Their number (weighted). */
  deals: number;
  /** Row of the deals table. */
  row: Indices;
  id: string[];
  /** Places in `outcomes`. */
  outcome: Indices;
  /** Instants; NaN where unknown, `closed` also where the deal has not ended. */
  created: Floats;
  closed: Floats;
  /** NaN where missing. */
  amount: Floats;
  /** Places in `stages` and `owners`; 4294967295 without one. */
  stage: Indices;
  owner: Indices;
  outcomes: OutcomeName[];
  stages: string[];
  owners: string[];
}

/* ---------- forecast ---------- */

export interface ForecastOptions {
  confidence?: number;
  /** Columns to use; when missing, every column that could have been known before closing. */
  features?: string[];
  /** Columns never to use. */
  without?: string[];
  /** L2 penalty λ; chosen on the training part when missing. */
  penalty?: number;
  /** Share of the newest closed deals kept for the test; 0.2 when missing. */
  holdout?: number;
  /** Instead of a share: test on deals closed at or after this instant. */
  holdoutFrom?: Instant;
  /** Instead of a share: train on this many rows, the oldest. */
  trainRows?: number;
  /** Levels of a category with fewer closed deals are pooled; 20 when missing. */
  minLevelRows?: number;
  /** How many deals to list with reasons; 200 when missing. */
  listed?: number;
  /** "auto" (when missing) corrects the probabilities of the closed-deal model by what deals showed that it was not learnt from, where that is better than the model as it is; "none" never. */
  calibration?: "auto" | "none";
  /** "auto" also learns weekly hazards where a stage history carries them, which takes many times as long; "closed", that of closed deals alone, when missing. */
  model?: "closed" | "auto";
}

export type Verdict = "ready" | "use_with_care" | "no_signal" | "too_few";
export type VerdictReason =
  | "tested_on_newest"
  | "weak_ranking" | "calibration_off" | "base_rate_drift"
  | "no_better_than_base_rate" | "no_features"
  | "too_few_closed" | "only_won" | "only_lost" | "no_closed_deals" | "no_test_possible";

export interface Feature {
  column: string;
  /** Level of a category; null for a number. */
  level: string | null;
  coefficient: number;
  standardError: number;
  /** Standardisation of a number; null for a level. The deviation is null also where all known values are equal. */
  mean: number | null;
  standardDeviation: number | null;
  /** Closed deals (weighted) that have the level. */
  n: number;
  observedRate: number | null;
}

export interface Reason {
  column: string;
  value: string;
  /** Log-odds against the average open deal; over all columns they sum to the deal's log-odds minus those of the average deal. */
  contribution: number;
}

export interface ListedDeal {
  id: string;
  /** Row of the deals table, for `handle.records`. */
  row: number;
  stage: string | null;
  owner: string | null;
  amount: number | null;
  ageDays: number | null;
  probability: number;
  low: number;
  high: number;
  /** All of them, the strongest first. */
  reasons: Reason[];
}

/** Probabilities against outcomes; `base…` are those of giving everyone the share won of the deals learnt from. */
export interface TestFigures {
  testRows: number;
  testRate: number;
  meanPredicted: number;
  auc: Estimate | null;
  logLoss: number;
  brier: number;
  baseLogLoss: number;
  baseBrier: number;
  /** 1 − logLoss / baseLogLoss, with interval over the test rows. */
  logLossSkill: Estimate;
  brierSkill: number;
  calibrationIntercept: number | null;
  calibrationSlope: number | null;
}

export interface ForecastResult {
  meta: Meta;
  closed: { won: number; lost: number };
  baseRate: Estimate | null;
  verdict: Verdict;
  /** Code of the sentence that gives the reason. */
  verdictReason: VerdictReason;
  /** What is missing until a test on held-out deals is possible; zeros when nothing is. */
  needed: { won: number; lost: number };
  /** What `open` holds: the model's probabilities, or the base rate where the data hold no signal. */
  shown: "model" | "base_rate";
  /** Which of the two models the data can carry. `open` is by the model of closed deals in either case. */
  modelChoice: "closed_deals" | "hazard";
  modelReason: "history" | "not_asked" | "no_history" | "too_few_after_snapshots";
  /** When open deals will be won or lost; null where the data cannot carry that model. */
  hazard: HazardForecast | null;
  holdout: null | {
    from: Instant | null;
    trainRows: number;
    figures: TestFigures;
    calibrationError: number;
    /** Row of the deals table of each tested deal, and the probability that it was given: deals of a group are those from its `lowest` to its `highest`. */
    row: Indices;
    probability: Floats;
    reliability: { n: number; predicted: number; observed: Estimate; lowest: number; highest: number }[];
    model: Model;
  };
  /**
   * The test repeated at up to six past dates (starts of years, quarters, months or weeks), each time by a model of the deals closed before, on those closed until
   * the next; `pooled` is of all tested deals together. null where there are fewer than four such dates with 40 won and 40 lost deals before them.
   */
  rolling: null | { period: Period; origins: { from: Instant; trainRows: number; penalty: number; figures: TestFigures }[]; pooled: TestFigures };
  /** The same test from three more sides; null without one. */
  performance: Performance | null;
  /** Observed against configured rate of each stage, in funnel order. */
  stages: StageRates;
  /** Fitted on all closed deals. */
  model: Model | null;
  /** Columns that are known only after, or decide, the close: left out, unless `features` names them (`used`: a warning that has to stay in sight). */
  leakage: { column: string; reason: "crm_probability" | "after_close" | "amount_at_close" | "identifier" | "too_good" | "outcome_copy" | "expected_close"; auc: number | null; detail: string; used: boolean }[];
  /** Every open deal, in the order of the deals table, in columns. */
  open: OpenDeals;
  /** The most probable first. */
  listed: ListedDeal[];
  expected: { wins: number; amount: number; dealsWithoutAmount: number };
}

/** One number per week. */
export interface Weekly {
  won: Floats;
  lost: Floats;
}

/** Weekly hazards of a win and of a loss, learnt from deals as they stood at past instants; open deals are censored. */
export interface HazardForecast {
  /** Days between the past instants. */
  snapshotDays: number;
  snapshots: number;
  dealWeeks: number;
  /** Deals won, and lost, after such an instant. */
  won: number;
  lost: number;
  iterations: number;
  maxGradient: number;
  verdict: Verdict;
  verdictReason: "tested_on_newest" | "weak_ranking" | "calibration_off" | "base_rate_drift" | "no_better_than_stage_rate" | "no_better_than_base_rate" | "no_test_possible";
  /** What the numbers per deal come from: the model, or the rates of all deals where it is no better than they. */
  shown: "model" | "base_rate";
  /** Rows of the open deals with a history; the arrays below are in this order. */
  row: Indices;
  withoutHistory: number;
  /** 30, 60 and 90 days, then null: in the end. won + lost + open = 1; low and high are the interval of `won`. */
  horizons: { days: number | null; won: Floats; low: Floats; high: Floats; lost: Floats; open: Floats }[];
  /** Days after `meta.asOf` by which 10, 50 and 90 % of the wins to come have come: when a deal is won if it is. null: beyond ten years. */
  closeWindow: { p10: (number | null)[]; p50: (number | null)[]; p90: (number | null)[] };
  /** Three per deal, the strongest first: places in `reasonColumns` (4294967295 for none) and by how much they move the log-odds of a win within 60 days away from those
   * of the average of these deals; all empty where the rates of all deals are shown. */
  reason: Indices;
  contribution: Floats;
  /** Columns of the deals, then "(stage)" with the weeks to come in it, "(age)" in days since creation, "(stay)" in days in the stage, and "(re-entries)". */
  reasonColumns: string[];
  /** Rows whose interval at 60 days is wider than 0.5. */
  tooLittleData: Indices;
  /** Expected closes of all these deals in each of the next 52 weeks. */
  weekly: Weekly;
  /** Probability of each end in each of its first 52 weeks, for a deal created now; null where the rates of all deals are shown. */
  fresh: Weekly | null;
  /** Wins within `days` of past instants, forecast from what was known then; null where records are too short. */
  test: null | {
    origins: Floats;
    days: number;
    n: number;
    observed: number;
    predicted: number;
    auc: Estimate | null;
    logLoss: number;
    brier: number;
    /** 1 − log-loss / log-loss of the rate that older deals show. */
    skillAgainstRate: Estimate;
    skillAgainstStageRate: Estimate;
    calibrationIntercept: number | null;
    calibrationSlope: number | null;
    reliability: { n: number; predicted: number; observed: Estimate; lowest: number; highest: number }[];
  };
}

export interface OpenDeals {
  row: Indices;
  /** NaN, with an interval from 0 to 1, where no deal is closed yet (`baseRate` null): then `listed` is empty. */
  probability: Floats;
  low: Floats;
  high: Floats;
  id: string[];
  /** NaN where missing. */
  amount: Floats;
  ageDays: Floats;
  /**
   * Days after `meta.asOf` by which 10, 50 and 90 % of the wins of deals of the same age have come: when a deal is won if it is. NaN without a created date or
   * where no deal was won. `HazardForecast.closeWindow` tells deals of one age apart.
   */
  closeWindow: { p10: Floats; p50: Floats; p90: Floats };
  /** Places in `stages` and `owners`; 4294967295 without one. */
  stage: Indices;
  owner: Indices;
  stages: string[];
  owners: string[];
  /** Three per deal, the strongest first: places in `reasonColumns` (4294967295 for none) and log-odds against the average open deal; both empty where the base rate is shown. */
  reason: Indices;
  contribution: Floats;
  reasonColumns: string[];
}

export interface Performance {
  /** Tenths of the tested deals, the most probable first: `rate` of won ones, `lift` over the rate of all, and of how many of all wins (`winsShare`) the first `dealsShare` of the deals consist. Empty where no tested deal was won. */
  lift: { n: number; lowest: number; highest: number; rate: Estimate; lift: number; dealsShare: number; winsShare: number }[];
  /** Tested deals by whether they were called won (probability ≥ threshold) and were won; thresholds 0.01 … 0.99. `best`: where F1 is highest. */
  thresholds: { threshold: Floats; truePositives: Floats; falsePositives: Floats; falseNegatives: Floats; trueNegatives: Floats; best: Confusion | null; bestF1: number | null };
  /** The base rate, the observed rate of the stage in which a deal stood when the test began, and the CRM's own percentage. */
  baselines: Baseline[];
}

export interface Confusion { threshold: number; truePositives: number; falsePositives: number; falseNegatives: number; trueNegatives: number }

export interface Baseline {
  kind: "base_rate" | "stage_rate" | "crm_percentage";
  /** From what it is known ("stage_percentage": the CRM overwrites its column at the close, so the mean over open deals in the stage stands for it), or why it is not. */
  basis: "trained" | "column" | "stage_percentage" | "no_stage_history" | "no_column" | "overwritten_at_close";
  /** The model against it, on the `logLossSkill.n` tested deals for which it is known; null where there are none. */
  skill: { logLoss: number; brier: number; modelLogLoss: number; modelBrier: number; logLossSkill: Estimate; brierSkill: number } | null;
  /** Area under its ROC curve; null where it gives everyone the same. */
  auc: Estimate | null;
}

export interface StageRates {
  /** Column of the CRM's percentage. */
  column: string | null;
  /** Whether it holds 0 or 100 on closed deals, and so says how they ended. */
  overwritten: boolean;
  /** `observed`: share of won ones among closed deals that were ever in the stage; null without a stage history. `configured`: mean of the CRM's percentages over the `open` deals there, as a share. */
  stages: { stage: string; observed: Estimate | null; open: number; configured: number | null }[];
}

export interface Model {
  penalty: number;
  intercept: number;
  interceptStandardError: number;
  features: Feature[];
  iterations: number;
  maxGradient: number;
  objective: number;
  /** λ tried and their cross-validated log-loss on the training part. */
  path: { penalty: number; logLoss: number }[];
  /** What deals showed that models of the other deals gave the same log-odds; null where that was not asked for, or they show nothing. */
  calibration: ModelCalibration | null;
}

export interface ModelCalibration {
  /** A straight line below 1,000 events, any rising map above. */
  method: "platt" | "isotonic";
  /** Whether probabilities are corrected: where the log-loss falls by more than its standard error. */
  used: boolean;
  /** Won or lost deals, whichever are fewer. */
  events: number;
  logLoss: number;
  /** Corrected by the map of the other folds. */
  calibratedLogLoss: number;
  /** Straight between its knots (log-odds of the model and those that deals showed), with `slope` beyond them. */
  map: { knots: [number, number][]; slope: number };
}

/* ---------- pipeline ---------- */

export interface PipelineOptions {
  confidence?: number;
  /** "month" when missing. */
  period?: Period;
  /** Calendar of the periods; that of the data when missing. */
  calendar?: Calendar;
  /** How many periods, the current one among them: 1 to 24; 6 when missing. */
  periods?: number;
  /** 100 to 1,000,000; 10,000 when missing. */
  draws?: number;
  seed?: number;
  /** Amount to be won in each period. */
  quota?: number;
  /** Past periods that the forecast is tested on, at most 60; 12 when missing. */
  backtestPeriods?: number;
  /** How many deals each list holds at most; 200 when missing. */
  listed?: number;
  /** Of the model that tells deals apart. */
  model?: ForecastOptions;
}

/** Quantiles and mean of the draws. */
export interface Band {
  p10: number;
  p25: number;
  p50: number;
  p75: number;
  p90: number;
  mean: number;
}

/** Deals (weighted) and the sum of their known amounts. */
export interface PipelinePart {
  wins: number;
  amount: number;
}

export interface PeriodForecast {
  /** Won already. */
  closed: PipelinePart;
  /** Expected from open deals. */
  open: PipelinePart;
  /** Expected from deals that are not created yet. */
  new: PipelinePart;
  /** Amount won in the end; null where no deal has an amount. */
  amount: Band | null;
  wins: Band;
  /** Of this period and those before it together, from the first on. */
  amountSoFar: Band | null;
  winsSoFar: Band;
  /** Share of the draws that reach the quota; of the total, the sum of the quotas. null without one. */
  quotaChance: number | null;
  quotaChanceWithoutLargest: number | null;
  /** If the largest open deal were lost. */
  amountWithoutLargest: Band | null;
  /** Exact distribution (Poisson–binomial) of how many open deals are won, from `first` on, shocks apart. null for the total. */
  openWins: { first: number; probability: Floats; median: number } | null;
}

export interface PipelineResult {
  meta: Meta;
  period: Period;
  calendar: Calendar;
  /** First local day of each period, counted from 1970-01-01, and the day after the last one. */
  startDay: Floats;
  /** The current one first. */
  periods: PeriodForecast[];
  total: PeriodForecast;
  /** At most 24 periods before, oldest first. */
  past: { startDay: Floats; won: Floats; amount: Floats };
  /** Open deals and their known amounts. */
  open: PipelinePart;
  /** Deals without an amount count as deals and add nothing to amounts. `rows` and `ids` are of open ones. */
  withoutAmount: { open: number; won: number; rows: Indices; ids: string[] };
  largest: { id: string; row: number; amount: number; probability: number } | null;
  /** Open deals whose expected close has passed, by falling amount. */
  slipped: { column: string | null; deals: number; amount: number; expectedAmount: number; row: Indices; daysLate: Floats; probability: Floats };
  arrivals: { months: number; perDay: number; growthPerYear: number | null; seasonal: boolean; dispersion: number };
  /** "cycle": deals of one age are alike. "cycle_and_model": the model of closed deals tells them apart. "hazard": each deal by its stage, times and attributes
   * (`model: {model: "auto"}`, where that foresaw past wins better than the rate of all deals). */
  winTimes: "cycle" | "cycle_and_model" | "hazard";
  /** Standard deviation of what moves the log-odds of all deals together. */
  shock: number;
  /** null where records are too short or too few deals were won. Bands should cover their nominal share, 80 % and more where draws are equal; errors are
   * means of |median − truth| / truth. */
  backtest: null | {
    startDay: Floats;
    amount: Band[];
    wonAmount: Floats;
    wins: Band[];
    won: Floats;
    amountCovered: Estimate | null;
    winsCovered: Estimate | null;
    amountNominal: number | null;
    winsNominal: number | null;
    amountError: number | null;
    winsError: number | null;
  };
}

/* ---------- owners ---------- */

export interface RepOptions {
  confidence?: number;
  model?: ForecastOptions;
}

export interface Rep {
  /** null: deals without an owner. */
  owner: string | null;
  open: number;
  openAmount: number;
  withoutAmount: number;
  expectedWins: number;
  /** Weighted pipeline: sum of probability × known amount. */
  expectedAmount: number;
  won: number;
  lost: number;
  winRate: Estimate | null;
  /** Drawn towards the rate of all, the more the fewer deals there are. */
  shrunkenRate: Estimate | null;
  /** Wins that deals like these bring on average; null without a model. */
  expectedWon: number | null;
  /** Wins over that number, drawn towards 1. */
  againstMix: Estimate | null;
}

export interface RepsResult {
  meta: Meta;
  /** By falling expected amount. */
  reps: Rep[];
  baseRate: Estimate | null;
  /** Deals that shrinking adds to everyone's; null where nothing shows how far owners differ. */
  priorDeals: number | null;
  /** Standard deviation of wins over expected wins beyond chance. */
  spread: number | null;
}

/* ---------- rules ---------- */

export interface RuleOptions {
  confidence?: number;
  /** Those of the mapping when missing. */
  rules?: Rule[];
  model?: ForecastOptions;
}

export interface RuleScores {
  meta: Meta;
  /** The rules in their order, what is wrong with them, and rates of won deals with and without them. */
  rules: { rule: Rule; problem: "unknown_column" | "unfit_value" | "hits_none" | null; open: number; hitRate: Estimate | null; otherRate: Estimate | null }[];
  /** Open deals: row of the deals table, points, and the model's probability (empty where there is no model to show). */
  row: Indices;
  score: Floats;
  probability: Floats;
  /** Rank agreement of points and probability over open deals. */
  spearman: number | null;
  kendall: number | null;
  /** Areas under the ROC curve on the same hold-out; null where there are too few closed deals. */
  test: { from: Instant | null; rules: Estimate; model: Estimate } | null;
  /** At most ten, the lowest scores first. */
  bands: { low: number; high: number; open: number; observed: Estimate | null }[];
}

/* ---------- what if ---------- */

export interface WhatIfOptions {
  confidence?: number;
  /** Columns that somebody can act on: only these are changed and suggested. */
  actionable?: string[];
  /** Tried all at once. */
  changes?: { column: string; value?: RuleValue }[];
  /** How many; 10 when missing. */
  suggestions?: number;
  model?: ForecastOptions;
}

export interface Outlook {
  probability: Estimate;
  /** Probabilities of a win within 30, 60 and 90 days; null without dates. */
  wonWithin: [number, number, number] | null;
  /** When half of the wins of deals of its age have come. */
  expectedClose: Instant | null;
}

export interface WhatIfResult {
  meta: Meta;
  id: string;
  now: Outlook;
  changed: Outlook;
  /** Of the deal as it is, all of them, the strongest first. */
  reasons: Reason[];
  difference: number;
  /** Columns that were changed and that the model does not use. */
  withoutEffect: string[];
  /** One change each, the greatest rise first: associated with the probability, not its cause. `n` closed deals stand behind it. */
  suggestions: { column: string; value: string; probability: Estimate; difference: number; n: number }[];
  wording: "associated_not_caused";
}

/* ---------- segments ---------- */

export interface SegmentsOptions {
  /** "rfm" of orders (the default unless `of` is another table), "columns": every number that is no id and every text of 2 to 12 values of the table `of`, or columns of it: numbers (`transform` when missing "log1p" where they are skewed and not negative, else "none") or texts (one feature per level). */
  features?: "rfm" | "columns" | { column: string; transform?: Transform }[];
  /** "accounts": those that deals are with, by `deals`, `won`, `win_rate`, `won_amount`, `days_since_win` and the columns of the customers table. */
  of?: "orders" | "customers" | "deals" | "accounts";
  /** For RFM. Defaults "log1p". */
  transforms?: { recency?: Transform; frequency?: Transform; monetary?: Transform };
  monetary?: "sum" | "mean";
  /** "kmeans" when missing: each customer belongs to the nearest centre. "mixture": to every segment with a probability (`soft`). "density": as many dense regions as there are, and outliers (`dense`). */
  method?: SegmentsMethod;
  /** For "density": radius of a neighbourhood in standard deviations, learnt when missing, and what it holds at least. */
  radius?: number;
  minWeight?: number;
  /** Number of segments; when missing chosen by silhouette from 2…10, for "mixture" by BIC from 1…10. Not for "density". */
  k?: number;
  /** Start from these rows (0-based, customers in ascending id order) and run once: for comparison with other programs. */
  startRows?: number[];
  restarts?: number;
  seed?: number;
  /** How many points the map gets at most; 20,000 when missing. */
  points?: number;
  /** Reference sets of the gap statistic; 0 for none. When missing 20, with `k` or `startRows` 0. */
  references?: number;
  /** Bootstrap samples for the stability; 0 for none. When missing 50, with `k` or `startRows` 0. */
  bootstraps?: number;
  /** `recipe` of an earlier result: segments that go on from one of its segments keep its name, key and place. */
  previous?: SegmentsRecipe;
  /** Limits of the tiers, in the unit of the values; the mean and the median of all customers when missing. */
  tiers?: TierLimits;
}

export type Transform = "none" | "log" | "log1p";

export type SegmentsMethod = "kmeans" | "mixture" | "density";

/** A standardised feature: (transform(value) − mean) / standardDeviation. */
export interface SegmentsFeature {
  name: string;
  /** For a column of texts the level that the feature is about: 1 for those who have it, else 0; "(other)" for the rarer ones, "(missing)" for none. Null for numbers; behind them "(missing)" for those who have none and stand at the median. */
  level: string | null;
  transform: Transform;
  mean: number;
  /** √2 for a level, 1 for missing numbers: a mismatch weighs as one standard deviation of a number. */
  standardDeviation: number;
  /** In original units. */
  median: number;
  /** "days", "order_days", "currency" or null. */
  unit: string | null;
}

/** What turns customers into segments: keep it to `assign` others, or as `previous` of a later run. Plain JSON. */
export interface SegmentsRecipe {
  version: number;
  of: "orders" | "customers" | "deals" | "accounts";
  monetary: "sum" | "mean";
  features: SegmentsFeature[];
  segments: { key: string; name: string; centre: number[] }[];
  /** For "mixture": a component for each segment; null else. */
  mixture?: null | { covariance: "full" | "diagonal"; shares: number[]; means: number[]; covariances: number[] };
  /** For "density": points of the regions, and the segment of outliers; null else. */
  density?: null | { radius: number; points: number[]; labels: number[]; outliers: number | null };
}

/** Feature `feature` is above the threshold (original units), or not. Of a level: the customer has it, or not. */
export interface RuleCondition { feature: number; above: boolean; threshold: number }

export interface Segment {
  /** 0 is the first in display order: by mean monetary value (or first feature), highest first; with `previous` those that go on come first, in their former order. */
  index: number;
  /** Stable and unique: the name where it is one, else "segment_1", … What the column `segment` of the deals holds. */
  key: string;
  /** Stable key of the name: "champions", "loyal", "potential_loyal", "promising", "new", "need_attention", "about_to_sleep", "at_risk", "cannot_lose", "hibernating", "lost", or "segment"; "outliers" for those of "density". */
  name: string;
  size: number;
  share: number;
  /** Centre of each feature: as fitted (standardised), in the transformed scale, and back in original units. */
  centreStandardised: number[];
  centreTransformed: number[];
  centre: number[];
  /** Median of each feature in original units. */
  median: number[];
  /** Share of the total monetary value; null unless RFM. */
  valueShare: number | null;
  silhouette: number | null;
  /** Customer nearest to the centre. */
  medoid: string;
  /** What sets it apart: its mean less that of all others in standard deviations, largest first, at most five. */
  differences: { feature: number; difference: number }[];
  /** All conditions hold for `n` customers; `precision` of these are in the segment, `recall` of the segment are among them; `lift` is precision over share. */
  rule: { conditions: RuleCondition[]; n: number; precision: number; recall: number; lift: number } | null;
  /** Mean Jaccard similarity in bootstrap samples; below 0.6 unstable. Null where not measured. */
  stability: number | null;
  /** Expected value of a customer (of a deal: its amount) with the 95 % interval of the mean; null without values. */
  value: Estimate | null;
  tier: "high" | "medium" | "no_investment" | null;
  /** The segment of `previous` that it goes on from, and customers of both over customers of either; null for a new one. */
  matched: { previous: number; overlap: number } | null;
}

export interface TierLimits { high: number; low: number }

export interface SegmentsResult {
  meta: Meta;
  of: "orders" | "customers" | "deals" | "accounts";
  features: SegmentsFeature[];
  recipe: SegmentsRecipe;
  /** logarithm_taken, skewed_without_logarithm: `value` is the skewness; levels_pooled: how many rare texts share a level; missing_filled: how many missing numbers stand at the median. */
  notes: { code: "logarithm_taken" | "skewed_without_logarithm" | "levels_pooled" | "missing_filled"; column: string; value: number }[];
  /** Outliers are a segment, but not counted here. */
  k: number;
  chosenBy: "option" | "silhouette" | "bic" | "density";
  candidates: { k: number; silhouette: number; inertia: number; calinskiHarabasz: number | null; bic: number | null }[];
  inertia: number;
  iterations: number;
  silhouette: number | null;
  /** How many points the silhouette was computed on. */
  silhouetteOf: number;
  /** Standard error of `silhouette` from the choice of those points; `null` where they are all. */
  silhouetteError: number | null;
  /** Null where not measured. `of`: customers it rests on (a sample above 1,000). `k`: by the one-standard-error rule. `excess`: standard deviations beyond structureless data. */
  gap: null | {
    verdict: "clusters" | "no_real_clusters";
    k: number;
    references: number;
    of: number;
    values: { k: number; gap: number; standardError: number; excess: number }[];
  };
  /** How `Segment.stability` was measured (`of`: a sample above 10,000); null where it was not. */
  stability: null | { bootstraps: number; of: number; threshold: number };
  segments: Segment[];
  /** Segment of each customer, in ascending id order, and its id. */
  labels: Indices;
  ids: string[];
  /** Customers (by position in `ids`) in which a missing number stands at the median. */
  filled: Indices;
  /** For the map: a deterministic sample. `values` is row-major, points × features, in original units. */
  points: { row: Indices; label: Indices; values: Floats };
  factors: SegmentsFactors | null;
  /** Scores 1 to 5 and the eleven named groups, by rule instead of clustering; null unless RFM. Labels and scores by customer, as `labels`. */
  rfm: null | {
    groups: { name: RfmGroupName; size: number; share: number; recency: number | null; frequency: number | null; monetary: number | null; valueShare: number | null }[];
    labels: Indices;
    recency: Indices;
    frequency: Indices;
    monetary: Indices;
  };
  /** Customers from the most valuable down: percentiles `from`…`to`, 0 at the top. */
  /** `share` is null where the sum of all values is not positive, or any value is negative. */
  bands: { from: number; to: number; size: number; lowest: number; value: number; share: number | null }[];
  tiers: TierLimits | null;
  /** Keys of segments of `previous` that none goes on from. */
  vanished: string[];
  /** Of "mixture", by customer as `labels`: probability of the own segment, the second one (4294967295: none) and its probability. `unsure`: customers below 0.6. */
  soft: null | { covariance: "full" | "diagonal"; bic: number; fittedOn: number; converged: boolean; probability: Floats; second: Indices; secondProbability: Floats; unsure: number };
  /** Of "density": `outliers` by position in `ids`, farthest first, and their `distance` to the nearest centre in standard deviations. `neighbourDistances`: percentiles 0…100 of the distance that `minWeight` neighbours need. */
  dense: null | { radius: number; radiusIsLearnt: boolean; minWeight: number; clusteredOn: number; neighbourDistances: number[]; outliers: Indices; distance: Floats };
  cross: SegmentsCross | null;
}

export type RfmGroupName = "champions" | "loyal" | "potential_loyal" | "new" | "promising" | "need_attention" | "about_to_sleep" | "at_risk" | "cannot_lose" | "hibernating" | "lost";

/** Principal components of the standardised features and their varimax rotation. */
export interface SegmentsFactors {
  components: { variance: number; share: number }[];
  /** `loadings`: correlation of each feature with the factor; `strongest`: the ones it is named by. */
  factors: { share: number; loadings: number[]; strongest: { feature: number; loading: number }[] }[];
  /** Row-major, segments × factors. */
  centres: Floats;
  /** Row-major, `points` of the result × factors. */
  points: Floats;
  /** All customers in cells of the first two factors, where the map does not hold every one: middle of the cell, customers, most frequent segment. */
  bins: null | { x: Floats; y: Floats; n: Floats; label: Indices; width: number; height: number };
}

/** A median by Kaplan–Meier; null where the curve never gets there. */
export interface MedianDays { days: number | null; low: number | null; high: number | null; n: number }

/** The deals by segment. */
export interface SegmentsCross {
  segments: { deals: number; won: number; lost: number; winRate: Estimate | null; wonAmount: number; openAmount: number; cycle: MedianDays | null }[];
  withoutSegment: number;
  /** Per open stage the median stay of each segment. */
  stages: { stage: string; median: (MedianDays | null)[] }[];
  owners: { value: string; deals: number[]; won: number[]; lost: number[] }[];
  sources: { value: string; deals: number[]; won: number[]; lost: number[] }[];
}

/** Segments of other customers by a recipe. */
export interface Assigned {
  /** Index into the segments of the recipe; 4294967295 for a row of which no feature is known. */
  labels: Indices;
  /** Distance to the centre in standard deviations; NaN without a segment. */
  distance: Floats;
  /** Rows in which a missing number stands at the median, or a text is none that the recipe knows. */
  filled: Indices;
}

/* ---------- simulation ---------- */

export interface SimulateOptions {
  deals: number;
  customers?: number;
  seed?: number;
}
