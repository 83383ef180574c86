// SPDX-License-Identifier: Apache-2.0
// Which sets may still lie on cartridges that were given to other sets: between the decision to overwrite a cartridge and the
// new set label on its tape the inventory and the tape disagree, and a crash makes that last. What is on no such list is never
// overwritten. A value; the file is `given-up.json`.

import { isJsonArray, isJsonObject, parseJson, parseUuid, prettyJson, type Uuid } from "#base/index.ts";
import { mediaFault } from "./faults.ts";

/** Sets by cartridge. */
export class GivenUp {
  readonly #sets: ReadonlyMap<Uuid, readonly Uuid[]>;

  constructor(sets: ReadonlyMap<Uuid, readonly Uuid[]> = new Map()) {
    this.#sets = sets;
  }

  /** Reads the file; undefined: it is not there. Fault `media.damaged`. */
  static parse(text: string | undefined): GivenUp {
    if (text === undefined) return new GivenUp();
    const json = parseJson(text);
    const damaged = (reason: string): Error => mediaFault("damaged", { what: "given-up.json", reason });
    if (!isJsonObject(json)) throw damaged("it is not a JSON object");
    const uuidOf = (value: unknown): Uuid => {
      const uuid = typeof value === "string" ? parseUuid(value) : undefined;
      if (uuid === undefined) throw damaged("something in it is no UUID");
      return uuid;
    };
    return new GivenUp(
      new Map(
        Object.entries(json).map(([cartridge, sets]) => {
          if (!isJsonArray(sets)) throw damaged("the sets of a cartridge are not a list");
          return [uuidOf(cartridge), sets.map(uuidOf)];
        }),
      ),
    );
  }

  /** The text of the file. */
  text(): string {
    return prettyJson(Object.fromEntries(this.#sets));
  }

  /** Sets that were given up and may be on the cartridge. */
  of(cartridge: Uuid): readonly Uuid[] {
    return this.#sets.get(cartridge) ?? [];
  }

  /** A set is given up with this cartridge. */
  with(cartridge: Uuid, set: Uuid): GivenUp {
    const sets = new Set([...this.of(cartridge), set]);
    return new GivenUp(new Map([...this.#sets, [cartridge, [...sets]]]));
  }

  /** The cartridge has the labels that the inventory names. */
  without(cartridge: Uuid): GivenUp {
    return new GivenUp(new Map([...this.#sets].filter(([other]) => other !== cartridge)));
  }
}
