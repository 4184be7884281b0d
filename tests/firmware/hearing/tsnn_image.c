/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_image.h"

#include "tsnn_meter.h"

#define TSNN_IMAGE_MAX_PAYLOAD 256

static tsnn_meter_state_t tsnn_image_state_0;
static tsnn_meter_ear_t tsnn_image_ear_0;
static tsnn_meter_state_t tsnn_image_state_1;

const tsnn_slot_t tsnn_slots[] = {
    {&tsnn_meter_model, &tsnn_image_state_0, &tsnn_image_ear_0},
    {&tsnn_deaf_model, &tsnn_image_state_1, NULL},
};
const uint32_t tsnn_slot_count = 2;

uint16_t tsnn_in_index[TSNN_METER_N_IN];
int8_t tsnn_in_value[TSNN_METER_N_IN];
int16_t tsnn_in_samples[TSNN_METER_HOP];
uint16_t tsnn_out_index[1];
int32_t tsnn_out_value[TSNN_METER_N_OUT];
uint8_t tsnn_rx_payload[TSNN_IMAGE_MAX_PAYLOAD];
uint8_t tsnn_tx_payload[TSNN_IMAGE_MAX_PAYLOAD];
const uint32_t tsnn_max_payload = TSNN_IMAGE_MAX_PAYLOAD;
const struct tsnn_hearing *const tsnn_hearing = &tsnn_hearing_server;
const struct tsnn_learning *const tsnn_learning = NULL;
