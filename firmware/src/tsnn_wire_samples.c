/* SPDX-License-Identifier: Apache-2.0 */
/* SAMPLES (docs/SPEC.md 3.3): raw samples in; front end, steps, hashes and outputs back. */
#include "tsnn_image.h"
#include "tsnn_port.h"
#include "tsnn_request.h"

/** Bytes of a tick's `ready` and `front_count` in an answer. */
#define TSNN_SAMPLES_HEAD_BYTES 5u

/** Copy a tick's samples out of a frame, which has them unaligned. */
static void tsnn_samples_read(const uint8_t *at, uint32_t hop)
{
    for (uint32_t n = 0; n < hop; n++) {
        tsnn_in_samples[n] = (int16_t)(uint16_t)tsnn_get_u16(&at[2u * n]);
    }
}

/** Front end and, if it has events to give, the network; both add to the answer. */
static tsnn_refusal_t tsnn_samples_tick(tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_front_end_t *front_end = wire->slot->model->front_end;
    tsnn_input_t in = {tsnn_in_index, tsnn_in_value, 0};
    const uint32_t start = tsnn_port_ticks();
    const bool ready =
        front_end->push(wire->slot->ear, tsnn_in_samples, tsnn_in_index, tsnn_in_value, &in.count);
    const uint32_t count = tsnn_port_ticks() - start;
    request->answer[0] = ready ? 1u : 0u;
    request->answer = tsnn_reply_u32(&request->answer[1], count);
    return ready ? tsnn_tick_run(wire, request, &in) : 0u;
}

static tsnn_refusal_t tsnn_hearing_take(tsnn_wire_t *wire, tsnn_request_t *request)
{
    const tsnn_model_t *model = wire->slot->model;
    if (model->front_end == NULL) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_TYPE, 0);
    }
    const uint32_t hop = model->front_end->hop;
    if (request->length == 0u || request->length != 1u + 2u * hop * request->body[0]) {
        return TSNN_REFUSAL(TSNN_ERROR_BAD_BODY, 0);
    }
    if (!wire->is_reset) {
        return TSNN_REFUSAL(TSNN_ERROR_NO_RESET, 0);
    }
    const size_t worst = TSNN_SAMPLES_HEAD_BYTES + tsnn_tick_answer_max(model) + TSNN_CRC_BYTES;
    uint8_t *done = request->answer;
    *done = 0;
    request->answer++;
    while (*done < request->body[0] &&
           (size_t)(request->answer - tsnn_tx_payload) + worst <= tsnn_max_payload) {
        tsnn_samples_read(&request->body[1u + 2u * hop * *done], hop);
        const tsnn_refusal_t refusal = tsnn_samples_tick(wire, request);
        if (refusal != 0u) {
            return refusal;
        }
        (*done)++;
    }
    return 0;
}

static void tsnn_hearing_reset(const tsnn_wire_t *wire, bool poison)
{
    const tsnn_front_end_t *front_end = wire->slot->model->front_end;
    if (front_end == NULL) {
        return;
    }
    if (poison) {
        tsnn_poison(wire->slot->ear, front_end->struct_bytes);
    }
    front_end->init(wire->slot->ear);
}

const struct tsnn_hearing tsnn_hearing_server = {tsnn_hearing_reset, tsnn_hearing_take};
