// SPDX-License-Identifier: Apache-2.0
// Values as people read them. The JSON Schema of an operation's output says what a number counts; a few nested values
// have a short form of their own.

import { endpointText } from "#base/index.ts";
import { sizeText, spanText, type JsonSchema } from "#api/index.ts";

/** A value as one line of text. */
export function valueText(value: unknown, schema: JsonSchema | undefined, name: string): string {
  if (value === undefined || value === null) return "-";
  if (typeof value === "number") return numberText(value, schema?.unit);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return schema?.unit === "time" ? timeText(value) : value;
  if (Array.isArray(value) && value.length === 0) return name === "drives" ? "0" : "-";
  const special = nestedText(name, value);
  if (special !== undefined) return special;
  if (Array.isArray(value)) return value.map((item) => valueText(item, schema?.items, name)).join(", ");
  return Object.entries(value)
    .map(([key, item]) => `${key} ${valueText(item, schema?.properties?.[key], key)}`)
    .join(", ");
}

function numberText(value: number, unit: string | undefined): string {
  if (unit === "bytes") return sizeText(value);
  if (unit === "money") return moneyText(value);
  return unit === "milliseconds" ? spanText(value) : String(value);
}

/** Two digits, or the first that says something: requests cost fractions of a cent. */
function moneyText(value: number): string {
  if (value === 0 || value >= 0.01) return value.toFixed(2);
  const digits = Math.min(Math.ceil(-Math.log10(value)) + 1, 9);
  return value.toFixed(digits);
}

/** `2026-11-20 13:04:05Z` */
function timeText(value: string): string {
  return value.replace("T", " ").replace(/\.\d+Z$/, "Z");
}

/** A property of an object as text; empty when it has none. */
function part(value: unknown, name: string): string {
  if (typeof value !== "object" || value === null || !(name in value)) return "";
  const found: unknown = Reflect.get(value, name);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

/** The short form of a nested value, for those that have one. */
function nestedText(name: string, value: object): string | undefined {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  switch (name) {
    case "place":
      return part(value, "kind") === "shelf"
        ? `shelf ${part(value, "pool")}`
        : `${part(value, "library")} ${part(value, "element")} ${part(value, "number")}`;
    case "portals":
      return list
        ?.map((portal) => endpointText({ host: part(portal, "host"), port: Number(part(portal, "port")) }))
        .join(", ");
    case "units":
      return list?.map((unit) => `${part(unit, "lun")}:${part(unit, "device")}`).join(" ");
    case "sessions":
    case "chap":
      return list?.map((item) => part(item, "initiator")).join(", ");
    case "medium":
      return `${part(value, "suffix")}, ${sizeText(Number(part(value, "sizeBytes")))}`;
    case "drives":
      return list === undefined ? undefined : String(list.length);
    case "counters":
      return list?.map(counterText).join(", ");
    case "lines":
      return list?.map((line) => `${timeText(part(line, "at"))} ${part(line, "text")}`).join("\n");
    default:
      return undefined;
  }
}

/** `bytes 3.2 GiB of 10 GiB` */
export function counterText(counter: unknown): string {
  const unit = part(counter, "unit");
  const read = (name: string): string => {
    const text = part(counter, name);
    return unit === "bytes" && text !== "" ? sizeText(Number(text)) : text;
  };
  const total = read("total");
  return `${part(counter, "name")} ${read("value")}${total === "" ? "" : ` of ${total}`}`;
}

/** `barcodePrefix` as `barcode-prefix`. */
export function kebabText(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `sizeBytes` as the head of a column: `SIZE`; units are in the values. */
export function headText(name: string): string {
  return kebabText(name.replace(/Bytes$/, "")).toUpperCase();
}
