#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Makes the vectors of sealed-objects.test.ts from docs/FORMATS.md alone: with the `cryptography` package (OpenSSL), the
# zstd program, and zlib's crc32. It shares no code with Capstan. Prints name and hexadecimal bytes.
import subprocess
import zlib
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET = bytes(range(32))
NAME = bytes.fromhex("0102030405060708")
SALT = bytes(range(0xA0, 0xB0))


def header(kind, cipher, size, frame_size, name, salt):
    body = b"CAPSEALD" + (1).to_bytes(2, "big") + bytes([kind, cipher]) + bytes(4) + size.to_bytes(6, "big") + bytes(2)
    body += frame_size.to_bytes(4, "big") + bytes(4) + name + salt + bytes(4)
    assert len(body) == 60
    return body + zlib.crc32(body).to_bytes(4, "big")


def protect(content_key, nonce, binding, body):
    if content_key is None:
        return body + zlib.crc32(binding + body).to_bytes(4, "big") + bytes(12)
    return AESGCM(content_key).encrypt(nonce, body, binding)


def seal(key, kind, source, frame_size, encrypted, packed=()):
    name, cipher = (NAME, 1) if encrypted else (bytes(8), 0)
    head = header(kind, cipher, len(source), frame_size, name, SALT)
    content_key = None
    if encrypted:
        content_key = HKDF(hashes.SHA256(), 32, SALT, b"capstan sealed object 1").derive(SECRET)
    frames = [source[at : at + frame_size] for at in range(0, len(source), frame_size)] or [b""]
    out, table = head, b""
    for index, frame in enumerate(frames):
        body, flags = frame, 0
        if index in packed:
            body = subprocess.run(["zstd", "-19", "-c", "--no-check"], input=frame, stdout=subprocess.PIPE, check=True).stdout
            flags |= 1
        if index == len(frames) - 1:
            flags |= 2
        top = index.to_bytes(4, "big") + len(body).to_bytes(4, "big") + len(frame).to_bytes(4, "big")
        top += bytes([flags, 0, 0, 0])
        nonce = bytes(8) + index.to_bytes(4, "big")
        out += top + protect(content_key, nonce, head + top + key, body)
        table += len(body).to_bytes(4, "big") + zlib.crc32(frame).to_bytes(4, "big")
    return out + protect(content_key, b"\x01" + bytes(11), head + key, table) + head


KEY = b"cartridges/C1/manifests/00000001"
for title, arguments in {
    "encrypted": (KEY, 2, b"what is on the tape", 8, True),
    "plain": (KEY, 2, b"what is on the tape", 8, False),
    "compressed": (KEY, 3, b"a" * 100 + bytes(range(28)), 100, True, (0,)),
    "empty": (KEY, 4, b"", 1048576, True),
}.items():
    print(title, seal(*arguments).hex())
