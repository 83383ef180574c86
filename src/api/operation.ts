// SPDX-License-Identifier: Apache-2.0
// What an operation is: everything that the faces need to know about one thing a user can do, as data. House plan,
// section 14. The handler is the only code in it.

import type * as z from "zod";
import { Bug, type Clock, type Instant } from "#base/index.ts";
import type { Manager } from "#backup/index.ts";
import type { Gateway } from "#gateway/index.ts";
import type { NoticeDesk } from "#notify/index.ts";
import { apiFault } from "./faults.ts";
import { mayDo, type Caller, type Role } from "./roles.ts";
import type { TokenStore } from "./tokens.ts";

/** What handlers work on. */
export interface ApiContext {
  readonly gateway: Gateway;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly system: SystemFacts;
  /** Undefined where this process runs the gateway only. */
  readonly manager?: Manager;
  /** Who is told what; undefined where there is no manager. */
  readonly notices?: NoticeDesk;
}

/** What this process is. */
export interface SystemFacts {
  readonly version: string;
  /** Version of the runtime. */
  readonly runtime: string;
  readonly startedAt: Instant;
  /** Absolute path of the data folder. */
  readonly home: string;
}

/** `query` changes nothing; `change` is done when it answers; `task` answers with a task that goes on. */
export type OperationKind = "query" | "change" | "task";

/** Where an operation is found in the REST interface. `{field}` in the path takes an input field. */
export interface Route {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`. */
  readonly path: string;
}

/** A use of an operation that makes sense, for people and for tests. */
export interface OperationExample {
  readonly title: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** One thing a user can do. */
export interface Operation {
  /** `noun.verb`; its parts are the words of the command. */
  readonly name: string;
  readonly kind: OperationKind;
  readonly permission: Role;
  readonly route: Route;
  /** One line. */
  readonly summary: string;
  /** More, where one line is not enough. */
  readonly description?: string;
  /** Always an object; unknown keys are refused. */
  readonly input: z.ZodObject;
  /** An object, or a list of objects. */
  readonly output: z.ZodType;
  /** Input fields that the command line also takes without their option, in this order. */
  readonly positional: readonly string[];
  /** A list in the order of this text field: `limit` asks for a page, `after` for what is behind its last. */
  readonly pagedBy?: string;
  /** Output fields that a table shows, most important first; all when left out. */
  readonly columns?: readonly string[];
  /** At least one. */
  readonly examples: readonly OperationExample[];
  /**
   * Checks `input` against its schema (Fault `api.bad-input`), does it, and resolves with what the output schema says.
   * Does not look at the permission: `invoke` does.
   */
  readonly run: (context: ApiContext, input: unknown, caller: Caller) => Promise<unknown>;
}

/** An operation as it is written down: the handler knows the types that the schemas say. */
export interface OperationSource<Input extends z.ZodObject, Output extends z.ZodType> extends Omit<
  Operation,
  "input" | "output" | "run"
> {
  readonly input: Input;
  readonly output: Output;
  readonly handler: (
    context: ApiContext,
    input: z.output<Input>,
    caller: Caller,
  ) => Frozen<z.input<Output>> | Promise<Frozen<z.input<Output>>>;
}

/** A value that nobody changes: what handlers may answer with. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** Checks an operation's types where it is written and makes it one of many. */
export function operation<Input extends z.ZodObject, Output extends z.ZodType>(
  source: OperationSource<Input, Output>,
): Operation {
  const { handler, ...rest } = source;
  return {
    ...rest,
    run: async (context, raw, caller) => {
      const input = source.input.safeParse(raw);
      if (!input.success) {
        throw apiFault("bad-input", { operation: source.name, ...problemsOf(input.error) }, input.error);
      }
      const answer = source.output.safeParse(await handler(context, input.data, caller));
      if (!answer.success) throw new Bug(`${source.name} does not answer what it says: ${answer.error.message}`);
      return answer.data;
    },
  };
}

/** Does an operation for a caller. Fault `api.denied` when the role does not allow it; see `Operation.run` for the rest. */
export async function invoke(
  entry: Operation,
  context: ApiContext,
  request: { readonly caller: Caller; readonly input: unknown },
): Promise<unknown> {
  const { caller, input } = request;
  if (!mayDo(caller.role, entry.permission)) {
    const details = { operation: entry.name, needed: entry.permission, token: caller.name, role: caller.role };
    throw apiFault("denied", details);
  }
  return entry.run(context, input, caller);
}

/**
 * What is wrong, in words that name the fields; `field` is the first of them. `nameOf` says how a field is called where
 * the input comes from.
 */
export function problemsOf(
  error: z.ZodError,
  nameOf: (field: string) => string = (field) => field,
): { readonly field: string; readonly problems: string } {
  const found = error.issues.flatMap((issue) => {
    const place = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [{ field: place, text: textOf(issue) }];
    const prefix = place === "" ? "" : `${place}.`;
    return issue.keys.map((key) => ({ field: `${prefix}${key}`, text: "there is no such field" }));
  });
  const shown = found.slice(0, 5).map(({ field, text }) => `${field === "" ? "input" : nameOf(field)}: ${text}`);
  return { field: found[0]?.field ?? "", problems: shown.join("; ") };
}

function textOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined") ? "is missing" : issue.message;
}
