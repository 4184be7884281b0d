/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_meter.h"

static const uint8_t tsnn_meter_digest[32] = {0xFF};

static tsnn_status_t tsnn_meter_init(void *memory)
{
    tsnn_meter_state_t *state = memory;
    state->v[0] = 0;
    state->v[1] = 0;
    return TSNN_OK;
}

/** v[0] sums values, v[1] sums value * (index + 1); refuses the value -128. */
static tsnn_status_t tsnn_meter_step(void *memory, const tsnn_input_t *in, tsnn_output_t *out)
{
    tsnn_meter_state_t *state = memory;
    for (uint32_t k = 0; k < in->count; k++) {
        if (in->value[k] == INT8_MIN) {
            return TSNN_ERR_ARG;
        }
        state->v[0] += in->value[k];
        state->v[1] += in->value[k] * (in->index[k] + 1);
    }
    out->value[0] = state->v[0];
    out->value[1] = state->v[1];
    return TSNN_OK;
}

static void tsnn_meter_ear_init(void *memory)
{
    tsnn_meter_ear_t *ear = memory;
    ear->ticks = 0;
}

/** Events of a tick are the upper halves of the last samples of the tick before. */
static bool tsnn_meter_ear_push(void *memory, const int16_t *samples, uint16_t *index,
                                int8_t *value, uint32_t *count)
{
    tsnn_meter_ear_t *ear = memory;
    const bool ready = ear->ticks > 0u;
    *count = 0;
    for (uint32_t k = 0; k < TSNN_METER_N_IN; k++) {
        const int16_t loud = (int16_t)(ear->kept[k] >> 8);
        if (ready && loud != 0) {
            index[*count] = (uint16_t)k;
            value[*count] = (int8_t)loud;
            (*count)++;
        }
        ear->kept[k] = samples[k + 1u];
    }
    ear->ticks = 1;
    return ready;
}

static const tsnn_front_end_t tsnn_meter_ear = {
    .hop = TSNN_METER_HOP,
    .struct_bytes = sizeof(tsnn_meter_ear_t),
    .init = tsnn_meter_ear_init,
    .push = tsnn_meter_ear_push,
};

#define TSNN_METER_FIELDS \
    .digest = tsnn_meter_digest, .n_in = TSNN_METER_N_IN, .n_out = TSNN_METER_N_OUT, \
    .flags = TSNN_FLAG_GRADED_INPUT | TSNN_FLAG_VALUE_OUTPUT, \
    .struct_bytes = sizeof(tsnn_meter_state_t), .state_bytes = sizeof(tsnn_meter_state_t), \
    .init = tsnn_meter_init, .step = tsnn_meter_step

const tsnn_model_t tsnn_meter_model = {
    .name = "meter",
    TSNN_METER_FIELDS,
    .front_end = &tsnn_meter_ear,
};

const tsnn_model_t tsnn_deaf_model = {.name = "deaf", TSNN_METER_FIELDS};
