/* SPDX-License-Identifier: Apache-2.0 */
/* LEARN, LEARNED and TEACH (docs/SPEC.md 4.8): calls of the learner, and what it has learned. */
#include "tsnn_crc32.h"
#include "tsnn_image.h"
#include "tsnn_port.h"
#include "tsnn_request.h"

enum {
    TSNN_LEARN_INIT = 0,
    TSNN_LEARN_BEGIN = 1,
    TSNN_LEARN_LABEL = 2,
    TSNN_LEARN_REWARD = 3,
    TSNN_LEARN_END = 4,
    TSNN_LEARN_ADD_CLASS = 5,
    TSNN_LEARN_ADOPT = 6,
    TSNN_LEARN_SAVE = 7,
    TSNN_LEARN_LOAD = 8
};

enum { TSNN_TYPE_LEARN = 0x05, TSNN_TYPE_LEARNED = 0x06, TSNN_TYPE_TEACH = 0x07 };

#define TSNN_LEARN_BYTES 3u   /* call u8, value i16 */
#define TSNN_LEARNED_BYTES 6u /* offset u32, length u16 */
#define TSNN_TEACH_BYTES 4u   /* offset u32 before the bytes */

static uint8_t *tsnn_learned_at(const tsnn_wire_t *wire)
{
    return (uint8_t *)wire->slot->state + wire->slot->model->learn->offset;
}

/** A call that the model itself answers. */
static tsnn_status_t tsnn_learn_plain(const tsnn_wire_t *wire, uint32_t call, int32_t value,
                                      uint32_t *found)
{
    const tsnn_learn_t *learn = wire->slot->model->learn;
    void *state = wire->slot->state;
    switch (call) {
    case TSNN_LEARN_BEGIN:
        return learn->begin(state);
    case TSNN_LEARN_LABEL:
        return (value < 0) ? TSNN_ERR_ARG : learn->label(state, (uint32_t)value);
    case TSNN_LEARN_REWARD:
        return learn->reward(state, value);
    case TSNN_LEARN_END:
        return learn->end(state);
    case TSNN_LEARN_ADD_CLASS:
        return learn->add_class(state, found);
    case TSNN_LEARN_SAVE:
        return tsnn_saved_save(wire->slot);
    case TSNN_LEARN_LOAD:
        return tsnn_saved_load(wire->slot);
    default:
        return TSNN_ERR_ARG;
    }
}

/** Take what TEACH brought, or forget everything if it is nothing that can have been learned. */
static tsnn_status_t tsnn_learn_adopt(tsnn_wire_t *wire)
{
    const tsnn_learn_t *learn = wire->slot->model->learn;
    const tsnn_status_t status = learn->check(wire->slot->state);
    if (status != TSNN_OK) {
        (void)learn->init(wire->slot->state);
    }
    wire->is_taught = false;
    return status;
}

static tsnn_status_t tsnn_learn_call(tsnn_wire_t *wire, uint32_t call, int32_t value,
                                     uint32_t *found)
{
    if (call == (uint32_t)TSNN_LEARN_INIT) {
        wire->is_taught = false;
        wire->is_reset = false;
        return wire->slot->model->learn->init(wire->slot->state);
    }
    if (call == (uint32_t)TSNN_LEARN_ADOPT) {
        return tsnn_learn_adopt(wire);
    }
    if (wire->is_taught || (!wire->is_reset && call == (uint32_t)TSNN_LEARN_BEGIN)) {
        return TSNN_ERR_ORDER;
    }
    return tsnn_learn_plain(wire, call, value, found);
}

static tsnn_refusal_t tsnn_learn(tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_learn_t *learn = wire->slot->model->learn;
    uint32_t found = 0;
    if (request->length != TSNN_LEARN_BYTES) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    const int32_t value = (int16_t)tsnn_get_u16(&request->body[1]);
    const uint32_t start = tsnn_port_ticks();
    const tsnn_status_t status = tsnn_learn_call(wire, request->body[0], value, &found);
    const uint32_t count = tsnn_port_ticks() - start;
    request->answer[0] = (uint8_t)status;
    uint8_t *at = tsnn_reply_u16(&request->answer[1], found);
    at = tsnn_reply_u32(at, count);
    request->answer = tsnn_reply_u32(at, tsnn_crc32(0, tsnn_learned_at(wire), learn->bytes));
    return 0;
}

static tsnn_refusal_t tsnn_learned(const tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_learn_t *learn = wire->slot->model->learn;
    const uint8_t *body = request->body;
    if (request->length != TSNN_LEARNED_BYTES) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    const uint32_t offset = tsnn_get_u16(body) | (tsnn_get_u16(&body[2]) << 16);
    const uint32_t length = tsnn_get_u16(&body[4]);
    if (offset > learn->bytes || length > learn->bytes - offset ||
        length > tsnn_max_payload - (TSNN_HEADER_BYTES + TSNN_CRC_BYTES)) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    request->answer = tsnn_reply_bytes(request->answer, &tsnn_learned_at(wire)[offset], length);
    return 0;
}

static tsnn_refusal_t tsnn_teach(tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_learn_t *learn = wire->slot->model->learn;
    const uint8_t *body = request->body;
    if (request->length < TSNN_TEACH_BYTES) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    const uint32_t offset = tsnn_get_u16(body) | (tsnn_get_u16(&body[2]) << 16);
    const size_t length = request->length - TSNN_TEACH_BYTES;
    if (offset > learn->bytes || length > learn->bytes - offset) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    wire->is_taught = true;
    wire->is_reset = false;
    (void)tsnn_reply_bytes(&tsnn_learned_at(wire)[offset], &body[TSNN_TEACH_BYTES], length);
    request->answer[0] = (uint8_t)TSNN_OK;
    request->answer++;
    return 0;
}

static tsnn_refusal_t tsnn_learning_take(tsnn_wire_t *wire, uint32_t type, tsnn_request_t *request)
{
    if (wire->slot->model->learn != NULL) {
        switch (type) {
        case TSNN_TYPE_LEARN:
            return tsnn_learn(wire, request);
        case TSNN_TYPE_LEARNED:
            return tsnn_learned(wire, request);
        case TSNN_TYPE_TEACH:
            return tsnn_teach(wire, request);
        default:
            break;
        }
    }
    return TSNN_REFUSAL(TSNN_ERROR_BAD_TYPE, 0);
}

/** Weights as packed, or as they were saved last. */
static void tsnn_learning_start(void)
{
    for (uint32_t k = 0; k < tsnn_slot_count; k++) {
        const tsnn_slot_t *slot = &tsnn_slots[k];
        if (slot->model->learn != NULL) {
            (void)slot->model->learn->init(slot->state);
            (void)tsnn_saved_load(slot); /* a host can ask again, and hear why not */
        }
    }
}

/** What a host left that went away in the middle is nothing to go on with. */
static void tsnn_learning_begin(tsnn_wire_t *wire)
{
    if (!wire->is_started) {
        wire->is_started = true;
        tsnn_learning_start();
    }
    if (wire->is_taught) {
        (void)wire->slot->model->learn->init(wire->slot->state);
        wire->is_taught = false;
    }
}

const struct tsnn_learning tsnn_learning_server = {tsnn_learning_begin, tsnn_learning_take};
