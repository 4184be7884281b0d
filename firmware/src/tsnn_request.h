/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the wire server share: one request, and its answer in the making. */
#ifndef TSNN_REQUEST_H_INCLUDED
#define TSNN_REQUEST_H_INCLUDED

#include "tsnn_reply.h"
#include "tsnn_wire.h"

/** A request that came in one piece, and is in order. */
typedef struct {
    const uint8_t *body;
    size_t length;   /**< bytes of body */
    uint8_t *answer; /**< where the next byte of the answer's body goes, in tsnn_tx_payload */
} tsnn_request_t;

static inline uint32_t tsnn_get_u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | ((uint32_t)bytes[1] << 8);
}

/** TICKS: check all of it, then run what is sure to fit the answer. */
tsnn_refusal_t tsnn_ticks(tsnn_wire_t *wire, tsnn_request_t *request);

/** What the server does for models that learn; see tsnn_image.h. */
struct tsnn_learning {
    /** A session begins: load what was saved, the first time; drop what was half replaced. */
    void (*begin)(tsnn_wire_t *wire);
    /** LEARN, LEARNED and TEACH. */
    tsnn_refusal_t (*take)(tsnn_wire_t *wire, uint32_t type, tsnn_request_t *request);
};

/** Save what a slot's model has learned in the board's flash, or take what was saved. */
tsnn_status_t tsnn_saved_save(const tsnn_slot_t *slot);
tsnn_status_t tsnn_saved_load(const tsnn_slot_t *slot);

/** What the server does for models with a front end; see tsnn_image.h. */
struct tsnn_hearing {
    void (*reset)(const tsnn_wire_t *wire, bool poison); /**< nothing was heard yet */
    /** SAMPLES: as TICKS, with raw samples that the model's front end turns into events. */
    tsnn_refusal_t (*take)(tsnn_wire_t *wire, tsnn_request_t *request);
};

/** Fill memory with what no initialised state looks like. */
void tsnn_poison(uint8_t *memory, uint32_t n_bytes);

/** Most bytes that one tick can take in an answer. */
size_t tsnn_tick_answer_max(const tsnn_model_t *model);

/** Run one tick and, unless it fails, add its report to the answer. */
tsnn_refusal_t tsnn_tick_run(tsnn_wire_t *wire, tsnn_request_t *request, const tsnn_input_t *in);

#endif /* TSNN_REQUEST_H_INCLUDED */
