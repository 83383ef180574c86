// SPDX-License-Identifier: Apache-2.0
// What the manager tells people who are not looking: a cartridge is needed, a job ended. How it reaches them is not known here.

/** How much it matters, from the least to the most. */
export const severities = ["info", "notice", "warning", "error"] as const;
export type Severity = (typeof severities)[number];

/** Kinds of notices; the first two are Proxmox's. */
export const noticeTypes = ["tape-backup", "tape-load", "tape-alert", "test"] as const;
export type NoticeType = (typeof noticeTypes)[number];

/** One notice. */
export interface Notice {
  readonly type: NoticeType;
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  /** What it is about, for matchers and templates: `datastore`, `media-pool`, `job-id`, … */
  readonly fields: Readonly<Record<string, string>>;
}

/** Takes a notice. Never throws and keeps nobody waiting: a notice that cannot be delivered fails no job. */
export type Notify = (notice: Notice) => void;
