/* SPDX-License-Identifier: Apache-2.0 */
/* Three hand-written stand-ins for generated models, so that the firmware can be tested alone. */
#ifndef TSNN_TINY_H_INCLUDED
#define TSNN_TINY_H_INCLUDED

#include "tsnn.h"

#define TSNN_TINY_N_IN 6
#define TSNN_TINY_N_OUT 5
#define TSNN_METER_N_IN 3
#define TSNN_METER_N_OUT 2

/** Spikes in, spikes out. */
typedef struct {
    uint32_t ticks;
    int16_t v[TSNN_TINY_N_OUT];
    uint16_t pad;
    uint32_t work; /* not state */
} tsnn_tiny_state_t;

/** Graded in, values out. */
typedef struct {
    int32_t v[TSNN_METER_N_OUT];
} tsnn_meter_state_t;

/** Whose init does nothing: shows what was in the memory. Longer than a frame. */
typedef struct {
    uint8_t bytes[260];
} tsnn_blank_state_t;

extern const tsnn_model_t tsnn_blank_model;
extern const tsnn_model_t tsnn_tiny_model;
extern const tsnn_model_t tsnn_meter_model;

#endif /* TSNN_TINY_H_INCLUDED */
