/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated tsnn_image.c provides to the firmware: the models of this image. */
#ifndef TSNN_IMAGE_H_INCLUDED
#define TSNN_IMAGE_H_INCLUDED

#include "tsnn.h"

/** Smallest allowed tsnn_max_payload: the longest answer to HELLO fits. */
#define TSNN_MIN_PAYLOAD 256u

/** Models of this image, in slot order. */
extern const tsnn_slot_t tsnn_slots[];
/** Number of entries of tsnn_slots. */
extern const uint32_t tsnn_slot_count;

/** Buffers for one tick's input, each with room for the largest n_in of all models (at least 1).
 *  A frame holds indices and values interleaved and unaligned; a model wants arrays. */
extern uint16_t tsnn_in_index[];
extern int8_t tsnn_in_value[];

/** One tick of raw samples, aligned; room for the longest of all models (at least 1). */
extern int16_t tsnn_in_samples[];

/** Buffers for one tick's output and one frame; sized by the generator for the largest model. */
extern uint16_t tsnn_out_index[];
extern int32_t tsnn_out_value[];
/** Frame buffers, each of tsnn_max_payload bytes. */
extern uint8_t tsnn_rx_payload[];
extern uint8_t tsnn_tx_payload[];
extern const uint32_t tsnn_max_payload;

/** What the server needs for models that learn: &tsnn_learning_server, or NULL if none does, so
 * that an image without learning has no code for it. */
struct tsnn_learning;
extern const struct tsnn_learning *const tsnn_learning;
/** Weak: a library of models alone has no server. */
extern const struct tsnn_learning tsnn_learning_server __attribute__((weak));

/** The same for models with a front end: &tsnn_hearing_server, or NULL if none has one. */
struct tsnn_hearing;
extern const struct tsnn_hearing *const tsnn_hearing;
/** Weak: a library of models alone has no server. */
extern const struct tsnn_hearing tsnn_hearing_server __attribute__((weak));

#endif /* TSNN_IMAGE_H_INCLUDED */
