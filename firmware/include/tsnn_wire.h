/* SPDX-License-Identifier: Apache-2.0 */
/* Device side of the wire protocol (docs/SPEC.md, section 3). */
#ifndef TSNN_WIRE_H_INCLUDED
#define TSNN_WIRE_H_INCLUDED

#include "tsnn.h"
#include "tsnn_cobs.h"

#define TSNN_WIRE_VERSION 1u

/** A server: one host, one session at a time. */
typedef struct {
    tsnn_cobs_decoder_t rx;  /**< decodes into tsnn_rx_payload */
    const tsnn_slot_t *slot; /**< model of the session; NULL before HELLO */
    size_t reply_length;     /**< bytes of the last answer, kept in tsnn_tx_payload to repeat it */
    uint32_t hash;           /**< running hash of the state */
    uint16_t seq;            /**< sequence number of the last request that was answered */
    bool is_reset;           /**< the state is valid: RESET was done, no step has failed */
    bool is_started;         /**< the models that learn have their weights: since the first HELLO */
    bool is_taught;          /**< what is learned is being replaced, and not adopted yet */
} tsnn_wire_t;

/** Start without a session. */
void tsnn_wire_init(tsnn_wire_t *wire);

/** Take one byte from the host; answers through tsnn_port_uart_write when a frame is whole. */
void tsnn_wire_receive(tsnn_wire_t *wire, uint8_t byte);

#endif /* TSNN_WIRE_H_INCLUDED */
