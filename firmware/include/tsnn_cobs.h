/* SPDX-License-Identifier: Apache-2.0 */
/* Consistent overhead byte stuffing: frames that hold no 0x00, between 0x00 bytes. */
#ifndef TSNN_COBS_H_INCLUDED
#define TSNN_COBS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Longest run of data bytes behind one code byte. */
#define TSNN_COBS_RUN_MAX 254u

/** What a received byte brought. */
typedef enum {
    TSNN_COBS_MORE,  /**< nothing yet, or an empty frame */
    TSNN_COBS_FRAME, /**< a whole frame: length bytes of data */
    TSNN_COBS_BAD    /**< the end of a frame that is too long or cannot be decoded */
} tsnn_cobs_event_t;

/** Decoder that takes one byte at a time and never writes past capacity. */
typedef struct {
    uint8_t *data;   /**< decoded bytes */
    size_t capacity; /**< room in data */
    size_t count;    /**< bytes decoded of the frame being received; above capacity if too many */
    size_t length;   /**< bytes of the last whole frame; valid until the next byte is pushed */
    uint8_t code;    /**< code byte of the current run; 0 before the first one */
    uint8_t left;    /**< data bytes still missing in the current run */
} tsnn_cobs_decoder_t;

/** Start decoding into data, which has room for capacity bytes. */
void tsnn_cobs_start(tsnn_cobs_decoder_t *decoder, uint8_t *data, size_t capacity);

/** Take one byte from the line. */
tsnn_cobs_event_t tsnn_cobs_push(tsnn_cobs_decoder_t *decoder, uint8_t byte);

/** Number of leading bytes of data (of count) that go behind one code byte: 0 to 254. */
size_t tsnn_cobs_run(const uint8_t *data, size_t count);

#endif /* TSNN_COBS_H_INCLUDED */
