// SPDX-License-Identifier: Apache-2.0
// Templates: text with `{{name}}`, which becomes a value, and `{{json name}}`, which becomes a JSON string of it. A name that no
// notice has is refused when the template is set up; a field that this notice has not is empty.

import { isoText, type Instant } from "#base/index.ts";
import { notifyFault } from "./faults.ts";
import type { Notice } from "./notice.ts";

/** What templates are filled with. */
export interface TemplateValues {
  readonly notice: Notice;
  readonly host: string;
  readonly at: Instant;
  /** The secret of the target; for webhooks only. */
  readonly secret: string | undefined;
}

const values: Readonly<Record<string, (from: TemplateValues) => string>> = {
  title: ({ notice }) => notice.title,
  message: ({ notice }) => notice.text,
  severity: ({ notice }) => notice.severity,
  type: ({ notice }) => notice.type,
  host: ({ host }) => host,
  time: ({ at }) => isoText(at),
  secret: ({ secret }) => secret ?? "",
};
const placeholder = /\{\{\s*(?:(json)\s+)?([^{}]*?)\s*\}\}/g;
const fieldName = /^fields\.[a-z][a-z0-9-]*$/;

/** Checks a template. Fault `notify.bad-template`. */
export function checkTemplate(text: string): void {
  for (const [, , name = ""] of text.matchAll(placeholder)) {
    if (Object.hasOwn(values, name) || fieldName.test(name)) continue;
    const reason = `"${name}" is none of ${Object.keys(values).join(", ")}, fields.NAME`;
    throw notifyFault("bad-template", { text, reason });
  }
}

/** Fills a template that was checked. */
export function fillTemplate(text: string, from: TemplateValues): string {
  return text.replaceAll(placeholder, (_whole, json: string | undefined, name: string) => {
    const known = Object.hasOwn(values, name) ? values[name]?.(from) : undefined;
    const value = known ?? from.notice.fields[name.slice("fields.".length)] ?? "";
    return json === undefined ? value : JSON.stringify(value);
  });
}
