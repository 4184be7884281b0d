/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_wire.h"

#include "tsnn_crc32.h"
#include "tsnn_image.h"
#include "tsnn_port.h"
#include "tsnn_reply.h"

enum {
    TSNN_TYPE_HELLO = 0x01,
    TSNN_TYPE_RESET = 0x02,
    TSNN_TYPE_TICKS = 0x03,
    TSNN_TYPE_STATE = 0x04,
    TSNN_TYPE_ANSWER = 0x80 /* set in the type of every answer */
};

enum {
    TSNN_HEADER_BYTES = 3, /* type u8, seq u16 */
    TSNN_CRC_BYTES = 4,
    TSNN_HELLO_BYTES = 6,
    TSNN_STATE_BYTES = 6,
    TSNN_DIGEST_BYTES = 32,
    TSNN_NAME_MAX = 64, /* together at most TSNN_MIN_PAYLOAD */
    TSNN_FACT_MAX = 40
};

#define TSNN_CREDITS 1u
#define TSNN_RESET_POISON 1u
#define TSNN_POISON_BYTE 0xA5u

#if defined(__clang__)
static const char tsnn_compiler[] = "clang " __clang_version__;
#else
static const char tsnn_compiler[] = "gcc " __VERSION__;
#endif

/** A request that came in one piece. */
typedef struct {
    const uint8_t *body;
    size_t length; /**< bytes of body */
    uint16_t seq;
    uint8_t type;
} tsnn_request_t;

static uint16_t tsnn_get_u16(const uint8_t *bytes)
{
    return (uint16_t)((uint32_t)bytes[0] | ((uint32_t)bytes[1] << 8));
}

static uint32_t tsnn_get_u32(const uint8_t *bytes)
{
    return (uint32_t)tsnn_get_u16(bytes) | ((uint32_t)tsnn_get_u16(&bytes[2]) << 16);
}

static tsnn_reply_t tsnn_answer(const tsnn_request_t *request)
{
    const uint8_t type = (uint8_t)(request->type | (uint8_t)TSNN_TYPE_ANSWER);
    return tsnn_reply_start(tsnn_tx_payload, type, request->seq);
}

/** Send an answer that lies in tsnn_tx_payload and keep it for a repetition of the request. */
static void tsnn_answer_send(tsnn_wire_t *wire, tsnn_reply_t *reply)
{
    wire->reply_length = tsnn_reply_seal(reply);
    tsnn_reply_send(tsnn_tx_payload, wire->reply_length);
}

/** Refuse a request of this session; this is its answer, and repeated like any other. */
static void tsnn_refuse(tsnn_wire_t *wire, const tsnn_request_t *request, uint8_t code,
                        uint32_t detail)
{
    tsnn_reply_t reply = tsnn_reply_error(tsnn_tx_payload, request->seq, code, detail);
    tsnn_answer_send(wire, &reply);
}

static void tsnn_hello_answer(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    tsnn_reply_t reply = tsnn_answer(request);
    tsnn_reply_u8(&reply, TSNN_WIRE_VERSION);
    tsnn_reply_u8(&reply, TSNN_ABI_VERSION);
    tsnn_reply_u8(&reply, tsnn_slot_count);
    tsnn_reply_u8(&reply, TSNN_CREDITS);
    tsnn_reply_u32(&reply, tsnn_get_u32(&request->body[2]));
    tsnn_reply_u16(&reply, tsnn_max_payload);
    tsnn_reply_u8(&reply, model->flags);
    tsnn_reply_u8(&reply, tsnn_port_counter);
    tsnn_reply_u32(&reply, tsnn_port_clock_hz);
    tsnn_reply_u16(&reply, model->n_in);
    tsnn_reply_u16(&reply, model->n_out);
    tsnn_reply_u32(&reply, model->state_bytes);
    tsnn_reply_bytes(&reply, model->digest, TSNN_DIGEST_BYTES);
    tsnn_reply_text(&reply, model->name, TSNN_NAME_MAX);
    tsnn_reply_text(&reply, tsnn_port_board, TSNN_FACT_MAX);
    tsnn_reply_text(&reply, tsnn_port_core, TSNN_FACT_MAX);
    tsnn_reply_text(&reply, tsnn_compiler, TSNN_FACT_MAX);
    tsnn_answer_send(wire, &reply);
}

/** HELLO is taken in any state; one that is refused leaves the session as it was. */
static void tsnn_hello(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    if (request->length >= 1u && request->body[0] != TSNN_WIRE_VERSION) {
        tsnn_reply_hint(request->seq, TSNN_ERROR_BAD_VERSION, TSNN_WIRE_VERSION);
    } else if (request->length != (size_t)TSNN_HELLO_BYTES) {
        tsnn_reply_hint(request->seq, TSNN_ERROR_BAD_BODY, 0);
    } else if (request->body[1] >= tsnn_slot_count) {
        tsnn_reply_hint(request->seq, TSNN_ERROR_BAD_SLOT, tsnn_slot_count);
    } else {
        wire->slot = &tsnn_slots[request->body[1]];
        wire->seq = request->seq;
        wire->is_reset = false;
        tsnn_hello_answer(wire, request);
    }
}

static void tsnn_reset(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    if (request->length != 1u || (request->body[0] & ~TSNN_RESET_POISON) != 0u) {
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_BODY, 0);
        return;
    }
    if ((request->body[0] & TSNN_RESET_POISON) != 0u) {
        uint8_t *state = wire->slot->state;
        for (uint32_t k = 0; k < model->struct_bytes; k++) {
            state[k] = TSNN_POISON_BYTE;
        }
    }
    const tsnn_status_t status = model->init(wire->slot->state);
    wire->is_reset = status == TSNN_OK;
    wire->hash = tsnn_crc32(0, wire->slot->state, model->state_bytes);
    tsnn_reply_t reply = tsnn_answer(request);
    tsnn_reply_u8(&reply, (uint32_t)status);
    tsnn_reply_u32(&reply, wire->hash);
    tsnn_answer_send(wire, &reply);
}

static bool tsnn_is_graded(const tsnn_model_t *model)
{
    return (model->flags & TSNN_FLAG_GRADED_INPUT) != 0u;
}

/** Bytes of one event on the wire. */
static size_t tsnn_event_bytes(const tsnn_model_t *model)
{
    return tsnn_is_graded(model) ? 3u : 2u;
}

/** Check the tick at the start of bytes; its length there, or 0 if it breaks a rule. */
static size_t tsnn_tick_check(const tsnn_model_t *model, const uint8_t *bytes, size_t room)
{
    const size_t stride = tsnn_event_bytes(model);
    if (room < 2u) {
        return 0;
    }
    const size_t count = tsnn_get_u16(bytes);
    if (count * stride > room - 2u) {
        return 0;
    }
    uint32_t lowest = 0; /* strictly ascending: the next index is at least the last one + 1 */
    for (size_t k = 0; k < count; k++) {
        const uint32_t index = tsnn_get_u16(&bytes[2u + k * stride]);
        if (index < lowest || index >= model->n_in) {
            return 0;
        }
        lowest = index + 1u;
    }
    return 2u + count * stride;
}

/** Check all ticks of a TICKS body; number of the first bad one, or n_ticks if all are good. */
static uint32_t tsnn_ticks_check(const tsnn_model_t *model, const tsnn_request_t *request)
{
    const uint32_t n_ticks = request->body[0];
    size_t at = 1;
    for (uint32_t tick = 0; tick < n_ticks; tick++) {
        const size_t length = tsnn_tick_check(model, &request->body[at], request->length - at);
        if (length == 0u) {
            return tick;
        }
        at += length;
    }
    return (at == request->length) ? n_ticks : n_ticks + 1u;
}

/** Unpack one checked tick into the input buffers; the bytes it took. */
static size_t tsnn_tick_unpack(const tsnn_model_t *model, const uint8_t *bytes, tsnn_input_t *in)
{
    const size_t stride = tsnn_event_bytes(model);
    const bool graded = tsnn_is_graded(model);
    const size_t count = tsnn_get_u16(bytes);
    for (size_t k = 0; k < count; k++) {
        const uint8_t *event = &bytes[2u + k * stride];
        tsnn_in_index[k] = tsnn_get_u16(event);
        if (graded) {
            tsnn_in_value[k] = (int8_t)event[2];
        }
    }
    in->index = tsnn_in_index;
    in->value = graded ? tsnn_in_value : NULL;
    in->count = (uint32_t)count;
    return 2u + count * stride;
}

/** Most bytes that one tick can take in an answer. */
static size_t tsnn_tick_answer_max(const tsnn_model_t *model)
{
    const size_t n_out = model->n_out;
    const bool values = (model->flags & TSNN_FLAG_VALUE_OUTPUT) != 0u;
    return 8u + (values ? 4u * n_out : 2u + 2u * n_out);
}

static void tsnn_tick_report(tsnn_reply_t *reply, const tsnn_model_t *model,
                             const tsnn_output_t *out)
{
    if ((model->flags & TSNN_FLAG_VALUE_OUTPUT) != 0u) {
        for (uint32_t k = 0; k < model->n_out; k++) {
            tsnn_reply_u32(reply, (uint32_t)out->value[k]);
        }
        return;
    }
    tsnn_reply_u16(reply, out->count);
    for (uint32_t k = 0; k < out->count; k++) {
        tsnn_reply_u16(reply, out->index[k]);
    }
}

/** Run one tick and report it. */
static tsnn_status_t tsnn_tick_run(tsnn_wire_t *wire, const tsnn_input_t *in, tsnn_reply_t *reply)
{
    const tsnn_model_t *model = wire->slot->model;
    tsnn_output_t out = {tsnn_out_index, tsnn_out_value, 0};
    const uint32_t start = tsnn_port_ticks();
    const tsnn_status_t status = model->step(wire->slot->state, in, &out);
    const uint32_t count = tsnn_port_ticks() - start;
    if (status == TSNN_OK) {
        wire->hash = tsnn_crc32(wire->hash, wire->slot->state, model->state_bytes);
        tsnn_reply_u32(reply, wire->hash);
        tsnn_reply_u32(reply, count);
        tsnn_tick_report(reply, model, &out);
    }
    return status;
}

/** Run the checked ticks of a request, as many as are sure to fit the answer. */
static void tsnn_ticks_run(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    const size_t limit = tsnn_max_payload - (size_t)TSNN_CRC_BYTES;
    const size_t worst = tsnn_tick_answer_max(model);
    const uint32_t n_ticks = request->body[0];
    tsnn_reply_t reply = tsnn_answer(request);
    tsnn_reply_u8(&reply, 0); /* done: patched below */
    uint32_t done = 0;
    size_t at = 1;
    while (done < n_ticks && reply.count + worst <= limit) {
        tsnn_input_t in;
        at += tsnn_tick_unpack(model, &request->body[at], &in);
        const tsnn_status_t status = tsnn_tick_run(wire, &in, &reply);
        if (status != TSNN_OK) {
            wire->is_reset = false;
            tsnn_refuse(wire, request, TSNN_ERROR_MODEL, (uint32_t)(-(int32_t)status));
            return;
        }
        done++;
    }
    tsnn_tx_payload[TSNN_HEADER_BYTES] = (uint8_t)done;
    tsnn_answer_send(wire, &reply);
}

static void tsnn_ticks(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    if (request->length < 1u) {
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_BODY, 0);
        return;
    }
    if (!wire->is_reset) {
        tsnn_refuse(wire, request, TSNN_ERROR_NO_RESET, 0);
        return;
    }
    const uint32_t good = tsnn_ticks_check(wire->slot->model, request);
    if (good != request->body[0]) {
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_BODY, good);
        return;
    }
    tsnn_ticks_run(wire, request);
}

static void tsnn_state(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    const uint32_t state_bytes = wire->slot->model->state_bytes;
    const uint8_t *state = wire->slot->state;
    const size_t room = tsnn_max_payload - (size_t)(TSNN_HEADER_BYTES + TSNN_CRC_BYTES);
    if (request->length != (size_t)TSNN_STATE_BYTES) {
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_BODY, 0);
        return;
    }
    const uint32_t offset = tsnn_get_u32(request->body);
    const uint32_t length = tsnn_get_u16(&request->body[4]);
    if (offset > state_bytes || length > state_bytes - offset || length > room) {
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_BODY, 0);
        return;
    }
    if (!wire->is_reset) {
        tsnn_refuse(wire, request, TSNN_ERROR_NO_RESET, 0);
        return;
    }
    tsnn_reply_t reply = tsnn_answer(request);
    tsnn_reply_bytes(&reply, &state[offset], length);
    tsnn_answer_send(wire, &reply);
}

static void tsnn_dispatch(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    switch (request->type) {
    case TSNN_TYPE_RESET:
        tsnn_reset(wire, request);
        break;
    case TSNN_TYPE_TICKS:
        tsnn_ticks(wire, request);
        break;
    case TSNN_TYPE_STATE:
        tsnn_state(wire, request);
        break;
    default:
        tsnn_refuse(wire, request, TSNN_ERROR_BAD_TYPE, 0);
        break;
    }
}

/** Answer a whole request: a new one, a repetition, or one that is out of order. */
static void tsnn_request(tsnn_wire_t *wire, const tsnn_request_t *request)
{
    const uint16_t expected = (uint16_t)(wire->seq + 1u);
    if (request->type == (uint8_t)TSNN_TYPE_HELLO) {
        tsnn_hello(wire, request);
    } else if (wire->slot == NULL) {
        tsnn_reply_hint(request->seq, TSNN_ERROR_NO_SESSION, 0);
    } else if (request->seq == wire->seq) {
        tsnn_reply_send(tsnn_tx_payload, wire->reply_length);
    } else if (request->seq != expected) {
        tsnn_reply_hint(request->seq, TSNN_ERROR_BAD_SEQ, expected);
    } else {
        wire->seq = request->seq;
        tsnn_dispatch(wire, request);
    }
}

/** Whether the payload is long enough and its checksum right. */
static bool tsnn_payload_ok(const uint8_t *payload, size_t length)
{
    const size_t least = (size_t)(TSNN_HEADER_BYTES + TSNN_CRC_BYTES);
    if (length < least) {
        return false;
    }
    const size_t covered = length - (size_t)TSNN_CRC_BYTES;
    return tsnn_crc32(0, payload, covered) == tsnn_get_u32(&payload[covered]);
}

void tsnn_wire_init(tsnn_wire_t *wire)
{
    tsnn_cobs_start(&wire->rx, tsnn_rx_payload, tsnn_max_payload);
    wire->slot = NULL;
    wire->reply_length = 0;
    wire->hash = 0;
    wire->seq = 0;
    wire->is_reset = false;
}

void tsnn_wire_receive(tsnn_wire_t *wire, uint8_t byte)
{
    const uint8_t *payload = tsnn_rx_payload;
    const tsnn_cobs_event_t event = tsnn_cobs_push(&wire->rx, byte);
    if (event == TSNN_COBS_MORE) {
        return;
    }
    if (event == TSNN_COBS_BAD || !tsnn_payload_ok(payload, wire->rx.length)) {
        tsnn_reply_hint(0, TSNN_ERROR_BAD_FRAME, 0);
        return;
    }
    const tsnn_request_t request = {
        .body = &payload[TSNN_HEADER_BYTES],
        .length = wire->rx.length - (size_t)(TSNN_HEADER_BYTES + TSNN_CRC_BYTES),
        .seq = tsnn_get_u16(&payload[1]),
        .type = payload[0],
    };
    tsnn_request(wire, &request);
}
