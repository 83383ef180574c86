// SPDX-License-Identifier: Apache-2.0
// What the gateway loads for an `azure://` URL.

import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { Clock } from "../../src/base/index.ts";
import { AzureObjectStore } from "./azure-object-store.ts";

export { AzureObjectStore } from "./azure-object-store.ts";

/** The store at a URL. Throws an Error that says what is wrong with the URL or the environment. */
export async function openAzure(
  url: string,
  { clock, environment }: { readonly clock: Clock; readonly environment: Readonly<Record<string, string | undefined>> },
): Promise<AzureObjectStore> {
  const match = /^azure:\/\/([a-z0-9-]{3,63})(?:\/([^?#]*))?\?([^#]*)$/.exec(url);
  const parameters = new URLSearchParams(match?.[3]);
  const account = parameters.get("account");
  const key = environment["AZURE_STORAGE_KEY"];
  if (match === null || account === null) throw new Error("write azure://CONTAINER/PREFIX?account=ACCOUNT");
  if (key === undefined) throw new Error("the key of the account is needed in AZURE_STORAGE_KEY");
  const endpoint = parameters.get("endpoint") ?? `https://${account}.blob.core.windows.net`;
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key), {
    // Who asked decides about further attempts: a repeated conditional put would meet its own effect.
    retryOptions: { maxTries: 1 },
  });
  const prefix = (match[2] ?? "").replace(/\/$/, "");
  const container = service.getContainerClient(match[1] ?? "");
  return new AzureObjectStore({ container, prefix: prefix === "" ? "" : `${prefix}/`, clock });
}
