// SPDX-License-Identifier: Apache-2.0
// Opens an object store in Azure, when its package is installed: it is not part of the base install.

import process from "node:process";
import { asError } from "#base/index.ts";
import type { ObjectStore } from "#store/index.ts";
import { mainFault } from "./faults.ts";
import type { ObjectStorePorts, OpenObjectStore } from "./object-store.ts";

/** What the package has for us. */
interface AzurePackage {
  openAzure(
    url: string,
    options: Pick<ObjectStorePorts, "clock"> & { readonly environment: NodeJS.ProcessEnv },
  ): Promise<ObjectStore>;
}

/** The store at an `azure:` URL. Faults `main.package-missing`, `main.place-bad`. */
export async function openAzurePlace(url: string, { clock }: ObjectStorePorts): Promise<OpenObjectStore> {
  const found = await loadPackage();
  try {
    return { objects: await found.openAzure(url, { clock, environment: process.env }), close: () => undefined };
  } catch (error) {
    throw mainFault("place-bad", { place: url, reason: asError(error).message }, error);
  }
}

async function loadPackage(): Promise<AzurePackage> {
  const path = new URL("../../packages/store-azure/index.ts", import.meta.url).href;
  try {
    return (await import(path)) as AzurePackage;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!isMissing) throw error;
    throw mainFault("package-missing", { package: "packages/store-azure" }, error);
  }
}
