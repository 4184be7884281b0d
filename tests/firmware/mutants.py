"""Faults to plant in the wire server, and the tests that must find each.

A fault is a text that must occur exactly once in its file, so that one which no longer applies is
noticed.
"""

from __future__ import annotations

from dataclasses import dataclass

WIRE, CODES, HEARING = "test_wire.py", "test_cobs_crc.py", "test_samples.py"


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    file: str
    """Below firmware/src."""
    old: str
    new: str
    found_by: str = WIRE


def _session(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "tsnn_wire.c", old, new)


def _ticks(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "tsnn_wire_ticks.c", old, new)


def _cobs(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "tsnn_cobs.c", old, new, CODES)


def _samples(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "tsnn_wire_samples.c", old, new, HEARING)


_HELLO = (
    _session("any version", "body[0] != TSNN_WIRE_VERSION", "body[0] > 2u"),
    _session("any length of hello", "length != TSNN_HELLO_BYTES", "length < 2u"),
    _session("one slot too many", "body[1] >= tsnn_slot_count", "body[1] > tsnn_slot_count"),
    _session(
        "hello keeps the reset", "wire->is_reset = false;\n    return 0;", "return 0;"
    ),
    _session(
        "refused hello ends the session",
        "    if (length != TSNN_HELLO_BYTES) {",
        "    wire->is_reset = false;\n    if (length != TSNN_HELLO_BYTES) {",
    ),
)  # fmt: skip

_ORDER = (
    _session("nothing needs a hello", "wire->slot == NULL", "body == NULL"),
    _session("repetitions are not known", "(seq == wire->seq)", "(body == NULL)"),
    _session("any sequence number", "(seq != expected)", "(body == NULL)"),
    _session("numbers do not go round", "(wire->seq + 1u) & 0xFFFFu", "wire->seq + 1u"),
    _session("number not kept", "wire->seq = (uint16_t)seq;", ""),
    _session("hints spoil the answer", "tsnn_reply_error(payload, seq,",
             "tsnn_reply_error(tsnn_tx_payload, seq,"),
    _session("refusals are not kept", "wire->reply_length = tsnn_reply_error(",
             "(void)tsnn_reply_error("),
    _session("unknown types answered", "TSNN_REFUSAL(TSNN_ERROR_BAD_TYPE, 0)", "0"),
    _session("answers look like requests", "type | (uint8_t)TSNN_TYPE_ANSWER", "type"),
)  # fmt: skip

_FRAMES = (
    _session("any checksum", "tsnn_crc32(0, payload, length) == TSNN_CRC_OF_SEALED",
             "length < 1000u"),
    _session("short payloads", "length >= TSNN_HEADER_BYTES + TSNN_CRC_BYTES", "length >= 4u"),
    _session("bad frames taken", "event == TSNN_COBS_FRAME &&", ""),
)  # fmt: skip

_STATE = (
    _session("any reset flags", "(request->body[0] & ~TSNN_RESET_POISON) != 0u", "false"),
    _session("any length of reset", "request->length != 1u", "request->length < 1u"),
    _session("poison is clean", "TSNN_POISON_BYTE 0xA5u", "TSNN_POISON_BYTE 0u"),
    _session("any length of state", "request->length != TSNN_STATE_BYTES", "request->length < 6u"),
    _session("state from behind the end", "offset > state_bytes || ", ""),
    _session("state past the end", "length > state_bytes - offset ||", ""),
    _session("state longer than a frame",
             "length > tsnn_max_payload - (TSNN_HEADER_BYTES + TSNN_CRC_BYTES)", "false"),
    _session("state before reset", "    if (!wire->is_reset) {", "    if (body == NULL) {"),
)  # fmt: skip

_TICKS = (
    _ticks("ticks before reset", "(!wire->is_reset)", "(wire == NULL)"),
    _ticks("no number of ticks", "request->length == 0u", "wire == NULL"),
    _ticks("half a number of events", "end - at < 2", "end - at < 1"),
    _ticks("half an event", "(end - at < event_bytes)", "(end < at)"),
    _ticks("twice the same input", "lowest = index + 1u", "lowest = index"),
    _ticks("one input too many", "index >= model->n_in", "index > model->n_in"),
    _ticks("bytes left over", "(at == end)", "(at <= end)"),
    _ticks("wrong tick named", "TSNN_ERROR_BAD_BODY, tick)", "TSNN_ERROR_BAD_BODY, tick + 1u)"),
    _ticks("checked and not obeyed", "if (refusal == 0u)", "if (request != NULL)"),
    _ticks("no room for the checksum", "tsnn_tick_answer_max(model) + TSNN_CRC_BYTES",
           "tsnn_tick_answer_max(model)"),
    _ticks("any number of ticks fits", "+ worst > tsnn_max_payload", "> tsnn_max_payload"),
    _ticks("hash begins anew", "tsnn_crc32(wire->hash, ", "tsnn_crc32(0, "),
    _ticks("a failed step goes on", "wire->is_reset = false;", ""),
    _ticks("a failed step is reported", "if (status != TSNN_OK)", "if (in == NULL)"),
    _ticks("one tick again and again", "tick_read(model, at, end, &in);",
           "tick_read(model, (done == NULL) ? at : &request->body[1], end, &in);"),
)  # fmt: skip

_CODES = (
    _cobs("too long is good", "decoder->count > decoder->capacity || ", ""),
    _cobs("a cut run is good", " || decoder->left != 0u", ""),
    _cobs("one byte past the end", "decoder->count < decoder->capacity",
          "decoder->count <= decoder->capacity"),
    _cobs("a zero behind the longest run", "code == 0u || code == TSNN_COBS_RUN_MAX + 1u",
          "code == 0u"),
    _cobs("no zero between runs", "        byte = 0;", "        return TSNN_COBS_MORE;"),
    _cobs("empty frames count", "if (decoder->code == 0u)", "if (decoder->data == NULL)"),
    _cobs("runs of any length", "run < TSNN_COBS_RUN_MAX && ", ""),
    Mutant("a byte lost behind the longest run", "tsnn_reply.c",
           "(size_t)(run < TSNN_COBS_RUN_MAX)", "1u", CODES),
    Mutant("no last run", "tsnn_reply.c", "if (run == length) {",
           "if (run == length || run + 1u == length) {", CODES),
    Mutant("a wrong half byte", "tsnn_crc32.c", "0x5005713Cu", "0x5005713Du", CODES),
    Mutant("nothing has no checksum", "tsnn_crc32.c", "return crc;", "return 0;", CODES),
)  # fmt: skip

_SAMPLES = (
    _samples("samples of any length", "request->length != 1u + 2u * hop * request->body[0]",
             "request->length < 1u"),
    _samples("hears before a reset", "if (!wire->is_reset)", "if (hop == 0u)"),
    _samples("one tick of samples again and again", "2u * hop * *done]", "0u * hop]"),
    _samples("any number of ticks of samples fits", "+ worst <= tsnn_max_payload",
             "<= tsnn_max_payload + worst"),
    _samples("steps before there are events", "return ready ? tsnn", "return true ? tsnn"),
    _samples("what was heard outlives a reset", "    front_end->init(wire->slot->ear);", ""),
)  # fmt: skip

MUTANTS = (*_SAMPLES, *_HELLO, *_ORDER, *_FRAMES, *_STATE, *_TICKS, *_CODES)
