/* SPDX-License-Identifier: Apache-2.0 */
/* A model that does nothing but take time: input k burns 2^(20 + k) instructions on any Cortex-M.
 * For the tests of counters. */
#include "tsnn_image.h"

#define TSNN_BURN_N_IN 10
#define TSNN_IMAGE_MAX_PAYLOAD 256

static const uint8_t tsnn_burn_digest[32] = {0xBB};
static uint32_t tsnn_image_state_0;

static tsnn_status_t tsnn_burn_init(void *memory)
{
    uint32_t *ticks = memory;
    *ticks = 0;
    return TSNN_OK;
}

static void tsnn_burn_instructions(uint32_t count)
{
    uint32_t rounds = count / 2u;
    __asm__ volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+l"(rounds) : : "cc");
}

static tsnn_status_t tsnn_burn_step(void *memory, const tsnn_input_t *in, tsnn_output_t *out)
{
    uint32_t *ticks = memory;
    for (uint32_t k = 0; k < in->count; k++) {
        tsnn_burn_instructions(1u << (20u + in->index[k]));
    }
    out->count = 0;
    *ticks += 1u;
    return TSNN_OK;
}

static const tsnn_model_t tsnn_burn_model = {
    .name = "burn",
    .digest = tsnn_burn_digest,
    .n_in = TSNN_BURN_N_IN,
    .n_out = 1,
    .flags = 0,
    .struct_bytes = sizeof(uint32_t),
    .state_bytes = sizeof(uint32_t),
    .init = tsnn_burn_init,
    .step = tsnn_burn_step,
};

const tsnn_slot_t tsnn_slots[] = {{&tsnn_burn_model, &tsnn_image_state_0, NULL}};
const uint32_t tsnn_slot_count = 1;

uint16_t tsnn_in_index[TSNN_BURN_N_IN];
int8_t tsnn_in_value[TSNN_BURN_N_IN];
int16_t tsnn_in_samples[1];
uint16_t tsnn_out_index[1];
int32_t tsnn_out_value[1];
uint8_t tsnn_rx_payload[TSNN_IMAGE_MAX_PAYLOAD];
uint8_t tsnn_tx_payload[TSNN_IMAGE_MAX_PAYLOAD];
const uint32_t tsnn_max_payload = TSNN_IMAGE_MAX_PAYLOAD;
const struct tsnn_hearing *const tsnn_hearing = NULL;
const struct tsnn_learning *const tsnn_learning = NULL;
