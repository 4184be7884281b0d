/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_wire.h"

#include "tsnn_crc32.h"
#include "tsnn_image.h"
#include "tsnn_port.h"
#include "tsnn_request.h"

enum {
    TSNN_TYPE_HELLO = 0x01,
    TSNN_TYPE_RESET = 0x02,
    TSNN_TYPE_TICKS = 0x03,
    TSNN_TYPE_STATE = 0x04,
    TSNN_TYPE_SAMPLES = 0x10,
    TSNN_TYPE_ANSWER = 0x80 /* set in the type of every answer */
};

#define TSNN_HELLO_BYTES 6u
#define TSNN_STATE_BYTES 6u
#define TSNN_NONCE_AT 2u /* in HELLO */
#define TSNN_NONCE_BYTES 4u
#define TSNN_DIGEST_BYTES 32u
#define TSNN_HELLO_FIXED 56u /* bytes before the texts in the answer to HELLO */
#define TSNN_HELLO_TEXTS 4u

TSNN_STATIC_ASSERT(TSNN_HEADER_BYTES + TSNN_HELLO_FIXED + TSNN_HELLO_TEXTS * (1u + TSNN_TEXT_MAX) +
                           TSNN_CRC_BYTES <=
                       TSNN_MIN_PAYLOAD,
                   "the longest answer to HELLO fits the smallest frame");

#define TSNN_CREDITS 1u
#define TSNN_RESET_POISON 1u
#define TSNN_POISON_BYTE 0xA5u

/** CRC-32 of anything with its own CRC-32, little-endian, behind it. */
#define TSNN_CRC_OF_SEALED 0x2144DF1Cu

#define TSNN_TEXT_OF(number) #number
#define TSNN_TEXT(number) TSNN_TEXT_OF(number)
#if defined(__clang__)
static const char tsnn_compiler[] = "clang " TSNN_TEXT(__clang_major__) "." TSNN_TEXT(
    __clang_minor__) "." TSNN_TEXT(__clang_patchlevel__);
#else
static const char tsnn_compiler[] = "gcc " __VERSION__;
#endif

/** HELLO is taken in any state; one that is refused leaves the session as it was. */
static tsnn_refusal_t tsnn_hello(tsnn_wire_t *wire, const uint8_t *body, size_t length)
{
    if (length > 0u && body[0] != TSNN_WIRE_VERSION) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_VERSION, TSNN_WIRE_VERSION);
    }
    if (length != TSNN_HELLO_BYTES) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    if (body[1] >= tsnn_slot_count) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_SLOT, tsnn_slot_count);
    }
    if (tsnn_learning != NULL) {
        tsnn_learning->begin(wire);
    }
    wire->slot = &tsnn_slots[body[1]];
    wire->is_reset = false;
    return 0;
}

static void tsnn_hello_answer(const tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    uint8_t *at = request->answer;
    at[0] = TSNN_WIRE_VERSION;
    at[1] = TSNN_ABI_VERSION;
    at[2] = (uint8_t)tsnn_slot_count;
    at[3] = TSNN_CREDITS;
    at = tsnn_reply_bytes(&at[4], &request->body[TSNN_NONCE_AT], TSNN_NONCE_BYTES);
    at = tsnn_reply_u16(at, tsnn_max_payload);
    at[0] = (uint8_t)model->flags;
    at[1] = tsnn_port_counter;
    at = tsnn_reply_u32(&at[2], tsnn_port_clock_hz);
    at = tsnn_reply_u16(at, model->n_in);
    at = tsnn_reply_u16(at, model->n_out);
    at = tsnn_reply_u32(at, model->state_bytes);
    at = tsnn_reply_bytes(at, model->digest, TSNN_DIGEST_BYTES);
    at = tsnn_reply_text(at, model->name);
    at = tsnn_reply_text(at, tsnn_port_board);
    at = tsnn_reply_text(at, tsnn_port_core);
    request->answer = tsnn_reply_text(at, tsnn_compiler);
}

void tsnn_poison(uint8_t *memory, uint32_t n_bytes)
{
    for (uint32_t k = 0; k < n_bytes; k++) {
        memory[k] = TSNN_POISON_BYTE;
    }
}

static tsnn_refusal_t tsnn_reset(tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    uint8_t *state = wire->slot->state;
    if (request->length != 1u || (request->body[0] & ~TSNN_RESET_POISON) != 0u) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    if (request->body[0] != 0u) {
        tsnn_poison(state, model->struct_bytes);
    }
    const tsnn_status_t status = wire->is_taught ? TSNN_ERR_ORDER : model->init(state);
    if (tsnn_hearing != NULL) {
        tsnn_hearing->reset(wire, request->body[0] != 0u);
    }
    wire->is_reset = status == TSNN_OK;
    wire->hash = tsnn_crc32(0, state, model->state_bytes);
    request->answer[0] = (uint8_t)status;
    request->answer = tsnn_reply_u32(&request->answer[1], wire->hash);
    return 0;
}

static tsnn_refusal_t tsnn_state(const tsnn_wire_t *wire, tsnn_request_t *request)
{
    const uint8_t *body = request->body;
    const uint32_t state_bytes = wire->slot->model->state_bytes;
    const uint8_t *state = wire->slot->state;
    if (request->length != TSNN_STATE_BYTES) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    const uint32_t offset = tsnn_get_u16(body) | (tsnn_get_u16(&body[2]) << 16);
    const uint32_t length = tsnn_get_u16(&body[4]);
    if (offset > state_bytes || length > state_bytes - offset ||
        length > tsnn_max_payload - (TSNN_HEADER_BYTES + TSNN_CRC_BYTES)) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    if (!wire->is_reset) {
        return TSNN_REFUSAL(TSNN_ERROR_NO_RESET, 0);
    }
    request->answer = tsnn_reply_bytes(request->answer, &state[offset], length);
    return 0;
}

static tsnn_refusal_t tsnn_dispatch(tsnn_wire_t *wire, uint32_t type, tsnn_request_t *request)
{
    switch (type) {
    case TSNN_TYPE_HELLO:
        tsnn_hello_answer(wire, request);
        return 0;
    case TSNN_TYPE_RESET:
        return tsnn_reset(wire, request);
    case TSNN_TYPE_TICKS:
        return tsnn_ticks(wire, request);
    case TSNN_TYPE_STATE:
        return tsnn_state(wire, request);
    case TSNN_TYPE_SAMPLES:
        if (tsnn_hearing != NULL) {
            return tsnn_hearing->take(wire, request);
        }
        break;
    default:
        if (tsnn_learning != NULL) {
            return tsnn_learning->take(wire, type, request);
        }
        break;
    }
    return TSNN_REFUSAL(TSNN_ERROR_BAD_TYPE, 0);
}

/** Answer a request of this session; a refusal is an answer too, and repeated like any other. */
static void tsnn_answer(tsnn_wire_t *wire, uint8_t type, const uint8_t *body, size_t length)
{
    uint8_t *payload = tsnn_tx_payload;
    tsnn_request_t request = {body, length, &payload[TSNN_HEADER_BYTES]};
    const tsnn_refusal_t refusal = tsnn_dispatch(wire, type, &request);
    if (refusal != 0u) {
        wire->reply_length = tsnn_reply_error(payload, wire->seq, refusal);
    } else {
        const uint8_t answer = (uint8_t)(type | (uint8_t)TSNN_TYPE_ANSWER);
        wire->reply_length = tsnn_reply_finish(payload, answer, wire->seq, request.answer);
    }
}

/** Take a whole payload: a new request, a repetition, or one that is out of order. */
static void tsnn_take(tsnn_wire_t *wire, uint8_t *payload, size_t length)
{
    const uint8_t type = payload[0];
    const uint32_t seq = tsnn_get_u16(&payload[1]);
    const uint32_t expected = (wire->seq + 1u) & 0xFFFFu;
    const uint8_t *body = &payload[TSNN_HEADER_BYTES];
    const size_t body_length = length - (TSNN_HEADER_BYTES + TSNN_CRC_BYTES);
    tsnn_refusal_t refusal = 0;
    if (type == (uint8_t)TSNN_TYPE_HELLO) {
        refusal = tsnn_hello(wire, body, body_length);
    } else if (wire->slot == NULL) {
        refusal = TSNN_REFUSAL(TSNN_ERROR_NO_SESSION, 0);
    } else if (seq == wire->seq) {
        tsnn_reply_send(tsnn_tx_payload, wire->reply_length);
        return;
    } else if (seq != expected) {
        refusal = TSNN_REFUSAL(TSNN_ERROR_BAD_SEQ, expected);
    }
    if (refusal != 0u) {
        (void)tsnn_reply_error(payload, seq, refusal); /* not kept: nothing has changed */
    } else {
        wire->seq = (uint16_t)seq;
        tsnn_answer(wire, type, body, body_length);
    }
}

void tsnn_wire_init(tsnn_wire_t *wire)
{
    *wire = (tsnn_wire_t){.slot = NULL};
    tsnn_cobs_start(&wire->rx, tsnn_rx_payload, tsnn_max_payload);
}

void tsnn_wire_receive(tsnn_wire_t *wire, uint8_t byte)
{
    const tsnn_cobs_event_t event = tsnn_cobs_push(&wire->rx, byte);
    uint8_t *payload = wire->rx.data;
    const size_t length = wire->rx.length;
    if (event == TSNN_COBS_MORE) {
        return;
    }
    if (event == TSNN_COBS_FRAME && length >= TSNN_HEADER_BYTES + TSNN_CRC_BYTES &&
        tsnn_crc32(0, payload, length) == TSNN_CRC_OF_SEALED) {
        tsnn_take(wire, payload, length);
    } else {
        (void)tsnn_reply_error(payload, 0, TSNN_REFUSAL(TSNN_ERROR_BAD_FRAME, 0));
    }
}
