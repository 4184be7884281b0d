/* SPDX-License-Identifier: Apache-2.0 */
/* A hand-written stand-in for a model with a front end, so that SAMPLES can be tested alone. */
#ifndef TSNN_METER_H_INCLUDED
#define TSNN_METER_H_INCLUDED

#include "tsnn.h"

#define TSNN_METER_N_IN 3
#define TSNN_METER_N_OUT 2
#define TSNN_METER_HOP 4

/** Graded in, values out. */
typedef struct {
    int32_t v[TSNN_METER_N_OUT];
} tsnn_meter_state_t;

/** Its front end: the samples of the tick before. */
typedef struct {
    uint32_t ticks;
    int16_t kept[TSNN_METER_N_IN];
} tsnn_meter_ear_t;

extern const tsnn_model_t tsnn_meter_model;
extern const tsnn_model_t tsnn_deaf_model;

#endif /* TSNN_METER_H_INCLUDED */
