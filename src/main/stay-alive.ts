// SPDX-License-Identifier: Apache-2.0
// Keeps the process from ending while it waits: timers of the clock and connections that rest do not.

/** The result of the work. */
export async function stayAlive<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 1000);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
}
