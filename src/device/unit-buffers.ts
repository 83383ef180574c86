// SPDX-License-Identifier: Apache-2.0
// WRITE BUFFER and READ BUFFER: SPC-4 6.18, 6.49. A data buffer that hosts share, and an echo buffer per nexus. They test
// the path and touch no medium; microcode is not taken.

import { concatBytes, limits } from "#base/index.ts";
import { BufferDescriptor, BufferHeader, bufferModes, EchoDescriptor, type spcCommands } from "#scsi/index.ts";
import type { Command } from "./command.ts";
import { check, good, goodData, type Outcome } from "./outcome.ts";
import type { UnitNexus } from "./unit-task.ts";

type ReadCommand = Command<(typeof spcCommands)["readBuffer"]>;
type WriteCommand = Command<(typeof spcCommands)["writeBuffer"]>;

/** The buffers of one unit. Memory is taken with the first write. */
export class UnitBuffers {
  #data: Uint8Array | undefined;
  readonly #echoes = new WeakMap<UnitNexus, Uint8Array>();

  read(command: ReadCommand): Outcome {
    const { mode, modeSpecific, bufferId, bufferOffset } = command.cdb;
    if (modeSpecific !== 0) return command.invalidField("modeSpecific");
    const isEcho = mode === bufferModes.echo || mode === bufferModes.echoDescriptor;
    if (!isEcho && bufferId !== 0) return command.invalidField("bufferId");
    const data = this.#data ?? new Uint8Array(limits.dataBuffer);
    switch (mode) {
      case bufferModes.combined:
        if (bufferOffset !== 0) return command.invalidField("bufferOffset");
        return goodData(concatBytes([BufferHeader.encode({ capacity: data.byteLength }), data]));
      case bufferModes.data:
        return bufferOffset >= data.byteLength
          ? command.invalidField("bufferOffset")
          : goodData(data.slice(bufferOffset));
      case bufferModes.descriptor:
        return goodData(BufferDescriptor.encode({ offsetBoundary: 0, capacity: data.byteLength }));
      case bufferModes.echo: {
        const echo = this.#echoes.get(command.nexus);
        return echo === undefined ? check("command-sequence-error") : goodData(echo);
      }
      case bufferModes.echoDescriptor:
        return goodData(EchoDescriptor.encode({ ownSpace: true, capacity: limits.echoBuffer }));
      default:
        return command.invalidField("mode");
    }
  }

  write(command: WriteCommand): Outcome {
    const { mode, modeSpecific, bufferId, bufferOffset, parameterListLength: length } = command.cdb;
    if (modeSpecific !== 0) return command.invalidField("modeSpecific");
    const bytes = command.dataOut.subarray(0, length);
    if (mode === bufferModes.echo) {
      if (length > limits.echoBuffer) return command.invalidField("parameterListLength");
      if (length > 0) this.#echoes.set(command.nexus, bytes.slice());
      return good();
    }
    if (mode !== bufferModes.data && mode !== bufferModes.combined) return command.invalidField("mode");
    if (bufferId !== 0) return command.invalidField("bufferId");
    const header = mode === bufferModes.combined ? BufferHeader.size : 0;
    if (header > 0 && bufferOffset !== 0) return command.invalidField("bufferOffset");
    if (bufferOffset > limits.dataBuffer) return command.invalidField("bufferOffset");
    if (bufferOffset + length - header > limits.dataBuffer) return command.invalidField("parameterListLength");
    if (length === 0) return good();
    if (length < header) return check("parameter-list-length");
    this.#data ??= new Uint8Array(limits.dataBuffer);
    this.#data.set(bytes.subarray(header), bufferOffset);
    return good();
  }
}
