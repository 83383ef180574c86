// SPDX-License-Identifier: Apache-2.0
// The shape of the import table in `src/rooms.ts`.

/** How a room may import another: its values and types, or only its types. */
export type Access = "value" | "type";

/** What one room may import. */
export interface RoomRights {
  /** Rooms by name. A room that is missing here may not be imported. */
  readonly imports: Readonly<Record<string, Access>>;
  /** npm packages. */
  readonly packages: readonly string[];
  /** Modules of Node itself: those that only compute, or all of them for the rim. */
  readonly node: "pure" | "any";
}

/** Every room with its rights. */
export type RoomTable = Readonly<Record<string, RoomRights>>;
