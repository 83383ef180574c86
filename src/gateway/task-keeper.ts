// SPDX-License-Identifier: Apache-2.0
// Keeps the records of tasks in the ledger.

import type { TaskKeeper } from "#work/index.ts";
import type { Book } from "./book.ts";

/** Lines of a task's log that outlive the process. */
const linesKept = 50;

/** A keeper of task records in the book. */
export function taskKeeper(book: Book): TaskKeeper {
  return {
    save: (record) => {
      const task = { ...record, lines: record.lines.slice(-linesKept), warnings: record.warnings.slice(-linesKept) };
      return book.change(() => ({ facts: [{ kind: "task", task }], result: undefined }));
    },
    forget: (id) => book.change(() => ({ facts: [{ kind: "task-gone", id }], result: undefined })),
  };
}
