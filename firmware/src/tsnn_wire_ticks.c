/* SPDX-License-Identifier: Apache-2.0 */
/* TICKS (docs/SPEC.md 3.3): events in, the model's steps, hashes and outputs back. */
#include "tsnn_crc32.h"
#include "tsnn_image.h"
#include "tsnn_port.h"
#include "tsnn_request.h"

/** Bytes of a tick's hash and count in an answer. */
#define TSNN_TICK_HEAD_BYTES 8u

/** Bytes of a tick's decision in an answer: class u16, margin i32. */
#define TSNN_DECISION_BYTES 6u

static bool tsnn_has_flag(const tsnn_model_t *model, uint32_t flag)
{
    return (model->flags & flag) != 0u;
}

/** Unpack the tick at `at` into the input buffers; where the next one is, NULL if it breaks a
 *  rule. Ascending indices below n_in are no more than the buffers have room for. */
static const uint8_t *tsnn_tick_read(const tsnn_model_t *model, const uint8_t *at,
                                     const uint8_t *end, tsnn_input_t *in)
{
    const bool graded = tsnn_has_flag(model, TSNN_FLAG_GRADED_INPUT);
    const ptrdiff_t event_bytes = graded ? 3 : 2;
    uint32_t lowest = 0; /* strictly ascending: the next index is at least the last one + 1 */
    if (end - at < 2) {
        return NULL;
    }
    in->index = tsnn_in_index;
    in->value = graded ? tsnn_in_value : NULL;
    in->count = tsnn_get_u16(at);
    at += 2;
    for (uint32_t k = 0; k < in->count; k++) {
        const uint32_t index = (end - at < event_bytes) ? UINT32_MAX : tsnn_get_u16(at);
        if (index < lowest || index >= model->n_in) {
            return NULL;
        }
        tsnn_in_index[k] = (uint16_t)index;
        if (graded) {
            tsnn_in_value[k] = (int8_t)at[2];
        }
        at += event_bytes;
        lowest = index + 1u;
    }
    return at;
}

size_t tsnn_tick_answer_max(const tsnn_model_t *model)
{
    const size_t n_out = model->n_out;
    const bool values = tsnn_has_flag(model, TSNN_FLAG_VALUE_OUTPUT);
    const size_t decided = tsnn_has_flag(model, TSNN_FLAG_DECIDES) ? TSNN_DECISION_BYTES : 0u;
    return TSNN_TICK_HEAD_BYTES + (values ? 4u * n_out : 2u + 2u * n_out) + decided;
}

static uint8_t *tsnn_tick_report(uint8_t *at, const tsnn_model_t *model, uint32_t n_spikes)
{
    if (tsnn_has_flag(model, TSNN_FLAG_VALUE_OUTPUT)) {
        return tsnn_reply_bytes(at, tsnn_out_value, 4u * (size_t)model->n_out);
    }
    at = tsnn_reply_u16(at, n_spikes);
    return tsnn_reply_bytes(at, tsnn_out_index, 2u * (size_t)n_spikes);
}

/** The low half of the class and the margin, which lie in the state one behind the other. */
static uint8_t *tsnn_decision_report(uint8_t *at, const tsnn_slot_t *slot)
{
    const uint8_t *found = &((const uint8_t *)slot->state)[slot->model->decision_at];
    return tsnn_reply_bytes(tsnn_reply_bytes(at, found, 2u), &found[4], 4u);
}

tsnn_refusal_t tsnn_tick_run(tsnn_wire_t *wire, tsnn_request_t *request, const tsnn_input_t *in)
{
    const tsnn_model_t *model = wire->slot->model;
    tsnn_output_t out;
    out.index = tsnn_out_index; /* one by one: compilers copy an initialiser out of a table */
    out.value = tsnn_out_value;
    out.count = 0;
    const uint32_t start = tsnn_port_ticks();
    const tsnn_status_t status = model->step(wire->slot->state, in, &out);
    const uint32_t count = tsnn_port_ticks() - start;
    if (status != TSNN_OK) {
        wire->is_reset = false;
        return TSNN_REFUSAL(TSNN_ERROR_MODEL, -(int32_t)status);
    }
    wire->hash = tsnn_crc32(wire->hash, wire->slot->state, model->state_bytes);
    uint8_t *at = tsnn_reply_u32(request->answer, wire->hash);
    at = tsnn_reply_u32(at, count);
    at = tsnn_tick_report(at, model, out.count);
    if (tsnn_has_flag(model, TSNN_FLAG_DECIDES)) {
        at = tsnn_decision_report(at, wire->slot);
    }
    request->answer = at;
    return 0;
}

/** Go through the ticks of a body. To check them, `done` is NULL: a refusal names the first bad
 *  one. Then to run those that are sure to fit the answer, and count them in `done`. */
static tsnn_refusal_t tsnn_ticks_pass(tsnn_wire_t *wire, tsnn_request_t *request, uint8_t *done)
{
    const tsnn_model_t *model = wire->slot->model;
    const size_t worst = tsnn_tick_answer_max(model) + TSNN_CRC_BYTES;
    const uint32_t n_ticks = request->body[0];
    const uint8_t *at = &request->body[1];
    const uint8_t *end = &request->body[request->length];
    for (uint32_t tick = 0; tick < n_ticks; tick++) {
        tsnn_input_t in;
        if ((size_t)(request->answer - tsnn_tx_payload) + worst > tsnn_max_payload) {
            return 0;
        }
        at = tsnn_tick_read(model, at, end, &in);
        if (at == NULL) {
            return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, tick);
        }
        if (done != NULL) {
            const tsnn_refusal_t refusal = tsnn_tick_run(wire, request, &in);
            if (refusal != 0u) {
                return refusal;
            }
            (*done)++;
        }
    }
    return (at == end) ? 0u : TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, n_ticks + 1u);
}

tsnn_refusal_t tsnn_ticks(tsnn_wire_t *wire, tsnn_request_t *request)
{
    if (request->length == 0u) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    if (!wire->is_reset) {
        return TSNN_REFUSAL(TSNN_ERROR_NO_RESET, 0);
    }
    tsnn_refusal_t refusal = tsnn_ticks_pass(wire, request, NULL);
    if (refusal == 0u) {
        uint8_t *done = request->answer;
        *done = 0;
        request->answer++;
        refusal = tsnn_ticks_pass(wire, request, done);
    }
    return refusal;
}
