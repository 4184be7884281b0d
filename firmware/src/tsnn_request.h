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

/** LEARN: call the model's learner. */
tsnn_refusal_t tsnn_learn(tsnn_wire_t *wire, tsnn_request_t *request);
/** LEARNED: bytes of what is learned. */
tsnn_refusal_t tsnn_learned(const tsnn_wire_t *wire, tsnn_request_t *request);
/** TEACH: bytes to take their place. */
tsnn_refusal_t tsnn_teach(tsnn_wire_t *wire, tsnn_request_t *request);

#endif /* TSNN_REQUEST_H_INCLUDED */
