// SPDX-License-Identifier: Apache-2.0
// The real network: TCP streams that are read straight into the receiver's memory.

import { Bug, type ByteStream, type Endpoint, type Listener, type Network, type StreamReceiver } from "#base/index.ts";

/** TCP. */
export class TcpNetwork implements Network {
  listen(_endpoint: Endpoint, _accept: (stream: ByteStream) => StreamReceiver): Promise<Listener> {
    throw new Bug("not built yet");
  }

  connect(_endpoint: Endpoint, _receiver: (stream: ByteStream) => StreamReceiver): Promise<ByteStream> {
    throw new Bug("not built yet");
  }
}
