/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_cobs.h"

static void tsnn_cobs_begin_frame(tsnn_cobs_decoder_t *decoder)
{
    decoder->count = 0;
    decoder->code = 0;
    decoder->left = 0;
}

void tsnn_cobs_start(tsnn_cobs_decoder_t *decoder, uint8_t *data, size_t capacity)
{
    decoder->data = data;
    decoder->capacity = capacity;
    decoder->length = 0;
    tsnn_cobs_begin_frame(decoder);
}

static tsnn_cobs_event_t tsnn_cobs_end_frame(tsnn_cobs_decoder_t *decoder)
{
    tsnn_cobs_event_t event = TSNN_COBS_FRAME;
    if (decoder->code == 0u) {
        event = TSNN_COBS_MORE;
    } else if (decoder->count > decoder->capacity || decoder->left != 0u) {
        event = TSNN_COBS_BAD;
    }
    decoder->length = decoder->count;
    tsnn_cobs_begin_frame(decoder);
    return event;
}

tsnn_cobs_event_t tsnn_cobs_push(tsnn_cobs_decoder_t *decoder, uint8_t byte)
{
    if (byte == 0u) {
        return tsnn_cobs_end_frame(decoder);
    }
    if (decoder->left != 0u) {
        decoder->left--;
    } else {
        const uint8_t code = decoder->code;
        decoder->code = byte;
        decoder->left = (uint8_t)(byte - 1u);
        /* A run shorter than the longest stands for its bytes and a zero, but the last run of
         * a frame has no zero: so the zero is due when the next run begins. */
        if (code == 0u || code == TSNN_COBS_RUN_MAX + 1u) {
            return TSNN_COBS_MORE;
        }
        byte = 0;
    }
    if (decoder->count < decoder->capacity) {
        decoder->data[decoder->count] = byte;
        decoder->count++;
    } else {
        decoder->count = decoder->capacity + 1u;
    }
    return TSNN_COBS_MORE;
}

size_t tsnn_cobs_run(const uint8_t *data, size_t count)
{
    size_t run = 0;
    while (run < count && run < TSNN_COBS_RUN_MAX && data[run] != 0u) {
        run++;
    }
    return run;
}
