/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_tiny.h"

/* What each neuron starts at: a table, so that the check that tables lie in flash has one. */
static const int16_t tsnn_tiny_v_init[TSNN_TINY_N_OUT] = {1, -2, 3, -4, 5};
static const uint8_t tsnn_tiny_digest[32] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F};
static const uint8_t tsnn_meter_digest[32] = {0xFF};

static tsnn_status_t tsnn_tiny_init(void *memory)
{
    tsnn_tiny_state_t *state = memory;
    state->ticks = 0;
    state->pad = 0;
    for (uint32_t j = 0; j < TSNN_TINY_N_OUT; j++) {
        state->v[j] = tsnn_tiny_v_init[j];
    }
    return TSNN_OK;
}

/** An event adds index + 1 to neuron (index mod 5); 8 fires and is subtracted. */
static tsnn_status_t tsnn_tiny_step(void *memory, const tsnn_input_t *in, tsnn_output_t *out)
{
    tsnn_tiny_state_t *state = memory;
    state->work = in->count;
    for (uint32_t k = 0; k < in->count; k++) {
        const uint32_t index = in->index[k];
        const uint32_t j = (index < TSNN_TINY_N_OUT) ? index : index - TSNN_TINY_N_OUT;
        state->v[j] = (int16_t)(state->v[j] + (int16_t)(index + 1u));
    }
    out->count = 0;
    for (uint32_t j = 0; j < TSNN_TINY_N_OUT; j++) {
        if (state->v[j] >= 8) {
            state->v[j] = (int16_t)(state->v[j] - 8);
            out->index[out->count] = (uint16_t)j;
            out->count++;
        }
    }
    state->ticks++;
    return TSNN_OK;
}

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

static tsnn_status_t tsnn_blank_init(void *memory)
{
    (void)memory;
    return TSNN_OK;
}

static tsnn_status_t tsnn_blank_step(void *memory, const tsnn_input_t *in, tsnn_output_t *out)
{
    (void)memory;
    (void)in;
    out->count = 0;
    return TSNN_OK;
}

const tsnn_model_t tsnn_tiny_model = {
    .name = "tiny",
    .digest = tsnn_tiny_digest,
    .n_in = TSNN_TINY_N_IN,
    .n_out = TSNN_TINY_N_OUT,
    .flags = 0,
    .struct_bytes = sizeof(tsnn_tiny_state_t),
    .state_bytes = 16,
    .init = tsnn_tiny_init,
    .step = tsnn_tiny_step,
};

const tsnn_model_t tsnn_meter_model = {
    .name = "meter",
    .digest = tsnn_meter_digest,
    .n_in = TSNN_METER_N_IN,
    .n_out = TSNN_METER_N_OUT,
    .flags = TSNN_FLAG_GRADED_INPUT | TSNN_FLAG_VALUE_OUTPUT,
    .struct_bytes = sizeof(tsnn_meter_state_t),
    .state_bytes = sizeof(tsnn_meter_state_t),
    .init = tsnn_meter_init,
    .step = tsnn_meter_step,
};

const tsnn_model_t tsnn_blank_model = {
    .name = "blank",
    .digest = tsnn_tiny_digest,
    .n_in = 1,
    .n_out = 1,
    .flags = 0,
    .struct_bytes = sizeof(tsnn_blank_state_t),
    .state_bytes = sizeof(tsnn_blank_state_t),
    .init = tsnn_blank_init,
    .step = tsnn_blank_step,
};
