# SPDX-License-Identifier: Apache-2.0
"""Keywords of a generated Robot Framework suite: frames of the tinysnn serial protocol.

Needs nothing but Python: the folder it lies in runs wherever Renode is, without tinysnn.
"""

import json
import os
import struct
import tempfile
import zlib

HELLO, RESET, TICKS = 0x81, 0x82, 0x83
HEAD = struct.Struct("<BBBBIHBBIHHI32s")


class TinysnnVectors:
    """Requests to a device, and the answers that the integer reference gives."""

    ROBOT_LIBRARY_SCOPE = "TEST"

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self._vectors = json.load(file)
        self._answers = ""
        self._at = 0

    def new_answer_file(self):
        """Name a file, which does not exist yet, for the bytes that the device sends."""
        self._answers = os.path.join(tempfile.mkdtemp(prefix="tinysnn-"), "answers")
        self._at = 0
        return self._answers.replace(os.sep, "/").replace(" ", "\\ ")

    def number_of_exchanges(self):
        """How many requests there are."""
        return len(self._vectors["exchanges"])

    def request_bytes(self, number):
        """The bytes of a request, as texts for Renode's monitor."""
        frame = bytes.fromhex(self._vectors["exchanges"][int(number)]["request"])
        return ["0x%02X" % byte for byte in frame]

    def answer_is_complete(self):
        """Whether a whole frame has come since the last answer."""
        return self._frame() is not None

    def answer_should_be_as_expected(self, number):
        """Compare the answer with the reference's; take it as read."""
        exchange = self._vectors["exchanges"][int(number)]
        frame = self._frame()
        if frame is None:
            raise AssertionError("no answer to %s" % exchange["what"])
        self._at += frame[1]
        kind, body = self._checked(frame[0], exchange["seq"])
        wanted = exchange["answer"]
        if kind != wanted["type"]:
            raise AssertionError("%s: answer of type 0x%02X: %s" % (exchange["what"], kind, body.hex()))
        compare = {HELLO: self._hello, RESET: self._reset, TICKS: self._ticks}[kind]
        compare(exchange["what"], body, wanted)

    def _frame(self):
        """The next frame's bytes, and where in the file it ends; None if it is not whole."""
        try:
            with open(self._answers, "rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return None
        start = 0
        while data[start : start + 1] == b"\0":
            start += 1
        end = data.find(b"\0", start)
        return None if end < 0 else (data[start:end], end + 1)

    @staticmethod
    def _checked(encoded, seq):
        """Type and body of a frame whose checksum and sequence number are right."""
        payload = unstuffed(encoded)
        if len(payload) < 7 or zlib.crc32(payload[:-4]) != struct.unpack("<I", payload[-4:])[0]:
            raise AssertionError("damaged frame: %s" % encoded.hex())
        if struct.unpack_from("<H", payload, 1)[0] != seq:
            raise AssertionError("answer to another request")
        return payload[0], payload[3:-4]

    @staticmethod
    def _hello(what, body, wanted):
        numbers, texts, at = HEAD.unpack_from(body), [], HEAD.size
        while at < len(body):
            texts.append(body[at + 1 : at + 1 + body[at]].decode("ascii"))
            at += 1 + body[at]
        found = {
            "wire": numbers[0],
            "flags": numbers[6],
            "n_in": numbers[9],
            "n_out": numbers[10],
            "state_bytes": numbers[11],
            "digest": numbers[12].hex(),
            "name": texts[0],
            "board": texts[1],
        }
        for name, value in found.items():
            if value != wanted[name]:
                raise AssertionError("%s: %s is %r, not %r" % (what, name, value, wanted[name]))

    @staticmethod
    def _reset(what, body, wanted):
        if body.hex() != wanted["body"]:
            raise AssertionError("%s: %s, not %s" % (what, body.hex(), wanted["body"]))

    @staticmethod
    def _ticks(what, body, wanted):
        if not body or body[0] != len(wanted["ticks"]):
            raise AssertionError("%s: not all ticks were done" % what)
        at = 1
        for number, tick in enumerate(wanted["ticks"]):
            output = bytes.fromhex(tick["output"])
            found_hash, _count = struct.unpack_from("<II", body, at)
            found = body[at + 8 : at + 8 + len(output)]
            if found_hash != tick["hash"] or found != output:
                raise AssertionError(
                    "%s: tick %d differs: state hash %08x, output %s, not %08x, %s"
                    % (what, wanted["first"] + number, found_hash, found.hex(), tick["hash"], tick["output"])
                )
            at += 8 + len(output)
        if at != len(body):
            raise AssertionError("%s: bytes left over" % what)


def unstuffed(encoded):
    """The bytes of a COBS block."""
    decoded, at = bytearray(), 0
    while at < len(encoded):
        code = encoded[at]
        decoded += encoded[at + 1 : at + code]
        at += code
        if code < 0xFF and at < len(encoded):
            decoded.append(0)
    return bytes(decoded)
