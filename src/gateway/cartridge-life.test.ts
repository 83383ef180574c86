// SPDX-License-Identifier: Apache-2.0
// The life of a cartridge: every state with every input. The table is the record of the machine; a change of it is a
// change of what operators were promised.

import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedIn, cartridgeStates, cartridgeStep, type CartridgeInput } from "./cartridge-life.ts";

const inputs: Readonly<Record<string, CartridgeInput>> = {
  eject: { kind: "eject" },
  uploaded: { kind: "uploaded" },
  "cancel-archive": { kind: "cancel-archive" },
  archived: { kind: "archived" },
  retrieve: { kind: "retrieve" },
  "cancel-retrieve": { kind: "cancel-retrieve" },
  retrieved: { kind: "retrieved" },
  delete: { kind: "delete", inDrive: false, lock: "none" },
  "delete in drive": { kind: "delete", inDrive: true, lock: "none" },
  "delete governance": { kind: "delete", inDrive: false, lock: "governance" },
  "delete bypassing": { kind: "delete", inDrive: false, lock: "governance-bypassed" },
  "delete compliance": { kind: "delete", inDrive: false, lock: "compliance" },
  "delete held": { kind: "delete", inDrive: false, lock: "legal-hold" },
  undelete: { kind: "undelete", from: "ARCHIVED", isErasing: false },
  "undelete library": { kind: "undelete", from: "AVAILABLE", isErasing: false },
  "undelete erasing": { kind: "undelete", from: "ARCHIVED", isErasing: true },
  deleted: { kind: "deleted" },
};

const table = `
AVAILABLE  eject             -> IN_TRANSIT: leave-element
AVAILABLE  uploaded          !! wrong-state
AVAILABLE  cancel-archive    !! wrong-state
AVAILABLE  archived          !! wrong-state
AVAILABLE  retrieve          !! wrong-state
AVAILABLE  cancel-retrieve   !! wrong-state
AVAILABLE  retrieved         !! wrong-state
AVAILABLE  delete            -> DELETING: leave-element
AVAILABLE  delete in drive   !! in-drive
AVAILABLE  delete governance -> DELETING: leave-element
AVAILABLE  delete bypassing  -> DELETING: leave-element
AVAILABLE  delete compliance -> DELETING: leave-element
AVAILABLE  delete held       !! held
AVAILABLE  undelete          !! wrong-state
AVAILABLE  undelete library  !! wrong-state
AVAILABLE  undelete erasing  !! wrong-state
AVAILABLE  deleted           !! wrong-state
IN_TRANSIT eject             !! wrong-state
IN_TRANSIT uploaded          -> ARCHIVING:
IN_TRANSIT cancel-archive    -> AVAILABLE: enter-element
IN_TRANSIT archived          !! wrong-state
IN_TRANSIT retrieve          !! wrong-state
IN_TRANSIT cancel-retrieve   !! wrong-state
IN_TRANSIT retrieved         !! wrong-state
IN_TRANSIT delete            !! busy
IN_TRANSIT delete in drive   !! busy
IN_TRANSIT delete governance !! busy
IN_TRANSIT delete bypassing  !! busy
IN_TRANSIT delete compliance !! busy
IN_TRANSIT delete held       !! busy
IN_TRANSIT undelete          !! wrong-state
IN_TRANSIT undelete library  !! wrong-state
IN_TRANSIT undelete erasing  !! wrong-state
IN_TRANSIT deleted           !! wrong-state
ARCHIVING  eject             !! wrong-state
ARCHIVING  uploaded          !! wrong-state
ARCHIVING  cancel-archive    !! wrong-state
ARCHIVING  archived          -> ARCHIVED: start-retention
ARCHIVING  retrieve          !! wrong-state
ARCHIVING  cancel-retrieve   !! wrong-state
ARCHIVING  retrieved         !! wrong-state
ARCHIVING  delete            !! busy
ARCHIVING  delete in drive   !! busy
ARCHIVING  delete governance !! busy
ARCHIVING  delete bypassing  !! busy
ARCHIVING  delete compliance !! busy
ARCHIVING  delete held       !! busy
ARCHIVING  undelete          !! wrong-state
ARCHIVING  undelete library  !! wrong-state
ARCHIVING  undelete erasing  !! wrong-state
ARCHIVING  deleted           !! wrong-state
ARCHIVED   eject             !! wrong-state
ARCHIVED   uploaded          !! wrong-state
ARCHIVED   cancel-archive    !! wrong-state
ARCHIVED   archived          !! wrong-state
ARCHIVED   retrieve          -> RETRIEVING:
ARCHIVED   cancel-retrieve   !! wrong-state
ARCHIVED   retrieved         !! wrong-state
ARCHIVED   delete            -> DELETING:
ARCHIVED   delete in drive   -> DELETING:
ARCHIVED   delete governance !! locked
ARCHIVED   delete bypassing  -> DELETING:
ARCHIVED   delete compliance !! locked
ARCHIVED   delete held       !! held
ARCHIVED   undelete          !! wrong-state
ARCHIVED   undelete library  !! wrong-state
ARCHIVED   undelete erasing  !! wrong-state
ARCHIVED   deleted           !! wrong-state
RETRIEVING eject             !! wrong-state
RETRIEVING uploaded          !! wrong-state
RETRIEVING cancel-archive    !! wrong-state
RETRIEVING archived          !! wrong-state
RETRIEVING retrieve          !! wrong-state
RETRIEVING cancel-retrieve   -> ARCHIVED:
RETRIEVING retrieved         -> RETRIEVED: enter-element
RETRIEVING delete            !! busy
RETRIEVING delete in drive   !! busy
RETRIEVING delete governance !! busy
RETRIEVING delete bypassing  !! busy
RETRIEVING delete compliance !! busy
RETRIEVING delete held       !! busy
RETRIEVING undelete          !! wrong-state
RETRIEVING undelete library  !! wrong-state
RETRIEVING undelete erasing  !! wrong-state
RETRIEVING deleted           !! wrong-state
RETRIEVED  eject             -> ARCHIVED: leave-element
RETRIEVED  uploaded          !! wrong-state
RETRIEVED  cancel-archive    !! wrong-state
RETRIEVED  archived          !! wrong-state
RETRIEVED  retrieve          !! wrong-state
RETRIEVED  cancel-retrieve   !! wrong-state
RETRIEVED  retrieved         !! wrong-state
RETRIEVED  delete            !! retrieved
RETRIEVED  delete in drive   !! retrieved
RETRIEVED  delete governance !! retrieved
RETRIEVED  delete bypassing  !! retrieved
RETRIEVED  delete compliance !! retrieved
RETRIEVED  delete held       !! retrieved
RETRIEVED  undelete          !! wrong-state
RETRIEVED  undelete library  !! wrong-state
RETRIEVED  undelete erasing  !! wrong-state
RETRIEVED  deleted           !! wrong-state
DELETING   eject             !! wrong-state
DELETING   uploaded          !! wrong-state
DELETING   cancel-archive    !! wrong-state
DELETING   archived          !! wrong-state
DELETING   retrieve          !! wrong-state
DELETING   cancel-retrieve   !! wrong-state
DELETING   retrieved         !! wrong-state
DELETING   delete            !! busy
DELETING   delete in drive   !! busy
DELETING   delete governance !! busy
DELETING   delete bypassing  !! busy
DELETING   delete compliance !! busy
DELETING   delete held       !! busy
DELETING   undelete          -> ARCHIVED:
DELETING   undelete library  -> AVAILABLE: enter-element
DELETING   undelete erasing  !! erasing
DELETING   deleted           -> (gone):
`;

test("every state takes or refuses every input as the table says", () => {
  const lines = cartridgeStates.flatMap((state) =>
    Object.entries(inputs).map(([name, input]) => {
      const step = cartridgeStep(state, input);
      const result =
        step.kind === "refused"
          ? `!! ${step.reason}`
          : `-> ${[`${step.state ?? "(gone)"}:`, ...step.effects].join(" ")}`;
      return `${state.padEnd(10)} ${name.padEnd(17)} ${result}`;
    }),
  );
  assert.deepEqual(lines, table.trim().split("\n"));
});

test("the list of accepting states agrees with the machine", () => {
  for (const [kind, states] of Object.entries(acceptedIn)) {
    const accepting = cartridgeStates.filter((state) =>
      Object.values(inputs).some((input) => input.kind === kind && cartridgeStep(state, input).kind === "to"),
    );
    assert.deepEqual(accepting, states, kind);
  }
});
