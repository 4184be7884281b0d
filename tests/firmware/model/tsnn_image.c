/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_image.h"

#include "tsnn_tiny.h"

#define TSNN_IMAGE_MAX_PAYLOAD 256

static tsnn_tiny_state_t tsnn_image_state_0;
static tsnn_meter_state_t tsnn_image_state_1;
static tsnn_blank_state_t tsnn_image_state_2;

const tsnn_slot_t tsnn_slots[] = {
    {&tsnn_tiny_model, &tsnn_image_state_0, NULL},
    {&tsnn_meter_model, &tsnn_image_state_1, NULL},
    {&tsnn_blank_model, &tsnn_image_state_2, NULL},
};
const uint32_t tsnn_slot_count = 3;

uint16_t tsnn_in_index[TSNN_TINY_N_IN];
int8_t tsnn_in_value[TSNN_TINY_N_IN];
int16_t tsnn_in_samples[1];
uint16_t tsnn_out_index[TSNN_TINY_N_OUT];
int32_t tsnn_out_value[TSNN_METER_N_OUT];
uint8_t tsnn_rx_payload[TSNN_IMAGE_MAX_PAYLOAD];
uint8_t tsnn_tx_payload[TSNN_IMAGE_MAX_PAYLOAD];
const uint32_t tsnn_max_payload = TSNN_IMAGE_MAX_PAYLOAD;
const struct tsnn_hearing *const tsnn_hearing = NULL;
const struct tsnn_learning *const tsnn_learning = NULL;
