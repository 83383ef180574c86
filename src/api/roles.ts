// SPDX-License-Identifier: Apache-2.0
// Who asks, and what they may: three roles, each of which may also do what the one before may.

/** Roles, from the least to the most. */
export const roles = ["viewer", "operator", "admin"] as const;

/** What a token may do: look; move, create and retrieve; everything. */
export type Role = (typeof roles)[number];

/** Whoever asks for an operation. */
export interface Caller {
  /** Name of the token. */
  readonly name: string;
  readonly role: Role;
}

/** True when `role` may do what needs `needed`. */
export function mayDo(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
